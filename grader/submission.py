"""What a student handed in, taken out of a folder or an archive: the lab's own files and nothing else.

Nothing is unpacked and no link is followed: each file is looked up by its name, read up to a limit and written anew.
What cannot be taken is refused in words; whatever was handed in, `take` comes back.
"""
import gzip
import io
import os
import re
import stat
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from grader import labs
from grader.result import visible

FILE = 1 << 20          # bytes that a file may have,
ARCHIVE = 32 << 20      # an archive,
UNPACKED = 64 << 20     # and a .tar.gz unpacked
ENTRIES = 10_000        # that an archive may have
WRAPPERS = 3            # folders around everything, as archives have them, that are looked through
WORDS = 10              # refusals and names that are told one by one
SOURCES = (".c", ".s", ".h", ".zip", ".tar", ".gz", ".tgz")     # what is told when it is left, in any case of letters
KINDS = {b"1": "a hard link", b"2": "a symbolic link", b"5": "a folder"}       # of a tar's entries


class Taken(NamedTuple):
    """What came of a submission."""
    tree: Path                  # a tree as labs.compose takes it, with the lab's files that were found
    refused: tuple[str, ...]    # a sentence each, safe to print: what was not taken, and why
    missing: tuple[str, ...]    # the lab's files that are not in the tree, as lab.toml names them


class Refused(Exception):
    """Something is not taken; the message says why."""


class Entry(NamedTuple):
    name: str                       # with slashes
    kind: str                       # "" for an ordinary file, else what it is, in words
    read: Callable[[], bytes]       # what it contains, up to one byte more than FILE; Refused, or any exception


def take(source: Path, lab: labs.Lab, into: Path, top: bool = True) -> Taken:
    """Put the files of `lab` that are in `source`, a folder, .zip, .tar or .tar.gz, into the folder `into`.

    They are looked for in starter/N-name/, N-name/ and, as long as `top` says that they may be there, at the top.
    Raises OSError if `source` itself cannot be read or `into` not be written.
    """
    said: list[str] = []
    entries = _unwrapped(_sane(_entries(source, lab, said), said), lab)
    places = [f"starter/{lab.name}/", f"{lab.name}/"] + [""] * top
    missing = []
    for name in lab.files:
        contents = {}
        found = [entry for entry in entries if entry.name in [place + name for place in places]]
        if len(found) > len(places):
            said.append(f"{name} is there {len(found)} times. None of them is taken.")
            found = []
        for entry in found:
            try:
                contents.setdefault(_read(entry), entry.name)
            except Refused as why:
                said.append(f"{entry.name}: {why}.")
        if len(contents) > 1:
            said.append(f"{name} is there more than once, and not the same: {', '.join(sorted(contents.values()))}. "
                        "None of them is taken.")
        if len(contents) != 1:
            missing.append(name)
            continue
        path = into / lab.name / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(next(iter(contents)))
    wanted = [place + name for place in places for name in lab.files]
    said += [f"{entry.name}: this is {entry.kind}; send the folder itself." for entry in entries
             if entry.kind == KINDS[b"2"] and any(path.startswith(f"{entry.name}/") for path in wanted)]
    left = [entry.name for entry in entries if _left(entry, wanted)]
    if left:
        said.append(f"Not taken: {_list(left)}. Lab {lab.name} is made of {', '.join(lab.files)} alone.")
    if len(said) > WORDS:
        said[WORDS:] = [f"... and {len(said) - WORDS} more like these."]
    return Taken(into, tuple(map(visible, said)), tuple(missing))


def _left(entry: Entry, wanted: list[str]) -> bool:
    """Whether its author may have thought that this is a part of the lab."""
    beside = {os.path.dirname(path) for path in wanted}
    return (not entry.kind and entry.name not in wanted and os.path.dirname(entry.name) in beside
            and entry.name.lower().endswith(SOURCES))


def _list(names: list[str]) -> str:
    more = f" and {len(names) - WORDS} more" if len(names) > WORDS else ""
    return ", ".join(name[-80:] for name in names[:WORDS]) + more


