"""Boots a kernel in QEMU and tells what happened: Boot (what to run) -> Run (what came of it).

Each boot has a QEMU and a working directory of its own; serial, QMP, the plugin's control and QEMU's stderr are inherited
descriptors, so there are no ports and no paths to collide. What ends a run is exact: the kernel itself, its budgets
(plugin/exolab.c), its output's cap, or that nothing can ever happen again. The wall clock is a backstop and its end no verdict.
"""
import array
import collections
import concurrent.futures
import contextlib
import fcntl
import mmap
import os
import platform
import random
import re
import selectors
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from . import params, plugin, symbols
from .errors import GraderError
from .qmp import Qmp, QmpError

JUNK = 1 << 20              # bytes of junk behind the image
RECORDS = 1 << 20           # marks and accesses a run may have
NEAR = 4096                 # a budget below it: the plugin's NEAR and the longest block
HOLDS = 10_000              # times a run may be held
LOG_CAP = 64 << 10          # bytes kept of QEMU's stderr
FIFO = 16                   # bytes the UART takes
UART_FR, UART_LCR_H = 0x09000018, 0x0900002c
NOWHERE = (0, 4096)         # (start, bytes): page 0 is never mapped, and with the MMU off it is empty flash: no code can be there
RXFE, FEN = 1 << 4, 1 << 4  # UARTFR: the receive FIFO is empty; UARTLCR_H: it is a FIFO

TICK = 0.01                 # seconds without an event until the engine looks whether any can still come
STALL = 0.3                 # seconds of QEMU's processor time without an instruction until it looks why
WALL = 120.0                # seconds; the backstop

SIOCOUTQ = 0x5411           # Linux, all architectures QEMU runs well on: bytes the other side has not taken yet


class Wrong(Exception):
    """What a hold's function may raise: the kernel did not do what it should. checks.py has the one that checks raise."""


class UartNotReady(Wrong):
    """The kernel's UART cannot take the bytes now; the message says why, in terms of its registers."""


@dataclass(frozen=True)
class Boot:
    """What to run: plain data."""
    payload: str                            # "bss": labs/N-name/checks/bss.c
    seed: int | None = None                 # None: fixed for the check that declares it, or SEED=
    machine: tuple[str, ...] = ()           # -M options: ("virtualization=on",)
    smp: int = 1
    budget: int = 5_000_000                 # instructions, of all vCPUs together, exact
    wfi: int = 1_000                        # executed WFIs, exact
    holds: "Mapping[str, Callable[[Held], None]]" = field(default_factory=dict)     # symbol -> called each time a vCPU is before it
    marks: tuple[str, ...] = ()             # symbols whose every execution is recorded
    watch: tuple[tuple[int, int], ...] = () # (physical start, bytes): every access recorded
    junk: bool = False                      # seeded junk in RAM, from the image's end to 1 MB behind it
    input: bytes | Callable[[int], bytes] = b""     # the parameter block's input, or what makes it of the run's seed
    serial_cap: int = 1 << 20               # bytes; more ends the run
    read_at_end: "Callable[[Held], None] | None" = None     # called once where the run ended, except at a flood or a wall clock


class Mark(NamedTuple):
    symbol: str
    count: int                              # instructions executed before it
    cpu: int


class Access(NamedTuple):
    kind: str                               # "r" or "w"
    size: int                               # bytes
    address: int                            # physical
    pc: int                                 # of the instruction, virtual
    count: int                              # instructions executed before it
    cpu: int


@dataclass(frozen=True)
class Run:
    """What came of a boot. After a flood or a wall clock, which fall at moments of the host's, only `serial` is to be reported."""
    boot: Boot
    elf: Path
    seed: int
    nonce: int
    end: str                # power-off | reset | budget | wfi-budget | hold-budget | quiet | lost | flood | hold | wall-clock
    serial: bytes                           # everything the UART sent, up to serial_cap
    instructions: int                       # executed, exact; one that faults counts
    wfis: int
    pc: int | None                          # where the vCPU stands at the end
    registers: dict[str, int]               # "r0".."r15", "cpsr" at the end
    marks: tuple[Mark, ...]
    accesses: tuple[Access, ...]
    kept: dict[str, object]                 # what holds and read_at_end asked to keep
    qemu_log: str                           # QEMU's stderr
    error: Exception | None = None          # what a hold's function or read_at_end raised; the run ended there

    @cached_property
    def reports(self) -> list[str]:
        """The framework's lines, without the nonce."""
        return [text.rstrip(b"\r").decode("utf-8", "backslashreplace") for text in self._reports.findall(self.serial)]

    @cached_property
    def console(self) -> bytes:
        """What was sent beside the framework's lines."""
        return self._reports.sub(b"", self.serial)

    @property
    def _reports(self) -> re.Pattern[bytes]:
        return re.compile(rb"\[%016x\] ([^\n]*)\n" % self.nonce)


