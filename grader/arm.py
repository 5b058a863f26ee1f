"""What ARMv7-A's numbers mean, once for the whole grader: modes, exceptions, faults, the fields of system registers.

All of it is from the architecture's manual, ARM DDI 0406C; the tables name its parts. gdb's Python imports this too.
"""
from typing import NamedTuple

# PSR.M (table B1-1).
MODES = {0x10: "User", 0x11: "FIQ", 0x12: "IRQ", 0x13: "SVC", 0x16: "Monitor", 0x17: "Abort", 0x1a: "HYP",
         0x1b: "Undefined", 0x1f: "System"}


class Vector(NamedTuple):
    """One entry of the vector table."""
    name: str
    a32: int            # bytes from the instruction that it happened at to what LR says, in A32 code
    thumb: int          # the same in Thumb code


# By offset / 4 from the vectors' base (tables B1-3 and B1-7).
VECTORS = (Vector("reset", 0, 0), Vector("undefined instruction", 4, 2), Vector("supervisor call", 4, 2),
           Vector("prefetch abort", 4, 4), Vector("data abort", 8, 8), Vector("HYP trap", 4, 4), Vector("IRQ", 4, 4),
           Vector("FIQ", 4, 4))

# FS[4:0] of DFSR and IFSR with short descriptors (table B3-23). The levels are the walk's: first, a section or a
# pointer to a second-level table; second, a page.
FAULTS = {
    0b00001: "alignment fault",
    0b00010: "debug event",
    0b00011: "access flag fault, first level",
    0b00100: "fault on instruction cache maintenance",
    0b00101: "translation fault, first level",
    0b00110: "access flag fault, second level",
    0b00111: "translation fault, second level",
    0b01000: "synchronous external abort",
    0b01001: "domain fault, first level",
    0b01011: "domain fault, second level",
    0b01100: "synchronous external abort on a translation table walk, first level",
    0b01101: "permission fault, first level",
    0b01110: "synchronous external abort on a translation table walk, second level",
    0b01111: "permission fault, second level",
    0b10000: "TLB conflict abort",
    0b10100: "lockdown abort",
    0b10110: "asynchronous external abort",
    0b11000: "asynchronous parity error on memory access",
    0b11001: "synchronous parity error on memory access",
    0b11010: "coprocessor abort",
    0b11100: "synchronous parity error on a translation table walk, first level",
    0b11110: "synchronous parity error on a translation table walk, second level",
}
ASYNCHRONOUS = (0b10110, 0b11000)       # those that are late: DFAR and the return address are not the culprit's


def fault_status(fsr: int) -> int:
    """FS[4:0] of a DFSR or IFSR: bits 10 and 3:0."""
    return fsr >> 6 & 0x10 | fsr & 0xf


def fault(fsr: int) -> str:
    """The fault that a DFSR or IFSR tells of, in words."""
    return FAULTS.get(fault_status(fsr), "a reserved fault status")


# A register's fields, highest first: name; the bits it takes, "10 3:0" where it comes in pieces; what its values mean,
# from 0 on, or a text that "{}" is put into.
_OFF_ON = ("off", "on")
_CACHED = ("not cacheable", "write-back, write-allocate", "write-through", "write-back, no write-allocate")
_COPROCESSOR = ("denied", "privileged only", "reserved", "allowed")
_DOMAIN = ("no access", "client: descriptors decide", "reserved", "manager: never a permission fault")
_TTBR = (("base", "31:7", ""), ("NOS", "5", ("outer shareable", "inner shareable")), ("RGN", "4:3", _CACHED),
         ("S", "1", ("not shareable", "shareable")), ("IRGN", "0 6", _CACHED))
_TYPES = ("Strongly-ordered", "Device", "Normal", "reserved")
_PSR = (("N", "31", ""), ("Z", "30", ""), ("C", "29", ""), ("V", "28", ""), ("Q", "27", ""),
        ("IT", "15:10 26:25", ""), ("J", "24", ""), ("GE", "19:16", ""),
        ("E", "9", ("little-endian", "big-endian")), ("A", "8", ("", "asynchronous aborts masked")),
        ("I", "7", ("", "IRQ masked")), ("F", "6", ("", "FIQ masked")), ("T", "5", ("A32", "Thumb")),
        ("M", "4:0", MODES))
