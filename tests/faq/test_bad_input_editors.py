"""Two editors at once: the second is told, nothing that anybody wrote is lost, and nothing is stored twice.

The races are real: threads with connections of their own meet at a barrier, on the database's own locks.
"""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from faq.domain import answers, publication, questions, review, sources, topics
from faq.enums import State
from faq.errors import Conflict, DomainError, NotFound
from faq.models import AnswerRevision, Phrasing, Question, Source, SourceRevision, Topic
from tests.faq.factories import PARKING, citation, make_question, make_source, passages

COST = "A resident permit costs 30 euros a year."


def at_once(*calls: Callable[[], object]) -> list[object]:
    """What each call returned or raised, all begun at the same moment in threads of their own."""
    barrier, results = threading.Barrier(len(calls)), [None] * len(calls)

    def run(place: int, call: Callable[[], object]) -> None:
        try:
            barrier.wait(10)
            results[place] = call()  # type: ignore[call-overload]
        except DomainError as error:
            results[place] = error  # type: ignore[call-overload]
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def kinds(results: list[object]) -> list[str]:
    return sorted(type(result).__name__ for result in results)


@pytest.mark.django_db
class TestAnswers:
    @pytest.fixture
    def question(self) -> Question:
        return make_question(cites=passages(make_source())[0], quote=COST)

    def write(self, question: Question, text: str, expected: int | None) -> AnswerRevision:
        row = citation(passages(Source.objects.get())[0], COST)
        return answers.save_revision(question, locale="en", text=f"{text} [1]", citations=[row], expected=expected)

    def test_the_second_is_told_and_both_texts_are_there_after_saving_again(self, question: Question) -> None:
        seen = answers.last_written(question)
        self.write(question, "Thirty euros.", seen)
        with pytest.raises(Conflict, match="Somebody else saved this meanwhile"):
            self.write(question, "Thirty.", seen)
        self.write(question, "Thirty.", answers.last_written(question))
        texts = list(AnswerRevision.objects.order_by("number").values_list("text", flat=True))
        assert texts == [f"{COST} [1]", "Thirty euros. [1]", "Thirty. [1]"]

    def test_a_translation_is_not_written_over_either(self, question: Question) -> None:
        seen = review.sheet(question, "de").seen
        review.settle(question, "de", {COST: "Dreißig Euro im Jahr."}, publish=True, seen=seen)
        with pytest.raises(Conflict, match="Somebody else changed this translation"):
            review.settle(question, "de", {COST: "30 Euro."}, publish=True, seen=seen)
        live = AnswerRevision.objects.get(locale_id="de", state=State.PUBLISHED)
        assert live.text == "Dreißig Euro im Jahr. [1]"

    def test_a_translation_of_an_original_that_changed_is_not_published(self, question: Question) -> None:
        sheet = review.sheet(question, "de")
        answers.publish_revision(self.write(question, "Thirty euros.", None))
        with pytest.raises(Conflict, match="or its original"):
            review.settle(question, "de", {COST: "30 Euro."}, publish=True, seen=sheet.seen)
        assert not AnswerRevision.objects.filter(locale_id="de").exists()


@pytest.mark.django_db
class TestWordings:
    @pytest.fixture
    def wording(self) -> Phrasing:
        question = make_question(publish=False)
        questions.add_phrasing(question, text="Permit price?", locale="en")
        return Phrasing.objects.get(text="Permit price?")

    def test_the_second_change_of_a_wording_is_told_of_the_first(self, wording: Phrasing) -> None:
        mine, theirs = (Phrasing.objects.get(pk=wording.pk) for _ in range(2))
        questions.replace_phrasing(mine, text="What is the price of a permit?", origin="human")
        with pytest.raises(Conflict, match="What is the price of a permit"):
            questions.replace_phrasing(theirs, text="Price?", origin="human")
        assert Phrasing.objects.get(pk=wording.pk).text == "What is the price of a permit?"

    def test_a_wording_that_was_taken_away_does_not_come_back(self, wording: Phrasing) -> None:
        mine, theirs = (Phrasing.objects.get(pk=wording.pk) for _ in range(2))
        questions.remove_phrasing(mine)
        for call in (
            lambda: questions.replace_phrasing(theirs, text="Price?", origin="human"),
            lambda: questions.remove_phrasing(theirs),
        ):
            with pytest.raises(NotFound, match="took the wording"):
                call()
        assert [row.text for row in Phrasing.objects.all()] == ["What does a permit cost?"]

    def test_a_wording_that_became_the_canonical_one_is_not_removed_unseen(self, wording: Phrasing) -> None:
        theirs = Phrasing.objects.get(pk=wording.pk)
        questions.add_phrasing(wording.question, text="Permit price?", locale="en", canonical=True)
        with pytest.raises(Conflict, match="changed this wording"):
            questions.remove_phrasing(theirs)


