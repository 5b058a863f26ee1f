"""tcpdump's language as packet filters (dpf.py). libpcap compiles an expression to classic BPF (McCanne and Jacobson, USENIX
Winter '93, section 3.3); every way through that program which accepts a frame is one filter, if what it asks can be
said by one, or the expression is refused, with the reason.

Frames are Ethernet's. A filter accepts exactly the frames that the program accepts by that way, truncated ones included.
"""
import ctypes
import ctypes.util
import struct
import sys
from dataclasses import dataclass, replace
from typing import Iterator, NamedTuple, Sequence

from grader import dpf
from grader.errors import Usage

ETHERNET = 1            # DLT_EN10MB
SNAP = 262144           # bytes of a frame that are looked at


class Insn(NamedTuple):
    code: int
    jt: int
    jf: int
    k: int


# What libpcap makes of an expression.

class _Program(ctypes.Structure):
    _fields_ = [("count", ctypes.c_uint), ("insns", ctypes.c_void_p)]


def compile(expression: str) -> list[Insn]:
    """The program of an expression; Usage says what libpcap does not like, or that there is none."""
    name = ctypes.util.find_library("pcap")
    if name is None:
        raise Usage("tcpdump's language needs libpcap: install tcpdump")
    pcap = ctypes.CDLL(name)
    pcap.pcap_open_dead.restype = ctypes.c_void_p
    pcap.pcap_geterr.restype = ctypes.c_char_p
    handle = ctypes.c_void_p(pcap.pcap_open_dead(ETHERNET, SNAP))
    program = _Program()
    try:
        if pcap.pcap_compile(handle, ctypes.byref(program), expression.encode(), 1, ctypes.c_uint(0xffffffff)) != 0:
            raise Usage(f"{expression}: {pcap.pcap_geterr(handle).decode()}")
        data = ctypes.string_at(program.insns, 8 * program.count)
        pcap.pcap_freecode(ctypes.byref(program))
    finally:
        pcap.pcap_close(handle)
    return [Insn(*words) for words in struct.iter_unpack("=HBBI", data)]


# The machine.

LD, LDX, ST, STX, ALU, JMP, RET, MISC = range(8)
SIZES = {0x00: 4, 0x08: 2, 0x10: 1}
IMM, ABS, IND, MEM, LEN, MSH = 0x00, 0x20, 0x40, 0x60, 0x80, 0xa0
ADD, SUB, MUL, DIV, OR, AND, LSH, RSH, NEG = range(0, 0x90, 0x10)
JA, JEQ, JGT, JGE, JSET = range(0, 0x50, 0x10)
X = 0x08


def run(program: Sequence[Insn], frame: bytes) -> int:
    """What the program returns for a frame: 0 refuses it. The model of the machine, for the instructions that libpcap makes."""
    a, x, memory, pc = 0, 0, [0] * 16, 0

    def load(at: int, size: int) -> int:
        if at + size > len(frame):
            raise IndexError
        return int.from_bytes(frame[at:at + size], "big")

    while True:
        code, jt, jf, k = program[pc]
        pc += 1
        kind, op, operand = code & 7, code & 0xf0, x if code & X else k
        try:
            if kind in (LD, LDX):
                mode = code & 0xe0
                value = {IMM: lambda: k, ABS: lambda: load(k, SIZES[code & 0x18]), MEM: lambda: memory[k],
                         IND: lambda: load((x + k) % 2**32, SIZES[code & 0x18]), LEN: lambda: len(frame),
                         MSH: lambda: 4 * (load(k, 1) & 15)}[mode]()
                if kind == LD:
                    a = value
                else:
                    x = value
            elif kind == ST:
                memory[k] = a
            elif kind == STX:
                memory[k] = x
            elif kind == ALU:
                a = {ADD: lambda: a + operand, SUB: lambda: a - operand, MUL: lambda: a * operand,
                     DIV: lambda: a // operand, OR: lambda: a | operand, AND: lambda: a & operand,
                     LSH: lambda: a << operand, RSH: lambda: a >> operand, NEG: lambda: -a}[op]() % 2**32
            elif kind == JMP and op == JA:
                pc += k
            elif kind == JMP:
                holds = {JEQ: a == operand, JGT: a > operand, JGE: a >= operand, JSET: a & operand != 0}[op]
                pc += jt if holds else jf
            elif kind == RET:
                return a if code & 0x18 == 0x10 else k
            elif code & 0xf8 == 0:
                x = a
            else:
                a = x
        except (IndexError, ZeroDivisionError):
            return 0


