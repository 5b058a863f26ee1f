"""The other end of a guest's network card: what a check's peer speaks to the kernel through, frame by frame.

A peer is a function of a check's, peer(wire), that runs in a thread beside the guest. QEMU holds the frames that the
guest has no room for, and the socket between holds the peer when QEMU has none either: nothing is lost on the way.
"""
import select
import socket
import threading
from collections.abc import Callable

from .errors import GraderError

MAC = "52:54:00:12:34:56"   # the guest's
FRAME = 1514                # bytes, at most
HEADER = 14                 # and at least
LEAVE = 5.0                 # seconds that a peer may take to end when its guest has


class Ended(BaseException):
    """The guest has come to its end, and the peer has nothing more to do. It is not for a peer to catch."""


class Wire:
    """Frames to the guest and from it, as bytes: addresses, type and what follows, without the check sequence."""

    mac = bytes.fromhex(MAC.replace(":", ""))       # the guest's address

    def __init__(self, peer: "Callable[[Wire], None]", seed: int):
        self.seed = seed                            # the run's
        self.sent = self.received = 0               # frames, by the peer
        self.awaited = "the kernel to drive its network card"   # what the peer waits for now, in words
        self.error: BaseException | None = None     # what the peer raised
        self._peer = peer
        self._ours, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._waits_for: int | None = None          # poll's event; 0: the guest's end
        self._over = threading.Event()              # the guest has ended
        self._thread = threading.Thread(target=self._work, daemon=True)

    # What a peer may do.

    def send(self, frame: bytes) -> None:
        """Give the guest a frame of 14 to 1,514 bytes; returns when it is on its way. ValueError for other sizes."""
        if not HEADER <= len(frame) <= FRAME:
            raise ValueError(f"a frame has {HEADER} to {FRAME} bytes, not {len(frame)}")
        self._wait(select.POLLOUT, "room for the next frame", lambda: self._ours.send(frame))
        self.sent += 1

    def receive(self, what: str = "a frame") -> bytes:
        """The next frame that the guest sends. `what` says in words what it should be ("an answer to the ARP request"):
        where none ever comes the run ends, and the student is told so.
        """
        frame = self._wait(select.POLLIN, what, lambda: self._ours.recv(1 << 16))
        self.received += 1
        return frame

    def wait(self) -> None:
        """Wait until the guest ends by itself, and take nothing more that it sends. It does not return."""
        self._wait(0, "the kernel to end", self._over.wait)

    # What the engine does.

    @property
    def netdev(self) -> str:
        """QEMU's network backend for this, where it inherits `theirs`."""
        return f"dgram,local.type=fd,local.str={self.theirs.fileno()}"

    @property
    def begun(self) -> bool:
        """The peer is at work, or was."""
        return self._thread.ident is not None

    @property
    def done(self) -> bool:
        """The peer has returned or raised."""
        return self.begun and not self._thread.is_alive()

    def begin(self) -> None:
        """Let the peer work: the guest's card takes frames now."""
        self.awaited = ""
        self._thread.start()

    def stuck(self) -> tuple[int, int] | None:
        """If the peer can do nothing until the guest does something: what stays equal as long as nothing moves."""
        moves, waits_for = (self.sent, self.received), self._waits_for
        if waits_for is None:
            return None
        poll = select.poll()
        poll.register(self._ours, waits_for)
        return None if poll.poll(0) else moves

    def close(self) -> None:
        """End the peer, and let go of everything. GraderError if it goes on."""
        self._over.set()
        self._ours.shutdown(socket.SHUT_RDWR)
        if self.begun:
            self._thread.join(LEAVE)
        self._ours.close()
        self.theirs.close()
        if self.begun and self._thread.is_alive():
            raise GraderError("the check's peer goes on although its guest has ended")

    def _wait(self, event: int, what: str, call: Callable):
        self.awaited, self._waits_for = what, event
        try:
            if event:               # what has come is left there, for stuck() to see, until nobody waits any more
                poll = select.poll()
                poll.register(self._ours, event)
                poll.poll()
                self._waits_for = None
            found = call()
        except (OSError, ValueError):   # QEMU is gone, and the engine will say so
            self._over.wait()
        if self._over.is_set():
            raise Ended
        self._waits_for, self.awaited = None, ""
        return found

    def _work(self) -> None:
        try:
            self._peer(self)
        except Ended:
            pass
        except BaseException as error:
            self.error = error
