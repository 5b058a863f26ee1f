"""Verdicts on runs made by hand, what is said of them, and what a lab's own mistakes become."""
import dataclasses
import json
import subprocess
import textwrap
from pathlib import Path

import pytest

from grader import (build, checks, engine, explain, forgery, hardware, judge, labs, params, result, symbols, terminal,
                    vm)
from grader.checks import Boot, Run, Wrong
from grader.errors import GraderError, Usage
from grader.result import Line, Section, visible

NONCE = 0x0123456789abcdef
END = b"[0123456789abcdef] end\n"
LAB = """
    title = "Toy"
    [files]
    kernel = ["toy.c"]
    [[steps]]
    id = "1.1"
    title = "One"
    hours = 1
    [[steps]]
    id = "1.2"
    title = "Two"
    hours = 1
"""
TOY = "// A file.\nint\ntoy(void)\n{\n\t// TODO 1.2: say something.\n\ttodo(\"1.2\");\n}\n"


def run_of(serial=b"", end="power-off", **more):
    """A run as the engine would return it."""
    values = dict(boot=Boot("toy"), elf=Path("toy.elf"), seed=7, nonce=NONCE, end=end, serial=serial,
                  instructions=100, wfis=0, pc=0x40010004, registers={}, marks=(), accesses=(), kept={}, qemu_log="",
                  error=None)
    return engine.Run(**values | more)


def test_a_line_that_the_framework_did_not_print_is_told_of_one_core_alone():
    """Several print at once, on one stack even: how often is the host's moment."""
    for boot, told in ((Boot("toy"), True), (Boot("toy", smp=4), False)):
        assert bool(forgery.settled(run_of(END, boot=boot), boot)[1]) == told


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A course of one lab below tmp_path, whose kernels neither build nor boot: judge_toy(checks, {check: run})."""
    for folder in ("labs/1-toy/checks", "starter/1-toy", "solutions/1-toy"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "labs/1-toy/lab.toml").write_text(textwrap.dedent(LAB))
    (tmp_path / "labs/1-toy/checks/toy.c").write_text("")
    (tmp_path / "starter/1-toy/toy.c").write_text(TOY)
    for module in (judge, build, explain, labs, checks):
        monkeypatch.setattr(module, "ROOT", tmp_path)

    class Symbols:
        def where(self, address):
            return checks.Place(address, "toy", "starter/1-toy/toy.c", 6)

    monkeypatch.setattr(explain.symbols, "of", lambda elf: Symbols())

    def judge_toy(tests, runs=(), failed=(), only=None, seed=None, **more):
        (tmp_path / "labs/1-toy/test_toy.py").write_text("from grader.checks import *\n" + textwrap.dedent(tests))
        lab = labs.find("1", tmp_path)
        waiting = list(runs)
        given = []

        def boots(jobs, **_):
            given.extend(jobs)
            for job in jobs:
                run = vm.Abandoned() if job.abandoned.is_set() else waiting.pop(0)
                yield run if isinstance(run, BaseException) else dataclasses.replace(
                    run, boot=job.boot, seed=job.seed, marks=(engine.Mark("report", 0, 0),) * len(run.reports))

        monkeypatch.setattr(engine, "run_many", boots)
        monkeypatch.setattr(build, "build", lambda kernel, payloads: build.Built(
            {payload: Path("toy.elf") for payload in payloads if payload not in failed}, dict(failed)))
        report = judge.judge(labs.compose(lab, "starter", root=tmp_path), only, seed, **more)
        judge_toy.jobs, judge_toy.left = given, waiting
        return report
    return judge_toy


ONE = """
    @check(points=3, step="1.1", hint="Look twice.", boots=Boot("toy"))
    def test_one(run):
        "It works."
        run.expect_lines(["hello"])
"""
TWO = ONE + """
    @check(points=4, step="1.2", hint="Think.", boots=Boot("toy"), needs="one")
    def test_two_things(run):
        "It works twice."
