"""What tests of composing are made of: evidence from sentences, and a scorer that counts shared words."""

from collections.abc import Sequence
from typing import Any

from faq.composition.types import Evidence, Match, Scorer


def evidence(*sentences: str, passage: int = 1, gap: str = " ", **fields: Any) -> Evidence:
    """A passage of these sentences with `gap` between them."""
    spans: list[tuple[int, int]] = []
    at = 0
    for sentence in sentences:
        spans.append((at, at + len(sentence)))
        at += len(sentence) + len(gap)
    given: dict[str, Any] = {
        "passage": passage, "key": f"p{passage}", "source": "Source", "url": "", "heading": (), "locale": "en",
        "text": gap.join(sentences), "sentences": tuple(spans),
    }  # fmt: skip
    return Evidence(**given | fields)


def words(text: str) -> set[str]:
    return {word.strip(".,:;?!").casefold() for word in text.split()} - {""}


def sharing(question: str) -> Scorer:
    """Each word of the question weighs the same; texts are alike in no other way."""
    asked = sorted(words(question))

    def score(texts: Sequence[tuple[str, str]]) -> Sequence[Match]:
        return [Match({word: 1 / len(asked) for word in asked if word in words(text)}) for text, _ in texts]

    return score


def marked(question: str) -> Scorer:
    """As sharing(), for scripts without spaces: characters of the question instead of words."""
    asked = sorted(set(question))

    def score(texts: Sequence[tuple[str, str]]) -> Sequence[Match]:
        return [Match({mark: 1 / len(asked) for mark in asked if mark in text}) for text, _ in texts]

    return score
