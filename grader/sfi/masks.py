"""The mask table in Python: labs/5-sfi/checks/forms.def, whose head says what a line means. C reads it by masks.h."""
import functools
import random
import re
from dataclasses import dataclass

from grader.paths import ROOT

FORMS = ROOT / "labs/5-sfi/checks/forms.def"
CODE, ENTRIES = 0x2000, 16              # exo/verify.h
CLASS = 0x0ff000f0                      # the bits of a word that tell its class
AL = 0xe0000000

# What is asked of a field x, or of two; `pins` are the owner's, r8 is reserved where there are some.
NEEDS = {
    "write": lambda x, pins: x not in (9, 10, 13, 15) and not (pins and x == 8),
    "read": lambda x, pins: x != 15,
    "kept": lambda x, pins: x not in (13, 15),
    "even": lambda x, pins: x % 2 == 0,
    "write2": lambda x, pins: NEEDS["write"](x + 1, pins),
    "read2": lambda x, pins: NEEDS["read"](x + 1, pins),
    "kept2": lambda x, pins: NEEDS["kept"](x + 1, pins),
    "differ": lambda x, y, pins: x != y,
    "atmost": lambda x, y, pins: x <= y,
    "within": lambda x, y, pins: x + y < 32,
    "base": lambda x, pins: x in (10, 13),
    "list": lambda x, pins: x != 0 and not x & 0xa000,
    "load": lambda x, pins: not x & (0xa700 if pins else 0xa600),
    "pins": lambda x, pins: pins != 0 and x & ~pins == 0,
}


LINE = re.compile(r"FORM\(" + ", *".join(['"([^"]*)"'] * 4) + r"\)")
GROUPS = re.compile(r"// (Computing|Multiplies|Bits and bytes|Guards|Accesses|Pins|Control)[.:]")


@dataclass(frozen=True)
class Form:
    group: str                  # the line of comment it stands below
    name: str
    diagram: str
    needs: tuple[tuple[str, tuple[tuple[int, int], ...]], ...]      # what is asked, of fields: (lowest bit, bits)
    section: str
    mask: int
    value: int
    fields: tuple[tuple[int, int], ...]     # all of them

    def fails(self, word: int, offset: int, end: int, pins: int) -> str | None:
        """What of its needs a word of this form does not meet; None: it is accepted."""
        for need, fields in self.needs:
            values = [word >> low & (1 << bits) - 1 for low, bits in fields]
            if not (_reaches(values[0], offset, end) if need == "target" else NEEDS[need](*values, pins=pins)):
                return need
        return None


@functools.cache
def forms() -> tuple[Form, ...]:
    """The table's lines, in order."""
    found, group = [], ""
    for line in FORMS.read_text().splitlines():
        if heading := GROUPS.match(line):
            group = heading[1]
        if line.startswith("FORM("):
            name, diagram, needs, section = LINE.fullmatch(line).groups()
            bits = diagram.replace(" ", "")
            assert len(bits) == 32 and bits.startswith("cccc"), line
            found.append(Form(
                group, name, bits, tuple(_need(need, bits) for need in needs.split()), section,
                mask=int("".join("01"[bit in "01"] for bit in bits), 2),
                value=int("".join("01"[bit == "1"] for bit in bits), 2),
                fields=tuple(_field(letter, bits) for letter in sorted(set(bits) - set("01")))))
    return tuple(found)


def _need(text: str, bits: str):
    need, _, letters = text.partition(":")
    return need, tuple(_field(letter, bits) for letter in letters.split(","))


def _field(letter: str, bits: str) -> tuple[int, int]:
    return 31 - bits.rindex(letter), bits.count(letter)


def _reaches(field: int, offset: int, end: int) -> bool:
    to = offset + 8 + 4 * (field - (field >> 23 << 24)) & 0xffffffff
    return to < 4 * ENTRIES or CODE <= to < end


@functools.cache
def of_class(bits: int) -> tuple[Form, ...]:
    """The forms that words with these bits, of CLASS, can have."""
    return tuple(form for form in forms() if (bits ^ form.value) & form.mask & CLASS == 0)


def accepts(word: int, offset: int = CODE, end: int = CODE + 0x1000, pins: int = 0) -> bool:
    """What verify_word() has to return."""
    return word < 0xf0000000 and any(word & form.mask == form.value and form.fails(word, offset, end, pins) is None
                                     for form in of_class(word & CLASS))


def why(word: int, offset: int = CODE, end: int = CODE + 0x1000, pins: int = 0) -> str:
    """Why a word is accepted or refused, in a few words."""
    if word >= 0xf0000000:
        return "condition 0b1111 is another instruction set"
    fitting = [form for form in of_class(word & CLASS) if word & form.mask == form.value]
    for form in fitting:
        if form.fails(word, offset, end, pins) is None:
            return f"{form.name} [{form.section}]"
    if not fitting:
        return "nothing that exo/verify.h lists has these bits"
    form = max(fitting, key=lambda each: each.mask.bit_count())
    return f"{form.name} [{form.section}], but {REASONS[form.fails(word, offset, end, pins)]}"


REASONS = {
    "write": "it writes a register that is reserved, or pc",
    "read": "pc is among its operands",
    "kept": "it stores pc, or sp while that is written back",
    "even": "its first register has an odd number",
    "write2": "its second register is reserved, or pc",
    "read2": "its second register is pc",
    "kept2": "its second register is pc, or sp while that is written back",
    "differ": "its two results go to one register",
    "atmost": "the field's upper end is below its lower one",
    "within": "the field reaches beyond bit 31",
    "base": "its base is neither r10 nor sp",
    "list": "its list is empty, or has sp or pc in it",
    "load": "its list has a reserved register in it",
    "pins": "it reaches a pin that the owner does not hold",
    "target": "it leads neither to one of the module's words nor to a runtime entry",
}


def draw(rng: random.Random, form: Form, place: tuple[int, int] = (CODE, CODE + 0x1000)) -> int:
    """A word of a form, at (offset, end): fields random or near their ends, `base`, `list` and `target` mostly met."""
    offset, end = place
    word = form.value | rng.getrandbits(32) & ~form.mask
    for low, bits in form.fields:
        if rng.random() < 0.2:
            full = (1 << bits) - 1
            word = word & ~(full << low) | rng.choice((0, full, 1, full - 1, full >> 1)) << low
    if word >= 0xf0000000:
        word -= rng.randrange(1, 16) << 28
    for need, fields in form.needs:
        low, bits = fields[0]
        if need == "base" and rng.random() < 0.9:
            word = word & ~(15 << low) | rng.choice((10, 13)) << low
        if need == "load" and rng.random() < 0.8:
            word &= ~0xa700
        if need == "list" and rng.random() < 0.8:
            word &= ~0xa000
        if need == "target" and rng.random() < 0.9:
            to = rng.choice((0, 4 * ENTRIES, CODE, end, rng.randrange(CODE, end))) + 4 * rng.randrange(-2, 3)
            word = word & ~0xffffff | (to - offset - 8 >> 2) & 0xffffff
    return word


def near(rng: random.Random, word: int) -> int:
    """A word that differs in one bit, most times in one that is no operand's."""
    fitting = [form for form in of_class(word & CLASS) if word & form.mask == form.value]
    bits = [bit for bit in range(32) if not fitting or fitting[0].mask >> bit & 1 or rng.random() < 0.2]
    return word ^ 1 << rng.choice(bits)
