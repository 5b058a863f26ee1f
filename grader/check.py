"""The verb `check`: judges a lab of the student's, or one that was handed in, shows and writes the report.

Exit code 0 full marks, 1 marks missing, 2 the grader could not judge; then there is no report left that could be taken
for one.
"""
import fcntl
import hashlib
import os
import shutil
import sys
from argparse import Namespace
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Iterator, Mapping

from grader import boots, labs, result, submission, terminal, writers
from grader.errors import GraderError, Usage
from grader.judge import judge
from grader.paths import BUILD, ROOT
from grader.result import visible

SUBMISSION = "submission"       # what the tree of what was handed in is called in its report


def configure(parser) -> None:
    boots.arguments(parser)
    parser.add_argument("--submission", metavar="PATH", help="judge what was handed in: a folder or an archive")
    parser.add_argument("--part", metavar="PART", help="that part's checks alone, of a lab that has parts: a")
    parser.add_argument("--first", action="store_true", help="stop at the first check that does not pass")
    for name in writers.WRITERS:
        parser.add_argument(f"--{name}", metavar="FILE", help=f"write the report there too, as {name}; - is stdout")
    parser.add_argument("--debug", action="store_true", help="show the traceback of a check that is itself broken")


def main(args) -> int:
    """Judge, show the report, write it; the exit code is the report's."""
    if args.submission and args.src != "starter":
        raise Usage("say --submission PATH (SUBMISSION=) or --src TREE (SRC=), not both")
    files = {name: path for name in writers.WRITERS if (path := getattr(args, name))}
    if args.within and args.submission:
        raise Usage("IN= is for a tree's labs; what was handed in is judged in its own lab's kernel")
    if args.within and not args.lab:
        if files or args.check:
            raise Usage(f"say LAB= too: IN={args.within} alone judges every earlier lab")
        last = labs.find(args.within)
        earlier = [lab.name for lab in labs.every() if lab.number < last.number]
        return max((main(Namespace(**vars(args) | {"lab": name})) for name in earlier), default=0)
    if list(files.values()).count("-") > 1:
        raise Usage("only one report can go to stdout (-)")
    seed, debug = boots.asked_seed(args.seed), args.debug or bool(os.environ.get("EXOLAB_DEBUG"))
    with _submitted(args) if args.submission else nullcontext((boots.kernel(args), (), {})) as (kernel, notes, names):
        with _fresh(files):
            report = judge(kernel, args.check, seed, args.first, debug, args.part)
            report = result.renamed(replace(report, notes=notes + report.notes), names)
            for note in report.notes if args.submission else ():
                print(f"exolab: {note}", file=sys.stderr)
            if "-" not in files.values():
                terminal.show(report)
            for name, path in files.items():
                _write(path, writers.WRITERS[name](report))
    return report.exit_code


@contextmanager
def _submitted(args) -> Iterator[tuple[labs.Kernel, tuple[str, ...], dict[str, str]]]:
    """The kernel of what was handed in, what has to be said of that, and what its files' paths are called in reports.

    Its earlier labs are the reference's, unless --prior says otherwise.
    """
    lab, source = labs.find(args.lab), Path(args.submission).absolute()
    if not source.exists():
        raise Usage(f"SUBMISSION={args.submission}: there is no such file or folder")
    tree = BUILD / "submissions" / hashlib.sha256(os.fsencode(source)).hexdigest()[:12]
    tree.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{tree}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)        # one at a time: another would take the files away
        shutil.rmtree(tree, ignore_errors=True)
        tree.mkdir()
        taken = submission.take(source, lab, tree)
        (taken.tree / lab.name).mkdir(exist_ok=True)
        src = str(taken.tree.relative_to(ROOT) if taken.tree.is_relative_to(ROOT) else taken.tree)
        notes = taken.refused
        if taken.missing:
            notes += (f"Not handed in: {', '.join(taken.missing)}.",)
        names = {f" SRC={src}": "", src: SUBMISSION, f"build/{taken.tree.relative_to(BUILD)}": SUBMISSION}
        yield labs.compose(lab, src, labs.priors(args.prior)), notes, names


@contextmanager
def _fresh(files: Mapping[str, str]) -> Iterator[None]:
    """Reports of an earlier run are gone before this one begins, and none is left of one that could not judge."""
    paths = [Path(path) for path in files.values() if path != "-"]
    for path in paths:
        path.write_bytes(b"")
    try:
        yield
    except BaseException as error:
        for path in paths:
            if path.is_file():
                path.unlink()
        if "gradescope" in files and isinstance(error, (GraderError, OSError)):
            words = f"No score: the grader could not judge. {visible(str(error))}\n"
            _write(files["gradescope"], writers.unjudged(words))
        raise


def _write(path: str, text: str) -> None:
    if path == "-":
        sys.stdout.write(text)
    else:
        Path(path).write_text(text, "utf-8", "backslashreplace")
