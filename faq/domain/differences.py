"""What changed between two sets of passages, word by word, for people to read. Pure: texts in, pieces out.

Invariant: the pieces of a change that are not new are its old text, those that are not gone its new one, character for character.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

# Scripts without spaces are compared by the character: Thai, Lao, Khmer, Burmese, kana, Han.
_UNSPACED = r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]"
WORDS = re.compile(rf"{_UNSPACED}|(?:(?!{_UNSPACED})\w)+|\s+|[^\w\s]")
ALIKE = 0.4
"""Twice the words in common by those of both (Dice): less alike, two passages are not one that changed."""
MOST = 30
"""Changes that are worked out; nobody reads more of them, and each takes milliseconds."""


class Kind(StrEnum):
    SAME = "same"
    GONE = "gone"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Piece:
    kind: Kind
    text: str


Change = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Differences:
    """At most MOST changes, in the order of the new text, what is gone for good last; `left_out`: how many more there are."""

    changes: tuple[Change, ...]
    left_out: int = 0


def between(removed: Sequence[str], added: Sequence[str]) -> Differences:
    """Passages that went and came, paired where one became the other."""
    pairs = _pairs(removed, added)
    found: list[tuple[str, str]] = [(removed[pairs[at]] if at in pairs else "", text) for at, text in enumerate(added)]
    kept = set(pairs.values())
    found += [(text, "") for at, text in enumerate(removed) if at not in kept]
    return Differences(tuple(change(old, new) for old, new in found[:MOST]), max(0, len(found) - MOST))


def change(old: str, new: str) -> Change:
    """One passage's pieces; what stands between two changed words and has no letters counts as changed too."""
    before, after = WORDS.findall(old), WORDS.findall(new)
    pieces: list[tuple[str, str, str]] = []
    for tag, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        was, now = "".join(before[a:b]), "".join(after[c:d])
        kind = Kind.SAME if tag == "equal" else ""
        narrow = kind == Kind.SAME and not any(letter.isalnum() for letter in was)
        if pieces and (kind == pieces[-1][0] or (narrow and 0 < b < len(before) and not pieces[-1][0])):
            last = pieces.pop()
            pieces.append((last[0], last[1] + was, last[2] + now))
        else:
            pieces.append((kind, was, now))
    made: list[Piece] = []
    for kind, was, now in pieces:
        if kind == Kind.SAME:
            made.append(Piece(Kind.SAME, was))
        else:
            made += [Piece(each, text) for each, text in ((Kind.GONE, was), (Kind.NEW, now)) if text]
    return tuple(made)


def _pairs(removed: Sequence[str], added: Sequence[str]) -> dict[int, int]:
    """Place in `added` -> place in `removed`, the most alike first; each once."""
    old = [Counter(WORDS.findall(text)) for text in removed[: 4 * MOST]]
    new = [Counter(WORDS.findall(text)) for text in added[: 4 * MOST]]
    alike = sorted(
        ((_dice(a, b), at, place) for at, b in enumerate(new) for place, a in enumerate(old)),
        key=lambda row: (-row[0], row[1], row[2]),
    )
    found: dict[int, int] = {}
    taken: set[int] = set()
    for score, at, place in alike:
        if score < ALIKE:
            break
        if at not in found and place not in taken:
            found[at] = place
            taken.add(place)
    return found


def _dice(one: Counter[str], other: Counter[str]) -> float:
    both = one.total() + other.total()
    return 2 * (one & other).total() / both if both else 0.0
