"""From what callers want found to what a backend stores: tokens, English stems, vector, fingerprint."""

from collections.abc import Iterator, Sequence

from retrieval import text
from retrieval.embedders.base import Embedder
from retrieval.lexicon import LEXICON_GENERATION, Lexicons
from retrieval.sync import entry_fingerprint
from retrieval.types import IndexEntry, StoredEntry

STORING_GENERATION = 1
"""Raise when what is stored for an entry changes: heading weight, gloss threshold, text that is embedded."""
HEADING_TIMES = 2
"""A heading's word counts as often as it stood twice in the text."""
GLOSS_FLOOR = 0.2
"""Gloss stems of an entry below this weight are noise."""


def analysis_generation() -> str:
    """Everything besides the model that decides what is stored for a text."""
    return f"{text.ANALYSIS_GENERATION}.{LEXICON_GENERATION}.{STORING_GENERATION}"


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
            gloss=" ".join(_glossed(entry, lexicons)),
            vector=vector if embedder.recipe.dimensions else None,
        )


def _body(entry: IndexEntry) -> str:
    return f"{entry.heading}\n{entry.text}" if entry.heading else entry.text


def _lexical(entry: IndexEntry) -> list[str]:
    heading = text.index_tokens(entry.heading, entry.locale) if entry.heading else []
    return heading * HEADING_TIMES + text.index_tokens(entry.text, entry.locale)


def _glossed(entry: IndexEntry, lexicons: Lexicons) -> Iterator[str]:
    if text.language(entry.locale) == "en":
        # How often an English entry says a word counts (XQuAD, recall@1 of this lane: en +1.6, zh +2.8 points).
        yield from (text.stem(word, "en") for word in text.words(_body(entry), "en"))
        return
    for stem, weight in lexicons.gloss(_body(entry), entry.locale).items():
        if weight >= GLOSS_FLOOR:
            yield from [stem] * max(1, round(weight))
