"""A class: taken, judged once, killed and resumed, the same gradebook twice; nobody disturbs a neighbour."""
import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from grader import generate, labs, result, tables
from grader.classes import cache, gradebook, roster, run, similarity
from grader.errors import Usage
from grader.paths import ROOT
from grader.tests import class300

LAB = labs.find("1")
REFERENCE = {name: (ROOT / "solutions" / LAB.name / name).read_bytes() for name in LAB.files}
CREDULOUS = {"GIT_AUTHOR_DATE": "2026-03-01T12:00:00Z", "GIT_COMMITTER_DATE": "2026-03-01T12:00:00Z"}


def git(folder: Path, *words: str, **environment: str) -> str:
    return subprocess.run(["git", "-c", "user.name=s", "-c", "user.email=s@localhost", *words], cwd=folder, check=True,
                          text=True, capture_output=True, env=os.environ | environment).stdout


@pytest.fixture(scope="module")
def handed(tmp_path_factory):
    """A small class: right, wrong, the same twice, untouched, nothing, broken, hostile names."""
    folder = tmp_path_factory.mktemp("class") / "handed"
    broken = REFERENCE | {"uart.c": b"#error \x1b[2J\n"}
    class300.write(folder, "ann", "zip", LAB, REFERENCE)
    class300.write(folder, "ben", "folder", LAB, REFERENCE)
    class300.write(folder, "cem", "git", LAB, REFERENCE | {"uart.c": REFERENCE["uart.c"] + b"// mine\n"})
    class300.write(folder, "dora", "tar.gz", LAB, {name: b"" for name in LAB.files})
    (folder / "eve").mkdir()
    (folder / "finn.zip").write_bytes(b"PK\3\4 this is none")
    class300.write(folder, "=cmd()|x\n..", "folder", LAB, broken)
    (folder / "gus").symlink_to("ben")
    return folder


def environment(place: Path) -> dict[str, str]:
    return os.environ | {"EXOLAB_BUILD": str(place / "build"), "EXOLAB_DIST": str(place / "dist")}


def command(handed: Path, *more: str, lab: str = "1") -> list[str]:
    return [sys.executable, "-m", "grader", "grade", lab, "--submissions", str(handed), *more]


def grade(place: Path, handed: Path, *more: str, lab: str = "1") -> subprocess.CompletedProcess:
    return subprocess.run(command(handed, *more, lab=lab), cwd=ROOT, text=True, capture_output=True,
                          env=environment(place))


def rows(gradebook: Path) -> dict[str, dict[str, str]]:
    with open(gradebook, newline="") as stream:
        return {row["student"]: row for row in csv.DictReader(stream)}


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def graded(handed, tmp_path_factory):
    """The class graded after all of it was killed in the middle: the folder of what was made, what was known before."""
    place = tmp_path_factory.mktemp("graded")
    process = subprocess.Popen(command(handed, "--jobs", "1"), cwd=ROOT, env=environment(place),
                               stdout=subprocess.DEVNULL, start_new_session=True)
    reports = place / "build" / "class" / "reports"
    while process.poll() is None and not list(reports.glob("*.json")):
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    known = {path: path.stat().st_mtime_ns for path in reports.glob("*.json")}
    done = grade(place, handed)
    return place, known, done


def test_a_class_is_graded_whatever_is_in_it(graded):
    place, _, done = graded
    assert (done.returncode, done.stderr) == (0, "")
    known = rows(place / "dist/grades/1-boot/gradebook.csv")
    assert {name: (row["score"], row["state"]) for name, row in known.items()} == {
        "ann": ("100", "graded"), "ben": ("100", "graded"), "cem": ("100", "graded"), "dora": ("0", "graded"),
        "_cmd___x_": ("0", "graded"), "eve": ("0", "nothing handed in"), "finn": ("0", "nothing handed in"),
        "gus": ("0", "nothing handed in")}
    assert known["ann"]["submission"] == known["ben"]["submission"] != known["cem"]["submission"]
    assert "integrated" not in known["ann"], "lab 1 has no earlier ones"


def test_who_was_killed_goes_on_where_it_was(graded):
    place, known, _ = graded
    reports = place / "build" / "class" / "reports"
    assert known and {path: path.stat().st_mtime_ns for path in known} == known
    assert len(list(reports.iterdir())) == 4        # ann and ben are one


