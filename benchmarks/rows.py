"""Lines of the tables: what was measured, the figure, and what it must be."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """`limit`: what must hold, "" where nothing must."""

    what: str
    value: str
    limit: str = ""
    holds: bool = True


def table(title: str, rows: Sequence[Row]) -> str:
    lines = [f"| {title} | measured | must be |", "|---|---|---|"]
    lines += [f"| {row.what} | {row.value} | {row.limit}{'' if row.holds else ' **missed**'} |" for row in rows]
    return "\n".join(lines)


def at_most(what: str, value: float, limit: float, unit: str, digits: int = 0, note: str = "") -> Row:
    """A figure with a ceiling."""
    return Row(what, f"{value:,.{digits}f}{unit}{note}", f"≤ {limit:g}{unit}", value <= limit)
