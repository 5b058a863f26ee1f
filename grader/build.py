"""Kernels from files: calls make on kernel/lab.mk, and tells a student's compile error from the grader's own trouble.

What is built stays below BUILD and is made anew only when a source changed; of two builds at a time one waits.
"""
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterable

from grader import labs
from grader.errors import GraderError
from grader.paths import BUILD, ROOT

MAKEFILE = "kernel/lab.mk"
TOOLS = ("make", "arm-none-eabi-gcc")
PASSED_ON = ("PATH", "TMPDIR", "OPT", "WERROR")     # of the environment, to make

# What a tool says when it was stopped, and by no fault in the files.
STOPPED = {
    "No space left on device": "the disk is full",
    "Cannot allocate memory": "there is not memory enough to compile",
    "Killed signal": "the compiler was killed",
    "internal compiler error": "the compiler broke",
    "cannot execute": "the compiler is not whole",
    "Permission denied": "a file cannot be read or written",
}


@dataclass(frozen=True)
class Built:
    """What became of a lab's payloads: each is in exactly one of the two."""
    elfs: dict[str, Path]                                       # payload -> kernel
    failed: dict[str, str] = field(default_factory=dict)        # payload -> what the tools said


def payload_source(lab: labs.Lab, payload: str) -> Path:
    """The C file of a payload, relative to the root: a check's, or a program of the lab itself, as `demo`."""
    for path in (Path(lab.folder) / "checks" / f"{payload}.c", Path(lab.folder) / f"{payload}.c"):
        if (ROOT / path).is_file():
            return path
    raise GraderError(f"{lab.folder}/checks/{payload}.c: no such payload")


def folder(kernel: labs.Kernel) -> Path:
    """Where the kernels of this composition are put: one folder for each list of files."""
    files = hashlib.sha256("\n".join(map(str, kernel.files)).encode()).hexdigest()
    return BUILD / "kernels" / kernel.lab.name / f"{kernel.tree.parent.name}-{files[:8]}"


def build(kernel: labs.Kernel, payloads: Iterable[str]) -> Built:
    """Build the kernel with each of the payloads (names), all in one make.

    GraderError if a tool is missing or dies, the disk is full, or what does not compile is not the student's.
    """
    payloads = list(dict.fromkeys(payloads))
    sources = {payload: payload_source(kernel.lab, payload) for payload in payloads}
    need_tools(TOOLS)
    if lost := [file for file in kernel.files if not (ROOT / file).is_file()]:
        return Built({}, dict.fromkeys(payloads, f"{lost[0]}: this file is missing"))
    with _alone():
        make = _Make(kernel, sources)
        done = make.run()
        if done.returncode:
            return make.explain(done)
    print(done.stderr, end="", file=sys.stderr)     # warnings, of what was compiled just now
    return Built({payload: make.out / f"{payload}.elf" for payload in payloads})


