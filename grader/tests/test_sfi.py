"""Lab 5's verifier against all words, and its table of masks against disassemblers and an assembler that nobody here wrote."""
import os
import subprocess

import pytest

from grader.paths import ROOT
from grader.sfi import attacks, masks, oracles

EACH = int(os.environ.get("EXOLAB_ORACLES", "60"))      # words of each form; make soak asks for thousands


@pytest.fixture(scope="module")
def words():
    found = oracles.sample(1, EACH)
    assert {form for form, _ in found} == set(masks.forms())
    return found


@pytest.mark.parametrize("name", ["objdump", "capstone", "llvm"])
def test_what_is_accepted_is_an_instruction_that_keeps_to_the_rules(name, words, tmp_path):
    said = {"objdump": lambda: oracles.objdump(words, tmp_path / "words.bin"), "capstone": lambda: oracles.capstone(words),
            "llvm": lambda: oracles.llvm(words)}[name]()
    wrong = [f"{one.word:08x} {one.form.name}: {problem}" for one in said if (problem := oracles.objections(one))]
    assert not wrong, "\n".join(wrong[:20])


@pytest.mark.parametrize("word, why", [(0xe5801000, "a store through r0"), (0xe28aa004, "r10 written by an ADD"),
                                       (0xe79a0001, "an offset in a register"), (0xe5ba0004, "r10 written back"),
                                       (0xe8ba0003, "r10 written back by LDM"), (0xe8bd8010, "pc in a list"),
                                       (0xe0c9a392, "r10 is the low half of a product"), (0xe1cd80d0, "LDRD writes r9"),
                                       (0xe12fff1e, "bx lr"), (0xe1a0f00e, "mov pc, lr"), (0xef000000, "svc"),
                                       (0xe10f0000, "mrs"), (0xf57ff04f, "dsb"), (0xe6000010, "an undefined word")])
def test_what_no_module_may_have_has_no_form(word, why):
    assert not masks.accepts(word) and not masks.accepts(word, pins=0xff), why


def test_the_oracles_object_to_what_is_wrong(tmp_path):
    """Each of these, taken for accepted, is objected to by every one of the three."""
    forms = {}
    for form in masks.forms():
        forms.setdefault(form.name, form)       # the first of a name: no writeback, any base
    cases = [(forms[name], word) for name, word in (
        ("str", 0xe5801000), ("ldr", 0xe79a0001), ("ldr", 0xe59d9000), ("ldm", 0xe8bd0600), ("movw", 0xe28aa004),
        ("umull to smlal", 0xe08a9392), ("ldrd", 0xe1ca80d0), ("str", 0xe5aa1004),
        ("bfi r10, rX, #0, #20", 0xe7d29010))]
    for said in (oracles.objdump(cases, tmp_path / "x"), oracles.capstone(cases), oracles.llvm(cases)):
        for one in said:
            assert oracles.objections(one), (one.by, hex(one.word), one.text)


def test_attacks_are_refused_and_their_neighbours_accepted():
    """By the table, which the verifier is held to."""
    assert len(attacks.every()) > 120
    for attack in attacks.every():
        verdicts = [masks.accepts(word, 0x2800, 0x3000, attack.pins) for word in attack.words]
        assert verdicts == [False, True], attack


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    def build(tree):
        to = tmp_path_factory.mktemp("sweep") / "sweep"
        subprocess.run(["gcc", "-O3", "-flto", "-std=gnu11", "-Wall", "-Wextra", "-Wshadow", "-Werror", "-DEXO_HOST",
                        "-Ikernel/include", "-Ilabs/5-sfi/checks", "grader/sfi/sweep.c", f"{tree}/5-sfi/verify.c", "-o", to],
                       check=True, cwd=ROOT)
        return to
    return build


def test_the_reference_agrees_with_the_table(sweep):
    """Words of every class; all 2^32 of them are `make soak`'s."""
    done = subprocess.run([sweep("solutions"), "--quick", "7"], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.endswith(", 0 not as the table says\n"), done.stdout


@pytest.mark.parametrize("old, new", [("IS(0x60, 0)", "true"), ("RD % 2 == 0", "true")])
def test_the_sweep_finds_what_is_wrong(sweep, tmp_path, old, new):
    """A verifier that forgets one rule disagrees."""
    source = (ROOT / "solutions/5-sfi/verify.c").read_text()
    assert old in source
    (tmp_path / "5-sfi").mkdir()
    (tmp_path / "5-sfi/verify.c").write_text(source.replace(old, new))
    done = subprocess.run([sweep(tmp_path), "--quick", "7"], capture_output=True, text=True)
    assert done.returncode == 1 and "verify_word() says yes, the table no" in done.stdout
