"""`make run` and `make gdb`: a lab's kernel with a person in front of it, built, fed and counted as the judge does it.

`run` puts the terminal on the serial line. `gdb` starts QEMU stopped before the first instruction, its gdb server and
serial line on Unix sockets in a directory of its own, and attaches gdb, which loads gdb/exolab.py; all ends with gdb.
However it ends, no QEMU stays behind and the terminal is as it was.
"""
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterable, Iterator, Mapping

from grader import boots, build, engine, judge, labs, symbols
from grader.errors import GraderError, Usage
from grader.paths import ROOT
from grader.vm import escaped

DEBUGGERS = ("gdb-multiarch", "arm-none-eabi-gdb")
STOPS = ("_start", "check_main")     # gdb's first breakpoints, where the kernel has them
GUEST = "10.0.2.15"                  # the address that QEMU's network has for the kernel
PORTS = {7: 6007, 53: 6053}          # the kernel's UDP ports that can be reached, and this machine's that lead there
LEAVE = "Ctrl-A, then X, leaves; Ctrl-A, then C, is QEMU's monitor and back."


@dataclass(frozen=True)
class Kernel:
    """What is booted, and with which numbers."""
    boot: engine.Boot
    elf: Path
    seed: int
    nonce: int
    which: str = ""          # of a check's several boots; "": there are no others
    network: bool = False    # it has a network card
    pcap: str = ""           # the file that keeps what passes over it, for tcpdump and the like; "": none


def configure(parser) -> None:
    boots.arguments(parser)
    parser.add_argument("--boot", metavar="N", help="the check's N-th boot, counted from 1, where it has several")
    parser.add_argument("--pcap", metavar="FILE", default="", help="keep the frames that the kernel sends and receives")
    parser.add_argument("--gdb", action="append", default=[], metavar="ARGUMENT",
                        help="one more argument for gdb (for scripts)")


def main(args) -> int:
    """The verbs `run` and `gdb`: boot what the arguments ask for. 1 where the student's kernel does not build."""
    kernel = built(args)
    if kernel is None:
        return 1
    return terminal(kernel) if args.verb == "run" else debug(kernel, args.gdb)


def built(args) -> Kernel | None:
    """What the arguments ask for; None where it does not build, and the compiler has said why."""
    made = boots.kernel(args)
    number = boot_number(args.check, args.boot)
    boot, seed, nonce = chosen(made.lab, args.check, number, args.seed)
    result = build.build(made, [boot.payload])
    if boot.payload in result.failed:
        print(result.failed[boot.payload], file=sys.stderr)     # the compiler says it best
        return None
    network = boot.net is not None or not args.check and made.lab.network
    if args.pcap and not network:
        raise Usage(f"PCAP={args.pcap}: this kernel has no network card")
    return Kernel(boot, result.elfs[boot.payload], seed, nonce, which(made.lab, args.check, number), network, args.pcap)


def boot_number(check: str | None, asked: str | None) -> int:
    """The N of `--boot N`, 1 if it was not said. That the check has so many, chosen() sees to."""
    if asked is None:
        return 1
    if not check:
        raise Usage(f"BOOT={asked} is one of a check's boots; say CHECK= as well")
    if not asked.isascii() or not asked.isdigit():
        raise Usage(f"BOOT={asked} is no number; the check's first boot is BOOT=1")
    return int(asked)


def which(lab: labs.Lab, check: str | None, number: int) -> str:
    """What tells a check's boot from its others, "boot 2 of 2: -M virt,virtualization=on"; "" if it has no others."""
    its = boots_of(lab, check) if check else ()
    if len(its) < 2:
        return ""
    boot = its[number - 1]
    cores = f" -smp {boot.smp}" if boot.smp > 1 else ""
    return f"boot {number} of {len(its)}: -M {','.join(('virt', *boot.machine))}{cores}"


