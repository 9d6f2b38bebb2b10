"""How well an editor is told of entries near another one: `python -m benchmarks.nearby`, on the demonstration's entries.

For several thresholds: of the paraphrases in tests/data/asked/paraphrases.tsv the share that is near its own entry, and near
another one; of the entries themselves how many are near another one. Then the pairs of sentences of different answers that differ
in their numbers, the likest first, and what a changed number in each published sentence is told as.
"""

import csv
import re
import tempfile
from pathlib import Path

LABELLED = Path(__file__).resolve().parent.parent / "tests" / "data" / "asked" / "paraphrases.tsv"
THRESHOLDS = (2.0, 2.5, 3.0, 3.5, 4.0, 5.0)
SHOWN = 6


def likeness(one: str, other: str) -> float:
    from faq.gateways import retrieval
    from faq.queries.nearby import HALF, covered

    with retrieval.mapped():
        shares = covered(one, other, "en"), covered(other, one, "en")
    return sum(shares) / 2 if min(shares) >= HALF else 0.0


def duplicates() -> None:
    from faq.enums import State
    from faq.models import Phrasing, Question
    from faq.queries.nearby import compared

    keys = dict(Question.objects.filter(state=State.PUBLISHED).values_list("key", "pk"))
    with LABELLED.open(encoding="utf-8") as file:
        asked = [(keys[row["key"]], row["text"], row["locale"]) for row in csv.DictReader(file, delimiter="\t")]
    found = [(pk, compared(text, locale)) for pk, text, locale in asked]
    rows = Phrasing.objects.filter(canonical=True, locale_id="en", question__in=keys.values())
    entries = [(row.question_id, compared(row.text, "en")) for row in rows]
    for least in THRESHOLDS:
        own = sum(values.get(pk, -9.0) > least for pk, values in found) / len(found)
        other = [
            sum(any(value > least for each, value in values.items() if each != pk) for pk, values in some)
            for some in (found, entries)
        ]
        print(
            f"above {least}: {own:.2f} of paraphrases with their entry, {other[0] / len(found):.2f} with another; "
            f"{other[1]} of {len(entries)} entries with another"
        )


def contradictions() -> None:
    from faq.enums import State
    from faq.models import AnswerRevision
    from faq.queries.nearby import SAME_SUBJECT, Otherwise, otherwise

    rows = AnswerRevision.objects.filter(state=State.PUBLISHED, is_translation=False, locale_id="en")
    held = [(row.answer_id, each["text"]) for row in rows for each in row.segments]
    texts = [text for _, text in held]
    pairs = [
        (likeness(texts[a], texts[b]), texts[a], texts[b])
        for a in range(len(held))
        for b in range(a)
        if held[a][0] != held[b][0] and otherwise(texts[a], texts[b], "en")
    ]
    for share, one, other in sorted(pairs, reverse=True)[:SHOWN]:
        print(f"{share:.2f} {one} | {other}")
    print(f"told of {sum(share >= SAME_SUBJECT for share, *_ in pairs)} of {len(pairs)} such pairs")
    changed = [(text, re.sub(r"\d+", lambda n: str(int(n.group()) + 3), text, count=1)) for text in texts]
    changed = [(one, other) for one, other in changed if one != other]
    noticed = sum(
        otherwise(one, other, "en") == Otherwise.FIGURES and likeness(one, other) >= SAME_SUBJECT
        for one, other in changed
    )
    print(f"of {len(changed)} sentences with one number changed, {noticed} are told")


def main() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("load_demo", verbosity=0)
    duplicates()
    contradictions()


if __name__ == "__main__":
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    with tempfile.TemporaryDirectory() as home:
        os.environ["POLYFAQ_HOME"] = home
        main()
