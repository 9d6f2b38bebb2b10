"""Several ranked lanes into one ranking of families: pure.

Weighted reciprocal rank fusion (Cormack, Clarke, Büttcher, SIGIR 2009), each place weighed by how much of the question
the hit covers, and beside it how near the hit comes to the best one of its lane (Bruch, Gai, Ingber, arXiv:2210.11934):

    score = sum over lanes of  weight x strength / (K + rank)  +  nearness x score / best score of the lane

A hit in the asker's language is met by all lanes, one in another only by some, and even the same content gives it less.
So what nearness is worth depends on that, and ABROAD makes up for the rest. By rank alone the first of a lane that finds
next to nothing counts as much as one that meets every word: in a knowledge base of two languages a reader's own language
then drowns the other.
"""

from collections.abc import Mapping, Sequence

from retrieval.types import Hit, LaneHit

K = 5.0
"""Smaller than the paper's 60: our lanes are few, unequally good, and their first ranks mean much."""
WEIGHTS: Mapping[str, float] = {"lexical": 1.0, "gloss": 1.5, "vector": 0.5}
AT_HOME: Mapping[str, float] = {"lexical": 0.216, "gloss": 0.080, "vector": 0.068}
AWAY: Mapping[str, float] = {"gloss": 0.357, "vector": 0.123}
ABROAD = 0.222
"""What nearness to a lane's best hit is worth in the asker's language and in another, and what a hit in another has
ahead. A conditional logit (`python -m benchmarks.fusion`) over 10,000 searches of XQuAD's questions: six languages into
themselves, into English, and four knowledge bases of two languages. Cross-validated by article, recall@1 before and
after: own language 0.940, 0.948; into English 0.847 (0.817 before); German questions whose answer is in the English half
of a mixed knowledge base 0.385, 0.82; English ones into its German half 0.75, 0.91."""


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
    locale: str = "",
) -> list[Hit]:
    """At most `limit` families, best first; ties in the order of their keys, so that every backend gives one order.

    `attainable`: what a hit that covers the whole question scores in a lane (1 for cosines, and where a lane is not
    named); without it ranks alone count. `locale`: the asker's; a family is at home when a lane has it in that.
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
    if attainable is not None:
        tops = {lane: max((hit.score for hit in ranking), default=0.0) for lane, ranking in lanes.items()}
        home = {hit.family for ranking in lanes.values() for hit in ranking if hit.locale == locale}
        for family, held in places.items():
            scores[family] += _nearness(held, tops, at_home=family in home)
    order = sorted(scores, key=lambda family: (-scores[family], family))[:limit]
    return [Hit(best[f][1].key, f, best[f][1].locale, scores[f], evidence=0.0, lanes=places[f]) for f in order]


def _nearness(held: Mapping[str, tuple[int, float]], tops: Mapping[str, float], *, at_home: bool) -> float:
    worth = AT_HOME if at_home else AWAY
    near = sum(
        worth.get(lane, 0.0) * max(0.0, score) / tops[lane] for lane, (_, score) in held.items() if tops[lane] > 0
    )
    return near if at_home else near + ABROAD


def _strength(score: float, lane: str, attainable: Mapping[str, float] | None) -> float:
    if attainable is None:
        return 1.0
    whole = attainable.get(lane, 1.0)
    return max(0.0, min(1.0, score / whole)) if whole > 0 else 0.0
