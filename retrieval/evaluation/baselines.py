"""Plain BM25, to compare with: stemmed words and nothing else, by a library that is not ours (bm25s, Lucene's variant).

Words are runs of letters and digits in lower case, stemmed by Snowball where it knows the language of the passages; in
scripts without spaces they are pairs of neighbouring characters. bm25s is wanted for measuring only.
"""

import functools
import logging
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import regex
import snowballstemmer

from retrieval.evaluation.labelled import LabelledPassage, LabelledQuestion
from retrieval.text import language
from retrieval.types import NotConfigured

DEPTH = 10
Rank = Callable[[LabelledQuestion], Sequence[str]]
"""A question -> passage ids, best first."""

_STEMMERS = {
    "ar": "arabic", "de": "german", "en": "english", "es": "spanish", "fr": "french", "it": "italian", "nl": "dutch",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "sv": "swedish", "tr": "turkish",
}  # fmt: skip
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_RUN = regex.compile(rf"[{_UNSPACED}]+|[\p{{L}}\p{{M}}\p{{N}}--[{_UNSPACED}]]+", regex.VERSION1)
_IS_UNSPACED = regex.compile(rf"[{_UNSPACED}]")


def bm25(passages: Sequence[LabelledPassage]) -> Rank:
    """A ranking of passages of one locale, title and text. NotConfigured without bm25s."""
    library = _library()
    stem = _stemmer(passages[0].locale if passages else "")
    index = library.BM25()
    index.index([_tokens(f"{each.title} {each.text}", stem) for each in passages], show_progress=False)

    def ranked(question: LabelledQuestion) -> list[str]:
        tokens = _tokens(question.question, stem)
        if not tokens:
            return []
        scores = index.get_scores(tokens)
        best = np.argsort(-scores, kind="stable")[:DEPTH]
        return [passages[place].id for place in best.tolist() if scores[place] > 0]

    return ranked


def has_bm25() -> bool:
    """Whether the library is installed."""
    try:
        _library()
    except NotConfigured:
        return False
    return True


def _library() -> Any:
    try:
        import bm25s
    except ImportError as error:
        raise NotConfigured("The baseline `bm25` needs the package bm25s: `pip install bm25s`.") from error
    logging.getLogger("bm25s").setLevel(logging.WARNING)  # it tells of every step, at the level of debugging, to stderr
    return bm25s


def _stemmer(locale: str) -> Callable[[str], str]:
    name = _STEMMERS.get(language(locale))
    return functools.lru_cache(maxsize=50_000)(snowballstemmer.stemmer(name).stemWord) if name else str


def _tokens(text: str, stem: Callable[[str], str]) -> list[str]:
    tokens: list[str] = []
    for run in _RUN.findall(text.lower()):
        if _IS_UNSPACED.match(run) and len(run) > 1:
            tokens += [run[at : at + 2] for at in range(len(run) - 1)]
        else:
            tokens.append(stem(run))
    return tokens
