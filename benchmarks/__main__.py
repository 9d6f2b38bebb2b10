"""`python -m benchmarks [--size N ...] [--no-write]`: print the table, and keep it in docs/reference/performance.md.

Exits with 1 when a figure that must hold does not.
"""

import argparse
import datetime
import os
import platform
import sys
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # one search on one core, as in a busy worker

from benchmarks.search import Row, measure

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "performance.md"
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--size", type=int, nargs="+", default=[10_000], help="passages in the index")
    parser.add_argument("--no-write", action="store_true", help=f"print only; leave {PAGE.name} as it is")
    options = parser.parse_args()
    tables, holds = [], True
    for size in options.size:
        rows = measure(size)
        holds = holds and all(row.holds for row in rows)
        tables.append(table(size, rows))
    text = f"{machine()}\n\n" + "\n\n".join(tables)
    print(text)
    if not options.no_write:
        write(text)
    return 0 if holds else 1


def table(size: int, rows: list[Row]) -> str:
    lines = [f"| {size:,} passages, 256 dimensions, 4 locales | measured | must be |", "|---|---|---|"]
    lines += [f"| {row.what} | {row.value} | {row.limit}{'' if row.holds else ' **missed**'} |" for row in rows]
    return "\n".join(lines)


def machine() -> str:
    today = datetime.datetime.now(tz=datetime.UTC).date()
    return (
        f"Measured {today} on {os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}, "
        "one thread for the arithmetic."
    )


def write(text: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    PAGE.write_text(f"{head}{BEGIN}\n{text}\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
