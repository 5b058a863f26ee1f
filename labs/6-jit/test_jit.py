"""The checks of lab 6, in the order of the handout's steps.

Programs go in through the run's input (checks/programs.c) and are judged by a model that is written from RFC 9669
(grader/bpf.py).
"""
import random
import struct

from grader import bpf
from grader.checks import Boot, Wrong, check

OUTCOME = struct.Struct("<5I")
RESULT = struct.Struct("<5I5I5I")
ENDS = ("done", "fault", "fuel")
HELPERS = {1: lambda a, b, c, d, e: a + 3 * b + 5 * c + 7 * d + 11 * e,
           7: lambda a, *_: a << 5 | a >> 27}
EDGES = (0, 1, 2, 3, 5, 31, 32, 33, 127, 128, 255, 256, 257, 1020, 4095, 4096, 0x7fff, 0x8000, 0xffff, 0x10000, 0xff00,
         0xff0000, 0x7fffffff, 0x80000000, 0x80000001, 0xffffff00, 0xffff8000, 0xfffffffe, 0xffffffff)


class Case:
    """A program and what it is run with."""
    def __init__(self, program, size=64, argument=0, fuel=100, memory=b"", ways=3):
        self.program, self.size, self.argument, self.fuel, self.ways = program, size, argument, fuel, ways
        self.memory = memory[:size].ljust(size, b"\0")

    def encode(self):
        return (struct.pack("<6I", len(self.program), self.ways, self.size, self.argument, self.fuel, 0)
                + bpf.encode(self.program) + self.memory.ljust(-(-self.size // 4) * 4, b"\0"))

    def expected(self, region):
        state = bpf.run(self.program, region, self.memory, self.argument, self.fuel, HELPERS)
        return (ENDS.index(state.end), state.r0, state.fuel, state.fault, fnv(state.memory))


def fnv(data):
    h = 2166136261
    for byte in data:
        h = (h ^ byte) * 16777619 & 0xffffffff
    return h


def value(rng):
    return rng.choice(EDGES) if rng.random() < 0.6 else rng.getrandbits(32)


def random_program(rng, size):
    """A program that the verifier accepts: every register and eight words of the stack are written first."""
    program = [bpf.alu("=", 6, src=1), bpf.alu("=", 7, src=2)]
    program += [bpf.alu("=", r, value(rng)) for r in (0, 2, 4, 5, 7, 8, 9)]
    program += [bpf.store(4, 10, -4 * n, value(rng)) for n in range(1, 9)]
    program += [bpf.store(2, 10, -512 + 2 * n, value(rng)) for n in range(8)]
    body = rng.randrange(5, 40)
    for n in range(body):
        dst, src = rng.choice((0, 2, 3, 4, 5, 7, 8, 9)), rng.randrange(10)
        kind = rng.random()
        if kind < 0.45:
            op = rng.choice(list(bpf.OPS))
            if rng.random() < 0.5:
                program.append(bpf.alu(op, dst, value(rng)))
            elif op == "=" and rng.random() < 0.5:
                program.append(bpf.Insn(bpf.ALU | 0xb0 | bpf.X, dst, src, rng.choice((8, 16))))
            else:
                program.append(bpf.alu(op, dst, src=src))
        elif kind < 0.5:
            program.append(rng.choice((bpf.Insn(bpf.ALU | bpf.NEG, dst),
                                       *(bpf.Insn(opcode, dst, imm=bits) for bits in (16, 32)
                                         for opcode in (0xd4, 0xdc, 0xd7)))))
        elif kind < 0.75:
            width = rng.choice((1, 2, 4))
            if rng.random() < 0.4:
                base, offset = 10, rng.choice((rng.randrange(-32, 1 - width), rng.randrange(-512, -496 - width)))
            else:
                base = 6
                offset = rng.randrange(-2, size + 1) if rng.random() < 0.1 else rng.randrange(0, size + 1 - width)
            if rng.random() < 0.5:
                program.append(bpf.load(width, dst, base, offset))
            elif rng.random() < 0.6:
                program.append(bpf.store(width, base, offset, src=src if src != 6 else 0))
            else:
                program.append(bpf.store(width, base, offset, value(rng)))
        elif kind < 0.8:
            helper = rng.choice((1, 7))
            program.append(bpf.Insn(bpf.JMP | bpf.CALL, imm=helper))
            program += [bpf.alu("=", r, src=0) for r in range(1, 6)]
        elif kind < 0.97:
            back = rng.random() < 0.3
            offset = -rng.randrange(1, 6) if back else 0
            op = rng.choice(list(bpf.JUMPS))
            program.append(bpf.jump(op, dst, offset, value(rng)) if rng.random() < 0.5 else bpf.jump(op, dst, offset, src=src))
        else:
            program.append(bpf.Insn(bpf.JMP, offset=0))
    program.append(bpf.Insn(bpf.JMP | bpf.EXIT))
    # Forward jumps lead anywhere ahead; a jump back not into what comes first, and not between a call and its moves.
    for at, insn in enumerate(program):
        if insn.opcode & 7 in (bpf.JMP, bpf.JMP32) and insn.opcode not in (bpf.JMP | bpf.EXIT, bpf.JMP | bpf.CALL):
            offset = insn.offset if insn.offset < 0 else rng.randrange(0, len(program) - at - 1)
            while not fits(program, at + 1 + offset):
                offset += 1
            program[at] = bpf.Insn(insn.opcode, insn.dst, insn.src, offset, insn.imm)
    return program


def fits(program, target):
    return target >= 26 and not any(program[n].opcode == bpf.JMP | bpf.CALL for n in range(max(0, target - 5), target))


def cases_of(seed):
    rng = random.Random(seed)
    cases, room = [], 0xf000
    while len(cases) < 500:
        size = rng.choice((8, 9, 11, 16, 37, 64))
        case = Case(random_program(rng, size), size, fuel=rng.choice((0, 1, 3, 20)), memory=rng.randbytes(size))
        room -= len(case.encode())
        if room < 0:
            return cases
        cases.append(case)
    return cases


def results(held):
    held.keep("results", held.memory(held.address("results"), 512 * RESULT.size))


@check(points=20, step="6.4", hint="Look at the first program that differs, and at what its last instructions before that do.", boots=Boot(
    "programs", input=lambda seed: b"".join(case.encode() for case in cases_of(seed)), read_at_end=results, budget=20_000_000))
def test_random(run):
    """Random programs: the interpreter and the compiled code do what the model does."""
    region = run.symbol("region")
    for number, (case, raw) in enumerate(zip(cases_of(run.seed), RESULT.iter_unpack(run.kept["results"]))):
        words = [f"{n}: {bpf.disassemble(insn)}" for n, insn in enumerate(case.program)]
        if raw[0] or raw[2]:
            raise Wrong(f"program {number} is refused: {raw[:4]}", got=words)
        want = case.expected(region)
        for way, got in (("interpreted", raw[5:10]), ("compiled", raw[10:15])):
            if got != want:
                raise Wrong(f"program {number}, {way}: {got}, not {want} (region at {region:#x}, {case.size} bytes)", got=words)
