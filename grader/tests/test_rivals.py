"""The rivals of lab 5's first design: what their verifiers refuse, each with its accepted neighbour; what the rewriter
makes of one line each; and the nine modules, whose results are the models'.
"""
import shutil
import subprocess

import pytest

from grader import bench, build, engine, labs, params
from grader.tests import modules
from grader.tests.test_rewriter import models, rewritten

OUT = modules.OUT / "rivals"


@pytest.fixture(scope="module")
def verifier():
    OUT.mkdir(parents=True, exist_ok=True)
    program = OUT / "rivals"
    modules.tool("gcc", "-O1", "-std=gnu11", "-Wall", "-Wextra", "-Wshadow", "-Werror", "-DEXO_HOST",
                 "-Ikernel/include",
                 *sorted(modules.ROOT.glob("kernel/sfi/rivals/*.c")), "grader/sfi/rivals.c", "solutions/5-sfi/verify.c",
                 "-o", program)

    def ask(design, text):
        source, done = OUT / "x.s", OUT / "x.o"
        source.write_text("\t.syntax unified\n" + text.replace(";", "\n") + "\n")
        modules.tool("arm-none-eabi-as", "-mcpu=cortex-a7", source, "-o", done)
        modules.tool("arm-none-eabi-objcopy", "-O", "binary", done, OUT / "x.bin")
        code = (OUT / "x.bin").read_bytes()
        words = [f"{int.from_bytes(code[at:at + 4], 'little'):x}" for at in range(0, len(code), 4)]
        return int(subprocess.run([program, design, *words], capture_output=True, text=True, check=True).stdout)
    return ask


MATCH = "sub r10, r1, r8; usat r10, #20, r10; orr r10, r10, r8"
MASK, TO = "bic r1, r1, #0xc0000000", "bic r1, r1, #0xc000000f"


