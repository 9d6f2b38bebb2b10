"""Answers: immutable revisions, their publication, their translations, and drafts composed from the sources.

Invariants: a citation's quote stands in its passage at its offsets when it is saved; every sentence of a canonical
revision that is published carries a citation, its own or that of the sentence after it in the same line; at most one
revision a locale and one canonical revision an answer is published; a machine never replaces what a person wrote.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from faq import signals
from faq.domain import audit, questions
from faq.enums import Origin, Significance, State, TranslationPolicy
from faq.errors import Conflict, Invalid, NotFound
from faq.gateways import translation
from faq.models import Answer, AnswerRevision, Citation, Locale, Phrasing, Question, TranslationUnit
from faq.queries import freshness, locales

TEXT_LENGTH = 20_000
CONTROL = re.compile(r"[^\S\n]+|[\x00-\x09\x0b-\x1f\x7f-\x9f]+")
UNSPACED = {"zh", "ja", "th", "lo", "km", "my"}
MARK = re.compile(r"\[(\d{1,3})\]")
MARKS = re.compile(r"[^\S\n]*\[\d{1,3}\]")


@dataclass(frozen=True, slots=True)
class Piece:
    """One sentence of an answer's text: what stands around it, and the numbers that support it."""

    prefix: str
    text: str
    suffix: str
    before: str
    citations: tuple[int, ...]


def pieces(text: str, locale: str) -> list[Piece]:
    """The sentences of a text; their prefixes, texts and suffixes joined are the text.

    A sentence without a mark shares the next one's in its line; an introduction that ends with a colon, the next line's.
    """
    parts = _merged(translation.segment(text, locale))
    numbers = [_numbers(prefix + suffix) for prefix, _, suffix in parts]
    for place in range(len(parts) - 2, -1, -1):
        line_ends = "\n" in MARKS.sub("", parts[place][2]) + parts[place + 1][0]
        if not numbers[place] and (not line_ends or parts[place][1].rstrip().endswith((":", "："))):
            numbers[place] = numbers[place + 1]
    found: list[Piece] = []
    for place, (prefix, body, suffix) in enumerate(parts):
        gap = MARKS.sub("", (parts[place - 1][2] if place else "") + prefix)
        found.append(Piece(prefix, body, suffix, gap, numbers[place]))
    return found


def _merged(segments: Iterable[Any]) -> list[tuple[str, str, str]]:
    """Segments without a word belong to their neighbours."""
    parts: list[tuple[str, str, str]] = []
    waiting = ""
    for segment in segments:
        if segment.text:
            parts.append((waiting + segment.prefix, segment.text, segment.suffix))
            waiting = ""
        elif parts:
            prefix, body, suffix = parts[-1]
            parts[-1] = (prefix, body, suffix + segment.prefix + segment.suffix)
        else:
            waiting += segment.prefix + segment.suffix
    return parts


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(dict.fromkeys(int(number) for number in MARK.findall(text)))


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
    if unknown := [number for number in _numbers(text) if number not in known]:
        raise Invalid(f"[{unknown[0]}] stands in the text, but there is no citation {unknown[0]}.")
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
            segments=list(segments) if segments is not None else _rows(text, tag, origin, known),
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
        raise Invalid(f"An answer has at most {TEXT_LENGTH} characters; this one has {len(text)}.")
    return text


def _checked(citations: Sequence[Citation]) -> set[int]:
    numbers: set[int] = set()
    for citation in citations:
        if citation.number in numbers:
            raise Invalid(f"There are two citations {citation.number}.")
        if citation.passage.text[citation.start : citation.end] != citation.quote or not citation.quote.strip():
            raise Invalid(f"Citation {citation.number}: the quote is not in its passage word for word.")
        numbers.add(citation.number)
    return numbers


def _cited_numbers(canonical: AnswerRevision | None) -> set[int]:
    return set(canonical.citations.values_list("number", flat=True)) if canonical else set()


def _rows(text: str, locale: str, origin: str, known: Iterable[int]) -> list[dict[str, Any]]:
    """The stored form of a text's sentences. A text without any mark rests on all its citations."""
    found = pieces(text, locale)
    everything = () if any(piece.citations for piece in found) else tuple(sorted(known))
    return [segment_row(piece, piece.text, locale, origin, piece.citations or everything) for piece in found]


def segment_row(piece: Piece, text: str, lang: str, origin: str, citations: Sequence[int]) -> dict[str, Any]:
    """A segment as AnswerRevision.segments holds it."""
    return {
        "source": piece.text,
        "text": text,
        "lang": lang,
        "origin": str(origin),
        "citations": list(citations),
        "before": piece.before,
    }


