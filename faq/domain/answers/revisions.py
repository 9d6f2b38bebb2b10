"""Immutable revisions of answers: written, published, retired.

Invariants: a citation's quote stands in its passage at its offsets when it is saved; every sentence of a canonical
revision that is published carries a citation, its own or that of the sentence after it in the same line; at most one
revision a locale and one canonical revision an answer is published.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from faq import signals
from faq.domain import access, audit
from faq.domain.answers.sentences import MARK, numbers_in, segment_rows
from faq.domain.deadlocks import again_after_deadlock
from faq.enums import Origin, Significance, State
from faq.errors import Conflict, Invalid, NotFound
from faq.models import Answer, AnswerRevision, Citation, Question
from faq.queries import locales

TEXT_LENGTH = 20_000
CONTROL = re.compile(r"[^\S\n]+|[\x00-\x09\x0b-\x1f\x7f-\x9f]+")


def _writing(given: Mapping[str, Any]) -> access.Permissions:
    kind = "answerrevision" if given["is_translation"] else "question"
    return (f"change_{kind}", *((f"publish_{kind}",) if given["state"] == State.PUBLISHED else ()))


def _publishing(given: Mapping[str, Any]) -> access.Permissions:
    return ("publish_answerrevision" if given["revision"].is_translation else "publish_question",)


def _written_into(given: Mapping[str, Any]) -> list[str]:
    return [locales.require(given["locale"]).tag] if given["is_translation"] else []


def _published_into(given: Mapping[str, Any]) -> list[str]:
    return [given["revision"].locale_id] if given["revision"].is_translation else []


@access.needs(also=_writing, into=_written_into)
@again_after_deadlock
def save_revision(
    question: Question,
    *,
    locale: str,
    text: str,
    citations: Sequence[Citation] = (),
    origin: str = Origin.HUMAN,
    based_on: AnswerRevision | None = None,
    is_translation: bool = False,
    significance: str = Significance.MAJOR,
    actor: audit.Actor = None,
    state: str = State.DRAFT,
    segments: Sequence[Mapping[str, Any]] | None = None,
    expected: int | None = None,
) -> AnswerRevision:
    """A new revision, published at once when `state` says so. `citations`: unsaved, of canonical revisions only.

    `segments` are made from the text unless a translation brings its own. Raises Invalid, naming the number, for a
    mark without a citation and a quote that is not in its passage. `expected`: last_written() when the editor looked;
    Conflict when somebody wrote since.
    """
    tag = locales.require(locale).tag
    text = _clean(text)
    if state not in (State.DRAFT, State.IN_REVIEW, State.PUBLISHED):
        raise Invalid("A new answer is a draft, in review or published.")
    known = _checked(citations) if not is_translation else _cited_numbers(based_on)
    if unknown := [number for number in numbers_in(text) if number not in known]:
        raise Invalid("[%(n)s] stands in the text, but there is no citation %(n)s.", n=unknown[0])
    with transaction.atomic():
        answer, _ = Answer.objects.get_or_create(question=question)
        Answer.objects.select_for_update(of=("self",)).get(pk=answer.pk)
        if expected is not None and expected != last_written(question, tag if is_translation else ""):
            raise Conflict("Somebody else saved this meanwhile. Compare the two, then save again.")
        last = answer.revisions.filter(locale_id=tag).aggregate(last=Max("number"))["last"] or 0
        revision = AnswerRevision.objects.create(
            answer=answer,
            locale_id=tag,
            number=last + 1,
            text=text,
            segments=list(segments) if segments is not None else segment_rows(text, tag, origin, known),
            origin=origin,
            significance=significance,
            based_on=based_on,
            is_translation=is_translation,
            author=audit.person(actor),
        )
        for citation in () if is_translation else citations:
            citation.pk, citation.answer_revision = None, revision
            citation.save(force_insert=True)
        audit.record(actor, "write", revision, {}, {"locale": tag, "number": revision.number, "origin": origin})
        if state == State.PUBLISHED:
            publish_revision(revision, actor)
        elif state != State.DRAFT:
            AnswerRevision.objects.filter(pk=revision.pk).update(state=state)
    revision.refresh_from_db()
    return revision


def last_written(question: Question, locale: str = "") -> int:
    """The id of the newest original, or with `locale` of the newest translation into it; 0 when there is none."""
    rows = AnswerRevision.objects.filter(answer__question=question, is_translation=bool(locale))
    rows = rows.filter(locale_id=locale) if locale else rows
    return rows.aggregate(newest=Max("pk"))["newest"] or 0


def _clean(text: str) -> str:
    """NFC; line breaks stay, other control characters and runs of spaces become one space."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    lines = [CONTROL.sub(" ", line).rstrip() for line in text.split("\n")]
    text = "\n".join(lines).strip()
    if not any(character.isalnum() for character in MARK.sub("", text)):
        raise Invalid("The answer has no text.")
    if len(text) > TEXT_LENGTH:
        raise Invalid(
            "An answer has at most %(ceiling)s characters; this one has %(n)s.", ceiling=TEXT_LENGTH, n=len(text)
        )
    return text


