"""The plugin: what it counts is exact, what it stops it stops exactly there, and what it records is what happened."""
import os
import struct
import sys

import pytest

from grader import engine, paths, plugin, vm
from grader.errors import GraderError
from grader.symbols import NoSymbol
from grader.tests.kernels import BASE, boot, elf

HELLO = 8           # instructions of hello.S
SLEEPS = 10         # WFIs of sleep.S


def counts(run, symbol):
    return [mark.count for mark in run.marks if mark.symbol == symbol]


def test_a_budget_is_exact():
    whole = boot("hello", budget=HELLO)
    assert (whole.end, whole.serial, whole.instructions) == ("power-off", b"hi", HELLO)
    short = boot("hello", budget=HELLO - 1)
    assert (short.end, short.serial, short.instructions) == ("budget", b"hi", HELLO - 1)
    assert short.pc == engine.symbols.of(short.elf).address("last")
    assert short.registers["r0"] == 0x84000008, "registers are those of the moment, in the middle of a block too"


@pytest.mark.parametrize("turns", [1, 200, 900, 1_000, 1_000_000])
def test_a_kernel_that_needs_so_many_instructions_ends_with_that_budget_and_not_with_one_less(turns):
    needs = 3 + 5 * turns + 2
    whole = boot("compute", f"-DTURNS={turns}", budget=needs)
    assert (whole.end, whole.instructions, whole.registers["r2"]) == ("power-off", needs, 0)
    short = boot("compute", f"-DTURNS={turns}", budget=needs - 1)
    assert (short.end, short.instructions, short.registers["r2"]) == ("budget", needs - 1, 0)
    assert short.pc == engine.symbols.of(short.elf).address("last")


@pytest.mark.parametrize("budget", [0, 1, 100, 5_000, 5_001, 5_002, 300_000])
def test_a_budget_is_exact_in_a_loop(budget):
    run = boot("spin", budget=budget)
    assert (run.end, run.instructions) == ("budget", budget)
    assert run.pc == BASE + (4 + 4 * ((budget - 1) % 3) if budget else 0)
    assert not budget or run.registers["r3"] == (budget + 1) // 3


@pytest.mark.parametrize("budget", [2_500, 100_000, 100_001])
def test_a_budget_is_exact_among_device_accesses(budget):
    run = boot("poll", budget=budget)
    assert (run.end, run.instructions) == ("budget", budget)
    assert run.registers["r3"] == (budget - 2 + 1) // 3
    assert run.registers["r15"] == run.pc == BASE + 8 + 4 * ((budget - 2) % 3)


def test_the_count_agrees_with_the_machines_own_clock():
    run = boot("clock", marks=("from", "to"))
    (start,), (end,) = counts(run, "from"), counts(run, "to")
    assert struct.unpack("<I", run.serial)[0] == end - start > 20_000


def test_a_wfi_budget_is_exact():
    whole = boot("sleep", wfi=SLEEPS)
    assert (whole.end, whole.serial, whole.wfis) == ("power-off", b"." * SLEEPS, SLEEPS)
    for wfi in (0, 1, SLEEPS - 1):
        short = boot("sleep", wfi=wfi)
        assert (short.end, short.serial, short.wfis) == ("wfi-budget", b"." * wfi, wfi)
        assert short.pc == engine.symbols.of(short.elf).address("sleep")
        assert short.registers["r7"] == SLEEPS - wfi


def test_marks_say_when():
    run = boot("hello", marks=("_start", "second", "last"))
    assert run.marks == (("_start", 0, 0), ("second", 4, 0), ("last", HELLO - 1, 0))


def test_what_is_not_there_cannot_be_marked():
    with pytest.raises(NoSymbol, match="no symbol 'nowhere'"):
        boot("hello", marks=("nowhere",))