class Job(NamedTuple):
    """The arguments of one `run`."""
    boot: Boot
    elf: Path
    seed: int
    nonce: int


class Held:
    """A vCPU that stands still before a symbol's first instruction, or where the run ended (`symbol` is then "")."""

    def __init__(self, machine: "_Machine", symbol: str, count: int, cpu: int, pc: int | None = None):
        self.symbol = symbol
        self.count = count                  # instructions executed before
        self.cpu = cpu
        self.seed = machine.seed
        self._machine = machine
        self._pc = pc

    def registers(self) -> dict[str, int]:
        """"r0".."r15" and "cpsr"; "r15" is the address of the instruction that comes next."""
        found = self._machine.qmp.registers(self.cpu)
        return found if self._pc is None else found | {"r15": self._pc}

    def memory(self, address: int, size: int) -> bytes:
        """`size` bytes at a physical address; bytes that nothing answers for read as zero."""
        return self._machine.memory(address, size)

    def word(self, address: int) -> int:
        """The 32-bit word at a physical address, in RAM or of a device; Wrong where nothing answers."""
        try:
            return self._machine.qmp.word(address)
        except QmpError:
            raise Wrong(f"nothing answers at physical address {address:#010x}") from None

    def send(self, data: bytes) -> None:
        """Give the UART at most 16 bytes; returns when it has them all, whatever the load on the host.

        Raises UartNotReady if its receive FIFO is off (it then holds one byte) or not empty.
        """
        if not 0 < len(data) <= FIFO:
            raise ValueError(f"send takes 1 to {FIFO} bytes at a time, not {len(data)}")
        if not self.word(UART_FR) & RXFE:
            raise UartNotReady("input that came earlier still waits in the UART (UARTFR.RXFE = 0)")
        if len(data) > 1 and not self.word(UART_LCR_H) & FEN:
            raise UartNotReady(f"the UART's receive FIFO is off (UARTLCR_H.FEN = 0): of {len(data)} bytes it can hold one")
        self._machine.type(data)

    def address(self, symbol: str) -> int:
        """The address of a symbol of the kernel; symbols.NoSymbol if it has none of that name."""
        return symbols.of(self._machine.elf).address(symbol)

    def keep(self, name: str, value: object) -> None:
        """Put `value` into run.kept[name]."""
        self._machine.kept[name] = value

    def kept(self, name: str, default: object = None) -> object:
        """What an earlier hold of this run kept under `name`."""
        return self._machine.kept.get(name, default)


def run(boot: Boot, elf: Path, *, seed: int, nonce: int) -> Run:
    """Boot one kernel and wait for its end; nothing of it is left when this returns or raises.

    Raises GraderError if QEMU is missing, or died by itself; symbols.NoSymbol if the kernel lacks one that `boot` names.
    """
    return _run(boot, Path(elf), seed, nonce, threading.Event())


def run_many(jobs: Iterable[Job], at_once: int | None = None) -> Iterator[Run | GraderError | symbols.NoSymbol]:
    """Run several, `at_once` at a time (None: one more than the machine has cores, as a boot also waits).

    What `run` would return or raise for each, in the order given. Leaving the iterator ends what still runs.
    """
    abandoned = threading.Event()
    pool = concurrent.futures.ThreadPoolExecutor(at_once or (os.cpu_count() or 1) + 1)
    try:
        running = [pool.submit(_run, job.boot, Path(job.elf), job.seed, job.nonce, abandoned) for job in jobs]
        for future in running:
            try:
                yield future.result()
            except (GraderError, symbols.NoSymbol) as error:
                yield error
    finally:
        abandoned.set()
        pool.shutdown(cancel_futures=True)


