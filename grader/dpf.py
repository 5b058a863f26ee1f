"""Packet filters (kernel/include/exo/dpf.h): their text, their bytes, and a model of which filter gets a frame, written from the
contract and from nothing of the kernel's.

    12:16 == 0x800 && 20:16 & 0x1fff == 0 && 23:8 == 17 && shift (14:8 & 0xf) << 2 && shift 14 && 2:16 == 53

`offset:width` is the number of 8, 16 or 32 bits that lies there in network order, from the base; `shift` moves the base, by
a number of bytes or by a field. No item at all, "", is the filter that matches every frame.
"""
import heapq
import re
import struct
from dataclasses import dataclass, field
from typing import Iterable, Mapping, Sequence

from grader.errors import Usage

FILTERS, ITEMS, LEVELS, CELLS, REACH, FRAME = 2048, 16, 4, 32, 65536, 65535
E_INVAL, E_NOMEM, E_NOENT, E_PERM, E_OVERLAP = -1, -2, -4, -6, -11
ITEM = struct.Struct("<BBHII")


@dataclass(frozen=True)
class Atom:
    offset: int         # bytes from the base
    width: int          # 8, 16 or 32 bits
    mask: int
    value: int

    def encode(self) -> bytes:
        return ITEM.pack(0, self.width, self.offset, self.mask, self.value)

    def __str__(self) -> str:
        mask = "" if self.mask == (1 << self.width) - 1 else f" & {self.mask:#x}"
        return f"{self.offset}:{self.width}{mask} == {self.value:#x}"


@dataclass(frozen=True)
class Shift:
    by: int             # bytes

    def encode(self) -> bytes:
        return ITEM.pack(1, 0, 0, 0, self.by)

    def __str__(self) -> str:
        return f"shift {self.by}"


@dataclass(frozen=True)
class Field:
    offset: int
    width: int
    mask: int
    left: int           # by how many bits

    def encode(self) -> bytes:
        return ITEM.pack(2, self.width, self.offset, self.mask, self.left)

    def __str__(self) -> str:
        return f"shift ({self.offset}:{self.width} & {self.mask:#x}) << {self.left}"


Item = Atom | Shift | Field


@dataclass(frozen=True)
class Filter:
    items: tuple[Item, ...] = ()
    endpoint: int = 0

    def encode(self) -> bytes:
        """endpoint, count, items."""
        return struct.pack("<II", self.endpoint, len(self.items)) + b"".join(item.encode() for item in self.items)

    def __str__(self) -> str:
        return " && ".join(map(str, self.items))


_NUMBER = r"(0[xX][0-9a-fA-F]+|\d+)"
_FORMS = [
    (rf"{_NUMBER}\s*:\s*(8|16|32)\s*(?:&\s*{_NUMBER}\s*)?==\s*{_NUMBER}",
     lambda o, w, m, v: Atom(o, w, (1 << w) - 1 if m is None else m, v)),
    (rf"shift\s+{_NUMBER}", lambda by: Shift(by)),
    (rf"shift\s*\(\s*{_NUMBER}\s*:\s*(8|16|32)\s*(?:&\s*{_NUMBER}\s*)?\)\s*(?:<<\s*{_NUMBER})?",
     lambda o, w, m, n: Field(o, w, (1 << w) - 1 if m is None else m, n or 0)),
]


def parse(text: str, endpoint: int = 0) -> Filter:
    """The filter that a text says; Usage names the item that says none."""
    items = []
    for part in filter(None, map(str.strip, text.split("&&"))) if text.strip() else ():
        for form, make in _FORMS:
            if found := re.fullmatch(form, part):
                item = make(*(None if word is None else int(word, 0) for word in found.groups()))
                break
        else:
            raise Usage(f"{part!r} is no atom, as 12:16 & 0xfff == 0x800, and no shift, as shift 14 or "
                        "shift (14:8 & 0xf) << 2")
        if complaint := ill_formed(item):
            raise Usage(f"{part!r}: {complaint}")
        items.append(item)
    if len(items) > ITEMS:
        raise Usage(f"a filter has at most {ITEMS} items, and this one {len(items)}")
    return Filter(tuple(items), endpoint)


def decode(data: bytes) -> Filter:
    """The filter that encode() made these bytes of."""
    endpoint, count = struct.unpack_from("<II", data)
    items = []
    for kind, width, offset, mask, value in ITEM.iter_unpack(data[8:8 + count * ITEM.size]):
        items.append((Atom(offset, width, mask, value), Shift(value), Field(offset, width, mask, value))[kind])
    return Filter(tuple(items), endpoint)


def ill_formed(item: Item) -> str:
    """Why the kernel refuses an item by itself; "": it does not."""
    if isinstance(item, Shift):
        return "" if item.by < REACH else "the base moves too far"
    if item.width not in (8, 16, 32):
        return "a width is 8, 16 or 32"
    if not 0 <= item.offset < REACH:
        return "an offset is at most 65535"
    if not 0 < item.mask < 1 << item.width:
        return "the mask is none of that width, or 0"
    if isinstance(item, Field):
        return "" if item.left < 16 and item.mask << item.left < REACH else "the base could move too far"
    return "the value has a bit that the mask has not" if item.value & ~item.mask else ""


# The model.

