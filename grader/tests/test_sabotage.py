"""Each tool broken under the grader's feet: that is exit code 2 and words, never a score; mended, all is well again.

The breaking is done on the reference solution, so that the only right score is full marks, and anything else shows.
(What a student's own files break is in test_cli.py and test_hostile.py.)
"""
import csv
import json
import os
import shutil
import subprocess
import sys
from xml.etree import ElementTree
from pathlib import Path

import pytest

from grader.paths import ROOT

QEMU, CROSS, HOST = "qemu-system-arm", "arm-none-eabi-gcc", "cc"
VERSION = 'case "$1" in --version) exec {real} "$@";; esac\n'       # as the real one says


def check(build: Path, *wrapper: str, reports: Path | None = None, **environment) -> subprocess.CompletedProcess:
    """`check` of one check of the reference, with what is built in `build`; its reports in `reports`."""
    written = [] if reports is None else [f"--{kind}={reports}/report.{kind}" for kind in ("json", "junit", "csv")]
    return subprocess.run([*wrapper, sys.executable, "-m", "grader", "check", "1", "--src", "solutions",
                           "--check", "reset", *written],
                          cwd=ROOT, capture_output=True, text=True,
                          env=os.environ | {"EXOLAB_BUILD": str(build)} | environment)


def no_score(done: subprocess.CompletedProcess, reports: Path, words: str) -> None:
    """It said what is wrong in a line, or as outcomes, and there is no score anywhere."""
    said = done.stdout + done.stderr
    assert done.returncode == 2, said
    assert words in said and "Traceback" not in said, said
    assert "full marks" not in said and "All of it works" not in said and "This check passes" not in said
    if not (reports / "report.json").exists():
        assert done.stdout == "" and done.stderr.startswith("exolab: ") and done.stderr.count("\n") == 1, said
        return
    data = json.loads((reports / "report.json").read_text())
    assert data["earned"] is None and data["checks"][0]["verdict"] == "grader error"
    suite = ElementTree.parse(reports / "report.junit").getroot()
    assert suite.find(".//error") is not None
    rows = list(csv.DictReader((reports / "report.csv").read_text().splitlines()))
    assert rows and all(row["earned"] == "" for row in rows)


def mended(build: Path) -> None:
    """With the same folder and sound tools, the same check passes."""
    done = check(build)
    assert done.returncode == 0 and "8 of 8 points" in done.stdout, done.stdout + done.stderr


@pytest.fixture
def stub(tmp_path):
    """Puts a shell script in a tool's place; the PATH that finds it."""
    def put(tool: str, script: str) -> str:
        path = tmp_path / "bin" / tool
        path.parent.mkdir(exist_ok=True)
        path.write_text("#!/bin/sh\n" + script.format(real=shutil.which(tool)) + "\n")
        path.chmod(0o755)
        return f"{path.parent}:{os.environ['PATH']}"
    return put


