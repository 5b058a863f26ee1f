"""The command for scripts (exit codes, bad use in one line), labs as read and composed, whose fault a build is."""
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from grader import __main__ as command
from grader import build, labs, mutants, soak
from grader.errors import GraderError, Usage
from grader.paths import ROOT


def grader(*arguments, **environment):
    return subprocess.run([sys.executable, "-m", "grader", *map(str, arguments)], cwd=ROOT, capture_output=True,
                          text=True, env=os.environ | {"EXOLAB_DEBUG": ""} | environment)


def complaint(done):
    """The one line with which it refused."""
    assert (done.returncode, done.stdout) == (2, ""), done
    line, = done.stderr.splitlines()
    assert line.startswith("exolab: ")
    return line


# Bad use.

@pytest.mark.parametrize("arguments, words", [
    (["frob"], "there is no verb 'frob'; the verbs are: check, "),
    (["check", "9"], "there is no lab '9'; the labs are: 1-boot"),
    (["check"], "which lab? LAB=1"),
    (["check", ""], "which lab? LAB=1"),
    (["check", "1", "--src", "mine"], "SRC=mine: write SRC=starter or SRC=solutions"),
    (["check", "1", "--src", "solutions", "--seed", "x"], "SEED=x: write a number"),
    (["check", "1", "--src", "solutions", "--seed", str(1 << 64)], "below 2^64"),
    (["check", "1", "--src", "solutions", "--check", "nope"], "no check 'nope'; its checks are: reset, "),
    (["check", "1", "--src", "solutions", "--prior", "frob"], "write PRIOR=starter or PRIOR=solutions"),
    (["check", "1", "--frob"], "unrecognized arguments: --frob"),
    (["build", "1", "nope", "--src", "solutions"], "labs/1-boot/checks/nope.c: no such payload"),
    (["mutants", "1", "2"], "unrecognized arguments: 2"),
])
def test_bad_use_is_one_line(arguments, words):
    assert words in complaint(grader(*arguments))


def test_help_names_the_verbs():
    done = grader("--help")
    assert done.returncode == 0 and all(verb in done.stdout for verb in command.VERBS)
    assert grader().returncode == 2


@pytest.mark.parametrize("verb", command.VERBS)
def test_each_verb_is_there(verb):
    done = grader(verb, "--help")
    assert done.returncode == 0 and done.stdout.startswith("usage: ") and done.stderr == ""


@pytest.mark.parametrize("tool", ["qemu-system-arm", "arm-none-eabi-gcc", "make"])
def test_a_missing_tool_is_named(tool, tmp_path):
    for folder in os.environ["PATH"].split(":"):
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            if name != tool and not (tmp_path / name).is_symlink():
                (tmp_path / name).symlink_to(os.path.join(folder, name))
    line = complaint(grader("check", "1", "--src", "solutions", PATH=str(tmp_path)))
    assert tool in line and "make doctor" in line


def test_a_report_that_cannot_be_written_is_one_line():
    done = grader("check", "1", "--src", "solutions", "--check", "reset", "--json", "/dev/full")
    assert done.returncode == 2 and done.stderr == "exolab: the disk is full\n"
    done = grader("check", "1", "--src", "solutions", "--check", "reset", "--json", "/nowhere/report.json")
    assert done.returncode == 2 and done.stderr == "exolab: No such file or directory: /nowhere/report.json\n"


