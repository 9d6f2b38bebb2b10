"""The timer's schedule, which shows that its process is alive."""

from typing import Any

from celery.beat import Scheduler

from portal import alive


class AliveScheduler(Scheduler):  # type: ignore[misc]
    """Kept in memory, as Celery's own; each look at what is due is a sign of life."""

    def tick(self, *args: Any, **options: Any) -> Any:
        alive.touch()
        return super().tick(*args, **options)
