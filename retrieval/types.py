"""Frozen values that cross module borders, and the RetrievalError family.

Invariants: `document.text[block.start:block.end]` is the block's text; `document.text[chunk.start:chunk.end] == chunk.text`.
Locales are BCP 47 tags in lower case (`de`, `zh-hans`); `text.language()` gives the primary subtag.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float32]
"""One text: shape (dimensions,), length 1 (L2), finite."""
Matrix = npt.NDArray[np.float32]
"""Many texts: shape (n, dimensions), each row as Vector; a row of zeros for a text without any known piece."""


class BlockKind(StrEnum):
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST_ITEM = "list_item"
    TABLE_ROW = "table_row"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Block:
    """A run of the document's text. `path`: the headings above it, outermost first (a heading's own path excludes it).
    `level`: 1 to 6 for headings, nesting depth from 0 for list items."""

    kind: BlockKind
    start: int
    end: int
    path: tuple[str, ...] = ()
    level: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """Extracted plain text (NFC, no markup: inline markup removed, list markers and heading marks not part of the text).

    Blocks are in order, do not overlap, and are separated in `text` by "\\n\\n" (list items and table rows by "\\n").
    A table row reads "Header: value; Header: value". `metadata`: what the format carried (url, lang, author, date).
    """

    title: str
    text: str
    blocks: tuple[Block, ...]
    media_type: str
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """A row of a question-and-answer table. `start`, `end`: where the answer stands in its Document's text."""

    question: str
    answer: str
    start: int
    end: int
    locale: str = ""
    topic: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A contiguous run of the document's text that is indexed and cited. `path`: headings above its first block."""

    ordinal: int
    start: int
    end: int
    text: str
    path: tuple[str, ...] = ()


class EntryKind(StrEnum):
    PASSAGE = "passage"
    PHRASING = "phrasing"


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """What callers want found: one text in one locale.

    `key` is unique in the index; entries of one `family` say the same thing in several locales (or wordings) and are
    collapsed in results. `heading` (title and headings) is indexed with the text, with a weight of its own.
    `original` is False for translations made by a machine or a person.
    """

    key: str
    family: str
    kind: EntryKind
    locale: str
    text: str
    heading: str = ""
    topic: str = ""
    source: str = ""
    original: bool = True


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """What a backend stores. `lexical`, `gloss`: tokens separated by one space, indexed as they are (white space only).

    `lexical` tokens are in the entry's locale; `gloss` tokens are English stems. `vector` may be None only for recipes
    without vectors. `fingerprint` decides equality: same fingerprint, nothing to do.
    """

    key: str
    family: str
    kind: str
    locale: str
    topic: str
    source: str
    fingerprint: str
    lexical: str
    gloss: str
    vector: Vector | None


@dataclass(frozen=True, slots=True)
class Filters:
    """Empty tuples mean: no restriction. Values inside one tuple are alternatives; the tuples restrict together."""

    locales: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    families: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Correction:
    """A question as it was probably meant. `confidence`: from 0 to 1. `words`: (typed, meant), as far as they differ."""

    text: str
    confidence: float
    words: tuple[tuple[str, str], ...] = ()


class Lane(StrEnum):
    LEXICAL = "lexical"
    GLOSS = "gloss"
    VECTOR = "vector"


@dataclass(frozen=True, slots=True)
class Query:
    """A question in a locale. `limit`: families wanted, 1 to 100. `correction`: what else it is searched as, for as much
    of its weight as the confidence says. `lanes`: those to ask, to measure each alone; empty: all."""

    text: str
    locale: str
    filters: Filters = field(default_factory=Filters)
    limit: int = 10
    correction: Correction | None = None
    lanes: tuple[Lane, ...] = ()


@dataclass(frozen=True, slots=True)
class LaneHit:
    """One row of one lane's ranking: higher score is better; scores of two lanes never compare."""

    key: str
    family: str
    locale: str
    score: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A ranked family. `key`, `locale`: its best entry. `score`: fused rank score. `lanes`: lane -> (rank from 1, score).

    `evidence`: calibrated probability (0 to 1) that the entry answers the question; compare with Results.floor.
    """

    key: str
    family: str
    locale: str
    score: float
    evidence: float
    lanes: Mapping[str, tuple[int, float]]


@dataclass(frozen=True, slots=True)
class Results:
    """`degraded`: names of lanes that could not be asked (the others answered). `floor`: the recipe's evidence floor."""

    hits: tuple[Hit, ...]
    floor: float
    degraded: tuple[str, ...] = ()
    milliseconds: Mapping[str, float] = field(default_factory=dict)


class RetrievalError(Exception):
    """Base; str(error) says what was wrong and what to do, fit for an editor or operator."""


class InvalidInput(RetrievalError):
    """The input can never be accepted as it is (a broken file, an address that may not be fetched)."""


class Unavailable(RetrievalError):
    """A service is away; trying again later may help."""


class NotConfigured(RetrievalError):
    """A setting or an optional package is missing; the message names it."""


class IndexCorrupt(RetrievalError):
    """The index cannot be read; `manage.py index --rebuild` makes it anew."""
