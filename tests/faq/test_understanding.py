"""Typing errors in a question: what it was meant as answers, the page says so, and the reader may refuse."""

from typing import Any

import pytest
from django.test import Client

from faq.domain import ask, indexing, questions, topics
from faq.enums import Outcome
from faq.gateways import retrieval
from faq.models import Asked, Question, Word
from faq.queries import content
from faq.queries.understanding import understood
from tests.faq.factories import make_question, make_source, passages
from tests.faq.pages import page

pytestmark = pytest.mark.django_db

COST = "A resident permit costs 30 euros a year."


@pytest.fixture
def permit(starter: Any) -> Question:
    """Published in English and German, and indexed."""
    made = make_question(
        "What does a resident permit cost?",
        cites=passages(make_source(title="Parking"))[0],
        quote=COST,
        key="permit",
        answer=f"{COST} [1]",
    )
    Question.objects.filter(pk=made.pk).update(topic=topics.ensure_topic("parking"))
    questions.add_phrasing(made, text="Was kostet ein Bewohnerparkausweis?", locale="de", canonical=True)
    indexing.sync_all()
    return made


@pytest.mark.parametrize(
    ("tag", "typed", "meant", "locale"),
    [
        ("en", "resident permti cost", "resident permit cost", "en"),
        ("en", "куышвуте зукьше", "resident permit", "en"),
        ("de", "Bewohnerparkauswies kostet", "Bewohnerparkausweis kostet", "de"),
        ("en", "Was kostet ein Bewohnerparkauswies?", "Was kostet ein Bewohnerparkausweis?", "de"),
        ("en", "resident permit cost", "", "en"),
        ("en", "king of France", "", "en"),
    ],
)
def test_a_question_is_understood_in_its_language_without_its_errors(
    permit: Question, tag: str, typed: str, meant: str, locale: str
) -> None:
    read = understood(typed, tag)
    assert (read.corrected, read.locale, read.text) == (meant, locale, typed)
    assert understood(typed, tag, as_typed=True).corrected == ""


def test_a_misspelt_question_gets_the_answer_and_the_page_says_how_it_was_read(
    client: Client, permit: Question
) -> None:
    result = ask.ask("What does a residnt permti cost?", "en")
    assert (result.outcome, result.question) == (Outcome.CURATED, "permit")
    assert result.as_dict()["corrected"] == "What does a resident permit cost?"
    text = page(client, "/en/ask/?q=What does a residnt permti cost?")
    assert "Showing results for <bdi>What does a resident permit cost?</bdi>" in text
    assert 'href="?q=What%20does%20a%20residnt%20permti%20cost%3F&amp;exact=1"' in text
    assert "Showing results" not in page(client, "/en/ask/?q=What does a residnt permti cost?&exact=1")
    assert "Showing results" not in page(client, "/en/ask/?q=What does a resident permit cost?")


def test_a_search_says_how_it_was_read_and_keeps_the_topic(client: Client, permit: Question) -> None:
    found = content.search("residnt permti", "en")
    assert (found.corrected, [link.key for link in found.questions]) == ("resident permit", ["permit"])
    assert content.search("residnt permti", "en", as_typed=True).corrected == ""
    text = page(client, "/en/search/?q=residnt <permti>&topic=parking")
    assert "&amp;exact=1&amp;topic=parking" in text
    assert "Search instead for <bdi>residnt &lt;permti&gt;</bdi>" in text


def test_editors_see_the_question_as_it_was_typed(permit: Question) -> None:
    result = ask.ask("Who invented eurros and zeppelins?", "en")
    assert (result.outcome, result.corrected) == (Outcome.ABSTAINED, "Who invented euros and zeppelins?")
    assert Asked.objects.get().text == "Who invented eurros and zeppelins?"


def test_publishing_teaches_words_and_retiring_makes_them_no_corrections(permit: Question) -> None:
    assert set(Word.objects.filter(locale="de").values_list("text", flat=True)) >= {"bewohnerparkausweis", "kostet"}
    retriever = retrieval.retriever()
    assert retriever.respelt("bewohnerparkauswies", "de") is not None
    questions.retire_question(permit)
    indexing.sync_all()
    assert retriever.respelt("bewohnerparkauswies", "de") is None


def test_words_that_another_process_added_are_known_here(permit: Question) -> None:
    retriever = retrieval.retriever()
    assert retriever.respelt("eurros", "en") is not None
    Word.objects.all().delete()
    retrieval.reset()
    assert retrieval.retriever().respelt("eurros", "en") is None
    Word.objects.create(locale="en", text="euros")
    assert retrieval.retriever().respelt("eurros", "en") is not None
