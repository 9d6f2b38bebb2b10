"""Values that the public pages and the API are made of, and Reading: how one visitor's locale reads stored texts.

Every text says its language and direction, because it may be a fallback. Nothing here calls an engine.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from faq import cache, conf
from faq.enums import TranslationPolicy
from faq.gateways import translation
from faq.models import Topic
from faq.queries import locales

UNSPACED = ("zh", "ja", "th")
"""Languages that put no space between sentences."""
HEADINGS = " › "
"""Between the headings of a path."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text with the language it is in."""

    text: str
    lang: str
    dir: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class QuestionLink:
    key: str
    text: Text


@dataclass(frozen=True, slots=True)
class TopicPayload:
    """`count`: published questions."""

    key: str
    title: Text
    description: Text
    count: int = 0
    questions: tuple[QuestionLink, ...] = ()


@dataclass(frozen=True, slots=True)
class SegmentPayload:
    """One sentence as shown. `before`: what stands between it and the one before (a space, a line break, a list mark).
    `original`: the sentence it was translated from."""

    text: str
    lang: str
    dir: str
    origin: str
    citations: tuple[int, ...] = ()
    before: str = " "
    original: str = ""


@dataclass(frozen=True, slots=True)
class CitationPayload:
    """`start`, `end`: where the quote stands in the passage's text. `heading`: the headings above it, outermost first."""

    number: int
    source: Text
    source_key: str
    heading: Text
    quote: Text
    passage: str
    url: str
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class AnswerPayload:
    """`original`: the canonical answer when the shown one is in another language. `machine`: a machine translated some
    of it. `stale`: the original or a cited passage changed since. `untranslated`: some of it is in another language."""

    segments: tuple[SegmentPayload, ...]
    citations: tuple[CitationPayload, ...]
    original: tuple[SegmentPayload, ...]
    original_lang: str
    machine: bool
    stale: bool
    untranslated: bool
    updated: datetime

    @property
    def plain(self) -> str:
        """The segments as one text, without citation marks."""
        return "".join(f"{s.before if place else ''}{s.text}" for place, s in enumerate(self.segments))


@dataclass(frozen=True, slots=True)
class QuestionPayload:
    id: int
    key: str
    text: Text
    topic: TopicPayload | None
    answer: AnswerPayload | None
    related: tuple[QuestionLink, ...] = ()


