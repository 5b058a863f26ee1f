"""What lab 3's checks claim, and cannot afford to show each time: where interrupts come; a million events."""
import dataclasses
import importlib.util
import struct
import sys

import pytest

from grader import build, engine, labs, params
from grader.checks import Run
from grader.paths import ROOT


@pytest.fixture(scope="module")
def lab3():
    """The module with lab 3's checks."""
    spec = importlib.util.spec_from_file_location("lab3_exceptions", ROOT / "labs/3-exceptions/test_exceptions.py")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(boot, **more):
    boot = dataclasses.replace(boot, **more)
    elf = build.build(labs.compose(labs.find("3"), "solutions"), [boot.payload]).elfs[boot.payload]
    done, = engine.run_many([engine.Job(boot, elf, 1, params.nonce(1))])
    assert isinstance(done, engine.Run) and done.error is None and done.end == "power-off", done
    return Run.of(done)


def test_interrupts_come_between_any_two_instructions(lab3):
    """Of the program that `interrupts` runs, one after the other and none twice; in IT blocks, too."""
    def keep_frame(held):
        pc, cpsr = struct.unpack("<2I", held.memory(held.registers()["r0"] + 64, 8))
        held.keep("places", [*held.kept("places", []), (pc, cpsr)])

    _, boot = lab3.test_interrupts.check.boots
    places = run(boot, holds={"trap_irq": keep_frame}).kept["places"]
    half = len(places) // 2
    for (first, *rest), thumb, steps in ((places[:half], 0, {4}), (places[half:], lab3.T, {2, 4})):
        pcs = [pc for pc, _ in rest]                                        # the first comes before the branch there
        assert len(pcs) > 120 and {cpsr & lab3.T for _, cpsr in rest} == {thumb}
        assert {after - before for before, after in zip(pcs, pcs[1:])} <= steps
    assert sum(lab3.it_of(cpsr) != 0 for _, cpsr in places) > 10


def test_states_are_of_many_kinds(lab3):
    """Hundreds of places, and each bit of the CPSR both ways that an application can have both ways."""
    for make in (lab3.places, lab3.returns, lab3.good_calls, lab3.waiting, lab3.entries):
        frames = [case.tf for case in make(lab3.random.Random(1))]
        assert len({frame.pc for frame in frames}) > 150, make
        assert sum(lab3.it_of(frame.cpsr) != 0 for frame in frames) > 50, make
        ever, always = 0, 0xffffffff
        for frame in frames:
            ever, always = ever | frame.cpsr, always & frame.cpsr
        masks = lab3.A | lab3.F | (0 if make is lab3.waiting else lab3.I)
        assert (ever, always) == (0xfe0ffe30 | masks, lab3.USER), make


def test_stacks_after_a_million_events(lab3):
    """Half a million exceptions; then interrupts and system calls, as they come."""
    half = lab3.packed(lambda rng: lab3.many(rng, 125_000))
    done = run(lab3.test_many.check.boots[0], input=half, budget=100_000_000)
    assert [entry[1:3] for entry in done.kept["seen"]][::2] == [entry[1:3] for entry in done.kept["seen"]][1::2]
    lab3.happened(done, lab3.many(done.random()))
    ticks = 250_000
    kept = run(lab3.test_ticks.check.boots[0], input=struct.pack("<I", ticks), budget=200_000_000, watch=()).kept
    assert kept["lowest"] == kept["highest"] and kept["result"] == 42 and kept["ticks"] == ticks
    assert 500_000 + kept["ticks"] + kept["sgis"] + kept["calls"] > 1_000_000
