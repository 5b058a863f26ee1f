"""Whether a solution has got into something that is made of the course, found in two ways.

Canaries: plant() puts a word that nobody could guess into every region's solution half of a copy of the course, into
known-wrong solutions, challenges and hidden checks, where they are compiled also as names; whatever is then made of the
copy is searched for that word, however it is packed. And lines: RUN telling lines of a solution that follow one another in a
product as they do in the source are a solution that somebody copied there by hand, without its markers.
"""
import base64
import bz2
import functools
import html
import io
import lzma
import re
import secrets
import shutil
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grader import generate, labs, starter
from grader.errors import GraderError
from grader.generate import Made

LETTERS = "bcdfghjkmpqrtvwxz0123456789"     # no vowels: what shortens words for a search index leaves it alone
DEEP = 5                        # packings within packings that are opened
BIGGEST = 256 << 20             # bytes that are unpacked of one
RUN = 3                         # telling lines in a row that are no accident
TELLING = 12                    # letters and digits that a line has to have to tell anything
BETWEEN = 200                   # characters that may stand between two such lines on paper: short lines, a page's foot

# What gets a canary in a region of a file of that kind that stands at the file's top level, {} being the canary: names
# that a compiler keeps, if it may.
NAMES = {
    ".c": "static __attribute__((used)) int {0}_function(int {0}_parameter) {{ return {0}_parameter; }}\n"
          "static int (*const {0}_table[])(int) __attribute__((used)) = {{ {0}_function }};",
    ".S": "\t.pushsection .data\n\t.type {0}_label, %function\n{0}_label:\n\t.word {0}_label\n\t.popsection",
    ".py": "{0}_name = '{0}_text'",
}


@dataclass(frozen=True)
class Leak:
    """Something of a solution in a product."""
    where: str      # "release/.git: blob 1f2e..., line 12"
    what: str       # "solutions/1-boot/uart.c, region 1.4"

    def __str__(self):
        return f"{self.where}: {self.what}"


