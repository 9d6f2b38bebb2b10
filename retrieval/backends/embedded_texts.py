"""Many texts as two arrays, so that they can be mapped from a file: a text costs its bytes and four more.

Invariant: a Column's texts are distinct and in the order of their code points, which is the order of their UTF-8.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Texts:
    """`letters[starts[i]:starts[i + 1]]` is the i-th text in UTF-8."""

    letters: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.uint32]

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Texts":
        encoded = [text.encode() for text in texts]
        starts = np.zeros(len(encoded) + 1, dtype=np.uint32)
        np.cumsum([len(each) for each in encoded], out=starts[1:])
        return cls(np.frombuffer(b"".join(encoded), dtype=np.uint8), starts)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, at: int) -> str:
        return self.letters[int(self.starts[at]) : int(self.starts[at + 1])].tobytes().decode()

    def many(self, places: npt.NDArray[np.integer[Any]]) -> list[str]:
        """The texts at these places, in their order."""
        letters = self.letters.data
        begin, end = self.starts[places].tolist(), self.starts[places + 1].tolist()
        return [str(letters[first:last], "utf-8") for first, last in zip(begin, end, strict=True)]

    def place(self, text: str) -> int | None:
        """Where a text stands, if these are in order; None when it is not there."""
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if self[middle] < text:
                low = middle + 1
            else:
                high = middle
        return low if low < len(self) and self[low] == text else None


@dataclass(frozen=True, slots=True)
class Column:
    """One text for each document: `texts[codes[document]]`."""

    codes: Codes
    texts: Texts

    @classmethod
    def of(cls, values: Sequence[str]) -> "Column":
        distinct = sorted(set(values))
        code = {text: at for at, text in enumerate(distinct)}
        codes = np.fromiter((code[value] for value in values), dtype=np.int32, count=len(values))
        return cls(codes, Texts.of(distinct))

    def many(self, documents: npt.NDArray[np.integer[Any]]) -> list[str]:
        """The texts of these documents, in their order."""
        return self.texts.many(self.codes[documents])
