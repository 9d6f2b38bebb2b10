"""Vectors from any server that speaks OpenAI's /v1/embeddings (OpenAI, vLLM, Ollama, text-embeddings-inference, ...).

Invariants: only the configured address is called (redirects are not followed: they would carry the key and the texts
elsewhere); errors name a status or a setting, never a text or the key; vectors come back in the order of the texts,
finite, of one dimension, of length 1; blank texts are not sent and give zeros.
"""

import math
import os
import threading
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx  # noqa: TID251 - this is one of its two places
import numpy as np

from retrieval.embedders.base import EmbeddingRecipe
from retrieval.embedders.prefixed import PrefixedEmbedder
from retrieval.embedders.shaping import readable, unit_rows
from retrieval.types import Matrix, NotConfigured, Unavailable

MAX_CHARACTERS = 8_000
"""Of one text: beyond it most models refuse; passages are far shorter."""
CONNECT_SECONDS = 5.0
PROBE = "dimensions"
"""What is embedded once to learn the model's dimensions when no setting tells them."""

_LATER = frozenset({408, 409, 425, 429})
_SETTINGS = {
    401: "POLYFAQ_EMBEDDER_KEY",
    403: "POLYFAQ_EMBEDDER_KEY",
    404: "POLYFAQ_EMBEDDER_URL and POLYFAQ_EMBEDDER_MODEL",
    405: "POLYFAQ_EMBEDDER_URL",
}


class HttpEmbedder(PrefixedEmbedder):
    """Safe between threads and across forks: each process opens its own connections.

    `url`: the server's base (`https://host/v1`) or the whole address (`…/embeddings`). `dimensions`: what the model is
    expected to give, checked with every answer; 0 asks the server once. `batch`: texts a request.
    """

    def __init__(
        self,
        url: str,
        model: str,
        key: str = "",
        dimensions: int = 0,
        query_prefix: str = "",
        passage_prefix: str = "",
        *,
        timeout: float = 30.0,
        batch: int = 64,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._url = _address(url)
        if not model:
            raise NotConfigured("POLYFAQ_EMBEDDER_MODEL is empty: name the model the embedding server should use.")
        self._model = model
        self._key = key
        self._dimensions = dimensions
        super().__init__(query_prefix, passage_prefix)
        self._timeout = timeout
        self._batch = max(1, batch)
        self._transport = transport
        self._lock = threading.Lock()
        self._client: tuple[int, httpx.Client] | None = None

    @property
    def recipe(self) -> EmbeddingRecipe:
        """Asks the server for one vector, once, when the dimensions were not given: Unavailable when it is away."""
        if not self._dimensions:
            self._dimensions = len(self._ask([PROBE])[0])
        return self._recipe("http", self._model, self._dimensions)

    def _embed(self, texts: Sequence[str], prefix: str) -> Matrix:
        told = [(row, prefix + readable(text, MAX_CHARACTERS)) for row, text in enumerate(texts) if text.strip()]
        rows: list[tuple[int, list[float]]] = []
        for start in range(0, len(told), self._batch):
            part = told[start : start + self._batch]
            vectors = self._ask([text for _, text in part])
            rows += [(row, vector) for (row, _), vector in zip(part, vectors, strict=True)]
        out = np.zeros((len(texts), self._expected(rows)), dtype=np.float32)
        for row, vector in rows:
            out[row] = vector
        return unit_rows(out)

    def _expected(self, rows: Sequence[tuple[int, list[float]]]) -> int:
        """The dimensions all vectors must have; learnt from the first answer when nobody told them."""
        if not self._dimensions:
            self._dimensions = len(rows[0][1]) if rows else self.recipe.dimensions
        for _, vector in rows:
            if len(vector) != self._dimensions:
                raise NotConfigured(
                    f"The embedding server gives {len(vector)} dimensions for model {self._model}, "
                    f"{self._dimensions} were expected. Set POLYFAQ_EMBEDDER_DIMENSIONS and rebuild the index."
                )
        return self._dimensions

    def _ask(self, texts: list[str]) -> list[list[float]]:
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        body = {"model": self._model, "input": texts, "encoding_format": "float"}
        try:
            response = self._connection().post(self._url, json=body, headers=headers)
        except httpx.TimeoutException as error:
            raise Unavailable(f"The embedding server did not answer within {self._timeout:g} s.") from error
        except httpx.HTTPError as error:
            raise Unavailable(f"The embedding server cannot be reached ({type(error).__name__}).") from error
        _refuse_status(response.status_code)
        return _vectors(response, len(texts))

    def _connection(self) -> httpx.Client:
        """This process's client: sockets shared with a parent process would mix up answers."""
        held = self._client
        if held is None or held[0] != os.getpid():
            with self._lock:
                held = self._client
                if held is None or held[0] != os.getpid():
                    timeout = httpx.Timeout(self._timeout, connect=min(CONNECT_SECONDS, self._timeout))
                    client = httpx.Client(timeout=timeout, follow_redirects=False, transport=self._transport)
                    held = self._client = (os.getpid(), client)
        return held[1]


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise NotConfigured("POLYFAQ_EMBEDDER_URL must be an http or https address such as https://host/v1.")
    path = parts.path.rstrip("/")
    return parts._replace(path=path if path.endswith("/embeddings") else f"{path}/embeddings").geturl()


def _refuse_status(status: int) -> None:
    if status == 200:
        return
    if status in _LATER or status >= 500:
        raise Unavailable(f"The embedding server is busy or broken (status {status}); trying again later may help.")
    setting = _SETTINGS.get(status, "POLYFAQ_EMBEDDER_URL and POLYFAQ_EMBEDDER_MODEL")
    raise NotConfigured(f"The embedding server refused the request (status {status}). Check {setting}.")


def _vectors(response: httpx.Response, count: int) -> list[list[float]]:
    """The vectors in the order of the texts; NotConfigured for an answer in another format."""
    try:
        rows = list(_numbered(response.json()["data"]))
    except (ValueError, KeyError, TypeError) as error:
        raise NotConfigured(
            "The answer of the embedding server is not of OpenAI's format. Check POLYFAQ_EMBEDDER_URL."
        ) from error
    if sorted(index for index, _ in rows) != list(range(count)):
        raise Unavailable(f"The embedding server answered {len(rows)} vectors for {count} texts.")
    return [vector for _, vector in sorted(rows, key=lambda row: row[0])]


def _numbered(data: Any) -> Iterator[tuple[int, list[float]]]:
    for position, item in enumerate(data):
        vector = [float(number) for number in item["embedding"]]
        if not vector or not all(map(math.isfinite, vector)):
            raise ValueError("a vector that is empty or not finite")
        yield int(item.get("index", position)), vector
