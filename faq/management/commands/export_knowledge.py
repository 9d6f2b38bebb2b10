"""`manage.py export_knowledge FILE`: the knowledge base as an archive that people can read."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from faq.errors import DomainError
from faq.management import console


class Command(console.PortalCommand):
    help = "Writes sources, questions, translations and uploads as Markdown, YAML, TMX and JSON into one archive."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        from faq.domain import knowledge

        try:
            with console.bar("Writing") as step:
                made = knowledge.export_knowledge(options["file"], step)
        except DomainError as error:
            raise CommandError(str(error)) from error
        for name in made.missing:
            self.stderr.write(f"The file uploads/{name}, which a source names, is gone; the archive is without it.")
        text = (
            f"{made.sources} sources, {made.questions} questions, {made.units} translations and {made.uploads} uploads"
            f" in {made.bytes / 1e6:.1f} MB."
        )
        self.stdout.write(json.dumps(asdict(made)) if options["json"] else text)
