"""Kernels from files: calls make on kernel/lab.mk, and tells a student's compile error from the grader's own trouble.

What is built stays below BUILD and is made anew only when a source changed; of two builds at a time one waits.
A student's files are compiled in a box (sandbox.py) and within limits, and may read nothing but themselves, kernel/
and the compiler's headers: where there is no box, what was read is looked through afterwards.
"""
import fcntl
import functools
import hashlib
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterable

from grader import forgery, labs, sandbox
from grader.errors import GraderError
from grader.paths import BUILD, ROOT
from grader.result import visible

MAKEFILE = "kernel/lab.mk"
TOOLS = ("make", "arm-none-eabi-gcc")
VARIANTS = ("safe", "stores", "matching", "bundles", "unprivileged")     # of modules, that a rewriter makes
HOST_TOOLS = ("gcc",)       # where a lab has files for this machine
PASSED_ON = ("PATH", "TMPDIR", "OPT", "WERROR")     # of the environment, to make

# What a compiler may use: seconds of computing, bytes of memory, bytes of each file that it writes.
SECONDS, MEMORY, OUTPUT = 10, 2 << 30, 32 << 20
LIMITED = ('ulimit -S -t "$1"; ulimit -H -t "$(($1 + 5))"; ulimit -v "$2"; ulimit -f "$3"; ulimit -c 0; '
           'shift 3; exec "$@"')
SAID = 1 << 20      # bytes of its messages that are read
PATIENCE = 600      # seconds after which a make that computes nothing, as on a terminal's file, is given up
WARNINGS = 20       # lines shown of those of a build that works

# What a tool says that came to a limit.
ENDLESS = ("CPU time limit exceeded", "File size limit exceeded", "File too large", "out of memory allocating",
           "virtual memory exhausted", "memory exhausted")

# What a tool says of a file that it cannot have.
SOUGHT = re.compile(r"(?m): (?:fatal error: (.+): [A-Z][\w ]+|Error: can't open (.+) for reading: .*|"
                    r"Error: file not found: (.+)|Error: unable to include `(.+)')$")

# What the linker says of an object of the reference's that it cannot take.
ALIEN = re.compile(r"(?m)^(?!.*(?:undefined reference|multiple definition|in function)).*?"
                   rf"({labs.SHIPPED}/[\w./+-]+\.o)(?::\d+)?:? (.*)")

SCRATCH = r"/cc\w{6}\.s"         # what the compiler hands to the assembler

# How the compiler itself ends where there is no room: no message of a file's own does.
FULL = re.compile(r"^(?!.*:\d+: (error|warning|note):).*: fatal error: .*: No space left on device$")

# What a tool says when it was stopped, and by no fault in the files.
STOPPED = {
    "No space left on device": "the disk is full",
    "Cannot allocate memory": "there is not memory enough to compile",
    "Killed signal": "the compiler was killed",
    "internal compiler error": "the compiler broke",
    "cannot execute": "the compiler is not whole",
    "Permission denied": "a file cannot be read or written",
}


@dataclass(frozen=True)
class Built:
    """What became of a lab's payloads: each is in exactly one of the two."""
    elfs: dict[str, Path]                                       # payload -> kernel
    failed: dict[str, str] = field(default_factory=dict)        # payload -> what the tools said


def payload_source(lab: labs.Lab, payload: str) -> Path:
    """The C file of a payload, relative to the root: a check's, or a program of the lab itself, as `demo`."""
    for path in (Path(lab.folder) / folder / f"{payload}.c" for folder in ("checks", "hidden", "")):
        if (ROOT / path).is_file():
            return path
    raise GraderError(f"{lab.folder}/checks/{payload}.c: no such payload")


def folder(kernel: labs.Kernel) -> Path:
    """Where the kernels of this composition are put: one folder for each list of files and each OPT."""
    files = hashlib.sha256("\n".join(map(str, kernel.files)).encode()).hexdigest()
    return BUILD / "kernels" / kernel.lab.name / f"{kernel.tree.parent.name}-{files[:8]}{_opt('')}"


