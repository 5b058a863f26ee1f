"""Runs the commands that a page shows, and says where what they print is not what the page says they print.

    <!-- run: solutions -->                     starter/ is as somebody leaves it who writes what the reference has
    <!-- run: solutions up to 1.3 -->           ... who did steps 1.1 to 1.3 so far
    <!-- run: starter -->                       starter/ is as a student first gets it
    <!-- run: no, because it installs -->       not run at all; the reason is for whoever reads the source
    <!-- file: labs/5-new/lab.toml -->          the fenced block that follows, of any language, is written to that file before
                                                the next commands run

stands before each fenced block of language `console`. In the block a line that begins with `$ ` is a command (one that
ends in a backslash goes on in the next line, after `> `), what follows is what it prints, and a line `...` stands for
any number of lines. A line that begins with `(gdb) ` is typed to the gdb that the command started, and shown behind its
prompt; what gdb says behind a last `(gdb) quit` is not.

Each page has a copy of the tree to itself, as a fresh clone at ~/exolab; its blocks run in order, each from the top of
the copy, and what one block writes the next one sees.
"""
import difflib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import docs, errors, generate, labs, paths

TREES = re.compile(r"starter|solutions(?: up to (?P<step>\d+\.\d+))?")
PATIENCE = 300      # seconds; a command that takes longer is reported as stuck, whatever it has printed
LEFT_OUT = (".git", "build", "dist", "starter")
ANY = "..."
GDB = "(gdb) "


@dataclass(frozen=True)
class Command:
    """A command as typed (its lines, prompts included) and what the page says it prints."""
    typed: tuple[str, ...]
    prints: tuple[str, ...]

    @property
    def script(self):
        return "\n".join(line[2:] for line in self.typed)

    @property
    def answers(self):
        """What is typed to gdb, in lines."""
        return [line.removeprefix(GDB) for line in self.prints if line.startswith(GDB)]


@dataclass(frozen=True)
class Session:
    """A console block to be run in `tree`; `comment` is the 0-based line of its run comment; `files` are written first."""
    fence: docs.Block
    tree: str
    comment: int
    commands: tuple[Command, ...]
    files: tuple[tuple[str, str], ...] = ()     # path from the top, text


def read(page):
    """(Sessions, Problems): the console blocks of a page that are run, and those that cannot be."""
    sessions, problems, said, files = [], [], {}, []
    for i, block in enumerate(page.blocks):
        try:
            if block.kind == "comment" and block.text.startswith("run:"):
                fence = docs.following_fence(page, i)
                if fence.info != "console":
                    raise docs.Fault("the block that follows is not a console block")
                said[fence.start] = block
            elif block.kind == "comment" and block.text.startswith("file:"):
                files.append((_file(block.text), docs.following_fence(page, i).text))
            elif block.kind == "fence" and block.info == "console":
                comment = said.get(block.start)
                if comment is None:
                    raise docs.Fault("say how this is run: <!-- run: solutions -->, <!-- run: starter --> or "
                                     "<!-- run: no, because ... --> before the block")
                tree = comment.text.removeprefix("run:").strip()
                if re.match(r"no, because \S", tree):
                    continue
                if not TREES.fullmatch(tree):
                    raise docs.Fault(f"run: {tree}: write solutions, solutions up to 1.3, starter, or no, because ...")
                sessions.append(Session(block, tree, comment.start, _commands(block.text), tuple(files)))
                files = []
        except docs.Fault as fault:
            problems.append(docs.Problem(page.name, block.start + 1, str(fault)))
    return sessions, problems


def _file(comment):
    name = comment.removeprefix("file:").strip()
    if not re.fullmatch(r"[\w.+-]+(/[\w.+-]+)*", name) or ".." in name.split("/"):
        raise docs.Fault(f"file: {name}: write a path from the top of the repository")
    return name


