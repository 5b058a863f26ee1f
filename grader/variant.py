"""`make variant KEY=...`: a term of its own, in which neither the published solution nor last term's gets full marks.

What varies are *points*: conventions that a student's code has to know by itself, as a baud rate or which bit remembers
a right; never what a macro of a header would hand to an old solution unchanged. labs/N-name/variants.toml lists them:

    [baud]
    why = "what it is, and why an old solution is wrong with another"
    check = "uart-init"                         the first check that finds an old solution
    choices = [{ baud = "115200" }, { baud = "57600" }]          the first is the published one
    places = [{ file = "solutions/1-boot/uart.c", text = "clock_hz * 8 / @baud@" }]

A place is where it is written: the text, with the words of the choice that holds now in the place of @names@, has to be
in its file exactly once (or `times`), and becomes what it is with another's. Mutants are patches against solutions/, so
they follow by themselves. Which choice holds now the places say; a key, which is nobody's but the instructor's, decides
which comes next: another one, and as long as there is a third, not the published one.

The work tree is changed, where everything is committed; git takes it back, or keeps it on the term's branch.
"""
import difflib
import hashlib
import hmac
import re
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping

from grader import docs, labs, starter, trees
from grader.errors import GraderError, Usage
from grader.paths import ROOT

FILE = "variants.toml"
LONG = 12       # characters that a key has at least


@dataclass(frozen=True)
class Place:
    file: str       # from the root
    text: str       # with @names@
    times: int = 1  # how often it is there

    def filled(self, words: dict[str, str]) -> str:
        """The text with a choice's words."""
        return re.sub(r"@(\w+)@", lambda name: words[name[1]], self.text)


@dataclass(frozen=True, eq=False)
class Point:
    lab: str                            # "1-boot"
    name: str                           # "baud"
    why: str
    check: str                          # what finds an old solution
    choices: tuple[dict[str, str], ...]
    places: tuple[Place, ...]

    def present(self, root: Path = ROOT, instead: Mapping[str, str] = {}) -> int:
        """Which choice holds in the tree, some files being others `instead`; GraderError names one in which none does."""
        texts = {place.file: instead.get(place.file) or _read(root, place.file) for place in self.places}
        wrong = [[place for place in self.places if texts[place.file].count(place.filled(words)) != place.times]
                 for words in self.choices]
        if [] in wrong:
            return wrong.index([])
        nearest = min(range(len(wrong)), key=lambda choice: len(wrong[choice]))
        place = wrong[nearest][0]
        text = place.filled(self.choices[nearest])
        raise GraderError(f"labs/{self.lab}/{FILE}, {self.name}: {place.file} has {text!r} "
                          f"{texts[place.file].count(text)} times, and it has to be {place.times}")

    def drawn(self, key: str, present: int) -> int:
        """The choice that a key draws where `present` holds."""
        others = [choice for choice in range(len(self.choices)) if choice != present]
        others = [choice for choice in others if choice != 0] or others
        digest = hmac.digest(key.encode(), f"{self.lab}/{self.name}".encode(), hashlib.sha256)
        return others[int.from_bytes(digest) % len(others)]


def configure(parser) -> None:
    parser.add_argument("--key", default="", help="the term's key: any words, kept secret; the same key draws the same")


def main(args) -> int:
    """Make the work tree the key's variant, and say what has changed; 0."""
    if len(args.key) < LONG:
        raise Usage(f"which key? KEY=, with {LONG} characters or more that nobody guesses: openssl rand -hex 16")
    starter.committed(ROOT, "variant")
    every = points(ROOT)
    drawn = {point: point.drawn(args.key, point.present(ROOT)) for point in every}
    written = apply(drawn, ROOT)
    for point, choice in drawn.items():
        words = ", ".join(f"{name} {word!r}" for name, word in list(point.choices[choice].items())[:2])
        print(f"{point.lab:<12}  {point.name:<8}  {words}    old solutions fail {point.check}")
    print(f"\n{written} files are written: git diff shows them, git checkout . takes them back. Next: make handouts "
          "TRANSCRIPTS=1,\nmake test, and a commit on the term's branch.")
    return 0