@dataclass
class Canaries:
    """What plant() has put into a copy of the course, and the lines that are nobody's to see."""
    word: str
    secret: dict[tuple[str, ...], str]
    places: list[str] = field(default_factory=list)
    searched: int = 0   # files and parts of files so far

    def new(self, place: str) -> str:
        """The next canary: the word, and a number that says where it was put."""
        self.places.append(place)
        return f"{self.word}{len(self.places) - 1:04}"

    @functools.cached_property
    def _sought(self) -> re.Pattern[bytes]:
        word = self.word.encode()
        coded = [base64.b64encode(b"\0" * at + word)[(at * 4 + 2) // 3:(at + len(word)) * 4 // 3] for at in range(3)]
        plain = [word, word.hex().encode(), self.word.encode("utf-16-le"), self.word.encode("utf-16-be")]
        return re.compile(b"(?i:%s)|%s" % (b"|".join(plain), b"|".join(map(re.escape, coded))))

    def search(self, path: Path) -> list[Leak]:
        """The canaries and the secret lines that are in a file, or in all that is in a folder, or in a git repository's
        objects; each place of each file once."""
        found = {}
        for where, data in contents(path):
            self.searched += 1
            for match in self._sought.finditer(data):
                number = re.match(rb"\d{4}", data[match.end():match.end() + 4])
                place = self.places[int(number[0])] if number and int(number[0]) < len(self.places) else "a solution"
                found.setdefault(Leak(where, place))
            if b"\0" not in data:
                found |= dict.fromkeys(lines_of(where, data, self.secret))
        return list(found)


def plant(tree: Path) -> Canaries:
    """Put canaries into the solutions, the known-wrong solutions, the challenges and the hidden checks of the course in
    `tree`, a copy, and make its starter anew."""
    planted = Canaries("q" + "".join(secrets.choice(LETTERS) for _ in range(15)), secret_lines(tree))
    taken: set[str] = set()
    for path, name, text in _annotated(tree):
        if found := generate.regions(text, name):
            path.write_text(_planted(text, name, path.suffix, found, planted, taken))
    for lab in labs.every(tree):
        for path in sorted((tree / lab.folder / "mutants").glob("*.patch")):
            path.write_text(f"Note: {planted.new(path.relative_to(tree).as_posix())}\n{path.read_text()}")
        for path in challenging(tree, lab):
            path.write_text(f"// {planted.new(path.relative_to(tree).as_posix())}\n{path.read_text()}")
        hidden = tree / lab.folder / "hidden"
        hidden.mkdir(exist_ok=True)
        (hidden / "canary.c").write_text(f"// {planted.new(f'{lab.folder}/hidden')}\n")
    starter.regenerate(root=tree)
    return planted


def _planted(text: str, name: str, kind: str, regions: list[generate.Region], planted: Canaries,
             taken: set[str]) -> str:
    """An annotated text that ends in a line feed, with canaries; `taken` are the ids of the regions that it gets."""
    lines = text.split("\n")
    for region in reversed(regions):
        word = planted.new(f"{name}, region {region.id}")
        lines.insert(region.line, " ".join(filter(None, (region.open, word, generate.CLOSE[region.open]))))
    if kind in NAMES:
        last = regions[-1]
        free = next(f"{last.step}{letter}" for letter in "zyxwvutsrqponm" if f"{last.step}{letter}" not in taken)
        taken.add(free)
        lines[-1:] = [f"{last.open} BEGIN SOLUTION {free}", NAMES[kind].format(planted.new(f"a name of {name}")),
                  f"{last.open} END SOLUTION", ""]
    return "\n".join(lines)


# All that is in something, unpacked.

def contents(path: Path) -> Iterator[tuple[str, bytes]]:
    """(where, bytes) of a file or each file in a folder, of what is packed in them, and of the objects in git
    repositories, those that no commit has too."""
    if (path / "objects").is_dir() and (path / "HEAD").is_file():
        yield from _git_objects(path)
    for each in sorted(path.iterdir()) if path.is_dir() and not path.is_symlink() else ():
        yield from ((f"{path.name}/{where}", data) for where, data in contents(each))
    if path.is_file():
        yield path.name, path.name.encode()
        yield from unpacked(path.name, path.read_bytes())


def unpacked(where: str, data: bytes, depth: int = 0) -> Iterator[tuple[str, bytes]]:
    """A file's bytes, and what is packed in them: archives, compressed streams wherever they begin, a PDF's text."""
    yield where, data
    if depth == DEEP:
        return
    for inside, part in _parts(data):
        yield from unpacked(f"{where}: {inside}", part, depth + 1)


def _parts(data: bytes) -> Iterator[tuple[str, bytes]]:
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            for entry in packed.infolist():
                yield entry.filename, entry.filename.encode() + entry.comment + b"\n" + packed.read(entry)
    elif data[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(data)) as packed:
            for entry in packed:
                file = packed.extractfile(entry) if entry.isfile() else None
                said = f"{entry.name} {entry.linkname} {entry.pax_headers}\n".encode()
                yield entry.name, said + (file.read() if file else b"")
    elif data.startswith((b"\xfd7zXZ\0", b"BZh")):
        yield "unpacked", (lzma if data[:1] == b"\xfd" else bz2).decompress(data)
    elif data.startswith(b"%PDF"):
        yield "text", _pdf_text(data)
    if b"\0" in data or not _is_text(data):
        # zlib's first two bytes, or gzip's three: as in a PDF, an image, a section of an object.
        for match in re.finditer(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08", data):
            stream = zlib.decompressobj(zlib.MAX_WBITS | 32)
            try:
                part = stream.decompress(data[match.start():], BIGGEST)
            except zlib.error:
                continue
            if part:
                yield f"stream at {match.start()}", part


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _pdf_text(data: bytes) -> bytes:
    """What a reader sees, a word that is broken at a line's end made whole."""
    if not shutil.which("pdftotext"):
        raise GraderError("a PDF cannot be searched without pdftotext: type sudo apt-get install poppler-utils")
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=data, capture_output=True)
    if done.returncode:
        raise GraderError(f"pdftotext: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout + b"\n" + re.sub(rb"\s+|-\s*\n\s*|\xc2\xad", b"", done.stdout)


def _git_objects(repository: Path) -> Iterator[tuple[str, bytes]]:
    """Every object of a git repository; a tree's bytes are the names in it."""
    done = subprocess.run(["git", f"--git-dir={repository}", "cat-file", "--batch-all-objects", "--unordered",
                           "--batch"], capture_output=True)
    if done.returncode:
        raise GraderError(f"git cat-file: {done.stderr.decode(errors='replace').strip()}")
    data, at = done.stdout, 0
    while at < len(data):
        end = data.index(b"\n", at)
        name, kind, size = data[at:end].decode().split()
        for where, part in unpacked(f"{repository.name}: {kind} {name[:12]}", data[end + 1:end + 1 + int(size)]):
            yield where, part
        at = end + 2 + int(size)


# The real solutions' lines and names.

def pasted(files: Mapping[str, Made], tree: Path) -> list[Leak]:
    """Where files have RUN telling lines in a row of a solution of `tree` that its starter does not have; of objects,
    the names that no other file has, and what is there to debug with."""
    secret = secret_lines(tree)
    words = set(re.findall(rb"\w+", b" ".join(made.data for name, made in files.items() if not name.endswith(".o"))))
    leaks = []
    for name, made in files.items():
        if made.data.startswith(b"\x7fELF"):
            leaks += [Leak(name, what) for what in _names(made.data, words)]
        else:
            leaks += lines_of(name, made.data, secret)
    return leaks


def lines_of(where: str, data: bytes, secret: dict[tuple[str, ...], str]) -> list[Leak]:
    """The regions of which lines stand in a text, a page of HTML, or the text of a PDF; each once."""
    text = data.decode("utf-8", "replace")
    if "\f" in text:            # where pages end: set on paper, lines are broken anywhere
        return [Leak(where, place) for place in dict.fromkeys(_set_on_paper(text, secret))]
    if "</" in text:
        text += "\n" + html.unescape(re.sub(r"<[^>]*>", "", text))
    found = {}
    for at, run in _windows(text.splitlines()):
        if run in secret:
            found.setdefault(secret[run], f"line {at}")
    return [Leak(f"{where}, {line}", place) for place, line in found.items()]


def _set_on_paper(text: str, secret: dict[tuple[str, ...], str]) -> Iterator[str]:
    """The regions of which lines stand in a text one after the other, however each is broken."""
    text = re.sub(r"\s+|\u00ad", "", text)
    for run, place in secret.items():
        at = text.find(run[0])
        while at >= 0:
            end = at + len(run[0])
            for line in run[1:]:
                after = text.find(line, end, end + BETWEEN + len(line))
                if after < 0:
                    break
                end = after + len(line)
            else:
                yield place
                break
            at = text.find(run[0], at + 1)


def secret_lines(tree: Path) -> dict[tuple[str, ...], str]:
    """What nobody may see: each RUN of telling lines of a solution half, and the region it is of."""
    secret, shown = {}, set()
    for _, name, text in _annotated(tree):
        for region in generate.regions(text, name):
            for _, run in _windows(region.solution):
                secret.setdefault(run, f"{name}, region {region.id}")
        shown |= {run for _, run in _windows(generate.starter_text(text, name).split("\n"))}
    for lab in labs.every(tree):
        for path in (files := challenging(tree, lab)):
            lines = [line.removeprefix("+") for line in path.read_text().splitlines() if not re.match(r" |-|\+?#inc", line)]
            for _, run in _windows(lines):
                secret.setdefault(run, path.relative_to(tree).as_posix())
        for name in lab.given if files else ():
            shown |= {run for _, run in _windows((tree / name).read_text().splitlines())}
    return {run: place for run, place in secret.items() if run not in shown}


def _annotated(tree: Path) -> Iterator[tuple[Path, str, str]]:
    """The files of the solutions that the starter is made of: (path, name, text)."""
    for path in sorted((tree / labs.REFERENCE).glob("[0-9]*/**/*")):
        name = path.relative_to(tree).as_posix()
        if path.is_file() and labs.CHALLENGES not in path.parts and (text := generate._annotated(path.read_bytes(), name)):
            yield path, name, text


def challenging(tree: Path, lab: labs.Lab) -> list[Path]:
    """The files of the references of a lab's challenges (trees.py)."""
    folder = tree / labs.REFERENCE / lab.name / labs.CHALLENGES
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _windows(lines: list[str]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """(number of the first line, from 1; RUN telling lines), each line from its first letter on and without blanks."""
    telling = [(number, plain) for number, line in enumerate(lines, 1)
               if len(re.sub(r"\W", "", plain := re.sub(r"^[^A-Za-z]+|\s+", "", line))) >= TELLING]
    for at in range(len(telling) - RUN + 1):
        yield telling[at][0], tuple(plain for _, plain in telling[at:at + RUN])


def _names(data: bytes, words: set[bytes]) -> Iterator[str]:
    """What an object says that it has to keep to itself."""
    from elftools.elf.elffile import ELFFile

    file = ELFFile(io.BytesIO(data))
    for section in file.iter_sections():
        if section.name.startswith((".debug_", ".zdebug_")) and section.name != ".debug_frame":
            yield f"it has {section.name}"
    for symbol in file.get_section_by_name(".symtab").iter_symbols():
        if symbol.name and not re.match(r"\.|\$|local\.\d+$", symbol.name) and symbol.name.encode() not in words:
            yield f"it names {symbol.name}, which no file that goes with it does"
