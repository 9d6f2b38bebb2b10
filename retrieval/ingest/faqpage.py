"""Questions and answers that a page states as data: schema.org's FAQPage in JSON-LD, in an HTML page or a file of its own.

Invariant: what comes out is text; markup of an answer is read for its paragraphs, list items and addresses, and dropped.
"""

import json
from collections.abc import Iterator
from typing import Any

from retrieval.ingest.builder import Input, refusal, tidy_line
from retrieval.ingest.decoding import decode

MAX_QUESTIONS = 5_000
MAX_DEPTH = 12
_BLOCKS = {"p", "div", "ul", "ol", "table", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "section", "br"}


def question_pairs(data: bytes, filename: str) -> list[tuple[str, str]]:
    """(question, answer) in their order, each question once; InvalidInput where there is no FAQPage with an answer."""
    text = decode(Input(data, filename))
    found: dict[str, str] = {}
    for block in _blocks(text, filename):
        for node in _nodes(block, 0):
            for question, answer in _pairs(node):
                found.setdefault(question, answer)
                if len(found) > MAX_QUESTIONS:
                    raise refusal(filename, f"it states more than {MAX_QUESTIONS:,} questions. Split it.")
    if not found:
        raise refusal(
            filename, "it states no questions as data (FAQPage in JSON-LD). Add its address as a source instead."
        )
    return list(found.items())


def _blocks(text: str, filename: str) -> Iterator[Any]:
    """The JSON of a file, or of each script of a page that holds any; a script that cannot be read is passed over."""
    if text.lstrip("\ufeff \t\r\n").startswith(("{", "[")):
        try:
            yield json.loads(text.lstrip("\ufeff"))
        except (ValueError, RecursionError) as error:
            raise refusal(filename, f"it is not proper JSON ({error}).") from error
        return
    import lxml.html

    try:
        page = lxml.html.document_fromstring(
            text.encode("utf-8", "replace"), parser=lxml.html.HTMLParser(encoding="utf-8")
        )
    except (ValueError, lxml.etree.LxmlError) as error:
        raise refusal(filename, "it is neither a web page nor JSON.") from error
    for script in page.iter("script"):
        if (script.get("type") or "").split(";")[0].strip().lower() == "application/ld+json":
            try:
                yield json.loads(script.text or "")
            except (ValueError, RecursionError):
                continue


def _nodes(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    """Each FAQPage in the data, however deep it stands (@graph, lists, parts of a page)."""
    if depth > MAX_DEPTH:
        return
    if isinstance(value, list):
        for each in value:
            yield from _nodes(each, depth + 1)
    elif isinstance(value, dict):
        if "FAQPage" in _types(value):
            yield value
        for each in value.values():
            if isinstance(each, dict | list):
                yield from _nodes(each, depth + 1)


def _types(node: dict[str, Any]) -> list[str]:
    said = node.get("@type", "")
    return [str(each).rpartition("/")[2] for each in (said if isinstance(said, list) else [said])]


def _pairs(page: dict[str, Any]) -> Iterator[tuple[str, str]]:
    said = page.get("mainEntity", [])
    for entity in said if isinstance(said, list) else [said]:
        if not isinstance(entity, dict) or "Question" not in _types(entity):
            continue
        answers = entity.get("acceptedAnswer") or entity.get("suggestedAnswer") or {}
        first = answers[0] if isinstance(answers, list) and answers else answers
        question = tidy_line(_text(str(entity.get("name") or entity.get("text") or "")))
        answer = _text(str(first.get("text") or "")) if isinstance(first, dict) else ""
        if question and answer:
            yield question, answer


def _text(markup: str) -> str:
    """Markup as paragraphs and list items; an address that is not its own text stands behind it."""
    if "<" not in markup and "&" not in markup:
        return "\n\n".join(part for part in (" ".join(line.split()) for line in markup.split("\n\n")) if part)
    import lxml.html

    root = lxml.html.fragment_fromstring(markup, create_parent="div")
    pieces: list[str] = []
    _write(root, pieces, 0)
    lines = [" ".join(line.split()) for line in "".join(pieces).split("\n")]
    text = "\n".join(lines)
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text.strip()


def _write(element: Any, pieces: list[str], depth: int) -> None:
    tag = element.tag if isinstance(element.tag, str) else ""
    if tag in ("script", "style") or depth > 200:
        return
    if tag == "li":
        pieces.append("\n- ")
    elif tag in _BLOCKS:
        pieces.append("\n\n")
    pieces.append((element.text or "").replace("\n", " "))
    for child in element:
        if isinstance(child.tag, str):
            _write(child, pieces, depth + 1)
        pieces.append((child.tail or "").replace("\n", " "))
    address = element.get("href") if tag == "a" else None
    if address and address.startswith(("https://", "http://")) and address not in "".join(element.itertext()):
        pieces.append(f" ({address})")
    if tag in _BLOCKS:
        pieces.append("\n\n")
