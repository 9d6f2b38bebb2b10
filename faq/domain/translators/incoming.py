"""A translator's file back in: looked through and shown first, then taken in by a job.

Invariants: only when it was asked for, what a person wrote here is replaced, and a sentence that fails a check is taken in; the
plan changes nothing; the job plans again when it runs, so that what people did meanwhile counts; a second time changes nothing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from faq.domain import access, answers, audit, jobs, translations, units, uploads
from faq.domain.progress import Progress
from faq.domain.translators.outgoing import HASHES, sentences
from faq.enums import Fate, FileFormat, JobKind, Origin, State
from faq.errors import Invalid
from faq.gateways import translation
from faq.models import AnswerRevision, Job, Question, TranslationUnit
from faq.queries import locales
from translation.types import SegmentState, Work

LARGEST = 20_000_000
"""Bytes of a file; some 50,000 sentences."""
MOST = 100_000
"""Sentences of a file."""
ENDINGS = (".xlf", ".xliff", ".po", ".tmx")
TOGETHER = 1000
"""Sentences kept in one transaction."""
ALWAYS = (Fate.NEW, Fate.OVER_MACHINE, Fate.CONFIRMS)


@dataclass(frozen=True, slots=True)
class Planned:
    """One sentence of a file. `stored`: what the memory holds for it; `verdict`: the check that `target` fails, by name."""

    source_locale: str
    target_locale: str
    source: str
    target: str
    fate: Fate
    stored: str = ""
    verdict: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What taking a file in would do. `unknown`: language pairs that the portal does not have -> sentences in them;
    `unused`: sentences that stand in no published answer now, and are kept in the memory all the same."""

    rows: tuple[Planned, ...]
    unknown: Mapping[str, int]
    unused: int

    def by_fate(self) -> dict[Fate, int]:
        """How many sentences of each fate, in the order of Fate."""
        counted = Counter(row.fate for row in self.rows)
        return {fate: counted[fate] for fate in Fate if counted[fate]}

    def targets(self) -> list[str]:
        """The languages it translates into."""
        return sorted({row.target_locale for row in self.rows})

    def taken(self, *, replace: bool = False, failed: bool = False) -> list[Planned]:
        """The sentences that would be kept. `replace`: also over a person's; `failed`: also those that fail a check."""
        fates = {*ALWAYS, *((Fate.OVER_PERSON,) if replace else ()), *((Fate.FAILED,) if failed else ())}
        return [row for row in self.rows if row.fate in fates]


