"""Backtraces: of real kernels that stopped in the middle of something, and of stacks that nothing can be made of."""
import subprocess

import pytest

from grader import backtrace, diagnose, explain, symbols
from grader.backtrace import Frame
from grader.symbols import FrameRule, Place
from grader.tests.diagnosis import broken, elf, line, told


def called(way):
    return told(way)[1]["Who called whom, the innermost first:"]


def readelf(*options):
    return subprocess.run(["arm-none-eabi-readelf", *options, elf()], capture_output=True, text=True, check=True).stdout


def test_a_deep_chain_of_calls():
    assert called("chain")[:5] == [
        f"#0 read_nowhere, {line('ready = *(volatile uint32_t *)NOWHERE;')}",
        f"#1 first, {line('f(); ready++;')}",
        f"#2 second, {line('first(f);')}",
        f"#3 third, {line('second(f);')}",
        f"#4 chain, {line('third(read_nowhere);')}"]
    assert [text.split()[1] for text in called("chain")[5:]] == ["check_main,", "kmain,"]


def test_through_a_stack_at_another_address_than_its_memorys():
    names = [text.split()[1].rstrip(",") for text in called("stack_elsewhere")]
    assert names[:5] == ["read_nowhere", "first", "second", "third", "chain"]


def test_a_stack_that_is_not_mapped_ends_it_in_words():
    first, *_, last = called("stack_unmapped")
    assert first.startswith("#0 stack_unmapped, ") and last.strip().endswith("leads out of memory")


def test_functions_that_call_one_another_are_told_once():
    lines = called("recursion")
    assert lines[0].startswith("#0 odd, ") and lines[1].endswith("(these 2, 50 times)")
    assert [text.split()[1] for text in lines[2:]] == ["odd,", "recursion,", "check_main,", "kmain,"]


def test_a_recursion_is_told_once():
    lines = called("overflow")
    assert lines[0].startswith("#0 deep, ") and lines[0].endswith(" times)") and lines[1].startswith("#1 overflow, ")


def test_assembly_tells_its_caller_and_no_more():
    assert [text.split()[1] for text in called("unaligned")[:2]] == ["unaligned,", "check_main,"]
    assert called("unaligned")[2].strip() == backtrace.UNKNOWN
    # At a function's first instruction nothing has changed yet.
    assert [text.split()[1] for text in called("sleep_on")] == ["sleep_on,", "check_main,", "kmain,"]


def test_rules_agree_with_readelf():
    """At each row that readelf prints of .debug_frame, the rule has the same base, offset and saved registers."""
    text = readelf("--debug-dump=frames-interp")
    names = {"ra": 14}
    checked, heads = 0, []
    for row in text.splitlines():
        cells = row.split()
        if cells[:2] == ["LOC", "CFA"]:
            heads = cells[2:]
        elif "FDE" in row or "CIE" in row:
            heads = []
            inside = "FDE" in row
        elif len(cells) > 1 and cells[1].startswith("r") and "+" in cells[1] and inside:
            base, offset = cells[1][1:].split("+")
            saved = {names.get(head) or int(head[1:]): int(cell[1:]) for head, cell in zip(heads, cells[2:])
                     if cell.startswith("c")}
            assert symbols.of(elf()).frame(int(cells[0], 16)) == FrameRule(int(base), int(offset), saved, False), row
            checked += 1
    assert checked > 50


class Table:
    """A kernel of two functions at 0x1000 and 0x2000, with these rules."""

    def __init__(self, rules):
        self.rules = rules

    def function(self, address):
        return {1: "callee", 2: "caller"}.get(address >> 12)

    def names(self, address):
        return []

    def where(self, address):
        return Place(address, self.function(address), f"{self.function(address)}.c", address & 0xfff)

    def frame(self, address):
        return self.rules.get(address >> 12)


