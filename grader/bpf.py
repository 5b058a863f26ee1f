"""BPF (RFC 9669), its groups base32 and divmul32: an assembler and a disassembler in LLVM's syntax, and a model of what
programs do, written from the RFC's text and from nothing of the kernel's.

An instruction is an `Insn`; a program a list of them, or their bytes. What `assemble` reads `disassemble` writes.
"""
import functools
import operator
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterable, Sequence

from grader.errors import Usage

STACK = 512             # bytes
LD, LDX, ST, STX, ALU, JMP, JMP32, ALU64 = range(8)
X = 0x08                # the second operand is src
MEM = 0x60
SIZES = {4: 0x00, 2: 0x08, 1: 0x10}
BYTES = {code: size for size, code in SIZES.items()}

OPS = {"+=": 0x00, "-=": 0x10, "*=": 0x20, "/=": 0x30, "s/=": 0x30, "|=": 0x40, "&=": 0x50, "<<=": 0x60, ">>=": 0x70,
       "%=": 0x90, "s%=": 0x90, "^=": 0xa0, "=": 0xb0, "s>>=": 0xc0}
JUMPS = {"==": 0x10, ">": 0x20, ">=": 0x30, "&": 0x40, "!=": 0x50, "s>": 0x60, "s>=": 0x70, "<": 0xa0, "<=": 0xb0,
         "s<": 0xc0, "s<=": 0xd0}
NEG, END, CALL, EXIT = 0x80, 0xd0, 0x80, 0x90


@dataclass(frozen=True)
class Insn:
    opcode: int
    dst: int = 0
    src: int = 0
    offset: int = 0     # signed, 16 bits
    imm: int = 0        # signed, 32 bits

    def encode(self) -> bytes:
        return struct.pack("<BBhi", self.opcode, self.dst | self.src << 4, self.offset, self.imm)


def encode(program: Iterable[Insn]) -> bytes:
    return b"".join(insn.encode() for insn in program)


def decode(data: bytes) -> list[Insn]:
    """The instructions of a program's bytes, 8 for each."""
    return [Insn(opcode, regs & 15, regs >> 4, offset, imm) for opcode, regs, offset, imm in struct.iter_unpack("<BBhi", data)]


def alu(op: str, dst: int, value: int | None = None, src: int | None = None) -> Insn:
    """`w<dst> <op> w<src>`, or by the constant `value`."""
    offset = 1 if op in ("s/=", "s%=") else 0
    if src is not None:
        return Insn(ALU | OPS[op] | X, dst, src, offset)
    return Insn(ALU | OPS[op], dst, 0, offset, signed(value))


def jump(op: str, dst: int, offset: int, value: int | None = None, src: int | None = None) -> Insn:
    """`if w<dst> <op> w<src> goto offset`."""
    if src is not None:
        return Insn(JMP32 | JUMPS[op] | X, dst, src, offset)
    return Insn(JMP32 | JUMPS[op], dst, 0, offset, signed(value))


def load(size: int, dst: int, base: int, offset: int) -> Insn:
    return Insn(LDX | MEM | SIZES[size], dst, base, offset)


def store(size: int, base: int, offset: int, value: int | None = None, src: int | None = None) -> Insn:
    if src is not None:
        return Insn(STX | MEM | SIZES[size], base, src, offset)
    return Insn(ST | MEM | SIZES[size], base, 0, offset, signed(value))


