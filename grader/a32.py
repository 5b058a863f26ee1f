"""What single A32 instruction words do, as far as the diagnosis of a broken kernel asks: jumps, loads, stores, tests.

Encodings are those of ARM DDI 0406C, chapter A5; of Thumb no more than how it jumps and pushes.
"""
from collections.abc import Mapping

PC, SP = 15, 13


def jump(word: int, thumb: bool) -> tuple[str, str]:
    """How an instruction leaves for elsewhere, and what that tells if it leads to zero ("" if nothing)."""
    if thumb:
        if word & 0xff80 == 0x4780:                                         # BLX register
            return "called", f"a null function pointer, in r{word >> 3 & 15}"
        if word & 0xff00 == 0xbd00 or word & 0xffff == 0x4770:              # POP {..., pc}, BX lr
            return "returned to", "the return address is gone"
        return "jumped to", ""
    if word & 0x0ffffff0 == 0x012fff30:                                     # BLX register
        return "called", f"a null function pointer, in r{word & 15}"
    if word & 0x0fffffff in (0x012fff1e, 0x01a0f00e):                       # BX lr, MOV pc, lr
        return "returned to", "lr holds no return address any more"
    if word & 0x0e108000 == 0x08108000 or word & 0x0fffffff == 0x049df004:  # LDM {..., pc}, POP {pc}
        return "returned to", "the return address on the stack is gone"
    if word & 0x0ffffff0 == 0x012fff10:                                     # BX register
        return "jumped to", f"a null pointer, in r{word & 15}"
    return "jumped to", ""


def returns(word: int) -> bool:
    """Whether it returns from an exception: SUBS pc and the like, LDM {..., pc}^, RFE, ERET."""
    if word >> 28 == 15:
        return word & 0xfe50ffff == 0xf8100a00
    return word & 0x0c10f000 == 0x0010f000 or word & 0x0e508000 == 0x08508000 or word & 0x0fffffff == 0x0160006e


def undefined(word: int) -> str:
    """What kind of a word it is that the core calls undefined, in words."""
    if word in (0, 0xffffffff):
        return "no code: memory that nothing was put into"
    if word >> 28 != 15 and word & 0x0ff000f0 == 0x07f000f0:
        return "UDF, which is undefined for ever"
    if word & 0x0c000000 == 0x0c000000:
        number = word >> 8 & 15
        if number in (10, 11):
            return "VFP or NEON, which is off (CPACR)"
        if number in (14, 15):
            return f"a system register (CP{number}) that is not there, or not in this mode"
        return f"for coprocessor {number}, which this core does not have"
    return "no instruction of this core's"


def loads(word: int) -> bool:
    """LDR or LDRB, and not of a literal beside the code."""
    return (word >> 28 != 15 and word & 0x0c100000 == 0x04100000 and word & 0x02000010 != 0x02000010
            and word >> 16 & 15 != PC)


def stores(word: int) -> bool:
    """STR, STRB, STRH or STM."""
    return word >> 28 != 15 and (word & 0x0c100000 == 0x04000000 and word & 0x02000010 != 0x02000010
                                 or word & 0x0e100000 == 0x08000000 or word & 0x0e1000f0 == 0x000000b0)


def through_sp(word: int, thumb: bool) -> bool:
    """Whether the base register of a store is sp."""
    if thumb:
        return word & 0xfe00 == 0xb400 or word & 0xf800 == 0x9000           # PUSH, STR [sp, #n]
    return word >> 16 & 15 == SP


def address(word: int, registers: Mapping[str, int]) -> int | None:
    """Where a load (`loads`) reads, with the registers "r0".. before it; None if that is too intricate."""
    base = registers[f"r{word >> 16 & 15}"]
    if not word >> 24 & 1:                      # post-indexed
        return base
    if word >> 25 & 1:
        if word >> 5 & 3:                       # not shifted by LSL
            return None
        offset = registers[f"r{word & 15}"] << (word >> 7 & 31)
    else:
        offset = word & 0xfff
    return base + (offset if word >> 23 & 1 else -offset) & 0xffffffff


def tests(word: int, register: int) -> int:
    """The bits of `register` that it looks at: TST or AND with a number, UBFX, or LSLS for its sign; else 0."""
    if word >> 28 == 15:
        return 0
    if word & 0x0fe00070 == 0x07e00050 and word & 15 == register:           # UBFX
        return (2 << (word >> 16 & 31)) - 1 << (word >> 7 & 31) & 0xffffffff
    if word & 0x0fff0070 == 0x01b00000 and word & 15 == register and word >> 7 & 31:        # LSLS
        return 1 << 31 - (word >> 7 & 31)
    if (word & 0x0ff00000 == 0x03100000 or word & 0x0fe00000 == 0x02000000) and word >> 16 & 15 == register:
        turn = 2 * (word >> 8 & 15)
        number = word & 0xff
        return (number >> turn | number << 32 - turn) & 0xffffffff
    return 0
