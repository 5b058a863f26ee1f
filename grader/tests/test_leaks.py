"""The leak gate is graded as the checks are: in each kind of product a leak is planted by breaking what makes it, and
the gate has to find it; what is not broken leaks nothing."""
import base64
import bz2
import gzip
import io
import lzma
import re
import shutil
import subprocess
import tarfile
import zipfile
import zlib
from argparse import Namespace
from pathlib import Path

import pytest

from grader import canary, docs, generate, labs, leaks, release
from grader.errors import GraderError
from grader.paths import ROOT
from grader.site import pdf, stage

WORD = "q7mfx0wkz3tbr9dv"
LAB = 'title = "One"\n[files]\nkernel = ["one.c"]\n[[steps]]\nid = "1.1"\ntitle = "It"\nhours = 1\n'
SOURCE = """// The file.

// What it begins with.
int start;

// BEGIN SOLUTION 1.1
// Adds one, and the carry.
int first_of_the_secret(int carry) { return carry + 17; }
int second_of_the_secret(int carry) { return first_of_the_secret(carry) << 2; }
int third_of_the_secret(int carry) { return second_of_the_secret(carry) < 3 && carry; }
// INSTEAD
//| int todo(void);
// END SOLUTION
"""
PAGE = """# One

It begins so:

<!-- source: solutions/1-one/one.c#start -->
```c
```
"""
CHALLENGE = """// What goes further.

int first_of_the_challenge(int carry) { return carry * 17; }
int second_of_the_challenge(int carry) { return first_of_the_challenge(carry) >> 2; }
int third_of_the_challenge(int carry) { return second_of_the_challenge(carry) != 3 && carry; }
"""
CHANGE = """--- a/one.c
+++ b/one.c
@@ -3,4 +3,6 @@
 // What it begins with.
-int start;
+int start_of_the_challenge;
+int middle_of_the_challenge;
+int ending_of_the_challenge;
 
 // BEGIN SOLUTION 1.1
"""
SOLUTION = "\n".join(generate.regions(SOURCE)[0].solution)


# Each way in which something may be packed.

def zipped(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inside", data)
    return out.getvalue()


def tarred(data: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        entry = tarfile.TarInfo("inside")
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def pdf_stream(data: bytes) -> bytes:
    return b"%PDF-1.7\n1 0 obj\n<< /Filter /FlateDecode >>\nstream\n" + zlib.compress(data) + b"\nendstream\n"


PACKED = {
    "plain": bytes, "in capitals": bytes.upper, "utf-16": lambda data: data.decode().encode("utf-16"),
    "big-endian": lambda data: data.decode().encode("utf-16-be"), "hex": lambda data: data.hex().encode(),
    "gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress, "zip": zipped, "tar": tarred,
    "archives in archives": lambda data: gzip.compress(tarred(zipped(gzip.compress(data)))),
    "a stream within": lambda data: b"\x7fELF\0\0" + zlib.compress(data, 1) + b"\0\xff",
    "gzip within": lambda data: b"\0\xff" + gzip.compress(data) + b"\0\xff",
    "a pdf's stream": pdf_stream,
}


@pytest.mark.parametrize("packed", PACKED.values(), ids=PACKED.keys())
def test_a_canary_is_found_however_it_is_packed(packed, tmp_path, monkeypatch):
    monkeypatch.setattr(canary, "_pdf_text", lambda data: b"")
    data = packed(b"of the solution: " + WORD.encode() + b"0001 and so on")
    (tmp_path / "file").write_bytes(data)
    leaks = canary.Canaries(WORD, {}, ["a.c", "b.c"]).search(tmp_path)
    assert leaks and {leak.what for leak in leaks} <= {"b.c", "a solution"}, leaks
    assert canary.Canaries(WORD[::-1], {}, ["a.c", "b.c"]).search(tmp_path) == []


@pytest.mark.parametrize("before", range(3))
def test_a_canary_is_found_in_base64_wherever_it_begins(before, tmp_path):
    (tmp_path / "file").write_bytes(base64.b64encode(b"x" * before + WORD.encode() + b"0001"))
    assert canary.Canaries(WORD, {}, []).search(tmp_path)


def test_a_canary_is_found_in_a_name(tmp_path):
    (tmp_path / f"{WORD}0000.c").write_bytes(b"")
    assert canary.Canaries(WORD, {}, ["a.c"]).search(tmp_path) == [canary.Leak(f"{tmp_path.name}/{WORD}0000.c", "a.c")]


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="there is no pdftotext")
def test_a_canary_is_found_in_a_pdf_that_breaks_the_line(tmp_path):
    text = f"BT /F1 12 Tf 14 TL 72 700 Td ({WORD[:7]}-) Tj T* ({WORD[7:]}0000) Tj ET".encode()
    body = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources 6 0 R >>",
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>", b"<< /Font << /F1 5 0 R >> >>"]
    objects = b"".join(b"%d 0 obj\n%s\nendobj\n" % (number, part) for number, part in enumerate(body, 1))
    (tmp_path / "file.pdf").write_bytes(b"%PDF-1.4\n" + objects + b"trailer << /Root 1 0 R >>\n")
    assert [leak.what for leak in canary.Canaries(WORD, {}, ["a.c"]).search(tmp_path)] == ["a.c"]


def test_a_pdf_is_not_passed_over_without_the_tool(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    (tmp_path / "file.pdf").write_bytes(pdf_stream(b""))
    with pytest.raises(GraderError, match="type sudo apt-get install poppler-utils"):
        canary.Canaries(WORD, {}, []).search(tmp_path)


def git(root: Path, *args: str, **more) -> str:
    return subprocess.run(["git", "-c", "user.name=A", "-c", "user.email=a@b", *args], cwd=root, check=True, text=True,
                          capture_output=True, **more).stdout.strip()


@pytest.mark.parametrize("hide", [
    lambda root: git(root, "rm", "-q", "file"), lambda root: git(root, "reset", "-q", "--hard", "HEAD~"),
    lambda root: git(root, "commit", "-q", "--amend", "--allow-empty", "-m", f"{WORD}0001"),
    lambda root: git(root, "gc", "-q"),
], ids=["a later commit", "no commit", "a message", "a pack"])
def test_a_canary_is_found_in_a_repositorys_history(hide, tmp_path):
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "first")
    (tmp_path / "file").write_text(f"{WORD}0001")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "-q", "-m", "second")
    hide(tmp_path)
    (tmp_path / "file").unlink(missing_ok=True)
    objects = [leak for leak in canary.Canaries(WORD, {}, ["a.c", "b.c"]).search(tmp_path) if ".git: " in leak.where]
    assert objects and {leak.what for leak in objects} == {"b.c"}


