"""The checks of lab 3, in the order of the handout's steps.

Most of them enter user mode in states drawn from the run's seed (checks/cases.h): all registers, flags, IT blocks, byte
order; and compare what the kernel saw of the exception that follows, and what the application saw behind it, with what
the manual says.
"""
import functools
import itertools
import operator
import random
import re
import struct
from dataclasses import dataclass, field

from grader import params
from grader.checks import ENDINGS, Boot, Wrong, check

CODE, LATER, DATA, CONST, NOTHING = 0x10000, 0x12000, 0x20000, 0x21000, 0x22000     # as in checks/cases.h
LEAVE, SKIP, REPAIR, REPLACE, PROVIDE, MANY = range(6)
DECODE, NOBODY, INTERRUPT, BEGIN = 1, 2, 4, 8
UNDEFINED, SVC, PREFETCH, DATA_ABORT, IRQ = 1, 2, 3, 4, 6
NUMBERS = {1: "an undefined instruction", 2: "a system call",
           3: "a prefetch abort", 4: "a data abort", 6: "an interrupt"}
WAYS = {1: "undefined's way, in vectors.S", 2: "svc's way, in vectors.S", 3: "the prefetch abort's way, in vectors.S",
        4: "the data abort's way, in vectors.S", 6: "irq's way, in vectors.S"}
OWN = "where each vector decides whose exception it is, in vectors.S"
REGISTERS = (*(f"r{n}" for n in range(13)), "sp", "lr")
E, A, I, F, T = 1 << 9, 1 << 8, 1 << 7, 1 << 6, 1 << 5
USER, IRQS, SUPERVISOR, SYSTEM = 0x10, 0x12, 0x13, 0x1f
KERNEL = SUPERVISOR | A | I | F
UDF = {False: 0xe7f000f0, True: 0xde00}         # permanently undefined, in A32 and in Thumb
CASE, SEEN, TOLD = struct.Struct("<36I6I6I3I"), struct.Struct("<3I18I6I3I"), struct.Struct("<21I")


# States of the processor, as an application has them.

def it_of(cpsr):
    return cpsr >> 8 & 0xfc | cpsr >> 25 & 3


def with_it(cpsr, it):
    return cpsr & ~0x0600fc00 | (it & 0xfc) << 8 | (it & 3) << 25


def passes(condition, cpsr):
    """Whether an A32 or IT condition holds (A8.3)."""
    n, z, c, v = (cpsr >> bit & 1 for bit in (31, 30, 29, 28))
    holds = (z, c, n, v, c and not z, n == v, n == v and not z, True)[condition >> 1]
    return bool(holds) != bool(condition & 1 and condition < 15)


def advanced(it):
    """ITAdvance() (A2.5.2)."""
    return 0 if it & 7 == 0 else it & 0xe0 | it << 1 & 0x1f


def random_cpsr(rng, thumb, block):
    """Flags, GE, byte order and masks at random; if asked for, within an IT block, at one that is executed."""
    cpsr = USER | rng.getrandbits(5) << 27 | rng.getrandbits(4) << 16 | rng.getrandbits(4) << 6 | thumb * T
    if block:
        condition = rng.randrange(14)
        if not passes(condition, cpsr):
            condition ^= 1
        cpsr = with_it(cpsr, condition << 4 | rng.randrange(1, 16))
    return cpsr


def control(cpsr):
    """The low half of a CPSR, without its IT bits, in words."""
    masked = "".join(name for name, bit in (("A", A), ("I", I), ("F", F)) if cpsr & bit) or "nothing"
    return (f"{'big' if cpsr & E else 'little'}-endian, {masked} masked, {'Thumb' if cpsr & T else 'A32'}, "
            f"mode 0x{cpsr & 31:02x}")


@dataclass
class Frame:
    """struct trapframe: r0 to r12, sp and lr; pc; CPSR."""
    r: list
    pc: int
    cpsr: int

    @classmethod
    def random(cls, rng, pc, thumb, block=False):
        return cls([rng.getrandbits(32) for _ in REGISTERS], pc, random_cpsr(rng, thumb, block))

    def pack(self):
        return (*self.r, 0, self.pc, self.cpsr)

    def but(self, pc=None, cpsr=None, **registers):
        r = [registers.get(name, value) for name, value in zip(REGISTERS, self.r)]
        return Frame(r, self.pc if pc is None else pc, self.cpsr if cpsr is None else cpsr)

    def lines(self):
        flags = "".join(name if self.cpsr >> bit & 1 else "-" for name, bit in zip("NZCVQ", (31, 30, 29, 28, 27)))
        return [f"{name} 0x{value:08x}" for name, value in zip(REGISTERS, self.r)] + [
            f"pc 0x{self.pc:08x}",
            f"cpsr 0x{self.cpsr:08x}: {flags}, GE {self.cpsr >> 16 & 15:04b}, IT {it_of(self.cpsr):08b}, "
            f"{control(self.cpsr)}"]


def words(*instructions):
    """The bytes of instructions: numbers below 0x10000 are half-words, pairs of half-words Thumb's long ones."""
    out = b""
    for one in instructions:
        if isinstance(one, tuple):
            out += struct.pack("<2H", *one)
        else:
            out += struct.pack("<H" if one < 0x10000 else "<I", one)
    return out


@dataclass
class Case:
    """One entry to user mode, and what has to come of it."""
    what: str               # the instruction, in words
    tf: Frame
    code: bytes
    expected: list = field(default_factory=list)        # (number, Frame or the arguments, fault or None)
    next: Frame | None = None
    more: tuple = (0, b"")  # further code: where, what
    action: int = LEAVE
    x: int = 0
    y: int = 0
    look: str | None = None     # whose doing it is, where the exceptions are there only to show it

    def pack(self):
        where, more = self.more
        both = [struct.unpack("<II4I", struct.pack("<II16s", at, len(code), code))
                for at, code in ((self.tf.pc, self.code), (where, more))]
        return CASE.pack(*self.tf.pack(), *(self.next or self.tf).pack(), *both[0], *both[1], self.action, self.x,
                         self.y)

    def __str__(self):
        block = f", in an IT block ({it_of(self.tf.cpsr):08b})" if it_of(self.tf.cpsr) else ""
        return f"{self.what}, in {'Thumb' if self.tf.cpsr & T else 'A32'}{block}, at 0x{self.tf.pc:08x}"


def packed(make, asked=0):
    """The parameter block's input of the cases that make(seed) draws."""
    return lambda seed: struct.pack("<I", asked) + b"".join(case.pack() for case in make(random.Random(seed)))


def keep_seen(held):
    count = held.word(held.address("seen_count"))
    data = held.memory(held.address("seen"), min(count, 1024) * SEEN.size)
    seen = [SEEN.unpack_from(data, i * SEEN.size) for i in range(min(count, 1024))]
    held.keep("seen", [entry[:27] for entry in seen])
    held.keep("kernel", [entry[27:] for entry in seen])


def keep_cases(held):
    keep_seen(held)
    held.keep("status", struct.unpack("<1024i", held.memory(held.address("status"), 4096)))


def keep_outcomes(held):
    keep_cases(held)
    held.keep("lost", held.word(held.address("lost")))


def keep_told(held):
    keep_seen(held)
    held.keep("told", list(TOLD.iter_unpack(held.memory(held.address("told"), 1024 * TOLD.size))))
    held.keep("input", held.memory(params.ADDRESS, params.LIMIT)[params.HEADER.size:])


def differ(expected, got):
    """The lines that differ, of both."""
    wrong = [(one, other) for one, other in zip(expected, got, strict=True) if one != other]
    return [one for one, _ in wrong], [other for _, other in wrong]


def compare(message, expected, got, look, run):
    missing, there = differ(expected, got)
    if missing:
        raise Wrong(message, expected=missing, got=there, look=look, run=run)


def frame_of(entry):
    return Frame(list(entry[3:18]), entry[19], entry[20])


# 3.1: into user mode, and out of it. The vectors are the check's own, and the first instruction is a system call.

def entries(rng, kinds=3):
    cases = []
    for i in range(240):
        thumb, block = i % kinds > 0, i % kinds == 2
        tf = Frame.random(rng, CODE + rng.randrange(256) * 8 + 4 * (not thumb) + 2 * thumb * rng.randrange(4), thumb,
                          block)
        if kinds < 3:
            tf.cpsr &= ~E
        cases.append(Case("svc #0", tf, words(0xdf00 if thumb else 0xef000000)))
    return cases


