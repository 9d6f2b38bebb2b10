"""`manage.py memory import FILE...`, `manage.py memory export FILE --from en --into de`: the translation memory as TMX.

What is imported counts as written by people, and replaces what stood there. An import that was broken off is finished by the
same command again.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from faq.domain import tmx
from faq.domain.units import Imported
from faq.errors import DomainError
from faq.management import console


class Command(console.PortalCommand):
    help = "Reads TMX files into the translation memory, or writes it to one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["import", "export"])
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--from", dest="source", default="", metavar="LOCALE", help="export: the originals' locale")
        parser.add_argument(
            "--into", dest="target", default="", metavar="LOCALE", help="export: the translations' locale"
        )
        parser.add_argument("--human-only", action="store_true", help="export: only what people wrote or approved")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            told = self._export(options) if options["action"] == "export" else self._import(options["files"])
        except DomainError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{error.filename} cannot be written: {error.strerror}.") from error
        text = ", ".join(f"{count} {name}" for name, count in told.items())
        self.stdout.write(json.dumps(told) if options["json"] else text)

    def _import(self, files: list[Path]) -> dict[str, int]:
        total = Imported()
        for path in files:
            with console.bar(path.name) as step:
                total += tmx.import_tmx(path, report=step)
        console.run_jobs(self.stderr.write)  # the index learns what was imported
        return asdict(total)

    def _export(self, options: dict[str, Any]) -> dict[str, int]:
        if len(options["files"]) != 1 or not (options["source"] and options["target"]):
            raise CommandError(
                "Name one file and two locales, such as: manage.py memory export de.tmx --from en --into de"
            )
        written = tmx.export_tmx(
            options["files"][0], options["source"], options["target"], human_only=options["human_only"]
        )
        return {"written": written}
