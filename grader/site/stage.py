"""Gathers the pages of the site below build/, each still line for line what it is in the tree, and has Sphinx build it.

Only what PLACES names, the images those pages show and the pages written from the contract headers get there; a link to
anything else of the repository becomes text. Two builds of one tree are identical, byte for byte.
"""
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from .. import docs, errors
from . import headers

HERE = Path(__file__).resolve().parent
HEADERS = {name: f"kernel/include/{name}" for name in docs.CONTRACTS}
INDICES = tuple(f"{name}/index.md" for name in docs.CONTRACTS)
PLACES = (                                          # a page's name in the tree -> its name in the site
    (r"README\.md", "index.md"),
    (r"syllabus\.md", "syllabus.md"),
    (r"labs/guide/README\.md", "guide/index.md"),
    (r"labs/guide/(.+)\.md", r"guide/\1.md"),
    (r"labs/(.+)/README\.md", r"\1/index.md"),
    (r"grader/README\.md", "grader.md"),
)


def place(name):
    """Where a file of the tree stands in the site ("1-boot/index.md"), or None if it has no page there."""
    for pattern, where in PLACES:
        if re.fullmatch(pattern, name):
            return re.sub(pattern, where, name)
    header = re.fullmatch(rf"kernel/include/({docs.HEADER})", name)
    return f"{header[1].removesuffix('.h')}.md" if header else None


def build(root, out, work):
    """Builds the site of the tree below root into `out`, by way of the folder `work`.

    Returns the number of pages. Raises errors.GraderError with Sphinx's own words, files named as in the tree.
    """
    out, work = Path(out), Path(work)
    shutil.rmtree(work, ignore_errors=True)
    staged = stage(Path(root), work / "pages")
    made = work / "html"
    same = {"SOURCE_DATE_EPOCH": "1735689600", "PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8", "TZ": "UTC",
            "PYTHONDONTWRITEBYTECODE": "1"}
    sphinx = subprocess.run([sys.executable, "-m", "sphinx", "-b", "html", "-q", "-E", "-W", "--keep-going", "-n",
                             "-c", str(HERE), "-d", str(work / "doctrees"), str(work / "pages"), str(made)],
                            env=os.environ | same, text=True, capture_output=True)
    if sphinx.returncode:
        said = sphinx.stderr or sphinx.stdout
        for page, name in staged.items():
            said = said.replace(str(work / "pages" / page), name if name.endswith(".md") else f"the page of {name}")
        raise errors.GraderError("the site was not built:\n" + said.strip())
    for scrap in (".buildinfo", "objects.inv"):
        (made / scrap).unlink(missing_ok=True)
    make_whole(made / "_static")
    if elsewhere := strangers(made):
        raise errors.GraderError("the site would load what is not in it:\n" + "\n".join(elsewhere))
    out.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(out, ignore_errors=True)
    shutil.move(made, out)
    return len(staged)


def make_whole(static):
    """Mends the theme where a distribution left it in pieces, as Debian does: a module that is loaded as a plain script
    is joined with what it imports, a style sheet imported from the server's /javascript is put in its place, and the
    dark colours, which its compiler kept for those who ask for them by hand, follow the system's wish again."""
    script = static / "scripts" / "furo.js"
    text = script.read_text(encoding="utf-8")
    if found := re.match(r'import \w+ from "\./([\w.-]+)";\n', text):
        script.write_text((script.parent / found[1]).read_text(encoding="utf-8") + text[found.end():], encoding="utf-8")
        (script.parent / found[1]).unlink()
    style = static / "styles" / "furo.css"
    text = style.read_text(encoding="utf-8")
    dark = re.search(r'body\[data-theme="dark"\] (\{[^{}]*\})', text)
    if dark and "prefers-color-scheme" not in text:
        text += f'@media screen and (prefers-color-scheme: dark) {{ body:not([data-theme="light"]) {dark[1]} }}\n'
    if found := re.match(r"@import url\((/javascript/[\w./-]+)\);\n?", text):
        imported = Path("/usr/share" + found[1])
        before = imported.read_text(encoding="utf-8") if imported.exists() else ""
        text = before + text[found.end():]
    style.write_text(text, encoding="utf-8")


