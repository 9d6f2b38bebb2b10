"""Reviewing a translation: an answer's sentences side by side, approved or corrected together by a person.

Invariants: what a person publishes is in the memory and in every other answer that holds the sentence; a draft changes
nothing but itself; what somebody else wrote meanwhile is never overwritten unseen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction

from faq.domain import access, answers, audit, differences, questions, translations
from faq.domain.deadlocks import again_after_deadlock
from faq.enums import Origin, State
from faq.errors import Conflict, Invalid
from faq.gateways import translation
from faq.models import Answer, AnswerRevision, Locale, Phrasing, Question, TranslationUnit
from faq.queries import freshness, locales

MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of the original and what stands for it. `origin`: `human`, `memory`, `machine`, or `missing`;
    `verdict`: the check that the machine's attempt in `text` failed, empty when it may be shown; `change`: against the
    original that was translated last, empty where the sentence stood in it."""

    source: str
    text: str
    origin: str
    verdict: str = ""
    change: differences.Change = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """A translation beside its original. `seen` names what the editor looks at (see settle); `overtaken` is what
    readers see when that is the translation of an older original."""

    question: Question
    locale: Locale
    canonical: AnswerRevision
    newest: AnswerRevision | None
    wording: Sentence | None
    sentences: tuple[Sentence, ...]
    overtaken: AnswerRevision | None
    seen: str


def sheet(question: Question, locale: str) -> Sheet:
    """The published original and its newest translation; Invalid when nothing is published or the locale is its own."""
    target = locales.require(locale)
    canonical = answers.canonical_revision(question)
    if canonical is None:
        raise Invalid("Publish the original answer first; then it can be translated.")
    if canonical.locale_id == target.tag:
        raise Invalid("The original is in %(language)s. Edit it with the question.", language=target.autonym)
    rows = AnswerRevision.objects.filter(answer__question=question, locale_id=target.tag, is_translation=True)
    newest = rows.exclude(state=State.RETIRED).select_related("author", "based_on").order_by("-number").first()
    live = rows.filter(state=State.PUBLISHED).select_related("based_on").first()
    overtaken = live if live is not None and freshness.outdated(live, canonical) else None
    return Sheet(
        question=question,
        locale=target,
        canonical=canonical,
        newest=newest,
        wording=_wording(question, canonical.locale_id, target.tag),
        sentences=_sentences(canonical, newest, overtaken or newest, target.tag),
        overtaken=overtaken,
        seen=f"{canonical.pk}-{answers.last_written(question, target.tag)}",
    )


def _wording(question: Question, source: str, target: str) -> Sentence | None:
    rows = {row.locale_id: row for row in Phrasing.objects.filter(question=question, canonical=True)}
    if source not in rows:
        return None
    there = rows.get(target)
    return Sentence(rows[source].text, there.text if there else "", there.origin if there else MISSING)


def _sentences(
    canonical: AnswerRevision, newest: AnswerRevision | None, seen: AnswerRevision | None, tag: str
) -> tuple[Sentence, ...]:
    """Each sentence once: as the newest translation has it, else the memory, else a machine's failed attempt. `seen`: the
    translation that readers see, or the newest, to whose original this one is compared."""
    texts = list(dict.fromkeys(piece.text for piece in answers.pieces(canonical.text, canonical.locale_id)))
    shown = {row["source"]: row for row in (newest.segments if newest else []) if row["lang"] == tag}
    known = translation.recall(texts, canonical.locale_id, tag)
    hashes = {translation.unit_hash(text): text for text in texts}
    failed = {
        hashes[unit.source_hash]: unit
        for unit in TranslationUnit.objects.filter(
            source_locale_id=canonical.locale_id, target_locale_id=tag, source_hash__in=list(hashes)
        ).exclude(verdict="")
    }
    changes = _changes(texts, seen, canonical)
    found = []
    for text in texts:
        if text in shown:
            found.append(Sentence(text, shown[text]["text"], shown[text]["origin"]))
        elif text in known:
            found.append(Sentence(text, known[text].target, Origin.MEMORY if known[text].human else Origin.MACHINE))
        elif text in failed:
            found.append(Sentence(text, failed[text].target_text, Origin.MACHINE, failed[text].verdict))
        else:
            found.append(Sentence(text, "", MISSING))
    return tuple(replace(each, change=changes.get(each.source, ())) for each in found)