def test_an_interrupt_is_one_line():
    process = subprocess.Popen([sys.executable, "-m", "grader", "soak", "1", "--runs", "1000"], cwd=ROOT, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    time.sleep(2)       # into a run: long before a thousand are through
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert (process.returncode, out, err) == (2, "", "exolab: interrupted\n")


def test_an_interrupt_within_a_destructor_is_not_told():
    program = """
import os, signal
from grader import __main__, errors
class Ending:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
__main__._unwind_when_ended()
del (ending := [Ending()])[0]
print(errors.interrupted)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, text=True, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"[{signal.SIGTERM.value}]\n", "")


@pytest.mark.parametrize("error, words", [
    (OSError(errno.ENOSPC, "No space left on device", "build/x"), "the disk is full: build/x"),
    (PermissionError(errno.EACCES, "Permission denied", "labs/x"), "Permission denied: labs/x"),
    (GraderError("QEMU died"), "QEMU died"), (Usage("type this"), "type this"),
    (ZeroDivisionError("division by zero\nat home"),
     "the grader is broken here: ZeroDivisionError: division by zero (set EXOLAB_DEBUG=1"),
    (KeyboardInterrupt(), "interrupted"),
])
def test_whatever_goes_wrong_is_one_line(error, words, monkeypatch, capsys):
    def main(args):
        raise error
    monkeypatch.setattr(soak, "main", main)
    monkeypatch.delenv("EXOLAB_DEBUG", raising=False)
    assert command.main(["soak"]) == 2
    line, = capsys.readouterr().err.splitlines()
    assert line.startswith(f"exolab: {words}")
    monkeypatch.setenv("EXOLAB_DEBUG", "1")
    command.main(["soak"])
    assert ("Traceback" in capsys.readouterr().err) == (not isinstance(error, KeyboardInterrupt))


# Which files.

@pytest.fixture(autouse=True)
def a_students_build(monkeypatch):
    """Warnings are errors where CI builds what is given; a student's never are."""
    monkeypatch.delenv("WERROR", raising=False)


@pytest.fixture
def course(tmp_path):
    """A course of three labs without code."""
    for name in ("1-one", "2-two", "10-ten"):
        for tree in ("starter", "solutions"):
            (tmp_path / tree / name).mkdir(parents=True)
        (tmp_path / "labs" / name).mkdir(parents=True)
        number, word = name.split("-")
        toml = (f'title = "{word}"\n[files]\nkernel = ["{word}.c", "{word}.S"]\n'
                f'[[steps]]\nid = "{number}.1"\ntitle = "x"\nhours = 1\n')
        (tmp_path / "labs" / name / "lab.toml").write_text(toml)
    return tmp_path


@pytest.mark.parametrize("wanted", ["2", "two", "2-two", "starter/2-two", "labs/2-two/", "/somewhere/solutions/2-two"])
def test_a_lab_has_many_names(course, wanted):
    assert labs.find(wanted, course).name == "2-two"


@pytest.mark.parametrize("wanted", ["3", "1", "-", "2-", "two-2", "2-one"])
def test_no_other_names(course, wanted):
    if wanted == "1":
        assert labs.find(wanted, course).name == "1-one"
        return
    with pytest.raises(Usage, match="the labs are: 1-one, 2-two, 10-ten"):
        labs.find(wanted, course)


@pytest.mark.parametrize("src, prior, config, files", [
    ("starter", {}, "", "starter/1-one starter/2-two starter/10-ten"),
    ("solutions", {}, "", "solutions/1-one solutions/2-two solutions/10-ten"),
    ("starter", {"PRIOR": "solutions"}, "", "solutions/1-one solutions/2-two starter/10-ten"),
    ("starter", {"PRIOR_2": "solutions"}, "", "starter/1-one solutions/2-two starter/10-ten"),
    ("starter", {}, "# mine\nPRIOR_1 := solutions # stuck\nX = 1\n", "solutions/1-one starter/2-two starter/10-ten"),
    ("starter", {"PRIOR_1": "starter"}, "PRIOR=solutions\n", "starter/1-one solutions/2-two starter/10-ten"),
    ("solutions", {}, "PRIOR=starter\n", "solutions/1-one solutions/2-two solutions/10-ten"),
    ("solutions", {"PRIOR": "starter"}, "", "starter/1-one starter/2-two solutions/10-ten"),
])
def test_a_kernel_is_composed(course, src, prior, config, files):
    (course / "starter/config.mk").write_text(config)
    kernel = labs.compose(labs.find("10", course), src, prior, course)
    names = [folder + "/" + folder.partition("-")[2] for folder in files.split()]
    assert [str(file) for file in kernel.files] == [name + kind for name in names for kind in (".c", ".S")]


def test_a_wrong_word_in_config_mk_names_it(course):
    (course / "starter/config.mk").write_text("PRIOR_1=mine\n")
    with pytest.raises(Usage, match="starter/config.mk: PRIOR_1=mine"):
        labs.compose(labs.find("2", course), root=course)


@pytest.mark.parametrize("old, new, words", [
    ('title = "two"\n', "title = \n", "Invalid value"),
    ('title = "two"', "title = 2", "title is 2, not a text"),
    ('title = "two"', "", "title is missing"),
    ('title = "two"', 'title = "two"\nflor = 1', "flor: not a key"),
    ('"two.c", "two.S"', '"../two.c"', "'../two.c', which is no file name"),
    ('"two.c", "two.S"', '"two.c", "two.c"', "two.c: listed twice"),
    ('"two.c", "two.S"]', '"two.c"]\ngiven = ["grader/x.c"]', "given has 'grader/x.c', which is no file below kernel/"),
    ('"two.c", "two.S"', "1", "kernel has 1"),
    ('["two.c", "two.S"]', '"two.c"', "not a list of file names"),
    ('id = "2.1"', 'id = "1.1"', "step id '1.1' is not of this lab"),
    ("hours = 1", "hours = 1\n[[steps]]\nid = \"2.1\"\ntitle = \"y\"\nhours = 1", "step 2.1 stands twice"),
    ("hours = 1", "", "hours is missing"),
    ("[[steps]]", "[steps]", "steps is"),
    ("[files]\n", "[file]\n", "files is missing"),
    ("hours = 1", "hours = 1\nsteps = 1", "step 2.1"),
])
def test_a_malformed_lab_toml_names_file_and_fault(course, old, new, words):
    file = course / "labs/2-two/lab.toml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(GraderError) as raised:
        labs.find("2", course)
    said = str(raised.value)
    assert said.startswith("labs/2-two/lab.toml: ") and words in said and "\n" not in said


def test_a_tree_with_a_space_is_refused(course):
    (course / "my work/1-one").mkdir(parents=True)
    with pytest.raises(Usage, match="my work/1-one: make cannot"):
        labs.compose(labs.find("1", course), "my work", root=course)


# Whose fault.

@pytest.fixture
def tree(tmp_path):
    """A copy of lab 1's solution to break: tree(file, old, new) -> its kernel."""
    shutil.copytree(ROOT / "solutions/1-boot", tmp_path / "mine/1-boot")

    def broken(file, old, new):
        path = tmp_path / "mine/1-boot" / file
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new, 1))
        return labs.compose(labs.find("1"), str(tmp_path / "mine"))
    return broken


