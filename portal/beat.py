"""The timer's schedule, which shows that its process is alive."""

import logging
from typing import Any

from celery.beat import Scheduler, SchedulingError

from portal import alive

log = logging.getLogger(__name__)


class AliveScheduler(Scheduler):  # type: ignore[misc]
    """Kept in memory, as Celery's own; each look at what is due is a sign of life."""

    def tick(self, *args: Any, **options: Any) -> Any:
        alive.touch()
        return super().tick(*args, **options)

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        """A broker that is away is no fault of the timer's: a line for each message that was not sent, which is due again."""
        try:
            self.apply_async(entry, producer=producer, advance=False)
        except SchedulingError as error:
            log.warning("%s was not sent: %s", entry.name, error)
