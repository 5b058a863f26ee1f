"""The rewriter of modules: what it writes assembles and does what the compiler's own code does, by programs that Csmith
draws and the bench's nine modules; what it cannot make safe it refuses, with file and line.
"""
import importlib.util
import re
import struct
import subprocess

import pytest

from grader import engine
from grader.paths import ROOT
from grader.sfi import masks
from grader.tests import modules

SCRATCH = modules.OUT / "asm"
OPTIONS = "-O0", "-O1", "-O2", "-Os"
BUDGET = 5_000_000
RETURN = "lsr r12, lr, #2; bfi r9, r12, #2, #18; bx r9"


def models():
    spec = importlib.util.spec_from_file_location("models", ROOT / "labs/5-sfi/modules.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.MODELS


def rewrite(text, *options):
    """What becomes of assembly: the process, and the lines written, comments and directives apart."""
    SCRATCH.mkdir(parents=True, exist_ok=True)
    before, after = SCRATCH / "in.s", SCRATCH / "out.s"
    before.write_text("\t.syntax unified\n\t.text\n" + text + "\n")
    done = subprocess.run([modules.rewriter(), *options, before.name, after.name], cwd=SCRATCH, text=True,
                          capture_output=True)
    if done.returncode:
        return done, []
    modules.tool("arm-none-eabi-as", "-mcpu=cortex-a7", after, "-o", SCRATCH / "out.o")
    lines = [" ".join(line.split()) for line in after.read_text().splitlines()]
    return done, [line for line in lines if not line.startswith(".") or line.endswith(":")]


def rewritten(text, *options):
    done, lines = rewrite("start:\n" + "\n".join("\t" + part.strip() if not part.endswith(":") else part.strip()
                                    for part in text.split(";")), *options)
    assert done.returncode == 0, done.stderr
    return "; ".join(lines[1:])


@pytest.mark.parametrize("before, after", [
    ("str r0, [r1, #8]", "bfi r10, r1, #0, #20; str r0, [r10, #8]"),
    ("ldrd r2, r3, [r1]", "bfi r10, r1, #0, #20; ldrd r2, r3, [r10, #0]"),
    ("ldrd r2, [r1]", "bfi r10, r1, #0, #20; ldrd r2, r3, [r10, #0]"),
    ("ldrbne r0, [r1]", "bfi r10, r1, #0, #20; ldrbne r0, [r10, #0]"),
    ("ldr r0, [r1, r2, lsl #2]", "add r0, r1, r2, lsl #2; bfi r10, r0, #0, #20; ldr r0, [r10, #0]"),
    ("strb r0, [r1, -r2]", "sub r12, r1, r2; bfi r10, r12, #0, #20; strb r0, [r10, #0]"),
    ("ldr r0, [r1], #4", "bfi r10, r1, #0, #20; ldr r0, [r10, #0]; add r1, r1, #4"),
    ("ldr r0, [r1, #-4]!", "bfi r10, r1, #0, #20; ldr r0, [r10, #-4]; sub r1, r1, #4"),
    ("streq r0, [r1], #4", "bfi r10, r1, #0, #20; streq r0, [r10, #0]; addeq r1, r1, #4"),
    ("ldr r0, [r1], r2", "bfi r10, r1, #0, #20; ldr r0, [r10, #0]; add r1, r1, r2"),
    ("ldmia r1!, {r2, r3}", "bfi r10, r1, #0, #20; ldmia r10, {r2, r3}; add r1, r1, #8"),
    ("stmdb r1!, {r2, r3}", "bfi r10, r1, #0, #20; stmdb r10, {r2, r3}; sub r1, r1, #8"),
    ("ldr r0, [sp, #4]", "ldr r0, [sp, #4]"),
    ("push {r4, lr}", "stmdb sp!, {r4, lr}"),
    ("sub sp, sp, #16", "str r12, [sp, #-16]!"),
    ("add sp, sp, #16", "ldr r12, [sp], #16"),
    ("sub sp, sp, #8192", "sub r12, sp, #8192; bfi r10, r12, #0, #20; mov sp, r10"),
    ("sub sp, sp, r3", "sub r12, sp, r3; bfi r10, r12, #0, #20; mov sp, r10"),
    ("add fp, sp, #4; ldr r0, [fp, #-8]", "add fp, sp, #4; ldr r0, [sp, #-4]"),
    ("bx lr", RETURN),
    ("bxeq lr", "lsreq r12, lr, #2; bfieq r9, r12, #2, #18; bxeq r9"),
    ("pop {r4, pc}", f"ldmia sp!, {{r4, lr}}; {RETURN}"),
    ("ldr pc, [sp], #4", f"ldr r12, [sp], #4; {RETURN.replace('lr, #2', 'r12, #2')}"),
    ("blx r3", "lsr r12, r3, #2; bfi r9, r12, #2, #18; blx r9"),
    ("bl f", "bl f"),
    (".inst 0xe7f000f0", "mov r12, #0; bfi r10, r12, #0, #20; ldr r12, [r10]"),
])
def test_each_form(before, after):
    assert rewritten(before) == after


@pytest.mark.parametrize("before, guards", [
    ("ldr r0, [r1]; str r0, [r1, #4]", 1),                              # the same base
    ("ldr r0, [r1], #4; ldr r2, [r1], #4", 1),                          # moved by as much as is known
    ("ldr r0, [r1]; add r2, r1, #64; ldr r3, [r2]", 1),
    ("ldr r0, [r1]; str r0, [r1, #-4095]!; str r0, [r1, #4095]", 1),
    ("ldrh r0, [r1]; add r1, r1, #256; ldrh r2, [r1]", 2),              # out of its reach
    ("ldr r0, [r1]; add r1, r1, #4096; ldr r2, [r1]", 2),
    ("ldr r0, [r1, r2]; str r0, [r1, r2]", 1),                          # the same sum
    ("ldr r0, [r1, r2]; add r2, r2, #1; ldr r0, [r1, r2]", 1),
    ("ldr r1, [r1]; ldr r1, [r1]", 2),                                  # the base is another
    ("ldr r0, [r1]; addne r1, r1, #4; ldr r2, [r1]", 2),
    ("ldr r0, [r1]; bl f; ldr r0, [r1]", 2),                            # others have changed r10
    ("ldr r0, [r4]; blx r3; ldr r0, [r4]", 2),
    ("ldr r0, [r1]; g:; ldr r0, [r1]", 2),                              # who knows from where
    ("ldr r0, [r1]; beq .L1; ldr r0, [r1]; .L1:; ldr r2, [r1]", 1),     # known on both ways
    ("beq .L1; ldr r0, [r1]; .L1:; ldr r2, [r1]", 2),
    (".L1:; ldr r0, [r1]; subs r2, r2, #1; bne .L1", 1),
    (".L1:; ldr r0, [r1], #4; str r0, [r3]; subs r2, r2, #1; bl f; bne .L1", 2),
])
def test_guards_are_shared_where_that_is_right(before, guards):
    assert rewritten(before).count("bfi r10") == guards


def test_a_loop_keeps_its_guard():
    after = rewritten("mov r2, #9; .L1:; ldr r0, [r1]; add r3, r3, r0; str r3, [r1, #4]; subs r2, r2, #1; "
                      "bne .L1")
    assert after.index("bfi r10, r1, #0, #20") < after.index(".L1:")
    assert "bfi r10" not in after[after.index(".L1:"):]


def test_a_pointer_that_moves_is_guarded_each_time():
    """The same instruction makes another value in each turn."""
    after = rewritten(".L1:; ldr r1, [r1]; cmp r1, #0; bne .L1")
    assert "bfi r10" in after[after.index(".L1:"):]


LOOP = ".L1:; ldr r0, [r1], #4; add r3, r3, r0; cmp r1, r2; bne .L1"


def test_a_loop_through_memory_borrows_sp():
    assert rewritten(LOOP) == ("mov r12, sp; bfi r10, r1, #0, #20; mov sp, r10; .L1:; ldr r0, [sp], #4; "
                               "add r1, r1, #4; add r3, r3, r0; cmp r1, r2; bne .L1; bfi r10, r12, #0, #20; mov sp, r10")


@pytest.mark.parametrize("change", [
    ("add r3, r3, r0", "ldr r4, [sp, #4]"), ("add r3, r3, r0", "str r0, [r3, r4]"), ("add r3, r3, r0", "beq .L2"),
    ("add r3, r3, r0", "bl f"), ("add r3, r3, r0", ".L3:"), ("add r3, r3, r0", "add r1, r1, #4"), ("bne", "b"),
    ("r0, [r1], #4", "r0, [r1], r4"), ("ldr", "ldrne"), ("add r3, r3, r0", "ldmia r4!, {r5, r6}"),
    (".L1:;", "b .L1; .L1:;"), ("[r1], #4", "[r1]")])
def test_and_no_other_does(change):
    after = rewritten(LOOP.replace(*change) + "; .L2:; bx lr")
    assert "mov sp" not in after


def test_literals_and_switches():
    done, lines = rewrite("f:\n\tldr r0, .L1\n\tldr r1, .L1+4\n\tcmp r2, #1\n\tldrls pc, [pc, r2, asl #2]\n\tb .L9\n"
                          ".L8:\n\t.word .L9\n\t.word .L7\n.L7:\n\tmov r0, #1\n.L9:\n\tbx lr\n"
                          ".L1:\n\t.word f\n\t.word 305419896")
    assert done.returncode == 0, done.stderr
    assert "movw r0, #:lower16:f" in lines and "movt r0, #:upper16:f" in lines
    assert "movw r1, #22136" in lines and "movt r1, #4660" in lines
    at = lines.index("movwls r12, #:lower16:.L8")
    assert lines[at + 1:at + 10] == ["movtls r12, #:upper16:.L8", "addls r12, r12, r2, lsl #2", "lsrls r12, r12, #2",
                                     "bfils r9, r12, #2, #18", "bxls r9", "b .L9", ".L8:", "b .L9", "b .L7"]


def test_stores_alone():
    assert rewritten("ldr r0, [r1], #4; str r0, [r2]; bx lr", "--stores") == (
        f"ldr r0, [r1], #4; bfi r10, r2, #0, #20; str r0, [r10, #0]; {RETURN}")


def test_pins():
    assert rewritten("str r0, [r8, #16]; mov r3, r8; ldr r1, [r3, #8]", "--pins") == (
        "str r0, [r8, #16]; mov r3, r8; ldr r1, [r8, #8]")
    assert rewritten("str r0, [r8, #16]") == "bfi r10, r8, #0, #20; str r0, [r10, #16]"


@pytest.mark.parametrize("line, words", [
    ("vadd.f32 s0, s0, s1", "not known"), ("vldr d0, [r0]", "not known"), ("svc #0", "not known"),
    ("mrs r0, cpsr", "not known"), ("mcr p15, 0, r0, c7, c5, 0", "not known"), ("ldrex r0, [r1]", "not known"),
    ("swp r0, r1, [r2]", "not known"), ("ldrt r0, [r1], #0", "not known"), ("stc p1, c0, [r0]", "not known"),
    ("mov r10, r0", "reserved"), ("add sl, r0, #1", "reserved"), ("ldr r9, [r0]", "reserved"),
    ("mov ip, r0", "reserved"),
    ("ldm r0, {r8-r10}", "reserved"), ("add r0, pc, #4", "pc cannot"), ("ldr r0, [pc, #4]", "pc cannot"),
    ("str pc, [r0]", "pc cannot"), ("ldr sp, [r0]", "sp cannot"), ("ldm r0, {sp, pc}", "sp cannot"),
    ("orr sp, sp, #1", "additions alone"), ("push {r0, sp}", "sp cannot"), ("ldm r0, {r1}^", "not known"),
    ("ldr r0, [r1, r2, lsl #2, #3]", "not known"), ("ldr r0, .L77", "no such literal"), (".byte 1", "data among code"),
])
def test_what_cannot_be_made_safe_is_refused(line, words):
    done, _ = rewrite("\tnop\n\t" + line)
    assert done.returncode == 1
    assert re.fullmatch(r"in\.s:4: error: .*\n", done.stderr) and words in done.stderr, done.stderr


def test_inline_assembly_is_refused():
    source = SCRATCH / "inline.c"
    SCRATCH.mkdir(parents=True, exist_ok=True)
    source.write_text("int f(void) {\n\tasm volatile(\"nop\"); return 1; }\n")
    modules.tool("arm-none-eabi-gcc", *modules.TARGET, "-S", source, "-o", source.with_suffix(".s"))
    done = subprocess.run([modules.rewriter(), source.with_suffix(".s"), SCRATCH / "x.s"], text=True,
                          capture_output=True)
    assert done.returncode == 1
    assert done.stderr.endswith("inline.c:2: error: inline assembly cannot be made safe\n")


@pytest.mark.parametrize("seed", (1, 0xdeadbeef))
def test_modules_of_the_bench(seed):
    """Equal to their models, plain and rewritten; and as cheap as the lab says."""
    of = modules.measured(seed)
    for name, runs in of.items():
        assert [result for result, _ in runs] == [models()[name](seed)] * 3, name
        assert 50_000 <= runs[0][1] <= 300_000, name
    assert modules.overhead(of, 1) <= 0.15 and modules.overhead(of, 2) <= 0.40


def test_every_form():
    """The same as assembled as it is."""
    source = ROOT / "labs/5-sfi/checks/forms/written.module.s"
    jobs = [modules.job(f"forms{''.join(how)}-{seed}", modules.module(source, how), seed)
            for seed in range(4) for how in ((), ("--stores",), ("--all",))]
    results = [modules.result(run)[0] for run in engine.run_many(jobs)]
    assert len(set(results)) == 4 and results[::3] == results[1::3] == results[2::3]


# Seeds whose programs come to an end soon; each program is compiled with each of OPTIONS.
CSMITH = (1, 3, 4, 5, 6, 7, 8, 9, 11, 12, 15, 17, 18)


@pytest.mark.parametrize("seed", CSMITH)
def test_programs_of_csmith(seed):
    """Rewritten, accepted by the verifier's table, and of the same checksum as the compiler's own code."""
    source = modules.csmith(f"csmith{seed}", seed)
    here = ("-Igrader/tests/modules",)
    built = [modules.module(source, how, opt, here) for how, opt in (((), "-O1"), *((("--all",), opt) for opt in OPTIONS))]
    for content in built[1:]:
        size, = struct.unpack_from("<I", content, 4)
        code = struct.unpack_from(f"<{size // 4}I", content, 48)
        refused = [hex(word) for n, word in enumerate(code)
                   if not masks.accepts(word, masks.CODE + 4 * n, masks.CODE + size)]
        assert not refused
    jobs = [modules.job(f"csmith{seed}-{n}", content, 0, BUDGET) for n, content in enumerate(built)]
    assert len({modules.result(run)[0] for run in engine.run_many(jobs)}) == 1
