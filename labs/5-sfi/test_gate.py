"""The checks of step 5.2, the gate, and of what is given around it.

What a module finds when it is entered, and the kernel when it is left, is compared with exo/module.h; what modules do
to the machine, with models. The modules are written by hand: nothing here depends on the rewriter.
"""
import random
import struct

from grader.checks import Boot, Wrong, check, expect_lines

STEP = "5.2"
SYS, SVC, A, I, F = 0x1f, 0x13, 1 << 8, 1 << 7, 1 << 6
ENTERED = SYS                   # CPSR of a module that begins
FLAGS = 0xf80f0000              # N, Z, C, V, Q and GE
E = {"INVAL": 1, "NOMEM": 2, "EXISTS": 3, "NOENT": 4, "PERM": 6, "FAULT": 7, "TIME": 9, "BUSY": 10}


def word(rng):
    return rng.getrandbits(32)


# The gate alone.

ALONE = 12
GATE = struct.Struct("<29I")
GATE_TOLD = struct.Struct("<20I48x16I2I")


def gate_cases(rng):
    """(image, args, status, result, kept, nested): cases, the first ALONE in a row, then some within others."""
    cases = []
    for i in range(24):
        image, kept = [word(rng) for _ in range(11)], [word(rng) for _ in range(10)] + [word(rng) & FLAGS]
        if i < 2:               # what a module has, but for the segments
            image = [0, 0, 0, 0, 0, 0xc0200000, 0xc0000000, 0, 0, 0xc00ff000, 0xc0200000]
        status = (0, 0, -E["FAULT"], -E["TIME"])[i % 4] & ALL
        nested = i if i >= ALONE and i % 4 else 0
        cases.append((image, [word(rng) for _ in range(4)], status, word(rng), kept, nested))
    return cases


def gate_boot(count=None):
    def given(seed):
        return b"".join(GATE.pack(*image, *args, status, result, *kept, nested)
                        for image, args, status, result, kept, nested in gate_cases(random.Random(seed))[:count])

    return Boot("gate", input=given, read_at_end=keep_gate)


def keep_gate(held):
    held.keep("told", list(GATE_TOLD.iter_unpack(held.memory(held.address("told"), 64 * GATE_TOLD.size))))


NAMES = (*(f"r{i}" for i in range(13)), "sp", "lr")


def registers(words, names=NAMES):
    return [f"{name} {value:#010x}" for name, value in zip(names, words)]


@check(points=5, step=STEP, boots=gate_boot(ALONE),
       hint="the image of struct module is r4 to r12, sp and lr of System mode: an LDM with ^ loads them from SVC mode "
       "(DDI 0406C, B9.3.6), and MOVS pc, lr then takes CPSR from SPSR, all of it (B9.3.20)")
def test_gate(run):
    """A module begins with its arguments, its image and nothing else, in System mode, flags 0, nothing masked."""
    for i, (image, args, *_) in enumerate(gate_cases(random.Random(run.seed))[:ALONE]):
        told = run.kept["told"][i]
        at = f"in case {i}: "
        cpsr, sp, irq_pc, irq_psr, irqs = told[15:20]
        if cpsr == 0:
            raise Wrong(at + "the module was never entered at `at`", look="module_enter() in gate.S")
        if cpsr & 0x1f != SYS:
            raise Wrong(at + f"the module runs in mode {cpsr & 0x1f:#x}, not in System mode, {SYS:#x}",
                        look="what SPSR says at the MOVS")
        expect_lines(registers([*args, *image]), registers(told[:15]), at + "what the module finds in its registers")
        if cpsr != ENTERED:
            what = "A, I and F are clear in a module" if not (cpsr ^ ENTERED) & FLAGS else "flags of the kernel's are left"
            raise Wrong(at + what, expected=f"CPSR {ENTERED:#010x}", got=f"CPSR {cpsr:#010x}")
        if irqs != 1 or irq_psr & 0x1f != SYS or irq_pc != run.symbol("gate_probe"):
            raise Wrong(at + "the interrupt that is pending has to come before the module's first instruction, and "
                        "nowhere in the kernel",
                        expected=f"once, in mode {SYS:#x}, before {run.symbol('gate_probe'):#010x}",
                        got=f"{irqs} times, in mode {irq_psr & 0x1f:#x}, before {irq_pc:#010x}")
        if sp % 8:
            raise Wrong(at + f"SVC mode's sp is {sp:#010x} while the module runs: C wants it 8-byte aligned")


@check(points=5, step=STEP, needs=("gate",), boots=gate_boot(),
       hint="module_leave() finds on SVC's stack what module_enter() has put there, the newest on top: r4 to r11 and "
       "lr, System mode's sp and lr, where the result goes")
