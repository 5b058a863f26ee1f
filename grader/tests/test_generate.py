"""The generator: what it makes of each kind of file, every error in its words, the properties updates rely on."""
import os
import re
import stat
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader import generate
from grader.errors import Usage

STEPS = {"2.3", "2.4"}

C = """int walk(int va)
{
	// BEGIN SOLUTION 2.3
	return table[va >> 12];
	// INSTEAD
	//| // TODO 2.3: walk.
	//|
	//| 	return todo("2.3");
	// END SOLUTION
}
"""
C_STARTER = """int walk(int va)
{
	// TODO 2.3: walk.

		return todo("2.3");
}
"""


def test_c():
    assert generate.starter_text(C, "walk.c", STEPS) == C_STARTER


@pytest.mark.parametrize("name, text, starter", [
    ("a.S", "a:\n\t@ BEGIN SOLUTION 2.3\n\tmov r0, #1\n\t@ INSTEAD\n\t@| todo \"2.3\"\n\t@ END SOLUTION\n\tbx lr\n",
            "a:\n\ttodo \"2.3\"\n\tbx lr\n"),
    ("a.S", "\t// BEGIN SOLUTION 2.3\n\tnop\n\t// INSTEAD\n\t//| todo(\"2.3\") @ not yet\n\t// END SOLUTION\n",
            "\ttodo(\"2.3\") @ not yet\n"),
    ("a.h", "/* BEGIN SOLUTION 2.3 */\n#define X 1\n/* INSTEAD */\n/*| #define X 0 */\n/*| /* TODO 2.3 */\n/*| */\n"
            "/* END SOLUTION */\n",
            "#define X 0\n/* TODO 2.3 */\n\n"),
    ("a.ld", "S {\n  /* BEGIN SOLUTION 2.3 */\n  . = 4;\n"
             "  /* INSTEAD */\n  /*| . = 8; /* TODO 2.3: mind this */\n  /* END SOLUTION */\n}\n",
             "S {\n  . = 8; /* TODO 2.3: mind this */\n}\n"),
    ("a.md", "# T\n<!-- BEGIN SOLUTION 2.3 -->\nIt is 42.\n"
             "<!-- INSTEAD -->\n<!--| Your *answer*. -->\n<!-- END SOLUTION -->\n",
             "# T\nYour *answer*.\n"),
    ("a.py", "def f():\n    # BEGIN SOLUTION 2.3\n    return 1\n"
             "    # INSTEAD\n    #| todo('2.3')\n    # END SOLUTION\n",
             "def f():\n    todo('2.3')\n"),
    ("a.toml", "# BEGIN SOLUTION 2.3\nx = 1\n# INSTEAD\n#| x = 0\n# END SOLUTION\n", "x = 0\n"),
    ("a.c", "a\n// BEGIN SOLUTION 2.3\nb\n// END SOLUTION 2.3\nc\n", "a\nc\n"),
    ("a.c", "// BEGIN SOLUTION 2.3a\n// INSTEAD\n//| todo(\"2.3\");\n// END SOLUTION 2.3a\n"
            "// BEGIN SOLUTION 2.3b\n// END SOLUTION",
            'todo("2.3");'),
    ("a.c", "\f no newline at the end: \u2028 \x0b", "\f no newline at the end: \u2028 \x0b"),
])
def test_every_kind_of_file(name, text, starter):
    assert generate.starter_text(text, name, STEPS) == starter


LOOKS = ("this looks like a marker and is none; a marker is BEGIN SOLUTION 2.3, INSTEAD or END SOLUTION, "
         "alone in a comment")
OPEN = "// BEGIN SOLUTION 2.3\n"


