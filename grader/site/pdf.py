"""A lab's handout as a PDF, dist/pdf/N-name.pdf: pandoc turns the page into HTML, weasyprint sets it.

It holds what the page holds; links within it work, those to the rest of the course are their words alone. The same page makes the
same bytes.
"""
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .. import docs, errors
from . import stage

STYLE = Path(__file__).parent / "static" / "print.css"
EPOCH = "1735689600"    # the date that every PDF bears, in seconds since 1970


def build(root, out, work):
    """Sets the handout of each lab below `root` into the folder `out`, by way of the folder `work`.

    Returns the files' names. Raises errors.GraderError with pandoc's or weasyprint's own words.
    """
    out, work = Path(out), Path(work)
    shutil.rmtree(work, ignore_errors=True)
    (work / "made").mkdir(parents=True)
    pages = [page for page in (docs.Page(path, root) for path in docs.pages(root)) if page.lab]
    with ThreadPoolExecutor(2) as pool:     # the work is done in other processes
        made = list(pool.map(lambda page: _set(page, work), pages))
    out.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(out, ignore_errors=True)
    shutil.move(work / "made", out)
    return made


def _set(page, work):
    """Sets one page; its file's name."""
    here = work / stage.place(page.name)
    here.parent.mkdir(parents=True, exist_ok=True)
    here.write_text(stage.staged_text(page, {stage.place(page.name): page.name}, work), encoding="utf-8")
    pandoc = subprocess.run(["pandoc", "--from=gfm-smart", "--to=html5", "--standalone", "--shift-heading-level-by=-1",
                             "--toc", "--toc-depth=2", "--highlight-style=pygments", f"--css={STYLE}",
                             "--metadata=lang:en", here.name], cwd=here.parent, text=True, capture_output=True)
    if pandoc.returncode:
        raise errors.GraderError(f"{page.name}: pandoc: {pandoc.stderr.strip()}")
    html = here.with_suffix(".html")
    html.write_text(pandoc.stdout, encoding="utf-8")
    made = work / "made" / f"{page.lab}.pdf"
    weasyprint = subprocess.run(["weasyprint", "--pdf-identifier", page.lab, html, made], text=True, capture_output=True,
                                env=os.environ | {"SOURCE_DATE_EPOCH": EPOCH, "TZ": "UTC", "PYTHONHASHSEED": "0"})
    wrong = [line for line in weasyprint.stderr.splitlines() if line.startswith("ERROR")]   # a dead link, a lost image
    if wrong or weasyprint.returncode or not made.is_file():
        raise errors.GraderError(f"{page.name}: weasyprint: " + "; ".join(wrong or [weasyprint.stderr.strip()]))
    return made.name
