"""`manage.py demo --port N`: prepare the database, load the demonstration once, and serve it on this machine."""

import os
import sys
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from faq.domain import demo, indexing


class Command(BaseCommand):
    help = "Serves the demonstration portal."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--no-serve", action="store_true", help="only prepare")

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        if demo.is_loaded():
            indexing.sync_all()  # an index of an older version is made anew
            self.stdout.write("Demo login for /admin/: editor / larkmouth")
        else:
            call_command("load_demo", stdout=self.stdout, stderr=self.stderr)
        address = f"127.0.0.1:{options['port']}"
        self.stdout.write(
            f"The portal is at http://{address}/ — its desk at http://{address}/admin/. Stop it with Ctrl+C."
        )
        self.stdout.flush()
        if options["no_serve"]:
            return
        os.environ.setdefault("POLYFAQ_SITE_NAME", "City of Larkmouth")
        os.environ.setdefault("POLYFAQ_SITE_URL", f"http://{address}")
        os.execv(  # noqa: S606 - our own interpreter, fixed arguments
            sys.executable,
            [
                sys.executable,
                "-m",
                "gunicorn",
                "portal.wsgi:application",
                "--bind",
                address,
                "--threads",
                "8",
                "--timeout",
                "120",
            ],
        )