def _changes(
    texts: Sequence[str], seen: AnswerRevision | None, canonical: AnswerRevision
) -> dict[str, differences.Change]:
    """Sentence -> what is new in it, where that translation is of another original."""
    if seen is None or seen.based_on_id == canonical.pk:
        return {}
    before = [row["source"] for row in seen.segments]
    added = [text for text in texts if text not in before]
    return dict(
        zip(added, differences.between([text for text in before if text not in texts], added).changes, strict=False)
    )


def _publishing(given: Mapping[str, Any]) -> access.Permissions:
    return ("publish_answerrevision",) if given["publish"] else ()


@access.needs("change_answerrevision", also=_publishing, into=access.locale)
@again_after_deadlock
def settle(
    question: Question,
    locale: str,
    texts: Mapping[str, str],
    *,
    wording: str = "",
    publish: bool,
    seen: str | None = None,
    actor: audit.Actor = None,
) -> AnswerRevision:
    """Keep a person's translation: `texts` maps each sentence of the original to its translation.

    Published, it needs every sentence; a draft needs one. The question's `wording` counts at once. Raises Invalid,
    naming the sentence, and Conflict when `seen` is no longer what sheet() says.
    """
    with transaction.atomic():
        Answer.objects.select_for_update(of=("self",)).filter(question=question).first()
        now = sheet(question, locale)
        if seen is not None and seen != now.seen:
            raise Conflict(
                "Somebody else changed this translation or its original meanwhile. Compare, then save again."
            )
        given = _given(now, texts, publish)
        revision = answers.save_translation(
            question, now.locale.tag, given, partial=not publish, actor=actor,
            state=State.PUBLISHED if publish else State.DRAFT,
        )  # fmt: skip
        assert revision is not None
        _retire_other_drafts(revision)
        if publish:
            _remember(now, given, actor)
        if now.wording is not None and wording.strip() and (publish or wording.strip() != now.wording.text):
            _word(now, questions.wording(wording), actor)
    return revision


def _given(now: Sheet, texts: Mapping[str, str], publish: bool) -> dict[str, str]:
    given: dict[str, str] = {}
    for number, sentence in enumerate(now.sentences, start=1):
        text = " ".join(texts.get(sentence.source, "").split())
        if len(text) > translations.UNIT_LENGTH:
            raise Invalid(
                "Sentence %(n)s is too long: at most %(ceiling)s characters.",
                n=number,
                ceiling=translations.UNIT_LENGTH,
            )
        if publish and not text:
            raise Invalid("Sentence %(n)s is not translated yet. Translate it, or save a draft.", n=number)
        if publish and sentence.verdict and text == sentence.text:
            raise Invalid(
                "Sentence %(n)s is a machine's attempt that failed a check (%(verdict)s). Correct it.",
                n=number,
                verdict=sentence.verdict,
            )
        if text:
            given[sentence.source] = text
    if not given:
        raise Invalid("Nothing is translated yet.")
    return given


def _retire_other_drafts(revision: AnswerRevision) -> None:
    """What waited before was on the sheet that was now saved."""
    AnswerRevision.objects.filter(
        answer_id=revision.answer_id, locale_id=revision.locale_id, is_translation=True, number__lt=revision.number,
        state__in=[State.DRAFT, State.IN_REVIEW],
    ).update(state=State.RETIRED)  # fmt: skip


def _remember(now: Sheet, given: Mapping[str, str], actor: audit.Actor) -> None:
    """After the answer is saved, so that the memory's own fan-out finds it as it should be."""
    for text, translated in given.items():
        translations.record_translation(text, now.canonical.locale_id, now.locale.tag, translated, actor)


def _word(now: Sheet, line: str, actor: audit.Actor) -> None:
    """The question's wording: a person's from now on, here and in the memory."""
    assert now.wording is not None
    rows = Phrasing.objects.filter(question=now.question, locale_id=now.locale.tag)
    there = rows.filter(canonical=True).first()
    if there is None or (there.text != line and rows.filter(text=line).exists()):
        questions.add_phrasing(now.question, text=line, locale=now.locale.tag, canonical=True, actor=actor)
    elif (there.text, there.origin) != (line, Origin.HUMAN):
        questions.replace_phrasing(there, text=line, origin=Origin.HUMAN, actor=actor)
    translations.record_translation(now.wording.source, now.canonical.locale_id, now.locale.tag, line, actor)
