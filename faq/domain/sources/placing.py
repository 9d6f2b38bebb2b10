"""What a source is called, on which shelf it stands, and how often it is looked at. Changing back undoes it; what it says is
not touched."""

from datetime import datetime

from django.db import transaction

from faq import signals
from faq.domain import access, audit
from faq.domain.publication import locked
from faq.domain.sources.contents import clean
from faq.domain.sources.revisions import TITLE_LENGTH
from faq.enums import RefreshPolicy, SourceKind
from faq.errors import Invalid
from faq.models import Source, Topic

MOST_HOURS = 24 * 366


@access.needs("change_source")
def place_source(
    source: Source,
    *,
    title: str,
    topic: Topic | None,
    refresh_hours: int | None = None,
    refresh_policy: str | None = None,
    actor: audit.Actor = None,
    expected: datetime | None = None,
) -> Source:
    """Give a source this title and topic (None: no topic); nothing happens when it has them.

    `refresh_hours`: how often a web page is looked at by itself, 0 for never, MOST_HOURS at most; None leaves it as it is.
    `refresh_policy`: what becomes of its new text; whoever lets it go live may publish.
    `expected`: the source's `updated_at` when the editor looked; Conflict when somebody changed it since. Invalid for a
    title without a letter or digit, and for hours that are none or not of a web page.
    """
    if refresh_hours and (source.kind != SourceKind.URL or not 0 < refresh_hours <= MOST_HOURS):
        raise Invalid("Only a web page can be looked at by itself, every 1 to %(most)s hours.", most=MOST_HOURS)
    said = clean(title)[:TITLE_LENGTH].strip()
    if not any(character.isalnum() for character in said):
        raise Invalid("A source needs a title.")
    with transaction.atomic():
        row = locked(source, expected)
        hours = row.refresh_hours if refresh_hours is None else refresh_hours
        policy = RefreshPolicy(refresh_policy or row.refresh_policy)
        if policy not in (RefreshPolicy.WAIT, row.refresh_policy):
            access.require(actor, "publish_source")
        before, after = _placed(row.title, row.topic), _placed(said, topic)
        refreshed: dict[str, object] = {"refresh_hours": row.refresh_hours, "refresh_policy": row.refresh_policy}
        refreshing: dict[str, object] = {"refresh_hours": hours, "refresh_policy": policy.value}
        if changed := [name for name, value in refreshing.items() if refreshed[name] != value]:
            sides = ({name: side[name] for name in changed} for side in (refreshed, refreshing))
            audit.record(actor, "refresh", row, *sides)
        if before != after:
            audit.record(actor, "place", row, before, after)
        if before != after or refreshed != refreshing:
            row.title, row.topic, row.refresh_hours, row.refresh_policy = said, topic, hours, policy
            row.save()
        if before != after:
            signals.source_placed.send(
                sender=Source, source_id=row.pk, state=row.state, renamed=before["title"] != after["title"]
            )
    source.refresh_from_db()
    return source


def _placed(title: str, topic: Topic | None) -> dict[str, str]:
    return {"title": title, "topic": topic.key if topic else ""}