BROKEN = {
    "qemu-says-nothing": (QEMU, "exit 1", "version"),
    "qemu-says-rubbish": (QEMU, "head -c 100000 /dev/urandom | tr -d '\\0-\\037'; exit 0", "version"),
    "qemu-too-old": (QEMU, "echo QEMU emulator version 6.0.0", "QEMU 6.0"),
    "qemu-too-new": (QEMU, "echo QEMU emulator version 9.1.0", "QEMU 9.1"),
    "qemu-ends-at-once": (QEMU, VERSION + "exit 1", "QEMU ended by itself, exit code 1"),
    "qemu-ends-well-at-once": (QEMU, VERSION + "exit 0", "QEMU ended by itself"),
    "qemu-writes-rubbish": (QEMU, VERSION + "head -c 9999 /dev/zero >&2; echo '\033[2J' >&2; exit 3",
                            "QEMU ended by itself"),
    "qemu-killed-at-once": (QEMU, VERSION + "kill -9 $$", "QEMU was killed by SIGKILL"),
    "qemu-killed-in-the-middle": (QEMU, VERSION + "{real} \"$@\" & sleep 0.03; kill -9 $!; kill -9 $$", "QEMU"),
    "compiler-killed": (CROSS, "kill -9 $$", "something stopped the compiler"),
    "compiler-out-of-its-mind": (CROSS, "echo fatal: everything; exit 4", "something stopped the compiler"),
    "linker-killed": (CROSS, 'case "$*" in *nostdlib*) kill -9 $$;; esac; exec {real} "$@"', "something stopped"),
    "make-killed": ("make", "kill -9 $$", "make"),
    "make-does-nothing": ("make", "exit 0", "has not made"),
    "plugin-does-not-compile": (HOST, "echo no >&2; exit 1", "plugin does not compile"),
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A folder in which all is built."""
    build = tmp_path_factory.mktemp("sound") / "build"
    mended(build)
    return build


@pytest.mark.parametrize("tool, script, words", BROKEN.values(), ids=BROKEN)
def test_a_tool_that_breaks_is_no_score(tool, script, words, stub, sound, tmp_path):
    build = tmp_path / "build"
    if tool == QEMU:        # the others have to have something to do
        shutil.copytree(sound, build)
    # In the box a tool is its own first process, which cannot kill itself.
    no_score(check(build, reports=tmp_path, PATH=stub(tool, script), EXOLAB_SANDBOX="off"), tmp_path, words)
    mended(build)


def test_a_module_that_is_missing_is_no_score(tmp_path):
    (tmp_path / "path").mkdir()
    (tmp_path / "path/pytest.py").write_text("raise ModuleNotFoundError('No module named pytest')\n")
    no_score(check(tmp_path / "build", reports=tmp_path, PYTHONPATH=str(tmp_path / "path")), tmp_path, "pytest")


@pytest.mark.parametrize("build, words", [("file", "file"), ("/proc/exolab", "/proc"), ("/dev/null/x", "/dev/null")])
def test_a_build_folder_that_cannot_be_is_no_score(build, words, tmp_path):
    (tmp_path / "file").write_text("")
    no_score(check(tmp_path / build, reports=tmp_path), tmp_path, words)


MOUNT = 'mount -t tmpfs -o "$1" none "$2" && shift 2 && exec "$@"'


@pytest.fixture
def mounted():
    """A wrapper that runs a command with a small disk of its own in a place."""
    unshare = ["unshare", "-m" if os.geteuid() == 0 else "-rm"]
    if subprocess.run([*unshare, "sh", "-c", MOUNT, "sh", "size=4k", "/mnt", "true"], capture_output=True).returncode:
        pytest.skip("mounts are not allowed here (unshare -m)")
    return lambda options, place: [*unshare, "sh", "-c", MOUNT, "sh", options, str(place)]


@pytest.mark.parametrize("size", ["4k", "64k", "300k"])
def test_a_full_disk_is_no_score(size, mounted, tmp_path):
    build = tmp_path / "build"
    build.mkdir()
    no_score(check(build, *mounted(f"size={size}", build), reports=tmp_path), tmp_path, "the disk is full")


def test_a_full_disk_for_what_is_temporary_is_no_score(mounted, tmp_path):
    (tmp_path / "t").mkdir()
    mended(tmp_path / "build")
    no_score(check(tmp_path / "build", *mounted("size=4k", tmp_path / "t"), reports=tmp_path,
                   TMPDIR=str(tmp_path / "t")), tmp_path, "the disk is full")


def test_a_read_only_disk_is_no_score(mounted, tmp_path):
    build = tmp_path / "build"
    build.mkdir()
    no_score(check(build, *mounted("ro", build), reports=tmp_path), tmp_path, "Read-only file system")
    mended(build)


def test_a_missing_folder_for_what_is_temporary_is_no_trouble(tmp_path):
    assert check(tmp_path / "build", TMPDIR="/nowhere").returncode == 0
