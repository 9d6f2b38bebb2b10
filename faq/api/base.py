"""What every view of the API shares: who asks, how often, in which language it is said, and in which it is shown."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation.trans_real import parse_accept_lang_header
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from faq.api import access, language, quotas
from faq.api.access import Caller
from faq.domain import keys
from faq.errors import Invalid
from faq.models import Locale
from faq.queries import locales
from faq.queries.payloads import Reading, reading

VARY = ("Origin", "Authorization")


class AskersView(APIView):
    """Speaks the asker's language, also where it refuses a request; refuses whom no key of his lets in."""

    throttle_classes = [quotas.AddressQuota, quotas.KeyQuota]
    cross_origin = True
    """Whether pages of other sites may call it, with a key."""
    caller = Caller()
    counting: Sequence[quotas.Quota] = ()

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with translation.override(language.of(request)):
            return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Raises what refuses a request before it is looked at."""
        if not access.is_preflight(request):
            self.caller = access.caller(request)
        super().initial(request, *args, **kwargs)
        if self.caller.key is not None:
            keys.note_use(self.caller.key)

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Says which methods there are; to a browser, whether a page of another site may use them."""
        if not access.is_preflight(request):
            return HttpResponse(status=204, headers={"Allow": ", ".join(self.allowed_methods)})
        if not self.cross_origin:
            raise access.OriginRefused
        return HttpResponse(status=204, headers=dict(access.preflight(request, ", ".join(self.allowed_methods))))

    def get_throttles(self) -> list[BaseThrottle]:
        throttles = super().get_throttles()
        self.counting = [each for each in throttles if isinstance(each, quotas.Quota)]
        return throttles

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        made = super().finalize_response(request, response, *args, **kwargs)
        for name, value in self._about_the_caller().items():
            made.headers[name] = value
        patch_vary_headers(made, VARY)
        return made

    def _about_the_caller(self) -> Mapping[str, str]:
        return access.headers(self.caller) | quotas.headers(self.counting)

    def body(self, request: Request) -> Any:
        """The request's data; a `locale` in it tells the asker's language better than the headers did."""
        data = request.data
        translation.activate(language.of(request, data))  # until dispatch() ends
        return data


def locale_of(request: HttpRequest | Request, who: Caller, named: str = "") -> Locale:
    """The reader's: the one named in the body or by `?locale`, else what Accept-Language likes best, else the default; of
    those that the caller's key is bound to. Invalid for one that is named and is none of them."""
    named = named or request.GET.get("locale", "")
    if named:
        found = locales.require(named)
        if who.locales and found.tag not in who.locales:
            raise Invalid(
                "There is no language %(locale)s here. Known languages: %(known)s.",
                locale=repr(named[:35]),
                known=", ".join(who.locales),
            )
        return found
    header = request.headers.get("Accept-Language", "")
    if not who.locales:
        return locales.accepted(header) or locales.default_locale()
    return _accepted_of(header, who.locales)


def _accepted_of(header: str, tags: tuple[str, ...]) -> Locale:
    """The best of a few; the portal's default or the first of them where the header names none."""
    enabled = {each.tag: each for each in locales.enabled_locales()}
    among = tuple(tag for tag in tags if tag in enabled)
    if not among:
        raise Invalid(
            "There is no language %(locale)s here. Known languages: %(known)s.",
            locale=repr(tags[0]),
            known=", ".join(enabled),
        )
    weighed = parse_accept_lang_header(header[:500].replace("_", "-"))
    wishes = (locales.match(tag, among) for tag, quality in weighed if quality and tag != "*")
    default = locales.default_locale().tag
    best = next((tag for tag in wishes if tag), default if default in among else among[0])
    return enabled[best]


def envelope(how: Reading, **rest: Any) -> dict[str, Any]:
    """What every read begins with: the reader's locale, and in which order texts fall back where it has none."""
    return {"locale": how.tag, "fallbacks": list(how.chain[1:]), **rest}


def reader(request: HttpRequest | Request, who: Caller) -> Reading:
    """How the reader's locale reads."""
    return reading(locale_of(request, who).tag)
