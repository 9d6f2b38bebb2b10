"""The one door to the retrieval library: its retriever, built once a process, and its reading of documents.

Errors of the library leave as errors of the domain. Nothing heavy is imported before it is needed: a command that
finds nothing to read never loads an extractor or the vectors.
"""

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from faq import conf, errors
from retrieval import types

if TYPE_CHECKING:
    from pathlib import Path

    from retrieval.ingest.fetch import Fetched
    from retrieval.ingest.sitemap import Sitemap
    from retrieval.service import Retriever
    from retrieval.spelling import WordStore

__all__ = [
    "block_rows",
    "build",
    "chunk_document",
    "chunking_generation",
    "content_hash",
    "extract_document",
    "fetch_url",
    "fingerprint",
    "is_question_table",
    "mapped",
    "passage_keys",
    "question_rows",
    "reset",
    "retriever",
    "use",
]

SCRATCH_SECONDS = 30.0
"""For one look-up in a scratch index: no reader waits for it."""
_lock = threading.RLock()
_built: dict[int, "Retriever"] = {}


@contextmanager
def mapped() -> Iterator[None]:
    """Inside, an error of the library becomes the domain error that says what the caller can do."""
    try:
        yield
    except types.InvalidInput as error:
        raise errors.Invalid(str(error)) from error
    except types.RetrievalError as error:
        raise errors.Unavailable(str(error)) from error


def retriever() -> "Retriever":
    """This process's retriever. Keyed by process id: connections do not survive a fork."""
    pid = os.getpid()
    found = _built.get(pid)
    if found is None:
        with _lock, mapped():
            found = _built.get(pid)
            if found is None:
                found = _built[pid] = _build()
    return found


def use(given: "Retriever") -> None:
    """Make this process's retriever another one: a scratch index, until reset()."""
    with _lock:
        _built[os.getpid()] = given


def reset() -> None:
    """Forget the retriever, so that changed settings count."""
    with _lock:
        _built.clear()


def _build() -> "Retriever":
    from faq.gateways.words import DatabaseWords

    return build(conf.get("INDEX_PATH"), DatabaseWords())


def build(index: "Path", words: "WordStore", *, backend: str = "", embedder: str = "") -> "Retriever":
    """A retriever by the settings, or by other dotted paths. `index`: the file of a backend that keeps one.

    With another file than the settings name it is a scratch index, on a server too: apart from the portal's own, and gone
    when this process ends.
    """
    from retrieval.factory import build_retriever

    options = {
        "url": conf.get("EMBEDDER_URL"),
        "model": conf.get("EMBEDDER_MODEL"),
        "key": conf.get("EMBEDDER_KEY"),
        "dimensions": conf.get("EMBEDDER_DIMENSIONS"),
    }
    return build_retriever(
        backend=backend or conf.get("INDEX_BACKEND"),
        embedder=embedder or conf.get("EMBEDDER"),
        index_path=index,
        embedder_options={name: value for name, value in options.items() if value},
        backend_options=_server_options(index),
        words=words,
    )


def _server_options(index: "Path") -> dict[str, Any]:
    """For a backend that is a server."""
    given = dict(conf.get("WEAVIATE"))
    if index == conf.get("INDEX_PATH"):
        return given
    from retrieval.fingerprint import content_hash

    mark = content_hash(f"{os.getpid()} {index}")[:12]
    return given | {"prefix": f"{given['prefix']}Scratch{mark}", "scratch": True, "read_seconds": SCRATCH_SECONDS}


def extract_document(data: bytes, *, filename: str, media_type: str = "", locale: str = "") -> types.Document:
    """The text of a file; Invalid, naming the file, for what cannot be read."""
    from retrieval.ingest.extract import extract

    with mapped():
        return extract(data, filename=filename, media_type=media_type, locale=locale)


def is_question_table(data: bytes, filename: str) -> bool:
    """Whether a file is a table of questions and answers; only CSV and XLSX are looked into."""
    if not filename.lower().endswith((".csv", ".tsv", ".xlsx")):
        return False
    from retrieval.ingest.extract import is_question_table as look

    with mapped():
        return look(data, filename)


def question_rows(data: bytes, *, filename: str) -> tuple[types.Document, list[types.QuestionRow]]:
    """A table of questions and answers as a document, with the place of each answer in it."""
    from retrieval.ingest.extract import question_rows as read

    with mapped():
        return read(data, filename=filename)


def question_grid(data: bytes, *, filename: str) -> list[list[str]]:
    """A file of questions as rows of cells, the first with the columns' names: CSV and XLSX as they stand, of a web page or JSON
    what it states as FAQPage. Invalid for a file that has none."""
    from retrieval.ingest import faqpage, tables

    with mapped():
        if filename.lower().endswith((".csv", ".tsv", ".xlsx")):
            return tables.grid(data, filename)
        return [["question", "answer"], *(list(pair) for pair in faqpage.question_pairs(data, filename))]


def fetch_url(url: str, *, etag: str = "", last_modified: str = "") -> "Fetched":
    """What an address holds; Invalid for addresses that may not be fetched, Unavailable for those that do not answer."""
    from retrieval.ingest.fetch import fetch

    with mapped():
        return fetch(
            url,
            etag=etag,
            last_modified=last_modified,
            allow_private=conf.get("FETCH_ALLOW_PRIVATE"),
            max_bytes=conf.get("FETCH_MAX_BYTES"),
            timeout=float(conf.get("FETCH_TIMEOUT_SECONDS")),
        )


def sitemap(url: str) -> "Sitemap":
    """What the sitemap at an address names; Invalid for what is none."""
    from retrieval.ingest.sitemap import read_sitemap

    got = fetch_url(url)
    with mapped():
        return read_sitemap(got.data, url)


def sitemaps_of(robots: str) -> list[str]:
    """The sitemaps that the robots.txt at an address names."""
    from retrieval.ingest.sitemap import named_in_robots

    return named_in_robots(fetch_url(robots).data)


def chunk_document(document: types.Document, locale: str) -> list[types.Chunk]:
    """The document's passages."""
    from retrieval.chunking import chunk

    with mapped():
        return chunk(document, locale)


def chunking_generation() -> int:
    """Changes when the same document would be cut otherwise."""
    from retrieval.chunking import CHUNKING_GENERATION

    return CHUNKING_GENERATION


def passage_keys(source_id: int, chunks: Sequence[types.Chunk]) -> list[str]:
    """Keys that stay while the text stays."""
    from retrieval.chunking import passage_keys as keys

    return keys(source_id, chunks)


def content_hash(text: str) -> str:
    """Digest of a passage's text."""
    from retrieval.fingerprint import content_hash as digest

    return digest(text)


def fingerprint(value: Mapping[str, Any]) -> str:
    """Digest of a value of JSON."""
    from retrieval.fingerprint import fingerprint as digest

    return digest(value)


def block_rows(document: types.Document) -> list[dict[str, Any]]:
    """The document's blocks as JSON."""
    return [
        {
            "kind": str(block.kind),
            "start": block.start,
            "end": block.end,
            "path": list(block.path),
            "level": block.level,
        }
        for block in document.blocks
    ]