def test_what_is_built_is_built_once(tree, monkeypatch):
    kernel = tree("bss.c", "boot_bss", "boot_bss")
    first = build.build(kernel, ["demo", "demo"])
    assert list(first.elfs) == ["demo"] and not first.failed
    before = first.elfs["demo"].stat().st_mtime_ns
    assert build.build(kernel, ["demo"]).elfs["demo"].stat().st_mtime_ns == before
    assert tree("bss.c", "= 0;", "= 0 * 1;") == kernel
    assert build.build(kernel, ["demo"]).elfs["demo"].stat().st_mtime_ns > before


@pytest.mark.parametrize("file, old, new, words", [
    ("bss.c", "= 0;", "= 0", "bss.c:"),
    ("bss.c", "#include", "#include <nowhere.h>\n#include", "nowhere.h"),
    ("start.S", "_start:", "_start: frob r0\n", "start.S:"),
    ("bss.c", "boot_bss(", "boot_bsss(", "undefined reference to `boot_bss'"),
    ("bss.c", "void\nboot_bss", "void kmain(void) {}\nvoid\nboot_bss", "multiple definition of `kmain'"),
    ("bss.c", "= 0;", '= 0;\n#error "Permission denied: No space left on device"\n', "#error"),
    ("uart.c", "static physaddr_t uart;", "static physaddr_t uart; char big[1 << 30];", "ld: "),
])
def test_a_students_error_is_told_by_the_compiler(tree, file, old, new, words):
    built = build.build(tree(file, old, new), ["demo", "panic"])
    assert not built.elfs and set(built.failed) == {"demo", "panic"}
    for said in built.failed.values():
        assert words in said and "make" not in said and "/usr/" not in said


