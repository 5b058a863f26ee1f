"""The verb `check` on what was handed in, and what is said aloud of how it was judged."""
import json
import os
import shutil
import subprocess
import sys

import pytest

from grader import build, labs, writers
from grader.paths import ROOT

ONE = ("--check", "reset")
NOTE = "Built and booted outside a sandbox: EXOLAB_SANDBOX=off switches it off."


def check(*arguments, **environment):
    return subprocess.run([sys.executable, "-m", "grader", "check", "1", *map(str, arguments)], cwd=ROOT, text=True,
                          capture_output=True, env=os.environ | {"EXOLAB_DEBUG": ""} | environment)


@pytest.fixture
def handed_in(tmp_path):
    """A folder with the reference's files."""
    shutil.copytree(ROOT / "solutions/1-boot", tmp_path / "handed in")
    return tmp_path / "handed in"


def test_a_submission_is_judged_as_one(handed_in, tmp_path):
    done = check("--submission", handed_in, *ONE, "--seed", 4, "--json", tmp_path / "r.json")
    report = json.loads((tmp_path / "r.json").read_text())
    assert done.returncode == 0 and "Lab 1-boot: Boot (submission)" in done.stdout
    assert (report["src"], report["earned"]) == ("submission", 8)
    assert report["checks"][0]["repeat"] == "make check LAB=1 CHECK=reset SEED=4"       # as its author may type it


def test_a_report_names_no_place_of_this_machine(handed_in, tmp_path):
    for text, words in (("#error no\n", "submission/1-boot/start.S:1"), (None, "1-boot/start.S: this file is missing")):
        if text:
            (handed_in / "start.S").write_text(text)
        else:
            (handed_in / "start.S").unlink()
        files = {name: tmp_path / name for name in writers.WRITERS}
        done = check("--submission", handed_in, *ONE, *(word for name in files for word in (f"--{name}", files[name])))
        said = done.stdout + "".join(file.read_text() for file in files.values())
        assert done.returncode == 1 and words in said
        assert str(tmp_path) not in said and "submissions/" not in said and str(ROOT) not in said
    assert "Not handed in: start.S." in json.loads(files["json"].read_text())["notes"]
    assert "exolab: Not handed in: start.S.\n" in done.stderr


def test_the_same_submission_from_another_place_has_the_same_report(handed_in, tmp_path):
    texts = []
    for place in ("a", "b"):
        shutil.copytree(handed_in, tmp_path / place)
        (tmp_path / place / "bss.c").write_text("int no")
        check("--submission", tmp_path / place, *ONE, "--json", tmp_path / "r.json")
        texts.append((tmp_path / "r.json").read_text())
    assert texts[0] == texts[1] and "build error" in texts[0]


@pytest.mark.parametrize("arguments, words", [
    (("--submission", "/nowhere"), "SUBMISSION=/nowhere: there is no such file or folder"),
    (("--submission", ".", "--src", "solutions"), "say --submission PATH (SUBMISSION=) or --src TREE (SRC=), not both"),
])
def test_bad_use_is_one_line(arguments, words):
    done = check(*arguments)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"exolab: {words}\n")


def test_that_there_was_no_sandbox_is_said_aloud(handed_in, tmp_path):
    files = {name: tmp_path / name for name in writers.WRITERS}
    to_all = [str(word) for name in files for word in (f"--{name}", files[name])]
    for whose in (("--src", "solutions"), ("--submission", handed_in)):
        done = check(*whose, *ONE, *to_all, EXOLAB_SANDBOX="off")
        assert done.returncode == 0
        assert {name for name, file in files.items() if NOTE in file.read_text()} == {"json", "junit", "gradescope"}
        assert NOTE not in done.stdout and (f"exolab: {NOTE}\n" in done.stderr) == (whose[0] == "--submission")


def test_two_at_a_time_do_not_disturb_each_other(handed_in):
    command = [sys.executable, "-m", "grader", "check", "1", "--submission", str(handed_in), *ONE]
    both = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate()[0].count("8 of 8 points") for process in both] == [1, 1]


@pytest.mark.parametrize("asked, said", [
    (("--in", "1"), "say LAB= too: IN=1 alone"), (("1", "--in", "1", "--submission", "x"), "IN= is for a tree's labs")])
def test_what_cannot_be_asked_of_a_later_kernel(asked, said, tmp_path):
    done = subprocess.run([sys.executable, "-m", "grader", "check", *asked, "--json", tmp_path / "r"], cwd=ROOT, text=True,
                          capture_output=True)
    assert done.returncode == 2 and done.stderr.startswith(f"exolab: {said}") and not (tmp_path / "r").exists()


def test_all_earlier_labs_in_one_kernel():
    done = subprocess.run([sys.executable, "-m", "grader", "check", "--in", "2", "--src", "solutions"], cwd=ROOT, text=True,
                          capture_output=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Lab 1-boot: Boot, in the kernel of 2-vm (solutions)\n") and "points" not in done.stdout


def test_kernels_of_different_optimisation_are_kept_apart(monkeypatch):
    kernel, payloads = labs.compose(labs.find("1"), "solutions"), ["boot"]
    usual = build.build(kernel, payloads).elfs["boot"]
    before = usual.read_bytes()
    monkeypatch.setenv("OPT", "-O0")
    assert build.build(kernel, payloads).elfs["boot"].read_bytes() != before
    monkeypatch.delenv("OPT")
    assert build.build(kernel, payloads).elfs["boot"].read_bytes() == before
