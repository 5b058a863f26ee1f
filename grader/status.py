"""`make status`: how far each lab is, a line each: points, steps done, what comes next. It remembers nothing: whatever
has been begun is judged, and what is as the generator made it has not been begun."""
from pathlib import Path

from grader import explain, generate, judge, labs, result, terminal
from grader.errors import Usage
from grader.paths import ROOT


def configure(parser) -> None:
    parser.add_argument("--src", default="starter", help="whose labs: starter (default), solutions, or a tree's path")
    parser.add_argument("--prior", action="append", default=[], metavar="TREE",
                        help="whose earlier labs: starter, solutions, reference; 2=TREE: lab 2's")


def main(args) -> int:
    """A line for each lab, and the total; 0, or 2 where the grader could not judge one."""
    every = labs.every()
    wide = max(len(lab.name) for lab in every)
    print(f"{'lab':<{wide}}  {'points':>9}  {'steps':>7}  next", flush=True)
    earned = points = 0
    judged = True
    for lab in every:
        score, of, steps, then = _lab(lab, args.src, labs.priors(args.prior))
        judged = judged and score is not None
        earned, points = earned + (score or 0), points + of
        said = f"{'-' if score is None else score} / {of}"
        print(f"{lab.name:<{wide}}  {said:>9}  {steps:>7}  {then}", flush=True)
    print(f"{'total':<{wide}}  {f'{earned} / {points}':>9}")
    return 0 if judged else 2


def _lab(lab: labs.Lab, src: str, prior: dict[str, str]) -> tuple[int | None, int, str, str]:
    """Points earned (None: the grader could not tell) and to be had, steps done of steps, and what comes next."""
    kernel = _begun(lab, src, prior)
    if kernel is None:
        points = sum(check.points for check in judge.collect(lab))
        return lab.floor, points, f"0 of {len(lab.steps)}", f"not begun: {lab.folder}/README.md"
    report = judge.judge(kernel)
    open_steps = {check.step for check in report.checks if check.verdict != "pass"}
    steps = f"{len(lab.steps) - len(open_steps)} of {len(lab.steps)}"
    return report.score, report.points, steps, next_step(kernel, report)


def _begun(lab: labs.Lab, src: str, prior: dict[str, str]) -> labs.Kernel | None:
    """The lab's kernel; None where its files are not there, or all as they were given."""
    if not labs.is_tree(src):
        raise Usage(f"SRC={src}: write SRC=starter or SRC=solutions")
    if not (ROOT / src / lab.name).is_dir():
        return None
    given = generate.read_manifest(ROOT / src)
    if all(_as_given(ROOT / src / lab.name / name, given.get(f"{lab.name}/{name}")) for name in lab.files):
        return None
    return labs.compose(lab, src, prior)


def _as_given(file: Path, entry: tuple[bool, str] | None) -> bool:
    """Whether a file is what the manifest says of it."""
    return entry is not None and file.is_file() and generate.blob(file.read_bytes()) == entry[1]


def next_step(kernel: labs.Kernel, report: result.Report) -> str:
    """What to do next in a lab: the step to write, with file and line, or the check that fails; "done" if none does."""
    first = report.first
    if first is None:
        return "done"
    if first.verdict == "grader error":
        return f"{first.name}: the grader could not judge it; make check LAB={kernel.lab.number} says why"
    if first.reason == "not attempted":
        step = first.detail.removeprefix("step ")
        found = explain.find_todo(kernel, step)
        return f"step {step}" + (f", {found[0]}:{found[1]}" if found else "")
    return f"step {first.step}, {first.name}: {terminal.verdict(first)}"