@pytest.mark.parametrize("new, words", [("= 0", "error: expected ';'"),
                                        ('= 0; asm("frob");', "bad instruction `frob'")])
def test_the_compiler_says_the_same_again(tree, new, words):
    kernel = tree("bss.c", "= 0;", new)
    first, second = build.build(kernel, ["demo"]), build.build(kernel, ["demo"])
    assert first == second and words in first.failed["demo"]


def test_warnings_are_shown_and_forgiven(tree, capsys):
    assert build.build(tree("bss.c", "boot_bss(void)\n{", "boot_bss(void)\n{\n\tint unused;"), ["demo"]).elfs
    assert "unused variable" in capsys.readouterr().err


def test_a_missing_file_is_named(tree):
    kernel = tree("bss.c", "= 0;", "= 0;")
    (kernel.root / kernel.tree / "bss.c").unlink()
    assert "bss.c: this file is missing" in build.build(kernel, ["demo"]).failed["demo"]


def test_a_build_error_in_check(tree, tmp_path):
    kernel = tree("bss.c", "= 0;", "= 0")
    done = grader("check", "1", "--src", kernel.src, "--check", "reset", "--json", tmp_path / "r.json")
    report = json.loads((tmp_path / "r.json").read_text())
    assert done.returncode == 1 and report["checks"][0]["reason"] == "build error"
    assert "error: expected ';'" in done.stdout


def test_a_poor_locale_is_no_trouble(tree):
    kernel = tree("bss.c", "= 0;", "= 0;\n#error \x1b[31m")
    done = grader("check", "1", "--src", kernel.src, "--check", "reset", PYTHONIOENCODING="ascii")
    assert done.returncode == 1 and "#error \\u241b[31m" in done.stdout


STUBS = {
    "echo 'cc1: fatal error: error writing to x.s: No space left on device' >&2; exit 1": "the disk is full",
    "echo 'gcc: fatal error: Killed signal terminated program cc1' >&2; exit 1": "the compiler was killed",
    "echo 'x.c:1: internal compiler error: Segmentation fault' >&2; exit 4": "the compiler broke",
    "kill -9 $$": "something stopped the compiler",
    "exit 127": "something stopped the compiler",
}


@pytest.mark.parametrize("script, words", STUBS.items(), ids=STUBS.values())
def test_a_compiler_that_is_stopped_is_no_students_error(tree, tmp_path, monkeypatch, script, words):
    stub = tmp_path / "bin/arm-none-eabi-gcc"
    stub.parent.mkdir()
    stub.write_text(f"#!/bin/sh\n{script}\n")
    stub.chmod(0o755)
    kernel = tree("bss.c", "= 0;", "= 0 + 0;")
    monkeypatch.setenv("PATH", f"{stub.parent}:{os.environ['PATH']}")
    with pytest.raises(GraderError, match=words):
        build.build(kernel, ["demo"])


def test_a_payload_that_never_links_is_ours(tree, tmp_path, monkeypatch):
    """With the solutions it does not link either, so the student is not to blame."""
    kernel = tree("bss.c", "= 0;", "= 0 + 0;")
    payload = tmp_path / "payload.c"
    payload.write_text("void nobody(void); void check_main(void); void check_main(void) { nobody(); }\n")
    monkeypatch.setattr(build, "payload_source", lambda lab, name: payload)
    with pytest.raises(GraderError, match="does not link with the solutions either.*nobody"):
        build.build(kernel, ["payload"])


def test_a_payload_that_does_not_compile_is_ours(tree, tmp_path, monkeypatch):
    payload = tmp_path / "payload.c"
    payload.write_text("this is no C\n")
    monkeypatch.setattr(build, "payload_source", lambda lab, name: payload)
    with pytest.raises(GraderError, match="not the student's does not compile: .*payload.c:1"):
        build.build(tree("bss.c", "= 0;", "= 0 + 0;"), ["payload"])


