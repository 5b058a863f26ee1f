"""The checks of lab 6, step 6.2: what instructions mean. Single ones by a table made by hand (instructions.py), random programs by
a model (bpf.run()), both from RFC 9669's text."""
import functools
import sys
from pathlib import Path

from grader import bpf
from grader.checks import Wrong, check

sys.path.insert(0, str(Path(__file__).parent))
import instructions  # noqa: E402
import judging  # noqa: E402
import programs  # noqa: E402
from programs import INTERPRETED, Case  # noqa: E402


@functools.cache
def singles(kinds, ways):
    """Cases of the table, and what r0 has to be: with registers, then with a constant in place of w4."""
    found = []
    if "a" in kinds:
        for text, a, b, result in instructions.rows(instructions.ALU):
            forms = [text] if b == "-" or "(s" in text else [text, text.replace("w4", b)]
            for form in forms:
                found.append((f"w0 = {a}\nw4 = {b if b != '-' else 0}\n{form}\nexit", f"{form}, w0 = {a}, w4 = {b}", int(result, 0)))
    if "j" in kinds:
        for text, a, b, taken in instructions.rows(instructions.JUMPS):
            for form in (text, text.replace("w4", b)):
                found.append((f"w0 = {a}\nw4 = {b}\nif {form} goto +2\nw0 = 5\nexit\nw0 = 7\nexit", f"if {form}, w0 = {a}, w4 = {b}",
                              7 if int(taken) else 5))
    if "m" in kinds:
        for size, at, value in instructions.rows(instructions.LOADS):
            found.append((f"w0 = *({size} *)(r1 + {at})\nexit", f"{size} at {at}", int(value, 0)))
            found.append((f"w1 += {at}\nw1 += 300\nw0 = *({size} *)(r1 - 300)\nexit", f"{size} at {at}, by a pointer and -300", int(value, 0)))
            found.append((f"w0 = *(u8 *)(r1 + {at})\n*(u32 *)(r10 - 4) = 0\nw5 = {value}\n*({size} *)(r10 - 4) = w5\nw0 = *(u32 *)(r10 - 4)\nexit",
                          f"{size} stored in the stack and read as u32", int(value, 0)))
            found.append((f"w5 = {value}\nw5 += 0x5a000000\n*({size} *)(r1 + {at}) = w5\nw0 = *({size} *)(r1 + {at})\nexit",
                          f"{size} stored at {at}", (int(value, 0) + 0x5a000000) % 2 ** int(size[1:])))
        for base in range(10):
            value, at = (base + 3) % 10, f"r{base} + 3"
            found += [(f"w{base} = w1\nw{value} = *(u8 *)({at})\nw0 = w{value}\nexit", f"u8 by r{base} to r{value}", 0xfe),
                      (f"w{base} = w1\nw{value} = 90\n*(u8 *)({at}) = w{value}\nw0 = *(u32 *)(r{base} + 2)\nexit", f"r{value} stored by r{base}",
                       0x02015aff),
                      (f"w{base} = w1\n*(u8 *)({at}) = 91\nw0 = *(u32 *)(r{base} + 2)\nexit", f"a constant stored by r{base}", 0x02015bff),
                      (f"w{base} = w1\n*(u32 *)({at}) = w{base}\nw{value} = *(u32 *)({at})\nw{value} -= w{base}\nw0 = w{value}\nexit", f"r{base} stored by itself", 0)]
    cases = [Case(bpf.assemble(text), 12, memory=instructions.MEMORY, ways=ways, name=name) for text, name, _ in found]
    return cases, [result for *_, result in found]


def literal(run, kinds, way):
    """Wrong at the first single instruction whose r0 is not the table's."""
    _, wanted = singles(kinds, way)
    for (case, raw), want in zip(judging.results(run), wanted):
        end, r0 = raw[5:7] if way == INTERPRETED else raw[10:12]
        if (end, r0) != (0, want):
            got = f"r0 = {r0:#010x}" if end == 0 else programs.ENDS[end] if end < 3 else "not compiled: no room"
            raise Wrong(f"{case.name}:", expected=f"r0 = {want:#010x}", got=got, run=run)


