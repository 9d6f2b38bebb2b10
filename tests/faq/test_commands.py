"""Commands on a database that is not set up yet, or is of another version."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "command",
    [
        ["ask", "Where?"],
        ["load_demo"],
        ["index", "--check"],
        ["jobs"],
        ["populate"],
        ["ingest", "README.md", "--locale", "en"],
    ],
    ids=lambda command: command[0],
)
def test_a_command_before_migrate_says_what_to_run(command: list[str], tmp_path: Path) -> None:
    given = {name: value for name, value in os.environ.items() if not name.startswith(("POLYFAQ_", "DATABASE_URL"))}
    done = subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT, env=given | {"POLYFAQ_HOME": str(tmp_path)}, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1
    assert "manage.py migrate" in done.stderr
    assert "Traceback" not in done.stderr
