"""How many readers' questions ended how, by day and language: what the desk's demand and answer rates come from.

Holds no text and nothing of a person. No reader waits for it: a serving process counts in memory and writes every few seconds,
one statement for each kind of outcome; what is not written when a process is killed is lost, and costs nobody anything but a few
counts. Everywhere else (commands, tests) it is written at once.
"""

import atexit
import logging
import os
import threading
from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from django.db import DatabaseError, IntegrityError, close_old_connections, connection, transaction
from django.db.models import F
from django.utils import timezone

from faq import conf
from faq.domain import recording
from faq.models import Locale, Question, Tally

log = logging.getLogger(__name__)
EVERY_SECONDS = 5.0


class Ended(NamedTuple):
    """A question's end. `question`: the key of the entry that answered it; "" where none did."""

    day: date
    locale: str
    outcome: str
    question: str = ""


class Counting:
    """Counts of one process and the thread that writes them. After a fork the child has its own: threads do not follow."""

    def __init__(self) -> None:
        self._counts: Counter[Ended] = Counter()
        self._pid, self._lock = 0, threading.Lock()

    def add(self, ended: Ended) -> None:
        with self._lock:
            if self._pid != os.getpid():
                self._pid, self._counts = os.getpid(), Counter()
                threading.Thread(target=self._run, name="polyfaq-tallies", daemon=True).start()
                atexit.register(self.flush)
            self._counts[ended] += 1

    def flush(self) -> None:
        """Write what was counted; what cannot be written now is kept for the next time."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        if not counts:
            return
        try:
            write(counts)
        except DatabaseError as error:
            log.warning("Counts of questions wait for the database: %s", error)
            with self._lock:
                self._counts.update(counts)

    def _run(self) -> None:
        pause = threading.Event()
        while not pause.wait(EVERY_SECONDS):
            close_old_connections()
            self.flush()
            connection.close()


counting = Counting()


def note(locale: str, outcome: str, question: str = "") -> None:
    """Count a question that has ended so, where the portal records what is asked."""
    if not conf.get("RECORD_ASKED"):
        return
    ended = Ended(timezone.now().date(), locale, str(outcome), question)
    if recording.is_serving():
        counting.add(ended)
    else:
        write({ended: 1})


def write(counts: Mapping[Ended, int]) -> None:
    """Add the counts to the stored ones; those of a language or an entry that went meanwhile are left out."""
    keys = {ended.question for ended in counts} - {""}
    ids: dict[str, int | None] = dict(Question.objects.filter(key__in=keys).values_list("key", "pk"))
    ids[""] = None
    tags = set(Locale.objects.values_list("tag", flat=True))
    with transaction.atomic():
        for ended, times in sorted(counts.items()):
            if ended.question in ids and ended.locale in tags:
                _add(ended, ids[ended.question], times)


def _add(ended: Ended, question: int | None, times: int) -> None:
    rows = Tally.objects.filter(day=ended.day, locale_id=ended.locale, outcome=ended.outcome)
    rows = rows.filter(question__isnull=True) if question is None else rows.filter(question_id=question)
    if rows.update(count=F("count") + times):
        return
    try:
        with transaction.atomic():
            Tally.objects.create(
                day=ended.day, locale_id=ended.locale, outcome=ended.outcome, question_id=question, count=times
            )
    except IntegrityError:  # another process was faster
        rows.update(count=F("count") + times)
