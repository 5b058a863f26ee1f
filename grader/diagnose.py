"""What went wrong in a kernel that broke off, found out by looking again: runs are deterministic, so any moment of one
can be visited. Stopping an identical run before its n-th instruction shows the registers, the stack and the system
registers there, in the mode and at the instruction that is about to fail.

Here are the facts and a sentence on them; explain.py makes them a part of the report.
"""
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from . import a32, arm, backtrace, engine, mmu, symbols, vm
from .engine import Held, Run, Taken
from .errors import GraderError

STORM = 10              # times the same exception has to come
LOOP = 256              # instructions that the trail has to show for a loop: its last turns
TURNS = 3               # times a loop is seen to go round before it is called one
READS = 4               # loads of a loop that are looked at
SUSPECTS = 8            # writes below the ends of stacks that are looked at, three of each at most
WAY = 16                # instructions at most from a kernel's own vector to the crash vectors
CRASHES = tuple(f"crash_{number}" for number in range(8))       # where the crash vectors lead (kernel/core/crash.S)
FRAME = (*CRASHES, "run_end")           # from here on it is the framework, on a stack of its own
EDGE = 256              # bytes watched below a stack's lowest byte
FAR = 1 << 20           # bytes below its stack from which on a stack pointer is no overflow's

# The stacks of the link script, and the modes that they are for.
STACKS = {"svc": "SVC", "irq": "IRQ", "fiq": "FIQ", "abt": "Abort", "und": "Undefined", "sys": "System"}
STACK_OF = {0x10: "sys", 0x11: "fiq", 0x12: "irq", 0x13: "svc", 0x17: "abt", 0x1b: "und", 0x1f: "sys"}

# The virt board, as its device tree tells it (QEMU: hw/arm/virt.c): (start, bytes, what).
DEVICES = (
    (0x00000000, 0x1000, "page 0, where nothing is ever put"),
    (0x00001000, 0x08000000 - 0x1000, "the flash, which is empty"),
    (0x08000000, 0x10000, "the interrupt controller's distributor (GICD)"),
    (0x08010000, 0x10000, "the interrupt controller's CPU interface (GICC)"),
    (0x09000000, 0x1000, "the UART"),
    (0x09010000, 0x1000, "the real-time clock"),
    (0x09020000, 0x1000, "the firmware's configuration device"),
    (0x09030000, 0x1000, "the GPIO"),
    (0x0a000000, 0x4000, "a virtio device"),
    engine.RAM + ("RAM",),
)
GICD, GICC, UART = 0x08000000, 0x08010000, 0x09000000
ISENABLER, ISPENDR = 0x100, 0x200           # of GICD
CTLR, PMR = 0, 4                            # of GICC; GICD has a CTLR too
INTERRUPTS = {27: "the virtual timer", 30: "the physical timer", 33: "the UART", 34: "the real-time clock",
              39: "the GPIO"}
UARTFR = 0x18
# What the flags of UARTFR say when they are set, and clear (ARM DDI 0183, table 3-4).
UART_FLAGS = {
    3: ("BUSY", "it is still sending", "it sends nothing"),
    4: ("RXFE", "nothing has come in", "something has come in"),
    5: ("TXFF", "there is no room to send", "there is room to send"),
    6: ("RXFF", "the receive FIFO is full", "the receive FIFO is not full"),
    7: ("TXFE", "all has been sent", "not all has been sent"),
}

# What a fault status means for whoever meets it, beside its name.
MEANS = {
    0b00001: "the address is not a multiple of the access's size",
    0b00101: "the first-level descriptor of this megabyte is not valid",
    0b00111: "the second-level descriptor of this page is not valid",
    0b01000: "nothing answers at this address",
    0b01001: "the DACR allows no access to the section's domain",
    0b01011: "the DACR allows no access to the page's domain",
    0b01100: "the first-level table lies where nothing answers",
    0b01101: "the section's descriptor does not allow it",
    0b01110: "the second-level table lies where nothing answers",
    0b01111: "the page's descriptor does not allow it",
}

KINDS = {"svc": "supervisor call", "hvc": "hypervisor call", "smc": "secure monitor call",
         "undefined": "undefined instruction", "irq": "IRQ", "fiq": "FIQ", "hyp": "HYP trap"}
