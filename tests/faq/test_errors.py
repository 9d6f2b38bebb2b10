"""Domain errors: a message of the catalogues with its values, said in the language that is active when it is read."""

import pickle

from django.utils import translation

from faq.domain import jobs
from faq.enums import JobKind, JobState
from faq.errors import Conflict, DomainError, Invalid, Unavailable


def test_an_error_is_said_in_the_language_that_is_active() -> None:
    error = Invalid("“%(title)s” has no text yet.", title="100 % Buses")
    said = []
    for code in ("en", "de", "zh-hans"):
        with translation.override(code):
            said.append(str(error))
    assert said == [
        "“100 % Buses” has no text yet.",
        "„100 % Buses“ hat noch keinen Text.",
        "“100 % Buses”还没有文本。",
    ]


def test_an_error_within_another_is_said_in_the_same_language() -> None:
    error = Invalid(
        "%(file)s, question “%(question)s”: %(error)s",
        file="a.csv",
        question="?",
        error=Invalid("The answer has no text."),
    )
    with translation.override("de"):
        assert str(error) == "a.csv, Frage „?“: Die Antwort hat keinen Text."


def test_words_that_are_in_no_catalogue_are_shown_as_they_are() -> None:
    with translation.override("de"):
        assert [str(each) for each in (Conflict("100 %s of it."), Unavailable(), DomainError(""))] == [
            "100 %s of it.",
            "",
            "",
        ]


def test_an_error_survives_its_way_between_processes() -> None:
    error = pickle.loads(pickle.dumps(Conflict("%(locale)s is here already.", locale="de")))
    assert (type(error), str(error)) == (Conflict, "de is here already.")


def test_what_a_job_notes_is_in_the_programs_language_whoever_caused_it(db: None, monkeypatch: object) -> None:
    """Others read it later, in their own."""
    from faq.domain import handlers

    def refuse(args: object, progress: jobs.Progress) -> None:
        progress.fail("one", str(Invalid("The answer has no text.")))
        raise Invalid("This source is gone.")

    monkeypatch.setitem(handlers.HANDLERS, JobKind.POPULATE, refuse)  # type: ignore[attr-defined]
    with translation.override("de"):
        job = jobs.run(jobs.enqueue(JobKind.POPULATE, {}).pk)
        assert translation.get_language() == "de"
    assert (job.state, job.error) == (JobState.FAILED, "This source is gone.")
    assert job.failures == [{"item": "one", "reason": "The answer has no text."}]