# Ways through a program.

Base = tuple[dpf.Field, ...]            # the fields that a base depends on, offsets counted from the one before


@dataclass(frozen=True)
class Part:
    """((the number at base + offset) & mask) << left >> right."""
    base: Base
    offset: int
    bytes: int
    mask: int
    left: int = 0
    right: int = 0

    def __str__(self) -> str:
        behind = " behind " + " and ".join(map(str, self.base)) if self.base else ""
        return f"{self.offset}:{8 * self.bytes} & {self.mask:#x}{behind}"


@dataclass(frozen=True)
class Sum:
    """A base, and a number of bytes: what an index register holds."""
    base: Base = ()
    by: int = 0


Value = Part | Sum


@dataclass(frozen=True)
class Want:
    """That a part of the frame is a number, or that it is not."""
    part: Part              # no shifts
    value: int
    equal: bool = True


@dataclass(frozen=True)
class Way:
    wants: tuple[Want, ...] = ()
    loads: tuple[tuple[Base, int], ...] = ()        # bytes that have to be there, behind which base


class _Cannot(Exception):
    pass


def translate(expression: str, endpoint: int = 0) -> list[dpf.Filter]:
    """Filters which together match the frames that an expression does, at least one. Usage: it is no expression, or says what
    filters cannot, and why."""
    try:
        ways = _positive(_ways(compile(expression)))
        if not ways:
            raise _Cannot("no frame matches it")
        filters = [dpf.Filter(tuple(_items(way)), endpoint) for way in ways]
        _complain(filters)
        return filters
    except _Cannot as why:
        raise Usage(f"{expression}: no filter can say this: {why}") from None


def _complain(filters: Sequence[dpf.Filter]) -> None:
    known = []
    for one in filters:
        if dpf.refused(one.items):
            raise _Cannot(f"{one} is too much for one filter")
        bits = dpf.constraints(one.items)
        for other, theirs in known:
            if dpf.number_of(bits) == dpf.number_of(theirs) and dpf.could_both_match(bits, theirs):
                raise _Cannot(f"it takes two filters, {one} and {other}, that one frame could both match, and "
                              "neither constrains more bits")
        known.append((one, bits))


def _ways(program: Sequence[Insn]) -> list[Way]:
    """Every way that accepts, and that some frame could go as far as one can see."""
    found: list[Way] = []

    def go(pc: int, a: Value | None, x: Value | None, way: Way) -> None:
        while True:
            code, jt, jf, k = program[pc]
            pc += 1
            kind, op = code & 7, code & 0xf0
            if kind == RET:
                if code & 0x18 == 0x10:
                    raise _Cannot("it returns what it has computed")
                if k:
                    found.append(way)
                return
            if kind in (LD, LDX):
                value, way = _load(code, k, x, way)
                a, x = (value, x) if kind == LD else (a, value)
            elif kind == ALU:
                a = _compute(op, a, x if code & X else Sum((), k))
            elif kind == MISC:
                a, x = (a, a) if code & 0xf8 == 0 else (x, x)
            elif kind == JMP and op == JA:
                pc += k
            elif kind == JMP:
                if code & X:
                    raise _Cannot("it compares two parts of a frame")
                for holds, where in ((True, pc + jt), (False, pc + jf)):
                    if (then := _branch(op, a, k, holds, way)) is not None:
                        go(where, a, x, then)
                return
            else:
                raise _Cannot("it keeps intermediate results")

    go(0, None, None, Way())
    return found


