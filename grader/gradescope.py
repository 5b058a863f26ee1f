"""`make gradescope LAB=1`: the zip that Gradescope makes its autograder of, dist/gradescope-1-boot.zip.

It holds all that grading the lab needs, hidden checks and the reference included, as it stays on Gradescope's side, and
the two scripts that Gradescope calls: setup.sh once, when it builds the machine, run_autograder for each submission.
The machine has to be a Debian 12 or later, or an Ubuntu 24.04 or later (set on the assignment's page): setup.sh says so
and fails where the reference does not get full marks there. The same files make the same bytes.
"""
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

from grader import labs
from grader.paths import DIST, ROOT

NOT_NEEDED = ("__pycache__", "tests", "site", "mutants", "figures")     # folders, wherever they are
TIME = (1980, 1, 1, 0, 0, 0)    # of every file: the first that a zip can say

SETUP = """#!/bin/sh
# Gradescope runs this once, when it builds the machine: what grading needs is installed, and the reference graded.
# EXOLAB_AUTOGRADER is where tests put what Gradescope has in /autograder.
cd "${{EXOLAB_AUTOGRADER:-/autograder}}/source" || exit
sh grader/setup.sh check || exit
python=$(sh grader/setup.sh --python check) || exit
"$python" -m grader check {lab} --src solutions
"""

RUN = """#!/bin/sh
# Gradescope runs this for each submission. What it prints is for instructors; students see results/results.json. Where
# the grader could not judge, this fails and there is no score. EXOLAB_SEED=N repeats a run: inputs are drawn anew.
here=${{EXOLAB_AUTOGRADER:-/autograder}}
rm -f "$here/results/results.json"
cd "$here/source" || exit
python=$(sh grader/setup.sh --python check) || exit
"$python" -m grader check {lab} --submission "$here/submission" --seed "${{EXOLAB_SEED:-any}}" \\
	--gradescope "$here/results/results.json"
[ $? -lt 2 ]
"""


def configure(parser) -> None:
    parser.add_argument("lab", nargs="?", default="", help="1, boot or 1-boot")
    parser.add_argument("--out", metavar="FILE", help="where to write it (default: dist/gradescope-1-boot.zip)")


def main(args) -> int:
    """Write the zip and say where; 0."""
    lab = labs.find(args.lab)
    file = Path(args.out) if args.out else DIST / f"gradescope-{lab.name}.zip"
    file.parent.mkdir(parents=True, exist_ok=True)
    write(lab, file)
    print(os.path.relpath(file))
    return 0


def write(lab: labs.Lab, file: Path) -> None:
    """Write the autograder of a lab; nothing is left of a zip that could not be written whole."""
    scripts = {"setup.sh": SETUP, "run_autograder": RUN}
    new = file.with_name(file.name + ".new")
    try:
        with zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in scripts.items():
                _add(archive, name, text.format(lab=lab.name).encode(), True)
            for path in files(lab):
                _add(archive, str(path), (ROOT / path).read_bytes(), os.access(ROOT / path, os.X_OK))
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)


def files(lab: labs.Lab) -> Iterator[Path]:
    """What grading the lab needs, relative to the root, in order: of the labs, those up to this one."""
    folders = ["grader", "kernel"]
    folders += [f"{part}/{each.name}" for part in ("labs", labs.REFERENCE) for each in labs.every()
                if each.number <= lab.number]
    yield Path("Makefile")
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            path = path.relative_to(ROOT)
            if (ROOT / path).is_file() and not set(path.parts) & {*NOT_NEEDED}:
                yield path


def _add(archive: zipfile.ZipFile, name: str, data: bytes, executable: bool) -> None:
    entry = zipfile.ZipInfo(name, TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3     # Unix, so that the modes count
    entry.external_attr = (0o100755 if executable else 0o100644) << 16
    archive.writestr(entry, data)
