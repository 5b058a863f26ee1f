"""The site: staged and built from a small course made here, and then from the course itself."""
import filecmp
import html
import os
import re
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest

from grader import docs, errors, generate, handouts, paths
from grader.site import a32, csource, headers, stage

SECRET = "the_secret_of_uart_putc"
TREE = {
    "README.md": "# Exo\n\nSee [the first lab](labs/1-boot/README.md), [its folder](labs/1-boot),\n"
                 "[the guide](labs/guide/), [the syllabus](syllabus.md#weeks), [the licence](LICENSE)\n"
                 "and [`solutions/`](solutions).\n",
    "LICENSE": "do what you like\n",
    "syllabus.md": "# Syllabus\n\n## Weeks\n\nFifteen.\n",
    "labs/1-boot/README.md": """\
# Lab 1: boot

![The map of memory](figures/map.svg)

## 1.1 Out of reset

<!-- source: starter/1-boot/uart.c#uart_putc -->
```c
```

[the contract](../../kernel/include/exo/uart.h#UART_FR), [the driver](../../solutions/1-boot/uart.c),
[a mutant](mutants/one.patch), [the checks](test_boot.py), [this step](#11-out-of-reset),
[modes](../guide/arm.md#modes).

<!-- run: solutions -->
```console
$ make check LAB=1
...
```

```asm
start:	cpsid	aif		@ nothing interrupts
```
""",
    "labs/1-boot/figures/map.svg": '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0"/></svg>\n',
    "labs/1-boot/lab.toml": 'title = "Boot"\n[files]\nkernel = ["uart.c"]\n'
                            '[[steps]]\nid = "1.1"\ntitle = "Up"\nhours = 1\n',
    "labs/1-boot/mutants/one.patch": f"-{SECRET}\n", "labs/1-boot/test_boot.py": "# a check\n",
    "labs/guide/README.md": "# The handbook\n\n[tools](tools.md), [ARM](arm.md)\n",
    "labs/guide/arm.md": "# ARM\n\n## Modes\n\n[up](README.md)\n", "labs/guide/tools.md": "# Tools\n\nMany.\n",
    "grader/README.md": "# The grader\n\nFor maintainers.\n",
    "solutions/1-boot/uart.c": f"void\nuart_putc(char c)\n{{\n\t// BEGIN SOLUTION 1.1\n\t{SECRET}(c);\n"
                               "\t// INSTEAD\n\t//| todo(\"1.1\");\n\t// END SOLUTION\n}\n",
    "kernel/include/exo/uart.h": """\
// The UART: steps 1.1 and 1.2. A PL011, see exo/pl011.h and __init__.
//
//	baud   115200
//	bits   8
#pragma once

#include <exo/pl011.h>

// --- Flags ---------------------------------------------------------------

// Bits of the flag register, as *uart_status() has them:
// - UART_FR: some
//   of it
// - none
#define UART_FR   (1 << 3)	// <full>
#define UART_BUSY (1 << 4)

/*
 * The status, or -E_IO; `0 | errno` never. Call uart_putc() first.
 */
int uart_status(void);

// --- Output --------------------------------------------------------------

// Send c.
void uart_putc(char c);
""",
    "kernel/include/exo/pl011.h": "// The PL011. Its registers.\n#pragma once\n\n#define UARTDR 0\t// data\n",
}


def plant(root):
    for name, text in TREE.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for page in docs.pages(root):
        docs.update(page, root)
    return root


@pytest.fixture(scope="module")
def sites(tmp_path_factory):
    """The small course's site, built twice: the second time with other folders and in another environment."""
    here = tmp_path_factory.mktemp("site")
    first, second = here / "a", here / "another" / "place"
    pages = stage.build(plant(first / "course"), first / "site", first / "work")
    kept = dict(os.environ)
    os.environ |= {"TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7", "LC_ALL": "C", "SOURCE_DATE_EPOCH": "1"}
    try:
        stage.build(plant(second / "course"), second / "site", second / "work")
    finally:
        os.environ.clear()
        os.environ.update(kept)
    return SimpleNamespace(pages=pages, first=first / "site", second=second / "site", work=first / "work")


