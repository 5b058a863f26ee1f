"""Kernels that mean harm, in tests/hostile/: each gets its verdict, and whatever it does, the report is whole and true.

    // what it does
    //
    // file: lab1.c                     the file of lab 1's solution that it stands in place of
    // check banner: fail, hang         the verdict on the check that is asked for; more lines, on those that it needs
    // judged: all                      all of the lab's checks are asked for
    // budget: 300000                   instructions, where those of the check would only take longer
    // holds: 200                       how often it may be held, likewise
    // says: words                      that stand in the report; never: words that do not
"""
import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from grader import build, engine, forgery, judge, labs, params, result, terminal
from grader.paths import ROOT

LAB = labs.find("1")
HOSTILE = Path(__file__).parent / "hostile"
KERNELS = sorted(path for path in HOSTILE.iterdir() if path.suffix in (".c", ".S"))


@pytest.fixture(autouse=True)
def a_students_build(monkeypatch):
    """Warnings are errors where CI builds what is given; a student's never are."""
    monkeypatch.delenv("WERROR", raising=False)


@pytest.fixture
def tree(tmp_path):
    """A function that makes a student's folder of lab 1: the solution, with one file replaced."""
    def make(file: str = "", text: str = "") -> Path:
        here = tmp_path / "mine" / LAB.name
        shutil.copytree(ROOT / "solutions" / LAB.name, here)
        shutil.copy(HOSTILE / "hostile.h", here)
        if file:
            assert (here / file).is_file()
            (here / file).write_text(text)
        return here
    return make


def judged(folder: Path, only: str | None = None, seed: int | None = None) -> result.Report:
    return judge.judge(labs.compose(LAB, str(folder.parent)), only, seed)


def needed(name: str) -> list[str]:
    """The checks that are judged where one is asked for, in order."""
    checks = judge.collect(LAB)
    known = {check.name: check for check in checks}
    wanted = {name}
    while more := {need for each in wanted for need in known[each].needs} - wanted:
        wanted |= more
    return [check.name for check in checks if check.name in wanted]


def whole(report: result.Report, names: list[str]) -> str:
    """The report as a student sees it; asserts what is true of any report on a student's kernel."""
    assert [check.name for check in report.checks] == names
    passed = [check for check in report.checks if check.verdict == "pass"]
    assert {check.verdict for check in report.checks} <= {"pass", "fail"}
    data = json.loads(result.to_json(report))
    assert report.exit_code == (0 if len(passed) == len(names) else 1)
    assert data["earned"] == sum(check.points for check in passed)
    assert [check["verdict"] for check in data["checks"]] == [check.verdict for check in report.checks]
    shown = terminal.text(report)
    for text in (shown, *_texts(data)):
        assert all(c == "\n" or c.isprintable() for c in text)
    assert len(shown) < 30_000 and max(map(len, shown.splitlines())) < 500
    return shown


def _texts(data):
    if isinstance(data, str):
        yield data
    for each in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        yield from _texts(each)


def agrees(outcome: result.Outcome, words: str) -> bool:
    verdict, _, reason = words.partition(", ")
    return outcome.verdict == verdict and reason in ("*", outcome.reason)


@pytest.mark.parametrize("path", KERNELS, ids=lambda path: path.stem)
def test_a_hostile_kernel_gets_its_verdict(path, tree, monkeypatch):
    head = re.match(r"(//.*\n)+", path.read_text())[0]
    said = re.findall(r"(?m)^// (file|check|judged|budget|holds|says|never):? (.*)$", head)
    verdicts = dict(value.split(": ") for key, value in said if key == "check")
    only = None if ("judged", "all") in said else next(iter(verdicts))
    once = dict(said)
    if "budget" in once:
        marked = forgery.marked
        monkeypatch.setattr(forgery, "marked",
                            lambda boot: dataclasses.replace(marked(boot), budget=int(once["budget"])))
    monkeypatch.setattr(engine, "HOLDS", int(once.get("holds", engine.HOLDS)))
    report = judged(tree(once["file"], path.read_text()), only)
    shown = whole(report, [check.name for check in judge.collect(LAB)] if only is None else needed(only))
    for check in report.checks:
        assert check.name not in verdicts or agrees(check, verdicts[check.name]), shown
    words = " ".join(shown.split())
    for key, value in said:
        assert key not in ("says", "never") or (value in words) == (key == "says"), shown
    assert not Path("/tmp/exolab-was-here").exists()


def test_there_are_thirty_at_least():
    assert len(KERNELS) >= 30


# A student's folder.

