"""Frozen values of composition. Offsets are in `Evidence.text`; a quote is always `text[start:end]`.

A Segment is one sentence as a reader sees it; `before` is what stands between it and the one before (a space, a line
break, a list mark), so that the segments joined are the answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Evidence:
    """A passage accepted for composing. `sentences`: spans in order. `translations`: for each sentence its translation
    in the asker's locale or None; empty: none. `weight`: how much the ranking trusts it, from 0 to 1."""

    passage: int
    key: str
    source: str
    url: str
    heading: tuple[str, ...]
    text: str
    locale: str
    sentences: tuple[tuple[int, int], ...]
    translations: tuple[str | None, ...] = ()
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of the evidence: its place, its text, and its translation in the asker's locale."""

    evidence: int
    number: int
    start: int
    end: int
    text: str
    locale: str
    translation: str | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """How a sentence meets the question. `terms`: question terms it holds -> their weight (all of the question's weigh 1
    together); `likeness`: from 0 to 1, how alike the two texts are beyond shared terms."""

    terms: Mapping[str, float]
    likeness: float = 0.0

    @property
    def overlap(self) -> float:
        return sum(self.terms.values())


class Scorer(Protocol):
    """Compares texts with the question, each in its own locale; the only part of composing that knows languages."""

    def __call__(self, texts: Sequence[tuple[str, str]]) -> Sequence[Match]:
        """One Match for each (text, locale)."""
        ...


@dataclass(frozen=True, slots=True)
class CitationDraft:
    """`quote == passage.text[start:end]`. `passage`: the evidence's id."""

    number: int
    passage: int
    quote: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Segment:
    """One sentence as shown. `origin`: source, human, memory, machine or generated. `source`: the original
    text; of a generated sentence what it cites."""

    text: str
    lang: str
    origin: str
    citations: tuple[int, ...] = ()
    source: str = ""
    before: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """Segments in the language of their source, in source order, with what they rest on. Empty: nothing answers."""

    segments: tuple[Segment, ...] = ()
    citations: tuple[CitationDraft, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.segments)

    @property
    def text(self) -> str:
        return joined(self.segments)


def joined(segments: Sequence[Segment]) -> str:
    """The text of the segments as one."""
    return "".join(f"{segment.before if place else ''}{segment.text}" for place, segment in enumerate(segments))
