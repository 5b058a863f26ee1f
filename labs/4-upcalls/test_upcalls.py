"""The checks of lab 4, in the order of the handout's steps.

States of the processor are lab 3's: drawn from the run's seed, with faults in A32, Thumb and IT blocks. What an environment finds at
its entry points, and in its save page, is compared with what exo/upcall.h says; what system calls make of its memory, with a model.
"""
import importlib.util
import random
import struct
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from grader import engine
from grader.checks import Boot, Wrong, check

_spec = importlib.util.spec_from_file_location("lab3", Path(__file__).parent.parent / "3-exceptions/test_exceptions.py")
lab3 = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(lab3)

CODE, DATA, NOTHING, TELL, SAVE_VA, USER_TOP = lab3.CODE, lab3.DATA, lab3.NOTHING, 0x300000, 0x3ffff000, 0x40000000
UNDEFINED, PREFETCH, DATA_ABORT = lab3.UNDEFINED, lab3.PREFETCH, lab3.DATA_ABORT
E, T, USER = lab3.E, lab3.T, lab3.USER
KINDS = {UNDEFINED: "undefined's", PREFETCH: "the prefetch abort's", DATA_ABORT: "the data abort's"}
ONCE, WITHIN, AGAIN, BUSY, ENTRIES, BROKEN = range(6)           # checks/upcalls.c
ENDED_NESTED = 2
UNMASKED = 0x100                # beside it: an interrupt came while the kernel was at that
ENDS = {UNMASKED | 2: "an interrupt came within env_nested()", 1: "ENDED_EXIT", 2: "ENDED_NESTED: a second fault", 3: "ENDED_EXCESS", 4: "ENDED_KILLED"}      # exo/upcall.h
TOLD = struct.Struct("<16I")
SLOT = ("cpsr", "cause", "address", "r0", "r1", "r2", "pc")
ENTRY = ("revoke", "transfer", "end", "begin", "undefined", "prefetch_abort", *(f"data_abort[{i}]" for i in range(15)))


def keep_told(held):
    lab3.keep_cases(held)
    held.keep("told", list(TOLD.iter_unpack(held.memory(held.address("told"), 1024 * TOLD.size))))
    held.keep("ended", struct.unpack("<1024I", held.memory(held.address("ended"), 4096)))
    for name in ("rest", "leaked"):
        held.keep(name, held.word(held.address(name)))


def its_end(run, why, told, which=None):
    """Of an environment that has ended; if it faulted twice, where: by fault `which` behind so many SVCs in TELL."""
    where = ""
    if why == ENDED_NESTED and which is not None:
        taken = engine.look(run).exceptions
        svcs = [n for n, each in enumerate(taken) if each.kind == "svc" and TELL <= each.pc < TELL + 2 * 4096]
        if told <= len(svcs):
            faults = [each for each in taken[svcs[told - 1] + 1:(svcs + [None])[told]]
                      if each.kind in ("undefined", "prefetch abort", "data abort")]
            where = f", at pc 0x{faults[which].pc:08x}" if len(faults) > max(which, 0) else ""
    return f"its environment ended ({ENDS.get(why, why)}{where})" if why else ""


def executed(run, first, last):
    """Where the kernel's instructions of those numbers are, as a sentence: stretches of lines, in order."""
    stretches = []
    for pc in engine.look(run, budget=last).trail[first - last:]:
        place = run.where(pc)
        if place.file is None or Path(place.file).parent.name == "checks":
            continue
        name = Path(place.file).name
        if stretches and stretches[-1][0] == name and 0 <= place.line - stretches[-1][2] <= 1:
            stretches[-1][2:] = place.line, stretches[-1][3] + 1
        else:
            stretches.append([name, place.line, place.line, 1])
    return "What was executed, by lines: " + ", ".join(
        f"{name}:{low}" + f"-{high}" * (high > low) + f" ({count})" * (count > 1) for name, low, high, count in stretches) + "."


# 4.1: the upcall.

@dataclass(frozen=True)
class Fault:
    """An exception in user mode, and what has to come of it."""
    what: str
    kind: int
    tf: lab3.Frame
    code: bytes
    fs: int = 0             # the fault status
    address: int = 0        # where it is known
    write: bool = False
    known: bool = True      # is the address?

    @property
    def entry(self):
        """The entry point's place among a save page's."""
        return {UNDEFINED: 4, PREFETCH: 5}.get(self.kind, 6 + 15 - (self.fs & 15))

    @property
    def cause(self):
        return self.fs & 15 | (self.fs & 16) << 6 | self.write << 11

    def domain(self):
        return 1 << 4 if self.kind == DATA_ABORT and self.fs in (9, 11) else 0


@dataclass
class Case(lab3.Case):
    """lab 3's, in an environment; `faults` are the exceptions that the application is told of, in order."""
    faults: list = field(default_factory=list)
    env: int = 0
    ends: bool = False      # the environment does, as it faulted within a fault

    def pack(self):
        return replace(self, action=self.action | self.env << 8).packed()

    def packed(self):
        return lab3.Case.pack(self)


def case(fault, env, action=ONCE, second=None, **more):
    other = {} if second is None else {"next": second.tf, "more": (second.tf.pc, second.code)}
    made = Case(fault.what, fault.tf, fault.code, action=action, env=env, **other, **more)
    return made


def boot(make, payload="upcalls", **more):
    return Boot(payload, input=lambda seed: struct.pack("<I", 0) + b"".join(each.pack() for each in make(random.Random(seed))),
                read_at_end=keep_told, budget=40_000_000, **more)


LOADS = tuple(each for each in lab3.LOADS if each[1] not in (3, 6))     # the kernel has no access flags (SCTLR.AFE = 0)
ALIGNED = (
    lab3.Instruction("ldm r1, {r2, r3}", 0xe891000c, (0xe891, 0x000c), DATA_ABORT),
    lab3.Instruction("ldrex r0, [r1]", 0xe1910f9f, (0xe851, 0x0f00), DATA_ABORT),
)


def fault_of(rng, instruction, kind, fs=None, address=None, write=False, what=None):
    """That instruction in A32 (kind 0), in Thumb (1) or in an IT block (2), somewhere in the code."""
    tf = lab3.placed(rng, kind, instruction)
    code = lab3.words(instruction.thumb if kind else instruction.a32)
    if address is not None:
        tf = tf.but(r1=address)
    known = instruction.number == DATA_ABORT
    if fs is None:
        fs = {PREFETCH: 2, UNDEFINED: 0}[instruction.number]
    return Fault(what or instruction.what, instruction.number, tf, code, fs, tf.r[1] if known else 0, write, known)


def faults(rng, odd=True):
    """Every exception that this machine can be made to raise, in each state. odd: where checks/upcalls.c has odd entries, too."""
    out = []
    for kind in range(3):
        for instruction in lab3.FAULTING[:3]:
            out.append(fault_of(rng, instruction, kind))
        for address, fs, where in LOADS:
            if not odd and 0x01000000 <= address < 0x02000000:
                continue
            for instruction, write in ((lab3.LDRD, False), (lab3.STRD, True)):
                out.append(fault_of(rng, instruction, kind, fs, address, write, f"{instruction.what} {where}"))
        for instruction in ALIGNED:
            out.append(fault_of(rng, instruction, kind, 1, DATA + 2, False, f"{instruction.what} at an address that is not aligned"))
        out.append(fault_of(rng, lab3.STRD, kind, 15, lab3.CONST, True, "strd of a page that is only to be read"))
        out.append(fault_of(rng, lab3.STRD, kind, 15, CODE, True, "strd into the code"))
    for thumb in (False, True):
        for address, fs, where in LOADS[1:] + ((DATA, 15, "of a page that is not to be executed"),):
            if not odd and 0x01000000 <= address < 0x02000000:
                continue
            tf = lab3.Frame.random(rng, address & ~3, thumb)
            out.append(Fault(f"a fetch {where}", PREFETCH, tf, b"", fs, address & ~3))
    for first in (0xf8d1, 0xf000):
        tf = lab3.Frame.random(rng, lab3.LATER - 2, True)
        out.append(Fault("a Thumb instruction with its second half on a page that is not mapped", PREFETCH, tf,
                         lab3.words(first), 7, lab3.LATER))
    return out


