"""`manage.py index --status | --check | --rebuild`: tell how the search index stands, compare it with the database, or
build it anew."""

import json
from typing import Any

from django.core.management.base import CommandError, CommandParser

from faq.domain import indexing, readiness
from faq.errors import DomainError
from faq.management import console

SHOWN = 10


class Command(console.PortalCommand):
    help = "Checks, syncs or rebuilds the search index."

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--status", action="store_true", help="tell what is there, and whether it must be rebuilt")
        what.add_argument("--check", action="store_true", help="find missing, orphaned and differing entries")
        what.add_argument("--rebuild", action="store_true", help="build a new generation, then switch to it")
        what.add_argument("--sync", action="store_true", help="do what differs (the default)")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["status"]:
                self._status(options["json"])
            elif options["check"]:
                self._check(options["json"])
            elif options["rebuild"]:
                self._rebuild(options["json"])
            else:
                self._sync(options["json"])
        except DomainError as error:
            raise CommandError(str(error)) from error

    def _status(self, as_json: bool) -> None:
        said = indexing.describe()
        effect = readiness.EFFECTS.get(said["state"])
        if as_json:
            self.stdout.write(json.dumps(said))
        else:
            for name, value in said.items():
                self.stdout.write(f"{name}: {', '.join(value) or 'none' if isinstance(value, list) else value}")
            if effect:
                self.stdout.write(f"{effect}. A serving process rebuilds it; `manage.py index --rebuild` does it now.")
        if effect:
            raise SystemExit(1)

    def _check(self, as_json: bool) -> None:
        report = indexing.check()
        found = {
            "missing": list(report.missing),
            "orphaned": list(report.orphaned),
            "differing": list(report.differing),
        }
        clean = not any(found.values()) and not report.recipe_differs
        left = {"unfinished": list(report.unfinished), "recipe_differs": report.recipe_differs}
        if as_json:
            self.stdout.write(json.dumps({"ok": clean, **found, **left}))
        elif clean:
            self.stdout.write("The index is as the database says.")
        else:
            for name, keys in found.items():
                more = f" and {len(keys) - SHOWN} more" if len(keys) > SHOWN else ""
                self.stdout.write(f"{name}: {len(keys)}" + (f" ({', '.join(keys[:SHOWN])}{more})" if keys else ""))
            verb = (
                "--rebuild` to make it with the settings of now"
                if report.recipe_differs
                else "--sync` to do what differs"
            )
            self.stdout.write(f"Run `manage.py index {verb}.")
        if report.unfinished and not as_json:
            self.stdout.write(
                "A build was cut off; the index in use is not touched. `manage.py index --rebuild` clears it."
            )
        if not clean:
            raise SystemExit(1)

    def _rebuild(self, as_json: bool) -> None:
        with console.bar("Rebuilding the index", self.stderr) as bar:
            generation = indexing.rebuild(bar)
        self.stdout.write(json.dumps({"generation": generation}) if as_json else f"Built and switched to {generation}.")

    def _sync(self, as_json: bool) -> None:
        report = indexing.sync_all()
        counts = {name: console.count(getattr(report, name)) for name in ("added", "changed", "removed", "unchanged")}
        text = ", ".join(f"{number} {name}" for name, number in counts.items())
        self.stdout.write(json.dumps(counts) if as_json else f"{text}.")
