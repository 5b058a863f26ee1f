"""Lab 5's verifier against all words, and its table of masks against disassemblers and an assembler that nobody here wrote."""
import os
import random
import subprocess

import pytest

from grader.paths import ROOT
from grader.sfi import masks, oracles

EACH = int(os.environ.get("EXOLAB_ORACLES", "60"))      # words of each line; make soak asks for thousands


@pytest.fixture(scope="module")
def words():
    found = oracles.sample(1, EACH)
    assert {line.name for line, _ in found} == {line.name for line in masks.lines()}
    return found


@pytest.mark.parametrize("name", ["objdump", "capstone", "llvm"])
def test_what_is_accepted_is_an_instruction_that_keeps_to_the_rules(name, words, tmp_path):
    said = {"objdump": lambda: oracles.objdump(words, tmp_path / "words.bin"), "capstone": lambda: oracles.capstone(words),
            "llvm": lambda: oracles.llvm(words)}[name]()
    wrong = [f"{one.word:08x} {one.line.name}: {problem}" for one in said if (problem := oracles.objections(one))]
    assert not wrong, "\n".join(wrong[:20])


@pytest.mark.parametrize("word, why", [(0xe5801000, "a store through r0"), (0xe28aa004, "r10 written by an ADD"),
                                       (0xe79a0001, "an offset in a register"), (0xe5ba0004, "r10 written back"),
                                       (0xe8ba0003, "r10 written back by LDM"), (0xe8bd8010, "pc in a list"),
                                       (0xe0c9a392, "r10 is the low half of a product"), (0xe1cd80d0, "LDRD writes r9"),
                                       (0xe12fff1e, "bx lr"), (0xe1a0f00e, "mov pc, lr"), (0xef000000, "svc"),
                                       (0xe10f0000, "mrs"), (0xf57ff04f, "dsb"), (0xe6000010, "an undefined word")])
def test_what_no_module_may_have_is_in_no_line(word, why):
    assert not masks.accepts(word) and not masks.accepts(word, pins=0xff), why


def test_the_oracles_object_to_what_is_wrong(tmp_path):
    """Each of these, taken for accepted, is objected to by every one of the three."""
    table = {line.name: line for line in masks.lines()}
    cases = [(table["STR-r10"], 0xe5801000), (table["LDR-r10"], 0xe79a0001), (table["LDR-sp"], 0xe59d9000),
             (table["LDM-sp"], 0xe8bd0600), (table["ADD-immediate"], 0xe28aa004), (table["UMULL"], 0xe08a9392),
             (table["LDRD-r10"], 0xe1ca80d0), (table["STR-r10"], 0xe5aa1004), (table["bfi-r10"], 0xe7d29010)]
    for said in (oracles.objdump(cases, tmp_path / "x"), oracles.capstone(cases), oracles.llvm(cases)):
        for one in said:
            assert oracles.objections(one), (one.by, hex(one.word), one.text)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    def build(tree):
        to = tmp_path_factory.mktemp("sweep") / "sweep"
        subprocess.run(["gcc", "-O3", "-flto", "-std=gnu11", "-Wall", "-Wextra", "-Wshadow", "-Werror", "-DEXO_HOST",
                        "-Ikernel/include", "grader/sfi/sweep.c", f"{tree}/5-sfi/verify.c", "-o", to], check=True, cwd=ROOT)
        return to
    return build


def swept(program, *arguments):
    return subprocess.run([program, str(masks.FILE), *arguments], capture_output=True, text=True)


def test_the_reference_agrees_with_the_table(sweep):
    """Words of every class; all 2^32 of them are `make soak`'s."""
    done = swept(sweep("solutions"), "0", "0", "7", "300")
    assert done.returncode == 0 and done.stdout.endswith(", 0 wrong\n") and done.stdout.split()[0] > "0", done.stdout


def test_the_sweep_finds_what_is_wrong(sweep, tmp_path):
    """A verifier that forgets one rule, or refuses one instruction, disagrees."""
    source = (ROOT / "solutions/5-sfi/verify.c").read_text()
    for old, new in (("word >> 28 == 15", "word == 0xffffffff"), ("RD % 2 == 0 && ", ""), ("return high >= low;", "return true;")):
        assert old in source
        (tmp_path / "5-sfi").mkdir(exist_ok=True)
        (tmp_path / "5-sfi/verify.c").write_text(source.replace(old, new))
        done = swept(sweep(tmp_path), "0", "0", "7", "300")
        assert done.returncode == 1 and "accepted by the verifier" in done.stdout


def test_python_and_c_read_the_table_alike(sweep):
    """Words of every line, and near them."""
    rng = random.Random(3)
    words = [line.word(rng, rng.randrange(16)) ^ (rng.random() < 0.5) << rng.randrange(32) for line in masks.lines()
             for _ in range(50)]
    done = subprocess.run([sweep("solutions"), str(masks.FILE)], input=" ".join(f"{word:x}" for word in words),
                          capture_output=True, text=True, check=True)
    names = {(False, False): "never", (True, False): "without pins", (False, True): "with pins", (True, True): "always"}
    expected = [names[masks.accepts(word), masks.accepts(word, pins=0x5a)] for word in words]
    assert set(expected) == set(names.values()) and done.stdout.splitlines() == expected
