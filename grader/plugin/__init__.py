"""The QEMU that is installed, and the plugin built for it at first use, into `build/plugin/`."""
import functools
import hashlib
import mmap
import os
import re
import shutil
import struct
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

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
    """The QEMU on PATH with its plugin, built if it is not there yet. GraderError says in words when none serves."""
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
    unfinished = library.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
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


# ---- the memory that the plugin and the engine share; exolab.c has the same layouts

_SHARED = struct.Struct("<9Q")
_RECORD = struct.Struct("<QIIBBB5x")
_RECORDS_AT = 4096


class Counters(NamedTuple):
    instructions: int           # executed, of all vCPUs together
    wfis: int
    records: int


class Shared(NamedTuple):
    now: Counters
    call: Counters              # behind the last HVC or SMC
    wfi_pc: int                 # of the last WFI
    wfi_count: int              # instructions behind it
    awake: int                  # a bit for each of several vCPUs whose last instruction was no WFI, HVC or SMC

    @property
    def slept(self) -> bool:
        """A WFI was the last instruction, and of several vCPUs all sleep or are off."""
        return self.wfi_count == self.now.instructions and not self.awake


class Memory:
    """An unnamed file with room for so many records, which QEMU inherits as `fd`; readable even when QEMU is gone."""

    def __init__(self, records: int):
        in_memory = hasattr(os, "memfd_create")
        self._file = os.fdopen(os.memfd_create("exolab"), "r+b") if in_memory else tempfile.TemporaryFile()
        self.fd = self._file.fileno()
        size = _RECORDS_AT + records * _RECORD.size
        os.truncate(self.fd, size)
        self._map = mmap.mmap(self.fd, size)

    def read(self) -> Shared:
        """The counters as they are now."""
        numbers = _SHARED.unpack_from(self._map)
        return Shared(Counters(*numbers[:3]), Counters(*numbers[3:6]), *numbers[6:])

    def records(self, n: int) -> Iterator[tuple[int, int, int, int, int, int]]:
        """The first n: count, pc, physical address, kind (ord of m, r or w), bytes, cpu."""
        return _RECORD.iter_unpack(self._map[_RECORDS_AT:_RECORDS_AT + n * _RECORD.size])

    def close(self) -> None:
        self._map.close()
        self._file.close()
