"""The engine: every way a run can end, what is read and typed from outside, and that nothing stays behind."""
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from grader import engine, params, paths, symbols, vm
from grader.errors import GraderError
from grader.tests.kernels import NONCE, boot, elf, job

UART = 0x09000000


# ---- ends

def test_power_off_leaves_registers_and_memory_readable():
    def look(held):
        held.keep("block", held.memory(params.ADDRESS, 64))
        held.keep("magic", held.word(params.ADDRESS))

    run = boot("hello", input=b"some input", seed=77, read_at_end=look)
    assert run.end == "power-off" and run.error is None
    assert run.registers["r0"] == 0x84000008 and run.registers["r1"] == UART and run.registers["r2"] == ord("i")
    assert run.registers["cpsr"] & 0x1f == 0x13 and set(run.registers) == {f"r{i}" for i in range(16)} | {"cpsr"}
    assert run.kept["magic"] == params.MAGIC
    block = params.block(NONCE, 77, b"some input")
    assert run.kept["block"] == block.ljust(64, b"\0")
    assert block[8:24] == NONCE.to_bytes(8, "little") + (77).to_bytes(8, "little") and block[48:] == b"some input"


def test_reset_is_told_from_power_off():
    assert (boot("reset").end, boot("reset").serial) == ("reset", b"r")


def test_a_kernel_that_starts_over_is_stopped():
    run = boot("again", budget=1 << 40)
    assert (run.end, run.instructions, run.pc) == ("restarts", 2 * engine.STARTS, symbols.of(run.elf).address("_start"))
    seen = engine.look(run)
    assert (seen.end, seen.instructions) == (run.end, run.instructions)
    assert boot("again", budget=2 * engine.STARTS).end == "budget"
    assert boot("again", smp=2, budget=10_000).end == "budget", "one of several may wait like that"


def test_a_dead_halt_is_quiet():
    run = boot("halt")
    assert (run.end, run.serial, run.instructions, run.wfis) == ("quiet", b"z", 4, 1)
    assert run.pc == symbols.of(run.elf).address("asleep") and run.registers["r2"] == ord("z")


def test_a_dead_halt_with_a_fired_timer_is_quiet_too():
    run = boot("runaway")
    assert (run.end, run.instructions, run.wfis) == ("quiet", 5, 1)
    assert run.pc == symbols.of(run.elf).address("asleep")


def test_sleep_that_a_timer_ends_is_not_quiet():
    assert boot("sleep").end == "power-off"


def test_a_flood_is_capped_to_the_byte():
    run = boot("flood", serial_cap=10_000, budget=1 << 40)
    assert (run.end, run.serial) == ("flood", b"f" * 10_000)
    assert boot("flood", serial_cap=1_000, budget=2_003).serial == b"f" * 1_000
    assert boot("flood", serial_cap=1_000, budget=2_002).end == "budget"     # 1,000 bytes: not one too many


def test_vectors_that_cannot_be_fetched_are_lost_not_a_grader_error():
    run = boot("novectors")
    assert (run.end, run.pc, run.instructions) == ("lost", 0x5000000c, 3)


@pytest.mark.parametrize("options, executed, pc", [
    (("-DTO=0x09000000",), 2, 0x09000000),              # QEMU comes to no end with the first of the UART's registers
    (("-DTO=0x09000001",), 2, 0x09000000),              # Thumb
    (("-DTO=0x09000004",), 2, 0x09000004),              # with others it does, slowly
    (("-DTO=0x04000000",), 2, 0x04000000),              # flash
    (("-DTO=0x0a000000",), 2, 0x0a000000),              # a device of another kind
    (("-DTO=0x04000000", "-DWRITE=0x90"), 4, 0x04000000),       # flash that shows its status for a device's registers
    (("-DVECTORS=0x09000000",), 3, 0x09000004),
    (("-DVECTORS=0x04000000",), 3, 0x04000004),
])
def test_a_wild_jump_is_lost_where_it_lands(options, executed, pc, monkeypatch):
    monkeypatch.setattr(vm, "WALL", 20.0)
    for stepping in ({}, {"holds": {"_start": lambda held: None}}):
        run = boot("wild", *options, **stepping)
        assert (run.end, run.instructions, run.pc, run.registers["r15"]) == ("lost", executed, pc, pc)
        assert run.registers["r14"] == symbols.of(run.elf).address("from"), "r14 tells from where"


def test_the_core_that_is_lost_is_told_from_those_that_are_not(monkeypatch):
    monkeypatch.setattr(vm, "WALL", 20.0)
    runs = [boot("wild", "-DTO=0x09000000", "-DCORE=2", smp=3) for _ in range(3)]
    for run in runs:
        assert (run.end, run.pc, run.registers["r0"]) == ("lost", 0x09000000, 0x09000000)
        assert run.instructions == runs[0].instructions


