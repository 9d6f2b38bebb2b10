"""Payloads of the public pages: the reader's language where there is one, the original with its language where not."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from faq import cache
from faq.domain import answers, locales, questions, sources, topics
from faq.enums import Origin, State, TranslationPolicy
from faq.errors import NotFound
from faq.models import Question, SourceRevision
from faq.queries import content, finding, suggesting
from faq.queries.payloads import Text, reading
from tests.faq.factories import citation, make_question, make_source, passages, remember

pytestmark = pytest.mark.django_db

COST = "A resident permit costs 30 euros a year."
APPLY = "You can apply online."


@pytest.fixture
def permit() -> Question:
    """A question with an answer of two sentences that cite one passage."""
    passage = passages(make_source(title="Parking"))[0]
    return make_question(
        "What does a permit cost?", cites=passage, quote=COST, key="permit", answer=f"{COST} [1] {APPLY} [1]"
    )


def test_an_answer_without_translation_is_shown_in_the_language_it_was_written_in(permit: Question) -> None:
    page = content.question_page("permit", "ar")

    assert page.text == Text("What does a permit cost?", "en", "ltr")
    assert page.answer is not None
    assert [(s.text, s.lang, s.dir, s.citations) for s in page.answer.segments] == [
        (COST, "en", "ltr", (1,)),
        (APPLY, "en", "ltr", (1,)),
    ]
    assert page.answer.untranslated
    assert page.answer.original == ()


def test_sentences_come_from_the_memory_one_by_one(permit: Question) -> None:
    remember(COST, "Ein Bewohnerparkausweis kostet 30 Euro im Jahr.")
    page = content.question_page("permit", "de")

    assert page.answer is not None
    assert [(s.text, s.lang, s.origin, s.original) for s in page.answer.segments] == [
        ("Ein Bewohnerparkausweis kostet 30 Euro im Jahr.", "de", "memory", COST),
        (APPLY, "en", "human", ""),
    ]
    assert [s.text for s in page.answer.original] == [COST, APPLY]
    assert (page.answer.machine, page.answer.untranslated, page.answer.stale) == (False, True, False)


def test_a_machines_translation_is_marked_and_only_shown_where_the_policy_publishes_it(permit: Question) -> None:
    remember(COST, "Kostet 30 Euro.", human=False)

    shown = content.question_page("permit", "de").answer
    assert shown is not None
    assert shown.machine

    locales.change_locale("de", policy=TranslationPolicy.DRAFT)
    cache.clear()
    hidden = content.question_page("permit", "de").answer
    assert hidden is not None
    assert (hidden.machine, hidden.segments[0].lang) == (False, "en")


def test_the_readers_own_wording_is_preferred(permit: Question) -> None:
    questions.add_phrasing(permit, text="Was kostet ein Ausweis?", locale="de", canonical=True)

    assert content.question_page("permit", "de").text == Text("Was kostet ein Ausweis?", "de", "ltr")
    assert content.question_page("permit", "tr").text == Text("What does a permit cost?", "en", "ltr")


def test_a_published_translation_goes_before_the_memory(permit: Question) -> None:
    canonical = permit.answer.revisions.get()
    rows = [{"text": "Übersetzt.", "source": COST, "lang": "de", "origin": "human", "citations": [1], "before": ""}]
    revision = answers.save_revision(
        permit, locale="de", text="Übersetzt. [1]", citations=[], origin=Origin.HUMAN, based_on=canonical,
        is_translation=True, segments=rows,
    )  # fmt: skip
    answers.publish_revision(revision, actor=None)
    remember(COST, "Aus dem Speicher.")

    shown = content.question_page("permit", "de").answer
    assert shown is not None
    assert [s.text for s in shown.segments] == ["Übersetzt."]
    assert [c.quote.text for c in shown.citations] == [COST]


def test_a_sentence_whose_passage_is_gone_is_not_shown(permit: Question) -> None:
    source = passages_source(permit)
    sources.retire_source(source, None)

    assert content.question_page("permit", "en").answer is None


def passages_source(question: Question) -> Any:
    revision = question.answer.revisions.get()
    return revision.citations.get().passage.revision.source


def test_drafts_and_retired_questions_are_not_there(permit: Question) -> None:
    make_question("Hidden?", key="hidden", publish=False)
    questions.retire_question(permit, actor=None)

    for key in ("hidden", "permit", "unknown"):
        with pytest.raises(NotFound):
            content.question_page(key, "en")


@pytest.mark.parametrize("count", [1, 3])
def test_a_question_page_takes_few_queries_however_long_the_answer_is(count: int) -> None:
    topic = topics.ensure_topic("parking")
    shown = [
        passages(make_source(f"# Page {n}\n\nFact number {n} is true in every year.\n", title=f"Page {n}"))[0]
        for n in range(count)
    ]
    question = questions.create_question(key="facts", topic=topic, phrasings=["Which facts?"], locale="en")
    rows = [citation(passage, number=place) for place, passage in enumerate(shown, start=1)]
    text = " ".join(f"{row.quote} [{row.number}]" for row in rows)
    answers.publish_revision(
        answers.save_revision(question, locale="en", text=text, citations=rows, origin=Origin.HUMAN), None
    )
    questions.publish_question(question, actor=None)
    cache.clear()

    with CaptureQueriesContext(connection) as queries:
        page = content.question_page("facts", "de")
    assert page.answer is not None
    assert len(page.answer.citations) == count
    assert len(queries) == 8
    with CaptureQueriesContext(connection) as again:
        content.question_page("facts", "de")
    assert len(again) == 5


def test_a_source_page_shows_blocks_with_their_translations() -> None:
    source = make_source(title="Parking")
    remember("Parking", "Parken")
    remember(COST, "Ein Ausweis kostet 30 Euro im Jahr.")
    remember(APPLY, "Sie können ihn online beantragen.")
    first, second = passages(source)
    page = content.source_page(source.key, "de", first.key)

    assert (page.title, page.original_title) == (Text("Parken", "de", "ltr"), Text("Parking", "en", "ltr"))
    assert [(p.cited, p.translated) for p in page.passages] == [(True, True), (False, False)]
    assert "".join(b.text.text for b in page.passages[0].blocks) == first.text
    assert [b.translation for b in page.passages[0].blocks] == [
        Text("Ein Ausweis kostet 30 Euro im Jahr. Sie können ihn online beantragen.", "de", "ltr")
    ]
    assert [h.text.text for h in page.passages[1].headings] == ["Fines"]
    assert page.passages[1].key == second.key


def test_every_character_of_the_passages_is_on_the_source_page() -> None:
    long = " ".join(f"Sentence number {n} says what is allowed there." for n in range(120))
    source = make_source(f"# Long\n\n{long}\n\n- one\n- two\n\n| A | B |\n|---|---|\n| 1 | 2 |\n")
    page = content.source_page(source.key, "en")

    stored = passages(source)
    assert [p.key for p in page.passages] == [p.key for p in stored]
    for shown, passage in zip(page.passages, stored, strict=True):
        assert [passage.text[b.start : b.start + len(b.text.text)] for b in shown.blocks] == [
            b.text.text for b in shown.blocks
        ]
        assert sum(len(b.text.text.split()) for b in shown.blocks) == len(passage.text.split())


def test_a_revision_without_blocks_is_shown_by_passages() -> None:
    source = make_source()
    SourceRevision.objects.update(blocks=[])

    shown = content.source_page(source.key, "en").passages
    assert [b.text.text for p in shown for b in p.blocks] == [p.text for p in passages(source)]


def test_topics_are_those_with_published_questions_in_the_readers_words(permit: Question) -> None:
    from faq.models import Topic

    parking = Topic.objects.create(key="parking", title="Parking", description="Permits and fines.", order=1)
    Topic.objects.create(key="empty", title="Empty", order=2)
    Question.objects.filter(pk=permit.pk).update(topic=parking)
    remember("Parking", "Parken")
    cache.clear()

    shown = content.topics("de")
    assert [(t.key, t.title, t.description, t.count) for t in shown] == [
        ("parking", Text("Parken", "de", "ltr"), Text("Permits and fines.", "en", "ltr"), 1)
    ]
    assert [link.key for link in content.topic_page("parking", "de").questions] == ["permit"]
    with pytest.raises(NotFound):
        content.topic_page("nowhere", "de")


def test_search_finds_questions_and_passages(permit: Question, retriever: Any) -> None:
    from faq.domain import indexing

    indexing.sync_all()
    found = content.search("resident permit", "en")
    assert [link.key for link in found.questions] == ["permit"]
    assert found.passages[0].text.text.startswith("A resident permit")


@pytest.mark.parametrize("text", ["", "   ", "🙂🙂", '"*', "\x00\x01"])
def test_a_search_without_words_finds_nothing(text: str) -> None:
    assert not content.search(text, "en")
    assert suggesting.suggest(text, "en") == []


def test_without_the_index_the_database_is_searched(permit: Question, monkeypatch: pytest.MonkeyPatch) -> None:
    from faq.errors import Unavailable

    def away() -> Any:
        raise Unavailable("away")

    monkeypatch.setattr(finding.retrieval, "retriever", away)
    found = content.search("permit", "en")
    assert (found.degraded, [link.key for link in found.questions]) == (True, ["permit"])
    assert [link.key for link in suggesting.suggest("perm", "en")] == ["permit"]


def test_a_locale_falls_back_along_its_chain() -> None:
    locales.change_locale("uk", fallback_id="pl")
    cache.clear()
    assert reading("uk").chain == ("uk", "pl", "en")


def test_the_sitemap_lists_what_is_published(permit: Question) -> None:
    assert {(kind, key) for kind, key, _ in content.published_pages()} == {
        ("question", "permit"),
        ("source", "parking"),
    }
    assert Question.objects.get().state == State.PUBLISHED
