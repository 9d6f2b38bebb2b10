"""Deterministic vectors without any model: hashed character trigrams. For tests and for measuring everything else."""

import hashlib
from collections.abc import Sequence

import numpy as np

from retrieval.embedders.base import EmbeddingRecipe
from retrieval.embedders.shaping import unit_rows
from retrieval.types import Matrix


class FakeEmbedder:
    """Texts that share letters lie close. Counts calls and texts."""

    def __init__(self, dimensions: int = 64) -> None:
        self._recipe = EmbeddingRecipe(provider="fake", model="trigrams-1", dimensions=dimensions)
        self.calls = 0
        self.texts = 0

    @property
    def recipe(self) -> EmbeddingRecipe:
        return self._recipe

    def embed_queries(self, texts: Sequence[str], locales: Sequence[str]) -> Matrix:
        return self._embed(texts)

    def embed_passages(self, texts: Sequence[str], locales: Sequence[str]) -> Matrix:
        return self._embed(texts)

    def _embed(self, texts: Sequence[str]) -> Matrix:
        self.calls += 1
        self.texts += len(texts)
        out = np.zeros((len(texts), self._recipe.dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            padded = f" {text.lower()} " if text.strip() else ""
            for i in range(len(padded) - 2):
                digest = hashlib.blake2b(padded[i : i + 3].encode("utf-8", "replace"), digest_size=8).digest()
                out[row, int.from_bytes(digest[:4], "big") % out.shape[1]] += 1.0 if digest[4] & 1 else -1.0
        return unit_rows(out)