def upcalls(rng):
    cases = []
    for _ in range(2):
        for fault in faults(rng):
            odd = fault.fs in (8, 9, 11, 14)
            cases.append(case(fault, 0 if odd else rng.randrange(16), faults=[fault]))
    return cases


def harmless(value, frame, slot):
    """Nothing of the kernel's: small, of the application's addresses, or what the slot says, or bits of it."""
    return value < USER_TOP and (value < 0x1000 or value >= SAVE_VA) or any(value & ~word == 0 for word in slot) or value in frame.r


def follow(run, cases, entered=True, slots=True):
    """Each case came to the upcalls that it should: where they went and in what state; what the save page said."""
    seen, ends = list(zip(run.kept["seen"], run.kept["told"])), run.kept["ended"]
    for i, each in enumerate(cases):
        for n, fault in enumerate(each.faults):
            entry, told = seen.pop(0) if seen else (None, None)
            look = f"{KINDS[fault.kind]} way, in upcall.S"
            what = f"{each}." if n == 0 else f"{each}, and then {fault.what}."
            if entry is None or entry[0] != i:
                raise Wrong(what, expected=f"the application is entered at its entry {ENTRY[fault.entry]}",
                            got=its_end(run, ends[i], len(run.kept["seen"]) - len(seen) + (entry is None),
                                        1 if n == 0 and not any(before.ends for before in cases[:i]) else None)
                            or "it was not entered", look=look, run=run)
            frame, slot = lab3.frame_of(entry), told[:7]
            if entered:
                number = entry[1]
                lab3.compare(what, [f"entered at {ENTRY[fault.entry]}"],
                             [f"entered at {ENTRY[number]}" if number < len(ENTRY) else f"entered at 0x{frame.pc - 4:08x}"], look, run)
                state = fault.tf.but(pc=frame.pc, cpsr=frame.cpsr & 0xf80f0000 | USER)
                lab3.compare(f"{what} What the handler finds is not as it should be:", state.lines()[3:], frame.lines()[3:], look, run)
                if entry[2] != run.kept["rest"]:
                    raise Wrong(f"{what} The kernel's stack is not where it was.", expected=f"SVC's sp 0x{run.kept['rest']:08x}",
                                got=f"0x{entry[2]:08x}", look=look, run=run)
            if slots:
                expected = (fault.tf.cpsr, fault.cause | fault.domain(), fault.address, *fault.tf.r[:3], fault.tf.pc)
                got = list(slot)
                if fault.kind != UNDEFINED:
                    got[1] &= 0xc0f | (0xf0 if fault.domain() else 0) | 0xffffc000
                if not fault.known:
                    expected = (*expected[:2], got[2], *expected[3:])
                lab3.compare(f"{what} What is wrong with the exception slot:", [f"{name} 0x{word:08x}" for name, word in zip(SLOT, expected)],
                             [f"{name} 0x{word:08x}" for name, word in zip(SLOT, got)], look, run)
                if told[14]:
                    raise Wrong(f"{what} The kernel wrote elsewhere in the save page than into the exception slot.",
                                got=f"{told[14]} words, the first at offset {told[15]}", look=look, run=run)
                for name, value in [(f"r{k}", frame.r[k]) for k in range(3)] + [("the slot's address", slot[2])]:
                    if not harmless(value, fault.tf, slot):
                        raise Wrong(f"{what} Something of the kernel's is left for the application to see.",
                                    got=f"{name} 0x{value:08x}", look=look, run=run)
                if fault.kind != UNDEFINED:
                    lab3.compare(f"{what} What the handler finds of the slot in r1 and r2:", [f"r1 0x{slot[1]:08x}", f"r2 0x{slot[2]:08x}"],
                                 [f"r{k} 0x{frame.r[k]:08x}" for k in (1, 2)], look, run)
        if seen and seen[0][0][0] == i:
            raise Wrong(f"{each}.", expected="the environment ends" if each.ends else "no further upcall",
                        got=f"entered at {ENTRY[min(seen[0][0][1], 20)]}", look="upcall.S", run=run)
        if ends[i] != ENDED_NESTED * each.ends:
            raise Wrong(f"{each}.", expected="the environment " + ("ends, as it faulted within a fault" if each.ends else "lives"),
                        got=f"it {'ended: ' + ENDS.get(ends[i], str(ends[i])) if ends[i] else 'lives'}", look="upcall.S", run=run)


@check(points=7, step="4.1", boots=boot(upcalls),
       hint="A handler is entered in A32, in user mode, little-endian, in no IT block and with nothing masked, "
            "whatever the application was when it faulted; r3 to lr are as they were. data_abort[] is indexed "
            "by 15 - FS[3:0]. After a store with writeback the base has moved.")
def test_upcalls(run):
    """Each fault enters its own environment at its own entry, in A32 and user mode, with r3 to lr as they were."""
    follow(run, upcalls(run.random()), slots=False)


@check(points=5, step="4.1", boots=replace(boot(upcalls), of="upcalls"), needs="upcalls",
       hint="The slot has r0 to r2, the address of the instruction itself, all of the CPSR, and the status and "
            "address register of this kind of abort, and a handler finds these two in r1 and r2, too. Nothing else "
            "of the save page is the kernel's to write, and nothing of the kernel's is left in r0 to r2.")
def test_slots(run):
    """The exception slot says what was interrupted and why; nothing else in the save page changes, and nothing of the kernel's is told."""
    follow(run, upcalls(run.random()), entered=False)


def nested(rng):
    """A fault of each kind within one of each kind, elsewhere; the same once the slot is free; slots in use from the beginning."""
    cases = []
    kinds = [[fault for fault in faults(rng, False) if fault.kind == kind and len(fault.code)] for kind in KINDS]
    for one in range(3):
        for other in range(3):
            for action in (WITHIN, AGAIN):
                first, second = rng.choice(kinds[one]), rng.choice(kinds[other])
                while abs(first.tf.pc - second.tf.pc) < 16:
                    second = rng.choice(kinds[other])
                if action == WITHIN:        # an interrupt is pending, and waits until nothing is masked
                    second = replace(second, tf=second.tf.but(cpsr=second.tf.cpsr | lab3.I))
                cases.append(case(first, rng.randrange(1, 16), action, second, ends=action == WITHIN,
                                  faults=[first] + [second] * (action == AGAIN)))
        for busy in (1, 0x10, 0x80000000, 0x40000000, rng.getrandbits(32) | 1):
            first = rng.choice(kinds[one])
            cases.append(case(first, rng.randrange(1, 16), BUSY, x=busy, ends=True))
    rng.shuffle(cases)
    return cases


def released(run):
    if run.kept["leaked"]:
        raise Wrong("Environments ended, and were made again.", expected="as many pages free as before",
                    got=f"{run.kept['leaked'] - (run.kept['leaked'] >> 31 << 32)} fewer", look="nested, in upcall.S", run=run)


@check(points=5, step="4.1", boots=boot(nested), needs="upcalls",
       hint="The slot is in use while its cpsr is not 0, whatever else it says. A fault then is told to nobody:"
            " env_nested() is called in SVC mode, with everything masked, on the kernel's own stack.")
def test_nested(run):
    """A fault while the slot is in use ends that environment alone; once the slot is free it is an upcall like any other."""
    follow(run, nested(run.random()))
    released(run)


PLACES = (0, 0x40100000, 0xe9000000, 0x80000000, DATA, lab3.CONST, NOTHING, 0xffffffff, SAVE_VA, 0x3ffffffc, 4, 1)


