"""The references of challenges (solutions/*/challenges): each is a kernel that its lab's checks find nothing wrong with but what it is there to
do otherwise. What a folder has to be to be one. Lab 6's range proofs: the figure that they are there for, and that they prove nothing that is not so: programs written for what is easily forgotten, each
of which finds a variant of the analysis that forgets it, and random ones, all judged by the model of BPF.
"""
import random
import shutil
import sys

import pytest

from grader import bench, bpf, build, engine, judge, labs, params, trees
from grader.checks import Run, Wrong
from grader.errors import GraderError, Usage
from grader.paths import ROOT

sys.path.insert(0, str(ROOT / "labs/6-jit"))
import judging  # noqa: E402
import programs  # noqa: E402

LAB = labs.find("6")
RANGES = "solutions/6-jit/challenges/ranges"
EVERY = [(lab, tree) for lab in labs.every() for tree in trees.challenges(lab)]
# What demands that base64 is refused, and what waits for that (test_wide.py asks the same with a model that knows base64).
OTHERWISE = {"solutions/6-jit/challenges/wide": {"opcodes", "fields", "shapes", "mutated"}}


@pytest.mark.parametrize("lab, tree", EVERY, ids=[tree for _, tree in EVERY])
def test_the_lab_holds(lab, tree):
    report = judge.judge(labs.compose(lab, tree))
    assert report.score is not None and report.points == 100
    assert {check.name for check in report.checks if check.verdict != "pass"} == OTHERWISE.get(tree, set()), report.first


# What a folder has to be to be one.

def test_what_is_linked():
    kernel = labs.compose(LAB, RANGES)
    assert kernel.tree / "compile.c" in kernel.files and kernel.tree / "kernel/jit/ranges.c" in kernel.files
    assert kernel.tree / "kernel/jit/jit.c" in kernel.files and "kernel/jit/jit.c" not in map(str, kernel.given)
    assert not (ROOT / kernel.tree / "kernel/jit/space.c").exists() and "kernel/jit/space.c" in map(str, kernel.given)
    assert labs.within(kernel, LAB).files == kernel.files
    assert not any(labs.CHALLENGES in str(file) for file in labs.compose(LAB, "solutions").files)


def test_of_another_lab():
    with pytest.raises(Usage, match=f"SRC={RANGES}: that is no challenge of 5-sfi; it has none"):
        labs.compose(labs.find("5"), RANGES)


@pytest.mark.parametrize("change, why", [("--- a/none.c\n+++ b/none.c\n@@ -1 +1 @@\n-a\n+b\n", "none.c: No such file"),
                                         ("", "git does not say why|No valid patches")])
def test_a_change_that_does_not_apply(tmp_path, change, why):
    folder = tmp_path / "6-jit/challenges/broken"
    folder.mkdir(parents=True)
    (folder / labs.CHANGE).write_text(change)
    with pytest.raises(GraderError, match=f"the change of broken does not apply to the solution of 6-jit: .*({why})"):
        labs.compose(LAB, str(folder))


# Range proofs.

def test_compiled_handlers_whose_ranges_are_proven_against_c_that_checks_nothing():
    """Instructions are counted exactly."""
    table, = (table for table in bench.read(ROOT / LAB.folder) if table.columns == ("plain", "checked", "compiled"))
    rows = bench.measure(table, bench.build(labs.compose(LAB, RANGES), table))
    _, checked, compiled = bench.means(table, rows)
    assert len(rows) == 3 * 8 and compiled < checked and compiled <= 1.75


def case(text, size=64, argument=0, memory=b"", fuel=100):
    return programs.Case(bpf.assemble(text.replace("; ", "\n")), size, argument, fuel, memory or bytes(range(1, size + 1)),
                         programs.COMPILED, text)


SUM = "w4 = w1; w4 += 16; w3 += w4; w0 = 0; again:; w5 = *(u16 *)(r4 + 0); w0 += w5; w4 += 2; if w4 != w3 goto again; exit"

