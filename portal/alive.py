"""Signs of life of processes that serve no port: a file, touched again and again while the process is well.

`python -m portal.alive` tells whether the file of POLYFAQ_ALIVE_FILE is young enough; for the health checks of containers,
which may start it often: it imports nothing of ours. Invariant: without the variable nothing is written.
"""

import contextlib
import os
import sys
import time
from pathlib import Path

VARIABLE = "POLYFAQ_ALIVE_FILE"
SECONDS = 180
"""A worker touches the file every two seconds, a timer each minute. Whoever has had no broker for so long may begin anew."""


def touch(**_: object) -> None:
    """Be alive; also as a receiver of a signal. Where the file cannot be written, main() says so."""
    if path := os.environ.get(VARIABLE, ""):
        with contextlib.suppress(OSError):
            Path(path).touch()


def main() -> int:
    """0 when the process has shown itself of late, else 1 and the reason on standard error."""
    path = os.environ.get(VARIABLE, "")
    if not path:
        sys.stderr.write(f"{VARIABLE} names no file: there is nothing to look at.\n")
        return 1
    try:
        seconds = time.time() - Path(path).stat().st_mtime
    except OSError as error:
        sys.stderr.write(f"{path}: {error.strerror}. The process has not begun its work, or cannot write there.\n")
        return 1
    if seconds > SECONDS:
        sys.stderr.write(f"The process has shown no sign of life for {seconds:.0f} s.\n")
    return int(seconds > SECONDS)


if __name__ == "__main__":
    sys.exit(main())
