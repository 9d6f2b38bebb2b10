"""How alike two questions are worded, in one language or two: a question asked, and the wordings of an entry.

Rests on the starter vectors and the lexicons whatever embedder the index uses: what the values mean stays the same, and
single words need no network. A word of the question is covered by a wording that has its stem, one of its meanings, or
a word with a similar vector. Words weigh as the square of their vector's length, which grows with rarity.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from retrieval.embedders.starter import StarterEmbedder
from retrieval.lexicon import Lexicons
from retrieval.stopwords import STOP_WORDS
from retrieval.text import language, query_tokens, words
from retrieval.types import Matrix

UNRELATED = 0.25
"""Cosine of two words up to which one says nothing of the other."""
FAINT = 0.05
MAX_WORDS = 40
MAX_CHARACTERS = 400
CACHED = 8000

Wording = tuple[str, str]
"""(text, locale)"""


@dataclass(frozen=True, slots=True)
class Likeness:
    """`own`, `other`: the best cosine among wordings in the question's locale, and among those in others. `covered`: the
    share of the question's meaning that all wordings together say. `covering`: the largest share of one wording in the
    question's locale that the question says. All from 0 to 1."""

    own: float = 0.0
    other: float = 0.0
    covered: float = 0.0
    covering: float = 0.0


@dataclass(frozen=True, slots=True)
class _Told:
    """A text's words that carry meaning, their vectors of length 1, their weights, tokens and English stems."""

    words: tuple[str, ...]
    vectors: Matrix
    weights: Matrix
    tokens: tuple[frozenset[str], ...]
    stems: tuple[tuple[tuple[str, float], ...], ...]
    all_tokens: frozenset[str]
    all_stems: frozenset[str]


class Wordings:
    """Compares wordings. Keeps those it has seen; safe between threads."""

    def __init__(self, starter: StarterEmbedder, lexicons: Lexicons) -> None:
        self._starter = starter
        self._lexicons = lexicons
        self._told = functools.lru_cache(maxsize=CACHED)(self._tell)
        self._whole = functools.lru_cache(maxsize=CACHED)(self._embed)

    def likeness(self, asked: str, locale: str, wordings: Sequence[Wording]) -> Likeness:
        """What the wordings of one entry have in common with a question. All zero without wordings."""
        question = self._tell(asked[:MAX_CHARACTERS], locale)
        whole = self._embed(asked[:MAX_CHARACTERS])
        told = [(self._told(text[:MAX_CHARACTERS], lang), lang == locale) for text, lang in wordings]
        alike = [(float(self._whole(text[:MAX_CHARACTERS]) @ whole), lang == locale) for text, lang in wordings]
        return Likeness(
            own=max((max(0.0, cosine) for cosine, own in alike if own), default=0.0),
            other=max((max(0.0, cosine) for cosine, own in alike if not own), default=0.0),
            covered=_covered(question, told),
            covering=max((_covered(each, [(question, True)]) for each, own in told if own), default=0.0),
        )

    def _embed(self, text: str) -> Matrix:
        vector: Matrix = self._starter.embed_queries([text], [""])[0]
        return vector

    def _tell(self, text: str, locale: str) -> _Told:
        kept = _words(text, locale)
        raw = self._starter.word_vectors(kept)
        lengths = np.linalg.norm(raw, axis=1) if kept else np.zeros(0, dtype=np.float32)
        tokens = tuple(frozenset(query_tokens(word, locale)) for word in kept)
        stems = tuple(
            tuple((stem, weight) for stem, weight in self._lexicons.gloss(word, locale).items() if weight >= FAINT)
            for word in kept
        )
        return _Told(
            words=kept,
            vectors=raw / np.maximum(lengths, 1e-6)[:, None],
            weights=lengths**2,
            tokens=tokens,
            stems=stems,
            all_tokens=frozenset().union(*tokens),
            all_stems=frozenset(stem for each in stems for stem, _ in each),
        )


def _words(text: str, locale: str) -> tuple[str, ...]:
    """Each word once, without stop words unless there is nothing else; of Chinese and Japanese the bigrams."""
    code = language(locale)
    found = list(dict.fromkeys(words(text, locale)))
    if code in {"zh", "ja"}:
        found = [word for word in found if len(word) > 1] or found
    stop = STOP_WORDS.get(code, frozenset())
    return tuple([word for word in found if word not in stop][:MAX_WORDS] or found[:MAX_WORDS])


def _covered(asked: _Told, others: Sequence[tuple[_Told, bool]]) -> float:
    """The share of a text's weight that others say; the flag: in the same locale."""
    total = float(asked.weights.sum())
    if not total:
        return 0.0
    best = np.zeros(len(asked.words), dtype=np.float32)
    for other, same in others:
        if other.words:
            cosines = (asked.vectors @ other.vectors.T).max(axis=1)
            best = np.maximum(best, np.clip((cosines - UNRELATED) / (1.0 - UNRELATED), 0.0, 1.0))
        best = np.maximum(best, [_said(asked, place, other, same) for place in range(len(asked.words))])
    return float((asked.weights * best).sum()) / total


def _said(asked: _Told, place: int, other: _Told, same: bool) -> float:
    """How surely the other text holds a word: 1 by its stem, else the share of its meanings."""
    tokens, stems = asked.tokens[place], asked.stems[place]
    if same and tokens and tokens <= other.all_tokens:
        return 1.0
    total = sum(weight for _, weight in stems)
    return sum(weight for stem, weight in stems if stem in other.all_stems) / total if total else 0.0
