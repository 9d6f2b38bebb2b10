"""Reading over the API: answers told from the copies that clients hold, kept in memory, and never older than the content.

The ETag is made of stamps (docs/adr/0005), the program and what of the request decides the answer, so that `304` is told
before anything is read. Invariants: what is kept or told unchanged is never older than the last commit; parameters that a
view does not know make no copies of their own.
"""

import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags
from rest_framework.request import Request

from faq import cache
from faq.api import quotas
from faq.api.base import VARY, AskersView, envelope, reader
from faq.api.quotas import AddressQuota
from faq.errors import DomainError
from faq.program import program
from faq.queries.payloads import Reading

SHARED = "public, no-cache"
"""Whoever keeps a copy asks before each use: a change shows at once."""
PERSONAL = "private, no-cache"
JSON = "application/json"
KEPT_ANSWERS = 1000
LARGEST = 300_000
"""An answer of more bytes is made each time: a source as long as a book."""
SPECIAL = frozenset({"HTTP_ORIGIN", "HTTP_AUTHORIZATION"})
_kept = cache.Kept(KEPT_ANSWERS)


class ReadView(AskersView):
    """GET of what is the same for everyone who may read it. Subclasses give `read`, and name what decides it."""

    parameters: tuple[str, ...] = ()
    """Of the query, beside `locale`."""
    groups: tuple[str, ...] = (cache.CONTENT, cache.LOCALES)
    caching = SHARED

    def read(self, request: Request, how: Reading, **names: Any) -> Mapping[str, Any]:
        """The answer as JSON, without its envelope. Raises NotFound and Invalid."""
        raise NotImplementedError

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """What is kept for everybody is told without the framework, which costs more than all else of it."""
        return (self._recalled(request) if _is_plain(request) else None) or super().dispatch(request, *args, **kwargs)

    def _recalled(self, request: HttpRequest) -> HttpResponse | None:
        """None for what is not kept, and for whoever has asked too often: the long way says so."""
        try:
            how = reader(request, self.caller)
        except DomainError:
            return None
        with cache.at_one_moment():
            etag, version, settled = self._moment(request, how)
            known = settled and _names(request, etag)
            body = _kept.get(etag, version) if settled and not known else cache.MISSING
        quota = AddressQuota()
        if (body is cache.MISSING and not known) or not quota.allow_request(request, self):
            return None
        response = HttpResponseNotModified() if known else HttpResponse(body, content_type=JSON)
        for name, value in quotas.headers([quota]).items():
            response.headers[name] = value
        self.tell(response, how, etag)
        patch_vary_headers(response, VARY)
        return response

    def _moment(self, request: HttpRequest | Request, how: Reading) -> tuple[str, str, bool]:
        """(ETag, version of the content, whether no change is under way)."""
        stamps = [cache.stamp(group) for group in self.groups]
        version, settled = ".".join(stamp.version for stamp in stamps), all(stamp.settled for stamp in stamps)
        return f'W/"{self._digest(request, how, version)}"', version, settled

    def get(self, request: Request, **names: Any) -> HttpResponse:
        how = reader(request, self.caller)
        with cache.at_one_moment():
            etag, version, settled = self._moment(request, how)
            if settled and _names(request, etag):
                return self.tell(HttpResponseNotModified(), how, etag)
            body = _kept.get(etag, version) if settled else cache.MISSING
            if body is cache.MISSING:
                made = self.read(request, how, **names)
                body = json.dumps(envelope(how, **made), ensure_ascii=False, cls=DjangoJSONEncoder).encode()
                if settled and len(body) <= LARGEST and self.keeps(made):
                    _kept.put(etag, version, body)
        return self.tell(HttpResponse(body, content_type=JSON), how, etag if settled else "")

    def bound(self) -> Q:
        """Rows of the topics that the caller's key is bound to."""
        return Q(topic__key__in=self.caller.topics) if self.caller.topics else Q()

    def keeps(self, made: Mapping[str, Any]) -> bool:
        """Whether the next one may get the same answer."""
        return True

    def _digest(self, request: HttpRequest | Request, how: Reading, version: str) -> str:
        asked = [request.GET.get(name) for name in self.parameters]  # None: what is left out is not what is empty
        bound = self.caller.topics, self.caller.locales
        parts = [program(), version, request.get_host(), request.path, how.tag, *bound, *asked]
        return blake2b(json.dumps(parts).encode(), digest_size=12).hexdigest()

    def tell(self, response: HttpResponse, how: Reading, etag: str) -> HttpResponse:
        """The response with what says how long it holds, and in which language it is."""
        if etag:
            response.headers["ETag"] = etag
        response.headers["Cache-Control"] = self.caching
        response.headers["Content-Language"] = how.tag
        patch_vary_headers(response, ("Accept-Language",))
        return response


def _is_plain(request: HttpRequest) -> bool:
    """Whether nothing of the request but its address and languages decides the answer."""
    if request.method != "GET" or not SPECIAL.isdisjoint(request.META) or "key" in request.GET:
        return False
    accept = request.META.get("HTTP_ACCEPT", "")
    return not accept or "*/*" in accept or JSON in accept


def _names(request: HttpRequest | Request, etag: str) -> bool:
    given = request.META.get("HTTP_IF_NONE_MATCH")
    return given is not None and etag in parse_etags(given[:2000])