_FS = ("FS", "10 3:0", FAULTS)
_FIELDS = {
    "SCTLR": (
        ("TE", "30", ("exceptions in A32", "exceptions in Thumb")), ("AFE", "29", ("AP[0] is a permission bit",
         "AP[0] is the access flag")), ("TRE", "28", ("TEX, C, B are the type", "TEX remap: PRRR and NMRR")),
        ("EE", "25", ("exceptions little-endian", "exceptions big-endian")), ("VE", "24", ""), ("FI", "21", ""),
        ("UWXN", "20", ("", "what users write, the kernel cannot execute")), ("WXN", "19", ("",
         "what can be written cannot be executed")), ("HA", "17", ""), ("RR", "14", ""),
        ("V", "13", ("vectors at VBAR", "vectors at 0xffff0000")), ("I", "12", ("instruction cache off",
         "instruction cache on")), ("Z", "11", ("branch prediction off", "branch prediction on")), ("SW", "10", ""),
        ("CP15BEN", "5", ""), ("C", "2", ("data cache off", "data cache on")),
        ("A", "1", ("unaligned access allowed", "unaligned access faults")), ("M", "0", ("MMU off", "MMU on"))),
    "TTBCR": (
        ("EAE", "31", ("short descriptors", "long descriptors")),
        ("PD1", "5", ("TTBR1 is walked", "no walk from TTBR1")),
        ("PD0", "4", ("TTBR0 is walked", "no walk from TTBR0")),
        ("N", "2:0", ("TTBR0 alone", *(f"TTBR0 below {1 << 32 - n:#010x}, TTBR1 from there" for n in range(1, 8))))),
    "TTBR0": _TTBR,
    "TTBR1": _TTBR,
    "DACR": tuple((f"D{n}", f"{2 * n + 1}:{2 * n}", _DOMAIN) for n in range(15, -1, -1)),
    "VBAR": (("base", "31:5", ""),),
    "CONTEXTIDR": (("PROCID", "31:8", ""), ("ASID", "7:0", "")),
    "DFSR": (("CM", "13", ("", "on cache maintenance")), ("ExT", "12", ""), ("WnR", "11", ("on a read", "on a write")),
             ("LPAE", "9", ("", "the status is of long descriptors")), ("Domain", "7:4", ""), _FS),
    "IFSR": (("ExT", "12", ""), ("LPAE", "9", ("", "the status is of long descriptors")), _FS),
    "CPACR": (("ASEDIS", "31", ("", "NEON off")), ("D32DIS", "30", ("", "D16 to D31 off")),
              ("cp11", "23:22", _COPROCESSOR), ("cp10", "21:20", _COPROCESSOR)),
    "PRRR": (*((f"NOS{n}", f"{24 + n}", ("outer shareable", "inner shareable")) for n in range(7, -1, -1)),
             *((name, bit, ("not shareable", "shareable"))
               for name, bit in (("NS1", "19"), ("NS0", "18"), ("DS1", "17"), ("DS0", "16"))),
             *((f"TR{n}", f"{2 * n + 1}:{2 * n}", _TYPES) for n in range(7, -1, -1))),
    "NMRR": (*((f"OR{n}", f"{2 * n + 17}:{2 * n + 16}", _CACHED) for n in range(7, -1, -1)),
             *((f"IR{n}", f"{2 * n + 1}:{2 * n}", _CACHED) for n in range(7, -1, -1))),
    "CPSR": _PSR,
    "SPSR": _PSR,
}
NAMED = tuple(_FIELDS)          # the registers that fields() knows


def fields(name: str, value: int) -> list[tuple[str, int, str]]:
    """The fields, highest first, of the register of that name (one of NAMED; [] for another) if it holds `value`.

    Of each: its name, its value (of a base, the address; else the number in the field), what that means, or "".
    """
    told = []
    for field, places, meanings in _FIELDS.get(name, ()):
        found = 0
        for place in places.split():
            high, _, low = place.partition(":")
            low = int(low or high)
            width = int(high) - low + 1
            found = found << width | value >> low & (1 << width) - 1
        if field == "base":
            found <<= low
        words = meanings and (meanings.get(found, "reserved") if isinstance(meanings, dict) else meanings[found])
        told.append((field, found, words))
    return told
