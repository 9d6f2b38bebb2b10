"""`manage.py worker`: run background jobs in this process until it is stopped, with a broker or without."""

import os
import sys
import time
from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import CommandError, CommandParser

from faq import tasks
from faq.domain import jobs
from faq.enums import Queue
from faq.management import console

PAUSE_SECONDS = 2
ALL = ",".join(Queue)


class Command(console.PortalCommand):
    help = "Runs background jobs until it is stopped. With a broker this is a Celery worker."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--concurrency", type=_at_least_one, default=2, help="processes, with a broker")
        parser.add_argument("--queues", default=ALL, metavar="NAME,…", help=f"which to serve, with a broker: {ALL}")
        parser.add_argument("--no-beat", action="store_true", help="without a timer; `manage.py beat` runs elsewhere")
        parser.add_argument("--once", action="store_true", help="run what waits, then end")

    def handle(self, *args: Any, **options: Any) -> None:
        chosen = queues(options["queues"])
        if tasks.has_broker() and not options["once"]:
            command = celery_worker(chosen, options["concurrency"], beat=not options["no_beat"])
            # The process becomes Celery's own, with its signals and exit codes.
            os.execv(sys.executable, command)  # noqa: S606
        if len(chosen) < len(Queue):
            raise CommandError("Without a broker, and with --once, all jobs wait in one place. Leave out --queues.")
        while True:
            jobs.recover()
            console.run_jobs(self.stderr.write)
            if options["once"]:
                return
            try:
                time.sleep(PAUSE_SECONDS)
            except KeyboardInterrupt:
                return


def queues(names: str) -> list[Queue]:
    """The queues of a list with commas, each once. CommandError for a name that is none."""
    given = list(dict.fromkeys(name.strip() for name in names.split(",") if name.strip()))
    unknown = [name for name in given if name not in set(Queue)]
    if unknown or not given:
        raise CommandError(f"There is no queue {', '.join(unknown) or names!r}. There are {', '.join(Queue)}.")
    return [Queue(name) for name in given]


def celery_worker(chosen: list[Queue], concurrency: int, *, beat: bool) -> list[str]:
    """The command line of a Celery worker. Its name holds its process: several of one machine are told apart."""
    command = [sys.executable, "-m", "celery", "--app", "portal", "worker", "--loglevel", "INFO"]
    command += ["--hostname", f"worker-{os.getpid()}@%h", "--concurrency", str(concurrency)]
    # Workers have nothing to tell each other; listening costs messages, and errors when the broker goes.
    command += ["--without-gossip", "--without-mingle"]
    return [*command, "--queues", ",".join(chosen), *(["--beat"] if beat else [])]


def _at_least_one(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not (number := int(text)):
        raise ArgumentTypeError(f"{text!r} is no whole number from 1")
    return number
