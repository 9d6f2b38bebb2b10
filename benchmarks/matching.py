"""Fits and judges the weights of faq.queries.matching on labelled questions: `python -m benchmarks.matching`.

Loads the demonstration into a scratch portal and takes the signals of every candidate for each question of
tests/data/asked/: with all wordings, as a portal that has been at work for a while, and with few of them or few entries, as a
new one, or one whose editors write in one language. Prints, for each, cross-validated shares (five folds), and the weights
fitted on all questions: a conditional logit with "none of them" as one more choice. Questions about other things weigh
more: a wrong answer is worse than none.
"""

import csv
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np

from benchmarks.logit import Array, Choice, Fitted, fit

ROOT = Path(__file__).resolve().parent.parent
LABELLED = ROOT / "tests" / "data" / "asked"
FOLDS = 5
PENALTY = 0.0002


@dataclass(frozen=True, slots=True)
class Portal:
    """Wordings that each entry keeps in a language, the question itself first; whether in all languages or the sources' alone;
    of how many entries one is kept. A question whose entry is gone is one about something else, and a close one."""

    wordings: int = 99
    everywhere: bool = True
    every: int = 1


RICH = {
    "all wordings": Portal(),
    "four in each language": Portal(4),
}
SPARSE = {
    "two in each language": Portal(2),
    "all in the sources' language": Portal(everywhere=False),
    "the question in each language": Portal(1),
    "the question in the sources' language": Portal(1, everywhere=False),
    "all wordings, one entry of ten": Portal(every=10),
    "two in each language, one entry of ten": Portal(2, every=10),
    "the question in each language, one entry of twenty": Portal(1, every=20),
    "the question in the sources' language, one entry of twenty": Portal(1, everywhere=False, every=20),
}
KINDS = {"RICH": (RICH, 2.5), "SPARSE": (SPARSE, 2.5)}
"""What each weighing is fitted on, and how much a question about something else weighs."""


@dataclass(frozen=True, slots=True)
class Asked:
    """`right`: the place of the right candidate; -1: none of them is. `certain`: the same words as a wording of it."""

    key: str
    locale: str
    text: str
    names: tuple[str, ...]
    signals: Array
    right: int
    certain: bool = False


def collect(portal: Portal) -> list[Asked]:
    """Every labelled question with its candidates' signals, in a portal of this kind. The demonstration must be there."""
    from django.db import transaction

    from faq.domain import indexing

    with transaction.atomic():
        _thin_out(portal)
        indexing.sync_all()
        found = [_asked(*row) for row in _labelled()]
        transaction.set_rollback(True)
    return found


def _thin_out(portal: Portal) -> None:
    from django.conf import settings

    from faq.enums import State
    from faq.models import Phrasing, Question

    kept = set(list(Question.objects.order_by("id").values_list("pk", flat=True))[:: portal.every])
    Question.objects.exclude(pk__in=kept).update(state=State.RETIRED)
    held: Counter[tuple[int, str]] = Counter()
    gone = []
    for pk, question, locale in Phrasing.objects.order_by("-canonical", "id").values_list(
        "pk", "question_id", "locale_id"
    ):
        held[question, locale] += 1
        if held[question, locale] > portal.wordings or not (portal.everywhere or locale == settings.LANGUAGE_CODE):
            gone.append(pk)
    Phrasing.objects.filter(pk__in=gone).delete()


def _asked(key: str, locale: str, text: str) -> Asked:
    from faq.domain.ask import WORDINGS
    from faq.enums import State
    from faq.gateways import retrieval
    from faq.models import Question
    from faq.queries import evidence, matching
    from faq.queries.payloads import reading
    from faq.queries.understanding import understood
    from retrieval.types import Filters, Query

    read = understood(text, locale)
    query = Query(read.text, read.locale, Filters(kinds=("phrasing",)), WORDINGS, read.correction)
    hits = retrieval.retriever().search(query).hits
    passages = evidence.find(read.text, read.locale, correction=read.correction).pairs
    rows, compared = matching.gathered(read.meant, read.locale, reading(locale), hits, passages)
    held = [(rows[pk][0].key, each.signals) for pk, each in compared.items() if each.signals is not None]
    names = tuple(name for name, _ in held)
    key = key if Question.objects.filter(key=key, state=State.PUBLISHED).exists() else ""
    right = names.index(key) if key in names else -1
    certain = any(each.signals is None and rows[pk][0].key == key for pk, each in compared.items())
    return Asked(key, locale, text, names, np.array([astuple(signals) for _, signals in held]), right, certain)


