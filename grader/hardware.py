"""What a kernel relies on that emulation grants and a Cortex-A7 does not, as plugin/hardware.c finds it, in words.

The rules stand at the head of that file.
"""
from typing import NamedTuple

from . import symbols

# As plugin.h and hardware.c have them, in that order.
RULES = {ord("c"): "code", ord("t"): "translation", ord("r"): "register"}
MISSING = ("", "DCCMVAU", "DSB after DCCMVAU", "ICIMVAU or ICIALLU", "BPIALL", "DSB after ICIMVAU and BPIALL", "ISB",
           "TLBI", "TLBI of this address", "TLBI of this ASID", "DSB before TLBI", "DSB after TLBI")
REGISTERS = ("SCTLR", "TTBR0", "TTBR1", "TTBCR", "DACR", "PRRR", "NMRR", "VBAR", "CONTEXTIDR")
OPERATIONS = ("", "DCCMVAU", "ICIMVAU", "ICIALLU", "BPIMVA", "BPIALL", "DSB", "ISB", "TLBIALL", "TLBIMVA", "TLBIASID",
              "TLBIMVAA", *REGISTERS)


class Operation(NamedTuple):
    """An operation on caches, TLB or predictors, a barrier, or a write of a system register, that was executed."""
    name: str           # one of OPERATIONS, whichever of its forms it was: DCCMVAC is DCCMVAU, an IS form the plain one
    value: int          # its operand, or what was written; 0 of a barrier
    pc: int
    count: int          # instructions executed before


class Finding(NamedTuple):
    """Something that hardware would not have forgiven."""
    rule: str           # "code": a word stored and executed; "translation": a descriptor changed and used; "register"
    missing: str        # one of MISSING
    pc: int             # of the instruction that it showed at, virtual
    address: int        # of the word or the descriptor, physical; else the access's, virtual
    stored_by: int      # pc of who stored the word or the descriptor, or wrote the register
    count: int          # instructions executed before
    register: str       # of the rule "register": which


def operation(count: int, pc: int, value: int, which: int) -> Operation:
    """An Operation of the plugin's numbers."""
    return Operation(OPERATIONS[which], value, pc, count)


def finding(count: int, pc: int, address: int, by: int, rule: int, missing: int, register: int) -> Finding:
    """A Finding of the plugin's numbers."""
    return Finding(RULES[rule], MISSING[missing], pc, address, by, count, REGISTERS[register] * (rule == ord("r")))


def words(found: Finding, table: symbols.Symbols) -> str:
    """One finding in two sentences, with functions and lines as the kernel's symbols tell them."""
    by, at = table.where(found.stored_by), table.where(found.pc)
    if found.rule == "code":
        said = (f"The word at 0x{found.address:08x} was stored by the instruction at {by}, and then executed "
                f"at 0x{found.pc:08x}")
    elif found.rule == "translation":
        said = (f"The instruction at {by} changed a translation that had been used (0x{found.address:08x}), and "
                f"the one at {at} uses it again")
    elif found.register == "VBAR":
        said = f"The instruction at {by} changed VBAR, and then one at {at} took an exception"
    else:
        said = (f"The instruction at {by} changed {found.register}, and the one at {at} relies on it (for "
                f"0x{found.address:08x})")
    return f"{said}. Between the two is missing: {found.missing}. QEMU does without it; a Cortex-A7 does not."
