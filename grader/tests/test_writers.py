"""What other programs read of a report: each format held against what defines it, with every text that could break it,
and never a score where the grader could not judge."""
import csv
import dataclasses
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from grader import result, terminal, writers
from grader.paths import ROOT
from grader.result import Line, Outcome, Report, Section

SCHEMA = json.loads(Path(writers.__file__).with_name("report.schema.json").read_text())
ODD = "a\0b\x1b[2J\x85\ud800\ufffe\uffff\u202e<&\">\r\n\t]]>\U0001f600"      # much of it is no XML


def outcome(name, verdict="pass", **more):
    return Outcome(**dict(name=name, title=f"About {name}.", step="1.2", points=5, earned=5 * (verdict == "pass"),
                          verdict=verdict, handout="labs/1-toy/README.md, step 1.2", seed=(1 << 64) - 1,
                          repeat=f"make check LAB=1 CHECK={name}") | more)


def failing(name, reason, detail="", **more):
    shown = (Section(f"What {name} says.", (Line("one"), Line("two", "got"), Line("three", "expected"))),)
    return outcome(name, "fail", reason=reason, detail=detail, sections=shown, hint=f"Think of {name}.", **more)


def report(*given, **more):
    return Report(**dict(lab="1-toy", title="Toy", src="starter", prior={}, seed=None, checks=given) | more)


PASSED = outcome("bss")
ALL = report(PASSED, failing("fall", "fault", "in uart_putc()"), failing("later", "waits", "for fall"),
             failing("stuck", "blocked", "by lab 1"), failing("early", "not attempted", "step 1.1"))
BROKEN = report(PASSED, outcome("sick", "grader error", sections=(Section("QEMU died."),)), failing("fall", "hang"))
SECRET = report(PASSED, failing("fall", "fault"), failing("sly", "panic", "in sly()", hidden=True, points=7),
                outcome("smug", hidden=True, points=8, earned=8), prior={"0-zero": "solutions"}, seed=9, next="Go on.")
NOTES = dataclasses.replace(ALL, notes=("Built outside.", ODD), hidden=15)
DEVIOUS = report(outcome("fall", "fail", reason="fault", detail=f"in {ODD}()", hint=ODD, title=ODD,
                         sections=(Section(ODD, (Line(ODD), Line(ODD, "got"))),)), notes=(ODD,), title=ODD)
EVERY = [report(PASSED), ALL, BROKEN, SECRET, NOTES, DEVIOUS]


# JSON.

def faults(data, schema, where="report"):
    """What in `data` is not as the schema says: as much of JSON Schema as that file uses, and no other word of it."""
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    assert schema.keys() <= {"$schema", "$defs", "title", "description", "type", "enum", "const", "minimum", "maximum",
                             "pattern", "items", "properties", "required", "additionalProperties"}, where
    kinds = {"string": str, "integer": int, "null": type(None), "array": list, "object": dict, "boolean": bool}
    wanted = schema.get("type", list(kinds))
    if type(data) not in [kinds[name] for name in ([wanted] if isinstance(wanted, str) else wanted)]:
        return [f"{where} is {data!r}"]
    found = []
    if data not in schema.get("enum", [data]) or data != schema.get("const", data):
        found.append(f"{where} is {data!r}")
    if isinstance(data, int) and not schema.get("minimum", data) <= data <= schema.get("maximum", data):
        found.append(f"{where} is {data}")
    if isinstance(data, str) and not re.search(schema.get("pattern", ""), data):
        found.append(f"{where} is {data!r}")
    if isinstance(data, list):
        found += [fault for i, each in enumerate(data) for fault in faults(each, schema["items"], f"{where}[{i}]")]
    if isinstance(data, dict):
        properties, more = schema.get("properties", {}), schema.get("additionalProperties", {})
        found += [f"{where} has no {name}" for name in schema.get("required", ()) if name not in data]
        for name, value in data.items():
            if name not in properties and more is False:
                found.append(f"{where} has {name}")
            else:
                found += faults(value, properties.get(name, more), f"{where}.{name}")
    return found


