"""The tables that pages hold between `<!-- generated: NAME -->` and `<!-- /generated -->`, made from the labs.

A generator is a function of (lab, page) that returns Markdown lines; GENERATORS is all there are. The lab is that of
the page, or the one named after the generator's name (`<!-- generated: points 1-boot -->`); `labs` needs none.
"""
import functools
import re

from . import docs, errors, generate, labs


def make(name, arguments, page):
    """The lines of the generated part `name`; raises docs.Fault where there is no such part, or no such lab."""
    if name not in GENERATORS:
        raise docs.Fault(f"there is no generated part {name}; there are: {', '.join(GENERATORS)}")
    wanted = arguments[0] if arguments else page.lab
    try:
        if name == "all-labs":
            return GENERATORS[name](None, page)
        if wanted is None:
            raise docs.Fault(f"which lab? write <!-- generated: {name} 1-boot -->")
        return GENERATORS[name](labs.find(wanted, page.root), page)
    except (errors.Usage, errors.GraderError) as error:
        raise docs.Fault(str(error)) from None


def points(lab, page):
    """How the lab is graded: each check with its step and points, and the sum."""
    checks = declared(lab)
    rows, total = [], sum(check.points for check in checks) + lab.hidden
    for part in lab.parts or (None,):
        mine = [check for check in checks if check.step in lab.steps_of(part)]
        rows += [(f"`{check.name}`", check.title, _step(check.step, page), check.points) for check in mine]
        if part is not None:
            rows.append(("", f"**part {part}**", "", f"**{sum(check.points for check in mine)}**"))
    if lab.hidden:
        rows.append(("", "hidden checks, judged when it is graded", "", lab.hidden))
    return table(("check", "what it proves", "step", "points"), rows + [("", "**all of it**", "", f"**{total}**")])


def files(lab, page):
    """What the student writes: each file with regions, its steps, and how many lines the reference needs there."""
    rows = []
    for name in lab.files:
        path = page.root / "solutions" / lab.name / name
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        found = generate.regions(text, f"solutions/{lab.name}/{name}")
        steps = list(dict.fromkeys(region.step for region in found))
        work = sum(bool(line.strip()) for region in found for line in region.solution)
        if found:
            rows.append((f"`starter/{lab.name}/{name}`", ", ".join(_step(step, page) for step in steps), work))
    if not rows:
        raise docs.Fault(f"no file of solutions/{lab.name} has a region")
    total = sum(row[-1] for row in rows)
    return table(("file", "steps", "lines in the reference"), rows + [("**all of it**", "", f"**{total}**")])


def new(lab, page):
    """What the lab brings that the one before it has not: files of kernel/, by header, and system calls, each with what
    it is for."""
    before = [each for each in labs.every(page.root) if each.number < lab.number]
    old, mine = (_included(each, page.root) for each in (before, [*before, lab]))
    up = "../" * page.name.count("/")
    rows = [(f"[{name.removeprefix('kernel/include/')}]({up}{name})", _purpose(page.root / name))
            for name in sorted(mine - old)]
    rows += [(f"`{name}`", _purpose(page.root / name)) for name in sorted(lab.given)]
    calls = _named([lab], page.root) - _named(before, page.root)
    rows += [(f"`{name}`", words) for name, words in _system_calls(page.root) if name in calls]
    if not rows:
        raise docs.Fault(f"{lab.name} brings nothing new")
    return table((f"new since lab {lab.number - 1}" if before else "file", "what it is for"), rows)


def _included(several, root):
    """The headers below kernel/include that the files of these labs need, with what those need themselves."""
    found, left = set(), [root / name for lab in several for name in lab.given]
    left += [root / "solutions" / lab.name / name for lab in several for name in lab.files]
    left += [path for path in (root / "kernel" / "core").glob("*.[chS]")]
    while left:
        path = left.pop()
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        for name in re.findall(rf"(?m)^#include <({docs.HEADER})>", text):
            header = f"kernel/include/{name}"
            if header not in found and (root / header).is_file():
                found.add(header)
                left.append(root / header)
    return found


