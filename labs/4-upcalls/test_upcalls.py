"""The checks of lab 4, in the order of the handout's steps.

States of the processor are lab 3's: drawn from the run's seed, with faults in A32, Thumb and IT blocks. What an environment finds at
its entry points, and in its save page, is compared with what exo/upcall.h says; what system calls make of its memory, with a model.
"""
import importlib.util
import random
import struct
from dataclasses import dataclass, field, replace
from pathlib import Path

from grader import engine, mmu
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
TOLD = struct.Struct("<16I")
SLOT = ("cpsr", "cause", "address", "r0", "r1", "r2", "pc")
ENTRY = ("revoke", "transfer", "end", "begin", "undefined", "prefetch_abort", *(f"data_abort[{i}]" for i in range(15)))


def keep_told(held):
    lab3.keep_cases(held)
    held.keep("told", list(TOLD.iter_unpack(held.memory(held.address("told"), 1024 * TOLD.size))))
    held.keep("ended", struct.unpack("<1024I", held.memory(held.address("ended"), 4096)))
    for name in ("rest", "leaked"):
        held.keep(name, held.word(held.address(name)))


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
        for address, fs, where in lab3.LOADS:
            if not odd and 0x01000000 <= address < 0x02000000:
                continue
            for instruction, write in ((lab3.LDRD, False), (lab3.STRD, True)):
                out.append(fault_of(rng, instruction, kind, fs, address, write, f"{instruction.what} {where}"))
        for instruction in ALIGNED:
            out.append(fault_of(rng, instruction, kind, 1, DATA + 2, False, f"{instruction.what} at an address that is not aligned"))
        out.append(fault_of(rng, lab3.STRD, kind, 15, lab3.CONST, True, "strd of a page that is only to be read"))
        out.append(fault_of(rng, lab3.STRD, kind, 15, CODE, True, "strd into the code"))
    for thumb in (False, True):
        for address, fs, where in lab3.LOADS[1:] + ((DATA, 15, "of a page that is not to be executed"),):
            if not odd and 0x01000000 <= address < 0x02000000:
                continue
            tf = lab3.Frame.random(rng, address & ~3, thumb)
            out.append(Fault(f"a fetch {where}", PREFETCH, tf, b"", fs, address & ~3))
    for first in (0xf8d1, 0xf000):
        tf = lab3.Frame.random(rng, lab3.LATER - 2, True)
        out.append(Fault("a Thumb instruction with its second half on a page that is not mapped", PREFETCH, tf, lab3.words(first), 7, lab3.LATER))
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
                            got="its environment ended" if ends[i] else "it was not entered", look=look, run=run)
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
        if seen and seen[0][0][0] == i:
            raise Wrong(f"{each}.", expected="the environment ends" if each.ends else "no further upcall",
                        got=f"entered at {ENTRY[min(seen[0][0][1], 20)]}", look="upcall.S", run=run)
        if ends[i] != ENDED_NESTED * each.ends:
            raise Wrong(f"{each}.", expected="the environment " + ("ends, as it faulted within a fault" if each.ends else "lives"),
                        got=f"it {'ended: ' + str(ends[i]) if ends[i] else 'lives'}", look="upcall.S", run=run)


@check(points=7, step="4.1", boots=boot(upcalls),
       hint="A handler is entered in A32, in user mode, little-endian, in no IT block and with nothing masked, whatever the application was "
            "when it faulted; r3 to lr are as they were. data_abort[] is indexed by 15 - FS[3:0].")
def test_upcalls(run):
    """Each fault enters its own environment at its own entry, in A32 and user mode, with r3 to lr as they were."""
    follow(run, upcalls(run.random()), slots=False)


@check(points=5, step="4.1", boots=boot(upcalls), needs="upcalls",
       hint="The slot has r0 to r2, the address of the instruction itself, all of the CPSR, and the status and address register of this "
            "kind of abort. Nothing else of the save page is the kernel's to write, and nothing of the kernel's is left in r0 to r2.")
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
       hint="The slot is in use while its cpsr is not 0, whatever else it says. A fault then is told to nobody: env_nested() is called in "
            "SVC mode, with everything masked, on the kernel's own stack.")
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
    return cases


@check(points=3, step="4.1", boots=boot(entries), needs="nested",
       hint="An entry point is what the application says: it becomes a pc in user mode, and nothing else. What cannot be fetched there faults "
            "in user mode, while the slot is in use.")
def test_entries(run):
    """Entry points that are 0, the kernel's, devices', data or nowhere: the environment ends, and nothing of it runs in the kernel."""
    follow(run, entries(run.random()))
    released(run)


