"""Bring an archive's knowledge base into an empty portal: all of it in one transaction, or nothing.

Rows are written as they were, times included, and not made anew: an answer is as current, and a translation as approved, as it
was. A source keeps its number where that is free, because keys of its passages, which readers' links hold, begin with it. The
index is derived: its rebuild is a job of the same transaction.
"""

import hashlib
import re
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, models, transaction
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from faq import cache
from faq.domain import access, audit, glossary_table, jobs, uploads
from faq.domain.backups import rows
from faq.domain.backups.archive import UPLOAD
from faq.domain.knowledge import archive, exporting
from faq.domain.knowledge.archive import Reader, damaged
from faq.domain.readiness import REBUILD_KEY
from faq.enums import JobKind
from faq.errors import Conflict, Invalid, Unavailable
from faq.gateways import translation
from faq.models import (
    Answer,
    AnswerRevision,
    Asked,
    AskedDay,
    Citation,
    Feedback,
    Gap,
    GlossaryTerm,
    Locale,
    Passage,
    Phrasing,
    Question,
    Source,
    SourceRevision,
    Topic,
    TranslationUnit,
)
from faq.queries import locales

Progress = Callable[[int, int], None]
Row = Mapping[str, Any]
EMPTY = (Source, Question, Topic, TranslationUnit, GlossaryTerm, Asked, Feedback)
"""What an empty portal holds none of."""
BATCH = 500
NUMBER = re.compile(r"p\d+-")
"""How a passage's key begins: the number of its source."""
UNKNOWN_VISITOR = "imported-{}"
"""Votes came as counts; one row for each, by nobody in particular."""


@dataclass(frozen=True, slots=True)
class Imported:
    """How many of each came in."""

    sources: int
    questions: int
    units: int
    uploads: int


def held() -> dict[str, int]:
    """What this portal holds that an empty one does not: name -> how many."""
    return {str(model._meta.verbose_name_plural): n for model in EMPTY if (n := model._default_manager.count())}


@access.needs("add_source", "add_question", "change_locale")
def import_knowledge(path: Path, actor: audit.Actor = None, progress: Progress | None = None) -> Imported:
    """Make this portal's knowledge base the one of the archive.

    Conflict for a portal that is not empty; Invalid for an archive that is damaged, newer, or says what cannot be; Unavailable
    when the disk or the database fails. The portal is as it was after each of them.
    """
    with archive.opened(path) as found:
        if there := held():
            raise Conflict(
                "This portal is not empty: it holds %(there)s. Import into a new one.",
                there=", ".join(f"{count} {name}" for name, count in there.items()),
            )
        kept = _uploads(found)
        loading = _Loading(found, progress)
        try:
            with transaction.atomic(), _told(found, loading):
                cache.bump_on_commit(cache.LOCALES, cache.CONTENT, cache.INDEX)
                done = loading.everything(actor)
                rows.settle()
                counts = dict(zip(("sources", "questions", "units"), done, strict=True))
                audit.record(actor, "import", locales.default_locale(), {}, {"file": path.name[:200], **counts})
                jobs.enqueue(JobKind.REBUILD_INDEX, {}, key=REBUILD_KEY)
        except DatabaseError as error:
            raise Unavailable(
                "The database did not take the archive's content (%(error)s). The portal is as it was.",
                error=type(error).__name__,
            ) from error
    return Imported(*done, kept)


