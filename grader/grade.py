"""The verb `grade`: a class. Each entry of a folder is taken, judged once, and reported; of all comes one gradebook.

It can be killed at any moment and started again: what was judged stays judged (classes/cache.py). A gradebook is kept
with what it was made by; where checks, tools or options have changed since, only REGRADE=1 makes it anew, and says what
changed. Lab N is scored on the reference's earlier labs; how it does on the student's own, where they are handed in
too, stands beside the score.
"""
import json
import os
import re
import shutil
import sys
from pathlib import Path

from grader import boots, labs, params, result, terminal
from grader.classes import cache, gradebook, pages, roster, run, similarity
from grader.errors import Usage
from grader.paths import BUILD, DIST, ROOT

MADE_BY = "class.json"          # beside the gradebook: the lab, the options and the course it was made by
KEPT = "gradebook.before.csv"   # what a regrading replaced
TOLD = 5                        # checks that are named of those that go otherwise with a student's own earlier labs


def configure(parser) -> None:
    parser.add_argument("lab", nargs="?", default="", help="1, boot or 1-boot")
    parser.add_argument("--submissions", metavar="DIR", default="", help="a folder: each entry is a student's")
    parser.add_argument("--part", metavar="PART", help="that part's checks alone, of a lab that has parts: a")
    parser.add_argument("--seed", metavar="N", help="draw inputs from this number; any: one, once for the class")
    parser.add_argument("--at", metavar="DATE", help="of repositories the last commit before: 2027-02-01T23:59+0100")
    parser.add_argument("--out", metavar="DIR", help="where to write (default: dist/grades/1-boot)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many are judged at a time")
    parser.add_argument("--regrade", action="store_true", help="with what judges now; say which scores change, and why")


def main(args) -> int:
    """Grade, write, say where; 0 all are judged, 2 some need a person."""
    lab = labs.find(args.lab)
    lab.steps_of(args.part)
    if not args.submissions:
        raise Usage("say whose: make grade LAB=1 SUBMISSIONS=folder, where each student is a folder, an archive or a "
                    "git repository")
    if args.at and not re.fullmatch(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?([+-]\d{4}|Z)?)?", args.at):
        raise Usage(f"AT={args.at}: write a date as 2027-02-01T23:59:59+0100")
    entries = roster.read(Path(args.submissions))
    out = Path(args.out) if args.out else DIST / "grades" / (lab.name + (f"-{args.part}" if args.part else ""))
    before = _before(out)
    made_by = {"lab": lab.name, "part": args.part, "seed": _seed(args.seed, before), "at": args.at,
               "course": cache.course(lab)}
    changed = [name for name in made_by if before and before.get(name) != made_by[name]]
    if changed and not args.regrade:
        raise Usage(f"{out} was made with another {' and '.join(changed)}, so nothing was graded; say REGRADE=1 to see "
                    "which scores change, or OUT=folder for a gradebook beside it")
    rows, handed = _judged(entries, lab, made_by, max(1, args.jobs))
    title = lab.title + (f", part {args.part}" if args.part else "")
    notes, alike = _alike(rows, handed, lab)
    if made_by["seed"] is not None:
        notes.append(f"Inputs were drawn from seed {made_by['seed']}.")
    if args.regrade and before:
        _regraded(out, rows)
    pages.write(out, lab, title, rows, alike, notes)
    _keep(out, rows)
    cache.put(out / MADE_BY, json.dumps(made_by, indent=2, sort_keys=True) + "\n")
    return _summed_up(out, rows)


