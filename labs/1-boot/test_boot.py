"""The checks of lab 1, in the order of the handout's steps.

What is expected comes from exo/boot.h, exo/uart.h and their likes, the manuals they name, and models of our own fed with the
run's seed; most of it is looked at from outside, as a kernel that cannot print has to be.
"""
import random
import struct

from grader.checks import ENDINGS, Boot, Wrong, check
from grader.params import random64

UART = 0x09000000
UARTDR, UARTFR, UARTIBRD, UARTFBRD, UARTLCR_H, UARTCR, UARTIMSC = 0x00, 0x18, 0x24, 0x28, 0x2c, 0x30, 0x38
HYP = ("virtualization=on",)
MODES = {0x10: "User", 0x11: "FIQ", 0x12: "IRQ", 0x13: "SVC", 0x17: "Abort", 0x1a: "HYP", 0x1b: "Undefined",
         0x1f: "System"}
ANY = tuple(ENDINGS)    # for checks that look from outside at what comes before the end


def kept(run, name, what):
    """What a hold kept under `name`; Wrong if the kernel never came there."""
    if name not in run.kept:
        raise Wrong(f"The kernel never came to {what}.",
                    look=run.where(run.pc) if run.end in ("budget", "wfi-budget", "quiet") else None)
    return run.kept[name]


def keep_registers(held):
    held.keep(held.symbol, held.registers())


KERNEL = ["mode SVC", "A masked", "I masked", "F masked", "A32", "little-endian"]


def state(cpsr):
    """What a CPSR says, in the order of KERNEL."""
    masks = [f"{mask} {'masked' if cpsr >> bit & 1 else 'not masked'}" for mask, bit in (("A", 8), ("I", 7), ("F", 6))]
    return [f"mode {MODES.get(cpsr & 0x1f, hex(cpsr & 0x1f))}", *masks, "Thumb" if cpsr >> 5 & 1 else "A32",
            "big-endian" if cpsr >> 9 & 1 else "little-endian"]


def compare(message, expected, got, look, run):
    """Wrong, showing the lines that differ, unless the two lists of lines are the same."""
    wrong = [(one, other) for one, other in zip(expected, got, strict=True) if one != other]
    if wrong:
        raise Wrong(message, expected=[one for one, _ in wrong], got=[other for _, other in wrong], look=look, run=run)


def junk(seed):
    """Words for every register of every mode: 7 for each of six modes, then 16."""
    return random.Random(seed).randbytes(4 * (6 * 7 + 16))


# 1.1 and 1.2: from outside alone, as nothing can be printed yet.

@check(points=8, step="1.1", ends=ANY,
       boots=[Boot("junk", input=junk, holds={"boot_stacks": keep_registers}),
              Boot("junk", input=junk, holds={"boot_stacks": keep_registers}, machine=HYP)],
       hint="Read the mode from the CPSR first. From HYP mode only an exception return leads out: SPSR_hyp, which is "
            "simply spsr there, says into which state, all four bytes of it, and elr_hyp says where to. From any other"
            " mode, one CPS sets mode and masks together.")
def test_reset(runs):
    """boot_stacks is called in SVC mode with everything masked, whether the machine starts in SVC or in HYP mode."""
    for run, start in zip(runs, ("SVC", "HYP")):
        cpsr = kept(run, "boot_stacks", f"boot_stacks on the machine that starts in {start} mode")["cpsr"]
        compare(f"On the machine that starts in {start} mode, boot_stacks was called with CPSR 0x{cpsr:08x}:",
                KERNEL, state(cpsr), "_start, in start.S", run)


PATH = ("_start", "boot_stacks", "kmain")


@check(points=6, step="1.1", boots=Boot("cores", smp=4, marks=PATH, wfi=100_000), ends=ANY, needs="reset",
       hint="MPIDR tells a core who it is (its Aff0 field). All but core 0 sleep for ever, in a loop around WFI or "
            "WFE: an interrupt ends one WFI, not your loop.")
