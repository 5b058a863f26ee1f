"""The checks of lab 4's memory: the pager, protection, fork (steps 4.4 to 4.6).

Environments carry out steps drawn from the run's seed, and a model says what has to come of each: results, calls of
the trap handler, every register behind an access. What is mapped, for what, where, in which environment, and what lies
there, is read by the kernel's side (checks/paging.c), behind every step: a program's word is not taken for it.
"""
import functools
import operator
import random
import struct
from dataclasses import dataclass, field, replace

from grader import explain
from grader.checks import Boot, Wrong, check

PAGE, LIBOS_VA = 4096, 0x3fc00000
READ, WRITE, EXEC = 1, 2, 4
RW, RX = READ | WRITE, READ | EXEC
PROTS = (0, READ, RW, RX)
INVAL, NOMEM, EXISTS, NOENT, PERM, FAULT = 1, 2, 3, 4, 6, 7           # exo/error.h
ERRORS = {-INVAL: "-E_INVAL", -NOMEM: "-E_NOMEM", -EXISTS: "-E_EXISTS", -NOENT: "-E_NOENT", -PERM: "-E_PERM",
          -FAULT: "-E_FAULT"}
NEW, BIND, TABLE = 0, 1, 4                                              # exo/upcall.h
BATCH, PINNED = 100, LIBOS_VA       # (the table's first page)
OWN = 0x3ffff000                    # stands for a page of the program's that is pinned
NONE = 0xffffffff
# checks/paging.h
(BEGIN, END, ACCESS, FILL, PROT1, PROTN, UNPROT, UNPROTN, CLEAN, DIRTY, TRAP, FORK, WAIT, EXIT, UNMAP,
 PAGE_OP, HOARD, FILL_UP, LOOK, INVERTED) = range(20)
DO_UNPROT, DO_NOTHING, DO_SKIP, DO_PROT1 = 0, 1, 2, 8
TRAPPED, DONE, ENDED = 1, 2, 3
ENDED_EXIT, ENDED_NESTED = 1, 2
FOR = {0: "nothing", READ: "READ", RW: "READ and WRITE", RX: "READ and EXEC"}

# Single instructions, with the address in r1: their names, the bytes from there that they touch, whether they write.
LDR, STR, LDM, STM, STRD, STRB, LDR_BE, STR_BE, T_LDR, T_STR = range(10)
INSTRUCTIONS = (("ldr r0, [r1]", 4, False), ("str r2, [r1]", 4, True), ("ldm r1, {r2-r9}", 32, False),
                ("stm r1!, {r2-r9}", 32, True),
                ("strd r2, r3, [r1]", 8, True), ("strb r2, [r1]", 1, True), ("big-endian ldr r0, [r1]", 4, False),
                ("big-endian str r2, [r1]", 4, True), ("Thumb's it ne, ldrne r0, [r1]", 4, False),
                ("Thumb's itt ne, strne r2, [r1], ldrne r0, [r1]", 4, True))


@dataclass(frozen=True)
class Step:
    who: int
    what: int
    a: int = 0
    b: int = 0
    c: int = 0
    acts: tuple = ()

    def pack(self):
        return struct.pack("<6I", self.who, self.what, self.a, self.b, self.c,
                           sum(act << 4 * i for i, act in enumerate(self.acts)))

    def __str__(self):
        a, b, c = self.a, self.b, self.c
        if self.what == ACCESS:
            did = f"{INSTRUCTIONS[a][0]} with r1 = 0x{b:x}" if a < 16 else (
                f"a jump to 0x{a & ~1:x}{', in Thumb' * (a & 1)}")
        else:
            did = (lambda: f"region_begin(0x{a:x}, 0x{b:x}, {c})", lambda: f"region_end(0x{a:x}, 0x{b:x})", None,
                   lambda: f"stores to all of the page at 0x{a:x}", lambda: f"prot1(0x{a:x}, {c})",
                   lambda: f"protN(0x{a:x}, {b}, {c})",
                   lambda: f"unprot(0x{a:x})", lambda: f"unprotN(0x{a:x}, {b})", lambda: f"page_clean(0x{a:x}, {b})",
                   lambda: f"page_dirty(0x{a:x})", lambda: f"on_trap({'a handler' if a else 'null'})", lambda: "fork()",
                   lambda: f"wait() for environment {a}", lambda: f"sys_exit({a})",
                   lambda: f"the page at 0x{a:x} unmapped, without the libOS",
                   lambda: f"{('PAGE_NEW', 'PAGE_BIND', '', '', 'PAGE_TABLE')[b]} at 0x{a:x}, for which no page is left",
                   lambda: "all pages free again" if a == NONE else f"{a} pages left in the machine",
                   lambda: "environments free again" if a == NONE else "no environment left in the machine",
                   lambda: "what lies in the pages",
                   lambda: "programs with an inverted table from here on")[self.what]()
        return did if self.what >= HOARD else f"environment {self.who}: {did}"


@dataclass(frozen=True)
class Given:
    """A page that is mapped before the program begins."""
    va: int
    prot: int
    seed: int = 0
    offset: int = 0
    word: int = 0

    def pack(self):
        return struct.pack("<5I", self.va, self.prot, self.seed, self.offset, self.word)


@functools.cache
def filled(seed):
    return struct.pack("<1024I", *(seed * (2 * i + 1) & 0xffffffff for i in range(1024)))


@functools.cache
def hashed(data):
    return sum(map(operator.mul, memoryview(data).cast("I"), range(1, 2048, 2))) & 0xffffffff


@dataclass
class Frame:
    """A physical page."""
    data: bytes = bytes(PAGE)


@dataclass
class Page:
    """A page's word (libos/memory.h)."""
    most: int
    prot: int
    frame: Frame | None = None
    shared: bool = False
    clean: bool = False
    gone: bool = False          # unmapped behind the libOS's back

    @property
    def mapped(self):
        return self.prot & ~WRITE if self.shared or self.clean else self.prot

    def copy(self):
        return Page(self.most, self.prot, self.frame, self.shared, self.clean, self.gone)


class Dead(Exception):
    pass


class Skipped(Exception):
    pass


@dataclass
class Space:
    """An environment."""
    pages: dict = field(default_factory=dict)
    handler: bool = False
    mortal: bool = False        # no page is left


