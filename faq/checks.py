"""Relations between settings, checked at start in web and worker alike: each says which variable to change, and how."""

import os
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Warning

from faq import conf
from faq.errors import DomainError
from portal import environment

LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


def check_settings(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    """Every check of Polyfaq's settings. None of them imports a service or opens a connection."""
    checks: Sequence[Callable[[], list[CheckMessage]]] = (
        _home, _index_path, _services, _weaviate, _embedder, _model, _background, _site, _environment,
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


def _weaviate() -> list[CheckMessage]:
    from retrieval.backends.weaviate_options import options  # what runs on the embedded index needs none of it
    from retrieval.types import NotConfigured

    given = dict(conf.get("WEAVIATE"))
    if not (given["url"] or str(conf.get("INDEX_BACKEND")).endswith(".WeaviateBackend")):
        return []
    try:
        options(**given)
    except NotConfigured as error:
        return [Error(str(error), hint="See docs/how-to/use-weaviate.md.", id="polyfaq.E008")]
    return []


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


def _model() -> list[CheckMessage]:
    """A language model that is configured by half is none; nothing else would say so."""
    given = {name: bool(conf.get(f"LLM_{name}")) for name in ("URL", "MODEL", "KEY")}
    if not any(given.values()):
        return []
    if missing := [f"POLYFAQ_LLM_{name}" for name in ("URL", "MODEL") if not given[name]]:
        text = f"The language model is off: {' and '.join(missing)} not set."
        hint = (
            "Set POLYFAQ_LLM_URL and POLYFAQ_LLM_MODEL, or none of POLYFAQ_LLM_URL, POLYFAQ_LLM_MODEL, POLYFAQ_LLM_KEY."
        )
        return [Warning(text, hint=hint, id="polyfaq.W006")]
    found: list[CheckMessage] = []
    if not _exists("openai"):
        hint = "Install the packages of requirements-llm.txt, or unset POLYFAQ_LLM_URL."
        found.append(Warning("The package openai, which asks the model, is missing.", hint=hint, id="polyfaq.W007"))
    parts = urlsplit(str(conf.get("LLM_URL")))
    if parts.scheme == "http" and parts.hostname not in LOCAL and given["KEY"]:
        hint = "Set POLYFAQ_LLM_URL to an https address."
        found.append(
            Warning("Questions and POLYFAQ_LLM_KEY are sent unencrypted to the model.", hint=hint, id="polyfaq.W008")
        )
    return found


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
