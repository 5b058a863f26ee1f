"""The checks of dynamic integrated layer processing (exo/pipe.h), which is given: of the lab's own it needs the encoders.

Pipes and messages go in through the run's input (checks/pipes.c) and are judged by a model of whole messages
(grader/pipes.py).
"""
import functools
import random
import struct
import zlib
from dataclasses import dataclass

from grader import pipes
from grader.checks import Boot, Wrong, check
from grader.pipes import COPY, SUM, SWAP16, SWAP32, XOR, Pipe

STEP = "6.3"
ARENA, ALIASES = 0x47e00000, 0xc0000000
PERIOD = 4093                   # bytes of the pattern that fills memory: no distance that is a power of two is one of it
MARGIN = 16                     # bytes before and behind all that is touched, which stay as they are
COMPILED, RAN = struct.Struct("<iiI"), struct.Struct("<i5III")
INVAL, NOMEM = -1, -2
ERRORS = {INVAL: "-E_INVAL", NOMEM: "-E_NOMEM"}


@functools.cache
def pattern():
    """What the payload fills memory from, again and again."""
    x, made = 0, bytearray()
    for _ in range(PERIOD):
        x = (x * 1664525 + 1013904223) & 0xffffffff
        made.append(x >> 24)
    return bytes(made) * 36


@dataclass(frozen=True)
class Message:
    source: int                 # offsets into the arena
    destination: int
    length: int
    fill: int

    def __post_init__(self):
        assert MARGIN <= min(self.source, self.destination)

    @property
    def low(self):
        return min(self.source, self.destination) - MARGIN

    @property
    def high(self):
        return max(self.source, self.destination) + self.length + MARGIN

    def encode(self):
        return struct.pack("<6I", self.source, self.destination, self.length, self.low, self.high, self.fill)

    def memory(self):
        """What the payload fills the arena with, from low to high."""
        start = (self.fill + self.low) % PERIOD
        return bytearray(pattern()[start:start + self.high - self.low])

    def __str__(self):
        return f"{self.length} bytes, source {self.source % 4} and destination {self.destination % 4} bytes off a word"


def encode(cases):
    return b"".join(struct.pack("<2I", len(these), len(messages))
                    + b"".join(struct.pack("<2I", pipe.kind, pipe.key) for pipe in these)
                    + b"".join(message.encode() for message in messages) for these, messages in cases)


def random_pipes(rng):
    """A composition within the limits, in any order."""
    these = [Pipe(SUM) if rng.random() < 0.6 else Pipe(XOR, rng.choice((0, 0xff, 0x80000001, rng.getrandbits(32))))
             for _ in range(rng.randrange(0, pipes.REGISTERS + 1))]
    these += [Pipe(rng.choice((SWAP16, SWAP32))) for _ in range(rng.choice((0, 0, 0, 1, 2)))]
    if rng.random() < 0.8 or not these:
        these.append(Pipe(COPY))
    rng.shuffle(these)
    return these


def random_message(rng, length, source, destination):
    """One of that length and those alignments: apart, in place, or overlapping with the destination first."""
    kind, source = rng.random(), 256 + source
    if kind < 0.6:
        destination += (source + length + MARGIN + 4) & ~3
    elif kind < 0.8:
        destination = source & ~3 | destination
        destination -= 4 * (destination > source)
    else:
        destination += source - 4 * rng.randrange(2, 20) & ~3
    return Message(source, destination, length, rng.getrandbits(32))


