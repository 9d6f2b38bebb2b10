"""What becomes of a page that changed: it waits, goes live unless an answer would need a look, or goes live; and who decides."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from faq.domain import publication, sources
from faq.enums import Freshness, RefreshPolicy
from faq.errors import Forbidden, Invalid
from faq.gateways import retrieval
from faq.models import AuditEntry, Question, Source
from faq.queries import freshness, waiting
from tests.faq.desk import EDITOR, messages, person, signed_in
from tests.faq.factories import PARKING, make_question, passages

pytestmark = pytest.mark.django_db
URL = "https://example.org/parking.md"
COST = "A resident permit costs 30 euros a year."
FOOTER = "\n# Contact\n\nThe office is in Mill Lane.\n"


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The text of the one page there is."""
    held = {"text": PARKING}

    def fetch_url(url: str, **_: Any) -> SimpleNamespace:
        return SimpleNamespace(
            url=url, data=held["text"].encode(), media_type="text/markdown", etag="", last_modified="",
            not_modified=False,
        )  # fmt: skip

    monkeypatch.setattr(retrieval, "fetch_url", fetch_url)
    return held


@pytest.fixture
def source(page: dict[str, str]) -> Source:
    made, _ = sources.ingest(locale="en", url=URL, kind="url", path=URL, publish=True)
    return made


@pytest.fixture
def question(source: Source) -> Question:
    return make_question(cites=passages(source)[0], quote=COST)


def obey(source: Source, policy: str, **by: Any) -> None:
    sources.place_source(source, title=source.title, topic=None, refresh_hours=24, refresh_policy=policy, **by)


def live(source: Source) -> int:
    source.refresh_from_db()
    assert source.published_revision is not None
    return int(source.published_revision.number)


@pytest.mark.parametrize(
    ("policy", "changed", "number", "stale"),
    [
        (RefreshPolicy.WAIT, PARKING + FOOTER, 1, False),
        (RefreshPolicy.CAREFUL, PARKING + FOOTER, 2, False),
        (RefreshPolicy.CAREFUL, PARKING.replace("30 euros", "35 euros"), 1, False),
        (RefreshPolicy.PUBLISH, PARKING.replace("30 euros", "35 euros"), 2, True),
    ],
)
def test_nothing_goes_live_but_what_the_policy_lets_through(
    page: dict[str, str], source: Source, question: Question, policy: str, changed: str, number: int, stale: bool
) -> None:
    obey(source, policy)
    page["text"] = changed
    assert sources.refresh_source(source) == "revised"
    assert live(source) == number
    assert waiting.waits(source) is (number == 1)
    found = freshness.canonical_freshness()[question.pk]
    assert (found == Freshness.STALE) is stale


def test_a_page_that_nobody_has_published_is_not_published_by_its_policy(page: dict[str, str]) -> None:
    source, _ = sources.ingest(locale="en", url=URL, kind="url", path=URL)
    obey(source, RefreshPolicy.PUBLISH)
    page["text"] = PARKING + FOOTER
    sources.refresh_source(source)
    source.refresh_from_db()
    assert (source.published_revision, source.revisions.count()) == (None, 2)


def test_a_retired_page_stays_retired(page: dict[str, str], source: Source) -> None:
    obey(source, RefreshPolicy.PUBLISH)
    publication.retire_source(source)
    page["text"] = PARKING + FOOTER
    sources.refresh_source(source)
    source.refresh_from_db()
    assert source.published_revision is None