def _commands(text):
    found, more = [], False
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append(([line], []))
        elif not found:
            raise docs.Fault("a console block begins with a command: a line that begins with `$ `")
        elif more and line.startswith("> "):
            found[-1][0].append(line)
        else:
            found[-1][1].append(line)
        more = line.startswith(("$ ", "> ")) and line.endswith("\\") and not found[-1][1]
    return tuple(Command(tuple(typed), tuple(prints)) for typed, prints in found)


def check(path, root=paths.ROOT):
    """Runs a page's commands; the Problems say, command by command, which line they print instead."""
    page = docs.Page(path, root)
    sessions, problems = read(page)
    for session, outputs in zip(sessions, _run(page, sessions)):
        for command, printed in zip(session.commands, outputs):
            if not matches(command.prints, printed):
                problems.append(docs.Problem(page.name, session.comment + 1, _differs(command, printed)))
    return problems


def update(path, root=paths.ROOT):
    """Runs a page's commands and writes what they print into the page; `...` stays where the rest still fits.

    Returns the number of blocks rewritten. Raises errors.Usage if a block cannot be run.
    """
    page = docs.Page(path, root)
    sessions, problems = read(page)
    if problems:
        raise errors.Usage(str(problems[0]))
    fills = []
    for session, outputs in zip(sessions, _run(page, sessions)):
        lines = [line for command, printed in zip(session.commands, outputs)
                 for line in (*command.typed, *merged(command.prints, printed))]
        fills.append(docs.Fill(session.fence.start + 1, session.fence.end - 1,
                               docs.indented(page, session.fence, lines), session.comment, "the transcript"))
    return docs.rewrite(page, fills)


def matches(said, printed):
    """Whether printed lines are the said ones, where a line `...` stands for any number of lines."""
    pieces = [[]]
    for line in said:
        if line.strip() == ANY:
            pieces.append([])
        else:
            pieces[-1].append(line)
    printed, (first, *rest) = list(printed), pieces
    if not rest:
        return first == printed
    *middle, last = rest
    at, end = len(first), len(printed) - len(last)
    if at > end or printed[:at] != first or printed[end:] != last:
        return False
    for piece in middle:
        at = next((i for i in range(at, end - len(piece) + 1) if printed[i:i + len(piece)] == piece), None)
        if at is None:
            return False
        at += len(piece)
    return True


def merged(said, printed):
    """What a page should say: what it says if that matches, else what was printed with its `...` kept in place."""
    if matches(said, printed):
        return list(said)
    if [line.strip() for line in said] == [ANY]:
        return list(said)
    lines = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, said, printed, autojunk=False).get_opcodes():
        gaps = [i for i in range(a, b) if said[i].strip() == ANY]
        if tag == "equal" or not gaps:
            lines += printed[c:d]
        else:
            before, after = min(gaps[0] - a, d - c), min(b - 1 - gaps[-1], d - c)
            lines += [*printed[c:c + before], ANY, *printed[max(d - after, c + before):d]]
    return lines if matches(lines, printed) else list(printed)


def _differs(command, printed):
    same = 0
    while same < min(len(command.prints), len(printed)) and command.prints[same] == printed[same]:
        same += 1
    said = command.prints[same] if same < len(command.prints) else "(nothing more)"
    got = printed[same] if same < len(printed) else "(nothing more)"
    return (f"`{command.script}` prints something else, from its line {same + 1} on: {got!r} where the page says "
            f"{said!r}; if it is right, type: make handouts TRANSCRIPTS=1")


def _run(page, sessions):
    """What each command of each session prints: a list of lists of lines."""
    if not sessions:
        return []
    where = paths.BUILD / "docs"
    where.mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix=re.sub(r"\W+", "-", page.name) + "-", dir=where))
    try:
        tree = home / "exolab"
        _copy(page.root, tree)
        results, holds = [], None
        for session in sessions:
            if session.tree != holds:
                _fill_starter(tree, session.tree)
                if holds is None:
                    _git(tree, home)
                holds = session.tree
            for name, text in session.files:
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                (tree / name).write_text(text, encoding="utf-8")
            results.append(_run_session(session, tree, home, page))
        return results
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _copy(root, tree):
    """A copy of what a fresh clone has; starter/ is left to _fill_starter()."""
    def left_out(folder, names):
        top = LEFT_OUT if Path(folder) == Path(root) else ()
        return [name for name in names if name in top or name in ("__pycache__", ".pytest_cache")]
    shutil.copytree(root, tree, ignore=left_out, symlinks=True)


