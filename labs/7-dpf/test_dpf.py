"""The checks of lab 7.

Filters and frames go in through the run's input (checks/filters.c) and are judged by a model that is written from the
contract (grader/dpf.py).
"""
import functools
import itertools
import random
import struct

from grader import dpf
from grader.checks import Boot, Wrong, check
from grader.dpf import Atom, Field, Filter, Shift


ABORT = "A data abort in the classifier is a load for whose bytes nobody has asked on the way there: does context.checked say so, of which base?"
FRAME = ("classify_begins", "classify_ended")      # checks/filters.S, for each frame
ENDINGS = "return", "fault", "lost", "budget"       # a run that does not come back: from which frame, is told


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
        results, words = [], []
        for value in values:
            items = list(what.items)
            items[item] = Atom(items[item].offset, items[item].width, items[item].mask, value)
            one = Filter(tuple(items), what.endpoint)
            results.append(self.model.insert(one, owner, guard))
            words.append(f"insert {one}")
        self.do(4, struct.pack("<II", item, len(results)) + self.head(what, owner, guard, None)
                + struct.pack(f"<{len(results)}I", *values), results, "")
        self.said[len(self.said) - len(words):] = words
        return results

    def delete(self, id, owner=1):
        self.do(2, struct.pack("<II", id, owner), [self.model.delete(id, owner)], f"delete {id}")

    def clear(self):
        """Delete all filters of owner 1's, by all ids up to the largest."""
        last = max(self.model.known)
        self.do(8, struct.pack("<III", 1, last, 1), [self.model.delete(id) for id in range(1, last + 1)], "")
        self.said[-last:] = [f"delete {id}" for id in range(1, last + 1)]

    def classify(self, frame):
        self.do(3, framed(frame, 2), [self.model.classify(frame)], f"classify {frame.hex()}")

    def lengths(self, frame):
        self.do(5, framed(frame, 2), [self.model.classify(frame[:n]) for n in range(len(frame) + 1)],
                f"classify, at every length, {frame.hex()}")

    def filled(self, size, byte):
        self.do(7, struct.pack("<II", size, byte), [self.model.classify(bytes([byte]) * size)], f"classify {size} times {byte}")

    def use(self):
        self.do(6, b"", [None] * 4, "use")

    def judge(self, run, average=None, most=None):
        """The results, which have to be as expected. A frame takes at most so many instructions on average, and none more than `most`."""
        if run.end != "power-off" or not run.reported("results"):
            raise self.stuck(run)
        count = run.numbers("results")[0]
        got = [struct.unpack("<i", run.kept["results"][4 * n:4 * n + 4])[0] for n in range(count)]
        for n, (want, has) in enumerate(zip(self.expected, got)):
            if want is not None and want != has:
                self.wrong(n, has)
        if len(got) != len(self.expected):
            raise Wrong(f"there are {len(got)} results, not {len(self.expected)}")
        if average is not None:
            spent = self.spent(run)
            for took, enough, how in (sum(spent) // len(spent), average, " on average"), (max(spent), most, ""):
                if took > enough:
                    raise Wrong(f"A frame takes {took} instructions{how}; {enough} are enough.",
                                look="what the code finds out for each frame, and what was known when the filters came")
        return got

    def known(self, n):
        """The filters that there are before step n, their texts by id, as the model has them."""
        known = {}
        for said, result in zip(self.said[:n], self.expected):
            verb, _, rest = said.partition(" ")
            if verb == "insert" and (result or 0) > 0:
                known[result] = rest
            elif verb == "delete" and rest and result == 0:
                known.pop(int(rest), None)
        return known

    def stuck(self, run):
        """What to say of a run that does not come back: from which frame, or from what between two of them."""
        frames = [n for n, said in enumerate(self.said) if said.startswith("classify")]
        begun = sum(mark.symbol == FRAME[0] for mark in run.marks)
        inside = 0 < begun <= len(frames) and len(run.marks) == 2 * begun - 1
        n = frames[begun - 1] if inside else min(len(run.kept.get("results", b"")) // 4, len(self.said) - 1)
        known = self.known(n)
        filters = [f"filter {id}: {text or 'without items'}" for id, text in [*known.items()][-8:]]
        if not inside:
            return Wrong(f"The kernel does not come back from this: {self.said[n]}.",
                         got=[f"{len(known)} filters, the last ones:"] * (len(known) > 8) + filters, run=run)
        size = n - max(m for m in range(n + 1) if m == 0 or self.said[m - 1] != self.said[n]) if "length" in self.said[n] else None
        return Wrong(f"The classifier does not come back from {self.said[n]}" + (f" (of {size} bytes)." if size is not None else "."),
                     got=[f"{len(known)} filters, the last ones:"] * (len(known) > 8) + filters, run=run,
                     look="r0, the frame's first byte, r1, its size, and what the code at pc has loaded")

    def spent(self, run):
        """Instructions that each frame took, one after the other, counted from outside: from a classifier's first to its return."""
        if [mark.symbol for mark in run.marks] != [*FRAME] * sum(said.startswith("classify") for said in self.said):
            raise Wrong("The check's code was not executed as it stands there.")
        return [ended.count - begins.count - 1 for begins, ended in zip(run.marks[::2], run.marks[1::2])]

    def wrong(self, n, has):
        """Wrong, for the result n, which is `has`: what was done, and of a frame whose filters are meant."""
        said, want, known, first = self.said[n], self.expected[n], self.known(n), n
        if not said.startswith("classify"):
            look = CAUSES["refused" if want < 0 or has < 0 else "left"]
            raise Wrong(f"Result {n} is another one, where there are {len(known)} filters: {said}.", expected=str(want), got=str(has), look=look)
        while said.startswith("classify, at") and self.said[first - 1] == said:
            first -= 1
        if said.startswith("classify, at"):
            frame = bytes.fromhex(said.rpartition(" ")[2])[:n - first]
            said += f" (of {n - first} bytes)"
        elif " times " in said:
            frame = bytes([int(said.split()[3])]) * int(said.split()[1])
        else:
            frame = bytes.fromhex(said.rpartition(" ")[2])
        meant = "".join(f" Filter {id} is {known[id] or 'the one without items'}." for id in (want, has) if id in known)
        raise Wrong(f"Result {n}, where there are {len(known)} filters, is another one: {said}.{meant}", expected=f"goes to {want}",
                    got=f"goes to {has}", look=cause({id: dpf.parse(text).items for id, text in known.items()}, has, frame))


# Where to look, by what is wrong.
CAUSES = {
    "refused": "what dpf_canonical() refuses, and what not: an atom that contradicts another, what ends beyond DPF_REACH, a level or a cell too many",
    "left": "what an insertion or a deletion before has left undone",
    "registers": "r4 to r11 and sp: whoever calls a classifier has them afterwards as they were",
    "end": "the frame's end: that filter reads bytes that the frame has not. What a filter needs is asked for at each of its levels, before it is found",
    "later": "what was still to be tried when that filter was found: one that constrains more bits matches as well (context.later)",
    "test": "the test of that filter which this frame should have failed: what it loads, its mask, what it compares, and the branch that asks",
    "gone": "what a deletion has left: no filter has that id, and dpf_went() has to be told of the node from which the deleted way led off",
    "nobody": "the test where the frame is sent away: must every filter behind it have so many bytes, which flags does a branch ask, and is what comes next still tried?",
}


def cause(known, has, frame):
    """Where to look when the frame went to `has`: of CAUSES, by which filters there are."""
    if has in known:
        if dpf.matches(known[has], frame):
            return CAUSES["later"]
        return CAUSES["end" if dpf.matches(known[has], frame + bytes(dpf.REACH)) else "test"]
    return CAUSES["nobody" if has == 0 else "registers" if has == -1 else "gone"]


def framed(frame, more=0):
    """A frame behind its size, in whole words that have room for so many bytes more."""
    return struct.pack("<I", len(frame)) + frame.ljust(-(-(len(frame) + more) // 4) * 4, b"\0")


def results(held):
    count = min(held.word(held.address("result_count")), 0x40000)       # ROOM, in checks/filters.c
    held.keep("results", held.memory(held.address("results"), 4 * count))


def boot(script, budget=400_000_000):
    """The run of a script that is made of the seed."""
    return Boot("filters", input=lambda seed: script(seed).bytes, read_at_end=results, marks=FRAME, budget=budget)


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


def frame_for(rng, what, size=48, least=0, also=()):
    """A frame of `least` bytes to `size` that often matches, and less often those filters, too."""
    frame = bytearray(rng.choice((0, 1, 2, 0xff)) for _ in range(rng.randrange(least, size + 1)))
    for one in (*also, what):
        base = 0
        for item in one.items:
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


# ---- The canonical form, and the trie, by themselves.

CELL = struct.Struct("<4BiII")
CANON = struct.Struct("<iII4I")


def cells_of(what):
    """What dpf_canonical() makes of a filter that is not refused: (cells, needs), a cell as its eight numbers."""
    found, level, moved, unit, phase, needs = {}, 0, 0, 4, 2, [0] * dpf.LEVELS
    for item in what.items:
        if isinstance(item, Shift):
            moved += item.by
            continue
        start, size = moved + item.offset, item.width // 8
        needs[level] = max(needs[level], start + size)
        if isinstance(item, Field):
            found[level, 1, start] = [1, level, size, item.left, start, item.mask, 0]
            while (item.mask << item.left) % unit:
                unit //= 2
            level, phase = level + 1, phase % unit
            continue
        for n in range(size):
            mask, value = (number.to_bytes(size, "big")[n] for number in (item.mask, item.value))
            if mask:
                at = start + n - (start + n + phase) % unit
                cell = found.setdefault((level, 0, at), [0, level, unit, 0, at, 0, 0])
                cell[5] |= mask << 8 * (start + n - at)
                cell[6] |= value << 8 * (start + n - at)
    cells = [tuple(found[key]) for key in sorted(found)]
    if cells and cells[-1][0]:
        cells.pop()
    return cells, needs


def differs(want, got):
    """Where to look when the cells are others."""
    if len(got) > len(want) and got[:len(want)] == want and got[len(want)][0]:
        return "the last field: behind its base nothing is read"
    mine, wanted = next((pair for pair in zip(got, want) if pair[0] != pair[1]), ((0,) * 7, (0,) * 7))
    if mine[:2] != wanted[:2] or mine[0]:
        return "which items make a cell or a field of its own, and at where it lies: shifts by constants count"
    if mine[2:5] == wanted[2:5]:
        return "which byte of an atom is which of its cell's: an atom's number is in network order, a cell's as memory has it"
    if mine[1]:
        return "what is known of the base behind a field: the largest unit that all values of mask << by are multiples of, and the phase in it"
    return "which unit a byte lies in: the frame begins two bytes into one"


@functools.cache
def canonical_cases(seed):
    rng = random.Random(seed)
    return [Filter(random_items(rng), n) for n in range(300)] + [fixed(53), variable(53), Filter(())] + [dpf.parse(text) for text in LIMITS]


# At the limits, and beyond: bytes that are reached, fields, cells, of which there are four for each word behind a base that may lie anywhere.
_WORDS = "shift (0:8 & 0x1) << 0 && " + " && ".join(f"{4 * n}:32 == {n:#x}" for n in range(8))
LIMITS = ["65535:8 == 1", "65534:16 == 1", "65535:16 == 1", "65532:32 & 0xff == 1", "65533:32 & 0xff000000 == 0x1000000", "shift 65535 && 0:8 == 1",
          "shift 65535 && 1:8 == 1", "65535:8 == 1 && shift (65535:8 & 0x1) << 2 && 0:8 == 1", "shift (65535:16 & 0x1) << 2 && 0:8 == 1",
          "shift (0:8 & 0x1) << 2 && 65535:16 == 1", "65535:8 == 1 && 65535:8 == 2",
          *(" && ".join(["shift (0:8 & 0x2) << 1"] * n) + " && 0:8 == 1" for n in (dpf.LEVELS - 1, dpf.LEVELS)),
          _WORDS.replace("28:32", "28:16"), _WORDS, _WORDS + " && 40:8 == 1"]


def canons(held):
    held.keep("canons", held.memory(held.address("results"), len(canonical_cases(held.seed)) * (CANON.size + dpf.CELLS * CELL.size)))


@check(points=12, step="7.1", hint="Take the filter that is shown, and paper: item by item, what is known of the base then, and into which cell each byte goes.",
       boots=Boot("canonical", input=lambda seed: b"".join(what.encode() for what in canonical_cases(seed)), read_at_end=canons,
                  budget=50_000_000))
def test_canonical(run):
    """Filters in canonical form."""
    size = CANON.size + dpf.CELLS * CELL.size
    for n, what in enumerate(canonical_cases(run.seed)):
        error, count, bits, *needs = CANON.unpack_from(run.kept["canons"], n * size)
        if dpf.refused(what.items):
            if error != dpf.refused(what.items):
                raise Wrong(f"{what}: returns {error}, and not {dpf.refused(what.items)}.", look="what it says twice of one bit, how far it "
                            "reaches, and how many bases and cells it has")
            continue
        want, wanted = cells_of(what)
        got = [CELL.unpack_from(run.kept["canons"], n * size + CANON.size + i * CELL.size) for i in range(min(count, dpf.CELLS))]
        show = "kind {} level {} bytes {} shift {} at {} mask {:#x} value {:#x}"
        if error or got != want:
            raise Wrong(f"{what}: returns {error}, and has other cells.", expected=[show.format(*cell) for cell in want],
                        got=[show.format(*cell) for cell in got], look=differs(want, got))
        if (bits, needs) != (dpf.number_of(dpf.constraints(what.items)), wanted):
            raise Wrong(f"{what}: {bits} bits, and needs {needs}, not {dpf.number_of(dpf.constraints(what.items))}, {wanted}.", look="all that is read "
                        "behind each base, atoms whole and fields too, and at bits that two atoms constrain: each counts once")


# Filters whose first cells are alike in much, and are not one test.
ALIKE = [dpf.parse(text) for text in (
    "14:8 & 0xf == 5", "14:8 & 0xf == 5 && 23:8 == 17", "14:8 & 0xff == 0x45 && 36:16 == 53", "shift (14:8 & 0xf) << 2 && 16:32 == 53",
    "shift (14:8 & 0xf) << 1 && 14:16 == 7 && 16:32 == 53", "shift (14:32 & 0xf) << 0 && 16:16 & 0x7ff == 53", "shift (14:16 & 0xf) << 2 && 16:16 & 0x7fff == 53",
    "shift (14:8 & 0xf) << 2 && 16:32 == 53 && shift (14:8 & 0xf) << 2 && 16:8 == 53")]


CROSSED = "what an insertion took for the same test, and what a deletion took that another filter needs: a node in which one ends, or that leads on"


TOLD = "{} nodes and {} tests, {} filters behind the root with {} bits at most and {} at least, and a frame goes to {}"


def grown(want, got, said):
    """Where to look when the trie is another one, or a walk of it finds another filter."""
    if want[:2] == got[:2] and want[2:5] != got[2:5]:
        return "where filters end, and who is told: id is 0 where none does; dpf_came() is told once, of the node in which one ends, dpf_went() of " \
            "the last node that is left"
    if want[:2] == got[:2]:
        return "what the node says in which a filter ends: id, bits, and what it needs at each level"
    more, comes = got[:2] > want[:2], said.startswith("insert")
    return {(True, True): "what was made anew and was there already: a test is the same if all of the cell is the same but the value",
            (True, False): "what this deletion has left: a node is needed if a filter ends in it or a test leads on from it, a test if it has a value",
            (False, True): "which tests were taken for one: they are the same only if all of the cell is the same but the value",
            (False, False): "what this deletion has taken: a node is needed if a filter ends in it or a test leads on from it"}[more, comes]


@functools.cache
def trie_script(seed):
    """(input, what each step is expected to come to, in words what it is)."""
    rng, model, ids, data, expected, said = random.Random(seed), dpf.Model(), {}, b"", [], []
    alike = rng.sample(ALIKE, len(ALIKE))
    while len(said) < 500:
        more = rng.choice(sorted(ids.items()))[1].items if ids and rng.random() < 0.3 else ()      # so that one is a part of another
        what = alike.pop() if alike else Filter((*more, *random_items(rng))[:dpf.ITEMS])
        if ids and not alike and (len(ids) == 40 or rng.random() < 0.4):
            id, comes = rng.choice(sorted(ids)), 0
            what = ids.pop(id)
            model.delete(id)
        else:
            if not 0 < (id := model.insert(what)) <= 64:
                continue
            ids[id], comes = what, 1
        frame = frame_for(rng, rng.choice([what, *ids.values()]))
        if rng.random() < 0.2:      # as short as it can be for a filter, or shorter by one
            size = next((n for n in range(len(frame)) if model.classify(frame[:n])), 1)
            frame = frame[:max(0, size - rng.randrange(2))]
        data += struct.pack("<III", id, comes, len(frame)) + what.encode() + framed(frame)[4:]
        ways = [cells_of(one)[0] for one in ids.values()]
        nodes = {tuple(way[:n + 1]) for way in ways for n in range(len(way))}
        tests = {(node[:-1], node[-1][:6]) for node in nodes}
        bits = [dpf.number_of(dpf.constraints(one.items)) for one in ids.values()] or [0]
        expected.append((len(nodes), len(tests), len(ids), max(bits), min(bits), model.classify(frame)))
        said.append(f"{'insert' if comes else 'delete'} {id}: {what}")
    return data, expected, said


@check(points=12, step="7.2", hint="Draw the trie of the filters that there are: a node for each beginning that some of them have in common.",
       boots=Boot("trie", input=lambda seed: trie_script(seed)[0], read_at_end=results, budget=50_000_000))
def test_trie(run):
    """The trie has a node for each beginning, and no other; each filter's way is there, and a walk finds it."""
    _, expected, said = trie_script(run.seed)
    kept = [*struct.iter_unpack("<6I", run.kept["results"])]
    for n, (want, got) in enumerate(zip(expected, kept)):
        if want != got:
            raise Wrong(f"After step {n} there are {TOLD.format(*got)}; it should be {TOLD.format(*want)}.",
                        got=said[max(0, n - 12):n + 1], look=grown(want, got, said[n]))
    if lost := run.reported("lost"):
        n = len(kept) - 1      # the step that was the last
        raise Wrong(f"After step {n} the way of filter {lost[0][0]} is not in the trie, or the filter does not end there.", got=said[max(0, n - 12):n + 1],
                    look=CROSSED)
    if len(kept) != len(expected):
        raise Wrong(f"There are results of {len(kept)} steps, not of {len(expected)}.")


@functools.cache
def random_script(seed):
    rng, script = random.Random(seed), Script()
    script.use()
    while len(script.bytes) < 0xe000:
        known = [one.filter for one in script.model.known.values()]
        kind = rng.random()
        if kind < 0.25 or not known:
            script.insert(Filter(random_items(rng)), rng.choice((1, 1, 1, 2)), rng.choice((b"a", b"ab")),
                          rng.choice((b"", b"", b"", b"a", b"ab", None)))
        elif kind < 0.35 and len(known) > rng.choice((5, 40)):
            id = rng.choice(list(script.model.known))
            frame = frame_for(rng, script.model.known[id].filter)
            script.delete(id, rng.choice((script.model.known[id].owner, 1)))
            script.classify(frame)
        else:
            if rng.random() < 0.06:
                script.lengths(frame_for(rng, rng.choice(known), 48, 48))
            else:
                script.classify(frame_for(rng, rng.choice(known), also=rng.sample(known, rng.randrange(3) % len(known))))
    for id in list(script.model.known):
        script.delete(id, script.model.known[id].owner)
        if len(script.model.known) < 3:
            script.lengths(bytes(24))
    script.use()
    return script


@check(points=12, step="7.4", hint="Look at the first frame that goes elsewhere, and at which test it should have failed or passed. " + ABORT,
       ends=ENDINGS, boots=boot(random_script))
def test_random(run):
    """Random filters come and go, and every frame goes where the model says."""
    got = random_script(run.seed).judge(run, 300, 1200)
    returned(got)


def returned(got):
    """What is in use at the end is what was in use at the beginning."""
    if got[:4] != got[-4:]:
        filters, nodes, tests, words = got[-4:]
        raise Wrong(f"With no filters left {nodes} nodes, {tests} tests and {words} words of code are in use; at first it "
                    f"was {got[1]}, {got[2]} and {got[3]}.",
                    look="which nodes and tests the deletions left, and at what code depends on beside its node and its context")


# ---- The code of tests that have one value each.

def one_valued(items, wanted):
    """The items with other values: what is wanted at a place behind a base of that level is always the same."""
    found, level, moved = [], 0, 0
    for item in items:
        if isinstance(item, Atom):
            start, size = moved + item.offset, item.width // 8
            number = int.from_bytes(wanted[level][start:start + size], "big")
            item = Atom(item.offset, item.width, item.mask, number & item.mask)
        elif isinstance(item, Shift):
            moved += item.by
        else:
            level += 1
        found.append(item)
    return tuple(found)


# Pairs of which one needs more bytes than the test says that both lie behind, at level 0 and at level 1.
ENDS = [f"12:{rest}" for rest in (
    "16 == 0x800 && shift (14:8 & 3) << 1 && 0:8 & 0x7f == 1", "32 & 0xffff0000 == 0x8000000 && shift (14:8 & 3) << 1 && 0:16 & 0x7fff == 0x102",
    "16 == 0x800 && shift (14:8 & 3) << 1 && 20:32 & 0xff000000 == 0x4000000", "16 == 0x800 && shift (14:8 & 3) << 1 && 20:8 == 4 && 22:8 == 5")]


@functools.cache
def single_script(seed):
    """A few filters at a time, of which no two want different values in one place."""
    rng, script = random.Random(seed), Script()
    script.use()
    for texts in (ENDS[:2], ENDS[2:], ENDS):
        ids = [script.insert(dpf.parse(text)) for text in texts]
        for last in (4, 5):
            script.lengths(bytes((0, 0, 1, 2, *bytes(8), 8, 0, 1, *bytes(7), 4, 0, last, *bytes(5))))
        for id in ids:
            script.delete(id)
    while len(script.bytes) < 0x8000:
        wanted = [bytes(rng.choice((0, 1, 2, 0xff)) for _ in range(256)) for _ in range(dpf.ITEMS + 1)]
        for _ in range(rng.choice((1, 1, 2, 3, 6, 10))):
            known = [one.filter for one in script.model.known.values()]
            more = rng.choice(known).items if known and rng.random() < 0.5 else ()      # so that one is a part of another
            script.insert(Filter(one_valued((*more, *random_items(rng))[:dpf.ITEMS], wanted)))
        known = [one.filter for one in script.model.known.values()]
        for _ in range(4 + len(known) if known else 0):
            frame = bytearray(frame_for(rng, rng.choice(known)))
            if rng.random() < 0.7:      # as most of them want it
                frame = bytearray(byte if rng.random() < 0.05 else wanted[0][n] for n, byte in enumerate(frame))
            script.classify(bytes(frame))
        if known and rng.random() < 0.2:
            script.lengths(wanted[0][:48])
        for id in rng.sample(sorted(script.model.known), len(script.model.known)):
            script.delete(id)
            script.classify(wanted[0][:rng.randrange(49)])
    script.use()
    return script


@check(points=10, step="7.3", hint="Look at the first frame that goes elsewhere: which test should have failed, or passed, and where does the code go then? " + ABORT,
       ends=ENDINGS, boots=boot(single_script))
def test_single(run):
    """A few filters, of which no two want different values in one place; frames that match, and that end anywhere."""
    returned(single_script(run.seed).judge(run, 50, 400))


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


STEP, JUMP = Field(0, 8, 3, 0), Field(0, 8, 3, 2)       # to a base that lies one to three bytes, or words, further on


def neighbours(rng, script):
    """Few values and many, at each level, all over the place, 0 and the largest among them; what differs from one in a single
    bit has mostly the same hash."""
    wide = 2**32 - 1
    for width, offset, top, count, level, step in (
            *((8, offset, 255, 1, 0, JUMP) for offset in range(6, 10)), (8, 6, 255, 0, 3, STEP), (8, 7, 255, 12, 1, STEP), (8, 8, 20, 12, 2, JUMP),
            (16, 6, 65535, 2, 2, STEP), (16, 8, 65535, 20, 0, JUMP), (32, 6, wide, 0, 0, JUMP), (32, 6, wide, 1, 1, STEP), (32, 6, wide, 2, 1, JUMP),
            (32, 6, wide, 20, 0, JUMP), (32, 6, wide, 20, 2, JUMP), (32, 6, wide, 3, 3, JUMP)):
        most = (1 << width) - 1
        values = list({0, top, *(rng.randrange(1, top) for _ in range(count))})
        script.family(Filter((*[step] * level, Atom(offset, width, most, 0))), level, rng.sample(values, len(values)))
        asked = [value ^ 1 << rng.randrange(width) for value in rng.choices(values, k=16)]
        for value in asked + [value ^ 1 << bit for value in (0, most) for bit in range(width)] + values:
            frame = rng.choices((1, 2, 3), k=40)
            start = functools.reduce(lambda base, _: base + (frame[base] << step.left), range(level), 0) + offset
            script.classify(bytes(frame[:start]) + value.to_bytes(width // 8, "big"))
        script.clear()


def parting(rng, script, make):
    """Filters by protocol, then host, then port, and for a host and a protocol whatever the port; what was deleted is asked for."""
    hosts, ports = rng.sample(range(1 << 32), 3), rng.sample(range(65536), 20)
    some = [make(0, protocol, to) for protocol in (UDP, TCP) for to in hosts]
    for what in some:
        script.family(what, len(what.items) - 1, rng.sample(ports, rng.choice((5, 9, 18))))
        script.insert(Filter(what.items[:4]))
    script.insert(Filter((Atom(12, 16, 0xffff, 0x806),)))
    for id in rng.sample(sorted(script.model.known), len(script.model.known)):
        frame = frame_for(rng, script.model.known[id].filter, 44, 44)
        script.delete(id)
        script.classify(frame)


def packet(rng, ports, size=60):
    """A frame of UDP or TCP, mostly."""
    words = rng.choice((5, 5, 5, 6, 15))
    frame = rng.randbytes(12) + struct.pack(">H", rng.choice((0x800, 0x800, 0x800, 0x800, 0x806)))
    frame += struct.pack(">BBHHHBBH", 0x40 + words, 0, 46, 1, rng.choice((0, 0, 0, 0x4000, 3)), 64, rng.choice((6, 17, 17, 1)), 0)
    frame += struct.pack(">II", HERE - rng.choice((0, 1)), HERE + rng.choice((0, 0, 0, 1))) + bytes(4 * words - 20)
    frame += struct.pack(">HHHH", rng.choice(ports), rng.choice(ports), 8, 0)
    return frame.ljust(size, b"\0")[:size if rng.random() < 0.9 else rng.randrange(len(frame))]


BYTE, HALF, WORD, SOME = Atom(1, 8, 0xff, 0), Atom(4, 16, 0xffff, 0), Atom(2, 32, 0xffffffff, 0), Atom(2, 32, 0xfff0ff, 0)


def tables_script(seed):
    """A few values, or a few more, close to one another or not: those, what is around them, and what is far away."""
    rng, script = random.Random(seed), Script()
    script.use()
    for atom, values in ((BYTE, range(30, 42)), (BYTE, range(3, 23)), (HALF, range(250, 262)), (HALF, range(7000, 7040)),
                         (WORD, range(0x0a0b0c0d, 0x0a0b0c19)), (WORD, range(0xfffffff0, 0xfffffff9)),
                         *((HALF, [x << 8 | y << 4 for x in range(1, n) for y in range(1, n)]) for n in (4, 8)),
                         *((WORD, [10 << 24 | net << 16 | host for net in range(1, n) for host in range(1, n)]) for n in (3, 5, 9)),
                         *((atom, rng.sample(range(1 << 16), n)) for atom in (BYTE, HALF, WORD, SOME) for n in (2, 3, 4, 5, 17))):
        values = sorted({value & atom.mask for value in values})
        asked, span = {value + more for value in values for more in (-1, 0, 1)}, values[-1] - values[0]
        if span < 64:
            asked |= set(range(values[0] - 8, values[-1] + span // 4 + 20))
        ids = script.family(Filter((atom,)), 0, rng.sample(values, len(values)))
        for value in (*sorted(asked), *(rng.getrandbits(atom.width) for _ in range(10))):
            value = (value & atom.mask | rng.getrandbits(32) & ~atom.mask) % (1 << atom.width)
            script.classify(bytes(atom.offset) + value.to_bytes(atom.width // 8, "big"))
        for id in ids:
            script.delete(id)
    script.use()
    return script


@functools.cache
def many_script(seed):
    """2,000 filters by port, dense and scattered, of both protocols; some that constrain more, some less."""
    rng, script = random.Random(seed), Script()
    script.use()
    make = rng.choice((fixed, variable))
    ports = list(dict.fromkeys([0, 65535, 255, 65280, *rng.sample(range(65536), 996), *range(7000, 7100)]))
    known = rng.sample(ports, 40)

    def frames(count):
        for _ in range(count):
            script.classify(packet(rng, rng.choice((known, ports, range(65536)))))

    parting(rng, script, make)
    script.insert(Filter((IP,)))
    frames(20)
    script.family(make(0), -1 % len(make(0).items), ports[:9])
    frames(20)
    script.family(make(0), len(make(0).items) - 1, ports[9:60])
    frames(30)
    script.family(make(0), len(make(0).items) - 1, ports[60:])
    frames(60)
    script.family(make(0, TCP), len(make(0).items) - 1, ports[:890])
    ids = list(script.model.known)
    for _ in range(10):
        what = make(rng.choice(known))
        script.insert(Filter((*what.items[:3], at(HERE - rng.choice((0, 1)), 26), *what.items[3:])))
        for _ in range(12):
            script.delete(ids.pop(rng.randrange(len(ids))))
        script.insert(make(rng.choice(ports)))
        frames(6)
    for id in rng.sample(sorted(script.model.known), 1000):
        script.delete(id)
        if rng.random() < 0.08:
            frames(1)
    script.clear()
    script.lengths(packet(rng, ports))
    script.use()
    return script


@check(points=5, step="7.4", hint="Look at how the table's slots are found, and at what happens to a value that has none: r3 is compared before it is an index.",
       ends=ENDINGS, boots=boot(tables_script))
def test_tables(run):
    """The one of several values is found, and none that is not there: by comparisons, by its number, by a hash."""
    returned(tables_script(run.seed).judge(run, 30, 100))


@check(points=10, step="7.4", hint="Code that was made for what has changed since is still in use, or a slot's is another one's.",
       ends=ENDINGS, boots=boot(many_script, 4_000_000_000))
def test_many(run):
    """Two thousand filters come and go, most of them by port."""
    got = many_script(run.seed).judge(run, 40, 120)
    returned(got)


SETS = [
    ("", "12:16 == 0x800", "12:16 == 0x800 && 23:8 == 17", "12:16 == 0x806"),
    ("12:16 == 0x800 && 23:8 == 17", "12:16 == 0x800 && 23:8 == 17 && 36:16 == 53", "23:8 == 17 && 36:16 == 53 && 34:16 == 7",
     "12:16 == 0x800 && 36:16 == 53 && 34:8 == 0"),
    ("23:8 & 1 == 1", "23:8 & 0x11 == 0x11 && 22:8 & 3 == 0", "23:8 & 0x13 == 0x11", "23:8 == 0x11 && 22:8 == 0"),
    ("shift (14:8 & 0xf) << 2 && 16:16 == 53", "36:16 == 53 && 34:8 & 0x80 == 0", "shift (14:8 & 0xf) << 2 && 14:32 == 0x70035",
     "shift (14:8 & 0xf) << 2 && 16:16 == 53 && shift (14:8 & 7) << 1 && 14:8 == 0"),
    ("30:32 == 0xa0000ff", "30:32 == 0xa00007f", "30:32 == 0xa000080", "30:32 == 0xa000001"),
    ("12:32 & 0xffff0000 == 0x8000000", "12:16 == 0x806", "shift (20:8 & 1) << 0", "12:16 == 0x801 && shift (3:8 & 1) << 1 && shift (30:8 & 1) << 0"),
    ("12:16 == 0x800", "12:16 == 0x800 && 30:32 == 0xa00020f && 36:16 == 53", "23:8 == 17 && 36:16 == 53", "23:8 == 17"),
    ("14:8 & 0xf == 5", "shift (14:8 & 0xf) << 2 && 16:16 == 53", "shift (14:8 & 0xf) << 1 && 26:32 == 53", "shift (14:32 & 0xf) << 0 && 31:8 == 53"),
    ("12:16 == 0x800 && 36:16 == 53", "12:16 == 0x800 && 36:16 == 54", "12:16 == 0x800 && 36:16 == 55", "12:16 == 0x800 && 36:16 == 56",
     "12:16 == 0x800"),
]

GROUPS = SETS[:3], SETS[3:5], SETS[5:7], SETS[7:]       # as many as a run's input has room for


def in_every_order(script, rng, texts):
    """The filters in every order, each time classifying between; in the end there is none."""
    some = [bytes(12) + b"\x08\0" + bytes((0x45, *bytes(8), 17, *bytes(10), 0, 7, 0, port)) for port in (52, 53, 54, 56)]
    some += [some[1][:35], some[1][:20], some[1][:13], bytes(12) + b"\x08\x06" + bytes(20), packet(rng, (53, 7))]
    some += [frame_for(rng, dpf.parse(text)) for text in texts for _ in range(3)]
    for text in texts:
        script.insert(dpf.parse(text))
    for text in texts:
        script.lengths(bytes(50))
        script.lengths(frame_for(rng, dpf.parse(text), 50).ljust(50, b"\0"))
    for id in list(script.model.known):
        script.delete(id)
    for order in itertools.permutations(texts) if len(texts) < 5 else [rng.sample(texts, 5) for _ in range(12)]:
        for n, text in enumerate(order):
            script.insert(dpf.parse(text))
            script.classify(some[n])
        for frame in rng.sample(some, 5):
            script.classify(frame)
        for id in rng.sample(sorted(script.model.known), len(script.model.known)):
            script.delete(id)
            script.classify(rng.choice(some[:2]))


def orders_script(seed, sets):
    rng, script = random.Random(seed), Script()
    script.use()
    for texts in sets:
        in_every_order(script, rng, texts)
    script.use()
    return script


@check(points=6, step="7.4", hint="The trie has to be the same whatever came first; what was deleted has to leave nothing behind.",
       ends=ENDINGS, boots=[boot(lambda seed, sets=sets: orders_script(seed, sets)) for sets in GROUPS])
def test_orders(runs):
    """Small sets of filters, inserted in every order, give one classifier, and leave nothing behind."""
    for run, sets in zip(runs, GROUPS):
        returned(orders_script(run.seed, sets).judge(run, 30, 100))


class Raw:
    """A filter of items that the text form has no words for."""
    def __init__(self, *items):
        self.items = items

    def encode(self):
        return struct.pack("<II", 0, len(self.items)) + b"".join(dpf.ITEM.pack(*item) for item in self.items)


# As many cells as there can be.
CELLS = "shift (0:8 & 1) << 0 && " + " && ".join(f"{4 * n}:32 == 0x07070707" for n in range(7)) + " && 28:16 == 0x707 && 30:8 == 7"


THREE_FIELDS = "shift (0:8 & 1) << 0 && " * 3


def edges_script(seed):
    rng, script = random.Random(seed), Script()
    script.use()
    for item in ((0, 24, 0, 1, 0), (0, 0, 0, 1, 0), (0, 8, 0, 0, 0), (0, 8, 0, 0x100, 0), (0, 8, 0, 0xff, 0x100), (0, 16, 0, 0xff, 0x100),
                 (3, 8, 0, 1, 0), (1, 8, 0, 0, 4), (1, 0, 1, 0, 4), (1, 0, 0, 1, 4), (1, 0, 0, 0, 65536), (1, 0, 0, 0, 0xffffffff),
                 (2, 8, 0, 0, 0), (2, 16, 0, 0xffff, 1), (2, 8, 0, 1, 16), (2, 8, 0, 1, 32), (2, 32, 0, 0x10000, 0), (2, 32, 0, 0xffffffff, 0),
                 (255, 255, 0xffff, 0xffffffff, 0xffffffff)):
        raw = Raw(item)
        script.do(1, struct.pack("<I8sI8s", 1, b"", 0, b"") + raw.encode(), [dpf.E_INVAL], f"insert {item}")
    script.do(1, struct.pack("<I8sI8s", 1, b"", 0, b"") + Raw(*((0, 8, n, 1, 0) for n in range(17))).encode(), [dpf.E_INVAL], "insert 17 items")
    for bit in range(32):               # what contradicts itself in one bit
        for level in (0, rng.randrange(1, 4)):
            value = rng.getrandbits(32)
            script.insert(Filter((*[STEP] * level, Atom(2, 32, 0xffffffff, value), Atom(5 - bit // 8, 8, 1 << bit % 8, ~value >> bit // 8 * 8 & 1 << bit % 8))))
    for text in ("65535:16 == 1", "65533:32 == 1", "65535:8 == 1", "shift 65535 && 0:8 == 1 && 0:8 & 7 == 1 && 1:8 == 1", "shift 65535 && shift 65535",
                 "shift 65535 && shift 1 && 0:8 == 1", "0:8 == 1 && 0:8 == 2", "0:16 == 0x102 && 1:8 & 1 == 1",
                 "0:16 == 0x102 && 1:8 & 3 == 2", "65534:8 == 7", "shift 30000 && 30000:16 == 0x0707", "4:32 == 0x07070707",
                 "shift (0:8 & 1) << 0 && " * 3 + "0:8 == 1", "shift (0:8 & 1) << 0 && " * 4 + "0:8 == 1",
                 "shift (0:8 & 1) << 0 && shift (0:8 & 1) << 0 && shift (9:8 & 1) << 0",
                 *(THREE_FIELDS + rest for rest in ("65535:8 == 7", "65535:16 == 7", "70:8 == 1 && 68:16 == 2", "70:8 == 1 && 70:16 == 0x100")),
                 "shift (0:16 & 0xfff) << 4 && 4095:8 == 7", "shift (0:32 & 0x707) << 5 && 60:32 == 0x07070707 && shift (60:8 & 1) << 1 && 0:8 & 1 == 1",
                 "shift (0:8 & 1) << 0 && 1:32 == 0x07070707", "shift (0:8 & 7) << 8 && 0:8 == 7", "shift (0:8 & 1) << 15 && shift (0:8 & 3) << 9 && 0:16 == 0x707",
                 "65535:16 & 0xff00 == 0x700", "shift 65535 && shift (0:8 & 7) << 0",
                 "shift 65535 && shift (0:16 & 1) << 0", "65533:8 == 7 && shift (65535:8 & 7) << 0", "shift (0:8 & 7) << 0 && 65535:16 & 0x100 == 0x100",
                 "shift (0:8 & 7) << 0 && 65520:8 == 7", "shift (0:8 & 7) << 1 && shift 65534 && shift (0:16 & 7) << 0",
                 "shift (0:8 & 7) << 1 && shift 65534 && shift (1:16 & 7) << 0", CELLS, CELLS + " && shift (40:8 & 1) << 0",
                 " && ".join(f"{4 * n}:32 == {n}" for n in range(16)),
                 " && ".join(["shift (0:8 & 1) << 0"] + [f"{4 * n}:32 == {n}" for n in range(15)]),
                 " && ".join(["shift (0:8 & 1) << 0"] + [f"{4 * n + 1}:32 == {n}" for n in range(8)])):
        what = dpf.parse(text)
        id = script.insert(what)
        script.insert(what)
        for size in (0, 1, 2, 13, 64, 60000, 60001, 60002, 65534, 65535):
            script.filled(size, 7)
        script.lengths(frame_for(rng, what, 80)[:80])
        if id > 0:
            script.delete(id, 2)
            script.delete(id)
            script.delete(id)
    for id in (0, 2049, 0xffffffff):
        script.delete(id)
    neighbours(rng, script)
    for left in range(3, 9):            # how far a field can lead
        id = script.insert(what := Filter((Field(0, 8, 1, left), Atom(0, 16, 0xffff, 0x1234))))
        script.classify(frame_for(rng, what, 260, 260, (Filter((Atom(0, 8, 1, 1),)),)))
        script.delete(id)
    for text in ("0:8 == 1", "0:8 == 1 && 8:32 == 0x1020304", "4:16 & 0x1ff == 0x101"):     # which is tried behind the first, and has one bit more
        script.insert(dpf.parse(text))
    script.lengths(bytes((1, 0, 0, 0, 1, 1, 0, 0, 1, 2, 3, 4)))
    script.lengths(bytes((1, 0, 0, 0, 1, 1, 0, 0, 1, 2, 3, 5)))
    script.clear()
    # Who may take whose frames.
    ip, udp, port = Filter((IP,)), Filter((IP, UDP)), fixed(53)
    for caps in ((None, b"b", b"a", b"ab", b""), (b"", None, b"abc")):
        script.insert(ip, 1, b"ab")
        for cap in caps:
            script.insert(udp, 2, b"c", cap)
        for cap in (None, b"ab", b"c", b""):
            script.insert(port, 3, b"d", cap)
        script.insert(Filter(()), 4)
        script.insert(Filter((IP, FIRST)), 1, b"", b"")
        for frame in (packet(rng, (53,)) for _ in range(10)):
            script.classify(frame)
        for id in list(script.model.known):
            script.delete(id, script.model.known[id].owner)
    script.use()
    return script


@check(points=10, step="7.4", hint="Look at the filter that was inserted last, and at what a frame that ends in its midst may do.",
       ends=ENDINGS, boots=boot(edges_script))
def test_edges(run):
    """Filters at the edges of what can be said, frames that end anywhere, and other owners' frames."""
    returned(edges_script(run.seed).judge(run, 30, 150))


def full_script(seed):
    """More than there is room for: of nodes, then of filters."""
    rng, script = random.Random(seed), Script()
    script.use()
    atoms = [Atom(0, 16, 0xffff, 0)] + [Atom(4 * n, 16, 0xffff, 0x0707) for n in range(1, 16)]
    values = rng.sample(range(65536), 1500)
    script.do(4, struct.pack("<II", 0, len(values)) + script.head(Filter(tuple(atoms)), 1, b"", None)
              + struct.pack(f"<{len(values)}I", *values), [None] * len(values), "insert one of too many")
    tail = b"".join(bytes(2) + b"\7\7" for _ in range(15))
    tries = rng.sample(range(len(values)), 150) + [0, len(values) - 1]
    for n in tries:
        script.do(3, framed(struct.pack(">H", values[n]) + tail, 2), [None], "classify")
    script.do(8, struct.pack("<III", 1, len(values), 1), [None] * len(values), "delete")
    one = Filter((Atom(4, 16, 0xffff, 0),))
    script.do(4, struct.pack("<II", 0, 2049) + script.head(one, 1, b"", None) + struct.pack("<2049I", *range(1, 2050)),
              [*range(1, 2049), dpf.E_NOMEM], "insert one of too many")
    for n in (0, 1, 700, 2046, 2047, 2048, 2049):
        script.do(3, framed(bytes(4) + struct.pack(">H", n), 2), [n if n <= 2048 else 0], "classify")
    script.do(8, struct.pack("<III", 1, 2048, 1), [0] * 2048, "delete")
    script.use()
    return script, values, tries


def full(run):
    """What there is no room for is refused, and changes nothing; afterwards there is room again. (A test of the grader's: it takes long.)"""
    script, values, tries = full_script(run.seed)
    got = script.judge(run)
    ids = got[4:4 + len(values)]
    taken = ids.index(dpf.E_NOMEM) if dpf.E_NOMEM in ids else len(ids)
    if ids != list(range(1, taken + 1)) + [dpf.E_NOMEM] * (len(ids) - taken) or taken < 900:
        raise Wrong(f"{taken} filters of 16 cells are taken; of those behind, {ids[taken:taken + 3]} and so on.")
    for n, found in zip(tries, got[4 + len(values):]):
        if found != (ids[n] if ids[n] > 0 else 0):
            raise Wrong(f"A frame of the filter {n}, which was answered with {ids[n]}, goes to {found}.")
    returned(got)


# Sets of filters: of each how many instructions are enough for a frame, and how many words for all code.
MOST = {"fixed": (20, 50), "variable": (25, 60), "ten": (24, 600), "mixed": (38, 700), "thousand": (28, 45000),
        **{name: (most, 5000) for name, most in {
            "variable-hundred": 38, "dense": 26, "masked": 28, "protocols": 16, "sources": 28, "stations": 26, "nested": 30, "both": 38, "odd": 34,
            "fields": 46}.items()}}


def other(what, item, value):
    """The filter with that value in an item."""
    items = list(what.items)
    items[item] = Atom(items[item].offset, items[item].width, items[item].mask, value)
    return Filter(tuple(items))


@functools.cache
def cost_script(seed):
    """Sets of filters, and frames that match. (script, for each set: its name, its frames, and which result says how many words)"""
    rng, script, sets = random.Random(seed), Script(), []

    def draw(bits, count):
        return rng.sample(range(1 << bits), count)

    def add(name, *families, frames=12):
        """The filters that have these values in that item of a filter; -1 is the last one."""
        some, begin = [], sum(said.startswith("classify") for said in script.said)
        for what, item, values in families:
            script.family(what, item % len(what.items), values)
            some += [other(what, item, value) for value in values]
        for what in rng.sample(some, min(frames, len(some))):
            script.classify(frame_for(rng, what, 100, 100))
        sets.append((name, slice(begin, begin + min(frames, len(some))), len(script.expected) + 3))
        script.use()
        script.clear()

    source, station, nested = at(0, 26), (Atom(0, 32, 0xffffffff, 0), Atom(4, 16, 0xffff, 0x1234)), Field(16, 8, 0x7, 1)
    to = Atom(36, 16, 0xffff, 53)
    add("fixed", (fixed(0), -1, draw(16, 1)))
    add("variable", (variable(0), -1, draw(16, 1)))
    add("ten", (fixed(0), -1, draw(16, 10)))
    add("variable-hundred", (variable(0), -1, draw(16, 100)))
    add("dense", (fixed(0), -1, range(7000, 7100)))
    add("masked", (Filter((IP, UDP, Atom(36, 16, 0xffc0, 0))), -1, [64 * n for n in draw(10, 100)]))
    add("protocols", (Filter((IP, Atom(23, 8, 0xff, 0))), -1, draw(8, 100)))
    add("sources", (Filter((IP, UDP, source, to)), 2, draw(32, 100)))
    add("stations", (Filter((*station, IP)), 0, draw(32, 100)))
    add("nested", *((Filter((IP, UDP, at(host, 26), to)), -1, draw(16, 12)) for host in draw(32, 9)))
    add("both", (fixed(0), -1, draw(16, 50)), (fixed(0, TCP), -1, draw(16, 50)))
    add("odd", (Filter((IP, Field(14, 8, 0xf, 0), Atom(20, 16, 0xffff, 0))), -1, draw(16, 60)))
    add("fields", (Filter((IP, HEADER, nested, Atom(20, 16, 0xffff, 0))), -1, draw(16, 60)))
    add("mixed", (Filter((IP,)), 0, [0x800]), (Filter((UDP, Atom(34, 16, 0xffff, 0x3039))), -1, [0x3039]),
        (Filter((*fixed(0).items[:-1], Atom(34, 16, 0xffff, 0x3039), to)), -1, draw(16, 10)))
    add("thousand", (fixed(0), -1, draw(16, 1000)), frames=100)
    return script, sets


# Where to look where more was spent.
SPENT = dict.fromkeys(("fixed", "variable"), "how often the size is asked for (context.checked), and how many comparisons one "
                      "branch asks")
SPENT |= {"mixed": "what is done when a filter is found and none that is still to be tried constrains more bits"}
VALUES = "how one of several values is found: a comparison and a branch for each, or six or seven instructions for all"


@check(points=10, step="7.4", hint="Count the instructions of one frame's way: make gdb, and step from the classifier's first.",
       ends=ENDINGS, boots=boot(lambda seed: cost_script(seed)[0], 1_000_000_000), needs=("many",))
def test_cost(run):
    """A frame is classified in few instructions, however many filters there are."""
    script, sets = cost_script(run.seed)
    got, spent = script.judge(run), script.spent(run)
    for name, frames, words in sets:
        most, code = MOST[name]
        if (took := max(spent[frames])) > most:
            raise Wrong(f"A frame of the set {name!r} takes {took} instructions; {most} are enough.", look=SPENT.get(name, VALUES))
        if got[words] > code:
            raise Wrong(f"The code of the set {name!r} takes {got[words]} words; {code} are enough.")


def deep_script(seed):
    """Filters that part from one another at each of 32 cells, at most by a table."""
    rng, script = random.Random(seed), Script()
    script.use()
    values = [rng.getrandbits(32) for _ in range(16)]
    atoms = [Atom(8 * n, 32, 0xffffffff, value) for n, value in enumerate(values)]
    frame = b"".join(struct.pack(">I", value) + bytes(4) for value in values)
    script.insert(Filter(tuple(atoms)))
    others = []
    for n in reversed(range(16)):
        for half in (0, 16):
            some = {values[n] ^ rng.randrange(1, 65536) << half for _ in range(rng.choice((1, 2, 4, 12, 17, 20)))}
            script.family(Filter(tuple(atoms[:n + 1])), n, sorted(some))
            others.append(frame[:8 * n] + struct.pack(">I", rng.choice(sorted(some))) + frame[8 * n + 4:])
    between = [Atom(8 * n + 4, 32, 0xffffffff, 0) for n in range(8)]
    script.insert(Filter((*between, Atom(68, 16, 0xffff, 0))))      # more bits than some of them, fewer than others
    for some in (frame, *others):
        script.classify(some)
        script.classify(some[:rng.randrange(len(some))])
    for id in rng.sample(sorted(script.model.known), len(script.model.known)):
        frame = frame_for(rng, script.model.known[id].filter, 128, 128)
        script.delete(id)
        if rng.random() < 0.1:
            script.classify(frame)
    script.use()
    return script


@check(points=8, step="7.4", hint="Look at the first frame that goes elsewhere, and at the cell at which its filter parts from others.",
       ends=ENDINGS, boots=boot(deep_script), needs=("random",))
def test_deep(run):
    """Filters that share long beginnings."""
    returned(deep_script(run.seed).judge(run, 250, 600))