CALLS = ("svc", "hvc", "smc")


@dataclass(frozen=True)
class Moment:
    """A run before one of its instructions."""
    count: int                          # instructions executed
    place: symbols.Place                # of the instruction that comes next
    word: int                           # that instruction
    registers: dict[str, int]
    vbar: int
    mapping: str                        # what the page tables say of the address asked about; "" with the MMU off
    stack: backtrace.Backtrace
    words: dict[int, int]               # what was asked for: address -> word
    trail: tuple[int, ...]              # the last instructions' addresses, in order

    @property
    def thumb(self) -> bool:
        return bool(self.registers["cpsr"] & 0x20)

    @property
    def mode(self) -> int:
        return self.registers["cpsr"] & 0x1f


@dataclass(frozen=True)
class Diagnosis:
    """What went wrong. Texts may hold anything that a kernel put into its names."""
    what: str                           # in a sentence; "" where the plain explanation says it as well
    facts: tuple[str, ...] = ()         # what shows it, decoded
    moment: Moment | None = None        # where it happened
    where: str = "It happened here"     # what to say before that place
    named: str = ""                     # the same in two or three words


def diagnose(run: Run, how: str) -> Diagnosis | None:
    """Look again at a run that ended as `how` says (explain.ending); None if there is nothing to add.

    Raises GraderError if the second look did not see the same run.
    """
    if run.instructions == 0 or how not in _FINDERS:
        return None
    return _FINDERS[how](run, _look(run))


def _look(run: Run) -> Run:
    """All that one more run records: the exceptions, who comes to the start or to panic(), who writes below stacks."""
    table = symbols.of(run.elf)
    watch = tuple((bottom - EDGE, EDGE) for bottom, _ in _stacks(table).values())
    marks = tuple(name for name in (table.start, "panic_at", *FRAME) if name in table)
    boot = replace(run.boot, watch=watch, marks=marks)
    seen = engine.look(replace(run, boot=boot), budget=run.instructions)
    crash = _crash(seen)
    until = crash.count if crash else next((m.count for m in seen.marks if m.symbol in FRAME), run.instructions)
    return replace(seen, accesses=tuple(a for a in seen.accesses if a.kind == "w" and a.count < until))


def _crash(seen: Run) -> Taken | None:
    """The first exception that the crash vectors took, at once or from a kernel's own vectors."""
    first = next((mark for mark in seen.marks if mark.symbol in CRASHES), None)
    return first and next((t for t in reversed(seen.exceptions)
                           if t.count <= first.count and t.vector % 32 == 4 * int(first.symbol[-1])), None)


def _stacks(table: symbols.Symbols) -> dict[str, tuple[int, int]]:
    """The stacks that the kernel has: the bytes from, and up to."""
    names = {name: (f"__{name}_stack_bottom", f"__{name}_stack_top") for name in STACKS}
    return {name: (table.address(low), table.address(high)) for name, (low, high) in names.items()
            if low in table and high in table}


def moment(run: Run, count: int, *, devices: Sequence[int] = (), code: Sequence[int] = (),
           about: int | None = None) -> Moment:
    """The same run before its instruction `count` (0-based): GraderError if it never comes there.

    devices, code   physical addresses of devices' registers, and virtual ones of instructions: to read, into `words`
    about           a virtual address to say the mapping of
    """
    table = symbols.of(run.elf)

    def look(held: Held) -> None:
        registers = held.registers()
        walker = held.walker()
        read = _reader(held, walker)
        words = {address: held.word(address) for address in devices}
        words |= {address: _word(read, address) for address in code}
        told = "" if about is None or not walker.system["SCTLR"] & 1 else _mapping(walker.translate(about))
        held.keep(_KEPT, Moment(held.count, table.where(registers["r15"]), _word(read, registers["r15"]), registers,
                                walker.system["VBAR"], told, backtrace.unwind(table, registers, read), words, ()))

    unwatched = replace(run, boot=replace(run.boot, watch=(), marks=()))     # they have an end of their own
    again = engine.look(unwatched, budget=count, read_at_end=look)
    if again.end != "budget" or again.instructions != count or _KEPT not in again.kept:
        raise GraderError("the same kernel did not do the same again")
    return replace(again.kept[_KEPT], trail=again.trail)


