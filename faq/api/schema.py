"""The API's description in OpenAPI 3.1, and a page to try it on, both served by the portal itself.

The description is made once in a process, of the views: it cannot say anything else than they do. docs/reference/openapi.json
is the same, for whoever generates a client; a test holds it up to date.
"""

import functools
import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularSwaggerSplitView

PREFIX = "/api/v1/"
CONTENT_TYPE = "application/vnd.oai.openapi+json; version=3.1"
SECONDS = 3600
DESCRIPTION = """One knowledge base, readable and askable in every language of its readers; every answer cites the passages it
rests on.

Texts carry their language and direction, because they may be fallbacks. Errors are problem details (RFC 9457): their `type`
never changes. Within version 1 nothing is renamed or removed; ignore fields that you do not know."""
TAGS = [
    {"name": "content", "description": "What is published."},
    {"name": "finding", "description": "Searching, also while a reader types."},
    {"name": "asking", "description": "Questions in a reader's own words, and votes."},
    {"name": "desk", "description": "For editors' programs, with a secret token and its scopes."},
]
SCHEMES = {
    "publishableKey": {
        "type": "apiKey", "in": "query", "name": "key",
        "description": "`pk_…`, for pages of the origins that it names; also as a bearer token.",
    },
    "secretToken": {
        "type": "http", "scheme": "bearer", "description": "`sk_…` with scopes, for programs; or a publishable key.",
    },
}  # fmt: skip
ANYBODY: list[dict[str, list[str]]] = [{}, {"publishableKey": []}, {"secretToken": []}]
TOKEN_ONLY: list[dict[str, list[str]]] = [{"secretToken": []}]
BY_ID = {f"{PREFIX}desk/translations/": "number", f"{PREFIX}desk/jobs/": "id"}
NAMES = {
    "key": {"type": "string", "pattern": r"^[-\w]{1,120}$"},
    "number": {"type": "integer", "minimum": 0, "maximum": 10**18 - 1},
    "id": {"type": "string", "format": "uuid"},
}
"""What stands in addresses."""
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def documented(endpoints: list[tuple[str, str, str, Any]], **_: Any) -> list[tuple[str, str, str, Any]]:
    """drf-spectacular's hook: version 1, without the page that shows it."""
    return [each for each in endpoints if each[0].startswith(PREFIX)]


def finished(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """drf-spectacular's hook: what is said of the whole, and who may call what."""
    result["info"]["description"] = DESCRIPTION
    result["info"]["license"] = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
    result["tags"] = TAGS
    result["servers"] = [{"url": "/", "description": "This portal"}]
    result["components"]["securitySchemes"] = SCHEMES
    for path, item in result["paths"].items():
        for method, operation in item.items():
            if method == "parameters":
                continue
            operation["summary"] = operation["description"].partition("\n")[0].partition(". ")[0].rstrip(".")
            operation["security"] = TOKEN_ONLY if path.startswith(f"{PREFIX}desk/") else ANYBODY
            _named(path, operation)
            _limited(operation)
    for name, component in result["components"]["schemas"].items():
        if name.endswith("Request"):
            _optional(component)
    return result


def _named(path: str, operation: dict[str, Any]) -> None:
    """What may stand in the address."""
    kind = next((name for start, name in BY_ID.items() if path.startswith(start)), "key")
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            parameter["schema"] = NAMES[kind]


def _optional(component: dict[str, Any]) -> None:
    """A field with a default need not be sent; some generators of clients believe that it must."""
    for each in component.get("properties", {}).values():
        each.pop("default", None)


def _limited(operation: dict[str, Any]) -> None:
    """Every answer tells the quotas; 429 when to come back."""
    refs = {name: {"$ref": f"#/components/headers/{name}"} for name in ("RateLimit", "RateLimit-Policy")}
    for status, response in operation["responses"].items():
        response["headers"] = dict(refs)
        if status == "429":
            response["headers"]["Retry-After"] = {"schema": {"type": "integer"}, "description": "Seconds."}


@functools.cache
def description() -> bytes:
    """As JSON, in one form whatever process makes it."""
    made = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    made["components"]["headers"] = {
        "RateLimit": {
            "description": 'Requests left and seconds until the count begins anew: `"address";r=119;t=42`.',
            "schema": {"type": "string"},
        },
        "RateLimit-Policy": {"description": 'Quota and window: `"address";q=120;w=60`.', "schema": {"type": "string"}},
    }
    return json.dumps(made, indent=1, ensure_ascii=False, sort_keys=True).encode() + b"\n"


def schema(request: HttpRequest) -> HttpResponseBase:
    """The description, for programs: anybody may read it from anywhere."""
    response = HttpResponse(description(), content_type=CONTENT_TYPE)
    response.headers["Cache-Control"] = f"public, max-age={SECONDS}"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


class PageView(SpectacularSwaggerSplitView):
    """The page to try the API on; its script and style come from this portal."""

    url_name = "api-schema"
    throttle_classes = []

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        made = super().finalize_response(request, response, *args, **kwargs)
        made.headers["Content-Security-Policy"] = PAGE_POLICY
        return made
