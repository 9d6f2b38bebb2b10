"""Run the whole stack of compose.yaml on this machine and break it: `python -m tests.e2e.stack [--tls] [--keep]`.

PostgreSQL, Redis and nginx are Debian's; Weaviate is the one that WEAVIATE_URL names, else the index is the embedded one. It
loads the demonstration, reads and edits in Chromium, looks at what nginx keeps and lets through, kills a worker in the
middle of a job, starts Redis anew and empty, and takes the portal away, with readers at it all the time. It takes some
ten minutes, prints what it found, and ends with 1 when something was not as it must be. It leaves nothing behind.
"""

import argparse
import json
import os
import re
import signal
import ssl
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote, urlsplit
from urllib.request import Request, urlopen

from tests.e2e.chromium import CHROMIUM, QUIET
from tests.e2e.stacked import METRICS_TOKEN, Stack, drop_collections, running

ASKED = {
    "en": "What must I hand in to park all year in my own street?",
    "ar": "أين أسلّم بقايا الورنيش والتنر ومبيد الأعشاب؟",
    "zh-hans": "药店收不收过期的药片？",
}
POOL = "# The swimming pool\n\nThe pool is open on Sundays from 10:00 to 18:00. A ticket for adults costs 6 euros.\n"
OPENING, TICKET = "The pool is open on Sundays from 10:00 to 18:00.", "A ticket for adults costs 6 euros."
MANY, PAGES = 1500, 30
PATIENCE = 240


class Report:
    """What was found, printed as it comes."""

    def __init__(self) -> None:
        self.failures = 0

    def line(self, name: str, ok: bool, detail: object = "") -> None:
        self.failures += not ok
        sys.stdout.write(f"{'ok  ' if ok else 'FAIL'}  {name}{f': {detail}' if detail != '' else ''}\n")
        sys.stdout.flush()


