"""Figures of one question and of many: pure, and the same for every run.

Of one question: `ranked` are passage ids, best first. Of many: values grouped by the passage that their question is about.
Questions about one passage are found or missed together, so the bootstrap draws passages, not questions; drawing
questions would promise more certainty than there is.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 2000
CONFIDENCE = 0.95
SEED = 20
BINS = 10


def recall_at_k(ranked: Sequence[str], wanted: str, k: int) -> float:
    """1 when the wanted id is among the first k, else 0."""
    return 1.0 if wanted in ranked[:k] else 0.0


def mrr(ranked: Sequence[str], wanted: str) -> float:
    """The reciprocal of the wanted id's rank; 0 when it is not there."""
    return 1.0 / (ranked.index(wanted) + 1) if wanted in ranked else 0.0


def ndcg_at_10(ranked: Sequence[str], gains: Mapping[str, float]) -> float:
    """Discounted gain of the first ten over the best that is possible; 0 without any gain to be had."""
    got = sum(gains.get(one, 0.0) / math.log2(place + 2) for place, one in enumerate(dict.fromkeys(ranked[:10])))
    best = sorted((gain for gain in gains.values() if gain > 0), reverse=True)[:10]
    ideal = sum(gain / math.log2(place + 2) for place, gain in enumerate(best))
    return got / ideal if ideal else 0.0


def answer_hit(answer: str, spans: Sequence[str]) -> float:
    """1 when the answer holds one of the spans, case and white space aside, else 0."""
    told = loose(answer)
    return 1.0 if any(loose(span) and loose(span) in told for span in spans) else 0.0


def loose(text: str) -> str:
    """The text without differences of case and white space."""
    return " ".join(text.casefold().split())


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of all do not exceed; 0 for none."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)] if values else 0.0


def share(values: Sequence[float], among: Sequence[float] | None = None) -> float | None:
    """The mean, or the sum over that of `among`; None where there is nothing to divide by."""
    whole = len(values) if among is None else sum(among)
    return round(sum(values) / whole, 4) if whole else None


def interval(
    values: Sequence[float], groups: Sequence[str], among: Sequence[float] | None = None
) -> tuple[float, float] | None:
    """Between which the share lies with 95 % confidence: bootstrap over groups, percentile method. None without values.

    `groups[i]`: what values[i] belongs to; values of one group are drawn together. The same input gives the same result.
    """
    if not values:
        return None
    places = {name: place for place, name in enumerate(dict.fromkeys(groups))}
    index = np.array([places[name] for name in groups])
    sums = np.bincount(index, weights=np.asarray(values, dtype=float), minlength=len(places))
    wholes = np.bincount(
        index, weights=None if among is None else np.asarray(among, dtype=float), minlength=len(places)
    )
    drawn = np.random.default_rng(SEED).integers(0, len(places), (RESAMPLES, len(places)))
    divisors = wholes[drawn].sum(axis=1)
    shares = sums[drawn].sum(axis=1)[divisors > 0] / divisors[divisors > 0]
    if not len(shares):
        return None
    if among is None and len(set(values)) == 1 and values[0] in (0.0, 1.0):
        # Drawing from what is all alike says nothing of what was not seen: the exact bound for so many groups does.
        unseen = round(1.0 - ((1 - CONFIDENCE) / 2) ** (1.0 / len(places)), 4)
        return (0.0, unseen) if values[0] == 0.0 else (round(1.0 - unseen, 4), 1.0)
    low, high = np.quantile(shares, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return round(float(low), 4), round(float(high), 4)


@dataclass(frozen=True, slots=True)
class Promise:
    """A probability that was told, from 0 to 1, and whether what it was told of came true."""

    told: float
    true: bool


def reliability(promises: Sequence[Promise], bins: int = BINS) -> list[dict[str, float]]:
    """For each tenth of told probabilities that occurs: `from`, `to`, `n`, mean `told`, share `true`."""
    held: dict[int, list[Promise]] = {}
    for promise in promises:
        held.setdefault(min(bins - 1, int(promise.told * bins)), []).append(promise)
    return [
        {
            "from": place / bins,
            "to": (place + 1) / bins,
            "n": len(each),
            "told": round(sum(promise.told for promise in each) / len(each), 4),
            "true": round(sum(promise.true for promise in each) / len(each), 4),
        }
        for place, each in sorted(held.items())
    ]


def calibration_error(table: Sequence[Mapping[str, float]]) -> float:
    """How far told and true lie apart on average, each row by its n (expected calibration error)."""
    whole = sum(row["n"] for row in table)
    return round(sum(row["n"] * abs(row["told"] - row["true"]) for row in table) / whole, 4) if whole else 0.0
