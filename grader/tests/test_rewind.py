"""`make rewind`: a judged run recorded, found equal and replayed in gdb, by gdb commands; nothing is left of it."""
import os
import re
import shutil
import struct
import subprocess
import sys

import pytest

from grader import engine, rewind
from grader.errors import GraderError, Usage
from grader.interactive import Kernel
from grader.paths import ROOT
from grader.tests import kernels
from grader.tests.test_interactive import PATIENCE, gdb, left, scratch      # noqa: F401

ASK = """
import sys
from pathlib import Path
from grader import engine, interactive, rewind
boot = engine.Boot("kernel", **eval(sys.argv[2]))
sys.exit(rewind.rewind(interactive.Kernel(boot, Path(sys.argv[1]), 1, 2), sys.argv[3:]))
"""


def ask(elf, **boot):
    """The command that rewinds one of kernels/ in gdb."""
    return [sys.executable, "-c", ASK, str(elf), repr(boot), "-nx", "-batch"]


def check(name, *more, src="solutions"):
    """The command that rewinds a check of lab 1."""
    return ["make", "-s", "rewind", "LAB=1", f"SRC={src}", f"CHECK={name}", *more]


def values(said, name):
    """What `p $name` or `p/x $name` said, one after the other."""
    return [int(text, 16) for text in re.findall(rf"^{name} = (0x[0-9a-f]+)", said, re.M)]


def show(name):
    return f'printf "{name} = 0x%x\\n", ${name}'


