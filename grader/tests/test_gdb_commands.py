"""gdb's commands of our own, on kernels that set what they tell: pagetable, cp15, dfsr and ifsr; and arm.py's tables.

What is expected comes from what the kernels are told to set, from QEMU's own walk (gva2gpa), and from the manual.
"""
import re
import struct
import subprocess
import sys

import pytest

from grader import arm, mmu
from grader.paths import ROOT
from grader.tests import kernels
from grader.tests.test_interactive import gdb, left, scratch      # noqa: F401

ASK = """
import sys
from pathlib import Path
from grader import engine, interactive
kernel = interactive.Kernel(engine.Boot("kernel", input=bytes.fromhex(sys.argv[2])), Path(sys.argv[1]), 1, 2)
sys.exit(interactive.debug(kernel, ["-nx", "-batch", *sys.argv[3:]]))
"""


def ask(elf, words=()):
    """The command that boots one of kernels/, fed with those words, in gdb."""
    return [sys.executable, "-c", ASK, str(elf), struct.pack(f"<{len(words)}I", *words).hex() or "00"]


# TTBCR.N = 2: TTBR0's table of 4 KB below 0x40000000, TTBR1's of 16 KB above. Domain 1 is a client's, 2 nobody's.
TTBR0, TTBR1, TABLE = 0x40200000, 0x40204000, 0x40208000
N, DACR, SCTLR = 2, 0b00_01_11, 1 << 28 | 1
PRRR, NMRR = 0x000a80a4, 0x40e040e0     # type 1: device; 2 and others: normal
SECTION = 0b10
ENTRIES = {
    TTBR1 + (0x400 << 2): 0x40000000 | SECTION | 3 << 10 | 2 << 2 | 1 << 16,     # RAM: where the kernel is
    TTBR1 + (0xc00 << 2): 0x47e00000 | SECTION | 1 << 10 | 1 << 5 | 1 << 4 | 2 << 2 | 1 << 17,    # domain 1, XN, nG
    TTBR1 + (0xc01 << 2): 0x47e00000 | SECTION | 3 << 10 | 2 << 5 | 2 << 2,      # domain 2
    TTBR0 + (0x001 << 2): TABLE | 1 << 5 | 0b01,
    TABLE + (0x23 << 2): 0x46123000 | 0b10 | 3 << 4 | 1 << 9 | 2 << 2,           # a small page, read by all
}


def tables(ttbr0=TTBR0):
    """What mmu.S is fed with: nothing but to set the registers and store the entries."""
    return (SCTLR, ttbr0, TTBR1, N, DACR, PRRR, NMRR, len(ENTRIES), 0, 0,
            *(word for pair in ENTRIES.items() for word in pair))


@pytest.fixture(scope="module")
def walked():
    """What pagetable, and QEMU's monitor, say of some addresses under those tables."""
    asked = ("0xc0012345", "0xc0112345", "0x00123456", "0x00124456", "0x3ff00000", "0x80000000")
    commands = [command for address in asked
                for command in (f"echo == {address}\\n", f"pagetable {address}", f"monitor gva2gpa {address}")]
    said = gdb(ask(kernels.elf("mmu"), tables()), "echo == off\\n", "pagetable 0xc0012345", "break on", "continue",
               *commands, "pagetable", "pagetable nonsense")
    parts = re.split(r"(?m)^== (.*)\n", said)
    return dict(zip(parts[1::2], parts[2::2]))


def test_pagetable_follows_every_descriptor(walked):
    entry = ENTRIES[TTBR1 + (0xc00 << 2)]
    assert f"TTBR1 0x40204000, TTBCR.N = 2\n  first level: 0x{entry:08x} at physical 0x40207000, a section\n" \
        in walked["0xc0012345"]
    assert ("TTBR0 0x40200000, TTBCR.N = 2\n"
            "  first level: 0x40208021 at physical 0x40200004, a table at 0x40208000\n"
            f"  second level: 0x{ENTRIES[TABLE + 0x8c]:08x} at physical 0x4020808c, a small page\n"
            "0x00123456 is 0x46123456, in a page of 4 KB\n"
            "  kernel r, user r, executable; domain 1: client\n"
            "  normal, ") in walked["0x00123456"]