def publish_revision(revision: AnswerRevision, actor: audit.Actor = None) -> AnswerRevision:
    """Readers see it from now on, in place of the one before. Publishing an older revision again rolls back.

    A canonical revision must cite, and cite what published sources hold; a translation's original must be published.
    """
    with transaction.atomic():
        locked = AnswerRevision.objects.select_for_update(of=("self",)).filter(pk=revision.pk).first()
        if locked is None:
            raise NotFound("This revision is gone.")
        Answer.objects.select_for_update(of=("self",)).get(pk=locked.answer_id)
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
            _tell(locked)
    revision.refresh_from_db()
    return revision


def _may_be_published(revision: AnswerRevision) -> None:
    if revision.is_translation:
        if revision.based_on is None or revision.based_on.state != State.PUBLISHED:
            raise Conflict("The original changed since this was translated. Translate it again, or publish that first.")
        return
    for citation in revision.citations.select_related("passage__revision__source"):
        source = citation.passage.revision.source
        if source.published_revision_id != citation.passage.revision_id:
            raise Invalid(
                f"Citation {citation.number}: “{source.title}” has no such text that is published. "
                "Publish the source, or cite another passage."
            )
    bare = next((row["text"] for row in revision.segments if not row["citations"]), None)
    if bare is not None:
        raise Invalid(f"“{bare[:80]}” carries no citation. Put the number of one, such as [1], after it.")


def _retire_overtaken(published: AnswerRevision) -> None:
    """Drafts that the published one overtook wait no longer."""
    AnswerRevision.objects.filter(
        answer_id=published.answer_id,
        locale_id=published.locale_id,
        is_translation=published.is_translation,
        number__lt=published.number,
        state__in=[State.DRAFT, State.IN_REVIEW],
    ).exclude(origin=Origin.HUMAN).update(state=State.RETIRED)


def retire_revision(revision: AnswerRevision, actor: audit.Actor = None) -> AnswerRevision:
    """Take a revision away from readers and editors; it stays in the history."""
    with transaction.atomic():
        locked = AnswerRevision.objects.select_for_update(of=("self",)).get(pk=revision.pk)
        if locked.state != State.RETIRED:
            before = {"state": locked.state}
            locked.state = State.RETIRED
            locked.save()
            audit.record(actor, "retire", locked, before, {"state": locked.state})
            _tell(locked)
    revision.refresh_from_db()
    return revision


def _tell(revision: AnswerRevision) -> None:
    question_id = Answer.objects.values_list("question_id", flat=True).get(pk=revision.answer_id)
    signals.question_changed.send(sender=Question, question_id=question_id)


# Drafts from the sources


def evidence_for(question: Question) -> list[Any]:
    """Passages that may answer, best first: `passage` (id), `title`, `heading`, `text`. Empty when the index is away."""
    from faq.domain import ask  # ask reads what this module writes

    return ask.passages_for(*_asked(question))


def draft_answer(question: Question, actor: audit.Actor = None) -> AnswerRevision | None:
    """A canonical draft composed from published sources, in their language; None when they do not answer.

    The draft that waits is returned when it says the same.
    """
    from faq.domain import ask

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


# Translations


def canonical_revision(question: Question) -> AnswerRevision | None:
    """What readers see of the original; None when nothing is published."""
    rows = AnswerRevision.objects.filter(answer__question=question, state=State.PUBLISHED, is_translation=False)
    return rows.select_related("answer").first()


def translate_answer(question: Question, locale: str, actor: audit.Actor = None) -> AnswerRevision | None:
    """The published answer, and the question's wording, in another locale, as its policy says.

    Sentences in the memory cost nothing; what it lacks is one call of the engine. A current revision of a person stays
    as it is; beside a stale one a draft is made. None when there is nothing to translate, or nothing to translate with.
    """
    target = locales.require(locale)
    canonical = canonical_revision(question)
    if canonical is None:
        if actor is not None:
            raise Invalid("Publish the original answer first.")
        return None
    if canonical.locale_id == target.tag:
        return None
    live = _translations(question, target.tag)
    shown = next((row for row in live if row.state == State.PUBLISHED), None)
    settled = shown is not None and shown.origin == Origin.HUMAN and not freshness.outdated(shown, canonical)
    sentences = [] if settled else pieces(canonical.text, canonical.locale_id)
    wording = _wording(question, canonical.locale_id, target.tag)
    results = _translated([*(piece.text for piece in sentences), *wording], canonical.locale_id, target, actor)
    _word(question, wording, results, target, actor)
    if settled:
        return shown
    rows = _translated_rows(sentences, results, canonical, target.tag)
    return _keep(question, canonical, target, rows, live, actor) if rows else shown


