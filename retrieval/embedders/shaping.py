"""What all embedders do to texts before and to vectors after the model."""

import numpy as np

from retrieval.types import Matrix


def readable(text: str, limit: int) -> str:
    """The text's beginning without lone surrogates, which have no UTF-8 and make models and servers fail."""
    return text[:limit].encode("utf-8", "replace").decode("utf-8")


def unit_rows(matrix: Matrix) -> Matrix:
    """Each row scaled to length 1; rows of zeros stay."""
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    scaled: Matrix = np.divide(matrix, lengths, out=np.zeros_like(matrix), where=lengths > 0)
    return scaled
