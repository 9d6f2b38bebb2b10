"""`python -m benchmarks.widget HOME`: what the widget costs the page that it stands on, in Chromium, of a portal that is there.

The host page is another origin and has nothing but the widget. Parse and run: from a `performance.now()` before the script's text
is evaluated to one after it. First paint: from the moment at which the script has arrived (`responseEnd` of its resource
timing) to the end of the first frame with the widget in it. Each in a fresh context without a cache; a phone is taken for a
processor of a quarter of the speed (Chrome's own throttling).
"""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.pages import served
from benchmarks.rows import Row, at_most
from benchmarks.scratch import Portal
from tests.e2e.chromium import CHROMIUM, QUIET

TITLE = "The widget on another site's page"
TURNS = 15
PAINT_MS, RUN_MS = 100, 20
PHONE = 4
SCRIPT = "/static/widget/polyfaq-widget.js"
MAKE_KEY = "from faq.domain import keys; print(keys.create_widget_key('Bench', allowed_origins=['{}']).public)"
PAINTED = """
() => new Promise((done) => {
  const frame = () => document.querySelector("polyfaq-widget")?.shadowRoot?.querySelector(".main")
    ? requestAnimationFrame(() => setTimeout(() => done(
        performance.now() - performance.getEntriesByType("resource").find((each) => each.name.endsWith(".js")).responseEnd)))
    : requestAnimationFrame(frame);
  frame();
})
"""
RUN = """
async (address) => {
  const text = await (await fetch(address)).text();
  const begun = performance.now();
  (0, eval)(text);
  return performance.now() - begun;
}
"""


def rows(portal: Portal) -> list[Row]:
    """Medians of TURNS, on a desk and on what stands for a phone."""
    from playwright.sync_api import sync_playwright

    found: list[Row] = []
    with served(portal, "portal.wsgi:application") as port, _host() as (origin, pages), sync_playwright() as playwright:
        key = portal.run("manage.py", "shell", "--no-imports", "-c", MAKE_KEY.format(origin)).split()[-1]
        script = f"http://127.0.0.1:{port}{SCRIPT}"
        for mode in ("button", "inline"):
            pages[f"/{mode}"] = (
                f'<!doctype html><html lang="en"><body><polyfaq-widget key="{key}" mode="{mode}"></polyfaq-widget>'
                f'<script async src="{script}"></script></body></html>'
            )
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        for slower, where in ((1, ""), (PHONE, f", a processor {PHONE} times slower")):

            def of(name: str, work: Callable[[Any], float], slower: int = slower) -> float:
                return median(_measured(browser, f"{origin}{name}", work, slower) for _ in range(TURNS))

            run = of("/empty", lambda page: page.evaluate(RUN, script))
            found.append(_row(f"the script parsed and run{where}", run, RUN_MS, slower))
            for mode in ("button", "inline"):
                paint = of(f"/{mode}", lambda page: page.evaluate(PAINTED))
                found.append(_row(f"first paint after the script's arrival, {mode}{where}", paint, PAINT_MS, slower))
        browser.close()
    return found


def _row(what: str, value: float, limit: float, slower: int) -> Row:
    """The limits are those of a desk's processor."""
    return at_most(what, value, limit, " ms", 1) if slower == 1 else Row(what, f"{value:.1f} ms")


def _measured(browser: Any, address: str, work: Callable[[Any], float], slower: int) -> float:
    context = browser.new_context(bypass_csp=True)
    try:
        page = context.new_page()
        if slower > 1:
            context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
        page.goto(address, wait_until="commit")
        return work(page)
    finally:
        context.close()


@contextmanager
def _host() -> Iterator[tuple[str, dict[str, str]]]:
    """The origin of another site, and its pages by path."""
    pages = {"/empty": "<!doctype html><title>Empty</title>"}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.get(self.path, "").encode()
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", pages
        server.shutdown()


def main() -> None:
    portal = Portal(Path(sys.argv[1]).resolve(), Path(os.environ.get("PYTHONPYCACHEPREFIX", "/tmp/widget-modules")))
    print("\n".join(f"{row.what}: {row.value} {row.limit} {'' if row.holds else 'MISSED'}" for row in rows(portal)))


if __name__ == "__main__":
    main()
