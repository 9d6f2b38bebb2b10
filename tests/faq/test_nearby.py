"""What an editor is told beside an answer: what its quotes do not say, entries that ask the same, answers that say otherwise."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from faq.domain import answers, indexing, questions
from faq.enums import Origin
from faq.models import AnswerRevision, AuditEntry, Passage, Phrasing, Question, TranslationUnit
from faq.queries import nearby
from faq.queries.nearby import Otherwise
from tests.faq.desk import EDITOR, messages, person, signed_in
from tests.faq.factories import citation, make_question, make_source, passages, remember, translate_into
from tests.faq.test_admin_questions import form, save

pytestmark = pytest.mark.django_db
TEXT = (
    "A resident permit costs 30 euros a year. You can apply online or on 0555 0100 3300. "
    "The office does not send reminders. Anna Weber leads the Parking Office."
)
COST = "A resident permit costs 30 euros a year."


@pytest.fixture
def client() -> Client:
    return signed_in(person())


@pytest.fixture
def passage(starter: Any) -> Any:
    found = passages(make_source(text=TEXT))[0]
    indexing.sync_all()
    return found


@pytest.mark.parametrize(
    ("sentence", "verdict"),
    [
        (COST, ""),
        ("You pay 30 euros a year for a resident permit.", ""),
        ("A resident permit costs 35 euros a year.", "numbers"),
        ("You can apply on 0555 0100 9999.", "numbers"),
        ("You can apply at permit@larkmouth.example.", "addresses"),
        ("Peter Braun leads the Parking Office.", "names"),
        ("The office never sends reminders.", ""),
        ("Dogs have to be kept on a lead in the harbour gardens.", "support"),
        ("der ist auch nicht für das, was man mit dem hat.", "language"),
    ],
)
def test_a_sentence_is_compared_with_the_quotes_that_it_cites(passage: Any, sentence: str, verdict: str) -> None:
    checked = answers.check(f"{sentence} [1]", "en", [citation(passage, passage.text)])
    assert [(each.text, each.verdict, each.citations) for each in checked] == [(sentence, verdict, (1,))]


def test_what_one_sentence_of_a_quote_denies_the_others_do_not(passage: Any) -> None:
    quote = "You can apply online or on 0555 0100 3300."
    denied = answers.check("You can not apply online. [1]", "en", [citation(passage, quote)])
    assert [each.verdict for each in denied] == ["negation"]


def test_what_stands_in_the_quote_word_for_word_is_never_doubted(starter: Any) -> None:
    said = "Im Theater „Pod Orłem“ (Warszawa, ul. Długa) spielt man O Captain! My Captain!"
    passage = passages(make_source(f"{said} Die Karten kosten 12 Euro.", locale="de"))[0]
    checked = answers.check(f"{said} [1]", "de", [citation(passage, passage.text)])
    assert {each.verdict for each in checked} == {""}


def test_where_readers_see_no_machine_a_preview_asks_none(
    client: Client, passage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    translate_into("fr")
    question = make_question("What does a resident permit cost?", key="permit", cites=passage, quote=COST)
    asked: list[str] = []
    monkeypatch.setattr("faq.gateways.translation.translate_texts", lambda texts, *_, **__: asked.extend(texts) or [])
    preview(client, question, "de", form(0, f"{COST} [1]", (1, passage, COST)))
    assert asked == []


def test_a_sentence_without_a_citation_and_one_with_an_unknown_number_are_named(passage: Any) -> None:
    checked = answers.check(f"{COST} [1]\nYou can apply online.\nApply now. [7]", "en", [citation(passage, COST)])
    assert [each.verdict for each in checked] == ["", "bare", "unknown"]
    assert [each.verdict for each in answers.check(COST, "en", [citation(passage, COST)])] == [""]
    assert [each.verdict for each in answers.check(COST, "en", [])] == ["bare"]


def test_an_entry_that_asks_the_same_is_found_and_one_about_something_else_is_not(passage: Any) -> None:
    permit = make_question("What does a resident permit cost?", key="permit", cites=passage, quote=COST)
    dogs = make_question("Where may dogs run free?", key="dogs")
    indexing.sync_all()
    found = nearby.alike(["How much is a resident permit?"], "en")
    assert [(row.question_id, row.text.text, row.same) for row in found] == [
        (permit.pk, "What does a resident permit cost?", False)
    ]
    assert nearby.alike(["What does a resident permit cost?"], "en", leave_out=permit.pk) == []
    assert [(row.question_id, row.same) for row in nearby.alike(["where may dogs run FREE"], "en")] == [(dogs.pk, True)]
    assert nearby.alike(["When does the ferry leave?"], "en") == []


def test_a_draft_of_the_same_words_is_found_and_what_is_retired_is_not(starter: Any) -> None:
    draft = questions.create_question(phrasings=["Where is the harbour?"], locale="en")
    assert [(row.question_id, row.same, row.published) for row in nearby.alike(["Where is the harbour"], "en")] == [
        (draft.pk, True, False)
    ]
    assert nearby.alike(["Where is the harbour"], "de") == []
    questions.retire_question(draft)
    assert nearby.alike(["Where is the harbour"], "en") == []


@pytest.mark.parametrize(
    ("one", "other", "how"),
    [
        ("A permit costs 30 euros.", "A permit costs 35 euros.", Otherwise.FIGURES),
        ("The office opens on Monday.", "The office opens on Tuesday.", Otherwise.FIGURES),
        ("You can park there.", "You cannot park there.", Otherwise.DENIAL),
        ("A permit costs 30 euros.", "A permit costs 30 euros, or 5 euros for a day.", None),
        ("A permit costs 30 euros.", "A permit costs thirty euros.", None),
        ("A permit costs money.", "A permit costs 30 euros.", None),
    ],
)
def test_two_sentences_say_otherwise_by_their_numbers_or_by_what_they_deny(
    one: str, other: str, how: Otherwise | None
) -> None:
    assert nearby.otherwise(one, other, "en") == how


def test_an_answer_that_says_otherwise_is_found_whatever_its_question_asks(passage: Any) -> None:
    make_question("What does a resident permit cost?", key="permit", cites=passage, quote=COST, answer=f"{COST} [1]")
    other = make_question("How do I pay for parking?", key="pay", cites=passage, quote=COST, answer=f"{COST} [1]")
    agreeing = make_question("Is a permit dear?", key="dear", cites=passage, quote=COST, answer=f"{COST} [1]")
    wrong = "A resident permit costs 35 euros a year."
    AnswerRevision.objects.filter(answer__question=other).update(segments=[_row(wrong)], text=f"{wrong} [1]")
    indexing.sync_all()
    found = nearby.clashes(
        nearby.compared("Is a permit dear?", "en"), "en", [COST], [passage.pk], leave_out=agreeing.pk
    )
    assert [(clash.question_id, clash.ours, clash.theirs, clash.how) for clash in found] == [
        (other.pk, COST, wrong, Otherwise.FIGURES)
    ]


def _row(text: str) -> dict[str, Any]:
    return {"source": text, "text": text, "lang": "en", "origin": Origin.HUMAN, "citations": [1], "before": ""}


def test_the_desk_says_what_is_wrong_while_an_answer_is_written_and_stores_nothing(
    client: Client, passage: Any
) -> None:
    question = make_question("What does a resident permit cost?", key="permit", cites=passage, quote=COST)
    before = AnswerRevision.objects.count(), AuditEntry.objects.count()
    address = reverse("admin:faq_question_check", args=[question.pk])
    wrong = client.post(address, form(0, "A resident permit costs 31 euros a year. [1]", (1, passage, COST)))
    assert "A number or a day in it is in none of its quotes." in wrong.content.decode()
    right = client.post(address, form(0, f"{COST} [1]", (1, passage, COST))).content.decode()
    assert "Its one sentence says what its quotes say." in right
    assert "A number or a day" not in right
    assert client.get(address).status_code == 405
    assert (AnswerRevision.objects.count(), AuditEntry.objects.count()) == before


def test_saving_an_answer_that_says_otherwise_warns_and_saves_it(client: Client, passage: Any) -> None:
    make_question("What does a resident permit cost?", key="permit", cites=passage, quote=COST, answer=f"{COST} [1]")
    question = make_question("Is a resident permit dear?", key="dear", answer="")
    indexing.sync_all()
    wrong = "A resident permit costs 35 euros a year. [1]"
    response = save(client, question, form(answers.last_written(question), wrong, (1, passage, COST)))
    assert messages(response) == [
        "Saved as a draft. Readers do not see it yet.",
        "“What does a resident permit cost?” says otherwise: “A resident permit costs 30 euros a year.” "
        "Look at both, below.",
    ]
    assert AnswerRevision.objects.get(answer__question=question).text == wrong


def test_a_question_that_is_there_already_is_created_only_by_who_says_that_it_asks_something_else(
    client: Client, passage: Any
) -> None:
    permit = make_question("What does a resident permit cost?", key="permit", cites=passage, quote=COST)
    indexing.sync_all()
    given = {"text": "How much is a resident permit?", "locale": "en", "phrasings": "Price of it?"}
    response = client.post("/admin/faq/question/add/", given)
    page = response.content.decode()
    assert "An entry may ask the same already" in page
    assert reverse("admin:faq_question_change", args=[permit.pk]) in page
    assert "Price of it?" in page
    assert Question.objects.count() == 1
    # Other words are looked at anew, whatever was said of those before.
    again = client.post("/admin/faq/question/add/", {**given, "despite": "Where is the harbour?"})
    assert "An entry may ask the same already" in again.content.decode()
    client.post("/admin/faq/question/add/", {**given, "despite": given["text"]})
    assert Question.objects.count() == 2


def preview(client: Client, question: Question, tag: str, data: dict[str, Any]) -> Any:
    address = reverse("preview", args=[tag, question.pk])
    return client.post(address, {"written-in": "en", **data})


def test_a_preview_is_the_page_that_readers_would_see_and_stores_nothing(client: Client, passage: Any) -> None:
    question = make_question("What does a resident permit cost?", key="permit", cites=passage, quote=COST)
    before = [model.objects.count() for model in (AnswerRevision, AuditEntry, TranslationUnit, Phrasing)]
    text = "A permit is 30 euros a year. [1]"
    response = preview(client, question, "en", form(0, text, (1, passage, COST)))
    page = response.content.decode()
    assert "A permit is 30 euros a year." in page
    assert COST in page  # the reference
    assert "Was this helpful" not in page
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in response["Content-Security-Policy"]
    assert "script-src" not in response["Content-Security-Policy"]
    assert "no-store" in response["Cache-Control"]
    assert [model.objects.count() for model in (AnswerRevision, AuditEntry, TranslationUnit, Phrasing)] == before
    assert "A permit is" not in client.get("/en/questions/permit/").content.decode()


def test_a_preview_leaves_out_what_readers_would_not_see(client: Client, passage: Any) -> None:
    question = make_question("What does a resident permit cost?", key="permit")
    draft = make_source("A permit costs 99 euros.", publish=False)
    unpublished = Passage.objects.get(revision__source=draft)
    text = "It costs 30 euros. [1] It costs 99 euros. [2]"
    cited = [(1, passage, COST), (2, unpublished, "A permit costs 99 euros.")]
    page = preview(client, question, "en", form(0, text, *cited)).content.decode()
    assert "It costs 30 euros." in page
    assert "99" not in page


def test_a_preview_in_another_language_has_what_the_memory_and_people_translated(client: Client, passage: Any) -> None:
    translate_into("de")
    question = make_question("What does a resident permit cost?", key="permit", cites=passage, quote=COST)
    remember(COST, "Ein Bewohnerausweis kostet 30 Euro im Jahr.", human=False)
    remember("What does a resident permit cost?", "Was kostet ein Bewohnerausweis?", human=False)
    page = preview(client, question, "de", form(0, f"{COST} [1]", (1, passage, COST))).content.decode()
    assert "Was kostet ein Bewohnerausweis?" in page
    assert "Ein Bewohnerausweis kostet 30 Euro im Jahr." in page
    assert "Translated automatically" not in page  # said in German
    assert "Automatisch aus dem Englischen übersetzt" in page or "automatisch" in page.lower()
    # A sentence that nothing translates stays as it is, and the page says so.
    text = f"{COST} [1] You can apply online or on 0555 0100 3300. [2]"
    quotes = [(1, passage, COST), (2, passage, "You can apply online or on 0555 0100 3300.")]
    mixed = preview(client, question, "de", form(0, text, *quotes)).content.decode()
    assert "You can apply online" in mixed
    # Where readers see no machine's words, neither does a preview.
    translate_into("fr")
    off = preview(client, question, "de", form(0, f"{COST} [1]", (1, passage, COST))).content.decode()
    assert "Bewohnerausweis" not in off


def test_a_preview_keeps_what_a_person_translated_and_says_that_it_is_out_of_date(client: Client, passage: Any) -> None:
    question = make_question("What does a resident permit cost?", key="permit", cites=passage, quote=COST)
    german = answers.save_translation(question, "de", {COST: "Der Ausweis kostet 30 Euro jährlich."}, state="published")
    assert german is not None
    stale = "Die Quelle hat sich"
    same = preview(client, question, "de", form(0, f"{COST} [1]", (1, passage, COST))).content.decode()
    assert "Der Ausweis kostet 30 Euro jährlich." in same
    assert stale not in same
    changed = form(0, "A permit is 30 euros a year. [1]", (1, passage, COST))
    major = preview(client, question, "de", {**changed, "significance": "major"}).content.decode()
    assert "Der Ausweis kostet 30 Euro jährlich." in major
    assert stale in major
    minor = preview(client, question, "de", {**changed, "significance": "minor"}).content.decode()
    assert "Der Ausweis kostet 30 Euro jährlich." in minor
    assert stale not in minor


def test_previews_are_for_people_of_the_desk(client: Client, passage: Any) -> None:
    question = make_question("What does a resident permit cost?", key="permit", cites=passage, quote=COST)
    data = form(0, f"{COST} [1]", (1, passage, COST))
    assert preview(Client(), question, "en", data).status_code == 403
    nobody = signed_in(person("nobody", [name for name in EDITOR if not name.endswith("_question")]))
    assert preview(nobody, question, "en", data).status_code == 403
    assert client.get(reverse("preview", args=["en", question.pk])).status_code == 405
    assert preview(client, Question(pk=99_999), "en", data).status_code == 404
    assert preview(client, question, "en", {**data, "written-in": "xx"}).status_code == 400