def _before(out: Path) -> dict:
    try:
        return json.loads((out / MADE_BY).read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        raise Usage(f"{out / MADE_BY} is broken; move it away to grade anew") from None


def _seed(asked: str | None, before: dict) -> int | None:
    """The class's seed: what was asked for; for "any" the one that was drawn for this gradebook, or a fresh one."""
    if asked == "any" or asked is None and before:
        return before["seed"] if before.get("seed") is not None else params.fresh_seed() if asked else None
    return boots.asked_seed(asked)


def _judged(entries: list[roster.Entry], lab: labs.Lab, made_by: dict, jobs: int):
    """The class's rows, in order, and what was handed in (content -> files); who was judged before is not once more."""
    options = [f"--part={made_by['part']}"] * bool(made_by["part"])
    options += [f"--seed={made_by['seed']}"] * (made_by["seed"] is not None)
    scratch = BUILD / "class" / f"taking-{os.getpid()}"
    try:
        every = [run.take(entry, lab, made_by["at"], scratch) for entry in entries]
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    works = [work for work in (*(each.work for each in every), *(each.whole for each in every)) if work]
    contents = {work.content: work for work in works}
    keys = {content: cache.key(content, made_by["course"], options) for content in contents}
    found = {content: run.Judged(report) for content in contents if (report := cache.find(keys[content])) is not None}
    todo = {content: work for content, work in contents.items() if content not in found}
    with _progress(len(contents), len(found)) as told:
        def done(content: str, judged: run.Judged) -> None:
            if judged.report and result.from_json(judged.report).score is not None:     # else it is tried again
                cache.keep(keys[content], judged.report)
            found[content] = judged
            told()
        if todo:
            run.every(todo, lab, options, min(jobs, len(todo)), done)
    rows = []
    for each in every:
        judged = found[each.work.content] if each.work else run.Judged("", each.trouble)
        report = result.from_json(judged.report) if judged.report else None
        integrated, said = _integrated(each.whole, found, report) if each.whole else (None, ())
        rows.append(gradebook.Row(each.student, each.work.content if each.work else "", report,
                                  (report.notes if report else ()) + each.notes + said, judged.trouble, integrated))
    return rows, {each.work.content: each.work.files for each in every if each.work}


def _integrated(whole: run.Work, found: dict[str, run.Judged], official: result.Report | None):
    """What a lab earns with its student's own earlier labs in the place of the reference's: (points or None, notes)."""
    judged = found[whole.content]
    report = result.from_json(judged.report) if judged.report else None
    own = f"With its own {' and '.join(whole.earlier)} in the place of the reference's"
    if report is None or report.score is None:
        return None, (f"{own}: {judged.trouble or 'the grader could not judge every check.'}",)
    before = {check.name: check.score for check in official.checks} if official else {}
    other = [f"{check.name} {_briefly(check)}" for check in report.checks
             if before.get(check.name) != check.score and not check.hidden]
    told = "; ".join(other[:TOLD] + [f"{len(other) - TOLD} more"] * (len(other) > TOLD))
    return report.score, (f"{own}: {report.score} of {report.points} points" + f" ({told})" * bool(told) + ".",)


def _briefly(check: result.Outcome) -> str:
    """A verdict without places, which are the grader's own where it judged."""
    return terminal.verdict(check) if check.reason == "blocked" else check.reason or check.verdict


def _alike(rows: list[gradebook.Row], handed: dict, lab: labs.Lab) -> tuple[list[str], list[tuple[int, str, str]]]:
    """Notes, and pairs of students whose work is alike: (percent, one, other)."""
    by_content: dict[str, list[str]] = {}
    for row in rows:
        if row.content:
            by_content.setdefault(row.content, []).append(row.student)
    alike = [(100, students[0], other) for students in by_content.values() for other in students[1:]]
    why = similarity.missing()
    if why:
        return [f"Who may have copied was not looked at: {why}."], alike
    return [], alike + [(percent, by_content[one][0], by_content[other][0])
                        for percent, one, other in similarity.pairs(handed, lab)]


def _regraded(out: Path, rows: list[gradebook.Row]) -> None:
    """Say what the new rows change of those that were kept, on stdout and in regrade.txt; the old table is kept."""
    lines = gradebook.changes(_kept(out), rows) or ["No score has changed."]
    print("\n".join(lines))
    cache.put(out / "regrade.txt", "\n".join(lines) + "\n")
    if (out / "gradebook.csv").is_file():
        cache.put(out / KEPT, (out / "gradebook.csv").read_text("utf-8"))


def _keep(out: Path, rows: list[gradebook.Row]) -> None:
    """For a regrading: whose reports these are, whole, hidden checks included; for instructors alone."""
    data = [{"student": row.student, "content": row.content, "trouble": row.trouble, "notes": row.notes,
             "report": result.to_json(row.report) if row.report else ""} for row in rows]
    cache.put(out / "reports.json", json.dumps(data, indent=1, ensure_ascii=False) + "\n")


def _kept(out: Path) -> list[gradebook.Row]:
    data = json.loads((out / "reports.json").read_text("utf-8"))
    reports = [result.from_json(each["report"]) if each["report"] else None for each in data]
    return [gradebook.Row(each["student"], each["content"], report, tuple(each["notes"]), each["trouble"])
            for each, report in zip(data, reports)]


def _summed_up(out: Path, rows: list[gradebook.Row]) -> int:
    left = [row.student for row in rows if row.score is None]
    where = os.path.relpath(out) if out.is_relative_to(ROOT) else out
    print(f"{len(rows)} students, {len(rows) - len(left)} with a score: {where}/index.html, gradebook.csv")
    if left:
        print(f"exolab: for a person to look at: {', '.join(left)}", file=sys.stderr)
    return 2 if left else 0


class _progress:
    """How far it is, on a terminal; elsewhere nothing."""

    def __init__(self, of: int, known: int):
        self.of, self.known = of, known

    def __enter__(self):
        self.bar = None
        if sys.stdout.isatty():
            from rich.progress import Progress
            self.bar = Progress(transient=True)
            self.bar.start()
            self.task = self.bar.add_task(f"{self.known} known already", total=self.of, completed=self.known)
        return lambda: self.bar and self.bar.advance(self.task)

    def __exit__(self, *_):
        if self.bar:
            self.bar.stop()
