"""What happened in a run, in words and lines of source: the part of a verdict from which a student learns.

Everything returned is plain data that is safe to print (result.visible) and depends on the run alone.
"""
import itertools
import re
from pathlib import Path
from typing import Sequence

from grader import arm, backtrace, diagnose, engine, generate, symbols
from grader.checks import Place, Run, Wrong
from grader.errors import GraderError, Usage
from grader.labs import REFERENCE, RIGHT, Kernel, Lab
from grader.paths import ROOT
from grader.result import Line, Section, visible

BEFORE, BEHIND = 3, 2       # lines shown before the first that differs, and behind it
AROUND = 2                  # lines of source shown on each side of the one that matters
TAIL = 5                    # lines of the console shown where a run broke off
LISTED = 16                 # lines shown of a list with nothing to compare it to
WIDTH = 140                 # characters shown of a line; more is cut
MESSAGES = 30               # lines shown of a compiler's messages

TODO = re.compile(rb"TODO (\d{1,3}\.\d{1,3})[a-z]?: not written yet")
CRASH = re.compile(rb"(?m)^crash: (.*) at pc 0x([0-9a-f]{8})")
REFUSED = re.compile(r"(?m)^([^\s:]+):(?:(\d+):)?(?:\d+:)? "
                     r"(?:(?:fatal )?[Ee]rror: |undefined reference|multiple definition|it )")
PANIC = re.compile(rb"panic: ([^\s:]+):(\d+): ")

# The ending of a run that should have ended otherwise -> the reason of the verdict.
REASON = {"return": "wrong output", "power-off": "early exit", "panic": "panic", "fault": "fault", "lost": "fault",
          "budget": "hang", "wfi-budget": "hang", "hold-budget": "hang", "quiet": "hang", "reset": "reboot",
          "restarts": "reboot", "flood": "wrong output", "todo": "not attempted", "peer": "wrong output",
          "silent": "hang"}

# What a run that reached the check's end should have done instead.
SHOULD = {
    "power-off": "The kernel should have switched the machine off, and went on.",
    "panic": "The kernel should have panicked, and went on.",
    "fault": "The kernel should have crashed, and went on.",
    "budget": "The kernel should have waited for ever, and went on.",
    "wfi-budget": "The kernel should have slept again and again, for ever, and went on.",
    "quiet": "The kernel should have gone to sleep for ever, and went on.",
    "reset": "The kernel should have reset the machine, and went on.",
    "peer": "The kernel should have gone on answering on the network, and ended.",
}

# What to say before the place where a run broke off.
WHERE = {"budget": "It spun here", "hold-budget": "It spun here", "wfi-budget": "It stands here",
         "quiet": "It stands here", "silent": "It sleeps here", "lost": "It stands here"}


def ending(run: Run) -> str:
    """How a run ended, one of checks.ENDINGS: what the framework said before what the engine saw."""
    if TODO.search(run.console):
        return "todo"
    if CRASH.search(run.console):
        return "fault"
    if run.end == "peer" and run.error is not None:
        return "hold"
    if run.end != "power-off":
        return run.end
    if "end" in run.reports:
        return "return"
    return "panic" if PANIC.search(run.console) else "power-off"


def todo_step(run: Run) -> str:
    """The step ("1.3") whose todo() ended the run."""
    return TODO.findall(run.console)[-1].decode()


