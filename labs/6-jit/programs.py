"""Programs for the checks of lab 6: how they reach the payload (checks/programs.c), what comes back, and random ones."""
import functools
import itertools
import random
import struct
import zlib
from collections.abc import Callable, Sequence

from grader import bpf
from grader.checks import Boot

INTERPRETED, COMPILED, VERIFIED, RUN = 1, 2, 4, 8
ENDINGS = ("return", "fault", "lost", "budget")     # check(ends=...): of a program that does not come back it is told which
OUTCOME = ("end", "r0", "fuel", "fault", "memory")
RESULT = struct.Struct("<5I5I5I")
ENDS = ("done", "fault", "fuel")
ROOM = 0xf000           # bytes of input
CASES = 1024            # of a boot
PLACES = bpf.INSNS_MAX + 1      # of jit_at (kernel/jit/jit.c): where each instruction's code is, and where it ends
ARGUMENTS = {1: 5, 2: 0, 7: 1, 12: 1}          # the payload's helpers: how many each takes
EDGES = (0, 1, 2, 3, 5, 31, 32, 33, 127, 128, 255, 256, 257, 1020, 4095, 4096, 0x7fff, 0x8000, 0xffff, 0x10000, 0xff00,
         0xff0000, 0x7fffffff, 0x80000000, 0x80000001, 0xffffff00, 0xffff8000, 0xfffffffe, 0xffffffff)


def mix(fuel: int, a: int, b: int, c: int, d: int, e: int) -> int:
    return a + 3 * b + 5 * c + 7 * d + 11 * e


def left(fuel: int, *_: int) -> int:
    return fuel


def rotate(fuel: int, a: int, *_: int) -> int:
    return a << 5 | a >> 27


