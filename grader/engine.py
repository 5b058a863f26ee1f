"""Boots a kernel in QEMU and tells what happened: Boot (what to run) -> Run (what came of it).

What ends a run is exact: the kernel itself, its budgets (plugin/exolab.c), the cap on its output, or that nothing can
ever happen again. The wall clock is a backstop and its end no verdict. vm.py has the QEMU; here is what it is for.
"""
import collections
import concurrent.futures
import os
import random
import re
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from . import params, plugin, proc, symbols
from .errors import GraderError
from .qmp import QmpError
from .vm import Abandoned, Vm, escaped

JUNK = 1 << 20              # bytes of junk behind the image
HOLDS = 10_000              # times a run may be held
NEAR = 4096                 # a budget below it is near from the start: more than exolab.c's NEAR and a longest block
TICK = 0.01                 # seconds without an event until the engine looks whether any can still come
STALL = 0.3                 # seconds of QEMU's processor time without an instruction until it looks why

# The virt board, and what the processor's manuals call things.
NOWHERE = (0, 4096)         # (start, bytes): page 0 is never mapped; with the MMU off it is empty flash
RAM = (0x40000000, 128 << 20)
FIFO = 16                   # bytes the UART takes
UART_FR, RXFE = 0x09000018, 1 << 4          # its flags: the receive FIFO is empty
UART_LCR_H, FEN = 0x0900002c, 1 << 4        # its line control: the FIFOs are on
SYSTEM_OFF, SYSTEM_RESET = 0x84000008, 0x84000009       # PSCI's function numbers
HYP, ABT = 0x1a, 0x17       # modes
PREFETCH_ABORT = 0x0c       # offset of that vector

HOSTS_MOMENT = ("flood", "wall-clock")      # ends that fall at a moment of the host's


class Wrong(Exception):
    """What a hold's function may raise: the kernel did not do what it should. checks.Wrong is one."""


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
    holds: "Mapping[str, Callable[[Held], None]]" = field(default_factory=dict)     # symbol -> called before it
    marks: tuple[str, ...] = ()             # symbols whose every execution is recorded
    watch: tuple[tuple[int, int], ...] = () # (physical start, bytes): every access recorded
    junk: bool = False                      # seeded junk in RAM, from the image's end to 1 MB behind it
    input: bytes | Callable[[int], bytes] = b""     # the parameter block's input, or what makes it of the run's seed
    serial_cap: int = 1 << 20               # bytes; more ends the run
    read_at_end: "Callable[[Held], None] | None" = None     # called where the run ended, if registers can be read there


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
    """What came of a boot.

    `end` is one of
      power-off, reset    the kernel did it
      budget, wfi-budget  it would have executed one instruction or one WFI too many
      hold-budget         it came to a hold 10,000 times, or to marks and watched memory a million times
      quiet               it sleeps, and nothing can ever wake it (`registers` may be missing)
      lost                it is where no code can be: in page 0, a device or the flash, or an abort vector that cannot
                          be fetched; r14 may tell from where
      hold                a hold's function raised `error` (read_at_end may raise one at any end)
      flood               it sent more than serial_cap
      wall-clock          the backstop: a grader error, never a verdict
    Flood and wall-clock fall at a moment of the host's: of those only `serial` is told, counts are 0 and `pc` is None.
    """
    boot: Boot
    elf: Path
    seed: int
    nonce: int
    end: str
    serial: bytes                           # everything the UART sent, up to serial_cap
    instructions: int                       # executed, exact; one that faults counts
    wfis: int
    pc: int | None                          # where the vCPU stands at the end
    registers: dict[str, int]               # "r0".."r15", "cpsr" at the end, of the vCPU that ended it
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

    def __init__(self, run: "_Following", symbol: str, count: int, cpu: int, pc: int | None = None):
        self.symbol = symbol
        self.count = count                  # instructions executed before
        self.cpu = cpu
        self.seed = run.seed
        self._run = run
        self._pc = pc

    def registers(self) -> dict[str, int]:
        """"r0".."r15" and "cpsr"; "r15" is the address of the instruction that comes next."""
        found = self._run.vm.qmp.registers(self.cpu)
        return found if self._pc is None else found | {"r15": self._pc}

    def memory(self, address: int, size: int) -> bytes:
        """`size` bytes at a physical address; bytes that nothing answers for read as zero."""
        return self._run.vm.save(address, size)

    def word(self, address: int) -> int:
        """The 32-bit word at a physical address, in RAM or of a device; Wrong where nothing answers."""
        try:
            return self._run.vm.qmp.word(address)
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
            raise UartNotReady(f"the UART's receive FIFO is off (UARTLCR_H.FEN = 0): it holds 1 byte of {len(data)}")
        self._run.vm.type(data)

    def address(self, symbol: str) -> int:
        """The address of a symbol of the kernel; symbols.NoSymbol if it has none of that name."""
        return self._run.table.address(symbol)

    def keep(self, name: str, value: object) -> None:
        """Put `value` into run.kept[name]."""
        self._run.kept[name] = value

    def kept(self, name: str, default: object = None) -> object:
        """What an earlier hold of this run kept under `name`."""
        return self._run.kept.get(name, default)


