"""The reports that other programs read, each made of the one model (result.Report) and of nothing else.

A writer is a function from a report to text: nothing of the machine, the time or the run is in it. JSON is for whoever
grades, report.schema.json says what it holds; so is CSV, a line for each check. JUnit's XML and Gradescope's
results.json may come before a student's eyes: they say of a hidden check how it went, and no more. Where the grader
could not judge there is no score in any of them.
"""
import csv
import io
import json
from dataclasses import replace

from grader import result, terminal
from grader.result import Outcome, Report, visible


def junit(report: Report) -> str:
    """JUnit's XML, as Jenkins, GitLab and pytest know it: a suite for the lab, a case for each check.

    A check that fails is a failure, one that waits for another is skipped, trouble of the grader's is an error. Readers
    want a `time` on each: it is 0, since how long something took is not for a report to say.
    """
    from xml.etree import ElementTree

    report = result.for_students(report)
    kinds = [_KINDS.get(check.verdict, "") if check.reason != "waits" else "skipped" for check in report.checks]
    counts = {"tests": str(len(kinds)), "failures": str(kinds.count("failure")), "errors": str(kinds.count("error")),
              "skipped": str(kinds.count("skipped")), "time": "0"}
    suites = ElementTree.Element("testsuites", counts)
    suite = ElementTree.SubElement(suites, "testsuite", {"name": report.lab} | counts)
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in (("src", report.src), ("seed", report.seed), ("earned", report.score),
                        ("points", report.points), ("hidden points", report.hidden or None),
                        *(("note", note) for note in report.notes)):
        if value is not None:
            ElementTree.SubElement(properties, "property", {"name": name, "value": _xml(str(value))})
    for check, kind in zip(report.checks, kinds):
        case = ElementTree.SubElement(suite, "testcase", {"classname": report.lab, "name": check.name, "time": "0"})
        if kind:
            said = ElementTree.SubElement(case, kind, {"message": _xml(terminal.verdict(check))})
            said.set("type", check.reason or check.verdict)
            said.text = _xml(_explained(check))
    ElementTree.indent(suites)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(suites, encoding="unicode") + "\n"


_KINDS = {"fail": "failure", "grader error": "error"}


def gradescope(report: Report) -> str:
    """Gradescope's results.json. Where the grader could not judge, it has neither score nor tests: Gradescope then says
    that the autograder failed, and gives none.

    What students see at once, they see as if hidden checks were not there; these appear when grades are published, and
    what went wrong in them stands in the output of the run, which Gradescope shows to instructors.
    """
    if report.score is None:
        return unjudged(terminal.plain(terminal.total(report)))
    seen = tuple(check for check in report.checks if not check.hidden)
    behind = report.points - sum(check.points for check in seen)
    seen = replace(report, checks=seen, hidden=report.hidden + behind)
    output = f"Lab {report.lab}: {report.title}\n\n" + terminal.plain(terminal.total(seen))
    output += "".join(f"\n{note}\n" for note in report.notes)
    return _json({
        "score": report.score, "output": output, "output_format": "text", "test_output_format": "text",
        "test_name_format": "text", "tests": [_test(check) for check in result.for_students(report).checks],
    })


def _test(check: Outcome) -> dict:
    passed = check.verdict == "pass"
    return {
        "name": check.name, "number": check.step, "score": check.score, "max_score": check.points,
        "status": "passed" if passed else "failed", "output": check.title if passed else _explained(check),
        "tags": [f"step {check.step}", check.reason or check.verdict],
        "visibility": "after_published" if check.hidden else "visible",
    }


def unjudged(words: str) -> str:
    """Gradescope's results.json where nothing was judged: words, and no score."""
    return _json({"output": words, "output_format": "text"})


def table(report: Report) -> str:
    """CSV: a header, and a line for each check; `earned` is empty where the grader could not judge."""
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(("lab", "src", "seed", "step", "check", "hidden", "points", "earned", "verdict", "reason", "detail"))
    for check in report.checks:
        lines.writerow((report.lab, report.src, "" if report.seed is None else report.seed, check.step, check.name,
                        int(check.hidden), check.points, "" if check.score is None else check.score, check.verdict,
                        check.reason, check.detail))
    return out.getvalue()


# The option of `check` -> the writer.
WRITERS = {"json": result.to_json, "junit": junit, "gradescope": gradescope, "csv": table}


def _json(data: dict) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _explained(check: Outcome) -> str:
    """What a student reads of a check that did not pass; of a hidden one, that it is one."""
    return check.title + "\n" if check.hidden else terminal.plain(terminal.explanation(check))


def _xml(text: str) -> str:
    """Text with what XML does not have, or alters, made visible: what can be printed, XML has."""
    return "".join(c if c.isprintable() or c in "\n\t" else visible(c) for c in text)
