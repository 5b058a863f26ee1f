"""The checks of lab 6, step 6.5: what becomes of a message. Judged by a model of an end point (Endpoint below), which runs handlers by
bpf.run()."""
import random
import struct
import sys
import zlib
from pathlib import Path

from grader import bpf, pipes
from grader.checks import Boot, Wrong, check, expect_lines
from grader.pipes import Pipe

sys.path.insert(0, str(Path(__file__).parent))
import programs  # noqa: E402

PAGE, SLOTS, CASES, ENDPOINTS = 4096, 2, 512, 32
MESSAGE_MAX, SENDS, TAKEN = 1514, 4, 1
ERRORS = {"E_INVAL": 1, "E_NOMEM": 2, "E_NOENT": 4, "E_PERM": 6, "E_FAULT": 7, "E_BUSY": 10}
INFO = ("taken", "stopped", "ringed", "lost", "end", "fault")
RESULT = struct.Struct("<i12I3I8I")
SIZE = 2 * PAGE                 # of an end point's memory
VECTOR, SEND, TIME = 1, 2, 3
KEPT = 16               # where in its memory a handler leaves what a helper returned
ADDRESS = 0xc2000000            # where end point 1's memory lies: the first run of pages (exo/space.h)


def error(name):
    return -ERRORS[name] % 2**32


