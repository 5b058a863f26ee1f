"""The autograder for Gradescope, run as Gradescope would run it: the zip unpacked, setup.sh called once, run_autograder
for each submission, results.json read."""
import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from grader import generate, gradescope, labs
from grader.paths import ROOT

LAB = labs.find("1")


@pytest.fixture(scope="module")
def zipped(tmp_path_factory):
    file = tmp_path_factory.mktemp("zip") / "autograder.zip"
    gradescope.write(LAB, file)
    return file


class Autograder:
    """A folder as Gradescope's /autograder, made of the zip."""

    def __init__(self, here: Path, file: Path):
        self.here = here
        (here / "results").mkdir(parents=True)
        with zipfile.ZipFile(file) as archive:
            for entry in archive.infolist():        # as unzip does, which keeps modes
                os.chmod(archive.extract(entry, here / "source"), entry.external_attr >> 16 & 0o777)
        shutil.copy(here / "source/run_autograder", here)

    def call(self, script, **environment):
        mine = {key: value for key, value in os.environ.items() if not key.startswith(("EXOLAB", "PYTHON", "WERROR"))}
        return subprocess.run([self.here / script], cwd=self.here, capture_output=True, text=True,
                              env=mine | {"EXOLAB_AUTOGRADER": str(self.here), "EXOLAB_SEED": "5"} | environment)

    def grade(self, submission: Path, **environment):
        """How run_autograder ended, and what results.json says of this submission."""
        shutil.rmtree(self.here / "submission", ignore_errors=True)
        shutil.copytree(submission, self.here / "submission", symlinks=True)
        done = self.call("run_autograder", **environment)
        return done, json.loads((self.here / "results/results.json").read_text())


@pytest.fixture(scope="module")
def autograder(zipped, tmp_path_factory):
    made = Autograder(tmp_path_factory.mktemp("machine") / "autograder", zipped)
    done = made.call("source/setup.sh")
    assert done.returncode == 0, done.stderr
    # Nothing to install, and the reference has full marks.
    assert "installing" not in done.stdout and "100 of 100 points" in done.stdout
    return made


def test_the_reference_has_full_marks(autograder):
    done, results = autograder.grade(ROOT / "solutions/1-boot")
    assert done.returncode == 0, done.stderr
    assert results["score"] == 100 == sum(test["score"] for test in results["tests"])
    assert "Lab 1-boot: Boot\n\n100 of 100 points. All of it works.\nSeed 5\n" in results["output"]
    first = (autograder.here / "results/results.json").read_bytes()
    autograder.grade(ROOT / "solutions/1-boot")
    assert (autograder.here / "results/results.json").read_bytes() == first


def test_a_starter_has_its_floor(autograder, tmp_path):
    generate.pristine(tmp_path / "starter", ROOT)
    done, results = autograder.grade(tmp_path / "starter")
    assert (done.returncode, results["score"]) == (0, LAB.floor)
    reset = results["tests"][0]
    assert (reset["name"], reset["status"], reset["tags"]) == ("reset", "failed", ["step 1.1", "not attempted"])
    assert "submission/1-boot/start.S" in reset["output"] and "make check LAB=1 CHECK=reset SEED=5\n" in reset["output"]
    assert str(autograder.here) not in json.dumps(results) and "build/submissions" not in json.dumps(results)


def test_a_hostile_submission_is_judged_by_what_it_may_have(autograder, tmp_path):
    canary = tmp_path / "canary"
    canary.write_text("#error the-secret-of-the-host\n")
    handed_in = tmp_path / "handed in"
    shutil.copytree(ROOT / "solutions/1-boot", handed_in)
    (handed_in / "uart.c").unlink()
    (handed_in / "uart.c").symlink_to(canary)
    for name in ("a\nb.c", "\x1b[31mred.c", "-rf", "$(touch pwned)", "conftest.py", "test_boot.py", "lab.toml",
                 "é\u202e.c"):
        (handed_in / name).write_text('raise SystemExit("the-secret-of-the-host")\n')
    (handed_in / "Makefile").write_text("$(shell touch pwned)\n")
    done, results = autograder.grade(handed_in)
    text = json.dumps(results) + done.stdout + done.stderr
    assert done.returncode == 0 and results["score"] == 0
    assert "the-secret-of-the-host" not in text and "symbolic link" in results["output"]
    assert all(c.isprintable() or c == "\n" for c in results["output"] + done.stdout + done.stderr)
    assert {"wrong output", "build error", "waits"} >= {test["tags"][1] for test in results["tests"]}
    assert not list(autograder.here.rglob("pwned"))


