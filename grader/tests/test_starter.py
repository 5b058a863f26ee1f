"""The life of starter/, with real git: whatever the course and the student do, in whatever order, no work is lost."""
import argparse
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from grader import generate, starter
from grader.errors import GraderError, Usage

LAB = 'title = "Boot"\n[files]\n[[steps]]\nid = "1.1"\ntitle = "Start"\nhours = 1\n'
UART = """// The serial line.
int top;
{top}

int putc(void)
{{
	// BEGIN SOLUTION 1.1
	secret();
	// INSTEAD
	//| todo("1.1");
	// END SOLUTION
}}
int a, b, c, d;
{bottom}
"""
FIRST = UART.format(top="int one;", bottom="int two;")
GIVEN = generate.starter_text(FIRST, "uart.c")
MINE = GIVEN.replace('todo("1.1");', "written();")
DIRTY = 'you have changes that are not committed; type git commit -am "my work so far", then make update again'


def git(root: Path, *args: str, check: bool = True) -> str:
    done = subprocess.run(["git", *args], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0 or not check, done.stderr
    return done.stdout.strip()


def commit(root: Path, message: str = "work") -> None:
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", message)


def put(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


def uart(root: Path) -> str:
    return (root / "starter/1-boot/uart.c").read_text()


def said(call, *args, kind=Usage, **named) -> str:
    """The one line with which a call refuses."""
    with pytest.raises(kind) as error:
        call(*args, **named)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.fixture(autouse=True)
def own_git(tmp_path, monkeypatch):
    """Git as a person has it, but neither this machine's configuration nor the repository a hook may be running in."""
    for name in os.environ:
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    put(tmp_path, "home/.gitconfig", "[init]\ndefaultBranch = main\n[user]\nname = Ada\nemail = ada@example.org\n")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "home/.gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_TERMINAL_PROMPT", "0")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))


@pytest.fixture
def course(tmp_path) -> Path:
    """The course's own repository, its starter generated and committed."""
    root = tmp_path / "course"
    put(root, "labs/1-boot/lab.toml", LAB)
    put(root, "solutions/1-boot/uart.c", FIRST)
    put(root, "solutions/1-boot/tool.py", "#!/usr/bin/env python3\n")
    (root / "solutions/1-boot/tool.py").chmod(0o755)
    put(root, ".gitignore", "*.mine-[0-9]*\n")
    generate.pristine(root / "starter", root)
    git(root, "init", "-q")
    commit(root, "the course")
    return root


@pytest.fixture
def upstream(course, tmp_path, request) -> Path:
    """What students clone: the course itself, or a release of it without solutions/."""
    if getattr(request, "param", "course") == "course":
        return course
    root = tmp_path / "release"
    shutil.copytree(course, root, ignore=shutil.ignore_patterns(".git", "solutions"))
    git(root, "init", "-q")
    commit(root, "release")
    return root


@pytest.fixture
def student(upstream, tmp_path) -> Path:
    git(tmp_path, "clone", "-q", str(upstream), "student")
    return tmp_path / "student"


both = pytest.mark.parametrize("upstream", ["course", "release"], indirect=True)


def teach(course: Path, upstream: Path, **lines: str) -> str:
    """The course changes what is given, and publishes it; returns the new starter text."""
    put(course, "solutions/1-boot/uart.c", UART.format(**({"top": "int one;", "bottom": "int two;"} | lines)))
    starter.regenerate(root=course)
    commit(course)
    if upstream != course:
        shutil.copytree(course / "starter", upstream / "starter", dirs_exist_ok=True)
        commit(upstream)
    return uart(course)


# --- regenerate -------------------------------------------------------------------------------------------------------

def test_what_nobody_edited_is_rewritten(course):
    assert starter.regenerate(root=course).lines == []
    put(course, "solutions/1-boot/uart.c", FIRST.replace("int one;", "int uno;"))
    put(course, "solutions/1-boot/new.c", "int n;\n")
    (course / "solutions/1-boot/tool.py").unlink()
    assert starter.regenerate(root=course).lines == ["starter/1-boot/new.c: written", "starter/1-boot/tool.py: written",
                                                     "starter/1-boot/uart.c: written"]
    assert uart(course) == GIVEN.replace("int one;", "int uno;")
    assert sorted(path.name for path in (course / "starter/1-boot").iterdir()) == ["new.c", "uart.c"]
    assert starter.regenerate(root=course).lines == []
    generate.pristine(course / "again", course)
    assert subprocess.run(["diff", "-r", course / "again", course / "starter"]).returncode == 0