class Model:
    def __init__(self, given):
        self.given = given
        self.left, self.full = None, False
        self.restart()

    def restart(self):
        self.stretches = {0, 255, *(g.va >> 22 for g in self.given)}
        self.spaces = {0: Space({g.va: Page(g.prot, g.prot, Frame(self.content(g))) for g in self.given})}
        self.left, self.full = None, False

    @staticmethod
    def content(g):
        data = bytearray(filled(g.seed))
        struct.pack_into("<I", data, g.offset, g.word)
        return bytes(data)

    # What happens to memory.

    def new_frame(self, data=bytes(PAGE)):
        if self.left == 0:
            raise Dead
        return Frame(data)

    def reach(self, space, parts, acts, events):
        """An instruction touches these (address, right): until all of it may be done."""
        again = True
        while again:
            again = False
            for va, right in parts:
                page = space.pages.get(va & -PAGE)
                if page is None or page.gone:
                    raise Dead
                if page.frame is None:
                    page.frame = self.new_frame()
                    page.clean &= not (right == WRITE and page.prot & WRITE)
                elif right & ~page.mapped:
                    if right & page.prot == WRITE:
                        page.clean = False
                        if page.shared:
                            page.frame, page.shared = self.new_frame(page.frame.data), False
                    else:
                        self.trap(space, va, right == WRITE, acts, events)
                else:
                    continue
                again = True
                break

    def trap(self, space, va, write, acts, events):
        if not space.handler:
            raise Dead
        events.append((va, int(write)))
        act = acts.pop(0) if acts else DO_SKIP if len(events) > 8 else DO_UNPROT
        page = space.pages[va & -PAGE]
        if act == DO_SKIP:
            raise Skipped
        if act == DO_UNPROT:
            page.prot |= page.most
        elif act >= DO_PROT1 and not (act - DO_PROT1) & ~page.most:
            page.prot = act - DO_PROT1

    @staticmethod
    def read(space, va, size):
        return b"".join(bytes((space.pages[at & -PAGE].frame.data[at % PAGE],)) for at in range(va, va + size))

    @staticmethod
    def write(space, va, data):
        for page in sorted({va & -PAGE, va + len(data) - 1 & -PAGE}):
            low, high = max(va, page), min(va + len(data), page + PAGE)
            frame = space.pages[page].frame
            frame.data = frame.data[:low - page] + data[low - va:high - va] + frame.data[high - page:]

    # What steps do: (result, value), with what the trap handler was called for.

    def access(self, space, s, events):
        acts = list(s.acts)
        r = [s.c * (2 * i + 1) & 0xffffffff for i in range(13)]
        r[1] = s.b
        sp, flags = s.c * 27 & 0xffffffff, s.c & 0xf80f0000
        try:
            flags = self.execute(space, s, r, flags, acts, events)
        except Skipped:
            flags = 0
        h = 0
        for value in (*r, sp, flags):
            h = h * 31 + value & 0xffffffff
        return 0, h

    def execute(self, space, s, r, flags, acts, events):
        if s.a >= 16:                       # code: zeros up to where somebody returns
            at, thumb = s.a & ~1, s.a & 1
            parts = [(at, EXEC)] + [(at + 2, EXEC)] * (at == THUMB + PAGE - 2)
            self.reach(space, parts, acts, events)
            if len(parts) > 1:              # mov.w r0, #0, and the next
                r[0], at = 0, at + 4
            while space.pages[at & -PAGE].frame.data[at % PAGE:at % PAGE + 2] not in (b"\x1e\xff", b"\x70\x47"):
                at = (at & -PAGE) + PAGE
                self.reach(space, [(at, EXEC)], acts, events)
                if thumb:                   # movs r0, r0
                    flags = flags & 0x380f0000 | (r[0] & 0x80000000) | (r[0] == 0) << 30
            return flags
        _, size, writes = INSTRUCTIONS[s.a]
        if s.a in (T_LDR, T_STR) and flags & 1 << 30:
            return flags
        pages = sorted({s.b & -PAGE, s.b + size - 1 & -PAGE})
        self.reach(space, [(max(s.b, page), WRITE if writes else READ) for page in pages], acts, events)
        order = "big" if s.a in (LDR_BE, STR_BE) else "little"
        if s.a in (LDR, LDR_BE, T_LDR):
            r[0] = int.from_bytes(self.read(space, s.b, 4), order)
        elif s.a == LDM:
            r[2:10] = struct.unpack("<8I", self.read(space, s.b, 32))
        elif s.a == STRB:
            self.write(space, s.b, bytes((r[2] & 255,)))
        else:
            count = {STM: 8, STRD: 2}.get(s.a, 1)
            self.write(space, s.b, b"".join(value.to_bytes(4, order) for value in r[2:2 + count]))
            r[1] += 32 * (s.a == STM)
            r[0] = r[2] if s.a == T_STR else r[0]
        return flags

    def change(self, space, va, count, need, do):
        if va & -PAGE == PINNED:
            return -PERM
        if count > LIBOS_VA // PAGE:
            return -INVAL, -NOENT
        pages = [space.pages.get((va & -PAGE) + i * PAGE) for i in range(count)]
        wrong = [-INVAL] * (count == 0) + [-NOENT] * (None in pages) + [
            -PERM] * any(page is not None and need & ~page.most for page in pages)
        if wrong:
            return tuple(wrong)
        for page in pages:
            do(page)
        return 0

    def run(self, s, events):
        """The result and the value, or Dead."""
        space = self.spaces.get(s.who)
        a, b, c = s.a, s.b, s.c
        sensible = a % PAGE == b % PAGE == 0 and a != 0 and b != 0 and a + b <= LIBOS_VA
        within = range(a & -PAGE, min(a + b, LIBOS_VA), PAGE)
        if s.what == BEGIN:
            wrong = [-INVAL] * (not sensible or c not in PROTS[1:]) + [
                -EXISTS] * any(va in space.pages or 0x10000 <= va < 0x18000 for va in within)
            if wrong:
                return tuple(wrong), 0
            for stretch in sorted({va >> 22 for va in within} - self.stretches):
                if self.left == 0:          # none for the linear table; nobody asks the inverted one for that
                    return -NOMEM, 0
                if self.left is not None:
                    self.left -= 1
                self.stretches.add(stretch)
            for va in within:
                space.pages[va] = Page(c, c)
        elif s.what == END and a == OWN:
            return -PERM, 0
        elif s.what == END:
            wrong = [-INVAL] * (not sensible) + [-NOENT] * any(va not in space.pages for va in within)
            if wrong:
                return tuple(wrong), 0
            for va in range(a, a + b, PAGE):
                del space.pages[va]
        elif s.what == ACCESS:
            return self.access(space, s, events)
        elif s.what == FILL:
            self.reach(space, [(a, WRITE)], list(s.acts), events)
            space.pages[a].frame.data = filled(b)
        elif s.what in (PROT1, PROTN):
            if c not in PROTS:
                return (-INVAL, -NOENT, -PERM), 0
            return self.change(space, a, b if s.what == PROTN else 1, c, lambda page: setattr(page, "prot", c)), 0
        elif s.what == UNPROT and a & -PAGE == PINNED:
            return 0, 0
        elif s.what in (UNPROT, UNPROTN):
            return self.change(space, a, b if s.what == UNPROTN else 1, 0,
                               lambda page: setattr(page, "prot", page.prot | page.most)), 0
        elif s.what == CLEAN:
            return self.change(space, a, b, 0, lambda page: setattr(page, "clean", True)), 0
        elif s.what == DIRTY:
            page = space.pages.get(a & -PAGE)
            return 0, int(page is not None and page.frame is not None and not page.clean)
        elif s.what == TRAP:
            space.handler = bool(a)
        elif s.what == FORK:
            if self.left is not None or self.full:
                return -NOMEM, 0
            for page in space.pages.values():
                page.shared |= page.frame is not None and bool(page.most & WRITE)
            self.spaces[a] = Space({va: page.copy() for va, page in space.pages.items()}, space.handler)
            return 1, 1
        elif s.what == PAGE_OP:
            return -NOMEM, 0
        elif s.what == EXIT:
            raise Dead
        elif s.what == UNMAP:
            space.pages[a].gone = True
        elif s.what == HOARD:
            self.left = None if a == NONE else a
        elif s.what == FILL_UP:
            self.full = a != NONE
        return 0, 0


