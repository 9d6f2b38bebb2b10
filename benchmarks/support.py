"""How well checks tell what a source says from what it does not: `python -m benchmarks.support DIR`, on parallel passages as
`manage.py evaluate` takes.

A sentence in each language stands for what a model might write; what it cites is the English sentence it was translated
with (`true`), the same with one number or one name changed, another sentence of the passage, or one of another passage
of the article. Printed is the share that may be shown.
"""

import os
import random
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import regex

NAMES = ("Hansen", "Vogelmann", "Petrovic", "Kowalczyk", "Ramirez")
KINDS = ("true", "number changed", "name changed", "another sentence", "another passage")
SHORTEST = 30
"""Characters of a cited sentence."""

Cases = dict[str, list[tuple[str, Any]]]


def cases(locale: str, told: Mapping[str, Sequence[str]], cited: Mapping[str, Sequence[str]], titles: Any) -> Cases:
    """kind -> (sentence, what it cites); one sentence of each passage whose sentences are as many in both languages."""
    from faq.composition.prompting import Numbered
    from faq.queries.support import _names

    chance, found = random.Random(1), defaultdict(list)
    for key, sentences in told.items():
        english = cited[key]
        place = chance.randrange(len(sentences))
        if len(sentences) != len(english) or len(english[place]) < SHORTEST:
            continue

        def add(kind: str, sentence: str, source: str, key: str = key) -> None:
            found[kind].append((sentence, [Numbered(1, 1, source, "en", 0, len(source), titles[key])]))

        mine, source = sentences[place], english[place]
        add("true", mine, source)
        if number := regex.search(r"[0-9]+", mine):
            add("number changed", f"{mine[: number.start()]}{int(number.group()) + 3}{mine[number.end() :]}", source)
        if names := [name for name in _names(mine, locale) if name in source]:
            add("name changed", mine.replace(chance.choice(names), chance.choice(NAMES)), source)
        if others := [each for each in english if each != source]:
            add("another sentence", mine, chance.choice(others))
        if near := [each for each in cited if each != key and each.split("-")[0] == key.split("-")[0]]:
            add("another passage", mine, chance.choice(cited[chance.choice(near)]))
    return found


def main() -> None:
    """Prints the table."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django

    django.setup()
    from faq.queries import support
    from faq.queries.evidence import spans
    from retrieval.evaluation import read_passages

    files = sorted(Path(sys.argv[1]).glob("passages.*.jsonl"))
    passages = {file.name.split(".")[1]: read_passages(file) for file in files}
    sentences = {
        locale: {key: [each.text[a:b] for a, b in spans(each.text, locale)] for key, each in rows.items()}
        for locale, rows in passages.items()
    }
    titles = {key: each.title for key, each in passages["en"].items()}
    print(f"| written in | {' | '.join(KINDS)} |\n|---|{'---|' * len(KINDS)}")
    for locale, told in sentences.items():
        judge: Callable[..., Any] = support.judge(locale)
        found = cases(locale, told, sentences["en"], titles)
        shares = []
        for kind in KINDS:
            stands = [not judge(sentence, cited).verdict for sentence, cited in found[kind]]
            shares.append(f"{sum(stands) / len(stands):.2f} of {len(stands)}" if stands else "–")
        print(f"| {locale} | {' | '.join(shares)} |", flush=True)


if __name__ == "__main__":
    main()
