"""How many requests a caller may make: counted by address, and by key.

Windows of a minute (or whatever the setting says), counted in the shared cache in one step each, so that a flood of
simultaneous requests gets no more than its quota. Without Redis each process counts for itself. An IPv6 caller is its
network: he has the addresses of it all. Every answer says what is left (`RateLimit`, `RateLimit-Policy`, as the IETF's
draft-ietf-httpapi-ratelimit-headers has them).
"""

import ipaddress
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle, SimpleRateThrottle

from faq.api.access import Caller
from faq.tracing import EXPORTED

READS = 5
"""A page reads more often than a reader asks: so many times what POLYFAQ_API_RATE says."""
SECONDS = 60


@dataclass(slots=True)
class Count:
    """How a caller stands in one of his quotas. `left`: requests; `resets`: seconds."""

    name: str
    quota: int
    window: int
    left: int
    resets: int


class Quota(BaseThrottle):
    """One way to count. `count` says how it stands after this request."""

    name = ""
    count: Count | None = None

    def counted(self, request: HttpRequest | Request, who: Caller) -> tuple[str, int, int] | None:
        """(whom, requests, seconds); None where this quota does not hold."""
        raise NotImplementedError

    def allow_request(self, request: HttpRequest | Request, view: Any) -> bool:
        counted = self.counted(request, view.caller)
        if counted is None:
            return True
        whom, quota, window = counted
        now = time.time()
        used = _add(f"polyfaq:quota:{self.name}:{whom}:{int(now // window)}", window)
        self.count = Count(self.name, quota, window, max(0, quota - used), max(1, window - int(now % window)))
        return used <= quota

    def wait(self) -> float | None:
        return self.count.resets if self.count else None


class AddressQuota(Quota):
    """Of visitors, whatever page they are on. A secret token has its own."""

    name = "address"

    def counted(self, request: HttpRequest | Request, who: Caller) -> tuple[str, int, int] | None:
        if (who.key is not None and not who.key.is_widget) or EXPORTED in request.META:
            return None  # a token has its own; the export asks for everything, once
        quota, window = SimpleRateThrottle.parse_rate(self, api_settings.DEFAULT_THROTTLE_RATES["anon"])  # type: ignore[arg-type]
        assert quota is not None
        assert window is not None
        kind = "reads" if request.method in ("GET", "HEAD", "OPTIONS") else "writes"
        return f"{kind}:{_network(request)}", quota * (READS if kind == "reads" else 1), window


class KeyQuota(Quota):
    """Of a key, whoever uses it."""

    name = "key"

    def counted(self, request: HttpRequest | Request, who: Caller) -> tuple[str, int, int] | None:
        return (str(who.key.id), who.key.per_minute, SECONDS) if who.key else None


def headers(quotas: Sequence[Quota]) -> dict[str, str]:
    """What is left, by every quota that holds."""
    counts = [quota.count for quota in quotas if quota.count is not None]
    if not counts:
        return {}
    return {
        "RateLimit-Policy": ", ".join(f'"{each.name}";q={each.quota};w={each.window}' for each in counts),
        "RateLimit": ", ".join(f'"{each.name}";r={each.left};t={each.resets}' for each in counts),
    }


def _add(name: str, window: int) -> int:
    """How often this was counted in its window, this time included."""
    cache.add(name, 0, timeout=window + 1)
    try:
        return cache.incr(name)
    except ValueError:  # the cache is full or away: it forgets, and the portal goes on
        return 1


def _network(request: HttpRequest | Request) -> str:
    address = request.META.get("REMOTE_ADDR", "")
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "local"
    if found.version == 6:
        return str(ipaddress.ip_network((int(found) >> 64 << 64, 64)))
    return str(found)
