"""The network: the driver that lab 6 gives (kernel/net), driven by a payload (kernel/test/net) on the reference's kernel, with this file's
peers at the other end; and what the engine says of a kernel that has a peer.
"""
import fcntl
import functools
import random
import re
import socket
import struct
import subprocess
import sys
import time

import pytest

from grader import engine, explain, interactive, labs, params, rewind, wire
from grader.checks import Run, Wrong
from grader.errors import GraderError, Usage
from grader.paths import BUILD, ROOT
from grader.tests import kernels
from grader.tests.test_kernel import machine_tree, make, words

OBJECTS = BUILD / "tests/net"
ECHO, USER, TAKE, NOBODY, BURST, FILL, SPIN, ANSWER, DELIVER = range(9)
INVAL, NOMEM, NOENT = -1, -2, -4
SMALLEST, LARGEST, PADDED = 14, 1514, 60
RING = 32                               # VIRTQ_SIZE
OURS = wire.Wire.mac                    # so that what is echoed is what was sent: the driver puts its own address there
HEADER = wire.Wire.mac + OURS + b"\x88\xb5"         # the type is the IEEE's for local experiments
LAST = wire.Wire.mac + OURS + b"\x88\xb6"           # and so is this: the payload ends
DRIVER = "kernel/net/virtio_net.c"


def kernel():
    return labs.compose(labs.find("3-exceptions"), "solutions")