def test_what_was_generated_last_need_not_be_committed(course):
    for number in range(3):  # the instructor tries and tries again
        put(course, "solutions/1-boot/uart.c", FIRST.replace("int one;", f"int try{number};"))
        starter.regenerate(root=course)
        assert uart(course) == GIVEN.replace("int one;", f"int try{number};")


def test_an_edited_file_is_left_while_there_is_nothing_new_for_it(course):
    put(course, "starter/1-boot/uart.c", MINE)
    put(course, "solutions/1-boot/tool.py", "#!/usr/bin/env python3\n1\n")
    assert starter.regenerate(root=course).lines == [
        "starter/1-boot/tool.py: written", "starter/1-boot/uart.c: edited, and left so; there was nothing new for it"]
    assert uart(course) == MINE


def test_an_edited_file_is_refused_and_nothing_is_written(course):
    put(course, "starter/1-boot/uart.c", MINE)
    put(course, "starter/1-boot/a.c", "the student's own\n")
    put(course, "solutions/1-boot/uart.c", FIRST.replace("int one;", "int uno;"))
    put(course, "solutions/1-boot/a.c", "given\n")
    put(course, "solutions/1-boot/tool.py", "#!/usr/bin/env python3\n1\n")
    before = git(course, "status", "--porcelain")
    assert said(starter.regenerate, root=course) == (
        "starter/1-boot/a.c, starter/1-boot/uart.c: no longer what was generated last, so nothing was written; "
        "type make handouts MERGE=1 to merge (yours is kept beside it)")
    assert uart(course) == MINE and (course / "starter/1-boot/a.c").read_text() == "the student's own\n"
    assert git(course, "status", "--porcelain") == before


def test_a_file_that_is_missing_or_already_right_is_no_edit(course):
    (course / "starter/1-boot/tool.py").unlink()
    put(course, "solutions/1-boot/uart.c", FIRST.replace("int one;", "int uno;"))
    put(course, "starter/1-boot/uart.c", GIVEN.replace("int one;", "int uno;"))
    assert starter.regenerate(root=course).lines == ["starter/1-boot/tool.py: written"]
    assert os.access(course / "starter/1-boot/tool.py", os.X_OK)
    put(course, "solutions/1-boot/uart.c", FIRST)
    assert starter.regenerate(root=course).written == ["starter/1-boot/uart.c"]


@pytest.mark.parametrize("committed", [True, False])
def test_merge(course, committed):
    base = FIRST.replace("int top;", "int base;")
    put(course, "solutions/1-boot/uart.c", base)
    starter.regenerate(root=course)
    if committed:
        commit(course)
    mine = MINE.replace("int top;", "int base;")
    put(course, "starter/1-boot/uart.c", mine)
    put(course, "solutions/1-boot/uart.c", base.replace("int two;", "int due;"))
    assert starter.regenerate(merge=True, root=course).lines == [
        "starter/1-boot/uart.c: merged; as it was: starter/1-boot/uart.c.mine-1"]
    assert uart(course) == mine.replace("int two;", "int due;")
    assert (course / "starter/1-boot/uart.c.mine-1").read_text() == mine
    put(course, "solutions/1-boot/uart.c", base.replace("int two;", "int tre;"))  # and from there on again
    assert starter.regenerate(merge=True, root=course).merged == {
        "starter/1-boot/uart.c": "starter/1-boot/uart.c.mine-2"}
    assert uart(course) == mine.replace("int two;", "int tre;")