SIXTEEN = 16


def each_kind(rng):
    cases = []
    for env in range(SIXTEEN):
        for kind in range(3):
            for instruction in (lab3.FAULTING[0], lab3.FAULTING[2], lab3.LDR):
                fault = fault_of(rng, instruction, kind, *((5, 0x00800000) if instruction is lab3.LDR else ()))
                cases.append(case(fault, env, faults=[fault]))
        tf = lab3.Frame.random(rng, NOTHING, False)
        fault = Fault("a fetch of a page that is not mapped", PREFETCH, tf, b"", 7, NOTHING)
        cases.append(case(fault, env, faults=[fault]))
    return cases


UPCALL_COST = 18


@check(points=3, step="4.1", boots=boot(each_kind), needs="upcalls",
       hint="Nothing is saved but into the slot; nothing is looked up but the handler. STM stores several registers and moves its base; the slot's "
            "words, and the handlers below it, are laid out for that. Look at how far from USER_TOP everything is.")
def test_upcall_cost(run):
    """From a fault to the handler's first instruction: at most 18 instructions of the kernel's, for every kind, with sixteen environments alive."""
    taken = [each for each in engine.look(run).exceptions if each.level != 2]
    names = {"undefined": UNDEFINED, "prefetch abort": PREFETCH, "data abort": DATA_ABORT}
    for one, then in zip(taken, taken[1:]):
        if one.kind not in names or then.kind != "svc":
            continue
        took = then.count - one.count - 2       # less the check's own branch, and the handler's SVC
        if took > UPCALL_COST:
            raise Wrong(f"From {lab3.NUMBERS[names[one.kind]]} to the handler's first instruction, with sixteen environments alive.",
                        expected=f"at most {UPCALL_COST} instructions", got=f"{took}", look=f"{KINDS[names[one.kind]]} way, in upcall.S", run=run)


BROKEN_REGISTERS = [0x11110000 * (n + 1) + n & 0xffffffff for n in range(12)]


def breaking(which, busy):
    def make(rng):
        fault = fault_of(rng, lab3.LDR, 0, 7, NOTHING)
        return [case(fault, 1, BROKEN, x=which, y=busy, faults=[fault])]
    return make


def keep_save(held):
    keep_told(held)
    held.keep("slot", struct.unpack("<7I", held.memory(held.word(held.address("save_pa")) + 4096 - 28, 28)))


BREAKS = [(which, busy) for which in range(3) for busy in (0, 0x10)]


@check(points=2, step="4.1", needs="upcalls", ends="fault",
       boots=[replace(boot(breaking(*each)), read_at_end=keep_save, budget=12_000_000) for each in BREAKS],
       hint="SPSR says whose fault it is. It has to be asked before anything is stored or changed: the kernel's own goes to the same entry of "
            "crash_vectors, with every register as it was.")
def test_kernel_faults(runs):
    """A fault of the kernel's own goes to the crash vectors with its registers, and nothing is written into any save page."""
    for run, (which, busy) in zip(runs, BREAKS):
        symbol, name = lab3.BREAKS[which]
        pc = 0 if which == 2 else run.symbol(symbol)
        told = dict(zip(*[iter(" ".join(line.removeprefix("crash:") for line in run.lines()
                                        if line.startswith(("crash: r", "crash:  r", "crash:  sp"))).split())] * 2))
        lab3.compare("The kernel's own fault, as the crash vectors tell it:",
                     [f"crash: {name} at pc 0x{pc:08x}", *(f"r{n} 0x{r:08x}" for n, r in enumerate(BROKEN_REGISTERS))],
                     [next((line for line in run.lines() if line.startswith("crash: ")), "").partition(" in HYP")[0],
                      *(f"r{n} {told.get(f'r{n}')}" for n in range(12))], f"{symbol}'s way, in upcall.S", run)
        before = (busy, *run.kept["told"][0][1:7])
        lab3.compare("The exception slot, behind a fault of the kernel's own:", [f"{name} 0x{word:08x}" for name, word in zip(SLOT, before)],
                     [f"{name} 0x{word:08x}" for name, word in zip(SLOT, run.kept["slot"])], "upcall.S", run)


# 4.2: resuming.

IT, J = 0x0600fc00, 1 << 24
LAND = {False: lab3.words(*4 * [0xef000000]), True: lab3.words(*8 * [0xdf00])}
RESUMES = ("resume_exception()", "resume_slice()", "SYS_RESUME(0)", "SYS_RESUME(1)")
KEPT = 0xf90fffff & ~0x1df | 0x06000000         # of a CPSR: flags, J, GE, IT, E, T
SLOTS = ("exception", "slice")


