"""A contract header as a page: its opening paragraph, then each declaration, in the header's order, with its comment.

The declarations are the header's own text, unchanged; its comments become prose. A stretch of a comment that is set in
from the rest stays as it is, and a name that some contract header declares links to its page.
"""
import re

from .. import docs
from . import csource


def pages(folder):
    """{name: Markdown} for each header of a folder ({"uart": "# `exo/uart.h` ..."}), and "index", a list of them."""
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.h"))}
    known = {}
    for stem, text in texts.items():
        for name, anchor in anchors(text).items():
            known.setdefault(name, f"{stem}.md#{anchor}")
    known |= {f"{folder.name}/{stem}.h": f"{stem}.md" for stem in texts}
    made = {stem: page(stem, text, known, folder.name) for stem, text in texts.items()}
    return made | ({"index": index(texts, known, folder.name)} if made else {})


def anchors(text):
    """{name that a header declares: anchor of the heading it stands under on the header's page}."""
    found, titles = {}, [heading for heading, _ in _sections(text)]
    for (_, names), anchor in zip(_sections(text), docs.unique_slugs(["", *titles])[1:]):
        for name in names:
            found.setdefault(name.split()[-1], anchor)
    return found


def page(stem, text, known, folder="exo"):
    """The page of FOLDER/STEM.h; `known` says where a name that a comment mentions is explained."""
    opening, rest = _opening(text)
    out = [f"# `{folder}/{stem}.h`", "", *prose(opening, known), ""]
    level = "##"
    for part in rest:
        if heading := _heading(part):
            level = "##" if not part.code else level
            out += [f"{level} `{heading}`" if part.code else f"{level} {_escaped(heading)}", ""]
            level = "###" if not part.code else level
        if part.code:
            out += ["```c", *part.code.splitlines(), "```", ""]
        if part.code or not heading:
            out += [*prose(part.comment, known), ""]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(out)).rstrip("\n") + "\n"


TITLES = {"exo": ("The contracts", "What the parts of the kernel owe each other"),
          "libos": ("The libOS's contracts", "What applications have from their library"),
          "sfi": ("Modules' contracts", "What modules have, and the rewriter that makes them safe")}


def index(texts, known, folder):
    """The page that lists the headers, each with the first sentence of its opening paragraph."""
    title, what = TITLES[folder]
    out = [f"# {title}", "", f"{what}, one page for each header in `kernel/include/{folder}/`. What stands here is drawn "
           "from the headers.", "", "| header | what it is about |", "|---|---|"]
    for stem, text in texts.items():
        first = re.split(r"(?<=\.)\s+(?=[A-Z])", " ".join(_opening(text)[0].split()), 1)[0]
        out.append(f"| [`{folder}/{stem}.h`]({stem}.md) | " + " ".join(prose(first, known)).replace("|", "\\|") + " |")
    return "\n".join(out) + "\n"


def _opening(text):
    """(the opening paragraph, the Parts behind it) of a header."""
    parts = csource.parts(text)
    return (parts[0].comment, parts[1:]) if parts and not parts[0].code else ("", parts)


def _sections(text):
    """(heading, names under it) in order, as page() writes them."""
    return [(heading, part.names) for part in _opening(text)[1] if (heading := _heading(part))]


def _heading(part):
    """What stands above a part on the page: what it declares, or the comment that is a title ("--- Registers ---")."""
    if not part.code:
        ruled = re.fullmatch(r"[-=]{2,}\s*(.*?\w.*?)\s*[-=]{2,}", part.comment)
        return ruled[1] if ruled else ""
    names = part.names
    if names and " " in names[0] and part.code.count("\n}") + part.code.count("\n\t}") == 1:
        names = names[:1]                           # one struct, or an enum: its tag stands for what is in it
    return ", ".join(names) if len(names) <= 3 else f"{names[0]} … {names[-1]}"


def prose(comment, known):
    """A comment's text as Markdown lines: paragraphs and lists as such, what is set in or in columns as it stands."""
    out, verbatim = [], []
    for line in [*comment.splitlines(), ""]:
        listed = re.match(r"(?:[-*]|\d+\.) ", line)
        in_list = out and re.match(r"(?:[-*]|\d+\.) |  ", out[-1]) is not None and not verbatim
        if re.match(r"\s", line) and not in_list or re.search(r"\S {3,}\S", line):
            verbatim.append(line)
            continue
        if verbatim:
            margin = min(len(text) - len(text.lstrip()) for text in verbatim)
            out += ["", "```text", *(text[margin:] for text in verbatim), "```", ""]
            verbatim = []
        if listed and out and out[-1] and not in_list:
            out.append("")
        blanks = len(line) - len(line.lstrip())
        mark = listed[0] if listed else ""
        out.append(" " * blanks + mark + _inline(line[blanks + len(mark):], known))
    return out[:-1]


_CODE = re.compile(rf"`[^`]+` | {docs.HEADER}\b" r"""
    | \b(?:kernel|labs|starter)/[\w./-]*\w
    | \*?\b[A-Za-z_]\w*\(\) | -E_\w+ | \*?\b\w*_\w+\b | \b[A-Z][A-Z0-9]{2,}\b
    | \b0x[0-9a-f]+\b
    """, re.X)


def _inline(text, known):
    """Text with what is code set as code, names that are explained somewhere as links, and the rest escaped."""
    out, at = [], 0
    for found in _CODE.finditer(text):
        word = found[0].strip("`")
        where = known.get(re.sub(r"\(\)$", "", word).lstrip("-*"))
        if re.fullmatch(r"[A-Z0-9]+", word) and found[0][0] != "`" and not where:
            continue                                # an abbreviation
        out.append(_escaped(text[at:found.start()]))
        out.append(f"[`{word}`]({where})" if where else f"`{word}`")
        at = found.end()
    return "".join(out) + _escaped(text[at:])


def _escaped(text):
    return re.sub(r"([\\`*_\[\]<>#|$&~])", r"\\\1", text)
