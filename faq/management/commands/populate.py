"""`manage.py populate`: draft missing answers, translate what is missing or stale. Runs as a job, here and now; with a
broker the workers run it. Ends with 1 when a job failed or was stopped; single questions that failed are listed."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from faq.domain import jobs
from faq.enums import JobKind, JobState
from faq.errors import DomainError
from faq.management import console
from faq.queries import locales


class Command(console.PortalCommand):
    help = "Drafts missing answers and brings translations up to date."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--locale", action="append", default=[], help="only this language; may be given more than once"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            tags = [locales.require(tag).tag for tag in options["locale"]]
        except DomainError as error:
            raise CommandError(str(error)) from error
        job = jobs.enqueue(JobKind.POPULATE, {"locales": tags or None}, key="populate")
        well = console.run_jobs(self.stderr.write)
        job.refresh_from_db()
        self.stdout.write(
            f"{job.get_state_display()}: {job.done} of {job.total} questions, {len(job.failures)} failed."
        )
        for failure in job.failures:
            self.stdout.write(f"  {failure['item']}: {failure['reason']}")
        if job.state == JobState.QUEUED and job.error:  # a service was away; without an error the workers have the job
            self.stderr.write(f"{job.error} The job waits: the server tries it again, or `manage.py jobs --run`.")
        if not well or job.error or job.state in (JobState.FAILED, JobState.CANCELLED):
            raise SystemExit(1)
