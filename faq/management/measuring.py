"""Labelled passages asked as the portal asks: the same reading, search, composing, judging and verifying, without a database.

A ScratchPortal has an index of its own in a directory of the caller's. What the database would say about a hit (that its
passage is published, and its text) is taken from the labelled passages; the translation memory from those of them that are
translations, sentence by sentence, as far as both sides have equally many and the portal would show them.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from faq.composition.types import Draft, joined
from faq.composition.types import Segment as Sentence
from faq.gateways import retrieval as gateway
from faq.models import Passage, Source, SourceRevision
from faq.queries import evidence
from faq.queries.understanding import Understood, understood
from retrieval.evaluation import Answer, LabelledPassage, LabelledQuestion, Quote, Said
from retrieval.spelling import MemoryWords
from retrieval.types import EntryKind, Filters, IndexEntry, Lane, Query, Results
from translation.quality import verdict

if TYPE_CHECKING:
    from retrieval.service import Retriever

DEPTH = 10
BACKENDS = {
    "embedded": "retrieval.backends.embedded.EmbeddedBackend",
    "weaviate": "retrieval.backends.weaviate.WeaviateBackend",
}
EMBEDDERS = {
    "starter": "retrieval.embedders.starter.StarterEmbedder",
    "http": "retrieval.embedders.http.HttpEmbedder",
    "onnx": "retrieval.embedders.onnx.OnnxEmbedder",
    "fake": "retrieval.embedders.fake.FakeEmbedder",
}


def builder(
    folder: Path, among: Sequence[str], *, backend: str = "", embedder: str = ""
) -> Callable[[Sequence[LabelledPassage]], "ScratchPortal"]:
    """Makes scratch portals whose indexes lie in a folder. `backend`, `embedder`: short names or dotted paths, empty for
    those of the settings; `among`: the locales that questions come in."""
    numbers = count()

    def build(passages: Sequence[LabelledPassage]) -> ScratchPortal:
        retriever = gateway.build(
            folder / f"{next(numbers)}.sqlite3",
            MemoryWords(),
            backend=BACKENDS.get(backend, backend),
            embedder=EMBEDDERS.get(embedder, embedder),
        )
        return ScratchPortal(retriever, passages, among)

    return build


class ScratchPortal:
    """A retrieval.evaluation.System. Of passages with one id the first is the original, others are its translations."""

    def __init__(self, retriever: "Retriever", passages: Sequence[LabelledPassage], among: Sequence[str]) -> None:
        self._retriever = retriever
        self._among = among
        self._read: dict[tuple[str, str], Understood] = {}
        originals: dict[str, LabelledPassage] = {}
        for passage in passages:
            originals.setdefault(passage.id, passage)
        self._rows = {key: _row(number, each) for number, (key, each) in enumerate(originals.items(), start=1)}
        self._known: dict[str, evidence.Translations] = {}
        for locale in dict.fromkeys(each.locale for each in passages):
            own = [each for each in passages if each.locale == locale]
            self._known[locale] = _memory(originals, own) if own[0] is not originals[own[0].id] else {}
        retriever.upsert([_entry(each, original=each is originals[each.id]) for each in passages])

    def search(self, question: LabelledQuestion) -> Results:
        read = self._understood(question)
        return evidence.search(read.text, read.locale, correction=read.correction)

    def answer(self, question: LabelledQuestion, results: Results) -> Answer:
        read = self._understood(question)
        found = evidence.Found(results, tuple((hit, self._rows[hit.family]) for hit in results.hits))
        known = self._known.get(question.locale, {})
        composed = evidence.compose_from(found, read.meant, read.locale, reader=question.locale, known=known)
        draft = composed.draft or composed.withheld
        said = tuple(_said(part, draft, composed.passages) for part in draft.segments)
        return Answer(joined(draft.segments), said, bool(composed.draft), composed.sureness)

    def ranked(self, question: LabelledQuestion, lane: Lane) -> list[str]:
        read = self._understood(question)
        passages = Filters(kinds=("passage",))
        query = Query(read.text, read.locale, passages, DEPTH, correction=read.correction, lanes=(lane,))
        return [hit.family for hit in self._retriever.search(query).hits]

    def _understood(self, question: LabelledQuestion) -> Understood:
        """As the portal reads it on a page in the question's own locale; makes this index the one that is asked."""
        gateway.use(self._retriever)
        key = question.locale, question.question
        if key not in self._read:
            self._read[key] = understood(question.question, question.locale, among=self._among)
        return self._read[key]


def _row(number: int, passage: LabelledPassage) -> Passage:
    """The passage as the database would give it; nothing is stored."""
    source = Source(title=passage.title, locale_id=passage.locale)
    return Passage(pk=number, key=passage.id, text=passage.text, revision=SourceRevision(source=source))


def _entry(passage: LabelledPassage, *, original: bool) -> IndexEntry:
    return IndexEntry(
        key=f"{passage.id}:{passage.locale}",
        family=passage.id,
        kind=EntryKind.PASSAGE,
        locale=passage.locale,
        text=passage.text,
        heading=passage.title,
        original=original,
    )


def _memory(
    originals: Mapping[str, LabelledPassage], translations: Sequence[LabelledPassage]
) -> dict[tuple[str, str], tuple[str, str]]:
    """Sentence pairs of passages that have equally many sentences on both sides and pass the checks."""
    found = {}
    for passage in translations:
        original = originals[passage.id]
        ours, theirs = _sentences(original), _sentences(passage)
        if len(ours) != len(theirs):
            continue
        for source, target in zip(ours, theirs, strict=True):
            if not verdict(source, target, source_locale=original.locale, target_locale=passage.locale):
                found[original.locale, source] = (target, "memory")
    return found


def _sentences(passage: LabelledPassage) -> list[str]:
    return [passage.text[start:end] for start, end in evidence.spans(passage.text, passage.locale)]


def _said(part: Sentence, draft: Draft, passages: Mapping[int, Passage]) -> Said:
    """A sentence as shown, with what it rests on; its parity judged anew."""
    cited = [each for each in draft.citations if each.number in part.citations]
    source = part.source or part.text
    locale = passages[cited[0].passage].revision.source.locale_id if cited else part.lang
    told = "" if part.text == source else verdict(source, part.text, source_locale=locale, target_locale=part.lang)
    quotes = tuple(Quote(passages[each.passage].key, each.start, each.end, each.quote) for each in cited)
    return Said(part.text, source, locale, quotes, parity=not told.startswith("parity"))
