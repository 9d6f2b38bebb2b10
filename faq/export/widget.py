"""What the widget reads from an exported site in place of the API: the same bodies, as files.

`widget/locales.json`; for each language `TAG/widget/questions.json`, the answered questions, and a file for each of them, with
the passages that its references lead to. So a changed answer rewrites one file in each language that shows it.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from django.conf import settings
from django.templatetags.static import static

from faq.errors import Unavailable
from faq.export.visitor import Visitor

SCRIPT, READER = "widget/polyfaq-widget.js", "widget/polyfaq-files.js"
PAGE_SIZE = 200
File = tuple[str, bytes]


def scripts() -> tuple[str, ...]:
    """Addresses of the widget's scripts: those that last, and the one that means this version alone."""
    base = str(settings.STATIC_URL)
    return tuple(dict.fromkeys((base + SCRIPT, base + READER, static(SCRIPT))))


def files(visitor: Visitor, prefix: str, tags: Sequence[str]) -> Iterator[File]:
    """(name, content) of each file. `prefix`: the path of the site's root. Unavailable where the API does not answer."""
    read = _Reading(visitor, prefix)
    yield "widget/locales.json", _file({"results": read("locales")["results"]})
    for tag in tags:
        rows = list(_questions(read, tag))
        yield f"{tag}/widget/questions.json", _file({"locale": tag, "results": rows})
        for row in rows:
            yield f"{tag}/widget/questions/{row['key']}.json", _file(_question(read, tag, row["key"]))


class _Reading:
    """The API, read by a visitor."""

    def __init__(self, visitor: Visitor, prefix: str) -> None:
        self._visitor, self._prefix = visitor, prefix

    def __call__(self, name: str, **query: object) -> dict[str, Any]:
        answer = self._visitor.get(f"{self._prefix}api/v1/{quote(name)}", urlencode(query))
        if answer.status != 200:
            raise Unavailable("The API answers %(status)s at %(path)s. Try again.", status=answer.status, path=name)
        read: dict[str, Any] = json.loads(answer.body)
        return read


def _questions(read: _Reading, tag: str) -> Iterator[dict[str, Any]]:
    """Answered ones, page by page."""
    asked = {"locale": tag, "answered": "true", "page_size": PAGE_SIZE}
    cursor: dict[str, str] = {}
    while True:
        found = read("questions", **asked, **cursor)
        for row in found["results"]:
            yield {name: row[name] for name in ("key", "text", "topic")}
        if not found["next"]:
            return
        cursor = {"cursor": _cursor(found["next"])}


def _cursor(address: str) -> str:
    return parse_qs(urlsplit(address).query)["cursor"][0]


def _question(read: _Reading, tag: str, key: str) -> dict[str, Any]:
    page = read(f"questions/{key}", locale=tag)
    cited = dict.fromkeys(each["passage"] for each in page["answer"]["citations"]) if page["answer"] else {}
    passages = {name: read(f"passages/{name}", locale=tag) for name in cited}
    for each in passages.values():
        del each["locale"], each["fallbacks"]
    return {**page, "passages": passages}


def _file(content: dict[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