def test_cores(run):
    """Each core that starts with the first sleeps for ever, even if something wakes it: it never comes to C."""
    cores = {symbol: {mark.cpu for mark in run.marks if mark.symbol == symbol} for symbol in PATH}
    assert cores["_start"] - {0}, "the payload starts the other cores"
    for symbol in PATH[1:]:
        for core in cores[symbol] - {0}:
            raise Wrong(f"Core {core} came to {symbol}: two cores run on one stack.",
                        expected=f"{symbol}: core 0 alone", got=f"{symbol}: core {core} too",
                        look="_start, in start.S")
    if 0 not in cores["boot_stacks"]:
        raise Wrong("Core 0 did not come to boot_stacks: it was parked itself, or another core spins without WFI or "
                    "WFE and leaves it no time.", look="_start, in start.S")


STACKS = {"svc": "boot_bss"} | {mode: f"run_end_{mode}" for mode in ("fiq", "irq", "abt", "und", "sys")}


@check(points=10, step="1.2", needs="reset", ends=ANY,
       boots=[Boot("stacks", holds={symbol: keep_registers for symbol in STACKS.values()}),
              Boot("stacks", holds={symbol: keep_registers for symbol in STACKS.values()}, machine=HYP)],
       hint="CPS changes the mode, and with it which sp you have: set it right there. A full descending stack starts "
            "at its top. Return only once you are back in SVC mode: lr is banked too.")
def test_stacks(runs):
    """Each mode's stack pointer starts at the top of that mode's own stack; boot_stacks returns in SVC mode."""
    for run in runs:
        expected, got = [], []
        for mode, symbol in STACKS.items():
            what = "the end of boot_stacks" if mode == "svc" else f"the end, where {mode}'s sp is read"
            registers = kept(run, symbol, what)
            bottom, top = run.symbol(f"__{mode}_stack_bottom"), run.symbol(f"__{mode}_stack_top")
            for lines, sp in ((expected, top), (got, registers["r13"])):
                lines.append(f"{mode}: sp 0x{sp:08x}    its stack: 0x{bottom:08x} up to 0x{top:08x}")
            if mode == "svc":
                compare("boot_stacks returned in the wrong mode.", ["mode SVC"], state(registers["cpsr"])[:1],
                        "boot_stacks, in start.S", run)
        compare("The stack pointers that are wrong, read from outside:", expected, got, "boot_stacks, in start.S", run)


# 1.3: memory as C expects it.

def keep_bss(held):
    start = held.address("__bss_start")
    held.keep("bss", held.memory(start, held.address("__bss_end") - start))
    held.keep("kmain", held.registers())


def keep_memory(held):
    keep_bss(held)
    held.keep("behind", held.memory(held.address("__bss_end"), 64))
    held.keep("data", held.memory(held.address("boot_data"), 28))


def cleared(run):
    """Every word of .bss was zero when kmain was entered."""
    bss, start = kept(run, "bss", "kmain"), run.symbol("__bss_start")
    dirty = [i for i in range(0, len(bss), 4) if bss[i:i + 4] != bytes(4)]
    if dirty:
        first = int.from_bytes(bss[dirty[0]:dirty[0] + 4], "little")
        raise Wrong(f"{len(dirty)} of the {len(bss) // 4} words of .bss are not zero when kmain is entered; the first is "
                    f"at 0x{start + dirty[0]:08x}, {dirty[0]} bytes behind __bss_start, the last at "
                    f"0x{start + dirty[-1]:08x}.", expected="0x00000000", got=f"0x{first:08x}", look="boot_bss, in bss.c")


DATA = struct.pack("<7I", 0xfeedface, 0x0ddba11, 0xc0ffee, 0x5eed, 1, 0, 0xffffffff)     # as boot.c initialises it


@check(points=8, step="1.3", boots=Boot("boot", junk=True, holds={"kmain": keep_memory}), ends=ANY, needs="stacks",
       hint="From __bss_start up to, but not including, __bss_end; both are addresses, so the symbols are arrays. "
            "Words, not bytes: does your pointer move by as much as you store?")
