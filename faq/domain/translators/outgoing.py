"""What is to be translated: the sentences of published answers and the wordings of their questions, into a file.

Invariant: a sentence is in a file once, wherever it stands; what a person translated goes out only when everything is asked for.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from django.db.models import Count, Q

from faq.domain import tmx
from faq.enums import FileFormat, Origin, State, Wanted
from faq.errors import Invalid
from faq.gateways import translation
from faq.models import AnswerRevision, GlossaryTerm, Phrasing, TranslationUnit
from faq.queries import locales
from translation.types import SegmentState, Work

HASHES = 5000
"""In one query; well below the ceiling of either database."""
TERMS = 12
"""Terms named beside one sentence."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How many distinct sentences a language has of each sort; together they are all there are."""

    person: int
    machine: int
    missing: int


def sentences(source_locale: str, topic: str = "") -> dict[str, list[str]]:
    """Sentence -> keys of the published questions where it stands, in their order; of originals in one language."""
    rows = AnswerRevision.objects.filter(
        state=State.PUBLISHED, is_translation=False, locale_id=source_locale, answer__question__state=State.PUBLISHED
    )
    rows = rows.filter(answer__question__topic__key=topic) if topic else rows
    rows = rows.order_by("answer__question__topic__order", "answer__question__topic_id", "answer__question_id")
    found: dict[str, list[str]] = {}
    held = list(rows.values_list("answer__question_id", "answer__question__key", "segments"))
    wordings = dict(
        Phrasing.objects.filter(question_id__in=[pk for pk, _, _ in held], locale_id=source_locale, canonical=True)
        .order_by()
        .values_list("question_id", "text")
    )
    for pk, key, segments in held:
        for text in [wordings.get(pk, ""), *(row["source"] for row in segments)]:
            if text and key not in found.setdefault(text, []):
                found[text].append(key)
    return found


def standings(source_locale: str) -> dict[str, Standing]:
    """Of each enabled language how far the translation of the published answers is; a number of queries that follows the
    sentences only."""
    hashes = list({translation.unit_hash(text) for text in sentences(source_locale)})
    person, machine = dict[str, int](), dict[str, int]()
    for start in range(0, len(hashes), HASHES):
        rows = TranslationUnit.objects.filter(
            source_locale_id=source_locale, source_hash__in=hashes[start : start + HASHES], verdict="", context_hash=""
        )
        by_person = Q(origin=Origin.HUMAN) | Q(approved=True)
        counted = rows.order_by().values("target_locale_id")
        for row in counted.annotate(person=Count("pk", filter=by_person), every=Count("pk")):
            tag = row["target_locale_id"]
            person[tag] = person.get(tag, 0) + row["person"]
            machine[tag] = machine.get(tag, 0) + row["every"] - row["person"]
    return {
        locale.tag: Standing(
            person.get(locale.tag, 0),
            machine.get(locale.tag, 0),
            len(hashes) - person.get(locale.tag, 0) - machine.get(locale.tag, 0),
        )
        for locale in locales.enabled_locales()
        if locale.tag != source_locale
    }


def outstanding(source_locale: str, target_locale: str, wanted: str = Wanted.UNCHECKED, topic: str = "") -> list[Work]:
    """The segments to translate, in the order of the questions. A machine's text goes along as one to check (INITIAL).

    Invalid for what is no language here, the same one twice, or no such choice.
    """
    source, target = locales.require(source_locale).tag, locales.require(target_locale).tag
    if source == target:
        raise Invalid("Choose two different languages.")
    if wanted not in Wanted.values:
        raise Invalid("There is no such choice of sentences.")
    texts = sentences(source, topic)
    known = translation.recall(texts, source, target)
    terms = _terms(source, target)
    found = []
    for text, keys in texts.items():
        unit = known.get(text)
        if wanted == Wanted.MISSING and unit is not None:
            continue
        if wanted == Wanted.UNCHECKED and unit is not None and unit.human:
            continue
        state = SegmentState.TRANSLATED if unit is not None and unit.human else SegmentState.INITIAL
        notes = (f"{', '.join(keys[:5])}{' …' if len(keys) > 5 else ''}", *_notes(text, terms))
        found.append(Work(keys[0], text, unit.target if unit else "", state, notes))
    return found


def export_file(
    path: Path, source_locale: str, target_locale: str, wanted: str = Wanted.UNCHECKED, topic: str = ""
) -> int:
    """Write a file of outstanding() by its ending (xlf, po), or the whole memory of the pair (tmx); returns how many segments.

    Invalid where there is nothing to write, or the ending is none of these.
    """
    kind = path.suffix.lstrip(".")
    if kind not in list(FileFormat):
        raise Invalid(
            "%(file)s: choose a file that ends in %(endings)s.", file=path.name, endings=", ".join(FileFormat)
        )
    if kind == FileFormat.TMX:
        return tmx.export_tmx(path, source_locale, target_locale)
    work = outstanding(source_locale, target_locale, wanted, topic)
    if not work:
        raise Invalid("There is nothing to translate: every sentence of this choice is done.")
    return translation.write_work(path, work, locales.require(source_locale).tag, locales.require(target_locale).tag)


def _terms(source: str, target: str) -> Mapping[str, Iterable[str]]:
    """Term in lower case -> what a translator is told of it."""
    rows = GlossaryTerm.objects.filter(source_locale_id=source).filter(
        Q(target_locale_id=target) | Q(target_locale__isnull=True)
    )
    told: dict[str, list[str]] = {}
    for term in rows:
        said = {"keep": "= {t}", "forbidden": "≠ {x}"}.get(term.kind, "= {x}").format(t=term.term, x=term.translation)
        told.setdefault(term.term.lower(), []).append(f"{term.term} {said}")
    return told


def _notes(text: str, terms: Mapping[str, Iterable[str]]) -> Iterator[str]:
    lowered, count = text.lower(), 0
    for term, said in terms.items():
        if term in lowered and count < TERMS:
            count += 1
            yield from said
