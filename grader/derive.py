"""The verb `derive`: which bits of an instruction each of its operands moves, found by asking GNU as.

The assembler knows every encoding, and a form says what to ask it: `ldr r<rt>, [r<rn>, #<offset>]`. Each operand is
varied alone, and from what then changes in the word a table is solved for, over GF(2): which bits of the word each bit
of the operand flips. All together are varied to see that the table holds. An operand that no such table explains is
shown by its values and words. The idea is Engler and Hsieh's (DERIVE, 2000).
"""
import functools
import operator
import random
import re
from dataclasses import dataclass, field
from typing import Iterator, Sequence

from grader import gas
from grader.errors import Usage

EXAMPLE = "write make derive FORM='add r<rd>, r<rn>, #<imm>'"
OPERAND = re.compile(r"<([A-Za-z_]\w*)(?::([^<>]*))?>")
RANGE = re.compile(r"(-?\w+)\.\.(-?\w+)")
ALL = (1 << 32) - 1
TOGETHER = 300          # words asked with all operands varied
SHOWN = 12              # words shown of an operand that is not copied


@dataclass(frozen=True)
class Operand:
    """What stands between < and > in a form: a number, or one of several texts, whose number is the value."""
    name: str
    values: tuple[int, ...]             # to be tried, the smallest first
    choices: tuple[str, ...] = ()

    def text(self, value: int) -> str:
        return self.choices[value] if self.choices else str(value)


@dataclass
class Found:
    """What is known of an operand."""
    operand: Operand
    words: list[tuple[int, int]]        # (value, word) of those that as takes, the others at their base values
    columns: dict[int, int] | None      # operand's bit -> the word's bits that it flips; None: it is not copied so
    below: int = 0                      # then: for values from 0 to below this one `part` does
    part: dict[int, int] = field(default_factory=dict)


@dataclass
class Derived:
    form: str
    base: dict[str, int]                # an operand's name -> its value in the line that the others are compared with
    line: str
    word: int                           # where each operand that is copied is 0
    found: list[Found]
    asked: int                          # words that as made
    wrong: tuple[str, int, int] | None  # (line, word, what the tables say), where operands are not independent


def configure(parser) -> None:
    parser.add_argument("form", help="an instruction whose operands are <name> (a number from 0 on), <name:-255..255> "
                        "or <name:eq|ne|cs> (one of these; its number, from 0, is the value)")


def main(args) -> int:
    """Print what `derive` finds. Returns 0."""
    try:
        print("\n".join(report(derive(args.form))))
    except gas.NotWords:
        raise Usage(f"{args.form!r}: not each line of it is one instruction of one word") from None
    return 0


def parse(form: str) -> tuple[str, list[Operand]]:
    """The form with {name} for each operand, and its operands in order. Usage says what is wrong with it."""
    operands: dict[str, Operand] = {}
    for name, spec in OPERAND.findall(form):
        if spec or name not in operands:
            operands[name] = _operand(name, spec)
    rest = OPERAND.sub("", form)
    if not form.strip() or "\n" in form or ";" in form:
        raise Usage(f"a form is one instruction: {EXAMPLE}")
    if "<" in rest or ">" in rest:
        raise Usage(f"{form!r}: an operand is <name>, <name:-255..255> or <name:eq|ne>; {EXAMPLE}")
    if not operands:
        raise Usage(f"{form!r} has no operand: {EXAMPLE}")
    plain = form.replace("{", "{{").replace("}", "}}")
    return OPERAND.sub(lambda match: f"{{{match[1]}}}", plain), list(operands.values())