@pytest.mark.parametrize("text, message", [
    ("\n" + OPEN + "x\n// BEGIN SOLUTION 2.4\n// END SOLUTION\n// END SOLUTION\n",
     "4: BEGIN SOLUTION inside region 2.3 of line 2; regions do not nest"),
    (OPEN + "// INSTEAD\n// BEGIN SOLUTION 2.4\n// END SOLUTION\n",
     "3: BEGIN SOLUTION inside region 2.3 of line 1; regions do not nest"),
    ("a\n" + OPEN + "b\n", "2: region 2.3 has no END SOLUTION"),
    (OPEN + "// INSTEAD\n", "1: region 2.3 has no END SOLUTION"),
    ("// END SOLUTION\n", "1: END SOLUTION without a BEGIN SOLUTION"),
    (OPEN + "// END SOLUTION\n// END SOLUTION\n", "3: END SOLUTION without a BEGIN SOLUTION"),
    ("\n// INSTEAD\n", "2: INSTEAD outside a region"),
    (OPEN + "// END SOLUTION\n// INSTEAD\n", "3: INSTEAD outside a region"),
    (OPEN + "// INSTEAD\n//| x\n// INSTEAD\n// END SOLUTION\n", "4: a second INSTEAD in region 2.3 of line 1"),
    (OPEN + "// END SOLUTION 2.4\n", "2: END SOLUTION 2.4 ends region 2.3 of line 1"),
    ("// BEGIN SOLUTION 2.9\n// END SOLUTION\n", "1: there is no step 2.9 in this lab's lab.toml"),
    ("// BEGIN SOLUTION 2.9b\n// END SOLUTION\n", "1: there is no step 2.9 in this lab's lab.toml"),
    (OPEN + "// END SOLUTION\n" + OPEN + "// END SOLUTION\n",
     "3: region 2.3 stands at line 1 already; a step in several places has ids 2.3a, 2.3b"),
    (OPEN + "// INSTEAD\nx;\n// END SOLUTION\n", "3: a line in region 2.3's INSTEAD half does not begin with //|"),
    (OPEN + "// INSTEAD\n\n// END SOLUTION\n", "3: a line in region 2.3's INSTEAD half does not begin with //|"),
    (OPEN + "// INSTEAD\n// x;\n// END SOLUTION\n", "3: a line in region 2.3's INSTEAD half does not begin with //|"),
    (OPEN + "// INSTEAD\n#| x\n// END SOLUTION\n", "3: a line in region 2.3's INSTEAD half does not begin with //|"),
    ("/* BEGIN SOLUTION 2.3 */\n/* INSTEAD */\n/*| x\n/* END SOLUTION */\n", "3: this /*| line does not end with */"),
    (OPEN + "//| todo(\"2.3\");\n// END SOLUTION\n", "2: a //| line outside an INSTEAD half"),
    ("@| nop\n", "1: a @| line outside an INSTEAD half"),
    (OPEN + "// INSTEAD\n//| todo(\"2.4\");\n// END SOLUTION\n", "3: todo 2.4 in region 2.3; it must name step 2.3"),
    (OPEN + "// INSTEAD\n//| // TODO 2.4: x\n// END SOLUTION\n", "3: todo 2.4 in region 2.3; it must name step 2.3"),
    (OPEN + "// INSTEAD\n//| todo_user \"2.4\"\n// END SOLUTION\n", "3: todo 2.4 in region 2.3; it must name step 2.3"),
    ("// BEGIN SOLUTION 2.3a\n// INSTEAD\n//| todo(\"2.3a\");\n// END SOLUTION\n",
     "3: todo 2.3a in region 2.3a; it must name step 2.3"),
    (OPEN + "// INSTEAD\n//| // INSTEAD\n// END SOLUTION\n", "3: a marker inside the INSTEAD half of region 2.3"),
    (OPEN + "// INSTEAD\n//| //| x\n// END SOLUTION\n", "3: a marker inside the INSTEAD half of region 2.3"),
    *((line + "\n", "1: " + LOOKS) for line in (
        "// BEGIN SOLUTON 2.3", "// BEGN SOLUTION 2.3", "// BEGIN SOLUTION", "// BEGIN SOLUTION 2",
        "// BEGIN SOLUTION two", "// BEGIN SOLUTION 2.3: walk", "// BEGIN SOLUTION: 2.3", "// begin solution 2.3",
        "// Begin Solutoin 2.3", "// BEGIN_SOLUTION 2.3", "// BEGINSOLUTION 2.3", "// START SOLUTION 2.3",
        "x = 1; // BEGIN SOLUTION 2.3", "/* BEGIN SOLUTION 2.3", "// BEGIN SOLUTION 2.3 */", "<!-- BEGIN SOLUTION 2.3 */", "BEGIN SOLUTION 2.3",
        "; BEGIN SOLUTION 2.3", "\ufeff// BEGIN SOLUTION 2.3", "// END SOLUTIONS", "// EDN SOLUTION",
        "// END SOLUTION.", "// END  SOLUTION", "// INSTAED", "// INSTEAD:", "# INSTED", "//| // END SOLUTION")),
    (OPEN + "x\n// END SOLUTON\n// END SOLUTION\n", "3: " + LOOKS),
    (OPEN + "// INSTEAD\n//| // END SOLUTON\n// END SOLUTION\n", "3: " + LOOKS),
])
def test_errors(text, message):
    with pytest.raises(Usage) as error:
        generate.starter_text(text, "solutions/2-vm/page.c", STEPS)
    assert str(error.value) == "solutions/2-vm/page.c:" + message