class Visitor:
    """Requests without a browser, through nginx, of whatever header fields."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._context = ssl.create_default_context()
        if stack.tls:
            self._context.load_verify_locations(stack.directory / "secrets" / "tls_certificate")

    def get(self, path: str, method: str = "GET", body: bytes | None = None, **fields: str) -> Any:
        """`status`, `headers`, `body` and `seconds` of the answer. Underscores in names of fields stand for hyphens."""
        parts = urlsplit(self._stack.url)
        made = (
            HTTPSConnection(parts.netloc, timeout=90, context=self._context)
            if self._stack.tls
            else HTTPConnection(parts.netloc, timeout=90)
        )
        begun = time.monotonic()
        try:
            made.request(method, path, body, {name.replace("_", "-"): value for name, value in fields.items()})
            answer = made.getresponse()
            found = answer.read()
        finally:
            made.close()
        return argparse.Namespace(
            status=answer.status, headers=answer.headers, body=found.decode(errors="replace"),
            seconds=time.monotonic() - begun,
        )  # fmt: skip


@contextmanager
def readers(visitor: Visitor, report: Report, name: str, count: int = 4) -> Iterator[None]:
    """People who read and ask while something happens; none may get an error of the server."""
    over, seen, slowest = threading.Event(), Counter[int](), [0.0]
    paths = ["/en/", "/de/", f"/en/ask/?q={quote(ASKED['en'])}", "/en/search/?q=permit", "/en/about/"]

    def read(number: int) -> None:
        turn = number
        while not over.is_set():
            path = paths[turn % len(paths)]
            turn += 1
            try:
                answer = visitor.get(path, Accept_Language=path[1:3])
                seen[answer.status] += 1
                slowest[0] = max(slowest[0], answer.seconds)
            except OSError:
                seen[0] += 1
            over.wait(0.1)

    threads = [threading.Thread(target=read, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    yield
    over.set()
    for thread in threads:
        thread.join(120)
    wrong = {status: n for status, n in seen.items() if status >= 500 or not status}
    detail = f"{sum(seen.values())} requests, {dict(seen)}, slowest {slowest[0]:.2f} s"
    report.line(f"no reader got an error while {name}", not wrong, detail)


def until(condition: Callable[[], Any], seconds: float = PATIENCE) -> float | None:
    """Seconds until the condition held; None when it never did."""
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        if condition():
            return time.monotonic() - begun
        time.sleep(0.1)
    return None


def proxy(visitor: Visitor, report: Report, tls: bool) -> None:
    """What nginx keeps, passes on, and lets nobody see."""
    en = {"Accept_Language": "en-GB,en;q=0.8"}
    visitor.get("/en/", **en)
    again = visitor.get("/en/", **en)
    report.line("a page is kept for a second", again.headers["X-Cache"] == "HIT", again.headers["X-Cache"])
    report.line("its Cache-Control lets others ask first", again.headers["Cache-Control"] == "public, no-cache")
    time.sleep(2.5)  # nginx counts in whole seconds: one of them is over after at most two
    later = visitor.get("/en/", **en)
    report.line("after it, its tag is asked about", later.headers["X-Cache"] == "REVALIDATED", later.headers["X-Cache"])
    known = visitor.get("/en/", If_None_Match=later.headers["ETag"] or "", **en)
    report.line("a reader who has the page is told so", known.status == 304, known.status)
    packed = visitor.get("/en/", Accept_Encoding="gzip", **en)
    report.line("a compressed copy is another one", packed.headers["Content-Encoding"] == "gzip")
    own = visitor.get("/en/", Cookie="sessionid=x", **en)
    report.line("whoever has a session passes by", own.headers["X-Cache"] == "BYPASS", own.headers["X-Cache"])
    chosen = visitor.get("/de/", **en)
    remembered = "polyfaq_locale=de" in (chosen.headers["Set-Cookie"] or "")
    report.line("a page in another language than the reader's is remembered", remembered, chosen.headers["X-Cache"])
    led = {tag: visitor.get("/", Accept_Language=tag).headers["Location"] for tag in ("de", "ar", "zh-CN", "xx")}
    report.line("/ leads by the browser's wish", list(led.values()) == ["/de/", "/ar/", "/zh-hans/", "/en/"], led)
    led = {"cookie": visitor.get("/", Cookie="polyfaq_locale=fr", Accept_Language="de").headers["Location"]}
    report.line("/ leads by the cookie before it", led["cookie"] == "/fr/", led["cookie"])
    spoofed = visitor.get("/en/about/", X_Forwarded_Proto="gopher", X_Forwarded_Host="evil.example", **en)
    report.line(
        "what a visitor says of the proxy is not believed", spoofed.status == 200 and "evil" not in spoofed.body
    )
    hidden = [visitor.get(path).status for path in ("/metrics", "/readyz")]
    report.line("metrics and readiness are not for the public", hidden == [404, 404], hidden)
    large = visitor.get("/api/v1/ask", "POST", b" " * 3_000_000, Content_Type="application/json").status
    report.line("a body that is too large is refused at the door", large == 413, large)
    style = again.body.split('rel="stylesheet" href="')[1].split('"')[0]
    kept = visitor.get(style, Accept_Encoding="gzip")
    report.line(
        "static files come from nginx, compressed, for good",
        (kept.status, kept.headers["Content-Encoding"], "immutable" in kept.headers["Cache-Control"])
        == (200, "gzip", True),
        style,
    )
    streamed = visitor.get(f"/en/ask/stream/?q={quote(ASKED['en'])}", **en)
    report.line(
        "an answer streams through",
        streamed.headers["Content-Type"].startswith("text/event-stream") and "event: done" in streamed.body,
    )
    if tls:
        report.line("HSTS is sent", again.headers["Strict-Transport-Security"] == "max-age=31536000")


def redirect(stack: Stack, report: Report) -> None:
    made = HTTPConnection("127.0.0.1", stack.ports["http"], timeout=30)
    made.request("GET", "/en/?a=1", headers={"Host": "localhost"})
    answer = made.getresponse()
    report.line(
        "http leads to https",
        (answer.status, answer.headers["Location"]) == (308, "https://localhost/en/?a=1"),
        answer.headers["Location"],
    )
    made.close()


def asking(context: Any, report: Report) -> None:
    """Questions in three languages as a reader asks them."""
    page = context.new_page()
    for tag, question in ASKED.items():
        page.goto(f"/{tag}/ask/")
        page.fill("#q", question)
        page.press("#q", "Enter")
        page.locator(".answer-text").wait_for(timeout=60_000)
        page.locator(".refs li").first.wait_for(timeout=60_000)
        text = page.locator(".answer-text").inner_text().replace("\n", " ")
        direction = page.evaluate("document.documentElement.dir")
        refs = page.locator(".refs li").count()
        ok = refs > 0 and direction == ("rtl" if tag == "ar" else "ltr")
        report.line(f"an answer in {tag} with references", ok, f"{refs} references, {text[:90]}")
    page.close()


def publishing(context: Any, visitor: Visitor, report: Report) -> None:
    """An editor publishes through the desk; a reader whose page nginx keeps sees it."""
    page = context.new_page()
    page.goto("/admin/login/?next=/admin/")
    page.fill("#id_username", "editor")
    page.fill("#id_password", "larkmouth")
    page.press("#id_password", "Enter")
    page.wait_for_url(lambda url: urlsplit(url).path == "/admin/")
    page.goto("/admin/faq/source/add/")
    page.get_by_label("Paste text or Markdown").fill(POOL)
    page.get_by_role("button", name="Add source").click()
    page.get_by_role("button", name="Publish revision 1").click()
    page.get_by_text("Published. The portal answers from it now.").wait_for()
    page.goto("/admin/faq/question/add/")
    page.get_by_label("Question", exact=False).first.fill("When is the pool open on Sundays?")
    page.get_by_role("button", name="Create and draft an answer").click()
    page.get_by_label("Answer", exact=True).wait_for()
    desk = page.url
    page.get_by_label("Answer", exact=True).fill(f"{OPENING} [1]")
    page.get_by_role("button", name="Save and publish").click()
    page.get_by_text("Published. Readers see it now.").wait_for()
    page.get_by_role("link", name="View on site").click()
    page.wait_for_url("**/questions/**")
    path = urlsplit(page.url).path

    def shown() -> str:
        return str(visitor.get(path, Accept_Language="en").body)

    first = until(lambda: OPENING in shown(), 30)
    hit = visitor.get(path, Accept_Language="en").headers["X-Cache"]
    report.line("a new question is on the site, and kept by nginx", first is not None and hit == "HIT", hit)
    page.goto(desk)
    answer = page.get_by_label("Answer", exact=True)
    answer.fill(f"{OPENING} [1] {TICKET}")
    page.get_by_role("button", name="Cite The swimming pool").first.click()
    shown()
    page.get_by_role("button", name="Save and publish").click()
    page.get_by_text("Published. Readers see it now.").wait_for()
    report.line("the editor sees the change at once", TICKET in page.goto(path).text())
    seconds = until(lambda: TICKET in shown(), 30)
    detail = f"{seconds:.2f} s after the desk said so" if seconds is not None else "never"
    report.line("a reader sees it when nginx's second is over", seconds is not None and seconds <= 2.2, detail)
    page.close()


def unfinished(stack: Stack) -> list[dict[str, Any]]:
    found = json.loads(stack.manage("jobs", "--json"))
    rows = found if isinstance(found, list) else found.get("jobs", [])
    return [row for row in rows if row["state"] in ("queued", "running")]


def shell(stack: Stack, code: str) -> Any:
    """What the code's last line of output says, as JSON."""
    printed = stack.manage("shell", "--no-imports", "--command", code).strip().splitlines()
    return json.loads(printed[-1]) if printed else None


