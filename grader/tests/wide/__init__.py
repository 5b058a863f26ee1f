"""BPF with its groups base64 and divmul64 (RFC 9669): a model of what programs do and of which are programs, written from the RFC's text;
programs in LLVM's syntax, assembled by LLVM; random ones. What the reference of lab 6's challenge `wide` is judged by.
"""
import random
import re
import subprocess
import sys
import zlib
from collections.abc import Sequence
from dataclasses import replace

from grader import bpf
from grader.bpf import ALU, ALU64, CALL, END, EXIT, JMP, JMP32, JUMPS, LDX, MEM, NEG, OPS, ST, STACK, STX, X, Insn, State
from grader.paths import ROOT

sys.path.insert(0, str(ROOT / "labs/6-jit"))
import programs  # noqa: E402

LDDW, MEMSX, DW = 0x18, 0x80, 0x18
SIZES = bpf.SIZES | {8: DW}
BYTES = {code: size for size, code in SIZES.items()}
EDGES = (0, 1, 2, 31, 32, 33, 63, 64, 0x7f, 0x80, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 1 << 32, (1 << 32) + 1, 0x7fff_ffff << 32,
         (1 << 63) - 1, 1 << 63, (1 << 63) + 1, (1 << 64) - 1, (1 << 64) - 2, (1 << 64) - (1 << 31), (1 << 64) - (1 << 32), 0x0123_4567_89ab_cdef)


# What programs do: sections 4 and 5.

