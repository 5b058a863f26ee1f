"""`make release LAB=2`: what students get up to that lab, of what is committed, as a git repository and an archive.

dist/release is the repository: each release is one commit on its branch main, and the commit's tree is the release,
whole. Nothing of the course's own history is in it. Who has cloned it brings a later release into their work by `make
update`. dist/exolab-2-vm.tar.gz is the same tree for those without git. With REFERENCE=1 the labs before this one come
along as objects without source (PRIOR=reference). Whatever is made is searched for solutions (canary.py) before it is
published. The same commit makes the same bytes: dates and names are those of the commit that is released.
"""
import ast
import gzip
import io
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from grader import __main__ as command
from grader import canary, generate, labs, starter
from grader.errors import GraderError, Usage
from grader.generate import Made
from grader.paths import DIST, ROOT

# What students type; of the grader they get what these verbs and the labs' checks import.
VERBS = ("check", "build", "run", "gdb", "rewind", "watch", "status", "bench", "doctor", "begin", "update", "reset", "derive")
NEVER = ("mutants", "hidden", "tests", "test", "site", "__pycache__")   # folders that stay, wherever they are
INSTRUCTORS = ("instructor.md", "variants.toml")      # files: the chapter; what next term may ask for
COURSE_ONLY = re.compile(r"<!-- course -->.*?<!-- /course -->\n*", re.S)    # in Markdown: what is not for a release,
RELEASE_ONLY = re.compile(r"<!-- release\n(.*?)-->", re.S)                   # and what is for one alone
TO_FOLDER = re.compile(r"\| \[[^\]]*\]\(([^)]+)\)")     # a line of a table that leads to a folder


class Commit(NamedTuple):
    """The commit of the course that is released."""
    author: str     # "Ada <ada@example.org> 1735689600 +0000", as git has it in a commit
    time: int       # seconds since 1970


def configure(parser) -> None:
    parser.add_argument("lab", nargs="?", default="", help="1, boot or 1-boot: the last lab that students get")
    parser.add_argument("--reference", action="store_true", help="the earlier labs' reference too, as objects")


def main(args) -> int:
    """Make the release and say where it is; 0. Usage where it would take something back or give a solution away."""
    starter._repository(ROOT)
    if starter._dirty(ROOT):
        print("What is not committed here is not released.")
    with checkout(ROOT) as (tree, commit):
        lab = labs.find(args.lab, tree)
        files = make(tree, lab, args.reference)
        if leaks := [*canary.pasted(files, tree), *gate(tree, lab, args.reference)]:
            raise Usage("nothing was released, as solutions would be given away:\n" + "\n".join(map(str, leaks)))
        repository, packed = DIST / "release", DIST / f"exolab-{lab.name}.tar.gz"
        news = publish(files, lab, commit, repository)
        news_packed = archive(files, commit, packed)
    for path, new in ((repository, news), (packed, news_packed)):
        print(f"{os.path.relpath(path)}: {_named(lab)}" + ("" if new else ", nothing new"))
    return 0


@contextmanager
def checkout(root: Path) -> Iterator[tuple[Path, Commit]]:
    """What is committed in a repository (HEAD), as a folder of its own, and the commit."""
    packed = starter._git(root, "archive", "--format=tar", "HEAD", text=False)
    if packed.returncode:
        raise GraderError(f"git archive: {packed.stderr.decode(errors='replace').strip()}")
    author, time = starter._must(root, "log", "-1", "--format=%an <%ae> %ad%n%ct", "--date=raw").splitlines()
    with tempfile.TemporaryDirectory(prefix="exolab-release-") as scratch:
        with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as tar:
            tar.extractall(scratch)
        yield Path(scratch), Commit(author, int(time))


# What is in it.

def make(tree: Path, lab: labs.Lab, reference: bool = False) -> dict[str, Made]:
    """The files of a release of the course in `tree`, sorted. Usage if its starter is not what its solutions make."""
    every = labs.every(tree)
    wanted = [other for other in every if other.number <= lab.number]
    if generate.course_files(tree) != {path: _read(tree / "starter" / path)
                                       for path in generate.read_manifest(tree / "starter")}:
        raise Usage("starter/ as it is committed is not what solutions/ make: type make handouts, then commit")
    later = {name for other in every for name in other.given} - {name for other in wanted for name in other.given}
    checks = [path for other in wanted for path in sorted((tree / other.folder).glob("test_*.py"))]
    verbs = [tree / f"{command.VERBS[verb][0].replace('.', '/')}.py" for verb in VERBS]
    python = imported(tree, [*checks, *verbs, tree / "grader/__main__.py", *(tree / "grader/gdb").glob("*.py")])
    files = {}
    for path in sorted(path for path in tree.rglob("*") if path.is_file()):
        name = path.relative_to(tree).as_posix()
        top, _, rest = name.partition("/")
        known = {"starter": _of(rest, wanted), "labs": rest.startswith("guide/") or _of(rest, wanted),
                 "kernel": name not in later, "grader": path.suffix != ".py" or path in python}
        if known.get(top, not rest) and not set(Path(name).parts[:-1]) & {*NEVER} and path.name not in INSTRUCTORS:
            files[name] = _read(path)
    files["starter/" + generate.MANIFEST] = _manifest(files["starter/" + generate.MANIFEST], wanted)
    if reference:
        files |= objects(tree, [other for other in wanted if other is not wanted[-1]])
    for name in [name for name in files if name.endswith(".md")]:
        files[name] = Made(_for_students(files[name].data.decode(), files, name).encode())
    return dict(sorted(files.items()))