@contextmanager
def slow_site(pages: int) -> Iterator[list[str]]:
    """The addresses of a web site that takes its time over each page."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            time.sleep(0.4)
            name = self.path.strip("/")
            body = f"<html><head><title>{name}</title></head><body><h1>{name}</h1><p>The {name} opens at noon.</p></body></html>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            with suppress(BrokenPipeError):  # the reader was killed
                self.wfile.write(body.encode())

        def log_message(self, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield [f"http://127.0.0.1:{server.server_port}/pavilion-{number}" for number in range(pages)]
        server.shutdown()


def killing(stack: Stack, visitor: Visitor, report: Report) -> None:
    """SIGKILL to a worker with all its processes, in the middle of reading web pages and of building the index anew."""
    folder = stack.directory / "many"
    folder.mkdir()
    for number in range(MANY):
        text = f"# Room {number}\n\nRoom {number} of the town hall is on floor {number % 9} and opens at {number % 12}:00.\n"
        (folder / f"room-{number}.md").write_text(text)
    stack.manage("ingest", str(folder), "--locale", "en", "--publish", "--no-wait")
    with slow_site(PAGES) as urls:
        jobs = {
            "worker": ("ingest", {"urls": urls, "locale": "en", "publish": True}),
            "worker-housekeeping": ("rebuild_index", {}),
        }
        for service, (kind, args) in jobs.items():
            with readers(visitor, report, f"{service} was killed in the middle of {kind}"):
                shell(stack, f"from faq.domain import jobs; jobs.enqueue({kind!r}, {args!r})")
                began = until(lambda: any(row["state"] == "running" for row in unfinished(stack)), 60)
                stack.kill(service)
                left = unfinished(stack)
                report.line(f"{service} was killed in the middle of {kind}", began is not None and len(left) == 1)
                seconds = until(lambda: not unfinished(stack))
            again = f"restarted {Counter(stack.restarts)[service]} time"
            report.line("the job was done", seconds is not None, f"{round(seconds or 0)} s later, {again}")
            state = json.loads(stack.manage("index", "--check", "--json"))
            report.line("index and database agree", _agree(state))
    count = "from faq.models import Source; print(Source.objects.filter(title__startswith='pavilion-').count())"
    report.line("every page was read, and none twice", shell(stack, count) == PAGES, shell(stack, count))


def _agree(state: dict[str, Any]) -> bool:
    return not any(state.get(name) for name in ("missing", "orphaned", "differing"))


def forgetting(stack: Stack, visitor: Visitor, report: Report) -> None:
    """Redis goes, and comes back empty, with a job in between."""
    with readers(visitor, report, "Redis was away and came back empty"):
        stack.kill("redis", signal.SIGKILL, stay_down=True)
        source = stack.directory / "between.md"
        source.write_text("# The lighthouse museum\n\nThe lighthouse museum shows its old lamp at noon.\n")
        stack.manage("ingest", str(source), "--locale", "en", "--publish", "--no-wait")
        time.sleep(2)
        stack.start("redis")
        stack.wait("redis")
        seconds = until(lambda: not unfinished(stack), PATIENCE)
    report.line(
        "a job of that time was done", seconds is not None, f"{seconds and round(seconds)} s after Redis was back"
    )
    found = visitor.get(
        f"/en/ask/?q={quote('When does the lighthouse museum show its old lamp?')}", Accept_Language="en"
    )
    report.line("and its source answers", "shows its old lamp at noon" in found.body)
    wrong = [
        name for name in ("worker", "worker-translate", "worker-housekeeping", "beat", "web") if not stack.is_well(name)
    ]
    report.line("every service is well again", not wrong, ", ".join(wrong))


def away(stack: Stack, visitor: Visitor, report: Report) -> None:
    """No portal: kept pages, else a page that says so."""
    en = {"Accept_Language": "en"}
    visitor.get("/en/", **en)
    stack.kill("web", signal.SIGTERM, stay_down=True)
    time.sleep(2.5)
    kept = visitor.get("/en/", **en)
    report.line("kept pages are shown without the portal", (kept.status, kept.headers["X-Cache"]) == (200, "STALE"))
    page = visitor.get("/en/topics/none/", **en)
    report.line("for others a page says so", page.status == 502 and "Back in a moment" in page.body, page.status)
    problem = visitor.get("/api/v1/ask", "POST", b"{}")
    report.line(
        "and for programs a problem", problem.headers["Content-Type"] == "application/problem+json", problem.status
    )
    stack.start("web")
    stack.wait("web")
    report.line(
        "and then it is back", until(lambda: visitor.get("/en/topics/none/", **en).status == 404, 60) is not None
    )


def flooding(visitor: Visitor, report: Report) -> None:
    """One address asks without end; others who read are not troubled."""
    for path, shape in {"/en/ask/?q=": "text/plain", "/api/v1/search?q=": "application/problem+json"}.items():
        with ThreadPoolExecutor(16) as pool:
            found = list(
                pool.map(lambda n, path=path: visitor.get(f"{path}flood{n}", Accept_Language="en"), range(160))
            )  # type: ignore[misc]
        refused = [each for each in found if each.status == 429 and each.headers["Retry-After"] == "5"]
        right = {each.headers["Content-Type"].split(";")[0] for each in refused} == {shape}
        report.line(f"a flood of {path} is told to wait", right, dict(Counter(each.status for each in found)))
        report.line("and pages are read all the same", visitor.get("/en/", Accept_Language="en").status == 200)
        time.sleep(5)
        report.line(
            "and after five seconds it may again", visitor.get(f"{path}again", Accept_Language="en").status == 200
        )


def watching(stack: Stack, visitor: Visitor, report: Report) -> None:
    """What operators see: figures of what happened, logs that join a request to its jobs, and no word of a reader."""
    with urlopen(
        Request(
            f"http://127.0.0.1:{stack.ports['web']}/metrics",
            headers={"Authorization": f"Bearer {METRICS_TOKEN}"},
        ),
        timeout=30,
    ) as answer:
        metrics = answer.read().decode()
    for metric in ("polyfaq_asked_total", "polyfaq_ask_seconds_bucket", "polyfaq_jobs", "polyfaq_queue_depth"):
        rows = [line for line in metrics.splitlines() if line.startswith(metric)]
        report.line(f"{metric} is told", bool(rows), f"{len(rows)} rows")
    asked = visitor.get("/en/ask/?q=xylophonequartet", Accept_Language="en")
    name = asked.headers["X-Request-ID"] or "-"
    report.line("a request is found in the web log by its id", name in stack.log("web"), name)
    workers = "".join(stack.log(name) for name in ("worker", "worker-translate", "worker-housekeeping"))
    report.line("workers' lines carry the id of what caused the job", bool(re.search(r" [0-9a-f]{32} ", workers)))
    told = [name for name in stack.services if "xylophonequartet" in stack.log(name)]
    report.line("no log holds what readers asked", not told, told or "")


def errors(stack: Stack, report: Report) -> None:
    """Tracebacks that nobody expected."""
    for name in ("web", "worker", "worker-translate", "worker-housekeeping", "beat", "nginx"):
        log = stack.log(name)
        found = [
            line for line in log.splitlines() if line.startswith("Traceback") or "[emerg]" in line or "[alert]" in line
        ]
        report.line(f"{name} wrote no traceback", not found, len(found) or "")


def examine(stack: Stack, report: Report) -> None:
    from playwright.sync_api import sync_playwright

    begun = time.monotonic()
    stack.manage("load_demo")
    report.line("the demonstration is loaded", True, f"{time.monotonic() - begun:.0f} s")
    visitor = Visitor(stack)
    until(lambda: not unfinished(stack))  # what follows from loading changes pages
    proxy(visitor, report, stack.tls)
    if stack.tls:
        redirect(stack, report)
    noise: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)

        def person() -> Any:
            context = browser.new_context(base_url=stack.url, ignore_https_errors=True, locale="en-GB")
            context.on("console", lambda message: noise.append(message.text) if message.type == "error" else None)
            return context

        asking(person(), report)
        publishing(person(), visitor, report)  # another one: the first has chosen Chinese
        browser.close()
    report.line("the browser found nothing wrong", not noise, noise or "")
    killing(stack, visitor, report)
    forgetting(stack, visitor, report)
    flooding(visitor, report)
    watching(stack, visitor, report)
    away(stack, visitor, report)
    errors(stack, report)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--tls", action="store_true", help="with a certificate made for this run")
    parser.add_argument("--keep", action="store_true", help="keep logs and state")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    weaviate = {name: value for name, value in os.environ.items() if name.startswith("WEAVIATE_")}
    prefix = f"Stack{os.getpid()}"
    if weaviate:
        weaviate["WEAVIATE_PREFIX"] = prefix
    report = Report()
    try:
        with running(tls=options.tls, keep=options.keep, weaviate=weaviate) as stack:
            report.line("every service is well", True, stack.url)
            examine(stack, report)
    finally:
        if url := weaviate.get("WEAVIATE_URL"):
            drop_collections(url, weaviate.get("WEAVIATE_API_KEY", ""), prefix)
    return int(report.failures > 0)


if __name__ == "__main__":
    sys.exit(main())
