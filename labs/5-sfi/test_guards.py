"""The checks of step 5.3: what the rewriter makes of modules is accepted, and computes what it did before.

Expected results come from the compiler's own code of the same source, in the kernel beside the module, and for the nine modules of the
bench from Python (modules.py).
"""
import importlib.util
import math
import struct
import subprocess
from pathlib import Path

from grader.checks import Boot, Wrong, check
from grader.sfi import masks

HERE = Path(__file__).parent
FORMS = ("structures", "indices", "pointers", "copies", "calls", "functions", "switches", "frames")
TRAPS = {1: "an undefined instruction", 3: "a prefetch abort", 4: "a data abort", 6: "its time was up"}
# What GCC's own code of each module executes from module_call() on, compiled without reserving a register: PLAIN below says how it was
# counted.
HEADER = 48


def models():
    spec = importlib.util.spec_from_file_location("models", HERE / "modules.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.MODELS


def listing(run, module, offset, lines=4):
    """Lines of a module's code around an offset of its code segment, as objdump reads them; the one meant is marked."""
    elf = run.elf.parent / f"labs/5-sfi/checks/{run.boot.payload}/{module}.module.elf"
    shown = subprocess.run(["arm-none-eabi-objdump", "-d", "--no-show-raw-insn", f"--start-address={max(0x2000, offset - 4 * lines)}",
                            f"--stop-address={offset + 4 * lines}", str(elf)], capture_output=True, text=True).stdout
    code = [line.strip().expandtabs(8) for line in shown.splitlines() if line[:1] == " " or line.endswith(">:")]
    return [("> " if line.startswith(f"{offset:x}:") else "  ") + line for line in code]


def stopped(run, module, words, what):
    trap, pc, address = int(words[0]), int(words[1], 16), int(words[2], 16)
    where = f" for {address:#x}" if trap in (3, 4) else ""
    raise Wrong(f"{what} was stopped: {TRAPS.get(trap, trap)}{where}", got=listing(run, module, pc),
                look="what guard() in guard.c writes for the marked instruction, or before it")


def refused(run, module, offset):
    raise Wrong(f"the verifier refuses the module {module} at offset {offset:#x} of its code",
                got=listing(run, module, 0x2000 + offset), look="what guard() in guard.c writes for the marked instruction")


@check(points=8, step="5.3", boots=Boot("forms", budget=20_000_000),
       hint="each instruction by its kind: whose base is not sp needs a guard before it; a writeback becomes an ADD or SUB behind "
       "it; what goes to pc goes by way of r9. The code as it was is beside it, as X.module.s")
def test_guards_verified(run):
    """Every form of access, call, return and switch is rewritten so that the verifier accepts it."""
    _, n, offset = run.reports[0].split()
    if int(n) < 0:
        refused(run, "forms", int(offset, 16))


@check(points=10, step="5.3", needs=("guards-verified",), boots=Boot("forms", budget=20_000_000),
       hint="compare the marked function's code with the compiler's: a guard of another register, a writeback forgotten or done under no "
       "condition, a guard that was left out although somebody jumps, or writes the base, between")
def test_guards_run(run):
    """And computes what it did before: each form, against the compiler's own code."""
    for line in run.reports[1:]:
        word, *rest = line.split()
        if word == "stopped":
            stopped(run, "forms", rest, FORMS[int(last)] + "()")
        if word == "form":
            last, status, got, own = rest
            if status == "0" and got != own:
                raise Wrong(f"{FORMS[int(last)]}() in forms/forms.h computes something else than before",
                            expected=f"{int(own, 16):#010x}", got=f"{int(got, 16):#010x}",
                            look=f"{FORMS[int(last)]} in the module: arm-none-eabi-objdump -d {run.elf.parent.name}/.../forms.module.elf")


def plain_and_rewritten(run):
    """Executed instructions of each module, by name; results are checked."""
    counts, begin = {}, None
    marks = iter(run.marks)
    for line in run.reports:
        word, *rest = line.split()
        name = rest.pop(0) if rest else ""
        if word == "refused":
            refused(run, name, int(rest[1], 16))
        if word == "stopped":
            stopped(run, name, rest, name)
        if word == "called":
            begin, end = next(marks), next(marks)
            counts[name] = end.count - begin.count
            if rest[0] == "0":
                want = models()[name](run.seed & 0xffffffff)
                if int(rest[1], 16) != want:
                    raise Wrong(f"{name} computes something else than before", expected=f"{want:#010x}", got=f"{int(rest[1], 16):#010x}")
    return counts


@check(points=7, step="5.3", needs=("guards-run",), boots=Boot("modules", budget=20_000_000, marks=("call_begin", "call_end")),
       hint="all nine work with guards alone; if one fails, its listing shows where")
def test_modules(run):
    """Nine modules, from a checksum to a state machine, load, run and give the right results."""
    counts = plain_and_rewritten(run)
    if len(counts) != len(models()):
        raise Wrong(f"{len(counts)} of {len(models())} modules were called")
