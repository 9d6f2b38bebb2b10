"""`manage.py evaluate DIR`: how well search, answering and abstaining do on labelled questions, in scratch indexes."""

import json
import tempfile
from argparse import ArgumentTypeError
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from faq.errors import DomainError
from faq.gateways import retrieval as gateway
from faq.management.console import bar
from faq.management.measuring import BACKENDS, EMBEDDERS, builder
from faq.management.tables import rows_table, tables
from retrieval.evaluation import HOLDOUT, Evaluation, Progress, evaluate, read
from retrieval.types import RetrievalError

MARKS = {"<!-- evaluate: begin -->": tables, "<!-- evaluate: begin rows -->": rows_table}
"""What begins the tables of a document -> what they are."""
END = "<!-- evaluate: end -->"
TENTHS = 10


class Command(BaseCommand):
    help = (
        "Measures search, answers and abstention on passages.<locale>.jsonl and questions.<locale>.jsonl of a folder."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--locale", action="append", default=[], help="ask the questions of this language only")
        parser.add_argument("--backend", default="", help=f"{', '.join(BACKENDS)}, or a dotted path")
        parser.add_argument("--embedder", default="", help=f"{', '.join(EMBEDDERS)}, or a dotted path")
        parser.add_argument(
            "--holdout", type=_whole, default=HOLDOUT, metavar="N", help="take out every Nth article; 0: none"
        )
        parser.add_argument("--no-baselines", action="store_true", help="measure the product alone")
        parser.add_argument("--details", type=Path, help="write what became of each question, as JSON lines")
        parser.add_argument(
            "--update", type=Path, action="append", default=[], help="renew the tables in this document"
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        documents = [_marked(path) for path in options["update"]]
        try:
            found = self._evaluate(options)
        except (RetrievalError, DomainError) as error:
            raise CommandError(str(error)) from error
        if options["details"] is not None:
            _write_details(options["details"], found)
        report = found.as_dict()
        for path, (head, mark, tail) in zip(options["update"], documents, strict=True):
            path.write_text(f"{head}{mark}\n{MARKS[mark](report)}\n{END}{tail}", encoding="utf-8")
        self.stdout.write(json.dumps(report) if options["json"] else tables(report))

    def _evaluate(self, options: dict[str, Any]) -> Evaluation:
        labelled = read(options["folder"], options["locale"])
        with tempfile.TemporaryDirectory(prefix="polyfaq-evaluate-") as scratch, bar("Questions") as step:
            build = builder(
                Path(scratch), list(labelled.questions), backend=options["backend"], embedder=options["embedder"]
            )
            try:
                return evaluate(
                    labelled,
                    build,
                    holdout=options["holdout"],
                    baselines=not options["no_baselines"],
                    progress=lambda done, total: self._tell(step, done, total),
                )
            finally:
                gateway.reset()

    def _tell(self, step: Progress, done: int, total: int) -> None:
        """A bar on a terminal, else a line for each tenth."""
        step(done, total)
        if not self.stderr.isatty() and done * TENTHS // total > (done - 1) * TENTHS // total:
            self.stderr.write(f"{done} of {total} questions asked")


def _whole(given: str) -> int:
    if not given.isdecimal():
        raise ArgumentTypeError(f"{given!r} is not a whole number from 0 on.")
    return int(given)


def _marked(path: Path) -> tuple[str, str, str]:
    """What stands before the tables of a document, the mark that begins them, and what stands after; read before anything
    is measured."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{path} cannot be read ({error.strerror}).") from error
    for mark in MARKS:
        head, begun, rest = text.partition(mark)
        _, ended, tail = rest.partition(END)
        if begun and ended:
            return head, mark, tail
    raise CommandError(f"{path} has no lines {' or '.join(MARKS)}, and {END}, to write tables between.")


def _write_details(path: Path, found: Evaluation) -> None:
    rows = (json.dumps(asdict(each), ensure_ascii=False) for each in found.judged)
    path.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