# spin counts in r3: add, nop, branch; after the first instruction and n times three more r3 is n. So what r3 and pc
# have to be after so many instructions follows from the source alone.
@pytest.mark.parametrize("budget", [9_000, 1_000_001])
def test_a_hang_goes_back_one_instruction_at_a_time(scratch, budget):     # noqa: F811
    back = 5
    commands = [show("pc"), show("r3")]
    for _ in range(back):
        commands += ["reverse-stepi", show("pc"), show("r3")]
    said = gdb(ask(kernels.elf("spin"), budget=budget), *commands)
    assert f"Run again, and recorded: {budget} instructions and 0 bytes" in said
    assert "The judged run ended here: all the instructions that it may take are used up." in said
    executed = [budget - n for n in range(back + 1)]
    assert values(said, "pc") == [kernels.BASE + 4 + (n - 1) % 3 * 4 for n in executed]
    assert values(said, "r3") == [(n - 1 + 2) // 3 for n in executed]
    assert left(scratch) == []


def test_back_to_a_breakpoint_and_on_to_the_end_and_no_further(scratch):  # noqa: F811
    said = gdb(ask(kernels.elf("spin"), budget=9_000), "break *again", "reverse-continue", show("pc"), show("r3"),
               "reverse-continue", show("pc"), show("r3"), "delete", "continue", show("pc"), show("r3"), "continue",
               "stepi", show("pc"), show("r3"))
    assert values(said, "pc") == [kernels.BASE + 4] * 2 + [kernels.BASE + 12] * 2
    assert values(said, "r3") == [2999, 2998, 3000, 3000]
    assert len(re.findall("^The judged run ended here: all the instructions", said, re.M)) == 2
    assert said.count("from here it only goes back") == 2
    assert left(scratch) == []


def test_back_to_the_first_instruction_and_no_further(scratch):           # noqa: F811
    said = gdb(ask(kernels.elf("spin"), budget=9_000), "reverse-continue", show("pc"), "reverse-stepi",
               "reverse-continue", "stepi", show("pc"))
    assert values(said, "pc") == [kernels.BASE, kernels.BASE + 4]
    assert said.count("there is nothing before it") == 2


# Which instruction each stops at, as its source has it.
@pytest.mark.parametrize("name, options, boot, where, why", [
    ("hello", (), {}, r"hvc\t#0", "switches the machine off"),
    ("reset", (), {}, r"hvc\t#0", "restarts the machine"),
    ("halt", (), {}, r"wfi", "goes to sleep for ever"),
    ("runaway", (), {}, r"CNTV_CTL", "goes to sleep for ever"),      # at the WFI behind it QEMU would not stop
    ("sleep", (), {"wfi": 7}, r"wfi", "slept as often as it may"),
    ("wild", ("-DTO=0",), {}, r"blx\tr0", "where no code can be"),
    ("mapped", ("-DAT=0x40900000",), {}, r"blx\tr3", "where no code can be"),
    ("novectors", (), {}, r"svc\t#0", "where no code can be"),
    ("wild", ("-DVECTORS=0",), {}, r"udf\t#0", "where no code can be"),
])
def test_every_end_can_be_gone_back_from(scratch, name, options, boot, where, why):       # noqa: F811
    elf = kernels.elf(name, *options)
    judged = engine.run(engine.Boot(name, **boot), elf, seed=1, nonce=2)
    said = gdb(ask(elf, **boot), show("pc"), "reverse-stepi", show("pc"), "continue", show("pc"))
    assert f"recorded: {judged.instructions} instructions and {len(judged.serial)} bytes" in said
    assert re.search(rf"^The judged run ended here: .*{why}\.$", said, re.M)
    assert re.search(rf"^\d+\t.*{where}", said, re.M)
    at, before, again = values(said, "pc")
    assert at == again != before
    if judged.end in ("wfi-budget", "quiet"):
        assert at == judged.pc - 4 * rewind.deaf(judged)
    assert "SIGQUIT" not in said
    assert left(scratch) == []


def test_exceptions_are_counted_differently_and_found_all_the_same(scratch):      # noqa: F811
    """QEMU's count leaves out the instructions that took one: takes.S takes many kinds."""
    elf = kernels.elf("takes")
    judged = engine.run(engine.Boot("takes"), elf, seed=1, nonce=2)
    made = rewind.record(judged, scratch)
    end = rewind.find_end(judged, made)
    assert made.traps > 1 and end == judged.instructions - 1 - made.traps
    said = gdb(ask(elf), show("r0"), "reverse-stepi", "reverse-stepi")
    assert values(said, "r0") == [judged.registers["r0"]] == [0x84000008]


# A student's panic() that writes where no memory is.
FAULT = ("panic_at(const char *file, int line, const char *fmt, ...)\n{", "\t*(volatile int *)0x50000000 = 1;\n")


@pytest.fixture(scope="session")
def faulty(tmp_path_factory):
    """A tree whose lab 1 takes a data abort in panic_at()."""
    tree = tmp_path_factory.mktemp("tree") / "faulty"
    shutil.copytree(ROOT / "solutions/1-boot", tree / "1-boot")
    source = (tree / "1-boot/panic.c").read_text()
    assert FAULT[0] in source
    (tree / "1-boot/panic.c").write_text(source.replace(FAULT[0], FAULT[0] + "\n" + FAULT[1]))
    return tree


def test_a_fault_is_where_it_stops(scratch, faulty):      # noqa: F811
    """Before the instruction that faults, in the student's line; from there to the end, and back to the vector."""
    said = gdb(check("panic", src=faulty), typed="\n".join([
        "set style enabled off", "x/i $pc", "dfsr", "continue", "dfsr", "continue", "trapframe", "reverse-continue",
        ""]))
    pc, = re.findall(r"crash: data abort at pc (0x[0-9a-f]+)", said)
    assert re.search(rf"^#0 +{pc} in panic_at \((.|\n)*panic\.c:\d+\n\d+\t\t\*\(volatile int \*\)0x50000000 = 1;\n"
                     r"Here the judged run takes an exception: data abort\. `continue` goes on", said, re.M)
    assert re.search(rf"=> {pc} <panic_at\+\d+>:\tstr\t", said)
    places = [re.search(text, said).start() for text in (
        "DFSR is 0: no data abort has been taken yet", r"Breakpoint \d+, crash_4 \(\)",
        "DFSR 0x00000808: synchronous external abort, on a write, domain 0\nDFAR 0x50000000\n",
        "The judged run ended here: its next instruction switches the machine off",
        rf"data abort, out of SVC mode, at {pc} \(panic_at", r"\nvector 0x00000004\ncpsr 0x[0-9a-f]{8}: Abort mode, ")]
    assert places == sorted(places) and said.count("crash_4 ()") == 2
    assert left(scratch) == []


def test_a_panic_is_where_it_stops(scratch):      # noqa: F811
    said = gdb(check("panic"), typed="bt\ncontinue\ntrapframe\n")
    assert re.search(r"^#0 +panic_at \((.|\n)*\nHere the judged run panics\. ", said, re.M)
    assert "check_main () at labs/1-boot/checks/panic.c" in said
    assert said.index("Here the judged run panics") < said.index("The judged run ended here") \
        < said.index("There is no crash frame here: the crash vectors have saved none")


FORGED = """
	.global	_start, panic_at
_start:	ldr	r1, =0x09000000
	adr	r2, text
1:	ldrb	r0, [r2], #1
	cmp	r0, #0
	strne	r0, [r1]
	bne	1b
	ldr	r0, =0x84000008
	hvc	#0
panic_at:
	b	.
text:	.asciz	"crash: data abort at pc 0x40010000\\ncrash: halted\\n"
"""


def test_a_crash_that_is_only_printed(scratch, tmp_path):         # noqa: F811
    (tmp_path / "forged.S").write_text(FORGED)
    subprocess.run(["arm-none-eabi-gcc", "-g", "-nostdlib", f"-Wl,-Ttext={kernels.BASE:#x}", tmp_path / "forged.S",
                    "-o", tmp_path / "forged.elf", "-mcpu=cortex-a7"], check=True)
    said = gdb(ask(tmp_path / "forged.elf"), "x/i $pc")
    assert "Here the judged run" not in said and "The judged run ended here: its next instruction switches" in said
    assert re.search(r"^=> .*\thvc\t", said, re.M)


def test_going_back_over_what_changed_memory(scratch):    # noqa: F811
    """Who wrote the framework's console, the first word of .bss? Who registered it, and before that who cleared it."""
    said = gdb(check("bss"), typed="delete\nwatch *(unsigned *)__bss_start\nrc\nbt 1\nrc\nbt 1\n")
    found = re.findall(r"^(?:\(gdb\) )?#0 +(?:0x[0-9a-f]+ in )?(\w+) \(", said, re.M)
    assert found[1:] == ["console_register", "boot_bss"]


@pytest.mark.parametrize("boot, machine", [("1", "-M virt"), ("2", "-M virt,virtualization=on")])
def test_a_check_that_passes_and_its_boots(scratch, boot, machine):       # noqa: F811
    """Holds of the check's only look, and the machine in HYP mode ends by another call."""
    said = gdb(check("reset", f"BOOT={boot}"), typed="reverse-stepi\nregs\n")
    assert f"boot {boot} of 2: {machine}\n" in said and "The judged run ended here" in said
    assert re.search(r"^cpsr 0x[0-9a-f]{8}: \w+ mode, ", said, re.M)
    assert left(scratch) == []


def refused(*command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode and "Traceback" not in done.stderr
    return [line for line in done.stderr.splitlines() if line.startswith("exolab: ")]


@pytest.mark.parametrize("more, words", [
    (["CHECK=echo"], "this check types to the kernel while it runs, .*: make gdb boots it, and `send` types"),
    (["CHECK=cores"], "this check boots several cores, .*: make gdb boots it"),
    (["CHECK=nope"], "1-boot has no check 'nope'; it has: "),
    ([], r"which check\? CHECK=name says so"),
])
def test_what_cannot_be_rewound_is_said(scratch, more, words):            # noqa: F811
    line, = refused("make", "rewind", "LAB=1", "SRC=solutions", *more)
    assert re.match(f"exolab: {words}", line)
    assert left(scratch) == []


def rewound(name, *options, **boot):
    return rewind.rewind(Kernel(engine.Boot(name, **boot), kernels.elf(name, *options), 1, 2), ["-nx", "-batch"])


def test_a_flood_and_a_run_without_instructions():
    with pytest.raises(Usage, match="prints without end"):
        rewound("flood", serial_cap=1000)
    with pytest.raises(Usage, match="ended at its first instructions"):
        rewound("spin", budget=0)


@pytest.mark.parametrize("change", [
    lambda run: {"serial": run.serial[:-1] + b"?"}, lambda run: {"serial": run.serial + b"!"},
    lambda run: {"registers": run.registers | {"r2": 7}}, lambda run: {"instructions": run.instructions + 1},
    lambda run: {"instructions": run.instructions - 1},
])
def test_a_recording_of_another_run_is_found_out(tmp_path, change):
    judged = kernels.boot("hello")
    assert rewind.find_end(judged, rewind.record(judged, tmp_path)) == judged.instructions - 1
    other = engine.dataclasses.replace(judged, **change(judged))
    with pytest.raises(GraderError, match="went another way"):
        rewind.find_end(other, rewind.record(other, tmp_path))


def test_the_empty_disk_is_what_the_format_says(tmp_path):
    """Fields as QEMU's docs/interop/qcow2 lists them, big-endian; QEMU puts a snapshot into it in every other test."""
    disk = rewind.empty_disk()
    magic, version, backing, _, bits, size, crypt, l1, l1_at, counts_at, clusters, snapshots, _ = \
        struct.unpack_from(">4sIQIIQIIQQIIQ", disk)
    assert (magic, version, backing, size, crypt, snapshots) == (b"QFI\xfb", 2, 0, 1 << 20, 0, 0)
    cluster = 1 << bits
    assert len(disk) % cluster == 0 and l1 * cluster * (cluster // 8) >= size and l1_at % cluster == 0
    block, = struct.unpack_from(">Q", disk, counts_at)
    used = struct.unpack_from(f">{len(disk) // cluster + 1}H", disk, block)
    assert clusters == 1 and used == (1,) * (len(disk) // cluster) + (0,)


def test_the_directory_it_leaves_behind_is_none(scratch):                 # noqa: F811
    gdb(ask(kernels.elf("hello")), "no-such-command")
    assert left(scratch) == [] and os.listdir(scratch) == []
