"""What lab 5's verifier accepts, run: random words and good modules with words exchanged, between canaries (escape/escape.c)."""
import os
import struct
import zlib

import pytest

from grader import engine, labs, params
from grader.paths import BUILD, ROOT
from grader.tests.test_kernel import make

PAYLOAD = "grader/tests/escape/escape.c"
TICKS = 3_000, 20_000               # how long a module of random words, and a good one, may run
COUNTS = tuple(map(int, os.environ.get("EXOLAB_ESCAPES", "400,100").split(",")))      # modules of each; make soak asks for more


def escapes(name, seed, counts, verify=None):
    """The last boot's reports; `verify`: what stands in place of verify.c."""
    kernel, build = labs.compose(labs.find("5-sfi"), "solutions"), BUILD / "tests/escape" / name
    build.mkdir(parents=True, exist_ok=True)
    ours = [str(verify) if verify and file.name == "verify.c" else str(file) for file in kernel.linked]
    make(build, ours, [PAYLOAD], "GIVEN=" + " ".join(map(str, kernel.given)),
         "HOST=" + " ".join(map(str, kernel.host)), "USER=")
    boot = engine.Boot("escape", input=struct.pack("<4I", *counts, *TICKS), budget=4_000_000 * sum(counts) + 50_000_000)
    done, = engine.run_many([engine.Job(boot, build / "out/escape.elf", seed, params.nonce(seed))])
    assert isinstance(done, engine.Run) and done.error is None, done
    return done


def test_nothing_that_is_accepted_escapes():
    done = escapes("reference", int(os.environ.get("EXOLAB_ESCAPES_SEED", "1")), COUNTS)
    assert done.end == "power-off" and done.reports[-1:] == ["end"], done.serial[-2000:]
    assert not [line for line in done.reports if line.startswith("escape ")], "\n".join(done.reports)
    words = done.reports[-2].split()
    told = dict(zip(words[::2], map(int, words[1::2])))
    assert told["modules"] == sum(COUNTS) and told["words"] > 90 * COUNTS[0] and told["escaped"] == 0
    calls = told["returned"] + told["faulted"] + told["timed"]
    assert min(told["returned"], told["faulted"], told["timed"]) > calls // 50, told


@pytest.mark.parametrize("old, new", [
    ("return UNLESS(RN == 10 ?", "return UNLESS(RN != 10 && RN != SP ? before && !back : RN == 10 ?"),
    ("WRITES(9) | WRITES(10) | WRITES(SP)", "WRITES(9) | WRITES(SP)"),
    ("WRITES(9) | WRITES(10) | WRITES(SP)", "WRITES(9) | WRITES(10)"),
    ("IS(0x0fffffff, BX_R9)", "IS(0x0ffffff0, BX_R9 & ~15)"),
])
def test_what_a_wrong_verifier_accepts_does(old, new):
    """Stores through any register, r10 or sp written by anything, a jump to any: the kernel breaks, or is told of."""
    source = (ROOT / "solutions/5-sfi/verify.c").read_text()
    assert old in source
    name = f"wrong-{zlib.crc32((old + new).encode()):x}"         # tests run side by side
    wrong = BUILD / "tests/escape" / name / "verify.c"
    wrong.parent.mkdir(parents=True, exist_ok=True)
    wrong.write_text(source.replace(old, new))
    done = escapes(name, 1, (300, 0), wrong.relative_to(ROOT))
    assert done.end != "power-off" or done.reports[-1:] != ["end"] or any(line.startswith("escape ") for line in done.reports)
