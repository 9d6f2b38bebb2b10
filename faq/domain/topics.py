"""Topics: the portal's shelves."""

from django.db import transaction
from django.utils.text import slugify

from faq import cache
from faq.domain import access, audit, jobs, versions
from faq.enums import JobKind
from faq.errors import Invalid
from faq.models import Topic
from retrieval.text import normalise


@access.needs("add_topic")
def ensure_topic(
    key: str, *, title: str = "", description: str = "", order: int | None = None, actor: audit.Actor = None
) -> Topic:
    """The topic of this key, made when it is missing; what is given replaces what is stored."""
    slug = slugify(key, allow_unicode=True)[:60]
    if not slug:
        raise Invalid("%(key)s cannot be a topic: it has no letter or digit.", key=repr(key[:60]))
    changes = {"title": normalise(title)[:120], "description": normalise(description)[:300]}
    fields: dict[str, object] = {name: value for name, value in changes.items() if value}
    if order is not None:
        fields["order"] = order
    with transaction.atomic():
        topic, created = Topic.objects.get_or_create(
            key=slug, defaults={"title": normalise(key)[:120] or slug, "order": Topic.objects.count() + 1, **fields}
        )
        before = {name: getattr(topic, name) for name in fields}
        if not created and before != fields:
            for name, value in fields.items():
                setattr(topic, name, value)
            topic.save()
        if created or before != fields:
            audit.record(actor, "create" if created else "change", topic, {} if created else before, fields)
            cache.bump_on_commit(cache.CONTENT)
    return topic


@access.needs("add_topic|change_topic")
def save_topic(topic: Topic, actor: audit.Actor = None, *, expected: str | None = None) -> Topic:
    """Store a topic as a person's form left it; Invalid for one without a key or a title. `expected`: versions.of() when the
    person looked; Conflict when somebody changed it since."""
    topic.key, topic.title = slugify(topic.key, allow_unicode=True)[:60], topic.title.strip()
    if not topic.key or not topic.title:
        raise Invalid("A topic needs a title, and a key with a letter or digit.")
    with transaction.atomic():
        stored = Topic.objects.select_for_update(of=("self",)).filter(pk=topic.pk).first()
        versions.check(stored, expected)
        before, after = _fields(stored) if stored else {}, _fields(topic)
        if before != after:
            topic.save()
            audit.record(actor, "change" if stored else "create", topic, before, after)
            cache.bump_on_commit(cache.CONTENT)
    return topic


@access.needs("delete_topic")
def delete_topic(topic: Topic, actor: audit.Actor = None) -> None:
    """Take a shelf away; its questions and sources stay, on none."""
    with transaction.atomic():
        audit.record(actor, "delete", topic, _fields(topic))
        topic.delete()
        jobs.enqueue(JobKind.SYNC_INDEX, {}, key="sync:all")
        cache.bump_on_commit(cache.CONTENT)


def _fields(topic: Topic) -> dict[str, object]:
    return {"key": topic.key, "title": topic.title, "description": topic.description, "order": topic.order}