def run(boot: Boot, elf: Path, *, seed: int, nonce: int) -> Run:
    """Boot one kernel and wait for its end; nothing of it is left when this returns or raises.

    Raises GraderError if QEMU is missing or died by itself, symbols.NoSymbol if the kernel lacks a symbol `boot` names.
    """
    found, = run_many([Job(boot, elf, seed, nonce)], 1)
    if isinstance(found, Exception):
        raise found
    return found


def run_many(jobs: Iterable[Job], at_once: int | None = None) -> Iterator[Run | GraderError | symbols.NoSymbol]:
    """Run several, `at_once` at a time (None: one more than the machine has cores, as a boot also waits).

    What `run` would return or raise for each, in the order given. Leaving the iterator ends what still runs; so does
    an exception that a signal raises here, as that reaches the main thread alone and what is to be tidied is in others.
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
    arguments = ["-M", ",".join(("virt", *boot.machine)), "-cpu", "cortex-a7,cntfrq=1000000000",
                 "-m", str(RAM[1] >> 20), "-smp", str(boot.smp), "-icount", "shift=0,align=off,sleep=off",
                 "-nodefaults", "-no-reboot", "-display", "none", "-kernel", str(Path(elf).resolve())]
    for address, data in files.items():
        path = directory / f"{address:08x}"
        path.write_bytes(data)
        arguments += ["-device", f"loader,addr={address:#x},force-raw=on,file={escaped(path)}"]
    return arguments


def _by_address(table: symbols.Symbols, names: Iterable[str]) -> dict[int, list[str]]:
    found = collections.defaultdict(list)
    for name in names:
        found[table.address(name)].append(name)
    return found


def _run(boot: Boot, elf: Path, seed: int, nonce: int, abandoned: threading.Event) -> Run:
    with tempfile.TemporaryDirectory(prefix="exolab-") as directory:
        vm = Vm(Path(directory), boot.serial_cap, abandoned)
        try:
            following = _Following(vm, boot, symbols.of(elf), seed)
            vm.start(machine(boot, elf, seed=seed, nonce=nonce, directory=vm.directory), following.settings(),
                     following.stepping())
            end = following.to_the_end()
            return Run(boot=boot, elf=elf, seed=seed, nonce=nonce, **following.findings(end))
        except QmpError as error:
            raise GraderError(f"QEMU refused a command of the grader's: {error}") from None
        finally:
            vm.kill()


class _Following:
    """A run under way: what the plugin is told, what its lines ask for, and how it ends."""

    def __init__(self, vm: Vm, boot: Boot, table: symbols.Symbols, seed: int):
        self.vm = vm
        self.table = table
        self.seed = seed
        self.kept: dict[str, object] = {}
        self._boot = boot
        self._marks = _by_address(table, boot.marks)
        self._symbols_held = _by_address(table, boot.holds)
        self._cpu, self._pc = 0, None           # the vCPU to look at in the end, and where it stands if that is known
        self._times_held = 0
        self._deaf = False                      # QMP will not answer any more
        self._error: Exception | None = None

    def settings(self) -> list[str]:
        """The plugin's."""
        boot = self._boot
        return [f"budget={boot.budget}", f"wfi={boot.wfi}", f"several={int(boot.smp > 1)}",
                "nowhere={}+{}".format(*NOWHERE), "ram={}+{}".format(*RAM),
                *(f"watch={start}+{size}" for start, size in boot.watch),
                *(f"mark={address}" for address in self._marks), *(f"hold={address}" for address in self._symbols_held)]

    def stepping(self) -> bool:
        """Whether each block has to be one instruction from the start.

        Registers are in their place only where a block begins: holds look at them, and so does every call where there
        are several vCPUs. And a small budget is near from the start.
        """
        boot = self._boot
        return bool(boot.holds) or boot.budget < NEAR or boot.wfi == 0 or boot.smp > 1

    def to_the_end(self) -> str:
        """Serve QEMU until the run ends; how it ended."""
        vm = self.vm
        asleep, instructions, since = None, -1, 0.0
        while True:
            idle = not vm.turn(TICK)
            if vm.flooded:
                return "flood"
            while vm.lines:
                idle = False
                end = self._do(*vm.lines.popleft())
                if end:
                    return end
            for event in vm.qmp.events:
                if event["event"] == "SHUTDOWN":
                    return "reset" if event["data"]["reason"] == "guest-reset" else "power-off"
            if vm.late:
                return "wall-clock"
            if not idle:
                continue
            before, asleep = asleep, proc.asleep(vm.pid)
            if asleep is not None and asleep == before:
                return self._quiet()
            shared, used = vm.memory.read(), proc.processor_time(vm.pid)
            if shared.now.instructions != instructions:
                instructions, since = shared.now.instructions, used
            elif used - since >= STALL:
                since = used
                end = self._stalled(shared)
                if end:
                    return end

    def _do(self, what: str, address: str = "0", cpu: str = "0", count: str = "0") -> str | None:
        """Do what the plugin's line asks; how the run ended, if it did."""
        self._cpu, self._pc = int(cpu), int(address)
        answer = "go"
        if what == "near":
            self.vm.qmp.monitor(plugin.find().stepping_command)
        elif what in ("call", "hold"):
            self._times_held += 1
            if self._times_held > HOLDS:
                return "hold-budget"
            if what == "call" and self.vm.qmp.registers(self._cpu)["r0"] in (SYSTEM_OFF, SYSTEM_RESET):
                answer = "off"
            for symbol in self._symbols_held[self._pc] if what == "hold" else ():
                self._call(self._boot.holds[symbol], Held(self, symbol, int(count), self._cpu, self._pc))
            if self._error is not None:
                return "hold"
        else:
            return "hold-budget" if what == "records" else what
        self._cpu, self._pc = 0, None
        self.vm.answer(answer)
        return None

    def _call(self, function: Callable[[Held], None], held: Held) -> None:
        try:
            function(held)
        except (GraderError, QmpError):
            raise
        except Exception as error:
            self._error = error

    def _quiet(self) -> str:
        shared = self.vm.memory.read()
        if shared.slept:
            self._pc = shared.wfi_pc
        return "quiet"

    def _stalled(self, shared: plugin.Shared) -> str | None:
        """How the run ended, when QEMU works and works and no instruction comes of it."""
        if shared.slept:
            # A WFI, and a timer that has fired already and is masked: QEMU's clock runs away, and QMP answers no more.
            self._deaf = True
            return self._quiet()
        found = [cpu for cpu in range(self._boot.smp) if self._fetches_for_ever(cpu)]
        if not found or self.vm.memory.read().now != shared.now:
            return None
        self._cpu = found[0]
        return "lost"

    def _fetches_for_ever(self, cpu: int) -> bool:
        """Whether QEMU cannot get at the instruction at a vCPU's pc."""
        registers = self.vm.qmp.registers(cpu)
        mode, pc = registers["cpsr"] & 0x1f, registers["r15"]
        if pc % 32 == PREFETCH_ABORT and (mode == HYP or mode == ABT and registers["r14"] == pc + 4):
            return True                     # the vector for aborted fetches cannot be fetched itself, and so on
        # Where a device answers, QEMU may begin the same translation again and again.
        physical = re.match(r"gpa: (0x[0-9a-f]+)", self.vm.qmp.monitor(f"gva2gpa {pc:#x}", cpu))
        return physical is not None and not 0 <= int(physical[1], 16) - RAM[0] < RAM[1]

    def findings(self, end: str) -> dict:
        """What Run says of how it ended and what was seen."""
        vm, boot = self.vm, self._boot
        while end not in HOSTS_MOMENT and vm.turn(0):       # what was sent before the end and not yet read
            pass
        end = "flood" if vm.flooded else end
        registers, pc, counters = {}, self._pc, plugin.Counters(0, 0, 0)
        if end not in HOSTS_MOMENT and not self._deaf:
            held = Held(self, "", vm.memory.read().now.instructions, self._cpu, pc)
            registers = held.registers()
            pc = registers["r15"]
            if boot.read_at_end and self._error is None:
                self._call(boot.read_at_end, held)
        if end not in HOSTS_MOMENT:
            # Who switched off was the last to call; other vCPUs run on until QEMU's main loop has heard of it.
            shared = vm.memory.read()
            counters = shared.call if boot.smp > 1 and end in ("power-off", "reset") else shared.now
        marks, accesses = self._records(counters.records)
        return dict(end=end, serial=bytes(vm.serial[:boot.serial_cap]), instructions=counters.instructions,
                    wfis=counters.wfis, pc=pc, registers=registers, marks=marks, accesses=accesses, kept=self.kept,
                    qemu_log=vm.log.decode("utf-8", "backslashreplace"), error=self._error)

    def _records(self, n: int) -> tuple[tuple[Mark, ...], tuple[Access, ...]]:
        marks, accesses = [], []
        for count, pc, address, kind, size, cpu in self.vm.memory.records(n):
            if kind == ord("m"):
                marks += (Mark(name, count, cpu) for name in self._marks[pc])
            else:
                accesses.append(Access(chr(kind), size, address, pc, count, cpu))
        return tuple(marks), tuple(accesses)


