"""The life of starter/ once a student works in it: begin, update, reset, and the regeneration that loses nobody's work.

starter/ is generated, committed, and then edited by students, so a file is rewritten only while it still is what was
generated last. What that was, no date or banner in the file says, but starter/.generated: a committed list of paths,
each with git's name for the content that was generated. So it is known in every clone and in a released tree that has
no solutions/, and an update merges it like any file (students never touch it). The content itself, which a merge needs
as its base and a reset gives back, is found in git by that name; regenerate() puts it there at once, before anybody
commits. Where git does not have it (a folder that was downloaded, not cloned), solutions/ is asked.

Whenever something a student wrote makes way, it is kept beside the file as FILE.mine-1, -2 and so on.
"""
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from grader import generate, labs
from grader.errors import GraderError, Usage
from grader.paths import ROOT

MINE = "mine"  # the branch of a self-learner
STEPS_OF_GIT = {"MERGE_HEAD": "merge", "rebase-merge": "rebase", "rebase-apply": "rebase",
                "CHERRY_PICK_HEAD": "cherry-pick", "REVERT_HEAD": "revert"}
ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX",
             "GIT_NAMESPACE")  # set inside a hook: they would name another repository


def configure(parser) -> None:
    """Arguments of the verbs begin, update, reset and pristine; which one is the parser's default `verb`."""
    verb = parser.get_default("verb")
    if verb == "reset":
        parser.add_argument("lab", nargs="?", default="", help="1, boot or 1-boot")
        parser.add_argument("--file", default="", help="the file in starter/N-name")
    if verb == "pristine":
        parser.add_argument("out", type=Path, help="a folder, for the starter as solutions/ make it")


def main(args) -> int:
    """Runs args.verb. Returns 0, or 1 if an update left conflicts to be mended."""
    if args.verb == "pristine":
        generate.pristine(args.out, ROOT)
        return 0
    if args.verb == "reset":
        print(reset(args.lab, args.file, ROOT))
        return 0
    if args.verb == "begin":
        print(begin(ROOT))
        return 0
    told, clean = update(ROOT)
    print(told, file=sys.stdout if clean else sys.stderr)
    return 0 if clean else 1


@dataclass(frozen=True)
class Regenerated:
    """What regenerate() did, in paths from the root."""
    written: list[str]      # made, rewritten or removed
    kept: list[str]         # edited by the student; there was nothing new for them
    merged: dict[str, str]  # edited by the student and merged -> where the student's own is kept
    conflicts: list[str]    # those of `merged` in which there is something to mend

    @property
    def lines(self) -> list[str]:
        """The same in words; none if nothing was done."""
        said = [f"{path}: written" for path in self.written]
        said += [f"{path}: edited, and left so; there was nothing new for it" for path in self.kept]
        for path, copy in self.merged.items():
            said.append(f"{path}: merged" + (", with conflicts to mend between <<<<<<< and >>>>>>>"
                                             if path in self.conflicts else "") + f"; as it was: {copy}")
        return said


def regenerate(merge: bool = False, root: Path = ROOT) -> Regenerated:
    """Makes starter/ what solutions/ generate. A file that is no longer what was generated last and for which there is
    something new is merged if `merge`; otherwise Usage names it and nothing at all is written."""
    starter = root / "starter"
    old, new = generate.read_manifest(starter), generate.course_files(root)
    edited = [path for path in sorted(old.keys() | new.keys()) if _edited(starter / path, old.get(path), new.get(path))]
    kept = [path for path in edited if path in old and path in new and old[path][1] == new[path].blob]
    clash = [path for path in edited if path not in kept]
    if clash and not merge:
        names = ", ".join(f"starter/{path}" for path in clash)
        raise Usage(f"{names}: no longer what was generated last, so nothing was written; "
                    "type make handouts MERGE=1 to merge (yours is kept beside it)")
    for path in clash:
        if not (starter / path).is_file() or (starter / path).is_symlink():
            raise Usage(f"starter/{path} is not a plain file, so nothing was written; move it away")
    results = {path: _merge(root, path, old.get(path), new.get(path)) for path in clash}
    _remember(root, [made for path, made in new.items() if path not in old or old[path][1] != made.blob])
    written = [path for path in sorted(old.keys() | new.keys()) if path not in edited and
               _content(starter / path) != (new[path].blob if path in new else None)]
    copies = {}
    for path, (made, _) in results.items():
        copies[f"starter/{path}"] = _replace(root, path, made)
    generate.write(starter, new, leave=edited)
    return Regenerated([f"starter/{path}" for path in written], [f"starter/{path}" for path in kept], copies,
                       [f"starter/{path}" for path in clash if results[path][1]])


