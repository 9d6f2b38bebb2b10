"""The desk's first page: what needs a look, how each language stands, what runs. Each number is a link to its list."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from faq.admin.jobs import active
from faq.enums import AskedState, State
from faq.models import Asked, Question, Source
from faq.queries import freshness


@dataclass(frozen=True, slots=True)
class Tile:
    label: str
    value: int
    link: str


def context(request: HttpRequest, shared: dict[str, Any]) -> dict[str, Any]:
    """django-unfold's DASHBOARD_CALLBACK."""
    return shared | {
        "title": _("Desk"),
        "tiles": tiles(),
        "coverage": freshness.coverage(),
        "asked": list(Asked.objects.filter(state=AskedState.OPEN).select_related("locale", "nearest")[:8]),
        "broken_sources": list(Source.objects.exclude(error="")[:5]),
        "active_jobs": list(active()[:8]),
    }


def tiles() -> list[Tile]:
    question_list, source_list = reverse("admin:faq_question_changelist"), reverse("admin:faq_source_changelist")
    canonical = freshness.canonical_freshness()
    published = Question.objects.filter(state=State.PUBLISHED)
    without = sum(1 for pk in published.values_list("pk", flat=True) if canonical.get(pk, "missing") == "missing")
    return [
        Tile(
            _("published sources"),
            Source.objects.filter(state=State.PUBLISHED).count(),
            f"{source_list}?state__exact=published",
        ),
        Tile(
            _("sources to publish"),
            Source.objects.filter(state=State.DRAFT).count(),
            f"{source_list}?state__exact=draft",
        ),
        Tile(_("published questions"), published.count(), f"{question_list}?state__exact=published"),
        Tile(_("without an answer"), without, question_list),
        Tile(_("stale answers"), sum(1 for value in canonical.values() if value == "stale"), question_list),
        Tile(
            _("unanswered by readers"),
            Asked.objects.filter(state=AskedState.OPEN).count(),
            reverse("admin:faq_asked_changelist"),
        ),
    ]
