"""The table walk, against the manual's tables and against a processor that nobody here wrote: QEMU's.

The manual is DDI 0406C; what it says is written down here a second time, bit by bit, and not taken from mmu.py.
"""
import random
import struct

import pytest
from hypothesis import given, strategies

from grader import mmu
from grader.tests.kernels import boot

# ---- what the manual says: bits of each descriptor, fields to (shift, bits) (figures B3-4 and B3-5)

SECTION = {"type": (1, 1), "pxn": (0, 1), "b": (2, 1), "c": (3, 1), "xn": (4, 1), "domain": (5, 4), "ap10": (10, 2),
           "tex": (12, 3), "ap2": (15, 1), "s": (16, 1), "ng": (17, 1), "super": (18, 1), "ns": (19, 1),
           "base": (20, 12)}
SUPERSECTION = {**SECTION, "base": (24, 8), "pa35_32": (20, 4), "pa39_36": (5, 4)}
del SUPERSECTION["domain"]
TABLE = {"type": (0, 2), "pxn": (2, 1), "ns": (3, 1), "domain": (5, 4), "base": (10, 22)}
LARGE = {"type": (0, 2), "b": (2, 1), "c": (3, 1), "ap10": (4, 2), "ap2": (9, 1), "s": (10, 1), "ng": (11, 1),
         "tex": (12, 3), "xn": (15, 1), "base": (16, 16)}
SMALL = {"type": (1, 1), "xn": (0, 1), "b": (2, 1), "c": (3, 1), "ap10": (4, 2), "tex": (6, 3), "ap2": (9, 1),
         "s": (10, 1), "ng": (11, 1), "base": (12, 20)}
KINDS = {"section": (SECTION, {"type": 1, "super": 0}), "supersection": (SUPERSECTION, {"type": 1, "super": 1}),
         "large": (LARGE, {"type": 1}), "small": (SMALL, {"type": 1}), "table": (TABLE, {"type": 1})}
SIZES = {"section": 1 << 20, "supersection": 1 << 24, "large": 1 << 16, "small": 1 << 12}

M, WXN, UWXN, TRE, AFE = 1, 1 << 19, 1 << 20, 1 << 28, 1 << 29


def encode(kind, **values):
    layout, fixed = KINDS[kind]
    word = 0
    for name, value in {**values, **fixed}.items():
        shift, bits = layout[name]
        assert 0 <= value < 1 << bits
        word |= value << shift
    return word


def drawn(rng, kind):
    """Random values of a kind's fields."""
    layout, fixed = KINDS[kind]
    return {name: rng.getrandbits(bits) for name, (_, bits) in layout.items() if name not in fixed}


def walker(words, **system):
    """Over a mapping of address to word; nothing answers elsewhere."""
    plain = {"SCTLR": M, "TTBR0": 0x4000, "TTBR1": 0x8000, "TTBCR": 0, "DACR": 0x55555555, "PRRR": 0, "NMRR": 0}
    return mmu.Walker(plain | system, words.get)


def one(kind, values, table=None, **system):
    """What is said of address 0x12345678, where a descriptor of that kind is the one that counts."""
    if kind in ("section", "supersection"):
        words = {0x4000 + 0x123 * 4: encode(kind, **values)}
    else:
        words = {0x4000 + 0x123 * 4: encode("table", **(table or {"base": 0x300}) | {"base": 0x300}),
                 0x300 << 10 | 0x45 << 2: encode(kind, **values)}
    return walker(words, **system).translate(0x12345678)


@given(strategies.sampled_from(sorted(SIZES)), strategies.randoms(use_true_random=False))
def test_each_field_is_found_where_the_manual_has_it(kind, rng):
    values, table = drawn(rng, kind), drawn(rng, "table")
    found = one(kind, values, table)
    paged = kind in ("large", "small")
    upper = (values["pa35_32"] << 32 | values["pa39_36"] << 36) if kind == "supersection" else 0
    size = SIZES[kind]
    assert (found.pa, found.size) == (upper | values["base"] * size | 0x12345678 % size, size)
    assert found.domain == (0 if kind == "supersection" else table["domain"] if paged else values["domain"])
    assert found.level == len(found.descriptors) == 1 + paged
    assert (found.xn, found.global_) == (bool(values["xn"]), not values["ng"])
    assert (found.pxn, found.ns) == tuple(bool((table if paged else values)[name]) for name in ("pxn", "ns"))
    assert (found.privileged, found.user) == AP[values["ap2"] << 2 | values["ap10"]]
    assert (found.memory, found.outer, found.inner) == TEX_C_B[values["tex"], values["c"], values["b"]][:3]
    assert found.software is None
    tre = one(kind, values, table, SCTLR=M | TRE)
    assert tre.software == values["tex"] >> 1