def imported(tree: Path, modules: Iterable[Path]) -> set[Path]:
    """These Python files and all of the grader's that they import, directly or not."""
    found, left = set(), list(modules)
    while left:
        path = left.pop()
        if path in found or not path.is_file():
            continue
        found.add(path)
        here = path.relative_to(tree).parent.parts
        for node in ast.walk(ast.parse(path.read_bytes())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name.split(".") for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                above = list(here[:len(here) + 1 - node.level]) if node.level else []
                module = above + (node.module or "").split(".") * bool(node.module)
                names = [module + [alias.name] for alias in node.names]
            for parts in (parts for parts in names if parts[0] == "grader"):
                for end in range(1, len(parts) + 1):
                    left += [tree.joinpath(*parts[:end], "__init__.py"), tree.joinpath(*parts[:end]).with_suffix(".py")]
    return found


def objects(tree: Path, earlier: list[labs.Lab]) -> dict[str, Made]:
    """The reference of these labs in `tree` as objects without source, as the compiler here makes them."""
    if not earlier:
        raise Usage("REFERENCE=1 is for the labs before the one that is released: lab 1 has none")
    kernel = [f"build/{labs.OBJECTS}/{lab.name}/{name}.o" for lab in earlier for name in lab.kernel]
    user = [f"build/{labs.OBJECTS}/{lab.name}/{name}.o" for lab in earlier for name in lab.user]
    done = subprocess.run(["make", "-rRsf", "kernel/lab.mk", "BUILD=build", "OUT=build/out",
                           f"FILES={' '.join(kernel)}", f"USER={' '.join(user)}", *kernel, *user],
                          cwd=tree, text=True, capture_output=True,
                          env={"PATH": os.environ["PATH"], "LC_ALL": "C", "SOURCE_DATE_EPOCH": "0"})
    if done.returncode:
        raise GraderError(f"the reference does not compile:\n{done.stderr.strip()}")
    made = {path: _read(tree / path) for path in kernel + user}
    shutil.rmtree(tree / "build")
    return {path.replace(f"build/{labs.OBJECTS}", labs.SHIPPED, 1): each for path, each in made.items()}


def _of(path: str, wanted: list[labs.Lab]) -> bool:
    """Whether a path below labs/ or starter/ is one of these labs', or of none."""
    return "/" not in path or path.partition("/")[0] in [lab.name for lab in wanted]


def _manifest(made: Made, wanted: list[labs.Lab]) -> Made:
    """The list of what was generated, of these labs alone."""
    lines = made.data.decode().splitlines(keepends=True)
    return Made("".join(line for line in lines if line[0] == "#" or _of(line.split(" ", 2)[2], wanted)).encode())


def _for_students(text: str, files: dict[str, Made], name: str) -> str:
    """A page with what is for a release alone, without what is for the course's own repository alone, and without lines
    on folders that are not there."""
    def is_there(line: str) -> bool:
        found = TO_FOLDER.match(line)
        if not found or re.match(r"\w+:|#", found[1]):
            return True
        to = os.path.normpath(os.path.join(os.path.dirname(name), found[1].partition("#")[0]))
        return any(f"{path}/".startswith(f"{to}/") for path in files)

    text = RELEASE_ONLY.sub(r"\1", COURSE_ONLY.sub("", text))
    return "".join(line for line in text.splitlines(keepends=True) if is_there(line))


def _read(path: Path) -> Made | None:
    return Made(path.read_bytes(), os.access(path, os.X_OK)) if path.is_file() else None


# Where it goes.

def publish(files: dict[str, Made], lab: labs.Lab, commit: Commit, repository: Path) -> bool:
    """Put a release on top of those before it in a repository, which is made if there is none; False if it is there.

    Usage where it would take something away that students have: a later lab, the reference.
    """
    if not (repository / ".git").exists():
        repository.mkdir(parents=True, exist_ok=True)
        starter._must(repository, "init", "--quiet", "--initial-branch=main")
    before = starter._git(repository, "rev-parse", "--verify", "--quiet", "main").stdout.strip()
    if before:
        if starter._branch(repository) != "main" or starter._must(repository, "status", "--porcelain"):
            raise Usage(f"somebody works in {os.path.relpath(repository)}, which is for releases alone: let them work "
                        "in a clone of it")
        had = starter._must(repository, "ls-tree", "-r", "--name-only", "main").splitlines()
        _take_nothing_back(had, files, lab)
    with tempfile.TemporaryDirectory(prefix="exolab-release-") as scratch:
        for name, made in files.items():
            generate.put(Path(scratch) / "tree" / name, made)
        there = {"GIT_DIR": str(repository.resolve() / ".git"), "GIT_WORK_TREE": f"{scratch}/tree",
                 "GIT_INDEX_FILE": f"{scratch}/index"}
        _plumb(there, "add", "--all", "--force", ".")
        tree = _plumb(there, "write-tree")
        if before and tree == starter._must(repository, "rev-parse", "main^{tree}"):
            return False
        named, mail, when = re.fullmatch(r"(.*) <(.*)> (\d+ [+-]\d+)", commit.author).groups()
        who = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER")
               for key, value in (("NAME", named), ("EMAIL", mail), ("DATE", f"@{when}"))}
        made = _plumb(there | who, "commit-tree", tree, *(("-p", before) if before else ()),
                      "-m", _named(lab).capitalize())
    starter._must(repository, "update-ref", "refs/heads/main", made)
    starter._must(repository, "reset", "--quiet", "--hard")
    return True


