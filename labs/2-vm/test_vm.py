"""The checks of lab 2, in the order of the handout's steps.

Most of them let the kernel carry out a list of operations, drawn from the run's seed (checks/operations.h), and follow
it with a model: what each had to return, what an access had to come to, and what the tables in memory have to say,
read from outside after each operation. What emulation forgives is told by the operations that the core executed.
"""
import bisect
import itertools
import random
import struct

from grader import mmu
from grader.checks import Boot, Wrong, check
from grader.params import boot_key

PAGE, STRETCH, USER_TOP = 4096, 1 << 22, 0x40000000
ANY = 0xfffffffe                # operations.h's PAGE_ANY, as odd numbers are slots
LAST = 0x47ff0000               # where the free pages end: the parameter block
R, W, X, GUARD = 1, 2, 4, 8
PROTS = (0, R, R | W, R | X)
INVAL, NOMEM, EXISTS, NOENT, PERM = -1, -2, -3, -4, -6
ERRORS = {-1: "-E_INVAL", -2: "-E_NOMEM", -3: "-E_EXISTS", -4: "-E_NOENT", -6: "-E_PERM", 0: "0"}

# As operations.h has them, from 1; the model has a method for each.
METHODS = ("", "alloc", "hold", "release", "query", "count", "create", "destroy", "map", "unmap", "protect", "lookup",
           "switch", "read", "write", "fetch", "stamp", "flush", "alloc_all", "init", "flush", "flush", "flush", "bind",
           "fill", "empty")
(_, ALLOC, HOLD, RELEASE, QUERY, COUNT, CREATE, DESTROY, MAP, UNMAP, PROTECT, LOOKUP, SWITCH, READ, WRITE, EXEC, STAMP,
 FLUSH_ALL, ALLOC_ALL, INIT, FLUSH_PAGE, FLUSH_ASID, PUBLISH, BIND, FILL, EMPTY) = range(len(METHODS))


def op(code, n=0, x=0, y=0, z=0):
    return struct.pack("<BBHII", code, n, x, y & 0xffffffff, z & 0xffffffff)


def slot(n):
    return n << 1 | 1


def name(prot):
    return "+".join(word for bit, word in ((R, "READ"), (W, "WRITE"), (X, "EXEC")) if prot & bit) or "none"


def said(status):
    return ERRORS.get(status, str(status))


def guard_of(z):
    """The guard that operations.h makes of 32 bits: its name and its epoch."""
    if z >> 16:
        return bytes(ord("a") + (z >> bit & 15) for bit in range(0, 32, 4)), z
    return struct.pack("<Q", z), 0


def owner_of(x):
    return x | x >> 8 << 24


def known(refs, owner, guard, epoch):
    """What is known of a page, in words."""
    return f"holders: {refs}, owner {owner:#x}, guard {guard.rstrip(bytes(1))!r} of epoch {epoch:#x}"


