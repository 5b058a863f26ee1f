"""What an ELF says about addresses: symbols, the function and the source line of an address, where the image ends.

Symbols and segments are read here (a table each, and every boot needs them), source lines and the rules for unwinding a
stack by pyelftools when asked for.
"""
import bisect
import functools
import io
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from . import paths
from .errors import GraderError

_HEADER = struct.Struct("<16sHHIIIIIHHHHHH")
_SEGMENT = struct.Struct("<8I")
_SECTION = struct.Struct("<10I")
_SYMBOL = struct.Struct("<IIIBBH")
NAME = 80                   # characters told of a function's name; assemblers take any number
_LOAD, _SYMTAB = 1, 2
_NOTYPE, _FUNC = 0, 2
_CODE = 4                   # SHF_EXECINSTR
_ABSOLUTE = 0xfff1          # SHN_ABS: a number with a name, as of a place in a program of its own
LR = 14


class NoSymbol(LookupError):
    """The kernel has no symbol of that name; the message says so in a sentence."""


@dataclass(frozen=True)
class Place:
    """Where an address lies in the sources; a part that is not known is None."""
    address: int
    function: str | None = None
    file: str | None = None         # relative to the root, if it lies in it
    line: int | None = None

    def __str__(self):
        if self.file is None:
            known = f"in {self.function}" if self.function else "which is no code of the kernel"
            return f"0x{self.address:08x}, {known}"
        return f"{self.file}:{self.line}" + (f", in {self.function}()" if self.function else "")


class FrameRule(NamedTuple):
    """Where a function's caller is to be found, at one of its instructions (.debug_frame)."""
    base: int               # the register that the frame's address (the caller's sp) is told from
    offset: int             # bytes from that register to the frame's address
    saved: dict[int, int]   # register -> bytes from the frame's address to where it was saved; others are as they are
    outermost: bool         # nobody called it


def of(elf: Path | str) -> "Symbols":
    """The Symbols of an ELF file, read once as long as the file stays the same."""
    try:
        stat = os.stat(elf)
        return _read(Path(elf), stat.st_mtime_ns, stat.st_size)
    except OSError as error:
        raise GraderError(f"{elf}: {error.strerror}") from None


@functools.lru_cache(maxsize=256)
def _read(elf: Path, _mtime: int, _size: int) -> "Symbols":
    return Symbols(elf)