def build(kernel: labs.Kernel, payloads: Iterable[str]) -> Built:
    """Build the kernel with each of the payloads (names), all in one make.

    GraderError if a tool is missing or dies, the disk is full, or what does not compile is not the student's.
    """
    payloads = list(dict.fromkeys(payloads))
    sources = {payload: payload_source(kernel.lab, payload) for payload in payloads}
    need_tools(TOOLS + HOST_TOOLS * bool(kernel.host))
    if lost := [file for file in kernel.files if not (ROOT / file).is_file() and not _made(file)]:
        if lost[0] in _reference(kernel):
            raise GraderError(f"{lost[0]}: this file of the reference is missing")
        return Built({}, dict.fromkeys(payloads, f"{lost[0]}: this file is missing"))
    if odd := _odd_file(kernel):
        return Built({}, dict.fromkeys(payloads, odd))
    with _alone():
        make = _Make(kernel, sources)
        make.forget_changed()
        done = make.run()
        if done.returncode:
            return make.explain(done)
        if lost := [target for target in (*make.students, *make.elfs) if not (ROOT / target).is_file()]:
            raise GraderError(f"make says that all is well, and has not made {lost[0]}")
        assembled = [target for target in make.rewritten if target.endswith(".o") and (ROOT / target).is_file()]
        refused = [said for target in (*make.students, *assembled) if (said := make.reads(target))]
        if refused := refused or make.forges():
            return Built({}, dict.fromkeys(payloads, "\n".join(refused)))
    warnings = make.tidy(done.stderr).splitlines()      # of what was compiled just now
    if len(warnings) > WARNINGS:
        warnings[WARNINGS:] = [f"... and {len(warnings) - WARNINGS} more"]
    for line in warnings:
        print(visible(line.expandtabs(4)), file=sys.stderr)
    return Built({payload: make.out / f"{payload}.elf" for payload in payloads})


def _opt(usual: str) -> str:
    """What the compiler is asked to optimise, if it was said: OPT=-Og."""
    return os.environ.get("OPT", usual)


def _reference(kernel: labs.Kernel) -> list[Path]:
    """The files of other labs that are the reference's, and so ours."""
    places = [kernel.place(lab, tree) for lab, tree in (*kernel.prior, *kernel.later) if tree in labs.RIGHT]
    return [file for file in kernel.files if any(file.is_relative_to(place) for place in places)]


def _folders(kernel: labs.Kernel) -> list[Path]:
    """The folders of the labs' files, whosever they are."""
    folders = [kernel.place(lab, tree) for lab, tree in kernel.parts]
    return list(dict.fromkeys(kernel.place(lab, labs.REFERENCE) if _made(folder) else folder
                              for folder, (lab, _) in zip(folders, kernel.parts)))


def _made(path: Path) -> bool:
    """Whether that is, or is in, what make makes of the solutions: the reference as objects."""
    return (ROOT / path).is_relative_to(BUILD / labs.OBJECTS)


def _odd_file(kernel: labs.Kernel) -> str:
    """Words on something in the labs' folders that is neither a file nor a folder; "" if there is none."""
    for folder in _folders(kernel):
        below = (os.path.join(root, name) for root, folders, files in os.walk(ROOT / folder)
                 for name in sorted(folders + files) if not name.startswith(".#"))      # an editor's lock
        for path in (str(ROOT / folder), *below):
            mode = os.lstat(path).st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                what = "a symbolic link" if stat.S_ISLNK(mode) else "no ordinary file"
                return f"{_relative(Path(path))}: this is {what}; put the file itself there"
    return ""


def _modules(folder: Path) -> Path:
    """Where a payload's modules are: beside it, or where a file `of` says."""
    try:
        return ROOT / (folder / "of").read_text().strip()
    except OSError:
        return folder


