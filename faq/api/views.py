"""The REST API, first endpoint: ask. The full API is built on the same domain functions."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from faq.api.serializers import AskSerializer
from faq.domain.ask import ask
from faq.queries import locales


class AskView(APIView):
    """POST a question; the result is as `manage.py ask --json` prints it."""

    @extend_schema(request=AskSerializer, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request) -> Response:
        """`locale` empty: the best for Accept-Language."""
        serializer = AskSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        fields: dict[str, Any] = serializer.validated_data
        return Response(ask(fields["question"], fields["locale"] or accepted(request)).as_dict())


class NoSuchAddressView(APIView):
    """Whatever is no address of the API: problem details, where the site would show a page."""

    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Raises NotFound for every method."""
        raise NotFound(f"There is no {request.path[:200]!r} in this API.")


def accepted(request: Request) -> str:
    """The language that Accept-Language likes best of those the portal has, else the default."""
    found = locales.accepted(request.headers.get("Accept-Language", ""))
    return (found or locales.default_locale()).tag
