"""Evidence and a question into a draft: pure.

Chooses at most `limit` sentences that answer the question, in source order, each with its citation. A sentence's score is
its share of the question's weight, raised by what kind of answer the question asks for (a number, a place, a time), by
its passage's weight and by standing beside the best sentence. A next sentence must bring question words not yet met, or
stand next to the best one and say nearly as much.
"""

from collections.abc import Sequence

import regex

from faq.composition.types import CitationDraft, Draft, Evidence, Match, Scorer, Segment, Sentence

FIRST_FLOOR = 0.12
"""Below this score no sentence answers anything."""
NEXT_SHARE = 0.55
NEIGHBOUR = 0.10
HEADING_SHARE = 0.35
EXPECTED = 0.12
MAX_PASSAGES = 6

_NUMBER = regex.compile(r"\p{Nd}")
_ASKS_NUMBER = regex.compile(
    r"how (?:much|many|long|old|often|far|big)|when|what (?:time|day|year)|cost|price|fee"
    r"|wie (?:viel|lange|oft|hoch|alt)|wann|kost|preis|gebühr"
    r"|combien|quand|coût|prix|cuánt|cuándo|cuesta|precio|ile|kiedy|kosztuje|cena|opłat"
    r"|скільки|коли|коштує|ціна|kaç|ne kadar|ne zaman|ücret"
    r"|كم|متى|تكلف|سعر|رسوم|多少|几|何时|什么时候|费用|价格",
    regex.IGNORECASE,
)
_ANAPHOR = regex.compile(r"(?:It|They|This|These|He|She|Es|Sie|Dies|Diese|Il|Elle|Ils|Cela|Esto|Ellos)\b")


def compose(question: str, evidence: Sequence[Evidence], score: Scorer, *, limit: int = 3) -> Draft:
    """`limit`: 1 to 4 sentences. An empty draft when no sentence meets enough of the question."""
    sentences = [s for place, item in enumerate(evidence[:MAX_PASSAGES]) for s in _sentences(place, item)]
    if not sentences:
        return Draft()
    matches = score([(sentence.text, sentence.locale) for sentence in sentences])
    headings = score([(" ".join(item.heading) or " ", item.locale) for item in evidence[:MAX_PASSAGES]])
    wants_number = _ASKS_NUMBER.search(question) is not None
    scores = [
        _score(sentence, match, headings[sentence.evidence], evidence[sentence.evidence], wants_number)
        for sentence, match in zip(sentences, matches, strict=True)
    ]
    chosen = _choose(sentences, matches, scores, limit)
    return _draft(chosen, sentences, evidence, matches)


def _sentences(place: int, item: Evidence) -> list[Sentence]:
    return [
        Sentence(
            place, n, start, end, item.text[start:end], item.locale, item.translations[n] if item.translations else None
        )
        for n, (start, end) in enumerate(item.sentences)
        if item.text[start:end].strip()
    ]


def _score(sentence: Sentence, match: Match, heading: Match, item: Evidence, wants_number: bool) -> float:
    value = match.overlap + 0.3 * match.likeness + HEADING_SHARE * heading.overlap * (0.3 + match.overlap)
    if wants_number and _NUMBER.search(sentence.text):
        value += EXPECTED
    return value * (0.4 + 0.6 * item.weight)


def _choose(sentences: Sequence[Sentence], matches: Sequence[Match], scores: Sequence[float], limit: int) -> list[int]:
    """Places of the sentences to show, in source order."""
    best = max(range(len(sentences)), key=lambda i: (scores[i], -i))
    if scores[best] < FIRST_FLOOR:
        return []
    chosen, met = [best], set(matches[best].terms)
    while len(chosen) < limit:
        rated = [
            (_gain(i, best, sentences, matches, scores, met), -i) for i in range(len(sentences)) if i not in chosen
        ]
        if not rated:
            break
        gain, place = max(rated)
        if gain < NEXT_SHARE * scores[best]:
            break
        chosen.append(-place)
        met |= set(matches[-place].terms)
    return sorted(_with_antecedents(chosen, sentences, limit))


def _gain(
    i: int, best: int, sentences: Sequence[Sentence], matches: Sequence[Match], scores: Sequence[float], met: set[str]
) -> float:
    """What a further sentence brings: its score, less what is met already, more beside the best sentence."""
    fresh = sum(weight for term, weight in matches[i].terms.items() if term not in met)
    same = sentences[i].evidence == sentences[best].evidence
    near = same and abs(sentences[i].number - sentences[best].number) == 1
    return 0.6 * scores[i] + 0.6 * fresh + (NEIGHBOUR if near else 0.0) + (0.05 if same else -0.1)


def _with_antecedents(chosen: list[int], sentences: Sequence[Sentence], limit: int) -> set[int]:
    """A sentence that begins with “It” or “They” needs the one before it."""
    wanted = set(chosen)
    for i in chosen:
        follows = i > 0 and sentences[i - 1].evidence == sentences[i].evidence
        if follows and i - 1 not in wanted and _ANAPHOR.match(sentences[i].text) and len(wanted) < limit:
            wanted.add(i - 1)
    return wanted


def _draft(
    chosen: Sequence[int], sentences: Sequence[Sentence], evidence: Sequence[Evidence], matches: Sequence[Match]
) -> Draft:
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
            citations.append(
                CitationDraft(last.number, last.passage, item.text[last.start : sentence.end], last.start, sentence.end)
            )
        else:
            citations.append(
                CitationDraft(len(citations) + 1, item.passage, sentence.text, sentence.start, sentence.end)
            )
        segments.append(Segment(sentence.text, sentence.locale, "source", (citations[-1].number,), sentence.text, " "))
        previous = sentence
    met = {term: weight for i in chosen for term, weight in matches[i].terms.items()}
    return Draft(tuple(segments), tuple(citations), support=min(1.0, sum(met.values())))