class Links(HTMLParser):
    """What a page links to and loads, and the ids it has."""

    def __init__(self, path):
        super().__init__()
        self.links, self.ids = [], set()
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids |= {attributes["id"]} if "id" in attributes else set()
        self.links += [(tag, attributes[key]) for key in ("href", "src") if attributes.get(key)]


def dead(site):
    """Every link of a site that leads to nothing in it."""
    pages, found = {path: Links(path) for path in site.rglob("*.html")}, []
    for path, page in pages.items():
        for tag, link in page.links:
            name, _, anchor = link.partition("#")
            target = (path.parent / name.partition("?")[0]).resolve() if name else path
            if re.match(r"\w+:", link):
                if tag != "a":
                    found.append(f"{path.name}: {link}")
            elif not target.is_file() or anchor and target in pages and anchor not in pages[target].ids:
                found.append(f"{path.relative_to(site)}: {link}")
    return found


def files(site):
    return sorted(path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file())


def words(path):
    return re.sub(r"<[^>]*>", "", path.read_text())


def test_two_builds_are_identical(sites):
    assert files(sites.first) == files(sites.second)
    _, differ, strange = filecmp.cmpfiles(sites.first, sites.second, files(sites.first), shallow=False)
    assert differ == strange == []


def test_every_page_is_there(sites):
    made = {name for name in files(sites.first) if name.endswith(".html")}
    assert made == {"index.html", "search.html", "syllabus.html", "grader.html", "1-boot/index.html",
                    "guide/index.html", "guide/arm.html", "guide/tools.html", "exo/index.html",
                    "exo/uart.html", "exo/pl011.html"}
    assert sites.pages == len(made) - 1


def test_no_link_is_dead_and_nothing_is_loaded_from_elsewhere(sites):
    assert dead(sites.first) == []
    assert stage.strangers(sites.first) == []


def test_nothing_secret_is_in_it(sites):
    for name in files(sites.first):
        data = (sites.first / name).read_bytes()
        for secret in (SECRET, "SOLUTION", str(sites.work.parent)):
            assert secret.encode() not in data, name
    assert not any(re.search(r"solutions|mutants|\.py$|_sources|\.md$", name) for name in files(sites.first))


def test_links_lead_where_things_are(sites):
    lab, landing = Links(sites.first / "1-boot/index.html").links, Links(sites.first / "index.html").links
    assert {("a", "../exo/uart.html#uart-fr-uart-busy"), ("a", "../guide/arm.html#modes"),
            ("a", "#11-out-of-reset")} <= set(lab)
    assert {("a", "1-boot/index.html"), ("a", "guide/index.html"), ("a", "syllabus.html#weeks")} <= set(landing)
    assert "the driver (solutions/1-boot/uart.c)" in words(sites.first / "1-boot/index.html")
    assert "the licence (LICENSE)\nand solutions/." in words(sites.first / "index.html")


def test_the_tool_s_comments_are_gone(sites):
    text = (sites.first / "1-boot/index.html").read_text()
    assert "run: solutions" not in text and "source: starter" not in text
    assert "todo(&quot;1.1&quot;);" in words(sites.first / "1-boot/index.html")


def test_the_figure_is_shown(sites):
    assert '<img alt="The map of memory" src="../_images/map.svg"' in (sites.first / "1-boot/index.html").read_text()
    assert (sites.first / "_images/map.svg").read_text() == TREE["labs/1-boot/figures/map.svg"]


def test_the_guide_is_in_the_order_of_its_first_page(sites):
    text = (sites.first / "guide/index.html").read_text()
    assert text.index('href="tools.html"') < text.index('href="arm.html"')


def test_the_search_finds_symbols_offline(sites):
    index = (sites.first / "searchindex.js").read_text()
    assert index.startswith("Search.setIndex(") and "uart_putc" in index and "exo/uart" in index
    assert 'src="searchindex.js"' in (sites.first / "search.html").read_text()


def test_the_theme_is_whole(sites):
    script, style = (sites.first / "_static" / name for name in ("scripts/furo.js", "styles/furo.css"))
    assert not re.search(r"^(import|export)\b", script.read_text(), re.M) and "Gumshoe" in script.read_text()
    assert "@import" not in style.read_text()
    assert re.search(r"@media [^{]*prefers-color-scheme: dark\) \{\s*body:not\(\[data-theme=\"light\"\]\) \{",
                     style.read_text())