# Each product, made by what is broken.

@pytest.fixture
def course(tmp_path, monkeypatch):
    """A small course, whose products are made by the functions that make the real ones."""
    root = tmp_path / "course"
    files = {"labs/1-one/lab.toml": LAB, "labs/1-one/README.md": PAGE, "solutions/1-one/one.c": SOURCE,
             "solutions/1-one/challenges/more/more.c": CHALLENGE, "solutions/1-one/challenges/more/change.patch": CHANGE,
             "labs/1-one/mutants/wrong.patch": "Kills: it\n", "README.md": "# Course\n\nIt is [one](labs/1-one).\n",
             "kernel/include/exo/uart.h": "// The serial line.\n\nvoid uart(void);\n",
             "kernel/include/libos/io.h": "// Input.\n\nvoid io(void);\n", "grader/README.md": "# Grader\n"}
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    generate.pristine(root / "starter", root)
    return root


def leaking(course: Path, product: str) -> list[tuple[str, str]]:
    """(file, solution) of what a product gives away."""
    made = next(each for each in leaks.PRODUCTS if each.name == product)
    return [(leak.where, leak.what) for leak in leaks.search(made, course)[0]]


def test_a_sound_course_leaks_nothing(course, monkeypatch):
    monkeypatch.setattr(release, "objects", lambda tree, earlier: {})
    assert leaking(course, "release") == [] == leaking(course, "handouts")


def test_a_leak_in_the_starter(course, monkeypatch):
    monkeypatch.setattr(generate, "starter_text", lambda text, *_: text.replace("SOLUTION", "WORK"))
    where = leaks.search(leaks.Product("starter", lambda tree, out: [tree / "starter"]), course)[0]
    assert {leak.where for leak in where if leak.what == "solutions/1-one/one.c, region 1.1"} == {"starter/1-one/one.c"}
    assert "a name of solutions/1-one/one.c" in {leak.what for leak in where}


def test_a_leak_in_a_page_the_site_and_its_search_index(course, monkeypatch):
    real = docs._source
    monkeypatch.setattr(docs, "_source", lambda *of: (real(*of)[0], set()))
    page = course / "labs/1-one/README.md"
    page.write_text(PAGE.replace("#start", "#first_of_the_secret"))
    files = {where for where, what in leaking(course, "handouts") if what == "solutions/1-one/one.c, region 1.1"}
    assert {"README.md", "out/site/1-one/index.html", "out/site/searchindex.js"} <= files


