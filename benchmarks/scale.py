"""What does each backend cost at size? `[WEAVIATE_URL=…] python -m benchmarks.scale [--passages N] [--backend NAME]`

A made-up corpus with the word frequencies of real ones is built into an index through the product's own retriever, on the
embedded index, and on a Weaviate server where WEAVIATE_URL names one; then questions go through all lanes. Beside the
server's figures stand those of the bare server for one vector and two BM25 queries side by side, which no adapter
can undercut. `--data`: the server's data folder, and `--process`: its process, where they are on this machine.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from benchmarks.corpus import Corpus
from benchmarks.natural import Natural
from benchmarks.rows import Row, at_most, table
from retrieval.backends.base import Backend
from retrieval.backends.embedded import EmbeddedBackend
from retrieval.backends.weaviate import WeaviateBackend
from retrieval.backends.weaviate_fields import FIELDS
from retrieval.embedders.starter import StarterEmbedder
from retrieval.lexicon import Lexicons
from retrieval.preparing import stored_entries
from retrieval.service import Retriever
from retrieval.types import Filters, IndexEntry, Query, StoredEntry, Vector

BATCH = 2000
FIRST = 10
RECALL = 0.98
MEDIAN, SLOWEST = 20.0, 35.0
"""Milliseconds of a search on a server with 100,000 passages: the median, and the slowest twentieth."""
Question = tuple[str, str, str]
Texts = Corpus | Natural


@dataclass
class Measured:
    """One backend filled and asked. Seconds and milliseconds by the clock."""

    prepare: float
    store: float
    complete: float
    switch: float
    first: float
    search: list[float]
    recall: float
    degraded: int


class Kept:
    """A backend that counts the time its caller spends in it while it is filled."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.seconds: dict[str, float] = {}

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._backend, name)
        if name not in {"upsert", "complete", "activate"}:
            return found

        def timed(*given: Any) -> Any:
            begun = time.perf_counter()
            try:
                return found(*given)
            finally:
                self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begun

        return timed


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=400)
    parser.add_argument("--backend", choices=("embedded", "weaviate"), help="only this one")
    parser.add_argument("--data", type=Path, help="the data folder of a server on this machine")
    parser.add_argument("--process", type=int, help="the process id of a server on this machine")
    parser.add_argument("--vectors", action="store_true", help="fill the server with vectors only, and measure recall")
    parser.add_argument("--texts", type=Path, help="with --vectors: a folder of natural sentences (benchmarks.natural)")
    options = parser.parse_args()
    if options.vectors:
        texts: Texts = Natural(options.passages, options.texts) if options.texts else Corpus(options.passages)
        found = vectors_only(texts, texts.questions(options.questions))
        print(table(f"at most {options.passages:,} passages", found), flush=True)
        return 0 if all(row.holds for row in found) else 1
    corpus = Corpus(options.passages)
    questions = corpus.questions(options.questions)
    rows: list[Row] = []
    if options.backend != "weaviate":
        rows += on_embedded(corpus, options.passages, questions)
    if options.backend != "embedded" and os.environ.get("WEAVIATE_URL"):
        rows += on_weaviate(corpus, options.passages, questions, options.data, options.process)
    print(table(f"{options.passages:,} passages, {len(questions)} questions", rows))
    return 0 if all(row.holds for row in rows) else 1


def on_embedded(corpus: Corpus, size: int, questions: Sequence[Question]) -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        before = resident("self")
        found = measured(EmbeddedBackend(Path(name) / "index.sqlite3"), corpus, questions)
        own = resident("self") - before
        rows = list(told("embedded", size, found, at_the_server=False))
        return [
            *rows,
            Row("embedded: index file", f"{folder_size(Path(name)) / 1e6:,.0f} MB"),
            Row("embedded: memory of the process, more than before", f"{own / 1e6:,.0f} MB"),
        ]


def on_weaviate(
    corpus: Corpus, size: int, questions: Sequence[Question], data: Path | None, process: int | None
) -> list[Row]:
    disk = folder_size(data) if data else 0
    backend = server()
    found = measured(backend, corpus, questions)
    rows = list(told("Weaviate", size, found, at_the_server=True))
    for what, times in bare(backend, questions).items():
        rows.append(Row(f"Weaviate: the bare server, {what}, p50 / p95", pair(times)))
    if data:
        rows.append(Row("Weaviate: data folder", f"{(folder_size(data) - disk) / 1e6:,.0f} MB"))
    if process:
        rows.append(Row("Weaviate: memory of the server", f"{resident(str(process)) / 1e6:,.0f} MB"))
    return rows


