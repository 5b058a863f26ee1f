"""setup.sh: installs what is missing and no more, asks only where it has to, and says what to type where it cannot.

Each test has a copy of setup.sh beside a list of its own, and a PATH on which apt-get, sudo and id are small scripts
that note how they were called.
"""
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from grader.paths import ROOT

TOOLS = ("sh", "sed", "env", "gcc", "chmod")
LIST = """
# a comment, and a group nobody names
[other]     # [check]
other-package   exolab-other        # is not asked for

[check]
first-package   exolab-first        # a command
second-package  exolab-second       # another
libc6-dev       header:stdio.h
no-header       header:exolab-none.h
python3-json    python3:json
python3-none    python3:exolab_none
[course]
third-package   exolab-third
"""


@pytest.fixture
def here(tmp_path):
    return Here(tmp_path)


class Here:
    """A machine: its commands in bin/, what its package tools were asked for in `log`."""

    def __init__(self, folder: Path):
        self.folder, self.bin, self.log = folder, folder / "bin", folder / "log"
        self.bin.mkdir()
        self.log.touch()
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool))
        shutil.copy(ROOT / "grader/setup.sh", folder)
        self.packages(LIST)
        self.has("apt-get", f'echo "apt-get $*" >>{self.log}')
        self.user(0)

    def packages(self, text):
        (self.folder / "packages.txt").write_text(text)

    def has(self, command, body=":"):
        (self.bin / command).write_text(f"#!/bin/sh\n{body}\n")
        (self.bin / command).chmod(0o755)

    def user(self, number):
        self.has("id", f"echo {number}")

    def installs(self, command):
        """Let `apt-get install` bring this command."""
        brings = f"echo '#!/bin/sh' >{self.bin}/{command}; chmod 755 {self.bin}/{command}"
        self.has("apt-get", f'echo "apt-get $*" >>{self.log}; case $1 in install) {brings};; esac')

    def setup(self, *arguments, **environment):
        done = subprocess.run([self.bin / "sh", self.folder / "setup.sh", *arguments], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, env={"PATH": str(self.bin), **environment}, cwd="/")
        return done.returncode, done.stdout, done.stderr

    def called(self):
        return self.log.read_text().splitlines()


def only(*names):
    return "[check]\n" + "".join(f"{name}-package exolab-{name}\n" for name in names)


def test_nothing_missing_nothing_said(here):
    here.packages(only("first") + "libc6-dev header:stdio.h\npython3-json python3:json\n")
    here.has("exolab-first")
    assert here.setup("check") == (0, "", "")
    assert here.called() == []


def test_what_is_missing_is_named(here):
    here.has("exolab-second")
    assert here.setup("--missing", "check") == (0, "first-package\nno-header\npython3-none\n", "")
    both = here.setup("--missing", "check", "course")[1].split()
    assert both == ["first-package", "no-header", "python3-none", "third-package"]
    assert here.called() == []


def test_one_of_two_will_do(here):
    here.packages("[check]\nfirst-package  exolab-first|exolab-second\n")
    assert here.setup("--missing", "check") == (0, "first-package\n", "")
    for name in ("exolab-first", "exolab-second"):
        here.has(name)
        assert here.setup("--missing", "check") == (0, "", "")
        (here.bin / name).unlink()


def test_root_installs_what_is_missing_and_only_that(here):
    here.packages(only("first", "second"))
    here.has("exolab-first")
    here.installs("exolab-second")
    assert here.setup("check") == (0, "exolab: installing second-package\n", "")
    assert here.called() == ["apt-get update -qq",
                             "apt-get install -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 second-package"]
    assert here.setup("check") == (0, "", "")
    assert len(here.called()) == 2


def test_sudo_where_it_asks_nothing(here):
    here.packages(only("first"))
    here.user(1000)
    here.has("sudo", f'echo "sudo $*" >>{here.log}; [ "$1" = -n ] && shift; case $1 in true) ;; *) "$@";; esac')
    here.installs("exolab-first")
    assert here.setup("check")[0] == 0
    assert here.called()[0] == "sudo -n true"
    assert any(line.startswith("apt-get install") for line in here.called())


def test_sudo_that_would_ask_where_nobody_answers(here):
    here.packages(only("first"))
    here.user(1000)
    here.has("sudo", "exit 1")
    assert here.setup("check") == (1, "", "exolab: type: sudo apt-get install --no-install-recommends first-package\n")
    assert here.called() == []


def test_neither_root_nor_sudo(here):
    here.packages(only("first"))
    here.user(1000)
    command = "apt-get install --no-install-recommends first-package"
    assert here.setup("check") == (1, "", f"exolab: as root, type: {command}\n")
    assert here.called() == []


def test_no_debian(here):
    here.packages(only("first"))
    (here.bin / "apt-get").unlink()
    code, out, said = here.setup("check")
    assert (code, out) == (1, "") and said.count("\n") == 1
    assert "first-package" in said and "README.md" in said


def test_apt_get_fails(here):
    here.packages(only("first"))
    here.has("apt-get", "echo 'E: no network' >&2; exit 100")
    code, _, said = here.setup("check")
    assert code == 1
    assert said.splitlines()[-1].endswith("type: apt-get install --no-install-recommends first-package")


def test_installed_and_still_not_there(here):
    here.packages(only("first"))
    code, _, said = here.setup("check")
    assert code == 1 and said == "exolab: installed, yet not found: first-package (make doctor says more)\n"


def python(here, name, lacks="", version_fails=False):
    here.has(name, "exit 1" if version_fails else f"echo {lacks}")


def test_debians_python_first(here):
    here.packages("[check]\npython3-json python3:json\n")
    python(here, "python3")
    assert here.setup("--python", "check") == (0, "/usr/bin/python3\n", "")


def test_the_python_on_path_where_debians_lacks_something(here):
    python(here, "python3")
    assert here.setup("--python", "check") == (0, "python3\n", "")
    python(here, "python3", lacks="json")
    code, out, said = here.setup("--python", "check")
    assert (code, out) == (1, "") and said == "exolab: no Python 3.11 here with json exolab_none: type: make setup\n"
    python(here, "python3", version_fails=True)
    assert here.setup("--python", "check")[0] == 1


def test_python_can_be_chosen(here):
    here.packages("[check]\npython3-json python3:json\n")
    python(here, "mine")
    assert here.setup("--python", "check", PYTHON="mine") == (0, "mine\n", "")
    python(here, "mine", lacks="json")
    for arguments in (["--python", "check"], ["check"], ["--missing", "check"]):
        code, out, said = here.setup(*arguments, PYTHON="mine")
        assert (code, out) == (1, "") and said.count("\n") == 1 and "PYTHON=mine is no Python 3.11 with json" in said
    assert here.called() == []


def test_the_real_list_reads_as_meant():
    """Every line of packages.txt that is no comment is a package, there or missing."""
    lines = [line.partition("#")[0].split() for line in (ROOT / "grader/packages.txt").read_text().splitlines()]
    packages = [words[0] for words in lines if len(words) == 2]
    assert [words for words in lines if len(words) not in (0, 2)] == [["[check]"], ["[extra]"], ["[course]"]]
    bare = {"PATH": os.defpath, "PYTHON": ""}
    done = subprocess.run(["sh", ROOT / "grader/setup.sh", "--missing", "check", "extra", "course"], capture_output=True,
                          text=True, env=bare)
    assert done.returncode == 0 and set(done.stdout.split()) <= set(packages)