_KEPT = "diagnosis"


def _reader(held: Held, walker: mmu.Walker) -> Callable[[int, int], bytes]:
    """Reads memory at a virtual address, within one page; LookupError where there is no RAM behind it."""
    def read(address: int, size: int) -> bytes:
        place = walker.translate(address & 0xffffffff)
        if isinstance(place, mmu.Fault) or not 0 <= place.pa - engine.RAM[0] <= engine.RAM[1] - size:
            raise LookupError(f"0x{address:08x}")
        return held.memory(place.pa, size)
    return read


def _word(read: Callable[[int, int], bytes], address: int) -> int:
    """The instruction word at an address, of Thumb its first half in the lower bits; 0 where there is no memory."""
    try:
        return int.from_bytes(read(address & ~1, 2) + read((address & ~1) + 2, 2), "little")
    except LookupError:
        return 0


def _mapping(found: mmu.Translation | mmu.Fault) -> str:
    """What the page tables say of an address."""
    if isinstance(found, mmu.Fault):
        return f"the tables say: {found}"
    rights = {"rw": "read and written", "r": "read", "": "not touched"}[found.privileged]
    return (f"the tables say: a {'section' if found.level == 1 else 'page'} at physical 0x{found.pa:08x}, to be "
            f"{rights}{', never executed' if found.xn else ''}; domain {found.domain}: {found.access}")


# What broke, by how the run ended.

def _crashed(run: Run, seen: Run) -> Diagnosis | None:
    """The crash vectors took an exception, said so, and ended the run."""
    over = _overflowed(run, seen)
    if over is not None:
        return over
    taken = _crash(seen)
    if taken is None:
        return _misled(run, seen)
    said = _excepted(run, taken)
    below = _below(run, said.moment)
    return replace(said, facts=(*said.facts, *below, *_strays(run, seen)),
                   named="stack overflow" if below else said.named)


def _misled(run: Run, seen: Run) -> Diagnosis | None:
    """The kernel's own vectors led to the crash vectors, to the entry of another exception than was taken."""
    first = next((mark for mark in seen.marks if mark.symbol in CRASHES), None)
    taken = None
    for each in reversed([t for t in seen.exceptions if first and t.count <= first.count]):
        if (taken or first).count - each.count > WAY:
            break
        taken = each        # one may have led to the next
    if taken is None:
        return None
    at = moment(run, taken.count)
    if at.place.file is None:       # a word that is none of the program's; behind it is who went to the crash vectors
        at = moment(run, first.count - 2)
    came = arm.VECTORS[int(first.symbol[-1])].name
    said = next((line for line in run.console.decode("utf-8", "replace").splitlines()
                 if line.startswith("crash: ")), "")
    return Diagnosis(
        f"An exception came ({KINDS.get(taken.kind, taken.kind)}), and the core went to its vector, "
        f"0x{taken.vector:08x}. From there it came to the crash vectors, and to the wrong one of them: {came}'s.",
        (*([said.replace("crash: ", "the crash vectors say: ", 1)] if said else ()),
         f"VBAR 0x{at.vbar:08x}: vectors begin at a multiple of 32; of any other address the lower bits are lost"),
        # lr is the exception's there, and no caller's
        replace(at, stack=replace(at.stack, frames=at.stack.frames[:1], end="")), "It came this way", "a wrong vector")