def test_the_same_class_gives_the_same_bytes(graded, handed):
    place, _, _ = graded
    again = grade(place, handed, "--out", str(place / "again"))
    assert again.returncode == 0 and files(place / "again") == files(place / "dist/grades/1-boot")


def test_pages_show_what_a_student_may_see_and_run_nothing(graded):
    place, _, _ = graded
    made = files(place / "dist/grades/1-boot")
    pages = {name: data.decode() for name, data in made.items() if name.endswith(".html")}
    assert "students/ann.html" in pages and "100" in pages["students/ann.html"]
    for name, page in pages.items():
        assert "<script" not in page and "http" not in page and "src=" not in page and str(ROOT) not in page


def test_another_seed_needs_a_regrading_and_that_says_what_changed(graded, handed):
    place, _, _ = graded
    out = place / "dist/grades/1-boot"
    before = files(out)
    refused = grade(place, handed, "--seed", "7")
    assert refused.returncode == 2 and "REGRADE=1" in refused.stderr and files(out) == before
    kept = json.loads((out / "reports.json").read_text())
    report = result.from_json(kept[1]["report"])
    lost = replace(report.checks[0], earned=0, verdict="fail", reason="hang")
    kept[1]["report"] = result.to_json(replace(report, checks=(lost, *report.checks[1:])))
    (out / "reports.json").write_text(json.dumps(kept))
    made_by = json.loads((out / "class.json").read_text())
    (out / "class.json").write_text(json.dumps(made_by | {"course": "another"}))
    done = grade(place, handed, "--regrade")
    name = kept[1]["student"]
    assert done.stdout.splitlines()[0] == f"{name}: 92 to 100; reset: 0 of 8 (hang) to 8 of 8 (pass)"
    assert (out / "regrade.txt").is_file() and (out / "gradebook.before.csv").read_bytes() == before["gradebook.csv"]


def test_beside_the_score_is_what_comes_of_the_student_s_own_earlier_labs(tmp_path):
    """Three have handed in the same lab 2: with a right lab 1, with an untouched one, with none; each scores all."""
    lab, handed = labs.find("2"), tmp_path / "handed"
    mine = {name: (ROOT / "solutions" / lab.name / name).read_bytes() for name in lab.files}
    pristine = generate.lab_files(ROOT / "solutions" / LAB.name)
    untouched = {name: pristine[f"{LAB.name}/{name}"].data for name in LAB.files}
    for student, kind, first in (("ann", "git", REFERENCE), ("ben", "folder", untouched), ("cem", "folder", {})):
        for name, data in first.items():
            (path := handed / student / "starter" / LAB.name / name).parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        class300.write(handed, student, kind, lab, mine)
    done = grade(tmp_path, handed, lab="2")
    assert (done.returncode, done.stderr) == (0, "")
    out = tmp_path / "dist/grades/2-vm"
    known = rows(out / "gradebook.csv")
    assert {name: (row["score"], row["integrated"]) for name, row in known.items()} == {
        "ann": ("100", "100"), "ben": ("100", "0"), "cem": ("100", "")}
    assert known["ann"]["notes"].endswith("With its own 1-boot in the place of the reference's: 100 of 100 points.")
    said = known["ben"]["notes"]
    assert "the reference's: 0 of 100 points (" in said and " blocked by lab 1; " in said
    assert "reference" not in known["cem"]["notes"]
    assert said in (out / "students/ben.txt").read_text() and "own earlier labs" in (out / "index.html").read_text()
    assert len(list((tmp_path / "build/class/reports").iterdir())) == 3, "the same lab 2 is judged once for its score"
    before = files(tmp_path / "dist")
    assert grade(tmp_path, handed, lab="2").returncode == 0 and files(tmp_path / "dist") == before


def test_the_class_that_nobody_taught_is_known(tmp_path):
    """What class300 says of its students holds in a gradebook that says the same, and in no other."""
    expected = class300.make(tmp_path, 40, LAB)
    right = next(name for name, kills in expected.items() if kills == "")
    wrong = next(name for name, kills in expected.items() if kills)
    checks = [check.name for check in tables.declared(LAB)]
    lines = [{"student": student, "score": "100" if kills == "" else "90", "points": "100", "submission": "x",
              **{name: "0" if name == kills else "5" for name in checks}, "notes": ""}
             for student, kills in expected.items()]

    def compared(student: str, /, **other: str) -> list[str]:
        with open(tmp_path / "gradebook.csv", "w", newline="") as stream:
            table = csv.DictWriter(stream, lines[0])
            table.writeheader()
            table.writerows(line | other if line["student"] == student else line for line in lines)
        return class300.wrong(expected, tmp_path / "gradebook.csv")
    assert compared("") == []
    assert compared(right, score="95") == [f"{right}: 95 of 100"]
    assert compared(right, score="") == [f"{right}: no score of 100"]
    assert compared(wrong, score="100") == [f"{wrong}: 100 of 100"]
    assert "fails first" in compared(wrong, **{expected[wrong]: "5", checks[-1]: "0"})[0]
    assert compared(wrong, student="x") != []


