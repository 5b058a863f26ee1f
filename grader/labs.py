"""What the labs are (labs/N-name/lab.toml) and which files make the kernel of one of them.

A tree is a folder that holds labs by name: `starter`, `solutions`, or any other of that shape, as a mutant's or a
pristine starter's. A kernel is the files of one lab from one tree, after those of every earlier lab, each from its own;
an earlier lab may be judged in it. The tree `reference` has earlier labs of the reference as objects without source:
a release brings them in kernel/reference/, and where there are solutions they are made of these below build/.
The folder of a challenge's reference is a tree, too, that has that lab alone (trees.py).
"""
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping

from grader.errors import GraderError, Usage
from grader.paths import BUILD, ROOT

TREES = ("starter", "solutions", "reference")
REFERENCE = "solutions"     # the tree whose labs are right,
OBJECTS = "reference"       # and the one that has the same, a linked object for each file: page.c.o
SHIPPED = "kernel/reference"    # where a release has those objects
RIGHT = (REFERENCE, OBJECTS)
CHALLENGES = "challenges"   # the folder of a solution that has those,
CHANGE = "change.patch"     # and what makes a folder in it the reference of a challenge


@dataclass(frozen=True)
class Step:
    id: str         # "1.3", as the handout numbers it
    title: str
    hours: float
    part: str = ""  # of a lab with parts, each with a score and a date of its own: "a"


@dataclass(frozen=True)
class Lab:
    name: str                   # "1-boot"
    title: str                  # "Boot"
    floor: int                  # points of an untouched starter
    kernel: tuple[str, ...]     # file names, by world; the kernel's in link order
    user: tuple[str, ...]
    host: tuple[str, ...]
    steps: tuple[Step, ...]     # in the handout's order
    hidden: int = 0             # points of the checks in labs/N-name/hidden, which students do not have
    given: tuple[str, ...] = () # files from the root, below kernel/, that are linked from this lab on
    network: bool = False       # `make run` and `make gdb` give its kernel a network card

    @property
    def number(self) -> int:
        return int(self.name.partition("-")[0])

    @property
    def parts(self) -> tuple[str, ...]:
        """The lab's parts, in order; none where it is all one."""
        return tuple(dict.fromkeys(step.part for step in self.steps if step.part))

    def steps_of(self, part: str | None) -> list[str]:
        """The ids of a part's steps; of all, for None. Usage if there is no such part."""
        if part is not None and part not in self.parts:
            raise Usage(f"lab {self.number} has no parts: leave PART={part} away" if not self.parts else
                        f"PART={part}: the parts of lab {self.number} are {' and '.join(self.parts)}")
        return [step.id for step in self.steps if part in (None, step.part)]

    @property
    def folder(self) -> str:
        """The lab's own folder below ROOT: "labs/1-boot"."""
        return f"labs/{self.name}"

    @property
    def files(self) -> tuple[str, ...]:
        """Every file of the student's, of all worlds."""
        return self.kernel + self.user + self.host


@dataclass(frozen=True)
class Kernel:
    """The kernel of a lab: where the lab's own files come from, and where those of each other lab in it do."""
    lab: Lab                            # whose checks and programs it is for
    src: str                            # "starter", "solutions", or the path of another tree
    prior: tuple[tuple[Lab, str], ...]  # earlier labs and their trees, in order
    root: Path = ROOT
    later: tuple[tuple[Lab, str], ...] = ()     # where the lab is judged in a later one's kernel: those behind it

    @property
    def parts(self) -> tuple[tuple[Lab, str], ...]:
        """Every lab in it and its tree, in order; the last is the lab whose kernel it is."""
        return (*self.prior, (self.lab, self.src), *self.later)

    @property
    def tree(self) -> Path:
        """The folder of the lab's own files, relative to the root where it lies below it."""
        return self.place(self.lab, self.src)

    @property
    def linked(self) -> tuple[Path, ...]:
        """The kernel's C and assembly files, or objects, earlier labs first; they need not exist."""
        return tuple(self.file(lab, tree, name) for lab, tree in self.parts for name in lab.kernel)

    @property
    def user(self) -> tuple[Path, ...]:
        """The same of the libOS, which applications are linked with."""
        return tuple(self.file(lab, tree, name) for lab, tree in self.parts for name in lab.user)

    @property
    def host(self) -> tuple[Path, ...]:
        """The same of tools for this machine, which make uses."""
        return tuple(self.file(lab, tree, name) for lab, tree in self.parts for name in lab.host)

    @property
    def files(self) -> tuple[Path, ...]:
        """All that is compiled."""
        return self.linked + self.user + self.host

    @property
    def given(self) -> tuple[Path, ...]:
        """What these labs bring with them, relative to the root."""
        return tuple(Path(name) for lab, _ in self.parts for name in lab.given)

    def place(self, lab: Lab, tree: str) -> Path:
        """The folder of a lab's files in a tree, relative to the root where it lies below it."""
        path = (self.root / tree / lab.name).absolute()
        if tree == OBJECTS:
            path = (self.root / SHIPPED if is_shipped(lab, self.root) else BUILD / OBJECTS) / lab.name
        elif is_challenge(tree, self.root):
            path = made(lab, tree, self.root)
        return path.relative_to(self.root) if path.is_relative_to(self.root) else path

    def file(self, lab: Lab, tree: str, name: str) -> Path:
        """What is linked of a lab's file."""
        return self.place(lab, tree) / (f"{name}.o" if tree == OBJECTS else name)


