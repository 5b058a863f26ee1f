"""The checks of step 6.3: every encoder of exo/a32.h against GNU as, which makes the words that are wanted.

A call of an encoder is its name and its operands, as `("a32_movw", 3, 0x1234)`; `line` says what as is asked for it.
The calls go in through the run's input (checks/encoders.c). pc is among the registers where as takes it.
"""
import random
import struct

from grader import gas
from grader.checks import Boot, Wrong, check

OPS = "and eor sub rsb add adc sbc rsc tst teq cmp cmn orr mov bic mvn".split()
TESTS, MOVES = OPS[8:12], ("mov", "mvn")
SHIFTS = "lsl lsr asr ror".split()
CONDITIONS = "eq ne cs cc mi pl vs vc hi ls ge lt gt le al".split()
NONE = 0xffffffff       # what a32_imm() says of a constant that no rotation makes
FAR = (32 << 20) - 8    # bytes: how far a branch may lead

# In the order of their numbers in checks/encoders.c: what make derive is to be asked.
FORMS = {
    "a32_imm": "teq r0, #<byte:0..255>, #<turn:0|2|4|6|8|10|12|14>",
    "a32_dp_imm": "<op:and|eor|sub|rsb|add|adc|sbc|rsc><s:|s> r<rd>, r<rn>, #<byte:0..255>, #8",
    "a32_dp_reg": "<op:and|eor|sub|rsb|add|adc|sbc|rsc><s:|s> r<rd>, r<rn>, r<rm>",
    "a32_shift_imm": "<shift:lsl|lsr|asr|ror> r<rd>, r<rm>, #<by:1..31>",
    "a32_shift_reg": "<shift:lsl|lsr|asr|ror> r<rd>, r<rm>, r<rs>",
    "a32_movw": "movw r<rd>, #<value>",
    "a32_memory": "<load:str|ldr>h r<rt>, [r<rn>, #<up:-|><offset>]",
    "a32_branch": "b<cond:eq|ne|cs|cc|mi|pl|vs|vc> .+<distance:-64..64>",
    "a32_movt": "movt r<rd>, #<value>",
    "a32_memory_reg": "<load:str|ldr>h r<rt>, [r<rn>, r<rm>]",
    "a32_mul": "mul r<rd>, r<rn>, r<rm>",
    "a32_mls": "mls r<rd>, r<rn>, r<rm>, r<ra>",
    "a32_div": "<unsigned:s|u>div r<rd>, r<rn>, r<rm>",
    "a32_extend": "<unsigned:s|u>xt<half:b|h> r<rd>, r<rm>",
    "a32_rev": "rev<half:|16> r<rd>, r<rm>",
    "a32_blx": "blx r<rm>",
    "a32_push": "push {r<a>, lr}",
    "a32_pop": "pop {r<a>, lr}",
}
NUMBERS = {name: number for number, name in enumerate(FORMS)}
ENUMS = {"a32_dp_imm": OPS, "a32_dp_reg": OPS, "a32_shift_imm": SHIFTS, "a32_shift_reg": SHIFTS,
         "a32_branch": CONDITIONS}
BOOLS = {"a32_dp_imm": 1, "a32_dp_reg": 1, "a32_memory": 0, "a32_memory_reg": 0, "a32_div": 0, "a32_extend": 0}
HEX = {"a32_imm": 0, "a32_dp_imm": 4, "a32_movw": 1, "a32_movt": 1, "a32_push": 0, "a32_pop": 0}


def line(name, *o):
    """What as is asked for a call: the instruction that it stands for. For a32_imm() one that cannot do without."""
    match name:
        case "a32_imm":
            return f"teq r0, #{o[0]:#x}"
        case "a32_dp_imm":
            return computing(*o[:4], f"#{o[4] & 255}, #{o[4] >> 8 << 1}")
        case "a32_dp_reg":
            return computing(*o[:4], f"r{o[4]}")
        case "a32_shift_imm":
            return f"{SHIFTS[o[0]]} r{o[1]}, r{o[2]}, #{o[3]}"
        case "a32_shift_reg":
            return f"{SHIFTS[o[0]]} r{o[1]}, r{o[2]}, r{o[3]}"
        case "a32_movw":
            return f"movw r{o[0]}, #{o[1] & 0xffff}"
        case "a32_movt":
            return f"movt r{o[0]}, #{o[1] >> 16}"
        case "a32_memory":
            return f"{access(*o[:2])} r{o[2]}, [r{o[3]}, #{o[4]}]"
        case "a32_memory_reg":
            return f"{access(*o[:2])} r{o[2]}, [r{o[3]}, r{o[4]}]"
        case "a32_branch":
            return f"b{CONDITIONS[o[0]].removesuffix('al')} .{o[1]:+d}"
        case "a32_mul":
            return f"mul r{o[0]}, r{o[1]}, r{o[2]}"
        case "a32_mls":
            return f"mls r{o[0]}, r{o[1]}, r{o[2]}, r{o[3]}"
        case "a32_div":
            return f"{'us'[o[0]]}div r{o[1]}, r{o[2]}, r{o[3]}"
        case "a32_extend":
            return f"{'us'[o[0]]}xt{'bh'[o[1] == 16]} r{o[2]}, r{o[3]}"
        case "a32_rev":
            return f"rev{'16' if o[0] == 16 else ''} r{o[1]}, r{o[2]}"
        case "a32_blx":
            return f"blx r{o[0]}"
        case "a32_push" | "a32_pop":
            return f"{name[4:]} {{{', '.join(f'r{n}' for n in range(16) if o[0] >> n & 1)}}}"