def begin(root: Path = ROOT) -> str:
    """Puts a self-learner on a branch of their own; returns what to tell them. Changes not yet committed come along to
    a new branch; to one that exists they do not (Usage), as they would be mixed with what is there."""
    _repository(root)
    if _branch(root) == MINE:
        return f"You are on your own branch, {MINE}, already."
    _nothing_under_way(root)
    known = _git(root, "for-each-ref", "--format=%(refname)", f"refs/heads/{MINE}", f"refs/remotes/*/{MINE}").stdout
    if known:
        if _dirty(root):
            raise Usage(f"you have changes that are not committed, and your branch {MINE} exists already; "
                        "type git stash && make begin && git stash pop")
        _must(root, "switch", MINE, "--")
    else:
        _must(root, "switch", "--create", MINE, "--no-track")
    told = f"You are on your own branch, {MINE}. Commit to it as often as you like; make update brings what is new."
    return told if _has_identity(root) else f"{told}\nBefore your first commit, tell git who you are: {_IDENTITY}"


def update(root: Path = ROOT) -> tuple[str, bool]:
    """Merges what is new upstream into the student's branch; returns what to tell them, and whether it went through
    without conflicts.

    Upstream is the remote `upstream`, or else `origin`, or else the only remote: its default branch, or main, or
    master. Without a remote it is the local main or master. Nothing is done (Usage) while anything is not committed."""
    _repository(root)
    branch = _branch(root)
    if not branch:
        raise Usage("you are on no branch; type make begin")
    committed(root, "update")
    theirs = _upstream(root, branch)
    before = _must(root, "rev-parse", "HEAD")
    if _git(root, "merge-base", "--is-ancestor", theirs, "HEAD").returncode == 0:
        return f"There is nothing new in {theirs}.", True
    base = _git(root, "merge-base", "HEAD", theirs).stdout.strip()
    if not base:
        raise Usage(f"{branch} and {theirs} have no commit in common, so git cannot tell what is new; to merge them "
                    f"once all the same, type git merge --allow-unrelated-histories {theirs}")
    if base != before and not _has_identity(root):
        raise Usage(f"git does not know who you are, and a merge is a commit; type {_IDENTITY}, then make update again")
    merge = _git(root, "merge", "--ff", "--no-edit", "--quiet", theirs)
    if merge.returncode == 0:
        stat = _must(root, "diff", "--shortstat", before, "HEAD")
        return f"What is new in {theirs} is now in {branch}: {stat or 'no file changed'}.", True
    conflicts = [path for path in _must(root, "diff", "--name-only", "--diff-filter=U", "-z").split("\0") if path]
    if not conflicts:
        raise GraderError(f"git could not merge {theirs}: {_words(merge)}")
    return (f"{', '.join(conflicts)}: you and {theirs} changed the same lines; mend what stands between <<<<<<< and "
            ">>>>>>>, then type git commit -a (git merge --abort takes the merge back)"), False


def committed(root: Path, again: str) -> None:
    """Raises Usage unless `root` is a repository in which everything is committed; `again` is what to make then."""
    _repository(root)
    _nothing_under_way(root)
    if _dirty(root):
        raise Usage('you have changes that are not committed; type git commit -am "my work so far", '
                    f"then make {again} again")


