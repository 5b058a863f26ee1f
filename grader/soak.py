"""The long run: every check again and again, half of the times beside a load on all cores: one report, or it fails.

And what a lab has of its own that takes long (LONG).
"""
import collections
import multiprocessing
import os
from typing import Callable

from grader import judge, labs, result

RUNS = 1000
TELL = 100      # runs between two lines of progress


def _sweep(src: str) -> bool:
    from grader.sfi import sweep

    return sweep.main(["--src", src]) == 0


def _oracles(src: str) -> bool:
    from grader.sfi import oracles

    return oracles.main([]) == 0


# By lab: what it is, and what does it for whose lab and tells whether all is well.
LONG = {"5-sfi": (("all words, in each context", _sweep), ("the mask table against three disassemblers", _oracles))}


def configure(parser) -> None:
    parser.add_argument("lab", nargs="?", help="1, boot or 1-boot; every lab if none is named")
    parser.add_argument("--runs", type=int, default=RUNS, help=f"how often each check runs ({RUNS})")
    parser.add_argument("--src", default="solutions", help="whose lab: solutions (default), starter, or a tree")


def main(args) -> int:
    """Print the tally of each lab; 0 if each lab had one report, else 1."""
    same = True
    for lab in [labs.find(args.lab)] if args.lab else labs.every():
        kernel = labs.compose(lab, args.src)
        tally = soak(kernel, args.runs, lambda done, load: print(
            f"{lab.name}: {done} of {args.runs} runs" + ", under load" * load, flush=True))
        for text, times in tally.most_common():
            print(f"{lab.name}: {times} times {text.partition(chr(10))[0]}")
        reports = "1 report" if len(tally) == 1 else f"{len(tally)} different reports"
        print(f"{lab.name}: {args.runs} runs, half of them under load: {reports}")
        if len(tally) > 1:
            _differ(*[text for text, _ in tally.most_common(2)])
        same = same and len(tally) == 1
        for name, what in LONG.get(lab.name, ()):
            print(f"{lab.name}: {name}", flush=True)
            same = what(args.src) and same
    return 0 if same else 1


def soak(kernel: labs.Kernel, runs: int, tell: Callable[[int, bool], None]) -> collections.Counter[str]:
    """How often each report came out, each with a first line that sums it up; `tell` hears of every TELL-th run."""
    tally: collections.Counter[str] = collections.Counter()
    for times, load in ((runs - runs // 2, 0), (runs // 2, os.cpu_count() or 1)):
        burners = [multiprocessing.Process(target=_burn, daemon=True) for _ in range(load)]
        for burner in burners:
            burner.start()
        try:
            for _ in range(times):
                tally[_summed(judge.judge(kernel))] += 1
                if tally.total() % TELL == 0:
                    tell(tally.total(), load > 0)
        finally:
            for burner in burners:
                burner.kill()
                burner.join()
    return tally


def _summed(report: result.Report) -> str:
    return f"{report.earned} of {report.points} points\n" + result.to_json(report)


def _differ(one: str, other: str) -> None:
    for left, right in zip(one.splitlines(), other.splitlines()):
        if left != right:
            print(f"- {left.strip()}\n+ {right.strip()}")
            return


def _burn() -> None:
    parent = os.getppid()
    while os.getppid() == parent:       # not longer than the one who asked for it
        sum(range(100_000))
