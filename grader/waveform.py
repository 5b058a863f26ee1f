"""What the GPIO's lines did, and when: as VCD, which waveform viewers read, and as a figure.

A run with `Boot(pins=True, watch=(waveform.GPIO,))` has the edges that QEMU saw and each access to the GPIO with the
instructions executed before it. Time is those: on this machine a nanosecond is one instruction.
"""
import html
from typing import Mapping, NamedTuple, Sequence

from grader import figure
from grader.errors import GraderError

GPIO = 0x09030000, 0x1000               # to be watched: the PL061's registers
PINS = 8


class Change(NamedTuple):
    count: int                          # instructions executed before the one that made it
    line: int
    level: int


def timed(run) -> tuple[Change, ...]:
    """The run's edges, each with the count of the write that made it. GraderError if a write is missing."""
    writes = [access.count for access in run.accesses
              if access.kind == "w" and GPIO[0] <= access.address < sum(GPIO)]
    if any(not 0 <= edge.write < len(writes) for edge in run.edges):
        raise GraderError(f"waveform: an edge was made by none of the {len(writes)} writes that were seen")
    return tuple(Change(writes[edge.write], edge.line, edge.level) for edge in run.edges)


def vcd(changes: Sequence[Change], lines: Mapping[int, str]) -> str:
    """A value change dump (IEEE 1364-2005, clause 18) of these lines, which all are low at first."""
    out = ["$comment A nanosecond is one executed instruction. $end", "$timescale 1 ns $end", "$scope module gpio $end"]
    out += [f"$var wire 1 {_code(line)} pin{line}_{'_'.join(name.split())} $end" for line, name in lines.items()]
    out += ["$upscope $end", "$enddefinitions $end", "#0", "$dumpvars"]
    out += [f"0{_code(line)}" for line in lines] + ["$end"]
    now = 0
    for change in changes:
        if change.line not in lines:
            continue
        if change.count != now:
            now = change.count
            out.append(f"#{now}")
        out.append(f"{change.level}{_code(change.line)}")
    return "\n".join(out) + "\n"


def _code(line: int) -> str:
    return chr(ord("!") + line)


LEFT, RIGHT, WIDTH = 136, 24, 760       # of the figure
HIGH = 34                               # a level
STYLE = """    .wave { stroke: #9c3d10; stroke-width: 1.5; fill: none }
    .lens { stroke: #8a8678; fill: #f6dcb8; fill-opacity: 0.35 }
"""


def svg(changes: Sequence[Change], lines: Mapping[int, str], title: str) -> str:
    """These lines, one below the other, from the first change to the last; beneath them, as through a lens, what the
    last of them did, if that is too narrow to be seen. GraderError: nothing changes."""
    changes = [change for change in changes if change.line in lines]
    if not changes:
        raise GraderError("waveform: no line changes")
    first, last = changes[0].count, changes[-1].count
    step = _step(last - first)
    scale = (WIDTH - LEFT - RIGHT) / (last - first + 2 * step / 5 or 1)
    shapes, y = [], 56

    def x(count):
        return LEFT + (count - first + step / 5) * scale

    bottom = y + 60 * len(lines)
    for tick in range(0, last - first + 1, step):
        shapes.append(f'<path class="grid" d="M{x(first + tick):.1f} {y - 8} V{bottom - 8}"/>')
        shapes.append(f'<text class="small mid" x="{x(first + tick):.1f}" y="{bottom + 10}">{tick}</text>')
    shapes.append(f'<path class="axis" d="M{LEFT} {bottom - 8} H{WIDTH - RIGHT}"/>')
    shapes.append(f'<text class="small end" x="{LEFT - 12}" y="{bottom + 10}">instructions</text>')
    for number, (line, name) in enumerate(lines.items()):
        shapes += _row(line, name, changes, y + 60 * number, x, LEFT, WIDTH - RIGHT)
    height = bottom + 28
    narrow = [change for change in changes if change.line == list(lines)[-1]]
    if len(narrow) > 1 and (narrow[-1].count - narrow[0].count) * scale < 40:
        shapes += _lens(narrow, lines, x, bottom)
        height += 118
    desc = "; ".join(f"{name}: " + ", ".join(f"{('low', 'high')[change.level]} at {change.count - first}"
                                            for change in changes if change.line == line)
                     for line, name in lines.items())
    return figure.svg(WIDTH, height, title, f"Instructions from the first edge on. {desc}.", STYLE, shapes)


def _step(span: int) -> int:
    """1, 2 or 5 times a power of ten, such that it fits 4 to 10 times."""
    power = 1
    while True:
        for step in (power, 2 * power, 5 * power):
            if span <= 10 * step:
                return step
        power *= 10


def _row(line, name, changes, y, x, start, stop) -> list[str]:
    """A line's name, and its levels between two places; y is where high is."""
    path, level = f"M{start} {y + HIGH}", 0
    for change in changes:
        if change.line == line and change.level != level:
            level = change.level
            path += f" H{x(change.count):.1f} V{y + HIGH * (1 - level)}"
    return [f'<text class="end" x="{LEFT - 12}" y="{y + 15}">pin {line}</text>',
            f'<text class="small end" x="{LEFT - 12}" y="{y + 31}">{html.escape(name)}</text>',
            f'<path class="wave" d="{path} H{stop}"/>']


def _lens(narrow, lines, x, bottom) -> list[str]:
    """What a line did in too short a time, enlarged."""
    line, first, last = narrow[0].line, narrow[0].count, narrow[-1].count
    y, left, right = bottom + 48, LEFT + 160, WIDTH - RIGHT
    scale = (right - left) / (last - first + 4)

    def near(count):
        return left + (count - first + 2) * scale

    top = bottom - 64
    shapes = [f'<rect class="lens" x="{x(first) - 4:.1f}" y="{top}" width="{x(last) - x(first) + 8:.1f}" height="80"/>',
              f'<path class="axis" stroke-dasharray="3 3" d="M{x(first) - 4:.1f} {top + 80} L{left} {y - 12} '
              f'M{x(last) + 4:.1f} {top + 80} L{right} {y - 12}"/>',
              f'<rect class="lens" x="{left}" y="{y - 12}" width="{right - left}" height="{HIGH + 46}"/>']
    for tick in range(first, last + 1):
        shapes.append(f'<path class="grid" d="M{near(tick):.1f} {y - 4} V{y + HIGH + 6}"/>')
        shapes.append(f'<text class="small mid" x="{near(tick):.1f}" y="{y + HIGH + 24}">{tick - first}</text>')
    wave = _row(line, lines[line], narrow, y, near, left + 1, right - 1)
    wave[1] = f'<text class="small end" x="{LEFT - 12}" y="{y + 31}">enlarged</text>'
    return shapes + wave