def check_file(name: str, size: int) -> None:
    """Invalid for what is too large or of another kind, before it is read."""
    if Path(name).suffix.lower() not in ENDINGS:
        raise Invalid("%(file)s: choose a file that ends in %(endings)s.", file=name, endings=", ".join(FileFormat))
    if size > LARGEST:
        raise Invalid("%(file)s is larger than %(limit)d MB; divide it.", file=name, limit=LARGEST // 1_000_000)


def keep(data: bytes, name: str) -> str:
    """Hold a file until it is taken in, for a day; returns the name it is kept under. Invalid as check_file()."""
    check_file(name, len(data))
    return uploads.keep(data, name)


def plan_import(path: Path) -> Plan:
    """Look a file through; nothing is changed. Invalid, with the line where there is one, for a file that cannot be read."""
    check_file(path.name, path.stat().st_size)
    default = locales.default_locale().tag
    with translation.mapped():
        read = [
            (source, target, list(islice(work, MOST + 1)))
            for source, target, work in translation.read_work(path, default)
        ]
    if sum(len(work) for _, _, work in read) > MOST:
        raise Invalid("%(file)s has more than %(most)s sentences; divide it.", file=path.name, most=MOST)
    tags = tuple(sorted(locale.tag for locale in locales.all_locales()))
    rows: list[Planned] = []
    unknown: Counter[str] = Counter()
    for source_tag, target_tag, work in read:
        source, target = locales.match(source_tag, tags), locales.match(target_tag, tags)
        if source and target and source != target:
            rows += _planned(source, target, work)
        else:
            unknown[f"{source_tag} → {target_tag}"] += len(work)
    return Plan(tuple(rows), dict(unknown), _unused(rows))


def _planned(source: str, target: str, work: Sequence[Work]) -> list[Planned]:
    last = {translation.unit_hash(each.source): each for each in work if each.source.strip()}
    held = _held(source, target, list(last))
    return [_fate(source, target, each, held.get(digest)) for digest, each in last.items()]


def _held(source: str, target: str, hashes: Sequence[str]) -> dict[str, TranslationUnit]:
    found: dict[str, TranslationUnit] = {}
    for start in range(0, len(hashes), HASHES):
        rows = TranslationUnit.objects.filter(
            source_locale_id=source, target_locale_id=target, context_hash="",
            source_hash__in=hashes[start : start + HASHES],
        )  # fmt: skip
        found |= {unit.source_hash: unit for unit in rows.order_by()}
    return found


def _fate(source: str, target: str, each: Work, unit: TranslationUnit | None) -> Planned:
    text = " ".join(each.target.split())
    stored = unit.target_text if unit is not None and not unit.verdict else ""
    by_person = unit is not None and (unit.origin == Origin.HUMAN or unit.approved)
    fate, verdict = Fate.NEW, ""
    if not text or (each.state == SegmentState.INITIAL and text == stored):
        fate = Fate.UNFINISHED
    elif len(text) > translations.UNIT_LENGTH:
        fate = Fate.TOO_LONG
    elif by_person and text == stored:
        fate = Fate.SAME
    elif verdict := translation.check(each.source, text, source, target):
        fate = Fate.FAILED
    elif by_person:
        fate = Fate.OVER_PERSON
    elif stored:
        fate = Fate.CONFIRMS if text == stored else Fate.OVER_MACHINE
    return Planned(source, target, each.source, text, fate, stored, verdict)


def _unused(rows: Iterable[Planned]) -> int:
    by_source: dict[str, set[str]] = {}
    for row in rows:
        by_source.setdefault(row.source_locale, set()).add(translation.unit_hash(row.source))
    return sum(
        len(hashes - {translation.unit_hash(text) for text in sentences(source)})
        for source, hashes in by_source.items()
    )


@access.needs("change_translationunit")
def import_file(kept: str, name: str, *, replace: bool = False, failed: bool = False, actor: audit.Actor = None) -> Job:
    """Queue taking in a file that keep() holds. Forbidden for a language that is not the actor's, Invalid where nothing of it
    would be kept."""
    made = plan_kept(kept, name)
    access.require_locales(actor, made.targets())
    if not made.taken(replace=replace, failed=failed):
        raise Invalid("Nothing in this file would be taken in.")
    args = {"upload": kept, "name": name, "replace": replace, "failed": failed}
    return jobs.enqueue(JobKind.IMPORT_TRANSLATIONS, args, actor=actor)


def plan_kept(kept: str, name: str) -> Plan:
    """As plan_import(), of a file that keep() holds."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / uploads.short_name(name)
        path.write_bytes(uploads.read_kept(kept))
        return plan_import(path)


def perform(args: Mapping[str, Any], progress: Progress) -> None:
    """The job: `upload`, `name`, `replace`, `failed`. In the name of who asked for it."""
    actor = progress.job.requested_by
    made = plan_kept(args["upload"], args["name"])
    access.require_locales(actor, made.targets())
    taken = made.taken(replace=args["replace"], failed=args["failed"])
    by_pair: dict[tuple[str, str], dict[str, tuple[str, str]]] = {}
    for row in taken:
        held = by_pair.setdefault((row.source_locale, row.target_locale), {})
        held[translation.unit_hash(row.source)] = (row.source, row.target)
    progress.start(len(taken))
    for pair, rows in by_pair.items():
        for start in range(0, len(rows), TOGETHER):
            some = dict(islice(rows.items(), start, start + TOGETHER))
            units.record_many(pair, some, args["name"], actor)
            progress.advance(len(some))
    # What is here already may be of a run of this job that was broken off before the answers followed.
    told = [*taken, *(row for row in made.rows if row.fate == Fate.SAME)]
    for source, target in sorted({(row.source_locale, row.target_locale) for row in told}):
        texts = {
            translation.unit_hash(row.source): row.target
            for row in told
            if (row.source_locale, row.target_locale) == (source, target)
        }
        _follow((source, target), texts, progress, actor)


def _follow(pair: tuple[str, str], texts: Mapping[str, str], progress: Progress, actor: audit.Actor) -> None:
    """Answers that hold the sentences say them now; those that lacked them are translated by a job of its own."""
    source, target = pair
    rows = AnswerRevision.objects.filter(is_translation=True, locale_id=target, based_on__locale_id=source)
    rows = rows.exclude(state=State.RETIRED).select_related("answer__question", "based_on").order_by("pk")
    holding = [row for row in rows if any(translation.unit_hash(each["source"]) in texts for each in row.segments)]
    progress.start(progress.total + len(holding))
    with jobs.together():
        progress.each(
            holding,
            lambda row: _correct(row, texts, actor=actor),
            name=lambda row: f"{row.answer.question.key} ({target})",
        )
    keys = {key for text, keys in sentences(source).items() if translation.unit_hash(text) in texts for key in keys}
    if keys:
        ids = sorted(Question.objects.filter(key__in=keys).values_list("pk", flat=True))
        jobs.enqueue(
            JobKind.TRANSLATE_ANSWERS,
            {"question_ids": ids, "locales": [target]},
            key=f"translate:file:{progress.job.pk}:{target}",
        )


@access.needs("change_translationunit")
def _correct(revision: AnswerRevision, texts: Mapping[str, str], *, actor: audit.Actor) -> None:
    """As a correction in the memory: it asks for no permission to publish, wherever the sentence stands."""
    answers.correct_revision(revision, texts, actor)
