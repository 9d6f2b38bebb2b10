"""`manage.py import_knowledge FILE`: a knowledge base from another portal into this one, which is empty."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from faq.errors import DomainError
from faq.management import console


class Command(console.PortalCommand):
    help = (
        "Imports what export_knowledge wrote into an empty portal, all of it or nothing, and builds the search index."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        from faq.domain import knowledge

        try:
            with console.bar("Reading") as step:
                done = knowledge.import_knowledge(options["file"], progress=step)
        except DomainError as error:
            raise CommandError(str(error)) from error
        built = console.run_jobs(self.stderr.write)
        text = (
            f"{done.sources} sources, {done.questions} questions, {done.units} translations and {done.uploads} uploads."
        )
        self.stdout.write(json.dumps(asdict(done)) if options["json"] else text)
        if not built:
            raise CommandError("The knowledge base is here; the index is not built yet: `manage.py index --rebuild`.")
