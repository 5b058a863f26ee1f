"""`make run` and `make gdb`: driven as a person would, by terminal and gdb commands; nothing is left of either."""
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from grader import engine, interactive, judge, labs, params
from grader.errors import GraderError, Usage
from grader.paths import ROOT
from grader.tests import kernels

ASK = """
import sys
from pathlib import Path
from grader import engine, interactive
kernel = interactive.Kernel(engine.Boot("ask"), Path(sys.argv[2]), 1, 2)
sys.exit(interactive.terminal(kernel) if sys.argv[1] == "run" else interactive.debug(kernel, sys.argv[3:]))
"""
PATIENCE = 60   # seconds until a test gives up; no verdict hangs on how long anything takes


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """Where everything of this test lies, so that what is left of it can be found."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def running(scratch, moments=PATIENCE * 20):
    """The processes of a test that are still there. One that was just killed may take a moment to go."""
    for _ in range(moments):
        found = []
        for entry in os.listdir("/proc"):
            try:
                with open(f"/proc/{entry}/cmdline", "rb") as file:
                    found += [file.read()] if entry.isdigit() else []
            except OSError:
                pass
        found = [line for line in found if str(scratch).encode() in line]
        if not found:
            break
        time.sleep(0.05)
    return found


def left(scratch):
    """The processes and files of a test that are still there."""
    return running(scratch) + os.listdir(scratch)


def ask(verb, *more, kernel="ask"):
    """The command that boots one of kernels/ by "run" or "gdb"."""
    return [sys.executable, "-c", ASK, verb, str(kernels.elf(kernel)), *more]


def gdb(command, *commands, typed=None):
    """What gdb says, told `commands` one after the other, then `typed`."""
    told = [word for each in commands for word in ("-ex", each)]
    done = subprocess.run([*command, *told], cwd=ROOT, input=typed or "", stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=PATIENCE)
    assert "Traceback" not in done.stdout
    return done.stdout


def test_gdb_stops_at_the_check_with_its_source(scratch):
    said = gdb(ask("gdb", "-nx", "-batch"), "info registers pc", "continue", "where 1")
    assert re.search(r"^pc +0x40010000 ", said, re.M), "_start is the first instruction here"
    assert "It stops at _start, then at check_main." in said
    assert re.search(r"^Breakpoint 2, check_main \(\) at .*ask\.S:\d+\n.*the line that gdb shows", said, re.M)
    assert re.search(r"^#0 +check_main \(\)", said, re.M)
    assert left(scratch) == []


def test_gdb_shows_the_serial_line_before_it_stops(scratch):
    """Even where the thread that follows it never gets its turn."""
    no_thread = "python import threading; threading.Thread.start = lambda thread: None"
    said = gdb(ask("gdb", "-nx", "-batch", "-iex", no_thread), "continue")
    assert said.index("\nasked\n") < said.index("\nBreakpoint 2, ")


@pytest.mark.parametrize("word", ["run", "r", "start", "starti"])
def test_run_explains_itself(scratch, word):
    said = gdb(ask("gdb", "-nx", "-batch"), word, "info registers pc")
    assert said.count("already loaded and stopped: type `continue`") == 1
    assert "0x40010000" in said, "and changes nothing"


def test_a_person_types_and_sees_the_end(scratch):
    said = gdb(ask("gdb", "-nx", "-batch"), "continue", r"send \x21", "continue", "info registers pc", "c", "stepi")
    assert ">!" in said and "switched the machine off here" in said
    assert re.search(r"^pc +0x400100", said, re.M), "the last state can be read"
    assert said.count("The machine is off.") == 2
    assert left(scratch) == []


def test_an_error_in_gdb_leaves_nothing(scratch):
    gdb(ask("gdb", "-nx", "-batch"), "no-such-command")
    assert left(scratch) == []


def test_gdb_on_a_check_of_a_lab(scratch):
    command = [sys.executable, "-m", "grader", "gdb", "1", "--src", "solutions", "--check", "panic"]
    command += ["--gdb=-nx", "--gdb=-batch"]
    for each in ("continue", "list uart_putc"):
        command += ["--gdb=-ex", f"--gdb={each}"]
    said = gdb(command)
    assert re.search(r"^Breakpoint 1, _start \(\) at solutions/1-boot/start\.S:\d+\n\d+\t", said, re.M)
    assert re.search(r"^Breakpoint 2, check_main \(\) at labs/1-boot/checks/panic\.c:\d+\n\d+\t", said, re.M)
    assert "boot 1 of" not in said, "it has no others"
    assert re.search(r"^\d+\tuart_putc\(char c\)", said, re.M), "the student's files are found"
    assert left(scratch) == []


@pytest.mark.parametrize("number, machine, mode", [("1", "virt", "SVC"), ("2", "virt,virtualization=on", "HYP")])
def test_boot_is_which_of_a_checks_boots(scratch, number, machine, mode):
    """Asked for as a report asks, and told in the first lines; it begins in the student's own code."""
    said = gdb(["make", "gdb", "LAB=1", "SRC=solutions", "CHECK=reset", f"BOOT={number}"], typed="regs\n")
    assert f"boot {number} of 2: -M {machine}\nIt stops at _start, then at check_main." in said
    assert re.search(r"^Breakpoint 1, _start \(\) at solutions/1-boot/start\.S:\d+$", said, re.M)
    assert "junk.S" not in said
    assert re.search(fr"^cpsr 0x[0-9a-f]{{8}}: {mode} mode, ", said, re.M)
    assert left(scratch) == []