def plain_entries(rng):
    """In A32 alone, little-endian."""
    return entries(rng, 1)


def masked_entries(rng):
    """And with interrupts masked, as there is one all the time."""
    return [Case(case.what, case.tf.but(cpsr=case.tf.cpsr | I), case.code) for case in plain_entries(rng)]


def entered(run, cases, upto):
    """Each case's system call was made in the state that its frame says."""
    seen = run.kept["seen"]
    assert len(seen) == len(cases), "as many system calls as entries"
    for case, entry in zip(cases, seen):
        thumb = bool(case.tf.cpsr & T)
        there = case.tf.but(pc=case.tf.pc + (2 if thumb else 4),
                            cpsr=with_it(case.tf.cpsr, advanced(it_of(case.tf.cpsr))))
        compare(f"The application's first instruction ({case}) was executed in another state than the frame says. "
                f"Where it "
                "went on, and the registers that are wrong:", there.lines()[:upto], frame_of(entry).lines()[:upto],
                "user_enter, in user.S", run)


def entering(make, asked=0):
    return Boot("enter", input=packed(make, asked), read_at_end=keep_told, budget=20_000_000)


@check(points=5, step="3.1", boots=entering(plain_entries),
       hint="User's sp and lr can be loaded from a privileged mode by LDM with ^ and no PC in its list; it takes no "
            "writeback. What comes last, PC and CPSR together, is what RFE is for.")
def test_enter(run):
    """Every register that the frame says is there when the application's first instruction is executed."""
    entered(run, plain_entries(run.random()), 16)
    if not run.kept["input"].startswith(run.boot.input(run.seed)):
        raise Wrong("user_enter() changed the frame that it was called with, which is const.",
                    look="user_enter, in user.S")


@check(points=4, step="3.1", boots=entering(entries), needs="enter",
       hint="All 32 bits of the CPSR count, not the flags alone: T and IT decide how the first instruction is read, E "
            "how its data is, GE what SEL makes of it. If they go by SPSR, then by `msr spsr_cxsf`: `msr spsr` writes "
            "two of its four bytes.")
def test_state(run):
    """The application starts with the frame's flags, GE bits, IT block and byte order, in A32 and in Thumb."""
    entered(run, entries(run.random()), 17)


@check(points=5, step="3.1", boots=entering(masked_entries, 1), needs="enter",
       hint="user_enter is a function: r4 to r11 and sp are its caller's when it returns, whatever the application and "
            "the kernel did meanwhile. user_leave is called from somewhere else, with a stack and registers of its "
            "own. An even number of words pushed keeps sp a multiple of 8. Nothing is unmasked on the way, in or out.")
def test_leave(run):
    """user_leave returns from user_enter with its status, from anywhere: r4 to r11, sp, mode and masks as they were."""
    names = [f"r{n}" for n in range(4, 12)] + ["sp"]
    at = run.kept["seen"][0][2]
    compare("SVC's sp, when the application's first exception comes, is where the kernel's C goes on:",
            ["0 bytes past an 8-byte boundary"], [f"{at % 8} bytes past an 8-byte boundary"], "user_enter, in user.S",
            run)
    for i, told in enumerate(run.kept["told"][:len(masked_entries(run.random()))]):
        before, after = ([f"{name} 0x{value:08x}" for name, value in zip(names, half)] + [control(half[9])]
                         for half in (told[:10], told[10:20]))
        status = (0x1001 + i) * 0x9e3779b9 & 0xffffffff
        compare(f"Behind user_enter, the time number {i + 1}:", [*before, f"returned 0x{status:08x}"],
                [*after, f"returned 0x{told[20]:08x}"], "user_leave, in user.S", run)


STREX = 0xe1820f91, (0xe842, 0x1000)        # strex r0, r1, [r2], in A32 and in Thumb


def exclusive(rng):
    cases = []
    for i in range(16):
        tf = Frame.random(rng, CODE + 4 * rng.randrange(1024), i % 2 > 0).but(r2=DATA)
        cases.append(Case("strex r0, r1, [r2]", tf.but(cpsr=tf.cpsr & ~E),
                          words(*(STREX[i % 2], (0xef000000, 0xdf00)[i % 2]))))
    return cases


@check(points=2, step="3.1", boots=entering(exclusive), needs="enter",
       hint="An LDREX before the switch makes an STREX behind it succeed although everything happened in between. One "
            "instruction forgets it.")
def test_exclusive(run):
    """An exclusive access begun before the application was entered is not finished by it."""
    for case, entry in zip(exclusive(run.random()), run.kept["seen"]):
        r0 = frame_of(entry).r[0]
        if r0 != 1:
            raise Wrong(f"The kernel began an exclusive access by LDREX, and the application's STREX finished it "
                        f"({case}).",
                        expected="STREX fails: r0 1", got=f"r0 {r0}", look="user_enter, in user.S")


# 3.2: vectors and frames.

@dataclass(frozen=True)
class Instruction:
    """One that raises an exception when an application executes it."""
    what: str
    a32: int
    thumb: int | tuple
    number: int
    base: int = NOTHING         # what r1, its base register, is

    def size(self, thumb):
        return 2 if thumb and isinstance(self.thumb, int) else 4


LDR = Instruction("ldr r0, [r1]", 0xe5910000, 0x6808, DATA_ABORT)
FAULTING = (
    Instruction("udf #0", 0xe7f000f0, 0xde00, UNDEFINED),
    Instruction("udf.w #0", 0xe7f000f0, (0xf7f0, 0xa000), UNDEFINED),
    Instruction("bkpt #0", 0xe1200070, 0xbe00, PREFETCH),
    LDR,
    Instruction("ldr.w r0, [r1]", 0xe5910000, (0xf8d1, 0x0000), DATA_ABORT),
    Instruction("str r0, [r1]", 0xe5810000, 0x6008, DATA_ABORT, CONST),
    Instruction("ldrb r0, [r1], #1", 0xe4d10001, (0xf811, 0x0b01), DATA_ABORT),
    Instruction("ldrd r2, r3, [r1]", 0xe1c120d0, (0xe9d1, 0x2300), DATA_ABORT),
)
VMOV = Instruction("vmov s0, r0", 0xee000a10, (0xee00, 0x0a10), UNDEFINED)      # by CPACR, for applications too


def placed(rng, kind, instruction, block=None):
    """A frame at an instruction somewhere on the two pages of code: in A32, in Thumb, in Thumb within an IT block."""
    thumb = kind > 0
    pc = CODE + rng.randrange(0, 0x1f00, 2 if thumb else 4)
    block = kind == 2 and instruction.what != "bkpt #0" if block is None else block
    return Frame.random(rng, pc, thumb, block).but(r1=instruction.base)


def places(rng):
    """Each exception once in each state; the application ends there."""
    cases = []
    for i in range(8):
        for instruction in (*FAULTING, VMOV):
            for kind in range(3):
                tf = placed(rng, kind, instruction)
                cases.append(Case(instruction.what, tf, words(instruction.thumb if kind else instruction.a32),
                                  [(instruction.number, tf)]))
    for pc, thumb in ((LATER, False), (LATER, True), (LATER + 0x7fc, False), (LATER + 0x7fe, True), (DATA, False),
                      (0x40100000, False), (0, False), (CODE + 0x2000, True)):
        tf = Frame.random(rng, pc, thumb)
        cases.append(Case("an instruction on a page that is not to be executed", tf, b"", [(PREFETCH, tf)]))
    return cases


def elsewhere(rng, what, tf, code, number, result=0):
    """A handler puts another frame in the place of the exception's own; a call's result is in r0 all the same."""
    there = placed(rng, rng.randrange(3), FAULTING[0]).but(pc=(tf.pc + 0x40) & ~3)
    next = there.but(r0=result) if number == SVC else there
    return Case(f"{what}, and a handler that changes all of the frame", tf, code,
                [(number, tf.r[:4] if number == SVC else tf), (UNDEFINED, next)], there,
                (there.pc, UDFS[bool(there.cpsr & T)]), REPLACE, result)


