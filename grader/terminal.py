"""What a student sees of a report: the table, the first failure explained, and what to do next.

The words are the same everywhere. On a terminal rich colours them, unless NO_COLOR is set; elsewhere they are plain.
"""
import os
import sys
import textwrap
from typing import Iterable, Iterator, TextIO

from grader.result import Outcome, Report

WIDTH = 96              # columns of running text

# A piece of a line: text and its style, in rich's words.
Piece = tuple[str, str]

CONSOLATION = "This is not about your work, and costs no points. Try again; `make doctor` looks at the tools."

STYLES = {"pass": "green", "fail": "red", "grader error": "magenta"}

CALM = ("not attempted", "waits", "blocked")     # reasons that say nothing against the check's own step

# Line.mark -> what stands before the line, and its style.
MARKS = {"": ("", ""), "here": (">", "bold"), "expected": ("expected", "green"), "got": ("got", "red"),
         "then": ("", "dim")}


def show(report: Report, out: TextIO | None = None) -> None:
    """Print the report."""
    out = out or sys.stdout
    if out.isatty() and not os.environ.get("NO_COLOR"):
        from rich.console import Console
        from rich.text import Text
        console = Console(file=out, highlight=False, soft_wrap=True, emoji=False)
        for pieces in lines(report):
            console.print(Text.assemble(*pieces))
    else:
        print(text(report), end="", file=out)


def text(report: Report) -> str:
    """The report without colour."""
    return plain(lines(report))


def plain(shown: Iterable[list[Piece]]) -> str:
    """Lines without their colours."""
    return "".join("".join(words for words, _ in pieces).rstrip() + "\n" for pieces in shown)


def lines(report: Report) -> Iterator[list[Piece]]:
    """The report, line by line."""
    yield from table(report)
    yield []
    yield from total(report)
    if report.first is not None:
        yield []
        yield from explanation(report.first)
    if report.next:
        yield []
        yield from paragraph(report.next, "bold")


def table(report: Report) -> Iterator[list[Piece]]:
    head = f"Lab {report.lab}: {report.title}"
    trees = [report.src] if report.src != "starter" else []
    trees += [f"{lab} from {tree}" for lab, tree in report.prior.items() if tree != report.src]
    yield [(head, "bold"), (f" ({', '.join(trees)})" if trees else "", "dim")]
    yield []
    name = max(len("check"), *(len(check.name) for check in report.checks))
    points = ["points", *map(_points, report.checks)] if report.points else [""] * (1 + len(report.checks))
    points = [f"{each:>{max(map(len, points))}}" + "  " * bool(each) for each in points]
    yield [(f"  step  {'check':<{name}}  {points[0]}verdict", "dim")]
    for check, worth in zip(report.checks, points[1:]):
        yield [(f"  {check.step:<4}  {check.name:<{name}}  {worth}", ""),
               (verdict(check), "yellow" if check.reason in CALM else STYLES[check.verdict]),
               ("  hidden" if check.hidden else "", "dim")]


def _points(check: Outcome) -> str:
    return f"{'-' if check.verdict == 'grader error' else check.earned} / {check.points}"


def verdict(check: Outcome) -> str:
    """A check's verdict in a few words: "pass", "fault in uart_putc()", "waits for bss", "not attempted, step 1.1"."""
    if check.verdict != "fail":
        return check.verdict
    joint = " " if check.detail.startswith(("in ", "at ", "for ", "by ")) else ", "
    return check.reason + (joint + check.detail if check.detail else "")


def total(report: Report) -> Iterator[list[Piece]]:
    more = f"; hidden checks decide {report.hidden} more" if report.hidden else ""
    earned = "{} of {} {}".format(*report.tally)
    if report.exit_code == 2:
        yield [("No score: the grader itself could not judge every check.", STYLES["grader error"])]
    elif report.exit_code == 0:
        works = "This check passes." if report.only else "All of it works." if not more else "All that is here works."
        yield [(f"{earned}{more}. {works}", "bold green")]
    else:
        passed = sum(check.verdict == "pass" for check in report.checks)
        checks = f", {passed} of {len(report.checks)} checks" if report.points else ""
        yield [(f"{earned}{checks}{more}.", "bold")]
    if report.seed is not None:
        yield [(f"Seed {report.seed}", "dim")]


def explanation(check: Outcome) -> Iterator[list[Piece]]:
    """The first failure: what is to be seen, what to think about, where to read, what to type."""
    yield [(f"{check.name}: {verdict(check)}", "bold " + STYLES[check.verdict])]
    yield from paragraph(check.title, "", "  ")
    for section in check.sections:
        yield []
        yield from paragraph(section.heading, "", "  ")
        margin = max((len(MARKS[line.mark][0]) for line in section.lines), default=0)
        for line in section.lines:
            sign, style = MARKS[line.mark]
            yield [(f"    {sign:>{margin}} ", style), (line.text, style)]
    yield []
    if check.verdict == "grader error":
        yield from paragraph(CONSOLATION, "", "  ")
        return
    for word, words in (("hint", check.hint), ("read", check.handout), ("again", check.repeat), ("debug", check.debug)):
        if words:
            yield from paragraph(words, "cyan" if word in ("again", "debug") else "", f"  {word + ':':<7}", "dim")


def paragraph(words: str, style: str = "", first: str = "", first_style: str = "") -> Iterator[list[Piece]]:
    """Words as lines of at most WIDTH columns behind `first`, which the later lines leave room for."""
    command = words.startswith("make ")
    wrapped = [words] if command else textwrap.wrap(words, WIDTH - len(first), break_long_words=False,
                                                    break_on_hyphens=False)
    for i, part in enumerate(wrapped or [""]):
        yield [(first if i == 0 else " " * len(first), first_style), (part, style)]