@dataclass(frozen=True, slots=True)
class BlockPayload:
    """A heading, paragraph, list item, table row or code of a source. `start` is its place in the passage's text.

    `aligned`: for each sentence (start, end) in `text`, then (start, end) in `translation`.
    """

    kind: str
    level: int
    text: Text
    start: int = 0
    translation: Text | None = None
    aligned: tuple[tuple[int, int, int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class PassagePayload:
    """`headings`: those that stand right before the passage. `translated`: every block of it has a translation."""

    key: str
    headings: tuple[BlockPayload, ...]
    blocks: tuple[BlockPayload, ...]
    cited: bool = False
    translated: bool = False


@dataclass(frozen=True, slots=True)
class SourcePayload:
    """`machine`: a machine translated some of it."""

    key: str
    title: Text
    original_title: Text
    url: str
    updated: datetime
    passages: tuple[PassagePayload, ...] = ()
    machine: bool = False

    @property
    def foreign(self) -> bool:
        """Whether there is anything to show beside the original."""
        return any(passage.translated for passage in self.passages)


@dataclass(frozen=True, slots=True)
class PlacePayload:
    """Where a passage stands, the headings above it, and its text."""

    source_key: str
    source: Text
    heading: Text
    passage: str
    text: str


@dataclass(frozen=True, slots=True)
class PassageLink:
    """A found passage; `text` is cut to a few lines."""

    source_key: str
    source: Text
    passage: str
    heading: Text
    text: Text


@dataclass(frozen=True, slots=True)
class FoundPayload:
    """`degraded`: the index was away and the database was searched word by word. `corrected`: what the words were taken
    for; "" where they were taken as typed."""

    questions: tuple[QuestionLink, ...] = ()
    passages: tuple[PassageLink, ...] = ()
    degraded: bool = False
    corrected: str = ""

    def __bool__(self) -> bool:
        return bool(self.questions or self.passages)


class Worded(Protocol):
    """A phrasing, as a model or as read."""

    @property
    def canonical(self) -> bool: ...

    @property
    def locale_id(self) -> str: ...

    @property
    def text(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Reading:
    """How one locale reads: in which order it falls back, and which translations its policy lets readers see."""

    tag: str
    default: str
    chain: tuple[str, ...]
    directions: Mapping[str, str]
    machine: bool

    def text(self, text: str, tag: str = "") -> Text:
        """The text in a language; in the reader's own when none is given."""
        tag = tag or self.tag
        return Text(text, tag, self.directions.get(tag, "ltr"))

    def recall(self, texts: Iterable[str], source: str) -> dict[str, Any]:
        """Translations into the reader's locale that may be shown: text -> unit. One query; none for its own language."""
        wanted = [text for text in dict.fromkeys(texts) if text]
        if source == self.tag or not wanted:
            return {}
        found = translation.recall(wanted, source, self.tag)
        return {text: unit for text, unit in found.items() if self.machine or unit.human}

    def titled(self, text: str, source: str, units: Mapping[str, Any]) -> Text:
        """A short text in the reader's language where the units have it, else the original."""
        return self.text(units[text].target) if text in units else self.text(text, source)

    def path(self, headings: Sequence[str], source: str, units: Mapping[str, Any]) -> Text:
        """Headings, outermost first, in the reader's language where the units have them all, else as they are."""
        known = [units[heading].target for heading in headings if heading in units]
        if headings and len(known) == len(headings):
            return self.text(HEADINGS.join(known))
        return self.text(HEADINGS.join(headings), source)

    def worded(self, phrasings: Sequence[Worded]) -> Text | None:
        """The canonical wording in the best language there is; None when there is no wording at all."""
        by_locale = {phrasing.locale_id: phrasing.text for phrasing in phrasings if phrasing.canonical}
        tag = next((tag for tag in self.chain if tag in by_locale), next(iter(by_locale), None))
        return self.text(by_locale[tag], tag) if tag else None


def reading(tag: str) -> Reading:
    """How the locale of this tag reads."""
    known = {locale.tag: locale for locale in locales.all_locales()}
    default = locales.default_locale().tag
    chain: list[str] = []
    current: str | None = tag
    while current and current in known and current not in chain:
        chain.append(current)
        current = known[current].fallback_id
    return Reading(
        tag=tag,
        default=default,
        chain=tuple(chain if default in chain else [*chain, default]),
        directions={each.tag: each.direction for each in known.values()},
        machine=tag in known and known[tag].policy == TranslationPolicy.PUBLISH,
    )


@dataclass(frozen=True, slots=True)
class Titles:
    """What stands on every page. `topics`: id -> key, title, description, in menu order."""

    site: Text
    topics: Mapping[int, tuple[str, Text, Text]]


def titles(reader: Reading) -> Titles:
    """The site's name and its topics as the reader sees them; two queries, then cached."""

    def look() -> Titles:
        name, rows = str(conf.get("SITE_NAME")), list(Topic.objects.all())
        texts = [name, *(text for row in rows for text in (row.title, row.description))]
        units = reader.recall(texts, reader.default)
        return Titles(
            reader.titled(name, reader.default, units),
            {
                row.pk: (
                    row.key,
                    reader.titled(row.title, reader.default, units),
                    reader.titled(row.description, reader.default, units),
                )
                for row in rows
            },
        )

    return cache.cached(cache.CONTENT, f"titles:{reader.tag}", look)


def topic_titles(reader: Reading) -> Mapping[int, tuple[str, Text, Text]]:
    """Topic id -> key, title and description as the reader sees them, in menu order."""
    return titles(reader).topics
