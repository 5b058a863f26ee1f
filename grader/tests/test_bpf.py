"""BPF's assembler and disassembler (grader/bpf.py) against LLVM's, which nobody here wrote; its model against instructions whose results
were worked out by hand; the command. Programs with bits changed: what the verifier accepts runs, and as the model does.
"""
import random
import re
import subprocess
import sys

import pytest

from grader import bpf, build, engine, labs, params, symbols
from grader.__main__ import main
from grader.bpf import Insn
from grader.errors import Usage
from grader.paths import ROOT

sys.path.insert(0, str(ROOT / "labs/6-jit"))
import instructions  # noqa: E402
import judging  # noqa: E402
import programs  # noqa: E402
from programs import COMPILED, INTERPRETED, VERIFIED, Case  # noqa: E402

# Every group that there is, so that LLVM leaves nothing out.
MC = ["llvm-mc-19", "--triple=bpfel", "-mcpu=v4", "-mattr=+alu32"]


def every():
    """Each instruction of base32 and divmul32, with values at the edges of its fields."""
    rng = random.Random(5)
    offsets = (0, 1, -1, 255, 256, -256, 32767, -32768)
    constants = (0, 1, -1, 255, 0x7fffffff, -0x80000000, 0x12345678)
    for opcode, fields in bpf.KNOWN.items():
        for n in range(24):
            wide = (0, 8, 16) if opcode & 0xf0 == bpf.OPS["="] else (0, 1)
            insn = Insn(opcode, rng.randrange(10) if "d" in fields else 0, rng.randrange(11) if "s" in fields else 0,
                        rng.choice(wide) if "O" in fields else rng.choice(offsets) if "o" in fields else 0,
                        rng.choice((16, 32)) if "I" in fields else rng.choice(constants) if "i" in fields else 0)
            yield insn


def llvm(lines):
    """The instructions' bytes, as LLVM's assembler writes them."""
    done = subprocess.run([*MC, "--show-encoding"], input="\n".join(lines), text=True, capture_output=True, check=True)
    return [bytes(int(byte, 16) for byte in found.split(",")) for found in re.findall(r"encoding: \[([^]]*)\]", done.stdout)]


def test_as_llvm_assembles():
    """What we write for an instruction LLVM reads as its very bytes, and so do we."""
    insns = [insn for insn in every() if insn.opcode != bpf.JMP32 or -1 << 15 <= insn.imm < 1 << 15]     # (of gotol LLVM takes no more)
    texts = [bpf.disassemble(insn) for insn in insns]
    assert all(texts)
    assert [bpf.assemble(text) for text in texts] == [[insn] for insn in insns]
    assert llvm(texts) == [insn.encode() for insn in insns]


def test_as_llvm_disassembles():
    """What LLVM writes for an instruction's bytes we read as that one."""
    insns = list(every())
    data = " ".join(f"{byte:#04x}" for insn in insns for byte in insn.encode())
    done = subprocess.run([*MC, "--disassemble"], input=data, text=True, capture_output=True, check=True)
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip() and not line.strip().startswith(".")]
    assert not done.stderr and len(lines) == len(insns)
    for line, insn in zip(lines, insns):
        assert bpf.assemble(line) == [insn], (line, insn)


def test_what_is_none():
    """Of all opcodes, and fields set that are not used, the disassembler takes what the verifier's table does."""
    rng = random.Random(6)
    for _ in range(20000):
        insn = Insn(rng.randrange(256), rng.choice((0, 3, 10, 12)), rng.choice((0, 0, 1, 4, 11)), rng.choice((0, 0, 1, 8, -1)), rng.choice((0, 0, 1, 16, 32)))
        fine = bpf._wrong(insn, 100, 40000, {number: 0 for number in range(64)}) not in ("opcode", "reserved", "local call")
        assert (bpf.disassemble(insn) != "") == fine, insn


@pytest.mark.parametrize("text, words", [
    ("w0 = 1\nw1 += w\nexit", "line 2: w1 += w: "), ("r0 = r1", "line 1: "), ("goto nowhere", "line 1: goto nowhere"),
    ("w0 = -w1", "both registers"), ("w0 = 0x1ffffffff00000000", "line 1: "), ("*(u64 *)(r1 + 0) = 1", "line 1: ")])
