"""The documentation says what is there: settings, commands and links."""

import dataclasses
import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from portal import environment

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "demo" / "README.md", *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def test_every_setting_is_explained_and_none_that_is_not_there():
    settings = (ROOT / "portal" / "settings.py").read_text()
    read = set(re.findall(r'"((?:POLYFAQ|DJANGO)_[A-Z_]+|DATABASE_URL|REDIS_[A-Z]+|CELERY_BROKER_URL)"', settings))
    read |= {f"DATABASE_{field.name.upper()}" for field in dataclasses.fields(environment.Session)}
    page = (ROOT / "docs" / "reference" / "settings.md").read_text()
    told = set(re.findall(r"`((?:POLYFAQ|DJANGO|DATABASE)_[A-Z_]+|REDIS_[A-Z]+|CELERY_BROKER_URL)`", page))
    assert told == read


def test_every_command_is_explained():
    page = (ROOT / "docs" / "reference" / "commands.md").read_text()
    ours = {name for name, app in get_commands().items() if app == "faq"}
    assert ours == {name for name in ours if f"**`{name}" in page}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page):
    targets = [target for target in LINK.findall(page.read_text()) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []
