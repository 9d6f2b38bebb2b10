"""`manage.py mcp`: the portal as tools for assistants that speak the Model Context Protocol."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from faq.management import console

MISSING = "The Model Context Protocol needs its package: pip install -c requirements.lock -r requirements-mcp.txt"


class Command(console.PortalCommand):
    help = (
        "Serves search, ask and the texts of questions and sources to an assistant, on stdin and stdout or over HTTP."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--http", action="store_true", help="listen for HTTP requests at /mcp")
        parser.add_argument(
            "--host", default="127.0.0.1", help="with --http; another than this machine's own needs a proxy before it"
        )
        parser.add_argument("--port", type=int, default=8001, help="with --http")

    def handle(self, *args: Any, http: bool, host: str, port: int, **options: Any) -> None:
        try:
            from faq.web import mcp
        except ModuleNotFoundError as error:
            if not (error.name or "").startswith(("mcp", "mcp_types")):
                raise
            raise CommandError(MISSING) from error
        mcp.run("http" if http else "stdio", host, port)
