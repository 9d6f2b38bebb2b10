"""Topics: the portal's shelves."""

from django.db import transaction
from django.utils.text import slugify

from faq import cache
from faq.domain import audit
from faq.errors import Invalid
from faq.models import Topic


def ensure_topic(
    key: str, *, title: str = "", description: str = "", order: int | None = None, actor: audit.Actor = None
) -> Topic:
    """The topic of this key, made when it is missing; what is given replaces what is stored."""
    slug = slugify(key, allow_unicode=True)[:60]
    if not slug:
        raise Invalid(f"{key[:60]!r} cannot be a topic: it has no letter or digit.")
    changes = {"title": title[:120], "description": description[:300]}
    fields: dict[str, object] = {name: value for name, value in changes.items() if value}
    if order is not None:
        fields["order"] = order
    with transaction.atomic():
        topic, created = Topic.objects.get_or_create(
            key=slug, defaults={"title": key.strip()[:120] or slug, "order": Topic.objects.count() + 1, **fields}
        )
        before = {name: getattr(topic, name) for name in fields}
        if not created and before != fields:
            for name, value in fields.items():
                setattr(topic, name, value)
            topic.save()
        if created or before != fields:
            audit.record(actor, "create" if created else "change", topic, {} if created else before, fields)
            transaction.on_commit(lambda: cache.bump(cache.CONTENT))
    return topic