def test_the_first_boot_is_where_none_is_named():
    assert interactive.boot_number("reset", None) == interactive.boot_number("reset", "1") == 1
    assert interactive.which(labs.find("1"), "reset", 1) == "boot 1 of 2: -M virt"
    assert interactive.which(labs.find("1"), "panic", 1) == interactive.which(labs.find("1"), None, 1) == ""


def test_regs_reads_the_registers_in_words(scratch):
    values = {**{f"r{number}": 0x1000 + number for number in range(13)}, "sp": 0x2000, "lr": 0x3000, "pc": 0x4000}
    change = [f"set ${name} = {value:#x}" for name, value in values.items()]
    said = gdb(ask("gdb", "-nx", "-batch"), *change, "set $cpsr = 0xa00001d3", "regs",
               "python print(*map(grader.gdb.decode.psr, (0x5d00063f, 0x92, 0x4d)), sep='\\n')")
    rows = re.search(r"(?m)^ r0 .*\n r4 .*\n r8 .*\nr12 .*\n", said)[0]
    assert {name: int(value, 16) for name, value in re.findall(r"(\w+) (0x[0-9a-f]{8})\b", rows)} == values
    assert "\ncpsr 0xa00001d3: SVC mode, masked: A I F; flags: N C; A32, little-endian, IT 0x00\n" in said
    assert "\nSystem mode, masked: none; flags: Z V Q; T (Thumb), E (big-endian), IT 0x06\n" in said
    assert "\nIRQ mode, masked: I; flags: none;" in said and "\nunknown mode, masked: F; flags: none;" in said


@pytest.mark.parametrize("leave", [["quit"], [], None], ids=["quit", "batch", "end of input"])
def test_who_leaves_gdb_does_not_let_the_kernel_run_on(scratch, leave):
    """The kernel would print, into the terminal of somebody who is done with it."""
    said = gdb(ask("gdb", "-nx"), typed="") if leave is None else gdb(ask("gdb", "-nx", "-batch"), *leave)
    assert "asked" not in said and "etach" not in said
    assert left(scratch) == []


def test_the_same_numbers_as_the_judge(monkeypatch):
    """Boot, seed and nonce of every check are those that the judge runs it with, whatever seed is asked for."""
    lab = labs.find("1")

    class Stop(Exception):
        pass

    def stop(jobs, **_):
        asked.extend(jobs)
        raise GraderError("stop")

    monkeypatch.setattr(engine, "run_many", stop)
    for seed in (None, 77):
        asked = []
        with pytest.raises(GraderError, match="^stop$"):
            judge.judge(labs.compose(lab, "solutions"), seed=seed)
        mine = [interactive.chosen(lab, check.name, number, None if seed is None else str(seed))
                for check in judge.collect(lab) for number in range(1, len(check.boots) + 1)]
        numbers = [(seed, nonce) for _, seed, nonce in mine]
        assert numbers == [(job.seed, job.nonce) for job in asked] and len(set(numbers)) > 10
        assert [boot.payload for boot, _, _ in mine] == [job.boot.payload for job in asked]
        names = [f"{check.name}/{index}" for check in judge.collect(lab) for index in range(len(check.boots))]
        assert [nonce for _, nonce in numbers] == [params.nonce(seed, f"1-boot/{name}")
                                                   for name, (seed, _) in zip(names, numbers)], "as its page says"


