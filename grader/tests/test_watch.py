"""`make watch`, driven as a person would: saves, keys, and a terminal that is afterwards as it was."""
import dataclasses
import fcntl
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import termios
import threading
import time
from contextlib import suppress

import pytest

from grader import generate, judge, labs, result, watch
from grader.paths import ROOT
from grader.result import Outcome, Report

PATIENCE = 60       # seconds until a test gives up; no verdict hangs on how long anything takes
COMMAND = [sys.executable, "-m", "grader", "watch", "1"]


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """An untouched starter, and a folder for all that the processes of this test leave behind."""
    (tmp_path / "scratch").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    monkeypatch.delenv("WERROR", raising=False)     # a student's build
    generate.pristine(tmp_path / "mine", ROOT)
    return tmp_path / "mine"


def solve(tree, *files):
    """Put the reference's files in the place of the student's, as an editor saves: a new file, renamed."""
    for file in files or labs.find("1").files:
        new = tree / "1-boot" / f".{file}.new"
        shutil.copy(ROOT / "solutions/1-boot" / file, new)
        new.rename(tree / "1-boot" / file)


class Person:
    """Somebody in front of a terminal in which a command runs."""

    def __init__(self, command):
        self.terminal, self.its = os.openpty()
        self.before = termios.tcgetattr(self.its)
        self.frames = ""
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=self.its, stdout=self.its, stderr=self.its, start_new_session=True,
            env=os.environ | {"TERM": "xterm", "NO_COLOR": "1"},
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.terminal)
        os.close(self.its)

    def screen(self):
        """What is to be seen: all since the last time the cursor went home, without the terminal's codes."""
        last = self.frames.rpartition("\x1b[H")[2].rpartition("\x1b[A\x1b[J")
        body = last[0].rpartition("\n")[0] + "\n" + last[2] if last[1] else last[2]
        return re.sub(r"\x1b\[\w", "", body).replace("\r", "")

    def sees(self, *words):
        """Look on until all of the words stand on the screen; then the screen."""
        return self.waits(lambda: all(word in self.screen() for word in words), words)

    def waits(self, until, what):
        """Look on until something is so; then the screen."""
        end = time.monotonic() + PATIENCE
        while not until():
            assert time.monotonic() < end, f"no {what} on this screen:\n{self.screen()}"
            if select.select([self.terminal], [], [], 0.2)[0]:
                self.frames += os.read(self.terminal, 1 << 16).decode()
        return self.screen()

    def types(self, keys):
        os.write(self.terminal, keys.encode())

    def leaves(self):
        """The exit code; and the terminal is as it was before."""
        code = self.process.wait(PATIENCE)
        assert termios.tcgetattr(self.its) == self.before
        return code


def running(word):
    """The command lines of all processes that have this word in them."""
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError), open(f"/proc/{entry}/cmdline", "rb") as file:
            found.append(file.read())
    return [line for line in found if str(word).encode() in line]


def test_a_lab_is_solved_under_watch(tree):
    with Person([*COMMAND, "--src", str(tree)]) as person:
        person.sees("checking")
        assert person.frames.startswith("\r\n" * 24 + "\x1b[H"), "what stood there is scrolled up"
        shown = person.sees("reset: not attempted, step 1.1", "0 of 100 points", watch.KEYS)
        assert f"{tree}/1-boot/start.S:" in shown and "hint: " not in shown.replace(watch.KEYS, "")
        assert termios.tcgetattr(person.its) != person.before
        person.types("h")
        person.sees("hint:  Read the mode from the CPSR first.", "elr_hyp says where to.")
        solve(tree, "start.S")
        shown = person.sees("bss: not attempted, step 1.3")
        assert "hint: " not in shown.replace(watch.KEYS, ""), "each failure is thought about before its hint is shown"
        person.types("l")
        person.sees("stacks", "10 / 10  pass", "not attempted, step 1.3")
        person.types("l")
        (tree / "1-boot/uart.c").write_text("int wrong = ;\n")
        person.sees("1-boot/uart.c:1:13: error: expected expression")
        solve(tree)
        shown = person.sees("100 of 100 points. All of it works.", f"[{'#' * watch.BAR}] 100 of 100 points")
        assert "Next: " in shown and "checking" not in shown
        person.types("c")
        person.sees("100 of 100 points, checking ...")
        person.types("q")
        assert person.leaves() == 0
    assert os.listdir(tree.parent / "scratch") == []


