"""How sure we are that a hit answers the question: a probability from what the lanes saw, comparable between questions.

Rank fusion orders hits and says nothing about how good they are. Evidence does: a logistic over the share of the
question's rarity (idf) that the entry covers, in its own words and as English stems, and over the cosine. A hit in the
asker's language is judged by other coefficients than one in another, which shares no words and whose stems went through
a lexicon. The coefficients and the floor belong to a recipe; they are stored with each generation, so an index brings
its own.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

FLOOR = "floor"

DEFAULT: Mapping[str, float] = {
    "bias": -5.0, "lexical": 7.0, "gloss": 3.0, "cosine": 4.0,
    "away_bias": -5.0, "away_gloss": 10.0, "away_cosine": 6.0,
    FLOOR: 0.05,
}  # fmt: skip
"""For an embedder without coefficients of its own."""

BY_PROVIDER: Mapping[str, Mapping[str, float]] = {
    # Fitted on XQuAD (`python -m benchmarks.sureness`), with and without a fifth of its articles, 5,200 questions in six
    # languages: the passage cited is right, or its article is away. Cross-validated by article, AUC 0.986 at home and
    # 0.890 away; with one formula for both 0.977 and 0.881. Below the floor fall 1 % of the right passages;
    # in a portal of one page rarity tells little, and evidence is low.
    "starter": {
        "bias": -7.2, "lexical": 10.8, "gloss": 3.3, "cosine": 4.5,
        "away_bias": -4.7, "away_gloss": 13.7, "away_cosine": 7.1,
        FLOOR: 0.05,
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Signals:
    """What is known of one hit. `lexical`, `gloss`: covered share of the question's idf, 0 to 1; `cosine`: -1 to 1;
    `home`: it is there in the asker's language."""

    lexical: float = 0.0
    gloss: float = 0.0
    cosine: float = 0.0
    home: bool = True


def calibration_of(provider: str) -> dict[str, float]:
    """The coefficients and floor to store with a generation of an embedder's recipe."""
    return dict(BY_PROVIDER.get(provider, DEFAULT))


def evidence(signals: Signals, calibration: Mapping[str, float]) -> float:
    """Probability from 0 to 1. Unknown or missing coefficients count as the defaults."""
    values = {**DEFAULT, **calibration}
    cosine = max(signals.cosine, 0.0)
    if signals.home:
        logit = (
            values["bias"]
            + values["lexical"] * signals.lexical
            + values["gloss"] * signals.gloss
            + values["cosine"] * cosine
        )
    else:
        logit = values["away_bias"] + values["away_gloss"] * signals.gloss + values["away_cosine"] * cosine
    return 1.0 / (1.0 + math.exp(-max(min(logit, 50.0), -50.0)))


def floor(calibration: Mapping[str, float]) -> float:
    return float(calibration.get(FLOOR, DEFAULT[FLOOR]))
