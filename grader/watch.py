"""`make watch`: a lab checked again at each save, one failure on the screen at a time, with rustlings' keys.

What has to be seen again is decided by the contents of the files; watchdog only says at once that it is time to look,
and where it is missing, or hears nothing (a network's folder), the files are looked at every moment. Each check is a
`python3 -m grader check` of its own: what it says is what `make check` says, and a save in the middle of it ends it.
"""
import hashlib
import io
import os
import select
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import termios
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable, Iterable, Iterator

from grader import boots, labs, result, terminal
from grader.paths import ROOT
from grader.terminal import Piece

SETTLE = 0.1        # seconds from watchdog's word to the look: editors save in several steps
POLL = 0.5          # seconds between two looks where nobody says when
BACKSTOP = 2.0      # ... and where watchdog does
BAR = 32            # columns of the progress bar
QUIT = "q\x03\x04"  # q, Ctrl-C, Ctrl-D
KEYS = "n: next   h: hint   l: list   c: check all   q: quit"
WRITES = ("created", "modified", "moved", "deleted", "closed")     # watchdog's events that are no mere reading


def configure(parser) -> None:
    boots.arguments(parser)


def main(args) -> int:
    """Check, show, wait for a save or a key, until q or Ctrl-C; 0."""
    kernel = boots.kernel(args)
    keys = sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    with tempfile.TemporaryDirectory(prefix="exolab-") as scratch:
        check = Check(_command(kernel, args), Path(scratch) / "report.json")
        try:
            with Changes(_watched(kernel)) as changes:
                if keys:
                    _with_keys(kernel, changes, check)
                else:
                    _on_paper(kernel, changes, check)
        finally:
            check.stop()
    return 0


def _command(kernel: labs.Kernel, args) -> list[str]:
    words = [sys.executable, "-m", "grader", "check", kernel.lab.name, "--src", args.src]
    words += [f"--prior={tree}" for tree in args.prior]
    options = ("check", args.check), ("seed", args.seed), ("in", args.within)
    return words + [f"--{name}={value}" for name, value in options if value]


def _watched(kernel: labs.Kernel) -> list[Path]:
    """All that a verdict depends on: the student's files of all labs, the lab's checks, the given kernel."""
    trees = [kernel.place(lab, tree) for lab, tree in kernel.parts]
    return [ROOT / path for path in (*trees, kernel.lab.folder, "kernel", "starter/config.mk")]


# The files.

class Changes:
    """Knows when what lies below some folders (or in some files) is no longer what it was.

    `wakes` becomes readable when it may be time to look; `pause` is how many seconds to wait for that at most.
    """

    def __init__(self, paths: Iterable[Path], watchdog: bool = True):
        self.paths = [path.resolve() for path in paths]
        self._seen: dict[str, tuple] = {}       # path -> what stat said, and the hash of the content it had then
        self._contents = self._look()
        self.wakes, self._waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._observer = self._observe() if watchdog else None
        self.pause = BACKSTOP if self._observer else POLL

    def __enter__(self) -> "Changes":
        return self

    def __exit__(self, *_) -> None:
        if self._observer:
            self._observer.stop()
            self._observer.join()
        os.close(self._waker)
        os.close(self.wakes)

    def _observe(self):
        """watchdog's observer, told to wake us; None where there is no such thing, or no more of it."""
        try:
            from watchdog.observers import Observer
            observer = Observer()
            for path in self.paths:
                if path.is_dir():
                    observer.schedule(self, str(path), recursive=True)
            observer.start()
            return observer
        except Exception:       # not installed, not for this Python, no inotify left: it is only the quicker way
            return None

    def dispatch(self, event) -> None:
        """What watchdog calls, in a thread of its own."""
        if event.event_type in WRITES:
            self.wake()

    def wake(self) -> None:
        try:
            os.write(self._waker, b".")
        except BlockingIOError:     # it is full of wakes
            pass

    def awake(self) -> None:
        """Take the wakes out of the pipe."""
        try:
            os.read(self.wakes, 1 << 16)
        except BlockingIOError:
            pass

    def changed(self) -> bool:
        """Whether anything is not what it was when this was asked last."""
        before, self._contents = self._contents, self._look()
        return self._contents != before

    def _look(self) -> dict[str, str]:
        """Path -> hash of the content, of every file that may be part of a kernel."""
        found = {}
        for file in (file for top in self.paths for file in _files(top)):
            try:
                found[file] = self._hash(file)
            except OSError as error:        # gone again, or not ours to read
                found[file] = str(error.errno)
        self._seen = {file: self._seen[file] for file in found if file in self._seen}
        return found

    def _hash(self, file: str) -> str:
        about = os.lstat(file)
        if not stat.S_ISREG(about.st_mode):
            return f"no file: {about.st_mode:o}"
        key = (about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns)
        if self._seen.get(file, (None,))[0] != key:
            with open(file, "rb") as content:
                self._seen[file] = key, hashlib.file_digest(content, "sha256").hexdigest()
        return self._seen[file][1]


