"""bench: a table's figures are the instructions counted by hand, and what cannot be counted is an error in words."""
import json
import re
import types

import pytest

from grader import bench, engine, params, plot
from grader.bench import Row, Table
from grader.errors import GraderError, Usage
from grader.tests import kernels

GOOD = """
[[tables]]
title = "Basics"
budget = 10000
[[tables.rows]]
name = "a loop"
payload = "loops"
from = "begin"
to = "end"
repetitions = 3
paper = 1.5
unit = "µs on a DEC 5000"
source = "A paper, Table 1"
linux = 1000
"""


@pytest.fixture
def lab(tmp_path):
    """A function that writes a bench.toml and reads it."""
    def read(content):
        folder = tmp_path / "7-lab"
        folder.mkdir(exist_ok=True)
        (folder / "bench.toml").write_text(content)
        return bench.read(folder)
    return read


def loops(*, reports="end"):
    """The ELF of kernels/loops.S, which reports as the run that measure() starts has to."""
    nonce = params.nonce(params.fixed_seed("7-lab/bench/loops"))
    return {"loops": kernels.elf("loops", f'-DNONCE="[{nonce:016x}] {reports}\\n"')}


def table(*rows, **more):
    return Table("7-lab", "Basics", tuple(rows), **more)


def test_counts_are_those_counted_by_hand():
    rows = [Row("all", "loops", "begin", "end", 3), Row("nothing", "loops", "same", "again", 3),
            Row("once round", "loops", "begin", "begin", 2), Row("from the start", "loops", "_start", "begin"),
            Row("again", "loops", "begin", "begin", 1, pairs=True)]
    counts = {each.row.name: each.counts for each in bench.measure(table(*rows), loops())}
    assert counts == {"all": (4, 6, 6), "nothing": (0, 0, 0), "once round": (7, 9), "from the start": (2,),
                      "again": (7,)}


@pytest.mark.parametrize("counts, first, second", [("loads", 6, 10), ("stores", 9, 9)])
def test_bytes_are_those_of_the_watched_memory(counts, first, second, lab):
    """Between the two symbols, by the accesses' sizes; and the table says so."""
    [read] = lab(GOOD.replace("budget", f'counts = "{counts}"\nwatch = [0x40300000, 16]\nbudget')
                 .replace('"loops"', '"touches"').replace("repetitions = 3", "repetitions = 2"))
    nonce = params.nonce(params.fixed_seed("7-lab/bench/touches"))
    [measured] = done = bench.measure(read, {"touches": kernels.elf("touches", f'-DNONCE="[{nonce:016x}] end\n"')})
    assert measured.counts == (first, second)
    text = bench.text(read, done)
    assert f"bytes of the 16 from 0x40300000 on in {counts}" in text and "instructions" not in text
    assert bench.data(read, done)["rows"][0]["bytes"] == [first, second]


def test_the_same_again():
    rows = table(Row("all", "loops", "begin", "end", 3))
    assert bench.measure(rows, loops()) == bench.measure(rows, loops())


@pytest.mark.parametrize("start, stop, repetitions, words", [
    ("begin", "never", 1, "begin was reached again before never"),
    ("_start", "never", 1, "counted 0 times from _start to never, and not 1; never was never reached"),
    ("never", "end", 1, "counted 0 times from never to end, and not 1; never was never reached"),
    ("begin", "end", 2, "counted 3 times from begin to end, and not 2"),
    ("begin", "end", 4, "counted 3 times from begin to end, and not 4"),
    ("begin", "nowhere", 1, "nowhere"),
])
def test_what_does_not_pair_up_is_an_error(start, stop, repetitions, words):
    with pytest.raises(GraderError) as error:
        bench.measure(table(Row("it", "loops", start, stop, repetitions)), loops())
    assert words in str(error.value) and "\n" not in str(error.value)


def test_a_run_that_did_not_end_is_an_error():
    with pytest.raises(GraderError, match="loops did not come to its end"):
        bench.measure(table(Row("it", "loops", "begin", "end", 3)), loops(reports="something"))
    with pytest.raises(GraderError, match=r"loops did not come to its end \(budget\)"):
        bench.measure(table(Row("it", "loops", "begin", "end", 3), budget=20), loops())


def test_other_cores_do_not_count():
    marks = [engine.Mark("a", 5, 0), engine.Mark("a", 6, 1), engine.Mark("b", 7, 1), engine.Mark("b", 9, 0)]
    assert bench.count(Row("it", "x", "a", "b"), marks) == (4,)


def test_a_table_is_read(lab):
    assert lab(GOOD) == [Table("7-lab", "Basics", (Row("a loop", "loops", "begin", "end", 3, 1.5, "µs on a DEC 5000",
                                                       "A paper, Table 1", 1000),), 10000)]


def test_no_file_no_tables(tmp_path):
    assert bench.read(tmp_path) == []