def _lost(run: Run, seen: Run) -> Diagnosis:
    """The core is where no code can be: an exception led there, or a jump did."""
    over = _overflowed(run, seen)
    if over is not None:
        return over
    first = next((t for t in seen.exceptions if t.count == run.instructions), None)
    if first is not None:
        said = _excepted(run, first)
        at = moment(run, max(first.count - 1, 0), about=first.vector)
        named, there, why = "no vectors", "no vectors are there", f"and that is {device(first.vector)}"
        if at.mapping:      # with the MMU on they may well be, and out of reach
            named, there, why = "vectors that cannot be fetched", at.mapping, "which cannot be fetched"
        return replace(said, named=named, facts=(f"VBAR 0x{at.vbar:08x}: {there}", *said.facts),
                       what=f"{said.what} The core then went to that exception's vector, 0x{first.vector:08x}, {why}.")
    empty = engine.EMPTY if run.pc >= engine.RAM[0] else 0      # words of zeros that were executed there
    before = moment(run, run.instructions - 1 - empty)
    how, why = a32.jump(before.word, before.thumb)
    what = f"It {how} address 0x{run.pc:08x}, and that is {device(run.pc)}."
    if empty:
        start = run.pc - empty * (2 if run.registers.get("cpsr", 0) & 0x20 else 4)
        size = 2 if before.thumb else 4
        how = "ran on to" if before.registers["r15"] + size == start else how
        return Diagnosis(f"It {how} address 0x{start:08x}, where no code is: {empty} words of zeros came in a row.",
                         _strays(run, seen), before, "It came from here", "a wild jump")
    if run.pc < 4096 and why:
        what = f"It {how} address 0x{run.pc:08x}: {why}."
    source = () if why else _source_of(before, run.pc)
    return Diagnosis(what, (*source, *_strays(run, seen)), before, "It came from here",
                     "a jump to zero" if run.pc < 4096 else "a wild jump")


def _endless(run: Run, seen: Run) -> Diagnosis | None:
    """It used up its budget, or came by one place too often."""
    return _storm(run, seen) or _overflowed(run, seen) or _starts_over(run, seen) or _loop(run, seen)


def _asleep(run: Run, seen: Run) -> Diagnosis | None:
    """It sleeps, and nothing can wake it."""
    return _overflowed(run, seen) or _sleep(run)


def _switched(run: Run, seen: Run) -> Diagnosis | None:
    """It made the call that switches the machine off, or resets it."""
    over = _overflowed(run, seen)
    if over is not None:
        return over
    at = moment(run, run.instructions - 1)
    if at.place.function == "run_off":          # the framework's: a crash within a crash, which says nothing
        return _crashed(run, seen)
    if run.end == "reset":
        return Diagnosis(f"The kernel reset the machine, by PSCI's SYSTEM_RESET (r0 = 0x{at.registers['r0']:08x}).",
                         (), at, named="a reset")
    return Diagnosis("The machine was switched off before the check was through, by PSCI's SYSTEM_OFF "
                     f"(r0 = 0x{at.registers['r0']:08x}).", (), at)


def _panicked(run: Run, seen: Run) -> Diagnosis | None:
    """Who called panic()."""
    calls = [mark.count for mark in seen.marks if mark.symbol == "panic_at"]
    return Diagnosis("The kernel panicked.", (), moment(run, calls[0])) if calls else None


def _sleeps_on(run: Run, seen: Run) -> Diagnosis | None:
    """It slept and woke too often: where, and how it came to be there."""
    return _overflowed(run, seen) or Diagnosis("", (), moment(run, run.instructions), "It stands here")


_FINDERS = {"fault": _crashed, "lost": _lost, "budget": _endless, "hold-budget": _endless, "restarts": _endless,
            "quiet": _asleep, "wfi-budget": _sleeps_on, "reset": _switched, "power-off": _switched, "panic": _panicked}


# Exceptions.

def _excepted(run: Run, taken: Taken) -> Diagnosis:
    """One exception, decoded, and the moment before the instruction that brought it."""
    at = moment(run, max(taken.count - 1, 0), about=taken.far)
    kind = taken.kind
    if kind == "data abort":
        fsr = taken.fsr or 0
        late = arm.fault_status(fsr) in arm.ASYNCHRONOUS
        access = "write to" if fsr & 1 << 11 else "read from"
        what = f"A {access} address 0x{taken.far or 0:08x} failed (data abort): {_meaning(fsr)}."
        if late:
            what = f"An earlier access failed, and the core heard of it here (data abort): {_meaning(fsr)}."
        return Diagnosis(what, _status(at, "DFSR", fsr, "DFAR", None if late else taken.far), at, named=kind)
    if kind == "prefetch abort":
        fsr = taken.fsr or 0
        how, _ = a32.jump(at.word, at.thumb)
        target = taken.far if taken.far is not None else taken.pc
        what = (f"It {how} address 0x{target:08x}, and there is no instruction to be had (prefetch abort): "
                f"{_meaning(fsr)}.")
        return Diagnosis(what, (*_status(at, "IFSR", fsr, "IFAR", target), *_source_of(at, target)), at,
                         "It came from here", kind)
    if kind == "undefined":
        return Diagnosis("The core came to an instruction that it does not have (undefined instruction).",
                         (_undefined(at),), at, named="undefined instruction")
    if kind in CALLS:
        number = f"{kind} #{taken.syndrome & 0xffff}"
        return Diagnosis(f"The kernel made a {KINDS[kind]}, {number}, and nothing handles it.", (), at, named=number)
    return Diagnosis(f"An exception came that nothing handles: {KINDS.get(kind, kind)}.", (), at,
                     "It interrupted the core here", KINDS.get(kind, kind))


