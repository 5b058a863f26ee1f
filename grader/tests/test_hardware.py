"""Hardware's view: of each pair of kernels the wrong one is named, by what is missing, and the right one is silent.

What is right is the manual's: ARM DDI 0406C, B2.2.9 (code), B3.10.1 (translations), B3.15.5 (registers).
"""
import pytest

from grader import engine, hardware, symbols
from grader.errors import GraderError
from grader.tests.kernels import boot, elf, job

CODE = 0x40200000               # generated.S: where it writes code
FIRST, SECOND, LOW = 0x40204000, 0x40205000, 0x00405000         # remap.S: TTBR0's tables, and the address used


def findings(kernel, text=""):
    run = boot(kernel, *(f"-D{name}" for name in text.split()), hardware=True)
    assert run.end == "power-off"
    return run, symbols.of(run.elf).address, run.findings


@pytest.mark.parametrize("right", ["", "IC_LINE", "BP_LINE", "LINUX", "ALIAS", "ROUTINE", "OFF",
                                   "OFF NO_CLEAN"])         # nothing was cached
def test_code_written_by_the_book_is_silent_and_so_is_data_beside_it(right):
    assert findings("generated", right)[2] == ()


@pytest.mark.parametrize("wrong, missing", [
    ("NO_CLEAN", "DCCMVAU"),
    ("NO_DSB", "DSB after DCCMVAU"),
    ("NO_IC", "ICIMVAU or ICIALLU"),
    ("NO_BP", "BPIALL"),
    ("NO_DSB2", "DSB after ICIMVAU and BPIALL"),
    ("NO_ISB", "ISB"),
    ("WRONG_LINE", "DCCMVAU"),
    ("WRONG_LINE IC_LINE", "DCCMVAU"),
    ("IC_WRONG", "ICIMVAU or ICIALLU"),
    ("BP_WRONG", "BPIALL"),
    ("EARLY", "ICIMVAU or ICIALLU"),
    ("OFF NO_IC", "ICIMVAU or ICIALLU"),
    ("NO_CLEAN SKIPPED", "DCCMVAU"),            # a condition that fails
    ("NO_CLEAN ALIAS", "DCCMVAU"),              # stored at another address of the same memory
    ("NO_CLEAN ROUTINE", "DCCMVAU"),            # which code that was generated itself should have done
])
def test_code_written_otherwise_is_named_by_what_is_missing(wrong, missing):
    run, address, found = findings("generated", wrong)
    assert [(f.rule, f.missing, f.pc, f.address, f.stored_by) for f in found] == [
        ("code", missing, CODE, CODE, address("store"))]
    seen = engine.look(run, budget=found[0].count)
    assert seen.pc == CODE, "count is of the instructions before"


@pytest.mark.parametrize("right", [
    "", "ALL", "BY_ASID", "ANY_ASID", "SHAREABLE", "RETURN", "GLOBAL", "GLOBAL WRONG_ASID", "TABLE", "SECTION", "UNMAP",
    "SOFTWARE", "EXCHANGE", "EXECUTE",
    "LATE NO_TLBI",                     # nothing was mapped before
    "BACK NO_TLBI",                     # changed and changed back
    "RESTORE",                          # stored once more behind it all, which changes nothing
    "TRE SOFTWARE NO_TLBI",             # bits that mean nothing
    "COPY NO_TLBI",                     # tables that say the same; the old ones may then be changed
    "EXCHANGE NO_TLBI NEW_ASID",        # another address space
    "RECYCLE NO_TLBI",                  # an ASID used again, forgotten before
    "INHERIT NO_TLBI",                  # and its tables another's, who changes them
    "BREAK MAKE", "BREAK MAKE BY_ASID", "BREAK BACK NO_TLBI",   # break before make
    "FREE BY_ASID REUSE=0",             # a table's memory is data,
    "FREE BY_ASID REUSE=1",             # is in its place again with other content,
    "FREE BY_ASID REUSE=3",             # comes and goes,
    "FREE BY_ASID REUSE=4",             # is another table,
    "FREE BY_ASID REUSE=5 BARE",        # or is where a descriptor that translates nothing still points
])
def test_translations_changed_by_the_book_are_silent(right):
    assert findings("remap", right)[2] == ()


