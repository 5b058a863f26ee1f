"""A class of students that nobody taught: submissions made of the reference by known mistakes and harmless changes.

`python3 -m grader.tests.class300 DIR [COUNT]` makes them; grading 300 of lab 1 takes at most ten minutes on two cores.
What each has to come to is known: with a gradebook.csv in the place of DIR, it is compared with that.
"""
import csv
import io
import random
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from grader import generate, labs, mutants
from grader.paths import ROOT

KINDS = ("folder", "zip", "tar.gz", "git")


def make(folder: Path, count: int, lab: labs.Lab, seed: int = 1) -> dict[str, str | None]:
    """`count` submissions of a lab below `folder`, in every kind in which one may come; the same seed, the same ones.

    Returns, by student, the check that has to fail first: "" if none has, None where a file is the untouched starter's,
    so that something does, but another check may be the first.
    """
    draw = random.Random(seed)
    trees = [(mutants.make(mutant) / lab.name, mutant.kills) for mutant in mutants.every(lab)]
    trees += [(ROOT / "solutions" / lab.name, "")] * 8
    pristine = {name: made.data for name, made in generate.lab_files(ROOT / "solutions" / lab.name).items()}
    known = {}
    for number in range(count):
        tree, kills = draw.choice(trees)
        files = {name: (tree / name).read_bytes() for name in lab.files}
        for name in draw.sample(lab.files, draw.choice((0, 0, 0, 1))):      # somebody has not come so far
            untouched = next(data for path, data in pristine.items() if path.endswith(name))
            kills = kills if files[name] == untouched else None     # a file that has no steps is the reference's
            files[name] = untouched
        files = {name: _own(data, number, draw) for name, data in files.items()}
        student = f"student-{number:03}"
        write(folder, student, KINDS[number % len(KINDS)], lab, files)
        known[student] = kills
    return known


def wrong(known: dict[str, str | None], gradebook: Path) -> list[str]:
    """In which lines a gradebook says something else than is known of the class; a sentence each."""
    with open(gradebook, newline="", encoding="utf-8") as stream:
        lines = {line["student"]: line for line in csv.DictReader(stream)}
    found = [f"{student}: not the class's" for student in lines.keys() ^ known.keys()]
    for student, line in lines.items():
        columns = list(line)
        checks = columns[columns.index("submission") + 1:columns.index("notes")]
        full = line["score"] == line["points"]
        failed = [name for name in checks if line[name] == "0"]
        if not line["score"] or (known.get(student) == "") != full:
            found.append(f"{student}: {line['score'] or 'no score'} of {line['points']}")
        elif known.get(student) and failed[:1] != [known[student]]:
            found.append(f"{student}: {failed[0]} fails first, and it has to be {known[student]}")
    return found


def _own(data: bytes, number: int, draw: random.Random) -> bytes:
    """The same program in another hand: a comment, a blank line somewhere between two functions."""
    if draw.random() < 0.2:
        return data
    text = data.decode()
    gaps = [match.end() for match in re.finditer(r"\n\n", text)]
    at = draw.choice(gaps) if gaps else len(text)
    words = draw.choice(("mine", "as the handout says", "step by step"))
    return (text[:at] + f"// {words}, {number % 97}\n\n" + text[at:]).encode()


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
                subprocess.run(["git", "-c", "user.name=s", "-c", "user.email=s@localhost", *words], cwd=place,
                               check=True)
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
    place, number = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 300
    with tempfile.TemporaryDirectory() as scratch:
        expected = make(Path(scratch) if place.suffix == ".csv" else place, number, labs.find("1"))
    if place.suffix == ".csv":
        print("\n".join(wrong(expected, place)) or f"{number} students, each as it has to be")
