"""What is taken of a submission: the lab's files as they are, and for all else words."""
import gzip
import io
import os
import random
import stat
import subprocess
import tarfile
import zipfile

import pytest

from grader import labs, submission

LAB = labs.Lab("1-toy", "Toy", 0, ("a.c", "b.S"), (), ("host/tool.c",), ())
FILES = {"a.c": b"int a;\n", "b.S": b"nop\n", "host/tool.c": b"int main;\n"}
SECRET = b"the secret"


def lay(folder, files=FILES):
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def zipped(folder):
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder))
    return path


def tarred(*options):
    def make(folder):
        path = folder.with_suffix(".bin")
        subprocess.run(["tar", "-C", folder, *options, "-cf", path, "."], check=True)
        return path
    return make


PACKED = {"folder": lambda folder: folder, "zip": zipped, "gnu tar": tarred("--format=gnu"),
          "posix tar": tarred("--format=posix"), "old tar": tarred("--format=v7"), "tar.gz": tarred("-z")}


@pytest.fixture
def handed(tmp_path):
    """take(source) into a new folder: what was taken, and {name: content} of all that is in its tree."""
    def take(source, lab=LAB):
        into = tmp_path / "taken"
        into.mkdir()
        found = submission.take(source, lab, into)
        assert found.tree == into and all(text.isprintable() and len(text) < 2000 for text in found.refused)
        paths = [path for path in into.rglob("*") if not path.is_dir()]
        assert all(stat.S_ISREG(path.lstat().st_mode) for path in paths)
        return found, {str(path.relative_to(into)): path.read_bytes() for path in paths}
    return take


WHOLE = {f"1-toy/{name}": data for name, data in FILES.items()}


@pytest.mark.parametrize("pack", PACKED.values(), ids=PACKED)
@pytest.mark.parametrize("place", [".", "1-toy", "starter/1-toy", "course-main/starter/1-toy", "a/b/1-toy", "a/b/c"])
def test_the_labs_files_are_taken(handed, tmp_path, pack, place):
    lay(tmp_path / "work" / place)
    found, tree = handed(pack(tmp_path / "work"))
    assert (tree, found.refused, found.missing) == (WHOLE, (), ())


@pytest.mark.parametrize("pack", PACKED.values(), ids=PACKED)
def test_what_is_missing_is_listed_and_what_is_more_is_told(handed, tmp_path, pack):
    files = dict.fromkeys(["1-toy/a.c", "1-toy/B.s", "1-toy/own.h", "1-toy/Makefile", "1-toy/old/b.S", "2-other/b.S",
                           "notes.txt"], b"x")
    found, tree = handed(pack(lay(tmp_path / "work", files)))
    assert tree == {"1-toy/a.c": b"x"} and found.missing == ("b.S", "host/tool.c")
    assert found.refused == ("Not taken: 1-toy/B.s, 1-toy/own.h. Lab 1-toy is made of a.c, b.S, host/tool.c alone.",)


@pytest.mark.parametrize("pack", PACKED.values(), ids=PACKED)
def test_one_file_in_two_places(handed, tmp_path, pack):
    both = FILES | {"1-toy/a.c": FILES["a.c"], "starter/1-toy/b.S": b"other"}
    found, tree = handed(pack(lay(tmp_path / "work", both)))
    assert set(tree) == {"1-toy/a.c", "1-toy/host/tool.c"} and found.missing == ("b.S",)
    assert found.refused == ("b.S is there more than once, and not the same: b.S, starter/1-toy/b.S. None of them is "
                             "taken.",)


@pytest.mark.parametrize("pack", PACKED.values(), ids=PACKED)
@pytest.mark.parametrize("size, taken", [(1 << 20, True), ((1 << 20) + 1, False)])
def test_a_file_that_is_too_big(handed, tmp_path, pack, size, taken):
    found, tree = handed(pack(lay(tmp_path / "work", FILES | {"a.c": b"\n" * size})))
    assert ("1-toy/a.c" in tree) == taken == ("a.c" not in found.missing)
    assert taken or found.refused == ("a.c: this has more than 1 MB, which is the most that a file may have.",)


@pytest.mark.parametrize("pack", ["folder", "posix tar", "gnu tar"])
@pytest.mark.parametrize("make, words", [
    (lambda a, secret: a.symlink_to(secret), "a symbolic link"),
    (lambda a, secret: a.symlink_to("b.S"), "a symbolic link"),
    (lambda a, secret: os.mkfifo(a), "no ordinary file"),
    (lambda a, secret: os.mknod(a, 0o600 | stat.S_IFCHR, os.makedev(1, 5)), "no ordinary file"),
    (lambda a, secret: a.mkdir(), "a folder"),
])
def test_what_is_no_file_is_refused(handed, tmp_path, pack, make, words):
    (tmp_path / "secret").write_bytes(SECRET)
    folder = lay(tmp_path / "work")
    (folder / "a.c").unlink()
    make(folder / "a.c", tmp_path / "secret")
    found, tree = handed(PACKED[pack](folder))
    assert set(tree) == {"1-toy/b.S", "1-toy/host/tool.c"} and found.missing == ("a.c",)
    assert len(found.refused) == 1 and found.refused[0].startswith("a.c: this is " + words)


