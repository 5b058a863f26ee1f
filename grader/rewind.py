"""`make rewind`: a check's run once more, recorded, found equal to the judged one, and then in gdb, backwards too.

QEMU's record and replay does it. It records from the first instruction to just behind the judged run's end, and replays
once to find that end: there are as many instructions, the same output and the same registers. Then gdb is given a
second replay, which goes on to that place and no further. From an empty disk image's snapshot QEMU goes back in time.

Two things about QEMU 7.2. While it records, a vCPU that does not leave its loop leaves the main loop no turn: the
plugin's budget makes it leave ("turn", in plugin/exolab.c). And "quit" overtakes, in the recording, the instructions
that are not written there yet: a look at the clock before it gets them written. Several looks keep a replay that stops
at the very last instruction from hearing of the "quit" first.
"""
import struct
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from grader import engine, explain, interactive, proc, symbols
from grader.errors import GraderError, Usage
from grader.interactive import Kernel
from grader.qmp import QmpError
from grader.result import visible
from grader.vm import Vm, escaped

NO_LIMIT = 1 << 62
CLOCK, LOOKS = 0x09010000, 16       # virt's PL031: to read it is to read the host's clock
READ = 0.05                 # seconds for QEMU's monitor to read a line; a kernel that goes on can be stopped later, too
STUCK = 2.0                 # seconds of QEMU's processor time without an instruction until rewind gives up
LAST_LINES = 10             # of the output, shown before gdb
# Ends that the last instruction brought about: the replay stops before it.
BEFORE_LAST = ("power-off", "reset", "quiet", "lost")
STOPPED = ("power-off", "reset", "quiet")       # and those of them behind which nothing is executed
ENDS = {
    "power-off": "its next instruction switches the machine off",
    "reset": "its next instruction restarts the machine",
    "quiet": "it goes to sleep for ever",
    "budget": "all the instructions that it may take are used up",
    "wfi-budget": "it has slept as often as it may",
    "restarts": "it is where it begins, once more than it may",
    "hold-budget": "it has come to where the check looks as often as it may",
    "hold": "the check has seen here what is wrong",
    "lost": "its next instruction leads to where no code can be",
}
# Where runs that fail come by: gdb gets breakpoints there, so that `reverse-continue` goes back to that at once.
FAILURES = ("panic_at", *(f"crash_{vector}" for vector in range(1, 8)))


@dataclass(frozen=True)
class Recording:
    """A run in QEMU's terms."""
    directory: Path         # where it lies, and what the kernel is fed
    end: int                # its instructions, as QEMU counts them
    traps: int              # those that the plugin counts and QEMU does not: they took an exception


def configure(parser) -> None:
    interactive.configure(parser)


def main(args) -> int:
    """The verb `rewind`: gdb's exit code; 1 where the student's kernel does not build."""
    if not args.check:
        raise Usage("which check? CHECK=name says so (make check shows their names)")
    interactive.find_debugger()
    kernel = interactive.built(args)
    return 1 if kernel is None else rewind(kernel, args.gdb)


def rewind(kernel: Kernel, extra: list[str]) -> int:
    """Judge once more, record, compare, and hand over to gdb with `extra` arguments; gdb's exit code."""
    try:
        judged = engine.run(kernel.boot, kernel.elf, seed=kernel.seed, nonce=kernel.nonce)
    except symbols.NoSymbol as error:
        raise Usage(f"{error}, so this check did not run to an end that one could go back from") from None
    refuse(judged)
    with interactive.scratch(interactive.ignore) as directory:
        made = record(judged, directory)
        stop = find_end(judged, made)
        lines = [visible(line) for line in judged.serial.decode("utf-8", "backslashreplace").splitlines()]
        shown = "\n".join(f"  {line}" for line in lines[-LAST_LINES:])
        print(f"Run again, and recorded: {judged.instructions} instructions and {len(judged.serial)} bytes of output, "
              f"as when it was judged.{' It ended with' * bool(lines)}\n{shown}".rstrip(), flush=True)
        return interactive.attach(
            kernel, [*recorded(interactive.machine(kernel, directory), directory, "replay"), "-chardev", "null,id=uart",
                     "-serial", "chardev:uart"], directory, extra, EXOLAB_REWIND=str(stop),
            EXOLAB_END=ENDS[judged.end], EXOLAB_FAILED="yes" * (explain.ending(judged) in ("panic", "fault")),
            EXOLAB_BREAK=" ".join(interactive.having(kernel.elf, FAILURES)))


