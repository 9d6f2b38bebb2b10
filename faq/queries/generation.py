"""An answer in the words of a language model, from the same evidence and under the same judgement as the extractive one.

Invariants: without evidence that answers by itself, the model is not asked; every sentence is verified before anybody
sees it; the sentences that it cites must be as sure to answer the question as those of an extractive answer, and nothing
is told before they are; whatever goes wrong, the extractive answer stands. What was told once stays.
"""

import logging
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace

from faq import conf
from faq.composition.generation import Generation
from faq.composition.marked import Reader
from faq.composition.prompting import Messages, messages, numbered
from faq.composition.sureness import FLOOR
from faq.composition.types import CitationDraft, Draft, Segment
from faq.errors import Unavailable
from faq.gateways import generation
from faq.queries import support
from faq.queries.evidence import UNSPACED, Composed, spans, sureness_of
from retrieval.text import language

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence that may be shown, and those of its citations that no sentence before had."""

    segment: Segment
    citations: tuple[CitationDraft, ...]


def told(draft: Draft) -> Iterator[Told]:
    """A whole draft, sentence by sentence."""
    seen: set[int] = set()
    by_number = {citation.number: citation for citation in draft.citations}
    for segment in draft.segments:
        fresh = [number for number in segment.citations if number not in seen]
        seen.update(fresh)
        yield Told(segment, tuple(by_number[number] for number in fresh))


def generated(composed: Composed, question: str, tag: str) -> Generator[Told, None, Composed]:
    """Yields the sentences as they stand; returns what they make together: in the model's words, or as it was given.

    `question`: as the reader asked it; `tag`: the reader's locale.
    """
    if not composed.draft or not generation.ready():
        yield from told(composed.draft)
        return composed
    sentences = numbered(composed.items)
    limit = int(conf.get("ANSWER_SENTENCES"))
    request = messages(question, sentences, _named(tag), limit)
    work = Generation(
        sentences,
        {pk: passage.text for pk, passage in composed.passages.items()},
        tag,
        support.judge(tag),
        space="" if language(tag) in UNSPACED else " ",
    )
    shown = yield from _sure(work, request, composed, tag, limit)
    if work.refused:
        log.info("Of a generated answer these were not shown: %s.", dict(work.refused))
    if shown:
        return replace(composed, draft=work.draft)
    yield from told(composed.draft)
    return composed


def _sure(work: Generation, request: Messages, composed: Composed, tag: str, limit: int) -> Generator[Told, None, bool]:
    """Yields the sentences from where they are sure enough to answer; returns whether they are."""
    waiting: list[Told] = []
    sure = False
    seen: set[int] = set()
    for segment in _verified(work, request, tag, limit):
        # Numbers of citations never change: the draft only grows.
        fresh = tuple(each for each in work.draft.citations if each.number not in seen)
        seen.update(each.number for each in fresh)
        waiting.append(Told(segment, fresh))
        sure = sure or _answers(work.draft, composed, tag)
        if sure:
            yield from waiting
            waiting.clear()
    return sure


def _verified(work: Generation, request: Messages, tag: str, limit: int) -> Iterator[Segment]:
    """The sentences that stand, at most `limit`; an end before the end is none but for the cache."""
    reader = Reader(lambda text: spans(text, tag))
    heard: list[str] = []
    kept = generation.kept(request)
    try:
        for piece in [kept] if kept else generation.pieces(request):
            heard.append(piece)
            for marked in reader.feed(piece):
                if (segment := work.add(marked)) is not None:
                    yield segment
                if len(work.draft.segments) >= limit:
                    generation.keep(request, "".join(heard))
                    return
        for marked in reader.close():
            if len(work.draft.segments) < limit and (segment := work.add(marked)) is not None:
                yield segment
    except Unavailable as error:
        log.info("The answer is not generated to its end: %s", error)
        return
    if not kept:
        generation.keep(request, "".join(heard))


def _answers(draft: Draft, composed: Composed, tag: str) -> bool:
    """Judged by the source's own sentences: what a model says of them proves nothing."""
    text, locale = composed.asked
    by_passage = {item.passage: item for item in composed.items}
    quoted = tuple(
        Segment(each.quote, by_passage[each.passage].locale, "source", (each.number,), each.quote)
        for each in draft.citations
    )
    cited = replace(draft, segments=quoted)
    return sureness_of(cited, text, locale, composed.items, translated=tag) >= FLOOR


def _named(tag: str) -> str:
    """A language for the model: its name in English, and its tag."""
    from babel import Locale, UnknownLocaleError

    try:
        name = Locale.parse(tag, sep="-").english_name
    except (UnknownLocaleError, ValueError):
        name = None
    return f"{name} ({tag})" if name else tag
