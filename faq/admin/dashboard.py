"""The desk's first page: what needs a look, how each language stands, what runs. Each number is a link to its list.

A person sees the parts whose lists they may open; the number of queries does not grow with the portal.
"""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.db.models.functions import Coalesce, Least
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from faq.admin import charts, gaps
from faq.admin.desk import may
from faq.admin.jobs import active
from faq.enums import Freshness, State
from faq.models import Question, Source
from faq.queries import asking, coverage, freshness, waiting

SHOWN = 8


@dataclass(frozen=True, slots=True)
class Tile:
    """A number with a link. `calls`: it waits for somebody."""

    label: str
    value: int
    link: str
    calls: bool = False


def context(request: HttpRequest, shared: dict[str, Any]) -> dict[str, Any]:
    """django-unfold's DASHBOARD_CALLBACK."""
    found: dict[str, Any] = {"title": _("Desk"), "tiles": []}
    if may(request, "view_source"):
        found["tiles"] += source_tiles()
        found["broken_sources"] = list(Source.objects.exclude(error="").defer("upload")[:SHOWN])
        due = Source.objects.filter(Q(publish_at__isnull=False) | Q(retire_at__isnull=False)).defer("upload")
        first = Least(Coalesce("publish_at", "retire_at"), Coalesce("retire_at", "publish_at"))
        found["coming"] = list(due.order_by(first)[:SHOWN])
        found["is_new"] = not found["tiles"][0].value and not found["tiles"][1].value
    if may(request, "view_question"):
        found["tiles"] += question_tiles()
    if may(request, "view_answerrevision") and may(request, "view_question"):
        found["coverage"] = coverage.by_language()
        found["demand_days"] = coverage.DEMAND_DAYS
    if may(request, "view_asked"):
        rows, tag = gaps.open_gaps(), gaps.desk_locale()
        link = reverse("admin:faq_gap_changelist")
        found["tiles"].append(Tile(_("readers' open questions"), rows.count(), link, calls=True))
        heads = [(gap, gaps.head(gap.asked.all())) for gap in gaps.with_wordings(rows)[:SHOWN]]
        found["asked"] = [(gap, head, gaps.told(head, tag)) for gap, head in heads]
        found["shows_asked"] = True
        found["rates"] = [(rate, _chart(rate)) for rate in asking.answer_rates()]
        found["rate_weeks"] = asking.WEEKS
    if may(request, "view_job"):
        found["active_jobs"] = list(active()[:SHOWN])
        found["shows_jobs"] = True
    found["may_write"], found["may_add"] = may(request, "add_question"), may(request, "add_source")
    return shared | found


def _chart(rate: asking.Rate) -> charts.Chart:
    said = _("%(day)s: answered %(answered)s, not answered %(abstained)s")
    columns = [
        (
            week.answered,
            week.abstained,
            said % {"day": date_format(week.begins), "answered": week.answered, "abstained": week.abstained},
        )
        for week in rate.weeks
    ]
    whole = {"language": rate.locale.autonym, "percent": rate.all.percent, "total": rate.all.total}
    return charts.stacked(columns, _("%(language)s: %(percent)s %% of %(total)s questions found an answer") % whole)


def source_tiles() -> list[Tile]:
    link = reverse("admin:faq_source_changelist")
    states = list(Source.objects.order_by().values_list("state", flat=True))
    published, waits = states.count(State.PUBLISHED), waiting.waiting(Source.objects.all()).count()
    return [
        Tile(_("published sources"), published, f"{link}?state__exact=published"),
        Tile(_("sources to publish"), waits, f"{link}?waits=yes", calls=True),
    ]


def question_tiles() -> list[Tile]:
    link = reverse("admin:faq_question_changelist")
    live = f"{link}?state__exact=published"
    canonical = freshness.canonical_freshness()
    values = [
        canonical.get(pk, Freshness.MISSING)
        for pk in Question.objects.filter(state=State.PUBLISHED).order_by().values_list("pk", flat=True)
    ]
    return [
        Tile(_("published questions"), len(values), live),
        Tile(_("without an answer"), values.count(Freshness.MISSING), f"{live}&answer=missing", calls=True),
        Tile(_("stale answers"), values.count(Freshness.STALE), f"{live}&answer=stale", calls=True),
    ]
