"""Line charts as SVG, both axes logarithmic: on such axes what grows in proportion has the slope of the dotted line."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 440, 290
LEFT, RIGHT, TOP, BOTTOM = 62, 96, 40, 46
COLOURS = ("#2f6fb0", "#c4602b")
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #333 } .title { font-size: 14px; font-weight: 600 }
.grid { stroke: #bbb; stroke-width: .5 } .linear { stroke: #888; stroke-dasharray: 3 4; fill: none }
@media (prefers-color-scheme: dark) { text { fill: #ddd } .grid { stroke: #555 } }
"""


@dataclass(frozen=True, slots=True)
class Line:
    """`points`: (x, y), both above 0, by x."""

    label: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Chart:
    title: str
    unit: str
    lines: Sequence[Line]


def page(charts: Sequence[Chart], below: str) -> str:
    """Two charts in a row, as one picture. `below`: what is along the x axes."""
    rows = -(-len(charts) // 2)
    parts = [
        f'<g transform="translate({WIDTH * (at % 2)} {HEIGHT * (at // 2)})">{"".join(_chart(chart, below))}</g>'
        for at, chart in enumerate(charts)
    ]
    names = escape("; ".join(chart.title for chart in charts))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDTH} {rows * HEIGHT}" role="img">'
        f"<title>{names}</title><style>{STYLE}</style>{''.join(parts)}</svg>\n"
    )


@dataclass(frozen=True, slots=True)
class _Axis:
    """Whole powers of ten from `low` to `high`, on `start` to `end` of the picture."""

    low: int
    high: int
    start: float
    end: float

    @classmethod
    def over(cls, values: Sequence[float], start: float, end: float) -> "_Axis":
        low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
        return cls(low, max(high, low + 1), start, end)

    def place(self, value: float) -> float:
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self) -> list[float]:
        return [10.0**power for power in range(self.low, self.high + 1)]


def _chart(chart: Chart, below: str) -> Iterator[str]:
    points = [point for line in chart.lines for point in line.points]
    across = _Axis.over([x for x, _ in points], LEFT, WIDTH - RIGHT)
    up = _Axis.over([y for _, y in points], HEIGHT - BOTTOM, TOP)
    yield f'<text class="title" x="{LEFT}" y="20">{escape(chart.title)} ({escape(chart.unit)})</text>'
    for tick in across.ticks():
        x = across.place(tick)
        yield f'<path class="grid" d="M{x} {TOP}V{HEIGHT - BOTTOM}"/>'
        yield f'<text x="{x}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{_number(tick)}</text>'
    for tick in up.ticks():
        y = up.place(tick)
        yield f'<path class="grid" d="M{LEFT} {y}H{WIDTH - RIGHT}"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{_number(tick)}</text>'
    yield f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 10}" text-anchor="middle">{escape(below)}</text>'
    yield from _linear(chart.lines[0], across, up)
    for line, colour in zip(chart.lines, COLOURS, strict=False):
        places = [(across.place(x), up.place(y)) for x, y in line.points]
        path = " ".join(f"{x},{y}" for x, y in places)
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
        yield from (f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in places)
        x, y = places[-1]
        yield f'<text x="{x + 7}" y="{y + 4}" style="fill:{colour}">{escape(line.label)}</text>'


def _linear(line: Line, across: _Axis, up: _Axis) -> Iterator[str]:
    """What the first line would be if it grew in proportion from its first point, as far as the chart goes."""
    (x, y), (last, _) = line.points[0], line.points[-1]
    end = min(last, x * 10**up.high / y)
    yield f'<path class="linear" d="M{across.place(x)} {up.place(y)}L{across.place(end)} {up.place(y * end / x)}"/>'


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"