def _translations(question: Question, tag: str) -> list[AnswerRevision]:
    """Translations that are shown or wait, newest first."""
    rows = AnswerRevision.objects.filter(answer__question=question, locale_id=tag, is_translation=True)
    return list(rows.exclude(state=State.RETIRED).select_related("based_on").order_by("-number"))


def _wording(question: Question, source: str, target: str) -> list[str]:
    """The canonical wording, unless a person has worded the question in the target already."""
    rows = {row.locale_id: row for row in Phrasing.objects.filter(question=question, canonical=True)}
    there = rows.get(target)
    if source not in rows or (there is not None and there.origin not in (Origin.MACHINE, Origin.MEMORY)):
        return []
    return [rows[source].text]


def _translated(texts: Sequence[str], source: str, target: Locale, actor: audit.Actor) -> dict[str, tuple[str, Origin]]:
    """Text -> its translation and where that came from; SOURCE where a check refused it; absent where nothing could."""
    texts = list(dict.fromkeys(texts))
    if not texts:
        return {}
    if target.policy == TranslationPolicy.OFF:
        units = translation.recall(texts, source, target.tag)
        return {text: (unit.target, Origin.MEMORY) for text, unit in units.items() if unit.human}
    found: dict[str, tuple[str, Origin]] = {}
    for result in translation.translate_texts(texts, source, target.tag, actor=audit.person(actor)):
        if result.verdict == "unsupported":
            continue
        if result.verdict:
            found[result.source] = (result.source, Origin.SOURCE)
            continue
        # What the memory holds of a machine is a machine's still; only numbers and addresses need nobody.
        by_person = str(result.origin) == "human" or result.text == result.source
        found[result.source] = (result.text, Origin.MEMORY if by_person else Origin.MACHINE)
    return found


def _translated_rows(
    sentences: Sequence[Piece], results: Mapping[str, tuple[str, Origin]], canonical: AnswerRevision, tag: str
) -> list[dict[str, Any]]:
    """The segments of the translation; empty when any of them has none."""
    if any(piece.text not in results for piece in sentences):
        return []
    cited = {row["source"]: row["citations"] for row in canonical.segments}
    rows = []
    for piece in sentences:
        text, origin = results[piece.text]
        lang = canonical.locale_id if origin == Origin.SOURCE else tag
        rows.append(segment_row(piece, text, lang, origin, cited.get(piece.text, piece.citations)))
    return rows


def _word(
    question: Question,
    wording: Sequence[str],
    results: Mapping[str, tuple[str, Origin]],
    target: Locale,
    actor: audit.Actor,
) -> None:
    """The question's wording in the target, where a translation of it may be shown."""
    if not wording or wording[0] not in results:
        return
    text, origin = results[wording[0]]
    if origin == Origin.SOURCE or (origin == Origin.MACHINE and target.policy != TranslationPolicy.PUBLISH):
        return
    # As it is stored: a comparison with anything else would find a change at each run.
    text = questions.wording(text[: questions.TEXT_LENGTH])
    there = Phrasing.objects.filter(question=question, locale_id=target.tag, canonical=True).first()
    if there is None:
        questions.add_phrasing(question, text=text, locale=target.tag, canonical=True, origin=origin, actor=actor)
    elif (there.text, there.origin) != (text, str(origin)):
        same = Phrasing.objects.filter(question=question, locale_id=target.tag, text=text).exclude(pk=there.pk)
        if same.exists():
            questions.add_phrasing(question, text=text, locale=target.tag, canonical=True, origin=origin, actor=actor)
        else:
            questions.replace_phrasing(there, text=text, origin=origin, actor=actor)


def _keep(
    question: Question,
    canonical: AnswerRevision,
    target: Locale,
    rows: list[dict[str, Any]],
    live: Sequence[AnswerRevision],
    actor: audit.Actor,
) -> AnswerRevision:
    """Store a translation unless what is there says the same; publish it where policy and people allow."""
    by_machine = any(row["origin"] == Origin.MACHINE for row in rows)
    shown = next((row for row in live if row.state == State.PUBLISHED), None)
    beside_person = shown is not None and shown.origin == Origin.HUMAN
    publish = not beside_person and (not by_machine or target.policy == TranslationPolicy.PUBLISH)
    newest = live[0] if live else None
    same = newest is not None and newest.based_on_id == canonical.pk and newest.segments == rows
    if newest is None or not same:
        with transaction.atomic():
            _still_published(canonical)
            stale_drafts = [row.pk for row in live if row.state != State.PUBLISHED and row.origin != Origin.HUMAN]
            AnswerRevision.objects.filter(pk__in=stale_drafts).update(state=State.RETIRED)
            newest = save_revision(
                question,
                locale=target.tag,
                text=_text(canonical, rows, target.tag),
                origin=Origin.MACHINE if by_machine else Origin.MEMORY,
                based_on=canonical,
                is_translation=True,
                segments=rows,
                actor=actor,
            )
            # A person's draft goes before a machine's: it waits for its author.
            waits = any(row.origin == Origin.HUMAN and row.state != State.PUBLISHED for row in live)
            return publish_revision(newest, actor) if publish and not waits else newest
    return publish_revision(newest, actor) if publish and newest.state == State.DRAFT else newest