"""


def shown(report):
    return terminal.text(report)


def test_a_pass(toy):
    report = toy(ONE, [run_of(b"hello\n" + END)])
    one, = report.checks
    assert (one.name, one.verdict, one.earned, one.reason, one.sections) == ("one", "pass", 3, "", ())
    assert (report.earned, report.points, report.exit_code) == (3, 3, 0)


CRASH = b"hel\ncrash: data abort at pc 0x40010004\ncrash: DFSR 0x00000805\ncrash: halted\n"


@pytest.mark.parametrize("run, reason, words", [
    (run_of(b"hullo\n" + END), "wrong output", ["    expected    1  hello", "         got    1  hullo"]),
    (run_of(b"hel\npanic: starter/1-toy/toy.c:6: no\n"), "panic", ["panic: starter/1-toy/toy.c:6: no", ">    6"]),
    (run_of(CRASH), "fault", ["data abort at pc 0x40010004", "toy.c:6, in toy()", ">    6", "hel"]),
    (run_of(CRASH, end="quiet"), "fault", ["data abort"]),
    (run_of(b"hel\n", end="budget"), "hang", ["5,000,000 instructions", "It spun here: starter/1-toy/toy.c:6, in toy()",
                                             ">    6"]),
    (run_of(b"", end="wfi-budget"), "hang", ["1,000 times", "toy.c:6", "printed nothing"]),
    (run_of(b"", end="hold-budget"), "hang", ["same device"]),
    (run_of(b"", end="quiet"), "hang", ["nothing is under way that could ever wake it", "It stands here"]),
    (run_of(b"", end="lost"), "fault", ["no instruction can be fetched"]),
    (run_of(b"hel\n"), "early exit", ["switched off before", "hel"]),
    (run_of(b"hel\n", end="reset"), "reboot", ["reset the machine"]),
    (run_of(b"hel\n", end="restarts"), "reboot", ["starts over"]),
    (run_of(b"x\n" * 99, end="flood"), "wrong output", ["1,048,576"]),
    (run_of(b"\nTODO 1.1: not written yet (labs/1-toy, step 1.1)\n"), "not attempted", ["Step 1.1 is not written"]),
    (run_of(b"", end="hold", error=Wrong("It is off.")), "wrong output", ["It is off."]),
    (run_of(b"", end="hold", error=engine.Wrong("it is off")), "wrong output", ["It is off."]),
    (run_of(b"[fedcba9876543210] end\n"), "early exit", ["[fedcba9876543210] end"]),
], ids=lambda value: value if isinstance(value, str) else "")
def test_each_reason(toy, run, reason, words):
    report = toy(ONE, [run])
    one, = report.checks
    assert (one.verdict, one.reason, one.earned, report.exit_code) == ("fail", reason, 0, 1)
    for word in words:
        assert word in shown(report)
    assert "Look twice." in shown(report) and "labs/1-toy/README.md, step 1.1" in shown(report)
    assert "make check LAB=1 CHECK=one\n" in shown(report) and "make gdb LAB=1 CHECK=one\n" in shown(report)


def test_each_reason_is_tested():
    tested = {parameters.values[1] if hasattr(parameters, "values") else parameters[1] for parameters in
              next(mark for mark in test_each_reason.pytestmark if mark.name == "parametrize").args[1]}
    without_a_run = {"build error", "waits", "blocked"}
    assert tested | without_a_run == set(result.REASONS) == set(explain.REASON.values()) | without_a_run
    assert set(explain.REASON) == set(checks.ENDINGS)


def test_a_todo_names_the_file_to_open(toy):
    report = toy(TWO, [run_of(b"hello\n" + END), run_of(b"\nTODO 1.2: not written yet (labs/1-toy, step 1.2)\n")])
    assert (report.checks[1].reason, report.checks[1].detail) == ("not attempted", "step 1.2")
    assert "then open starter/1-toy/toy.c at line 5." in " ".join(shown(report).split())


def test_a_forged_todo_is_no_trouble(toy):
    for step in (b"7.7", b"0.0", b"999.999"):
        report = toy(ONE, [run_of(b"TODO " + step + b": not written yet\n")])
        assert report.checks[0].reason == "not attempted" and f"step {step.decode()}" in shown(report)
    assert toy(ONE, [run_of(b"TODO 1" + b"0" * 9999 + b".1: not written yet\n")]).checks[0].reason == "early exit"


def test_a_hold_that_is_wrong_beside_a_boot_that_broke(toy):
    two = ONE.replace('boots=Boot("toy")', 'boots=[Boot("toy"), Boot("toy")]').replace("(run)", "(runs)")
    report = toy(two, [run_of(end="hold", error=Wrong("It is off.")), GraderError("QEMU died")])
    assert report.checks[0].reason == "wrong output"


ALLOWS = """
    @check(points=3, step="1.{step}", hint="Look twice.", boots=Boot("toy"), ends=("return", "todo", "fault"))
    def test_one(run):
        "It works."
        raise Wrong("Not so.")