# Table B3-8; 0b100 is reserved.
AP = {0b000: ("", ""), 0b001: ("rw", ""), 0b010: ("rw", "r"), 0b011: ("rw", "rw"),
      0b100: ("", ""), 0b101: ("r", ""), 0b110: ("r", "r"), 0b111: ("r", "r")}
# Table B3-9.
AP_AFE = {0b00: ("rw", ""), 0b01: ("rw", "rw"), 0b10: ("r", ""), 0b11: ("r", "r")}
NC, WBWA, WT, WB = "non-cacheable", "write-back, write-allocate", "write-through", "write-back"
POLICY = {0b00: NC, 0b01: WBWA, 0b10: WT, 0b11: WB}
# Table B3-10: memory type, outer, inner, shareable ("S": as the S bit says).
TEX_C_B = {(0, 0, 0): ("strongly-ordered", "", "", True), (0, 0, 1): ("device", "", "", True),
           (0, 1, 0): ("normal", WT, WT, "S"), (0, 1, 1): ("normal", WB, WB, "S"),
           (1, 0, 0): ("normal", NC, NC, "S"), (1, 0, 1): ("reserved", "", "", "S"),
           (1, 1, 0): ("IMPLEMENTATION DEFINED", "", "", "S"), (1, 1, 1): ("normal", WBWA, WBWA, "S"),
           (2, 0, 0): ("device", "", "", False), (2, 0, 1): ("reserved", "", "", "S"),
           (2, 1, 0): ("reserved", "", "", "S"), (2, 1, 1): ("reserved", "", "", "S")}
TEX_C_B |= {(3, c, b): ("reserved", "", "", "S") for c in (0, 1) for b in (0, 1)}
TEX_C_B |= {(4 + outer, c, b): ("normal", POLICY[outer], POLICY[c << 1 | b], "S")
            for outer in range(4) for c in (0, 1) for b in (0, 1)}


@pytest.mark.parametrize("kind", sorted(SIZES))
def test_memory_types_are_the_manuals(kind):
    for (tex, c, b), (memory, outer, inner, shareable) in TEX_C_B.items():
        for s in (0, 1):
            found = one(kind, {"tex": tex, "c": c, "b": b, "s": s})
            assert (found.memory, found.outer, found.inner) == (memory, outer, inner), (tex, c, b)
            assert found.shareable == (bool(s) if shareable == "S" else shareable), (tex, c, b)


@pytest.mark.parametrize("kind", sorted(SIZES))
def test_remapped_memory_types_are_the_manuals(kind):
    """Tables B3-11 to B3-13: TEX[0], C, B choose TRn, IRn and ORn; the S bit one of two bits for each type."""
    rng = random.Random(7)
    for _ in range(40):
        prrr, nmrr = rng.getrandbits(32), rng.getrandbits(32)
        for n in range(8):
            for s in (0, 1):
                tex = rng.getrandbits(2) << 1 | n >> 2
                values = {"tex": tex, "c": n >> 1 & 1, "b": n & 1, "s": s}
                found = one(kind, values, SCTLR=M | TRE, PRRR=prrr, NMRR=nmrr)
                if n == 6:
                    assert found.memory == "IMPLEMENTATION DEFINED"
                    continue
                tr = f"{prrr:032b}"[::-1][2 * n:2 * n + 2][::-1]
                assert found.memory == {"00": "strongly-ordered", "01": "device", "10": "normal", "11": "reserved"}[tr]
                policies = "", ""
                if tr == "10":
                    reversed_ = f"{nmrr:032b}"[::-1]
                    policies = tuple(POLICY[int(reversed_[at:at + 2][::-1], 2)] for at in (16 + 2 * n, 2 * n))
                assert (found.outer, found.inner) == policies
                if tr != "11":
                    ds1, ds0, ns1, ns0 = 1 << 17, 1 << 16, 1 << 19, 1 << 18
                    bit = {"00": 0xffffffff, "01": ds1 if s else ds0, "10": ns1 if s else ns0}[tr]
                    assert found.shareable == bool(prrr & bit), (tr, s)


