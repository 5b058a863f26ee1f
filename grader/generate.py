"""Makes the starter out of the solutions: one annotated source for both.

A region that the student writes stands in `solutions/` between markers, each alone in a comment of the file's own kind
(`//`, `@`, `#`, `/* */`, `<!-- -->`):

    // BEGIN SOLUTION 2.3
    ...the reference...
    // INSTEAD
    //| todo("2.3");
    // END SOLUTION

The first half is dropped, the second loses its `//| ` and keeps its indentation; without INSTEAD nothing remains. In
comments that close, each line does: `/*| . = ALIGN(8); */`; a line that opens a comment itself keeps the close:
`/*| /* TODO 2.3 */`. An id is a step of the lab's lab.toml; a step in several places has ids 2.3a, 2.3b. Whatever only
looks like a marker is an error, since a misspelt marker would hand out the solution. Files without markers are copied
byte for byte.

What is made depends on solutions/ alone. The manifest (`.generated` beside the labs' folders) lists it, each file by
the name that git gives its content; starter.py tells by it what a student has changed, and finds it again in git.
"""
import difflib
import fnmatch
import hashlib
import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grader import labs
from grader.errors import Usage
from grader.paths import ROOT

MANIFEST = ".generated"
MANIFEST_HEAD = "# What grader/generate.py wrote last: mode, git's name for the content, path. Not to be edited.\n"
SCRAP = (".*", "__pycache__", "*~", "#*#", "*.orig", "*.rej", "*.mine-[0-9]*",
         labs.CHALLENGES)  # never part of a solution

CLOSE = {"//": "", "@": "", "#": "", "/*": "*/", "<!--": "-->"}
_OPEN = r"[ \t]*(//|@|#|/\*|<!--)"
_ID = r"(\d+\.\d+[a-z]?)"
_MARKER = re.compile(_OPEN + rf"[ \t]*(?:(BEGIN) SOLUTION {_ID}|(INSTEAD)|(END) SOLUTION(?: {_ID})?)"
                     r"[ \t]*(\*/|-->|)[ \t]*")
_BAR = re.compile(r"([ \t]*)(//|@|#|/\*|<!--)\| ?(.*)")
_PAIR = re.compile(r"(?=\b([A-Za-z]{2,7})[\s_:-]*\b([A-Za-z]{6,10})\b)")
_WORD = re.compile(_OPEN + r"[ \t]*([A-Z]{5,15})\b[ \t:.]*(?:\*/|-->)?[ \t]*")
_TODO = re.compile(r"\b(?:todo\w*|TODO)\b[\s(\"']*" + _ID)


@dataclass(frozen=True)
class Region:
    """One region of a file: its id ("2.3b"), its step ("2.3"), the line of its BEGIN (from 1) and its two halves, in
    lines without newlines; `instead` as the starter has it."""
    id: str
    line: int
    open: str  # how its comments open
    solution: list[str] = field(default_factory=list)
    instead: list[str] = field(default_factory=list)

    @property
    def step(self) -> str:
        return self.id.rstrip("abcdefghijklmnopqrstuvwxyz")


@dataclass(frozen=True)
class Made:
    """A file of the starter: its bytes, and whether it may be executed."""
    data: bytes
    executable: bool = False

    @property
    def blob(self) -> str:
        return blob(self.data)