@pytest.mark.django_db
class TestSources:
    def test_the_second_revision_is_told_of_the_first_and_its_text_is_not_stored(self) -> None:
        source = make_source()
        looked = source.updated_at
        sources.revise_content(source, text=PARKING.replace("30 euros", "40 euros"), expected=looked)
        with pytest.raises(Conflict, match="Somebody else changed “Parking” meanwhile"):
            sources.revise_content(source, text=PARKING.replace("30 euros", "50 euros"), expected=looked)
        assert ["40 euros" in row.text for row in source.revisions.all()] == [True, False]
        sources.revise_content(source, text=PARKING.replace("30 euros", "50 euros"), expected=source.updated_at)
        assert source.revisions.count() == 3

    def test_publishing_and_retiring_what_changed_meanwhile_is_refused(self) -> None:
        source = make_source()
        looked = source.updated_at
        sources.revise_content(source, text=PARKING.replace("30 euros", "40 euros"))
        for call in (publication.publish_source, publication.retire_source):
            with pytest.raises(Conflict, match="repeat your change"):
                call(source, expected=looked)
        source.refresh_from_db()
        assert (source.state, source.published_revision.number) == (State.PUBLISHED, 1)

    def test_a_source_that_is_gone_says_so(self) -> None:
        source = make_source(publish=False)
        Source.objects.all().delete()
        for call in (
            lambda: publication.publish_source(source),
            lambda: publication.retire_source(source),
            lambda: sources.revise_content(source, text="A new text. Quite new."),
        ):
            with pytest.raises(NotFound, match="gone"):
                call()


@pytest.mark.django_db(transaction=True)
class TestAtTheSameMoment:
    def test_two_who_save_an_answer_one_is_kept_and_one_is_told(self) -> None:
        question = make_question(publish=False)
        passage = passages(make_source())[0]

        def write(text: str) -> Callable[[], object]:
            return lambda: answers.save_revision(
                question, locale="en", text=f"{text} [1]", citations=[citation(passage, COST)], expected=0
            )

        results = at_once(write("Thirty euros."), write("Thirty."))
        assert kinds(results) == ["AnswerRevision", "Conflict"]
        assert AnswerRevision.objects.count() == 1

    def test_two_who_publish_two_revisions_one_is_live_and_both_are_kept(self) -> None:
        passage = passages(make_source())[0]
        question = make_question(publish=False)
        drafts = [
            answers.save_revision(question, locale="en", text=f"{text} [1]", citations=[citation(passage, COST)])
            for text in ("Thirty euros.", "Thirty.")
        ]
        at_once(*(lambda draft=draft: answers.publish_revision(draft) for draft in drafts))
        states = sorted(AnswerRevision.objects.values_list("state", flat=True))
        assert states == [State.PUBLISHED, State.RETIRED]

    def test_many_who_add_the_same_wording_add_it_once(self) -> None:
        question = make_question(publish=False)
        at_once(*(lambda: questions.add_phrasing(question, text="The price?", locale="en") for _ in range(4)))
        assert Phrasing.objects.filter(question=question, text="The price?").count() == 1

    def test_many_who_ask_for_one_canonical_wording_leave_one(self) -> None:
        question = make_question(publish=False)
        texts = [f"Wording {number}?" for number in range(4)]
        at_once(
            *(
                lambda text=text: questions.add_phrasing(question, text=text, locale="en", canonical=True)
                for text in texts
            )
        )
        rows = Phrasing.objects.filter(question=question)
        assert (rows.filter(canonical=True).count(), rows.count()) == (1, 5)

    def test_two_who_make_a_question_of_one_key_make_one(self) -> None:
        results = at_once(
            *(lambda: questions.create_question(key="fee", phrasings=["The fee?"], locale="en") for _ in range(2))
        )
        assert (kinds(results), Question.objects.count(), Phrasing.objects.count()) == (["Conflict", "Question"], 1, 1)

    def test_two_who_make_a_question_of_one_wording_get_keys_of_their_own(self) -> None:
        at_once(*(lambda: questions.create_question(phrasings=["The fee?"], locale="en") for _ in range(2)))
        assert sorted(Question.objects.values_list("key", flat=True)) == ["the-fee", "the-fee-2"]

    def test_two_who_bring_in_one_file_make_one_source(self) -> None:
        def give() -> object:
            return sources.ingest(locale="en", data=PARKING.encode(), filename="a.md", kind="file", path="/a.md")

        results = at_once(give, give, give)
        assert (Source.objects.count(), SourceRevision.objects.count()) == (1, 1)
        assert {type(result) for result in results} <= {tuple, Conflict}
        assert any(isinstance(result, tuple) for result in results)

    def test_two_who_revise_a_source_one_is_told(self) -> None:
        source = make_source()
        looked = source.updated_at

        def revise(euros: int) -> Callable[[], object]:
            mine = Source.objects.get(pk=source.pk)
            return lambda: sources.revise_content(mine, text=PARKING.replace("30", str(euros)), expected=looked)

        results = at_once(revise(40), revise(50))
        assert (kinds(results), source.revisions.count()) == (["Conflict", "SourceRevision"], 2)

    def test_one_who_publishes_while_another_retires_leaves_a_whole_state(self) -> None:
        source = make_source(publish=False)
        mine, theirs = (Source.objects.get(pk=source.pk) for _ in range(2))
        at_once(lambda: publication.publish_source(mine), lambda: publication.retire_source(theirs))
        source.refresh_from_db()
        assert (source.state == State.PUBLISHED) == (source.published_revision_id is not None)
        assert source.state in (State.PUBLISHED, State.RETIRED)

    def test_two_who_name_a_new_topic_make_one(self) -> None:
        results = at_once(lambda: topics.ensure_topic("Parking"), lambda: topics.ensure_topic("parking"))
        assert (kinds(results), Topic.objects.count()) == (["Topic", "Topic"], 1)


def test_at_once_reports_what_was_raised() -> None:
    def refuse() -> Any:
        raise Conflict("no")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "close", lambda: None)
        assert kinds(at_once(refuse, lambda: 1)) == ["Conflict", "int"]
