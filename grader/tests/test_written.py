"""What a student's rewriter may write (kernel/sfi/written.awk), and whose fault it is when it fails."""
import subprocess

import pytest

from grader import build, labs
from grader.paths import ROOT

GIVEN = '\t.text\n\t.section\t.rodata.str1.4\n.L3:\n\t.ascii\t"a;b"\n\t.word\t.L4\n\tldr\tr0, [r1]\n'


def judged(tmp_path, text):
    (tmp_path / "in.s").write_text(GIVEN)
    (tmp_path / "out.s").write_text(text)
    return subprocess.run(["awk", "-f", "kernel/sfi/written.awk", tmp_path / "in.s", tmp_path / "out.s"], cwd=ROOT,
                          capture_output=True, text=True)


@pytest.mark.parametrize("line", [
    *GIVEN.splitlines(), "", "\t.section .rodata", "\t.align 3", ".Lpool12:", "\t.word .L4", "\tnop", "\tbfi r10, r3, #0, #20",
    "\tldrsbne r0, [sp, #-4]!",
    "\tpush {r4, r5, fp, lr}", "\tmovw r0, #:lower16:words+4", "\tb .L3", "\tbl quicksort", "\tstm r10, {r0-r3}",
])
def test_instructions_and_what_was_given_are_written(tmp_path, line):
    done = judged(tmp_path, line + "\n")
    assert done.returncode == 0 and not done.stderr


@pytest.mark.parametrize("line", [
    '.incbin "/etc/passwd"', '\t.include "kernel/sfi/entries.S"', "\tnop; .incbin \"x\"", "nop ; nop", "mine:", "mine: nop", "a = 5",
    "a == 5", ".set a, 5", ".org 0x40000", ".section .calls", ".global report", ".macro nop", ".rept 100000000", ".word 0xef000000",
    "foo .req r0", "ldr r0, =0x12345678", "nop @ .", "nop // x", "nop /* x */", "# 1 \"x\"", "#APP", '"a" nop', "\\nop", "MOV r0, r1",
    ".inst 0xef000000", "ldr r0, [r1] \\", "svc\t#0 ; nop", "b . + (4 * 2)", "b 1f; 1:",
])
def test_nothing_else_is(tmp_path, line):
    done = judged(tmp_path, "\tnop\n" + line + "\n\tnop\n")
    assert done.returncode == 1 and f"{tmp_path}/out.s:2: error: " in done.stderr


@pytest.mark.parametrize("line, says", [
    ("static int n; emit(\"nop\"); if (++n == 3000) *(volatile int *)0 = 0;",
     "the rewriter ended with: Segmentation fault"),
    ("emit(\".incbin \\\"kernel/sfi/entries.S\\\"\");", "a rewriter may write instructions, and what it was given"),
    ("extern bool stores_only; if (stores_only) emit(\".org 1\");", "a rewriter may write instructions, and what it was given"),
    ("emit(\"b nowhere\");", "undefined reference to `nowhere'"),
    ("emit(\"frobnicate r0\");", "bad instruction `frobnicate r0'"),
])
def test_what_it_writes_is_the_students(tmp_path, line, says):
    """And never a failure of the grader's, asked for once or twice."""
    here = tmp_path / "5-sfi"
    here.mkdir(parents=True, exist_ok=True)
    for file in (ROOT / "solutions/5-sfi").iterdir():
        (here / file.name).write_text(file.read_text())
    text = (here / "guard.c").read_text()
    assert "\tswitch (i->kind) {\n" in text
    (here / "guard.c").write_text(text.replace("\tswitch (i->kind) {\n", f"\t{line}\n\tswitch (i->kind) {{\n", 1))
    payload = "modules" if "stores" in line else "forms"
    for _ in range(1 + ("Segmentation" in says)):
        built = build.build(labs.compose(labs.find("5-sfi"), str(tmp_path)), [payload])
        assert says in built.failed[payload]
