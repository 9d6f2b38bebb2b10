"""`manage.py backup FILE`: the whole portal in one verified archive, made while it serves."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from faq.errors import DomainError
from faq.management import console


class Command(console.PortalCommand):
    help = "Writes database and uploads into one archive, from which `restore` makes the portal again on either engine."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--packages", action="store_true", help="also the Argos packages")
        parser.add_argument("--secret-key", action="store_true", help="also the secret key; keep such an archive safe")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        from faq.domain import backups

        try:
            with console.bar("Writing rows") as writing, console.bar("Verifying bytes") as verifying:
                made = backups.back_up(
                    options["file"],
                    packages=options["packages"],
                    secret_key=options["secret_key"],
                    writing=writing,
                    verifying=verifying,
                )
        except DomainError as error:
            raise CommandError(str(error)) from error
        for name in made.missing:
            self.stderr.write(f"The file uploads/{name}, which a source names, is gone; the backup is without it.")
        text = f"{made.rows} rows and {made.uploads} uploads in {made.size / 1e6:.1f} MB, verified."
        self.stdout.write(json.dumps(asdict(made)) if options["json"] else text)
