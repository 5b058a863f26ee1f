"""The Makefile and what it stands for: every command becomes the right words for the grader, from every folder it may
be typed in, quietly; and .ci/run fails when anything does.
"""
import importlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from grader import __main__, errors
from grader.paths import ROOT

PYTHON = '#!/bin/sh\nprintf "<%s>" "$@"; echo " $WERROR$OPT"; case "$*" in *fail*) exit 1;; esac\n'
SETUP = '#!/bin/sh\ncase $1 in --python) shift; echo "$* " >>{log}; echo {python};; *) echo "setup $*" >>{log};; esac\n'


@pytest.fixture(params=["course", "a course of mine's"])
def here(request, tmp_path):
    return Here(tmp_path / request.param)


class Here:
    """A root with the real Makefile and here.mk, whose grader says how it was called."""

    def __init__(self, root: Path):
        self.root, self.log = root, root.parent / "log"
        for folder in ("grader", "kernel", "labs/1-boot", "solutions/1-boot", "solutions/2-vm", "starter/1-boot"):
            (root / folder).mkdir(parents=True)
        for file in ("Makefile", "kernel/here.mk", "labs/1-boot/Makefile", "solutions/1-boot/Makefile"):
            shutil.copy(ROOT / file, root / file)
        shutil.copy(ROOT / "labs/1-boot/Makefile", root / "starter/1-boot")
        python = root.parent / "python"
        self.script(python, PYTHON)
        self.script(root / "grader/setup.sh", SETUP.format(log=self.log, python=python))

    def script(self, path, text):
        path.write_text(text)
        path.chmod(0o755)

    def make(self, *words, folder=".", **environment):
        """Exit code, stdout and stderr of make."""
        done = subprocess.run(["make", *words], cwd=self.root / folder, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, env={"PATH": os.environ["PATH"], **environment})
        return done.returncode, done.stdout, done.stderr

    def says(self, *words, **where):
        """What the grader was called with, where all goes well and nothing else is said."""
        code, out, err = self.make(*words, **where)
        assert (code, err) == (0, "")
        return [re.findall("<(.*?)>", line) for line in out.splitlines()]


def grader(*words):
    return [["-m", "grader", *words]]


@pytest.mark.parametrize("typed, words", [
    ("check LAB=1", "check 1"),
    ("check", "check"),
    ("check LAB=", "check"),
    ("check LAB=2-vm SRC=solutions PRIOR=starter CHECK=walk SEED=any JSON=out.json DEBUG=1",
     "check 2-vm --src solutions --prior starter --check walk --seed any --json out.json --debug"),
    ("check LAB=3 PRIOR_2=solutions PRIOR_1=starter", "check 3 --prior 1=starter --prior 2=solutions"),
    ("check LAB=1 OPT=-Og", "check 1"),
    ("check LAB=1 SUBMISSION=in JUNIT=a GRADESCOPE=b CSV=c JSON=d",
     "check 1 --submission in --json d --junit a --gradescope b --csv c"),
    ("check IN=3", "check --in 3"),
    ("watch LAB=1 IN=2 SRC=mine PRIOR_1=solutions CHECK=bss SEED=2",
     "watch 1 --src mine --prior 1=solutions --in 2 --check bss --seed 2"),
    ("status SRC=solutions PRIOR=starter", "status --src solutions --prior starter"),
    ("run LAB=boot", "run boot"),
    ("run LAB=6 PCAP=a.pcap", "run 6 --pcap a.pcap"),
    ("gdb LAB=1 CHECK=reset BOOT=2 SEED=4", "gdb 1 --check reset --seed 4 --boot 2"),
    ("rewind LAB=1 CHECK=reset BOOT=2 SEED=4 SRC=solutions PRIOR=starter",
     "rewind 1 --src solutions --prior starter --check reset --seed 4 --boot 2"),
    ("gradescope LAB=1", "gradescope 1"),
    ("reset LAB=1 FILE=uart.c", "reset 1 --file uart.c"),
    ("begin", "begin"),
    ("update", "update"),
    ("doctor", "doctor"),
    ("handouts", "handouts"),
    ("handouts MERGE=1", "handouts --merge"),
    ("handouts TRANSCRIPTS=1", "handouts --transcripts"),
    ("bench LAB=1 JSON=x", "bench 1 --json x"),
    ("bench SRC=starter", "bench --src starter"),
    ("soak LAB=1", "soak 1"),
    ("mutants", "mutants"),
    ("derive LAB=6 FORM=b,#{c|d}", "derive b,#{c|d}"),
])
def test_what_is_typed_becomes_words_for_the_grader(here, typed, words):
    assert here.says(*typed.split()) == grader(*words.split())


