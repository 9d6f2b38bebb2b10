"""What does it cost to fill the translation memory with a published source, the engine left out?

    python benchmarks/filling.py [--sentences N] [--kill]

A portal in a directory of its own that is thrown away, a published source of that many distinct sentences, the job that
translates it into all eight other languages with an engine that costs nothing, then the same job again. Prints rows of a
Markdown table: segments a second, queries a segment, calls of the engine and texts given to it. `--kill` ends the process
in the middle instead (signal 9), runs the job again in another, and counts what the engine was asked twice.
"""

import argparse
import cProfile
import os
import pstats
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.rows import Row, table  # noqa: E402
from benchmarks.scratch import empty_portal  # noqa: E402
from translation import protection  # noqa: E402

SCRIPTS = {"uk": 0x430, "ar": 0x628, "zh-hans": 0x4E00}
"""Where 26 letters in a row begin; the other languages write Latin letters."""


class Ciphered:
    """Another letter for each letter of a word, in the target's script; numbers, marks and spaces as they are."""

    name = "ciphered-1"

    def __init__(self) -> None:
        self.calls = 0
        self.texts = 0
        self.seconds = 0.0

    def pairs(self) -> list[object]:
        return []

    def supports(self, pair: object) -> bool:
        return True

    def translate(self, texts: Sequence[str], pair: object) -> list[str]:
        begin = time.process_time()
        self.calls += 1
        self.texts += len(texts)
        first = SCRIPTS.get(pair.target, ord("a"))  # type: ignore[attr-defined]
        letters = {ord("a") + n: first + (n * 7 + 3) % 26 for n in range(26)}
        letters |= {ord("A") + n: letters[ord("a") + n] for n in range(26)}
        made = [text.translate(letters) for text in texts]
        self.seconds += time.process_time() - begin
        return made


def sentences(count: int) -> list[str]:
    """Distinct ones, also to the engine: nothing in them is masked. Words and lengths are the demonstration's."""
    lines = (ROOT / "demo" / "segments.en.txt").read_text("utf-8").splitlines()
    lines = [line for line in lines if line.endswith(".") and not protection.find(line)]
    draw = random.Random(0)
    found: dict[str, None] = {}
    while len(found) < count:
        words = draw.choice(lines).removesuffix(".").split()
        other = draw.choice(lines).removesuffix(".").split()
        cut = draw.randrange(1, len(words) + 1)
        made = " ".join([*words[:cut], *other[cut:]])
        found.setdefault(made[:1].upper() + made[1:] + ".", None)
    return list(found)


