"""docs.py, tables.py and transcripts.py: on a small course made here, and then on the course itself."""
import re
from types import SimpleNamespace

import pytest

from grader import docs, errors, paths, tables, transcripts
from grader.site import csource

UART_C = """\
// The UART driver.

static int uart;

void
uart_init(int base)
{
	uart = base;
}

void
uart_putc(char c)
{
	// BEGIN SOLUTION 1.2
	the_secret_of(c);
	more_of_it(c);
	// INSTEAD
	//| todo("1.2");
	// END SOLUTION
}
"""
UP_C = """\
// BEGIN SOLUTION 1.1
up();
// END SOLUTION
"""
UART_H = """\
// The UART: what it owes its callers.
#pragma once

// Make the UART at `base` ready.
void uart_init(int base);

// Send c; see uart_init().
void uart_putc(char c) __attribute__((nonnull(1)));

struct uart {
	int base;	// physical
};
#define UART_DR 0x00	// data
#define UART_FR 0x18	// flags
			// (3.3.3)

enum parity { EVEN, ODD = 3 };
"""
TOML = """\
title = "Boot"
[files]
kernel = ["uart.c", "given.c", "up.c"]
[[steps]]
id = "1.1"
title = "Up"
hours = 1.5
[[steps]]
id = "1.2"
title = "Out"
hours = 2
"""
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><text fill="url(#a)">// a|b</text></svg>\n'


