"""Keeps the course's Markdown true: excerpts, generated tables and links are checked, and rewritten in place.

A page is plain Markdown that reads well on any forge. Three kinds of content in it belong to the tool:

    <!-- source: kernel/include/exo/uart.h#uart_putc -->        the fenced block that follows is that declaration,
                                                                with the comment that stands before it
    <!-- source: labs/1-boot/demo.c#"first text".."last text" -->    ... is those lines; each text marks a line
    <!-- source: starter/1-boot/uart.c#uart_putc -->            ... as a student first meets it (made from solutions/)
    <!-- generated: points --> ... <!-- /generated -->          a table; tables.py makes it
    <!-- run: solutions -->                                     the console block that follows was run; transcripts.py

Nothing is ever drawn from the solution half of a region: an excerpt that touches one is an error.
"""
import re
import urllib.parse
import xml.etree.ElementTree
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from . import errors, generate, paths
from .site import csource

PAGES = ("README.md", "syllabus.md", "labs/[0-9]*/README.md", "labs/guide/*.md", "grader/README.md")
IMAGES = (".svg", ".png")
CONTRACTS = ("exo", "libos", "sfi")         # folders of headers, below kernel/include
HEADER = rf"(?:{'|'.join(CONTRACTS)})/\w+\.h"      # one of these, as files include it


@dataclass(frozen=True)
class Problem:
    """What is wrong at a line (1-based) of a file (relative to the root, /-separated)."""
    file: str
    line: int
    message: str

    def __str__(self):
        return f"{self.file}:{self.line}: {self.message}"


class Fault(Exception):
    """What a comment asks for cannot be had; the message says why. Becomes a Problem at the comment's line."""


@dataclass(frozen=True)
class Block:
    """A fenced block, a comment or a heading: its lines [start, end), 0-based, its info string and its text."""
    kind: str
    start: int
    end: int
    info: str
    text: str


@dataclass(frozen=True)
class Fill:
    """What lines [start, end) of a page should be; `comment` is the line that says so, `what` names it."""
    start: int
    end: int
    lines: tuple[str, ...]
    comment: int
    what: str


@dataclass(frozen=True)
class Link:
    """A link or image in the prose of a page; `line` is 0-based, `span` the offsets of the whole in the page's text,
    `text` None for a definition ("[label]: target")."""
    line: int
    span: tuple[int, int]
    image: bool
    text: str | None
    target: str


class Page:
    """A Markdown file of the tree below root: its text, its blocks in order, its links and its headings' anchors."""

    def __init__(self, path, root=paths.ROOT):
        self.root = Path(root)
        self.name = Path(path).resolve().relative_to(self.root.resolve()).as_posix()
        self.path = self.root / self.name
        self.text = self.path.read_text(encoding="utf-8")
        self.lines = self.text.splitlines()

    @property
    def lab(self):
        """The folder name of the lab that the page belongs to ("1-boot"), or None."""
        found = re.match(r"labs/(\d+-[^/]+)/", self.name)
        return found[1] if found else None

    @cached_property
    def blocks(self):
        from markdown_it import MarkdownIt
        tokens, found = MarkdownIt("commonmark").enable("table").parse(self.text), []
        for i, token in enumerate(tokens):
            if token.type == "fence":
                found.append(Block("fence", *token.map, token.info.strip(), token.content))
            elif token.type == "code_block":
                found.append(Block("code", *token.map, "", token.content))
            elif token.type == "html_block":
                comment = re.fullmatch(r"<!--\s*(.*?)\s*-->", token.content.strip(), re.S)
                found.append(Block("comment" if comment else "html", *token.map, "", comment[1] if comment else ""))
            elif token.type == "heading_open":
                found.append(Block("heading", *token.map, token.tag, _plain(tokens[i + 1])))
        return found

    @cached_property
    def anchors(self):
        """The anchors of the headings, in order, named as forges name them."""
        return unique_slugs(block.text for block in self.blocks if block.kind == "heading")

    @cached_property
    def links(self):
        """Every link and image of the prose; code and comments hold none."""
        masked = list(self.lines)
        for block in self.blocks:
            if block.kind in ("fence", "code", "comment", "html"):
                for i in range(block.start, min(block.end, len(masked))):
                    masked[i] = " " * len(masked[i])
        text, found = "\n".join(masked), []
        for m in _LINK.finditer(text):
            if m["target"] is not None or m["label"] is not None:
                target = m["target"] if m["target"] is not None else m["definition"]
                line = text.count("\n", 0, m.start())
                found.append(Link(line, m.span(), bool(m["image"]), m["text"], target.strip("<>")))
        return found


