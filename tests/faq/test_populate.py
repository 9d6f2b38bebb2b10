"""Populate: what is missing is drafted and translated, what people wrote is never touched, and a second run does nothing."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from faq import errors, tasks
from faq.domain import answers, indexing, jobs, populate
from faq.enums import JobKind, JobState, Origin, State, TranslationPolicy
from faq.models import AnswerRevision, AuditEntry, Citation, Job, Phrasing, Question, Source, TranslationUnit
from tests.faq.factories import (
    citation,
    edit,
    make_question,
    make_source,
    passages,
    remember,
    set_policy,
    translate_into,
    work,
)

pytestmark = pytest.mark.django_db
TEXT = """# Parking

A permit costs 30 euros. You can apply online.

# Fines

A parking fine is 25 euros. Pay it within 14 days.
"""
COST, FINE = "A permit costs 30 euros.", "A parking fine is 25 euros."


@pytest.fixture
def source(starter: Any, engine: Any) -> Source:
    """Two published passages; machines may translate into German and French, and nothing is translated yet."""
    translate_into("de", "fr")
    made = make_source(TEXT, title="Parking")
    indexing.sync_all()
    return made


def fine() -> Question:
    """A published question that the source answers, without an answer."""
    return make_question("How much is a parking fine?", key="fine")


def permit(source: Source) -> Question:
    """A published question with its answer."""
    return make_question(
        "What does a permit cost?", cites=passages(source)[0], quote=COST, key="permit", answer=f"{COST} [1]"
    )


def run(*locales: str) -> Job:
    """The job as the worker runs it."""
    job = jobs.run(jobs.enqueue(JobKind.POPULATE, {"locales": list(locales) or None}, key="populate").pk)
    Job.objects.exclude(pk=job.pk).delete()
    return job


def revisions(question: Question, locale: str = "en") -> list[tuple[str, str]]:
    """(origin, state) of those that are not retired, oldest first."""
    rows = AnswerRevision.objects.filter(answer__question=question, locale_id=locale).exclude(state=State.RETIRED)
    return list(rows.order_by("pk").values_list("origin", "state"))


class TestDrafting:
    def test_a_question_without_an_answer_gets_a_draft_that_cites(self, source: Source) -> None:
        question = fine()
        run()
        draft = AnswerRevision.objects.get(answer__question=question)
        assert (draft.origin, draft.state, draft.locale_id) == (Origin.GENERATED, State.DRAFT, "en")
        assert draft.text.startswith(f"{FINE} [1]")
        cited = Citation.objects.select_related("passage").get(answer_revision=draft)
        assert cited.passage == passages(source)[1]
        assert cited.passage.text[cited.start : cited.end] == cited.quote
        assert FINE in cited.quote

    def test_readers_see_a_draft_only_after_a_person_published_it(self, source: Source, client: Client) -> None:
        question = fine()
        run()
        assert FINE not in client.get("/en/questions/fine/").content.decode()
        answers.publish_revision(AnswerRevision.objects.get(answer__question=question))
        assert FINE in client.get("/en/questions/fine/").content.decode()

    def test_what_the_sources_do_not_answer_gets_no_draft(self, source: Source) -> None:
        question = make_question("Who won the football match?")
        job = run()
        assert (revisions(question), job.state, job.failures) == ([], JobState.SUCCEEDED, [])

    def test_a_question_that_is_not_published_gets_no_draft(self, source: Source) -> None:
        question = make_question("How much is a parking fine?", publish=False)
        run()
        assert revisions(question) == []

    def test_a_current_answer_gets_no_draft_beside_it(self, source: Source) -> None:
        question = permit(source)
        run()
        assert revisions(question) == [(Origin.HUMAN, State.PUBLISHED)]

    def test_a_stale_answer_gets_a_draft_beside_it_and_stays_what_readers_see(self, source: Source) -> None:
        question = permit(source)
        edit(source, "30 euros", "40 euros")
        indexing.sync_all()
        run()
        assert revisions(question) == [(Origin.HUMAN, State.PUBLISHED), (Origin.GENERATED, State.DRAFT)]
        draft = AnswerRevision.objects.get(answer__question=question, state=State.DRAFT)
        assert "A permit costs 40 euros. [1]" in draft.text

    def test_a_draft_of_a_person_is_left_to_its_author(self, source: Source) -> None:
        question = fine()
        row = citation(passages(source)[1], FINE)
        written = answers.save_revision(question, locale="en", text="It is 25 euros. [1]", citations=[row])
        run()
        written.refresh_from_db()
        assert (written.state, written.text) == (State.DRAFT, "It is 25 euros. [1]")
        assert revisions(question)[0] == (Origin.HUMAN, State.DRAFT)

    def test_a_newer_draft_takes_the_place_of_the_generated_one(self, source: Source) -> None:
        question = fine()
        run()
        edit(source, "25 euros", "35 euros")
        indexing.sync_all()
        run()
        assert revisions(question) == [(Origin.GENERATED, State.DRAFT)]
        assert "35 euros" in AnswerRevision.objects.get(answer__question=question, state=State.DRAFT).text


class TestTranslating:
    @pytest.mark.parametrize(
        ("policy", "expected"),
        [
            (TranslationPolicy.PUBLISH, [(Origin.MACHINE, State.PUBLISHED)]),
            (TranslationPolicy.DRAFT, [(Origin.MACHINE, State.DRAFT)]),
            (TranslationPolicy.OFF, []),
        ],
    )
    def test_a_machines_translation_becomes_what_the_policy_says(
        self, source: Source, policy: str, expected: list[tuple[str, str]]
    ) -> None:
        question = permit(source)
        set_policy("de", policy)
        run()
        assert revisions(question, "de") == expected
        assert revisions(question, "fr") == [(Origin.MACHINE, State.PUBLISHED)]
        assert revisions(question, "ar") == []

    @pytest.mark.parametrize("policy", TranslationPolicy.values)
    def test_what_people_translated_is_published_whatever_the_policy(self, source: Source, policy: str) -> None:
        question = permit(source)
        remember(COST, "Ein Ausweis kostet 30 Euro.")
        set_policy("de", policy)
        run("de")
        row = AnswerRevision.objects.get(answer__question=question, locale_id="de")
        assert (row.origin, row.state, row.text) == (Origin.MEMORY, State.PUBLISHED, "Ein Ausweis kostet 30 Euro. [1]")

    def test_where_machines_may_not_translate_a_text_half_known_stays_missing(
        self, source: Source, engine: Any
    ) -> None:
        row = citation(passages(source)[0])
        question = permit(source)
        answers.save_revision(
            question, locale="en", text=f"{COST} You can apply online. [1]", citations=[row], state=State.PUBLISHED
        )
        remember(COST, "Ein Ausweis kostet 30 Euro.")
        set_policy("de", TranslationPolicy.OFF)
        run("de")
        assert (revisions(question, "de"), engine.calls) == ([], 0)

    def test_the_questions_wording_is_translated_with_its_answer(self, source: Source) -> None:
        question = permit(source)
        run()
        words = Phrasing.objects.filter(question=question, canonical=True).values_list("locale_id", "text", "origin")
        assert set(words) == {
            ("en", "What does a permit cost?", "human"),
            ("de", "[de] What does a permit cost?", "machine"),
            ("fr", "[fr] What does a permit cost?", "machine"),
        }

    def test_a_persons_wording_is_never_replaced(self, source: Source) -> None:
        from faq.domain import questions

        question = permit(source)
        questions.add_phrasing(question, text="Was kostet der Ausweis?", locale="de")
        run()
        assert Phrasing.objects.get(question=question, locale_id="de").text == "Was kostet der Ausweis?"

    def test_a_persons_translation_is_never_overwritten(self, source: Source) -> None:
        question = permit(source)
        answers.save_translation(question, "de", {COST: "Von Hand."}, state=State.PUBLISHED)
        run()
        row = AnswerRevision.objects.get(answer__question=question, locale_id="de")
        assert (row.origin, row.state, row.text) == (Origin.HUMAN, State.PUBLISHED, "Von Hand. [1]")

    def test_beside_a_persons_stale_translation_a_draft_waits(self, source: Source) -> None:
        question = permit(source)
        answers.save_translation(question, "de", {COST: "Von Hand."}, state=State.PUBLISHED)
        row = citation(passages(source)[0], "You can apply online.")
        answers.save_revision(
            question, locale="en", text="You can apply online. [1]", citations=[row], state=State.PUBLISHED
        )
        run()
        assert revisions(question, "de") == [(Origin.HUMAN, State.PUBLISHED), (Origin.MACHINE, State.DRAFT)]

    def test_a_persons_drafted_translation_goes_before_a_machines(self, source: Source) -> None:
        question = permit(source)
        answers.save_translation(question, "de", {COST: "Entwurf."})
        run()
        assert revisions(question, "de") == [(Origin.HUMAN, State.DRAFT), (Origin.MACHINE, State.DRAFT)]

    def test_a_sentence_that_fails_a_check_is_shown_in_the_original_and_says_so(
        self, source: Source, engine: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        question = permit(source)
        answers.save_revision(
            question, locale="en", text=f"{COST} You can apply online. [1]", state=State.PUBLISHED,
            citations=[citation(passages(source)[0])],
        )  # fmt: skip
        translate = engine.translate
        monkeypatch.setattr(
            engine, "translate", lambda texts, pair: [text.replace("30", "31") for text in translate(texts, pair)]
        )
        run("de")
        rows = AnswerRevision.objects.get(answer__question=question, locale_id="de").segments
        assert [(row["text"], row["lang"], row["origin"]) for row in rows] == [
            (COST, "en", "source"),
            ("[de] You can apply online.", "de", "machine"),
        ]

    def test_a_text_of_which_every_sentence_fails_is_no_translation(
        self, source: Source, engine: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        question = permit(source)
        monkeypatch.setattr(engine, "translate", lambda texts, pair: ["31" for _ in texts])
        run("de")
        assert revisions(question, "de") == []

    def test_only_the_languages_asked_for_are_translated(self, source: Source) -> None:
        question = permit(source)
        run("fr")
        assert (revisions(question, "de"), revisions(question, "fr")) == ([], [(Origin.MACHINE, State.PUBLISHED)])

    def test_without_an_engine_what_is_missing_stays_missing(
        self, source: Source, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from faq.gateways import translation

        monkeypatch.setattr(translation, "engine", lambda: None)
        question = permit(source)
        job = run()
        assert (job.state, job.failures, revisions(question, "de")) == (JobState.SUCCEEDED, [], [])


class TestTheJob:
    def test_progress_counts_the_questions(self, source: Source) -> None:
        permit(source)
        fine()
        job = run()
        assert (job.state, job.done, job.total, job.percent) == (JobState.SUCCEEDED, 2, 2, 100)

    def test_a_question_that_fails_never_fails_the_others(
        self, source: Source, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        permit(source)
        other = fine()
        translate = answers.translate_answer

        def refuse(question: Question, *args: Any) -> Any:
            if question.key == "permit":
                raise errors.Invalid("This cannot be.")
            return translate(question, *args)

        monkeypatch.setattr(answers, "translate_answer", refuse)
        job = run()
        assert (job.state, job.done) == (JobState.SUCCEEDED, 2)
        assert job.failures == [{"item": "permit", "reason": "This cannot be."}]
        assert revisions(other) == [(Origin.GENERATED, State.DRAFT)]

    def test_running_again_does_nothing(self, source: Source, engine: Any) -> None:
        permit(source)
        fine()
        make_question("Who won the football match?")
        run()
        before, engine.calls = everything(), 0
        job = run()
        assert (job.state, job.done, everything(), engine.calls) == (JobState.SUCCEEDED, 3, before, 0)

    def test_background_work_comes_to_an_end_and_leaves_nothing_to_do(self, source: Source, engine: Any) -> None:
        permit(source)
        run()
        assert all(job.state == JobState.SUCCEEDED for job in work())
        engine.calls = 0
        run()
        assert (work(), engine.calls) == ([], 0)


def everything() -> list[object]:
    """All that populating may write."""
    return [
        list(AnswerRevision.objects.order_by("pk").values()),
        list(Phrasing.objects.order_by("pk").values()),
        list(TranslationUnit.objects.order_by("pk").values()),
        AuditEntry.objects.count(),
    ]


@pytest.mark.django_db(transaction=True)
class TestTheCommand:
    def test_it_says_what_was_done(self, source: Source) -> None:
        question = permit(source)
        assert call() == "succeeded: 1 of 1 questions, 0 failed.\n"
        assert revisions(question, "de") == [(Origin.MACHINE, State.PUBLISHED)]

    def test_what_failed_is_listed(self, source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
        permit(source)

        def refuse(*_: Any) -> Any:
            raise errors.Invalid("This cannot be.")

        monkeypatch.setattr(answers, "translate_answer", refuse)
        assert call() == "succeeded: 1 of 1 questions, 1 failed.\n  permit: This cannot be.\n"

    @pytest.mark.parametrize(
        ("error", "state"), [(errors.Invalid, "failed"), (RuntimeError, "failed"), (errors.Unavailable, "queued")]
    )
    def test_a_job_that_did_not_succeed_ends_it_with_1(
        self, source: Source, monkeypatch: pytest.MonkeyPatch, error: type[Exception], state: str
    ) -> None:
        def refuse(*_: Any) -> Any:
            raise error("The disk is away.")

        monkeypatch.setattr(populate, "populate", refuse)
        out = StringIO()
        with pytest.raises(SystemExit) as ended:
            call_command("populate", stdout=out, stderr=out)
        said = out.getvalue()
        assert ended.value.code == 1
        assert ("The disk is away." in said, f"{state}: 0 of 0 questions" in said) == (True, True), said

    def test_a_job_left_to_the_workers_of_a_broker_is_no_failure(
        self, source: Source, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.CELERY_BROKER_URL = "redis://broker.example:6379/0"
        monkeypatch.setattr(tasks.run_job, "apply_async", lambda *_, **__: None)
        assert call() == "queued: 0 of 0 questions, 0 failed.\n"

    @pytest.mark.parametrize("tag", ["fr", "fr_CH"])
    def test_one_language_may_be_chosen(self, source: Source, tag: str) -> None:
        question = permit(source)
        tasks.background().deferred.clear()
        call("--locale", tag)
        assert (revisions(question, "de"), revisions(question, "fr")) == ([], [(Origin.MACHINE, State.PUBLISHED)])

    def test_a_language_that_is_not_there_is_refused(self, source: Source) -> None:
        permit(source)
        with pytest.raises(CommandError, match="no language 'xx'"):
            call("--locale", "fr", "--locale", "xx")
        assert not Job.objects.filter(kind=JobKind.POPULATE).exists()


def call(*args: str) -> str:
    out = StringIO()
    call_command("populate", *args, stdout=out, stderr=out)
    return out.getvalue()