def signed(value: int, bits: int = 32) -> int:
    """The number that the low bits of a value are, in two's complement."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> bits - 1 else value


# Assembling.

_NUMBER = r"([+-]?(?:0x[0-9a-fA-F]+|\d+))"
_PLACE = r"\*\(u(8|16|32) \*\)\(r(\d+) ([+-]) ?(0x[0-9a-fA-F]+|\d+)\)"
_FORMS: list[tuple[str, Callable]] = [
    (r"exit", lambda: Insn(JMP | EXIT)),
    (rf"call {_NUMBER}", lambda n: Insn(JMP | CALL, imm=int(n, 0))),
    (r"goto (\S+)", lambda to: Insn(JMP, offset=to)),
    (r"gotol (\S+)", lambda to: Insn(JMP32, imm=to)),
    (r"w(\d+) = -w(\d+)", lambda d, s: _same(d, s, Insn(ALU | NEG, int(d)))),
    (r"w(\d+) = \(s(8|16)\)w(\d+)", lambda d, n, s: Insn(ALU | OPS["="] | X, int(d), int(s), int(n))),
    (r"w(\d+) = (le|be)(16|32) w(\d+)",
     lambda d, e, n, s: _same(d, s, Insn(ALU | END | (X if e == "be" else 0), int(d), imm=int(n)))),
    (r"r(\d+) = (le|be)(16|32) r(\d+)",
     lambda d, e, n, s: _same(d, s, Insn(ALU | END | (X if e == "be" else 0), int(d), imm=int(n)))),
    (r"r(\d+) = bswap(16|32) r(\d+)", lambda d, n, s: _same(d, s, Insn(ALU64 | END, int(d), imm=int(n)))),
    (rf"[rw](\d+) = {_PLACE}", lambda d, n, b, sign, off: load(int(n) // 8, int(d), int(b), int(sign + off, 0))),
    (rf"{_PLACE} = [rw](\d+)", lambda n, b, sign, off, s: store(int(n) // 8, int(b), int(sign + off, 0), src=int(s))),
    (rf"{_PLACE} = {_NUMBER}", lambda n, b, sign, off, v: store(int(n) // 8, int(b), int(sign + off, 0), _constant(v))),
    (r"if w(\d+) (\S+) w(\d+) goto (\S+)", lambda d, op, s, to: jump(op, int(d), to, src=int(s))),
    (rf"if w(\d+) (\S+) {_NUMBER} goto (\S+)", lambda d, op, v, to: jump(op, int(d), to, _constant(v))),
    (r"w(\d+) (\S+) w(\d+)", lambda d, op, s: alu(op, int(d), src=int(s))),
    (rf"w(\d+) (\S+) {_NUMBER}", lambda d, op, v: alu(op, int(d), _constant(v))),
]
_PATTERNS = [(re.compile(pattern.replace(" ", r"\s*" if _PLACE in pattern else r"\s+")), make) for pattern, make in _FORMS]


def _constant(text: str) -> int:
    value = int(text, 0)
    if not -2**31 <= value < 2**32:
        raise ValueError("a constant has 32 bits")
    return value


def _same(d: str, s: str, insn: Insn) -> Insn:
    if d != s:
        raise ValueError("both registers have to be the same")
    return insn


def assemble(text: str) -> list[Insn]:
    """A program from text, an instruction or a `label:` a line; comments begin with #, // or ;. Usage names the line."""
    lines, labels = [], {}
    for number, line in enumerate(text.splitlines(), 1):
        line = re.split(r"#|//|;", line)[0].strip()
        if label := re.fullmatch(r"(\w+):", line):
            labels[label[1]] = len(lines)
        elif line:
            lines.append((number, line))
    program = []
    for place, (number, line) in enumerate(lines):
        try:
            insn = _read(line)
            targets = {field: _target(getattr(insn, field), labels, place) for field in ("offset", "imm")
                       if isinstance(getattr(insn, field), str)}
            program.append(Insn(**{**insn.__dict__, **targets}) if targets else insn)
            program[-1].encode()
        except (ValueError, KeyError, struct.error) as error:
            raise Usage(f"line {number}: {line}: {error}") from None
    return program


@functools.lru_cache(4096)
def _read(line: str) -> Insn:
    """The instruction on a line; a jump's target is as it stands there."""
    insn = next((make(*match.groups()) for pattern, make in _PATTERNS if (match := pattern.fullmatch(line))), None)
    if insn is None:
        raise ValueError("no instruction of base32 or divmul32 in LLVM's syntax")
    return insn


def _target(to: str, labels: dict[str, int], place: int) -> int:
    if to in labels:
        return labels[to] - place - 1
    return int(to, 0)