@functools.cache
def elf(driver=DRIVER, out=OBJECTS / "out"):
    """The payload's kernel: labs 1 to 3, and that driver."""
    OBJECTS.mkdir(parents=True, exist_ok=True)
    with open(OBJECTS / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        make(OBJECTS, map(str, kernel().files), ["kernel/test/net/net.c"], f"OUT={out}",
             "GIVEN=" + " ".join(map(str, (*kernel().given, driver))))
    return out / "net.elf"


def run(peer, *what, data=b"", **more):
    """What became of the payload that does `what`, with that peer."""
    boot = engine.Boot("net", input=words(*what) + data, net=peer, budget=20_000_000, **more)
    return Run.of(engine.run(boot, elf(), seed=1, nonce=params.nonce(1)))


def returned(peer, *what, **more):
    """The same, for a payload that returns; its peer raised nothing."""
    done = run(peer, *what, **more)
    assert (done.end, done.error, done.reports[-1:]) == ("power-off", None, ["end"]), (done.end, done.error, done.serial)
    return done


def random_frames(sizes, seed=1):
    rng = random.Random(seed)
    return [HEADER + rng.randbytes(size - len(HEADER)) for size in sizes]


def padded(frame):
    return frame.ljust(PADDED, b"\0")


def fnv(frames):
    h = 2166136261
    for frame in frames:
        h = (h ^ len(frame)) * 16777619 & 0xffffffff
        for byte in frame:
            h = (h ^ byte) * 16777619 & 0xffffffff
    return h


def echoes(frames, window):
    """A peer that sends them, up to so many ahead, and has each echoed, in order; then it ends the payload."""
    def peer(wire):
        for at in range(len(frames) + window):
            if at < len(frames):
                wire.send(frames[at])
            if at >= window:
                got = wire.receive(f"frame {at - window}")
                assert got == padded(frames[at - window]), (at - window, len(frames[at - window]), len(got))
        wire.send(LAST)
        wire.wait()
    return peer


def counters(done):
    return [int(n) for n in done.words("received")[::2]]


# ---- the driver

def test_where_the_transports_are():
    """As QEMU's device tree has them: their registers, their interrupts (shared ones count from 32), and that there are no more."""
    board = dict(re.findall(r"(?m)^#define (BOARD_VIRTIO_\w+) +(\w+)$", (ROOT / "kernel/board/virt/machine.h").read_text()))
    base, stride, count, first = (int(board[f"BOARD_VIRTIO_{name}"], 0) for name in ("PA", "STRIDE", "COUNT", "IRQ"))
    found = [node.properties for path, node in machine_tree(()).walk() if path.startswith("/virtio_mmio@")]
    assert {(struct.unpack(">4I", each["reg"])[1], struct.unpack(">3I", each["interrupts"])[:2]) for each in found} == {
        (base + stride * i, (0, first - 32 + i)) for i in range(count)}


def test_every_size():
    """From the shortest to the longest, one by one: out is in, filled up to 60; what follows the header is aligned."""
    frames = random_frames(range(SMALLEST, LARGEST + 1))
    done = returned(echoes(frames, 0), ECHO)
    assert done.words("init") == ["0", "mac", wire.MAC]
    assert done.words("frames")[:3] == [str(len(frames) + 1), "misaligned", "0"]
    assert counters(done) == [len(frames) + 1, 0, len(frames) + 1]


@pytest.mark.parametrize("window", (1, RING // 4, RING // 2))
def test_both_ways(window):
    """Two thousand, of mixed sizes, in order and none lost: both rings have room for those under way."""
    rng = random.Random(window)
    frames = random_frames([rng.choice((SMALLEST, 59, 60, 61, 1513, LARGEST, rng.randint(SMALLEST, LARGEST)))
                            for _ in range(2000)])
    done = returned(echoes(frames, window), ECHO)
    assert not done.reported("lost")
    assert counters(done) == [2001, 0, 2001]


def test_in_user_mode():
    """The interrupt comes where an application runs that never calls."""
    done = returned(echoes(random_frames([100] * 50), 8), USER)
    assert done.words("left") == ["7"]


def test_that_sleep_long():
    """A kernel that takes nothing for long, with more frames on their way than it has buffers, gets them all."""
    frames = random_frames([SMALLEST + n * 13 % 1500 for n in range(5 * RING)])

    def peer(wire):
        for frame in (*frames, LAST):
            wire.send(frame)
        wire.wait()

    done = returned(peer, TAKE, 5_000_000)
    assert [int(n) for n in done.words("frames")[::2]] == [len(frames) + 1, 0, fnv([*frames, LAST])]


def test_nobody_wants_them():
    def peer(wire):
        for frame in random_frames([60] * 100):
            wire.send(frame)
        wire.wait()

    assert counters(returned(peer, NOBODY, 100)) == [0, 100, 0]


def numbered(n):
    frame = bytes((n + i + (n >> 8)) & 0xff for i in range(PADDED + n * 37 % (LARGEST - PADDED + 1)))
    return frame[:6] + wire.Wire.mac + frame[12:]


def test_burst():
    """The kernel sends as fast as it can, and sleeps where all buffers are on their way."""
    def peer(wire):
        time.sleep(0.2)             # so that it has to, if it is quick
        for n in range(2000):
            assert wire.receive() == numbered(n), n
        wire.wait()

    done = returned(peer, BURST, 2000)
    assert not done.reported("error") and counters(done) == [0, 0, 2000]


def test_no_buffer_is_left():
    """Where nobody takes what is sent it is told, and no frame overwrites another."""
    done = returned(lambda wire: wire.wait(), FILL)
    sent, _, error, _, again = done.words("filled")
    assert int(sent) >= RING and (int(error), int(again)) == (NOMEM, NOMEM)
    assert counters(done) == [0, 0, int(sent)]


def test_indices_wrap():
    """More frames than an index of 16 bits counts."""
    def peer(wire):
        for n in range((1 << 16) + 3 * RING):
            assert wire.receive()[0] == (n + (n >> 8)) & 0xff, n
        wire.wait()

    assert counters(returned(peer, BURST, (1 << 16) + 3 * RING))[2] == (1 << 16) + 3 * RING


def test_without_a_card():
    """The kernel boots all the same; frames from memory go the same way; and it is the same, instruction by instruction."""
    sizes = (SMALLEST, 15, 16, 17, 59, 60, 61, 1513, LARGEST)
    frames = random_frames(sizes)
    wrong = [bytes(n) for n in (0, 1, SMALLEST - 1, LARGEST + 1, 2000)]
    data = b"".join(words(len(frame)) + frame + bytes(-len(frame) % 4) for frame in (*frames, *wrong))
    done, again = (returned(None, DELIVER, data=data) for _ in range(2))
    assert done.words("init") == [str(NOENT), "mac", "00:00:00:00:00:00"]
    assert done.words("send") == [str(NOENT)]
    results = [(int(size), int(result)) for size, result, *_ in done.reported("deliver")]
    assert results == [(size, 0) for size in sizes] + [(len(frame), INVAL) for frame in wrong]
    assert [int(n) for n in done.words("frames")[::2]] == [len(frames), 0, fnv(frames)]
    assert counters(done) == [len(frames), 0, 0]
    assert (done.instructions, done.serial) == (again.instructions, again.serial)


def other_cards(monkeypatch, change):
    """From now on QEMU gets the arguments that change() makes of its own."""
    machine = engine.machine
    monkeypatch.setattr(engine, "machine", lambda *args, **named: change(machine(*args, **named)))


def test_legacy_transport(monkeypatch):
    """One that speaks only the interface of before the specification is left alone."""
    other_cards(monkeypatch, lambda words: [word.replace("force-legacy=false", "force-legacy=true") for word in words])
    done = run(lambda wire: wire.wait(), DELIVER, data=bytes(4))
    assert done.words("init")[0] == str(NOENT)


def test_among_other_devices(monkeypatch):
    """The card is found behind whichever transport it is."""
    def change(words):
        at = words.index("-netdev")
        return [*words[:at], "-device", "virtio-rng-device", *words[at:], "-device", "virtio-rng-device"]

    other_cards(monkeypatch, change)
    returned(echoes(random_frames([100] * 3), 0), ECHO)


def test_sleeps():
    """When all is done nothing interrupts: the kernel sleeps."""
    def peer(wire):
        wire.send(bytes(60))
        wire.receive()
        wire.receive()

    done = run(peer, ECHO)
    assert (done.end, done.frames) == ("silent", (1, 1))
    assert done.pc is not None and done.where(done.pc).function == "trap_idle"


# What a driver may get wrong, and the test above that tells.
MUTANTS = {
    "its index is kept modulo the ring's size":
        ("\tq->avail.idx++;", "\tq->avail.idx = (q->avail.idx + 1) % VIRTQ_SIZE;", test_every_size),
    "indices are compared modulo the ring's size":
        ("q->seen == q->used.idx", "q->seen % VIRTQ_SIZE == q->used.idx % VIRTQ_SIZE", test_that_sleep_long),
    "an index that has begun anew is no smaller one": ("q->seen == q->used.idx", "q->seen >= q->used.idx", test_indices_wrap),
    "buffers are not given back": ("\t\tgive(&queues[RECEIVE], e.id);\n", "", test_every_size),
    "the device is not told of them": ("\tif (taken)\n\t\tnotify(RECEIVE);\n", "\t(void)taken;\n", test_that_sleep_long),
    "one frame is taken for each interrupt":
        ("\t\ttaken = true;\n", "\t\ttaken = true;\n\t\tbreak;\n", test_that_sleep_long),
    "the header is counted as a part of the frame": ("e.len - sizeof(struct virtio_net_hdr)", "e.len", test_every_size),
    "what is sent is not filled up": ("sizeof b->header + padded", "sizeof b->header + size", test_every_size),
    "it is filled up with what was there":
        ("\tmemset(b->frame + size, 0, padded - size);\n", "", lambda: test_both_ways(1)),
    "what was sent is never collected": ("while (take(&queues[TRANSMIT], &e))", "while (false && take(&queues[TRANSMIT], &e))",
                                         test_every_size),
    "a buffer on its way is used again": ("\tif (idle_count == 0)\n\t\treturn -E_NOMEM;\n\tid = idle[--idle_count];",
                                          "\tid = idle[idle_count = (idle_count - 1) % VIRTQ_SIZE];", test_no_buffer_is_left),
    "the interrupt is not acknowledged":
        ("\t*reg(VIRTIO_INTERRUPT_ACK) = *reg(VIRTIO_INTERRUPT_STATUS);\n", "", test_sleeps),
    "all features that there are are taken": ("DRIVER_FEATURES) = wanted;", "DRIVER_FEATURES) = *reg(VIRTIO_DEVICE_FEATURES);",
                                              test_every_size),
    "any version serves": ("*mmio(at + VIRTIO_VERSION) == 2 &&", "", lambda: with_patches(test_legacy_transport)),
    "any device serves":
        ("*mmio(at + VIRTIO_DEVICE_ID) == VIRTIO_ID_NET", "*mmio(at + VIRTIO_DEVICE_ID) != 0", lambda: with_patches(test_among_other_devices)),
}


def with_patches(test):
    with pytest.MonkeyPatch.context() as monkeypatch:
        test(monkeypatch)


@pytest.mark.parametrize("wrong", MUTANTS)
def test_mutants(wrong, monkeypatch):
    old, new, test = MUTANTS[wrong]
    text = (ROOT / DRIVER).read_text()
    assert text.count(old) == 1
    mutant = OBJECTS / f"mutant{list(MUTANTS).index(wrong)}.c"
    mutant.parent.mkdir(parents=True, exist_ok=True)
    mutant.write_text(text.replace(old, new))
    built = elf(mutant, mutant.with_suffix(""))
    monkeypatch.setattr(sys.modules[__name__], "elf", lambda: built)
    monkeypatch.setattr(engine, "PATIENCE", 1.0)
    with pytest.raises(AssertionError):
        test()


# ---- the engine, and what is said of a kernel that has a peer

def said(run, expected=("peer",)):
    detail, sections = explain.broken_off(run, kernel(), expected)
    return "\n".join([detail, *(line for each in sections for line in (each.heading, *(text.text for text in each.lines)))])


def test_peer_is_through():
    done = run(lambda wire: (wire.send(bytes(60)), wire.receive()), ECHO)
    assert (done.end, done.error, done.frames, explain.ending(done)) == ("peer", None, (1, 1), "peer")
    assert "init" in done.reports[0]        # what was printed before the last frame is there


def test_peer_finds_something_wrong():
    def peer(wire):
        raise Wrong("Not so.")

    done = run(peer, ECHO)
    assert isinstance(done.error, Wrong) and explain.ending(done) == "hold"


def test_kernel_sleeps():
    def peer(wire):
        wire.send(bytes(60))
        wire.receive()
        wire.receive("the second answer")

    done = run(peer, ECHO)
    assert explain.ending(done) == "silent" and explain.REASON["silent"] == "hang"
    text = said(done)
    assert "in trap_idle()" in text and "it sleeps" in text
    assert "waiting for the second answer; it had sent 1 frame and received 1 frame" in text
    assert explain.closer(done, kernel(), ("peer",)) is None
    with pytest.raises(ValueError, match="network"):
        engine.look(done)
    with pytest.raises(Usage, match="network"):
        rewind.refuse(done)


def test_kernel_goes_on(monkeypatch):
    monkeypatch.setattr(engine, "PATIENCE", 0.5)
    done = run(lambda wire: wire.receive("anything"), SPIN)
    assert (done.end, done.pc, done.awaited) == ("silent", None, "anything")
    assert "it goes on and on" in said(done)


def test_kernel_takes_nothing_more(monkeypatch):
    """A peer that can send no more waits, too."""
    def peer(wire):
        while True:
            wire.send(bytes(60))

    monkeypatch.setattr(engine, "PATIENCE", 0.5)
    done = run(peer, SPIN)
    assert (done.end, done.awaited) == ("silent", "room for the next frame") and done.frames[0] > RING


def test_kernel_ends_early():
    done = run(lambda wire: (wire.send(LAST), wire.receive(), wire.receive("a word more")), ECHO)
    assert (done.end, explain.ending(done)) == ("power-off", "return")
    assert "and ended" in said(done) and "waiting for a word more" in said(done)


@pytest.mark.parametrize("name, end", (("halt", "silent"), ("spin", "silent"), ("hello", "power-off"), ("reset", "reset")))
def test_kernel_has_no_driver(name, end, monkeypatch):
    monkeypatch.setattr(engine, "PATIENCE", 0.5)
    done = kernels.boot(name, net=lambda wire: wire.receive())
    assert (done.end, done.awaited, done.frames) == (end, "the kernel to drive its network card", (0, 0))


@pytest.mark.parametrize("ready", (("never said",), ("init 0 mac", "never said")))
def test_kernel_does_not_say_that_it_is_there(ready, monkeypatch):
    monkeypatch.setattr(engine, "PATIENCE", 0.5)
    done = run(lambda wire: wire.send(LAST), ECHO, ready=ready)
    assert (done.end, done.awaited, done.frames) == ("silent", 'the kernel to say "never said"', (0, 0))


def test_peer_that_works_on_is_waited_for(monkeypatch):
    """As long as it waits for nothing, a kernel that sleeps is no matter."""
    def peer(wire):
        time.sleep(0.5)
        wire.send(LAST)
        wire.wait()

    monkeypatch.setattr(engine, "PATIENCE", 0.2)
    returned(peer, ECHO)


def test_peer_without_end(monkeypatch):
    monkeypatch.setattr(wire, "LEAVE", 0.2)
    with pytest.raises(GraderError, match="goes on"):
        run(lambda wire: (wire.send(LAST), time.sleep(1)), ECHO)


def test_frames_that_are_none():
    def peer(wire):
        for size in (0, SMALLEST - 1, LARGEST + 1):
            with pytest.raises(ValueError):
                wire.send(bytes(size))

    assert run(peer, ECHO).error is None


def test_several_at_once():
    jobs = [engine.Job(engine.Boot("net", input=words(ECHO), net=echoes(random_frames([60] * 300, seed), 4)), elf(), seed,
                       params.nonce(seed)) for seed in range(8)]
    runs = list(engine.run_many(jobs, 4))
    assert [(each.end, each.error) for each in runs] == [("power-off", None)] * len(jobs)


def test_outside_the_box(monkeypatch):
    monkeypatch.setenv("EXOLAB_SANDBOX", "off")
    returned(echoes(random_frames([60] * 10), 2), ECHO)


# ---- a person in front of it

def test_labs_that_have_a_network(tmp_path):
    assert [lab.network for lab in labs.every()[:6]] == [False] * 5 + [True]
    folder = tmp_path / "6-jit"
    folder.mkdir()
    text = (ROOT / "labs/6-jit/lab.toml").read_text()
    (folder / "lab.toml").write_text(text.replace("network = true", "network = 1"))
    with pytest.raises(GraderError, match="network is 1"):
        labs.read(folder)


DRIVER_OF_RUN = """
import sys
from pathlib import Path
from grader import engine, interactive
boot = engine.Boot("net", input=bytes.fromhex(sys.argv[2]))
sys.exit(interactive.terminal(interactive.Kernel(boot, Path(sys.argv[1]), 1, 2, network=True, pcap=sys.argv[3])))
"""


def test_make_run(tmp_path):
    """UDP from this machine reaches the kernel, and all that passes is kept for others to read."""
    from scapy.layers.inet import IP, UDP
    from scapy.layers.l2 import ARP, Ether
    from scapy.utils import rdpcap

    pcap = tmp_path / "a,b.pcap"
    process = subprocess.Popen([sys.executable, "-c", DRIVER_OF_RUN, elf(), words(ANSWER).hex(), pcap], cwd=ROOT, text=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        ports = {int(its): int(ours) for ours, its in
                 re.findall(r"127\.0\.0\.1:(\d+) is its port (\d+)", process.stdout.readline())}
        assert list(ports) == [7, 53]
        while "] init 0" not in process.stdout.readline():      # (what comes before would be lost)
            pass
        for ours in ports.values():
            assert asked(ours, b"words for %d" % ours) == b"words for %d" % ours
        assert asked(ports[7], b".") == b"."
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.stdout.close()
    kept = rdpcap(str(pcap))
    ours = [packet for packet in kept if packet[Ether].src == wire.MAC]
    assert any(ARP in packet and (packet.op, packet.psrc, packet.hwsrc) == (2, interactive.GUEST, wire.MAC) for packet in ours)
    answers = [packet[UDP] for packet in ours if UDP in packet]
    assert {each.sport for each in answers} == {7, 53}
    for each in answers:
        whole = each.underlayer.copy()
        checksum = whole[UDP].chksum
        del whole[UDP].chksum
        assert IP(bytes(whole))[UDP].chksum == checksum


def asked(port, what):
    """What comes back."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", port))
        sock.settimeout(20)
        sock.send(what)
        return sock.recv(2000)


def test_ports_that_are_taken():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        taken = sock.getsockname()[1]
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setitem(interactive.PORTS, 7, taken)
            found = interactive.free_ports(interactive.Kernel(engine.Boot("net"), elf(), 1, 2, network=True))
    assert list(found) == [7, 53] and found[7] != taken