def test_pagetable_says_what_is_allowed(walked):
    assert ("0xc0012345 is 0x47e12345, in a section of 1 MB\n"
            "  kernel rw, user none, never executed; domain 1: client\n") in walked["0xc0012345"]
    assert "of one ASID" in walked["0xc0012345"] and "global" in walked["0x00123456"]
    assert "domain 2: no access\n" in walked["0xc0112345"]
    assert "  a read by the kernel: domain fault\n" in walked["0xc0112345"]
    assert "domain fault" not in walked["0xc0012345"]


def test_pagetable_says_why_nothing_is_mapped(walked):
    assert "0x00124456 is not mapped: translation fault, second level\n" in walked["0x00124456"]
    assert "  second level: 0x00000000 at physical 0x40208090, which maps nothing\n" in walked["0x00124456"]
    for address in ("0x3ff00000", "0x80000000"):
        assert f"{address} is not mapped: translation fault, first level\n" in walked[address]
    assert walked["0x3ff00000"].startswith("TTBR0 ") and walked["0x80000000"].startswith("TTBR1 ")
    assert "0xc0012345 is 0xc0012345: the MMU is off (SCTLR.M = 0)\n" in walked["off"]
    assert "which address? pagetable 0x40010000, " in walked["0x80000000"]
    assert 'No symbol "nonsense" in current context.' in walked["0x80000000"]


@pytest.mark.parametrize("address", ["0xc0012345", "0x00123456", "0x00124456", "0x3ff00000", "0x80000000"])
def test_pagetable_agrees_with_qemu(walked, address):
    theirs = re.search(r"^gpa: 0x([0-9a-f]+)", walked[address], re.M)
    ours = re.search(r"^0x[0-9a-f]{8} is 0x([0-9a-f]{8}), ", walked[address], re.M)
    assert (theirs and int(theirs[1], 16)) == (ours and int(ours[1], 16))
    assert theirs or "Unmapped" in walked[address]


def test_cp15_by_the_manuals_names(scratch):      # noqa: F811
    said = gdb(ask(kernels.elf("mmu"), tables(TTBR0 | 0x6a)), "break on", "continue", "cp15", "cp15 dacr", "cp15 TTBCR",
               "cp15 ttbr0", "cp15 sctlr", "cp15 PRRR", "cp15 nonsense")
    values = {"TTBR0": TTBR0 | 0x6a, "TTBR1": TTBR1, "TTBCR": N, "DACR": DACR, "PRRR": PRRR, "NMRR": NMRR}
    for name, value in values.items():
        assert re.search(rf"^{name} +0x{value:08x}$", said, re.M)
    lines = [line.split(None, 2) for line in said.splitlines()]
    for line in (["D0", "0x3", "manager: never a permission fault"], ["D1", "0x1", "client: descriptors decide"],
                 ["D2", "0x0", "no access"], ["N", "0x2", "TTBR0 below 0x40000000, TTBR1 from there"],
                 ["base", "0x40200000"], ["NOS", "0x1", "inner shareable"],
                 ["RGN", "0x1", "write-back, write-allocate"],
                 ["S", "0x1", "shareable"], ["IRGN", "0x1", "write-back, write-allocate"], ["M", "0x1", "MMU on"],
                 ["TRE", "0x1", "TEX remap: PRRR and NMRR"], ["TR1", "0x1", "Device"], ["TR2", "0x2", "Normal"]):
        assert line in lines
    assert "there is no nonsense here; there are SCTLR, CPACR, " in said
    assert left(scratch) == []


def test_dfsr_and_ifsr_in_words(scratch):         # noqa: F811
    """takes.S reads, writes and jumps where nothing is: 0x50000000."""
    said = gdb(ask(kernels.elf("takes")), "dfsr", "ifsr", "break store", "continue", "dfsr", "break fetch", "continue",
               "dfsr", "ifsr", "break thumb", "continue", "ifsr", "trapframe")
    assert "DFSR is 0: no data abort has been taken yet.\nIFSR is 0: no prefetch abort has been taken yet.\n" in said
    load = "DFSR 0x00000008: synchronous external abort, on a read, domain 0\nDFAR 0x50000000\n"
    store = "DFSR 0x00000808: synchronous external abort, on a write, domain 0\nDFAR 0x50000004\n"
    fetch = "IFSR 0x00000008: synchronous external abort\nIFAR 0x50000000\n"
    assert said.index(load) < said.index(store) < said.index(fetch)
    assert "this kernel has no struct crash: say where the frame is, trapframe ADDRESS" in said


