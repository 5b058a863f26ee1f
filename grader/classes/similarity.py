"""Who may have copied: a first look, by Debian's similarity-tester (sim_c), at what students added to the starter.

Lines that the starter has, or that are the same in many submissions, say nothing and are left out. What remains is for
a person to read: a number is no proof.
"""
import collections
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from grader import labs
from grader.paths import ROOT

TOOL = "sim_c"
LEAST = 70              # percent of the shorter of two that has to be in the other
COMMON = 0.25           # of the submissions: a line that more of them have is nobody's own


def missing() -> str:
    """Why nothing can be compared here; "" where it can."""
    return "" if shutil.which(TOOL) else "similarity-tester is not installed (Debian's package similarity-tester)"


def pairs(handed: dict[str, dict[str, bytes]], lab: labs.Lab) -> list[tuple[int, str, str]]:
    """(percent, one, other) of submissions (name -> files) that are alike, the most alike first; a name may be
    anything. Those that are the same to the byte are the caller's to know."""
    given: set[str] = set()
    for path in (ROOT / "starter" / lab.name / name for name in lab.files):
        given.update(_lines(path.read_bytes()) if path.is_file() else ())
    lines = {name: [line for file in sorted(files) for line in _lines(files[file])] for name, files in handed.items()}
    often = collections.Counter(line for own in lines.values() for line in set(own))
    most = max(3, COMMON * len(handed))
    names = sorted(handed)
    with tempfile.TemporaryDirectory(prefix="exolab-") as scratch:
        for index, name in enumerate(names):
            own = [line for line in lines[name] if line not in given and often[line] <= most]
            (Path(scratch) / f"{index:05}").write_text("\n".join(own) + "\n", "utf-8")
        done = subprocess.run([TOOL, "-p", "-a", "-r", "16", "-t", str(LEAST), "-i"], cwd=scratch, capture_output=True,
                              text=True, input="\n".join(f"{index:05}" for index in range(len(names))) + "\n")
    found: dict[tuple[str, str], int] = {}
    for one, percent, other in re.findall(r"(?m)^(\d{5}) consists for (\d+) % of (\d{5}) material", done.stdout):
        pair = tuple(sorted((names[int(one)], names[int(other)])))
        found[pair] = max(found.get(pair, 0), int(percent))
    return sorted(((percent, *pair) for pair, percent in found.items()), key=lambda row: (-row[0], row[1:]))


def _lines(data: bytes) -> list[str]:
    """A file's lines without white space and comments, those with something in them."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", data.decode("utf-8", "replace"), flags=re.S)
    return [line for line in (" ".join(line.split()) for line in text.split("\n")) if len(line) > 3]
