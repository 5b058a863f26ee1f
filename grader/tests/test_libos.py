"""The given parts of lab 4 at work with the reference: the libOS's memory in both its forms, fork until nothing is left,
threads, and the quick SYS_PROTECT against the one in C. Programs of labs/4-upcalls/checks that no check of the lab boots."""
import re

import pytest

from grader import build, engine, labs


@pytest.fixture(scope="module")
def built():
    return build.build(labs.compose(labs.find("4"), "solutions"), ["protect", "threads", "memory", "scarce"])


def booted(built, payload, budget):
    """The run of a payload that came to its end and lost no page, and what it printed."""
    assert not built.failed
    run = engine.run(engine.Boot(payload, budget=budget), built.elfs[payload], seed=1, nonce=1)
    text = run.console.decode()
    lost = re.findall(r"pages lost: (\d+)", "\n".join([text, *run.reports]))
    assert (run.end, run.reports[-1], set(lost) <= {"0"}) == ("power-off", "end", True)
    return text, run.reports, len(lost)


def test_protect_without_a_frame_does_what_the_one_in_c_does(built):
    _, reports, _ = booted(built, "protect", 20_000_000)
    assert "20000 tried, 0 differ" in reports


def test_threads_are_preempted_and_locked_out(built):
    text, _, lost = booted(built, "threads", 400_000_000)
    assert "locked right, unlocked lost some, wrong 0" in text and lost == 1


def test_memory_in_both_forms_of_the_table(built):
    text, _, lost = booted(built, "memory", 200_000_000)
    assert text.count("\n0 wrong") == 2 and lost == 2


def test_forks_until_nothing_is_left(built):
    text, _, lost = booted(built, "scarce", 300_000_000)
    assert "forked 63, then -2" in text and lost == 1
