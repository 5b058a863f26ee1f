"""The reference of lab 6's challenge `wide`, C in BPF: 64-bit programs, interpreted and compiled, against a table made by hand and a model; C that
clang makes BPF of; what the verifier refuses; and that what is wrong in it is found.
"""
import ctypes
import functools
import math
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

import pytest
from elftools.elf.elffile import ELFFile

from grader import bench, bpf, build, engine, labs, params, symbols
from grader.bpf import Insn
from grader.paths import BUILD, ROOT
from grader.tests import test_program, wide
from grader.tests.wide import Case, table

sys.path.insert(0, str(ROOT / "labs/6-jit"))
import judging  # noqa: E402
import programs  # noqa: E402
import test_verifier  # noqa: E402

TREE = "solutions/6-jit/challenges/wide"
BOTH = programs.INTERPRETED | programs.COMPILED
VERIFIED = programs.VERIFIED


@functools.cache
def elf(tree=TREE, payload="programs"):
    built = build.build(labs.compose(labs.find("6-jit"), tree), [payload])
    assert not built.failed, built.failed
    return built.elfs[payload]


def booted(cases, tree=TREE):
    """Of each case its 15 words; in as many boots as their bytes need."""
    found, boots, room = [], [[]], 0
    for case in cases:
        room += len(case.encoded)
        if room > programs.ROOM or len(boots[-1]) == programs.CASES:
            boots.append([])
            room = len(case.encoded)
        boots[-1].append(case)
    for some in boots:
        run = engine.run(programs.boot(lambda seed: some), elf(tree), seed=1, nonce=params.nonce(1))
        assert run.end == "power-off" and run.reports[-1:] == ["end"], run.serial
        found += [raw for _, raw in judging.results(run)]
    return found


def right(cases, tree=TREE):
    """Each is done both ways as the model says."""
    address = symbols.of(elf(tree)).address("region")
    for case, raw in zip(cases, booted(cases, tree)):
        want = case.expected(address)
        for how, got in (("interpreted", raw[5:10]), ("compiled", raw[10:15])):
            assert got == want, f"{case.name} {how}: {judging.shown(got)} and not {judging.shown(want)}: {'; '.join(case.listing())}"


# By hand.

WIDE = 0xdeadbeef << 32


def load(register, number, narrow):
    """Lines that make a register a number; not narrow: in a program where it has had an upper half."""
    return f"r{register} = {number:#x} ll" if narrow else f"r{register} = {WIDE:#x} ll; r{register} = {number:#x} ll"


def constant(number):
    """What is sign-extended to it, if that has 32 bits."""
    value = bpf.signed(number, 64)
    return value if -2**31 <= value < 2**31 else None


@functools.cache
def arithmetic():
    """(program, what r0 is at its end), each in every form: registers that have an upper half in a program, those that have none, a constant."""
    made = []
    for text, a, b, result in table.rows(table.ALU, 3):
        for na in {False, a < 2**32}:
            for nb in {False, (b or 0) < 2**32} if b is not None else {True}:
                second = "" if b is None else load(4, b, nb) + ";"
                made.append((f"{second} {load(0, a, na)}; {text}", result))
            if b is not None and "(s" not in text and (value := constant(b)) is not None:
                made.append((f"{load(0, a, na)}; {text.replace('r4', str(value)).replace('w4', str(value))}", result))
    return made


def singles():
    made = arithmetic()
    listed = wide.assemble([f"{text}; *(u64 *)(r1 + 0) = r0; exit" for text, _ in made])
    return [Case(program, 8, name=text) for program, (text, _) in zip(listed, made)]


def test_arithmetic_by_hand():
    """Of the table and not of the model, which is compared with it, too."""
    cases = singles()
    assert {*bpf.OPS, "-r0", "le64", "be64", "bswap64", "(s8)r4", "(s16)r4", "(s32)r4"} <= set(table.ALU.split())
    for case, raw, (text, result) in zip(cases, booted(cases), arithmetic()):
        want = (0, result % 2**32, 100, 0, zlib.crc32(result.to_bytes(8, "little")))
        assert (raw[5:10], raw[10:15]) == (want, want), (text, hex(result))
        assert case.expected(0x1000) == want, text


