"""`python -m benchmarks.api HOME`: of a portal that is there already, what the API costs.

A cached read beside a bare view of Django REST framework that returns the same data, on the same gunicorn at the same time, in
short turns as benchmarks.pages has them; and a question over the API beside the domain's own call, in one process, in turns.
The quotas are lifted: what is measured is the answering.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.pages import _FIRST, _ratio, _read, served
from benchmarks.rows import Row, at_most
from benchmarks.scratch import Portal

SHARE = 0.6
OVERHEAD_MS = 5
RATE = "100000000/min"
BARE = """
import json, os
from django.conf import settings
from django.urls import path
DATA = json.loads(open(os.environ["BODY"], "rb").read())
settings.configure(
    ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, MIDDLEWARE=[], SECRET_KEY="bare", USE_I18N=False,
    INSTALLED_APPS=["rest_framework"],
    REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": [], "UNAUTHENTICATED_USER": None, "DEFAULT_RENDERER_CLASSES": [
        "rest_framework.renderers.JSONRenderer"]},
)
import django
django.setup()
from rest_framework.response import Response
from rest_framework.views import APIView
def sized(response):
    response.headers["Content-Length"] = str(len(response.content))
class Bare(APIView):
    def get(self, request, rest):
        response = Response(DATA)
        response.add_post_render_callback(sized)
        return response
urlpatterns = [path("<path:rest>", Bare.as_view())]
from django.core.wsgi import get_wsgi_application
application = get_wsgi_application()
"""
ASKED = """
import json, time
from statistics import median
from django.test import Client
from django.test.utils import override_settings
from faq.domain import answered
from faq.domain.ask import ask
from faq.models import Phrasing
wordings = Phrasing.objects.filter(canonical=True, locale_id="en", question__state="published")
texts = list(wordings.values_list("text", flat=True)[:40])
client = Client(HTTP_HOST="localhost")
def of_domain(text):
    begun = time.thread_time(); ask(text, "en", record=False); return (time.thread_time() - begun) * 1000
def of_api(text):
    begun = time.thread_time()
    response = client.post("/api/v1/ask", json.dumps({"question": text, "locale": "en"}), content_type="application/json")
    taken = (time.thread_time() - begun) * 1000
    assert response.status_code == 200, response.content
    return taken
for text in texts:
    of_domain(text); of_api(text)
found = []
for turn in range(5):
    for text in texts:
        pair = {}
        for name, call in (("domain", of_domain), ("api", of_api)) if turn % 2 else (("api", of_api), ("domain", of_domain)):
            answered.forget()
            pair[name] = call(text)
        found.append(pair)
print(json.dumps({"domain": median(p["domain"] for p in found), "above": median(p["api"] - p["domain"] for p in found)}))
"""


def rows(portal: Portal) -> list[Row]:
    key = portal.run("manage.py", "shell", "--no-imports", "-c", _FIRST).split()[-1]
    found = []
    with served(portal, "portal.wsgi:application", POLYFAQ_API_RATE=RATE) as ours:
        for what, path in (
            ("a question", f"/api/v1/questions/{key}?locale=de"),
            ("a list", "/api/v1/questions?locale=de"),
        ):
            body, tag = _read(ours, path, {})
            with _bare(portal, body) as bare:
                plain = _ratio(ours, bare, path, {})
                unchanged = _ratio(ours, bare, path, {"If-None-Match": tag})
            value = f"{plain[0]:.2f} ({plain[1]:,.0f} of {plain[2]:,.0f} requests/s; {len(body) / 1000:.0f} kB)"
            found.append(
                Row(f"{what}, cached, of a bare DRF view's requests a second", value, f"≥ {SHARE}", plain[0] >= SHARE)
            )
            found.append(Row("… told unchanged (`304`)", f"{unchanged[0]:.2f} ({unchanged[1]:,.0f} requests/s)"))
    asked = json.loads(
        portal.run("manage.py", "shell", "--no-imports", "-c", ASKED, POLYFAQ_API_RATE=RATE).splitlines()[-1]
    )
    note = f" (the domain's call {asked['domain']:.1f} ms)"
    found.append(
        at_most(
            "ask over the API, above the domain's call, p50 of the processor's time",
            asked["above"],
            OVERHEAD_MS,
            " ms",
            2,
            note=note,
        )
    )
    return found


@contextmanager
def _bare(portal: Portal, body: bytes) -> Iterator[int]:
    folder = portal.home / "bare"
    folder.mkdir(exist_ok=True)
    (folder / "bare_drf.py").write_text(BARE, encoding="utf-8")
    (folder / "body").write_bytes(body)
    with served(portal, "bare_drf:application", BODY=str(folder / "body"), PYTHONPATH=str(folder)) as port:
        if json.loads(_read(port, "/page", {})[0]) != json.loads(body):
            raise SystemExit("The bare view returns other data: the ratio would be false.")
        yield port


def main() -> None:
    portal = Portal(Path(sys.argv[1]).resolve(), Path(os.environ.get("PYTHONPYCACHEPREFIX", "/tmp/api-modules")))
    print("\n".join(f"{row.what}: {row.value} {row.limit} {'' if row.holds else 'MISSED'}" for row in rows(portal)))


if __name__ == "__main__":
    main()
