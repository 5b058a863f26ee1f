"""QEMU's gdb stub, from gdb's side: the registers of a vCPU that no monitor tells, first of all those of translation.

As in qmp.py nothing here waits by itself: vm.py owns the one event loop, calls `receive` when something came, and lends
a function that turns the loop once. A running machine takes any byte as a request to stop; then it answers.
"""
import re
import socket
from collections.abc import Callable

INTERRUPT = b"\x03"
CPSR, MODE = 25, 0x1f       # gdb's number of it; its field
# Banked: mode -> the registers it has for itself. Where gdb's "p" finds them, once the vCPU is in that mode.
BANKED = {"usr": (0x1f, (13, 14)), "svc": (0x13, (13, 14)), "abt": (0x17, (13, 14)), "und": (0x1b, (13, 14)),
          "irq": (0x12, (13, 14)), "fiq": (0x11, (8, 9, 10, 11, 12, 13, 14))}
# The manual's names, and QEMU's where it has another. What counts time is left out: it is not the same twice.
SYSTEM = {name: name for name in (
    "SCTLR", "CPACR", "TTBCR", "DACR", "DFSR", "IFSR", "DFAR", "IFAR", "PAR", "VBAR",
    "TPIDRURW", "TPIDRURO", "TPIDRPRW")}
SYSTEM |= {"TTBR0": "TTBR0_EL1", "TTBR1": "TTBR1_EL1", "CONTEXTIDR": "CONTEXTIDR_EL1", "ACTLR": "ACTLR_EL1",
           "PRRR": "MAIR0", "NMRR": "MAIR1"}


class StubError(Exception):
    """QEMU's stub does not say what was asked; the message is one line."""


class Stub:
    """One connection over `sock`; `turn()` has to wait for something, and to call `receive` if it came here."""

    def __init__(self, sock: socket.socket, turn: Callable[[], None]):
        self.stopped = False                    # the stub has said so, since it was last asked to interrupt
        self._sock = sock
        self._turn = turn
        self._rest = b""
        self._replies: list[bytes] = []
        self._known: dict[str, int] = {}        # numbers of registers

    def receive(self) -> None:
        """Take what has arrived; the socket is readable."""
        try:
            self._rest += self._sock.recv(65536)
        except ConnectionResetError:
            return
        while found := re.search(rb"\$([^#]*)#..", self._rest, re.DOTALL):
            self._rest = self._rest[found.end():]
            self._send(b"+")
            if found[1][:1] in (b"T", b"S", b"W", b"X"):
                self.stopped = True
            else:
                self._replies.append(found[1])

    def interrupt(self) -> None:
        """Ask a running machine to stop; `stopped` becomes true when all its vCPUs have."""
        self.stopped = False
        self._send(INTERRUPT)

    def ask(self, packet: str) -> bytes:
        """Send a packet to a machine that is stopped; its answer."""
        self._send(b"$%b#%02x" % (packet.encode(), sum(packet.encode()) & 0xff))
        while not self._replies:
            self._turn()
        return self._replies.pop()

    def registers(self, cpu: int = 0) -> dict[str, int]:
        """System registers by the manual's names, and those of each mode's own ("r13_svc", "r8_fiq"), of a vCPU."""
        self._select(cpu)
        found = {name: self._register(self._known[theirs]) for name, theirs in SYSTEM.items()}
        cpsr = self._register(CPSR)
        for mode, (bits, registers) in BANKED.items():
            self._write(CPSR, cpsr & ~MODE | bits)
            found |= {f"r{n}_{mode}": self._register(n) for n in registers}
        self._write(CPSR, cpsr)
        return found

    def pc(self, cpu: int = 0) -> int:
        """Where a vCPU stands."""
        self._select(cpu)
        return self._register(15)

    def _numbers(self) -> dict[str, int]:
        """What QEMU calls each 32-bit system register -> the number it has given it."""
        self.ask("qSupported:xmlRegisters=arm")
        text = self._document("target.xml") and self._document("system-registers.xml")
        found = re.findall(rb'<reg name="(\w+)" bitsize="32" regnum="(\d+)"', text)
        numbers = {name.decode(): int(number) for name, number in found}
        missing = SYSTEM.values() - numbers.keys()
        if missing:
            raise StubError(f"QEMU's gdb stub does not know {', '.join(sorted(missing))}")
        return numbers

    def _document(self, name: str) -> bytes:
        text, more = b"", True
        while more:
            answer = self.ask(f"qXfer:features:read:{name}:{len(text):x},ff0")
            if answer[:1] not in (b"l", b"m"):
                raise StubError(f"QEMU's gdb stub does not give {name}")
            text += answer[1:]
            more = answer[:1] == b"m"
        return text

    def _select(self, cpu: int) -> None:
        self._known = self._known or self._numbers()        # no register is told before that is asked
        if self.ask(f"Hg{cpu + 1:x}") != b"OK":
            raise StubError(f"QEMU's gdb stub has no vCPU {cpu}")

    def _register(self, number: int) -> int:
        answer = self.ask(f"p{number:x}")
        if not re.fullmatch(rb"[0-9a-f]{8}", answer):
            raise StubError(f"QEMU's gdb stub does not tell register {number}")
        return int.from_bytes(bytes.fromhex(answer.decode()), "little")

    def _write(self, number: int, value: int) -> None:
        if self.ask(f"P{number:x}={value.to_bytes(4, 'little').hex()}") != b"OK":
            raise StubError(f"QEMU's gdb stub does not take register {number}")

    def _send(self, data: bytes) -> None:
        try:
            self._sock.sendall(data)
        except (BrokenPipeError, ConnectionResetError):     # the next turn says that QEMU is gone
            pass
