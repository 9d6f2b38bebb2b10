"""What helps to translate: like sentences, terms, checks while typing, what changed in the original, what is left to do."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from faq.domain import answers, people, review
from faq.enums import State
from faq.gateways import translation
from faq.models import GlossaryTerm, Question
from faq.queries import aids
from faq.queries.aids import Proposal
from tests.faq.desk import person, signed_in
from tests.faq.factories import citation, make_question, make_source, passages, remember, translate_into

pytestmark = pytest.mark.django_db
COST, APPLY = "A resident permit costs 30 euros a year.", "You can apply online."
GERMAN = {COST: "Ein Ausweis kostet 30 Euro im Jahr.", APPLY: "Sie können online beantragen."}


@pytest.fixture(autouse=True)
def engine() -> Iterator[None]:
    """An engine that a test set is not the next one's."""
    yield
    translation.reset()


@pytest.fixture
def client() -> Client:
    return signed_in(person())


@pytest.fixture
def question() -> Question:
    passage = passages(make_source())[0]
    return make_question(cites=passage, quote=passage.text, answer=f"{COST} [1] {APPLY} [1]", key="permit")


def address(name: str, question: Question, tag: str = "de") -> str:
    return reverse(f"admin:faq_translation{name}", args=[question.pk, tag])


def revise(question: Question, first: str) -> None:
    revision = answers.canonical_revision(question)
    assert revision is not None
    passage = revision.citations.all()[0].passage
    answers.save_revision(
        question,
        locale="en",
        text=f"{first} [1] {APPLY} [1]",
        citations=[citation(passage, passage.text)],
        state="published",
    )


def test_like_sentences_come_with_their_likeness_and_the_wanted_numbers(question: Question) -> None:
    remember("A resident permit costs 25 euros a year.", "Ein Ausweis kostet 25 Euro im Jahr.")
    remember("A resident permit costs nothing.", "Ein Ausweis kostet nichts.", human=False)
    remember("The harbour is closed.", "Der Hafen ist geschlossen.")
    remember("A resident permit costs 30 euros a year!", "Cela coûte 30 euros.", locale="fr")
    found = aids.proposals([COST, APPLY], "en", "de")
    assert found[COST] == [
        Proposal(90, "A resident permit costs 25 euros a year.", "Ein Ausweis kostet 30 Euro im Jahr.", True, True),
        Proposal(found[COST][1].percent, "A resident permit costs nothing.", "Ein Ausweis kostet nichts.", False),
    ]
    assert (60 <= found[COST][1].percent < 90, found[APPLY]) == (True, [])


def test_the_sheet_offers_them_for_what_no_person_translated(client: Client, question: Question) -> None:
    remember(APPLY, GERMAN[APPLY])
    remember("You can apply on line.", "Online geht auch.")
    remember("A resident permit costs 25 euros a year.", "Ein Ausweis kostet 25 Euro im Jahr.")
    response = client.get(address("_proposals", question))
    assert [(number, [each.text for each in some]) for number, some in response.context_data["rows"]] == [
        (1, [GERMAN[COST]]),
    ]  # fmt: skip
    review.settle(question, "de", GERMAN, publish=True)
    assert client.get(address("_proposals", question)).context_data["rows"] == []


def test_terms_stand_beside_the_sentence_that_has_them(client: Client, question: Question) -> None:
    GlossaryTerm.objects.create(source_locale_id="en", target_locale_id="de", term="permit", translation="Ausweis")
    GlossaryTerm.objects.create(
        source_locale_id="en", target_locale_id="de", term="online", translation="am Netz", kind="forbidden"
    )
    GlossaryTerm.objects.create(source_locale_id="en", term="Larkmouth", kind="keep")
    rows = client.get(address("", question)).context["rows"]
    assert [row.terms for row in rows] == [("“permit” is “Ausweis”",), ("“online” is never “am Netz”",)]


def checked(client: Client, question: Question, text: str) -> str:
    response = client.post(address("_check", question), {"source": COST, "text": text})
    return response.content.decode().strip()


def test_what_is_typed_is_checked_as_it_will_be(client: Client, question: Question) -> None:
    GlossaryTerm.objects.create(source_locale_id="en", target_locale_id="de", term="permit", translation="Ausweis")
    assert checked(client, question, GERMAN[COST]) == ""
    assert "its numbers are others" in checked(client, question, "Ein Ausweis kostet 35 Euro im Jahr.")
    assert "“permit” is “Ausweis”" in checked(client, question, "Eine Erlaubnis kostet 30 Euro im Jahr.")
    assert "another script" in checked(client, question, "Разрешение для жителей стоит 30 евро в год.")
    for nothing in ("", "  ", "x" * 10_001):
        assert client.post(address("_check", question), {"source": COST, "text": nothing}).status_code == 204
    assert client.get(address("_check", question)).status_code == 405