@pytest.mark.parametrize("design, refused, accepted", [
    ("matching", "bfi r10, r1, #0, #20; str r0, [r10]", f"{MATCH}; str r0, [r10]"),
    ("matching", "sub r10, r1, r8; usat r10, #20, r10; str r0, [r10]", MATCH),
    ("matching", "sub r10, r1, r8", MATCH),                                     # its end
    ("matching", MATCH.replace("; orr", "; b .; orr"), f"{MATCH}; b ."),
    ("matching", MATCH.replace("#20", "#21"), MATCH),
    ("matching", MATCH.replace("orr", "orreq"), MATCH),
    ("matching", MATCH.replace("sub r10, r1, r8", "sub r10, r1, r7"), MATCH),
    ("matching", "nop; usat r10, #20, r10; orr r10, r10, r8", MATCH),
    ("matching", "sub r10, pc, r8; usat r10, #20, r10; orr r10, r10, r8", MATCH),
    ("matching", "mov r8, r0", "mov r7, r8"),
    ("matching", "str r0, [r8, #8]", "str r0, [r8]"),                           # unmapped, as all that is below 4 KB
    ("matching", "str r0, [r1]", "str r0, [sp]"),
    ("matching", "bx lr", "cmp r9, lr; bxeq r9; .inst 0xe7f000f0"),
    ("bundles", "str r0, [r1]", f"{MASK}; str r0, [r1]"),
    ("bundles", f"nop; nop; nop; {MASK}; str r0, [r1]", f"nop; nop; {MASK}; str r0, [r1]"),
    ("bundles", f"{MASK}; nop; str r0, [r1]", f"{MASK}; str r0, [r1, #4]!"),
    ("bundles", f"{MASK}; str r0, [r2]", f"{MASK}; stmia r1!, {{r2, r9, r10}}"),
    ("bundles", "biceq r1, r1, #0xc0000000; str r0, [r1]", "biceq r1, r1, #0xc0000000; streq r0, [r1]"),
    ("bundles", "bic r1, r1, #0x80000000; ldr r0, [r1]", f"{MASK}; ldrh r9, [r1]"),
    ("bundles", f"{MASK}; ldr r0, [r1, r2]", f"{MASK}; ldrd r10, r11, [r1]"),
    ("bundles", f"{MASK}; str r1, [r1], #4", f"{MASK}; str r1, [r1]"),
    ("bundles", f"{MASK}; ldm r1!, {{r1, r2}}", f"{MASK}; ldm r1, {{r1, r2}}"),
    ("bundles", f"b .+8; {MASK}; str r0, [r1]", f"b .+4; {MASK}; str r0, [r1]"),
    ("bundles", "bx r1", f"{TO}; bx r1"),
    ("bundles", f"{MASK}; bx r1", f"{TO}; bxne r1"),
    ("bundles", f"{TO}; blx r1", f"nop; nop; {TO}; blx r1"),
    ("bundles", "bl .", "nop; nop; nop; bl ."),
    ("bundles", "b .-0x2000+4", "b .-0x2000+16"),                               # runtime entries
    ("bundles", "add sp, sp, #8", "add sp, sp, #8; bic sp, sp, #0xc0000000"),
    ("bundles", "nop; nop; nop; mov sp, r10; bic sp, sp, #0xc0000000", "mov sp, r10; bic sp, sp, #0xc0000000"),
    ("bundles", "movw sp, #0", "movw r9, #0"),
    ("bundles", "ubfx sp, r0, #0, #8", "ubfx r10, r0, #0, #10"),
    ("bundles", "umull r0, sp, r1, r2", "umull r9, r10, r1, r2"),
    ("bundles", "add pc, r0, r1", "add r9, r10, r1"),
    ("bundles", "ldr sp, [sp]", "ldr r9, [sp], #4"),
    ("bundles", "svc #0", ".inst 0xe7f000f0"),
    ("unprivileged", "str r0, [r1]", "strt r0, [r1]"),
    ("unprivileged", "ldrt r0, [r10], #4", "ldrt r0, [r1], #4"),
    ("unprivileged", "ldrt r9, [r1]", "strt r9, [r1]"),
    ("unprivileged", "strbt r0, [sp], #4", "strb r0, [sp], #4"),
    ("unprivileged", ".inst 0xe4b11000", "ldrt r0, [r1], r2, lsl #2"),          # ldrt r1, [r1]
    ("unprivileged", ".inst 0xf4b10000", ".inst 0x14b10000"),
    ("unprivileged", ".inst 0xe4b1f000", "ldrsht r0, [r1], #-2"),                # ldrt pc, [r1]
    ("unprivileged", ".inst 0xe0e100d0", "strht r0, [r1], r2"),                 # a store of a signed byte
    ("unprivileged", "ldm r1, {r2, r3}", "ldm sp, {r2, r3}"),
    ("unprivileged", "mov r10, r1", "bfi r10, r1, #0, #20; mov sp, r10"),
])
def test_attacks(verifier, design, refused, accepted):
    assert verifier(design, refused) >= 0 and verifier(design, accepted) == -1


