"""Drafts of answers, composed from published sources in their own language.

Invariant: composing replaces drafts that a machine composed before, and nothing that a person wrote.
"""

from typing import Any

from faq.domain import access, ask, audit
from faq.domain.answers.revisions import save_revision
from faq.enums import Origin, State
from faq.errors import Invalid
from faq.models import AnswerRevision, Phrasing, Question
from faq.queries import locales


def evidence_for(question: Question) -> list[Any]:
    """Passages that may answer, best first: `passage` (id), `title`, `heading`, `text`. Empty when the index is away."""
    return ask.passages_for(*_asked(question))


@access.needs("add_question|change_question")
def draft_answer(question: Question, actor: audit.Actor = None) -> AnswerRevision | None:
    """A canonical draft composed from published sources, in their language; None when they do not answer.

    The draft that waits is returned when it says the same.
    """
    composed = ask.compose_draft(*_asked(question))
    if composed is None:
        return None
    text, locale, citations = composed
    waiting: AnswerRevision | None = waiting_drafts(question).filter(text=text, locale_id=locale).first()
    if waiting is not None:
        return waiting
    waiting_drafts(question).filter(origin=Origin.GENERATED).update(state=State.RETIRED)
    return save_revision(question, locale=locale, text=text, citations=citations, origin=Origin.GENERATED, actor=actor)


def waiting_drafts(question: Question) -> Any:
    """Canonical drafts that nobody has published yet, newest first."""
    return AnswerRevision.objects.filter(
        answer__question=question, is_translation=False, state__in=[State.DRAFT, State.IN_REVIEW]
    ).order_by("-pk")


def _asked(question: Question) -> tuple[str, str]:
    """The question as its editors word it: the canonical wording in the default locale, else in any."""
    rows = list(Phrasing.objects.filter(question=question, canonical=True).order_by("locale__order", "pk"))
    if not rows:
        raise Invalid("This question has no wording yet.")
    default = locales.default_locale().tag
    row = next((row for row in rows if row.locale_id == default), rows[0])
    return row.text, row.locale_id