@pytest.mark.parametrize("smp", [1, 3])
@pytest.mark.parametrize("at, end, executed, pc", [
    (0x40010100, "power-off", 24, 0x40010108),
    (0x00110100, "power-off", 24, 0x00110108),          # below RAM, where applications are
    (0xc0010100, "power-off", 24, 0xc0010108),          # above it, where downloaded code is
    (0x40900000, "lost", 22, 0x40900000),               # the UART, where RAM would be without the MMU
    (0x40900004, "lost", 22, 0x40900004),
    (0x50000000, "lost", 22, 0x0000000c),               # not mapped, nor are the vectors
])
def test_with_the_mmu_on_it_is_the_physical_address_that_counts(at, end, executed, pc, smp, monkeypatch):
    monkeypatch.setattr(vm, "WALL", 20.0)
    run = boot("mapped", f"-DAT={at:#x}", smp=smp)
    assert (run.end, run.instructions, run.pc) == (end, executed, pc)
    if pc == at:
        assert run.registers["r14"] == symbols.of(run.elf).address("from")


def test_the_wall_clock_is_a_backstop(monkeypatch):
    monkeypatch.setattr(vm, "WALL", 1.0)
    assert boot("spin", budget=1 << 60).end == "wall-clock"


# ---- pins

def test_edges_of_the_gpio_are_seen_in_order():
    run = boot("edges", pins=True)
    assert run.edges == ((0, 1, 1), (2, 1, 1), (7, 1, 3), (2, 0, 5), (7, 0, 5)), "nothing for an input, or what stays"
    assert boot("edges").edges == () and boot("edges").instructions == run.instructions, "the kernel never notices"
    seen = engine.look(run)
    assert (seen.instructions, seen.edges) == (run.instructions, ()), "a look has a log of its own"


def test_many_edges_are_all_seen():
    assert len(boot("edges", "-DMANY=20001", pins=True).edges) == 5 + 20_000     # up it is already


# ---- from outside

def test_junk_fills_ram_behind_the_image_and_is_the_seeds():
    def look(held):
        end = symbols.of(elf("hello")).end
        held.keep("junk", held.memory(end, engine.JUNK))
        held.keep("behind", held.memory(end + engine.JUNK, 16))

    runs = [boot("hello", junk=True, seed=seed, read_at_end=look) for seed in (5, 5, 6)]
    assert [run.serial for run in runs] == [b"hi"] * 3
    assert runs[0].kept["junk"] == runs[1].kept["junk"] == random.Random(5).randbytes(engine.JUNK)
    assert runs[0].kept["junk"] != runs[2].kept["junk"]
    assert runs[0].kept["behind"] == bytes(16)
    assert boot("hello", seed=5, read_at_end=look).kept["junk"] == bytes(engine.JUNK)


def test_what_is_typed_at_a_hold_costs_the_same_every_time():
    def typing(held):
        assert held.registers()["r5"] == (32 if "first" not in seen else 16), "registers in the middle of a block"
        assert held.registers()["r15"] == symbols.of(elf("echo")).address("ready")
        held.send(b"sixteen letters!" if "first" not in seen else b"and sixteen more")
        seen.append("first")
        held.keep("counts", [*counted, held.count])
        counted.append(held.count)

    runs = []
    for _ in range(8):
        seen, counted = [], []
        runs.append(boot("echo", holds={"ready": typing}, marks=("ready",)))
    first = runs[0]
    assert (first.error, first.end, first.serial) == (None, "power-off", b"sixteen letters!and sixteen more")
    assert first.kept["counts"] == [mark.count for mark in first.marks]
    for run in runs:
        assert (run.serial, run.instructions, run.marks) == (first.serial, first.instructions, first.marks)


def test_typing_into_a_uart_without_its_fifo_says_so():
    run = boot("echo", "-DFIFO=0x60", holds={"ready": lambda held: held.send(b"two")})
    assert run.end == "hold" and isinstance(run.error, engine.UartNotReady)
    assert "UARTLCR_H.FEN = 0" in str(run.error)


def test_typing_before_the_last_input_was_read_says_so():
    def twice(held):
        held.send(b"a")
        held.send(b"b")

    run = boot("echo", holds={"ready": twice})
    assert run.end == "hold" and "UARTFR.RXFE = 0" in str(run.error)


def test_what_a_hold_raises_ends_the_run_and_is_kept():
    def wrong(held):
        raise engine.Wrong(f"not like this, after {held.count}")

    run = boot("hello", holds={"second": wrong})
    assert (run.end, str(run.error), run.serial) == ("hold", "not like this, after 4", b"h")
    assert run.pc == symbols.of(run.elf).address("second")


