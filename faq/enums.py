"""Closed sets of values, one word for one thing (docs/reference/words.md)."""

from enum import StrEnum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class State(TextChoices):
    DRAFT = "draft", _("draft")
    IN_REVIEW = "in_review", _("in review")
    PUBLISHED = "published", _("published")
    RETIRED = "retired", _("retired")


class Origin(TextChoices):
    """Where a text came from; never says how fresh it is."""

    SOURCE = "source", _("source")
    HUMAN = "human", _("human")
    MEMORY = "memory", _("translation memory")
    MACHINE = "machine", _("machine")
    GENERATED = "generated", _("generated")


class Freshness(TextChoices):
    """Derived, never stored."""

    MISSING = "missing", _("missing")
    CURRENT = "current", _("current")
    STALE = "stale", _("stale")


class CellState(TextChoices):
    """An entry in one language, in one word. Derived, never stored. DRAFT may stand beside any of the others."""

    CURRENT = "current", _("current")
    MACHINE = "machine", _("current, by machine")
    STALE = "stale", _("stale")
    MISSING = "missing", _("missing")
    DRAFT = "draft", _("waits for approval")


class CitationStatus(TextChoices):
    """Derived, never stored. VALID: the cited passage stands unchanged; MOVED: the quote stands in another passage
    or the passage around it changed; BROKEN: the quote is in no published passage of the source."""

    VALID = "valid", _("valid")
    MOVED = "moved", _("moved")
    BROKEN = "broken", _("broken")


class Significance(TextChoices):
    """MINOR (a typo) does not make translations stale."""

    MINOR = "minor", _("minor")
    MAJOR = "major", _("major")


class TranslationPolicy(TextChoices):
    """What machine translations into a locale become."""

    OFF = "off", _("off")
    DRAFT = "draft", _("keep as drafts for review")
    PUBLISH = "publish", _("publish, labelled as machine translations")


class SourceKind(TextChoices):
    TEXT = "text", _("text")
    FILE = "file", _("file")
    URL = "url", _("web page")


class Outcome(TextChoices):
    """How a question ended."""

    CURATED = "curated", _("answered by a curated entry")
    COMPOSED = "composed", _("answer composed from sources")
    ABSTAINED = "abstained", _("no answer")


class AskedState(TextChoices):
    OPEN = "open", _("open")
    ANSWERED = "answered", _("answered")
    DISMISSED = "dismissed", _("dismissed")
    SPAM = "spam", _("spam")


class JobState(TextChoices):
    QUEUED = "queued", _("queued")
    RUNNING = "running", _("running")
    SUCCEEDED = "succeeded", _("succeeded")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


class JobKind(TextChoices):
    """One member for each handler in faq.domain.handlers."""

    INGEST = "ingest", _("ingest sources")
    FILL_MEMORY = "fill_memory", _("translate passages")
    TRANSLATE_ANSWERS = "translate_answers", _("translate answers")
    POPULATE = "populate", _("draft missing answers")
    SYNC_INDEX = "sync_index", _("bring the index up to date")
    REBUILD_INDEX = "rebuild_index", _("rebuild the index")
    REFRESH_SOURCE = "refresh_source", _("refresh a web source")
    RECONCILE = "reconcile", _("daily reconcile")
    HOUSEKEEP = "housekeep", _("delete what is past its time")
    BULK = "bulk", _("bulk action")
    APPLY_TERM = "apply_term", _("translate again for a glossary term")
    IMPORT_TRANSLATIONS = "import_translations", _("take in a translator's file")
    GROUP_ASKED = "group_asked", _("group unanswered questions")


class RefreshPolicy(TextChoices):
    """What becomes of a web page's new text."""

    WAIT = "wait", _("waits as a draft until somebody publishes it")
    CAREFUL = "careful", _("goes live at once, unless an answer would need a look")
    PUBLISH = "publish", _("goes live at once")


class FileFormat(StrEnum):
    """What translators' tools read: by the endings of their files."""

    XLIFF = "xlf"
    PO = "po"
    TMX = "tmx"


class Wanted(TextChoices):
    """Which sentences go out to a translator."""

    MISSING = "missing", _("not translated")
    UNCHECKED = "unchecked", _("not translated, or by machine and not checked")
    ALL = "all", _("every sentence")


class Fate(TextChoices):
    """What taking in a translator's file does with one of its sentences."""

    NEW = "new", _("new")
    OVER_MACHINE = "over_machine", _("instead of a machine's")
    CONFIRMS = "confirms", _("confirms a machine's")
    OVER_PERSON = "over_person", _("differs from what a person wrote here")
    FAILED = "failed", _("fails a check")
    SAME = "same", _("is here already")
    UNFINISHED = "unfinished", _("not translated, or marked as unfinished")
    TOO_LONG = "too_long", _("longer than a translation may be")


class Queue(StrEnum):
    """Where background jobs wait for a worker; faq.domain.queues says which goes where. The names are the broker's too."""

    INGEST = "ingest"
    TRANSLATE = "translate"
    ANSWER = "answer"
    HOUSEKEEPING = "housekeeping"


class TermKind(TextChoices):
    PREFERRED = "preferred", _("preferred translation")
    FORBIDDEN = "forbidden", _("forbidden translation")
    KEEP = "keep", _("do not translate")


class BulkAction(TextChoices):
    """What can be done to many entries at once."""

    TRANSLATE = "translate", _("Translate")
    APPROVE = "approve", _("Approve translations")
    RETIRE = "retire", _("Retire questions")
    REINDEX = "reindex", _("Index again")


class SkipReason(TextChoices):
    """Why a bulk action leaves an entry, or its translation, as it is."""

    UNANSWERED = "unanswered", _("the original answer is not published")
    ORIGINAL = "original", _("the original is in this language")
    BY_PERSON = "by_person", _("a person's translation is current")
    POLICY_OFF = "policy_off", _("machine translation is off for this language")
    STALE = "stale", _("stale: translate it again first")
    NOTHING_TO_APPROVE = "nothing_to_approve", _("nothing waits for approval")
    RETIRED = "retired", _("retired already")


class Role(StrEnum):
    """Names of the desk's groups; faq.domain.roles says what each allows."""

    VIEWER = "viewer"
    TRANSLATOR = "translator"
    EDITOR = "editor"
    PUBLISHER = "publisher"
