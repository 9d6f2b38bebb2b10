"""The server as a container runs it, and what its health check says of it."""

import subprocess
import sys
import time
from collections.abc import Callable
from urllib.request import Request, urlopen

import pytest

from tests.services.conftest import ROOT, Portal
from tests.services.servers import free_port

ON_SQLITE = pytest.mark.parametrize("new_portal", ["sqlite"], indirect=True)
PUBLIC = {"POLYFAQ_SITE_URL": "https://faq.example.org", "POLYFAQ_WORKER_THREAD": "0"}


def serve(portal: Portal) -> int:
    """Start the server on a port of its own and wait until it takes connections."""
    port = free_port()
    portal.start("-m", "gunicorn", "portal.wsgi:application", "--bind", f"127.0.0.1:{port}")
    deadline = time.monotonic() + 60
    while "Listening at" not in portal.log() and time.monotonic() < deadline:
        time.sleep(0.05)
    return port


def health(portal: Portal, port: int) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "portal.health", str(port)], env=portal.environment, cwd=ROOT, capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, done.stderr.strip()


def wait(portal: Portal, port: int) -> tuple[int, str]:
    """As a container's health check: asked again until it is well or the patience ends."""
    deadline = time.monotonic() + 60
    while (found := health(portal, port))[0] and "does not answer" in found[1] and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


@ON_SQLITE
def test_a_server_of_another_name_and_https_is_well(new_portal: Callable[..., Portal]) -> None:
    portal = new_portal(**PUBLIC)
    port = serve(portal)
    assert wait(portal, port) == (0, ""), portal.log()
    asked = Request(f"http://127.0.0.1:{port}/en/", headers={"Host": "faq.example.org", "X-Forwarded-Proto": "https"})
    assert "Control socket" not in portal.log()  # it would lie in the user's home
    with urlopen(asked, timeout=60) as answer:
        assert (answer.status, answer.headers["Strict-Transport-Security"]) == (200, "max-age=31536000")


@ON_SQLITE
def test_a_server_that_refuses_its_own_name_is_not(new_portal: Callable[..., Portal]) -> None:
    portal = new_portal(**PUBLIC, POLYFAQ_ALLOWED_HOSTS="other.example.org")
    port = serve(portal)
    assert wait(portal, port) == (1, "The server answers 400; is faq.example.org in POLYFAQ_ALLOWED_HOSTS?"), (
        portal.log()
    )


@ON_SQLITE
def test_no_server_is_not_well(new_portal: Callable[..., Portal]) -> None:
    status, reason = health(new_portal(), free_port())
    assert (status, reason.startswith("The server does not answer:")) == (1, True)