def _read(entry: Entry) -> bytes:
    """What an entry contains; Refused if it is not to be had."""
    if entry.kind:
        raise Refused(f"this is {entry.kind}; send the file itself")
    try:
        data = entry.read()
    except Refused:
        raise
    except Exception as error:      # a broken archive raises anything
        raise Refused(f"this cannot be read ({type(error).__name__})") from None
    if len(data) > FILE:
        raise Refused(f"this has more than {FILE >> 20} MB, which is the most that a file may have")
    return data


def _sane(entries: Iterable[Entry], said: list[str]) -> Iterator[Entry]:
    """The entries with names that can be meant, in their plainest form; of others, words."""
    for entry in entries:
        parts = [part for part in entry.name.split("/") if part not in ("", ".")]
        if entry.name.startswith("/"):
            said.append(f"{entry.name[:80]}: refused, for its name begins at the root.")
        elif ".." in parts:
            said.append(f"{entry.name[:80]}: refused, for its name leads out of the folder.")
        elif not entry.name.isprintable() or len(entry.name) > 1000:
            said.append(f"{entry.name[:80]}: refused, for its name is none that anybody could type.")
        elif parts and parts[0] != "__MACOSX" and not parts[-1].startswith("._"):
            yield entry._replace(name="/".join(parts))


def _unwrapped(entries: Iterable[Entry], lab: labs.Lab) -> list[Entry]:
    """The entries without the folder around all of them, if there is one that says nothing."""
    entries = list(entries)
    for _ in range(WRAPPERS):
        tops = {entry.name.partition("/")[0] for entry in entries}
        if len(tops) != 1 or tops & {"starter", lab.name} or not any("/" in entry.name for entry in entries):
            break
        entries = [entry._replace(name=entry.name.partition("/")[2]) for entry in entries if "/" in entry.name]
    return entries


def _entries(source: Path, lab: labs.Lab, said: list[str]) -> list[Entry]:
    """What is in a submission; words where that cannot be told."""
    if source.is_dir():
        return list(_folder(source, lab))
    with open(source, "rb") as stream:
        data = stream.read(ARCHIVE + 1)
    found: list[Entry] = []
    try:
        if len(data) > ARCHIVE:
            raise Refused(f"it has more than {ARCHIVE >> 20} MB: send the lab's files alone")
        if data[:2] == b"\x1f\x8b":
            data = gzip.GzipFile(fileobj=io.BytesIO(data)).read(UNPACKED + 1)
            if len(data) > UNPACKED:
                raise Refused(f"there is more than {UNPACKED >> 20} MB in it: send the lab's files alone")
        for entry in _zip(data) if data[:2] == b"PK" else _tar(data):
            found.append(entry)
            if len(found) > ENTRIES:
                raise Refused(f"there are more than {ENTRIES:,} files in it: send the lab's files alone")
    except Refused as why:
        said.append(f"{source.name}: {why}.")
        found = []
    except Exception as error:      # as above
        said.append(f"{source.name}: this archive is broken ({type(error).__name__}).")
    return found


def _zip(data: bytes) -> Iterator[Entry]:
    if data.count(b"PK\1\2") > ENTRIES:     # before any of them is an object
        raise Refused(f"there are more than {ENTRIES:,} files in it: send the lab's files alone")
    archive = zipfile.ZipFile(io.BytesIO(data))
    for info in archive.infolist():
        kind = stat.S_IFMT(info.external_attr >> 16)
        words = ("a symbolic link" if kind == stat.S_IFLNK else "a folder" if info.is_dir() else
                 "no ordinary file" if kind not in (0, stat.S_IFREG) else "")

        def read(info=info):
            if info.flag_bits & 1:
                raise Refused("this is encrypted")
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise Refused("this is compressed in an unusual way; make the archive with another program")
            with archive.open(info) as stream:
                return stream.read(FILE + 1)
        yield Entry(info.orig_filename.replace("\\", "/"), words, read)


