"""What only the framework may say or do, kept from the student's files: their objects are looked through as they are
built, and the lines in the framework's name are counted as they are printed.

A kernel has the machine to itself, so this is no wall (TRUST.md says what is); it closes the doors that stand open.
"""
import re
import struct
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from grader import engine
from grader.paths import ROOT
from grader.result import visible

REPORT = "report"           # the function that every line with the nonce comes from

# What kernel/include/exo gives to checks alone. What it does not name at all is kept from students too.
FOR_CHECKS = {REPORT, "run_end", "check_main", "check_early"}
ENTRY = {"reset"}           # the link script's, which a check may define instead

SYMBOLS = 20_000            # that one object may have: none written by a person comes near

_HEADER = struct.Struct("<16sHHIIIIIHHHHHH")
_SECTION = struct.Struct("<10I")
_SYMBOL = struct.Struct("<IIIBBH")
_SYMTAB, _WEAK = 2, 2


# The build: whose names are whose.

class Names(NamedTuple):
    """The global names of an object."""
    defines: set[str]
    uses: set[str]
    weakly: set[str]        # of `uses`: where nobody defines them, they are null


def refused(students: Mapping[Path, str], ours: Iterable[Path]) -> list[str]:
    """A line for each name of the framework's that a student's file uses or replaces.

    students    objects, and the source of each
    ours        the objects that they are linked with
    """
    given = _in_headers() - FOR_CHECKS
    ours = [names(path) for path in ours if path.is_file()]
    defined, used = (set().union(*(getattr(each, what) for each in ours)) for what in ("defines", "uses"))
    theirs = {path: names(path) for path in students}
    own = set().union(*(found.defines for found in theirs.values() if found))
    said = []
    for path, source in students.items():
        found = theirs[path]
        if found is None:
            said.append(f"{source}: more than {SYMBOLS:,} symbols come of this file; no kernel needs so many")
            continue
        said += [f"{source}: it uses {name}, which is for checks and the framework alone" +
                 (": out_printk() prints just as well, in your own name" if name == REPORT else "")
                 for name in sorted(found.uses & defined - given)]
        said += [f"{source}: it asks whether there is {visible(name)}, which is no name of your kernel's"
                 for name in sorted(found.weakly - defined - given - own)]
        said += [f"{source}: it defines {name}, which is the framework's to define: find another name"
                 for name in sorted(found.defines & (used - defined - given | ENTRY | FOR_CHECKS))]
    return said


def names(path: Path) -> Names | None:
    """The global names that an object defines and uses; None if it has more than SYMBOLS symbols.

    The assembler has written it, so its tables are sound.
    """
    data = path.read_bytes()
    shoff, count = (_HEADER.unpack_from(data)[i] for i in (6, 12))
    sections = [_SECTION.unpack_from(data, shoff + i * _SECTION.size) for i in range(count)]
    found = Names(set(), set(), set())
    for section in (section for section in sections if section[1] == _SYMTAB):
        if section[5] > SYMBOLS * _SYMBOL.size:
            return None
        strings = sections[section[6]][4]
        for name_at, _, _, info, _, index in _SYMBOL.iter_unpack(data[section[4]:section[4] + section[5]]):
            if info >> 4:       # no local one
                name = data[strings + name_at:data.index(b"\0", strings + name_at)].decode("ascii", "backslashreplace")
                (found.defines if index else found.uses).add(name)
                if not index and info >> 4 == _WEAK:
                    found.weakly.add(name)
    return found


def _in_headers() -> set[str]:
    """Every word of the contract headers, comments too, as one alone may name what assembly provides (`_start`)."""
    return {word for path in (ROOT / "kernel/include/exo").glob("*.h") for word in re.findall(r"\w+", path.read_text())}


# The run: each line with the nonce has to be one that the framework printed.

def marked(boot: engine.Boot) -> engine.Boot:
    """The same boot, in which each call of the framework's report() is recorded too."""
    return boot if REPORT in boot.marks else replace(boot, marks=(*boot.marks, REPORT))


def settled(run: engine.Run, boot: engine.Boot) -> tuple[engine.Run, str]:
    """A run of `marked(boot)` as one of `boot`, and words on what is forged in it ("" if nothing is).

    Of a run that the host's moment ended, which recorded nothing, nothing is said; nor of one with several cores, which
    may print at once, on one stack even, and how often depends on the host. A check of such a run looks at marks alone.
    """
    calls = sum(mark.symbol == REPORT for mark in run.marks)
    tags = run.serial.count(b"[%016x] " % run.nonce)       # also where two share a line
    settled = replace(run, boot=boot, marks=tuple(mark for mark in run.marks if mark.symbol in boot.marks))
    if tags <= calls or run.end in engine.HOSTS_MOMENT or boot.smp > 1:
        return settled, ""
    return settled, (f"The check's nonce stands {tags} times in what was printed, and the check printed it {calls} "
                     "times: the kernel speaks in the check's name.")
