"""A second look at a run: it is the same run, and the exceptions told are those that the guest took."""
import dataclasses
import os

import pytest

from grader import engine, symbols, vm
from grader.errors import GraderError
from grader.tests.kernels import boot, elf

PLACES = ("undefined", "call", "load", "store", "fetch", "call2", "interrupt")
VECTOR = {"undefined": 4, "svc": 8, "prefetch abort": 12, "data abort": 16, "irq": 24}     # ARM DDI 0406C, B1.8.1
NOTHING_THERE = 0x08                    # an external abort, synchronous: B3.13.3; nothing is mapped, the MMU is off


def taken(kernel, *options, **what):
    run = boot(kernel, *options, **what)
    return run, engine.look(run)


@pytest.mark.parametrize("stepping", [{}, {"holds": {"call": lambda held: None}}])
def test_exceptions_are_told_as_they_were_taken(stepping):
    run, seen = taken("takes", marks=PLACES, **stepping)
    table = symbols.of(run.elf)
    assert [mark.symbol for mark in run.marks] == list(PLACES)
    kinds = ["undefined", "svc", "data abort", "data abort", "prefetch abort", "svc", "irq"]
    assert [(t.kind, t.pc, t.count, t.vector, t.cpu, t.level) for t in seen.exceptions] == [
        (kind, table.address(mark.symbol), mark.count + 1, table.address("vectors") + VECTOR[kind], 0, 1)
        for kind, mark in zip(kinds, run.marks)]
    assert [(t.fsr, t.far) for t in seen.exceptions] == [
        (None, None), (None, None), (NOTHING_THERE, 0x50000000), (NOTHING_THERE | 1 << 11, 0x50000004),     # DFSR.WnR
        (NOTHING_THERE, 0x50000000), (None, None), (None, None)]
    assert [t.syndrome & 0xffff for t in seen.exceptions if t.kind == "svc"] == [0x1234, 7]
    assert (run.exceptions, seen.exceptions_more, seen.storm) == ((), 0, False)


def test_exceptions_of_another_core_are_told_as_its_own():
    run, seen = taken("takes", "-DCORE=1", smp=2, marks=PLACES)
    assert [(t.pc, t.count, t.cpu) for t in seen.exceptions] == [
        (symbols.of(run.elf).address(mark.symbol), mark.count + 1, 1) for mark in run.marks]


def test_what_qemu_answers_itself_is_no_exception():
    assert taken("hello")[1].exceptions == taken("two", smp=2)[1].exceptions == ()


def test_an_exception_to_hyp_says_so():
    _, seen = taken("novectors", machine=("virtualization=on",))
    assert [(t.kind, t.level, t.vector) for t in seen.exceptions] == [("svc", 2, 8)]     # as HVBAR is 0


@pytest.mark.parametrize("kernel, options, expected", [
    ("novectors", (), [("svc", 0x50000008, None), ("prefetch abort", 0x5000000c, 0x50000008),
                       ("prefetch abort", 0x5000000c, 0x5000000c)]),
    ("mapped", ("-DAT=0x50000000",), [("prefetch abort", 12, 0x50000000), ("prefetch abort", 12, 12)]),
])
def test_vectors_that_cannot_be_fetched_are_told_once(kernel, options, expected):
    run, seen = taken(kernel, *options)
    assert [(t.kind, t.vector, t.far) for t in seen.exceptions] == expected
    assert {t.count for t in seen.exceptions} == {run.instructions}
    assert len({t.pc for t in seen.exceptions}) == 1


def test_a_budget_stops_before_that_instruction():
    run, seen = taken("takes")
    load = seen.exceptions[2]
    before = engine.look(run, budget=load.count - 1, read_at_end=lambda held: held.keep("r0", held.registers()["r0"]))
    assert (before.end, before.pc, before.instructions) == ("budget", load.pc, load.count - 1)
    assert before.kept == {"r0": 0x50000000} and len(before.exceptions) == 2
    behind = engine.look(run, budget=load.count)
    assert (behind.end, behind.pc, behind.exceptions[-1]) == ("budget", load.vector, load)
    assert behind.registers["cpsr"] & 0x1f == 0x17, "in Abort mode"


