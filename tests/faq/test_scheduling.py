"""A source goes live, or is retired, at the time that a publisher said, once, and not against what was done by hand since."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from faq import tasks
from faq.domain import publication, sources
from faq.enums import State
from faq.errors import Conflict, Forbidden, Invalid
from faq.models import AuditEntry, Source, SourceRevision
from tests.faq.desk import messages, person, signed_in
from tests.faq.factories import PARKING, make_source

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def source() -> Source:
    return make_source(publish=False)


@pytest.fixture
def revised() -> Source:
    """Published, with a newer revision that waits."""
    made = make_source()
    sources.revise_content(made, text=PARKING.replace("30 euros", "45 euros"))
    return made


def newest(source: Source) -> SourceRevision:
    return publication.newest_revision(source)


def now() -> datetime:
    return timezone.now()


def stands(source: Source) -> tuple[str, int | None]:
    source.refresh_from_db()
    return source.state, source.published_revision and source.published_revision.number


def test_a_source_goes_live_at_its_time_and_not_before(source: Source) -> None:
    sources.publish_later(source, newest(source), now() + HOUR)
    assert sources.run_due() == 0
    assert stands(source) == (State.DRAFT, None)
    assert sources.run_due(now() + HOUR) == 1
    assert stands(source) == (State.PUBLISHED, 1)
    assert (source.publish_at, source.publish_revision, source.error) == (None, None, "")
    assert sources.run_due(now() + HOUR) == 0


def test_the_revision_that_was_chosen_goes_live_and_not_a_newer_one(revised: Source) -> None:
    chosen = newest(revised)
    sources.publish_later(revised, chosen, now() + HOUR)
    sources.revise_content(revised, text=PARKING.replace("30 euros", "60 euros"))
    sources.run_due(now() + HOUR)
    assert stands(revised) == (State.PUBLISHED, chosen.number)


def test_a_source_is_retired_at_its_time(revised: Source) -> None:
    sources.retire_later(revised, now() + HOUR)
    sources.run_due(now() + HOUR)
    assert stands(revised) == (State.RETIRED, None)
    assert revised.retire_at is None


def test_one_that_was_due_for_both_is_retired_only(source: Source) -> None:
    sources.publish_later(source, newest(source), now() + HOUR)
    sources.retire_later(source, now() + 2 * HOUR)
    sources.run_due(now() + HOUR)
    assert stands(source) == (State.PUBLISHED, 1)
    sources.run_due(now() + 2 * HOUR)
    assert stands(source) == (State.RETIRED, None)
    other = make_source("# Other\n\nIt is free.", publish=False)
    sources.publish_later(other, newest(other), now() + HOUR)
    sources.retire_later(other, now() + 2 * HOUR)
    sources.run_due(now() + 3 * HOUR)  # nobody looked in between
    assert stands(other) == (State.RETIRED, None)
    assert not AuditEntry.objects.filter(object_id=str(other.pk), verb="publish").exists()


def test_publishing_by_hand_takes_back_what_was_to_be_published_and_keeps_the_end(revised: Source) -> None:
    sources.publish_later(revised, newest(revised), now() + HOUR)
    sources.retire_later(revised, now() + 2 * HOUR)
    sources.revise_content(revised, text=PARKING.replace("30 euros", "60 euros"))
    publication.publish_source(revised)
    sources.run_due(now() + HOUR)
    assert stands(revised) == (State.PUBLISHED, 3)
    assert revised.retire_at is not None


def test_retiring_by_hand_takes_everything_back(revised: Source) -> None:
    sources.publish_later(revised, newest(revised), now() + HOUR)
    sources.retire_later(revised, now() + 2 * HOUR)
    publication.retire_source(revised)
    assert sources.run_due(now() + 3 * HOUR) == 0
    assert stands(revised) == (State.RETIRED, None)


def test_what_is_live_already_when_its_time_comes_is_left_as_it_is(source: Source) -> None:
    publication.publish_source(source)
    sources.publish_later(source, newest(source), now() + HOUR)
    assert sources.run_due(now() + HOUR) == 1
    assert stands(source) == (State.PUBLISHED, 1)
    assert source.publish_at is None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda s: sources.publish_later(s, newest(s), now() - HOUR), "This time is over"),
        (lambda s: sources.retire_later(s, now() - HOUR), "This time is over"),
        (lambda s: sources.retire_later(s, now() + HOUR), "Readers do not see this source"),
        (lambda s: sources.publish_later(s, newest(make_source("# B\n\nText.")), now() + HOUR), "another source"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_scheduled(
    source: Source, wrong: Callable[[Source], Any], said: str
) -> None:
    with pytest.raises(Invalid, match=said):
        wrong(source)
    source.refresh_from_db()
    assert (source.publish_at, source.retire_at) == (None, None)


def test_the_end_comes_after_the_beginning(source: Source) -> None:
    sources.publish_later(source, newest(source), now() + 2 * HOUR)
    with pytest.raises(Invalid, match="only after that"):
        sources.retire_later(source, now() + HOUR)
    sources.retire_later(source, now() + 3 * HOUR)
    with pytest.raises(Invalid, match="retired before that"):
        sources.publish_later(source, newest(source), now() + 4 * HOUR)


def test_one_that_cannot_be_published_says_why_and_stops_none_of_the_others(source: Source) -> None:
    other = make_source("# Other\n\nIt is free.", publish=False)
    for each in (source, other):
        sources.publish_later(each, newest(each), now() + HOUR)
    Source.objects.filter(pk=source.pk).update(publish_revision=None)
    assert sources.run_due(now() + HOUR) == 2
    assert stands(source) == (State.DRAFT, None)
    assert source.error == "The revision that was to be published is gone."
    assert stands(other) == (State.PUBLISHED, 1)
    assert sources.run_due(now() + HOUR) == 0


def test_the_sweep_does_what_is_due(source: Source) -> None:
    sources.publish_later(source, newest(source), now() + HOUR)
    Source.objects.update(publish_at=now() - HOUR)
    tasks.sweep()
    assert stands(source) == (State.PUBLISHED, 1)


def test_only_who_may_publish_schedules_and_the_log_says_what(source: Source) -> None:
    editor = person("editor", ["change_source"])
    for wrong in (
        lambda: sources.publish_later(source, newest(source), now() + HOUR, actor=editor),
        lambda: sources.retire_later(source, now() + HOUR, actor=editor),
        lambda: sources.take_back(source, actor=editor),
    ):
        with pytest.raises(Forbidden):
            wrong()
    at = now() + HOUR
    sources.publish_later(source, newest(source), at)
    sources.take_back(source)
    sources.take_back(source)
    said = list(AuditEntry.objects.filter(verb="schedule").order_by("pk").values_list("before", "after"))
    assert said == [
        ({}, {"publish at": at.isoformat(), "revision": 1}), ({"publish at": at.isoformat(), "revision": 1}, {}),
    ]  # fmt: skip


def test_what_somebody_changed_meanwhile_is_a_conflict(source: Source) -> None:
    seen = source.updated_at
    sources.place_source(source, title="Another", topic=None)
    with pytest.raises(Conflict):
        sources.publish_later(source, newest(source), now() + HOUR, expected=seen)


# At the desk


@pytest.fixture
def client() -> Client:
    return signed_in(person())


def send(client: Client, source: Source, **given: str) -> Any:
    return client.post(reverse("admin:faq_source_schedule", args=[source.pk]), given, follow=True)


def test_it_is_scheduled_seen_and_taken_back_at_the_desk(client: Client, source: Source) -> None:
    at = timezone.localtime(now() + timedelta(days=400)).replace(second=0, microsecond=0)
    response = send(client, source, do="publish", revision="1", at=at.strftime("%Y-%m-%dT%H:%M"))
    source.refresh_from_db()
    assert source.publish_at == at
    assert messages(response)[0].startswith("goes live on ")
    assert "goes live on" in client.get("/admin/faq/source/").content.decode()
    assert [row.pk for row in client.get("/admin/").context["coming"]] == [source.pk]
    response = send(client, source, do="take back")
    assert messages(response) == ["Taken back. Nothing happens by itself."]
    assert client.get("/admin/").context["coming"] == []


def test_what_the_form_lacks_is_said(client: Client, source: Source) -> None:
    assert messages(send(client, source, do="publish", revision="1")) == ["Give the day and the time."]
    later = "2999-01-01T08:00"
    assert messages(send(client, source, do="publish", at=later)) == ["Choose the revision that is to be published."]
    assert messages(send(client, source, do="publish", revision="1", at="soon")) == ["Give the day and the time."]
    assert messages(send(client, source, do="publish", revision="1", at="1999-01-01T08:00")) == [
        "This time is over. Choose one in the future."
    ]
