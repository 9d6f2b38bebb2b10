"""Several ranked lanes into one ranking of families: pure.

Weighted reciprocal rank fusion (Cormack, Clarke, Büttcher, SIGIR 2009): a family scores the sum over lanes of
weight / (K + rank). Ranks compare between lanes and backends where scores do not.
"""

from collections.abc import Mapping, Sequence

from retrieval.types import Hit, LaneHit

K = 3.0
"""Smaller than the paper's 60: our lanes are few, unequally good, and their first ranks mean much."""
WEIGHTS: Mapping[str, float] = {"lexical": 1.0, "gloss": 0.6, "vector": 0.15}
"""Chosen with K on XQuAD's odd articles out of 80 combinations, checked on the even ones (recall@1, six languages into
themselves and five into English): 0.95 / 0.81 odd, 0.94 / 0.80 even; K of 60 with equal weights: see
docs/explanation/retrieval.md. Same-language words are the surest sign, vectors the least sure for passages."""


def collapse(lane: Sequence[LaneHit]) -> list[LaneHit]:
    """The best entry of each family, in the lane's order."""
    seen: set[str] = set()
    return [hit for hit in lane if not (hit.family in seen or seen.add(hit.family))]  # type: ignore[func-returns-value]


def fuse(
    lanes: Mapping[str, Sequence[LaneHit]], limit: int, weights: Mapping[str, float] | None = None, k: float = K
) -> list[Hit]:
    """At most `limit` families, best first; ties in the order of their keys, so that every backend gives one order.

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
            share = weight / (k + rank)
            scores[hit.family] = scores.get(hit.family, 0.0) + share
            places.setdefault(hit.family, {})[lane] = (rank, hit.score)
            if hit.family not in best or share > best[hit.family][0]:
                best[hit.family] = (share, hit)
    order = sorted(scores, key=lambda family: (-scores[family], family))[:limit]
    return [Hit(best[f][1].key, f, best[f][1].locale, scores[f], evidence=0.0, lanes=places[f]) for f in order]