def test_holds_have_a_budget(monkeypatch):
    monkeypatch.setattr(engine, "HOLDS", 5)
    run = boot("spin", holds={"again": lambda held: held.keep("last", held.count)})
    assert (run.end, run.kept["last"], run.instructions) == ("hold-budget", 1 + 4 * 3, 1 + 5 * 3)


def test_addresses_without_anything_behind_them_are_wrong():
    run = boot("hello", read_at_end=lambda held: held.word(0x50000000))
    assert isinstance(run.error, engine.Wrong) and "0x50000000" in str(run.error)


# ---- what the kernel printed

def test_reports_are_told_from_the_console():
    tag = b"[%016x] " % NONCE
    serial = b"hello\n" + tag + b"bss zero\nmid" + tag + b"x\r\n" + b"line\n[0000000000000000] forged\n" + tag + b"cut"
    run = boot("hello")
    run = engine.Run(**{**vars(run), "serial": serial})
    assert run.reports == ["bss zero", "x"]
    assert run.console == b"hello\nmidline\n[0000000000000000] forged\n" + tag + b"cut"


# ---- several, and none left behind

def facts(run):
    return run.end, run.serial, run.instructions, run.wfis, run.pc, run.marks, run.registers


def test_runs_side_by_side_and_under_load_are_the_same():
    jobs = [job("clock", marks=("from", "to")), job("poll", budget=60_000), job("halt"), job("sleep"), job("hello")] * 3
    alone = [facts(engine.run(job.boot, job.elf, seed=job.seed, nonce=job.nonce)) for job in jobs[:5]]
    load = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    try:
        together = [facts(run) for run in engine.run_many(jobs, 4)]
    finally:
        for process in load:
            process.kill()
            process.wait()
    assert together == alone * 3


def test_the_speed_can_be_asked_for(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["engine", str(elf("hello")), "--speed"])
    assert engine.main() == 0
    assert re.fullmatch(r"\d+ boots a second, \d+ ms of QEMU's processor time each; they ended: power-off \(40\)\n",
                        capsys.readouterr().out)
    monkeypatch.setattr(sys, "argv", ["engine", str(elf("hello")), "--cost"])
    assert engine.main() == 0
    assert re.fullmatch(r"hello: [\d.]+ ms of QEMU's processor time with the plugin, [\d.]+ ms without: [\d.]+x\n",
                        capsys.readouterr().out)
    monkeypatch.setattr(sys, "argv", ["engine"])
    assert engine.main() == 2 and capsys.readouterr().err.startswith("exolab: type python3 -m grader.engine ELF")


def qemus(parent: int) -> list[int]:
    """The running QEMUs that a process started, each by itself or in a box."""
    processes = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().rpartition(")")
        except OSError:
            continue
        state, ppid = rest.split()[:2]
        processes[int(stat.parent.name)] = name, state, int(ppid)
    children = {parent, *(pid for pid, (name, _, ppid) in processes.items() if ppid == parent and "(bwrap" in name)}
    return [pid for pid, (name, state, ppid) in processes.items()
            if ppid in children and "(qemu" in name and state != "Z"]


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def until(what, seconds=20.0):
    """Wait for something to be true and return it."""
    limit = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < limit, "it never came"
        time.sleep(0.01)
    return found


def test_a_killed_qemu_is_a_grader_error_and_the_others_go_on():
    def kill(held):
        os.kill(held._run.vm.pid, signal.SIGKILL)

    victim = engine.Job(engine.Boot("hello", holds={"second": kill}), elf("hello"), 1, 1)
    first, second, third = engine.run_many([job("hello"), victim, job("hello")])
    assert first.serial == third.serial == b"hi"
    assert isinstance(second, GraderError) and str(second) == "QEMU was killed by SIGKILL"
    with pytest.raises(GraderError, match="killed by SIGKILL"):
        engine.run(victim.boot, victim.elf, seed=1, nonce=1)


GRADER = """
import sys
from pathlib import Path
from grader import engine
boot = engine.Boot("spin", budget=1 << 60)
jobs = [engine.Job(boot, Path(sys.argv[1]), 1, 1)] * 2
try:
    list(engine.run_many(jobs))
except KeyboardInterrupt:
    sys.exit(130)
"""


COMMAND = """
import sys
from pathlib import Path
from grader import __main__, engine, soak
boot = engine.Boot("spin", budget=1 << 60)
soak.configure = lambda parser: parser.add_argument("elf")
soak.main = lambda args: list(engine.run_many([engine.Job(boot, Path(args.elf), 1, 1)] * 2))
__main__._unwind_when_ended()
sys.exit(__main__.main(["soak", sys.argv[1]]))
"""


