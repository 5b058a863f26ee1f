"""What disassemblers that nobody here wrote say of the words that masks.txt accepts: GNU objdump, Capstone and LLVM's.

Each accepted word has to be, for all three, a defined instruction of a mnemonic that its line allows, that writes no reserved
register and reaches memory through the registers that it may, by the manual. Where one of them is known to be wrong, `SETTLED` says so,
with the manual's section.
"""
import random
import re
import struct
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass

from grader.sfi import masks

PINS = 0x5a

# What a disassembler says of words of a line, and why it does not count (DDI 0406C).
SETTLED = {
    ("llvm", "unpredictable", r".*-register"):
        "sp as the operand that is shifted: deprecated, and no more (A8.8.14 and its like name no UNPREDICTABLE case)",
    ("llvm", "unpredictable", r"STRD-.*"):
        "bits 3:0 are the low half of the immediate where bit 22 is set (A8.8.210); LLVM 14 takes them for a register",
}

NAMES = {"r9": 9, "sb": 9, "r10": 10, "sl": 10, "r11": 11, "fp": 11, "r12": 12, "ip": 12, "sp": 13, "r13": 13, "lr": 14,
         "r14": 14, "pc": 15, "r15": 15, **{f"r{n}": n for n in range(9)}}
CONDITION = r"(eq|ne|cs|hs|cc|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)?"
TWO = ("umull", "umlal", "smull", "smlal", "umaal")        # write their first two registers
NONE = ("tst", "teq", "cmp", "cmn", "nop", "b", "bl", "bx", "blx")     # and no register at all, or lr


@dataclass(frozen=True)
class Said:
    """One disassembler's words on one word; text is "" where it knows no such instruction."""
    word: int
    line: masks.Line
    by: str
    text: str
    unpredictable: bool = False


def sample(seed: int, each: int) -> list[tuple[masks.Line, int]]:
    """So many accepted words of each line of the table, without pins or with PINS, of all conditions."""
    rng, found = random.Random(seed), []
    for line in masks.lines():
        tries = (line.word(rng, rng.choice((14, 14, 14, rng.randrange(15)))) for _ in range(20 * each))
        good = [word for word in tries if any(line.accepts(word, masks.CODE, masks.CODE + 0x1000, pins) for pins in (0, PINS))]
        found += [(line, word) for word in good[:each]]
    return found


def objdump(words: Iterable[tuple[masks.Line, int]], path) -> list[Said]:
    """`path`: where a file may be written."""
    words = list(words)
    path.write_bytes(b"".join(struct.pack("<I", word) for _, word in words))
    told = subprocess.run(["arm-none-eabi-objdump", "-D", "-z", "-bbinary", "-marm", str(path)], capture_output=True,
                          text=True, check=True).stdout
    texts = [line.split("\t", 2)[2] for line in told.splitlines() if re.match(r" *[0-9a-f]+:\t", line)]
    return [Said(word, line, "objdump", "" if "undefined" in text.lower() else re.split(r"\s*[@;<]", text)[0].strip(),
                 "UNPRED" in text) for (line, word), text in zip(words, texts, strict=True)]


def capstone(words: Iterable[tuple[masks.Line, int]]) -> list[Said]:
    from capstone import CS_ARCH_ARM, CS_MODE_ARM, Cs
    engine, said = Cs(CS_ARCH_ARM, CS_MODE_ARM), []
    for line, word in words:
        found = next(engine.disasm(struct.pack("<I", word), masks.CODE), None)
        said.append(Said(word, line, "capstone", f"{found.mnemonic}\t{found.op_str}" if found else ""))
    return said


def llvm(words: Iterable[tuple[masks.Line, int]]) -> list[Said]:
    words = list(words)
    text = "\n".join(" ".join(f"{byte:#04x}" for byte in struct.pack("<I", word)) for _, word in words)
    done = subprocess.run(["llvm-mc", "--disassemble", "--triple=armv7a", "--mattr=+hwdiv-arm,+dsp"], input=text,
                          capture_output=True, text=True, check=True)
    lines_of = {kind: {int(n) for n in re.findall(rf"<stdin>:(\d+):\d+: warning: {kind}", done.stderr)}
                for kind in ("invalid", "potentially undefined")}
    texts = iter(line.strip() for line in done.stdout.splitlines() if line.startswith("\t") and not line.startswith("\t."))
    return [Said(word, line, "llvm", "" if n in lines_of["invalid"] else next(texts), n in lines_of["potentially undefined"])
            for n, (line, word) in enumerate(words, 1)]


