"""Boots a kernel in QEMU and tells what happened: Boot (what to run) -> Run (what came of it).

What ends a run is exact: the kernel itself, its budgets (plugin/exolab.c), the cap on its output, or that nothing can
ever happen again. The wall clock is a backstop and its end no verdict. vm.py has the QEMU; here is what it is for.
"""
import collections
import concurrent.futures
import contextlib
import dataclasses
import itertools
import math
import os
import random
import re
import resource
import socket
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

from . import mmu, params, plugin, proc, symbols
from .errors import GraderError
from .hardware import Finding, Operation, finding, operation
from .qmp import QmpError
from .stub import StubError
from .vm import Abandoned, Vm, escaped
from .wire import MAC, Wire

JUNK = 1 << 20              # bytes of junk behind the image, and all that it will clear
HOLDS = 2_000               # times a run may be held
EMPTY = 256                 # words of zeros that may be executed in a row: exolab.c's EMPTY
STARTS = 100                # times that a kernel may come to where it begins: exolab.c's STARTS
NEAR = 4096                 # a budget below it is near from the start: more than exolab.c's NEAR and a longest block
TICK = 0.01                 # seconds without an event until the engine looks whether any can still come
TAIL = 1 << 16              # bytes of QEMU's log looked at behind the last instruction
STALL = 0.3                 # seconds of QEMU's processor time without an instruction until it looks why
PATIENCE = 5.0              # seconds of QEMU's processor time that a kernel lets a peer wait
NO_BUDGET = 1 << 62

# The virt board, and what the processor's manuals call things.
NOWHERE = (0, 4096)         # (start, bytes): page 0 is never mapped; with the MMU off it is empty flash
RAM = (0x40000000, 128 << 20)
FIFO = 16                   # bytes the UART takes
UART_FR, RXFE = 0x09000018, 1 << 4          # its flags: the receive FIFO is empty
UART_LCR_H, FEN = 0x0900002c, 1 << 4        # its line control: the FIFOs are on
DRIVER_OK = 1 << 2          # a virtio device's status: it is driven
SYSTEM_OFF, SYSTEM_RESET = 0x84000008, 0x84000009       # PSCI's function numbers
HYP, ABT = 0x1a, 0x17       # modes
PREFETCH_ABORT = 0x0c       # offset of that vector

TRIES = 5                   # a QEMU that has to stop between two instructions may miss it on a host that is very busy

STILL = ("power-off", "reset", "quiet")      # ends where nothing moves, so that it can be stopped any time
HOSTS_MOMENT = ("flood", "wall-clock", "peer", "silent")    # ends that fall at a moment of the host's
SPENT = ("budget", "wfi-budget", "hold-budget", "restarts")     # ends of what may have gone on for ever


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
    junk: bool = False                      # seeded junk in RAM, from where the file's bytes end to 1 MB behind the image
    input: bytes | Callable[[int], bytes] = b""     # the parameter block's input, or what makes it of the run's seed
    serial_cap: int = 1 << 20               # bytes; more ends the run
    read_at_end: "Callable[[Held], None] | None" = None     # called where the run ended, if registers can be read there
    hardware: bool = False                  # look again, for what emulation forgives: run.findings
    pins: bool = False                      # what the GPIO's lines did: run.edges
    of: str = ""                            # whose run it is: that of a check which this one needs, and not run twice
    net: Callable[[Wire], None] | None = None   # a network card, and the peer that it is wired to. No budgets then, as
                                            # counts are the host's: peer and kernel end it, or that one does not answer
    ready: tuple[str, ...] = ()             # what the UART has sent, in any order, before the peer begins


class Edge(NamedTuple):
    line: int                               # of the GPIO
    level: int                              # it has from now on
    write: int                              # to the GPIO's registers, that made it: which of all, from 0 on


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