def test_an_empty_submission_is_told_what_is_missing(autograder, tmp_path):
    (tmp_path / "nothing").mkdir()
    done, results = autograder.grade(tmp_path / "nothing")
    assert (done.returncode, results["score"]) == (0, 0)
    assert "start.S" in results["output"] and "this file is missing" in results["tests"][0]["output"]


def test_where_nothing_can_be_judged_there_is_no_score(autograder, tmp_path):
    autograder.grade(ROOT / "solutions/1-boot")         # its results are not to be taken for the next one's
    tools = tmp_path / "bin"
    tools.mkdir()
    for folder in os.environ["PATH"].split(":"):
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            if name != "qemu-system-arm" and not (tools / name).is_symlink():
                (tools / name).symlink_to(os.path.join(folder, name))
    done, results = autograder.grade(ROOT / "solutions/1-boot", PATH=str(tools))
    assert done.returncode != 0 and results.keys() == {"output", "output_format"}
    assert "qemu-system-arm" in results["output"]


# The zip itself.

def test_the_same_files_make_the_same_bytes(tmp_path):
    gradescope.write(LAB, tmp_path / "one.zip")
    gradescope.write(LAB, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == (tmp_path / "one.zip").read_bytes()


def test_both_scripts_stand_at_the_top_and_may_be_run(zipped):
    with zipfile.ZipFile(zipped) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
    assert {entry.date_time for entry in entries.values()} == {gradescope.TIME}
    assert list(entries)[2:] == sorted(list(entries)[2:], key=lambda name: (name != "Makefile", Path(name).parts))
    for name in ("setup.sh", "run_autograder", "grader/setup.sh"):
        assert entries[name].external_attr >> 16 == 0o100755
    assert entries["grader/judge.py"].external_attr >> 16 == 0o100644
    assert {"labs/1-boot/test_boot.py", "solutions/1-boot/uart.c", "kernel/lab.mk", "Makefile"} <= entries.keys()
    assert not [name for name in entries if "__pycache__" in name or "/tests/" in name or name.startswith("starter/")]


def test_hidden_checks_are_in_it_and_later_labs_are_not(tmp_path, monkeypatch):
    for name in ("Makefile", "labs/1-one/hidden/test_h.py", "labs/1-one/lab.toml", "labs/2-two/hidden/test_h.py",
                 "labs/2-two/lab.toml", "labs/10-ten/lab.toml", "solutions/1-one/a.c", "solutions/2-two/b.c",
                 "solutions/10-ten/c.c", "starter/2-two/b.c", "grader/x.py", "grader/tests/test_x.py",
                 "labs/2-two/mutants/x.patch"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "kernel").mkdir()
    one, two, ten = (labs.Lab(name, name, 0, (), (), (), ()) for name in ("1-one", "2-two", "10-ten"))
    monkeypatch.setattr(gradescope, "ROOT", tmp_path)
    monkeypatch.setattr(labs, "every", lambda: [one, two, ten])
    assert [str(path) for path in gradescope.files(two)] == [
        "Makefile", "grader/x.py", "labs/1-one/hidden/test_h.py", "labs/1-one/lab.toml", "labs/2-two/hidden/test_h.py",
        "labs/2-two/lab.toml", "solutions/1-one/a.c", "solutions/2-two/b.c"]


def test_a_zip_that_cannot_be_written_leaves_none(tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")
    monkeypatch.setattr(gradescope, "files", full)
    with pytest.raises(OSError):
        gradescope.write(LAB, tmp_path / "x.zip")
    assert list(tmp_path.iterdir()) == []


def test_the_verb(tmp_path, capsys):
    from grader import __main__
    assert __main__.main(["gradescope", "1", "--out", str(tmp_path / "new/x.zip")]) == 0
    assert capsys.readouterr().out.endswith("new/x.zip\n") and zipfile.is_zipfile(tmp_path / "new/x.zip")