class Case:
    """A program and what it is run with; `raw` are bytes instead of instructions; `name` what a failure calls it. `anywhere`: what address is
    refused depends on where the stack lies. `more`: instructions that are said to be there, and are not."""
    def __init__(self, program: Sequence[bpf.Insn] = (), size: int = 64, argument: int = 0, fuel: int = 100,
                 memory: bytes = b"", ways: int = INTERPRETED | COMPILED, name: str = "", raw: bytes = b"", anywhere: bool = False,
                 more: int = 0):
        self.program = bpf.decode(raw) if raw else list(program)
        self.size, self.argument, self.fuel, self.ways, self.name = size, argument, fuel, ways, name
        self.anywhere, self.more = anywhere, more
        self.memory = memory[:size].ljust(size, b"\0")

    @functools.cached_property
    def encoded(self) -> bytes:
        return (struct.pack("<6I", len(self.program), self.ways, self.size, self.argument, self.fuel, self.more)
                + bpf.encode(self.program) + self.memory.ljust(-(-self.size // 4) * 4, b"\0"))

    def expected(self, address: int) -> tuple[int, ...]:
        """What the model comes to, as OUTCOME has it; r0 of a program that is not done does not count, nor does a fault of one that is."""
        state = self.run(address)
        return (ENDS.index(state.end), state.r0, state.fuel, state.fault, zlib.crc32(state.memory))

    def run(self, address: int, before: Callable[[int, list[int]], None] | None = None) -> bpf.State:
        """The model's run of it; `before` as bpf.run() has it."""
        return bpf.run(self.program, address, self.memory, self.argument, self.fuel, {1: mix, 2: left, 7: rotate, 12: rotate}, before=before)

    def listing(self) -> list[str]:
        return [f"{n:3}: {bpf.disassemble(insn) or insn.encode().hex(' ')}" for n, insn in enumerate(self.program)]


def boot(cases: Callable[[int], Sequence[Case]], budget: int = 150_000_000,
         marks: tuple[str, ...] = ()) -> Boot:
    """A boot of the payload on the cases that a seed draws."""
    cases = functools.cache(cases)

    def read(held):
        held.keep("cases", cases(held.seed))
        held.keep("results", held.memory(held.address("results"), CASES * RESULT.size))
        held.keep("branches", held.memory(held.address("jit_branches"), 4))      # of what jit_compile() has compiled
        number, way, code = struct.unpack("<3I", held.memory(held.address("running"), 12))
        held.keep("running", (number, way, code))
        if number and way == RUN:
            held.keep("places", struct.unpack(f"<{PLACES}I", held.memory(held.address("jit_at"), 4 * PLACES)))

    return Boot("programs", input=lambda seed: b"".join(case.encoded for case in cases(seed)), read_at_end=read, budget=budget,
                marks=marks)


# Random programs.

def value(rng: random.Random) -> int:
    return rng.choice(EDGES) if rng.random() < 0.6 else rng.getrandbits(32)


ALL, ARITHMETIC, ACCESSES, BRANCHES, CALLS = "aemjc", "ae", "m", "j", "c"


def random_program(rng: random.Random, size: int, kinds: str = ALL) -> list[bpf.Insn]:
    """A program that the verifier accepts: every register and eight words of the stack are written first. `kinds`: of ALL, what is
    in it: a ALU, e END and NEG, m accesses, j jumps, c calls."""
    program = [bpf.alu("=", 6, src=1)]
    program += [bpf.alu("=", r, value(rng)) for r in (0, 2, 4, 5, 7, 8, 9)]
    if "m" in kinds:
        program += [bpf.store(4, 10, -4 * n, value(rng)) for n in range(1, 9)]
        program += [bpf.store(2, 10, -512 + 2 * n, value(rng)) for n in range(8)]
    first = len(program)
    weights = {"a": 45, "e": 5, "m": 25, "c": 5, "j": 20}
    possible = [kind for kind in weights if kind in kinds]
    shares = list(itertools.accumulate(weights[kind] for kind in possible))
    ops, jumps = list(bpf.OPS), list(bpf.JUMPS)
    for _ in range(rng.randrange(5, 40)):
        dst, src = rng.choice((0, 2, 3, 4, 5, 7, 8, 9)), rng.randrange(11)
        kind = rng.choices(possible, cum_weights=shares)[0]
        if kind == "a":
            op = rng.choice(ops)
            if rng.random() < 0.5:
                program.append(bpf.alu(op, dst, value(rng)))
            elif op == "=" and rng.random() < 0.5:
                program.append(bpf.Insn(bpf.ALU | 0xb0 | bpf.X, dst, src % 10, rng.choice((8, 16))))
            else:
                program.append(bpf.alu(op, dst, src=src % 10))
        elif kind == "e":
            program.append(rng.choice((bpf.Insn(bpf.ALU | bpf.NEG, dst),
                                       *(bpf.Insn(opcode, dst, imm=bits) for bits in (16, 32)
                                         for opcode in (0xd4, 0xdc, 0xd7)))))
        elif kind == "m":
            program.append(_access(rng, size, dst, src % 10))
        elif kind == "c":
            program.append(bpf.Insn(bpf.JMP | bpf.CALL, imm=rng.choice((1, 7))))
            program += [bpf.alu("=", r, src=0) for r in range(1, 6)]
        elif rng.random() < 0.1:
            program.append(bpf.Insn(rng.choice((bpf.JMP, bpf.JMP32))))
        else:
            op, back = rng.choice(jumps), -rng.randrange(1, 6) if rng.random() < 0.3 else 0
            program.append(bpf.jump(op, dst, back, value(rng)) if rng.random() < 0.5 else bpf.jump(op, dst, back, src=src % 10))
    program += [bpf.alu("^=", 0, src=r) for r in (2, 4, 7, 8, 9)]
    program.append(bpf.Insn(bpf.JMP | bpf.EXIT))
    for at, insn in enumerate(program):
        if insn.opcode & 7 in (bpf.JMP, bpf.JMP32) and insn.opcode not in (bpf.JMP | bpf.EXIT, bpf.JMP | bpf.CALL):
            to = insn.offset if insn.offset < 0 else rng.randrange(0, len(program) - at - 1)
            while not _fits(program, at + 1 + to, first):
                to += 1
            if insn.opcode == bpf.JMP32:
                program[at] = bpf.Insn(insn.opcode, imm=to)
            else:
                program[at] = bpf.Insn(insn.opcode, insn.dst, insn.src, to, insn.imm)
    return program


def _access(rng: random.Random, size: int, dst: int, src: int) -> bpf.Insn:
    width = rng.choice((1, 2, 4))
    if rng.random() < 0.4:
        base, offset = 10, rng.choice((rng.randrange(-32, 1 - width), rng.randrange(-512, -496 - width)))
    else:
        base = 6
        offset = rng.randrange(-2, size + 1) if rng.random() < 0.1 else rng.randrange(0, size + 1 - width)
    if rng.random() < 0.5:
        return bpf.load(width, dst, base, offset)
    if rng.random() < 0.6:
        return bpf.store(width, base, offset, src=src if src != 6 else 0)
    return bpf.store(width, base, offset, value(rng))


def _fits(program: Sequence[bpf.Insn], target: int, first: int) -> bool:
    """Nobody jumps into what comes first, nor between a call and its moves."""
    return target >= first and not any(program[n].opcode == bpf.JMP | bpf.CALL for n in range(max(0, target - 5), target))


def random_cases(seed: int, kinds: str = ALL, most: int = CASES, room: int = ROOM, ways: int = INTERPRETED | COMPILED) -> list[Case]:
    """As many as there is room for."""
    rng = random.Random(f"{seed} {kinds}")
    cases: list[Case] = []
    while len(cases) < most:
        size = rng.choice((8, 9, 11, 16, 37, 64))
        case = Case(random_program(rng, size, kinds), size, rng.getrandbits(32), rng.choice((0, 1, 3, 20)), rng.randbytes(size), ways)
        room -= len(case.encoded)
        if room < 0:
            break
        cases.append(case)
    return cases