def chosen(lab: labs.Lab, check: str | None, number: int, asked: str | None) -> tuple[engine.Boot, int, int]:
    """The boot, seed and nonce of the check's boot of that number (from 1), as the judge has them; else the demo's."""
    boot = engine.Boot("demo")
    if check:
        its = boots_of(lab, check)
        if not 1 <= number <= len(its):
            have = f"has {len(its)} boots: BOOT=1 to BOOT={len(its)}" if len(its) > 1 else "has one boot: BOOT=1"
            raise Usage(f"check {check} {have}; BOOT={number} is none of them")
        boot = its[number - 1]
    seed = boots.seed(lab, check or "demo", boot, boots.asked_seed(asked))
    return boot, seed, boots.nonce(seed, lab, check or "demo", number - 1, boot)


def boots_of(lab: labs.Lab, check: str) -> tuple[engine.Boot, ...]:
    """The check's boots, in its order."""
    checks = {each.name: each for each in judge.collect(lab)}
    if check not in checks:
        raise Usage(f"{lab.name} has no check {check!r}; it has: {', '.join(checks)}")
    return tuple(checks[check].boots)


def terminal(kernel: Kernel) -> int:
    """Boot with this terminal as the serial line, until the kernel powers off or the person leaves; 0."""
    ports = free_ports(kernel)
    print("\n".join(filter(None, (kernel.which, ways_in(kernel, ports), LEAVE))), flush=True)
    piped = None if sys.stdin.isatty() else subprocess.PIPE
    with scratch(leave if piped else ignore) as directory:
        with qemu([*machine(kernel, directory, ports), "-serial", "mon:stdio"], directory, stdin=piped,
                  stdout=piped) as process:
            if piped:
                converse(process)
            process.wait()
            expect_well(process, directory)
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
    find_debugger()
    with scratch(ignore) as directory:
        serial = f"{directory}/serial"
        ports = free_ports(kernel)
        if ports:
            print(ways_in(kernel, ports), flush=True)
        return attach(kernel, [*machine(kernel, directory, ports), "-serial", f"unix:{serial},server=on,wait=off"],
                      directory, extra, EXOLAB_SERIAL=serial, EXOLAB_BREAK=" ".join(having(kernel.elf, STOPS)))


def attach(kernel: Kernel, arguments: list[str], directory: Path, extra: list[str], **told: str) -> int:
    """gdb with `extra` arguments on a QEMU with `arguments` that stands before the first instruction; gdb's exit code.

    `told` is gdb/exolab.py's environment, beside what it is always told.
    """
    stub = directory / "gdb"
    with qemu([*arguments, "-S", "-no-shutdown", "-gdb", f"unix:{stub},server=on,wait=off"], directory,
              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True) as process:
        # (A session of its own: a Ctrl-C is gdb's.)
        while not (stub.exists() and os.path.exists(told.get("EXOLAB_SERIAL", stub))):
            if process.poll() is not None:
                expect_well(process, directory)
                raise GraderError("QEMU ended before gdb could attach")
            time.sleep(0.01)
        told |= {"EXOLAB_GDB": str(stub), "EXOLAB_BOOT": kernel.which}
        command = [find_debugger(), "-q", f"--directory={ROOT}", "-x", str(ROOT / "grader/gdb/exolab.py"), *extra]
        return subprocess.call([*command, str(kernel.elf)], cwd=ROOT, env=os.environ | told)


def find_debugger() -> str:
    """The gdb there is; GraderError, in words, if there is none."""
    found = next(filter(shutil.which, DEBUGGERS), None)
    if found is None:
        build.need_tools(DEBUGGERS[:1])
    return found


def having(elf: Path, names: Iterable[str]) -> list[str]:
    """Those of the symbols that the kernel has."""
    return [name for name in names if name in symbols.of(elf)]


