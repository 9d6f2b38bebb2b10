"""One builder at a time over all processes of a machine: a lock on a file beside the index.

The system holds the lock for an open file, so it is free again the moment its holder dies, however it dies. The file
itself stays and means nothing.
"""

import contextlib
import fcntl
import time
from collections.abc import Iterator
from pathlib import Path

from retrieval.types import Unavailable

PAUSE_SECONDS = 0.05


@contextlib.contextmanager
def exclusive(path: Path, seconds: float) -> Iterator[bool]:
    """Holds the lock inside; gives whether another held it first. Unavailable after `seconds`, or without a folder."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("ab")
    except OSError as error:
        raise Unavailable(f"The lock {path} cannot be made: {error.strerror}.") from error
    with file:  # closing frees the lock
        waited = not _taken(file.fileno())
        deadline = time.monotonic() + seconds
        while waited and not _taken(file.fileno()):
            if time.monotonic() >= deadline:
                raise Unavailable("The index is being built by another process; try again when it is done.")
            time.sleep(PAUSE_SECONDS)
        yield waited


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
