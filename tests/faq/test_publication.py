"""Publishing: where citations go, what editors are told before, and that readers see all of it or nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from faq.domain import impact as planning
from faq.domain import publication, sources
from faq.domain.publication import Cited, Standing, plan_citations
from faq.enums import CitationStatus, State
from faq.errors import Conflict, Invalid
from faq.models import AuditEntry, Citation, Job, Question, Source
from tests.faq.factories import PARKING, make_question, make_source, passages

VALID, MOVED, BROKEN = CitationStatus.VALID, CitationStatus.MOVED, CitationStatus.BROKEN


def cited(**changes: Any) -> Cited:
    return Cited(
        **{"id": 1, "passage_id": 10, "key": "k", "hash": "h", "quote": "30 euros", "start": 9, "end": 17} | changes
    )


@pytest.mark.parametrize(
    ("standing", "status", "passage", "start"),
    [
        ([Standing(20, "k", "h", "It costs 30 euros.")], VALID, 20, 9),
        ([Standing(20, "other", "h", "It costs 30 euros.")], VALID, 20, 9),
        ([Standing(20, "other", "h2", "Today: 30 euros.")], MOVED, 20, 7),
        ([Standing(20, "k", "h2", "Now 30 euros."), Standing(21, "k2", "h", "It costs 30 euros.")], VALID, 21, 9),
        ([Standing(20, "k", "h2", "It costs 40 euros.")], BROKEN, 10, 9),
        ([], BROKEN, 10, 9),
    ],
    ids=[
        "same text",
        "same text under another heading",
        "quote in changed text",
        "rolled back",
        "quote gone",
        "all gone",
    ],
)
def test_a_citation_goes_where_its_text_goes(
    standing: list[Standing], status: CitationStatus, passage: int, start: int
) -> None:
    (move,) = plan_citations([cited()], standing)
    assert (move.status, move.passage_id, move.start, move.end) == (status, passage, start, start + 8)


def test_a_quote_that_occurs_twice_stays_at_its_place() -> None:
    (move,) = plan_citations([cited(start=11, end=19)], [Standing(20, "k", "h", "30 euros, (30 euros)")])
    assert move.start == 11


def test_planning_many_citations_keeps_their_order() -> None:
    moves = plan_citations([cited(id=3), cited(id=1, quote="nothing")], [Standing(20, "k", "h", "It costs 30 euros.")])
    assert [(move.citation_id, move.status) for move in moves] == [(3, VALID), (1, BROKEN)]


@pytest.mark.django_db
class TestImpact:
    def test_editors_see_exactly_the_answers_that_an_edit_touches(self) -> None:
        source = make_source()
        permit, fine = passages(source)
        make_question("What does a permit cost?", cites=permit)
        touched = make_question("What is the fine?", cites=fine, quote="A parking fine is 25 euros.")
        sources.revise_content(source, text=PARKING.replace("14 days", "30 days"))
        impact = planning.plan_publication(source)
        assert impact.passages_added == ["A parking fine is 25 euros. Pay it within 30 days."]
        assert impact.passages_removed == ["A parking fine is 25 euros. Pay it within 14 days."]
        assert (impact.passages_kept, impact.questions_stale, impact.questions_broken) == (1, [touched.pk], [])

    def test_a_sentence_that_goes_breaks_its_answer(self) -> None:
        source = make_source()
        question = make_question(cites=passages(source)[0], quote="30 euros")
        sources.revise_content(source, text=PARKING.replace("30 euros", "40 euros"))
        assert planning.plan_publication(source).questions_broken == [question.pk]

    def test_what_is_so_already_and_what_no_reader_sees_is_no_change(self) -> None:
        source = make_source()
        broken = make_question("What does a permit cost?", cites=passages(source)[0], quote="30 euros")
        sources.revise_content(source, text=PARKING.replace("30 euros", "40 euros"))
        publication.publish_source(source)
        source.refresh_from_db()
        make_question("What is the fine?", cites=passages(source)[1], quote="25 euros", publish=False)
        sources.revise_content(source, text=PARKING.replace("30 euros", "40 euros").replace("25 euros", "35 euros"))
        plan = planning.plan_publication(source)
        assert (plan.questions_stale, plan.questions_broken, plan.questions_healed) == ([], [], [])
        back = planning.plan_publication(source, source.revisions.get(number=1))
        assert (back.questions_stale, back.questions_healed) == ([], [broken.pk])

    def test_retiring_breaks_what_cites_it_in_each_language(self) -> None:
        source = make_source()
        question = make_question(cites=passages(source)[0])
        other = make_source("# Pools\n\nThe pool is open on Sundays.\n", title="Pools")
        make_question("When is the pool open?", cites=passages(other)[0])
        plan = planning.plan_retirement(source)
        assert (plan.questions_broken, plan.passages_kept, plan.passages_added) == ([question.pk], 0, [])
        assert plan.passages_removed == [passage.text for passage in passages(source)]
        publication.retire_source(source)
        assert planning.plan_retirement(source).questions_broken == []


@pytest.mark.django_db
class TestPublishing:
    def test_citations_of_unchanged_text_point_at_the_new_revision(self) -> None:
        source = make_source()
        make_question(cites=passages(source)[0])
        sources.revise_content(source, text=PARKING.replace("25 euros", "35 euros"))
        publication.publish_source(source)
        row = Citation.objects.get()
        assert row.passage.revision_id == source.published_revision_id
        assert row.passage.content_hash == row.passage_hash

    def test_a_moved_citation_keeps_the_hash_that_was_looked_at(self) -> None:
        source = make_source()
        make_question(cites=passages(source)[1], quote="A parking fine is 25 euros.")
        seen = Citation.objects.get().passage_hash
        sources.revise_content(source, text=PARKING.replace("A parking", "Note: A parking"))
        publication.publish_source(source)
        row = Citation.objects.select_related("passage").get()
        assert row.passage.text[row.start : row.end] == row.quote
        assert row.passage_hash == seen != row.passage.content_hash

    def test_publishing_an_older_revision_heals_what_the_newer_broke(self) -> None:
        source = make_source()
        first = source.published_revision
        make_question(cites=passages(source)[0], quote="30 euros")
        sources.revise_content(source, text=PARKING.replace("30 euros", "40 euros"))
        publication.publish_source(source)
        assert Citation.objects.get().passage.revision_id == first.pk
        publication.publish_source(source, revision=first)
        row = Citation.objects.get()
        assert (row.passage.revision_id, source.published_revision.number) == (first.pk, 1)
        assert row.passage.content_hash == row.passage_hash

    def test_publishing_twice_changes_nothing_the_second_time(self) -> None:
        source = make_source()
        before = (AuditEntry.objects.count(), Source.objects.get().updated_at)
        publication.publish_source(source)
        assert (AuditEntry.objects.count(), Source.objects.get().updated_at) == before

    def test_two_editors_the_second_is_told(self) -> None:
        source = make_source()
        looked = source.updated_at
        sources.revise_content(source, text="Something else. Quite different.")
        with pytest.raises(Conflict, match="Somebody else"):
            publication.publish_source(source, expected=looked)
        publication.publish_source(source, expected=source.updated_at)
        assert source.published_revision.number == 2

    def test_a_revision_of_another_source_is_refused(self) -> None:
        one, other = make_source(), make_source("Another text. About buses.")
        with pytest.raises(Invalid, match="another source"):
            publication.publish_source(one, revision=other.published_revision)

    def test_retiring_takes_the_source_from_readers_and_keeps_its_history(self) -> None:
        source = make_source()
        publication.retire_source(source)
        assert (source.state, source.published_revision, source.revisions.count()) == (State.RETIRED, None, 1)

    def test_a_title_from_the_text_follows_it_and_a_given_one_stays(self) -> None:
        derived, given = make_source(), make_source(title="Streets")
        for source in (derived, given):
            sources.revise_content(source, text=PARKING.replace("# Parking", "# Parking and permits"))
            publication.publish_source(source)
        assert (derived.title, given.title) == ("Parking and permits", "Streets")

    def test_a_failure_in_the_middle_leaves_what_was_published(
        self, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Callable[..., Any]
    ) -> None:
        source = make_source()
        make_question(cites=passages(source)[0])
        sources.revise_content(source, text=PARKING.replace("25 euros", "35 euros"))
        before = (source.published_revision_id, Citation.objects.get().passage_id, Job.objects.count())

        def full(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(publication.audit, "record", full)
        with pytest.raises(OSError, match="No space left"):
            publication.publish_source(source)
        row = Source.objects.get(pk=source.pk)
        assert (row.published_revision_id, Citation.objects.get().passage_id, Job.objects.count()) == before


@pytest.mark.django_db
def test_rows_of_a_table_go_live_with_it() -> None:
    table = b"question,answer\nWhat is the fee?,The fee is 5 euros. Pay in cash.\n"
    source = sources.add_source(title="Table", locale="en", data=table, filename="t.csv", kind="file")
    question = Question.objects.get()
    assert (question.state, question.answer.revisions.get().state) == (State.DRAFT, State.DRAFT)
    publication.publish_source(source)
    question.refresh_from_db()
    assert (question.state, question.answer.revisions.get().state) == (State.PUBLISHED, State.PUBLISHED)


@pytest.mark.django_db
def test_a_row_that_is_gone_takes_its_question_along() -> None:
    table = b"question,answer\nWhat is the fee?,The fee is 5 euros.\nWhere do I pay?,Pay at the Service Centre.\n"
    source = sources.add_source(title="Table", locale="en", data=table, filename="t.csv", kind="file")
    publication.publish_source(source)
    changed = table.replace(b"5 euros", b"6 euros").rsplit(b"Where", 1)[0]
    sources.revise_content(source, data=changed, filename="t.csv", kind="file")
    publication.publish_source(source)
    states = {each.phrasings.get().text: each.state for each in Question.objects.all()}
    assert states == {"What is the fee?": State.PUBLISHED, "Where do I pay?": State.RETIRED}
