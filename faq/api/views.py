"""The REST API, first endpoint: ask. The full API is built on the same domain functions."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
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


def accepted(request: Request) -> str:
    """The first language of Accept-Language that the portal has, else the default."""
    for part in request.headers.get("Accept-Language", "")[:500].split(","):
        found = locales.resolve(part.partition(";")[0].strip())
        if found is not None:
            return found.tag
    return locales.default_locale().tag