@functools.cache
def comparisons():
    """(program, r0): a number against all others, a bit for each whose jump is taken; against registers, or constants where they are."""
    made = []
    orders = [[int(word, 16) for word in order.split()] for order in table.ORDERS]
    for op in (op for op in bpf.JUMPS if op != "&"):
        order = orders["s" in op]
        for place, a in enumerate(order):
            for form in ("wide", "narrow", "constant"):
                bits, lines = 0, [load(0, a, form != "wide"), "w5 = 0"]
                for at, b in enumerate(order):
                    if form == "constant" and constant(b) is None or form == "narrow" and b >= 2**32:
                        continue
                    number = -1 if at > place else int(at < place)
                    taken = {"==": number == 0, "!=": number != 0, ">": number > 0, ">=": number >= 0, "<": number < 0, "<=": number <= 0}[op.strip("s")]
                    bits = bits * 2 + taken
                    second = constant(b) if form == "constant" else "r4"
                    lines += [load(4, b, form == "narrow")] * (form != "constant")
                    lines += ["w5 <<= 1", f"if r0 {op} {second} goto +1", "goto +1", "w5 |= 1"]
                made.append(("; ".join([*lines, "w0 = w5", "exit"]), bits))
    for _, a, b, taken in table.rows(table.TESTS, 3):
        for second in ("r4", constant(b)):
            if second is not None:
                made.append((f"{load(0, a, False)}; {load(4, b, False)}; if r0 & {second} goto +2; w0 = 0; exit; w0 = 1; exit", taken))
    for text, taken in (("0x100000005 ll; if w0 == w4", 1), ("0x1ffffffff ll; if w0 s< w4", 1), ("0x7fffffff00000000 ll; if w0 > w4", 0),
                        ("0x100000005 ll; if w0 == 5", 1), ("0x1ffffffff ll; if w0 s< 0", 1), ("0x100000000 ll; if w0 & w4", 0)):
        made.append((f"r4 = 0x200000005 ll; r0 = {text} goto +2; w0 = 0; exit; w0 = 1; exit", taken))
    return made


def compared():
    return [Case(program, 8, name=text) for program, (text, _) in zip(wide.assemble([text for text, _ in comparisons()]), comparisons())]


def test_comparisons_by_hand():
    """Every condition on every two numbers at the edges, in the orders of the table."""
    for raw, (text, want) in zip(booted(compared()), comparisons()):
        assert (raw[5:7], raw[10:12]) == ((0, want), (0, want)), text


def accesses():
    """(program that has r6, what it loads into r0): each row, by an address whose upper half does not count, and out of the stack;
    by each base into each register."""
    made = []
    for kind, at, value in table.rows(table.LOADS, 2):
        made += [(f"r6 = r1; r0 = *({kind} *)(r1 + {at})", value),
                 (f"r6 = r1; r5 = {WIDE:#x} ll; r5 += r1; r5 += {300 + at}; r0 = *({kind} *)(r5 - 300)", value),
                 (f"r6 = r1; r4 = *(u64 *)(r1 + {at}); *(u64 *)(r10 - 16) = r4; r0 = *({kind} *)(r10 - 16)", value)]
    for base in range(10):
        for to in range(10):
            made.append((f"*(u64 *)(r10 - 8) = r1; r{base} = r1; r{to} = *(u64 *)(r{base} + 1); r0 = r{to}; r6 = *(u64 *)(r10 - 8)", 0xa584030201feff7f))
    return made


def test_accesses_by_hand():
    made = accesses()
    listed = wide.assemble([f"{text}; *(u64 *)(r6 + 24) = r0; exit" for text, _ in made])
    before = table.MEMORY + bytes(8)
    cases = [Case(program, 32, memory=before, name=text) for program, (text, _) in zip(listed, made)]
    for raw, (text, value) in zip(booted(cases), made):
        want = (0, value % 2**32, 100, 0, zlib.crc32(before + value.to_bytes(8, "little")))
        assert (raw[5:10], raw[10:15]) == (want, want), text


# By the model.