def _checked(citations: Sequence[Citation]) -> set[int]:
    numbers: set[int] = set()
    for citation in citations:
        if citation.number in numbers:
            raise Invalid("There are two citations %(n)s.", n=citation.number)
        if citation.passage.text[citation.start : citation.end] != citation.quote or not citation.quote.strip():
            raise Invalid("Citation %(n)d: the quote is not in its passage word for word.", n=citation.number)
        numbers.add(citation.number)
    return numbers


def _cited_numbers(canonical: AnswerRevision | None) -> set[int]:
    return set(canonical.citations.values_list("number", flat=True)) if canonical else set()


@access.needs(also=_publishing, into=_published_into)
@again_after_deadlock
def publish_revision(revision: AnswerRevision, actor: audit.Actor = None) -> AnswerRevision:
    """Readers see it from now on, in place of the one before. Publishing an older revision again rolls back.

    A canonical revision must cite, and cite what published sources hold; a translation's original must be published.
    """
    with transaction.atomic():
        # The answer before its revisions, as whoever writes one does: else two people wait for each other.
        Answer.objects.select_for_update(of=("self",)).filter(pk=revision.answer_id).first()
        locked = AnswerRevision.objects.select_for_update(of=("self",)).filter(pk=revision.pk).first()
        if locked is None:
            raise NotFound("This revision is gone.")
        if locked.state != State.PUBLISHED:
            _may_be_published(locked)
            before = {"state": locked.state}
            others = AnswerRevision.objects.filter(answer_id=locked.answer_id, state=State.PUBLISHED)
            others.filter(locale_id=locked.locale_id).update(state=State.RETIRED)
            if not locked.is_translation:
                others.filter(is_translation=False).update(state=State.RETIRED)
            locked.state, locked.published_at = State.PUBLISHED, timezone.now()
            locked.save()
            _retire_overtaken(locked)
            audit.record(actor, "publish", locked, before, {"state": locked.state})
            tell(locked)
    revision.refresh_from_db()
    return revision


def _may_be_published(revision: AnswerRevision) -> None:
    if revision.is_translation:
        if revision.based_on is None or revision.based_on.state != State.PUBLISHED:
            raise Conflict("The original changed since this was translated. Translate it again, or publish that first.")
        return
    cited = revision.citations.select_related("passage__revision__source")
    for citation in cited.defer("passage__revision__text", "passage__revision__blocks"):
        source = citation.passage.revision.source
        if source.published_revision_id != citation.passage.revision_id:
            raise Invalid(
                (
                    "Citation %(n)s: “%(title)s” has no such text that is published. Publish the source, or cite "
                    "another passage."
                ),
                n=citation.number,
                title=source.title,
            )
    bare = next((row["text"] for row in revision.segments if not row["citations"]), None)
    if bare is not None:
        raise Invalid("“%(text)s” carries no citation. Put the number of one, such as [1], after it.", text=bare[:80])


def _retire_overtaken(published: AnswerRevision) -> None:
    """Drafts that the published one overtook wait no longer."""
    AnswerRevision.objects.filter(
        answer_id=published.answer_id,
        locale_id=published.locale_id,
        is_translation=published.is_translation,
        number__lt=published.number,
        state__in=[State.DRAFT, State.IN_REVIEW],
    ).exclude(origin=Origin.HUMAN).update(state=State.RETIRED)


@access.needs(also=_publishing, into=_published_into)
def retire_revision(revision: AnswerRevision, actor: audit.Actor = None) -> AnswerRevision:
    """Take a revision away from readers and editors; it stays in the history."""
    with transaction.atomic():
        locked = AnswerRevision.objects.select_for_update(of=("self",)).get(pk=revision.pk)
        if locked.state != State.RETIRED:
            before = {"state": locked.state}
            locked.state = State.RETIRED
            locked.save()
            audit.record(actor, "retire", locked, before, {"state": locked.state})
            tell(locked)
    revision.refresh_from_db()
    return revision


def tell(revision: AnswerRevision) -> None:
    question_id = Answer.objects.values_list("question_id", flat=True).get(pk=revision.answer_id)
    signals.question_changed.send(sender=Question, question_id=question_id)


def canonical_revision(question: Question) -> AnswerRevision | None:
    """What readers see of the original; None when nothing is published."""
    rows = AnswerRevision.objects.filter(answer__question=question, state=State.PUBLISHED, is_translation=False)
    return rows.select_related("answer").first()
