"""Whose mistake it is: a check that fails with the student's own earlier labs and passes with the reference's names the
lab that blocks it, and one that fails in a later lab's kernel alone says so. On real kernels of a course of three labs, of
which two are made here."""
import shutil
import sys
import textwrap

import pytest

from grader import judge, labs, result, terminal
from grader.errors import GraderError, Usage
from grader.paths import ROOT

FILES = {
    "labs/2-two/lab.toml": """
        title = "Two"
        [files]
        kernel = ["two.c"]
        [[steps]]
        id = "2.1"
        title = "Two more"
        hours = 1
    """,
    "kernel/include/exo/numbers.h": "int two(int x);\nint three(int x);\n",
    "solutions/2-two/two.c": "#include <exo/numbers.h>\nint two(int x) { return x + 2; }\n",
    "labs/2-two/checks/sum.c": """
        #include <exo/check.h>
        #include <exo/numbers.h>
        void check_main(void) { report("sum %d", two(3)); }
    """,
    "labs/2-two/checks/zero.c": """
        #include <exo/check.h>
        static volatile int zero[64];
        void check_main(void) {
            int all = 0;
            for (int i = 0; i < 64; i++)
                all |= zero[i];
            report("zero %d", all);
        }
    """,
    "labs/2-two/test_two.py": """
        from grader.checks import Boot, check
        @check(points=3, step="2.1", hint="Count.", boots=Boot("sum"))
        def test_sum(run):
            "Three and two are five."
            run.expect_report("sum 5")
        @check(points=4, step="2.1", hint="Clear.", boots=Boot("zero", junk=True))
        def test_zero(run):
            "Zero is zero."
            run.expect_report("zero 0")
        @check(points=5, step="2.1", hint="Wait.", boots=Boot("sum"), needs="zero", until=2)
        def test_again(run):
            "Once more."
            run.expect_report("sum 5")
    """,
    "labs/3-three/lab.toml": """
        title = "Three"
        [files]
        kernel = ["three.c"]
        [[steps]]
        id = "3.1"
        title = "Thrice"
        hours = 1
        part = "a"
        [[steps]]
        id = "3.2"
        title = "More"
        hours = 1
        part = "b"
    """,
    "solutions/3-three/three.c": "#include <exo/numbers.h>\nint three(int x) { return x * 3; }\n",
    "labs/3-three/checks/all.c": """
        #include <exo/check.h>
        #include <exo/numbers.h>
        static volatile int zero[64];
        void check_main(void) {
            int all = 0;
            for (int i = 0; i < 64; i++)
                all |= zero[i];
            report("three %d", three(5));
            report("both %d", two(three(5)));
            report("hundred %d", two(100));
            report("deep %d %d", two(three(5)), all);
        }
    """,
    "labs/3-three/test_three.py": """
        from grader.checks import Boot, check
        ALL = Boot("all", junk=True)
        @check(points=1, step="3.1", hint="Multiply.", boots=ALL)
        def test_own(run):
            "Thrice five is fifteen."
            run.expect_report("three 15")
        @check(points=2, step="3.1", hint="Add.", boots=ALL)
        def test_both(run):
            "And two."
            run.expect_report("both 17")
        @check(points=4, step="3.1", hint="Both.", boots=ALL)
        def test_deep(run):
            "All of it."
            run.expect_report("deep 17 0")
        @check(points=8, step="3.2", hint="More.", boots=ALL)
        def test_hundred(run):
            "A hundred and two."
            run.expect_report("hundred 102")
    """,
}

# What a student may have done: (file, what was right, what it became).
BSS = ("1-boot/bss.c", "*p = 0;", "(void)p;")                       # lab 1's check bss finds it
TWO = ("2-two/two.c", "x + 2", "x + 3")                             # lab 2's check sum
UNSEEN = ("2-two/two.c", "x + 2", "x == 100 ? 0 : x + 2")           # no check of lab 2
THREE = ("3-three/three.c", "x * 3", "x * 4")
BROKEN = ("1-boot/bss.c", "*p = 0;", "*p = 0")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """The root of that course, built in a folder of its own."""
    root = tmp_path_factory.mktemp("course")
    for folder in ("kernel", "labs/1-boot", "solutions/1-boot"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("mutants", "__pycache__"))
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(textwrap.dedent(text))
    return root


@pytest.fixture
def course(root, monkeypatch):
    """course(lab, changes) judges a student's lab, all of whose labs are theirs, with those changes in them."""
    for module in [module for name, module in sys.modules.items() if name.partition(".")[0] == "grader"]:
        for name, path in (("ROOT", root), ("BUILD", root / "build")):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, path)

    def judged(lab, *changes, only=None, prior=None, src="starter", within=None, part=None):
        shutil.rmtree(root / src, ignore_errors=True)
        shutil.copytree(root / "solutions", root / src)
        for name, old, new in changes:
            file = root / src / name
            assert old in file.read_text()
            file.write_text(file.read_text().replace(old, new))
        kernel = labs.compose(labs.find(within or lab, root), src, prior or {"PRIOR": src}, root)
        return judge.judge(labs.within(kernel, labs.find(lab, root)), only, part=part)
    return judged