def test_bss(run):
    """With RAM full of junk before: .bss is zero when C starts, what lies behind it untouched, .data as the source says."""
    cleared(run)
    zeros = next((i for i in range(64) if run.kept["behind"][i]), 64)
    if zeros >= 4:      # junk has a zero byte now and then, four in a row hardly ever
        raise Wrong(f"What lies behind __bss_end was cleared too, {zeros} bytes at least: it belongs to somebody else.",
                    look="boot_bss, in bss.c")
    if run.kept["data"] != DATA:
        raise Wrong("Initialised variables have lost their values.", expected=DATA.hex(" ", 4),
                    got=run.kept["data"].hex(" ", 4), look="boot_bss, in bss.c: does it begin at __bss_start?")


def entered(run):
    """kmain was entered as exo/boot.h says."""
    registers, top = kept(run, "kmain", "kmain"), run.symbol("__svc_stack_top")
    expected = [f"sp  0x{top:08x}", "r11 0x00000000", "lr  0x00000000", *KERNEL]
    got = [f"sp  0x{registers['r13']:08x}", f"r11 0x{registers['r11']:08x}", f"lr  0x{registers['r14']:08x}",
           *state(registers["cpsr"])]
    compare("What is wrong with the state in which kmain is entered:", expected, got,
            "the end of _start, in start.S", run)


@check(points=4, step="1.3", boots=Boot("boot", holds={"kmain": keep_registers}), ends=ANY, needs="stacks",
       hint="The procedure call standard wants sp 8-byte aligned at every call; the whole stack is free; everything "
            "still masked, as nobody can take an interrupt yet; and kmain has no caller, so lr is zero: use B, not BL,"
            " for the last jump.")
def test_entry(run):
    """kmain is entered as C expects: SVC mode, the whole SVC stack free, no caller."""
    entered(run)


@check(points=6, step="1.3", needs="entry", ends=ANY,
       boots=[Boot("junk", input=junk, junk=True, holds={"kmain": keep_bss}),
              Boot("junk", input=junk, junk=True, holds={"kmain": keep_bss}, machine=HYP)],
       hint="Some register is used before it is set, or left as it was found. At reset nothing is zero, even if QEMU "
            "makes it so.")
def test_junk(runs):
    """kmain is entered as C expects even if every register and all of RAM was full of junk, in SVC or HYP mode."""
    for run in runs:
        entered(run)
        cleared(run)


# 1.4: the transmitter.

def sends(access):
    """Whether an access puts a byte into the transmit FIFO."""
    return access.kind == "w" and UART + UARTDR <= access.address < UART + UARTDR + 4


def keep_fake(held):
    held.keep("dr", held.word(held.address("fake_uart") + UARTDR))


def fake(case, byte=0x5a):
    return Boot("fake", input=bytes([ord(case), byte]), budget=500_000, read_at_end=keep_fake)


UART_SETUP = {"UARTIBRD": UARTIBRD, "UARTFBRD": UARTFBRD, "UARTLCR_H": UARTLCR_H, "UARTIMSC": UARTIMSC,
              "UARTCR": UARTCR}


def keep_uart(held):
    for name, offset in UART_SETUP.items():
        held.keep(name, held.word(UART + offset))


@check(points=6, step="1.4", needs="bss", ends=ANY,
       boots=[Boot("boot", holds={"console_register": keep_uart}, watch=((UART, 0x1000),)), fake("i"), fake("I")],
       hint="UARTCLK / (16 x baud) has six fraction bits, rounded: 24 MHz and 115200 baud make 13.02. Interrupts are "
            "masked and cleared. The divisors count only once UARTLCR_H is written after them, and the line is changed"
            " only while the UART is off and idle. Receiver, transmitter and the UART itself have a bit each in "
            "UARTCR.")