def test_gate_back(run):
    """Whoever called gets its registers back, the application its sp and lr, in calls within calls too."""
    for i, (_, _, status, result, kept, _) in enumerate(gate_cases(random.Random(run.seed))):
        told = run.kept["told"][i][20:]
        at = f"behind case {i}{', of calls within calls' if i >= ALONE else ''}: "
        cpsr = told[13]
        if cpsr & 0x1df != SVC | A | I | F:
            raise Wrong(at + "the kernel goes on in SVC mode, A, I and F set",
                        expected=f"CPSR {SVC | A | I | F:#010x}", got=f"CPSR {cpsr:#010x}")
        expect_lines(registers(kept[:8], NAMES[4:]), registers(told[:8], NAMES[4:]), at + "what C wants kept")
        if told[11] != told[12]:
            raise Wrong(at + "SVC's sp is not where it was", expected=f"sp {told[11]:#010x}",
                        got=f"sp {told[12]:#010x}")
        expect_lines(registers(kept[8:10], NAMES[13:]), registers(told[8:10], NAMES[13:]),
                     at + "User's sp and lr, the application's")
        if told[16] != status:
            raise Wrong(at + "what module_enter() returned", expected=f"status {status:#010x}",
                        got=f"status {told[16]:#010x}")
        result = 0x12345678 if status else result
        if told[17] != result:
            raise Wrong(at + f"*result, where status is {status:#x}", expected=f"{result:#010x}",
                        got=f"{told[17]:#010x}")


# Modules, as they are loaded, called and stopped.

CALL, OUTCOME = struct.Struct("<7I16I"), struct.Struct("<27I")
SEGMENT, DATA, STACK, STACK_TOP, CODE, TICKS = 0x100000, 0x1000, 0xfb000, 0xff000, 0x2000, 1_000_000    # exo/module.h
PAGE, ALL = 4096, 0xffffffff
BLOCK = 0x1100                  # checks/calls.c
DATA_END = 0x4000               # three pages: calls.S's data, and .bss
UNDEFINED, PREFETCH, DATA_ABORT, IRQ = 1, 3, 4, 6
STORE, LOAD, JUMP, LOOP, PAIR, ENTRY, BEHIND, NEXT = range(8)
TRAPS = {0: "none", UNDEFINED: "undefined", PREFETCH: "prefetch abort", DATA_ABORT: "data abort", IRQ: "IRQ"}


def data(n):
    return 0xc0000000 + 0x400000 * n


def code(n):
    return data(n) + 0x200000


def call(function, *args, module=0, delay=0, block=()):
    args, block = [*args, 0, 0, 0, 0][:4], [*block, *[0] * 16][:16]
    return delay, module, function, args, block


def calls_boot(make, modules=1, pins=0, **more):
    """`make(rng)`: what to call, and what has to come of it."""
    def given(seed):
        return struct.pack("<2I", modules, pins) + b"".join(
            CALL.pack(*(word & ALL for word in (delay, module, function, *args, *block)))
            for (delay, module, function, args, block), *_ in make(random.Random(seed)))

    def keep(held):
        held.keep("outcomes", list(OUTCOME.iter_unpack(held.memory(held.address("outcomes"), 128 * OUTCOME.size))))

    return Boot("calls", input=given, read_at_end=keep, budget=40_000_000, **more)


def status_words(status):
    status = status - (1 << 32) if status >> 31 else status
    return next((f"-E_{name}" for name, number in E.items() if -number == status), str(status))


def ended(status, trap=0, pc=0, cause=0, address=0):
    """What is told of a call's end, in lines."""
    if not trap:
        return [f"status {status_words(status)}"]
    return [f"status {status_words(status)}", f"trap {TRAPS.get(trap, trap)}", f"pc {pc:#07x}", f"cause {cause:#x}",
            f"address {address:#010x}"]


def expect_state(outcome, at):
    bits = ("VBAR", "GICC_PMR", "CNTV_CTL", "struct module's frame", "a system register (SCTLR, TTBR0 and 1, TPIDR...)")
    wrong = [name for i, name in enumerate(bits) if not outcome[8] >> i & 1]
    if wrong:
        raise Wrong(f"{at}: {', '.join(wrong)}: not as before the call",
                    look="module_enter() and module_leave() in gate.S")


def faults(rng):
    """(call, what, trap, pc, cause, address): None for a pc that no one knows, or all is well."""
    out = []
    for n in (0, 1):
        for function, store in ((STORE, 1 << 11), (LOAD, 0)):
            what = "store" if store else "load"
            for at, beside in ((DATA, 0), (DATA_END - 1, 0), (STACK, 0), (STACK_TOP - 1, 0), (DATA + 4095, 1),
                               (STACK_TOP - 4096, 2)):
                out.append((call(function, at, 7, beside, module=n), f"{what} at {at:#x}, which is there", 0, 0, 0, 0))
            for at, beside in ((0, 0), (DATA - 1, 0), (DATA_END, 0), (STACK - 1, 0), (STACK_TOP, 0), (SEGMENT - 1, 0),
                               (0, 1), (4094, 1), (SEGMENT - 4095, 2), (SEGMENT - 1, 2),
                               (rng.randrange(DATA_END, STACK), 0)):
                where = data(n) + at + (0, -4095, 4095)[beside]
                level = 5 if not data(n) <= where < data(n) + SEGMENT else 7
                out.append((call(function, at | word(rng) << 20, 7, beside, module=n),
                            f"{what} at data + {where - data(n):#x}", DATA_ABORT, (function, beside), level | store,
                            where))
        for at, why in ((SEGMENT - 4, 7), (0x10000, 7), (PAGE, 15), (PAGE + 0x40, 15)):
            out.append((call(JUMP, at | word(rng) << 20, module=n), f"a jump to code + {at:#x}", PREFETCH, at, why,
                        code(n) + at))
        for at in (20, 0x7fc, PAGE - 4, CODE + PAGE - 4):
            out.append((call(JUMP, at, module=n), f"a jump to the UDF at code + {at:#x}", UNDEFINED, at, 0, 0))
        out.append((call(PAIR, DATA + 2, module=n), "ldrd at an address that is not aligned", DATA_ABORT, (PAIR, 0), 1,
                    data(n) + DATA + 2))
        out.append((call(JUMP, 0, module=n), "a jump to the entry that returns", 0, 0, 0, 0))
    return out


