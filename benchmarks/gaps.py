"""Fits and judges the weights of faq.queries.gaps on paraphrases in nine languages: `python -m benchmarks.gaps`.

The questions of tests/data/asked/paraphrases.tsv that mean the same entry are one gap. They come in one after the other, in
random order, as from readers. Prints the weights fitted on all, and for weights fitted on half of the entries and judged on the
other half, for several thresholds: of the pairs that are put together the share that belong together, of those that belong
together the share that is put there, the same across languages, and how many gaps stand for one.
"""

import csv
import random
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np

LABELLED = Path(__file__).resolve().parent.parent / "tests" / "data" / "asked" / "paraphrases.tsv"
SHARE = 0.2
"""What all pairs that belong together weigh, of all others."""
PENALTY, ROUNDS, SEEDS = 0.1, 40, 2
THRESHOLDS = (0.0, 0.5, 1.0, 1.5, 2.0)

Array = Any


def signals(rows: Sequence[dict[str, str]], order: Sequence[int], place: int) -> dict[int, Array]:
    """What a question shares with those before it in an order, by their number."""
    from faq.queries.gaps import compare

    worded = [(rows[n]["text"], rows[n]["locale"]) for n in order]
    alike = compare(worded[place], worded[:place])
    return {order[n]: np.array(astuple(each)) for n, each in alike.items()}


def fit(given: Array, same: Array) -> Array:
    """Logistic regression by Newton's method; the last weight is the bias."""
    rows = np.c_[given, np.ones(len(given))]
    weights, worth = np.zeros(rows.shape[1]), np.where(same, SHARE * (~same).sum() / same.sum(), 1.0)
    for _ in range(ROUNDS):
        sure = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (worth * (same - sure)) - PENALTY * weights
        bend = (rows.T * (worth * sure * (1 - sure))) @ rows + PENALTY * np.eye(len(weights))
        weights = weights + np.linalg.solve(bend, slope)
    return weights


def fitted(rows: Sequence[dict[str, str]], chosen: Sequence[int]) -> Array:
    given, same = [], []
    for number in chosen:
        order = [*(n for n in chosen if n != number), number]
        for other, each in signals(rows, order, len(order) - 1).items():
            given.append(each)
            same.append(rows[number]["key"] == rows[other]["key"])
    return fit(np.array(given), np.array(same))


def grouped(rows: Sequence[dict[str, str]], order: Sequence[int], weights: Array, least: float) -> dict[int, int]:
    """The gap of each question, as they come in."""
    from faq.queries import gaps

    gap_of: dict[int, int] = {}
    for place, number in enumerate(order):
        alike = signals(rows, order, place)
        values = {order.index(other): float(each @ weights[:-1] + weights[-1]) for other, each in alike.items()}
        found = gaps.joined(values, [gap_of[other] for other in order[:place]], least)
        gap_of[number] = number if found is None else found
    return gap_of


def judged(rows: Sequence[dict[str, str]], gap_of: dict[int, int]) -> tuple[float, ...]:
    order = list(gap_of)
    a, b = (np.array(order)[side] for side in np.triu_indices(len(order), 1))
    keys, tags = np.array([row["key"] for row in rows]), np.array([row["locale"] for row in rows])
    gap = np.array([gap_of.get(n, -1) for n in range(len(rows))])
    put, same, across = gap[a] == gap[b], keys[a] == keys[b], tags[a] != tags[b]
    found = [
        (put & same & some).sum() / max(1, (whole & some).sum()) for some in (True, across) for whole in (put, same)
    ]
    return (*map(float, found), len(set(gap_of.values())) / len(set(keys[order])))


def main() -> None:
    import django

    django.setup()
    with LABELLED.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    print("weights, then bias:", fitted(rows, range(len(rows))).round(2))
    keys, results = sorted({row["key"] for row in rows}), {least: [] for least in THRESHOLDS}  # type: ignore[var-annotated]
    for seed in range(SEEDS):
        chance = random.Random(seed)
        chance.shuffle(keys)
        halves = [set(keys[: len(keys) // 2]), set(keys[len(keys) // 2 :])]
        for trained, held in (halves, reversed(halves)):
            weights = fitted(rows, [n for n, row in enumerate(rows) if row["key"] in trained])
            order = [n for n, row in enumerate(rows) if row["key"] in held]
            chance.shuffle(order)
            for least in THRESHOLDS:
                results[least].append(judged(rows, grouped(rows, order, weights, least)))
    for least, each in results.items():
        right, found, right_across, found_across, many = np.mean(each, axis=0)
        print(
            f"threshold {least}: {right:.2f} right, {found:.2f} found; across languages {right_across:.2f} right, "
            f"{found_across:.2f} found; {many:.1f} gaps for one"
        )


if __name__ == "__main__":
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    main()