@functools.cache
def edges():
    """Accesses of 8 bytes at both ends of memories of all small sizes; addresses that wrap, and such with upper halves; what begins as zero above; calls,
    fuel. r10's number is not the model's: what depends on it is compared with the same of a copy."""
    texts = []
    for size in (4, 5, 7, 8, 9, 12, 16, 64):
        for at in sorted({*range(size - 8, size + 1), -1, -4, -8, 32767, -32768}):
            place = f"*(u64 *)(r1 {'-' if at < 0 else '+'} {abs(at)})"
            texts += [(f"r0 = {place}; exit", size), (f"r0 = 9; {place} = -2; exit", size), (f"r0 = {WIDE + 1:#x} ll; {place} = r0; exit", size)]
    for at in range(-12, 0):
        texts += [(f"r4 = {at}; r0 = 1; {access}; exit", 64) for access in ("r0 = *(u64 *)(r4 + 0)", "*(u64 *)(r4 + 0) = r0", "*(u64 *)(r4 + 0) = 7")]
        texts.append((f"r4 = r1; r4 += {at}; r0 = *(u64 *)(r4 + 4); exit", 64))
    texts += [(f"r4 = {WIDE:#x} ll; r4 += r1; r0 = 1; {access}; exit", 64) for access in
              ("r0 = *(u8 *)(r4 + 63)", "r0 = *(u32 *)(r4 + 61)", "*(u16 *)(r4 + 62) = 5", "*(u64 *)(r4 + 56) = r4", "r0 = *(s32 *)(r4 + 60)")]
    texts += [("r0 = r3; r0 >>= 32; exit", 64), ("r0 = r1; r0 |= r2; r4 = r10; r0 |= r4; r0 >>= 32; exit", 64),
              (f"r1 = {WIDE + 5:#x} ll; r2 = 1; r3 = -1; r4 = {WIDE:#x} ll; r5 = 2; call 1; exit", 64),
              (f"r6 = r1; r0 = {WIDE:#x} ll; r1 = r0; call 7; *(u64 *)(r6 + 0) = r0; exit", 64),
              (f"r6 = r1; r0 = {WIDE:#x} ll; r6 += 8; call 2; *(u64 *)(r6 + 0) = r0; exit", 64)]
    texts += [(f"r0 = 0x300000000 ll; r4 = 0x100000000 ll; r0 -= r4; if r0 {op} 0 goto -2; exit", 64) for op in ("!=", "s>", ">")]
    texts += [("r0 = 0x100000005 ll; if r0 == 5 goto -1; exit", 64)]
    texts += [(f"r0 = 0x8000000087654321 ll; r4 = r0; r0 {op} r10; r5 = r10; r4 {op} r5; r0 ^= r4; *(u64 *)(r1 + 0) = r0; r0 = 0; exit", 64)
              for op in bpf.OPS]
    for op in (op for op in bpf.JUMPS if op != "&"):
        for a, b in (("r10", "r6"), ("r6", "r10"), ("r10", "r10"), ("r10", "7"), ("r10", "-7"), ("r10", "r4"), ("r4", "r10")):
            texts += [(f"r6 = r10; r6 += {by}; r4 = {WIDE:#x} ll; r0 = 7; if {a} {op} {b} goto +1; r0 = 5; exit", 64) for by in (-1, 0, 1)]
    return [Case(program, size, 0x8000_0001, fuel, bytes(range(1, 65)), name=text)
            for program, (text, size) in zip(wide.assemble([text for text, _ in texts]), texts)
            for fuel in ((0, 1, 2, 9) if "goto -" in text or "call" in text else (9,))]


def test_at_the_edges():
    right(edges())


@pytest.mark.parametrize("first", range(0, 16, 4))
def test_random_programs(first):
    for seed in range(first, first + 4):
        cases = wide.random_cases(seed)
        assert all(wide.verify(case.program, programs.ARGUMENTS) == ("ok", 0) for case in cases)
        right(cases)


def test_both_models_are_one():
    """Of programs of base32 the model says what bpf.run() does."""
    for case in programs.random_cases(3, most=60):
        assert Case(case.program, case.size, case.argument, case.fuel, case.memory).expected(0x1000) == case.expected(0x1000)


# The verifier.

