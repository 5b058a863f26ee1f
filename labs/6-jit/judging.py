"""What became of programs (programs.py), against the model; where one goes wrong, and from which of its instructions one does not come back."""
import dataclasses
import itertools
import re
from collections.abc import Iterator, Sequence

from grader import bpf, engine
from grader.checks import Run, Wrong

from programs import ARGUMENTS, CASES, COMPILED, ENDS, INTERPRETED, OUTCOME, RESULT, ROOM, RUN, VERIFIED, Case

SHORT, LONG = 12, 120   # instructions of a program that is shown whole, and of one that is run again and again


def results(run: Run) -> list[tuple[Case, tuple[int, ...]]]:
    """Of each case what the payload found: the verifier's four words, how many words were compiled, two outcomes."""
    if run.end != "power-off" or "end" not in run.reports:
        raise stuck(run)
    assert len(run.kept["cases"]) <= CASES
    return list(zip(run.kept["cases"], RESULT.iter_unpack(run.kept["results"])))


def stuck(run: Run) -> Wrong:
    """What to say of a run that did not come back from a program: which, and from which of its instructions."""
    number, way, code = run.kept.get("running", (0, 0, 0))
    doing = {VERIFIED: "while it is verified", INTERPRETED: "while it is interpreted", COMPILED: "while it is compiled",
             RUN: "while its code runs"}.get(way)
    if doing is None or not 0 < number <= len(run.kept["cases"]):       # or it has written there
        return Wrong("The kernel does not come to the programs, or to an end of them.", run=run)
    case = run.kept["cases"][number - 1]
    crashed = re.findall(r"(?m)^crash: .* at pc 0x([0-9a-f]{8})", "\n".join(run.lines()))
    pc = int(crashed[0], 16) if crashed else run.pc or 0
    at = None
    if way == RUN and case.program:
        places, word = run.kept["places"], pc - code + run.symbol("code")
        if places[0] <= word < places[bpf.INSNS_MAX]:       # else it is in the way in or out, or beside the code
            at = max(n for n in range(len(case.program)) if places[n] <= word)
    named = f"program {number - 1}" + f" ({case.name})" * bool(case.name)
    where = "" if at is None else f", in the code of instruction {at}, {bpf.disassemble(case.program[at])}"
    return Wrong(f"The kernel does not come back from {named}, {doing}{where}.",
                 look=instructions(case, at), run=run)


def instructions(case: Case, at: int | None) -> str:
    """A program in words, those around instruction `at` if it is long."""
    lines = case.listing()
    first, last = (max(0, at - 7), at + 5) if at is not None and len(lines) > SHORT else (0, SHORT)
    return "its instructions: " + "... ; " * (first > 0) + " ; ".join(lines[first:last]) + " ; ..." * (last < len(lines))


def judge(run: Run, way: int) -> None:
    """Wrong, unless each ended as the model says, run that way."""
    address = run.symbol("region")
    for number, (case, raw) in enumerate(results(run)):
        want, got = case.expected(address), raw[5:10] if way == INTERPRETED else raw[10:15]
        if case.anywhere:
            got = got[:3] + want[3:4] + got[4:]
        if got != want:
            raise differs(run, case, number, want, got, way)


def differs(run: Run, case: Case, number: int, want: tuple[int, ...], got: tuple[int, ...], way: int) -> Wrong:
    """What to say of a program that came to something else than the model; of a long one, behind which instruction."""
    how = "interpreted" if way == INTERPRETED else "compiled"
    end = ENDS[got[0]] if got[0] < len(ENDS) else "not compiled: no room"
    wrong = [name for name, a, b in zip(OUTCOME, want, got) if a != b]
    first = {"end": f"it ends as {end!r} and not as {ENDS[want[0]]!r}",
             "r0": f"r0 is {got[1]:#x} and not {want[1]:#x}",
             "fuel": f"{got[2]} units of fuel are left and not {want[2]}",
             "fault": f"the address refused is {got[3]:#x} and not {want[3]:#x}",
             "memory": "its memory's bytes are not what they should be"}[wrong[0]]
    at, lines = narrowed(run, case, way) if SHORT < len(case.program) <= LONG else (None, [])
    return Wrong(f"Program {case.name or number}, {how}: {first}.", look=instructions(case, at),
                 expected=[shown(want), *lines[:1]], got=[shown(got), *lines[1:]], run=run)


