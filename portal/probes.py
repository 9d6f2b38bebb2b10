"""`/healthz` and `/readyz`, for orchestrators, load balancers and monitors.

They are answered before anything else looks at a request: a probe knows neither the portal's host name nor https. Invariants:
`/healthz` asks nothing and nobody; `/readyz` looks at the dependencies at most once in AGE_SECONDS, however often it is asked;
neither tells a password or a text of visitors or sources. A proxy that serves the public hides `/readyz` (deploy/nginx).
"""

import threading
import time
from collections.abc import Callable
from dataclasses import asdict

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse

from faq.domain import dependencies
from faq.domain.dependencies import Dependency, Status

Handler = Callable[[HttpRequest], HttpResponse]

AGE_SECONDS = 1.0


class ProbesMiddleware:
    """`/healthz`: 200 while this process answers. `/readyz`: 200 when it may serve, also with a dependency away that readers can
    do without (`degraded`, which names it), 503 when they would meet errors."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self._lock = threading.Lock()
        self._held: tuple[float, list[Dependency]] | None = None

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info not in ("/healthz", "/readyz"):
            return self.get_response(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        response = JsonResponse({"status": "alive"}) if request.path_info == "/healthz" else self._ready()
        response["Cache-Control"] = "no-store"
        return response

    def _ready(self) -> HttpResponse:
        found = self._looked()
        status = dependencies.status(found)
        return JsonResponse(
            {"status": status, "dependencies": [asdict(each) for each in found]},
            status=503 if status == Status.UNAVAILABLE else 200,
        )

    def _looked(self) -> list[Dependency]:
        with self._lock:  # who comes meanwhile waits for the same look
            if self._held is None or time.monotonic() - self._held[0] > AGE_SECONDS:
                found = dependencies.every()
                self._held = (time.monotonic(), found)
            return self._held[1]
