"""`manage.py glossary export FILE`, `manage.py glossary import FILE [--dry-run]`: the glossary as a CSV table or TBX.

A term counts from the next translation on: an import translates nothing again.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from faq.domain import glossary_table
from faq.errors import DomainError
from faq.management import console


class Command(console.PortalCommand):
    help = "Reads a CSV table or a TBX file into the glossary, or writes the glossary to one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["import", "export"])
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--dry-run", action="store_true", help="import: check and count, keep nothing")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            if options["action"] == "export":
                told = {"written": glossary_table.export_file(path)}
            else:
                told = asdict(glossary_table.import_file(path, dry_run=options["dry_run"]))
        except DomainError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{path} cannot be opened: {error.strerror}.") from error
        text = ", ".join(f"{count} {name}" for name, count in told.items())
        self.stdout.write(json.dumps(told) if options["json"] else text)