def said(raw: tuple[int, ...]) -> tuple[str, int]:
    """What the verifier's two halves said, as bpf.verify() tells it."""
    if raw[0] == 0 and raw[2] == 0:
        return "ok", 0
    error, at = raw[:2] if raw[0] else raw[2:4]
    return (bpf.ERRORS[error] if error < len(bpf.ERRORS) else f"error {error}"), at


def shown(outcome: tuple[int, ...]) -> str:
    end = ENDS[outcome[0]] if outcome[0] < len(ENDS) else "?"
    return f"{end} r0={outcome[1]:#x} fuel={outcome[2]} fault={outcome[3]:#x} memory={outcome[4]:#010x}"


# Where a program goes wrong: it is run again, once for each instruction that the model comes to, up to where it comes to that for the
# first time. From there a jump leads behind its end, where its registers are added up; then, where that is wrong first, to each of them.

def narrowed(run: Run, case: Case, way: int) -> tuple[int | None, list[str]]:
    """The instruction behind which something differs for the first time, and what should be there and what is, a line each; None: it is
    not known."""
    trace, first = traced(case, run.symbol("region")), {}
    for step, (at, _, _) in enumerate(trace):
        first.setdefault(at, step)
    sums = []
    for at, step in first.items():
        _, _, defined = trace[step]
        start = [] if 0 in defined else [bpf.alu("=", 0, 0)]
        sums.append(cut(case, at, start + [bpf.alu("+=", 0, src=r) for r in defined if r], way))
    bad = next((at for at, (want, got) in zip(first, again(run, sums, way)) if want != got), None)
    if not first.get(bad):
        return None, []
    at, old, _ = trace[first[bad] - 1]
    _, _, defined = trace[first[bad]]
    wanted, found = [], []
    singles = [cut(case, bad, [bpf.alu("=", 0, src=r)], way) for r in defined]
    for r, (want, got) in zip(defined, again(run, singles, way)):
        if want[:2] != got[:2]:
            wanted.append(f"w{r} {want[1]:#x}")
            found.append(f"w{r} {got[1]:#x}" if got[0] == 0 else "it does not come there")
    reads, *_ = bpf.effect(case.program, at, ARGUMENTS)
    operands = ", ".join(f"w{r} {old[r]:#x}" for r in sorted(r for kind, r in reads if kind == "r" and r < 10))
    text = f"behind {at}: {bpf.disassemble(case.program[at])}" + f" ({operands} before it)" * bool(operands) + ": "
    return at, [text + (", ".join(wanted) or "its memory, or its fuel"), text + (", ".join(dict.fromkeys(found)) or "other than they should be")]


def traced(case: Case, address: int) -> list[tuple[int, list[int], list[int]]]:
    """What the model goes through: before each instruction its number, what is in all registers, which of them are defined, but r10."""
    trace: list[tuple[int, list[int], list[int]]] = []
    defined = {1, 2, 3}

    def before(at: int, registers: list[int]) -> None:
        if trace:
            _, writes, forgets, _ = bpf.effect(case.program, trace[-1][0], ARGUMENTS)
            defined.difference_update(number for _, number in forgets)
            defined.update(number for kind, number in writes if kind == "r")
        trace.append((at, list(registers), sorted(defined)))

    case.run(address, before)
    return trace


def cut(case: Case, at: int, ending: list[bpf.Insn], way: int) -> Case:
    """The program, which does `ending` in place of instruction `at` and ends."""
    program = list(case.program)
    program[at] = bpf.Insn(bpf.JMP, offset=len(program) - at - 1)
    return Case([*program, *ending, bpf.Insn(bpf.JMP | bpf.EXIT)], case.size, case.argument, case.fuel, case.memory, way)


def again(run: Run, cases: Sequence[Case], way: int) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """What the model and the kernel make of these cases, as many as fit into a boot; none if it does not come back from one."""
    room = itertools.accumulate(len(case.encoded) for case in cases)
    some = [case for case, end in zip(cases, room) if end <= ROOM]
    boot_ = dataclasses.replace(run.boot, input=b"".join(case.encoded for case in some), marks=())
    other = Run.of(engine.run(boot_, run.elf, seed=run.seed, nonce=run.nonce))
    if "end" not in other.reports:
        return
    for case, raw in zip(some, RESULT.iter_unpack(other.kept["results"])):
        yield case.expected(run.symbol("region")), raw[5:10] if way == INTERPRETED else raw[10:15]
