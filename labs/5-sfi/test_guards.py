"""The checks of step 5.3: what the rewriter makes of modules is accepted, and computes what it did before.

Expected results come from the compiler's own code of the same source, in the kernel beside the module, and for the nine modules of the
bench from Python (modules.py).
"""
import importlib.util
import math
import subprocess
from dataclasses import replace
from pathlib import Path

from grader.checks import Boot, Wrong, check
from grader.paths import ROOT

HERE = Path(__file__).parent
FORMS = (*(f"{name}() of forms/forms.h" for name in (
    "structures", "indices", "pointers", "copies", "calls", "functions", "switches", "frames")), "forms/written.module.s")
TRAPS = {1: "an undefined instruction", 3: "a prefetch abort", 4: "a data abort", 6: "its time was up"}


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


def forms_run(of=""):
    return Boot("forms", budget=20_000_000, of=of)


@check(points=8, step="5.3", boots=forms_run(),
       hint="each instruction by its kind: whose base is not sp needs a guard before it; a writeback becomes an ADD or SUB behind "
       "it, as r10 is not moved; calls, jumps and returns through a register go through r9, which takes bits 19:2 of it, so that they "
       "have to be moved to bit 0 first")
def test_guards_verified(run):
    """Every form of access, call, return and switch is rewritten so that the verifier accepts it."""
    for line in run.reports:
        word, *rest = line.split()
        if word == "load" and int(rest[1]) < 0:
            refused(run, rest[0], int(rest[2], 16))


@check(points=10, step="5.3", needs=("guards-verified",), boots=forms_run("guards-verified"),
       hint="compare the function's code with the compiler's: a guard of another register; a writeback that is forgotten, or done whatever "
       "the condition; a value that is not, on every way that leads there, what r10 was made of, as a call, a label or a change of its base "
       "has come between; a distance or a sum that is left out; a code address whose word "
       "was not moved to bit 0; lr, which the code behind still needs")
def test_guards_run(run):
    """And computes what it did before: each form, against the compiler's own code."""
    for line in run.reports:
        word, *rest = line.split()
        if word == "stopped":
            module = "forms" if int(rest[0]) < len(FORMS) - 1 else "written"
            stopped(run, module, rest[1:], FORMS[int(rest[0])])
        if word == "form" and rest[1] != rest[2]:
            name = FORMS[int(rest[0])]
            raise Wrong(f"{name} computes something else than before",
                        expected=f"{int(rest[2], 16):#010x}", got=f"{int(rest[1], 16):#010x}",
                        look=f"what guard() makes of {name}, beside what it was: {shown(run)}")


def shown(run):
    folder = run.elf.parent.with_name(f"{run.elf.parent.name}.rewritten")
    folder = folder.relative_to(ROOT) if folder.is_relative_to(ROOT) else folder
    return f"{folder}/labs/5-sfi/checks/forms/*.module.safe.s"


# Of each module: what is counted in it, and how much more than the compiler's own code guards may make of that.
SHARED = 1.37


NAMES = ("crc32", "sha256", "quicksort", "heapsort", "matrix", "strstr", "lz", "list", "states")
VARIANTS = ("stores", "plain", "safe")
MODULES = Boot("modules", budget=20_000_000, marks=tuple(
    f"{variant}_{name}_{end}" for name in NAMES for variant in VARIANTS for end in ("begin", "end")))


def counted(run):
    """By module, instructions executed of each of VARIANTS. Results are checked."""
    expected = {name: model(run.seed & 0xffffffff) for name, model in models().items()}
    for line in run.reports:
        word, *rest = line.split()
        if word == "refused":
            refused(run, rest[0], int(rest[2], 16))
        if word == "stopped":
            stopped(run, rest[0], rest[1:], rest[0])
        if word in VARIANTS[:2] and rest[1] != "0":     # of the third it is told where
            raise Wrong(f"{rest[0]} ({word}) was stopped")
        if word in VARIANTS and rest[1] == "0" and int(rest[2], 16) != expected[rest[0]]:
            raise Wrong(f"{rest[0]} ({word}) computes something else than before", expected=f"{expected[rest[0]]:#010x}",
                        got=f"{int(rest[2], 16):#010x}")
    at = {mark.symbol: mark.count for mark in run.marks}
    return {name: [at[f"{variant}_{name}_end"] - at[f"{variant}_{name}_begin"] for variant in VARIANTS] for name in NAMES}


@check(points=4, step="5.3", needs=("guards-run",), boots=MODULES,
       hint="every form works by itself; the listing shows the place where the module went wrong")
def test_modules(run):
    """Nine modules, from a checksum to a state machine, load, run and give the right results; without guarded loads none loads."""
    counted(run)
    if loose := [line.split()[1] for line in run.reports if line.startswith("loose ") and line.split()[2] != "-6"]:
        raise Wrong(f"{loose[0]} was accepted although its loads have no guards", look="what verify_word() says of loads")


@check(points=3, step="5.3", needs=("modules",), boots=replace(MODULES, of="modules"),
       hint="where the address that an access needs is near what r10 is the address of, by the state that guard() is given, no guard is "
       "needed, and another immediate may be; calls, and nothing else, make r10 unknown")
def test_shared(run):
    """Guards are shared: over the nine modules the geometric mean is at most 37 % more than the compiler's own code."""
    counts = counted(run)
    more = {name: safe / plain for name, (_, plain, safe) in counts.items()}
    mean = math.exp(sum(map(math.log, more.values())) / len(more))
    if mean > SHARED:
        raise Wrong("guards cost too much", expected=f"{100 * SHARED - 100:.0f} % more at most, in the geometric mean",
                    got=[f"{100 * mean - 100:.1f} % more", *(f"{name}: {100 * by - 100:.1f} % more" for name, by in more.items())])