def test_uart_init(runs):
    """uart_init sets the PL011 to 115200 baud, 8 bits, FIFOs, no interrupts, both ways on, in the manual's order."""
    run, other, busy = runs
    kept(run, "UARTCR", "the end of uart_init")
    expected = {"UARTIBRD": 13, "UARTFBRD": 1, "UARTLCR_H": 0x070, "UARTIMSC": 0, "UARTCR": 0x301}
    compare("The UART's registers that are wrong after uart_init:",
            [f"{name} 0x{value:03x}" for name, value in expected.items()],
            [f"{name} 0x{run.kept[name]:03x}" for name in expected], "uart_init, in uart.c", run)
    other.expect_report("divisors 26 3")        # 48 MHz / (16 x 115200) = 26.04; 0.04 x 64 = 2.67, rounded
    other.expect_report("line 0x70, control 0x301")
    other.expect_report("masked 0x0, cleared 0x7ff")
    if busy.end != "budget":
        raise Wrong("uart_init did not wait until what was being sent had left (UARTFR.BUSY = 1).", expected="it waits",
                    got="it went on", look="uart_init, in uart.c", run=busy)

    names = {UART + offset: name for name, offset in UART_SETUP.items()} | {UART + UARTFR: "UARTFR"}
    order = [f"{'read' if a.kind == 'r' else 'write'} {names[a.address]}" for a in run.accesses if a.address in names]
    first, last = order.index, lambda what: len(order) - 1 - order[::-1].index(what)
    for early, late, why in (
        ("read UARTFR", "write UARTCR", "a character that is still being sent has to leave first"),
        ("write UARTCR", "write UARTIBRD", "the UART has to be off while the line is changed"),
        ("write UARTCR", "write UARTLCR_H", "the UART has to be off while the line is changed"),
    ):
        if early not in order or first(early) > first(late):
            raise Wrong(f"{late} comes before {early}: {why}.", got=order, look="uart_init, in uart.c")
    for early, late, why in (
        ("write UARTIBRD", "write UARTLCR_H", "writing UARTLCR_H is what latches the divisors"),
        ("write UARTFBRD", "write UARTLCR_H", "writing UARTLCR_H is what latches the divisors"),
        ("write UARTLCR_H", "write UARTCR", "the UART goes on last"),
    ):
        if last(early) > last(late):
            raise Wrong(f"{early} comes after {late}: {why}.", got=order, look="uart_init, in uart.c")


def waits(run, word, function, flag):
    """A wait of `function` came to its end when the flag it waits for changed meanwhile."""
    if not run.reported(word):
        raise Wrong(f"{function} still waits although UARTFR.{flag} is clear by now.", look=run.where(run.pc))


@check(points=6, step="1.4", needs="uart-init", boots=[fake("s"), fake("f"), fake("b"), fake("t")],
       ends=("return", "budget"),
       hint="QEMU's FIFO is never full, a real one is after 16 characters: TXFF says so, and a byte written then is "
            "lost. BUSY stays set until the last bit has left. Look again each time round the loop.")
def test_transmit(runs):
    """On a UART that is plain memory: a byte is sent when there is room, and only then; a flush waits while BUSY."""
    room, full, busy, later = runs
    if room.end == "budget":
        raise Wrong("uart_putc waits although the transmit FIFO has room (UARTFR.TXFF = 0), if for something else.",
                    look=room.where(room.pc))
    room.expect_report("sent 0x5a")
    if full.end != "budget":
        raise Wrong("uart_putc returned although the transmit FIFO was full (UARTFR.TXFF = 1).",
                    expected="it waits", got=f"it returned, UARTDR = 0x{full.kept['dr']:x}",
                    look="uart_putc, in uart.c")
    if full.kept["dr"] != 0xdeadbeef:
        raise Wrong("uart_putc wrote to UARTDR while the transmit FIFO was full.", expected="nothing written",
                    got=f"UARTDR = 0x{full.kept['dr']:x}", look="uart_putc, in uart.c")
    if busy.end != "budget":
        raise Wrong("uart_flush returned although UARTFR.BUSY was set.", expected="it waits", got="it returned",
                    look="uart_flush, in uart.c")
    waits(later, "sent", "uart_putc", "TXFF")
    later.expect_report("sent 0x5a")
    waits(later, "flushed", "uart_flush", "BUSY")
    later.expect_report("flushed 0x0")


def banner(run):
    """The kernel's first line: QEMU's Cortex-A7 (MIDR 0x410fc075: r0p5), the board, and where the image ends."""
    return f"exolab: virt, Cortex-A7 r0p5, 128 MB of RAM from 0x40000000, free from 0x{run.symbol('__image_end'):08x}"


@check(points=4, step="1.4", boots=Boot("say"), needs="uart-init",
       hint="Compare byte by byte: is every character sent once, in order, and nothing besides?")