@pytest.mark.parametrize("given", EVERY)
def test_json_is_as_the_schema_says(given):
    text = result.to_json(given)
    assert faults(json.loads(text), SCHEMA) == [] and text == result.to_json(given)


@pytest.mark.parametrize("path, value", [
    (["schema"], 1), (["schema"], None), (["lab"], "boot"), (["earned"], -1), (["points"], "5"), (["notes"], "x"),
    (["seed"], 1 << 64), (["prior"], []), (["frob"], 1), (["checks", 1, "verdict"], "fine"), (["hidden"], True),
    (["checks", 1, "reason"], "bad luck"), (["checks", 1, "earned"], 1.5), (["checks", 1, "step"], "1"),
    (["checks", 1, "sections", 0, "lines", 1, "mark"], "odd"), (["checks", 1, "sections", 0, "lines", 0, "text"], 1)])
def test_the_schema_tells(path, value):
    data = json.loads(result.to_json(ALL))
    at = data
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    assert len(faults(data, SCHEMA)) == 1
    del at[path[-1]]
    assert bool(faults(data, SCHEMA)) == (path != ["frob"])


def test_the_schema_has_the_models_words():
    check, line = SCHEMA["$defs"]["check"]["properties"], SCHEMA["$defs"]["line"]["properties"]
    assert set(check["verdict"]["enum"]) == set(result.VERDICTS)
    assert set(check["reason"]["enum"]) == {"", *result.REASONS}
    assert set(line["mark"]["enum"]) == set(terminal.MARKS)
    assert SCHEMA["properties"]["schema"]["const"] == result.SCHEMA


def test_json_has_no_score_where_the_grader_could_not_judge():
    data = json.loads(result.to_json(BROKEN))
    assert (data["earned"], [check["earned"] for check in data["checks"]]) == (None, [5, None, 0])


# JUnit's XML.

def junit(given):
    """The one suite in it, with the counts that its parts have."""
    text = writers.junit(given)
    assert text == writers.junit(given)
    root = ElementTree.fromstring(text)
    suite, = root
    assert (root.tag, suite.tag, suite[0].tag) == ("testsuites", "testsuite", "properties")
    cases = suite.findall("testcase")
    counts = {"tests": len(cases)} | {f"{kind}s".replace("skippeds", "skipped"): len(suite.findall(f"testcase/{kind}"))
                                      for kind in ("failure", "error", "skipped")}
    for element in (root, suite):
        assert {name: int(element.get(name)) for name in counts} == counts
    for case in cases:
        assert case.get("name") and case.get("classname") and float(case.get("time")) == 0 and len(case) <= 1
    return suite


@pytest.mark.parametrize("given", EVERY)
def test_junit_is_xml_whose_counts_are_true(given):
    junit(given)


def test_junit_tells_failures_errors_and_what_waits_apart():
    said = {case.get("name"): [(said.tag, said.get("type"), said.get("message")) for said in case]
            for given in (ALL, BROKEN) for case in junit(given).iter("testcase")}
    assert said == {
        "bss": [], "fall": [("failure", "hang", "hang")], "later": [("skipped", "waits", "waits for fall")],
        "stuck": [("failure", "blocked", "blocked by lab 1")], "sick": [("error", "grader error", "grader error")],
        "early": [("failure", "not attempted", "not attempted, step 1.1")]}
    text = junit(ALL).find("testcase[@name='fall']/failure").text
    assert "What fall says." in text and "got two" in text and "Think of fall." in text and "CHECK=fall" in text


def properties(suite):
    return [(each.get("name"), each.get("value")) for each in suite.iter("property")]


