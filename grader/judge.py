"""Judges a lab: pytest collects and calls its checks; the plugin here builds and boots their kernels and judges.

What checks declare to boot is booted ahead, several at once; the functions then judge in the order of the steps. What
is said depends on the files and the seed alone. (What went on in a run is told by explain.py.)
"""
import os
import threading
import traceback
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Callable, Generator, Sequence

import pytest

from grader import boots, build, checks, engine, explain, forgery, hardware, labs, plugin, sandbox, symbols, terminal
from grader.checks import Check, Run
from grader.errors import GraderError, Usage, interrupted
from grader.paths import ROOT
from grader.result import Line, Outcome, Report, Section, number, visible

# How a run may have gone astray where a check allows every ending.
STRAY = ("lost", "budget", "wfi-budget", "hold-budget", "quiet", "reset", "restarts", "flood")

FINDINGS = 3                    # things told of those that a machine forgave and hardware would not
HIDDEN = "hidden"               # the folder of the checks that students do not have


def judge(kernel: labs.Kernel, only: str | None = None, seed: int | None = None, first: bool = False,
          debug: bool = False, part: str | None = None, up_to: str | None = None) -> Report:
    """Run the lab's checks (or `only` one and those that it needs; or those of one part) on a kernel.

    seed    None: each check's own, always the same
    first   stop at the first that does not pass; the report ends there
    debug   show the traceback of a check that is itself broken
    up_to   stop behind the check of that name, if there is one
    Raises Usage if there is no check `only`, GraderError where nothing can be judged at all.
    """
    session = _judged(_Session(kernel, only, seed, first, debug, part=part, up_to=up_to))
    session.outcomes |= _blocked(session)
    title, absent = kernel.lab.title, kernel.lab.hidden
    if part:
        title = f"{title}, part {part}"
    if kernel.later:
        title, absent = f"{title}, in the kernel of {kernel.parts[-1][0].name}", 0
    if only is not None or any(check.hidden for check in session.checks):
        absent = 0
    others = {lab.name: tree for lab, tree in (*kernel.prior, *kernel.later)}
    report = Report(kernel.lab.name, title, kernel.src, others, seed, tuple(session.outcomes.values()), only=only,
                    hidden=absent, notes=_unboxed())
    if report.first is not None:
        closer = _told(report.first, session.closer, report.first)
        closer = _since(session, closer) if kernel.later else closer
        report = replace(report, checks=tuple(closer if check is report.first else check for check in report.checks))
    return replace(report, next=_told("", _next, kernel, report))


def _judged(session: "_Session") -> "_Session":
    try:
        _pytest(session, session.lab)
    finally:
        session.ended.close()       # ends what still runs
    return session


def _unboxed() -> tuple[str, ...]:
    """What a report has to say where nothing keeps a kernel from the machine but QEMU."""
    why = sandbox.missing()
    return (f"Built and booted outside a sandbox: {why}.",) if why else ()


def _blocked(session: "_Session") -> dict[str, Outcome]:
    """New outcomes of the checks that fail with the student's own earlier labs and pass with the reference's.

    Only what failed is run again: with all earlier labs exchanged, then with one after the other, the earliest first.
    """
    kernel, outcomes = session.kernel, session.outcomes
    right = {lab: tree for lab, _ in kernel.prior if (tree := labs.reference(lab, kernel.root))}
    own = [lab for lab, tree in kernel.prior if tree not in labs.RIGHT and lab in right]
    failed = [name for name, outcome in outcomes.items() if outcome.verdict == "fail"]
    changed: dict[str, Outcome] = {}

    def passing(exchanged: list[labs.Lab], names: list[str]) -> list[str]:
        prior = tuple((lab, right[lab] if lab in exchanged else tree) for lab, tree in kernel.prior)
        other = _Session(replace(kernel, prior=prior), None, session.seed, False, session.debug, names)
        again = _judged(other).outcomes
        changed.update((name, again[name]) for name in names if again[name].verdict == "grader error")
        return [name for name in names if again[name].verdict == "pass"]

    left = passing(own, failed) if own and failed else []
    blame: list[tuple[list[labs.Lab], list[str]]] = []      # labs that pass a check when exchanged, and the checks
    for lab in own if len(own) > 1 else ():
        found = passing([lab], left) if left else []
        blame.append(([lab], found))
        left = [name for name in left if name not in found and name not in changed]
    blame.append((own, left))
    for exchanged, names in blame:
        if names:
            guilty, first = _guilty(session, exchanged)
            changed |= {name: session.blocked(outcomes[name], guilty, exchanged, first) for name in names}
    return changed


