"""The network: the driver that lab 6 gives (kernel/net), driven by a payload (kernel/test/net) on the reference's kernel, with this file's
peers at the other end; and what the engine says of a kernel that has a peer.
"""
import fcntl
import functools
import random
import re
import shutil
import socket
import struct
import subprocess
import sys
import time

import pytest

from grader import engine, explain, interactive, labs, params, symbols, wire
from grader.checks import Run
from grader.errors import GraderError, Usage
from grader.paths import BUILD, ROOT
from grader.tests.test_kernel import make, words

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
        ("while (take(&queues[RECEIVE], &e)) {", "if (take(&queues[RECEIVE], &e)) {", test_that_sleep_long),
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
def test_mutants(wrong, monkeypatch, tmp_path):
    old, new, test = MUTANTS[wrong]
    text = (ROOT / DRIVER).read_text()
    assert text.count(old) == 1
    mutant = tmp_path / "virtio_net.c"
    mutant.write_text(text.replace(old, new))
    built = elf(mutant, tmp_path)
    monkeypatch.setattr(sys.modules[__name__], "elf", lambda: built)
    monkeypatch.setattr(engine, "PATIENCE", 1.0)
    with pytest.raises(AssertionError):
        test()