def test_the_machine_is_asked_for_one_sentence_and_nothing_is_kept(
    client: Client, question: Question, settings: Any
) -> None:
    settings.POLYFAQ = settings.POLYFAQ | {"TRANSLATION_ENGINE": "translation.engine.FakeEngine"}
    translation.reset()
    translate_into("de")
    remember(COST, GERMAN[COST])  # which is not what is asked for
    told = client.post(address("_segment", question), {"source": COST}).json()
    assert (told["said"], "30" in told["text"], told["text"] in (COST, GERMAN[COST])) == ("", True, False)
    assert not question.answer.revisions.filter(is_translation=True).exists()
    assert client.post(address("_segment", question), {"source": "Steal my engine."}).json()["text"] == ""
    assert client.get(address("_segment", question)).status_code == 405


def test_without_an_engine_the_machine_says_so(client: Client, question: Question) -> None:
    told = client.post(address("_segment", question, "tr"), {"source": COST}).json()
    assert told == {"text": "", "said": "No translation engine leads into this language."}


def test_who_may_not_translate_the_language_asks_no_machine_for_it(question: Question) -> None:
    who = person("tina")
    people.assign_locales(who, ["fr"])
    tina, viewer = signed_in(who), signed_in(person("vera", ["view_answerrevision"]))
    assert tina.post(address("_segment", question), {"source": COST}).status_code == 403
    assert viewer.post(address("_segment", question), {"source": COST}).status_code == 403
    assert viewer.get(address("_proposals", question)).status_code == 200
    nobody = signed_in(person("nora", []))
    assert [nobody.get(address("_proposals", question)).status_code, nobody.post(address("_check", question)).status_code] == [
        403, 403,
    ]  # fmt: skip


def test_what_changed_in_the_original_is_marked_word_by_word(client: Client, question: Question) -> None:
    review.settle(question, "de", GERMAN, publish=True)
    assert [row.sentence.change for row in client.get(address("", question)).context["rows"]] == [(), ()]
    revise(question, "A resident permit costs 35 euros a year.")
    response = client.get(address("", question))
    changes = [[(piece.kind.value, piece.text) for piece in row.sentence.change] for row in response.context["rows"]]
    assert changes == [
        [("same", "A resident permit costs "), ("gone", "30"), ("new", "35"), ("same", " euros a year.")], [],
    ]  # fmt: skip
    assert "<del>30</del><ins>35</ins>" in response.content.decode()
    review.settle(question, "de", {APPLY: "Online."}, publish=False)
    again = client.get(address("", question)).context["rows"]
    assert [bool(row.sentence.change) for row in again] == [True, False]  # what readers see is of the older original


def test_what_is_left_is_missing_stale_by_machine_or_a_draft(question: Question) -> None:
    other = make_question(
        "Where?", cites=passages(make_source("Go to the pier. It is open.", title="Pier"))[0], key="a-pier"
    )
    make_question("Nobody knows?", key="unanswered", publish=False)
    assert aids.left_to_do("de") == [other.pk, question.pk]
    review.settle(question, "de", GERMAN, publish=True)
    assert (aids.left_to_do("de"), aids.left_to_do("en")) == ([other.pk], [])
    review.settle(question, "de", GERMAN | {APPLY: "Online."}, publish=False)
    assert aids.left_to_do("de") == [other.pk, question.pk]
    review.settle(question, "de", GERMAN, publish=True)
    revise(question, "A resident permit costs 35 euros a year.")
    assert aids.left_to_do("de") == [other.pk, question.pk]


def test_approving_leads_to_the_next_and_at_the_end_to_the_list(client: Client, question: Question) -> None:
    other = make_question(
        "Where?", cites=passages(make_source("Go to the pier. It is open.", title="Pier"))[0], key="z-pier"
    )
    page = client.get(address("", question))
    assert (page.context["left"], page.context["next"]) == (2, address("", other))
    seen = page.context["sheet"].seen
    form: dict[str, Any] = {"source": list(GERMAN), "text": list(GERMAN.values()), "publish": "next", "seen": seen}
    assert client.post(address("", question), form)["Location"] == address("", other)
    texts = {each.source: f"Auf {at} Deutsch." for at, each in enumerate(review.sheet(other, "de").sentences)}
    seen = client.get(address("", other)).context["sheet"].seen
    form = {"source": list(texts), "text": list(texts.values()), "publish": "next", "seen": seen}
    assert client.post(address("", other), form)["Location"] == reverse("admin:faq_answerrevision_changelist")
    assert other.answer.revisions.filter(locale_id="de", state=State.PUBLISHED).count() == 1


def test_the_sheet_costs_the_same_queries_whatever_waits(client: Client, question: Question) -> None:
    def cost() -> int:
        client.get(address("", question))
        with CaptureQueriesContext(connection) as asked:
            client.get(address("", question))
        return len(asked)

    alone = cost()
    passage = question.answer.revisions.get().citations.all()[0].passage
    for number in range(6):
        make_question(f"Number {number}?", cites=passage, quote=passage.text, key=f"more-{number}")
    assert (len(aids.left_to_do("de")), cost()) == (7, alone)