@pytest.mark.parametrize("typed", ("check watch status run gdb rewind reset begin update doctor handouts gradescope "
                                   "bench soak mutants").split())
def test_the_grader_takes_those_words(here, typed):
    """All that the Makefile can pass to a verb is what that verb's parser knows."""
    names = ("LAB IN CHECK BOOT SEED SRC PRIOR PRIOR_1 SUBMISSION JSON JUNIT GRADESCOPE CSV FILE MERGE TRANSCRIPTS "
             "PCAP DEBUG").split()
    [words] = here.says(typed, *(f"{name}=1" for name in names))
    parser = __main__.Parser()
    parser.set_defaults(verb=typed)
    importlib.import_module(__main__.VERBS[typed][0]).configure(parser)
    parser.parse_args(words[3:])
    with pytest.raises(errors.Usage):
        parser.parse_args([*words[3:], "--no-such-flag"])


@pytest.mark.parametrize("value", ["it's", "a b", '"', "a;echo no", "`echo no`", "x,y", "(", "*", "\\", "a&b|c", "#"])
def test_values_arrive_as_they_are(here, value):
    assert here.says("check", "LAB=1", f"CHECK={value}") == grader("check", "1", "--check", value)
    assert here.says("check", f"CHECK={value}", folder="labs/1-boot") == grader("check", "1-boot", "--check", value)


@pytest.mark.parametrize("folder, words", [
    ("labs/1-boot", "check 1-boot"),
    ("starter/1-boot", "check 1-boot"),
    ("solutions/1-boot", "check 1-boot --src solutions"),
])
def test_in_a_labs_folder_its_name_is_known(here, folder, words):
    assert here.says("check", folder=folder) == grader(*words.split())
    assert here.says("check", "CHECK=x", folder=folder) == grader(*words.split(), "--check", "x")
    assert here.says("check", "LAB=2", "SRC=starter", folder=folder) == grader("check", "2", "--src", "starter")
    here.make("clean", folder=folder)
    here.make("setup", folder=folder)
    assert here.log.read_text().splitlines()[-2:] == ["setup check", "setup extra"]


def test_without_a_word_it_helps(here):
    for folder in (".", "starter/1-boot"):
        code, out, err = here.make(folder=folder)
        assert (code, err) == (0, "") and out == here.make("help")[1]
    for word in ("demo setup check watch status run gdb rewind reset begin update test soak handouts gradescope bench "
                 "mutants clean doctor").split():
        assert f"make {word}" in out, word
    assert max(map(len, out.splitlines())) <= 120 and len(out.splitlines()) <= 24, "it is one screen"


def test_a_name_that_means_nothing(here):
    for folder in (".", "labs/1-boot"):
        code, out, err = here.make("check", "LAB=1", "CHEK=bss", folder=folder)
        assert code and out == "" and "CHEK= means nothing here" in err.splitlines()[0]


def test_names_may_stand_in_the_environment(here):
    assert here.says("check", LAB="1", CHECK="bss") == grader("check", "1", "--check", "bss")


def test_a_failure_is_makes_too(here):
    assert here.make("check", "LAB=fail")[0] != 0
    assert here.make("check", "CHECK=fail", folder="labs/1-boot")[0] != 0


def test_demo_installs_then_grades_every_solution(here):
    code, out, err = here.make("demo")
    assert (code, err) == (0, "") and here.log.read_text().splitlines()[:2] == ["setup check", "setup extra"]
    *graded, last = out.splitlines()
    assert [re.findall("<(.*?)>", line) for line in graded] == [*grader("check", "1-boot", "--src", "solutions"),
                                                                *grader("check", "2-vm", "--src", "solutions")]
    assert "make check LAB=1" in last


def test_demo_fails_with_any_lab(here):
    (here.root / "solutions/1-fail").mkdir()
    assert here.make("demo")[0] != 0


@pytest.mark.parametrize("group, goes_on", [("check", False), ("extra", True)])
def test_what_is_well_to_have_stops_nothing(here, group, goes_on):
    setup = here.root / "grader/setup.sh"
    here.script(setup, f"{setup.read_text()}[ $1 != {group} ]\n")
    assert here.make("setup")[0] == here.make("demo")[0] == (0 if goes_on else 2)


def test_test_installs_then_runs_pytest(here):
    code, out, err = here.make("test", "WERROR=1")
    assert (code, err) == (0, "") and here.log.read_text().splitlines()[0] == "setup check extra course"
    words = re.findall("<(.*?)>", out)
    assert words[:2] == ["-m", "pytest"] and words[-1] == "grader/tests" and "-n" in words
    assert out.endswith(" 1\n"), "WERROR reaches the build"
    assert here.make("check", "LAB=1", "OPT=-Og")[1].endswith(" -Og\n"), "and so does OPT"