def strangers(site):
    """What the pages, styles and scripts of a site load from outside it: lines "file: what"; [] is how it has to be."""
    outside = r"""["']?\s*((?:https?:|file:)?/[^"')\s]*)"""
    style = re.compile(r"(?:@import\s+(?:url\()?|url\()\s*" + outside)
    tag = re.compile(r"<(?:script|img|image|use|link|iframe|source|object)\b[^>]*?"
                     r"\s(?:src|(?:xlink:)?href|data)=" + outside)
    module = re.compile(r"^import\b.*?([\"'][^\"'\n]*[\"'])", re.M)
    looks = {".html": (tag, style), ".svg": (tag, style), ".css": (style,), ".js": (module,)}
    return [f"{path.relative_to(site).as_posix()}: {found[1]}" for path in sorted(site.rglob("*"))
            for look in looks.get(path.suffix, ()) for found in look.finditer(path.read_text(encoding="utf-8"))]


def stage(root, into):
    """Writes the site's sources; returns {page in the site: the file in the tree that it was made from}."""
    found = [docs.Page(path, root) for path in docs.pages(root)]
    staged = {place(page.name): page.name for page in found}
    written = {f"{folder}/{stem}": text for folder, where in HEADERS.items()
               for stem, text in headers.pages(root / where).items()}
    staged |= {f"{name}.md": f"kernel/include/{name}.h" for name in written if not name.endswith("/index")}
    texts = {place(page.name): staged_text(page, staged, into) for page in found}
    texts |= {f"{name}.md": text for name, text in written.items()}
    texts.setdefault("index.md", "# exolab\n")
    for name, text in texts.items():
        path = into / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + _contents(name, texts, found), encoding="utf-8")
    return {name: staged.get(name, HEADERS["exo"]) for name in texts}


def staged_text(page, staged, into, anchors={}):
    """A page's text for the site: the tool's comments blank, links leading to where things are there.

    `anchors` are those of what is one text with the page: {(page in the tree, anchor in it or ""): anchor}.
    """
    text, here = page.text, place(page.name)
    for link in sorted(page.links, key=lambda link: link.span, reverse=True):
        if link.text is None or re.match(r"[a-z][a-z0-9+.-]*:|//", link.target, re.I):
            continue
        start, end = link.span
        if within := anchors.get((docs.resolve(page, link.target), link.target.partition("#")[2])):
            text = f"{text[:start]}[{link.text}](#{within}){text[end:]}"
        elif not link.target.startswith("#"):
            text = text[:start] + _link(page, link, here, staged, into) + text[end:]
    lines = text.splitlines()
    for block in page.blocks:
        if block.kind == "comment":
            lines[block.start:block.end] = [""] * (block.end - block.start)
    return "\n".join(lines) + "\n"


def _link(page, link, here, staged, into):
    target, (_, _, anchor) = docs.resolve(page, link.target), link.target.partition("#")
    if link.image:
        copy = into / target
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(page.root / target, copy)
        return f"![{link.text}]({_relative(target, here)})"
    where = next((place(name) for name in (target, f"{target}/README.md") if place(name) in staged), None)
    if where is None:
        shown = link.text if "`" in link.text or link.text.strip("/") == target else None
        return shown or f"{link.text} (`{target}`)"
    if anchor and where.partition("/")[0] in docs.CONTRACTS:
        anchor = headers.anchors((page.root / target).read_text(encoding="utf-8")).get(anchor, "")
    return f"[{link.text}]({_relative(where, here)}{'#' + anchor if anchor else ''})"


def _relative(target, here):
    return os.path.relpath(target, os.path.dirname(here) or ".")


def handbook(found):
    """The handbook's pages of those of the course: its first one, then in the order in which that names them."""
    index = [page for page in found if page.name == "labs/guide/README.md"]
    named = [docs.resolve(page, link.target) for page in index for link in page.links]
    others = [page for page in found if page.name.startswith("labs/guide/") and page not in index]
    return index + sorted(others, key=lambda page: named.index(page.name) if page.name in named else len(named))


def _contents(name, texts, found):
    """What the page `name` adds to the table of contents at the side."""
    if name == "index.md":
        labs = [page for page in texts if re.match(r"\d+-", page)]
        parts = {"Labs": labs, "Handbook": ["guide/index.md"], "Course": ["syllabus.md"],
                 "Reference": [*INDICES], "Maintainers": ["grader.md"]}
    elif name == "guide/index.md":
        parts = {"": [place(page.name) for page in handbook(found)[1:]]}
    elif name in INDICES:
        parts = {"": [page for page in texts if page.startswith(name.removesuffix("index.md")) and page != name]}
    else:
        return ""
    out = ""
    for caption, pages in parts.items():
        there = [_relative(page, name) for page in pages if page in texts]
        if there:
            said = [f":caption: {caption}"] if caption else []
            out += "\n".join(["", "```{toctree}", ":hidden:", *said, *there, "```", ""])
    return out
