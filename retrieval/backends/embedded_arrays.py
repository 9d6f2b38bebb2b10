"""A segment kept in a file beside the index and mapped by every process: no process reads the rows again, and all share
one copy in memory.

The file is derived and can be deleted at any time. Invariants: it is written aside and renamed when whole, and never
changed or cut after that; it counts only while the index itself names it by its stamp (table `arrays`), so a file left
beside an index that was restored or replaced is never believed. Layout: arrays, each from a multiple of 64 bytes; a
directory of them as JSON; its length and MAGIC.
"""

import contextlib
import json
import mmap
import os
import secrets
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

ALIGNED = 64
MAGIC = b"polyfaq1"
TRAILER = struct.Struct("<Q8s")
SUFFIX = "arrays"

Array = npt.NDArray[Any]


class ArraysFile:
    """Writes a file array by array. Each is given back mapped, so that the writer need not hold it either."""

    def __init__(self, index: Path) -> None:
        self.stamp = secrets.token_hex(8)
        self._path = path_of(index, self.stamp)
        self._aside = self._path.with_name(self._path.name + ".new")
        self._file: BinaryIO = self._aside.open("wb")
        self._directory: dict[str, tuple[str, list[int], int]] = {}

    def keep(self, name: str, array: Array) -> Array:
        """The same numbers, mapped. OSError when they cannot be written."""
        start = self._file.tell()
        self._file.write(np.ascontiguousarray(array).data if array.size else b"")
        self._file.write(b"\0" * (-self._file.tell() % ALIGNED))
        self._file.flush()
        self._directory[name] = (array.dtype.str, list(array.shape), start)
        if not array.size:
            return array
        return np.memmap(self._aside, array.dtype, "r", start, array.shape).view(np.ndarray)

    def finish(self, about: Mapping[str, Any]) -> None:
        """The file is whole from here on."""
        directory = json.dumps({"arrays": self._directory, "about": about}).encode()
        self._file.write(directory + TRAILER.pack(len(directory), MAGIC))
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._aside.rename(self._path)

    def give_up(self) -> None:
        with contextlib.suppress(OSError):
            self._file.close()
        self._aside.unlink(missing_ok=True)


def path_of(index: Path, stamp: str) -> Path:
    return index.with_name(f"{index.name}-{stamp}.{SUFFIX}")


def read(index: Path, stamp: str) -> tuple[dict[str, Array], dict[str, Any]] | None:
    """The arrays by name and what was said about them; None when the file is not there or not whole."""
    try:
        with path_of(index, stamp).open("rb") as file:
            held = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        length, magic = TRAILER.unpack(held[-TRAILER.size :])
        if magic != MAGIC:
            return None
        told = json.loads(held[-TRAILER.size - length : -TRAILER.size])
        arrays = {
            name: np.frombuffer(held, dtype, int(np.prod(shape)), start).reshape(shape)
            if np.prod(shape)
            else np.zeros(shape, dtype)
            for name, (dtype, shape, start) in told["arrays"].items()
        }
        return arrays, told["about"]
    except (OSError, ValueError, KeyError, TypeError, struct.error):
        return None


def sweep(index: Path, stamps: set[str]) -> None:
    """Delete the files beside the index that it does not name. Who has mapped one keeps it."""
    kept = {path_of(index, stamp).name for stamp in stamps}
    for path in index.parent.glob(f"{index.name}-*.{SUFFIX}*"):
        if path.name not in kept:
            with contextlib.suppress(OSError):
                path.unlink()