def entries(rng):
    cases = []
    for kind in KINDS:
        there = [fault for fault in faults(rng, False) if fault.kind == kind and len(fault.code)]
        for place in PLACES:
            cases.append(case(rng.choice(there), rng.randrange(1, 16), ENTRIES, x=place, ends=True))
        for odd in (1, 2, 3):
            fault, env = rng.choice(there), rng.randrange(1, 16)
            cases.append(case(fault, env, ENTRIES, x=TELL + 4 * (env * len(ENTRY) + fault.entry) + odd, faults=[fault]))
    return cases


@check(points=3, step="4.1", boots=boot(entries), needs="nested",
       hint="An entry point is what the application says: it becomes a pc in user mode, and nothing else. What "
            "cannot be fetched there faults in user mode, while the slot is in use.")
def test_entries(run):
    """Entry points that are 0, the kernel's, devices', data or nowhere: the environment ends, and nothing of it runs in the kernel."""
    follow(run, entries(run.random()))
    released(run)


BROKEN_REGISTERS = [0x11110000 * (n + 1) + n & 0xffffffff for n in range(12)]


def breaks(rng):
    """(how, in which mode, the slot's CPSR) of each boot: SVC, IRQ, System, which has User's registers; with the slot free and in use."""
    return list(zip(rng.sample(range(3), 3), (0x1d3, 0x1d2, 0x1df), (0, 0, 0x10)))


def breaking(number):
    def make(rng):
        which, mode, busy = breaks(rng)[number]
        fault = fault_of(rng, lab3.LDR, 0, 7, NOTHING)
        return [case(fault, 1, BROKEN, x=which | mode << 8, y=busy, faults=[fault])]
    return make


def keep_save(held):
    keep_told(held)
    held.keep("slot", struct.unpack("<7I", held.memory(held.word(held.address("save_pa")) + 4096 - 28, 28)))


# As in lab 3's checks/broken.S.
BROKEN_AT = (("broken_undefined", "undefined instruction"), ("broken_load", "data abort"), ("", "prefetch abort"))


@check(points=2, step="4.1", needs="upcalls", ends="fault",
       boots=[replace(boot(breaking(number)), read_at_end=keep_save, budget=12_000_000) for number in range(3)],
       hint="SPSR says whose fault it is. It has to be asked before anything is stored or changed: the kernel's"
            " own goes to the same entry of crash_vectors, with every register as it was.")
def test_kernel_faults(runs):
    """A fault of the kernel's own goes to the crash vectors with its registers, and nothing is written into any save page."""
    for run, (which, _, busy) in zip(runs, breaks(runs[0].random())):
        symbol, name = BROKEN_AT[which]
        pc = run.symbol(symbol) if symbol else 0
        told = dict(zip(*[iter(" ".join(line.removeprefix("crash:") for line in run.lines()
                                        if line.startswith(("crash: r", "crash:  r", "crash:  sp"))).split())] * 2))
        lab3.compare("The kernel's own fault, as the crash vectors tell it:",
                     [f"crash: {name} at pc 0x{pc:08x}", *(f"r{n} 0x{r:08x}" for n, r in enumerate(BROKEN_REGISTERS))],
                     [next((line for line in run.lines() if line.startswith("crash: ")), "").partition(" in HYP")[0],
                      *(f"r{n} {told.get(f'r{n}')}" for n in range(12))], f"the {name}'s way, in upcall.S", run)
        before = (busy, *run.kept["told"][0][1:7])
        lab3.compare("The exception slot, behind a fault of the kernel's own:", [f"{name} 0x{word:08x}" for name, word in zip(SLOT, before)],
                     [f"{name} 0x{word:08x}" for name, word in zip(SLOT, run.kept["slot"])], "upcall.S", run)


UPCALL_COST = 18


@check(points=3, step="4.1", boots=replace(boot(upcalls), of="upcalls"), needs="upcalls",
       hint="Nothing is saved but into the slot; nothing is looked up but the handler. STM stores several "
            "registers and moves its base; the slot's words, and the handlers below it, are laid out for that. "
            "Look at how far from USER_TOP everything is.")
def test_upcall_cost(run):
    """With sixteen environments alive, for every kind: from fault to handler in at most 18 instructions of the kernel's."""
    taken = [each for each in engine.look(run).exceptions if each.level != 2]
    names = {"undefined": UNDEFINED, "prefetch abort": PREFETCH, "breakpoint": PREFETCH, "data abort": DATA_ABORT}
    pairs = [(one, then) for one, then in zip(taken, taken[1:]) if one.kind in names and then.kind == "svc"]
    assert len(pairs) == len(run.kept["seen"]), "each upcall ends in a system call"
    for one, then in pairs:
        took = then.count - one.count - 2       # less the check's own branch, and the handler's SVC
        if took > UPCALL_COST:
            raise Wrong(f"From {lab3.NUMBERS[names[one.kind]]} to the handler's first instruction, with sixteen environments alive. " +
                        executed(run, one.count, then.count - 1),
                        expected=f"at most {UPCALL_COST} instructions", got=f"{took}",
                        look=f"{KINDS[names[one.kind]]} way, in upcall.S", run=run)



# 4.2: resuming.

IT, J = 0x0600fc00, 1 << 24
LAND = {False: lab3.words(*4 * [0xef000000]), True: lab3.words(*8 * [0xdf00])}
RESUMES = ("resume_exception()", "resume_slice()", "SYS_RESUME(0)", "SYS_RESUME(1)")
KEPT = 0xfe0ffe20           # of a CPSR: flags, GE, IT, E, T
SLOTS = ("exception", "slice")


def lands(cpsr):
    """The CPSR that a slot's stands for."""
    return cpsr & (KEPT if cpsr & T else KEPT & ~IT) | USER


def resumption(rng, way, state, ticks=0, hostile=False, it=None):
    """From that slot, by that way, into A32 (state 0), Thumb (1) or an IT block (2), that one if it is given."""
    thumb = state > 0
    pc = TELL + rng.randrange(0, 0x1f00, 2 if thumb else 4)
    to = lab3.Frame.random(rng, pc, thumb, state == 2)
    if way < 2 and state != 2 and rng.randrange(4):
        to.cpsr &= ~E
    if it is not None:
        to.cpsr = lab3.with_it(to.cpsr & ~E, it) | 1 << 30          # and it is executed, if for EQ
    to.cpsr &= ~0x1c0           # (lab 3's states may have something masked)
    if hostile:
        to.cpsr = to.cpsr & ~0x1f | rng.choice((0x10, 0x11, 0x12, 0x13, 0x16, 0x17, 0x1a, 0x1b, 0x1f, 0, rng.randrange(32)))
        to.cpsr |= rng.choice((0, 0x1c0, 0x80, 0x40, 0x100)) | rng.getrandbits(4) << 20
        if not thumb:
            to.cpsr |= rng.getrandbits(32) & (IT | J)
        elif rng.randrange(4) == 0:
            to.cpsr |= J
    # (tf says where it lands, as the payload knows where it begins.)
    start = lab3.Frame.random(rng, pc, False).but(cpsr=USER | rng.getrandbits(5) << 27 | rng.getrandbits(4) << 16)
    into = "an IT block" if state == 2 else "Thumb" if thumb else "A32"
    return Case(f"{RESUMES[way]}: a slot with pc 0x{pc:08x} and CPSR 0x{to.cpsr:08x}, {into}" +
                (", and an interrupt meanwhile" if ticks else ""), start, LAND[thumb], next=to, x=way, y=ticks)