def points(root: Path = ROOT) -> list[Point]:
    """Every lab's points; GraderError says what is wrong with one."""
    found = []
    for lab in labs.every(root):
        path = root / lab.folder / FILE
        for name, said in tomllib.loads(path.read_text("utf-8")).items() if path.exists() else ():
            try:
                point = Point(lab.name, name, said["why"], said["check"], tuple(said["choices"]),
                              tuple(Place(**place) for place in said["places"]))
                if len({tuple(place.filled(words) for place in point.places) for words in point.choices}) < 2:
                    raise GraderError(f"{lab.folder}/{FILE}, {name}: choices has to have two that differ")
            except (KeyError, TypeError) as error:
                raise GraderError(f"{lab.folder}/{FILE}, {name}: there is something wrong with {error}") from None
            found.append(point)
    return found


def apply(chosen: dict[Point, int], root: Path = ROOT) -> int:
    """Make the tree what is chosen: what is written by hand, mutants, starter/, pages. How many files were written."""
    new: dict[str, str] = {}
    swaps: dict[str, dict[str, str]] = {}       # of each file: what becomes what
    for point, choice in chosen.items():
        now = point.choices[point.present(root)]
        for place in point.places:
            swaps.setdefault(place.file, {})[place.filled(now)] = place.filled(point.choices[choice])
    for file, texts in swaps.items():
        new[file] = _swapped(_read(root, file), texts)
    for point, choice in chosen.items():
        if point.present(root, new) != choice:
            raise GraderError(f"labs/{point.lab}/{FILE}, {point.name}: two choices are alike, or two places overlap")
    for lab in labs.every(root):
        for path in sorted((root / lab.folder / "mutants").glob("*.patch")):
            new[path.relative_to(root).as_posix()] = _mutant(path, new, swaps, root)
    new = {file: text for file, text in new.items() if text != _read(root, file)}
    for file, text in new.items():
        (root / file).write_text(text, "utf-8")
    written = len(new) + len(starter.regenerate(root=root).written)
    return written + sum(docs.update(page, root) > 0 for page in docs.pages(root))


def _read(root: Path, file: str) -> str:
    try:
        return (root / file).read_text("utf-8")
    except OSError as error:
        raise GraderError(f"{FILE} names {file}: {error.strerror}") from None


def _swapped(text: str, texts: dict[str, str]) -> str:
    """All at once, so that two may change places; the longest first, where one begins as another does."""
    old = "|".join(map(re.escape, sorted(texts, key=len, reverse=True)))
    return re.sub(old, lambda found: texts[found[0]], text) if old else text


def _mutant(path: Path, new: dict[str, str], swaps: dict[str, dict[str, str]], root: Path) -> str:
    """A mutant's file with its patch made anew, where it is against a solution that changes; else as it is."""
    name, lab = path.relative_to(root).as_posix(), path.parts[-3]
    text = new.get(name, _read(root, name))
    head, _, patch = text.partition("\n\n")
    files = re.findall(r"(?m)^--- a/(.+)$", patch)
    sources = {file: f"solutions/{lab}/{file}" for file in files}
    if not swaps.keys() & {*sources.values()}:
        return text
    with tempfile.TemporaryDirectory() as folder:
        for file, source in sources.items():
            (Path(folder) / file).parent.mkdir(parents=True, exist_ok=True)
            (Path(folder) / file).write_text(_read(root, source), "utf-8")
        if why := trees.apply(patch, Path(folder)):
            raise GraderError(f"{name} does not apply to the solution: {why}")
        made = "".join("".join(difflib.unified_diff(
            new.get(source, _read(root, source)).splitlines(True),
            _swapped((Path(folder) / file).read_text("utf-8"), swaps.get(source, {})).splitlines(True),
            f"a/{file}", f"b/{file}")) for file, source in sources.items())
    if not made:
        raise GraderError(f"{name}: in this variant it is no mistake")
    return f"{head}\n\n{made}"