def _named(lab: labs.Lab) -> str:
    return f"labs 1 to {lab.number}" if lab.number > 1 else f"lab {lab.number}"


def _take_nothing_back(had: list[str], files: dict[str, Made], lab: labs.Lab) -> None:
    anew = "with an empty dist/release a course begins anew"
    released = {int(found[1]) for name in had if (found := re.match(r"labs/(\d+)-", name))}
    if max(released, default=0) > lab.number:
        raise Usage(f"lab {max(released)} is released already, and LAB={lab.number} would take it back: type make "
                    f"release LAB={max(released)} ({anew})")
    if gone := [name for name in had if name.startswith(f"{labs.SHIPPED}/") and name not in files]:
        raise Usage(f"{gone[0]} was released, and students may build on it: say REFERENCE=1 ({anew})")


def _plumb(where: dict[str, str], *args: str) -> str:
    """What a git command prints that works on a repository from outside it."""
    done = subprocess.run(["git", *args], env=os.environ | where | {"LC_ALL": "C"}, cwd=where["GIT_WORK_TREE"],
                          text=True, capture_output=True)
    if done.returncode:
        raise GraderError(f"git {args[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


def archive(files: dict[str, Made], commit: Commit, file: Path) -> bool:
    """Write a release as a .tar.gz with one folder in it, named as the file is; False if it is there already."""
    packed = io.BytesIO()
    with gzip.GzipFile("", "wb", 9, packed, mtime=0) as zipped, \
            tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, made in files.items():
            entry = tarfile.TarInfo(f"{file.name.removesuffix('.tar.gz')}/{name}")
            entry.size, entry.mtime, entry.mode = len(made.data), commit.time, 0o755 if made.executable else 0o644
            tar.addfile(entry, io.BytesIO(made.data))
    if file.is_file() and file.read_bytes() == packed.getvalue():
        return False
    generate.put(file, Made(packed.getvalue()))
    return True


# Whether it may go there.

def gate(tree: Path, lab: labs.Lab, reference: bool) -> list[canary.Leak]:
    """What of its solutions a release of `tree` would give away: one is made of a copy that has canaries in it."""
    with tempfile.TemporaryDirectory(prefix="exolab-leaks-") as scratch:
        copy = Path(scratch) / "tree"
        shutil.copytree(tree, copy)
        planted = canary.plant(copy)
        return [leak for path in products(copy, lab, reference, Path(scratch)) for leak in planted.search(path)]


def products(tree: Path, lab: labs.Lab, reference: bool, out: Path) -> list[Path]:
    """A release of `tree` in the folder `out`: the repository and the archive."""
    files, commit = make(tree, lab, reference), Commit("exolab <exolab@example.org> 0 +0000", 0)
    publish(files, lab, commit, out / "release")
    archive(files, commit, out / f"exolab-{lab.name}.tar.gz")
    return [out / "release", out / f"exolab-{lab.name}.tar.gz"]