@check(points=5, step="6.2", ends=programs.ENDINGS, boots=programs.boot(lambda seed: singles("a", INTERPRETED)[0]),
       hint="RFC 9669, section 4: 32-bit results, so that all wraps; a division by zero gives 0 and a remainder by zero what was divided; signed "
            "ones truncate towards zero; of a shift's count the lowest five bits count.")
def test_arithmetic(run):
    """Every arithmetic instruction, at its edges."""
    literal(run, "a", INTERPRETED)


@check(points=4, step="6.2", ends=programs.ENDINGS, boots=programs.boot(lambda seed: singles("jm", INTERPRETED)[0]),
       hint="Of an access, the address is a register plus a signed offset. Offsets of jumps count from the instruction behind the jump. A load fills up with zeros; a "
            "store stores the lower bytes.")
def test_conditions(run):
    """Every condition, and every load and store, at its edges."""
    literal(run, "jm", INTERPRETED)


def ends(way):
    """Programs that end otherwise, or just do not, and what is left of their fuel."""
    loop = "w0 = 0\nw4 = {n}\nw0 += 3\nw4 -= 1\nif w4 != 0 goto -3\nexit"
    self = "w4 = 5\nw4 -= 1\nw0 = w4\nif w0 s> 0 goto -3\nexit"
    made = [(loop.format(n=n), fuel, 64, f"a loop of {n} rounds with {fuel} units")
            for n, fuel in ((1, 0), (2, 0), (2, 1), (5, 3), (5, 4), (5, 5), (100, 99), (100, 98))]
    made += [("w0 = 1\ngoto -1", fuel, 64, f"a jump to itself, {fuel} units") for fuel in (0, 1, 7)]
    made += [("w0 = 1\nif w0 == 0 goto -1\nexit", 0, 64, "a branch back that is not taken, 0 units"),
             ("w0 = 1\ngoto +0\nif w0 == 1 goto +0\nexit", 0, 64, "branches ahead, 0 units"),
             ("call 2\nexit", 5, 64, "a helper that tells what is left, 5 units"), ("call 2\nexit", 1, 64, "a call, 1 unit"),
             ("call 2\nexit", 0, 64, "a call, 0 units"), (self, 4, 64, "a loop, 4 units"), (self, 3, 64, "a loop, 3 units"),
             ("w6 = 3\ncall 2\nw6 -= 1\nif w6 != 0 goto -3\nexit", 5, 64, "calls in a loop, 5 units"),
             ("w6 = 3\ncall 2\nw6 -= 1\nif w6 != 0 goto -3\nexit", 4, 64, "calls in a loop, 4 units")]
    made += [("call 2\nexit", fuel, 64, f"a helper that tells what is left, {fuel} units") for fuel in (65536, 2**32 - 1)]
    made += [("w0 = w2\nexit", 0, 300, "how many bytes the memory has"), ("w1 = 5\ncall 12\nexit", 9, 64, "helper 12")]
    made += [("".join(f"w{n} = {10 ** n}\n" for n in range(10) if n != wrong) + f"w{wrong} = 7\ncall 1\nexit", 1, 64, f"helper 1, r{wrong} = 7 and of the rest rn = 10^n")
             for wrong in range(10)]
    made += [("".join(f"w{n} = {n + 1}\n" for n in range(10)) + f"call 7\nw0 ^= w{kept}\nexit", 1, 64, f"helper 7, and r{kept} behind it") for kept in range(6, 10)]
    made += [(f"w0 = 5\ngoto{long} +2\nw0 = 6\nexit\nw0 += 1\nexit", 0, 64, f"goto{long} ahead, 0 units") for long in ("", "l")]
    made += [("w0 = 5\nw4 = 1\nif w4 == 0 goto +1\nexit\ngoto -2", 7, 64, "an exit before the last instruction")]
    made += [("w0 = 2\nw0 -= 1\nif w0 != 0 goto -2\nexit", 2**32 - 1, 64, "a loop, as much fuel as there can be")]
    made += [("w0 = 1\ngotol -1", fuel, 64, f"a long jump to itself, {fuel} units") for fuel in (0, 3)]
    made += [("w0 = 0\nw4 = 3\nw4 -= 1\nif w4 == 0 goto +1\ngotol -3\nexit", fuel, 64, f"a loop by gotol, {fuel} units") for fuel in (1, 2, 5)]
    for op, (a, b) in {text.split()[1]: (a, b) for text, a, b, taken in instructions.rows(instructions.JUMPS) if int(taken)}.items():
        made += [(f"w0 = {a}\nw4 = {b}\ngoto +1\nexit\nif w0 {op} {second} goto -2\nexit", fuel, 64, f"back if {a} {op} {second}, {fuel} units")
                 for second in ("w4", b) for fuel in (0, 1)]
    for size in (4, 5, 6, 7, 64):
        for width, bits in ((1, 8), (2, 16), (4, 32)):
            for at in sorted({*range(size - 4, size + 1), -1, -width, 32767, -32768, 255, 256}):
                made.append((f"w0 = *(u{bits} *)(r1 {'-' if at < 0 else '+'} {abs(at)})\nexit", 0, size, f"{width} bytes at {at} of {size}"))
                if at in (size - width, size - width + 1, -1):
                    made.append((f"w0 = 9\n*(u{bits} *)(r1 {'-' if at < 0 else '+'} {abs(at)}) = 0x89abcdef\nexit", 0, size,
                                 f"{width} bytes stored at {at} of {size}"))
                    made.append((f"w0 = 0x89abcdef\n*(u{bits} *)(r1 {'-' if at < 0 else '+'} {abs(at)}) = w0\nexit", 0, size,
                                 f"{width} bytes of w0 stored at {at} of {size}"))
    for base in range(10):
        made += [(f"w{base} = w1\nw{(base + 1) % 10} = 1\n{access.format(f'r{base} + 61')}\nw0 = 1\nexit", 0, 64, f"bytes behind 64, by r{base}: {access}")
                 for access in (f"w{(base + 1) % 10} = *(u32 *)({{}})", "*(u32 *)({}) = 7", f"*(u32 *)({{}}) = w{(base + 1) % 10}")]
    for bits in (8, 16, 32):
        for at in (-1, -2, -3, -4):
            made += [(f"w4 = {at}\nw0 = 1\n{access}\nexit", 0, 64, f"bytes at address {at}: {access}")
                     for access in (f"w0 = *(u{bits} *)(r4 + 0)", f"*(u{bits} *)(r4 + 0) = 7", f"*(u{bits} *)(r4 + 0) = w0")]
    made += [("w4 = 0\nw0 = *(u32 *)(r4 + 0)\nexit", 0, 64, "address 0"), ("w4 = 0xffffffff\nw0 = *(u8 *)(r4 + 0)\nexit", 0, 64, "address -1"),
             ("w4 = w1\nw4 += 0x80000000\nw0 = *(u8 *)(r4 + 0)\nexit", 0, 64, "half of all memory away"),
             ("w4 = w10\nw0 = *(u8 *)(r4 - 1)\nexit", 0, 64, "the stack by another register than r10"),
             ("w4 = w1\nw4 -= 4000\nw0 = *(u32 *)(r4 + 4060)\nexit", 0, 64, "back and forth into its memory"),
             ("w4 = w1\nw4 -= 4000\nw0 = *(u32 *)(r4 + 4061)\nexit", 0, 64, "back and forth out of its memory")]
    memory = bytes(range(1, 65))
    return [Case(bpf.assemble(text), size, 0, fuel, memory, way, name, anywhere="w10" in text) for text, fuel, size, name in made]


@check(points=5, step="6.2", ends=programs.ENDINGS, boots=programs.boot(lambda seed: ends(INTERPRETED)),
       hint="All bytes of an access have to lie in the memory, of which the context says the first and how many; subtract before you compare, and "
            "nothing wraps. Fuel is asked for before what takes it: a branch that is taken and does not go ahead, a helper.")
def test_ends(run):
    """Faults and fuel: to the byte, and to the unit."""
    judging.judge(run, INTERPRETED)


@check(points=6, step="6.2", needs=("arithmetic", "conditions", "ends"),
       ends=programs.ENDINGS, boots=programs.boot(lambda seed: programs.random_cases(seed, ways=INTERPRETED)),
       hint="Each instruction does by itself what it should: look at what one leaves for the next, src and dst the same register, a call's results.")
def test_interpreted(run):
    """Random programs do what the model does."""
    judging.judge(run, INTERPRETED)
    if run.kept["branches"] != bytes(4):
        raise Wrong("The interpreter compiles the program; the compiler is judged by itself, in step 6.4.", look="what bpf_interpret() calls", run=run)