def blob(data: bytes) -> str:
    """The 40 hex digits by which git names this content."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def regions(text: str, path: str = "text") -> list[Region]:
    """The regions of an annotated text, in order. Raises Usage, with `path` and line, where its markers are wrong."""
    return _parse(text, path)[1]


def starter_text(text: str, path: str, steps: Collection[str] | None = None) -> str:
    """The starter's text for an annotated one. Raises Usage as regions() does, and for an id that is none of the lab's
    `steps` ({"2.1", "2.2"}), if they are given."""
    kept, found = _parse(text, path)
    for region in found:
        if steps is not None and region.step not in steps:
            raise _wrong(path, region.line, f"there is no step {region.step} in this lab's lab.toml")
    return "\n".join(kept)


def _parse(text: str, path: str) -> tuple[list[str], list[Region]]:
    """What remains of a text, in lines, and its regions."""
    kept: list[str] = []
    found: list[Region] = []
    region, instead = None, False
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        marker = _MARKER.fullmatch(line)
        bar = _BAR.fullmatch(line)
        word = marker and (marker[2] or marker[4] or marker[5])
        if marker and marker[7] != CLOSE[marker[1]] or not marker and _resembles(line):
            raise _wrong(path, number, "this looks like a marker and is none; a marker is BEGIN SOLUTION 2.3, "
                                       "INSTEAD or END SOLUTION, alone in a comment")
        if word == "BEGIN":
            if region:
                raise _wrong(path, number, f"BEGIN SOLUTION inside region {region.id} of line {region.line}; "
                                           "regions do not nest")
            same = next((r for r in found if r.id == marker[3]), None)
            if same:
                raise _wrong(path, number, _twice(same.id, f"line {same.line}"))
            region, instead = Region(marker[3], number, marker[1]), False
        elif word == "INSTEAD":
            if not region:
                raise _wrong(path, number, "INSTEAD outside a region")
            if instead:
                raise _wrong(path, number, f"a second INSTEAD in region {region.id} of line {region.line}")
            instead = True
        elif word == "END":
            if not region:
                raise _wrong(path, number, "END SOLUTION without a BEGIN SOLUTION")
            if marker[6] not in (None, region.id):
                raise _wrong(path, number, f"END SOLUTION {marker[6]} ends region {region.id} of line {region.line}")
            found.append(region)
            kept += region.instead
            region = None
        elif region and instead and (line or number < len(lines)):
            region.instead.append(_uncommented(line, region, path, number))
        elif bar:
            raise _wrong(path, number, f"a {bar[2]}| line outside an INSTEAD half")
        else:
            (region.solution if region else kept).append(line)
    if region:
        raise _wrong(path, region.line, f"region {region.id} has no END SOLUTION")
    return kept, found


def _uncommented(line: str, region: Region, path: str, number: int) -> str:
    """A line of an INSTEAD half as the starter has it."""
    bar, close = _BAR.fullmatch(line), CLOSE[region.open]
    if not bar or bar[2] != region.open:
        raise _wrong(path, number, f"a line in region {region.id}'s INSTEAD half does not begin with {region.open}|")
    text = bar[3]
    if close:
        text = text.rstrip()
        if not text.endswith(close):
            raise _wrong(path, number, f"this {region.open}| line does not end with {close}")
        if region.open not in text:
            text = text.removesuffix(close).rstrip()
    if _MARKER.fullmatch(text) or _BAR.fullmatch(text):
        raise _wrong(path, number, f"a marker inside the INSTEAD half of region {region.id}")
    for todo in _TODO.finditer(text):
        if todo[1] != region.step:
            raise _wrong(path, number, f"todo {todo[1]} in region {region.id}; it must name step {region.step}")
    return bar[1] + text if text else ""


def _resembles(line: str) -> bool:
    """Whether a line that is no marker looks like one."""
    def like(word: str, *wanted: str) -> bool:
        return bool(difflib.get_close_matches(word.upper(), wanted, 1, 0.75))

    word = _WORD.fullmatch(line)
    return (re.search(r"\bSOLUTION\b|(BEGIN|END)_?SOLUTION", line) is not None
            or word is not None and like(word[2], "INSTEAD")
            or any(like(b, "SOLUTION") and like(a, "BEGIN", "END") for a, b in _PAIR.findall(line)))


def _wrong(path: str, line: int, what: str) -> Usage:
    return Usage(f"{path}:{line}: {what}")


def _twice(id_: str, where: str) -> str:
    step = id_.rstrip("abcdefghijklmnopqrstuvwxyz")
    return f"region {id_} stands at {where} already; a step in several places has ids {step}a, {step}b"


def lab_steps(lab: str, root: Path = ROOT) -> list[str]:
    """The ids of the steps of a lab ("2-vm"), in order."""
    folder = root / "labs" / lab
    if not (folder / "lab.toml").exists():
        raise Usage(f"solutions/{lab}: there is no labs/{lab}/lab.toml that says its steps")
    return [step.id for step in labs.read(folder).steps]


def lab_files(lab: Path, steps: Collection[str] | None = None) -> dict[str, Made]:
    """The starter of one lab, `lab` being its folder in solutions/: {"2-vm/page.c": Made}, sorted. `steps` are those of
    its lab.toml unless given. Raises Usage, with file and line, for all that is wrong with its markers."""
    root = lab.parents[1]
    steps = lab_steps(lab.name, root) if steps is None else steps
    made: dict[str, Made] = {}
    seen: dict[str, str] = {}  # a region's id -> where it is
    for path in sorted(lab.rglob("*")):
        inside = path.relative_to(lab)
        if any(fnmatch.fnmatch(part, scrap) for part in inside.parts for scrap in SCRAP):
            continue
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            raise Usage(f"{name}: a solution is made of plain files, and this is a symbolic link")
        if not name.isprintable():
            raise Usage(f"{name!a}: this file's name cannot be printed; give it another")
        if path.is_dir():
            continue
        data = path.read_bytes()
        text = _annotated(data, name)
        if text is not None:
            for region in regions(text, name):
                if region.id in seen:
                    raise _wrong(name, region.line, _twice(region.id, seen[region.id]))
                seen[region.id] = f"{name}:{region.line}"
            data = starter_text(text, name, steps).encode()
        made[f"{lab.name}/{inside.as_posix()}"] = Made(data, os.access(path, os.X_OK))
    given = {id_.rstrip("abcdefghijklmnopqrstuvwxyz") for id_ in seen}
    for step in steps:
        if step not in given:
            raise Usage(f"labs/{lab.name}/lab.toml: step {step} has no region in solutions/{lab.name}")
    return made


def _annotated(data: bytes, name: str) -> str | None:
    """A file's text if it may have markers; None if it is copied. Markers in what is no plain text are errors."""
    marked = re.search(rb"(BEGIN|END)[ \t]+SOLUTION", data)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        if marked:
            raise _wrong(name, data.count(b"\n", 0, error.start) + 1, "a file with markers has to be UTF-8") from None
        return None
    if marked and "\r" in text:
        raise _wrong(name, text.count("\n", 0, text.index("\r")) + 1,
                     "a file with markers has to end its lines with LF alone, and here is a CR")
    return text