@pytest.mark.parametrize("words, said", [
    ([], "SUBMISSIONS"), (["--submissions", "/nowhere/at-all"], "no such folder"),
    (["--submissions", ".", "--at", "soon"], "AT=soon"), (["--submissions", ".", "--part", "a"], "has no parts"),
])
def test_nonsense_is_told_in_a_line(words, said):
    done = subprocess.run([sys.executable, "-m", "grader", "grade", "1", *words], cwd=ROOT, text=True,
                          capture_output=True)
    assert done.returncode == 2 and said in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize("name, student", [
    ("ann.zip", "ann"), ("ann.tar.gz", "ann"), ("a.b", "a.b"), ("-rf", "_rf"), ("a\nb", "a_b"), ("a\x1b[2J", "a__2J"),
    ("..", "_"), ("\u202eevil", "_evil"), ("x" * 300, "x" * 100), (".zip", "zip"), ("Zoë", "Zoë"), ("<b>", "_b_"),
])
def test_names_are_safe_to_print_and_to_write(name, student):
    assert roster._student(name) == student


def test_two_of_one_name_are_told(tmp_path):
    (tmp_path / "ann").mkdir()
    for name in ("Ann.zip", "ann.tar", ".hidden"):
        (tmp_path / name).touch()
    entries = roster.read(tmp_path)
    assert len({entry.student.casefold() for entry in entries}) == 3
    assert any("ann is there 2 times" in note for entry in entries for note in entry.notes)


def taken(path: Path, tmp_path: Path, at: str | None = None) -> run.Handed:
    return run.take(roster.Entry("s", path), LAB, at, tmp_path / "scratch")


def test_of_a_repository_what_is_committed_counts(tmp_path):
    place = class300.write(tmp_path, "s", "git", LAB, REFERENCE)
    (place / "starter" / LAB.name / "uart.c").write_text("not committed")
    assert taken(place, tmp_path).work.files == REFERENCE
    bare = tmp_path / "bare.git"
    git(tmp_path, "clone", "-q", "--bare", str(place), str(bare))
    git(bare, "pack-refs", "--all")
    assert taken(bare, tmp_path).work.files == REFERENCE


def test_of_a_repository_what_was_committed_in_time_counts(tmp_path):
    place = class300.write(tmp_path, "s", "folder", LAB, REFERENCE)
    git(place, "init", "-q"), git(place, "add", "-A"), git(place, "commit", "-qm", "1", **CREDULOUS)
    (place / "starter" / LAB.name / "uart.c").write_text("late")
    git(place, "commit", "-qam", "2", GIT_COMMITTER_DATE="2026-03-02T12:00:00Z")
    assert taken(place, tmp_path, "2026-03-02T00:00:00Z").work.files == REFERENCE
    assert taken(place, tmp_path).work.files["uart.c"] == b"late"
    early = taken(place, tmp_path, "2026-01-01")
    assert early.work is None and "nothing was committed before" in early.notes[0]
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{place}", "shallow")
    assert taken(tmp_path / "shallow", tmp_path).work.files["uart.c"] == b"late"
    shallow = taken(tmp_path / "shallow", tmp_path, "2026-03-02T00:00:00Z")
    assert shallow.work is None and "clone it whole" in shallow.trouble, "no score, and never 0"


