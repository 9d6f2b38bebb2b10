"""What grows with the index: `python -m benchmarks.growth [--size N ...] [--keep FOLDER]`

One index is grown from size to size; at each, fresh processes measure what a serving process pays. Keeps the figures in
docs/reference/growth.json and draws them (docs/images/growth.svg). `inside FOLDER SIZE` is such a process.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from benchmarks.corpus import Corpus
from benchmarks.plots import Chart, Line, page
from benchmarks.scratch import ROOT
from benchmarks.search import make
from retrieval.backends import embedded_arrays
from retrieval.types import Filters, Query

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000)
FIGURES = ROOT / "docs" / "reference" / "growth.json"
PICTURE = ROOT / "docs" / "images" / "growth.svg"
QUESTIONS = 300
WARM = 40
ROUNDS = 3


def inside(folder: Path, size: int) -> dict[str, float]:
    """Of one process: its first look-up (milliseconds), its searches, its memory (megabytes)."""
    questions = Corpus(size).questions(QUESTIONS + WARM)
    retriever = make(folder)
    before, worked = _memory(), time.process_time()
    retriever._backend.vector(np.eye(1, 256, dtype=np.float32)[0], Filters(), 1)
    first = time.process_time() - worked
    rounds = []
    for text, locale, _ in questions[:WARM]:
        retriever.search(Query(text, locale))
    for _ in range(ROUNDS):
        each = []
        for text, locale, _ in questions[WARM:]:
            worked = time.thread_time()
            retriever.search(Query(text, locale))
            each.append(1000 * (time.thread_time() - worked))
        rounds.append(each)
    best = min(rounds, key=lambda each: float(np.median(each)))
    after = _memory()
    return {
        "first": 1000 * first,
        "p50": float(np.median(best)),
        "p95": float(np.percentile(best, 95)),
        "memory": after["Rss"],
        "private": after["Private_Dirty"],
        "program": before["Rss"],
    }


def _memory() -> dict[str, float]:
    lines = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
    return {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines}


def measure(sizes: Sequence[int], folder: Path) -> list[dict[str, float]]:
    corpus = Corpus(max(sizes))
    entries = corpus.entries()
    retriever = make(folder)
    retriever.gloss("aufwärmen", "de")
    retriever.sync([])  # begins the first generation
    rows, stored, seconds = [], 0, 0.0
    for size in sorted(sizes):
        worked = time.process_time()
        stored += retriever.upsert(islice(entries, size - stored))
        seconds += time.process_time() - worked
        embedded_arrays.sweep(folder / "index.sqlite3", set())
        making = _apart(folder, size)
        found = _apart(folder, size)
        row = {"size": size, "ingest": seconds, "making": making["first"], **found}
        rows.append(row)
        print({name: round(value, 1) for name, value in row.items()}, flush=True)
    return rows


def _apart(folder: Path, size: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.growth", "inside", str(folder), str(size)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def draw(rows: Sequence[Mapping[str, float]]) -> str:
    def line(name: str, label: str, scale: float = 1.0) -> Line:
        return Line(label, [(row["size"], scale * row[name]) for row in rows if row[name] > 0])

    return page(
        [
            Chart("A search, all lanes", "ms", [line("p50", "p50"), line("p95", "p95")]),
            Chart("Storing all passages", "s", [line("ingest", "from nothing")]),
            Chart(
                "First look-up of a process",
                "ms",
                [line("making", "that makes the file"), line("first", "that maps it")],
            ),
            Chart("Memory of a process", "MB", [line("memory", "all, mapped too"), line("private", "of its own")]),
        ],
        "passages in the index",
    )


def main() -> None:
    if sys.argv[1:2] == ["inside"]:
        print(json.dumps(inside(Path(sys.argv[2]), int(sys.argv[3]))))
        return
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--size", type=int, nargs="+", default=SIZES)
    parser.add_argument("--keep", type=Path, help="an empty folder for the index, kept afterwards")
    parser.add_argument("--draw", action="store_true", help="only draw the figures there are")
    options = parser.parse_args()
    rows: Any
    if options.draw:
        rows = json.loads(FIGURES.read_text(encoding="utf-8"))
    else:
        with tempfile.TemporaryDirectory() as folder:
            rows = measure(options.size, options.keep or Path(folder))
        FIGURES.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    PICTURE.write_text(draw(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
