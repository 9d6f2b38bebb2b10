"""`manage.py restore FILE`: make this portal the one that a backup holds."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from faq.domain.backups import archive
from faq.errors import DomainError
from faq.management import console


class Command(console.PortalCommand):
    help = "Restores a backup into this portal, all of it or nothing, and builds the search index anew."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--replace", action="store_true", help="even if this portal holds something: that is lost")
        parser.add_argument("--verify", action="store_true", help="only tell whether the archive is whole")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["verify"]:
                self._verify(options["file"], options["json"])
            else:
                self._restore(options)
        except DomainError as error:
            raise CommandError(str(error)) from error

    def _verify(self, path: Path, as_json: bool) -> None:
        with archive.opened(path) as found, console.bar("Verifying bytes") as verifying:
            found.verify(verifying)
            counts = {
                name.split("/")[1].removesuffix(".jsonl"): table.rows for name, table in found.manifest.tables.items()
            }
        told = {"created_at": found.manifest.created_at, "version": found.manifest.version, "rows": counts}
        text = f"{path} is whole: {sum(counts.values())} rows of {found.manifest.created_at}."
        self.stdout.write(json.dumps(told) if as_json else text)

    def _restore(self, options: dict[str, Any]) -> None:
        from faq.domain import backups

        with console.bar("Verifying bytes") as verifying, console.bar("Restoring rows") as loading:
            done = backups.restore(options["file"], replace=options["replace"], verifying=verifying, loading=loading)
        for name in done.missing:
            self.stderr.write(f"The file uploads/{name} was gone when the backup was made: upload it again.")
        if done.secret_key:
            self.stderr.write("The secret key is the archive's: restart every process.")
        built = console.run_jobs(self.stderr.write)
        text = f"{done.rows} rows and {done.uploads} uploads of {done.created_at} restored."
        self.stdout.write(json.dumps(asdict(done)) if options["json"] else text)
        if not built:
            raise CommandError("The portal is restored; the index is not built yet: `manage.py index --rebuild`.")
