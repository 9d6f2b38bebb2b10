"""`manage.py beat`: the timer of the background work, for where workers run without one."""

import os
import sys
from typing import Any

from django.core.management.base import CommandError

from faq import tasks
from faq.management import console


class Command(console.PortalCommand):
    help = (
        "Sends what is due: lost jobs, web sources to look at, the daily reconcile and the retention. Needs a broker."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if not tasks.has_broker():
            raise CommandError(
                "There is no broker to send to. The server's own thread does what is due; or set REDIS_URL."
            )
        # The process becomes Celery's own. It writes neither a schedule nor a pid: two may run, and on a read-only disk.
        command = [sys.executable, "-m", "celery", "--app", "portal", "beat", "--loglevel", "INFO", "--pidfile="]
        os.execv(sys.executable, command)  # noqa: S606