def keep_found(held):
    held.keep("found", [*held.kept("found", ()), held.registers()])


def expect_found(run, asked, found):
    """What module 0 of no pins has in its registers when it is entered, seen from outside."""
    args = asked[3]
    want = [*(arg & ALL for arg in args), 0, 0, 0, 0, 0, code(0), data(0), 0, 0, data(0) + STACK_TOP, code(0)]
    at = f"a call of function {LOAD} with {args[0] & ALL:#x}: "
    expect_lines(registers(want), registers([found[f"r{i}"] for i in range(15)]),
                 at + "what the module finds in its registers")
    if found["cpsr"] != ENTERED:
        raise Wrong(at + "flags, or what is masked, of the kernel's are left", expected=f"CPSR {ENTERED:#010x}",
                    got=f"CPSR {found['cpsr']:#010x}", look="what SPSR says at the MOVS")


def function_at(run, function, instruction=0):
    return run.symbol(f"probe.f{function}") - run.symbol("probe.code") + CODE + 4 * instruction


@check(points=5, step=STEP, needs=("gate-back",), boots=calls_boot(faults, modules=2, holds={"found": keep_found}),
       hint="an exception in System mode ends at module_leave(), called in SVC mode, sp as module_enter() left it")
def test_faults(run):
    """A module that faults, in its segments or beside them, is stopped, the kernel told how, the next call works."""
    found = iter(run.kept.get("found", ()))
    for (asked, what, trap, pc, cause, address), got in zip(faults(random.Random(run.seed)), run.kept["outcomes"]):
        if asked[1:3] == (0, LOAD):
            here = next(found, None)
            if here is None:
                raise Wrong(f"{what}: module 0's function {LOAD} was not entered", look="module_enter() in gate.S")
            expect_found(run, asked, here)
        if isinstance(pc, tuple):
            function, beside = pc
            pc = function_at(run, function, 1 if function == PAIR else (5, 3, 4)[beside])
        want = ended(-E["FAULT"] & ALL if trap else 0, trap, pc, cause, address)
        status, trapped = got[0], got[3]
        expect_lines(want, ended(status, *got[3:7]) if status else ended(status), f"{what}:", run=run)
        expect_state(got, what)


def times(rng):
    """(call, what, the offset it stops at or None)."""
    delays = (0, 1, *(rng.randrange(2, TICKS) for _ in range(4)))
    out = [(call(LOOP, delay=delay), "an endless loop", (LOOP, 0)) for delay in delays]
    within = call(ENTRY, BLOCK, block=block(CROSS, (1, LOOP)))
    out.append((within, "an endless loop in a module that it called", (BEHIND, 0)))
    out += [(call(LOAD, DATA, delay=delay), "a load", None) for delay in (0, 1)]
    return out


def block(entry, args=(), lr=CODE, sp=STACK_TOP - 64, kept=()):
    """For ENTRY: jump to that runtime entry with these arguments; `kept` is r4 to r7, a word for nothing, r11."""
    return [4 * entry, *[*args, 0, 0, 0, 0][:4], lr, sp, *[*kept, *[0] * 6][:6]]


@check(points=5, step=STEP, needs=("faults",), boots=calls_boot(times, modules=2),
       hint="time is an interrupt, and comes in System mode alone: SPSR at the MOVS has to have I clear")
def test_time(run):
    """A module that does not end is stopped after MODULE_TICKS, and a slice's tick that came meanwhile is not lost."""
    for (asked, what, place), got in zip(times(random.Random(run.seed)), run.kept["outcomes"]):
        status, ticks, within, behind = got[0], got[7], got[9], got[10]
        pc = place and function_at(run, *place)
        want = ended(-E["TIME"] & ALL, IRQ, pc) if place else ended(0)
        expect_lines(want, ended(status, *got[3:7]), f"{what}:", run=run)
        if place and not TICKS <= ticks <= TICKS + 5000:
            raise Wrong(f"{what} took {ticks} ticks", expected=f"{TICKS}, and a few more")
        delay = asked[0]
        if (within, behind) != (0, int(delay != 0)):
            raise Wrong(f"{what}, with the slices' timer due {delay} ticks from the call: its interrupt has to wait, "
                        "and to come then",
                        expected="0 times while the module ran, " + f"{int(delay != 0)} behind it",
                        got=f"{within} times while the module ran, {behind} behind it")
        expect_state(got, what)


TEXT = "The quick brown fox jumps over the lazy dog, and the module sends.\n"
BAD, TIME, SEND, DIRECTION, CROSS = -E["FAULT"], 1, 2, 3, 4
PINS, GPIO = 0x0f, 0xe9030000           # which modules may drive, and r8 then: virt's PL061, as the kernel sees it


