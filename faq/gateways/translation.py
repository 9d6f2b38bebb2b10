"""The one door to the translation library, and the only reader and writer of the memory's rows for translating.

Invariants: a machine never overwrites a unit of a person; what an engine failed at is kept with its verdict, and is not
tried again by the same engine; one call of the engine for each pair and batch.
"""

import importlib
import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Q

from faq import conf, errors
from faq.enums import Origin
from faq.models import GlossaryTerm, Locale, TranslationUnit
from translation import types

if TYPE_CHECKING:
    from translation.engine import TranslationEngine
    from translation.packages import Package
    from translation.segmentation import Segment
    from translation.tmx import Pairs

BATCH = 5000
"""Hashes in one query; well below the ceiling of either database."""

_lock = threading.RLock()
_built: dict[int, "TranslationEngine | None"] = {}


@contextmanager
def mapped() -> Iterator[None]:
    """Inside, an error of the library becomes the domain error that says what the caller can do."""
    try:
        yield
    except types.EngineUnavailable as error:
        raise errors.Unavailable(str(error)) from error
    except types.TranslationError as error:
        raise errors.Invalid(str(error)) from error


def segment(text: str, locale: str) -> "list[Segment]":
    """The text's segments; their parts joined are the text."""
    from translation.segmentation import split

    return split(text, locale)


def unit_hash(text: str) -> str:
    """What a unit is found by."""
    from translation.memory import unit_hash as digest

    return digest(text)


def read_tmx(path: Path) -> "Pairs":
    """(source tag, target tag, source, target) of each pair of a TMX file; inside mapped(), Invalid for a broken one."""
    from translation.tmx import read_tmx as read

    return read(path)


def write_tmx(
    path: Path,
    rows: "Iterable[tuple[str, str] | tuple[str, str, Mapping[str, str]]]",
    source_locale: str,
    target_locale: str,
) -> int:
    """Write (source, target) pairs, each with its properties if it has any; returns how many."""
    from translation.tmx import write_tmx as write

    with mapped():
        return write(path, rows, source_locale, target_locale)


def read_work(path: Path, default_source: str) -> "list[tuple[str, str, Iterable[types.Work]]]":
    """(source tag, target tag, segments) of a translator's file, by its ending: XLIFF, PO or TMX; inside mapped().

    `default_source`: for a PO file that does not say it. A TMX file's pairs are a person's, each language by itself.
    """
    from translation import po, tmx, xliff

    ending = path.suffix.lower()
    if ending in (".xlf", ".xliff"):
        return [xliff.read_xliff(path)]
    if ending in (".po", ".pot"):
        source, target, work = po.read_po(path)
        return [(source or default_source, target, work)]
    by_pair: dict[tuple[str, str], list[types.Work]] = {}
    for source, target, text, translated in tmx.read_tmx(path):
        by_pair.setdefault((source, target), []).append(types.Work("", text, translated, types.SegmentState.TRANSLATED))
    return [(*pair, work) for pair, work in by_pair.items()]


def write_work(path: Path, work: Iterable[types.Work], source_locale: str, target_locale: str) -> int:
    """Write a translator's file, by its ending; returns how many segments."""
    from translation import po, xliff

    write = po.write_po if path.suffix == ".po" else xliff.write_xliff
    with mapped():
        return write(path, work, source_locale, target_locale)


def read_tbx(path: Path, default_source: str) -> list[types.TermRow]:
    """The terms of a TBX file; Invalid for one that cannot be read."""
    from translation.tbx import read_tbx as read

    with mapped():
        return read(path, default_source)


def write_tbx(path: Path, rows: Iterable[types.TermRow], default_locale: str) -> int:
    """Write terms as TBX; returns how many."""
    from translation.tbx import write_tbx as write

    return write(path, rows, default_locale)


def check(source: str, target: str, source_locale: str, target_locale: str) -> str:
    """The first check that a translation fails, by its name; "" for none."""
    from translation.quality import verdict

    return verdict(source, target, source_locale=source_locale, target_locale=target_locale)


def engine() -> "TranslationEngine | None":
    """This process's engine; None when the portal is set to translate by hand only."""
    pid = os.getpid()
    if pid not in _built:
        with _lock, mapped():
            if pid not in _built:
                _built[pid] = _build()
    return _built[pid]


def supports(source_locale: str, target_locale: str) -> bool:
    """Whether the engine can translate from one locale into the other. One that is away may: asking it says so."""
    try:
        active = engine()
    except errors.Unavailable:
        return True
    return active is not None and active.supports(types.LanguagePair(source_locale, target_locale))


def reset() -> None:
    """Forget the engine, so that changed settings or packages count."""
    with _lock:
        _built.clear()


