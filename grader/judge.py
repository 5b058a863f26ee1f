"""Judges a lab: pytest collects and calls its checks; the plugin here builds and boots their kernels and judges.

What checks declare to boot is booted ahead, several at once; the functions then judge in the order of the steps. What
is said depends on the files and the seed alone. (What went on in a run is told by explain.py.)
"""
import os
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Callable, Generator, Sequence

import pytest

from grader import build, checks, engine, explain, labs, params, plugin, result, symbols, terminal
from grader.checks import Check, Run
from grader.errors import GraderError, Usage, interrupted
from grader.paths import ROOT
from grader.result import Outcome, Report, Section, number, visible

# How a run may have gone astray where a check allows every ending.
STRAY = ("lost", "budget", "wfi-budget", "hold-budget", "quiet", "reset", "flood")


def judge(kernel: labs.Kernel, only: str | None = None, seed: int | None = None, first: bool = False,
          debug: bool = False) -> Report:
    """Run the lab's checks (or `only` one and those that it needs) on a kernel.

    seed    None: each check's own, always the same
    first   stop at the first that does not pass; the report ends there
    debug   show the traceback of a check that is itself broken
    Raises Usage if there is no check `only`, GraderError where nothing can be judged at all.
    """
    session = _Session(kernel, only, seed, first, debug)
    try:
        _pytest(session, kernel.lab)
    finally:
        session.ended.close()       # ends what still runs
    report = Report(kernel.lab.name, kernel.lab.title, kernel.src, {lab.name: tree for lab, tree in kernel.prior}, seed,
                    tuple(session.outcomes.values()), only=only)
    return replace(report, next=_told("", _next, kernel, report))


def collect(lab: labs.Lab) -> list[Check]:
    """The checks of a lab, in the order in which they are judged; GraderError says what is wrong with them."""
    collector = _Collector(lab)
    _pytest(collector, lab)
    return collector.checks


def _pytest(judging: "_Collector", lab: labs.Lab) -> None:
    """pytest on the lab's test files, silent, with nothing of the machine's or the caller's configuration."""
    files = sorted((ROOT / lab.folder).glob("test_*.py"))
    without = ("cacheprovider", "terminal", "junitxml", "doctest", "logging", "faulthandler", "unraisableexception",
               "threadexception", "warnings", "stepwise", "pastebin", "setuponly", "setupplan", "debugging")
    arguments = ["--capture=no", "--assert=plain", "--import-mode=importlib", "--noconftest", "-c", os.devnull,
                 f"--rootdir={ROOT}", *(f"-pno:{name}" for name in without), *map(str, files)]
    before = dict(os.environ)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ.pop("PYTEST_ADDOPTS", None)
    try:
        code = pytest.main(arguments, plugins=[judging]) if files else pytest.ExitCode.NO_TESTS_COLLECTED
    finally:
        os.environ.clear()
        os.environ.update(before)
    if interrupted:
        raise KeyboardInterrupt
    if judging.error is not None:
        raise judging.error
    if code == pytest.ExitCode.NO_TESTS_COLLECTED:
        raise GraderError(f"{lab.folder} has no checks (test_*.py)")
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise GraderError(f"pytest ended with {int(code)} on the checks of {lab.folder}")


