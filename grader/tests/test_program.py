"""What lab 6 gives around the student's verifier and compiler: the rules for programs (kernel/jit/program.c, function.c). A function of
its memory alone comes to the same wherever that lies: tried at two places, not judged by the analysis that claims it.
"""
import dataclasses
import functools
import random
import struct
import sys

import pytest

from grader import bpf, build, engine, labs, params, symbols
from grader.paths import ROOT

sys.path.insert(0, str(ROOT / "labs/6-jit"))
import programs  # noqa: E402

ANY, READS, FUNCTION = range(3)
PERM = -6
RESULT = struct.Struct("<iII5I5I")


@functools.cache
def elf():
    built = build.build(labs.compose(labs.find("6-jit"), "solutions"), ["functions"])
    assert not built.failed, built.failed
    return built.elfs["functions"]


def results(cases):
    """For each (program, rule, memory): what loading returned, (error, at), and both outcomes."""
    assert len(cases) <= 256
    data = b"".join(programs.Case(program, len(memory), 77, memory=memory, ways=rule).encoded for program, rule, memory in cases)
    at = symbols.of(elf()).address("results")
    boot = engine.Boot("functions", input=data, budget=80_000_000,
                       read_at_end=lambda held: held.keep("results", held.memory(at, RESULT.size * len(cases))))
    run = engine.run(boot, elf(), seed=1, nonce=params.nonce(1))
    assert run.end == "power-off", run.serial
    return [(raw[0], raw[1:3], raw[3:8], raw[8:13]) for raw in RESULT.iter_unpack(run.kept["results"])]


# A text, and at which instruction it is no function of its memory; None: it is one.
LISTED = [
    ("w0 = *(u32 *)(r1 + 0)\nexit", None),
    ("w0 = w1\nexit", 1),                                                           # the address itself
    ("w0 = w10\nexit", 1),
    ("w0 = w2\nexit", None),
    ("w0 = w3\nexit", None),
    ("w0 = w1\nw0 += 4\nexit", 2),
    ("w0 = w1\nw0 += 4\nw0 -= w1\nexit", None),                                     # a distance
    ("w0 = w10\nw0 -= w1\nexit", 2),                                                # but not to the stack
    ("w0 = w1\nw0 += w1\nexit", 2),
    ("w4 = w1\nw4 += w2\nw0 = *(u8 *)(r4 - 1)\nexit", None),
    ("w4 = 0x40000000\nw0 = *(u8 *)(r4 + 0)\nexit", 1),                             # a number is no address
    ("w4 = w1\nw4 &= -4\nw0 = *(u32 *)(r4 + 0)\nexit", 2),                          # how it is aligned
    ("w0 = 0\nif w1 == 0 goto +0\nexit", 1),
    ("w0 = 0\nw4 = w1\nw4 += 8\nif w1 == w4 goto +0\nexit", None),                  # two places in it
    ("w0 = 0\nw4 = w1\nw4 += 8\nif w1 < w4 goto +0\nexit", 3),                      # which is before may wrap
    ("w0 = 0\n*(u32 *)(r1 + 0) = w1\nexit", 1),
    ("w0 = 0\n*(u32 *)(r1 + 0) = w2\nexit", None),
    ("w0 = 0\n*(u32 *)(r10 - 4) = w1\nexit", None),
    ("*(u32 *)(r10 - 4) = w1\nw0 = *(u32 *)(r10 - 4)\nexit", 2),
    ("*(u32 *)(r10 - 4) = w1\nw4 = *(u32 *)(r10 - 4)\nw0 = *(u32 *)(r4 + 0)\nexit", None),
    ("*(u32 *)(r10 - 4) = w1\n*(u8 *)(r10 - 4) = 0\nw4 = *(u32 *)(r10 - 4)\nw0 = *(u32 *)(r4 + 0)\nexit", 3),
    ("*(u32 *)(r10 - 4) = w1\nw0 = *(u8 *)(r10 - 3)\nexit", 2),                     # a byte of it
    ("*(u32 *)(r10 - 6) = w1\nw0 = *(u16 *)(r10 - 6)\nexit", 2),
    ("*(u32 *)(r10 - 4) = w1\n*(u32 *)(r10 - 4) = 5\nw0 = *(u32 *)(r10 - 4)\nexit", None),
    ("w0 = 0\nif w2 == 5 goto +1\nw0 = w1\nexit", 3),                               # on one way only
    ("w4 = w1\nif w2 == 5 goto +1\nw4 = 7\nw0 = 0\nexit", None),                    # and never used
    ("w4 = w1\nif w2 == 5 goto +1\nw4 = 7\nw0 = *(u8 *)(r4 + 0)\nexit", 3),
    ("w4 = w1\nw4 s>>= 31\nw0 = w4\nexit", 3),
    ("w4 = w1\nw4 = -w4\nw4 += w1\nw0 = w4\nexit", 4),
    ("w4 = 0\nw0 = 0\nw0 += w4\nw4 += 1\nif w4 < 5 goto -3\nexit", None),
    ("w4 = 5\nw5 = w1\nw0 = 0\nw0 += w5\nw5 = w4\nif w2 == 5 goto -3\nexit", 6),    # in the second round
]


