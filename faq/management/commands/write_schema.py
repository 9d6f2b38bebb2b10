"""Write the API's description for whoever generates a client of it."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from faq.api.schema import description

SNAPSHOT = Path("docs") / "reference" / "openapi.json"


class Command(BaseCommand):
    help = f"Write the API's OpenAPI description to {SNAPSHOT}, or wherever --to says."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--to", type=Path, help="another file")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["to"] or Path(settings.BASE_DIR) / SNAPSHOT
        path.write_bytes(description())
        self.stdout.write(f"Wrote {path}.")