def _labelled() -> list[tuple[str, str, str]]:
    with (LABELLED / "paraphrases.tsv").open(encoding="utf-8") as file:
        found = [(row["key"], row["locale"], row["text"]) for row in csv.DictReader(file, delimiter="\t")]
    with (LABELLED / "off_topic.tsv").open(encoding="utf-8") as file:
        return found + [("", row["locale"], row["text"]) for row in csv.DictReader(file, delimiter="\t")]


def fitted(sets: Sequence[list[Asked]], places: Sequence[int], worth: float) -> Fitted:
    """The weights by these questions of each set; those in the same words need none. `worth`: of one about something else."""
    used = [each[place] for each in sets for place in places]
    choices = [
        Choice(asked.signals, asked.right, 1.0 if asked.key else worth)
        for asked in used
        if not asked.certain and len(asked.names)
    ]
    return fit(choices, penalty=PENALTY)


def judged(sets: Sequence[list[Asked]], asked: list[Asked], worth: float) -> list[Array]:
    """The shares of each question by weights fitted on the sets without its fold."""
    order = np.random.default_rng(1).permutation(len(asked)).tolist()
    found: dict[int, Array] = {}
    for fold in range(FOLDS):
        held_out = set(order[fold::FOLDS])
        model = fitted(sets, [place for place in order if place not in held_out], worth)
        found |= {place: model.shares(asked[place].signals) for place in held_out}
    return [found[place] for place in range(len(asked))]


def report(all_asked: list[Asked], all_shares: list[Array]) -> None:
    """The share that reaches the right question, and of off-topic ones that reach any, by threshold."""
    open_ = [(asked, held) for asked, held in zip(all_asked, all_shares, strict=True) if not asked.certain]
    pairs = [(asked, held[:-1]) for asked, held in open_ if len(held) > 1]
    wanted = sum(1 for asked in all_asked if asked.key)
    others = len(all_asked) - wanted
    certain = sum(1 for asked in all_asked if asked.certain and asked.key)
    first = sum(1 for asked, held in pairs if asked.key and int(held.argmax()) == asked.right)
    print(f"  right first: {first + certain} of {wanted}; in its own words: {certain}")
    for floor in (0.4, 0.5, 0.6, 0.7):
        over = [(asked, int(held.argmax())) for asked, held in pairs if held.max() >= floor]
        right = sum(1 for asked, place in over if asked.key and place == asked.right) + certain
        wrong = sum(1 for asked, place in over if asked.key and place != asked.right)
        false = sum(1 for asked, _ in over if not asked.key)
        print(f"  {floor:.1f}: right {right / wanted:.3f}, wrong {wrong / wanted:.3f}, off-topic {false / others:.3f}")
    if "-v" in sys.argv:
        for asked, held in pairs:
            place = int(held.argmax())
            if (asked.key and (place != asked.right or held.max() < 0.5)) or (not asked.key and held.max() >= 0.4):
                print("   ", asked.locale, asked.key or "-", asked.text, "->", asked.names[place], round(held.max(), 2))


def main() -> None:
    """Prints the reports and the weights."""
    with tempfile.TemporaryDirectory(prefix="polyfaq-matching-") as home:
        os.environ.setdefault("POLYFAQ_HOME", home)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        call_command("load_demo", verbosity=0)
        from faq.queries.matching import Signals

        names = [field.name for field in fields(Signals)] + ["bias"]
        for kind, (portals, worth) in KINDS.items():
            sets = [collect(each) for each in portals.values()]
            for portal, asked in zip(portals, sets, strict=True):
                print(f"{kind}, {portal}")
                report(asked, judged(sets, asked, worth))
            model = fitted(sets, range(len(sets[0])), worth)
            values = zip(names, [*model.weights, model.bias], strict=True)
            print({name: round(float(value), 1) for name, value in values})


if __name__ == "__main__":
    main()