@pytest.mark.parametrize("kind", sorted(SIZES))
def test_with_the_access_flag_there_are_four_rights_left(kind):
    for ap in range(8):
        found = one(kind, {"ap2": ap >> 2, "ap10": ap & 3}, SCTLR=M | AFE)
        if ap & 1:
            assert (found.privileged, found.user) == AP_AFE[ap >> 1]
        else:
            assert (found.kind, found.status) == ("access flag", 0b00110 if kind in ("large", "small") else 0b00011)


def test_write_implies_execute_never_where_sctlr_says_so():
    rw, user_rw, read = {"ap10": 1}, {"ap10": 3}, {"ap2": 1, "ap10": 3}
    for values, bits, xn, pxn in ((rw, 0, False, False), (rw, WXN, True, False), (rw, UWXN, False, False),
                                  (user_rw, WXN, True, False), (user_rw, UWXN, False, True), (user_rw, 0, False, False),
                                  (read, WXN | UWXN, False, False)):
        found = one("small", values, SCTLR=M | bits)
        assert (found.xn, found.pxn) == (xn, pxn), (values, bits)


# Table B3-23.
STATUS = {"translation": (0b00101, 0b00111), "access flag": (0b00011, 0b00110), "domain": (0b01001, 0b01011),
          "permission": (0b01101, 0b01111), "external abort": (0b01100, 0b01110)}


def test_every_fault_has_the_manuals_status():
    rw, empty = {"ap10": 3}, {"base": 0x300}
    first, second = 0x4000 + 0x123 * 4, 0x300 << 10 | 0x45 << 2
    section, table, small = encode("section", **rw), encode("table", **empty), encode("small", **rw)
    denied = {"section": encode("section"), "small": encode("small")}
    cases = {("translation", 1): ({first: 0xfffffffc}, {}),
             ("translation", 2): ({first: table, second: 0xfffffffc}, {}),
             ("access flag", 1): ({first: denied["section"]}, {"SCTLR": M | AFE}),
             ("access flag", 2): ({first: table, second: denied["small"]}, {"SCTLR": M | AFE}),
             ("domain", 1): ({first: section}, {"DACR": 0}),
             ("domain", 2): ({first: table, second: small}, {"DACR": 0}),
             ("permission", 1): ({first: denied["section"]}, {}),
             ("permission", 2): ({first: table, second: denied["small"]}, {}),
             ("external abort", 1): ({}, {}), ("external abort", 2): ({first: table}, {})}
    assert {(kind, level) for kind in STATUS for level in (1, 2)} == set(cases)
    for (kind, level), (words, system) in cases.items():
        fault = walker(words, **system).check(0x12345678)
        assert (fault.kind, fault.level, fault.status) == (kind, level, STATUS[kind][level - 1])
        assert kind in str(fault)
    assert walker({first: section}).check(0x12345678) is None
    assert walker({first: denied["section"]}, DACR=0xffffffff).check(0x12345678, write=True, user=True) is None


def test_with_the_mmu_off_addresses_are_what_they_are():
    found = walker({}, SCTLR=0).translate(0x12345678)
    assert (found.pa, found.level, found.memory, found.descriptors) == (0x12345678, 0, "strongly-ordered", ())
    assert list(walker({}, SCTLR=0).mappings()) == []


@pytest.mark.parametrize("n", range(8))
def test_each_part_of_the_addresses_has_its_tables_and_its_switch(n):
    """B3.5.5: TTBR0 has the addresses whose upper N bits are 0; its table is that much shorter, and aligned to that."""
    pd0, pd1 = 1 << 4, 1 << 5
    split = 1 << 32 - n
    for va in (0, split - 1, split, 0xffffffff):
        low = n == 0 or va < split
        if va > 0xffffffff:
            continue
        base = 0x41000000 + (1 << 14 - n) if low else 0x42004000
        words = {base + (va >> 20 << 2): encode("section", base=0x123)}
        system = {"TTBR0": 0x41000000 + (1 << 14 - n) | 0x4a, "TTBR1": 0x42004000 | 0x4a}
        assert walker(words, TTBCR=n, **system).translate(va).pa == 0x12300000 | va & 0xfffff
        assert isinstance(walker(words, TTBCR=n | (pd1 if low else pd0), **system).translate(va), mmu.Translation)
        fault = walker(words, TTBCR=n | (pd0 if low else pd1), **system).translate(va)
        assert (fault.kind, fault.level, fault.descriptors) == ("translation", 1, ())