class _Make:
    """One call of make for a kernel: the command, and what its failure means."""

    def __init__(self, kernel: labs.Kernel, sources: dict[str, Path]):
        self.kernel, self.sources, self.out = kernel, sources, folder(kernel)
        self.command = ["make", "--no-print-directory", "-rRskO", f"-j{os.cpu_count() or 1}", "-f", MAKEFILE,
                        f"BUILD={_relative(BUILD)}", f"OUT={_relative(self.out)}",
                        "FILES=" + " ".join(map(str, kernel.files)), "PAYLOADS=" + " ".join(map(str, sources.values()))]

    def run(self, *targets: str) -> subprocess.CompletedProcess:
        # Nothing of the caller's that could change what is compiled; messages in English, for they are read here.
        environment = {key: os.environ[key] for key in PASSED_ON if key in os.environ}
        done = subprocess.run([*self.command, *targets], cwd=ROOT, env=environment | {"LC_ALL": "C"}, text=True,
                              errors="replace", stdin=subprocess.DEVNULL, capture_output=True)
        # Lines that quote the student's files, whatever these say.
        theirs = (" ", *(f"{file.parent}/" for file in self.kernel.files))
        for line in done.stderr.splitlines():
            for sign, words in STOPPED.items():
                if sign in line and not line.startswith(theirs):
                    raise GraderError(f"{words}: {line.strip()}")
        return done

    def explain(self, done: subprocess.CompletedProcess) -> Built:
        """Whose error is it? Each target that failed is made once more, alone, so that its own messages stand alone."""
        said = {target: self._said(target) for target in re.findall(r"\*\*\* \[[^\]]*?: ([^\]:]+)\] ", done.stderr)}
        if not said:
            raise GraderError(f"make could not build the kernel: {_telling(done.stderr)}")
        elfs = {_relative(self.out / f"{payload}.elf"): payload for payload in self.sources}
        students = tuple(f"/{file}.o" for file in self.kernel.files)
        for target, text in said.items():
            if target not in elfs and not target.endswith(students):
                raise GraderError(f"a file that is not the student's does not compile: {_telling(text)}")
        if messages := [text for target, text in said.items() if target not in elfs]:
            return Built({}, dict.fromkeys(self.sources, "\n".join(messages)))
        failed = {elfs[target]: text for target, text in said.items()}
        self._blame(failed)
        linked = [payload for payload in self.sources if payload not in failed]
        return Built({payload: self.out / f"{payload}.elf" for payload in linked}, failed)

    def _said(self, target: str) -> str:
        done = self.run(target)
        if not re.search(r"(?m)\] Error 1$", done.stderr):
            raise GraderError(f"something stopped the compiler; try again ({_telling(done.stderr) or 'it works now'})")
        said = re.sub(r"(?m)^make: .*\n?", "", done.stderr).strip("\n")
        return re.sub(r"(?m)^\S*/\S*\bld(\.bfd)?: ", "ld: ", said).replace(f"{BUILD}/", "build/")

    def _blame(self, failed: dict[str, str]) -> None:
        """A payload that does not link with the solutions either is no fault of the student's."""
        if self.kernel.src == "solutions" or not (ROOT / "solutions" / self.kernel.lab.name).is_dir():
            return
        reference = labs.compose(self.kernel.lab, "solutions")
        if _Make(reference, {payload: self.sources[payload] for payload in failed}).run().returncode != 0:
            raise GraderError(f"{self.sources[next(iter(failed))]} does not link with the solutions either: "
                              + _telling(next(iter(failed.values()))))


def need_tools(tools: Iterable[str]) -> None:
    """GraderError, naming it, if a program is not found."""
    for tool in tools:
        if shutil.which(tool) is None:
            raise GraderError(f"{tool} is not installed: `make doctor` tells how to get it")


@contextmanager
def _alone():
    """One build at a time."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with open(BUILD / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _relative(path: Path) -> str:
    """As make is to see it: relative to the root where it lies below it."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def _telling(text: str) -> str:
    """The line that says most of a tool's output."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for sign in ("No space left", "undefined reference", "multiple definition", "error: ", "***"):
        for line in lines:
            if sign in line:
                return line
    return lines[-1] if lines else ""


# The verb `build`, for maintainers and scripts.

def configure(parser) -> None:
    parser.add_argument("lab", nargs="?", default="", help="1, boot or 1-boot")
    parser.add_argument("payloads", nargs="*", metavar="payload",
                        help="as `bss` or `demo`; all of the lab's checks if none is named")
    parser.add_argument("--src", default="starter", help="whose lab: starter (default), solutions, or a tree's path")
    parser.add_argument("--prior", action="append", default=[], metavar="TREE", help="whose earlier labs")


def main(args) -> int:
    """Print where each kernel is; 1, behind the compiler's messages, if one does not build."""
    lab = labs.find(args.lab)
    payloads = args.payloads or sorted(path.stem for path in (ROOT / lab.folder / "checks").glob("*.c"))
    built = build(labs.compose(lab, args.src, labs.priors(args.prior)), payloads)
    for said in dict.fromkeys(built.failed.values()):
        print(said, file=sys.stderr)
    for elf in built.elfs.values():
        print(_relative(elf))
    return 1 if built.failed else 0