# What a student's file may do to a build: nothing but be compiled.

@pytest.mark.parametrize("text", [
    "*** [x: --eval=$(shell touch {mark})] Error 1",
    "make: *** [kernel/lab.mk:50: --eval=$(shell touch {mark})] Error 1",
])
def test_what_looks_like_a_line_of_make_is_no_command(tree, tmp_path, text):
    mark = tmp_path / "pwned"
    built = build.build(tree("bss.c", "= 0;", f"= 0;\n#error {text.format(mark=mark)}\n"), ["demo"])
    assert "#error" in built.failed["demo"] and not mark.exists()


@pytest.mark.parametrize("target", ["--eval=$(shell touch {mark})", "nope", "{objects}/kernel/core/main.c.o",
                                    "{objects}/{folder}/uart.c.o"])
def test_nor_is_one_that_begins_as_makes_do(tree, tmp_path, target):
    """#line puts any text where a line begins; what compiles all the same is not to blame."""
    mark, folder = tmp_path / "pwned", tmp_path / "mine/1-boot"
    kernel = tree("bss.c", "= 0;", "= 0;\n")
    target = target.format(mark=mark, folder=folder, objects=f"{build._relative(build.BUILD)}/obj-virt-O2")
    forged = rf'#line 1 "x\nmake: *** [kernel/lab.mk:50: {target}] Error 1\n"'
    kernel = tree("bss.c", "= 0;\n", f"= 0;\n{forged}\n#error mine\n")
    built = build.build(kernel, ["demo"])
    assert "#error mine" in built.failed["demo"] and not mark.exists()


@pytest.mark.parametrize("line", ['#error Permission denied', '#line 1 "x"\n#error No space left on device',
                                  '#line 1 "x"\n#error CPU time limit exceeded'])
def test_a_message_in_a_file_is_no_trouble_of_the_tools(tree, line):
    assert "#error" in build.build(tree("bss.c", "= 0;", f"= 0;\n{line}\n"), ["demo"]).failed["demo"]


@pytest.mark.parametrize("file, line", [
    ("bss.c", '#include "{secret}"\n'), ("bss.c", "#include <{secret}>\n"),
    ("bss.c", '#include "own.h"\n'),
    ("bss.c", '#include "{secret}"\n#error stop\n'),
    ("bss.c", '#line 1 "{secret}"\n#error stop\n'),
    ("bss.c", '#line 1 "{secret}"\n#warning stop\n'),
    ("bss.c", 'asm(".pushsection .rodata\\n.incbin \\"{secret}\\"\\n.popsection");\n'),
    ("start.S", '.pushsection .rodata\n.incbin "{secret}"\n.popsection\n'),
    ("start.S", '.include "{secret}"\n'), ("start.S", '.include "{secret}"\n.frob\n'),
    ("start.S", '#include "{secret}"\n'),
])
@pytest.mark.parametrize("compiles", [False, True])
def test_a_file_of_the_host_is_not_taken_in(tree, tmp_path, capsys, file, line, compiles):
    secret = tmp_path / "secret"
    (tmp_path / "mine/1-boot/own.h").write_text(f'#pragma GCC system_header\n#include "{secret}"\n')
    secret.write_text(("the_secret = 12345\n" if file == "start.S" else "int the_secret;\n") if compiles else
                      "root:the_secret:0\n")
    where = "#include <exo/boot.h>\n"
    built = build.build(tree(file, where, where + line.format(secret=secret)), ["demo"])
    said = "".join(built.failed.values()) + capsys.readouterr().err
    assert "the_secret" not in said
    if not (compiles and ".frob" in line):      # the assembler then speaks of the next line alone
        assert str(secret) in said and "not part of your kernel" in said and (built.failed or "#warning" in line)
    # And again, now that there is an object of it.
    assert build.build(labs.compose(labs.find("1"), str(tmp_path / "mine")), ["demo"]).failed == built.failed


