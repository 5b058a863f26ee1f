"""What gdb loads for `make gdb` and `make rewind`: attaches to the QEMU that waits, and goes to the first or last stop.

grader/interactive.py starts QEMU and gdb, and tells this file through the environment: EXOLAB_GDB is QEMU's socket,
EXOLAB_BOOT says which boot this is, of several, and EXOLAB_BREAK where to stop, in that order. `make gdb` has a serial
line, whose socket is EXOLAB_SERIAL. `make rewind` has a recorded run instead: EXOLAB_REWIND is the count of
instructions where the judged run ended, EXOLAB_END says why, in words, and EXOLAB_FAILED is "yes" if it has come to
one of the places of EXOLAB_BREAK before. decode.py beside this has more commands.
"""
import os
import re
import select
import signal
import socket
import sys
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

import gdb

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
import grader.gdb.decode    # noqa: E402, F401: it defines its commands
from grader import arm      # noqa: E402

REWIND = int(os.environ.get("EXOLAB_REWIND", -1))
ANEW = f"To start anew: `quit`, then the same `make {'gdb' if REWIND < 0 else 'rewind'}`."
FAULTS = (1, 3, 4)      # vectors of instructions that were not executed, and that QEMU does not count
COMMANDS = "`regs`, `cp15`, `dfsr`, `pagetable VA`, `trapframe` tell its state"
GOING_ON = ("continue", "step", "stepi", "next", "nexti", "finish", "until", "advance", "jump")


class Serial(gdb.Command):
    """The kernel's serial line: what it sends appears as it comes, and all of it before gdb tells of a stop.

    (hook-stop is the one place that gdb comes by before it prints where the kernel stands.)
    """

    def __init__(self, path):
        super().__init__("show-serial-line", gdb.COMMAND_STATUS)
        gdb.execute("define hook-stop\nshow-serial-line\nend")
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.lock = threading.Lock()
        threading.Thread(target=self.follow, daemon=True).start()

    def follow(self):
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())    # they are gdb's
        while select.select([self.socket], [], []) and self.show():
            pass

    def invoke(self, argument, from_tty):
        self.show()

    def show(self):
        """Print what has arrived; whether more can come."""
        with self.lock:
            try:
                while data := self.socket.recv(4096, socket.MSG_DONTWAIT):
                    os.write(1, data)
            except BlockingIOError:
                return True
            except OSError:
                pass
            return False

    def send(self, data):
        self.socket.sendall(data)


class Explain(gdb.Command):
    """The kernel is already loaded and started: `continue`."""

    def __init__(self, name):
        super().__init__(name, gdb.COMMAND_RUNNING)

    def invoke(self, argument, from_tty):
        print(f"The kernel is already loaded and stopped: type `continue`. {ANEW}")


class Send(gdb.Command):
    """Type to the kernel: send TEXT, where \\n, \\r and \\x04 mean what they mean in C."""

    def __init__(self):
        super().__init__("send", gdb.COMMAND_RUNNING)

    def invoke(self, argument, from_tty):
        serial.send(argument.encode("ascii", "backslashreplace").decode("unicode_escape").encode("latin-1", "replace"))


class Power(gdb.Command):
    """Fails once the machine is off; hooked before every command that goes on.

    When the kernel switches it off QEMU stays, so that its last state can be read, and tells gdb of a SIGQUIT; asked
    to go on from there it would never answer.
    """

    def __init__(self):
        super().__init__("machine-is-on", gdb.COMMAND_RUNNING)
        self.off = False
        gdb.events.stop.connect(self.stopped)
        for name in GOING_ON:
            gdb.execute(f"define hook-{name}\nmachine-is-on\nend")

    def stopped(self, event):
        if getattr(event, "stop_signal", None) == "SIGQUIT":
            self.off = True
            print("The kernel has switched the machine off here; its last state can still be read.")

    def invoke(self, argument, from_tty):
        if self.off:
            raise gdb.GdbError(f"The machine is off. {ANEW}")