def entries(rng):
    """(call, what, r0 and r1 behind it, what it sends): r0 is None for the time."""
    out = []

    def add(what, entry, args, r0, r1=0, sent="", lr=CODE, sp=STACK_TOP - 64):
        kept = [word(rng) for _ in range(6)]
        asked = call(ENTRY, BLOCK, module=rng.randrange(2), block=block(entry, args, lr, sp, kept))
        out.append((asked, what, (r0, r1), sent))

    for sp in (STACK_TOP - 64, 0, 1, SEGMENT - 1, 0x800, word(rng)):
        add(f"RUNTIME_TIME with sp at data + {sp % SEGMENT:#x}", TIME, (), None, sp=sp)
        add(f"RUNTIME_SEND with sp at data + {sp % SEGMENT:#x}", SEND, (DATA, 4), 4, sent=TEXT[:4], sp=sp)
    for high in (0, 0x7f300000, 0xfff00000, word(rng) & 0xfff00000):
        for low in range(4):
            add(f"RUNTIME_DIRECTION with lr = {high + CODE + low:#x}", DIRECTION, (0, 0), 0, lr=high + CODE + low)
    for high in (0, 0x40100000, 0xfff00000):
        add(f"RUNTIME_SEND of {high + DATA:#x}", SEND, (high + DATA, len(TEXT)), len(TEXT), sent=TEXT)
    add("RUNTIME_SEND of nothing", SEND, (DATA, 0), 0)
    add("RUNTIME_SEND of nothing at the end", SEND, (DATA + len(TEXT) + 0x2000, 0), 0)
    end = DATA + len(TEXT) + 0x2000
    add("RUNTIME_SEND of the last byte", SEND, (end - 1, 1), 1, sent="\0")
    for at, size in ((end - 1, 2), (end, 1), (0, 1), (DATA - 1, 2), (DATA, PAGE + 1), (DATA, ALL), (DATA + 1, ALL),
                     (STACK - 1, 2), (STACK_TOP - 1, 2), (SEGMENT - 1, 1), (SEGMENT - 1, 2), (ALL, ALL)):
        add(f"RUNTIME_SEND of {size:#x} bytes at {at:#x}", SEND, (at, size), BAD)
    for mask in (0, 1, PINS, PINS + 1, PINS << 1, 1 << 31):
        add(f"RUNTIME_DIRECTION of pins {mask:#x}", DIRECTION, (mask, 0), -E["PERM"] if mask & ~PINS else 0)
    return out


def expect_kept(run, asked, got, at, scratch, r8):
    """What an entry keeps, and what it leaves nothing of the kernel's in."""
    args, words = asked[4], got[11:]
    names = ("r2", "r3", "r4", "r5", "r6", "r7", "r8", "r11", "r12", "sp", "flags")
    want = [*scratch[:2], *args[7:11], r8, args[12], scratch[2], data(asked[1]) + args[6] % SEGMENT, 0]
    expect_lines(registers(want, names), registers(words[2:13], names), f"behind {at}:", run=run)


@check(points=3, step=STEP, needs=("faults",), boots=calls_boot(entries, modules=2, pins=PINS, hardware=True),
       hint="entries.S is given: what does the gate leave in SVC's sp while the module runs?")
def test_entries(run):
    """The runtime's entries do what they say, whatever the module has in its registers, and give nothing else away."""
    sent = ""
    for (asked, what, (r0, r1), text), got in zip(entries(random.Random(run.seed)), run.kept["outcomes"]):
        expect_lines(ended(0), ended(got[0], *got[3:7]) if got[0] else ended(0), f"{what}:", run=run)
        words = got[11:]
        if r0 is None:
            if not 0 < words[0] + (words[1] << 32) < run.instructions:
                raise Wrong(f"{what}: {words[1]:#x}{words[0]:08x} is not the counter")
        else:
            expect_lines(registers([r0 & ALL, r1]), registers(words[:2]), f"the result of {what}:", run=run)
        expect_kept(run, asked, got, what, (0, 0, 0), GPIO)
        expect_state(got, what)
        sent += text
    if not run.console.decode("latin1").endswith("\n" + sent):
        raise Wrong("what modules have sent is not on the console", expected=sent.split("\n"), got=run.lines()[1:])


def crosses(rng):
    """(call, what, r0, r1 behind RUNTIME_CALL; or the result of NEXT and None)."""
    out = []
    for what, args, r0, r1 in (
            ("a load", (1, LOAD, DATA, 0), ord("T"), 0),
            ("a store", (2, STORE, DATA + 70, 3), 0, 0),
            ("a load behind it", (2, LOAD, DATA + 70), 3, 0),
            ("a load that faults", (3, LOAD, 0), 0, -E["FAULT"]),
            ("a jump into nothing", (3, JUMP, 0x10000), 0, -E["FAULT"]),
            ("an undefined instruction", (3, JUMP, 20), 0, -E["FAULT"]),
            ("a load, once more", (3, LOAD, DATA), ord("T"), 0),
            ("module 8", (8, LOAD, DATA), 0, -E["NOENT"]), ("module 2^31", (1 << 31, LOAD, DATA), 0, -E["NOENT"]),
            ("function 8", (1, 8), 0, -E["NOENT"]), ("function -1", (1, ALL), 0, -E["NOENT"]),
            ("itself", (0, LOAD, DATA), 0, -E["BUSY"])):
        for sp in (STACK_TOP - 64, word(rng)):
            lr, kept = word(rng) & 0xfff00000 | CODE, [word(rng) for _ in range(6)]
            asked = call(ENTRY, BLOCK, block=block(CROSS, args, lr, sp, kept))
            out.append((asked, f"a call of {what}", r0, r1))
    for first in range(8):
        out.append((call(NEXT, first + 1, module=first), f"calls from module {first} on, each of the next",
                    7 - first - E["NOENT"], None))
        out.append((call(NEXT, first, module=first), f"a call of module {first} by itself", -E["BUSY"], None))
    return out


