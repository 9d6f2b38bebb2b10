"""Answers given before: who asks the same words in the same language again gets the same answer without a search.

An answer is kept under the stamps of content, languages and index that were read before it was made, so that one made
of anything older than the last change is never given (faq.cache). What a service that was away had its part in
is not kept: the next answer may be a better one.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from faq import cache, metrics
from faq.enums import Outcome
from faq.gateways import generation

if TYPE_CHECKING:
    from faq.domain.ask import AskResult

MOST = 2000
KEPT_SECONDS = 900
_answers = cache.Kept(MOST, KEPT_SECONDS)


@dataclass(frozen=True, slots=True)
class Given:
    """An answer. `asked_in`: the locale of the question; `nearest`: the question that came nearest, for the editors."""

    result: "AskResult"
    asked_in: str
    nearest: int | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where an answer is kept: for whom, and how the world stood before it was made."""

    key: Hashable
    version: str
    settled: bool

    def recall(self) -> Given | None:
        found = _answers.get(self.key, self.version) if self.settled else cache.MISSING
        metrics.looked_up("answers", found=found is not cache.MISSING)
        return None if found is cache.MISSING else found

    def keep(self, given: Given) -> None:
        if self.settled and not given.result.degraded and not _left_alone(given):
            _answers.put(self.key, self.version, given)


def _left_alone(given: Given) -> bool:
    """Whether a model that was away or too slow may word the answer next time; what it said is kept where it is asked."""
    return given.result.outcome == Outcome.COMPOSED and generation.ready()


def forget() -> None:
    """Answer everything anew."""
    _answers.clear()


def place(*key: Hashable) -> Place:
    """To be asked for before anything is read. `key`: all that decides an answer beside the portal's content."""
    stamps = [cache.stamp(group) for group in (cache.CONTENT, cache.LOCALES, cache.INDEX)]
    version = ".".join(stamp.version for stamp in stamps)
    return Place(key, version, all(stamp.settled for stamp in stamps))
