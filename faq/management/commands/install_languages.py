"""`manage.py install_languages de fr [--from PATH]`: fetch the Argos packages that translate into and from languages.

Packages go from and into English, the pivot of nearly all of them, and so serve every pair of installed languages. What is
there in its newest version stays as it is. A running server uses new packages at once.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from faq import conf
from faq.errors import DomainError
from faq.management import console
from faq.queries import locales
from translation import packages
from translation.types import LanguagePair, TranslationError, UnsupportedPair

PIVOT = "en"


class Command(BaseCommand):
    help = "Installs, lists or removes the packages that translate."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("languages", nargs="*", metavar="LANGUAGE", help="such as de, zh-hans, pt-br")
        parser.add_argument("--from", dest="origin", default="", metavar="PATH_OR_URL",
                            help="a package file, a folder of them, or an address; without it, Argos' index")  # fmt: skip
        parser.add_argument("--list", action="store_true", help="list what is installed")
        parser.add_argument("--remove", action="store_true", help="remove the packages of these languages")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        folder = Path(conf.get("ARGOS_PACKAGES"))
        languages: list[str] = options["languages"]
        if not languages and not options["list"] and not options["origin"]:
            raise CommandError("Name at least one language, such as: manage.py install_languages de fr")
        changed: list[packages.Package] = []
        try:
            if options["remove"]:
                self._remove(languages, folder)
            elif not options["list"]:
                changed = self._install(languages, str(options["origin"]), folder)
        except TranslationError as error:
            raise CommandError(str(error)) from error
        self._tell(packages.installed(folder), changed, options["json"])

    def _install(self, languages: Sequence[str], origin: str, folder: Path) -> list[packages.Package]:
        with console.bar("Installing") as step:
            if origin.lower().startswith(("http://", "https://")):
                return [packages.install_from_url(origin, folder, step)]
            if origin:
                return packages.install_from(Path(origin), folder, languages=languages, progress=step)
        return list(self._from_index(languages, folder))

    def _from_index(self, languages: Sequence[str], folder: Path) -> Iterator[packages.Package]:
        url = str(conf.get("ARGOS_INDEX_URL"))
        offered = packages.available(url)
        have = {(package.source, package.target): package.version for package in packages.installed(folder)}
        for pair in wanted_pairs(languages):
            versions = [row.version for row in offered if (row.source, row.target) == (pair.source, pair.target)]
            if not versions:
                self._missing(pair, offered)
            elif have.get((pair.source, pair.target)) in versions and len(set(versions)) == 1:
                continue
            else:
                with console.bar(f"{pair.source} → {pair.target}") as step:
                    yield packages.install_from_index(pair, folder, url, step)

    def _missing(self, pair: LanguagePair, offered: Sequence[packages.Available]) -> None:
        """Into a language there must be a package; back from it is a gain only for questions and mixed sources."""
        if pair.source == PIVOT:
            known = ", ".join(sorted({row.target for row in offered if row.source == PIVOT}))
            raise UnsupportedPair(f"The index has no package into {pair.target}. It has: {known}.")
        self.stderr.write(
            f"The index has no package from {pair.source} into {pair.target}; that direction is left out."
        )

    def _remove(self, languages: Sequence[str], folder: Path) -> None:
        if not languages:
            raise CommandError("Name the languages to remove.")
        tags = {packages.tag(packages.argos_code(language)) for language in languages}
        found = [package for package in packages.installed(folder) if tags & {package.source, package.target}]
        if not found:
            raise CommandError(f"No package of {', '.join(sorted(tags))} is installed.")
        for package in found:
            packages.remove(LanguagePair(package.source, package.target), folder)

    def _tell(self, found: Sequence[packages.Package], changed: Sequence[packages.Package], as_json: bool) -> None:
        if as_json:
            rows = [{"source": p.source, "target": p.target, "version": p.version} for p in found]
            self.stdout.write(json.dumps({"installed": rows, "new": len(changed)}))
            return
        for package in found:
            mark = " (new)" if any(package.path == new.path for new in changed) else ""
            self.stdout.write(f"{package.source} → {package.target} {package.version}{mark}")
        if not found:
            self.stdout.write("No package is installed.")


def wanted_pairs(languages: Sequence[str]) -> list[LanguagePair]:
    """English into each language and back; for a portal written in another language, that one too."""
    tags = [packages.tag(packages.argos_code(language)) for language in [*languages, *_own()]]
    return [
        pair
        for each in dict.fromkeys(tags)
        if each != PIVOT
        for pair in (LanguagePair(PIVOT, each), LanguagePair(each, PIVOT))
    ]


def _own() -> list[str]:
    """The portal's own language; none before its database is there."""
    try:
        return [locales.default_locale().tag]
    except (DatabaseError, DomainError):
        return []