def disassemble(insn: Insn) -> str:
    """An instruction in LLVM's syntax; "" if it is none of base32 or divmul32, or has a reserved field that is not zero."""
    d, s, off, imm = f"w{insn.dst}", f"w{insn.src}", insn.offset, insn.imm
    kind, op, x = insn.opcode & 7, insn.opcode & 0xf0, insn.opcode & X
    text = ""
    if kind in (LDX, ST, STX) and insn.opcode & 0xe0 == MEM and insn.opcode & 0x18 != 0x18:
        bits = 8 * BYTES[insn.opcode & 0x18]
        base = insn.src if kind == LDX else insn.dst
        place = f"*(u{bits} *)(r{base} {'-' if off < 0 else '+'} {abs(off)})"
        text = f"{d} = {place}" if kind == LDX else f"{place} = {s if kind == STX else imm}"
    elif kind == ALU and op == NEG and not x:
        text = f"{d} = -{d}"
    elif kind == ALU and op == END:
        text = f"r{insn.dst} = {'be' if x else 'le'}{imm} r{insn.dst}"
    elif insn.opcode == ALU64 | END:
        text = f"r{insn.dst} = bswap{imm} r{insn.dst}"
    elif kind == ALU and op == OPS["="] and x and off:
        text = f"{d} = (s{off}){s}"
    elif kind == ALU:
        names = [name for name, code in OPS.items() if code == op and (name in ("s/=", "s%=")) == (off == 1)]
        text = f"{d} {names[0]} {s if x else imm}" if names else ""
    elif insn.opcode == JMP | EXIT:
        text = "exit"
    elif insn.opcode == JMP | CALL:
        text = f"call {imm}"
    elif insn.opcode == JMP:
        text = f"goto {off:+d}"
    elif insn.opcode == JMP32:
        text = f"gotol {imm:+d}"
    elif kind == JMP32:
        names = [name for name, code in JUMPS.items() if code == op]
        text = f"if {d} {names[0]} {s if x else imm} goto {off:+d}" if names else ""
    try:
        return text if text and assemble(text) == [insn] else ""
    except Usage:
        return ""


# The model.

@dataclass
class State:
    """What a program ended with: how ("done", "fault", "fuel"), r0, fuel left, the address that was refused, its memory's bytes."""
    end: str
    r0: int
    fuel: int
    fault: int
    memory: bytes


def run(program: Sequence[Insn], address: int, memory: bytes | bytearray, argument: int, fuel: int,
        helpers: dict[int, Callable[..., int]] = {}, frame: int = 0x7000_0000,
        before: Callable[[int, list[int]], None] | None = None) -> State:
    """Run a program that the verifier accepts. `address` is that of `memory`; r10 is `frame`. A helper is called with the fuel that is
    left and r1 to r5. Memory that is a bytearray is changed in place. `before` is called before each instruction, with its number and
    what is in the registers."""
    registers = [0] * 11
    registers[1], registers[2], registers[3], registers[10] = address, len(memory), argument, frame
    data, stack, pc = memory if isinstance(memory, bytearray) else bytearray(memory), bytearray(STACK), 0

    def place(base: int, offset: int, size: int) -> tuple[bytearray, int]:
        if base == 10:
            return stack, STACK + offset
        at = (registers[base] + offset) % 2**32
        if not address <= at <= address + len(data) - size:
            raise _Refused(at)
        return data, at - address

    while True:
        if before is not None:
            before(pc, registers)
        insn = program[pc]
        pc += 1
        kind, op = insn.opcode & 7, insn.opcode & 0xf0
        a, b = registers[insn.dst], registers[insn.src] if insn.opcode & X else insn.imm % 2**32
        if kind in (LDX, ST, STX):
            size = BYTES[insn.opcode & 0x18]
            try:
                where, at = place(insn.src if kind == LDX else insn.dst, insn.offset, size)
            except _Refused as refused:
                return State("fault", 0, fuel, refused.address, bytes(data))
            if kind == LDX:
                registers[insn.dst] = int.from_bytes(where[at:at + size], "little")
            else:
                value = insn.imm if kind == ST else registers[insn.src]
                where[at:at + size] = (value % 2**(8 * size)).to_bytes(size, "little")
        elif kind in (ALU, ALU64):
            registers[insn.dst] = _alu(insn, a, b) % 2**32
        elif insn.opcode == JMP | EXIT:
            return State("done", registers[0], fuel, 0, bytes(data))
        elif insn.opcode == JMP | CALL:
            if fuel == 0:
                return State("fuel", 0, 0, 0, bytes(data))
            fuel -= 1
            registers[0] = helpers[insn.imm](fuel, *registers[1:6]) % 2**32
        elif op == 0 or _holds(op, a, b):
            distance = insn.imm if insn.opcode == JMP32 else insn.offset
            if distance < 0:
                if fuel == 0:
                    return State("fuel", 0, 0, 0, bytes(data))
                fuel -= 1
            pc += distance


class _Refused(Exception):
    def __init__(self, address: int):
        self.address = address


