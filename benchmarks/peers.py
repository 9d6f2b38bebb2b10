"""Search beside another program on the same passages, vectors and questions: Haystack's in-memory hybrid.

It runs in an interpreter of its own (`--haystack PYTHON`, a virtual environment with `pip install haystack-ai`), so that
nothing of it is installed here. Both get the same vectors; ours are made while the question is asked, Haystack's are given.
"""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.corpus import Corpus
from benchmarks.rows import Row
from benchmarks.search import make
from retrieval.types import IndexEntry, Query

QUESTIONS = 100
PEER = Path(__file__).with_name("haystack_peer.py")


def haystack(size: int, interpreter: Path | None) -> list[Row]:
    """Rows that compare the two; one that says so when there is no interpreter with Haystack."""
    if interpreter is None:
        return [Row("beside Haystack", "not measured: `--haystack PYTHON` names a Python that has it")]
    if subprocess.run([interpreter, "-c", "import haystack"], capture_output=True).returncode:
        return [
            Row(
                "beside Haystack",
                f"not measured: {interpreter.name} cannot import haystack (`pip install haystack-ai`)",
            )
        ]
    corpus = Corpus(size)
    entries, questions = list(corpus.entries()), corpus.questions(QUESTIONS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours, ours_found = _ours(folder, entries, questions)
        done = subprocess.run(
            [interpreter, PEER, folder],
            capture_output=True,
            text=True,
            env=os.environ | {"HAYSTACK_TELEMETRY_ENABLED": "False"},
        )
        if done.returncode:
            raise SystemExit(f"Haystack failed:\n{done.stderr[-2000:]}")
        told = json.loads(done.stdout.splitlines()[-1])
    family = {entry.key: entry.family for entry in entries}
    theirs_found = [[family[key] for key in keys] for keys in told["found"]]
    wanted = [asked[2] for asked in questions]
    times = float(np.median(told["processor"])) / float(np.median(ours))
    mine, other = _recall(ours_found, wanted), _recall(theirs_found, wanted)
    return [
        Row(
            f"search beside Haystack {told['version']}, in memory, hybrid: p50",
            f"{times:.0f} times faster ({np.median(ours):.1f} ms, {np.median(told['processor']):.1f} ms)",
            "≥ 5 times",
            times >= 5,
        ),
        Row(
            "… family asked for first / among ten",
            f"{mine[0]:.0%} / {mine[1]:.0%}; Haystack {other[0]:.0%} / {other[1]:.0%}",
            "no less",
            mine >= other,
        ),
    ]


def _ours(
    folder: Path, entries: Sequence[IndexEntry], questions: Sequence[tuple[str, str, str]]
) -> tuple[list[float], list[list[str]]]:
    """Milliseconds and families of each question; leaves the same data in the folder for the other."""
    retriever = make(folder)
    retriever.sync(entries)
    embedder = retriever._embedder
    texts = [f"{entry.heading}\n{entry.text}" for entry in entries]
    np.save(folder / "documents.npy", embedder.embed_passages(texts, [entry.locale for entry in entries]))
    asked = [text for text, _, _ in questions]
    np.save(folder / "questions.npy", embedder.embed_queries(asked, [locale for _, locale, _ in questions]))
    _write(folder / "documents.jsonl", [{"id": e.key, "text": text} for e, text in zip(entries, texts, strict=True)])
    _write(folder / "questions.jsonl", [{"text": text} for text in asked])
    for text, locale, _ in questions:
        retriever.search(Query(text, locale))
    spent, found = [], []
    for text, locale, _ in questions:
        worked = time.thread_time()
        results = retriever.search(Query(text, locale))
        spent.append(1000 * (time.thread_time() - worked))
        found.append([hit.family for hit in results.hits])
    return spent, found


def _write(path: Path, rows: Sequence[dict[str, str]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def _recall(found: Sequence[Sequence[str]], wanted: Sequence[str]) -> tuple[float, float]:
    """Shares of questions whose family is first, and among the first ten entries."""
    pairs = list(zip(found, wanted, strict=True))
    first = sum(families[:1] == [family] for families, family in pairs)
    return first / len(pairs), sum(family in families for families, family in pairs) / len(pairs)