def computing(op, s, rd, rn, operand):
    op = OPS[op]
    if op in TESTS:
        return f"{op} r{rn}, {operand}"
    return f"{op}{'s' * s} r{rd}, " + ("" if op in MOVES else f"r{rn}, ") + operand


def access(load, size):
    return f"{'ldr' if load else 'str'}{ {1: 'b', 2: 'h', 4: ''}[size]}"


def form(name, *o):
    """What make derive is to be asked about a call."""
    return FORMS[name].replace(">h ", "><byte:|b> ") if name.startswith("a32_memory") and o[1] != 2 else FORMS[name]


def told(name, *o):
    """The call as it stands in C."""
    words = [f"{value:#x}" if HEX.get(name) == i else str(value) for i, value in enumerate(o)]
    if name in ENUMS:
        words[0] = ENUMS[name][o[0]].upper()
    if name in BOOLS:
        words[BOOLS[name]] = str(bool(o[BOOLS[name]])).lower()
    return f"{name}({', '.join(words)})"


# The calls.

def registers(rng, count, every=15):
    """Rows of `count` registers: every register in every place, pc too where there are 16."""
    return zip(range(every), *(rng.sample(range(every), every) for _ in range(count - 1)))


def turned(value, by):
    return (value >> by | value << 32 - by) & NONE


def edges(rng, bits):
    """Numbers of so many bits: the ends, one bit, all up to one, and some between."""
    ends = {0, *(1 << n for n in range(bits)), *((2 << n) - 1 for n in range(bits))}
    return sorted(ends | {rng.getrandbits(bits) for _ in range(8)})


def constants(rng):
    made = {turned(byte, 2 * turn) for byte in range(256) for turn in range(16)}
    near = {value + by & NONE for value in rng.sample(sorted(made), 64) for by in (-1, 1)}
    odd = {turned(byte, turn) for byte in (0x81, 0xff, 0x101, 0x1fe, 0x102, 0xff1) for turn in range(32)}
    calls = [("a32_imm", value) for value in sorted(made | near | odd | set(edges(rng, 32)))]
    for name in ("a32_movw", "a32_movt"):
        calls += [(name, rd, rng.getrandbits(32)) for rd in range(15)]
        calls += [(name, rng.randrange(15), value) for value in edges(rng, 32)]
    return calls


def computations(rng):
    calls = []
    for op, word in enumerate(OPS):
        for s in (1,) if word in TESTS else (0, 1):
            for rd, rn, rm in registers(rng, 3, 16):
                rd, rn = 0 if word in TESTS else rd, 0 if word in MOVES else rn
                calls += [("a32_dp_imm", op, s, rd, rn, rng.getrandbits(12)), ("a32_dp_reg", op, s, rd, rn, rm)]
    calls += [("a32_dp_imm", OPS.index("add"), 0, 1, 2, imm) for imm in edges(rng, 12)]
    calls += [("a32_mul", *each) for each in registers(rng, 3)] + [("a32_mls", *each) for each in registers(rng, 4)]
    for flag in (0, 1):
        calls += [("a32_div", flag, *each) for each in registers(rng, 3)]
        calls += [("a32_extend", flag, bits, *each) for bits in (8, 16) for each in registers(rng, 2)]
    return calls + [("a32_rev", bits, *each) for bits in (16, 32) for each in registers(rng, 2)]


def shifts(rng):
    calls = []
    for shift in range(4):
        calls += [("a32_shift_imm", shift, rng.randrange(15), rng.randrange(15), by) for by in range(32)]
        calls += [("a32_shift_imm", shift, rd, rm, rng.randrange(1, 32)) for rd, rm in registers(rng, 2, 16)]
        calls += [("a32_shift_reg", shift, *each) for each in registers(rng, 3, 16)]
    return calls


def accesses(rng):
    calls = []
    for load in (0, 1):
        for size in (1, 2, 4):
            bits = 8 if size == 2 else 12
            offsets = [sign * by for by in edges(rng, bits) for sign in (1, -1)]
            calls += [("a32_memory", load, size, rng.randrange(15), rng.randrange(15), offset) for offset in offsets]
            calls += [("a32_memory", load, size, rt, rn, 4 if rt == rn == 15 else rng.choice(offsets))     # (as aligns pc's)
                      for rt, rn in registers(rng, 2, 16 if size == 4 else 15)]
            calls += [("a32_memory_reg", load, size, *each) for each in registers(rng, 3)]
    return calls