def test_long_descriptors_are_refused():
    with pytest.raises(mmu.LongDescriptors, match="TTBCR.EAE"):
        walker({}, TTBCR=1 << 31)


def test_mappings_come_by_address_page_0_first():
    words = {0x4000 + 4 * i: 0 for i in range(4096)} | {0x300 << 10 | 4 * i: 0 for i in range(256)}
    words |= {0x4000: encode("table", base=0x300), 0x300 << 10: encode("small", base=5, ap10=1),
              0x300 << 10 | 0xff << 2: encode("large", base=6), 0x4000 + 4 * 0xfff: encode("section", base=7)}
    found = [(m.va, m.pa, m.size) for m in walker(words).mappings()]
    assert found == [(0, 0x5000, 1 << 12), (0xff000, 0x6f000, 1 << 16), (0xfff00000, 0x700000, 1 << 20)]
    assert [m.va for m in walker(words).mappings(0x1000, 0x100000)] == [0, 0xff000]
    assert [m.va for m in walker(words).mappings(0x100000)] == [0xfff00000]


# ---- what QEMU says

ANSWERS, TRIALS = 0x46000000, 0x46080000        # as kernels/mmu.S has them
KEPT = (0x400, 0x460, 0x47f)                    # megabytes it needs: code, answers, the parameter block
TABLES = 0x42000000
BX_LR = 0xe12fff1e


class Tables:
    """Random tables of every form, and addresses in them to ask about. (PAR tells no attributes in QEMU.)"""

    def __init__(self, n):
        rng = random.Random(n)
        self.words, self.asked, self.tried = {}, [], []
        self.sctlr = M | (AFE if n & 1 else 0) | (TRE if n & 2 else 0)
        self.ttbcr = n              # without security extensions QEMU has neither PD0 nor PD1
        # Bits below the base are attributes of the walk.
        first = TABLES + (rng.randrange(8) << 14 - n) + 0x8000 * (n == 0)
        self.ttbr0, self.ttbr1 = first | rng.getrandbits(7), TABLES + 0x40000 | rng.getrandbits(7)
        self.dacr = rng.getrandbits(30) | 1 << 30 | 1      # supersections are domain 0's, what is kept 15's
        self.prrr, self.nmrr = rng.getrandbits(32), rng.getrandbits(32)
        low = 4096 >> n                                         # megabytes that TTBR0 has
        tables = iter(range(TABLES + 0x80000 >> 10, 1 << 22))
        for megabyte in {*rng.sample(range(low), min(low, 60)), *rng.sample(range(4096), 60)} - set(KEPT):
            kind = rng.choice(("section", "supersection", "table", "table", "none"))
            values = drawn(rng, kind) if kind != "none" else {}
            inside = [rng.getrandbits(20) & ~3 for _ in range(8)]
            if kind == "table":
                values["base"] = next(tables)
                inside = [rng.getrandbits(12) & ~3 | page << 12 for page in rng.sample(range(256), 16)]
                for offset in inside:
                    page = rng.choice(("large", "small", "small", "none"))
                    if page == "none":
                        word = rng.getrandbits(30) << 2
                    else:
                        fields = self.drawn(rng, page)
                        word = encode(page, **fields)
                        self.maybe_try(fields["base"] * SIZES[page] | offset % SIZES[page], megabyte << 20 | offset)
                    self.words[values["base"] << 10 | offset >> 12 << 2] = word
            elif kind != "none":
                values = self.drawn(rng, kind)
                if kind == "section":
                    for offset in inside:
                        self.maybe_try(values["base"] << 20 | offset, megabyte << 20 | offset)
            word = encode(kind, **values) if kind != "none" else rng.getrandbits(30) << 2
            self.put(n, megabyte, word)
            self.asked += (megabyte << 20 | offset for offset in inside)
        self.asked += (rng.getrandbits(32) for _ in range(100))
        self.asked = [va for va in self.asked if va >> 20 not in KEPT]
        for megabyte in KEPT:
            self.put(n, megabyte, encode("section", base=megabyte, domain=15, ap10=3, tex=1))

    def put(self, n, megabyte, word):
        base = (self.ttbr0 >> 14 - n << 14 - n) if megabyte >> 12 - n == 0 else (self.ttbr1 >> 14 << 14)
        self.words[base + 4 * megabyte] = word

    def drawn(self, rng, kind):
        values = drawn(rng, kind)
        if rng.randrange(2) and kind != "supersection":         # half of them where there is RAM
            values["base"] = 0x43000000 // SIZES[kind] + rng.randrange((2 << 20) // SIZES[kind] or 1)
        return values

    def maybe_try(self, pa, va):
        if 0x43000000 <= pa < 0x46000000:
            self.words[pa] = BX_LR
            self.tried.append(va)

    def input(self):
        pairs = [x for pair in self.words.items() for x in pair]
        words = [self.sctlr, self.ttbr0, self.ttbr1, self.ttbcr, self.dacr, self.prrr, self.nmrr, len(pairs) // 2,
                 len(self.asked), len(self.tried), *pairs, *self.asked, *self.tried]
        return struct.pack(f"<{len(words)}I", *words)


