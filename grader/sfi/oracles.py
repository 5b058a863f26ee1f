"""What disassemblers that nobody here wrote say of the words that the mask table accepts: GNU objdump, Capstone and LLVM's.

Each accepted word has to be, for all three, a defined instruction of a mnemonic that its form allows, that writes no reserved
register and reaches memory through the registers that it may, by the manual. Where one of them is known to be wrong, `SETTLED` says so,
with the manual's section.
"""
import itertools
import random
import re
import struct
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass

from grader.sfi import masks

PINS = 0x5a

# What a disassembler says of words of a form, or of a section's forms, and why it does not count (DDI 0406C).
SETTLED = {
    ("llvm", "unpredictable", "A5.2.1"):
        "sp as the operand that is shifted: deprecated, and no more (A8.8.14 and its like name no UNPREDICTABLE case)",
    ("llvm", "unpredictable", "strd"):
        "bits 3:0 are the low half of the immediate where bit 22 is set (A8.8.210); LLVM 14 takes them for a register",
}

NAMES = {"r9": 9, "sb": 9, "r10": 10, "sl": 10, "r11": 11, "fp": 11, "r12": 12, "ip": 12, "sp": 13, "r13": 13, "lr": 14,
         "r14": 14, "pc": 15, "r15": 15, **{f"r{n}": n for n in range(9)}}
RANGES = {"and to rsc": "and, eor, sub, rsb, add, adc, sbc, rsc", "umull to smlal": "umull, umlal, smull, smlal"}
CONDITION = r"(eq|ne|cs|hs|cc|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)?"
TWO = ("umull", "umlal", "smull", "smlal", "umaal")        # write their first two registers
NONE = ("tst", "teq", "cmp", "cmn", "nop", "b", "bl", "bx", "blx")     # and no register at all, or lr


@dataclass(frozen=True)
class Said:
    """One disassembler's words on one word; text is "" where it knows no such instruction."""
    word: int
    form: masks.Form
    by: str
    text: str
    unpredictable: bool = False


def sample(seed: int, each: int) -> list[tuple[masks.Form, int]]:
    """So many accepted words of each form, without pins or with PINS, of all conditions."""
    rng, found = random.Random(seed), []
    for form in masks.forms():
        words = (masks.draw(rng, form) for _ in range(100 * each))
        good = (word for word in words if word < 0xf0000000
                and any(form.fails(word, masks.CODE, masks.CODE + 0x1000, pins) is None for pins in (0, PINS)))
        found += [(form, word) for word in itertools.islice(good, each)]
    return found


def objdump(words: Iterable[tuple[masks.Form, int]], path) -> list[Said]:
    """`path`: where a file may be written."""
    words = list(words)
    path.write_bytes(b"".join(struct.pack("<I", word) for _, word in words))
    told = subprocess.run(["arm-none-eabi-objdump", "-D", "-z", "-bbinary", "-marm", str(path)], capture_output=True,
                          text=True, check=True).stdout
    texts = [line.split("\t", 2)[2] for line in told.splitlines() if re.match(r" *[0-9a-f]+:\t", line)]
    return [Said(word, form, "objdump", "" if "undefined" in text.lower() else re.split(r"\s*[@;<]", text)[0].strip(),
                 "UNPRED" in text) for (form, word), text in zip(words, texts, strict=True)]


def capstone(words: Iterable[tuple[masks.Form, int]]) -> list[Said]:
    from capstone import CS_ARCH_ARM, CS_MODE_ARM, Cs
    engine, said = Cs(CS_ARCH_ARM, CS_MODE_ARM), []
    for form, word in words:
        found = next(engine.disasm(struct.pack("<I", word), masks.CODE), None)
        said.append(Said(word, form, "capstone", f"{found.mnemonic}\t{found.op_str}" if found else ""))
    return said


def llvm(words: Iterable[tuple[masks.Form, int]]) -> list[Said]:
    words = list(words)
    text = "\n".join(" ".join(f"{byte:#04x}" for byte in struct.pack("<I", word)) for _, word in words)
    done = subprocess.run(["llvm-mc", "--disassemble", "--triple=armv7a", "--mattr=+hwdiv-arm,+dsp"], input=text,
                          capture_output=True, text=True, check=True)
    lines_of = {kind: {int(n) for n in re.findall(rf"<stdin>:(\d+):\d+: warning: {kind}", done.stderr)}
                for kind in ("invalid", "potentially undefined")}
    texts = iter(line.strip() for line in done.stdout.splitlines() if line.startswith("\t") and not line.startswith("\t."))
    return [Said(word, form, "llvm", "" if n in lines_of["invalid"] else next(texts), n in lines_of["potentially undefined"])
            for n, (form, word) in enumerate(words, 1)]


