"""gdb's stub and the registers it tells: against what the processor itself reads, at every kind of end and hold."""
import random
import struct
import subprocess
import sys

import pytest

from grader import engine, proc, stub, symbols, vm
from grader.errors import GraderError
from grader.tests.kernels import boot, elf

# As kernels/cp15.S writes and reads them.
NAMES = ("CPACR TTBR0 TTBR1 TTBCR DACR DFSR IFSR DFAR IFAR PAR PRRR NMRR VBAR CONTEXTIDR TPIDRURW TPIDRURO "
         "SCTLR ACTLR").split()
STATES = {"first": 0, "second": 1, "third": 2, "typed": 1, "fourth": 1, "last": ord("x")}      # TPIDRPRW before each


def values(seed):
    rng = random.Random(seed)
    return struct.pack("<16I", *(rng.getrandbits(32) for _ in range(16)))


def both(held):
    """Keeps what the processor read, and what the stub tells."""
    words = struct.unpack("<18I", held.memory(0x46000000, 72))
    held.keep("read", dict(zip(NAMES, words)))
    held.keep("told", held.system())


def holds(*asking, seen):
    """Holds at every symbol, where `x` is typed at one, and the registers asked for at some."""
    def at(held):
        if held.symbol in asking:
            seen.append((held.symbol, held.count, held.system()))
        if held.symbol == "typed":
            held.send(b"x")

    return {symbol: at for symbol in STATES}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_stub_tells_what_the_processor_reads(seed):
    run = boot("cp15", input=values(seed), read_at_end=both)
    assert (run.end, run.error) == ("power-off", None)
    told = run.kept["told"]
    assert {name: told[name] for name in NAMES} == run.kept["read"]
    # TTBR0 and PRRR, among others, take every bit: the values that came back are those that were sent.
    sent = dict(zip(NAMES, struct.unpack("<16I", values(seed))))
    assert all(told[name] == sent[name] for name in "TTBR0 TTBR1 DACR DFAR IFAR PRRR NMRR CONTEXTIDR".split())
    assert set(told) == set(stub.SYSTEM) | {f"r{n}_{mode}" for mode, (_, own) in stub.BANKED.items() for n in own}


def test_each_modes_own_registers_are_told_and_nothing_is_changed():
    run = boot("cp15", read_at_end=both)
    told = run.kept["told"]
    for mode, value in {"usr": 0x10, "fiq": 0x20, "irq": 0x30, "abt": 0x40, "und": 0x50}.items():
        assert (told[f"r13_{mode}"], told[f"r14_{mode}"]) == (value, value + 1)
    assert (told["r13_svc"], told["r14_svc"]) == (0, 0x61)       # r13: what was typed, nothing
    assert [told[f"r{n}_fiq"] for n in range(8, 13)] == [0x28, 0x29, 0x2a, 0x2b, 0x2c]

    def twice(held):
        held.system()
        held.keep("after", held.registers())

    run = boot("cp15", read_at_end=twice)
    assert run.kept["after"] == run.registers and run.registers["cpsr"] & 0x1f == 0x13


@pytest.mark.parametrize("symbol, state", STATES.items())
def test_at_a_hold_it_is_exact_to_the_instruction(symbol, state):
    seen = []
    run = boot("cp15", holds=holds(symbol, seen=seen))
    assert (run.error, run.end) == (None, "power-off")
    assert [(at, told["TPIDRPRW"]) for at, _, told in seen] == [(symbol, state)]
    if symbol == "fourth":                  # the instruction before it took what was typed before that
        assert seen[0][2]["r13_svc"] == ord("x")


