"""What is told to Sentry: what broke and where, and no word of anybody, as a whole process sends it."""

import gzip
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal import reporting

SECRET = "larkmouth"
BROKEN = """
import logging, sys, types
import django
django.setup()
import sentry_sdk
from celery import shared_task
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.test import RequestFactory
from django.urls import path

def broken_view(request):
    typed = request.GET["q"]
    raise ValueError(f"cannot read {typed}")

@shared_task
def broken_task(typed):
    raise KeyError(typed)

SECRET = "lark" + "mouth"
made = types.ModuleType("made_urls")
made.urlpatterns = [path("ask/<str:typed>/", lambda request, typed: broken_view(request))]
sys.modules["made_urls"] = made
settings.ROOT_URLCONF = "made_urls"
settings.MIDDLEWARE = ["portal.tracing.RequestIdMiddleware"]  # the others ask a database
sent = RequestFactory(headers={"X-Note": SECRET, "Cookie": f"a={SECRET}", "Host": "localhost"})
request = sent.post(f"/ask/{SECRET}/?q={SECRET}", {"question": SECRET})
list(WSGIHandler()(request.environ, lambda status, headers: status.startswith("500") or sys.exit(status)))
broken_task.apply(args=[SECRET])
logging.getLogger("retrieval").error("Could not index %s", SECRET)
sentry_sdk.flush(10)
"""


class Sentry:
    """Events of envelopes (https://develop.sentry.dev/sdk/data-model/envelopes/), each with the text it came in."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.texts: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                text = (gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body).decode()
                outer.texts.append(text)
                rows = [json.loads(line) for line in text.splitlines() if line]
                outer.events += [
                    payload for kind, payload in zip(rows[1::2], rows[2::2], strict=True) if kind["type"] == "event"
                ]
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.dsn = f"http://key@127.0.0.1:{self.server.server_port}/1"


def test_kinds_and_places_of_errors_are_told_and_no_word_of_anybody(tmp_path: Path) -> None:
    sentry = Sentry()
    threading.Thread(target=sentry.server.serve_forever, daemon=True).start()
    given = {
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "POLYFAQ_HOME": str(tmp_path),
        "POLYFAQ_SENTRY_DSN": sentry.dsn,
    }
    subprocess.run([sys.executable, "-c", BROKEN], env=os.environ | given, check=True, capture_output=True, timeout=120)
    sentry.server.shutdown()
    sentry.server.server_close()
    told = {
        (each.get("exception", {}).get("values", [{}])[-1].get("type"), each.get("logentry", {}).get("message"))
        for each in sentry.events
    }
    assert told == {("ValueError", None), ("KeyError", None), (None, "Could not index %s")}
    [view] = [each for each in sentry.events if "ValueError" in str(each)]
    frames = view["exception"]["values"][-1]["stacktrace"]["frames"]
    assert (frames[-1]["function"], view["request"], len(view["tags"]["request"])) == (
        "broken_view",
        {"method": "POST"},
        32,
    )
    assert [text for text in sentry.texts if SECRET in text] == []


def test_only_what_is_named_is_sent() -> None:
    event = {
        "level": "error", "server_name": SECRET, "user": {"id": SECRET}, "extra": {"argv": SECRET}, "modules": {SECRET: "1"},
        "breadcrumbs": {"values": [SECRET]}, "contexts": {"celery": SECRET}, "tags": {"typed": SECRET},
        "request": {"url": SECRET, "query_string": SECRET, "method": "GET"},
        "logentry": {"message": "Could not read %s", "params": [SECRET], "formatted": SECRET},
        "exception": {"values": [{"type": "OSError", "value": SECRET, "stacktrace": {"frames": [
            {"function": "read", "lineno": 7, "vars": {"typed": SECRET}}]}}]},
    }  # fmt: skip
    kept = reporting.reduced(event)
    assert SECRET not in str(kept)
    assert (kept["request"], kept["logentry"]) == ({"method": "GET"}, {"message": "Could not read %s"})
    assert kept["exception"]["values"][0]["stacktrace"]["frames"][0]["lineno"] == 7


@pytest.mark.parametrize("dsn", ["sentry.city", "https://sentry.city/1", "https://key@sentry.city/"])
def test_what_is_no_address_of_a_project_stops_the_start_and_is_not_repeated(dsn: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="shows as its DSN") as raised:
        reporting.begin(dsn, "production")
    assert dsn not in str(raised.value)


def test_without_its_package_the_start_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentry_sdk", None)
    with pytest.raises(ImproperlyConfigured, match=r"requirements-sentry\.txt"):
        reporting.begin("https://key@errors.example.org/1", "production")
