"""The checks of step 5.2, the gate, and of what is given around it.

What a module finds when it is entered, and the kernel when it is left, is compared with exo/module.h; what modules do to the machine, with
models. The modules are written by hand: nothing here depends on the rewriter.
"""
import random
import struct

from grader.checks import Boot, Wrong, check, expect_lines

STEP = "5.2"
SYS, SVC, A, I, F = 0x1f, 0x13, 1 << 8, 1 << 7, 1 << 6
FLAGS = 0xf80f0000              # N, Z, C, V, Q and GE
E = {"NOENT": 4, "PERM": 6, "FAULT": 7, "TIME": 9, "BUSY": 10}


def word(rng):
    return rng.getrandbits(32)


# The gate alone.

GATE = struct.Struct("<29I")
GATE_TOLD = struct.Struct("<20I48x16I2I")


def gate_cases(rng):
    """(image, args, status, result, kept, nested): cases, the first of them one after the other, then one within the other."""
    cases = []
    for i in range(24):
        image, kept = [word(rng) for _ in range(11)], [word(rng) for _ in range(10)] + [word(rng) & FLAGS]
        if i < 2:               # what a module has, but for the segments
            image = [0, 0, 0, 0, 0, 0xc0200000, 0xc0000000, 0, 0, 0xc00ff000, 0xc0200000]
        status = (0, 0, -E["FAULT"], -E["TIME"])[i % 4] & 0xffffffff
        nested = 0 if i < 12 else i if i % 4 else 0
        cases.append((image, [word(rng) for _ in range(4)], status, word(rng), kept, nested))
    return cases


def gate_input(seed):
    return b"".join(GATE.pack(*image, *args, status, result, *kept, nested)
                    for image, args, status, result, kept, nested in gate_cases(random.Random(seed)))


def keep_gate(held):
    held.keep("told", list(GATE_TOLD.iter_unpack(held.memory(held.address("told"), 64 * GATE_TOLD.size))))


GATE_BOOT = Boot("gate", input=gate_input, read_at_end=keep_gate)
NAMES = (*(f"r{i}" for i in range(13)), "sp", "lr")


def registers(words, names=NAMES):
    return [f"{name} {value:#010x}" for name, value in zip(names, words)]


@check(points=5, step=STEP, boots=GATE_BOOT, hint="the image of struct module is r4 to r12, sp and lr of System mode: an LDM "
       "with ^ loads them from SVC mode (DDI 0406C, B9.3.6), and MOVS pc, lr then takes CPSR from SPSR, all of it (B9.3.20)")
def test_gate(run):
    """A module begins with its arguments and its image, flags 0, in System mode with nothing masked, and nothing else."""
    for i, (image, args, *_) in enumerate(gate_cases(random.Random(run.seed))):
        told = run.kept["told"][i]
        at = f"in case {i}: "
        cpsr, sp, irq_pc, irq_psr, irqs = told[15:20]
        if cpsr == 0:
            raise Wrong(at + "the module was never entered at `at`", look="module_enter() in gate.S")
        if cpsr & 0x1f != SYS:
            raise Wrong(at + f"the module runs in mode {cpsr & 0x1f:#x}, not in System mode, {SYS:#x}", look="what SPSR says at the MOVS")
        expect_lines(registers([*args, *image]), registers(told[:15]), at + "what the module finds in its registers")
        if cpsr & FLAGS:
            raise Wrong(at + "flags of the kernel's are left", expected="CPSR 0x0000001f", got=f"CPSR {cpsr:#010x}")
        if cpsr != SYS:
            raise Wrong(at + "A, I and F are clear in a module", expected="CPSR 0x0000001f", got=f"CPSR {cpsr:#010x}")
        if irqs != 1 or irq_psr & 0x1f != SYS or irq_pc != run.symbol("gate_probe"):
            raise Wrong(at + "the interrupt that is pending has to come before the module's first instruction, and nowhere in the kernel",
                        expected=f"once, in mode {SYS:#x}, before {run.symbol('gate_probe'):#010x}",
                        got=f"{irqs} times, in mode {irq_psr & 0x1f:#x}, before {irq_pc:#010x}")
        if sp % 8:
            raise Wrong(at + f"SVC mode's sp is {sp:#010x} while the module runs: the kernel's C wants it 8-byte aligned")


@check(points=5, step=STEP, needs=("gate",), boots=GATE_BOOT, hint="module_leave() finds on SVC's stack what module_enter() has "
       "put there, the newest on top: r4 to r11 and lr, System mode's sp and lr, where the result goes")
def test_gate_back(run):
    """Whoever called gets its registers back, the application its sp and lr, in calls within calls too."""
    for i, (_, _, status, result, kept, _) in enumerate(gate_cases(random.Random(run.seed))):
        told = run.kept["told"][i][20:]
        at = f"behind case {i}: "
        cpsr = told[13]
        if cpsr & 0x1df != SVC | A | I | F:
            raise Wrong(at + "the kernel goes on in SVC mode, A, I and F set", expected=f"CPSR {SVC | A | I | F:#010x}", got=f"CPSR {cpsr:#010x}")
        expect_lines(registers(kept[:8], NAMES[4:]), registers(told[:8], NAMES[4:]), at + "what C wants kept")
        if told[11] != told[12]:
            raise Wrong(at + "SVC's sp is not where it was", expected=f"sp {told[11]:#010x}", got=f"sp {told[12]:#010x}")
        expect_lines(registers(kept[8:10], NAMES[13:]), registers(told[8:10], NAMES[13:]), at + "User's sp and lr, the application's")
        if told[16] != status:
            raise Wrong(at + "what module_enter() returned", expected=f"status {status:#010x}", got=f"status {told[16]:#010x}")
        result = 0x12345678 if status else result
        if told[17] != result:
            raise Wrong(at + f"*result, where status is {status:#x}", expected=f"{result:#010x}", got=f"{told[17]:#010x}")
