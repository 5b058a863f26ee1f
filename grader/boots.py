"""The numbers that a check's boot gets, and the options that say whose kernel and which seed: alike for every verb."""
import argparse

from grader import engine, labs, params
from grader.errors import Usage


def seed(lab: labs.Lab, check: str, boot: engine.Boot | None = None, asked: int | None = None) -> int:
    """The 64-bit seed of a check's boot, or where `boot` is None the check's own: the boot's if it declares one, else
    the one `asked` for (SEED=), else the one that this check always has."""
    if boot is not None and boot.seed is not None:
        return boot.seed
    check = boot.of or check if boot is not None else check
    return params.fixed_seed(f"{lab.name}/{check}") if asked is None else asked


def nonce(seed: int, lab: labs.Lab, check: str, index: int, boot: engine.Boot | None = None) -> int:
    """The 64-bit nonce of the check's boot of that index, from 0, with that seed. `boot`: it may be another check's."""
    check = boot.of or check if boot is not None else check
    return params.nonce(seed, f"{lab.name}/{check}/{index}")


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options that every verb has that boots a lab's checks: the lab, --in, --src, --prior, --check, --seed."""
    parser.add_argument("lab", nargs="?", default="", help="1, boot or 1-boot")
    parser.add_argument("--in", dest="within", metavar="LAB", help="in the kernel of this later lab")
    parser.add_argument("--src", default="starter", help="whose lab: starter (default), solutions, or a tree's path")
    parser.add_argument("--prior", action="append", default=[], metavar="TREE",
                        help="whose earlier labs: starter, solutions, reference; 2=TREE: lab 2's")
    parser.add_argument("--check", metavar="NAME", help="which of the lab's checks")
    parser.add_argument("--seed", metavar="N", help="draw inputs from this number; any: from a fresh one")


def kernel(args: argparse.Namespace) -> labs.Kernel:
    """Whose kernel of which lab those options ask for; Usage where there is no such."""
    lab = labs.find(args.lab)
    return labs.within(labs.compose(labs.find(args.within or lab.name), args.src, labs.priors(args.prior)), lab)


def asked_seed(text: str | None) -> int | None:
    """The seed that SEED= means: None for each check's own, a fresh one for "any", else the number."""
    if text == "any":
        return params.fresh_seed()
    try:
        number = int(text, 0) if text else None
    except ValueError:
        number = -1
    if number is not None and not 0 <= number < 1 << 64:
        raise Usage(f"SEED={text}: write a number below 2^64, or SEED=any")
    return number
