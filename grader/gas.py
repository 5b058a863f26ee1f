"""GNU as and objdump: A32 instructions as words, and words as instructions. What they say nobody here wrote."""
import os
import re
import struct
import subprocess
import tempfile
from pathlib import Path
from typing import Sequence

from grader.errors import GraderError

AS = ("arm-none-eabi-as", "-mcpu=cortex-a7", "-mfpu=neon-vfpv4", "-mfloat-abi=softfp", "-W")
HEAD = ".syntax unified; .arm"
ERROR = re.compile(r"(?m)^\{standard input\}:(\d+): Error: (.*)")


class NotWords(GraderError):
    """Some line is not one instruction of one word."""


def assemble(texts: Sequence[str]) -> list[int | str]:
    """The word of each line, or what as has against it; `b .+8` is a branch by that distance.

    One process for all, and another without those that it refuses. NotWords if a line makes more or less than a word.
    """
    said: list[int | str] = ["" for _ in texts]
    while True:
        kept = [i for i, each in enumerate(said) if not each]
        data, wrong = _made([texts[i] for i in kept])
        if not wrong:
            break
        for i, words in wrong:
            said[kept[i]] = said[kept[i]] or words
    if len(data) != 4 * len(kept):
        raise NotWords(f"{len(kept)} instructions became {len(data)} bytes")
    for i, (word,) in zip(kept, struct.iter_unpack("<I", data)):
        said[i] = word
    return said


def _made(texts: Sequence[str]) -> tuple[bytes, list[tuple[int, str]]]:
    """The bytes that lines become; or which of them are wrong, and why. A name that is nowhere is wrong too: r16."""
    with tempfile.TemporaryDirectory() as folder:
        made, image = Path(folder, "words.o"), Path(folder, "words.bin")
        done = _run([*AS, "-o", made, "-"], "\n".join([HEAD, *texts]) + "\n")
        if done.returncode:
            wrong = [(int(line) - 2, words) for line, words in ERROR.findall(done.stderr)]
            if not wrong or not all(0 <= i < len(texts) for i, _ in wrong):
                raise GraderError(f"arm-none-eabi-as: {done.stderr.strip() or 'it does not say why'}")
            return b"", wrong
        _done(["arm-none-eabi-objcopy", "-O", "binary", "-j", ".text", made, image])
        names = re.findall(r"(?m)^([0-9a-f]{8}) R_ARM_\S+ +(\S+)", _done(["arm-none-eabi-objdump", "-r", made]))
        return image.read_bytes(), [(int(at, 16) // 4, f"{name} is no register and no number") for at, name in names
                                    if int(at, 16) < 4 * len(texts)]


def disassemble(words: Sequence[int]) -> list[str]:
    """What objdump makes of each word, without its comments: a branch as a distance, `b .+8`; `undefined`."""
    with tempfile.NamedTemporaryFile() as image:
        image.write(struct.pack(f"<{len(words)}I", *words))
        image.flush()
        text = _done(["arm-none-eabi-objdump", "-D", "-z", "-b", "binary", "-m", "arm", "-M", "reg-names-std",
                      image.name])
    rows = [line.split("\t", 2) for line in text.splitlines() if line.count("\t") >= 2]
    return [_plain(int(at.strip(" :"), 16), said) for at, _, said in rows]


def _plain(at: int, text: str) -> str:
    text = " ".join(re.split("[;@]", text)[0].split())
    branch = re.fullmatch(r"(bl?\w*) 0x([0-9a-f]+)", text)
    if branch:
        return f"{branch[1]} .{(int(branch[2], 16) - at + (1 << 31)) % (1 << 32) - (1 << 31):+d}"
    return text or "undefined"


def _done(command: list) -> str:
    done = _run(command)
    if done.returncode:
        raise GraderError(f"{command[0]}: {done.stderr.strip()}")
    return done.stdout


def _run(command: list, given: str | None = None) -> subprocess.CompletedProcess:
    try:
        return subprocess.run(command, input=given, capture_output=True, text=True, env=os.environ | {"LC_ALL": "C"})
    except FileNotFoundError:
        raise GraderError(f"{command[0]} is not installed; type make doctor") from None
