"""Several ranked lanes into one ranking of families: pure.

Weighted reciprocal rank fusion (Cormack, Clarke, Büttcher, SIGIR 2009), each place weighed by how much of the question
the hit covers: a family scores the sum over lanes of weight x strength / (K + rank). By rank alone the first of a lane
that finds next to nothing counts as much as one that meets every word: in a knowledge base of two languages a reader's
own language then drowns the other (see WEIGHTS).
"""

from collections.abc import Mapping, Sequence

from retrieval.types import Hit, LaneHit

K = 5.0
"""Smaller than the paper's 60: our lanes are few, unequally good, and their first ranks mean much."""
WEIGHTS: Mapping[str, float] = {"lexical": 1.0, "gloss": 1.5, "vector": 0.5}
"""Chosen with K and the strengths on XQuAD out of 288 combinations (a third of the questions), recall@1: six languages
into themselves 0.942, five into English 0.817; English and German passages mixed, questions in four languages: 0.779.
By rank alone (weights 1, 0.6, 0.15; K 3): 0.938, 0.806, 0.634, and an English question whose answer is in German has it
first in 1 % instead of 77 % (benchmarks.abstention)."""


def collapse(lane: Sequence[LaneHit]) -> list[LaneHit]:
    """The best entry of each family, in the lane's order."""
    seen: set[str] = set()
    return [hit for hit in lane if not (hit.family in seen or seen.add(hit.family))]  # type: ignore[func-returns-value]


def fuse(
    lanes: Mapping[str, Sequence[LaneHit]],
    limit: int,
    weights: Mapping[str, float] | None = None,
    k: float = K,
    attainable: Mapping[str, float] | None = None,
) -> list[Hit]:
    """At most `limit` families, best first; ties in the order of their keys, so that every backend gives one order.

    `attainable`: what a hit that covers the whole question scores in a lane (1 for cosines, and where a lane is not
    named); without it ranks alone count.
    A hit's key and locale are those of the entry that ranked best, the heavier lane deciding between equals.
    `evidence` is 0: the caller sets it.
    """
    given = WEIGHTS if weights is None else weights
    scores: dict[str, float] = {}
    best: dict[str, tuple[float, LaneHit]] = {}
    places: dict[str, dict[str, tuple[int, float]]] = {}
    for lane, ranking in lanes.items():
        weight = given.get(lane, 1.0)
        for rank, hit in enumerate(collapse(ranking), start=1):
            share = weight * _strength(hit.score, lane, attainable) / (k + rank)
            scores[hit.family] = scores.get(hit.family, 0.0) + share
            places.setdefault(hit.family, {})[lane] = (rank, hit.score)
            if hit.family not in best or share > best[hit.family][0]:
                best[hit.family] = (share, hit)
    order = sorted(scores, key=lambda family: (-scores[family], family))[:limit]
    return [Hit(best[f][1].key, f, best[f][1].locale, scores[f], evidence=0.0, lanes=places[f]) for f in order]


def _strength(score: float, lane: str, attainable: Mapping[str, float] | None) -> float:
    if attainable is None:
        return 1.0
    whole = attainable.get(lane, 1.0)
    return max(0.0, min(1.0, score / whole)) if whole > 0 else 0.0
