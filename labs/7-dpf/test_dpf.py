"""The checks of lab 7.

Filters and frames go in through the run's input (checks/filters.c) and are judged by a model that is written from the
contract (grader/dpf.py).
"""
import functools
import random
import struct

from grader import dpf
from grader.checks import Boot, Wrong, check
from grader.dpf import Atom, Field, Filter, Shift


class Script:
    """What is done with filters and frames, and what the model says of it, a word for each result."""
    def __init__(self):
        self.model, self.bytes, self.expected, self.said = dpf.Model(), b"", [], []

    def do(self, code, data, results, words):
        self.bytes += struct.pack("<I", code) + data
        self.expected += results
        self.said += [words] * len(results)

    def head(self, what, owner, guard, cap):
        return (struct.pack("<I8sI8s", owner, guard, cap is not None, cap or b"") + what.encode())

    def insert(self, what, owner=1, guard=b"", cap=None):
        id = self.model.insert(what, owner, guard, cap)
        self.do(1, self.head(what, owner, guard, cap), [id], f"insert {what}")
        return id

    def family(self, what, item, values, owner=1, guard=b""):
        """The filters that have these values in that item."""
        results = []
        for value in values:
            items = list(what.items)
            items[item] = Atom(items[item].offset, items[item].width, items[item].mask, value)
            results.append(self.model.insert(Filter(tuple(items), what.endpoint), owner, guard))
        self.do(4, struct.pack("<II", item, len(results)) + self.head(what, owner, guard, None)
                + struct.pack(f"<{len(results)}I", *values), results, f"insert one of many of {what}")
        return results

    def delete(self, id, owner=1):
        self.do(2, struct.pack("<II", id, owner), [self.model.delete(id, owner)], f"delete {id}")

    def classify(self, frame):
        self.do(3, framed(frame), [self.model.classify(frame)], f"classify {frame.hex()}")

    def lengths(self, frame):
        self.do(5, framed(frame), [self.model.classify(frame[:n]) for n in range(len(frame) + 1)],
                f"classify, at every length, {frame.hex()}")

    def use(self):
        self.do(6, b"", [None] * 4, "use")

    def judge(self, run):
        count = run.numbers("results")[0]
        got = [struct.unpack("<i", run.kept["results"][4 * n:4 * n + 4])[0] for n in range(count)]
        for n, (want, has) in enumerate(zip(self.expected, got)):
            if want is not None and want != has:
                raise Wrong(f"result {n} is {has}, not {want}", got=self.said[:n + 1][-12:])
        if len(got) != len(self.expected):
            raise Wrong(f"there are {len(got)} results, not {len(self.expected)}")
        return got


