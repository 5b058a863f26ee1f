"""What the nine modules of the bench (checks/modules/*.module.c) come to, computed another way: by Python's own libraries
where they have it.
"""
import hashlib
import struct
import zlib
from collections.abc import Callable, Iterator

WORD = 0xffffffff


def words(seed: int) -> Iterator[int]:
    """The generator that the modules fill their data with."""
    while True:
        seed = seed * 1664525 + 1013904223 & WORD
        yield seed


def summed(values, factor: int = 31) -> int:
    total = 0
    for value in values:
        total = total * factor + value & WORD
    return total


def take(of: Iterator[int], count: int) -> list[int]:
    return [next(of) for _ in range(count)]


def crc32(seed: int) -> int:
    return zlib.crc32(bytes(word >> 24 for word in take(words(seed), 8192)))


def sha256(seed: int) -> int:
    digest = hashlib.sha256(bytes(word >> 24 for word in take(words(seed), 4096))).digest()
    total = 0
    for word in struct.unpack(">8I", digest):
        total ^= word
    return total


def quicksort(seed: int) -> int:
    return summed(sorted(take(words(seed), 1500)))


def heapsort(seed: int) -> int:
    keys = take(words(seed), 600)
    assert len(set(keys)) == 600
    return summed(sorted(range(600), key=keys.__getitem__))


def matrix(seed: int) -> int:
    n = 24
    given = take(words(seed), 2 * n * n)
    a, b = ([given[2 * n * i + which:2 * n * (i + 1):2] for i in range(n)] for which in (0, 1))
    return summed(sum(a[i][k] * b[k][j] for k in range(n)) for i in range(n) for j in range(n))


def strstr(seed: int) -> int:
    source = words(seed)

    def letters(count: int) -> str:
        return "".join("abcd"[word >> 30] for word in take(source, count))

    text = letters(3000)
    return summed(text.find(letters(n)) + 1 for n in range(2, 10))


def lz(seed: int) -> int:
    """The sequences themselves, without a block between."""
    source, out, made = words(seed), bytearray(), 0
    while made < 12288:
        word = next(source)
        literals, match = 1 + (word >> 24) % 19, 4 + (word >> 16 & 255) % 47
        made += literals
        offset = 1 + (next(source) >> 20) % made
        out += bytes(word >> 24 for word in take(source, literals))
        for _ in range(match):
            out.append(out[-offset])
        made += match
    return summed(out + b"\0")


def list_(seed: int) -> int:
    values, total = take(words(seed), 500)[::-1], 0
    for _ in range(20):
        for value in values:
            total = total * 31 + value & WORD
        values.reverse()
    return total


def states(seed: int) -> int:
    text = ["abcdefgh 0123456789 \"\"\\#\n\n xyz ,"[word >> 27] for word in take(words(seed), 4000)]
    between, word, number, string, escape, comment = range(6)
    state, counts = between, [0] * 6
    for letter in text:
        if state == string:
            after = {'"': between, "\\": escape}.get(letter, string)
        elif state == escape:
            after = string
        elif state == comment:
            after = between if letter == "\n" else comment
        elif letter.islower():
            after = word
        elif letter.isdigit():
            after = word if state == word else number
        else:
            after = {'"': string, "#": comment}.get(letter, between)
        counts[after] += after != state
        state = after
    return summed(counts, 1009)


MODELS: dict[str, Callable[[int], int]] = {
    "crc32": crc32, "sha256": sha256, "quicksort": quicksort, "heapsort": heapsort, "matrix": matrix, "strstr": strstr,
    "lz": lz, "list": list_, "states": states}
