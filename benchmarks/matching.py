"""Fits and judges the weights of faq.queries.matching on labelled questions: `python -m benchmarks.matching`.

Loads the demonstration into a scratch portal, takes the signals of every candidate for each question of
tests/data/asked/, and prints cross-validated shares (five folds) and the weights fitted on all of them. A conditional
logit with "none of them" as one more choice: the likelihood of the right choice is maximised, large weights cost.
"""

import csv
import os
import sys
import tempfile
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parent.parent
LABELLED = ROOT / "tests" / "data" / "asked"
FOLDS = 5
STEPS = 600
PENALTY = 0.0005

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Asked:
    """`right`: the place of the right candidate; -1: none of them is. `certain`: the same words as a wording of it."""

    key: str
    locale: str
    text: str
    names: tuple[str, ...]
    signals: Vector
    right: int
    certain: bool = False


def collect() -> list[Asked]:
    """Every labelled question with its candidates' signals. The portal must be set up."""
    from faq.domain.ask import WORDINGS
    from faq.gateways import retrieval
    from faq.queries import evidence, matching
    from faq.queries.payloads import reading
    from retrieval.types import Filters, Query

    found = []
    for key, locale, text in _labelled():
        query = Query(text, locale, Filters(kinds=("phrasing",)), WORDINGS)
        hits = retrieval.retriever().search(query).hits
        rows, signals = matching.gathered(text, reading(locale), hits, evidence.find(text, locale).pairs)
        held = [(rows[pk][0].question.key, signal) for pk, signal in signals.items() if signal is not None]
        names = tuple(name for name, _ in held)
        right = names.index(key) if key in names else -1
        certain = any(signal is None and rows[pk][0].question.key == key for pk, signal in signals.items())
        table = np.array([astuple(signal) for _, signal in held])
        found.append(Asked(key, locale, text, names, table, right, certain))
    return found


def _labelled() -> list[tuple[str, str, str]]:
    with (LABELLED / "paraphrases.tsv").open(encoding="utf-8") as file:
        found = [(row["key"], row["locale"], row["text"]) for row in csv.DictReader(file, delimiter="\t")]
    with (LABELLED / "off_topic.tsv").open(encoding="utf-8") as file:
        return found + [("", row["locale"], row["text"]) for row in csv.DictReader(file, delimiter="\t")]


def shares(weights: Vector, asked: Asked) -> Vector:
    """The likeness of each candidate, and of none as the last."""
    if not len(asked.names):
        return np.ones(1)
    values = np.append(asked.signals @ weights[:-1] + weights[-1], 0.0)
    powers = np.exp(values - values.max())
    return np.asarray(powers / powers.sum())


def fit(given: list[Asked]) -> Vector:
    """Weights and, last, the bias: gradient descent with momentum and scaled steps (Adam, arXiv:1412.6980)."""
    all_asked = [asked for asked in given if not asked.certain and len(asked.names)]
    weights = np.zeros(all_asked[0].signals.shape[1] + 1)
    mean, square = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, STEPS + 1):
        gradient = np.zeros_like(weights)
        for asked in all_asked:
            off = shares(weights, asked)
            off[asked.right if asked.right >= 0 else len(asked.names)] -= 1.0
            gradient[:-1] += asked.signals.T @ off[:-1]
            gradient[-1] += off[:-1].sum()
        gradient /= len(all_asked)
        gradient[:-1] += PENALTY * weights[:-1]
        mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        weights -= 0.15 * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    return weights


def judged(all_asked: list[Asked]) -> list[Vector]:
    """The shares of each question by weights fitted without its fold."""
    order = np.random.default_rng(1).permutation(len(all_asked))
    found: dict[int, Vector] = {}
    for fold in range(FOLDS):
        held_out = set(order[fold::FOLDS].tolist())
        weights = fit([all_asked[place] for place in order.tolist() if place not in held_out])
        found |= {place: shares(weights, all_asked[place]) for place in held_out}
    return [found[place] for place in range(len(all_asked))]


def report(all_asked: list[Asked], all_shares: list[Vector]) -> None:
    """The share that reaches the right question, and of off-topic ones that reach any, by threshold."""
    open_ = [(asked, held) for asked, held in zip(all_asked, all_shares, strict=True) if not asked.certain]
    pairs = [(asked, held[:-1]) for asked, held in open_ if len(held) > 1]
    wanted = sum(1 for asked in all_asked if asked.key)
    others = len(all_asked) - wanted
    certain = sum(1 for asked in all_asked if asked.certain)
    first = sum(1 for asked, held in pairs if asked.key and int(held.argmax()) == asked.right)
    print(f"right first: {first + certain} of {wanted}; in its own words: {certain}")
    for floor in (0.3, 0.4, 0.5, 0.6, 0.7):
        over = [(asked, int(held.argmax())) for asked, held in pairs if held.max() >= floor]
        right = sum(1 for asked, place in over if asked.key and place == asked.right) + certain
        wrong = sum(1 for asked, place in over if asked.key and place != asked.right)
        false = sum(1 for asked, _ in over if not asked.key)
        print(f"{floor:.1f}: right {right / wanted:.3f}, wrong {wrong / wanted:.3f}, off-topic {false / others:.3f}")
    if "-v" in sys.argv:
        for asked, held in pairs:
            place = int(held.argmax())
            if (asked.key and (place != asked.right or held.max() < 0.5)) or (not asked.key and held.max() >= 0.4):
                print(asked.locale, asked.key or "-", asked.text, "->", asked.names[place], round(held.max(), 2))


def main() -> None:
    """Prints the report."""
    with tempfile.TemporaryDirectory(prefix="polyfaq-matching-") as home:
        os.environ.setdefault("POLYFAQ_HOME", home)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        call_command("load_demo", verbosity=0)
        asked = collect()
        report(asked, judged(asked))
        from faq.queries.matching import Signals

        names = [field.name for field in fields(Signals)] + ["bias"]
        print({name: round(float(value), 1) for name, value in zip(names, fit(asked), strict=True)})


if __name__ == "__main__":
    main()