def reset(lab: str, file: str, root: Path = ROOT) -> str:
    """Gives back one file of starter/N-name as it was generated last, and keeps the student's own beside it; returns
    what to tell them. `file` is its name there, or its path from the root. Raises Usage if there is none such."""
    found = labs.find(lab, root)
    starter = root / "starter"
    listed = generate.read_manifest(starter)
    given = {path: entry for path, entry in listed.items() if path.startswith(found.name + "/")}
    if not given and (root / "solutions" / found.name).is_dir():
        given = {path: (made.executable, made.blob)
                 for path, made in generate.lab_files(root / "solutions" / found.name).items()}
    if not given:
        raise Usage(f"starter/{generate.MANIFEST} lists no file of {found.name}; "
                    f"type git checkout HEAD -- starter/{generate.MANIFEST}")
    path = found.name + "/" + os.path.normpath(file or ".").removeprefix(f"starter/{found.name}/")
    if path not in given:
        names = ", ".join(sorted(path.partition("/")[2] for path in given))
        raise Usage(f"there is no file {file!r} in starter/{found.name}; there are: {names}" if file else
                    f"which file? FILE={names.split(', ')[0]}, for one; in starter/{found.name} there are: {names}")
    executable, blob = given[path]
    if _content(starter / path) == blob:
        return f"starter/{path} is as it was given; there is nothing to reset."
    data = _find(root, path, blob)
    copy = _replace(root, path, generate.Made(data, executable))
    return f"starter/{path} is as it was given" + (f"; yours is kept as {copy}." if copy else ".")


def _content(path: Path) -> str | None:
    """Git's name for what a path holds; None if there is nothing; "" if it is no plain file."""
    if not os.path.lexists(path):
        return None
    return generate.blob(path.read_bytes()) if path.is_file() and not path.is_symlink() else ""


def _edited(path: Path, old: tuple[bool, str] | None, new: generate.Made | None) -> bool:
    """Whether a file is neither what was generated last, nor what would be now, nor missing."""
    return _content(path) not in (None, old and old[1], new and new.blob)


def _merge(root: Path, path: str, old: tuple[bool, str] | None,
           new: generate.Made | None) -> tuple[generate.Made | None, bool]:
    """The student's file merged with what is generated now (None: removed), and whether there are conflicts in it."""
    if new is None:
        return None, False
    base = _blob(root, old[1]) if old else None
    with tempfile.TemporaryDirectory() as scratch:
        for name, data in (("mine", (root / "starter" / path).read_bytes()), ("last", base or b""), ("now", new.data)):
            (Path(scratch) / name).write_bytes(data)
        merge = _git(Path(scratch), "merge-file", "-p", "-L", "yours", "-L", "generated last", "-L", "generated now",
                     "mine", "last", "now", text=False)
    if 0 <= merge.returncode < 128:
        return generate.Made(merge.stdout, new.executable), merge.returncode > 0
    return new, False  # not text: nothing to merge line by line; the student's own is kept beside it


def _replace(root: Path, path: str, made: generate.Made | None) -> str | None:
    """Puts a file where the student's is (None: nothing), which is kept; returns the path of that copy, if any."""
    place = root / "starter" / path
    copy = None
    if os.path.lexists(place):
        number = 1
        while os.path.lexists(copy := place.with_name(f"{place.name}.mine-{number}")):
            number += 1
        if place.is_file() and not place.is_symlink():
            shutil.copy2(place, copy)
        else:
            place.rename(copy)
    if made is not None:
        generate.put(place, made)
    elif copy:
        place.unlink(missing_ok=True)
    return copy and copy.relative_to(root).as_posix()


def _find(root: Path, path: str, blob: str) -> bytes:
    """What was generated for a path, from git or else from solutions/."""
    data = _blob(root, blob)
    if data is None and (root / "solutions" / path.partition("/")[0]).is_dir():
        made = generate.lab_files(root / "solutions" / path.partition("/")[0]).get(path)
        data = made and made.data
    if data is None and (not shutil.which("git") or _top(root) != root.resolve()):
        raise Usage(f"this folder is no git repository that has starter/{path} as it was given; move yours away and take "
                    f"it out of the archive again: tar -xzf ARCHIVE --strip-components=1 --wildcards '*/starter/{path}'")
    if data is None:
        raise Usage(f"git does not have starter/{path} as it was given; take it from a fresh clone of the course")
    return data


def _blob(root: Path, name: str) -> bytes | None:
    """A content by git's name for it; None if git does not have it, or is not here."""
    if not shutil.which("git"):
        return None
    found = _git(root, "cat-file", "blob", name, text=False)
    return found.stdout if found.returncode == 0 else None