def read(folder: Path) -> Lab:
    """The lab in `folder` (labs/N-name). GraderError names the file and what is wrong in it."""
    file = folder / "lab.toml"
    where = f"labs/{folder.name}/lab.toml"
    try:
        data = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise GraderError(f"{where}: {error}") from None

    def take(table: dict, key: str, kind: type | tuple, what: str, default=None):
        value = table.pop(key, default)
        if value is None:
            raise GraderError(f"{where}: {key} is missing ({what})")
        if not isinstance(value, kind) or isinstance(value, bool):
            raise GraderError(f"{where}: {key} is {value!r}, not {what}")
        return value

    def nothing_left(table: dict, inside: str):
        if table:
            raise GraderError(f"{where}: {', '.join(sorted(table))}: not a key that {inside} has")

    def names(table: dict, key: str) -> tuple[str, ...]:
        found = take(table, key, list, "a list of file names", [])
        for name in found:
            if not isinstance(name, str) or not re.fullmatch(r"[\w.+-]+(/[\w.+-]+)*", name) or ".." in name:
                raise GraderError(f"{where}: {key} has {name!r}, which is no file name below the lab's folder")
        return tuple(found)

    number = folder.name.partition("-")[0]
    title = take(data, "title", str, "a text")
    network = data.pop("network", False)
    if not isinstance(network, bool):
        raise GraderError(f"{where}: network is {network!r}, not true or false")
    floor, hidden = (take(data, key, int, "a whole number of points", 0) for key in ("floor", "hidden"))
    files = take(data, "files", dict, "a table [files]")
    kernel, user, host, given = (names(files, world) for world in ("kernel", "user", "host", "given"))
    every = kernel + user + host + given
    for name in given:
        if not name.startswith("kernel/"):
            raise GraderError(f"{where}: given has {name!r}, which is no file below kernel/")
    if twice := {name for name in every if every.count(name) > 1}:
        raise GraderError(f"{where}: {', '.join(sorted(twice))}: listed twice")
    nothing_left(files, "[files]")
    steps = []
    for table in take(data, "steps", list, "tables [[steps]]"):
        step = Step(take(table, "id", str, 'a text as "1.3"'), take(table, "title", str, "a text"),
                    float(take(table, "hours", (int, float), "a number of hours")), take(table, "part", str, 'a text as "a"', ""))
        if not re.fullmatch(rf"{number}\.[1-9]\d*", step.id):
            raise GraderError(f'{where}: step id {step.id!r} is not of this lab (as "{number}.1")')
        if step.id in (earlier.id for earlier in steps):
            raise GraderError(f"{where}: step {step.id} stands twice")
        nothing_left(table, f"step {step.id}")
        steps.append(step)
    if len({bool(step.part) for step in steps}) > 1:
        raise GraderError(f"{where}: either every step has a part, or none")
    if not steps:
        raise GraderError(f"{where}: there are no [[steps]]")
    nothing_left(data, "lab.toml")
    return Lab(folder.name, title, floor, kernel, user, host, tuple(steps), hidden, given, network)


def names(root: Path = ROOT) -> list[str]:
    """The labs there are, in order: folders labs/N-name with a lab.toml."""
    found = [file.parent.name for file in (root / "labs").glob("*/lab.toml")]
    return sorted((name for name in found if re.match(r"\d+-", name)), key=lambda name: int(name.partition("-")[0]))


def every(root: Path = ROOT) -> list[Lab]:
    """All labs, in order."""
    return [read(root / "labs" / name) for name in names(root)]


def find(wanted: str, root: Path = ROOT) -> Lab:
    """The lab meant by "1", "boot", "1-boot", or a path that ends so; Usage lists the labs if there is none."""
    last = Path(wanted).name
    for name in names(root):
        if last in (name, *name.split("-", 1)):
            return read(root / "labs" / name)
    known = ", ".join(names(root)) or "none here"
    raise Usage(f"there is no lab {wanted!r}; the labs are: {known} (LAB=1 and LAB=boot mean 1-boot)"
                if wanted else f"which lab? LAB=1, for one; the labs are: {known}")