def measured(count: int, profile: bool) -> list[Row]:
    """Runs where Django is set up."""
    from django.db import connection

    from faq.domain import jobs, translations
    from faq.enums import JobKind
    from faq.gateways import translation
    from faq.models import Job

    source, targets = published(count)
    engine = Ciphered()
    translation.engine = lambda: engine  # type: ignore[assignment]
    rows = []
    profiler = cProfile.Profile()
    for what in ("all of it is new", "nothing is new"):
        job = Job.objects.create(kind=JobKind.FILL_MEMORY, state="running")
        engine.calls = engine.texts = 0
        engine.seconds, queries = 0.0, 0

        def count_query(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
            nonlocal queries
            queries += 1
            return execute(sql, params, many, context)

        begin = time.process_time()
        with connection.execute_wrapper(count_query):
            if profile:
                profiler.enable()
            made = translations.fill_memory(source.pk, targets, jobs.Progress(job))
            profiler.disable()
        seconds = time.process_time() - begin - engine.seconds
        segments = len(translations.source_texts(source)) * len(targets)
        rows.append(
            Row(
                f"fill the memory with {segments:,} segments ({len(targets)} languages), {what}",
                f"{segments / seconds:,.0f} segments/s, {queries / segments:.3f} queries a segment; "
                f"{engine.calls} calls of the engine with {engine.texts:,} texts, {made:,} passed",
            )
        )
    if profile:
        pstats.Stats(profiler).sort_stats("tottime").print_stats(30)
    return rows


class Noted(Ciphered):
    """Writes down what it was asked, before the answer is given."""

    def __init__(self, log: Path) -> None:
        super().__init__()
        self._log = log

    def translate(self, texts: Sequence[str], pair: object) -> list[str]:
        with self._log.open("a", encoding="utf-8") as log:
            log.writelines(f"{pair.target} {text}\n" for text in texts)  # type: ignore[attr-defined]
        return super().translate(texts, pair)


def killed(count: int, home: Path) -> list[Row]:
    """Runs where Django is set up."""
    from datetime import timedelta

    from django.utils import timezone

    from faq.domain import jobs, translations
    from faq.models import Job, TranslationUnit

    source, _ = published(count)
    job = jobs.enqueue("fill_memory", {"source_id": source.pk, "locales": ["de"]})
    log = home / "asked.txt"
    process = child(job.pk, log)
    while asked(log) < count * 0.4 and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    process.wait()
    before, kept = asked(log), TranslationUnit.objects.count()
    # What a minute without a heartbeat does:
    Job.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now() - timedelta(minutes=2))
    jobs.recover()
    child(job.pk, log).wait()
    texts = translations.source_texts(source)
    lines = log.read_text(encoding="utf-8").splitlines()
    whole = TranslationUnit.objects.count() == len(texts) and set(lines) == {f"de {text}" for text in texts}
    twice = len(lines) - len(set(lines))
    state = Job.objects.get(pk=job.pk).state
    return [
        Row(
            f"translate {len(texts):,} segments, killed after {before:,} were asked and {kept:,} kept, run again",
            f"{state}; asked twice: {twice}",
            f"≤ {translations.BATCH}",
            whole and state == "succeeded" and twice <= translations.BATCH,
        )
    ]


def child(job: object, log: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, __file__, "--child", str(job), str(log)], cwd=ROOT)


def asked(log: Path) -> int:
    return log.read_bytes().count(b"\n") if log.exists() else 0


def published(count: int) -> tuple[Any, list[str]]:
    """A source of so many distinct sentences, and the languages to translate it into."""
    from django.core.management import call_command

    from faq.domain import sources
    from faq.models import Job, Locale

    call_command("migrate", verbosity=0)
    Locale.objects.exclude(tag="en").update(enabled=True, policy="publish")
    lines = sentences(count)
    text = "\n\n".join(f"# Part {at // 400}\n\n" + " ".join(lines[at : at + 400]) for at in range(0, len(lines), 400))
    source = sources.add_source(title="Bench", locale="en", text=text, kind="text")
    source = sources.publish_source(source)
    Job.objects.all().delete()
    return source, list(Locale.objects.exclude(tag="en").values_list("tag", flat=True))


def run_child(job: str, log: Path) -> None:
    """The other process: nothing but the job, by an engine that writes down what it was asked."""
    import django

    django.setup()
    from faq.domain import indexing, jobs
    from faq.gateways import translation

    engine = Noted(log)
    translation.engine = lambda: engine  # type: ignore[assignment]
    indexing.sync_source = lambda *_: None  # type: ignore[assignment]
    jobs.run(job)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sentences", type=int, default=2000)
    parser.add_argument("--profile", action="store_true", help="also print where the time goes")
    parser.add_argument("--kill", action="store_true", help="end the process in the middle and go on in another")
    parser.add_argument("--child", nargs=2, metavar=("JOB", "LOG"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return run_child(options.child[0], Path(options.child[1]))
    with empty_portal() as portal:
        os.environ.update(portal.environment())
        import django

        django.setup()
        rows = killed(options.sentences, portal.home) if options.kill else measured(options.sentences, options.profile)
        print(table("The translation memory, without the engine", rows))
    return None


if __name__ == "__main__":
    main()