def refuse(judged: engine.Run) -> None:
    """Raise Usage, in words, for a run that cannot be recorded; GraderError for one that was none."""
    if judged.end == "wall-clock":
        raise GraderError("the kernel came to no end in time: this machine is too slow, or stuck")
    if judged.typed:
        raise Usage("this check types to the kernel while it runs, and what is typed cannot be recorded: make gdb "
                    "boots it, and `send` types")
    if judged.end == "flood":
        raise Usage("this kernel prints without end, and where it was stopped is chance: make gdb boots it")
    if judged.boot.net is not None:
        raise Usage("this check speaks to the kernel over the network, and what comes from there cannot be recorded: "
                    "make gdb boots it")
    if judged.boot.smp > 1:
        raise Usage("this check boots several cores, whose turns cannot be recorded: make gdb boots it")
    if last_count(judged) < 1:
        raise Usage("this run ended at its first instructions: there is nothing to go back to")


def last_count(judged: engine.Run) -> int:
    """How many instructions are executed where the replay stops."""
    return judged.instructions - (judged.end in BEFORE_LAST) - deaf(judged)


def deaf(judged: engine.Run) -> bool:
    """Whether QEMU does not listen any more once the last instruction is executed: it is stopped before that, then."""
    return judged.end == "quiet" and not judged.registers


def recorded(arguments: list[str], directory: Path, mode: str) -> list[str]:
    """QEMU's arguments for the machine, with those that "record" it in `directory`, or "replay" what is there."""
    at = arguments.index("-icount") + 1
    icount = f"{arguments[at]},rr={mode},rrfile={escaped(directory / 'recording')},rrsnapshot=start"
    return [*arguments[:at], icount, *arguments[at + 1:],
            "-drive", f"if=none,id=snapshots,format=qcow2,file={escaped(directory / 'snapshots')}"]


def empty_disk() -> bytes:
    """An empty disk image of 1 MB, qcow2 version 2, that snapshots can be put into: QEMU's docs/interop/qcow2.rst."""
    cluster = 1 << 16       # bytes; there are four: header, table of reference counts, the one block of these, L1 table
    header = struct.pack(">4sIQIIQIIQQIIQ", b"QFI\xfb", 2, 0, 0, 16, 1 << 20, 0, 1, 3 * cluster, cluster, 1, 0, 0)
    counts = struct.pack(">Q", 2 * cluster), struct.pack(">4H", 1, 1, 1, 1), b""
    return b"".join(part.ljust(cluster, b"\0") for part in (header, *counts))


class _Vm(Vm):
    """A QEMU under record or replay; once the kernel has come to its budget it is stopped as soon as it can be."""
    stopping = False

    def turn(self, seconds: float | None) -> bool:
        served = super().turn(seconds)
        while self.lines:
            if self.lines.popleft()[0] != "budget":
                continue        # no answer lets it go on
            if not self.stopping:
                self.stopping = True
                self.qmp.post("stop")
                time.sleep(READ)
            self.answer("turn")
        return served

    def wait(self, *wanted: str) -> None:
        """Wait for one of these events of QEMU's; Usage where the processor is busy and executes nothing."""
        count, since = -1, 0.0
        while not any(event["event"] in wanted for event in self.qmp.events):
            self.turn(0.05)
            now, used = self.memory.read().now.instructions, proc.processor_time(self.pid)
            if now != count:
                count, since = now, used
            elif used - since > STUCK:
                raise Usage("the processor is busy here and executes no instruction, which cannot be recorded: "
                            "make gdb boots it")
            if self.late:
                raise GraderError("the recording came to no end in time: this machine is too slow, or stuck")
        self.qmp.events.clear()


