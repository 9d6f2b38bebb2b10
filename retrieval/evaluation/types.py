"""What an evaluation measures: a system over an index of labelled passages, its answers, and what became of a question."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from retrieval.evaluation.labelled import LabelledPassage, LabelledQuestion
from retrieval.types import Lane, Results


@dataclass(frozen=True, slots=True)
class Quote:
    """What an answer rests on: `text` should be `passage.text[start:end]` of the passage of that id."""

    passage: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence of an answer. `source`: the same in the words of its passage, which `text` may translate; `locale`: of
    the source. `parity`: numbers, addresses and lists are those of the source."""

    text: str
    source: str
    locale: str
    quotes: tuple[Quote, ...] = ()
    parity: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """`given`: shown to a reader; else what was composed and withheld. `sureness`: how sure it is, from 0 to 1."""

    text: str = ""
    said: tuple[Said, ...] = ()
    given: bool = False
    sureness: float = 0.0


class System(Protocol):
    """What is measured: passages in an index of their own, asked as the product asks."""

    def search(self, question: LabelledQuestion) -> Results:
        """Ranked families, which are passage ids."""
        ...

    def answer(self, question: LabelledQuestion, results: Results) -> Answer:
        """What is composed from what the search found."""
        ...

    def ranked(self, question: LabelledQuestion, lane: Lane) -> Sequence[str]:
        """What one lane finds alone: passage ids, best first."""
        ...


Build = Callable[[Sequence[LabelledPassage]], System]
"""Passages -> a system over them. Of passages with one id, the first is the original and others are its translations."""
Progress = Callable[[int, int], None]
"""(questions asked, questions in all)"""


@dataclass(frozen=True, slots=True)
class Judged:
    """A question and what became of it. `held_out`: its passage was taken out of the index; `translated`: translations of
    the passages were there. `spans`: any of them answers; `top`: the texts of the first passage found; `evidence`: its."""

    question: LabelledQuestion
    passage_locale: str
    ranked: tuple[str, ...]
    answer: Answer
    spans: tuple[str, ...] = ()
    top: tuple[str, ...] = ()
    evidence: float = 0.0
    held_out: bool = False
    translated: bool = False
    milliseconds: float = 0.0

    @property
    def answerable(self) -> bool:
        return bool(self.question.passage) and not self.held_out