class Recorded(gdb.Command):
    """Fails where a recorded run goes no further; hooked before every command that goes on, and so before reverse-...

    Going on, it sees to it that the machine stops where the judged run ended: QEMU forgets that at every stop.
    """

    def __init__(self):
        super().__init__("not-at-an-end", gdb.COMMAND_RUNNING)
        for name in GOING_ON:
            gdb.execute(f"define hook-{name}\nnot-at-an-end\nend")
        gdb.events.stop.connect(self.stopped)

    def invoke(self, argument, from_tty):
        at, back = self.count(), "Reverse" in gdb.execute("show exec-direction", to_string=True)
        if back and at == 0:
            raise gdb.GdbError("This is the run's first instruction: there is nothing before it.")
        if not back and at >= REWIND:
            raise gdb.GdbError("The judged run ended here: from here it only goes back.")
        if not back:
            gdb.execute(f"monitor replay_break {REWIND}", to_string=True)

    @staticmethod
    def count():
        """How many instructions have been executed here, as QEMU counts."""
        said = gdb.execute("monitor info replay", to_string=True)
        return int(re.search(r"instruction count = (\d+)", said)[1])

    def stopped(self, event):
        if getattr(event, "stop_signal", None) == "SIGINT" and self.count() == REWIND:
            print("The judged run ended here: " + os.environ["EXOLAB_END"] + ".")


def go_to_the_end(failures):
    """Breakpoints where runs fail; to where the judged run ended; back to where it failed, if that is one of them."""
    for name in failures:
        gdb.execute(f"break {'*' * (name != 'panic_at')}{name}", to_string=True)
    with quietly():
        onward()
        words = go_to_the_failure() if os.environ["EXOLAB_FAILED"] else ""
    Recorded()
    gdb.execute("frame")
    if words:
        print(f"Here the judged run {words}. `continue` goes on, in the end to where it ended.")
    else:
        print(f"The judged run ended here: {os.environ['EXOLAB_END']}.")
    print("It goes back: `reverse-stepi`, `reverse-finish`, `reverse-continue` (to a breakpoint; panic and crashes "
          f"have one); `bt`; {COMMANDS}.")


def onward():
    """On to where the judged run ended, whatever breakpoints there are."""
    gdb.execute("disable", to_string=True)
    gdb.execute(f"monitor replay_break {REWIND}", to_string=True)
    gdb.execute("continue", to_string=True)
    gdb.execute("enable", to_string=True)


def go_to_the_failure():
    """From the end back to the last panic, or to the instruction that the last crash came of; what it was, in words.

    What a kernel prints is not always so: where it was at neither it stays at the end, and there are no words.
    """
    gdb.execute("reverse-continue", to_string=True)
    if Recorded.count() == 0:
        onward()
        return ""
    name = gdb.newest_frame().name() or ""
    if not name.startswith("crash_"):
        return "panics"
    vector = int(name.removeprefix("crash_"))
    gdb.execute("reverse-stepi 2", to_string=True)      # over the vector and what was executed before
    if vector in FAULTS:        # that is not what faulted
        gdb.execute("disable", to_string=True)
        gdb.execute("stepi", to_string=True)
        gdb.execute("enable", to_string=True)
    return f"takes an exception: {arm.VECTORS[vector].name}"


def go_to_first_stop(stops):
    """Breakpoints there, and on to the first, unless the machine begins at it; which they are, in a line."""
    for name in stops:      # _start is assembly: its very first instruction
        gdb.execute(f"break {'*' * (name == '_start')}{name}", to_string=True)
    if stops:
        first, *later = stops
        print(f"It stops at {first}, then at {', '.join(later)}." if later else f"It stops at {first}.",
              f"{COMMANDS}; `send TEXT` types to it.", sep="\n")
    if not stops or gdb.selected_frame().pc() == int(gdb.parse_and_eval(f"&{stops[0]}")) & ~1:
        gdb.execute("frame")
    else:
        gdb.execute("continue")


@contextmanager
def quietly():
    """Without what gdb says of each stop; an older gdb says it."""
    with suppress(gdb.error):
        gdb.execute("set suppress-cli-notifications on")
    yield
    with suppress(gdb.error):
        gdb.execute("set suppress-cli-notifications off")


gdb.execute("set confirm off")
gdb.execute("set architecture armv7", to_string=True)     # or HVC and MOVW are read as what they were before
gdb.execute("set pagination off")
gdb.execute("set print pretty on")
gdb.execute("set remote query-attached-packet off")     # QEMU is ours: to quit ends it
for name in ("run", "start", "starti"):
    Explain(name)
with suppress(AttributeError):      # QEMU is ended by who started it; an older gdb may complain of its end
    gdb.events.gdb_exiting.connect(lambda event: gdb.execute("disconnect", to_string=True))
if REWIND < 0:
    serial = Serial(os.environ["EXOLAB_SERIAL"])
    Send()
    Power()
with quietly():
    gdb.execute("target remote " + os.environ["EXOLAB_GDB"])
if os.environ["EXOLAB_BOOT"]:
    print(os.environ["EXOLAB_BOOT"])
(go_to_first_stop if REWIND < 0 else go_to_the_end)(os.environ["EXOLAB_BREAK"].split())