def test_merge_with_conflicts(course):
    mine = MINE.replace("int one;", "int mine;")
    put(course, "starter/1-boot/uart.c", mine)
    put(course, "solutions/1-boot/uart.c", FIRST.replace("int one;", "int uno;"))
    done = starter.regenerate(merge=True, root=course)
    assert done.conflicts == ["starter/1-boot/uart.c"]
    assert done.lines == ["starter/1-boot/uart.c: merged, with conflicts to mend between <<<<<<< and >>>>>>>; "
                          "as it was: starter/1-boot/uart.c.mine-1"]
    assert uart(course) == mine.replace("int mine;", "<<<<<<< yours\nint mine;\n=======\nint uno;\n"
                                                     ">>>>>>> generated now")
    assert (course / "starter/1-boot/uart.c.mine-1").read_text() == mine


def test_merge_keeps_what_cannot_be_merged(course):
    put(course, "solutions/1-boot/key", "\0one")
    starter.regenerate(root=course)
    put(course, "solutions/1-boot/key", "\0two")
    put(course, "starter/1-boot/key", "\0mine")            # not text
    (course / "solutions/1-boot/tool.py").unlink()
    put(course, "starter/1-boot/tool.py", "mine")          # no longer there
    put(course, "solutions/1-boot/new.c", "given\n")
    put(course, "starter/1-boot/new.c", "mine\n")          # never was generated
    done = starter.regenerate(merge=True, root=course)
    assert done.merged == {f"starter/1-boot/{name}": f"starter/1-boot/{name}.mine-1"
                           for name in ("key", "new.c", "tool.py")}
    assert done.conflicts == ["starter/1-boot/new.c"]
    assert {path.name: path.read_text() for path in (course / "starter/1-boot").iterdir() if path.name != "uart.c"} == {
        "key": "\0two", "key.mine-1": "\0mine", "tool.py.mine-1": "mine", "new.c.mine-1": "mine\n",
        "new.c": "<<<<<<< yours\nmine\n=======\ngiven\n>>>>>>> generated now\n"}


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), lambda path: path.symlink_to("/etc/hostname")])
def test_what_is_no_plain_file_is_left(course, make):
    (course / "starter/1-boot/uart.c").unlink()
    make(course / "starter/1-boot/uart.c")
    put(course, "solutions/1-boot/uart.c", FIRST.replace("int one;", "int uno;"))
    assert said(starter.regenerate, merge=True, root=course) == (
        "starter/1-boot/uart.c is not a plain file, so nothing was written; move it away")


