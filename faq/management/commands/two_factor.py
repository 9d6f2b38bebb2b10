"""`manage.py two_factor USER`, `manage.py two_factor USER --off`: who lost the telephone and the backup codes gets in again."""

import json
from dataclasses import asdict
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError, CommandParser

from faq.domain import two_factor
from faq.errors import DomainError
from faq.management import console


class Command(console.PortalCommand):
    help = "Says whether somebody's login asks for a code, or turns that off."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", metavar="USER")
        parser.add_argument("--off", action="store_true", help="the password alone logs in from now on")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        person = User.objects.filter(username=options["user"]).first()
        if person is None:
            raise CommandError(f"There is no person called {options['user']!r}.")
        try:
            if options["off"]:
                two_factor.turn_off(person)
        except DomainError as error:
            raise CommandError(str(error)) from error
        found = two_factor.standing(person)
        if options["json"]:
            told = asdict(found) | {"since": found.since.isoformat() if found.since else None}
            self.stdout.write(json.dumps(told))
        elif found.is_on:
            self.stdout.write(f"On since {found.since:%Y-%m-%d}; {found.codes_left} backup codes left.")
        else:
            self.stdout.write("Off: the password alone logs in.")
