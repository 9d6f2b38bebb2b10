"""Haystack's in-memory hybrid search, run by an interpreter that has `haystack-ai`: `PYTHON haystack_peer.py FOLDER`.

Needs nothing of Polyfaq. FOLDER holds documents.jsonl (id, text) with documents.npy, questions.jsonl (text) with
questions.npy. Prints JSON: milliseconds of the processor and by the clock for each question, and the ids found.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

DEPTH = 50


def main() -> None:
    from haystack import Document, __version__
    from haystack.components.joiners import DocumentJoiner
    from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
    from haystack.document_stores.in_memory import InMemoryDocumentStore

    folder = Path(sys.argv[1])
    store = InMemoryDocumentStore(embedding_similarity_function="cosine")
    begun = time.process_time()
    store.write_documents(
        [
            Document(id=row["id"], content=row["text"], embedding=vector.tolist())
            for row, vector in zip(_rows(folder / "documents.jsonl"), np.load(folder / "documents.npy"), strict=True)
        ]
    )
    writing = time.process_time() - begun
    words = InMemoryBM25Retriever(store, top_k=DEPTH)
    vectors = InMemoryEmbeddingRetriever(store, top_k=DEPTH)
    joiner = DocumentJoiner(join_mode="reciprocal_rank_fusion", top_k=10)
    processor, clock, found = [], [], []
    for row, vector in zip(_rows(folder / "questions.jsonl"), np.load(folder / "questions.npy"), strict=True):
        asked = vector.tolist()
        begun, worked = time.perf_counter(), time.thread_time()
        lanes = [words.run(query=row["text"])["documents"], vectors.run(query_embedding=asked)["documents"]]
        joined = joiner.run(documents=lanes)["documents"]
        processor.append(1000 * (time.thread_time() - worked))
        clock.append(1000 * (time.perf_counter() - begun))
        found.append([document.id for document in joined])
    told = {"version": __version__, "writing": writing, "processor": processor, "clock": clock, "found": found}
    print(json.dumps(told))


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    main()
