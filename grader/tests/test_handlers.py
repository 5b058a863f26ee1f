"""Lab 6's claims, as its bench measures them on the solutions: what compiled handlers cost, and what replies do."""
import statistics

import pytest

from grader import bench, labs
from grader.paths import ROOT


@pytest.fixture(scope="module")
def measured():
    """Every table of the lab's that this is about, by its first columns, with what was measured."""
    lab = labs.find("6-jit")
    kernel = labs.compose(lab, "solutions", labs.priors([]))
    tables = [table for table in bench.read(ROOT / lab.folder) if {"speed", "increment"} & {row.payload for row in table.rows}]
    return {table.columns: (table, bench.measure(table, bench.build(kernel, table))) for table in tables}


def test_compiled_handlers_are_nearly_as_quick_as_c_that_checks_the_same(measured):
    table, rows = measured["checked", "compiled", "interpreted"]
    assert len(rows) == 3 * 8
    _, compiled, interpreted = bench.means(table, rows)
    assert compiled <= 1.2
    assert all(slow >= 10 * quick for _, quick, slow in bench.ratios(table, rows)) and interpreted >= 10 * compiled


def test_compiled_handlers_against_c_that_checks_nothing(measured):
    _, checked, compiled = bench.means(*measured["plain", "checked", "compiled"])
    assert 1 < checked < compiled <= 3


def test_verifying_and_compiling(measured):
    _, rows = measured["verify", "compile"]
    verify, compiling = ([each.counts[0] for each in rows if each.row.column == column] for column in ("verify", "compile"))
    assert len(verify) == 8 and max(verify) <= 200
    assert statistics.geometric_mean(compiling) <= 150 and max(compiling) <= 200


def test_replies(measured):
    """A handler's comes first, and waits for nobody; then the upcall's; then that of who has to be scheduled."""
    table, rows = measured["1", "4", "16"]
    figures = [[each.counts for each in rows[at:at + 3]] for at in range(0, len(rows), 3)]
    trusted, handler, upcall, scheduled, suspended = figures
    assert trusted[0] == trusted[1] == trusted[2] and handler[0] == handler[1] == handler[2] and upcall[0] == upcall[1] == upcall[2]
    assert max(trusted[0]) < min(handler[0]) and max(handler[0]) < min(upcall[0]) < min(suspended[0])
    for ways in zip(upcall[1:], scheduled[1:], suspended[1:]):
        assert max(ways[0]) < min(ways[1]) and max(ways[0]) < min(ways[2])
    assert min(scheduled[2]) > 4 * max(scheduled[1]) and min(suspended[2]) > 4 * max(suspended[1])
