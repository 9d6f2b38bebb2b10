"""What commands have in common: a clear word when the database is not set up, and a progress bar on a terminal's stderr."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from faq import tasks
from faq.domain import jobs
from faq.enums import JobState
from faq.models import Job


class PortalCommand(BaseCommand):
    """A command that needs the portal's tables."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        """CommandError when the database lacks this version's tables."""
        try:
            return super().execute(*args, **options)
        except DatabaseError as error:
            if not migrated():
                raise CommandError(
                    "The database is not set up for this version. Run `manage.py migrate`, then this again."
                ) from error
            raise


def migrated() -> bool:
    """Whether every migration has run."""
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def count(value: Any) -> int:
    """A report's field as a number, whether it counts or lists."""
    return value if isinstance(value, int) else len(value)


@contextmanager
def bar(title: str, stderr: Any = None) -> Iterator[Callable[[int, int], None]]:
    """A function of (done, total) that draws a bar."""
    if not _terminal():
        yield lambda done, total: None
        return
    from tqdm import tqdm

    with tqdm(desc=title, file=sys.stderr, unit="", leave=False) as drawn:

        def step(done: int, total: int) -> None:
            drawn.total = total
            drawn.update(done - drawn.n)

        yield step


def _terminal() -> bool:
    return bool(getattr(sys.stderr, "isatty", lambda: False)())


def run_jobs(write: Callable[[str], object]) -> bool:
    """Run the jobs this command caused, with a bar for each; False when one failed. Stopped, they wait in the table."""
    failed = []
    with bar("Background work") as step:

        def watch(job: Job) -> jobs.Watch:
            return lambda progress: step(progress.done, progress.total)

        try:
            failed = [job for job in tasks.drain(watch) if job.state == JobState.FAILED]
        except KeyboardInterrupt:
            write("Stopped. What is left waits: the server goes on with it, or `manage.py jobs --run`.")
            return False
    for job in failed:
        write(f"{job.get_kind_display()}: {job.error}")
    return not failed
