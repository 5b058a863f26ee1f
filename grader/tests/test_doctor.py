"""doctor: every tool of packages.txt is named with what was found, and with its remedy; the boot is a real one."""
import os
import shutil
import subprocess
import sys

import pytest

from grader import doctor, plugin
from grader.doctor import Need
from grader.paths import ROOT

PYTHON = sys.executable


def test_the_table_of_versions_is_the_list_of_packages():
    packages = [need.package for need in doctor.needs()]
    assert sorted(packages) == sorted(doctor.KNOWN_GOOD) and len(packages) == len(set(packages))
    assert all(need.purpose and need.group in ("check", "extra", "course") for need in doctor.needs())


def test_lines_are_read():
    text = "# comment\n[check]  # group\na-package  tool  # for this\n\n[course]\nb header:x.h # for that\n"
    assert doctor.needs(text) == [Need("a-package", "tool", "for this", "check"),
                                  Need("b", "header:x.h", "for that", "course")]


def test_what_is_here_is_found_with_its_version():
    by_package = {need.package: doctor.examine(need, PYTHON) for need in doctor.needs()}
    assert {finding.state for finding in by_package.values()} == {"ok"}
    assert by_package["python3"].version.startswith("3.")
    assert by_package["python3-pytest"].version == pytest.__version__
    assert by_package["qemu-system-arm"].version.startswith(".".join(map(str, plugin.find().version)))


@pytest.fixture
def one_tool(tmp_path, monkeypatch):
    """A function that makes exolab-tool print a version, and examines it against a known one."""
    monkeypatch.setitem(doctor.KNOWN_GOOD, "a-package", ("7.2", "7.2"))
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    def examine(prints=None):
        if prints is not None:
            (tmp_path / "exolab-tool").write_text(f"#!/bin/sh\necho '{prints}'\n")
            (tmp_path / "exolab-tool").chmod(0o755)
        return doctor.examine(Need("a-package", "exolab-tool", "does things", "check"), PYTHON)
    return examine


@pytest.mark.parametrize("prints, state, version", [
    ("tool 7.2.0", "ok", "7.2.0"),
    ("tool (Debian 1.2-3) 10.0.1", "ok", "10.0.1"),
    ("tool 7.1.99 (Debian 15:12.2)", "too old", "7.1.99"),
    ("tool 6", "ok", "?"),
    ("nothing", "ok", "?"),
])
def test_too_old_or_not(one_tool, prints, state, version):
    finding = one_tool(prints)
    assert (finding.state, finding.version) == (state, version)
    assert ("7.2 or later is needed" in finding.remark) == (state == "too old")


def test_missing_has_its_remedy(one_tool, monkeypatch):
    finding = one_tool()
    assert finding.state == "missing" and "does things" in finding.remark
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/apt-get" if name == "apt-get" else None)
    assert one_tool().remark.endswith("apt-get install --no-install-recommends a-package")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert "README.md" in one_tool().remark


def test_missing_module_and_header():
    assert doctor.module_version(PYTHON, "exolab_none", "exolab-none") is None
    assert doctor.module_version(PYTHON, "pytest", "pytest") == pytest.__version__
    assert doctor.has_header("stdio.h") and not doctor.has_header("exolab-none.h")


def test_the_smoke_boot_boots():
    finding = doctor.smoke_boot()
    assert finding.state == "ok" and "instructions" in finding.remark


@pytest.mark.parametrize("old, new, words", [
    ("up and running", "up and walking", "it ended by power-off and printed b'up and walking"),
    ("hvc     #0", "nop", "it ended by budget"),
    ("hvc     #0", "hvv     #0", "Error: bad instruction"),
])
def test_the_smoke_boot_sees_what_is_wrong(old, new, words):
    assert old in doctor.SMOKE
    finding = doctor.smoke_boot(doctor.SMOKE.replace(old, new))
    assert finding.state == "broken" and words in finding.remark


def run_doctor(tmp_path, without=(), **stubs):
    """doctor with a PATH that lacks some commands and has others replaced: exit code, what it says."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for directory in ("/usr/local/bin", "/usr/bin"):
        for name in os.listdir(directory):
            if name not in without and name not in stubs and not (folder / name).exists():
                (folder / name).symlink_to(f"{directory}/{name}")
    for name, body in stubs.items():
        (folder / name).write_text(f"#!/bin/sh\n{body}\n")
        (folder / name).chmod(0o755)
    done = subprocess.run([PYTHON, "-m", "grader", "doctor"], cwd=ROOT, capture_output=True, text=True,
                          env={"PATH": str(folder), "EXOLAB_BUILD": str(tmp_path / "build")})
    assert "Traceback" not in done.stdout + done.stderr
    return done.returncode, done.stdout + done.stderr


def test_all_is_well(tmp_path):
    code, said = run_doctor(tmp_path)
    assert code == 0, said
    assert "powered off in" in said and "missing" not in said


def test_a_tool_is_missing(tmp_path):
    code, said = run_doctor(tmp_path, without=["qemu-system-arm"])
    assert code == 2
    [line] = [line for line in said.splitlines() if line.startswith("  missing")]
    assert "qemu-system-arm" in line and "known good: 7.2" in line
    assert "apt-get install --no-install-recommends qemu-system-arm" in said and "make setup" in said


def test_what_is_well_to_have_is_named_and_missed_by_nobody(tmp_path):
    code, said = run_doctor(tmp_path, without=["bwrap"])
    assert code == 0
    assert any(line.split()[:2] == ["missing", "bwrap"] for line in said.splitlines())
    assert any(line.split()[:2] == ["without", "sandbox"] for line in said.splitlines())
    assert "apt-get install --no-install-recommends bubblewrap" in said


def test_a_qemu_without_plugins(tmp_path):
    body = ('case "$*" in *--version*) echo "QEMU emulator version 7.2.1";; '
            '*) echo "-plugin: invalid option" >&2; exit 1;; esac')
    code, said = run_doctor(tmp_path, **{"qemu-system-arm": body})
    assert code == 2
    assert any(line.startswith("  broken   smoke boot") for line in said.splitlines())
