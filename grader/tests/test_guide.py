"""The handbook and the syllabus tell the truth: every example compiles, every mistake is one, the ARM facts hold.

Examples are the ```c and ```asm blocks of labs/guide/. Each is compiled by itself with the kernel's flags, without a
warning. Comments before a block say more about it:

    <!-- in: void f(uint32_t x) -->        the C block is the body of this function
    <!-- file: path -->                    no example: transcripts.py writes it and runs what is made of it
    <!-- wrong: why -->                    a mistake shown on purpose
    <!-- rejected: text -->                ... which the compiler or assembler refuses, saying this
    <!-- shows: 2 mrc; no mov; str before dmb; "add r0, r0, r0" -->
                                           what the compiler makes of it: how often, in which order, one line of it
"""
import itertools
import re
import shlex
import subprocess
import xml.etree.ElementTree
from dataclasses import dataclass, field

import pytest

from grader import docs, paths

GUIDE = paths.ROOT / "labs" / "guide"
PAGES = sorted(GUIDE.glob("*.md"))
SYLLABUS = paths.ROOT / "syllabus.md"
C_PRELUDE = "".join(f"#include <exo/{header}.h>\n" for header in ("arm", "board", "error", "panic", "printk", "types"))
ASM_PRELUDE = "#include <exo/arm.h>\n\t.text\n"
SAYS = ("in", "wrong", "rejected", "shows")


@dataclass
class Example:
    """A block of code of a page, and what the comments before it say."""
    page: str
    line: int
    language: str
    text: str
    says: dict = field(default_factory=dict)

    def __str__(self):
        return f"{self.page}:{self.line}"


def examples(page):
    """Every Example of a page."""
    found, says, after = [], {}, None
    for before, block in itertools.pairwise(page.blocks):
        word, _, rest = block.text.partition(":")
        if block.kind == "comment" and word in SAYS:
            says = (says if after == block.start else {}) | {word: rest.strip()}
            after = block.end
            continue
        if block.kind == "fence" and before.text.startswith("file:"):
            continue
        if block.kind == "fence" and block.info in ("c", "asm"):
            found.append(Example(page.name, block.start + 1, block.info, block.text,
                                 says if after == block.start else {}))
        elif says and after == block.start:
            raise ValueError(f"{page.name}:{block.start + 1}: the comment before this belongs to a block of code")
        says, after = {}, None
    return found


def kernel_flags():
    """The flags that every kernel file is compiled with, as kernel/lab.mk says."""
    shown = subprocess.run(["make", "-f", "kernel/lab.mk", "BUILD=build", "FILES=", "PAYLOADS=", "OUT=build", "OPT=-O2",
                            "--eval=flags: ; $(info CFLAGS := $(CFLAGS))", "flags"],
                           cwd=paths.ROOT, capture_output=True, text=True)
    flags = shlex.split(re.search(r"^CFLAGS := (.*)$", shown.stdout, re.M)[1])
    return [flag for flag in flags if flag not in ("-MMD", "-MP", "-g")]


def compile_example(example, where, flags):
    """(object file, what the compiler said); the object is missing if it refused."""
    if example.language == "asm":
        source, text = where / "example.S", ASM_PRELUDE + example.text
    else:
        source, text = where / "example.c", example.text
        if "in" in example.says:
            text = f"{example.says['in']};\n{example.says['in']}\n{{\n{text}}}\n"
        text = C_PRELUDE + text
    source.write_text(text)
    done = subprocess.run(["arm-none-eabi-gcc", *flags, "-Werror", "-Wa,--fatal-warnings", "-c", source,
                           "-o", where / "example.o"],
                          cwd=paths.ROOT, capture_output=True, text=True)
    return where / "example.o", done.stderr


def instructions(obj):
    """The instructions of an object, as objdump writes them, blanks made single."""
    listing = subprocess.run(["arm-none-eabi-objdump", "-dr", "--no-show-raw-insn", obj],
                             capture_output=True, text=True, check=True).stdout
    return [" ".join(line.split()[1:]) for line in listing.splitlines() if re.match(r"\s+[0-9a-f]+:\s", line)]


