"""Sources, for editors' programs: add, revise, look what publishing would change, publish, retire."""

from typing import Any

from django.db.models import Max, QuerySet
from django_filters import rest_framework as filters  # type: ignore[import-untyped]
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from faq import conf
from faq.api import describe, desk_shapes
from faq.api.desk import DeskView, found, topic_of
from faq.api.lists import OneOfFilter, filtered
from faq.domain import publication, sources
from faq.enums import SourceKind, State
from faq.errors import Invalid
from faq.models import Question, Source, SourceRevision


class DeskSourceFilter(filters.FilterSet):
    state = OneOfFilter(choices=State.choices)
    kind = OneOfFilter(choices=SourceKind.choices)
    language = filters.CharFilter(field_name="locale_id", max_length=35)
    topic = filters.CharFilter(field_name="topic__key", max_length=60)

    class Meta:
        model = Source
        fields: list[str] = []


def rows() -> QuerySet[Source]:
    """Every source, with all that said() tells; one query."""
    joined = Source.objects.select_related("topic", "published_revision").annotate(newest=Max("revisions__number"))
    return joined.defer("published_revision__text", "published_revision__blocks")


def said(row: Any) -> dict[str, Any]:
    return {
        "key": row.key,
        "title": row.title,
        "kind": row.kind,
        "language": row.locale_id,
        "topic": row.topic.key if row.topic else None,
        "url": row.url,
        "path": row.path,
        "state": row.state,
        "published_revision": row.published_revision.number if row.published_revision else None,
        "newest_revision": row.newest,
        "error": row.error,
        "checked": row.checked_at,
        "updated": row.updated_at,
    }


def source_of(key: str) -> Any:
    return found(rows().filter(key=key).first(), "There is no such source.")


def content(fields: dict[str, Any], *, fetch: bool = True) -> dict[str, Any]:
    """Arguments of the domain functions. Invalid unless exactly one of text, file and address is the content."""
    text, file, url = fields["text"], fields["file"], fields["url"]
    if bool(text.strip()) + (file is not None) > 1 or not (text.strip() or file is not None or (url and fetch)):
        raise Invalid("Give one of text, file and url.")
    if file is not None:
        if file.size > int(conf.get("UPLOAD_MAX_BYTES")):
            raise Invalid("A file has at most %(ceiling)s bytes.", ceiling=int(conf.get("UPLOAD_MAX_BYTES")))
        return {"data": file.read(), "filename": file.name or "", "kind": SourceKind.FILE, "url": url}
    if text.strip():
        return {"text": text, "kind": SourceKind.TEXT, "url": url}
    return {"url": url, "kind": SourceKind.URL}


@describe.desk(
    get=describe.Operation("listDeskSources", desk_shapes.DeskSources, filters=DeskSourceFilter),
    post=describe.Operation("addSource", desk_shapes.Changed, desk_shapes.NewSource, 201, also=(200,), conflicts=True),
)
class DeskSourcesView(DeskView):
    """All sources, drafts and retired ones too."""

    scopes = {"GET": "sources:read", "POST": "sources:write"}
    parser_classes = [JSONParser, MultiPartParser]

    def get(self, request: Request) -> Response:
        return self.listed(request, filtered(DeskSourceFilter, request, rows()), said)

    def post(self, request: Request) -> Response:
        """Adds a source as a draft; 200 in place of 201 where the `path` was known: revised, or unchanged."""
        fields = self.given(request, desk_shapes.NewSource)
        if fields["publish"]:
            self.also("sources:publish")
        source, change = sources.ingest(
            **content(fields), locale=fields["locale"], title=fields["title"], topic=topic_of(fields["topic"]),
            path=fields["path"], publish=fields["publish"], actor=self.actor,
        )  # fmt: skip
        body = {"change": change, "source": said(source_of(source.key))}
        return Response(body, status=201 if change == "added" else 200)


@describe.desk(get=describe.Operation("getDeskSource", desk_shapes.DeskSource, missing=True))
class DeskSourceView(DeskView):
    """One source: its state, its revisions, and why it could not be read."""

    scopes = {"GET": "sources:read"}

    def get(self, request: Request, key: str) -> Response:
        return Response(said(source_of(key)))


@describe.desk(
    post=describe.Operation(
        "reviseSource", desk_shapes.Changed, desk_shapes.Revise, 201, also=(200,), missing=True, conflicts=True
    )
)
class RevisionsView(DeskView):
    """New content for a source. Readers see it when it is published."""

    scopes = {"POST": "sources:write"}
    parser_classes = [JSONParser, MultiPartParser]

    def post(self, request: Request, key: str) -> Response:
        """201 with a new revision; 200 where the content says what the newest one says."""
        source, fields = source_of(key), self.given(request, desk_shapes.Revise)
        made = sources.revise_content(source, **content(fields), actor=self.actor, expected=fields["expected"])
        body = {"change": "revised" if made else "unchanged", "source": said(source_of(key))}
        return Response(body, status=201 if made else 200)


@describe.desk(get=describe.Operation("planPublication", desk_shapes.Impact, missing=True))
class ImpactView(DeskView):
    """What publishing the newest revision would change, before it is done."""

    scopes = {"GET": "sources:read"}

    def get(self, request: Request, key: str) -> Response:
        plan = sources.plan_publication(source_of(key))
        named = dict(
            Question.objects.filter(pk__in=[*plan.questions_stale, *plan.questions_healed]).values_list("pk", "key")
        )
        return Response(
            {
                "passages_added": plan.passages_added,
                "passages_removed": plan.passages_removed,
                "passages_kept": plan.passages_kept,
                "questions_stale": [named[pk] for pk in plan.questions_stale],
                "questions_broken": [named[pk] for pk in plan.questions_broken],
                "questions_healed": [named[pk] for pk in plan.questions_healed],
                "languages": plan.languages,
            }
        )


@describe.desk(
    post=describe.Operation("publishSource", desk_shapes.DeskSource, desk_shapes.Publish, missing=True, conflicts=True)
)
class PublishSourceView(DeskView):
    """Makes a revision what readers see; an older one rolls back."""

    scopes = {"POST": "sources:publish"}

    def post(self, request: Request, key: str) -> Response:
        source, fields = source_of(key), self.given(request, desk_shapes.Publish)
        revision = _revision(source, fields["revision"])
        publication.publish_source(source, revision=revision, actor=self.actor, expected=fields["expected"])
        return Response(said(source_of(key)))


def _revision(source: Source, number: int | None) -> SourceRevision | None:
    if number is None:
        return None
    return found(source.revisions.filter(number=number).first(), "There is no such revision.")


@describe.desk(post=describe.Operation("retireSource", desk_shapes.DeskSource, missing=True))
class RetireSourceView(DeskView):
    """Takes a source away from readers; its revisions stay."""

    scopes = {"POST": "sources:publish"}

    def post(self, request: Request, key: str) -> Response:
        publication.retire_source(source_of(key), actor=self.actor)
        return Response(said(source_of(key)))