def _alu(insn: Insn, a: int, b: int) -> int:
    """Section 4.1 and 4.2, for 32 bits."""
    op, x = insn.opcode & 0xf0, insn.opcode & X
    if op == END:
        size = insn.imm // 8
        swapped = insn.opcode & 7 == ALU64 or x
        return int.from_bytes((a % 2**insn.imm).to_bytes(size, "little"), "big" if swapped else "little")
    if op in (OPS["/="], OPS["%="]):
        if b == 0:
            return 0 if op == OPS["/="] else a
        if insn.offset:
            a, b = signed(a), signed(b)
        quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
        return quotient if op == OPS["/="] else a - quotient * b
    if op == OPS["="]:
        return signed(b, insn.offset) if insn.offset else b
    return _COMPUTES[op](a, b)


_COMPUTES: dict[int, Callable[[int, int], int]] = {
    OPS["+="]: operator.add, OPS["-="]: operator.sub, OPS["*="]: operator.mul, OPS["|="]: operator.or_,
    OPS["&="]: operator.and_, OPS["^="]: operator.xor, OPS["<<="]: lambda a, b: a << b % 32,
    OPS[">>="]: lambda a, b: a >> b % 32, OPS["s>>="]: lambda a, b: signed(a) >> b % 32, NEG: lambda a, b: -a}


def _holds(op: int, a: int, b: int) -> bool:
    """Section 4.3, for 32 bits."""
    is_signed, holds = _CONDITIONS[op]
    return holds(signed(a), signed(b)) if is_signed else holds(a, b)


_CONDITIONS: dict[int, tuple[bool, Callable[[int, int], bool]]] = {
    JUMPS["&"]: (False, lambda a, b: a & b != 0),
    **{JUMPS[sign + name]: (sign != "", holds) for name, holds in
       ((">", operator.gt), (">=", operator.ge), ("<", operator.lt), ("<=", operator.le)) for sign in ("", "s")},
    JUMPS["=="]: (False, operator.eq), JUMPS["!="]: (False, operator.ne)}


# The verifier's model: every reason that there is at an instruction, told from the RFC's tables; and on every path what has been
# written, found by following all of them.

ERRORS = ("ok", "size", "local call", "opcode", "reserved", "register", "jump", "helper", "stack", "end", "undefined", "store",
          "address")        # enum bpf_error, in its order
INSNS_MAX = 4096
HELPERS = 16


def _known() -> dict[int, str]:
    """Every opcode of base32 and divmul32 that has one: the fields it uses, of d, s, o and i; a capital: what it may hold is less."""
    known = {JMP: "o", JMP32: "i", JMP | CALL: "Si", JMP | EXIT: "", ALU | NEG: "d", ALU64 | END: "dI", ALU | END: "dI", ALU | END | X: "dI"}
    for code in set(OPS.values()):
        wide = "O" if code in (OPS["/="], OPS["%="]) else ""
        known[ALU | code] = "di" + wide
        known[ALU | code | X] = "ds" + (wide or ("O" if code == OPS["="] else ""))
    for code in JUMPS.values():
        known[JMP32 | code], known[JMP32 | code | X] = "doi", "dos"
    for size in SIZES.values():
        known[LDX | MEM | size] = known[STX | MEM | size] = "dso"
        known[ST | MEM | size] = "doi"
    return known


KNOWN = _known()


def verify(program: Sequence[Insn], helpers: dict[int, int]) -> tuple[str, int]:
    """What the verifier says, one of ERRORS, and of which instruction (0 of `size` and `ok`). `helpers`: how many arguments each takes."""
    if not 0 < len(program) <= INSNS_MAX:
        return "size", 0
    for at, insn in enumerate(program):
        if error := _wrong(insn, at, len(program), helpers):
            return error, at
    last = len(program) - 1
    if program[last].opcode not in (JMP | EXIT, JMP, JMP32):
        return "end", last
    first = undefined(program, helpers)
    return ("ok", 0) if first is None else ("undefined", first)


def _wrong(insn: Insn, at: int, count: int, helpers: dict[int, int]) -> str | None:
    kind, opcode = insn.opcode & 7, insn.opcode
    fields = KNOWN.get(opcode)
    if opcode == JMP | CALL and insn.src == 1:
        return "local call"
    if fields is None:
        return "opcode"
    held = {"d": insn.dst, "s": insn.src, "o": insn.offset, "i": insn.imm}
    if any(value and name not in fields.lower() for name, value in held.items()):
        return "reserved"
    if "S" in fields and insn.src:
        return "reserved"
    if "I" in fields and insn.imm not in (16, 32):
        return "reserved"
    if "O" in fields and insn.offset not in ((0, 8, 16) if opcode & 0xf0 == OPS["="] else (0, 1)):
        return "reserved"
    writes = kind in (ALU, ALU64, LDX)
    if insn.dst > (9 if writes else 10) or insn.src > 10:
        return "register"
    if opcode in (JMP, JMP32) or kind == JMP32:
        if not 0 <= at + 1 + (insn.imm if opcode == JMP32 else insn.offset) < count:
            return "jump"
    if opcode == JMP | CALL and insn.imm not in helpers:
        return "helper"
    if kind in (LDX, ST, STX) and (insn.src if kind == LDX else insn.dst) == 10:
        size = BYTES[opcode & 0x18]
        if not -STACK <= insn.offset <= -size:
            return "stack"
    return None


