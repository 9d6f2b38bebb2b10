"""Fill what is missing: a draft for each published question without a current answer, and the translations.

Runs as a job; running it again does only what is still to be done. What people wrote is never touched.
"""

from collections.abc import Sequence

from faq.domain import answers
from faq.domain.jobs import Progress
from faq.enums import Freshness, State
from faq.models import Question
from faq.queries import freshness
from faq.queries import locales as known


def populate(progress: Progress, locales: Sequence[str] | None = None) -> dict[str, int]:
    """Draft, then translate into these locales (none: all whose policy lets machines). Returns what was done."""
    targets = list(locales) if locales else known.machine_locales()
    fresh = freshness.answer_freshness()
    canonical = freshness.canonical_freshness()
    questions = list(Question.objects.filter(state=State.PUBLISHED).order_by("pk"))
    progress.start(len(questions))
    done = {"drafted": 0, "translated": 0}

    def fill(question: Question) -> None:
        if canonical.get(question.pk) != Freshness.CURRENT:
            done["drafted"] += _draft(question)
        for tag in targets:
            if fresh[question.pk].get(tag) != Freshness.CURRENT:
                done["translated"] += _translate(question, tag)

    progress.each(questions, fill, name=lambda question: question.key)
    return done


def _draft(question: Question) -> int:
    before = _newest(question)
    draft = answers.draft_answer(question)
    return int(draft is not None and draft.pk != before)


def _newest(question: Question) -> int | None:
    waiting = answers.waiting_drafts(question).first()
    return waiting.pk if waiting else None


def _translate(question: Question, tag: str) -> int:
    before = answers.canonical_revision(question)
    revision = answers.translate_answer(question, tag) if before is not None else None
    return int(revision is not None and revision.is_translation)