def resumed(run, cases):
    """Each case went on as its slot says, and the slot is free."""
    seen = {entry[0]: (entry, told) for entry, told in zip(run.kept["seen"], run.kept["told"])}
    for i, each in enumerate(cases):
        by = "resume, in upcall.S" if each.x >= 2 else "libos/resume.S" if plain(each) else (
            "libos/resume.S: does it leave this CPSR to the kernel, and r7 where its slot's is?")
        to, kernels = each.next, each.x >= 2
        if i not in seen:
            raise Wrong(f"{each.what}.", expected="it goes on there", got=its_end(run, run.kept["ended"][i], i + 1, -1) or
                        "it went somewhere else", look=by, run=run)
        entry, told = seen[i]
        state = lands(to.cpsr)
        step = 4 if not state & T else 2
        expected = lab3.Frame([*to.r[:3], *each.tf.r[3:]], to.pc + step, lab3.with_it(state, lab3.advanced(lab3.it_of(state))))
        if kernels:
            expected = expected.but(r7=to.r[7])
        got = lab3.frame_of(entry)
        got.cpsr &= ~0x00f00000
        lab3.compare(f"{each.what}. It went on in another state; the next instruction, and what is wrong with the rest:",
                     expected.lines(), got.lines(), by, run)
        slots = (told[0], told[7])
        if slots[each.x & 1]:
            raise Wrong(f"{each.what}. It went on.", expected=f"the {SLOTS[each.x & 1]} slot is free: its cpsr 0",
                        got=f"0x{slots[each.x & 1]:08x}", look=by, run=run)
        if told[14]:
            raise Wrong(f"{each.what}. The save page is not as it was.", expected="changes to the slots alone",
                        got=f"{told[14]} words changed, the first at offset {told[15]}", look=by, run=run)
        if entry[2] != run.kept["rest"]:
            raise Wrong(f"{each.what}. The kernel's stack is not where it was.", expected=f"SVC's sp 0x{run.kept['rest']:08x}",
                        got=f"0x{entry[2]:08x}", look=by, run=run)


def plain(case):
    """In user mode alone: nothing that the kernel has to restore."""
    return case.x < 2 and not case.next.cpsr & (IT | E | J)


def by_user(rng):
    return [each for each in (resumption(rng, i & 1, i >> 1 & 1) for i in range(160)) if plain(each)]