MARKS = ("cross_bl", "cross_first", "cross_last", "cross_next")
CROSSING = 40


@check(points=3, step=STEP, needs=("entries",), boots=calls_boot(crosses, modules=8, marks=MARKS),
       hint="calls nest on SVC's stack: what module_leave() takes off is what module_enter() put there")
def test_calls(run):
    """Modules call modules, a fault on one side is an error on the other, and it takes 40 instructions at most."""
    for (asked, what, r0, r1), got in zip(crosses(random.Random(run.seed)), run.kept["outcomes"]):
        expect_lines(ended(0), ended(got[0], *got[3:7]) if got[0] else ended(0), f"{what}:", run=run)
        expect_state(got, what)
        if r1 is None:
            expect_lines(registers([r0 & ALL]), registers(got[1:2]), f"the result of {what}:", run=run)
            continue
        expect_lines(registers([r0 & ALL, r1 & ALL]), registers(got[11:13]), f"the result of {what}:", run=run)
        args, lr = asked[4][3:5], asked[4][5]
        expect_kept(run, asked, got, what, (*args, lr >> 2), 0)
    counts = [next(mark.count for mark in run.marks if mark.symbol == name) for name in MARKS]
    there, back = counts[1] - counts[0], counts[3] - counts[2]
    if there + back > CROSSING:
        raise Wrong(f"a call from one module to another and back takes {there} + {back} instructions",
                    expected=f"at most {CROSSING}")


# Loading.

FILE, LOADED = struct.Struct("<12I4I"), struct.Struct("<i4Ii")
MAGIC, HEAD, MAX = 0x4d4f5845, 48, 0x40000
UDF, NOP, STACK_PAGES = 0xe7f000f0, 0xe320f000, 4