def _load(code: int, k: int, x: Value | None, way: Way) -> tuple[Value, Way]:
    mode = code & 0xe0
    if mode == IMM:
        return Sum((), k), way
    if mode == MSH:
        return Sum((dpf.Field(k, 8, 15, 2),)), replace(way, loads=(*way.loads, ((), k + 1)))
    if mode not in (ABS, IND):
        raise _Cannot("it asks how long the frame is" if mode == LEN else "it keeps intermediate results")
    size, base = SIZES[code & 0x18], _base(x) if mode == IND else Sum()
    offset = base.by + k
    if offset >= 1 << 31:
        raise _Cannot("it looks at what lies before the frame, or at no part of it")
    return Part(base.base, offset, size, (1 << 8 * size) - 1), replace(way, loads=(*way.loads, (base.base, offset + size)))


def _base(value: Value | None) -> Sum:
    """A value as the index of a load."""
    if isinstance(value, Sum):
        return value
    if value is None:
        raise _Cannot("it looks at a place that nothing has computed")
    if value.right > value.left:
        raise _Cannot(f"a shift by a field, {value} >> {value.right - value.left}, that has to be moved to the right first")
    return Sum((*value.base, dpf.Field(value.offset, 8 * value.bytes, value.mask, value.left - value.right)))


def _compute(op: int, a: Value | None, by: Value | None) -> Value:
    if op == ADD and a is not None and by is not None:
        left, right = _base(a), _base(by)
        if not right.base:
            return Sum(left.base, left.by + right.by)
        if not left.base:
            return Sum(right.base, left.by + right.by)
        if left.base[:len(right.base)] == right.base:       # a field that lies behind a base, added to that base
            return Sum(left.base, left.by + right.by)
        raise _Cannot("it adds two fields of a frame")
    if not isinstance(by, Sum) or by.base:
        raise _Cannot("it computes with two parts of a frame")
    if isinstance(a, Part):
        if op == AND:
            return replace(a, mask=a.mask & (by.by << a.right >> a.left))
        if op == LSH:
            return replace(a, left=a.left + by.by)
        if op == RSH and by.by < 32:
            low = (1 << max(0, a.right + by.by - a.left)) - 1
            return replace(a, right=a.right + by.by, mask=a.mask & ~low)
    raise _Cannot("it computes with a part of the frame what no mask and no shift does")


def _branch(op: int, a: Value | None, k: int, holds: bool, way: Way) -> Way | None:
    """The way behind a comparison; None: no frame goes there."""
    if isinstance(a, Sum) and not a.base:
        truth = {JEQ: a.by == k, JGT: a.by > k, JGE: a.by >= k, JSET: a.by & k != 0}[op]
        return way if truth == holds else None
    if not isinstance(a, Part):
        raise _Cannot("it compares the place of a header")
    shift = a.left - a.right
    plain = replace(a, left=0, right=0)
    if op == JEQ:
        value = k >> shift if shift >= 0 else k << -shift
        if (value << shift if shift >= 0 else value >> -shift) != k or value & ~a.mask:
            return None if holds else way
        return _with(way, Want(plain, value, holds))
    if op == JSET:
        return _with(way, Want(replace(plain, mask=a.mask & (k >> shift if shift >= 0 else k << -shift)), 0, not holds))
    raise _Cannot(f"it asks whether {a} is more or less than {k}, and atoms know nothing but equality")


def _with(way: Way, want: Want) -> Way | None:
    mask = want.part.mask
    if mask == 0:                                       # 0 is 0
        return way if want.equal == (want.value == 0) else None
    if not want.equal and mask & mask - 1 == 0:         # one bit that is not this is the other
        want = Want(want.part, want.value ^ mask)
    bits = _bits((*way.wants, want))
    if bits is None or any(_decided(other, bits) is False for other in (*way.wants, want) if not other.equal):
        return None
    return replace(way, wants=(*way.wants, want))


def _atom(want: Want) -> dpf.Atom:
    return dpf.Atom(want.part.offset, 8 * want.part.bytes, want.part.mask, want.value)