def changed(rng, number, kind):
    """elsewhere(), by a system call or an interrupt; neither comes with the frame."""
    tf = placed(rng, kind, FAULTING[0])
    if number == SVC:
        svc = words(0xdf00 if kind else 0xef000000)
        return elsewhere(rng, "a system call", tf.but(r7=TELL), svc, SVC, rng.getrandbits(32))
    return elsewhere(rng, "an interrupt", tf.but(cpsr=tf.cpsr & ~I), UDFS[kind > 0], IRQ)


def answer(r0):
    return "answered " + ("-8 (-E_NOSYS)" if r0 == NOSYS & 0xffffffff else f"0x{r0:x}")


def happened(run, cases):
    """What the payload's handlers saw is what each case has to come to."""
    seen, kernel = list(run.kept["seen"]), list(run.kept["kernel"])
    for i, case in enumerate(cases):
        for n, (number, frame) in enumerate(case.expected):
            entry = seen.pop(0) if seen else None
            then = "" if n == 0 else " What came first was as it should be; this is what came then."
            if entry is None or entry[0] != i or entry[1] != number:
                called = number == IRQ and len(run.marks) > sum(each[1] == IRQ for each in run.kept["seen"])
                if called:
                    then += " trap_irq was called, and nobody's handler: what did GICC_IAR say? Read it once."
                raise Wrong(f"{case}.{then}", expected=f"{NUMBERS[number]}",
                            got=NUMBERS.get(entry[1], f"number {entry[1]}") if entry and entry[0] == i
                            else "nothing came",
                            look="trap_irq, in irq.c" if called else case.look or WAYS[number], run=run)
            compare(f"{case}: the kernel's CPSR in C, and the application's thread ID registers then.{then}",
                    state(KERNEL, ~case.tf.r[2] & 0xffffffff, ~case.tf.r[3] & 0xffffffff), state(*kernel.pop(0)),
                    WAYS[number], run)
            if isinstance(frame, list):
                compare(f"{case}: the arguments that the function was called with.",
                        [f"r{k} 0x{v:08x}" for k, v in enumerate(frame)],
                        [f"r{k} 0x{v:08x}" for k, v in enumerate(entry[3:7])], "trap_svc, in syscall.c", run)
                continue
            wrong = (f"{case} {answer(frame_of(entry).r[0])}. What is not as it should be behind it:" if case.look else
                     f"{case}: what is wrong with the frame of {NUMBERS[number]}.{then}")
            part = case.look and (frame.r[0], entry[3]) == (NOSYS & 0xffffffff, 0)
            compare(wrong, frame.lines(), frame_of(entry).lines(),
                    (case.look or WAYS[number if n == 0 else case.expected[0][0]]) +
                    (", or the fast path in vectors.S, which has to compare all 32 bits of r7" if part else ""), run)
            place = [f"{entry[2] % 8} bytes past an 8-byte boundary", "on the SVC stack"
                     if run.symbol("__svc_stack_bottom") <= entry[2] < run.symbol("__svc_stack_top")
                     else f"at 0x{entry[2]:08x}"]
            compare("Where the frame is:", ["0 bytes past an 8-byte boundary", "on the SVC stack"], place, WAYS[number],
                    run)
    if lost := run.kept["lost"]:
        raise Wrong(f"Behind {NUMBERS[lost]} TPIDRPRW, which is the kernel's own, is not as it was.", look=WAYS[lost],
                    run=run)
    if seen:
        raise Wrong(f"{cases[seen[0][0]]}.", expected="nothing further", got=NUMBERS.get(seen[0][1], seen[0][1]),
                    run=run)
    if "end" not in run.reports:
        raise Wrong("Each exception was as it should be, and behind the last one the kernel broke off.", run=run)
    assert all(status == 0x2000 + i for i, status in zip(range(len(cases)), run.kept["status"]))


def state(cpsr, rw, ro):
    return [f"the CPSR: {control(cpsr)}", f"TPIDRURW 0x{rw:08x}", f"TPIDRURO 0x{ro:08x}"]


def states(make, asked=0, budget=20_000_000, **more):
    return Boot("cases", input=packed(make, asked), read_at_end=keep_outcomes, budget=budget, **more)


@check(points=9, step="3.2", boots=states(places), needs="state", ends=("return", "fault", "lost", "budget"),
       hint="Each exception leaves its own distance between lr and the instruction (DDI 0406C, table B1-7), and "
            "undefined's is not the same in Thumb as in A32. User's sp and lr are not the ones that the exception's "
            "mode has. An undefined instruction masks I; A and F stay as the application had them, until you mask "
            "them.")
def test_frames(run):
    """Undefined instructions and aborts, in A32, Thumb and IT blocks: trap() gets all of the application's state."""
    at, psr = run.symbol("trap_vectors"), re.search(rb"crash:.* psr 0x([0-9a-f]{8})", run.console)
    if at % 32:
        raise Wrong(f"trap_vectors stands at 0x{at:08x}, which is no multiple of 32: VBAR rounds down. `.balign 32` "
                    f"has to stand "
                    "before the label.", look="trap_vectors, in vectors.S", run=run)
    if psr and int(psr[1], 16) & 31 == USER:
        raise Wrong("The application's own exception was sent to the crash vectors. What says that it was the "
                    "application's is the low four bits of SPSR, not of the CPSR.", look=OWN, run=run)
    happened(run, places(run.random()))


UDFS = (words(0xe7f000f0), words(*5 * [0xde00]))        # the first that is executed is seen


def behind(tf, size):
    """The frame of the first of UDFS behind an instruction that was executed, where its IT block goes on."""
    tf = tf.but(pc=tf.pc + size, cpsr=with_it(tf.cpsr, advanced(it_of(tf.cpsr))))
    while it_of(tf.cpsr) and not passes(it_of(tf.cpsr) >> 4, tf.cpsr):
        tf = tf.but(pc=tf.pc + 2, cpsr=with_it(tf.cpsr, advanced(it_of(tf.cpsr))))
    return tf