def compute(insn: Insn, a: int, b: int) -> int:
    """What an instruction of ALU or ALU64 makes of its operands, which have 64 bits: 4.1, 4.2."""
    op, wide = insn.opcode & 0xf0, insn.opcode & 7 == ALU64
    if op == END:
        order = "big" if wide or insn.opcode & X else "little"
        return int.from_bytes((a % 2**insn.imm).to_bytes(insn.imm // 8, "little"), order)
    bits = 64 if wide else 32
    a, b = a % 2**bits, b % 2**bits
    if op in (OPS["/="], OPS["%="]):
        if insn.offset:
            a, b = bpf.signed(a, bits), bpf.signed(b, bits)
        quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1) if b else 0
        return (quotient if op == OPS["/="] else a - quotient * b) % 2**bits
    by = b % bits
    return {OPS["+="]: a + b, OPS["-="]: a - b, OPS["*="]: a * b, OPS["|="]: a | b, OPS["&="]: a & b, OPS["^="]: a ^ b, OPS["<<="]: a << by,
            OPS[">>="]: a >> by, OPS["s>>="]: bpf.signed(a, bits) >> by, NEG: -a,
            OPS["="]: bpf.signed(b, insn.offset) if insn.offset else b}[op] % 2**bits


def holds(insn: Insn, a: int, b: int) -> bool:
    """Whether a condition does: 4.3."""
    bits = 64 if insn.opcode & 7 == JMP else 32
    a, b = a % 2**bits, b % 2**bits
    sa, sb = bpf.signed(a, bits), bpf.signed(b, bits)
    return {"==": a == b, "!=": a != b, ">": a > b, ">=": a >= b, "<": a < b, "<=": a <= b, "&": a & b != 0, "s>": sa > sb, "s>=": sa >= sb,
            "s<": sa < sb, "s<=": sa <= sb}[next(name for name, code in JUMPS.items() if code == insn.opcode & 0xf0)]


def run(program: Sequence[Insn], address: int, memory: bytes, argument: int, fuel: int, helpers: dict, frame: int = 0x7000_0000) -> State:
    """As bpf.run(): registers have 64 bits, addresses are their lower 32; a helper has lower halves; r0's is the result."""
    r = [0, address, len(memory), argument, *[0] * 6, frame]
    data, stack, pc = bytearray(memory), bytearray(STACK), 0
    while True:
        insn = program[pc]
        pc += 1
        kind, op = insn.opcode & 7, insn.opcode & 0xf0
        b = r[insn.src] if insn.opcode & X else insn.imm % 2**64
        if kind in (ALU, ALU64):
            r[insn.dst] = compute(insn, r[insn.dst], b)
        elif insn.opcode == LDDW:
            r[insn.dst] = program[pc].imm % 2**32 << 32 | insn.imm % 2**32
            pc += 1
        elif kind in (LDX, ST, STX):
            size, base = BYTES[insn.opcode & 0x18], insn.src if kind == LDX else insn.dst
            where, at = (stack, STACK + insn.offset) if base == 10 else (data, (r[base] + insn.offset) % 2**32 - address)
            if not 0 <= at <= len(where) - size:
                return State("fault", 0, fuel, address + at, bytes(data))
            if kind == LDX:
                r[insn.dst] = int.from_bytes(where[at:at + size], "little", signed=insn.opcode & 0xe0 == MEMSX) % 2**64
            else:
                where[at:at + size] = ((insn.imm if kind == ST else r[insn.src]) % 2**(8 * size)).to_bytes(size, "little")
        elif insn.opcode == JMP | EXIT:
            return State("done", r[0] % 2**32, fuel, 0, bytes(data))
        elif insn.opcode == JMP | CALL or op == 0 or holds(insn, r[insn.dst], b):
            distance = 0 if insn.opcode == JMP | CALL else insn.imm if insn.opcode == JMP32 else insn.offset
            if distance < 0 or insn.opcode == JMP | CALL:
                if fuel == 0:
                    return State("fuel", 0, 0, 0, bytes(data))
                fuel -= 1
            if insn.opcode == JMP | CALL:
                r[0] = helpers[insn.imm](fuel, *(value % 2**32 for value in r[1:6])) % 2**32
            pc += distance


# Which are programs.

def _known() -> dict[int, str]:
    """bpf.KNOWN, with what these groups add."""
    known = dict(bpf.KNOWN) | {LDDW: "dSi", ALU64 | NEG: "d"}
    for code in set(OPS.values()):
        for source in (0, X):
            known[ALU64 | code | source] = bpf.KNOWN[ALU | code | source]
    for code in JUMPS.values():
        known[JMP | code], known[JMP | code | X] = "doi", "dos"
    for size in SIZES.values():
        known[LDX | MEM | size] = known[STX | MEM | size] = "dso"
        known[ST | MEM | size] = "doi"
        if size != DW:
            known[LDX | MEMSX | size] = "dso"
    return known


KNOWN = _known()


def verify(program: Sequence[Insn], helpers: dict[int, int]) -> tuple[str, int]:
    """As bpf.verify()."""
    if not 0 < len(program) <= bpf.INSNS_MAX:
        return "size", 0
    second = {at + 1 for at, insn in enumerate(program) if insn.opcode == LDDW}
    for at, insn in enumerate(program):
        if error := _wrong(insn, at, len(program), second, helpers):
            return error, at
    last = len(program) - 1
    if program[last].opcode not in (JMP | EXIT, JMP, JMP32):
        return "end", last
    first = bpf.undefined(program, helpers, _effect)
    return ("ok", 0) if first is None else ("undefined", first)


def _wrong(insn: Insn, at: int, count: int, second: set[int], helpers: dict[int, int]) -> str | None:
    kind, opcode = insn.opcode & 7, insn.opcode
    if at in second:
        return "reserved" if insn.opcode or insn.dst or insn.src or insn.offset else None
    if opcode == JMP | CALL and insn.src == 1:
        return "local call"
    if opcode not in KNOWN:
        return "opcode"
    fields = KNOWN[opcode]
    held = {"d": insn.dst, "s": insn.src, "o": insn.offset, "i": insn.imm}
    extensions = (0, 8, 16, 32) if kind == ALU64 else (0, 8, 16)
    if (any(value and name not in fields.lower() for name, value in held.items()) or "S" in fields and insn.src
            or "I" in fields and insn.imm not in (16, 32, 64)
            or "O" in fields and insn.offset not in (extensions if opcode & 0xf0 == OPS["="] else (0, 1))):
        return "reserved"
    if insn.src > 10 or insn.dst > (10 if kind in (ST, STX, JMP, JMP32) else 9):
        return "register"
    if kind in (JMP, JMP32) and opcode not in (JMP | CALL, JMP | EXIT):
        to = at + 1 + (insn.imm if opcode == JMP32 else insn.offset)
        return None if 0 <= to < count and to not in second else "jump"
    if opcode == JMP | CALL and insn.imm not in helpers:
        return "helper"
    if kind in (LDX, ST, STX) and (insn.src if kind == LDX else insn.dst) == 10 and not -STACK <= insn.offset <= -BYTES[opcode & 0x18]:
        return "stack"
    return None


def _effect(program: Sequence[Insn], at: int, helpers: dict[int, int]) -> tuple[set, set, set, list[int]]:
    insn, kind = program[at], program[at].opcode & 7
    if insn.opcode == LDDW:
        return set(), {("r", insn.dst)}, set(), [at + 2]
    if kind not in (LDX, ST, STX) or insn.opcode & 0x18 != DW:
        return bpf.effect(program, at, helpers)
    # Eight bytes are twice four.
    halves = [Insn(insn.opcode & ~DW, insn.dst, insn.src, insn.offset + 4 * n, insn.imm) for n in (0, 1)]
    reads, writes = (set().union(*(bpf.effect([half], 0, helpers)[n] for half in halves)) for n in (0, 1))
    return reads, writes, set(), [at + 1]


# Programs.

class Case(programs.Case):
    def expected(self, address: int) -> tuple[int, ...]:
        helpers = {1: programs.mix, 2: programs.left, 7: programs.rotate, 12: programs.rotate}
        state = run(self.program, address, self.memory, self.argument, self.fuel, helpers)
        return (programs.ENDS.index(state.end), state.r0, state.fuel, state.fault, zlib.crc32(state.memory))

    def listing(self) -> list[str]:
        """In LLVM's words."""
        data = " ".join(f"{byte:#04x}" for byte in bpf.encode(self.program))
        done = subprocess.run([*MC, "--disassemble"], input=data, text=True, capture_output=True)
        return [line.strip() for line in done.stdout.splitlines() if line.strip() and not line.strip().startswith(".")]


MC = ["llvm-mc-19", "--triple=bpfel", "-mcpu=v4", "-mattr=+alu32"]
_assembled: dict[str, bytes] = {}


def assemble(texts: Sequence[str]) -> list[list[Insn]]:
    """Programs, a line or what stands between semicolons each an instruction; jumps by numbers."""
    split = [[line.strip() for line in re.split(r"[;\n]", text) if line.strip()] for text in texts]
    new = sorted({line for lines in split for line in lines} - _assembled.keys())
    if new:
        done = subprocess.run([*MC, "--show-encoding"], input="\n".join(new), text=True, capture_output=True, check=True)
        found = re.findall(r"encoding: \[([^]]*)\]", done.stdout)
        assert len(found) == len(new), done.stdout + done.stderr
        _assembled.update(zip(new, (bytes(int(byte, 16) for byte in each.split(",")) for each in found)))
    return [bpf.decode(b"".join(_assembled[line] for line in lines)) for lines in split]


# Random programs: each register is written first. Some never have an upper half, and a compiler may know that.

KEEPING = ("&=", ">>=", "s>>=", "/=", "%=")             # leave it zero, whatever the second operand is,
COPYING = ("|=", "^=", "=")                             # or if that has none
WRITTEN = (0, 2, 3, 4, 5, 7, 8, 9)                      # r6 is the memory's address


def value(rng: random.Random) -> int:
    return rng.choice(EDGES) if rng.random() < 0.6 else rng.getrandbits(64)


def immediate(dst: int, number: int) -> list[Insn]:
    return [Insn(LDDW, dst, imm=bpf.signed(number)), Insn(0, imm=bpf.signed(number >> 32))]


def random_program(rng: random.Random, size: int) -> list[Insn]:
    """A program that is one, run with memory of `size` bytes. It is made of parts, and jumps lead from part to part."""
    wide = {r for r in WRITTEN if rng.random() < 0.7}
    parts = [[Insn(ALU64 | OPS["="] | X, 6, 1)]]
    parts += [immediate(r, value(rng)) if r in wide else [bpf.alu("=", r, value(rng))] for r in WRITTEN if r != 3]
    parts += [[Insn(ST | MEM | DW, 10, offset=-8 * n, imm=bpf.signed(value(rng)))] for n in range(1, 5)]
    first = len(parts)
    for _ in range(rng.randrange(5, 40)):
        make = rng.choices((_arithmetic, _unary, _access, _immediate, _jump, _call), (50, 6, 22, 3, 16, 3))[0]
        dst = rng.choice(WRITTEN)
        parts.append(make(rng, dst, dst in wide, rng.randrange(10), wide, size))
    last = [Insn(ALU64 | OPS["^="] | X, 0, r) for r in WRITTEN[1:]]
    parts.append([*last, *[Insn(STX | MEM | DW, 6, 0)] * (size >= 8), Insn(JMP | EXIT)])
    starts = [sum(len(part) for part in parts[:n]) for n in range(len(parts))]
    for n, (jump, *more) in enumerate(parts):
        if jump.opcode & 7 in (JMP, JMP32) and not more:
            to = max(first, n - rng.randrange(0, 4)) if jump.offset < 0 else rng.randrange(n + 1, len(parts))
            field = "imm" if jump.opcode == JMP32 else "offset"
            parts[n] = [replace(jump, **{field: starts[to] - starts[n] - 1})]
    return [insn for part in parts for insn in part]


def _arithmetic(rng, dst, wide, src, every, size):
    number, constant, bits = bpf.signed(value(rng)), rng.random() < 0.5, rng.choice((ALU, ALU64, ALU64))
    op, offset = rng.choice(list(OPS)), 0
    if bits == ALU64 and not wide:
        op = rng.choice(KEEPING + COPYING)
        constant |= op in COPYING and src in every
        number &= 0x7fff_ffff if op in COPYING else -1
    elif op == "=" and not constant and rng.random() < 0.5:
        offset = rng.choice((8, 16, 32) if bits == ALU64 else (8, 16))
    return [Insn(bits | OPS[op] | (0 if constant else X), dst, 0 if constant else src, 1 if op in ("s/=", "s%=") else offset,
                 number if constant else 0)]


def _unary(rng, dst, wide, src, every, size):
    opcode = rng.choice((ALU | NEG, ALU | END, ALU | END | X, ALU64 | END) + (ALU64 | NEG,) * wide)
    return [Insn(opcode, dst, imm=0 if opcode & 0xf0 == NEG else rng.choice((16, 32) + (64,) * wide))]


def _immediate(rng, dst, wide, src, every, size):
    return immediate(dst, value(rng) if wide else value(rng) % 2**32)


def _access(rng, dst, wide, src, every, size):
    loads = rng.random() < 0.5
    width = rng.choice((1, 2, 4, 8, 8) if wide or not loads else (1, 2, 4))
    if rng.random() < 0.4:
        base, offset = 10, rng.randrange(-32, 1 - width)
    else:
        base, offset = 6, rng.randrange(-2, size + 1) if rng.random() < 0.1 else rng.randrange(0, max(1, size + 1 - width))
    if loads:
        mode = MEMSX if width < 8 and wide and rng.random() < 0.5 else MEM
        return [Insn(LDX | mode | SIZES[width], dst, base, offset)]
    if rng.random() < 0.6:
        return [Insn(STX | MEM | SIZES[width], base, src if src != 6 else 0, offset)]
    return [Insn(ST | MEM | SIZES[width], base, 0, offset, bpf.signed(value(rng)))]


def _call(rng, dst, wide, src, every, size):
    return [Insn(JMP | CALL, imm=rng.choice((1, 7))), *(Insn(ALU | OPS["="] | X, r, 0) for r in range(1, 6))]


def _jump(rng, dst, wide, src, every, size):
    if rng.random() < 0.1:
        return [Insn(rng.choice((JMP, JMP32)))]
    constant, kind = rng.random() < 0.5, rng.choice((JMP, JMP, JMP32)) | rng.choice(list(JUMPS.values()))
    back = -1 if rng.random() < 0.3 else 0
    return [Insn(kind, dst, 0, back, bpf.signed(value(rng)))] if constant else [Insn(kind | X, dst, src, back)]


def random_cases(seed: int, most: int = programs.CASES, room: int = programs.ROOM) -> list[Case]:
    """As many as there is room for."""
    rng, cases = random.Random(f"wide {seed}"), []
    while len(cases) < most:
        size = rng.choice((4, 7, 8, 9, 11, 16, 37, 64))
        case = Case(random_program(rng, size), size, rng.getrandbits(32), rng.choice((0, 1, 3, 20)), rng.randbytes(size))
        room -= len(case.encoded)
        if room < 0:
            break
        cases.append(case)
    return cases
