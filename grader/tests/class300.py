"""A class of students that nobody taught: submissions made of the reference by known mistakes and harmless changes.

`python3 -m grader.tests.class300 DIR [COUNT]` makes them; grading 300 of lab 1 takes at most ten minutes on two cores.
"""
import io
import random
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from grader import generate, labs, mutants
from grader.paths import ROOT

KINDS = ("folder", "zip", "tar.gz", "git")


def make(folder: Path, count: int, lab: labs.Lab, seed: int = 1) -> None:
    """`count` submissions of a lab below `folder`, in every kind in which one may come; the same seed, the same ones."""
    draw = random.Random(seed)
    trees = [mutants.make(mutant) / lab.name for mutant in mutants.every(lab)] + [ROOT / "solutions" / lab.name] * 8
    pristine = {name: made.data for name, made in generate.lab_files(ROOT / "solutions" / lab.name).items()}
    for number in range(count):
        tree = draw.choice(trees)
        files = {name: (tree / name).read_bytes() for name in lab.files}
        for name in draw.sample(lab.files, draw.choice((0, 0, 0, 1))):      # somebody has not come so far
            files[name] = next(data for path, data in pristine.items() if path.endswith(name))
        files = {name: _own(data, number, draw) for name, data in files.items()}
        write(folder, f"student-{number:03}", KINDS[number % len(KINDS)], lab, files)


def _own(data: bytes, number: int, draw: random.Random) -> bytes:
    """The same program in another hand: a comment, a blank line somewhere between two functions."""
    if draw.random() < 0.2:
        return data
    text = data.decode()
    gaps = [match.end() for match in re.finditer(r"\n\n", text)]
    at = draw.choice(gaps) if gaps else len(text)
    return (text[:at] + f"// {draw.choice(('mine', 'as the handout says', 'step by step'))}, {number % 97}\n\n" + text[at:]).encode()


def write(folder: Path, student: str, kind: str, lab: labs.Lab, files: dict[str, bytes]) -> Path:
    """One submission: a folder, .zip, .tar.gz, or a git repository with all of it committed. The path of it."""
    place = folder / student
    if kind in ("folder", "git"):
        for name, data in files.items():
            path = place / "starter" / lab.name / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        if kind == "git":
            for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "done"]):
                subprocess.run(["git", "-c", "user.name=s", "-c", "user.email=s@localhost", *words], cwd=place, check=True)
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    path = place.with_name(f"{student}.{kind}")
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in files.items():
                archive.writestr(f"{lab.name}/{name}", data)
    else:
        with tarfile.open(path, "w:gz") as archive:
            for name, data in files.items():
                entry = tarfile.TarInfo(f"{lab.name}/{name}")
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))
    return path


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 300, labs.find("1"))