def _guilty(session: "_Session", suspects: list[labs.Lab]) -> tuple[labs.Lab, Outcome | None]:
    """The earliest of these labs that fails its own checks, with the first of them; the earliest if none does."""
    kernel = session.kernel
    for index, (lab, tree) in enumerate(kernel.prior):
        if lab in suspects:
            alone = labs.Kernel(lab, tree, kernel.prior[:index], kernel.root)
            for outcome in _judged(_Session(alone, None, session.seed, True, session.debug)).outcomes.values():
                if outcome.verdict == "grader error":
                    raise GraderError(f"{lab.name}, {outcome.name}: {outcome.sections[0].heading}")
                if outcome.verdict == "fail":
                    return lab, outcome
    return suspects[0], None


def _since(session: "_Session", outcome: Outcome) -> Outcome:
    """The outcome of a check that failed in a later lab's kernel, with what comes of it in its own lab's."""
    if outcome.verdict != "fail" or outcome.reason in ("not attempted", "blocked"):
        return outcome
    own = _Session(replace(session.kernel, later=()), None, session.seed, False, session.debug, [outcome.name])
    again = _judged(own).outcomes[outcome.name]
    said = {"pass": Section(f"In lab {session.lab.number}'s own kernel it passes: a later lab is in its way."),
            "fail": Section("It fails in its own lab's kernel too: mend it there first.", (Line(again.repeat),))}
    return replace(outcome, sections=(said[again.verdict], *outcome.sections)) if again.verdict in said else outcome


def collect(lab: labs.Lab) -> list[Check]:
    """The checks of a lab, in the order in which they are judged; GraderError says what is wrong with them."""
    collector = _Collector(lab)
    _pytest(collector, lab)
    return collector.checks