def objections(said: Said) -> str:
    """What is wrong with an accepted word as a disassembler reads it, in words; "" if nothing is."""
    kind = "unpredictable" if said.unpredictable else "unknown" if not said.text else ""
    if kind:
        settled = any(by == said.by and what == kind and re.fullmatch(pattern, said.line.name)
                      for by, what, pattern in SETTLED)
        return "" if settled else f"{said.by} calls it {kind}"
    mnemonic, _, operands = said.text.replace(" ", "\t", 1).partition("\t")
    base = said.line.name.split("-")[0].lower()
    for problem in (_wrong_name(base, mnemonic), _writes(said, mnemonic, operands), _reaches(said, operands)):
        if problem:
            return f"{said.by} reads {said.text!r}: {problem}"
    return ""


def _wrong_name(base: str, mnemonic: str) -> str:
    """A disassembler may use another name for it: MOV with a shift is LSL, LDM through sp POP, SXTAB with pc SXTB."""
    allowed = {base, *base.split(",")}
    allowed |= {"mov": {"lsl", "lsr", "asr", "ror", "rrx", "mov"}, "movw": {"mov", "movw"}, "stm": {"push", "stm", "str"},
                "ldm": {"pop", "ldm", "ldr"}, "str": {"push", "str"}, "ldr": {"pop", "ldr"}, "rsb": {"rsb", "neg"},
                "pkh": {"pkhbt", "pkhtb"}, "smlaxy": {"smla"}, "smulxy": {"smul"}, "smlawy": {"smlaw"}, "smulwy": {"smulw"},
                "smlalxy": {"smlal"}, "sub": {"sub"}, "nop": {"nop", "hint"}}.get(base, set())
    allowed |= {name.replace("ta", "t") for name in allowed if re.match("[su]xta", name)}
    stems = "|".join(sorted(allowed, key=len, reverse=True))
    suffix = r"(s?(ia|ib|da|db|fd|ea|fa|ed|bb|bt|tb|tt|b|t)?)"
    shape = rf"({stems}){suffix}{CONDITION}{suffix}(\.w|\.n)?"
    return "" if re.fullmatch(shape, mnemonic) else f"no name of {base}"


def _numbers(text: str) -> list[int]:
    return [NAMES[name] for name in re.findall(r"\b(r1[0-5]|r\d|sb|sl|fp|ip|sp|lr|pc)\b", text)]


def _writes(said: Said, mnemonic: str, operands: str) -> str:
    """What it writes, its base apart, is none of the reserved registers; guards write theirs."""
    name = said.line.name
    registers = _numbers(operands)
    if re.match(NONE_SHAPE, name):
        written = []
    elif name.startswith("LDM"):
        written = _listed(operands) if "{" in operands else registers[:1]
    elif re.match("STM|STR", name):
        written = []
    elif name.startswith("LDRD"):
        written = [registers[0], registers[0] + 1]
    else:
        written = registers[:2] if re.match("|".join(TWO), mnemonic) else registers[:1]
    allowed = {"bfi-r10": {10}, "bfi-r9": {9}, "mov-sp-r10": {13}}.get(name, set())
    if any(masks.GUARDS >> r & 1 and r not in allowed for r in written):
        return "it writes a register that guards alone may write"
    return "" if not allowed or set(written) == allowed else "it is no guard"


NONE_SHAPE = r"(TST|TEQ|CMP|CMN|NOP|B|BL|BX-r9|BLX-r9)(-|$)"


def _listed(operands: str) -> list[int]:
    inside = operands[operands.index("{") + 1:operands.index("}")]
    found = []
    for part in inside.split(","):
        ends = _numbers(part)
        found += range(ends[0], ends[-1] + 1) if "-" in part else ends
    return found


def _reaches(said: Said, operands: str) -> str:
    """What memory it reaches, through which register, and whether that is written back."""
    name = said.line.name
    if not re.match(r"(LDR|STR|LDM|STM)", name):
        return "it reaches memory" if "[" in operands else ""
    if "[" not in operands:                 # LDM, STM; PUSH and POP
        base = _numbers(operands.split("{")[0])
        base, back = (base[0] if base else 13), "!" in operands or not base
    else:
        inside = operands[operands.index("[") + 1:operands.index("]")]
        base, back = _numbers(inside)[0], "!" in operands or operands.index("]") < len(operands) - 1
        if len(_numbers(inside)) != 1 or "[" in operands and _numbers(operands[operands.index("]"):]):
            return "its offset is a register"
    wanted = 8 if name.endswith("pins") else 10 if "-r10" in name else 13
    if base != wanted:
        return f"its base is r{base}"
    return "it writes its base back" if back and wanted != 13 else ""
