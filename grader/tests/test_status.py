"""`make status`: a line for each lab, judged or not begun, and nothing remembered."""
import re
import shutil

import pytest

from grader import __main__ as command
from grader import engine, generate, judge, labs
from grader.errors import GraderError
from grader.paths import ROOT


@pytest.fixture
def tree(tmp_path, monkeypatch):
    monkeypatch.delenv("WERROR", raising=False)     # a student's build
    generate.pristine(tmp_path / "mine", ROOT)
    return tmp_path / "mine"


def status(capsys, tree, code=0):
    """The words of each line of the table, by the lab's name: points, steps, what comes next."""
    assert command.main(["status", "--src", str(tree)]) == code
    rows = [re.split(r"  +", line) for line in capsys.readouterr().out.splitlines()]
    assert rows[0] == ["lab", "points", "steps", "next"]
    *each, (total, points) = rows[1:]
    scores = [row[1].replace("-", "0").split(" / ") for row in each]
    assert (total, points) == ("total", " / ".join(str(sum(map(int, column))) for column in zip(*scores)))
    return {row[0]: row[1:] for row in each}


def test_each_way_that_a_lab_may_stand(tree, capsys):
    """From an untouched tree to one that is done; and back, as nothing is remembered."""
    file, boot = tree / "1-boot/uart.c", ROOT / "solutions/1-boot"
    given = file.read_text()
    assert status(capsys, tree)["1-boot"] == ["0 / 100", "0 of 7", "not begun: labs/1-boot/README.md"]
    file.write_text(given + "\n")
    line = (tree / "1-boot/start.S").read_text().splitlines().index('\ttodo("1.1")') + 1
    assert status(capsys, tree)["1-boot"] == ["0 / 100", "0 of 7", f"step 1.1, {tree}/1-boot/start.S:{line}"]
    for each in ("start.S", "bss.c"):
        shutil.copy(boot / each, tree / "1-boot")
    points, steps, then = status(capsys, tree)["1-boot"]
    done = sum(check.points for check in judge.collect(labs.find("1")) if check.step <= "1.3")
    assert (points, steps) == (f"{done} / 100", "3 of 7") and then.startswith(f"step 1.4, {file}:")
    (tree / "1-boot/bss.c").write_text((boot / "bss.c").read_text().replace("= 0;", "= 1;"))
    points, steps, then = status(capsys, tree)["1-boot"]
    assert steps == "2 of 7" and then == "step 1.3, bss: wrong output"
    (tree / "1-boot/bss.c").write_text("int wrong = ;\n")
    assert status(capsys, tree)["1-boot"] == ["0 / 100", "0 of 7", "step 1.1, reset: build error"]
    shutil.copytree(boot, tree / "1-boot", dirs_exist_ok=True)
    assert status(capsys, tree)["1-boot"] == ["100 / 100", "7 of 7", "done"]
    generate.pristine(tree, ROOT)
    assert status(capsys, tree)["1-boot"][2].startswith("not begun")


def test_a_lab_whose_folder_is_not_there_is_not_begun(tmp_path, capsys):
    assert status(capsys, tmp_path)["1-boot"] == ["0 / 100", "0 of 7", "not begun: labs/1-boot/README.md"]


def test_what_the_grader_could_not_judge_is_no_score(tree, capsys, monkeypatch):
    monkeypatch.setattr(engine, "run_many", lambda jobs, **_: (error for error in [GraderError("QEMU died")] * len(jobs)))
    shutil.copytree(ROOT / "solutions/1-boot", tree / "1-boot", dirs_exist_ok=True)
    points, _, then = status(capsys, tree, 2)["1-boot"]
    assert points == "- / 100" and then == "reset: the grader could not judge it; make check LAB=1 says why"


def test_bad_use_is_one_line(capsys):
    assert command.main(["status", "--src", "nowhere"]) == 2
    assert capsys.readouterr().err == "exolab: SRC=nowhere: write SRC=starter or SRC=solutions\n"
