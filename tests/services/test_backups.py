"""A backup made on one database engine is restored on the other, and back, row by row."""

import json
import signal
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from faq.domain import backups
from tests.faq.factories import make_portal
from tests.services.conftest import Portal

pytestmark = pytest.mark.django_db
KILLED = """
import os, signal
from pathlib import Path
from faq.domain import backups
from faq.domain.backups import rows
rows.settle = lambda: os.kill(os.getpid(), signal.SIGKILL)
backups.restore(Path({0!r}))
"""
RESTORE = """
from pathlib import Path
from django.db import connection
from faq.domain import backups
backups.restore(Path({0!r}))
backups.back_up(Path({1!r}))
print('"' + connection.vendor + '"')
"""


def tables(path: Path) -> dict[str, list[Any]]:
    """Rows per table, but jobs, which a restore adds to. PostgreSQL keeps the keys of JSON in an order of its own."""
    with zipfile.ZipFile(path) as file:
        names = [name for name in file.namelist() if name.startswith("database/") and "faq.Job" not in name]
        return {name: [json.loads(line) for line in file.read(name).splitlines()] for name in names}


@pytest.mark.parametrize("new_portal", ["postgresql"], indirect=True)
def test_a_restore_on_postgresql_is_nothing_when_killed_and_else_the_same_rows_there_and_back(
    new_portal: Callable[..., Portal], tmp_path: Path
) -> None:
    make_portal()
    here, there, again = (tmp_path / name for name in ("here.zip", "there.zip", "again.zip"))
    backups.back_up(here)
    portal = new_portal()
    assert portal.run(KILLED.format(str(here))).returncode == -signal.SIGKILL
    # Without --replace: what the killed one left would be refused.
    assert portal.python(RESTORE.format(str(here), str(there))) == "postgresql"
    backups.restore(there, replace=True)
    backups.back_up(again)
    assert tables(there) == tables(here) == tables(again)