def broken_off(run: Run, kernel: Kernel, expected: Sequence[str]) -> tuple[str, tuple[Section, ...]]:
    """For a run that did not end as it should: a few words for the table, and what there is to say."""
    how = ending(run)
    place, said = None, []
    if how == "todo":
        return f"step {todo_step(run)}", (todo(kernel, todo_step(run)),)
    if how == "fault":
        lines = [line.removeprefix("crash: ") for line in run.lines() if line.startswith("crash: ")]
        place = symbols.of(run.elf).where(int(CRASH.search(run.console)[2], 16))
        said.append(Section("The kernel crashed. The crash vectors say:", _lines(lines)))
    elif how == "panic":
        match = PANIC.search(run.console)
        place = Place(0, None, match[1].decode("ascii", "backslashreplace"), int(match[2][:9]))
        text = run.console[match.start():].partition(b"\n")[0]
        said.append(Section("The kernel panicked:", _lines([text])))
    elif how in ("budget", "hold-budget", "wfi-budget", "quiet", "silent", "lost"):
        place = None if run.pc is None else symbols.of(run.elf).where(run.pc)
        said.append(Section({
            "budget": f"The kernel did not come to an end: its budget of {run.boot.budget:,} instructions is spent.",
            "hold-budget": "The kernel did not come to an end: it came by the same place, or to the same device, again "
                           "and again.",
            "wfi-budget": f"The kernel did not come to an end: it slept (WFI) {run.boot.wfi:,} times.",
            "quiet": "The kernel sleeps (WFI or WFE), and nothing is under way that could ever wake it.",
            "silent": "The kernel does not answer any more: " + (
                "it goes on and on, and sends nothing." if run.pc is None else "it sleeps (WFI or WFE)."),
            "lost": "The core went where no instruction can be fetched, or none was ever put"
                    + (f": to {diagnose.device(run.pc)}." if run.pc is not None and run.pc < engine.RAM[0] else "."),
        }[how]))
    elif how == "power-off":
        said.append(Section("The machine was switched off before the check was through."))
    elif how == "reset":
        said.append(Section("The kernel reset the machine."))
    elif how == "restarts":
        said.append(Section(f"The kernel starts over, again and again: it began {engine.STARTS} times, and nothing reset "
                            "the machine."))
    elif how == "flood":
        said.append(Section(f"The kernel printed more than {run.boot.serial_cap:,} characters, and did not stop."))
    elif how == "return":
        said.append(Section(SHOULD.get(expected[0], "The kernel should have ended otherwise, and went on.")))
    if run.awaited:
        sent, received = (f"{n} frame{'' if n == 1 else 's'}" for n in run.frames)
        said.append(Section(f"The check was waiting for {run.awaited}; it had sent {sent} and received {received}."))
    if place is not None:
        said.append(source(place, kernel, WHERE.get(how, "It happened here")))
    if how == "flood":
        said.append(Section("It began like this:", _lines(run.lines()[:TAIL])))
    elif how != "panic":
        said.append(console(run))
    return visible("" if place is None else f"in {place.function}()" if place.function else f"at {place}"), tuple(said)


def closer(run: Run, kernel: Kernel, expected: Sequence[str]) -> tuple[str, tuple[Section, ...]] | None:
    """What broken_off() says, found out by looking at the same run again: what happened and what shows it, where, who
    called it, the registers there. It costs a few more boots; None where there is nothing to add.
    """
    how = ending(run)
    if run.boot.net is not None or how in expected and how != "fault" and "lost" not in expected:
        return None
    try:
        found = diagnose.diagnose(run, how)
    except GraderError:         # another way to be told: the plain explanation has to do
        return None
    if found is None:
        return None
    detail, plain = broken_off(run, kernel, expected)
    at, frames = found.moment, found.moment.stack.frames
    if how == "panic":          # its own words tell what and where; its caller is the next frame
        said, frames = list(plain), frames[1:]
    else:
        said = [Section(visible(found.what), _lines(found.facts)) if found.what else plain[0],
                source(at.place, kernel, found.where)]
        detail = visible(" ".join(filter(None, (found.named, at.place.function and f"in {at.place.function}()"))))
    if len(frames) > 1 or frames and frames[0].times > 1 or at.stack.end not in ("", backtrace.UNKNOWN):
        said.append(Section("Who called whom, the innermost first:", _lines(_called(frames, at.stack.end))))
    if how != "panic":
        names = [*(f"r{i}" for i in range(13)), "sp", "lr", "pc"]
        values = [f"{name:>3} {at.registers[f'r{i}']:08x}" for i, name in enumerate(names)]
        said.append(Section(f"The registers there, in {arm.MODES.get(at.mode, 'no known')} mode "
                            f"(CPSR {at.registers['cpsr']:08x}):",
                            _lines("  ".join(values[i:i + 4]) for i in range(0, 16, 4))))
        said.append(console(run))
    return detail, tuple(said)


