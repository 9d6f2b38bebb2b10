"""How sure we are that a hit answers the question: a probability from what the lanes saw, comparable between questions.

Rank fusion orders hits and says nothing about how good they are. Evidence does: a logistic over the share of the
question's rarity (idf) that the entry covers, in its own words and as English stems, and over the cosine. The
coefficients and the floor belong to a recipe; they are stored with each generation, so an index brings its own.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

FLOOR = "floor"

DEFAULT: Mapping[str, float] = {"bias": -4.0, "covered": 4.0, "cosine": 4.0, "both": 1.0, FLOOR: 0.15}
"""For an embedder without coefficients of its own."""

BY_PROVIDER: Mapping[str, Mapping[str, float]] = {
    # Fitted on XQuAD, six languages, half of its passages taken away: 1,900 questions of the other half of the articles
    # give AUC 0.88. At the floor hardly a right passage is lost; whether what is composed answers is judged after.
    "starter": {"bias": -4.1, "covered": 7.3, "cosine": 5.0, "both": -3.5, FLOOR: 0.12},
}


@dataclass(frozen=True, slots=True)
class Signals:
    """What is known of one hit. `lexical`, `gloss`: covered share of the question's idf, 0 to 1; `cosine`: -1 to 1."""

    lexical: float = 0.0
    gloss: float = 0.0
    cosine: float = 0.0


def calibration_of(provider: str) -> dict[str, float]:
    """The coefficients and floor to store with a generation of an embedder's recipe."""
    return dict(BY_PROVIDER.get(provider, DEFAULT))


def evidence(signals: Signals, calibration: Mapping[str, float]) -> float:
    """Probability from 0 to 1. Unknown or missing coefficients count as the defaults."""
    values = {**DEFAULT, **calibration}
    covered = max(signals.lexical, signals.gloss)
    logit = (
        values["bias"]
        + values["covered"] * covered
        + values["cosine"] * max(signals.cosine, 0.0)
        + values["both"] * min(signals.lexical, signals.gloss)
    )
    return 1.0 / (1.0 + math.exp(-max(min(logit, 50.0), -50.0)))


def floor(calibration: Mapping[str, float]) -> float:
    return float(calibration.get(FLOOR, DEFAULT[FLOOR]))
