"""Packet filters: their text and bytes, the model (grader/dpf.py) against all frames of two bytes, the translator
(grader/pcap.py) against its program's own verdicts, and those, and the kernel's, against tcpdump on the same capture.
"""
import functools
import importlib.util
import itertools
import random
import re
import socket
import struct
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings, strategies

from grader import bench, build, dpf, engine, labs, params, pcap
from grader.checks import Run
from grader.errors import Usage
from grader.paths import ROOT


def _load(path):
    spec = importlib.util.spec_from_file_location("lab7_checks", path)
    spec.loader.exec_module(module := importlib.util.module_from_spec(spec))
    return module


lab = _load(ROOT / "labs/7-dpf/test_dpf.py")


@strategies.composite
def items(draw, reach=65536):
    width = draw(strategies.sampled_from((8, 16, 32)))
    offset, full = draw(strategies.integers(0, reach - 1)), (1 << width) - 1
    mask = draw(strategies.one_of(strategies.just(full), strategies.integers(1, full)))
    match draw(strategies.integers(0, 2)):
        case 0:
            return dpf.Atom(offset, width, mask, draw(strategies.integers(0, full)) & mask)
        case 1:
            return dpf.Shift(draw(strategies.integers(0, 65535)))
    left = draw(strategies.integers(0, 15))
    return dpf.Field(offset, width, mask & 65535 >> left or 1, left)


@given(strategies.lists(items(), max_size=16), strategies.integers(0, 2**32 - 1))
def test_text_and_bytes(some, endpoint):
    one = dpf.Filter(tuple(some), endpoint)
    assert dpf.parse(str(one), endpoint) == one
    assert dpf.decode(one.encode()) == one
    assert len(one.encode()) == 8 + 12 * len(some)


@pytest.mark.parametrize("text, said", [
    ("12:16 = 3", "is no atom"), ("12:24 == 3", "is no atom"), ("12:8 == 0x100", "a bit that the mask has not"),
    ("12:8 & 0 == 0", "the mask"), ("65536:8 == 1", "an offset"), ("shift 65536", "too far"),
    ("shift (0:16 & 0xffff) << 1", "too far"), ("12:8 & 1 == 2", "a bit that the mask has not"),
    (" && ".join(["0:8 == 1"] * 17), "at most 16"), ("0:8 == 1 || 0:8 == 2", "is no atom"),
])
def test_bad_text(text, said):
    with pytest.raises(Usage, match=said):
        dpf.parse(text)