def course_files(root: Path = ROOT) -> dict[str, Made]:
    """The starter of every lab in root/solutions: {"1-boot/uart.c": Made}, sorted. Raises Usage as lab_files() does."""
    solutions = root / "solutions"
    if not solutions.is_dir():
        raise Usage("there is no solutions/ here to make a starter from; starter/ stands as it was released")
    folders = sorted(path for path in solutions.iterdir() if path.is_dir() and not path.name.startswith("."))
    return {path: made for folder in folders for path, made in lab_files(folder).items()}


def generate(lab: Path, out: Path, steps: Collection[str] | None = None) -> None:
    """Writes the starter of one lab (its folder in solutions/) to out/N-name. Leaves alone what is right already."""
    write(out, lab_files(lab, steps), only=lab.name + "/")


def pristine(out: Path, root: Path = ROOT) -> None:
    """Writes the whole starter to `out`, as it stands before any student. Leaves alone what is right already."""
    write(out, course_files(root))


def write(out: Path, files: Mapping[str, Made], only: str = "", leave: Collection[str] = ()) -> None:
    """Makes `out` hold `files`; removes what an earlier call wrote and `files` lacks, of paths that start with `only`.
    Paths in `leave` are neither written nor removed. The manifest then lists `files`, left or not."""
    before = read_manifest(out)
    for path in before:
        if path.startswith(only) and path not in files and path not in leave:
            (out / path).unlink(missing_ok=True)
            for folder in (out / path).parents:
                if folder == out or not folder.is_dir() or any(folder.iterdir()):
                    break
                folder.rmdir()
    for path, made in files.items():
        if path not in leave:
            put(out / path, made)
    listed = {path: entry for path, entry in before.items() if not path.startswith(only)}
    listed |= {path: (made.executable, made.blob) for path, made in files.items()}
    lines = [f"{'100755' if executable else '100644'} {name} {path}\n"
             for path, (executable, name) in sorted(listed.items())]
    put(out / MANIFEST, Made((MANIFEST_HEAD + "".join(lines)).encode()))


def put(path: Path, made: Made) -> None:
    """Writes one file, whole or not at all, unless it is like that already."""
    if not path.is_symlink() and path.is_file() and path.read_bytes() == made.data:
        if bool(path.stat().st_mode & 0o100) == made.executable:
            return
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    try:
        new.write_bytes(made.data)
        if made.executable:
            mode = new.stat().st_mode
            new.chmod(mode | (mode & 0o444) >> 2)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def read_manifest(out: Path) -> dict[str, tuple[bool, str]]:
    """What was generated last in `out`: {path: (executable, git's name for the content)}; {} where nothing was."""
    manifest = out / MANIFEST
    try:
        lines = manifest.read_text(encoding="utf-8", errors="replace").split("\n")
    except FileNotFoundError:
        return {}
    listed = {}
    for number, line in enumerate(lines, 1):
        if not line or line.startswith("#"):
            continue
        entry = re.fullmatch(r"(100644|100755) ([0-9a-f]{40}) ((?!/)(?!(?:.*/)?\.\.(?:/|$)).+)", line)
        if not entry:
            raise Usage(f"{out.name}/{MANIFEST}:{number}: not a line of the generator's; "
                        f"type git checkout HEAD -- {out.name}/{MANIFEST}")
        listed[entry[3]] = (entry[1] == "100755", entry[2])
    return listed