def test_nothing_of_a_hostile_repository_runs_or_leads_out_of_it(tmp_path):
    place = class300.write(tmp_path, "s", "git", LAB, REFERENCE)
    mark = tmp_path / "ran"
    for key in ("filter.x.smudge", "core.fsmonitor", "core.pager", "diff.x.textconv", "tar.tar.gz.command",
                "core.sshCommand"):
        git(place, "config", key, f"touch {mark}; cat")
    (place / ".git/info").mkdir(exist_ok=True)
    (place / ".git/info/attributes").write_text("* filter=x diff=x\n")
    (place / ".gitattributes").write_text("* filter=x\n")
    git(place, "-c", "filter.x.smudge=cat", "-c", "filter.x.clean=cat", "-c", "core.fsmonitor=false", "add", "-A")
    git(place, "-c", "core.fsmonitor=false", "commit", "-qm", "x")
    mark.unlink(missing_ok=True)
    assert taken(place, tmp_path).work.files == REFERENCE and not mark.exists()
    for head in ("ref: refs/../../../../etc/passwd", "ref: refs/heads/none", "--output=/etc/x", ""):
        (place / ".git/HEAD").write_text(head)
        assert taken(place, tmp_path).work is None
    shutil.rmtree(place / ".git")
    (place / ".git").write_text(f"gitdir: {ROOT / '.git'}\n")     # then it is a folder, as any
    assert taken(place, tmp_path).work.files == REFERENCE


def test_a_zip_that_unpacks_to_too_much_is_told(tmp_path):
    with zipfile.ZipFile(tmp_path / "s.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{LAB.name}/{LAB.files[0]}", b"\0" * (3 << 20))
    handed = taken(tmp_path / "s.zip", tmp_path)
    assert handed.work is None and "more than" in " ".join(handed.notes)


def test_what_a_verdict_depends_on_changes_the_name():
    base = cache.content({"a.c": b"x", "b.c": b"y"})
    assert len({base, cache.content({"a.c": b"xb.c", "b.c": b"y"}), cache.content({"a.c": b"x", "c.c": b"y"})}) == 3
    options = (("c", ["--seed=1"]), ("c", ["--seed=2"]), ("d", ["--seed=2"]))
    assert len({cache.key(base, *each) for each in options}) == 3


def row(student: str, score: int | None, trouble: str = "") -> gradebook.Row:
    if score is None:
        return gradebook.Row(student, "", None, (), trouble)
    check = result.Outcome("one", "One.", "1.1", 10, score, "pass" if score else "fail", "" if score else "hang",
                           sections=() if score else (result.Section(f"It spins at 0x{id(student):x}, 12 times."),))
    return gradebook.Row(student, student, result.Report("1-boot", "Boot", "s", {}, None, (check,)), ())


def test_no_score_is_never_a_zero():
    rows = [row("a", None, "It was not judged within 900 seconds."), row("b", 0), row("c", None)]
    assert [each.score for each in rows] == [None, 0, 0]
    lines = gradebook.table(rows).splitlines()
    assert lines[1].startswith("a,,10,needs a person") and lines[2].startswith("b,0,")
    assert lines[3].startswith("c,0,10,nothing handed in")


def test_no_cell_is_a_formula():
    assert "\n'=1+1," in gradebook.table([row("=1+1", 10)]) and "\n'@x," in gradebook.table([row("@x", 10)])


def test_who_fails_alike_is_one_cluster():
    found, = gradebook.clusters([row("a", 0), row("b", 0), row("c", 10)])
    assert found.students == ("a", "b") and found.heading == "It spins at #, # times."


def test_a_regrading_says_what_changed():
    before, after = [row("a", 0), row("b", 10), row("c", 10)], [row("a", 10), row("b", 10), row("d", 0)]
    assert gradebook.changes(before, after) == [
        "a: 0 to 10; one: 0 of 10 (hang) to 10 of 10 (pass)", "d: new, 0", "c: no longer there, 10 before"]


@pytest.mark.skipif(bool(similarity.missing()), reason="similarity-tester is not here")
def test_a_copy_with_other_names_is_found_and_the_starter_is_not():
    own = "\n".join(f"int f{n}(int a) {{ int b = a * {n} + g{n}(a); while (b > {n}) b = h(b, a, {n}); return b - a; }}"
                    for n in range(12))
    other = "\n".join(f"long x{n}; void q{n}(void) {{ for (x{n} = 0; x{n} < 9; x{n}++) "
                      f"{{ if (y[x{n}]) z(x{n}); else y[{n}] = x{n}; }} }}" for n in range(12))
    starter = {name: (ROOT / "starter" / LAB.name / name).read_bytes() for name in LAB.files}

    def with_own(text: str) -> dict[str, bytes]:
        return starter | {"uart.c": starter["uart.c"] + text.encode()}
    names = {"ann": with_own(own), "ben": with_own(own.replace("int a", "int zz").replace("f1", "k1")),
             "cem": with_own(other), "dora": starter}
    assert [(one, two) for _, one, two in similarity.pairs(names, LAB)] == [("ann", "ben")]
