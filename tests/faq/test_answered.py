"""The same question again: no search, the same answer, still counted, and never older than the last change."""

import threading
from typing import Any

import pytest
from django.db import DatabaseError

from faq import cache
from faq.domain import feedback, publication, recording, sources
from faq.domain.ask import AskResult, ask, ask_events
from faq.models import Asked, Source
from tests.faq.factories import PARKING, make_portal
from tests.faq.pages import COST

pytestmark = pytest.mark.django_db(transaction=True)
ASKED, VAIN = "What does a resident permit cost?", "Who won the football match?"


@pytest.fixture(autouse=True)
def _portal(retriever: Any) -> None:
    make_portal()


def recalled(text: str = ASKED, locale: str = "en", **more: Any) -> tuple[AskResult, bool]:
    result = ask(text, locale, **more)
    return result, "recall" in result.timings


def same(result: AskResult) -> dict[str, Any]:
    return {name: value for name, value in result.as_dict().items() if name != "timings"}


def test_the_same_question_again_gets_the_same_answer_without_a_search(django_assert_num_queries: Any) -> None:
    first, before = recalled()
    with django_assert_num_queries(0):
        again, after = recalled(f"  {ASKED} ", record=False)
    assert (before, after) == (False, True)
    assert same(again) == same(first)
    assert [event.name for event in ask_events(ASKED, "en")] == ["evidence", "segment", "done"]


def test_another_language_another_wording_and_words_as_typed_are_other_questions() -> None:
    recalled()
    assert [recalled(ASKED, "de")[1], recalled("What does a permit cost?")[1], recalled(as_typed=True)[1]] == [
        False
    ] * 3


def test_a_changed_source_answers_at_once() -> None:
    assert COST in recalled()[0].as_dict()["answer"]
    source = Source.objects.get(title="Parking")
    sources.revise_content(source, text=PARKING.replace("30 euros", "40 euros"))
    publication.publish_source(source)
    changed, kept = recalled()
    assert (COST in changed.as_dict()["answer"], kept) == (False, False)


def test_an_answer_made_while_the_index_changed_is_not_kept() -> None:
    with cache.changing(cache.INDEX):
        recalled()
        assert not recalled()[1]
    assert not recalled()[1]
    assert recalled()[1]


def test_a_question_without_an_answer_is_counted_each_time() -> None:
    assert [recalled(VAIN)[1], recalled(VAIN)[1], recalled(VAIN, record=False)[1]] == [False, True, True]
    asked = Asked.objects.get()
    assert (asked.text, asked.count) == (VAIN, 2)


# recording beside the reader


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch) -> recording.Recorder:
    recorder = recording.Recorder()
    monkeypatch.setattr(recording, "recorder", recorder)
    monkeypatch.setattr(recording, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(recording.atexit, "register", lambda _: None)
    monkeypatch.setattr(recording, "_serving", threading.Event())
    recording.begin()
    return recorder


def test_a_serving_process_records_without_making_the_reader_wait(
    serving: recording.Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    free, write, tries = threading.Event(), feedback.record_asked, []

    def busy(*entry: Any) -> None:
        free.wait(10)
        tries.append(entry)
        if len(tries) == 1:
            raise DatabaseError("database is locked")
        write(*entry)

    monkeypatch.setattr(feedback, "record_asked", busy)
    ask(VAIN, "en")
    ask(VAIN, "en")
    assert Asked.objects.count() == 0
    free.set()
    serving.finish()
    assert Asked.objects.get().count == 2
    assert len(tries) == 3


def test_a_language_that_went_meanwhile_harms_nothing_that_follows(serving: recording.Recorder) -> None:
    recording.record(VAIN, "xx", "abstained")
    recording.record(VAIN, "en", "abstained")
    serving.finish()
    assert [asked.locale_id for asked in Asked.objects.all()] == ["en"]