def machine(kernel: Kernel, directory: Path, ports: Mapping[int, int] = {}) -> list[str]:
    """QEMU's arguments for the board and the kernel; `ports`: as free_ports() has them, with the network card."""
    # (With restrict=on QEMU would drop what the kernel answers over UDP.)
    netdev = ",".join(("user,ipv6=off", *(f"hostfwd=udp:127.0.0.1:{ours}-{GUEST}:{its}"
                                          for its, ours in ports.items()))) if ports else ""
    dump = ["-object", f"filter-dump,id=pcap,netdev=net,file={escaped(os.path.abspath(kernel.pcap))}"]
    return [*engine.machine(kernel.boot, kernel.elf, seed=kernel.seed, nonce=kernel.nonce, directory=directory,
                            netdev=netdev), *(dump if ports and kernel.pcap else ())]


def free_ports(kernel: Kernel) -> dict[int, int]:
    """PORTS, and another one of this machine's where one of those is taken; {} for a kernel without a network card."""
    found = {}
    for its, ours in PORTS.items() if kernel.network else ():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as tried:
            try:
                tried.bind(("127.0.0.1", ours))
            except OSError:
                tried.bind(("127.0.0.1", 0))
            found[its] = tried.getsockname()[1]
    return found


def ways_in(kernel: Kernel, ports: Mapping[int, int]) -> str:
    """How to reach the kernel, in words; "" where it has no network card."""
    ways = ", ".join(f"127.0.0.1:{ours} is its port {its}" for its, ours in ports.items())
    alone = "" if kernel.boot.net is None else "\nThe check's own peer is not there: nobody answers but you."
    return f"On the network the kernel is {GUEST}; over UDP, {ways}.{alone}" if ports else ""


@contextmanager
def scratch(interrupt: Callable) -> Iterator[Path]:
    """A directory for as long as a child has the terminal (see in_order)."""
    with tempfile.TemporaryDirectory(prefix="exolab-") as directory, in_order(interrupt):
        yield Path(directory)


@contextmanager
def qemu(arguments: list[str], directory: Path, **streams) -> Iterator[subprocess.Popen]:
    """QEMU with those arguments, its stderr in directory/log; ended when this is left."""
    build.need_tools(["qemu-system-arm"])
    command = ["qemu-system-arm", *arguments, "-accel", "tcg"]
    with open(directory / "log", "wb") as log:
        process = subprocess.Popen(command, stderr=log, bufsize=0, preexec_fn=lambda: at_parents_death(signal.SIGKILL),
                                   **streams)
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


def at_parents_death(number: int, prctl=getattr(ctypes.CDLL(None), "prctl", None)) -> None:
    """Where Linux is: this process gets that signal when the one that started it is gone; 0: none."""
    if prctl:
        prctl(1, number)    # PR_SET_PDEATHSIG


def leave(number: int, _) -> None:
    """A signal's handler: end, and undo on the way out what was done."""
    raise SystemExit(128 + number)


def ignore(number: int, _) -> None:
    """A signal's handler that does nothing; unlike SIG_IGN, it is not handed on to a child."""


@contextmanager
def in_order(interrupt: Callable) -> Iterator[None]:
    """A child has the terminal; `interrupt` handles a Ctrl-C.

    A kill, a closed terminal, or the end of the shell that make started us in (a kill of make ends that shell, and
    nothing else) end everything in order. The terminal becomes what it was: a killed child cannot see to that.
    """
    wanted = {signal.SIGINT: interrupt, signal.SIGTERM: leave, signal.SIGHUP: leave}
    before = {number: signal.signal(number, handler) for number, handler in wanted.items()}
    mode, blocks = (termios.tcgetattr(0), os.get_blocking(0)) if os.isatty(0) else (None, True)
    at_parents_death(signal.SIGTERM)
    try:
        yield
    finally:
        at_parents_death(0)
        if mode:
            before[signal.SIGTTOU] = signal.signal(signal.SIGTTOU, signal.SIG_IGN)     # we may be in the background
            with suppress(termios.error, OSError):      # it may be closed
                termios.tcsetattr(0, termios.TCSANOW, mode)
                os.set_blocking(0, blocks)
        for number, handler in before.items():
            signal.signal(number, handler)