def test_without_git_files_are_still_rewritten(course, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    put(course, "solutions/1-boot/uart.c", FIRST.replace("int one;", "int uno;"))
    assert starter.regenerate(root=course).written == ["starter/1-boot/uart.c"]


def test_the_repository_around_a_folder_gets_nothing(course, tmp_path, monkeypatch):
    shutil.rmtree(course / ".git")
    git(tmp_path, "init", "-q")
    monkeypatch.delenv("GIT_CEILING_DIRECTORIES")
    put(course, "solutions/1-boot/uart.c", FIRST.replace("int one;", "int uno;"))
    assert starter.regenerate(root=course).written == ["starter/1-boot/uart.c"]
    assert git(tmp_path, "count-objects") == "0 objects, 0 kilobytes"


def test_a_release_regenerates_nothing(course):
    shutil.rmtree(course / "solutions")
    assert said(starter.regenerate, root=course) == (
        "there is no solutions/ here to make a starter from; starter/ stands as it was released")


# --- begin ------------------------------------------------------------------------------------------------------------

@both
def test_begin(student):
    put(student, "starter/1-boot/uart.c", MINE)  # not committed: it comes along
    told = starter.begin(student)
    assert told == ("You are on your own branch, mine. Commit to it as often as you like; "
                    "make update brings what is new.")
    assert git(student, "symbolic-ref", "--short", "HEAD") == "mine" and uart(student) == MINE
    assert starter.begin(student) == "You are on your own branch, mine, already."
    assert uart(student) == MINE
    commit(student)
    git(student, "switch", "-q", "main")
    assert starter.begin(student) == told
    assert git(student, "symbolic-ref", "--short", "HEAD") == "mine" and uart(student) == MINE


def test_begin_would_mix(student):
    starter.begin(student)
    git(student, "switch", "-q", "main")
    put(student, "starter/1-boot/uart.c", MINE)
    assert said(starter.begin, student) == (
        "you have changes that are not committed, and your branch mine exists already; "
        "type git stash && make begin && git stash pop")
    assert git(student, "symbolic-ref", "--short", "HEAD") == "main" and uart(student) == MINE
    git(student, "stash")
    starter.begin(student)
    git(student, "stash", "pop")
    assert git(student, "symbolic-ref", "--short", "HEAD") == "mine" and uart(student) == MINE


def test_begin_would_overwrite_a_file_git_does_not_know(student):
    starter.begin(student)
    put(student, "starter/1-boot/notes", "on mine")
    commit(student)
    git(student, "switch", "-q", "main")
    put(student, "starter/1-boot/notes", "on main")
    assert said(starter.begin, student, kind=GraderError).startswith(
        "git switch: error: The following untracked working tree files would be overwritten by checkout: "
        "starter/1-boot/notes")
    assert (student / "starter/1-boot/notes").read_text() == "on main"


def test_begin_on_a_second_machine(student, upstream, tmp_path):
    starter.begin(student)
    put(student, "starter/1-boot/uart.c", MINE)
    commit(student)
    git(student, "push", "-q", "origin", "mine")
    git(tmp_path, "clone", "-q", str(upstream), "second")
    starter.begin(tmp_path / "second")
    assert uart(tmp_path / "second") == MINE


def test_begin_does_not_choose_between_two(student, upstream, course):
    git(course, "branch", "mine")
    git(student, "remote", "add", "other", str(course))
    git(student, "fetch", "-q", "--all")
    message = said(starter.begin, student, kind=GraderError)
    assert message == "git switch: fatal: 'mine' matched multiple (2) remote tracking branches"


def test_begin_says_who_git_thinks_you_are(student):
    nobody(student)
    assert starter.begin(student).endswith(
        '\nBefore your first commit, tell git who you are: git config --global user.name "Your Name" && '
        "git config --global user.email you@example.org")


def nobody(root: Path) -> None:
    """Takes git's idea of who one is away."""
    put(root.parent, "home/.gitconfig", "[user]\nuseConfigOnly = true\n")


# --- update -----------------------------------------------------------------------------------------------------------

@both
def test_update(student, course, upstream):
    git(student, "config", "merge.ff", "only")  # some people's habit; a merge is meant here
    starter.begin(student)
    assert starter.update(student) == ("There is nothing new in origin/main.", True)
    put(student, "starter/1-boot/uart.c", MINE)
    commit(student)
    teach(course, upstream, bottom="int due;")
    told, clean = starter.update(student)
    assert clean and told.startswith("What is new in origin/main is now in mine: ") and told.endswith(" deletions(-).")
    assert uart(student) == MINE.replace("int two;", "int due;")
    assert not git(student, "status", "--porcelain")
    assert starter.update(student) == ("There is nothing new in origin/main.", True)
    assert generate.read_manifest(student / "starter") == generate.read_manifest(upstream / "starter")


@both
def test_update_with_conflicts(student, course, upstream):
    starter.begin(student)
    mine = MINE.replace("int one;", "int mine;")
    put(student, "starter/1-boot/uart.c", mine)
    commit(student)
    teach(course, upstream, top="int uno;")
    assert starter.update(student) == (
        "starter/1-boot/uart.c: you and origin/main changed the same lines; mend what stands between <<<<<<< and "
        ">>>>>>>, then type git commit -a (git merge --abort takes the merge back)", False)
    assert "<<<<<<< HEAD\nint mine;\n=======\nint uno;\n>>>>>>> origin/main\n" in uart(student)
    under_way = "a merge is under way; type git merge --continue when it is mended, or git merge --abort"
    assert said(starter.update, student) == under_way
    git(student, "branch", "-m", "mine", "other")
    assert said(starter.begin, student) == under_way
    git(student, "merge", "--abort")
    assert uart(student) == mine


def test_update_as_told(student, course):
    """What the messages say to type is enough: mend, commit -a, and all is merged."""
    starter.begin(student)
    put(student, "starter/1-boot/uart.c", MINE.replace("int one;", "int mine;"))
    assert said(starter.update, student) == DIRTY
    git(student, "commit", "-am", "my work so far")
    teach(course, course, top="int uno;")
    assert not starter.update(student)[1]
    put(student, "starter/1-boot/uart.c", MINE.replace("int one;", "int mine, uno;"))
    git(student, "commit", "-a", "--no-edit")
    assert starter.update(student) == ("There is nothing new in origin/main.", True)


@pytest.mark.parametrize("stage", [False, True])
def test_update_on_a_dirty_tree_does_nothing(student, course, stage):
    starter.begin(student)
    put(student, "starter/1-boot/uart.c", MINE)
    if stage:
        git(student, "add", "-A")
    teach(course, course, bottom="int due;")
    before = git(student, "rev-parse", "HEAD", "origin/main")
    assert said(starter.update, student) == DIRTY
    assert uart(student) == MINE and git(student, "rev-parse", "HEAD", "origin/main") == before


def test_update_overwrites_no_file_that_git_does_not_know(student, course):
    starter.begin(student)
    put(student, "starter/1-boot/notes.c", "mine")
    put(course, "solutions/1-boot/notes.c", "given")
    teach(course, course)
    message = said(starter.update, student, kind=GraderError)
    assert message.startswith("git could not merge origin/main: error: The following untracked working tree files "
                              "would be overwritten by merge: starter/1-boot/notes.c")
    assert (student / "starter/1-boot/notes.c").read_text() == "mine"


def test_update_prefers_the_remote_upstream(student, course, tmp_path):
    git(tmp_path, "clone", "-q", str(course), "fork")
    git(student, "remote", "set-url", "origin", str(tmp_path / "fork"))
    git(student, "remote", "add", "upstream", str(course))
    teach(course, course, bottom="int due;")
    assert starter.update(student)[0].startswith("What is new in upstream/main is now in main: ")
    assert uart(student) == GIVEN.replace("int two;", "int due;")


def test_update_follows_the_remotes_default_branch(tmp_path, course):
    git(course, "branch", "-m", "main", "trunk")
    git(tmp_path, "clone", "-q", "-o", "school", str(course), "student")
    git(course, "branch", "main")  # there is one of that name too
    teach(course, course, bottom="int due;")
    starter.begin(tmp_path / "student")
    assert starter.update(tmp_path / "student")[0].startswith("What is new in school/trunk is now in mine: ")


def test_update_without_a_remote_merges_the_local_main(course):
    starter.begin(course)
    put(course, "starter/1-boot/uart.c", MINE)
    commit(course)
    git(course, "switch", "-q", "main")
    teach(course, course, bottom="int due;")
    starter.begin(course)
    assert starter.update(course)[0].startswith("What is new in main is now in mine: ")
    assert uart(course) == MINE.replace("int two;", "int due;")


def test_update_from_a_shallow_clone(tmp_path, course):
    teach(course, course, bottom="int x;")
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{course}", "student")
    student = tmp_path / "student"
    starter.begin(student)
    put(student, "starter/1-boot/uart.c", MINE.replace("int two;", "int x;"))
    commit(student)
    teach(course, course, bottom="int due;")
    assert starter.update(student)[1]
    assert uart(student) == MINE.replace("int two;", "int due;")


def test_update_that_needs_a_commit_needs_to_know_who(student, course):
    starter.begin(student)
    teach(course, course, bottom="int due;")
    put(student, "starter/1-boot/uart.c", MINE)
    commit(student)
    nobody(student)
    assert said(starter.update, student) == (
        'git does not know who you are, and a merge is a commit; type git config --global user.name "Your Name" && '
        "git config --global user.email you@example.org, then make update again")
    assert uart(student) == MINE
    git(student, "reset", "-q", "--hard", "HEAD~1")  # with no work of one's own there is no commit to make
    assert starter.update(student)[1] and uart(student) == GIVEN.replace("int two;", "int due;")


def test_update_refuses_histories_with_nothing_in_common(student, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(student, other, ignore=shutil.ignore_patterns(".git"))
    git(other, "init", "-q")
    commit(other)
    git(other, "remote", "add", "origin", str(student))
    assert said(starter.update, other) == (
        "main and origin/main have no commit in common, so git cannot tell what is new; to merge them once all the "
        "same, type git merge --allow-unrelated-histories origin/main")


def test_update_says_what_is_in_its_way(student, tmp_path):
    git(student, "switch", "-q", "--detach")
    assert said(starter.update, student) == "you are on no branch; type make begin"
    git(student, "switch", "-q", "main")
    git(student, "remote", "set-url", "origin", str(tmp_path / "gone"))
    assert said(starter.update, student, kind=GraderError).startswith(
        f"could not fetch from origin: fatal: '{tmp_path}/gone' does not appear to be a git repository")
    git(student, "remote", "remove", "origin")
    assert said(starter.update, student) == (
        "there is nowhere to update from; type git remote add upstream URL, the URL being the course's")
    git(tmp_path, "init", "-q", "empty")
    git(student, "remote", "add", "upstream", str(tmp_path / "empty"))
    assert said(starter.update, student) == (
        "upstream has no branch main or master; type git remote set-head upstream BRANCH")


@pytest.mark.parametrize("verb", [starter.begin, starter.update])
def test_without_a_repository(verb, tmp_path, monkeypatch):
    root = tmp_path / "folder"
    root.mkdir()
    no_repository = "this folder is not a git repository; type git init && git add -A && git commit -m start"
    assert said(verb, root) == no_repository
    git(tmp_path, "init", "-q")  # one around it does not count: it is somebody's home
    monkeypatch.delenv("GIT_CEILING_DIRECTORIES")
    assert said(verb, root) == no_repository
    git(root, "init", "-q")
    assert said(verb, root) == "there is no commit yet; type git add -A && git commit -m start"
    monkeypatch.setenv("PATH", "/nowhere")
    assert said(verb, root) == "git is not installed; type sudo apt install git"


def test_a_hook_of_another_repository_does_not_mislead(student, course, monkeypatch):
    monkeypatch.setenv("GIT_DIR", str(course / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(course / ".git/index"))
    starter.begin(student)
    monkeypatch.delenv("GIT_DIR")
    monkeypatch.delenv("GIT_INDEX_FILE")
    assert git(student, "symbolic-ref", "--short", "HEAD") == "mine"
    assert git(course, "symbolic-ref", "--short", "HEAD") == "main"


# --- reset ------------------------------------------------------------------------------------------------------------

@both
@pytest.mark.parametrize("file", ["uart.c", "./uart.c", "starter/1-boot/uart.c"])
def test_reset(student, file):
    put(student, "starter/1-boot/uart.c", MINE)
    commit(student)
    assert starter.reset("boot", file, student) == (
        "starter/1-boot/uart.c is as it was given; yours is kept as starter/1-boot/uart.c.mine-1.")
    assert uart(student) == GIVEN and (student / "starter/1-boot/uart.c.mine-1").read_text() == MINE
    again = starter.reset("boot", file, student)
    assert again == "starter/1-boot/uart.c is as it was given; there is nothing to reset."
    put(student, "starter/1-boot/uart.c", "another try")
    assert starter.reset("1", file, student).endswith("yours is kept as starter/1-boot/uart.c.mine-2.")
    assert uart(student) == GIVEN and (student / "starter/1-boot/uart.c.mine-2").read_text() == "another try"
    assert (student / "starter/1-boot/uart.c.mine-1").read_text() == MINE
    assert git(student, "status", "--porcelain") == "M starter/1-boot/uart.c"


@both
def test_reset_gives_what_the_last_update_brought(student, course, upstream):
    put(student, "starter/1-boot/uart.c", MINE)
    commit(student)
    given = teach(course, upstream, bottom="int due;")
    starter.update(student)
    starter.reset("1", "uart.c", student)
    assert uart(student) == given


@both
def test_reset_restores_what_was_deleted_and_what_may_be_executed(student):
    (student / "starter/1-boot/tool.py").unlink()
    assert starter.reset("1", "tool.py", student) == "starter/1-boot/tool.py is as it was given."
    assert os.access(student / "starter/1-boot/tool.py", os.X_OK)


def test_reset_moves_aside_what_is_no_file(student):
    (student / "starter/1-boot/uart.c").unlink()
    put(student, "starter/1-boot/uart.c/notes", "mine")
    starter.reset("1", "uart.c", student)
    assert uart(student) == GIVEN and (student / "starter/1-boot/uart.c.mine-1/notes").read_text() == "mine"


def test_reset_without_git_asks_the_solutions(course, monkeypatch):
    shutil.rmtree(course / ".git")
    put(course, "starter/1-boot/uart.c", MINE)
    starter.reset("1", "uart.c", course)
    assert uart(course) == GIVEN
    (course / "starter/.generated").unlink()  # nothing was generated here yet, and there is no git at all
    monkeypatch.setenv("PATH", "/nowhere")
    put(course, "starter/1-boot/uart.c", MINE)
    starter.reset("1", "uart.c", course)
    assert uart(course) == GIVEN
    assert starter.reset("1", "uart.c", course).endswith("there is nothing to reset.")


def test_reset_says_what_there_is(student):
    put(student, "solutions/2-vm/page.c", "// BEGIN SOLUTION 2.1\n// END SOLUTION\n")
    put(student, "labs/2-vm/lab.toml", LAB.replace("1.1", "2.1"))
    generate.generate(student / "solutions/2-vm", student / "starter")
    assert said(starter.reset, "1", "nope.c", student) == (
        "there is no file 'nope.c' in starter/1-boot; there are: tool.py, uart.c")
    assert said(starter.reset, "1", "../../labs/1-boot/lab.toml", student) == (
        "there is no file '../../labs/1-boot/lab.toml' in starter/1-boot; there are: tool.py, uart.c")
    assert said(starter.reset, "1", "", student) == (
        "which file? FILE=tool.py, for one; in starter/1-boot there are: tool.py, uart.c")
    assert said(starter.reset, "9", "uart.c", student).startswith("there is no lab '9'")


@pytest.mark.parametrize("upstream", ["release"], indirect=True)
def test_reset_where_nothing_knows(student, upstream):
    put(student, "starter/1-boot/uart.c", MINE)
    shutil.rmtree(student / ".git")
    assert said(starter.reset, "1", "uart.c", student) == (
        "this folder is no git repository that has starter/1-boot/uart.c as it was given; move yours away and take it "
        "out of the archive again: tar -xzf ARCHIVE --strip-components=1 --wildcards '*/starter/1-boot/uart.c'")
    git(student, "init", "-q")
    assert said(starter.reset, "1", "uart.c", student) == (
        "git does not have starter/1-boot/uart.c as it was given; take it from a fresh clone of the course")
    assert uart(student) == MINE and sorted(path.name for path in (student / "starter/1-boot").iterdir()) == [
        "tool.py", "uart.c"]
    (student / "starter/.generated").unlink()
    assert said(starter.reset, "1", "uart.c", student) == (
        "starter/.generated lists no file of 1-boot; type git checkout HEAD -- starter/.generated")


# --- the verbs --------------------------------------------------------------------------------------------------------

def verb(line: str) -> int:
    """What `python3 -m grader LINE` does with the verbs here."""
    parser = argparse.ArgumentParser()
    parser.set_defaults(verb=line.split()[0])
    starter.configure(parser)
    return starter.main(parser.parse_args(line.split()[1:]))


def test_verbs(student, course, monkeypatch, capsys):
    monkeypatch.setattr(starter, "ROOT", student)
    assert verb("begin") == 0 and capsys.readouterr().out.startswith("You are on your own branch, mine.")
    put(student, "starter/1-boot/uart.c", MINE.replace("int one;", "int mine;"))
    commit(student)
    teach(course, course, top="int uno;")
    assert verb("update") == 1
    assert capsys.readouterr().err.startswith("starter/1-boot/uart.c: you and origin/main changed the same lines")
    assert verb("reset 1 --file uart.c") == 0
    assert capsys.readouterr().out == (
        "starter/1-boot/uart.c is as it was given; yours is kept as starter/1-boot/uart.c.mine-1.\n")
    git(student, "commit", "-a", "--no-edit")
    assert verb("update") == 0 and capsys.readouterr().out == "There is nothing new in origin/main.\n"
    monkeypatch.setattr(starter, "ROOT", course)
    assert verb(f"pristine {student}/out") == 0
    assert (student / "out/1-boot/uart.c").read_text() == uart(course)
