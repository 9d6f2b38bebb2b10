"""What goes wrong in real processes of the portal, where and when a test says so: settings of the product, a little broken.

A gate is a file in POLYFAQ_HOME/gates. The first process that comes by a gate named in it writes its number down and waits until
the test removes the file; later ones pass. Pages come from no network; some are poison.
"""

import contextlib
import os
import signal
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from django.apps import AppConfig

from portal.settings import *  # noqa: F403
from portal.settings import HOME, INSTALLED_APPS
from translation.engine import FakeEngine

INSTALLED_APPS = [*INSTALLED_APPS, "tests.services.faults.Faults"]
GATES = Path(HOME) / "gates"
SECONDS = 120


def gate(name: str) -> None:
    """Wait here when the test says so. `die-NAME` in the place of `NAME`: end at once, each time."""
    if (GATES / f"die-{name}").exists():
        os.kill(os.getpid(), signal.SIGKILL)
    closed, waiting = GATES / name, GATES / f"{name}.pid"
    if not closed.exists():
        return
    with contextlib.suppress(FileExistsError):
        aside = GATES / f"{name}.{os.getpid()}"
        aside.write_text(str(os.getpid()))
        waiting.hardlink_to(aside)  # the first one, and its number whole
        deadline = time.monotonic() + SECONDS
        while closed.exists() and time.monotonic() < deadline:
            time.sleep(0.01)


def deaf(name: str) -> None:
    """The first process hangs here and lets nobody break it off: only its end does. Later ones pass."""
    met = GATES / f"{name}.pid"
    if met.exists():
        return
    met.write_text(str(os.getpid()))
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(Exception):
            time.sleep(SECONDS)


def page(url: str, **conditional: str) -> Any:
    """A page of one sentence. Some are poison: they end the process, or raise what nobody expects."""
    number = url.rpartition("/")[2]
    if "dies" in number:
        os.kill(os.getpid(), signal.SIGKILL)
    if "raises" in number:
        raise RecursionError("this page breaks the reader")
    if "hangs" in number:
        time.sleep(SECONDS)
    if "stubborn" in number:
        deaf(number)
    text = f"# Tram line {number}\n\nTram line {number} stops at the harbour every {number} minutes.\n"
    return SimpleNamespace(
        not_modified=False, url=url, data=text.encode(), media_type="text/markdown", etag="", last_modified=""
    )


def paid_for() -> list[str]:
    """The texts that the engine was given, in their order, by whatever process."""
    path = GATES / "paid"
    return path.read_text().splitlines() if path.exists() else []


class Engine(FakeEngine):
    """Into German, while the test wants it; writes down what it was paid for."""

    def supports(self, pair: Any) -> bool:
        return pair.target == "de" and (GATES / "engine").exists()

    def translate(self, texts: Any, pair: Any) -> list[str]:
        gate(f"translate-{len(paid_for())}")
        with (GATES / "paid").open("a") as paid:
            paid.writelines(f"{text}\n" for text in texts)
        return super().translate(texts, pair)


class Faults(AppConfig):
    name = "tests.services"
    label = "faults"

    def ready(self) -> None:
        from faq.domain import translations
        from faq.domain.sources import intake
        from faq.gateways import retrieval
        from retrieval.backends.embedded import EmbeddedBackend

        retrieval.fetch_url = page
        translations.BATCH = 2
        publish, activate = intake.publish_source, EmbeddedBackend.activate

        def published(source: Any, *given: Any, **named: Any) -> Any:
            if source.title.endswith("line 3"):
                gate("publish")  # inside the transaction that has written the page
            return publish(source, *given, **named)

        def activated(backend: Any, name: str) -> None:
            gate("activate")  # the new generation is whole, the old one in use
            activate(backend, name)

        intake.publish_source = published
        EmbeddedBackend.activate = activated
