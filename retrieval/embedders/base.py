"""The protocol every embedder follows, and the recipe that keeps vectors of two models from mixing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from retrieval.types import Matrix


@dataclass(frozen=True, slots=True)
class EmbeddingRecipe:
    """All that decides a vector. Two vectors compare only when their recipes are equal."""

    provider: str
    model: str
    dimensions: int
    normalised: bool = True
    query_prefix: str = ""
    passage_prefix: str = ""


class Embedder(Protocol):
    """Vectors of length 1; a text without any known piece gives zeros, which backends leave out of the vector lane."""

    @property
    def recipe(self) -> EmbeddingRecipe:
        """Known without embedding anything, except for remote models, which may be asked once."""
        ...

    def embed_queries(self, texts: Sequence[str], locales: Sequence[str]) -> Matrix:
        """Shape (len(texts), dimensions). Raises Unavailable or NotConfigured."""
        ...

    def embed_passages(self, texts: Sequence[str], locales: Sequence[str]) -> Matrix:
        """As embed_queries, for indexed texts."""
        ...
