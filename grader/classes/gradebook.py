"""What came of a class as plain data, and as tables: a row for each student; what failed alike; what regrading changed.

Everything is in the students' order and says nothing of the time or the machine: the same class gives the same bytes.
"""
import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass

from grader import terminal
from grader.result import Outcome, Report

FORMULA = ("=", "+", "-", "@", "\t", "\r")      # how a cell begins that a spreadsheet would compute


@dataclass(frozen=True)
class Row:
    student: str
    content: str                # of what was handed in; "" where nothing could be taken
    report: Report | None       # None where nobody judged it
    notes: tuple[str, ...]
    trouble: str = ""           # why a person has to look
    integrated: int | None = None   # points with the student's own earlier labs; None where that was not judged

    @property
    def score(self) -> int | None:
        """Points; None where nobody could judge, which is never a score. Nothing handed in is 0."""
        if self.report is None:
            return None if self.trouble else 0
        return self.report.score

    @property
    def state(self) -> str:
        if self.score is None:
            return "needs a person"
        return "graded" if self.report is not None else "nothing handed in"


@dataclass(frozen=True)
class Cluster:
    """Students whose first failure is the same."""
    check: str
    verdict: str                # in a few words
    heading: str                # what was to be seen, with numbers as #
    students: tuple[str, ...]


def checks(rows: Iterable[Row]) -> list[Outcome]:
    """The lab's checks as its reports have them, in order."""
    return list(next((row.report.checks for row in rows if row.report is not None), ()))


def table(rows: list[Row]) -> str:
    """gradebook.csv: a line for each student, with what each check earns; "integrated" where anybody's is known."""
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    names = [check.name for check in checks(rows)]
    points = sum(check.points for check in checks(rows))
    beside = ("integrated",) * any(row.integrated is not None for row in rows)
    lines.writerow(("student", "score", "points", *beside, "state", "submission", *names, "notes"))
    for row in rows:
        earned = {check.name: check.score for check in row.report.checks} if row.report else {}
        lines.writerow(map(_cell, (row.student, _number(row.score), points or "",
                                   *(_number(row.integrated) for _ in beside), row.state, row.content[:12],
                                   *(_number(earned.get(name)) for name in names),
                                   " ".join((*row.notes, *([row.trouble] if row.trouble else []))))))
    return out.getvalue()


def _number(value: int | None):
    return "" if value is None else value


def _cell(value):
    """A cell that no spreadsheet takes for a formula."""
    return "'" + value if isinstance(value, str) and value.startswith(FORMULA) else value


def clusters(rows: Iterable[Row]) -> list[Cluster]:
    """Who failed alike first, the most of them first."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for row in rows:
        first = row.report.first if row.report is not None else None
        if first is not None:
            heading = first.sections[0].heading if first.sections else ""
            alike = (first.name, _alike(terminal.verdict(first)), _alike(heading))
            found.setdefault(alike, []).append(row.student)
    return [Cluster(*alike, tuple(students))
            for alike, students in sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))]


def _alike(words: str) -> str:
    return re.sub(r"0x[0-9a-f]+|(?<![\w.])\d+(?![\w.-]*\w)", "#", words)


def changes(before: list[Row], after: list[Row]) -> list[str]:
    """What a regrading has changed, a line each: whose score, from what to what, and which checks."""
    old, lines = {row.student: row for row in before}, []
    for row in after:
        was = old.pop(row.student, None)
        if was is None:
            lines.append(f"{row.student}: new, {_said(row)}")
            continue
        why = []
        if was.content != row.content:
            why.append("handed in something else")
        verdicts = {check.name: check for check in was.report.checks} if was.report else {}
        for check in row.report.checks if row.report else ():
            earlier = verdicts.pop(check.name, None)
            if earlier is None:
                why.append(f"{check.name} is new: {terminal.verdict(check)}")
            elif (earlier.score, earlier.points) != (check.score, check.points):
                why.append(f"{check.name}: {_earned(earlier)} ({terminal.verdict(earlier)}) to {_earned(check)} "
                           f"({terminal.verdict(check)})")
        why += [f"{name} is no more" for name in verdicts] if row.report else []
        if was.score != row.score or why:
            why = "; ".join(why) or row.trouble or row.state
            lines.append(f"{row.student}: {_said(was)} to {_said(row)}; {why}")
    return lines + [f"{student}: no longer there, {_said(row)} before" for student, row in old.items()]


def _said(row: Row) -> str:
    return "no score" if row.score is None else str(row.score)


def _earned(check: Outcome) -> str:
    return f"{'-' if check.score is None else check.score} of {check.points}"
