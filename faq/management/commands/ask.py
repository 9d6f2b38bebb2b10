"""`manage.py ask "…" --locale de`: what a reader would get, for people or as JSON; `--batch FILE` for many."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from faq.domain.ask import ask
from faq.errors import DomainError
from faq.management import console


class Command(console.PortalCommand):
    help = "Asks the portal a question."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("question", nargs="?", default="")
        parser.add_argument("--locale", default="en")
        parser.add_argument("--json", action="store_true")
        parser.add_argument(
            "--batch", type=Path, metavar="FILE", help="JSON lines of `question` and `locale`; one result a line"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["batch"]:
            self._batch(options["batch"], options["locale"])
            return
        if not options["question"]:
            raise CommandError("Give a question, or --batch FILE.")
        try:
            result = ask(options["question"], options["locale"], record=False).as_dict()
        except DomainError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(result, ensure_ascii=False))
        else:
            self._tell(result)

    def _batch(self, path: Path, locale: str) -> None:
        try:
            lines = path.read_text(encoding="utf-8-sig").split("\n")  # JSON may hold other ends of lines as they are
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{path} cannot be read: {error}") from error
        for number, line in enumerate(lines, start=1):
            if line.strip():
                self.stdout.write(json.dumps(self._one(line, number, locale), ensure_ascii=False))

    def _one(self, line: str, number: int, locale: str) -> dict[str, Any]:
        """A line's result; a line that cannot be asked gives `error` with its number, and the others go on."""
        try:
            row = json.loads(line)
        except ValueError as error:
            return {"error": f"Line {number} is no JSON: {error}"}
        if not isinstance(row, dict) or not isinstance(row.get("question"), str):
            return {"error": f"Line {number} is no JSON object with a text `question`."}
        try:
            return ask(row["question"], str(row.get("locale") or locale), record=False).as_dict()
        except DomainError as error:
            return {"error": f"Line {number}: {error}"}

    def _tell(self, result: dict[str, Any]) -> None:
        if result["outcome"] == "abstained":
            self.stdout.write("We do not know: the sources do not answer this.")
        for segment in result["segments"]:
            marks = "".join(f" [{number}]" for number in segment["citations"])
            self.stdout.write(f"{segment['text']}{marks}")
        for citation in result["citations"]:
            self.stdout.write(
                f"  [{citation['number']}] {citation['source']} — {citation['heading']}: “{citation['quote']}”"
            )
        for link in result["nearest"]:
            self.stdout.write(f"  see also: {link['text']}")
