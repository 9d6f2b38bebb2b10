"""What visitors leave behind: counted, sorted by editors, and never with what tells who they are."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq.domain import feedback
from faq.domain.ask import ask
from faq.enums import AskedState
from faq.errors import Invalid
from faq.models import Asked, AuditEntry, Feedback, Question
from tests.faq.factories import make_portal, make_question

VAIN = "Who won the football match?"


class TestScrubbing:
    @pytest.mark.parametrize(
        ("text", "kept"),
        [
            ("Write to anna.lindt+tax@mail.example.org please", "Write to …@… please"),
            ("<anna@example.org>", "<…@…>"),
            ("почта анна@пример.укр", "почта …@…"),
            ("Call 0555 0100 1000 today", "Call … today"),
            ("Call +44 (0) 20-7946 0958.", "Call …."),
            ("My IBAN is DE89 3704 0044 0532 0130 00!", "My IBAN is …!"),
            ("GB82WEST12345698765432", "…"),
            ("Card 4111 1111 1111 1111", "Card …"),
            ("رقمي ٠٥٥٥٠١٠٠١٠٠٠", "رقمي …"),
        ],
    )
    def test_addresses_and_numbers_of_people_are_replaced(self, text: str, kept: str) -> None:
        assert feedback.scrub(text) == kept

    @pytest.mark.parametrize(
        "text",
        [
            "Is the office open on 24.12.2026?", "Between 2026-06-29 and 2026-08-07?", "Is 06/29/2026 a holiday?",
            "A 240-litre bin costs 96 euros", "Postcode 10115", "Form A38", "Zone 1 to 3 @ night", "§ 12 (3) BGB",
            "Why 30 euros, not 25.50?",
        ],
    )  # fmt: skip
    def test_dates_prices_and_short_numbers_stay(self, text: str) -> None:
        assert feedback.scrub(text) == text

    @given(st.text(max_size=200))
    def test_no_long_number_and_no_address_is_ever_left(self, text: str) -> None:
        kept = feedback.scrub(text)
        assert not feedback.EMAIL.search(kept)
        assert not re.search(r"\d{9}", kept)

    @given(st.text(max_size=200))
    def test_scrubbing_twice_changes_nothing_more(self, text: str) -> None:
        once = feedback.scrub(text)
        assert feedback.scrub(once) == once


@pytest.mark.django_db
class TestAsked:
    @pytest.fixture(autouse=True)
    def portal(self, starter: Any) -> Question:
        return make_portal()

    def test_a_question_without_an_answer_is_kept_with_what_came_nearest(self, portal: Question) -> None:
        ask(VAIN, "en")
        row = Asked.objects.get()
        assert (row.text, row.locale_id, row.outcome, row.state, row.count) == (VAIN, "en", "abstained", "open", 1)
        assert row.nearest == portal

    @pytest.mark.parametrize("text", ["What does a resident permit cost?", "Where are found umbrellas kept?"])
    def test_a_question_that_was_answered_is_not_kept(self, text: str) -> None:
        ask(text, "en")
        assert not Asked.objects.exists()

    def test_the_same_question_is_counted_and_not_kept_twice(self) -> None:
        for text in (VAIN, VAIN.upper(), "who won the football match", f"  {VAIN}?! "):
            ask(text, "en")
        assert [(row.text, row.count) for row in Asked.objects.all()] == [(VAIN, 4)]

    def test_the_same_words_in_another_language_are_another_question(self) -> None:
        ask(VAIN, "en")
        ask(VAIN, "de")
        assert set(Asked.objects.values_list("locale_id", "count")) == {("en", 1), ("de", 1)}

    def test_what_tells_who_asked_is_never_stored(self) -> None:
        ask("Who won the football match, tell me at anna@example.org or 0555 0100 1000?", "en")
        assert Asked.objects.get().text == "Who won the football match, tell me at …@… or …?"
        stored = json.dumps(list(Asked.objects.values()), default=str)
        assert not re.search(r"anna|0555|1000", stored)

    def test_questions_that_differ_in_personal_data_only_are_one(self) -> None:
        ask("Who won the football match? anna@example.org", "en")
        ask("Who won the football match? paul@example.net", "en")
        assert Asked.objects.get().count == 2

    def test_recording_can_be_switched_off(self, settings: Any) -> None:
        settings.POLYFAQ = settings.POLYFAQ | {"RECORD_ASKED": False}
        ask(VAIN, "en")
        assert feedback.record_asked(VAIN, "en") is None
        assert not Asked.objects.exists()

    def test_an_editor_who_tries_something_out_is_not_counted(self) -> None:
        ask(VAIN, "en", record=False)
        assert not Asked.objects.exists()

    def test_the_page_for_what_was_not_found_records_it_too(self, client: Any) -> None:
        client.get("/en/ask/", {"q": VAIN})
        client.get("/en/ask/", {"q": "What does a resident permit cost?"})
        assert [(row.text, row.count) for row in Asked.objects.all()] == [(VAIN, 1)]

    def test_what_editors_settled_opens_again_when_it_is_asked_again_or_stays_settled(self) -> None:
        ask(VAIN, "en")
        row = feedback.set_asked_state(Asked.objects.get(), AskedState.DISMISSED)
        ask(VAIN, "en")
        row.refresh_from_db()
        assert (row.state, row.count) == (AskedState.DISMISSED, 2)

    def test_sorting_a_question_is_audited_once(self) -> None:
        ask(VAIN, "en")
        for _ in range(2):
            feedback.set_asked_state(Asked.objects.get(), AskedState.SPAM)
        (entry,) = AuditEntry.objects.filter(verb="sort")
        assert (entry.before, entry.after) == ({"state": "open"}, {"state": "spam"})

    def test_a_question_is_sorted_into_states_there_are(self) -> None:
        ask(VAIN, "en")
        with pytest.raises(Invalid, match="cannot be 'gone'"):
            feedback.set_asked_state(Asked.objects.get(), "gone")


@pytest.mark.django_db
class TestVotes:
    def test_the_last_vote_of_a_visitor_counts(self) -> None:
        question = make_question()
        feedback.record_feedback(question, "en", True, visitor="v1")
        feedback.record_feedback(question, "en", False, visitor="v1")
        feedback.record_feedback(question, "en", True, visitor="v2")
        assert sorted(Feedback.objects.values_list("visitor", "helpful")) == [("v1", False), ("v2", True)]

    def test_a_vote_in_another_language_is_another_vote(self) -> None:
        question = make_question()
        feedback.record_feedback(question, "en", True, visitor="v1")
        feedback.record_feedback(question, "de", False, visitor="v1")
        assert Feedback.objects.count() == 2

    def test_a_later_vote_without_words_keeps_the_words(self) -> None:
        question = make_question()
        feedback.record_feedback(question, "en", False, "Prices are missing.", "v1")
        feedback.record_feedback(question, "en", True, "", "v1")
        vote = Feedback.objects.get()
        assert (vote.helpful, vote.comment) == (True, "Prices are missing.")

    def test_a_comment_is_scrubbed(self) -> None:
        feedback.record_feedback(make_question(), "en", False, "Call me: 0555 0100 1000, anna@example.org", "v1")
        assert Feedback.objects.get().comment == "Call me: …, …@…"

    def test_a_vote_without_a_visitor_is_refused(self) -> None:
        with pytest.raises(Invalid, match="visitor"):
            feedback.record_feedback(make_question(), "en", True)
        assert not Feedback.objects.exists()

    def test_a_vote_is_withdrawn_with_its_comment_and_others_stay(self) -> None:
        question = make_question()
        for visitor in ("v1", "v2"):
            feedback.record_feedback(question, "en", False, "No.", visitor)
        assert feedback.withdraw_feedback(question, "en", "v1") is True
        assert feedback.withdraw_feedback(question, "en", "v1") is False
        assert list(Feedback.objects.values_list("visitor", flat=True)) == ["v2"]