# What a variant forgets, how it does that, and a program that finds it.
FORGOTTEN = {
    "that two ways come together": (
        "changed |= join(", "changed |= r > 9 && join(",
        case("w0 = *(u8 *)(r1 + 63); w4 = 8; if w3 == 1 goto there; w4 = 0x10000; there:; w5 = w1; w5 += w4; w0 = *(u8 *)(r5 + 0); exit")),
    "that a loop comes back": (
        "\twhile (round(insns, count) && left-- > 0)\n\t\t;\n", "\tround(insns, count);\n",
        case("w0 = *(u8 *)(r1 + 63); w4 = 0; again:; w5 = w1; w5 += w4; w0 = *(u8 *)(r5 + 0); w4 += 4; if w4 < 400 goto again; exit")),
    "the end of 32 bits, below": (
        "return low >= 0 && high <= ~0u ?", "low = low < 0 ? 0 : low;\n\treturn high <= ~0u ?",
        case("w0 = *(u8 *)(r1 + 63); w4 = *(u8 *)(r1 + 0); w4 &= 15; w4 -= 9; w4 += w1; w0 = *(u8 *)(r4 + 0); exit")),
    "that a load writes": (
        "\t\t*dst = between(NUMBER, 0, ~0u >> (32 - 8 * bpf_bytes(i->opcode)));\n", "",
        case("w0 = *(u8 *)(r1 + 63); w4 = 4; w4 = *(u16 *)(r1 + 0); w4 += w1; w0 = *(u8 *)(r4 + 0); exit")),
    "that a loop's steps may miss its end": ("if (loop->by > 1)", "if (loop->by > 256)", case(SUM, argument=31)),
    "that a copy may lead to another loop": (
        "if (loop > loops && loop[-1].last + 1 == loop->first)", "if (false)",
        case("w4 = w1; w3 = w1; w3 += 6; w0 = 0; first:; w5 = *(u8 *)(r4 + 0); w0 += w5; w4 += 4; if w4 < w3 goto first; "
             "next:; w5 = *(u8 *)(r4 + 0); w0 += w5; w4 += 4; if w4 != w3 goto next; exit")),
    "what leaves the copy": (
        "\tlead(&copy, loop->last + 1);\n", "",
        case("w4 = w1; w4 += 62; w6 = w4; w6 += 1; again:; w0 = *(u8 *)(r4 + 0); w4 += 4; if w4 < w6 goto again; w0 = *(u8 *)(r4 - 2); exit")),
}

# More such programs: what a variant that they found forgot.
OTHERS = {
    "that a window moves":
        case("w4 = *(u8 *)(r1 + 0); w5 = w1; w5 += w4; w0 = *(u32 *)(r5 + 0); w5 += 64; w0 = *(u32 *)(r5 + 0); exit"),
    "how large the memory is on another way":
        case("w0 = 0; if w3 == 0 goto there; w0 = *(u8 *)(r1 + 63); there:; w0 = *(u8 *)(r1 + 40); exit", size=32),
    "the end of 32 bits, above":
        case("w0 = *(u8 *)(r1 + 63); w4 = *(u8 *)(r1 + 0); w4 <<= 24; w5 = *(u8 *)(r1 + 0); w5 &= 1; w5 <<= 24; w4 += w5; "
             "w4 += w1; w0 = *(u8 *)(r4 + 0); exit"),
    "that a window is the register's own":
        case("w4 = w1; w0 = *(u32 *)(r4 + 8); w4 = *(u32 *)(r4 + 8); w0 = *(u8 *)(r4 + 8); exit"),
    "that a call writes":
        case("w0 = *(u8 *)(r1 + 63); w6 = w1; w1 = 0x1234; w0 = 3; call 7; w6 += w0; w0 = *(u8 *)(r6 + 0); exit"),
    "that an address may be anywhere in its range":
        case("w4 = *(u8 *)(r1 + 0); w4 += w1; w0 = *(u8 *)(r4 + 0); w0 = *(u8 *)(r1 + 70); exit"),
    "that comparisons have signs":
        case("w0 = *(u8 *)(r1 + 63); w4 = 1; w4 -= w0; w4 += 9; if w4 s< 9 goto there; exit; there:; w4 += w1; w0 = *(u8 *)(r4 + 16); exit"),
    "whether a jump is taken":
        case("w0 = *(u8 *)(r1 + 63); w4 = *(u8 *)(r1 + 62); w4 <<= 2; if w4 < 9 goto +0; if w4 < 9 goto out; w4 += w1; w0 = *(u8 *)(r4 + 0); out:; exit"),
    "that a loop's end may be outside":
        case(SUM, argument=60),
    "that a loop may begin behind its end":
        case(SUM, argument=-8 & 0xffffffff),
    "that a loop may begin before the memory":
        case("w4 = w1; w4 -= 8; w3 += w4; w0 = 0; again:; w5 = *(u16 *)(r4 + 0); w0 += w5; w4 += 2; if w4 != w3 goto again; exit", argument=16),
    "that the first round's mask is still to come":
        case("w0 = *(u8 *)(r1 + 63); w4 = w1; w6 = w3; w3 = w1; w3 += 16; again:; w5 = *(u8 *)(r4 + 0); w7 = w6; w7 += w1; *(u8 *)(r7 + 0) = w5; "
             "w6 += 1; w6 &= 7; w4 += 1; if w4 != w3 goto again; exit", argument=64),
}
CASES = [*(case for _, _, case in FORGOTTEN.values()), *OTHERS.values()]


