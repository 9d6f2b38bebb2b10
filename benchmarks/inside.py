"""Measured inside a portal's own process: `python -m benchmarks.inside ask|pages|ingest|change|edit`; JSON on the last line.

Each run is a process without cached answers, as after a deployment; what a serving process reads beforehand is read.
"""

import csv
import json
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import django

ASKED = Path(__file__).resolve().parent.parent / "tests" / "data" / "asked"
PARAGRAPHS = 30


class Queries:
    """Counts the queries of this process."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
        self.count += 1
        return execute(sql, parameters, many, context)


def ask() -> dict[str, Any]:
    """Of each question, asked once: milliseconds by the clock and of the processor, and queries; engine calls over all."""
    from django.db import connection

    from faq.domain import readiness
    from faq.domain.ask import ask as ask_portal
    from faq.gateways import translation

    list(readiness.warm())
    counter, rows = Queries(), []
    with connection.execute_wrapper(counter):
        for locale, text in _asked():
            before, begun, worked = counter.count, time.perf_counter(), time.thread_time()
            result = ask_portal(text, locale)
            row = {
                "locale": locale,
                "outcome": str(result.outcome),
                "clock": 1000 * (time.perf_counter() - begun),
                "processor": 1000 * (time.thread_time() - worked),
                "queries": counter.count - before,
                "degraded": result.degraded,
            }
            before, begun = counter.count, time.perf_counter()
            ask_portal(text, locale)
            row["again"], row["queries_again"] = 1000 * (time.perf_counter() - begun), counter.count - before
            rows.append(row)
    engine = translation.engine()
    return {"rows": rows, "engine_calls": getattr(engine, "calls", -1)}


def _asked() -> list[tuple[str, str]]:
    """The questions of the tests that look like readers', and the wordings of the published ones."""
    from faq.models import Phrasing

    found = []
    for name in ("paraphrases.tsv", "off_topic.tsv"):
        with (ASKED / name).open(encoding="utf-8") as file:
            found += [(row["locale"], row["text"]) for row in csv.DictReader(file, delimiter="\t")]
    worded = Phrasing.objects.filter(canonical=True, question__state="published", question_id__lte=12)
    return found + list(worded.order_by("pk").values_list("locale_id", "text"))


def pages() -> dict[str, Any]:
    """Queries and milliseconds of the processor of every published question's page in every language: with nothing kept,
    with values kept, with the page kept, and for a browser that has it."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client

    from faq import cache
    from faq.models import Question
    from faq.queries import locales
    from faq.web.pages import kept

    settings.ALLOWED_HOSTS = ["*"]
    client, counter = Client(), Queries()
    tags = [locale.tag for locale in locales.enabled_locales()]
    keys = list(Question.objects.filter(state="published").values_list("key", flat=True))
    found: dict[str, list[list[float]]] = defaultdict(list)
    with connection.execute_wrapper(counter):
        for path in (f"/{tag}/questions/{key}/" for tag in tags for key in keys):
            cache.clear()
            headers: dict[str, str] = {}
            for turn, status in (("cold", 200), ("warm", 200), ("kept", 200), ("unchanged", 304)):
                if turn == "warm":
                    kept.clear()  # what is kept of values stays
                before, begun = counter.count, time.thread_time()
                response = client.get(path, headers=headers)
                milliseconds = 1000 * (time.thread_time() - begun)
                if response.status_code != status:
                    raise SystemExit(f"{path} answered {response.status_code}")
                found[turn].append([counter.count - before, milliseconds])
                if turn == "kept":
                    headers = {"if-none-match": response["ETag"]}
    return found


def ingest(folder: str) -> dict[str, Any]:
    """Seconds of one `ingest` of a folder, jobs included, and what it reported."""
    import io

    from django.core.management import call_command

    from faq.models import Passage

    out, begun, worked = io.StringIO(), time.perf_counter(), time.process_time()
    call_command("ingest", folder, locale="en", publish=True, json=True, stdout=out)
    spent = {"seconds": time.perf_counter() - begun, "processor": time.process_time() - worked}
    return json.loads(out.getvalue()) | spent | {"passages": Passage.objects.count()}


def change(path: str) -> dict[str, Any]:
    """Milliseconds from giving a file with one changed paragraph to a search that finds the change; warm process."""
    from faq.gateways import retrieval
    from retrieval.types import Query

    file, found = Path(path), []
    for word in ("Zanzibarian", "Quixotically", "Yesterevening"):
        file.write_text(file.read_text(encoding="utf-8").replace(".\n", f" {word}.\n", 1), encoding="utf-8")
        begun, worked = time.perf_counter(), time.process_time()
        report = ingest(path)
        hits = retrieval.retriever().search(Query(word, "en")).hits
        found.append((1000 * (time.process_time() - worked), 1000 * (time.perf_counter() - begun)))
        if report["revised"] != 1 or not hits or "lexical" not in hits[0].lanes:
            raise SystemExit(f"The change of {path} was not found: {report}")
    processor, clock = min(found)
    return {"processor": processor, "clock": clock}


def edit() -> dict[str, Any]:
    """One sentence of one paragraph of a long page is changed: embeddings, and segments given to the engine."""
    from faq.gateways import retrieval, translation
    from faq.queries import locales

    embedder = retrieval.retriever()._embedder
    with tempfile.TemporaryDirectory() as name:
        page = Path(name) / "page.md"
        page.write_text(_page(), encoding="utf-8")
        ingest(name)
        engine = translation.engine()
        engine.texts.clear()
        before = embedder.texts
        page.write_text(_page().replace("office 7 opens at 8", "office 7 opens at 9"), encoding="utf-8")
        report = ingest(name)
    return {
        "revised": report["revised"],
        "embedded": embedder.texts - before,
        "locales": len(locales.enabled_locales()),
        "translated": sorted(set(engine.texts)),
        "times": len(engine.texts),
    }


def _page() -> str:
    sections = [
        f"## Office number {n}\n\nThe office {n} opens at 8 in the morning. It is in house {n} of the street. "
        + f"Bring your papers of kind {n} with you, and the fee of {n} euros. " * 6
        for n in range(PARAGRAPHS)
    ]
    return "# Offices\n\n" + "\n\n".join(sections) + "\n"


def main() -> None:
    what, *arguments = sys.argv[1:]
    django.setup()
    found = {"ask": ask, "pages": pages, "ingest": ingest, "change": change, "edit": edit}[what](*arguments)  # type: ignore[operator]
    print(json.dumps(found))


if __name__ == "__main__":
    main()