@pytest.fixture
def course(tmp_path, monkeypatch):
    """The root of a course of one lab; `page(text)` on it writes the lab's handout and returns its path."""
    root = tmp_path / "course"
    for name, text in {
        "labs/1-boot/lab.toml": TOML, "labs/1-boot/figures/map.svg": SVG,
        "labs/guide/arm.md": "# ARM\n\n## Modes\n\n## Modes\n",
        "solutions/1-boot/uart.c": UART_C, "solutions/1-boot/given.c": "int given;\n", "solutions/1-boot/up.c": UP_C,
        "kernel/include/exo/uart.h": UART_H,
        "starter/1-boot/uart.c": "what a student wrote\n", "labs/1-boot/mutants/one.patch": "-x\n",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    monkeypatch.setattr(paths, "BUILD", tmp_path / "build")
    checks = [SimpleNamespace(name="hello", title="It says hello | loudly", step="1.1", points=4),
              SimpleNamespace(name="echo", title="It echoes", step="1.2", points=6)]
    monkeypatch.setattr(tables, "declared", lambda lab: checks)

    def page(text, name="labs/1-boot/README.md"):
        (root / name).write_text(text)
        return root / name
    return SimpleNamespace(root=root, page=page)


def said(course, text, **where):
    return [str(problem) for problem in docs.check(course.page(text, **where), course.root)]


def filled(course, text):
    path = course.page(text)
    docs.update(path, course.root)
    return path.read_text()


# Excerpts.

@pytest.mark.parametrize("where, lines", [
    ("kernel/include/exo/uart.h#uart_putc",
     ["// Send c; see uart_init().", "void uart_putc(char c) __attribute__((nonnull(1)));"]),
    ("kernel/include/exo/uart.h#ODD", ["enum parity { EVEN, ODD = 3 };"]),
    ("kernel/include/exo/uart.h#uart",
     ["struct uart {", "\tint base;\t// physical", "};", "#define UART_DR 0x00\t// data",
      "#define UART_FR 0x18\t// flags", "\t\t\t// (3.3.3)"]),
    ("solutions/1-boot/uart.c#uart_init", ["void", "uart_init(int base)", "{", "\tuart = base;", "}"]),
    ("starter/1-boot/uart.c#uart_putc", ["void", "uart_putc(char c)", "{", '\ttodo("1.2");', "}"]),
    ('solutions/1-boot/uart.c#"uart = base"', ["uart = base;"]),
    ('solutions/1-boot/uart.c#"static int".."uart_init"', ["static int uart;", "", "void", "uart_init(int base)"]),
    ("solutions/1-boot/given.c", ["int given;"]),
])
def test_excerpt(course, where, lines):
    assert docs.excerpt(where, course.root) == lines


@pytest.mark.parametrize("where, words", [
    ("solutions/1-boot/uart.c#uart_putc", "touches a solution"),
    ('solutions/1-boot/uart.c#"the_secret_of"', "touches a solution"),
    ('solutions/1-boot/uart.c#"todo"', "touches a solution"),
    ("solutions/1-boot/uart.c", "touches a solution"),
    ("kernel/include/exo/uart.h#uart_getc", "declared nowhere"),
    ('kernel/include/exo/uart.h#"uart"', "is in 4 lines"),
    ('kernel/include/exo/uart.h#"enum".."struct"', 'no line of kernel/include/exo/uart.h after "enum"'),
    ("kernel/include/exo/gone.h#x", "no text file"),
    ("../secret#x", "leads out"),
    ("labs/1-boot/mutants/one.patch", "known-wrong"),
])
def test_impossible_excerpt(course, where, words):
    with pytest.raises(docs.Fault, match=words):
        docs.excerpt(where, course.root)


def test_update_fills_excerpts_and_is_stable(course):
    text = ("# Lab\n\n1. A step:\n\n   <!-- source: kernel/include/exo/uart.h#uart_init -->\n"
            "   ```c\n   old\n   ```\n\nAfter.\n")
    assert said(course, text) == ["labs/1-boot/README.md:5: the excerpt of kernel/include/exo/uart.h#uart_init is out "
                                  "of date; type: make handouts"]
    once = filled(course, text)
    assert "   // Make the UART at `base` ready.\n   void uart_init(int base);\n   ```\n\nAfter.\n" in once
    assert said(course, once) == []
    path = course.page(once)
    before = path.stat().st_mtime_ns
    assert docs.update(path, course.root) == 0
    assert (path.read_text(), path.stat().st_mtime_ns) == (once, before)


def test_an_excerpt_in_a_list_has_no_blanks_at_the_ends_of_lines(course):
    text = '- <!-- source: solutions/1-boot/uart.c#"static int".."uart_init" -->\n  ```c\n  ```\n'
    assert "\n  static int uart;\n\n  void\n" in filled(course, text)


def test_a_page_that_cannot_be_filled_stays_as_it_is(course):
    text = ("<!-- source: kernel/include/exo/uart.h#uart_init -->\n```c\n```\n"
            "<!-- source: solutions/1-boot/uart.c#uart_putc -->\n```c\n```\n")
    path = course.page(text)
    with pytest.raises(errors.Usage, match="README.md:4: .*touches a solution"):
        docs.update(path, course.root)
    assert path.read_text() == text


def test_a_comment_without_its_block(course):
    lost = "<!-- source: kernel/include/exo/uart.h -->\n\nText.\n\n```c\n```\n"
    assert "no fenced block follows" in said(course, lost)[0]
    assert "no <!-- /generated -->" in said(course, "<!-- generated: points -->\n\n| |\n")[0]


def test_parts_know_the_declarations_of_the_contracts():
    """Whatever is declared at the left margin of a contract header is found by its name."""
    for path in sorted((paths.ROOT / "kernel/include/exo").glob("*.h")):
        names = {name for part in csource.parts(path.read_text()) for name in part.names}
        for line in path.read_text().splitlines():
            if line.startswith("#define "):
                assert line[8:].split("(")[0].split()[0] in names, f"{path.name}: {line}"
            elif line.endswith(");") and line[0].isalpha() and "(*" not in line:
                assert line.split("(")[0].split()[-1].lstrip("*") in names | {"_Static_assert"}, f"{path.name}: {line}"


# Generated parts.

def test_generated_tables(course):
    text = filled(course, "# Lab\n\n## 1.2 Out\n\n<!-- generated: files -->\n<!-- /generated -->\n\n"
                          "<!-- generated: steps -->\n<!-- /generated -->\n\n"
                          "<!-- generated: points -->\n\nstale\n\n<!-- /generated -->\n\nEnd.\n")
    assert "| `starter/1-boot/uart.c` | [1.2](#12-out) |" in text
    assert "given.c" not in text
    assert "| [1.2](#12-out) | Out | 2 | `echo` | 6 |" in re.sub(" +", " ", text)
    assert "It says hello \\| loudly" in text
    assert "**10**" in text and "**3.5**" in text and "stale" not in text
    assert text.endswith("<!-- /generated -->\n\nEnd.\n")
    assert said(course, text) == [] and filled(course, text) == text


def test_what_a_lab_brings(course):
    """Headers that none before it needs, what is given, and the system calls that its kernel files name."""
    for name, text in {
        "labs/2-vm/lab.toml": TOML.replace("1.", "2.").replace('"up.c"]', '"up.c"]\ngiven = ["kernel/vm/bind.c"]'),
        "solutions/1-boot/given.c": "#include <exo/uart.h>\nint a = SYS_NULL;\n",
        "solutions/2-vm/up.c": "#include <exo/uart.h>\n#include <exo/page.h>\nint a = SYS_NULL + SYS_PAGES;\n",
        "kernel/vm/bind.c": "// Binds a page. For nobody else.\n\nint b = SYS_BIND;\n",
        "kernel/include/exo/page.h": "// Pages: lab 2's contract.\n",
        "kernel/include/exo/syscall.h":
            "#define SYS_NULL 0\t// nothing\n#define SYS_BIND 1\t// (pa): bind it,\n\t\t// twice\n\n"
            "// Later.\n#define SYS_PAGES 2\t// (n): pages\n#define SYS_MORE 3\t// not yet\n",
    }.items():
        (course.root / name).parent.mkdir(parents=True, exist_ok=True)
        (course.root / name).write_text(text)
    path = course.page("<!-- generated: new -->\n<!-- /generated -->\n", name="labs/2-vm/README.md")
    docs.update(path, course.root)
    rows = [re.sub(" +", " ", line) for line in path.read_text().splitlines() if line.startswith("|")]
    assert rows[2:] == ["| [exo/page.h](../../kernel/include/exo/page.h) | Pages: lab 2's contract. |",
                        "| `kernel/vm/bind.c` | Binds a page. |", "| `SYS_BIND` | (pa): bind it, twice |",
                        "| `SYS_PAGES` | (n): pages |"]


def test_generated_part_follows_what_it_is_made_from(course):
    text = filled(course, "<!-- generated: files -->\n<!-- /generated -->\n")
    (course.root / "solutions/1-boot/uart.c").write_text(UART_C.replace("\tmore_of_it(c);\n", ""))
    assert "generated part files is out of date" in said(course, text)[0]


@pytest.mark.parametrize("words, problem", [("nonsense", "there is no generated part nonsense; there are: points"),
                                            ("points 9", "there is no lab '9'")])
def test_generated_nonsense(course, words, problem):
    assert problem in said(course, f"<!-- generated: {words} -->\n<!-- /generated -->\n")[0]


def test_generated_needs_a_lab(course):
    found = said(course, "<!-- generated: points -->\n<!-- /generated -->\n", name="labs/guide/arm.md")
    assert "which lab?" in found[0]


# Links.

@pytest.mark.parametrize("link", [
    "[a](../guide/arm.md)", "[a](../guide/arm.md#modes)", "[a](../guide/arm.md#modes-1)", "[a](#a-lab-with-code)",
    "[`x`](../../kernel/include/exo/uart.h#uart_putc)", "[a](../../kernel/include/exo/uart.h#UART_FR)",
    "[a](../guide/)", "![A map](figures/map.svg)", "[a](https://example.org/nothing)",
    "`[a](nowhere)`", "```\n[a](nowhere)\n```",
    "    [a](nowhere)", "<!-- [a](nowhere) -->", "as the manual\n[B9.3.3]: says so",
])
def test_good_link(course, link):
    assert said(course, f"# A lab, with `code`\n\n{link}\n") == []


@pytest.mark.parametrize("link, problem", [
    ("[a](nowhere.md)", "3: nowhere.md: there is no labs/1-boot/nowhere.md"),
    ("a\nb [two\nlines](nowhere.md)", "4: nowhere.md: there is no"),
    ("[a](../guide/arm.md#mode)", "no heading of labs/guide/arm.md has the anchor #mode"),
    ("[a](#nothing)", "no heading of labs/1-boot/README.md has the anchor #nothing"),
    ("[a](../../kernel/include/exo/uart.h#uart_getc)", "declares no uart_getc"),
    ("[a](../../../x)", "leads out of the repository"),
    ("[a](/etc/passwd)", "leads out of the repository"),
    ("[a](lab.toml#x)", "only pages and contract headers have anchors"),
    ("[a][b]\n\n[b]: nowhere.md", "write the link where it stands"),
    ("![](figures/map.svg)", "has no text for those who cannot see it"),
    ("![A map](https://example.org/map.svg)", "lies on another host"),
    ("![A map](lab.toml)", "is no image of a kind we use"),
])
def test_bad_link(course, link, problem):
    assert problem in "\n".join(said(course, f"# A lab\n\n{link}\n"))


@pytest.mark.parametrize("inside, words", [
    ('<image href="https://example.org/x.png"/>', "loads something from elsewhere"),
    ("<style>@import 'x.css'</style>", "loads something from elsewhere"),
    ("<text fill='url(http://x)'/>", "loads something from elsewhere"),
    ("<text>", "is not well-formed"),
])
def test_bad_figure(course, inside, words):
    (course.root / "labs/1-boot/figures/map.svg").write_text(SVG.replace("<text", inside + "<text", 1))
    assert words in said(course, "![A map](figures/map.svg)\n")[0]


# Transcripts.

def block(tree, *lines):
    """A console block that is run."""
    return "\n".join([f"<!-- run: {tree} -->", "```console", *lines, "```", ""])


def ran(course, text):
    return [str(problem) for problem in transcripts.check(course.page(text), course.root)]


def rewritten(course, text):
    path = course.page(text)
    transcripts.update(path, course.root)
    return path.read_text()


def test_a_true_transcript_passes(course):
    assert ran(course, block("starter", "$ cat starter/1-boot/uart.c | tail -3", "{", '\ttodo("1.2");', "}",
                             "$ cd labs; ls \\", "> -d guide", "guide", "$ pwd; echo $HOME | wc -l",
                             "~/exolab/labs", "1")
               + block("starter", "$ pwd", "~/exolab")) == []


@pytest.mark.parametrize("shown, got", [(["two"], "'one'"), (["one", "more"], "'(nothing more)'"), ([], "'one'"),
                                        (["One"], "'one'")])
def test_a_false_transcript_is_found(course, shown, got):
    found = ran(course, "# A\n\n" + block("starter", "$ echo one", *shown))
    assert len(found) == 1 and found[0].startswith("labs/1-boot/README.md:3: `echo one` prints something else")
    assert got in found[0]


@pytest.mark.parametrize("tree, lines", [
    ("solutions", ["the_secret_of(c);", "more_of_it(c);"]),
    ("solutions up to 1.2", ["the_secret_of(c);", "more_of_it(c);"]),
    ("solutions up to 1.1", ['todo("1.2");']), ("starter", ['todo("1.2");'])])
def test_the_starter_of_a_transcript(course, tree, lines):
    text = rewritten(course, block(tree, "$ grep -c SOLUTION starter/1-boot/uart.c",
                                   "$ sed -n '/^uart_putc/,$p' starter/1-boot/uart.c"))
    assert text.split("uart.c\n")[1].startswith("0\n")
    assert [line.strip() for line in text.splitlines()[7:-2]] == lines
    assert (course.root / "starter/1-boot/uart.c").read_text() == "what a student wrote\n"


def test_blocks_follow_each_other_and_touch_nothing_outside(course):
    before = sorted(path for path in course.root.rglob("*"))
    assert ran(course, block("starter", "$ echo hello > labs/new; git status --short; git log --format=%s",
                             "?? labs/new", "exolab", "$ grep -c todo starter/1-boot/uart.c", "1")
               + block("solutions", "$ cat labs/new", "hello", "$ grep -c todo starter/1-boot/uart.c", "0")) == []
    assert sorted(path for path in course.root.rglob("*") if path.name != "README.md") == before
    assert not any((paths.BUILD / "docs").iterdir())


def test_a_transcript_sees_a_plain_environment(course, monkeypatch):
    monkeypatch.setenv("MAKEFLAGS", "-k")
    monkeypatch.setenv("EXOLAB_BUILD", "/somewhere")
    assert ran(course, block("starter", '$ echo "$MAKEFLAGS$EXOLAB_BUILD$TERM"; cat; false', "dumb")) == []


@pytest.mark.parametrize("block, problem", [
    ("```console\n$ true\n```", "1: say how this is run"),
    ("<!-- run: never -->\n```console\n$ true\n```", "run: never: write solutions"),
    ("<!-- run: no -->\n```console\n$ true\n```", "run: no: write solutions"),
    ("<!-- run: starter -->\n```console\ntrue\n```", "begins with a command"),
    ("<!-- run: starter -->\n```c\n$ true\n```", "is not a console block"),
    ("<!-- run: starter -->\n\nText.", "no fenced block follows"),
])
def test_a_console_block_that_cannot_be_run(course, block, problem):
    assert problem in said(course, block + "\n")[0]


def test_what_is_not_run_is_not_run(course):
    text = "<!-- run: no, because it installs -->\n```console\n$ touch labs/1-boot/ran; false\nwhatever\n```\n"
    assert said(course, text) == ran(course, text) == [] and rewritten(course, text) == text


def test_a_stuck_command_is_ended(course, monkeypatch):
    monkeypatch.setattr(transcripts, "PATIENCE", 0.5)
    with pytest.raises(errors.GraderError, match="README.md:1: `sleep 1000` did not end within"):
        ran(course, block("starter", "$ sleep 1000"))


@pytest.mark.parametrize("pattern, printed, fits", [
    ("...", "", True), ("...", "a b", True), ("a ...", "a", True), ("a ...", "b a", False), ("... z", "a z", True),
    ("... z", "z a", False), ("a ... z", "a z", True), ("a ... a", "a", False), ("a ... m n ... z", "a m n z", True),
    ("a ... m n ... z", "a m x n m n z", True), ("a ... m n ... z", "a n m z", False), ("a ... m ... m", "a m", False),
    ("", "", True), ("", "a", False),
])
def test_dots_stand_for_any_lines(pattern, printed, fits):
    assert transcripts.matches(pattern.split(), printed.split()) is fits


@pytest.mark.parametrize("pattern, printed, result", [
    ("a ... z", "a b z", "a ... z"), ("a ... z", "a b y", "a ... y"), ("a ... z", "A b c z", "A ... z"),
    ("", "a b", "a b"), ("a ... m ... z", "a 1 m 2 z2", "a ... m ... z2"), ("x", "y", "y"), ("...", "q", "..."),
    ("a ... z", "a", "a ..."),
])
def test_an_update_keeps_the_dots(pattern, printed, result):
    assert transcripts.merged(pattern.split(), printed.split()) == result.split()


def test_an_update_writes_what_is_printed(course):
    text = rewritten(course, block("starter", "$ seq 1 9", "1", "...", "8", "$ echo b", "old", "older") + "\nEnd.\n")
    assert text == block("starter", "$ seq 1 9", "1", "...", "8", "9", "$ echo b", "b") + "\nEnd.\n"
    assert ran(course, text) == []


def test_gdb_is_typed_to(course):
    text = rewritten(course, block("starter", "$ gdb-multiarch -q -nx", "(gdb) print 6*7", "(gdb) quit"))
    assert text == block("starter", "$ gdb-multiarch -q -nx", "(gdb) print 6*7", "$1 = 42", "(gdb) quit")


# The course itself.

PAGES = [path.relative_to(paths.ROOT).as_posix() for path in docs.pages()]


def test_there_are_pages():
    assert {"README.md", "syllabus.md", "labs/1-boot/README.md", "labs/guide/README.md", "grader/README.md"} <= {*PAGES}


@pytest.mark.parametrize("page", PAGES)
def test_page_is_true(page):
    assert [str(problem) for problem in docs.check(paths.ROOT / page)] == []


@pytest.mark.parametrize("page", [page for page in PAGES if "```console" in (paths.ROOT / page).read_text()])
def test_what_a_page_shows_is_what_is_printed(page):
    assert [str(problem) for problem in transcripts.check(paths.ROOT / page)] == []