@pytest.mark.parametrize("old, new, words", [
    ('title = "Basics"', "", "title is missing"),
    ('to = "end"', "", "Basics, a loop: to is missing"),
    ('to = "end"', "to = 4", "to = 4 is of the wrong type"),
    ("repetitions = 3", "repetitions = 0", "repetitions is 1 or more"),
    ("repetitions = 3", "repetitions = true", "of the wrong type"),
    ("repetitions = 3", "repeat = 3", "there is no key repeat"),
    ('source = "A paper, Table 1"', "", "a paper's figure needs its unit and its source"),
    ("[[tables]]", "[[tables", "bench.toml: "),
    ("budget", 'waveform = { payload = "x" }\nbudget', "Basics, waveform: lines is missing"),
    ("budget", 'waveform = { payload = "x", lines = { 8 = "x" } }\nbudget', "Basics, waveform, lines: there is no key 8"),
    ("[[tables.rows]]", "[tables.rows]", "rows = "),
    ("budget", 'counts = "words"\nwatch = [0, 1]\nbudget', "counts is one of loads, stores"),
    ("budget", 'counts = "loads"\nbudget', "goes with watch"),
    ("budget", 'watch = [0, 1]\nbudget', "goes with watch"),
    ("budget", 'counts = "loads"\nwatch = [0, true]\nbudget', "goes with watch"),
])
def test_nonsense_in_the_file_is_named(lab, old, new, words):
    assert old in GOOD
    with pytest.raises(GraderError) as error:
        lab(GOOD.replace(old, new))
    assert words in str(error.value) and str(error.value).startswith("labs/7-lab/bench.toml: ")


def test_the_table_says_what_is_counted(lab):
    [read] = lab(GOOD)
    lines = bench.text(read, [bench.Measured(read.rows[0], (4, 6, 6))]).splitlines()
    assert lines[0] == "7-lab: Basics"
    assert lines[1].split() == ["instructions", "Linux", "paper"]
    assert lines[2].split() == ["a", "loop", "4-6", "1000", "1.5", "µs", "on", "a", "DEC", "5000"]
    assert "a loop: from begin to end, 3 times; the paper's figure: A paper, Table 1" in lines[4]


def test_columns_without_a_figure_are_left_out():
    row = Row("a", "x", "b", "c")
    assert "Linux" not in (said := bench.text(table(row), [bench.Measured(row, (4,))])) and "paper" not in said


def test_the_verb_prints_and_writes(monkeypatch, tmp_path, capsys, lab):
    [read] = lab(GOOD)
    monkeypatch.setattr(bench.labs, "every", lambda: [types.SimpleNamespace(folder="labs/7-lab", name="7-lab")])
    monkeypatch.setattr(bench.labs, "compose", lambda lab, src, prior: (lab.name, src))
    monkeypatch.setattr(bench, "ROOT", tmp_path)
    (tmp_path / "labs").mkdir()
    (tmp_path / "7-lab").rename(tmp_path / "labs/7-lab")
    monkeypatch.setattr(bench, "build", lambda kernel, table: loops() if kernel == ("7-lab", "solutions") else None)
    args = types.SimpleNamespace(lab=None, src="solutions", prior=[], json=str(tmp_path / "out.json"))
    assert bench.main(args) == 0
    assert "a loop" in capsys.readouterr().out
    [written] = json.loads((tmp_path / "out.json").read_text())["tables"]
    assert written["rows"] == [{"name": "a loop", "payload": "loops", "from": "begin", "to": "end", "repetitions": 3,
                                "paper": 1.5, "unit": "µs on a DEC 5000", "source": "A paper, Table 1", "linux": 1000,
                                "instructions": [4, 6, 6]}]
    (tmp_path / "labs/7-lab/bench.toml").unlink()
    with pytest.raises(Usage, match="no lab has a bench.toml"):
        bench.main(args)


COLUMNS = """
[[tables]]
title = "Designs"
columns = ["plain", "safe"]
[[tables.rows]]
name = "a loop"
payload = "loops"
from = "*_begin"
to = "*_end"
[[tables.rows]]
name = "code"
payload = "loops"
reported = "bytes * loop"
"""


def test_a_table_with_columns(lab):
    """Each row once for each, and beside the first how much more the others are, with the geometric mean."""
    [read] = lab(COLUMNS)
    assert [(row.column, row.start, row.reported) for row in read.rows] == [
        ("plain", "plain_begin", ""), ("safe", "safe_begin", ""), ("plain", "", "bytes plain loop"), ("safe", "", "bytes safe loop")]
    measured = [bench.Measured(row, (count,)) for row, count in zip(read.rows, (100, 120, 50, 90))]
    lines = [line.split() for line in bench.text(read, measured).splitlines()]
    assert lines[1:5] == [["plain", "safe"], ["a", "loop", "100", "+20.0", "%"], ["code", "50", "+80.0", "%"],
                          ["geometric", "mean", "+47.0", "%"]]
    assert [row.get("instructions", row.get("figures")) for row in bench.data(read, measured)["rows"]] == [[100], [120], [50], [90]]