"""


@pytest.mark.parametrize("step, serial, reason", [
    (2, b"\nTODO 1.2: not written yet", "not attempted"),       # its own step is missing: nothing is wrong yet
    (2, b"\nTODO 1.1: not written yet", "not attempted"),
    (1, b"\nTODO 1.2: not written yet", "wrong output"),        # it came as far as it should
    (1, CRASH, "fault"),                                        # what is wrong may come from the crash: both are told
])
def test_a_check_that_allows_other_ends(toy, step, serial, reason):
    report = toy(ALLOWS.format(step=step), [run_of(serial)])
    assert report.checks[0].reason == reason
    assert ("Not so." in shown(report)) == (reason != "not attempted")
    assert ("data abort" in shown(report)) == (serial == CRASH)


@pytest.mark.parametrize("expected, run, passes", [
    ("power-off", run_of(b"hello\n"), True), ("power-off", run_of(b"hello\n" + END), False),
    ("panic", run_of(b"panic: a.c:1: x\n"), True), ("panic", run_of(END), False), ("panic", run_of(b""), False),
    ("budget", run_of(end="budget"), True), ("budget", run_of(end="quiet"), False),
    ("quiet", run_of(end="quiet"), True),
    ("reset", run_of(end="reset"), True), ("fault", run_of(CRASH), True), ("return", run_of(END, end="reset"), False),
])
def test_a_check_says_which_end_it_expects(toy, expected, run, passes):
    report = toy(f"""
        @check(points=3, step="1.1", hint="Look twice.", boots=Boot("toy"), ends="{expected}")
        def test_one(run):
            "It ends."
    """, [run])
    assert report.checks[0].verdict == ("pass" if passes else "fail")
    assert passes or report.checks[0].sections


def test_a_check_waits_for_what_it_needs(toy):
    report = toy(TWO, [run_of(b"hullo\n" + END), run_of(END)])
    two = report.checks[1]
    assert (two.verdict, two.reason, two.detail, two.earned) == ("fail", "waits", "for one", 0)
    assert report.first.name == "one" and "waits for one" in shown(report)


def test_nobody_waits_for_boots_that_decide_nothing_any_more(toy):
    several = """
        @check(points=1, step="1.2", hint="Think.", boots=[Boot("toy")] * 2, needs="two-things")
        def test_three(runs):
            "It waits for what waits."

        @check(points=1, step="1.2", hint="Think.", boots=[Boot("toy")] * 3)
        def test_four(runs):
            "Its second boot fails."

        @check(points=1, step="1.2", hint="Think.", boots=Boot("toy"))
        def test_five(run):
            "It needs none of them."
    """
    report = toy(textwrap.dedent(TWO) + textwrap.dedent(several), [run_of(b"hullo\n" + END), run_of(END),
                                                                              run_of(CRASH), run_of(END)])
    assert toy.left == [] and len(toy.jobs) == 8
    assert [check.reason for check in report.checks] == ["wrong output", "waits", "waits", "fault", ""]


def test_one_check_alone_brings_what_it_needs(toy):
    for only, names in (("two-things", ["one", "two-things"]), ("one", ["one"])):
        report = toy(TWO, [run_of(b"hello\n" + END), run_of(END)], only=only)
        assert [each.name for each in report.checks] == names
    with pytest.raises(Usage, match="no check 'nope'; its checks are: one, two-things"):
        toy(TWO, only="nope")


@pytest.mark.parametrize("run", [GraderError("QEMU died: signal 9"), run_of(end="wall-clock")])
def test_trouble_of_the_grader_is_no_score(toy, run):
    report = toy(TWO, [run, run_of(END)])
    assert (report.checks[0].verdict, report.exit_code, report.first.name) == ("grader error", 2, "one")
    assert "No score" in shown(report) and json.loads(result.to_json(report))["earned"] is None


@pytest.mark.parametrize("line", ["{}['x']", "assert run.seed == 'x'", "raise SystemExit(0)",
                                  "import pytest; pytest.fail('x')", "import pytest; pytest.skip('x')"])
def test_a_broken_check_is_a_grader_error(toy, line, capsys):
    report = toy(ONE + "    " * 2 + line + "\n", [run_of(b"hello\n" + END)])
    assert (report.checks[0].verdict, report.exit_code) == ("grader error", 2)
    assert "the check one is itself broken" in shown(report).replace("The check", "the check")
    assert "Traceback" not in shown(report) + "".join(capsys.readouterr())


@pytest.mark.parametrize("line, error", [
    ("import pytest; pytest.exit('x')", GraderError), ("raise KeyboardInterrupt", KeyboardInterrupt)])
def test_a_stopped_pytest_is_no_score(toy, line, error):
    with pytest.raises(error):
        toy(TWO.replace('run.expect_lines(["hello"])', line), [run_of(END), run_of(END)])


def test_a_maintainer_sees_the_traceback(toy, capsys):
    toy(ONE + "        {}['x']\n", [run_of(b"hello\n" + END)], debug=True)
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("tests, words", [
    (ONE + ONE.replace("It works", "Again"), "check one: there are two of that name"),
    (ONE.replace('boots=', 'needs="other", boots='), "check one needs other: there is none"),
    (TWO.replace('step="1.1"', 'step="1.2", needs="two-things"'), "needs two-things: is not judged before it"),
    (ONE.replace("1.1", "1.7"), "check one: lab.toml has no step 1.7"),
    (ONE.replace('Boot("toy")', 'Boot("gone")'), "labs/1-toy/checks/gone.c: no such payload"),
    (ONE.replace("points=3", "points=-3"), "points is a whole number"),
    (ONE.replace('"It works."', ""), "docstring"),
    (ONE.replace("(run)", "(runs)"), "has to take `run`"),
    (ONE.replace("hint", 'ends="nowhere", hint'), "ends is one of"),
    ("def test_x(run): pass", "test_x is no check"),
    ("this is no Python", "test_toy.py cannot be read: SyntaxError"),
    ("", "no checks"),
])
def test_mistakes_in_a_lab_are_told_in_one_line(toy, tests, words):
    with pytest.raises(GraderError) as raised:
        toy(tests)
    assert words in str(raised.value) and "\n" not in str(raised.value) and "labs/1-toy" in str(raised.value)


def test_two_checks_of_one_name_in_two_files(toy, tmp_path):
    (tmp_path / "labs/1-toy/test_other.py").write_text("from grader.checks import *\n" + textwrap.dedent(ONE))
    with pytest.raises(GraderError, match="two checks named one"):
        toy(ONE)


def test_a_build_error_shows_the_compiler_first(toy):
    said = "starter/1-toy/toy.c:5:1: error: expected ';'\n    5 | }\x1b[31m\n"
    report = toy(TWO, failed={"toy": said})
    assert [each.reason for each in report.checks] == ["build error", "waits"]
    assert "starter/1-toy/toy.c:5:1: error: expected ';'" in shown(report) and "}␛[31m" in shown(report)
    assert "make gdb" not in shown(report)


@pytest.mark.parametrize("said, step", [
    ("starter/1-toy/toy.c: Assembler messages:\nstarter/1-toy/toy.c:6: Error: bad instruction `movseq'\n", "1.2"),
    ("kernel/x.h:1:2: warning: no\nstarter/1-toy/toy.c:2:1: error: expected\n", "1.1"),
    ("starter/1-toy/toy.c: it uses report, which is for checks\n", "1.1"),
    ("labs/1-toy/checks/toy.c:3: undefined reference to `toy'\n", "1.1")])
def test_a_build_error_sends_to_the_step_that_is_worked_on(toy, tmp_path, said, step):
    regions = "int x;\n// BEGIN SOLUTION 1.1\nint y;\n// END SOLUTION\n// BEGIN SOLUTION 1.2\nint z;\n// END SOLUTION\n"
    (tmp_path / "starter/1-toy/toy.c").write_text(regions)
    report = toy(ONE, failed={"toy": said})
    assert report.first.handout == f"labs/1-toy/README.md, step {step}"
    (tmp_path / "starter/1-toy/toy.c").write_text("int x;\n")
    (tmp_path / "solutions/1-toy/toy.c").write_text(regions.partition("int y;\n// END SOLUTION\n")[2])
    step = "1.2" if "starter" in said else "1.1"
    assert toy(ONE, failed={"toy": said}).first.handout == f"labs/1-toy/README.md, step {step}"


def test_several_boots_and_their_seeds(toy):
    two = """
        @check(points=3, step="1.1", hint="Look twice.", boots=[Boot("toy"), Boot("toy", seed=5)])
        def test_one(runs):
            "It works."
            if [run.seed for run in runs] != EXPECTED: raise Wrong("no", got=[str(run.seed) for run in runs])
    """
    fixed = params.fixed_seed("1-toy/one")
    for seed, expected in ((None, [fixed, 5]), (9, [9, 5])):
        report = toy(f"EXPECTED = {expected}\n" + textwrap.dedent(two), [run_of(END), run_of(END)], seed=seed)
        assert report.exit_code == 0, shown(report)
        assert report.checks[0].seed == expected[0]
        assert len({job.nonce for job in toy.jobs}) == 2      # a nonce for each boot


def test_the_command_repeats_the_seed(toy):
    report = toy(ONE, [run_of(END)], seed=9)
    assert report.checks[0].repeat == "make check LAB=1 CHECK=one SEED=9"
    assert report.checks[0].debug == "make gdb LAB=1 CHECK=one SEED=9"


def test_the_report_is_the_same_each_time(toy):
    both = [toy(TWO, [run_of(b"h\x1b[2J\0\xff \r\n" + END), run_of(CRASH)]) for _ in range(2)]
    assert result.to_json(both[0]) == result.to_json(both[1]) and shown(both[0]) == shown(both[1])


def test_nothing_raw_reaches_the_screen(toy):
    """Whatever a kernel prints: only the report's own lines, each printable."""
    said = bytes(range(256)) + "\u202e".encode() + b"\n\x1b]0;owned\x07 \n"
    for run in (run_of(said + END), run_of(said), run_of(said + CRASH), run_of(said + b"panic: \x1b:1: \x1b[2J\n"),
                run_of(said, end="budget")):
        for line in shown(toy(ONE, [run])).split("\n"):
            assert line.isprintable(), line


