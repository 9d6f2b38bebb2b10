"""The exported site, served by a real nginx: every link is alive, search works in the browser, unknown addresses are told."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import urljoin, urlsplit
from urllib.request import urlopen

import pytest

from faq import cache
from faq.export import export_site
from faq.models import Locale, Question
from tests.services.servers import ServerMissing
from tests.services.web import exported_site

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def served(permit: Question, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    Locale.objects.exclude(tag__in=["en", "ar", "zh-hans"]).update(enabled=False)
    cache.bump(cache.LOCALES)
    folder: Path = tmp_path_factory.mktemp("site")
    export_site(folder)
    try:
        with exported_site(folder) as address:
            yield address
    except ServerMissing as missing:
        pytest.skip(str(missing))


def _fetched(address: str) -> tuple[int, str]:
    try:
        with urlopen(address, timeout=10) as response:
            return response.status, response.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_every_link_is_alive_and_search_works_without_the_portal(served: str, browser: "Browser") -> None:
    todo, seen = [f"{served}/"], {f"{served}/"}
    while todo:
        page = todo.pop()
        status, text = _fetched(page)
        assert status == 200, page
        for link in re.findall(r'\s(?:href|src|action)="([^"]*)"', text) if page.endswith("/") else ():
            target = urljoin(page, link).partition("#")[0]
            if urlsplit(target).netloc == urlsplit(served).netloc and target not in seen:
                seen.add(target)
                todo.append(target)
    assert f"{served}/zh-hans/sources/parking/" in seen
    status, text = _fetched(f"{served}/en/nothing-here/")
    assert (status, 'class="narrow problem"' in text) == (404, True)

    noise: list[str] = []
    context = browser.new_context(base_url=served, locale="ar", viewport={"width": 390, "height": 844})
    context.on("console", lambda message: noise.append(message.text) if message.type == "error" else None)
    page_: Page = context.new_page()
    try:
        _searched_in_arabic(page_)
    finally:
        context.close()
    assert noise == []


def _searched_in_arabic(page: "Page") -> None:
    from playwright.sync_api import expect

    page.goto("/")
    page.wait_for_url("**/ar/")
    page.locator("main input[name=q]").fill("تصريح السكان")
    page.keyboard.press("Enter")
    page.wait_for_url("**/ar/search/?q=*")
    found: Any = page.locator('[data-part="questions"] a')
    expect(found).to_have_text(["كم تكلفة تصريح السكان؟"])
    page.locator("main input[name=q]").fill("غير موجود")
    expect(page.locator('[data-part="nothing"]')).to_be_visible()
    page.go_back()
    page.wait_for_url("**/ar/")
    page.goto("/ar/questions/permit/")
    page.locator(".refs a").click()
    expect(page.locator(".passage:target")).to_have_count(1)