def undefined(program: Sequence[Insn], helpers: dict[int, int], effect_of: Callable | None = None) -> int | None:
    """The first instruction, by number, that on some path reads what nothing has written. Written: ("r", n) or ("s", byte).
    `effect_of` says of instructions what effect() does, where there are more of them."""
    of = effect_of or effect
    start = frozenset({("r", 1), ("r", 2), ("r", 3), ("r", 10)})
    before: dict[int, frozenset] = {}
    ways = [(0, start)]
    while ways:
        at, written = ways.pop()
        now = before[at] & written if at in before else written
        if before.get(at) == now:
            continue
        before[at] = now
        _, writes, forgets, nexts = of(program, at, helpers)
        ways += [(to, (now - forgets) | writes) for to in nexts]
    return min((at for at, written in before.items() if of(program, at, helpers)[0] - written), default=None)


def effect(program: Sequence[Insn], at: int, helpers: dict[int, int]) -> tuple[set, set, set, list[int]]:
    """What an instruction reads, writes and forgets, and where it leads."""
    insn = program[at]
    kind, op, dst, src = insn.opcode & 7, insn.opcode & 0xf0, ("r", insn.dst), ("r", insn.src)
    if kind in (LDX, ST, STX):
        size = BYTES[insn.opcode & 0x18]
        base = insn.src if kind == LDX else insn.dst
        place = {("s", insn.offset + n) for n in range(size)} if base == 10 else set()
        reads = {("r", base)} | (place if kind == LDX else set()) | ({src} if kind == STX else set())
        return reads, {dst} if kind == LDX else place, set(), [at + 1]
    if kind in (ALU, ALU64):
        reads = set() if op == OPS["="] else {dst}
        return reads | ({src} if insn.opcode & X and op != END else set()), {dst}, set(), [at + 1]
    if insn.opcode == JMP | EXIT:
        return {("r", 0)}, set(), set(), []
    if insn.opcode == JMP | CALL:
        return {("r", n + 1) for n in range(helpers[insn.imm])}, {("r", 0)}, {("r", n) for n in range(1, 6)}, [at + 1]
    if op == 0:
        return set(), set(), set(), [at + 1 + (insn.imm if kind == JMP32 else insn.offset)]
    return {dst} | ({src} if insn.opcode & X else set()), set(), set(), [at + 1, at + 1 + insn.offset]


# The verb `bpf`.

def configure(parser) -> None:
    parser.add_argument("file", help="a program in LLVM's syntax (`if w1 > 5 goto out`); with --disassemble, one's bytes")
    parser.add_argument("--disassemble", action="store_true", help="print the program whose bytes the file holds")
    parser.add_argument("--output", metavar="FILE", help="write the bytes there; without it, they are printed as C's initialisers")


def main(args) -> int:
    """Assemble a program, or disassemble one; Usage names the line, or the instruction, that is none."""
    path = Path(args.file)
    if args.disassemble:
        data = path.read_bytes()
        if len(data) % 8:
            raise Usage(f"{args.file}: an instruction has 8 bytes, and this is no multiple: {len(data)}")
        for at, insn in enumerate(decode(data)):
            print(disassemble(insn) or f"# {at}: {insn.encode().hex(' ')}: no instruction of base32 or divmul32")
        return 0
    try:
        program = assemble(path.read_text())
    except UnicodeDecodeError:
        raise Usage(f"{args.file}: not a text; to read a program's bytes, add --disassemble") from None
    if args.output:
        Path(args.output).write_bytes(encode(program))
    else:
        for insn in program:
            print(f"{{ {insn.opcode:#04x}, {insn.dst | insn.src << 4:#04x}, {insn.offset}, {insn.imm} }},\t// {disassemble(insn)}")
    return 0
