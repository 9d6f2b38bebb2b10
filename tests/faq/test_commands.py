"""Commands as a shell starts them: on a database that is not set up yet, and into a pipe that nobody reads."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


COMMANDS = [
    ["ask", "Where?"],
    ["load_demo"],
    ["index", "--check"],
    ["jobs"],
    ["populate"],
    ["ingest", "README.md", "--locale", "en"],
]
EACH = """
import json, sys
from django.core.management import CommandError, call_command
import django
django.setup()
said = {}
for command in json.loads(sys.argv[1]):
    try:
        call_command(*command)
    except CommandError as error:
        said[command[0]] = str(error)
print(json.dumps(said))
"""


def test_a_command_before_migrate_says_what_to_run(tmp_path: Path) -> None:
    """All in one process: starting it takes longer than they do."""
    given = {name: value for name, value in os.environ.items() if not name.startswith(("POLYFAQ_", "DATABASE_URL"))}
    given |= {"POLYFAQ_HOME": str(tmp_path), "DJANGO_SETTINGS_MODULE": "portal.settings"}
    done = subprocess.run(
        [sys.executable, "-c", EACH, json.dumps(COMMANDS)],
        cwd=ROOT, env=given, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert {name for name, text in said.items() if "manage.py migrate" in text} == {command[0] for command in COMMANDS}


@pytest.mark.parametrize(
    "printing",
    [
        "print('x' * 100_000)",  # more than a pipe takes: found while it writes
        "print('one line')",  # kept back until the end: found when it ends
    ],
)
def test_a_pipe_that_nobody_reads_any_more_ends_a_command_without_a_word(printing: str) -> None:
    """`ask … | head -1`: head leaves after its line."""
    done = into_closed_pipe(printing)
    assert (done.returncode, done.stderr) == (141, "")


def test_another_pipe_that_breaks_is_an_error_and_told() -> None:
    done = with_command("raise BrokenPipeError('the server hung up')", stdout=subprocess.PIPE)
    assert (done.returncode, "the server hung up" in done.stderr) == (1, True)


def into_closed_pipe(code: str) -> "subprocess.CompletedProcess[str]":
    reader, writer = os.pipe()
    os.close(reader)
    try:
        return with_command(code, stdout=writer)
    finally:
        os.close(writer)


def with_command(code: str, *, stdout: int) -> "subprocess.CompletedProcess[str]":
    """manage.py with these statements in place of any command."""
    program = (
        f"import manage\nfrom django.core import management\ndef command(argv):\n    {code}\n"
        "management.execute_from_command_line = command\nmanage.main()\n"
    )
    return subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False, timeout=60
    )  # fmt: skip
