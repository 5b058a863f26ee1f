"""masks.txt, the table of what a module may consist of, for Python: its lines, words of each, and what it says of a word."""
import functools
import random
import re
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("masks.txt")
CODE, ENTRIES = 0x2000, 16          # exo/verify.h: where a module's code begins; words of runtime entries
GUARDS, R8 = 1 << 9 | 1 << 10 | 1 << 13 | 1 << 15, 1 << 8
ENDS = {4: (0, 7, 8, 9, 10, 11, 12, 13, 14, 15), 5: (0, 1, 7, 8, 15, 16, 30, 31)}      # by bits of a field


@dataclass(frozen=True)
class Line:
    name: str                       # "LDRD-sp-post"
    mask: int
    value: int
    fields: dict[str, tuple[int, ...]]      # letter -> its bits, the lowest first
    conditions: tuple[tuple[str, str], ...]     # ("w", "d"), ("ne", "h,l"): as masks.txt explains them

    def field(self, word: int, letter: str) -> int:
        return sum((word >> bit & 1) << n for n, bit in enumerate(self.fields[letter]))

    def word(self, rng: random.Random, condition: int = 14) -> int:
        """A word of this pattern: each field at one of its ends, or anything."""
        word = self.value | condition << 28
        for bits in self.fields.values():
            size = len(bits)
            ends = ENDS.get(size, (0, 1, 2**size - 1, 2**(size - 1)))
            value = rng.choice(ends) if rng.random() < 0.6 else rng.getrandbits(size)
            word |= sum((value >> n & 1) << bit for n, bit in enumerate(bits))
        return word

    def accepts(self, word: int, offset: int, end: int, pins: int) -> bool:
        guards = GUARDS | (R8 if pins else 0)
        if word >> 28 == 15 or word & self.mask != self.value:
            return False

        def holds(kind: str, letters: str) -> bool:
            a, *rest = [self.field(word, letter) for letter in letters.split(",")]
            target = offset + 8 + 4 * (a - (1 << 24) if a >> 23 else a)
            return {"w": lambda: not guards >> a & 1, "w1": lambda: not guards >> a + 1 & 1, "p": lambda: a != 15,
                    "p1": lambda: a != 14, "nsp": lambda: a != 13, "nsp1": lambda: a != 12, "even": lambda: a % 2 == 0,
                    "ne": lambda: a != rest[0], "ge": lambda: a >= rest[0], "sum": lambda: a + rest[0] <= 31,
                    "stores": lambda: a != 0 and not a & 0xa000, "loads": lambda: a != 0 and not a & guards,
                    "pins": lambda: pins != 0 and not a & ~pins,
                    "target": lambda: 0 <= target < 4 * ENTRIES or CODE <= target < end}[kind]()
        return all(holds(*condition) for condition in self.conditions)


@functools.cache
def lines() -> tuple[Line, ...]:
    """The table."""
    found = []
    for text in FILE.read_text().splitlines():
        if not text[:1].isalpha():
            continue
        name, *words = text.split()
        pattern = ""
        while len(pattern) < 28:
            pattern += words.pop(0)
        places = {bit: letter for bit, letter in zip(range(27, -1, -1), pattern)}
        fields: dict[str, tuple[int, ...]] = {}
        for bit in range(28):
            if places[bit] not in "01":
                fields[places[bit]] = (*fields.get(places[bit], ()), bit)
        found.append(Line(name, sum(1 << bit for bit in places if places[bit] in "01"),
                          sum(1 << bit for bit in places if places[bit] == "1"), fields,
                          tuple(re.fullmatch(r"(\w+)\((.*)\)", word).groups() for word in words)))
    return tuple(found)


def accepts(word: int, offset: int = CODE, end: int = CODE + 0x1000, pins: int = 0) -> bool:
    """What the table says of a word at an offset of a code segment whose module ends at `end`."""
    return any(line.accepts(word, offset, end, pins) for line in lines())
