"""`make leaks`: whether a solution gets into anything that students see. Canaries are planted in a copy of what is
committed (canary.py), everything is made of that copy, and searched. A new kind of product is a line in PRODUCTS.
"""
import shutil
import tempfile
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from grader import canary, handouts, labs, release, starter
from grader.paths import ROOT


class Product(NamedTuple):
    """Something that students get."""
    name: str
    make: Callable[[Path, Path], Iterable[Path]]    # (a copy of the course, an empty folder) -> what is to be searched


def _handouts(tree: Path, out: Path) -> list[Path]:
    """The starter, the pages, the site with its search index."""
    with redirect_stdout(StringIO()):
        handouts.make(root=tree, out=out / "site")
    return [tree / "starter", *(tree / lab.folder / "README.md" for lab in labs.every(tree)), tree / "labs/guide", out]


def _release(tree: Path, out: Path) -> list[Path]:
    """The last lab's repository and archive, the earlier labs' objects in them."""
    return release.products(tree, labs.every(tree)[-1], True, out)


PRODUCTS = (Product("handouts", _handouts), Product("release", _release))


def configure(parser) -> None:
    parser.add_argument("products", nargs="*", metavar="product",
                        help=f"{' or '.join(product.name for product in PRODUCTS)}; all if none is named")


def main(args) -> int:
    """Make each product and search it; 0, or 1 where something leaks."""
    if starter._dirty(ROOT):
        print("What is not committed here is not searched.")
    leaks = []
    with release.checkout(ROOT) as (tree, _):
        for product in (product for product in PRODUCTS if not args.products or product.name in args.products):
            found, pieces = search(product, tree)
            print(f"{product.name}: {pieces:,} files and parts of files, " +
                  (f"{len(found)} leaks" if found else "none has anything of a solution"), flush=True)
            leaks += found
    for leak in leaks:
        print(leak)
    return 1 if leaks else 0


def search(product: Product, tree: Path) -> tuple[list[canary.Leak], int]:
    """What a product that is made of the course in `tree` gives away, and how many files and parts of files were
    looked through."""
    with tempfile.TemporaryDirectory(prefix="exolab-leaks-") as scratch:
        copy, out = Path(scratch) / "tree", Path(scratch) / "out"
        shutil.copytree(tree, copy)
        out.mkdir()
        planted = canary.plant(copy)
        leaks = [leak for path in product.make(copy, out) for leak in planted.search(path)]
        return leaks, planted.searched
