"""Write the knowledge base into an archive, at one moment of the database.

README.md                   what is where
knowledge.yaml              languages and topics
sources/KEY/source.yaml     what is known of a source, and of each of its revisions
sources/KEY/N.md            the text of revision N, as it is read; sources/KEY/N.json: its blocks and passages
questions/KEY.yaml          wordings and every revision of the answer, with what it cites
memory/FROM-INTO.tmx        the translation memory, with origin, verdict and approval as properties
glossary.csv                as `manage.py glossary` writes it
readers.json                unanswered questions, votes as counts, comments
uploads/...                 the files that sources were read from
"""

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.db.models import Count, Prefetch

import faq
from faq.domain import glossary_table, uploads
from faq.domain.backups import rows
from faq.domain.knowledge import archive
from faq.domain.knowledge.archive import Writer
from faq.errors import NotFound
from faq.gateways import translation
from faq.models import (
    AnswerRevision,
    Asked,
    Citation,
    Feedback,
    Locale,
    Phrasing,
    Question,
    Source,
    SourceRevision,
    Topic,
    TranslationUnit,
)

Progress = Callable[[int, int], None]
LOCALE = ("tag", "name", "autonym", "direction", "fallback_id", "enabled", "is_default", "policy", "order")
TOPIC = ("key", "title", "description", "order")
SOURCE = (
    "key", "kind", "title", "locale_id", "url", "path", "upload", "state", "refresh_hours", "refresh_policy",
    "settled_number", "raw_hash", "etag", "last_modified", "error", "checked_at", "created_at", "updated_at",
)  # fmt: skip
SCHEDULE = ("publish_at", "retire_at")
REVISION = ("number", "title", "content_hash", "media_type", "chunking_generation", "created_at")
PASSAGE = ("ordinal", "key", "start", "end", "heading_path", "content_hash")
QUESTION = ("key", "state", "created_at", "updated_at")
PHRASING = ("locale_id", "text", "canonical", "origin")
ANSWER = (
    "locale_id", "number", "text", "segments", "origin", "state", "significance", "is_translation", "created_at",
    "published_at",
)  # fmt: skip
CITATION = ("number", "quote", "start", "end", "passage_hash")
UNIT = ("origin", "approved", "verdict", "engine", "context_hash", "created_at", "updated_at")
ASKED = ("text", "locale_id", "text_hash", "outcome", "state", "count", "first_at", "last_at", "compared", "told")
README = """# A knowledge base of Polyfaq

{made}: {sources} sources, {questions} questions, {units} translations, in {locales}.

- `sources/`: a folder for each, with the text of every revision as Markdown.
- `questions/`: wordings and answers in all languages, with what they cite.
- `memory/`: translations as TMX. `glossary.csv`: terms. `uploads/`: the files that sources were read from.
- `readers.json`: what readers asked and found helpful.

`manage.py import_knowledge FILE` brings it into an empty portal, as it is: the sums in `manifest.json` must hold.
"""


@dataclass(frozen=True, slots=True)
class Exported:
    """How many of each are in the archive. `missing`: uploads that a source names and that are gone; `bytes`: of the file."""

    sources: int
    questions: int
    units: int
    uploads: int
    missing: tuple[str, ...]
    bytes: int


def export_knowledge(path: Path, progress: Progress | None = None) -> Exported:
    """Write the archive. Conflict when there is such a file; Unavailable when it cannot be written."""
    with archive.created(path) as out, rows.snapshot():
        total = Source.objects.count() + Question.objects.count()
        step = _steps(progress, total)
        _languages_and_topics(out)
        sources = sum(1 for _ in _sources(out, step))
        questions = sum(1 for _ in _questions(out, step))
        units = _memory(out)
        _glossary(out)
        _readers(out)
        kept, missing = _uploads(out)
        made = datetime.now(UTC).isoformat(timespec="seconds")
        tags = ", ".join(Locale.objects.filter(enabled=True).values_list("tag", flat=True))
        out.put("README.md", README.format(made=made, sources=sources, questions=questions, units=units, locales=tags))
        out.manifest(version=faq.__version__, made=made, sources=sources, questions=questions, units=units)
    return Exported(sources, questions, units, kept, tuple(missing), path.stat().st_size)


def _steps(progress: Progress | None, total: int) -> Callable[[], None]:
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, total)

    return step


def said(row: Any, fields: tuple[str, ...]) -> dict[str, Any]:
    """The fields of a row, times as ISO 8601."""
    found: dict[str, Any] = {}
    for name in fields:
        value = getattr(row, name)
        if isinstance(value, datetime):
            value = value.isoformat()
        elif value is not None and not isinstance(value, str | int | bool | list | dict):
            value = str(value)  # a file's name
        found[name.removesuffix("_id")] = value
    return found


def _languages_and_topics(out: Writer) -> None:
    out.put_yaml(
        "knowledge.yaml",
        {
            "locales": [said(each, LOCALE) for each in Locale.objects.order_by("order", "tag")],
            "topics": [said(each, TOPIC) for each in Topic.objects.order_by("pk")],
        },
    )


