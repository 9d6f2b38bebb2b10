"""What an exported site is searched by without a server: per language a file of its questions and one of its passages.

Questions are taken from the pages themselves (their JSON-LD), so that a search finds what a reader will read.
"""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from faq.enums import State
from faq.models import Phrasing, Source
from faq.queries import content
from faq.queries.payloads import reading

_JSON_LD = re.compile(r'<script type="application/ld\+json">(.*?)</script>', re.DOTALL)
MOST_BYTES = 4_000_000
"""Of a file of passages; a reader's browser reads it as a whole. Beyond it only questions are searched."""

Row = list[Any]


def question_row(path: str, html: str) -> Row | None:
    """[path, wording, language, answer] of a question's page; None for one without an answer."""
    for found in _JSON_LD.findall(html):
        for node in json.loads(found)["@graph"]:
            if node["@type"] == "FAQPage":
                question = node["mainEntity"][0]
                return [path, question["name"], node["inLanguage"], question["acceptedAnswer"]["text"]]
    return None


def wordings(tag: str) -> dict[str, list[str]]:
    """Key of each published question -> what else readers of a locale call it; one query."""
    rows = Phrasing.objects.filter(
        locale_id__in=reading(tag).chain, question__state=State.PUBLISHED, canonical=False
    ).order_by("pk")
    found: dict[str, list[str]] = {}
    for key, text in rows.values_list("question__key", "text"):
        found.setdefault(key, []).append(text)
    return found


def passage_rows(tag: str, paths: dict[str, str]) -> list[Row]:
    """[path with the passage's fragment, title, language, text] of every passage, translated where it is. `paths`: of the
    sources, by key."""
    rows = []
    for key in (
        Source.objects.filter(state=State.PUBLISHED, key__in=paths).order_by("key").values_list("key", flat=True)
    ):
        page = content.source_page(key, tag)
        for passage in page.passages:
            shown = [block.translation or block.text for block in (*passage.headings, *passage.blocks)]
            if shown:
                lang = tag if passage.translated else shown[-1].lang
                text = "\n".join(each.text for each in shown)
                rows.append([f"{paths[key]}#{passage.key}", page.title.text, lang, text])
    return rows


def questions_file(rows: Iterable[Row]) -> bytes:
    """JSON; rows in the order of their paths, each with its other wordings as the last value."""
    return _json({"questions": sorted(rows, key=lambda row: str(row[0]))})


def passages_file(rows: Sequence[Row]) -> bytes | None:
    """JSON; None where it would be too much for a browser."""
    found = _json({"passages": list(rows)})
    return found if len(found) <= MOST_BYTES else None


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