def machine(boot: Boot, elf: Path, *, seed: int, nonce: int, directory: Path) -> list[str]:
    """QEMU's arguments for the board, the kernel and its parameter block, without accelerator, serial line or monitor.

    Writes the block (and the junk) into `directory`, which has to stay while QEMU starts.
    """
    files = {params.ADDRESS: params.block(nonce, seed, boot.input(seed) if callable(boot.input) else boot.input)}
    if boot.junk:
        files[symbols.of(elf).end] = random.Random(seed).randbytes(JUNK)
    arguments = ["-M", ",".join(("virt", *boot.machine)), "-cpu", "cortex-a7,cntfrq=1000000000", "-m", "128",
                 "-smp", str(boot.smp), "-icount", "shift=0,align=off,sleep=off", "-nodefaults", "-no-reboot",
                 "-display", "none", "-kernel", str(Path(elf).resolve())]
    for address, data in files.items():
        path = directory / f"{address:08x}"
        path.write_bytes(data)
        arguments += ["-device", f"loader,addr={address:#x},force-raw=on,file={_escaped(path)}"]
    return arguments


def _escaped(path: Path) -> str:
    return str(path).replace(",", ",,")


def _by_address(table: symbols.Symbols, names: Iterable[str]) -> dict[int, list[str]]:
    found = collections.defaultdict(list)
    for name in names:
        found[table.address(name)].append(name)
    return found


class _Abandoned(BaseException):
    """Nobody waits for this run any more."""


def _run(boot: Boot, elf: Path, seed: int, nonce: int, abandoned: threading.Event) -> Run:
    with tempfile.TemporaryDirectory(prefix="exolab-") as directory:
        machine = _Machine(boot, elf, seed, nonce, Path(directory), abandoned)
        try:
            machine.start()
            return machine.finish(machine.follow())
        except QmpError as error:
            raise GraderError(f"QEMU refused a command of the grader's: {error}") from None
        except (BrokenPipeError, ConnectionResetError):
            raise machine.obituary() from None
        finally:
            machine.kill()


class _Machine:
    """One QEMU: its process, its descriptors and the one event loop that serves them all."""

    def __init__(self, boot: Boot, elf: Path, seed: int, nonce: int, directory: Path, abandoned: threading.Event):
        self.boot, self.elf, self.seed, self.nonce = boot, elf, seed, nonce
        self.kept: dict[str, object] = {}
        self._directory = directory
        self._abandoned = abandoned
        self._serial = bytearray()
        self._log = bytearray()
        self._lines: collections.deque[list[str]] = collections.deque()     # the plugin's, not yet answered
        self._line = bytearray()                            # and the one that is not complete
        self._selector = selectors.DefaultSelector()
        self._process: subprocess.Popen | None = None
        self._deadline = time.monotonic() + WALL
        self._cpu, self._pc = 0, None                       # the vCPU to look at in the end; where it stands, if that is known
        self._deaf = False                                  # QMP will not answer any more
        self._error: Exception | None = None
        self._holds = 0
        self._closing = []                                  # what to close at the end

    # ---- starting and ending

    def start(self) -> None:
        """Start QEMU, all descriptors in place, and let the kernel run."""
        qemu = plugin.find()
        boot = self.boot
        points = self._points()

        theirs = []

        def pair(receive: Callable[[], None]) -> tuple[socket.socket, int]:
            ours, other = socket.socketpair()
            ours.setblocking(False)
            self._closing += (ours, other)
            self._selector.register(ours, selectors.EVENT_READ, receive)
            theirs.append(other)
            return ours, other.fileno()

        memory = _shared_memory()
        self._closing.append(memory)
        os.truncate(memory.fileno(), _RECORDS_AT + RECORDS * _RECORD.size)
        self._memory = mmap.mmap(memory.fileno(), _RECORDS_AT + RECORDS * _RECORD.size)
        self._closing.append(self._memory)
        self._uart, serial = pair(self._receive_serial)
        self._control, control = pair(self._receive_control)
        ours, qmp = pair(lambda: self.qmp.receive())
        self.qmp = Qmp(ours, lambda: self._turn(None))
        self._stderr, log = pair(self._receive_log)

        # Holds look at registers, and those are in their place only where a block begins; a small budget is near from the
        # start; and with several vCPUs another one's blocks would still run when the limit is near.
        stepping = bool(boot.holds) or boot.smp > 1 or boot.budget < NEAR or boot.wfi == 0
        settings = [f"parent={os.getpid()}", f"control={control}", f"memory={memory.fileno()}", f"records={RECORDS}",
                    f"budget={boot.budget}", f"wfi={boot.wfi}", f"stepping={int(stepping)}", "nowhere={}+{}".format(*NOWHERE), *points,
                    *(f"watch={start}+{size}" for start, size in boot.watch)]
        command = [str(qemu.program), *machine(boot, self.elf, seed=self.seed, nonce=self.nonce, directory=self._directory),
                   *(qemu.stepping_option if stepping else ("-accel", "tcg")), "-no-shutdown", "-S",
                   "-chardev", f"socket,id=uart,fd={serial}", "-serial", "chardev:uart",
                   "-chardev", f"socket,id=qmp,fd={qmp}", "-mon", "chardev=qmp,mode=control",
                   "-plugin", ",".join((_escaped(qemu.plugin), *settings))]
        try:
            self._process = subprocess.Popen(command, cwd=self._directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                             pass_fds=(serial, control, qmp, memory.fileno()), start_new_session=True)
        except OSError as error:
            raise GraderError(f"{qemu.program} cannot be started: {error.strerror}") from None
        for other in theirs:
            other.close()       # so that QEMU's end shows
        self.qmp.post("qmp_capabilities")
        self.qmp.post("cont")
        self.qmp.settle()

    def _points(self) -> list[str]:
        table = symbols.of(self.elf)
        self._marks = _by_address(table, self.boot.marks)
        self._hold_symbols = _by_address(table, self.boot.holds)
        return [f"mark={address}" for address in self._marks] + [f"hold={address}" for address in self._hold_symbols]

    def kill(self) -> None:
        """End QEMU, whatever it does, and let go of everything."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._selector.close()
        for thing in self._closing:
            thing.close()

    def finish(self, end: str) -> Run:
        """The Run, once nothing moves any more."""
        while self._turn(0):        # what was sent before the end and not yet read
            pass
        if len(self._serial) > self.boot.serial_cap:
            end = "flood"
        registers, pc = {}, self._pc
        if end not in ("flood", "wall-clock") and not self._deaf:
            held = Held(self, "", self.shared().now.instructions, self._cpu, pc)
            registers = held.registers()
            pc = registers["r15"] if pc is None else pc
            if self.boot.read_at_end and self._error is None:
                self._call(self.boot.read_at_end, held)
        # The one who switched off was the last to call; other vCPUs run until QEMU's main loop has heard of it.
        counters = self.shared().call if end in ("power-off", "reset") else self.shared().now
        marks, accesses = self._records(counters.records)
        return Run(boot=self.boot, elf=self.elf, seed=self.seed, nonce=self.nonce, end=end,
                   serial=bytes(self._serial[:self.boot.serial_cap]), instructions=counters.instructions,
                   wfis=counters.wfis, pc=pc, registers=registers, marks=marks, accesses=accesses, kept=self.kept,
                   qemu_log=self._log.decode("utf-8", "backslashreplace"), error=self._error)

    def shared(self) -> "_Shared":
        """What the plugin has counted up to now."""
        numbers = _SHARED.unpack_from(self._memory)
        return _Shared(_Counters(*numbers[:3]), _Counters(*numbers[3:6]), *numbers[6:])

    def _records(self, n: int) -> tuple[tuple[Mark, ...], tuple[Access, ...]]:
        marks, accesses = [], []
        for count, pc, address, kind, size, cpu in _RECORD.iter_unpack(self._memory[_RECORDS_AT:_RECORDS_AT + n * _RECORD.size]):
            if kind == ord("m"):
                marks += (Mark(name, count, cpu) for name in self._marks[pc])
            else:
                accesses.append(Access(chr(kind), size, address, pc, count, cpu))
        return tuple(marks), tuple(accesses)

    # ---- following

    def follow(self) -> str:
        """Serve QEMU until the run ends; how it ended."""
        pid = self._process.pid
        asleep, at, since, before = None, -1, 0.0, None
        while True:
            idle = not self._turn(TICK)
            if len(self._serial) > self.boot.serial_cap:
                return "flood"
            while self._lines:
                end = self._answer(*self._lines.popleft())
                if end:
                    return end
                idle = False
            for event in self.qmp.events:
                if event["event"] == "SHUTDOWN":
                    return "reset" if event["data"]["reason"] == "guest-reset" else "power-off"
            if time.monotonic() > self._deadline:
                return "wall-clock"
            asleep, before = _asleep(pid) if idle else None, asleep
            if asleep is not None and asleep == before:
                return self._quiet()
            if idle and asleep is None:
                shared, used = self.shared(), _processor_time(pid)
                if shared.now.instructions != at:
                    at, since = shared.now.instructions, used
                elif used - since >= STALL:
                    end = self._stalled(shared)
                    if end:
                        return end
                    since = used

    def _quiet(self) -> str:
        shared = self.shared()
        if shared.slept:
            self._pc = shared.wfi_pc
        return "quiet"

    def _stalled(self, shared: "_Shared") -> str | None:
        """How the run ended, when QEMU works and works and no instruction comes of it."""
        if shared.slept:
            # A WFI that a timer should end which has fired already, masked: QEMU's clock runs away and QMP answers no more.
            self._deaf = True
            return self._quiet()
        for cpu in range(self.boot.smp):
            # An abort at the vector for aborted fetches itself, again and again.
            registers = self.qmp.registers(cpu)
            mode, pc = registers["cpsr"] & 0x1f, registers["r15"]
            again = mode == _HYP or mode == _ABT and registers["r14"] == pc + 4
            if pc % 32 == _PREFETCH_ABORT and again and self.shared().now == shared.now:
                self._cpu = cpu
                return "lost"
        return None

    def _answer(self, what: str, address: str = "0", cpu: str = "0", count: str = "0") -> str | None:
        """Do what the plugin's line asks; how the run ended, if it did."""
        if what == "near":
            self.qmp.monitor(plugin.find().stepping_command)
        elif what == "hold":
            self._holds += 1
            self._cpu, self._pc = int(cpu), int(address)
            if self._holds > HOLDS:
                return "hold-budget"
            for symbol in self._hold_symbols[self._pc]:
                self._call(self.boot.holds[symbol], Held(self, symbol, int(count), self._cpu, self._pc))
            if self._error is not None:
                return "hold"
            self._cpu, self._pc = 0, None
        else:
            self._cpu, self._pc = int(cpu), int(address)
            return "flood" if what == "records" else what
        self._control.sendall(b"go\n")
        return None

    def _call(self, function: Callable[[Held], None], held: Held) -> None:
        try:
            function(held)
        except (GraderError, QmpError):
            raise
        except Exception as error:
            self._error = error

    # ---- what holds ask for

    def memory(self, address: int, size: int) -> bytes:
        """`size` bytes of physical memory."""
        path = self._directory / "memory"
        self.qmp.command("pmemsave", val=address, size=size, filename=path.name)
        data = path.read_bytes()
        path.unlink()
        return data

    def type(self, data: bytes) -> None:
        """Send what the UART has room for, and wait until it is all there."""
        self._uart.sendall(data)
        # The UART's model takes one byte at a time; each round trip lets QEMU's main loop go round.
        while _unread(self._uart):
            self.qmp.command("query-status")
        self.qmp.command("query-status")

    # ---- the event loop

    def _turn(self, seconds: float | None) -> bool:
        """Serve what is ready, waiting for it up to `seconds` (None: up to the backstop); whether there was anything.

        Raises GraderError when QEMU is gone.
        """
        ready = self._selector.select(1.0 if seconds is None else seconds)
        for key, _ in ready:
            key.data()
        if self.qmp.closed:
            raise self.obituary()
        if self._abandoned.is_set():
            raise _Abandoned
        if seconds is None and time.monotonic() > self._deadline:
            raise GraderError(f"QEMU has not answered for {WALL:.0f} seconds")
        return bool(ready)

    def _receive_serial(self) -> bool:
        return self._take(self._uart, self._serial, self.boot.serial_cap + 1)

    def _receive_log(self) -> bool:
        return self._take(self._stderr, self._log, LOG_CAP)

    def _receive_control(self) -> None:
        self._take(self._control, self._line, 1 << 16)
        *lines, self._line = self._line.split(b"\n")
        self._lines.extend(line.decode().split() for line in lines)

    @staticmethod
    def _take(sock: socket.socket, into: bytearray, cap: int) -> bool:
        """Append what has arrived to `into`, up to `cap` bytes in all, the rest being dropped; False at the end of it."""
        data = sock.recv(1 << 18)
        into += data[:max(0, cap - len(into))]
        return bool(data)

    def obituary(self) -> GraderError:
        """What to say of a QEMU that is gone."""
        try:
            status = self._process.wait(10)
        except subprocess.TimeoutExpired:
            return GraderError("QEMU closed its connections and lives on")
        with contextlib.suppress(OSError):      # there is nothing more
            while self._receive_log():
                pass
        lines = [line for line in self._log.decode("utf-8", "replace").splitlines() if "warning" not in line]
        how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended by itself with exit code {status}"
        return GraderError(f"QEMU {how}" + (f": {lines[-1]}" if lines else ""))