def _files(top: Path) -> Iterator[str]:
    """The files below a folder, or the file itself; without what is an editor's, git's, Python's or `make reset`'s."""
    if not top.is_dir():
        yield str(top)
    for folder, inside, names in os.walk(top):
        inside[:] = [name for name in inside if not name.startswith((".", "__"))]
        yield from (os.path.join(folder, name) for name in names
                    if not name.startswith(".") and not name.endswith("~") and ".mine-" not in name)


# The check.

class Check:
    """The command that judges, run again and again, one at a time."""

    def __init__(self, command: list[str], file: Path):
        self.command, self.file = [*command, "--json", str(file)], file
        self.process: subprocess.Popen | None = None
        self._said = b""

    def start(self) -> None:
        """Begin anew; what is under way is ended first."""
        self.stop()
        self.file.unlink(missing_ok=True)
        self._said = b""
        self.process = subprocess.Popen(self.command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, start_new_session=True)

    def stop(self) -> None:
        """End what is under way, and with it its compilers and QEMUs."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._through()

    @property
    def pipe(self) -> list[int]:
        """What to wait for, for select()."""
        return [self.process.stderr.fileno()] if self.process else []

    def ended(self) -> bool:
        """Read what it says, once there is something; whether it is through."""
        said = os.read(self.pipe[0], 1 << 16)
        self._said += said
        if said:
            return False
        self.process.wait()
        self._through()
        return True

    def _through(self) -> None:
        self.process.stderr.close()
        self.process = None

    def result(self) -> tuple[result.Report | None, list[str]]:
        """The report, None if there is none, and the lines said beside it: the compiler's warnings, or why not."""
        said = [result.visible(line) for line in self._said.decode("utf-8", "backslashreplace").splitlines()]
        try:
            return result.from_json(self.file.read_text("utf-8")), said
        except (OSError, ValueError):
            return None, said or ["the check ended and said nothing"]


# What is to be seen.

