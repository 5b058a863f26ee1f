"""The box that a student's work is compiled and booted in: bubblewrap, where it works.

Inside there is no network, no other process and no file but the system's programs and what the caller names; nothing
can be written but where the caller says so. What runs inside ends with whoever started it. Where bubblewrap does not
work commands run as they are, `missing` says why, and build.py's limits and list of what may be read stand alone.
"""
import functools
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterable
from pathlib import Path

from grader.result import visible

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc/alternatives", "/etc/ld.so.cache",
          "/nix/store", "/gnu/store")
BESIDE = ("lib", "lib64", "libexec", "arm-none-eabi", "share/qemu")     # of PREFIX, what a program in PREFIX/bin needs
SCRATCH = 256 << 20     # bytes that all files in the box's own /tmp may have


def missing() -> str:
    """Why there is no box here, in words; "" where there is one. Tried once per process."""
    if os.environ.get("EXOLAB_SANDBOX") == "off":
        return "EXOLAB_SANDBOX=off switches it off"
    return _tried(shutil.which("bwrap"))


@functools.cache
def _tried(program: str | None) -> str:
    if program is None:
        return "bubblewrap is not installed (Debian's package bubblewrap)"
    done = subprocess.run([program, *_box(), "--", "true"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, errors="replace")
    words = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    return f"bubblewrap does not work here: {visible(words)}" if done.returncode else ""


def wrap(command: Iterable[str], *, read: Iterable[Path | str] = (), write: Iterable[Path | str] = (),
         cwd: Path | str = "/", tell: int | None = None) -> list[str]:
    """The command that runs `command` in the box; `command` itself where there is none.

    read, write     paths of files and folders that are there inside, under the same names; they have to exist
    cwd             where the command is run: one of those, or a folder above
    tell            a descriptor on which bubblewrap tells which process runs the command, as JSON
    Descriptors that the caller passes on are inherited. The command is the first process of its own: all end with it.
    """
    if missing():
        return list(command)
    binds = [(option, os.path.abspath(path), os.path.abspath(path))
             for option, paths in (("--ro-bind", read), ("--bind", write)) for path in paths]
    return [shutil.which("bwrap"), *_box(), *(word for bind in binds for word in bind), "--chdir", str(cwd),
            *(() if tell is None else ("--info-fd", str(tell))), "--", *command]


def start(command: Iterable[str], *, read: Iterable[Path | str], write: Iterable[Path | str], cwd: Path | str,
          pass_fds: Iterable[int] = (), **more) -> tuple[subprocess.Popen, int]:
    """Start a command in the box, as the leader of a process group to kill; and which process runs it (proc.py looks).

    `more` is for Popen, which may raise OSError.
    """
    if missing():
        process = subprocess.Popen(command, cwd=cwd, pass_fds=pass_fds, start_new_session=True, **more)
        return process, process.pid
    told, tell = os.pipe()
    with open(told, "rb") as stream:
        try:
            process = subprocess.Popen(wrap(command, read=read, write=write, cwd=cwd, tell=tell),
                                       pass_fds=(*pass_fds, tell), start_new_session=True, **more)
        finally:
            os.close(tell)
        found = re.search(rb'"child-pid": (\d+)', stream.read())
    return process, int(found[1]) if found else process.pid


def end(process: subprocess.Popen, pid: int) -> None:
    """Kill what `start` started, and wait until it is gone."""
    if process.poll() is None:
        try:
            os.kill(pid, signal.SIGKILL)
            process.wait(10)            # bubblewrap ends when what it runs is no more
        except (ProcessLookupError, subprocess.TimeoutExpired):
            process.kill()              # and the other way round
    process.wait()


def installation(program: str) -> list[str]:
    """The folders to `read` for a program ("make", or a path) to run, where it is none of the system's."""
    path, found = os.path.abspath(shutil.which(program) or program), []
    for folder in map(os.path.dirname, (path, os.path.realpath(path))):
        found += [folder, *(f"{os.path.dirname(folder)}/{name}" for name in BESIDE if folder.endswith("/bin"))]
    return [name for name in dict.fromkeys(found) if os.path.isdir(name)
            and not any(name == path or name.startswith(f"{path}/") for path in SYSTEM)]


@functools.cache
def _box() -> tuple[str, ...]:
    """What every box has: the system's programs, devices that are no hardware, its own processes, an empty /tmp."""
    words = ["--unshare-all", "--as-pid-1", "--die-with-parent", "--cap-drop", "ALL"]
    for path in SYSTEM:
        if os.path.islink(path):
            words += ["--symlink", os.readlink(path), path]
        elif os.path.exists(path):
            words += ["--ro-bind", path, path]
    return (*words, "--dev", "/dev", "--proc", "/proc", "--size", str(SCRATCH), "--tmpfs", "/tmp",
            "--setenv", "TMPDIR", "/tmp")