def shown(code, wanted):
    """None if the instructions are as one item of a `shows` comment wants them, else what is wrong."""
    names = [line.split()[0] for line in code]
    if quoted := re.fullmatch(r'"(.*)"', wanted):
        return None if any(quoted[1] in line for line in code) else f"no line has {quoted[1]}"
    if order := re.fullmatch(r"(\w+) before (\w+)", wanted):
        places = [names.index(name) if name in names else None for name in order.groups()]
        return None if None not in places and places[0] < places[1] else f"not {wanted}"
    number, name = re.fullmatch(r"(\d+|no) (\w+)", wanted).groups()
    often = names.count(name)
    return None if often == (0 if number == "no" else int(number)) else f"{often} times {name}, not {number}"


def judge(example, where, flags):
    """None if the example is what it says it is, else what is wrong with it."""
    obj, said = compile_example(example, where, flags)
    if "rejected" in example.says:
        refused = not obj.exists() and example.says["rejected"] in said
        return None if refused else f"it is not refused so: {said or 'accepted'}"
    if not obj.exists():
        return said
    items = [item.strip() for item in example.says.get("shows", "").split(";") if item.strip()]
    wrongs = [shown(instructions(obj), item) for item in items]
    return next((wrong for wrong in wrongs if wrong), None)


ALL = [example for path in PAGES for example in examples(docs.Page(path))]


@pytest.fixture(scope="module")
def flags():
    return kernel_flags()


@pytest.mark.parametrize("example", ALL, ids=str)
def test_example(example, tmp_path, flags):
    wrong = judge(example, tmp_path, flags)
    assert wrong is None, f"{example}: {wrong}"


def test_there_are_examples_of_every_kind():
    assert {example.language for example in ALL} == {"c", "asm"}
    assert {word for example in ALL for word in example.says} == set(SAYS)
    assert all("shows" in example.says or "rejected" in example.says for example in ALL if "wrong" in example.says)


@pytest.mark.parametrize("language, text, says", [
    ("c", "int f(void) { return 1 }\n", {}),                                    # a syntax error
    ("c", "int f(void) { int unused; return 1; }\n", {}),                       # a warning
    ("asm", "\tadd r0, r0, #0x101\n", {}),                                      # no such constant
    ("asm", "\tpop {r0, sp}\n", {}),                                            # the assembler warns
    ("asm", "\tadd r0, r0, #1\n", {"rejected": "invalid constant"}),            # said to be refused, and is not
    ("asm", "\tadd r0, r0, #0x101\n", {"rejected": "bad immediate"}),           # refused for another reason
    ("asm", "\tmov r0, r1\n\tnop\n", {"shows": "2 mov"}),
    ("asm", "\tmov r0, r1\n\tnop\n", {"shows": "nop before mov"}),
    ("asm", "\tmov r0, r1\n\tnop\n", {"shows": "1 mov; no nop"}),
    ("asm", "\tmov r0, r1\n", {"shows": '"mov r0, r2"'}),
])
def test_a_bad_example_is_found(language, text, says, tmp_path, flags):
    assert judge(Example("x.md", 1, language, text, says), tmp_path, flags) is not None


# ---- the table of exceptions in arm.md, against the machine -------------------------------------------------------

