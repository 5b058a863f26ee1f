"""Grades what was handed in: several at once, each by a `grader check` of its own, in a folder for what that builds.

A check is bounded by itself (instructions, processor time of the compiler, memory and disk of what it runs); a backstop
stands around all of it. What hits that, or what the grader could not judge, has no score, and is left to a person.
"""
import os
import queue
import resource
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from grader import labs, submission
from grader.classes import cache, roster
from grader.errors import GraderError
from grader.paths import BUILD, ROOT
from grader.result import visible

PATIENCE = 900                  # seconds for one submission
MEMORY = 8 << 30                # bytes of addresses of the process that judges
GRACE = 15                      # seconds that it has to end what it started


@dataclass(frozen=True)
class Handed:
    """What one student handed in."""
    student: str
    work: "Work | None"         # None where there is nothing of the lab's
    whole: "Work | None"        # the same and the earlier labs that are there whole; None where there is none
    notes: tuple[str, ...]      # sentences
    trouble: str = ""           # why nobody can say what was handed in, in a sentence


@dataclass(frozen=True)
class Work:
    """Files to be judged."""
    files: dict[str, bytes]     # of the lab, by lab.toml's names
    earlier: Mapping[str, dict[str, bytes]] = field(default_factory=dict)  # of labs before it, in the reference's place

    @property
    def content(self) -> str:
        """cache.content() of all the files."""
        return cache.content(self.files | {f"{lab}/{name}": data for lab, files in self.earlier.items()
                                           for name, data in files.items()})


@dataclass(frozen=True)
class Judged:
    report: str                 # JSON; "" where nobody judged it
    trouble: str = ""           # why not, in a sentence


def take(entry: roster.Entry, lab: labs.Lab, at: str | None, scratch: Path) -> Handed:
    """The lab's files of an entry, and those of earlier labs; `scratch` is a folder to work in. Whatever was handed in,
    this comes back."""
    shutil.rmtree(scratch, ignore_errors=True)
    (scratch / "tree").mkdir(parents=True)
    notes, source, earlier, trouble = entry.notes, entry.path, {}, ""
    try:
        if entry.path.is_symlink():
            raise roster.Unreadable("this is a symbolic link")
        if repository := roster.is_repository(entry.path):
            source = scratch / "commit.tar"
            notes += (f"Commit {roster.commit(repository, lab, source, at)}.",)
        elif at:
            notes += ("This is no git repository: nobody knows when it was handed in.",)
        taken = submission.take(source, lab, scratch / "tree")
        notes += taken.refused
        for other in (other for other in labs.every() if other.number < lab.number):
            if not submission.take(source, other, scratch / "tree", top=False).missing:
                earlier[other.name] = _read(scratch / "tree", other)
    except roster.Incomplete as error:
        trouble = str(error)
    except (roster.Unreadable, OSError) as error:
        words = str(error) if isinstance(error, roster.Unreadable) else error.strerror or type(error).__name__
        notes += (f"Nothing could be taken: {visible(words)}.",)
    files = _read(scratch / "tree", lab)
    whole = Work(files, earlier) if files and earlier else None
    return Handed(entry.student, Work(files) if files else None, whole, notes, trouble)


def _read(tree: Path, lab: labs.Lab) -> dict[str, bytes]:
    """The lab's files that are in a tree, by lab.toml's names."""
    paths = {name: tree / lab.name / name for name in lab.files}
    return {name: path.read_bytes() for name, path in paths.items() if path.is_file()}


def every(contents: dict[str, Work], lab: labs.Lab, options: list[str], at_once: int,
          done: Callable[[str, Judged], None]) -> None:
    """Judge each of `contents` (content -> work) with these options of `check`, and tell `done` of each as it ends."""
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    for name in contents:
        waiting.put(name)
    running = _Running()

    def work(number: int) -> None:
        while not running.ended:
            try:
                name = waiting.get_nowait()
            except queue.Empty:
                return
            judged = _judge(contents[name], lab, options, BUILD / "class" / f"worker-{number}", running)
            if judged is not None:
                done(name, judged)

    with ThreadPoolExecutor(at_once) as pool:
        try:
            for future in [pool.submit(work, number) for number in range(at_once)]:
                future.result()
        finally:
            running.end()


class _Running:
    """The processes that judge now, to be ended together."""

    def __init__(self) -> None:
        self.processes: set[subprocess.Popen] = set()
        self.ended = False
        self.lock = threading.Lock()

    def start(self, *words, **more) -> subprocess.Popen | None:
        with self.lock:
            if self.ended:
                return None
            process = subprocess.Popen(*words, **more)
            self.processes.add(process)
            return process

    def end(self) -> None:
        with self.lock:
            self.ended = True
            for process in self.processes:
                if process.poll() is None:
                    process.send_signal(signal.SIGTERM)


def _judge(work: Work, lab: labs.Lab, options: list[str], place: Path, running: _Running) -> Judged | None:
    """One judgement; None where all were told to end."""
    handed, earlier, report, said = place / "handed", place / "earlier", place / "report.json", place / "said"
    for tree, files in ((handed, {lab.name: work.files}), (earlier, work.earlier)):
        shutil.rmtree(tree, ignore_errors=True)
        for path, data in ((tree / other / name, data) for other in files for name, data in files[other].items()):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "grader", "check", lab.name, "--submission", str(handed), "--json", str(report),
               *options, *(f"--prior={labs.find(other).number}={earlier}" for other in work.earlier)]
    with open(said, "w+b") as words:
        process = running.start(command, cwd=ROOT, env=os.environ | {"EXOLAB_BUILD": str(place / "build")},
                                stdout=words, stderr=words, stdin=subprocess.DEVNULL, preexec_fn=_bounded)
        if process is None:
            return None
        try:
            code = process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(GRACE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            return Judged("", f"It was not judged within {PATIENCE} seconds.")
        if running.ended:
            return None
        words.seek(0)
        last = (words.read(1 << 20).decode("utf-8", "replace").strip().splitlines() or [f"exit code {code}"])[-1]
    if not report.is_file():
        if "interrupted" in last:
            raise GraderError("interrupted")
        return Judged("", f"The grader could not judge: {visible(last.removeprefix('exolab: '))}.")
    return Judged(report.read_text("utf-8"))


def _bounded() -> None:
    """In the process that judges, before it begins: it ends with us, and what it may use has a limit."""
    import ctypes
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)      # PR_SET_PDEATHSIG: whoever grades a class may be killed
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
