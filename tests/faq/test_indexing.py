"""The index holds what the database says: originals, whole translations, phrasings; at once, and in few queries."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from faq.domain import indexing, jobs, publication, sources
from faq.enums import JobState, TranslationPolicy
from faq.models import Job, Locale
from tests.faq.factories import PARKING, make_question, make_source, passages, remember

pytestmark = pytest.mark.django_db
Capture = Callable[..., Any]
PERMIT = {
    "A resident permit costs 30 euros a year.": "Ein Bewohnerausweis kostet 30 Euro im Jahr.",
    "You can apply online.": "Sie können ihn online beantragen.",
}


def keys() -> list[tuple[str, str]]:
    return [(entry.family, entry.locale) for entry in indexing.expected_entries()]


def teach(locale: str = "de", **fields: Any) -> None:
    for source, target in PERMIT.items():
        remember(source, target, locale, **fields)


def test_a_passage_is_indexed_where_the_memory_holds_all_of_it() -> None:
    permit, fine = passages(make_source())
    teach()
    remember("A parking fine is 25 euros.", "Ein Strafzettel kostet 25 Euro.")  # one of two segments
    assert keys() == [(permit.key, "en"), (permit.key, "de"), (fine.key, "en")]
    entry = next(entry for entry in indexing.expected_entries() if entry.locale == "de")
    assert (entry.key, entry.text, entry.original) == (f"{permit.key}:de", " ".join(PERMIT.values()), False)


def test_headings_are_indexed_translated_or_not_at_all() -> None:
    make_source()
    teach()
    entries = {entry.locale: entry.heading for entry in indexing.expected_entries() if "30" in entry.text}
    assert entries == {"en": "Parking", "de": ""}
    remember("Parking", "Parken")
    entries = {entry.locale: entry.heading for entry in indexing.expected_entries() if "30" in entry.text}
    assert entries == {"en": "Parking", "de": "Parken"}


def test_where_machines_may_not_translate_only_units_of_people_count() -> None:
    make_source()
    Locale.objects.filter(pk="de").update(policy=TranslationPolicy.OFF)
    teach(human=False)
    assert "de" not in {locale for _, locale in keys()}
    teach("fr", human=False)
    assert "fr" in {locale for _, locale in keys()}


def test_a_unit_that_failed_a_check_is_never_indexed() -> None:
    make_source()
    teach(human=False, verdict="parity:numbers")
    assert {locale for _, locale in keys()} == {"en"}


def test_drafts_and_retired_sources_are_not_expected() -> None:
    make_source(publish=False)
    retired = make_source("Another text. About buses.")
    publication.retire_source(retired)
    assert keys() == []


def test_phrasings_of_published_questions_are_entries() -> None:
    make_question("Draft?", publish=False)
    question = make_question("What does a permit cost?")
    (entry,) = indexing.expected_entries()
    phrasing = question.phrasings.get()
    assert (entry.key, entry.family, entry.kind) == (f"q{question.pk}-{phrasing.pk}", f"q{question.pk}", "phrasing")


def test_expecting_costs_the_same_queries_for_many_passages(django_assert_max_num_queries: Capture) -> None:
    for number in range(12):
        make_source(f"# Title {number}\n\nFirst sentence {number}.\n\nSecond sentence {number}.")
    with django_assert_max_num_queries(5):
        assert len(list(indexing.expected_entries())) == 12


def test_publishing_is_live_at_once_and_leaves_no_job(
    retriever: Any, django_capture_on_commit_callbacks: Capture
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        make_source()
    report = indexing.check()
    assert (list(report.missing), list(report.orphaned), list(report.differing)) == ([], [], [])
    assert indexing.sync_all().unchanged in (2, 2)
    assert Job.objects.filter(kind="sync_index").count() == 0


def test_an_edit_replaces_the_entries_of_what_changed_only(
    retriever: Any, django_capture_on_commit_callbacks: Capture
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        source = make_source()
    with django_capture_on_commit_callbacks(execute=True):
        sources.revise_content(source, text=PARKING.replace("14 days", "30 days"))
    report_before = indexing.check()
    assert list(report_before.missing) == []  # a draft changes nothing for readers
    publication.publish_source(source)
    report = indexing.sync_source(source.pk)
    assert [_number(value) for value in (report.added, report.removed, report.unchanged)] == [1, 1, 1]


def _number(value: Any) -> int:
    return value if isinstance(value, int) else len(value)


def test_retiring_empties_the_index_of_the_source(retriever: Any, django_capture_on_commit_callbacks: Capture) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        source = make_source()
        publication.retire_source(source)
    report = indexing.check()
    assert (list(report.missing), list(report.orphaned)) == ([], [])


def test_new_memory_brings_the_passages_that_hold_it(
    retriever: Any, django_capture_on_commit_callbacks: Capture
) -> None:
    from faq import signals

    with django_capture_on_commit_callbacks(execute=True):
        permit, _ = passages(make_source())
    teach()
    unit = remember("Unrelated.", "Anderes.")
    assert indexing.memory_families("de", [unit.source_hash]) == []
    hashes = [indexing.translation.unit_hash(text) for text in PERMIT]
    assert indexing.memory_families("de", hashes) == [permit.key]
    with django_capture_on_commit_callbacks(execute=True):
        signals.memory_changed.send(sender=None, target_locale="de", source_hashes=hashes)
    for job in jobs.pending():
        if job.kind == "sync_index":
            assert jobs.run(job.pk).state == JobState.SUCCEEDED
    assert list(indexing.check().missing) == []


def test_an_index_that_is_away_never_keeps_a_source_from_being_published(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Capture
) -> None:
    from faq.errors import Unavailable

    def away(*_: object) -> None:
        raise Unavailable("The index is away.")

    monkeypatch.setattr(indexing, "sync_sources", away)
    with django_capture_on_commit_callbacks(execute=True):
        source = make_source()
    assert source.published_revision is not None
    job = Job.objects.get(kind="sync_index")
    assert (job.state, job.error) == (JobState.QUEUED, "The index is away.")
    monkeypatch.undo()


def test_no_passage_brings_along_the_whole_text_of_its_revision(retriever: Any, client: Client) -> None:
    """Otherwise work grows with the square of a document's length."""
    passage = passages(make_source())[0]
    make_question("What does a permit cost?", cites=passage, quote="A resident permit costs 30 euros a year.")
    with CaptureQueriesContext(connection) as queries:
        assert list(indexing.expected_entries())
        assert client.get("/en/questions/what-does-a-permit-cost/").status_code == 200
        assert client.get("/en/search/?q=permit").status_code == 200
        assert client.get("/en/ask/?q=permit").status_code == 200
    read = [query["sql"] for query in queries if "faq_passage" in query["sql"]]
    assert (len(read) > 3, [sql for sql in read if '"faq_sourcerevision"."blocks"' in sql]) == (True, [])
