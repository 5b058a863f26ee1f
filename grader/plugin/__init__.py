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
from typing import BinaryIO, NamedTuple

from .. import paths
from ..errors import GraderError

SOURCES = [Path(__file__).with_name(name) for name in ("exolab.c", "log.c", "hardware.c", "plugin.h")]
TCG = "tcg,tb-size=32"      # the accelerator, with MB of translated code at a time, however much a kernel executes
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
        return ("-accel", f"{TCG},one-insn-per-tb=on") if self.version >= (8, 1) else ("-accel", TCG, "-singlestep")

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
    key = hashlib.sha256(f"{Path(program).resolve()} {stat.st_size} {stat.st_mtime_ns} ".encode()
                         + b"".join(source.read_bytes() for source in SOURCES)).hexdigest()[:16]
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
        text = subprocess.run([program, "--version"], capture_output=True, text=True, errors="replace",
                              timeout=60).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise GraderError(f"{program} --version: {error}") from None
    if not re.search(r"version \d+\.\d+", text):
        raise GraderError(f"{program} --version says nothing that looks like a QEMU's version")
    return _numbers(text[text.index("version"):])


def check_version(version: tuple[int, int]) -> None:
    """Raises GraderError, in words, for a QEMU whose plugin interface is not the one the plugin speaks."""
    if not OLDEST <= version < TOO_NEW:
        raise GraderError(f"QEMU {version[0]}.{version[1]} has another plugin interface than the grader's plugin: "
                          f"7.2 is known good, up to 8.2 should do; make doctor says how to get one")


def build(library: Path) -> Path:
    """Compile the plugin to `library` with the host's compiler; several may do so at once."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise GraderError("the grader's QEMU plugin needs a C compiler for this machine: install gcc")
    unfinished = library.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
    done = subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-fvisibility=hidden",
                           "-o", unfinished, *(source for source in SOURCES if source.suffix == ".c")],
                          capture_output=True, text=True, errors="replace")
    if done.returncode:
        error = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr.strip())
        raise GraderError(f"the grader's QEMU plugin does not compile: {error}")
    os.replace(unfinished, library)
    return library


def _numbers(text: str) -> tuple[int, int]:
    major, minor = re.search(r"(\d+)\.(\d+)", text).groups()
    return int(major), int(minor)


# ---- the memory that the plugin and the engine share; plugin.h and exolab.c have the same layouts

_SHARED = struct.Struct("<17Q")
_RECORD = struct.Struct("<QIIBBB5x")
_EXCEPTION = struct.Struct("<QIIB207s")
_FINDING = struct.Struct("<QIIIBBBx")
_EXECUTED = struct.Struct("<QIIB7x")
_OPERATIONS_AT, _FINDINGS_AT, _RECORDS_AT = 136, 2184, 4096
OPERATIONS = 512            # addresses there is room for
_TRAIL_AT, TRAIL = 3072, 256
EXECUTED = 1 << 16          # operations: the first so many
KEPT = 4096                 # exceptions: the first so many, and as many last ones
STORM = 10_000              # so many, one and the same, are one


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
    exceptions: int             # taken
    same: int                   # of the last of them, how many were one and the same, or two in turns
    log_read: int               # bytes of the log that are in all this
    block: int                  # where the last block began,
    walked: int                 # and how far from there its last executed instruction is
    operations: int             # how many there are; more than OPERATIONS if there was no room for all
    findings: int
    executed: int

    @property
    def slept(self) -> bool:
        """A WFI was the last instruction, and of several vCPUs all sleep or are off."""
        return self.wfi_count == self.now.instructions and not self.awake


def unnamed() -> BinaryIO:
    """A file that has no name and is gone when nobody has it open."""
    return os.fdopen(os.memfd_create("exolab"), "r+b") if hasattr(os, "memfd_create") else tempfile.TemporaryFile()


class Memory:
    """An unnamed file that QEMU inherits as `fd`, readable even when QEMU is gone: counters, room for so many records.

    For a second look there is room for exceptions too, and another file, `log`, which QEMU writes its log to; else None.
    """

    def __init__(self, records: int, looking: bool = False):
        self._file = unnamed()
        self.log = unnamed() if looking else None
        self.fd = self._file.fileno()
        self._exceptions_at = _RECORDS_AT + records * _RECORD.size
        self._executed_at = self._exceptions_at + 2 * KEPT * _EXCEPTION.size
        size = self._executed_at + EXECUTED * _EXECUTED.size if looking else self._exceptions_at
        os.truncate(self.fd, size)
        self._map = mmap.mmap(self.fd, size)

    def read(self) -> Shared:
        """The counters as they are now."""
        numbers = _SHARED.unpack_from(self._map)
        return Shared(Counters(*numbers[:3]), Counters(*numbers[3:6]), *numbers[6:])

    def records(self, n: int) -> Iterator[tuple[int, int, int, int, int, int]]:
        """The first n: count, pc, physical address, kind (ord of m, r or w), bytes, cpu."""
        return _RECORD.iter_unpack(self._map[_RECORDS_AT:_RECORDS_AT + n * _RECORD.size])

    def exceptions(self, n: int) -> list[tuple[int, int, int, int, str]]:
        """Of n, those that were kept, in order: count, pc of the last instruction, vector or 0, cpu, QEMU's words."""
        slots = [i if i < KEPT else KEPT + i % KEPT for i in (*range(min(n, KEPT)), *range(max(n - KEPT, KEPT), n))]
        found = [_EXCEPTION.unpack_from(self._map, self._exceptions_at + slot * _EXCEPTION.size) for slot in slots]
        return [(*numbers, text.split(b"\0")[0].decode("ascii", "replace")) for *numbers, text in found]

    def trail(self, n: int) -> tuple[int, ...]:
        """Where the last of n instructions were, where each was a block: at most TRAIL, in order."""
        found = struct.unpack_from(f"<{TRAIL}I", self._map, _TRAIL_AT)
        return tuple(found[i % TRAIL] for i in range(max(0, n - TRAIL), n))

    def operations(self) -> tuple[int, ...]:
        """The addresses of instructions whose operand hardware.c has to know, up to OPERATIONS of them."""
        n = min(self.read().operations, OPERATIONS)
        return struct.unpack_from(f"<{n}I", self._map, _OPERATIONS_AT)

    def findings(self) -> list[tuple[int, ...]]:
        """What hardware.c found: count, pc, address, pc of who stored, rule (ord of c, t or r), missing, register."""
        return [_FINDING.unpack_from(self._map, _FINDINGS_AT + i * _FINDING.size) for i in range(self.read().findings)]

    def executed(self) -> Iterator[tuple[int, int, int, int]]:
        """The operations that hardware.c saw executed, in order: count, pc, operand, which."""
        end = self._executed_at + self.read().executed * _EXECUTED.size
        return _EXECUTED.iter_unpack(self._map[self._executed_at:end])

    def unread(self, size: int) -> str:
        """Up to `size` bytes of the log behind what the plugin has read."""
        return os.pread(self.log.fileno(), size, self.read().log_read).split(b"\0")[0].decode("ascii", "replace")

    def close(self) -> None:
        self._map.close()
        self._file.close()
        if self.log is not None:
            self.log.close()
