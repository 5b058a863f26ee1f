"""QEMU's control socket: commands out, replies and events in, and the few monitor answers that the engine reads.

Nothing here waits by itself: vm.py owns the one event loop, calls `receive` when something came, and lends a function
that turns the loop once.
"""
import json
import re
import socket
from collections.abc import Callable


class QmpError(Exception):
    """QEMU refused a command; the message is QEMU's."""


class Qmp:
    """One QMP connection over `sock`; `turn()` has to wait for something, and to call `receive` if it came here."""

    def __init__(self, sock: socket.socket, turn: Callable[[], None]):
        self.events: list[dict] = []
        self.closed = False
        self._sock = sock
        self._turn = turn
        self._rest = b""
        self._replies: list[dict] = []
        self._awaited = 0

    def post(self, command: str, **arguments) -> None:
        """Send a command whose reply nobody reads; `settle` waits for it."""
        try:
            self._sock.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        except (BrokenPipeError, ConnectionResetError):
            self.closed = True
        self._awaited += 1

    def settle(self) -> dict:
        """Wait until every command sent has its reply; the last reply. Raises QmpError if one is a refusal."""
        while len(self._replies) < self._awaited:
            self._turn()
        replies, self._replies, self._awaited = self._replies, [], 0
        for reply in replies:
            if "error" in reply:
                raise QmpError(reply["error"]["desc"])
        return replies[-1]

    def command(self, command: str, **arguments):
        """Send a command and wait: what it returns, as JSON says it."""
        self.post(command, **arguments)
        return self.settle()["return"]

    def monitor(self, line: str, cpu: int = 0) -> str:
        """What the human monitor answers to `line`, asked about vCPU `cpu`."""
        return self.command("human-monitor-command", **{"command-line": line, "cpu-index": cpu})

    def receive(self) -> None:
        """Take what has arrived; the socket is readable."""
        try:
            data = self._sock.recv(65536)
        except ConnectionResetError:
            data = b""
        if not data:
            self.closed = True
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if "event" in message:
                self.events.append(message)
            elif "return" in message or "error" in message:
                self._replies.append(message)

    def registers(self, cpu: int = 0) -> dict[str, int]:
        """"r0" to "r15" and "cpsr" of a vCPU that stands still."""
        text = self.monitor("info registers", cpu)
        found = {f"r{int(n)}": int(value, 16) for n, value in re.findall(r"\bR(\d\d)=([0-9a-f]{8})\b", text)}
        found["cpsr"] = int(re.search(r"\bPSR=([0-9a-f]{8})\b", text)[1], 16)
        return found

    def word(self, address: int) -> int:
        """The 32-bit word at a physical address, in RAM or of a device; QmpError where nothing answers."""
        text = self.monitor(f"xp /1wx {address:#x}")
        found = re.match(r"\s*[0-9a-f]+:\s*0x([0-9a-f]{8})\s*$", text)
        if not found:
            raise QmpError(text.strip())
        return int(found[1], 16)
