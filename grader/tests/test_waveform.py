"""Waveforms: what a viewer reads out of the file is what QEMU saw; the handout's figure is a real run's; the lab's
two claims about pins hold, in exact counts.
"""
import base64
import re
import subprocess
import types
import xml.etree.ElementTree as ElementTree

import pytest

from grader import bench, engine, labs, waveform
from grader.errors import GraderError
from grader.paths import ROOT
from grader.tests import kernels
from grader.tests.test_pages import QUIET
from grader.waveform import Change

LINES = {0: "one", 2: "another", 7: "the last"}
LAB = ROOT / "labs/5-sfi"


def read(text):
    """A VCD's names by line, and its changes, by its grammar: words, white space between."""
    words = iter(text.split())
    names, codes, changes, now, first = {}, {}, [], None, {}

    def to_end():
        return list(iter(lambda: next(words), "$end"))

    for word in words:
        if word == "$var":
            kind, size, code, name = to_end()
            assert (kind, size) == ("wire", "1") and code not in codes
            codes[code] = int(name.removeprefix("pin").partition("_")[0])
            names[codes[code]] = name
        elif word == "$dumpvars":
            first = {codes[each[1:]]: int(each[0]) for each in to_end()}
        elif word == "$timescale":
            assert to_end() == ["1", "ns"]
        elif word in ("$comment", "$scope", "$upscope", "$enddefinitions"):
            to_end()
        elif word[0] == "#":
            assert now is None or int(word[1:]) > now, "time goes forward"
            now = int(word[1:])
        else:
            changes.append(Change(now, codes[word[1:]], int(word[0])))
    assert first == dict.fromkeys(names, 0)
    return names, tuple(changes)


@pytest.fixture(scope="module")
def edges():
    return engine.run(engine.Boot("edges", pins=True, watch=(waveform.GPIO,)), kernels.elf("edges"), seed=1, nonce=1)


@pytest.fixture(scope="module")
def measured():
    """Lab 5's tables of pins and calls: figures by row; and what the lines did."""
    tables = [table for table in bench.read(LAB) if {row.payload for row in table.rows} == {"pins"}]
    kernel = labs.compose(labs.find("5"), "solutions", labs.priors([]))
    elfs = {payload: elf for table in tables for payload, elf in bench.build(kernel, table).items()}
    figures = {each.row.start + " " + each.row.stop: set(each.counts)
               for table in tables for each in bench.measure(table, elfs)}
    wave, = (table for table in tables if table.waveform)
    return figures, wave, bench.record(wave, elfs)


def toggle(figures, way):
    count, = figures[f"{way}_toggle {way}_toggle"]
    return count


def test_each_edge_has_the_count_of_its_write(edges):
    changes = waveform.timed(edges)
    assert [change[1:] for change in changes] == [(0, 1), (2, 1), (7, 1), (2, 0), (7, 0)]
    first = changes[0].count        # edges.S: from one store to the next
    assert [change.count - first for change in changes] == [0, 0, 2, 5, 5]


def test_an_edge_that_nobody_made_is_an_error(edges):
    run = types.SimpleNamespace(edges=edges.edges, accesses=edges.accesses[:2])
    with pytest.raises(GraderError, match="by none of the 2 writes"):
        waveform.timed(run)


def test_a_viewer_reads_what_qemu_saw(edges):
    changes = waveform.timed(edges)
    names, seen = read(waveform.vcd(changes, LINES))
    assert seen == changes and names == {0: "pin0_one", 2: "pin2_another", 7: "pin7_the_last"}
    assert read(waveform.vcd(changes, {2: "alone"}))[1] == tuple(change for change in changes if change.line == 2)


def test_a_figure_has_its_lines_and_says_them(edges):
    figure = ElementTree.fromstring(waveform.svg(waveform.timed(edges), LINES | {1: "<still>"}, "Lines & pins"))
    texts = [node.text for node in figure.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[0] == "Lines & pins" and {"one", "another", "the last", "<still>"} <= set(texts)
    assert "another: high at 0, low at 5" in figure.findtext("{http://www.w3.org/2000/svg}desc")
    with pytest.raises(GraderError, match="no line changes"):
        waveform.svg(waveform.timed(edges), {1: "still"}, "")


def test_the_handouts_figure_is_that_of_a_real_run(measured):
    _, wave, changes = measured
    assert [change[1:] for change in changes] == [(0, 1), (0, 0)] * 2 + [(1, 1), (1, 0)] * 2
    drawn = waveform.svg(changes, wave.waveform.lines, wave.title)
    assert (LAB / "figures/wave.svg").read_text() == drawn, \
        "make bench LAB=5 && cp build/bench/5-sfi/wave.svg labs/5-sfi/figures/ draws it anew"


def test_a_browser_draws_it(tmp_path):
    figure = base64.b64encode((LAB / "figures/wave.svg").read_bytes()).decode()
    page = tmp_path / "page.html"
    page.write_text(f"""<img id=i src="data:image/svg+xml;base64,{figure}"><p id=said></p><script>onload = () => {{
        const c = Object.assign(document.createElement("canvas"), {{width: i.naturalWidth, height: i.naturalHeight}})
        const at = c.getContext("2d"); at.drawImage(i, 0, 0)
        const d = at.getImageData(0, 0, c.width, c.height).data; let ink = 0, paper = 0
        for (let n = 0; n < d.length; n += 4) {{
            ink += d[n] - d[n + 2] > 80; paper += d[n] > 245 && d[n + 2] > 238 && d[n + 3] == 255 }}
        said.textContent = `${{c.width}} wide, ink ${{ink}}, paper ${{paper / c.width / c.height}}` }}</script>""")
    dom = subprocess.run(["chromium", *QUIET, f"--user-data-dir={tmp_path}/profile", "--virtual-time-budget=5000",
                          "--dump-dom", page.as_uri()], capture_output=True, text=True)
    wide, ink, paper = re.search(r'said">(\d+) wide, ink (\d+), paper ([0-9.]+)<', dom.stdout).groups()
    assert int(wide) == waveform.WIDTH
    assert int(ink) > 2 * (waveform.WIDTH - waveform.LEFT - waveform.RIGHT), "two lines, all along"
    assert 0.6 < float(paper) < 0.98, "on a panel of its own, whatever the page's colour"


def test_what_is_drawn_is_what_was_counted(measured):
    figures, _, changes = measured
    period = changes[6].count - changes[4].count
    assert period == toggle(figures, "module"), "the same loop"


def test_a_module_toggles_as_fast_as_the_kernel(measured):
    figures, *_ = measured
    assert toggle(figures, "module") <= 2 * toggle(figures, "native")
    assert 10 * toggle(figures, "module") <= toggle(figures, "system_call")


def test_a_call_across_domains_costs_at_most_forty(measured):
    figures, *_ = measured
    assert max(figures["cross_begin cross_end"]) <= 40


def test_bench_writes_both_files(measured, tmp_path, monkeypatch):
    _, wave, changes = measured
    monkeypatch.setattr(bench, "BUILD", tmp_path)
    vcd, svg = bench.write(wave, changes)
    assert (vcd, svg) == (tmp_path / "bench/5-sfi/wave.vcd", tmp_path / "bench/5-sfi/wave.svg")
    assert read(vcd.read_text())[1] == changes and svg.read_text().startswith("<svg")