class Taken(NamedTuple):
    """An exception that the guest took, as QEMU saw it; only `look` tells of them."""
    kind: str                               # "undefined", "svc", "prefetch abort", "data abort", "irq", "hvc", ...
    count: int                              # instructions executed before it was taken; one that faults counts
    pc: int                                 # of the last of them, virtual
    vector: int                             # the address that the core went to; 0 if it never got there
    fsr: int | None                         # of an abort
    far: int | None
    cpu: int
    syndrome: int                           # as HSR would have it: of an SVC, the lower 16 bits are its number
    level: int                              # the exception level it went to: 2 is HYP


@dataclass(frozen=True)
class Run:
    """What came of a boot.

    `end` is one of
      power-off, reset    the kernel did it
      budget, wfi-budget  it would have executed one instruction or one WFI too many
      hold-budget         it came to a hold 2,000 times, or to marks and watched memory 131,072 times
      restarts            it comes to where it begins for the time number STARTS + 1, on one core
      quiet               it sleeps, and nothing can ever wake it (`registers` may be missing)
      lost                it is where no code can be: in page 0, a device or the flash, behind EMPTY words of zeros, or
                          an abort vector that cannot be fetched; r14 may tell from where
      hold                a hold's function raised `error` (read_at_end may raise one at any end)
      flood               it sent more than serial_cap
      peer                boot.net returned, or raised `error`
      silent              the peer waits for the kernel (`awaited`), which sleeps and nothing can wake it, where `pc` is, or
                          goes on (`pc` is None) for PATIENCE and does not answer
      wall-clock          the backstop: a grader error, never a verdict
    HOSTS_MOMENT are moments of the host's: of those only `serial` is told, counts are 0 and `pc` is None but as said.
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
    typed: tuple[tuple[int, bytes], ...] = ()   # (count, bytes) of all that holds sent
    exceptions: tuple[Taken, ...] = ()      # of a look, and beside `findings`: the first and the last of them
    exceptions_more: int = 0                # how many between those are left out
    storm: bool = False                     # of a look: it ended amid ten thousand that are all the same
    operations: tuple[int, ...] = ()        # where code is whose operands `findings` need
    executed: tuple[Operation, ...] = ()    # of a look, beside `findings`: each operation, the first 65,536 of them
    findings: tuple[Finding, ...] = ()      # what hardware would not have forgiven, if it was asked for
    trail: tuple[int, ...] = ()             # of a look that a budget ended: where its last instructions were, in order
    edges: tuple[Edge, ...] = ()            # of outputs of the GPIO, in order, if they were asked for; a look has none
    awaited: str = ""                       # what the peer waited for in the end, in words
    frames: tuple[int, int] = (0, 0)        # how many the peer sent, and received

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
    """The arguments of one `run`; and what ends it before its time, once that is set: nobody waits for it then."""
    boot: Boot
    elf: Path
    seed: int
    nonce: int
    abandoned: threading.Event | None = None


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

    def system(self) -> dict[str, int]:
        """System registers by the manual's names ("SCTLR", "TTBR0"), and each mode's own ("r13_svc", "r8_fiq").

        stub.SYSTEM and stub.BANKED list them. Where the machine does not lie still by itself (it does at STILL ends) a
        second, identical run is made and stopped here.
        """
        return dict(self._run.system(self.count, self.cpu))

    def walker(self) -> mmu.Walker:
        """What the page tables say now; Wrong where they are not in the short-descriptor format."""
        pages: dict[int, bytes] = {}

        def word(address: int) -> int | None:
            if not 0 <= address - RAM[0] < RAM[1]:
                return None
            if address >> 12 not in pages:
                pages[address >> 12] = self.memory(address & ~0xfff, 4096)
            return int.from_bytes(pages[address >> 12][address & 0xfff:][:4], "little")

        try:
            return mmu.Walker(self.system(), word)
        except mmu.LongDescriptors as error:
            raise Wrong(str(error)) from None

    def virtual(self, address: int, size: int) -> bytes:
        """`size` bytes at a virtual address, rights not asked; Wrong where nothing is mapped."""
        walker, data = self.walker(), b""
        while len(data) < size:
            place = walker.translate(address + len(data) & 0xffffffff)
            if isinstance(place, mmu.Fault):
                raise Wrong(f"virtual address {place.va:#010x} is not mapped: {place}")
            data += self.memory(place.pa, min(size - len(data), 4096 - place.pa % 4096))
        return data

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
        self._run.typed.append((self.count, bytes(data)))

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


def look(run: Run, *, budget: int | None = None, read_at_end: Callable[[Held], None] | None = None,
         hardware: bool = False) -> Run:
    """A second, identical run, for what costs too much to be seen always: `exceptions`, `exceptions_more`, `storm`.

    budget          ends it before the instruction of that number, counted from 0: where to read registers and memory
    read_at_end     called there, or where the run ended; the first run's own is not called again, nor are its holds'
                    functions: what they typed is typed again
    hardware        it has `findings` too: what emulation forgives and hardware does not. On one core alone
    Raises GraderError if the two differ, as long as no budget is given, or as run() does; ValueError for one that the
    wall clock ended, or that had a peer. A storm of 200,000 exceptions ends it early (`end` is then "storm").
    """
    return _look(run, threading.Event(), budget, read_at_end, hardware)


def _look(run: Run, abandoned: threading.Event, budget: int | None = None,
          read_at_end: Callable[[Held], None] | None = None, hardware: bool = False) -> Run:
    if run.end == "wall-clock":
        raise ValueError("a run that the wall clock ended cannot be looked at again")
    if run.boot.net is not None:
        raise ValueError("what comes from a network comes at the host's moments: such a run cannot be made again")
    if hardware and run.boot.smp > 1:
        raise ValueError("what hardware would do can be watched on one core alone")
    holds = _typing(run.boot, run.typed, run.instructions if run.end == "hold" else None)
    boot = dataclasses.replace(run.boot, holds=holds, read_at_end=read_at_end)
    if budget is not None:
        boot = dataclasses.replace(boot, budget=min(budget, boot.budget))
    found = _run(boot, run.elf, run.seed, run.nonce, abandoned, looking=True,
                 operations=run.operations if hardware else None)
    if run.end == "hold" and found.end == "hold":
        found = dataclasses.replace(found, error=run.error)
    if budget is None and found.end != "storm" and _told(found) != _told(run):
        raise GraderError("a second run of the same kernel went another way than the first")
    if hardware and len(found.operations) == plugin.OPERATIONS:
        raise GraderError(f"the kernel works on caches, TLBs and system registers in {plugin.OPERATIONS} places or "
                          f"more: too many to watch")
    return found


def _typing(boot: Boot, typed: Iterable[tuple[int, bytes]],
            last: int | None = None) -> dict[str, Callable[[Held], None]]:
    """The boot's holds for an identical run: of what they do they only type (Run.typed), and end it at count `last`."""
    left = dict(typed)

    def again(held: Held) -> None:
        if held.count == last:
            raise Wrong("the first run ended here")
        if held.count in left:
            held.send(left.pop(held.count))

    return dict.fromkeys(boot.holds, again)


