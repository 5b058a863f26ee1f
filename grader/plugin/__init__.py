"""The QEMU that is installed, and the plugin built for it at first use, into `build/plugin/`."""
import functools
import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .. import paths
from ..errors import GraderError

SOURCE = Path(__file__).with_name("exolab.c")
OLDEST, TOO_NEW = (7, 2), (9, 0)        # the plugin is written for API version 1, which these have; tried with 7.2


@dataclass(frozen=True)
class Qemu:
    """A QEMU the engine can drive: the program, its version such as (7, 2), and the plugin built for it."""
    program: Path
    version: tuple[int, int]
    plugin: Path

    @property
    def stepping_option(self) -> tuple[str, ...]:
        """What makes QEMU translate one instruction at a time from the start; it also names the accelerator."""
        return ("-accel", "tcg,one-insn-per-tb=on") if self.version >= (8, 1) else ("-accel", "tcg", "-singlestep")

    @property
    def stepping_command(self) -> str:
        """The monitor's line that does so from now on."""
        return "one-insn-per-tb on" if self.version >= (8, 1) else "singlestep on"


@functools.cache
def find() -> Qemu:
    """The QEMU on PATH with its plugin, built if it is not there yet. Raises GraderError in words when there is none that serves."""
    name = "qemu-system-arm"
    program = shutil.which(name)
    if program is None:
        raise GraderError(f"{name} is not installed (or not on PATH): make doctor says how to get it")
    stat = os.stat(program)
    # What the plugin depends on names its file, so nothing is asked or built twice.
    key = hashlib.sha256(f"{Path(program).resolve()} {stat.st_size} {stat.st_mtime_ns} ".encode() + SOURCE.read_bytes())
    key = key.hexdigest()[:16]
    directory = paths.BUILD / "plugin"
    for built in directory.glob(f"*-{key}.so"):
        return Qemu(Path(program), _numbers(built.name), built.resolve())
    version = version_of(program)
    check_version(version)
    directory.mkdir(parents=True, exist_ok=True)
    return Qemu(Path(program), version, build(directory / f"qemu-{version[0]}.{version[1]}-{key}.so").resolve())


def version_of(program: str) -> tuple[int, int]:
    """(major, minor) as `program --version` says it."""
    try:
        text = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise GraderError(f"{program} --version: {error}") from None
    if not re.search(r"version \d+\.\d+", text):
        raise GraderError(f"{program} --version says nothing that looks like a QEMU's version")
    return _numbers(text[text.index("version"):])


def check_version(version: tuple[int, int]) -> None:
    """Raises GraderError, in words, for a QEMU whose plugin interface is not the one exolab.c speaks."""
    if not OLDEST <= version < TOO_NEW:
        raise GraderError(f"QEMU {version[0]}.{version[1]} has another plugin interface than the grader's plugin: "
                          f"7.2 is known good, up to 8.2 should do; make doctor says how to get one")


def build(library: Path) -> Path:
    """Compile exolab.c to `library` with the host's compiler; several may do so at once."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise GraderError("the grader's QEMU plugin needs a C compiler for this machine: install gcc")
    unfinished = library.with_suffix(f".{os.getpid()}")
    done = subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-fvisibility=hidden",
                           "-o", unfinished, SOURCE], capture_output=True, text=True)
    if done.returncode:
        error = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr.strip())
        raise GraderError(f"the grader's QEMU plugin does not compile: {error}")
    os.replace(unfinished, library)
    return library


def _numbers(text: str) -> tuple[int, int]:
    major, minor = re.search(r"(\d+)\.(\d+)", text).groups()
    return int(major), int(minor)