class _Make:
    """One call of make for a kernel: the command, and what its failure means."""

    def __init__(self, kernel: labs.Kernel, sources: dict[str, Path]):
        self.kernel, self.sources, self.out = kernel, sources, folder(kernel)
        self.command = ["make", "--no-print-directory", "-rRskO", f"-j{os.cpu_count() or 1}", "-f", MAKEFILE,
                        f"BUILD={_relative(BUILD)}", f"OUT={_relative(self.out)}",
                        *(f"{name}={' '.join(map(str, files))}" for name, files in
                          (("FILES", kernel.linked), ("USER", kernel.user), ("HOST", kernel.host),
                           ("GIVEN", kernel.given), ("PAYLOADS", sources.values())))]
        self.objects = f"{_relative(BUILD)}/obj-virt{_opt('-O2')}"
        reference = _reference(kernel)
        self.students = {self.object(file): file for file in kernel.files if file not in reference}
        self.elfs = {_relative(self.out / f"{payload}.elf"): payload for payload in sources}
        self.programs = {_relative(self.out / path.relative_to(ROOT).with_suffix(".elf")): payload
                         for payload, source in sources.items()
                         for path in (ROOT / source.with_suffix("")).glob("*.user.[cS]")}
        # What the student's rewriter writes, and what is assembled of that. What all modules are linked with may be the first that fails.
        self.safe = self.out.with_name(f"{self.out.name}.rewritten")
        modules = {path: payload for payload, source in sources.items()
                   for path in _modules(ROOT / source.with_suffix("")).glob("*.module.[cs]")}
        for path in (ROOT / "kernel/core/string.c", *(ROOT / "kernel/sfi/lib").glob("*.c")) if modules else ():
            modules[path] = next(iter(modules.values()))
        self.rewritten = {_relative((folder / path.relative_to(ROOT)).with_suffix(suffix)): payload
                          for path, payload in modules.items()
                          for folder, kind in ((self.safe, "s"), (self.out, "o"))
                          for suffix in (f".{variant}.{kind}" for variant in VARIANTS)}
        self.rewritten |= {_relative(self.out / path.relative_to(ROOT).parent / name): payload for path, payload in modules.items()
                           for name in (f"{path.stem}.elf", *(f"{path.name.split('.')[0]}.{v}.elf" for v in VARIANTS))}
        if modules:
            self.rewritten[_relative(self.out / "rewrite")] = next(iter(modules.values()))

    def object(self, file: Path) -> str:
        """What is linked of a file; an object is that itself."""
        return str(file) if file.suffix == ".o" else f"{self.objects}/{file}.o"

    def forget_changed(self) -> None:
        """Throw away the objects of a lab's folder in which a file changed, however old it says it is."""
        for folder in _folders(self.kernel):
            files = sorted(path for path in (ROOT / folder).rglob("*") if path.is_file() and not path.is_symlink())
            now = {str(path.relative_to(ROOT / folder)): hashlib.sha256(path.read_bytes()).hexdigest()
                   for path in files}
            record = Path(ROOT / f"{self.objects}/{folder}/.seen")
            try:
                before = json.loads(record.read_text())
            except (OSError, ValueError):
                before = None
            if now == before:
                continue
            # A file that is no source of its own may be part of any other.
            sources = {str(file.relative_to(folder)) for file in self.kernel.files if file.is_relative_to(folder)}
            before = before or {}
            changed = {name for name in now.keys() | before.keys() if now.get(name) != before.get(name)}
            for name in changed if changed <= sources else sources:
                (record.parent / f"{name}.o").unlink(missing_ok=True)
            record.parent.mkdir(parents=True, exist_ok=True)
            record.write_text(json.dumps(now))

    def run(self, *targets: str, variables: Iterable[str] = ()) -> subprocess.CompletedProcess:
        """Make those targets; all of them if none is named. What the student's rewriter writes is made by itself, where nothing else can
        be written."""
        for folder in (BUILD / Path(self.objects).name, BUILD / labs.OBJECTS, self.out, self.safe):
            folder.mkdir(parents=True, exist_ok=True)
        if not self.rewritten:
            return self._make(targets, variables)
        theirs = [target for target in targets if target in self.rewritten and target.endswith(".s")]
        done = []
        if theirs or not targets:
            done = [self._make(["rewriter"], variables), self._make(theirs or ["rewritten"], variables, rewrites=True)]
        if not theirs:      # whatever has become of these: others may need none
            done.append(self._make(targets, [*variables, "REWRITE=false"]))
        return subprocess.CompletedProcess(self.command, max(one.returncode for one in done),
                                           stderr="".join(one.stderr for one in done if one.returncode) or done[-1].stderr)

    def _make(self, targets: Iterable[str], variables: Iterable[str], rewrites: bool = False) -> subprocess.CompletedProcess:
        # Nothing of the caller's that could change what is compiled, nor the time; messages in English, for they are
        # read here.
        environment = {key: os.environ[key] for key in PASSED_ON if key in os.environ}
        limits = [str(SECONDS), str(MEMORY >> 10), str(OUTPUT >> 9)]
        ours = [BUILD / Path(self.objects).name, BUILD / labs.OBJECTS, self.out]
        read, write = (ours, [self.safe]) if rewrites else ([self.safe], ours)
        boxed = sandbox.wrap(["sh", "-c", LIMITED, "sh", *limits, *self.command, *variables, "--", *targets],
                             read=[*self._needed(), *read], write=write, cwd=ROOT)
        done = _run(boxed, environment | {"LC_ALL": "C", "SOURCE_DATE_EPOCH": "0"})
        for line in self._tools_own(done.stderr):
            for sign, words in STOPPED.items():
                if sign in line and not _endless(line):
                    raise GraderError(f"{words}: {visible(line.strip())}")
        return done

    def _needed(self) -> list[Path | str]:
        """What make and the tools have to find."""
        # A check may include what lies beside it, or beside another lab's; any other payload is a file or two and its programs.
        payloads = [path for source in self.sources.values() for path in (
            sorted(folder.relative_to(ROOT) for folder in ROOT.glob("labs/*/checks")) if source.parent.name == "checks" else
            (source, source.with_suffix(".S"), source.with_suffix(""))) if (ROOT / path).exists()]
        tools = [folder for tool in TOOLS for folder in sandbox.installation(tool)]
        return [*(ROOT / path for path in dict.fromkeys((Path("kernel"), *_folders(self.kernel), *payloads))), *tools]

    def _tools_own(self, text: str) -> Iterable[str]:
        """The lines that speak of the tools, not of a place in a file or of the student's files, whatever these say."""
        theirs = (" ", *(f"{file.parent}/" for file in self.kernel.files))
        return [line for line in text.splitlines() if FULL.search(line) or not line.startswith(theirs)
                and not re.search(r":\d+: ((fatal )?error|warning|note|Error|Warning|Info):", line)]

    def reads(self, target: str, listed: Iterable[str] = ()) -> str:
        """Words on a file that this object of the student's was made of, and must not be; "" if there is none."""
        beside = (ROOT / target).with_suffix("")
        read = list(listed)
        for record in (f"{beside}.d", f"{beside}.read"):
            try:
                read += _prerequisites(Path(record).read_text(errors="surrogateescape"))
            except OSError:
                pass
        for name in dict.fromkeys(read):
            if not self._allowed(name) and not _scratch(name) and not (ROOT / name).is_relative_to(self.safe):
                return visible(f"{self.students.get(target, target)}: it takes in {name}, which is not part of your kernel: only "
                               "the lab's own folder, kernel/ and the compiler's headers are")
        return ""

    def forges(self) -> list[str]:
        """A line on each name of the framework's that the student's objects take or replace."""
        ours = [ROOT / self.object(file) for file in self._given()]
        return forgery.refused({ROOT / target: str(file) for target, file in self.students.items()
                                if file not in self.kernel.user + self.kernel.host}, ours)

    @functools.cached_property
    def _may_be_read(self) -> list[str]:
        folders = [ROOT / folder for folder in (*_folders(self.kernel), "kernel")]
        tools = (*TOOLS[1:], *HOST_TOOLS * bool(self.kernel.host))
        folders += [folder for tool in tools for folder in _toolchain(shutil.which(tool))]
        return [f"{os.path.realpath(folder)}/" for folder in folders]

    @functools.cache
    def _allowed(self, name: str) -> bool:
        """Whether a file is one that a student's file may be made of."""
        try:
            return os.path.realpath(ROOT / name).startswith(tuple(self._may_be_read))
        except ValueError:
            return False

    @functools.cached_property
    def _payloads(self) -> set[str]:
        return {os.path.realpath(ROOT / path) for path in self._given()}

    @functools.cache
    def _shown(self, name: str) -> bool:
        """Whether messages on a file may be shown: the payloads are given too, and what is made of modules."""
        return bool(self._allowed(name) or os.path.realpath(ROOT / name) in self._payloads
                    or re.search(rf"\.({'|'.join(VARIANTS)}|module)(\.in)?\.s$", name))

    def tidy(self, text: str) -> str:
        """A compiler's messages without those on files that are not to be read (#line names any): they quote them."""
        kept, foreign = [], None
        for line in text.splitlines():
            if not line.startswith(" "):
                named = [line[:match.start()] for match in re.finditer(r":\d+|: Assembler messages", line)]
                foreign = next((name for name in named if not self._shown(name) and not _scratch(name)
                                and (_exists(name) or ": " not in name)), None)
            if foreign is not None:
                line = f"{foreign}: this is not part of your kernel, and what is said of it is not shown"
            if foreign is None or line not in kept:
                kept.append(line)
        return "\n".join(kept)

    def explain(self, done: subprocess.CompletedProcess) -> Built:
        """Whose error is it? Each target that failed is made once more, alone, so that its own messages stand alone."""
        # Which, make says at the end of its messages; but the student's files speak there too, so that a line may be
        # theirs: none but our own targets are taken from it, and only if they fail again.
        line = re.compile(r"make: \*\*\* \[[\w./]+:\d+: ([^\s\]]+)\] ")
        named = [match[1] for match in map(line.match, done.stderr.splitlines()) if match]
        if _says_too_much(done):
            named += self.students
        elfs = self.programs | self.elfs | self.rewritten
        known = {*self.students, *elfs, *map(self.object, self._given())}
        said = {target: text for target in dict.fromkeys(named) if target in known and (text := self._said(target))}
        if not said:
            if named:
                raise GraderError("something stopped the compiler; try again (it works now)")
            raise GraderError(f"make could not build the kernel: {visible(_telling(done.stderr))}")
        for target, text in said.items():
            if target not in elfs and target not in self.students:
                raise GraderError(f"a file that is not the student's does not compile: {visible(_telling(text))}")
        if messages := [text for target, text in said.items() if target not in elfs]:
            return Built({}, dict.fromkeys(self.sources, "\n".join(messages)))
        failed = {elfs[target]: text for target, text in said.items()}
        if any(target in self.rewritten for target in said):    # make may have stopped before the others
            failed = dict.fromkeys(self.rewritten.values(), next(iter(failed.values()))) | failed
        if other := ALIEN.search("\n".join(failed.values())):
            raise GraderError(f"{other[1]} cannot be linked here ({visible(other[2])}): the compiler that "
                              "made it is another; `make doctor` says which is known good, and PRIOR=starter does "
                              "without")
        self._blame(failed)
        linked = [payload for payload in self.sources if payload not in failed]
        return Built({payload: self.out / f"{payload}.elf" for payload in linked}, failed)

    def _given(self) -> list[Path]:
        """The files of ours that every kernel of this call is made of."""
        kernel = [path.relative_to(ROOT) for folder in ("core", "board/virt") for path in
                  (ROOT / "kernel" / folder).glob("*.[cS]")]
        return [*kernel, *self.kernel.given, *_reference(self.kernel), *self.sources.values(),
                *(source.with_suffix(".S") for source in self.sources.values())]

    def _said(self, target: str) -> str:
        """What the tools say of one target alone; "" if it can be made."""
        students = target in self.students
        if students:
            for record in ("d", "read"):
                (ROOT / target).with_suffix(f".{record}").unlink(missing_ok=True)
        done = self.run(target, variables=["LIST=-H"] if students else [])      # it lists what is included
        if done.returncode == 0:
            return ""
        if _says_too_much(done) or any(map(_endless, self._tools_own(done.stderr))):
            what = self.students.get(target, target)
            return (f"{what}: the compiler did not come to an end ({SECONDS} seconds of computing, {MEMORY >> 30} GB "
                    f"of memory, {OUTPUT >> 20} MB of output and {SAID >> 20} MB of messages are the most that it may "
                    "use)")
        error = r"(Error \d+|\w[\w ()]*)" if target in self.rewritten else "(Error 1)"
        ended = re.search(rf": {re.escape(target)}\] {error}\n$", done.stderr)
        if not ended:
            raise GraderError("something stopped the compiler; try again "
                              f"({visible(_telling(done.stderr)) or 'it says nothing'})")
        text = done.stderr
        if students:
            text, _, guards = text.partition("Multiple include guards may be useful for:\n")
            listed = re.findall(r"(?m)^\.+ (.*)\n", text) + ["".join(names) for names in SOUGHT.findall(done.stderr)]
            if refused := self.reads(target, listed):
                return refused
            text = re.sub(r"(?m)^\.+ .*\n", "", text) + "".join(
                line for line in guards.splitlines(True) if not (self._allowed(line.strip()) and _exists(line.strip())))
            text = re.sub(rf"(?m)^\S*{SCRATCH}(?=:)", f"{self.students[target]} (as assembly)", text)
        said = self.tidy(re.sub(r"(?m)^make: .*\n?", "", text)).strip("\n")
        if not said and target in self.rewritten:       # their rewriter died without a word
            said = f"{' '.join(map(str, self.kernel.host))}: the rewriter ended with: {ended[1]}"
        return re.sub(r"(?m)^\S*/\S*\bld(\.bfd)?: ", "ld: ", said).replace(f"{BUILD}/", "build/")

    def _blame(self, failed: dict[str, str]) -> None:
        """A payload that does not link with the solutions either is no fault of the student's."""
        if self.kernel.src == "solutions" or not (ROOT / "solutions" / self.kernel.lab.name).is_dir():
            return
        last, _ = self.kernel.parts[-1]
        reference = labs.within(labs.compose(last, "solutions"), self.kernel.lab)
        if _Make(reference, {payload: self.sources[payload] for payload in failed}).run().returncode != 0:
            raise GraderError(f"{self.sources[next(iter(failed))]} does not link with the solutions either: "
                              + _telling(next(iter(failed.values()))))


