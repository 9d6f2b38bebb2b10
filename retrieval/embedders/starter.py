"""The bundled embedder: static multilingual vectors of word pieces, no download, no network (retrieval/data/README.md).

A text's vector is the sum of its pieces' vectors, scaled to length 1; vectors of all languages compare by cosine. They
match a question to a question well, a question to a passage less so: the other lanes find passages.
"""

import functools
import itertools
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import sentencepiece

from retrieval.embedders.base import EmbeddingRecipe
from retrieval.embedders.shaping import readable, unit_rows
from retrieval.fingerprint import files_digest
from retrieval.types import Matrix, NotConfigured

DATA = Path(__file__).resolve().parent.parent / "data"
DIMENSIONS = 256
FILES = ("vectors.npy", "scales.npy", "pieces.model")
MAX_CHARACTERS = 20_000
BATCH_CHARACTERS = 60_000
BATCH_TEXTS = 100
"""Of all texts whose pieces are gathered at once, and of how many: bounds memory to some 20 MB, whatever comes."""


class StarterEmbedder:
    """Maps the vectors into memory on first use; safe to share between threads."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = Path(folder) if folder else DATA
        self._lock = threading.Lock()
        self._loaded: tuple[npt.NDArray[np.int8], npt.NDArray[np.float16], Any] | None = None

    @property
    def recipe(self) -> EmbeddingRecipe:
        """Names the data by its digest: vectors of another version of the pack never meet these."""
        return EmbeddingRecipe(provider="starter", model=f"static-{self._digest[:16]}", dimensions=DIMENSIONS)

    @functools.cached_property
    def _digest(self) -> str:
        try:
            return files_digest(self._folder / name for name in FILES)
        except OSError as error:
            raise _damaged(self._folder, error) from error

    def embed_queries(self, texts: Sequence[str], locales: Sequence[str]) -> Matrix:
        return self._embed(texts)

    def embed_passages(self, texts: Sequence[str], locales: Sequence[str]) -> Matrix:
        return self._embed(texts)

    def word_vectors(self, words: Sequence[str]) -> Matrix:
        """One row a word, not scaled to length 1: pieces that many texts hold have short vectors."""
        return np.concatenate([self._summed(batch) for batch in _batches(words)]) if words else self._embed(words)

    def _embed(self, texts: Sequence[str]) -> Matrix:
        parts = [unit_rows(self._summed(batch)) for batch in _batches(texts)]
        return np.concatenate(parts) if parts else np.zeros((0, DIMENSIONS), dtype=np.float32)

    def _summed(self, texts: list[str]) -> Matrix:
        vectors, scales, model = self._load()
        # One by one: for a list, threads are made anew each time, and that takes longer than cutting a question.
        pieces: list[list[int]] = [model.encode(text) for text in texts]
        sizes = np.array([len(ids) for ids in pieces])
        flat = np.fromiter(itertools.chain.from_iterable(pieces), dtype=np.int64, count=int(sizes.sum()))
        # Each distinct piece is unpacked once; how often each text holds it, times their vectors, is the sums.
        distinct, place = np.unique(flat, return_inverse=True) if len(texts) > 1 else (flat, np.arange(len(flat)))
        packed, scale = np.asarray(vectors)[distinct], np.asarray(scales)[distinct]  # indexing a memmap itself is slow
        rows = packed.astype(np.float32) * scale.astype(np.float32)[:, None]
        cells = np.repeat(np.arange(len(texts)) * len(distinct), sizes) + place
        times = np.bincount(cells, minlength=len(texts) * len(distinct)).astype(np.float32)
        summed: Matrix = times.reshape(len(texts), len(distinct)) @ rows
        return summed

    def _load(self) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float16], Any]:
        if self._loaded is None:
            with self._lock:
                if self._loaded is None:
                    self._loaded = self._read()
        return self._loaded

    def _read(self) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float16], Any]:
        try:
            vectors = np.load(self._folder / "vectors.npy", mmap_mode="r", allow_pickle=False)
            scales = np.load(self._folder / "scales.npy", mmap_mode="r", allow_pickle=False)
            model = sentencepiece.SentencePieceProcessor(model_file=str(self._folder / "pieces.model"))
        except (OSError, ValueError, RuntimeError) as error:
            raise _damaged(self._folder, error) from error
        return vectors, scales, model


def _damaged(folder: Path, error: Exception) -> NotConfigured:
    return NotConfigured(f"The starter vectors are missing or damaged in {folder}; install Polyfaq again ({error}).")


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """The texts in order, cut, in batches of bounded length."""
    batch: list[str] = []
    held = 0
    for text in texts:
        cut = readable(text, MAX_CHARACTERS)
        if batch and (held + len(cut) > BATCH_CHARACTERS or len(batch) == BATCH_TEXTS):
            yield batch
            batch, held = [], 0
        batch.append(cut)
        held += len(cut)
    if batch:
        yield batch