def _still_published(canonical: AnswerRevision) -> None:
    if not AnswerRevision.objects.filter(pk=canonical.pk, state=State.PUBLISHED).exists():
        raise Conflict("The original changed while it was translated. Translate it again.")


def _text(canonical: AnswerRevision, rows: Sequence[Mapping[str, Any]], tag: str) -> str:
    """The translation in the form of the original, marks and line breaks where they stood."""
    parts = pieces(canonical.text, canonical.locale_id)
    texts = [row["text"] for row in rows]
    text = ""
    for part, body in zip(parts, texts, strict=True):
        touching = text and not text[-1].isspace() and not part.prefix
        text += f"{' ' if touching and spaced(tag) else ''}{part.prefix}{body}{part.suffix}"
    return text


def spaced(locale: str) -> bool:
    """Whether the language writes a space between sentences."""
    return locale.partition("-")[0] not in UNSPACED


def save_translation(
    question: Question,
    locale: str,
    texts: Mapping[str, str],
    *,
    origin: str = Origin.HUMAN,
    state: str = State.DRAFT,
    partial: bool = False,
    expected: int | None = None,
    actor: audit.Actor = None,
) -> AnswerRevision | None:
    """A translation put together from sentences a person gave; None unless there is one for every sentence.

    `partial`: sentences that were not given stay as the original has them, and say so. `expected`: see save_revision.
    """
    canonical = canonical_revision(question)
    if canonical is None:
        raise Invalid("Publish the original answer first.")
    tag = locales.require(locale).tag
    sentences = pieces(canonical.text, canonical.locale_id)
    results = {piece.text: (piece.text, Origin.SOURCE) for piece in sentences} if partial else {}
    results |= {source: (text, Origin(origin)) for source, text in texts.items()}
    rows = _translated_rows(sentences, results, canonical, tag)
    if not rows:
        return None
    return save_revision(
        question, locale=tag, text=_text(canonical, rows, tag), origin=origin, based_on=canonical,
        is_translation=True, segments=rows, actor=actor, state=state, expected=expected,
    )  # fmt: skip


def apply_unit(unit: TranslationUnit, actor: audit.Actor = None) -> list[AnswerRevision]:
    """Put a sentence that a person corrected or approved into every translation that holds it; returns the new ones."""
    rows = AnswerRevision.objects.filter(
        is_translation=True, locale_id=unit.target_locale_id, based_on__text__contains=unit.source_text
    ).exclude(state=State.RETIRED)
    changed = []
    for revision in rows.select_related("based_on", "answer__question").order_by("pk"):
        fresh = [_corrected(row, unit) for row in revision.segments]
        if revision.based_on is None or fresh == revision.segments:
            continue
        changed.append(_replace(revision, revision.based_on, fresh, actor))
    return changed


def _corrected(row: dict[str, Any], unit: TranslationUnit) -> dict[str, Any]:
    if row["source"] != unit.source_text:
        return row
    return row | {"text": unit.target_text, "lang": unit.target_locale_id, "origin": str(Origin.HUMAN)}


def _replace(
    old: AnswerRevision, canonical: AnswerRevision, rows: list[dict[str, Any]], actor: audit.Actor
) -> AnswerRevision:
    origins = {row["origin"] for row in rows}
    origin = old.origin if old.origin == Origin.HUMAN or Origin.MACHINE in origins else Origin.HUMAN
    with transaction.atomic():
        if old.state != State.PUBLISHED:
            AnswerRevision.objects.filter(pk=old.pk).update(state=State.RETIRED)
        fresh = save_revision(
            old.answer.question, locale=old.locale_id, text=_text(canonical, rows, old.locale_id), origin=origin,
            based_on=canonical, is_translation=True, segments=rows, actor=actor,
        )  # fmt: skip
        if old.state != State.PUBLISHED:
            return fresh
        if canonical.state == State.PUBLISHED:
            return publish_revision(fresh, actor)
        # A translation of an older original stays shown, corrected: it is marked as stale as it was before.
        AnswerRevision.objects.filter(pk=old.pk).update(state=State.RETIRED)
        AnswerRevision.objects.filter(pk=fresh.pk).update(state=State.PUBLISHED, published_at=timezone.now())
        _tell(fresh)
    fresh.refresh_from_db()
    return fresh
