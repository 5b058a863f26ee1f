"""What is written of a class: a page for it, and for each student a report as text, as HTML and as JSON.

Pages are whole in themselves: no script, nothing loaded from anywhere, dark where the reader's system is.
"""
import re
from pathlib import Path
from urllib.parse import quote

from grader import labs, result, terminal
from grader.classes import cache, gradebook
from grader.classes.gradebook import Row

STEPS = 10              # bars of the distribution


def write(out: Path, lab: labs.Lab, title: str, rows: list[Row], alike: list[tuple[int, str, str]],
          notes: list[str]) -> None:
    """Write gradebook.csv, index.html and students/* into `out`; a file of a student who is no longer there goes."""
    students = out / "students"
    students.mkdir(parents=True, exist_ok=True)
    templates = _templates()
    written = set()
    for row in rows:
        texts = {"txt": _text(lab, title, row), "json": _json(row),
                 "html": templates.get_template("student.html").render(
                     title=title, lab=lab, row=row, said=_said(lab, title, row), report=_shown(row))}
        for kind, text in texts.items():
            file = students / f"{row.student}.{kind}"
            cache.put(file, text)
            written.add(file.name)
    for file in students.iterdir():
        if file.name not in written:
            file.unlink()
    cache.put(out / "gradebook.csv", gradebook.table(rows))
    cache.put(out / "index.html", templates.get_template("class.html").render(
        title=title, lab=lab, rows=rows, notes=notes, alike=alike, clusters=gradebook.clusters(rows), bars=_bars(rows),
        checks=_checks(rows), steps=_steps(lab, rows), integrated=any(row.integrated is not None for row in rows)))


def _templates():
    import jinja2
    found = jinja2.Environment(loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True,
                               trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    found.filters |= {"verdict": terminal.verdict, "file": quote, "kind": _kind}
    return found


def _shown(row: Row) -> result.Report | None:
    return None if row.report is None else result.for_students(row.report)


def _said(lab: labs.Lab, title: str, row: Row) -> str:
    """The report as the terminal shows it, behind its table."""
    report = _shown(row)
    if report is None:
        return ""
    first = report.first
    said = terminal.plain(terminal.total(report))
    if first is not None and not first.hidden:
        said += "\n" + terminal.plain(terminal.explanation(first))
    return said


def _text(lab: labs.Lab, title: str, row: Row) -> str:
    report = _shown(row)
    if report is None:
        words = "No score: a person has to look at it." if row.trouble else f"0 points: {row.state}."
        body = f"Lab {lab.name}: {title}\n\n{words}\n"
    else:
        body = terminal.text(report)
    return body + "".join(f"\n{note}\n" for note in row.notes)


def _json(row: Row) -> str:
    return "{}\n" if row.report is None else result.to_json(result.for_students(row.report))


def _kind(check: result.Outcome) -> str:
    """The class of a verdict in the style sheet."""
    if check.verdict != "fail":
        return check.verdict.replace(" ", "-")
    return check.reason.replace(" ", "-") if check.reason in terminal.CALM else "fail"


def _bars(rows: list[Row]) -> list[tuple[str, int, int]]:
    """The distribution of scores: (from-to, how many, percent of the longest bar)."""
    points = sum(check.points for check in gradebook.checks(rows))
    scores = [row.score for row in rows if row.score is not None]
    if not points or not scores:
        return []
    counts = [0] * (STEPS + 1)      # full marks have a bar of their own
    for score in scores:
        counts[score * STEPS // points] += 1
    edges = [-(-points * step // STEPS) for step in range(STEPS + 1)]
    names = [f"{low}–{high - 1}" if high - 1 > low else str(low) for low, high in zip(edges, edges[1:])]
    return [(name, count, 100 * count // max(counts)) for name, count in zip((*names, str(points)), counts)]


def _checks(rows: list[Row]) -> list[dict]:
    """Each check: how many passed it, failed, have not attempted it, wait for another."""
    table = []
    reports = [row.report for row in rows if row.report is not None]
    for check in gradebook.checks(rows):
        every = [each for report in reports for each in report.checks if each.name == check.name]
        kinds = [_kind(each) for each in every]
        table.append({"check": check, "passed": kinds.count("pass"), "failed": kinds.count("fail"),
                      "untried": kinds.count("not-attempted"), "waits": kinds.count("waits") + kinds.count("blocked"),
                      "people": kinds.count("grader-error"), "of": len(every) or 1})
    return table


def _steps(lab: labs.Lab, rows: list[Row]) -> list[tuple[labs.Step, list[str]]]:
    """Each step, and who has not attempted it: its first TODO still stands."""
    table = []
    for step in lab.steps:
        untried = [row.student for row in rows if (not row.trouble if row.report is None else any(
            check.step == step.id and check.reason == "not attempted" for check in row.report.checks))]
        table.append((step, untried))
    return table
