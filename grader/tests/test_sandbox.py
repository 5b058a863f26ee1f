"""The box: what is in it, what is not, and that it ends; and that nothing of the host gets into a kernel or a report,
with it or without.
"""
import dataclasses
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from grader import build, engine, labs, sandbox
from grader.paths import ROOT
from grader.tests.test_engine import elf, gone, qemus, until

CANARY = "canary-1f6c0b7e"
boxed = pytest.mark.skipif(sandbox.missing() != "", reason=f"no sandbox: {sandbox.missing()}")
both = pytest.mark.parametrize("mode", [pytest.param("", id="boxed", marks=boxed), "off"])


def inside(command, **where):
    """What a shell command says in the box, and its exit code."""
    done = subprocess.run(sandbox.wrap(["sh", "-c", command], **where), capture_output=True, text=True)
    return done.stdout, done.returncode


# Whether there is one.

def test_it_can_be_switched_off(monkeypatch):
    monkeypatch.setenv("EXOLAB_SANDBOX", "off")
    assert "EXOLAB_SANDBOX=off" in sandbox.missing() and sandbox.wrap(["true"]) == ["true"]


def test_where_it_is_not_installed(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "not installed" in sandbox.missing() and sandbox.wrap(["true"]) == ["true"]


@pytest.mark.parametrize("script, words", [("echo 'bwrap: No permissions to create new \x1b namespace' >&2; exit 1",
                                            "No permissions to create new ␛ namespace"), ("exit 3", "exit code 3")])
def test_where_it_does_not_work(monkeypatch, tmp_path, script, words):
    (tmp_path / "bwrap").write_text(f"#!/bin/sh\necho once >>{tmp_path}/tried\n{script}\n")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert words in sandbox.missing() and sandbox.missing().isprintable() and sandbox.wrap(["true"]) == ["true"]
    assert (tmp_path / "tried").read_text() == "once\n"


def test_programs_of_ones_own_are_there(monkeypatch, tmp_path):
    for name in ("tools/bin", "tools/lib", "tools/secrets"):
        (tmp_path / name).mkdir(parents=True)
    program = tmp_path / "tools/bin/exolab-tool"
    program.write_text("#!/bin/sh\necho here\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    assert sandbox.installation("exolab-tool") == [f"{tmp_path}/tools/bin", f"{tmp_path}/tools/lib"]
    assert sandbox.installation("sh") == sandbox.installation("/usr/bin/make") == []
    if not sandbox.missing():
        assert inside("exolab-tool; ls ..", read=sandbox.installation("exolab-tool"),
                      cwd=program.parent)[0] == "here\nbin\nlib\n"


# What is in it.

@boxed
def test_only_what_is_named_is_there(tmp_path):
    for name in ("read", "write", "neither"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(CANARY)
    where = dict(read=[tmp_path / "read"], write=[tmp_path / "write"], cwd=tmp_path)
    assert inside("ls; cat read/file; echo x >write/new", **where) == (f"read\nwrite\n{CANARY}", 0)
    assert (tmp_path / "write/new").read_text() == "x\n"
    for command in ("echo x >read/file", "rm read/file", "echo x >read/new", "mv read/file write", "cat neither/file",
                    "echo x >/usr/new", "mount -o remount,rw /usr", "ls /root", "ls /home", "cat /etc/passwd",
                    f"ls {ROOT}", "chroot /proc/1/root ls /root"):
        assert inside(command, **where)[1] != 0, command
    assert (tmp_path / "read/file").read_text() == CANARY
    # What is written elsewhere is gone with the box.
    assert inside(f"echo x >/tmp/new && echo x >{tmp_path}/new", **where)[1] == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["neither", "read", "write"]
    assert not Path("/tmp/new").exists()


@boxed
def test_nothing_leads_out_of_it():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as named:
        port = server.getsockname()[1]
        named.bind(f"\0exolab-{os.getpid()}")
        named.listen()
        connect = f"""
import socket
for family, address in ((socket.AF_INET, ("127.0.0.1", {port})), (socket.AF_UNIX, "\\0exolab-{os.getpid()}")):
    print(socket.socket(family).connect_ex(address) != 0)
"""
        command = ["/usr/bin/python3", "-c", connect]
        assert subprocess.run(command, capture_output=True, text=True).stdout == "False\nFalse\n"
        assert subprocess.run(sandbox.wrap(command), capture_output=True, text=True).stdout == "True\nTrue\n"
    assert set(inside("grep -h Cap /proc/self/status")[0].split()[1::2]) == {"0" * 16}
    assert inside("echo /proc/[0-9]*")[0] == "/proc/1\n"
    devices = {path.name for path in Path("/dev").iterdir() if path.is_block_device()} | {"kmsg", "mem", "kvm"}
    assert "null" in inside("ls /dev")[0].split() and not devices & set(inside("ls /dev")[0].split())
    assert inside(f"kill -0 {os.getpid()}")[1] != 0


@boxed
def test_its_scratch_is_bounded(monkeypatch):
    monkeypatch.setattr(sandbox, "SCRATCH", 1 << 20)
    sandbox._box.cache_clear()
    try:
        assert inside("head -c 1000000 /dev/zero >$TMPDIR/x") == ("", 0)
        assert inside("head -c 1100000 /dev/zero >$TMPDIR/x")[1] != 0
    finally:
        sandbox._box.cache_clear()


# What runs in it ends.

@both
def test_what_was_started_is_known_and_ended(monkeypatch, tmp_path, mode):
    monkeypatch.setenv("EXOLAB_SANDBOX", mode)
    process, pid = sandbox.start(["sleep", "1000"], read=[], write=[tmp_path], cwd=tmp_path)
    until(lambda: Path(f"/proc/{pid}/comm").read_text() == "sleep\n")
    sandbox.end(process, pid)
    assert gone(pid) and process.returncode is not None
    sandbox.end(process, pid)


@boxed
@pytest.mark.parametrize("victim", ["box", "both"])
def test_it_ends_with_its_box(tmp_path, victim):
    process, pid = sandbox.start(["sh", "-c", "sleep 1000 & sleep 1000"], read=[], write=[tmp_path], cwd=tmp_path)
    until(lambda: "sleep" in Path(f"/proc/{pid}/task/{pid}/children").read_text() or len(
        Path(f"/proc/{pid}/task/{pid}/children").read_text().split()) == 2)
    family = [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
    process.kill() if victim == "box" else os.killpg(process.pid, signal.SIGKILL)
    until(lambda: all(map(gone, family)))
    process.wait()


# QEMU in it.

@boxed
@pytest.mark.parametrize("kernel, boot", [("hello", {}), ("halt", {}), ("spin", {"budget": 1000}),
                                          ("sleep", {"wfi": 10})])
def test_a_run_is_the_same(monkeypatch, kernel, boot):
    seen = []
    for mode in ("", "off"):
        monkeypatch.setenv("EXOLAB_SANDBOX", mode)

        def look(held):
            parent = int(Path(f"/proc/{held._run.vm.pid}/stat").read_text().rpartition(")")[2].split()[1])
            assert Path(f"/proc/{held._run.vm.pid}/comm").read_text().startswith("qemu-system")
            assert (parent == os.getpid()) == (mode == "off")
            held.keep("ram", held.memory(0x40100000, 256))
        run = engine.run(engine.Boot(kernel, read_at_end=look, **boot), elf(kernel), seed=1, nonce=1)
        assert run.error is None
        seen.append(dataclasses.replace(run, boot=None, qemu_log=""))
    assert seen[0] == seen[1]


@boxed
def test_qemu_sees_nothing_of_the_host(tmp_path):
    (tmp_path / "secret").write_text(CANARY)
    seen = []

    def look(held):
        root = Path(f"/proc/{held._run.vm.pid}/root")
        seen.extend([(root / "etc/passwd").exists(), (root / str(tmp_path)[1:] / "secret").exists(),
                     (root / str(ROOT)[1:] / "Makefile").exists(), (root / str(elf("hello"))[1:]).exists()])
    engine.run(engine.Boot("hello", read_at_end=look), elf("hello"), seed=1, nonce=1)
    assert seen == [False, False, False, True]


def test_qemus_memory_is_bounded():
    """Of translated code it keeps so much and no more, however much of it there is."""
    limits = []

    def look(held):
        limits.extend(Path(f"/proc/{held._run.vm.pid}/limits").read_text().splitlines())
        limits.append(Path(f"/proc/{held._run.vm.pid}/cmdline").read_text())
    engine.run(engine.Boot("hello", read_at_end=look), elf("hello"), seed=1, nonce=1)
    said = {line[:26].strip(): line[26:].split()[0] for line in limits[:-1]}
    assert (said["Max address space"], said["Max core file size"]) == (str(2 << 30), "0")
    assert "tb-size=32" in limits[-1]


# The students' files: nothing of the host's gets into a kernel, nor into what is said of it.

@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    """A student's tree, and beside it what is none of the student's: mine(file, line) puts a line into a file."""
    folder = tmp_path_factory.mktemp("student")
    shutil.copytree(ROOT / "solutions/1-boot", folder / "tree/1-boot")
    (folder / "secret").write_text(f'{CANARY} "{CANARY}" !\n' * 3)
    (folder / "secret.h").write_text(f'static const char taken[] __attribute__((used)) = "{CANARY}";\n')
    (folder / "secret.s").write_text(f'.pushsection .rodata\n.ascii "{CANARY}"\n.popsection\n')

    def put(file, line):
        for name in ("bss.c", "start.S"):
            text = (ROOT / "solutions/1-boot" / name).read_text()
            where = "#include <exo/boot.h>\n"
            assert where in text
            if name == file:
                text = text.replace(where, where + line.replace("@", str(folder)) + "\n")
            (folder / "tree/1-boot" / name).write_text(text)
        return labs.compose(labs.find("1"), str(folder / "tree"))
    return put


LINES = [
    ("bss.c", '#include "@/secret"'), ("bss.c", '#include "@/secret.h"'), ("bss.c", "#include <@/secret.h>"),
    ("bss.c", '#define F "@/secret.h"\n#include F'), ("bss.c", '#import "@/secret.h"'),
    ("bss.c", '#include_next "@/secret.h"'), ("bss.c", '#include "../../secret.h"'),
    ("bss.c", '#include "/proc/self/environ"'), ("bss.c", '#include "/proc/self/root@/secret.h"'),
    ("bss.c", '#include "/etc/hosts"'), ("bss.c", '#line 2 "@/secret"\n#error see'),
    ("bss.c", '#line 2 "@/secret"\n#warning see'), ("bss.c", '#line 2 "@/secret"\nint f(void) { return g; }'),
    ("bss.c", '# 2 "@/secret" 1 3\nint f(void) { return g; }'),
    ("bss.c", '#pragma GCC dependency "@/secret" see'),
    ("bss.c", 'asm(".pushsection .rodata\\n.incbin \\"@/secret\\"\\n.popsection");'),
    ("bss.c", 'asm(".include \\"@/secret.s\\"");'), ("bss.c", 'asm(".include \\"@/secret\\"");'),
    ("bss.c", 'asm(".file \\"@/secret\\"\\n.line 2\\nfrob");'),
    ("bss.c", 'asm(".linefile 2 \\"@/secret\\"\\nfrob");'),
    ("start.S", '#include "@/secret.s"'), ("start.S", '.include "@/secret.s"'), ("start.S", '.include "@/secret"'),
    ("start.S", '.pushsection .rodata\n.incbin "@/secret", 2, 14\n.popsection'),
    ("start.S", '# 2 "@/secret"\nfrob'), ("start.S", '.macro m\n.include "@/secret.s"\n.endm\nm'),
]


@both
@pytest.mark.parametrize("file, line", LINES, ids=[line for _, line in LINES])
def test_nothing_of_the_host_gets_into_a_kernel(mine, monkeypatch, capsys, mode, file, line):
    monkeypatch.setenv("EXOLAB_SANDBOX", mode)
    monkeypatch.setenv("EXOLAB_CANARY", CANARY)
    kernel = mine(file, line)
    for _ in range(2):      # and again, now that there may be objects of it
        built = build.build(kernel, ["demo"])
        said = "".join(built.failed.values()) + capsys.readouterr().err
        assert CANARY not in said and str(ROOT) not in said and "localhost" not in said
        for path in built.elfs.values():
            data = path.read_bytes()
            assert CANARY.encode() not in data and b"127.0.0.1" not in data and str(ROOT).encode() not in data


@boxed
@pytest.mark.parametrize("line", [
    '#if __has_include("@/secret")\n#error there\n#endif',
    '#if __has_include(<../../../../../../../..@/secret>)\n#error there\n#endif',
    '#pragma GCC dependency "@/secret"', '#include "@/secret"', '#include "../../secret"',
    '#line 2 "@/secret"\n#error see', 'asm(".include \\"@/secret\\"");',
    'asm(".file \\"@/secret\\"\\n.line 2\\nfrob");',
    '#line 2 "x\\nMultiple include guards may be useful for:\\n@/secret\\n"\n#error see'])
def test_nor_can_a_file_ask_what_there_is(mine, capsys, line):
    """Without the box it can: that is one of the things that the box is for."""
    told = []
    for name in ("secret", "nowhere"):
        built = build.build(mine("bss.c", line.replace("secret", name)), ["demo"])
        said = "".join(built.failed.values()) + capsys.readouterr().err
        told.append((bool(built.elfs), said.replace("nowhere", "secret")))
    assert told[0] == told[1]


@both
def test_a_compiler_that_talks_without_end(mine, monkeypatch, mode):
    monkeypatch.setenv("EXOLAB_SANDBOX", mode)
    monkeypatch.setattr(build, "SAID", 1 << 16)
    noise = "#if __INCLUDE_LEVEL__ < 9\n#include __FILE__\n#include __FILE__\n#else\n#warning so\n#endif\n#error so"
    said = build.build(mine("bss.c", noise), ["demo"]).failed["demo"]
    assert "bss.c: the compiler did not come to an end" in said and len(said) < 1000


@both
def test_the_time_gets_into_no_kernel(mine, monkeypatch, mode):
    monkeypatch.setenv("EXOLAB_SANDBOX", mode)
    built = build.build(mine("bss.c", 'const char when[] __attribute__((used)) = __DATE__ " " __TIME__;'), ["demo"])
    assert b"Jan  1 1970 00:00:00" in built.elfs["demo"].read_bytes()


@boxed
def test_a_build_is_the_same(mine, monkeypatch):
    elfs = []
    for mode in ("", "off"):
        monkeypatch.setenv("EXOLAB_SANDBOX", mode)
        mine("bss.c", "// changed, so that it is made anew " + mode)
        elfs.append(build.build(mine("bss.c", "//"), ["demo"]).elfs["demo"].read_bytes())
    assert elfs[0] == elfs[1]


@both
def test_no_report_has_anything_of_it(mine, tmp_path, mode):
    """By the front door, in every form that a report has."""
    tree = mine("bss.c", '#include "@/secret"').tree
    done = subprocess.run([sys.executable, "-m", "grader", "check", "1", "--submission", tree, "--check", "reset",
                           "--json", tmp_path / "r.json", "--junit", tmp_path / "r.xml"], cwd=ROOT, text=True,
                          capture_output=True, env=os.environ | {"EXOLAB_SANDBOX": mode, "EXOLAB_CANARY": CANARY})
    text = (tmp_path / "r.json").read_text()
    report = json.loads(text)
    assert done.returncode == 1 and report["checks"][0]["reason"] == "build error" and "not part of your" in text
    assert any("outside a sandbox" in note for note in report["notes"]) == (mode == "off")
    for said in (done.stdout, done.stderr, text, (tmp_path / "r.xml").read_text()):
        assert CANARY not in said and str(ROOT) not in said and str(build.BUILD) not in said
