"""Search as you type: published questions for what a reader has typed so far.

The wordings of a locale are kept in each process, folded and by word, as long as the content's version stands; a look-up
reads no vector and no index, and costs one query, which re-checks that what it found is still published. A typed word is
met by words that begin with it, hold it, or look like it; words of scripts without spaces are met two characters at a
time. Wordings stand in the order of demand, so that what is cut off is what is asked least.
"""

import math
import threading
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import regex
from django.db.models import Count, Q, Sum
from rapidfuzz import process
from rapidfuzz.distance import OSA

from faq import cache
from faq.enums import State
from faq.models import Asked, Feedback, Phrasing
from faq.queries.payloads import Reading, Text, reading
from retrieval.keyboards import retyped
from retrieval.near_words import key_of, reach
from retrieval.stopwords import STOP_WORDS
from retrieval.text import language, normalise

MAX_CHARACTERS = 120
"""Of what was typed, the last ones count: that is where the reader writes."""
MAX_WORDS = 12
MAX_WORDINGS = 50_000
LIMIT = 6
MOST_IN_TOPICS = 200
"""Of what was found, so many are looked at for those in some topics."""
MAX_POSTINGS = 2000
"""Wordings looked at for one typed word; those in demand come first."""
MAX_COMPLETIONS = 200
KEPT_SECONDS = 600
"""Demand changes without a new version of the content."""
INFIX = 3
"""Letters from which a word is also met by words that hold it inside."""
ENOUGH, BESIDE_THE_BEST = 0.5, 0.75
"""Shares a wording must meet: of what was typed, and of what the best one meets of it."""
EXACT, BEGINS, HOLDS, LOOKS_LIKE, STOP = 1.0, 0.9, 0.55, 0.5, 0.15
STARTS_TEXT, IN_TEXT, OWN, CANONICAL, DEMAND = 0.6, 0.3, 0.25, 0.4, 0.08

_UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
_RUN = regex.compile(rf"(?P<unspaced>{_UNSPACED}+)|(?P<word>[[\p{{L}}\p{{M}}\p{{Nd}}]--{_UNSPACED}]+)", regex.VERSION1)