def measured(backend: Backend, corpus: Corpus, questions: Sequence[Question]) -> Measured:
    kept = Kept(backend)
    embedder, lexicons = StarterEmbedder(), Lexicons()
    retriever = Retriever(kept, embedder, lexicons)
    prepare = fill(kept, retriever, embedder, lexicons, corpus)
    begun = time.perf_counter()
    retriever.search(Query(*questions[0][:2], limit=FIRST))
    first = time.perf_counter() - begun
    for text, locale, _ in questions[: len(questions) // 4]:
        retriever.search(Query(text, locale, limit=FIRST))
    times, degraded = [], 0
    for text, locale, _ in questions:
        begun = time.perf_counter()
        results = retriever.search(Query(text, locale, limit=FIRST))
        times.append(1000 * (time.perf_counter() - begun))
        degraded += bool(results.degraded)
    found = recall(backend, embedder, corpus, vectors(embedder, questions))
    return Measured(
        prepare=prepare,
        store=kept.seconds["upsert"],
        complete=kept.seconds["complete"],
        switch=kept.seconds["activate"],
        first=first,
        search=times,
        recall=found,
        degraded=degraded,
    )


def fill(kept: Kept, retriever: Retriever, embedder: StarterEmbedder, lexicons: Lexicons, corpus: Corpus) -> float:
    """Build a generation and switch to it; the seconds that analysing and embedding took."""
    seconds = 0.0
    kept.create("g1", retriever.recipe, embedder.recipe.dimensions)
    for batch in batches(corpus.entries()):
        begun = time.perf_counter()
        made = list(stored_entries(batch, embedder, lexicons, retriever.recipe))
        seconds += time.perf_counter() - begun
        kept.upsert(made, "g1")
    kept.complete("g1", {})
    kept.activate("g1")
    return seconds


def batches(entries: Iterator[IndexEntry]) -> Iterator[list[IndexEntry]]:
    batch: list[IndexEntry] = []
    for entry in entries:
        batch.append(entry)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def told(name: str, size: int, found: Measured, *, at_the_server: bool) -> Iterator[Row]:
    median, slowest = np.percentile(found.search, [50, 95])
    bounded = at_the_server and size <= 100_000
    yield Row(
        f"{name}: filled",
        f"{size / (found.prepare + found.store):,.0f} passages/s ({size / found.store:,.0f} into the store)",
    )
    yield Row(f"{name}: made whole, and switched to", f"{found.complete:.1f} s, {1000 * found.switch:.0f} ms")
    yield Row(f"{name}: first search of a process", f"{found.first:.2f} s")
    if bounded:
        yield at_most(f"{name}: search, all lanes, p50", float(median), MEDIAN, " ms", 1)
        yield at_most(f"{name}: search, all lanes, p95", float(slowest), SLOWEST, " ms", 1)
    else:
        yield Row(f"{name}: search, all lanes, p50 / p95", pair(found.search))
    yield Row(f"{name}: recall@10 of the nearest", f"{found.recall:.3f}", f"≥ {RECALL}", found.recall >= RECALL)
    yield Row(f"{name}: searches with a lane missing", str(found.degraded), "0", not found.degraded)


def vectors_only(corpus: Texts, questions: Sequence[Question]) -> list[Row]:
    """Entries without words: the server's graph of vectors, and how much it finds."""
    backend = server()
    embedder = StarterEmbedder()
    backend.create("g1", "recipe", embedder.recipe.dimensions)
    begun, size = time.perf_counter(), 0
    for batch in batches(corpus.entries()):
        rows = embedded(embedder, batch)
        backend.upsert([_bare_entry(*each) for each in zip(batch, rows, strict=True)], "g1")
        size += len(batch)
    seconds = time.perf_counter() - begun
    backend.complete("g1", {})
    backend.activate("g1")
    asked = vectors(embedder, questions)
    times = [timed(partial(backend.vector, vector, Filters(), 50)) for vector in asked]
    found = recall(backend, embedder, corpus, asked)
    return [
        Row("Weaviate, vectors only: filled", f"{size:,} at {size / seconds:,.0f} passages/s"),
        Row("Weaviate, vectors only: 50 nearest, p50 / p95", pair(times)),
        Row("Weaviate, vectors only: recall@10 of the nearest", f"{found:.3f}", f"≥ {RECALL}", found >= RECALL),
    ]


def _bare_entry(entry: IndexEntry, vector: Vector) -> StoredEntry:
    return StoredEntry(
        key=entry.key,
        family=entry.family,
        kind=str(entry.kind),
        locale=entry.locale,
        topic=entry.topic,
        source=entry.source,
        fingerprint="",
        lexical="",
        gloss="",
        vector=vector,
    )


def server() -> WeaviateBackend:
    """A scratch index on the server that WEAVIATE_URL names."""
    return WeaviateBackend(
        os.environ["WEAVIATE_URL"],
        os.environ.get("WEAVIATE_GRPC_URL", ""),
        os.environ.get("WEAVIATE_API_KEY", ""),
        prefix=f"Scale{uuid4().hex[:8]}",
        read_seconds=30.0,
        scratch=True,
    )


def bare(backend: WeaviateBackend, questions: Sequence[Question]) -> dict[str, list[float]]:
    """What the server takes without us: as many hits as a lane asks for, and nothing of them but their ids."""
    reader, collection = backend._reader, backend._names.active
    embedder = StarterEmbedder()
    asked = vectors(embedder, questions)
    texts = [" ".join(dict.fromkeys(text.lower().split())) for text, _, _ in questions]
    names = sorted(reader.property_names(backend._names.entries("g1"), 30.0))
    fields = {field: [name for name in names if name.startswith(f"{field}_")] for field in FIELDS}
    pool = ThreadPoolExecutor(3)

    def one(at: int) -> list[Callable[[], object]]:
        return [
            lambda: reader.nearest(collection, asked[at], {}, [], 50, 30.0),
            lambda: reader.bm25(collection, fields["lexical"], texts[at], {}, [], 50, 30.0),
            lambda: reader.bm25(collection, fields["gloss"], texts[at], {}, [], 50, 30.0),
        ]

    def side_by_side(at: int) -> None:
        for begun in [pool.submit(call) for call in one(at)]:
            begun.result()

    return {
        "a vector query": [timed(one(at)[0]) for at in range(len(questions))],
        "a BM25 query": [timed(one(at)[1]) for at in range(len(questions))],
        "one vector and two BM25 queries side by side": [
            timed(partial(side_by_side, at)) for at in range(len(questions))
        ],
    }


def timed(call: Callable[[], object]) -> float:
    """Milliseconds."""
    begun = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - begun)