def _meaning(fsr: int) -> str:
    status = arm.fault_status(fsr)
    return arm.fault(fsr) + (f", {MEANS[status]}" if status in MEANS else "")


def _status(at: Moment, name: str, fsr: int, far_name: str, far: int | None) -> tuple[str, ...]:
    """The fields of a fault status register, and the fault address."""
    said = [f"{field} {value}" + (f" ({words})" if words else "") for field, value, words in arm.fields(name, fsr)
            if field in ("FS", "WnR", "ExT", "Domain") or value]
    lines = [f"{name} 0x{fsr:08x}: {', '.join(said)}"]
    if far is not None:
        lines.append(f"{far_name} 0x{far:08x}: {at.mapping or device(far)}")
    return tuple(lines)


def _undefined(at: Moment) -> str:
    """The word at an undefined instruction, and what kind of a word it is."""
    if at.thumb:
        return f"Thumb instruction 0x{at.word & 0xffff:04x} at 0x{at.registers['r15']:08x}"
    return (f"word 0x{at.word:08x} at 0x{at.registers['r15']:08x}: {a32.undefined(at.word)}; "
            f"in {arm.MODES.get(at.mode, 'no known')} mode")


def _storm(run: Run, seen: Run) -> Diagnosis | None:
    """One exception that comes again and again, as its handler returns to what caused it, or does not quieten it."""
    taken = [t for t in seen.exceptions if t.kind not in CALLS]
    if len(taken) < STORM:
        return None
    same = [t for t in taken if (t.kind, t.pc, t.far) == (taken[-1].kind, taken[-1].pc, taken[-1].far)]
    if len(same) < STORM or 2 * len(same) < len(taken):
        return None
    kind = same[0].kind
    times = f"more than {vm.STORM:,} times" if seen.end == "storm" else f"{len(same) + seen.exceptions_more:,} times"
    if kind not in ("irq", "fiq"):
        said = _excepted(run, same[0])
        return replace(said, what=f"The same exception came again and again, {times}: its handler returns, and the "
                       f"same happens again. {said.what}", named=f"a storm: {said.named}")
    # A clock's tick comes again and again too. In a storm nothing is done in between: it comes as its handler returns.
    at = moment(run, same[0].count - 1, devices=_both(ISPENDR))
    if at.thumb or not a32.returns(at.word):
        return None
    return Diagnosis(f"The same {KINDS[kind]} came again and again, {times}, each as soon as the one before was "
                     "handled: nothing quietened what asks for it.",
                     (f"pending (GICD_ISPENDR): {_interrupts(at, ISPENDR)}",), at, "The handler returns here",
                     f"a storm: {KINDS[kind]}")


def _both(register: int) -> tuple[int, ...]:
    """The addresses of the distributor's registers for interrupts 0 to 63."""
    return GICD + register, GICD + register + 4


def _interrupts(at: Moment, register: int) -> str:
    """The interrupts from 16 on whose bits are set in such registers, in words; 0 to 15 are software's."""
    low, high = (at.words[address] for address in _both(register))
    found = [n for n in range(16, 64) if (high << 32 | low) >> n & 1]
    return ", ".join(f"{n} ({INTERRUPTS[n]})" if n in INTERRUPTS else str(n) for n in found) or "none"


def _source_of(at: Moment, target: int) -> tuple[str, ...]:
    """The register that holds a jump's target before it."""
    names = [f"r{i}" for i in range(15) if at.registers[f"r{i}"] & ~1 == target & ~1]
    name = {"r13": "sp", "r14": "lr"}.get(names[0], names[0]) if names else ""
    return (f"before it, {name} is 0x{at.registers[names[0]]:08x}",) if names else ()


