"""The language in which the API says what went wrong: the asker's, of those that the interface is translated into.

It is read from the request and the settings alone, so that it can also be told while the database is away.
"""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation.trans_real import parse_accept_lang_header
from rest_framework.request import Request

from faq.queries import locales


def of(request: HttpRequest | Request, body: Any = None) -> str:
    """A code of settings.LANGUAGES: what the body's `locale` means, else the address's `?locale`, else Accept-Language."""
    named = body.get("locale") if isinstance(body, Mapping) else ""
    header = request.headers.get("Accept-Language", "")[:500].replace("_", "-")  # some programs write zh_CN
    weighed = [tag for tag, quality in parse_accept_lang_header(header) if quality]
    codes = tuple(code for code, _ in settings.LANGUAGES)
    wishes = (locales.match(tag, codes) for tag in (str(named or ""), request.GET.get("locale", ""), *weighed))
    return next((code for code in wishes if code), settings.LANGUAGE_CODE)
