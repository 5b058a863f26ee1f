"""Every lab there is, graded: the reference has full marks, an untouched starter its floor, an empty kernel 0; each
mutant is found by the check that it names. A lab that is added is graded here without a word more."""
import dataclasses
import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from grader import generate, judge, labs, mutants, transcripts
from grader.errors import GraderError
from grader.paths import ROOT

LABS = labs.names()
MUTANTS = [mutant for name in LABS for mutant in mutants.every(labs.find(name))]


def check(lab, src, tmp_path, *more):
    """`check` as a script calls it: exit code, report, what it printed."""
    file = tmp_path / "report.json"
    command = [sys.executable, "-m", "grader", "check", lab, "--src", str(src), "--json", str(file), *more]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=os.environ | {"NO_COLOR": "1"})
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(file.read_text()), done.stdout


def of_prior_solutions(lab):
    """What makes the labs before this one the reference's."""
    return ("--prior", "solutions") if labs.find(lab).number > 1 else ()


def test_there_are_labs():
    assert LABS == sorted(path.name for path in (ROOT / "solutions").iterdir() if path.is_dir())


@pytest.mark.parametrize("lab", LABS)
def test_solutions_have_full_marks(lab, tmp_path):
    code, report, said = check(lab, "solutions", tmp_path)
    assert [(c["name"], c["verdict"]) for c in report["checks"]] == [(c["name"], "pass") for c in report["checks"]]
    assert code == 0 and report["earned"] == report["points"] > 0
    assert f"{report['points']} of {report['points']} points" in said


@pytest.mark.parametrize("lab", LABS)
def test_nothing_depends_on_the_compilers_skill(lab, tmp_path, monkeypatch):
    """Not even budgets: a student who debugs at -O0 is judged alike."""
    monkeypatch.setenv("OPT", "-O0")
    code, report, _ = check(lab, "solutions", tmp_path)
    assert code == 0, [c["name"] for c in report["checks"] if c["verdict"] != "pass"]


@pytest.mark.parametrize("lab, last", itertools.combinations(LABS, 2))
def test_checks_hold_in_later_kernels_as_far_as_they_claim(lab, last):
    report = judge.judge(labs.within(labs.compose(labs.find(last), "solutions"), labs.find(lab)))
    assert {check.name: check.verdict for check in report.checks} == {check.name: "pass" for check in report.checks}
    claims = [check.name for check in judge.collect(labs.find(lab)) if (check.until or 99) >= labs.find(last).number]
    assert [check.name for check in report.checks] == claims


@pytest.mark.parametrize("lab", LABS)
def test_every_step_has_a_check(lab):
    assert {check.step for check in judge.collect(labs.find(lab))} == {step.id for step in labs.find(lab).steps}


@pytest.mark.parametrize("lab", LABS)
def test_other_seeds_judge_alike(lab, tmp_path):
    code, report, _ = check(lab, "solutions", tmp_path, "--seed", "any")
    assert code == 0, (report["seed"], [c["name"] for c in report["checks"] if c["verdict"] != "pass"])


@pytest.mark.parametrize("lab", LABS)
def test_the_untouched_starter(lab, tmp_path):
    generate.pristine(tmp_path / "starter", ROOT)
    code, report, said = check(lab, tmp_path / "starter", tmp_path, *of_prior_solutions(lab))
    number, first = labs.find(lab).number, report["checks"][0]
    assert (code, report["earned"]) == (1, labs.find(lab).floor)
    assert (first["reason"], first["detail"]) == ("not attempted", f"step {number}.1")
    assert {c["reason"] for c in report["checks"] if c["verdict"] != "pass"} <= {"not attempted", "waits"}
    todo = first["sections"][0]     # which file to open, and where
    path, _, line = todo["heading"].rpartition(": ")[2].partition(":")
    assert f"{number}.1" in Path(ROOT, path).read_text().splitlines()[int(line) - 1]
    assert f"Read step {number}.1 in labs/{lab}/README.md, then open {path} at line {line}." in " ".join(said.split())


STEPS = [(name, n) for name in LABS for n in range(1, len(labs.find(name).steps))]


@pytest.mark.parametrize("lab, done", STEPS, ids=[f"{name}-{labs.find(name).steps[n - 1].id}" for name, n in STEPS])
def test_a_lab_done_up_to_a_step_has_the_points_so_far(lab, done, tmp_path):
    """What a step's checks want is written by then, and what is not is said to be not written, or waits."""
    steps = [step.id for step in labs.find(lab).steps]
    for path, made in generate.lab_files(ROOT / "solutions" / lab).items():
        text = transcripts.solved_up_to((ROOT / "solutions" / path).read_text(), path, steps[done - 1])
        generate.put(tmp_path / path, generate.Made(text.encode(), made.executable))
    report = judge.judge(labs.compose(labs.find(lab), str(tmp_path)))
    verdicts = {check.name: check.verdict for check in report.checks}
    assert verdicts == {check.name: "pass" if check.step in steps[:done] else "fail" for check in report.checks}
    assert {check.reason for check in report.checks if check.verdict == "fail"} <= {"not attempted", "waits"}


@pytest.mark.parametrize("lab", LABS)
def test_an_empty_kernel_has_nothing(lab, tmp_path):
    for name in labs.find(lab).files:
        path = tmp_path / "empty" / lab / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    code, report, _ = check(lab, tmp_path / "empty", tmp_path)
    assert (code, report["earned"]) == (1, 0)


@pytest.mark.parametrize("lab", LABS)
def test_there_are_mutants_enough(lab):
    assert len(mutants.every(labs.find(lab))) >= (8 if lab == "1-boot" else 12)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.lab}-{mutant.name}")
def test_mutant(mutant):
    assert mutants.judged(mutant).problem == ""


def test_a_mutant_that_is_not_one_is_seen():
    """The machinery does tell: the same patch, said to be found by another check, or to show other words."""
    first = MUTANTS[0]
    misled = dataclasses.replace(first, name="for-test-labs-1", kills="nobody")
    assert re.search(f"killed by {first.kills} .* before nobody", mutants.judged(misled).problem)
    silent = dataclasses.replace(first, name="for-test-labs-2", hint="colourless green ideas")
    assert "without the words" in mutants.judged(silent).problem
    none = dataclasses.replace(first, name="for-test-labs-3", patch="")
    with pytest.raises(GraderError, match="does not apply"):
        mutants.judged(none)