def listed():
    """What is wrong with wide immediates, and with the nearest that is right."""
    lddw, second, stop = Insn(wide.LDDW, 0, imm=1), Insn(0, imm=2), Insn(bpf.JMP | bpf.EXIT)
    zero, back = bpf.alu("=", 0, 0), Insn(bpf.JMP, offset=-2)
    made = [[lddw, second, stop], [lddw], [lddw, second], [lddw, stop], [lddw, lddw, second, stop], [second, stop], [lddw, second, second, stop]]
    made += [[Insn(wide.LDDW, 0, src, imm=1), second, stop] for src in range(1, 8)]
    made += [[lddw, Insn(*fields), stop] for fields in ((0, 1), (0, 0, 1), (0, 0, 0, 1), (0, 1, 0, 0, 5), (0x18,), (0xb4,))]
    made += [[Insn(wide.LDDW, dst, 0, 0, 1), second, zero, stop] for dst in (9, 10, 11)] + [[Insn(wide.LDDW, 0, 0, 1, 1), second, stop]]
    made += [[zero, bpf.jump("==", 0, to, 0), lddw, second, stop] for to in (0, 1, 2, 3)] + [[zero, Insn(bpf.JMP32, imm=1), lddw, second, stop]]
    made += [[lddw, second, back, stop], [lddw, second, zero, back, stop], [Insn(bpf.JMP, offset=1), lddw, second, stop]]
    made += [[bpf.alu("=", 4, src=0), stop], [lddw, second, bpf.alu("+=", 0, src=4), stop], [Insn(bpf.JMP | 0x10, 5, imm=0), zero, stop]]
    for mode in range(0, 256, 32):
        made += [[zero, Insn(mode | size | kind, 1 if kind > 1 else 0, 0 if kind > 1 else 1), stop] for size in (0, 8, 16, 24) for kind in range(4)]
    for at in (-513, -512, -9, -8, -7, -4, 0):
        made += [[zero, Insn(opcode, 10, 0, at), Insn(0x79, 0, 10, at), stop] for opcode in (0x7a, 0x7b)]
    made += [[Insn(0x62, 10, 0, -8, 1), Insn(0x79, 0, 10, -8), stop], [Insn(0x62, 10, 0, -8, 1), Insn(0x62, 10, 0, -4, 1), Insn(0x79, 0, 10, -8), stop],
             [Insn(0x7a, 10, 0, -8, 1), Insn(0x81, 0, 10, -4), stop], [Insn(0x7a, 10, 0, -8, 1), Insn(0x81, 0, 10, -3), stop]]
    return [Case(program, 4, ways=VERIFIED) for program in made]


def changed(seed):
    """Random programs with bits changed; those that are accepted are run, too, if nothing in them depends on where the stack lies."""
    rng, made = random.Random(seed), []
    for case in wide.random_cases(seed, most=100, room=programs.ROOM - 4000):
        raw = bytearray(bpf.encode(case.program))
        for _ in range(rng.randrange(1, 4)):
            raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
        made.append(Case(size=case.size, argument=case.argument, fuel=case.fuel, memory=case.memory, raw=bytes(raw), ways=VERIFIED | BOTH))
    return made


def judged(cases, tree=TREE):
    """Of each the verifier says what the model does."""
    for case, raw in zip(cases, booted(cases, tree)):
        want = ("size", 0) if case.more else wide.verify(case.program, programs.ARGUMENTS)
        assert judging.said(raw) == want, case.listing()


def test_what_is_a_program():
    """What lab 6's own checks ask of the verifier, judged by the model that knows more; and more of it."""
    judged(listed())
    for drawn in (test_verifier.opcodes, test_verifier.fields, test_verifier.shapes):
        judged(drawn(1))
    said = [wide.verify(case.program, programs.ARGUMENTS)[0] for case in listed()]
    assert said.count("ok") > 25 and {"reserved", "register", "jump", "end", "opcode", "stack", "undefined"} <= set(said)


def test_bits_changed():
    cases, address, accepted = changed(1), symbols.of(elf()).address("region"), 0
    for case, raw in zip(cases, booted(cases)):
        assert judging.said(raw) == wide.verify(case.program, programs.ARGUMENTS)
        anywhere = any(10 in (insn.src, insn.dst) and insn.opcode & 7 not in (bpf.LDX, bpf.ST) for insn in case.program)
        if judging.said(raw)[0] == "ok" and not anywhere:
            accepted += 1
            assert raw[5:10] == raw[10:15] == case.expected(address), case.listing()
    assert accepted > 5


