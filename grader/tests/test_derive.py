"""The verb `derive`, and the lines that lab 6's encoders are compared by.

What the forms below should give was written down from the encoding diagrams of the ARM manual (DDI 0406C, chapter A8).
"""
import importlib.util
import random
import re

import pytest

from grader import __main__ as command
from grader import derive, gas
from grader.errors import Usage
from grader.paths import ROOT


def load():
    spec = importlib.util.spec_from_file_location("test_encoders", ROOT / "labs/6-jit/test_encoders.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


encoders = load()
GROUPS = (encoders.constants, encoders.computations, encoders.shifts, encoders.accesses, encoders.branches)

# A form, its word with every operand 0, and fields: operand, its lowest bit, bits, their place in the word.
MANUAL = [
    ("add r<rd>, r<rn>, r<rm>",                         # cond 000 0100 S Rn Rd imm5 type 0 Rm
     0b1110_000_0100_0_0000_0000_00000_00_0_0000, {"rd": [(0, 4, 12)], "rn": [(0, 4, 16)], "rm": [(0, 4, 0)]}),
    ("movw r<rd>, #<imm>",                              # cond 0011 0000 imm4 Rd imm12
     0b1110_0011_0000_0000_0000_000000000000, {"rd": [(0, 4, 12)], "imm": [(0, 12, 0), (12, 4, 16)]}),
    ("<l:str|ldr>h r<rt>, [r<rn>, #<up:-|><by>]",       # cond 000 P U 1 W L Rn Rt imm4H 1011 imm4L
     0b1110_000_1_0_1_0_0_0000_0000_0000_1011_0000,
     {"l": [(0, 1, 20)], "rt": [(0, 4, 12)], "rn": [(0, 4, 16)], "up": [(0, 1, 23)], "by": [(0, 4, 0), (4, 4, 8)]}),
    ("mls r<rd>, r<rn>, r<rm>, r<ra>",                  # cond 0000 0110 Rd Ra Rm 1001 Rn
     0b1110_0000_0110_0000_0000_0000_1001_0000,
     {"rd": [(0, 4, 16)], "rn": [(0, 4, 0)], "rm": [(0, 4, 8)], "ra": [(0, 4, 12)]}),
    ("<u:s|u>div r<rd>, r<rn>, r<rm>",                  # cond 0111 00 U 1 Rd 1111 Rm 0001 Rn
     0b1110_0111_0001_0000_1111_0000_0001_0000,
     {"u": [(0, 1, 21)], "rd": [(0, 4, 16)], "rn": [(0, 4, 0)], "rm": [(0, 4, 8)]}),
    ("<t:lsl|lsr|asr|ror> r<rd>, r<rm>, #<by:1..31>",   # cond 0001 101 S 0000 Rd imm5 type 0 Rm
     0b1110_0001_101_0_0000_0000_00000_00_0_0000,
     {"t": [(0, 2, 5)], "rd": [(0, 4, 12)], "rm": [(0, 4, 0)], "by": [(0, 5, 7)]}),
    ("b<cond:eq|ne|cs|cc|mi|pl|vs|vc> .+8",             # cond 1010 imm24
     0b0000_1010_0000_0000_0000_0000_0000_0000, {"cond": [(0, 3, 28)]}),
    ("add r<rd>, r<rn>",                                # Rd and Rn are one operand
     0b1110_000_0100_0_0000_0000_00000_00_0_0000, {"rd": [(0, 4, 12), (0, 4, 16)], "rn": [(0, 4, 0)]}),
    ("cm<x:n|p> r<rn>, r<rm>",                          # CMN, and CMP: one bit less
     0b1110_000_1011_1_0000_0000_00000_00_0_0000, {"x": [(0, 1, 21)], "rn": [(0, 4, 16)], "rm": [(0, 4, 0)]}),
    ("ubfx r<rd>, r<rn>, #<lsb>, #1",                   # cond 0111 111 widthm1 Rd lsb 101 Rn
     0b1110_0111_111_00000_0000_00000_101_0000, {"rd": [(0, 4, 12)], "rn": [(0, 4, 0)], "lsb": [(0, 5, 7)]}),
]


@pytest.mark.parametrize("form, word, fields", MANUAL, ids=[form for form, _, _ in MANUAL])
def test_as_the_manual_says(form, word, fields):
    found = derive.derive(form)
    assert found.word == word and found.wrong is None
    assert {each.operand.name: derive.fields(each.columns) for each in found.found} == fields


@pytest.mark.parametrize("form, word, fields", MANUAL, ids=[form for form, _, _ in MANUAL])
def test_the_expression_computes_the_word(form, word, fields):
    """What is printed as C, which reads the same in Python, gives what as makes of operands at random."""
    found = derive.derive(form)
    [text] = [line for line in derive.report(found) if line.startswith("  = ")]
    template, operands = derive.parse(form)
    rng = random.Random(form)
    for _ in range(40):
        values = {each.operand.name: rng.choice(each.words)[0] for each in found.found}
        [made] = gas.assemble([template.format(**{each.name: each.text(values[each.name]) for each in operands})])
        assert isinstance(made, str) or eval(text.removeprefix("  = "), {}, values) == made, values


def test_what_is_printed(capsys):
    assert command.main(["derive", "ldrh r<rt>, [r<rn>, #<by>]"]) == 0
    assert capsys.readouterr().out == """\
ldrh r<rt>, [r<rn>, #<by>]
  0xe1d000b0   where rt = 0, rn = 0, by = 0
  rt[3:0]      -> bits 15:12  mask 0x0000f000  << 12
  rn[3:0]      -> bits 19:16  mask 0x000f0000  << 16
  by[3:0]      -> bits 3:0    mask 0x0000000f  << 0
  by[7:4]      -> bits 11:8   mask 0x00000f00  << 4
  = 0xe1d000b0 | rt << 12 | rn << 16 | (by & 0xf) | (by >> 4 & 0xf) << 8
  GNU as made 404 words, and all are as this says.
"""


@pytest.mark.parametrize("form, operand, below, shown", [
    ("add r<rd>, r<rn>, #<imm>", "imm", 256, (256, 0xe2800c01)),            # a byte, and by how far it is turned
    ("ldr r0, [r1, #<by:-4095..4095>]", "by", 4096, (-1, 0xe5110001)),      # U, and how far
    ("b .+<distance:-64..64>", "distance", 0, (8, 0xea000000)),             # words, from 8 bytes on
    ("lsr r1, r2, #<by>", "by", 0, (0, 0xe1a01002)),                        # 0 is LSL
    ("push {r<a>, lr}", "a", 0, (1, 0xe92d4002)),                           # a bit for each register
    ("bfc r1, #2, #<width>", "width", 0, (1, 0xe7c2111f)),                  # msb is lsb + width - 1
])
def test_not_copied(form, operand, below, shown):
    """The operand is shown by its words, and how far it is copied after all."""
    found = derive.derive(form)
    [odd] = [each for each in found.found if each.columns is None]
    assert odd.operand.name == operand and odd.below == below and shown in odd.words
    value, word = shown
    assert f"{value:>12}  {word:#010x}  {word:032b}" in "\n".join(derive.report(found))


def test_operands_that_depend_on_each_other():
    found = derive.derive("<t:lsl|lsr> r<rd>, r<rm>, #<by>")
    line, word, says = found.wrong
    assert line.startswith("lsr ") and word & 0x60 == 0x20 and says == word & ~0x60
    text = "\n".join(derive.report(found))
    assert "t moves nothing" in text and "depend on each other" in text and "all are" not in text


@pytest.mark.parametrize("form, words", [
    ("", "a form is one instruction: write make derive FORM='add"),
    ("add r0, r1, r2", "has no operand"),
    ("add r<rd, r1, r2", "an operand is <name>"),
    ("add r<1>, r1, r2", "an operand is <name>"),
    ("add r0, r1, #<n:1..z>", "neither a range"),
    ("add r0, r1, #<n:5>", "neither a range"),
    ("add r0, r1, #<n:5..1>", "a range goes up"),
    ("add r0, r1, #<n:0..0x100000000>", "at most 32 bits"),
    ("nop; mov r<x>, r0", "a form is one instruction"),
    ("frob r<x>", "it says: bad instruction"),
    ("blx <x:here|there>", "here is no register and no number"),
    ("ldr r<x>, =0x12345", "not each line of it is one instruction of one word"),
])
def test_bad_use_is_one_line(form, words, capsys):
    assert command.main(["derive", form]) == 2
    out, (line,) = (lambda said: (said.out, said.err.splitlines()))(capsys.readouterr())
    assert out == "" and line.startswith("exolab: ") and words in line


def test_columns():
    """A table that made words is found again from them; where one word is otherwise there is none."""
    rng = random.Random(3)
    for bits in (1, 4, 12, 32):
        table = {bit: rng.getrandbits(32) for bit in range(bits)}
        values = [rng.getrandbits(bits) for _ in range(4 * bits + 20)]
        words = [(value, 0xe0000000 ^ derive.flips(table, value)) for value in values]
        assert derive.columns(words) == table
        assert derive.columns([*words, (values[0], words[0][1] ^ 1)]) is None
    assert derive.columns([(4, 1), (8, 2)]) is not None and derive.columns([(-4, 9), (0xfffffffc, 9)]) == {}


def test_assembler():
    assert gas.assemble(["nop", "frob", "add r0, r1, r16", "add r0, r0, #0x101", "b .-8", "bl nowhere"]) == [
        0xe320f000, "bad instruction `frob'", "undefined symbol r16 used as an immediate value",
        "invalid constant (101) after fixup", 0xeafffffc, "nowhere is no register and no number"]
    assert gas.disassemble([0xeafffffe, 0x0b000000, 0xe1a0b00d, 0xffffffff]) == [
        "b .+0", "bleq .+8", "mov r11, sp", "undefined"]
    with pytest.raises(gas.NotWords):
        gas.assemble(["nop; nop"])
    assert gas.assemble([]) == []


# Lab 6's checks.

def plain(text):
    """An instruction's text with registers by number, numbers modulo 2^32, and what is written in two ways in one."""
    text = re.sub(r"\b(sp|lr|pc)\b", lambda m: {"sp": "r13", "lr": "r14", "pc": "r15"}[m[1]], text)
    text = re.sub(r"#(\d+), #?(\d+)$", lambda m: f"#{encoders.turned(int(m[1]), int(m[2]))}", text)
    text = re.sub(r"#(-?(?:0x)?[0-9a-f]+)\b(?!\])", lambda m: f"#{int(m[1], 0) % (1 << 32)}", text)
    text = re.sub(r"^(?:lsl|lsr|asr|ror) (.*), #0$", r"mov \1", text)
    text = re.sub(r", #0\]$", "]", text)
    return "mov r0, r0" if text.startswith("nop") else text


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__)
@pytest.mark.parametrize("seed", [1, 2])
def test_lines_read_back(group, seed):
    """What as makes of the lines, objdump reads as those lines, and as makes the same of what it reads."""
    calls = encoders.calls_of(group, seed)
    lines = [encoders.line(*call) for call in calls]
    made = [(line, word) for line, word in zip(lines, gas.assemble(lines)) if isinstance(word, int)]
    read = gas.disassemble([word for _, word in made])
    assert [(line, text) for (line, _), text in zip(made, read) if plain(line) != plain(text)] == []
    again = gas.assemble([re.sub(r"^nop\b.*", "mov r0, r0", text) for text in read])
    assert [(text, word) for text, word, (_, was) in zip(read, again, made) if word != was] == []


