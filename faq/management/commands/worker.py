"""`manage.py worker`: run background jobs in this process until it is stopped, with a broker or without."""

import os
import sys
import time
from typing import Any

from django.core.management.base import CommandParser

from faq import tasks
from faq.domain import jobs
from faq.management import console

PAUSE_SECONDS = 2


class Command(console.PortalCommand):
    help = "Runs background jobs until it is stopped. With a broker this is a Celery worker."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--concurrency", type=int, default=2, help="processes, with a broker")
        parser.add_argument("--once", action="store_true", help="run what waits, then end")

    def handle(self, *args: Any, **options: Any) -> None:
        if tasks.has_broker() and not options["once"]:
            # The process becomes Celery's own, with its signals and exit codes.
            command = [sys.executable, "-m", "celery", "--app", "portal", "worker", "--loglevel", "INFO"]
            os.execv(sys.executable, [*command, "--beat", "--concurrency", str(options["concurrency"])])  # noqa: S606
        while True:
            jobs.recover()
            console.run_jobs(self.stderr.write)
            if options["once"]:
                return
            try:
                time.sleep(PAUSE_SECONDS)
            except KeyboardInterrupt:
                return