@pytest.mark.parametrize("wrong, missing, descriptor", [
    ("NO_TLBI", "TLBI", SECOND + 5 * 4),
    ("NO_DSB", "DSB before TLBI", SECOND + 5 * 4),
    ("NO_DSB2", "DSB after TLBI", SECOND + 5 * 4),
    ("NO_ISB", "ISB", SECOND + 5 * 4),
    ("RETURN NO_DSB2", "DSB after TLBI", SECOND + 5 * 4),
    ("WRONG_ADDRESS", "TLBI of this address", SECOND + 5 * 4),
    ("WRONG_ASID", "TLBI of this ASID", SECOND + 5 * 4),
    ("BY_ASID WRONG_ASID", "TLBI of this ASID", SECOND + 5 * 4),
    ("GLOBAL BY_ASID", "TLBI of this ASID", SECOND + 5 * 4),       # which a global one has not
    ("GLOBAL NO_DSB", "DSB before TLBI", SECOND + 5 * 4),
    ("TABLE NO_TLBI", "TLBI", FIRST + 4 * 4),
    ("SECTION NO_TLBI", "TLBI", FIRST + 1 * 4),                    # seen at an address not used before
    ("UNMAP NO_TLBI", "TLBI", SECOND + 5 * 4),
    ("UNMAP WRONG_ASID", "TLBI of this ASID", SECOND + 5 * 4),     # an access that QEMU refuses
    ("SOFTWARE NO_TLBI", "TLBI", SECOND + 5 * 4),                  # without TRE they mean something
    ("EXCHANGE NO_TLBI", "TLBI", LOW),
    ("EXECUTE NO_TLBI", "TLBI", SECOND + 5 * 4),
    ("BREAK MAKE NO_TLBI", "TLBI", SECOND + 5 * 4),
    ("BREAK MAKE WRONG_ADDRESS", "TLBI of this address", SECOND + 5 * 4),
    ("BREAK MAKE WRONG_ASID", "TLBI of this ASID", SECOND + 5 * 4),
    ("BREAK MAKE NO_DSB", "DSB before TLBI", SECOND + 5 * 4),
    ("FREE REUSE=0 NO_TLBI", "TLBI", FIRST + 4 * 4),
    ("FREE REUSE=1 NO_TLBI", "TLBI", FIRST + 4 * 4),
    ("FREE REUSE=4 NO_TLBI", "TLBI", FIRST + 4 * 4),
    ("FREE REUSE=0 BY_ASID WRONG_ASID", "TLBI of this ASID", FIRST + 4 * 4),
])
def test_translations_changed_otherwise_are_named_by_what_is_missing(wrong, missing, descriptor):
    _, address, found = findings("remap", wrong)
    by = address("again") if "EXECUTE" not in wrong else LOW
    assert [(f.rule, f.missing, f.pc, f.address, f.stored_by) for f in found] == [
        ("translation", missing, by, descriptor, address("change"))]


def test_tables_of_an_asid_that_was_not_forgotten_are_named():
    _, address, found = findings("remap", "RECYCLE NO_TLBI KEEP")
    assert [(f.rule, f.missing, f.pc) for f in found] == [("translation", "TLBI", address("again"))]


@pytest.mark.parametrize("wrong, by", [
    ("BACK MAKE", "make"),              # what was forgotten translated again by then
    ("BETWEEN MAKE", "make"),           # and so did another that came between
    ("FREE BY_ASID REUSE=2", "reuse"),  # in reach again, as it was, and then changed
])
def test_what_translates_again_is_to_be_forgotten_again(wrong, by):
    _, address, found = findings("remap", wrong)
    assert [(f.missing, f.pc, f.address, f.stored_by) for f in found] == [
        ("TLBI", address("again"), SECOND + 5 * 4, address(by))]