def test_nonsense_is_answered_in_words():
    lab = labs.find("1")
    with pytest.raises(Usage, match="has no check 'nope'; it has: reset, "):
        interactive.chosen(lab, "nope", 1, None)
    two = "has 2 boots: BOOT=1 to BOOT=2"
    for check, number, have in (("reset", 0, two), ("reset", 3, two), ("panic", 99, "has one boot: BOOT=1")):
        with pytest.raises(Usage, match=f"^check {check} {have}; BOOT={number} is none of them$"):
            interactive.chosen(lab, check, number, None)
    for check, asked, words in (("reset", "x", "no number"), ("reset", "-1", "no number"), (None, "2", "say CHECK=")):
        with pytest.raises(Usage, match=f"^BOOT={asked} .*{words}"):
            interactive.boot_number(check, asked)
    with pytest.raises(Usage, match="SEED=x"):
        interactive.chosen(lab, "panic", 1, "x")


def test_a_compile_error_is_the_compilers(tmp_path):
    tree = tmp_path / "broken/1-boot"
    tree.mkdir(parents=True)
    for file in (ROOT / "solutions/1-boot").iterdir():
        (tree / file.name).write_bytes(file.read_bytes())
    (tree / "panic.c").write_text("int panic = ;\n")
    done = subprocess.run([sys.executable, "-m", "grader", "run", "1", "--src", tmp_path / "broken"], cwd=ROOT,
                          capture_output=True, text=True)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert re.search(r"panic\.c:1:\d+: error: ", done.stderr)


