"""Fits and judges the weights of retrieval.fusion: `python -m benchmarks.fusion DIR`, on a folder as `manage.py evaluate`
takes it.

Searches each language's questions in its own passages, in the English ones, and in knowledge bases of which every other
passage is in one of two languages; takes from every lane how near each family comes to the best; and prints recall@1 as
the product ranks now and as weights fitted without the question's article would, then the weights fitted on all.
"""

import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.logit import Array, Choice, fit, folds

PENALTY = 2e-4
FOLDS = 4
DEPTH = 30
MIXED = (("en", "de"), ("en", "zh"), ("en", "ar"), ("es", "tr"))
EVERY = 3
"""So many questions of a mixed knowledge base count one: it is asked in several languages."""
SIGNALS = ("placed", "lexical", "gloss, home", "vector, home", "gloss, away", "vector, away", "abroad")


class Watching:
    """Keeps what the lanes gave while the portal searches."""

    def __init__(self, plain: Any) -> None:
        self._plain = plain
        self._lanes: Mapping[str, Sequence[Any]] = {}
        self._attainable: Mapping[str, float] = {}

    def fuse(self, lanes: Any, limit: int, **options: Any) -> Any:
        self._lanes, self._attainable = lanes, options["attainable"]
        return self._plain(lanes, max(limit, DEPTH), **options)

    def search(self, system: Any, question: Any) -> list[tuple[str, Array]]:
        """Family and signals of the best candidates, as the product ranks them."""
        hits = system.search(question).hits
        return [(hit.family, signals_of(hit, self._lanes, self._attainable, question.locale)) for hit in hits]


def signals_of(hit: Any, lanes: Mapping[str, Sequence[Any]], attainable: Mapping[str, float], locale: str) -> Array:
    """SIGNALS of one family."""
    from retrieval.fusion import WEIGHTS, K

    tops = {lane: max((each.score for each in ranking), default=0.0) for lane, ranking in lanes.items()}
    near = {lane: max(0.0, score) / tops[lane] for lane, (_, score) in hit.lanes.items() if tops[lane] > 0}
    placed = sum(
        WEIGHTS[lane] * min(1.0, max(0.0, score / attainable.get(lane, 1.0))) / (K + rank)
        for lane, (rank, score) in hit.lanes.items()
    )
    home = any(each.family == hit.family and each.locale == locale for ranking in lanes.values() for each in ranking)
    gloss, vector = near.get("gloss", 0.0), near.get("vector", 0.0)
    own = (near.get("lexical", 0.0), gloss, vector, 0.0, 0.0, 0.0) if home else (0.0, 0.0, 0.0, gloss, vector, 1.0)
    return np.array([placed, *own])


def knowledge_bases(
    passages: Mapping[str, Mapping[str, Any]], asked: Collection[str]
) -> Iterator[tuple[str, Collection[Any], Sequence[str], int]]:
    """(name, passages, languages of questions, every so many of them)"""
    for locale in asked:
        if locale != "en":
            yield "own", passages[locale].values(), [locale], 1
    yield "into English", passages["en"].values(), list(asked), 1
    for one, other in MIXED:
        if {one, other} <= set(passages):
            held = [passages[one if place % 2 == 0 else other][key] for place, key in enumerate(passages[one])]
            yield f"mixed {one} {other}", held, [one, other], EVERY


def collect(folder: Path, scratch: Path) -> tuple[list[tuple[str, str]], list[str], list[Choice]]:
    """(what was asked of what), the article of each, the choices."""
    from faq.management.measuring import builder
    from retrieval import searching
    from retrieval.evaluation import read

    labelled = read(folder)
    build = builder(scratch, list(labelled.questions))
    names, articles, choices = [], [], []
    plain = searching.fuse
    watching = Watching(plain)
    searching.fuse = watching.fuse
    try:
        for name, held, locales, every in knowledge_bases(labelled.passages, labelled.questions):
            system = build(list(held))
            for locale in locales:
                for question in labelled.questions[locale][::every]:
                    found = watching.search(system, question)
                    families = [family for family, _ in found]
                    right = families.index(question.passage) if question.passage in families else -1
                    names.append((name, locale))
                    articles.append(question.passage.rpartition("-")[0])
                    choices.append(Choice(np.array([signals for _, signals in found]), right))
            print(f"{name}: {len(choices)} searches so far", file=sys.stderr, flush=True)
    finally:
        searching.fuse = plain
    return names, articles, choices


def main() -> None:
    """Prints the table and the weights."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django

    django.setup()
    with tempfile.TemporaryDirectory(prefix="polyfaq-fusion-") as scratch:
        names, articles, choices = collect(Path(sys.argv[1]), Path(scratch))
    now, fitted = defaultdict(list), defaultdict(list)
    for held_out in folds(articles, FOLDS):
        away = set(held_out)
        model = fit([each for n, each in enumerate(choices) if n not in away], penalty=PENALTY, none=False)
        for place in held_out:
            now[names[place]].append(choices[place].right == 0)
            shares = model.shares(choices[place].signals, none=False)
            fitted[names[place]].append(len(shares) > 0 and int(shares.argmax()) == choices[place].right)
    print("| knowledge base | asked in | as it is | fitted without the article |\n|---|---|---|---|")
    for name in now:
        print(f"| {name[0]} | {name[1]} | {np.mean(now[name]):.3f} | {np.mean(fitted[name]):.3f} |")
    weights = fit(choices, penalty=PENALTY, none=False).weights
    scaled = weights / weights[0]
    print({name: round(float(weight), 3) for name, weight in zip(SIGNALS, scaled, strict=True)})


if __name__ == "__main__":
    main()
