"""The known-wrong solutions, labs/N-name/mutants/*.patch: the check each names has to find it first, with its hint.

    Kills: bss
    Hint: words that the student must be shown
    Why: one sentence

    --- a/bss.c ...     a patch against solutions/N-name

This is the grading of the grader: a mutant that lives is a check that does not look.
"""
import concurrent.futures
import functools
import os
import re
import signal
from dataclasses import dataclass
from pathlib import Path

from grader import build, judge, labs, terminal, trees
from grader.errors import GraderError, Usage
from grader.paths import BUILD, ROOT


@dataclass(frozen=True)
class Mutant:
    lab: str            # "1-boot"
    name: str           # "bss-one-too-many"
    kills: str          # the check that has to find it first
    hint: str           # words of the explanation that it has to show
    why: str            # what is wrong, in one sentence
    patch: str


@dataclass(frozen=True)
class Killed:
    """What became of a mutant."""
    mutant: Mutant
    by: str             # the first check that failed; "" if none did
    verdict: str        # of that check: "fault", "wrong output"
    problem: str        # "" if all is as the mutant says, else what is not

    @property
    def ok(self) -> bool:
        return not self.problem


def configure(parser) -> None:
    parser.add_argument("lab", nargs="?", help="1, boot or 1-boot; every lab if none is named")


def main(args) -> int:
    """Judge the mutants, print a line for each; 0 if each died as it should, else 1."""
    wrong = 0
    for lab in [labs.find(args.lab)] if args.lab else labs.every():
        killed = run(lab)
        if not killed and args.lab:
            raise Usage(f"{lab.folder}/mutants has no patches")
        width = max((len(each.mutant.name) for each in killed), default=0)
        for each in killed:
            said = each.problem or f"killed by {each.by} ({each.verdict})"
            print(f"{lab.name}  {each.mutant.name:<{width}}  {said}")
        wrong += sum(not each.ok for each in killed)
    print(f"{wrong} of them did not die as they should." if wrong else
          "Each was found by the check that it names, with its hint.")
    return 1 if wrong else 0


def read(path: Path) -> Mutant:
    """A mutant's file; GraderError says what is missing in it."""
    head, _, patch = path.read_text("utf-8").partition("\n\n")
    said = dict(re.findall(r"(?m)^(Kills|Hint|Why): (.+)$", head))
    where = f"labs/{path.parts[-3]}/mutants/{path.name}"
    if lost := [key for key in ("Kills", "Hint", "Why") if key not in said]:
        raise GraderError(f"{where}: its head has no line `{lost[0]}: ...`")
    if not patch.startswith("--- "):
        raise GraderError(f"{where}: behind the head and an empty line there is no patch (--- a/FILE)")
    return Mutant(path.parts[-3], path.stem, said["Kills"], said["Hint"], said["Why"], patch)


def every(lab: labs.Lab) -> list[Mutant]:
    """A lab's mutants, by name."""
    return [read(path) for path in sorted((ROOT / lab.folder / "mutants").glob("*.patch"))]


def run(lab: labs.Lab, only: list[Mutant] | None = None) -> list[Killed]:
    """Judge the lab's mutants (or `only` those), as many at a time as the machine has cores."""
    mutants = every(lab) if only is None else only
    checks = judge.collect(lab)
    for mutant in mutants:
        if mutant.kills not in (check.name for check in checks):
            raise GraderError(f"mutant {mutant.name} names the check {mutant.kills}, which there is not")
    # What they have in common is built once.
    build.build(labs.compose(lab, "solutions"), [boot.payload for check in checks for boot in check.boots])
    pool = concurrent.futures.ProcessPoolExecutor(os.cpu_count() or 1, initializer=_see_it_through)
    try:
        return list(pool.map(judged, mutants))
    finally:
        pool.shutdown(cancel_futures=True)      # after an interrupt: those that have begun, and no more


def _see_it_through() -> None:
    """A worker that a signal stopped while it held the pool's lock would leave all the others waiting for ever."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)


def make(mutant: Mutant) -> Path:
    """The tree of a mutant, BUILD/mutants/LAB/NAME, whose folder of the lab is the solution with the patch applied (trees.py)."""
    tree = (BUILD / "mutants" / mutant.lab / mutant.name).resolve()
    trees.make(tree / mutant.lab, ROOT / "solutions" / mutant.lab, mutant.patch)
    return tree


@functools.cache
def _parts(name: str) -> dict[str, str | None]:
    """The part that each check of a lab belongs to; None where the lab is all one."""
    lab = labs.find(name)
    parts = {step.id: step.part or None for step in lab.steps}
    return {check.name: parts[check.step] for check in judge.collect(lab)}


def judged(mutant: Mutant) -> Killed:
    """Judge one mutant, up to the check that it names; of a lab that has parts by that check's part alone."""
    report = judge.judge(labs.compose(labs.find(mutant.lab), str(make(mutant))), first=True,
                         part=_parts(mutant.lab).get(mutant.kills), up_to=mutant.kills)
    first = report.first
    if first is None:
        return Killed(mutant, "", "", f"lives: neither {mutant.kills} nor a check before it finds it ({mutant.why})")
    if first.verdict == "grader error":
        raise GraderError(f"mutant {mutant.name} cannot be judged: {first.sections[0].heading}")
    problem = ""
    if first.name != mutant.kills:
        problem = f"killed by {first.name} ({first.reason}) before {mutant.kills}"
    elif first.reason == "build error":
        problem = "does not compile"
    elif mutant.hint not in " ".join(terminal.text(report).split()):
        problem = f"killed by {first.name}, without the words {mutant.hint!r}"
    return Killed(mutant, first.name, first.reason, problem)