class _Collector:
    """A plugin of pytest that reads which checks a lab has, and calls none."""

    def __init__(self, lab: labs.Lab):
        self.lab = lab
        self.checks: list[Check] = []
        self.error: BaseException | None = None     # what to raise when pytest is through

    def pytest_collectreport(self, report):
        if report.failed and self.error is None:
            file = Path(report.nodeid).name
            last = str(report.longrepr).strip().splitlines()[-1].removeprefix("E").strip()
            self.error = GraderError(f"{self.lab.folder}/{file} cannot be read: {last}")

    def pytest_collection_modifyitems(self, items):
        if self.error is not None:
            raise self.error
        where = self.lab.folder
        steps = [step.id for step in self.lab.steps]
        for item in items:
            if not hasattr(item.function, "check"):
                raise GraderError(f"{where}: {item.name} is no check: @check(points=...) is missing before it")
            if item.function.check.step not in steps:
                raise GraderError(f"{where}: check {_of(item).name}: lab.toml has no step {_of(item).step}")
        items.sort(key=lambda item: steps.index(_of(item).step))
        self.checks = [_of(item) for item in items]
        every, seen = [check.name for check in self.checks], set()
        for check in self.checks:
            if check.name in seen:
                raise GraderError(f"{where}: there are two checks named {check.name}")
            for name in check.needs:
                if name not in seen:
                    what = "is not judged before it" if name in every else "there is none"
                    raise GraderError(f"{where}: check {check.name} needs {name}: {what}")
            for boot in check.boots:
                build.payload_source(self.lab, boot.payload)
            seen.add(check.name)

    def pytest_runtestloop(self, session):
        return True

    def pytest_keyboard_interrupt(self, excinfo):
        if isinstance(excinfo.value, KeyboardInterrupt):
            self.error = KeyboardInterrupt()
        else:
            self.error = GraderError(f"{self.lab.folder}: a check stopped pytest, so that others were not judged")

    def pytest_internalerror(self, excrepr, excinfo):
        self.error = self.error or excinfo.value
        return True


