"""A table of questions and answers in several languages: one source for each, and all of them follow when it is revised."""

from typing import Any

import pytest

from faq.domain import sources
from faq.errors import Invalid
from faq.models import AnswerRevision, Phrasing, Source
from tests.faq.desk import messages, person, signed_in

pytestmark = pytest.mark.django_db

ENGLISH = "What is the fee?,The fee is 5 euros.,"
GERMAN = "Was kostet es?,Es kostet 5 Euro.,de"
FRENCH = "Quel est le prix ?,Le prix est de 5 euros.,fr"
GIVEN = [{}, {"path": "/kb/fees.csv"}]
"""Uploaded in the desk, and ingested from a path."""


def table(*rows: str) -> bytes:
    return "\n".join(["question,answer,locale", *rows, ""]).encode()


def add(*rows: str, **given: Any) -> dict[str, Source]:
    sources.ingest(
        title="Fees", locale="en", data=table(*rows), filename="fees.csv", kind="file", publish=True, **given
    )
    return {row.locale_id: row for row in Source.objects.all()}


def revise(source: Source, *rows: str) -> Any:
    return sources.revise_content(source, data=table(*rows), filename="fees.csv", kind="file")


def publish() -> dict[str, list[str]]:
    """Publish what waits; what readers are then told, by language."""
    for source in Source.objects.all():
        sources.publish_source(source)
    rows = AnswerRevision.objects.filter(state="published", is_translation=False, answer__question__state="published")
    return {tag: sorted(rows.filter(locale_id=tag).values_list("text", flat=True)) for tag in ("en", "de", "fr")}


@pytest.mark.parametrize("given", GIVEN, ids=["uploaded", "ingested"])
@pytest.mark.parametrize("through", ["en", "de"])
def test_rows_of_every_language_are_revised_through_any_of_its_sources(given: dict[str, str], through: str) -> None:
    made = add(ENGLISH, GERMAN, **given)
    revise(made[through], ENGLISH.replace("5", "6"), "Was kostet es?,Es kostet 6 Euro.,de")
    assert {tag: source.revisions.count() for tag, source in made.items()} == {"en": 2, "de": 2}
    assert publish() == {"en": ["The fee is 6 euros. [1]"], "de": ["Es kostet 6 Euro. [1]"], "fr": []}
    assert sorted(Phrasing.objects.values_list("text", flat=True)) == ["Was kostet es?", "What is the fee?"]


@pytest.mark.parametrize("given", GIVEN, ids=["uploaded", "ingested"])
def test_readers_see_nothing_of_it_before_it_is_published(given: dict[str, str]) -> None:
    made = add(ENGLISH, GERMAN, **given)
    revise(made["en"], ENGLISH, "Was kostet es?,Es kostet 6 Euro.,de")
    live = AnswerRevision.objects.filter(state="published", locale_id="de")
    assert list(live.values_list("text", flat=True)) == ["Es kostet 5 Euro. [1]"]


@pytest.mark.parametrize("given", GIVEN, ids=["uploaded", "ingested"])
def test_a_language_that_is_new_in_the_table_becomes_a_source(given: dict[str, str]) -> None:
    made = add(ENGLISH, GERMAN, **given)
    revise(made["en"], ENGLISH, GERMAN, FRENCH)
    assert sorted(Source.objects.values_list("locale_id", "title")) == [("de", "Fees"), ("en", "Fees"), ("fr", "Fees")]
    assert publish()["fr"] == ["Le prix est de 5 euros. [1]"]
    revise(made["de"], ENGLISH, GERMAN, FRENCH.replace("5", "6"))
    assert (Source.objects.count(), publish()["fr"]) == (3, ["Le prix est de 6 euros. [1]"])


def test_what_stays_the_same_gets_no_revision(db: None) -> None:
    made = add(ENGLISH, GERMAN)
    assert revise(made["en"], ENGLISH, GERMAN) is None
    changed = revise(made["en"], ENGLISH, "Was kostet es?,Es kostet 6 Euro.,de")
    assert (changed.source, made["en"].revisions.count()) == (made["de"], 1)


def test_a_table_without_a_row_in_the_sources_language_is_refused_and_changes_nothing() -> None:
    made = add(ENGLISH, GERMAN)
    with pytest.raises(Invalid, match=r"fees\.csv: the table has no row with a question and an answer in Deutsch\."):
        revise(made["de"], "What is the fee?,The fee is 6 euros.,en")
    assert {tag: source.revisions.count() for tag, source in made.items()} == {"en": 1, "de": 1}


def test_another_table_of_the_same_name_is_left_alone() -> None:
    add(ENGLISH, GERMAN)
    sources.ingest(title="Others", locale="en", data=table("Who?,Nobody.,"), filename="fees.csv", kind="file")
    other = Source.objects.get(title="Others")
    revise(other, "Who?,Everybody.,", "Wer?,Alle.,de")
    assert sorted(Source.objects.values_list("title", "locale_id")) == [
        ("Fees", "de"), ("Fees", "en"), ("Others", "de"), ("Others", "en"),
    ]  # fmt: skip
    assert Source.objects.get(title="Fees", locale_id="de").revisions.count() == 1


def test_the_desk_leads_to_the_language_that_changed() -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile
    from django.urls import reverse

    made = add(ENGLISH, GERMAN)
    file = SimpleUploadedFile("fees.csv", table(ENGLISH, "Was kostet es?,Es kostet 6 Euro.,de"))
    address = reverse("admin:faq_source_revise", args=[made["en"].pk])
    page = signed_in(person()).post(address, {"upload": file}, follow=True)
    assert page.redirect_chain[0][0] == reverse("admin:faq_source_change", args=[made["de"].pk])
    assert messages(page) == ["Revision 2 is read. Look at it, then publish it."]
