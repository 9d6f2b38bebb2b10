"""The API does what its description says, whatever is sent: Schemathesis makes up requests from it, to a server as in production.

Twice: by the description and against it, and by one that is narrowed to the languages and keys that the portal holds.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.services.conftest import SECONDS, Portal
from tests.services.test_serving import ON_SQLITE, serve

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
CASES = "8"
WORLD = """
import json
from django.contrib.auth import get_user_model
from faq.api import schema
from faq.domain import keys, locales
from faq.models import Locale, Passage, Question, Source
from tests.faq.factories import make_portal
make_portal()
owner = get_user_model().objects.create_superuser("owner")
_, token = keys.create_server_token("Any", scopes=keys.SCOPES, per_minute=100_000, actor=owner)
names = lambda model, name: list(model.objects.order_by("pk").values_list(name, flat=True))
print(json.dumps({"token": token, "described": json.loads(schema.description()), "locales": names(Locale, "tag"),
    "questions": names(Question, "key"), "sources": names(Source, "key"), "passages": names(Passage, "key")}))
"""
LOCALES = {"locale", "source_locale", "target_locale", "language"}
REFUSED = "http://127.0.0.1/private"
"""An address that nothing is fetched from: no test reaches the network."""


@pytest.fixture
def world(new_portal: Callable[..., Portal]) -> tuple[Portal, dict[str, Any]]:
    portal = new_portal(POLYFAQ_API_RATE="100000/min", POLYFAQ_WORKER_THREAD="0")
    return portal, portal.python(WORLD)


@ON_SQLITE
def test_whatever_is_sent_is_answered_as_described(world: tuple[Portal, dict[str, Any]], tmp_path: Path) -> None:
    portal, held = world
    assert examined(portal, held, held["described"], tmp_path, "all") == ""


@ON_SQLITE
def test_what_names_what_the_portal_holds_is_answered_as_described(
    world: tuple[Portal, dict[str, Any]], tmp_path: Path
) -> None:
    """So that requests reach what lies behind the checks of their shapes."""
    portal, held = world
    assert examined(portal, held, narrowed(held), tmp_path, "positive") == ""


def examined(portal: Portal, held: dict[str, Any], described: dict[str, Any], folder: Path, mode: str) -> str:
    """What Schemathesis found against the portal; empty where all is well. `mode`: also requests against it?"""
    for name, component in described["components"]["schemas"].items():
        if name.endswith("Request") and "url" in component["properties"]:
            component["properties"]["url"]["enum"] = ["", REFUSED]
    (folder / "openapi.json").write_text(json.dumps(described), encoding="utf-8")
    address = f"http://127.0.0.1:{serve(portal)}"
    until_ready(f"{address}/api/v1/locales")
    command = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIGURATION), "run", str(folder / "openapi.json"),
        "--url", address, "--header", f"Authorization: Bearer {held['token']}", "--mode", mode, "--max-examples", CASES,
        "--seed", "1", "--continue-on-failure", "--no-color",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=2 * SECONDS, check=False)
    if done.returncode == 0 and "Tested: 37" in done.stdout and "Traceback" not in portal.log():
        return ""
    return f"{done.stdout[-20_000:]}{done.stderr[-2000:]}{portal.log()[-5000:]}"


def until_ready(address: str) -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        try:
            urlopen(address, timeout=60).close()
        except URLError:
            time.sleep(0.1)
        else:
            return


def narrowed(held: dict[str, Any]) -> dict[str, Any]:
    """The description, with what this portal holds where a name is asked for."""
    described: dict[str, Any] = held["described"]
    for path, item in described["paths"].items():
        keys = next((held[kind] for kind in ("questions", "sources", "passages") if f"/{kind}/{{key}}" in path), None)
        for operation in item.values():
            for parameter in operation.get("parameters", ()):
                if parameter["name"] == "key" and parameter["in"] == "path":
                    parameter["schema"] = {"type": "string", "enum": keys}
                elif parameter["name"] in LOCALES:
                    parameter["schema"]["enum"] = held["locales"]
    for name, component in described["components"]["schemas"].items():
        for field in LOCALES & set(component["properties"]) if name.endswith("Request") else ():
            component["properties"][field]["enum"] = held["locales"]
    return described