def main() -> int:
    """A tool for whoever works on the engine.

    `python3 -m grader.engine ELF` boots it and says what came of it; `... ELF --speed` boots it many times, several at
    once, and says how many came to their end in a second, and how much processor time QEMU took for each.
    """
    if sys.argv[2:] == ["--speed"]:
        return _speed(Path(sys.argv[1]))
    if len(sys.argv) != 2:
        print("exolab: type python3 -m grader.engine ELF, or python3 -m grader.engine ELF --speed", file=sys.stderr)
        return 2
    done = run(Boot(sys.argv[1]), Path(sys.argv[1]), seed=1, nonce=1)
    sys.stdout.buffer.write(done.serial)
    place = symbols.of(done.elf).where(done.pc or 0)
    print(f"-- {done.end}: {done.instructions} instructions, {done.wfis} WFIs, at {place}")
    return 0


def _speed(elf: Path, times: int = 40) -> int:
    jobs = [Job(Boot(elf.stem), elf, 1, 1)] * times
    _ = list(run_many(jobs[:1]))            # the plugin is built, and what is read is in the cache
    begun, used = time.monotonic(), os.times()
    ends = collections.Counter(found.end if isinstance(found, Run) else str(found) for found in run_many(jobs))
    seconds, now = time.monotonic() - begun, os.times()
    used = now.children_user + now.children_system - used.children_user - used.children_system
    print(f"{times / seconds:.0f} boots a second, {used / times * 1000:.0f} ms of QEMU's processor time each; "
          f"they ended: {', '.join(f'{end} ({n})' for end, n in ends.items())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