def matches(items: Iterable[Item], frame: bytes) -> bool:
    base = 0
    for item in items:
        if isinstance(item, Shift):
            base += item.by
            continue
        start, end = base + item.offset, base + item.offset + item.width // 8
        if end > len(frame):
            return False
        number = int.from_bytes(frame[start:end], "big") & item.mask
        if isinstance(item, Field):
            base += number << item.left
        elif number != item.value:
            return False
    return True


Bits = Mapping[tuple, tuple[int, int]]


def constraints(items: Iterable[Item]) -> Bits | None:
    """The bits that a filter constrains, and what it wants them to be: two numbers for each base, the fields that it depends
    on, whose bit 8 n is the lowest of the byte n behind that base. None if it wants a bit to be both."""
    bits, base, moved = {}, (), 0
    for item in items:
        if isinstance(item, Shift):
            moved += item.by
        elif isinstance(item, Field):
            base = *base, (moved + item.offset, item.width, item.mask, item.left)
        else:
            place = 8 * (moved + item.offset)
            mask, value = (int.from_bytes(number.to_bytes(item.width // 8, "big"), "little") << place
                           for number in (item.mask, item.value))
            known, wanted = bits.get(base, (0, 0))
            if (value ^ wanted) & mask & known:
                return None
            bits[base] = known | mask, wanted | value
    return bits


def number_of(bits: Bits) -> int:
    return sum(mask.bit_count() for mask, _ in bits.values())


def could_both_match(a: Bits, b: Bits) -> bool:
    return not any((a[base][1] ^ b[base][1]) & a[base][0] & b[base][0] for base in a.keys() & b.keys())


def refused(items: Sequence[Item]) -> int:
    """What the kernel refuses a filter with, -E_*; 0: it does not."""
    if len(items) > ITEMS or any(map(ill_formed, items)):
        return E_INVAL
    level, moved, unit, cells, contradict = 0, 0, 4, set(), constraints(items) is None
    for n, item in enumerate(items):
        if isinstance(item, Shift):
            moved += item.by
            continue
        if moved + item.offset + item.width // 8 > REACH:
            return E_INVAL
        if isinstance(item, Atom):
            for byte in range(item.width // 8):
                if item.mask >> 8 * byte & 0xff:
                    cells.add((level, (moved + item.offset + item.width // 8 - 1 - byte + 2) // unit))
        else:
            while (item.mask << item.left) % unit:
                unit //= 2
            level += 1
            cells.add((level, "field"))
        if level == LEVELS or len(cells) > CELLS or contradict and constraints(items[:n + 1]) is None:
            return E_INVAL
    return 0


@dataclass
class Known:
    """A filter that there is."""
    filter: Filter
    owner: int
    guard: bytes
    bits: Bits
    number: int         # of bits


@dataclass
class Model:
    """All filters that there are, by id."""
    known: dict[int, Known] = field(default_factory=dict)
    shapes: dict[tuple, dict[tuple, int]] = field(default_factory=dict)     # ids, by the bits that are constrained, and to what
    free: list[int] = field(default_factory=lambda: list(range(1, FILTERS + 1)))        # ids, a heap

    def insert(self, what: Filter, owner: int = 1, guard: bytes = b"", cap: bytes | None = None) -> int:
        """What dpf_insert() returns; `cap` is the name of a capability with all rights."""
        if error := refused(what.items):
            return error
        bits = constraints(what.items)
        shape, values = _shape(bits)
        number, error = number_of(bits), 0
        for other, ids in self.shapes.items():
            if other == shape:              # these constrain the same bits: who could match what it does has the same values
                if values in ids:
                    return E_OVERLAP
                continue
            for id in ids.values():
                theirs = self.known[id]
                if number < theirs.number or not could_both_match(bits, theirs.bits):
                    continue
                if number == theirs.number:
                    return E_OVERLAP
                if theirs.owner != owner and (cap is None or not theirs.guard.startswith(cap)):
                    error = E_PERM
        if error:
            return error
        if not self.free:
            return E_NOMEM
        id = heapq.heappop(self.free)
        self.known[id] = Known(what, owner, guard, bits, number)
        self.shapes.setdefault(shape, {})[values] = id
        return id

    def delete(self, id: int, owner: int = 1) -> int:
        if id not in self.known or self.known[id].owner != owner:
            return E_NOENT
        shape, values = _shape(self.known.pop(id).bits)
        del self.shapes[shape][values]
        heapq.heappush(self.free, id)
        return 0

    def classify(self, frame: bytes) -> int:
        """The id of the filter that gets it; 0: none."""
        likely = []
        for shape, ids in self.shapes.items():      # of many that constrain the same bits only one can match
            if len(ids) > 8:
                values = tuple(_there(frame, *bits) for bits in shape)
                ids = {values: ids[values]} if values in ids else {}
            likely += ids.values()
        found = [id for id in likely if matches(self.known[id].filter.items, frame)]
        return max(found, key=lambda id: self.known[id].number, default=0)


def _shape(bits: Bits) -> tuple[tuple, tuple]:
    pairs = sorted(bits.items(), key=lambda pair: str(pair[0]))
    return tuple((base, mask) for base, (mask, _) in pairs), tuple(value for _, (_, value) in pairs)


def _there(frame: bytes, base: tuple, mask: int) -> int:
    """What a frame has behind a base, as constraints() numbers it, of the bits of a mask; 0 where there is no frame any more."""
    place = 0
    for at, width, field_mask, left in base:
        place += (int.from_bytes(frame[place + at:place + at + width // 8], "big") & field_mask) << left
    return int.from_bytes(frame[place:place + (mask.bit_length() + 7) // 8], "little") & mask
