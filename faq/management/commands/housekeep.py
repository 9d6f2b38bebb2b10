"""`manage.py housekeep`: delete finished jobs, asked questions and votes that are past their time. Done daily by itself."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from faq.domain import housekeeping
from faq.management import console


class Command(console.PortalCommand):
    help = "Deletes finished jobs, asked questions and votes older than the settings POLYFAQ_RETENTION_… say."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        deleted = housekeeping.housekeep()
        self.stdout.write(json.dumps(asdict(deleted)) if options["json"] else str(deleted))
