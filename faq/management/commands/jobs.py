"""`manage.py jobs`: what works in the background; `--run` runs what waits, here and now."""

import json
from typing import Any

from django.core.management.base import CommandError, CommandParser

from faq.domain import jobs
from faq.enums import JobState
from faq.errors import DomainError
from faq.management import console
from faq.models import Job


class Command(console.PortalCommand):
    help = "Lists background jobs, or runs those that wait."

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--run", action="store_true", help="run what waits, here and now")
        what.add_argument("--retry", metavar="ID", help="queue a failed or cancelled job again")
        what.add_argument("--cancel", metavar="ID")
        parser.add_argument("--all", action="store_true", help="finished ones too")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["retry"]:
                jobs.retry(options["retry"])
            if options["cancel"]:
                jobs.cancel(options["cancel"])
        except DomainError as error:
            raise CommandError(str(error)) from error
        if options["run"]:
            jobs.recover()
            if not console.run_jobs(self.stderr.write):
                raise SystemExit(1)
        self._list(options["all"], options["json"])

    def _list(self, everything: bool, as_json: bool) -> None:
        rows = Job.objects.order_by("-created_at")
        if not everything:
            rows = rows.filter(state__in=[JobState.QUEUED, JobState.RUNNING, JobState.FAILED])
        found = [
            {
                "id": str(job.pk), "kind": job.kind, "state": job.state, "done": job.done, "total": job.total,
                "message": job.message, "failures": job.failures, "error": job.error,
            }
            for job in rows[:200]
        ]  # fmt: skip
        if as_json:
            self.stdout.write(json.dumps({"jobs": found}, ensure_ascii=False))
            return
        for job in found:
            self.stdout.write(
                f"{job['id']}  {job['kind']:<18} {job['state']:<10} {job['done']}/{job['total']}  {job['error']}"
            )
        if not found:
            self.stdout.write("Nothing waits, runs or failed.")
