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
NEAR = 4
"""So many wordings tell whether an entry as a whole is near: one alone may be so by chance."""
MAX_WORDS = 40
MAX_CHARACTERS = 400
CACHED = 8000
QUESTIONS = 16
"""As many as may be asked at once."""

Wording = tuple[str, str]
"""(text, locale)"""


@dataclass(frozen=True, slots=True)
class Likeness:
    """`own`, `other`: the best cosine among wordings in the question's locale, and among those in others. `near`: the mean
    of the best cosines, NEAR of them where there are as many, in whatever locale, from -1 to 1. `covered`: the share of the
    question's meaning that all wordings together say. `alone`: the same, where what several of the entries compared say is
    shared among them. `covering`: the largest share of one wording in the question's locale that the question says. From
    0 to 1. `words`: of the question, those that carry meaning."""

    own: float = 0.0
    other: float = 0.0
    near: float = 0.0
    covered: float = 0.0
    alone: float = 0.0
    covering: float = 0.0
    words: int = 0


@dataclass(frozen=True, slots=True)
class _Told:
    """A text's words that carry meaning, their vectors of length 1, their weights, tokens and English stems."""

    words: tuple[str, ...]
    vectors: Matrix
    weights: Matrix
    tokens: tuple[frozenset[str], ...]
    stems: tuple[tuple[tuple[str, float], ...], ...]
    totals: tuple[float, ...]
    all_tokens: frozenset[str]
    all_stems: frozenset[str]


class Wordings:
    """Compares wordings. Keeps those it has seen; safe between threads."""

    def __init__(self, starter: StarterEmbedder, lexicons: Lexicons) -> None:
        self._starter = starter
        self._lexicons = lexicons
        self._told = functools.lru_cache(maxsize=CACHED)(self._tell)
        self._whole = functools.lru_cache(maxsize=CACHED)(self._embed)
        # A question is compared with one entry after the other; it must not push their wordings out.
        self._asked = functools.lru_cache(maxsize=QUESTIONS)(self._tell)
        self._asked_whole = functools.lru_cache(maxsize=QUESTIONS)(self._embed)

    def likeness(self, asked: str, locale: str, wordings: Sequence[Wording]) -> Likeness:
        """What the wordings of one entry have in common with a question. All shares zero without wordings."""
        return self.compare(asked, locale, [wordings])[0]

    def compare(self, asked: str, locale: str, entries: Sequence[Sequence[Wording]]) -> list[Likeness]:
        """The same for several entries at once, each also by what only it says; in their order."""
        question = self._asked(asked[:MAX_CHARACTERS], locale)
        flat = [(text[:MAX_CHARACTERS], lang) for wordings in entries for text, lang in wordings]
        own = np.array([lang == locale for _, lang in flat], dtype=bool)
        told = [self._told(text, lang) for text, lang in flat]
        entry = np.repeat(np.arange(len(entries)), [len(wordings) for wordings in entries])
        said, saying = _said_both(question, told, own)
        by_entry = np.zeros((len(entries), len(question.words)), dtype=np.float32)
        np.maximum.at(by_entry, entry, said)
        shares = question.weights / max(float(question.weights.sum()), 1e-9)
        alone = (by_entry / np.maximum(by_entry.sum(axis=0), 1.0)) @ shares
        whole = self._asked_whole(asked[:MAX_CHARACTERS])
        alike = np.array([self._whole(text) for text, _ in flat]) @ whole if flat else np.zeros(0)
        return [
            Likeness(
                own=_most(alike[here & own]),
                other=_most(alike[here & ~own]),
                near=float(np.sort(alike[here])[-NEAR:].mean()) if here.any() else 0.0,
                covered=float(by_entry[place] @ shares),
                alone=float(alone[place]),
                covering=_most(saying[here & own]),
                words=len(question.words),
            )
            for place in range(len(entries))
            for here in (entry == place,)
        ]

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
            totals=tuple(sum(weight for _, weight in each) for each in stems),
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


def _most(values: Matrix) -> float:
    return max(0.0, float(values.max())) if len(values) else 0.0


def _said_both(asked: _Told, told: Sequence[_Told], own: Matrix) -> tuple[Matrix, Matrix]:
    """How surely each wording says each word of the question, (wordings, words) from 0 to 1; and the share of each wording
    that the question says, (wordings,). `own`: which wordings are in the question's locale."""
    said = np.zeros((len(told), len(asked.words)), dtype=np.float32)
    saying = np.zeros(len(told), dtype=np.float32)
    worded = [place for place, each in enumerate(told) if each.words]
    if not worded or not asked.words:
        return said, saying
    starts = np.cumsum([0, *(len(told[place].words) for place in worded)])
    cosines = asked.vectors @ np.concatenate([told[place].vectors for place in worded]).T
    like = np.clip((cosines - UNRELATED) / (1.0 - UNRELATED), 0.0, 1.0)
    said[worded] = np.maximum.reduceat(like, starts[:-1], axis=1).T
    best = like.max(axis=0)
    for place, start, end in zip(worded, starts[:-1], starts[1:], strict=True):
        each, same = told[place], bool(own[place])
        said[place] = np.maximum(said[place], [_said(asked, at, each, same) for at in range(len(asked.words))])
        if same:
            back = np.maximum(best[start:end], [_said(each, at, asked, True) for at in range(len(each.words))])
            saying[place] = float(each.weights @ back) / max(float(each.weights.sum()), 1e-9)
    return said, saying


def _said(asked: _Told, place: int, other: _Told, same: bool) -> float:
    """How surely the other text holds a word: 1 by its stem, else the share of its meanings."""
    tokens, stems = asked.tokens[place], asked.stems[place]
    if same and tokens and tokens <= other.all_tokens:
        return 1.0
    held = [weight for stem, weight in stems if stem in other.all_stems]
    return sum(held) / asked.totals[place] if held else 0.0