def _build() -> "TranslationEngine | None":
    path = str(conf.get("TRANSLATION_ENGINE"))
    if not path:
        return None
    module, _, name = path.rpartition(".")
    options: dict[str, Any] = {}
    if name == "ArgosEngine":
        options = {"packages": conf.get("ARGOS_PACKAGES"), "memory_mb": conf.get("ARGOS_MEMORY_MB")}
    try:
        factory = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise errors.Unavailable(f"POLYFAQ_TRANSLATION_ENGINE is {path!r}, which cannot be loaded: {error}.") from error
    made: TranslationEngine = factory(**options)
    return made


def install_package(source_locale: str, target_locale: str) -> "Package":
    """Install a pair from the index; Unavailable when it cannot be read, Invalid when it has no such pair."""
    from translation import packages

    with mapped():
        made = packages.install_from_index(
            types.LanguagePair(source_locale, target_locale), conf.get("ARGOS_PACKAGES"), conf.get("ARGOS_INDEX_URL")
        )
    reset()
    return made


def install_package_from(origin: str | Path) -> "list[Package]":
    """Install from an address, a package file, or all package files of a folder."""
    from translation import packages

    folder = conf.get("ARGOS_PACKAGES")
    with mapped():
        made = (
            [packages.install_from_url(origin, folder)]
            if isinstance(origin, str)
            else packages.install_from(origin, folder)
        )
    reset()
    return made


def package_folders() -> set[str]:
    """Names of the folders whose packages can be used, whether or not a newer one of the same pair is there."""
    from translation import packages

    return {package.path.name for package in packages.readable(conf.get("ARGOS_PACKAGES"))}


def remove_package(source_locale: str, target_locale: str) -> bool:
    """Whether there was one."""
    from translation import packages

    gone = bool(packages.remove(types.LanguagePair(source_locale, target_locale), conf.get("ARGOS_PACKAGES")))
    reset()
    return gone


def recall(texts: Iterable[str], source_locale: str, target_locale: str) -> dict[str, types.Unit]:
    """What the memory holds for exactly these texts and may be shown; one query, never the engine."""
    return recall_many(texts, source_locale, [target_locale])[target_locale]


def remembered(source_locale: str) -> set[str]:
    """The locales into which the memory holds anything from one."""
    units = TranslationUnit.objects.filter(source_locale_id=source_locale, target_locale=OuterRef("pk"))
    return set(Locale.objects.filter(Exists(units.order_by())).order_by().values_list("tag", flat=True))


def recall_many(
    texts: Iterable[str], source_locale: str, target_locales: Sequence[str]
) -> dict[str, dict[str, types.Unit]]:
    """As recall(), for many locales in one query: locale -> text -> unit. A person's unit goes before a machine's."""
    by_hash = _by_hash(texts)
    found: dict[str, dict[str, types.Unit]] = {locale: {} for locale in target_locales}
    if not found:
        return found
    for row in _rows(list(by_hash), source_locale, target_locales):
        _keep(found[row["target_locale_id"]], row, by_hash)
    return found


def _by_hash(texts: Iterable[str]) -> dict[str, list[str]]:
    """The distinct texts by what their unit is found by; those that differ in white space only share one."""
    by_hash: dict[str, list[str]] = {}
    for text in dict.fromkeys(texts):
        by_hash.setdefault(unit_hash(text), []).append(text)
    return by_hash


def _keep(units: dict[str, types.Unit], row: Mapping[str, Any], by_hash: Mapping[str, list[str]]) -> None:
    """Note a row's unit for its texts, unless it failed a check or a person's is there."""
    if row["verdict"]:
        return
    human = row["origin"] == Origin.HUMAN or row["approved"]
    for text in by_hash[row["source_hash"]]:
        held = units.get(text)
        if held is None or (human and not held.human):
            units[text] = types.Unit(text, row["target_text"], human, row["context_hash"])


def _rows(hashes: list[str], source_locale: str, target_locales: Sequence[str]) -> Iterator[dict[str, Any]]:
    fields = (
        "source_hash",
        "target_locale_id",
        "target_text",
        "origin",
        "approved",
        "verdict",
        "context_hash",
        "engine",
    )
    for start in range(0, len(hashes), BATCH):
        yield from (
            TranslationUnit.objects.filter(
                source_locale_id=source_locale,
                target_locale_id__in=list(target_locales),
                source_hash__in=hashes[start : start + BATCH],
            )
            .order_by("context_hash", "id")
            .values(*fields)
        )


def glossary(source_locale: str, target_locale: str) -> list[types.Term]:
    """The pair's terms, and those that stay as they are everywhere."""
    rows = GlossaryTerm.objects.filter(source_locale_id=source_locale).filter(
        Q(target_locale_id=target_locale) | Q(target_locale__isnull=True)
    )
    return [types.Term(row.term, row.translation, row.kind, row.case_sensitive) for row in rows]