# Takes each exception once; prints its name, the mode, the new A, I and F, and lr minus the instruction's address
# (for IRQ: minus the address of the first instruction that was not executed). Thumb's names are in lower case.
EXCEPTIONS = r"""
	.syntax unified
	.arch_extension virt
	.equ	UART, 0x09000000
	.equ	GICD, 0x08000000
	.equ	GICC, 0x08010000
	.macro	expect name, address	@ r5: what to print first; r9: where it will happen
	mov	r5, #\name
	adr	r9, \address
	.endm
	.macro	vector mode
	mov	r11, lr
	bl	say
	.endm
	.text
	.global	_start
_start:	adr	r0, vectors
	mcr	p15, 0, r0, c12, c0, 0
	ldr	r4, =UART
	ldr	r6, =0xf0000000			@ nothing is there
	cpsie	aif
	expect	'U', 1f
1:	udf	#0
	expect	'S', 1f
1:	svc	#0
	cpsie	aif
	expect	'D', 1f
1:	ldr	r0, [r6]
	mov	r5, #'P'
	mov	r9, r6
	adr	r10, 1f
	bx	r6
1:	cpsid	i
	ldr	r0, =GICD
	mov	r1, #1
	str	r1, [r0]			@ forward interrupts
	ldr	r2, =GICC
	mov	r3, #0xff
	str	r3, [r2, #4]			@ of every priority
	str	r1, [r2]
	ldr	r1, =0x02000000
	str	r1, [r0, #0xf00]		@ one, to this core
	dsb
	expect	'I', 1f
	cpsie	i
1:	nop
	adr	r0, thumb + 1
	bx	r0
	.ltorg
	.thumb
	.balign	4
thumb:	movs	r5, #'u'
	adr	r1, 1f
	mov	r9, r1
	nop
	.balign	4
1:	udf	#0
	nop
	movs	r5, #'s'
	adr	r1, 1f
	mov	r9, r1
	.balign	4
1:	svc	#0
	nop
	movs	r5, #'d'
	adr	r1, 1f
	mov	r9, r1
	.balign	4
1:	ldr	r0, [r6]
	nop
	movs	r5, #'p'
	mov	r9, r6
	adr	r1, 1f
	mov	r10, r1
	adds	r6, #1
	bx	r6
	.balign	4
1:	nop
	adr	r0, off
	bx	r0
	.balign	4
	.arm
off:	ldr	r0, =0x84000008			@ PSCI: off
	hvc	#0
say:	mrs	r7, cpsr
	mov	r8, lr
	str	r5, [r4]
	and	r12, r7, #0x1f
	str	r12, [r4]
	lsr	r12, r7, #6
	and	r12, r12, #7
	add	r12, r12, #'0'
	str	r12, [r4]
	sub	r12, r11, r9
	add	r12, r12, #'0'
	str	r12, [r4]
	bx	r8
und:	vector
	movs	pc, r11
svc:	vector
	movs	pc, r11
pabt:	vector
	mrs	r12, spsr
	tst	r12, #0x20
	addne	r10, r10, #0
	movs	pc, r10
dabt:	vector
	mrs	r12, spsr
	tst	r12, #0x20
	subne	r11, r11, #2
	subs	pc, r11, #4
irq:	vector
	ldr	r12, =GICC
	ldr	r0, [r12, #0xc]
	str	r0, [r12, #0x10]
	subs	pc, r11, #4
	.ltorg
	.balign	32
vectors:
	b	.
	b	und
	b	svc
	b	pabt
	b	dabt
	b	.
	b	irq
	b	.
"""

ROWS = {"undefined": ("U", 0x1b), "`svc`": ("S", 0x13), "prefetch": ("P", 0x17), "data": ("D", 0x17),
        "IRQ": ("I", 0x12)}