def test_no_python_is_one_line_of_setups(here):
    here.script(here.root / "grader/setup.sh", "#!/bin/sh\necho 'exolab: no Python' >&2; exit 1\n")
    code, out, err = here.make("check", "LAB=1")
    assert code and out == "" and err.splitlines()[0] == "exolab: no Python" and len(err.splitlines()) == 2


def test_clean_takes_what_was_built_and_nothing_else(here):
    built = ["build/x/y", "dist/site/z", "grader/__pycache__/a.pyc", ".pytest_cache/v"]
    kept = ["starter/1-boot/uart.c", "starter/1-boot/uart.c.mine-1", "starter/config.mk", "labs/build/x"]
    for file in built + kept:
        (here.root / file).parent.mkdir(parents=True, exist_ok=True)
        (here.root / file).write_text("")
    assert here.says("clean") == []
    assert [file for file in built + kept if (here.root / file).exists()] == kept


def test_each_lab_has_its_makefile():
    for tree in ("labs", "solutions"):
        for lab in (ROOT / "labs").glob("[0-9]*"):
            assert (ROOT / tree / lab.name / "Makefile").read_text() == "include ../../kernel/here.mk\n"


# .ci/run, in a repository whose tests and generator are a line each.

@pytest.fixture
def repository(tmp_path):
    root = tmp_path / "clone"
    (root / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci/run", root / ".ci/run")
    generator = ("import pathlib, shutil, sys\nassert sys.argv[1] == 'pristine'\n"
                 "out = pathlib.Path(sys.argv[2], '1-boot')\nout.mkdir(parents=True)\n"
                 "shutil.copy('solutions/a.c', out)\n")
    for file, text in {"Makefile": "test:\n\t@echo $(WERROR) $$CI; cat; echo '3 passed in 0.1s'\n",
                       "grader/__init__.py": "", "grader/__main__.py": generator,
                       "grader/setup.sh": f"echo {shlex.quote(sys.executable)}\n",
                       "solutions/a.c": "int a;\n", "starter/1-boot/a.c": "int a;\n"}.items():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(text)
    return root


def ci(root, commit=True):
    """Commit everything and run .ci/run: exit code, all it says, its last line."""
    if commit:
        who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", "init", "-q"], cwd=root, check=True)
        subprocess.run(["git", "add", "-A"], cwd=root, check=True)
        subprocess.run(["git", *who, "commit", "-qm", "all"], cwd=root, check=True)
    done = subprocess.run(["bash", ".ci/run"], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          input="typed\n", env={"PATH": os.environ["PATH"]})   # as if no make stood above
    return done.returncode, done.stdout, done.stdout.splitlines()[-1]


def test_ci_is_green(repository):
    code, said, last = ci(repository)
    assert (code, last) == (0, "4 passed, 0 failed")
    assert said.splitlines()[0] == "1 true", "warnings are errors, and tests can see that they run in CI"
    assert "typed" not in said, "nothing is read from stdin"


@pytest.mark.parametrize("recipe, last", [
    ("echo '1 failed, 3 passed in 0.1s'; exit 1", "4 passed, 1 failed"),
    ("echo '3 passed, 2 errors in 0.1s'; exit 1", "4 passed, 2 failed"),
    ("echo '3 passed in 0.1s'; exit 1", "4 passed, 1 failed"),
    ("echo 'no tests ran in 0.1s'", "1 passed, 1 failed"),
    ("echo nothing; exit 2", "1 passed, 1 failed"),
])
def test_ci_is_red_with_the_tests(repository, recipe, last):
    (repository / "Makefile").write_text(f"test:\n\t@{recipe}\n")
    assert ci(repository)[::2] == (1, last)


def test_ci_is_red_when_the_starter_is_another(repository):
    (repository / "starter/1-boot/a.c").write_text("int b;\n")
    code, said, last = ci(repository)
    assert (code, last) == (1, "3 passed, 1 failed") and "make handouts" in said and "> int b;" in said
    (repository / "starter/1-boot/a.c").write_text("int a;\n")
    assert ci(repository, commit=False)[0] == 1, "what is committed counts"
    assert ci(repository)[0] == 0


def test_ci_is_red_when_the_starter_has_a_file_more(repository):
    (repository / "starter/1-boot/b.c").write_text("int b;\n")
    assert ci(repository)[0] == 1


def test_ci_is_red_when_the_generator_breaks(repository):
    (repository / "grader/__main__.py").write_text("raise SystemExit(2)\n")
    assert ci(repository)[::2] == (1, "3 passed, 1 failed")
