"""Assembles the tiny kernels beside this file; each stands alone and is entered at its `_start` in RAM, in SVC mode."""
import functools
import subprocess
from pathlib import Path

from grader import engine, params, paths

BASE = 0x40010000
NONCE = 0x0123456789abcdef


@functools.cache
def elf(name: str, *options: str) -> Path:
    """The ELF of NAME.S, built with further options for the assembler ("-DX=1")."""
    out = paths.BUILD / "tests" / "kernels" / f"{'_'.join((name, *options)).replace('/', '_')}.elf"
    out.parent.mkdir(parents=True, exist_ok=True)
    source = Path(__file__).with_name(f"{name}.S")
    unfinished = out.with_suffix(f".{id(out)}")
    subprocess.run(["arm-none-eabi-gcc", "-g", "-mcpu=cortex-a7", "-nostdlib", f"-Wl,-Ttext={BASE:#x}", *options,
                    "-o", unfinished, source.relative_to(paths.ROOT)], check=True, cwd=paths.ROOT)
    unfinished.replace(out)
    return out


def boot(name: str, *options: str, seed: int = 1, **what) -> engine.Run:
    """Run one of them to its end."""
    return engine.run(engine.Boot(name, **what), elf(name, *options), seed=seed, nonce=NONCE)


def job(name: str, **what) -> engine.Job:
    """The same, for run_many."""
    return engine.Job(engine.Boot(name, **what), elf(name), 1, params.nonce(1))
