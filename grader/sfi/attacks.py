"""Lab 5's attacks, labs/5-sfi/attacks.toml, as words: GNU as makes them."""
import functools
import tomllib
from dataclasses import dataclass

from grader import gas
from grader.errors import GraderError
from grader.paths import ROOT

FILE = ROOT / "labs/5-sfi/attacks.toml"


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
    words = gas.assemble([f".word {text}" if text.startswith("0x") else text for text in texts])
    if wrong := [f"{text}: {word}" for text, word in zip(texts, words) if isinstance(word, str)]:
        raise GraderError(f"arm-none-eabi-as: {wrong[0]}")
    return words