def objections(said: Said) -> str:
    """What is wrong with an accepted word as a disassembler reads it, in words; "" if nothing is."""
    kind = "unpredictable" if said.unpredictable else "unknown" if not said.text else ""
    if kind:
        settled = any((said.by, kind, of) in SETTLED for of in (said.form.name, said.form.section))
        return "" if settled else f"{said.by} calls it {kind}"
    mnemonic, _, operands = said.text.replace(" ", "\t", 1).partition("\t")
    for problem in (_wrong_name(said.form, mnemonic), _writes(said.form, mnemonic, operands), _reaches(said.form, operands)):
        if problem:
            return f"{said.by} reads {said.text!r}: {problem}"
    return ""


def _wrong_name(form: masks.Form, mnemonic: str) -> str:
    """A disassembler may use another name for it: MOV with a shift is LSL, LDM through sp POP."""
    names = {re.sub(r"<.>", "", name.split()[0]) for name in RANGES.get(form.name, form.name).split(", ")}
    more = {"mov": {"lsl", "lsr", "asr", "ror", "rrx"}, "movw": {"mov"}, "stm": {"push", "str"}, "ldm": {"pop", "ldr"},
            "str": {"push"}, "ldr": {"pop"}, "rsb": {"neg"}, "nop": {"hint"}}
    names = names.union(*(more.get(name, set()) for name in names))
    stems = "|".join(sorted(names, key=len, reverse=True))
    suffix = r"(s?(ia|ib|da|db|fd|ea|fa|ed|bb|bt|tb|tt|b|t)?)"
    return "" if re.fullmatch(rf"({stems}){suffix}{CONDITION}{suffix}(\.w|\.n)?", mnemonic) else f"that is none of {form.name}"


def _numbers(text: str) -> list[int]:
    return [NAMES[name] for name in re.findall(r"\b(r1[0-5]|r\d|sb|sl|fp|ip|sp|lr|pc)\b", text)]


def _writes(form: masks.Form, mnemonic: str, operands: str) -> str:
    """What it writes, its base apart, is none of the reserved registers; guards write theirs."""
    registers = _numbers(operands)
    if form.name.split(",")[0].split()[0] in NONE or form.name.startswith(("st", "pld")):
        written = []
    elif form.name == "ldm":
        written = _listed(operands) if "{" in operands else registers[:1]
    elif form.name == "ldrd":
        written = [registers[0], registers[0] + 1]
    else:
        written = registers[:2] if re.match("|".join(TWO), mnemonic) else registers[:1]
    allowed = {"bfi r10, rX, #0, #20": {10}, "bfi r9, rX, #2, #18": {9}, "mov sp, r10": {13}}.get(form.name, set())
    if any(r in (9, 10, 13, 15) and r not in allowed for r in written):
        return "it writes a register that guards alone may write"
    return "" if not allowed or set(written) == allowed else "it is no guard"


def _listed(operands: str) -> list[int]:
    inside = operands[operands.index("{") + 1:operands.index("}")]
    found = []
    for part in inside.split(","):
        ends = _numbers(part)
        found += range(ends[0], ends[-1] + 1) if "-" in part else ends
    return found


def _reaches(form: masks.Form, operands: str) -> str:
    """What memory it reaches, through which register, and whether that is written back."""
    if form.group not in ("Accesses", "Pins"):
        return "it reaches memory" if "[" in operands else ""
    if "[" not in operands:                 # LDM, STM; PUSH and POP
        base = _numbers(operands.split("{")[0])
        base, back = (base[0] if base else 13), "!" in operands or not base
    else:
        inside = operands[operands.index("[") + 1:operands.index("]")]
        base, back = _numbers(inside)[0], "!" in operands or operands.index("]") < len(operands) - 1
        if len(_numbers(inside)) != 1 or _numbers(operands[operands.index("]"):]):
            return "its offset is a register"
    if base not in ((8,) if form.group == "Pins" else (10, 13)):
        return f"its base is r{base}"
    return "it writes its base back" if back and base != 13 else ""