def _tar(data: bytes) -> Iterator[Entry]:
    """POSIX's and GNU's tar. (Python's own module spends minutes on headers that are made for it.)"""
    at, name = 0, None
    while (header := data[at:at + 512]).strip(b"\0"):
        said = int(header[148:156].strip(b"\0 ") or b"0", 8)        # the sum of all bytes, its own taken for blanks
        if len(header) < 512 or said != sum(header[:148]) + 8 * ord(" ") + sum(header[156:]):
            raise Refused("this is no folder, .zip, .tar or .tar.gz" if at == 0 else "this archive is broken")
        size = (int.from_bytes(header[125:136], "big") if header[124] & 0x80 else
                int(header[124:136].strip(b"\0 ") or b"0", 8))
        kind, start = header[156:157], at + 512
        at = start + (size + 511) // 512 * 512
        if kind in b"Lx" and size > 1 << 16:
            raise Refused("there is a name in it that is too long")
        if kind == b"L":            # GNU: the name of the next entry
            name = data[start:start + size].rstrip(b"\0")
        elif kind == b"x":          # POSIX: what is to be known of it
            name = _path(data[start:start + size]) or name
        elif kind != b"g" and kind != b"K":
            prefix = header[345:500].split(b"\0")[0] if header[257:263] == b"ustar\0" else b""
            name = name or (prefix and prefix + b"/") + header[:100].split(b"\0")[0]
            words = "" if kind in b"0\0" else KINDS.get(kind, "no ordinary file")
            if start + size > len(data):
                raise Refused("this archive ends too early")
            yield Entry(name.decode("utf-8", "surrogateescape"), "a folder" if name.endswith(b"/") else words,
                        lambda start=start, size=size: data[start:start + min(size, FILE + 1)])
            name = None


def _path(records: bytes) -> bytes | None:
    """The path in a POSIX header's records, "LENGTH KEY=VALUE\\n" each."""
    path = None
    while found := re.match(rb"(\d{1,6}) ", records):
        record, records = records[found.end():int(found[1])], records[max(int(found[1]), 1):]
        if record.startswith(b"path="):
            path = record[5:].rstrip(b"\n")
    return path


def _folder(source: Path, lab: labs.Lab) -> Iterator[Entry]:
    """The entries of the folders where the lab's files may be."""
    at = ""
    for _ in range(WRAPPERS):
        tops = [name for name in _listed(source, at) if not name.startswith(".")]
        if len(tops) != 1 or tops[0] in ("starter", lab.name) or _entry(source, at + tops[0]).kind != "a folder":
            break
        at += f"{tops[0]}/"
    folders = {f"{place}{file}".rpartition("/")[0] for file in lab.files
               for place in (f"{at}starter/{lab.name}/", f"{at}{lab.name}/", at)}
    ways = {"/".join(parts[:n]) for folder in folders for parts in [folder.split("/")] for n in range(len(parts) + 1)}
    for folder in sorted(ways):
        for name in _listed(source, folder):
            if folder in folders or f"{folder}/{name}".lstrip("/") in ways:
                yield _entry(source, f"{folder}/{name}".lstrip("/"))


def _open(source: Path, name: str, flags: int) -> int:
    """A descriptor of a file below `source`; OSError if anything on the way to it is a link."""
    folder = os.open(source, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    *way, last = [part for part in name.split("/") if part] or ["."]
    try:
        for part in way:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            os.close(folder)
            folder = inner
        return os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | flags, dir_fd=folder)
    finally:
        os.close(folder)


def _listed(source: Path, folder: str) -> list[str]:
    """The names in a folder, at most ENTRIES; none where there is no such folder."""
    try:
        descriptor = _open(source, folder, os.O_DIRECTORY)
    except OSError:
        return []
    try:
        return sorted(os.listdir(descriptor))[:ENTRIES]
    finally:
        os.close(descriptor)


def _entry(source: Path, name: str) -> Entry:
    folder, _, last = name.rpartition("/")
    try:
        descriptor = _open(source, folder, os.O_DIRECTORY)
        try:
            found = os.stat(last, dir_fd=descriptor, follow_symlinks=False)
        finally:
            os.close(descriptor)
    except OSError:
        return Entry(name, "gone", bytes)
    kind = ("a symbolic link" if stat.S_ISLNK(found.st_mode) else "a folder" if stat.S_ISDIR(found.st_mode) else
            "no ordinary file" if not stat.S_ISREG(found.st_mode) else
            "a hard link, which has another name as well" if found.st_nlink > 1 else "")

    def read():
        with open(_open(source, name, 0), "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise Refused("this is no ordinary file; send the file itself")
            return stream.read(FILE + 1)
    return Entry(name, kind, read)
