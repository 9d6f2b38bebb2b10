"""`python -m benchmarks [--only PART ...] [--ingest FOLDER ...] [--size N ...] [--haystack PYTHON] [--no-write]`

Prints the tables and keeps them in docs/reference/performance.md. Exits with 1 when a figure that must hold does not.
"""

import argparse
import datetime
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as portal/__init__.py does for every process of a portal

from benchmarks import api, bulk, peers, streams, suggesting, widget
from benchmarks import pages as public
from benchmarks import portal as parts
from benchmarks.rows import Row, table
from benchmarks.scratch import ROOT, Portal, empty_portal
from benchmarks.search import measure

PAGE = ROOT / "docs" / "reference" / "performance.md"
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
PARTS = ("ask", "suggest", "pages", "api", "widget", "ingest", "start", "search")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, help="measure these parts; nothing is written")
    parser.add_argument("--ingest", type=Path, nargs="+", default=[], help="more folders to ingest twice")
    parser.add_argument("--size", type=int, nargs="+", default=[10_000], help="passages in the index")
    parser.add_argument("--haystack", type=Path, help="a Python with haystack-ai, to search beside it")
    parser.add_argument("--no-write", action="store_true", help=f"print only; leave {PAGE.name} as it is")
    options = parser.parse_args()
    chosen = set(options.only or PARTS)
    tables, holds = [], True

    def add(title: str, work: Callable[[], list[Row]]) -> None:
        nonlocal holds
        begun = time.perf_counter()
        rows = work()
        holds = holds and all(row.holds for row in rows)
        tables.append(table(title, rows))
        print(tables[-1], f"\n({time.perf_counter() - begun:.0f} s)\n", flush=True)

    if chosen - {"search"}:
        with empty_portal() as empty:
            _portal(empty, chosen, options.ingest, add)
    if "search" in chosen:
        for size in options.size:
            add(f"{size:,} passages, 256 dimensions, 4 locales", lambda size=size: measure(size))  # type: ignore[misc]
        add(
            f"Beside another program, {options.size[0]:,} passages",
            lambda: peers.haystack(options.size[0], options.haystack),
        )
    if not (options.no_write or options.only):
        write(f"{machine()}\n\n" + "\n\n".join(tables))
    return 0 if holds else 1


def _portal(empty: Portal, chosen: set[str], folders: list[Path], add: Callable[..., None]) -> None:
    if "ingest" in chosen:
        add("What changes", lambda: [*parts.ingest(empty, [ROOT / "demo" / "sources", *folders]), *parts.edit(empty)])
        add("A big folder", lambda: bulk.rows(empty))
    if chosen & {"ask", "pages", "api", "widget", "start"}:
        demo = empty.copy("demo")
        demo.manage("load_demo")
    if "ask" in chosen:
        add("A question, in a process that never answered one", lambda: parts.asking(demo))
    if "suggest" in chosen:
        add(suggesting.TITLE, lambda: suggesting.measure(empty.copy("suggest")))
    if "pages" in chosen:
        add("A page", lambda: public.pages(demo))
    if "api" in chosen:
        add("The API", lambda: api.rows(demo))
        add(streams.TITLE, lambda: streams.rows(demo))
    if "widget" in chosen:
        add(widget.TITLE, lambda: widget.rows(demo))
    if "start" in chosen:
        add("A process", lambda: [*parts.start(demo), *parts.worker(demo)])


def machine() -> str:
    today = datetime.datetime.now(tz=datetime.UTC).date()
    return (
        f"Measured {today} on {os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}, "
        f"one thread for the arithmetic; load average {os.getloadavg()[0]:.1f}. Times of questions, pages, searches and "
        "`check` are of the processor; the clock, where it stands beside them, also counts waiting for other work."
    )


def write(text: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    PAGE.write_text(f"{head}{BEGIN}\n{text}\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