def _named(several, root):
    """The system calls that the kernel files of these labs name."""
    files = [root / name for lab in several for name in lab.given]
    files += [root / "solutions" / lab.name / name for lab in several for name in lab.kernel]
    return {name for path in files if path.is_file()
            for name in re.findall(r"\bSYS_[A-Z_]+\b", path.read_text(encoding="utf-8"))}


def _system_calls(root):
    """(name, what it does) of each system call that exo/syscall.h has, in order."""
    header = root / "kernel/include/exo/syscall.h"
    text = header.read_text(encoding="utf-8") if header.exists() else ""
    found = re.findall(r"(?m)^#define (SYS_[A-Z_]+)\s+\d+\s*// (.*(?:\n[ \t]+// .*)*)", text)
    return [(name, re.sub(r"\s*\n\s*// ", " ", words)) for name, words in found]


def _purpose(path):
    """The first sentence of what a file says of itself, without what of it is only for the file's own readers."""
    comment = re.match(r"(?://[^\n]*\n)+", path.read_text(encoding="utf-8"))
    words = " ".join(line.removeprefix("//").strip() for line in comment[0].splitlines()) if comment else ""
    sentence = re.split(r"(?<=[.!?])\s(?=[A-Z])", words)[0]
    return re.sub(rf"\s*\({docs.HEADER}\)", "", sentence)


def steps(lab, page):
    """The steps with their hours, checks and points."""
    checks, rows = declared(lab), []
    for step in lab.steps:
        mine = [check for check in checks if check.step == step.id]
        names = ", ".join(f"`{check.name}`" for check in mine)
        rows.append((_step(step.id, page), step.title, f"{step.hours:g}", names, sum(check.points for check in mine)))
    total = (f"**{sum(step.hours for step in lab.steps):g}**", "", f"**{sum(check.points for check in checks)}**")
    return table(("step", "what", "hours", "checks", "points"), rows + [("", "**all of it**", *total)])


def all_labs(lab, page):
    """Every lab there is: steps, hours, points."""
    up = "../" * page.name.count("/")
    rows = []
    for lab in labs.every(page.root):
        handout = f"{lab.folder}/README.md"
        name = f"[{lab.name}]({up}{handout})" if (page.root / handout).exists() else lab.name
        rows.append((name, lab.title, len(lab.steps), f"{sum(step.hours for step in lab.steps):g}",
                     sum(check.points for check in declared(lab)) + lab.hidden))
    return table(("lab", "title", "steps", "hours", "points"), rows)


GENERATORS = {"points": points, "files": files, "new": new, "steps": steps, "all-labs": all_labs}


def table(head, rows):
    """A Markdown table in lines, columns lined up; columns of numbers alone are set right."""
    cells = [[str(cell).replace("|", "\\|") for cell in row] for row in (head, *rows)]
    right = [all(re.fullmatch(r"[\d.*]*", row[i]) for row in cells[1:]) for i in range(len(head))]
    width = [max(len(row[i]) for row in cells) for i in range(len(head))]
    rule = ["-" * (width[i] - 1) + ":" if right[i] else "-" * width[i] for i in range(len(head))]
    lined = [[cell.rjust(wide) if flush else cell.ljust(wide) for cell, wide, flush in zip(row, width, right)]
             for row in cells]
    return ["| " + " | ".join(row) + " |" for row in (lined[0], rule, *lined[1:])]


@functools.cache
def declared(lab):
    """The Checks of a lab that everybody has, in the order in which they are judged; nothing is run."""
    from . import judge
    return [check for check in judge.collect(lab) if not check.hidden]


def _step(step, page):
    """A step's number, as a link to the heading of this page that begins with it."""
    headings = [block for block in page.blocks if block.kind == "heading"]
    for heading, anchor in zip(headings, page.anchors):
        if re.match(rf"(?:Step )?{re.escape(step)}(?!\d)", heading.text):
            return f"[{step}](#{anchor})"
    return step
