"""A student's part of the rewriter runs on this machine while modules are built: it can write what it is to write, and nothing else.
"""
import shutil

import pytest

from grader import build, labs, sandbox
from grader.paths import BUILD, ROOT

EMIT = "void\nguard(const struct insn *i, struct state *s)\n{\n"


@pytest.fixture
def built(tmp_path):
    def make(statements, payload="forms"):
        shutil.copytree(ROOT / "solutions/5-sfi", tmp_path / "5-sfi", dirs_exist_ok=True)
        source = (tmp_path / "5-sfi/guard.c").read_text()
        assert EMIT in source
        (tmp_path / "5-sfi/guard.c").write_text(
            "#include <stdio.h>\nint fork(void);\nvoid _exit(int);\n" + source.replace(EMIT, EMIT + statements))
        kernel = labs.compose(labs.find("5"), str(tmp_path), labs.priors(["solutions"]))
        return kernel, build.build(kernel, [payload])
    return make


@pytest.mark.skipif(bool(sandbox.missing()), reason="there is no box here")
def test_it_writes_nothing_but_what_is_rewritten(built, tmp_path):
    """Neither kernels nor objects, nor the reference's, nor anything of the root's."""
    places = ["{out}/forms.elf", "{out}/owned", "{objects}/owned", "kernel/owned", "/tmp/owned-by-a-rewriter", f"{BUILD}/owned"]
    (tmp_path / "5-sfi").mkdir()
    out = build.folder(labs.compose(labs.find("5"), str(tmp_path), labs.priors(["solutions"])))
    paths = [place.format(out=out, objects=BUILD / "obj-virt-O2") for place in places]
    attempts = "".join(f'\tif ((f = fopen("{path}", "w")) != NULL) fputs("owned", f), fclose(f);\n' for path in paths)
    _, done = built("\tFILE *f;\n" + attempts)
    assert not done.failed, done.failed
    for path in map(str, paths[1:]):
        assert not (ROOT / path).exists(), path
    assert done.elfs["forms"].read_bytes()[:4] == b"\x7fELF"


def test_it_cannot_make_others_do_without_it(built):
    """Where it writes nothing, or removes what it wrote, the build fails as the student's; it is not asked again."""
    _, done = built('\tif (fork() == 0) _exit(0);\n\tfflush(stdout);\n\t_exit(0);\n')
    assert "guard.c: the rewriter ended with" in done.failed["forms"], done


@pytest.mark.parametrize("box", ["on", "off"])
@pytest.mark.parametrize("line", ['.incbin \\"/etc/passwd\\"', '.include \\"/etc/passwd\\"'])
def test_what_it_writes_takes_in_no_file(built, monkeypatch, box, line):
    """Nor is anything of the file told, with a box or without."""
    monkeypatch.setenv("EXOLAB_SANDBOX", box)
    _, done = built(f'\temit("{line}");\n')
    assert done.failed.get("forms") and "root" not in done.failed["forms"].replace("test-of-root", ""), done
