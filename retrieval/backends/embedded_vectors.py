"""The vectors of a segment, and the nearest of them to a query's.

Few vectors are compared whole. Of many, only the leading components are kept as 32-bit floats, along the directions in
which these vectors differ most (their principal axes); the documents that look nearest by them are compared again by
their whole vectors. What that loses is measured in docs/adr/0002-embedded-index.md. Components lie one after the other,
all documents of a component together: reading them in this order is more than twice as fast as vector by vector.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from retrieval.types import Matrix, Vector

EXACT = 20_000
"""Up to so many vectors are compared whole."""
LEADING = 128
AGAIN = 1000
AGAIN_SHARE = 50
"""At least AGAIN, and one in AGAIN_SHARE, are compared again by their whole vectors."""
ALIGNED = 16
STEP = 8192
FEW = 128
"""Vectors unpacked at once: larger pieces of memory are given back to the system and asked for again each time."""

Halves = npt.NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class Vectors:
    """`leading`: shape (components, documents rounded up); `axes`: (dimensions, components), `whole`: (documents,
    dimensions), both None where `leading` is all there is."""

    leading: Matrix
    axes: Matrix | None
    whole: Halves | None

    @classmethod
    def of(cls, halves: Halves) -> "Vectors":
        """`halves`: shape (documents, dimensions)."""
        count, dimensions = halves.shape
        if count <= EXACT or dimensions <= LEADING:
            return cls(_turned(halves, None), None, None)
        axes = _principal_axes(halves)
        return cls(_turned(halves, axes), axes, halves)

    def scores(self, vector: Vector, first: int, last: int) -> npt.NDArray[np.float32]:
        """Cosines of the documents from `first` up to `last`, or what the leading components tell of them."""
        turned: Vector = vector if self.axes is None else np.matmul(vector, self.axes, dtype=np.float32)
        found: npt.NDArray[np.float32] = turned @ self.leading[:, first:last]
        return found

    def again(self, limit: int, count: int) -> int:
        """How many of `count` documents must be compared by their whole vectors to find `limit`; 0: none."""
        return 0 if self.whole is None else max(AGAIN, 10 * limit, count // AGAIN_SHARE)

    def exact(self, vector: Vector, documents: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Cosines of these documents."""
        assert self.whole is not None
        out = np.empty(len(documents), dtype=np.float32)
        for start in range(0, len(documents), FEW):
            here = documents[start : start + FEW]
            np.matmul(_floats(self.whole[here]), vector, out=out[start : start + FEW])
        return out


def _principal_axes(halves: Halves) -> Matrix:
    """The directions that hold most of the vectors' length, best first."""
    dimensions = halves.shape[1]
    products = np.zeros((dimensions, dimensions), dtype=np.float64)
    for start in range(0, len(halves), STEP):
        part = halves[start : start + STEP].astype(np.float32)
        products += part.T @ part
    _, axes = np.linalg.eigh(products)
    return np.ascontiguousarray(axes[:, ::-1][:, :LEADING], dtype=np.float32)


def _turned(halves: Halves, axes: Matrix | None) -> Matrix:
    """Along the axes, component by component. Rounded up, so that equal vectors get equal scores wherever they stand."""
    count = len(halves)
    components = halves.shape[1] if axes is None else axes.shape[1]
    turned = np.zeros((components, -(-count // ALIGNED) * ALIGNED), dtype=np.float32)
    for start in range(0, count, STEP):
        part = halves[start : start + STEP].astype(np.float32)
        turned[:, start : start + len(part)] = (part if axes is None else part @ axes).T
    return turned


def _floats(halves: Halves) -> Matrix:
    """The same numbers in 32 bits, exactly: three times as fast as the conversion without hardware help."""
    bits = halves.view(np.uint16).astype(np.uint32)
    moved = ((bits & 0x7FFF) << 13 | (bits & 0x8000) << 16).view(np.float32)
    return moved * np.float32(2.0**112)