@dataclass(frozen=True)
class Script:
    watched: tuple
    given: tuple
    steps: tuple

    def pack(self, look):
        return struct.pack(f"<4I{len(self.watched)}I", look, len(self.watched), len(self.given),
                           len(self.steps), *self.watched) + b"".join(
                               each.pack() for each in (*self.given, *self.steps))


def keep(held):
    count = min(held.word(held.address("entry_count")), 8192)
    entries = held.memory(held.address("entries"), count * 20) if count else b""
    held.keep("entries", list(struct.iter_unpack("<2I2iI", entries)))
    count = min(held.word(held.address("look_count")), 1 << 20)
    held.keep("looks", struct.unpack(f"<{count}I", held.memory(held.address("looks"), count * 4)) if count else ())
    held.keep("leaked", held.word(held.address("leaked")))


@functools.cache
def written(make, seed):
    """The script that `make` draws from that seed."""
    return make(random.Random(seed))


def boot(make, look=True, **more):
    return Boot("paging", input=lambda seed: written(make, seed).pack(look), read_at_end=keep, budget=60_000_000, **more)


def both(make):
    """The same steps twice: with a linear table, and with an inverted one."""
    def twice(rng):
        script = make(rng)
        return replace(script, steps=(*script.steps, Step(0, INVERTED), Step(0, EXIT), *script.steps))
    return twice


def told(words):
    return [f"the trap handler called with 0x{va & 0xffffffff:x}, {'a write' if write else 'no write'}"
            for va, write in words]


ENTRY = 0x233       # of a second-level descriptor, what says so


@functools.cache
def prot_of(entry):
    """What user mode may do with the page (of such bits); None: there is none."""
    if entry & 2 == 0:
        return None
    if entry & 0x30 != 0x30:
        return 0
    return READ | (WRITE if not entry & 0x200 else 0) | (EXEC if not entry & 1 else 0)


def word_of(page):
    if page is None:
        return "not known"
    if page.frame is None:
        return "not touched yet, so not mapped"
    return (f"mapped for {FOR[page.mapped]}" +
            (" (may be written, but " + " and ".join(["is shared"] * page.shared + ["clean"] * page.clean) + ")"
             if page.mapped != page.prot else ""))


class Look:
    """What is mapped in every environment, as the kernel's side saw it behind a step."""

    def __init__(self, run, script):
        self.run, self.script, self.words = run, script, iter(run.kept["looks"])

    def mapped(self, model, what, file):
        by_frame, by_pa = {}, {}
        for who in sorted(model.spaces):
            pages = model.spaces[who].pages
            for va in self.script.watched:
                page, entry = pages.get(va), next(self.words, 0)
                there = page is not None and page.frame is not None and not page.gone
                got = prot_of(entry & ENTRY)
                if got != (page.mapped if there else None):
                    raise Wrong(f"{what} Of environment {who}, the page at 0x{va:x} is not mapped as it should be.",
                                expected="not mapped" if page is not None and page.gone else word_of(page),
                                got="not mapped" if got is None else f"mapped for {FOR.get(got, got)}",
                                look=file, run=self.run)
                if not there:
                    continue
                pa = entry & -PAGE
                other = by_frame.setdefault(id(page.frame), (who, va, pa))
                if other[2] != pa:
                    raise Wrong(f"{what} Environment {who}'s page at 0x{va:x} is to be environment {other[0]}'s still, "
                                "as neither wrote.", expected=f"one physical page, 0x{other[2]:x}",
                                got=f"two, 0x{other[2]:x} and 0x{pa:x}", look=file, run=self.run)
                other = by_pa.setdefault(pa, (who, va, id(page.frame)))
                if other[2] != id(page.frame):
                    raise Wrong(f"{what} Environment {who}'s page at 0x{va:x} and environment {other[0]}'s at "
                                f"0x{other[1]:x} are one.",
                                expected="two physical pages", got=f"0x{pa:x} in both places", look=file, run=self.run)

    def inside(self, model, what, file):
        for who in sorted(model.spaces):
            for va in self.script.watched:
                page, got = model.spaces[who].pages.get(va), next(self.words, 0)
                if page is not None and page.frame is not None and not page.gone and hashed(page.frame.data) != got:
                    raise Wrong(f"{what} In environment {who}, the page at 0x{va:x} holds something else than it should"
                                + (", zeros" if not any(page.frame.data) else "") + ".", look=file, run=self.run)


# A step of a program's that leads to what is not written yet, or round and round, is told as that step.
ENDS = ("return", "todo", "budget")
COUNTED = ("sys_pages", "svc_protect", "step_done")


def calls_of(run):
    """How many system calls on pages each step made, where they are counted; but the first, behind libos_init()."""
    counts, count, entries = {}, 0, iter(run.kept["entries"])
    for mark in run.marks:
        if mark.symbol == "step_done":
            number = next(entries, (0, NONE))[1]
            counts[number], count = counts.get(number, 0) + count, 0
        else:
            count += 1
    return {**counts, 0: 0}


def at_most(count):
    return f"at most {count} system call{'s' * (count != 1)}" if count else "no system call"


FILES = {4: "pager.c", 5: "protect.c", 6: "fork.c"}