def test_banner(run):
    """The kernel says that it is up, and prints numbers drawn from the seed in every format."""
    expected, numbers = [banner(run)], random64(run.seed)
    for i in range(8):
        v = next(numbers)
        low = v & 0xffffffff
        signed = low - (1 << 32) if low >> 31 else low
        letter = chr(ord("a") + v % 26)
        expected.append(f"{i}: {low:08x} {v >> 32}|{signed:<-12d}|{'exokernel':>12}|{letter}")
    run.expect_lines(expected)


@check(points=4, step="1.4", boots=Boot("say", watch=((UART, 0x1000),)), needs="banner",
       hint="Each byte needs its own look at UARTFR, directly before the write to UARTDR: room for one is not room for"
            " two.")
def test_flags(run):
    """Each write to the data register follows a look at the flag register made for that byte."""
    looked, sent = False, 0
    for access in run.accesses:
        if access.kind == "r" and access.address == UART + UARTFR:
            looked = True
        elif sends(access):
            if not looked:
                raise Wrong("A byte was written to UARTDR without a look at UARTFR since the byte before.",
                            look=run.where(access.pc))
            looked = False
            sent += run.where(access.pc).file != "kernel/core/out.c"
    if sent < len(run.console):
        raise Wrong(f"Of the {len(run.console)} bytes that were printed, the driver sent only {sent}.",
                    look="uart_putc, in uart.c")


# 1.5: the receiver.

@check(points=8, step="1.5", boots=[fake("r", 0xe9), fake("e"), fake("g")], ends=("return", "budget"), needs="transmit",
       hint="A character and what went wrong with it come in one read of UARTDR, and that read takes it out of the "
            "FIFO. RXFE says whether there is one. An overrun (OE) means that others were lost; this one is good.")
def test_receive(runs):
    """On a UART that is plain memory: a byte is 0 to 255, a damaged one an error, and an empty FIFO is waited for."""
    some, none, later = runs
    if some.end == "budget":
        raise Wrong("uart_getc waits although a character is there (UARTFR.RXFE = 0).", look=some.where(some.pc))
    expected = ["poll 1", "received 0xe9 233", "received 0x8e9 233", "received 0x1e9 -5", "received 0x2e9 -5",
                "received 0x400 -5"]
    got = [line for line in some.reports if line.startswith(("poll", "received"))]
    if got != expected:
        raise Wrong("What uart_poll and uart_getc make of UARTDR (-5 is -E_IO):", expected=expected, got=got,
                    look="uart_getc, in uart.c")
    none.expect_report("poll 0")
    if none.end != "budget":
        raise Wrong("uart_getc returned although nothing had arrived (UARTFR.RXFE = 1).", look="uart_getc, in uart.c")
    later.expect_report("poll 0")
    waits(later, "received", "uart_getc", "RXFE")


TEXT = 150      # bytes; the FIFO holds 16


def text(seed):
    return random.Random(seed).randbytes(TEXT)


def type_more(held):
    """Send the next FIFO's worth; how far it came is how often it was held."""
    done = held.kept("sent", 0)
    held.send(text(held.seed)[done:done + 16])
    held.keep("sent", done + 16)


@check(points=8, step="1.5", needs="receive",
       boots=Boot("echo", input=struct.pack("<H", TEXT), holds={"echo_more": type_more}),
       hint="What was typed and what came back differ: a byte read twice, or never, or with bits of the wrong field of"
            " UARTDR?")
def test_echo(run):
    """Random bytes, far more than the FIFO holds, come back as they were typed."""
    expected, got = text(run.seed), run.console.partition(b"\n")[2]
    if got != expected:
        at = next((i for i, (a, b) in enumerate(zip(expected, got)) if a != b), min(len(expected), len(got)))
        raise Wrong(f"{len(expected)} bytes were typed and {len(got)} came back; they differ from byte {at} on.",
                    expected=expected[at:at + 16].hex(" "), got=got[at:at + 16].hex(" "), look="uart_getc, in uart.c")
    run.expect_report(f"echoed {TEXT}, more 0")


# 1.6: off.

