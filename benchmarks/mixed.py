"""No language drowns another: `python -m benchmarks.mixed DIR [LOCALE ...]`, on a folder as `manage.py evaluate` takes it.

One knowledge base of two languages: every other passage in English, the rest in German, nothing translated. Prints for
each question language the share of questions that find their passage first, by the language of the passage.
"""

import os
import sys
import tempfile
from collections.abc import Collection, Mapping
from itertools import count
from pathlib import Path
from typing import Any

_numbers = count()


def index_of(folder: Path, passages: Collection[Any]) -> Any:
    """A scratch index of the passages, which the portal's own code then uses."""
    from faq.gateways import retrieval
    from retrieval.spelling import MemoryWords
    from retrieval.types import EntryKind, IndexEntry

    made = retrieval.build(folder / f"{next(_numbers)}.sqlite3", MemoryWords())
    retrieval.use(made)
    made.upsert(
        [IndexEntry(p.id + p.locale, p.id, EntryKind.PASSAGE, p.locale, p.text, heading=p.title) for p in passages]
    )
    return made


def mixed(scratch: Path, questions: Mapping[str, Any], english: Mapping[str, Any], german: Mapping[str, Any]) -> None:
    """Prints the table."""
    from retrieval.types import Query

    of = {key: (english if place % 2 == 0 else german)[key] for place, key in enumerate(english)}
    retriever = index_of(scratch, list(of.values()))
    print("| asked in | answer in en first | answer in de first |\n|---|---|---|")
    for locale, asked in questions.items():
        found: dict[str, list[bool]] = {"en": [], "de": []}
        for question in asked:
            hits = retriever.search(Query(question.question, locale, limit=5)).hits
            found[of[question.passage].locale].append(bool(hits) and hits[0].family == question.passage)
        shares = " | ".join(f"{sum(each) / max(1, len(each)):.3f}" for each in found.values())
        print(f"| {locale} | {shares} |", flush=True)


def main() -> None:
    """Prints the table."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django

    django.setup()
    from retrieval.evaluation import read

    folder, wanted = Path(sys.argv[1]), sys.argv[2:]
    labelled = read(folder, wanted)
    if not {"en", "de"} <= set(labelled.passages):
        raise SystemExit(f"{folder} lacks passages.en.jsonl or passages.de.jsonl.")
    asked = {locale: found for locale, found in labelled.questions.items() if not wanted or locale in wanted}
    with tempfile.TemporaryDirectory(prefix="polyfaq-mixed-") as scratch:
        mixed(Path(scratch), asked, labelled.passages["en"], labelled.passages["de"])


if __name__ == "__main__":
    main()