@contextmanager
def _told(found: Reader, loading: "_Loading") -> Iterator[None]:
    """What a member's content raises becomes Invalid, with its name."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, ValidationError, RecursionError, yaml.YAMLError) as error:
        raise Invalid(
            "%(file)s: %(member)s cannot be read (%(error)s). Nothing was imported; export it again.",
            file=found.path.name, member=loading.member, error=type(error).__name__,
        ) from error  # fmt: skip


def _uploads(found: Reader) -> int:
    """Files are named by their content, so that adding one changes nothing that is there."""
    names = found.below("uploads")
    for name in names:
        form, data = UPLOAD.fullmatch(name), found.read(name)
        if form is None or form[2] != hashlib.sha256(data).hexdigest():
            raise damaged(found.path, f"{name} is no upload of ours")
        uploads.keep(data, name)
    return len(names)


class _Loading:
    """One import. `member`: which part of the archive is being read."""

    def __init__(self, found: Reader, progress: Progress | None) -> None:
        self.found, self.member = found, archive.MANIFEST
        self._progress = progress
        self._done, self._total = 0, int(found.about["sources"]) + int(found.about["questions"])
        self._people = {each.get_username(): each.pk for each in get_user_model()._default_manager.all()}
        self._topics: dict[str, int] = {}
        self._sources: dict[str, int] = {}
        self._questions: dict[str, int] = {}
        self._passages: dict[tuple[str, int, int], int] = {}

    def everything(self, actor: audit.Actor) -> tuple[int, int, int]:
        """How many sources, questions and units."""
        self._knowledge()
        for about in self._in_order("sources", "/source.yaml"):
            self._source(about)
        for about in self._in_order("questions", ".yaml"):
            self._question(about)
        units = sum(self._pair(name) for name in self.found.below("memory", ".tmx"))
        self._glossary(actor)
        self._readers()
        return len(self._sources), len(self._questions), units

    def _read(self, name: str, how: Callable[[str], Any]) -> Any:
        self.member = name
        return how(name)

    def _in_order(self, folder: str, ending: str) -> Iterable[Row]:
        """By the numbers that rows had: what nothing else orders comes in that order."""
        names = self.found.below(folder, ending)
        abouts = [self._read(name, self.found.yaml) | {"member": name} for name in names]
        for about in sorted(abouts, key=lambda each: int(each["id"])):
            self.member = about["member"]
            yield about
            self._done += 1
            if self._progress:
                self._progress(self._done, self._total)

    def _knowledge(self) -> None:
        about = self._read("knowledge.yaml", self.found.yaml)
        Locale.objects.update(is_default=False)
        Locale.objects.update(enabled=False, fallback=None)
        wanted = [_fields(Locale, each, exporting.LOCALE) for each in about["locales"]]
        for fields in wanted:
            Locale.objects.update_or_create(
                tag=fields["tag"], defaults={**fields, "fallback_id": None, "is_default": False}
            )
        for fields in wanted:
            Locale.objects.filter(tag=fields["tag"]).update(
                fallback_id=fields["fallback_id"], is_default=fields["is_default"]
            )
        for each in about["topics"]:
            self._topics[each["key"]] = Topic.objects.create(**_fields(Topic, each, exporting.TOPIC)).pk

    def _source(self, about: Row) -> None:
        older = {"refresh_policy": "wait", "settled_number": None}  # archives before these have none
        fields = _fields(Source, {**older, **about}, exporting.SOURCE) | {
            "topic_id": self._topics[about["topic"]] if about["topic"] else None,
            "owner_id": self._people.get(about["owner"]),
        }
        fields |= _number(Source, about)
        state = fields.pop("state")
        source = _written(Source, [fields | {"state": "draft"}])[0]
        self._sources[source.key] = source.pk
        schedule = dict(about.get("schedule") or {})  # archives before it have none
        number, published, due = schedule.pop("revision", None), None, None
        for each in about["revisions"]:
            revision = self._revision(source, each)
            published = revision if each["published"] else published
            due = revision if revision.number == number else due
        Source.objects.filter(pk=source.pk).update(
            state=state,
            published_revision=published,
            publish_revision=due,
            updated_at=fields["updated_at"],
            **_fields(Source, schedule, [name for name in exporting.SCHEDULE if name in schedule]),
        )

    def _revision(self, source: Source, each: Row) -> SourceRevision:
        name = f"sources/{source.key}/{int(each['number'])}"
        text, parts = self._read(f"{name}.md", self.found.text), self._read(f"{name}.json", self.found.json)
        fields = _fields(SourceRevision, each, exporting.REVISION)
        fields |= {"source_id": source.pk, "text": text, "blocks": parts["blocks"]}
        revision: SourceRevision = _written(SourceRevision, [fields])[0]
        made = []
        for passage in parts["passages"]:
            given = _fields(Passage, passage, exporting.PASSAGE)
            given["key"] = NUMBER.sub(f"p{source.pk}-", given["key"], count=1)
            given |= {"revision_id": revision.pk, "text": text[given["start"] : given["end"]]}
            made.append(given)
        for row in _written(Passage, made):
            self._passages[source.key, revision.number, row.ordinal] = row.pk
        return revision

    def _question(self, about: Row) -> None:
        fields = _fields(Question, about, exporting.QUESTION)
        fields["topic_id"] = self._topics[about["topic"]] if about["topic"] else None
        question = _written(Question, [fields | _number(Question, about)])[0]
        self._questions[question.key] = question.pk
        wordings = [_fields(Phrasing, each, exporting.PHRASING) for each in about["phrasings"]]
        _written(Phrasing, [each | {"question_id": question.pk} for each in wordings])
        if about["answers"] is not None:
            self._answer(Answer.objects.create(question=question), about["answers"])

    def _answer(self, answer: Answer, abouts: Iterable[Row]) -> None:
        made: dict[tuple[str, int], AnswerRevision] = {}
        for each in abouts:
            fields = _fields(AnswerRevision, each, exporting.ANSWER)
            fields |= {"answer_id": answer.pk, "author_id": self._people.get(each["author"])}
            revision = _written(AnswerRevision, [fields])[0]
            made[revision.locale_id, revision.number] = revision
            cited = [self._citation(citation) for citation in each["citations"]]
            _written(Citation, [citation | {"answer_revision_id": revision.pk} for citation in cited])
        for each in abouts:
            if based := each["based_on"]:
                revision = made[each["locale"], each["number"]]
                AnswerRevision.objects.filter(pk=revision.pk).update(
                    based_on=made[based["locale"], int(based["number"])]
                )

    def _citation(self, each: Row) -> dict[str, Any]:
        where = each["source"], int(each["revision"]), int(each["passage"])
        return _fields(Citation, each, exporting.CITATION) | {"passage_id": self._passages[where]}

    def _pair(self, name: str) -> int:
        """The memory of a pair, each unit with its origin and verdict."""
        self.member, count = name, 0
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / Path(name).name
            path.write_bytes(self.found.read(name))
            batch: list[dict[str, Any]] = []
            with translation.mapped():
                for pair, said in translation.read_tmx(path).described():
                    batch.append(_unit(pair, said))
                    if len(batch) == BATCH:
                        count += len(_written(TranslationUnit, batch))
                        batch = []
        return count + len(_written(TranslationUnit, batch))

    def _glossary(self, actor: audit.Actor) -> None:
        self.member = "glossary.csv"
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "glossary.csv"
            path.write_bytes(self.found.read("glossary.csv"))
            glossary_table.import_file(path, actor)

    def _readers(self) -> None:
        about = self._read("readers.json", self.found.json)
        gaps: dict[int, Gap] = {}
        for each in about["asked"]:
            number = int(each["gap"])
            gaps[number] = gaps.get(number) or Gap.objects.create()
            fields = _fields(Asked, each, exporting.ASKED) | {"gap_id": gaps[number].pk}
            fields["nearest_id"] = self._questions[each["nearest"]] if each["nearest"] else None
            asked = _written(Asked, [fields])[0]
            days = [{"asked_id": asked.pk, "day": parse_date(day), "count": n} for day, n in each["days"].items()]
            _written(AskedDay, days)
        self._votes(about)

    def _votes(self, about: Row) -> None:
        """As many as were counted; those with a comment are told one by one."""
        left: dict[tuple[str, str, bool], int] = defaultdict(int)
        for key, by_locale in about["votes"].items():
            for tag, counts in by_locale.items():
                for helpful, count in zip((True, False), counts, strict=True):
                    left[key, tag, helpful] = int(count)
        votes = []
        for each in about["comments"]:
            left[each["question"], each["locale"], each["helpful"]] -= 1
            fields = _fields(Feedback, each, ("locale_id", "helpful", "comment", "created_at"))
            votes.append(fields | {"question_id": self._questions[each["question"]]})
        for (key, tag, helpful), count in left.items():
            plain = {"question_id": self._questions[key], "locale_id": tag, "helpful": helpful}
            votes += [dict(plain) for _ in range(count)]
        _written(Feedback, [vote | {"visitor": UNKNOWN_VISITOR.format(n)} for n, vote in enumerate(votes)])


def _unit(pair: tuple[str, str, str, str], said: Mapping[str, str]) -> dict[str, Any]:
    told = {name.removeprefix("x-").replace("-", "_"): value for name, value in said.items()}
    about = {**dict.fromkeys(exporting.UNIT, ""), **told, "approved": told.get("approved") == "yes"}
    return _fields(TranslationUnit, about, exporting.UNIT) | {
        "source_locale_id": pair[0],
        "target_locale_id": pair[1],
        "source_hash": translation.unit_hash(pair[2]),
        "source_text": pair[2],
        "target_text": pair[3],
    }


def _number(model: Any, about: Row) -> dict[str, int]:
    """The number that the row had, unless another one has it here."""
    number = int(about["id"])
    return {} if model._default_manager.filter(pk=number).exists() else {"pk": number}


def _fields(model: type[models.Model], about: Row, names: Iterable[str]) -> dict[str, Any]:
    """The values of these fields, as the model has them. KeyError, ValueError or ValidationError for what it cannot have."""
    found: dict[str, Any] = {}
    for name in names:
        field: Any = model._meta.get_field(name.removesuffix("_id"))
        value = about[name.removesuffix("_id")]
        if isinstance(field, models.DateTimeField):
            found[name] = parse_datetime(value) if value else None
        elif isinstance(field, models.JSONField | models.ForeignKey | models.FileField) or value is None:
            found[name] = value
        else:
            found[name] = field.clean(value, None) if value != "" else value
    return found


def _written(model: Any, given: list[dict[str, Any]]) -> list[Any]:
    """The rows, with the times that are given; those that are not are now."""
    made, now, keyed = [model(**fields) for fields in given], timezone.now(), bool(given) and "pk" in given[0]
    fields = [field for field in model._meta.concrete_fields if keyed or not field.primary_key]
    for row in made:
        for field in fields:
            if isinstance(field, models.DateTimeField) and not field.null and getattr(row, field.attname) is None:
                setattr(row, field.attname, now)
    most = min(BATCH, connection.ops.bulk_batch_size(fields, range(BATCH)) or BATCH)
    for at in range(0, len(made), most):
        batch = made[at : at + most]
        # As loading a fixture does: values go in as they are, no time of now and no signal.
        keys = model._base_manager._insert(
            batch, fields=fields, using=connection.alias, raw=True, returning_fields=[model._meta.pk]
        )
        for row, (key,) in zip(batch, keys, strict=True):
            row.pk = key
    return made
