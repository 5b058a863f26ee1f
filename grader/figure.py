"""What the figures that are drawn here have in common: their looks, their frame, and their words for whoever cannot see."""
import html
from typing import Sequence

STYLE = """
    .panel { fill: #faf9f5; stroke: #d8d4c8 }
    text { font-size: 14px; font-family: "DejaVu Sans", Verdana, Arial, sans-serif; fill: #22241f }
    .small { font-size: 12px; fill: #4a4b44 }
    .mid { text-anchor: middle }
    .end { text-anchor: end }
    .axis { stroke: #8a8678; fill: none }
    .grid { stroke: #e4e1d6; fill: none }
"""


def svg(width: int, height: int, title: str, description: str, style: str, shapes: Sequence[str]) -> str:
    """A panel of that size in pixels, its title in its upper left corner, with these shapes in it, which are SVG; `style`
    is CSS beside STYLE. Title and description are text."""
    inner = "\n  ".join(shapes)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            f'role="img">\n  <title>{html.escape(title)}</title>\n  <desc>{html.escape(description)}</desc>\n'
            f'  <style>{STYLE}{style}  </style>\n'
            f'  <rect class="panel" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8"/>\n'
            f'  <text x="20" y="30">{html.escape(title)}</text>\n  {inner}\n</svg>\n')
