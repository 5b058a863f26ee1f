"""What is installed here: every tool of packages.txt, the version found, the version known good, and the remedy for
each that is missing or too old; then the plugin is built and a kernel of ten lines boots. To say so needs Python alone.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from grader.errors import GraderError
from grader.paths import ROOT

# The versions this was tried with, by package: Debian 12's; and the oldest that has what is used.
KNOWN_GOOD = {
    "gcc-arm-none-eabi": ("12.2", "10"),
    "binutils-arm-none-eabi": ("2.40", "2.35"),
    "qemu-system-arm": ("7.2", "7.2"),
    "gdb-multiarch": ("13.1", "10"),
    "gcc": ("12.2", "8"),
    "libc6-dev": (None, None),
    "python3": ("3.11", "3.11"),
    "python3-pytest": ("7.2", "7"),
    "python3-rich": ("13.3", "12"),
    "python3-pyelftools": ("0.29", "0.27"),
    "python3-scapy": ("2.5", "2.4"),
    "bubblewrap": ("0.8", "0.4"),
    "python3-watchdog": ("2.2", "1"),
    "python3-pytest-xdist": ("3.1", "2"),
    "python3-hypothesis": ("6.67", "6"),
    "python3-sphinx": ("5.3", "5"),
    "python3-myst-parser": ("0.18", "0.18"),
    "furo": ("2022.12", "2022.6"),
    "python3-jinja2": ("3.1", "3"),
    "similarity-tester": (None, None),
    "pandoc": ("2.17", "2.14"),
    "weasyprint": ("57.2", "55"),
    "poppler-utils": (None, None),
    "chromium": ("156", "112"),
    "chromium-driver": ("156", "112"),
    "python3-selenium": ("4.8", "4.8"),
    "csmith": ("2.3", "2.3"),
    "python3-capstone": ("4.0", "4.0"),
    "llvm": ("14", "14"),
    "llvm-19": ("19", "19"),
    "tcpdump": ("4.99", "4.9"),
    "bind9-dnsutils": ("9.18", "9.16"),
    "clang": ("14", "14"),
}

# The smallest kernel that shows the machine at work: it prints a line and powers off (PSCI SYSTEM_OFF by hvc).
SMOKE = """
        .arch_extension virt
        .global _start
_start: ldr     r1, =0x09000000         // the UART's data register
        adr     r2, text
next:   ldrb    r0, [r2], #1
        cmp     r0, #0
        strne   r0, [r1]
        bne     next
        ldr     r0, =0x84000008
        hvc     #0
        b       .
text:   .asciz  "up and running\\n"
"""


@dataclass(frozen=True)
class Need:
    """A line of packages.txt: Debian's package, what shows that it is there, what it is for, and the group it is in."""
    package: str
    proof: str
    purpose: str
    group: str


@dataclass(frozen=True)
class Finding:
    """What is said about one tool."""
    state: str          # ok, missing, too old or broken; without: it is done without
    name: str
    version: str = ""
    good: str = ""      # the version known good
    remark: str = ""    # the remedy, unless all is well


def configure(parser) -> None:
    parser.description = "Say which tools are here, what to do about those that are not, and boot a small kernel."


def main(args) -> int:
    """Print the findings; 0 if a student has all they need, 2 if not."""
    python = chosen_python()
    for group, title in (("check", "To build, check and debug labs:"),
                         ("extra", "Well to have; all works without, if less well:"),
                         ("course", "To work on the course itself:")):
        print(title)
        found = [examine(need, python) for need in needs() if need.group == group]
        show(found)
        if group == "check":
            wanting = [finding for finding in found if finding.state != "ok"]
        elif group == "course" and any(finding.state == "missing" for finding in found):
            print("  (make test and make handouts install what is missing of these)")
    print("The machine:")
    if wanting:
        print("  not tried, as tools are missing")
        print(f"What to do: {remedy(len(wanting))}")
        return 2
    trials = [trial() for trial in (plugin, smoke_boot)]
    show([*trials, box()])
    return 0 if all(trial.state == "ok" for trial in trials) else 2


def needs(text: str | None = None) -> list[Need]:
    """The lines of packages.txt, in order."""
    text = (ROOT / "grader" / "packages.txt").read_text() if text is None else text
    group, found = "", []
    for line in text.splitlines():
        words, _, purpose = line.partition("#")
        if header := re.match(r"\[(\w+)\]", words):
            group = header[1]
        elif words.strip():
            package, proof = words.split()
            found.append(Need(package, proof, purpose.strip(), group))
    return found


def chosen_python() -> str | None:
    """The Python that `make` runs the grader under, None if none here has what it needs."""
    done = subprocess.run(["sh", str(ROOT / "grader/setup.sh"), "--python", "check"], capture_output=True, text=True)
    return shutil.which(done.stdout.strip()) if done.returncode == 0 else None