def translate_texts(
    texts: Sequence[str], source_locale: str, target_locale: str, *, actor: Any = None, store: bool = True
) -> list[types.SegmentResult]:
    """Each text's translation, from memory or by one call of the engine for all that memory lacks."""
    from translation.pipeline import translate

    active = engine()
    name = _name(active)
    units, failed = _held(texts, source_locale, target_locale, name)
    with mapped():
        results = translate(
            [text for text in texts if text not in failed],
            pair=types.LanguagePair(source_locale, target_locale),
            engine=active,
            lookup=lambda _: units,
            terms=glossary(source_locale, target_locale),
        )
    if store:
        _store(results, source_locale, target_locale, name, actor)
    made = {result.source: result for result in results} | failed
    return [made[text] for text in texts]


def machine(text: str, source_locale: str, target_locale: str) -> types.SegmentResult:
    """The engine's translation of one segment, whatever the memory holds; nothing is stored."""
    from translation.pipeline import translate

    with mapped():
        return translate(
            [text],
            pair=types.LanguagePair(source_locale, target_locale),
            engine=engine(),
            lookup=lambda _: {},
            terms=glossary(source_locale, target_locale),
        )[0]


def translate_again(texts: Sequence[str], source_locale: str, target_locale: str) -> int:
    """Let the engine translate what the memory holds of it; a person's units stay. Returns how many it made anew."""
    from translation.pipeline import translate

    active = engine()
    with mapped():
        results = translate(
            list(texts),
            pair=types.LanguagePair(source_locale, target_locale),
            engine=active,
            lookup=lambda _: {},
            terms=glossary(source_locale, target_locale),
        )
    made = [result for result in results if not result.verdict and result.origin == types.Origin.MACHINE]
    _store(made, source_locale, target_locale, _name(active), None)
    return len(made)


def _name(active: "TranslationEngine | None") -> str:
    return active.name[:100] if active is not None else ""


def _held(
    texts: Sequence[str], source_locale: str, target_locale: str, name: str
) -> tuple[dict[str, types.Unit], dict[str, types.SegmentResult]]:
    """Of each text what may be shown, or else what this engine has tried and failed at; one query."""
    by_hash = _by_hash(texts)
    units: dict[str, types.Unit] = {}
    failed: dict[str, types.SegmentResult] = {}
    for row in _rows(list(by_hash), source_locale, [target_locale]):
        _keep(units, row, by_hash)
        if row["verdict"] and name and row["engine"] == name:
            for text in by_hash[row["source_hash"]]:
                failed[text] = types.SegmentResult(
                    text, text, types.Origin.SOURCE, verdict=row["verdict"], attempt=row["target_text"]
                )
    return units, {text: result for text, result in failed.items() if text not in units}


def _store(
    results: Sequence[types.SegmentResult], source_locale: str, target_locale: str, name: str, actor: Any
) -> None:
    """Keep what the engine made and what it failed at. `unsupported` is not kept: a package may come any time."""
    fresh: dict[str, TranslationUnit] = {}
    for result in results:
        attempted = result.origin == types.Origin.MACHINE or (result.verdict and result.verdict != "unsupported")
        if not attempted:
            continue
        digest = unit_hash(result.source)
        fresh[digest] = TranslationUnit(
            source_locale_id=source_locale,
            target_locale_id=target_locale,
            source_hash=digest,
            source_text=result.source,
            target_text=result.attempt if result.verdict else result.text,
            origin=Origin.MACHINE,
            verdict=result.verdict[:40],
            engine=name,
            changed_by=actor,
        )
    if fresh:
        _write(fresh, source_locale, target_locale)


def _write(fresh: Mapping[str, TranslationUnit], source_locale: str, target_locale: str) -> None:
    # Inserting ignores what a person wrote meanwhile; updating names the machine's rows, so neither can overwrite it.
    TranslationUnit.objects.bulk_create(fresh.values(), ignore_conflicts=True, batch_size=500)
    stale = TranslationUnit.objects.filter(
        source_locale_id=source_locale,
        target_locale_id=target_locale,
        source_hash__in=list(fresh),
        context_hash="",
        origin=Origin.MACHINE,
        approved=False,
    ).values_list("pk", "source_hash", "target_text", "verdict", "engine")
    for pk, digest, *written in stale:
        unit = fresh[digest]
        if written == [unit.target_text, unit.verdict, unit.engine]:
            continue
        TranslationUnit.objects.filter(pk=pk, origin=Origin.MACHINE, approved=False).update(
            target_text=unit.target_text, verdict=unit.verdict, engine=unit.engine
        )


def same_numbers(text: str, locale: str, others: Iterable[tuple[str, str]], words: Iterable[str] = ()) -> bool:
    """Whether every number written in the text is one of those of the other (text, locale) pairs, or of `words`."""
    from translation import numerals

    offered = [frozenset(words)]
    for other, lang in others:
        offered += [*numerals.required(other, lang), *numerals.optional(other, lang)]
    return all(any(wanted & each for each in offered) for wanted in numerals.required(text, locale))


def protected_spans(text: str) -> frozenset[str]:
    """Addresses, placeholders, codes and the like, which stay letter by letter."""
    from translation import protection

    return frozenset(protection.protected(text))
