"""Every screen of the editors' desk on a big knowledge base: `python -m benchmarks.desk [--questions 2000] [--languages 20]`.

The entries are generated: questions of natural length, each with an answer that cites a passage, worded and translated in every
language, some of them stale, by machine, or missing; readers' open questions, jobs, and a memory. Each screen is asked for five
times by the administrator; what is printed is the middle one, the queries, and the bytes of the page. A screen must take
less than LIMIT.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from typing import Any

LIMIT = 1000
"""Milliseconds: from there on people lose the thread (Nielsen, Usability Engineering, 1993: 0.1, 1 and 10 seconds)."""
TAGS = [
    "de",
    "fr",
    "es",
    "pl",
    "uk",
    "tr",
    "ar",
    "zh-hans",
    "it",
    "nl",
    "pt",
    "sv",
    "da",
    "fi",
    "cs",
    "ro",
    "hu",
    "el",
    "ja",
    "ko",
]
TIMES = 5
SECTIONS = 20


def fill(questions: int, languages: int) -> None:
    from django.contrib.auth.models import User
    from django.utils import timezone

    from benchmarks.corpus import Corpus
    from faq.domain import indexing, roles, sources
    from faq.enums import AskedState, JobKind, JobState, Origin, Outcome, State
    from faq.models import (
        Answer,
        AnswerRevision,
        Asked,
        AskedDay,
        AuditEntry,
        Citation,
        Gap,
        Job,
        Locale,
        Passage,
        Phrasing,
        Question,
        Topic,
        TranslationUnit,
    )

    roles.ensure()
    boss = User.objects.create_superuser("editor", password="larkmouth")
    Locale.objects.exclude(tag="en").update(enabled=False)
    tags = TAGS[: languages - 1]
    for place, tag in enumerate(tags):
        fields = {"name": tag, "autonym": tag, "enabled": True, "order": place + 2}
        Locale.objects.update_or_create(tag=tag, defaults=fields)
    topics = Topic.objects.bulk_create(Topic(key=f"topic-{n}", title=f"Topic {n}", order=n) for n in range(12))
    corpus = Corpus(4 * questions)
    entries = [corpus.entry(n, corpus.families[n], "en") for n in range(questions)]
    for first in range(0, questions, SECTIONS):
        some = entries[first : first + SECTIONS]
        text = f"# Guide {first}\n\n" + "\n\n".join(f"## {each.heading} {each.key}\n\n{each.text}" for each in some)
        source = sources.add_source(title=f"Guide {first}", locale="en", text=text, topic=topics[first % 12])
        sources.publish_source(source)
    passages = list(Passage.objects.order_by("pk")[:questions])
    made = Question.objects.bulk_create(
        Question(key=f"q-{n}", topic=topics[n % 12], state=State.PUBLISHED) for n in range(questions)
    )
    words = [each.text.split()[:9] for each in entries]
    Phrasing.objects.bulk_create(
        (
            Phrasing(question=each, locale_id=tag, text=f"{' '.join(words[n])} {tag} {n}?", canonical=True)
            for n, each in enumerate(made)
            for tag in ("en", *tags)
        ),
        batch_size=2000,
    )
    answers = Answer.objects.bulk_create(Answer(question=each) for each in made)
    now = timezone.now()

    def segments(source: str, text: str, tag: str, origin: str) -> list[dict[str, Any]]:
        return [{"source": source, "text": text, "lang": tag, "origin": origin, "citations": [1], "before": ""}]

    quotes = [passages[n % len(passages)].text.partition(".")[0] + "." for n in range(questions)]
    originals = AnswerRevision.objects.bulk_create(
        AnswerRevision(
            answer=answers[n], locale_id="en", number=1, text=f"{quotes[n]} [1]",
            segments=segments(quotes[n], quotes[n], "en", "human"),
            origin=Origin.HUMAN, state=State.PUBLISHED, published_at=now,
        )
        for n in range(questions)
    )  # fmt: skip
    Citation.objects.bulk_create(
        Citation(
            answer_revision=row, number=1, passage=passages[n % len(passages)], quote=quotes[n], start=0,
            end=len(quotes[n]), passage_hash=passages[n % len(passages)].content_hash,
        )
        for n, row in enumerate(originals)
    )  # fmt: skip
    AnswerRevision.objects.bulk_create(
        (
            AnswerRevision(
                answer=answers[n], locale_id=tag, number=1, text=f"{tag} {quotes[n]} [1]",
                segments=segments(quotes[n], f"{tag} {quotes[n]}", tag, "machine"), is_translation=True, published_at=now,
                origin=Origin.HUMAN if (n + place) % 3 == 0 else Origin.MACHINE, state=State.PUBLISHED,
                based_on=None if (n + place) % 11 == 0 else originals[n],
            )
            for n in range(questions)
            for place, tag in enumerate(tags)
            if (n + place) % 7
        ),
        batch_size=2000,
    )  # fmt: skip
    TranslationUnit.objects.bulk_create(
        (
            TranslationUnit(
                source_locale_id="en", target_locale_id=tag, source_hash=f"{n:064x}", source_text=quotes[n],
                target_text=f"{tag} {quotes[n]}", origin=Origin.MACHINE,
            )
            for n in range(questions)
            for tag in tags[:6]
        ),
        batch_size=2000,
    )  # fmt: skip
    open_ones = questions // 2
    gaps = Gap.objects.bulk_create(Gap() for _ in range(open_ones))
    asked = Asked.objects.bulk_create(
        Asked(
            gap=gaps[n], text=f"{' '.join(words[n][:5])}?", locale_id=("en", *tags)[n % 4], text_hash=f"{n:064x}",
            outcome=Outcome.ABSTAINED, state=AskedState.OPEN, count=1 + n % 9, compared=True,
        )
        for n in range(open_ones)
    )  # fmt: skip
    AskedDay.objects.bulk_create(AskedDay(asked=row, day=now.date(), count=row.count) for row in asked)
    Job.objects.bulk_create(
        Job(kind=JobKind.POPULATE, state=JobState.SUCCEEDED, done=9, total=9, requested_by=boss) for _ in range(500)
    )
    AuditEntry.objects.bulk_create(
        AuditEntry(actor=boss, verb="publish", object_type="question", object_id=str(made[n].pk))
        for n in range(questions)
    )
    indexing.rebuild()


def screens() -> dict[str, str]:
    """Name -> address."""
    from django.urls import reverse

    from faq.models import Gap, Job, Question, Source

    question, source = Question.objects.order_by("pk")[50], Source.objects.order_by("pk")[5]
    lists = ("source", "question", "answerrevision", "gap", "feedback", "translationunit", "glossaryterm", "locale", "topic",
             "job", "auditentry", "apikey")  # fmt: skip
    return {
        "first page": "/admin/",
        "coverage": "/admin/faq/question/coverage/",
        "coverage, the last page": "/admin/faq/question/coverage/?p=40",
        "coverage, what is stale in German": "/admin/faq/question/coverage/?locale=de&cell=stale",
        "translators' files": "/admin/faq/translationunit/files/",
        "import and export": "/admin/faq/locale/knowledge/",
        **{f"list of {name}": reverse(f"admin:faq_{name}_changelist") for name in lists},
        "questions, stale answers": "/admin/faq/question/?answer=stale",
        "questions, searched": "/admin/faq/question/?q=guide",
        "a source": reverse("admin:faq_source_change", args=[source.pk]),
        "a question": reverse("admin:faq_question_change", args=[question.pk]),
        "a preview": reverse("admin:faq_question_preview", args=[question.pk]),
        "a translation": reverse("admin:faq_translation", args=[question.pk, "de"]),
        "like sentences of a translation": reverse("admin:faq_translation_proposals", args=[question.pk, "de"]),
        "a reader's question": reverse("admin:faq_gap_change", args=[Gap.objects.order_by("pk")[7].pk]),
        "a job": reverse("admin:faq_job_change", args=[Job.objects.first().pk]),  # type: ignore[union-attr]
    }


def measure() -> bool:
    from django.contrib.auth.models import User
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client, holds = Client(HTTP_HOST="localhost"), True
    client.force_login(User.objects.get(username="editor"))
    for name, address in screens().items():
        took = []
        for _ in range(TIMES):
            begun = time.perf_counter()
            response = client.get(address)
            took.append((time.perf_counter() - begun) * 1000)
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        middle = statistics.median(took)
        holds = holds and middle <= LIMIT and response.status_code in (200, 204)
        size = len(response.content) / 1000
        print(f"{name:34} {response.status_code} {middle:7.0f} ms {len(queries):4} queries {size:7.0f} kB", flush=True)
    return holds


def act() -> None:
    """What is done to all entries at once, and by the seconds; nothing here keeps anybody waiting on a screen but the plans."""
    from pathlib import Path

    from django.contrib.auth.models import User

    from faq.domain import bulk, jobs, knowledge, publication, sources, translators
    from faq.enums import BulkAction, Wanted
    from faq.models import Question, Source, TranslationUnit

    boss, ids = User.objects.get(username="editor"), list(Question.objects.values_list("pk", flat=True))
    folder = Path(tempfile.mkdtemp())

    def approve() -> object:
        job = bulk.start(BulkAction.APPROVE, ids, ["de"], actor=boss)
        done = jobs.run(job.pk)
        return f"{done.state}, {done.done} of {done.total}, {len(done.failures)} failed {done.failures[:1]}"

    def retire() -> object:
        job = bulk.start(BulkAction.RETIRE, ids[:500], actor=boss)
        done = jobs.run(job.pk)
        return f"{done.state}, {done.done} of {done.total}, {len(done.failures)} failed"

    def impact() -> object:
        source = Source.objects.order_by("pk")[3]
        revision = source.published_revision
        assert revision is not None
        sources.revise_content(source, text=revision.text.replace(".", ", really.", 40))
        return len(sources.plan_publication(source, publication.newest_revision(source)).languages)

    def out(ending: str) -> object:
        return translators.export_file(folder / f"de.{ending}", "en", "de", Wanted.UNCHECKED)

    for name, work in {
        "plan: translate all into all": lambda: len(bulk.plan(BulkAction.TRANSLATE, ids, actor=boss).steps),
        "plan: approve all of all": lambda: len(bulk.plan(BulkAction.APPROVE, ids, actor=boss).steps),
        "plan: retire all": lambda: len(bulk.plan(BulkAction.RETIRE, ids, actor=boss).steps),
        "impact of a revision with 20 passages": impact,
        "XLIFF of what is not checked in German": lambda: out("xlf"),
        "PO of the same": lambda: out("po"),
        "job: approve all German answers": approve,
        "job: retire 500 entries": retire,
        "export_knowledge": lambda: knowledge.export_knowledge(folder / "all.zip").bytes // 1000,
    }.items():
        begun = time.perf_counter()
        said = work()
        print(f"{name:42} {time.perf_counter() - begun:7.2f} s   {said}", flush=True)
    print(f"{TranslationUnit.objects.count()} units in the memory at the end")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.desk", description=__doc__)
    parser.add_argument("--questions", type=int, default=2000)
    parser.add_argument("--languages", type=int, default=20)
    options = parser.parse_args()
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    begun = time.perf_counter()
    fill(options.questions, options.languages)
    print(
        f"{options.questions} questions in {options.languages} languages, made in {time.perf_counter() - begun:.0f} s"
    )
    holds = measure()
    act()
    return 0 if holds else 1


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    with tempfile.TemporaryDirectory() as home:
        os.environ["POLYFAQ_HOME"] = home
        sys.exit(main())