def examine(need: Need, python: str | None) -> Finding:
    """Look for one tool, modules in `python` or else in the one that Debian's packages serve."""
    kind, _, what = need.proof.rpartition(":")
    good, oldest = KNOWN_GOOD[need.package]
    if kind == "python3":
        path = python or shutil.which("/usr/bin/python3") or sys.executable
        name = need.package.removeprefix("python3-")
        version = module_version(path, what, name)
    elif kind == "header":
        path, name = "gcc", what
        version = "there" if has_header(what) else None
    elif what == "python3":
        path, name = python or shutil.which("/usr/bin/python3") or sys.executable, what
        version = command_version(path)
    else:
        path = next(filter(None, map(shutil.which, what.split("|"))), None)
        name = Path(path or what.partition("|")[0]).name
        version = command_version(path) if path else None
    if version is None:
        return Finding("missing", name, "", good or "", f"{need.purpose}: {package_remedy(need.package)}")
    if oldest and numbers(version) < numbers(oldest):
        return Finding("too old", name, version, good, f"{need.purpose}: {oldest} or later is needed ({path} is used)")
    remark = ""
    if name == "python3":
        on_path = shutil.which("python3")
        other = on_path is not None and not os.path.samefile(path, on_path)
        remark = f"{path}; the python3 on PATH is another, {on_path}" if other else path
    return Finding("ok", name, version, good or "", remark)


def module_version(python: str, module: str, distribution: str) -> str | None:
    """The version of a module in another Python, "?" if it does not say, None if it is not there."""
    script = ("import importlib.util as u, importlib.metadata as m, sys\n"
              "if u.find_spec(sys.argv[1]) is None: sys.exit(1)\n"
              "try: print(m.version(sys.argv[2]))\n"
              "except m.PackageNotFoundError: print('?')")
    done = subprocess.run([python, "-c", script, module, distribution], capture_output=True, text=True, cwd="/")
    version = done.stdout.strip()
    return None if done.returncode else version if any(numbers(version)) else "?"   # Debian's furo says 0.0.0


def command_version(path: str) -> str:
    """What `path --version` says, the number alone; "?" if it says none."""
    try:
        with tempfile.TemporaryDirectory() as scratch:          # csmith writes a file where it stands
            done = subprocess.run([path, "--version"], capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=scratch)
    except OSError:
        return "?"
    first = re.sub(r"\([^)]*\)", "", done.stdout.partition("\n")[0])    # "(GNU Tools for Debian 15:12.2)" is not it
    found = re.findall(r"\d+(?:\.\d+)+", first)
    return found[0] if found else "?"


def has_header(name: str) -> bool:
    """Whether the host's compiler finds a header."""
    if shutil.which("gcc") is None:
        return False
    done = subprocess.run(["gcc", "-E", "-"], input=f"#include <{name}>\n", text=True, capture_output=True)
    return done.returncode == 0


def numbers(version: str) -> tuple[int, ...]:
    """"12.2.1" as (12, 2, 1); what names no number counts as newest, so that it is never called too old."""
    return tuple(map(int, re.findall(r"\d+", version))) or (sys.maxsize,)


def package_remedy(package: str) -> str:
    """How to get one package on this machine."""
    if shutil.which("apt-get") is None:
        return f"{package} as Debian names it; README.md says how to get it here"
    return f"{'' if os.geteuid() == 0 else 'sudo '}apt-get install --no-install-recommends {package}"


def remedy(count: int) -> str:
    """What to type for all that is missing or too old."""
    if shutil.which("apt-get") is None:
        return "README.md says how to get them here"
    return f"`make setup` installs {'it' if count == 1 else 'them all'}, if Debian's are new enough"


def plugin() -> Finding:
    """Build the plugin for the QEMU that is here."""
    from grader import plugin as it
    try:
        qemu = it.find()
    except GraderError as error:
        return Finding("broken", "QEMU plugin", "", "", str(error))
    return Finding("ok", "QEMU plugin", "built", "", f"for QEMU {'.'.join(map(str, qemu.version))}")


def smoke_boot(source: str = SMOKE) -> Finding:
    """Assemble a kernel of ten lines, boot it through the engine, and see that what comes out is right and counted."""
    from grader import engine
    with tempfile.TemporaryDirectory(prefix="exolab-") as directory:
        elf = Path(directory) / "smoke.elf"
        (Path(directory) / "smoke.S").write_text(source)
        done = subprocess.run(["arm-none-eabi-gcc", "-mcpu=cortex-a7", "-marm", "-nostdlib", "-Wl,-Ttext=0x40010000",
                               "-o", str(elf), "smoke.S"], cwd=directory, capture_output=True, text=True)
        if done.returncode:
            said = [line for line in done.stderr.splitlines() if "rror:" in line] or ["the compiler failed"]
            return Finding("broken", "smoke boot", "", "", said[0])
        try:
            run = engine.run(engine.Boot("smoke", budget=10_000), elf, seed=1, nonce=1)
        except GraderError as error:
            return Finding("broken", "smoke boot", "", "", str(error))
    if (run.end, run.serial) != ("power-off", b"up and running\n"):
        return Finding("broken", "smoke boot", "", "", f"it ended by {run.end} and printed {run.serial!r}")
    return Finding("ok", "smoke boot", "works", "",
                   f"a kernel booted, printed and powered off in {run.instructions} instructions")


def box() -> Finding:
    """Whether builds and boots are kept from the machine; the reports say so too where they are not."""
    from grader import sandbox
    why = sandbox.missing()
    return Finding("without", "sandbox", "", "", why) if why else Finding("ok", "sandbox", "works")


def show(findings: list[Finding]) -> None:
    """One line a tool; a remedy on a line of its own."""
    for finding in findings:
        good = f"known good: {finding.good}" if finding.good else ""
        remark, remedy = (finding.remark, "") if finding.state == "ok" else ("", f"\n           {finding.remark}")
        print(f"  {finding.state:8} {finding.name:20} {finding.version:12} {good:20} {remark}".rstrip() + remedy)
