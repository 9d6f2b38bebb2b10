"""Title and topic of what is here already: changed on their own, found under the new ones, and undone by changing back."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from faq.domain import handlers, indexing, questions, sources, topics
from faq.enums import SourceKind
from faq.errors import Conflict, Invalid
from faq.models import AuditEntry, Source, Topic
from faq.queries import content
from tests.faq.desk import messages, person, signed_in
from tests.faq.factories import make_question, make_source

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def source(retriever: Any) -> Source:
    made = make_source(title="Parking")
    make_source("# Buses\n\nBuses run every ten minutes.\n", title="Buses")
    return made


@pytest.fixture
def fees(retriever: Any) -> Topic:
    return topics.ensure_topic("fees", title="Fees")


def entries(source: Source) -> set[tuple[str, str]]:
    """(heading's first part, topic) of what the index should hold, and does."""
    assert indexing.check().clean
    found = indexing.expected_entries(source_ids=[source.pk])
    return {(entry.heading.split(" › ")[0], entry.topic) for entry in found if entry.original}


def audited(target: Any) -> list[tuple[str, Any, Any]]:
    rows = AuditEntry.objects.filter(verb="place", object_id=str(target.pk)).order_by("pk")
    return list(rows.values_list("object_type", "before", "after"))


def test_a_source_stands_in_the_index_under_its_new_title_and_topic(source: Source, fees: Topic) -> None:
    sources.place_source(source, title="  Parking\nand fines ", topic=fees)
    assert (source.title, source.topic, entries(source)) == ("Parking and fines", fees, {("Parking and fines", "fees")})


def test_another_topic_costs_no_embedding_and_another_title_those_of_its_source(
    source: Source, fees: Topic, retriever: Any
) -> None:
    before = retriever._embedder.texts
    sources.place_source(source, title="Parking", topic=fees)
    assert retriever._embedder.texts == before
    sources.place_source(source, title="Cars", topic=fees)
    assert retriever._embedder.texts - before <= source.published_revision.passages.count()  # type: ignore[union-attr]


def test_changing_back_undoes_it_and_both_are_audited(source: Source, fees: Topic) -> None:
    before = entries(source)
    sources.place_source(source, title="Cars", topic=fees)
    sources.place_source(source, title="Parking", topic=None)
    assert entries(source) == before
    old, new = {"title": "Parking", "topic": ""}, {"title": "Cars", "topic": "fees"}
    assert audited(source) == [("source", old, new), ("source", new, old)]


def test_what_changes_nothing_is_not_written(source: Source) -> None:
    stamp = source.updated_at
    sources.place_source(source, title="Parking", topic=None)
    assert (source.updated_at, audited(source)) == (stamp, [])


@pytest.mark.parametrize("title", ["", "  ", "\x00\u202e", "?!"])
def test_a_source_without_a_title_is_refused(source: Source, title: str) -> None:
    with pytest.raises(Invalid, match="needs a title"):
        sources.place_source(source, title=title, topic=None)
    assert Source.objects.get(pk=source.pk).title == "Parking"


def test_two_editors_at_once_are_told(source: Source, fees: Topic) -> None:
    looked = source.updated_at
    sources.place_source(source, title="Cars", topic=None, expected=looked)
    with pytest.raises(Conflict, match="Somebody else changed “Cars” meanwhile"):
        sources.place_source(source, title="Parking", topic=fees, expected=looked)


def test_a_title_that_a_person_gave_outlives_new_content(source: Source) -> None:
    sources.place_source(source, title="Cars", topic=None)
    sources.revise_content(source, text="# Elsewhere\n\nA permit costs 40 euros.\n")
    sources.publish_source(source)
    assert source.title == "Cars"


def test_a_draft_may_be_placed_and_nothing_of_it_is_indexed(retriever: Any, fees: Topic) -> None:
    draft = make_source(title="Draft", publish=False)
    sources.place_source(draft, title="Later", topic=fees)
    assert (draft.title, list(indexing.expected_entries(source_ids=[draft.pk])), indexing.check().clean) == (
        "Later",
        [],
        True,
    )


def test_a_question_moves_to_another_shelf_and_back(retriever: Any, fees: Topic) -> None:
    question = make_question("What does a permit cost?", key="permit")
    questions.move_question(question, fees)
    shelf = [link.key for link in content.topic_page("fees", "en").questions]
    indexed = {entry.topic for entry in indexing.expected_entries(question_ids=[question.pk])}
    assert (shelf, indexed, indexing.check().clean) == (["permit"], {"fees"}, True)
    questions.move_question(question, None)
    questions.move_question(question, None)
    assert [link.key for link in content.topic_page("fees", "en").questions] == []
    assert audited(question) == [
        ("question", {"topic": ""}, {"topic": "fees"}),
        ("question", {"topic": "fees"}, {"topic": ""}),
    ]


class TestTheDesk:
    def place(self, client: Any, target: Any, **fields: Any) -> Any:
        name = f"admin:faq_{target._meta.model_name}_place"
        return client.post(reverse(name, args=[target.pk]), fields, follow=True)

    def test_an_editor_renames_and_moves_a_source(self, source: Source, fees: Topic) -> None:
        page = self.place(signed_in(person()), source, title="Cars", topic=fees.pk)
        source.refresh_from_db()
        assert (source.title, source.topic, messages(page)) == (
            "Cars",
            fees,
            ["Saved. Readers see the change at once."],
        )

    def test_an_editor_says_how_often_a_web_page_is_looked_at(self, source: Source) -> None:
        Source.objects.filter(pk=source.pk).update(kind=SourceKind.URL, checked_at=timezone.now() - timedelta(hours=25))
        client, address = signed_in(person()), reverse("admin:faq_source_change", args=[source.pk])
        assert handlers.due_sources() == []
        self.place(client, source, title="Parking", refresh_hours=24)
        assert [each.pk for each in handlers.due_sources()] == [source.pk]
        assert '<option value="24" selected>Every day</option>' in client.get(address).content.decode()
        self.place(client, source, title="Parking", refresh_hours=0)
        assert handlers.due_sources() == []
        rows = AuditEntry.objects.filter(verb="refresh").order_by("pk").values_list("before", "after")
        assert list(rows) == [
            ({"refresh_hours": 0}, {"refresh_hours": 24}), ({"refresh_hours": 24}, {"refresh_hours": 0}),
        ]  # fmt: skip

    def test_hours_that_no_choice_names_stay_chosen(self, source: Source) -> None:
        Source.objects.filter(pk=source.pk).update(kind=SourceKind.URL, refresh_hours=36)
        client = signed_in(person())
        page = client.get(reverse("admin:faq_source_change", args=[source.pk])).content.decode()
        assert '<option value="36" selected>Every 36 hours</option>' in page
        self.place(client, source, title="Cars", refresh_hours=36)
        assert list(Source.objects.filter(pk=source.pk).values_list("title", "refresh_hours")) == [("Cars", 36)]

    def test_nothing_but_a_web_page_is_looked_at_by_itself(self, source: Source) -> None:
        page = self.place(signed_in(person()), source, title="Cars", refresh_hours=24)
        source.refresh_from_db()
        assert (source.title, source.refresh_hours, "Every day" in page.content.decode()) == ("Cars", 0, False)
        with pytest.raises(Invalid, match="Only a web page"):
            sources.place_source(source, title="Cars", topic=None, refresh_hours=24)
        Source.objects.filter(pk=source.pk).update(kind=SourceKind.URL)
        for hours in (-1, 10_000):
            with pytest.raises(Invalid, match="every 1 to 8784 hours"):
                sources.place_source(Source.objects.get(pk=source.pk), title="Cars", topic=None, refresh_hours=hours)

    def test_an_editor_moves_a_question(self, retriever: Any, fees: Topic) -> None:
        question = make_question("What does a permit cost?")
        self.place(signed_in(person()), question, topic=fees.pk)
        question.refresh_from_db()
        assert question.topic == fees

    def test_what_is_refused_stays_in_its_field(self, source: Source, fees: Topic) -> None:
        page = self.place(
            signed_in(person()), source, title="?!", topic=fees.pk, expected=source.updated_at.isoformat()
        )
        html = page.content.decode()
        assert ("A source needs a title." in html, 'value="?!"' in html, f'value="{fees.pk}" selected' in html) == (
            True, True, True,
        )  # fmt: skip
        assert Source.objects.get(pk=source.pk).topic is None

    def test_a_topic_that_is_gone_is_told(self, source: Source, retriever: Any) -> None:
        question = make_question("What does a permit cost?")
        client = signed_in(person())
        said = "There is no such topic any more. Choose another one."
        assert said in self.place(client, source, title="Cars", topic=4711).content.decode()
        assert messages(self.place(client, question, topic=4711)) == [said]

    def test_who_may_only_look_changes_nothing(self, source: Source, fees: Topic) -> None:
        question = make_question("What does a permit cost?")
        client = signed_in(person(permissions=["view_source", "view_question"]))
        assert [self.place(client, each, title="Cars", topic=fees.pk).status_code for each in (source, question)] == [
            403,
            403,
        ]
        assert (
            "Save title and topic"
            not in client.get(reverse("admin:faq_source_change", args=[source.pk])).content.decode()
        )