def pages(size):
    return -(-size // PAGE)


def files(rng):
    """(what, file as FILE has it, the error or None)."""
    out = []

    def add(what, error, magic=MAGIC, code=64, data=16, bss=16, calls=(CODE,), size=None, svc=ALL, keep=0, left=ALL):
        size = HEAD + code + data if size is None else size
        head = [magic, code, data, bss, *[*calls, *[0] * 8][:8]]
        out.append((what, [word & ALL for word in (*head, size, svc, keep, left)], error and -E[error]))

    add("a good file", None)
    add("a file without data", None, data=0, bss=0)
    add("a file with an odd number of bytes of data", None, data=13, bss=0)
    add("a file of the greatest size", None, code=MAX, data=MAX, bss=0)
    add("a file of the greatest .bss", None, data=0, bss=MAX)
    add("a file whose calls have bits above 19", None, calls=(0x7ff00000 | CODE, CODE + 60, 0xfff00000))
    for magic in (0, MAGIC ^ 1 << rng.randrange(32)):
        add(f"the magic number {magic:#x}", "INVAL", magic=magic)
    for size in (0, 1, HEAD - 1, HEAD, HEAD + 79, HEAD + 81, ALL):
        add(f"a file of {size} bytes that says {HEAD + 80}", "INVAL", size=size)
    for code in (0, 1, 2, 62, MAX + 4, 1 << 31, ALL - 3, ALL, -HEAD & ALL, -HEAD - 16 & ALL):
        add(f"{code:#x} bytes of code", "INVAL", code=code, size=HEAD + code + 16 & ALL)
        add(f"{code:#x} bytes of code in a file of 128", "INVAL", code=code, size=128)
    for size, bss in ((MAX + 1, 0), (0, MAX + 1), (MAX, 1), (16, MAX - 15), (16, ALL), (16, -16 & ALL), (ALL, 1),
                      (-64 & ALL, 0), (1 << 31, 1 << 31)):
        add(f"{size:#x} bytes of data and {bss:#x} of .bss", "INVAL", data=size, bss=bss, size=HEAD + 64 + size & ALL)
    for at in (4, CODE - 4, PAGE, CODE + 64, CODE + 2, CODE + 61, SEGMENT - 4, 0x7ff00001):
        add(f"a function at code + {at:#x}", "INVAL", calls=(CODE, at))
    for at in (0, 5, 15):
        add(f"an SVC as word {at} of the code", "PERM", svc=at)
    for n in range(8):
        add(f"module {n} of those that stay", None, code=4 * (1, 1023, 1024, 1025, 2048, 3000, 1, 5)[n],
            data=(0, 1, PAGE, PAGE + 1, 0, 5000, 7, 0)[n], bss=(0, 0, 0, 0, 2 * PAGE, 1, PAGE - 7, 0)[n], keep=1)
    add("a ninth module", "NOMEM")
    return out


def keep_loaded(held):
    held.keep("outcomes", list(LOADED.iter_unpack(held.memory(held.address("outcomes"), 128 * LOADED.size))))
    walker = held.walker()
    held.keep("mappings", list(walker.mappings(0xbff00000, 0xd0000000)))
    held.keep("both", [m.va for m in walker.mappings() if m.allows(write=True) and m.allows(execute=True)])
    held.keep("code", {m.va: held.memory(m.pa, PAGE) for m in walker.mappings(data(0), data(8)) if m.va & 0x200000})


def load_boot(make, **more):
    return Boot("load", input=lambda seed: b"".join(FILE.pack(*file) for _, file, _ in make(random.Random(seed))),
                budget=200_000_000, **more)


def needed(file):
    return pages(file[1]) + pages(file[2] + file[3]) + STACK_PAGES


def expect_loaded(run, cases):
    for (what, file, error), (number, refused, before, loaded, after, again) in zip(cases, run.kept["outcomes"]):
        if (number if error else min(number, 0)) != (error or 0):
            raise Wrong(f"{what}: module_load()", expected=status_words(error & ALL) if error else "a module's number",
                        got=status_words(number & ALL))
        want = 4 * file[13] if error == -E["PERM"] else 0x12345678
        if refused != want:
            raise Wrong(f"{what}: *refused", expected=f"{want:#x}", got=f"{refused:#x}")
        held = before - loaded
        if held != (0 if error else needed(file)):
            raise Wrong(f"{what}: it has {held} pages", expected=f"{0 if error else needed(file)}")
        if not file[14] and (after != before or again != -E["NOENT"]):
            raise Wrong(f"{what}: when it is unloaded {before - after} pages are missing; once more, that is {again}")


@check(points=2, step=STEP, needs=("gate-back",), boots=load_boot(files, read_at_end=keep_loaded),
       hint="module.c is given: if it cannot load, look at verify() and at lab 2's pages")
def test_load(run):
    """Only whole module files are loaded, nothing is ever writable and executable, and what is unloaded is gone."""
    cases = files(random.Random(run.seed))
    expect_loaded(run, cases)
    want, udf = [], {}
    for n, file in enumerate(file for _, file, _ in cases if file[14]):
        def add(at, pages_, access):
            want.extend(f"{at + PAGE * i:#010x} {access}" for i in range(pages_))
        add(data(n) + DATA, pages(file[2] + file[3]), "rw-")
        add(data(n) + STACK, STACK_PAGES, "rw-")
        add(code(n), 1, "r-x")
        add(code(n) + PAGE, 1, "r--")
        add(code(n) + CODE, pages(file[1]), "r-x")
        udf[code(n) + CODE] = file[1]
    got = [f"{m.va:#010x} r{'w' if m.allows(write=True) else '-'}{'x' if m.allows(execute=True) else '-'}"
           + " user" * m.allows(user=True) for m in run.kept["mappings"]]
    expect_lines(want, got, "what is mapped in the alias windows:", run=run)
    if run.kept["both"]:
        raise Wrong(f"{run.kept['both'][0]:#010x} is writable and executable")
    for at, size in udf.items():
        copied = b"".join(run.kept["code"][at + PAGE * i] for i in range(pages(size)))
        words = [word for word, in struct.iter_unpack("<I", copied)]
        wrong = next((i for i, word in enumerate(words) if word != (NOP if 4 * i < size else UDF)), None)
        if wrong is not None:
            raise Wrong(f"the word at {at + 4 * wrong:#010x}, of {size} bytes of code, is {words[wrong]:#010x}",
                        expected=f"{NOP if 4 * wrong < size else UDF:#010x}")


def scarce(rng):
    file = [MAGIC, 3 * PAGE, 2 * PAGE, PAGE, CODE, *[0] * 7, HEAD + 5 * PAGE, ALL, 0]
    return [(f"{left} pages free, and {needed(file)} needed", [*file, left],
             -E["NOMEM"] if left < needed(file) else None) for left in range(12)]


@check(points=1, step=STEP, needs=("load",), boots=load_boot(scarce, read_at_end=keep_loaded), hint="module.c is given")
def test_scarce(run):
    """Where pages run out while a module is loaded, all of them are given back."""
    expect_loaded(run, scarce(random.Random(run.seed)))


# Environments, their modules and their pins.

ROW, NOTE = struct.Struct("<6I8sI"), struct.Struct("<IiI")
EXIT, PINS_, FORGED, WRITE, PUT, RUN, DROP, SHARE, POKE, PEEK, SYSCALL = range(11)      # checks/owners/row.h
VA, WORD = 0x500000, 0x600d600d
TOY = {"load": CODE + 4, "loop": CODE + 40, "behind call": CODE + 60}       # checks/owners/main.user.S
RIGHT_READ, RIGHT_WRITE, RIGHT_GUARD = 1, 2, 8


def row(env, what, *args, name=b"", rights=0):
    return env, what, *[*(arg & ALL for arg in args), 0, 0, 0, 0][:4], name, rights


def owners_boot(names, make, **more):
    def keep(held):
        count = held.word(held.address("note_count"))
        held.keep("GPIODIR", held.word(0x09030400))
        held.keep("notes", list(NOTE.iter_unpack(held.memory(held.address("notes"), count * NOTE.size))))

    def given(seed):
        return struct.pack("<12s12s", *names) + b"".join(ROW.pack(*asked) for asked, _ in make(random.Random(seed)))

    return Boot("owners", input=given, read_at_end=keep, budget=60_000_000, **more)


def expect_notes(run, cases):
    """`cases`: rows, and the notes (status, value) of each."""
    notes = iter(run.kept["notes"])
    for i, (asked, expected) in enumerate(cases):
        for status, value in expected:
            env, *got = next(notes, (None, 0, 0))
            if env != asked[0] or got != [status, value & ALL]:
                what = ("exit", "SYS_PINS", "SYS_PINS, forged", "SYS_PIN_WRITE", "load", "call", "unload", "share",
                        "store", "load", "system call")[asked[1]]
                raise Wrong(f"row {i}: environment {asked[0]}, {what}{tuple(hex(arg) for arg in asked[2:6])}:",
                            expected=f"{status_words(status & ALL)}, {value & ALL:#x}",
                            got="nothing" if env is None else
                            f"{status_words(got[0] & ALL)}, {got[1]:#x}, by environment {env}")


def owned(rng):
    out, x, y = [], word(rng), word(rng)
    A, B, refused = 0, 1, [(-E["NOENT"], 0)]

    def add(env, what, *args, notes=((0, 0),)):
        out.append((row(env, what, *args), list(notes)))

    def stopped(module, status, trap, pc, cause=0, address=0):
        return [(status, module << 28 | trap << 24 | pc), (cause, address), (status, 0)]

    add(A, PUT, 0)
    add(A, RUN, 0, 0, DATA, notes=[(0, WORD)])
    for what, *args in ((RUN, 0, 0, DATA), (DROP, 0), (SHARE, 0, DATA, VA)):
        add(B, what, *args, notes=refused)
    add(B, PUT, 0, notes=[(1, 0)])
    add(B, RUN, 1, 4, 0, 0, notes=[(0, WORD)])
    add(A, SHARE, 0, DATA, VA)
    add(A, PEEK, VA, notes=[(0, WORD)])
    add(A, POKE, VA + 4, x)
    add(A, RUN, 0, 0, DATA + 4, notes=[(0, x)])
    add(A, RUN, 0, 1, DATA + 8, y, notes=[(0, DATA + 8)])
    add(A, PEEK, VA + 8, notes=[(0, y)])
    for offset in (0, DATA - 1, STACK, STACK_TOP - 1, DATA + 0x2004, SEGMENT, ALL, SEGMENT + DATA):
        add(A, SHARE, 0, offset, VA + PAGE, notes=[(-E["INVAL"], 0)])
    add(A, SHARE, 0, DATA + 0x2000, VA + PAGE)
    add(B, RUN, 1, 0, 0, notes=stopped(1, -E["FAULT"], DATA_ABORT, TOY["load"], 7, data(1)))
    add(B, RUN, 1, 0, DATA, notes=[(0, WORD)])
    add(A, RUN, 0, 2, notes=stopped(0, -E["TIME"], IRQ, TOY["loop"]))
    add(B, RUN, 1, 4, 0, 2, notes=stopped(1, -E["TIME"], IRQ, TOY["behind call"]))
    add(B, RUN, 1, 4, 0, 0, notes=[(0, WORD)])
    for module, function in ((0, 5), (0, 7), (0, 8), (0, ALL), (2, 0), (8, 0), (ALL, 0)):
        add(A, RUN, module, function, DATA, notes=refused)
    load, run, kernel = 15, 16, 0x40100000              # exo/syscall.h
    for number, *args, status in (
            (load, kernel, 64, VA, -E["FAULT"]), (load, VA, ALL, VA, -E["FAULT"]), (load, VA, 64, kernel, -E["FAULT"]),
            (load, VA, 0, VA + 64, -E["INVAL"]), (load, VA, 64, VA + 64, -E["INVAL"]), (run, 0, 0, kernel, -E["FAULT"]),
            (run, 0, 0, 0, -E["FAULT"])):
        add(A, SYSCALL, number, *args, notes=[(status, 0)])
    add(A, DROP, 0)
    add(A, PEEK, VA + 4, notes=[(0, x)])
    add(A, DROP, 0, notes=refused)
    add(B, RUN, 1, 4, 0, 0, notes=[(0, -E["NOENT"])])
    add(A, PUT, 0)
    add(A, RUN, 0, 0, DATA + 4)
    add(B, EXIT, notes=())
    add(A, PUT, 0, notes=[(1, 0)])
    add(A, RUN, 0, 4, 1, 0, notes=[(0, WORD)])
    add(A, EXIT, notes=())
    return out


@check(points=3, step=STEP, needs=("calls", "load"), boots=owners_boot((b"", b"b"), owned),
       hint="module.c and lab5.c are given: what of the application's does a call of a module lose?")
def test_owners(run):
    """Modules are their owner's alone, tell it how they were stopped, share pages with it, and end with it."""
    expect_notes(run, owned(random.Random(run.seed)))
    run.expect_report("left 0 0 0xff")


class Gpio:
    """The PL061, and who holds which of its pins."""

    def __init__(self):
        self.holder, self.direction, self.data, self.edges = [None] * 8, 0, 0, []

    def _set(self, data, direction):
        before, after = self.data & self.direction, data & direction
        self.edges += ((i, after >> i & 1) for i in range(8) if (before ^ after) >> i & 1)
        self.data, self.direction = data, direction

    def held(self, env):
        return sum(1 << i for i in range(8) if self.holder[i] == env)

    def write(self, mask, value):
        mask &= self.direction
        self._set(self.data & ~mask | value & mask, self.direction)

    def turn(self, mask, out):
        self._set(self.data, self.direction & ~mask | out & mask)

    def pins(self, env, mask, name, rights, forged):
        if mask == 0 or mask > 0xff:
            return -E["INVAL"]
        wanted = [i for i in range(8) if mask >> i & 1]
        if forged or not rights & RIGHT_WRITE or not all(f"pin{i}".encode().startswith(name) for i in wanted):
            return -E["PERM"]
        if any(self.holder[i] not in (None, env) for i in wanted):
            return -E["EXISTS"]
        for i in wanted:
            self.holder[i] = env
        return 0

    def drive(self, env, mask, value):
        if mask & ~self.held(env):
            return -E["PERM"]
        if mask & ~self.direction:
            self.turn(mask, mask)
        self.write(mask, value)
        return 0

    def end(self, env):
        mask = self.held(env)
        self.write(mask, 0)
        self.turn(mask, 0)
        self.holder = [None if who == env else who for who in self.holder]


def pinned(rng, gpio=None):
    gpio, out, modules, alive = gpio or Gpio(), [], {}, [0, 1]
    ours = (b"", b"pin")

    def add(env, what, *args, notes=((0, 0),), **more):
        out.append((row(env, what, *args, **more), list(notes)))

    def end(env):
        add(env, EXIT, notes=())
        gpio.end(env)
        alive.remove(env)
        for n in [n for n, (owner, _) in modules.items() if owner == env]:
            del modules[n]

    def take(env, mask, name, rights=15, what=PINS_, at=0):
        status = -E["FAULT"] if at and 0 < mask <= 0xff else gpio.pins(env, mask, name, rights, what == FORGED)
        add(env, what, mask, at, notes=[(status, 0)], name=name, rights=rights)

    take(0, 0xff, b"pin", what=FORGED)
    take(0, 0xff, b"pin", rights=15 - RIGHT_WRITE)
    take(0, 0, b"pin")
    take(0, 0x100, b"pin")
    take(0, ALL, b"pin")
    take(0, 1, b"pin", at=0x40100000)
    take(1, 1, b"pin1")
    take(1, 3, b"pin0")
    take(1, 2, b"pin1x")
    add(0, WRITE, 1, 1, notes=[(-E["PERM"], 0)])
    take(0, 0x13, b"")
    take(1, 0x20, b"pin5")
    take(0, 0x60, b"")
    take(0, 0x40, b"")
    for env, mask in ((1, 0x20), (0, 0x20), (1, 0x60), (0, 0x60), (0, 0x53)):
        add(env, WRITE, mask, ALL, notes=[(gpio.drive(env, mask, ALL), 0)])
    for i in range(150):
        env = rng.choice(alive)
        held, value = gpio.held(env), word(rng)
        mask = rng.choice((1 << rng.randrange(8), rng.getrandbits(8), held, held & rng.getrandbits(8)))
        what = rng.randrange(10)
        mine = [n for n, (owner, _) in modules.items() if owner == env]
        if i == 100:
            end(1)
            take(0, 0x20, b"pin5")
        elif what == 0:
            name = rng.choice((ours[env], b"pin", f"pin{rng.randrange(8)}".encode()))
            take(env, rng.choice((mask & 3, 1 << rng.randrange(8))), name, what=rng.choice((PINS_,) * 3 + (FORGED,)))
        elif what < 6:
            add(env, WRITE, mask, value, notes=[(gpio.drive(env, mask, value), 0)])
        elif what == 6 and gpio.held(env) & 1 and len(modules) < 4:
            n = min(set(range(8)) - set(modules))
            modules[n] = env, held
            add(env, PUT, 1, notes=[(n, 0)])
        elif what == 7 and mine:
            n, times = rng.choice(mine), rng.randrange(1, 20)
            for k in range(times):
                gpio.write(1, value ^ k & 1)
            add(env, RUN, n, 0, value, times, notes=[(0, value ^ times & 1)])
        elif mine:
            n = rng.choice(mine)
            refused = mask & ~modules[n][1]
            if not refused:
                gpio.turn(mask, value)
            add(env, RUN, n, 1, mask, value, notes=[(0, -E["PERM"] if refused else 0)])
    end(0)
    return out


@check(points=3, step=STEP, needs=("owners",), boots=owners_boot((b"", b"pin"), pinned, pins=True),
       hint="gpio.c is given; a module's r8 comes from its image")
def test_edges(run):
    """Pins are who holds their capability's, driven by system call or module, and the lines are as they say."""
    gpio = Gpio()
    expect_notes(run, pinned(random.Random(run.seed), gpio))
    run.expect_report("left 0 0 0xff")
    lines = [f"pin {line} {'up' if level else 'down'}" for line, level in gpio.edges]
    if run.kept["GPIODIR"] != 0:
        raise Wrong(f"GPIODIR is {run.kept['GPIODIR']:#x} when who held the pins has ended", expected="inputs all: 0x0")
    seen = [f"pin {edge.line} {'up' if edge.level else 'down'}" for edge in run.edges]
    expect_lines(lines, seen, "the edges on the GPIO's lines:", run=run)