def by_kernel(rng):
    """First by the kernel's part alone, and then by both; with every bit of IT as the only one, too."""
    cases = [resumption(rng, 2 * (i < 100) + (i & 1), i // 2 % 3) for i in range(200)]
    for way in (0, 1):
        for it in (1, 2, 4, 8):
            cases.append(resumption(rng, way, 2, it=it))
    return cases


def hostile(rng):
    return [resumption(rng, 2 * (i < 100) + (i & 1), i // 2 % 3, hostile=True) for i in range(200)]


def resuming(make, **more):
    return boot(make, "resume", **more)


@check(points=4, step="4.2", boots=resuming(by_user),
       hint="MSR CPSR_fs writes flags and GE in user mode; LDM with the pc in its list goes on, in Thumb where "
            "bit 0 says so. The slot is free before that, and r3 to lr are nobody's to use.")
def test_resume(run):
    """resume_exception() and resume_slice() go on with all that the slot says, A32 or Thumb, flags and GE included; the slot is free."""
    resumed(run, by_user(run.random()))


@check(points=2, step="4.2", boots=replace(resuming(by_user), of="resume"), needs="resume",
       hint="Only where IT, E or J are not zero has the kernel to help.")
def test_resume_cost(run):
    """Resuming takes no instruction of the kernel's."""
    svcs = [each for each in engine.look(run).exceptions if each.kind == "svc"]
    for each in svcs[1:]:           # the first tells where everything is
        if each.pc < TELL:
            raise Wrong("An application goes on from a slot with no IT, E and J in its CPSR.", expected="no exception before it is there",
                        got=f"a system call at 0x{each.pc:08x}", look="resume.S", run=run)


@check(points=4, step="4.2", boots=resuming(by_kernel), needs="resume",
       hint="MSR SPSR_fsxc and an exception return restore all of a CPSR at once. r7, which had the system "
            "call's number, is in resume_r7. resume.S leaves to SYS_RESUME every CPSR with any of IT[7:0], J or E.")
def test_resume_by_kernel(run):
    """SYS_RESUME, called by resume.S or directly, goes on with all that a slot says, IT and E included, and r7 from resume_r7."""
    resumed(run, by_kernel(run.random()))


@check(points=2, step="4.2", boots=resuming(hostile), needs="resume-by-kernel",
       hint="The application wrote that CPSR. Of it flags, GE, E and T are its own, and with T also IT; mode "
            "and masks the kernel decides.")
def test_resume_hostile(run):
    """Whatever CPSR a slot has, what goes on is in user mode with nothing masked; IT without T is no IT."""
    resumed(run, hostile(run.random()))


def keep_stopped(held):
    keep_told(held)
    held.keep("stopped", struct.unpack("<1024I", held.memory(held.address("stopped"), 4096)))


def touches_memory(word):
    """Whether that A32 instruction loads or stores, without going anywhere by it."""
    kind, extra = word >> 25 & 7, word >> 25 & 7 == 0 and word & 0x90 == 0x90 and word & 0x60 != 0
    to_pc = word & 1 << 20 and (word & 1 << 15 if kind == 4 else word >> 12 & 15 == 15)
    return (kind in (2, 4) or kind == 3 and not word & 1 << 4 or extra) and not to_pc


def preempted(rng):
    return [resumption(rng, way, state, ticks) for ticks in range(15, 90) for way, state in ((0, 0), (0, 1), (0, 2), (2, rng.randrange(3)))]


@check(points=3, step="4.2", boots=replace(resuming(preempted), read_at_end=keep_stopped), needs="resume-hostile",
       hint="Once the slot is free nothing but the last LDM may touch memory: who faults there comes back with the slot lost. At the end of a slice the same application is entered, amid its own resume, and goes on by "
            "resume_slice(): what the two use besides registers and their own slots they take from each other.")
def test_resume_interrupted(run):
    """An interrupt between any two instructions of the way back changes nothing of where it leads."""
    cases = preempted(run.random())
    resumed(run, cases)
    for each, word in zip(cases, run.kept["stopped"]):
        if touches_memory(word):
            raise Wrong(f"{each.what}. The slot is free then, but the way back not over.", expected="the LDM that goes on, or nothing that can fault",
                        got=f"the next instruction, 0x{word:08x}, is a load or a store", look="libos/resume.S", run=run)


# 4.3: pages by capability. What checks/pages.c carries out, followed with a model.

PAGE, STRETCH, ANY = 4096, 1 << 22, 0xffffffff
R, W, X, GUARD, ALL = 1, 2, 4, 8, 15
PROTS = (0, R, R | W, R | X)
INVAL, NOMEM, EXISTS, NOENT, PERM, FAULTED = -1, -2, -3, -4, -6, -7
ERRORS = {-1: "-E_INVAL", -2: "-E_NOMEM", -3: "-E_EXISTS", -4: "-E_NOENT", -6: "-E_PERM", -7: "-E_FAULT"}
NEW, BIND, PROTECT, UNMAP, TABLE = range(5)
OPS_NAMES = ("PAGE_NEW", "PAGE_BIND", "PAGE_PROTECT", "PAGE_UNMAP", "PAGE_TABLE")
CAPS, OPS, OPS_END = 0x100000, 0x101000, 0x103000
CALL_PAGES, CALL_PROTECT, CALL_REVOKE = range(3)
SELF, NOBODY, GONE = 0, 4, 5
KERNELS = 1                     # the owner of tables
POOL = 0x44000000
PAGE_OPS = 256
OUTCOME = struct.Struct("<2Ii5I8s2I")

# Capabilities that each environment has: a name, rights, whether it is forged. 'a', 'b' and 'c' are the environments' guards.
WISHES = ((b"a", ALL, 0), (b"b", ALL, 0), (b"c", ALL, 0), (b"", ALL, 0), (b"a", R, 0), (b"ab", ALL, 0), (b"a", R | W, 0), (b"b", R | X, 0),
          (b"a", ALL, 1), (b"", ALL, 1), (b"b", W | X | GUARD, 0), (b"abcdefgh", ALL, 0), (b"c", R, 0), (b"a", ALL, 0), (b"\xff", ALL, 0))
OWN, ROOT, FORGED, NARROW, SPARE = (0, 1, 2), 3, 8, 5, 13


def cap_at(i):
    return CAPS + 32 * i


def l1(env):
    return 1 | env << 3


def l2(env, va):
    return 1 | 1 << 1 | env << 3 | va & ~0xfff


def save(env):
    return 1 | 2 << 1 | env << 3


def at(env, va):
    """The page that is mapped there."""
    return 1 | 3 << 1 | env << 3 | va & ~0xfff


@dataclass(frozen=True)
class Op:
    kind: int
    va: int
    prot: int = 0
    pa: int = 0
    cap: int = 0

    def pack(self):
        return struct.pack("<6I", self.kind, self.va, self.prot, self.pa, self.cap, 0)

    def __str__(self):
        name = OPS_NAMES[self.kind] if self.kind < 5 else f"kind {self.kind}"
        more = "" if self.kind in (PROTECT, UNMAP) else f", pa 0x{self.pa:08x}"
        shown = "" if self.kind > BIND else f", cap 0x{self.cap:08x}"
        return f"{name} va 0x{self.va:08x}" + ("" if self.kind in (UNMAP, TABLE) else f", prot {self.prot:#x}") + more + shown


@dataclass(frozen=True)
class Step:
    """A system call of environment `current`."""
    ops: tuple = ()
    current: int = 0
    target: int = SELF
    at: int = OPS
    count: int | None = None
    cap: int = 0
    what: int = CALL_PAGES

    def pack(self):
        count = len(self.ops) if self.count is None else self.count
        laid = b"".join(op.pack() for op in self.ops[:6])         # more than 6: they repeat
        return struct.pack("<7I", self.what, self.current, self.target, self.at, count, self.cap, len(self.ops)) + laid.ljust(6 * 24, b"\0")


def protect(current, va, prot):
    return Step((), current, SELF, va, prot, 0, CALL_PROTECT)


def revoke(current, page, cap):
    return Step((), current, SELF, page, 0, cap, CALL_REVOKE)


@dataclass
class Cap:
    name: bytes
    rights: int
    forged: int
    epoch: int = 0

    def fits(self, name, epoch, rights):
        return not self.forged and name.startswith(self.name) and self.epoch >= epoch and not rights & ~self.rights


@dataclass
class Page:
    owner: int
    name: bytes
    epoch: int = 0
    holders: int = 1


def said(errors):
    return " or ".join(ERRORS.get(error, str(error)) for error in sorted(errors, reverse=True))


class Memory:
    """Three environments, their pages and capabilities, followed call by call."""

    def __init__(self, run):
        self.run, self.ids, self.now = run, run.kept["ids"], 0
        self.spaces = [{SAVE_VA: (pa, R | W, R | W)} for pa in run.kept["saves"]]
        for i, space in enumerate(self.spaces):
            space.update({va: (("given", i, va), R | W, R | W | X) for va in range(CAPS, OPS_END, PAGE)})
        self.pages = {pa: Page(owner, name) for pa, owner, name in zip(run.kept["saves"], self.ids, (b"a", b"b", b"c"))}
        self.caps = [[Cap(*wish) for wish in WISHES] for _ in range(3)]
        self.tables = Counter(run.kept["l1"])   # and those of the second level that somebody sees
        self.what = ""

    def fail(self, problem, expected, got, look="pages.c"):
        raise Wrong(f"{self.what}: {problem}", expected=expected, got=got, look=look, run=self.run)

    def readable(self, env, va, size, write=False):
        wanted = R | W if write else R
        return va + size <= USER_TOP and all(self.spaces[env].get(page, (0, 0))[1] & wanted == wanted
                                             for page in range(va & -PAGE, va + size, PAGE))

    def cap_of(self, env, va):
        """The capability there; None where there is none (bytes that are no capability's)."""
        i, odd = divmod(va - CAPS, 32)
        return self.caps[env][i] if not odd and 0 <= i < len(WISHES) else None

    def allows(self, cap, name, epoch, rights):
        return cap is not None and cap.fits(name, epoch, rights)

    def mapping(self, space, va, prot):
        """Errors of any mapping."""
        return {error for error, wrong in ((INVAL, va % PAGE or not PAGE <= va < USER_TOP or prot not in PROTS), (EXISTS, va in space)) if wrong}

    def call(self, n, step, status, outcomes):
        target = {SELF: step.current, NOBODY: None, GONE: None}.get(step.target, step.target - 1)
        who = f"Call {n}, of environment {'abc'[step.current]}"
        if step.what == CALL_REVOKE:
            return self.revoked(step, status)
        if step.what == CALL_PROTECT:
            self.what = f"{who}: SYS_PROTECT of 0x{step.at:08x}, prot {step.count:#x}"
            return self.expect(status, self.do(step.current, step.current, Op(PROTECT, step.at, step.count), None), 0, "")
        count = len(step.ops) if step.count is None else step.count
        most = min(count, PAGE_OPS)
        self.what = f"{who}: SYS_PAGES for " + ("itself" if target == step.current else "nobody" if target is None else
                                                f"environment {'abc'[target]}") + f", {count} operations at 0x{step.at:08x}"
        errors = set()
        if target is None:
            errors = {NOENT, FAULTED, PERM} if step.target == GONE else {NOENT}
        elif target != step.current:
            if not self.readable(step.current, step.cap, 24):
                errors = {FAULTED}
            elif not self.allows(self.cap_of(step.current, step.cap), b"abc"[target:target + 1], 0, W):
                errors = {PERM}
        if errors:
            return self.expect(status, errors, 0, "")
        done = 0
        while done < most:
            op = step.ops[done] if done < len(step.ops) else None
            place = step.at + done * 24
            outcome = outcomes[done % len(outcomes)] if outcomes else None
            if not self.readable(step.current, place, 24) or place >= USER_TOP:
                errors = {FAULTED}
                break
            assert op is not None, "operations that the grader has not laid there"
            # The page is a table: l1() or l2(), or one that nobody else had when the kernel needed one, and that is one still.
            table = op.kind < PROTECT and op.pa != ANY and (op.pa & 5 == 1 and outcome[0] != 0 or
                                                            outcome[10] == KERNELS and (status < 0 or status == done))
            op = replace(op, pa=outcome[0])
            errors = self.do(target, step.current, op, outcome, place, table)
            if errors:
                break
            done += 1
        stopped = "" if done == most else f" Number {done + 1}" + (f" ({op})" if op else "") + f" has to fail: {said(errors)}."
        if not stopped or status < done:        # one too few, and which
            stopped = self.undone(step, status, done, outcomes) or stopped
        self.expect(status, errors if done == 0 else set(), done, stopped)
        self.compare(step, target, outcomes, done)

    def undone(self, step, status, done, outcomes):
        """Of the operation that failed, and has to be done."""
        number = max(status, 0)
        if number >= min(done, len(step.ops)):
            return ""
        op = replace(step.ops[number], pa=outcomes[number][0])
        return f" Number {number + 1} ({op}) has to be done" + (f", and returned {said({status})}." if status < 0 else ".")

    def expect(self, status, errors, done, why):
        if status not in (errors or {done}):
            self.fail(f"what it returned.{why}", said(errors or {done}), said({status}))

    def compare(self, step, target, outcomes, done):
        """What is mapped now where the operations said, and whose it is."""
        space = self.spaces[target]
        for i, (op, (pa, after, status, mpa, prot, rights, owner, epoch, name, *_)) in enumerate(zip(step.ops, outcomes)):
            if i >= done and self.readable(step.current, step.at + i * 24, 24) and after != pa:
                self.fail(f"{op}, which was not done. What it says in pa then", f"0x{pa:08x}, as before", f"0x{after:08x}")
            found = space.get(op.va)
            if (found is None) != (status != 0):
                self.fail(f"{op}. Then, at 0x{op.va:08x}", "nothing is mapped" if found is None else "a page", "a page" if found is None else
                          "nothing is mapped")
            if found is None:
                continue
            if isinstance(found[0], tuple):         # a page that was there before
                if prot != found[1]:
                    self.fail(f"{op}. Then, at 0x{op.va:08x}", f"a page for prot {found[1]:#x}", f"one for prot {prot:#x}")
                continue
            expected = f"page 0x{found[0]:08x}, prot {found[1]:#x} of rights {found[2] | R:#x}"
            if (got := f"page 0x{mpa:08x}, prot {prot:#x} of rights {rights:#x}") != expected:
                self.fail(f"{op}. Then, at 0x{op.va:08x}", expected, got)
            page = self.pages.get(found[0])
            if page is None:
                continue
            expected = f"owner {page.owner:#x}, guard {page.name!r}, epoch {page.epoch}"
            if (got := f"owner {owner:#x}, guard {name.rstrip(bytes(1))!r}, epoch {epoch}") != expected:
                self.fail(f"{op}. The page that is mapped then", expected, got)

    def do(self, target, current, op, outcome, place=None, table=False):
        """What an operation changes; or the errors, of which it returns one."""
        space = self.spaces[target]
        if op.kind in (NEW, BIND):
            if not self.readable(current, op.cap, 24):
                return {FAULTED}
            cap = self.cap_of(current, op.cap)
        if op.kind == NEW:
            return self.new(space, target, current, op, cap, outcome, place, table)
        if op.kind == BIND:
            return self.bind(space, op, cap, table)
        if op.kind not in (PROTECT, UNMAP, TABLE):
            return {INVAL}
        saved = {PERM} if op.va == SAVE_VA else set()
        if op.kind == TABLE:
            return self.table(space, target, op, outcome, saved)
        found = space.get(op.va)
        wrong = {INVAL} if op.va % PAGE or not PAGE <= op.va < USER_TOP else {NOENT} if found is None else set()
        if op.kind == UNMAP:
            if not (errors := saved | wrong):
                self.let_go(space.pop(op.va)[0])
            return errors
        errors = saved | wrong | ({INVAL} if op.prot not in PROTS else set())
        if found is not None and op.prot & ~found[2]:
            errors |= {PERM}
        if not errors:
            space[op.va] = found[0], op.prot, found[2]
        return errors

    def let_go(self, pa):
        page = self.pages.get(pa)
        if page is None:
            self.tables -= Counter([pa])
            return
        page.holders -= 1
        if page.holders == 0:
            del self.pages[pa]

    def new(self, space, target, current, op, cap, outcome, place, table):
        if not self.readable(current, place, 24, write=True):
            return {FAULTED}
        errors = self.mapping(space, op.va, op.prot)
        if cap is None or not cap.fits(cap.name, cap.epoch, op.prot | R):
            errors |= {PERM}
        any_page = op.pa == ANY
        if not any_page:
            if op.pa % PAGE or not 0x40200000 <= op.pa < 0x47ff0000:
                errors |= {INVAL}
            elif table or op.pa in self.pages or op.pa in self.tables:
                errors |= {EXISTS}
        if errors:
            return errors
        # (What it tells is there to be read unless a later operation of the call took it away.)
        pa = outcome[1] or outcome[3] if any_page else op.pa
        if any_page and (pa in self.pages or pa in self.tables or pa % PAGE):
            self.fail(f"{op}. What it says in pa then", "a page that was free", f"0x{pa:08x}")
        self.pages[pa] = Page(self.ids[target], cap.name, cap.epoch)
        space[op.va] = pa, op.prot, cap.rights & (W | X) | R
        return set()

    def bind(self, space, op, cap, table):
        errors = self.mapping(space, op.va, op.prot)
        page = self.pages.get(op.pa)
        if table or op.pa in self.tables:
            return errors | {PERM}
        if page is None:
            return errors | {INVAL}
        if not self.allows(cap, page.name, page.epoch, op.prot | R):
            errors |= {PERM}
        if not errors:
            page.holders += 1
            space[op.va] = op.pa, op.prot, cap.rights & (W | X) | R
        return errors

    def table(self, space, target, op, outcome, saved):
        errors = saved | self.mapping(space, op.va, R)
        if op.pa > USER_TOP:
            errors |= {INVAL}
        elif op.pa < USER_TOP and not any(va // STRETCH == op.pa // STRETCH for va in space):
            # (One without entries stays where it is while somebody looks at it.)
            if not outcome[9]:
                errors |= {NOENT}
        if not errors:
            table = outcome[9] & -PAGE
            self.tables[table] += 1
            space[op.va] = table, R, R
        return errors

    def revoked(self, step, status):
        pa = step.at if not step.at & 1 else None
        page, cap = self.pages.get(pa), self.cap_of(step.current, step.cap)
        if page is not None and cap.fits(page.name, page.epoch, GUARD):
            self.now += 1
            page.epoch = cap.epoch = self.now


def keep_pages(held):
    for name, size in (("ids", 3), ("ttbr0", 3), ("saves", 3)):
        held.keep(name, struct.unpack(f"<{size}I", held.memory(held.address(name), 4 * size)))
    held.keep("l1", [ttbr0 & -PAGE for ttbr0 in held.kept("ttbr0")])
    maps = []
    for env, count in enumerate(struct.unpack("<3I", held.memory(held.address("entry_count"), 12))):
        data = held.memory(held.address("entries") + env * 2048, 2048)
        maps.append(dict(list(struct.iter_unpack("<2I", data))[:min(count, 256)]))
    held.keep("maps", maps)
    size = 4 + 6 * OUTCOME.size
    data = held.memory(held.address("results"), 384 * size)
    held.keep("results", [(struct.unpack_from("<i", data, i)[0], list(OUTCOME.iter_unpack(data[i + 4:i + size])))
                          for i in range(0, len(data), size)])
    held.keep("leaked", held.word(held.address("leaked")))


def mapped(entry):
    """A second-level descriptor (DDI 0406C, B3.5.1): the page, what user mode may do, whether it can be fetched."""
    user = "" if entry & 0x30 != 0x30 else "r" if entry & 0x200 else "rw"
    return (entry & -PAGE, user, entry & 1) if entry & 2 else (0, "", 1)


def calling(make):
    def packed(seed):
        wishes = b"".join(struct.pack("<8s3I", name, rights, 0, forged) for name, rights, forged in WISHES)
        return struct.pack("<I", len(WISHES)) + wishes + b"".join(step.pack() for step in make(random.Random(seed)))
    return Boot("pages", input=packed, read_at_end=keep_pages, budget=40_000_000)


def called(run, steps):
    """Every call returned, and did, what the model says; so do the tables; and no page is lost in the end."""
    memory = Memory(run)
    for n, (step, (status, outcomes)) in enumerate(zip(steps, run.kept["results"])):
        memory.call(n, step, status, outcomes[:len(step.ops)])
    for env, (space, maps) in enumerate(zip(memory.spaces, run.kept["maps"])):
        memory.what = f"The tables of environment {'abc'[env]} in the end"
        for va in sorted(set(space) | set(maps)):
            user = {0: "", R: "r", R | W: "rw", R | X: "r"}
            expected, got = "nothing", "nothing"
            if va in space:
                pa, prot, _ = space[va]
                expected = ("" if isinstance(pa, tuple) else f"page 0x{pa:08x}, ") + f"'{user[prot]}'" + (", executable" if prot & X else "")
            if va in maps:
                pa, may, xn = mapped(maps[va])
                got = ("" if va in space and isinstance(space[va][0], tuple) else f"page 0x{pa:08x}, ") + f"'{may}'" + \
                    (", executable" if may and not xn else "")
            if expected != got:
                memory.fail(f"0x{va:08x}", expected, got)
    leaked = run.kept["leaked"]
    if leaked:
        raise Wrong("All three environments have ended.", expected="as many pages free as before",
                    got=f"{leaked} fewer" if leaked < 1 << 31 else f"{(1 << 32) - leaked} more", look="pages.c", run=run)


HERE = (0x400000, 0x401000, 0x402000, 0x7ff000, 0x800000, 0x801000, 0x30000000)


def simple(rng):
    """Of its own pages, one operation a call; and what makes no sense."""
    a = cap_at(0)
    steps = []
    for i, prot in enumerate(PROTS):
        va = HERE[i]
        steps += [Step((Op(NEW, va, prot, ANY, a),)), Step((Op(NEW, va, prot, ANY, a),)),
                  Step((Op(BIND, va + 0x100000, R, at(0, va), a),))]
        steps += [Step((Op(PROTECT, va, other),)) for other in (*PROTS, W, X, W | X, 7, 8, 0x10)]
        steps += [Step((Op(UNMAP, va),)), Step((Op(UNMAP, va),)), Step((Op(PROTECT, va, R),)), Step((Op(UNMAP, va + 0x100000),))]
    steps += [Step((Op(NEW, 0x400000, R | W, POOL, a),)), Step((Op(NEW, 0x401000, R | W, POOL, a),)),
              Step((Op(BIND, 0x401000, R | W, POOL, a),)), Step((Op(UNMAP, 0x400000),)), Step((Op(BIND, 0x400000, R, POOL, a),)),
              Step((Op(UNMAP, 0x401000),)), Step((Op(UNMAP, 0x400000),)), Step((Op(BIND, 0x400000, R, POOL, a),)),
              Step((Op(NEW, 0x400000, R | X, POOL, a),))]
    for va in (0, 4, 0x402001, 0x402800, USER_TOP, 0x40100000, 0xfffff000, USER_TOP - 1):
        steps += [Step((Op(kind, va, R, {NEW: ANY, BIND: POOL}.get(kind, va & 0x3fffffff), a),)) for kind in range(5)]
    for pa in (0, 2, 0x09000000, 0x40000000, 0x40100000, 0x47ff0000, 0x48000000, POOL + 2, POOL + 0x800, 0xfffff000, 0xfffffffe):
        steps += [Step((Op(kind, 0x402000, R, pa, cap_at(ROOT)),)) for kind in (NEW, BIND)]
    steps += [Step((Op(NEW, 0x402000, prot, ANY, a),)) for prot in (W, X, W | X, 7, 8, 0x13, 0xffffffff)]
    steps += [Step((Op(kind, va, R, ANY, a),)) for va in (0x402000, SAVE_VA) for kind in (5, 6, 255, 256, 0x10003, 0x80000000, 0xffffffff)]
    steps += [protect(0, 0x400000, prot) for prot in (*PROTS, W, 7)] + [protect(0, 0x403000, R), protect(1, 0x400000, R)]
    return steps


@check(points=4, step="4.3", boots=calling(simple),
       hint="as_map(), as_bind(), as_protect() and as_unmap() do the work and know most of what is refused. A "
            "new page is held by its mapping alone, or by nobody.")
def test_pages(run):
    """An environment makes, binds, protects and unmaps pages of its own; what makes no sense is refused, and no page is lost."""
    called(run, simple(run.random()))


def guarded(rng):
    """Each capability for pages of each guard, by another environment; then some of them stale."""
    steps = []
    made = [(0, 0x400000, 0), (0, 0x401000, NARROW), (1, 0x402000, 1), (2, 0x800000, 2), (0, 0x801000, 11), (1, 0x802000, 14)]
    for env, va, cap in made:
        steps.append(Step((Op(NEW, va, R | W, ANY, cap_at(cap)),), env))

    def all_of(current, prots):
        out = []
        for env, va, _ in made:
            for cap in range(len(WISHES)):
                prot = rng.choice(prots)
                out.append(Step((Op(BIND, 0x10000000, prot, at(env, va), cap_at(cap)), Op(PROTECT, 0x10000000, rng.choice(PROTS)),
                                 Op(UNMAP, 0x10000000)), current))
        return out
    steps += all_of(2, PROTS)
    for cap in range(len(WISHES)):      # and for new ones
        steps += [Step((Op(NEW, 0x10000000, prot, ANY, cap_at(cap)), Op(UNMAP, 0x10000000)), 1) for prot in (0, rng.choice(PROTS[1:]))]
    # The guards are raised: capabilities from before fit what is made with one of before, and nothing else.
    steps += [Step((Op(NEW, 0x11000000, R | W, POOL, cap_at(0)),), 0), revoke(0, POOL, cap_at(0)),
              Step((Op(BIND, 0x12000000, R, POOL, cap_at(0)),), 0), Step((Op(BIND, 0x12000000, R, POOL, cap_at(SPARE)),), 0),
              Step((Op(BIND, 0x12000000, R, POOL, cap_at(0)),), 1), Step((Op(NEW, 0x13000000, R, POOL + PAGE, cap_at(0)),), 0),
              Step((Op(BIND, 0x12001000, R, POOL + PAGE, cap_at(0)),), 0), Step((Op(BIND, 0x12002000, R, POOL + PAGE, cap_at(SPARE)),), 0),
              Step((Op(BIND, 0x12000000, R, POOL + PAGE, cap_at(0)),), 1), Step((Op(BIND, 0x12000000, R, POOL + PAGE, cap_at(ROOT)),), 2),
              Step((Op(NEW, 0x14000000, R, POOL + 2 * PAGE, cap_at(SPARE)),), 0),
              Step((Op(BIND, 0x12000000, R, POOL + 2 * PAGE, cap_at(6)),), 1),
              Step((Op(BIND, 0x12003000, R, POOL + 2 * PAGE, cap_at(0)),), 0)]
    return steps


@check(points=4, step="4.3", boots=calling(guarded), needs="pages",
       hint="The guard of a new page is the capability's name and its epoch: what was minted before it does not"
            " fit. The capability has to be genuine and have the rights that are asked for, READ always; those "
            "it has are recorded.")
def test_capabilities(run):
    """Pages are bound with a capability that fits, and no other: wider, narrower, forged, of other names, stale."""
    called(run, guarded(run.random()))


def tables(rng):
    """Tables, save pages and the kernel's: by every capability, by their owner and by others."""
    steps = [Step((Op(NEW, va, R | W, ANY, cap_at(env)),), env) for env in range(3) for va in (0x400000, 0x30000000)]
    strange = [l1(env) for env in range(3)] + [l2(env, va) for env in range(3) for va in (0x400000, CAPS, SAVE_VA)]
    for current in range(3):
        for pa in strange:
            for cap in (ROOT, current):
                steps += [Step((Op(kind, 0x500000, prot, pa, cap_at(cap)),), current) for kind, prot in ((BIND, R | W), (BIND, R), (NEW, R))]
    steps += [Step((Op(BIND, 0x501000 + env * PAGE, R | W, save(env), cap_at(cap)),), 1) for env in range(3) for cap in (1, 0, FORGED)]
    for env in range(2):
        steps += [Step((op,), env) for op in (
            Op(UNMAP, SAVE_VA), Op(PROTECT, SAVE_VA, R), Op(PROTECT, SAVE_VA, 0), Op(PROTECT, SAVE_VA, R | W), Op(TABLE, SAVE_VA, 0, USER_TOP),
            Op(NEW, SAVE_VA, R | W, ANY, cap_at(env)), Op(BIND, SAVE_VA, R | W, at(env, 0x400000), cap_at(env)))]
        steps += [protect(env, SAVE_VA, prot) for prot in PROTS]
        steps += [Step((op,), 1 - env, env + 1, cap=cap_at(ROOT)) for op in (Op(UNMAP, SAVE_VA), Op(PROTECT, SAVE_VA, R))]
    # Tables to be read, and read alone; with the last page of a stretch gone, and that of a table itself among the pages it maps.
    for env in range(2):
        steps += [Step((Op(TABLE, 0x410000, 0, USER_TOP), Op(TABLE, 0x411000, 0xffffffff, 0x400000), Op(TABLE, 0x20000000, 0, 0x30000123),
                        Op(TABLE, 0x20001000, 0, SAVE_VA), Op(TABLE, 0x20002000, 0, 0x20000000)), env)]
        steps += [Step((Op(PROTECT, 0x410000, prot),), env) for prot in (R | W, R | X, 0, R)] + [protect(env, 0x411000, R | W)]
        steps += [Step((Op(TABLE, 0x21000000, 0, pa),), env) for pa in (USER_TOP + 1, USER_TOP + PAGE, 0x25000000, 0xffffffff, 0x3fffffff)]
        steps += [Step((Op(TABLE, va, 0, USER_TOP),), env) for va in (0x410000, 0, 0x412004, USER_TOP)]
        steps += [Step((Op(BIND, 0x412000, R, at(env, va), cap_at(ROOT)),), env) for va in (0x410000, 0x411000)]
    steps += [Step((Op(UNMAP, 0x30000000), Op(NEW, 0x22000000, R | W, ANY, cap_at(0)), Op(NEW, 0x22001000, R | W, ANY, cap_at(0)))),
              Step((Op(UNMAP, 0x20000000), Op(UNMAP, 0x20002000), Op(UNMAP, 0x20001000))),
              Step((Op(TABLE, 0x22002000, 0, 0x400000),), 2, 1, cap=cap_at(ROOT)),
              Step((Op(TABLE, 0x22003000, 0, 0x400000),), 2, 2, cap=cap_at(2))]
    return steps


@check(points=4, step="4.3", boots=calling(tables), needs="capabilities",
       hint="A table is mapped by PAGE_TABLE alone, with READ as its only right, whatever capability somebody "
            "has for the empty guard: what a page is for, its owner tells. The save page stays where the kernel"
            " writes to it.")
def test_tables(run):
    """Tables are there for their owner to read, and for nobody to write; the save page can be neither unmapped nor protected."""
    called(run, tables(run.random()))


def batches(rng):
    """Several operations a call: where they stop, and what they are read from."""
    a, new = cap_at(0), lambda va, prot=R | W: Op(NEW, va, prot, ANY, cap_at(0))
    gone = Op(UNMAP, 0x700000)
    steps = [Step((new(0x400000), new(0x401000), new(0x402000))), Step((new(0x403000), gone, new(0x404000))), Step((gone, new(0x404000))),
             Step((new(0x404000), new(0x405000), new(0x404000), new(0x406000))), Step((), count=0), Step((), at=0, count=0),
             Step((), at=0x40100000, count=0), Step((), target=NOBODY, count=0), Step((new(0x407000),), count=0)]
    # Where no operations are.
    for place in (0, 4, 0x500000, 0x40100000, USER_TOP, 0xfffffff0, 0xffffffff, SAVE_VA + PAGE - 23, USER_TOP - 1, OPS_END - 23):
        steps += [Step((), at=place, count=count) for count in (1, 2, 0xffffffff)]
    for place in (OPS_END - 24, OPS_END - 48, OPS_END - 60):
        size = (OPS_END - place) // 24
        steps.append(Step(tuple(Op(PROTECT, 0x400000, PROTS[(n + place // 12) % 3]) for n in range(size)), at=place, count=0xffffffff))
    steps.append(Step(tuple(Op(PROTECT, 0x400000, PROTS[n % 3]) for n in range(300))))
    steps += [Step((new(0x410000), new(0x411000), new(0x412000)), at=OPS + PAGE - 36), Step((new(0x413000),), at=OPS + 1),
              Step((new(0x414000),), at=SAVE_VA + 512)]
    for cap in (0, 0x500000, 0x40100000, USER_TOP - 8, 0xfffffff8, OPS_END - 23, CAPS + 4):
        steps += [Step((Op(kind, 0x415000, R, at(0, 0x400000) if kind == BIND else ANY, cap),)) for kind in (NEW, BIND)]
    # In a page that is only to be read: nothing new, as nothing could be told.
    steps += [Step((new(0x500000, R | W),)), Step((Op(PROTECT, 0x500000, R),)), Step((new(0x416000),), at=0x500000),
              Step((Op(BIND, 0x417000, R, at(0, 0x400000), a), Op(PROTECT, 0x417000, 0), Op(UNMAP, 0x417000)), at=0x500000),
              Step((Op(PROTECT, 0x500000, R | W), new(0x418000), Op(PROTECT, 0x500000, R), new(0x419000)), at=0x500000)]
    # And in one that the call itself takes away, or makes; or with a capability in it.
    steps += [Step((Op(PROTECT, 0x500000, R | W),)), Step((new(0x41a000), Op(UNMAP, 0x500000), new(0x41b000)), at=0x500000),
              Step((new(0x500000), new(0x501000))), Step((Op(PROTECT, 0x500000, 0), Op(UNMAP, 0x500000)), at=0x500000),
              Step((Op(UNMAP, 0x501000), Op(UNMAP, 0x501000)), at=0x501000 - 12), Step((Op(UNMAP, 0x500000),))]
    # For another environment: with its capability, or without.
    for cap in (cap_at(0), cap_at(1), cap_at(FORGED), cap_at(ROOT), cap_at(7), cap_at(10), 0, OPS_END, 0x40100000):
        steps.append(Step((new(0x600000), Op(UNMAP, 0x600000)), 0, 2, cap=cap))
    for target in (1, NOBODY, GONE):
        steps.append(Step((new(0x601000),), 0, target, cap=cap_at(ROOT)))
    steps += [Step((Op(NEW, 0x602000, R | W, ANY, cap_at(1)), Op(BIND, 0x603000, R, at(0, 0x400000), a), Op(PROTECT, 0x602000, R),
                    Op(TABLE, 0x604000, 0, 0x400000)), 0, 2, cap=cap_at(ROOT)),
              # (Of where the list itself lies, too.)
              Step((Op(NEW, OPS_END, R | W, ANY, cap_at(1)), Op(PROTECT, OPS_END, R), Op(PROTECT, OPS, R)), 0, 2, cap=cap_at(ROOT)),
              Step((new(0x606000), Op(PROTECT, OPS, R | W)), 0, 2, cap=cap_at(ROOT)),
              Step((Op(BIND, 0x605000, R | W, at(1, 0x602000), cap_at(1)),), 2), Step((Op(UNMAP, 0x602000),), 1)]
    return steps


@check(points=4, step="4.3", boots=calling(batches), needs="capabilities",
       hint="One operation after the other, each copied in when it is its turn, from where it then lies; the "
            "first that fails ends it: its error if none was done, else how many were. What PAGE_NEW tells it "
            "writes into the caller's memory: ask first whether it may. No more than PAGE_OPS are done.")
def test_batches(run):
    """Several operations in a call, for itself or another: how many were done; pointers that are bad, straddle, or cease to be good."""
    called(run, batches(run.random()))


def histories(rng):
    steps = []
    places = [base + n * PAGE for base in (0x400000, 0x7fe000, 0x30000000) for n in range(4)]
    for _ in range(280):
        current, ops = rng.randrange(3), []
        target = rng.choice((SELF, SELF, SELF, current + 1, rng.randrange(1, 4)))
        for _ in range(rng.choice((1, 1, 2, 3, 6))):
            kind = rng.choices(range(5), (30, 30, 15, 20, 8))[0]
            pa = {NEW: rng.choice((ANY, ANY, POOL + rng.randrange(8) * PAGE)), TABLE: rng.choice((*places, USER_TOP))}.get(
                kind, rng.choice((at(rng.randrange(3), rng.choice(places)), at(rng.randrange(3), rng.choice(places)),
                                  POOL + rng.randrange(8) * PAGE, save(rng.randrange(3)), l1(rng.randrange(3)))))
            cap = rng.choice((current, current, ROOT, rng.randrange(len(WISHES))))
            ops.append(Op(kind, rng.choice(places), rng.choice(PROTS), pa, cap_at(cap)))
        steps.append(Step(tuple(ops), current, target, cap=cap_at(rng.choice((ROOT, rng.randrange(3))))))
        if rng.randrange(10) == 0:
            steps[-1] = revoke(current, POOL + rng.randrange(8) * PAGE, cap_at(rng.choice((current, ROOT, SPARE))))
    return steps


@check(points=4, step="4.3", boots=calling(histories), needs=("tables", "batches"),
       hint="Read the call that went wrong, and what exo/upcall.h says of that operation.")
def test_histories(run):
    """Hundreds of calls of three environments, sensible and not, each as the contract says; nothing of another's is ever mapped."""
    called(run, histories(run.random()))
