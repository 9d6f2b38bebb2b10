"""What readers do over the API: ask, and say whether an answer helped."""

from typing import Any

from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from faq.api import describe, shapes
from faq.api.base import AskersView, locale_of
from faq.api.serializers import AskSerializer, FeedbackSerializer
from faq.api.streaming import MEDIA_TYPE, EventStreamRenderer, streamed
from faq.domain import feedback, visitors
from faq.domain.ask import ask, ask_events
from faq.enums import State
from faq.errors import NotFound as Missing
from faq.models import Question


class AskView(AskersView):
    """POST a question; the result is as `manage.py ask --json` prints it, or comes step by step as server-sent events."""

    renderer_classes = [JSONRenderer, EventStreamRenderer]

    @extend_schema(
        operation_id="ask",
        tags=["asking"],
        parameters=[describe.LOCALE],
        request=AskSerializer,
        responses={
            200: shapes.Asked,
            (200, MEDIA_TYPE): OpenApiResponse(
                OpenApiTypes.STR, "Events `evidence`, `segment`, then `done` or `problem`."
            ),
            **describe.problems(400, 401, 403, 413, 415, 429, 503),
        },
        examples=describe.ASK_EXAMPLES,
    )
    def post(self, request: Request) -> HttpResponseBase:
        """Answers a question from the published sources, every sentence cited, or says that they do not answer it.

        With `Accept: text/event-stream` the answer comes as it is made. `locale` left out: that of the address, else the
        best for `Accept-Language`.
        """
        serializer = AskSerializer(data=self.body(request))
        serializer.is_valid(raise_exception=True)
        fields: dict[str, Any] = serializer.validated_data
        asked = (fields["question"], locale_of(request, self.caller, fields["locale"]).tag)
        how = {"as_typed": fields["as_typed"], "topics": self.caller.topics}
        if request.accepted_renderer.media_type == MEDIA_TYPE:
            return streamed(ask_events(*asked, **how))
        return Response(ask(*asked, **how).as_dict())


class FeedbackView(AskersView):
    """Whether a published question's answer helped: one vote a visitor, language and day; the last one counts."""

    @extend_schema(
        operation_id="giveFeedback",
        tags=["asking"],
        parameters=[describe.LOCALE],
        request=FeedbackSerializer,
        responses={
            204: OpenApiResponse(description="Counted."),
            **describe.problems(400, 401, 403, 404, 413, 415, 429),
        },
    )
    def post(self, request: Request, key: str) -> Response:
        """Counts whether an answer helped: one vote a visitor, language and day.

        The last one counts. E-mail addresses and long numbers in a comment are not kept.
        """
        serializer = FeedbackSerializer(data=self.body(request))
        serializer.is_valid(raise_exception=True)
        fields: dict[str, Any] = serializer.validated_data
        locale = locale_of(request, self.caller, fields["locale"]).tag
        feedback.record_feedback(_published(key), locale, fields["helpful"], fields["comment"], _visitor(request))
        return Response(status=204)

    @extend_schema(
        operation_id="withdrawFeedback",
        tags=["asking"],
        parameters=[describe.LOCALE],
        request=None,
        responses={
            204: OpenApiResponse(description="There is no vote of this visitor now."),
            **describe.problems(400, 401, 403, 404, 429),
        },
    )
    def delete(self, request: Request, key: str) -> Response:
        """Takes today's vote back, with its comment."""
        locale = locale_of(request, self.caller).tag
        feedback.withdraw_feedback(_published(key), locale, _visitor(request))
        return Response(status=204)


def _published(key: str) -> Question:
    found = Question.objects.filter(key=key, state=State.PUBLISHED).first()
    if found is None:
        raise Missing("There is no such question.")
    return found


def _visitor(request: Request) -> str:
    return visitors.digest(request.META.get("REMOTE_ADDR", ""), request.headers.get("User-Agent", ""))


class NoSuchAddressView(AskersView):
    """Whatever is no address of the API: problem details, where the site would show a page."""

    schema = None

    throttle_classes = []

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Raises NotFound for every method."""
        raise NotFound(_("There is no %(path)s in this API.") % {"path": repr(request.path[:200])})
