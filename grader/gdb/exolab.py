"""What gdb loads for `make gdb`: attaches to the QEMU that waits, shows its serial line, goes to the first stop.

grader/interactive.py starts QEMU and gdb, and tells this file through the environment: EXOLAB_GDB and EXOLAB_SERIAL are
QEMU's sockets, EXOLAB_BREAK names where to stop, in that order, and EXOLAB_BOOT says which boot this is, of several.
"""
import os
import select
import signal
import socket
import threading
from contextlib import suppress

import gdb

ANEW = "To start anew: `quit`, then the same `make gdb`."
MODES = {0x10: "User", 0x11: "FIQ", 0x12: "IRQ", 0x13: "SVC", 0x16: "Monitor", 0x17: "Abort", 0x1a: "HYP",
         0x1b: "Undefined", 0x1f: "System"}
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


class Registers(gdb.Command):
    """The registers that a program sees: r0 to r15, and the CPSR in words."""

    def __init__(self):
        super().__init__("regs", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        frame = gdb.selected_frame()
        value = {name: int(frame.read_register(name)) & 0xffffffff for name in (*self.names, "cpsr")}
        for first in range(0, 16, 4):
            print(" ".join(f"{name:>3} 0x{value[name]:08x}" for name in self.names[first:first + 4]))
        print(f"cpsr 0x{value['cpsr']:08x}: {self.words(value['cpsr'])}")

    names = (*(f"r{number}" for number in range(13)), "sp", "lr", "pc")

    @staticmethod
    def words(cpsr):
        """What its bits say: the mode, what is masked, which flags are set, the state, and IT."""
        def bits(**places):
            return " ".join(name for name, bit in places.items() if cpsr >> bit & 1) or "none"

        block = cpsr >> 8 & 0xfc | cpsr >> 25 & 3       # IT stands in two pieces
        return (f"{MODES.get(cpsr & 0x1f, 'unknown')} mode, masked: {bits(A=8, I=7, F=6)}; "
                f"flags: {bits(N=31, Z=30, C=29, V=28, Q=27)}; {'T (Thumb)' if cpsr >> 5 & 1 else 'A32'}, "
                f"{'E (big-endian)' if cpsr >> 9 & 1 else 'little-endian'}, IT {block:#04x}")


def go_to_first_stop(stops):
    """Breakpoints there, and on to the first, unless the machine begins at it; which they are, in a line."""
    for name in stops:      # _start is assembly: its very first instruction
        gdb.execute(f"break {'*' * (name == '_start')}{name}", to_string=True)
    if stops:
        first, *later = stops
        print(f"It stops at {first}, then at {', '.join(later)}." if later else f"It stops at {first}.",
              "`regs` shows the registers; `send TEXT` types to it.")
    if not stops or gdb.selected_frame().pc() == int(gdb.parse_and_eval(f"&{stops[0]}")) & ~1:
        gdb.execute("frame")
    else:
        gdb.execute("continue")


gdb.execute("set confirm off")
gdb.execute("set architecture armv7", to_string=True)     # or HVC and MOVW are read as what they were before
gdb.execute("set pagination off")
gdb.execute("set print pretty on")
gdb.execute("set remote query-attached-packet off")     # QEMU is ours: to quit ends it
for name in ("run", "start", "starti"):
    Explain(name)
serial = Serial(os.environ["EXOLAB_SERIAL"])
Send()
Power()
Registers()
with suppress(gdb.error):       # an older gdb shows where the machine begins, which is of little interest
    gdb.execute("set suppress-cli-notifications on")
gdb.execute("target remote " + os.environ["EXOLAB_GDB"])
with suppress(gdb.error):
    gdb.execute("set suppress-cli-notifications off")
if os.environ["EXOLAB_BOOT"]:
    print(os.environ["EXOLAB_BOOT"])
go_to_first_stop(os.environ["EXOLAB_BREAK"].split())
