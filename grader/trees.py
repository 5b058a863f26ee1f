"""Trees that are the solutions of a lab with a change: a mutant's, and the reference of a challenge.

A challenge ("Go further" in a handout) that has one has it in solutions/N-name/challenges/NAME: change.patch against the
lab's files (a/compile.c) and to those that the lab brings with it (a/kernel/jit/jit.c), and new files beside it, of which
those in C and assembly are linked, too. The path of that folder is a tree: SRC=solutions/6-jit/challenges/ranges.
"""
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from grader import generate, labs
from grader.errors import GraderError, Usage
from grader.paths import ROOT


def challenges(lab: labs.Lab, root: Path = ROOT) -> list[str]:
    """The trees of a lab's challenges, by name: "solutions/6-jit/challenges/ranges"."""
    found = sorted((root / labs.REFERENCE / lab.name / labs.CHALLENGES).glob(f"*/{labs.CHANGE}"))
    return [path.parent.relative_to(root).as_posix() for path in found]


def challenge(lab: labs.Lab, src: str, root: Path = ROOT) -> labs.Lab:
    """Make the tree of a challenge where Kernel.place() has it; the lab, with the files that are linked then. Usage if it is another
    lab's, GraderError if its change does not apply."""
    folder = (root / src).absolute()
    if folder.parts[-3:-1] != (lab.name, labs.CHALLENGES):
        raise Usage(f"SRC={src}: that is no challenge of {lab.name}; {', '.join(challenges(lab, root)) or 'it has none'}")
    own = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != labs.CHANGE)
    new = {path.relative_to(folder).as_posix(): path.read_bytes() for path in own}
    given = {name: (root / name).read_bytes() for name in lab.given}
    here = labs.made(lab, src, root)
    make(here, root / labs.REFERENCE / lab.name, (folder / labs.CHANGE).read_text("utf-8"), new, given)
    changed = tuple(name for name in given if (here / name).is_file())
    linked = tuple(name for name in new if name.endswith((".c", ".S")))
    return replace(lab, kernel=lab.kernel + changed + linked, given=tuple(name for name in lab.given if name not in changed))


def make(here: Path, solution: Path, patch: str, new: Mapping[str, bytes] = {}, given: Mapping[str, bytes] = {}) -> None:
    """Make the folder `here` a lab's solution with a patch applied and with `new` files, by name; of those `given` has those that the
    patch changes. A file that is there already and the same is left alone, so that nothing is compiled twice. GraderError if the patch
    does not apply, or changes nothing."""
    here.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=here.parent, prefix=".new-") as scratch:
        made = Path(scratch) / "made"
        shutil.copytree(solution, made, ignore=shutil.ignore_patterns(labs.CHALLENGES))
        for name, data in given.items():
            generate.put(made / name, generate.Made(data))
        before = _contents(made)
        why = apply(patch, made)
        wanted = _contents(made)
        if why or wanted == before:
            raise GraderError(f"the change of {here.parent.name} does not apply to the solution of {here.name}: "
                              f"{why or 'it changes nothing'}")
    if twice := ", ".join(sorted(wanted.keys() & new.keys())):
        raise GraderError(f"{here.parent.name}, {here.name}: {twice} is there already: change it")
    wanted = {name: data for name, data in wanted.items() if given.get(name) != data} | dict(new)
    for name in _contents(here).keys() - wanted.keys():
        (here / name).unlink()
    for name, data in wanted.items():
        generate.put(here / name, generate.Made(data))


def apply(patch: str, folder: Path) -> str:
    """Apply a patch to the files of a folder; "", or why it cannot be, and nothing has changed."""
    # Below an ignored folder of a repository git quietly does nothing, so it must not see one.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    environment |= {"GIT_CEILING_DIRECTORIES": str(folder.resolve().parent), "LC_ALL": "C"}
    done = subprocess.run(["git", "apply", "-p1", "--whitespace=nowarn", "-"], cwd=folder, input=patch, text=True,
                          capture_output=True, env=environment)
    return (done.stderr.strip().splitlines() or ["git does not say why"])[0].removeprefix("error: ") \
        if done.returncode else ""


def _contents(folder: Path) -> dict[str, bytes]:
    """Each file of a folder, by its path below it."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