def remembered(root: Path = ROOT) -> dict[str, str]:
    """What starter/config.mk says: {"PRIOR": "starter", "PRIOR_1": "solutions"}; other lines are the student's own."""
    file = root / "starter" / "config.mk"
    if not file.exists():
        return {}
    lines = re.findall(r"(?m)^[ \t]*(PRIOR(?:_\d+)?)[ \t]*[:?]?=[ \t]*([^#\n]*)", file.read_text("utf-8", "replace"))
    said = {key: value.strip() for key, value in lines}
    for key, value in said.items():
        if value not in TREES:
            raise Usage(f"starter/config.mk: {key}={value}: {_write(key)}")
    return said


def compose(lab: Lab, src: str = "starter", prior: Mapping[str, str] | None = None, root: Path = ROOT) -> Kernel:
    """The kernel of `lab` with its own files from the tree `src`.

    `prior` says where earlier labs come from: {"PRIOR": "solutions", "PRIOR_2": "starter"}, the numbered before the
    general. What it leaves open is, for the student's own work (`src` "starter"), what starter/config.mk says, or else
    the student's own too; for every other tree it is the solutions, or in a release, which has none, their objects.
    """
    if is_challenge(src, root):
        from grader import trees
        lab = trees.challenge(lab, src, root)
    kernel = Kernel(lab, src, earlier(lab, src, prior, root), root)
    if not is_tree(src, root) or src == OBJECTS:
        raise Usage(f"SRC={src}: write SRC=starter or SRC=solutions")
    for other in (other for other, tree in kernel.prior if tree == OBJECTS):
        if reference(other, root) is None:
            raise Usage(f"PRIOR_{other.number}=reference: lab {other.number}'s reference was not released; write "
                        f"PRIOR_{other.number}=starter")
    if any(re.search(r"\s", str(file)) for file in kernel.files):
        raise Usage(f"{kernel.tree}: make cannot work with a path that has spaces in it")
    for file in {file.parent for file in kernel.files if file.suffix != ".o"} | {kernel.tree}:
        if not (root / file).is_dir():
            why = {"starter": ": `make handouts` makes it", REFERENCE: ", as a release has none"}.get(file.parts[0], "")
            raise Usage(f"there is no folder {file}{why}")
    return kernel


def within(kernel: Kernel, lab: Lab) -> Kernel:
    """The same kernel, for the checks and programs of one of the labs in it."""
    at = next((at for at, (part, _) in enumerate(kernel.parts) if part.name == lab.name), None)
    if at is None:
        raise Usage(f"IN={kernel.lab.number}: lab {lab.number} comes later than lab {kernel.lab.number}'s kernel")
    return Kernel(*kernel.parts[at], kernel.parts[:at], kernel.root, kernel.parts[at + 1:])


def earlier(lab: Lab, src: str, prior: Mapping[str, str] | None = None, root: Path = ROOT) -> tuple:
    """The labs before `lab`, each with its tree, as compose() takes them."""
    before = [other for other in every(root) if other.number < lab.number]
    said = (remembered(root) if src == "starter" and before else {}) | dict(prior or {})
    for key, tree in said.items():
        if not is_tree(tree, root):
            raise Usage(f"{key}={tree}: {_write(key)}")
    default = said.get("PRIOR", "starter" if src == "starter" else None)
    return tuple((other, said.get(f"PRIOR_{other.number}", default) or reference(other, root) or REFERENCE)
                 for other in before)


def reference(lab: Lab, root: Path = ROOT) -> str | None:
    """The tree that has a lab as it should be: the solutions or, in a release, their objects; None if neither does."""
    if (root / REFERENCE / lab.name).is_dir():
        return REFERENCE
    return OBJECTS if is_shipped(lab, root) else None


def is_shipped(lab: Lab, root: Path = ROOT) -> bool:
    """Whether this is a release that has a lab's reference, as objects."""
    return (root / SHIPPED / lab.name).is_dir()


def _write(key: str) -> str:
    return f"write {key}=starter or {key}=solutions, or {key}=reference"


def priors(words: list[str]) -> dict[str, str]:
    """What --prior said, each "TREE" or "2=TREE", as compose() takes it."""
    said = {}
    for word in words:
        number, equals, tree = word.rpartition("=")
        if equals and not number.isdigit():
            raise Usage(f"--prior {word}: write --prior solutions, or --prior 2=solutions for lab 2 alone")
        said[f"PRIOR_{int(number)}" if equals else "PRIOR"] = tree
    return said


def is_tree(tree: str, root: Path = ROOT) -> bool:
    return tree in TREES or (bool(tree) and (root / tree).is_dir())


def is_challenge(tree: str, root: Path = ROOT) -> bool:
    """Whether that is the folder of a challenge's reference."""
    return f"/{CHALLENGES}/" in tree and (root / tree / CHANGE).is_file()


def made(lab: Lab, tree: str, root: Path = ROOT) -> Path:
    """The folder of a lab's files in the tree that is made of a challenge's reference."""
    return (BUILD / "challenges" / (root / tree).name / lab.name).absolute()