@pytest.mark.parametrize("blow", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("blows", [1, 20])
def test_a_command_that_is_ended_tidies_up(blow, blows, tmp_path):
    grader = subprocess.Popen([sys.executable, "-c", COMMAND, elf("spin")], cwd=paths.ROOT, text=True,
                              stderr=subprocess.PIPE, env=os.environ | {"TMPDIR": str(tmp_path)},
                              preexec_fn=lambda: signal.signal(blow, signal.SIG_DFL))
    try:
        children = until(lambda: len(found := qemus(grader.pid)) == 2 and found)
        until(lambda: len(list(tmp_path.glob("exolab-*"))) == 2)
        for _ in range(blows):
            grader.send_signal(blow)
            time.sleep(0.001)
        assert (grader.communicate(timeout=20)[1], grader.returncode) == ("exolab: interrupted\n", 2)
    finally:
        grader.kill()
    assert all(map(gone, children)) and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("blow", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_nothing_outlives_the_grader(blow, tmp_path):
    grader = subprocess.Popen([sys.executable, "-c", GRADER, elf("spin")], cwd=paths.ROOT,
                              env=os.environ | {"TMPDIR": str(tmp_path)})
    try:
        children = until(lambda: len(found := qemus(grader.pid)) == 2 and found)
        until(lambda: len(list(tmp_path.glob("exolab-*"))) == 2)
        time.sleep(0.1)
        grader.send_signal(blow)
        assert grader.wait(20) == (130 if blow == signal.SIGINT else -blow)
    finally:
        grader.kill()
    until(lambda: all(map(gone, children)))
    if blow == signal.SIGINT:
        assert list(tmp_path.iterdir()) == []


def test_leaving_early_ends_what_still_runs(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = len(os.listdir("/proc/self/fd"))
    runs = engine.run_many([job("hello"), job("spin", budget=1 << 60), job("spin", budget=1 << 60)], 3)
    assert next(runs).serial == b"hi"
    runs.close()
    assert qemus(os.getpid()) == [] and list(tmp_path.iterdir()) == []
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("ahead, begun", [(None, [5, 5, 5]), (1, [2, 3, 4]), (0, [1, 2, 3])])
def test_no_more_is_begun_than_was_asked_for(ahead, begun, monkeypatch):
    seen = []
    monkeypatch.setattr(engine, "_run_job", lambda each, abandoned: seen.append(each) or each)
    jobs = [engine.Job(engine.Boot(str(number)), elf("hello"), 1, 1) for number in range(5)]
    runs = engine.run_many(jobs, 8, ahead=ahead)
    for number, count in enumerate(begun):
        assert next(runs) is jobs[number]
        for _ in range(100):
            if len(seen) < count:
                time.sleep(.01)
        assert sorted(seen, key=jobs.index) == jobs[:count]
    assert list(runs) == jobs[3:] and sorted(seen, key=jobs.index) == jobs


def test_a_run_that_nobody_waits_for_any_more_ends_and_the_others_go_on():
    needless = threading.Event()
    endless = job("spin", budget=1 << 60)._replace(abandoned=needless)
    runs = engine.run_many([job("hello"), endless, endless, job("hello")], 2)
    assert next(runs).serial == b"hi"
    needless.set()
    abandoned, never_begun, last = runs
    assert isinstance(abandoned, vm.Abandoned) and isinstance(never_begun, vm.Abandoned) and last.serial == b"hi"
    assert qemus(os.getpid()) == []


# ---- symbols

def test_symbols_say_where_an_address_lies():
    table = symbols.of(elf("two"))
    here = table.address("here")
    place = table.where(here)
    assert (place.function, place.file) == ("here", "grader/tests/kernels/two.S")
    source = (paths.ROOT / place.file).read_text().splitlines()
    assert source[place.line - 1].startswith("here:")
    assert table.where(table.address("other") + 4).function == "other"
    for elsewhere in (0x1000, table.end + 0x1000):
        assert table.where(elsewhere) == symbols.Place(elsewhere)
    assert "here" in table and "there" not in table
    assert symbols.of(elf("two")) is table
    with pytest.raises(symbols.NoSymbol):
        table.address("there")


def test_what_is_no_elf_is_said_in_one_line(tmp_path):
    (tmp_path / "x.elf").write_bytes(b"nothing of the kind")
    for path in (tmp_path / "x.elf", tmp_path / "missing.elf"):
        with pytest.raises(GraderError, match=path.name):
            symbols.of(path)
