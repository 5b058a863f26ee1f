"""The checks of lab 6, step 6.4: compiled programs do what the interpreter's model does, instruction by instruction and at random."""
import sys
from pathlib import Path

from grader import bpf
from grader.checks import Wrong, check

sys.path.insert(0, str(Path(__file__).parent))
import judging  # noqa: E402
import programs  # noqa: E402
import test_interpreter as single  # noqa: E402
from programs import ARITHMETIC, ACCESSES, BRANCHES, COMPILED, Case  # noqa: E402


def some(kinds):
    return lambda seed: programs.random_cases(seed, kinds, most=120, ways=COMPILED)


def copies():
    """A copy that the next instruction changes: by itself, by its source."""
    made = []
    for op in [op for op in bpf.OPS if op != "="]:
        for b in (0, 1, -1, 5, 0x12345, "w2", "w4", "w1"):
            made.append(f"w1 = 0x87654321\nw2 = 7\nw4 = w1\nw4 {op} {b}\nw0 = w4\nw0 *= 3\nw0 ^= w1\nexit")
    made += ["w4 = w2\nw4 = -w4\nw0 = w4\nw0 ^= w2\nexit", "w4 = w2\nr4 = be16 r4\nw0 = w4\nw0 += w2\nexit"]
    return [Case(bpf.assemble(text), 64, ways=COMPILED, name=text.replace("\n", "; ")) for text in made]


def frames(kinds):
    """r10 as an operand: what it is depends on where the stack lies, so that the same is done with a copy of it, and both compared."""
    made = []
    if "a" in kinds:
        for op in bpf.OPS:
            made.append(f"w6 = w10\nw0 = 0x87654321\nw5 = w0\nw0 {op} w10\nw5 {op} w6\nw0 ^= w5\nexit")
        made += [f"w6 = w10\nw0 = (s{bits})w10\nw5 = (s{bits})w6\nw0 ^= w5\nexit" for bits in (8, 16)]
        made += ["w6 = w10\nw0 = 9\nw0 s/= w10\nw5 = 9\nw5 s/= w6\nw0 ^= w5\nexit", "w0 = w10\nw0 ^= w1\nif w0 != 0 goto +1\nexit\nw0 = 1\nexit"]
    if "j" in kinds:
        for op in bpf.JUMPS:
            for a, b in (("w10", "w6"), ("w6", "w10"), ("w10", "w10")):
                made.append(f"w6 = w10\nw0 = 7\nif {a} {op} {b} goto +1\nw0 = 5\nexit")
            for by in (-1, 1) if op != "&" else ():
                for a, b in (("w10", "w6"), ("w6", "w10")):
                    made.append(f"w6 = w10\nw6 += {by}\nw0 = 7\nif {a} {op} {b} goto +1\nw0 = 5\nexit")
            for b in ("5", "0x12345679", "0x87654321"):
                made.append(f"w6 = w10\nw0 = 0\nif w10 {op} {b} goto +1\nw0 ^= 1\nif w6 {op} {b} goto +1\nw0 ^= 1\nexit")
        made.append("w6 = w10\nw0 = 0\n" + "".join(f"if w10 & {1 << bit:#x} goto +1\nw0 += {1 << bit:#x}\n" for bit in range(32)) + "w0 += w6\nexit")
        made += [f"w0 = 4\nw6 = w10\nw0 -= 1\nif w10 == {b} goto +0\nif w0 != 0 goto -3\nif w10 != {c} goto -1\nexit"
                 for b, c in (("0x12345679", "w6"), ("w6", "w10"))]
    return [Case(bpf.assemble(text), 64, fuel=9, ways=COMPILED, name=text.replace("\n", "; ")) for text in made]


def arithmetic(seed):
    return single.singles("a", COMPILED)[0] + copies() + frames("a")


@check(points=7, step="6.4", ends=programs.ENDINGS, boots=[programs.boot(arithmetic), programs.boot(some(ARITHMETIC))],
       hint="The first operand is in j->first, which need not be dst. r10 is no register of the code: jit_register() makes a copy. "
            "Look at the constant: can it be said in the instruction, rotated, negated or complemented, or does it need the scratch register? "
            "Of a shift's count five bits count in BPF, eight of a register's in A32; and #0 of LSR and ASR means 32.")
def test_compiled_arithmetic(runs):
    """Arithmetic, compiled."""
    single.literal(runs[0], "a", COMPILED)
    judging.judge(runs[0], COMPILED)
    judging.judge(runs[1], COMPILED)


