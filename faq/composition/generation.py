"""What stands of a model's answer: each sentence is verified as it comes, and what fails is dropped: pure.

Invariant: the draft only grows, and every sentence of it has passed verify(): so what was shown once stays.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from faq.composition.compose import ANAPHOR
from faq.composition.marked import Marked
from faq.composition.prompting import NOTHING, Numbered
from faq.composition.support import MAX_CITED, Judge
from faq.composition.types import CitationDraft, Draft, Segment
from faq.composition.verify import GENERATED, verify

LONGEST = 600
"""Characters of one sentence; more is none."""


class Generation:
    """Collects the sentences of one answer. `sentences`: what may be cited; `passages`: id -> stored text; `space`: what
    stands between sentences in the reader's language."""

    def __init__(
        self, sentences: Sequence[Numbered], passages: Mapping[int, str], locale: str, judge: Judge, *, space: str = " "
    ) -> None:
        self.draft = Draft()
        self.refused: Counter[str] = Counter()
        self._by_number = {sentence.number: sentence for sentence in sentences}
        self._passages = passages
        self._locale = locale
        self._judge = judge
        self._space = space
        self._verdicts: dict[str, str] = {}
        self._dropped = False

    def add(self, marked: Marked) -> Segment | None:
        """The sentence as it may be shown, numbered among the draft's citations; None when it falls, and why is counted in
        `refused` under the name of the check."""
        reason = self._unfit(marked)
        if not reason:
            grown = verify(self._with(marked), self._passages, self._supported)
            if len(grown.segments) > len(self.draft.segments):
                self.draft, self._dropped = grown, False
                return grown.segments[-1]
            reason = self._verdicts.get(marked.text) or "citation"
        self.refused[reason] += 1
        self._dropped = True
        return None

    def _unfit(self, marked: Marked) -> str:
        """What can be told without looking at the evidence's words."""
        if marked.text.strip(" .!\"'") == NOTHING:
            return "nothing"
        if not marked.numbers or len(marked.numbers) > MAX_CITED or not self._by_number.keys() >= set(marked.numbers):
            return "citation"
        if len(marked.text) > LONGEST:
            return "length"
        if any(segment.text.casefold() == marked.text.casefold() for segment in self.draft.segments):
            return "repetition"
        # "It costs 30 euros" after a sentence that fell would speak of something else.
        return "orphan" if self._dropped and ANAPHOR.match(marked.text) else ""

    def _with(self, marked: Marked) -> Draft:
        """The draft and this sentence, not yet verified."""
        citations = list(self.draft.citations)
        places = {(each.passage, each.start, each.end): each.number for each in citations}
        used: list[int] = []
        for number in marked.numbers:
            cited = self._by_number[number]
            place = (cited.passage, cited.start, cited.end)
            if place not in places:
                places[place] = len(citations) + 1
                citations.append(CitationDraft(places[place], cited.passage, cited.text, cited.start, cited.end))
            used.append(places[place])
        quoted = " ".join(self._by_number[number].text for number in marked.numbers)
        before = self._space if self.draft.segments else ""
        made = Segment(marked.text, self._locale, GENERATED, tuple(sorted(used)), quoted, before)
        return replace(self.draft, segments=(*self.draft.segments, made), citations=tuple(citations))

    def _supported(self, segment: Segment, citations: Sequence[CitationDraft]) -> bool:
        if segment.text not in self._verdicts:
            places = {(each.passage, each.start, each.end) for each in citations}
            cited = [each for each in self._by_number.values() if (each.passage, each.start, each.end) in places]
            self._verdicts[segment.text] = self._judge(segment.text, cited).verdict
        return not self._verdicts[segment.text]
