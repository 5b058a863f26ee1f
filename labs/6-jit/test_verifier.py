"""The checks of lab 6, step 6.1: whether a program is one. Judged by a model written from RFC 9669's tables (bpf.verify())."""
import random
import sys
from pathlib import Path

from grader import bpf
from grader.bpf import Insn
from grader.checks import Wrong, check

sys.path.insert(0, str(Path(__file__).parent))
import judging  # noqa: E402
import programs  # noqa: E402
from programs import ARGUMENTS, VERIFIED, Case  # noqa: E402

EXIT = Insn(bpf.JMP | bpf.EXIT)


def asked(run):
    """Wrong at the first program of which the verifier says something else than the model."""
    for case, raw in judging.results(run):
        want, got = ("size", 0) if case.more else bpf.verify(case.program, ARGUMENTS), judging.said(raw)
        if want != got:
            words = [f"{error}, instruction {at}" if error != "ok" else "accepted" for error, at in (want, got)]
            raise Wrong(f"{case.name or 'A program'}: what the verifier says.", expected=words[0], got=words[1], run=run,
                        look="its instructions: " + " ; ".join(case.listing()[:8]))


def opcodes(seed):
    """Each opcode by itself, its fields zero, and with fields that few instructions use; with several that are wrong."""
    rng = random.Random(seed)
    cases = []
    for opcode in range(256):
        insns = [Insn(opcode), Insn(opcode, imm=64), Insn(opcode, rng.randrange(10), rng.choice((0, 3)), rng.choice((0, 8)), rng.choice((0, 1, 16))),
                 Insn(opcode, rng.randrange(16), rng.choice((0, 1, 10, 12)), rng.choice((0, 2, 32767)), rng.choice((0, 2, 16, -1)))]
        for insn in insns:
            cases.append(Case([insn, EXIT], 4, ways=VERIFIED, name=f"Opcode {opcode:#04x}"))
    return cases


@check(points=4, step="6.1", ends=programs.ENDINGS, boots=programs.boot(opcodes),
       hint="An opcode is a class and, by class, an operation with its operand's source, or a size and a mode: what is not in "
            "RFC 9669's tables of base32 and divmul32 is no instruction. Every field that an instruction does not use has to be 0.")
def test_opcodes(run):
    """Of all 256 opcodes those of base32 and divmul32 are instructions, and no others."""
    asked(run)


# Values of a field that only some are right of, where an instruction is so.
ODD = {"src": (2, 3, 4, 8), "offset": (2, 3, 8, 16, 24, 32, 256, 257, -1), "imm": (0, 8, 16, 32, 48, 64, 272, -16)}


def fields(seed):
    """Good instructions: each of their fields changed, one at a time."""
    rng = random.Random(seed)
    good = [bpf.alu(op, 3, 5) for op in bpf.OPS] + [bpf.alu(op, 3, src=4) for op in bpf.OPS]
    good += [bpf.jump(op, 3, 0, 5) for op in bpf.JUMPS] + [bpf.jump(op, 3, 0, src=4) for op in bpf.JUMPS]
    good += [bpf.load(size, 3, 6, 0) for size in (1, 2, 4)]
    good += [bpf.store(size, 6, 0, 9) for size in (1, 2, 4)] + [bpf.store(size, 6, 0, src=3) for size in (1, 2, 4)]
    good += bpf.assemble("w3 = (s8)w4\nw3 = (s16)w4\nw3 = -w3\nr3 = le16 r3\nr3 = be32 r3\nr3 = bswap16 r3\ncall 1\ngoto +0\ngotol +0\nexit")
    cases = []
    for insn in dict.fromkeys(good):
        changes = [{"dst": 10}, {"dst": rng.randrange(11, 16)}, {"src": 10}, {"src": rng.randrange(11, 16)},
                   {"offset": 1}, {"offset": rng.choice((3, -1, 256, -32768))}, {"imm": rng.choice((1, 17, -1, 1 << 30))}]
        changes += [{field: value} for field, letter in (("src", "S"), ("offset", "O"), ("imm", "I")) if letter in bpf.KNOWN[insn.opcode] for value in ODD[field]]
        for change in changes:
            cases.append(Case([*(bpf.alu("=", r, 1) for r in (0, 4, 5)), bpf.alu("=", 6, src=1), Insn(**{**insn.__dict__, **change}), EXIT, EXIT],
                              4, ways=VERIFIED, name="An instruction with a field changed"))
    return cases


