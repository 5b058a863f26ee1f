"""What students get: what is in a release and what is not, that it is the same each time, that it works without the
solutions, and, with real git, that a student who brings a later release into their work loses nothing of it."""
import os
import re
import shutil
import subprocess
import sys
import tarfile
from argparse import Namespace
from pathlib import Path

import pytest

from grader import canary, generate, labs, release, starter
from grader.errors import Usage
from grader.paths import ROOT

LAB = """title = "{0}"
[files]
kernel = ["{0}.c"]
given = ["kernel/{0}.c"]
[[steps]]
id = "{1}.1"
title = "It"
hours = 1
"""
SOURCE = """// The file of {0}.
int top;


// BEGIN SOLUTION {1}.1
int first_of_the_secret(void) {{ return 17; }}
int second_of_the_secret(void) {{ return 18; }}
int third_of_the_secret(void) {{ return 19; }}
// INSTEAD
//| int todo(void);
// END SOLUTION


int bottom;
"""
README = """# Course
<!-- course -->
for instructors
<!-- /course -->
<!-- release
for students
-->

| what |
|---|
| [labs](labs) |
| [solutions](solutions) |
"""


def git(root: Path, *args: str) -> str:
    return subprocess.run(["git", *args], cwd=root, check=True, text=True, capture_output=True).stdout.strip()


def commit(root: Path, message: str = "work") -> None:
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", message)


