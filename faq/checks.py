"""Relations between settings, checked at start in web and worker alike: each says which variable to change, and how."""

import os
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Warning

from faq import conf
from faq.errors import DomainError
from portal import environment


def check_settings(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    """Every check of Polyfaq's settings. None of them imports a service or opens a connection."""
    checks: Sequence[Callable[[], list[CheckMessage]]] = (
        _home, _index_path, _services, _embedder, _background, _site, _environment,
    )  # fmt: skip
    return [message for check in checks for message in check()]


def check_index(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    """For `check --deploy`: opens the index, and tells whether it is of this program's recipe."""
    from faq.domain import indexing, readiness  # what opens nothing needs none of it
    from retrieval.sync import IndexState

    try:
        effect = readiness.EFFECTS.get(state := indexing.state())
    except DomainError as error:
        return [Warning(str(error), hint="Questions are not answered until this is mended.", id="polyfaq.W005")]
    if effect is None:
        return []
    hint = "A serving process rebuilds it in the background; `manage.py index --rebuild` does it now."
    kind = Info if state == IndexState.MISSING else Warning
    return [kind(f"{effect}.", hint=hint, id="polyfaq.W004")]


def _writable(path: Path) -> bool:
    """Whether the path, or the nearest directory above it that exists, may be written."""
    there = next(each for each in (path, *path.parents) if each.exists())
    return os.access(there, os.W_OK)


def _home() -> list[CheckMessage]:
    home = conf.home()
    if _writable(home):
        return []
    return [
        Error(f"{home} cannot be written.", hint="Set POLYFAQ_HOME to a directory of this user.", id="polyfaq.E001")
    ]


def _index_path() -> list[CheckMessage]:
    path = Path(conf.get("INDEX_PATH"))
    if path.is_dir():
        return [Error(f"POLYFAQ_INDEX_PATH names a directory: {path}.", hint="Name a file in it.", id="polyfaq.E002")]
    if not _writable(path if path.exists() else path.parent):
        return [Error(f"The index {path} cannot be written.", hint="Change POLYFAQ_INDEX_PATH.", id="polyfaq.E003")]
    return []


def _services() -> list[CheckMessage]:
    """Dotted paths whose module can be found; finding imports only the packages above it."""
    found: list[CheckMessage] = []
    for name in ("INDEX_BACKEND", "EMBEDDER", "TRANSLATION_ENGINE"):
        path = str(conf.get(name))
        if not path and name == "TRANSLATION_ENGINE":
            continue
        module, _, attribute = path.rpartition(".")
        if not module or not attribute or not _exists(module):
            hint = "Write it as package.module.Class."
            found.append(Error(f"POLYFAQ_{name} is {path!r}, which is not there.", hint=hint, id="polyfaq.E004"))
    return found


def _exists(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _embedder() -> list[CheckMessage]:
    name = str(conf.get("EMBEDDER")).rpartition(".")[2]
    if name == "HttpEmbedder" and not (conf.get("EMBEDDER_URL") and conf.get("EMBEDDER_MODEL")):
        hint = "Set POLYFAQ_EMBEDDER_URL and POLYFAQ_EMBEDDER_MODEL."
        return [Error("The HTTP embedder needs an address and a model.", hint=hint, id="polyfaq.E005")]
    if name == "OnnxEmbedder" and not conf.get("EMBEDDER_MODEL"):
        hint = "Set POLYFAQ_EMBEDDER_MODEL to a directory or a name of the hub."
        return [Error("The ONNX embedder needs a model.", hint=hint, id="polyfaq.E006")]
    return []


def _background() -> list[CheckMessage]:
    if str(settings.CELERY_BROKER_URL).startswith("memory") and not conf.get("WORKER_THREAD"):
        hint = "Set CELERY_BROKER_URL, leave POLYFAQ_WORKER_THREAD on, or run `manage.py worker` beside the server."
        return [Warning("Nothing runs background work.", hint=hint, id="polyfaq.W001")]
    return []


def _environment() -> list[CheckMessage]:
    """A misspelt variable changes nothing, and nobody would notice."""
    return [
        Warning(
            f"{name} is set, and Polyfaq knows no such variable.",
            hint=f"Did you mean {meant}?" if meant else "docs/reference/settings.md lists those that exist.",
            id="polyfaq.W003",
        )
        for name, meant in environment.unknown().items()
    ]


def _site() -> list[CheckMessage]:
    url = str(conf.get("SITE_URL"))
    if not url.startswith(("http://", "https://")):
        hint = "It takes an address such as https://faq.example.org."
        return [Error(f"POLYFAQ_SITE_URL is {url!r}.", hint=hint, id="polyfaq.E007")]
    if settings.SESSION_COOKIE_SECURE and url.startswith("http://"):
        hint = "Set POLYFAQ_SITE_URL to the https address, or POLYFAQ_HTTPS to 0."
        return [Warning("Cookies need HTTPS, but the site's address is http.", hint=hint, id="polyfaq.W002")]
    return []
