"""Ask: a visitor's question into a curated answer, a composed one, or an honest abstention with what comes nearest.

Invariants: only published content answers; every shown sentence cites a passage of a published revision; no engine runs
while a reader waits; the number of queries does not grow with the portal; without the index the database is searched,
and the result says so.
"""

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from faq import conf, metrics
from faq.composition.types import CitationDraft, Segment, joined
from faq.domain import answered, feedback, recording, tallies
from faq.domain.events import Done, Event, EvidenceFound, SegmentTold, segment_dict
from faq.enums import Outcome, State
from faq.errors import Invalid, Unavailable
from faq.gateways import retrieval
from faq.models import Citation, Passage, Phrasing
from faq.queries import content, evidence, finding, generation, locales, matching
from faq.queries.matching import Candidate
from faq.queries.payloads import reading
from faq.queries.understanding import Understood, understood
from retrieval.text import normalise
from retrieval.types import Filters, Hit, Query

CURATED = 0.5
"""Likeness from which two questions are the same one: it is likelier than all else together. Of questions about other things
3 % reach it, of paraphrases of a published question, a third of them hard, 92 % with the right entry and 3 % with another
(benchmarks.matching, cross-validated)."""
KNOWN = 0.4
"""How sure an answer must be to the question of a published entry that has none yet: its editors say it belongs here."""
DRAFT = 0.01
"""How sure a draft must be: an editor looks at it before any reader does, and in a small portal little is sure."""
WORDINGS = 16
NEAR = 5
ALL_LANES = 3


@dataclass(frozen=True, slots=True)
class AskResult:
    """What every surface shows; as_dict() is the JSON of the API. `question`: the key of the curated entry. `corrected`:
    what the question was taken for; "" where it was taken as typed."""

    outcome: str
    locale: str
    segments: tuple[Segment, ...] = ()
    citations: tuple[dict[str, Any], ...] = ()
    passages: tuple[dict[str, Any], ...] = ()
    nearest: tuple[dict[str, Any], ...] = ()
    question: str = ""
    degraded: bool = False
    corrected: str = ""
    timings: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {
            "outcome": str(self.outcome),
            "locale": self.locale,
            "question": self.question,
            "segments": [segment_dict(segment) for segment in self.segments],
            "answer": joined(self.segments),
            "citations": list(self.citations),
            "passages": list(self.passages),
            "nearest": list(self.nearest),
            "degraded": self.degraded,
            "corrected": self.corrected,
            "timings": self.timings,
        }


class _Clock:
    """Milliseconds of each step by name."""

    def __init__(self) -> None:
        self.begun = self.last = time.perf_counter()
        self.timings: dict[str, float] = {}

    def note(self, name: str) -> None:
        now = time.perf_counter()
        self.timings[name] = round((now - self.last) * 1000, 2)
        self.timings["total"] = round((now - self.begun) * 1000, 2)
        self.last = now


def ask(
    text: str, locale: str, *, record: bool = True, as_typed: bool = False, topics: Sequence[str] = ()
) -> AskResult:
    """Invalid for an unknown locale, a question without words, or one longer than QUESTION_MAX_LENGTH. `as_typed`: typing
    errors are not corrected. `topics`: keys of those that may answer; empty for all."""
    *_, last = ask_events(text, locale, record=record, as_typed=as_typed, topics=topics)
    assert isinstance(last, Done)
    return last.result


def ask_events(
    text: str, locale: str, *, record: bool = True, as_typed: bool = False, topics: Sequence[str] = ()
) -> Iterator[Event]:
    """As ask(), step by step: EvidenceFound, each sentence as soon as it may be shown, and Done with all of it. What is
    Invalid is so at once."""
    return _events(cleaned(text), locales.require(locale).tag, record, as_typed, tuple(topics))


def _events(question: str, tag: str, record: bool, as_typed: bool, topics: tuple[str, ...]) -> Iterator[Event]:
    clock = _Clock()
    place = answered.place(question, tag, as_typed, topics)
    given = place.recall()
    if given is None:
        given = yield from _given(question, tag, as_typed, topics, clock)
        place.keep(given)
    else:
        clock.note("recall")
        yield EvidenceFound(given.result.passages)
        yield from _told(given.result)
    result = given.result
    # What a search of the database misses is no gap of the sources.
    if record and not result.degraded:
        tallies.note(tag, result.outcome, result.question)
    if record and result.outcome == Outcome.ABSTAINED and not result.degraded:
        recording.record(question, given.asked_in, result.outcome, given.nearest)
    if record:
        metrics.asked(tag, result.outcome, degraded=result.degraded, timings=clock.timings)
    yield Done(replace(result, timings=clock.timings))