@pytest.mark.parametrize("text", [
    f"# One\n\n```c\n{SOLUTION}\n```\n", "# One\n\n> ```c\n" + re.sub("(?m)^", "> ", SOLUTION) + "\n> ```\n",
    "# One\n\n```diff\n" + re.sub("(?m)^", "+\t ", SOLUTION) + "\n```\n",
], ids=["as it stands", "quoted", "as a diff"])
def test_a_solution_that_was_pasted_into_a_page(course, text, monkeypatch):
    """Without its markers, so that no canary is in it."""
    monkeypatch.setattr(release, "objects", lambda tree, earlier: {})
    (course / "labs/1-one/README.md").write_text(text)
    for product, files in (("handouts", ["README.md", "index.html"]), ("release", ["labs/1-one/README.md", "blob"])):
        leaks = [where for where, what in leaking(course, product) if what == "solutions/1-one/one.c, region 1.1"]
        assert all(any(file in where for where in leaks) for file in files), leaks


@pytest.mark.parametrize("file, text", [("more.c", CHALLENGE), ("change.patch", CHANGE), ("change.patch", CHANGE.replace("\n+", "\n"))],
                         ids=["a file", "a change", "what it adds"])
def test_a_challenge_that_was_pasted_into_a_page(course, file, text):
    page = generate.Made(f"# One\n\n```c\n{text}\n```\n".encode())
    assert {leak.what for leak in canary.pasted({"README.md": page}, course)} == {f"solutions/1-one/challenges/more/{file}"}


@pytest.mark.parametrize("columns", [30, 200], ids=["lines broken", "lines whole"])
def test_a_solution_that_was_pasted_is_found_on_paper(course, columns, monkeypatch):
    """In the PDF alone, which breaks its lines, over the end of a page."""
    real = stage.staged_text
    page = "\n".join(["```c", *["x"] * 50, SOLUTION, "```"])
    monkeypatch.setattr(stage, "staged_text", lambda page_, *of: real(page_, *of) + page * (page_.lab is not None))
    style = course.parent / "print.css"
    style.write_text(pdf.STYLE.read_text() + f"pre {{ width: {columns}ch; }}")
    monkeypatch.setattr(pdf, "STYLE", style)
    monkeypatch.setattr(stage, "build", lambda *_: 0)
    found = leaking(course, "handouts")
    assert found == [("out/pdf/1-one.pdf: text", "solutions/1-one/one.c, region 1.1")]


@pytest.mark.parametrize("break_it, what", [
    (lambda patch: patch.setattr(release, "NEVER", ()), ["labs/1-one/mutants/wrong.patch", "labs/1-one/hidden"]),
    (lambda patch: patch.setattr(release, "make", lambda tree, *_: {
        str(path.relative_to(tree)): generate.Made(path.read_bytes()) for path in tree.rglob("*") if path.is_file()}),
     ["solutions/1-one/one.c, region 1.1", "a name of solutions/1-one/one.c", "solutions/1-one/challenges/more/more.c",
      "solutions/1-one/challenges/more/change.patch"]),
], ids=["mutants and hidden checks", "solutions"])
def test_a_leak_in_the_repository_and_the_archive(course, monkeypatch, break_it, what):
    break_it(monkeypatch)
    monkeypatch.setattr(release, "objects", lambda tree, earlier: {})
    found = leaking(course, "release")
    for solution in what:
        where = [where for where, leaked in found if leaked == solution]
        assert any(".git: blob" in place for place in where), where
        assert any(place.startswith("exolab-1-one.tar.gz: ") for place in where), where


def test_a_leak_in_the_release_trees_history(course, monkeypatch, tmp_path):
    """The next release no longer has it, and whoever clones it gets it all the same."""
    planted = canary.plant(course)
    lab, files = labs.find("1", course), release.make(course, labs.find("1", course))
    leaky = files | {"notes": generate.Made((course / "solutions/1-one/one.c").read_bytes())}
    for each in (leaky, files):
        release.publish(each, lab, release.Commit("A <a@b> 0 +0000", 0), tmp_path / "release")
    assert not (tmp_path / "release/notes").exists()
    found = planted.search(tmp_path / "release")
    assert {leak.what for leak in found if ".git: blob" in leak.where} == {*planted.places[:2]}


# The reference as objects, made of lab 1 as it is here.