def _bits(wants: Sequence[Want]) -> dict | None:
    """What the equalities constrain, as dpf.constraints() has it: by base; None: they contradict one another."""
    bits: dict[Base, tuple[int, int]] = {}
    for want in wants:
        if want.equal:
            (mask, value), = dpf.constraints((_atom(want),)).values()
            known, wanted = bits.get(want.part.base, (0, 0))
            if (value ^ wanted) & mask & known:
                return None
            bits[want.part.base] = known | mask, wanted | value
    return bits


def _decided(want: Want, bits: dict) -> bool | None:
    """Whether an inequality holds where these bits are as they are; None: it depends."""
    (mask, value), = dpf.constraints((_atom(want),)).values()
    known, wanted = bits.get(want.part.base, (0, 0))
    if (value ^ wanted) & mask & known:
        return True
    return False if mask & ~known == 0 else None


def _positive(ways: list[Way]) -> list[Way]:
    """The same frames by ways without inequalities: those are left out that follow from the equalities, and those whose
    contrary goes another way anyhow; so are ways whose frames all go another one."""
    ways, stuck = list(ways), False
    while not stuck:
        stuck = True
        for n, way in enumerate(ways):
            for want in way.wants:
                if not want.equal and _needless(want, way, ways[:n] + ways[n + 1:]):
                    ways[n], stuck = replace(way, wants=tuple(other for other in way.wants if other != want)), False
                    break
    for way in ways:
        for want in way.wants:
            if not want.equal:
                raise _Cannot(f"it asks that {want.part} is not {want.value:#x}")
    ways = list(dict.fromkeys(ways))
    for way in list(ways):
        if any(_goes(way, _bits(way.wants), other) for other in ways if other is not way):
            ways.remove(way)
    return ways


def _needless(want: Want, way: Way, others: Sequence[Way]) -> bool:
    if _decided(want, _bits(way.wants)):
        return True
    bits = _bits((*(other for other in way.wants if other != want), replace(want, equal=True)))
    return bits is None or any(_goes(way, bits, other) for other in others)


def _goes(way: Way, bits: dict, other: Way) -> bool:
    """Whether every frame that is as long as `way` has it, and whose bits are these, goes `other`."""
    for want in other.wants:
        if not want.equal:
            if _decided(want, bits) is not True:
                return False
            continue
        (mask, value), = dpf.constraints((_atom(want),)).values()
        known, wanted = bits.get(want.part.base, (0, 0))
        if mask & ~known or (value ^ wanted) & mask:
            return False
    return all(any(base == there and end <= enough for there, enough in way.loads) for base, end in other.loads)


def _items(way: Way) -> Iterator[dpf.Item]:
    """Atoms by base; where nothing else says that a byte has to be there, a shift that nothing follows does."""
    bases = sorted({want.part.base for want in way.wants} | {base for base, _ in way.loads}, key=len)
    for shorter, longer in zip(bases, bases[1:]):
        if longer[:len(shorter)] != shorter:
            raise _Cannot("it looks behind two headers whose places do not depend on one another")
    at: Base = ()
    for base in bases:
        for shift in base[len(at):]:
            yield shift
        at = base
        ends = [0]
        for want in dict.fromkeys(way.wants):
            if want.part.base == base:
                ends.append(want.part.offset + want.part.bytes)
                yield _atom(want)
        if base != bases[-1]:
            ends += [field.offset + field.width // 8 for field in bases[bases.index(base) + 1][len(base):][:1]]
        need = max((end for there, end in way.loads if there == base), default=0)
        if need > max(ends):
            if base != bases[-1]:
                raise _Cannot("it needs a byte to be there that nothing constrains")
            yield dpf.Field(need - 1, 8, 1, 0)


if __name__ == "__main__":      # python3 -m grader.pcap udp and dst port 53
    try:
        print(*translate(" ".join(sys.argv[1:])), sep="\n")
    except Usage as wrong:
        sys.exit(str(wrong))
