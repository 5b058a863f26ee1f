"""One QEMU: its process, the descriptors it inherits, the one event loop that serves them all, and its certain end.

Serial line, QMP, the plugin's control and stderr are socket pairs, so there are no ports and no paths to collide.
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
from collections.abc import Callable
from pathlib import Path

from . import plugin
from .errors import GraderError
from .qmp import Qmp

WALL = 120.0                # seconds a QEMU may take; the backstop
RECORDS = 1 << 20           # marks and accesses a run may have
LOG_CAP = 64 << 10          # bytes kept of stderr
SIOCOUTQ = 0x5411           # Linux's: how many bytes the other side of a socket has not taken yet


class Abandoned(BaseException):
    """Nobody waits for this QEMU any more."""


class Vm:
    """A QEMU that is started by `start`, moves on while `turn` is called, and is gone after `kill`.

    directory     its working directory
    serial_cap    bytes kept of what the UART sends, and one more that shows there was more
    abandoned     when set, the next turn raises Abandoned
    """

    def __init__(self, directory: Path, serial_cap: int, abandoned: threading.Event):
        self.serial = bytearray()                   # what the UART sent
        self.log = bytearray()                      # stderr
        self.lines: collections.deque[list[str]] = collections.deque()      # the plugin's, in words, not yet answered
        self.directory = directory
        self._serial_cap = serial_cap
        self._abandoned = abandoned
        self._partial = bytearray()                 # a line that is not complete
        self._deadline = time.monotonic() + WALL
        self._process: subprocess.Popen | None = None
        self._selector = selectors.DefaultSelector()
        self._theirs: list[socket.socket] = []
        self.memory = plugin.Memory(RECORDS)
        self._uart = self._pair(lambda: self._take(self._uart, self.serial, self._serial_cap + 1))
        self._control = self._pair(self._receive_control)
        self._stderr = self._pair(lambda: self._take(self._stderr, self.log, LOG_CAP))
        qmp = self._pair(lambda: self.qmp.receive())
        self.qmp = Qmp(qmp, lambda: self.turn(None))

    def _pair(self, receive: Callable[[], object]) -> socket.socket:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        self._selector.register(ours, selectors.EVENT_READ, receive)
        self._theirs.append(theirs)
        return ours

    def start(self, arguments: list[str], settings: list[str], stepping: bool) -> None:
        """Start QEMU and let the kernel run.

        `arguments` are QEMU's for the machine, `settings` the plugin's ("budget=100"); `stepping`: each block is one
        instruction from the start.
        """
        qemu = plugin.find()
        uart, control, stderr, qmp = (theirs.fileno() for theirs in self._theirs)
        settings = [f"parent={os.getpid()}", f"control={control}", f"memory={self.memory.fd}", f"records={RECORDS}",
                    f"stepping={int(stepping)}", *settings]
        command = [qemu.program, *arguments, *(qemu.stepping_option if stepping else ("-accel", "tcg")),
                   "-no-shutdown", "-S",
                   "-chardev", f"socket,id=uart,fd={uart}", "-serial", "chardev:uart",
                   "-chardev", f"socket,id=qmp,fd={qmp}", "-mon", "chardev=qmp,mode=control",
                   "-plugin", ",".join((escaped(qemu.plugin), *settings))]
        try:
            self._process = subprocess.Popen(command, cwd=self.directory, stdin=subprocess.DEVNULL, stdout=stderr,
                                             stderr=stderr, pass_fds=(uart, control, qmp, self.memory.fd),
                                             start_new_session=True)
        except OSError as error:
            raise GraderError(f"{qemu.program} cannot be started: {error.strerror}") from None
        for theirs in self._theirs:
            theirs.close()          # so that QEMU's end shows
        self.qmp.post("qmp_capabilities")
        self.qmp.post("cont")
        self.qmp.settle()

    def kill(self) -> None:
        """End QEMU, whatever it does, and let go of everything."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        for theirs in self._theirs:
            theirs.close()
        self._selector.close()
        self.memory.close()

    @property
    def pid(self) -> int:
        return self._process.pid

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
            while self._take(self._stderr, self.log, LOG_CAP):
                pass
        lines = [line for line in self.log.decode("utf-8", "replace").splitlines() if "warning" not in line]
        how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended by itself, exit code {status}"
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
