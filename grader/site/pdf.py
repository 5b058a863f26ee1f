"""Each handout, the handbook and the syllabus as a PDF in dist/pdf: pandoc turns pages into HTML, weasyprint sets it.

A PDF holds what its pages hold; links within it work, those to the rest of the course are their words alone. The same
pages make the same bytes.
"""
import functools
import hashlib
import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .. import docs, errors
from . import stage

STYLE = Path(__file__).parent / "static" / "print.css"
EPOCH = "1735689600"    # the date that every PDF bears, in seconds since 1970


def build(root, out, work, kept=None):
    """Sets the PDFs of the course below `root` into the folder `out`, by way of the folder `work`.

    The folder `kept`, if one is given, keeps each PDF under the hash of what it was made of, and gives it back.
    Returns the files' names. Raises errors.GraderError with pandoc's or weasyprint's own words.
    """
    out, work = Path(out), Path(work)
    shutil.rmtree(work, ignore_errors=True)
    (work / "made").mkdir(parents=True)
    found = [docs.Page(path, root) for path in docs.pages(root)]
    books = {page.lab: [page] for page in found if page.lab}
    books |= {"guide": stage.handbook(found), "syllabus": [page for page in found if page.name == "syllabus.md"]}
    books = {name: pages for name, pages in books.items() if pages}
    # The work is done in other processes; what takes longest begins first.
    longest = sorted(books, key=lambda name: -sum(len(page.text) for page in books[name]))
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        list(pool.map(lambda name: _set(name, books[name], work, kept), longest))
    out.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(out, ignore_errors=True)
    shutil.move(work / "made", out)
    return [f"{name}.pdf" for name in books]


def _set(name, pages, work, kept):
    """Sets pages as one PDF, the first one's title its title, those of the others chapters."""
    here = (work / stage.place(pages[0].name)).with_suffix(".md")
    here.parent.mkdir(parents=True, exist_ok=True)
    anchors = _anchors(pages)
    here.write_text("\n".join(_text(page, page is not pages[0], work, anchors) for page in pages), encoding="utf-8")
    pandoc = subprocess.run(["pandoc", "--from=gfm-smart", "--to=html5", "--standalone", "--shift-heading-level-by=-1",
                             "--toc", "--toc-depth=2", "--highlight-style=pygments", f"--css={STYLE}",
                             "--metadata=lang:en", here.name], cwd=here.parent, text=True, capture_output=True)
    if pandoc.returncode:
        raise errors.GraderError(f"{pages[0].name}: pandoc: {pandoc.stderr.strip()}")
    html = here.with_suffix(".html")
    html.write_text(pandoc.stdout, encoding="utf-8")
    made = work / "made" / f"{name}.pdf"
    again = Path(kept) / f"{_hash(name, html)}.pdf" if kept else None
    if again and again.is_file():
        shutil.copyfile(again, made)
        return
    weasyprint = subprocess.run(["weasyprint", "--pdf-identifier", name, html, made], text=True, capture_output=True,
                                env=os.environ | {"SOURCE_DATE_EPOCH": EPOCH, "TZ": "UTC", "PYTHONHASHSEED": "0"})
    # An error is a dead link or a lost image.
    wrong = [line for line in weasyprint.stderr.splitlines() if line.startswith("ERROR")]
    if wrong or weasyprint.returncode or not made.is_file():
        raise errors.GraderError(f"{pages[0].name}: weasyprint: " + "; ".join(wrong or [weasyprint.stderr.strip()]))
    if again:
        again.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(made, new := work / f"{name}.new")
        shutil.move(new, again)


def _hash(name, html):
    """The hash of all that a PDF is made of: the HTML and its images, the style, the program."""
    text = html.read_text("utf-8")
    images = [html.parent / image for image in sorted(set(re.findall(r'(?:src|data)="([^":]+)"', text)))]
    parts = [name, text, _program(), *(path.read_bytes() for path in (STYLE, *images))]
    return hashlib.sha256(b"\0".join(part.encode() if isinstance(part, str) else part for part in parts)).hexdigest()


@functools.cache
def _program():
    """What weasyprint says that it is."""
    return subprocess.run(["weasyprint", "--info"], text=True, capture_output=True).stdout


def _anchors(pages):
    """The anchors of headings where pages are one text, as stage.staged_text() takes them; its title has none."""
    headings = [(page, block) for page in pages for block in page.blocks if block.kind == "heading"]
    every = iter(docs.unique_slugs(block.text for _, block in headings))
    anchors = {}
    for page in pages:
        for own in page.anchors:
            anchors[page.name, own] = next(every)
            anchors.setdefault((page.name, ""), anchors[page.name, own])
    anchors.pop((pages[0].name, ""), None)
    return anchors


def _text(page, lower, work, anchors):
    """A page's text as pandoc is to have it, its headings one level lower where it is a chapter."""
    lines = stage.staged_text(page, {}, work, anchors).split("\n")
    for block in page.blocks if lower else ():
        if block.kind == "heading":
            lines[block.start] = "#" + lines[block.start]
    return "\n".join(lines)
