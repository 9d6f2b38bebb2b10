"""Translations of published answers, sentence by sentence: by policy, by a person, by a correction in the memory.

Invariants: a machine never replaces what a person wrote; a sentence that fails a check stays as the original has it, and
says so; what the memory holds costs no engine.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from faq.domain import access, audit, questions
from faq.domain.answers.revisions import canonical_revision, publish_revision, save_revision, tell
from faq.domain.answers.sentences import Piece, pieces, segment_row, spaced
from faq.enums import Origin, State, TranslationPolicy
from faq.errors import Conflict, Invalid
from faq.gateways import translation
from faq.models import AnswerRevision, Locale, Phrasing, Question, TranslationUnit
from faq.queries import freshness, locales


@access.needs("change_answerrevision", into=access.locale)
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
    live = live_translations(question, target.tag)
    shown = next((row for row in live if row.state == State.PUBLISHED), None)
    settled = shown is not None and shown.origin == Origin.HUMAN and not freshness.outdated(shown, canonical)
    sentences = [] if settled else pieces(canonical.text, canonical.locale_id)
    wording = wording_of(question, canonical.locale_id, target.tag)
    results = translated([*(piece.text for piece in sentences), *wording], canonical.locale_id, target, actor)
    _word(question, wording, results, target, actor)
    if settled:
        return shown
    rows = translated_rows(sentences, results, canonical, target.tag)
    if all(row["origin"] == Origin.SOURCE for row in rows):
        return shown  # a text of which nothing is translated is no translation
    return _keep(question, canonical, target, rows, live, actor)


def live_translations(question: Question, tag: str) -> list[AnswerRevision]:
    """Translations that are shown or wait, newest first."""
    rows = AnswerRevision.objects.filter(answer__question=question, locale_id=tag, is_translation=True)
    return list(rows.exclude(state=State.RETIRED).select_related("based_on").order_by("-number"))


def wording_of(question: Question, source: str, target: str) -> list[str]:
    """The canonical wording, unless a person has worded the question in the target already."""
    rows = {row.locale_id: row for row in Phrasing.objects.filter(question=question, canonical=True)}
    there = rows.get(target)
    if source not in rows or (there is not None and there.origin not in (Origin.MACHINE, Origin.MEMORY)):
        return []
    return [rows[source].text]


def translated(
    texts: Sequence[str], source: str, target: Locale, actor: audit.Actor, *, store: bool = True
) -> dict[str, tuple[str, Origin]]:
    """Text -> its translation and where that came from; SOURCE where a check refused it; absent where nothing could. `store`:
    the memory keeps what the engine makes."""
    texts = list(dict.fromkeys(texts))
    if not texts:
        return {}
    if target.policy == TranslationPolicy.OFF:
        units = translation.recall(texts, source, target.tag)
        return {text: (unit.target, Origin.MEMORY) for text, unit in units.items() if unit.human}
    found: dict[str, tuple[str, Origin]] = {}
    for result in translation.translate_texts(texts, source, target.tag, actor=audit.person(actor), store=store):
        if result.verdict == "unsupported":
            continue
        if result.verdict:
            found[result.source] = (result.source, Origin.SOURCE)
            continue
        # What the memory holds of a machine is a machine's still; only numbers and addresses need nobody.
        by_person = str(result.origin) == "human" or result.text == result.source
        found[result.source] = (result.text, Origin.MEMORY if by_person else Origin.MACHINE)
    return found


def translated_rows(
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


def _publishing(given: Mapping[str, Any]) -> access.Permissions:
    return ("publish_answerrevision",) if given["state"] == State.PUBLISHED else ()


@access.needs("change_answerrevision", also=_publishing, into=access.locale)
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
    rows = translated_rows(sentences, results, canonical, tag)
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
    texts = {unit.source_hash: unit.target_text}
    changed = (correct_revision(row, texts, actor) for row in rows.select_related("answer__question").order_by("pk"))
    return [revision for revision in changed if revision is not None]


def correct_revision(
    revision: AnswerRevision, texts: Mapping[str, str], actor: audit.Actor = None
) -> AnswerRevision | None:
    """Put a person's sentences, hash of the original's -> translation, into a translation; None when it says that already."""
    fresh = [_corrected(row, texts.get(translation.unit_hash(row["source"])), revision) for row in revision.segments]
    if revision.based_on is None or fresh == revision.segments:
        return None
    return _replace(revision, revision.based_on, fresh, actor)


def _corrected(row: dict[str, Any], text: str | None, revision: AnswerRevision) -> dict[str, Any]:
    if text is None:
        return row
    return row | {"text": text, "lang": revision.locale_id, "origin": str(Origin.HUMAN)}


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
        tell(fresh)
    fresh.refresh_from_db()
    return fresh
