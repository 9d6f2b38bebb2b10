"""The glossary: what a term is called in a language, what it must not be called, and what is never translated.

A term counts from the next translation on; what is translated already stays until it is translated again.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.forms.models import model_to_dict

from faq import signals
from faq.domain import access, audit, jobs, versions
from faq.domain.progress import Progress
from faq.enums import JobKind, Origin, State, TermKind
from faq.errors import Invalid, NotFound
from faq.gateways import translation
from faq.models import AnswerRevision, GlossaryTerm, Job, TranslationUnit

MOST = 5000
"""Sentences of the memory that are looked at for one term."""
BATCH = 50


def check_term(term: GlossaryTerm) -> None:
    """Invalid, saying what is missing, for a term that cannot be kept."""
    if not term.term.strip():
        raise Invalid("A glossary entry needs a term.")
    if term.kind == TermKind.KEEP:
        if term.translation.strip():
            raise Invalid("A term that is not translated has no translation: leave it empty, or choose another kind.")
    elif not term.target_locale_id or not term.translation.strip():
        raise Invalid("Give the language and the translation, or choose “do not translate”.")


def check_alone(term: GlossaryTerm) -> None:
    """Invalid for a term that is there already. The table's constraint takes two without a language for different ones."""
    same = GlossaryTerm.objects.filter(
        source_locale_id=term.source_locale_id, target_locale_id=term.target_locale_id, term=term.term.strip(),
        kind=term.kind, translation=term.translation.strip(),
    )  # fmt: skip
    if same.exclude(pk=term.pk).exists():
        raise Invalid("“%(term)s” is in the glossary already, in these languages and as this kind.", term=term.term)


@access.needs("add_glossaryterm|change_glossaryterm")
def save_term(term: GlossaryTerm, actor: audit.Actor = None, *, expected: str | None = None) -> GlossaryTerm:
    """Store a term as a person's form left it. `expected`: versions.of() when the person looked; Conflict when somebody changed
    it since."""
    term.term, term.translation = term.term.strip(), term.translation.strip()
    check_term(term)
    check_alone(term)
    with transaction.atomic():
        stored = GlossaryTerm.objects.select_for_update(of=("self",)).filter(pk=term.pk).first()
        versions.check(stored, expected)
        before, after = _fields(stored) if stored else {}, _fields(term)
        if before != after:
            term.save()
            audit.record(actor, "change" if stored else "add", term, before, after)
    return term


@access.needs("delete_glossaryterm")
def delete_term(term: GlossaryTerm, actor: audit.Actor = None) -> None:
    """The term is translated like any other word from now on."""
    with transaction.atomic():
        audit.record(actor, "delete", term, _fields(term))
        term.delete()


def _fields(term: GlossaryTerm) -> dict[str, object]:
    return {name: value for name, value in model_to_dict(term).items() if name != "id"}


def touched(term: GlossaryTerm) -> list[TranslationUnit]:
    """What a machine translated and the term asks to be otherwise, the newest first; what a person wrote is not among them.
    At most MOST are looked at."""
    from translation.glossary import violations
    from translation.types import Term

    wanted = Term(term.term, term.translation, term.kind, term.case_sensitive)
    rows = TranslationUnit.objects.filter(
        source_locale_id=term.source_locale_id, source_text__icontains=term.term, verdict="", approved=False,
        origin=Origin.MACHINE,
    )  # fmt: skip
    if term.target_locale_id:
        rows = rows.filter(target_locale_id=term.target_locale_id)
    rows = rows.select_related("source_locale", "target_locale").order_by("-pk")
    return [unit for unit in rows[:MOST] if violations(unit.source_text, unit.target_text, [wanted])]


@access.needs("add_glossaryterm|change_glossaryterm")
def translate_touched(term: GlossaryTerm, actor: audit.Actor = None) -> Job:
    """Queue translating again what touched() names, for a term that is never translated. Invalid where there is nothing, and for
    other terms: no engine can be told which word to use."""
    if term.kind != TermKind.KEEP:
        raise Invalid("No engine can be told which word to use. Correct these sentences, or send them to a translator.")
    if not touched(term):
        raise Invalid("Every sentence of the memory honours this term already.")
    return jobs.enqueue(JobKind.APPLY_TERM, {"term": term.pk}, key=f"term:{term.pk}", actor=actor)


def perform(args: Mapping[str, Any], progress: Progress) -> None:
    """The job: `term`. The engine translates what the term touches again; answers that hold it follow."""
    term = GlossaryTerm.objects.filter(pk=args["term"]).first()
    if term is None:
        raise NotFound("This term is gone.")
    by_target: dict[str, list[str]] = {}
    for unit in touched(term):
        by_target.setdefault(unit.target_locale_id, []).append(unit.source_text)
    progress.start(sum(map(len, by_target.values())))
    for target, texts in by_target.items():
        for start in range(0, len(texts), BATCH):
            some = texts[start : start + BATCH]
            translation.translate_again(some, term.source_locale_id, target)
            # At once: what is translated again is not touched in a later run of a job that was broken off.
            _follow(term.source_locale_id, target, some)
            progress.advance(len(some), target)


def _follow(source: str, target: str, texts: Sequence[str]) -> None:
    """Answers and the index hear of it."""
    hashes = [translation.unit_hash(text) for text in texts]
    signals.memory_changed.send(
        sender=TranslationUnit, target_locale=target, source_hashes=hashes if len(hashes) < 40 else []
    )
    holding = Q(pk__in=[])
    for text in texts:
        holding |= Q(text__contains=text)
    rows = AnswerRevision.objects.filter(holding, state=State.PUBLISHED, is_translation=False, locale_id=source)
    ids = sorted(set(rows.values_list("answer__question_id", flat=True)))
    if ids:
        jobs.enqueue(
            JobKind.TRANSLATE_ANSWERS,
            {"question_ids": ids, "locales": [target]},
            key=f"translate:term:{target}:{hashes[0]}",
        )
