"""Telling one visitor from another without knowing them."""

from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac


def visitor_digest(request: HttpRequest) -> str:
    """Holds for one day and cannot be traced back: a keyed digest of day, address and browser."""
    parts = (
        timezone.now().date().isoformat(),
        request.META.get("REMOTE_ADDR", ""),
        request.headers.get("User-Agent", "")[:300],
    )
    return salted_hmac("faq.web.visitors", "\n".join(parts), algorithm="sha256").hexdigest()