def _fill_starter(tree, kind):
    """Makes starter/ of a copy what `kind` (a Session's tree) says."""
    starter, last = tree / "starter", TREES.fullmatch(kind)["step"]
    shutil.rmtree(starter, ignore_errors=True)
    if kind == "starter":
        generate.pristine(starter, tree)
        return
    for path in sorted(path for path in (tree / "solutions").rglob("*") if path.is_file() and labs.CHALLENGES not in path.parts):
        name = path.relative_to(tree).as_posix()
        made = starter / path.relative_to(tree / "solutions")
        made.parent.mkdir(parents=True, exist_ok=True)
        try:
            made.write_text(solved_up_to(path.read_text(encoding="utf-8"), name, last), encoding="utf-8")
        except UnicodeDecodeError:
            shutil.copyfile(path, made)
        shutil.copymode(path, made)


def solved_up_to(text, name, last=None):
    """An annotated text as a student has it who has done the steps up to `last` ("1.3"), or all, with the reference's
    lines in the place of the student's."""
    lines = text.split("\n")
    for region, start, end in reversed(docs.region_spans(text, name)):
        done = last is None or _numbers(region.step) <= _numbers(last)
        lines[start:end] = region.solution if done else region.instead
    return "\n".join(lines)


def _numbers(step):
    return [int(number) for number in step.split(".")]


def _git(tree, home):
    """Makes the copy a repository of its own, so that no command that runs in it finds the one around it."""
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "exolab"]):
        subprocess.run(["git", "-c", "gc.auto=0", *words], cwd=tree, env=environment(home), check=True)


def environment(home):
    """What a command of a page sees: the caller's PATH and a fixed, plain rest."""
    same = {"name": "you", "email": "you@example.org", "date": "2025-01-01T00:00:00Z"}
    who = {f"GIT_{role}_{key.upper()}": value for role in ("AUTHOR", "COMMITTER") for key, value in same.items()}
    return who | {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "TERM": "dumb", "NO_COLOR": "1",
                  "COLUMNS": "100", "LINES": "50", "PYTHONDONTWRITEBYTECODE": "1", "GIT_CONFIG_NOSYSTEM": "1"}


def _run_session(session, tree, home, page):
    at, outputs = tree, []
    for command in session.commands:
        said_pwd = home / "pwd"
        shell = 'eval "$1"; pwd -P > "$2"'
        process = subprocess.Popen(["bash", "-c", shell, "bash", command.script, said_pwd], cwd=at, text=True,
                                   env=environment(home), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, encoding="utf-8", errors="backslashreplace",
                                   start_new_session=True)
        try:
            printed, _ = process.communicate("".join(f"{line}\n" for line in command.answers), timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            raise errors.GraderError(f"{page.name}:{session.comment + 1}: `{command.script}` did not end within "
                                     f"{PATIENCE} s; a command that waits for someone is <!-- run: no, because ... -->"
                                     ) from None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if said_pwd.exists():
            at = Path(said_pwd.read_text().rstrip("\n"))
            said_pwd.unlink()
        printed = with_answers(printed.replace(str(tree), "~/exolab"), command.answers)
        outputs.append([line.rstrip() for line in printed.splitlines()])
    return outputs


def with_answers(printed, answers):
    """What gdb printed, with what was typed behind each of its prompts, as on a terminal."""
    before, *replies = printed.split(GDB)
    shown = [f"{GDB}{answer}\n" + ("" if answer == "quit" else reply) for answer, reply in zip(answers, replies)]
    return before + "".join(shown) if answers else printed
