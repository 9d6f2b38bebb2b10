"""`/metrics` for Prometheus: what this server's processes counted, and how jobs, index and translations stand in the database.

Answered before anything else looks at a request, as probes are. Invariants: nobody gets it without the token of
POLYFAQ_METRICS_TOKEN or an address of POLYFAQ_METRICS_NETWORKS, and without either setting it is not there; others are told
nothing (the site's 404); the database is asked at most once in AGE_SECONDS, with a fixed number of queries.
"""

import hmac
import ipaddress
import os
import threading
import time
from collections.abc import Callable, Iterator

from django.db import DatabaseError
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from faq import conf
from faq.domain import queues
from faq.enums import JobKind, JobState, Queue
from faq.models import Job, Source, TranslationUnit

Handler = Callable[[HttpRequest], HttpResponse]

PATH = "/metrics"
AGE_SECONDS = 5.0
INDEXING = (JobKind.SYNC_INDEX, JobKind.REBUILD_INDEX, JobKind.RECONCILE)
"""Jobs that bring the index up to what the database says."""


class MetricsMiddleware:
    """Answers PATH for those who may see it; stands after what finds out whose request it is."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self.census = Census()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info != PATH or not _may(request):
            return self.get_response(request)
        response = HttpResponse(counted() + self.census.text(), content_type=CONTENT_TYPE_LATEST)
        response["Cache-Control"] = "no-store"
        return response


def _may(request: HttpRequest) -> bool:
    token = str(conf.get("METRICS_TOKEN"))
    given = request.headers.get("Authorization", "")
    if token and hmac.compare_digest(given.encode("utf-8", "replace"), f"Bearer {token}".encode()):
        return True
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:  # a Unix socket has none
        return False
    return any(address in ipaddress.ip_network(each) for each in conf.get("METRICS_NETWORKS"))


def counted() -> bytes:
    """What this process counted, or, where they share a directory, all processes of the server."""
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return bytes(generate_latest(REGISTRY))
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return bytes(generate_latest(registry))


class Census(Collector):
    """How things stand in the database; the same in whichever process it is asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: tuple[float, bytes] | None = None

    def text(self) -> bytes:
        """In Prometheus's format, at most AGE_SECONDS old."""
        with self._lock:
            if self._held is None or time.monotonic() - self._held[0] > AGE_SECONDS:
                registry = CollectorRegistry()
                registry.register(self)
                self._held = (time.monotonic(), bytes(generate_latest(registry)))
            return self._held[1]

    def collect(self) -> Iterator[Metric]:
        """Five queries; `polyfaq_database_up` alone when the database is away."""
        up = GaugeMetricFamily("polyfaq_database_up", "Whether the database answers.")
        try:
            found = [*_jobs(), *_content()]
        except DatabaseError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        yield from found


def _jobs() -> Iterator[Metric]:
    states = GaugeMetricFamily(
        "polyfaq_jobs", "Background jobs that are kept, by kind and state.", labels=["kind", "state"]
    )
    counts = Job.objects.order_by().values_list("kind", "state").annotate(n=Count("pk"))
    for kind, state, number in counts:
        states.add_metric([kind, state], number)
    yield states
    depth = GaugeMetricFamily("polyfaq_queue_depth", "Jobs that wait, by queue.", labels=["queue"])
    oldest = GaugeMetricFamily(
        "polyfaq_queue_oldest_seconds", "How long the oldest of them has waited.", labels=["queue"]
    )
    waiting: dict[str, list[tuple[int, float]]] = {}
    now = timezone.now()
    rows = (
        Job.objects.filter(state=JobState.QUEUED)
        .order_by()
        .values_list("kind")
        .annotate(n=Count("pk"), at=Min("created_at"))
    )
    for kind, number, at in rows:
        waiting.setdefault(str(queues.queue(kind)), []).append((number, (now - at).total_seconds()))
    for name in Queue:
        found = waiting.get(str(name), [])
        depth.add_metric([str(name)], sum(number for number, _ in found))
        oldest.add_metric([str(name)], max((age for _, age in found), default=0))
    yield depth
    yield oldest
    lag = GaugeMetricFamily("polyfaq_index_lag_seconds", "How long the oldest change has waited to reach the index.")
    behind = Job.objects.filter(state__in=[JobState.QUEUED, JobState.RUNNING], kind__in=INDEXING)
    first = behind.aggregate(at=Min("created_at"))["at"]
    lag.add_metric([], (now - first).total_seconds() if first else 0)
    yield lag


def _content() -> Iterator[Metric]:
    units = GaugeMetricFamily(
        "polyfaq_translation_units",
        "Translated segments, by language and origin; its growth is the throughput.",
        labels=["locale", "origin"],
    )
    rows = TranslationUnit.objects.order_by().values_list("target_locale", "origin").annotate(n=Count("pk"))
    for locale, origin, number in rows:
        units.add_metric([str(locale), origin], number)
    yield units
    sources = GaugeMetricFamily("polyfaq_sources", "Sources, by state.", labels=["state"])
    for state, number in Source.objects.order_by().values_list("state").annotate(n=Count("pk")):
        sources.add_metric([state], number)
    yield sources
