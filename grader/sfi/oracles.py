"""Lab 5's mask table against three disassemblers that nobody here wrote: GNU objdump, Capstone and llvm-mc.

Words are drawn of every form of the table, with fields at random and at their ends, and words a bit away. What a
disassembler makes of one is read as text: which registers it writes, its base, its offset, whether it is UNPREDICTABLE.
That and the table have to agree. Where they do not, and the manual has decided, it stands in settled.toml. GNU as has
to make of objdump's text a word that is accepted again. The verifier itself is compared with the table by sweep.c.
"""
import argparse
import collections
import random
import re
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

from grader.errors import GraderError
from grader.sfi import attacks, masks

PLACE = masks.CODE + 0x800, masks.CODE + 0x1000
SETTLED = Path(__file__).with_name("settled.toml")
CONDITIONS = ("", "eq", "ne", "cs", "hs", "cc", "lo", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le", "al")

# What instructions write, by their names: their first operand, the first two, or nothing.
ONE = ("mov mvn add adc sub sbc rsb rsc and orr eor bic lsl lsr asr ror rrx neg movw movt mul mla mls sdiv udiv clz "
       "rbit rev rev16 revsh sxtb sxth sxtb16 uxtb uxth uxtb16 sxtab sxtah sxtab16 uxtab uxtah uxtab16 pkhbt pkhtb bfi "
       "bfc sbfx ubfx ssat usat smulbb smulbt smultb smultt smulwb smulwt smlabb smlabt smlatb smlatt smlawb "
       "smlawt").split()
TWO = "umull umlal smull smlal umaal smlalbb smlalbt smlaltb smlaltt".split()
NONE = "tst teq cmp cmn".split()
LOADS, STORES = "ldr ldrb ldrh ldrsb ldrsh ldrd".split(), "str strb strh strd".split()
BLOCKS = [name + mode for name in ("ldm", "stm") for mode in ("", "ia", "ib", "da", "db", "fd", "fa", "ed", "ea")]
OTHERS = "push pop nop b bl bx blx".split()
FLAGS = set(("mov mvn add adc sub sbc rsb rsc and orr eor bic lsl lsr asr ror rrx neg mul mla umull umlal smull "
             "smlal").split())
NAMES = {name + s + condition: name for name in (*ONE, *TWO, *NONE, *LOADS, *STORES, *BLOCKS, *OTHERS)
         for s in (("", "s") if name in FLAGS else ("",)) for condition in CONDITIONS}
assert NAMES["bls"] == "b" and NAMES["bleq"] == "bl" and NAMES["smlals"] == "smlal"

GUARDS = re.compile(r"(r10|sl), \w+, #0, #(20|0x14)|(r9|sb), \w+, #2, #(18|0x12)")
SP = re.compile("sp, (r10|sl)")
SET_SP = {"mov" + condition for condition in CONDITIONS}
REGISTERS = {**{f"r{n}": n for n in range(16)}, "sb": 9, "sl": 10, "fp": 11, "ip": 12, "sp": 13, "lr": 14, "pc": 15}
REGISTER = r"\b(r1[0-5]|r[0-9]|sb|sl|fp|ip|sp|lr|pc)\b"


@dataclass(frozen=True)
class Text:
    """What a disassembler makes of a word; `branch` is how far from the word it leads."""
    text: str               # "" if it is none
    unpredictable: bool = False
    branch: int | None = None


def objdump(words: list[int]) -> list[Text]:
    with tempfile.NamedTemporaryFile() as image:
        image.write(b"".join(word.to_bytes(4, "little") for word in words))
        image.flush()
        lines = _run("arm-none-eabi-objdump", "-D", "-z", "-b", "binary", "-m", "arm", image.name).splitlines()
    found = []
    for line in (line for line in lines if re.match(r" *[0-9a-f]+:\t", line)):
        at, _, text, *_ = *line.split("\t", 2), ""
        text, _, comment = text.replace("\t", " ").partition("@" if "@" in text else ";")
        unknown = "undefined" in line or text.startswith((".word", ".inst")) or "illegal" in line
        branch = re.fullmatch(r"bl?\w* 0x([0-9a-f]+)", text.strip())
        found.append(Text("" if unknown else " ".join(text.split()), "UNPREDICTABLE" in line,
                          _signed(int(branch[1], 16) - int(at.strip(" :"), 16)) if branch else None))
    return found


def capstone(words: list[int]) -> list[Text]:
    import capstone as library

    machine = library.Cs(library.CS_ARCH_ARM, library.CS_MODE_ARM)
    found = []
    for word in words:
        one = next(machine.disasm_lite(word.to_bytes(4, "little"), 0), None)
        text = f"{one[2]} {one[3]}".strip() if one else ""
        branch = re.fullmatch(r"bl?\w* #(-?0x[0-9a-f]+|-?\d+)", text)
        found.append(Text(text, False, _signed(int(branch[1], 0)) if branch else None))
    return found


def llvm(words: list[int]) -> list[Text]:
    lines = [" ".join(f"0x{byte:02x}" for byte in word.to_bytes(4, "little")) for word in words]
    done = subprocess.run(["llvm-mc", "--disassemble", "--triple=armv7a-none-eabi", "-mcpu=cortex-a7"], text=True,
                          input="\n".join(lines) + "\n", capture_output=True)
    warned = dict(re.findall(r"^<stdin>:(\d+):\d+: warning: (invalid|potentially undefined)", done.stderr, re.M))
    texts = iter(line.strip().replace("\t", " ") for line in done.stdout.splitlines()
                 if line.startswith("\t") and line != "\t.text")
    found = []
    for number in range(1, len(words) + 1):
        how = warned.get(str(number))
        text = "" if how == "invalid" else next(texts).partition("@")[0].strip()
        branch = re.fullmatch(r"bl?\w* #(-?\d+)", text)
        found.append(Text(text, how is not None and how != "invalid", int(branch[1]) + 8 if branch else None))
    if next(texts, None) is not None:
        raise GraderError("llvm-mc: more instructions than words")
    return found


ORACLES = {"objdump": objdump, "capstone": capstone, "llvm-mc": llvm}


def versions() -> dict[str, str]:
    """Of each oracle, as it tells itself."""
    import capstone as library

    return {"objdump": _run("arm-none-eabi-objdump", "--version").splitlines()[0], "capstone": library.__version__,
            "llvm-mc": re.search(r"LLVM version (\S+)", _run("llvm-mc", "--version"))[1]}


def objection(text: Text, pins: int) -> str | None:
    """What is wrong with an instruction by its text alone; None: it is one that a module may have."""
    if not text.text:
        return "undefined"
    if text.unpredictable:
        return "UNPREDICTABLE"
    mnemonic, _, operands = text.text.partition(" ")
    name = NAMES.get(mnemonic.removesuffix(".w"))
    reserved = {9, 10, 13, 15} | ({8} if pins else set())
    registers = [REGISTERS[register] for register in re.findall(REGISTER, operands)]
    if name is None:
        return f"no {mnemonic} in a module"
    if name == "nop":
        return None
    if name in ("b", "bl"):
        if text.branch is None:
            return "a branch that leads nobody knows where"
        to = PLACE[0] + text.branch & 0xffffffff
        return None if to < 4 * masks.ENTRIES or masks.CODE <= to < PLACE[1] else "a branch out of the module"
    if name in ("bx", "blx"):
        return None if registers == [9] else "a jump by another register than r9"
    if 15 in registers:
        return "pc is among its operands"
    if name in NONE:
        return None
    if name in ONE or name in TWO:
        if name == "bfi" and GUARDS.fullmatch(operands) or mnemonic in SET_SP and SP.fullmatch(operands):
            return None
        written = registers[:1 + (name in TWO)]
        if name in TWO and written[0] == written[1]:
            return "both results in one register"
        return "it writes a reserved register" if reserved & set(written) else None
    return _access_objection(name, operands, reserved, pins)


def _access_objection(name: str, operands: str, reserved: set[int], pins: int) -> str | None:
    if name in ("push", "pop"):
        operands, name = f"sp!, {operands}", "stm" if name == "push" else "ldm"
    if name in BLOCKS:
        base, back, listed, user = re.fullmatch(r"(\w+)(!?), \{(.*)\}( ?\^)?", operands).groups()
        base, listed = REGISTERS[base], {REGISTERS[register] for register in listed.split(", ")}
        bad = base not in (10, 13) or (back and base != 13) or user or 13 in listed or not listed
        bad = bad or (name.startswith("ldm") and listed & reserved)
        return "a base, a list or a mode that is not allowed" if bad else None
    match = re.fullmatch(r"(\w+)(?:, (\w+))?, \[(\w+)(?:, ([^]]*))?\](!?)(?:, (.*))?", operands)
    if match is None:
        return "an access of a form that is not allowed"
    first, second, base, offset, before, after = match.groups()
    base, transferred = REGISTERS[base], [REGISTERS[first]]
    if name.endswith("d"):
        transferred.append(REGISTERS[second] if second else transferred[0] + 1)
    back = bool(before or after)
    for immediate in (offset, after):
        if immediate and not re.fullmatch(r"#-?(0x[0-9a-f]+|\d+)", immediate):
            return "an offset in a register"
    if base == 8:
        mask = int(offset[1:], 0) if offset else 0
        if not pins or name not in ("ldr", "str") or back or (offset or "").startswith("#-") or mask & ~(pins << 2):
            return "r8 as a base"
    elif base not in (10, 13) or (back and base != 13):
        return "a base that is not allowed, or written back"
    if name in LOADS:
        return "it loads a reserved register" if reserved & set(transferred) else None
    return "it stores pc, or what it writes back" if 15 in transferred or (back and base in transferred) else None


@dataclass(frozen=True)
class Disagreement:
    oracle: str
    word: int
    pins: int
    text: str
    accepted: bool          # by the table
    says: str               # the oracle's objection, or that it has none


def drawn(words: int, seed: int) -> list[tuple[int, int]]:
    """(word, pins): of every form `words`, and as many a bit away; and a few of each class."""
    rng = random.Random(seed)
    found = []
    for form in masks.forms():
        for _ in range(words):
            word, pins = masks.draw(rng, form, PLACE), rng.choice((0, rng.randrange(1, 256)))
            found += [(word, pins), (masks.near(rng, word), pins)]
    for key in range(4096):
        for _ in range(max(1, words // 40)):
            bits = (key & 0xff0) << 16 | (key & 15) << 4
            found.append((bits | rng.getrandbits(32) & ~masks.CLASS, rng.choice((0, 0x5a))))
    return found


def compare(given: list[tuple[int, int]]) -> list[Disagreement]:
    """Where table and disassemblers do not agree, settled or not."""
    words, found = [word for word, _ in given], []
    for oracle, decode in ORACLES.items():
        texts = decode(words)
        if len(texts) != len(words):
            raise GraderError(f"{oracle}: {len(texts)} instructions of {len(words)} words")
        for (word, pins), text in zip(given, texts):
            accepted, says = masks.accepts(word, *PLACE, pins), objection(text, pins)
            if accepted != (says is None):
                found.append(Disagreement(oracle, word, pins, text.text, accepted, says or "nothing against it"))
    return found


def reassembled(given: list[tuple[int, int]]) -> list[Disagreement]:
    """Words that objdump's text of an accepted word becomes in GNU as, and that are refused."""
    kept = [(word, pins) for word, pins in given if masks.accepts(word, *PLACE, pins)]
    texts = [text.text if text.branch is None else f"{text.text.split()[0]} . + {text.branch}"
             for text in objdump([word for word, _ in kept])]
    again = attacks.assemble(texts)
    return [Disagreement("GNU as", word, pins, text, False, f"it was 0x{was:08x}, which is accepted")
            for (was, pins), text, word in zip(kept, texts, again) if not masks.accepts(word, *PLACE, pins)]


def settled() -> list[dict]:
    """What the manual has decided: settled.toml."""
    return tomllib.loads(SETTLED.read_text())["settled"] if SETTLED.exists() else []


def open_questions(found: list[Disagreement]) -> tuple[list[Disagreement], collections.Counter]:
    """Those that settled.toml does not have, and how often each of its lines was needed."""
    left, used, lines = [], collections.Counter(), settled()
    for each in found:
        line = next((i for i, line in enumerate(lines) if _settles(line, each)), None)
        if line is None:
            left.append(each)
        else:
            used[line] += 1
    return left, used


def _settles(line: dict, each: Disagreement) -> bool:
    return (each.oracle in line["oracles"] and each.accepted == line["accepted"] and
            each.word & line["mask"] == line["value"] and bool(each.word & line.get("nonzero", 0xffffffff)) and
            re.search(line["says"], each.says) is not None and
            line.get("because", "") in masks.why(each.word, *PLACE, each.pins))


def _run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _signed(value: int) -> int:
    return (value + 0x80000000 & 0xffffffff) - 0x80000000


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m grader.sfi.oracles",
                                     description="the mask table against three disassemblers")
    parser.add_argument("--words", type=int, default=2000, help="of every form (2000)")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(arguments)
    print(", ".join(f"{oracle} ({version})" for oracle, version in versions().items()))
    total, left, used = 0, [], collections.Counter()
    for part in range(0, args.words, 200):
        given = drawn(min(200, args.words - part), args.seed + part)
        some, of_these = open_questions(compare(given) + reassembled(given))
        total, left, used = total + len(given), left + some, used + of_these
    for i, line in enumerate(settled()):
        print(f"{used[i]:8} {line['what']} [{line['section']}]")
    for each in left[:40]:
        print(f"0x{each.word:08x}, pins 0x{each.pins:02x}: {each.oracle} has {each.text!r}: {each.says}; the table "
              f"{'accepts' if each.accepted else 'refuses'} it: {masks.why(each.word, *PLACE, each.pins)}")
    print(f"{total} words, {sum(used.values())} disagreements settled, {len(left)} open")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
