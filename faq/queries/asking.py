"""What readers asked, over time: how many questions found an answer in each language, and how often one was asked in vain."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Sum
from django.utils import timezone

from faq.enums import Outcome
from faq.models import AskedDay, Locale, Tally
from faq.queries import locales

WEEKS = 12


@dataclass(frozen=True, slots=True)
class Week:
    """Questions of seven days that begin with `begins`."""

    begins: date
    answered: int
    abstained: int

    @property
    def total(self) -> int:
        return self.answered + self.abstained

    @property
    def percent(self) -> int:
        """How many of them found an answer, from 0 to 100; 0 where none was asked."""
        return round(100 * self.answered / self.total) if self.total else 0


@dataclass(frozen=True, slots=True)
class Rate:
    """One language's questions of the last WEEKS weeks, the oldest first."""

    locale: Locale
    weeks: tuple[Week, ...]

    @property
    def all(self) -> Week:
        """All weeks as one."""
        return Week(self.weeks[0].begins, sum(w.answered for w in self.weeks), sum(w.abstained for w in self.weeks))


def answer_rates(today: date | None = None) -> list[Rate]:
    """Each enabled language in which anything was asked, the most asked first; one query."""
    today = today or timezone.now().date()
    begin = today - timedelta(days=7 * WEEKS - 1)
    counts: dict[tuple[str, int, bool], int] = defaultdict(int)
    rows = Tally.objects.filter(day__range=(begin, today)).order_by().values_list("locale_id", "day", "outcome")
    for tag, day, outcome, times in rows.annotate(times=Sum("count")):
        counts[tag, (day - begin).days // 7, outcome == Outcome.ABSTAINED] += times
    asked_in = {tag for tag, _week, _abstained in counts}
    rates = [
        Rate(
            locale,
            tuple(
                Week(begin + timedelta(days=7 * n), counts[locale.tag, n, False], counts[locale.tag, n, True])
                for n in range(WEEKS)
            ),
        )
        for locale in locales.enabled_locales()
        if locale.tag in asked_in
    ]
    return sorted(rates, key=lambda rate: -rate.all.total)


def demand_over_time(days: Iterable[AskedDay], today: date | None = None) -> Sequence[int]:
    """How often something was asked in each of the last WEEKS weeks, the oldest first."""
    today = today or timezone.now().date()
    begin = today - timedelta(days=7 * WEEKS - 1)
    weeks = [0] * WEEKS
    for each in days:
        if begin <= each.day <= today:
            weeks[(each.day - begin).days // 7] += each.count
    return weeks
