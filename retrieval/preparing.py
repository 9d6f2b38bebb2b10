"""From what callers want found to what a backend stores: tokens, English stems, vector, fingerprint."""

import functools
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version

from retrieval import text
from retrieval.embedders.base import Embedder
from retrieval.fingerprint import fingerprint
from retrieval.lexicon import LEXICON_GENERATION, Lexicons
from retrieval.stopwords import STOP_WORDS
from retrieval.sync import entry_fingerprint
from retrieval.types import IndexEntry, StoredEntry

STORING_GENERATION = 2
"""Raise when what is stored for an entry changes: heading weight, text that is embedded."""
HEADING_TIMES = 2
"""A heading's word counts as often as it stood twice in the text."""


def analysis_generation(lexicons: Lexicons) -> str:
    """Everything besides the model that decides what is stored for a text: code, by the generations that its changes
    raise; data, by its digest; and the stemmer, by its version."""
    code = f"{text.ANALYSIS_GENERATION}.{LEXICON_GENERATION}.{STORING_GENERATION}"
    return f"{code}:{lexicons.digest}:{_word_lists()}"


@functools.cache
def _word_lists() -> str:
    """Stop words, and the package whose rules make the stems: two of its versions give different tokens."""
    try:
        stemmer = version("snowballstemmer")
    except PackageNotFoundError:  # vendored without its metadata
        stemmer = ""
    return fingerprint({"stop": {code: sorted(words) for code, words in STOP_WORDS.items()}, "stemmer": stemmer})


def stored_entries(
    entries: Sequence[IndexEntry], embedder: Embedder, lexicons: Lexicons, recipe: str
) -> Iterator[StoredEntry]:
    """One embedding call for all of them."""
    vectors = embedder.embed_passages([_body(entry) for entry in entries], [entry.locale for entry in entries])
    for entry, vector in zip(entries, vectors, strict=True):
        yield StoredEntry(
            key=entry.key,
            family=entry.family,
            kind=str(entry.kind),
            locale=entry.locale,
            topic=entry.topic,
            source=entry.source,
            fingerprint=entry_fingerprint(entry, recipe),
            lexical=" ".join(_lexical(entry)),
            gloss=" ".join(lexicons.index_stems(_body(entry), entry.locale)),
            vector=vector if embedder.recipe.dimensions else None,
        )


def _body(entry: IndexEntry) -> str:
    return f"{entry.heading}\n{entry.text}" if entry.heading else entry.text


def _lexical(entry: IndexEntry) -> list[str]:
    heading = text.index_tokens(entry.heading, entry.locale) if entry.heading else []
    return heading * HEADING_TIMES + text.index_tokens(entry.text, entry.locale)