@check(points=3, step="6.1", ends=programs.ENDINGS, boots=programs.boot(fields),
       hint="Which fields an instruction uses follows from its opcode: dst, src, offset, imm. Those that it does not use are 0; a few that "
            "it does use know some values alone (the width of END, the offset of DIV, MOD and MOV, the src of CALL). Registers are 0 to 10, "
            "and nothing writes 10.")
def test_fields(run):
    """Reserved fields are zero, registers exist, r10 is never written."""
    asked(run)


def P(text):
    return bpf.assemble(text)


FULL = [bpf.alu("=", 0, 0)] * (bpf.INSNS_MAX - 1)
# Known ways in, each before the neighbour that has to be accepted.
SHAPES = [
    ("no instruction", []),
    ("one that only exits", P("w0 = 0\nexit")),
    ("falls off its end", P("w0 = 0")),
    ("ends in a condition", P("w0 = 0\nexit\nif w0 == 0 goto -3")),
    ("ends in a jump back", P("w0 = 0\nexit\ngoto -3")),
    ("ends in a long jump back", P("w0 = 0\nexit\ngotol -3")),
    ("ends in a call", P("w0 = 0\ncall 2")),
    ("ends in an addition", P("w0 = 0\nw0 += 1")),
    ("ends in a store", P("w0 = 0\n*(u32 *)(r1 + 0) = 0")),
    ("jumps past its end by one", P("w0 = 0\nif w0 == 0 goto +2\nw0 = 1\nexit")),
    ("jumps to its last instruction", P("w0 = 0\nif w0 == 0 goto +1\nw0 = 1\nexit")),
    ("jumps before its start by one", P("w0 = 0\nif w0 == 0 goto -3\nexit")),
    ("jumps to its start", P("w0 = 0\nif w0 == 0 goto -2\nexit")),
    ("jumps as far as an offset goes", P("w0 = 0\nif w0 == 0 goto +32767\nexit")),
    ("jumps back as far as an offset goes", P("w0 = 0\nif w0 == 0 goto -32768\nexit")),
    ("jumps far by imm", P("gotol +2147483647\nexit")),
    ("jumps far back by imm", P("gotol -2147483648\nexit")),
    ("jumps by imm", P("w0 = 0\ngotol +0\nexit")),
    ("goes past its end by one", P("goto +1\nexit")),
    ("goes before its start by one", P("goto -2\nexit")),
    ("goes past its end by imm", P("gotol +1\nexit")),
    ("goes before its start by imm", P("gotol -2\nexit")),
    ("goes 65536 on", P("gotol +65536\nexit")),
    ("jumps past its end by registers", P("w0 = 0\nif w0 == w1 goto +1\nexit")),
    ("jumps before its start by registers", P("w0 = 0\nif w0 == w1 goto -3\nexit")),
    *((f"jumps out, if {op}, {where}", [bpf.alu("=", 0, 0), insn, EXIT]) for op in bpf.JUMPS for where, to in (("behind", 1), ("before", -3))
      for insn in (bpf.jump(op, 0, to, 5), bpf.jump(op, 0, to, src=1))),
    ("falls off its end, and is longer", P("w0 = 0\nw0 = 1\nw0 = 2\nw0 = 3\nw0 = 4")),
    ("jumps out by a register that there is not", [Insn(0x16, 11, 0, 5, 0), EXIT]),
    ("two wrong ones", P("w0 = 0\nw10 = 0\ncall 3\nexit")),
    ("a wrong one, and falls off its end", P("w10 = 0\nw0 = 0")),
    ("jumps to itself", P("w0 = 0\ngoto -1\nexit")),
    ("a local call", [Insn(0x85, 0, 1, 0, 0), *P("exit")]),
    ("a local call with other fields", [Insn(0x85, 3, 1, 5, 0), *P("exit")]),
    ("a call through src 2", [Insn(0x85, 0, 2, 0, 1), *P("exit")]),
    ("a helper that there is not", P("call 3\nexit")),
    ("helper 16", P("call 16\nexit")),
    *((f"helper {n}", P(f"call {n}\nexit")) for n in (17, 18, 31, 257, 65538, -15, -14)),
    ("a helper's number below zero", P("call -1\nexit")),
    ("a helper that there is", P("call 2\nexit")),
    ("a wide immediate", [Insn(0x18, 0, 0, 0, 1), Insn(0), *P("exit")]),
    ("64-bit arithmetic", [Insn(0xb7, 0, 0, 0, 1), *P("exit")]),
    ("64-bit comparison", [*P("w0 = 0"), Insn(0x15, 0, 0, 0, 1), *P("exit")]),
    ("an atomic addition", [*P("w0 = 0"), Insn(0xc3, 1, 0, 0, 0), *P("exit")]),
    ("a sign-extending load", [Insn(0x91, 0, 1, 0, 0), *P("exit")]),
    ("an 8-byte load", [Insn(0x79, 0, 1, 0, 0), *P("exit")]),
    ("a swap of 64 bits", [*P("w0 = 0"), Insn(0xd4, 0, 0, 0, 64), *P("exit")]),
    ("a swap of 8 bits", [*P("w0 = 0"), Insn(0xdc, 0, 0, 0, 8), *P("exit")]),
    ("a sign extension of 32 bits", [*P("w0 = 0"), Insn(0xbc, 0, 0, 32, 0), *P("exit")]),
    ("a sign extension of a constant", [Insn(0xb4, 0, 0, 8, 1), *P("exit")]),
    ("a signed addition", [*P("w0 = 0"), Insn(0x04, 0, 0, 1, 1), *P("exit")]),
    ("a signed division", [*P("w0 = 0"), Insn(0x34, 0, 0, 1, 1), *P("exit")]),
    ("a division of kind 2", [*P("w0 = 0"), Insn(0x34, 0, 0, 2, 1), *P("exit")]),
    ("writes r10", P("w10 = 0\nw0 = 0\nexit")),
    ("loads r10", [Insn(0x61, 10, 1, 0, 0), *P("w0 = 0\nexit")]),
    ("negates r10", [Insn(0x84, 10), *P("w0 = 0\nexit")]),
    ("copies r10", P("w0 = w10\nexit")),
    ("compares r10", P("w0 = 0\nif w10 == w0 goto +0\nexit")),
    ("stores r10", P("*(u32 *)(r10 - 4) = w10\nw0 = 0\nexit")),
    ("register 11", [Insn(0xb4, 11, 0, 0, 0), *P("w0 = 0\nexit")]),
    ("register 15 as source", [Insn(0xbc, 0, 15, 0, 0), *P("exit")]),
    ("a base of 12", [Insn(0x61, 0, 12, 0, 0), *P("exit")]),
    ("a word at the stack's top", P("*(u32 *)(r10 - 4) = 1\nw0 = 0\nexit")),
    ("a word past the stack's top", P("*(u32 *)(r10 - 3) = 1\nw0 = 0\nexit")),
    ("a byte at the stack's top", P("*(u8 *)(r10 - 1) = 1\nw0 = 0\nexit")),
    ("a byte past the stack's top", P("*(u8 *)(r10 + 0) = 1\nw0 = 0\nexit")),
    ("a byte at the stack's end", P("*(u8 *)(r10 - 512) = 1\nw0 = 0\nexit")),
    ("a byte past the stack's end", P("*(u8 *)(r10 - 513) = 1\nw0 = 0\nexit")),
    ("a halfword across words", P("*(u16 *)(r10 - 5) = 1\nw0 = 0\nexit")),
    ("a halfword past the top", P("*(u16 *)(r10 - 1) = 1\nw0 = 0\nexit")),
    *((f"{bits} bits at r10 {at:+}, {how}", [bpf.alu("=", 0, 0), insn, EXIT])
      for bits, at in ((8, 0), (8, -513), (16, -1), (16, -513), (32, -3), (32, -513), (32, 32767), (32, -32768), (8, -1), (16, -2), (32, -4), (8, -512))
      for how, insn in (("loaded", bpf.load(bits // 8, 0, 10, at)), ("stored", bpf.store(bits // 8, 10, at, src=0)))),
    ("far from the stack", P("*(u32 *)(r10 + 32767) = 1\nw0 = 0\nexit")),
    ("far from its memory: that is asked when it runs", P("*(u32 *)(r1 + 32767) = 1\nw0 = 0\nexit")),
    ("reads what nothing wrote", P("w0 = w5\nexit")),
    ("reads what a call forgot", P("w5 = 1\ncall 2\nw0 += w5\nexit")),
    ("reads what a call keeps", P("w6 = 1\ncall 2\nw0 += w6\nexit")),
    ("ends without r0", P("exit")),
    ("a stack slot that nothing wrote", P("w0 = *(u32 *)(r10 - 8)\nexit")),
    ("a stack slot of three bytes", P("*(u16 *)(r10 - 8) = 1\n*(u8 *)(r10 - 6) = 1\nw0 = *(u32 *)(r10 - 8)\nexit")),
    ("a stack slot of four", P("*(u16 *)(r10 - 8) = 1\n*(u16 *)(r10 - 6) = 1\nw0 = *(u32 *)(r10 - 8)\nexit")),
    ("one path leaves w0 unwritten", P("if w2 == 0 goto +1\nw0 = 1\nexit")),
    ("both paths write w0", P("w0 = 0\nif w2 == 0 goto +1\nw0 = 1\nexit")),
    ("a helper's argument that nothing wrote", P("w2 = 1\nw3 = 1\nw4 = 1\ncall 1\nexit")),
    ("as many as there may be, and the last but one is none", [*FULL[:-1], bpf.alu("=", 11, 0), EXIT]),
]


def shapes(seed):
    """And programs of which only the beginning is there: they are too long."""
    made = [Case(program, 4, ways=VERIFIED, name=name) for name, program in SHAPES]
    return made + [Case(P("w0 = 0\nexit"), 4, ways=VERIFIED, name=f"{2 + more} instructions", more=more)
                   for more in (bpf.INSNS_MAX - 1, 65536, 2**31, 2**32 - 3)]


@check(points=5, step="6.1", ends=programs.ENDINGS, boots=programs.boot(shapes),
       hint="Look at where an instruction stands, too: a jump's target is an instruction of this program, counted from the one behind the jump, "
            "and no sum may wrap; the last one cannot be fallen through; an access through r10 is all in the stack. Each of the programs in "
            "this check is a known way in, or the nearest that is none.")
def test_shapes(run):
    """Known ways in are refused, and their nearest neighbours are not."""
    asked(run)


def mutated(seed):
    """Good programs with a few of their bits changed; with what they are run on, should they be accepted."""
    rng = random.Random(seed)
    cases = []
    for case in programs.random_cases(seed, most=110, room=programs.ROOM - 4000):
        raw = bytearray(bpf.encode(case.program))
        for _ in range(rng.randrange(0, 3)):
            raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
        cases.append(Case(size=case.size, argument=case.argument, fuel=case.fuel, memory=case.memory, raw=bytes(raw), ways=VERIFIED,
                          name="A program with bits changed"))
    return cases


@check(points=3, step="6.1", needs=("opcodes", "fields", "shapes"), ends=programs.ENDINGS, boots=programs.boot(mutated),
       hint="One of the earlier checks' cases, in the midst of others. Compare the instruction that is named with what the RFC says of it.")
def test_mutated(run):
    """Random programs, and random programs with bits changed."""
    asked(run)
