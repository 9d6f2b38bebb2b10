"""Whose request it is, behind reverse proxies: without this, all visitors would share the proxy's address, one vote and
one rate limit.

Only what our own proxies wrote into X-Forwarded-For counts: with n of them, the n-th address from the right. What stands
further left is the visitor's to invent.
"""

import ipaddress
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

Handler = Callable[[HttpRequest], HttpResponse]


class ClientAddressMiddleware:
    """Puts the visitor's address into REMOTE_ADDR; leaves it where a header is missing, too short or no address."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        proxies = int(settings.TRUSTED_PROXIES)
        if proxies:
            hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
            if len(hops) >= proxies and _is_address(hops[-proxies]):
                request.META["REMOTE_ADDR"] = hops[-proxies]
        return self.get_response(request)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