def test_nor_is_the_reference(tree):
    path = ROOT / "solutions/1-boot/power.c"
    kernel = tree("power.c", "#include", "#include")
    (kernel.root / kernel.tree / "power.c").write_text(f'#include "{path}"\n')
    built = build.build(kernel, ["demo"])
    assert "takes in" in built.failed["demo"] and "solutions/1-boot/power.c" in built.failed["demo"]


def test_its_own_files_and_the_compilers_headers_are(tree):
    kernel = tree("bss.c", "= 0;", '= 0;\n#include "own.h"\n#include <limits.h>\nasm(".pushsection .rodata\\n'
                  '.incbin \\"" OWN "\\"\\n.popsection");\n')
    own = kernel.root / kernel.tree / "own.h"
    own.write_text(f'#define OWN "{own}"\n')
    assert build.build(kernel, ["demo"]).elfs


@pytest.mark.parametrize("make", [lambda path: (path.rename(f"{path}.x"), path.symlink_to(f"{path}.x")),
                                  lambda path: (path.parent / "data").symlink_to("/etc/passwd"),
                                  lambda path: os.mkfifo(path.parent / "data")])
def test_what_is_no_file_is_refused_in_words(tree, make):
    kernel = tree("bss.c", "= 0;", "= 0;")
    make(kernel.root / kernel.tree / "bss.c")
    said = build.build(kernel, ["demo"]).failed["demo"]
    assert "mine/1-boot/" in said and ("symbolic link" in said or "no ordinary file" in said)


def test_the_lock_of_an_editor_is_no_harm(tree):
    kernel = tree("bss.c", "= 0;", "= 0;")
    (kernel.root / kernel.tree / ".#bss.c").symlink_to("me@here.1:2")
    assert build.build(kernel, ["demo"]).elfs


@pytest.mark.parametrize("limit, value, lines", [
    ("SECONDS", 1, ".rept 100000\n.rept 100000\n.endr\n.endr\n"),
    ("OUTPUT", 1 << 20, ".pushsection .data\n.fill 4000000\n.popsection\n"),
    ("MEMORY", 100 << 20, ".rept 12000000\n.byte 1\n.endr\n"),
])
def test_a_file_that_compiles_for_ever_is_the_students(tree, monkeypatch, limit, value, lines):
    monkeypatch.setattr(build, limit, value)
    built = build.build(tree("start.S", "\t.text\n", f"\t.text\n{lines}"), ["demo"])
    assert "start.S: the compiler did not come to an end" in built.failed["demo"]


def test_warnings_are_cut_and_made_visible(tree, capsys):
    noise = "".join(f"#warning \x1b[31m{i}\n" for i in range(30))
    assert build.build(tree("bss.c", "#include", f"{noise}#include"), ["demo"]).elfs
    said = capsys.readouterr().err
    assert "\x1b" not in said and "␛[31m" in said
    assert len(said.splitlines()) == build.WARNINGS + 1 and said.splitlines()[-1].startswith("... and ")


@pytest.mark.parametrize("name", ["bss.c", "own.h"])
def test_an_older_file_in_its_place_is_built_anew(tree, name):
    kernel = tree("bss.c", "#include <exo/boot.h>\n", '#include <exo/boot.h>\n#include "own.h"\n')
    folder = kernel.root / kernel.tree
    (folder / "own.h").write_text("extern int first; int first = 1;\n")
    assert b"first\0" in build.build(kernel, ["demo"]).elfs["demo"].read_bytes()
    text = (folder / name).read_text()
    (folder / name).write_text(text.replace('#include "own.h"', "extern int other; int other = 1;").replace(
        "first", "other"))
    os.utime(folder / name, (1, 1))
    elf = build.build(kernel, ["demo"]).elfs["demo"].read_bytes()
    assert b"other\0" in elf and b"first\0" not in elf