def _start(judged: engine.Run, directory: Path, mode: str, budget: int) -> _Vm:
    vm = _Vm(directory, judged.boot.serial_cap, threading.Event())
    try:
        arguments = engine.machine(judged.boot, judged.elf, seed=judged.seed, nonce=judged.nonce, directory=directory)
        vm.start(recorded(arguments, directory, mode),
                 [f"budget={budget}", f"wfi={NO_LIMIT}", "several=0", "nowhere=0+0", f"ram=0+{0xffffffff}"],
                 stepping=mode == "record", running=mode == "record")
        return vm
    except BaseException:
        vm.kill()
        raise


def record(judged: engine.Run, directory: Path) -> Recording:
    """Make the run once more and record it into `directory`, at least up to its end.

    Raises Usage for a run that cannot be, GraderError if it had another number of instructions.
    """
    (directory / "snapshots").write_bytes(empty_disk())
    # (To be stopped takes an instruction; one more, where there is one, so that the recording goes on behind the end.)
    goes_on = judged.end not in BEFORE_LAST
    vm = _start(judged, directory, "record", budget=judged.instructions + (1 if goes_on else -1 - deaf(judged)))
    try:
        vm.wait("STOP", "SHUTDOWN")
        executed = vm.memory.read().now.instructions
        end = vm.qmp.command("query-replay")["icount"]
        if executed < judged.instructions - deaf(judged) or judged.end in STOPPED and executed > judged.instructions:
            raise _another_way()
        for _ in range(LOOKS):
            vm.qmp.monitor(f"xp /1wx {CLOCK:#x}")
        vm.quit()
        return Recording(directory, end, executed - end)
    except QmpError as error:
        raise GraderError(f"QEMU cannot record this: {error}") from None
    finally:
        vm.kill()


def find_end(judged: engine.Run, made: Recording) -> int:
    """Where the judged run ended, in QEMU's count of instructions; GraderError if the recording is not of that run.

    QEMU's count leaves out what the plugin's has in it, the instructions that took an exception, and stops between
    any two that it counts.
    """
    wanted = last_count(judged)
    vm = _start(judged, made.directory, "replay", NO_LIMIT)
    try:
        at, executed = 0, 0
        step = wanted - made.traps
        while executed < wanted:
            before, at = at, at + max(1, step)
            vm.qmp.command("replay-break", icount=at)
            vm.qmp.command("cont")
            vm.wait("STOP")
            executed = vm.memory.read().now.instructions
            step = (wanted - executed) // 2
        if executed > wanted:       # between the two is an instruction that took an exception: before it, then
            return before
        _compare(judged, vm)
        return min(at, made.end - 1)        # at its very end it may be before or behind such an instruction
    except QmpError as error:
        raise GraderError(f"QEMU cannot replay this: {error}") from None
    finally:
        vm.kill()


def _compare(judged: engine.Run, vm: _Vm) -> None:
    """GraderError unless the machine is where the judged run ended."""
    while vm.turn(0):
        pass
    found, expected = vm.qmp.registers(), judged.registers
    if judged.end == "lost":        # the last instruction, a branch or one that took an exception, has changed some
        expected = {}
    if judged.end in STOPPED and expected:          # (one that is deaf tells none)
        expected = expected | {"r15": found["r15"]}         # it stood behind the last instruction
    if expected and found != expected or bytes(vm.serial) != judged.serial:
        raise _another_way()


def _another_way() -> GraderError:
    return GraderError("the recorded run of the same kernel went another way than the judged one")