def accesses(seed):
    """Offsets at A32's limits, from a pointer that lies so that the access is at an end of the memory; what is stored in no register of its own."""
    made = []
    for offset in (0, 1, 255, 256, 257, 1020, 1023, 4092, 4095, 4096, 32767):
        for sign in "+-":
            for size in (1, 2, 4):
                place = f"*(u{8 * size} *)(r5 {sign} {offset})"
                to = f"w5 = w1\nw5 += {64 - size - offset if sign == '+' else offset}\n"
                made += [f"{to}w0 = {place}\nexit", f"{to}{place} = 0x1234abcd\nw0 = 0\nexit",
                         f"{to}{place} = w10\n{place} = w2\nw0 = 1\nexit"]
    return [Case(bpf.assemble(text), 64, memory=bytes(range(64)), ways=COMPILED, name=text.replace("\n", "; ")) for text in made]


NEARBY = """
w5 = w1; w0 = *(u32 *)(r5 + 4); w5 += 8; w4 = *(u32 *)(r5 + 4); w0 ^= w4; exit
w5 = w1; w5 = *(u8 *)(r5 + 3); w0 = *(u8 *)(r5 + 3); exit
w5 = w1; w0 = *(u8 *)(r5 + 5); w5 = w1; w5 += 1; w4 = *(u8 *)(r5 + 7); w0 ^= w4; exit
w5 = w1; w0 = *(u8 *)(r5 + 1); if w2 == 64 goto there; w0 = *(u8 *)(r5 + 9); there:; w4 = *(u8 *)(r5 + 9); w0 ^= w4; exit
w5 = w1; w6 = w1; w6 += 20; w0 = 0; again:; w4 = *(u8 *)(r5 + 2); w0 ^= w4; w5 += 1; w4 = *(u8 *)(r5 + 2); if w5 == w6 goto +1; goto again; exit
w0 = *(u8 *)(r1 + 5); w4 = 3; w0 <<= w4; w4 = *(u8 *)(r1 + 7); w0 ^= w4; exit
w0 = *(u8 *)(r1 + 5); w0 ^= 0x12345678; w4 = *(u8 *)(r1 + 7); w0 ^= w4; exit
w0 = *(u32 *)(r1 + 4); w4 = 7; w0 %= w4; w4 = *(u8 *)(r1 + 60); w0 ^= w4; exit
w0 = *(u32 *)(r1 + 4); w0 %= 7; w4 = *(u8 *)(r1 + 60); w0 ^= w4; exit
w6 = w1; w0 = *(u8 *)(r6 + 5); call 2; w4 = *(u8 *)(r6 + 7); w0 ^= w4; exit
w0 = *(u8 *)(r1 + 5); *(u16 *)(r10 - 2) = w0; w4 = *(u8 *)(r1 + 7); w0 ^= w4; exit
w0 = *(u8 *)(r1 + 5); w4 = w10; w4 = *(u8 *)(r1 + 7); w0 ^= w4; exit
w0 = *(u8 *)(r1 + 5); w0 *= 0x12345678; w4 = *(u8 *)(r1 + 7); w0 ^= w4; exit
w0 = *(u8 *)(r1 + 5); if w0 & 0x12341 goto end; w4 = *(u8 *)(r1 + 7); w0 ^= w4; end:; exit
w0 = *(u8 *)(r1 + 5); if w10 == w0 goto end; w4 = *(u8 *)(r1 + 7); w0 ^= w4; end:; exit
w0 = *(u8 *)(r1 + 5); if w10 == 0x12345 goto end; w4 = *(u8 *)(r1 + 7); w0 ^= w4; end:; exit
w0 = *(u8 *)(r1 + 5); w4 = 9; w4 /= 0x12345; w4 = *(u8 *)(r1 + 7); w0 ^= w4; exit
w5 = w1; w5 -= 9; w0 = *(u8 *)(r5 + 20); w0 = *(u8 *)(r5 + 8); exit
w5 = w1; w5 -= 9; w0 = *(u32 *)(r5 + 20); *(u32 *)(r5 + 2) = w0; exit
w5 = w1; w5 += 4; *(u8 *)(r5 + 59) = 1; w0 = *(u32 *)(r5 + 57); exit
w0 = *(u8 *)(r1 + 5); if w0 == 0x12345 goto end; w4 = *(u8 *)(r1 + 7); w0 ^= w4; end:; exit
w0 = *(u8 *)(r1 + 63); w4 = *(u16 *)(r1 + 62); w0 ^= w4; w4 = *(u8 *)(r1 + 61); w0 ^= w4; exit
w0 = *(u8 *)(r1 + 63); w0 = *(u16 *)(r1 + 63); exit
w0 = *(u32 *)(r1 + 60); w0 = *(u8 *)(r1 + 64); exit
w0 = *(u32 *)(r1 + 0); w0 = *(u8 *)(r1 - 1); exit
w5 = w1; *(u32 *)(r5 + 8) = 0x12345678; w0 = *(u16 *)(r5 + 6); *(u16 *)(r5 + 7) = w0; w0 = *(u32 *)(r5 + 4); exit
"""