_LINK = re.compile(r"""
      (?P<ticks>`+)(?!`).*?(?<!`)(?P=ticks)(?!`)                                   # code: nothing in it is a link
    | (?P<image>!?)\[(?P<text>(?:[^\[\]`]|`[^`]*`|\[[^\[\]]*\](?:\([^()]*\))?)*)\]
      \((?P<target><[^<>\n]*>|[^()\s]*)(?:\s+"[^"]*")?\)
    | ^[ ]{0,3}\[(?P<label>[^\[\]]+)\]:[ \t]+(?P<definition>\S+)[ \t]*$            # [label]: target
    """, re.X | re.S | re.M)


def _plain(inline):
    return "".join(child.content for child in inline.children if child.type in ("text", "code_inline", "softbreak"))


def slug(heading):
    """The anchor that forges give a heading: lower case, punctuation dropped, blanks as hyphens."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def unique_slugs(headings):
    """The anchors of headings in order; one that comes again gets -1, -2, ..."""
    seen, found = {}, []
    for heading in headings:
        name = slug(heading)
        found.append(f"{name}-{seen[name]}" if name in seen else name)
        seen[name] = seen.get(name, 0) + 1
    return found


def pages(root=paths.ROOT):
    """Every page of the course below root, as paths, sorted by PAGES and then by name."""
    return [path for pattern in PAGES for path in sorted(Path(root).glob(pattern), key=_lab_order)]


def _lab_order(path):
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", path.as_posix())]


def check(path, root=paths.ROOT):
    """What is wrong in a page, as a list of Problems: stale or impossible content, dead links. Runs nothing."""
    page = Page(path, root)
    fills, problems = _fills(page)
    for fill in fills:
        if tuple(page.lines[fill.start:fill.end]) != fill.lines:
            problems.append(Problem(page.name, fill.comment + 1, f"{fill.what} is out of date; type: make handouts"))
    problems += _console_problems(page) + _link_problems(page)
    return sorted(problems, key=lambda problem: problem.line)


def update(path, root=paths.ROOT):
    """Rewrites what is generated in a page, where it differs. Returns how many places it rewrote.

    Raises errors.Usage, naming file and line, when something asked for cannot be had; the page then stays as it was.
    """
    page = Page(path, root)
    fills, problems = _fills(page)
    if problems:
        raise errors.Usage(str(problems[0]))
    return rewrite(page, fills)


def rewrite(page, fills):
    """Puts fills into the page's file where they differ; returns how many did."""
    lines, changed = list(page.lines), 0
    for fill in sorted(fills, key=lambda fill: fill.start, reverse=True):
        if tuple(lines[fill.start:fill.end]) != fill.lines:
            lines[fill.start:fill.end] = fill.lines
            changed += 1
    if changed:
        page.path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return changed


def _fills(page):
    """(Fills, Problems): the excerpts and generated parts of a page."""
    from . import tables
    fills, problems = [], []
    for i, block in enumerate(page.blocks):
        word, _, rest = block.text.partition(":") if block.kind == "comment" else ("", "", "")
        try:
            if word == "source":
                fence = following_fence(page, i)
                lines = excerpt(rest.strip(), page.root)
                fills.append(Fill(fence.start + 1, fence.end - 1, indented(page, fence, lines), block.start,
                                  f"the excerpt of {rest.strip()}"))
            elif word == "generated":
                end = next((b for b in page.blocks[i + 1:] if b.kind == "comment" and b.text == "/generated"), None)
                if end is None:
                    raise Fault("no <!-- /generated --> follows")
                name, *arguments = rest.split()
                lines = tables.make(name, arguments, page)
                fills.append(Fill(block.end, end.start, ("", *lines, ""), block.start, f"the generated part {name}"))
        except Fault as fault:
            problems.append(Problem(page.name, block.start + 1, str(fault)))
    return fills, problems