def test_at_the_end_of_a_budget_it_is_exact_to_the_instruction():
    seen = []
    run = boot("cp15", holds=holds(*STATES, seen=seen))
    assert run.error is None and [at for at, _, _ in seen] == list(STATES)
    kernel, (_, first, _) = elf("cp15"), seen[0]
    for symbol, state in list(STATES.items())[1:3]:
        place = symbols.of(kernel).address(symbol)
        end = boot("cp15", budget=first + (place - symbols.of(kernel).address("first")) // 4, read_at_end=both)
        assert (end.end, end.pc, end.error) == ("budget", place, None)
        assert end.kept["told"]["TPIDRPRW"] == state
    for budget in (0, 1):
        told = boot("cp15", budget=budget, read_at_end=both).kept["told"]
        assert (told["TTBR0"], told["SCTLR"]) == (0, 0x00c50078)       # as the core comes out of reset


def test_where_it_sleeps_and_where_it_is_lost():
    run = boot("cp15", "-DEND=1", input=values(4), read_at_end=both)
    assert run.end == "quiet" and {name: run.kept["told"][name] for name in NAMES} == run.kept["read"]
    run = boot("novectors", read_at_end=lambda held: held.keep("told", held.system()))
    assert (run.end, run.kept["told"]["VBAR"], run.error) == ("lost", 0x50000000, None)
    run = boot("cp15", "-DEND=3", input=values(4), budget=1000, read_at_end=both)
    assert run.end == "budget" and {name: run.kept["told"][name] for name in NAMES} == run.kept["read"]
    run = boot("cp15", "-DEND=1", wfi=0, read_at_end=both)
    assert (run.end, run.kept["told"]["TPIDRPRW"], run.error) == ("wfi-budget", 0, None)


def test_of_several_cores_each_has_its_own():
    seen = []

    def at(held):
        seen.append((held.cpu, held.system()["TPIDRPRW"]))

    for _ in range(3):
        run = boot("cp15", "-DEND=2", smp=2, holds={"other": at}, read_at_end=at)
        assert (run.end, run.error) == ("power-off", None)
    assert seen == [(1, 0), (1, 7)] * 3


def test_a_second_run_that_goes_another_way_is_a_grader_error():
    def look(held):
        held.count += 1_000_000             # where the run never comes
        held.system()

    with pytest.raises(GraderError, match="another way"):
        boot("cp15", holds={"second": look})


def facts(run):
    return run.end, run.serial, run.instructions, run.wfis, run.pc, run.registers, run.marks


def test_asking_changes_no_run_whatever_the_load():
    plain = boot("cp15", holds=holds(seen=[]), marks=("last",))
    load = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    answers = set()
    try:
        for _ in range(5):
            seen = []
            run = boot("cp15", holds=holds("second", "last", seen=seen), marks=("last",))
            assert run.error is None and facts(run) == facts(plain)
            answers.add(str(seen))
    finally:
        for process in load:
            process.kill()
            process.wait()
    assert len(answers) == 1 and [told["TPIDRPRW"] for _, _, told in seen] == [1, ord("x")]


def test_a_machine_that_does_not_stop_in_time_is_asked_again(monkeypatch):
    interrupt, late = stub.Stub.interrupt, [True, True]

    def sometimes(self):
        if late and late.pop():
            self.stopped = False            # and nothing is sent: the instruction is executed, and the next is reached
        else:
            interrupt(self)

    def stop(self, held="", really=vm.Vm.stop):
        stopped = really(self, held)
        stops.append((stopped, self.memory.read().now.instructions))
        return stopped

    monkeypatch.setattr(vm, "STOPPING", 0.01)
    monkeypatch.setattr(vm.Vm, "stop", stop)
    monkeypatch.setattr(stub.Stub, "interrupt", sometimes)
    seen, stops = [], []
    assert boot("cp15", holds=holds("second", seen=seen)).error is None
    (_, count, told), = seen
    assert told["TPIDRPRW"] == 1 and stops == [(False, count), (False, count), (True, count)]
    late += [True] * 100
    with pytest.raises(GraderError, match="did not stop in time"):
        boot("cp15", holds=holds("second", seen=seen))
    monkeypatch.setattr(stub.Stub, "interrupt", interrupt)
    monkeypatch.setattr(proc, "waits", lambda pid: False)      # no /proc: a while is waited
    monkeypatch.setattr(vm, "STOPPING", 0.05)
    assert boot("cp15", holds=holds("second", seen=seen)).error is None
    assert seen[-1][2]["TPIDRPRW"] == 1


def test_memory_by_virtual_address_is_what_the_stub_reads():
    def look(held):
        for address in (0x00110100, 0xc0010100, 0x40010100):
            asked = held._run.vm.stub.ask(f"m{address:x},20") if held._run._still else b""
            held.keep(hex(address), (held.virtual(address, 32), asked))
        held.keep("over", held.virtual(0x40010ffc, 4100) == held.memory(0x40010ffc, 4100))
        held.virtual(0x00200000, 4)

    run = boot("mapped", "-DAT=0xc0010100", read_at_end=look)
    assert run.end == "power-off" and run.kept["over"]
    for address in (0x00110100, 0xc0010100, 0x40010100):
        ours, theirs = run.kept[hex(address)]
        assert ours.hex() == theirs.decode() and any(ours)
    assert isinstance(run.error, engine.Wrong)
    assert str(run.error) == ("virtual address 0x00200000 is not mapped: "
                              "translation fault, level 1, 0x00000000 at 0x40204008")


def test_long_descriptors_are_said_in_words():
    def look(held):
        held.system()["TTBCR"] = 0          # a copy
        held._run._systems[held.count, held.cpu] |= {"TTBCR": 1 << 31}
        held.walker()

    run = boot("mapped", "-DAT=0xc0010100", read_at_end=look)
    assert isinstance(run.error, engine.Wrong) and "TTBCR.EAE = 1" in str(run.error)


def test_a_stub_that_cannot_answer_is_a_grader_error(monkeypatch):
    monkeypatch.setattr(stub, "SYSTEM", {**stub.SYSTEM, "NEW": "NEWER"})
    with pytest.raises(GraderError, match="does not know NEWER"):
        boot("hello", read_at_end=lambda held: held.system())
