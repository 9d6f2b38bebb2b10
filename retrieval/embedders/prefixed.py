"""What embedders share that put one prefix before questions and another before passages, as many models want it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from retrieval.embedders.base import EmbeddingRecipe
from retrieval.types import Matrix


class PrefixedEmbedder(ABC):
    """A provider says how texts with their prefix become rows of length 1, and which recipe that is."""

    def __init__(self, query_prefix: str, passage_prefix: str) -> None:
        self._query_prefix = query_prefix
        self._passage_prefix = passage_prefix

    def embed_queries(self, texts: Sequence[str], locales: Sequence[str]) -> Matrix:
        return self._embed(texts, self._query_prefix)

    def embed_passages(self, texts: Sequence[str], locales: Sequence[str]) -> Matrix:
        return self._embed(texts, self._passage_prefix)

    @abstractmethod
    def _embed(self, texts: Sequence[str], prefix: str) -> Matrix:
        """One row a text; a blank text has zeros."""

    def _recipe(self, provider: str, model: str, dimensions: int) -> EmbeddingRecipe:
        return EmbeddingRecipe(
            provider=provider,
            model=model,
            dimensions=dimensions,
            query_prefix=self._query_prefix,
            passage_prefix=self._passage_prefix,
        )