def test_bad_text_is_named(text, words):
    with pytest.raises(Usage, match=re.escape(words)):
        bpf.assemble(text)


def test_labels_and_comments():
    text = "w0 = 0      # nothing yet\nagain:\nw0 += 1  // one more\nif w0 < 5 goto again ; back\ngoto out\nout:\nexit"
    assert [insn.offset for insn in bpf.assemble(text)] == [0, 0, -2, 0, 0]


def test_model_by_hand():
    """The model on the table that no model made."""
    for text, a, b, result in instructions.rows(instructions.ALU):
        program = bpf.assemble(f"w0 = {a}\nw4 = {b if b != '-' else 0}\n{text}\nexit")
        assert bpf.run(program, 0x1000, bytes(8), 0, 0).r0 == int(result, 0), (text, a, b)
    for text, a, b, taken in instructions.rows(instructions.JUMPS):
        program = bpf.assemble(f"w0 = {a}\nw4 = {b}\nif {text} goto +2\nw0 = 0\nexit\nw0 = 1\nexit")
        assert bpf.run(program, 0x1000, bytes(8), 0, 0).r0 == int(taken), (text, a, b)


def test_table_is_whole():
    """Every operation, condition and width stands in the table."""
    texts = " ".join(text for table in (instructions.ALU, instructions.JUMPS, instructions.LOADS) for text, *_ in instructions.rows(table)).split()
    assert {*bpf.OPS, *bpf.JUMPS, "-w0", "le16", "be32", "bswap16", "u8", "u16", "u32", "(s8)w4", "(s16)w4"} <= set(texts)


def test_command(tmp_path, capsys):
    source, raw = tmp_path / "a.bpf", tmp_path / "a.bin"
    source.write_text("w0 = 7\nexit\n")
    assert main(["bpf", str(source)]) == 0 and capsys.readouterr().out.startswith("{ 0xb4, 0x00, 0, 7 },\t// w0 = 7\n")
    assert main(["bpf", str(source), "--output", str(raw)]) == 0 and raw.read_bytes() == bytes.fromhex("b4000000070000009500000000000000")
    assert main(["bpf", "--disassemble", str(raw)]) == 0 and capsys.readouterr().out == "w0 = 7\nexit\n"
    raw.write_bytes(b"\xff" * 9)
    assert main(["bpf", "--disassemble", str(raw)]) == 2 and "no multiple: 9" in capsys.readouterr().err
    assert main(["bpf", str(raw)]) == 2 and "--disassemble" in capsys.readouterr().err


def mutated(seed):
    rng, cases = random.Random(seed), []
    for case in programs.random_cases(seed, most=110, room=programs.ROOM - 4000):
        raw = bytearray(bpf.encode(case.program))
        for _ in range(rng.randrange(1, 4)):
            raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
        cases.append(Case(size=case.size, argument=case.argument, fuel=case.fuel, memory=case.memory, raw=bytes(raw),
                          ways=VERIFIED | INTERPRETED | COMPILED, anywhere=True))
    return cases


@pytest.mark.parametrize("first", range(0, 8, 4))
def test_mutated_bytes(first):
    """Whatever the bytes, the kernel is whole afterwards; what it accepts both ways run as the model does. Those that could tell
    where the stack lies are left out of the comparison, not of the run."""
    built = build.build(labs.compose(labs.find("6-jit"), "solutions"), ["programs"])
    elf, address, accepted = built.elfs["programs"], symbols.of(built.elfs["programs"]).address("region"), 0
    for seed in range(first, first + 4):
        boot, cases = programs.boot(mutated), mutated(seed)
        run = engine.run(boot, elf, seed=seed, nonce=params.nonce(seed))
        assert run.end == "power-off" and run.reports[-1:] == ["end"], run.serial
        for case, raw in zip(cases, programs.RESULT.iter_unpack(run.kept["results"])):
            assert judging.said(raw) == bpf.verify(case.program, programs.ARGUMENTS)
            if judging.said(raw)[0] != "ok" or any(10 in (insn.src, insn.dst) and insn.opcode & 7 not in (1, 2, 3) for insn in case.program):
                continue
            accepted += 1
            want = case.expected(address)
            if not any(insn.src == 10 and insn.opcode & 7 == bpf.STX for insn in case.program):
                assert raw[5:10] == want == raw[10:15], case.listing()
    assert accepted > 40