@dataclass
class View:
    """What the screen shows, as plain data: lines() are its pieces, press() is what a key does to it."""
    kernel: labs.Kernel
    report: result.Report | None = None
    said: tuple[str, ...] = ()
    busy: bool = True
    shown: str = ""             # the failure on the screen
    hint: bool = False          # its hint, too
    listing: bool = False       # the table instead of it

    def take(self, report: result.Report | None, said: Iterable[str]) -> None:
        """Show a new report: the same failure if it is one still, else the first."""
        self.report, self.said, self.busy = report, tuple(said), False
        if self.shown not in [check.name for check in self.failures]:
            self._show(report.first.name if report and report.first else "")

    def _show(self, name: str) -> None:
        self.shown, self.hint, self.listing = name, False, False

    @property
    def failures(self) -> list[result.Outcome]:
        """What did not pass, in order, but for what only waits for something else of it."""
        failed = [check for check in self.report.checks if check.verdict != "pass"] if self.report else []
        return [check for check in failed if check.reason != "waits"] or failed

    def press(self, key: str) -> None:
        """n, h or l: what each does to what is shown."""
        names = [check.name for check in self.failures]
        if key == "n" and names:
            self._show(names[(names.index(self.shown) + (not self.listing)) % len(names)])
        elif key == "h":
            self.hint, self.listing = not self.hint or self.listing, False
        elif key == "l":
            self.listing = not self.listing

    def lines(self) -> Iterator[list[Piece]]:
        """All but the two lines at the bottom."""
        for line in self.said:
            yield [(line, "dim" if self.report else "bold")]
        if self.said:
            yield []
        if self.report is None:
            if not self.said:
                yield [(f"Lab {self.kernel.lab.name}: {self.kernel.lab.title}", "bold")]
                yield []
            return
        if self.listing or not self.failures:
            yield from terminal.table(self.report)
        else:
            yield from self._failure(next(check for check in self.failures if check.name == self.shown))
        yield []
        if not self.failures:
            yield from terminal.total(self.report)
        if next_step := self._next():
            yield from terminal.paragraph(next_step, "bold")
            yield []

    def _failure(self, check: result.Outcome) -> Iterator[list[Piece]]:
        yield [(f"Lab {self.report.lab}: {self.report.title}", "bold")]
        yield []
        yield from terminal.explanation(check if self.hint else replace(check, hint=""))
        if self.hint and not check.hint:
            yield [("  hint:  none here: what is said above says what to do", "dim")]

    def _next(self) -> str:
        if self.failures and self.report.first.name != self.shown:
            return ""
        number = self.kernel.lab.number
        return self.report.next or ("" if self.failures else f"Next: measure it, with make bench LAB={number}, and go "
                                    f"further: {self.kernel.lab.folder}/README.md.")

    def bottom(self) -> list[str]:
        """The two lines at the bottom: how far it is, and the keys."""
        words = []
        if self.report is not None:
            earned, points, what = self.report.tally
            done = BAR * earned // max(1, points) if self.report.score is not None else 0
            bar = "#" * done + (">" + "-" * (BAR - done - 1) if done < BAR else "")
            words.append(f"[{bar}] " + ("no score" if self.report.score is None else f"{earned} of {points} {what}"))
            names = [check.name for check in self.failures]
            if len(names) > 1 and not self.listing:
                words.append(f"failure {names.index(self.shown) + 1} of {len(names)}")
        words += ["checking ..."] * self.busy
        return [", ".join(words), KEYS]


def _with_keys(kernel: labs.Kernel, changes: Changes, check: Check) -> None:
    """The loop of a person at a terminal."""
    view, screen = View(kernel), Screen(sys.stdout)
    fd = sys.stdin.fileno()
    again: list[bool] = []      # something said that all has to be drawn anew

    def redraw(*_) -> None:
        again.append(True)
        changes.wake()

    check.start()
    with _modes(fd, redraw), _noticing(signal.SIGWINCH, redraw):
        screen.begin()
        screen.draw(view)
        try:
            for what in _events(changes, check, [fd]):
                if what == "ended":
                    view.take(*check.result())
                    screen.draw(view)
                elif what == "changed":
                    check.start()
                    view.busy = True
                    screen.bottom(view)
                elif what == "key":
                    typed = os.read(fd, 64).decode("ascii", "ignore").lower()
                    if not typed or set(typed) & set(QUIT):
                        break
                    if "c" in typed:
                        check.start()
                        view.busy = True
                    for key in typed if typed.isalpha() else "":       # and not an arrow's \x1b[A
                        view.press(key)
                    screen.draw(view)
                if again:
                    again.clear()
                    screen.draw(view)
        finally:
            print(flush=True)


