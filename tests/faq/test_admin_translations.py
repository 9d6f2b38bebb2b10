"""Translations at the desk: side by side, approved, corrected, written by hand; conflicts and refusals lose nothing."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from faq.domain import answers, review
from faq.enums import Origin, State
from faq.errors import Conflict, Invalid
from faq.models import AnswerRevision, AuditEntry, Phrasing, Question, TranslationUnit
from faq.queries import freshness
from tests.faq.desk import EDITOR, messages, person, signed_in
from tests.faq.factories import make_question, make_source, passages, remember

pytestmark = pytest.mark.django_db
COST, APPLY = "A resident permit costs 30 euros a year.", "You can apply online."
GERMAN = {COST: "Ein Ausweis kostet 30 Euro im Jahr.", APPLY: "Sie können online beantragen."}
WORDING = "Was kostet ein Ausweis?"


@pytest.fixture
def client() -> Client:
    return signed_in(person())


@pytest.fixture
def question() -> Question:
    """Published, with an answer of two sentences, in no other language yet."""
    passage = passages(make_source())[0]
    return make_question(cites=passage, quote=passage.text, answer=f"{COST} [1] {APPLY} [1]", key="permit")


def sheet(question: Question, tag: str = "de") -> str:
    return reverse("admin:faq_translation", args=[question.pk, tag])


def form(seen: str, texts: dict[str, str], **fields: str) -> dict[str, Any]:
    """The side-by-side form as a browser sends it."""
    return {"seen": seen, "source": list(texts), "text": list(texts.values()), "wording": WORDING, **fields}


def live(question: Question, tag: str = "de") -> AnswerRevision | None:
    rows = AnswerRevision.objects.filter(answer__question=question, locale_id=tag, state=State.PUBLISHED)
    return rows.first()


def shown(response: Any) -> list[tuple[str, str, str]]:
    """Sentence, text in its field, where it came from."""
    return [(row.sentence.source, row.text, row.sentence.origin) for row in response.context["rows"]]


def test_what_is_not_translated_is_an_empty_field_beside_its_sentence(client: Client, question: Question) -> None:
    response = client.get(sheet(question))
    assert shown(response) == [(COST, "", "missing"), (APPLY, "", "missing")]
    assert response.context["wording"].sentence.source == "What does a permit cost?"
    page = response.content.decode()
    assert page.count("not translated") >= 3
    assert "Translate what is missing" in page


def test_the_memory_fills_the_fields_and_says_who_wrote_them(client: Client, question: Question) -> None:
    remember(COST, GERMAN[COST])
    remember(APPLY, "Online geht es.", human=False)
    assert shown(client.get(sheet(question))) == [
        (COST, GERMAN[COST], "memory"), (APPLY, "Online geht es.", "machine"),
    ]  # fmt: skip


def test_translating_by_hand_publishes_answer_wording_and_memory(client: Client, question: Question) -> None:
    seen = client.get(sheet(question)).context["sheet"].seen
    response = client.post(sheet(question), form(seen, GERMAN, publish="1"), follow=True)
    assert messages(response) == ["Approved and published. Each sentence is in the translation memory now."]
    made = live(question)
    assert made is not None
    assert (made.text, made.origin, str(made.author)) == (f"{GERMAN[COST]} [1] {GERMAN[APPLY]} [1]", "human", "anna")
    assert [(row["origin"], row["lang"], row["citations"]) for row in made.segments] == [("human", "de", [1])] * 2
    assert freshness.answer_freshness([question.pk])[question.pk]["de"] == "current"
    wording = question.phrasings.get(locale_id="de")
    assert (wording.text, wording.canonical, wording.origin) == (WORDING, True, Origin.HUMAN)
    memory = TranslationUnit.objects.order_by("source_text").values_list(
        "source_text", "target_text", "origin", "approved"
    )
    assert list(memory) == [
        (COST, GERMAN[COST], "human", True),
        ("What does a permit cost?", WORDING, "human", True),
        (APPLY, GERMAN[APPLY], "human", True),
    ]


def test_approving_a_machines_translation_makes_it_a_persons_in_one_revision(
    client: Client, question: Question
) -> None:
    for text, german in GERMAN.items():
        remember(text, german, human=False)
    answers.translate_answer(question, "de")
    machine = live(question)
    assert machine is not None
    assert machine.origin == Origin.MACHINE
    response = client.get(sheet(question))
    texts = {source: text for source, text, _origin in shown(response)}
    client.post(sheet(question), form(response.context["sheet"].seen, texts, publish="1"))
    made = live(question)
    assert made is not None
    assert (made.number, made.origin, made.text) == (machine.number + 1, Origin.HUMAN, machine.text)
    units = TranslationUnit.objects.filter(source_text__in=[COST, APPLY])
    assert set(units.values_list("origin", "approved")) == {("human", True)}
    assert AnswerRevision.objects.filter(answer__question=question, locale_id="de").count() == 2


def test_a_correction_reaches_every_answer_with_the_sentence(client: Client, question: Question) -> None:
    for text, german in GERMAN.items():
        remember(text, german)
    other = make_question("How much is it?", cites=passages(make_source(title="Two"))[0], quote=COST)
    answers.translate_answer(question, "de")
    answers.translate_answer(other, "de")
    seen = client.get(sheet(question)).context["sheet"].seen
    better = {**GERMAN, COST: "Der Bewohnerausweis kostet jährlich 30 Euro."}
    client.post(sheet(question), form(seen, better, publish="1"))
    for each, text in ((question, f"{better[COST]} [1] {GERMAN[APPLY]} [1]"), (other, f"{better[COST]} [1]")):
        made = live(each)
        assert made is not None
        assert made.text == text


@pytest.mark.parametrize(
    ("tag", "direction", "texts", "text"),
    [
        ("ar", "rtl", {COST: "تكلفة التصريح 30 يورو في السنة.", APPLY: "يمكنكم التقديم عبر الإنترنت."},
         "تكلفة التصريح 30 يورو في السنة. [1] يمكنكم التقديم عبر الإنترنت. [1]"),
        ("zh-hans", "ltr", {COST: "居民停车证每年30欧元。", APPLY: "您可以在线申请。"},
         "居民停车证每年30欧元。 [1] 您可以在线申请。 [1]"),
    ],
)  # fmt: skip
def test_other_scripts_are_kept_as_written_and_shown_in_their_direction(
    client: Client, question: Question, tag: str, direction: str, texts: dict[str, str], text: str
) -> None:
    seen = client.get(sheet(question, tag)).context["sheet"].seen
    response = client.post(sheet(question, tag), form(seen, texts, publish="1", wording=texts[APPLY]), follow=True)
    made = live(question, tag)
    assert made is not None
    assert made.text == text
    page = response.content.decode()
    assert (
        f'class="pf-input" lang="{tag}" dir="{direction}" aria-label="Translation of sentence 1">{texts[COST]}<' in page
    )


def test_a_draft_may_be_half_done_and_changes_nothing_else(client: Client, question: Question) -> None:
    seen = client.get(sheet(question)).context["sheet"].seen
    response = client.post(sheet(question), form(seen, {COST: GERMAN[COST], APPLY: ""}, wording=""), follow=True)
    assert messages(response) == ["Saved as a draft. Readers do not see it yet."]
    assert shown(response) == [(COST, GERMAN[COST], "human"), (APPLY, "", "missing")]
    assert live(question) is None
    assert TranslationUnit.objects.count() == 0
    assert not question.phrasings.filter(locale_id="de").exists()


@pytest.mark.parametrize(
    ("texts", "publish", "said"),
    [
        ({COST: GERMAN[COST], APPLY: " "}, "1", "Sentence 2 is not translated yet. Translate it, or save a draft."),
        ({COST: "", APPLY: ""}, "", "Nothing is translated yet."),
        ({COST: "x" * 10_001, APPLY: "y"}, "1", "Sentence 1 is too long: at most 10000 characters."),
    ],
)
def test_what_is_refused_comes_back_as_it_was_typed(
    client: Client, question: Question, texts: dict[str, str], publish: str, said: str
) -> None:
    seen = client.get(sheet(question)).context["sheet"].seen
    before = AuditEntry.objects.count()
    response = client.post(sheet(question), form(seen, texts, **({"publish": publish} if publish else {})), follow=True)
    assert (response.redirect_chain, response.context["error"]) == ([], said)
    assert {source: text for source, text, _origin in shown(response)} == texts
    assert response.context["wording"].text == WORDING
    assert AuditEntry.objects.count() == before
    assert live(question) is None


def test_a_wording_that_says_nothing_undoes_the_whole_save(client: Client, question: Question) -> None:
    seen = client.get(sheet(question)).context["sheet"].seen
    response = client.post(sheet(question), form(seen, GERMAN, publish="1", wording="?!"))
    assert response.context["error"] == "This wording has no letter or digit."
    assert response.context["wording"].text == "?!"
    assert (live(question), TranslationUnit.objects.count()) == (None, 0)


def test_a_machines_failed_attempt_is_shown_and_cannot_be_approved_unchanged(
    client: Client, question: Question
) -> None:
    remember(COST, "Ein Ausweis kostet 90 Euro.", human=False, verdict="parity:numbers")
    remember(APPLY, GERMAN[APPLY])
    response = client.get(sheet(question))
    assert shown(response)[0] == (COST, "Ein Ausweis kostet 90 Euro.", "machine")
    assert "failed the check: its numbers are others than the original&#x27;s" in response.content.decode()
    texts = {source: text for source, text, _origin in shown(response)}
    seen = response.context["sheet"].seen
    refused = client.post(sheet(question), form(seen, texts, publish="1"))
    assert refused.context["error"].startswith(
        "Sentence 1 is a machine's attempt that failed a check (parity:numbers)."
    )
    client.post(sheet(question), form(seen, GERMAN, publish="1"))
    made = live(question)
    assert made is not None
    assert made.segments[0]["text"] == GERMAN[COST]


def test_the_second_of_two_translators_sees_both_and_loses_neither(client: Client, question: Question) -> None:
    seen = client.get(sheet(question)).context["sheet"].seen
    other = {**GERMAN, COST: "Berta schrieb dies."}
    signed_in(person("berta")).post(sheet(question), form(seen, other, publish="1", wording="Bertas Frage?"))

    response = client.post(sheet(question), form(seen, GERMAN, publish="1"))
    assert response.context["error"].startswith("Somebody else changed this translation or its original meanwhile.")
    assert [(row.text, row.stored) for row in response.context["rows"]] == [
        (GERMAN[COST], "Berta schrieb dies."), (GERMAN[APPLY], ""),
    ]  # fmt: skip
    assert (response.context["wording"].text, response.context["wording"].stored) == (WORDING, "Bertas Frage?")
    made = live(question)
    assert made is not None
    assert made.segments[0]["text"] == "Berta schrieb dies."

    client.post(sheet(question), form(response.context["sheet"].seen, GERMAN, publish="1"))
    made = live(question)
    assert made is not None
    assert made.segments[0]["text"] == GERMAN[COST]


def test_an_original_that_changed_meanwhile_keeps_the_translations_of_what_is_gone(
    client: Client, question: Question
) -> None:
    seen = client.get(sheet(question)).context["sheet"].seen
    canonical = answers.canonical_revision(question)
    assert canonical is not None
    fresh = list(canonical.citations.all())
    answers.save_revision(question, locale="en", text=f"{COST} [1]", citations=fresh, state=State.PUBLISHED)

    response = client.post(sheet(question), form(seen, GERMAN, publish="1"))
    assert response.context["error"].startswith("Somebody else changed")
    assert [(row.sentence.source, row.text) for row in response.context["rows"]] == [(COST, GERMAN[COST])]
    assert response.context["orphans"] == [(APPLY, GERMAN[APPLY])]
    assert GERMAN[APPLY] in response.content.decode()


def test_a_stale_translation_shows_the_old_text_beside_the_new_sentences(client: Client, question: Question) -> None:
    review.settle(question, "de", GERMAN, publish=True)
    canonical = answers.canonical_revision(question)
    assert canonical is not None
    text = f"{COST} [1] Apply at the Service Centre. [1]"
    citations = list(canonical.citations.all())
    answers.save_revision(question, locale="en", text=text, citations=citations, state=State.PUBLISHED)
    response = client.get(sheet(question))
    assert shown(response) == [(COST, GERMAN[COST], "human"), ("Apply at the Service Centre.", "", "missing")]
    assert "The original changed since this was translated" in response.content.decode()
    assert response.context["sheet"].overtaken.text == f"{GERMAN[COST]} [1] {GERMAN[APPLY]} [1]"


def test_without_an_engine_the_button_says_what_to_do(client: Client, question: Question) -> None:
    machine = reverse("admin:faq_translation_machine", args=[question.pk, "de"])
    said = messages(client.post(machine, follow=True))
    assert said[0].startswith("No translation engine is installed for this language")
    assert said[0].endswith("manage.py install_languages de")
    assert live(question) is None


def test_with_an_engine_what_is_missing_is_translated(client: Client, question: Question, engine: Any) -> None:
    remember(COST, GERMAN[COST])
    machine = reverse("admin:faq_translation_machine", args=[question.pk, "de"])
    response = client.post(machine, follow=True)
    assert [(text, origin) for _source, text, origin in shown(response)] == [
        (GERMAN[COST], "memory"), (f"[de] {APPLY}", "machine"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("tag", "said"),
    [("en", "The original is in English. Edit it with the question."), ("xx", "There is no language 'xx' here.")],
)
def test_a_language_that_cannot_be_translated_into_leads_back_to_the_question(
    client: Client, question: Question, tag: str, said: str
) -> None:
    response = client.get(sheet(question, tag), follow=True)
    assert response.redirect_chain == [(reverse("admin:faq_question_change", args=[question.pk]), 302)]
    assert messages(response)[0].startswith(said)


def test_a_question_without_a_published_answer_cannot_be_translated_yet(client: Client) -> None:
    question = make_question()
    said = messages(client.get(sheet(question), follow=True))
    assert said == ["Publish the original answer first; then it can be translated."]


def test_the_list_opens_the_screen_of_its_question_and_language(client: Client, question: Question) -> None:
    made = review.settle(question, "de", GERMAN, publish=True)
    original = answers.canonical_revision(question)
    assert original is not None
    opened = client.get(reverse("admin:faq_answerrevision_change", args=[made.pk]))
    assert opened.headers["Location"] == sheet(question)
    opened = client.get(reverse("admin:faq_answerrevision_change", args=[original.pk]))
    assert opened.headers["Location"] == reverse("admin:faq_question_change", args=[question.pk])


def test_who_may_not_publish_a_translation_saves_drafts(question: Question) -> None:
    client = signed_in(person("writer", [each for each in EDITOR if each != "publish_answerrevision"]))
    seen = client.get(sheet(question)).context["sheet"].seen
    assert client.post(sheet(question), form(seen, GERMAN, publish="1")).status_code == 403
    client.post(sheet(question), form(seen, GERMAN))
    assert list(AnswerRevision.objects.filter(locale_id="de").values_list("state")) == [(State.DRAFT,)]


def test_settling_checks_what_was_seen_in_the_domain_too(question: Question) -> None:
    seen = review.sheet(question, "de").seen
    review.settle(question, "de", GERMAN, publish=False, seen=seen)
    with pytest.raises(Conflict):
        review.settle(question, "de", GERMAN, publish=True, seen=seen)
    with pytest.raises(Invalid, match="Nothing is translated yet"):
        review.settle(question, "fr", {"A sentence of another answer.": "Une phrase."}, publish=False)
    drafts = AnswerRevision.objects.filter(locale_id="de", state=State.DRAFT)
    assert drafts.count() == 1
    review.settle(question, "de", GERMAN, publish=True)
    assert drafts.count() == 0


# The memory, sentence by sentence


def test_a_unit_is_corrected_everywhere_it_stands(client: Client, question: Question) -> None:
    unit = remember(COST, GERMAN[COST], human=False)
    remember(APPLY, GERMAN[APPLY])
    answers.translate_answer(question, "de")
    address = reverse("admin:faq_translationunit_change", args=[unit.pk])
    response = client.post(address, {"text": "Jährlich 30 Euro.", "seen": GERMAN[COST]}, follow=True)
    assert messages(response) == ["Saved. The correction is used everywhere this sentence stands."]
    made = live(question)
    assert made is not None
    assert made.text == f"Jährlich 30 Euro. [1] {GERMAN[APPLY]} [1]"


def test_a_refused_or_overtaken_correction_comes_back(client: Client) -> None:
    unit = remember(COST, GERMAN[COST])
    address = reverse("admin:faq_translationunit_change", args=[unit.pk])
    response = client.post(address, {"text": "  ", "seen": GERMAN[COST]})
    assert (response.context["error"], response.context["text"]) == ("A translation cannot be empty.", "  ")
    response = client.post(address, {"text": "Meins.", "seen": "Was früher hier stand."})
    assert response.context["error"].startswith("Somebody else changed this translation meanwhile.")
    assert (response.context["text"], response.context["theirs"]) == ("Meins.", GERMAN[COST])
    unit.refresh_from_db()
    assert unit.target_text == GERMAN[COST]
    assert Phrasing.objects.count() == 0


def test_beside_a_new_draft_the_page_says_what_readers_still_see(client: Client, question: Question) -> None:
    review.settle(question, "de", GERMAN, publish=True)
    canonical = answers.canonical_revision(question)
    assert canonical is not None
    citations = list(canonical.citations.all())
    answers.save_revision(question, locale="en", text=f"{COST} [1]", citations=citations, state=State.PUBLISHED)
    review.settle(question, "de", {COST: "Neu."}, publish=False)
    response = client.get(sheet(question))
    assert shown(response) == [(COST, "Neu.", "human")]
    assert response.context["sheet"].overtaken.text == f"{GERMAN[COST]} [1] {GERMAN[APPLY]} [1]"