@pytest.mark.parametrize("line", [
    "// instead we walk the table", "// Instead:", "// the solution of both", "// and solution",
    "// at the end of the region", "#include <x.h>", "@ INSTANCE", "// ENDIAN", "| a | b |", "# |x",
    "int end_position; // begin, position", "//", "// a resolution of 2.3 ms", "// INSTEAD of this, that",
])
def test_what_is_no_marker(line):
    assert generate.starter_text(line, "a.c", STEPS) == line


def test_regions():
    first, = generate.regions(C)
    assert (first.id, first.step, first.line) == ("2.3", "2.3", 3)
    assert first.solution == ["\treturn table[va >> 12];"]
    assert first.instead == ["\t// TODO 2.3: walk.", "", "\t\treturn todo(\"2.3\");"]
    second, third = generate.regions("@ BEGIN SOLUTION 2.4b\na\n@ END SOLUTION\n# BEGIN SOLUTION 9.1\n# END SOLUTION\n")
    assert (second.id, second.step, second.solution, second.instead) == ("2.4b", "2.4", ["a"], [])
    assert (third.id, third.line) == ("9.1", 4)


# --- properties -------------------------------------------------------------------------------------------------------

OPENERS = {"//": "", "@": "", "#": "", "/*": " */", "<!--": " -->"}
plain = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\n\r"), max_size=30).map(
    lambda line: re.sub(r"(?i)sol|ins|\|", "", line))
lines = st.lists(plain, max_size=5)


@st.composite
def annotated(draw):
    """(text, the starter expected, the lines of its solution halves)."""
    text, starter, solutions = [], [], []
    for number in range(draw(st.integers(0, 4))):
        given_lines = [f"given {line}" for line in draw(lines)]
        text += given_lines
        starter += given_lines
        open_ = draw(st.sampled_from(sorted(OPENERS)))
        close, indent = OPENERS[open_], draw(st.sampled_from(["", "\t", "    "]))
        text.append(f"{indent}{open_} BEGIN SOLUTION 2.3{'abcd'[number]}{close}")
        solution = [f"secret {line}" for line in draw(lines)]
        text += solution
        solutions += solution
        if draw(st.booleans()):
            text.append(f"{indent}{open_} INSTEAD{close}")
            for line in draw(lines):
                line = f"  todo: {re.sub('[^ -~]|[*<>/-]|todo|TODO', '', line)}.".rstrip()
                text.append(f"{indent}{open_}| {line}{close}")
                starter.append(indent + line)
        text.append(f"{indent}{open_} END SOLUTION{close}")
    end = draw(st.lists(plain, min_size=1, max_size=3))
    return "\n".join(text + end), "\n".join(starter + end), set(solutions)


@given(st.lists(plain).map("\n".join))
def test_text_without_markers_stays_as_it_is(text):
    assert generate.starter_text(text, "a", STEPS) == text
    assert generate.regions(text) == []


@settings(max_examples=200)
@given(annotated())
def test_the_starter_has_what_is_given_and_nothing_of_the_solutions(case):
    text, expected, solutions = case
    starter = generate.starter_text(text, "a", STEPS)
    assert starter == expected
    assert not solutions & set(starter.split("\n"))
    assert generate.starter_text(starter, "a", STEPS) == starter
    assert {line for region in generate.regions(text) for line in region.solution} == solutions


# --- folders ----------------------------------------------------------------------------------------------------------

def lab_toml(*steps: str) -> str:
    return 'title = "T"\n[files]\n' + "".join(f'[[steps]]\nid = "{id_}"\ntitle = "S"\nhours = 1\n' for id_ in steps)


