"""The widget in pages as integrators make them: with Bootstrap, with React and Vite, and on an exported site without a portal."""

import mimetypes
import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.chromium import violations
from tests.e2e.test_exported import served
from tests.e2e.test_widget import COST, Host, host, key, script, shop, told

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["host", "key", "script", "served", "shop"]
sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
expect = sync_api.expect
pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

CLIENT = Path(__file__).parents[1] / "client"
MODULES = CLIENT / "node_modules"
ENTRY = "What does a resident permit cost?"
NEEDS_MODULES = pytest.mark.skipif(not MODULES.is_dir(), reason="`npm ci` was not run in tests/client")


def serve(host: Host, path: str, file: Path) -> None:
    kind = mimetypes.guess_type(file.name)[0] or "text/plain"
    host.pages[path] = ({"Content-Type": f"{kind}; charset=utf-8"}, file.read_text(encoding="utf-8"))


def looks(shop: "Page") -> list[str]:
    """How the widget's texts and buttons are drawn."""
    drawn = "e => { const s = getComputedStyle(e); return [s.fontFamily, s.fontSize, s.color, s.padding, s.display].join() }"
    root = shop.locator("polyfaq-widget")
    return [
        root.locator(name).first.evaluate(drawn) for name in ("h2", "input", "form button", ".list button", "p.quiet")
    ]


@NEEDS_MODULES
def test_bootstrap_and_the_widget_leave_each_other_alone(shop: "Page", host: Host, key: str, script: str) -> None:
    bootstrap = MODULES / "bootstrap" / "dist"
    serve(host, "/bootstrap.css", bootstrap / "css" / "bootstrap.min.css")
    serve(host, "/bootstrap.js", bootstrap / "js" / "bootstrap.bundle.min.js")
    widget = f'<polyfaq-widget mode="inline" key="{key}"></polyfaq-widget>{script}'
    shop.goto(host.show(widget, path="/plain"))
    expect(shop.get_by_role("button", name=ENTRY)).to_be_visible()
    plain = looks(shop)
    head = '<link rel="stylesheet" href="/bootstrap.css"><script defer src="/bootstrap.js"></script>'
    modal = (
        '<button class="btn btn-primary" data-bs-toggle="modal" data-bs-target="#help">Checkout help</button>'
        '<div class="modal" id="help" tabindex="-1" aria-label="Help"><div class="modal-dialog">'
        f'<div class="modal-content">{widget}</div></div></div>'
    )
    shop.goto(host.show(f'<div class="container">{modal}</div>', head=head))
    shop.get_by_role("button", name="Checkout help").click()
    entry = shop.get_by_role("button", name=ENTRY)
    expect(entry).to_be_visible()
    assert looks(shop) == plain
    shop.get_by_role("combobox").click()
    shop.keyboard.type("resident permit")  # Bootstrap's modal keeps the focus within itself
    expect(shop.get_by_role("option")).to_have_text([ENTRY])
    shop.keyboard.press("Escape")  # the list of suggestions alone
    expect(entry).to_be_visible()
    entry.click()
    expect(shop.locator(".answer")).to_contain_text(COST)
    assert violations(shop) == []
    assert shop.noise == []  # type: ignore[attr-defined]


@pytest.fixture
def built(key: str, live_server: Any, tmp_path: Path) -> Path:
    """The shop made with React, as Vite packs it for production."""
    command = [MODULES / ".bin" / "vite", "build", CLIENT / "react", "--outDir", tmp_path, "--emptyOutDir"]
    environment = os.environ | {"VITE_PORTAL": live_server.url, "VITE_KEY": key}
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=120)
    return tmp_path


@NEEDS_MODULES
def test_react_mounts_and_unmounts_it_as_often_as_it_likes(shop: "Page", host: Host, built: Path) -> None:
    for file in built.rglob("*"):
        if file.is_file():
            serve(host, "/" if file.name == "index.html" else f"/{file.relative_to(built).as_posix()}", file)
    shop.goto(f"{host.url}/")
    heard, help_ = shop.locator("#heard"), shop.get_by_role("button", name="Help", exact=True)
    for times in (1, 2):
        help_.click()
        shop.get_by_role("button", name=ENTRY).click()
        expect(shop.locator(".answer")).to_contain_text(COST)
        expect(heard).to_have_text(str(times))
        help_.click()
        expect(shop.locator("polyfaq-widget")).to_have_count(0)
    help_.click()
    shop.get_by_role("button", name="Arabic").click()
    expect(shop.get_by_role("button", name="كم تكلفة تصريح السكان؟")).to_be_visible()
    assert shop.noise == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("lang", "typed", "entry", "cost"),
    [
        ("en", "permit costs", ENTRY, COST),
        ("ar", "تصريح السكان", "كم تكلفة تصريح السكان؟", "30 يورو"),
        ("zh-CN", "resident", ENTRY, COST),
        ("fi", "resident", ENTRY, COST),
    ],
)
def test_the_widget_finds_and_shows_answers_out_of_files_on_another_site(
    shop: "Page", host: Host, served: str, lang: str, typed: str, entry: str, cost: str
) -> None:
    policy = f"default-src 'none'; img-src data:; script-src {served}; connect-src {served}"
    script = f'<script async src="{served}/static/widget/polyfaq-widget.js"></script>'
    lines = f'<polyfaq-widget files mode="inline"></polyfaq-widget>{script}'
    shop.goto(host.show(lines, lang=lang, Content_Security_Policy=policy))
    expect(shop.get_by_role("button", name=entry)).to_be_visible()
    box = shop.get_by_role("combobox")
    box.fill(typed)
    expect(shop.get_by_role("option")).to_have_text([entry])
    box.press("Enter")
    shop.get_by_role("button", name=entry).click()
    expect(shop.locator(".answer")).to_contain_text(cost)
    shop.locator(".ref").first.click()
    expect(shop.locator("details[open] a")).to_have_attribute("href", re.compile("/sources/parking/"))
    expect(shop.locator('[part="feedback"]')).to_have_count(0)  # nobody is there to count votes
    box.fill("zzz qqq")
    box.press("Enter")
    expect(shop.locator("h3")).to_be_visible()
    expect(shop.locator(".list button")).to_have_count(0)
    assert told(shop) == ["answer"]
    assert violations(shop) == []
    assert shop.noise == []  # type: ignore[attr-defined]