def _called(frames: Sequence[backtrace.Frame], end: str) -> list[str]:
    """A backtrace in lines: "#0 uart_putc, starter/1-boot/uart.c:31"."""
    lines = []
    for number, frame in enumerate(frames):
        place = frame.place
        line = f"#{number} {place.function or 'no function'}, "
        line += f"0x{place.address:08x}" if place.file is None else f"{place.file}:{place.line}"
        if frame.times > 1:
            line += f"   ({frame.times:,} times)" if frame.length == 1 else \
                f"   (these {frame.length}, {frame.times:,} times)"
        lines.append(line)
    return lines + [f"   {end}"] * bool(end)


def wrong(error: Exception, kernel: Kernel) -> tuple[Section, ...]:
    """For what a check, or a hold's function, raised as Wrong."""
    if not isinstance(error, Wrong):
        return (Section(_sentence(error)),)
    said = [Section(visible(error.message), difference(error.expected, error.got))]
    if isinstance(error.look, Place):
        said.append(source(error.look, kernel, "Look here"))
    elif error.look:
        said.append(Section(f"Look at {visible(error.look)}"))
    return tuple(said)


def difference(expected: Sequence[str] | None, got: Sequence[str] | None) -> tuple[Line, ...]:
    """The first line that differs, between its neighbours; with only one of the two given, those lines.

    Where there are as many of both, those behind it are compared in the same way: one belongs to the other.
    """
    if expected is None or got is None:
        return _listed(expected if expected is not None else got or (), "" if expected is None else "expected")
    first = next((i for i, (a, b) in enumerate(zip(expected, got)) if a != b), min(len(expected), len(got)))
    if first == len(expected) == len(got):
        return _listed(got)
    shown = [_numbered(i, got[i]) for i in range(max(0, first - BEFORE), first)]
    shown += _differing(first, expected, got)
    for i in range(first + 1, min(len(got), first + 1 + BEHIND)):
        same = len(expected) != len(got) or expected[i] == got[i]
        shown += [_numbered(i, got[i], "then")] if same else _differing(i, expected, got)
    return tuple(shown)


def _differing(i: int, expected: Sequence[str], got: Sequence[str]) -> list[Line]:
    """What line `i` should be, and what it is."""
    wanted, found = (_cut(lines[i], i, expected, got) if i < len(lines) else nothing for lines, nothing in
                     ((expected, "(nothing more)"), (got, "(nothing: it ends here)")))
    if wanted == found:         # they differ in what looks alike
        wanted, found = ascii(expected[i]), ascii(got[i])
    return [Line(f"{i + 1:>4}  {wanted}", "expected"), Line(f"{i + 1:>4}  {found}", "got")]


def _listed(texts: Sequence[str], mark: str = "") -> tuple[Line, ...]:
    """Lines with nothing to compare them to: those that repeat are counted, and only the first LISTED are shown."""
    groups = [(text, len(list(group))) for text, group in itertools.groupby(texts)]
    shown = [Line(shorten(visible(text)) + (f"   ({times} times)" if times > 1 else ""), mark)
             for text, times in groups[:LISTED]]
    more = [Line(f"... and {len(groups) - LISTED} more")] if len(groups) > LISTED else []
    return (*shown, *more)


