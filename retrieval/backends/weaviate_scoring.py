"""BM25 over what a Weaviate server has found, so that both backends give the same scores: pure.

A server counts words over a whole shard and knows no weights of tokens. Ours are counted in the asked locales
(docs/adr/0002): with them evidence is calibrated. So the server chooses candidates, steered towards our weights by
repeating tokens, and their scores are computed here from their own tokens.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from retrieval.backends.embedded_postings import K1, MAX_TERM_FREQUENCY, B
from retrieval.backends.embedded_snapshot import inverse_frequency
from retrieval.backends.weaviate_fields import tokens_of
from retrieval.backends.weaviate_wire import Row
from retrieval.types import LaneHit

STEPS = 16
"""Repetitions of the heaviest token: weights reach the server in sixteenths of it."""


def steering(
    weights: Mapping[str, float], counts: Mapping[str, int], holders: Mapping[str, float], total: int, everywhere: int
) -> str:
    """A query that lets the server weigh words about as we do.

    `counts`, `total`: of the asked locales. `everywhere`: entries in all locales, and `holders`: in how many of the asked
    locales a token is; the server takes for its own idf a token's mean count in those among all entries.
    """
    wanted = {
        token: weight
        * inverse_frequency(total, counts[token])
        / inverse_frequency(everywhere, round(counts[token] / holders.get(token, 1)))
        for token, weight in weights.items()
        if weight > 0 and counts.get(token)
    }
    most = max(wanted.values(), default=0.0)
    return " ".join(" ".join([token] * max(1, round(STEPS * worth / most))) for token, worth in wanted.items())


def scored(
    rows: Sequence[Row],
    field: str,
    weights: Mapping[str, float],
    counts: Mapping[str, int],
    total: int,
    means: Mapping[str, float],
) -> list[LaneHit]:
    """Best first; equal scores by key. `means`: locale -> mean length of the field.

    The steps and their precision are those of Snapshot.bm25, to the bit: what scores the same there must do so here, or
    rounding decides between entries that are equally good.
    """
    said = [tokens_of(row.properties, field) for row in rows]
    locales = [str(row.properties["locale"]) for row in rows]
    lengths = np.array([each.count(" ") + 1 if each else 0 for each in said], dtype=np.float32)
    mean = np.array([means.get(each) or 0.0 for each in locales], dtype=np.float32)
    saturation = K1 * (1 - B + B * lengths / np.where(mean > 0, mean, np.maximum(lengths, 1.0)))
    held = _held(said, list(weights))
    scores = np.zeros(len(rows), dtype=np.float32)
    for at, (token, weight) in enumerate(weights.items()):
        impacts = held[at] * np.float32(K1 + 1) / (held[at] + saturation)
        scores += impacts * np.float32(weight * inverse_frequency(total, counts.get(token, 0)))
    hits = [
        LaneHit(str(row.properties["key"]), str(row.properties["family"]), locale, score)
        for row, locale, score in zip(rows, locales, scores.tolist(), strict=True)
        if score > 0
    ]
    return sorted(hits, key=lambda hit: (-hit.score, hit.key))


def _held(said: Sequence[str], wanted: Sequence[str]) -> npt.NDArray[np.float32]:
    """How often each of the wanted tokens (rows) stands in each text (columns), whose tokens have one blank between them."""
    held = np.zeros((len(wanted), len(said)), dtype=np.float32)
    rows = {token: row for row, token in enumerate(wanted)}
    for column, text in enumerate(said):
        tokens = text.split(" ")
        for token in rows.keys() & tokens:
            held[rows[token], column] = min(tokens.count(token), MAX_TERM_FREQUENCY)
    return held