def _remember(root: Path, files: list[generate.Made]) -> None:
    """Gives contents to git to keep, if the root is a repository of its own."""
    if not shutil.which("git") or _top(root) != root.resolve():
        return
    for made in files:
        _git(root, "hash-object", "-w", "--stdin", text=False, input=made.data)


_IDENTITY = 'git config --global user.name "Your Name" && git config --global user.email you@example.org'


def _git(root: Path, *args: str, text: bool = True, input: bytes | None = None) -> subprocess.CompletedProcess:
    """One git command in `root`; its output is text, or bytes. Raises Usage if there is no git."""
    environment = {name: value for name, value in os.environ.items() if name not in ELSEWHERE} | {"LC_ALL": "C"}
    how = {"text": True, "errors": "surrogateescape"} if text else {"input": input or b""}
    try:
        return subprocess.run(["git", *args], cwd=root, env=environment, capture_output=True, **how)
    except FileNotFoundError:
        raise Usage("git is not installed; type sudo apt install git") from None


def _must(root: Path, *args: str) -> str:
    """What one git command prints, stripped. Raises GraderError with git's own words if it fails."""
    done = _git(root, *args)
    if done.returncode:
        raise GraderError(f"git {args[0]}: {_words(done)}")
    return done.stdout.strip()


def _words(done: subprocess.CompletedProcess) -> str:
    """What git said about a failure, in one line."""
    lines = (line for line in (done.stderr + done.stdout).splitlines() if not line.startswith("hint:"))
    return " ".join(" ".join(lines).split()) or f"exit {done.returncode}"


def _top(root: Path) -> Path | None:
    """The top of the repository that `root` lies in."""
    top = _git(root, "rev-parse", "--show-toplevel")
    return Path(top.stdout.rstrip("\n")).resolve() if top.returncode == 0 else None


def _repository(root: Path) -> None:
    """Raises Usage, saying what to type, unless `root` is a git repository of its own with a commit."""
    if _top(root) != root.resolve():
        said = _git(root, "rev-parse", "--show-toplevel").stderr
        if "dubious ownership" in said:
            raise Usage(f"this folder is somebody else's to git; type git config --global --add safe.directory {root}")
        raise Usage("this folder is not a git repository; type git init && git add -A && git commit -m start")
    if _git(root, "rev-parse", "--verify", "--quiet", "HEAD").returncode:
        raise Usage("there is no commit yet; type git add -A && git commit -m start")


def _branch(root: Path) -> str:
    """The branch that is checked out; "" if none is."""
    return _git(root, "symbolic-ref", "--quiet", "--short", "HEAD").stdout.strip()


def _dirty(root: Path) -> bool:
    """Whether a file that git knows has changes that are not committed."""
    return bool(_must(root, "status", "--porcelain", "--untracked-files=no"))


def _nothing_under_way(root: Path) -> None:
    for mark, step in STEPS_OF_GIT.items():
        if (root / _must(root, "rev-parse", "--git-path", mark)).exists():
            raise Usage(f"a {step} is under way; type git {step} --continue when it is mended, or git {step} --abort")


def _has_identity(root: Path) -> bool:
    return all(_git(root, "var", name).returncode == 0 for name in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"))


def _upstream(root: Path, branch: str) -> str:
    """The branch that the course comes from, fetched; update() says which."""
    remotes = _must(root, "remote").split()
    remote = next((name for name in ("upstream", "origin", *remotes[:len(remotes) == 1]) if name in remotes), None)
    if remote:
        fetch = _git(root, "fetch", "--quiet", remote)
        if fetch.returncode:
            raise GraderError(f"could not fetch from {remote}: {_words(fetch)}")
        default = _git(root, "symbolic-ref", "--quiet", "--short", f"refs/remotes/{remote}/HEAD").stdout.strip()
        wanted = [default] * bool(default) + [f"{remote}/main", f"{remote}/master"]
        folder = "refs/remotes/"
    else:
        wanted = [name for name in ("main", "master") if name != branch]
        folder = "refs/heads/"
    for name in wanted:
        if _git(root, "show-ref", "--verify", "--quiet", folder + name).returncode == 0:
            return name
    if remote:
        raise Usage(f"{remote} has no branch main or master; type git remote set-head {remote} BRANCH")
    raise Usage("there is nowhere to update from; type git remote add upstream URL, the URL being the course's")
