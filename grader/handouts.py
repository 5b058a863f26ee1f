"""`make handouts`: everything that is made from solutions/ and labs/ is made anew: starter/, pages, the site, the PDFs.

What is right already is left alone, byte for byte; each thing that was written is said in one line.
"""
from concurrent.futures import ThreadPoolExecutor
from tempfile import TemporaryDirectory

from grader import docs, paths, starter
from grader import transcripts as shown
from grader.site import pdf, stage


def configure(parser):
    parser.add_argument("--merge", action="store_true", help="merge into files of starter/ that were edited")
    parser.add_argument("--transcripts", action="store_true", help="run the pages' commands and write what they print")


def main(args):
    """0, or 1 where something is wrong in a page that only a person can mend; it is said by file and line."""
    problems = make(args.merge, args.transcripts)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


def make(merge=False, transcripts=False, root=paths.ROOT, out=None):
    """Makes everything of the tree below root, the site into `out` and the PDFs into pdf/ beside it.

    Prints what it wrote and returns what is wrong (docs.Problems). Raises errors.Usage where something cannot be made.
    """
    for line in starter.regenerate(merge, root).lines:
        print(line)
    pages = docs.pages(root)
    for page in pages:
        _say(page, root, docs.update(page, root), "rewritten")
    if transcripts:
        with ThreadPoolExecutor(2) as pool:
            for page, count in zip(pages, pool.map(lambda page: shown.update(page, root), pages)):
                _say(page, root, count, "run anew and rewritten")
    out = out or paths.DIST / "site"
    paths.BUILD.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="handouts-", dir=paths.BUILD) as work, ThreadPoolExecutor(2) as pool:
        site = pool.submit(stage.build, root, out, f"{work}/site")
        papers = pool.submit(pdf.build, root, out.with_name("pdf"), f"{work}/pdf", paths.BUILD / "pdf")
    print(f"{_where(out, root)}/index.html: the site, {site.result()} pages")
    print(f"{_where(out.with_name('pdf'), root)}/: {', '.join(papers.result())}")
    return [problem for page in pages for problem in docs.check(page, root)]


def _where(path, root):
    return path.relative_to(root) if path.is_relative_to(root) else path


def _say(page, root, count, what):
    if count:
        print(f"{page.relative_to(root).as_posix()}: {count} place{'s'[count == 1:]} {what}")