def run(kernel, cases):
    """The run of the cases in that kernel, compiled, judged: Wrong tells the first that comes to something else than the model."""
    built = build.build(kernel, ["programs"])
    assert not built.failed, built.failed["programs"]
    boot = programs.boot(lambda seed: cases)
    assert sum(len(each.encoded) for each in cases) < programs.ROOM
    done = engine.run(boot, built.elfs["programs"], seed=1, nonce=params.nonce(1))
    judging.judge(Run.of(done), programs.COMPILED)


def drawn(rng):
    """A program about ranges: masks, products, comparisons, pointers that step, accesses that may be outside; jumps over it and back."""
    size, lines, jumps = rng.choice((8, 16, 40, 64, 300)), [], rng.random() < 0.7
    numbers, pointers = (4, 7, 8), (5, 9)
    lines += ["w6 = w1", f"w0 = {rng.randrange(9)}", "w4 = *(u8 *)(r1 + 1)", "w7 = w3", f"w8 = {rng.choice((0, 1, 7, 64, 0xffffffff))}"]
    lines += ["w5 = w1", "w9 = w1", f"w9 += {rng.choice((-1, 0, 4, size - 1))}"]
    pieces = rng.randrange(3, 14)
    for piece in range(pieces):
        lines.append(f"l{piece}:")
        n, m, p, q = rng.choice(numbers), rng.choice((*numbers, 2)), rng.choice(pointers), rng.choice((*pointers, 6, 1))
        width, off = rng.choice((1, 2, 4)), rng.choice((-4, -1, 0, 0, 0, 1, 2, 4, size - 4, size // 2))
        kind = rng.randrange(9 if jumps else 6)
        if kind == 0:
            lines.append(f"w{n} {rng.choice(('&=', '%=', '&=', '>>=', '<<=', '*=', '/=', '+=', '-=', '|=', '^=', 's>>='))} "
                         f"{rng.choice((1, 2, 3, 4, 7, 8, 15, 31, size - 4, 255, 0x80000000, 0xfffffff0))}")
        elif kind == 1:
            lines.append(f"w{n} {rng.choice(('+=', '-=', '=', '&=', '*=', '>>=', '^='))} w{m}")
        elif kind == 2:
            lines += [f"w{p} = w{q}", rng.choice((f"w{p} += w{n}", f"w{p} += {off}", f"w{p} -= {off}", f"w{p} -= w{n}"))]
        elif kind == 3:
            lines.append(f"w{p} {rng.choice(('+=', '-='))} {rng.choice((1, 2, 4, 8, size // 2))}")
        elif kind == 4:
            lines += [f"w{n} = *(u{8 * width} *)(r{rng.choice((p, q, q))} {'-' if off < 0 else '+'} {abs(off)})", f"w0 ^= w{n}"]
        elif kind == 5:
            lines.append(f"*(u{8 * width} *)(r{p} {'-' if off < 0 else '+'} {abs(off)}) = {rng.choice(('w0', '7', f'w{n}'))}")
        elif kind == 6:
            other = rng.choice((f"w{m}", str(rng.choice((0, 3, 8, 16, size - 8, size, size + 1, 0x7fffffff, 0xfffffff8)))))
            to = rng.randrange(piece + 1, pieces + 1) if rng.random() < 0.7 else rng.randrange(piece + 1)
            lines.append(f"if w{rng.choice((n, n, n, 2))} {rng.choice([*bpf.JUMPS])} {other} goto l{to}")
        else:
            by, over, end = rng.choice((1, 2, 2, 4, 4, 8, 3)), rng.choice((0, 0, 0, 1, -1, 2)), 14 - p
            lines += rng.choice(([], [f"w{p} = w1"], [f"w{p} = w1", f"w{p} += {rng.choice((4, 8, -4))}"]))
            lines += rng.choice(([], [f"w{end} = w{p}", f"w{end} += {by * rng.randrange(1, 6) + over}"],
                                 [f"w{end} = w1", f"w{end} += {size + rng.choice((0, 0, 0, -by, -1, 1, by))}"]))
            lines += [f"again{piece}:", f"w4 = *(u{8 * width} *)(r{p} + {rng.choice((0, 0, 0, 1, by - 1))})", "w0 += w4"]
            if rng.random() < 0.5:
                lines += [f"w{n} += 1", "w7 &= 7", f"w4 = w{q}", "w4 += w7", f"*(u8 *)(r4 + {rng.choice((0, 0, size - 8))}) = w0"]
            if rng.random() < 0.2:
                lines.append(f"if w0 {rng.choice(('<', '&'))} 40 goto l{rng.randrange(pieces + 1)}" if piece + 1 < pieces else "w0 += 1")
            lines += [f"w{p} += {by}", f"if w{p} {rng.choice(('!=', '!=', '<'))} w{end} goto again{piece}"]
            lines += rng.choice(([], [f"w4 = *(u8 *)(r{p} - {rng.choice((1, by))})", "w0 ^= w4"]))
    lines += [f"l{pieces}:", "exit"]
    return programs.Case(bpf.assemble("\n".join(lines)), size, rng.choice((0, 1, 5, 8, 16, 255, rng.getrandbits(32))), rng.choice((3, 20, 20)),
                         rng.randbytes(size), programs.COMPILED, "; ".join(lines))


def draw(seed, most):
    """So many of them, or as many as there is room for."""
    rng, cases, room = random.Random(f"ranges {seed}"), [], programs.ROOM
    while len(cases) < most and room > 4096:
        cases.append(drawn(rng))
        room -= len(cases[-1].encoded)
    return cases


def test_random_programs_about_ranges():
    run(labs.compose(LAB, RANGES), draw(1, 400))


def test_what_is_easily_forgotten():
    run(labs.compose(LAB, RANGES), CASES)


def test_variants_that_forget_are_found(tmp_path):
    """Each in the same folder, so that what is the same is compiled once."""
    folder = tmp_path / "6-jit/challenges/forgetful"
    shutil.copytree(ROOT / RANGES, folder)
    source, found = (ROOT / RANGES / "kernel/jit/ranges.c").read_text(), set()
    for what, (text, instead, finds) in FORGOTTEN.items():
        assert source.count(text) == 1, what
        (folder / "kernel/jit/ranges.c").write_text(source.replace(text, instead))
        try:
            run(labs.compose(LAB, str(folder)), [finds])
        except Wrong:
            found.add(what)
    assert found == FORGOTTEN.keys()
