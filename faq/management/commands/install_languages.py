"""`manage.py install_languages de fr [--from PATH]`: Argos packages from and into the portal's default language."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from faq.errors import DomainError
from faq.gateways import translation
from faq.management import console
from faq.queries import locales


class Command(BaseCommand):
    help = "Installs Argos translation packages, from the index or from a file, folder or address."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("languages", nargs="*", help="into these languages, from the default one")
        parser.add_argument("--from", dest="origin", default="", help="an .argosmodel file, a folder of them, or a URL")
        parser.add_argument("--remove", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["origin"]:
            self._from(options["origin"])
            return
        if not options["languages"]:
            raise CommandError("Name languages (de fr), or give --from PATH.")
        default = locales.default_locale().tag
        failed = 0
        with console.bar("Installing") as step:
            for done, language in enumerate(options["languages"], start=1):
                failed += not self._one(default, language, options["remove"])
                step(done, len(options["languages"]))
        if failed:
            raise CommandError(f"{failed} of {len(options['languages'])} failed.")

    def _one(self, default: str, language: str, remove: bool) -> bool:
        try:
            if remove:
                gone = translation.remove_package(default, language)
                self.stdout.write(f"{default} → {language}: {'removed' if gone else 'was not installed'}")
            else:
                package = translation.install_package(default, language)
                self.stdout.write(f"{package.source} → {package.target}: version {package.version}")
        except DomainError as error:
            self.stderr.write(f"{language}: {error}")
            return False
        return True

    def _from(self, origin: str) -> None:
        try:
            made = translation.install_package_from(origin if "://" in origin else Path(origin))
        except DomainError as error:
            raise CommandError(str(error)) from error
        for package in made:
            self.stdout.write(f"{package.source} → {package.target}: version {package.version}")