def test_strangers_are_seen(tmp_path):
    for name, text in {
        "a.html": '<script src="https://cdn.example/x.js"></script><a href="https://fine.example">x</a><img src="y">',
        "b.css": "@import url(/javascript/x.css); b { src: url('//fonts.example/f.woff') } i { mask: url(data:,x) }",
        "c.js": 'import G from "./g.js";\n// import nothing\n', "d.svg": '<image href="http://x.example/y.png"/>',
    }.items():
        (tmp_path / name).write_text(text)
    assert stage.strangers(tmp_path) == ["a.html: https://cdn.example/x.js", "b.css: /javascript/x.css",
                                         "b.css: //fonts.example/f.woff", 'c.js: "./g.js"',
                                         "d.svg: http://x.example/y.png"]


def test_a_header_s_page():
    text = TREE["kernel/include/exo/uart.h"]
    assert headers.page("uart", text, {"UART_FR": "uart.md#uart_fr-uart_busy", "exo/pl011.h": "pl011.md",
                                       "uart_putc": "uart.md#uart_putc", "E_IO": "error.md#e_io"}) == """\
# `exo/uart.h`

The UART: steps 1.1 and 1.2. A PL011, see [`exo/pl011.h`](pl011.md) and `__init__`.

```text
baud   115200
bits   8
```

## Flags

### `UART_FR, UART_BUSY`

```c
#define UART_FR   (1 << 3)	// <full>
#define UART_BUSY (1 << 4)
```

Bits of the flag register, as `*uart_status()` has them:

- [`UART_FR`](uart.md#uart_fr-uart_busy): some
  of it
- none

### `uart_status`

```c
int uart_status(void);
```

The status, or [`-E_IO`](error.md#e_io); `0 | errno` never. Call [`uart_putc()`](uart.md#uart_putc) first.

## Output

### `uart_putc`

```c
void uart_putc(char c);
```

Send c.
"""
    assert headers.anchors(text) == {"UART_FR": "uart_fr-uart_busy", "UART_BUSY": "uart_fr-uart_busy",
                                     "uart_status": "uart_status", "uart_putc": "uart_putc"}


def test_a_header_s_page_has_all_of_its_declarations():
    """Each line of code of each contract header stands on its page, unchanged and in order."""
    for path in sorted((paths.ROOT / "kernel/include").glob("*/*.h")):
        text = path.read_text()
        page, at = headers.page(path.stem, text, {}).splitlines(), 0
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip() and not re.match(r"\s*//|\s*\*|/\*|#\s*(if|e|include|pragma|undef)", line):
                assert line in page[at:], f"{path.name}:{number}: {line}"
                at = page.index(line, at) + 1


@pytest.mark.parametrize("text, names", [
    ("void f(void (*cb)(int), int x);", ("f",)), ("int (*hook)(void);", ("hook",)),
    ("typedef void (*fn)(int);", ("fn",)), ("typedef void handler(int);", ("handler",)),
    ("extern char a[], b[4];", ("a", "b")), ("struct s;", ("struct s",)),
    ("typedef struct s { int x; } s_t;", ("struct s", "s_t")),
    ("static const char *const name = \"f(x);\";", ("name",)), ("enum e { A, B = 2 };", ("enum e", "A", "B")),
    ("struct s *make(int n) __attribute__((malloc(free, 1)));", ("make",)),
    ("static inline int\nf(void)\n{\n\tint y;\n\n\treturn y;\n}", ("f",)), ("#define M(x) \\\n\tcall(x)", ("M",)),
    ("int table[2][3] = { { 1 }, { 2 } };", ("table",)), ("_Static_assert(sizeof(int) == 4, \"x\");", ()),
    (".macro enter mode\n\tcps \\mode\n\n.endm", ("enter",)), ("_Noreturn void stop(void);", ("stop",)),
])
def test_what_a_declaration_declares(text, names):
    part, = csource.parts(text + "\n")
    assert (part.names, part.code) == (names, text)