def _run_job(job: Job, abandoned: threading.Event) -> Run:
    """One run and, where its boot asks for that, a look at what hardware would say of it."""
    if abandoned.is_set():
        raise Abandoned
    run = _run(job.boot, Path(job.elf), job.seed, job.nonce, abandoned)
    if not job.boot.hardware or run.error is not None or run.end in HOSTS_MOMENT + SPENT:
        return run
    seen = _look(run, abandoned, hardware=True)
    return dataclasses.replace(run, findings=seen.findings, executed=seen.executed, exceptions=seen.exceptions,
                               exceptions_more=seen.exceptions_more)


def _told(run: Run) -> tuple:
    return run.end, run.serial, run.instructions, run.wfis, run.pc, run.marks, run.accesses


def run_many(jobs: Iterable[Job], at_once: int | None = None,
             ahead: int | None = None) -> Iterator[Run | GraderError | symbols.NoSymbol | Abandoned]:
    """Run several, `at_once` at a time (None: one more than the machine has cores, as a boot also waits), and no more
    than `ahead` before they are asked for (None: all).

    What `run` would return or raise for each, in the order given; of one whose event `abandoned` was set, Abandoned,
    unless it had come to its end before. Leaving the iterator ends what still runs (and sets those events); so does an
    exception that a signal raises here, as that reaches the main thread alone and what is to be tidied is in others.
    """
    events = {abandoned := threading.Event()}
    pool = concurrent.futures.ThreadPoolExecutor(at_once or (os.cpu_count() or 1) + 1)
    try:
        waiting, running = iter(jobs), collections.deque()
        while True:
            more = itertools.islice(waiting, ahead if ahead is None else ahead + 1 - len(running))
            for job in more:
                events.add(own := job.abandoned or abandoned)
                running.append(pool.submit(_run_job, job, own))
            if not running:
                return
            try:
                yield running.popleft().result()
            except (GraderError, symbols.NoSymbol, Abandoned) as error:
                yield error
    finally:
        for event in events:
            event.set()
        pool.shutdown(cancel_futures=True)


