"""What gdb loads for `make gdb`: attaches to the QEMU that waits, shows the kernel's serial line, and explains `run`.

grader/interactive.py starts QEMU and gdb, and tells this file through the environment: EXOLAB_GDB and EXOLAB_SERIAL are
QEMU's sockets, EXOLAB_BREAK is where to stop first.
"""
import os
import select
import signal
import socket
import threading

import gdb

ANEW = "To start anew: `quit`, then the same `make gdb`."
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


gdb.execute("set confirm off")
gdb.execute("set pagination off")
gdb.execute("set print pretty on")
for name in ("run", "start", "starti"):
    Explain(name)
serial = Serial(os.environ["EXOLAB_SERIAL"])
Send()
Power()
gdb.execute("target remote " + os.environ["EXOLAB_GDB"])
gdb.execute("break " + os.environ["EXOLAB_BREAK"])
print("Stopped before the first instruction. `continue` runs to " + os.environ["EXOLAB_BREAK"]
      + "; `send TEXT` types to the kernel.")