@contextmanager
def terminal(*command):
    """A process with a terminal of its own: functions that read until a text, type, and wait for its end; its id."""
    process, ours = pty.fork()
    if process == 0:
        os.chdir(ROOT)
        os.execv(command[0], command)
    seen = ""

    def until(text):
        """What came since the last text that was waited for, up to this one's end."""
        nonlocal seen
        deadline = time.monotonic() + PATIENCE
        while text not in seen:
            ready, _, _ = select.select([ours], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"no {text!r} in {seen!r}"
            try:
                data = os.read(ours, 4096)
            except OSError:
                data = b""
            assert data, f"ended without {text!r}: {seen!r}"
            seen += data.decode("ascii", "replace")
        before, _, seen = seen.partition(text)
        return before + text

    def ended():
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            number, status = os.waitpid(process, os.WNOHANG)
            if number:
                return os.waitstatus_to_exitcode(status)
            if select.select([ours], [], [], 0.05)[0]:
                try:
                    os.read(ours, 4096)
                except OSError:
                    time.sleep(0.05)
        raise AssertionError("it did not end")

    try:
        yield until, lambda text: os.write(ours, text.encode()), ended, process
    finally:
        os.close(ours)
        try:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
        except (ProcessLookupError, ChildProcessError):
            pass


def test_run_is_the_kernels_terminal(scratch):
    with terminal(*ask("run")) as (until, types, ended, _):
        assert until(">").startswith("Ctrl-A, then X, leaves"), "how to leave comes first"
        types("\x03")       # Ctrl-C is the kernel's to see, and this one sends back what it gets
        until("\x03")
        assert ended() == 0
    assert left(scratch) == []


def test_run_can_be_left(scratch):
    with terminal(*ask("run")) as (until, types, ended, _):
        until(">")
        types("\x01x")
        assert ended() == 0
    assert left(scratch) == []


def test_run_with_input_from_a_pipe(scratch):
    """Nothing is lost, however long the kernel takes until it listens, and what it says last is all there."""
    done = subprocess.run(ask("run", kernel="late"), cwd=ROOT, input=b"hello", capture_output=True, timeout=PATIENCE)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.splitlines()[1:] == [b">hello"]
    assert left(scratch) == []


@pytest.mark.parametrize("verb, sign", [("run", ">"), ("gdb", "(gdb)")])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_killed_from_outside(scratch, verb, sign, number):
    with terminal(*ask(verb)) as (until, _, ended, process):
        until(sign)
        os.kill(process, number)
        assert ended() == 128 + number
        assert left(scratch) == []


# Runs a command in the terminal's foreground, as a shell does, and takes the terminal back when the command is gone;
# says so once that echoes, edits lines and blocks, as it did before.
AROUND = """
import os, signal, subprocess, sys, termios, time
def foreground():
    os.setpgid(0, 0)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    os.tcsetpgrp(0, os.getpgrp())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
process = subprocess.Popen(sys.argv[1:], preexec_fn=foreground)
print(f"process {process.pid}.", flush=True)
process.wait()
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
os.tcsetpgrp(0, os.getpgrp())
while not os.get_blocking(0) or ~termios.tcgetattr(0)[3] & (termios.ICANON | termios.ECHO):
    time.sleep(0.05)
print("As it was.")
"""


@pytest.mark.parametrize("verb, waits", [("run", "Type; "), ("gdb", "(gdb)")])
def test_make_killed_from_outside(scratch, verb, waits):
    """A kill of make reaches its shell only; all that it started ends with that, and the terminal is as it was."""
    make = ["/usr/bin/env", "make", verb, "LAB=1", "SRC=solutions"]
    with terminal(sys.executable, "-c", AROUND, *make) as (until, _, ended, _):
        until("process ")
        process = int(until(".")[:-1])
        until(waits)
        os.kill(process, signal.SIGTERM)
        until("As it was.")
        assert ended() == 0
    assert left(scratch) == []


def test_ctrl_c_ends_a_run_with_input_from_a_pipe(scratch):
    """The terminal is nobody's then, and a kernel that waits for more has to be ended somehow."""
    process = subprocess.Popen(ask("run"), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    while (data := process.stdout.read(1)) != b">":
        assert data
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 128 + signal.SIGINT
    process.communicate()
    assert left(scratch) == []


def test_make_run_with_input_from_a_pipe(scratch):
    """As the first page of lab 1 shows it."""
    done = subprocess.run(["make", "run", "LAB=1", "SRC=solutions"], cwd=ROOT, input=b"hello\r\x10",
                          capture_output=True, timeout=PATIENCE)
    assert (done.returncode, done.stderr) == (0, b"")
    assert re.search(rb"\nhello\r?\npanic: .*you asked for it", done.stdout)
    assert left(scratch) == []


UNDER_MAKE = ["/usr/bin/env", "make", "gdb", "LAB=1", "SRC=solutions"]


def test_killed_without_a_word(scratch):
    with subprocess.Popen(ask("run"), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        while b">" not in process.stdout.readline(1):
            pass
        assert running(scratch, moments=1) != []
        process.kill()
    assert running(scratch) == []


@pytest.mark.parametrize("command, waits", [(ask("gdb", "-nx"), ">"), (UNDER_MAKE, "Type; ")], ids=["gdb", "make gdb"])
def test_ctrl_c_in_gdb_stops_the_kernel_and_not_gdb(scratch, command, waits):
    with terminal(*command) as (until, types, ended, _):
        until("(gdb)")
        types("set style enabled off\n")
        types("continue\n")
        until("Breakpoint 2, check_main () at ")
        types("continue\n")
        until("Continuing.\r\n" + waits)      # the kernel runs
        types("\x03")
        until("Program received signal SIGINT")
        types("info registers pc\n")
        until("(gdb) ")
        until(" 0x40")
        types("quit\n")
        ended()
    assert left(scratch) == []


def test_a_qemu_that_does_not_start(tmp_path, monkeypatch):
    (tmp_path / "qemu-system-arm").write_text("#!/bin/sh\necho some warning >&2; echo no such machine >&2; exit 1\n")
    (tmp_path / "qemu-system-arm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    kernel = interactive.Kernel(engine.Boot("ask"), kernels.elf("ask"), 1, params.nonce(1))
    for boot in (interactive.terminal, lambda kernel: interactive.debug(kernel, [])):
        with pytest.raises(GraderError, match="^QEMU gave up: no such machine$"):
            boot(kernel)


def test_no_gdb(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GraderError, match="^gdb-multiarch is not installed"):
        interactive.debug(interactive.Kernel(engine.Boot("ask"), tmp_path / "k.elf", 1, 2), [])
