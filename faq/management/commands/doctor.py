"""`manage.py doctor`: look at everything this portal needs; each line says how it stands and what to do."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from faq.domain import doctor
from faq.domain.doctor import Finding, State
from faq.management import console


class Command(BaseCommand):
    help = "Examines settings, services, versions, index, packages and disk; ends with 1 when something fails."
    requires_system_checks: list[str] = []  # a wrong setting is a finding, not the end

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--quick", action="store_true", help="without comparing the whole index with the database")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        found: list[Finding] = []
        with console.bar("Examining", self.stderr) as step:
            for finding in doctor.examine(integrity=not options["quick"], progress=step):
                found.append(finding)
                if not options["json"]:
                    self.stdout.write(self._line(finding))
        worst = doctor.worst(found)
        if options["json"]:
            self.stdout.write(json.dumps({"state": worst, "findings": [asdict(each) for each in found]}))
        if worst == State.FAIL:
            raise SystemExit(1)

    def _line(self, finding: Finding) -> str:
        style = {State.OK: self.style.SUCCESS, State.WARN: self.style.WARNING, State.FAIL: self.style.ERROR}
        line = f"{style[finding.state](f'{finding.state:<4}')}  {finding.name}: {finding.detail}"
        return f"{line}\n      → {finding.action}" if finding.action else line