@pytest.fixture
def root(tmp_path) -> Path:
    """A course of one lab, 2-vm, with steps 2.3 and 2.4."""
    for name, text in {
        "labs/2-vm/lab.toml": lab_toml("2.3", "2.4"),
        "solutions/2-vm/walk.c": C,
        "solutions/2-vm/sub/tool.py": "#!/usr/bin/env python3\n# BEGIN SOLUTION 2.4\n# END SOLUTION\n",
        "solutions/2-vm/given.h": "#pragma once\r\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, newline="")
    (tmp_path / "solutions/2-vm/sub/tool.py").chmod(0o755)
    (tmp_path / "solutions/2-vm/key.bin").write_bytes(b"\0\xff\r\n")
    return tmp_path


def snapshot(folder: Path) -> dict:
    def look(path: Path) -> tuple:
        return path.read_bytes(), path.stat().st_mode & 0o111, path.stat().st_mtime_ns

    return {path.relative_to(folder).as_posix(): look(path)
            for path in folder.rglob("*") if path.is_file()}


def test_a_folder(root):
    out = root / "build/starter"
    generate.pristine(out, root)
    assert sorted(snapshot(out)) == [".generated", "2-vm/given.h", "2-vm/key.bin", "2-vm/sub/tool.py", "2-vm/walk.c"]
    assert (out / "2-vm/walk.c").read_text() == C_STARTER
    assert (out / "2-vm/key.bin").read_bytes() == b"\0\xff\r\n"
    assert (out / "2-vm/given.h").read_bytes() == b"#pragma once\r\n"
    assert (out / "2-vm/sub/tool.py").read_text() == "#!/usr/bin/env python3\n"
    assert (out / "2-vm/sub/tool.py").stat().st_mode & stat.S_IXUSR
    assert not (out / "2-vm/walk.c").stat().st_mode & stat.S_IXUSR


def test_the_manifest_names_contents_as_git_does(root):
    generate.pristine(root / "out", root)
    files = ["2-vm/given.h", "2-vm/key.bin", "2-vm/sub/tool.py", "2-vm/walk.c"]
    hashed = subprocess.run(["git", "hash-object", "--no-filters", *files], cwd=root / "out", capture_output=True,
                            text=True, check=True)
    modes = ["100644", "100644", "100755", "100644"]
    lines = (root / "out/.generated").read_text().splitlines()
    assert lines[0].startswith("# ")
    assert lines[1:] == [" ".join(entry) for entry in zip(modes, hashed.stdout.split(), files, strict=True)]
    assert generate.blob(b"") == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
    tool = generate.read_manifest(root / "out")["2-vm/sub/tool.py"]
    assert tool == (True, generate.blob(b"#!/usr/bin/env python3\n"))


def test_twice_is_the_same_and_touches_nothing(root):
    generate.pristine(root / "out", root)
    before = snapshot(root / "out")
    generate.pristine(root / "out", root)
    assert snapshot(root / "out") == before
    generate.pristine(root / "other", root)
    assert {name: made[:2] for name, made in snapshot(root / "other").items()} == \
        {name: made[:2] for name, made in before.items()}


def test_the_executable_bit_follows(root):
    out = root / "out"
    generate.pristine(out, root)
    (root / "solutions/2-vm/sub/tool.py").chmod(0o644)
    (root / "solutions/2-vm/given.h").chmod(0o755)
    generate.pristine(out, root)
    assert not os.access(out / "2-vm/sub/tool.py", os.X_OK) and os.access(out / "2-vm/given.h", os.X_OK)
    listed = generate.read_manifest(out)
    assert not listed["2-vm/sub/tool.py"][0] and listed["2-vm/given.h"][0]


def test_what_is_to_be_left_is_left_and_listed_all_the_same(root):
    out, files = root / "out", generate.course_files(root)
    generate.write(out, files)
    (out / "2-vm/walk.c").write_text("a student's")
    del files["2-vm/key.bin"]
    generate.write(out, files, leave=["2-vm/walk.c", "2-vm/key.bin"])
    assert (out / "2-vm/walk.c").read_text() == "a student's" and (out / "2-vm/key.bin").exists()
    assert {path: blob for path, (_, blob) in generate.read_manifest(out).items()} == {
        path: made.blob for path, made in files.items()}


def test_what_solutions_lost_is_removed_and_what_is_not_the_generators_stays(root):
    out = root / "out"
    generate.pristine(out, root)
    (out / "2-vm/mine.txt").write_text("a student's")
    (root / "solutions/2-vm/key.bin").unlink()
    (root / "solutions/2-vm/sub/tool.py").rename(root / "solutions/2-vm/sub2")
    (root / "solutions/2-vm/sub").rmdir()
    (root / "solutions/2-vm/sub2").rename(root / "solutions/2-vm/sub")  # a file where a folder was
    generate.pristine(out, root)
    assert sorted(snapshot(out)) == [".generated", "2-vm/given.h", "2-vm/mine.txt", "2-vm/sub", "2-vm/walk.c"]
    assert sorted(generate.read_manifest(out)) == ["2-vm/given.h", "2-vm/sub", "2-vm/walk.c"]


def test_one_lab_leaves_the_others(root):
    (root / "labs/3-exceptions").mkdir()
    (root / "labs/3-exceptions/lab.toml").write_text(lab_toml("3.1"))
    (root / "solutions/3-exceptions").mkdir()
    (root / "solutions/3-exceptions/v.S").write_text("@ BEGIN SOLUTION 3.1\n@ END SOLUTION\nv:\n")
    generate.pristine(root / "out", root)
    (root / "solutions/3-exceptions/v.S").rename(root / "solutions/3-exceptions/w.S")
    (root / "solutions/2-vm/key.bin").unlink()
    generate.generate(root / "solutions/3-exceptions", root / "out")
    assert not (root / "out/3-exceptions/v.S").exists() and (root / "out/3-exceptions/w.S").read_text() == "v:\n"
    assert (root / "out/2-vm/key.bin").exists() and "2-vm/key.bin" in generate.read_manifest(root / "out")


def test_scrap_is_no_solution(root):
    for name in ("walk.c~", ".walk.c.swp", "walk.c.orig", "walk.c.rej", "walk.c.mine-1", "#walk.c#"):
        (root / "solutions/2-vm" / name).write_text("secret")
    (root / "solutions/2-vm/__pycache__").mkdir()
    (root / "solutions/2-vm/__pycache__/x.pyc").write_text("secret")
    assert sorted(generate.course_files(root)) == ["2-vm/given.h", "2-vm/key.bin", "2-vm/sub/tool.py", "2-vm/walk.c"]


def refused(root: Path) -> str:
    with pytest.raises(Usage) as error:
        generate.pristine(root / "out", root)
    assert not (root / "out").exists()
    return str(error.value)


@pytest.mark.parametrize("name, data, message", [
    ("a.c", b"x\n// BEGIN SOLUTION 2.3a\r\n// END SOLUTION\n",
     "solutions/2-vm/a.c:2: a file with markers has to end its lines with LF alone, and here is a CR"),
    ("a.c", b"x\n// BEGIN SOLUTION 2.3a\n\xe4\n// END SOLUTION\n",
     "solutions/2-vm/a.c:3: a file with markers has to be UTF-8"),
    ("a.c", b"// BEGIN SOLUTION 2.7\n// END SOLUTION\n",
     "solutions/2-vm/a.c:1: there is no step 2.7 in this lab's lab.toml"),
    ("z.c", b"\n// BEGIN SOLUTION 2.3\n// END SOLUTION\n", "solutions/2-vm/z.c:2: region 2.3 stands at "
     "solutions/2-vm/walk.c:3 already; a step in several places has ids 2.3a, 2.3b"),
    ("a\n.c", b"", r"'solutions/2-vm/a\n.c': this file's name cannot be printed; give it another"),
])
def test_errors_of_a_file(root, name, data, message):
    (root / "solutions/2-vm" / name).write_bytes(data)
    assert refused(root) == message


def test_a_step_without_a_region(root):
    (root / "labs/2-vm/lab.toml").write_text(lab_toml("2.3", "2.4", "2.5"))
    assert refused(root) == "labs/2-vm/lab.toml: step 2.5 has no region in solutions/2-vm"


def test_a_symbolic_link(root):
    (root / "solutions/2-vm/link.c").symlink_to("/etc/passwd")
    assert refused(root) == "solutions/2-vm/link.c: a solution is made of plain files, and this is a symbolic link"


def test_no_lab_toml(root):
    (root / "labs/2-vm/lab.toml").unlink()
    assert refused(root) == "solutions/2-vm: there is no labs/2-vm/lab.toml that says its steps"


def test_no_solutions(tmp_path):
    assert refused(tmp_path) == "there is no solutions/ here to make a starter from; starter/ stands as it was released"


@pytest.mark.parametrize("line", ["<<<<<<< HEAD", "100644 12 a", "100644 " + "0" * 40 + " ../../etc/passwd",
                                  "100644 " + "0" * 40 + " /etc/passwd", "100644 " + "0" * 40 + " a/.."])
def test_a_manifest_that_makes_no_sense(root, line):
    out = root / "starter"
    out.mkdir()
    (out / ".generated").write_text(f"# head\n{line}\n")
    with pytest.raises(Usage) as error:
        generate.read_manifest(out)
    assert str(error.value) == ("starter/.generated:2: not a line of the generator's; "
                                "type git checkout HEAD -- starter/.generated")
