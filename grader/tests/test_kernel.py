"""The kernel's given framework, proved from outside: its payloads (kernel/test) do what the parameter block says, and
what they print or leave in memory is compared with the host's C library, with models, with QEMU's own device tree.
"""
import contextlib
import ctypes
import fcntl
import functools
import itertools
import os
import random
import re
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

import pytest

from grader import engine, labs, params, plugin, symbols
from grader.paths import BUILD, ROOT

FILES = [f"solutions/1-boot/{name}" for name in labs.read(ROOT / "labs/1-boot").kernel]
PAYLOADS = [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "kernel/test").glob("*.c"))]
HYP = ("virtualization=on",)
NOWHERE = 0x50000000                    # no device and no RAM: nothing answers
INPUT = params.ADDRESS + params.HEADER.size
WORD = 0xffffffff


def make(build, files, payloads, *words, cwd=ROOT):
    """The lines that one `make -f kernel/lab.mk` prints; the kernels are then in build/out."""
    command = ["make", "-rRj2", "--no-print-directory", "-f", "kernel/lab.mk", f"BUILD={build}", f"OUT={build}/out",
               "WERROR=1", "FILES=" + " ".join(files), "PAYLOADS=" + " ".join(payloads), *words]
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
    done = subprocess.run(command, cwd=cwd, env=environment, text=True, capture_output=True)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout.splitlines()


