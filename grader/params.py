"""The parameter block: it tells a kernel its nonce, seed, key and input without a rebuild. And where those come from.

`kernel/include/exo/params.h` has the same layout.
"""
import hashlib
import secrets
import struct
from collections.abc import Iterator

ADDRESS = 0x47ff0000        # physical, on the virt board
MAGIC = 0x504f5845          # "EXOP"
LIMIT = 64 << 10            # bytes, header included
HEADER = struct.Struct("<IIQQ16sII")
_64 = (1 << 64) - 1


def block(nonce: int, seed: int, data: bytes = b"") -> bytes:
    """The block's bytes; `nonce` and `seed` have 64 bits, the boot key follows. ValueError if `data` does not fit."""
    size = HEADER.size + len(data)
    if size > LIMIT:
        raise ValueError(f"{len(data)} bytes of input do not fit the parameter block: at most {LIMIT - HEADER.size}")
    return HEADER.pack(MAGIC, size, nonce, seed, boot_key(seed), len(data), 0) + data


def boot_key(seed: int) -> bytes:
    """The 16 bytes of the boot key of a run with this seed."""
    return _digest("key", seed)[:16]


def fixed_seed(name: str) -> int:
    """The 64-bit seed that the check called `name` ("1-boot/bss") always has, unless another is asked for."""
    return int.from_bytes(_digest("seed", name)[:8], "little")


def fresh_seed() -> int:
    """A 64-bit seed nobody could know (SEED=any)."""
    return secrets.randbits(64)


def nonce(seed: int, name: str = "") -> int:
    """The 64-bit nonce of a run: a function of seed and name, so that a seed repeats the whole run."""
    return int.from_bytes(_digest("nonce", seed, name)[:8], "little")


def random64(seed: int) -> Iterator[int]:
    """The 64-bit numbers that the kernel's random64() draws from this seed: splitmix64."""
    state = seed
    while True:
        state = z = (state + 0x9e3779b97f4a7c15) & _64
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9 & _64
        z = (z ^ z >> 27) * 0x94d049bb133111eb & _64
        yield z ^ z >> 31


def _digest(*parts: object) -> bytes:
    return hashlib.sha256("\0".join(map(str, ("exolab", *parts))).encode()).digest()