def lands(cpsr):
    """The CPSR that a slot's stands for."""
    return (cpsr & KEPT if cpsr & T else cpsr & KEPT & ~IT & ~J) & ~J | USER


def resumption(rng, way, state, ticks=0, hostile=False):
    """From that slot, by that way, into A32 (state 0), Thumb (1) or an IT block (2)."""
    thumb = state > 0
    pc = TELL + rng.randrange(0, 0x1f00, 2 if thumb else 4)
    to = lab3.Frame.random(rng, pc, thumb, state == 2)
    if way < 2 and state != 2 and rng.randrange(4):
        to.cpsr &= ~E
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
        by = "resume.S" if each.x < 2 and not lands(each.next.cpsr) & (IT | E) else "resume, in upcall.S"
        to, kernels = each.next, each.x >= 2
        if i not in seen:
            raise Wrong(f"{each.what}.", expected="it goes on there", got="its environment ended" if run.kept["ended"][i] else
                        "it went somewhere else", look=by, run=run)
        entry, told = seen[i]
        state = lands(to.cpsr)
        step = 4 if not state & T else 2
        expected = lab3.Frame([*to.r[:3], *each.tf.r[3:]], to.pc + step, lab3.with_it(state, lab3.advanced(lab3.it_of(state))))
        if kernels:
            expected = expected.but(r7=to.r[7])
        got = lab3.frame_of(entry)
        got.cpsr &= ~(0x00f00000 | J * bool(to.cpsr & T))
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
    return [resumption(rng, 2 + (i & 1), i // 2 % 3) for i in range(150)]


def by_both(rng):
    return [resumption(rng, i & 1, i // 2 % 3) for i in range(150)]


def hostile(rng):
    return [resumption(rng, i & 3, i // 4 % 3, hostile=True) for i in range(300)]


def resuming(make, **more):
    return boot(make, "resume", **more)


@check(points=4, step="4.2", boots=resuming(by_user), needs="slots",
       hint="MSR CPSR_fs writes flags and GE in user mode; LDM with the pc in its list goes on, in Thumb where bit 0 says so. The slot is free "
            "before that, and r3 to lr are nobody's to use.")
def test_resume(run):
    """resume_exception() and resume_slice() go on with all that the slot says, A32 or Thumb, flags and GE included; the slot is free."""
    resumed(run, by_user(run.random()))


@check(points=2, step="4.2", boots=resuming(by_user), needs="resume",
       hint="Only where IT, E or J are not zero has the kernel to help.")
def test_resume_cost(run):
    """Resuming takes no instruction of the kernel's."""
    for each in engine.look(run).exceptions:
        if each.kind == "svc" and each.pc < TELL and each.pc != svc_of_main(run):
            raise Wrong("An application goes on from a slot with no IT, E and J in its CPSR.", expected="no exception before it is there",
                        got=f"a system call at 0x{each.pc:08x}", look="resume.S", run=run)


def svc_of_main(run):
    """The first, by which the program tells where everything is."""
    return next(each.pc for each in engine.look(run).exceptions if each.kind == "svc")


@check(points=4, step="4.2", boots=resuming(by_kernel), needs="slots",
       hint="MSR SPSR_fsxc and an exception return restore all of a CPSR at once. r7, which had the system call's number, is in resume_r7.")
def test_resume_by_kernel(run):
    """SYS_RESUME goes on with all that a slot says, IT and E included, and r7 from resume_r7."""
    resumed(run, by_kernel(run.random()))


@check(points=2, step="4.2", boots=[resuming(by_both), resuming(hostile)], needs=("resume", "resume-by-kernel"),
       hint="The application wrote that CPSR. Of it flags, GE, E and T are its own, and with T also IT; mode and masks the kernel decides.")
def test_resume_hostile(runs):
    """Whatever CPSR a slot has, what goes on is in user mode with nothing masked; IT without T is no IT."""
    for run, make in zip(runs, (by_both, hostile)):
        resumed(run, make(run.random()))


def preempted(rng):
    return [resumption(rng, rng.choice((0, 2)), ticks % 3, ticks) for ticks in range(20, 320)]


@check(points=3, step="4.2", boots=resuming(preempted), needs="resume-hostile",
       hint="At the end of a slice the same application is entered, amid its own resume: nothing that a slot still has to give may be lost by then, "
            "and what was interrupted in A32 code with the slot just freed still needs its base register.")
def test_resume_interrupted(run):
    """An interrupt between any two instructions of the way back changes nothing of where it leads."""
    resumed(run, preempted(run.random()))
