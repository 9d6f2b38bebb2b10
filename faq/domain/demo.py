"""The demonstration knowledge base into this portal: sources, questions, memories, and a few things deliberately amiss.

Everything goes through the domain functions an editor's screens use. Loading twice changes nothing. What is amiss is
named in demo/knowledge.yaml by `demo:`: `stale`, a person's translation of an older wording; `missing`, sentences left out
of a language's memory; `machine_draft`, sentences that count as a machine's.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml
from django.utils import timezone

from faq.domain import answers, feedback, jobs, publication, questions, sources, tallies, tmx, topics
from faq.domain.tallies import Ended
from faq.enums import Origin, Outcome, State
from faq.errors import Invalid
from faq.gateways import translation
from faq.models import (
    AnswerRevision,
    Asked,
    AskedDay,
    Citation,
    Feedback,
    Passage,
    Phrasing,
    Question,
    Source,
    TranslationUnit,
)
from faq.queries import locales
from faq.queries.asking import WEEKS

Step = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many of each are there now."""

    sources: int
    questions: int
    units: int


def is_loaded() -> bool:
    """Whether the last thing that loading writes is there."""
    return (
        Source.objects.filter(path__startswith="demo/").exists()
        and Question.objects.filter(state=State.PUBLISHED).exists()
    )


def load(folder: Path, step: Step = lambda done, total: None) -> Loaded:
    """Read knowledge.yaml, memory/*.tmx, phrasings/*.yaml, asked.yaml and votes.yaml of a folder. Invalid names what is
    missing. The jobs that follow translate the answers."""
    knowledge = _read(folder / "knowledge.yaml")
    rows = knowledge["questions"]
    total = len(knowledge["sources"]) + len(rows) + 2
    for row in knowledge["topics"]:
        topics.ensure_topic(row["key"], title=row["title"], description=row["description"], order=row["order"])
    _load_memory(folder, rows)
    step(1, total)
    with jobs.together():
        for n, row in enumerate(knowledge["sources"], start=2):
            _load_source(folder, row)
            step(n, total)
        for n, row in enumerate(rows, start=2 + len(knowledge["sources"])):
            _load_question(row)
            step(n, total)
        _load_phrasings(folder)
        step(total, total)
    _load_asked(folder)
    _load_votes(folder)
    return Loaded(Source.objects.count(), Question.objects.count(), TranslationUnit.objects.count())


def _read(path: Path) -> dict[str, Any]:
    value: dict[str, Any] = yaml.safe_load(_bytes(path))
    return value


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        raise Invalid(
            "%(file)s is missing in %(folder)s: the demonstration is not complete.", file=path.name, folder=path.parent
        )
    return path.read_bytes()