def branches(rng):
    near = [0, 4, -4, 8, -8, 12, -12, FAR, -FAR, FAR - 4, 4 - FAR]
    near += [sign * 4 << bits for bits in range(23) for sign in (1, -1)]
    calls = [("a32_branch", cond, distance) for cond in (CONDITIONS.index("al"), *range(14))
             for distance in (*near, *(4 * rng.randrange(-FAR // 4, FAR // 4) for _ in range(8)))]
    calls += [("a32_blx", rm) for rm in range(16)]
    masks = {1 << a | 1 << b for a in range(16) for b in range(a)} | {rng.getrandbits(16) | 0x11 for _ in range(64)}
    return calls + [(name, mask) for name in ("a32_push", "a32_pop") for mask in sorted(masks)]


# Judging.

def calls_of(group, seed):
    return group(random.Random(seed))


def encoders(group):
    """The boot that makes a group's calls."""
    def packed(seed):
        return b"".join(struct.pack(f"<{2 + len(o)}I", NUMBERS[name], len(o), *(value & NONE for value in o))
                        for name, *o in calls_of(group, seed))

    def read(held):
        held.keep("results", held.memory(held.address("results"), 4 * len(calls_of(group, held.seed))))

    return Boot("encoders", input=packed, read_at_end=read)


def wanted(calls):
    """What each call should return."""
    said = gas.assemble([line(*call) for call in calls])
    for i, call in enumerate(calls):
        if call[0] == "a32_imm":
            said[i] = NONE if "invalid constant" in str(said[i]) else said[i] & 0xfff
        elif isinstance(said[i], str):
            raise ValueError(f"as refuses {line(*call)}: {said[i]}")
    return said


def judge(run, group):
    """Fail with the first call that did not return what as makes."""
    calls = calls_of(group, run.seed)
    for call, want, (got,) in zip(calls, wanted(calls), struct.iter_unpack("<I", run.kept["results"])):
        if got != want:
            carets = "".join("^" if (want ^ got) >> bit & 1 else " " for bit in range(31, -1, -1))
            expected, shown = ([f"make derive FORM='{form(*call)}'", f"{word:#010x}  {meaning(call[0], word)}",
                                picture(f"{word:032b}"), picture(carets).rstrip()] for word in (want, got))
            refused = (call[0], want) == ("a32_imm", NONE)
            what = "~0u, as GNU as has no word for" if refused else "what GNU as makes of"
            raise Wrong(f"{told(*call)} should be {what} {line(*call)}", expected=expected, got=shown, look="the bits "
                        "that are marked; the command of the first line asks GNU as which operands move them")


def meaning(name, word):
    """What a word says: to a disassembler, or of the constant that 12 bits stand for."""
    if name != "a32_imm":
        return gas.disassemble([word])[0]
    if word > 0xfff:
        return "none" if word == NONE else "more than 12 bits"
    return f"{word & 255:#x} turned right by {word >> 8 << 1}: {turned(word & 255, word >> 8 << 1):#x}"


def picture(bits):
    """32 characters for a word's bits, below its disassembly."""
    return " " * 12 + " ".join(bits[i:i + 4] for i in range(0, 32, 4))


@check(points=3, step="6.3", boots=encoders(constants),
       hint="bits 11:8 of a32_imm() are half of how far bits 7:0 are turned to the right, so the value turned as far "
       "to the left has to be a byte; turns are tried from 0 on, and the first is the smallest; MOVW's constant stands "
       "in two places, of 4 and of 12 bits")
def test_constants(run):
    """a32_imm() finds each constant's smallest rotation, or that there is none; MOVW and MOVT hold any 16 bits."""
    judge(run, constants)


@check(points=3, step="6.3", boots=encoders(computations),
       hint="one form has the opcode, S and the registers in the same places, whatever the second operand is: bit 25 "
       "tells a constant from a register")
def test_computing(run):
    """Data processing, with a constant and with a register: each opcode, S, every register in each place."""
    judge(run, computations)


@check(points=3, step="6.3", boots=encoders(shifts),
       hint="a shift is MOV whose second operand is a register, shifted; by 0 as an immediate is another instruction "
       "for LSR, ASR and ROR, so that there LSL has to stand; bit 4 tells a register's number from a constant")
def test_shifts(run):
    """Shifts of each type, by every constant from 0 to 31 and by a register."""
    judge(run, shifts)


@check(points=4, step="6.3", boots=encoders(accesses),
       hint="the offset's sign stands in bit 23, and what follows is how far, not two's complement; of halfwords it is "
       "split in two, and bit 22 and bits 7:4 say what they are")
def test_accesses(run):
    """Loads and stores of bytes, halfwords and words, with offsets up to both ends, and with a register."""
    judge(run, accesses)


@check(points=3, step="6.3", boots=encoders(branches),
       hint="a branch counts words, from pc, which is 8 bytes on from the branch itself; the count is signed and has "
       "24 bits, and what is above them must not reach the condition")
def test_branches(run):
    """Branches of every condition, near and as far as they lead; BLX, PUSH, POP."""
    judge(run, branches)
