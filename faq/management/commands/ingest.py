"""`manage.py ingest PATH_OR_URL... --locale en`: read files, folders and web pages into sources.

Idempotent: what has not changed since the last time is only counted. A file that fails is named with its reason and
never keeps the others from coming in.
"""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError

from faq import conf
from faq.domain import jobs, sources, topics
from faq.enums import SourceKind
from faq.errors import DomainError, Invalid
from faq.management import console
from faq.models import Topic
from faq.queries import locales


class Command(console.PortalCommand):
    help = "Reads files, folders and web pages into sources; a second run changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", nargs="+", metavar="PATH_OR_URL")
        parser.add_argument("--locale", required=True, help="the language they are written in")
        parser.add_argument("--topic", default="", help="key of a topic; made when it is missing")
        parser.add_argument(
            "--sitemap", action="store_true", help="addresses are sites, or their sitemaps: read the pages"
        )
        parser.add_argument("--publish", action="store_true", help="readers see it at once")
        parser.add_argument("--no-wait", action="store_true", help="leave background work to the server")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            locale = locales.require(options["locale"]).tag
            topic = topics.ensure_topic(options["topic"]) if options["topic"] else None
        except DomainError as error:
            raise CommandError(str(error)) from error
        report: dict[str, Any] = {"added": 0, "revised": 0, "unchanged": 0, "failed": []}
        items = self._items(options, locale)
        with console.bar("Reading") as step, jobs.together():
            for done, item in enumerate(items, start=1):
                self._one(item, locale, topic, options["publish"], report)
                step(done, len(items))
        if not options["no_wait"]:
            console.run_jobs(self.stderr.write)
        self._tell(report, options["json"])
        if report["failed"] and not (report["added"] or report["revised"] or report["unchanged"]):
            raise SystemExit(1)

    def _items(self, options: dict[str, Any], locale: str) -> list[str]:
        """What is to be read; of sitemaps the pages."""
        found: list[str] = []
        for item in _items(options["what"]):
            if not (options["sitemap"] and is_url(item)):
                found.append(item)
                continue
            try:
                looked = sources.look_at_sitemap(item, locale)
            except DomainError as error:
                raise CommandError(str(error)) from error
            found += [*looked.known, *looked.pages]
            for reason in looked.unread:
                self.stderr.write(reason)
        return found

    def _one(self, item: str, locale: str, topic: Topic | None, publish: bool, report: dict[str, Any]) -> None:
        try:
            if is_url(item):
                _, change = sources.ingest(
                    locale=locale, url=item, kind=SourceKind.URL, topic=topic, path=item, publish=publish
                )
            else:
                path = Path(item)
                _, change = sources.ingest(
                    locale=locale, data=_bytes(path), filename=path.name, kind=SourceKind.FILE, topic=topic,
                    path=os.fsencode(path.resolve()).decode("utf-8", "replace"), publish=publish,
                )  # fmt: skip
        except DomainError as error:
            report["failed"].append({"path": _shown(item), "reason": str(error)})
        except (OSError, DatabaseError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            report["failed"].append({"path": _shown(item), "reason": f"{reason}. Nothing of it was kept; try again."})
        else:
            report[change] += 1

    def _tell(self, report: dict[str, Any], as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(report, ensure_ascii=False))
            return
        self.stdout.write("{added} added, {revised} revised, {unchanged} unchanged.".format(**report))
        for failure in report["failed"]:
            self.stderr.write(f"{failure['path']}: {failure['reason']}")


def is_url(item: str) -> bool:
    return item.lower().startswith(("http://", "https://"))


def _items(what: Iterable[str]) -> Iterator[str]:
    """Addresses and files as they are; folders as the files in them whose kind is known, hidden ones left out."""
    for item in what:
        if is_url(item) or not Path(item).is_dir():
            yield item
            continue
        for folder, folders, names in os.walk(item):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                if sources.is_readable(name):
                    yield str(Path(folder) / name)


def _bytes(path: Path) -> bytes:
    size, ceiling = path.stat().st_size, int(conf.get("UPLOAD_MAX_BYTES"))
    if size > ceiling:
        raise Invalid(
            (
                "%(file)s has %(size)s MB; the ceiling is %(ceiling)s MB. Split the file, or raise "
                "POLYFAQ_UPLOAD_MAX_BYTES."
            ),
            file=path.name,
            size=size // 1_000_000,
            ceiling=ceiling // 1_000_000,
        )
    return path.read_bytes()


def _shown(item: str) -> str:
    """A file name fit for a terminal and for JSON."""
    return sources.clean(os.fsencode(item).decode("utf-8", "replace"))
