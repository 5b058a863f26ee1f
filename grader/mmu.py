"""The MMU's table walk in Python: what every short descriptor of ARMv7-A says, from the words in memory.

The source is the ARM Architecture Reference Manual, ARMv7-A and ARMv7-R edition (DDI 0406C), B3.5 (descriptors), B3.7
(rights), B3.8 (memory attributes) and B3.13 (fault status). Nothing here knows QEMU: `word` reads memory, `system` is
the system registers by the manual's names. A second stage, which a hypervisor may put behind this, is not looked at.
"""
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

# SCTLR's, TTBCR's and PRRR's bits.
M, WXN, UWXN, TRE, AFE = 1 << 0, 1 << 19, 1 << 20, 1 << 28, 1 << 29
PD0, PD1, EAE = 1 << 4, 1 << 5, 1 << 31
DS, NS = 16, 18             # PRRR.DS0 and NS0; DS1 and NS1 follow them

# AP[2:0] -> rights of privileged and of user accesses (table B3-8); 0b100 is reserved and allows nothing. Table B3-9,
# for SCTLR.AFE = 1, is its half where AP[0], then the access flag, is 1.
RIGHTS = (("", ""), ("rw", ""), ("rw", "r"), ("rw", "rw"), ("", ""), ("r", ""), ("r", "r"), ("r", "r"))

ACCESS = ("no access", "client", "reserved", "manager")     # DACR's fields; "reserved" is UNPREDICTABLE
CACHE = ("non-cacheable", "write-back, write-allocate", "write-through", "write-back")
STRONG, DEVICE, NORMAL = "strongly-ordered", "device", "normal"
RESERVED, DEFINED = "reserved", "IMPLEMENTATION DEFINED"    # memory types that no program should ask for

# Fault status, FS[4:0] of DFSR and IFSR, by kind and level (table B3-23).
STATUS = {("external abort", 1): 0b01100, ("external abort", 2): 0b01110, ("translation", 1): 0b00101,
          ("translation", 2): 0b00111, ("access flag", 1): 0b00011, ("access flag", 2): 0b00110,
          ("domain", 1): 0b01001, ("domain", 2): 0b01011, ("permission", 1): 0b01101, ("permission", 2): 0b01111}


class LongDescriptors(ValueError):
    """TTBCR.EAE is 1: the tables are in the other format, which is not read here."""


class Fault(NamedTuple):
    """Why an access, or every access, to an address fails."""
    va: int
    kind: str                   # "translation", "access flag", "domain", "permission", "external abort" (of the walk)
    level: int                  # of the descriptor that decided: 1 (a section's) or 2 (a page's)
    domain: int | None          # None where no descriptor gave one
    descriptors: tuple[tuple[int, int], ...]    # (physical address, word), as far as the walk came

    @property
    def status(self) -> int:
        """FS[4:0], as DFSR and IFSR have it in bits 10 and 3 to 0."""
        return STATUS[self.kind, self.level]

    def __str__(self) -> str:
        where = "".join(f", {word:#010x} at {address:#010x}" for address, word in self.descriptors[-1:])
        return f"{self.kind} fault, level {self.level}{where}"


class Translation(NamedTuple):
    """What the tables say of an address."""
    va: int
    pa: int                     # up to 40 bits
    size: int                   # of the section or page around it, in bytes; 4 GB with the MMU off
    level: int                  # of its descriptor; 0 with the MMU off
    domain: int
    access: str                 # one of ACCESS, from DACR; a manager's rights, XN and PXN are not looked at
    privileged: str             # "rw", "r" or "", as AP says
    user: str
    xn: bool                    # nobody executes here; SCTLR.WXN is in it
    pxn: bool                   # privileged code does not; SCTLR.UWXN is in it
    global_: bool               # nG = 0: for all ASIDs
    shareable: bool
    memory: str                 # STRONG, DEVICE, NORMAL, RESERVED or DEFINED
    inner: str                  # one of CACHE, of NORMAL memory; else ""
    outer: str
    ns: bool
    software: int | None        # TEX[2:1], software's own if SCTLR.TRE = 1; else None
    descriptors: tuple[tuple[int, int], ...]    # (physical address, word), outermost first

    def allows(self, write: bool = False, user: bool = False, execute: bool = False) -> bool:
        """Whether a read (a write, an instruction fetch) is permitted, the domain's say apart."""
        rights = self.user if user else self.privileged
        if execute:
            return "r" in rights and not self.xn and (user or not self.pxn)
        return ("w" if write else "r") in rights


