"""`manage.py translators export FILE --into de`, `manage.py translators import FILE [--dry-run]`: files for translators.

The ending says the format: xlf (XLIFF 2.0), po, tmx. What comes back counts as a person's; over what a person wrote here, or
where a check fails, only with the options that say so.
"""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from faq.domain import translators
from faq.enums import JobState, Wanted
from faq.errors import DomainError
from faq.management import console
from faq.models import Job
from faq.queries import locales


class Command(console.PortalCommand):
    help = "Writes what is to be translated as a file for translators, or takes their file in."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["import", "export"])
        parser.add_argument("file", type=Path, metavar="FILE", help="ends in .xlf, .po or .tmx")
        parser.add_argument("--from", dest="source", default="", metavar="LOCALE", help="export: of the originals")
        parser.add_argument("--into", dest="target", default="", metavar="LOCALE", help="export: of the translations")
        parser.add_argument("--sentences", choices=Wanted.values, default=Wanted.UNCHECKED, help="export: which ones")
        parser.add_argument("--topic", default="", metavar="KEY", help="export: of one topic only")
        parser.add_argument("--dry-run", action="store_true", help="import: say what would happen, keep nothing")
        parser.add_argument("--replace", action="store_true", help="import: also over what people wrote here")
        parser.add_argument("--failed", action="store_true", help="import: also what fails a check")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            told = self._export(options) if options["action"] == "export" else self._import(options)
        except DomainError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be opened: {error.strerror}.") from error
        text = ", ".join(f"{count} {name}" for name, count in told.items())
        self.stdout.write(json.dumps(told) if options["json"] else text)

    def _export(self, options: dict[str, Any]) -> dict[str, int]:
        if not options["target"]:
            raise CommandError("Name the language: manage.py translators export de.xlf --into de")
        source = options["source"] or locales.default_locale().tag
        wanted, topic = options["sentences"], options["topic"]
        return {"written": translators.export_file(options["file"], source, options["target"], wanted, topic)}

    def _import(self, options: dict[str, Any]) -> dict[str, int]:
        path: Path = options["file"]
        plan = translators.plan_import(path)
        told = {fate.value: count for fate, count in plan.by_fate().items()}
        told |= {f"not here: {pair}": count for pair, count in plan.unknown.items()}
        if options["dry_run"]:
            return told
        kept = translators.keep(path.read_bytes(), path.name)
        job = translators.import_file(kept, path.name, replace=options["replace"], failed=options["failed"])
        console.run_jobs(self.stderr.write)
        done = Job.objects.get(pk=job.pk)
        for failure in done.failures:
            self.stderr.write(f"{failure['item']}: {failure['reason']}")
        if done.state not in (JobState.SUCCEEDED, JobState.QUEUED):
            raise CommandError(done.error or f"The job is {done.state}.")
        return told
