"""Telling one visitor from another without knowing them: the site and the API count one vote a visitor and day."""

from django.utils import timezone
from django.utils.crypto import salted_hmac


def digest(address: str, agent: str) -> str:
    """Of day, network address and browser, keyed: holds for one day and cannot be traced back."""
    parts = (timezone.now().date().isoformat(), address, agent[:300])
    return salted_hmac("faq.web.visitors", "\n".join(parts), algorithm="sha256").hexdigest()