def machine(boot: Boot, elf: Path, *, seed: int, nonce: int, directory: Path, netdev: str = "") -> list[str]:
    """QEMU's arguments for the board, the kernel and its parameter block, without accelerator, serial line or monitor.

    `netdev`, if not empty, is what a network card is put on: "user,ipv6=off", as QEMU's -netdev has it. Writes the block (and the junk) into `directory`, which has to stay while QEMU starts.
    """
    files = {params.ADDRESS: params.block(nonce, seed, boot.input(seed) if callable(boot.input) else boot.input)}
    if boot.junk:
        table = symbols.of(elf)
        image = table.address("__image_end") if "__image_end" in table else table.end
        files[table.end] = random.Random(seed).randbytes(max(image - table.end, 0) + JUNK)
    arguments = ["-M", ",".join(("virt", *boot.machine)), "-cpu", "cortex-a7,cntfrq=1000000000",
                 "-m", str(RAM[1] >> 20), "-smp", str(boot.smp), "-icount", "shift=0,align=off,sleep=off",
                 "-nodefaults", "-no-reboot", "-display", "none", "-kernel", str(Path(elf).resolve())]
    for address, data in files.items():
        path = directory / f"{address:08x}"
        path.write_bytes(data)
        arguments += ["-device", f"loader,addr={address:#x},force-raw=on,file={escaped(path)}"]
    if netdev:
        arguments += ["-global", "virtio-mmio.force-legacy=false", "-netdev", f"{netdev},id=net",
                      "-device", f"virtio-net-device,netdev=net,mac={MAC}"]
    return arguments


def _by_address(table: symbols.Symbols, names: Iterable[str]) -> dict[int, list[str]]:
    found = collections.defaultdict(list)
    for name in names:
        found[table.address(name)].append(name)
    return found