def test_what_else_lies_in_the_folder_is_neither_run_nor_read(tree, tmp_path):
    mark = tmp_path / "ran"
    here = tree()
    run = f"open({str(mark)!r}, 'w')\n"
    for name, text in {
        "Makefile": f"$(shell touch {mark})\nall check:\n\ttouch {mark}\n",
        "GNUmakefile": f"$(shell touch {mark})\n",
        "conftest.py": run, "test_boot.py": run + "def test_x(): pass\n", "sitecustomize.py": run, "grader.py": run,
        "pytest.ini": "[pytest]\naddopts = --collect-only\n", "lab.toml": "no toml at all",
        ".gdbinit": f"shell touch {mark}\n",
        "kernel.ld": "no script", "specs": "*cc1:\n-fplugin=x\n", "stdint.h": "#error mine\n",
        "two\nlines.c": "#error mine\n",
    }.items():
        (here / name).write_text(text)
        (here.parent / name).write_text(text)
    shutil.copy(ROOT / "solutions/1-boot/Makefile", tmp_path)
    done = subprocess.run([sys.executable, "-m", "grader", "check", "1", "--src", here.parent, "--check", "banner"],
                          cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and "36 of 36 points" in done.stdout, done.stdout + done.stderr
    assert not mark.exists()


def test_a_link_in_a_files_place_is_refused(tree):
    here = tree()
    (here / "power.c").unlink()
    (here / "power.c").symlink_to("/etc/passwd")
    report = judged(here, "reset")
    shown = whole(report, ["reset"])
    assert agrees(report.checks[0], "fail, build error") and "symbolic link" in shown and "root:" not in shown


# What is said in the check's name.

def test_a_recorded_answer_passes_with_the_seed_that_it_was_recorded_with_alone(tree):
    """Why official grading draws a fresh seed."""
    check, = (check for check in judge.collect(LAB) if check.name == "banner")
    seed = params.fixed_seed("1-boot/banner")
    kernel = labs.compose(LAB, "solutions")
    recorded = engine.run(check.boots[0], build.build(kernel, ["say"]).elfs["say"], seed=seed, nonce=1).console
    text = "".join(f"\\{byte:03o}" for byte in recorded.partition(b"\n")[2])
    here = tree("lab1.c", f"""
        #include "hostile.h"
        static bool silent;
        static void evil(void) {{ SAY("{text}"); silent = true; }}
    """)
    (here / "uart.c").write_text((here / "uart.c").read_text().replace(
        "uart_putc(char c)\n{", "uart_putc(char c)\n{\n\textern bool mute;\n\tif (mute)\n\t\treturn;\n"))
    lab1 = here / "lab1.c"
    lab1.write_text(lab1.read_text().replace("static bool silent", "bool mute").replace("silent", "mute"))
    assert [judged(here, "banner", seed).checks[-1].verdict for seed in (None, 1)] == ["pass", "fail"]


def test_the_framework_has_names_that_are_its_own(tree):
    """What the solution and the starter use is given; what checks are made of is not."""
    given = forgery._in_headers() - forgery.FOR_CHECKS
    assert {"_start", "printk", "out_printk", "fdt_property", "__svc_stack_top", "todo_end", "memcpy"} <= given
    assert not {"report", "run_end", "run_off", "check_main", "crash_report"} & given


# The grader's own needs.

MEASURE = """
import json, resource, sys
from grader import judge, labs, result
report = judge.judge(labs.compose(labs.find("1"), sys.argv[1]), sys.argv[2] or None)
used = [resource.getrusage(who).ru_maxrss << 10 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(json.dumps([len(report.checks), report.exit_code, *used]))
"""
OWN, CHILD = 512 << 20, 1 << 30             # bytes that the grader and each of its tools may use
DISK = 1 << 30                              # bytes below build/


@pytest.mark.parametrize("name, only", {"flood": "flags", "many-symbols": "", "gigabyte-data": "",
                                        "sixteen-megabytes": ""}.items())
def test_memory_and_disk_are_bounded(name, only, tree, tmp_path):
    folder, scratch = tmp_path / "build", tmp_path / "scratch"
    scratch.mkdir()
    here = tree("lab1.c", (HOSTILE / f"{name}.c").read_text())
    done = subprocess.run([sys.executable, "-c", MEASURE, here.parent, only], cwd=ROOT, capture_output=True, text=True,
                          env=os.environ | {"EXOLAB_BUILD": str(folder), "TMPDIR": str(scratch)})
    checks, code, own, child = json.loads(done.stdout)
    disk = sum(path.lstat().st_size for path in folder.rglob("*"))
    print(f"{name}: the grader {own >> 20} MB, the largest of its tools {child >> 20} MB, disk {disk >> 20} MB")
    assert checks == len(needed(only) if only else judge.collect(LAB)) and code in (0, 1)
    assert own < OWN and child < CHILD and disk < DISK
    assert list(scratch.iterdir()) == []
