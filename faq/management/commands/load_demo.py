"""`manage.py load_demo`: the demonstration's sources, questions and translations, and a login for its desk."""

import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import CommandError, CommandParser

from faq.domain import demo
from faq.errors import DomainError
from faq.management import console

LOGIN, PASSWORD = "editor", "larkmouth"  # the demonstration listens on this machine only


class Command(console.PortalCommand):
    help = "Loads the demonstration knowledge base; a second run changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--folder", type=Path, default=Path(settings.BASE_DIR) / "demo")

    def handle(self, *args: Any, **options: Any) -> None:
        begun = time.perf_counter()
        try:
            with console.bar("Loading the demonstration") as step:
                loaded = demo.load(options["folder"], step)
        except DomainError as error:
            raise CommandError(str(error)) from error
        console.run_jobs(self.stderr.write)
        users = get_user_model()
        if not users.objects.filter(username=LOGIN).exists():
            users.objects.create_superuser(LOGIN, "editor@larkmouth.example", PASSWORD)
        seconds = time.perf_counter() - begun
        self.stdout.write(
            f"{loaded.sources} sources, {loaded.questions} questions, {loaded.units} translation units in {seconds:.0f} s."
        )
        self.stdout.write(f"Demo login for /admin/: {LOGIN} / {PASSWORD}")