def test_junit_has_the_points_and_the_notes():
    assert properties(junit(ALL)) == [("src", "starter"), ("earned", "5"), ("points", "25")]
    assert properties(junit(NOTES))[3:5] == [("hidden points", "15"), ("note", "Built outside.")]
    assert ("seed", "9") in properties(junit(SECRET))
    assert "earned" not in dict(properties(junit(BROKEN)))


def test_no_text_breaks_the_xml():
    text = writers.junit(DEVIOUS)
    for c in text:
        assert c in "\t\n" or " " <= c < "\ud800" or "\ue000" <= c <= "\ufffd" or c >= "\U00010000", ascii(c)
    said = junit(DEVIOUS).find("testcase/failure").text
    assert "a␀b␛[2J" in said and "\\ud800\\ufffe\\uffff\\u202e<&\">␍" in said and "]]>\U0001f600" in said


# Gradescope's results.json: the words of its documentation, "Autograder specifications".

TOP = {"score", "execution_time", "output", "output_format", "test_output_format", "test_name_format", "visibility",
       "stdout_visibility", "extra_data", "tests", "leaderboard"}
TEST = {"score", "max_score", "status", "name", "name_format", "number", "output", "output_format", "tags",
        "visibility", "extra_data"}
VISIBILITY = {"hidden", "after_due_date", "after_published", "visible"}


def gradescope(given):
    text = writers.gradescope(given)
    assert text == writers.gradescope(given)
    data = json.loads(text)
    assert data.keys() <= TOP and data["output_format"] == "text"
    for test in data.get("tests", ()):
        assert test.keys() <= TEST and test["visibility"] in VISIBILITY and test["status"] in ("passed", "failed")
        assert 0 <= test["score"] <= test["max_score"] and all(isinstance(tag, str) for tag in test["tags"])
    return data


@pytest.mark.parametrize("given", EVERY)
def test_gradescope_has_a_score_or_none_at_all(given):
    data = gradescope(given)
    if given is BROKEN:
        assert data.keys() == {"output", "output_format"} and "No score" in data["output"]
    else:
        assert data["score"] == sum(test["score"] for test in data["tests"]) == given.earned
        assert sum(test["max_score"] for test in data["tests"]) == given.points


def test_gradescope_shows_what_a_student_sees():
    data = gradescope(NOTES)
    assert "5 of 25 points, 1 of 5 checks; hidden checks decide 15 more." in data["output"]
    assert "Built outside." in data["output"]
    fall = data["tests"][1]
    assert (fall["name"], fall["number"], fall["status"]) == ("fall", "1.2", "failed")
    assert fall["tags"] == ["step 1.2", "fault"]
    assert fall["output"] == terminal.plain(terminal.explanation(ALL.checks[1]))
    free = gradescope(report(failing("free", "hang", points=0)))
    assert free["tests"][0]["status"] == "failed"       # 0 of 0 would pass as all of it


def test_gradescope_shows_seeds():
    assert "Seed 9" in gradescope(SECRET)["output"]


# Hidden checks.

@pytest.mark.parametrize("name", ["junit", "gradescope"])
def test_a_hidden_check_says_how_it_went_and_no_more(name):
    text = writers.WRITERS[name](SECRET)
    assert "hidden-1" in text and "hidden-2" in text and "fall" in text
    assert not re.search("sly|smug", text)
    assert not re.search("sly|smug", writers.WRITERS[name](dataclasses.replace(SECRET, checks=SECRET.checks[2:])))


def test_hidden_checks_wait_until_grades_are_published():
    data = gradescope(SECRET)
    assert [test["visibility"] for test in data["tests"]] == ["visible"] * 2 + ["after_published"] * 2
    assert data["score"] == 13 and "5 of 10 points, 1 of 2 checks; hidden checks decide 15 more." in data["output"]


def test_trouble_in_a_hidden_check_is_no_score_either():
    data = gradescope(report(PASSED, outcome("sly", "grader error", hidden=True, sections=(Section("sly died."),))))
    assert "score" not in data and "sly" not in data["output"]