FRAME = """
#include <exo/trap.h>
struct trapframe frame = { .r = { 0, 1, 2, [12] = 0x12 }, .sp = 0x5000, .lr = 0x6000, .pc = 0x7000,
	.cpsr = 0x60000030 };
void _start(void) { for (;;) ; }
"""


def test_trapframe_of_the_kernels_own(scratch, tmp_path):         # noqa: F811
    """Lab 3's frame, where the kernel says what it has: in user mode, Thumb, with Z and C."""
    (tmp_path / "frame.c").write_text(FRAME)
    subprocess.run(["arm-none-eabi-gcc", "-g", "-marm", "-mcpu=cortex-a7", "-mgeneral-regs-only", "-ffreestanding",
                    "-nostdlib", f"-I{ROOT}/kernel/include", f"-Wl,-Ttext={kernels.BASE:#x}", tmp_path / "frame.c",
                    "-o", tmp_path / "frame.elf"], check=True)
    said = gdb(ask(tmp_path / "frame.elf"), "trapframe &frame", "trapframe")
    rows = dict(re.findall(r"(\w+) 0x([0-9a-f]{8})\b", said[said.index("trapframe at 0x"):]))
    assert [int(rows[name], 16) for name in ("r0", "r1", "r2", "r3", "r12", "sp", "lr", "pc")] \
        == [0, 1, 2, 0, 0x12, 0x5000, 0x6000, 0x7000]
    assert "\ncpsr 0x60000030: User mode, masked: none; flags: Z C; T (Thumb), little-endian, IT 0x00\n" in said
    assert "this kernel has no struct crash: say where the frame is, trapframe ADDRESS" in said


def test_the_fault_names_are_those_of_the_walks():
    """mmu.py has, of the same table (B3-23), the half that a walk ends with."""
    for (kind, level), status in mmu.STATUS.items():
        assert kind in arm.FAULTS[status] and arm.FAULTS[status].endswith(("first level", "second level")[level - 1])
        assert arm.fault(status & 0xf | (status & 0x10) << 6 | 0xa00) == arm.FAULTS[status]
    assert arm.fault(0x406) == "asynchronous external abort" and arm.fault(0x006) == "access flag fault, second level"
    assert len(set(arm.FAULTS.values())) == len(arm.FAULTS) == 22


def test_the_vectors_and_what_lr_says():
    """Tables B1-3 and B1-7, as the return instructions have it: SUBS PC, LR, #0 after an SVC goes behind it."""
    back = {name: (a32, thumb) for name, a32, thumb in arm.VECTORS}
    assert list(back) == ["reset", "undefined instruction", "supervisor call", "prefetch abort", "data abort",
                          "HYP trap", "IRQ", "FIQ"]
    assert back["data abort"] == (8, 8) and back["prefetch abort"] == (4, 4) and back["undefined instruction"] == (4, 2)


@pytest.mark.parametrize("name", arm.NAMED)
def test_fields_do_not_overlap(name):
    """Each bit of a register is in one field at most, each field has one, and no value is without its words."""
    none, seen = arm.fields(name, 0), set()
    for bit in range(32):
        changed = {one[0] for one, other in zip(arm.fields(name, 1 << bit), none) if one[1] != other[1]}
        assert len(changed) <= 1
        seen |= changed
    assert seen == {field for field, _, _ in none} == {field for field, _, _ in arm.fields(name, 0xffffffff)}


def test_fields_in_pieces():
    assert arm.fields("DFSR", 0x406)[-1] == ("FS", 0b10110, "asynchronous external abort")
    assert dict((field, value) for field, value, _ in arm.fields("CPSR", 0x0600fc00))["IT"] == 0xff
    assert arm.fields("nothing", 1) == []