class Walker:
    """Walks the tables that `system` (the registers, by the manual's names) points to.

    `word(physical address)` reads a word of memory, or returns None where nothing answers. LongDescriptors is raised
    if the tables are not short ones. PRRR and NMRR are only asked for with SCTLR.TRE = 1.
    """

    def __init__(self, system: Mapping[str, int], word: Callable[[int], int | None]):
        self.system = system
        self.word = word
        if system["TTBCR"] & EAE and system["SCTLR"] & M:
            raise LongDescriptors("TTBCR.EAE = 1: the page tables are not in the short-descriptor format")

    def translate(self, va: int) -> Translation | Fault:
        """Follow the tables to `va`. A Fault where no access can succeed whatever its rights: translation, access
        flag, or a walk that leads nowhere. Domains and rights are `check`'s."""
        sctlr, ttbcr = self.system["SCTLR"], self.system["TTBCR"]
        if not sctlr & M:
            return Translation(va, va, 1 << 32, 0, 0, "manager", "rw", "rw", False, False, True, True, STRONG, "", "",
                               False, None, ())
        n = ttbcr & 7
        low = n == 0 or va >> 32 - n == 0                       # TTBR0's part
        base = self.system["TTBR0"] & -1 << 14 - n if low else self.system["TTBR1"] & -1 << 14
        if ttbcr & (PD0 if low else PD1):
            return Fault(va, "translation", 1, None, ())
        at = base & 0xffffffff | (va & 0xffffffff >> (n if low else 0)) >> 20 << 2
        first = self.word(at)
        if first is None:
            return Fault(va, "external abort", 1, None, ())
        walked = ((at, first),)
        domain = _bits(first, 8, 5)
        match first & 3:
            case 0:
                return Fault(va, "translation", 1, None, walked)
            case 1:
                return self._page(va, first, domain, walked)
        if first >> 18 & 1:
            size, pa = 1 << 24, first & 0xff000000 | _bits(first, 23, 20) << 32 | _bits(first, 8, 5) << 36
            domain = 0
        else:
            size, pa = 1 << 20, first & 0xfff00000
        return self._mapped(va, pa, size, domain, walked, ap=_bits(first, 15, 15) << 2 | _bits(first, 11, 10),
                            tex=_bits(first, 14, 12), low=first, xn=_bits(first, 4, 4), pxn=first & 1,
                            ng=_bits(first, 17, 17), s=_bits(first, 16, 16), ns=_bits(first, 19, 19))

    def check(self, va: int, write: bool = False, user: bool = False, execute: bool = False) -> Fault | None:
        """The fault that an access takes, in the order in which hardware looks; None if it succeeds.

        A read by privileged code, unless said otherwise. Alignment, and faults of what lies behind, are not seen.
        """
        found = self.translate(va)
        if isinstance(found, Fault):
            return found
        if found.access in ("no access", "reserved"):
            return Fault(va, "domain", found.level, found.domain, found.descriptors)
        if found.access == "client" and not found.allows(write, user, execute):
            return Fault(va, "permission", found.level, found.domain, found.descriptors)
        return None

    def mappings(self, start: int = 0, end: int = 1 << 32) -> Iterator[Translation]:
        """Every entry that maps something from the megabyte of `start` up to `end`, by address; none with the MMU off.

        One for each megabyte or 4 KB that an entry stands for: supersections and large pages, which stand in sixteen
        entries, come as often, each as its own entry says. A kernel may map a million: ask for less if less will do.
        """
        if not self.system["SCTLR"] & M:
            return
        for megabyte in range(start & -1 << 20, end, 1 << 20):
            found = self.translate(megabyte)
            if found.level == 1:
                if isinstance(found, Translation):
                    yield found
                continue
            for va in range(megabyte, megabyte + (1 << 20), 1 << 12):
                found = self.translate(va)
                if isinstance(found, Translation):
                    yield found

    def _page(self, va: int, first: int, domain: int, walked: tuple) -> Translation | Fault:
        at = first & 0xfffffc00 | _bits(va, 19, 12) << 2
        second = self.word(at)
        if second is None:
            return Fault(va, "external abort", 2, domain, walked)
        walked += (at, second),
        if second & 3 == 0:
            return Fault(va, "translation", 2, domain, walked)
        if second & 2:
            size, tex, xn = 1 << 12, _bits(second, 8, 6), second & 1
        else:
            size, tex, xn = 1 << 16, _bits(second, 14, 12), _bits(second, 15, 15)
        return self._mapped(va, second & -size, size, domain, walked, ap=_bits(second, 9, 9) << 2 | _bits(second, 5, 4),
                            tex=tex, low=second, xn=xn, pxn=_bits(first, 2, 2), ng=_bits(second, 11, 11),
                            s=_bits(second, 10, 10), ns=_bits(first, 3, 3))

    def _mapped(self, va, pa, size, domain, walked, *, ap, tex, low, xn, pxn, ng, s, ns) -> Translation | Fault:
        sctlr, level = self.system["SCTLR"], len(walked)
        if sctlr & AFE and not ap & 1:
            return Fault(va, "access flag", level, domain, walked)
        privileged, user = RIGHTS[ap]
        xn = bool(xn or sctlr & WXN and "w" in privileged + user)
        pxn = bool(pxn or sctlr & UWXN and "w" in user)
        memory, inner, outer, shareable = self._attributes(tex, _bits(low, 3, 2), s)
        return Translation(va, pa | va & size - 1, size, level, domain, ACCESS[self.system["DACR"] >> 2 * domain & 3],
                           privileged, user, xn, pxn, not ng, shareable, memory, inner, outer, bool(ns),
                           tex >> 1 if sctlr & TRE else None, walked)

    def _attributes(self, tex: int, cb: int, s: int) -> tuple[str, str, str, bool]:
        """Memory type, inner and outer policy, shareable (tables B3-10 and, remapped, B3-12)."""
        if self.system["SCTLR"] & TRE:
            n, prrr, nmrr = (tex & 1) << 2 | cb, self.system["PRRR"], self.system["NMRR"]
            if n == 6:
                return DEFINED, "", "", bool(s)
            memory = (STRONG, DEVICE, NORMAL, RESERVED)[prrr >> 2 * n & 3]
            if memory == NORMAL:
                return memory, CACHE[nmrr >> 2 * n & 3], CACHE[nmrr >> 2 * n + 16 & 3], bool(prrr >> NS + s & 1)
            return memory, "", "", memory == STRONG or memory == DEVICE and bool(prrr >> DS + s & 1)
        if tex & 4:
            return NORMAL, CACHE[cb], CACHE[tex & 3], bool(s)
        return {0b00000: (STRONG, "", "", True), 0b00001: (DEVICE, "", "", True),
                0b00010: (NORMAL, CACHE[2], CACHE[2], bool(s)), 0b00011: (NORMAL, CACHE[3], CACHE[3], bool(s)),
                0b00100: (NORMAL, CACHE[0], CACHE[0], bool(s)), 0b00110: (DEFINED, "", "", bool(s)),
                0b00111: (NORMAL, CACHE[1], CACHE[1], bool(s)), 0b01000: (DEVICE, "", "", False),
                }.get(tex << 2 | cb, (RESERVED, "", "", bool(s)))


def _bits(word: int, high: int, low: int) -> int:
    return word >> low & (1 << high - low + 1) - 1
