"""Content gaps: which unanswered questions ask for the same, and how they stand.

Two questions are compared by what they say, not by their spelling: how near their static vectors are, and how much of each
one's meaning the other says, across languages by the lexicons. What only one of several compared says weighs most, so that a
question is compared with the NEAREST only, however many wait. The weights are a logistic regression on pairs of the
paraphrases of the demonstration's questions in nine languages (`python -m benchmarks.gaps`, which cross-validates them); they
were set so that four of five put together are the same question, at the price of leaving two of three apart.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass

from faq.composition.expectation import expected, negates
from faq.gateways import retrieval

NEAREST = 24
"""As many wordings are compared closely; what is unlike those says nothing."""
UNLIKE = -3.0
"""What a wording of a gap is worth that is not among the NEAREST."""
TOGETHER = 1.0
"""Above, two of a gap's wordings on average, one joins it."""

Worded = tuple[str, str]
"""(text, locale)"""


@dataclass(frozen=True, slots=True)
class Alike:
    """What two wordings share, from 0 to 1. `own`, `other`: the cosine of their vectors, in one language or in two; `covered`,
    `least`: of the shares of one that the other says, the mean and the lower one; `alone`: the share that no other of those
    compared says as well; `same`: in one language; `kind`: both ask for the same kind of answer; `denied`: one of them denies."""

    own: float
    other: float
    covered: float
    least: float
    alone: float
    same: float
    kind: float
    denied: float


WEIGHTS = Alike(own=3.5, other=3.2, covered=5.5, least=2.5, alone=8.2, same=-4.8, kind=1.0, denied=-1.9)
BIAS = -3.55


def value(alike: Alike) -> float:
    """The log odds that two wordings ask the same, as far as the weights know."""
    pairs = zip(astuple(WEIGHTS), astuple(alike), strict=True)
    return BIAS + float(sum(weight * share for weight, share in pairs))


def compare(asked: Worded, others: Sequence[Worded]) -> dict[int, Alike]:
    """By place, those of the others that are nearest to a question, NEAREST at most. Unavailable when the library is."""
    if not others:
        return {}
    with retrieval.mapped():
        retriever = retrieval.retriever()
        here = retriever.compare(*asked, [[other] for other in others])
        back = [retriever.compare(*other, [[asked]])[0].covered for other in others]
        near = sorted(range(len(others)), key=lambda n: (-(here[n].covered + back[n] + here[n].near), n))[:NEAREST]
        close = retriever.compare(*asked, [[others[n]] for n in near])
    wanted, denies = expected(asked[0]), negates(asked[0])
    found = {}
    for n, like in zip(near, close, strict=True):
        same = float(others[n][1] == asked[1])
        found[n] = Alike(
            own=here[n].near * same,
            other=here[n].near * (1.0 - same),
            covered=(here[n].covered + back[n]) / 2,
            least=min(here[n].covered, back[n]),
            alone=like.alone,
            same=same,
            kind=float(bool(wanted & expected(others[n][0]))),
            denied=float(denies != negates(others[n][0])),
        )
    return found


def joined(values: Mapping[int, float], gap_of: Sequence[int], least: float = TOGETHER) -> int | None:
    """The gap that a question joins, by the values of some wordings, by place, and the gap of each; None for one of its own.

    A gap is worth the mean of its best two wordings: one alone may be alike by chance, and all of them would keep apart
    what is worded in many ways. Above `least`; the first of equals.
    """
    by_gap: dict[int, list[float]] = defaultdict(list)
    for place, gap in enumerate(gap_of):
        by_gap[gap].append(values.get(place, UNLIKE))
    best = {gap: sum(sorted(each)[-2:]) / len(each[-2:]) for gap, each in by_gap.items()}
    found = max(best, key=lambda gap: best[gap], default=None)
    return found if found is not None and best[found] > least else None
