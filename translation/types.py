"""Frozen values that cross module borders, and the TranslationError family."""

from dataclasses import dataclass, field
from enum import StrEnum


class TranslationError(Exception):
    """Base; str(error) says what was wrong and what to do."""


class UnsupportedPair(TranslationError):
    """No installed package leads from one language to the other, not even through a pivot."""


class EngineUnavailable(TranslationError):
    """The engine cannot run now; trying again later may help."""


class InvalidPackage(TranslationError):
    """A package file that must not be installed; the message says why."""


class Origin(StrEnum):
    """As faq.enums.Origin: where a segment's text came from."""

    SOURCE = "source"
    HUMAN = "human"
    MEMORY = "memory"
    MACHINE = "machine"


@dataclass(frozen=True, slots=True)
class LanguagePair:
    """BCP 47 tags in lower case."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Unit:
    """A translation memory unit as the library sees it. `human`: entered or approved by a person."""

    source: str
    target: str
    human: bool
    context: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """`score` from 0 to 100; 101: exact with the same context.

    `adapted`: where unit and segment differ in numbers only, the unit's target with the segment's numbers, for an editor to
    check (other numbers may ask for other endings); else empty.
    """

    unit: Unit
    score: float
    adapted: str = ""


class SegmentState(StrEnum):
    """As XLIFF 2.0's: INITIAL is not translated, or by a machine whom nobody checked; TRANSLATED is a person's."""

    INITIAL = "initial"
    TRANSLATED = "translated"


@dataclass(frozen=True, slots=True)
class Work:
    """One segment in a translator's file. `id`: where it stands, for people; `notes`: what helps to translate it."""

    id: str
    source: str
    target: str = ""
    state: SegmentState = SegmentState.INITIAL
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Term:
    """Glossary entry for one pair. kind: `preferred`, `forbidden` or `keep` (do not translate)."""

    term: str
    translation: str
    kind: str
    case_sensitive: bool = False


@dataclass(frozen=True, slots=True)
class TermRow:
    """One line of a glossary's file. `target_locale` is "" for a term that stays as it is in every language."""

    source_locale: str
    term: str
    target_locale: str
    translation: str
    kind: str
    case_sensitive: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class SegmentResult:
    """One segment's outcome. `text` is what may be shown: the translation, or the source when `origin` is SOURCE.

    `verdict`: "" when the translation passed; else the first failed check by name (`parity:numbers`, `repetition`, …) or
    `unsupported` when there is no engine for the pair. `attempt`: what the engine said, for editors, never for readers.
    """

    source: str
    text: str
    origin: Origin
    verdict: str = ""
    attempt: str = ""
    score: float = 0.0
    problems: tuple[str, ...] = field(default=())