def test_a_folder_beside_the_course_keeps_its_name(monkeypatch, tmp_path):
    """/tmp/course-b begins as /tmp/course does."""
    course, beside = tmp_path / "course", tmp_path / "course-b"
    shutil.copytree(ROOT / "kernel", course / "kernel")
    shutil.copytree(ROOT / "solutions/1-boot", beside / "1-boot")
    target = f"b/obj-virt-O2/{beside}/1-boot/bss.c.o"
    subprocess.run(["make", "-s", "-f", "kernel/lab.mk", "BUILD=b", "OUT=o", f"FILES={beside}/1-boot/bss.c", target],
                   cwd=course, check=True)
    data = (course / target).read_bytes()
    assert f"{beside}/1-boot".encode() in data and b".-b/1-boot" not in data and f"{course}\0".encode() not in data


# The known-wrong solutions, and the long run.

PATCH = "Kills: bss\nHint: from\nWhy: it is.\n\n--- a/bss.c\n+++ b/bss.c\n"


@pytest.mark.parametrize("old, new, words", [
    ("Kills: bss\n", "", "no line `Kills"), ("Why: it is.", "Why:", "no line `Why"), ("\n--- a", "--- a", "no patch")])
def test_a_mutant_with_a_broken_head_is_named(tmp_path, old, new, words):
    file = tmp_path / "1-boot/mutants/x.patch"
    file.parent.mkdir(parents=True)
    file.write_text(PATCH)
    assert (mutants.read(file).kills, mutants.read(file).hint, mutants.read(file).lab) == ("bss", "from", "1-boot")
    file.write_text(PATCH.replace(old, new))
    with pytest.raises(GraderError, match=words) as raised:
        mutants.read(file)
    assert str(raised.value).startswith("labs/1-boot/mutants/x.patch: ")


def test_a_mutants_tree_follows_its_patch(tmp_path, monkeypatch):
    """What an older patch changed is as in the solution again; what has not changed is left alone."""
    monkeypatch.setattr(mutants, "BUILD", tmp_path)
    every = mutants.every(labs.find("1"))
    old, new = [next(mutant for mutant in every if f"a/{file}" in mutant.patch) for file in ("bss.c", "uart.c")]
    tree = mutants.make(old)
    times = {path.name: path.stat().st_mtime_ns for path in (tree / "1-boot").iterdir()}
    assert (tree / "1-boot/bss.c").read_text() != (ROOT / "solutions/1-boot/bss.c").read_text()
    assert mutants.make(mutants.Mutant("1-boot", old.name, "", "", "", new.patch)) == tree
    assert (tree / "1-boot/bss.c").read_text() == (ROOT / "solutions/1-boot/bss.c").read_text()
    changed = {path.name for path in (tree / "1-boot").iterdir() if path.stat().st_mtime_ns != times[path.name]}
    assert changed == {"bss.c", "uart.c"}


def test_soak_tells_different_reports(monkeypatch, capsys):
    reports = iter([f"{n} points\n{{\n  same\n  {n}\n" for n in (3, 3, 4, 3)])
    monkeypatch.setattr(soak.judge, "judge", lambda kernel: None)
    monkeypatch.setattr(soak, "_summed", lambda report: next(reports))
    assert command.main(["soak", "1", "--runs", "4"]) == 1
    said = capsys.readouterr().out
    assert "3 times 3 points" in said and "+ 4" in said
    assert "4 runs, half of them under load: 2 different reports" in said


def test_soak_tells_how_far_it_is(monkeypatch, capsys):
    monkeypatch.setattr(soak.judge, "judge", lambda kernel: None)
    monkeypatch.setattr(soak, "_summed", lambda report: "all points\n{}\n")
    monkeypatch.setattr(soak, "TELL", 2)
    assert command.main(["soak", "1", "--runs", "7"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "1-boot: 2 of 7 runs", "1-boot: 4 of 7 runs", "1-boot: 6 of 7 runs, under load",
        "1-boot: 7 times all points", "1-boot: 7 runs, half of them under load: 1 report"]


def test_soak_is_quiet_about_one_report(capsys):
    assert command.main(["soak", "1", "--runs", "2"]) == 0
    assert "2 runs, half of them under load: 1 report\n" in capsys.readouterr().out