def following_fence(page, i):
    """The fenced block directly after the comment that is page.blocks[i]; Fault if something else comes first."""
    comment, after = page.blocks[i], page.blocks[i + 1] if i + 1 < len(page.blocks) else None
    if after is None or after.kind != "fence" or any(line.strip() for line in page.lines[comment.end:after.start]):
        raise Fault(f"no fenced block follows <!-- {comment.text} -->")
    return after


def indented(page, fence, lines):
    """Lines as they have to stand inside a fence of the page; Fault if one of them would end it."""
    opening = page.lines[fence.start]
    margin = opening[:len(opening) - len(opening.lstrip())]
    mark = re.match(r"`+|~+", opening.strip())[0]
    if any(line.strip().startswith(mark) for line in lines):
        raise Fault(f"the text has a line that begins with {mark}; open the block with a longer fence")
    return tuple(margin + line if line else "" for line in lines)


def excerpt(where, root=paths.ROOT):
    """The lines that `where` ("path", "path#symbol" or 'path#"first".."last"') names, their common margin removed."""
    name, _, wanted = where.partition("#")
    lines, hidden = _source(name, Path(root))
    if not wanted:
        start, end = 0, len(lines)
    elif wanted.startswith('"'):
        start, end = _between(name, lines, wanted)
    else:
        start, end = _symbol(name, lines, wanted)
    if any(number in hidden for number in range(start, end)):
        raise Fault(f"{where} touches a solution; show the contract, or starter/{name.partition('/')[2]}")
    taken = [line.rstrip() for line in lines[start:end]]
    while taken and not taken[-1]:
        taken.pop()
    blanks = [re.match(r"[ \t]*", line)[0] for line in taken if line]
    margin = min(blanks, key=len, default="")
    return [line[len(margin):] if line.startswith(margin) else line.lstrip() for line in taken]