@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """What of this course lab 1's objects are made of, with canaries, and these."""
    tree = tmp_path_factory.mktemp("objects") / "tree"
    for folder in ("kernel", "labs/1-boot", "solutions/1-boot"):
        shutil.copytree(ROOT / folder, tree / folder)
    return tree, canary.plant(tree)


def objects(tree: Path, out: Path) -> Path:
    for name, made in release.objects(tree, [labs.find("1", tree)]).items():
        generate.put(out / name, made)
    return out


def test_the_objects_have_no_trace_of_what_they_were_made_of(planted, tmp_path):
    tree, canaries = planted
    assert canaries.search(objects(tree, tmp_path)) == []
    assert b"solutions" not in b"".join(path.read_bytes() for path in tmp_path.rglob("*.o"))


@pytest.mark.parametrize("line, kinds", [
    ("objcopy --strip-debug", ("uart.c",)), ("objcopy --redefine-syms", ("uart.c", "start.S"))])
def test_a_leak_in_an_objects_names(planted, tmp_path, line, kinds):
    tree, canaries = planted
    makefile = tree / "kernel/lab.mk"
    before = makefile.read_text()
    assert f"$(CROSS){line}" in before
    makefile.write_text(before.replace(f"$(CROSS){line}", "true "))
    try:
        found = {leak.what for leak in canaries.search(objects(tree, tmp_path))}
    finally:
        makefile.write_text(before)
    assert {f"a name of solutions/1-boot/{file}" for file in kinds} <= found


@pytest.mark.parametrize("source, words", [
    ("int of_nobody_else(void) { return 1; }", ["it names of_nobody_else, which no file that goes with it does"]),
    ("int known(void) { return 1; }", []),
    ("int known(void) { static int unseen; return unseen++; }",
     ["it names unseen.0, which no file that goes with it does"]),
])
def test_an_object_names_what_others_do_alone(source, words, tmp_path):
    subprocess.run(["arm-none-eabi-gcc", "-xc", "-c", "-", "-o", tmp_path / "x.o"], input=source.encode(), check=True)
    subprocess.run(["arm-none-eabi-objcopy", "--strip-debug", tmp_path / "x.o"], check=True)
    files = {"x.o": generate.Made((tmp_path / "x.o").read_bytes()), "x.h": generate.Made(b"int known(void);")}
    assert [leak.what for leak in canary.pasted(files, tmp_path)] == words


def test_what_is_to_debug_with_is_told(tmp_path):
    subprocess.run(["arm-none-eabi-gcc", "-g", "-xc", "-c", "-", "-o", tmp_path / "x.o"], input=b"int known;",
                   check=True)
    files = {"x.o": generate.Made((tmp_path / "x.o").read_bytes()), "x.h": generate.Made(b"int known;")}
    assert "it has .debug_info" in [leak.what for leak in canary.pasted(files, tmp_path)]


# This course.

@pytest.mark.parametrize("product", leaks.PRODUCTS, ids=[product.name for product in leaks.PRODUCTS])
def test_this_course_leaks_nothing(product, tmp_path):
    tree = tmp_path / "tree"
    shutil.copytree(ROOT, tree, ignore=lambda folder, names: [
        name for name in names if name in (".git", "build", "dist", "starter", "__pycache__", ".hypothesis")])
    generate.pristine(tree / "starter", tree)
    found, pieces = leaks.search(product, tree)
    assert found == [] and pieces > 200


def test_every_region_gets_a_canary_and_makes_the_same_starter(planted):
    tree, canaries = planted
    regions = sum(len(generate.regions(path.read_text())) for path in (ROOT / "solutions/1-boot").glob("*.[cS]"))
    assert sum(", region " in place for place in canaries.places) == regions
    generate.pristine(tree / "again", ROOT)
    for path in (tree / "starter/1-boot").iterdir():
        assert path.read_bytes() == (tree / "again/1-boot" / path.name).read_bytes()


def test_the_verb_says_what_it_found(course, monkeypatch, capsys):
    git(course, "init", "-q")
    git(course, "add", "-A")
    git(course, "commit", "-q", "-m", "course")
    monkeypatch.setattr(leaks, "ROOT", course)
    monkeypatch.setattr(release, "objects", lambda tree, earlier: {})
    assert leaks.main(Namespace(products=["release"])) == 0
    assert "files and parts of files, none has anything of a solution" in capsys.readouterr().out
    monkeypatch.setattr(release, "NEVER", ())
    assert leaks.main(Namespace(products=["release"])) == 1
    assert "labs/1-one/mutants/wrong.patch: labs/1-one/mutants/wrong.patch" in capsys.readouterr().out