def test_every_encoder_is_asked_everything():
    """Of each encoder every register in every place, all shifts, opcodes and conditions, both ends of distances."""
    calls = [call for group in GROUPS for call in encoders.calls_of(group, 7)]
    asked = {name: [call[1:] for call in calls if call[0] == name] for name in encoders.FORMS}
    places = {"a32_dp_imm": (2, 3), "a32_dp_reg": (2, 3, 4), "a32_movw": (0,), "a32_movt": (0,),
              "a32_shift_imm": (1, 2), "a32_shift_reg": (1, 2, 3), "a32_memory": (2, 3), "a32_memory_reg": (2, 3, 4),
              "a32_mul": (0, 1, 2), "a32_mls": (0, 1, 2, 3), "a32_div": (1, 2, 3), "a32_extend": (2, 3), "a32_rev": (1, 2), "a32_blx": (0,)}
    for name, positions in places.items():
        for place in positions:
            assert {operands[place] for operands in asked[name]} >= set(range(15)), (name, place)
    assert {o[:2] for o in asked["a32_dp_reg"]} == {(op, s) for op in range(16) for s in (0, 1)
                                                    if s or not 8 <= op < 12}
    assert {(o[0], o[3]) for o in asked["a32_shift_imm"]} == {(shift, by) for shift in range(4) for by in range(32)}
    assert {o[0] for o in asked["a32_branch"]} == set(range(15))
    assert {o[1] for o in asked["a32_branch"]} >= {-(32 << 20) + 8, (32 << 20) - 8, 0, 4, -4, 8}
    for size, far in ((1, 4095), (2, 255), (4, 4095)):
        assert {o[4] for o in asked["a32_memory"] if o[1] == size} >= {0, 1, -1, 255, -255, far, -far}


