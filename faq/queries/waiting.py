"""Sources that wait for somebody to publish: drafts, and published ones with a newer revision that nobody has decided on.

A person decides by publishing any revision, also an older one, or by keeping the published one.
"""

from django.db.models import F, Max, Q, QuerySet
from django.db.models.functions import Coalesce, Greatest

from faq.enums import State
from faq.models import Source


def overtaken(rows: QuerySet[Source]) -> QuerySet[Source]:
    """Published sources whose newest revision waits."""
    decided = Greatest(Coalesce(F("settled_number"), 0), F("published_revision__number"))
    newest = rows.annotate(newest=Max("revisions__number"))
    return newest.filter(state=State.PUBLISHED, newest__gt=decided)


def waiting(rows: QuerySet[Source]) -> QuerySet[Source]:
    """All that wait."""
    return rows.filter(Q(state=State.DRAFT) | Q(pk__in=overtaken(Source.objects.all()).order_by().values("pk")))


def waits(source: Source) -> bool:
    """Whether the newest revision of a published source waits; one query."""
    return overtaken(Source.objects.filter(pk=source.pk)).exists()
