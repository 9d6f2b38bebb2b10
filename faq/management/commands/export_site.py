"""`manage.py export_site FOLDER`: the whole public site as files, for any web server or CDN."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from faq.errors import DomainError
from faq.management import console


class Command(console.PortalCommand):
    help = "Writes the public site into a folder of files; what has not changed since the last time is left as it is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="FOLDER")
        parser.add_argument(
            "--live", default="", metavar="URL", help="the portal that answers questions; without it, search only"
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        from faq import export

        try:
            with console.bar("Pages and files") as progress:
                made = export.export_site(options["folder"], live=options["live"].rstrip("/"), progress=progress)
        except DomainError as error:
            raise CommandError(str(error)) from error
        if made.unsearched:
            self.stderr.write(
                f"Only questions can be searched in {', '.join(made.unsearched)}: the passages are too many for a browser."
            )
        text = (
            f"{made.pages} pages in {made.written + made.unchanged} files, {made.bytes / 1e6:.1f} MB:"
            f" {made.written} written, {made.unchanged} unchanged, {made.removed} removed."
        )
        self.stdout.write(json.dumps(asdict(made)) if options["json"] else text)