def _given(
    question: str, tag: str, as_typed: bool, topics: tuple[str, ...], clock: _Clock
) -> Generator[Event, None, answered.Given]:
    """The answer made anew."""
    near: list[Candidate] = []
    asked_in = tag
    try:
        read = understood(question, tag, as_typed=as_typed)
        asked_in = read.locale
        clock.note("understand")
        result, near = yield from _answer(read, tag, topics, clock)
    except Unavailable:
        result = _without_index(question, tag, topics)
        clock.note("database")
        yield from _told(result)
    return answered.Given(result, asked_in, near[0].question_id if near else None)


def _told(result: AskResult) -> Iterator[Event]:
    """The sentences of an answer that is whole already."""
    seen: set[int] = set()
    for segment in result.segments:
        fresh = set(segment.citations) - seen
        seen |= fresh
        yield SegmentTold(segment, tuple(each for each in result.citations if each["number"] in fresh))


def cleaned(text: str) -> str:
    """One line of NFC without control characters; Invalid when it asks nothing or too much."""
    limit = int(conf.get("QUESTION_MAX_LENGTH"))
    if len(text) > limit * 4 or len(question := normalise(text)) > limit:
        raise Invalid("A question has at most %(limit)s characters. Please shorten it.", limit=limit)
    if not any(character.isalnum() for character in question):
        raise Invalid("Please write your question in words.")
    return question


def _answer(
    read: Understood, tag: str, topics: tuple[str, ...], clock: _Clock
) -> Generator[Event, None, tuple[AskResult, list[Candidate]]]:
    """`tag`: the reader's locale, often the question's."""
    question, locale = read.meant, read.locale
    phrasings = Filters(kinds=("phrasing",), topics=topics)
    with retrieval.mapped():
        worded = retrieval.retriever().search(Query(read.text, locale, phrasings, WORDINGS, read.correction))
    if len(worded.degraded) >= ALL_LANES:
        raise Unavailable("The index has not been built yet. Run `manage.py index --rebuild`.")
    clock.note("search_questions")
    found = evidence.find(read.text, locale, correction=read.correction, topics=topics)
    clock.note("search_passages")
    near = matching.candidates(question, locale, worded.hits, found.pairs, reader=tag)
    clock.note("match")
    passages = tuple(_ranked(hit, passage) for hit, passage in found.pairs)
    yield EvidenceFound(passages)
    degraded = bool(worded.degraded or found.results.degraded)
    # Only the most alike: when that one has no answer yet, the next best one answers something else.
    if near and near[0].likeness >= CURATED and (result := _curated(near[0], tag)) is not None:
        clock.note("answer")
        yield from _told(result)
        return (
            replace(result, nearest=_links(near[1:]), passages=passages, degraded=degraded, corrected=read.corrected),
            near,
        )
    composed = evidence.compose_from(found, question, locale, reader=tag)
    if not composed.draft and near and near[0].likeness >= CURATED:
        # The entry has no answer yet; in the sources' own words its question may find one.
        wording = near[0].canonical
        found = evidence.find(wording.text, wording.lang, topics=topics)
        composed = evidence.compose_from(found, wording.text, wording.lang, reader=tag, floor=KNOWN)
    clock.note("compose")
    composed = yield from _generated(composed, question, tag)
    clock.note("generate")
    result = AskResult(
        outcome=Outcome.COMPOSED if composed.draft else Outcome.ABSTAINED,
        locale=tag,
        segments=composed.draft.segments,
        citations=tuple(_citation(each, composed.passages[each.passage]) for each in composed.draft.citations),
        passages=passages,
        nearest=_links(near),
        degraded=degraded,
        corrected=read.corrected,
    )
    return result, near


def _generated(composed: evidence.Composed, question: str, tag: str) -> Generator[Event, None, evidence.Composed]:
    """The answer in a model's words where one is configured and what it says stands; else as it was composed."""
    # What the editors must not keep, another service must not get.
    steps = generation.generated(composed, feedback.scrub(question), tag)
    while True:
        try:
            told = next(steps)
        except StopIteration as ended:
            made: evidence.Composed = ended.value
            return made
        yield SegmentTold(
            told.segment, tuple(_citation(each, composed.passages[each.passage]) for each in told.citations)
        )


def _curated(candidate: Candidate, tag: str) -> AskResult | None:
    """The published answer of a question; None when it has none, or nothing of it can be verified."""
    answer = content.answer(candidate.question_id, tag)
    if answer is None:
        return None
    keys = [citation.passage for citation in answer.citations]
    cited = Passage.objects.filter(key__in=keys, revision__published_source__isnull=False)
    ids = dict(cited.values_list("key", "pk"))
    return AskResult(
        outcome=Outcome.CURATED,
        locale=tag,
        question=candidate.key,
        segments=tuple(Segment(s.text, s.lang, s.origin, s.citations, s.original, s.before) for s in answer.segments),
        citations=tuple(
            {
                "number": citation.number,
                "source": citation.source.text,
                "url": citation.url,
                "heading": citation.heading.text,
                "quote": citation.quote.text,
                "passage": ids.get(citation.passage),
                "lang": citation.quote.lang,
            }
            for citation in answer.citations
        ),
    )


def _citation(draft: CitationDraft, passage: Passage) -> dict[str, Any]:
    source = passage.revision.source
    return {
        "number": draft.number,
        "source": source.title,
        "url": source.url,
        "heading": " › ".join(passage.heading_path),
        "quote": draft.quote,
        "passage": passage.pk,
        "lang": source.locale_id,
    }


def _ranked(hit: Hit, passage: Passage) -> dict[str, Any]:
    return {
        "id": passage.pk,
        "source": passage.revision.source.title,
        "path": passage.revision.source.path,
        "score": round(hit.score, 5),
        "evidence": round(hit.evidence, 4),
        "lanes": {lane: {"rank": rank, "score": round(score, 4)} for lane, (rank, score) in hit.lanes.items()},
    }


def _links(near: Sequence[Candidate]) -> tuple[dict[str, Any], ...]:
    """Published questions that come nearest, for the reader to look at."""
    return tuple({"key": each.key, "text": each.text.text, "lang": each.text.lang} for each in near[:NEAR])


def _without_index(question: str, tag: str, topics: tuple[str, ...]) -> AskResult:
    """The index is away: the same words still answer, else the nearest entries of the database."""
    links = finding.search(question, tag, topics=topics, limit=NEAR).questions
    nearest = tuple({"key": link.key, "text": link.text.text, "lang": link.text.lang} for link in links)
    rows = Phrasing.objects.filter(question__state=State.PUBLISHED, question__key__in=[link.key for link in links])
    for row in rows.select_related("question"):
        if matching.same_words(row.text) != matching.same_words(question):
            continue
        wording = reading(tag).text(row.text, row.locale_id)
        same = Candidate(row.question_id, row.question.key, wording, wording, 1.0)
        result = _curated(same, tag)
        if result is not None:
            others = tuple(link for link in nearest if link["key"] != same.key)
            return replace(result, nearest=others, degraded=True)
    return AskResult(Outcome.ABSTAINED, tag, nearest=nearest, degraded=True)


# For editors


def compose_draft(text: str, locale: str) -> tuple[str, str, list[Citation]] | None:
    """A canonical draft from the sources: its text with marks, its locale, its unsaved citations; None without one."""
    composed = evidence.compose_from(evidence.find(text, locale), text, locale, translate=False, floor=DRAFT)
    if not composed.draft:
        return None
    lang = composed.draft.segments[0].lang
    parts = [part for part in composed.draft.segments if part.lang == lang]
    used = {number for part in parts for number in part.citations}
    citations = [
        Citation(
            number=each.number,
            passage=composed.passages[each.passage],
            quote=each.quote,
            start=each.start,
            end=each.end,
            passage_hash=composed.passages[each.passage].content_hash,
        )
        for each in composed.draft.citations
        if each.number in used
    ]
    marked = [f"{part.text} {''.join(f'[{n}]' for n in part.citations)}" for part in parts]
    return " ".join(marked), lang, citations


def passages_for(text: str, locale: str) -> list[dict[str, object]]:
    """Passages that may answer, for editors; empty when the index is away."""
    try:
        return evidence.passages_for(text, locale)
    except Unavailable:
        return []
