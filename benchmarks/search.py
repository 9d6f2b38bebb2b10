"""Search, ingest and sync measured over the made-up corpus, with the product's own vectors and lexicons."""

import resource
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.corpus import Corpus
from benchmarks.rows import Row
from retrieval.factory import build_retriever
from retrieval.service import Retriever
from retrieval.types import Query

QUESTIONS = 400
WARM = 20
LIMITS = {10_000: (5, 15), 100_000: (10, 25)}
"""Up to so many passages: milliseconds of the median and of the slowest twentieth."""
ROUNDS = 5
"""The quietest counts: other work on the machine is not what is measured."""
Round = tuple[list[float], list[float], list[Mapping[str, float]], int]
"""Milliseconds of each search, of the processor and by the clock; by the clock of its lanes; and how many found what they
were made from."""


def make(folder: Path) -> Retriever:
    return build_retriever(
        backend="retrieval.backends.embedded.EmbeddedBackend",
        embedder="retrieval.embedders.starter.StarterEmbedder",
        index_path=folder / "index.sqlite3",
        embedder_options={},
    )


def measure(size: int) -> list[Row]:
    corpus = Corpus(size)
    entries = list(corpus.entries())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        retriever = make(folder)
        retriever.gloss("aufwärmen", "de")
        first = _seconds(lambda: retriever.sync(entries))
        again = _seconds(lambda: retriever.sync(entries))
        changed = replace(entries[0], text=entries[0].text + " Addendum.")
        family = [changed, *(entry for entry in entries[1:4])]
        one = _seconds(lambda: retriever.sync(family, families=[changed.family]))
        refresh = _seconds(lambda: retriever.search(Query("addendum", "en")))
        again_one = replace(changed, text=changed.text + " More.")
        retriever.sync([again_one, *family[1:]], families=[changed.family])
        refresh = min(refresh, _seconds(lambda: retriever.search(Query("addendum", "en"))))
        fresh = make(folder)
        cold = _seconds(lambda: fresh._backend.vector(np.eye(1, 256, dtype=np.float32)[0], Query("", "en").filters, 1))
        rows = _searches(retriever, corpus, size)
        megabytes = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [
        *rows,
        Row("first ingest", f"{size / first:,.0f} passages/s ({first:.1f} s)"),
        Row(
            "unchanged ingest", f"{first / again:.0f} times faster ({1000 * again:.0f} ms)", "≥ 30", first >= 30 * again
        ),
        Row("one changed passage: store it", f"{1000 * one:.1f} ms"),
        Row("one changed passage: first search after it", f"{1000 * refresh:.1f} ms"),
        Row("first look-up of a new process", f"{1000 * cold:.0f} ms"),
        Row("index file", f"{megabytes:.0f} MB"),
        Row("memory of this process, at most", f"{memory:.0f} MB"),
    ]


def _searches(retriever: Retriever, corpus: Corpus, size: int) -> list[Row]:
    questions = corpus.questions(QUESTIONS + WARM)
    for text, locale, _ in questions[:WARM]:
        retriever.search(Query(text, locale))
    rounds = [_round(retriever, questions[WARM:]) for _ in range(ROUNDS)]
    total, clock, lanes, found = min(rounds, key=lambda each: float(np.median(each[0])))
    median, slow = next((limits for most, limits in LIMITS.items() if size <= most), (None, None))
    p50, p95 = np.percentile(total, [50, 95])
    medians = {lane: np.median([each[lane] for each in lanes]) for lane in ("lexical", "gloss", "vector", "fusion")}
    return [
        Row(
            "search, all lanes, p50",
            f"{p50:.1f} ms (by the clock {np.median(clock):.1f} ms)",
            f"≤ {median} ms" if median else "",
            not median or p50 <= median,
        ),
        Row("search, all lanes, p95", f"{p95:.1f} ms", f"≤ {slow} ms" if slow else "", not slow or p95 <= slow),
        Row("by lane (median ms by the clock)", ", ".join(f"{lane} {median:.1f}" for lane, median in medians.items())),
        Row("the family asked for is first", f"{100 * found / QUESTIONS:.0f} %"),
    ]


def _round(retriever: Retriever, questions: Sequence[tuple[str, str, str]]) -> Round:
    total, clock, lanes, found = [], [], [], 0
    for text, locale, family in questions:
        begun, worked = time.perf_counter(), time.thread_time()
        results = retriever.search(Query(text, locale))
        total.append(1000 * (time.thread_time() - worked))
        clock.append(1000 * (time.perf_counter() - begun))
        lanes.append(results.milliseconds)
        found += bool(results.hits) and results.hits[0].family == family
        if results.degraded:
            raise SystemExit(f"Lanes {results.degraded} could not be asked: the figures would be false.")
    return total, clock, lanes, found


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