def put(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course of two labs in a repository of its own, which is what is released, into its dist/."""
    for name in os.environ:
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    put(tmp_path, "home/.gitconfig", "[init]\ndefaultBranch = other\n[user]\nname = Ada\nemail = ada@example.org\n")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    root = tmp_path / "course"
    for number, name in ((1, "one"), (2, "two")):
        lab = f"{number}-{name}"
        put(root, f"labs/{lab}/lab.toml", LAB.format(name, number))
        put(root, f"labs/{lab}/test_{name}.py", "from grader import used\n")
        put(root, f"labs/{lab}/mutants/wrong.patch", "wrong")
        put(root, f"labs/{lab}/hidden/test_hidden.py", "hidden")
        put(root, f"solutions/{lab}/{name}.c", SOURCE.format(name, number))
        put(root, f"kernel/{name}.c", "given")
    for name in ("README.md", "labs/guide/README.md", "labs/guide/instructor.md", "kernel/core.c", "kernel/test/own.c",
                 "grader/__main__.py", "grader/check.py", "grader/used.py", "grader/site/conf.py",
                 "grader/tests/test_x.py", "grader/packages.txt", ".ci/run"):
        put(root, name, "")
    put(root, "README.md", README)
    put(root, "grader/leaks.py", "only = 'instructors'")
    put(root, "old.c", "of the course's history")
    (root / "labs/1-one/test_one.py").chmod(0o755)
    put(root, ".gitignore", "/dist/\n*.mine-[0-9]*\n")
    generate.pristine(root / "starter", root)
    git(root, "init", "-q")
    commit(root)
    (root / "old.c").unlink()
    commit(root)
    monkeypatch.setattr(release, "ROOT", root)
    monkeypatch.setattr(release, "DIST", root / "dist")
    return root


def released(lab: int, capsys=None) -> str:
    assert release.main(Namespace(lab=str(lab), reference=False)) == 0
    return capsys.readouterr().out if capsys else ""


def refused(lab: int) -> str:
    with pytest.raises(Usage) as error:
        released(lab)
    return str(error.value)


FIRST = """.gitignore README.md grader/__main__.py grader/check.py grader/packages.txt grader/used.py kernel/core.c
kernel/one.c labs/1-one/lab.toml labs/1-one/test_one.py labs/guide/README.md starter/.generated
starter/1-one/one.c""".split()
SECOND = ["kernel/two.c", "labs/2-two/lab.toml", "labs/2-two/test_two.py", "starter/2-two/two.c"]


def test_what_is_in_a_release(course, capsys):
    assert released(1, capsys) == (f"{os.path.relpath(course)}/dist/release: lab 1\n"
                                   f"{os.path.relpath(course)}/dist/exolab-1-one.tar.gz: lab 1\n")
    repository = course / "dist/release"
    assert git(repository, "ls-files").split() == FIRST
    assert (repository / "README.md").read_text() == "# Course\nfor students\n\n\n| what |\n|---|\n| [labs](labs) |\n"
    assert [*generate.read_manifest(repository / "starter")] == ["1-one/one.c"]
    assert os.access(repository / "labs/1-one/test_one.py", os.X_OK)
    released(2)
    assert git(repository, "ls-files").split() == sorted(FIRST + SECOND)
    assert git(repository, "log", "--format=%an %s") == "Ada Labs 1 to 2\nAda Lab 1"
    known = b"".join(data for _, data in canary.contents(repository))
    assert b"given" in known and b"of the course's history" not in known and b"instructors" not in known


def test_the_archive_is_the_same_tree(course):
    released(2)
    with tarfile.open(course / "dist/exolab-2-two.tar.gz") as archive:
        entries = archive.getmembers()
        assert [entry.name for entry in entries] == [f"exolab-2-two/{name}" for name in sorted(FIRST + SECOND)]
        time = int(git(course, "log", "-1", "--format=%ct"))
        assert {(entry.uid, entry.gid, entry.uname, entry.mtime) for entry in entries} == {(0, 0, "", time)}
        assert [entry.name for entry in entries if entry.mode == 0o755] == ["exolab-2-two/labs/1-one/test_one.py"]
        for entry in entries:
            there = course / "dist/release" / entry.name.partition("/")[2]
            assert archive.extractfile(entry).read() == there.read_bytes()


def test_the_same_commit_makes_the_same_bytes(course, tmp_path, monkeypatch, capsys):
    released(1)
    made = git(course / "dist/release", "rev-parse", "main"), (course / "dist/exolab-1-one.tar.gz").read_bytes()
    capsys.readouterr()
    assert released(1, capsys).count("lab 1, nothing new\n") == 2
    git(tmp_path, "clone", "-q", course, "elsewhere")
    monkeypatch.setattr(release, "ROOT", tmp_path / "elsewhere")
    monkeypatch.setattr(release, "DIST", tmp_path / "elsewhere/dist")
    released(1)
    again = tmp_path / "elsewhere/dist"
    assert (git(again / "release", "rev-parse", "main"), (again / "exolab-1-one.tar.gz").read_bytes()) == made


def test_only_what_is_committed_is_released(course, capsys):
    put(course, "kernel/core.c", "in the making")
    assert released(1, capsys).startswith("What is not committed here is not released.\n")
    assert (course / "dist/release/kernel/core.c").read_text() == ""


def test_a_starter_that_somebody_has_solved_is_not_released(course):
    shutil.copy(course / "solutions/1-one/one.c", course / "starter/1-one/one.c")
    commit(course)
    assert refused(1) == "starter/ as it is committed is not what solutions/ make: type make handouts, then commit"
    assert not (course / "dist").exists()


def test_what_gives_a_solution_away_is_not_released(course):
    put(course, "kernel/core.c", "\n".join(generate.regions(SOURCE.format("one", 1))[0].solution))
    commit(course)
    assert "kernel/core.c, line 1: solutions/1-one/one.c, region 1.1" in refused(1)
    assert not (course / "dist").exists()


def test_nothing_is_taken_back(course):
    released(2)
    before = git(course / "dist/release", "rev-parse", "main")
    assert refused(1).startswith("lab 2 is released already, and LAB=1 would take it back: type make release LAB=2")
    files = {"kernel/reference/1-one/one.c.o": generate.Made(b"object"), "labs/2-two/x": generate.Made(b"")}
    two = labs.find("2", course)
    release.publish(files, two, release.Commit("Ada <a@b> 0 +0000", 0), course / "dist/release")
    assert refused(2).startswith("kernel/reference/1-one/one.c.o was released, and students may build on it: say REF")
    assert git(course / "dist/release", "rev-parse", "main^") == before


def test_nobody_works_in_the_repository_of_releases(course):
    released(1)
    put(course, "dist/release/starter/1-one/one.c", "mine")
    put(course, "kernel/core.c", "new")
    commit(course)
    assert "dist/release, which is for releases alone" in refused(1)
    assert (course / "dist/release/starter/1-one/one.c").read_text() == "mine"


# A student, from release to release.

@pytest.fixture
def student(course, tmp_path):
    """A student's clone of the first release, with work in it, committed."""
    released(1)
    git(tmp_path, "clone", "-q", course / "dist/release", "student")
    starter.begin(tmp_path / "student")
    edit(tmp_path / "student", "int todo(void);", "int todo(void) { return mine; }")
    commit(tmp_path / "student")
    return tmp_path / "student"


def edit(student: Path, old: str, new: str) -> None:
    file = student / "starter/1-one/one.c"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def correct(course: Path, old: str, new: str) -> None:
    """The course corrects a solution, and releases lab 2 with it."""
    file = course / "solutions/1-one/one.c"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    generate.pristine(course / "starter", course)
    commit(course)
    released(2)


def test_a_later_release_brings_a_lab_and_keeps_the_work(course, student):
    mine = (student / "starter/1-one/one.c").read_bytes()
    correct(course, "return 17", "return 71")       # of the solution alone: nothing for students
    assert starter.update(student)[1]
    assert (student / "starter/1-one/one.c").read_bytes() == mine
    assert all((student / name).exists() for name in SECOND)
    assert starter.update(student) == ("There is nothing new in origin/main.", True)


def test_a_correction_elsewhere_in_the_file_is_merged(course, student):
    correct(course, "int bottom;", "int corrected;")
    told, clean = starter.update(student)
    text = (student / "starter/1-one/one.c").read_text()
    assert clean and "{ return mine; }" in text and "int corrected;" in text and "int bottom;" not in text
    assert starter.reset("1", "one.c", student).endswith("yours is kept as starter/1-one/one.c.mine-1.")
    assert (student / "starter/1-one/one.c").read_text() == (course / "starter/1-one/one.c").read_text()
    assert (student / "starter/1-one/one.c.mine-1").read_text() == text


def test_a_correction_of_the_same_line_is_told_and_loses_nothing(course, student):
    mine = git(student, "rev-parse", "HEAD")
    correct(course, "//| int todo(void);", "//| int todo(int);")
    told, clean = starter.update(student)
    text = (student / "starter/1-one/one.c").read_text()
    assert not clean and told.startswith("starter/1-one/one.c: you and origin/main changed the same lines; mend what")
    assert re.search(r"<<<<<<< HEAD\nint todo\(void\) \{ return mine; \}\n=======\nint todo\(int\);\n>>>>>>>", text)
    git(student, "merge", "--abort")
    assert git(student, "rev-parse", "HEAD") == mine and git(student, "status", "--porcelain") == ""


def test_work_that_is_not_committed_is_not_touched(course, student):
    edit(student, "int bottom;", "int unsaved;")
    correct(course, "int bottom;", "int corrected;")
    with pytest.raises(Usage, match="you have changes that are not committed"):
        starter.update(student)
    assert "int unsaved;" in (student / "starter/1-one/one.c").read_text()


def test_an_archive_without_git(course, tmp_path):
    released(1)
    unpacked, packed = tmp_path / "exolab-1-one", course / "dist/exolab-1-one.tar.gz"
    subprocess.run(["tar", "-xzf", packed], cwd=tmp_path, check=True)
    given = (unpacked / "starter/1-one/one.c").read_text()
    put(unpacked, "starter/1-one/one.c", "mine")
    with pytest.raises(Usage) as error:
        starter.reset("1", "one.c", unpacked)
    typed = str(error.value).partition("again: ")[2].replace("ARCHIVE", str(packed))
    (unpacked / "starter/1-one/one.c").rename(unpacked / "one.c")
    subprocess.run(typed, cwd=unpacked, shell=True, check=True)
    assert (unpacked / "starter/1-one/one.c").read_text() == given and (unpacked / "one.c").read_text() == "mine"
    with pytest.raises(Usage, match="type git init && git add -A && git commit -m start"):
        starter.begin(unpacked)


# This course, released.

@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """What students get of this course up to lab 2, with lab 1's reference, and with lab 2 solved."""
    tree, out = tmp_path_factory.mktemp("course") / "tree", tmp_path_factory.mktemp("students") / "course"
    shutil.copytree(ROOT, tree, ignore=lambda folder, names: [
        name for name in names if name in (".git", "build", "dist", "starter", "__pycache__", ".hypothesis")])
    generate.pristine(tree / "starter", tree)
    files = release.make(tree, labs.find("2", tree), reference=True)
    assert canary.pasted(files, tree) == []
    for name, made in files.items():
        generate.put(out / name, made)
    shutil.copytree(ROOT / "solutions/2-vm", out / "starter/2-vm", dirs_exist_ok=True)
    return out


def grader(root: Path, *arguments: str) -> subprocess.CompletedProcess:
    mine = {key: value for key, value in os.environ.items() if not key.startswith(("EXOLAB", "PYTHON"))}
    return subprocess.run([sys.executable, "-m", "grader", *arguments], cwd=root, env=mine, text=True,
                          capture_output=True)


def test_the_next_lab_goes_on_with_the_reference(real):
    done = grader(real, "check", "2", "--prior", "reference")
    assert "\n100 of 100 points. All of it works.\n" in done.stdout, done.stdout + done.stderr


def test_what_an_unsolved_lab_blocks_is_told_by_the_objects(real):
    done = grader(real, "check", "2", "--check", "alloc")
    assert "blocked by lab 1" in done.stdout
    assert "not attempted, step 1.1. With the reference's it passes." in done.stdout


def test_the_first_lab_works(real):
    assert "reset: not attempted, step 1.1" in grader(real, "check", "1", "--check", "reset").stdout
    shutil.copytree(ROOT / "solutions/1-boot", real / "mine/1-boot", dirs_exist_ok=True)
    assert "All of it works" in grader(real, "check", "1", "--src", "mine").stdout


def test_every_verb_of_students_is_there_and_the_others_say_so(real):
    modules = {release.command.VERBS[verb][0] for verb in release.VERBS}
    done = subprocess.run([sys.executable, "-c", f"import {', '.join(sorted(modules))}"], cwd=real, text=True,
                          capture_output=True)
    assert (done.returncode, done.stderr) == (0, "")
    for verb in ("handouts", "release", "leaks", "mutants"):
        done = grader(real, verb)
        assert (done.returncode, done.stderr) == (
            2, f"exolab: {verb} is for the course's own repository, and this is a release of it\n")
    make = subprocess.run(["make", "handouts"], cwd=real, text=True, capture_output=True)
    assert "make handouts is for the course's own repository, and this is a release of it." in make.stderr


@pytest.mark.parametrize("change, words", [
    (lambda file: file.write_bytes(b"not for this machine"),
     "kernel/reference/1-boot/uart.c.o cannot be linked here (file format not recognized; treating as linker script)"),
    (lambda file: subprocess.run(["arm-none-eabi-gcc", "-mcpu=cortex-a9", "-mfloat-abi=hard", "-mfpu=vfpv3", "-xc",
                                  "-c", "-", "-o", file], input=b"int uart;", check=True),
     "kernel/reference/1-boot/uart.c.o cannot be linked here (uses VFP register arguments"),
    (lambda file: file.unlink(), "kernel/reference/1-boot/uart.c.o: this file of the reference is missing"),
])
def test_an_object_that_cannot_be_linked_is_told_in_words(real, change, words):
    file = real / "kernel/reference/1-boot/uart.c.o"
    before = file.read_bytes()
    change(file)
    try:
        done = grader(real, "check", "2", "--prior", "reference", "--check", "alloc")
    finally:
        file.write_bytes(before)
    assert done.returncode == 2 and words in done.stderr, done.stderr


def test_a_lab_whose_reference_was_not_released(real):
    shutil.move(real / "kernel/reference", real / "gone")
    try:
        done = grader(real, "check", "2", "--prior", "reference")
    finally:
        shutil.move(real / "gone", real / "kernel/reference")
    assert done.stderr == "exolab: PRIOR_1=reference: lab 1's reference was not released; write PRIOR_1=starter\n"


def test_the_objects_are_those_that_the_solutions_make_here(real):
    """PRIOR=reference in the course's own repository is the same machine code, whatever OPT says."""
    kernel = labs.compose(labs.find("2"), "solutions", {"PRIOR": "reference"})
    from grader import build
    assert not build.build(kernel, ["early"]).failed
    for name in labs.find("1").kernel:
        assert (build.BUILD / "reference/1-boot" / f"{name}.o").read_bytes() == (
            real / "kernel/reference/1-boot" / f"{name}.o").read_bytes()