def follow(run, script, part, looks=True, each=None):
    """Every step did what the model says it does. each(step, result, system calls, words): more to ask of a step."""
    model, look, file, calls = Model(script.given), Look(run, script), FILES[part], calls_of(run)
    order, events, free = [], {}, None
    expected_next = 0
    waiting = set()
    entries = list(run.kept["entries"])
    for kind, number, x, y, now_free in entries:
        if number >= len(script.steps):
            break
        if kind == TRAPPED:
            events.setdefault(number, []).append((x, y))
            continue
        s = script.steps[number]
        what = f"Step {number + 1} of the run, {s}."
        while expected_next < number:       # it waits for somebody
            if script.steps[expected_next].what != WAIT:
                raise Wrong(f"Step {expected_next + 1} of the run, {script.steps[expected_next]}.",
                            expected="it comes to an end", got="it does not", look=file, run=run)
            waiting.add(expected_next)
            expected_next += 1
        if number == expected_next:
            expected_next += 1
        elif number not in waiting:
            break
        happened, dead, result, value = [], False, 0, 0
        promised = [page for space in model.spaces.values() for page in space.pages.values() if page.frame is None] \
            if s.what in (ACCESS, FILL) and part > 4 else ()
        try:
            result, value = model.run(s, happened)
        except Dead:
            dead = True
        here = file if s.what != PAGE_OP else "pages.c"
        if any(page.frame is not None for page in promised):
            here = f"pager.c, as the page appears at this very access{f'; then at {file}' if happened else ''}"
        expected, got = told(happened), told(events.pop(number, []))
        if s.what == WAIT:
            result, value = ends_of(script, s.a)
        if isinstance(result, tuple):       # several things are wrong: any of them may be told
            result = x if x in result else result[0]
        if dead:
            expected.append(f"it exits with {s.a}" if s.what == EXIT else
                            f"it is unhandled(): the environment exits with {named(-FAULT)}")
        else:
            expected.append(ended(s, result, value))
        if kind == ENDED:
            got.append((f"it exits with {y}" if s.what == EXIT else
                        f"it is unhandled(): the environment exits with {named(y)}") if x == ENDED_EXIT else
                       "the environment is ended by the kernel: it faulted while it handled a fault"
                       if x == ENDED_NESTED else f"it ended: {x}")
        else:
            got.append(ended(s, x if s.what != FORK or x <= 0 else 1, y))
        if expected != got:
            at = next(i for i in range(max(len(expected), len(got))) if expected[i:i + 1] != got[i:i + 1])
            expected, got = expected[at:] or ["nothing more"], got[at:] or ["nothing more"]
            if not (expected[0].startswith(EVERY) and got[0].startswith(EVERY)):
                expected, got = ([line.partition(": hash")[0] for line in lines] for lines in (expected, got))
            raise Wrong(what + pages_told(model, s), expected=expected, got=got, look=here, run=run)
        if dead:
            del model.spaces[s.who]
        if s.what == LOOK:
            look.inside(model, what, file)
        elif looks:
            look.mapped(model, what, here)
        if each is not None:
            each(s, result, calls.get(number, 0), what)
        if s.what in (FORK, PAGE_OP) and result < 0 and free is not None and free != now_free:
            raise Wrong(f"{what} It was refused, and something is lost.",
                        expected=f"free, as before: {unused(free)}", got=unused(now_free), look=here, run=run)
        free = now_free
        if dead and s.who == 0:
            model.restart()
            free = None
    missing = [number for number in range(expected_next, len(script.steps))]
    if missing or set(waiting) - {entry[1] for entry in entries}:
        number = missing[0] if missing else min(waiting)
        s, how = script.steps[number], explain.ending(run)
        got = {"todo": lambda: f"it comes to step {explain.todo_step(run)}, which is not written yet",
               "budget": lambda: f"it does not, in {run.boot.budget:,} instructions"}.get(how, lambda: "it does not")()
        raise Wrong(f"Step {number + 1} of the run, {s}." + pages_told(model, s), expected="it comes to an end", got=got, look=file, run=run)
    lost = run.kept["leaked"]
    if lost:
        raise Wrong("All environments have ended.", expected="as many pages free as before",
                    got=f"{lost - (lost >> 31 << 32)} fewer", look=file, run=run)


def ends_of(script, who):
    """How an environment ended, by the last of its steps."""
    last = [s for s in script.steps if s.who == who and s.what < HOARD][-1]
    return (last.a if last.what == EXIT else -FAULT), ENDED_EXIT


def unused(free):
    """A count of checks/paging.c's in words."""
    return f"{free & 0xffffff} pages, {free >> 24} environments"


EVERY = "every register and flag as it should be"


def ended(s, result, value):
    if s.what == ACCESS:
        return f"{EVERY}: hash 0x{value & 0xffffffff:08x}"
    if s.what == DIRTY:
        return f"returns {'true' if value else 'false'}"
    if s.what == FORK:
        return f"returns the child's name, and slices of the child's are {value}" if result > 0 else f"returns {named(result)}"
    if s.what == WAIT:
        return f"returns {named(result)}, ended {value}"
    return f"returns {named(result)}"


def named(result):
    return ERRORS.get(result, str(result))


def pages_told(model, s):
    if s.what not in (ACCESS, FILL, PROT1, UNPROT, DIRTY) or s.who not in model.spaces:
        return ""
    va = (s.b if s.what == ACCESS and s.a < 16 else s.a) & -PAGE
    page = model.spaces[s.who].pages.get(va)
    return f" (The page at 0x{va:x}: {word_of(page)}.)"


# Steps at random, sensible ones mostly.

LOW, ACROSS, HIGH, GIVEN = 0x100000, 0x3fe000, LIBOS_VA - 3 * PAGE, 0x0a000000
# Zeros to be executed, each page with a return behind it; a Thumb instruction across two pages.
SLED, THUMB = 0x08000000, 0x09000000
CODE = (Given(SLED + PAGE, RX, 0, 0, 0xe12fff1e), Given(SLED + 3 * PAGE, RX, 0, 0, 0x4770),
        Given(THUMB, RX, 0, PAGE - 4, 0xf04f0000), Given(THUMB + PAGE, RX, 0, 0, 0x47700000))
MIXED = (*CODE, Given(GIVEN, RW, 0x12345677, 8, 1), Given(GIVEN + PAGE, READ, 0x7654321, 8, 2))
SPOTS = (*(LOW + i * PAGE for i in range(6)), *(ACROSS + i * PAGE for i in range(4)),
         *(HIGH + i * PAGE for i in range(3)))
AREAS = (*(SLED + i * PAGE for i in range(4)), THUMB, THUMB + PAGE)
WATCHED = (*SPOTS, *AREAS, GIVEN, GIVEN + PAGE)