def _pytest(judging: "_Collector", lab: labs.Lab) -> None:
    """pytest on the lab's test files, silent, with nothing of the machine's or the caller's configuration."""
    files = [*sorted((ROOT / lab.folder).glob("test_*.py")), *sorted((ROOT / lab.folder / HIDDEN).glob("test_*.py"))]
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

    def pytest_configure(self, config):
        config.option.tbstyle = "native"        # nobody reads how pytest shows a failure; the other styles parse files

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
            if item.path.parent == ROOT / where / HIDDEN:
                item.function.check = replace(_of(item), hidden=True)
        items.sort(key=lambda item: (_of(item).hidden, steps.index(_of(item).step)))
        self.checks = [_of(item) for item in items]
        worth = sum(check.points for check in self.checks if check.hidden)
        if any(check.hidden for check in self.checks) and worth != self.lab.hidden:
            raise GraderError(f"{where}: the hidden checks are worth {worth} points, not the {self.lab.hidden} that "
                              "lab.toml says (hidden = ...)")
        every, seen = [check.name for check in self.checks], set()
        for check in self.checks:
            if check.name in seen:
                raise GraderError(f"{where}: there are two checks named {check.name}")
            if check.until is not None and check.until < self.lab.number:
                raise GraderError(f"{where}: check {check.name} holds until lab {check.until}, which comes before it")
            for name in check.needs:
                if name not in seen:
                    what = "is not judged before it" if name in every else "there is none"
                    raise GraderError(f"{where}: check {check.name} needs {name}: {what}")
            for boot in check.boots:
                build.payload_source(self.lab, boot.payload)
                if boot.of and boot.of not in check.needs:
                    raise GraderError(f"{where}: check {check.name} looks at the run of {boot.of}, and does not need it")
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

    def __init__(self, kernel: labs.Kernel, only: str | None, seed: int | None, first: bool, debug: bool,
                 names: Sequence[str] | None = None, part: str | None = None, up_to: str | None = None):
        super().__init__(kernel.lab)
        self.steps = kernel.lab.steps_of(part)
        self.kernel, self.only, self.seed, self.first, self.debug = kernel, only, seed, first, debug
        self.names = names      # judge these alone: what they need and is not among them has passed
        self.up_to = up_to      # judge none behind it
        self.ended: Generator = (_ for _ in ())     # what the boots come to, in the order of the checks
        self.ran: dict[str, tuple[Run | Exception, ...]] = {}       # up to the one that decided, where one did
        self.decided: dict[str, threading.Event] = {}       # check -> nothing more of its boots is needed
        self.outcomes: dict[str, Outcome] = {}
        self.faults: dict[str, tuple[int | None, tuple[Section, ...]]] = {}     # check -> its boot that went wrong, and
                                                                                # what the check itself said

    @cached_property
    def trees(self) -> str:
        """What `make check` has to be told of whose files these are."""
        return _trees(self.kernel)

    def pytest_collection_modifyitems(self, items):
        super().pytest_collection_modifyitems(items)
        last, _ = self.kernel.parts[-1]
        items[:] = [item for item in items if (_of(item).until is None or _of(item).until >= last.number)
                    and _of(item).step in self.steps]
        if (names := [_of(item).name for item in items]).count(self.up_to):
            del items[names.index(self.up_to) + 1:]
        self.checks = [_of(item) for item in items]
        wanted = self._with_needs(self.only) if self.only is not None else self.names
        if wanted is not None:
            items[:] = [item for item in items if _of(item).name in wanted]

    def _with_needs(self, name: str) -> set[str]:
        known = {check.name: check for check in self.checks}
        if name not in known:
            where = f" that holds in lab {self.kernel.parts[-1][0].number}'s kernel" if self.kernel.later else ""
            raise Usage(f"lab {self.lab.name} has no check {name!r}{where}; its checks are: {', '.join(known)}")
        return {name}.union(*(self._with_needs(needed) for needed in known[name].needs if needed in known))

    def pytest_runtestloop(self, session):
        """Build everything and begin to boot, then let pytest call the checks."""
        every = [_of(item) for item in session.items]
        self.decided = {check.name: threading.Event() for check in every}
        self.built = build.build(self.kernel, [boot.payload for check in every for boot in check.boots])
        plugin.find()       # without QEMU nothing is judged
        jobs = [self._job(check, boot, index) for check in every if self._is_built(check)
                for index, boot in enumerate(check.boots) if boot.of not in self.decided]
        self.ended = engine.run_many(jobs, ahead=1 if self.first else None)     # who stops early has little in vain
        return None         # pytest goes on with its own loop

    def _is_built(self, check: Check) -> bool:
        return not any(boot.payload in self.built.failed for boot in check.boots)

    def _job(self, check: Check, boot: checks.Boot, index: int) -> engine.Job:
        seed = boots.seed(self.lab, check.name, boot, self.seed)
        nonce = boots.nonce(seed, self.lab, check.name, index, boot)
        return engine.Job(forgery.marked(boot), self.built.elfs[boot.payload], seed, nonce, self.decided[check.name])

    # Each check: what can be said before its function is called, or what came of calling it.

    @pytest.fixture
    def run(self, request):
        return self.ran[_of(request.node).name][0]

    @pytest.fixture
    def runs(self, request):
        return self.ran[_of(request.node).name]

    def pytest_runtest_protocol(self, item, nextitem):
        if self.first and any(outcome.verdict != "pass" for outcome in self.outcomes.values()):
            return True
        check = _of(item)
        outcome = self._unasked(check)
        if outcome is not None:
            self._settle(check, outcome)
            item.session._setupstate.teardown_exact(nextitem)   # as pytest does behind one that was called
            return True
        return None

    def _settle(self, check: Check, outcome: Outcome) -> None:
        """That is its verdict; if it has not passed, nobody waits any more for the boots of those that need it."""
        self.outcomes[check.name] = outcome
        missing = {name for name, said in self.outcomes.items() if said.verdict != "pass"}
        for other in self.checks:
            if other.name in self.decided and other.name not in self.outcomes and not missing.isdisjoint(other.needs):
                missing.add(other.name)
                self.decided[other.name].set()

    def pytest_runtest_makereport(self, item, call):
        check = _of(item)
        try:
            if call.excinfo is not None:
                self._settle(check, self._raised(check, call.excinfo.value))
            elif call.when == "call" and check.name not in self.outcomes:
                self._settle(check, self._forgiven(check) or self._outcome(check, "pass"))
        except Exception as error:
            self._settle(check, self._broken(check, f"{type(error).__name__} while judging {check.name}"))

    def _unasked(self, check: Check) -> Outcome | None:
        """The verdict that needs no function to be called: the check waits, or a run did not end as it should."""
        self.ran[check.name] = ()
        outcome = self._tried(self._before, check)
        for index, boot in enumerate(check.boots if self._is_built(check) else ()):
            if outcome is not None:
                self.decided[check.name].set()
            run = None if boot.of in self.decided else next(self.ended)
            if outcome is None:
                run = run or self.ran[boot.of][index]
                outcome = self._tried(self._of_run, check, index, boot, run)
        return outcome

    def _tried(self, tell: Callable, check: Check, *about) -> Outcome | None:
        try:
            return tell(check, *about)
        except Exception as error:      # the others are judged all the same
            return self._raised(check, error)

    def _before(self, check: Check) -> Outcome | None:
        """The verdict on a check that needs no boot."""
        for name in check.needs:
            if name in self.outcomes and self.outcomes[name].verdict != "pass":
                said = Section(f"It says nothing as long as {name} fails.")
                return self._fail(check, "waits", f"for {name}", (said,))
        for boot in check.boots:
            if boot.payload in self.built.failed:
                return self._unbuilt(check, self.built.failed[boot.payload])
        return None

    def _of_run(self, check: Check, index: int, boot: checks.Boot, run: engine.Run | Exception) -> Outcome | None:
        """The verdict on a check whose next run did not end as it should, or has something forged in it."""
        forged = ""
        if not isinstance(run, (Exception, Run)):      # a Run: another check's, of which that was asked
            run, forged = forgery.settled(run, boot)
            run = Run.of(run)
        self.ran[check.name] += (run,)
        if isinstance(run, GraderError):
            return self._broken(check, str(run))
        if isinstance(run, symbols.NoSymbol):
            return self._fail(check, "wrong output", "", self._what(run), index)
        if run.end == "wall-clock":
            return self._broken(check, "the kernel came to no end in time: this machine is too slow, or stuck")
        if forged:
            return self._fail(check, "wrong output", "", (Section(forged),), index)
        if explain.ending(run) == "hold":
            return self._raised(check, run.error, index)
        if explain.ending(run) not in check.ends:
            detail, sections = self._broken_off(check, run)
            self.faults[check.name] = index, ()
            return self._fail(check, explain.REASON[explain.ending(run)], detail, sections, index)
        return None if run.error is None else self._raised(check, run.error, index)

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
        self.faults[check.name] = index, said
        for at, run in enumerate(self.ran[check.name]):
            if not isinstance(run, Run) or index not in (None, at):
                continue
            how = explain.ending(run)
            if how == "todo" and number(explain.todo_step(run)) <= number(check.step):
                return self._fail(check, "not attempted", *self._broken_off(check, run), at)
            if how == "fault" or "lost" in check.ends and how in STRAY:
                detail, sections = self._broken_off(check, run)
                self.faults[check.name] = at, said
                if how not in ("fault", "lost"):        # what the check found is the reason, and this beside it
                    return self._fail(check, "wrong output", "", (*said, *sections), index)
                return self._fail(check, explain.REASON[how], detail, (*said, *sections), at)
        return self._fail(check, "wrong output", "", said, index)

    def _forgiven(self, check: Check) -> Outcome | None:
        """The verdict on a check that passed on this machine and would not on a real one, if it asked about that."""
        for index, run in enumerate(self.ran[check.name]):
            if run.findings:
                table = symbols.of(run.elf)
                said = [Section(visible(hardware.words(found, table))) for found in run.findings[:FINDINGS]]
                said.append(explain.source(table.where(run.findings[0].pc), self.kernel, "It shows here"))
                if len(run.findings) > FINDINGS:
                    said.append(Section(f"And {len(run.findings) - FINDINGS} more like that."))
                return self._fail(check, "wrong output", "", said, index)
        return None

    def closer(self, outcome: Outcome) -> Outcome:
        """The outcome of a check that failed, told better after a second look at its run."""
        index, said = self.faults.get(outcome.name, (None, ()))
        runs = self.ran.get(outcome.name, ())
        if outcome.verdict != "fail" or outcome.reason in ("not attempted", "blocked") or not said and index is None:
            return outcome
        if index is None:       # the check did not say which: the one that ended early, if one did
            index = next((i for i, run in enumerate(runs) if explain.ending(run) in ("fault", *STRAY)), 0)
        expected = next(check.ends for check in self.checks if check.name == outcome.name)
        found = explain.closer(runs[index], self.kernel, expected)
        if found is None:
            return outcome
        detail, sections = found
        return replace(outcome, detail=outcome.detail if said else detail, sections=(*said, *sections))

    def blocked(self, outcome: Outcome, guilty: labs.Lab, exchanged: list[labs.Lab], first: Outcome | None) -> Outcome:
        """The outcome of a check that passes where these labs are the reference's, for the guilty one of them."""
        numbers = " and ".join(str(lab.number) for lab in exchanged)
        which = f"lab {numbers}" if len(exchanged) == 1 else f"labs {numbers}"
        said = [Section(f"With your own {which}: {terminal.verdict(outcome)}. With the reference's it passes."),
                Section(f"Lab {guilty.number} passes all of its own checks; this one shows more of it.")]
        if first is not None:
            said[1] = Section(f"Mend lab {guilty.number} first. There, {first.name} fails ({terminal.verdict(first)}):",
                              (Line(first.repeat),))
        return replace(outcome, reason="blocked", detail=f"by lab {guilty.number}", sections=tuple(said), hint="",
                       handout=first.handout if first is not None else f"{guilty.folder}/README.md")

    def _what(self, error: Exception) -> tuple[Section, ...]:
        return _told((Section(visible(str(error))),), explain.wrong, error, self.kernel)

    def _broken_off(self, check: Check, run: Run) -> tuple[str, tuple[Section, ...]]:
        detail = f"step {explain.todo_step(run)}" if explain.ending(run) == "todo" else ""
        return _told((detail, ()), explain.broken_off, run, self.kernel, check.ends)

    def _fail(self, check: Check, reason: str, detail: str, sections: Sequence[Section],
              boot: int | None = None) -> Outcome:
        hint = "" if reason == "build error" else check.hint     # the compiler has said what to do
        return self._outcome(check, "fail", reason, detail, tuple(sections), hint, boot)

    def _unbuilt(self, check: Check, said: str) -> Outcome:
        if todo := explain.TODO.search(said.encode()):      # of a tool that make uses
            step = todo[1].decode()
            return self._fail(check, "not attempted", f"step {step}", (explain.todo(self.kernel, step),))
        outcome = self._fail(check, "build error", "", explain.compiler(said))
        found = _told(None, explain.refused, said, self.kernel)
        return outcome if found is None else replace(outcome, handout=f"{found[0].folder}/README.md, step {found[1]}")

    def _broken(self, check: Check, words: str) -> Outcome:
        words = visible(words.replace(f"{ROOT}/", ""))
        return self._outcome(check, "grader error", "", "", (Section(words[:1].upper() + words[1:]),))

    def _outcome(self, check, verdict, reason="", detail="", sections=(), hint="", boot: int | None = None) -> Outcome:
        lab = self.lab
        same = f"LAB={lab.number} CHECK={check.name}{self.trees}"
        same += f" SEED={self.seed}" if self.seed is not None else ""
        which = f" BOOT={boot + 1}" if boot is not None and len(check.boots) > 1 else ""
        points = 0 if self.kernel.later else check.points       # it has earned them in its own lab's kernel
        return Outcome(
            name=check.name, title=check.title, step=check.step, points=points, verdict=verdict,
            earned=points if verdict == "pass" else 0, reason=reason, detail=detail, sections=sections, hint=hint,
            handout=f"{lab.folder}/README.md, step {check.step}", seed=boots.seed(lab, check.name, asked=self.seed),
            repeat=f"make check {same}", debug="" if reason == "build error" else f"make gdb {same}{which}",
            hidden=check.hidden)


def _of(item) -> Check:
    return item.function.check


def _trees(kernel: labs.Kernel) -> str:
    """What says to make which kernel it is and whose files it is of, where that is not what goes without saying."""
    *prior, (last, src) = kernel.parts
    words = f" IN={last.number}" if kernel.later else ""
    words += f" SRC={src}" if src != "starter" else ""
    usual = labs.earlier(last, src, root=kernel.root) if prior else ()
    return words + "".join(f" PRIOR_{lab.number}={tree}" for lab, tree in prior if (lab, tree) not in usual)


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
        lab = next((lab for lab, _ in kernel.parts if step.startswith(f"{lab.number}.")), kernel.lab)
        file = f"open {found[0]} at line {found[1]}" if found else f"look into {kernel.tree}"
        return f"Read step {step} in {lab.folder}/README.md, then {file}."
    if first is not None or kernel.later and report.only is None:
        return ""
    if report.only is not None:
        return f"Next, all of the lab's checks: make check LAB={kernel.lab.number}{_trees(kernel)}"
    later = [name for name in labs.names() if int(name.partition("-")[0]) > kernel.lab.number]
    return f"Next: labs/{later[0]}/README.md." if later else ""