def _sources(out: Writer, step: Callable[[], None]) -> Iterator[str]:
    """In the order of their numbers, which keys of passages hold."""
    for source in (
        Source.objects.select_related("topic", "owner", "publish_revision").order_by("pk").iterator(chunk_size=200)
    ):
        revisions = SourceRevision.objects.filter(source=source).order_by("number").prefetch_related("passages")
        told = []
        for revision in revisions:
            told.append(said(revision, REVISION) | {"published": revision.pk == source.published_revision_id})
            out.put(f"sources/{source.key}/{revision.number}.md", revision.text)
            passages = [said(each, PASSAGE) for each in revision.passages.all()]
            out.put_json(
                f"sources/{source.key}/{revision.number}.json", {"blocks": revision.blocks, "passages": passages}
            )
        about = {
            "id": source.pk,
            **said(source, SOURCE),
            "topic": source.topic.key if source.topic else None,
            "owner": source.owner.get_username() if source.owner else None,
            "schedule": _schedule(source),
            "revisions": told,
        }
        out.put_yaml(f"sources/{source.key}/source.yaml", about)
        step()
        yield source.key


def _schedule(source: Source) -> dict[str, Any]:
    """What is to happen by itself; nothing where nothing is."""
    said_of = said(source, SCHEDULE)
    if source.publish_revision is not None:
        said_of["revision"] = source.publish_revision.number
    return {name: value for name, value in said_of.items() if value is not None}


def _questions(out: Writer, step: Callable[[], None]) -> Iterator[str]:
    citations = Prefetch(
        "citations", Citation.objects.select_related("passage__revision__source").order_by("number", "pk")
    )
    revisions = AnswerRevision.objects.select_related("based_on", "author").prefetch_related(citations).order_by("pk")
    found = Question.objects.select_related("topic").prefetch_related(
        Prefetch("phrasings", Phrasing.objects.order_by("pk")), Prefetch("answer__revisions", revisions)
    )
    for question in found.order_by("pk").iterator(chunk_size=100):
        answer = getattr(question, "answer", None)
        about = {
            "id": question.pk,
            **said(question, QUESTION),
            "topic": question.topic.key if question.topic else None,
            "phrasings": [said(each, PHRASING) for each in question.phrasings.all()],
            "answers": [_answer(each) for each in answer.revisions.all()] if answer else None,
        }
        out.put_yaml(f"questions/{question.key}.yaml", about)
        step()
        yield question.key


def _answer(revision: AnswerRevision) -> dict[str, Any]:
    based = revision.based_on
    return {
        **said(revision, ANSWER),
        "based_on": {"locale": based.locale_id, "number": based.number} if based else None,
        "author": revision.author.get_username() if revision.author else None,
        "citations": [_citation(each) for each in revision.citations.all()],
    }


def _citation(citation: Citation) -> dict[str, Any]:
    revision = citation.passage.revision
    where = {
        "source": revision.source.key, "revision": revision.number, "passage": citation.passage.ordinal
    }  # fmt: skip
    return said(citation, CITATION) | where


def _memory(out: Writer) -> int:
    """A file for each pair of languages; what failed and has no text is left out: it will be tried again."""
    units = TranslationUnit.objects.exclude(target_text="")
    pairs = units.order_by("source_locale_id", "target_locale_id").values_list("source_locale_id", "target_locale_id")
    count = 0
    with tempfile.TemporaryDirectory() as folder:
        for source, target in pairs.distinct():
            path = Path(folder) / f"{source}-{target}.tmx"
            rows_of = units.filter(source_locale_id=source, target_locale_id=target).order_by("pk")
            texts = ((each.source_text, each.target_text, _properties(each)) for each in rows_of.iterator(2000))
            count += translation.write_tmx(path, texts, source, target)
            out.put(f"memory/{path.name}", path.read_bytes())
            path.unlink()
    return count


def _properties(unit: TranslationUnit) -> dict[str, str]:
    told = said(unit, UNIT)
    told["approved"] = "yes" if unit.approved else "no"
    return {f"x-{name.replace('_', '-')}": str(value) for name, value in told.items() if value != ""}


def _glossary(out: Writer) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "glossary.csv"
        glossary_table.export_file(path)
        out.put("glossary.csv", path.read_bytes())


def _readers(out: Writer) -> None:
    """Votes as counts: which of them are one visitor's stays here."""
    votes: dict[str, dict[str, list[int]]] = defaultdict(dict)
    counted = Feedback.objects.order_by().values_list("question__key", "locale_id", "helpful").annotate(n=Count("pk"))
    for key, tag, helpful, number in counted:
        votes[key].setdefault(tag, [0, 0])[not helpful] = number
    comments = Feedback.objects.exclude(comment="").select_related("question").order_by("pk")
    out.put_json(
        "readers.json",
        {
            "asked": _asked(),
            "votes": votes,
            "comments": [
                {"question": each.question.key, **said(each, ("locale_id", "helpful", "comment", "created_at"))}
                for each in comments
            ],
        },
    )


def _asked() -> list[dict[str, Any]]:
    """Gaps are numbered as they come: their keys are this portal's own."""
    numbers: dict[int | None, int] = {}
    found = []
    for asked in Asked.objects.select_related("nearest").prefetch_related("days"):
        about = {
            "nearest": asked.nearest.key if asked.nearest else None,
            "days": {str(each.day): each.count for each in asked.days.all()},
            "gap": numbers.setdefault(asked.gap_id or -asked.pk, len(numbers) + 1),
        }
        found.append(said(asked, ASKED) | about)
    return found


def _uploads(out: Writer) -> tuple[int, list[str]]:
    names = Source.objects.exclude(upload="").order_by("upload").values_list("upload", flat=True).distinct()
    kept, missing = 0, []
    for name in map(str, names):
        try:
            out.put(f"uploads/{name}", uploads.read_kept(name))
            kept += 1
        except NotFound:
            missing.append(name)
    return kept, missing