def test_a_table_that_was_loaded_is_one_that_was_stored():
    assert findings("remap", "LOADED")[2] == ()
    _, address, found = findings("remap", "LOADED NO_TLBI")
    assert [(f.missing, f.address, f.stored_by) for f in found] == [
        ("TLBI", address("loaded") + 5 * 4, address("change"))]


def test_tables_inherited_from_an_asid_that_was_not_forgotten_are_named():
    _, address, found = findings("remap", "INHERIT NO_TLBI KEEP")
    assert [(f.missing, f.pc) for f in found] == [("TLBI of this ASID", address("again"))]


@pytest.mark.parametrize("register, name", enumerate(("TTBR0", "TTBR1", "DACR", "CONTEXTIDR", "VBAR", "PRRR")))
def test_registers_are_synchronized_before_they_are_relied_on(register, name):
    _, address, found = findings("remap", f"REGISTER={register}")
    assert [(f.missing, f.register, f.pc) for f in found if f.rule == "register"] == [("ISB", name, address("relies"))]
    assert found[0].stored_by == address("writes")
    assert not [f for f in findings("remap", f"REGISTER={register} WITH_ISB")[2] if f.rule == "register"]


@pytest.mark.parametrize("right", ["REGISTER=0 ELSEWHERE", "REGISTER=3 ELSEWHERE", "REGISTER=2 SAME"])
def test_registers_that_matter_elsewhere_or_are_not_changed_are_silent(right):
    assert findings("remap", right)[2] == ()


def test_the_mmu_is_on_behind_an_isb_alone():
    _, address, found = findings("remap", "M_NO_ISB")
    assert [(f.rule, f.register, f.stored_by) for f in found] == [("register", "SCTLR", address("on"))]


def test_a_fetch_counts_where_it_leads_elsewhere():
    _, _, found = findings("remap", "EXECUTE REGISTER=0")
    assert [(f.rule, f.pc) for f in found] == [("register", LOW), ("translation", LOW)]


def test_nothing_is_watched_unasked():
    run = boot("generated", "-DNO_CLEAN")
    assert run.findings == () and run.operations
    assert engine.look(run).findings == ()
    assert [f.missing for f in engine.look(run, hardware=True).findings] == ["DCCMVAU"]
    both = engine.run_many([job("hello", hardware=True), engine.Job(engine.Boot("x", hardware=True), run.elf, 1, 1)])
    assert [len(found.findings) for found in both] == [0, 1]


def test_operations_are_told_with_their_operands_in_order():
    run, address, _ = findings("remap")
    at = [i for i, each in enumerate(run.executed) if each.name == "TLBIMVA"][-1]
    assert [(each.name, each.value) for each in run.executed[at - 1:at + 3]] == [
        ("DSB", 0), ("TLBIMVA", LOW | 1), ("DSB", 0), ("ISB", 0)]
    assert [each.value for each in run.executed if each.name in ("TTBR1", "TTBR0", "TTBCR", "CONTEXTIDR")][:4] == [
        0x40204000, 0x40200000, 2, 1]
    seen = engine.look(run, budget=run.executed[at].count)
    assert seen.pc == run.executed[at].pc, "count is of the instructions before"
    assert boot("remap").executed == ()


def test_what_cannot_be_watched_is_said():
    with pytest.raises(ValueError, match="one core"):
        boot("two", smp=2, hardware=True)
    with pytest.raises(GraderError, match="512 places or more"):
        boot("many", hardware=True)


def test_findings_are_told_in_words():
    def said(kernel, text):
        run, _, found = findings(kernel, text)
        return hardware.words(found[0], symbols.of(run.elf))

    code = said("generated", "NO_BP")
    assert "stored by the instruction at grader/tests/kernels/generated.S:" in code and "in store()" in code
    assert "The word at 0x40200000" in code and "is missing: BPIALL." in code
    translation = said("remap", "NO_TLBI")
    assert "remap.S:" in translation and "in change()" in translation and "in again()" in translation
    assert "(0x40205014)" in translation and "is missing: TLBI." in translation
    assert "changed CONTEXTIDR" in said("remap", "REGISTER=3") and "changed VBAR" in said("remap", "REGISTER=4")
