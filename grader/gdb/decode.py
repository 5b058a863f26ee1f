"""gdb commands that say what the processor's numbers mean: regs, cp15, dfsr, ifsr, pagetable, trapframe.

gdb/exolab.py loads this; what the numbers mean is in grader/arm.py and grader/mmu.py, for the whole grader.
"""
import gdb

from grader import arm, mmu, stub

REGISTERS = (*(f"r{number}" for number in range(13)), "sp", "lr", "pc")
PSR = ("psr", "cpsr", "spsr")


class Command(gdb.Command):
    """A command called `name`; its `answer(argument)` yields lines, and its docstring is its help."""
    name = ""

    def __init__(self):
        super().__init__(self.name, gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        for line in self.answer(argument.strip()):
            print(line)


def register(name):
    """The value of a register of the vCPU that stands here, by the manual's name."""
    try:
        return int(gdb.newest_frame().read_register(stub.SYSTEM.get(name, name))) & 0xffffffff
    except (gdb.error, ValueError):
        raise gdb.GdbError(f"this QEMU does not tell {name}") from None


def number(text):
    """What an expression of gdb's is worth: an address, 32 bits."""
    return int(gdb.parse_and_eval(text).cast(gdb.lookup_type("unsigned long"))) & 0xffffffff


def place(address):
    """Where code is, in words: " in uart_putc(), uart.c:12", as far as that is known."""
    function = gdb.execute(f"info symbol {address:#x}", to_string=True).split(" in section")[0]
    line = gdb.find_pc_line(address)
    known = [] if function.startswith("No symbol") else [function]
    known += [f"{line.symtab.filename}:{line.line}"] if line.symtab else []
    return f" ({', '.join(known)})" * bool(known)


def psr(value):
    """What a CPSR's or SPSR's bits say: the mode, what is masked, which flags are set, the state, and IT."""
    told = {name: (number, words) for name, number, words in arm.fields("CPSR", value)}

    def bits(names):
        return " ".join(name for name in names.split() if told[name][0]) or "none"

    mode = arm.MODES.get(value & 0x1f, "unknown")
    return (f"{mode} mode, masked: {bits('A I F')}; flags: {bits('N Z C V Q')}; "
            f"{'T (Thumb)' if told['T'][0] else 'A32'}, {'E (big-endian)' if told['E'][0] else 'little-endian'}, "
            f"IT {told['IT'][0]:#04x}")


class Registers(Command):
    """The registers that a program sees: r0 to r15, and the CPSR in words."""
    name = "regs"

    def answer(self, argument):
        frame = gdb.selected_frame()
        value = {name: int(frame.read_register(name)) & 0xffffffff for name in (*REGISTERS, "cpsr")}
        yield from rows(value)
        yield f"cpsr 0x{value['cpsr']:08x}: {psr(value['cpsr'])}"


def rows(value):
    """r0 to pc, four in a line."""
    for first in range(0, 16, 4):
        yield " ".join(f"{name:>3} 0x{value[name]:08x}" for name in REGISTERS[first:first + 4])


class Cp15(Command):
    """System registers by the manual's names: `cp15` tells them all, `cp15 SCTLR` one with its fields."""
    name = "cp15"

    def answer(self, argument):
        name = argument.upper()
        if name and name not in stub.SYSTEM:
            raise gdb.GdbError(f"there is no {argument} here; there are {', '.join(stub.SYSTEM)}")
        if not name:
            for each in stub.SYSTEM:
                yield f"{each:<10} 0x{register(each):08x}"
            yield f"With a name it tells the fields: cp15 SCTLR. So it does of {', '.join(self.known())}."
            return
        value = register(name)
        yield f"{name} 0x{value:08x}"
        for field, part, words in arm.fields(name, value):
            yield f"  {field:<7} {f'0x{part:08x}' if field == 'base' else f'{part:#x}'} {words}".rstrip()

    @staticmethod
    def known():
        return [name for name in arm.NAMED if name in stub.SYSTEM]

    def complete(self, text, word):
        return [name for name in stub.SYSTEM if name.startswith(text.upper())]


class Dfsr(Command):
    """The last data abort: what DFSR says in words, and the address, DFAR."""
    name = "dfsr"
    fault, address, what = "DFSR", "DFAR", "data abort"

    def answer(self, argument):
        status = register(self.fault)
        if status == 0:
            yield f"{self.fault} is 0: no {self.what} has been taken yet."
            return
        yield f"{self.fault} 0x{status:08x}: {', '.join(self.words(status))}"
        if arm.fault_status(status) in arm.ASYNCHRONOUS:
            yield f"It came late: {self.address} and the return address are not the access's."
        else:
            value = register(self.address)
            yield f"{self.address} 0x{value:08x}{place(value)}"

    def words(self, status):
        """The fault, then what the other fields say."""
        yield arm.fault(status)
        for field, value, words in arm.fields(self.fault, status):
            if field != "FS" and words:
                yield words
            if field == "Domain":
                yield f"domain {value}"


class Ifsr(Dfsr):
    """The last prefetch abort: what IFSR says in words, and the address, IFAR."""
    name = "ifsr"
    fault, address, what = "IFSR", "IFAR", "prefetch abort"


class PageTable(Command):
    """Follow the page tables to a virtual address: `pagetable ADDRESS`. Each descriptor, and what it allows."""
    name = "pagetable"

    def answer(self, argument):
        if not argument:
            raise gdb.GdbError("which address? pagetable 0x40010000, pagetable $pc, pagetable &variable")
        va = number(argument)
        names = ("SCTLR", "TTBCR", "TTBR0", "TTBR1", "DACR", "PRRR", "NMRR")
        try:
            walker = mmu.Walker({name: register(name) for name in names}, self.word)
        except mmu.LongDescriptors as error:
            raise gdb.GdbError(str(error)) from None
        found = walker.translate(va)
        yield from self.walked(walker, va, found)
        if isinstance(found, mmu.Fault):
            yield f"0x{va:08x} is not mapped: {found.kind} fault, {self.level(found.level)}"
            return
        if found.level == 0:
            yield f"0x{va:08x} is 0x{found.pa:08x}: the MMU is off (SCTLR.M = 0)"
            return
        yield f"0x{va:08x} is 0x{found.pa:08x}, in {self.size(found.size)}"
        rights = [f"kernel {found.privileged or 'none'}", f"user {found.user or 'none'}"]
        rights += ["never executed" if found.xn else "executed by users alone" if found.pxn else "executable"]
        yield f"  {', '.join(rights)}; domain {found.domain}: {found.access}"
        kind = [found.memory] + [f"inner {found.inner}, outer {found.outer}"] * bool(found.inner)
        kind += ["shareable" if found.shareable else "not shareable", "global" if found.global_ else "of one ASID"]
        yield f"  {', '.join(kind)}" + f"; software's bits {found.software}" * (found.software is not None)
        fault = walker.check(va)
        if fault is not None:
            yield f"  a read by the kernel: {fault.kind} fault"

    def walked(self, walker, va, found):
        """A line for each register or descriptor on the way."""
        if walker.system["SCTLR"] & mmu.M:
            n = walker.system["TTBCR"] & 7
            base = "TTBR1" if n and va >> 32 - n else "TTBR0"
            yield f"{base} 0x{walker.system[base]:08x}, TTBCR.N = {n}"
        for level, (address, word) in enumerate(found.descriptors, 1):
            yield f"  {self.level(level)}: 0x{word:08x} at physical 0x{address:08x}, {self.kind(level, word)}"

    @staticmethod
    def kind(level, word):
        if word & 3 == 0:
            return "which maps nothing"
        if level == 1 and word & 3 == 1:
            return f"a table at 0x{word & ~0x3ff:08x}"
        if level == 1:
            return "a supersection" if word >> 18 & 1 else "a section"
        return "a small page" if word & 2 else "a large page"

    @staticmethod
    def level(level):
        return {1: "first level", 2: "second level"}[level]

    @staticmethod
    def size(size):
        return {1 << 12: "a page of 4 KB", 1 << 16: "a large page of 64 KB", 1 << 20: "a section of 1 MB",
                1 << 24: "a supersection of 16 MB"}[size]

    @staticmethod
    def word(address):
        """A word of physical memory; None where nothing answers."""
        said = gdb.execute(f"monitor xp /1wx {address:#x}", to_string=True)
        try:
            return int(said.rpartition(":")[2], 16)
        except ValueError:
            return None


class TrapFrame(Command):
    """What an exception saved: `trapframe ADDRESS`, or without one what the crash vectors have saved."""
    name = "trapframe"

    def answer(self, argument):
        kind = argument and self.type("struct trapframe") or self.type("struct crash")
        if kind is None:
            raise gdb.GdbError("this kernel has no struct trapframe" if argument else
                               "this kernel has no struct crash: say where the frame is, trapframe ADDRESS")
        if argument:
            at = number(argument)
        else:
            at = number("&__frame_stack_top") - kind.sizeof
        try:
            frame = gdb.Value(at).cast(kind.pointer()).dereference()
            value = dict(self.values(frame))
        except gdb.MemoryError:
            raise gdb.GdbError(f"there is no memory at 0x{at:08x}") from None
        words = {name: value[name] for name in value if name in PSR}
        modes = {value[name] & 0x1f for name in words}
        if not argument and (value["vector"] > 7 or not modes <= set(arm.MODES)):
            yield "There is no crash frame here: the crash vectors have saved none. One of your own: trapframe ADDRESS."
            return
        yield f"{kind.name or kind} at 0x{at:08x}"
        if kind.name == "crash":
            yield from self.crash(value)
        yield from self.table({name: each for name, each in value.items() if name not in words})
        for name, each in words.items():
            yield f"{name} 0x{each:08x}: {psr(each)}"

    def crash(self, value):
        """Which exception it was, and where."""
        vector = arm.VECTORS[value["vector"] & 7]
        hyp, thumb = value["cpsr"] & 0x1f == 0x1a, value["spsr"] >> 5 & 1
        call = value["vector"] in (2, 5)        # HYP mode returns behind these alone
        pc = value["ret"] - (0 if hyp and not call else vector.thumb if thumb else vector.a32) & 0xffffffff
        if value["vector"] == 0:
            pc = value["lr"]
        mode = arm.MODES.get(value["spsr"] & 0x1f, "an unknown")
        yield f"{vector.name}, out of {mode} mode, at 0x{pc:08x}{place(pc)}"
        if vector.name in ABORTS and not hyp:
            yield from ABORTS[vector.name].answer("")

    @staticmethod
    def type(name):
        try:
            return gdb.lookup_type(name)
        except gdb.error:
            return None

    @staticmethod
    def values(frame):
        """The frame's members, those of arrays one by one: ("r0", value)."""
        for field in frame.type.fields():
            if field.type.strip_typedefs().code != gdb.TYPE_CODE_ARRAY:
                yield field.name, int(frame[field]) & 0xffffffff
                continue
            first, last = field.type.range()
            for index in range(first, last + 1):
                yield f"{field.name}{index}", int(frame[field][index]) & 0xffffffff

    @staticmethod
    def table(value):
        names = [name for name in value if name != "pad"]
        for first in range(0, len(names), 4):
            yield " ".join(f"{name:>6} 0x{value[name]:08x}" for name in names[first:first + 4])


Registers()
Cp15()
ABORTS = {abort.what: abort for abort in (Dfsr(), Ifsr())}
PageTable()
TrapFrame()
