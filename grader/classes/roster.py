"""Who handed in what: each entry of a folder is a student, named as the entry is, without its ending.

An entry is a folder, an archive, or a git repository (bare, or with a work tree), of which what is committed counts. A
repository is believed nothing but its objects and its refs: git never reads its configuration, its hooks or its
attributes' drivers, and runs in the box (sandbox.py) with nothing else of this machine.
"""
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from grader import labs, sandbox
from grader.errors import Usage
from grader.result import visible

ARCHIVES = (".tar.gz", ".tgz", ".tar", ".zip", ".git")      # endings that are no part of a name
NAME = 100              # characters of a student's name that are kept
FILES = 10_000          # that a commit may have
OUTPUT = 32 << 20       # bytes that git may answer with
PATIENCE = 60           # seconds for git, on one repository; a backstop


@dataclass(frozen=True)
class Entry:
    student: str                # safe to print, as a file's name too, and nobody else's here
    path: Path
    notes: tuple[str, ...] = () # what has to be said of it


class Unreadable(Exception):
    """Nothing can be taken of an entry; the message says why, in words that are safe to print."""


class Incomplete(Exception):
    """What was handed in is not all here, and that may be nobody's fault but ours; the message is a sentence."""


def read(folder: Path) -> list[Entry]:
    """The entries of a folder, by name. Usage if there is no such folder, or nothing in it."""
    if not folder.is_dir():
        raise Usage(f"SUBMISSIONS={visible(str(folder))}: there is no such folder")
    found: dict[str, list[Path]] = {}
    for name in sorted(os.listdir(folder)):
        if not name.startswith("."):
            found.setdefault(_student(name), []).append(folder / name)
    if not found:
        raise Usage(f"SUBMISSIONS={visible(str(folder))}: there is nothing in it; each student is a folder, an archive "
                    "or a git repository in it")
    entries = []
    for student, paths in found.items():
        for index, path in enumerate(paths):
            twice = (f"{student} is there {len(paths)} times; this is {visible(path.name)}.",) if len(paths) > 1 else ()
            entries.append(Entry(student if index == 0 else f"{student}-{index + 1}", path, twice))
    return _apart(entries)


def _student(name: str) -> str:
    stem = next((name[:-len(end)] for end in ARCHIVES if name.lower().endswith(end) and len(name) > len(end)), name)
    kept = "".join(c if re.fullmatch(r"[\w.@+ -]", c) and c.isprintable() else "_" for c in stem)
    return re.sub(r"^-+", "_", kept[:NAME].strip(" .")) or "_"


def _apart(entries: list[Entry]) -> list[Entry]:
    """The same with names that even a file system without capitals tells apart."""
    seen: set[str] = set()
    apart = []
    for entry in sorted(entries, key=lambda entry: entry.student):
        name, number = entry.student, 2
        while name.casefold() in seen:
            name, number = f"{entry.student}-{number}", number + 1
        seen.add(name.casefold())
        apart.append(Entry(name, entry.path, entry.notes))
    return apart


def is_repository(path: Path) -> Path | None:
    """The folder of git's things, where an entry is a repository; None where it is none."""
    for folder in (path / ".git", path):
        if not folder.is_symlink() and (folder / "HEAD").is_file() and (folder / "objects").is_dir():
            return folder
    return None


def commit(repository: Path, lab: labs.Lab, into: Path, at: str | None = None) -> str:
    """Write the lab's files, and those of the labs before it, of a repository's HEAD (of the last commit before `at`)
    into a .tar; the commit's name.

    Unreadable where there is no commit, none of the lab's files in it, or git cannot read it; Incomplete where earlier
    commits are asked for and were left behind.
    """
    head = _head(repository)
    if at and (repository / "shallow").exists():
        raise Incomplete("It has no more than its last commits (git clone --depth), so nobody knows what was committed "
                         f"before {at}: clone it whole.")
    if at:
        found = _git(repository, into.parent, "rev-list", "-1", "--first-parent", f"--before={at}", head)
        head = found.strip().decode()
        if not head:
            raise Unreadable(f"nothing was committed before {at}")
    names = _git(repository, into.parent, "ls-tree", "-r", "-z", "--name-only", head).split(b"\0")
    if len(names) > FILES:
        raise Unreadable(f"the commit has more than {FILES} files")
    own, earlier = _files(names, lab), [_files(names, other) for other in labs.every() if other.number < lab.number]
    if not own:
        raise Unreadable(f"no file of lab {lab.name} is committed in it")
    wanted = dict.fromkeys(sum(earlier, own))
    into.write_bytes(_git(repository, into.parent, "archive", "--format=tar", head, "--",
                          *(f":(literal){name}" for name in wanted)))
    return head


def _files(names: list[bytes], lab: labs.Lab) -> list[str]:
    """Those of a commit's files that may be the lab's."""
    return [os.fsdecode(name) for name in names if any(
        name == os.fsencode(file) or name.endswith(os.fsencode("/" + file)) for file in lab.files)]


def _head(repository: Path) -> str:
    """The commit that HEAD names, read without git."""
    said = _line(repository / "HEAD")
    for _ in range(5):
        if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", said):
            return said
        ref = re.fullmatch(r"ref: (refs/[\w./+@-]+)", said)
        if ref is None or ".." in ref[1]:
            break
        said = _line(repository / ref[1]) or _packed(repository, ref[1])
    raise Unreadable("it has no commit that HEAD names")


def _line(file: Path) -> str:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, "rb") as stream:
            return stream.read(1000).decode("ascii", "replace").partition("\n")[0].strip()
    except OSError:
        return ""


def _packed(repository: Path, ref: str) -> str:
    try:
        descriptor = os.open(repository / "packed-refs", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, "rb") as stream:
            name = rb"(?m)^([0-9a-f]{40}(?:[0-9a-f]{24})?) " + re.escape(ref.encode()) + rb"$"
            found = re.search(name, stream.read(OUTPUT))
    except OSError:
        return ""
    return found[1].decode() if found else ""


def _git(repository: Path, scratch: Path, *words: str) -> bytes:
    """What git says of the objects of a repository; its own folder is an empty one of ours."""
    own = scratch / "git"
    if not own.exists():
        for folder in ("objects", "refs"):
            (own / folder).mkdir(parents=True, exist_ok=True)
        (own / "HEAD").write_text("ref: refs/heads/none\n")
        (own / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = true\n")
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "GIT_DIR": str(own), "HOME": str(own),
                   "GIT_ALTERNATE_OBJECT_DIRECTORIES": str((repository / "objects").resolve()),
                   "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_ATTR_NOSYSTEM": "1",
                   "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
    command = sandbox.wrap(["git", "--no-replace-objects", *words], read=[repository], write=[own], cwd=own)
    with open(scratch / "answer", "w+b") as answer:
        try:
            done = subprocess.run(["prlimit", f"--fsize={OUTPUT}", "--", *command], env=environment, stdout=answer,
                                  stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            raise Unreadable(f"git needs more than {PATIENCE} seconds to read it") from None
        if done.returncode:
            raise Unreadable("git cannot read its commit, or it is too large")
        answer.seek(0)
        return answer.read()