def test_functions_are_of_32_bits(monkeypatch):
    """A function of its memory alone (exo/program.h) has no base64: what an address carries into the upper half depends on where it lies."""
    monkeypatch.setattr(test_program, "elf", lambda: elf(payload="functions"))
    texts = ["w0 = *(u32 *)(r1 + 4); exit", "r4 = r1; w0 = *(u32 *)(r4 + 4); exit", "r0 = 5 ll; exit", "w0 = 0; if r2 > 5 goto +0; exit",
             "w0 = 0; *(u64 *)(r10 - 8) = 1; exit", "w0 = *(u32 *)(r1 + 4); r0 = be64 r0; exit"]
    found = {rule: test_program.results([(program, rule, bytes(range(8))) for program in wide.assemble(texts)])
             for rule in (test_program.ANY, test_program.FUNCTION)}
    assert [loaded for loaded, *_ in found[test_program.ANY]] == [0] * 6
    assert [(loaded, why[1]) for loaded, why, *_ in found[test_program.FUNCTION] if loaded] == \
        [(test_program.PERM, at) for at in (0, 0, 1, 1, 1)]


# C.

SPEED = ("checksum", "copy", "crc32", "increment", "lookup", "predict", "search", "xorshift")


@functools.cache
def compiled(source, cpu):
    """The programs of a C file, by function: each in a section of its own, which nothing has to be linked with."""
    flags = ("-target", "bpf", f"-mcpu={cpu}", "-O2", "-ffreestanding", "-ffunction-sections", "-c")
    with tempfile.TemporaryDirectory() as scratch, open(made("clang", flags, source, scratch), "rb") as file:
        sections = {section.name: section for section in ELFFile(file).iter_sections() if section["sh_size"]}
        assert not [name for name in sections if name.startswith((".rel", ".data", ".rodata", ".bss"))]
        return {name.removeprefix(".text."): section.data() for name, section in sections.items() if name.startswith(".text.")}


@functools.cache
def native(source):
    """The same by this machine's compiler."""
    with tempfile.TemporaryDirectory() as scratch:
        return ctypes.CDLL(made("gcc", ("-O1", "-fwrapv", "-shared", "-fPIC"), source, scratch))


def made(compiler, flags, source, scratch):
    done = f"{scratch}/{source}"
    subprocess.run([compiler, *flags, "-Wall", "-Wextra", "-Werror", "-I.", f"grader/tests/wide/{source}.c", "-o", done], cwd=ROOT, check=True)
    return done


def asked(rng):
    """Of each handler of handlers.c a memory and an argument that it can do something with."""
    number = lambda: wide.value(rng).to_bytes(8, "little")        # noqa: E731
    yield "hash", rng.randbytes(rng.choice((8, 9, 40, 200))), rng.getrandbits(32)
    now = rng.getrandbits(rng.choice((32, 40, 63)))
    last, most = rng.randrange(now + 1), rng.getrandbits(rng.choice((16, 40))) + 1
    times = [now, last, rng.randrange(most), rng.choice((0, 1, 1000, 10**6)), most]
    yield "bucket", b"".join(time.to_bytes(8, "little") for time in times), rng.choice((0, 1, rng.getrandbits(31)))
    yield "sort", b"".join(number() for _ in range(rng.randrange(1, 12))), rng.getrandbits(32)
    first = bytes((1, 2, rng.getrandbits(8), rng.choice((0, 1, 31, 32, 33, 63)), 0, 0, 0, rng.randrange(16)))
    yield "header", first + number() + rng.randbytes(56), rng.getrandbits(32)
    yield "digits", number() + bytes(rng.choice((8, 24))), rng.getrandbits(8)


