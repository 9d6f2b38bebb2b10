"""Documentation as it is found: 23 pages of a real website, with front matter, shortcodes and raw HTML, asked the
questions of its own FAQ page in English, and some of them in German."""

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from faq.domain.ask import ask
from faq.models import Passage

PAGES = Path(__file__).resolve().parents[3] / "shared" / "data" / "letsencrypt"
TEMPLATING = re.compile(r"\{\{|\}\}|^---$|^\+\+\+$", re.MULTILINE)
GERMAN = {
    "wildcard": "Stellt Let's Encrypt Wildcard-Zertifikate aus?",
    "operating system": "Gibt es einen ACME-Client für mein Betriebssystem?",
    "IP addresses": "Welche IP-Adressen benutzt Let's Encrypt, um meinen Webserver zu prüfen?",
    "random time": "Warum soll mein ACME-Client zu einer zufälligen Zeit laufen?",
    "private keys": "Erzeugt oder speichert Let's Encrypt die privaten Schlüssel meiner Zertifikate?",
    "Organization Validation": "Stellt Let's Encrypt OV- oder EV-Zertifikate aus?",
}

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not PAGES.is_dir(), reason="the documentation pages for measuring are not on this machine"),
]


@pytest.fixture
def ingested(starter: Any) -> dict[str, Any]:
    from faq import tasks
    from faq.domain import indexing

    out = io.StringIO()
    call_command("ingest", str(PAGES), locale="en", publish=True, json=True, no_wait=True, stdout=out)
    indexing.sync_all()
    tasks.background().deferred.clear()
    report: dict[str, Any] = json.loads(out.getvalue())
    return report


def headings() -> list[str]:
    lines = (PAGES / "faq.md").read_text(encoding="utf-8").splitlines()
    return [line.removeprefix("## ").split("{#")[0].strip() for line in lines if line.startswith("## ")]


def test_real_documentation_answers_the_questions_of_its_own_faq_page(ingested: dict[str, Any]) -> None:
    assert ingested["added"] == len(list(PAGES.glob("*.md"))) - 1
    assert [Path(failed["path"]).name for failed in ingested["failed"]] == ["_index.md"]  # front matter only
    assert [passage.text for passage in Passage.objects.all() if TEMPLATING.search(passage.text)] == []

    asked = headings()
    assert len(asked) >= 18
    assert [question for question in asked if not cites(question, "en", question)] == []
    missed = [question for part, question in GERMAN.items() if not cites(question, "de", part)]
    assert missed == []


def cites(question: str, locale: str, heading: str) -> bool:
    """Whether the answer cites a passage of the FAQ page under the heading that has these words."""
    result = ask(question, locale, record=False)
    return any(heading.casefold() in each["heading"].casefold() for each in result.citations)
