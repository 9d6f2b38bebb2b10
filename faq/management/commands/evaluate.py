"""`manage.py evaluate DIR`: how well retrieval and composing do on labelled questions, in a scratch index."""

import json
import tempfile
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from faq import conf
from faq.composition.compose import MAX_PASSAGES
from faq.composition.types import Evidence
from faq.gateways import retrieval as gateway
from faq.queries import evidence
from retrieval.evaluation import evaluate
from retrieval.factory import build_retriever
from retrieval.types import Hit, RetrievalError


class Command(BaseCommand):
    help = "Measures recall, answers and latency on passages.<locale>.jsonl and questions.<locale>.jsonl of a folder."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        with tempfile.TemporaryDirectory(prefix="polyfaq-evaluate-") as scratch:
            numbers = count()

            def fresh() -> Any:
                made = build_retriever(
                    backend=conf.get("INDEX_BACKEND"),
                    embedder=conf.get("EMBEDDER"),
                    index_path=Path(scratch) / f"{next(numbers)}.sqlite3",
                    embedder_options={},
                )
                gateway.use(made)
                return made

            try:
                report = evaluate(options["folder"], fresh, composed)
            except RetrievalError as error:
                raise CommandError(str(error)) from error
            finally:
                gateway.reset()
        if options["json"]:
            self.stdout.write(json.dumps(report))
        else:
            self._table(report)

    def _table(self, report: dict[str, Any]) -> None:
        names = [
            "question_locale",
            "passage_locale",
            "n",
            "recall_at_1",
            "recall_at_5",
            "mrr",
            "answered",
            "answer_hit",
        ]
        self.stdout.write("| " + " | ".join(names) + " |\n|" + "---|" * len(names))
        for row in report["rows"]:
            cells = [f"{row[name]:.3f}" if isinstance(row[name], float) else str(row[name]) for name in names]
            self.stdout.write("| " + " | ".join(cells) + " |")
        self.stdout.write(f"One search: p50 {report['latency_ms']['p50']} ms, p95 {report['latency_ms']['p95']} ms.")


def composed(question: Any, found: Sequence[tuple[Any, Hit]]) -> str:
    """The answer the portal would compose from the ranked passages, in the language of the passages; empty for none."""
    items = [
        Evidence(
            passage=n,
            key=passage.id,
            source=passage.title,
            url="",
            heading=(passage.title,),
            text=passage.text,
            locale=passage.locale,
            sentences=tuple(evidence.spans(passage.text, passage.locale)),
            weight=hit.evidence,
        )
        for n, (passage, hit) in enumerate(found[:MAX_PASSAGES])
    ]
    draft = evidence.sure_draft(question.question, question.locale, items)
    return draft.text
