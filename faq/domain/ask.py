"""Ask: a visitor's question into a curated answer, a composed one, or an honest abstention with what comes nearest.

Invariants: only published content answers; every shown sentence cites a passage of a published revision; no engine runs
while a reader waits; without the index the database is searched, and the result says so.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from faq import conf
from faq.composition.types import Segment, joined
from faq.domain import feedback
from faq.enums import Outcome, State
from faq.errors import Invalid, Unavailable
from faq.gateways import retrieval
from faq.models import Citation, Passage, Phrasing, Question
from faq.queries import content, evidence, finding, locales
from retrieval.text import normalise
from retrieval.types import Filters, Hit, Query

CURATED_COSINE = 0.74
"""Static vectors compare a question to a question; above this they say the same (measured on the demonstration)."""
CURATED_OVERLAP = 0.5


@dataclass(frozen=True, slots=True)
class AskResult:
    """What every surface shows; as_dict() is the JSON of the API."""

    outcome: str
    locale: str
    segments: tuple[Segment, ...] = ()
    citations: tuple[dict[str, Any], ...] = ()
    passages: tuple[dict[str, Any], ...] = ()
    nearest: tuple[dict[str, Any], ...] = ()
    question: str = ""
    degraded: bool = False
    timings: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {
            "outcome": str(self.outcome),
            "locale": self.locale,
            "question": self.question,
            "segments": [
                {"text": s.text, "lang": s.lang, "origin": s.origin, "citations": list(s.citations)}
                for s in self.segments
            ],
            "answer": joined(self.segments),
            "citations": list(self.citations),
            "passages": list(self.passages),
            "nearest": list(self.nearest),
            "degraded": self.degraded,
            "timings": self.timings,
        }


def ask(text: str, locale: str, *, record: bool = True) -> AskResult:
    """Invalid for an unknown locale, an empty question, or one longer than QUESTION_MAX_LENGTH."""
    tag = locales.require(locale).tag
    question = cleaned(text)
    started = time.perf_counter()
    timings: dict[str, float] = {}
    try:
        result = _curated(question, tag, timings) or _composed(question, tag, timings)
    except Unavailable:
        result = _without_index(question, tag)
    timings["total"] = _since(started)
    if record and result.outcome == Outcome.ABSTAINED and conf.get("RECORD_ASKED"):
        nearest = Question.objects.filter(key=result.nearest[0]["key"]).first() if result.nearest else None
        feedback.record_asked(question, tag, result.outcome, nearest)
    return AskResult(**{**_fields(result), "timings": timings})


def _fields(result: AskResult) -> dict[str, Any]:
    return {name: getattr(result, name) for name in AskResult.__dataclass_fields__}


def cleaned(text: str) -> str:
    """One line of NFC without control characters; Invalid when it asks nothing or too much."""
    limit = int(conf.get("QUESTION_MAX_LENGTH"))
    if len(text) > limit * 4 or len(question := normalise(text)) > limit:
        raise Invalid(f"A question has at most {limit} characters. Please shorten it.")
    if not any(character.isalnum() for character in question):
        raise Invalid("Please write your question in words.")
    return question


def _curated(question: str, tag: str, timings: dict[str, float]) -> AskResult | None:
    """The answer of a published question worded much like this one."""
    begun = time.perf_counter()
    matched = match_question(question, tag)
    timings["match"] = _since(begun)
    if matched is None:
        return None
    begun = time.perf_counter()
    answer = content.answer(matched, tag)
    timings["answer"] = _since(begun)
    if answer is None:
        return None
    places = _passage_ids([c.passage for c in answer.citations])
    return AskResult(
        outcome=Outcome.CURATED,
        locale=tag,
        question=matched.key,
        segments=tuple(
            Segment(
                s.text, s.lang, "memory" if s.origin == "generated" else s.origin, s.citations, s.original, s.before
            )
            for s in answer.segments
        ),
        citations=tuple(
            {
                "number": c.number,
                "source": c.source.text,
                "url": c.url,
                "heading": c.heading,
                "quote": c.quote.text,
                "passage": places.get(c.passage),
                "lang": c.quote.lang,
            }
            for c in answer.citations
        ),
        nearest=tuple(_near(question, tag, without=matched.key)),
    )


def match_question(text: str, tag: str) -> Question | None:
    """The published question that this one repeats in other words or another language; None when none is close."""
    exact = Phrasing.objects.filter(text__iexact=text, question__state=State.PUBLISHED, question__answer__isnull=False)
    same = exact.filter(locale_id=tag).first() or exact.first()
    if same is not None:
        return same.question
    retriever = retrieval.retriever()
    with retrieval.mapped():
        hits = retriever.search(Query(text, tag, Filters(kinds=("phrasing",)), 5)).hits
    ids = [int(hit.family[1:]) for hit in hits if hit.family[1:].isdigit()]
    rows = {row.pk: row for row in Question.objects.filter(pk__in=ids, state=State.PUBLISHED, answer__isnull=False)}
    if not rows:
        return None
    phrasings = list(Phrasing.objects.filter(question_id__in=list(rows)))
    best = max(
        ((_likeness(text, tag, phrasing, hits), phrasing) for phrasing in phrasings),
        key=lambda pair: pair[0],
        default=None,
    )
    return rows[best[1].question_id] if best is not None and best[0] >= CURATED_COSINE else None


def _likeness(text: str, tag: str, phrasing: Phrasing, hits: Sequence[Hit]) -> float:
    """Cosine of the two questions, lowered when they share few words (as English stems, across languages)."""
    retriever = retrieval.retriever()
    [cosine] = retriever.similarity([text], tag, [phrasing.text], phrasing.locale_id)
    if tag == phrasing.locale_id:
        ours, theirs = set(retriever.analyse(text, tag)), set(retriever.analyse(phrasing.text, tag))
    else:
        ours, theirs = set(retriever.gloss(text, tag)), set(retriever.gloss(phrasing.text, phrasing.locale_id))
    shared = len(ours & theirs) / (min(len(ours), len(theirs)) or 1)
    return (
        cosine
        - (0.25 * (CURATED_OVERLAP - shared) if shared < CURATED_OVERLAP else 0.0)
        + (0.1 if shared == 1 else 0.0)
    )


def _composed(question: str, tag: str, timings: dict[str, float]) -> AskResult:
    begun = time.perf_counter()
    composed = evidence.compose_for(question, tag)
    timings["compose"] = _since(begun)
    outcome = Outcome.COMPOSED if composed.draft else Outcome.ABSTAINED
    return AskResult(
        outcome=outcome,
        locale=tag,
        segments=composed.draft.segments,
        citations=tuple(_citation(c, composed.passages[c.passage]) for c in composed.draft.citations),
        passages=tuple(_ranked(hit, passage) for hit, passage in composed.hits),
        nearest=tuple(_near(question, tag)),
        degraded=bool(composed.results.degraded),
    )


def _citation(draft: Any, passage: Passage) -> dict[str, Any]:
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


def _near(question: str, tag: str, without: str = "") -> list[dict[str, Any]]:
    """Published questions that come nearest, for the reader to look at."""
    links = finding.search(question, tag, limit=6).questions
    return [{"key": link.key, "text": link.text.text, "lang": link.text.lang} for link in links if link.key != without][
        :5
    ]


def _without_index(question: str, tag: str) -> AskResult:
    """The index is away: an exact wording still answers, else the nearest entries of the database."""
    found = finding.search(question, tag, limit=5)
    nearest = tuple({"key": link.key, "text": link.text.text, "lang": link.text.lang} for link in found.questions)
    return AskResult(Outcome.ABSTAINED, tag, nearest=nearest, degraded=True)


def compose_draft(text: str, locale: str) -> tuple[str, str, list[Citation]] | None:
    """A canonical draft from the sources: its text with marks, its locale, its unsaved citations; None without one."""
    composed = evidence.compose_for(text, locale, translate=False)
    if not composed.draft:
        return None
    lang = composed.draft.segments[0].lang
    parts = [part for part in composed.draft.segments if part.lang == lang]
    used = {number for part in parts for number in part.citations}
    citations = [
        Citation(
            number=c.number,
            passage=composed.passages[c.passage],
            quote=c.quote,
            start=c.start,
            end=c.end,
            passage_hash=composed.passages[c.passage].content_hash,
        )
        for c in composed.draft.citations
        if c.number in used
    ]
    marked = [f"{part.text} {''.join(f'[{n}]' for n in part.citations)}" for part in parts]
    return " ".join(marked), lang, citations


def passages_for(text: str, locale: str) -> list[dict[str, object]]:
    """Passages that may answer, for editors; empty when the index is away."""
    try:
        return evidence.passages_for(text, locale)
    except Unavailable:
        return []


def _passage_ids(keys: Sequence[str]) -> dict[str, int]:
    rows = Passage.objects.filter(key__in=list(keys), revision__published_source__isnull=False)
    return dict(rows.values_list("key", "pk"))


def _since(begun: float) -> float:
    return round((time.perf_counter() - begun) * 1000, 2)