def _operand(name: str, spec: str) -> Operand:
    if "|" in spec:
        choices = tuple(each.strip() for each in spec.split("|"))
        return Operand(name, tuple(range(len(choices))), choices)
    low, high = 0, ALL >> 1
    if spec:
        match = RANGE.fullmatch(spec.strip())
        try:
            low, high = (int(each, 0) for each in match.groups())
        except (AttributeError, ValueError):
            raise Usage(f"<{name}:{spec}> is neither a range, as <{name}:-255..255>, "
                        f"nor a choice, as <{name}:eq|ne>") from None
        if not -ALL <= low <= high <= ALL:
            raise Usage(f"<{name}:{spec}>: a range goes up, and its numbers have at most 32 bits")
    rng = random.Random(0)
    tried = {low, high, *range(64)}
    for bits in range(32):
        tried |= {1 << bits, (2 << bits) - 1, rng.getrandbits(bits + 1), rng.getrandbits(bits + 1) & ~3}
    tried |= {-value for value in tried}
    within = (value for value in tried if low <= value <= high)
    return Operand(name, tuple(sorted(within, key=lambda value: (abs(value), value < 0))))


def derive(form: str) -> Derived:
    """Ask as. Usage if the form is none, or as takes no values; gas.NotWords; GraderError if as is missing."""
    template, operands = parse(form)

    def line(values):
        return template.format(**{each.name: each.text(values[each.name]) for each in operands})

    base = _first(operands, line)
    found, asked = [], 0
    for operand in operands:
        said = gas.assemble([line(base | {operand.name: value}) for value in operand.values])
        words = [(value, word) for value, word in zip(operand.values, said) if isinstance(word, int)]
        asked += len(words)
        found.append(_explained(operand, words))
    linear = [each for each in found if each.columns is not None]

    def moved(values):
        return functools.reduce(operator.xor, (flips(each.columns, values[each.operand.name]) for each in linear), 0)

    zero = dict(found[0].words)[base[operands[0].name]] ^ moved(base)
    rng = random.Random(1)
    tries = [base | {each.operand.name: rng.choice(each.words)[0] for each in linear} for _ in range(TOGETHER)]
    wrong = None
    for values, word in zip(tries, gas.assemble([line(values) for values in tries])):
        asked += isinstance(word, int)
        if isinstance(word, int) and word != zero ^ moved(values) and wrong is None:
            wrong = line(values), word, zero ^ moved(values)
    return Derived(form, base, line(base), zero, found, asked, wrong)


def _first(operands: Sequence[Operand], line) -> dict[str, int]:
    """Values that as takes: all the smallest, else all different, else some drawn."""
    rng = random.Random(2)
    tries = [{each.name: each.values[0] for each in operands},
             {each.name: each.values[i % len(each.values)] for i, each in enumerate(operands)}]
    tries += [{each.name: rng.choice(each.values[:16]) for each in operands} for _ in range(TOGETHER)]
    said = gas.assemble([line(values) for values in tries])
    for values, word in zip(tries, said):
        if isinstance(word, int):
            return values
    raise Usage(f"as takes no values; of {line(tries[0])!r} it says: {said[0]}")


def _explained(operand: Operand, words: list[tuple[int, int]]) -> Found:
    found = Found(operand, words, columns(words))
    if found.columns is None:
        for bits in range(31, 1, -1):
            some = [each for each in words if 0 <= each[0] < 1 << bits]
            table = columns(some)
            if table is not None and len(some) > bits + 1:
                return Found(operand, words, None, min(1 << bits, max(value for value, _ in some) + 1), table)
    return found


def columns(words: Sequence[tuple[int, int]]) -> dict[int, int] | None:
    """By each bit of the value, the bits of the word that it flips; None if that does not explain the words.

    `words` are (value, word), a value's lower 32 bits counting. Gauss's elimination over GF(2), of differences from the
    first; a bit that no difference shows alone flips nothing.
    """
    rows: dict[int, tuple[int, int]] = {}
    for value, word in words:
        bits, flipped = (value ^ words[0][0]) & ALL, word ^ words[0][1]
        while bits and (top := bits.bit_length() - 1) in rows:
            bits, flipped = bits ^ rows[top][0], flipped ^ rows[top][1]
        if bits:
            rows[top] = bits, flipped
        elif flipped:
            return None
    table: dict[int, int] = {}
    for top in sorted(rows):
        bits, flipped = rows[top]
        table[top] = flipped ^ flips(table, bits ^ 1 << top)
    return table