def nearby(jumps):
    """Accesses one behind the other by the same register: what was known of one's place is so of the next one's, or is not any more. Those
    with jumps, or those without."""
    return [Case(bpf.assemble(text.replace("; ", "\n")), 64, memory=bytes(range(1, 65)), ways=COMPILED, name=text)
            for text in NEARBY.strip().splitlines() if ("goto" in text) == jumps]


def places(seed):
    return single.singles("m", COMPILED)[0] + bounds() + accesses(seed) + nearby(False)


def bounds():
    return [case for case in single.ends(COMPILED) if "bytes" in case.name]


@check(points=7, step="6.4", ends=programs.ENDINGS, boots=[programs.boot(places), programs.boot(some(ACCESSES))],
       hint="The address less the memory's, as a number without sign: compared with size - 3 once, it says yes to every access that surely fits; "
            "jit_outside() sees to the last three bytes. What is stored may be in no register; the scratch register is not free then.")
def test_compiled_accesses(runs):
    """Loads and stores, compiled: at both ends of the memory, with any offset."""
    single.literal(runs[0], "m", COMPILED)
    judging.judge(runs[0], COMPILED)
    judging.judge(runs[1], COMPILED)


def joins():
    """A copy that the next instruction changes, to which another way leads."""
    made = [f"w1 = 9\nw4 = 3\nif w1 == 9 goto there\nw4 = w1\nthere:\nw4 {op} 2\nw0 = w4\nexit" for op in bpf.OPS if op != "="]
    return [Case(bpf.assemble(text), 64, ways=COMPILED, name=text.replace("\n", "; ")) for text in made]


def branches(seed):
    return single.singles("j", COMPILED)[0] + frames("j") + joins() + nearby(True)


@check(points=6, step="6.4", ends=programs.ENDINGS, boots=[programs.boot(branches), programs.boot(some(BRANCHES + "a"))],
       hint="A condition of BPF is one of A32's after CMP, or after TST; its opposite is one bit away. Either operand may "
            "be r10, which needs a register, and so may imm: jit_register(), jit_operand(), jit_release(). jit_goto() leads "
            "to an instruction by its number; over words of your own a32_branch() does, by a distance in bytes.")
def test_compiled_branches(runs):
    """Branches, compiled."""
    single.literal(runs[0], "j", COMPILED)
    judging.judge(runs[0], COMPILED)
    judging.judge(runs[1], COMPILED)


@check(points=4, step="6.4", ends=programs.ENDINGS, boots=programs.boot(lambda seed: single.ends(COMPILED)),
       hint="A unit is taken before the branch is done, and only if it is taken; without one the program ends there with none left.")
def test_compiled_ends(run):
    """Faults and fuel, compiled: to the byte, and to the unit."""
    judging.judge(run, COMPILED)


def far(back):
    """A branch back over as many instructions as there can be, or ahead over as many as fit into the input beside it."""
    body = [bpf.alu("+=", 0, 1 << (n % 28)) for n in range(bpf.INSNS_MAX - 6 if back else 3400)]
    first, last = [bpf.alu("=", 0, 1), bpf.alu("=", 4, 3)], [bpf.Insn(bpf.JMP | bpf.EXIT)]
    if back:
        last = [bpf.alu("-=", 4, 1), bpf.jump("!=", 4, -len(body) - 2, 0), *last]
    else:
        first.append(bpf.Insn(bpf.JMP32, imm=len(body)))
    name = f"a branch {'back' if back else 'ahead'} over {len(body)} instructions"
    return Case([*first, *body, *last], 8, ways=COMPILED, fuel=5, name=name)


LONG = [far(False), far(True)]


@check(points=6, step="6.4", needs=("compiled-arithmetic", "compiled-accesses", "compiled-branches", "compiled-ends"),
       ends=programs.ENDINGS, boots=[programs.boot(lambda seed: LONG, marks=("code_begins", "code_ended")),
              *(programs.boot(lambda seed, n=n: programs.random_cases(seed + n, ways=COMPILED), budget=60_000_000) for n in range(2))],
       hint="Each kind of instruction does by itself what it should. Look at what one leaves for the next: the scratch register, the fuel's, and "
            "who uses them while they hold something.")
def test_compiled(runs):
    """Random programs, compiled, do what the model does; so do those as long as there can be."""
    long, *rest = runs
    judging.judge(long, COMPILED)
    taken, most = long.marks[-1].count - long.marks[-2].count, 10 * 3 * bpf.INSNS_MAX
    if taken > most:
        raise Wrong("What jit_compile() makes of a long loop is no compiled code: it is too slow for that.", expected=f"{most} instructions at most, "
                    "10 for each of BPF's", got=f"{taken} instructions", look="what the code calls", run=long)
    for run in rest:
        judging.judge(run, COMPILED)