def _run(boot: Boot, elf: Path, seed: int, nonce: int, abandoned: threading.Event, looking: bool = False,
         operations: tuple[int, ...] | None = None) -> Run:
    """`looking`: with QEMU's log; `operations`: with the registers at these addresses, one instruction at a time."""
    logged = "int" * looking if operations is None else "int,cpu,nochain"
    with tempfile.TemporaryDirectory(prefix="exolab-") as directory:
        tracing = boot.pins and not looking         # a look's trace would be in its log
        vm = Vm(Path(directory), boot.serial_cap, abandoned, logged, tracing)
        wire = None if boot.net is None else Wire(boot.net, seed)
        try:
            following = _Following(vm, Job(boot, elf, seed, nonce), abandoned, wire)
            arguments = machine(boot, elf, seed=seed, nonce=nonce, directory=vm.directory,
                                netdev="" if wire is None else wire.netdev)
            if wire is not None:
                arguments += ["-trace", "virtio_set_status"]
            if tracing:
                arguments += ["-trace", "pl061_set_output", "-trace", "pl061_write"]
            settings, stepping = following.settings(), following.stepping()
            if operations is not None:
                settings, stepping = [*settings, "hardware=1"], True
                arguments += ["-dfilter", ",".join(f"{address:#x}+4" for address in operations) or "0+1"]
            vm.start(arguments, settings, stepping, inherit=() if wire is None else (wire.theirs,))
            end = following.to_the_end()
            return Run(boot=boot, elf=elf, seed=seed, nonce=nonce, **following.findings(end))
        except (QmpError, StubError) as error:
            raise GraderError(f"QEMU refused a command of the grader's: {error}") from None
        finally:
            vm.kill()
            if wire is not None:
                wire.close()


@contextlib.contextmanager
def _stopped(job: Job, typed: Mapping[int, bytes], before: int, told: str,
             abandoned: threading.Event) -> Iterator[tuple[Vm, bool]]:
    """An identical run, stopped before its instruction `before`, counted from 0: its stub answers. `typed`: Run.typed.

    It is told to stop at the beginning of the instruction before that one ("budget"), or when that has accessed
    something ("access"; else _NoAccess). With it: whether it has moved. QEMU begins an access to a device a second time,
    and when it was told at the beginning stops between the two.
    """
    boot = dataclasses.replace(job.boot, budget=before - 1, holds=_typing(job.boot, typed.items()), marks=(),
                               watch=((0, 0),) if told == "access" else (), read_at_end=None)
    with tempfile.TemporaryDirectory(prefix="exolab-") as directory:
        vm = Vm(Path(directory), boot.serial_cap, abandoned)
        try:
            following = _Following(vm, job._replace(boot=boot), abandoned)
            vm.start(machine(boot, job.elf, seed=job.seed, nonce=job.nonce, directory=vm.directory),
                     following.settings(), following.stepping(), running=before > 0)
            if before > 0:
                end = following.to_the_end()
                if end != "budget":
                    raise GraderError("a second run of the same kernel went another way than the first")
                if before - 1 in typed:
                    vm.type(typed[before - 1])
                stopped = vm.stop(told)
                if not stopped:
                    raise _NoAccess if stopped is None else _Missed
            yield vm, before == 0 or vm.stub.pc(following._cpu) != following._pc
        finally:
            vm.kill()


class _Missed(Exception):
    """QEMU did not stop in time."""


class _NoAccess(Exception):
    """The instruction accessed nothing."""


