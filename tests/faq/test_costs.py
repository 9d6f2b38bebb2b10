"""What pages, edits and repetitions cost, in queries and embeddings: laws, so they are counted here and not only timed."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from faq import cache
from faq.domain import sources, topics
from faq.models import Question
from faq.queries import locales
from tests.faq.factories import GERMAN, PARKING, make_portal, make_question, remember

pytestmark = pytest.mark.django_db(transaction=True)
QUERIES = 8
OTHERS = 12


def ask_page(path: str) -> int:
    """Queries of one request that finds nothing cached."""
    cache.clear()
    with CaptureQueriesContext(connection) as queries:
        assert Client().get(path).status_code == 200
    return len(queries)


def test_a_question_page_needs_few_queries_in_every_language(retriever: Any) -> None:
    """With everything such a page can hold: a topic, many questions beside it, references, translations, some stale."""
    topic = topics.ensure_topic("parking", title="Parking", description="Permits and fines.")
    question = make_portal()
    for number in range(OTHERS):
        make_question(f"Question number {number}?", key=f"other-{number}")
    Question.objects.update(topic=topic)
    for text in ("Parking", "Permits and fines."):
        for tag in ("de", "fr", "ar"):
            remember(text, f"{tag} {text}", tag)
    costs = {locale.tag: ask_page(f"/{locale.tag}/questions/{question.key}/") for locale in locales.enabled_locales()}
    assert {tag: cost for tag, cost in costs.items() if cost > QUERIES} == {}
    assert GERMAN["A resident permit costs 30 euros a year."] in Client().get("/de/questions/permit/").content.decode()


def test_a_question_page_costs_the_same_beside_many_questions(retriever: Any) -> None:
    topic = topics.ensure_topic("parking", title="Parking")
    question = make_portal()
    Question.objects.update(topic=topic)
    make_question("One other question?", key="one")
    Question.objects.update(topic=topic)
    few = ask_page(f"/de/questions/{question.key}/")
    for number in range(OTHERS):
        make_question(f"Question number {number}?", key=f"other-{number}")
    Question.objects.update(topic=topic)
    assert ask_page(f"/de/questions/{question.key}/") == few


# ingest


@pytest.fixture
def page(tmp_path: Path) -> Path:
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "parking.md").write_text(PARKING, encoding="utf-8")
    (folder / "buses.md").write_text("# Buses\n\nBuses run every ten minutes.\n", encoding="utf-8")
    return folder / "parking.md"


def ingest(page: Path) -> dict[str, Any]:
    out = io.StringIO()
    call_command("ingest", str(page.parent), locale="en", publish=True, json=True, stdout=out)
    return dict(json.loads(out.getvalue()))


def test_a_changed_paragraph_costs_one_embedding(retriever: Any, page: Path) -> None:
    ingest(page)
    assert retriever._embedder.texts == 3
    page.write_text(PARKING.replace("14 days", "30 days"), encoding="utf-8")
    assert ingest(page) == {"added": 0, "revised": 1, "unchanged": 1, "failed": []}
    assert retriever._embedder.texts == 4


def test_a_repeated_ingest_reads_extracts_and_embeds_nothing_again(
    retriever: Any, page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(page)
    embedded = retriever._embedder.texts
    monkeypatch.setattr(sources.reading.retrieval, "extract_document", refuse("extracted"))
    monkeypatch.setattr(type(retriever), "sync", refuse("compared with the index"))
    assert ingest(page) == {"added": 0, "revised": 0, "unchanged": 2, "failed": []}
    assert retriever._embedder.texts == embedded
    page.write_text(PARKING + "\nMore.\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="extracted"):
        ingest(page)


def refuse(what: str) -> Callable[..., None]:
    def refused(*_: object, **__: object) -> None:
        raise AssertionError(f"something unchanged was {what}")

    return refused
