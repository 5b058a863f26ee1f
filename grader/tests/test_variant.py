"""A term's variant: every choice of every point, judged in a copy of the tree. The reference has full marks in what the
point is about, a reference with the published choice of that point alone fails the check that it names, pages agree."""
import json
import os
import shutil
import subprocess
import sys

import pytest

from grader import docs, generate, labs, starter, variant
from grader.errors import GraderError
from grader.paths import ROOT

KEYS = ("autumn of the first year", "spring of the second", "2f6a9d0c11e84b7793cf5ab0")
POINTS = variant.points()

# In the copy, where `grader` is the copy's: [[lab, tree, check], ...] -> of each, whether it passes and what is shown.
JUDGE = """
import json, sys
from grader import judge, labs, terminal
said = []
for lab, tree, check in json.loads(sys.argv[1]):
    report = judge.judge(labs.compose(labs.find(lab), tree, {}), check)
    verdicts = {each.name: each.reason or each.verdict for each in report.checks}
    said.append([verdicts[check], terminal.text(report)])
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """What is committed of the course, as it is now, in a repository of its own."""
    root = tmp_path_factory.mktemp("course") / "exolab"
    shutil.copytree(ROOT, root, symlinks=True, ignore=lambda folder, names: [
        name for name in names if name in ("__pycache__", ".pytest_cache") or
        folder == str(ROOT) and name in (".git", "build", "dist", "starter")])
    generate.pristine(root / "starter", root)
    git(root, "init", "-q", "-b", "main")
    commit(root)
    return root


def git(root, *words):
    who = {f"GIT_{role}_{what}": "a@b.c" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    return subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True, env=os.environ | who).stdout


def commit(root):
    git(root, "add", "-A")
    git(root, "commit", "-q", "--allow-empty", "-m", "as it was")


def run(root, *words):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("EXOLAB_")}
    return subprocess.run([sys.executable, *words], cwd=root, capture_output=True, text=True,
                          env=environment | {"NO_COLOR": "1"})


def old(point, choice, root):
    """A tree whose lab is the variant's, but for one point, in which it is the published one."""
    tree = root / "build/old" / point.name
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(root / "solutions" / point.lab, tree / point.lab)
    for place in point.places:
        if place.file.startswith(f"solutions/{point.lab}/"):
            file = tree / place.file.removeprefix("solutions/")
            file.write_text(file.read_text().replace(*(place.filled(point.choices[each]) for each in (choice, 0))))
    return tree


def test_every_lab_has_points():
    for lab in labs.every():
        mine = [point for point in POINTS if point.lab == lab.name]
        assert len(mine) >= 2 and max(len(point.choices) for point in mine) >= 3, lab.name
    assert {point.present() for point in POINTS} == {0}, "the published course has the first choice of each"


def test_keys_draw():
    """The same key the same, no key what there was, nor what is published where there is a third."""
    for point in POINTS:
        for present in range(len(point.choices)):
            drawn = [point.drawn(key, present) for key in KEYS]
            assert drawn == [point.drawn(key, present) for key in KEYS]
            assert present not in drawn and (0 not in drawn or len(point.choices) == 2)
    assert len({tuple(point.drawn(key, 0) for point in POINTS) for key in KEYS}) == len(KEYS)


@pytest.mark.parametrize("choice", range(1, max(len(point.choices) for point in POINTS)))
def test_choices(choice, copy):
    git(copy, "checkout", "-q", ".")
    chosen = {point: min(choice, len(point.choices) - 1) for point in variant.points(copy)}
    variant.apply(chosen, copy)
    assert {point.present(copy) == each for point, each in chosen.items()} == {True}
    assert [docs.check(page, copy) for page in docs.pages(copy)] == [[] for _ in docs.pages(copy)]
    assert starter.regenerate(root=copy).lines == []

    fresh = [point for point, each in chosen.items() if each == choice]
    asked = [[point.lab, str(tree), point.check] for point in fresh
             for tree in ("solutions", old(point, chosen[point], copy).relative_to(copy))]
    done = run(copy, "-c", JUDGE, json.dumps(asked))
    assert done.returncode == 0, done.stderr
    said = iter(json.loads(done.stdout))
    for point in fresh:
        (new, text), (before, shown) = next(said), next(said)
        assert new == "pass", text
        assert before == "wrong output" and f"\n{point.check}: wrong output\n" in shown, shown
        assert "expected" in shown and "got" in shown and f"labs/{point.lab}/README.md, step " in shown


def test_the_verb(copy):
    """Refused while something is not committed, and without a key; else the tree is the variant."""
    git(copy, "checkout", "-q", ".")
    say = lambda *words: run(copy, "-m", "grader", "variant", *words)
    assert "which key? KEY=" in say("--key", "short").stderr
    (copy / "README.md").write_text((copy / "README.md").read_text() + "\n")
    assert "not committed" in (refused := say("--key", KEYS[0])).stderr and KEYS[0] not in refused.stderr
    git(copy, "checkout", "-q", ".")
    done = say("--key", KEYS[0])
    assert done.returncode == 0, done.stderr
    for point in POINTS:
        assert f"{point.lab:<12}  {point.name:<8}" in done.stdout
        assert point.present(copy) == point.drawn(KEYS[0], 0)
    git(copy, "checkout", "-q", ".")


def test_a_place_that_is_not_there(copy):
    git(copy, "checkout", "-q", ".")
    header = copy / "kernel/include/exo/uart.h"
    header.write_text(header.read_text().replace("115200", "115,200"))
    with pytest.raises(GraderError, match=r"labs/1-boot/variants.toml, baud: kernel/include/exo/uart.h has .*115200.* 0 times"):
        POINTS[0].present(copy)
    git(copy, "checkout", "-q", ".")
