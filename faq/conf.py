"""The one reader of settings.POLYFAQ; read at call time, never at import."""

from pathlib import Path
from typing import Any

from django.conf import settings


def get(name: str) -> Any:
    """The value of settings.POLYFAQ[name]; KeyError names a setting that does not exist."""
    return settings.POLYFAQ[name]


def home() -> Path:
    """The directory that holds all state."""
    return Path(str(settings.POLYFAQ["HOME"]))