def off(run):
    """The kernel said its last words and then switched off by itself, the UART drained."""
    if run.lines()[1:] != ["good night"]:
        raise Wrong("The last words before the power went off:", expected=["good night"], got=run.lines()[1:])
    if run.marks:
        raise Wrong("It was the framework that switched off, by run_off().", look="power_off, in power.c")
    last = max(i for i, access in enumerate(run.accesses) if sends(access))
    if not any(access.kind == "r" and access.address == UART + UARTFR for access in run.accesses[last + 1:]):
        raise Wrong("The power went off with the last byte still in the UART: nobody looked at UARTFR after it.",
                    expected="uart_flush() before the machine goes", got="no look at UARTFR",
                    look="power_off, in power.c")


def power(**more):
    return Boot("power", watch=((UART, 0x1000),), marks=("run_off",), **more)


@check(points=5, step="1.6", needs=("flags", "transmit"), boots=[power(), fake("p")], ends=("power-off", "budget"),
       hint="If the core sleeps, no call was made, or one with the wrong number: the node is \"/psci\", the property "
            "\"method\", the string \"hvc\"; the function's number goes into r0 behind your last C call, as any "
            "function may change r0. The flush comes before.")
def test_power_hvc(runs):
    """power_off() switches the machine off by HVC where the device tree says so, after the last byte has left."""
    off(runs[0])
    if runs[1].end != "budget":
        raise Wrong("The power went off while UARTFR.BUSY was set.", expected="it waits", got="it went off",
                    look="power_off, in power.c", run=runs[1])


@check(points=5, step="1.6", needs="flags", boots=power(machine=HYP), ends="power-off",
       hint="This machine started in HYP mode, and its device tree names another conduit: ask the tree, do not assume.")
def test_power_smc(run):
    """power_off() switches the machine off by SMC where the device tree says so."""
    off(run)


@check(points=3, step="1.6", needs=("power-hvc", "power-smc"), ends="quiet",
       boots=[Boot("power", input=b"hvd\0"), Boot("power", input=b"smd\0", machine=HYP),
              Boot("power", input=b"-")],
       hint="The whole string counts, and only the device tree: a conduit that you do not know is one that you do not "
            "use, and where there is no such property there is no string to look at. Then nothing is left but to "
            "sleep.")
def test_conduit(runs):
    """Where the device tree names a conduit that does not exist, or none at all, the core sleeps for good."""


# 1.7: panic.

def keep_masks(held):
    """At each vformat, the first of which is the banner's, and at power_off."""
    held.keep("cpsr", held.kept("cpsr", []) + [held.registers()["cpsr"]])


@check(points=6, step="1.7", needs="power-hvc", ends=("panic", "power-off"),
       boots=Boot("panic", holds={"vformat": keep_masks, "power_off": keep_masks}),
       hint="Mask first. panic() hands you the file and the line of the place that called it; the rest is printf's "
            "arguments, which vprintk takes as a va_list.")
def test_panic(run):
    """A panic says file, line and message, with every interrupt masked, and ends the run."""
    numbers = random64(run.seed)
    a, b = (next(numbers) & 0xffffffff for _ in range(2))
    payload = "labs/1-boot/checks/panic.c"
    line = 1 + next(i for i, source in enumerate(run.source(payload)) if "// PANIC" in source)
    run.expect_lines([banner(run), f"panic: {payload}:{line}: page {a} of nobody is not at 0x{b:08x}"])
    if not run.console.endswith(b"\n"):
        raise Wrong("The line of the panic does not end.", expected="a line feed", got="none",
                    look="panic_at, in panic.c")
    for cpsr in run.kept["cpsr"][1:]:
        if cpsr & 0x1c0 != 0x1c0:
            raise Wrong("Exceptions were still let through while the panic printed, or behind it.",
                        expected="CPSR.A, I and F set", got=f"CPSR 0x{cpsr:08x}", look="panic_at, in panic.c")


@check(points=3, step="1.7", boots=Boot("panic-again"), ends=("power-off", "panic"), needs="panic",
       hint="Printing may be just what is broken. Remember that a panic is under way before you print, and look before"
            " you do.")
def test_panic_again(run):
    """A panic within a panic prints nothing more, and ends the run."""
    run.expect_lines([banner(run), "panic: la"])
