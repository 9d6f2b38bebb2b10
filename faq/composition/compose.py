"""Evidence and a question into a draft: pure.

Chooses at most `limit` sentences that answer the question, in source order, each with its citation. A sentence's score is
its share of the question's weight (in its own words or those of its translation, whichever meets more), its likeness,
its headings, whether it holds the kind of answer the question asks for, and how much its passage is trusted. A next
sentence must bring question words not yet met, or stand beside the best one and say nearly as much. A sentence that
points back ("It", "They") brings the one before; an introduction that ends with a colon brings what it introduces.
"""

from collections.abc import Sequence, Set

import regex

from faq.composition.expectation import expected, holds
from faq.composition.types import CitationDraft, Draft, Evidence, Match, Scorer, Segment, Sentence

FIRST_FLOOR = 0.12
"""Below this score no sentence answers anything."""
NEXT_SHARE = 0.62
"""A next sentence must be worth this share of the best one; measured on XQuAD: more only adds words."""
TITLED = 1.5
"""Worth of standing under a heading that asks the question itself: such answers rarely repeat its words."""
FIRST_SENTENCES = 2
ASKED = 0.8
"""A heading that meets this share of the question asks it; its passage's first sentence opens the answer."""
NEIGHBOUR = 0.10
HEADING_SHARE = 0.35
LIKENESS_SHARE = 0.6
EXPECTED = 0.12
LIST_ITEMS = 2
"""Items an introduction needs at least to make sense."""
MAX_PASSAGES = 6

ANAPHOR = regex.compile(
    r"(?:It|Its|They|Their|This|These|That|Those|He|She|His|Her|There|Then|However|Er|Es|Sie|Dies(?:e[rsmn]?)?|Ihre?|Dann|Dort"
    r"|Il|Elle|Ils|Elles|Cela|Ce(?:s|tte|t)?|Ceci|Son|Leur|Esto|Est[ae]s?|Ell[ao]s|Él|Sus?|Je(?:go|j|st)|Ona|Ono|Oni|One|To|T[ae]|Ich"
    r"|Він|Вона|Воно|Вони|Це|Цей|Ця|Ці|Його|Її|Їх|O|Onlar|Bu|Bunlar|Şu)\b|(?:هو|هي|هم|هذا|هذه|ذلك|تلك|هناك)\s|[它他她这那其此]"
)
_ADDRESS = regex.compile(r"(?:https?://|www\.)\S+|\S+@\S+")
_LETTER = regex.compile(r"\p{L}")
FEWEST_LETTERS = 2
_INTRODUCES = regex.compile(r"[:：]\s*$")


def compose(question: str, evidence: Sequence[Evidence], score: Scorer, *, limit: int = 3, locale: str = "") -> Draft:
    """`limit`: 1 to 4 sentences; `locale`: of the question and of the translations that the evidence brings.

    An empty draft when no sentence meets enough of the question.
    """
    items = evidence[:MAX_PASSAGES]
    sentences = [sentence for place, item in enumerate(items) for sentence in _sentences(place, item)]
    if not sentences:
        return Draft()
    matches, headings, titles = _matches(sentences, items, score, locale)
    kinds = expected(question)
    scores = []
    for sentence, match in zip(sentences, matches, strict=True):
        fits = any(holds(sentence.text, kind) for kind in kinds)
        weight = items[sentence.evidence].weight
        value = _score(match, headings[sentence.evidence], weight, fits) + _titled(titles[sentence.evidence], sentence)
        scores.append(value if _says_something(sentence.text) else 0.0)
    asked = {place for place, title in enumerate(titles) if title.overlap >= ASKED}
    chosen = _choose(sentences, matches, scores, limit, asked)
    return _draft(chosen, sentences, items)


def _sentences(place: int, item: Evidence) -> list[Sentence]:
    return [
        Sentence(
            place, n, start, end, item.text[start:end], item.locale, item.translations[n] if item.translations else None
        )
        for n, (start, end) in enumerate(item.sentences)
        if item.text[start:end].strip()
    ]


def _matches(
    sentences: Sequence[Sentence], items: Sequence[Evidence], score: Scorer, locale: str
) -> tuple[list[Match], list[Match], list[Match]]:
    """How sentences, headings and the nearest heading of each meet the question; a translated sentence by whichever of
    its texts meets it better."""
    translated = [n for n, sentence in enumerate(sentences) if sentence.translation and locale]
    texts = [(sentence.text, sentence.locale) for sentence in sentences]
    texts += [(sentences[n].translation or "", locale) for n in translated]
    headings = list(score([(" · ".join(item.heading) or " ", item.locale) for item in items]))
    titles = list(score([(item.heading[-1] if len(item.heading) > 1 else " ", item.locale) for item in items]))
    found = list(score(texts))
    matches = found[: len(sentences)]
    for n, other in zip(translated, found[len(sentences) :], strict=True):
        matches[n] = max(matches[n], other, key=lambda match: match.overlap + LIKENESS_SHARE * match.likeness)
    return matches, headings, titles


