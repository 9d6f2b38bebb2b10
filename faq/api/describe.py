"""How the schema speaks of the API's operations: ids, parameters, answers and problems."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view

from faq.api import shapes

LOCALE = OpenApiParameter(
    "locale", str, description="BCP 47 tag; left out, the best for `Accept-Language`, else the portal's default."
)
CURSOR = OpenApiParameter("cursor", str, description="As `next` and `previous` hold it.")
PAGE_SIZE = OpenApiParameter(
    "page_size", {"type": "integer", "minimum": 1, "maximum": 200}, description="From 1 to 200; 50 unless told."
)
TOPIC = OpenApiParameter("topic", str, description="Only of this topic, by its key.")
ANSWERED = OpenApiParameter("answered", bool, description="Only with, or only without, a published answer.")
LANGUAGE = OpenApiParameter("language", str, description="Only those written in it, by its tag.")
UPDATED = OpenApiParameter("updated_since", OpenApiTypes.DATETIME, description="Only what changed since (ISO 8601).")
Q = OpenApiParameter("q", str, required=True, description="Words in any language; up to 500 characters count.")
EXACT = OpenApiParameter("exact", bool, description="Take the words as typed: correct no typing errors.")
PROBLEMS = {
    400: "The request is wrong; `detail` and `errors` say where.",
    401: "The key is unknown, revoked or past its time.",
    403: "The key, or the page that asks, may not do this.",
    404: "There is no such thing, or it is not published.",
    409: "Somebody else changed it meanwhile.",
    413: "The body is too large.",
    415: "The body is of another media type.",
    429: "Too many requests; `Retry-After` says when to come back.",
    503: "A service is away; try again later.",
}


def problems(*statuses: int) -> dict[Any, OpenApiResponse]:
    """By (status, media type), as extend_schema() takes them."""
    return {
        (status, "application/problem+json"): OpenApiResponse(shapes.Problem, PROBLEMS[status]) for status in statuses
    }


def reads(
    name: str, shape: Any, *parameters: OpenApiParameter, tag: str = "content", missing: bool = False
) -> Callable[[Any], Any]:
    """Decorates a ReadView: its operation `name` answers with this shape, or `304` to whoever holds it."""
    answers = {200: shape, 304: OpenApiResponse(description="As the copy that `If-None-Match` names.")}
    refused = problems(400, 401, 403, *((404,) if missing else ()), 429)
    return extend_schema_view(
        get=extend_schema(
            operation_id=name, parameters=[LOCALE, *parameters], responses={**answers, **refused}, tags=[tag]
        )
    )


ASK_EXAMPLES = [
    OpenApiExample("In German", {"question": "Was kostet ein Bewohnerausweis?", "locale": "de"}, request_only=True),
    OpenApiExample("In the browser's language", {"question": "Where is the lost property office?"}, request_only=True),
]


@dataclass(frozen=True, slots=True)
class Operation:
    """Of an endpoint for editors' programs. `shape`: of the answer; `body`: of the request, None for none; `also`: other
    statuses with the same answer."""

    name: str
    shape: Any
    body: Any = None
    status: int = 200
    also: tuple[int, ...] = ()
    missing: bool = False
    conflicts: bool = False
    filters: Any = None

    def described(self) -> Any:
        refused = [400, 401, 403, *((404,) if self.missing else ()), *((409,) if self.conflicts else ())]
        refused += [413, 415] if self.body is not None else []
        parameters = [CURSOR, PAGE_SIZE, *_filters(self.filters)] if self.filters is not None else []
        return extend_schema(
            operation_id=self.name,
            tags=["desk"],
            parameters=parameters,
            request=self.body,
            responses={**dict.fromkeys((self.status, *self.also), self.shape), **problems(*refused, 429, 503)},
        )


def _filters(kind: Any) -> list[OpenApiParameter]:
    types: dict[str, Any] = {"YesNoFilter": bool, "MomentFilter": OpenApiTypes.DATETIME}
    return [
        OpenApiParameter(
            name,
            types.get(type(each).__name__, str),
            enum=[value for value, _ in each.extra["choices"]] if "choices" in each.extra else None,
        )
        for name, each in kind.base_filters.items()
    ]


def desk(**operations: Operation) -> Callable[[Any], Any]:
    """Decorates a DeskView: its operations by method."""
    return extend_schema_view(**{method: operation.described() for method, operation in operations.items()})
