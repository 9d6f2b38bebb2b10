"""What visitors leave behind: questions that found no answer, and whether an answer helped. Personal data never stays.

What looks like an e-mail address, a telephone or account number is replaced before anything is stored or compared.
"""

import hashlib
import re
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from faq import conf
from faq.domain import access, audit, jobs
from faq.enums import AskedState, JobKind, Outcome
from faq.errors import Invalid
from faq.models import Asked, AskedDay, Feedback, Gap, Question
from faq.queries import locales
from retrieval.text import normalise

EMAIL = re.compile(r"[^\s@<>()\[\],;:]+@[^\s@<>()\[\],;:]+\.\w+")
ACCOUNT = re.compile(r"\b[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]{2,4}){3,8}\b")
DATE = re.compile(r"\b(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{2,4})\b")
NUMBER = re.compile(r"\+?\(?\d(?:[ \t().\-/]{0,2}\d){6,}")
COMMENT_LENGTH = 1000
TEXT_LENGTH = 500
GROUPED = timedelta(minutes=5)
"""How often, at most, new wordings begin a job that compares them; opening the inbox begins one at once."""


def scrub(text: str) -> str:
    """The text without e-mail addresses, telephone and account numbers; dates and short numbers stay."""
    text = ACCOUNT.sub(lambda found: "…" if sum(c.isdigit() for c in found.group()) >= 8 else found.group(), text)
    text = EMAIL.sub("…@…", text)
    parts, last = [], 0
    for date in DATE.finditer(text):
        parts += [NUMBER.sub("…", text[last : date.start()]), date.group()]
        last = date.end()
    return "".join([*parts, NUMBER.sub("…", text[last:])])


def record_feedback(question: Question, locale: str, helpful: bool, comment: str = "", visitor: str = "") -> Feedback:
    """One vote a visitor, question and locale; the last one counts. `visitor`: a digest that leads nowhere."""
    tag = locales.require(locale).tag
    if not visitor:
        raise Invalid("A vote needs the digest of its visitor.")
    fields = {"helpful": bool(helpful)}
    said = scrub(normalise(comment))[:COMMENT_LENGTH]
    extra = {"comment": said} if said else {}
    vote, _ = Feedback.objects.update_or_create(
        question=question, locale_id=tag, visitor=visitor[:64], defaults={**fields, **extra}
    )
    return vote


def withdraw_feedback(question: Question, locale: str, visitor: str) -> bool:
    """Take a vote back, with its comment; whether there was one. `visitor`: the digest it was given with."""
    tag = locales.require(locale).tag
    gone, _ = Feedback.objects.filter(question=question, locale_id=tag, visitor=visitor[:64]).delete()
    return bool(gone)


def record_asked(
    text: str, locale: str, outcome: str = Outcome.ABSTAINED, nearest: Question | int | None = None
) -> Asked | None:
    """Count a question that found no answer, for the editors; None for one without a word, and where the portal records
    nothing."""
    if not conf.get("RECORD_ASKED"):
        return None
    tag = locales.require(locale).tag
    line = scrub(normalise(text))[:TEXT_LENGTH]
    if not any(character.isalnum() for character in line):
        return None
    near = nearest.pk if isinstance(nearest, Question) else nearest
    digest = hashlib.sha256(line.casefold().rstrip("?!.。？！؟ ").encode()).hexdigest()
    if not _count(tag, digest, outcome, near):
        try:
            with transaction.atomic():
                asked = Asked.objects.create(
                    text=line, locale_id=tag, text_hash=digest, outcome=outcome, nearest_id=near,
                    gap=Gap.objects.create(),
                )  # fmt: skip
                AskedDay.objects.create(asked=asked, day=timezone.now().date(), count=1)
                jobs.enqueue_when_due(JobKind.GROUP_ASKED, GROUPED)
                return asked
        except IntegrityError:
            _count(tag, digest, outcome, near)  # the same came in at the same moment
    asked = Asked.objects.get(locale_id=tag, text_hash=digest)
    _count_day(asked)
    return asked


def _count(tag: str, digest: str, outcome: str, nearest: int | None) -> int:
    rows = Asked.objects.filter(locale_id=tag, text_hash=digest)
    return rows.update(count=F("count") + 1, outcome=outcome, nearest_id=nearest, last_at=timezone.now())


def _count_day(asked: Asked) -> None:
    today = timezone.now().date()
    if AskedDay.objects.filter(asked=asked, day=today).update(count=F("count") + 1):
        return
    try:
        with transaction.atomic():
            AskedDay.objects.create(asked=asked, day=today, count=1)
    except IntegrityError:  # the same came in at the same moment
        AskedDay.objects.filter(asked=asked, day=today).update(count=F("count") + 1)


@access.needs("change_asked")
def set_asked_state(asked: Asked, state: str, actor: audit.Actor = None) -> Asked:
    """What an editor made of a question."""
    if state not in AskedState.values:
        raise Invalid("A question cannot be %(state)s.", state=repr(state))
    with transaction.atomic():
        locked = Asked.objects.select_for_update(of=("self",)).get(pk=asked.pk)
        if locked.state != state:
            before = {"state": locked.state}
            locked.state = state
            locked.save(update_fields=["state"])
            audit.record(actor, "sort", locked, before, {"state": state})
    asked.refresh_from_db()
    return asked