class Author:
    """Writes a script, and knows from the model where it stands."""

    def __init__(self, rng, watched=WATCHED, given=MIXED):
        self.rng, self.watched, self.given = rng, watched, given
        self.model, self.steps = Model(given), []

    def add(self, who, what, a=0, b=0, c=0, acts=()):
        step = Step(who, what, a, b, c, tuple(acts))
        self.steps.append(step)
        try:
            return self.model.run(step, [])[0]
        except Dead:
            self.model.spaces.pop(who)
            if who == 0:
                self.model.restart()
        return None

    def script(self):
        return Script(self.watched, self.given, tuple(self.steps))

    def pages(self, who, right=0):
        """The addresses of its pages, those mapped for that right or with that promise."""
        return [va for va, page in self.model.spaces[who].pages.items()
                if right & ~page.mapped == 0 and va not in AREAS]

    def access(self, who, instruction, at, acts=()):
        self.add(who, ACCESS, instruction, at, self.rng.getrandbits(32) | 1, acts)

    def any_access(self, who, right=0, acts=False):
        """At random, to pages that are known, and for right: that may be done without help."""
        rng, pages = self.rng, self.model.spaces[who].pages
        instruction = rng.randrange(len(INSTRUCTIONS))
        _, size, writes = INSTRUCTIONS[instruction]
        need = (WRITE if writes else READ) & right
        there = self.pages(who, need)
        if not there:
            return
        va = rng.choice(there)
        whole = instruction in (LDM, STM, STRD)
        beyond = pages.get(va + PAGE)
        if size > 1 and rng.randrange(3) == 0 and beyond is not None and need & ~beyond.mapped == 0 and (
                va + PAGE not in AREAS) and (not writes or pages[va].most & beyond.most & WRITE):
            at = va + PAGE - (rng.randrange(4, size, 4) if whole else rng.randrange(1, size))
        else:
            at = va + rng.choice((0, PAGE - size, rng.randrange(0, PAGE - size, 4)))
        straddles = at & -PAGE != at + size - 1 & -PAGE
        self.access(who, instruction, at, self.some_acts(not straddles) if acts else ())

    def some_acts(self, skip=True):
        rng = self.rng
        acts = (DO_UNPROT, DO_UNPROT, DO_NOTHING, *(DO_PROT1 + prot for prot in PROTS), *[DO_SKIP] * (2 * skip))
        return [rng.choice(acts) for _ in range(rng.randrange(4))]

    def fetch(self, who, acts=()):
        back = self.rng.randrange(1, 64)
        at = self.rng.choice((SLED + PAGE - 4 * back, SLED + 3 * PAGE - 2 * back + 1, THUMB + PAGE - 1))
        self.add(who, ACCESS, at, 0, self.rng.getrandbits(32) | 1, acts)

    def region(self, who):
        """A region somewhere, or a bad one."""
        rng = self.rng
        start = rng.choice((LOW, ACROSS, HIGH))
        count = rng.randrange(1, {LOW: 7, ACROSS: 5, HIGH: 4}[start])
        at = start + rng.randrange({LOW: 7, ACROSS: 5, HIGH: 4}[start] - count) * PAGE
        return at, count * PAGE


BAD_RANGES = ((0, PAGE), (LOW + 4, PAGE), (LOW, PAGE + 4), (LOW, 0), (HIGH, 4 * PAGE), (LIBOS_VA, PAGE),
              (LOW, 0xfffff000), (0x40000000, PAGE), (0xfffff000, 2 * PAGE), (PAGE, LIBOS_VA))


def exec_areas(author, who=0):
    for i in (0, 2):
        author.add(who, BEGIN, SLED + i * PAGE, PAGE, RX)


# 4.4: the pager.

@both
def regions(rng):
    author = Author(rng)
    for va, size in BAD_RANGES:
        author.add(0, BEGIN, va, size, RW)
        author.add(0, END, va, size)
    for prot in (0, WRITE, EXEC, WRITE | EXEC, 7, 8, NONE):
        author.add(0, BEGIN, LOW, PAGE, prot)
    author.add(0, BEGIN, 0x10000, PAGE, READ)
    author.add(0, BEGIN, GIVEN - PAGE, 2 * PAGE, RW)
    author.add(0, END, GIVEN, 3 * PAGE)
    author.add(0, END, GIVEN + 8, PAGE)
    author.add(0, END, GIVEN, PAGE + 8)
    exec_areas(author)
    for n in range(220):
        kind = rng.randrange(10)
        if kind < 3:
            author.add(0, BEGIN, *author.region(0), rng.choice((READ, RW, RW, RX)))
        elif kind < 5:
            author.add(0, END, *author.region(0))
        elif n % 40 == 39:
            author.fetch(0)
        else:
            author.any_access(0, RW)
    author.add(0, LOOK)
    author.add(0, END, OWN, PAGE)
    author.add(0, BEGIN, 0x02000000, 2400 * PAGE, RW)       # so many that places in a table collide
    author.access(0, STR, 0x02000000 + rng.randrange(2400) * PAGE)
    author.add(0, END, 0x02000000, 2400 * PAGE)
    author.add(0, END, SLED, 4 * PAGE)
    author.add(0, END, GIVEN, PAGE)
    author.add(0, BEGIN, GIVEN, PAGE, READ)
    author.access(0, LDR, GIVEN)
    author.add(0, LOOK)
    return author.script()


