"""Compile the interface catalogues: `locale/*/LC_MESSAGES/*.po` into the `.mo` files that programs read.

Needs no gettext tools: Babel reads and writes both. The compiled files are committed, so that a fresh clone speaks every
language at once; `--check` says whether they still say what the catalogues say.
"""

from argparse import ArgumentParser
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Compile the interface catalogues (.po into .mo), without the gettext tools."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="change nothing; fail when a compiled file is out of date"
        )

    def handle(self, *args: Any, check: bool = False, **options: Any) -> None:
        outdated = [path for path in catalogues() if self._compile(path, write=not check)]
        if check and outdated:
            names = ", ".join(_name(path) for path in outdated)
            raise CommandError(f"Out of date: {names}. Run `manage.py compile_catalogues`.")
        self.stdout.write("Every catalogue is compiled." if not outdated else f"Compiled {len(outdated)}.")

    def _compile(self, path: Path, *, write: bool) -> bool:
        """Whether the compiled file had to change."""
        data, target = compiled(path), path.with_suffix(".mo")
        if target.is_file() and target.read_bytes() == data:
            return False
        if write:
            target.write_bytes(data)
            self.stdout.write(_name(path))
        return True


def catalogues() -> list[Path]:
    """Every catalogue of the project, sorted."""
    return sorted(path for folder in settings.LOCALE_PATHS for path in Path(folder).glob("*/LC_MESSAGES/*.po"))


def compiled(path: Path) -> bytes:
    """The catalogue as gettext's binary form; what is fuzzy or empty is left out, as gettext does."""
    try:
        with path.open("rb") as file:
            catalogue = read_po(file, abort_invalid=True)
    except (PoFileError, UnicodeDecodeError) as error:
        raise CommandError(f"{_name(path)} cannot be read: {error}") from error
    for message in [each for each in catalogue if each.id and not complete(each)]:
        catalogue.delete(message.id, message.context)
    buffer = BytesIO()
    write_mo(buffer, catalogue)
    return buffer.getvalue()


def complete(message: Message) -> bool:
    """Whether every form of the message is translated, and by somebody who was sure."""
    forms = [message.string] if isinstance(message.string, str) else list(message.string or ())
    return bool(forms) and all(forms) and not message.fuzzy


def _name(path: Path) -> str:
    return str(Path(*path.parts[-3:]))
