"""Questions at the desk: write, see the draft with what it rests on, edit, publish; nothing that was typed is lost."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from faq.domain import answers, indexing, publication, questions, sources
from faq.enums import Origin, Significance, State
from faq.models import AnswerRevision, AuditEntry, Passage, Phrasing, Question
from faq.queries import freshness
from tests.faq.desk import EDITOR, messages, person, signed_in
from tests.faq.factories import PARKING, make_question, make_source, passages, remember

pytestmark = pytest.mark.django_db
ADD = "/admin/faq/question/add/"
COST = "A resident permit costs 30 euros a year."


@pytest.fixture
def client() -> Client:
    return signed_in(person())


@pytest.fixture
def passage(starter: Any) -> Passage:
    """A published passage that the portal finds."""
    found = passages(make_source())[0]
    indexing.sync_all()
    return found


def form(seen: int, text: str, *cited: tuple[int, Passage, str], **fields: str) -> dict[str, Any]:
    """The answer form as a browser sends it."""
    return {
        "seen": str(seen),
        "text": text,
        "citation-number": [str(number) for number, _passage, _quote in cited],
        "citation-passage": [str(passage.pk) for _number, passage, _quote in cited],
        "citation-quote": [quote for _number, _passage, quote in cited],
        **fields,
    }


def save(client: Client, question: Question, data: dict[str, Any]) -> Any:
    return client.post(reverse("admin:faq_question_save", args=[question.pk]), data, follow=True)


def test_a_written_question_has_a_draft_with_the_passage_it_rests_on(client: Client, passage: Passage) -> None:
    given = {
        "text": "What does a resident permit cost?",
        "locale": "en",
        "phrasings": "Price of a permit?\n\nPermit fee?",
    }
    response = client.post(ADD, given, follow=True)
    question = Question.objects.get()
    assert (question.state, question.key) == (State.DRAFT, "what-does-a-resident-permit-cost")
    assert list(question.phrasings.values_list("text", "canonical")) == [
        ("What does a resident permit cost?", True), ("Price of a permit?", False), ("Permit fee?", False),
    ]  # fmt: skip
    assert messages(response) == ["A draft is ready. Check it against its passages, then publish it."]
    assert response.context["text"] == f"{COST} [1]"
    assert [(row.number, row.passage, row.quote) for row in response.context["citations"]] == [(1, passage, COST)]
    assert response.context["evidence"][0]["passage"] == passage.pk


def test_where_the_sources_do_not_answer_the_question_is_kept_and_that_is_said(
    client: Client, passage: Passage
) -> None:
    response = client.post(ADD, {"text": "Who won the chess tournament?", "locale": "en"}, follow=True)
    assert Question.objects.get().phrasings.get().text == "Who won the chess tournament?"
    assert messages(response) == [
        "The published sources do not answer this question. Write the answer and cite a passage, or add a source first."
    ]
    assert AnswerRevision.objects.count() == 0


def test_a_refused_question_comes_back_as_it_was_typed(client: Client) -> None:
    given = {"text": "???", "locale": "en", "phrasings": "One\nTwo"}
    response = client.post(ADD, given)
    shown = response.context["form"]
    assert list(shown.non_field_errors()) == ["This wording has no letter or digit."]
    assert {name: shown[name].value() for name in given} == given
    assert not Question.objects.exists()


def test_saved_as_a_draft_readers_do_not_see_it(client: Client, passage: Passage) -> None:
    question = make_question(cites=passage, quote=COST)
    live = answers.canonical_revision(question)
    seen = answers.last_written(question)
    response = save(client, question, form(seen, "Thirty euros. [1]", (1, passage, COST)))
    assert messages(response) == ["Saved as a draft. Readers do not see it yet."]
    assert answers.canonical_revision(question) == live
    assert response.context["text"] == "Thirty euros. [1]"
    assert response.context["published"] == live


def test_save_and_publish_makes_answer_and_question_live_at_once(client: Client, passage: Passage) -> None:
    question = make_question(publish=False)
    response = save(client, question, form(0, "Thirty euros. [1]", (1, passage, COST), publish="1"))
    assert messages(response) == ["Published. Readers see it now."]
    question.refresh_from_db()
    live = answers.canonical_revision(question)
    assert live is not None
    assert (question.state, live.text, live.origin, str(live.author)) == (
        State.PUBLISHED, "Thirty euros. [1]", Origin.HUMAN, "anna",
    )  # fmt: skip
    assert [(row.number, row.passage, row.quote) for row in live.citations.all()] == [(1, passage, COST)]


def test_a_quote_may_be_broken_into_other_lines(client: Client, passage: Passage) -> None:
    question = make_question(publish=False)
    quote = "A resident permit\r\n   costs 30 euros a year."
    save(client, question, form(0, "Thirty euros. [1]", (1, passage, quote)))
    citation = AnswerRevision.objects.get().citations.get()
    assert (citation.quote, citation.start, citation.end) == (COST, 0, len(COST))


@pytest.mark.parametrize(
    ("text", "cited", "publish", "said"),
    [
        ("Forty. [1]", [(1, "costs 40 euros")], "", "Citation 1: the quote is not in its passage word for word."),
        ("Thirty. [2]", [(1, COST)], "", "[2] stands in the text, but there is no citation 2."),
        ("  ", [(1, COST)], "", "The answer has no text."),
        ("Thirty. [1]", [(1, COST), (1, COST)], "", "There are two citations 1."),
        ("Thirty. [1]\n\nMore.", [(1, COST)], "1", "“More.” carries no citation. Put the number of one, such as [1], after it."),
    ],
)  # fmt: skip
def test_what_is_refused_comes_back_with_text_and_citations(
    client: Client, passage: Passage, text: str, cited: list[tuple[int, str]], publish: str, said: str
) -> None:
    question = make_question(cites=passage, quote=COST)
    seen, audits = answers.last_written(question), AuditEntry.objects.count()
    fields = {"publish": publish, "significance": "minor"} if publish else {"significance": "minor"}
    rows = [(number, passage, quote) for number, quote in cited]
    response = save(client, question, form(seen, text, *rows, **fields))
    assert response.redirect_chain == []
    assert (response.context["error"], response.context["text"]) == (said, text)
    assert [(row.number, row.passage, row.quote) for row in response.context["citations"]] == rows
    assert response.context["significance"] == "minor"
    page = response.content.decode()
    assert "Your text is below as you left it; nothing is saved yet." in page
    assert (answers.last_written(question), AuditEntry.objects.count()) == (seen, audits)


def test_a_wrong_quote_is_marked_beside_its_passage(client: Client, passage: Passage) -> None:
    question = make_question(publish=False)
    rows = [(1, passage, COST), (2, passage, "costs 40 euros")]
    response = save(client, question, form(0, "Thirty. [1] Or forty. [2]", *rows))
    assert [row.error for row in response.context["citations"]] == [
        "", "This is not in the passage word for word. Copy it from there.",
    ]  # fmt: skip
    assert response.content.decode().count(passage.text) >= 1


def test_a_citation_without_its_source_published_cannot_go_live(client: Client, passage: Passage) -> None:
    question = make_question(publish=False)
    publication.retire_source(passage.revision.source)
    response = save(client, question, form(0, "Thirty. [1]", (1, passage, COST), publish="1"))
    assert response.context["error"].startswith("Citation 1: “Parking” has no such text that is published.")
    assert AnswerRevision.objects.count() == 0
    question.refresh_from_db()
    assert question.state == State.DRAFT


def test_the_second_of_two_editors_sees_both_texts_and_loses_neither(client: Client, passage: Passage) -> None:
    question = make_question(cites=passage, quote=COST)
    seen = client.get(reverse("admin:faq_question_change", args=[question.pk])).context["seen"]
    other = signed_in(person("berta"))
    save(other, question, form(seen, "Berta wrote this. [1]", (1, passage, COST), publish="1"))

    response = save(client, question, form(seen, "Anna wrote this. [1]", (1, passage, COST), publish="1"))
    assert response.context["error"] == "Somebody else saved this meanwhile. Compare the two, then save again."
    assert response.context["text"] == "Anna wrote this. [1]"
    page = response.content.decode()
    assert "Berta wrote this. [1]" in page
    assert "saved by berta meanwhile" in page
    live = answers.canonical_revision(question)
    assert live is not None
    assert live.text == "Berta wrote this. [1]"

    again = form(response.context["seen"], response.context["text"], (1, passage, COST), publish="1")
    assert messages(save(client, question, again))[-1] == "Published. Readers see it now."
    live = answers.canonical_revision(question)
    assert live is not None
    assert live.text == "Anna wrote this. [1]"


def test_a_form_without_what_it_saw_is_refused(client: Client, passage: Passage) -> None:
    question = make_question(cites=passage, quote=COST)
    data = form(0, "Anna wrote this. [1]", (1, passage, COST))
    del data["seen"]
    assert save(client, question, data).context["error"].startswith("Somebody else saved this")
    assert AnswerRevision.objects.count() == 1


def test_who_may_not_publish_saves_drafts_only(passage: Passage) -> None:
    question = make_question(publish=False)
    client = signed_in(person("writer", [each for each in EDITOR if each != "publish_question"]))
    data = form(0, "Thirty. [1]", (1, passage, COST), publish="1")
    assert client.post(reverse("admin:faq_question_save", args=[question.pk]), data).status_code == 403
    assert AnswerRevision.objects.count() == 0


@pytest.mark.parametrize(("significance", "left"), [("major", "stale"), ("minor", "current")])
def test_a_minor_change_leaves_translations_current(
    client: Client, passage: Passage, significance: str, left: str
) -> None:
    question = make_question(cites=passage, quote=COST)
    remember(COST, "Der Ausweis kostet 30 Euro.")
    answers.translate_answer(question, "de")
    seen = answers.last_written(question)
    data = form(seen, f"{COST} Really. [1]", (1, passage, COST), publish="1", significance=significance)
    save(client, question, data)
    live = answers.canonical_revision(question)
    assert live is not None
    assert live.significance == Significance(significance)
    assert freshness.answer_freshness([question.pk])[question.pk]["de"] == left


def test_after_the_source_changed_the_page_says_which_citation_no_longer_stands(
    client: Client, passage: Passage
) -> None:
    question = make_question(cites=passage, quote=COST)
    source = passage.revision.source
    sources.revise_content(source, text=PARKING.replace("30 euros", "45 euros"))
    publication.publish_source(source)
    response = client.get(reverse("admin:faq_question_change", args=[question.pk]))
    assert ["broken" in row.status for row in response.context["citations"]] == [True]
    assert ">stale<" in response.context["rows"][0].freshness


def test_draft_again_keeps_what_readers_see(client: Client, passage: Passage) -> None:
    question = make_question(
        "What does a resident permit cost?", cites=passage, quote=COST, answer=f"By hand: {COST} [1]"
    )
    response = client.post(reverse("admin:faq_question_draft", args=[question.pk]), follow=True)
    assert messages(response) == ["A draft is ready. Check it against its passages, then publish it."]
    assert response.context["latest"].origin == Origin.GENERATED
    assert response.context["text"] == f"{COST} [1]"
    assert response.context["published"].text == f"By hand: {COST} [1]"


def test_a_wording_is_added_shown_and_removed(client: Client) -> None:
    question = make_question()
    address = reverse("admin:faq_question_phrasing", args=[question.pk])
    client.post(address, {"text": "Permit price?", "locale": "en"})
    client.post(address, {"text": "Permit price?", "locale": "en", "canonical": "1"})
    assert list(question.phrasings.values_list("text", "canonical")) == [
        ("Permit price?", True), ("What does a permit cost?", False),
    ]  # fmt: skip
    old = Phrasing.objects.get(canonical=False)
    response = client.post(
        reverse("admin:faq_question_phrasing_remove", args=[question.pk]), {"phrasing": old.pk}, follow=True
    )
    assert messages(response)[-1] == "The wording is removed."
    assert [phrasing.text for phrasing in question.phrasings.all()] == ["Permit price?"]


@pytest.mark.parametrize(("text", "said"), [("?!", "This wording has no letter or digit."), ("x" * 501, "has 501")])
def test_a_refused_wording_stays_in_its_field(client: Client, text: str, said: str) -> None:
    question = make_question()
    response = client.post(reverse("admin:faq_question_phrasing", args=[question.pk]), {"text": text, "locale": "de"})
    assert said in response.context["phrasing"]["error"]
    assert (response.context["phrasing"]["text"], response.context["phrasing"]["locale"]) == (text, "de")
    assert f'value="{text}"' in response.content.decode()
    assert question.phrasings.count() == 1


def test_another_questions_wording_cannot_be_removed_from_here(client: Client) -> None:
    mine, other = make_question(), make_question("Where do I pay a fine?")
    questions.add_phrasing(other, text="Pay where?", locale="en")
    phrasing = Phrasing.objects.get(text="Pay where?")
    client.post(reverse("admin:faq_question_phrasing_remove", args=[mine.pk]), {"phrasing": phrasing.pk})
    assert Phrasing.objects.filter(pk=phrasing.pk).exists()


def test_a_retired_question_comes_back_by_publishing_its_answer(client: Client, passage: Passage) -> None:
    question = make_question(cites=passage, quote=COST)
    response = client.post(reverse("admin:faq_question_retire", args=[question.pk]), follow=True)
    assert messages(response) == ["Retired. Readers no longer find it; publish the answer to bring it back."]
    seen = answers.last_written(question)
    save(client, question, form(seen, f"{COST} [1]", (1, passage, COST), publish="1"))
    question.refresh_from_db()
    assert question.state == State.PUBLISHED


def test_script_in_questions_and_answers_is_text(client: Client, passage: Passage) -> None:
    question = make_question("Is <script>alert(1)</script> safe?", publish=False)
    save(client, question, form(0, "</textarea><script>alert(2)</script> yes. [1]", (1, passage, COST)))
    page = client.get(reverse("admin:faq_question_change", args=[question.pk])).content.decode()
    assert "<script>alert(" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "&lt;/textarea&gt;&lt;script&gt;alert(2)" in page


def test_an_index_that_is_away_costs_the_passages_and_nothing_else(client: Client, monkeypatch: Any) -> None:
    from faq.errors import Unavailable
    from faq.gateways import retrieval

    def away() -> None:
        raise Unavailable("The index is away.")

    question = make_question()
    monkeypatch.setattr(retrieval, "retriever", away)
    response = client.get(reverse("admin:faq_question_change", args=[question.pk]))
    assert (response.status_code, response.context["evidence"]) == (200, [])
    response = client.post(ADD, {"text": "Where do I pay?", "locale": "en"}, follow=True)
    assert messages(response) == ["The index is away."]
    assert Question.objects.count() == 2
