"""FAQPage data of other sites: found wherever it stands, as text, bounded, and said when there is none."""

import json
from typing import Any

import pytest

from retrieval.ingest.faqpage import question_pairs
from retrieval.types import InvalidInput


def entity(name: str, text: str, **more: Any) -> dict[str, Any]:
    return {"@type": "Question", "name": name, "acceptedAnswer": {"@type": "Answer", "text": text}} | more


def page(*entities: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"@context": "https://schema.org", "@type": "FAQPage", "mainEntity": list(entities)} | more


def html(*blocks: str) -> bytes:
    scripts = "".join(f'<script type="application/ld+json">{block}</script>' for block in blocks)
    return f"<!doctype html><html><head><title>x</title>{scripts}</head><body><p>Not this.</p></body></html>".encode()


def test_questions_of_a_page_come_in_their_order_each_once() -> None:
    data = page(
        entity("How much?", "It costs 5 euros."), entity("Where?", "At the pier."), entity("How much?", "Other.")
    )
    assert question_pairs(html(json.dumps(data)), "a.html") == [
        ("How much?", "It costs 5 euros."),
        ("Where?", "At the pier."),
    ]
    assert question_pairs(json.dumps(data).encode(), "a.json")[1] == ("Where?", "At the pier.")


def test_it_is_found_in_graphs_lists_and_beside_scripts_that_are_broken() -> None:
    graph = {
        "@graph": [{"@type": "Organization"}, page(entity("Where?", "Here."), **{"@type": ["WebPage", "FAQPage"]})]
    }
    other = [{"@type": "https://schema.org/FAQPage", "mainEntity": entity("When?", "Now.")}]
    found = question_pairs(html("{ broken", json.dumps(graph), json.dumps(other)), "a.html")
    assert found == [("Where?", "Here."), ("When?", "Now.")]


def test_markup_of_an_answer_becomes_paragraphs_items_and_addresses() -> None:
    answer = (
        '<p>You need:</p><ul><li>a <b>form</b></li><li>5&nbsp;euros</li></ul>See <a href="https://x.example/a">the page</a>.'
        '<script>alert(1)</script><style>p{}</style><a href="javascript:alert(1)">no</a>'
    )
    (pair,) = question_pairs(json.dumps(page(entity("What &amp; <i>how</i>?", answer))).encode(), "a.json")
    assert pair == (
        "What & how?", "You need:\n\n- a form\n- 5 euros\n\nSee the page (https://x.example/a).no",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<html><body><p>Hello</p></body></html>", "states no questions as data"),
        (b'{"@type": "FAQPage", "mainEntity": [{"@type": "Question", "name": "Q?"}]}', "states no questions"),
        (b"{ nothing", "not proper JSON"), (b"[" * 100_000, "not proper JSON"), (b"", "states no questions|empty|neither"),
    ],
)  # fmt: skip
def test_what_has_none_says_so(data: bytes, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        question_pairs(data, "a.html")


def test_depth_and_number_are_bounded() -> None:
    deep: Any = page(entity("Q?", "A."))
    for _ in range(30):
        deep = {"x": deep}
    with pytest.raises(InvalidInput, match="states no questions"):
        question_pairs(json.dumps(deep).encode(), "a.json")
    many = page(*(entity(f"Q{n}?", "A.") for n in range(5001)))
    with pytest.raises(InvalidInput, match="more than 5,000"):
        question_pairs(json.dumps(many).encode(), "a.json")
