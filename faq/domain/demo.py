"""The demonstration knowledge base into this portal: sources, questions, memories, and a few things deliberately amiss.

Everything goes through the domain functions an editor's screens use. Loading twice changes nothing. What is amiss is
named in demo/knowledge.yaml by `demo:`: `stale`, a person's translation of an older wording; `missing`, sentences left out
of a language's memory; `machine_draft`, sentences that count as a machine's.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from faq.domain import answers, feedback, publication, questions, sources, topics, translations
from faq.enums import Origin, Outcome, State
from faq.errors import Invalid
from faq.gateways import translation
from faq.models import AnswerRevision, Asked, Citation, Passage, Phrasing, Question, Source, TranslationUnit
from faq.queries import locales

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
    """Read knowledge.yaml, memory/*.tmx and asked.yaml of a folder. Invalid names what is missing."""
    knowledge = _read(folder / "knowledge.yaml")
    rows = knowledge["questions"]
    total = len(knowledge["sources"]) + 2 * len(rows) + 1
    for row in knowledge["topics"]:
        topics.ensure_topic(row["key"], title=row["title"], description=row["description"], order=row["order"])
    _load_memory(folder, rows)
    step(1, total)
    for n, row in enumerate(knowledge["sources"], start=2):
        _load_source(folder, row)
        step(n, total)
    made = [_load_question(row) for row in rows]
    step(total - len(rows), total)
    for n, (question, row) in enumerate(zip(made, rows, strict=True)):
        _translate(question, row)
        step(total - len(rows) + n + 1, total)
    _load_asked(folder)
    return Loaded(Source.objects.count(), Question.objects.count(), TranslationUnit.objects.count())


def _read(path: Path) -> dict[str, Any]:
    value: dict[str, Any] = yaml.safe_load(_bytes(path))
    return value


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        raise Invalid(f"{path.name} is missing in {path.parent}: the demonstration is not complete.")
    return path.read_bytes()


def _load_memory(folder: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """All memories; then what the scenario wants absent or a machine's."""
    if TranslationUnit.objects.exists():
        return
    for path in sorted((folder / "memory").glob("*.tmx")):
        translations.import_tmx(path)
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
    raise Invalid(f"{row['source']} does not hold “{wanted[:80]}”.")


def _translate(question: Question, row: Mapping[str, Any]) -> None:
    skipped = row.get("demo", {}).get("missing", [])
    for locale in locales.enabled_locales():
        if locale.tag not in skipped:
            answers.translate_answer(question, locale.tag)


def _load_asked(folder: Path) -> None:
    if Asked.objects.exists():
        return
    for row in _read(folder / "asked.yaml")["asked"]:
        asked = feedback.record_asked(row["text"], row["locale"], Outcome.ABSTAINED)
        if asked is not None:
            Asked.objects.filter(pk=asked.pk).update(count=row["count"])