def need_tools(tools: Iterable[str]) -> None:
    """GraderError, naming it, if a program is not found."""
    for tool in tools:
        if shutil.which(tool) is None:
            raise GraderError(f"{tool} is not installed: `make doctor` tells how to get it")


@contextmanager
def _alone():
    """One build at a time."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with open(BUILD / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess:
    """Run a command from the root, without a terminal; whatever becomes of it, nothing of it is left running.

    Of what it says on stderr the first SAID bytes are kept, and then make's own lines alone, up to twice as much.
    """
    kept, size, late = [], 0, threading.Event()
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, start_new_session=True) as process:
        def end():
            late.set()
            os.killpg(process.pid, signal.SIGKILL)

        backstop = threading.Timer(PATIENCE, end)
        backstop.start()
        try:
            for line in iter(lambda: process.stderr.readline(1 << 16), b""):
                if size < SAID or size < 2 * SAID and line.startswith(b"make: "):
                    kept.append(line)
                    size += len(line)
            process.wait()
        except BaseException:
            end()
            raise
        finally:
            backstop.cancel()
    if late.is_set():
        raise GraderError(f"the compiler waits for something, since {PATIENCE} seconds")
    return subprocess.CompletedProcess(command, process.returncode, stderr=b"".join(kept).decode(errors="replace"))


@functools.lru_cache
def _toolchain(compiler: str) -> list[str]:
    """The folders of the compiler's own headers."""
    said = _run([compiler, "-xc", "-E", "-v", os.devnull], {"LC_ALL": "C"}).stderr
    return said.partition("#include <...> search starts here:\n")[2].partition("End of search list.")[0].split()