class Case:
    """A handler's text (or None), a message that comes so many times, and what pipes the end point has."""
    def __init__(self, name, text, message=bytes(range(64)), fuel=50, times=1, through=()):
        self.name, self.message, self.fuel, self.times = name, message, fuel, times
        self.program, self.through = bpf.assemble(text) if text else [], through

    def encode(self):
        return (struct.pack("<5I", len(self.program), self.fuel, len(self.message), self.times, len(self.through)) + bpf.encode(self.program)
                + b"".join(struct.pack("<2I", pipe.kind, pipe.key) for pipe in self.through)
                + self.message.ljust(-(-len(self.message) // 4) * 4, b"\0"))

    def expected(self):
        """What the payload reports: as RESULT has it."""
        one, two = Endpoint(self.program, self.fuel, self.through), Endpoint([], 0)
        for _ in range(self.times):
            one.arrive(self.message, {1: one, 2: two})
        return one, two


class Endpoint:
    def __init__(self, program, fuel, through=()):
        self.through = through
        self.program, self.fuel, self.memory, self.next = program, fuel, bytearray(SIZE), 0
        self.info = dict.fromkeys(INFO, 0)

    def arrive(self, message, others):
        sends = []

        def vector(fuel, to, at, count, how, _):
            if at + count > len(message) or not 0 <= to - ADDRESS <= SIZE - count:
                return error("E_FAULT")
            if how == 1:
                return self.pipe(to - ADDRESS, message[at:at + count])
            if how:
                return error("E_INVAL")
            self.memory[to - ADDRESS:to - ADDRESS + count] = message[at:at + count]
            return 0

        def send(fuel, at, count, where, *_):
            if not 0 <= at - ADDRESS <= SIZE - count:
                return error("E_FAULT")
            if not 0 < count <= MESSAGE_MAX or where not in (0, 1, 2):
                return error("E_INVAL")
            if len(sends) == SENDS:
                return error("E_NOMEM")
            sends.append((at - ADDRESS, count, where))
            return 0

        if self.program:
            state = bpf.run(self.program, ADDRESS, self.memory, len(message), self.fuel, {VECTOR: vector, SEND: send})
            if state.end == "done" and state.r0 == TAKEN:
                for at, count, where in sends:
                    if where:
                        others[where].ring(bytes(self.memory[at:at + count]))
                self.info["taken"] += 1
                return
            if state.end != "done":
                self.info["stopped"] += 1
                self.info["end"] = programs.ENDS.index(state.end)
                self.info["fault"] = (state.fault - ADDRESS) % 2**32
        self.ring(message)

    def pipe(self, to, data):
        passed = pipes.run(self.through, data) if self.through else None
        if passed is None or passed.refused:
            return error("E_INVAL")
        if passed.stored is not None:
            self.memory[to:to + len(data)] = passed.stored
        return passed.sums[0] if passed.sums else 0

    def ring(self, message):
        at = PAGE + 2048 * self.next
        if struct.unpack_from("<I", self.memory, at)[0]:
            self.info["lost"] += 1
            return
        self.memory[at + 6:at + 6 + len(message)] = message
        self.memory[at:at + 4] = struct.pack("<I", len(message))
        self.next = (self.next + 1) % SLOTS
        self.info["ringed"] += 1

    def slots(self):
        for n in range(SLOTS):
            at = PAGE + 2048 * n
            size, = struct.unpack_from("<I", self.memory, at)
            yield size, zlib.crc32(self.memory[at + 6:at + 6 + size])


def boot(cases):
    return Boot("messages", input=lambda seed: b"".join(case.encode() for case in cases(seed)), budget=60_000_000,
                read_at_end=lambda held: held.keep("results", held.memory(held.address("results"), CASES * RESULT.size)))


def judge(run, cases):
    for case, raw in zip(cases, RESULT.iter_unpack(run.kept["results"])):
        look = "its instructions: " + " ; ".join(map(bpf.disassemble, case.program)) if case.program else None
        if raw[0] != 0:
            raise Wrong(f"{case.name}: the end point was not opened (error {-raw[0]}).", look=look, run=run)
        ends = case.expected()
        for n, e in enumerate(ends):
            info = dict(zip(INFO, raw[1 + 6 * n:7 + 6 * n]))
            want = ", ".join(f"{name} {value:#x}" if name == "fault" else f"{name} {value}" for name, value in e.info.items())
            got = ", ".join(f"{name} {value:#x}" if name == "fault" else f"{name} {value}" for name, value in info.items())
            if info != e.info:
                raise Wrong(f"{case.name}: what became of the messages at end point {n + 1}.", expected=want, got=got, look=look, run=run)
            slots = list(zip(*[iter(raw[16 + 4 * n:20 + 4 * n])] * 2))
            if slots != list(e.slots()):
                words = [[f"slot {i}: {size} bytes, hash {value:#010x}" if size else f"slot {i}: free" for i, (size, value) in enumerate(found)]
                         for found in (e.slots(), slots)]
                raise Wrong(f"{case.name}: the ring of end point {n + 1}.", expected=words[0], got=words[1], look=look, run=run)
        kept, = struct.unpack_from("<i", ends[0].memory, KEPT)
        said = raw[15] - (raw[15] >> 31 << 32)
        if said != kept:
            raise Wrong(f"{case.name}: what the handler's last helper returned.", expected=str(kept), got=str(said), look=look, run=run)
        if raw[13:15] != tuple(zlib.crc32(ends[0].memory[at:at + PAGE]) for at in (0, PAGE)):
            raise Wrong(f"{case.name}: the handler's memory is not as it should be.", look=look, run=run)


# Text that begins a handler: r6 its memory, r7 the message's bytes; and that ends one, keeping w0 at 16 of its memory.
BEGIN = "w6 = w1\nw7 = w3\n"
TAKE = "\n*(u32 *)(r6 + 16) = w0\nw0 = 1\nexit"
LEAVE = "\n*(u32 *)(r6 + 16) = w0\nw0 = 0\nexit"


def vector(to="64", at="0", count="w7", how="0"):
    """Text of a call of HELPER_VECTOR; `to` counts from its memory."""
    return f"w1 = w6\nw1 += {to}\nw2 = {at}\nw3 = {count}\nw4 = {how}\ncall 1\n"


def send(at="64", count="w7", where="2"):
    return f"w1 = w6\nw1 += {at}\nw2 = {count}\nw3 = {where}\ncall 2\n"


PIPES = [Pipe(pipes.SUM), Pipe(pipes.XOR, 0x12345678), Pipe(pipes.COPY)]


def vectors(seed):
    made = [Case("A message is copied whole", BEGIN + vector() + TAKE), Case("Its last byte", BEGIN + vector("64", "63", "1") + TAKE),
            Case("A byte behind its last", BEGIN + vector("64", "64", "1") + TAKE), Case("Nothing, behind its last byte", BEGIN + vector("64", "64", "0") + TAKE),
            Case("Nothing, one behind that", BEGIN + vector("64", "65", "0") + TAKE),
            Case("A byte more than there is", BEGIN + vector("64", "1", "w7") + TAKE),
            Case("From -1 on, two bytes", BEGIN + vector("64", "-1", "2") + TAKE), Case("As many as there can be", BEGIN + vector("64", "1", "-1") + TAKE),
            Case("To the memory's last bytes", BEGIN + vector(str(SIZE - 64)) + TAKE),
            Case("A byte past its memory", BEGIN + vector(str(SIZE - 63)) + TAKE), Case("Behind its memory", BEGIN + vector(str(SIZE), "0", "1") + TAKE),
            Case("Nothing, behind its memory", BEGIN + vector(str(SIZE), "0", "0") + TAKE),
            Case("Before its memory", BEGIN + vector("-1", "0", "1") + TAKE), Case("Across its memory's start", BEGIN + vector("-1", "0", "2") + TAKE),
            Case("To an address that wraps", BEGIN + f"w1 = -1\nw2 = 0\nw3 = 2\nw4 = 0\ncall 1" + TAKE),
            Case("To address 0", BEGIN + "w1 = 0\nw2 = 0\nw3 = 4\nw4 = 0\ncall 1" + TAKE),
            Case("To the stack", BEGIN + "w1 = w10\nw1 += -64\nw2 = 0\nw3 = 4\nw4 = 0\ncall 1" + TAKE),
            Case("A way that there is not", BEGIN + vector(how="2") + TAKE), Case("Pipes that the end point has not", BEGIN + vector(how="1") + TAKE),
            Case("A way that there is not, to address 0", BEGIN + "w1 = 0\nw2 = 0\nw3 = 4\nw4 = 2\ncall 1" + TAKE),
            *(Case(f"A way that there is not, {how:#x}", BEGIN + vector(how=str(how)) + TAKE) for how in (4, 8, 256, 65536, 1 << 31)),
            *(Case(f"Through pipes, to {to} from {at}, {count} bytes", BEGIN + vector(to, at, count, "1") + TAKE, through=PIPES)
              for to, at, count in (("64", "0", "w7"), ("65", "3", "17"), ("64", "1", "w7"), ("64", "-1", "2"), ("-1", "0", "2"),
                                    (str(SIZE), "0", "1"), (str(SIZE - 63), "0", "64"), (str(SIZE - 64), "0", "64"), ("64", "0", "-1"))),
            Case("Through pipes that cannot take so many bytes", BEGIN + vector("64", "0", "7", "1") + TAKE, through=[Pipe(pipes.SWAP16), *PIPES]),
            Case("Through a pipe that sums, and nothing is copied", BEGIN + vector("64", "2", "20", "1") + TAKE, through=PIPES[:1]),
            Case("As it is, past the pipes", BEGIN + vector() + TAKE, through=PIPES),
            Case("Odd places", BEGIN + vector("65", "3", "17") + TAKE),
            Case("A message of one byte", BEGIN + vector() + TAKE, b"\x5a"),
            Case("The longest message", BEGIN + vector() + TAKE, random.Random(seed).randbytes(MESSAGE_MAX))]
    rng = random.Random(seed)
    for n in range(40):
        size = rng.choice((1, 14, 60, 64, 100, 1514))
        edges = (0, 1, size - 1, size, size + 1, -1, SIZE, SIZE - size, SIZE - size + 1, rng.randrange(SIZE), rng.randrange(size))
        made.append(Case(f"Random stretch {n}", BEGIN + vector(*map(str, (rng.choice(edges), rng.choice(edges), rng.choice(edges)))) + TAKE, rng.randbytes(size)))
    return made


@check(points=5, step="6.5", boots=boot(vectors),
       hint="Two stretches are to be checked, whichever way is asked for: the bytes in the message, and where they go "
            "in the handler's memory. Compare what is left behind a place with how many bytes are wanted, and no sum can wrap. A stretch of 0 bytes at the very end is one.")
def test_vector(run):
    """Message vectoring: the bytes that the handler names, where it wants them, and not one outside."""
    judge(run, vectors(run.seed))


def numbers(first, last):
    """Text: how many of these end points may be sent to, to w9."""
    return (f"w5 = {first}\n*(u32 *)(r10 - 4) = w5\nw9 = 0\nagain{last}:\nw3 = *(u32 *)(r10 - 4)\nw1 = w6\nw2 = 4\ncall 2\n"
            f"if w0 == -1 goto no{last}\nw9 += 1\nno{last}:\nw5 = *(u32 *)(r10 - 4)\nw5 += 1\n*(u32 *)(r10 - 4) = w5\nif w5 != {last} goto again{last}\n")


def sends(seed):
    fill = vector()
    made = [Case("A reply", BEGIN + fill + send() + TAKE), Case("Two replies", BEGIN + fill + send() + send("0", "20") + TAKE),
            Case("As many as there may be", BEGIN + fill + send() + send() + send() + send() + TAKE),
            Case("One more than there may be", BEGIN + fill + send() + send() + send() + send() + send("65") + TAKE),
            Case("A reply of no bytes", BEGIN + send(count="0") + TAKE), Case("The longest reply", BEGIN + send(count="1514") + TAKE),
            Case("A reply too long", BEGIN + send(count="1515") + TAKE), Case("From outside its memory", BEGIN + send(str(SIZE - 63), "64") + TAKE),
            Case("From its memory's end", BEGIN + fill + send(str(SIZE - 64), "64") + TAKE),
            Case("From before its memory", BEGIN + send("-1", "4") + TAKE), Case("As many bytes as there can be", BEGIN + send("64", "-1") + TAKE),
            Case("To an end point that nobody has opened", BEGIN + send(where="3") + TAKE),
            Case("To an end point that there is not", BEGIN + send(where="33") + TAKE), Case("To end point -1", BEGIN + send(where="-1") + TAKE),
            Case("No bytes, from outside its memory", BEGIN + send(str(SIZE + 1), "0") + TAKE),
            Case("One more than there may be, and from address 0", BEGIN + send() * 4 + send(str(-ADDRESS % 2**32)) + TAKE),
            Case("To every number that is none", BEGIN + numbers(-400, 0) + "w8 = w9\n" + numbers(ENDPOINTS, 330) + "w0 = w9\nw0 += w8" + TAKE, fuel=3000),
            Case("To itself: into its ring", BEGIN + fill + send(where="1") + TAKE),
            Case("What is sent is what is there at the end", BEGIN + fill + send() + "*(u32 *)(r6 + 64) = 0x12345678\n" + TAKE),
            Case("A reply to each of two messages", BEGIN + fill + send() + TAKE, times=2),
            Case("Replies to three: the ring has two slots", BEGIN + fill + send() + TAKE, times=3)]
    return made


@check(points=3, step="6.5", needs=("vector",), boots=boot(sends),
       hint="HELPER_SEND notes; nothing goes out before the handler is done. What it may name: memory of its own, 1 to MESSAGE_MAX bytes, and the network or "
            "an end point that is open.")
def test_send(run):
    """Control initiation: replies from the handler, in order, as they are when it is done."""
    judge(run, sends(run.seed))


def aborts(seed):
    fill, both = vector(), vector() + send()
    return [Case("No handler", None), Case("No handler, the longest message", None, random.Random(seed).randbytes(MESSAGE_MAX)),
            Case("No handler, three messages: the ring has two slots", None, times=3),
            Case("A handler that takes it", "w0 = 1\nexit"), Case("A handler that does not", "w0 = 0\nexit"),
            Case("A handler that ends with 2", "w0 = 2\nexit"), Case("A handler that ends with -1", "w0 = -1\nexit"),
            *(Case(f"A handler that ends with {end:#x}", f"w0 = {end}\nexit") for end in (3, 0x101, 0x10001, 0x80000001)),
            Case("It sends, and then does not take it", BEGIN + both + LEAVE),
            Case("It sends twice, and then does not take it", BEGIN + both + send() + LEAVE),
            Case("It sends, and then faults", BEGIN + both + "w0 = *(u32 *)(r6 - 4)\n" + TAKE),
            Case("It faults behind its memory", BEGIN + f"w6 += {SIZE}\nw0 = *(u8 *)(r6 + 0)" + TAKE),
            Case("It sends, and then has no fuel", BEGIN + both + "goto -1\n", fuel=20),
            Case("It has no fuel for its second call", BEGIN + both + TAKE, fuel=1), Case("It has just enough", BEGIN + both + TAKE, fuel=2),
            Case("It changes what it has copied, and faults", BEGIN + fill + "*(u32 *)(r6 + 64) = -1\nw0 = *(u32 *)(r6 - 4)\n" + TAKE),
            Case("It does not take three messages", BEGIN + both + LEAVE, times=3),
            Case("It is stopped three times", BEGIN + both + "goto -1\n", fuel=9, times=3)]


@check(points=3, step="6.5", needs=("send",), boots=boot(aborts),
       hint="A message counts as taken if the handler ends by itself and with MESSAGE_TAKEN; then what it has sent goes out. In every other case "
            "that is forgotten, and the message, all of it, goes into the ring.")
def test_abort(run):
    """A handler that does not take its message, or is stopped, leaves no trace, and the message goes the other way."""
    judge(run, aborts(run.seed))


TOGETHER = {"server": """\
server: waits without a predicate: -4
server: open 0, once more -3
server: too much fuel -1
server: no exit -6, error 9 at 18
server: a predicate that stores -6, error 11 at 1
server: predicate 0
server: 12 bytes in the ring, first is 4
server: 1 bytes in the ring, first is 99
server: taken 4, stopped 0, in the ring 2 or more, sum 607
server: close 0, once more -4""", "client": """\
client: open 0
client: 1 sent 0, reply 1: sum 100
client: 2 sent 0, reply 2: sum 300
client: 3 sent 0, reply 3: sum 600
client: 4 sent 0
client: 5 sent 0, reply 5: sum 607
client: not opened -4, none such -4, no bytes -1, too many -1
client: from page 0 -7, close another's -4
client: the server is gone""", "stranger": """\
stranger: to the server -6, to the network -6"""}


@check(points=2, step="6.5", needs=("abort",), boots=Boot("together", budget=40_000_000),
       hint="The lines are what the environments say of each other (checks/together/); the first that differs names who sees something else.")
def test_together(run):
    """Environments send each other messages: handlers, rings, wakeup predicates, and who may what."""
    for name, lines in TOGETHER.items():    # each tells its own in order; who comes when is the slices' affair
        expect_lines(lines.splitlines(), [line for line in run.lines() if line.startswith(f"{name}:")], f"What the {name} says.", run=run)
        run.expect_report(f"ended {name} 1 0")
    run.expect_report("pages lost 0")


# A frame to end point 3, as frames/server.user.c has it: what is asked, and what comes back.
OURS = bytes.fromhex("02000000aa01")


def asked(mac, serial, add, endpoint=3, kind=0x88b5, tail=b""):
    return mac + OURS + struct.pack(">2H", kind, endpoint) + struct.pack("<3I", serial, add, 0) + tail


def frames_of(mac, seed):
    """What the peer sends, in order: (frame, None) for nobody, else (frame, (serial, number to add, what follows))."""
    rng = random.Random(seed)
    for serial in range(1, 61):
        if rng.random() < 0.3:          # of another type, for an end point that is not open, or too short to say
            yield rng.choice((asked(mac, serial, 1, kind=0x88b6), asked(mac, serial, 1, endpoint=rng.choice((0, 4, 31, 32, 0x0300))),
                              asked(mac, serial, 1)[:15])), None
        add, tail = 0 if rng.random() < 0.2 else rng.getrandbits(32) or 1, rng.randbytes(rng.choice((0, 18, 500, 1514 - 28)))
        yield asked(mac, serial, add, tail=tail), (serial, add, tail)
    yield asked(mac, 0xffffffff, 0), (0xffffffff, 0, b"")


def counts(wire):
    """The peer: numbers to add, one by one, between frames that are nobody's."""
    total = 0
    wire.receive("the application's first frame: that its end point is open")
    for frame, wanted in frames_of(wire.mac, wire.seed):
        wire.send(frame)
        if wanted is None:
            continue
        serial, add, tail = wanted
        total = (total + add) % 2**32
        got = wire.receive(f"the answer to frame {serial}").ljust(28, b"\0")
        said = (got[:6].hex(":"), got[6:12].hex(":"), *struct.unpack_from(">2H", got, 12), *struct.unpack_from("<3I", got, 16))
        want = (OURS.hex(":"), wire.mac.hex(":"), 0x88b5, 3, serial, add, total if add else 0xffffffff)
        if said != want:
            words = [f"to {dst} from {src}, type {kind:#06x}, end point {n}, serial {a}, add {b:#x}, sum {c:#x}"
                     for dst, src, kind, n, a, b, c in (want, said)]
            raise Wrong(f"The answer to frame {serial} of the network.", expected=words[0], got=words[1])
        if not add and got[28:28 + len(tail)] != tail:
            raise Wrong(f"Frame {serial} went through the ring, and its {len(tail)} last bytes are not what was sent.")
    wire.wait()


@check(points=2, step="6.5", needs=("together",), boots=Boot("frames", net=counts, budget=200_000_000),
       until=6,         # from lab 7 on a frame goes where filters say
       hint="Frames from outside. If nothing is answered, does message_arrive() run the handler, and pass on what that leaves? Where the sum is all "
            "ones, the application has answered in place of the handler.")
def test_frames(run):
    """Real frames, over a socket: answered by the handler in the kernel, or by the application."""
    run.expect_report("ended 1 0")
    strays = [wanted is None for _, wanted in frames_of(bytes(6), run.seed)]
    expect_lines([f"server: {len(strays)} frames, nobody's {sum(strays)}"], [line for line in run.lines() if line.startswith("server:")],
                 "What the server counted.", run=run)