@pytest.mark.parametrize("archive", [False, True])
def test_a_hard_link_is_refused(handed, tmp_path, archive):
    folder = lay(tmp_path / "work")
    (folder / "a.c").rename(folder / "first")
    os.link(folder / "first", folder / "a.c")
    if archive:     # which knows of the link only where it has the other name too
        subprocess.run(["tar", "-C", folder, "-cf", tmp_path / "x", "first", "a.c", "b.S", "host"], check=True)
    found, tree = handed(tmp_path / "x" if archive else folder)
    assert "1-toy/a.c" not in tree and found.refused[0].startswith("a.c: this is a hard link")


@pytest.mark.parametrize("name", ["starter", "starter/1-toy", "1-toy", "host"])
def test_no_link_is_followed_on_the_way(handed, tmp_path, name):
    lay(tmp_path / "outside"), lay(tmp_path / "outside/1-toy"), lay(tmp_path / "outside/host", {"tool.c": SECRET})
    folder = tmp_path / "work"
    (folder / name).parent.mkdir(parents=True)
    (folder / name).symlink_to(tmp_path / "outside" / ("host" if name == "host" else ""))
    (folder / "readme").write_bytes(b"")
    found, tree = handed(folder)
    assert tree == {} and found.missing == LAB.files
    assert found.refused == (f"{name}: this is a symbolic link; send the folder itself.",)


def test_the_submission_itself_may_be_a_link(handed, tmp_path):
    lay(tmp_path / "work")
    (tmp_path / "link").symlink_to("work")
    assert handed(tmp_path / "link")[1] == WHOLE


ODD = {"/etc/a.c": "begins at the root", "../a.c": "leads out", "1-toy/../../a.c": "leads out", "a.c\n": "type",
       "1-toy/\x1b[2Ja.c": "type", "a.c\x7f": "type", "\u202ea.c": "type", "x" * 1001: "type"}


@pytest.mark.parametrize("name, words", ODD.items(), ids=map(ascii, ODD))
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_odd_names_are_refused(handed, tmp_path, kind, name, words):
    stream = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr(zipfile.ZipInfo(name), SECRET)
            archive.writestr("b.S", b"nop\n")
    else:
        with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for each, data in ((name, SECRET), ("b.S", b"nop\n")):
                info = tarfile.TarInfo(each)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    (tmp_path / "x").write_bytes(stream.getvalue())
    found, tree = handed(tmp_path / "x")
    assert tree == {"1-toy/b.S": b"nop\n"}
    assert len(found.refused) == 1 and words in found.refused[0]


def test_odd_names_in_a_folder(handed, tmp_path):
    folder = lay(tmp_path / "work")
    for name in (b"a\n.c", b"\xff.c", b"\x1b[2J.h"):
        (folder / os.fsdecode(name)).write_bytes(SECRET)
    found, tree = handed(folder)
    assert tree == WHOLE and len(found.refused) == 3 and all("type" in text for text in found.refused)


def test_a_name_cut_short_by_a_zero(handed, tmp_path):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.cXevil", SECRET)
    path.write_bytes(path.read_bytes().replace(b"a.cX", b"a.c\0"))
    found, tree = handed(path)
    assert tree == {} and len(found.refused) == 1


# Archives that mean harm.

def zip_of(path, name, data, method=zipfile.ZIP_DEFLATED, change=lambda info: None):
    with zipfile.ZipFile(path, "w", method) as archive:
        info = zipfile.ZipInfo(name)
        info.compress_type = method
        change(info)
        archive.writestr(info, data)
    return path


def test_a_link_in_a_zip(handed, tmp_path):
    def link(info):
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
    found, tree = handed(zip_of(tmp_path / "x", "a.c", "/etc/passwd", change=link))
    assert tree == {} and found.refused == ("a.c: this is a symbolic link; send the file itself.",)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_unusual_compression(handed, tmp_path, method):
    found, tree = handed(zip_of(tmp_path / "x", "a.c", b"int a;", method))
    assert tree == {} and "unusual" in found.refused[0]


def test_encryption(handed, tmp_path):
    path = zip_of(tmp_path / "x", "a.c", b"int a;")
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(data)
    assert handed(path)[0].refused == ("a.c: this is encrypted.",)


def peak(act):
    """The bytes that Python holds at most while it acts."""
    import tracemalloc
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_bombs_are_read_no_further_than_a_file_may_go(handed, tmp_path):
    path = zip_of(tmp_path / "x", "a.c", b"\0" * (400 << 20))
    assert path.stat().st_size < 1 << 20
    found = []
    assert peak(lambda: found.append(handed(path)[0])) < 64 << 20
    assert found[0].refused == ("a.c: this has more than 1 MB, which is the most that a file may have.",)