class Symbols:
    """One 32-bit little-endian ELF; GraderError if it is none. Addresses of Thumb code come without the lowest bit."""

    def __init__(self, elf: Path):
        self.elf = elf
        data = elf.read_bytes()
        try:
            self._parse(data)
        except (struct.error, IndexError, ValueError):
            raise GraderError(f"{elf} is no 32-bit ARM ELF file") from None

    def _parse(self, data: bytes) -> None:
        ident, _, _, _, self.entry, phoff, shoff, _, _, _, phnum, _, shnum, _ = _HEADER.unpack_from(data)
        if ident[:6] != b"\x7fELF\1\1":
            raise ValueError
        segments = [_SEGMENT.unpack_from(data, phoff + i * _SEGMENT.size) for i in range(phnum)]
        # Where the last segment that QEMU loads ends, physical; a segment's zero-filled tail is loaded too.
        loads = [physical + size for kind, _, _, physical, _, size, *_ in segments if kind == _LOAD and size]
        self.end = max(loads, default=0)
        sections = [_SECTION.unpack_from(data, shoff + i * _SECTION.size) for i in range(shnum)]
        self._addresses: dict[str, int] = {}
        code = []
        for section in sections:
            if section[1] != _SYMTAB:
                continue
            strings = sections[section[6]][4]
            for name_at, value, size, info, _, index in _SYMBOL.iter_unpack(data[section[4]:section[4] + section[5]]):
                kind = info & 15
                name = data[strings + name_at:data.index(b"\0", strings + name_at)].decode("ascii", "backslashreplace")
                if not name or name.startswith("$") or kind not in (0, 1, 2) or \
                        not 0 < index < 0xff00 and index != _ABSOLUTE:
                    continue
                value &= ~1 if kind == _FUNC else ~0
                if name not in self._addresses or info >> 4:        # a global one hides a local one
                    self._addresses[name] = value
                if index != _ABSOLUTE and sections[index][2] & _CODE and kind in (_NOTYPE, _FUNC):
                    end = sections[index][3] + sections[index][5]
                    code.append((value, kind == _FUNC, size, end, name if len(name) <= NAME else f"{name[:NAME]}..."))
        self._code = sorted(code)

    def __contains__(self, name: str) -> bool:
        return name in self._addresses

    @property
    def start(self) -> str:
        """The symbol at which the kernel begins; "" if that has no name."""
        return "_start" if "_start" in self else next(iter(self.names(self.entry)), "")

    def address(self, name: str) -> int:
        """The address of a symbol; raises NoSymbol."""
        try:
            return self._addresses[name]
        except KeyError:
            raise NoSymbol(f"the kernel has no symbol {name!r}") from None

    def function(self, address: int) -> str | None:
        """The function an address lies in; in assembly without sizes, the nearest label before it in its section."""
        label = None
        for value, function, size, end, name in reversed(self._code[:bisect.bisect(self._code, (address + 1,))]):
            if function and size:
                return name if address < value + size else label
            if function and address < end:
                return name
            if label is None and address < end:
                label = name
        return label

    def names(self, address: int) -> list[str]:
        """The symbols at exactly this address, code's and data's, sorted: [] if there are none."""
        return sorted(name for name, value in self._addresses.items() if value == address)

    def where(self, address: int) -> Place:
        """The function, file and line of an address."""
        start, end, file, line = next(iter(self._rows[slice(*self._row(address))]), (0, 0, None, None))
        return Place(address, self.function(address), file, line)

    def _row(self, address: int) -> tuple[int, int]:
        i = bisect.bisect(self._rows, (address + 1,)) - 1
        return (i, i + 1) if i >= 0 and address < self._rows[i][1] else (0, 0)

    @functools.cached_property
    def _rows(self) -> list[tuple[int, int, str, int]]:
        """(start, end, file, line) of each stretch of code that .debug_line knows, sorted.

        It is the student's to break: what cannot be read is not known, and no more than that.
        """
        from elftools.elf.elffile import ELFFile

        rows = []
        with open(self.elf, "rb") as stream:
            try:
                file = ELFFile(stream)
                dwarf = file.get_dwarf_info() if file.has_dwarf_info() else None
                for unit in dwarf.iter_CUs() if dwarf else ():
                    rows += _rows_of(dwarf, unit)
            except Exception:       # pyelftools fails in many ways
                pass
        return sorted(rows)


    def frame(self, address: int) -> "FrameRule | None":
        """How to find the caller's registers where the core stands before the instruction at `address`.

        None where .debug_frame says nothing that could be used, as for assembly without .cfi lines.
        """
        from elftools.dwarf.callframe import RegisterRule

        i = bisect.bisect(self._frames, address, key=lambda row: row[0]) - 1
        if i < 0 or address >= self._frames[i][1]:
            return None
        try:
            decoded = self._frames[i][2].get_decoded()
            row = [row for row in decoded.table if row["pc"] <= address][-1]
            cfa = row["cfa"]
            if cfa.expr is not None:
                return None
            saved, undefined = {}, False
            for register, rule in row.items():
                if register in ("pc", "cfa"):
                    continue
                if rule.type == RegisterRule.OFFSET:
                    saved[register] = rule.arg
                elif register == LR and rule.type == RegisterRule.UNDEFINED:
                    undefined = True
                elif rule.type not in (RegisterRule.SAME_VALUE, RegisterRule.UNDEFINED):
                    return None
            return FrameRule(cfa.reg, cfa.offset, saved, undefined)
        except Exception:           # pyelftools fails in many ways
            return None

    @functools.cached_property
    def _frames(self) -> list[tuple[int, int, object]]:
        """(start, end, pyelftools' entry) of each function in .debug_frame, sorted; of what cannot be read, nothing."""
        from elftools.dwarf.callframe import FDE
        from elftools.elf.elffile import ELFFile

        found = []
        try:
            dwarf = ELFFile(io.BytesIO(self.elf.read_bytes())).get_dwarf_info()
            for entry in dwarf.CFI_entries() if dwarf.has_CFI() else ():
                if isinstance(entry, FDE):
                    start = entry.header["initial_location"]
                    found.append((start, start + entry.header["address_range"], entry))
        except Exception:           # the student's to break, as .debug_line is
            return []
        return sorted(found, key=lambda row: row[:2])


def _rows_of(dwarf, unit) -> list[tuple[int, int, str, int]]:
    program = dwarf.line_program_for_CU(unit)
    if program is None:
        return []
    home = unit.get_top_DIE().attributes.get("DW_AT_comp_dir")
    home = home.value.decode("utf-8", "replace") if home else ""
    version5 = program["version"] >= 5
    names, rows, before = {}, [], None

    def name(index: int) -> str:
        if index not in names:
            files, directories = program["file_entry"], program["include_directory"]
            entry = files[index if version5 else index - 1]
            if version5:
                directory = directories[entry.dir_index]
            else:
                directory = directories[entry.dir_index - 1] if entry.dir_index else b""
            names[index] = _relative(home, directory.decode("utf-8", "replace"), entry.name.decode("utf-8", "replace"))
        return names[index]

    for entry in program.get_entries():
        state = entry.state
        if state is None:
            continue
        if before is not None and state.address > before.address:
            rows.append((before.address, state.address, name(before.file), before.line))
        before = None if state.end_sequence else state
    return rows


def _relative(*parts: str) -> str:
    path = os.path.normpath(os.path.join(paths.ROOT, *parts))
    return os.path.relpath(path, paths.ROOT) if Path(path).is_relative_to(paths.ROOT) else path
