"""Pipes (exo/pipe.h): what the lab's checks take for granted. The model's checksum against RFC 1071's own example and
scapy; the code's words, and the encoders that it needs, against disassemblers and GNU as.
"""
import ctypes
import functools
import random
import subprocess

import pytest

from grader import paths, pipes
from grader.pipes import COPY, SUM, SWAP16, SWAP32, XOR, Pipe
from grader.sfi import oracles

SOURCES = ("kernel/jit/pipe.c", "kernel/jit/encode.c", "solutions/6-jit/encode.c")
OPS = {0: "and", 1: "eor", 2: "sub", 3: "rsb", 4: "add", 5: "adc", 6: "sbc", 7: "rsc", 12: "orr", 14: "bic"}


class CPipe(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_uint32), ("key", ctypes.c_uint32)]


@functools.cache
def library():
    out = paths.BUILD / "tests" / "pipe.so"
    out.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["gcc", "-std=gnu11", "-O1", "-Wall", "-Wextra", "-Wshadow", "-Werror", "-DEXO_HOST", "-shared",
                    "-fPIC", "-Ikernel/include", *SOURCES, "-o", out], check=True, cwd=paths.ROOT)
    return ctypes.CDLL(str(out))


def compiled(these):
    code = (ctypes.c_uint32 * 8192)()
    given = (CPipe * len(these))(*((pipe.kind, pipe.key) for pipe in these))
    words = library().pipe_compile(given, len(these), code, len(code))
    assert words > 0, words
    return list(code[:words])


def test_rfc_1071s_example():
    """Section 3: the sum of these bytes is ddf2."""
    data = bytes.fromhex("0001f203f4f5f6f7")
    assert pipes.checksum(data) == 0xddf2 ^ 0xffff
    assert pipes.run([Pipe(SUM)], data).sums == (0x0d22,)


def test_the_checksum_is_scapys():
    from scapy.utils import checksum
    rng = random.Random(1)
    for length in [*range(70), 1499, 1500, 65535]:
        for data in (rng.randbytes(length), bytes(length), b"\xff" * length):
            assert pipes.checksum(data) == checksum(data), (length, data[:8])


@pytest.mark.parametrize("these", [
    [Pipe(COPY)], [Pipe(SUM)], [Pipe(SUM), Pipe(COPY), Pipe(SWAP32)], [Pipe(SWAP16), Pipe(XOR, 0x12345678), Pipe(COPY)],
    [Pipe(SUM)] * 5, [Pipe(XOR, 0xffffff00)] * 5 + [Pipe(COPY)]], ids=lambda these: "-".join(map(str, these)))
def test_the_code_is_of_words_that_every_disassembler_knows(these):
    """None of them UNPREDICTABLE; branches stay within."""
    words = compiled(these)
    for name, oracle in oracles.ORACLES.items():
        for at, (word, text) in enumerate(zip(words, oracle(words), strict=True)):
            assert text.text and not text.unpredictable, (name, at, hex(word), text)
            assert text.branch is None or 0 <= at + text.branch // 4 < len(words), (name, at, text)


def assembled(lines, folder):
    (folder / "x.s").write_text(".syntax unified\n.arm\n" + "\n".join(lines) + "\n")
    subprocess.run(["arm-none-eabi-as", "-mcpu=cortex-a7", "x.s", "-o", "x.o"], cwd=folder, check=True)
    subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", "x.o", "x.bin"], cwd=folder, check=True)
    code = (folder / "x.bin").read_bytes()
    return [int.from_bytes(code[at:at + 4], "little") for at in range(0, len(code), 4)]


def test_its_encoders_are_gnu_ass(tmp_path):
    rng = random.Random(2)
    lines, words = [], []
    for _ in range(400):
        op, s, shift, by = rng.choice(list(OPS)), rng.randrange(2), rng.randrange(4), rng.randrange(1, 32)
        rd, rn, rm = (rng.randrange(13) for _ in range(3))
        lines.append(f"{OPS[op]}{'s' * s} r{rd}, r{rn}, r{rm}, {('lsl', 'lsr', 'asr', 'ror')[shift]} #{by}")
        words.append(library().a32_dp_shifted(op, bool(s), rd, rn, rm, shift, by) & 0xffffffff)
        load, base = rng.randrange(2), rng.randrange(13)
        registers = sorted(set(rng.sample(range(13), rng.randrange(2, 8))) - {base})
        lines.append(f"{('stm', 'ldm')[load]} r{base}!, {{{', '.join(f'r{r}' for r in registers)}}}")
        words.append(library().a32_block(bool(load), base, sum(1 << r for r in registers)) & 0xffffffff)
    assert words == assembled(lines, tmp_path)
