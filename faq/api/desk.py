"""What the endpoints for editors' programs share: a secret token with the scope that a method needs, acting as its owner.

Every change is one call of a domain function, which asks for the owner's permissions itself and writes the audit log.
"""

from typing import Any, ClassVar, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from faq.api import access
from faq.api.base import AskersView
from faq.api.lists import Cursor
from faq.domain import keys
from faq.domain.audit import Actor
from faq.errors import Invalid, NotFound
from faq.models import Topic

M = TypeVar("M", bound=Model)


class DeskView(AskersView):
    """`scopes`: by method; one that is not named is refused."""

    scopes: ClassVar[dict[str, str]] = {}
    cross_origin = False
    actor: Actor = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        scope = self.scopes.get(request.method or "")
        if scope is not None:
            self.actor = keys.owner_allowing(access.require_scope(self.caller, scope), scope)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = super().dispatch(request, *args, **kwargs)
        response.headers["Cache-Control"] = "no-store"
        return response

    def given(self, request: Request, shape: type[Serializer]) -> dict[str, Any]:
        """The body's fields. DRF's ValidationError names what is wrong."""
        serializer = shape(data=self.body(request))
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def also(self, scope: str) -> None:
        """For what a body asks beyond the method's scope. Raises ScopeMissing and Forbidden."""
        keys.owner_allowing(access.require_scope(self.caller, scope), scope)

    def listed(self, request: Request, rows: QuerySet[M], said: Any, cursor: type[Cursor] = Cursor) -> Response:
        """A page of the rows, each as `said` puts it."""
        pages = cursor()
        found = pages.paginate_queryset(rows, request, self) or []
        return Response({**pages.links(), "results": [said(row) for row in found]})


class Newest(Cursor):
    """By the time that rows were made, the newest first."""

    ordering = "-created_at"


class Latest(Cursor):
    ordering = "-id"


def topic_of(key: str) -> Topic | None:
    """The topic of this key, None for an empty one. Invalid where there is none."""
    if not key:
        return None
    topic = Topic.objects.filter(key=key).first()
    if topic is None:
        raise Invalid("There is no topic %(topic)s.", topic=repr(key[:60]))
    return topic


def found(row: M | None, missing: str) -> M:
    """The row. NotFound, in these words, where there is none."""
    if row is None:
        raise NotFound(missing)
    return row
