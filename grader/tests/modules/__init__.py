"""Builds modules for the rewriter's tests, plain and rewritten, and runs them bare in QEMU: no kernel, no MMU, the
segments where RAM is. `python3 -m grader.tests.modules` prints what the bench's nine cost.

A module's file is cut at its header as the kernel does it, and put into an ELF with start.S before it.
"""
import functools
import hashlib
import os
import math
import re
import struct
import subprocess
from pathlib import Path

from grader import engine, params, paths

ROOT = paths.ROOT
OUT = paths.BUILD / "tests" / "modules"
CODE, DATA = 0x41000000, 0x43000000
TARGET = ("-std=gnu11 -mcpu=cortex-a7 -marm -mfloat-abi=soft -mgeneral-regs-only -mno-unaligned-access -ffreestanding "
          "-fno-common -fno-pie -U__INT32_TYPE__ -D__INT32_TYPE__=int -U__UINT32_TYPE__").split() + [
              "-D__UINT32_TYPE__=unsigned int", "-Ikernel/include", "-w"]
RESERVED = "-ffixed-r9 -ffixed-r10 -ffixed-r12 -fno-schedule-insns -fno-schedule-insns2".split()     # as in lab.mk
NINE = "crc32", "sha256", "quicksort", "heapsort", "matrix", "strstr", "lz", "list", "states"
WAYS = (), ("--stores",), ("--all",)
WHERE = f"--defsym=code_segment={CODE:#x}", f"--defsym=data_segment={DATA:#x}"   # what is plain has to know
LIB = [ROOT / "kernel/core/string.c", *sorted((ROOT / "kernel/sfi/lib").glob("*.c"))]


def tool(*command: str | Path, cwd: Path = ROOT) -> None:
    subprocess.run(list(map(str, command)), check=True, cwd=cwd)


def csmith(name: str, seed: int) -> Path:
    """The program of Csmith's of that seed, as the source of a module that calls its csmith_main()."""
    OUT.mkdir(parents=True, exist_ok=True)
    source = OUT / f"{name}.c"      # beside it Csmith leaves what it found of the machine
    tool("csmith", "--seed", seed, "--no-packed-struct", "--no-argc", "--max-funcs", 5, "-o", source, cwd=OUT)
    source.write_text(re.sub(r"int main ?\(void\)", "static int csmith_main(void)", source.read_text()))
    return source


@functools.cache
def rewriter(guard: str = "solutions/5-sfi/guard.c") -> Path:
    """The rewriter, with somebody's guard.c."""
    out = OUT / f"rewrite-{hashlib.sha256(guard.encode()).hexdigest()[:8]}"
    OUT.mkdir(parents=True, exist_ok=True)
    tool("gcc", "-std=gnu11", "-D_GNU_SOURCE", "-DEXO_HOST", "-O1", "-Wall", "-Wextra", "-Wshadow", "-Werror",
         "-Ikernel/include", *(path.relative_to(ROOT) for path in sorted((ROOT / "kernel/sfi/rewriter").glob("*.c"))),
         guard, "-o", new := out.with_suffix(f".{os.getpid()}"))
    os.replace(new, out)                # whole: another process may be about to run it
    return out


def assembled(source: Path, how: tuple[str, ...], opt: str, out: Path, more: tuple[str, ...] = (),
              guard: str = "solutions/5-sfi/guard.c") -> Path:
    """An object of a C file, or assembly: how is () for plain, else the rewriter's options, "--all" for none."""
    named = out / f"{source.name}{opt}{''.join(how)}"
    plain, safe, done = (named.with_name(named.name + suffix) for suffix in (".s", ".safe.s", ".o"))
    if source.suffix == ".s":
        plain = source
    else:
        r8 = ("-ffixed-r8",) if "--match" in how else ()
        tool("arm-none-eabi-gcc", *TARGET, *(RESERVED if how else ()), *r8, opt, *more, "-S", source, "-o", plain)
    if how:
        tool(rewriter(guard), *(option for option in how if option != "--all"), plain, safe)
    tool("arm-none-eabi-as", "-mcpu=cortex-a7", safe if how else plain, "-o", done)
    return done


@functools.cache
def lib(how: tuple[str, ...], guard: str = "solutions/5-sfi/guard.c") -> list[Path]:
    return [assembled(path, how, "-O2", OUT, ("-ffixed-r8", "-fno-tree-loop-distribute-patterns"), guard)
            for path in LIB]


def module(source: Path, how: tuple[str, ...] = (), opt: str = "-O2", more: tuple[str, ...] = (),
           guard: str = "solutions/5-sfi/guard.c") -> bytes:
    """A module's file."""
    OUT.mkdir(parents=True, exist_ok=True)
    parts = [assembled(source, how, opt, OUT, more, guard), *lib(how, guard)]
    elf = parts[0].with_suffix(".elf")
    where = () if "--all" in how else WHERE
    tool("arm-none-eabi-ld", "--gc-sections", *where, "-T", "kernel/sfi/module.ld", *parts, "-o", elf)
    tool("arm-none-eabi-objcopy", "-O", "binary", elf, elf.with_suffix(".module"))
    return elf.with_suffix(".module").read_bytes()


def job(name: str, content: bytes, argument: int, budget: int = 20_000_000) -> engine.Job:
    """What boots a module and calls its first function."""
    magic, code, data, bss, *calls = struct.unpack_from("<12I", content)
    assert magic == 0x4d4f5845 and len(content) == 48 + code + data, (name, magic, code, data, len(content))
    for part, at, size in (("code", 48, code), ("data", 48 + code, data)):
        (OUT / f"{name}.{part}").write_bytes(content[at:at + size])
    elf = OUT / f"{name}.run.elf"
    tool("arm-none-eabi-gcc", "-mcpu=cortex-a7", "-nostdlib", f"-DCODE={CODE:#x}", f"-DDATA={DATA:#x}",
         f"-DCALL={calls[0] & 0xfffff:#x}", f"-DARGUMENT={argument:#x}", f'-DCODE_FILE="{OUT / name}.code"',
         f'-DDATA_FILE="{OUT / name}.data"', "-Wl,-Ttext=0x40010000", f"-Wl,--section-start=.code={CODE + 0x2000:#x}",
         f"-Wl,--section-start=.entries={CODE:#x}", f"-Wl,--section-start=.module={DATA + 0x1000:#x}",
         "-Wl,--build-id=none", Path(__file__).with_name("start.S").relative_to(ROOT), "-o", elf)
    return engine.Job(engine.Boot(name, budget=budget, marks=("begin", "end")), elf, 1, params.nonce(1))


def result(run: engine.Run) -> tuple[int, int]:
    """What a module returned, and after how many instructions."""
    assert isinstance(run, engine.Run) and run.end == "power-off" and len(run.marks) == 2, (run, )
    return run.registers["r4"], run.marks[1].count - run.marks[0].count


def measured(seed: int = 1) -> dict[str, list[tuple[int, int]]]:
    """What each of the nine returns and executes, in the three WAYS."""
    jobs = [job(f"{name}{''.join(how)}", module(ROOT / f"labs/5-sfi/checks/modules/{name}.module.c", how), seed)
            for name in NINE for how in WAYS]
    results = list(map(result, engine.run_many(jobs)))
    return {name: results[3 * at:3 * at + 3] for at, name in enumerate(NINE)}


def overhead(of: dict[str, list[tuple[int, int]]], way: int) -> float:
    """How much more they execute than plainly: the geometric mean, less 1."""
    return math.prod(runs[way][1] / runs[0][1] for runs in of.values()) ** (1 / len(of)) - 1
