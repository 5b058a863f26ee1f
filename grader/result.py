"""The one result model: what a judged lab looks like as plain data. Every writer (terminal, JSON, ...) starts from it.

Every text in it is safe to print and says nothing of this machine, the time or the run: the same files and the same
seed give the same report, byte for byte.
"""
import json
import typing
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass, replace

SCHEMA = 2      # of to_json(); raised when a reader would have to change

VERDICTS = ("pass", "fail", "grader error")
REASONS = ("wrong output", "panic", "fault", "hang", "early exit", "reboot", "build error", "not attempted", "waits",
           "blocked")


@dataclass(frozen=True)
class Line:
    text: str
    mark: str = ""      # "", "expected", "got" or "here": what is to be seen in it


@dataclass(frozen=True)
class Section:
    """A part of an explanation: a sentence, and the lines that show it."""
    heading: str
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """One check, judged."""
    name: str                   # "bss-zero"
    title: str                  # the check in one sentence
    step: str                   # "1.3"
    points: int                 # it is worth
    earned: int                 # 0 or points
    verdict: str                # one of VERDICTS
    reason: str = ""            # one of REASONS for a fail, else ""
    detail: str = ""            # a few words beside the reason: "step 1.1", waits "for reset", blocked "by lab 1"
    sections: tuple[Section, ...] = ()  # what happened and where; empty for a pass
    hint: str = ""              # what to think about; of a fail only
    handout: str = ""           # "labs/1-boot/README.md, step 1.3"
    seed: int = 0               # the inputs were drawn from it
    repeat: str = ""            # the command that does the same again
    debug: str = ""             # the command that opens gdb on it; "" if there is no kernel to debug
    hidden: bool = False        # students do not have it

    @property
    def score(self) -> int | None:
        """What it has earned; None where the grader could not judge, which is never a score."""
        return None if self.verdict == "grader error" else self.earned


@dataclass(frozen=True)
class Report:
    """One lab, judged."""
    lab: str                    # "1-boot"
    title: str
    src: str                    # the tree of the lab's files
    prior: dict[str, str]       # lab -> tree, of the other labs in its kernel
    seed: int | None            # None: each check's own, always the same
    checks: tuple[Outcome, ...]
    next: str = ""              # what to do now
    only: str | None = None     # the one check that was asked for; None: all
    hidden: int = 0             # points that hidden checks decide which are not here, beyond `points`
    notes: tuple[str, ...] = () # what has to be known of how it was judged, each a sentence

    @property
    def points(self) -> int:
        return sum(check.points for check in self.checks)

    @property
    def earned(self) -> int:
        return sum(check.earned for check in self.checks)

    @property
    def tally(self) -> tuple[int, int, str]:
        """How far it is: points earned, of how many; checks passed where none are given for them."""
        passed = sum(check.verdict == "pass" for check in self.checks)
        return (self.earned, self.points, "points") if self.points else (passed, len(self.checks), "checks")

    @property
    def score(self) -> int | None:
        """What the lab has earned; None where the grader could not judge it all, which is never a score."""
        return None if self.exit_code == 2 else self.earned

    @property
    def first(self) -> Outcome | None:
        """The check to look at first: what the grader could not judge, else the first that failed.

        One that only waits, or came to a later step's TODO than its own, comes behind those that are wrong themselves.
        """
        def urgency(check: Outcome) -> int:
            if check.verdict == "grader error":
                return 0
            todo = check.detail.removeprefix("step ") if check.reason == "not attempted" else check.step
            return 2 if check.reason == "waits" or number(todo) > number(check.step) else 1

        return min((check for check in self.checks if check.verdict != "pass"), key=urgency, default=None)

    @property
    def exit_code(self) -> int:
        """0 full marks, 1 marks missing, 2 the grader could not judge."""
        if any(check.verdict == "grader error" for check in self.checks):
            return 2
        return 0 if all(check.verdict == "pass" for check in self.checks) else 1


def number(step: str) -> tuple[int, ...]:
    """A step's id to compare: "1.10" as (1, 10), which comes behind (1, 9)."""
    return tuple(int(part) for part in step.split("."))


def to_json(report: Report) -> str:
    """The report as JSON, keys sorted, one newline at the end.

    `points` and `earned` are the lab's; `earned`, its or a check's, is null where the grader could not judge: that is
    never a score. writers/report.schema.json says the rest.
    """
    data = asdict(report) | {"schema": SCHEMA, "points": report.points, "earned": report.score}
    data["checks"] = [asdict(check) | {"earned": check.score} for check in report.checks]
    return json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def from_json(text: str) -> Report:
    """The report that to_json() made this text of."""
    return _revived(Report, json.loads(text))


def _revived(kind, data):
    """Plain data as what `kind`, a dataclass's type or that of one of its fields, says."""
    if is_dataclass(kind):
        types = typing.get_type_hints(kind)
        return kind(**{each.name: _revived(types[each.name], data[each.name]) for each in fields(kind)
                       if each.name in data})
    if typing.get_origin(kind) is tuple:
        return tuple(_revived(typing.get_args(kind)[0], each) for each in data)
    return data


def for_students(report: Report) -> Report:
    """The report as it may be shown to who does not have the hidden checks: of these only how they went."""
    shown, count = [], 0
    for check in report.checks:
        if check.hidden:
            count += 1
            check = replace(check, name=f"hidden-{count}", title="A hidden check.", detail="", sections=(), hint="",
                            handout="", seed=0, repeat="", debug="")
        shown.append(check)
    secret = report.first is not None and report.first.hidden
    return replace(report, checks=tuple(shown), next="" if secret else report.next)


def renamed(data, names: Mapping[str, str]):
    """A copy of a report (or of any part of it) in whose texts each of `names` reads as what it stands for."""
    if isinstance(data, str):
        for old, new in names.items():
            data = data.replace(old, new)
        return data
    if isinstance(data, tuple):
        return tuple(renamed(each, names) for each in data)
    if isinstance(data, dict):
        return {renamed(key, names): renamed(value, names) for key, value in data.items()}
    if is_dataclass(data):
        return replace(data, **{field.name: renamed(getattr(data, field.name), names) for field in fields(data)})
    return data


def visible(text: str | bytes) -> str:
    """`text`, printable: ␍ for a control character, \\xff for a byte that is no text, · for a space at the end."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "backslashreplace")
    kept = text.rstrip(" ")
    return "".join(_glyph(c) for c in kept) + "·" * (len(text) - len(kept))


def _glyph(c: str) -> str:
    if c < " ":
        return chr(0x2400 + ord(c))
    if c == "\x7f":
        return "␡"
    if c.isprintable():
        return c
    return f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}"
