"""Lab 5's mask table: three disassemblers agree with it, the attacks do, and so does the reference verifier."""
import pytest

from grader import paths
from grader.sfi import attacks, masks, oracles, sweep


def test_disassemblers_agree():
    """Forty words of every form, as many a bit away, one of each class: no disagreement but what the manual settled."""
    given = oracles.drawn(40, 20)
    left, used = oracles.open_questions(oracles.compare(given) + oracles.reassembled(given))
    assert [(hex(each.word), each.oracle, each.text, each.says) for each in left] == []
    assert sum(masks.accepts(word, *oracles.PLACE, pins) for word, pins in given) > len(given) // 4
    assert len(used) > len(oracles.settled()) // 2


@pytest.mark.parametrize("text, pins, objection", [
    ("str r0, [r3]", 0, "a base that is not allowed, or written back"), ("str r0, [sl]", 0, None),
    ("ldrd r12, sp, [r10]", 0, "it loads a reserved register"),
    ("strd ip, [sp, #-8]!", 0, "it stores pc, or what it writes back"),
    ("bfi r10, r3, #0, #20", 0, None), ("bfi sl, r3, #0, #21", 0, "it writes a reserved register"),
    ("movs sp, sl", 0, "it writes a reserved register"), ("str r0, [r8, #0x30]", 0x0c, None),
    ("str r0, [r8, #52]", 0x0c, "r8 as a base"),
    ("ldr r0, [sp], r1", 0, "an offset in a register"), ("svc 0x00000000", 0, "no svc in a module")])
def test_objections(text, pins, objection):
    """What is read off a disassembler's text is what is wrong with the instruction."""
    assert oracles.objection(oracles.Text(text), pins) == objection


def test_attacks_are_judged():
    """Each attack is refused and its neighbour accepted, by the table and by what the disassemblers make of them."""
    every = attacks.every()
    assert len(every) > 300 and len({attack.item for attack in every}) > 12
    for attack in every:
        assert [masks.accepts(word, *oracles.PLACE, attack.pins) for word in attack.words] == [False, True], attack
    given = [(word, attack.pins) for attack in every for word in attack.words]
    left, _ = oracles.open_questions(oracles.compare(given))
    assert [(hex(each.word), each.oracle, each.text, each.says) for each in left] == []


def test_quick_sweep(tmp_path):
    """The reference is as the table says, in 300,000 words; of one that lets UBFX reach bit 32 the words are told."""
    reference = paths.ROOT / "solutions/5-sfi/verify.c"
    good, text = sweep.sweep(reference, "--quick", "1")
    assert good and text.endswith(", 0 not as the table says\n"), text
    wrong = tmp_path / "verify.c"
    wrong.write_text(reference.read_text().replace("low + high < 32", "low + high <= 32"))
    good, text = sweep.sweep(wrong, "--quick", "1")
    assert not good and "bfx: write:d read:n within:l,w)" in text, text