def returns(rng):
    """Behind each exception the application goes on: elsewhere, behind it, or with the same instruction."""
    cases = []
    for i in range(6):
        for instruction in FAULTING:
            for kind in range(3):
                tf, size = placed(rng, kind, instruction), instruction.size(kind > 0)
                code = words(instruction.thumb if kind else instruction.a32) + UDFS[kind > 0]
                there = tf.but(pc=tf.pc + size)
                cases.append(Case(f"{instruction.what}, skipped by the handler", tf, code,
                                  [(instruction.number, tf), (UNDEFINED, there)], action=SKIP, x=size))
                if i < 3:
                    cases.append(elsewhere(rng, instruction.what, tf, code, instruction.number))
        for kind in range(3):
            tf, offset = placed(rng, kind, LDR), rng.randrange(0, 4096, 4)
            value = 0x01234567 * (offset // 4 + 1) & 0xffffffff
            if tf.cpsr & E:
                value = int.from_bytes(value.to_bytes(4, "little"), "big")
            code = words(LDR.thumb if kind else LDR.a32) + UDFS[kind > 0]
            there = behind(tf.but(r0=value, r1=DATA + offset), LDR.size(kind > 0))
            cases.append(Case("ldr r0, [r1], and a handler that puts r1 right", tf, code,
                              [(DATA_ABORT, tf), (UNDEFINED, there)], action=REPAIR, x=1, y=DATA + offset))
            tf = tf.but(pc=LATER + rng.randrange(0, 4000, 4), r1=DATA)
            cases.append(Case("an instruction on a page that the handler provides", tf, b"",
                              [(PREFETCH, tf), (UNDEFINED, tf)], None, (tf.pc, UDFS[kind > 0]), PROVIDE))
    return cases


@check(points=7, step="3.2", boots=states(returns), needs="frames",
       hint="What the frame says when trap() returns is what is gone on with, pc and all 32 bits of the CPSR included, "
            "and the"
            " handler may have changed any of it.")
def test_returns(run):
    """Whatever a handler makes of the frame, the application goes on with that: behind the instruction or with it."""
    happened(run, returns(run.random()))


def registered(rng):
    """More and more of the three have registered."""
    cases, order = places(rng), rng.sample((UNDEFINED, PREFETCH, DATA_ABORT), 3)
    rng.shuffle(cases)
    for i, case in enumerate(cases):
        case.y = sum(1 << number for number in order[:i * 4 // len(cases)])
    return cases


@check(points=2, step="3.2", boots=states(registered, NOBODY), needs="frames",
       hint="trap_lookup() says null where nobody has registered: then the application ends, by user_leave(). Who has "
            "registered for something else does not matter.")
def test_nobody(run):
    """An exception for which nobody has registered ends the application with -E_FAULT, and the kernel goes on."""
    for i, (case, status) in enumerate(zip(registered(run.random()), run.kept["status"])):
        (number, _), = case.expected
        expected = 0x2000 + i if case.y >> number & 1 else -7
        if status != expected:
            there = " and ".join(NUMBERS[n] for n in NUMBERS if case.y >> n & 1) or "nothing"
            raise Wrong(f"{case}, which is {NUMBERS[number]}. For {there} somebody has registered.",
                        expected=f"user_enter() returns {expected}, " +
                                 ("-E_FAULT" if expected == -7 else "its handler's status"),
                        got=f"it returned {status}", look="trap, in trap.c")


def many(rng, times=25_000):
    """Loops of an instruction and a branch to it."""
    cases = []
    for thumb, instruction, loop in ((False, FAULTING[0], 0xeafffffd), (True, FAULTING[0], 0xe7fd),
                                     (False, FAULTING[2], 0xeafffffd), (True, LDR, 0xe7fd)):
        tf = placed(rng, int(thumb), instruction, False)
        cases.append(Case(f"{instruction.what}, again and again", tf,
                          words(instruction.thumb if thumb else instruction.a32, loop),
                          [(instruction.number, tf)] * 2, action=MANY, x=instruction.size(thumb), y=times))
    return cases


@check(points=3, step="3.2", boots=states(many, budget=40_000_000), needs="returns",
       hint="What the vectors take from the SVC stack they give back before they return. Count bytes: what SRS pushed, "
            "RFE takes.")
def test_many(run):
    """After a hundred thousand exceptions a frame lies where the first one lay."""
    seen = run.kept["seen"]
    for first, last in zip(seen[::2], seen[1::2]):
        if first[2] != last[2]:
            raise Wrong("The frames wander through the SVC stack.", expected=f"each at 0x{first[2]:08x}, as the first",
                        got=f"one at 0x{last[2]:08x}", look=WAYS[first[1]])
    happened(run, many(run.random()))


# What comes behind these two is not written yet: the check's own function stands where trap_svc or trap_irq begins.

def begin(rng, number):
    cases = []
    for i in range(96):
        kind = i % 3
        tf = placed(rng, kind, FAULTING[0]).but(r7=63)
        if number == SVC:
            what, code = "svc #0", words(0xdf00 if kind else 0xef000000) + UDFS[kind > 0]
            there = tf.but(pc=tf.pc + (2 if kind else 4), cpsr=with_it(tf.cpsr, advanced(it_of(tf.cpsr))))
        else:
            what, code = "an interrupt that waited for the application", UDFS[kind > 0]
            there = tf = tf.but(cpsr=tf.cpsr & ~I)
        cases.append(Case(what, tf, code, [(number, there)]))
    return cases


svcs, irqs = functools.partial(begin, number=SVC), functools.partial(begin, number=IRQ)


@check(points=4, step="3.2", needs="frames", boots=states(svcs, BEGIN),
       hint="After an SVC lr is where the application goes on: nothing is to be taken from it. r7 is no register of "
            "the kernel's here: whatever you use is saved first. (If step 3.4 is begun: the fast path writes r0 only "
            "when r7 is SYS_NULL, and no other register.)")
def test_svc(run):
    """A system call comes to trap_svc with all of the application's state, and the address behind it."""
    happened(run, svcs(run.random()))


@check(points=4, step="3.2", needs="frames", boots=states(irqs, INTERRUPT | BEGIN),
       hint="An interrupt comes between two instructions, and lr is 4 past the one to go on with, in Thumb too.")
def test_irq(run):
    """An interrupt comes to trap_irq with all of the application's state, and the instruction that is next."""
    happened(run, irqs(run.random()))


# As in checks/broken.c: what breaks, in which mode; what the crash vectors have to call it, and where it is; in words.
FIQ, EACH = 5, 6
BREAKS = ((0, IRQS, "undefined instruction", "broken_undefined",
           "In IRQ mode the kernel executed an undefined instruction"),
          (FIQ, USER, "FIQ", CODE, "An FIQ came, while an application ran"))
TRAPS = ("trap", "trap_svc", "trap_irq")

# And each in each mode, by itself and within, with the check's own in the place of the crash vectors: to which entry it
# has to come, how far lr is past where it was.
MODES = ((0x11, "FIQ"), (IRQS, "IRQ"), (SUPERVISOR, "SVC"), (0x17, "Abort"), (0x1b, "Undefined"), (SYSTEM, "System"))
MISTAKES = [(*each, mode, words) for each in
            ((UNDEFINED, "broken_undefined", 4, "executed an undefined instruction"),
             (DATA_ABORT, "broken_load", 8, "read address 0x123, a data abort"),
             (PREFETCH, 0, 4, "jumped to address 0, a prefetch abort")) for mode, words in MODES] + [
             (0, 0, 0, "jumped to entry 0 of trap_vectors", SUPERVISOR, "SVC"),
             (5, 0, 0, "jumped to entry 5 of trap_vectors", SUPERVISOR, "SVC")]
WITHIN = ("", ", in a handler of an application's undefined instruction", ", in trap_irq()", ", in trap_svc()")
INSTEAD, RECORD = 99, struct.Struct("<17I")


def breaking(which, mode, **more):
    return Boot("broken", budget=12_000_000, marks=("user_enter", "broken", *TRAPS), **more,
                input=lambda seed: struct.pack("<14I", which, mode | (seed & 0xf) << 28 | A | I | F, *twelve(seed)))


def keep_records(held):
    data = held.memory(held.address("told"), RECORD.size * len(WITHIN) * len(MISTAKES))
    held.keep("records", list(RECORD.iter_unpack(data)))


def each_told(run):
    """Each of the mistakes came to its entry of the crash vectors, with everything as the exception had left it."""
    for (within, mistake), record in zip(itertools.product(WITHIN, MISTAKES), run.kept["records"]):
        entry, place, past, did, mode, named = mistake
        did, (*registers, lr, spsr, _, to) = f"In {named} mode{within} the kernel {did}.", record
        there = [f"it comes to entry {entry} of crash_vectors"]
        if to != entry + 1:
            raise Wrong(f"{did} The crash vectors should have told it.", expected=there, look=OWN, run=run,
                        got="an application's handler was called" if to == INSTEAD else "nobody was told" if not to else
                        f"it came to entry {to - 1}")
        kept = 8 if mode == 0x11 else 12            # FIQ mode has an r8 and up of its own
        at = (run.symbol(place) if place else 0) + past
        psr = mode | (run.seed & 0xf) << 28 | A | I | F
        compare(f"{did} What the crash vectors found then:", [f"lr 0x{at:08x}"] + [f"SPSR 0x{psr:08x}"] * bool(past) +
                [f"r{n} 0x{r:08x}" for n, r in enumerate(twelve(run.seed)[:kept])],
                [f"lr 0x{lr:08x}"] + [f"SPSR 0x{spsr & 0xf00001ff:08x}"] * bool(past) +
                [f"r{n} 0x{r:08x}" for n, r in enumerate(registers[:kept])], OWN, run)


def twelve(seed):
    return struct.unpack("<12I", random.Random(seed).randbytes(48))


def instead(marks):
    """What the kernel called when something had broken, or an FIQ come."""
    names = [mark.symbol for mark in marks]
    start = "broken" if "broken" in names else "user_enter"
    behind = [name for name in names[names.index(start):] if name in TRAPS] if start in names else []
    return f"{behind[0]}() was called instead" if behind else "nobody was told, and the kernel went on"


@check(points=5, step="3.2", needs="frames", ends=tuple(ENDINGS),
       boots=[*(breaking(*each[:2]) for each in BREAKS), breaking(EACH, 0, read_at_end=keep_records)],
       hint="Which mode was interrupted? SPSR tells, before anything is stored or changed: what was not the "
            "application's goes to the same entry of crash_vectors, with every register as it was. And so does what "
            "comes to entries 0, 5 and 7.")
def test_own_faults(runs):
    """A fault of the kernel's own, in any mode, or an FIQ: the crash vectors tell it, with its registers."""
    for run, (_, _, name, place, did) in zip(runs, BREAKS):
        pc = run.symbol(place) if isinstance(place, str) else place
        said = next((line for line in run.lines() if line.startswith("crash: ")), None)
        if said is None:
            raise Wrong(f"{did}. The crash vectors should have told it.", expected=f"crash: {name} at pc 0x{pc:08x}",
                        got=instead(run.marks), look=OWN, run=run)
        told = dict(zip(*[iter(" ".join(line.removeprefix("crash:") for line in run.lines()
                                        if line.startswith(("crash: r", "crash:  r", "crash:  sp"))).split())] * 2))
        compare(f"{did}. As the crash vectors tell it:",
                [f"crash: {name} at pc 0x{pc:08x}", *(f"r{n} 0x{r:08x}" for n, r in enumerate(twelve(run.seed))),
                 f"sp {told.get('r12')}", "lr 0x00000000"],
                [said.partition(" in HYP")[0], *(f"r{n} {told.get(f'r{n}')}" for n in range(12)),
                 f"sp {told.get('sp')}",
                 f"lr {told.get('lr')}"], OWN, run)
    each_told(runs[-1])
    if "end" not in runs[-1].reports:
        raise Wrong("Each mistake was told, and behind the last one the kernel broke off.", run=runs[-1])


# 3.3: why.

(UNKNOWN, ALIGNMENT, TRANSLATION, ACCESS_FLAG, DOMAIN, PERMISSION, EXTERNAL, EXTERNAL_WALK, PARITY, PARITY_WALK, CACHE,
 TLB_CONFLICT, DEBUG, LOCKDOWN, COPROCESSOR) = range(15)
KINDS = ("FAULT_UNKNOWN", "FAULT_ALIGNMENT", "FAULT_TRANSLATION", "FAULT_ACCESS_FLAG", "FAULT_DOMAIN",
         "FAULT_PERMISSION", "FAULT_EXTERNAL", "FAULT_EXTERNAL_WALK", "FAULT_PARITY", "FAULT_PARITY_WALK",
         "FAULT_CACHE_MAINTENANCE", "FAULT_TLB_CONFLICT", "FAULT_DEBUG", "FAULT_LOCKDOWN", "FAULT_COPROCESSOR")

# DDI 0406C, table B3-23, by FS[4:0]: the source of the fault and its level.
TABLE = {0b00001: (ALIGNMENT, 0), 0b00100: (CACHE, 0), 0b01100: (EXTERNAL_WALK, 1), 0b01110: (EXTERNAL_WALK, 2),
         0b11100: (PARITY_WALK, 1), 0b11110: (PARITY_WALK, 2), 0b00101: (TRANSLATION, 1), 0b00111: (TRANSLATION, 2),
         0b00011: (ACCESS_FLAG, 1), 0b00110: (ACCESS_FLAG, 2), 0b01001: (DOMAIN, 1), 0b01011: (DOMAIN, 2),
         0b01101: (PERMISSION, 1), 0b01111: (PERMISSION, 2), 0b00010: (DEBUG, 0), 0b01000: (EXTERNAL, 0),
         0b10000: (TLB_CONFLICT, 0), 0b10100: (LOCKDOWN, 0), 0b11010: (COPROCESSOR, 0), 0b11001: (PARITY, 0),
         0b10110: (EXTERNAL, 0), 0b11000: (PARITY, 0)}
LATE = (0b10110, 0b11000)       # asynchronous


def decoded(number, fs, address, write, domain):
    """What fault_decode() has to say: kind, address, level, domain, write, asynchronous."""
    kind, level = TABLE.get(fs, (UNKNOWN, 0))
    return (kind, 0 if fs in LATE or kind == DEBUG else address, level,
            domain if kind == DOMAIN and number == DATA_ABORT else 0,
            int(write and number == DATA_ABORT and kind != DEBUG),
            int(fs in LATE))


def told(answer):
    kind, address, level, domain, write, late = answer
    return [f"kind {KINDS[kind] if kind < len(KINDS) else kind}", f"address 0x{address:08x}", f"level {level}",
            f"domain {domain}",
            f"write {write}", f"asynchronous {late}"]


def questions(seed):
    """Each fault status, of reads and writes, in each register; other bits and the other registers say anything."""
    rng = random.Random(seed)
    asked = []
    for number in (DATA_ABORT, PREFETCH):
        for fs in range(32):
            for write in (0, 1, 0, 1):
                right = rng.getrandbits(32) & ~0xe0f | (fs & 0x10) << 6 | fs & 0xf | write << 11
                wrong, far, other = rng.getrandbits(32) & ~0x200, rng.getrandbits(32), rng.getrandbits(32)
                asked.append((number,
                              *((right, far, wrong, other) if number == DATA_ABORT else (wrong, other, right, far))))
    rng.shuffle(asked)
    return asked


def keep_answers(held):
    held.keep("answers", list(struct.iter_unpack("<6I", held.memory(held.address("answers"), 1024 * 24))))


@check(points=6, step="3.3",
       boots=Boot("faults", budget=20_000_000, read_at_end=keep_answers,
                  input=lambda seed: b"".join(struct.pack("<5I", *each) for each in questions(seed))),
       hint="FS is bit 10 and bits 3 to 0. Table B3-23 has 22 of the 32 codes, the others are unknown. DFSR and DFAR "
            "are of data aborts, IFSR and IFAR of prefetch aborts, which have neither WnR nor a domain. An "
            "asynchronous abort has no address (0 is told), a debug event neither that nor WnR; a domain is told of "
            "domain faults alone.")
def test_statuses(run):
    """Each of the 32 fault statuses, in DFSR and in IFSR, is decoded as the manual's table has it."""
    for (number, dfsr, dfar, ifsr, ifar), answer in zip(questions(run.seed), run.kept["answers"]):
        name, fsr, far = ("DFSR", dfsr, dfar) if number == DATA_ABORT else ("IFSR", ifsr, ifar)
        fs = fsr >> 6 & 0x10 | fsr & 0xf
        compare(f"{name} 0x{fsr:08x} (FS 0b{fs:05b}), {name[0]}FAR 0x{far:08x}, decoded by fault_decode():",
                told(decoded(number, fs, far, fsr >> 11 & 1, fsr >> 4 & 15)), told(answer),
                "fault_decode and its table, in fault.c", run)


# Addresses, and the fault status that an access by an application comes to there; see odd_entries() in checks/cases.c.
LOADS = ((DATA + 2, 0b00001, "at an address that is not aligned"), (NOTHING, 0b00111, "of a page that is not mapped"),
         (0x00800000, 0b00101, "where there is no second-level table"),
         (0x30000000, 0b00101, "where there is no second-level table"),
         (0, 0b00111, "of page 0"), (0x44000000, 0b01101, "of the kernel's memory"),
         (0x40100000, 0b01111, "of the kernel's text"),
         (0xe9000000, 0b01101, "of a device"), (0x80000000, 0b00101, "where the kernel has nothing"),
         (0x01000000, 0b01000, "of a page where nothing answers"),
         (0x01100000, 0b01110, "through a table where nothing answers"),
         (0x01200000, 0b01011, "of a page of domain 1"), (0x01300000, 0b01001, "of a section of domain 1"),
         (0x01001000, 0b00110, "of a page without the access flag"),
         (0x01400000, 0b00011, "of a section without the access flag"))
DATA_ALONE = ((CONST, 0b01111, "of a page that is only to be read"),
              (DATA + 0xff8, 0b00010, "of a word that a watchpoint watches"))
LDRD = Instruction("ldrd r2, r3, [r1]", 0xe1c120d0, (0xe9d1, 0x2300), DATA_ABORT)
STRD = Instruction("strd r2, r3, [r1]", 0xe1c120f0, (0xe9c1, 0x2300), DATA_ABORT)


def causes(rng):
    cases = []
    for kind in range(3):
        for instruction, write in ((LDRD, False), (STRD, True)):
            for address, fs, where in LOADS + DATA_ALONE[not write:]:
                tf = placed(rng, kind, instruction).but(r1=address)
                code = words(instruction.thumb if kind else instruction.a32)
                cases.append((Case(f"{instruction.what} {where}", tf, code, [(DATA_ABORT, tf)]), fs, address, write))
    for thumb in (False, True):
        for address, fs, where in LOADS[1:] + ((DATA, 0b01111, "of a page that is not to be executed"),):
            tf = Frame.random(rng, address & ~3, thumb)
            cases.append((Case(f"a fetch {where}", tf, b"", [(PREFETCH, tf)]), fs, address, False))
        tf = placed(rng, int(thumb), FAULTING[2])
        cases.append((Case("bkpt #0", tf, words(0xbe00 if thumb else 0xe1200070), [(PREFETCH, tf)]), 0b00010, 0, False))
    for first, second in ((0xf8d1, 0x0000), (0xf000, 0xb800), (0xf7f0, 0xa000)):
        tf = Frame.random(rng, LATER - 2, True)
        cases.append((Case("a Thumb instruction with its second half on a page that is not mapped", tf, words(first),
                           [(PREFETCH, tf)]), 0b00111, LATER, False))
    tf = Frame.random(rng, CODE, False)
    cases.append((Case("a fetch with a first level where nothing answers", tf, b"", [(PREFETCH, tf)], y=0xffffffff),
                  0b01100, CODE,
                  False))
    return cases


@check(points=6, step="3.3", needs=("statuses", "frames"),
       boots=states(lambda rng: [case for case, *_ in causes(rng)], DECODE),
       hint="The address is that of the access, or of what could not be fetched: of a Thumb instruction that straddles "
            "two pages that may be its second half, while pc is where it begins.")
def test_causes(run):
    """Every abort that this machine can raise, in A32, Thumb and IT blocks: cause, level, address, domain, write."""
    cases = causes(run.random())
    happened(run, [case for case, *_ in cases])
    for (case, fs, address, write), entry in zip(cases, run.kept["seen"]):
        domain = 1 if TABLE[fs][0] == DOMAIN else 0
        compare(f"{case}: what fault_decode() says.", told(decoded(case.expected[0][0], fs, address, write, domain)),
                told(entry[21:]), "fault_decode, in fault.c", run)


# 3.4: system calls.

TELL, NULL, FRAME = 63, 0, 1
NOSYS, FAULT = -8, -7
SYSCALLS = (0, 1, 2, 3, 4, TELL)        # those there are: as in exo/syscall.h, and the check's own


def calls(rng, numbers, times=0):
    """System calls, so many times in A32, in Thumb and in IT blocks, or once in one of them; what comes behind each is
    an undefined instruction, which shows the state then."""
    cases = []
    for i, number in enumerate(numbers * (times or 1)):
        for kind in range(3) if times else (i % 3,):
            tf = placed(rng, kind, FAULTING[0]).but(r7=number)
            value = {NULL: 0, FRAME: 0, TELL: rng.getrandbits(32)}.get(number, NOSYS & 0xffffffff)
            there = behind(tf.but(r0=value), 2 if kind else 4)
            what = {NULL: "SYS_NULL", FRAME: "SYS_FRAME"}.get(number, "svc #0") + f" (r7 = 0x{number:x})"
            cases.append(Case(what, tf, words(0xdf00 if kind else 0xef000000) + UDFS[kind > 0],
                              [(SVC, tf.r[:4])] * (number == TELL) + [(UNDEFINED, there)], action=LEAVE, x=value,
                              look="svc's way, in vectors.S, where SYS_NULL is answered" if number == NULL else
                              "trap_svc, in syscall.c"))
    return cases


def good_calls(rng):
    return calls(rng, (TELL, NULL, FRAME), 20) + [changed(rng, SVC, i % 3) for i in range(30)]


def bad_calls(rng):
    """Next to those there are, one bit off from them, and far from all of them."""
    near = [*range(66), *(number | 1 << bit for number in SYSCALLS for bit in range(6, 32)), 0xffffffff, 0xfffffff8]
    far = [rng.getrandbits(32 - 8 * (i % 3)) for i in range(20)]
    return calls(rng, [number for number in near + far if number not in SYSCALLS])


@check(points=6, step="3.4", needs=("svc", "returns"), boots=states(good_calls, marks=("trap_svc",)),
       hint="The frame is what the application gets back: the result goes into the frame's r0. SYS_NULL is in no "
            "table: svc's way, in vectors.S, answers it with 0. That fast path has no frame: it may touch nothing but "
            "r0.")
def test_calls(run):
    """A system call gets r0 to r3, and its result comes back in r0; every other register and flag is as it was."""
    cases = good_calls(run.random())
    happened(run, cases)
    wanted, came = sum(case.tf.r[7] != NULL and case.expected[0][0] != IRQ for case in cases), len(run.marks)
    if came != wanted:
        raise Wrong("SYS_NULL is answered by the fast path, before anything is saved; every other call goes by the "
                    "full frame, and C.",
                    expected=f"{wanted} calls of trap_svc()", got=f"{came} calls of trap_svc()",
                    look="svc's way, in vectors.S")


# (Lab 4 has more system calls.)
@check(points=3, step="3.4", needs="calls", boots=states(bad_calls), until=3,
       hint="Any 32-bit number can stand in r7. syscall_lookup() knows which are system calls.")
def test_numbers(run):
    """A number that is no system call's is answered with -E_NOSYS, and nothing else changes."""
    happened(run, bad_calls(run.random()))


PAIR, MIXED, XPAGE, SHUT, LAST, USER_TOP = 0x100000, 0x110000, 0x130000, 0x140000, 0x3ffff000, 0x40000000
WIDE, LONG, PAGE = (0x400000, 0x480000, 0x500000), 0xbc0000, 4096      # the last one in two stretches of 4 MB
READ, BOTH, EXECUTE = 1, 3, 5           # RIGHT_, as in exo/cap.h
SMALL = [(PAIR, 2, BOTH), (MIXED, 1, READ), (MIXED + PAGE, 1, BOTH), (XPAGE, 1, EXECUTE), (SHUT, 1, 0),
         (SHUT + PAGE, 1, BOTH),
         (LAST, 1, BOTH)]
PROGRAM = [(0x10000, 1, EXECUTE), (0x3ffec000, 4, BOTH)]        # its text and its stack, as exo/user.h has them
MAPPED_FOR = {READ: "to read", BOTH: "to read and write", EXECUTE: "to read and execute", 0: "for nothing"}
CHECKS, COPIES = (CHECK_READ, CHECK_WRITE), (COPY_IN, COPY_OUT) = (0, 1), (2, 3)
ASKED = ("user_check({va}, {size}, false)", "user_check({va}, {size}, true)", "copy_in(to, {va}, {size})",
         "copy_out({va}, from, {size})")
BUFFER = 0x6000

RANGES = [(PAIR, 1), (PAIR, 4096), (PAIR, 8192), (PAIR, 8193), (PAIR + 8191, 1), (PAIR + 8192, 1), (PAIR + 8191, 2),
          (PAIR - 1, 1),
          (PAIR - 1, 2), (PAIR + 4095, 2), (PAIR + 4090, 4100), (PAIR + 4090, 4103), (PAIR, 0), (PAIR + 3, 0),
          (PAIR + 100, 8092), (PAIR + 101, 8092),
          (MIXED, 4096), (MIXED, 8192), (MIXED + 4095, 1), (MIXED + 4095, 2), (MIXED + 4096, 4096),
          (MIXED + 4096, 4097),
          (XPAGE, 4), (XPAGE + 4092, 4), (SHUT, 4), (SHUT + 4094, 4), (SHUT + 4095, 1), (SHUT + 4096, 4096),
          (LAST, 4096), (LAST, 4097), (LAST, 8192), (LAST, 0x5000), (LAST + 4095, 1), (LAST + 4095, 2), (0, 1), (4, 4),
          (0x200000, 4), (0x3fff0000, 4),
          (USER_TOP, 1), (0x40100000, 4), (0x40200000, 8192), (0xe9000000, 4), (0x80000000, 4), (0xfffffffc, 4),
          (0xffffffff, 1),
          (0, 0), (PAIR + 8192, 0), (XPAGE, 0), (SHUT, 0), (USER_TOP, 0), (0x40100000, 0), (0xffffffff, 0),
          (PAIR, 0x80000000), (PAIR, 0xffffffff), (PAIR, -PAIR & 0xffffffff), (PAIR, (-PAIR & 0xffffffff) + 1),
          (PAIR + 4, 0xfffffffe),
          (LAST, 0xc0001001), (LAST, 0xc0001000), (LAST, 0x40001000), (LAST, 0x200000), (0x40100000, 0xc0000000),
          (0xfffff000, 0x101001),
          (0xfffff000, 0x1001), (PAIR + 4095, 0xfffff001), (PAIR, 0x100002000 - 0x2000 - PAIR),
          (0xffffffff, 0xffffffff),
          (0, 0xffffffff), (USER_TOP, 0xffffffff)]


def mapped(rng):
    """What is mapped, (va, pages, prot) each; and of the longer regions start, end, and the one page that is missing
    there, or is mapped for less: in the longest, beyond its first megabyte."""
    regions, holes = list(SMALL), []
    wide = ((start, rng.randrange(16, 40), 4, prot) for start, prot in zip(WIDE, (None, READ, 0)))
    for start, pages, first, prot in (*wide,
                                      (LONG, 300, 257, rng.choice((None, READ, 0)))):
        at = rng.randrange(first, pages - 4)
        hole, end = start + at * PAGE, start + pages * PAGE
        regions += [(start, at, BOTH), *[(hole, 1, prot)] * (prot is not None), (hole + PAGE, pages - at - 1, BOTH)]
        holes.append((start, end, hole))
    return regions, holes


def asked_of(seed, whats):
    """The regions, and what is asked: (what, va, size)."""
    rng = random.Random(seed)
    regions, holes = mapped(rng)
    spans = [(va, va + size) for va, size in RANGES]
    if whats == CHECKS:
        spans += [(start + at, start + at + size) for va, count, _ in PROGRAM for start in (va, va + count * PAGE)
                  for at, size in ((-4, 4), (-4, 8), (0, 4))]
    for start, end, hole in holes:
        before, behind = hole - rng.randrange(8193, 0x4000), hole + PAGE + rng.randrange(8193, 0x3000)
        spans += [(start, hole), (start, hole + 1), (start, end), (hole + PAGE - 1, end), (hole + PAGE, behind),
                  (before, hole),
                  (before, hole + 1), (before, hole + PAGE), (before, hole + rng.randrange(1, 8192)),
                  (hole + rng.randrange(PAGE), behind),
                  *(sorted(rng.sample(range(start, end), 2)) for _ in range(4))]
    for _ in range(10):
        va, pages, _ = rng.choice(SMALL)
        at = va + rng.randrange(pages * PAGE)
        spans.append((at, at + rng.randrange(1, 8192)))
    return regions, [(what, low, high - low) for what in whats for low, high in spans
                     if what not in COPIES or high - low <= BUFFER]


def keep_pointers(held):
    held.keep("answers", list(struct.iter_unpack("<iII", held.memory(held.address("answers"), 1024 * 12))))
    held.keep("result", held.word(held.address("result")))
    held.keep("leaked", held.word(held.address("leaked")))
    held.keep("alone", struct.unpack("<4i", held.memory(held.address("alone"), 16)))


def pointers(whats):
    def put(seed):
        regions, asked = asked_of(seed, whats)
        return struct.pack("<I", len(regions)) + b"".join(struct.pack("<3I", *each) for each in regions + asked)
    return Boot("pointers", read_at_end=keep_pointers, budget=120_000_000, input=put)


def in_pages(regions):
    return {va + i * PAGE: prot for va, pages, prot in regions for i in range(pages)}


def allowed(pages, what, va, size):
    need = READ if what in (CHECK_READ, COPY_IN) else BOTH
    return all(pages.get(page, 0) & need == need for page in range(va & -PAGE, va + size, PAGE))


def patterned(factor, n):
    return struct.pack(f"<{n}I", *(factor * (i + 1) & 0xffffffff for i in range(n)))


HERE, THERE = patterned(0x9e3779b9, BUFFER // 4), patterned(0x85ebca6b, (BUFFER // PAGE + 4) * PAGE // 4)


@functools.cache        # most of what is hashed has not changed
def hashed(data):
    return sum(map(operator.mul, memoryview(data).cast("I"), range(1, len(data), 2))) & 0xffffffff


def copied(pages, what, va, size):
    """The hashes of the kernel's buffer and of the application's pages, with their neighbours, behind a copy."""
    near = [page for page in pages if page + 2 * PAGE > va and page < va + size + PAGE]
    here, there = bytearray(HERE), bytearray(THERE[:len(near) * PAGE])
    if size and allowed(pages, what, va, size):
        at = near.index(va & -PAGE) * PAGE + va % PAGE
        if what == COPY_IN:
            here[:size] = there[at:at + size]
        else:
            there[at:at + size] = here[:size]
    return hashed(bytes(here)), hashed(bytes(there))


def answered(run, whats):
    """Each question, if its status was right, with the pages that are mapped and the hashes that it left."""
    regions, asked = asked_of(run.seed, whats)
    regions = regions + PROGRAM * (whats == CHECKS)
    pages = in_pages(regions)
    for (what, va, size), (status, *hashes) in zip(asked, run.kept["answers"]):
        right = 0 if not size or allowed(pages, what, va, size) else FAULT
        if status != right:
            there = [f"0x{at:x} to 0x{at + count * PAGE - 1:x} ({MAPPED_FOR[prot]})" for at, count, prot in regions
                     if at <= va + size and at + count * PAGE >= va]
            raise Wrong(f"USER_TOP is 0x{USER_TOP:x}, and this range ends at 0x{va + size:x}."
                        if size and va + size > USER_TOP else
                        f"Of what is in this range or next to it, mapped are {', '.join(there)}." if there else
                        "Nothing is mapped there.",
                        expected=f"{ASKED[what].format(va=hex(va), size=hex(size))} returns {right}",
                        got=f"it returned {status}", look="user_check, in syscall.c", run=run)
        yield pages, (what, va, size), hashes


@check(points=7, step="3.4", needs="calls", boots=pointers(CHECKS),
       hint="Every page from the first byte to the last one, not the one behind it; a size that makes va + size wrap; "
            "nothing from USER_TOP on, whatever is mapped there; to write takes more than to read; no bytes are always "
            "there; and maybe no application runs at all.")
def test_pointers(run):
    """user_check() says yes to what the application may read, or write: not to the kernel's, unmapped, wrapping."""
    list(answered(run, CHECKS))
    for name, status in zip(2 * ("an address that was the application's", "one of the kernel's"), run.kept["alone"]):
        if status != FAULT:
            raise Wrong(f"user_check() of {name}, when no application runs:", expected=f"{FAULT}", got=f"{status}",
                        look="user_check, in syscall.c")


@check(points=3, step="3.4", needs="pointers", boots=pointers(COPIES),
       hint="copy_in and copy_out ask user_check; one of them has to be able to write.")
def test_copies(run):
    """copy_in() and copy_out() copy everything, or say -E_FAULT and copy nothing; the program goes on."""
    for pages, (what, va, size), hashes in answered(run, COPIES):
        if tuple(hashes) != copied(pages, what, va, size):
            raise Wrong(f"{ASKED[what].format(va=hex(va), size=hex(size))} " +
                        ("did not copy all of it, or something else." if allowed(pages, what, va, size) else
                         "refused, and copied something."),
                        look="copy_in and copy_out, in syscall.c")
    if run.kept["result"] != 42:
        raise Wrong("The program got another result of its system call, or user_run() another of the program.",
                    expected="42", got=f"{run.kept['result']}", look="trap_svc, in syscall.c")
    assert not run.kept["leaked"], "as_destroy() is lab 2's, and checked there"


# 3.5: interrupts.

SPURIOUS, BEFORE = 1023, 0xdeadbeef


def acknowledged(seed):
    """What GICC_IAR says, time after time: the interrupt, and for the first sixteen the core that sent it."""
    rng = random.Random(seed)
    iar = [rng.choice((0, rng.randrange(8))) << 10 | n for n in range(16)] + list(range(16, 288)) + [SPURIOUS] * 4
    rng.shuffle(iar)
    return iar


def say(eoir):
    return "nothing" if eoir == BEFORE else f"0x{eoir:x}"


def keep_gic(held):
    held.keep("answers", list(struct.iter_unpack("<15I", held.memory(held.address("answers"), 1024 * 60))))


@check(points=6, step="3.5", needs="irq",
       boots=Boot("gic", budget=20_000_000, input=lambda seed: struct.pack("<292I", *acknowledged(seed)),
                  read_at_end=keep_gic),
       hint="What GICC_IAR said is what GICC_EOIR wants, all of it, but the interrupt's number is bits 9 to 0. 1023 "
            "means that there was none: nobody is called, and nothing is ended. One that nobody wants is disabled and "
            "still ended. The end comes last.")
def test_gic(run):
    """Each interrupt is acknowledged, handed to its handler, and ended; a spurious one not; a stranger is disabled."""
    for iar, (calls, irq, arg, within, eoir, *disabled, other) in zip(acknowledged(run.seed), run.kept["answers"]):
        number = iar & 1023
        wanted = number != SPURIOUS and number % 3 != 0
        off = [n for n in range(288) if disabled[n // 32] >> n % 32 & 1]
        expected = [f"calls of its handler: {int(wanted)}",
                    f"interrupts disabled: {'none' if wanted or number == SPURIOUS else [number]}",
                    f"written to GICC_EOIR: {say(BEFORE if number == SPURIOUS else iar)}",
                    "written to enable registers, GICC_PMR and the CTLRs: nothing"]
        got = [f"calls of its handler: {calls}", f"interrupts disabled: {off or 'none'}",
               f"written to GICC_EOIR: {say(eoir)}",
               f"written to enable registers, GICC_PMR and the CTLRs: {say(other or BEFORE)}"]
        if wanted and calls:
            expected += [f"called with {number}, argument 0x{0x1000 + number:x}",
                         "written to GICC_EOIR before the handler was called: nothing"]
            got += [f"called with {irq}, argument 0x{arg:x}",
                    f"written to GICC_EOIR before the handler was called: {say(within)}"]
        compare(f"GICC_IAR said 0x{iar:x}, interrupt {number}" + (f" from core {iar >> 10}" if iar >> 10 else "") +
                (", which is none at all" if number == SPURIOUS else
                 "" if wanted else ", for which nobody has registered") + ":",
                expected, got, "trap_irq, in irq.c", run)


def waiting(rng):
    """An interrupt at the first instruction of applications in every state; half of the times to go on elsewhere."""
    cases = []
    for i in range(240):
        tf = placed(rng, i % 3, FAULTING[0])
        tf = tf.but(cpsr=tf.cpsr & ~I)
        cases.append(changed(rng, IRQ, i % 3) if i % 2 else
                     Case("an interrupt that waited for the application", tf, UDFS[i % 3 > 0],
                          [(IRQ, tf), (UNDEFINED, tf)]))
    return cases


PASSES = 128
PASS = struct.Struct("<16I")
WORK = (*(f"r{n}" for n in range(13)), "lr", "the flags", "interrupts so far")


def keep_passes(held):
    data = held.memory(held.address("passes"), 2 * PASSES * PASS.size)
    held.keep("passes", [list(PASS.iter_unpack(data[i * PASSES * PASS.size:][:PASSES * PASS.size])) for i in range(2)])
    held.keep("results", struct.unpack("<2i", held.memory(held.address("result"), 8)))


@check(points=6, step="3.5", needs="gic",
       boots=[states(waiting, INTERRUPT, marks=("trap_irq",)),
              Boot("interrupts", budget=20_000_000, read_at_end=keep_passes)],
       hint="An interrupt comes between any two instructions, also within an IT block, and nothing may show that it "
            "was there: every register, NZCVQ, GE, IT, E and T.")
def test_interrupts(runs):
    """A program's result is the same wherever an interrupt comes: between any two instructions, in A32 and in Thumb."""
    first, run = runs
    happened(first, waiting(first.random()))
    for name, passes in zip(("A32", "Thumb"), run.kept["passes"]):
        for n, got in enumerate(passes):
            expected = (*passes[0][:15], n)
            after = "1 instruction" if n == 1 else f"{n} instructions"
            compare(f"A program in {name}, with an interrupt {after} after it set the timer: what is wrong in the end.",
                    [f"{what} 0x{value:08x}" for what, value in zip(WORK, expected)],
                    [f"{what} 0x{value:08x}" for what, value in zip(WORK, got)],
                    "irq's way, in vectors.S" if got[:15] != expected[:15] else "trap_irq, in irq.c", run)


TICKS, GICC_IAR, GICC_EOIR = 10_000, 0x0801000c, 0x08010010
TOLD_OF_TICKS = ("ticks", "sgis", "calls", "unregistered", "enabled", "idle_ticks", "result")


def keep_ticks(held):
    for name in TOLD_OF_TICKS:
        held.keep(name, held.word(held.address(name)))
    for name, size in (("lowest", 2), ("highest", 2), ("before", 16), ("after", 16)):
        held.keep(name, struct.unpack(f"<{size}I", held.memory(held.address(name), size * 4)))


@check(points=5, step="3.5", needs="interrupts",
       boots=Boot("ticks", input=struct.pack("<I", TICKS), read_at_end=keep_ticks, budget=20_000_000,
                  watch=((GICC_IAR, 8),)),
       hint="GICC_IAR is read once for each interrupt, as the read itself acknowledges it; GICC_EOIR is written once "
            "for each.")
def test_ticks(run):
    """Ten thousand interrupts while a program works: none is lost, none comes twice, no stack wanders."""
    kept = run.kept
    expected = ["a stranger's interrupt disabled, and the program's result 42",
                f"the program's result 42, ticks {TICKS}",
                f"interrupts that the core sent itself {kept['calls'] // 64}", "the stack always at the same place"]
    wanders = [low != high for low, high in zip(kept["lowest"], kept["highest"])]
    got = ["a stranger's interrupt " + ("still enabled" if kept["enabled"] else "disabled") +
           f", and the program's result {kept['unregistered']}",
           f"the program's result {kept['result']}, ticks {kept['ticks']}",
           f"interrupts that the core sent itself {kept['sgis']}",
           "the stack wandering" if any(wanders) else "the stack always at the same place"]
    compare("What came of it:", expected, got, "trap_irq, in irq.c, and irq's way, in vectors.S", run)
    order = "".join(access.kind if access.address in (GICC_IAR, GICC_EOIR) else "?" for access in run.accesses)
    if order != "rw" * (len(order) // 2):
        at = next(i for i, (one, other) in enumerate(zip(order + " ", "rw" * len(order))) if one != other)
        raise Wrong("GICC_IAR is read and GICC_EOIR written in turns, once for each interrupt.",
                    expected=f"interrupt {at // 2 + 1}: " + ("GICC_IAR read", "GICC_EOIR written")[at % 2],
                    got=f"{run.accesses[at].size} bytes at 0x{run.accesses[at].address:08x} " +
                        ("read" if run.accesses[at].kind == "r" else "written") if at < len(order) else "nothing",
                    look=run.where(run.accesses[min(at, len(order) - 1)].pc))


def keep_frame(held):
    if held.kept("frame") is None:
        held.keep("frame", struct.unpack("<18I", held.memory(held.registers()["r0"], 72)))


@check(points=2, step="3.5", needs="ticks",
       boots=Boot("ticks", input=bytes(4), holds={"trap_irq": keep_frame}, read_at_end=keep_ticks),
       hint="An interrupt that ends the kernel's sleep comes from SVC mode: the frame's sp and lr are that mode's own "
            "then, and so is what is given back.")
def test_idle(run):
    """An interrupt while the kernel sleeps: its handler is called, the frame is whole, all registers as they were."""
    names, before = (*(f"r{n}" for n in range(13)), "sp", "lr", "cpsr"), run.kept["before"]
    if "frame" in run.kept:
        *frame, _, pc, cpsr = run.kept["frame"]
        compare("The frame of an interrupt in trap_idle(), which trap_irq() is called with:",
                [f"{name} 0x{value:08x}" for name, value in zip(names, (*before[:15], before[15] & ~I))] +
                ["pc in trap_idle"],
                [f"{name} 0x{value:08x}" for name, value in zip(names, (*frame, cpsr))] +
                [f"pc in {run.where(pc).function}"],
                "irq's way, in vectors.S", run)
    if run.kept["idle_ticks"] < 8:
        compare("Behind trap_idle(), which was woken by an interrupt:",
                [f"{name} 0x{value:08x}" for name, value in zip(names, run.kept["before"])],
                [f"{name} 0x{value:08x}" for name, value in zip(names, run.kept["after"])], "irq's way, in vectors.S",
                run)
        raise Wrong("trap_idle() returned without its interrupt, or with more than one.",
                    look="irq's way, in vectors.S")
    if run.wfis < 8:
        raise Wrong("trap_idle() came back with its interrupt, and did not sleep.", expected="WFI, 8 times",
                    got=f"{run.wfis} times", look="trap_idle, in user.S")
