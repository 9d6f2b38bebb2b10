"""Small charts drawn on the server: rectangles with heights, for templates to put into SVG. No script, no library."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

HEIGHT, BAR, GAP = 36, 9, 3


@dataclass(frozen=True, slots=True)
class Bar:
    """A column of two parts, the lower one first, in the units of the drawing; y grows downwards."""

    x: int
    lower_y: float
    lower: float
    upper_y: float
    upper: float
    title: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Columns side by side, the oldest first. `label` says in words what they show."""

    bars: tuple[Bar, ...]
    label: str
    height: int = HEIGHT
    bar: int = BAR

    @property
    def width(self) -> int:
        return max(1, len(self.bars) * (BAR + GAP) - GAP)


def stacked(columns: Sequence[tuple[int, int, str]], label: str) -> Chart:
    """A chart of (lower, upper, title), scaled so that the highest column fills it; what is not 0 is seen."""
    most = max((lower + upper for lower, upper, _title in columns), default=0) or 1
    bars = []
    for n, (lower, upper, title) in enumerate(columns):
        low, high = _height(lower, most), _height(upper, most)
        bars.append(Bar(n * (BAR + GAP), round(HEIGHT - low, 1), low, round(HEIGHT - low - high, 1), high, title))
    return Chart(tuple(bars), label)


def drawn(chart: Chart) -> SafeString:
    """The chart as markup, for a cell of a list."""
    return mark_safe(render_to_string("admin/faq/chart.html", {"chart": chart}))  # noqa: S308 - our own template's


def _height(value: int, most: int) -> float:
    return max(1.5, round(value * HEIGHT / most, 1)) if value else 0.0
