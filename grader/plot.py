"""A figure of what something costs as something else grows: lines over two logarithmic axes, as SVG."""
import html
import math
from typing import Mapping, Sequence

from grader import figure
from grader.errors import GraderError

LEFT, RIGHT, TOP, WIDTH = 92, 112, 76, 760      # of the figure
DECADE = 64                                     # the height of a power of ten
COLOURS = "#9c3d10", "#2f5d8a", "#4d7a3a", "#7a4d86", "#55564e"
STYLE = "    .line { stroke-width: 2; fill: none; stroke-linejoin: round }\n"

Points = Sequence[tuple[int, int | float]]


def svg(lines: Mapping[str, Points], title: str, x: str, y: str) -> str:
    """These lines, each of points with both numbers above 0 and named where it ends; x and y say what the axes are of.

    GraderError: there is nothing to draw, or it has no logarithm.
    """
    points = [point for line in lines.values() for point in line]
    if not points or len(lines) > len(COLOURS) or any(number <= 0 for point in points for number in point):
        raise GraderError(f"plot: {title}: 1 to {len(COLOURS)} lines, of points with numbers above 0")
    first, last = _decades([point[0] for point in points])
    low, high = _decades([point[1] for point in points])
    bottom, height = TOP + DECADE * (high - low), TOP + DECADE * (high - low) + 56
    right, most = WIDTH - RIGHT, max(point[0] for point in points)
    scale = (right - LEFT) / (math.log10(most) - first or 1)

    def across(number):
        return LEFT + (math.log10(number) - first) * scale

    def up(number):
        return bottom - (math.log10(number) - low) * DECADE

    shapes = []
    for power in range(low, high + 1):
        shapes.append(f'<path class="{"axis" if power == low else "grid"}" d="M{LEFT} {up(10 ** power):.1f} H{right}"/>')
        shapes.append(f'<text class="small end" x="{LEFT - 10}" y="{up(10 ** power) + 4:.1f}">{10 ** power:,}</text>')
    for number in sorted({point[0] for point in points}):
        shapes.append(f'<path class="grid" d="M{across(number):.1f} {TOP} V{bottom}"/>')
        shapes.append(f'<text class="small mid" x="{across(number):.1f}" y="{bottom + 18}">{number:,}</text>')
    shapes.append(f'<text class="small mid" x="{(LEFT + right) / 2:.1f}" y="{bottom + 40}">{html.escape(x)}</text>')
    shapes.append(f'<text class="small" x="20" y="{TOP - 18}">{html.escape(y)}</text>')
    for colour, (name, line) in zip(COLOURS, lines.items()):
        way = " L".join(f"{across(a):.1f} {up(b):.1f}" for a, b in line)
        shapes.append(f'<path class="line" style="stroke: {colour}" d="M{way}"/>')
        shapes += [f'<circle cx="{across(a):.1f}" cy="{up(b):.1f}" r="3" style="fill: {colour}"/>' for a, b in line]
        end = line[-1]
        shapes.append(f'<text x="{across(end[0]) + 10:.1f}" y="{up(end[1]) + 5:.1f}" style="fill: {colour}">'
                      f'{html.escape(name)}</text>')
    desc = "; ".join(f"{name}: " + ", ".join(f"{b:,} for {a:,}" for a, b in line) for name, line in lines.items())
    return figure.svg(WIDTH, height, title, f"{y}, by {x}. {desc}.", STYLE, shapes)


def _decades(numbers: Sequence[int | float]) -> tuple[int, int]:
    """The powers of ten that enclose them; two at least."""
    low = math.floor(math.log10(min(numbers)))
    return low, max(low + 1, math.ceil(math.log10(max(numbers))))