def _source(name, root):
    """(lines, set of the 0-based lines that nobody may see) of a file of the tree."""
    if ".." in name.split("/") or name.startswith("/"):
        raise Fault(f"{name} leads out of the repository")
    if "mutants" in name.split("/"):
        raise Fault(f"{name} is a known-wrong solution; handouts show none")
    pristine = name.startswith("starter/")
    source = "solutions/" + name.partition("/")[2] if pristine else name
    try:
        text = (root / source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise Fault(f"there is no text file {source}") from None
    if not source.startswith("solutions/"):
        return text.splitlines(), set()
    try:
        if pristine:
            return generate.starter_text(text, source, generate.lab_steps(name.split("/")[1], root)).splitlines(), set()
        spans = region_spans(text, source)
        return text.splitlines(), {number for _, start, end in spans for number in range(start, end)}
    except errors.Usage as error:
        raise Fault(str(error)) from None


def region_spans(text, name):
    """(Region, first line, last line + 1) of each region of an annotated text, its markers included; 0-based."""
    lines, found = text.splitlines(), []
    for region in generate.regions(text, name):
        start = region.line - 1
        found.append((region, start, next(n for n in range(start, len(lines)) if "END SOLUTION" in lines[n]) + 1))
    return found


def _between(name, lines, wanted):
    """The lines from the one that holds the first text to the next that holds the last, both included."""
    quoted = re.fullmatch(r'"([^"]+)"(?:\.\."([^"]+)")?', wanted)
    if not quoted:
        raise Fault(f'{wanted}: write #symbol or #"first text".."last text"')
    first = [number for number, line in enumerate(lines) if quoted[1] in line]
    if len(first) != 1:
        raise Fault(f'"{quoted[1]}" is in {len(first)} lines of {name}; it has to be in one')
    last = [n for n in range(first[0], len(lines)) if (quoted[2] or quoted[1]) in lines[n]]
    if not last:
        raise Fault(f'no line of {name} after "{quoted[1]}" has "{quoted[2]}"')
    return first[0], last[0] + 1


def _symbol(name, lines, wanted):
    """The declarations in which a C file declares a symbol, with the comment above them."""
    parts = csource.parts("\n".join(lines) + "\n")
    found = [part for part in parts if wanted in part.names] or \
        [part for part in parts if {f"{kind} {wanted}" for kind in ("struct", "union", "enum")} & set(part.names)]
    if len(found) != 1:
        often = "nowhere" if not found else "in lines " + ", ".join(str(part.start + 1) for part in found)
        raise Fault(f"{wanted} is declared {often} in {name}" + ('; write #"first text".."last text"' if found else ""))
    return found[0].start, found[0].end


def _console_problems(page):
    """Every console block says how it is run, and is one that can be."""
    from . import transcripts
    return transcripts.read(page)[1]


def _link_problems(page):
    problems = []
    for link in page.links:
        try:
            _check_link(page, link)
        except Fault as fault:
            problems.append(Problem(page.name, link.line + 1, str(fault)))
    return problems


def _check_link(page, link):
    if link.image and not link.text.strip():
        raise Fault(f"the image {link.target} has no text for those who cannot see it: ![what it shows]({link.target})")
    if re.match(r"[a-z][a-z0-9+.-]*:|//", link.target, re.I):
        if link.image:
            raise Fault(f"the image {link.target} lies on another host; put it beside the page")
        return
    if link.text is None:
        raise Fault(f"write the link where it stands: [text]({link.target})")
    name, _, anchor = urllib.parse.unquote(link.target).partition("#")
    target = resolve(page, link.target)
    if target is None:
        raise Fault(f"{link.target} leads out of the repository")
    path = page.root / target
    if name and (not path.exists() or target.split("/")[0] in ("build", "dist")):
        raise Fault(f"{link.target}: there is no {target}")
    if link.image:
        _check_image(path, target)
    if anchor:
        _check_anchor(page, path, target, anchor)


def _check_image(path, target):
    if path.suffix not in IMAGES:
        raise Fault(f"{target} is no image of a kind we use ({', '.join(IMAGES)})")
    if path.suffix == ".svg":
        try:
            tree = xml.etree.ElementTree.parse(path)
        except xml.etree.ElementTree.ParseError as error:
            raise Fault(f"{target} is not well-formed: {error}") from None
        for element in tree.iter():
            follows = [value for name, value in element.attrib.items() if name.endswith("href") and value[:1] != "#"]
            styles = " ".join((*element.attrib.values(), element.text or ""))
            if follows or re.search(r"url\(\s*['\"]?(?:\w+:|//)|@import", styles):
                raise Fault(f"{target} loads something from elsewhere")


def _check_anchor(page, path, target, anchor):
    if path.suffix == ".md":
        anchors = page.anchors if target == page.name else Page(path, page.root).anchors
        if anchor not in anchors:
            raise Fault(f"no heading of {target} has the anchor #{anchor}")
    elif re.fullmatch(r"kernel/include/exo/\w+\.h", target):
        if anchor not in header_anchors(path.read_text(encoding="utf-8")):
            raise Fault(f"{target} declares no {anchor}")
    else:
        raise Fault(f"#{anchor}: only pages and contract headers have anchors")


def header_anchors(text):
    """The names that a link into a contract header may end in: whatever it declares, tags with their last word."""
    return {name.split()[-1] for part in csource.parts(text) for name in part.names}


def resolve(page, target):
    """The path from the root that a relative link of the page leads to ("labs/guide/arm.md"), or None if outside."""
    name = urllib.parse.unquote(target).partition("#")[0]
    steps = [] if not name else page.name.split("/")[:-1]
    for step in (name or page.name).split("/"):
        if step == "..":
            if not steps:
                return None
            steps.pop()
        elif step not in (".", ""):
            steps.append(step)
    return None if name.startswith("/") else "/".join(steps)
