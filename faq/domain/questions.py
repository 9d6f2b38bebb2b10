"""Questions and their wordings.

Invariants: a question's key never changes; each locale that has wordings has exactly one canonical one; a question is
retired, never deleted, so that links to it can say so. Adding what is there already changes nothing.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from faq import signals
from faq.domain import access, audit
from faq.enums import Origin, State
from faq.errors import Conflict, Invalid, NotFound
from faq.models import Phrasing, Question, Topic
from faq.queries import locales
from retrieval.text import normalise

TEXT_LENGTH = 500
KEY_LENGTH = 80
INVISIBLE = re.compile("[\u00ad\u200b\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]")
"""What nobody sees in a wording: breaks of no width, and marks that turn the text after them. Joiners stay: some scripts
are spelt with them."""


@access.needs("add_question")
def create_question(
    *,
    key: str = "",
    topic: Topic | None = None,
    phrasings: Sequence[str],
    locale: str,
    actor: audit.Actor = None,
    origin: str = Origin.HUMAN,
) -> Question:
    """A draft question; the first wording is the canonical one. An empty key is made from it."""
    tag = locales.require(locale).tag
    texts = list(dict.fromkeys(wording(text) for text in phrasings if text and text.strip()))
    if not texts:
        raise Invalid("A question needs at least one wording.")
    with transaction.atomic():
        question = _create(key, texts[0], topic)
        Phrasing.objects.bulk_create(
            Phrasing(question=question, locale_id=tag, text=text, canonical=place == 0, origin=origin)
            for place, text in enumerate(texts)
        )
        audit.record(actor, "create", question, {}, {"key": question.key, "locale": tag, "wordings": texts})
        _tell(question)
    return question


@access.needs("change_question")
def add_phrasing(
    question: Question,
    *,
    text: str,
    locale: str,
    actor: audit.Actor = None,
    canonical: bool = False,
    origin: str = Origin.HUMAN,
) -> Phrasing:
    """Another wording. The first one of a locale is its canonical one; `canonical` makes it so in place of another."""
    tag, text = locales.require(locale).tag, wording(text)
    with transaction.atomic():
        _locked(question)
        rows = list(Phrasing.objects.filter(question=question, locale_id=tag))
        found = next((row for row in rows if row.text == text), None)
        canonical = canonical or not any(row.canonical for row in rows)
        if found is not None and (found.canonical or not canonical):
            return found
        before = {"canonical": next((row.text for row in rows if row.canonical), "")}
        if canonical:
            Phrasing.objects.filter(question=question, locale_id=tag, canonical=True).update(canonical=False)
        if found is None:
            found = Phrasing(question=question, locale_id=tag, text=text, origin=origin)
        found.canonical = canonical
        found.save()
        audit.record(actor, "word", question, before, {"locale": tag, "text": text, "canonical": canonical})
        _tell(question)
    return found


@access.needs("change_question")
def add_phrasings(question: Question, wordings: Mapping[str, Sequence[str]], *, actor: audit.Actor = None) -> int:
    """Further wordings in several languages at once, locale -> texts; those that are there stand. Returns how many are
    new. The first one of a locale that has none becomes its canonical one."""
    wanted = {locales.require(tag).tag: [wording(text) for text in texts] for tag, texts in wordings.items()}
    with transaction.atomic():
        _locked(question)
        known: dict[str, set[str]] = defaultdict(set)
        for tag, text in Phrasing.objects.filter(question=question).values_list("locale_id", "text"):
            known[tag].add(text)
        fresh = [
            Phrasing(
                question=question, locale_id=tag, text=text, canonical=not known[tag] and n == 0, origin=Origin.HUMAN
            )
            for tag, texts in wanted.items()
            for n, text in enumerate(text for text in dict.fromkeys(texts) if text not in known[tag])
        ]
        if fresh:
            Phrasing.objects.bulk_create(fresh)
            added = {tag: [row.text for row in fresh if row.locale_id == tag] for tag in wanted}
            audit.record(actor, "word", question, {}, {"wordings": added})
            _tell(question)
    return len(fresh)


@access.needs("change_question")
def replace_phrasing(phrasing: Phrasing, *, text: str, origin: str, actor: audit.Actor = None) -> Phrasing:
    """Change a wording in place, for translations that were made again. Conflict when somebody changed it since it was
    read, NotFound when somebody took it away."""
    text = wording(text)
    if (phrasing.text, phrasing.origin) == (text, str(origin)):
        return phrasing
    with transaction.atomic():
        question = _locked(phrasing.question)
        _unchanged(phrasing)
        if (
            Phrasing.objects.filter(question=question, locale_id=phrasing.locale_id, text=text)
            .exclude(pk=phrasing.pk)
            .exists()
        ):
            raise Conflict("This question has the wording “%(text)s” already.", text=text[:80])
        before = {"text": phrasing.text, "origin": phrasing.origin}
        phrasing.text, phrasing.origin = text, origin
        phrasing.save()
        audit.record(actor, "word", question, before, {"text": text, "origin": origin})
        _tell(question)
    return phrasing


@access.needs("change_question")
def remove_phrasing(phrasing: Phrasing, actor: audit.Actor = None) -> None:
    """Take a wording away; the canonical one only when it is the last of its locale. Conflict and NotFound as above."""
    with transaction.atomic():
        question = _locked(phrasing.question)
        _unchanged(phrasing)
        others = Phrasing.objects.filter(question=question).exclude(pk=phrasing.pk)
        if phrasing.canonical and others.filter(locale_id=phrasing.locale_id).exists():
            raise Invalid("This is the canonical wording. Make another one canonical first.")
        if not others.exists():
            raise Invalid("This is the only wording of the question. Retire the question instead.")
        audit.record(actor, "unword", question, {"locale": phrasing.locale_id, "text": phrasing.text}, {})
        phrasing.delete()
        _tell(question)


@access.needs("change_question")
def move_question(question: Question, topic: Topic | None, actor: audit.Actor = None) -> Question:
    """Put a question on another shelf (None: on none); nothing happens when it stands there. Moving back undoes it."""
    with transaction.atomic():
        locked = _locked(question)
        before = {"topic": locked.topic.key if locked.topic else ""}
        after = {"topic": topic.key if topic else ""}
        if before != after:
            locked.topic = topic
            locked.save()
            audit.record(actor, "place", locked, before, after)
            _tell(locked)
    question.refresh_from_db()
    return question


@access.needs("publish_question")
def publish_question(question: Question, actor: audit.Actor = None) -> Question:
    """Readers find it from now on. Nothing happens when they already do."""
    return _move(question, State.PUBLISHED, "publish", actor)


@access.needs("publish_question")
def retire_question(question: Question, actor: audit.Actor = None) -> Question:
    """Readers no longer find it; what was written stays."""
    return _move(question, State.RETIRED, "retire", actor)


def _move(question: Question, state: State, verb: str, actor: audit.Actor) -> Question:
    with transaction.atomic():
        locked = _locked(question)
        if locked.state != state:
            if state == State.PUBLISHED and not Phrasing.objects.filter(question=locked, canonical=True).exists():
                raise Invalid("A question needs a wording before it can be published.")
            before = {"state": locked.state}
            locked.state = state
            locked.save()
            audit.record(actor, verb, locked, before, {"state": state})
            _tell(locked)
    question.refresh_from_db()
    return question


def wording(text: str) -> str:
    """One line without control characters and unseen marks; Invalid when it is too long or says nothing."""
    if len(text) > TEXT_LENGTH * 4:
        raise Invalid(
            "A wording has at most %(ceiling)s characters; this one has %(n)s.", ceiling=TEXT_LENGTH, n=len(text)
        )
    line = normalise(INVISIBLE.sub("", text))
    if not any(character.isalnum() for character in line):
        raise Invalid("This wording has no letter or digit.")
    if len(line) > TEXT_LENGTH:
        raise Invalid(
            "A wording has at most %(ceiling)s characters; this one has %(n)s.", ceiling=TEXT_LENGTH, n=len(line)
        )
    return line


def _create(key: str, text: str, topic: Topic | None) -> Question:
    """A question under the key given, else under one of its own."""
    given = slugify(key, allow_unicode=True)[:120]
    if key and not given:
        raise Invalid("%(key)s cannot be a key: it has no letter or digit.", key=repr(key[:60]))
    if given:
        try:
            with transaction.atomic():
                return Question.objects.create(key=given, topic=topic)
        except IntegrityError:  # the same key came in at the same moment
            raise Conflict("There is a question with the key %(key)s already.", key=repr(given)) from None
    base = slugify(text, allow_unicode=True)[:KEY_LENGTH].strip("-_") or "question"
    taken = set(Question.objects.filter(key__startswith=base).values_list("key", flat=True))
    for number in range(1, 10_000):
        candidate = base if number == 1 else f"{base}-{number}"
        if candidate in taken:
            continue
        try:
            with transaction.atomic():
                return Question.objects.create(key=candidate, topic=topic)
        except IntegrityError:
            continue  # two came in at once
    raise Conflict("There are too many questions worded “%(text)s”.", text=text[:80])


def _unchanged(phrasing: Phrasing) -> None:
    """Called with the question locked: what is stored is what the caller read."""
    stored = Phrasing.objects.filter(pk=phrasing.pk).first()
    if stored is None:
        raise NotFound("Somebody else took the wording “%(text)s” away meanwhile.", text=phrasing.text[:80])
    if (stored.text, stored.canonical) != (phrasing.text, phrasing.canonical):
        raise Conflict(
            "Somebody else changed this wording to “%(text)s” meanwhile. Look at it again.", text=stored.text[:80]
        )


def _locked(question: Question) -> Question:
    locked = Question.objects.select_for_update(of=("self",)).filter(pk=question.pk).first()
    if locked is None:
        raise NotFound("This question is gone.")
    return locked


def _tell(question: Question) -> None:
    signals.question_changed.send(sender=Question, question_id=question.pk)