def test_a_bomb_in_a_tar(handed, tmp_path):
    with gzip.open(tmp_path / "x", "wb", 9) as stream:
        for _ in range(400):
            stream.write(b"\0" * (1 << 20))
    found = []
    assert peak(lambda: found.append(handed(tmp_path / "x")[0])) < 300 << 20
    assert found[0].refused == ("x: there is more than 64 MB in it: send the lab's files alone.",)


def test_too_many_entries(handed, tmp_path):
    with zipfile.ZipFile(tmp_path / "x", "w") as archive:
        for n in range(10_001):
            archive.writestr(f"{n}", b"")
    found, tree = handed(tmp_path / "x")
    assert found.refused == ("x: there are more than 10,000 files in it: send the lab's files alone.",)


def test_entries_without_end(handed, tmp_path):
    """A directory of 300,000 entries, which would be as many objects."""
    data = zip_of(tmp_path / "x", "a.c", b"int a;").read_bytes()
    record, end = data.index(b"PK\1\2"), data.index(b"PK\5\6")
    records = data[record:end] * 300_000
    (tmp_path / "x").write_bytes(data[:record] + records + data[end:end + 12] + len(records).to_bytes(4, "little")
                                 + data[end + 16:])
    assert zipfile.is_zipfile(tmp_path / "x")
    found = []
    assert peak(lambda: found.append(handed(tmp_path / "x")[0])) < 64 << 20
    assert "10,000" in found[0].refused[0]


@pytest.mark.parametrize("pack", ["gnu tar", "posix tar", "old tar"])
def test_a_tar_that_ends_too_early(handed, tmp_path, pack):
    source = PACKED[pack](lay(tmp_path / "work", {"a.c": b"x" * 1000}))
    data = source.read_bytes()
    source.write_bytes(data[:data.rindex(b"x") - 100])
    found, tree = handed(source)
    assert tree == {} and found.refused == (f"{source.name}: this archive ends too early.",)


def test_too_many_entries_in_a_tar(handed, tmp_path):
    with tarfile.open(tmp_path / "x", "w") as archive:
        for n in range(10_001):
            archive.addfile(tarfile.TarInfo(f"{n}"))
    assert "10,000" in handed(tmp_path / "x")[0].refused[0]


def test_one_name_many_times(handed, tmp_path):
    with zipfile.ZipFile(tmp_path / "x", "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        for n in range(1000):
            archive.writestr("a.c", str(n))
    found, tree = handed(tmp_path / "x")
    assert tree == {} and found.refused == ("a.c is there 1000 times. None of them is taken.",)


def test_many_refusals_are_counted(handed, tmp_path):
    with zipfile.ZipFile(tmp_path / "x", "w") as archive:
        for n in range(1000):
            archive.writestr(f"../{n}", b"")
    refused = handed(tmp_path / "x")[0].refused
    assert len(refused) == 11 and refused[-1] == "... and 990 more like these."


def test_an_archive_in_an_archive_is_told_of(handed, tmp_path):
    inner = zip_of(tmp_path / "inner", "a.c", b"int a;").read_bytes()
    found, tree = handed(zip_of(tmp_path / "x", "work.zip", inner))
    assert tree == {} and found.refused[0].startswith("Not taken: work.zip.")


@pytest.mark.parametrize("data, words", [
    (b"int a;\n", "no folder, .zip, .tar or .tar.gz"), (b"\x1f\x8bxxxx", "broken"), (b"PKxxxx", "broken"),
    (b"x" * 512, "broken"), (b"0" * 512, "no folder"), (b"Rar!\x1a\x07" + b"\1" * 600, "broken")])
def test_what_is_no_archive(handed, tmp_path, data, words):
    (tmp_path / "x").write_bytes(data)
    found, tree = handed(tmp_path / "x")
    assert tree == {} and found.missing == LAB.files and words in found.refused[0]


@pytest.mark.parametrize("pack", list(PACKED.values())[1:], ids=list(PACKED)[1:])
def test_broken_archives_are_no_trouble(handed, tmp_path, pack):
    """Whatever is broken in an archive: files as they were, or words, and nothing else."""
    whole = pack(lay(tmp_path / "work")).read_bytes()
    rng = random.Random(1)
    for n in range(300):
        data = bytearray(whole[:rng.randrange(len(whole))] if n % 3 == 0 else whole)
        for _ in range(rng.randrange(6)):
            if data:
                data[rng.randrange(len(data))] = rng.randrange(256)
        (tmp_path / "x").write_bytes(data)
        into = tmp_path / "trees" / str(n)
        into.mkdir(parents=True)
        found = submission.take(tmp_path / "x", LAB, into)
        taken = {str(path.relative_to(into / "1-toy")) for path in into.rglob("*") if path.is_file()}
        assert taken | set(found.missing) == set(FILES) and not taken & set(found.missing)


def test_a_source_that_cannot_be_read_is_the_callers_to_tell(tmp_path):
    with pytest.raises(OSError):
        submission.take(tmp_path / "nowhere", LAB, tmp_path)