def exceptions_in_the_guide():
    """What arm.md says: letter -> (mode number, masks A I F as bits 2 1 0, offset of lr), A32 and Thumb."""
    found = {}
    for line in (GUIDE / "arm.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split("|")]
        if re.match(r"`0x[01][048c]`", cells[0]) and cells[1].split()[0] in ROWS:
            letter, mode = ROWS[cells[1].split()[0]]
            offset = re.search(r"\+ (\d)", cells[3])
            thumb = re.search(r"Thumb: \+ (\d)", cells[3])
            masks = 2 | 4 * ("A" in cells[4]) | ("F" in cells[4])
            found[letter] = (mode, masks, int(offset[1]))
            if letter != "I":
                found[letter.lower()] = (mode, masks, int((thumb or offset)[1]))
    return found


def test_the_table_of_exceptions_is_the_machines(tmp_path):
    source, elf = tmp_path / "exceptions.S", tmp_path / "exceptions.elf"
    source.write_text(EXCEPTIONS)
    subprocess.run(["arm-none-eabi-gcc", "-mcpu=cortex-a7", "-nostdlib", "-Wl,-Ttext=0x40010000", source, "-o", elf],
                   check=True)
    done = subprocess.run(["qemu-system-arm", "-M", "virt", "-cpu", "cortex-a7", "-m", "128", "-nic", "none",
                           "-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot", "-kernel", elf],
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    seen = {chr(done.stdout[i]): (done.stdout[i + 1], done.stdout[i + 2] - ord("0"), done.stdout[i + 3] - ord("0"))
            for i in range(0, len(done.stdout), 4)}
    assert len(seen) == 9
    assert exceptions_in_the_guide() == seen


# ---- system registers and operations named in the tables -----------------------------------------------------------

def named_in_tables():
    """(name, opc1, CRn, CRm, opc2) of every row of the guide that gives an encoding of coprocessor 15."""
    for path in PAGES:
        for line in path.read_text().splitlines():
            row = re.match(r"\| (\w+)(?:, (\w+))?(?::[^|]*)? \| (\d), c(\d+), c(\d+), (\d)(?: and (\d))? \|", line)
            if row:
                first, second, opc1, crn, crm, opc2, other = row.groups()
                yield first, int(opc1), int(crn), int(crm), int(opc2)
                if second:
                    yield second, int(opc1), int(crn), int(crm), int(other)


def test_the_tables_name_registers_as_the_kernel_does():
    """Where exo/arm.h has an accessor of that name, it has that encoding; and no two names share one."""
    rows = list(named_in_tables())
    header = (paths.ROOT / "kernel/include/exo/arm.h").read_text()
    kernel = {name.upper(): tuple(int(n) for n in re.findall(r"\d+", rest))
              for name, rest in re.findall(r"^ARM_SYSREG\((\w+),([^)]*)\)", header, re.M)}
    assert len(rows) > 20
    assert len({row[1:] for row in rows}) == len(rows)
    assert {"MPIDR", "VBAR", "DFSR"} <= kernel.keys()
    for name, *encoding in rows:
        assert kernel.get(name, tuple(encoding)) == tuple(encoding), name


# ---- what the words promise -----------------------------------------------------------------------------------------

def targets():
    """Every target the front door has."""
    makefile = (paths.ROOT / "Makefile").read_text()
    return {word for line in re.findall(r"^\.PHONY:(.*)$", makefile, re.M) for word in line.split()}


@pytest.mark.parametrize("path", [*PAGES, SYLLABUS], ids=lambda path: path.name)
def test_no_command_is_promised_that_there_is_not(path):
    commands = re.findall(r"(?:`|^\$ )make ([a-z]+)\b", path.read_text(), re.M)
    assert set(commands) <= targets()


def test_the_syllabus_marks_as_ready_the_labs_that_are_there():
    rows = re.findall(r"^\| (\d) \| .*\| (ready|in the making) \|$", SYLLABUS.read_text(), re.M)
    there = {path.parent.name.split("-")[0] for path in paths.ROOT.glob("labs/*/lab.toml")}
    assert [lab for lab, _ in rows] == list("123456789")
    assert {lab for lab, state in rows if state == "ready"} == there


@pytest.mark.parametrize("path", sorted(GUIDE.glob("figures/*.svg")), ids=lambda path: path.name)
def test_figures_are_whole_and_used(path):
    """Well-formed, described for those who cannot see them, on a ground of their own, and shown by a page."""
    root = xml.etree.ElementTree.parse(path).getroot()
    names = [element.tag.rpartition("}")[2] for element in root]
    assert {"title", "desc"} <= set(names)
    assert root.find("{*}rect").get("class") == "panel"
    assert any(f"figures/{path.name}" in page.read_text() for page in PAGES)


@pytest.mark.parametrize("path", [*PAGES, SYLLABUS], ids=lambda path: path.name)
def test_lines_are_of_readable_length(path):
    lines = enumerate(path.read_text().splitlines(), 1)
    long = [number for number, line in lines if len(line) > 120 and not line.startswith("|")]
    assert not long, f"{path.name}: lines over 120 columns: {long}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_no_page_shows_a_solution(path):
    """No example repeats three lines in a row of what a student is to write."""
    secret = set()
    for source in (paths.ROOT / "solutions").rglob("*"):
        if source.is_file():
            for region in re.findall(r"BEGIN SOLUTION.*?\n(.*?)(?:INSTEAD|END SOLUTION)", source.read_text(), re.S):
                lines = [" ".join(line.split()) for line in region.splitlines() if line.strip()]
                secret |= {tuple(lines[i:i + 3]) for i in range(len(lines) - 2)}
    assert secret
    for example in examples(docs.Page(path)):
        lines = [" ".join(line.split()) for line in example.text.splitlines() if line.strip()]
        assert not {tuple(lines[i:i + 3]) for i in range(len(lines) - 2)} & secret, str(example)