def _prerequisites(text: str) -> list[str]:
    """The files behind the colon of the first rule of a makefile, as the tools write it."""
    rule = text.replace("\\\n", " ").partition("\n")[0].partition(": ")[2]
    return [re.sub(r"\\([ #:\\])", r"\1", name).replace("$$", "$") for name in re.findall(r"(?:\\.|\S)+", rule)]


def _scratch(name: str) -> bool:
    """Whether a name is no file's, as what the compiler handed to the assembler and removed, or .file's argument."""
    return not _exists(name) and (not _outside(name) or re.search(f"{SCRATCH}$", name) is not None)


def _outside(name: str) -> bool:
    """Whether a name leads out of the root. Nothing that is told depends on whether there is such a file."""
    try:
        return not f"{os.path.realpath(ROOT / name)}/".startswith(f"{os.path.realpath(ROOT)}/")
    except ValueError:
        return False


def _exists(name: str) -> bool:
    try:
        return bool(name) and os.path.exists(ROOT / name) and not os.path.isdir(ROOT / name)
    except ValueError:
        return False


def _says_too_much(done: subprocess.CompletedProcess) -> bool:
    return len(done.stderr.encode()) >= SAID


def _endless(line: str) -> bool:
    return any(sign in line for sign in ENDLESS)