def framed(frame):
    return struct.pack("<I", len(frame)) + frame.ljust(-(-len(frame) // 4) * 4, b"\0")


def results(held):
    count = held.word(held.address("result_count"))
    held.keep("results", held.memory(held.address("results"), 4 * count))


# ---- Random filters, over few places and values, so that they meet.

def random_atom(rng, reach=24):
    width = rng.choice((8, 8, 16, 16, 32))
    offset = rng.randrange(reach)
    if rng.random() < 0.6:
        offset = offset // (width // 8) * (width // 8) + (2 if width == 32 else 0)
    full = (1 << width) - 1
    mask = full if rng.random() < 0.6 else rng.choice((rng.getrandbits(width) or 1, 0xff, full & ~0xff or 1, full >> 3))
    value = rng.choice((0, 1, 2, 0x0101, 0x01020102, full)) & full
    return Atom(offset, width, mask, value & mask)


def random_items(rng):
    items = []
    for _ in range(rng.choice((0, 1, 1, 2, 2, 3, 4, 5, 6))):
        kind = rng.random()
        if kind < 0.75:
            items.append(random_atom(rng))
        elif kind < 0.87:
            items.append(Shift(rng.choice((0, 1, 2, 4, 14))))
        else:
            width = rng.choice((8, 8, 8, 16, 32))
            items.append(Field(rng.choice((0, 2, 3, 14)), width, rng.choice((1, 3, 0xf, 6)), rng.choice((0, 1, 2, 2, 2))))
    return tuple(items)


def frame_for(rng, what, size=48):
    """A frame that often matches."""
    frame = bytearray(rng.choice((0, 1, 2, 0xff)) for _ in range(rng.randrange(size + 1)))
    base = 0
    for item in what.items:
        if isinstance(item, Shift):
            base += item.by
            continue
        start, end = base + item.offset, base + item.offset + item.width // 8
        if end > len(frame):
            break
        number = int.from_bytes(frame[start:end], "big")
        if isinstance(item, Atom):
            number = number & ~item.mask | item.value
            frame[start:end] = number.to_bytes(item.width // 8, "big")
        else:
            base += (number & item.mask) << item.left
    return bytes(frame)


@functools.cache
def random_script(seed):
    rng, script = random.Random(seed), Script()
    while len(script.bytes) < 0xe000:
        known = list(script.model.filters.values())
        kind = rng.random()
        if kind < 0.25 or not known:
            script.insert(Filter(random_items(rng)), rng.choice((1, 1, 1, 2)), rng.choice((b"a", b"ab")),
                          rng.choice((b"", b"", b"", b"a", b"ab", None)))
        elif kind < 0.35 and len(known) > rng.choice((5, 40)):
            id = rng.choice(list(script.model.filters))
            script.delete(id, rng.choice((script.model.owners[id], 1)))
        else:
            frame = frame_for(rng, rng.choice(known))
            if rng.random() < 0.1:
                script.lengths(frame)
            else:
                script.classify(frame)
    for id in list(script.model.filters):
        script.delete(id, script.model.owners[id])
        if len(script.model.filters) < 3:
            script.lengths(bytes(24))
    script.use()
    return script


@check(points=20, step="7.3", hint="Look at the first frame that goes elsewhere, and at which test it should have failed or passed.",
       boots=Boot("filters", input=lambda seed: random_script(seed).bytes, read_at_end=results, budget=400_000_000))
def test_random(run):
    """Random filters come and go, and every frame goes where the model says."""
    got = random_script(run.seed).judge(run)
    if got[-4:-1] != [0, 0, 0]:
        raise Wrong(f"With no filters left {got[-3]} nodes and {got[-2]} tests are in use.")


# ---- Filters as networks have them.

IP = Atom(12, 16, 0xffff, 0x800)
FIRST = Atom(20, 16, 0x1fff, 0)             # a first fragment
HEADER = Field(14, 8, 0xf, 2)
UDP, TCP = Atom(23, 8, 0xff, 17), Atom(23, 8, 0xff, 6)
HERE = 0x0a00020f


def at(address, offset=30):
    return Atom(offset, 32, 0xffffffff, address)


def fixed(port, protocol=UDP, to=HERE):
    """The issue's filter, with an IP header of 20 bytes."""
    return Filter((IP, FIRST, protocol, at(to), Atom(36, 16, 0xffff, port)))


def variable(port, protocol=UDP, to=HERE):
    """The same behind an IP header of any length."""
    return Filter((IP, FIRST, protocol, at(to), HEADER, Atom(16, 16, 0xffff, port)))


def packet(rng, ports, size=60):
    """A frame of UDP or TCP, mostly."""
    words = rng.choice((5, 5, 5, 6, 15))
    frame = rng.randbytes(12) + struct.pack(">H", rng.choice((0x800, 0x800, 0x800, 0x800, 0x806)))
    frame += struct.pack(">BBHHHBBH", 0x40 + words, 0, 46, 1, rng.choice((0, 0, 0, 0x4000, 3)), 64, rng.choice((6, 17, 17, 1)), 0)
    frame += struct.pack(">II", HERE - rng.choice((0, 1)), HERE + rng.choice((0, 0, 0, 1))) + bytes(4 * words - 20)
    frame += struct.pack(">HHHH", rng.choice(ports), rng.choice(ports), 8, 0)
    return frame.ljust(size, b"\0")[:size if rng.random() < 0.9 else rng.randrange(len(frame))]


@functools.cache
def many_script(seed):
    """2,000 filters by port, dense and scattered, of both protocols; some that constrain more, some less."""
    rng, script = random.Random(seed), Script()
    make = rng.choice((fixed, variable))
    ports = rng.sample(range(65536), 1000) + list(range(7000, 7100))
    known = rng.sample(ports, 40)

    def frames(count):
        for _ in range(count):
            script.classify(packet(rng, rng.choice((known, ports, range(65536)))))

    script.insert(Filter((IP,)))
    frames(20)
    script.family(make(0), -1 % len(make(0).items), ports[:9])
    frames(20)
    script.family(make(0), len(make(0).items) - 1, ports[9:60])
    frames(30)
    script.family(make(0), len(make(0).items) - 1, ports[60:])
    frames(60)
    script.family(make(0, TCP), len(make(0).items) - 1, ports[:890])
    ids = list(script.model.filters)
    for _ in range(10):
        what = make(rng.choice(known))
        script.insert(Filter((*what.items[:3], at(HERE - rng.choice((0, 1)), 26), *what.items[3:])))
        for _ in range(12):
            script.delete(ids.pop(rng.randrange(len(ids))))
        script.insert(make(rng.choice(ports)))
        frames(12)
    for id in list(script.model.filters):
        script.delete(id)
        if rng.random() < 0.04:
            frames(1)
    script.lengths(packet(rng, ports))
    script.use()
    return script


@check(points=20, step="7.4", hint="Look at how the table's slots are found, and at what happens to a value that has none.",
       boots=Boot("filters", input=lambda seed: many_script(seed).bytes, read_at_end=results, budget=4_000_000_000))
def test_many(run):
    """Two thousand filters come and go, most of them by port."""
    got = many_script(run.seed).judge(run)
    if got[-4:-1] != [0, 0, 0]:
        raise Wrong(f"With no filters left {got[-3]} nodes and {got[-2]} tests are in use.")