@pytest.mark.parametrize("file, shown_lines", [
    ("starter/1-toy/toy.c", True), ("kernel/core.c", True), ("labs/1-toy/checks/toy.c", True),
    ("solutions/1-toy/toy.c", False), ("labs/1-toy/mutants/a.patch", False), ("starter/1-toy/link.c", False),
    ("../secret", False),
    ("starter/1-toy/../../solutions/1-toy/toy.c", False), ("starter/1-toy/gone.c", False)])
def test_a_panic_cannot_make_the_grader_show_what_is_not_the_students(toy, tmp_path, file, shown_lines):
    for path in ("kernel/core.c", "labs/1-toy/checks/toy.c", "solutions/1-toy/toy.c", "labs/1-toy/mutants/a.patch",
                 "../secret"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text("THE TEXT\n")
    (tmp_path / "starter/1-toy/toy.c").write_text("THE TEXT\n")
    (tmp_path / "starter/1-toy/link.c").symlink_to(tmp_path / "solutions/1-toy/toy.c")
    assert ("THE TEXT" in shown(toy(ONE, [run_of(f"panic: {file}:1: x\n".encode())]))) == shown_lines


@pytest.mark.parametrize("src, prior, shown_lines", [
    ("starter", "starter", True), ("starter", "solutions", False), ("solutions", "starter", True)])
def test_nor_what_the_reference_has_of_an_earlier_lab(tmp_path, monkeypatch, src, prior, shown_lines):
    monkeypatch.setattr(explain, "ROOT", tmp_path)
    file = tmp_path / prior / "1-toy/toy.c"
    file.parent.mkdir(parents=True)
    file.write_text("THE TEXT\n")
    one, two = (labs.Lab(name, "Toy", 0, ("toy.c",), (), (), ()) for name in ("1-toy", "2-toy"))
    kernel = labs.Kernel(two, src, ((one, prior),), tmp_path)
    assert bool(explain.source(checks.Place(0, None, f"{prior}/1-toy/toy.c", 1), kernel, "Here").lines) == shown_lines


# What a run may print stays in its check.

STEPS = TWO.replace(', needs="one"', "")


@pytest.mark.parametrize("serial", [
    b"\nTODO 2.1: not written yet\n", b"TODO 1" + b"1" * 5000 + b".1: not written yet\n", b"panic: a\0b:1: hi\n",
    b"panic: " + b"a" * 9000 + b":1: hi\n", b"panic: a:" + b"1" * 5000 + b": hi\n"])
def test_what_one_kernel_prints_is_no_trouble_for_the_others(toy, serial):
    report = toy(STEPS, [run_of(serial), run_of(END)])
    assert [each.verdict for each in report.checks] == ["fail", "pass"]
    assert ("The kernel panicked" in shown(report)) == serial.startswith(b"panic")


@pytest.mark.parametrize("broken", ["broken_off", "find_todo", "todo"])
def test_a_verdict_stands_without_its_explanation(toy, monkeypatch, broken):
    def fail(*arguments):
        raise RuntimeError("no words")
    monkeypatch.setattr(explain, broken, fail)
    report = toy(STEPS, [run_of(b"\nTODO 1.1: not written yet\n"), run_of(END)])
    assert [each.reason for each in report.checks] == ["not attempted", ""]
    assert "no words" not in shown(report)


def test_a_wrong_stands_without_its_explanation(toy, monkeypatch):
    monkeypatch.setattr(explain, "wrong", lambda *arguments: {}["x"])
    report = toy(STEPS, [run_of(END), run_of(END)])
    assert [each.reason for each in report.checks] == ["wrong output", ""] and "console's output" in shown(report)


def test_a_check_that_cannot_be_judged_leaves_the_others(toy, monkeypatch):
    ending = explain.ending
    monkeypatch.setattr(explain, "ending", lambda run: {}["x"] if run.end == "lost" else ending(run))
    report = toy(STEPS, [run_of(end="lost"), run_of(END)])
    assert [each.verdict for each in report.checks] == ["grader error", "pass"]


def test_garbage_in_the_debugging_information_is_no_lines(tmp_path):
    source, elf = tmp_path / "x.c", tmp_path / "x.elf"
    source.write_text("int f(void) { return 1; }\n")
    subprocess.run(["arm-none-eabi-gcc", "-g", "-nostdlib", "-Wl,-ef", source, "-o", elf], check=True)
    at = symbols.Symbols(elf).address("f")
    assert symbols.Symbols(elf).where(at).line == 1
    for section in (".debug_info", ".debug_line", ".debug_abbrev"):
        for byte in (b"\xff", b"\0", b"\x05"):
            (tmp_path / "junk").write_bytes(byte * 300)
            broken = tmp_path / "broken.elf"
            subprocess.run(["arm-none-eabi-objcopy", f"--update-section={section}={tmp_path}/junk", elf, broken],
                           check=True)
            place = symbols.Symbols(broken).where(at)
            assert place.function == "f" and isinstance(place.line, int | None)


ANY = ALLOWS.replace('("return", "todo", "fault")', "tuple(ENDINGS)").replace("{step}", "1")


@pytest.mark.parametrize("end, reason, words", [
    ("lost", "fault", "no instruction can be fetched"),
    ("budget", "wrong output", "It spun here: starter/1-toy/toy.c:6"),
    ("wfi-budget", "wrong output", "It stands here"), ("quiet", "wrong output", "It stands here"),
    ("reset", "wrong output", "reset the machine"), ("flood", "wrong output", "characters, and did not stop"),
    ("hold-budget", "wrong output", "same device"), ("restarts", "wrong output", "starts over")])
def test_where_a_run_went_astray_is_told_beside_what_is_wrong(toy, end, reason, words):
    ends = "from grader.checks import ENDINGS\n"
    report = toy(ends + textwrap.dedent(ANY), [run_of(b"hel\n", end=end)])
    assert report.checks[0].reason == reason and "Not so." in shown(report) and words in shown(report)
    report = toy(ends + textwrap.dedent(ANY.replace("tuple(ENDINGS)", f'("return", "{end}")')), [run_of(b"", end=end)])
    assert (words in shown(report)) == (end == "lost")      # where that is how it should end, it explains nothing


BOOTS = """
    @check(points=3, step="1.1", hint="Look twice.", boots=[Boot("toy"), Boot("toy")])
    def test_one(runs):
        "It works."
        for run in runs:
            {0}
"""


@pytest.mark.parametrize("line, second, boot", [
    ('run.expect_lines(["a"])', run_of(b"b\n" + END), " BOOT=2"), ('run.expect_report("x")', run_of(END), " BOOT=1"),
    ('if run is runs[1]: raise Wrong("no", run=run)', run_of(END), " BOOT=2"),
    ('raise Wrong("no")', run_of(END), ""), ("pass", run_of(end="budget"), " BOOT=2"),
    ("pass", run_of(end="hold", error=engine.Wrong("no")), " BOOT=2")])
def test_the_debugger_opens_the_boot_that_went_wrong(toy, line, second, boot):
    report = toy(BOOTS.format(line), [run_of(b"a\n" + END), second])
    assert report.checks[0].verdict == "fail" and report.checks[0].debug == f"make gdb LAB=1 CHECK=one{boot}"


def test_one_check_that_passes_is_not_all(toy):
    report = toy(TWO, [run_of(b"hello\n" + END)], only="one")
    assert "This check passes." in shown(report) and "All of it works" not in shown(report)
    assert "make check LAB=1\n" in shown(report)
    assert "All of it works." in shown(toy(TWO, [run_of(b"hello\n" + END), run_of(END)]))


def test_what_is_wrong_comes_before_what_is_to_come(toy):
    """A check that met a later step's TODO, and those that wait for it, hide nothing."""
    checks = TWO + """
    @check(points=4, step="1.1", hint="Think.", boots=Boot("toy"))
    def test_red(run):
        "It is red."
        run.expect_lines(["red"])
    """
    todo = run_of(b"\nTODO 1.2: not written yet\n")
    report = toy(checks, [todo, run_of(END), run_of(END)])
    assert report.first.name == "red" and report.next == ""
    report = toy(checks, [todo, run_of(b"red\n" + END), run_of(END)])
    assert report.first.name == "one" and "Read step 1.2" in report.next
    report = toy(checks, [run_of(b"\nTODO 1.1: not written yet\n"), run_of(END), run_of(END)])
    assert report.first.name == "one" and "Read step 1.1" in report.next


# What is shown of two lists of lines.

def texts(lines):
    return [(line.mark, line.text.strip()) for line in lines]


@pytest.mark.parametrize("expected, got, lines", [
    (["a", "b"], ["a", "c"], [("", "1  a"), ("expected", "2  b"), ("got", "2  c")]),
    (["a"], ["a\r"], [("expected", "1  a"), ("got", "1  a␍")]),
    (["a"], ["a "], [("expected", "1  a"), ("got", "1  a·")]),
    (["a"], ["a", "b"], [("", "1  a"), ("expected", "2  (nothing more)"), ("got", "2  b")]),
    (["a", "b"], ["a"], [("", "1  a"), ("expected", "2  b"), ("got", "2  (nothing: it ends here)")]),
    (["a"], [], [("expected", "1  a"), ("got", "1  (nothing: it ends here)")]),
    (["1", "2", "3", "4", "5", "x", "7", "8", "9"], ["1", "2", "3", "4", "5", "6", "7", "8", "9"],
     [("", "3  3"), ("", "4  4"), ("", "5  5"), ("expected", "6  x"), ("got", "6  6"), ("then", "7  7"),
      ("then", "8  8")]),
    (["sp 1", "lr 2", "pc 3", "x", "y"], ["sp 0", "lr 0", "pc 3", "z", "z"],
     [("expected", "1  sp 1"), ("got", "1  sp 0"), ("expected", "2  lr 2"), ("got", "2  lr 0"), ("then", "3  pc 3")]),
    (["a", "b"], ["b", "c", "d"], [("expected", "1  a"), ("got", "1  b"), ("then", "2  c"), ("then", "3  d")]),
    (["·"], [" "], [("expected", "1  '\\xb7'"), ("got", "1  ' '")]),      # alike to the eye
])
def test_the_first_difference(expected, got, lines):
    assert texts(explain.difference(expected, got)) == lines


def test_a_list_is_counted_and_cut():
    lines = explain.difference(None, ["a", "b", "b", "b"] + [str(i) for i in range(30)])
    assert texts(lines[:3]) == [("", "a"), ("", "b   (3 times)"), ("", "0")]
    assert texts(lines[-1:]) == [("", "... and 16 more")]


def test_a_long_line_is_cut_where_it_differs():
    expected, got = texts(explain.difference(["a" * 500 + "b" + "c" * 500], ["a" * 500 + "d" + "c" * 500]))
    assert len(expected[1]) < 200 and "ab" in expected[1] and "ad" in got[1]


@pytest.mark.parametrize("text, seen", [
    (b"a\tb\r", "a␉b␍"), (b"\0\x7f", "␀␡"), (b"\xff\x1b[2J", "\\xff␛[2J"), ("x  ", "x··"), ("  x", "  x"),
    ("\u202e", "\\u202e"), ("\x85", "\\u0085")])
def test_visible(text, seen):
    assert visible(text) == seen


# What a run is asked.

def asked(serial):
    return Run.of(run_of(serial))


def test_reports():
    run = asked(b"hello [0123456789abcdef] sp 8 0x10 svc\n world\n[0123456789abcdef] n 1 0x10\n" + END)
    assert run.words("sp") == ["8", "0x10", "svc"] and run.numbers("n") == [1, 16] and run.reported("none") == []
    assert run.lines() == ["hello  world"]
    run.expect_report("n 1 0x10")
    run.expect_lines(["hello  world"])
    for broken in (lambda: run.expect_report("n"), lambda: run.words("none"), lambda: run.numbers("sp"),
                   lambda: run.expect_lines(["hello"])):
        with pytest.raises(Wrong):
            broken()


def test_lines_without_an_end():
    for serial, lines in ((b"a\n\nb", ["a", "", "b"]), (b"", []), (b"\n", [""]), (b"\xff\n", ["\\xff"])):
        assert asked(serial).lines() == lines


def test_a_run_has_its_own_generator():
    assert asked(b"").random().random() == asked(b"").random().random()


# Colour is the only difference on a terminal.

def test_a_terminal_shows_the_same_words(toy, monkeypatch):
    import io
    import re
    report = toy(TWO, [run_of(CRASH), run_of(END)])

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    coloured, plain = Terminal(), Terminal()
    terminal.show(report, coloured)
    monkeypatch.setenv("NO_COLOR", "1")
    terminal.show(report, plain)
    assert plain.getvalue() == shown(report)
    without = re.sub(r"\x1b\[[\d;]*m", "", coloured.getvalue())
    assert without != coloured.getvalue()
    assert [line.rstrip() for line in without.splitlines()] == plain.getvalue().splitlines()


def test_the_line_marks_are_known():
    assert set(terminal.MARKS) == {"", "here", "expected", "got", "then"} and Line("x").mark == ""


# Hidden checks stand in the lab's folder hidden/, which students do not have.

SECRET = """
    from grader.checks import *
    @check(points=6, step="1.1", hint="You cannot know.", boots=Boot("toy"), needs="one")
    def test_sly(run):
        "It works in secret."
        run.expect_lines(["hello"])
"""


@pytest.fixture
def secret(toy, tmp_path):
    """secret(worth, tests): as toy, in a lab that says its hidden checks are worth so much."""
    def judged(worth, *arguments, tests=SECRET, **more):
        (tmp_path / "labs/1-toy/lab.toml").write_text(f"hidden = {worth}\n" + textwrap.dedent(LAB))
        if tests:
            (tmp_path / "labs/1-toy/hidden").mkdir(exist_ok=True)
            (tmp_path / "labs/1-toy/hidden/test_hidden.py").write_text(textwrap.dedent(tests))
        return toy(*arguments, **more)
    return judged


HELLO = run_of(b"hello\n" + END)


def test_where_hidden_checks_are_not_they_are_spoken_of(secret):
    report = secret(6, ONE, [HELLO], tests="")
    assert (report.points, report.earned, report.hidden, report.exit_code) == (3, 3, 6, 0)
    assert "3 of 3 points; hidden checks decide 6 more. All that is here works." in shown(report)
    assert secret(6, ONE, [HELLO], tests="", only="one").hidden == 0        # no total is told of one check


def test_where_hidden_checks_are_they_are_judged_last(secret):
    report = secret(6, TWO, [HELLO, HELLO, HELLO])
    assert [(each.name, each.hidden, each.verdict) for each in report.checks] == [
        ("one", False, "pass"), ("two-things", False, "pass"), ("sly", True, "pass")]
    assert (report.points, report.earned, report.hidden) == (13, 13, 0)
    assert "13 of 13 points. All of it works." in shown(report)
    report = secret(6, TWO, [HELLO, HELLO, run_of(END)])
    assert (report.first.name, report.first.hidden, report.earned) == ("sly", True, 7)


@pytest.mark.parametrize("worth, tests, words", [
    (5, SECRET, "the hidden checks are worth 6 points, not the 5 that lab.toml says"),
    (0, SECRET, "not the 0 that lab.toml says"), ("true", "", "hidden is True, not a whole number"),
    (6, "this is no Python", "test_hidden.py cannot be read"),
])
def test_hidden_points_have_to_be_what_lab_toml_says(secret, worth, tests, words):
    with pytest.raises(GraderError, match=words):
        secret(worth, ONE, [HELLO, HELLO], tests=tests)


def test_no_open_check_needs_a_hidden_one(secret):
    with pytest.raises(GraderError, match="needs sly: is not judged before it"):
        secret(6, TWO.replace('needs="one"', 'needs="sly"'))


# The second look at the first failure.

@pytest.fixture
def closer(monkeypatch):
    """What explain.closer says, and the runs it was asked about."""
    asked = []

    def tell(run, kernel, expected):
        asked.append((run, expected))
        return "in deep()", (Section("Seen from closer."),)
    monkeypatch.setattr(explain, "closer", tell)
    return asked


def test_the_first_failure_is_looked_at_again(toy, closer):
    report = toy(STEPS, [run_of(b"", end="budget"), run_of(b"", end="quiet")])
    assert [(each.reason, each.detail) for each in report.checks] == [("hang", "in deep()"), ("hang", "in toy()")]
    assert [section.heading for section in report.first.sections] == ["Seen from closer."]
    (run, expected), = closer
    assert (run.end, expected) == ("budget", ("return",))


def test_what_the_check_said_stays(toy, closer):
    report = toy(ONE, [run_of(b"hullo\n" + END)])
    assert (report.first.reason, report.first.detail) == ("wrong output", "")
    assert [section.heading for section in report.first.sections][-1] == "Seen from closer."
    assert "got    1  hullo" in shown(report) and len(closer) == 1


def test_of_several_boots_the_one_that_went_wrong(toy, closer):
    two = BOOTS.format('raise Wrong("no")').replace('hint=', 'ends=("return", "budget"), hint=')
    toy(two, [HELLO, run_of(b"", end="budget")])
    toy(BOOTS.format("pass"), [HELLO, run_of(b"", end="quiet")])
    assert [run.end for run, _ in closer] == ["budget", "quiet"]


def test_where_there_is_nothing_to_look_at_nobody_looks(toy, closer):
    toy(ONE, [HELLO])
    toy(ONE, [run_of(b"\nTODO 1.1: not written yet\n")])
    toy(ONE, [GraderError("QEMU died")])
    toy(ONE, failed={"toy": "no"})
    assert closer == []


@pytest.mark.parametrize("said", [None, GraderError("no"), KeyError("x")])
def test_a_look_that_finds_nothing_changes_nothing(toy, monkeypatch, said):
    def tell(*about):
        if said is not None:
            raise said
    monkeypatch.setattr(explain, "closer", lambda *about: None)
    plain = toy(ONE, [run_of(b"", end="budget")])
    monkeypatch.setattr(explain, "closer", tell)
    assert toy(ONE, [run_of(b"", end="budget")]) == plain and plain.first.sections


# What hardware would not have forgiven.

def test_a_check_that_passes_by_grace_of_the_emulator_fails(toy, monkeypatch):
    monkeypatch.setattr(judge.hardware, "words", lambda found, table: f"Missing: {found.missing}.\x1b")
    forgiven = [hardware.Finding("code", missing, 0x40010004, 0, 0, 0, "") for missing in hardware.MISSING[1:6]]
    run = dataclasses.replace(HELLO, findings=tuple(forgiven))
    report = toy(ONE, [run])
    assert (report.first.reason, report.first.earned) == ("wrong output", 0)
    text = shown(report)
    assert "Missing: DCCMVAU.␛" in text and "It shows here: starter/1-toy/toy.c:6" in text and "And 2 more" in text
    assert "hullo" in shown(toy(ONE, [dataclasses.replace(run, serial=b"hullo\n" + END)]))    # the check speaks first