class _Session(_Collector):
    """A plugin of pytest that judges one kernel."""

    def __init__(self, kernel, only, seed, first, debug):
        super().__init__(kernel.lab)
        self.kernel, self.only, self.seed, self.first, self.debug = kernel, only, seed, first, debug
        self.ended: Generator = (_ for _ in ())     # what the boots come to, in the order of the checks
        self.ran: dict[str, tuple[Run | Exception, ...]] = {}
        self.outcomes: dict[str, Outcome] = {}

    def pytest_collection_modifyitems(self, items):
        super().pytest_collection_modifyitems(items)
        if self.only is not None:
            wanted = self._with_needs(self.only)
            items[:] = [item for item in items if _of(item).name in wanted]

    def _with_needs(self, name: str) -> set[str]:
        known = {check.name: check for check in self.checks}
        if name not in known:
            raise Usage(f"lab {self.lab.name} has no check {name!r}; its checks are: {', '.join(known)}")
        return {name}.union(*(self._with_needs(needed) for needed in known[name].needs))

    def pytest_runtestloop(self, session):
        """Build everything and begin to boot, then let pytest call the checks."""
        every = [_of(item) for item in session.items]
        self.built = build.build(self.kernel, [boot.payload for check in every for boot in check.boots])
        plugin.find()       # without QEMU nothing is judged
        self.ended = engine.run_many([self._job(check, boot, index) for check in every if self._is_built(check)
                                      for index, boot in enumerate(check.boots)])
        return None         # pytest goes on with its own loop

    def _is_built(self, check: Check) -> bool:
        return not any(boot.payload in self.built.failed for boot in check.boots)

    def _job(self, check: Check, boot: checks.Boot, index: int) -> engine.Job:
        seed = boot.seed if boot.seed is not None else self._seed(check)
        nonce = params.nonce(seed, f"{self.lab.name}/{check.name}/{index}")
        return engine.Job(boot, self.built.elfs[boot.payload], seed, nonce)

    def _seed(self, check: Check) -> int:
        return params.fixed_seed(f"{self.lab.name}/{check.name}") if self.seed is None else self.seed

    # Each check: what can be said before its function is called, or what came of calling it.

    @pytest.fixture
    def run(self, request):
        return self.ran[_of(request.node).name][0]

    @pytest.fixture
    def runs(self, request):
        return self.ran[_of(request.node).name]

    def pytest_runtest_protocol(self, item):
        if self.first and any(outcome.verdict != "pass" for outcome in self.outcomes.values()):
            return True
        check = _of(item)
        if self._is_built(check):
            ended = [next(self.ended) for _ in check.boots]
            self.ran[check.name] = tuple(run if isinstance(run, Exception) else Run.of(run) for run in ended)
        try:
            outcome = self._unasked(check)
        except Exception as error:      # the others are judged all the same
            outcome = self._raised(check, error)
        if outcome is not None:
            self.outcomes[check.name] = outcome
            return True
        return None

    def pytest_runtest_makereport(self, item, call):
        check = _of(item)
        if call.excinfo is not None:
            try:
                self.outcomes[check.name] = self._raised(check, call.excinfo.value)
            except Exception as error:
                self.outcomes[check.name] = self._broken(check, f"{type(error).__name__} while judging {check.name}")
        elif call.when == "call":
            self.outcomes.setdefault(check.name, self._outcome(check, "pass"))

    def _unasked(self, check: Check) -> Outcome | None:
        """The verdict that needs no function to be called: the check waits, or a run did not end as it should."""
        for name in check.needs:
            if self.outcomes[name].verdict != "pass":
                said = Section(f"It says nothing as long as {name} fails.")
                return self._fail(check, "blocked", f"waits for {name}", (said,))
        for boot in check.boots:
            if boot.payload in self.built.failed:
                return self._fail(check, "build error", "", explain.compiler(self.built.failed[boot.payload]))
        for index, run in enumerate(self.ran[check.name]):
            if isinstance(run, GraderError):
                return self._broken(check, str(run))
            if isinstance(run, symbols.NoSymbol):
                return self._fail(check, "wrong output", "", self._what(run), index)
            if run.end == "wall-clock":
                return self._broken(check, "the kernel came to no end in time: this machine is too slow, or stuck")
            if explain.ending(run) == "hold":
                return self._raised(check, run.error, index)
            if explain.ending(run) not in check.ends:
                detail, sections = self._broken_off(check, run)
                return self._fail(check, explain.REASON[explain.ending(run)], detail, sections, index)
            if run.error is not None:
                return self._raised(check, run.error, index)
        return None

    def _raised(self, check: Check, error: BaseException, index: int | None = None) -> Outcome:
        """The verdict on a check that raised, while its boot `index` was looked at if that is known."""
        if isinstance(error, engine.Wrong):
            runs = self.ran[check.name]
            named = next((i for i, run in enumerate(runs) if run is getattr(error, "run", None)), index)
            return self._wrong(check, error, named)
        if isinstance(error, GraderError):
            return self._broken(check, str(error))
        if self.debug:
            traceback.print_exception(error)
        text = str(error).partition("\n")[0]
        text = type(error).__name__ + f": {text}" * bool(text)
        return self._broken(check, f"the check {check.name} is itself broken: {text}")

    def _wrong(self, check: Check, error: engine.Wrong, index: int | None) -> Outcome:
        """Something is wrong; where a run ended early all the same, as the check allows, that may be why."""
        said = self._what(error)
        for at, run in enumerate(self.ran[check.name]):
            if not isinstance(run, Run) or index not in (None, at):
                continue
            how = explain.ending(run)
            if how == "todo" and number(explain.todo_step(run)) <= number(check.step):
                return self._fail(check, "not attempted", *self._broken_off(check, run), at)
            if how == "fault" or "lost" in check.ends and how in STRAY:
                detail, sections = self._broken_off(check, run)
                if how not in ("fault", "lost"):        # what the check found is the reason, and this beside it
                    return self._fail(check, "wrong output", "", (*said, *sections), index)
                return self._fail(check, explain.REASON[how], detail, (*said, *sections), at)
        return self._fail(check, "wrong output", "", said, index)

    def _what(self, error: Exception) -> tuple[Section, ...]:
        return _told((Section(visible(str(error))),), explain.wrong, error, self.kernel)

    def _broken_off(self, check: Check, run: Run) -> tuple[str, tuple[Section, ...]]:
        detail = f"step {explain.todo_step(run)}" if explain.ending(run) == "todo" else ""
        return _told((detail, ()), explain.broken_off, run, self.kernel, check.ends)

    def _fail(self, check: Check, reason: str, detail: str, sections: Sequence[Section],
              boot: int | None = None) -> Outcome:
        hint = "" if reason == "build error" else check.hint     # the compiler has said what to do
        return self._outcome(check, "fail", reason, detail, tuple(sections), hint, boot)

    def _broken(self, check: Check, words: str) -> Outcome:
        words = visible(words.replace(f"{ROOT}/", ""))
        return self._outcome(check, "grader error", "", "", (Section(words[:1].upper() + words[1:]),))

    def _outcome(self, check, verdict, reason="", detail="", sections=(), hint="", boot: int | None = None) -> Outcome:
        lab = self.lab
        same = f"LAB={lab.number} CHECK={check.name}"
        same += f" SRC={self.kernel.src}" if self.kernel.src != "starter" else ""
        same += f" SEED={self.seed}" if self.seed is not None else ""
        which = f" BOOT={boot + 1}" if boot is not None and len(check.boots) > 1 else ""
        return Outcome(
            name=check.name, title=check.title, step=check.step, points=check.points, verdict=verdict,
            earned=check.points if verdict == "pass" else 0, reason=reason, detail=detail, sections=sections, hint=hint,
            handout=f"{lab.folder}/README.md, step {check.step}", seed=self._seed(check), repeat=f"make check {same}",
            debug="" if reason == "build error" else f"make gdb {same}{which}")


