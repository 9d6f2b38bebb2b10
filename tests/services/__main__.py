"""Run a command beside a private PostgreSQL: `python -m tests.services python -m pytest tests/faq`.

The command finds the cluster in DATABASE_URL; the exit status is its own. Where PostgreSQL is not installed, the command is
not run, one line says so, and the status is 0: what is not installed enables nothing.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence

from tests.services import servers


def main(command: Sequence[str]) -> int:
    """The command's exit status; 2 without a command."""
    if not command:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    # A terminal sends Ctrl+C to the command too; its answer to that is waited for, and then the cluster ends.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        with servers.postgresql() as url:
            return _run(command, os.environ | {"DATABASE_URL": url})
    except servers.ServerMissing as missing:
        sys.stderr.write(f"Left out: {' '.join(command)}\n{missing}\n")
        return 0


def _run(command: Sequence[str], environment: dict[str, str]) -> int:
    with subprocess.Popen(list(command), env=environment) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue
            except SystemExit:
                process.terminate()
                raise


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