def device(address: int) -> str:
    """What lies at a physical address of the board, in words."""
    return next((name for start, size, name in DEVICES if 0 <= address - start < size), "neither memory nor a device")


# Stacks.

def _suspects(run: Run, seen: Run) -> Iterator[tuple[engine.Access, Moment]]:
    """The first who wrote just below the stacks' ends."""
    bottoms = [bottom for bottom, _ in _stacks(symbols.of(run.elf)).values()]
    found: dict[int, dict[int, engine.Access]] = {bottom: {} for bottom in bottoms}
    for access in seen.accesses:
        for bottom in bottoms:
            if bottom - EDGE <= access.address < bottom and len(found[bottom]) < 3:
                found[bottom].setdefault(access.pc, access)
    first = sorted((access for by_pc in found.values() for access in by_pc.values()), key=lambda access: access.count)
    return ((access, moment(run, access.count)) for access in first[:SUSPECTS])


def _overflowed(run: Run, seen: Run) -> Diagnosis | None:
    """A stack that was used up: somebody wrote below its end through a stack pointer that has left it."""
    stacks = _stacks(symbols.of(run.elf))
    for access, at in _suspects(run, seen):
        name = STACK_OF.get(at.mode)
        if name not in stacks:
            continue
        bottom, top = stacks[name]
        sp = min(at.registers["r13"], access.address) if a32.through_sp(at.word, at.thumb) else at.registers["r13"]
        if bottom - FAR <= sp <= access.address < bottom:
            return Diagnosis(
                f"A stack overflow: the stack of {STACKS[name]} mode, {(top - bottom) // 1024} KB, is used up, and the "
                "kernel goes on below it, over whatever lies there.",
                (f"the stack ends at 0x{bottom:08x}, and this writes to 0x{access.address:08x}",), at,
                "It leaves its stack here", "stack overflow")
    return None


def _below(run: Run, at: Moment) -> tuple[str, ...]:
    """Words on a stack pointer that has left its mode's stack at the lower end."""
    table = symbols.of(run.elf)
    bottom, top = _stacks(table).get(STACK_OF.get(at.mode, ""), (0, 0))
    sp = at.registers["r13"]
    lowest = table.address("__bss_end") if "__bss_end" in table else bottom     # below may be the kernel's own stacks
    if not lowest <= sp < bottom:
        return ()
    return (f"a stack overflow: sp 0x{sp:08x} is {bottom - sp:,} bytes below the end of this mode's stack, "
            f"0x{bottom:08x} (it has {(top - bottom) // 1024} KB)",)


def _strays(run: Run, seen: Run) -> tuple[str, ...]:
    """Words on the first who wrote into a stack that it does not run on."""
    stacks = _stacks(symbols.of(run.elf))
    for access, at in _suspects(run, seen):
        bottom, top = stacks.get(STACK_OF.get(at.mode, ""), (0, 0))
        if not bottom <= access.address < top:
            return (f"before that, a stray write into a stack, to 0x{access.address:08x}: {at.place}",)
    return ()


# What never ends.

def _starts_over(run: Run, seen: Run) -> Diagnosis | None:
    """The kernel comes to its beginning again and again, by no reset."""
    name = symbols.of(run.elf).start
    counts = [mark.count for mark in seen.marks if mark.symbol == name]
    if len(counts) < 2:
        return None
    return Diagnosis(f"The kernel starts over, again and again: it came to {name} {len(counts):,} times, and nothing "
                     "reset the machine.", (), moment(run, counts[1] - 1), "It goes back to its start from here",
                     "a reset loop")


def _loop(run: Run, seen: Run) -> Diagnosis:
    """Where it goes round, and what it may be waiting for."""
    end = moment(run, run.instructions)
    turn = _period(end.trail)
    if turn is None:
        return Diagnosis("", (), end, "It was here when it was stopped")
    if len(turn) == 1:
        masked = [name for bit, name in ((7, "IRQs"), (6, "FIQs")) if end.registers["cpsr"] >> bit & 1]
        fact = f"{' and '.join(masked)} are masked: nothing can take it out of there" if len(masked) == 2 else ""
        return Diagnosis("The kernel stands in an endless loop of one instruction, a branch to itself.",
                         (fact,) if fact else (), end, "It stands here", "an endless loop")
    waits = _polled(run, turn)
    if waits:
        return waits
    return Diagnosis(f"The kernel goes round in a loop of {len(turn)} instructions, for ever.", _strays(run, seen), end,
                     "It spins here", "an endless loop")


