"""`make run` and `make gdb`: a lab's kernel with a person in front of it, built, fed and counted as the judge does it.

`run` puts the terminal on the serial line. `gdb` starts QEMU stopped before the first instruction, its gdb server and
serial line on Unix sockets in a directory of its own, and attaches gdb, which loads gdb/exolab.py; all ends with gdb.
"""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

from grader import build, engine, judge, labs, params, symbols
from grader.errors import GraderError, Usage
from grader.paths import ROOT

DEBUGGERS = ("gdb-multiarch", "arm-none-eabi-gdb")
LEAVE = "Ctrl-A, then X, leaves; Ctrl-A, then C, is QEMU's monitor and back."


@dataclass(frozen=True)
class Kernel:
    """What is booted, and with which numbers."""
    boot: engine.Boot
    elf: Path
    seed: int
    nonce: int


def configure(parser) -> None:
    parser.add_argument("lab", nargs="?", default="", help="1, boot or 1-boot")
    parser.add_argument("--src", default="starter", help="whose kernel: starter (default), solutions, or a tree")
    parser.add_argument("--prior", action="append", default=[], metavar="TREE",
                        help="whose earlier labs: starter, solutions; 2=TREE: lab 2's")
    parser.add_argument("--check", metavar="NAME", help="boot this check's kernel instead of the lab's demo")
    parser.add_argument("--boot", type=int, default=1, metavar="N", help="the check's N-th boot, where it has several")
    parser.add_argument("--seed", metavar="N", help="the seed that a report names, instead of the check's own")
    parser.add_argument("--gdb", action="append", default=[], metavar="ARGUMENT",
                        help="one more argument for gdb (for scripts)")


def main(args) -> int:
    """The verbs `run` and `gdb`: boot what the arguments ask for. 1 where the student's kernel does not build."""
    lab = labs.find(args.lab)
    made = labs.compose(lab, args.src, labs.priors(args.prior))
    boot, seed, nonce = chosen(lab, args.check, args.boot, args.seed)
    built = build.build(made, [boot.payload])
    if boot.payload in built.failed:
        print(built.failed[boot.payload], file=sys.stderr)      # the compiler says it best
        return 1
    kernel = Kernel(boot, built.elfs[boot.payload], seed, nonce)
    return terminal(kernel) if args.verb == "run" else debug(kernel, args.gdb)


def chosen(lab: labs.Lab, check: str | None, number: int, seed: str | None) -> tuple[engine.Boot, int, int]:
    """The boot, seed and nonce of the check's boot of that number (from 1), as the judge has them; else the demo's."""
    boot, name = engine.Boot("demo"), f"{lab.name}/{check or 'demo'}"
    if check:
        boot = chosen_boot(lab, check, number)
    asked = judge.seed_of(seed)
    fixed = params.fixed_seed(name) if asked is None else asked
    seed = fixed if boot.seed is None else boot.seed
    return boot, seed, params.nonce(seed, f"{name}/{number - 1}")


def chosen_boot(lab: labs.Lab, check: str, number: int) -> engine.Boot:
    """The check's boot of that number, counted from 1."""
    checks = {each.name: each for each in judge.collect(lab)}
    if check not in checks:
        raise Usage(f"{lab.name} has no check {check!r}; it has: {', '.join(checks)}")
    boots = checks[check].boots
    if not 1 <= number <= len(boots):
        raise Usage(f"check {check} boots {len(boots)} kernel{'s'[len(boots) == 1:]}; BOOT={number} is none of them")
    return boots[number - 1]


def terminal(kernel: Kernel) -> int:
    """Boot with this terminal as the serial line, until the kernel powers off or the person leaves; 0."""
    print(LEAVE, flush=True)
    with tempfile.TemporaryDirectory(prefix="exolab-") as directory:
        piped = None if sys.stdin.isatty() else subprocess.PIPE
        with qemu(kernel, Path(directory), "-serial", "mon:stdio", stdin=piped, stdout=piped) as process:
            with uninterrupted():
                if piped:
                    converse(process)
                process.wait()
            expect_well(process, Path(directory))
    return 0


def converse(process: subprocess.Popen) -> None:
    """Stand in for the person where input comes from a file or a pipe: type it once the kernel has said something.

    Before its console is up the UART would lose bytes, more or fewer from run to run.
    """
    def type_all():
        with suppress(OSError):     # the kernel may be off before all is typed
            while data := os.read(0, 4096):
                process.stdin.write(data)

    typist = threading.Thread(target=type_all, daemon=True)
    while data := process.stdout.read(4096):
        os.write(1, data)
        if typist.ident is None:
            typist.start()


def debug(kernel: Kernel, extra: list[str]) -> int:
    """Boot stopped before the first instruction and hand over to gdb with `extra` arguments; gdb's exit code."""
    debugger = next(filter(shutil.which, DEBUGGERS), None)
    if debugger is None:
        build.need_tools(DEBUGGERS[:1])
    with tempfile.TemporaryDirectory(prefix="exolab-") as directory:
        stub, serial = f"{directory}/gdb", f"{directory}/serial"
        with qemu(kernel, Path(directory), "-S", "-no-shutdown", "-gdb", f"unix:{stub},server=on,wait=off",
                  "-serial", f"unix:{serial},server=on,wait=off", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                  start_new_session=True) as process:       # a Ctrl-C is gdb's
            while not (os.path.exists(stub) and os.path.exists(serial)):
                if process.poll() is not None:
                    expect_well(process, Path(directory))
                    raise GraderError("QEMU ended before gdb could attach")
                time.sleep(0.01)
            told = {"EXOLAB_GDB": stub, "EXOLAB_SERIAL": serial, "EXOLAB_BREAK": first_stop(kernel.elf)}
            command = [debugger, "-q", f"--directory={ROOT}", "-x", str(ROOT / "grader/gdb/exolab.py"), *extra]
            with uninterrupted():
                return subprocess.call([*command, str(kernel.elf)], cwd=ROOT, env=os.environ | told)


def first_stop(elf: Path) -> str:
    """Where the breakpoint goes: check_main where the kernel has one, else _start."""
    try:
        symbols.of(elf).address("check_main")
        return "check_main"
    except symbols.NoSymbol:
        return "_start"


@contextmanager
def qemu(kernel: Kernel, directory: Path, *more: str, **streams) -> Iterator[subprocess.Popen]:
    """QEMU on the kernel with `more` arguments, its stderr in directory/log; ended when this is left."""
    build.need_tools(["qemu-system-arm"])
    command = ["qemu-system-arm", *engine.machine(kernel.boot, kernel.elf, seed=kernel.seed, nonce=kernel.nonce,
                                                  directory=directory), "-accel", "tcg", *more]
    with open(directory / "log", "wb") as log:
        process = subprocess.Popen(command, stderr=log, bufsize=0, **streams)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def expect_well(process: subprocess.Popen, directory: Path) -> None:
    """GraderError with QEMU's last words if it did not end well."""
    if process.poll():
        words = (directory / "log").read_text(errors="replace").strip().splitlines() or ["it said nothing"]
        raise GraderError(f"QEMU gave up: {words[-1]}")


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ctrl-C is the child's to answer; a closed terminal or a kill still ends everything in order."""
    def leave(number, _):
        raise SystemExit(128 + number)

    wanted = {signal.SIGINT: lambda *_: None, signal.SIGTERM: leave, signal.SIGHUP: leave}
    before = {number: signal.signal(number, handler) for number, handler in wanted.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
