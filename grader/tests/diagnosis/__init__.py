"""The kernel of this folder, which breaks in the way that its input names, built on the reference's first lab."""
import fcntl
import functools
import os
import subprocess
from pathlib import Path

from grader import checks, engine, explain, labs, params
from grader.paths import BUILD, ROOT

HERE = Path(__file__).parent.relative_to(ROOT)
KERNEL = labs.Kernel(labs.read(ROOT / "labs/1-boot"), "solutions", ())
BUDGET = 200_000            # instructions: each way is broken by then


@functools.cache
def elf() -> Path:
    build = BUILD / "tests/diagnosis"
    build.mkdir(parents=True, exist_ok=True)
    files = " ".join(f"solutions/1-boot/{name}" for name in KERNEL.lab.kernel)
    with open(build / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run(["make", "-srRj2", "-f", "kernel/lab.mk", f"BUILD={build}", f"OUT={build}/out", "WERROR=1",
                        f"FILES={files}", f"PAYLOADS={HERE}/broken.c"], cwd=ROOT, check=True, capture_output=True,
                       env={"PATH": os.environ["PATH"], "LC_ALL": "C"})
    return build / "out/broken.elf"


@functools.cache
def broken(way: str, **boot) -> checks.Run:
    """What came of breaking it so."""
    found = engine.run(engine.Boot("broken", input=way.encode() + b"\0", **{"budget": BUDGET} | boot), elf(), seed=1,
                       nonce=params.nonce(1))
    return checks.Run.of(found)


@functools.cache
def told(way: str) -> tuple[str, dict[str, list[str]]]:
    """What explain.closer() says of it: the detail; and of each section heading -> lines."""
    detail, sections = explain.closer(broken(way), KERNEL, ("return",))
    return detail, {section.heading: [line.text for line in section.lines] for section in sections}


def line(text: str, file: str = "broken.c") -> str:
    """The place, as reports name it, of the one line of a file here that has `text` in it."""
    found = [n for n, said in enumerate((ROOT / HERE / file).read_text().splitlines(), 1) if text in said]
    assert len(found) == 1, (text, found)
    return f"{HERE}/{file}:{found[0]}"