def _period(trail: Sequence[int]) -> tuple[int, ...] | None:
    """The shortest turn that the end of a trail is repeated of; None if there is none."""
    trail = tuple(trail[-LOOP:])
    for length in range(1, len(trail) // TURNS + 1):
        if all(trail[-i] == trail[-i - length] for i in range(1, len(trail) - length + 1)):
            return trail[-length:]
    return None


def _polled(run: Run, turn: Sequence[int]) -> Diagnosis | None:
    """The device register, or the variable, that a loop reads again and again."""
    code = moment(run, run.instructions, code=turn).words
    words = [code[pc] for pc in turn]
    loads = [(back, word) for back, word in zip(range(len(turn), 0, -1), words) if a32.loads(word)]
    moments = [(moment(run, run.instructions - back), word) for back, word in loads[:READS]]
    found = [(at, a32.address(word, at.registers), word) for at, word in moments]
    for at, address, word in found:
        if address is not None and address < engine.RAM[0]:
            return _waits_for_device(run, at, address, words, word >> 12 & 15)
    if any(a32.stores(word) for word in words):
        return None
    for at, address, word in found:
        name = next(iter(symbols.of(run.elf).names(address)), "") if address is not None else ""
        if name and not name.startswith("__"):
            return Diagnosis(f"The kernel waits for the variable {name} to change, and nothing changes it.",
                             (f"{name} lies at 0x{address:08x}; the loop has {len(turn)} instructions",), at,
                             "It waits here", "an endless wait")
    return None


def _waits_for_device(run: Run, at: Moment, address: int, words: Sequence[int], into: int) -> Diagnosis:
    what = f"The kernel waits for ever: it reads 0x{address:08x} again and again, which is {device(address)}."
    if address != UART + UARTFR:
        return Diagnosis(what, (), at, "It waits here", "an endless wait")
    flags = moment(run, at.count, devices=(address,)).words[address]
    said = ", ".join(f"{name} {flags >> bit & 1}" for bit, (name, _, _) in UART_FLAGS.items())
    bits = [bit for bit in UART_FLAGS if any(a32.tests(word, into) >> bit & 1 for word in words)]
    if len(bits) == 1:
        name, set_, clear = UART_FLAGS[bits[0]]
        value = flags >> bits[0] & 1
        what = (f"The kernel waits for the UART, for ever: it reads UARTFR and looks at {name}, which stays {value}: "
                f"{(clear, set_)[value]}.")
    else:
        what = "The kernel waits for the UART, for ever: it reads its flags, UARTFR, again and again."
    return Diagnosis(what, (f"UARTFR 0x{flags:08x}: {said}",), at, "It waits here", "an endless wait")


def _sleep(run: Run) -> Diagnosis | None:
    """A WFI that nothing ends: what could, and why it does not."""
    first = (GICD + CTLR, GICC + CTLR, GICC + PMR)
    at = moment(run, run.instructions - 1, devices=(*first, *_both(ISENABLER), *_both(ISPENDR)))
    on, interface, priority = (at.words[address] for address in first)
    facts = []
    if not on & 1:
        facts.append(f"GICD_CTLR 0x{on:08x}: the interrupt controller is off")
    if not interface & 1:
        facts.append(f"GICC_CTLR 0x{interface:08x}: its side that faces the core is off")
    elif not priority & 0xff:
        facts.append(f"GICC_PMR 0x{priority:08x}: no interrupt's priority is high enough")
    facts.append(f"enabled (GICD_ISENABLER): {_interrupts(at, ISENABLER)}; "
                 f"pending (GICD_ISPENDR): {_interrupts(at, ISPENDR)}")
    return Diagnosis("The kernel sleeps (WFI), and nothing is under way that could ever wake it.", tuple(facts), at,
                     "It sleeps here", "a sleep without end")
