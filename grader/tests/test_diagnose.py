"""What is said of kernels that really broke: each way of tests/diagnosis/ is named, decoded, and found in its function
and line. The fault status codes are the manual's (ARM DDI 0406C, table B3-23), the faults themselves QEMU's.
"""
import re
import struct
import subprocess

import pytest

from grader import a32, diagnose, engine, explain, params, symbols
from grader.errors import GraderError
from grader.tests import kernels
from grader.tests.diagnosis import BUDGET, KERNEL, broken, elf, line, told

READ = "ready = *(volatile uint32_t *)NOWHERE;"

# way -> the detail beside the verdict; what is said, sentence or facts; the line, and where it is said to be
WAYS = {
    "undefined": (
        "undefined instruction in undefined()",
        ["undefined instruction", "word 0xe7f123f4", "UDF", "SVC mode"],
        "0xe7f123f4", "It happened here"),
    "undefined_thumb": (
        "undefined instruction in undefined_thumb()",
        ["Thumb instruction 0xde01"],
        "broken.S udf\t#1", "It happened here"),
    "vfp": (
        "undefined instruction in vfp()",
        ["word 0xee300a20", "VFP or NEON, which is off"],
        "0xee300a20", "It happened here"),
    "jump_nowhere": (
        "prefetch abort in jump_nowhere()",
        ["It called address 0x50000000", "synchronous external abort", "IFSR 0x00000008", "FS 8",
         "IFAR 0x50000000: neither memory nor a device"],
        "((void (*)(void))NOWHERE)();", "It came from here"),
    "read_nowhere": (
        "data abort in read_nowhere()",
        ["A read from address 0x50000000", "nothing answers", "DFSR 0x00000008", "WnR 0 (on a read)", "ExT 0",
         "Domain 0", "FS 8 (synchronous external abort)", "DFAR 0x50000000"],
        READ, "It happened here"),
    "write_nowhere": (
        "data abort in write_nowhere()",
        ["A write to address 0x50000004", "DFSR 0x00000808", "WnR 1 (on a write)", "FS 8 (", "DFAR 0x50000004"],
        "(NOWHERE + 4) = 1;", "It happened here"),
    "unaligned": (
        "data abort in unaligned()",
        ["FS 1 (alignment fault)", "not a multiple", "DFAR 0x40100001: RAM"],
        "broken.S ldr\tr0, [r1]", "It happened here"),
    "call": (
        "svc #7 in call()",
        ["a supervisor call, svc #7, and nothing handles it"],
        "\"svc #7\"", "It happened here"),
    "call_null": (
        "a jump to zero in call_null()",
        ["It called address 0x00000000: a null function pointer, in r3"],
        "\thandler();", "It came from here"),
    "lost_lr": (
        "a jump to zero in lost_lr()",
        ["It returned to address 0x00000000: lr holds no return address"],
        "broken.S bx\tlr\t\t\t// to zero", "It came from here"),
    "jump_device": (
        "a wild jump in jump_device()",
        ["It called address 0x09000000, and that is the UART"],
        "((void (*)(void))BOARD_UART_PA)();", "It came from here"),
    "no_vectors": (
        "no vectors in no_vectors()",
        ["svc #1", "vector, 0x00000008, and that is page 0", "VBAR 0x00000000"],
        "broken.S svc\t#1", "It happened here"),
    "far_vectors": (
        "no vectors in far_vectors()",
        ["svc #2", "vector, 0x60000008, and that is neither memory nor a device", "VBAR 0x60000000"],
        "broken.S svc\t#2", "It happened here"),
    "misaligned": (
        "a wrong vector in misaligned_vectors()",
        ["undefined instruction", "reset's", "the crash vectors say: a jump to the reset vector at pc 0x",
         "multiple of 32"],
        "broken.S // reset, where undefined's", "It came this way"),
    "crossed": (
        "a wrong vector in crossed_vectors()",
        ["supervisor call", "data abort's", "the crash vectors say: data abort at pc 0x"],
        "broken.S // the data abort's", "It came this way"),
    "vectors_never_executed": (
        "vectors that cannot be fetched in vectors_at()",
        ["svc #3", "vector, 0x90700008, which cannot be fetched",
         "VBAR 0x90700000: the tables say: a section at physical 0x40100008, to be read and written, never executed"],
        "\"svc #3\"", "It happened here"),
    "vectors_unmapped": (
        "vectors that cannot be fetched in vectors_at()",
        ["vector, 0x80000008, which cannot be fetched",
         "VBAR 0x80000000: the tables say: translation fault, level 1"],
        "\"svc #3\"", "It happened here"),
    "storm": (
        "a storm: undefined instruction in undefined()",
        ["The same exception came again and again", "times", "its handler returns", "word 0xe7f123f4"],
        "0xe7f123f4", "It happened here"),
    "tick_storm": (
        "a storm: IRQ in returning_vectors()",
        ["The same IRQ came again and again", "nothing quietened", "pending (GICD_ISPENDR): 30 (the physical timer)"],
        "broken.S // IRQ: the timer is not quietened", "The handler returns here"),
    "start_over": (
        "a reset loop in start_over()",
        ["starts over, again and again: it came to _start", "nothing reset"],
        "\t_start();", "It goes back to its start from here"),
    "psci_reset": (
        "a reset in psci_reset()",
        ["The kernel reset the machine, by PSCI's SYSTEM_RESET (r0 = 0x84000009)"],
        "// hvc #0, again", "It happened here"),
    "overflow": (
        "stack overflow in deep()",
        ["the stack of SVC mode, 16 KB, is used up"],
        None, "It leaves its stack here"),
    "overflow_irq": (
        "stack overflow in deep()",
        ["the stack of IRQ mode, 4 KB, is used up"],
        None, "It leaves its stack here"),
    "huge": (
        "stack overflow in read_nowhere()",
        ["a stack overflow: sp", "bytes below the end of this mode's stack", "DFAR 0x50000000"],
        READ, "It happened here"),
    "stray": (
        "data abort in read_nowhere()",
        ["DFAR 0x50000000", "a stray write into a stack"],
        READ, "It happened here"),
    "poll": (
        "an endless wait in uart_getc()",
        ["reads UARTFR and looks at RXFE, which stays 1: nothing has come in", "UARTFR 0x00000090", "RXFE 1"],
        None, "It waits here"),
    "poll_gpio": (
        "an endless wait in poll_gpio()",
        ["it reads 0x09030000 again and again, which is the GPIO"],
        "while (*mmio(0x09030000) == 0)", "It waits here"),
    "stand": (
        "an endless loop in stand()",
        ["an endless loop of one instruction", "IRQs and FIQs are masked"],
        "for (;;)\t// stands", "It stands here"),
    "wait_ready": (
        "an endless wait in wait_ready()",
        ["waits for the variable ready to change, and nothing changes it"],
        "while (!ready)", "It waits here"),
    "count": (
        "an endless loop in count()",
        ["goes round in a loop of 5 instructions"],
        "ready = ready * 3 + 1;", "It spins here"),
    "sleep_on": (
        "a sleep without end in sleep_on()",
        ["sleeps (WFI)", "GICD_CTLR 0x00000000: the interrupt controller is off", "enabled (GICD_ISENABLER): none"],
        "broken.S wfi\t\t\t\t// for ever", "It sleeps here"),
    "tick_sleep": (
        "a sleep without end in tick_sleep()",
        ["GICD_CTLR 0x00000000", "GICD_ISENABLER): 30 (the physical timer)"],
        None, "It sleeps here"),
    "crash_twice": (
        "data abort in read_nowhere()",
        ["A read from address 0x50000000", "DFSR 0x00000008"],
        READ, "It happened here"),
    "leave": (
        "in leave()",
        ["switched off before the check was through, by PSCI's SYSTEM_OFF"],
        "// hvc #0, off", "It happened here"),
    "section_unmapped": (
        "data abort in touch()",
        ["A read from address 0x80000120", "DFSR 0x00000005", "FS 5 (translation fault, first level)",
         "the first-level descriptor of this megabyte is not valid",
         "the tables say: translation fault, level 1, 0x00000000"],
        "ready = *(volatile uint32_t *)va;", "It happened here"),
    "section_readonly": (
        "data abort in touch()",
        ["A write to address 0x90100124", "DFSR 0x0000080d", "WnR 1", "FS 13 (permission fault, first level)",
         "physical 0x40000124, to be read;"],
        "*(volatile uint32_t *)va = 1;", "It happened here"),
    "section_domain": (
        "data abort in touch()",
        ["DFSR 0x00000039", "Domain 3", "FS 9 (domain fault, first level)", "domain 3: no access"],
        "ready = *(volatile uint32_t *)va;", "It happened here"),
    "page_unmapped": (
        "data abort in touch()",
        ["DFSR 0x00000807", "FS 7 (translation fault, second level)",
         "the second-level descriptor of this page is not valid"],
        "*(volatile uint32_t *)va = 1;", "It happened here"),
    "page_readonly": (
        "data abort in touch()",
        ["DFSR 0x0000080f", "FS 15 (permission fault, second level)", "a page at physical 0x40000008, to be read;"],
        "*(volatile uint32_t *)va = 1;", "It happened here"),
    "page_domain": (
        "data abort in touch()",
        ["DFSR 0x0000002b", "Domain 2", "FS 11 (domain fault, second level)"],
        "ready = *(volatile uint32_t *)va;", "It happened here"),
    "walk_nowhere": (
        "data abort in touch()",
        ["DFSR 0x0000000e", "FS 14 (synchronous external abort on a translation table walk, second level)",
         "the second-level table lies where nothing answers"],
        "ready = *(volatile uint32_t *)va;", "It happened here"),
    "never_execute": (
        "prefetch abort in never_execute()",
        ["It called address 0x90700000", "IFSR 0x0000000d", "FS 13 (permission fault, first level)", "never executed"],
        "((void (*)(void))0x90700000)();", "It came from here"),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_broke_is_named_decoded_and_found(way):
    detail, words, text, where = WAYS[way]
    found, said = told(way)
    assert found == detail
    what, place, *_ = said
    everything = " ".join([what, *said[what]])
    assert [word for word in words if word not in everything] == [], everything
    if text is not None:
        file = "broken.S" if text.startswith("broken.S ") else "broken.c"
        assert place.startswith(f"{where}: {line(text.removeprefix('broken.S '), file)}, in "), place
    assert place.startswith(f"{where}: ") and place.endswith(f"in {detail.rpartition(' in ')[2].removeprefix('in ')}")
    assert way.startswith("overflow") or way == "huge" or "stack overflow" not in everything
    registers = next(lines for heading, lines in said.items() if heading.startswith("The registers there, in "))
    assert len(registers) == 4 and all(len(row.split()) == 8 for row in registers)


def test_registers_and_mode_are_those_before_the_fault():
    _, said = told("write_nowhere")
    heading, rows = next((heading, rows) for heading, rows in said.items() if heading.startswith("The registers"))
    values = dict(zip(*[iter(" ".join(rows).split())] * 2))
    crash = {name.decode(): value.decode() for name, value in
             re.findall(rb"\b(r\d+|sp|lr|pc) 0x([0-9a-f]{8})", broken("write_nowhere").console)}
    assert crash == values and len(values) == 16, "the crash vectors saw the same, from within"
    assert "in SVC mode" in heading
    _, said = told("overflow_irq")
    assert any("in IRQ mode" in heading for heading in said)


@pytest.mark.parametrize("way", ["overflow", "overflow_irq"])
def test_a_stack_overflow_is_found_where_it_leaves_the_stack(way):
    table = symbols.of(elf())
    at = diagnose.diagnose(broken(way), explain.ending(broken(way))).moment
    name = {"overflow": "svc", "overflow_irq": "irq"}[way]
    bottom, top = table.address(f"__{name}_stack_bottom"), table.address(f"__{name}_stack_top")
    boot = engine.Boot("broken", input=way.encode() + b"\0", budget=BUDGET, watch=((bottom - 4096, 4096),))
    below = engine.run(boot, elf(), seed=1, nonce=params.nonce(1)).accesses
    assert at.count == below[0].count and below[0].kind == "w", "the first that touches what is below"
    deep, = [frame for frame in at.stack.frames if frame.place.function == "deep"]
    size = (top - at.registers["r13"]) // deep.times        # of a frame; the bytes of the stack are full of them
    assert 16 <= size <= 64 and deep.times * size > top - bottom - 2 * size


def test_a_stray_write_is_no_overflow_and_its_writer_is_named():
    detail, said = told("stray")
    fact, = [fact for facts in said.values() for fact in facts if "stray" in fact]
    assert "overflow" not in detail + fact
    assert fact.endswith(f"{line('*(volatile uint32_t *)p = 0;')}, in stray()")


def test_a_clock_that_ticks_is_no_storm():
    detail, said = told("ticked")
    assert detail == "an endless loop in ticked()"
    seen = engine.look(broken("ticked"))
    assert len([taken for taken in seen.exceptions if taken.kind == "irq"]) >= diagnose.STORM
    assert not any("masked" in fact for facts in said.values() for fact in facts), "interrupts are on there"


def test_a_panic_keeps_its_words_and_gets_its_callers():
    detail, said = told("give_up")
    assert detail == f"at {line('panic(')}"
    assert said["The kernel panicked:"] == [f"panic: {line('panic(')}: no page"]
    assert said["Who called whom, the innermost first:"][0] == f"#0 give_up, {line('panic(')}"


def test_what_there_is_nothing_to_add_to_is_left_as_it_is():
    assert explain.closer(broken("none"), KERNEL, ("return",)) is None
    assert explain.closer(broken("psci_reset"), KERNEL, ("reset",)) is None, "as it should"
    assert explain.closer(broken("psci_reset"), KERNEL, ("reset", "lost")) is not None, "any end was allowed"


def test_a_second_look_that_fails_leaves_the_plain_explanation(monkeypatch):
    def look(*_, **__):
        raise GraderError("a second run went another way")

    monkeypatch.setattr(engine, "look", look)
    assert explain.closer(broken("read_nowhere"), KERNEL, ("return",)) is None


def test_a_moment_that_never_comes_is_an_error():
    run = broken("leave")
    with pytest.raises(GraderError):
        diagnose.moment(run, run.instructions + 1)
    with pytest.raises(GraderError):
        diagnose.moment(run, run.instructions)          # it is off


def test_the_same_run_is_told_in_the_same_words():
    for way in ("chain", "poll"):
        twice = [explain.closer(broken(way), KERNEL, ("return",)) for _ in range(2)]
        assert twice[0] == twice[1] and twice[0] is not None


def test_lines_are_shown_of_the_students_files_alone():
    _, said = told("poll")
    shown = next(lines for heading, lines in said.items() if "solutions/1-boot/uart.c" in heading)
    assert any("UARTFR" in text for text in shown)
    assert all(lines == [] for heading, lines in told("chain")[1].items() if "tests/diagnosis" in heading)


def test_kernels_without_the_frameworks_symbols_are_told_too():
    run = kernels.boot("wild", "-DTO=0x09000000")
    found = diagnose.diagnose(run, run.end)
    assert "that is the UART" in found.what and found.moment.place.function == "_start"
    run = kernels.boot("poll", budget=10_000)
    assert "UARTFR" in diagnose.diagnose(run, run.end).what
    for name in ("halt", "runaway"):        # of the second QEMU tells nothing where it ended
        run = kernels.boot(name)
        at = diagnose.diagnose(run, run.end).moment
        assert (run.end, at.registers["r15"]) == ("quiet", symbols.of(run.elf).address("asleep"))
    run = kernels.boot("sleep", wfi=3)
    assert (run.end, diagnose.diagnose(run, run.end).moment.registers["r15"]) == ("wfi-budget", run.pc)


def test_the_trail_is_of_the_last_instructions_each_once():
    run = kernels.boot("spin", budget=10_000)
    again = symbols.of(run.elf).address("again")
    assert engine.look(run, budget=5).trail == (again - 4, again, again + 4, again + 8, again)
    trail = engine.look(run, budget=10_000).trail
    assert trail == tuple(again + (n - 1) % 3 * 4 for n in range(10_000 - 256, 10_000))
    run = kernels.boot("poll", budget=10_000)       # devices are accessed: QEMU translates such an instruction twice
    trail = engine.look(run, budget=10_000).trail
    assert all(b - a in (4, -8) for a, b in zip(trail, trail[1:])) and len(set(trail)) == 3
    assert engine.look(run).trail == trail


def test_input_typed_at_a_hold_is_typed_again():
    def typing(held):
        held.send(b"x")

    boot = engine.Boot("broken", input=b"typed\0", budget=BUDGET, holds={"uart_getc": typing})
    run = engine.run(boot, elf(), seed=1, nonce=params.nonce(1))
    assert b"crash: data abort" in run.console
    found = diagnose.diagnose(run, "fault")
    assert found.named == "data abort" and found.moment.place.function == "typed"
    assert found.moment.registers["r0"] == ord("x")


# ---- what instructions do, in the assembler's encodings

def jump(word):
    return a32.jump(word, False)


def how(word):
    return jump(word)[0]


def through_sp(word):
    return a32.through_sp(word, False)


def address(word):
    return a32.address(word, {"r1": 0x1000, "r2": 3})


def bits(word):
    return a32.tests(word, 3)


INSTRUCTIONS = [
    (jump, {"blx r3": ("called", "a null function pointer, in r3"), "bx r5": ("jumped to", "a null pointer, in r5"),
            "ldr pc, [r2]": ("jumped to", ""), "b .": ("jumped to", "")}),
    (how, dict.fromkeys(("bx lr", "mov pc, lr", "pop {r4, pc}", "pop {pc}"), "returned to")),
    (a32.returns, dict.fromkeys(("subs pc, lr, #4", "movs pc, lr", "ldm sp!, {r0, pc}^", "rfeia sp!", "eret"), True)),
    (a32.returns, dict.fromkeys(("b .", "pop {r4, pc}", "sub pc, lr, #4", "subs r0, r0, #1", "cmp r0, #4", "bx lr"),
                                False)),
    (through_sp, dict.fromkeys(("push {r4, lr}", "push {lr}", "str r0, [sp, #4]", "strd r0, r1, [sp]",
                                "strb r0, [sp, r1]"), True)),
    (through_sp, dict.fromkeys(("str sp, [r0]", "stm r0, {r4}", "strh r0, [r1]"), False)),
    (a32.loads, dict.fromkeys(("ldr r3, [r1]", "ldrb r3, [r1, r2]", "ldr r3, [r1], #4"), True)),
    (a32.loads, dict.fromkeys(("ldr r3, [pc, #8]", "str r3, [r1]", "ubfx r3, r3, #4, #1", "udiv r3, r1, r2"), False)),
    (a32.stores, dict.fromkeys(("str r3, [r1]", "strb r3, [r1, r2]", "strh r3, [r1]", "stm r1, {r2}"), True)),
    (a32.stores, dict.fromkeys(("ldr r3, [r1]", "add r1, r2, r3", "sxtb r1, r2", "mul r1, r2, r3"), False)),
    (address, {"ldr r3, [r1, #24]": 0x1018, "ldr r3, [r1, #-24]": 0xfe8, "ldr r3, [r1], #24": 0x1000,
               "ldrb r3, [r1, r2, lsl #2]": 0x100c, "ldrb r3, [r1, r2, lsr #2]": None}),
    (bits, {"tst r3, #16": 1 << 4, "and r3, r3, #32": 1 << 5, "ands r2, r3, #0x20000": 1 << 17, "tst r4, #16": 0,
            "ubfx r0, r3, #4, #1": 1 << 4, "lsls r2, r3, #27": 1 << 4, "ldr r3, [r1]": 0}),
    (a32.undefined, {"udf #0": "UDF, which is undefined for ever",
                     "vadd.f32 s0, s0, s1": "VFP or NEON, which is off (CPACR)",
                     "mcr p15, 0, r0, c1, c0, 0": "a system register (CP15) that is not there, or not in this mode",
                     "mcr p4, 0, r0, c1, c0, 0": "for coprocessor 4, which this core does not have"}),
]


def test_what_instructions_do(tmp_path):
    texts = list(dict.fromkeys(text for _, answers in INSTRUCTIONS for text in answers))
    (tmp_path / "all.s").write_text("\n".join([".arch_extension virt", ".fpu vfpv3", *texts, ""]))
    subprocess.run(["arm-none-eabi-as", "-mcpu=cortex-a7", "all.s", "-o", "all.o"], cwd=tmp_path, check=True)
    subprocess.run(["arm-none-eabi-objcopy", "-Obinary", "-j.text", "all.o", "all.bin"], cwd=tmp_path, check=True)
    words = dict(zip(texts, struct.unpack(f"<{len(texts)}I", (tmp_path / "all.bin").read_bytes())))
    for asked, answers in INSTRUCTIONS:
        assert {text: asked(words[text]) for text in answers} == answers, asked


@pytest.mark.parametrize("trail, turn", [
    ((1, 2, 3, 4, 5, 4, 5, 4, 5, 4, 5) + (4, 5) * 200, (4, 5)),
    ((7,) * 256, (7,)),
    (tuple(range(256)), None),
    ((1, 2, 3) * 86, (1, 2, 3)),
])
def test_a_loop_is_the_shortest_turn_that_repeats(trail, turn):
    found = diagnose._period(trail)
    assert (found is None) == (turn is None) and (turn is None or sorted(found) == sorted(turn))
