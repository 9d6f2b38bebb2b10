"""Which published questions a visitor's question repeats, in other words or another language.

The same words after normalising are certain. Else two questions are as alike as their vectors, the rarer of their words
(in one language) or English stems (across languages) say, less when one denies what the other does not, or asks for
another kind of answer. The weights were fitted on the wordings of the demonstration in nine languages, so that a
question whose own entry is taken away matches another one rarely, and questions about other things never.
"""

import functools
import math
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q

from faq.composition.expectation import expected, negates
from faq.enums import State
from faq.gateways import retrieval
from faq.models import Phrasing
from faq.queries.payloads import Text, reading
from retrieval.text import normalise, query_tokens
from retrieval.types import Hit

SAME = {"cosine": 6.0, "words": 3.0, "stems": 2.0, "bias": -6.0}
ACROSS = {"cosine": 2.2, "words": 0.0, "stems": 9.9, "bias": -3.8}
OTHER_KIND = 1.5
DENIED = 1.5
STEM_FLOOR = 0.05
FEW = 20
"""Rarity is counted as if there were at least so many wordings."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A published question near the one asked. `likeness`: from 0 to 1; 1: the same words."""

    question_id: int
    key: str
    text: Text
    likeness: float


def candidates(text: str, tag: str, hits: Sequence[Hit]) -> list[Candidate]:
    """The questions behind hits among wordings, the most alike first; one query."""
    reader = reading(tag)
    families = [int(hit.family[1:]) for hit in hits if hit.family[1:].isdecimal()]
    keys = [int(part) for hit in hits if (part := hit.key.rpartition("-")[2]).isdecimal()]
    rows = list(
        Phrasing.objects.filter(
            Q(locale_id__in=reader.chain) | Q(pk__in=keys) | Q(canonical=True, locale_id=reader.default),
            question_id__in=families,
            question__state=State.PUBLISHED,
        ).select_related("question")
    )
    likeness = dict(zip([row.pk for row in rows], _likeness(text, tag, rows), strict=True))
    found = []
    for pk in dict.fromkeys(families):
        own = [row for row in rows if row.question_id == pk]
        if own:
            worded = reader.worded(own) or reader.text(own[0].text, own[0].locale_id)
            found.append(Candidate(pk, own[0].question.key, worded, max(likeness[row.pk] for row in own)))
    return sorted(found, key=lambda candidate: -candidate.likeness)


def same_words(text: str) -> str:
    """Equal for texts that differ in case, spaces and marks at the end only."""
    return unicodedata.normalize("NFKC", normalise(text)).casefold().strip(" ?!.。？！؟¿¡…'\"")


def _likeness(text: str, tag: str, rows: Sequence[Phrasing]) -> list[float]:
    wanted = same_words(text)
    cosines = _cosines(text, tag, rows)
    words = [_words(row.text, row.locale_id) if row.locale_id == tag else frozenset() for row in rows]
    stems = [_stems(row.text, row.locale_id) for row in rows]
    asked_words, asked_stems = _words(text, tag), _stems(text, tag)
    rare_word = _rarity(words, sum(1 for row in rows if row.locale_id == tag))
    rare_stem = _rarity(stems, len(rows))
    found = []
    for row, cosine, held, glossed in zip(rows, cosines, words, stems, strict=True):
        if same_words(row.text) == wanted:
            found.append(1.0)
            continue
        same = row.locale_id == tag
        shared_words = _shared(dict.fromkeys(asked_words, 1.0), dict.fromkeys(held, 1.0), rare_word)
        shared_stems = _shared(asked_stems, glossed, rare_stem)
        weights = SAME if same else ACROSS
        value = weights["bias"] + weights["cosine"] * cosine
        value += weights["words"] * min(shared_words)
        value += weights["stems"] * (min(shared_stems) if same else math.sqrt(shared_stems[0] * shared_stems[1]))
        found.append(_logistic(value - _difference(text, row.text)))
    return found


def _difference(one: str, other: str) -> float:
    """What tells two questions of the same words apart."""
    kinds = expected(one), expected(other)
    unlike = bool(kinds[0] and kinds[1] and not kinds[0] & kinds[1])
    return OTHER_KIND * unlike + DENIED * (negates(one) != negates(other))


def _cosines(text: str, tag: str, rows: Sequence[Phrasing]) -> list[float]:
    found = [0.0] * len(rows)
    with retrieval.mapped():
        for locale in {row.locale_id for row in rows}:
            places = [place for place, row in enumerate(rows) if row.locale_id == locale]
            values = retrieval.retriever().similarity([text], tag, [rows[place].text for place in places], locale)
            for place, value in zip(places, values, strict=True):
                found[place] = max(0.0, value)
    return found


def _words(text: str, locale: str) -> frozenset[str]:
    return frozenset(query_tokens(text, locale))


def _stems(text: str, locale: str) -> dict[str, float]:
    retriever = retrieval.retriever()
    return _stemmed(retriever.recipe, text, locale)


@functools.lru_cache(maxsize=4000)
def _stemmed(recipe: str, text: str, locale: str) -> dict[str, float]:
    # English stems of wordings, which are few and come back with every question near them.
    with retrieval.mapped():
        glossed = retrieval.retriever().gloss(text, locale)
    return {stem: weight for stem, weight in glossed.items() if weight >= STEM_FLOOR}


def _rarity(texts: Sequence[Collection[str]], count: int) -> dict[str, float]:
    seen = Counter(token for tokens in texts for token in tokens)
    total = max(FEW, count)
    rarity = {token: math.log(1 + total / (1 + times)) for token, times in seen.items()}
    rarity[""] = math.log(1 + total)
    return rarity


def _shared(asked: Mapping[str, float], held: Mapping[str, float], rarity: Mapping[str, float]) -> tuple[float, float]:
    """The shares of either text's weight that the other one holds too."""
    rarest = rarity[""]
    both = sum(min(weight, held[token]) * rarity.get(token, rarest) for token, weight in asked.items() if token in held)
    ours = sum(weight * rarity.get(token, rarest) for token, weight in asked.items())
    theirs = sum(weight * rarity.get(token, rarest) for token, weight in held.items())
    return (both / ours, both / theirs) if ours and theirs else (0.0, 0.0)


def _logistic(value: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-50.0, min(50.0, value))))