def _cut(line, i, expected, got) -> str:
    """A line, without what lies far before its first character that differs, if it is long."""
    text = visible(line)
    if len(text) <= WIDTH or i >= min(len(expected), len(got)):
        return shorten(text)
    other = visible(got[i] if line is expected[i] else expected[i])
    at = next((i for i, (a, b) in enumerate(zip(text, other)) if a != b), min(len(text), len(other)))
    start = max(0, at - WIDTH // 2)
    return ("..." if start else "") + shorten(text[start:])


def _numbered(i: int, text: str, mark: str = "") -> Line:
    return Line(f"{i + 1:>4}  {shorten(visible(text))}", mark)


def source(place: Place, kernel: Kernel, heading: str) -> Section:
    """A place in the sources, with the lines around it where they may be shown."""
    lines = []
    if place.file and place.line and _may_be_shown(Path(place.file), kernel):
        text = _text(place.file)
        for number in range(max(1, place.line - AROUND), min(len(text), place.line + AROUND) + 1):
            shown = shorten(visible(text[number - 1].expandtabs(4).rstrip()))
            lines.append(Line(f"{number:>4}  {shown}", "here" if number == place.line else ""))
    return Section(f"{heading}: {visible(str(place))}", tuple(lines))


def _may_be_shown(path: Path, kernel: Kernel) -> bool:
    """Whether a file is one that the student has: the name may be of the kernel's making (a panic's, or by #line)."""
    others = (kernel.place(lab, tree) for lab, tree in (*kernel.prior, *kernel.later) if tree not in RIGHT)
    folders = [kernel.tree, *others, "kernel", f"{kernel.lab.folder}/checks"]
    try:
        real = (ROOT / path).resolve()
        if not real.is_file():
            return False
    except (OSError, ValueError, RuntimeError):     # too long, a NUL in it, links in a circle: no file's name
        return False
    return any(real.is_relative_to((ROOT / folder).resolve()) for folder in folders)


def todo(kernel: Kernel, step: str) -> Section:
    """Where the student goes on: the first place of a step that is not written yet."""
    found = find_todo(kernel, step)
    if found is None:
        return Section(f"Step {step} is not written yet.")
    path, line = found
    return source(Place(0, None, str(path), line), kernel, f"Step {step} is not written yet")


def find_todo(kernel: Kernel, step: str) -> tuple[Path, int] | None:
    """The first file (relative to the root) and line that says `TODO step`, in lab.toml's order of the files."""
    marker = re.compile(rf"(TODO {re.escape(step)}\b|todo\(\"{re.escape(step)}[a-z]?\"\))")
    for lab, tree in kernel.parts:
        for name in lab.files if lab.number == int(step.partition(".")[0]) else ():
            path = kernel.place(lab, tree) / name
            if (ROOT / path).is_file():
                for line, text in enumerate(_text(path), 1):
                    if marker.search(text):
                        return path, line
    return None


def _text(path: Path | str) -> list[str]:
    return (ROOT / path).read_text("utf-8", "replace").splitlines()


def console(run: Run) -> Section:
    """The last that the kernel printed."""
    lines = [line for line in run.lines() if line and not line.startswith("crash: ")]
    if not lines:
        return Section("It had printed nothing.")
    more = len(lines) - TAIL
    return Section("The last lines that it printed:" if more > 0 else "Before, it had printed:", _lines(lines[-TAIL:]))


def compiler(text: str) -> tuple[Section, ...]:
    """The compiler's (or linker's) own messages."""
    lines = text.splitlines()
    shown = [Line(shorten(visible(line.expandtabs(4)), 200)) for line in lines[:MESSAGES]]
    if len(lines) > MESSAGES:
        shown.append(Line(f"... and {len(lines) - MESSAGES} lines more"))
    return (Section("The kernel does not build. The compiler says:", tuple(shown)),)


def refused(text: str, kernel: Kernel) -> tuple[Lab, str] | None:
    """The lab and the step ("3.2") that a build's messages are about: of the first that names a lab's file, the step of
    the region that the line is in; as a student's file has none, the first step that the reference has there.
    """
    for path, line in REFUSED.findall(text):
        for lab, tree in kernel.parts:
            for name in lab.files if lab.number <= kernel.lab.number else ():
                if str(kernel.place(lab, tree) / name) == path:
                    found = _regions(Path(path)) or _regions(kernel.place(lab, REFERENCE) / name)
                    at = [region for region in found if 0 < int(line or 0) - region.line <= len(region.solution)]
                    return next(((lab, region.step) for region in at + found), None)
    return None


def _regions(path: Path) -> list[generate.Region]:
    try:
        return generate.regions((ROOT / path).read_text("utf-8", "replace"))
    except (OSError, Usage):
        return []


def shorten(text: str, width: int = WIDTH) -> str:
    return text if len(text) <= width else text[:width - 3] + "..."


def _lines(texts, mark: str = "") -> tuple[Line, ...]:
    return tuple(Line(shorten(visible(text)), mark) for text in texts)


def _sentence(error: Exception) -> str:
    text = visible(str(error)) or type(error).__name__
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", ":", "!", "?")) else ".")