def test_what_to_do_next_is_not_about_a_hidden_check():
    assert result.for_students(SECRET).next == "Go on."
    assert result.for_students(dataclasses.replace(SECRET, checks=(PASSED, *SECRET.checks[2:]))).next == ""
    assert result.for_students(ALL) == ALL


def test_nothing_of_a_hidden_check_is_left_for_students():
    assert not re.search("sly|smug", result.to_json(result.for_students(SECRET)))
    assert [(check.verdict, check.score) for check in result.for_students(SECRET).checks] == [
        (check.verdict, check.score) for check in SECRET.checks]


# CSV.

def test_csv_has_a_line_for_each_check():
    lines = list(csv.DictReader(io.StringIO(writers.table(ALL))))
    assert [line["check"] for line in lines] == [check.name for check in ALL.checks]
    assert lines[1] == {"lab": "1-toy", "src": "starter", "seed": "", "step": "1.2", "check": "fall", "hidden": "0",
                        "points": "5", "earned": "0", "verdict": "fail", "reason": "fault", "detail": "in uart_putc()"}
    assert [line["earned"] for line in csv.DictReader(io.StringIO(writers.table(BROKEN)))] == ["5", "", "0"]
    odd, = csv.DictReader(io.StringIO(writers.table(DEVIOUS), newline=""))
    assert odd["detail"] == f"in {ODD}()"


# The model.

def test_names_are_exchanged_everywhere():
    given = report(failing("fall", "fault", "at /x/y"), src="/x", prior={"0-zero": "/x"}, notes=("see /x",))
    assert "/x" not in result.to_json(result.renamed(given, {"/x": "there"}))
    assert result.renamed(given, {"/nowhere": "there"}) == given


def test_the_terminal_tells_hidden_points():
    said = terminal.text(report(PASSED, hidden=15))
    assert "5 of 5 points; hidden checks decide 15 more. All that is here works." in said
    assert "5 of 5 points. All of it works." in terminal.text(report(PASSED))
    assert re.search(r"sly +0 / 7  panic in sly\(\)  hidden\n", terminal.text(SECRET))


# The command.

def check(*arguments, **environment):
    return subprocess.run([sys.executable, "-m", "grader", "check", "1", "--src", "solutions", "--check", "reset",
                           *map(str, arguments)], cwd=ROOT, capture_output=True, text=True,
                          env=os.environ | {"EXOLAB_DEBUG": ""} | environment)


def test_all_at_once(tmp_path):
    files = {name: tmp_path / name for name in writers.WRITERS}
    done = check(*(word for name, file in files.items() for word in (f"--{name}", file)))
    assert done.returncode == 0 and "8 of 8 points" in done.stdout
    data = json.loads(files["json"].read_text())
    assert faults(data, SCHEMA) == [] and data["earned"] == 8
    assert ElementTree.parse(files["junit"]).find("testsuite").get("tests") == "1"
    assert json.loads(files["gradescope"].read_text())["score"] == 8
    assert files["csv"].read_text().count("\n") == 2


def test_a_report_on_stdout_stands_alone():
    assert json.loads(check("--json", "-").stdout)["lab"] == "1-boot"
    done = check("--json", "-", "--csv", "-")
    assert (done.returncode, done.stderr) == (2, "exolab: only one report can go to stdout (-)\n")


def test_no_report_is_left_that_could_be_taken_for_one(tmp_path):
    """An earlier run's, when this one could not judge."""
    files = [tmp_path / name for name in ("json", "gradescope")]
    for file in files:
        file.write_text('{"score": 100, "earned": 100}')
    done = check("--json", files[0], "--gradescope", files[1], PATH="/nowhere")
    assert done.returncode == 2 and not files[0].exists()
    data = json.loads(files[1].read_text())
    assert data.keys() == {"output", "output_format"} and "is not installed" in data["output"]
