"""From settings to objects: backend and embedder by dotted path, every mistake named by the setting that made it."""

import functools
import inspect
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from retrieval.lexicon import Lexicons
from retrieval.service import Retriever
from retrieval.spelling import WordStore
from retrieval.types import NotConfigured

BACKEND_SETTING = "POLYFAQ_INDEX_BACKEND"
EMBEDDER_SETTING = "POLYFAQ_EMBEDDER"
BACKEND_METHODS = ("generations", "create", "activate", "upsert", "remove", "lexical", "gloss", "vector")
EMBEDDER_METHODS = ("recipe", "embed_queries", "embed_passages")


def build_retriever(
    *,
    backend: str,
    embedder: str,
    index_path: Path,
    embedder_options: Mapping[str, Any],
    backend_options: Mapping[str, Any] | None = None,
    words: WordStore | None = None,
) -> Retriever:
    """NotConfigured when a path names nothing, something else, or something that needs other options.

    `embedder_options` may hold more than one embedder takes: those it has no argument for are left out. The path of the
    index is given to backends that have an argument `path`.
    """
    backend_class = _load(backend, BACKEND_SETTING, BACKEND_METHODS)
    embedder_class = _load(embedder, EMBEDDER_SETTING, EMBEDDER_METHODS)
    options = {"path": index_path, **(backend_options or {})}
    return Retriever(
        _make(backend_class, options, BACKEND_SETTING),
        _make(embedder_class, embedder_options, EMBEDDER_SETTING),
        _lexicons(),
        words,
    )


@functools.cache
def _lexicons() -> Lexicons:
    """One for all retrievers of a process: safe between threads, and dear to read."""
    return Lexicons()


def _load(path: str, setting: str, methods: tuple[str, ...]) -> Any:
    module_name, _, name = path.rpartition(".")
    if not module_name:
        raise NotConfigured(f"{setting}={path!r} is not a dotted path such as 'package.module.Class'.")
    try:
        found = getattr(import_module(module_name), name)
    except ImportError as error:
        raise NotConfigured(f"{setting}={path!r} cannot be imported: {error}. Is the package installed?") from error
    except AttributeError as error:
        raise NotConfigured(f"{setting}={path!r}: the module {module_name} has no {name}.") from error
    lacking = [method for method in methods if not hasattr(found, method)]
    if lacking or not callable(found):
        raise NotConfigured(f"{setting}={path!r} is not usable here: it lacks {', '.join(lacking) or 'a constructor'}.")
    return found


def _make(chosen: Any, options: Mapping[str, Any], setting: str) -> Any:
    """Call with the options it has arguments for."""
    parameters = inspect.signature(chosen).parameters
    takes_all = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    given = {name: value for name, value in options.items() if takes_all or name in parameters}
    lacking = [
        name
        for name, parameter in parameters.items()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
        and not given.get(name)
    ]
    if lacking:
        names = ", ".join(f"{setting}_{name.upper()}" for name in lacking)
        raise NotConfigured(f"{setting} names {chosen.__name__}, which needs {names} too.")
    return chosen(**given)
