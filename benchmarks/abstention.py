"""How honest and how fair: `python -m benchmarks.abstention DIR [LOCALE ...]`, on a folder as `manage.py evaluate` takes.

First table: answers to questions about passages that are in the index, and to those whose article (the part of a passage's
id before the dash) is left out of it, every fifth. Second: every other passage in English, the rest in German, and the
share of questions that find theirs first, by the passage's language.
"""

import os
import sys
import tempfile
from collections.abc import Collection, Mapping
from itertools import count
from pathlib import Path
from typing import Any

EVERY = 5
Passages = Mapping[str, Any]
_numbers = count()


def index_of(folder: Path, passages: Collection[Any]) -> Any:
    """A scratch index of the passages, which the portal's own code then uses."""
    from faq import conf
    from faq.gateways import retrieval
    from retrieval.factory import build_retriever
    from retrieval.types import EntryKind, IndexEntry

    made = build_retriever(
        backend=conf.get("INDEX_BACKEND"),
        embedder=conf.get("EMBEDDER"),
        index_path=folder / f"{next(_numbers)}.sqlite3",
        embedder_options={},
    )
    retrieval.use(made)
    made.upsert(
        [IndexEntry(p.id + p.locale, p.id, EntryKind.PASSAGE, p.locale, p.text, heading=p.title) for p in passages]
    )
    return made


def answered(retriever: Any, questions: Collection[Any], passages: Passages) -> float:
    """The share of questions that get an answer."""
    from faq.management.commands.evaluate import composed
    from retrieval.types import Query

    given = 0
    for question in questions:
        hits = retriever.search(Query(question.question, question.locale, limit=10)).hits
        given += bool(composed(question, [(passages[hit.family], hit) for hit in hits]))
    return given / max(1, len(questions))


def honesty(scratch: Path, questions: list[Any], passages: Passages) -> tuple[float, float]:
    """(answered of those that can be, answered of those whose article is away)."""
    articles = sorted({key.split("-")[0] for key in passages})
    away = set(articles[::EVERY])
    gone = [question for question in questions if question.passage.split("-")[0] in away]
    kept = index_of(scratch, [p for key, p in passages.items() if key.split("-")[0] not in away])
    false = answered(kept, gone, passages)
    return answered(index_of(scratch, list(passages.values())), questions, passages), false


def mixed(scratch: Path, questions: Mapping[str, list[Any]], english: Passages, german: Passages) -> None:
    """Prints the second table."""
    from retrieval.types import Query

    of = {key: (english if place % 2 == 0 else german)[key] for place, key in enumerate(english)}
    retriever = index_of(scratch, list(of.values()))
    print("\n| asked in | answer in en first | answer in de first |\n|---|---|---|")
    for locale, asked in questions.items():
        found: dict[str, list[bool]] = {"en": [], "de": []}
        for question in asked:
            hits = retriever.search(Query(question.question, locale, limit=5)).hits
            found[of[question.passage].locale].append(bool(hits) and hits[0].family == question.passage)
        shares = " | ".join(f"{sum(each) / max(1, len(each)):.3f}" for each in found.values())
        print(f"| {locale} | {shares} |")


def main() -> None:
    """Prints both tables."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django

    django.setup()
    from retrieval.evaluation import read_passages, read_questions

    folder, wanted = Path(sys.argv[1]), sys.argv[2:]
    passages = {file.name.split(".")[1]: read_passages(file) for file in sorted(folder.glob("passages.*.jsonl"))}
    questions = {file.name.split(".")[1]: read_questions(file) for file in sorted(folder.glob("questions.*.jsonl"))}
    asked = {locale: found for locale, found in questions.items() if not wanted or locale in wanted}
    with tempfile.TemporaryDirectory(prefix="polyfaq-abstention-") as scratch:
        print("| asked in, passages in | answered | answered though the article is away |\n|---|---|---|")
        for locale, found in asked.items():
            for into in dict.fromkeys((locale, "en")):
                right, false = honesty(Path(scratch), found, passages[into])
                print(f"| {locale}, {into} | {right:.3f} | {false:.3f} |", flush=True)
        if {"en", "de"} <= set(passages):
            mixed(Path(scratch), asked, passages["en"], passages["de"])


if __name__ == "__main__":
    main()