def verdicts(report):
    return {check.name: terminal.verdict(check) for check in report.checks}


def test_what_blocks_is_named_with_the_command_to_type(course):
    report = course("2", BSS)
    assert verdicts(report) == {"sum": "pass", "zero": "blocked by lab 1", "again": "blocked by lab 1"}
    zero = report.checks[1]
    assert (zero.verdict, zero.reason, zero.detail, zero.earned) == ("fail", "blocked", "by lab 1", 0)
    assert (report.earned, report.exit_code, report.first) == (3, 1, zero)
    shown = terminal.text(report)
    assert "With your own lab 1: wrong output. With the reference's it passes." in shown
    assert "Mend lab 1 first. There, bss fails (wrong output):" in shown
    assert "     make check LAB=1 CHECK=bss\n" in shown and "read:  labs/1-boot/README.md, step 1.3" in shown
    assert "Clear." not in shown        # the hint is about this lab, which is right
    assert verdicts(course("1", BSS))["bss"] == "wrong output"


def test_commands_say_whose_labs(course):
    report = course("2", BSS, src="mine")
    assert report.checks[1].repeat == "make check LAB=2 CHECK=zero SRC=mine PRIOR_1=mine"
    assert report.checks[1].sections[1].lines[0].text == "make check LAB=1 CHECK=bss SRC=mine"


@pytest.mark.parametrize("changes, expected", [
    ([], {}),
    ([THREE], {"own": "wrong output", "both": "wrong output", "deep": "wrong output"}),
    ([TWO], {"both": "blocked by lab 2", "deep": "blocked by lab 2", "hundred": "blocked by lab 2"}),
    ([BSS], {"deep": "blocked by lab 1"}),
    # Both are wrong: each check names the one that it needs; what needs both names the earlier.
    ([BSS, TWO], {"both": "blocked by lab 2", "deep": "blocked by lab 1", "hundred": "blocked by lab 2"}),
    # What is wrong in this lab too is this lab's.
    ([BSS, THREE], {"own": "wrong output", "both": "wrong output", "deep": "wrong output"}),
    ([TWO, THREE], {"own": "wrong output", "both": "wrong output", "deep": "wrong output",
                    "hundred": "blocked by lab 2"}),
    ([UNSEEN], {"hundred": "blocked by lab 2"}),
    # Nothing builds: all of it is lab 1's, as long as it is.
    ([BROKEN], dict.fromkeys(("own", "both", "deep", "hundred"), "blocked by lab 1")),
])
def test_the_guilty_lab(course, changes, expected):
    report = course("3", *changes)
    assert verdicts(report) == dict.fromkeys(("own", "both", "deep", "hundred"), "pass") | expected
    if changes == [BSS, TWO]:
        deep = report.checks[2]
        assert deep.sections[0].heading == "With your own labs 1 and 2: wrong output. With the reference's it passes."
    if changes == [UNSEEN]:
        assert "Lab 2 passes all of its own checks; this one shows more of it." in terminal.text(report)
    if changes == [BROKEN]:
        assert "There, reset fails (build error):" in terminal.text(report)


@pytest.mark.parametrize("prior, zero", [({"PRIOR": "starter"}, "blocked by lab 1"), ({"PRIOR": "solutions"}, "pass")])
def test_earlier_labs_of_the_reference_block_nothing(course, prior, zero):
    assert verdicts(course("2", BSS, prior=prior))["zero"] == zero


def test_without_the_reference_nothing_is_said_of_it(course, root, request):
    gone = root / "gone"
    (root / "solutions/1-boot").rename(gone)
    request.addfinalizer(lambda: gone.rename(root / "solutions/1-boot"))
    shutil.copytree(gone, root / "mine/1-boot", dirs_exist_ok=True)
    shutil.copytree(root / "solutions/2-two", root / "mine/2-two", dirs_exist_ok=True)
    (root / "mine/1-boot/bss.c").write_text((gone / "bss.c").read_text().replace(*BSS[1:]))
    report = judge.judge(labs.compose(labs.find("2", root), "mine", {"PRIOR": "mine"}, root))
    assert verdicts(report) == {"sum": "pass", "zero": "wrong output", "again": "waits for zero"}


@pytest.mark.parametrize("change, words", [
    (lambda file: file.unlink(), "solutions/2-two/two.c: this file of the reference is missing"),
    (lambda file: file.write_text("int two(;"), "that is not the student's does not compile: solutions/2-two/two.c"),
])
def test_a_broken_reference_is_no_students_fault(course, root, request, change, words):
    file = root / "solutions/2-two/two.c"
    before = file.read_text()
    request.addfinalizer(lambda: file.write_text(before))
    change(file)
    with pytest.raises(GraderError, match=words):
        judge.judge(labs.compose(labs.find("3", root), "solutions", {"PRIOR": "solutions"}, root))


