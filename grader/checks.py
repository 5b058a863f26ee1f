"""What a lab's test_*.py imports: the decorator that makes a check, what a check may ask of a run, and Wrong."""
import inspect
import random
from dataclasses import dataclass, fields
from typing import Callable, Sequence

from grader import engine, symbols
from grader.engine import Boot
from grader.paths import ROOT
from grader.symbols import Place
from grader.wire import Wire

__all__ = ["Boot", "Place", "Run", "Wire", "Wrong", "check", "expect_lines"]

# How a run may end, for check(ends=...); explain.ending() tells which it was.
ENDINGS = {
    "return": "check_main() returned",
    "power-off": "the kernel switched the machine off by itself",
    "panic": "the kernel panicked",
    "fault": "the kernel crashed",
    "budget": "the kernel used up its budget of instructions",
    "wfi-budget": "the kernel used up its budget of sleeps (WFI)",
    "hold-budget": "the kernel came by a place where the grader stops it more often than it ever should",
    "quiet": "the kernel went to sleep, and nothing will ever wake it",
    "lost": "the core went where there is no code",
    "reset": "the kernel reset the machine",
    "restarts": "the kernel started over, again and again, by no reset",
    "flood": "the kernel printed without end",
    "peer": "the check's peer on the network is through",
    "silent": "the kernel did not answer the check's peer on the network any more",
    "todo": "the kernel came to a part that is not written yet",
}

class Wrong(engine.Wrong):
    """The kernel did not do what it should: fails the check.

    `message` says what is wrong in one sentence. `expected` and `got` are lines (or one line), shown from the first
    that differs. `look` is where to look: a sentence, or a place in the sources (run.where(address)).
    `run`, of several, is the one that went wrong: the command that opens gdb then names its boot.
    """

    def __init__(self, message: str, *, expected: Sequence[str] | str | None = None,
                 got: Sequence[str] | str | None = None, look: str | Place | None = None, run: "Run | None" = None):
        super().__init__(message)
        self.message = message
        self.expected = [expected] if isinstance(expected, (str, bytes)) else expected
        self.got = [got] if isinstance(got, (str, bytes)) else got
        self.look = look
        self.run = run


@dataclass(frozen=True)
class Check:
    """What `check` was told about a function; the judge finds it as its attribute `check`."""
    name: str
    title: str
    points: int
    step: str
    hint: str
    needs: tuple[str, ...]
    boots: tuple[Boot, ...]
    ends: tuple[str, ...]
    until: int | None           # the last lab in whose kernel it claims to hold; None: it does in every later one
    hidden: bool = False        # students do not have it: it stands in the lab's folder hidden/


def check(*, points: int, step: str, hint: str, boots: Boot | Sequence[Boot], needs: Sequence[str] = (),
          ends: str | Sequence[str] = "return", until: int | None = None) -> Callable:
    """Make a function test_NAME a check of that name (with - for _); its docstring's first line says what it proves.

    points, step  what it is worth, and the handout's step that it belongs to ("1.3")
    hint          shown when it fails: what to think about, in a sentence or two
    boots         what to run; with one Boot the function takes `run`, with several `runs`, in their order
    needs         names of earlier checks without which this one says nothing
    ends          how each run has to end for the function to be called at all, one of ENDINGS or several
    until         where what it proves ends with a later lab, the last lab whose kernel it holds for; with the reason
    """
    def decorate(function):
        name = function.__name__.removeprefix("test_").replace("_", "-")
        several = not isinstance(boots, Boot)
        about = Check(name, (inspect.getdoc(function) or "").partition("\n")[0], points, step, hint,
                      (needs,) if isinstance(needs, str) else tuple(needs), tuple(boots) if several else (boots,),
                      (ends,) if isinstance(ends, str) else tuple(ends), until)
        takes = list(inspect.signature(function).parameters)
        for wrong, words in (
            (not function.__name__.startswith("test_"), "its function's name has to begin with test_"),
            (hasattr(function.__globals__.get(function.__name__), "check"), "there are two of that name"),
            (not about.title, "its docstring has to say what it proves"),
            (type(points) is not int or points < 0, "points is a whole number, 0 or more"),
            (not hint, "it has no hint"),
            (not about.boots, "it has no boots"),
            (("runs" if several else "run") not in takes, f"it has to take `{'runs' if several else 'run'}`"),
            (not set(about.ends) <= set(ENDINGS), f"ends is one of {', '.join(ENDINGS)}"),
        ):
            if wrong:
                raise ValueError(f"check {name}: {words}")
        function.check = about
        return function
    return decorate


@dataclass(frozen=True)
class Run(engine.Run):
    """The engine's Run, and the questions that checks ask of it. The judge makes them of what the engine returns."""

    @classmethod
    def of(cls, run: engine.Run) -> "Run":
        return cls(**{field.name: getattr(run, field.name) for field in fields(run)})

    # What the framework reported.

    def expect_report(self, line: str) -> None:
        """The framework reported exactly this line, among others."""
        if line not in self.reports:
            said = [report for report in self.reports if report != "end"]
            like = [report for report in said if report.split()[:1] == line.split()[:1]]
            raise Wrong("The check did not find what it looks for; this is what it reported:", expected=[line],
                        got=like or said, run=self)

    def reported(self, word: str) -> list[list[str]]:
        """The words behind `word` in each report that begins with it, in order: [] if there is none."""
        return [words[1:] for words in map(str.split, self.reports) if words[:1] == [word]]

    def words(self, word: str) -> list[str]:
        """The words behind `word` in the one report that begins with it; Wrong if there is none, or more."""
        found = self.reported(word)
        if len(found) != 1:
            raise Wrong(f"The check reported {word!r} {len(found)} times and not once.", expected=[f"{word} ..."],
                        got=list(self.reports), run=self)
        return found[0]

    def numbers(self, word: str) -> list[int]:
        """words(), as numbers: decimal, or hexadecimal behind 0x; Wrong if one is none."""
        words = self.words(word)
        try:
            return [int(text, 0) for text in words]
        except ValueError:
            raise Wrong(f"The report {word!r} should consist of numbers.", got=" ".join([word, *words]),
                        run=self) from None

    # What the student's kernel printed.

    def lines(self) -> list[str]:
        """The console's lines, bytes beyond ASCII as \\xff; a last line without its line feed counts."""
        text = self.console.decode("ascii", "backslashreplace")
        return text.removesuffix("\n").split("\n") if text else []

    def expect_lines(self, expected: Sequence[str]) -> None:
        """The console shows exactly these lines."""
        expect_lines(expected, self.lines(), "The console's output is not as it should be.", run=self)

    # What is to be computed anew, and where things are.

    def random(self) -> random.Random:
        """A generator fed with the run's seed, for a model in Python of what the payload computes."""
        return random.Random(self.seed)

    def source(self, path: str) -> list[str]:
        """The lines of a file of ours, named from the root: where a payload panics, say."""
        return (ROOT / path).read_text().splitlines()

    def symbol(self, name: str) -> int:
        """The address of a symbol of the kernel; symbols.NoSymbol if it has none of that name."""
        return symbols.of(self.elf).address(name)

    def where(self, address: int) -> Place:
        """The function, file and line that `address` belongs to."""
        return symbols.of(self.elf).where(address)


def expect_lines(expected: Sequence[str], got: Sequence[str], message: str = "The lines are not as they should be.",
                 look: str | Place | None = None, run: Run | None = None) -> None:
    """Wrong, from the first line that differs, unless `got` is exactly `expected`."""
    if list(expected) != list(got):
        raise Wrong(message, expected=list(expected), got=list(got), look=look, run=run)