class _Following:
    """A run under way: what the plugin is told, what its lines ask for, and how it ends."""

    def __init__(self, vm: Vm, job: Job, abandoned: threading.Event, wire: Wire | None = None):
        boot = job.boot
        self.vm = vm
        self._wire = wire
        self.table = table = symbols.of(job.elf)
        self.seed = job.seed
        self._job = job
        self._abandoned = abandoned
        self._systems: dict[tuple[int, int], dict[str, int]] = {}       # by count and vCPU
        self._still = False                     # the machine, and QMP answers
        self.kept: dict[str, object] = {}
        self.typed: list[tuple[int, bytes]] = []
        self._boot = boot
        self._marks = _by_address(table, boot.marks)
        self._symbols_held = _by_address(table, boot.holds)
        self._cpu, self._pc = 0, None           # the vCPU to look at in the end, and where it stands if that is known
        self._times_held = 0
        self._deaf = False                      # QMP will not answer any more
        self._error: Exception | None = None

    def settings(self) -> list[str]:
        """The plugin's."""
        boot, start = self._boot, self.table.start
        budget, wfi = (boot.budget, boot.wfi) if boot.net is None else (NO_BUDGET, NO_BUDGET)
        return [f"budget={budget}", f"wfi={wfi}", f"several={int(boot.smp > 1)}",
                "nowhere={}+{}".format(*NOWHERE), "ram={}+{}".format(*RAM),
                # A further core may well wait by going back to the start.
                *([f"start={self.table.address(start)}"] if start and boot.smp == 1 else ()),
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
        self._moved = (None, 0.0)               # what the peer had done, at which of QEMU's processor time
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
            if self._wire is not None:
                end = self._with_peer()
                if end:
                    return end
            if vm.late:
                return "wall-clock"
            if not idle:
                continue
            before, asleep = asleep, proc.asleep(vm.pid)
            if self._wire is not None and self._wire.begun and asleep is not None:
                stuck = self._wire.stuck()
                asleep = stuck and (asleep, stuck)
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

    def _with_peer(self) -> str | None:
        """Let the peer begin as soon as it can be heard; how the run ended, if by it, or if it has waited in vain."""
        wire = self._wire
        if wire.done:
            if isinstance(wire.error, GraderError):
                raise wire.error
            self._error = wire.error
            return "peer"
        if not wire.begun and any(int(status) & DRIVER_OK for status in _STATUS.findall(self.vm.log)):
            silent = [words for words in self._boot.ready if words.encode() not in self.vm.serial]
            if silent:
                wire.awaited = f'the kernel to say "{silent[0]}"'
            else:
                wire.begin()
        stuck, used = wire.stuck() if wire.begun else (), proc.processor_time(self.vm.pid)
        before, since = self._moved
        if stuck is None or stuck != before:
            self._moved = stuck, used
        elif used - since >= PATIENCE or self.vm.late:
            return "silent"
        return None

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
        self._cpu, self._pc = self._cpu if answer == "off" else 0, None
        self.vm.answer(answer)
        return None

    def system(self, count: int, cpu: int) -> dict[str, int]:
        """The registers that the stub tells, where so many instructions were executed: where the run is now."""
        if (count, cpu) not in self._systems:
            self._systems[count, cpu] = self._read_system(count, cpu)
        return self._systems[count, cpu]

    def _read_system(self, count: int, cpu: int) -> dict[str, int]:
        if self._wire is not None and not self._still:
            raise ValueError("a run with a peer cannot be made again: system registers are there at its end alone")
        if self._still:
            if not self.vm.stub.stopped:
                self.vm.stop()
            return self.vm.stub.registers(cpu)
        found, told = {}, "budget"
        for _ in range(TRIES):
            try:
                with _stopped(self._job, dict(self.typed), count, told, self._abandoned) as (vm, moved):
                    found = vm.stub.registers(cpu)
                if moved or told == "access":
                    return found
                told = "access"
            except _NoAccess:
                return found            # it branched to itself
            except _Missed:
                pass
        raise GraderError("QEMU did not stop in time: is this machine very busy?")

    def _call(self, function: Callable[[Held], None], held: Held) -> None:
        try:
            function(held)
        except (GraderError, QmpError, StubError):
            raise
        except Exception as error:
            self._error = error

    def _quiet(self) -> str:
        shared = self.vm.memory.read()
        if shared.slept:
            self._pc = shared.wfi_pc
        return "quiet" if self._wire is None else "silent"

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
        if end in ("peer", "silent"):
            vm.turn(0)
        end = "flood" if vm.flooded else end
        registers, pc, counters = {}, self._pc, plugin.Counters(0, 0, 0)
        if end not in HOSTS_MOMENT and not self._deaf:
            held = Held(self, "", vm.memory.read().now.instructions, self._cpu, pc)
            registers = held.registers()
            pc = registers["r15"]
            self._still = end in STILL
            if boot.read_at_end and self._error is None:
                self._call(boot.read_at_end, held)
        if end not in HOSTS_MOMENT:
            # Who switched off was the last to call; other vCPUs run on until QEMU's main loop has heard of it.
            shared = vm.memory.read()
            counters = shared.call if boot.smp > 1 and end in ("power-off", "reset") else shared.now
        marks, accesses = self._records(counters.records)
        edges = _edges(vm.log) if boot.pins and end not in HOSTS_MOMENT else ()
        exceptions, more, storm = self._exceptions() if vm.memory.log is not None else ((), 0, False)
        return dict(end=end, serial=bytes(vm.serial[:boot.serial_cap]), instructions=counters.instructions,
                    wfis=counters.wfis, pc=pc, registers=registers, marks=marks, accesses=accesses, kept=self.kept,
                    qemu_log=vm.log.decode("utf-8", "backslashreplace"), error=self._error, typed=tuple(self.typed),
                    exceptions=exceptions, exceptions_more=more, storm=storm,
                    edges=edges,
                    awaited="" if self._wire is None else self._wire.awaited,
                    frames=(0, 0) if self._wire is None else (self._wire.sent, self._wire.received),
                    operations=vm.memory.operations(),
                    findings=tuple(finding(*found) for found in vm.memory.findings()),
                    executed=tuple(operation(*each) for each in vm.memory.executed()),
                    trail=vm.memory.trail(counters.instructions) if vm.memory.log is not None and end == "budget"
                    else ())

    def _records(self, n: int) -> tuple[tuple[Mark, ...], tuple[Access, ...]]:
        marks, accesses = [], []
        for count, pc, address, kind, size, cpu in self.vm.memory.records(n):
            if kind == ord("m"):
                marks += (Mark(name, count, cpu) for name in self._marks[pc])
            else:
                accesses.append(Access(chr(kind), size, address, pc, count, cpu))
        return tuple(marks), tuple(accesses)

    def _exceptions(self) -> tuple[tuple[Taken, ...], int, bool]:
        memory = self.vm.memory
        shared = memory.read()
        found = memory.exceptions(shared.exceptions)
        # A storm lasts: since the last one no more was executed than between those before.
        storm = (shared.same >= plugin.STORM
                 and shared.now.instructions - found[-1][0] <= found[-1][0] - found[-3][0])
        # What was taken behind the last instruction. Where not even the vector for it can be fetched that has no end:
        # each of those is told once.
        pc = (shared.block + shared.walked) & 0xffffffff
        tail = memory.unread(TAIL)
        tail = collections.Counter(_TAKING.findall(tail if len(tail) < TAIL else tail.rpartition("Taking")[0]))
        for text, times in tail.items():
            if "handled as" not in text:
                cpu, far = (re.search(pattern, text) for pattern in (r"on CPU (\d+)", r"FAR (0x[0-9a-f]+)"))
                vector = int(far[1], 0) if far and times > 1 else 0
                found.append((shared.now.instructions, pc, vector, int(cpu[1]), text))
        taken = []
        for count, pc, vector, cpu, text in reversed(found):
            if not vector and taken and taken[-1].cpu == cpu and taken[-1].kind == "prefetch abort":
                vector = taken[-1].far or 0         # which could not be fetched
            taken.append(_taken(count, pc, vector, cpu, text))
        return tuple(reversed(taken)), max(0, shared.exceptions - 2 * plugin.KEPT), storm


# QEMU's words for a virtio device's status that is written (-trace).
_STATUS = re.compile(rb"^virtio_set_status vdev \S+ val (\d+)$", re.MULTILINE)

# QEMU's words for a register that is written, and for a line that is set because of it (-trace).
_EDGE = re.compile(rb"^pl061_(?:(write) |set_output \S+ setting output (\d+) to (\d+)$)", re.MULTILINE)


def _edges(log: bytes) -> tuple[Edge, ...]:
    """Reset, too, sets each line, to the level that it has: that is no edge."""
    levels, edges, writes = collections.defaultdict(int), [], 0
    for write, *found in _EDGE.findall(log):
        if write:
            writes += 1
            continue
        line, level = map(int, found)
        if level != levels[line]:
            edges.append(Edge(line, level, writes - 1))
        levels[line] = level
    return tuple(edges)


# QEMU's words for an exception (-d int).
_TAKING = re.compile(r"Taking exception .*\n(?:\.\.\..*\n)*")
_KINDS = {"Undefined Instruction": "undefined", "Hypervisor Call": "hvc", "Hypervisor Trap": "hyp",
          "Secure Monitor Call": "smc"}


def _taken(count: int, pc: int, vector: int, cpu: int, text: str) -> Taken:
    def number(pattern: str) -> int | None:
        found = re.search(pattern, text)
        return int(found[1], 0) if found else None

    name = re.search(r"\[(.*)\]", text)[1]
    return Taken(_KINDS.get(name, name.lower()), count, pc, vector, number(r"FSR (0x[0-9a-f]+)"),
                 number(r"FAR (0x[0-9a-f]+)"), cpu, number(r"ESR 0x[0-9a-f]+/(0x[0-9a-f]+)") or 0,
                 number(r"to EL(\d)") or 1)


def main() -> int:
    """A tool for whoever works on the engine.

    `python3 -m grader.engine ELF` boots it and says what came of it; `... ELF --speed` boots it many times, several at
    once, and says how many came to their end in a second, and how much processor time QEMU took for each;
    `... ELF --cost` says how much more of it a boot takes with the plugin than without.
    """
    if len(sys.argv) == 3 and sys.argv[2] in ("--speed", "--cost"):
        return (_speed if sys.argv[2] == "--speed" else _cost)(Path(sys.argv[1]))
    if len(sys.argv) != 2:
        print("exolab: type python3 -m grader.engine ELF, or python3 -m grader.engine ELF --speed (or --cost)",
              file=sys.stderr)
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


def _cost(elf: Path, times: int = 15) -> int:
    """For a kernel that switches off by itself: the least time that each takes, as load only ever adds to it."""
    qemu = plugin.find()
    boot = Boot(elf.stem, budget=1 << 40)
    ours, theirs = socket.socketpair()
    memory = plugin.Memory(1)
    settings = [f"parent={os.getpid()}", f"control={theirs.fileno()}", f"memory={memory.fd}", "records=1",
                *_Following(None, Job(boot, elf, 1, 1), threading.Event()).settings()]
    with tempfile.TemporaryDirectory(prefix="exolab-") as directory, ours, theirs, contextlib.closing(memory):
        bare = [str(qemu.program), *machine(boot, elf, seed=1, nonce=1, directory=Path(directory)),
                "-accel", plugin.TCG,
                "-serial", "null", "-monitor", "none"]
        commands = {"without": bare, "with": [*bare, "-plugin", ",".join((escaped(qemu.plugin), *settings))]}
        least = dict.fromkeys(commands, math.inf)
        for _ in range(times):
            for name, command in commands.items():
                before = resource.getrusage(resource.RUSAGE_CHILDREN)
                subprocess.run(command, check=True, stderr=subprocess.DEVNULL, timeout=60,
                               pass_fds=(theirs.fileno(), memory.fd))
                now = resource.getrusage(resource.RUSAGE_CHILDREN)
                used = now.ru_utime + now.ru_stime - before.ru_utime - before.ru_stime
                least[name] = min(least[name], used)
    ratio, ms = least["with"] / least["without"], {name: f"{seconds * 1000:.1f} ms" for name, seconds in least.items()}
    print(f"{elf.stem}: {ms['with']} of QEMU's processor time with the plugin, {ms['without']} without: {ratio:.2f}x")
    return 0


if __name__ == "__main__":
    sys.exit(main())
