"""One QEMU: its process, the descriptors it inherits, the one event loop that serves them all, and its certain end.

Serial line, QMP, gdb's stub, the plugin's control and stderr are socket pairs: no ports and no paths to collide.
"""
import array
import collections
import contextlib
import fcntl
import os
import selectors
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from . import plugin, proc, sandbox
from .errors import GraderError
from .qmp import Qmp
from .stub import Stub

WALL = 120.0                # seconds a QEMU may take; the backstop
RECORDS = 1 << 17           # marks and accesses a run may have: as objects some 40 MB
STORM = 200_000             # exceptions, one and the same, that end a look
LOG_CAP = 64 << 10          # bytes kept of stderr,
TRACE_CAP = 8 << 20         # and where it has a trace
STOPPING = 1.0              # seconds that QEMU's main loop may take to tell its vCPUs to stop
SIOCOUTQ = 0x5411           # Linux's: how many bytes the other side of a socket has not taken yet


class Abandoned(BaseException):
    """Nobody waits for this QEMU any more."""


class Vm:
    """A QEMU that is started by `start`, moves on while `turn` is called, and is gone after `kill`.

    directory     its working directory
    serial_cap    bytes kept of what the UART sends, and one more that shows there was more
    abandoned     when set, the next turn raises Abandoned
    looking       what QEMU writes to a log, which the plugin reads ("int"); "": there is none
    tracing       it traces to stderr
    """

    def __init__(self, directory: Path, serial_cap: int, abandoned: threading.Event, looking: str = "",
                 tracing: bool = False):
        self.serial = bytearray()                   # what the UART sent
        self.log = bytearray()                      # stderr
        self.lines: collections.deque[list[str]] = collections.deque()      # the plugin's, in words, not yet answered
        self.directory = directory
        self._serial_cap = serial_cap
        self._abandoned = abandoned
        self._looking = looking
        self._log_cap = TRACE_CAP if tracing else LOG_CAP
        self.pid = 0                                # QEMU's, once it is started
        self._partial = bytearray()                 # a line that is not complete
        self._deadline = time.monotonic() + WALL
        self._process: subprocess.Popen | None = None
        self._selector = selectors.DefaultSelector()
        self._theirs: list[socket.socket] = []
        self.memory = plugin.Memory(RECORDS, bool(looking))
        self._uart = self._pair(lambda: self._take(self._uart, self.serial, self._serial_cap + 1))
        self._control = self._pair(self._receive_control)
        self._stderr = self._pair(lambda: self._take(self._stderr, self.log, self._log_cap))
        qmp = self._pair(lambda: self.qmp.receive())
        self.qmp = Qmp(qmp, lambda: self.turn(None))
        self._gdb = self._pair(lambda: self.stub.receive())
        self.stub = Stub(self._gdb, lambda: self.turn(None))

    def _pair(self, receive: Callable[[], object]) -> socket.socket:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        self._selector.register(ours, selectors.EVENT_READ, receive)
        self._theirs.append(theirs)
        return ours

    def start(self, arguments: list[str], settings: list[str], stepping: bool, running: bool = True,
              inherit: Iterable[socket.socket] = ()) -> None:
        """Start QEMU and, if `running`, let the kernel run.

        `arguments` are QEMU's for the machine, `settings` the plugin's ("budget=100"); `stepping`: each block is one
        instruction from the start; `inherit`: sockets that `arguments` name, and that are closed here.
        """
        self._theirs += inherit
        qemu = plugin.find()
        uart, control, stderr, qmp, gdb, *more = (theirs.fileno() for theirs in self._theirs)
        # In the box QEMU is its own first process, and has no parent there.
        parent = os.getpid() if sandbox.missing() else 0
        settings = [f"parent={parent}", f"control={control}", f"memory={self.memory.fd}", f"records={RECORDS}",
                    f"stepping={int(stepping)}", *settings]
        inherited = [uart, control, qmp, gdb, self.memory.fd, *more]
        if self.memory.log is not None:
            log = self.memory.log.fileno()
            inherited.append(log)
            settings += [f"log={log}", f"storm={STORM}"]
            arguments = [*arguments, "-D", f"/dev/fd/{log}", "-d", self._looking]
        command = [str(qemu.program), *arguments, *(qemu.stepping_option if stepping else ("-accel", plugin.TCG)),
                   "-no-shutdown", "-S",
                   "-chardev", f"socket,id=uart,fd={uart}", "-serial", "chardev:uart",
                   "-chardev", f"socket,id=qmp,fd={qmp}", "-mon", "chardev=qmp,mode=control",
                   "-chardev", f"socket,id=gdb,fd={gdb}", "-gdb", "chardev:gdb",
                   "-plugin", ",".join((escaped(qemu.plugin), *settings))]
        kernel = arguments[arguments.index("-kernel") + 1]
        try:
            self._process, self.pid = sandbox.start(
                command, read=[kernel, qemu.plugin, *sandbox.installation(command[0])], write=[self.directory],
                cwd=self.directory, pass_fds=inherited, stdin=subprocess.DEVNULL,
                stdout=stderr, stderr=stderr)
        except OSError as error:
            raise GraderError(f"{qemu.program} cannot be started: {error.strerror}") from None
        for theirs in self._theirs:
            theirs.close()          # so that QEMU's end shows
        self.qmp.post("qmp_capabilities")
        if running:
            self.qmp.post("cont")
        self.qmp.settle()

    def quit(self) -> None:
        """Let QEMU, which stands still, end by itself: what it writes is whole then. GraderError if it does not."""
        self.qmp.post("quit")
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            raise GraderError("QEMU does not end when it is told to") from None

    def kill(self) -> None:
        """End QEMU, whatever it does, and let go of everything."""
        if self._process is not None:
            sandbox.end(self._process, self.pid)
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        for theirs in self._theirs:
            theirs.close()
        self._selector.close()
        self.memory.close()

    @property
    def late(self) -> bool:
        """The backstop has fired."""
        return time.monotonic() > self._deadline

    @property
    def flooded(self) -> bool:
        """The UART has sent more than it may."""
        return len(self.serial) > self._serial_cap

    def turn(self, seconds: float | None) -> bool:
        """Serve what is ready, waiting for it up to `seconds` (None: up to the backstop); whether there was anything.

        Raises GraderError when QEMU is gone.
        """
        ready = self._selector.select(1.0 if seconds is None else seconds)
        for key, _ in ready:
            key.data()
        if self.qmp.closed:
            raise self._obituary()
        if self._abandoned.is_set():
            raise Abandoned
        if seconds is None and self.late:
            raise GraderError(f"QEMU has not answered for {WALL:.0f} seconds")
        return bool(ready)

    def answer(self, word: str) -> None:
        """Let the vCPU go on that stands still since the plugin's line."""
        _send(self._control, word.encode() + b"\n")

    def stop(self, held: str = "") -> bool | None:
        """Stop the machine for good, so that its stub answers; QMP does too.

        held    if a vCPU stands still since the plugin's line "budget": it executes that one instruction more, and
                stops. It is told so before that ("budget"), or when it has accessed something ("access").
        False if it came to the next instruction, as QEMU was too slow; None if there was no access. It can then only be
        killed.
        """
        if held == "access":
            self.answer("access")
            if self._next("access") == "budget":
                return None
        self.stub.interrupt()
        if held:
            # QEMU's main loop, when it has told the vCPUs to stop, waits for them.
            patience = time.monotonic() + STOPPING
            while (_unread(self._gdb) or not proc.waits(self.pid)) and time.monotonic() < patience:
                time.sleep(0.0002)
            self.answer("step")
        return self._next() != "budget"

    def _next(self, wanted: str = "") -> str:
        """Let the vCPU go on whatever the plugin says, until that is `wanted` or "budget", or it is stopped: ""."""
        while not self.stub.stopped:
            self.turn(None)
            while self.lines:
                what = self.lines.popleft()[0]
                if what in (wanted, "budget"):
                    return what
                self.answer("go")
        return ""

    def type(self, data: bytes) -> None:
        """Send to the UART what it has room for; returns when it has it all."""
        _send(self._uart, data)
        # The UART's model takes one byte at a time; each round trip lets QEMU's main loop go round.
        while _unread(self._uart):
            self.qmp.command("query-status")
        self.qmp.command("query-status")

    def save(self, address: int, size: int) -> bytes:
        """`size` bytes of physical memory."""
        path = self.directory / "memory"
        self.qmp.command("pmemsave", val=address, size=size, filename=path.name)
        data = path.read_bytes()
        path.unlink()
        return data

    def _receive_control(self) -> None:
        self._take(self._control, self._partial, 1 << 16)
        *lines, self._partial = self._partial.split(b"\n")
        self.lines.extend(line.decode().split() for line in lines)

    @staticmethod
    def _take(sock: socket.socket, into: bytearray, cap: int) -> bool:
        """Append what has arrived to `into`, up to `cap` bytes in all, and drop the rest; False at the end of it."""
        try:
            data = sock.recv(1 << 18)
        except ConnectionResetError:
            return False
        into += data[:max(0, cap - len(into))]
        return bool(data)

    def _obituary(self) -> GraderError:
        """What to say of a QEMU that is gone."""
        try:
            status = self._process.wait(10)
        except subprocess.TimeoutExpired:
            return GraderError("QEMU has closed its connections and lives on")
        with contextlib.suppress(BlockingIOError):
            while self._take(self._stderr, self.log, self._log_cap):
                pass
        lines = [line for line in self.log.decode("utf-8", "replace").splitlines()
                 if "warning" not in line and not line.startswith(("pl061", "virtio"))]
        number = -status if status < 0 else status - 128        # bubblewrap tells of a signal as a shell does
        how = (f"was killed by {signal.Signals(number).name}" if number in set(signal.Signals)
               else f"ended by itself, exit code {status}")
        return GraderError(f"QEMU {how}" + (f": {lines[-1]}" if lines else ""))


def escaped(text: object) -> str:
    """`text` as one value among a QEMU option's."""
    return str(text).replace(",", ",,")


def _send(sock: socket.socket, data: bytes) -> None:
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):        # the next turn says that QEMU is gone
        sock.sendall(data)


def _unread(sock: socket.socket) -> int:
    """How many bytes of what was sent the other side has not taken yet, or more; 0 exactly when it has them all."""
    value = array.array("i", [0])
    fcntl.ioctl(sock, SIOCOUTQ, value)
    return value[0]
