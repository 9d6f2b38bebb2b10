"""The product in a process of its own, over files, so that it can be killed or run out of disk without harming the test.

What happens where is decided from outside: a function put in the place of one of the product's before it begins.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.faq.factories import PARKING

ROOT = Path(__file__).parents[2]
KILL = "lambda *args, **kwargs: __import__('os').kill(__import__('os').getpid(), 9)"
KILLED = -9
COST = "A resident permit costs 30 euros a year."


def python(home: Path, code: str, *, file_bytes: int = 0) -> subprocess.CompletedProcess[str]:
    """Run code with the product set up; with `file_bytes`, no file may grow beyond: what a write meets on a full disk."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("POLYFAQ_", "CELERY_", "DJANGO_"))
    }
    environment |= {
        "POLYFAQ_HOME": str(home),
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "POLYFAQ_EMBEDDER": "retrieval.embedders.fake.FakeEmbedder",
        "POLYFAQ_TRANSLATION_ENGINE": "",
    }
    environment.pop("DATABASE_URL", None)
    setup = "import django; django.setup(); from django.core.management import call_command\n"
    if file_bytes:  # in the code and not before exec: Python's own start writes too
        setup += (
            f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({file_bytes}, {resource.RLIM_INFINITY}))\n"
        )
    return subprocess.run(
        [sys.executable, "-c", setup + code], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=300
    )


def run(home: Path, code: str, *, file_bytes: int = 0) -> Any:
    """What the code prints last, as JSON; it must end well."""
    done = python(home, code, file_bytes=file_bytes)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1])


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    done = python(home, "call_command('migrate', verbosity=0)")
    assert done.returncode == 0, done.stderr
    return home


@pytest.fixture(scope="session")
def populated(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one published source, a published question whose answer cites it, and a clean index."""
    here = tmp_path_factory.mktemp("populated") / "home"
    shutil.copytree(migrated, here)
    code = f"""
from tests.faq.factories import *
source = make_source({PARKING!r}, path="/kb/a.md")
make_question(cites=passages(source)[0], quote={COST!r})
from faq import tasks; tasks.drain()
"""
    done = python(here, code)
    assert done.returncode == 0, done.stderr
    return here


@pytest.fixture
def home(populated: Path, tmp_path: Path) -> Path:
    here = tmp_path / "home"
    shutil.copytree(populated, here)
    return here