_JOINED = regex.compile(r"\p{Arabic}")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A published question. `parts`: its wording in pieces, each with whether it was typed."""

    key: str
    text: Text
    parts: tuple[tuple[str, bool], ...]

    def as_dict(self) -> dict[str, object]:
        return {"key": self.key, "text": self.text.text, "lang": self.text.lang, "parts": [list(p) for p in self.parts]}


@dataclass(frozen=True, slots=True)
class _Wording:
    """`bonus`: for its language, for being canonical, and for demand."""

    question: int
    bonus: float


class Wordings:
    """What readers of one locale may be looking for. Immutable."""

    def __init__(self, rows: Sequence[tuple[int, str, bool, bool]], demand: Mapping[int, int], code: str) -> None:
        """Rows: (question, text, whether in the reader's own language, whether canonical)."""
        ordered = sorted(rows, key=lambda row: (-demand.get(row[0], 0), not row[2], not row[3], row[0]))[:MAX_WORDINGS]
        folded = [key_of(text) for _, text, _, _ in ordered]
        self.wordings = [
            _Wording(question, OWN * own + CANONICAL * canonical + DEMAND * math.log1p(demand.get(question, 0)))
            for question, _, own, canonical in ordered
        ]
        postings: dict[str, list[int]] = defaultdict(list)
        for place, text in enumerate(folded):
            for word in dict.fromkeys(_words(text)):
                postings[word].append(place)
        self.words = sorted(postings)
        self._postings = [postings[word] for word in self.words]
        self._joined = "\n" + "\n".join(self.words) + "\n"
        self._begins = _offsets(self.words)
        self._text = "\n" + "\n".join(folded) + "\n"
        self._text_begins = _offsets(folded)
        self._stop = frozenset(key_of(word) for word in STOP_WORDS.get(code, frozenset()))

    def find(self, typed: str) -> list[int]:
        """Questions for a folded text, best first."""
        words = list(dict.fromkeys(_words(typed)))[-MAX_WORDS:]
        if not words:
            return []
        scores: dict[int, float] = defaultdict(float)
        shares: dict[int, float] = defaultdict(float)
        most = 0.0
        for word in words:
            met, matter = self._met(word, last=word == words[-1]), word not in self._stop
            worth = math.log1p(len(self.wordings) / (1 + len(met))) * (1.0 if matter else STOP)
            most += worth
            for place, quality in met.items():
                scores[place] += worth * quality
                shares[place] += worth
        least = max(ENOUGH * most, BESIDE_THE_BEST * max(shares.values(), default=0.0))
        scores = {place: scores[place] / most for place, share in shares.items() if share >= least}
        for place, starts in self._holding(typed):
            scores[place] = max(scores.get(place, 0.0), EXACT) + (STARTS_TEXT if starts else IN_TEXT)
        best: dict[int, float] = {}
        for place, score in scores.items():
            wording = self.wordings[place]
            best[wording.question] = max(best.get(wording.question, 0.0), score + wording.bonus)
        return sorted(best, key=lambda question: (-best[question], question))

    def _met(self, word: str, *, last: bool) -> dict[int, float]:
        """The wordings that a typed word meets, and how well."""
        found: dict[int, float] = {}
        for at, quality in self._completions(word, last=last):
            for place in self._postings[at][:MAX_POSTINGS]:
                found.setdefault(place, quality)
            if len(found) >= MAX_POSTINGS:
                break
        return found

    def _completions(self, word: str, *, last: bool) -> list[tuple[int, float]]:
        """Places of the words that a typed one may stand for: that begin with it, else hold it, else look like it."""
        begin = bisect_left(self.words, word)
        end = bisect_left(self.words, word + "\U0010ffff", begin)
        found = [
            (at, EXACT if self.words[at] == word else BEGINS) for at in range(begin, min(end, begin + MAX_COMPLETIONS))
        ]
        if len(word) >= INFIX:
            known = {at for at, _ in found}
            held = (at for at in _occurrences(self._joined, self._begins, word) if at not in known)
            found += [(at, HOLDS) for at in held]
        return found or [(at, LOOKS_LIKE) for at in self._alike(word, last=last)]

    def _alike(self, word: str, *, last: bool) -> list[int]:
        """Places of words within reach of a typed one, or, while it is being typed, of words that begin so."""
        edits = reach(word)
        if not edits:
            return []
        # Few err in the first letter, and those swap it with the second.
        places = [at for first in dict.fromkeys(word[:2]) for at in self._beginning(first)]
        # As much of a word as may have been typed: a letter more or less than there is.
        lengths = (len(word), len(word) + 1, len(word) - 1) if last else (None,)
        found: dict[int, None] = {}
        for length in lengths:
            choices = [self.words[at][:length] for at in places]
            near = process.extract(word, choices, scorer=OSA.distance, score_cutoff=edits, limit=MAX_COMPLETIONS)
            found |= {places[at]: None for _, _, at in near}
        return list(found)

    def _beginning(self, letter: str) -> range:
        return range(bisect_left(self.words, letter), bisect_left(self.words, letter + "\U0010ffff"))

    def _holding(self, typed: str) -> Iterator[tuple[int, bool]]:
        """The wordings that hold all of what was typed, word by word as typed, and whether they begin with it."""
        if len(typed) < 2:
            return
        for place, at in _found_at(self._text, self._text_begins, typed):
            before = self._text[at - 1]
            if before == "\n" or not before.isalnum() or not typed[0].isascii() or not typed[0].isalnum():
                yield place, before == "\n"


def _words(text: str) -> Iterator[str]:
    """Words; of runs without spaces every two characters, and a single one."""
    for match in _RUN.finditer(text):
        run = match.group()
        if match.lastgroup == "word" or len(run) == 1:
            yield run
        else:
            yield from (run[at : at + 2] for at in range(len(run) - 1))


def _offsets(texts: Sequence[str]) -> list[int]:
    """Where each begins when they are joined by line breaks, after one."""
    found, at = [], 1
    for text in texts:
        found.append(at)
        at += len(text) + 1
    return found


def _found_at(joined: str, begins: Sequence[int], part: str) -> Iterator[tuple[int, int]]:
    """(place of the text, offset) of the first occurrence in each text that holds a part; at most MAX_COMPLETIONS."""
    at, left = joined.find(part), MAX_COMPLETIONS
    while at >= 0 and left:
        place = bisect_left(begins, at + 1) - 1
        yield place, at
        left -= 1
        at = joined.find(part, begins[place + 1]) if place + 1 < len(begins) else -1


def _occurrences(joined: str, begins: Sequence[int], part: str) -> Iterator[int]:
    return (place for place, _ in _found_at(joined, begins, part))


def suggest(text: str, tag: str, limit: int = LIMIT, topics: Sequence[str] = ()) -> list[Suggestion]:
    """Published questions for what was typed so far, best first; none for less than a letter or a digit. `topics`: keys of
    those where they stand; empty for all.

    One query, and a few more after content has changed.
    """
    typed = normalise(text[-MAX_CHARACTERS * 4 :])[-MAX_CHARACTERS:]
    if not any(character.isalnum() for character in typed):
        return []
    reader = reading(tag)
    wordings = _kept(reader)
    folded = key_of(typed).strip(" ?!.。？！؟¿¡…'\"")
    found = wordings.find(folded)
    if not found:
        others = ((each, wordings.find(key_of(each))) for each in retyped(typed, tag))
        folded, found = next(((key_of(each), ids) for each, ids in others if ids), (folded, []))
    some = found[:MOST_IN_TOPICS] if topics else found[: 2 * limit]
    return _published(some, reader, folded, topics)[:limit]


def _published(ids: Sequence[int], reader: Reading, typed: str, topics: Sequence[str]) -> list[Suggestion]:
    """What of these is still published, in one of the topics, in their order; one query."""
    if not ids:
        return []
    rows = Phrasing.objects.filter(canonical=True, question__in=ids, question__state=State.PUBLISHED)
    rows = rows.filter(question__topic__key__in=topics) if topics else rows
    by_question: dict[int, list[Phrasing]] = defaultdict(list)
    for row in rows.filter(_read_by(reader)).select_related("question"):
        by_question[row.question_id].append(row)
    worded = [(by_question[pk][0].question.key, reader.worded(by_question[pk])) for pk in ids if pk in by_question]
    return [Suggestion(key, text, _parts(text.text, typed)) for key, text in worded if text is not None]


def _parts(text: str, typed: str) -> tuple[tuple[str, bool], ...]:
    """The text in pieces, each with whether it was typed."""
    words = list(_words(typed))
    marked = [False] * len(text)
    for match in _RUN.finditer(text):
        run, start = match.group(), match.start()
        if match.lastgroup == "unspaced":
            spans = [(at, at + len(word)) for word in words for at in range(len(run)) if run.startswith(word, at)]
        else:
            spans = [span for word in words for span in _span(run, word, last=word == words[-1])]
        for begin, end in spans:
            marked[start + begin : start + end] = [True] * (end - begin)
    edges = [0, *(at for at in range(1, len(text)) if marked[at] != marked[at - 1]), len(text)]
    return tuple((text[a:b], marked[a]) for a, b in pairwise(edges) if a < b)


def _span(run: str, word: str, *, last: bool) -> list[tuple[int, int]]:
    """Where a typed word stands in a word of the text: at its beginning, or, when it is long enough, inside.

    Letters that join keep together: a part of an Arabic word in another weight is drawn apart by some browsers.
    """
    folded = key_of(run)
    if folded == word or (_JOINED.match(run) and folded.startswith(word)):
        return [(0, len(run))]
    begin = folded.find(word) if len(word) >= INFIX else 0 if last and folded.startswith(word) else -1
    if begin < 0:
        return []
    return [(begin, begin + len(word)) if len(folded) == len(run) else (0, len(run))]


# what is kept

_lock = threading.Lock()
_held: dict[str, tuple[str, float, Wordings]] = {}


def _kept(reader: Reading) -> Wordings:
    """The wordings of this version of the content. Also kept while a change is under way: its end makes a new version."""
    version = cache.version(cache.CONTENT)
    if (held := _held.get(reader.tag)) is not None and _is_current(held, version):
        return held[2]
    with _lock:  # one thread reads for all
        held = _held.get(reader.tag)
        if held is None or not _is_current(held, version):
            _held[reader.tag] = held = (version, time.monotonic(), _read(reader))
        return held[2]


def _is_current(held: tuple[str, float, Wordings], version: str) -> bool:
    return held[0] == version and time.monotonic() - held[1] < KEPT_SECONDS


def _read(reader: Reading) -> Wordings:
    """Three queries."""
    published = Phrasing.objects.filter(_read_by(reader), question__state=State.PUBLISHED)
    rows = published.values_list("question_id", "text", "locale_id", "canonical")
    demand: Counter[int] = Counter()
    helpful = Feedback.objects.filter(helpful=True).values("question_id").annotate(n=Count("pk"))
    demand.update(dict(helpful.values_list("question_id", "n")))
    asked = Asked.objects.filter(nearest__isnull=False).values("nearest_id").annotate(n=Sum("count"))
    demand.update(dict(asked.values_list("nearest_id", "n")))
    worded = [(pk, text, tag == reader.tag, canonical) for pk, text, tag, canonical in rows.iterator(chunk_size=5000)]
    return Wordings(worded, demand, language(reader.tag))


def _read_by(reader: Reading) -> Q:
    return Q(locale_id__in=reader.chain)
