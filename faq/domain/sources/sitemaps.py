"""A whole site as sources: its sitemap looked through first, then its pages read by a job.

Invariants: every address goes through the checks of all web sources, also those that a sitemap or a robots.txt names; a
sitemap speaks for its own host only; what is looked at is bounded. Looking changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from faq.domain import access, audit, jobs
from faq.enums import JobKind
from faq.errors import DomainError, Invalid
from faq.gateways import retrieval
from faq.models import Job, Source, Topic
from faq.queries import locales
from retrieval.ingest.sitemap import Page

MOST_PAGES = 2000
"""That come in at once; a part of the address says which of a larger site."""
MOST_SITEMAPS = 30


@dataclass(frozen=True, slots=True)
class Looked:
    """Addresses in their order. `pages`: that would come in; `known`: that are sources already; `elsewhere`: how many are of
    another host, `abroad`: by the sitemap in other languages only; `unread`: sitemaps that failed, each with the reason."""

    pages: tuple[str, ...]
    known: tuple[str, ...]
    elsewhere: int
    abroad: int
    unread: tuple[str, ...]

    @property
    def too_many(self) -> int:
        """How many are above MOST_PAGES."""
        return max(0, len(self.pages) - MOST_PAGES)


@access.needs("add_source")
def look_at_sitemap(url: str, locale: str, *, part: str = "", actor: audit.Actor = None) -> Looked:
    """What a sitemap, or the one of a site, names in a language; `part`: only addresses that contain this.

    Invalid or Unavailable when there is no sitemap to be read. Fetches MOST_SITEMAPS at most.
    """
    tag = locales.require(locale).tag
    found, unread = _read(url)
    host = urlsplit(url).hostname
    here, elsewhere, abroad = dict[str, None](), 0, 0
    for page in found:
        address = _in(page, tag)
        if not address:
            abroad += 1
        elif urlsplit(address).hostname != host:
            elsewhere += 1
        elif part.casefold() in address.casefold():
            here[address] = None
    known = _known(list(here))
    return Looked(
        tuple(each for each in here if each not in known),
        tuple(each for each in here if each in known),
        elsewhere,
        abroad,
        tuple(unread),
    )


def _publishing(given: Mapping[str, Any]) -> access.Permissions:
    return ("publish_source",) if given["publish"] else ()


@access.needs("add_source", also=_publishing)
def ingest_sitemap(
    url: str,
    locale: str,
    *,
    part: str = "",
    topic: Topic | None = None,
    refresh_hours: int = 0,
    publish: bool = False,
    actor: audit.Actor = None,
) -> Job:
    """Look again, and enqueue the job that reads the pages that are new. Invalid for none, or for more than MOST_PAGES."""
    looked = look_at_sitemap(url, locale, part=part)
    if not looked.pages:
        raise Invalid("There is no page to bring in.")
    if looked.too_many:
        raise Invalid(
            "%(n)s pages are too many at once; at most %(most)s. Say which part of the addresses you want.",
            n=len(looked.pages),
            most=MOST_PAGES,
        )
    args = {
        "urls": list(looked.pages),
        "locale": locales.require(locale).tag,
        "topic": topic.key if topic else "",
        "refresh_hours": refresh_hours,
        "publish": publish,
    }
    return jobs.enqueue(JobKind.INGEST, args, actor=actor)


def _read(url: str) -> tuple[list[Page], list[str]]:
    """All pages of a sitemap and of those that it names; of a site's address, of its own. And what could not be read."""
    found: list[Page] = []
    unread: list[str] = []
    waiting, seen = _begin(url), set[str]()
    while waiting and len(seen) < MOST_SITEMAPS:
        address = waiting.pop(0)
        if address in seen:
            continue
        seen.add(address)
        try:
            sitemap = retrieval.sitemap(address)
        except DomainError as error:
            if not found and not waiting:
                raise
            unread.append(str(error))
            continue
        found += sitemap.pages
        waiting += sitemap.sitemaps
    return found, unread


def _begin(url: str) -> list[str]:
    """Where to begin: a file, else the sitemaps that the site's robots.txt names, else the usual place."""
    path = urlsplit(url).path.lower()
    if path.endswith((".xml", ".gz", ".txt")) and not path.endswith("/robots.txt"):
        return [url]
    try:
        named = retrieval.sitemaps_of(urljoin(url, "/robots.txt"))
    except DomainError:
        named = []
    return named or [urljoin(url, "/sitemap.xml")]


def _in(page: Page, tag: str) -> str:
    """The page's address in a language; its own where the sitemap names no languages, empty where it has others only."""
    languages = dict(page.languages)
    if not languages:
        return page.url
    for wanted in (tag.lower(), tag.lower().partition("-")[0]):
        if wanted in languages:
            return languages[wanted]
    near = [url for each, url in languages.items() if each.partition("-")[0] == tag.lower().partition("-")[0]]
    return near[0] if near else ""


def _known(addresses: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for at in range(0, len(addresses), 500):
        found |= set(Source.objects.filter(path__in=addresses[at : at + 500]).values_list("path", flat=True))
    return found
