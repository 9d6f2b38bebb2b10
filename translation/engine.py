"""The engine protocol, and the deterministic FakeEngine for tests and for portals without any engine installed."""

from collections.abc import Sequence
from typing import Protocol

from translation.types import LanguagePair, UnsupportedPair


class TranslationEngine(Protocol):
    @property
    def name(self) -> str:
        """Engine and version, part of what decides a machine translation."""
        ...

    def pairs(self) -> list[LanguagePair]:
        """What translate() accepts, pivots included."""
        ...

    def supports(self, pair: LanguagePair) -> bool:
        """Whether translate() accepts a pair, told without loading a model."""
        ...

    def translate(self, texts: Sequence[str], pair: LanguagePair) -> list[str]:
        """One output a text, in order; sentences are split inside. Raises UnsupportedPair, EngineUnavailable."""
        ...


class FakeEngine:
    """Wraps each text in the target's tag: `[de] text`. Counts its calls and texts."""

    name = "fake-1"

    def __init__(self, pairs: Sequence[LanguagePair] = ()) -> None:
        self._pairs = list(pairs)
        self.calls = 0
        self.texts: list[str] = []

    def pairs(self) -> list[LanguagePair]:
        return list(self._pairs)

    def supports(self, pair: LanguagePair) -> bool:
        return not self._pairs or pair in self._pairs

    def translate(self, texts: Sequence[str], pair: LanguagePair) -> list[str]:
        if not self.supports(pair):
            raise UnsupportedPair(f"There is no translation from {pair.source} into {pair.target}.")
        self.calls += 1
        self.texts += texts
        return [f"[{pair.target}] {text}" for text in texts]