@pytest.mark.parametrize("option, before, after", [
    ("--match", "str r0, [r1, #8]", f"{MATCH}; str r0, [r10, #8]"),
    ("--match", "bx lr", "lsr r12, lr, #2; bfi r9, r12, #2, #18; cmp r9, lr; bxeq r9; udf #0"),
    ("--match", "bxne lr", "beq 9f; lsr r12, lr, #2; bfi r9, r12, #2, #18; cmp r9, lr; bxeq r9; udf #0; 9:"),
    ("--match", "blx r3", "lsr r12, r3, #2; bfi r9, r12, #2, #18; cmp r9, r3; beq 8f; udf #0; 8:; blx r9"),
    ("--bundles", "strne r0, [r1], #4", "bicne r1, r1, #0xc0000000; strne r0, [r1], #4"),
    ("--bundles", "ldr r0, [r1, r2]", "add r0, r1, r2; bic r0, r0, #0xc0000000; ldr r0, [r0]"),
    ("--bundles", "bl f", "nop; nop; nop; bl f"),
    ("--bundles", "add r0, r0, #1; add r9, r0, #1; add r0, r0, #1; str r0, [r1]",
     "add r0, r0, #1; add r9, r0, #1; add r0, r0, #1; nop; bic r1, r1, #0xc0000000; str r0, [r1, #0]"),
    ("--unprivileged", "ldrb r0, [r1], #1", "ldrbt r0, [r1], #1"),
    ("--unprivileged", "ldr r0, [r1]", "ldrt r0, [r1], #0"),
    ("--unprivileged", "ldr r1, [r1]", "add r12, r1, #0; ldrt r1, [r12], #0"),
    ("--unprivileged", "str r0, [r1, #4]; str r2, [r1, #12]",
     "add r12, r1, #4; strt r0, [r12], #8; strt r2, [r12], #0"),
    ("--unprivileged", "ldrd r2, r3, [r1]", "ldrt r2, [r1], #4; ldrt r3, [r1], #-4"),
    ("--unprivileged", "ldm r1, {r1, r2}", "add r12, r1, #0; ldrt r1, [r12], #4; ldrt r2, [r12], #0"),
    ("--unprivileged", "stmdb r1!, {r2, r3}", "sub r1, r1, #8; strt r2, [r1], #4; strt r3, [r1], #-4"),
    ("--unprivileged", "ldmib r1!, {r2, r3}", "add r1, r1, #4; ldrt r2, [r1], #4; ldrt r3, [r1], #0"),
    ("--unprivileged", "ldr r0, [sp, #4]", "ldr r0, [sp, #4]"),
])
def test_each_form(option, before, after):
    assert "; ".join(line for line in rewritten(before, option).split("; ") if not line.startswith(".p2align")) == after


def test_nine_modules():
    """In each design: accepted by its verifier, and equal to their models."""
    built = build.build(labs.compose(labs.find("5"), "solutions", labs.priors([])), ["rivals"])
    seed = params.fixed_seed("rivals")
    boot = engine.Boot("rivals", budget=40_000_000)
    run = engine.run(boot, built.elfs["rivals"], seed=seed, nonce=params.nonce(seed))
    lines = [line.split() for line in run.reports]
    assert [line for line in lines if line[0] not in ("result", "bytes", "words", "end")] == []
    results = {(design, name): (status, int(result, 16)) for word, design, name, status, result in
               (line for line in lines if line[0] == "result")}
    assert results == {(design, name): ("0", model(seed & 0xffffffff)) for name, model in models().items()
                       for design in ("plain", "stores", "first", "matching", "bundles", "unprivileged")}


@pytest.mark.skipif(shutil.which("csmith") is None, reason="Csmith draws the programs")
@pytest.mark.parametrize("seed", (1, 5))
def test_programs_of_csmith(seed):
    """Where they run bare: bundles do not, as all RAM is above the low 1 GB."""
    source = modules.csmith(f"rival{seed}", seed)
    here = ("-Igrader/tests/modules",)
    jobs = [modules.job(f"rival{seed}{opt}{''.join(how)}", modules.module(source, how, opt, here), 0, 5_000_000)
            for opt in ("-O0", "-O2", "-Os") for how in ((), ("--match",), ("--unprivileged",))]
    assert len({modules.result(run)[0] for run in engine.run_many(jobs)}) == 1


def test_what_must_be_shown():
    """The targets of the designs, by the table that `make bench` prints."""
    lab = labs.find("5")
    table = bench.read(bench.ROOT / lab.folder)[0]
    measured = bench.measure(table, bench.build(labs.compose(lab, "solutions", labs.priors([])), table))
    means = dict(zip(table.columns, bench.means(table, measured)))
    assert means["stores"] <= 1.15 and means["first"] <= 1.40 and means["unprivileged"] <= 1.22