def test_constants_by_the_manual():
    """The 12 bits that as chooses are, for each value that any of the 4096 makes, the smallest rotation (A5.2.4)."""
    calls = [call for call in encoders.calls_of(encoders.constants, 7) if call[0] == "a32_imm"]
    smallest = {}
    for imm in range(4096):
        smallest.setdefault(encoders.turned(imm & 255, imm >> 8 << 1), imm)
    assert {value for _, value in calls} >= smallest.keys() | {0x101, 0x102, 0xff1}
    assert encoders.wanted(calls) == [smallest.get(value, 0xffffffff) for _, value in calls]


@pytest.mark.parametrize("form", encoders.FORMS.values())
def test_forms_that_checks_name(form):
    """What a failure tells to type says something."""
    found = derive.derive(form)
    assert found.wrong is None and all(each.words for each in found.found)


def test_too_many_calls_would_be_lost():
    """No group has more calls than checks/encoders.c has room for, and the numbers of its cases are those here."""
    source = (ROOT / "labs/6-jit/checks/encoders.c").read_text()
    room = int(re.search(r"#define CALLS (\d+)", source)[1])
    assert all(len(encoders.calls_of(group, 7)) <= room for group in GROUPS)
    assert {name: int(n) for n, name in re.findall(r"case (\d+): +return (\w+)\(", source)} == encoders.NUMBERS


def test_parse():
    template, operands = derive.parse("push {r<a>, r<b:1..2>, <c:lr|pc>}, r<a>")
    assert template == "push {{r{a}, r{b}, {c}}}, r{a}" and [each.name for each in operands] == ["a", "b", "c"]
    assert operands[1].values == (1, 2) and operands[2].text(1) == "pc"
    with pytest.raises(Usage):
        derive.parse("add")
