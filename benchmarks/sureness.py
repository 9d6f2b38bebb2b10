"""Fits the coefficients of retrieval.calibration and faq.composition.sureness: `python -m benchmarks.sureness DIR`, on a
folder as `manage.py evaluate` takes it.

Asks each language's questions of its own passages and of the English ones, as the portal does: every third question of the
whole index, and those about an article that was taken out of it, a fifth of the articles at a time. What is composed is
right when it cites the question's passage. Prints, cross-validated by article, the share of answerable questions that get an
answer at 5 % answered of those that cannot be, and the coefficients fitted on all; those that cannot be answered weigh
together as much as the others.
"""

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.logit import Array, Choice, fit, folds

PENALTY = 1e-4
FOLDS = 4
FALSE = 0.05
EVERY = 3
AWAY = (0, 2)
"""Of five parts of the articles, those that are taken out in turn."""
HIT = {True: ("lexical", "gloss", "cosine"), False: ("gloss", "cosine")}
DRAFT = ("evidence", "covered", "likeness", "few", "unmet")


@dataclass(frozen=True, slots=True)
class Draft:
    """A composed draft: the lanes' signals of the best passage it cites, what sureness() was told, and the truth."""

    locale: str
    article: str
    home: bool
    hit: Mapping[str, float]
    told: Array
    answerable: bool
    right: bool


class Watching:
    """Keeps what the product's functions are told while it answers."""

    def __init__(self) -> None:
        self.hits: dict[float, Any] = {}
        self.told: tuple[Array, bool] | None = None

    def evidence(self, plain: Any) -> Any:
        def judged(signals: Any, calibration: Any) -> float:
            value = float(plain(signals, calibration))
            self.hits[value] = signals
            return value

        return judged

    def sureness(self, evidence: float, covered: float, like: float, *, words: int, unmet: bool, own: bool) -> float:
        self.told = np.array([evidence, covered, like, 1.0 / max(1, words), float(unmet)]), own
        return 1.0


def asked(system: Any, watching: Watching, question: Any, away: frozenset[str]) -> Draft | None:
    """The draft of one question; None when nothing was composed."""
    watching.hits.clear()
    watching.told = None
    results = system.search(question)
    answer = system.answer(question, results)
    if watching.told is None:
        return None
    told, home = watching.told
    signals = watching.hits[told[0]]
    article = question.passage.split("-")[0]
    cited = {quote.passage for said in answer.said for quote in said.quotes}
    hit = {"lexical": signals.lexical, "gloss": signals.gloss, "cosine": max(0.0, signals.cosine)}
    return Draft(
        question.locale,
        article,
        home,
        hit,
        told,
        article not in away,
        article not in away and question.passage in cited,
    )


def knowledge_bases(labelled: Any) -> Iterator[tuple[str, list[Any], list[str]]]:
    """(name, passages, who asks): each language's own, the English ones, and those with all translations."""
    for locale, passages in labelled.passages.items():
        yield locale, list(passages.values()), labelled.askers(locale)
    if translated := labelled.translated():
        held = [passage for locale in ("en", *translated) for passage in labelled.passages[locale].values()]
        yield "translated", held, translated


def collect(folder: Path, scratch: Path) -> Iterator[Draft]:
    """All drafts; shows how far it is."""
    from faq.management.measuring import builder
    from faq.queries import evidence
    from retrieval import searching
    from retrieval.evaluation import read

    labelled = read(folder)
    watching = Watching()
    plain = searching.evidence, evidence.sureness
    searching.evidence = watching.evidence(plain[0])
    evidence.sureness = watching.sureness
    try:
        build = builder(scratch, list(labelled.questions))
        for name, passages, locales in knowledge_bases(labelled):
            articles = sorted({each.article for each in passages})
            for away in (frozenset[str](), *(frozenset(articles[part::5]) for part in AWAY)):
                system = build([each for each in passages if each.article not in away])
                for locale in locales:
                    found = [q for q in labelled.questions[locale] if not away or q.passage.split("-")[0] in away]
                    for question in found if away else found[::EVERY]:
                        if (draft := asked(system, watching, question, away)) is not None:
                            yield draft
                print(f"{name}, {len(away)} articles away: done", file=sys.stderr, flush=True)
    finally:
        searching.evidence, evidence.sureness = plain


def judged(name: str, signals: tuple[str, ...], rows: Array, drafts: list[Draft]) -> None:
    """Prints one fit and what it gives."""
    right = np.array([draft.right for draft in drafts])
    open_ = np.array([draft.answerable for draft in drafts])
    worth = np.where(open_, 1.0, open_.sum() / max(1, (~open_).sum()))
    choices = [Choice(rows[n : n + 1], 0 if right[n] else -1, float(worth[n])) for n in range(len(drafts))]
    values = np.zeros(len(drafts))
    for part in folds([draft.article for draft in drafts], FOLDS):
        held_out = set(part)
        model = fit([choice for n, choice in enumerate(choices) if n not in held_out], penalty=PENALTY)
        values[part] = rows[part] @ model.weights + model.bias
    floor = np.quantile(values[~open_], 1.0 - FALSE)
    model = fit(choices, penalty=PENALTY)
    print(f"{name}: {np.mean(values[open_] >= floor):.3f} answered at {FALSE:.0%}, log odds {floor:.2f}")
    for locale in sorted({draft.locale for draft in drafts}):
        own = np.array([draft.locale == locale for draft in drafts])
        shares = np.mean(values[own & open_] >= floor), np.mean(values[own & ~open_] >= floor)
        print(f"  {locale}: {shares[0]:.3f} answered, {shares[1]:.3f} of those that cannot be")
    fitted = dict(zip(signals, model.weights.round(1).tolist(), strict=True))
    print(f"  {fitted}, bias {model.bias:.1f}")


def main() -> None:
    """Prints the fits for hits and for drafts, at home and away."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django

    django.setup()
    with tempfile.TemporaryDirectory(prefix="polyfaq-sureness-") as scratch:
        drafts = list(collect(Path(sys.argv[1]), Path(scratch)))
    for home in (True, False):
        own = [draft for draft in drafts if draft.home == home]
        name = "in the question's language" if home else "in another"
        judged(f"evidence {name}", HIT[home], np.array([[d.hit[each] for each in HIT[home]] for d in own]), own)
        judged(f"sureness {name}", DRAFT, np.array([draft.told for draft in own]), own)


if __name__ == "__main__":
    main()
