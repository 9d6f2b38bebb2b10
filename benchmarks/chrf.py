"""chrF of translations: the F-score of character n-grams up to six, recall weighing twice (Popović 2015, W15-3049).

As sacrebleu counts it by default: without white space, n-grams of all segments together, precision and recall averaged
over the orders before the F-score is taken.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

ORDERS = 6
BETA = 2.0

Counts = npt.NDArray[np.float64]


def counts(output: str, reference: str) -> Counts:
    """Shape (ORDERS, 3): n-grams in the output, in the reference, in both."""
    rows = []
    for order in range(1, ORDERS + 1):
        ours, theirs = _grams(output, order), _grams(reference, order)
        rows.append((sum(ours.values()), sum(theirs.values()), sum((ours & theirs).values())))
    return np.array(rows, dtype=np.float64)


def _grams(text: str, order: int) -> Counter[str]:
    letters = "".join(text.split())
    return Counter(letters[at : at + order] for at in range(len(letters) - order + 1))


def score(summed: Counts) -> float:
    """0 to 100, of counts added up over the segments."""
    used = summed[(summed[:, 0] > 0) & (summed[:, 1] > 0)]
    if not len(used):
        return 0.0
    precision, recall = float((used[:, 2] / used[:, 0]).mean()), float((used[:, 2] / used[:, 1]).mean())
    weighed = BETA**2 * precision + recall
    return 100 * (1 + BETA**2) * precision * recall / weighed if weighed else 0.0


def corpus(outputs: Sequence[str], references: Sequence[str]) -> float:
    """0 to 100."""
    return score(np.sum([counts(*pair) for pair in zip(outputs, references, strict=True)], axis=0))


def difference(ours: Sequence[str], theirs: Sequence[str], references: Sequence[str]) -> tuple[float, float]:
    """The middle 95 % of chrF(ours) - chrF(theirs) over 1,000 resamplings of the segments (paired bootstrap)."""
    mine = np.array([counts(*pair) for pair in zip(ours, references, strict=True)])
    other = np.array([counts(*pair) for pair in zip(theirs, references, strict=True)])
    draw = np.random.default_rng(0)
    found = []
    for _ in range(1000):
        at = draw.integers(0, len(mine), len(mine))
        found.append(score(mine[at].sum(axis=0)) - score(other[at].sum(axis=0)))
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)