@functools.cache
def kernels():
    """Every payload's kernel: {"format": path}; "bare" is enter without any lab."""
    build = BUILD / "tests/kernel"
    build.mkdir(parents=True, exist_ok=True)
    with open(build / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        make(build, FILES, PAYLOADS)
        make(build, [], ["kernel/test/enter.c"], f"OUT={build}/bare")
    names = [Path(path).stem for path in PAYLOADS]
    return {name: build / f"out/{name}.elf" for name in names} | {"bare": build / "bare/enter.elf"}


def address(payload, symbol):
    return symbols.of(kernels()[payload]).address(symbol)


def job(payload, data=b"", *, elf=None, seed=1, budget=200_000_000, **more):
    """A boot that keeps what the payload logged, if it was meant to."""
    elf = elf or kernels()[payload]
    log = symbols.of(elf).address("__image_end")

    def keep_log(held):
        held.keep("log", held.memory(log + 4, held.word(log) % (1 << 24)))

    boot = engine.Boot(payload, input=data, budget=budget, read_at_end=keep_log, **more)
    return engine.Job(boot, elf, seed, params.nonce(seed))


def run_all(jobs):
    """What became of each, in order; each has powered off."""
    runs = list(engine.run_many(jobs))
    for run in runs:
        assert isinstance(run, engine.Run), run
        assert run.error is None and run.end == "power-off", (run.error, run.end, run.serial)
    return runs


def run_check(payload, data=b"", **more):
    """A boot whose check_main() returned."""
    run, = run_all([job(payload, data, **more)])
    assert run.reports[-1:] == ["end"], run.serial
    return run


def words(*values):
    return struct.pack(f"<{len(values)}I", *(value & WORD for value in values))


class Log:
    """What a payload logged, taken from the front."""

    def __init__(self, run):
        self.data, self.at = run.kept["log"], 0

    def bytes(self, n):
        taken, self.at = self.data[self.at:self.at + n], self.at + (n + 3 & ~3)
        assert self.at <= len(self.data), "the log ends early"
        return taken

    def word(self):
        return int.from_bytes(self.bytes(4), "little")

    def int(self):
        return (self.word() ^ 1 << 31) - (1 << 31)


# ---- format.c

libc = ctypes.CDLL(None)
ROOM = 256                              # bytes of the payload's buffers
FILLED = b"\x5a" * ROOM


def snprintf(size, fmt, arguments):
    """What the host's C library does: (returned, the whole buffer)."""
    buffer = ctypes.create_string_buffer(FILLED, ROOM)
    return libc.snprintf(buffer, ctypes.c_size_t(size), fmt, *arguments), buffer.raw


class Format:
    """One call's format and arguments, for the kernel (words as the procedure call standard has them) and the host."""

    def __init__(self):
        self.kernel, self.host = b"", b""       # formats
        self.words = []                         # an int, or bytes: the address of these
        self.arguments = []

    def add(self, kernel, host=None):
        self.kernel += kernel
        self.host += kernel if host is None else host

    def argument(self, value, host, double=False):
        if double:
            if len(self.words) % 2 == 0:        # r3, or the word before a pair, stays empty
                self.words.append(0xdddddddd)
            self.words += [value & WORD, value >> 32 & WORD]
        else:
            self.words.append(value if isinstance(value, bytes) else value & WORD)
        self.arguments.append(host)


def random_number(rng):
    """Signed, of any length up to 64 bits, and often at an edge."""
    bits = rng.choice((7, 8, 15, 16, 31, 32, 63, 64))
    edge = rng.choice((0, 1, -1, (1 << bits) - 1, 1 << bits - 1, -(1 << bits - 1)))
    value = rng.choice((edge, edge, rng.getrandbits(rng.randint(1, 64))))
    return (value + (1 << 63)) % (1 << 64) - (1 << 63)


def random_format(rng):
    """Some text and up to three conversions, from all that exo/printk.h documents."""
    made = Format()
    for _ in range(rng.randint(1, 3)):
        made.add(bytes(rng.choices(b" abc=:,\n\xff\x01[", k=rng.randint(0, 4))))
        kind = rng.choice("diuxXcsp%")
        if kind == "%":
            made.add(b"%%")
            continue
        flags = "".join(rng.choices("-" if kind in "cs" else "-0", k=rng.randint(0, 2)))
        width = rng.choice(("", "", str(rng.randint(1, 40)), "*"))
        if width == "*":
            value = rng.randint(-40, 40)
            made.argument(value, ctypes.c_int(value))
        precision = rng.choice(("", ".", f".{rng.randint(0, 20)}", ".*")) if kind == "s" else ""
        if precision == ".*":
            value = rng.randint(-3, 20)
            made.argument(value, ctypes.c_int(value))
        length = rng.choice(("", "", "hh", "h", "l", "ll", "z")) if kind in "diuxX" else ""
        spec = f"%{flags}{width}{precision}{length}{kind}".encode()
        made.add(spec, b"%#" + spec[1:-1] + b"x" if kind == "p" else spec)
        value = random_number(rng)
        if kind == "s":
            text = bytes(rng.choices(range(1, 256), k=rng.randint(0, 25)))
            if precision == "" and rng.random() < 0.1:
                text = None
            made.argument(0 if text is None else text + b"\0", ctypes.c_char_p(text))
        elif kind == "c":
            made.argument(value, ctypes.c_int(value & 0xff))
        elif kind == "p":
            value |= 1                          # the C library has a name of its own for zero
            made.argument(value, ctypes.c_uint(value & WORD))
        elif length == "ll":
            made.argument(value, ctypes.c_longlong(value), double=True)
        elif length in ("l", "z"):              # 32 bits there
            here = ctypes.c_int(value).value if kind in "di" else value & WORD
            made.argument(value, (ctypes.c_long if length == "l" else ctypes.c_ssize_t)(here))
        else:
            made.argument(value, ctypes.c_int(value))
    made.add(bytes(rng.choices(b" xyz\n", k=rng.randint(0, 2))))
    return made


def format_input(calls):
    """The payload's input for [(Format, size)]; each case has its texts behind its words."""
    data = b""
    for made, size in calls:
        at, texts, placed = INPUT + len(data) + 12 + 4 * len(made.words), b"", []
        for word in (made.kernel + b"\0%s%n", *made.words):     # whoever runs past the format's end finds more of it
            if isinstance(word, bytes):
                placed.append(at + len(texts))
                texts += word
            else:
                placed.append(word)
        texts += bytes(-len(texts) % 4)
        data += words(12 + 4 * len(made.words) + len(texts), size, *placed) + texts
    return data


def formatted(log):
    """What snprintk, vformat, printk on a console and printk on none made of a case: [(returned, put, buffer)]."""
    return [(log.int(), log.word(), log.bytes(ROOM)) for _ in range(4)]


@pytest.mark.parametrize("seed", range(4))
def test_formats_as_the_c_library_does(seed):
    rng = random.Random(seed)
    calls = [(random_format(rng), rng.choice((0, 1, 2, rng.randint(0, 60), ROOM))) for _ in range(800)]
    log = Log(run_check("format", format_input(calls)))
    for made, size in calls:
        length, text = snprintf(ROOM, made.host, made.arguments)
        text = text[:length] + FILLED[length:]
        told = made.kernel, made.arguments, size
        cut, *whole = formatted(log)
        assert cut == (length, 0, snprintf(size, made.host, made.arguments)[1]), told
        assert whole == [(length, length, text), (length, length, text), (length, 0, FILLED)], told
    assert log.at == len(log.data)


def test_formats_beyond_the_c_library():
    """Null pointers, and what is no conversion: it is printed as it stands, and never read past."""
    cases = [("%p|%8p|%-8p|%08p", (0, 0, 0, 0), "0x0|     0x0|0x0     |0x000000"), ("%s", (0,), "(null)"),
             ("%-5k|%d", (7,), "%-5k|7"), ("%lq%u", (8,), "%lq8"), ("%*.*y%d", (1, 2, 3), "%*.*y3"), ("%*", (7,), "%*"),
             ("%\n%d", (4,), "%\n4"), ("%n%d", (4,), "%n4"), ("%f%d", (4,), "%f4"), ("%+d", (4,), "%+d"),
             *((text, (), text) for text in ("", "%", "100%", "%5", "%-08", "%.3", "%.", "%ll", "%hh", "%z", "%y"))]
    calls = []
    for fmt, values, _ in cases:
        made = Format()
        made.kernel, made.words = fmt.encode(), list(values)
        calls.append((made, ROOM))
    log = Log(run_check("format", format_input(calls)))
    for fmt, values, expected in cases:
        n, text = len(expected), expected.encode()
        cut, whole = (text + b"\0").ljust(ROOM, b"\x5a"), text.ljust(ROOM, b"\x5a")
        assert formatted(log) == [(n, 0, cut), (n, n, whole), (n, n, whole), (n, 0, FILLED)], fmt


# ---- string.c

ARENA = 512
FUNCTIONS = ("memcpy", "memmove", "memset", "memcmp", "strlen", "strcmp", "strncmp")


def model_calls(seed, calls):
    """For each call that kernel/test/string.c makes: (function, a, b, n, its result, the arena after it)."""
    numbers = params.random64(seed)
    arena = bytearray(next(numbers) & 0xff for _ in range(ARENA))
    half = ARENA // 2
    for i in range(calls):
        function = FUNCTIONS[i % len(FUNCTIONS)]
        r = next(numbers)
        n = r % (40 if r >> 8 & 3 else 200)
        if function == "memmove":
            a = 32 + (r >> 16) % (ARENA - 64 - n)
            b = a - 32 + (r >> 32) % 65
        else:
            a, b = (r >> 16) % (half - n + 1), half + (r >> 32) % (half - n + 1)
            if not r >> 63:
                a, b = b, a
        r = next(numbers)
        if function not in ("memcpy", "memmove", "memset"):
            arena[a:a + n] = arena[b:b + n]
            if r & 3 and n:
                arena[a + (r >> 8) % n] = r >> 56
            if r & 4 and n:
                arena[a + (r >> 24) % n] = arena[b + (r >> 24) % n] = 0
            arena[ARENA - 1] = arena[half - 1] = 0
        p, q = bytes(arena[a:a + n]), bytes(arena[b:b + n])
        s, t = bytes(arena[a:]).partition(b"\0")[0], bytes(arena[b:]).partition(b"\0")[0]
        result = a
        if function in ("memcpy", "memmove"):
            arena[a:a + n] = q
        elif function == "memset":
            arena[a:a + n] = bytes([r & 0xff]) * n
        elif function == "strlen":
            result = len(s)
        else:
            x, y = {"memcmp": (p, q), "strcmp": (s, t), "strncmp": (s[:n], t[:n])}[function]
            result = (x > y) - (x < y)
        yield function, a, b, n, result, bytes(arena)


def test_string_functions(calls=3500, **more):
    """Results, and every byte around the buffers; nothing unaligned, as the payload has alignment checking on."""
    seed = params.fixed_seed("kernel/string")
    log = Log(run_check("string", words(calls), seed=seed, **more))
    for number, (function, a, b, n, result, arena) in enumerate(model_calls(seed, calls)):
        told = f"call {number}: {function}, a {a}, b {b}, n {n}"
        assert log.int() == result, told
        assert log.bytes(ARENA) == arena, told
    assert log.at == len(log.data)


def test_string_functions_touch_only_their_arguments():
    """No store outside the destination, and no load from a word that holds no byte of an argument."""
    seed, calls = params.fixed_seed("kernel/touch"), 80
    base = address("string", "arena")
    run = run_check("string", words(calls), seed=seed, watch=((base, ARENA),), marks=("string_done", *FUNCTIONS))
    begun, *ends = [mark.count for mark in run.marks if mark.symbol == "string_done"]
    marks, accesses, seen = (mark for mark in run.marks if mark.count > begun), iter([*run.accesses, None]), 0
    access = next(accesses)
    for (function, a, b, n, _, arena), end in zip(model_calls(seed, calls), ends, strict=True):
        called = next(mark for mark in marks if mark.symbol == function)
        while access is not None and access.count < called.count:       # the payload's own
            access = next(accesses)
        lengths = [arena.index(0, start) - start + 1 for start in (a, b)] if function.startswith("str") else [n, n]
        lengths = [min(length, n) if function == "strncmp" else length for length in lengths]
        while access is not None and access.count < end:
            first = access.address - base
            last = first + access.size - 1
            if access.kind == "w":
                assert function.startswith("mem") and a <= first and last < a + n, (function, a, b, n, access)
            elif function != "memset":
                assert any(start & ~3 <= first and last < (start + length + 3 & ~3)
                           for start, length in zip((a, b), lengths)), (function, a, b, n, access)
            seen += 1
            access = next(accesses)
    assert seen > 10 * calls


def test_string_functions_work_by_words():
    """Instructions for 4096 bytes, at every pair of alignments."""
    run = run_check("string", words(0), marks=("string_done", "memcpy", "memmove", "memset", "memcmp"))
    counts, begun = [], None
    for mark in run.marks:
        if mark.symbol == "string_done" and begun:
            counts.append((begun.symbol, (mark.count - begun.count) / 4096))
            begun = None
        elif mark.symbol != "string_done" and begun is None:
            begun = mark
    assert [name for name, _ in counts] == ["memcpy", "memset", "memmove", "memset", "memcmp"] * 16
    for i in range(16):
        to, source = divmod(i, 4)
        (_, copy), (_, fill), (_, move), _, (_, compare) = counts[5 * i:5 * i + 5]
        assert copy <= (0.6 if to == source else 2.1), (to, source, copy)
        assert fill <= 0.6, (to, fill)
        if to == source:
            assert move <= 2, (to, source, move)
        if to == source == 0:
            assert compare <= 2.5, compare
    assert not any(Log(run).bytes(4 * 16))


# ---- params.c

def plain(payload, machine=(), block=None):
    """What a kernel prints in a QEMU of its own, with `block` in place of the parameter block, or nothing there."""
    with tempfile.TemporaryDirectory() as directory:
        boot = engine.Boot(payload, machine=machine)
        command = engine.machine(boot, kernels()[payload], seed=1, nonce=1, directory=Path(directory))
        if block is None:
            at = next(i for i, word in enumerate(command) if word.startswith("loader,"))
            del command[at - 1:at + 1]
        else:
            Path(directory, f"{params.ADDRESS:08x}").write_bytes(block)
        return subprocess.run([plugin.find().program, *command, "-serial", "stdio"], stdin=subprocess.DEVNULL,
                              capture_output=True, check=True, timeout=100).stdout.decode()


def params_lines(magic, size, nonce, seed, key, data, zero):
    lines = [f"magic 0x{magic:x} size {size} nonce 0x{nonce:x} seed 0x{seed:x}", f"input_size {len(data)} zero {zero}"]
    lines += [f"key {byte}" for byte in key] + [f"input {byte}" for byte in data]
    return [*lines, *(f"random {number}" for number in itertools.islice(params.random64(seed), 8)), "end"]


def test_parameter_block():
    rng = random.Random(9)
    data, seed, nonce = rng.randbytes(300), rng.getrandbits(64), rng.getrandbits(64) >> 9
    block = params.block(nonce, seed, data)
    run = run_check("params", data, seed=seed)
    assert run.reports == params_lines(params.MAGIC, len(block), run.nonce, seed, params.boot_key(seed), data, 0)
    printed = plain("params", block=block)
    assert [line.removeprefix(f"[{nonce:016x}] ") for line in printed.splitlines()[1:]] == params_lines(
        params.MAGIC, len(block), nonce, seed, params.boot_key(seed), data, 0)


@pytest.mark.parametrize("block", [None, params.block(7, 7, b"seven").replace(b"EXOP", b"EXOQ"), b"\xff" * 100],
                         ids=["none", "magic", "ff"])
def test_no_parameter_block(block):
    """Everything in it is zero, and so is the nonce."""
    lines = params_lines(0, 0, 0, 0, bytes(16), b"", 0)
    assert plain("params", block=block).splitlines()[1:] == [f"[{0:016x}] {line}" for line in lines]


def test_random_numbers():
    """The sequence that the algorithm's authors' own program gives for 1234567."""
    assert list(itertools.islice(params.random64(1234567), 5)) == [
        6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821]


# ---- fdt.c

class Node:
    def __init__(self, name, properties=(), children=()):
        self.name, self.properties, self.children = name, dict(properties), list(children)

    def walk(self, path=""):
        """(path, Node) of this and all below."""
        yield path or "/", self
        for child in self.children:
            yield from child.walk(f"{path}/{child.name}")

    def find(self, path):
        """The first match, level by level; a part without a unit address matches any."""
        node = self
        for part in path.strip("/").split("/") if path.strip("/") else ():
            node = next((child for child in node.children if part in (child.name, child.name.partition("@")[0])), None)
            if node is None:
                return None
        return node


def read_tree(blob):
    """The Node at the root of a flattened tree (Devicetree Specification 0.4, chapter 5)."""
    magic, _, at, strings = struct.unpack_from(">4I", blob)
    assert magic == 0xd00dfeed

    def text(start):
        return blob[start:blob.index(b"\0", start)].decode()

    stack = [Node("")]
    while True:
        token, = struct.unpack_from(">I", blob, at)
        at += 4
        if token == 1:
            stack.append(Node(text(at)))
            stack[-2].children.append(stack[-1])
            at += len(stack[-1].name) // 4 * 4 + 4
        elif token == 2:
            stack.pop()
        elif token == 3:
            size, name = struct.unpack_from(">2I", blob, at)
            stack[-1].properties[text(strings + name)] = blob[at + 8:at + 8 + size]
            at += 8 + (size + 3) // 4 * 4
        elif token == 9:
            return stack[0].children[0]
        else:
            assert token == 4


def write_tree(root, rng):
    """The flattened tree of a Node, with NOPs here and there."""
    strings = b"junk\0"

    def padded(data):
        return data + bytes(-len(data) % 4)

    def nops():
        return struct.pack(">I", 4) * (rng.random() < 0.2)

    def flat(node):
        nonlocal strings
        out = nops() + struct.pack(">I", 1) + padded(node.name.encode() + b"\0") + nops()
        for name, value in node.properties.items():
            out += struct.pack(">3I", 3, len(value), len(strings)) + padded(value) + nops()
            strings += name.encode() + b"\0"
        return out + b"".join(map(flat, node.children)) + nops() + struct.pack(">I", 2)

    structure = flat(root) + struct.pack(">I", 9)
    size = 56 + len(structure) + len(strings)
    header = struct.pack(">10I", 0xd00dfeed, size, 56, 56 + len(structure), 40, 17, 16, 0, len(strings), len(structure))
    return header + bytes(16) + structure + strings


def looked_up(queries, blob=b"", machine=()):
    """What fdt_property() finds for each (path, property): bytes or None. In `blob`, or in the machine's tree."""
    blob += bytes(-len(blob) % 4)
    texts = b"".join(f"{path}\0{name}\0".encode() for path, name in queries)
    log, found = Log(run_check("fdt", words(len(blob)) + blob + texts, machine=machine)), []
    for query in queries:
        there, size, same = log.word(), log.word(), log.word()
        assert same and (there or size == 0xdeadbeef), query
        found.append(log.bytes(size) if there else None)
    assert log.at == len(log.data)
    return found


def machine_tree(machine):
    """QEMU's own account of the tree that it gives the kernel."""
    with tempfile.TemporaryDirectory() as directory:
        boot = engine.Boot("fdt", machine=(*machine, f"dumpdtb={directory}/dtb"))
        command = engine.machine(boot, kernels()["fdt"], seed=1, nonce=1, directory=Path(directory))
        subprocess.run([plugin.find().program, *command], capture_output=True, check=True, timeout=100)
        return read_tree(Path(directory, "dtb").read_bytes())


@pytest.mark.parametrize("machine", [(), HYP], ids=["svc", "hyp"])
def test_device_tree_of_the_machine(machine):
    """Every property of every node, by its path and by its path without unit addresses; and some that are not there."""
    root = machine_tree(machine)
    nodes = dict(root.walk())
    queries = [(path, name) for path, node in nodes.items() for name in node.properties]
    queries += [(re.sub("@[^/]*", "", path), name) for path, name in queries if "@" in path]
    queries += [(path, "no-such-property") for path in nodes]
    strangers = "/none /psc /pscix /psci/none /cpus/cpu@1 /cpus/cp /pl011@9000001 /pl011@ psci".split()
    queries += [(path, name) for path in strangers for name in ("compatible", "method")]
    for (path, name), got in zip(queries, looked_up(queries, machine=machine)):
        node = root.find(path) if path.startswith("/") else None
        expected = node and node.properties.get(name)
        if name.endswith("-seed") and expected:         # QEMU draws them anew
            got, expected = len(got), len(expected)
        assert got == expected, (path, name)

    told = dict(zip(queries, looked_up(queries, machine=machine)))
    assert told["/psci", "method"] == (b"smc\0" if machine else b"hvc\0")
    assert told["/pl011@9000000", "compatible"] == told["/pl011", "compatible"] == b"arm,pl011\0arm,primecell\0"
    assert told["/memory@40000000", "reg"] == struct.pack(">4I", 0, 0x40000000, 0, 0x08000000)
    assert {"/cpus/cpu@0", "/intc@8000000/v2m@8020000"} < nodes.keys() and len(queries) > 300


def random_tree(rng, name="", depth=0):
    """Names that are easily taken for one another, and properties missing here and there."""
    names = ["a", "b", "ab", "aa", "a@1", "a@10", "a@2", "ab@1", "b@1", "abc"]
    values = {name: rng.randbytes(rng.randint(0, 9)) for name in rng.sample(["p", "pp", "q", "reg"], rng.randint(0, 3))}
    below = rng.sample(names, rng.randint(0, 5)) if depth < 3 else ()
    return Node(name, values, [random_tree(rng, child, depth + 1) for child in below])


def test_device_trees_of_any_shape():
    for seed in range(6):
        rng = random.Random(seed)
        root = random_tree(rng)
        paths = [path for path, _ in root.walk()]
        paths += [re.sub("@[^/]*", "", path) for path in paths]
        paths += [path.rstrip("/") + "/a" for path in paths] + ["/b/a@1/ab", "/a@"]
        paths = rng.sample(paths, min(len(paths), 150))
        queries = list(dict.fromkeys((path, name) for path in paths for name in ("p", "pp", "q", "reg", "")))
        blob = write_tree(root, rng)
        assert [node.properties for _, node in read_tree(blob).walk()] == [node.properties for _, node in root.walk()]
        for (path, name), got in zip(queries, looked_up(queries, blob)):
            node = root.find(path)
            assert got == (node and node.properties.get(name)), (seed, path, name)


def test_no_device_tree():
    blob = write_tree(Node("", {"p": b"here"}), random.Random(1))
    assert looked_up([("/", "p")], blob) == [b"here"]
    for wrong in (b"\xd0\x0d\xfe\xee", b"\xed\xfe\x0d\xd0", bytes(4)):
        assert looked_up([("/", "p")], wrong + blob[4:]) == [None]


# ---- register.c

def test_register_tables():
    """Everything out of range, null or taken is refused, and lookups find what was registered first."""
    rng = random.Random(4)
    size = (8, 64, 288)                 # of the tables of traps, system calls, interrupts
    header = (ROOT / "kernel/include/exo/error.h").read_text()
    errors = {name: int(value) for name, value in re.findall(r"#define E_(\w+)\s+(\d+)", header)}
    calls = []
    for _ in range(1500):
        table = rng.randrange(3)
        index = rng.choice((rng.randrange(300), rng.randrange(12), rng.getrandbits(32), *size, -1))
        calls.append((table, index, rng.choice((0, rng.getrandbits(32), rng.getrandbits(32))), rng.getrandbits(32)))
    calls += [(table + 3, index, 0, 0) for table in range(3) for index in (*range(size[table] + 2), 0xff, 0x80)]
    log, tables = Log(run_check("register", b"".join(words(*call) for call in calls))), ({}, {}, {})
    for call in calls:
        which, index, handler, arg = call
        table, told = tables[which % 3], 0xdeadbeef
        there = 0 <= index < size[which % 3]
        if which >= 3:
            expected = table.get(index, (0, 0))[0]
            if which == 5 and there:
                told = table.get(index, (0, 0))[1]
        elif not there or handler == 0:
            expected = -errors["INVAL"]
        elif index in table:
            expected = -errors["EXISTS"]
        else:
            expected, table[index] = 0, (handler, arg)
        assert (log.word(), log.word()) == (expected & WORD, told), call
    assert all(len(table) > 7 for table in tables)
    assert len(set(errors.values())) == len(errors) and min(errors.values()) > 0


# ---- crash.S, crash.c

USR, FIQ, IRQ, SVC, ABT, HYPERVISOR, UND, SYS = 0x10, 0x11, 0x12, 0x13, 0x17, 0x1a, 0x1b, 0x1f
THUMB, MASKED, ALIGNMENT = 1 << 5, 0x1c0, 1 << 1       # PSR.T; A, I and F; SCTLR.A
VECTORS = {"undefined instruction": UND, "supervisor call": SVC, "prefetch abort": ABT, "data abort": ABT,
           "IRQ": IRQ, "FIQ": FIQ}          # and the mode that each is taken in


class Entered:
    """A boot of kernel/test/enter.S: r0 to pc and the CPSR as they are to be at a symbol, or at a number."""

    def __init__(self, rng, where, mode, *, thumb=False, given=(), stores=(), sctlr=0, machine=(), kernel="bare"):
        self.mode, self.thumb, self.machine, self.kernel = mode, thumb, machine, kernel
        self.registers = [rng.getrandbits(32) for _ in range(15)]
        for number, value in dict(given).items():
            self.registers[number] = value
        self.pc = where if isinstance(where, int) else address(kernel, where + "_thumb" * thumb)
        self.psr = rng.getrandbits(5) << 27 | rng.getrandbits(4) << 16 | MASKED | mode
        self.input = words(len(stores), *itertools.chain(*stores), sctlr, self.psr, *self.registers, self.pc | thumb)

    def job(self, **more):
        return job(self.kernel, self.input, machine=self.machine, junk=True, budget=1_000_000, **more)

    def crash(self, vector, *, pc=None, back=0, details="", psr=0):
        """The lines of a crash there: `back`, how far behind pc its lr points; `psr`, the bits that had changed."""
        pc = self.pc if pc is None else pc
        hyp = self.mode == HYPERVISOR
        lr = self.registers[14]
        if not hyp and VECTORS.get(vector) == self.mode:        # lost: the exception's lr was the interrupted mode's
            lr = pc + back
        numbers = [f"{'r' + str(n):>3} 0x{value:08x}" for n, value in enumerate(self.registers[:13])]
        lines = ["", f"crash: {vector} at pc 0x{pc:08x}" + " in HYP mode" * hyp, *([details] if details else [])]
        lines += ["crash: " + " ".join(numbers[i:i + 4]) for i in range(0, 13, 4)]
        psr = self.psr ^ psr | THUMB * self.thumb
        lines.append(f"crash:  sp 0x{self.registers[13]:08x}  lr 0x{lr:08x}  pc 0x{pc:08x} psr 0x{psr:08x}")
        return [*lines, "crash: halted", ""]


def crashes(cases):
    """Boots [(Entered, the lines expected of it)] and compares."""
    for (entered, expected), run in zip(cases, run_all([entered.job() for entered, _ in cases])):
        printed = run.serial.decode("latin-1").partition("\ncrash:")       # a lab's kernel greets first
        assert "".join(printed[1:]).split("\n") == expected, (f"mode {entered.mode:#x}", f"thumb {entered.thumb}")


def data_abort(status, name, kind, at):
    return f"crash: DFSR 0x{status | (kind == 'write') << 11:08x} ({name}, on a {kind}), DFAR 0x{at:08x}"


# FS of a synchronous external abort: DDI 0406C, table B3-23.
EXTERNAL = 0x008, "external abort: nothing answers at this address"


@pytest.mark.parametrize("mode", [USR, FIQ, IRQ, SVC, ABT, UND, SYS], ids="usr fiq irq svc abt und sys".split())
def test_crash_of_every_kind_in_every_mode(mode):
    """Before there is a stack, and .bss full of junk: name, pc, fault status, and every register as it was."""
    rng, cases = random.Random(mode), []
    for thumb in (False, True):
        def at(where, **more):
            return Entered(rng, where, mode, thumb=thumb, **more)

        size = 2 if thumb else 4
        it = at("do_undefined")
        cases.append((it, it.crash("undefined instruction", back=size)))
        it = at("do_svc")
        cases.append((it, it.crash("supervisor call", back=size)))
        it = at("do_jump", given={2: NOWHERE | thumb})
        cases.append((it, it.crash("prefetch abort", pc=NOWHERE, back=4,
                                   details=f"crash: IFSR 0x{EXTERNAL[0]:08x} ({EXTERNAL[1]}), IFAR 0x{NOWHERE:08x}")))
        for kind in ("read", "write"):
            it = at(f"do_{kind}", given={1: NOWHERE})
            cases.append((it, it.crash("data abort", back=8, details=data_abort(*EXTERNAL, kind, NOWHERE))))
        odd, kind = address("bare", "__image_end") + rng.randint(1, 3), "write" if thumb else "read"
        it = at(f"do_{kind}", given={1: odd}, sctlr=ALIGNMENT)
        cases.append((it, it.crash("data abort", back=8, details=data_abort(0x001, "alignment fault", kind, odd))))
    crashes(cases)


@pytest.mark.parametrize("name, where, mask, control", [
    ("IRQ", "do_irq", 1 << 7, 1), ("FIQ", "do_fiq", 1 << 6, 1 | 1 << 3)], ids=["irq", "fiq"])
def test_crash_by_an_interrupt(name, where, mask, control):
    """A software interrupt, by GICD_CTLR, GICC_PMR, GICC_CTLR and GICD_SGIR, that is pending when its mask goes."""
    gic = [(0x08000000, 1), (0x08010004, 0xff), (0x08010000, control), (0x08000f00, 2 << 24)]
    cases = []
    for mode, thumb in itertools.product((SVC, SYS), (False, True)):
        it = Entered(random.Random(mode), where, mode, thumb=thumb, stores=gic)
        cases.append((it, it.crash(name, pc=address("bare", where + "_thumb" * thumb + "_taken"), psr=mask)))
    crashes(cases)


@pytest.mark.parametrize("mode", [SVC, SYS, FIQ, HYPERVISOR], ids="svc sys fiq hyp".split())
def test_jump_to_the_reset_vector(mode):
    """No exception: nothing says where from, but lr, and there is no saved status, but the one there is."""
    it = Entered(random.Random(mode), "crash_vectors", mode, machine=HYP if mode == HYPERVISOR else ())
    crashes([(it, it.crash("a jump to the reset vector", pc=it.registers[14]))])


def test_crash_in_hyp_mode():
    rng, cases = random.Random(1), []
    for thumb in (False, True):
        def at(where, **more):
            return Entered(rng, where, HYPERVISOR, thumb=thumb, machine=HYP, **more)

        it = at("do_undefined")
        cases.append((it, it.crash("undefined instruction")))
        it = at("do_svc")
        cases.append((it, it.crash("supervisor call")))
        it = at("do_jump", given={2: NOWHERE | thumb})
        cases.append((it, it.crash("prefetch abort", pc=NOWHERE)))
        for kind in ("read", "write"):
            it = at(f"do_{kind}", given={1: NOWHERE})
            cases.append((it, it.crash("data abort")))
    crashes(cases)


@pytest.mark.parametrize("thumb", [False, True], ids=["a32", "thumb"])
def test_crash_after_leaving_hyp_mode(thumb):
    """In the kernel with lab 1: by SVC mode's own vectors, and by an HVC, which HYP mode's vectors take."""
    cases = []
    for where, vector in [("do_undefined", "undefined instruction"), ("do_hvc", "HYP trap")]:
        it = Entered(random.Random(5), where, SVC, thumb=thumb, machine=HYP, kernel="enter")
        cases.append((it, it.crash(vector)))
    crashes(cases)


@pytest.mark.parametrize("mode", [USR, SVC, ABT, HYPERVISOR], ids="usr svc abt hyp".split())
def test_crash_within_a_crash_powers_off(mode):
    """Here the UART is not where the report wants it."""
    it = Entered(random.Random(6), "do_undefined", mode, machine=HYP if mode == HYPERVISOR else (),
                 stores=[(address("bare", "mmio_offset"), NOWHERE - 0x09000000)])
    run, = run_all([it.job(marks=("crash_report", "run_off"))])
    assert run.serial == b"" and [mark.symbol for mark in run.marks] == ["crash_report", "run_off"]


# ---- todo.c, todo.h

# A step, a source file, and the folder of labs/ that it means.
PLACES = [
    ("1.3", "starter/1-boot/start.S", "1-boot"), ("1.3", "labs/1-boot/checks/bss.c", "1-boot"),
    ("2.10", "build/pristine/2-vm/pages.c", "2-vm"), ("1.3", "/home/me/1-term/exolab/starter/1-boot/bss.c", "1-boot"),
    ("1.3", "1-boot/bss.c", "1-boot"), ("1.3", "/1-boot/bss.c", "1-boot"), ("1.3", "starter/1-boot/1-bss.c", "1-boot"),
    ("1.3", "starter/11-boot/bss.c", "1"), ("1.3", "starter/2-vm/bss.c", "1"), ("1.3", "bss.c", "1"),
    ("1.3", "1-bss.c", "1"), ("1.3", "", "1"), ("12.1", "starter/1-boot/12-far/x.c", "12-far")]


def todo_line(step, lab):
    return f"TODO {step}: not written yet (labs/{lab}, step {step})\n"


def test_todo_names_the_lab_of_its_file():
    """By the last folder of the file's path that begins with the step's lab."""
    jobs = [job("todo", f"{step}\0{file}\0".encode()) for step, file, _ in PLACES]
    for (step, file, lab), run in zip(PLACES, run_all(jobs)):
        assert run.serial.decode().partition("\n")[2] == "\n" + todo_line(step, lab), file


def test_todo_on_the_host(tmp_path):
    """On stderr, and exit code 3."""
    (tmp_path / "host.c").write_text("""#include <exo/todo.h>
int main(int n, char **arg)
{
	if (n > 1)
		todo_at(arg[1], arg[2]);
#line 1 "starter/1-boot/tool.c"
	todo("1.9");
}
""")
    subprocess.run(["gcc", "-Wall", "-Wextra", "-Wshadow", "-Werror", "-DEXO_HOST", "-I", ROOT / "kernel/include",
                    "-o", tmp_path / "host", tmp_path / "host.c"], check=True)
    cases = [((step, file), todo_line(step, lab)) for step, file, lab in PLACES]
    for arguments, line in [*cases, ((), todo_line("1.9", "1-boot"))]:
        done = subprocess.run([tmp_path / "host", *arguments], text=True, capture_output=True)
        assert (done.returncode, done.stdout, done.stderr) == (3, "", line), arguments


def test_todo_in_the_kernel():
    for machine in ((), HYP):
        run, = run_all([job("todo", machine=machine)])
        assert run.serial.decode().partition("\n")[2] == "\n" + todo_line("1.4", "1-boot") and run.reports == []


@pytest.mark.parametrize("mode", [FIQ, SVC, SYS, HYPERVISOR], ids="fiq svc sys hyp".split())
def test_todo_in_assembly(mode):
    """With junk for a stack and in .bss."""
    it = Entered(random.Random(mode), "do_todo", mode, machine=HYP if mode == HYPERVISOR else ())
    run, = run_all([it.job()])
    assert run.serial.decode() == "\n" + todo_line("1.2", "1-boot")


# ---- lab.mk, kernel.ld

@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The tree at another path, with nothing built."""
    root = tmp_path_factory.mktemp("another place") / "exolab"
    for folder in ("kernel", "solutions/1-boot", "labs/1-boot"):
        shutil.copytree(ROOT / folder, root / folder)
    return root


def made(lines):
    """(sources compiled, kernels linked) by make."""
    compiled = [found[1] for line in lines if (found := re.search(r" -c (\S+) -o \S+\.o$", line))]
    linked = [found[1] for line in lines if (found := re.search(r" -o \S+/(\S+)\.elf$", line))]
    return sorted(compiled), sorted(linked)


def test_builds_are_reproducible_and_incremental(copy):
    """Same bytes from another path and build folder; then one object for one source, and the kernels that it is in."""
    build = functools.partial(make, "other", cwd=copy)
    core = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "kernel/core").glob("*.[cS]"))
    some, names = ["kernel/test/enter.c", "kernel/test/fdt.c"], ["enter", "fdt"]
    assert made(build(FILES, some)) == (sorted([*core, *FILES, *some, "kernel/test/enter.S"]), names)
    assert made(build([], some[:1], "OUT=other/bare")) == ([], ["enter"])
    for name, where in {"bare": "bare/enter", "enter": "out/enter", "fdt": "out/fdt"}.items():
        assert (copy / f"other/{where}.elf").read_bytes() == kernels()[name].read_bytes(), name

    including = [path for path in core + FILES if "#include <exo/fdt.h>" in (ROOT / path).read_text()]
    for touched, compiled, linked in [
            ((), [], []),
            (["kernel/core/fdt.c"], ["kernel/core/fdt.c"], names),
            (["solutions/1-boot/start.S"], ["solutions/1-boot/start.S"], names),
            (["kernel/test/fdt.c"], ["kernel/test/fdt.c"], ["fdt"]),
            (["kernel/test/enter.S"], ["kernel/test/enter.S"], ["enter"]),
            (["kernel/core/crash.h"], ["kernel/core/crash.S", "kernel/core/crash.c", "kernel/core/end.S"], names),
            (["kernel/include/exo/fdt.h"], sorted([*including, "kernel/test/fdt.c"]), names),
            (["kernel/core/kernel.ld"], [], names),
            (["kernel/board/virt/memory.ld"], [], names),
            ((), [], [])]:
        for path in touched:
            (copy / path).touch()
        assert made(build(FILES, some)) == (compiled, linked), touched

    assert made(build(FILES, some[:1])) == ([], [])
    assert made(build(FILES, ["kernel/test/todo.c"])) == (["kernel/test/todo.c"], ["todo"])
    assert made(build(FILES, some)) == ([], [])

    # A header that is gone, and that nothing includes any more, stops nobody.
    source, header = copy / "kernel/core/fdt.c", copy / "kernel/include/exo/gone.h"
    text = source.read_text()
    header.touch()
    source.write_text("#include <exo/gone.h>\n" + text)
    build(FILES, some)
    header.unlink()
    source.write_text(text)
    assert made(build(FILES, some)) == (["kernel/core/fdt.c"], names)


def test_builds_without_warnings_for_debugging(tmp_path):
    """At -Og too, with lab 1's own payloads; and the kernel works the same."""
    checks = [path.relative_to(ROOT).as_posix() for path in (ROOT / "labs/1-boot/checks").glob("*.c")]
    make(tmp_path, FILES, [*PAYLOADS, *checks], "OPT=-Og")
    test_string_functions(700, elf=tmp_path / "out/string.elf")


@pytest.mark.parametrize("warning, body", [
    ("unused-variable", "int n;"), ("shadow", "int n = 1; if (n) { int n = 2; (void)n; }"),
    ("sign-compare", "int n = -1; unsigned m = 1; if (n < m) check_main();")], ids=["all", "shadow", "extra"])
def test_warnings_are_errors_in_ci(copy, warning, body):
    (copy / "kernel/test/bad.c").write_text(f"void check_main(void);\nvoid\ncheck_main(void)\n{{\n\t{body}\n}}\n")
    with pytest.raises(AssertionError, match=f"error: .*-Werror={warning}"):
        make("other", FILES, ["kernel/test/bad.c"], cwd=copy)


@pytest.mark.parametrize("payload", ["format", "fdt", "bare"])
def test_image(payload):
    """.bss and the stacks are in no segment that a loader brings; no segment is both writable and executable."""
    from elftools.elf.elffile import ELFFile

    at = functools.partial(address, payload)
    with open(kernels()[payload], "rb") as stream:
        elf = ELFFile(stream)
        segments = [segment.header for segment in elf.iter_segments() if segment.header.p_type == "PT_LOAD"]
        sections = {section.name: section.header for section in elf.iter_sections()}
        assert elf.header.e_entry == at("entry") == 0x40100000
    assert [segment.p_flags for segment in segments] == [5, 4, 6]       # R E, R, RW
    assert [segment.p_vaddr for segment in segments] == [at("__text_start"), at("__rodata_start"), at("__data_start")]
    for segment in segments:
        assert segment.p_vaddr == segment.p_paddr and segment.p_vaddr % 4096 == 0
        assert segment.p_filesz == segment.p_memsz and segment.p_vaddr + segment.p_memsz <= at("__bss_start")
    assert at("__text_end") == at("__rodata_start") and at("__rodata_end") == at("__data_start")
    assert at("__data_end") <= at("__bss_start")
    for name in (".bss", ".stacks"):
        assert sections[name].sh_type == "SHT_NOBITS" and sections[name].sh_addr >= at("__data_end")
        assert sections[name].sh_addr + sections[name].sh_size <= at("__image_end")
    assert not [name for name in sections if name.startswith((".ARM.ex", ".init_array", ".rel", ".got", ".dyn"))]

    stacks = ("frame", "und", "abt", "irq", "fiq", "sys", "svc")
    bounds = [(at(f"__{name}_stack_bottom"), at(f"__{name}_stack_top")) for name in stacks]
    assert at("__bss_start") % 8 == at("__bss_end") % 8 == 0 and at("__bss_start") < at("__bss_end") <= bounds[0][0]
    for (bottom, top), after in zip(bounds, [bottom for bottom, _ in bounds[1:]] + [at("__image_end")]):
        assert bottom % 8 == 0 and top - bottom >= 4096 and top <= after
    assert at("__image_end") % 4096 == 0 and at("__image_end") < params.ADDRESS


def test_instructions():
    """A32 alone, and no instruction of VFP or NEON: by binutils, of all that is linked, libgcc's functions too."""
    def said(tool, *options):
        return subprocess.run([f"arm-none-eabi-{tool}", *options], text=True, capture_output=True, check=True).stdout

    for name in ("format", "string", "fdt"):
        listing = said("objdump", "-d", "--no-show-raw-insn", kernels()[name])
        instructions = re.findall(r"(?m)^\s*[0-9a-f]+:\t(\S+)(.*)$", listing)
        assert len(instructions) > 1000 and "bl" in dict(instructions) and ".word" in dict(instructions)
        for mnemonic, operands in instructions:
            line = mnemonic + operands
            assert not re.match(r"[vf]|(ldc|stc|cdp|mcr|mrc)\S*\s+p?1[01],", line), (name, line)
        marks = said("nm", "--special-syms", kernels()[name])
        assert " $a" in marks and " $t" not in marks