@pytest.mark.parametrize("leave, code", [("q", 0), ("\x03", 0), ("\x04", 0), (signal.SIGTERM, 2), (signal.SIGHUP, 2),
                                         (signal.SIGINT, 2)], ids=str)
def test_whoever_leaves_in_the_middle_leaves_nothing(tree, leave, code):
    with Person([*COMMAND, "--src", str(tree)]) as person:
        person.sees("checking ...", watch.KEYS)
        if isinstance(leave, str):
            person.types(leave)
        else:
            person.process.send_signal(leave)
        assert person.leaves() == code
    assert running(tree.parent / "scratch") == os.listdir(tree.parent / "scratch") == []


def test_while_suspended_the_terminal_is_as_it_was(tree):
    shell = f"{' '.join(COMMAND)} --src {tree}; stty -a; echo suspended; read -r line; echo $line; fg"
    with Person(["bash", "-mc", shell]) as person:
        person.sees("0 of 100 points\n", watch.KEYS)
        drawn = person.frames.count("\x1b[H")
        person.types("\x1a")
        shown = person.sees("\nsuspended\n")
        assert " icanon " in shown and " echo " in shown and "intr = ^C" in shown
        person.types("back\n")
        person.waits(lambda: person.frames.count("\x1b[H") > drawn, "whole new frame")
        person.sees("0 of 100 points\n", watch.KEYS)
        assert not termios.tcgetattr(person.its)[3] & termios.ECHO
        person.types("q")
        assert person.leaves() == 0


@pytest.mark.parametrize("watchdog", [True, False])
def test_without_a_terminal_reports_follow_one_another(tree, tmp_path, watchdog):
    """... where there is no watchdog, too."""
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/watchdog.py").write_text("raise ImportError('no watchdog here')\n")
    path = {} if watchdog else {"PYTHONPATH": str(tmp_path / "broken")}
    check = [sys.executable, "-m", "grader", "check", "1", "--src", str(tree), "--check", "stacks"]
    reports = [subprocess.run(check, cwd=ROOT, capture_output=True, text=True).stdout]
    with subprocess.Popen([*COMMAND, "--src", str(tree), "--check", "stacks"], cwd=ROOT, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True, env=os.environ | path) as process:
        try:
            first = process.stdout.readline()
            assert str(tree) in first and "Ctrl-C" in first
            assert _until(process, "0 of 18 points") in reports[0] and reports[0].startswith("Lab 1-boot")
            solve(tree)
            assert "pass" in _until(process, "18 of 18 points. This check passes.")
        finally:
            process.terminate()
    assert process.returncode == 2


def _until(process, words):
    """The lines of a process, up to the one that begins with these words; nothing to wait for but the words."""
    said, patience = "", threading.Timer(PATIENCE, process.kill)
    patience.start()
    try:
        for line in process.stdout:
            said = (said + line).lstrip("\n")
            if line.startswith(words):
                return said
    finally:
        patience.cancel()
    raise AssertionError(f"it ended without {words!r}: {said}")