def test_what_was_kept_or_rolled_back_waits_no_longer_until_more_comes_in(
    page: dict[str, str], source: Source, client: Client
) -> None:
    page["text"] = PARKING + FOOTER
    sources.refresh_source(source)
    assert waiting.waits(source)
    publisher = signed_in(person())
    shown = publisher.get(reverse("admin:faq_source_change", args=[source.pk])).content.decode()
    assert "Keep revision 1" in shown
    kept = publisher.post(reverse("admin:faq_source_keep", args=[source.pk]), follow=True)
    assert messages(kept) == ["Kept. The newer revision waits no longer; it can still be published."]
    assert (live(source), waiting.waits(source)) == (1, False)
    assert AuditEntry.objects.filter(verb="keep").values_list("actor__username", "after").get() == (
        "anna", {"revision": 1},
    )  # fmt: skip
    page["text"] = PARKING + FOOTER.replace("Mill", "Lock")
    sources.refresh_source(source)
    assert waiting.waits(source)
    publication.publish_source(source)
    assert waiting.waits(source) is False
    publication.publish_source(source, revision=source.revisions.get(number=1))
    assert (live(source), waiting.waits(source)) == (1, False)


def test_what_waits_is_counted_on_the_first_page_marked_and_filtered(page: dict[str, str], source: Source) -> None:
    sources.add_source(title="Draft", locale="en", text="# Draft\n\nNot yet.")
    sources.ingest(title="Calm", locale="en", text="# Calm\n\nAll is well.", publish=True)
    page["text"] = PARKING + FOOTER
    sources.refresh_source(source)
    client = signed_in(person())
    tile = next(tile for tile in client.get("/admin/").context["tiles"] if tile.label == "sources to publish")
    assert tile.value == 2
    rows = client.get(tile.link).context["cl"].result_list
    assert {row.title for row in rows} == {"Draft", source.title}
    listed = client.get(reverse("admin:faq_source_changelist")).content.decode()
    assert listed.count("a newer revision waits") == 1


def test_who_lets_pages_go_live_may_publish(source: Source) -> None:
    writer = person("writer", [name for name in EDITOR if name != "publish_source"])
    for policy in (RefreshPolicy.CAREFUL, RefreshPolicy.PUBLISH):
        with pytest.raises(Forbidden):
            obey(source, policy, actor=writer)
    client = signed_in(writer)
    form = client.get(reverse("admin:faq_source_change", args=[source.pk])).context["place"]
    assert [value for value, _ in form.fields["refresh_policy"].choices] == ["wait"]
    assert client.post(reverse("admin:faq_source_keep", args=[source.pk])).status_code == 403
    place = reverse("admin:faq_source_place", args=[source.pk])
    given = {"title": "Parking", "refresh_hours": "24", "refresh_policy": "publish"}
    refused = client.post(place, given).context["place"]
    assert list(refused.errors) == ["refresh_policy"]
    publisher = signed_in(person("publisher"))
    assert publisher.post(place, given).status_code == 302
    source.refresh_from_db()
    assert source.refresh_policy == RefreshPolicy.PUBLISH
    # Somebody else may change the rest, and may make it wait again.
    assert client.post(place, given | {"title": "Cars"}).status_code == 302
    assert client.post(place, given | {"refresh_policy": "wait"}).status_code == 302
    source.refresh_from_db()
    assert source.refresh_policy == RefreshPolicy.WAIT


def test_a_source_that_readers_do_not_see_has_nothing_to_keep(page: dict[str, str]) -> None:
    source, _ = sources.ingest(locale="en", url=URL, kind="url", path=URL)
    with pytest.raises(Invalid, match="nothing to keep"):
        publication.keep_published(source)


def test_the_desk_says_what_became_of_a_change(page: dict[str, str], source: Source) -> None:
    client, address = signed_in(person()), reverse("admin:faq_source_refresh", args=[source.pk])
    assert messages(client.post(address, follow=True)) == ["The page says what it said before."]
    page["text"] = PARKING + FOOTER
    assert messages(client.post(address, follow=True)) == [
        "The page changed: look at the new revision, then publish it."
    ]
    obey(source, RefreshPolicy.PUBLISH)
    page["text"] = PARKING + FOOTER.replace("Mill", "Lock")
    assert messages(client.post(address, follow=True)) == [
        "The page changed, and its new text is live, as the source's settings say."
    ]