@pytest.mark.parametrize("cpu", ["v1", "v2", "v3"])
def test_handlers_in_c(cpu):
    """What clang made, in the kernel both ways, is what gcc made, here."""
    rng, made, wanted = random.Random(cpu), [], []
    for _ in range(12):
        for name, memory, argument in asked(rng):
            made.append(Case(bpf.decode(compiled("handlers", cpu)[name]), len(memory), argument, 5000, memory, VERIFIED | BOTH, name))
            here = ctypes.create_string_buffer(memory, len(memory))
            result = getattr(native("handlers"), name)(here, ctypes.c_uint64(len(memory)), ctypes.c_uint64(argument))
            wanted.append((0, result % 2**32, zlib.crc32(here.raw)))
    for case, raw, want in zip(made, booted(made), wanted):
        assert judging.said(raw) == ("ok", 0), case.name
        assert (*raw[5:7], raw[9]) == (*raw[10:12], raw[14]) == want, (case.name, case.memory, case.argument)
        assert raw[5:10] == case.expected(symbols.of(elf()).address("region"))


def test_the_eight_handlers_in_c():
    """labs/6-jit/speed/handlers.h as BPF: the payload compares each with what the kernel's compiler made of it. With 32-bit instructions (v3)
    they take about as many of the processor's as the lab's own programs do in the lab's kernel."""
    speed = bench.read(ROOT / "labs/6-jit")[0]
    ends = tuple(f"compiled_{name}_{end}" for name in SPEED for end in ("begin", "end"))

    def taken(tree, data):
        built = bench.build(labs.compose(labs.find("6-jit"), tree), speed)
        run = engine.run(engine.Boot("speed", input=data, budget=80_000_000, marks=ends), built["speed"], seed=1, nonce=params.nonce(1))
        assert "end" in run.reports, run.serial
        at = {mark.symbol: mark.count for mark in run.marks}
        return [at[f"compiled_{name}_end"] - at[f"compiled_{name}_begin"] for name in SPEED]

    def mean(counts, of):
        return math.prod(a / b for a, b in zip(counts, of)) ** (1 / len(of))

    def words(cpu):
        return b"".join(struct.pack("<I", len(code) // 8) + code for code in (compiled("speed", cpu)[name] for name in SPEED))

    own = bench.programs(ROOT / "labs/6-jit/speed")
    before = taken("solutions", own)
    assert [count - 7 for count in taken(TREE, own)] == before            # the way in and out, and nothing else
    assert mean(taken(TREE, words("v3")), before) < 1.3 and mean(taken(TREE, words("v2")), before) < 6


# What is wrong in it is found.

MUTANTS = {
    "the carry is forgotten": ("pairs.c", "\top = op == ADD ? ADC : SBC;\n", "", singles),
    "a shift by 32 is one by fewer": ("pairs.c", "type == LSL && by >= 32", "type == LSL && by > 32", singles),
    "a shift by 0 is one by 32": ("pairs.c", "\tif (by == 0)\n\t\treturn;\n", "", singles),
    "the upper half stays": ("pairs.c", "\t\tput_constant(j, dst, 0);\n\t\treturn;\n", "\t\treturn;\n", singles),
    "a remainder by zero is 0": ("wide.c", "b == 0 ? a : a % b", "b == 0 ? 0 : a % b", singles),
    "an upper half is thought to be zero": ("pairs.c", "return i->offset != 0 || second;", "return i->offset != 0;", singles),
    "signs are the lower halves'": ("pairs.c", "\tjit_emit(j, a32_dp_reg(SBC, true, JIT_SCRATCH, JIT_SCRATCH, JIT_FUEL));\n", "", compared),
    "eight bytes wrap": ("pairs.c", "under(CC, a32_dp_reg(CMP", "under(AL, a32_dp_reg(CMP", edges),
    "a jump into a wide immediate": ("change.patch", " || (to > 0 && i[to - number - 1].opcode == WIDE_LDDW)", "", listed),
    "a memory of seven bytes": ("change.patch", "size > m->context->size || ", "", edges),
}


def test_what_is_wrong_is_found():
    """One after the other in the same folder, so that only what is changed is compiled."""
    folder = BUILD / "wide/6-jit/challenges/wrong"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / TREE, folder)
    for what, (file, old, new, drawn) in MUTANTS.items():
        path, = folder.rglob(file)
        source = path.read_text()
        assert source.count(old) == 1, what
        path.write_text(source.replace(old, new))
        elf.cache_clear()
        assert elf(str(folder))
        try:
            (judged if drawn is listed else right)(drawn(), str(folder))
        except AssertionError:
            path.write_text(source)
        else:
            pytest.fail(f"not found: {what}")