def _on_paper(kernel: labs.Kernel, changes: Changes, check: Check) -> None:
    """The loop where nobody sits at a terminal: reports, one after the other."""
    print(f"Checking {kernel.tree} again at each save; Ctrl-C ends it.\n", flush=True)
    check.start()
    for what in _events(changes, check, []):
        if what == "changed":
            check.start()
        elif what == "ended":
            report, said = check.result()
            for line in said:
                print(line)
            if report is not None:
                terminal.show(report)
            print(flush=True)


def _events(changes: Changes, check: Check, keys: list[int]) -> Iterator[str]:
    """What happens, for ever: "key" where one can be read, "changed" files, the check that "ended", or mere "time"."""
    look = time.monotonic() + changes.pause     # when to look at the files
    while True:
        wait = max(0.0, look - time.monotonic())
        ready, _, _ = select.select([changes.wakes, *check.pipe, *keys], [], [], wait)
        if changes.wakes in ready:
            changes.awake()
            look = min(look, time.monotonic() + SETTLE)
        if check.process and check.pipe[0] in ready and check.ended():
            yield "ended"
        if any(key in ready for key in keys):
            yield "key"
        if time.monotonic() >= look:
            look = time.monotonic() + changes.pause
            if changes.changed():
                yield "changed"
        yield "time"


class Screen:
    """A terminal, drawn on from its first line, without a flicker."""

    def __init__(self, out):
        self.out, self.colour = out, not os.environ.get("NO_COLOR")

    def begin(self) -> None:
        """Scroll up what stands there, so that it can be found again."""
        self._write("\n" * shutil.get_terminal_size().lines)

    def draw(self, view: View) -> None:
        """The whole of it."""
        body = self._painted(view.lines())
        self._write("\x1b[H" + "".join(f"{line}\x1b[K\n" for line in body) + "\x1b[J" + self._bottom(view))

    def bottom(self, view: View) -> None:
        """The last two lines again, over the old ones."""
        self._write("\r\x1b[A\x1b[J" + self._bottom(view))

    def _bottom(self, view: View) -> str:
        columns = shutil.get_terminal_size().columns - 1
        progress, keys = (line[:columns] for line in view.bottom())
        return f"{progress}\n{keys}"

    def _painted(self, lines: Iterable[list[Piece]]) -> list[str]:
        if not self.colour:
            return ["".join(words for words, _ in pieces) for pieces in lines]
        from rich.console import Console
        from rich.text import Text
        paper = io.StringIO()
        console = Console(file=paper, force_terminal=True, highlight=False, soft_wrap=True, emoji=False)
        for pieces in lines:
            console.print(Text.assemble(*pieces))
        return paper.getvalue().splitlines()

    def _write(self, text: str) -> None:
        self.out.write(text)
        self.out.flush()


@contextmanager
def _modes(fd: int, back: Callable) -> Iterator[None]:
    """A terminal that gives each key at once, Ctrl-C too, and shows none; however it is left, it is as it was.

    Where Ctrl-Z suspends us it is so meanwhile, and `back` is called when we are back.
    """
    before = termios.tcgetattr(fd)

    def ours() -> None:
        modes = termios.tcgetattr(fd)
        modes[3] &= ~(termios.ICANON | termios.ECHO)
        modes[6][termios.VMIN], modes[6][termios.VTIME] = 1, 0
        modes[6][termios.VINTR] = bytes([os.fpathconf(fd, "PC_VDISABLE")])
        termios.tcsetattr(fd, termios.TCSADRAIN, modes)

    def suspend(*_) -> None:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)
        with _noticing(signal.SIGTSTP, signal.SIG_DFL):
            os.kill(os.getpid(), signal.SIGTSTP)        # here we stand until somebody types fg
        ours()
        back()

    with _noticing(signal.SIGTSTP, suspend):
        try:
            ours()
            yield
        finally:
            termios.tcsetattr(fd, termios.TCSADRAIN, before)


@contextmanager
def _noticing(number: int, handler) -> Iterator[None]:
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)
