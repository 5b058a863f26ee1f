"""What pipes do to a message (exo/pipe.h), by whole messages and from the definitions: one pipe after the other, bytes
numbered in the message, the checksum as RFC 1071 has it, of 16-bit words with the first byte the upper one.
"""
import struct
from dataclasses import dataclass
from typing import Sequence

PIPES_MAX, REGISTERS = 16, 5
COPY, SUM, SWAP16, SWAP32, XOR = range(5)
NAMES = ("copy", "sum", "swap16", "swap32", "xor")
WIDTHS = {SWAP16: 2, SWAP32: 4}     # bytes that the length is a multiple of


@dataclass(frozen=True)
class Pipe:
    kind: int
    key: int = 0                    # 32 bits, of XOR

    def __str__(self):
        name = NAMES[self.kind] if self.kind < len(NAMES) else f"kind {self.kind}"
        return f"{name} {self.key:#010x}" if self.key else name


@dataclass(frozen=True)
class Passed:
    """What becomes of a message; `stored` is None without a copy, and both are empty where it is refused."""
    refused: bool
    sums: tuple[int, ...]           # as they are stored into a message: the first byte is the lower one
    stored: bytes | None


def checksum(data: bytes) -> int:
    """The Internet checksum, 16 bits, most significant byte first."""
    total = sum(struct.unpack(f">{-(-len(data) // 2)}H", data + bytes(len(data) % 2)))
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


def swap(data: bytes, width: int) -> bytes:
    return b"".join(data[at:at + width][::-1] for at in range(0, len(data), width))


def run(pipes: Sequence[Pipe], data: bytes) -> Passed:
    sums, stored = [], None
    if any(len(data) % WIDTHS.get(pipe.kind, 1) for pipe in pipes):
        return Passed(True, (), None)
    for pipe in pipes:
        if pipe.kind == COPY:
            stored = data
        elif pipe.kind == SUM:
            sums.append(int.from_bytes(checksum(data).to_bytes(2, "big"), "little"))
        elif pipe.kind == XOR:
            key = (pipe.key.to_bytes(4, "little") * (len(data) // 4 + 1))[:len(data)]
            data = (int.from_bytes(data, "little") ^ int.from_bytes(key, "little")).to_bytes(len(data), "little")
        else:
            data = swap(data, WIDTHS[pipe.kind])
    return Passed(False, tuple(sums), stored)