_HYP, _ABT = 0x1a, 0x17         # CPSR's modes
_PREFETCH_ABORT = 0x0c          # offset of that vector


# ---- the layouts of plugin/exolab.c's shared memory

class _Counters(NamedTuple):
    instructions: int
    wfis: int
    records: int


class _Shared(NamedTuple):
    now: _Counters
    call: _Counters             # behind the last HVC or SMC
    wfi_pc: int                 # of the last WFI
    wfi_count: int              # instructions behind it

    @property
    def slept(self) -> bool:
        """A WFI was the last instruction."""
        return self.wfi_count == self.now.instructions


_SHARED = struct.Struct("<8Q")
_RECORD = struct.Struct("<QIIBBB5x")
_RECORDS_AT = 4096


def _shared_memory():
    """An unnamed file; in memory where the system can."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("exolab"), "r+b")
    return tempfile.TemporaryFile()


# ---- what /proc says of QEMU's threads

# System calls that may wait without end: number -> (argument that holds the time limit, what it is when there is none).
_WAITS = {
    "x86_64": {202: (3, 0), 271: (2, 0), 7: (2, 0xffffffff)},      # futex, ppoll, poll
    "aarch64": {98: (3, 0), 73: (2, 0)},
}.get(platform.machine(), {})


def _asleep(pid: int) -> tuple | None:
    """Something that stays equal as long as no thread of a process moves, if each waits for another without a time limit; else None.

    Equal twice: since the first time nothing has happened in the process, and nothing will unless something comes from outside.
    """
    seen = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            number, *arguments = _read(f"/proc/{pid}/task/{thread}/syscall").split()
            place, forever = _WAITS.get(int(number), (None, None)) if number.isdigit() else (None, None)
            if place is None or int(arguments[place], 16) & 0xffffffffffffffff != forever:
                return None
            seen.append((thread, re.findall(r"ctxt_switches:\s*(\d+)", _read(f"/proc/{pid}/task/{thread}/status"))))
    except OSError:
        return None
    return tuple(seen)


def _processor_time(pid: int) -> float:
    """Seconds of processor time that a process has used; 0 where /proc is missing."""
    try:
        fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _read(path: str) -> str:
    with open(path) as stream:
        return stream.read()


def _unread(sock: socket.socket) -> int:
    """How much of what was sent the other side has not taken yet; 0 once it has it all."""
    value = array.array("i", [0])
    fcntl.ioctl(sock, SIOCOUTQ, value)
    return value[0]


def main() -> int:
    """`python3 -m grader.engine ELF`: boot it and say what came of it; a tool for whoever works on the engine."""
    done = run(Boot(sys.argv[1]), Path(sys.argv[1]), seed=1, nonce=1)
    sys.stdout.buffer.write(done.serial)
    print(f"-- {done.end}: {done.instructions} instructions, {done.wfis} WFIs, at {symbols.of(done.elf).where(done.pc)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
