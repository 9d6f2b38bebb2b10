#!/usr/bin/env python
"""Django's command line, with Polyfaq's settings."""

import os
import select
import sys

NOBODY_READS = 141
"""128 and SIGPIPE: how a shell tells that a program stopped because what it wrote to was closed, as in `ask … | head -1`."""


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    from django.core.management import execute_from_command_line

    try:
        try:
            execute_from_command_line(sys.argv)
        finally:
            sys.stdout.flush()  # what is still held back: Python's own last flush could not be caught
    except BrokenPipeError:
        if not _nobody_reads():
            raise  # another pipe or connection than the output
        sys.exit(NOBODY_READS)


def _nobody_reads() -> bool:
    """Whether standard output is closed at its other end; if so it leads nowhere from here on."""
    output = select.poll()
    output.register(sys.stdout.fileno(), 0)
    closed = bool(output.poll(0))
    if closed:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return closed


if __name__ == "__main__":
    main()