def small(rng):
    found = []
    for _ in range(rng.randrange(1, 4)):
        width = rng.choice((8, 16))
        mask = rng.choice((1, 3, 0x81, 0xff)) << rng.choice((0, width - 8))
        found.append(dpf.Atom(rng.randrange(2 - width // 8 + 1), width, mask, rng.getrandbits(width) & mask))
    return tuple(found)


def test_the_models_bits():
    """What could both match does, and a filter that contradicts itself matches nothing: all frames of two bytes."""
    frames = [bytes(pair) for pair in itertools.product(range(256), repeat=2) if not pair[0] & 0x7c and not pair[1] & 0x7c]
    rng = random.Random(3)
    for _ in range(300):
        a, b = small(rng), small(rng)
        a_matches, b_matches = ({frame for frame in frames if dpf.matches(x, frame)} for x in (a, b))
        a_bits, b_bits = dpf.constraints(a), dpf.constraints(b)
        if a_bits is None:
            assert not a_matches
        elif b_bits is not None and not any(item.value & 0x7c7c for item in (*a, *b)):
            assert bool(a_matches & b_matches) == dpf.could_both_match(a_bits, b_bits)


def test_the_model_by_hand():
    frame = bytes(12) + b"\x08\x00" + b"\x46" + bytes(8) + b"\x11" + bytes(6) + bytes((10, 0, 2, 15)) + bytes(4) + b"\0\1\0\x35"
    one = dpf.parse("12:16 == 0x800 && 23:8 == 17 && shift (14:8 & 0xf) << 2 && shift 14 && 2:16 == 53")
    assert dpf.matches(one.items, frame)
    assert not any(dpf.matches(one.items, frame[:n]) for n in range(len(frame)))
    assert dpf.number_of(dpf.constraints(one.items)) == 40
    model = dpf.Model()
    assert [model.insert(one), model.insert(dpf.parse("12:16 == 0x800")), model.insert(dpf.parse("12:16 == 0x801"))] == [1, 2, 3]
    assert model.insert(dpf.parse("22:16 == 17")) == dpf.E_OVERLAP
    assert model.insert(dpf.parse("12:16 == 0x800 && 30:8 == 10"), owner=2) == dpf.E_PERM
    assert model.classify(frame) == 1 and model.classify(frame[:-1]) == 2
    assert model.delete(1, 2) == dpf.E_NOENT and model.delete(1) == 0 and model.classify(frame) == 2


# ---- tcpdump's language.

SAYABLE = {
    "udp and dst port 53 and dst host 10.0.2.15": 1, "ip": 1, "": 1, "arp": 1, "udp dst port 53": 2, "dst port 53": 6,
    "tcp or udp": 6, "icmp[0] = 8": 1, "tcp[13] & 2 != 0": 1, "tcp[13] = 2": 1, "src net 10.0.0.0/8": 3,
    "ether dst ff:ff:ff:ff:ff:ff": 1, "ether[0] & 1 != 0": 1, "ip[ip[0] & 0xf] = 3": 1, "udp[8:4] = 0x12345678": 1,
    "ip src 10.0.2.2 and (tcp dst port 80 or tcp dst port 443)": 2, "ip[6:2] & 0x1fff = 0": 1, "vlan": 3,
    "ip and dst net 10.0.2.0/24 and not dst host 10.0.2.16 or arp": 0,
}
UNSAYABLE = {
    "not arp": "is not 0x806", "ip[8] > 5": "more or less", "portrange 1024-2047": "more or less", "greater 100": "how long",
    "host 10.0.2.15": "one frame could both match", "tcp[tcp[12] >> 2] = 1": "to the right", "ip[2:2] = ip[4:2]": "intermediate results",
    "tcp and not dst port 80": "is not", "ip[8] * 2 = 4": "no mask and no shift",
}


def frames(count):
    rng = random.Random(7)
    for _ in range(count):
        frame = bytearray(lab.packet(rng, (53, 80, 443, 7), 64))
        if rng.random() < 0.3:
            frame[:6] = rng.choice((bytes((255,) * 6), bytes.fromhex("525400123456")))
        if len(frame) > 60 and rng.random() < 0.3:
            frame[12:14] = rng.choice((b"\x86\xdd", b"\x81\0", b"\x08\x06", b"\x80\x35"))
            frame[20] = rng.choice((6, 17, 44, 132))
            frame[54:58] = struct.pack(">HH", rng.choice((53, 6, 17)), rng.choice((53, 80)))
        yield bytes(frame)


@pytest.mark.parametrize("expression", SAYABLE)
def test_translated(expression):
    """The filters match what the program accepts, at every length."""
    count = SAYABLE[expression]
    if not count:
        with pytest.raises(Usage):
            pcap.translate(expression)
        return
    filters, program = pcap.translate(expression), pcap.compile(expression)
    assert len(filters) == count
    for frame in frames(150):
        for n in (range(len(frame) + 1) if frame[0] < 16 else (len(frame),)):
            assert any(dpf.matches(one.items, frame[:n]) for one in filters) == (pcap.run(program, frame[:n]) > 0), \
                (frame[:n].hex(), [str(one) for one in filters])


@pytest.mark.parametrize("expression", UNSAYABLE)
def test_not_translated(expression):
    with pytest.raises(Usage, match=UNSAYABLE[expression]):
        pcap.translate(expression)


def test_not_an_expression():
    with pytest.raises(Usage, match="syntax error"):
        pcap.translate("udp and and")


def accepted(tmp_path, capture, expression):
    """The numbers of the frames that tcpdump takes from a capture."""
    out = tmp_path / "out.pcap"
    subprocess.run(["tcpdump", "-n", "-r", capture, "-w", out, *([expression] if expression else [])], check=True,
                   capture_output=True, timeout=20)
    data, at, found = out.read_bytes(), 24, []
    while at < len(data):
        number, _, size = struct.unpack_from("<III", data, at)
        found.append(number)
        at += 16 + size
    return set(found)


def capture_of(tmp_path, some):
    path = tmp_path / "in.pcap"
    path.write_bytes(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)
                     + b"".join(struct.pack("<IIII", n, 0, len(frame), len(frame)) + frame for n, frame in enumerate(some)))
    return path


@functools.cache
def kernel():
    built = build.build(labs.compose(labs.find("7-dpf"), "solutions"), ["filters"])
    assert not built.failed
    return built.elfs["filters"]


def test_the_kernel_as_tcpdump(tmp_path):
    """Each frame goes to a filter of an expression by which tcpdump takes it, and to none if there is none."""
    some = [frame for frame in frames(400) if frame]
    capture, script, whose = capture_of(tmp_path, some), lab.Script(), {}
    for expression in ("udp and dst port 53 and dst host 10.0.2.15", "tcp dst port 80", "udp dst port 80", "arp", "vlan",
                       "icmp", "ether dst 52:54:00:12:34:56", "tcp dst port 443 and ip src 10.0.2.15"):
        for one in pcap.translate(expression):
            whose[script.insert(one)] = expression
    assert min(whose) > 0
    takes = {expression: accepted(tmp_path, capture, expression) for expression in set(whose.values())}
    for frame in some:
        script.classify(frame)
    boot = engine.Boot("filters", input=script.bytes, read_at_end=lab.results, budget=100_000_000)
    done, = engine.run_many([engine.Job(boot, kernel(), 1, params.nonce(1))])
    got = struct.unpack(f"<{len(done.kept['results']) // 4}i", done.kept["results"])[len(whose):]
    assert len(got) == len(some) and len(set(got)) > 8
    for n, id in enumerate(got):
        by = {expression for expression, numbers in takes.items() if n in numbers}
        assert whose[id] in by if id else not by, some[n].hex()
    assert list(got) == script.expected[len(whose):]


def churn(seed):
    """Groups of filters that come and go as a whole: what had code of its own is made in line, and has its own again."""
    rng, script, groups = random.Random(seed), lab.Script(), {}
    frame = dpf.Filter((dpf.Atom(12, 16, 0xffff, 0x0800), dpf.Atom(23, 8, 0xff, 0), dpf.Atom(36, 16, 0xffff, 0)))

    def packet():
        some = bytearray(60)
        some[12] = 8
        some[6:8] = struct.pack(">H", rng.randrange(4))
        some[23], some[36] = rng.choice((6, 17, 17, 1, 2)), rng.choice((0, 0, 4))
        some[37] = rng.randrange(32)
        return bytes(some)

    script.use()
    while len(script.bytes) < 0xd000:
        protocol = rng.choice((6, 17, 17, 1, 0))
        key = protocol, rng.randrange(2)
        if key in groups:
            for id in rng.sample(groups[key], len(groups[key])):
                script.delete(id)
            del groups[key]
        else:
            count = rng.choice((1, 1, 2, 5, 12, 20, 30))
            atoms = list(frame.items)
            atoms[1] = dpf.Atom(23, 8, 0xff, protocol)
            item, values = (2, sorted(rng.sample(range(0x400 * key[1], 0x400 * key[1] + 32), count)))
            if protocol == 0:       # by what lies elsewhere
                atoms, item, values = [dpf.Atom(6 + 2 * key[1], 16, 0xffff, 0)], 0, rng.sample(range(4), rng.choice((1, 2)))
            groups[key] = [id for id in script.family(dpf.Filter(tuple(atoms)), item, values) if id > 0]
        for _ in range(6):
            script.classify(packet())
    for key in groups:
        for id in groups[key]:
            script.delete(id)
    script.use()
    return script


def test_code_is_made_in_line_and_alone_in_turns():
    jobs = [engine.Job(engine.Boot("filters", input=churn(seed).bytes, read_at_end=lab.results, budget=400_000_000), kernel(), seed,
                       params.nonce(seed)) for seed in range(12)]
    for job, done in zip(jobs, engine.run_many(jobs, 2)):
        assert done.end == "power-off", (job.seed, done.end)
        lab.returned(churn(job.seed).judge(Run.of(done)))


# ---- The encoders that lab 7 adds, against the assembler.

FORMS = {
    "a32_dp_shift(ADD, false, 12, 0, 2, LSL, 2)": "add r12, r0, r2, lsl #2",
    "a32_dp_shift(SUB, false, 2, 1, 2, LSL, 15)": "sub r2, r1, r2, lsl #15",
    "a32_dp_shift(ORR, true, 2, 3, 2, LSR, 31)": "orrs r2, r3, r2, lsr #31",
    "a32_ubfx(3, 2, 0, 14)": "ubfx r3, r2, #0, #14", "a32_ubfx(3, 3, 28, 4)": "ubfx r3, r3, #28, #4",
    "a32_ubfx(1, 2, 31, 1)": "ubfx r1, r2, #31, #1", "a32_bx(14)": "bx lr", "a32_jump(3)": "ldr pc, [pc, r3, lsl #2]",
    "a32_when(LO, a32_jump(3))": "ldrlo pc, [pc, r3, lsl #2]", "a32_when(EQ, a32_bx(14))": "bxeq lr",
    "a32_when(EQ, a32_movw(0, 0xabcd))": "movweq r0, #0xabcd", "a32_when(EQ, a32_dp_imm(CMP, true, 0, 2, 17))": "cmpeq r2, #17",
    "a32_when(EQ, a32_dp_imm(BIC, true, 2, 2, 0xe0))": "bicseq r2, r2, #0xe0",
}


def test_encoders(tmp_path):
    (tmp_path / "main.c").write_text("#include <exo/dpfcode.h>\n#include <stdio.h>\nint main(void)\n{\n" + "".join(
        f'\tprintf("%08x\\n", {form});\n' for form in FORMS) + "}\n")
    subprocess.run(["gcc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-DEXO_HOST", f"-I{ROOT}/kernel/include", tmp_path / "main.c",
                    ROOT / "kernel/dpf/encode.c", ROOT / "solutions/6-jit/encode.c", ROOT / "kernel/jit/encode.c",
                    "-o", tmp_path / "main"], check=True, timeout=30)
    got = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=True, timeout=10).stdout.split()
    (tmp_path / "x.s").write_text(".syntax unified\n" + "\n".join(FORMS.values()) + "\n")
    subprocess.run(["arm-none-eabi-as", "-mcpu=cortex-a7", tmp_path / "x.s", "-o", tmp_path / "x.o"], check=True, timeout=10)
    subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", tmp_path / "x.o", tmp_path / "x.bin"], check=True, timeout=10)
    want = [f"{word:08x}" for word, in struct.iter_unpack("<I", (tmp_path / "x.bin").read_bytes())]
    assert dict(zip(FORMS, got)) == dict(zip(FORMS, want))


def test_rivals_classify_alike():
    """Every design that `make bench` measures finds the filter of each frame, and nobody's; the targets of the lab hold
    against the interpreter of classic BPF; the handout's figure is of this run."""
    tables = bench.read(ROOT / "labs/7-dpf")
    seed = params.fixed_seed("7-dpf/bench/bench")
    elfs = bench.build(labs.compose(labs.find("7-dpf"), "solutions"), tables[0])
    done = engine.run(engine.Boot("bench", budget=tables[0].budget), elfs["bench"], seed=seed, nonce=params.nonce(seed))
    assert done.reports[-1] == "end" and not [line for line in done.reports if line.startswith("wrong")]
    drawn, = (table for table in tables if table.plot)
    figure = bench.draw(drawn, [bench.Measured(row, bench.figures(row, done)) for row in drawn.rows])
    assert (ROOT / figure).read_text() == (ROOT / "labs/7-dpf/figures/cost.svg").read_text(), \
        "make bench LAB=7 && cp build/bench/7-dpf/cost.svg labs/7-dpf/figures/ draws it anew"
    figures = {tuple(line.split()[:-1]): int(line.split()[-1]) for line in done.reports[:-1]}
    assert figures["average", "bpf", "fixed", "10"] >= 40 * figures["average", "dpf", "fixed", "10"]
    assert figures["worst", "dpf", "fixed", "2000"] <= figures["worst", "dpf", "fixed", "1000"] <= 28


SERVE = """
import sys
from grader import __main__, interactive
interactive.PORTS |= {9: 6009, 10: 6010}
sys.exit(__main__.main(["run", "7-dpf", "--src", "solutions", "--pcap", sys.argv[1]]))
"""


def test_serves_this_machine(tmp_path):
    """`make run LAB=7` answers dig and plain sockets; what its counter has counted is what passed over the wire."""
    from scapy.layers.inet import UDP
    from scapy.utils import rdpcap
    pcap, rng = tmp_path / "kept.pcap", random.Random(7)
    process = subprocess.Popen([sys.executable, "-c", SERVE, pcap], cwd=ROOT, text=True, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)
    try:
        ports = {int(its): int(ours) for ours, its in
                 re.findall(r"127\.0\.0\.1:(\d+) is its port (\d+)", process.stdout.readline())}
        waiting = {"host:", "echo:", "dns:", "count:"}
        while waiting:
            waiting -= set(process.stdout.readline().split()[:1])
        said = subprocess.run(["dig", "@127.0.0.1", "-p", str(ports[53]), "+noall", "+answer", "aegis.exolab.test"],
                              capture_output=True, text=True, timeout=30).stdout.split()
        assert said == ["aegis.exolab.test.", "60", "IN", "A", "18.26.4.95"]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(20)

            def asked(port, data):
                sock.sendto(data, ("127.0.0.1", ports[port]))
                return sock.recv(2000)

            for n in range(300):
                data = rng.randbytes(rng.randrange(18, 1473))
                if n % 5 == 0:          # so that no more than a few are under way
                    assert asked(7, data) == data
                else:
                    sock.sendto(data, ("127.0.0.1", ports[9]))
            told = asked(10, b"how many?")
    finally:
        process.kill()
        process.communicate()
    kept = [packet for packet in rdpcap(str(pcap)) if UDP in packet and packet[UDP].dport == 9]
    assert len(kept) == 240 and told == b"%d datagrams, %d bytes\n" % (len(kept), sum(map(len, kept)))


def test_thousands():
    """What the check `live` asks, two thousand times: nothing is lost, and nobody gets what is another's."""
    live = _load(ROOT / "labs/7-dpf/test_live.py")
    [boot] = live.test_live.check.boots
    elf = build.build(labs.compose(labs.find("7-dpf"), "solutions"), ["demo"]).elfs["demo"]
    done = engine.run(replace(boot, net=functools.partial(live.client, times=2000)), elf, seed=3, nonce=params.nonce(3))
    assert (done.end, done.error) == ("peer", None) and done.frames[0] > 2000


def test_no_room():
    """More filters than there are nodes for, and than there can be: refused, nothing changed, and room afterwards."""
    boot = engine.Boot("filters", input=lambda seed: lab.full_script(seed)[0].bytes, read_at_end=lab.results, budget=4_000_000_000)
    lab.full(Run.of(engine.run(boot, kernel(), seed=1, nonce=params.nonce(1))))