def qemu(walker, va, **what):
    """What QEMU says, where the manual says otherwise: it looks at the domain before it reads the second level; of the
    access flag's faults, domains that are not a client's decide before, and XN and PXN too, when it fetches."""
    fault = walker.check(va, **what)
    if fault is None or fault.kind not in ("translation", "access flag") or fault.domain is None:
        return fault
    access = walker.system["DACR"] >> 2 * fault.domain & 3
    if access in (0, 2):
        return fault._replace(kind="domain")
    if fault.kind == "access flag" and access == 3:
        return None
    if fault.kind == "access flag" and what.get("execute"):
        flagged = mmu.Walker({**walker.system, "SCTLR": walker.system["SCTLR"] & ~AFE}, walker.word).translate(va)
        if flagged.xn or flagged.pxn and not what.get("user"):
            return fault._replace(kind="permission")
    return fault


@pytest.mark.parametrize("n", range(8))
def test_the_processor_finds_what_the_walk_finds(n):
    tables = Tables(n)

    def look(held):
        walker = held.walker()
        asked = struct.unpack(f"<{4 * len(tables.asked)}I", held.memory(ANSWERS, 16 * len(tables.asked)))
        tried = struct.unpack(f"<{6 * len(tables.tried)}I", held.memory(TRIALS, 24 * len(tables.tried)))
        held.keep("walker", (walker, asked, tried))
        monitor = held._run.vm.qmp.monitor
        held.keep("monitor", {va: monitor(f"gva2gpa {va:#x}").strip() for va in tables.asked[:200]})
        for va in tables.asked:         # what the walk needs of memory has to be read while the machine is there
            walker.translate(va)

    run = boot("mmu", input=tables.input(), read_at_end=look)
    assert (run.end, run.error) == ("power-off", None)
    walker, asked, tried = run.kept["walker"]
    seen = set()
    for i, va in enumerate(tables.asked):
        place = walker.translate(va)
        for op in range(4):
            par, fault = asked[4 * i + op], qemu(walker, va, write=op & 1, user=op & 2)
            seen.add((fault.kind, fault.level) if fault else place.size if isinstance(place, mmu.Translation) else None)
            if fault:
                assert par & 1 and par >> 1 & 0x1f == fault.status, (hex(va), hex(par), fault)
                continue
            assert not par & 1, (hex(va), hex(par), place)
            if isinstance(place, mmu.Translation):
                large = place.size == 1 << 24                   # PAR.SS: then only PA[31:24] counts
                assert par & 2 == 2 * large, (hex(va), hex(par), place)
                shift = 24 if large else 12
                assert par >> shift == (place.pa & 0xffffffff) >> shift, (hex(va), hex(par), place)
    assert {1 << 24, 1 << 20, 1 << 16, 1 << 12, ("translation", 1), ("permission", 1), ("permission", 2), ("domain", 1),
            ("domain", 2), ("access flag" if n & 1 else "translation", 2)} <= seen
    for va, text in run.kept["monitor"].items():
        place = walker.translate(va)
        if isinstance(place, mmu.Translation) and walker.check(va) is None:
            assert text == f"gpa: {place.pa:#x}", hex(va)
    for i, va in enumerate(tables.tried):
        got = [(tried[at], tried[at + 1]) for at in range(6 * i, 6 * i + 6, 2)]
        for (status, far), what in zip(got, ({"execute": True}, {"execute": True, "user": True}, {})):
            fault = qemu(walker, va, **what)
            assert (status >> 6 & 0x10 | status & 15, far) == ((fault.status, va) if fault else (0, 0)), (hex(va), what)
            if fault and not what:
                assert status >> 4 & 15 == fault.domain
    assert len(tables.tried) > 100