def _score(match: Match, heading: Match, weight: float, fits: bool) -> float:
    value = match.overlap + LIKENESS_SHARE * match.likeness + HEADING_SHARE * heading.overlap * (0.3 + match.overlap)
    return (value + (EXPECTED if fits else 0.0)) * (0.4 + 0.6 * weight)


def _titled(title: Match, sentence: Sentence) -> float:
    """What the nearest heading is worth; much, when it asks the question itself."""
    met = title.overlap if title.overlap >= ASKED else 0.5 * title.overlap**2
    return TITLED * met * (1.0 if sentence.number < FIRST_SENTENCES else 0.7)


def _says_something(text: str) -> bool:
    """Whether a sentence has words besides addresses."""
    return len(_LETTER.findall(_ADDRESS.sub(" ", text))) >= FEWEST_LETTERS


def _choose(
    sentences: Sequence[Sentence],
    matches: Sequence[Match],
    scores: Sequence[float],
    limit: int,
    asked: Set[int] = frozenset(),
) -> list[int]:
    """Places of the sentences to show, in source order. `asked`: the evidence under headings that ask the question."""
    best = max(range(len(sentences)), key=lambda i: (scores[i], -i))
    if scores[best] < FIRST_FLOOR:
        return []
    opening = [best]
    if sentences[best].evidence in asked and limit > 1:
        opening += [i for i, each in enumerate(sentences) if each.evidence == sentences[best].evidence][:1]
    chosen, met = _needed(opening, sentences, limit), set(matches[best].terms)
    while len(chosen) < limit:
        rated = [
            (_gain(i, best, sentences, matches, scores, met), -i) for i in range(len(sentences)) if i not in chosen
        ]
        if not rated:
            break
        gain, place = max(rated)
        if gain < NEXT_SHARE * scores[best]:
            break
        more = _needed([*chosen, -place], sentences, limit)
        if len(more) > limit:
            break
        chosen = more
        met |= set(matches[-place].terms)
    return sorted(chosen)


def _gain(
    i: int, best: int, sentences: Sequence[Sentence], matches: Sequence[Match], scores: Sequence[float], met: set[str]
) -> float:
    """What a further sentence brings: its score, less what is met already, more beside the best sentence."""
    fresh = sum(weight for term, weight in matches[i].terms.items() if term not in met)
    same = sentences[i].evidence == sentences[best].evidence
    near = same and abs(sentences[i].number - sentences[best].number) == 1
    return 0.6 * scores[i] + 0.6 * fresh + (NEIGHBOUR if near else 0.0) + (0.05 if same else -0.1)


def _needed(chosen: Sequence[int], sentences: Sequence[Sentence], limit: int) -> list[int]:
    """The sentences with those that they cannot stand without, as far as the limit allows."""
    wanted = list(dict.fromkeys(chosen))
    for i in list(wanted):
        if i > 0 and i - 1 not in wanted and _follows(sentences, i) and ANAPHOR.match(sentences[i].text):
            wanted += [i - 1] if len(wanted) < limit else []
        if _INTRODUCES.search(sentences[i].text):
            after = range(i + 1, min(i + 1 + LIST_ITEMS, len(sentences)))
            items = [n for n in after if sentences[n].evidence == sentences[i].evidence]
            wanted += [n for n in items if n not in wanted][: max(0, limit - len(wanted))]
    return wanted


def _follows(sentences: Sequence[Sentence], i: int) -> bool:
    """Whether the sentence stands in the same passage as the one before it in the list."""
    return sentences[i - 1].evidence == sentences[i].evidence


def _draft(chosen: Sequence[int], sentences: Sequence[Sentence], evidence: Sequence[Evidence]) -> Draft:
    """One citation for each run of neighbouring sentences of a passage."""
    segments: list[Segment] = []
    citations: list[CitationDraft] = []
    previous: Sentence | None = None
    for i in chosen:
        sentence = sentences[i]
        item = evidence[sentence.evidence]
        adjacent = (
            previous is not None and previous.evidence == sentence.evidence and previous.number + 1 == sentence.number
        )
        if adjacent and citations:
            last = citations.pop()
            quote = item.text[last.start : sentence.end]
            citations.append(CitationDraft(last.number, last.passage, quote, last.start, sentence.end))
        else:
            number = len(citations) + 1
            citations.append(CitationDraft(number, item.passage, sentence.text, sentence.start, sentence.end))
        before = _before(item.text[previous.end : sentence.start]) if adjacent and previous is not None else " "
        segments.append(
            Segment(sentence.text, sentence.locale, "source", (citations[-1].number,), sentence.text, before)
        )
        previous = sentence
    return Draft(tuple(segments), tuple(citations))


def _before(gap: str) -> str:
    """A line break where the source had one, else what stands between sentences."""
    return "\n" if "\n" in gap else " " if gap else ""