def test_only_what_failed_runs_again(course, monkeypatch):
    jobs, run_many = [], judge.engine.run_many

    def counted(given, **more):
        given = list(given)
        jobs.append([job.boot.payload for job in given])
        return run_many(given, **more)

    monkeypatch.setattr(judge.engine, "run_many", counted)
    course("2", BSS, only="zero")
    first, again, guilty = jobs
    assert (first, again) == (["zero"], ["zero"]) and len(guilty) > 10      # lab 1's own checks, up to the first
    del jobs[:]
    course("2")
    course("2", TWO, prior={"PRIOR": "solutions"})
    assert jobs == [["sum", "zero", "sum"]] * 2         # nothing is exchanged: all passes, or all is the reference's


def test_trouble_of_the_grader_in_the_second_run_is_no_verdict(course, monkeypatch):
    run_many, calls = judge.engine.run_many, []

    def dies(given, **more):
        calls.append(given)
        return run_many(given, **more) if len(calls) == 1 else (judge.GraderError("QEMU died") for _ in given)

    monkeypatch.setattr(judge.engine, "run_many", dies)
    report = course("2", BSS)
    assert verdicts(report) == {"sum": "pass", "zero": "grader error", "again": "waits for zero"}
    assert (report.exit_code, report.score) == (2, None)


def test_the_same_each_time(course):
    both = [result.to_json(course("3", BSS, TWO)) for _ in range(2)]
    assert both[0] == both[1] and '"by lab 1"' in both[0]


# Lab 3 as it gets in the way of what lab 2 proves, and as it is not written yet.
AWAY = ("3-three/three.c", "int three", "void lab3_init(void);\nvoid lab3_init(void) { __asm__(\"udf\"); }\nint three")
LATER = ("3-three/three.c", "int three", "#include <exo/todo.h>\nvoid lab3_init(void);\n"
         "void lab3_init(void) { todo(\"3.1\"); }\nint three")


@pytest.mark.parametrize("changes, expected, words", [
    ([], {}, "2 of 2 checks. All of it works.\n"),
    ([AWAY], {"sum": "fault, undefined instruction in lab3_init()", "zero": "fault in lab3_init()"},
     "In lab 2's own kernel it passes: a later lab is in its way."),
    ([LATER], dict.fromkeys(("sum", "zero"), "not attempted, step 3.1"), "then open starter/3-three/three.c at line 4."),
    ([TWO], {"sum": "wrong output"}, "It fails in its own lab's kernel too: mend it there first.\n"
     "     make check LAB=2 CHECK=sum\n"),
    ([BSS], {"zero": "blocked by lab 1"}, "There, bss fails (wrong output):"),
])
def test_in_a_later_labs_kernel(course, changes, expected, words):
    """What claims to hold there is judged, for no points; what fails says whether it is new."""
    report = course("2", *changes, within="3")
    assert verdicts(report) == dict.fromkeys(("sum", "zero"), "pass") | expected       # `again` claims nothing there
    assert words in terminal.text(report)
    assert (report.points, report.exit_code) == (0, int(bool(expected)))
    assert report.title == "Two, in the kernel of 3-three" and report.prior == {"1-boot": "starter", "3-three": "starter"}
    if changes == [AWAY]:
        assert report.first.repeat == "make check LAB=2 CHECK=sum IN=3"
        assert "starter/3-three/three.c:3" in terminal.text(report)


def test_one_check_in_a_later_labs_kernel(course):
    report = course("2", only="sum", within="3", src="mine")
    assert report.next == "Next, all of the lab's checks: make check LAB=2 IN=3 SRC=mine PRIOR_1=mine PRIOR_2=mine"
    with pytest.raises(Usage, match="has no check 'again' that holds in lab 3's kernel; its checks are: sum, zero$"):
        course("2", only="again", within="3")
    with pytest.raises(Usage, match="IN=1: lab 2 comes later than lab 1's kernel"):
        course("2", within="1")
    assert verdicts(course("2", only="again", within="2")) == {"zero": "pass", "again": "pass"}    # its own: as ever


def test_a_part_has_a_score_of_its_own(course):
    report = course("3", THREE, part="a")
    assert (verdicts(report), report.points) == ({"own": "wrong output", "both": "wrong output", "deep": "wrong output"}, 7)
    assert report.title == "Three, part a"
    assert [check.name for check in course("3", part="b").checks] == ["hundred"]
    assert course("3").points == 15
    with pytest.raises(Usage, match="PART=c: the parts of lab 3 are a and b"):
        course("3", part="c")
    with pytest.raises(Usage, match="lab 2 has no parts"):
        course("2", part="a")