def test_a_save_in_the_middle_begins_anew(tree, tmp_path):
    """The first check never comes to an end; the second one finds its mark."""
    mark = tmp_path / "begun"
    stub = tmp_path / "stub.py"
    stub.write_text(f"import pathlib, sys, time\nmark = pathlib.Path({str(mark)!r})\n"
                    "if mark.exists(): sys.exit('the second')\nmark.touch()\ntime.sleep(3600)\n")
    script = ("import sys\nfrom grader import __main__, watch\n"
              f"watch._command = lambda *_: [sys.executable, {str(stub)!r}]\n"
              f"sys.exit(__main__.main(['watch', '1', '--src', {str(tree)!r}]))")
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            while not mark.exists():
                time.sleep(0.05)
            solve(tree, "bss.c")
            _until(process, "the second")
            assert running(stub)[1:] == [], "but for the one that starts it all"
        finally:
            process.terminate()


def test_bad_use_is_one_line():
    done = subprocess.run([*COMMAND, "--src", "nowhere"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "exolab: SRC=nowhere: write SRC=starter or SRC=solutions\n"


# The files.

@pytest.fixture
def folder(tmp_path):
    (tmp_path / "1-boot/lib").mkdir(parents=True)
    (tmp_path / "1-boot/a.c").write_text("int a;\n")
    (tmp_path / "1-boot/lib/b.h").write_text("int b;\n")
    (tmp_path / "config.mk").write_text("PRIOR=starter\n")
    return tmp_path


def changes(folder, watchdog=False):
    return watch.Changes([folder / "1-boot", folder / "config.mk", folder / "not-yet"], watchdog)


def _same_size_and_time(file):
    about = file.stat()
    file.write_text("int z;\n")
    os.utime(file, ns=(about.st_atime_ns, about.st_mtime_ns))


@pytest.mark.parametrize("do", [
    lambda folder: (folder / "1-boot/a.c").write_text("int a2;\n"),
    lambda folder: _same_size_and_time(folder / "1-boot/a.c"),
    lambda folder: (folder / "1-boot/lib/b.h").unlink(),
    lambda folder: (folder / "1-boot/lib/b.h").rename(folder / "1-boot/lib/c.h"),
    lambda folder: shutil.rmtree(folder / "1-boot"),
    lambda folder: (folder / "1-boot/data.bin").write_bytes(b""),
    lambda folder: (folder / "config.mk").write_text("PRIOR=solutions\n"),
    lambda folder: (folder / "not-yet").write_text(""),
    lambda folder: ((folder / "1-boot/a.c").unlink(), os.mkfifo(folder / "1-boot/a.c")),
])
def test_a_change_of_contents_is_one(folder, do):
    with changes(folder) as them:
        do(folder)
        assert them.changed() and not them.changed()


@pytest.mark.parametrize("do", [
    lambda folder: None,
    lambda folder: os.utime(folder / "1-boot/a.c", (1, 1)),
    lambda folder: (folder / "1-boot/a.c").write_text("int a;\n"),
    lambda folder: [(folder / "1-boot" / name).write_text("x") for name in (".a.c.swp", "a.c~", ".#a.c", "a.c.mine-1")],
    lambda folder: ((folder / "1-boot/__pycache__").mkdir(), (folder / "1-boot/__pycache__/x.pyc").write_text("x")),
    lambda folder: ((folder / "1-boot/.git").mkdir(), (folder / "1-boot/.git/index").write_text("x")),
    lambda folder: (folder / "elsewhere.c").write_text("x"),
])
def test_nothing_else_is(folder, do):
    with changes(folder) as them:
        do(folder)
        assert not them.changed()


def test_watchdog_wakes_and_reading_does_not(folder):
    with changes(folder, watchdog=True) as them:
        assert them.pause == watch.BACKSTOP, "Debian's watchdog is here"
        (folder / "1-boot/a.c").read_text()
        (folder / "1-boot/lib/b.h").write_text("int c;\n")
        assert select.select([them.wakes], [], [], PATIENCE)[0]
        them.awake()
        assert them.changed()


@pytest.mark.parametrize("trouble", [ImportError("none"), OSError(28, "inotify watch limit reached"), TypeError("odd")])
def test_whatever_is_wrong_with_watchdog_files_are_looked_at(folder, monkeypatch, trouble):
    def observer():
        raise trouble
    import watchdog.observers
    monkeypatch.setattr(watchdog.observers, "Observer", observer)
    with changes(folder, watchdog=True) as them:
        assert them.pause == watch.POLL
        (folder / "1-boot/a.c").write_text("int a2;\n")
        assert them.changed()


# What is to be seen.

def outcome(name, verdict="fail", **more):
    reason = {"reason": "wrong output", "hint": f"about {name}"} if verdict == "fail" else {}
    return Outcome(name, f"{name} works.", "1.1", 2, 2 * (verdict == "pass"), verdict, **reason | more)


def view(*checks):
    made = watch.View(labs.compose(labs.find("1"), "solutions"))
    made.take(Report("1-boot", "Boot", "starter", {}, None, checks), [])
    return made


def text(view):
    return "".join("".join(words for words, _ in line) + "\n" for line in view.lines())


def test_n_goes_from_failure_to_failure_and_round():
    waits = outcome("c", reason="waits", detail="for b")
    them = view(outcome("a", "pass"), outcome("b"), waits, outcome("d"))
    seen = []
    for _ in range(3):
        seen.append((them.shown, them.bottom()[0].partition("points, ")[2]))
        assert f"{them.shown}: wrong output" in text(them)
        them.press("n")
    assert seen == [("b", "failure 1 of 2"), ("d", "failure 2 of 2"), ("b", "failure 1 of 2")]


def test_h_shows_the_hint_of_this_failure_alone():
    them = view(outcome("a"), outcome("b"), outcome("c", reason="build error", hint=""))
    assert "about" not in text(them)
    them.press("h")
    assert "hint:  about a" in text(them)
    them.press("h")
    assert "about" not in text(them)
    them.press("h")
    them.press("n")
    assert "about" not in text(them) and "b: wrong output" in text(them)
    them.press("n")
    them.press("h")
    assert "hint:  none here" in text(them)


def test_l_shows_the_table_and_a_key_leads_back():
    them = view(outcome("a", "pass"), outcome("b"), outcome("c"))
    for back in "lnh":
        them.press("l")
        assert "a       2 / 2  pass" in text(them) and "b works." not in text(them)
        them.press(back)
        assert "b works." in text(them) and "2 / 2" not in text(them)


def test_the_failure_on_the_screen_stays_as_long_as_it_is_one():
    them = view(outcome("a"), outcome("b"), outcome("c"))
    them.press("n")
    them.press("h")
    them.take(view(outcome("a"), outcome("b"), outcome("c", "pass")).report, [])
    assert them.shown == "b" and "about b" in text(them)
    them.take(view(outcome("a"), outcome("b", "pass"), outcome("c")).report, [])
    assert them.shown == "a" and "about" not in text(them)


def test_what_the_compiler_says_beside_it_is_shown():
    them = view(outcome("a"))
    them.take(them.report, ["x.c:1: warning"])
    assert text(them).startswith("x.c:1: warning\n\nLab 1-boot: Boot\n")
    them.take(None, ["exolab: the disk is full"])
    assert text(them) == "exolab: the disk is full\n\n" and them.bottom() == ["", watch.KEYS]
    for key in "nhlc":
        them.press(key)
    assert "disk" in text(them)


def test_a_grader_error_is_never_a_score():
    them = view(outcome("a", "grader error"), outcome("b"))
    assert "points" not in them.bottom()[0] and "a: grader error" in text(them)


def test_a_report_comes_back_from_json_as_it_was(tree):
    solve(tree, "start.S")
    report = judge.judge(labs.compose(labs.find("1"), str(tree)))
    assert len({check.reason for check in report.checks}) > 1 and report.first.sections
    back = result.from_json(result.to_json(report))
    assert back == report and dataclasses.asdict(back) == dataclasses.asdict(report)


def test_no_line_is_wider_than_the_screen(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    lines = watch.Screen(sys.stdout)._bottom(view(outcome("a"), outcome("b"))).splitlines()
    assert [len(line) for line in lines] == [39, 39]