def _of(item) -> Check:
    return item.function.check


def _told(otherwise, tell: Callable, *about):
    """What `tell` makes of its arguments; `otherwise` if they are too much for it: a verdict stands without it."""
    try:
        return tell(*about)
    except Exception:
        return otherwise


def _next(kernel: labs.Kernel, report: Report) -> str:
    """What to do now, in one sentence; "" where the explanation of a failure says it."""
    first = report.first
    if first is not None and first.reason == "not attempted":
        step = first.detail.removeprefix("step ")
        found = explain.find_todo(kernel, step)
        lab = next((lab for lab, _ in kernel.prior if step.startswith(f"{lab.number}.")), kernel.lab)
        file = f"open {found[0]} at line {found[1]}" if found else f"look into {kernel.tree}"
        return f"Read step {step} in {lab.folder}/README.md, then {file}."
    if first is not None:
        return ""
    if report.only is not None:
        tree = f" SRC={kernel.src}" if kernel.src != "starter" else ""
        return f"Next, all of the lab's checks: make check LAB={kernel.lab.number}{tree}"
    later = [name for name in labs.names() if int(name.partition("-")[0]) > kernel.lab.number]
    return f"Next: labs/{later[0]}/README.md." if later else ""


# The verb `check`.

def configure(parser) -> None:
    parser.add_argument("lab", nargs="?", default="", help="1, boot or 1-boot")
    parser.add_argument("--src", default="starter", help="whose lab: starter (default), solutions, or a tree's path")
    parser.add_argument("--prior", action="append", default=[], metavar="TREE",
                        help="whose earlier labs: starter, solutions; 2=TREE: lab 2's")
    parser.add_argument("--check", metavar="NAME", help="only this check, and those that it needs")
    parser.add_argument("--seed", metavar="N", help="draw inputs from this number; any: from a fresh one")
    parser.add_argument("--first", action="store_true", help="stop at the first check that does not pass")
    parser.add_argument("--json", metavar="FILE", help="write the report there too, as JSON")
    parser.add_argument("--debug", action="store_true", help="show the traceback of a check that is itself broken")


def main(args) -> int:
    """Judge, show the report, write it; the exit code is the report's."""
    report = judge(labs.compose(labs.find(args.lab), args.src, labs.priors(args.prior)), args.check, seed_of(args.seed),
                   args.first, args.debug or bool(os.environ.get("EXOLAB_DEBUG")))
    terminal.show(report)
    if args.json:
        Path(args.json).write_text(result.to_json(report), "utf-8")
    return report.exit_code


def seed_of(text: str | None) -> int | None:
    """The seed that SEED= means: None for each check's own, a fresh one for "any", else the number."""
    if text == "any":
        return params.fresh_seed()
    try:
        seed = int(text, 0) if text else None
    except ValueError:
        seed = -1
    if seed is not None and not 0 <= seed < 1 << 64:
        raise Usage(f"SEED={text}: write a number below 2^64, or SEED=any")
    return seed