@functools.cache
def cases_of(seed):
    """Compositions, each with messages of all alignments; over all of them all lengths to 83, and some long ones."""
    rng = random.Random(seed)
    compositions = [[Pipe(COPY), Pipe(SUM)], [Pipe(SUM)], [Pipe(COPY), Pipe(SUM), Pipe(SWAP32)],
                    [Pipe(SWAP16), Pipe(SUM), Pipe(COPY)],
                    [Pipe(XOR, rng.getrandbits(32)), Pipe(SUM), Pipe(COPY), Pipe(XOR, 1), Pipe(SUM)],
                    [Pipe(SUM)] * 5 + [Pipe(SWAP16)] * 5 + [Pipe(SWAP32)] * 5 + [Pipe(COPY)],
                    [Pipe(SWAP32), Pipe(COPY), Pipe(SWAP16), Pipe(SUM)]]
    compositions += [random_pipes(rng) for _ in range(30)]
    cases = [(these, []) for these in compositions]
    for number, (these, messages) in enumerate(cases):
        width = max(pipes.WIDTHS.get(pipe.kind, 1) for pipe in these)
        for way in range(48 if number < 7 else 36):
            length = rng.randrange(84) if rng.random() < 0.7 else rng.randrange(9)
            if way >= 8:                # those before are of all remainders, and a swap refuses some
                length -= length % width
            else:
                length += way - length & 3
            messages.append(random_message(rng, length, way // 4 % 4, way % 4))
    for length in range(84):
        cases[length % 2][1].append(random_message(rng, length, rng.randrange(4), rng.randrange(4)))
    for number, length in ((0, 1500), (2, 1500), (4, 9001), (0, 65535), (4, 65536)):
        cases[number][1].append(random_message(rng, length, rng.randrange(4), rng.randrange(4)))
    return cases


def results(held):
    held.keep("compiled", list(COMPILED.iter_unpack(held.memory(held.address("compiled"), 64 * COMPILED.size))))
    held.keep("ran", list(RAN.iter_unpack(held.memory(held.address("ran"), 2048 * RAN.size))))


def named(these):
    return "pipes: " + (", ".join(map(str, these)) or "none")


BAD = (
    (INVAL, []),
    (INVAL, [Pipe(5)]),
    (INVAL, [Pipe(COPY), Pipe(0xffffffff)]),
    (INVAL, [Pipe(COPY), Pipe(SUM), Pipe(COPY)]),
    (INVAL, [Pipe(SUM, 1)]),
    (INVAL, [Pipe(SWAP32, 0x80000000)]),
    (NOMEM, [Pipe(SWAP16)] * 17),
    (NOMEM, [Pipe(SUM)] * 6),
    (NOMEM, [Pipe(XOR, 5)] * 3 + [Pipe(COPY)] + [Pipe(SUM)] * 3),
    (0, [Pipe(SWAP16)] * 16),
    (0, [Pipe(SUM)] * 2 + [Pipe(XOR, 5)] * 3),
)


@check(points=1, step=STEP, boots=Boot(
    "pipes", input=encode((these, []) for _, these in BAD), read_at_end=results, budget=10_000_000),
       hint="exo/pipe.h lists the errors; all that can be wrong is looked at before the first word is written.")
def test_pipes_refused(run):
    """Pipes that make no sense, or are too many, are refused, and nothing is written."""
    for (error, these), (words, shorter, spoilt) in zip(BAD, run.kept["compiled"]):
        if (words if error else min(words, 1)) != (error or 1):
            raise Wrong(f"pipe_compile() returned {words}, not {ERRORS.get(error, 'how many words')}.",
                        got=named(these))
        if not error and shorter != NOMEM:
            raise Wrong(f"With room for a word less than it needs, pipe_compile() returned {shorter}, not -E_NOMEM.",
                        got=named(these))
        if spoilt:
            raise Wrong(f"pipe_compile() wrote {spoilt} words that are not of the code it made.", got=named(these))


@check(points=2, step=STEP, needs="pipes-refused", boots=Boot(
    "pipes", input=lambda seed: encode(cases_of(seed)), read_at_end=results, budget=100_000_000),
       hint="Take the shortest message that goes wrong with the fewest pipes; which of its bytes go through the head, "
       "the loop of four words, the loop of one, and the tail?")
def test_pipes(run):
    """Random pipes on messages of all lengths and alignments do what they do one after the other."""
    ran = iter(run.kept["ran"])
    for (these, messages), (words, shorter, spoilt) in zip(cases_of(run.seed), run.kept["compiled"]):
        if words <= 0 or shorter != NOMEM or spoilt:
            raise Wrong(f"pipe_compile() returned {words}, and {shorter} where there is a word less room; it wrote "
                        f"{spoilt} words too many.", got=named(these))
        for message, (result, *rest) in zip(messages, ran):
            sums, digest, registers = rest[:5], rest[5], rest[6]
            memory = message.memory()
            at, to = message.source - message.low, message.destination - message.low
            want = pipes.run(these, bytes(memory[at:at + message.length]))
            if want.stored is not None:
                memory[to:to + message.length] = want.stored
            if result != (INVAL if want.refused else 0):
                raise Wrong(f"The code returned {result}, not {INVAL if want.refused else 0}.", got=[named(these), str(message)])
            if sums != [*want.sums, 0, 0, 0, 0, 0][:5]:
                raise Wrong("The sums are " + " ".join(f"{s:#x}" for s in sums) + ", and not "
                            + (" ".join(f"{s:#x}" for s in want.sums) or "left alone") + ".", got=[named(these), str(message)])
            if digest != zlib.crc32(memory):
                raise Wrong("What is stored in the destination is wrong, or something around it has changed.", got=[named(these), str(message)])
            if registers:
                lost = ", ".join(f"r{r}" for r in range(16) if registers >> r & 1)
                raise Wrong(f"The code did not keep {lost}.", got=[named(these), str(message)])


# Each word once: what the code loads and stores, seen from outside.

TOUCHING = 0x1000               # bytes of the arena


def touching_cases(seed):
    rng = random.Random(seed)
    cases = [([Pipe(COPY)], []), ([Pipe(SUM), Pipe(SWAP32), Pipe(SUM)], []),
             ([Pipe(SUM), Pipe(XOR, 0x5a5a0001), Pipe(COPY), Pipe(SUM), Pipe(SWAP32)], [])]
    for these, messages in cases:
        for way in range(16):
            lengths = [0, 4 * rng.randrange(1, 3), 4 * rng.randrange(4, 16)]
            if len(these) == 1:
                lengths += [1, 2, 3, rng.randrange(5, 40)]
            for length in lengths:
                source = 256 + way // 4
                destination = way % 4 + (source + length + MARGIN + 4 & ~3 if rng.random() < 0.7 else source - 32 & ~3)
                messages.append(Message(source, destination, length, rng.getrandbits(32)))
    return cases


@check(points=1, step=STEP, needs="pipes", boots=Boot(
    "pipes", input=lambda seed: encode(touching_cases(seed)), watch=((ARENA, TOUCHING),), marks=("pipes_call",),
    budget=20_000_000),
       hint="A word that was loaded stays in a register until all its bytes have gone; so do bytes that do not yet "
       "fill one of the destination's words.")
def test_pipes_once(run):
    """The loop loads each word once and stores each byte once, and touches nothing else."""
    accesses = [access for access in run.accesses if access.pc >= ALIASES]
    calls = iter([mark.count for mark in run.marks[1:]] + [run.instructions])
    for these, messages in touching_cases(run.seed):
        for message in messages:
            end = message.source + message.length
            loads = [(ARENA + at, 4) for at in range(message.source & ~3, end, 4)] if message.length else []
            stores = message.length if Pipe(COPY) in these else 0
            what = f"{named(these)}; {message}: "
            loaded, stored, until = [], [], next(calls)
            while accesses and accesses[0].count < until:
                access = accesses.pop(0)
                if access.address % access.size:
                    raise Wrong(f"{what}an access of {access.size} bytes at {access.address:#x} is not aligned.")
                if access.kind == "r":
                    loaded.append((access.address, access.size))
                else:
                    stored += range(access.address - ARENA, access.address - ARENA + access.size)
            if loaded != loads:
                raise Wrong(what + "the source's words are not loaded once each, one after the other.",
                            expected=[f"{size} bytes at {address:#x}" for address, size in loads],
                            got=[f"{size} bytes at {address:#x}" for address, size in loaded])
            if stored != list(range(message.destination, message.destination + stores)):
                raise Wrong(what + "the destination's bytes are not stored once each, one after the other.",
                            expected=[f"{stores} bytes at {ARENA + message.destination:#x}"],
                            got=[f"a byte at {ARENA + byte:#x}" for byte in stored])
