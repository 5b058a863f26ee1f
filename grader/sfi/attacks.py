"""Lab 5's attacks, labs/5-sfi/attacks.toml, as words: GNU as makes them."""
import functools
import subprocess
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

from grader.errors import GraderError
from grader.paths import ROOT

FILE = ROOT / "labs/5-sfi/attacks.toml"
AS = ("arm-none-eabi-as", "-mcpu=cortex-a7", "-mfpu=neon-vfpv4", "-mfloat-abi=softfp", "-W")


@dataclass(frozen=True)
class Attack:
    title: str
    item: int
    pins: int
    texts: tuple[str, str]      # refused, accepted
    words: tuple[int, int]
    why: str


@functools.cache
def every() -> tuple[Attack, ...]:
    """All of them, in order."""
    groups = tomllib.loads(FILE.read_text())["group"]
    rows = [(group, row) for group in groups for row in group["pairs"]]
    words = iter(assemble([text for _, row in rows for text in row[:2]]))
    return tuple(Attack(group["title"], group["item"], group.get("pins", 0), (refused, accepted),
                        (next(words), next(words)), why) for group, (refused, accepted, why) in rows)


def assemble(texts: list[str]) -> list[int]:
    """The word of each text, an instruction or a number."""
    lines = [".syntax unified"] + [f".arch_extension {name}" for name in ("idiv", "sec", "virt", "mp")]
    lines += [f".word {text}" if text.startswith("0x") else text for text in texts]
    with tempfile.TemporaryDirectory() as folder:
        object_, image = Path(folder, "words.o"), Path(folder, "words.bin")
        for command, given in (([*AS, "-o", object_, "-"], "\n".join(lines) + "\n"),
                               (["arm-none-eabi-objcopy", "-O", "binary", "-j", ".text", object_, image], None)):
            done = subprocess.run(command, input=given, capture_output=True, text=True)
            if done.returncode:
                raise GraderError(f"{command[0]}: " + "; ".join(done.stderr.splitlines()[1:6]))
        data = image.read_bytes()
    if len(data) != 4 * len(texts):
        raise GraderError(f"{FILE.name}: {len(texts)} instructions became {len(data)} bytes")
    return [int.from_bytes(data[i:i + 4], "little") for i in range(0, len(data), 4)]
