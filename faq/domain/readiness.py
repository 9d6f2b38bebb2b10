"""What a serving process sees to when it begins, so that no reader pays for it: an index of this program's recipe, and
everything read that the first question of each language would wait for.

Invariant: however many processes begin at once, one rebuild is written down; one that comes too late does nothing.
"""

import logging
from collections.abc import Iterator

from faq.domain import indexing, jobs
from faq.domain.ask import ask
from faq.enums import JobKind, State
from faq.gateways import generation, retrieval
from faq.models import Job, Phrasing, Question, Source
from faq.queries import locales
from retrieval.sync import IndexState

log = logging.getLogger(__name__)

REBUILD_KEY = "rebuild"
EFFECTS = {
    IndexState.OUTDATED: "The search index was made by an older recipe: it is searched without vectors, and what is"
    " published meanwhile is found after the rebuild",
    IndexState.MISSING: "There is no search index: nothing is found until it is built",
    IndexState.UNREADABLE: "The search index cannot be read: nothing is found until it is built anew",
}
"""What each state that needs a rebuild means for readers; no full stop."""


def ensure_index() -> Job | None:
    """Write a rebuild down when the index needs one and something is published; None when it does not. Raises Unavailable."""
    state = indexing.state()
    if state not in EFFECTS or (state == IndexState.MISSING and not anything_published()):
        return None
    job = jobs.enqueue(JobKind.REBUILD_INDEX, {"unless_current": True}, key=REBUILD_KEY)
    log.warning("%s. Job %s builds it; `manage.py index --status` tells how it stands.", EFFECTS[state], job.pk)
    return job


def anything_published() -> bool:
    """Whether there is anything that readers could find."""
    published = {"state": State.PUBLISHED}
    return Source.objects.filter(**published).exists() or Question.objects.filter(**published).exists()


def warm() -> Iterator[str]:
    """Read step by step what questions need; yields the tag of each language that is ready, the default one first.

    One question of the default language is asked, so that everything an answer takes has been read. Raises Unavailable.
    """
    default = locales.default_locale().tag
    for locale in sorted(locales.enabled_locales(), key=lambda locale: locale.tag != default):
        with retrieval.mapped():
            retrieval.retriever().warm(locale.tag)
        if locale.tag == default:
            _ask_one(default)
        yield locale.tag
    generation.warm()


def _ask_one(tag: str) -> None:
    published = Phrasing.objects.filter(question__state=State.PUBLISHED, locale_id=tag, canonical=True)
    wording = published.order_by("pk").values_list("text", flat=True).first()
    if wording:
        ask(wording, tag, record=False)