PUSHED = FrameRule(13, 8, {14: -4}, False)
REGISTERS = {f"r{i}": 0 for i in range(16)} | {"r13": 0x8000, "r14": 0x2010, "r15": 0x1004, "cpsr": 0x1d3}


def walk(rules, words, **registers):
    def read(address, size):
        if not 0x8000 <= address < 0x9000:
            raise LookupError
        data = bytearray(size)
        for at, word in words.items():
            data[at - address:at - address + 4] = word.to_bytes(4, "little")
        return bytes(data)

    found = backtrace.unwind(Table(rules), REGISTERS | registers, read)
    return [frame.place.address for frame in found.frames], found.end


@pytest.mark.parametrize("rules, words, registers, frames, end", [
    ({1: PUSHED, 2: PUSHED}, {0x8004: 0x2020}, {}, [0x1004, 0x201f], ""),               # the caller's lr is 0
    ({1: PUSHED, 2: PUSHED}, {0x8004: 0x2021}, {}, [0x1004, 0x201f], ""),               # called from Thumb
    ({1: PUSHED, 2: PUSHED}, {0x8004: 0x3000}, {}, [0x1004, 0x2fff], ""),               # the call ends its function
    ({1: PUSHED}, {0x8004: 0x2020}, {}, [0x1004, 0x201f], backtrace.UNKNOWN),
    ({1: PUSHED}, {0x8004: 0x12345678}, {}, [0x1004], "which is no code of the kernel"),
    ({1: PUSHED}, {}, {"r13": 0x123456}, [0x1004], "leads out of memory"),
    ({1: PUSHED}, {}, {"r13": 0x8002}, [0x1004], "leads out of memory"),
    ({1: FrameRule(13, -8, {14: -4}, False)}, {}, {"r13": 0x8010}, [0x1004], "leads back to itself"),
    ({1: FrameRule(13, 0, {}, False), 2: PUSHED}, {}, {}, [0x1004, 0x200f], ""),        # a leaf: by lr
    ({1: FrameRule(13, 0, {}, True)}, {}, {}, [0x1004], ""),
    ({}, {}, {}, [0x1004, 0x200f], backtrace.UNKNOWN),                                  # assembly
    ({}, {}, {"r14": 0x1008}, [0x1004], backtrace.UNKNOWN),                             # lr was used for a call
    ({}, {}, {"r14": 0}, [0x1004], ""),
])
def test_stacks_that_end(rules, words, registers, frames, end):
    found, why = walk(rules, words, **registers)
    assert found == frames and (why == end if end in ("", backtrace.UNKNOWN) else end in why)


def test_a_stack_without_end_ends():
    """Each frame says that the same function called it."""
    found = backtrace.unwind(Table({1: PUSHED, 2: PUSHED}), REGISTERS | {"r13": 0x40000000},
                             lambda address, size: (0x2010).to_bytes(4, "little") * (size // 4))
    assert found.end == "and so on" and len(found.frames) == 2 and found.frames[1].times == backtrace.DEEPEST - 1


def test_long_lists_are_cut():
    places = [Place(i, f"f{i}") for i in range(40)]
    found = backtrace._folded(places, "")
    assert len(found.frames) == backtrace.SHOWN and found.end == "and further up"
    assert backtrace._folded([Place(1, "f")] * 2, "").frames == (Frame(Place(1, "f")),) * 2, "twice is no recursion yet"


def test_broken_debug_information_is_none(tmp_path):
    data = bytearray(elf().read_bytes())
    at, size = next((int(row.split()[-6], 16), int(row.split()[-5], 16)) for row in readelf("-SW").splitlines()
                    if ".debug_frame" in row)
    data[at:at + size] = b"\xff" * size
    (tmp_path / "odd.elf").write_bytes(data)
    table = symbols.of(tmp_path / "odd.elf")
    assert table.frame(table.address("kmain")) is None
    at = diagnose.diagnose(broken("chain"), explain.ending(broken("chain"))).moment
    assert len(at.stack.frames) == 7, "and of one that is whole, all"