def _relative(path: Path) -> str:
    """As make is to see it: relative to the root where it lies below it."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def _telling(text: str) -> str:
    """The line that says most of a tool's output."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for sign in ("No space left", "undefined reference", "multiple definition", "error: ", "***"):
        for line in lines:
            if sign in line:
                return line
    return lines[-1] if lines else ""


# The verb `build`, for maintainers and scripts.

def configure(parser) -> None:
    parser.add_argument("lab", nargs="?", default="", help="1, boot or 1-boot")
    parser.add_argument("payloads", nargs="*", metavar="payload",
                        help="as `bss` or `demo`; all of the lab's checks if none is named")
    parser.add_argument("--src", default="starter", help="whose lab: starter (default), solutions, or a tree's path")
    parser.add_argument("--prior", action="append", default=[], metavar="TREE", help="whose earlier labs")


def main(args) -> int:
    """Print where each kernel is; 1, behind the compiler's messages, if one does not build."""
    lab = labs.find(args.lab)
    payloads = args.payloads or sorted(path.stem for path in (ROOT / lab.folder / "checks").glob("*.c"))
    built = build(labs.compose(lab, args.src, labs.priors(args.prior)), payloads)
    for said in dict.fromkeys(built.failed.values()):
        print(said, file=sys.stderr)
    for elf in built.elfs.values():
        print(_relative(elf))
    return 1 if built.failed else 0
