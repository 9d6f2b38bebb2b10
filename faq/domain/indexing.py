"""What the index should hold, derived from the database, and the calls that make it so.

An entry is a passage of a published revision in its own locale, the same passage in another locale where the memory
holds every segment of it, or a phrasing of a published question. Everything here may run twice without harm.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from faq import cache
from faq.enums import State, TranslationPolicy
from faq.gateways import retrieval, translation
from faq.models import Locale, Passage, Phrasing, Source, TranslationUnit
from retrieval.sync import IndexState
from retrieval.types import EntryKind, IndexEntry

if TYPE_CHECKING:
    from retrieval.sync import IndexReport, SyncReport
    from translation.segmentation import Segment
    from translation.types import Unit

log = logging.getLogger(__name__)
T = TypeVar("T")

BATCH = 400
"""Passages whose segments are looked up together: bounded memory, few queries."""
FEW = 40
"""Up to so many changed units the passages that hold them are looked up one by one; above, the whole index is compared."""
SEPARATOR = " › "


def expected_entries(
    *, source_ids: Sequence[int] | None = None, question_ids: Sequence[int] | None = None, families: Sequence[str] = ()
) -> Iterator[IndexEntry]:
    """The entries of these sources and questions; of everything when neither is given."""
    everything = source_ids is None and question_ids is None and not families
    if everything or source_ids is not None or families:
        yield from passage_entries(source_ids, families)
    if everything or question_ids is not None:
        yield from phrasing_entries(question_ids)


def passage_entries(source_ids: Sequence[int] | None = None, families: Sequence[str] = ()) -> Iterator[IndexEntry]:
    """Passages of published revisions, in their own locale and in each the memory covers."""
    rows = Passage.objects.filter(revision__published_source__state=State.PUBLISHED)
    if source_ids is not None:
        rows = rows.filter(revision__source_id__in=list(source_ids))
    if families:
        rows = rows.filter(key__in=list(families))
    locales = list(Locale.objects.filter(enabled=True))
    # Without the revision's whole text, which each of its passages would bring along.
    light = rows.select_related("revision__source__topic").defer("revision__text", "revision__blocks")
    ordered = light.order_by("revision__source__locale_id", "revision_id", "ordinal")
    for batch in _batches(ordered.iterator(chunk_size=BATCH), BATCH):
        yield from _batch_entries(batch, locales)


def phrasing_entries(question_ids: Sequence[int] | None = None) -> Iterator[IndexEntry]:
    """Phrasings of published questions in every enabled locale."""
    rows = Phrasing.objects.filter(question__state=State.PUBLISHED, locale__enabled=True)
    if question_ids is not None:
        rows = rows.filter(question_id__in=list(question_ids))
    for row in rows.select_related("question__topic").order_by("id").iterator(chunk_size=2000):
        yield IndexEntry(
            key=f"q{row.question_id}-{row.pk}",
            family=f"q{row.question_id}",
            kind=EntryKind.PHRASING,
            locale=row.locale_id,
            text=row.text,
            topic=row.question.topic.key if row.question.topic else "",
            original=row.origin != "machine",
        )


def _batches(rows: Iterator[T], size: int) -> Iterator[list[T]]:
    while batch := list(islice(rows, size)):
        yield batch


def _batch_entries(batch: list[Passage], locales: list[Locale]) -> Iterator[IndexEntry]:
    by_locale: dict[str, list[Passage]] = {}
    for passage in batch:
        by_locale.setdefault(passage.revision.source.locale_id, []).append(passage)
    for source_locale, passages in by_locale.items():
        known = translation.remembered(source_locale)
        targets = [locale for locale in locales if locale.tag != source_locale and locale.tag in known]
        if not targets:
            for passage in passages:
                yield _entry(passage, source_locale, passage.text, SEPARATOR.join(_heading(passage)), original=True)
            continue
        pieces = {passage.pk: _pieces(passage, source_locale) for passage in passages}
        headings = {name for passage in passages for name in _heading(passage)}
        wanted = {segment.text for parts in pieces.values() for segment in parts if segment.text} | headings
        memory = translation.recall_many(wanted, source_locale, [locale.tag for locale in targets])
        for passage in passages:
            yield _entry(passage, source_locale, passage.text, SEPARATOR.join(_heading(passage)), original=True)
            for locale in targets:
                translated = _translated(passage, pieces[passage.pk], memory[locale.tag], locale)
                if translated is not None:
                    yield translated


def _pieces(passage: Passage, locale: str) -> "list[Segment]":
    return translation.segment(passage.text, locale)


def _heading(passage: Passage) -> list[str]:
    """Title and headings, without one that repeats the one before."""
    names = [passage.revision.source.title, *passage.heading_path]
    return [name for place, name in enumerate(names) if name and (place == 0 or name != names[place - 1])]


def _translated(
    passage: Passage, pieces: "list[Segment]", memory: "dict[str, Unit]", locale: Locale
) -> IndexEntry | None:
    """The passage in another locale; None unless the memory holds all of it."""
    usable = {text: unit for text, unit in memory.items() if unit.human or locale.policy != TranslationPolicy.OFF}
    if not pieces or any(piece.text and piece.text not in usable for piece in pieces):
        return None
    text = "".join(f"{piece.prefix}{usable[piece.text].target if piece.text else ''}{piece.suffix}" for piece in pieces)
    # A heading the memory lacks is left out: words of another language would only make noise.
    heading = SEPARATOR.join(usable[name].target for name in _heading(passage) if name in usable)
    return _entry(passage, locale.tag, text, heading, original=False)


def _entry(passage: Passage, locale: str, text: str, heading: str, *, original: bool) -> IndexEntry:
    source = passage.revision.source
    return IndexEntry(
        key=f"{passage.key}:{locale}",
        family=passage.key,
        kind=EntryKind.PASSAGE,
        locale=locale,
        text=text,
        heading=heading,
        topic=source.topic.key if source.topic else "",
        source=source.key,
        original=original,
    )


def sync_source(source_id: int) -> "SyncReport":
    """Bring the entries of one source up to date: those of its published revision come, those of the others go."""
    return sync_sources([source_id])


def sync_sources(source_ids: Sequence[int]) -> "SyncReport":
    """The same for several sources in one go."""
    while True:
        published = _published(source_ids)
        families = Passage.objects.filter(revision__source_id__in=source_ids).values_list("key", flat=True)
        report = _sync(expected_entries(source_ids=source_ids), sorted(set(families)))
        # Somebody may have published while we wrote; then what we wrote is old.
        if _published(source_ids) == published:
            return report


def _published(source_ids: Sequence[int]) -> set[tuple[int, int | None]]:
    return set(Source.objects.filter(pk__in=source_ids).values_list("pk", "published_revision_id"))


def sync_questions(question_ids: Sequence[int]) -> "SyncReport":
    """Bring the phrasings of questions up to date."""
    return _sync(expected_entries(question_ids=question_ids), [f"q{question_id}" for question_id in question_ids])


def sync_families(families: Sequence[str]) -> "SyncReport":
    """Bring single passages up to date."""
    return _sync(passage_entries(families=families), sorted(set(families)))


def sync_all() -> "SyncReport":
    """Compare the whole index with the database and do what differs."""
    return _sync(expected_entries(), None)


def _sync(entries: Iterable[IndexEntry], families: Sequence[str] | None) -> "SyncReport":
    with retrieval.mapped(), cache.changing(cache.INDEX):
        return retrieval.retriever().sync(entries, families=families)


def memory_families(target_locale: str, source_hashes: Sequence[str]) -> list[str] | None:
    """Published passages that hold one of these units; None when they are too many to look up one by one."""
    if not source_hashes or len(source_hashes) > FEW:
        return None
    texts = TranslationUnit.objects.filter(target_locale_id=target_locale, source_hash__in=list(source_hashes))
    found: set[str] = set()
    published = Passage.objects.filter(revision__published_source__state=State.PUBLISHED)
    for text, locale in set(texts.values_list("source_text", "source_locale_id")):
        found |= set(
            published.filter(revision__source__locale_id=locale, text__contains=text).values_list("key", flat=True)
        )
        # A heading or a title is indexed with each passage under it.
        found |= set(
            published.filter(revision__source__locale_id=locale, revision__source__title=text).values_list(
                "key", flat=True
            )
        )
    return sorted(found)


def state() -> IndexState:
    """Whether the index is of this program's recipe. Unavailable when that cannot be told."""
    with retrieval.mapped():
        return retrieval.retriever().state()


def describe() -> dict[str, Any]:
    """The index in use, for people: its state, generation, entries, recipe, and builds that were cut off."""
    with retrieval.mapped():
        found = retrieval.retriever()
        said: dict[str, Any] = {"state": found.state()}
        return said if said["state"] == IndexState.UNREADABLE else said | found.describe()


def check() -> "IndexReport":
    """What the index lacks, holds too much, or holds otherwise."""
    with retrieval.mapped():
        return retrieval.retriever().check(expected_entries())


def rebuild(progress: Callable[[int, int], None] | None = None) -> str:
    """Build a new generation beside the one in use and switch to it; returns its name. Waits for another rebuild."""
    with retrieval.mapped(), cache.changing(cache.INDEX):
        return retrieval.retriever().rebuild(expected_entries, progress=progress)