class Model:
    """What pages and address spaces have to be, followed operation by operation."""

    def __init__(self, run, first, last):
        self.run = run
        self.first, self.last = first, last
        self.free = set(range(first, last, PAGE))   # tables' pages are among them: nobody here knows which
        self.refs, self.owner, self.guard = {}, {}, {}      # of a guard: its 32 bits
        self.seen = struct.iter_unpack("<8sIII2II", run.kept["seen"])
        self.slots = [0] * 256
        self.spaces = {}            # number -> what it is
        self.current = None
        self.words = {}             # physical address -> the word stamped there
        self.step, self.what, self.look = -1, "", ""

    def fail(self, what, expected, got, look):
        raise Wrong(f"Operation {self.step}: {what}", expected=expected, got=got, look=look, run=self.run)

    def expect(self, what, status, errors, look):
        """0 is returned, or one of the errors if there are any: which of several is not told by the contract."""
        self.what, self.look = what, look
        errors = {error for error in errors if error}
        if status not in (errors or {0}):
            self.fail(what, f"it returns {' or '.join(map(said, sorted(errors, reverse=True) or [0]))}",
                      f"it returned {said(status)}", look)

    def address(self, y):
        return self.slots[y >> 1 & 0xff] if y & 1 else y

    def is_page(self, pa):
        return pa % PAGE == 0 and self.first <= pa < self.last

    def allocated(self, pa):
        return pa in self.refs

    def take(self, pa, owner, guard, what, look):
        if pa not in self.free:
            self.fail(what, "a page that is free", f"0x{pa:08x}, which is " +
                      ("allocated already" if pa in self.refs else "no page that can be allocated"), look)
        self.free.discard(pa)
        self.refs[pa], self.owner[pa], self.guard[pa] = 1, owner, guard

    def let_go(self, pa):
        self.refs[pa] -= 1
        if not self.refs[pa]:
            del self.refs[pa], self.owner[pa], self.guard[pa]
            self.words.pop(pa, None)
            self.free.add(pa)

    def is_user(self, va):
        return va % PAGE == 0 and PAGE <= va < USER_TOP

    def mapped(self, space, va):
        """The mapping at va, or the error that every function has to return for it."""
        return self.spaces[space]["maps"].get(va, NOENT) if self.is_user(va) else INVAL

    def stretches(self, space):
        return {va // STRETCH for va in self.spaces[space]["maps"]}

    def available(self):
        return len(self.free) - sum(len(self.stretches(space)) for space in self.spaces)

    # One operation after the other. `after(i)` is called behind number i.

    def follow(self, ops, results, after=lambda i: None):
        for self.step, ((code, n, x, y, z), (status, value)) in enumerate(zip(ops, results)):
            self.what = ""
            getattr(self, METHODS[code])(n, x, y, z, status, value)
            after(self.step)

    def alloc(self, n, x, y, z, status, value):
        pa, owner, look = self.address(y), owner_of(x), "page_alloc, in page.c"
        what = f"page_alloc({'PAGE_ANY' if pa == ANY else f'0x{pa:08x}'}, owner {owner:#x})"
        if status == 1:
            self.fail(what, "a page full of zeros", "a page with something in it", look)
        errors = {INVAL * (x == 0)}
        if pa == ANY:
            errors |= {0 if self.available() else NOMEM}
        elif not self.is_page(pa):
            errors |= {INVAL}
        elif pa not in self.free or self.spaces and status != 0:    # among the free there may be a table
            errors |= {EXISTS}
        self.expect(what, status, errors, look)
        if status == 0:
            if pa not in (ANY, value):
                self.fail(what, f"the page asked for, 0x{pa:08x}", f"0x{value:08x}", look)
            self.take(value, owner, z, what, look)
            self.slots[n], self.words[value] = value, 0x5a5a5a5a
        elif value != 0xffffffff:
            self.fail(what, f"*found is as it was, as it returns {said(status)}", f"*found is 0x{value:08x}", look)

    def hold(self, n, x, y, z, status, value):
        pa = self.holding("page_hold", x, y, status, value)
        if status == 0:
            self.refs[pa] += x + 1

    def release(self, n, x, y, z, status, value):
        pa = self.holding("page_release", x, y, status, value)
        if status == 0:
            self.refs[pa] -= x
            self.let_go(pa)

    def holding(self, function, x, y, status, value):
        pa = self.address(y)
        self.expect(f"{function}(0x{pa:08x}){f', time {value} of {x + 1}' * (x > 0)}", status,
                    {0 if self.allocated(pa) else INVAL}, f"{function}, in page.c")
        return pa

    def known(self, pa):
        """What has to be known of a page, in words."""
        return known(self.refs.get(pa, 0), self.owner.get(pa, 0), *guard_of(self.guard.get(pa, 0)))

    def query(self, n, x, y, z, status, value):
        pa, (guard, epoch, refs, owner, after, before, word) = self.address(y), next(self.seen)
        what = f"page_at(0x{pa:08x})"
        if pa in self.free and self.spaces:         # there may be a table in it
            return
        expected = self.known(pa) if self.is_page(pa) else "null"
        got = "null" if status else known(refs, owner, guard, epoch)
        if expected != got:
            self.fail(what, expected, got,
                      ("page_at" if "null" in (expected, got) else "page_release" if pa in self.free
                                            else "page_alloc and page_hold") + ", in page.c")
        if pa in self.refs and (after or before):
            self.fail(what, "next and prev null: an allocated page is in no list",
                      f"next 0x{after:08x}, prev 0x{before:08x}", "page_alloc and list_remove, in page.c")
        if word != self.words.get(pa, word):
            self.fail(f"the page at 0x{pa:08x}, allocated all the time", f"0x{self.words[pa]:08x}, its first word",
                      f"0x{word:08x}", "page_alloc, in page.c: what is refused changes nothing")

    def count(self, n, x, y, z, status, value):
        if value != self.available():
            self.fail("page_free_count()", f"{self.available()} free pages", f"{value}: " + (
                f"{self.available() - value} too few: something was not let go of" if value < self.available() else
                f"{value - self.available()} too many: something in use was let go of"),
                "as_unmap and as_destroy, in aspace.c" if n else "page_alloc and page_release, in page.c")

    def alloc_all(self, n, x, y, z, status, value):
        value, look = value + 1 & 0xffffffff, "page_alloc, in page.c"
        if value != self.available():
            self.fail("page_alloc(PAGE_ANY), until it failed", f"{self.available()} pages", f"{value}", look)
        self.expect("page_alloc(PAGE_ANY) with nothing left", status, {NOMEM}, look)
        for pa in self.free:
            self.refs[pa], self.owner[pa], self.guard[pa] = 1, owner_of(x), z
        self.free.clear()

    def init(self, n, x, y, z, status, value):
        pass

    def flush(self, n, x, y, z, status, value):
        pass

    # Address spaces.

    def create(self, n, x, y, z, status, value):
        bad = x == 0 or not 0 < y < 256
        self.expect(f"as_create(owner {x}, asid {y})", status, {INVAL * bad, 0 if self.available() else NOMEM},
                    "as_create, in aspace.c")
        if status == 0:
            self.take(value, x, 0, self.what + ": its table", "page_alloc, in page.c")
            self.spaces[n] = {"l1": value, "asid": y, "owner": x, "maps": {}}

    def destroy(self, n, x, y, z, status, value):
        self.what, self.look = "as_destroy()", "as_destroy, in aspace.c"
        space = self.spaces.pop(n)
        for pa, _, _ in space["maps"].values():
            self.let_go(pa)
        self.let_go(space["l1"])

    def map(self, n, x, y, z, status, value):
        self.mapping("as_map", "as_map, in aspace.c", n, y, self.address(z), x & 0xff, x >> 8, set(), status)

    def bind(self, n, x, y, z, status, value):
        pa, prot, rights = self.address(z & 0xffff), x & 0xf, x >> 4 & 0xf
        key, guard = (struct.pack("<H", word).rstrip(b"\0") for word in (z >> 16, self.guard.get(pa, 0)))
        fits = guard.startswith(key) and not x >> 8 and not (prot | R) & ~rights
        self.mapping(f"as_bind, capability {key!r} of {name(rights)}{' (forged)' * (x >> 8)}, guard {guard!r}",
                     "as_bind (given), cap_check and as_map", n, y, pa, prot, rights, set() if fits else {PERM}, status)

    def mapping(self, what, look, n, va, pa, prot, rights, errors, status):
        maps = self.spaces[n]["maps"]
        errors |= {INVAL * (not self.is_user(va) or prot not in PROTS or not self.allocated(pa)),
                   PERM * bool(prot & ~rights), EXISTS * (va in maps)}
        if va // STRETCH not in self.stretches(n) and not self.available():
            errors |= {NOMEM}
        self.expect(f"{what}: page 0x{pa:08x} at 0x{va:08x}, {name(prot)} of {name(rights)}", status, errors, look)
        if status == 0:
            maps[va] = pa, prot, rights & (W | X) | R
            self.refs[pa] += 1

    def unmap(self, n, x, y, z, status, value):
        found = self.mapped(n, y)
        self.expect(f"as_unmap(0x{y:08x})", status, {found if type(found) is int else 0}, "as_unmap, in aspace.c")
        if status == 0:
            self.let_go(self.spaces[n]["maps"].pop(y)[0])

    def fill(self, n, x, y, z, status, value):
        self.expect(f"as_map, time {value} of {x} from 0x{y:08x} on", status, set(), "as_map, in aspace.c")
        self.spaces[n]["maps"] |= {va: (self.address(z), R, R) for va in range(y, y + x * PAGE, PAGE)}
        self.refs[self.address(z)] += x

    def empty(self, n, x, y, z, status, value):
        self.expect(f"as_unmap, time {value} of {x} from 0x{y:08x} on", status, set(), "as_unmap, in aspace.c")
        for va in range(y, y + x * PAGE, PAGE):
            self.let_go(self.spaces[n]["maps"].pop(va)[0])

    def protect(self, n, x, y, z, status, value):
        found = self.mapped(n, y)
        errors = {INVAL * (x not in PROTS), found if type(found) is int else PERM * bool(x & ~found[2])}
        self.expect(f"as_protect(0x{y:08x}, {name(x)})", status, errors, "as_protect, in aspace.c")
        if status == 0:
            self.spaces[n]["maps"][y] = found[0], x, found[2]

    def lookup(self, n, x, y, z, status, value):
        found, look = self.mapped(n, y), "as_lookup and described, in aspace.c"
        self.expect(f"as_lookup(0x{y:08x})", status, {found if type(found) is int else 0}, look)
        if status == 0:
            expected, got = (f"page 0x{pa:08x}, {name(prot)} of {name(rights)}" for pa, prot, rights in
                             (found, (value & ~0xfff, value & 0xf, value >> 4 & 0xf)))
            if expected != got:
                self.fail(self.what, expected, got, look)

    # What the running application sees.

    def switch(self, n, x, y, z, status, value):
        self.current = n if x else None

    def fault(self, va, allowed):
        """What an access by the application has to come to: 0, or the fault status."""
        if va >= USER_TOP:
            return 0xd if va < 0x48000000 else 5        # the kernel's own sections; what is nobody's
        maps = self.spaces[self.current]["maps"] if self.current is not None else {}
        found = maps.get(va & ~(PAGE - 1))
        if found is None:
            return 7 if va // STRETCH in {other // STRETCH for other in maps} else 5
        return 0 if found[1] & allowed else 0xf

    def access(self, what, va, status, allowed):
        expected = self.fault(va, allowed)
        faults = {5: "a translation fault, section", 7: "a translation fault, page", 0xd: "a permission fault, section",
                  0xf: "a permission fault, page", 0: "no fault"}
        code = status & 0x40f if status >> 16 & 1 else 0
        if code != expected:
            self.fail(f"{what} at 0x{va:08x} by the application", faults[expected],
                      faults.get(code, f"a fault with status {code:#x}"),
                      "descriptor, in aspace.c, and at what the TLB was told")
        return code == 0

    def page_of(self, va):
        return self.spaces[self.current]["maps"][va & ~(PAGE - 1)][0]

    def read(self, n, x, y, z, status, value):
        if self.access("a read", y, status, R):
            expected = self.words[self.page_of(y)]
            if value != expected:
                self.fail(f"a read at 0x{y:08x}", f"0x{expected:08x}, the word in the page mapped there",
                          f"0x{value:08x}", "what the TLB was told: is the old translation gone?")

    def write(self, n, x, y, z, status, value):
        if self.access("a write", y, status, W):
            self.words[self.page_of(y)] = z

    def fetch(self, n, x, y, z, status, value):
        self.access("a fetch", y, status, X)

    def stamp(self, n, x, y, z, status, value):
        self.words[self.address(y)] = z


# What the payloads keep for us.

def results(held):
    held.keep("results", held.memory(held.address("results"), 8 * 5460))
    held.keep("seen", held.memory(held.address("seen"), 32 * 1024))


def table_end(first, last):
    """The first page that can be allocated, behind the table of pages that page_init makes at `first`."""
    return first + ((last - first) // PAGE * ENTRY + PAGE - 1) // PAGE * PAGE


ENTRY = 28                      # bytes of a struct page


def followed(run, data, after=None):
    """The model, once it has followed the run through its operations; after(model, i) is called behind each."""
    ops = list(struct.iter_unpack("<BBHII", data))
    first, last = (ops[0][4], ops[0][3]) if ops[0][0] == INIT else (0, run.symbol("__pages_end"))
    model = Model(run, table_end(first or run.symbol("__image_end"), last), last)
    model.follow(ops, struct.iter_unpack("<iI", run.kept["results"]), lambda i: after and after(model, i))
    return model


def carried_out(operations, **more):
    """The boot that carries out what operations(seed) gives, with the MMU off: for all that comes before it is on."""
    return Boot("early", input=operations, read_at_end=results, budget=60_000_000, **more)


# Thirty pages of memory, where little time shall pass or all of it be read.
POOL, POOL_END = 0x40700000, 0x40720000
POOL_FIRST = table_end(POOL, POOL_END)
SMALL = op(INIT, y=POOL_END, z=POOL)


# 2.1: pages.

KERNEL = 1                      # OWNER_KERNEL


def an_owner(draw):
    return draw.randrange(1 << 8, 1 << 16)


def a_guard(draw):
    return draw.randrange(1 << 16, 1 << 32)


def one_page(seed):
    draw = random.Random(seed)
    return b"".join([
        op(INIT, y=0x40200000),         # so that the pages are full of junk, which lies behind the image
        op(COUNT), op(ALLOC, 1, an_owner(draw), ANY, a_guard(draw)), op(QUERY, 0, 0, slot(1)), op(COUNT),
        op(ALLOC, 2, KERNEL, ANY, 0), op(QUERY, 0, 0, slot(2)), op(QUERY, 0, 0, slot(1)),
        op(ALLOC, 3, an_owner(draw), 0x40180000 + draw.randrange(96) * PAGE, a_guard(draw)),
        op(QUERY, 0, 0, slot(3)), op(COUNT), op(QUERY, 0, 0, 0x401ff000)])


def strange_pages(seed):
    draw = random.Random(seed)
    start = 0x40400000 + draw.randrange(1024) * PAGE
    end = LAST - draw.randrange(16, 64) * PAGE      # of pages, so that behind it there is nothing to be broken
    first, there = table_end(start, end), 0x44000000 + draw.randrange(0x2000) * PAGE
    ops = [op(INIT, y=end, z=start), op(ALLOC, 1, 2, ANY)]
    for pa in (first, end - PAGE, there):           # each comes back clean
        ops += [op(ALLOC, 3, 2, pa), op(QUERY, 0, 0, pa), op(RELEASE, 0, 0, pa), op(ALLOC, 3, 2, pa)]
    for pa in (end, end + PAGE, LAST, 0x48000000, 0xfffff000, 0, 0x1000, 0x40000000, 0x40100000, 0x09000000,
               start, first - PAGE, *(there + (1 << bit) for bit in range(1, 12))):
        ops += [op(QUERY, 0, 0, pa), op(ALLOC, 2, 2, pa), op(HOLD, 0, 0, pa), op(RELEASE, 0, 0, pa)]
    ops.append(op(QUERY, 0, 0, there))
    return b"".join(ops + [op(ALLOC, 2, 2, slot(1)), op(ALLOC, 2, 0, ANY), op(QUERY, 0, 0, slot(1)), op(COUNT)])


def let_go(seed):
    draw = random.Random(seed)
    query, more = op(QUERY, 0, 0, slot(1)), draw.randrange(4000, 9000)
    many = [op(code, 0, times - 1, slot(1)) + query for code in (HOLD, RELEASE) for times in (1 << 16, more)]
    return b"".join([
        op(ALLOC, 1, an_owner(draw), ANY, a_guard(draw)), op(HOLD, 0, 0, slot(1)), query, op(COUNT), *many, op(COUNT),
        op(RELEASE, 0, 0, slot(1)), query, op(COUNT), op(RELEASE, 0, 0, slot(1)), query, op(COUNT),
        op(RELEASE, 0, 0, slot(1)), op(HOLD, 0, 0, slot(1)), op(COUNT),
        op(ALLOC, 2, an_owner(draw), slot(1), a_guard(draw)), query, op(COUNT)])


def every_page(seed):
    return b"".join([
        op(INIT, y=0x40800000), op(ALLOC, 1, 2, ANY), op(ALLOC_ALL, 2, 3), op(COUNT), op(ALLOC, 3, 3, ANY),
        op(RELEASE, 0, 0, slot(1)), op(COUNT), op(ALLOC, 3, 3, ANY), op(ALLOC, 4, 3, ANY), op(COUNT)])


def random_pages(seed):
    draw = random.Random(seed)
    ops = [op(ALLOC, i, 2, ANY, i) for i in range(8)]
    while len(ops) < 2500:
        i, owner = draw.randrange(24), draw.choice((0, KERNEL, an_owner(draw)))
        ops.append(draw.choice((op(ALLOC, i, owner, draw.choice((ANY, ANY, slot(draw.randrange(24)))), a_guard(draw)),
                                op(HOLD, 0, 0, slot(i)), op(RELEASE, 0, 0, slot(i)), op(RELEASE, 0, 0, slot(i)),
                                op(QUERY, 0, 0, slot(i)))))
    return b"".join(ops + [op(COUNT)])


@check(points=4, step="2.1", boots=carried_out(one_page, junk=True),
       hint="page_alloc takes a page off the list, writes into its entry what the caller said, and clears the page "
            "itself.")
def test_alloc(run):
    """A page is allocated, any or the one that is asked for: zero, with its owner and its guard, held once."""
    followed(run, one_page(run.seed))


@check(points=3, step="2.1", boots=carried_out(strange_pages), needs="alloc",
       hint="An address is a page of ours if it is the start of one, not before `first` and before `last`. Everything "
            "else is -E_INVAL, whoever asks, and nothing changes.")
def test_strangers(run):
    """Addresses that are no pages of ours, a page in use and the owner nobody are refused."""
    followed(run, strange_pages(run.seed))


@check(points=4, step="2.1", boots=carried_out(let_go), needs="alloc",
       hint="The last holder's release makes the page nobody's again: its entry is cleared and goes back on the list. "
            "One release more is an error. However many hold it, each of them counts.")
def test_release(run):
    """A page is free when its last holder lets go, and not before; letting go once more is an error."""
    followed(run, let_go(run.seed))


@check(points=3, step="2.1", boots=carried_out(every_page), needs="release",
       hint="With the list empty page_alloc returns -E_NOMEM, and all is well again when a page comes back.")
def test_exhaustion(run):
    """Every page can be allocated, once; then there is none, until one is let go of."""
    followed(run, every_page(run.seed))


@check(points=4, step="2.1", boots=carried_out(random_pages), needs=("release", "strangers"),
       hint="Read the operation that went wrong, then the contract of that function in exo/page.h.")
def test_pages(run):
    """Two thousand operations on pages, sensible and not, each as the contract says."""
    followed(run, random_pages(run.seed))


# 2.2: capabilities. The MAC is computed here too, from the paper.

MASK = (1 << 64) - 1


def siphash(key, data):
    """SipHash-2-4 (Aumasson and Bernstein, 2012, section 2)."""
    k0, k1 = struct.unpack("<2Q", key)
    v = [k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573]

    def turn(i, j, bits, half):
        v[i] = v[i] + v[j] & MASK
        v[j] = (v[j] << bits | v[j] >> 64 - bits) & MASK ^ v[i]
        if half:
            v[i] = (v[i] << 32 | v[i] >> 32) & MASK

    def rounds(n):
        for _ in range(n):
            for step in ((0, 1, 13, 1), (2, 3, 16, 0), (0, 3, 21, 0), (2, 1, 17, 1)):
                turn(*step)

    padded = data + bytes(7 - len(data) % 8) + bytes([len(data) & 0xff])
    for word, in struct.iter_unpack("<Q", padded):
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 0xff
    rounds(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


assert siphash(bytes(range(16)), bytes(range(15))) == 0xa129ca6149be45e5        # the paper's appendix A


# As caps.c has them.
MINT, CHECK, NARROW, REVOKE, FORGE = range(5)
FUNCTIONS = ("cap_mint", "cap_check", "cap_narrow", "cap_revoke", "cap_check")


def cap(seed, name, rights, epoch=0, key=None):
    """A capability as the kernel has to mint it."""
    signed = struct.pack("<8sII", name, rights, epoch)
    return signed + struct.pack("<Q", siphash(boot_key(seed) if key is None else key, signed))


def genuine(seed, cap):
    return siphash(boot_key(seed), cap[:16]) == int.from_bytes(cap[16:], "little")


def question(what, cap, guard=b"", epoch=0, rights=0):
    return struct.pack("<I4x24s8sII", what, cap.ljust(24, b"\0"), guard, epoch, rights)


def asked(cases):
    """The boot that asks what `cases(seed)` lists: (words, question, what it may return, and the capability made)."""
    def questions(seed):
        return b"".join(case[1] for case in cases(seed))

    def answers(held):
        held.keep("answers", held.memory(held.address("answers"), 40 * 1365))

    return Boot("caps", input=questions, read_at_end=answers, budget=50_000_000)


def shown(cap):
    name, rights, epoch, mac = struct.unpack("<8sIIQ", cap)
    return f"name {name.rstrip(bytes(1))!r}, rights {rights:#x}, epoch {epoch:#x}, MAC 0x{mac:016x}"


def compare(run, cases):
    """Each question was answered as it says."""
    answers = struct.iter_unpack("<i8sI24s", run.kept["answers"])
    for (words, question, statuses, wanted), (status, _, _, got) in zip(cases(run.seed), answers):
        function, asked, name, epoch, rights = struct.unpack("<I4x24s8sII", question)
        name = name.rstrip(b"\0")
        guard = f"guard: name {name!r}, epoch {epoch:#x}"
        what = f"{FUNCTIONS[function]}: {words}. " + {
            MINT: f"To be minted: {shown(asked).rpartition(',')[0]}",
            NARROW: f"From: {shown(asked)}; to: name {name!r}, rights {rights:#x}",
            REVOKE: f"Capability: {shown(asked)}; {guard}",
        }.get(function, f"Capability: {shown(got)}; {guard}; asked for: rights {rights:#x}")
        if status not in statuses:
            look = "cap_mint and name_length, in cap.c" if function == MINT else \
                "cap_check, in cap.c" + ", and at the given kernel/vm/cap.c" * (function in (NARROW, REVOKE))
            raise Wrong(what, expected=f"it returns {' or '.join(map(said, statuses))}",
                        got=f"it returned {said(status)}", look=look, run=run)
        if wanted is not None and wanted != got:
            raise Wrong(what, expected=shown(wanted), got=shown(got), look="cap_mint, in cap.c", run=run)
        if function == MINT and status and genuine(run.seed, got):
            raise Wrong(what, expected=f"as it returns {said(status)}, nothing is signed", got=f"signed: {shown(got)}",
                        look="cap_mint, in cap.c", run=run)


def mints(seed):
    draw = random.Random(seed)
    for length in range(9):
        for _ in range(3):
            name = bytes(draw.randrange(1, 256) for _ in range(length))
            wanted = cap(seed, name, draw.randrange(16), draw.choice((0, 1, draw.getrandbits(32), MASK >> 32)))
            yield "a name and rights that there are", question(MINT, wanted[:16]), (0,), wanted
    for zero, other in itertools.combinations(range(8), 2):
        name = b"abcdefgh"[:zero].ljust(other, b"\0") + b"z"
        yield "a name with a byte behind a zero", question(MINT, struct.pack("<8sII", name, R, 0)), (INVAL,), None
    for rights in (*(R | 1 << bit for bit in range(4, 32)), 0xffffffff):
        yield "bits that are no rights", question(MINT, struct.pack("<8sII", b"a", rights, 0)), (INVAL,), None


def prefixes(seed):
    draw = random.Random(seed)
    names = (b"", b"a", b"ab", b"abc", b"alice", b"b", b"bob", b"abcdefg", b"abcdefgh", b"abcdefgi", b"\xff",
             b"\xff\xfe")
    for own, guard in itertools.product(names, names):
        fits = guard.startswith(own)
        yield (f"the guard {'begins' if fits else 'does not begin'} with the name",
               question(CHECK, cap(seed, own, R), guard, 0, draw.choice((0, R))), (0 if fits else PERM,), None)
    for length in range(1, 9):
        for byte, bit in itertools.product(range(length), range(8) if length == 8 else (draw.randrange(8),)):
            own = bytes(draw.choice((0x35, 0x5a, 0xa5, 0xca)) for _ in range(length))
            guard = (int.from_bytes(own, "little") ^ 1 << 8 * byte + bit).to_bytes(8, "little")
            yield (f"the guard does not begin with the name: of byte {byte} bit {bit} is another",
                   question(CHECK, cap(seed, own, 15), guard, 0, draw.choice((0, R, 15))), (PERM,), None)


def forgeries(seed):
    draw = random.Random(seed)

    def ask(words, cap, status, function=CHECK):
        name, rights, epoch = struct.unpack("<8sII", cap[:16])      # of a guard that it would fit, were it genuine
        return words, question(function, cap, name, epoch, draw.choice((0, rights))), (status,), None

    for name, rights, epoch in ((b"alice", R, 0), (b"", R | W | X | GUARD, 7), (b"abcdefgh", W, draw.getrandbits(32))):
        good = cap(seed, name, rights, epoch)
        yield ask("a genuine capability", good, 0)
        for bit in range(192):
            field = "name" if bit < 64 else "rights" if bit < 96 else "epoch" if bit < 128 else "MAC"
            forged = (int.from_bytes(good, "little") ^ 1 << bit).to_bytes(24, "little")
            yield ask(f"a forgery: bit {bit} of it, in its {field}, is not as it was signed", forged, PERM)
        yield ask("a forgery: two bits of its MAC are not as they were signed", good, PERM, FORGE)
        yield ask("a capability of another boot, with another key",
                  cap(seed, name, rights, epoch, draw.randbytes(16)), PERM)
        yield ask("a capability signed with a key of zeros", cap(seed, name, rights, epoch, bytes(16)), PERM)
        yield ask("a name with the MAC of another one's", good[:16] + cap(seed, b"mallory", rights, epoch)[16:], PERM)
        yield ask("wider rights with the MAC of a capability that is genuine",
                  struct.pack("<8sII", name, 15 ^ (rights == 15), epoch) + good[16:], PERM)
        for mac in (0, MASK, draw.getrandbits(64)):
            yield ask(f"a MAC made up, 0x{mac:016x}", good[:16] + struct.pack("<Q", mac), PERM)
        yield ask("the genuine capability once more", good, 0)


def rights_and_epochs(seed):
    for rights, wanted in itertools.chain(itertools.product(range(16), range(16)),
                                          itertools.product((15,), (*(1 << bit for bit in range(4, 32)), 0xffffffff))):
        fits = not wanted & ~rights
        yield (f"it {'has' if fits else 'has not'} all the rights asked for",
               question(CHECK, cap(seed, b"a", rights), b"ab", 0, wanted), (0 if fits else PERM,), None)
    draw, epochs = random.Random(seed), (0, 1, 2, 0x7fffffff, 0x80000000, 0xffffffff)
    near = [(epoch, epoch ^ 1 << bit) for bit in range(32) for epoch in (draw.getrandbits(32),)]
    for minted, guard in itertools.chain(itertools.product(epochs, epochs), near):
        own = draw.choice((b"", b"a", b"ab"))
        yield (f"its epoch is {'before the' if minted < guard else 'the' if minted == guard else 'later than the'} guard's",
               question(CHECK, cap(seed, own, 15, minted), b"ab", guard, draw.choice((0, R, 15))),
               (PERM if minted < guard else 0,), None)
    # What is given builds on it.
    old, narrow, new = cap(seed, b"al", 15), cap(seed, b"alice", R), cap(seed, b"al", 15, 1)
    yield "a name that begins with its own, and fewer rights", question(NARROW, old, b"alice", 0, R), (0,), narrow
    yield "a name that does not begin with its own", question(NARROW, old, b"bob", 0, R), (PERM, INVAL), None
    yield "more rights", question(NARROW, narrow, b"alice", 0, R | W), (PERM, INVAL), None
    yield "a capability without RIGHT_GUARD", question(REVOKE, narrow, b"alice"), (PERM,), None
    yield "a capability with RIGHT_GUARD, minted anew", question(REVOKE, old, b"alice"), (0,), new
    for words, each, status in (("is new", new, 0), ("was revoked", old, PERM), ("was revoked", narrow, PERM)):
        yield f"a capability that {words}", question(CHECK, each, b"alice", 1, R), (status,), None


@check(points=5, step="2.2", boots=asked(mints),
       hint="The MAC is of the sixteen bytes before it, under params()->key, and they have to be filled in before it "
            "is made. A name is bytes that are not zero, then zeros, none at all or eight included. Refuse first.")
def test_mint(run):
    """Capabilities are minted as SipHash-2-4 under the boot key has them; what is no name or no right is refused."""
    compare(run, mints)


@check(points=5, step="2.2", boots=asked(forgeries), needs="mint",
       hint="Sign the sixteen bytes anew and compare all of the MAC: it is what makes any other bit count.")
def test_forgeries(run):
    """With any bit changed, or two of its MAC's, of another key or with another's MAC: refused; the genuine one not."""
    compare(run, forgeries)


@check(points=4, step="2.2", boots=asked(prefixes), needs="mint",
       hint="As many bytes as the capability's name has must be those that the guard begins with: none of the empty "
            "name, and not the zeros behind a shorter one.")
def test_prefixes(run):
    """A capability fits the guards that begin with its name, and no others."""
    compare(run, prefixes)


@check(points=4, step="2.2", boots=asked(rights_and_epochs), needs="mint",
       hint="All of the rights that are asked for, not any of them; and an epoch that is the guard's or later, as "
            "numbers without a sign.")
def test_rights(run):
    """All the rights asked for, and an epoch that is not before the guard's; narrowing and revoking follow from it."""
    compare(run, rights_and_epochs)


# 2.3: what the TLB is told. QEMU would forgive nearly all of it, so it is judged by the operations that were executed.

def windows(run):
    """For each operation of the list: what the core executed meanwhile."""
    at = [bisect.bisect_left(run.executed, mark.count, key=lambda each: each.count) for mark in run.marks]
    return [run.executed[begin:end] for begin, end in zip(at, at[1:])]


TLBI = ("TLBIALL", "TLBIMVA", "TLBIASID", "TLBIMVAA")
OPERANDS = ("TLBIMVA", "TLBIASID", "TLBIMVAA")
NOTHING = "nothing at all"


def in_words(done):
    return [f"{each.name} 0x{each.value:08x}" if each.name in OPERANDS else each.name
            for each in done if each.name in (*TLBI, "DSB", "ISB", "BPIALL", "BPIMVA")] or [NOTHING]


def ordered(done, *names):
    """Whether these come in this order, whatever is between them."""
    left = iter(each.name for each in done)
    return all(name in left for name in names)


def flushes(seed):
    draw = random.Random(seed)
    ops = [op(FLUSH_PAGE, x=draw.randrange(1, 256), y=va)
           for va in (PAGE, USER_TOP - PAGE, draw.getrandbits(30) | 0xf00, draw.getrandbits(30) & ~0xfff)]
    ops += [op(FLUSH_PAGE, x=asid, y=draw.getrandbits(30)) for asid in range(1, 256)]
    return b"".join([SMALL] + ops + [op(FLUSH_PAGE, x=0, y=0xc0000000 + draw.randrange(256) * PAGE)] +
                    [op(FLUSH_ASID, x=asid) for asid in range(1, 256)] + [op(FLUSH_ALL)])


def published(seed):
    return SMALL + op(PUBLISH)


def told(operations):
    return Boot("early", input=operations, marks=("next_operation",), hardware=True)


@check(points=8, step="2.3", boots=told(flushes),
       hint="DSB, so that the store is where the walk will see it; the operation, with bits [31:12] the address and "
            "[7:0] the ASID; BPIALL, as predictors know addresses too; DSB, to wait for both; ISB, for what was "
            "fetched already.")
def test_flushes(run):
    """Each flush tells the TLB what it is asked to, with its operand, between the barriers that make it count."""
    for (code, _, asid, va, _), done in zip(struct.iter_unpack("<BBHII", flushes(run.seed)), windows(run)):
        if code == INIT:
            continue
        what, tlbi = {FLUSH_PAGE: (f"tlb_flush_page(0x{va:08x}, {asid})", f"TLBIMVA 0x{va & ~0xfff | asid:08x}"),
                      FLUSH_ASID: (f"tlb_flush_asid({asid})", f"TLBIASID 0x{asid:08x}"),
                      FLUSH_ALL: ("tlb_flush_all()", "TLBIALL")}[code]
        name = tlbi.split()[0]
        if [word for word in in_words(done) if word.startswith("TLBI")] != [tlbi]:
            problem = "does not tell the TLB what it should"
        elif not ordered(done, "DSB", name):
            problem = "has no DSB before the operation"
        elif not ordered(done, name, "BPIALL"):
            problem = f"has no BPIALL behind {name}: the branch predictors know the old translation"
        elif not ordered(done, name, "BPIALL", "DSB"):
            problem = "has no DSB behind BPIALL, so that it does not wait for what it began"
        elif not ordered(done, name, "BPIALL", "DSB", "ISB"):
            problem = "has no ISB behind the last DSB"
        else:
            continue
        raise Wrong(f"{what} {problem}. What the core executed, as hardware sees it:",
                    expected=["DSB", tlbi, "BPIALL", "DSB", "ISB"], got=in_words(done), look="tlb.c")


@check(points=4, step="2.3", boots=told(published),
       hint="An entry that was invalid is in no TLB, so there is nothing to invalidate. But the store may still be on "
            "its way to memory, and the next instruction fetched already.")
def test_publish(run):
    """A new entry is on its way before the next instruction: DSB, then ISB."""
    done = windows(run)[1]
    if not ordered(done, "DSB", "ISB"):
        raise Wrong("tlb_publish() does not see to it that a new entry counts. What the core executed:",
                    expected=["DSB", "ISB"], got=in_words(done), look="tlb_publish, in tlb.c")


# 2.4: tables. The kernel has thirty pages, and the grader reads all of them behind each operation.

REGISTERS = {"SCTLR": mmu.M | mmu.TRE, "TTBCR": 2, "TTBR1": 0, "DACR": 1,       # as exo/mmu.h has them
             "PRRR": 0x000b0084, "NMRR": 0x00400040}
RIGHTS = {0: "", R: "r", R | W: "rw", R | X: "r"}


def look_at_pool(held):
    held.keep("pools", held.kept("pools", ()) + (held.memory(POOL, POOL_END - POOL),))


def pooled(operations, **more):
    """The boot whose kernel has that pool alone, which is read before each operation and behind the last."""
    def with_pool(seed):
        return SMALL + operations(seed)

    return carried_out(with_pool, holds={"next_operation": look_at_pool}, **more)


class Pool:
    """The pool's pages as they are in memory."""

    def __init__(self, data):
        self.data = data

    def words(self, pa, count):
        return struct.unpack_from(f"<{count}I", self.data, pa - POOL)

    def word(self, pa):
        return self.words(pa, 1)[0] if POOL_FIRST <= pa < POOL_END else None

    def entry(self, pa):
        """What the student's table of pages says of one: guard, epoch, holders, owner."""
        return struct.unpack_from("<8sIII", self.data, (pa - POOL_FIRST) // PAGE * ENTRY)


def entry_of(pool, space, va):
    """Where the second-level entry of va is."""
    return (pool.word(space["l1"] + (va >> 20) * 4) & 0xfffffc00) + (va >> 12 & 0xff) * 4


def check_space(model, pool, space):
    """The tables of one address space say what the model does."""
    def fail(problem, expected, got, helper=""):
        look = model.look.replace(", in", f" and {helper}, in") if helper else model.look
        model.fail(f"{model.what}. Then, in the tables of ASID {space['asid']}: {problem}", expected, got, look)

    maps, first = space["maps"], pool.words(space["l1"], 1024)
    walker = mmu.Walker(REGISTERS | {"TTBR0": space["l1"]}, pool.word)
    needed, found = {va // STRETCH for va in maps}, {}
    for number in sorted(needed | {i // 4 for i, word in enumerate(first) if word & 3}):
        words = first[4 * number:4 * number + 4]
        where = f"the first-level entries {4 * number} to {4 * number + 3}"
        if number not in needed:
            fail(where, "bits [1:0] = 0 in all four: nothing is mapped in these 4 MB",
                 ", ".join(f"0x{word:08x}" for word in words))
        table = words[0] & 0xfffff000
        if words[0] & 3 != 1:
            fail(f"{where}, below which 0x{min(va for va in maps if va // STRETCH == number):08x} is mapped",
                 "the first leads to a second-level table: bits [1:0] = 1", f"0x{words[0]:08x}")
        if [word & 0xfffffc03 for word in words] != [table + 0x400 * i | 1 for i in range(4)]:
            fail(f"{where}, to the four tables of a page, one after the other",
                 [f"0x{table + 0x400 * i | 5:08x}" for i in range(4)], [f"0x{word:08x}" for word in words])
        for i, word in enumerate(words):
            if word & 0x1e8:
                fail(f"first-level entry {4 * number + i}, 0x{word:08x}", "domain 0 and NS = 0 (bits [8:5] and [3])",
                     f"domain {word >> 5 & 15}, NS = {word >> 3 & 1}")
            if not word & 4:
                fail(f"first-level entry {4 * number + i}, 0x{word:08x}", "PXN (bit 2) = 1", "PXN = 0")
        if not model.is_page(table) or table in model.refs or table in found.values():
            fail(where, "a page of their own", f"0x{table:08x}, which is somebody else's")
        guard, epoch, refs, owner = pool.entry(table)
        if not refs or owner != space["owner"] or guard.rstrip(b"\0") or epoch:
            fail(f"the page of its second-level tables, 0x{table:08x}",
                 f"it is held, owner {space['owner']}, under the empty guard",
                 f"holders: {refs}, owner {owner}, guard {guard.rstrip(bytes(1))!r}")
        found[number] = table
        for i, word in [(i, word) for i, word in enumerate(pool.words(table, 1024)) if word & 3]:
            va = number * STRETCH + i * PAGE
            if va not in maps:
                fail(f"0x{va:08x}", "nothing is mapped there", f"entry 0x{word:08x}", "walk")
    for va, (pa, prot, rights) in maps.items():
        check_mapping(walker.translate(va), pa, prot, rights, lambda *said: fail(f"0x{va:08x}, {said[0]}", *said[1:]))
    return found


def check_mapping(got, pa, prot, rights, fail):
    """One page is mapped as it should be, as hardware reads it."""
    if isinstance(got, mmu.Fault | str):
        fail("a walk by hardware", f"page 0x{pa:08x}", str(got), "walk")
    word = f"entry 0x{got.descriptors[-1][1]:08x}"
    for field, expected, found in (
        ("what it leads to", f"small page 0x{pa:08x}",
         f"{'small page' if got.size == PAGE else 'large page'} 0x{got.pa:08x}"),
        ("nG", "nG = 1: not global", "nG = 1: not global" if not got.global_ else "nG = 0: every ASID's"),
        ("memory", "normal, write-back, write-allocate", f"{got.memory}, {got.inner or 'not cached'}" +
         f" inside, {got.outer} outside" * (got.inner != got.outer)),
        ("S", "S = 0: not shareable", f"S = {int(got.shareable)}: {'not ' * (not got.shareable)}shareable"),
        ("AP[2:0]", f"mapped for {name(prot)}: the application {RIGHTS[prot] or 'nothing'}, the kernel no more",
         f"mapped for {name(prot)}: the application {got.user or 'nothing'}, the kernel "
         f"{'no more' if got.privileged == got.user else got.privileged}"),
        ("AP[2:0]", "an encoding that is not reserved",
         "an encoding that is not reserved" if got.descriptors[-1][1] & 0x230 != 0x200 else "0b100, which is reserved"),
        ("XN", f"XN = {int(not prot & X)}", f"XN = {int(got.xn)}"),
        ("PXN", "PXN = 1", f"PXN = {int(got.pxn)}"),
        ("TEX[2:1], the rights recorded", name(rights), name(R | got.software << 1 & (W | X))),
    ):
        if expected != found:
            fail(f"{word}: {field}", expected, found, "descriptor")


def check_pool(model, pool):
    """All of the pool is as the model has it: tables, holders, owners, and nothing besides."""
    tables = {}
    for space in model.spaces.values():
        tables |= dict.fromkeys(check_space(model, pool, space).values())
    for pa in range(POOL_FIRST, POOL_END, PAGE):
        guard, epoch, refs, owner = pool.entry(pa)
        expected, got = model.known(pa), known(refs, owner, guard, epoch)
        if expected != got and pa not in tables:
            model.fail(f"{model.what}. Then, of page 0x{pa:08x}", expected, got,
                       model.look)


def walked(run, operations):
    """The model has followed, and the pool was as it says behind each operation."""
    pools = run.kept["pools"]

    def after(model, i):
        if pools[i + 1] != pools[i] or not i:
            check_pool(model, Pool(pools[i + 1]))

    return followed(run, SMALL + operations(run.seed), after)


def begun(draw, pages=3, spaces=1):
    """Pages in slots 1 and up, the first the kernel's, and address spaces from number 0, of any owner and ASID."""
    return [op(ALLOC, 1 + i, 9 if i else KERNEL, ANY, 0x6261) for i in range(pages)] + \
        [op(CREATE, n, draw.randrange(1, 1 << 16), asid) for n, asid in enumerate(draw.sample(range(1, 256), spaces))]


def edges(draw):
    """Places at the edges of stretches, of megabytes, and of all there is."""
    one, other = (number * STRETCH for number in draw.sample(range(1, 255), 2))
    return PAGE, one - PAGE, one, other + 0x100000, other + 0x2ff000, other + 0x300000, USER_TOP - PAGE


def maps(seed):
    draw = random.Random(seed)
    ops = begun(draw, 3, 2)
    for i, va in enumerate(edges(draw)):
        prot = PROTS[(i + 1) % 4]
        ops.append(op(MAP, 0, prot | draw.choice((prot, R | W | X)) << 8, va, slot(1 + i % 3)))
    return b"".join(ops + [op(MAP, 1, R | W | (R | W) << 8, PAGE, slot(3)), op(COUNT, 1)])


def lookups(seed):
    draw = random.Random(seed)
    ops = begun(draw, 3)
    places = [va & ~0xfff for va in (PAGE, USER_TOP - PAGE, *(draw.randrange(PAGE, USER_TOP) for _ in range(6)))]
    for i, va in enumerate(places):
        prot = PROTS[i % 4]
        ops += [op(LOOKUP, 0, 0, va),
                op(MAP, 0, prot | draw.choice((prot, R | W, R | X, R | W | X)) % 16 << 8 | prot << 8,
                                         va, slot(1 + i % 3)), op(LOOKUP, 0, 0, va)]
    return b"".join(ops + [op(LOOKUP, 0, 0, va) for va in (0, PAGE + 4, USER_TOP, 0xfffff000, places[2] ^ 0x00100000)])


def unmaps(seed):
    draw = random.Random(seed)
    ops, stretch = begun(draw, 3, 2), draw.randrange(1, 255) * STRETCH
    places = [stretch + PAGE * i for i in (0, 255, 256, 1023)] + [PAGE, USER_TOP - PAGE]
    for n in range(2):
        ops += [op(MAP, n, R | W | (R | W) << 8, va, slot(1 + i % 3)) for i, va in enumerate(places)]
    draw.shuffle(places)
    for va in places:
        ops += [op(UNMAP, 0, 0, va), op(UNMAP, 0, 0, va)]
    ops += [op(RELEASE, 0, 0, slot(1)), op(RELEASE, 0, 0, slot(2))]     # now the mappings of number 1 hold them alone
    ops += [op(UNMAP, 1, 0, va) for va in (0, PAGE + 4, USER_TOP, 2 * PAGE, stretch ^ STRETCH, *places)]
    return b"".join(ops + [op(COUNT, 1), op(MAP, 0, R | R << 8, stretch, slot(3)), op(COUNT, 1)])


def protects(seed):
    draw = random.Random(seed)
    ops, stretches = begun(draw, 1), draw.sample(range(256), 5)
    for i, rights in enumerate((R, R | W, R | X, R | W | X, 0)):
        va = stretches[i] * STRETCH + PAGE * (i + 1)
        ops.append(op(MAP, 0, (R & rights) | rights << 8, va, slot(1)))
        for prot in (R, R | W, R | X, 0, R | X, R | W, 0, R, W, R | W | X):
            ops.append(op(PROTECT, 0, prot, va))
        if rights == R | W | X:
            ops += [op(PROTECT, 0, prot, va) for prot in (W | X, R | GUARD, R | 0x80, R | 0x100, 0x8000)]
    return b"".join(ops + [op(PROTECT, 0, R, va) for va in (0, PAGE + 4, USER_TOP, 3 * PAGE, 200 * STRETCH)])


def refusals(seed):
    draw, r = random.Random(seed), R | R << 8
    two, three, four, five = (number * STRETCH for number in draw.sample(range(1, 256), 4))
    there = POOL_FIRST + 16 * PAGE
    ops = begun(draw, 3) + [op(MAP, 0, r, PAGE, slot(1)), op(ALLOC, 4, 9, there)]
    bad = [op(MAP, 0, r, va, slot(2)) for va in (0, PAGE // 2, 2 * PAGE + 4, USER_TOP, USER_TOP + PAGE, 0xfffff000)]
    bad += [op(MAP, 0, r, two, pa) for pa in (0, 0x40000000, POOL_END, POOL_END - PAGE, POOL_FIRST + 20 * PAGE,
                                              there + 2, there + draw.randrange(4, PAGE, 2))]
    bad += [op(MAP, 0, prot | 7 << 8, three, slot(2)) for prot in (W, X, W | X, R | W | X, R | GUARD, R | 0x80)]
    bad += [op(MAP, 0, prot | rights << 8, four, slot(2)) for prot, rights in
            ((R | W, R), (R | X, R | W), (R | W, R | X), (R, 0), (R, W | X), (R | W, W))]
    bad += [op(MAP, 0, r, PAGE, slot(2)), op(MAP, 0, R | W | 7 << 8, PAGE, slot(1)), op(CREATE, 1, 0, 5),
            op(CREATE, 1, 2, 0), op(CREATE, 1, 2, 256), op(CREATE, 1, 2, 0x105)]
    left = (POOL_END - POOL_FIRST) // PAGE - 4 - 2      # but for four, a first level and a page of tables
    full = [op(ALLOC, 10 + i, 9, ANY) for i in range(left)]
    full += [op(COUNT, 1), op(MAP, 0, r, five, slot(2)), op(CREATE, 1, 2, 5), op(MAP, 0, r, 3 * PAGE, slot(2)),
             op(COUNT, 1)]
    return b"".join(ops + bad + [op(COUNT, 1)] + full)


def destroys(seed):
    draw = random.Random(seed)
    ops, places = [op(COUNT)] + begun(draw, 4, 3), edges(draw)
    some = [draw.randrange(PAGE, USER_TOP) & ~0xfff for _ in range(6)]
    for n, vas in enumerate((places, (), some)):
        ops += [op(MAP, n, PROTS[i % 4] | 7 << 8, va, slot(1 + i % 4)) for i, va in enumerate(vas)]
    ops += [op(UNMAP, 0, 0, places[1])] + [op(RELEASE, 0, 0, slot(i)) for i in (1, 2)]
    for n in (0, 1, 2):
        ops += [op(DESTROY, n), op(COUNT, 1)]
    ops += begun(draw, 0) + [op(RELEASE, 0, 0, slot(i)) for i in (3, 4)]
    return b"".join(ops + [op(DESTROY, 0), op(COUNT, 1)])


def binds(seed):
    word = struct.Struct("<H").unpack
    draw = random.Random(seed)
    ops, there = begun(draw, 1), draw.randrange(1, 256) * STRETCH
    ops += [op(ALLOC, 2, 9, ANY, word(b"kx")[0])]     # page 1's guard is "ab"
    for i, (key, page, prot, rights, forged) in enumerate((
        (b"ab", 1, R | W, R | W, 0), (b"a\0", 1, R, R | X, 0), (b"\0\0", 1, R | X, 15, 0), (b"ab", 1, R | W, R | W, 1),
        (b"b\0", 1, R, 15, 0), (b"ab", 2, R, 15, 0), (b"ab", 1, R | W, R | X | GUARD, 0), (b"k\0", 2, 0, R, 0),
        (b"kx", 2, R, W | X, 0), (b"kx", 2, 0, W, 0))):
        ops.append(op(BIND, 0, prot | rights << 4 | forged << 8, there + PAGE * i, slot(page) | word(key)[0] << 16))
    ops += [op(BIND, 0, R | 15 << 4, PAGE, slot(9)), op(PROTECT, 0, R | W, there + PAGE),
            op(PROTECT, 0, R | X, there + PAGE), op(PROTECT, 0, R | W, there + 2 * PAGE)]
    return b"".join(ops)


@check(points=6, step="2.4", boots=pooled(maps), needs=("pages", "publish"),
       hint="4 MB have a page of their own for tables: four first-level entries lead to its four quarters. All are not "
            "global, of domain 0, PXN in the first level; C and B make Normal memory. AP and XN say prot, TEX[1] and "
            "TEX[2] remember rights. Each mapping holds its page once.")
def test_map(run):
    """Mapped pages as hardware reads them: entry by entry, from outside, at every edge there is."""
    walked(run, maps)


@check(points=3, step="2.4", boots=pooled(lookups), needs="map",
       hint="described() is descriptor() reversed: AP[1] says whether it is readable, AP[2] whether it is read-only, "
            "XN whether it cannot be executed; TEX[1] and TEX[2] have the rights.")
def test_lookup(run):
    """What is mapped is found, with what it is mapped for and what it could be; where nothing is, that is said."""
    walked(run, lookups)


@check(points=4, step="2.4", boots=pooled(refusals), needs="map",
       hint="Refuse before anything is changed; and where that is not possible, as no page for a table is found only "
            "when the page to be mapped is held already, undo it.")
def test_refusals(run):
    """What as_map and as_create refuse, no memory for a table included, changes nothing: no entry, no holder."""
    walked(run, refusals)


@check(points=4, step="2.4", boots=pooled(protects), needs=("lookup", "flushes"),
       hint="The rights recorded are the limit for ever: they come out of the old entry and go into the new one.")
def test_protect(run):
    """Any prot within the rights recorded, after any other, and never more; rights are not lost on the way."""
    walked(run, protects)


@check(points=5, step="2.4", boots=pooled(unmaps), needs=("map", "flushes"),
       hint="The entry goes, the page is let go of; with the last of 4 MB the page of tables too, and the four "
            "first-level entries that led to it.")
def test_unmap(run):
    """What is unmapped is gone from the tables, and let go of; so is a table with its last entry."""
    walked(run, unmaps)


@check(points=4, step="2.4", boots=pooled(destroys), needs="unmap",
       hint="Every page that is mapped is let go of as often as it is mapped; then each page of tables; then the first "
            "level.")
def test_destroy(run):
    """With an address space go its mappings and its tables: nothing is leaked, nothing goes twice."""
    walked(run, destroys)


def story(seed):
    """What is refused; each prot after each other, none included, in one stretch; all of it unmapped; and another,
    destroyed."""
    draw = random.Random(seed)
    one, other = (number * STRETCH for number in draw.sample(range(256), 2))
    places = [one + (k << 20) + draw.randrange(1, 256) * PAGE for k in draw.sample(range(4), 3)]
    ops = begun(draw, 2) + [op(MAP, 0, draw.choice(PROTS) | 7 << 8, va, slot(1)) for va in places]
    near, free = places[0] ^ PAGE, POOL_END - PAGE
    ops += [op(MAP, 0, R | R << 8, near, free), op(MAP, 0, R | R << 8, near, slot(1)), op(PROTECT, 0, R | W, near),
            op(UNMAP, 0, 0, near)]
    ops += [op(PROTECT, 0, prot, places[0]) for pair in itertools.permutations(PROTS, 2) for prot in pair]
    ops += [op(RELEASE, 0, 0, slot(1)), op(PROTECT, 0, 0, places[0])]   # the last mapping holds it alone
    ops += [op(UNMAP, 0, 0, va) for va in draw.sample(places, 3)]
    return b"".join(ops + [op(MAP, 0, R | R << 8, other + PAGE, slot(2)), op(DESTROY, 0)])


def narrowest(code, with_table):
    """What may be said to the TLB when an operation has changed an entry; or, with_table, first-level ones too."""
    if code in (CREATE, MAP):
        return ()
    return ("TLBIMVA", "TLBIASID") if code == DESTROY or with_table else ("TLBIMVA",)


def forgotten(done, ranges, asid):
    """Behind which instruction, counted, a TLB has forgotten these ranges of addresses of an ASID: a DSB that an ISB
    follows. None if it never has."""
    left = set(ranges)
    for i, each in enumerate(done):
        if each.name == "TLBIALL" or each.name == "TLBIASID" and each.value & 0xff == asid:
            left.clear()
        elif each.name == "TLBIMVAA" or each.name == "TLBIMVA" and each.value & 0xff == asid:
            left = {(start, size) for start, size in left if not start <= each.value & ~0xfff < start + size}
        if not left and each.name == "DSB":
            return each.count if ordered(done[i:], "DSB", "ISB") else None
    return None


@check(points=4, step="2.4", needs=("unmap", "protect", "destroy"),
       boots=pooled(story, marks=("next_operation",), hardware=True, watch=((POOL, POOL_END - POOL),)),
       hint="First the store, then the flush, and only then is the page let go of: until the flush has ended the TLB "
            "leads to it. Where first-level entries go, all the addresses of theirs have to be forgotten: "
            "tlb_flush_asid. What was not valid needs tlb_publish alone, and a DSB between a new table's zeros and the "
            "entries that lead to it.")
def test_told(run):
    """Whenever tables change the TLB is told: of that alone, behind the store, and before any page is let go of."""
    ops = list(struct.iter_unpack("<BBHII", SMALL + story(run.seed)))
    counts, pools = [mark.count for mark in run.marks], [Pool(data) for data in run.kept["pools"]]
    functions = {CREATE: "as_create", MAP: "as_map", PROTECT: "as_protect", UNMAP: "as_unmap", DESTROY: "as_destroy"}
    spaces, statuses = {}, [status for status, _ in struct.iter_unpack("<iI", run.kept["results"])]

    def meanwhile(things, i):
        begin, end = (bisect.bisect_left(things, count, key=lambda each: each.count) for count in counts[i:i + 2])
        return things[begin:end]

    def after(model, i):
        code, n, _, va, _ = ops[i]
        spaces.update(model.spaces)
        if code not in functions:
            return
        space, done, before, now = spaces[n], meanwhile(run.executed, i), pools[i], pools[i + 1]
        stores = [access for access in meanwhile(run.accesses, i) if access.kind == "w"]
        l1 = [space["l1"] + va // STRETCH * 16 + 4 * k for k in range(4)]
        entry = entry_of(now if code == MAP else before, space, va) if code in (MAP, PROTECT, UNMAP) else 0
        page, table = now.word(entry) if code == MAP else before.word(entry), entry & ~0xfff

        def stored(address, size=4):
            """When something was stored there, in counts."""
            return [each.count for each in stores if address - each.size < each.address < address + size]

        def fail(problem):
            told = [(each.count, line) for each in done for line in in_words([each]) if line != NOTHING]
            for at, size, words in ((table, PAGE, "the new table") if new else (entry, 4, "the entry"),
                                    (l1[0], 16, "the first level"), (held(page), 4, "the page's holders"),
                                    (held(table), 4, "the table's holders")):
                told += [(count, f"a store to {words}") for count in stored(at, size)]
            model.fail(f"{model.what}: {problem}. What the core did, in this order:", None,
                       [line for _, line in sorted(told)] or NOTHING, f"{functions[code]}, in aspace.c")

        def held(pa):
            """Where the count of a page's holders is; 0 if this is no page."""
            return POOL + ((pa & ~0xfff) - POOL_FIRST) // PAGE * ENTRY + 12 if pa else 0

        changed = [at for at in (entry, *l1) if at and before.word(at) != now.word(at)]
        new = code == MAP and len(changed) > 1
        if code == CREATE:
            zeros = max(stored(space["l1"], PAGE), default=0)
            if zeros and not any(each.name == "DSB" and each.count > zeros for each in done):
                fail("no DSB behind the new table's zeros, which a walk may then miss")
            return
        if statuses[i] and stored(entry):
            fail("it is refused, and yet the entry was another meanwhile, which a TLB may have now")
        if code != DESTROY and not changed:
            return
        if not done:
            fail("neither the TLB is told nor any barrier executed")
        narrow = narrowest(code, changed[1:])
        if wide := [each.name for each in done if each.name in TLBI and each.name not in narrow]:
            fail(f"{wide[0]} forgets more than what changed")
        if code == DESTROY:
            megabytes = {(at // STRETCH * STRETCH + (k << 20), 1 << 20) for at in space["maps"] for k in range(4)}
            if forgotten(done, megabytes | {(at, PAGE) for at in space["maps"]}, space["asid"]) is None:
                fail(f"ASID {space['asid']} is not forgotten, with DSB and ISB behind")
            return
        written = max(min(stored(at)) for at in changed)        # from here on nothing is as it was
        behind, last = ([each for each in done if each.count > count]
                        for count in (written, max(max(map(stored, changed)))))
        if new:
            linked = min(min(map(stored, changed[1:])))
            own = stored(entry)
            zeros = [count for count in stored(table, PAGE) if count < linked and count not in own]
            if zeros and not any(each.name == "DSB" and max(zeros) < each.count < linked for each in done):
                fail("no DSB between the new table's zeros and the first-level entries that lead to it")
        if not ordered(last, "DSB", "ISB"):
            fail("no DSB and ISB behind the last store")
        if code == MAP:
            return
        if not ordered(behind, "DSB", *[each.name for each in behind if each.name in TLBI][:1]):
            fail("no DSB between the store and the TLBI")
        first = next(k for k, each in enumerate(behind) if each.name == "DSB")
        megabytes = {(va // STRETCH * STRETCH + (k << 20), 1 << 20) for k in range(4)} if changed[1:] else set()
        over = forgotten(behind[first + 1:], {(va & ~0xfff, PAGE), *megabytes}, space["asid"])
        if over is None:
            fail(f"behind store and DSB there is no TLBI of "
                 f"{'all that the four entries led to' if megabytes else 'this page'} under ASID {space['asid']} with "
                 f"DSB and ISB behind it")
        if code == UNMAP and max(stored(held(page))) < over:
            fail("the page was let go of before the TLB had forgotten it")
        if megabytes and max(stored(held(table))) < over:
            fail("the table was let go of before the TLB had forgotten it")

    followed(run, SMALL + story(run.seed), after)


@check(points=2, step="2.4", boots=pooled(binds), needs=("map", "prefixes", "protect"),
       hint="as_bind is given, and asks your cap_check; what it then hands to your as_map as rights is what the "
            "capability has, RIGHT_GUARD included, which no entry records.")
def test_bind(run):
    """A page is bound to whoever shows a capability that fits, and to nobody else; its rights are the limit then."""
    walked(run, binds)


# 2.5: the MMU on.

def up(operations, read=results, **more):
    """The boot that carries out what operations(seed) gives when the kernel is up."""
    return Boot("ops", input=operations, read_at_end=read, budget=40_000_000, **more)


def nothing(seed):
    return op(COUNT)


def look_at_system(held):
    walker = held.walker()
    held.keep("system", walker.system)
    held.keep("kernel", list(walker.mappings(USER_TOP)))
    held.keep("user", list(walker.mappings(0, USER_TOP)))


def kernel_map(run):
    """What the kernel's own map has to be: (va, bytes, pa, rights, memory) of each part."""
    normal, offset = "normal, write-back, write-allocate", 0xe0000000
    text, text_end, data, data_end = (run.symbol(f"__{part}_{end}")
                                      for part in ("text", "rodata") for end in ("start", "end"))
    for start, end, rights in ((USER_TOP, text, "rw"), (text, text_end, "r, executed"), (text_end, data, "rw"),
                               (data, data_end, "r"), (data_end, USER_TOP + (128 << 20), "rw")):
        if start < end:
            yield start, end - start, start, rights, normal
    yield 0x08000000 + offset, 128 << 20, 0x08000000, "rw", "device"


def found_map(translations):
    """What a walk found, in the same terms."""
    for each in translations:
        rights = ", ".join([each.privileged, *["executed"] * each.allows(execute=True),
                            *["by applications"] * bool(each.user),
                            *["not global"] * (not each.global_), *["domain not client"] * (each.access != "client")])
        memory = dict.fromkeys(filter(None, (each.memory, each.inner, each.outer)))
        yield each.va, each.size, each.pa, rights, ", ".join(memory)


def ranges(parts):
    """Parts of a map as lines; those that follow each other and say the same are one."""
    merged = []
    for va, size, pa, *more in parts:
        if merged and merged[-1][1] == va and merged[-1][2:] == [pa - va, *more]:
            merged[-1][1] += size
        else:
            merged.append([va, va + size, pa - va, *more])
    return [f"0x{start:08x} to 0x{end:08x}: physical 0x{start + offset:08x}; {'; '.join(more)}"
            for start, end, offset, *more in merged]


WALK, WBWA = 0x7f, 0x48         # how a TTBR says that tables are read: its bits [6:0], and what they have to be
SWITCHED_ON = (                 # fields and their values, in place; None: as it was before
    ("SCTLR", "M", 1 << 0, 1 << 0), ("SCTLR", "A", 1 << 1, 0), ("SCTLR", "C", 1 << 2, 1 << 2),
    ("SCTLR", "Z", 1 << 11, 1 << 11), ("SCTLR", "I", 1 << 12, 1 << 12), ("SCTLR", "TRE", 1 << 28, 1 << 28),
    ("SCTLR", "AFE", 1 << 29, 0), ("SCTLR", "the rest, which stays as it is,", 0xcfffe7f8, None),
    ("PRRR", "all of it", 0xffffffff, 0x000b0084), ("NMRR", "all of it", 0xffffffff, 0x00400040),
    ("TTBCR", "N", 7, 2), ("TTBCR", "PD1, PD0", 0x30, 0), ("TTBR0", "IRGN, RGN, NOS, S", WALK, WBWA),
    ("TTBR1", "IRGN, RGN, NOS, S", WALK, WBWA), ("DACR", "D15 to D0", 0xffffffff, 1), ("CONTEXTIDR", "ASID", 0xff, 0))
USED = "TTBR0", "TTBR1", "TTBCR", "DACR", "PRRR", "NMRR", "CONTEXTIDR"      # by the walk


@check(points=5, step="2.5", boots=up(nothing, look_at_system, marks=("mmu_on", "check_main"), hardware=True),
       hint="All that the walk uses is set first, and what caches, predictors and TLB hold from before is forgotten; "
            "DSB and ISB; then SCTLR, and at once an ISB. mmio_offset moves with the devices.")
def test_on(run):
    """The MMU is on as exo/mmu.h says, behind the right barriers, and the kernel's map and no more is mapped."""
    begin = {mark.symbol: mark.count for mark in run.marks}
    was = [each.value for each in run.executed if each.name == "SCTLR" and each.count < begin["mmu_on"]][-1]
    for register, field, mask, value in SWITCHED_ON:
        expected, got = was & mask if value is None else value, run.kept["system"][register] & mask
        if expected != got:
            unit = 1 if value is None else mask & -mask
            raise Wrong("Once the kernel is up a field is not as it should be:", look="mmu_on, in mmu.c",
                        expected=f"{register}: {field} = {expected // unit:#x}",
                        got=f"{register}: {field} = {got // unit:#x}")
    done = [each for each in run.executed if begin["mmu_on"] <= each.count < begin["check_main"]]
    on = next((i for i, each in enumerate(done) if each.name == "SCTLR" and each.value & 1), None)
    if on is None:
        raise Wrong("The MMU is not switched on by mmu_on().", look="mmu_on, in mmu.c")
    before, behind = done[:on], done[on + 1:]
    last = max((i for i, each in enumerate(before) if each.name not in ("DSB", "ISB")), default=-1)
    set_to, now = {each.name: each.value for each in before}, run.kept["system"]
    for problem, found in (
        *((f"{name} is not written before", name in set_to) for name in USED),
        *((f"{name} has not yet the value that it has later", set_to.get(name) == now[name]) for name in USED),
        ("the instruction cache is not invalidated before", "ICIALLU" in [each.name for each in before]),
        ("the branch predictors are not invalidated before", "BPIALL" in [each.name for each in before]),
        ("the TLB is not invalidated before", "TLBIALL" in [each.name for each in before]),
        ("there is no DSB between what is invalidated or set and SCTLR", ordered(before[last + 1:], "DSB")),
        ("there is no ISB between what is set and SCTLR", ordered(before[last + 1:], "DSB", "ISB")),
        ("there is no ISB behind SCTLR", "ISB" in [each.name for each in behind]),
    ):
        if not found:
            raise Wrong(f"When the MMU is switched on, {problem}.", got=[each.name for each in done],
                        look="mmu_on, in mmu.c")
    wrong = ranges(kernel_map(run)), ranges(found_map(run.kept["kernel"]))
    if wrong[0] != wrong[1]:
        raise Wrong("The kernel's own map, as a walk from outside finds it, is not kmap_init()'s.", expected=wrong[0],
                    got=wrong[1], look="mmu_on, in mmu.c: TTBR1, TTBCR, DACR, PRRR and NMRR say how it is read")
    if run.kept["user"]:
        raise Wrong("With no address space there is something mapped below USER_TOP.", expected=[],
                    got=ranges(found_map(run.kept["user"])), look="mmu_on, in mmu.c: TTBR0")


def switches(seed):
    draw = random.Random(seed)
    asids = draw.sample(range(1, 256), 3)
    ops = [op(ALLOC, 1, 9, ANY)] + [op(CREATE, n, 2 + n, asid) for n, asid in enumerate(asids)]
    ops += [op(MAP, n, R | R << 8, PAGE, slot(1)) for n in range(3)]
    for n in (0, 1, 2, 0, None, 1, 1, None, None, 2):
        ops.append(op(SWITCH, n or 0, n is not None))
    return b"".join(ops)


@check(points=4, step="2.5", boots=up(switches, marks=("next_operation",), hardware=True), needs=("on", "map"),
       hint="Between ISBs the core may have seen any part of what you wrote. An ASID must never meet somebody else's "
            "table, nor may ASID 0, which is nobody's: in between is the empty table.")
def test_switch(run):
    """From one address space to the next, no ASID ever meets another's table, however late a write takes effect."""
    ops = list(struct.iter_unpack("<BBHII", switches(run.seed)))
    start = run.marks[0].count
    written = {each.name: each.value for each in run.executed if each.count < start}
    state = {name: written.get(name, 0) for name in ("TTBR0", "CONTEXTIDR", "TTBCR")}
    nobody = state["TTBR0"] >> 12
    done = windows(run)

    def after(model, i):
        code, n, on, _, _ = ops[i]
        if code != SWITCH:
            return
        owners = {space["l1"] >> 12: space["asid"] for space in model.spaces.values()}
        owners[nobody] = 0
        words = [f"{each.name} = 0x{each.value:08x}" if each.name in state else each.name for each in done[i]
                 if each.name in (*state, *TLBI, "ISB")]

        def fail(problem):
            model.fail(f"as_switch({'ASID ' + str(model.spaces[n]['asid']) if on else 'null'}): {problem}. What the "
                       f"core did:",
                       None, words or "neither a write nor an ISB", "as_switch, in mmu.c")

        def meets(may_be):
            """An ASID and another's table that may be together in these values, in words."""
            for table, context, control in itertools.product(*may_be.values()):
                if table >> 12 != nobody and owners.get(table >> 12) != context & 0xff and not control >> 4 & 1:
                    return f"ASID {context & 0xff} may meet the table at 0x{table & ~0xfff:08x}, which is " + \
                           (f"ASID {owners[table >> 12]}'s" if table >> 12 in owners else "no address space's")

        may_be, open_ = {name: {value} for name, value in state.items()}, []        # what no ISB has followed yet
        for each in done[i]:
            if each.name == "ISB":
                may_be, open_ = {name: {value} for name, value in state.items()}, []
            elif each.name in state:
                old, state[each.name] = state[each.name], each.value
                may_be[each.name].add(each.value)
                if met := meets({name: {value} for name, value in state.items()} | {each.name: {old, each.value}}):
                    fail(f"{met}, while {each.name} alone changes from 0x{old:08x} to 0x{each.value:08x}")
                if met := meets(may_be):
                    fail(f"{met}, as there is no ISB between the write of {open_[-1]} and that of {each.name}")
                open_.append(each.name)
        table, asid = (model.spaces[n]["l1"] >> 12, model.spaces[n]["asid"]) if on else (nobody, 0)
        for wanted, got in ((f"TTBR0 = 0x{table << 12 | WBWA:08x}",
                             f"TTBR0 = 0x{state['TTBR0'] & ~0xfff | state['TTBR0'] & WALK:08x}"),
                            (f"ASID {asid}", f"ASID {state['CONTEXTIDR'] & 0xff}")):
            if wanted != got:
                fail(f"it should end with {wanted}, and does with {got}")
        if open_:
            fail(f"there is no ISB behind the last write, that of {open_[-1]}")
        if told := [each.name for each in done[i] if each.name in TLBI]:
            fail(f"{told[0]} forgets what is as true as before: entries have their ASID")

    followed(run, switches(run.seed), after)


def probes(va):
    return [op(READ, 0, 0, va), op(WRITE, 0, 0, va, va * 0x9e3779b1), op(EXEC, 0, 0, va), op(READ, 0, 0, va)]


def permitted(seed):
    draw = random.Random(seed)
    ops = [op(ALLOC, 1 + i, 9, ANY) for i in range(4)] + [op(CREATE, 0, 2, draw.randrange(1, 256)), op(SWITCH, 0, 1)]
    places = [PAGE, STRETCH * 9 - PAGE, USER_TOP - PAGE, 0x12345000]
    draw.shuffle(places)
    for i, va in enumerate(places):
        ops.append(op(MAP, 0, PROTS[i] | 7 << 8, va, slot(1 + i)))
    for va in (*places, *(va ^ bit for va in places for bit in (0x2000, 0x100000, 0x400000)), 0, USER_TOP, 0xfffff000):
        ops += probes(va)
    return b"".join(ops)


def stale(seed):
    draw = random.Random(seed)
    asids, va = draw.sample(range(1, 256), 2), draw.randrange(PAGE, USER_TOP) & ~0xfff
    ops = [op(ALLOC, 1 + i, 9, ANY) for i in range(3)]
    ops += [op(STAMP, 0, 0, slot(1 + i), draw.getrandbits(32)) for i in range(3)]
    ops += [op(CREATE, n, 2, asid) for n, asid in enumerate(asids)]
    ops += [op(SWITCH, 0, 1), op(MAP, 0, 7 << 8, va, slot(1)), op(MAP, 0, R | R << 8, va ^ PAGE, slot(2))]
    for one, other in itertools.permutations(PROTS, 2):
        for prot in (one, other):
            ops += [op(PROTECT, 0, prot, va), *probes(va)]
    both = [op(READ, 0, 0, va), op(READ, 0, 0, va ^ PAGE)]
    ops += [op(PROTECT, 0, R, va), *both, op(UNMAP, 0, 0, va), *both, op(MAP, 0, R | R << 8, va, slot(3)), *both]
    ops += [op(MAP, 1, R | R << 8, va, slot(2))] + 2 * [op(SWITCH, 1, 1), *both, op(SWITCH, 0, 1), *both]
    # Changed while the other is the current one.
    ops += [op(SWITCH, 1, 1), op(PROTECT, 0, 0, va), op(SWITCH, 0, 1), *both, op(PROTECT, 0, R, va), *both,
            op(SWITCH, 1, 1),
            op(UNMAP, 0, 0, va), op(MAP, 0, R | R << 8, va, slot(1)), op(SWITCH, 0, 1), *both]
    # Gone with its table; and back with another.
    ops += [op(UNMAP, 0, 0, va), *both, op(UNMAP, 0, 0, va ^ PAGE), *both, op(MAP, 0, R | X | 7 << 8, va, slot(1)),
            *both]
    # Gone with the address space, whose ASID is another's now.
    ops += [op(SWITCH, 1, 1), *both, op(DESTROY, 0), *both, op(CREATE, 0, 2, asids[0]), op(SWITCH, 0, 1), *both,
            op(MAP, 0, R | R << 8, va ^ PAGE, slot(3)), *both, op(SWITCH, 0, 0), *both]
    ops += [op(DESTROY, 1), op(CREATE, 1, 2, asids[1]), op(SWITCH, 1, 1), *both]
    return b"".join(ops)


def look_at_mappings(held):
    results(held)
    held.keep("mappings", {each.va: each for each in held.walker().mappings(0, USER_TOP)})


@check(points=3, step="2.5", boots=up(permitted, look_at_mappings), needs="switch",
       hint="What an application may do is AP[2:1]; what it may execute is XN, and readable too. In page 0, and from "
            "USER_TOP on, there is nothing for it.")
def test_permissions(run):
    """An application reads, writes and executes what it may, and nothing else, tried by accesses of its own."""
    model, found = followed(run, permitted(run.seed)), run.kept["mappings"]
    for va, (pa, prot, rights) in model.spaces[0]["maps"].items():
        check_mapping(found.get(va, "nothing"), pa, prot, rights, lambda field, expected, got, helper: model.fail(
            f"0x{va:08x}, as it is mapped in the end, {field}", expected, got, f"{helper}, in aspace.c"))


@check(points=4, step="2.5", boots=up(stale, marks=("next_operation",), hardware=True),
       needs=("permissions", "unmap", "protect", "destroy"),
       hint="Whoever changes an entry has to see that the TLB forgets the old one, for that address and that ASID: "
            "that one alone,"
            " and the branch predictors too.")
def test_stale(run):
    """Once unmapped, protected, remapped or destroyed, the old translation is gone; ASIDs are kept apart."""
    codes, done = [each[0] for each in struct.iter_unpack("<BBHII", stale(run.seed))], windows(run)
    mapped = {}

    def after(model, i):
        nonlocal mapped
        before = mapped
        mapped = {(n, va): page for n, space in model.spaces.items() for va, page in space["maps"].items()}
        if before == mapped:
            return
        gone = {(n, va // STRETCH) for n, va in before} - {(n, va // STRETCH) for n, va in mapped}
        told = [each.name for each in done[i] if each.name in TLBI]
        expected = ["TLBI of what changed", "BPIALL", "DSB", "ISB"] if told else ["DSB", "ISB"]
        if set(told) - set(narrowest(codes[i], gone)) or not ordered(done[i], *told[-1:], *expected[bool(told):]):
            model.fail(f"{model.what}, with the MMU on. What the core executed:", expected, in_words(done[i]),
                       f"{model.look}, and at tlb.c")

    followed(run, stale(run.seed), after)


def history(seed, steps, spaces=4, pages=48):
    """A random history: mostly sensible, with mistakes in between."""
    draw = random.Random(seed)
    vas = [stretch * STRETCH + page * PAGE for stretch in (0, *draw.sample(range(1, 255), 2), 255)
           for page in (1, 2, 255, 256, 511, 1023)]
    vas += [0, 0x1001, USER_TOP - PAGE, USER_TOP, 0xfffff000]
    ops, alive, mapped, current = [], {}, {}, None
    held = dict.fromkeys(range(pages), 0)       # by the history itself: it lets go of nothing that is a mapping's

    def a_slot(is_held):
        return draw.choice([i for i in held if bool(held[i]) == is_held] or [pages])

    for i in range(pages // 2):
        ops.append(op(ALLOC, i, 2 + i % 3, ANY, draw.randrange(1 << 16)))
        held[i] = 1
    for n, asid in enumerate(draw.sample(range(1, 256), 2)):
        ops.append(op(CREATE, n, draw.randrange(1, 1 << 16), asid))
        alive[n] = asid
    while len(ops) < steps:
        what = draw.random()
        n = draw.choice(list(alive)) if alive else None
        va = draw.choice(list(mapped.get(n, ())) or vas) if draw.random() < .6 else draw.choice(vas)
        if what < .08:
            i, owner = a_slot(False), draw.choice((0, 2, 3, 4, 5))
            if i < pages and draw.random() < .7:
                ops.append(op(ALLOC, i, owner, ANY, draw.randrange(1 << 16)))
                held[i] = int(owner != 0)
            else:
                pa = draw.choice([slot(a_slot(True)), 0x40000000, 0x47ff0000, 0x1000, 0xfffff000, 0x41234566])
                ops.append(op(ALLOC, 255, owner, pa))
        elif what < .14:
            i, more = a_slot(True), draw.random() < .4
            if i < pages:
                ops.append(op(HOLD if more else RELEASE, 0, 0, slot(i)))
                held[i] += 1 if more else -1
        elif what < .18:
            ops.append(op(QUERY, 0, 0, slot(a_slot(True))))
        elif what < .20:
            ops.append(op(COUNT, 1))
        elif what < .22 and len(alive) < spaces:
            n = next(i for i in range(spaces) if i not in alive)
            asid = draw.choice([i for i in range(1, 256) if i not in alive.values()])
            ops.append(op(CREATE, n, draw.randrange(1, 1 << 16), asid))
            alive[n], mapped[n] = asid, set()
        elif what < .225 and n is not None:
            if n == current:
                ops.append(op(SWITCH, 0, 0))
                current = None
            ops.append(op(DESTROY, n))
            del alive[n]
            mapped.pop(n, None)
        elif n is None:
            continue
        elif what < .42:
            prot = draw.choice(PROTS + (R | W | X, W, X)) if draw.random() < .2 else draw.choice(PROTS)
            ops.append(op(MAP, n, prot | draw.choice((prot, R | W | X, R | W, R)) << 8, va,
                          slot(a_slot(True) if draw.random() < .97 else 250)))
            mapped.setdefault(n, set()).add(va)
        elif what < .50:
            ops.append(op(UNMAP, n, 0, va))
            mapped.get(n, set()).discard(va)
        elif what < .60:
            ops.append(op(PROTECT, n, draw.choice(PROTS), va))
        elif what < .66:
            ops.append(op(LOOKUP, n, 0, va))
        elif what < .70:
            ops.append(op(SWITCH, n, 1))
            current = n
        elif what < .97:
            if current is not None and draw.random() < .7:
                va = draw.choice(list(mapped.get(current, ())) or vas)
            ops.append(op(draw.choice((READ, WRITE, EXEC)), 0, 0, va & ~0xfff, draw.getrandbits(32)))
        else:
            ops.append(op(FLUSH_ALL))
    for n in [n for n in alive]:
        ops += [op(SWITCH, 0, 0), op(DESTROY, n)]
    return b"".join(ops + [op(COUNT, 1)])


def long_history(seed):
    """All 1,024 entries of a stretch in use, and one after the other not; then what comes."""
    draw = random.Random(seed)
    va, count, page = draw.randrange(1, 256) * STRETCH, op(COUNT, 1), op(QUERY, 0, 0, slot(200))
    odd = [*(7 * PAGE | 1 << bit for bit in range(12)), *(7 * PAGE | top << 30 for top in range(4))]
    return b"".join([
        op(ALLOC, 200, 2, ANY), op(CREATE, 8, 2, 255),
        *(op(code, 8, R | R << 8 if code == MAP else R, at, slot(200))
          for at in odd for code in (MAP, LOOKUP, PROTECT, UNMAP)),
        op(FILL, 8, 1024, va, slot(200)), count, page,
        op(EMPTY, 8, 1023, va), count, op(EMPTY, 8, 1, va + 1023 * PAGE), count, page,
        op(DESTROY, 8), op(RELEASE, 0, 0, slot(200)), history(seed, 5000)])


@check(points=4, step="2.5", boots=up(long_history), needs="stale",
       hint="Read the operation that went wrong; then the contract of its function, and what it may have left to do. "
            "The checks before this one are of one thing each.")
def test_history(run):
    """Five thousand operations on pages, mappings and address spaces, by chance, with accesses in between."""
    followed(run, long_history(run.seed))
