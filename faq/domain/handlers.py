"""What each kind of job does: arguments of JSON in, domain calls, progress out. Each may run twice without harm."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any

from django.utils import timezone

from faq.domain import (
    answers,
    bulk,
    gaps,
    glossary,
    housekeeping,
    indexing,
    jobs,
    populate,
    sources,
    translations,
    translators,
    uploads,
)
from faq.domain.jobs import Progress
from faq.enums import JobKind, SourceKind, State
from faq.models import Question, Source, Topic
from faq.queries import locales
from retrieval.sync import IndexState

Args = Mapping[str, Any]
Handler = Callable[[Args, Progress], None]


def ingest(args: Args, progress: Progress) -> None:
    """`urls`: addresses to read; `uploads`: pairs of a kept file (uploads.keep) and the name it came with; `folder`: a kept
    archive and the folder's name; `locale`, `topic` (its key), `publish`, `refresh_hours` (of the addresses). One that fails
    never fails the others."""
    topic = Topic.objects.filter(key=args.get("topic") or "").first()
    about: dict[str, Any] = {
        "locale": args["locale"],
        "topic": topic,
        "publish": args.get("publish", False),
        "actor": progress.job.requested_by,
    }

    def read(item: tuple[str, str]) -> None:
        address, kept = item
        if not kept:
            source, change = sources.ingest(url=address, kind=SourceKind.URL, **about)
            if change == "added" and args.get("refresh_hours"):
                place = {"title": source.title, "topic": source.topic, "refresh_hours": args["refresh_hours"]}
                sources.place_source(source, **place)
        elif not Source.objects.filter(upload=kept, created_at__gte=progress.job.created_at).exists():
            # Else an earlier run of this job ended between the source and the note that it is done.
            sources.ingest(data=uploads.read_kept(kept), filename=address, kind=SourceKind.FILE, new=True, **about)

    if args.get("folder"):
        kept, folder = args["folder"]
        _ingest_folder(kept, folder, about, progress)
        return
    items = [(url, "") for url in args.get("urls", [])] + [(name, kept) for kept, name in args.get("uploads", [])]
    progress.start(len(items), resume=True)
    progress.each(items, read, name=lambda item: item[0])


def _ingest_folder(kept: str, name: str, about: Mapping[str, Any], progress: Progress) -> None:
    """Each file of it, known again by its place."""
    with sources.opened_folder(kept) as (places, read):

        def bring(place: str) -> None:
            path, filename = sources.path_of(name, place), PurePosixPath(place).name
            sources.ingest(data=read(place), filename=filename, kind=SourceKind.FILE, path=path, keep=True, **about)

        progress.start(len(places), resume=True)
        progress.each(places, bring)


def fill_memory(args: Args, progress: Progress) -> None:
    """`source_id` (none: every published source), `locales`: translate what the memory lacks, then index it."""
    source_id = args.get("source_id")
    targets = translations.translatable(source_id, args.get("locales") or locales.machine_locales())
    if not targets:  # no package leads there: the memory stays as it is, and so does the index
        return
    translations.fill_memory(source_id, targets, progress)
    if source_id is None:
        indexing.sync_all()
    else:
        indexing.sync_source(source_id)


def translate_answers(args: Args, progress: Progress) -> None:
    """`question_ids` (none: all published), `locales`."""
    questions = Question.objects.filter(state=State.PUBLISHED)
    if args.get("question_ids"):
        questions = questions.filter(pk__in=args["question_ids"])
    targets = args.get("locales") or locales.machine_locales()
    pairs = [(question, locale) for question in questions for locale in targets]
    progress.start(len(pairs))
    with jobs.together():
        progress.each(
            pairs,
            lambda pair: answers.translate_answer(pair[0], pair[1], None),
            name=lambda pair: f"{pair[0].key} ({pair[1]})",
        )


def fill_answers(args: Args, progress: Progress) -> None:
    """`locales` (none: all)."""
    populate.populate(progress, args.get("locales"))


def sync_index(args: Args, progress: Progress) -> None:
    """`source_id` or `source_ids`, `question_id` or `question_ids`, `families`, or nothing: the whole index."""
    if args.get("source_id") is not None:
        indexing.sync_sources([args["source_id"]])
    elif args.get("source_ids"):
        indexing.sync_sources(args["source_ids"])
    elif args.get("question_id") is not None:
        indexing.sync_questions([args["question_id"]])
    elif args.get("question_ids"):
        indexing.sync_questions(args["question_ids"])
    elif args.get("families"):
        indexing.sync_families(args["families"])
    else:
        indexing.sync_all()


def rebuild_index(args: Args, progress: Progress) -> None:
    """A new generation beside the one in use. `unless_current`: nothing when somebody was first."""
    if args.get("unless_current") and indexing.state() == IndexState.CURRENT:
        return

    def step(done: int, total: int) -> None:
        progress.total = total
        progress.advance(done - progress.done)

    progress.message = indexing.rebuild(step)


def refresh_source(args: Args, progress: Progress) -> None:
    """`source_id`: look at a web source again."""
    source = Source.objects.filter(pk=args["source_id"]).first()
    if source is not None:
        sources.refresh_source(source)


def reconcile(args: Args, progress: Progress) -> None:
    """Catch what bulk updates, lost messages and killed processes left: index, due web sources, jobs, files of nobody."""
    indexing.sync_all()
    uploads.sweep()
    enqueue_due_sources()
    jobs.recover()


def housekeep(args: Args, progress: Progress) -> None:
    """Delete what is past its time."""
    progress.message = str(housekeeping.housekeep())


def enqueue_due_sources() -> int:
    """A job for each web source whose time has come, once, whoever else asks at the same time; returns how many are due."""
    with jobs.alone(JobKind.REFRESH_SOURCE):
        due = due_sources()
        for source in due:
            jobs.enqueue(JobKind.REFRESH_SOURCE, {"source_id": source.pk}, key=f"refresh:{source.pk}")
    return len(due)


def due_sources() -> list[Source]:
    """Web sources whose time to be looked at has come."""
    now = timezone.now()
    rows = Source.objects.filter(kind=SourceKind.URL, refresh_hours__gt=0).exclude(state=State.RETIRED)
    return [
        source
        for source in rows
        if source.checked_at is None or source.checked_at + timedelta(hours=source.refresh_hours) <= now
    ]


HANDLERS: dict[JobKind, Handler] = {
    JobKind.INGEST: ingest,
    JobKind.FILL_MEMORY: fill_memory,
    JobKind.TRANSLATE_ANSWERS: translate_answers,
    JobKind.POPULATE: fill_answers,
    JobKind.SYNC_INDEX: sync_index,
    JobKind.REBUILD_INDEX: rebuild_index,
    JobKind.REFRESH_SOURCE: refresh_source,
    JobKind.RECONCILE: reconcile,
    JobKind.HOUSEKEEP: housekeep,
    JobKind.BULK: bulk.perform,
    JobKind.APPLY_TERM: glossary.perform,
    JobKind.IMPORT_TRANSLATIONS: translators.perform,
    JobKind.GROUP_ASKED: gaps.perform,
}