def test_what_was_typed_is_typed_again_and_nobody_is_asked():
    asked = []

    def typing(held):
        asked.append(held.count)
        held.send(b"sixteen letters!")

    run, seen = taken("echo", holds={"ready": typing}, marks=("ready",))
    assert len(asked) == 2 and run.typed == tuple((count, b"sixteen letters!") for count in asked)
    assert (seen.end, seen.serial, seen.instructions) == (run.end, b"sixteen letters!" * 2, run.instructions)


def test_a_hold_that_found_fault_ends_the_look_there_too():
    def wrong(held):
        if held.registers()["r5"] == 16:
            raise engine.Wrong("enough")
        held.send(b"sixteen letters!")

    run, seen = taken("echo", holds={"ready": wrong})
    assert (seen.end, seen.instructions, seen.error) == ("hold", run.instructions, run.error)


@pytest.mark.parametrize("kernel, what", [("flood", {"serial_cap": 10_000, "budget": 1 << 40}), ("halt", {}),
                                          ("sleep", {}), ("sleep", {"wfi": 3}), ("reset", {}), ("runaway", {}),
                                          ("spin", {"budget": 20_000}), ("poll", {"watch": ((0x09000018, 4),)})])
def test_every_end_can_be_looked_at_again(kernel, what, monkeypatch):
    monkeypatch.setattr(vm, "RECORDS", 100)
    run, seen = taken(kernel, **what)
    assert (seen.end, seen.serial, seen.pc) == (run.end, run.serial, run.pc)


def test_a_run_that_went_another_way_is_no_look():
    run = boot("hello")
    for other in ({"serial": b"ho"}, {"instructions": 9}, {"end": "quiet"}):
        with pytest.raises(GraderError, match="another way"):
            engine.look(dataclasses.replace(run, **other))
    with pytest.raises(ValueError, match="wall clock"):
        engine.look(dataclasses.replace(run, end="wall-clock"))


def test_of_many_exceptions_the_first_and_the_last_are_told_and_the_log_is_given_back():
    def room(held):
        held.keep("held", os.fstat(held._run.vm.memory.log.fileno()).st_blocks * 512)
        held.keep("read", held._run.vm.memory.read().log_read)

    run = boot("takes", "-DTIMES=50000")
    seen = engine.look(run, read_at_end=room)
    counts = [t.count for t in seen.exceptions]
    assert (len(counts), seen.exceptions_more) == (2 * 4096, 50_000 - 2 * 4096)
    assert counts == [5 + 4 * i for i in (*range(4096), *range(50_000 - 4096, 50_000))]
    assert seen.kept["read"] > 3 << 20 > 2 << 20 > seen.kept["held"]


def test_a_storm_lasts_to_the_end():
    storm = "-DAFTER=1: ldr r0, =0x50000000; ldr r1, [r0]; b 1b"
    calm = "-DAFTER=1: b 1b"
    assert not taken("takes", "-DTIMES=20000", calm, budget=100_000)[1].storm
    assert not taken("takes", "-DTIMES=20000", storm, budget=100_000)[1].storm, "four thousand are none"
    assert taken("takes", "-DTIMES=20000", storm, budget=140_000)[1].storm


def test_a_storm_ends_a_look_early(monkeypatch):
    monkeypatch.setattr(vm, "STORM", 15_000)
    run, seen = taken("takes", "-DTIMES=20000")
    assert run.end == "power-off"
    assert (seen.end, seen.storm, len(seen.exceptions) + seen.exceptions_more) == ("storm", True, 15_000)
    assert seen.instructions == seen.exceptions[-1].count