def test_comments_belong_to_what_they_stand_above():
    parts = csource.parts("// File.\n#ifndef H\n#define H\n\n// Alone.\n\nint z;\n\n// Alone too.\n\n"
                          "// Of a.\nint a;\nint b;\n\n/* Of c,\n * still. */\nint c;\t// aside\n\t// goes on\n"
                          "#endif\n")
    assert [(part.comment, part.names) for part in parts] == \
        [("File.", ()), ("Alone.", ()), ("", ("z",)), ("Alone too.", ()), ("Of a.", ("a", "b")),
         ("Of c,\nstill.", ("c",))]
    assert parts[-1].code.endswith("// goes on") and (parts[4].start, parts[4].end) == (10, 13)


def test_assembly_has_colours():
    from pygments.token import Comment, Error, Name, Number
    tokens = list(a32.A32Lexer().get_tokens("f:\tldr\tr0, [sp, #4]\t@ from #1\n\t.word 0x10, g\n1:\tb 1b /* on */\n"))
    assert (Comment.Single, "@ from #1") in tokens and (Name.Label, "f:") in tokens and (Name.Builtin, "sp") in tokens
    assert (Number, "0x10") in tokens and (Comment.Multiline, "/* on */") in tokens
    assert Error not in {kind for kind, _ in tokens}


def test_a_page_that_sphinx_refuses_is_named(tmp_path):
    root = plant(tmp_path / "course")
    (root / "syllabus.md").write_text("# A\n\n### C\n")
    with pytest.raises(errors.GraderError, match=r"(?m)^syllabus.md:3: WARNING: Non-consecutive header"):
        stage.build(root, tmp_path / "site", tmp_path / "work")
    assert not (tmp_path / "site").exists()


# make handouts.

@pytest.fixture
def small(tmp_path, monkeypatch):
    """The root of the small course, nothing built yet."""
    monkeypatch.setattr(paths, "BUILD", tmp_path / "build")
    return plant(tmp_path / "course")


WROTE = ["dist/site/index.html: the site, 10 pages", "dist/pdf/: 1-boot.pdf, guide.pdf, syllabus.pdf"]


def made(capsys, root, **given):
    problems = handouts.make(root=root, out=root / "dist/site", **given)
    return [str(problem) for problem in problems], capsys.readouterr().out.splitlines()


def test_handouts_says_what_it_wrote(small, capsys):
    readme = small / "labs/1-boot/README.md"
    readme.write_text(readme.read_text().replace("uart_putc(char c)", "uart_putc(char old)"))
    assert made(capsys, small) == ([], ["starter/1-boot/uart.c: written", "labs/1-boot/README.md: 1 place rewritten",
                                        *WROTE])
    before = {path: path.read_bytes() for path in small.rglob("*") if path.is_file()}
    assert made(capsys, small) == ([], WROTE)
    assert before == {path: path.read_bytes() for path in small.rglob("*") if path.is_file()}


def test_handouts_names_what_it_cannot_mend(small, capsys, monkeypatch):
    (small / "syllabus.md").write_text("# Syllabus\n\n## Weeks\n\n[gone](nowhere.md)\n")
    problems, _ = made(capsys, small)
    assert problems == ["syllabus.md:5: nowhere.md: there is no nowhere.md"]
    monkeypatch.setattr(handouts, "make", lambda *a: problems)
    assert handouts.main(SimpleNamespace(merge=False, transcripts=False)) == 1
    assert capsys.readouterr().out.splitlines() == problems


def test_handouts_leaves_a_student_s_work(small, capsys):
    made(capsys, small)
    (small / "starter/1-boot/uart.c").write_text("mine\n")
    (small / "solutions/1-boot/uart.c").write_text(TREE["solutions/1-boot/uart.c"].replace("char c", "int c"))
    with pytest.raises(errors.Usage, match="MERGE=1"):
        made(capsys, small)
    assert (small / "starter/1-boot/uart.c").read_text() == "mine\n"


def test_handouts_runs_what_the_pages_show(small, capsys):
    made(capsys, small)
    page = "# Syllabus\n\n## Weeks\n\n<!-- run: starter -->\n```console\n$ echo 15\n```\n"
    (small / "syllabus.md").write_text(page)
    assert made(capsys, small)[1][:-2] == []
    assert made(capsys, small, transcripts=True)[1][:-2] == ["syllabus.md: 1 place run anew and rewritten"]
    assert (small / "syllabus.md").read_text() == page.replace("15\n", "15\n15\n")
