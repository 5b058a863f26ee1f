"""Builds sweep.c with a tree's verifier and runs it: every word there is, in each context; or some, with --quick."""
import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from grader.errors import GraderError
from grader.paths import ROOT
from grader.sfi import oracles

COMPILE = ("cc", "-O2", "-flto", "-std=gnu11", "-Wall", "-Wextra", "-DEXO_HOST", "-Ikernel/include",
           "-Ilabs/5-sfi/checks", "grader/sfi/sweep.c")


def sweep(verifier: Path, *arguments: str) -> tuple[bool, str]:
    """Whether this verify.c is as the table says, and in words: counts, the first that are judged otherwise."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "sweep")
        done = subprocess.run([*COMPILE, verifier, "-o", program], cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            raise GraderError(f"{verifier} does not compile on the host: {done.stderr.strip().splitlines()[-1]}")
        done = subprocess.run([program, *arguments], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise GraderError(f"the sweep ended by itself: {(done.stderr or done.stdout).strip()}")
    return done.returncode == 0, re.sub(r"^  (0x[0-9a-f]{8})", _disassembled, done.stdout, flags=re.M)


def _disassembled(match: re.Match) -> str:
    return f"{match[0]}, {oracles.objdump([int(match[1], 0)])[0].text or 'undefined'},"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m grader.sfi.sweep",
                                     description="a verifier against the mask table")
    parser.add_argument("--src", default="solutions", help="whose: solutions (default), starter, or a tree")
    parser.add_argument("--quick", metavar="SEED", help="300,000 words, and not all")
    args = parser.parse_args(arguments)
    good, text = sweep(ROOT / args.src / "5-sfi/verify.c", *(("--quick", args.quick) if args.quick else ()))
    print(text, end="")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