def test_columns_as_figures(lab):
    [read] = lab(COLUMNS.replace("columns", "figures = true\ncolumns"))
    measured = [bench.Measured(row, (count,)) for row, count in zip(read.rows, (100, 120, 50, 90))]
    lines = [line.split() for line in bench.text(read, measured).splitlines()]
    assert lines[1:4] == [["plain", "safe"], ["a", "loop", "100", "120"], ["code", "50", "90"]]
    assert "mean" not in bench.text(read, measured)


ACROSS = """
[[tables]]
title = "Growth"
columns = ["plain", "safe"]
figures = true
plot = { name = "growth", x = "loops", y = "instructions" }
[[tables.rows]]
name = "# loops"
payload = "loops"
reported = "loops * #"
across = [1, 20]
"""


def test_a_row_across_numbers(lab, tmp_path, monkeypatch):
    """It is there once for each number; its table's plot is those numbers against the figures, a line for each column."""
    [read] = lab(ACROSS)
    assert [(row.name, row.reported) for row in read.rows] == [
        ("1 loops", "loops plain 1"), ("1 loops", "loops safe 1"), ("20 loops", "loops plain 20"), ("20 loops", "loops safe 20")]
    measured = [bench.Measured(row, (count,)) for row, count in zip(read.rows, (100, 120, 50, 90))]
    lines = [line.split() for line in bench.text(read, measured).splitlines()]
    assert lines[2:4] == [["1", "loops", "100", "120"], ["20", "loops", "50", "90"]]
    assert bench.text(read, measured).count("and so on") == 1
    monkeypatch.setattr(bench, "BUILD", tmp_path)
    drawn = bench.draw(read, measured).read_text()
    assert "plain: 100 for 1, 50 for 20; safe: 120 for 1, 90 for 20" in drawn and drawn.count("<circle") == 4


@pytest.mark.parametrize("old, new, words", [
    ("[1, 20]", "[]", "across is a list"), ("[1, 20]", "[0]", "across is a list"), ('name = "growth", ', "", "name is missing"),
    ('reported = "loops * #"', 'from = "a"\nto = "b"', "of what is reported"), ("\nacross = [1, 20]", "", "what is drawn has")])
def test_nonsense_across_numbers_is_named(lab, old, new, words):
    with pytest.raises(GraderError, match=words):
        lab(ACROSS.replace(old, new))


def test_plot():
    """Lines lie where the logarithms say: a decade is as high as any other."""
    figure = plot.svg({"a": [(1, 10), (100, 1000)], "b": [(1, 100), (100, 100)]}, "T", "x", "y")
    at = [[float(n) for n in pair] for pair in re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', figure)]
    assert at[0][1] - at[2][1] == at[2][1] - at[1][1] == plot.DECADE and at[2][1] == at[3][1]
    assert at[0][0] == at[2][0] == plot.LEFT and at[1][0] == at[3][0] == plot.WIDTH - plot.RIGHT
    for lines in ({}, {"a": []}, {"a": [(0, 1)]}, {"a": [(1, 0)]}, {str(n): [(1, 1)] for n in range(9)}):
        with pytest.raises(GraderError, match="T: "):
            plot.svg(lines, "T", "x", "y")


def test_programs_are_a_payloads_input(tmp_path):
    """In the order of their names, each behind a word that says how many instructions it has."""
    assert bench.programs(tmp_path / "nowhere") == b""
    (tmp_path / "b.bpf").write_text("exit\n")
    (tmp_path / "a.bpf").write_text("# two\nw0 = 5\nexit\n")
    last = bytes.fromhex("95 00 0000 00000000")
    assert bench.programs(tmp_path) == b"\2\0\0\0" + bytes.fromhex("b4 00 0000 05000000") + last + b"\1\0\0\0" + last
    (tmp_path / "b.bpf").write_text("exit now\n")
    with pytest.raises(GraderError, match=r"b\.bpf: line 1: exit now"):
        bench.programs(tmp_path)


@pytest.mark.parametrize("old, new, words", [
    ('["plain", "safe"]', '["plain", "plain"]', "columns are words"), ('["plain", "safe"]', "[1]", "columns are words"),
    ('reported = "bytes * loop"', 'reported = "bytes * loop"\nfrom = "x"', "what is reported is not counted"),
    ('reported = "bytes * loop"', 'per = "words *"', "from is missing")])
def test_nonsense_in_columns_is_named(lab, old, new, words):
    with pytest.raises(GraderError, match=words):
        lab(COLUMNS.replace(old, new))


def test_figures_that_are_reported():
    run = types.SimpleNamespace(reports=["bytes plain loop 48", "words 4", "words 5", "nothing 0"],
                                marks=[engine.Mark("a", 5, 0), engine.Mark("b", 29, 0)])
    assert bench.figures(Row("it", "x", reported="bytes plain loop"), run) == (48,)
    assert bench.figures(Row("it", "x", "a", "b", per="bytes plain loop"), run) == (0.5,)
    for words in ("bytes plain", "words", "bytes", "nothing"):
        with pytest.raises(GraderError, match="reports no one number"):
            bench.figures(Row("it", "x", "a", "b", per=words), run)