def test_functions_listed():
    cases = [(bpf.assemble(text), FUNCTION, bytes(range(1, 17))) for text, _ in LISTED]
    for (text, at), (loaded, why, one, two) in zip(LISTED, results(cases)):
        if at is None:
            assert (loaded, one) == (0, two), text
        else:
            assert (loaded, bpf.ERRORS[why[0]], why[1]) == (PERM, "address", at), text


def test_predicates_store_nothing():
    store, spill = bpf.assemble("w0 = 1\n*(u32 *)(r1 + 0) = w0\nexit"), bpf.assemble("w0 = 1\n*(u32 *)(r10 - 4) = w0\nexit")
    constant = bpf.assemble("*(u8 *)(r1 + 0) = 1\nw0 = 1\nexit")
    got = results([(store, READS, bytes(8)), (spill, READS, bytes(8)), (constant, READS, bytes(8)), (store, ANY, bytes(8))])
    assert [(loaded, bpf.ERRORS[why[0]] if loaded else "") for loaded, why, *_ in got] == [(PERM, "store"), (0, ""), (PERM, "store"), (0, "")]


@pytest.mark.parametrize("seed", range(3))
def test_functions_do_not_depend_on_where(seed):
    """Of random programs that may use addresses, those accepted come to the same at both places; enough of the others do not."""
    rng, cases = random.Random(seed), []
    while len(cases) < 200:
        program = [bpf.alu("=", 6, src=1), bpf.alu("=", 0, rng.randrange(9)), *(bpf.alu("=", r, rng.randrange(12)) for r in (4, 5, 7)),
                   bpf.store(4, 10, -4, 7), bpf.store(4, 10, -8, 9)]
        if rng.random() < 0.5:
            program.append(bpf.alu("=", rng.choice((4, 5, 7)), src=rng.choice((1, 10))))
        for _ in range(rng.randrange(2, 9)):
            a, b = rng.choice((0, 4, 5, 7)), rng.choice((0, 2, 3, 4, 5, 6, 7))
            program.append(rng.choice((
                lambda: bpf.alu(rng.choice(("+=", "-=", "=", "^=", "&=")), a, src=b), lambda: bpf.alu(rng.choice(("+=", "-=")), a, rng.randrange(8)),
                lambda: bpf.load(rng.choice((1, 4)), a, rng.choice((6, 6, 4)), rng.randrange(8)),
                lambda: bpf.store(rng.choice((1, 2, 4)), 10, rng.choice((-8, -4)), src=b), lambda: bpf.load(rng.choice((1, 2, 4)), a, 10, rng.choice((-8, -4))),
                lambda: bpf.store(4, 6, rng.randrange(12), src=b), lambda: bpf.jump(rng.choice(("==", "<", "&")), a, 0, rng.randrange(9)),
                lambda: bpf.jump(rng.choice(("==", ">")), a, 0, src=b)))())
        cases.append((program + [bpf.Insn(bpf.JMP | bpf.EXIT)], FUNCTION, rng.randbytes(16)))
    accepted = [(one, two) for loaded, _, one, two in results(cases) if loaded == 0]
    assert len(accepted) > 30 and all(one == two for one, two in accepted)
    anywhere = results([(program, ANY, memory) for program, _, memory in cases])
    assert sum(one != two for _, _, one, two in anywhere) > 20


def test_hardware_has_nothing_to_forgive():
    """Code is seen by the caches before it is run, and is never writable there (kernel/jit/space.c)."""
    elf = build.build(labs.compose(labs.find("6-jit"), "solutions"), ["programs"]).elfs["programs"]
    boot = dataclasses.replace(programs.boot(lambda seed: programs.random_cases(seed, most=10, ways=programs.COMPILED)), hardware=True)
    run = engine.run(boot, elf, seed=1, nonce=params.nonce(1))
    assert (run.end, run.findings) == ("power-off", ())
