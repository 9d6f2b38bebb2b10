"""Whose request it is, without knowing them."""

from django.http import HttpRequest

from faq.domain import visitors


def visitor_digest(request: HttpRequest) -> str:
    """Holds for one day and cannot be traced back."""
    return visitors.digest(request.META.get("REMOTE_ADDR", ""), request.headers.get("User-Agent", ""))