def vectors(embedder: StarterEmbedder, questions: Sequence[Question]) -> Vector:
    return embedder.embed_queries([text for text, _, _ in questions], [locale for _, locale, _ in questions])


def nearest(embedder: StarterEmbedder, corpus: Texts, asked: Vector) -> list[set[str]]:
    """The exact ones, batch by batch."""
    best = np.zeros((len(asked), 0), dtype=np.float32)
    keys = np.zeros((len(asked), 0), dtype=object)
    for batch in batches(corpus.entries()):
        rows = embedded(embedder, batch)
        best = np.hstack([best, asked @ rows.T])
        keys = np.hstack([keys, np.tile(np.array([entry.key for entry in batch], dtype=object), (len(asked), 1))])
        order = np.argsort(-best, axis=1, kind="stable")[:, :FIRST]
        best, keys = np.take_along_axis(best, order, 1), np.take_along_axis(keys, order, 1)
    return [set(row) for row in keys]


def embedded(embedder: StarterEmbedder, batch: Sequence[IndexEntry]) -> Vector:
    """As the product embeds them: heading and text."""
    return embedder.embed_passages([f"{each.heading}\n{each.text}" for each in batch], [each.locale for each in batch])


def recall(backend: Backend, embedder: StarterEmbedder, corpus: Texts, asked: Vector) -> float:
    """The share of the ten nearest that the backend finds."""
    exact = nearest(embedder, corpus, asked)
    hits = [{hit.key for hit in backend.vector(vector, Filters(), FIRST)} for vector in asked]
    return float(np.mean([len(found & wanted) / FIRST for found, wanted in zip(hits, exact, strict=True)]))


def pair(times: Sequence[float]) -> str:
    median, slowest = np.percentile(times, [50, 95])
    return f"{median:.1f} / {slowest:.1f} ms"


def folder_size(folder: Path) -> int:
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file())


def resident(process: str) -> int:
    """Bytes of memory that a process holds."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


if __name__ == "__main__":
    sys.exit(main())
