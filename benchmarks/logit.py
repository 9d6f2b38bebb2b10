"""A conditional logit: which of several candidates is chosen, by a weighted sum of what is known of each: pure.

Used to fit the weights of faq.queries.matching, retrieval.fusion and faq.composition.sureness. "None of them" can be a
choice, worth 0; with one candidate and none this is a logistic regression. Adam (Kingma, Ba, arXiv:1412.6980) on all data
at once, a small penalty on large weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

STEPS = 800
RATE = 0.15
OUT = -1e9


@dataclass(frozen=True, slots=True)
class Choice:
    """`signals`: one row for each candidate. `right`: the place of the chosen one; -1: none of them. `worth`: how much
    this choice counts."""

    signals: Array
    right: int
    worth: float = 1.0


@dataclass(frozen=True, slots=True)
class Fitted:
    """`bias` is added to every candidate; what it is compared with, none of them, is 0."""

    weights: Array
    bias: float

    def shares(self, signals: Array, *, none: bool = True) -> Array:
        """The probability of each candidate; with `none`, that of none of them last."""
        values = signals @ self.weights + self.bias if len(signals) else np.zeros(0)
        values = np.append(values, 0.0) if none else values
        powers = np.exp(values - values.max(initial=0.0))
        return np.asarray(powers / powers.sum())


def fit(choices: Sequence[Choice], *, penalty: float, none: bool = True) -> Fitted:
    """The weights under which the choices made are most likely. Without `none`, choices of none are left out."""
    used = [choice for choice in choices if len(choice.signals) and (none or choice.right >= 0)]
    wide, deep = used[0].signals.shape[1], max(len(choice.signals) for choice in used)
    table = np.zeros((len(used), deep + 1, wide + 1))
    there = np.zeros((len(used), deep + 1), dtype=bool)
    for place, choice in enumerate(used):
        held = len(choice.signals)
        table[place, :held, :wide], table[place, :held, wide], there[place, :held] = choice.signals, 1.0, True
    there[:, deep] = none
    right = np.array([choice.right if choice.right >= 0 else deep for choice in used])
    worth = np.array([choice.worth for choice in used])[:, None]
    weights = np.zeros(wide + 1)
    mean, square, steady = np.zeros_like(weights), np.zeros_like(weights), np.full(wide + 1, penalty)
    steady[wide] = 0.0
    for step in range(1, STEPS + 1):
        values = np.where(there, table @ weights, OUT)
        powers = np.exp(values - values.max(axis=1, keepdims=True))
        off = powers / powers.sum(axis=1, keepdims=True)
        off[np.arange(len(used)), right] -= 1.0
        gradient = np.einsum("nm,nmf->f", off * worth, table) / worth.sum() + steady * weights
        mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        weights -= RATE * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    return Fitted(weights[:wide], float(weights[wide]) if none else 0.0)


def folds(groups: Sequence[str], count: int) -> list[list[int]]:
    """Places parted so that a group is whole in one part: what is learnt of an article is not tested on it."""
    names = sorted(set(groups))
    part = {name: place % count for place, name in enumerate(names)}
    return [[place for place, group in enumerate(groups) if part[group] == fold] for fold in range(count)]
