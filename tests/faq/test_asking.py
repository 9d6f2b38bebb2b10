"""What readers ask is counted by day and language without their words, and the desk shows what came of it."""

import threading
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import DatabaseError
from django.utils import timezone

from faq.admin import charts
from faq.domain import feedback, recording, tallies
from faq.domain.ask import ask
from faq.domain.tallies import Counting, Ended
from faq.enums import Outcome
from faq.models import AskedDay, Locale, Question, Tally
from faq.queries import asking
from tests.faq.desk import person, signed_in
from tests.faq.factories import make_portal, make_question

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
TODAY = date(2026, 11, 23)


def counted() -> list[tuple[str, str, str | None, int]]:
    rows = Tally.objects.order_by("outcome", "locale_id", "question__key")
    return list(rows.values_list("locale_id", "outcome", "question__key", "count"))


def test_each_question_is_counted_by_how_it_ended(starter: Any) -> None:
    make_portal()
    ask("What does a resident permit cost?", "en")
    ask("What does a resident permit cost?", "en")  # answered from memory, and counted all the same
    ask("Was kostet ein Bewohnerausweis?", "de")
    ask("Where do penguins sleep in Antarctica?", "en")
    ask("What does a resident permit cost?", "en", record=False)
    assert counted() == [
        ("en", "abstained", None, 1), ("de", "curated", "permit", 1), ("en", "curated", "permit", 2),
    ]  # fmt: skip
    assert set(Tally.objects.values_list("day", flat=True)) == {timezone.now().date()}


def test_nothing_is_counted_where_the_portal_records_nothing(settings: Any) -> None:
    settings.POLYFAQ = settings.POLYFAQ | {"RECORD_ASKED": False}
    tallies.note("en", Outcome.ABSTAINED)
    assert counted() == []


def test_a_serving_process_counts_in_memory_and_adds_to_what_others_wrote(monkeypatch: pytest.MonkeyPatch) -> None:
    make_question(key="permit")
    counting = Counting()
    monkeypatch.setattr(Counting, "_run", lambda self: None)
    monkeypatch.setattr(tallies, "counting", counting)
    monkeypatch.setattr(recording, "_serving", threading.Event())
    tallies.note("en", Outcome.CURATED, "permit")
    recording.begin()
    for _ in range(3):
        tallies.note("en", Outcome.CURATED, "permit")
    assert counted() == [("en", "curated", "permit", 1)]
    counting.flush()
    counting.flush()
    assert counted() == [("en", "curated", "permit", 4)]


def test_counts_wait_for_a_database_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    counting = Counting()
    monkeypatch.setattr(Counting, "_run", lambda self: None)
    counting.add(Ended(TODAY, "en", "abstained"))

    def away(counts: Any) -> None:
        raise DatabaseError("away")

    with monkeypatch.context() as broken:
        broken.setattr(tallies, "write", away)
        counting.flush()
    counting.add(Ended(TODAY, "en", "abstained"))
    counting.flush()
    assert counted() == [("en", "abstained", None, 2)]


def test_counts_of_what_is_gone_are_left_out() -> None:
    tallies.write({Ended(TODAY, "xx", "abstained"): 3, Ended(TODAY, "en", "curated", "gone"): 4})
    assert counted() == []


def test_a_question_asked_in_vain_is_counted_by_day() -> None:
    for _ in range(3):
        asked = feedback.record_asked("May I fish?", "en")
    assert asked is not None
    AskedDay.objects.create(asked=asked, day=timezone.now().date() - timedelta(days=8), count=5)
    AskedDay.objects.create(asked=asked, day=timezone.now().date() - timedelta(days=500), count=50)
    assert asking.demand_over_time(asked.days.all()) == [0] * 10 + [5, 3]


def tally(tag: str, days: int, outcome: str, count: int, question: Question | None = None) -> None:
    day = TODAY - timedelta(days=days)
    Tally.objects.create(day=day, locale_id=tag, outcome=outcome, question=question, count=count)


def test_rates_are_by_language_and_week_the_most_asked_first() -> None:
    permit = make_question(key="permit")
    tally("de", 0, "curated", 3, permit)
    tally("de", 6, "composed", 1)
    tally("de", 7, "abstained", 1)
    tally("en", 83, "abstained", 9)
    tally("en", 84, "curated", 99, permit)
    tally("ar", 1, "curated", 1, permit)
    Locale.objects.filter(tag="ar").update(enabled=False)
    from faq import cache

    cache.bump(cache.LOCALES)
    rates = asking.answer_rates(TODAY)
    assert [(rate.locale.tag, rate.all.answered, rate.all.abstained, rate.all.percent) for rate in rates] == [
        ("en", 0, 9, 0), ("de", 4, 1, 80),
    ]  # fmt: skip
    assert [(week.answered, week.abstained) for week in rates[1].weeks[-3:]] == [(0, 0), (0, 1), (4, 0)]
    assert (rates[0].weeks[0].begins, rates[0].weeks[0].abstained) == (date(2026, 9, 1), 9)


def test_a_chart_fills_its_height_and_shows_whatever_is_not_nothing() -> None:
    chart = charts.stacked([(99, 1, "a"), (0, 0, "b"), (0, 1, "c")], "said")
    first, second, third = chart.bars
    assert (first.lower, first.upper, first.upper_y) == (35.6, 1.5, -1.1)
    assert (second.lower, second.upper) == (0.0, 0.0)
    assert (third.upper, third.upper_y, third.x) == (1.5, 34.5, 24)
    assert (chart.width, charts.stacked([], "").width) == (33, 1)


def test_the_first_page_draws_the_rates_and_says_when_there_are_none() -> None:
    client = signed_in(person())
    assert "Nobody has asked anything in the last 12 weeks." in client.get("/admin/").content.decode()
    Tally.objects.create(day=timezone.now().date(), locale_id="de", outcome="abstained", count=4)
    Tally.objects.create(day=timezone.now().date(), locale_id="de", outcome="composed", count=12)
    page = client.get("/admin/").content.decode()
    assert 'aria-label="Deutsch: 75 % of 16 questions found an answer"' in page
    assert '<a href="/admin/faq/gap/?locale=de">4</a>' in page
    assert page.count('<svg class="pf-chart"') == 1
