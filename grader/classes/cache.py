"""What has been judged already: a report for each content, found by the hash of all that a verdict depends on.

That is the files handed in, the course (checks, kernel, grader, the reference of earlier labs), the tools' versions and
the options. A report appears whole or not at all, so whoever is killed at any moment goes on where it was.
"""
import hashlib
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

from grader import labs
from grader.paths import BUILD, ROOT

CACHE = BUILD / "class" / "reports"
TOOLS = ("qemu-system-arm", "arm-none-eabi-gcc", "arm-none-eabi-ld", "bwrap")
CODE = (".py", ".c", ".h", ".S", ".mk", ".toml", ".ld", ".inc")


def content(files: dict[str, bytes]) -> str:
    """The name of what was handed in, by its files' names and bytes: 64 hex digits."""
    return _hash(part for name in sorted(files) for part in (name.encode(), files[name]))


def course(lab: labs.Lab) -> str:
    """The name of all that judges a lab here: the course's files and the tools. Who changes a check, changes it."""
    folders = [ROOT / "kernel", ROOT / "grader"]
    folders += [ROOT / "labs" / each.name for each in labs.every() if each.number <= lab.number]
    folders += [ROOT / labs.REFERENCE / each.name for each in labs.every() if each.number < lab.number]
    files = [path for folder in folders for path in sorted(folder.rglob("*"))
             if path.suffix in CODE and not {"tests", "mutants", "__pycache__", "classes", "site"} & set(path.parts)]
    said = [str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() for path in files if path.is_file()]
    return _hash([*said, *map(_version, TOOLS)])


def key(content: str, course: str, options: Iterable[str]) -> str:
    return _hash([content.encode(), course.encode(), *(option.encode() for option in options)])


def find(key: str) -> str | None:
    """The report that was kept, as JSON."""
    try:
        return (CACHE / f"{key}.json").read_text("utf-8")
    except FileNotFoundError:
        return None


def keep(key: str, report: str) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    put(CACHE / f"{key}.json", report)


def put(file: Path, text: str) -> None:
    """Write a file whole: whoever looks sees what was there, or all that is there now."""
    new = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with open(new, "w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)


def _version(tool: str) -> bytes:
    try:
        return subprocess.run([tool, "--version"], capture_output=True).stdout.partition(b"\n")[0]
    except OSError:
        return b"none"


def _hash(parts: Iterable[bytes]) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(len(part).to_bytes(8, "little") + part)
    return total.hexdigest()