def test_accesses_are_seen_at_their_physical_addresses():
    run = boot("access", watch=((0x40300000, 12), (0x09000000, 0x1000)))
    at = {name: engine.symbols.of(run.elf).address(name) for name in "abcdefg"}
    seen = [(kind, size, address, pc) for kind, size, address, pc, count, cpu in run.accesses]
    assert seen == [("w", 1, 0x40300001, at["a"]), ("r", 2, 0x40300002, at["b"]), ("r", 4, 0x40300004, at["c"]),
                    ("w", 4, 0x40300000, at["d"]), ("w", 4, 0x40300004, at["d"]), ("w", 4, 0x40300008, at["e"]),
                    ("r", 4, 0x09000018, at["f"]), ("w", 4, 0x09000000, at["g"])]
    assert [access.count for access in run.accesses][:5] == [2, 3, 4, 5, 5]
    assert run.accesses[-1].count == run.instructions - 3, "an access to a device is counted once"


def test_a_watch_sees_its_range_alone():
    run = boot("access", watch=((0x40300002, 1),))
    assert [(access.kind, access.address) for access in run.accesses] == [("r", 0x40300002), ("w", 0x40300000)]


def test_more_records_than_there_is_room_for_end_the_run(monkeypatch):
    monkeypatch.setattr(vm, "RECORDS", 100)
    run = boot("poll", watch=((0x09000018, 4),))
    assert run.end == "hold-budget" and len(run.accesses) == 100


def test_two_cores_are_told_apart():
    runs = [boot("two", smp=2, marks=("here",), watch=((0x40200000, 4),)) for _ in range(3)]
    for run in runs:
        assert run.end == "power-off"
        assert [mark.cpu for mark in run.marks] in ([0, 1], [1, 0])
        assert [access.cpu for access in run.accesses if access.kind == "w"] == [0, 1]
        assert (run.instructions, run.marks, run.accesses) == (runs[0].instructions, runs[0].marks, runs[0].accesses)
    whole = runs[0].instructions
    for _ in range(5):      # the other core runs on for a moment, over the budget, and must not be held then
        assert boot("two", smp=2, budget=whole).end == "power-off"
    short = boot("two", smp=2, budget=whole - 1)
    assert (short.end, short.instructions) == ("budget", whole - 1)


@pytest.mark.parametrize("budget", range(27_000, 36_000, 1_500))
def test_a_budget_is_exact_with_two_cores(budget):
    run = boot("turns", smp=2, budget=budget, marks=("work",))
    assert (run.end, run.instructions) == ("budget", budget)
    assert {mark.cpu for mark in run.marks} == {0, 1}


def test_code_where_no_code_can_be_is_lost():
    run = boot("jump")
    assert (run.end, run.pc) == ("lost", 0xc)       # the vector of aborted fetches
    assert run.registers["r14"] - 4 == 0x50000000


def test_a_qemu_with_another_plugin_interface_is_named():
    plugin.check_version((7, 2))
    for version in ((6, 2), (9, 0), (10, 1)):
        with pytest.raises(GraderError, match=f"QEMU {version[0]}.{version[1]} has another plugin interface"):
            plugin.check_version(version)


@pytest.fixture
def another_qemu(tmp_path, monkeypatch):
    """Puts a program in the place of QEMU: its text -> None."""
    def put(text: str | None) -> None:
        if text is not None:
            (tmp_path / "qemu-system-arm").write_text(text)
            (tmp_path / "qemu-system-arm").chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path) if text is None else f"{tmp_path}:{os.path.dirname(sys.executable)}")
        monkeypatch.setattr(paths, "BUILD", tmp_path / "build")
        plugin.find.cache_clear()
    kernel = elf("hello")
    yield put, kernel
    plugin.find.cache_clear()


@pytest.mark.parametrize("text, words", [
    (None, "qemu-system-arm is not installed"),
    ("#!/bin/sh\necho QEMU emulator version 10.0.2\n", "QEMU 10.0 has another plugin interface"),
    ("#!/bin/sh\necho hello\n", "nothing that looks like a QEMU's version"),
    ("#!/bin/sh\ncase $1 in --version) echo QEMU emulator version 7.2.9;; *) echo out of luck >&2; exit 3;; esac\n",
     "QEMU ended by itself, exit code 3: out of luck"),
])
def test_a_qemu_that_does_not_serve_is_said_in_one_line(another_qemu, text, words):
    put, kernel = another_qemu
    put(text)
    with pytest.raises(GraderError, match=words) as caught:
        engine.run(engine.Boot("hello"), kernel, seed=1, nonce=1)
    assert "\n" not in str(caught.value)