def quiet(run, script):
    """Regions cost no system call but for the table; pages of a region are let go of by BATCH."""
    at_first = {0, 255} | {g.va >> 22 for g in script.given}
    known = set(at_first)

    def ask(s, result, calls, what):
        if s.what == INVERTED:
            known.intersection_update(at_first)
        if s.what == BEGIN and result == 0:
            stretches = {va >> 22 for va in range(s.a, s.a + s.b, PAGE)}
            if stretches <= known and calls:
                raise Wrong(f"{what} Every page of it lies in 4 MB that the table knows pages of.",
                            expected="no system call", got=f"{calls}", look="region_begin, in pager.c", run=run)
            known.update(stretches)
        if s.what == ACCESS and s.a < 16 and calls > (most := 1 + (s.b % PAGE + INSTRUCTIONS[s.a][1] > PAGE)):
            raise Wrong(f"{what} Each page that appears does so by one system call.", expected=at_most(most), got=f"{calls}",
                        look="pager.c", run=run)
        if s.what == END and result == 0 and calls > -(-s.b // PAGE // BATCH):
            raise Wrong(what, expected=at_most(-(-s.b // PAGE // BATCH)), got=f"{calls}",
                        look="region_end, in pager.c", run=run)
    return ask


@check(points=4, step="4.4", ends=ENDS, boots=boot(regions, marks=COUNTED),
       hint="A region is words in the table, and nothing is mapped for it. Everything is asked before anything is "
            "changed: the range, each page of it. What ends is gone: its word is 0, its page unmapped, and zeros "
            "appear if a region begins there again.")
def test_regions(run):
    """Regions begin and end, sensible ones and not, in both tables; nothing is mapped for them before it is touched."""
    script = written(regions, run.seed)
    follow(run, script, 4, each=quiet(run, script))


STORM, STORM_PAGES = 0x00c00000, 260


def storm(rng):
    """Hundreds of pages, in whatever order, each by another instruction."""
    watched = (*(STORM + i * PAGE for i in range(STORM_PAGES)), *AREAS)
    author = Author(rng, watched, CODE)
    exec_areas(author)
    author.add(0, BEGIN, STORM, STORM_PAGES * PAGE, RW)
    for _ in range(2):
        order = list(range(STORM_PAGES))
        rng.shuffle(order)
        for i in order:
            instruction = rng.randrange(len(INSTRUCTIONS))
            size = INSTRUCTIONS[instruction][1]
            at = STORM + i * PAGE + rng.choice((0, PAGE - size, rng.randrange(0, PAGE - 32, 4)))
            if i < STORM_PAGES - 1 and size > 1 and rng.randrange(2):
                at = STORM + (i + 1) * PAGE - (rng.randrange(4, size, 4) if instruction in (LDM, STM, STRD) else
                                               rng.randrange(1, size))
            author.access(0, instruction, at)
            if rng.randrange(25) == 0:
                author.fetch(0)
        author.add(0, LOOK)
        author.add(0, END, STORM, STORM_PAGES * PAGE)
        author.add(0, BEGIN, STORM, STORM_PAGES * PAGE, RW)
    return author.script()


@check(points=5, step="4.4", ends=ENDS, needs="regions", boots=boot(storm, look=False, marks=COUNTED),
       hint="A page appears once, zero, where it was touched, mapped as its word says; an instruction that touches two"
            " pages faults twice. Nothing of what was interrupted changes. `address` is any byte of the page, and for "
            "a fetch it is IFAR.")
def test_storm(run):
    """A storm of faults by every kind of access, across pages and in IT blocks too: all is as it should be."""
    script = written(storm, run.seed)
    follow(run, script, 4, looks=False, each=quiet(run, script))


def unhandled(rng):
    """Each of these ends its environment; the next one begins anew."""
    author = Author(rng)
    fetch = lambda at: author.add(0, ACCESS, at, 0, rng.getrandbits(32) | 1)
    for at in rng.sample((LOW, PAGE, HIGH, 0x3fe80000, 0x20000000, GIVEN + 2 * PAGE), 3):
        author.access(0, rng.choice((LDR, STR)), at)
    author.access(0, LDR, 12)
    for at in rng.sample((0x20, LOW, LOW + 1, 0x20000000), 2):
        fetch(at)
    for instruction in rng.sample((LDR, STR, LDM, STM, STRD, LDR_BE), 3):
        author.add(0, BEGIN, LOW, 2 * PAGE, RW)
        author.access(0, instruction, LOW + 2 * PAGE - (4 if instruction in (LDM, STM, STRD) else 2))
    author.add(0, BEGIN, SLED, PAGE, RX)
    fetch(SLED + PAGE - 8)
    author.add(0, END, SLED, PAGE)
    fetch(SLED + PAGE - 8)
    author.add(0, BEGIN, THUMB + 2 * PAGE, PAGE, RX)
    author.add(0, END, THUMB + PAGE, 2 * PAGE)
    fetch(THUMB + PAGE - 1)
    for instruction in (LDR, STR):
        author.add(0, BEGIN, LOW, 2 * PAGE, RW)
        author.access(0, STR, LOW)
        author.add(0, END, LOW, PAGE)
        author.access(0, LDR, LOW + PAGE)
        author.access(0, instruction, LOW + 8)
        author.add(0, BEGIN, LOW, 2 * PAGE, RW)
        author.access(0, STR, LOW)
        author.add(0, UNMAP, LOW)
        author.access(0, instruction, LOW)
        author.add(0, BEGIN, LOW, 2 * PAGE, RW)
        author.access(0, LDR, LOW)
        author.add(0, HOARD, 0)
        author.access(0, instruction, LOW)
        author.access(0, instruction, LOW + PAGE)
    # The table itself finds no page; the kernel none for its own.
    other = 0x01c00000
    author.access(0, LDR, GIVEN)
    for left, kind, at in ((0, NEW, LOW), (0, BIND, other), (0, TABLE, other), (1, NEW, other)):
        author.add(0, HOARD, left)
        author.add(0, PAGE_OP, at, kind, GIVEN)
    author.add(0, HOARD, NONE)
    for left in (0, 1):
        author.add(0, HOARD, left)
        author.add(0, BEGIN, other - PAGE, (left + 1) * PAGE, RW)
        author.add(0, HOARD, NONE)
    author.add(0, BEGIN, other - PAGE, PAGE, READ)
    author.add(0, BEGIN, other, PAGE, READ)
    author.access(0, LDR, other - PAGE)
    return author.script()


@check(points=3, step="4.4", ends=ENDS, needs="regions", boots=boot(unhandled),
       hint="The word says whether the page was promised, and whether it is there already. A page that nobody promised"
            " is no business of the pager's, whatever is mapped around it. In region_begin(), the table can be short "
            "of a page at any page of the region.")
def test_unhandled(run):
    """What no region promised, what is there already, what finds no page left: unhandled, and that environment ends."""
    follow(run, written(unhandled, run.seed), 4)


# 4.5: protection, and who has written.

def protect(author, who):
    """Something of Appel and Li's, mostly of pages that are known."""
    rng = author.rng
    what = rng.choice((PROT1, PROT1, PROTN, UNPROT, UNPROTN, CLEAN, CLEAN, DIRTY, DIRTY))
    va = rng.choice(author.pages(who) or [LOW])
    va = rng.choice((va, va, va, rng.choice(SPOTS))) + rng.randrange(PAGE)
    count = min(rng.choice((1, 1, 2, 3, 5)), LIBOS_VA // PAGE - va // PAGE) if what in (PROTN, UNPROTN, CLEAN) else 0
    author.add(who, what, va, count, rng.choice(PROTS) if what in (PROT1, PROTN) else 0)


def mixed(author, who=0):
    exec_areas(author, who)
    for at, count, prot in ((LOW, 6, RW), (ACROSS, 3, RW), (ACROSS + 3 * PAGE, 1, READ), (HIGH, 2, RW),
                            (HIGH + 2 * PAGE, 1, RX)):
        author.add(who, BEGIN, at, count * PAGE, prot)


@both
def protection(rng):
    author = Author(rng)
    mixed(author)
    author.add(0, TRAP, 1)
    for n in range(260):
        kind = rng.randrange(20)
        if kind < 9:
            author.any_access(0, acts=True)
        elif kind < 17:
            protect(author, 0)
        elif kind == 17:
            for va in rng.sample((SLED, SLED + PAGE, SLED + 2 * PAGE, THUMB, THUMB + PAGE), 2):
                author.add(0, PROT1, va, 0, rng.choice((0, READ)))
            author.fetch(0, author.some_acts())
        elif kind == 18:
            author.add(0, END, *author.region(0))
        else:
            author.add(0, BEGIN, *author.region(0), rng.choice((READ, RW, RW)))
        if n % 100 == 50:
            author.add(0, LOOK)
    author.add(0, LOOK)
    return author.script()


@check(points=5, step="4.5", ends=ENDS, needs="storm", boots=boot(protection),
       hint="The word first, and the kernel is told what state_prot() makes of it. In protection_fault(): is it a "
            "write, may the page be written as its word says, and is it only clean or shared? That one is noted; all "
            "else is the trap handler's, as often as it takes. protN() and the like ask of all pages before they "
            "change any.")
def test_protection(run):
    """Appel and Li's primitives and dirty bits at random: each access goes on, is noted, or traps as it should."""
    follow(run, written(protection, run.seed), 5)


def noted(rng):
    """Who has written: every way to write and not to write, behind every way to get there."""
    author = Author(rng)
    author.add(0, TRAP, 1)
    pages = [LOW + i * PAGE for i in range(6)]
    author.add(0, BEGIN, LOW, 6 * PAGE, RW)
    ask = lambda: [author.add(0, DIRTY, va + rng.randrange(PAGE)) for va in (*pages, GIVEN, GIVEN + PAGE, HIGH)]
    writes = [n for n, (_, _, write) in enumerate(INSTRUCTIONS) if write]
    reads = [n for n in range(len(INSTRUCTIONS)) if n not in writes]
    ask()
    author.add(0, CLEAN, LOW, 3)
    for va in pages:
        author.access(0, rng.choice(reads), va)
    ask()
    for instruction in (*reads, *writes):
        author.add(0, CLEAN, LOW + rng.randrange(PAGE), 6)
        author.add(0, CLEAN, GIVEN, 1)
        author.access(0, instruction, rng.choice((*pages, GIVEN)) + 4 * rng.randrange(900))
        ask()
        author.add(0, CLEAN, LOW, 2)
        author.access(0, instruction, LOW + PAGE - 4)
        ask()
    author.add(0, CLEAN, GIVEN, 1)
    author.add(0, ACCESS, GIVEN, 0, 3, [DO_UNPROT, DO_SKIP])        # a fetch
    author.add(0, DIRTY, GIVEN)
    # Protected and clean: a write is the trap handler's as long as the page may not be written, and noted once it may.
    for prot in (0, READ, RW):
        for acts in ([DO_UNPROT], [DO_PROT1 + READ, DO_UNPROT], [DO_SKIP], [DO_NOTHING, DO_PROT1 + RW]):
            author.add(0, CLEAN, LOW, 1)
            author.add(0, PROT1, LOW, 0, prot)
            author.access(0, rng.choice((STR, STRB, STR_BE)), LOW + 8, acts)
            author.add(0, DIRTY, LOW)
            author.add(0, UNPROT, LOW)
            author.add(0, DIRTY, LOW)
            author.access(0, STR, LOW)
            author.add(0, DIRTY, LOW)
    # Promised and protected, and then touched.
    for prot in (0, READ, RW):
        for instruction, acts in ((LDR, ()), (STR, ()), (STR, (DO_SKIP,))):
            author.add(0, END, LOW, PAGE)
            author.add(0, BEGIN, LOW, PAGE, RW)
            author.add(0, PROT1, LOW, 0, prot)
            author.add(0, CLEAN, LOW, 1)
            author.access(0, instruction, LOW, acts)
            author.add(0, DIRTY, LOW)
    # What is refused changes nothing.
    author.add(0, PROTN, LOW, 6, RW)
    author.add(0, CLEAN, LOW, 3)
    for s in ((END, LOW, 7 * PAGE), (BEGIN, LOW - PAGE, 2 * PAGE, RW), (PROTN, LOW, 7, READ), (CLEAN, LOW, 7), (UNPROTN, LOW - PAGE, 3), (PROTN, GIVEN, 2, RW),
              (PROTN, GIVEN, 2, RX), (PROT1, LOW, 0, RX), (PROT1, LOW, 0, WRITE), (PROTN, LOW, 2, 7),
              (PROT1, LOW, 0, 8),
              (PROTN, LOW, 0, READ), (UNPROTN, LOW, 0), (CLEAN, LOW, 0), (PROT1, HIGH, 0, READ), (UNPROT, HIGH),
              (CLEAN, HIGH, 1),
              (PROT1, GIVEN + PAGE, 0, RW), (PROT1, SLED, 0, READ)):
        author.add(0, *s)
    for s in ((PROTN, RW), (UNPROTN, 0), (CLEAN, 0)):
        author.add(0, s[0], PINNED, 1, s[1])
        for count in (0x100001, 0xffffffff):
            author.add(0, s[0], LOW, count, READ * (s[0] == PROTN))
    for s in ((PROT1, READ), (UNPROT, 0)):
        author.add(0, s[0], PINNED + 8, 0, s[1])
    ask()
    author.add(0, LOOK)
    return author.script()


@check(points=4, step="4.5", ends=ENDS, needs="protection", boots=boot(noted),
       hint="A page is dirty if it is there and its word says nothing of STATE_CLEAN. A write that the word allows "
            "takes the bit away, and nothing else does; a page that is first touched by a write it allows never "
            "was clean. Pinned pages are -E_PERM.")
def test_dirty(run):
    """A page is dirty exactly if it has been written since; reading it, or a write not allowed, does not count."""
    follow(run, written(noted, run.seed), 5)


def bulk(rng):
    """Hundreds of pages at once."""
    count = 2 * BATCH + 50
    author = Author(rng, (LOW, LOW + (count - 1) * PAGE), ())
    author.add(0, BEGIN, LOW, count * PAGE, RW)
    author.add(0, TRAP, 1)
    for i in range(count):
        author.access(0, rng.choice((LDR, STR)), LOW + i * PAGE)
    for at, size in ((LOW, count), (LOW + 7 * PAGE, BATCH), (LOW + PAGE, BATCH + 1)):
        for s in ((PROTN, READ), (UNPROTN, 0), (CLEAN, 0), (PROTN, 0), (UNPROTN, 0)):
            author.add(0, s[0], at, size, s[1])
    for i in range(40):
        va = LOW + rng.randrange(count) * PAGE
        author.add(0, *rng.choice(((DIRTY, va), (PROT1, va, 0, rng.choice(PROTS[:3])), (UNPROT, va), (DIRTY, va))))
    for i in range(60):
        author.access(0, rng.choice((LDR, STR)), LOW + rng.randrange(count) * PAGE)
        author.add(0, DIRTY, LOW + rng.randrange(count) * PAGE)
    author.add(0, END, LOW, count * PAGE)
    return author.script()


@check(points=3, step="4.5", ends=ENDS, needs="protection", boots=boot(bulk, marks=COUNTED),
       hint="Operations are collected in batch[] and made by one call of pages_do() for each BATCH of them. What the "
            "table knows nobody has to be asked.")
def test_calls(run):
    """prot1 and unprot cost one system call, protN one for each BATCH of pages, page_dirty none."""
    script = written(bulk, run.seed)
    def ask(s, result, calls, what):
        many = -(-s.b // BATCH) if s.what in (PROTN, UNPROTN, CLEAN) else None
        most = {DIRTY: 0, PROT1: 1, UNPROT: 1}.get(s.what, many)
        if most is not None and calls > most:
            raise Wrong(what, expected=at_most(most), got=f"{calls}", look="protect.c", run=run)
    follow(run, script, 5, each=ask)


def untrapped(rng):
    """Nobody handles them: each ends its environment."""
    author = Author(rng)
    for n, prot in enumerate((0, READ, 0, READ, RW)):
        if n > 1:                           # a handler, and then none
            author.add(0, TRAP, 1)
            author.add(0, PROT1, GIVEN, 0, 0)
            author.access(0, LDR, GIVEN)
            author.add(0, TRAP, 0)
        author.add(0, PROT1, GIVEN, 0, prot)
        author.add(0, CLEAN, GIVEN, 1)
        author.access(0, STR if prot else LDR, GIVEN + (PAGE if prot == RW else 0))
    author.add(0, PROT1, THUMB + PAGE, 0, READ)
    author.add(0, ACCESS, THUMB + PAGE - 1, 0, 1)
    author.add(0, ACCESS, GIVEN, 0, 1)
    author.add(0, BEGIN, LOW, PAGE, RW)
    author.add(0, PROT1, LOW, 0, 0)
    author.access(0, STR, LOW)
    return author.script()


@check(points=2, step="4.5", ends=ENDS, needs="protection", boots=boot(untrapped),
       hint="At first nobody is there, and null means nobody again: then it is unhandled(), as for any fault that "
            "nobody wants.")
def test_untrapped(run):
    """What a page's protection does not allow, with no trap handler there, ends that environment."""
    follow(run, written(untrapped, run.seed), 5)


# 4.6: fork.

def one_fork(rng):
    """A child, with pages of every kind: untouched, written, read-only, protected, clean, code; what each does then."""
    author = Author(rng)
    mixed(author)
    author.add(0, TRAP, 1)
    author.add(0, FILL, LOW, 5)
    for va in (LOW + PAGE, LOW + 2 * PAGE, LOW + 3 * PAGE, ACROSS + PAGE, ACROSS + 2 * PAGE, HIGH):
        author.access(0, rng.choice((STR, LDR, STM)), va)
    author.access(0, LDR, ACROSS + 3 * PAGE)
    author.fetch(0)
    author.add(0, PROT1, LOW + PAGE, 0, 0)
    author.add(0, PROT1, LOW + 2 * PAGE, 0, READ)
    author.add(0, CLEAN, LOW + 3 * PAGE, 1)
    author.add(0, PROT1, LOW + 4 * PAGE, 0, READ)
    author.add(0, LOOK)
    author.add(0, FORK, 1)
    author.add(0, LOOK)
    for who in (0, 1):                      # not allowed, and given up: nobody's page is copied for that
        author.access(who, STR, LOW + 2 * PAGE, [DO_SKIP])
        author.add(who, DIRTY, LOW + 3 * PAGE)
    order = [(who, va, instruction) for who in (0, 1) for va in SPOTS for instruction in (LDR, STR)]
    rng.shuffle(order)
    for n, (who, va, instruction) in enumerate(order):
        author.access(who, instruction, va + 4 * rng.randrange(1000), author.some_acts())
        if n % 8 == 0:
            author.add(who, DIRTY, rng.choice(SPOTS))
            author.fetch(who)
    author.add(0, LOOK)
    author.add(1, FILL, GIVEN, 77)
    author.access(0, LDM, GIVEN + PAGE - 32)
    author.add(0, LOOK)
    author.add(1, EXIT, 42)
    author.add(0, WAIT, 1)
    author.access(0, LDM, GIVEN + PAGE - 32)
    author.add(0, LOOK)
    return author.script()


@check(points=5, step="4.6", ends=ENDS, needs="protection", boots=boot(one_fork),
       hint="A page that may ever be written is mapped in both without WRITE and says STATE_SHARED in both; whoever "
            "writes first gets a page of its own, whole, and the other keeps the old one; TEMP_VA is free again after "
            "each copy. Pages not touched yet are "
            "promises in both. What is pinned is copied at once.")
def test_fork(run):
    """A child has all that its parent had, in the same pages, until one of them writes; whatever has become of each."""
    follow(run, written(one_fork, run.seed), 6)


@both
def trees(rng):
    """Up to six environments at a time, and all that the libOS can do."""
    author, born = Author(rng), 0
    mixed(author)
    author.add(0, TRAP, 1)
    parents = {}
    for n in range(300):
        alive = sorted(author.model.spaces)
        who = rng.choice(alive)
        kind = rng.randrange(40)
        if kind < 20:
            author.any_access(who, acts=True)
        elif kind < 25:
            protect(author, who)
        elif kind < 29 and born < 7:
            born += 1
            parents[born] = who
            author.add(who, FORK, born)
        elif kind < 31 and who != 0:
            if rng.randrange(3) == 0:       # somewhere where nothing is
                author.access(who, rng.choice((LDR, STR)), 0x05000000)
            else:
                author.add(who, EXIT, rng.randrange(1000))
            if parents[who] in author.model.spaces:
                author.add(parents[who], WAIT, who)
        elif kind == 31:
            author.add(who, END, *author.region(who))
        elif kind == 32:
            author.add(who, BEGIN, *author.region(who), rng.choice((READ, RW, RW)))
        elif kind < 35:
            va = rng.choice(SPOTS)
            if (page := author.model.spaces[who].pages.get(va)) is not None and page.prot & WRITE:
                author.add(who, FILL, va, rng.getrandbits(32) | 1)
        elif kind < 38:
            author.fetch(who)
        if n % 60 == 59:
            author.add(0, LOOK)
    return author.script()


@check(points=5, step="4.6", ends=ENDS, needs="fork", boots=boot(trees),
       hint="Forks of forks: a page can be shared by many, and is copied by each one that writes while its own word "
            "says STATE_SHARED. page_copy() changes nothing of anybody else's. A child that ends takes nothing with "
            "it.")
def test_trees(run):
    """Trees of forks in which all read, write, protect, fork, end: all pages are right, and none is lost."""
    follow(run, written(trees, run.seed), 6)


@both
def refused(rng):
    """No environment, or too few pages: then everything is as before, and so it can be used."""
    author = Author(rng)
    mixed(author)
    author.add(0, FILL, LOW, 9)
    author.add(0, FILL, GIVEN, 10)
    for va in (LOW + PAGE, ACROSS, HIGH, ACROSS + 3 * PAGE):
        author.access(0, LDR, va)
    author.add(0, CLEAN, LOW + PAGE, 1)
    author.add(0, FILL_UP, 0)
    author.add(0, FORK, 1)
    author.add(0, FILL_UP, NONE)
    for left in range(18):       # less than two tables' levels, a save page and what is pinned
        author.add(0, HOARD, left)
        author.add(0, FORK, 1)
        author.access(0, STR, rng.choice((LOW, GIVEN, ACROSS, HIGH)))
    author.access(0, STR, LOW + PAGE)
    author.add(0, DIRTY, LOW + PAGE)
    author.add(0, LOOK)
    author.add(0, HOARD, NONE)
    author.add(0, FORK, 1)
    author.access(1, STR, LOW)
    author.access(0, STR, GIVEN)
    author.add(0, HOARD, 0)
    author.access(1, LDM, GIVEN)
    author.add(0, LOOK)
    author.access(1, STR, GIVEN)            # a copy, and no page is left
    author.add(0, WAIT, 1)
    author.add(0, HOARD, NONE)
    author.access(0, STR, HIGH)
    return author.script()


@check(points=4, step="4.6", ends=ENDS, needs="fork", boots=boot(refused),
       hint="All that can fail comes before anything of the parent's changes: no page of it has become shared, or "
            "read-only, and the child that was begun is gone with all its pages.")
def test_refused(run):
    """fork() with no environment left, or too few pages: -E_NOMEM, nothing has changed, and nothing is lost."""
    follow(run, written(refused, run.seed), 6)
