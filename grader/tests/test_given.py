"""What labs 2 and 3 are given (kernel/vm, kernel/trap, kernel/user), proved from outside: its payloads (kernel/test/given) run on the
reference's kernel, and what they come to is compared with models, with walks of the tables, and with the files themselves.
"""
import fcntl
import functools
import random
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies

from grader import engine, explain, labs, mmu, params, symbols
from grader.paths import BUILD, ROOT
from grader.tests.test_kernel import make, words

FOLDER = ROOT / "kernel/test/given"
OBJECTS = BUILD / "tests/given"
USER_TOP, RAM, PAGE, WORD = 0x40000000, 0x40000000, 4096, 0xffffffff
INVAL, EXISTS, NOENT, PERM, FAULT = -1, -3, -4, -6, -7
R, W, X, GUARD = 1, 2, 4, 8
PROTS = 0, R, R | W, R | X


@functools.cache
def kernels():
    """Every payload's kernel, with all of labs 1 to 3."""
    OBJECTS.mkdir(parents=True, exist_ok=True)
    kernel = labs.compose(labs.find("3-exceptions"), "solutions")
    payloads = sorted(FOLDER.glob("*.c"))
    with open(OBJECTS / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        make(OBJECTS, map(str, kernel.files), [str(path.relative_to(ROOT)) for path in payloads],
             "GIVEN=" + " ".join(map(str, kernel.given)))
    return {path.stem: OBJECTS / f"out/{path.stem}.elf" for path in payloads}


def address(payload, symbol):
    return symbols.of(kernels()[payload]).address(symbol)


def run(payload, data, *, seed=1, budget=60_000_000, **more):
    """A boot whose check_main() returned; its log is kept, unless the boot keeps something else."""
    def keep_log(held):
        at, count = held.address("log_words"), held.word(held.address("log_count"))
        held.keep("log", struct.unpack(f"<{count}I", held.memory(at, 4 * count)))

    boot = engine.Boot(payload, input=data, budget=budget, read_at_end=keep_log, **more)
    done, = engine.run_many([engine.Job(boot, kernels()[payload], seed, params.nonce(seed))])
    assert isinstance(done, engine.Run), done
    assert done.error is None and done.end == "power-off" and done.reports[-1:] == ["end"], (done.error, done.serial)
    return done


def signed(word):
    return (word ^ 1 << 31) - (1 << 31)


# ---- siphash.c, cap.c

MASK = (1 << 64) - 1


def rotated(x, bits):
    return (x << bits | x >> 64 - bits) & MASK


def siphash(key, data):
    """SipHash-2-4 (Aumasson and Bernstein, INDOCRYPT 2012, section 2)."""
    k0, k1 = struct.unpack("<2Q", key)
    a, b, c, d = (word ^ int.from_bytes(constant, "big") for word, constant in
                  zip((k0, k1, k0, k1), (b"somepseu", b"dorandom", b"lygenera", b"tedbytes")))

    def rounds(n):
        nonlocal a, b, c, d
        for _ in range(n):
            a, c = a + b & MASK, c + d & MASK
            b, d = rotated(b, 13) ^ a, rotated(d, 16) ^ c
            a = rotated(a, 32)
            c, a = c + b & MASK, a + d & MASK
            b, d = rotated(b, 17) ^ c, rotated(d, 21) ^ a
            c = rotated(c, 32)

    data += bytes(-(len(data) + 1) % 8) + bytes([len(data) % 256])
    for word, in struct.iter_unpack("<Q", data):
        d ^= word
        rounds(2)
        a ^= word
    c ^= 0xff
    rounds(4)
    return a ^ b ^ c ^ d


def test_the_model_of_siphash():
    """The paper's appendix A."""
    assert siphash(bytes(range(16)), bytes(range(15))) == 0xa129ca6149be45e5


def macs(cases):
    """What the kernel makes of [(key, data, offset)]."""
    records = [key + words(len(data), offset) + (bytes(offset) + data + bytes(-(offset + len(data)) % 4))
               for key, data, offset in cases]
    log = run("siphash", b"".join(records)).kept["log"]
    assert len(log) == 2 * len(cases)
    return [low | high << 32 for low, high in zip(log[::2], log[1::2])]


def test_siphash_of_the_paper():
    assert macs([(bytes(range(16)), bytes(range(15)), offset) for offset in range(4)]) == [0xa129ca6149be45e5] * 4


@settings(max_examples=5, deadline=None)
@given(strategies.lists(strategies.tuples(strategies.binary(min_size=16, max_size=16), strategies.binary(max_size=80),
                                          strategies.integers(0, 3)), min_size=20, max_size=200))
def test_siphash(cases):
    cases += [(bytes(range(16)), bytes(range(n % 256)) * (n // 256 + 1), 0) for n in (*range(17), 255, 256, 257, 700)]
    assert macs(cases) == [siphash(key, data) for key, data, _ in cases]


NAMES = [name.ljust(8, b"\0") for name in (b"", b"a", b"ab", b"abc", b"b", b"abcdefgh", b"abcdefgi", b"\xff")]


def test_capabilities_are_narrowed_and_revoked():
    """As a model has it that knows no MACs: only what was minted, or narrowed from that, is genuine."""
    rng, now, caps, guards, calls, expected = random.Random(2), 0, {}, [[NAMES[0], 0] for _ in range(8)], [], []

    def fits(number, guard, rights):
        name, has, epoch = caps.get(number, (b"\xfe" * 8, 0, -1))
        return guard[0].startswith(name.rstrip(b"\0")) and epoch >= guard[1] and rights & ~has == 0

    for _ in range(2000):
        what, a, b = rng.choices(range(4), (3, 5, 4, 6))[0], rng.randrange(32), rng.randrange(32)
        name, rights = rng.choice((*NAMES, b"a\0b\0\0\0\0\0")), rng.choice((0, R, R | W, R | X, 15, 15, 15, 15, 16, R | GUARD))
        if what in (2, 3):
            b %= 8
        if what == 3:
            name = rng.choice(NAMES)
        is_name = b"\0" not in name.rstrip(b"\0")
        if what == 0:
            status = 0 if is_name and rights < 16 else INVAL
            if status == 0:
                caps[b] = name, rights, now
        elif what == 1:
            status = PERM if not fits(a, (name, 0), rights) else 0 if is_name else INVAL
            if status == 0:
                caps[b] = name, rights, caps[a][2]
        elif what == 2:
            status = 0 if fits(a, guards[b], GUARD) else PERM
            if status == 0:
                now += 1
                guards[b][1], caps[a] = now, (*caps[a][:2], now)
        else:
            guards[b][0] = name
            status = 0 if fits(a, guards[b], rights) else PERM
        calls.append(words(what, a, b, rights) + name)
        expected += [status & WORD, now]
    log = run("cap", b"".join(calls)).kept["log"]
    for i in range(len(calls)):
        assert log[2 * i:2 * i + 2] == tuple(expected[2 * i:2 * i + 2]), (i, struct.unpack("<4I8s", calls[i]))
    assert now > 20 and expected.count(0) > 200


# ---- kmap.c, alias.c

ALIASES, STEP = 0xc0000000, 0x200000
MMIO, MMIO_SIZE, MOVED = 0x08000000, 0x08000000, 0xe0000000
AMOUNT = 128 << 20


def said(found):
    """What the tables say of a page, as far as it is promised."""
    assert (found.domain, found.access, found.global_, found.user) == (0, "client", True, ""), found
    assert not found.allows(user=True, execute=True)
    executable = found.allows(execute=True)
    assert not executable or found.privileged == "r", found      # W^X
    cache = {found.inner, found.outer} if found.memory == mmu.NORMAL else None
    assert cache in (None, {"write-back, write-allocate"}), found
    return found.memory, found.privileged, executable, not found.xn


def kernels_map(payload):
    """{page: (physical address, what is said)} of the kernel's own map, the aliases apart."""
    text, rodata = (range(address(payload, f"__{name}_start"), address(payload, f"__{name}_end"), PAGE) for name in
                    ("text", "rodata"))
    assert len(text) > 2 and len(rodata) > 0
    whole = {pa: (pa, (mmu.NORMAL, "r" if pa in text or pa in rodata else "rw", pa in text, pa in text))
             for pa in range(RAM, RAM + AMOUNT, PAGE)}
    return whole | {pa + MOVED: (pa, (mmu.DEVICE, "rw", False, False)) for pa in range(MMIO, MMIO + MMIO_SIZE, PAGE)}


def walked(walker, start, end):
    """{page: (physical address, what is said)}, each section as its pages."""
    found = {}
    for one in walker.mappings(start, end):
        told = said(one)
        found |= {one.va + at: (one.pa + at, told) for at in range(0, one.size, PAGE)}
    return found


def keep_map(held):
    walker = held.walker()
    held.keep("map", walked(walker, USER_TOP, 1 << 32))
    held.keep("low", list(walker.mappings(0, USER_TOP)))


MAP, READ, WRITE, STAMP = range(4)


def test_the_kernels_map_and_the_windows():
    """Each entry from USER_TOP on, after a history of the windows; what is read through them meanwhile; and nothing else."""
    rng, calls, expected, windows = random.Random(3), [], [], {}
    pages = [0x44000000 + i * PAGE for i in range(16)]
    memory = {pa: pa for pa in pages}
    for pa in pages:
        calls.append((STAMP, 0, 0, pa, 0))
        expected.append(0)
    places = [(w, p) for w in (0, 1, 2, 62, 63) for p in (0, 1, 2, 128, 254, 255)]
    strange = [(64, 0), (0, 256), (1 << 31, 0), (0, WORD), (WORD, WORD), (2048, 0)]
    for _ in range(1500):
        (window, page), what = rng.choice(places), rng.choice((MAP, READ, WRITE))
        pa, prot = windows.get((window, page), (0, 0))
        if what == MAP:
            window, page = rng.choice((*places, *strange))
            pa, prot = rng.choice((*pages, pages[0] + 4)), rng.choice((*PROTS, R | W, W, X, R | W | X, 8, 16))
            good = (window, page) in places and pa in pages and prot in PROTS
            expected.append(0 if good else INVAL & WORD)
            if good:
                windows.pop((window, page), None)
                windows |= {(window, page): (pa, prot)} if prot else {}
            calls.append((MAP, window, page, pa, prot))
        elif what == READ and prot:
            calls.append((READ, window, page, 0, 0))
            expected.append(memory[pa])
        elif what == WRITE and prot & W:
            memory[pa] = rng.getrandbits(32)
            calls.append((WRITE, window, page, memory[pa], 0))
            expected.append(ALIASES + window * STEP + page * PAGE)
    done = run("kmap", b"".join(words(*call) for call in calls), holds={"run_end": keep_map})
    for call, got, wanted in zip(calls, done.kept["log"], expected, strict=True):
        assert got == wanted, call
    aliases = {ALIASES + window * STEP + page * PAGE: (pa, (mmu.NORMAL, "rw" if prot & W else "r", bool(prot & X), bool(prot & X)))
               for (window, page), (pa, prot) in windows.items()}
    assert len(aliases) > 10 and expected.count(INVAL & WORD) > 100
    found, wanted = done.kept["map"], kernels_map("kmap") | aliases
    assert not done.kept["low"]
    assert found == wanted, [(hex(va), found.get(va), wanted.get(va)) for va in sorted(found | wanted)
                             if found.get(va) != wanted.get(va)][:10]


def test_hardware_would_see_the_windows_as_qemu_does():
    """What is mapped is behind its barriers, and no descriptor in the making was ever seen."""
    calls = [(MAP, 5, page, 0x44000000 + page * PAGE, prot) for page, prot in enumerate((R, R | W, R | X, R, R | W))]
    calls += [(READ, 5, page, 0, 0) for page in range(5)] + [(MAP, 5, 1, 0x44000000, R)]
    bss = address("kmap", "__bss_start"), address("kmap", "__bss_end") - address("kmap", "__bss_start")
    done = run("kmap", b"".join(words(*call) for call in calls), hardware=True, marks=("alias_map",), watch=(bss,))
    assert done.findings == ()
    for mark, after in zip(done.marks, [mark.count for mark in done.marks[1:]] + [done.instructions], strict=True):
        stored = [access.address for access in done.accesses if access.kind == "w" and mark.count < access.count < after
                  and symbols.of(kernels()["kmap"]).function(access.pc) == "alias_map"]
        entry, table, again = stored        # none; the table there is; the descriptor, whole
        assert entry == again != table


# ---- gic.c, timer.c, trap_idle()

ENABLE, DISABLE, PEND, OPEN, TIMER, SLEEP, INIT = range(7)
DONE = WORD


def interrupts(calls):
    """What was logged for each of [(what, number)], and the run."""
    done = run("irq", b"".join(words(*call) for call in calls))
    log, each = list(done.kept["log"]), []
    assert log.pop() == 1_000_000_000       # ticks a second
    while log:
        each.append(log[:log.index(DONE)])
        del log[:len(each[-1]) + 1]
    assert len(each) == len(calls)
    return each, done


def test_interrupts_come_as_enabled():
    """Those that are pending and enabled, in the order of their numbers, as all have one priority; no others."""
    rng, enabled, pending, calls, expected = random.Random(4), set(), set(), [], []
    numbers = [*range(32, 48), *range(60, 70), 95, 96, 97, 285, 286, 287]
    for _ in range(900):
        what = rng.choices((ENABLE, DISABLE, PEND, OPEN, INIT), (6, 4, 8, 4, 0.2))[0]
        number, taken = rng.choice(numbers), []
        if what == ENABLE:
            enabled.add(number)
        elif what == DISABLE:
            enabled.discard(number)
        elif what == PEND:
            pending.add(number)
        elif what == INIT:
            enabled.clear()
        else:
            taken = sorted(enabled & pending)
            pending -= enabled
        calls.append((what, number))
        expected.append([number + 0x1000 for number in taken])
    each, _ = interrupts(calls)
    assert each == expected
    assert sum(map(len, expected)) > 150 and max(map(len, expected)) > 4


def test_the_timer_comes_at_its_tick():
    """One tick is one instruction: however many stand before it, the handler sees the same lateness."""
    ticks = random.Random(6).choices(range(100, 400), k=300)
    calls = [(ENABLE, 30), *((TIMER, count) for count in ticks), (TIMER, 0), (DISABLE, 30), (TIMER, 200)]
    each, _ = interrupts(calls)
    late = [lateness for lateness, in each[1:301]]
    assert len(set(late)) == 1 and late[0] < 100, late
    assert len(each[301]) == 1              # one in the past comes at once
    assert each[302:] == [[], []]


def test_trap_idle_sleeps_until_it_comes():
    """It does not spin: a million ticks cost next to no instructions."""
    each, done = interrupts([(ENABLE, 30)] + [(SLEEP, 1_000_000)] * 300)
    _, alone = interrupts([(ENABLE, 30)])
    assert [len(one) for one in each[1:]] == [1] * 300
    assert done.wfis == alone.wfis + 300 and done.instructions - alone.instructions < 300 * 600


# ---- load.c, lab.mk's programs

LOAD, FIND, RUN, USER_MAP = range(4)
STACK = range(0x3fff0000 - 4 * PAGE, 0x3fff0000, PAGE)
HEADER, SEGMENT = struct.Struct("<4s5B7x2H5I6H"), struct.Struct("<8I")


def elf(segments, *, entry=0x10000, **changed):
    """An ELF file of [(vaddr, bytes, memsz, flags)], but for what is changed in its header."""
    header = dict(magic=b"\x7fELF", bits=1, order=1, version=1, abi=0, abi_version=0, type=2, machine=40, version2=1, entry=entry,
                  phoff=52, shoff=0, flags=0, ehsize=52, phentsize=32, phnum=len(segments), shentsize=40, shnum=0, shstrndx=0)
    at, table, data = 52 + 32 * len(segments), b"", b""
    for vaddr, content, memsz, flags, *kind in segments:
        table += SEGMENT.pack(*(kind or [1]), at + len(data), vaddr, vaddr, len(content), memsz, flags, PAGE)
        data += content + bytes(-len(content) % 4)
    return HEADER.pack(*(header | changed).values()) + table + data


def record(what, data):
    return words(what, len(data)) + data + bytes(-len(data) % 4)


def keep_user(held):
    """The running application's pages: {va: (rights, bytes)}."""
    walker, pages = held.walker(), {}
    for one in walker.mappings(0, USER_TOP):
        assert (one.size, one.memory, one.global_, one.pxn, one.domain) == (PAGE, mmu.NORMAL, False, True, 0), one
        pages[one.va] = one.user + "x" * one.allows(user=True, execute=True), held.memory(one.pa, PAGE)
    held.keep("spaces", [*held.kept("spaces", []), pages])


def pages_of(segments):
    """{va: (rights, bytes)} that a program's segments and its stack are."""
    pages = {va: ("rw", bytes(PAGE)) for va in STACK}
    for vaddr, content, memsz, flags, *kind in segments:
        if kind not in ([], [1]) or memsz == 0:
            continue
        first, last = vaddr // PAGE * PAGE, -(-(vaddr + memsz) // PAGE) * PAGE
        whole = bytes(vaddr - first) + content
        whole += bytes(last - first - len(whole))
        for va in range(first, last, PAGE):
            pages[va] = "r" + "w" * bool(flags & 2) + "x" * (flags & 1), whole[va - first:va - first + PAGE]
    return pages


def test_programs_are_loaded():
    """Every segment where and as its header says, zero behind what is in the file; nothing else, and nothing left behind."""
    rng, cases = random.Random(5), []
    for _ in range(6):
        at, segments = 0x10000, []
        for _ in range(rng.randint(1, 4)):
            at += rng.randrange(0, 3 * PAGE)
            content = rng.randbytes(rng.choice((0, 1, 4095, 4096, 4097, rng.randrange(9000))))
            memsz = len(content) + rng.choice((0, 0, 1, rng.randrange(3 * PAGE)))
            segments.append((at, content, memsz, rng.choice((4, 5, 6))))
            at = -(-(at + memsz) // PAGE) * PAGE + rng.choice((0, PAGE, 0x400000))
        segments.insert(rng.randrange(len(segments)), (0x30000000, b"note", 4, 4, 4))       # no LOAD
        cases.append((segments, rng.getrandbits(32)))
    cases.append(([(USER_TOP - PAGE, bytes(range(256)) * 16, PAGE, 5)], 0))
    done = run("user", b"".join(record(LOAD, elf(segments, entry=entry)) for segments, entry in cases), holds={"loaded": keep_user})
    free, *log = done.kept["log"]
    assert log == [word for _, entry in cases for word in (0, entry, free)]
    for (segments, _), pages in zip(cases, done.kept["spaces"], strict=True):
        assert pages == pages_of(segments)


def test_what_is_no_program_is_refused():
    """With an error, nothing kept, and nothing touched outside the file's own pages."""
    text = (0x10000, bytes(100), 100, 5)
    assert len(elf([text])) == 184
    invalid = [b"", elf([text])[:51], elf([text])[:83], elf([text])[:183], elf([text], magic=b"\x7fELG"), elf([text], bits=2),
               elf([text], order=2), elf([text], type=1), elf([text], type=3), elf([text], machine=62), elf([text], phentsize=56),
               elf([text], phoff=54), elf([text], phoff=0xfffffff0), elf([text], phoff=184), elf([text], phnum=0xffff),
               elf([(0x10000, bytes(100), 99, 5)]), elf([(0x10000, bytes(8), WORD, 6)]), elf([(0xfffff000, b"", 0x2000, 6)]),
               elf([(USER_TOP, b"x", 1, 6)]), elf([(USER_TOP - 8, bytes(8), 9, 6)]), elf([(0, b"x", 1, 6)]),
               elf([(0x10000, b"x", 1, 7)])]
    exists = [elf([text, (0x10064, b"x", 1, 6)]), elf([(STACK[0], b"x", 1, 6)])]
    endless = [elf([(0x10000, b"", 0x10000000, 6)])]
    files = invalid + exists + endless
    done = run("user", b"".join(record(LOAD, file) for file in files), budget=300_000_000)
    free, *log = done.kept["log"]
    wanted = [INVAL] * len(invalid) + [EXISTS] * len(exists) + [-2]
    for i, status in enumerate(wanted):
        assert (signed(log[3 * i]), log[3 * i + 1:3 * i + 3]) == (status, [0xdeadbeef if status != EXISTS or i == len(invalid) else
                                                                          0x10000, free]), i


def test_user_map():
    """Whole pages, zero, as many as hold that many bytes."""
    cases = [((0x10000, PAGE, R), 0, 1), ((0x3ffff000, PAGE, R | W), 0, 1), ((0x3fe000, 3 * PAGE, R | X), 0, 3), ((0x10000, 0, R), 0, 0),
             ((0x10000, PAGE + 1, 0), 0, 2), ((0x3ffff000, 2 * PAGE, R), INVAL, 1), ((0xfffff000, 2 * PAGE, R), INVAL, 0),
             ((0, PAGE, R), INVAL, 0), ((0x10001, PAGE, R), INVAL, 0), ((0x10000, PAGE, R | W | X), INVAL, 0)]
    done = run("user", b"".join(record(USER_MAP, words(*arguments)) for arguments, _, _ in cases), holds={"loaded": keep_user})
    free, *log = done.kept["log"]
    assert log == [word for _, status, _ in cases for word in (status & WORD, free)]
    for ((va, _, prot), _, count), pages in zip(cases, done.kept["spaces"], strict=True):
        rights = "r" * (prot & R) + "w" * bool(prot & W) + "x" * bool(prot & X)
        assert pages == {va + i * PAGE: (rights, bytes(PAGE)) for i in range(count)}


def test_programs_are_embedded_by_name():
    """Byte for byte the files that the linker made; and no name but the whole one finds them."""
    names = [path.name.removesuffix(".user.c") for path in sorted((FOLDER / "user").glob("*.user.c"))]
    strangers = ["", "firs", "firsts", "First", "user/first", "first.user"]
    done = run("user", b"".join(record(FIND, name.encode() + b"\0") for name in names + strangers))
    free, *log = done.kept["log"]
    found = [(start, end) for start, end, _ in zip(log[::3], log[1::3], log[2::3], strict=True)]
    assert names == ["first", "gone", "says", "second", "undone"] and found[len(names):] == [(0, 0)] * len(strangers)
    image = kernels()["user"].read_bytes()
    segments = [SEGMENT.unpack_from(image, 52 + 32 * at) for at in range(struct.unpack_from("<H", image, 44)[0])]
    rodata, = (segment for segment in segments if segment[6] == 4)
    for name, (start, end) in zip(names, found):
        made, = Path(OBJECTS).glob(f"out/kernel/test/given/user/{name}.user.elf")
        assert start % 4 == 0
        assert image[rodata[1] + start - rodata[2]:rodata[1] + end - rodata[2]] == made.read_bytes(), name


def test_programs_run_and_leave_nothing():
    """As hardware would have it, too: their instructions are seen by the fetch, their tables by the walk."""
    calls = [("first", 7), ("second", 1000), ("first", 2), ("nobody", 1), ("gone", 0), ("gone", 0x40100000), ("second", 3), ("first", 1)]
    done = run("user", b"".join(record(RUN, words(argument) + name.encode() + b"\0") for name, argument in calls))
    free, *log = done.kept["log"]
    wanted = {"first": lambda n: (n << 16) + 0x100 + b"text"[n & 3], "second": lambda n: n + 11999 % 256, "nobody": lambda n: NOENT,
              "gone": lambda n: FAULT}
    assert log == [word for name, argument in calls for word in (wanted[name](argument) & WORD, 1, free)]
    assert run("user", record(RUN, words(7) + b"first\0"), hardware=True).findings == ()


def test_what_is_not_the_programs_is_not_printed():
    """By SYS_WRITE: null, the kernel's, straddling and wrapping ranges are an error, and not one byte of them is seen."""
    wanted = (10, 4, FAULT, FAULT, FAULT, FAULT, FAULT, 0)
    done = run("user", b"".join(record(RUN, words(which) + b"says\0") for which in range(len(wanted))))
    assert [signed(word) for word in done.kept["log"][1::3]] == list(wanted)
    assert b"own words\n!!!!" == done.console.partition(b"\n")[2], done.console


def test_a_programs_todo_ends_the_run():
    """In C and in assembly, by the student's own vectors: the judge sees a todo(). With words that are not the program's to
    read it is refused. (And a program has the functions that the compiler calls of its own accord.)"""
    jobs = [engine.Job(engine.Boot("user", input=record(RUN, words(argument) + b"undone\0"), budget=60_000_000), kernels()["user"],
                       1, params.nonce(1)) for argument in (0, 1)]
    for step, done in zip(("4.3", "4.2"), engine.run_many(jobs), strict=True):
        assert done.serial.decode().endswith(f"\nTODO {step}: not written yet (labs/4-upcalls, step {step})\n"), done.serial
        assert (explain.ending(done), explain.todo_step(done), done.reports) == ("todo", step, [])
    done = run("user", record(RUN, words(2) + b"undone\0") + record(RUN, words(3) + b"undone\0"))
    assert [signed(word) for word in done.kept["log"][1::3]] == [2, FAULT]


@pytest.mark.parametrize("level", ["-O0", "-Og"])
def test_without_optimisation(level, tmp_path):
    """The kernel of all labs, and what it is given, builds without a warning and does the same."""
    kernel = labs.compose(labs.find("3-exceptions"), "solutions")
    make(tmp_path, map(str, kernel.files), ["kernel/test/given/user.c"], "GIVEN=" + " ".join(map(str, kernel.given)), f"OPT={level}")
    boot = engine.Boot("user", input=record(RUN, words(7) + b"first\0"), budget=60_000_000,
                       read_at_end=lambda held: held.keep("log", held.memory(held.address("log_words"), 16)))
    done, = engine.run_many([engine.Job(boot, tmp_path / "out/user.elf", 1, params.nonce(1))])
    free, status, none, after = struct.unpack("<4I", done.kept["log"])
    assert (status, none, after) == ((7 << 16) + 0x100 + ord("t"), 1, free)