def flips(table: dict[int, int], value: int) -> int:
    """The bits of the word that a value flips, by a table of `columns`."""
    return functools.reduce(operator.xor, (column for bit, column in table.items() if value >> bit & 1), 0)


def fields(table: dict[int, int]) -> list[tuple[int, int, int]]:
    """A table of `columns` as runs of bits: (lowest bit of the operand, how many, lowest bit of the word)."""
    moves = {(at - bit, bit) for bit, column in table.items() for at in range(32) if column >> at & 1}
    return sorted((low, next(n for n in range(1, 33) if (shift, low + n) not in moves), low + shift)
                  for shift, low in moves if (shift, low - 1) not in moves)


def terms(name: str, table: dict[int, int]) -> list[str]:
    """The terms of C that a table is; `name` a uint32_t with no other bits than the table's."""
    said = []
    for low, count, at in fields(table):
        part = f"{name} >> {low}" if low else name
        if table.keys() - range(low, low + count):
            part = f"({part} & {(1 << count) - 1:#x})"
        elif low:
            part = f"({part})"
        said.append(f"{part} << {at}" if at else part)
    return said


def report(derived: Derived) -> Iterator[str]:
    """The lines that are printed."""
    copied = [each for each in derived.found if each.columns is not None]
    others = [each for each in derived.found if each.columns is None]
    zero = [f"{each.operand.name} = 0" for each in copied]
    held = [f"{each.operand.name} = {derived.base[each.operand.name]}" for each in others]
    yield f"{derived.form}"
    yield f"  {derived.word:#010x}   where {', '.join(zero + held)}"
    for each in copied:
        yield from _table(each.operand.name, each.columns)
    if copied:
        parts = [f"{derived.word:#010x}", *(term for each in copied for term in terms(each.operand.name, each.columns))]
        yield f"  = {' ^ '.join(parts) if _meet(derived.word, copied) else ' | '.join(parts)}"
    for each in others:
        yield from _words(each)
    if derived.wrong:
        line, word, says = derived.wrong
        yield f"  But its operands depend on each other: {line} is {word:#010x}, and by the above {says:#010x}."
        yield f"  The above is what each does alone, around {derived.line}; a range may part the cases, as <n:1..31>."
    else:
        yield f"  GNU as made {derived.asked} words{', and all are as this says' * (not others)}."


def _meet(word: int, copied: Sequence[Found]) -> bool:
    """Whether a bit of the word that is flipped is set already, or flipped by two."""
    for column in (column for each in copied for column in each.columns.values()):
        if column & word:
            return True
        word |= column
    return False


def _table(name: str, table: dict[int, int]) -> Iterator[str]:
    if not fields(table):
        yield f"  {name} moves nothing"
    for low, count, at in fields(table):
        shift = f"<< {at - low}" if at >= low else f">> {low - at}"
        place = f"{name}[{_bits(low, count)}]"
        yield f"  {place:<12} -> bits {_bits(at, count):<6} mask {(1 << count) - 1 << at:#010x}  {shift}"


def _bits(low: int, count: int) -> str:
    return f"{low + count - 1}:{low}" if count > 1 else str(low)


def _words(found: Found) -> Iterator[str]:
    """Of an operand that is not copied: what is, and some of the words."""
    operand, rest = found.operand, found.words
    if found.part:
        yield f"  {operand.name} is copied bit by bit from 0 to {found.below - 1} alone:"
        yield from _table(operand.name, found.part)
        rest = [each for each in rest if not 0 <= each[0] < found.below]
    else:
        yield f"  {operand.name} is not copied bit by bit:"
    for value, word in sorted(rest[:SHOWN]):
        yield f"  {operand.text(value):>12}  {word:#010x}  {word:032b}"
