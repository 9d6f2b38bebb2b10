"""A portal in a directory of its own, and the processes that are measured in it.

Every process gets an environment without settings of the machine, compiled modules as an installation has them, and one
core's worth of arithmetic. What is measured inside a process is in benchmarks.inside.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
OWN = ("POLYFAQ_", "CELERY_", "DJANGO_", "REDIS_", "DATABASE_")


class Portal:
    """A home directory, and commands run in it."""

    def __init__(self, home: Path, modules: Path) -> None:
        self.home = home
        self._modules = modules

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OWN)}
        kept.pop("PYTHONDONTWRITEBYTECODE", None)
        return kept | {
            "POLYFAQ_HOME": str(self.home),
            "POLYFAQ_TRANSLATION_ENGINE": "none",
            "POLYFAQ_LOG_LEVEL": "WARNING",
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "PYTHONPYCACHEPREFIX": str(self._modules),
        } | more  # fmt: skip

    def run(self, *arguments: str, **environment: str) -> str:
        """What `python ARGUMENTS` writes; SystemExit with its errors when it fails."""
        done = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=self.environment(**environment), capture_output=True, text=True
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(arguments)} failed:\n{done.stderr[-3000:]}")
        return done.stdout

    def manage(self, *arguments: str) -> str:
        return self.run("manage.py", *arguments)

    def inside(self, what: str, *arguments: str, **environment: str) -> Any:
        """The result of a function of benchmarks.inside in a fresh process."""
        return json.loads(self.run("-m", "benchmarks.inside", what, *arguments, **environment).splitlines()[-1])

    def copy(self, name: str) -> "Portal":
        """Another portal in the same state."""
        home = self.home.with_name(name)
        shutil.copytree(self.home, home)
        return Portal(home, self._modules)


@contextmanager
def empty_portal() -> Iterator[Portal]:
    """A portal with its tables and nothing in them."""
    with TemporaryDirectory() as folder:
        portal = Portal(Path(folder) / "empty", Path(folder) / "modules")
        portal.home.mkdir()
        portal.manage("migrate", "--verbosity", "0")
        yield portal