def _load_memory(folder: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """All memories; then what the scenario wants absent or a machine's."""
    if TranslationUnit.objects.exists():
        return
    for path in sorted((folder / "memory").glob("*.tmx")):
        tmx.import_tmx(path)
    for row in rows:
        scenario = row.get("demo", {})
        hashes = [translation.unit_hash(text) for text in _sentences(row, "text")]
        units = TranslationUnit.objects.filter(source_hash__in=hashes)
        units.filter(target_locale_id__in=scenario.get("missing", [])).delete()
        drafts = units.filter(target_locale_id__in=scenario.get("machine_draft", []))
        drafts.update(origin=Origin.MACHINE, approved=False, engine="demonstration")


def _sentences(row: Mapping[str, Any], name: str) -> list[str]:
    text = row.get("answer", {}).get(name, "")
    return [piece.text for piece in translation.segment(text, "en") if piece.text]


def _load_source(folder: Path, row: Mapping[str, Any]) -> None:
    path = folder / row["file"]
    topic = topics.ensure_topic(row["topic"]) if row.get("topic") else None
    source, _ = sources.ingest(
        title=row["title"],
        locale=row["locale"],
        data=_bytes(path),
        filename=path.name,
        url=row["url"],
        kind="file",
        topic=topic,
        path=f"demo/{row['file']}",
    )
    if source.state != State.PUBLISHED:
        publication.publish_source(source)


def _load_question(row: Mapping[str, Any]) -> Question:
    """A published question with its canonical answer and all its wordings."""
    known = Question.objects.filter(key=row["key"]).first()
    if known is not None:
        return known
    texts = [row["canonical"], *row.get("phrasings", [])]
    question = questions.create_question(
        key=row["key"], topic=topics.ensure_topic(row["topic"]), phrasings=texts, locale="en"
    )
    _word(question, texts)
    if "answer" in row:
        _answer(question, row)
    return questions.publish_question(question)


def _load_phrasings(folder: Path) -> None:
    """What readers of each language call it themselves, beside the translated wordings: phrasings/LOCALE.yaml."""
    by_key: dict[str, dict[str, list[str]]] = {}
    for path in sorted((folder / "phrasings").glob("*.yaml")):
        for key, texts in _read(path).items():
            by_key.setdefault(key, {})[path.stem] = texts
    found = {question.key: question for question in Question.objects.filter(key__in=by_key)}
    if unknown := sorted(set(by_key) - set(found)):
        raise Invalid("The demonstration words questions that it does not have: %(keys)s.", keys=", ".join(unknown))
    for key, wordings in by_key.items():
        questions.add_phrasings(found[key], wordings)


def _word(question: Question, texts: Sequence[str]) -> None:
    """The wordings in every language whose memory has them; written at once, the question is not published yet."""
    tags = [locale.tag for locale in locales.enabled_locales() if locale.tag != "en"]
    memory = translation.recall_many(texts, "en", tags)
    fresh = []
    for tag in tags:
        translated = list(dict.fromkeys(memory[tag][text].target for text in texts if text in memory[tag]))
        fresh += [
            Phrasing(question=question, locale_id=tag, text=text, canonical=n == 0, origin=Origin.HUMAN)
            for n, text in enumerate(translated)
        ]
    Phrasing.objects.bulk_create(fresh)


def _answer(question: Question, row: Mapping[str, Any]) -> None:
    """The canonical answer; for a stale scenario its older wording first, with a person's translations of that."""
    stale = row.get("demo", {}).get("stale", [])
    earlier = row["answer"].get("earlier_text", "")
    if stale and earlier:
        _save(question, row, earlier)
        for tag in stale:
            units = translation.recall(_sentences(row, "earlier_text"), "en", tag)
            answers.save_translation(
                question, tag, {text: unit.target for text, unit in units.items()}, state=State.PUBLISHED
            )
    _save(question, row, row["answer"]["text"])


def _save(question: Question, row: Mapping[str, Any], text: str) -> AnswerRevision:
    return answers.save_revision(
        question,
        locale="en",
        text=" ".join(text.split()),
        citations=[_citation(each) for each in row["answer"]["citations"]],
        state=State.PUBLISHED,
    )


def _citation(row: Mapping[str, Any]) -> Citation:
    """The passage of the published source that holds the quote, white space aside."""
    wanted = " ".join(row["quote"].split())
    passages = Passage.objects.filter(revision__published_source__path=f"demo/{row['source']}")
    for passage in passages:
        start = passage.text.find(wanted)
        if start >= 0:
            return Citation(
                number=row["number"],
                passage=passage,
                quote=wanted,
                start=start,
                end=start + len(wanted),
                passage_hash=passage.content_hash,
            )
    raise Invalid("%(source)s does not hold “%(text)s”.", source=row["source"], text=wanted[:80])


def _load_asked(folder: Path) -> None:
    """Each as often as the file says, spread over the weeks before today."""
    if Asked.objects.exists():
        return
    for place, row in enumerate(_read(folder / "asked.yaml")["asked"]):
        asked = feedback.record_asked(row["text"], row["locale"], Outcome.ABSTAINED)
        if asked is None:
            continue
        days = _days(row["count"], place)
        now = timezone.now()
        first, last = (now - (now.date() - day) for day in (min(days), max(days)))
        Asked.objects.filter(pk=asked.pk).update(count=row["count"], first_at=first, last_at=last)
        AskedDay.objects.filter(asked=asked).delete()
        AskedDay.objects.bulk_create(AskedDay(asked=asked, day=day, count=times) for day, times in days.items())
        tallies.write({Ended(day, row["locale"], Outcome.ABSTAINED): times for day, times in days.items()})


def _days(times: int, place: int) -> Counter[date]:
    """So many days of the last WEEKS, the same at each loading on one day; somewhat more of late."""
    today, span = timezone.now().date(), 7 * WEEKS
    ages = (int(span * ((n * 0.618 + place * 0.382) % 1) ** 1.1) for n in range(times))
    return Counter(today - timedelta(days=age) for age in ages)


def _load_votes(folder: Path) -> None:
    """Readers' votes on questions, so that what was helpful most often stands on the home page. The same at each loading."""
    if Feedback.objects.exists():
        return
    votes = _read(folder / "votes.yaml")["votes"]
    known = dict(Question.objects.filter(key__in=votes).values_list("key", "pk"))
    if missing := sorted(set(votes) - set(known)):
        raise Invalid(
            "The demonstration has votes on questions that it does not have: %(keys)s.", keys=", ".join(missing)
        )
    rows = []
    for key, by_locale in votes.items():
        for tag, (helpful, other) in by_locale.items():
            marks = [True] * helpful + [False] * other
            rows += [
                Feedback(question_id=known[key], locale_id=tag, helpful=mark, visitor=f"demonstration-{n}")
                for n, mark in enumerate(marks)
            ]
    Feedback.objects.bulk_create(rows)
    _count_readers(votes)


def _count_readers(votes: Mapping[str, Mapping[str, Sequence[int]]]) -> None:
    """Of those who were answered, every third one votes."""
    counts: Counter[Ended] = Counter()
    for place, (key, by_locale) in enumerate(votes.items()):
        for tag, (helpful, other) in by_locale.items():
            for day, times in _days(3 * (helpful + other), place).items():
                counts[Ended(day, tag, Outcome.CURATED, key)] += times
    tallies.write(counts)
