"""Shapes of what editors' programs send and get."""

# mypy: disable-error-code="assignment"
# A field named `source` hides an attribute of serializers, which nothing here uses.

from rest_framework import serializers as s

from faq.api.fields import Number, Words, YesNo
from faq.api.shapes import ORIGINS
from faq.enums import JobKind, JobState, Origin, SourceKind, State

STATES = [(value, value) for value in State.values]
STARTED = (JobKind.POPULATE, JobKind.SYNC_INDEX, JobKind.RECONCILE)
"""Kinds of jobs that a program may start."""


class DeskPage(s.Serializer):
    next = s.URLField(allow_null=True)
    previous = s.URLField(allow_null=True)


# Sources


class Content(s.Serializer):
    """One of three: `text`, `file` (multipart/form-data), or `url` alone, which is then fetched."""

    text = Words(required=False, default="", allow_blank=True, trim_whitespace=False, help_text="Markdown or text.")
    url = Words(
        required=False, default="", allow_blank=True, max_length=2000,
        help_text="Without a text or file: the page to fetch. With one: the public address shown to readers.",
    )  # fmt: skip
    file = s.FileField(
        required=False, default=None, allow_empty_file=True, help_text="Markdown, HTML, text, PDF, DOCX, CSV, XLSX."
    )


class NewSource(Content):
    locale = Words(max_length=35, help_text="That it is written in.")
    title = Words(max_length=300, required=False, default="", allow_blank=True, help_text="Empty: the content's own.")
    topic = Words(max_length=60, required=False, default="", allow_blank=True, help_text="Key of a topic.")
    path = Words(
        max_length=900, required=False, default="", allow_blank=True,
        help_text="Your own name for it: sending the same path again revises the source.",
    )  # fmt: skip
    publish = YesNo(default=False, help_text="Readers see it at once; needs `sources:publish`.")


class Revise(Content):
    expected = s.DateTimeField(
        required=False, default=None, help_text="`updated` when you looked; 409 when it changed since."
    )


class Publish(s.Serializer):
    revision = Number(required=False, default=None, min_value=1, help_text="Its number; the newest unless told.")
    expected = s.DateTimeField(required=False, default=None)


class DeskSource(s.Serializer):
    key = s.CharField()
    title = s.CharField()
    kind = s.ChoiceField(SourceKind.values)
    language = s.CharField()
    topic = s.CharField(allow_null=True)
    url = s.CharField(allow_blank=True)
    path = s.CharField(allow_blank=True)
    state = s.ChoiceField(STATES)
    published_revision = s.IntegerField(allow_null=True)
    newest_revision = s.IntegerField()
    error = s.CharField(allow_blank=True, help_text="Why it could not be read the last time.")
    checked = s.DateTimeField(allow_null=True)
    updated = s.DateTimeField()


class DeskSources(DeskPage):
    results = DeskSource(many=True)


class Changed(s.Serializer):
    change = s.ChoiceField(["added", "revised", "unchanged"])
    source = DeskSource()


class Impact(s.Serializer):
    passages_added = s.ListField(child=s.CharField())
    passages_removed = s.ListField(child=s.CharField())
    passages_kept = s.IntegerField()
    questions_stale = s.ListField(child=s.CharField(), help_text="Keys of questions whose answers then need a look.")
    questions_broken = s.ListField(child=s.CharField(), help_text="Keys of questions whose answers lose a sentence.")
    questions_healed = s.ListField(child=s.CharField(), help_text="Keys of questions whose answers are right again.")
    languages = s.ListField(child=s.CharField())


# Questions


class NewQuestion(s.Serializer):
    key = Words(max_length=120, required=False, default="", allow_blank=True, help_text="Empty: made of the wording.")
    locale = Words(max_length=35)
    phrasings = s.ListField(
        child=Words(max_length=2000), min_length=1, max_length=100, help_text="The first is canonical."
    )
    topic = Words(max_length=60, required=False, default="", allow_blank=True)


class NewPhrasing(s.Serializer):
    locale = Words(max_length=35)
    text = Words(max_length=2000)
    canonical = YesNo(default=False)


class NewCitation(s.Serializer):
    number = Number(min_value=1, max_value=99)
    passage = Words(max_length=120, help_text="Key of a published passage.")
    quote = Words(max_length=5000, trim_whitespace=False, help_text="Word for word as it stands in the passage.")


class NewAnswer(s.Serializer):
    locale = Words(max_length=35)
    text = Words(max_length=20_000, help_text="With marks `[1]` after each sentence.")
    citations = NewCitation(many=True)
    publish = YesNo(default=False, help_text="Needs `questions:publish`.")


class DeskPhrasing(s.Serializer):
    locale = s.CharField()
    text = s.CharField()
    canonical = s.BooleanField()
    origin = s.ChoiceField(ORIGINS)


class DeskAnswer(s.Serializer):
    locale = s.CharField()
    number = s.IntegerField()
    state = s.ChoiceField(STATES)
    origin = s.ChoiceField(ORIGINS)
    translation = s.BooleanField()
    text = s.CharField()
    created = s.DateTimeField()


class DeskQuestionRow(s.Serializer):
    key = s.CharField()
    state = s.ChoiceField(STATES)
    topic = s.CharField(allow_null=True)
    phrasings = DeskPhrasing(many=True)
    updated = s.DateTimeField()


class DeskQuestion(DeskQuestionRow):
    answers = DeskAnswer(many=True, help_text="All but retired revisions, the newest first.")


class DeskQuestions(DeskPage):
    results = DeskQuestionRow(many=True)


# Translations


class NewUnit(s.Serializer):
    source_locale = Words(max_length=35)
    target_locale = Words(max_length=35)
    text = Words(max_length=10_000, help_text="The sentence as it stands.")
    translation = Words(max_length=10_000)


class CorrectUnit(s.Serializer):
    translation = Words(max_length=10_000)
    expected = Words(
        required=False,
        default=None,
        allow_blank=True,
        help_text="The translation when you looked; 409 when it changed since.",
    )


class Unit(s.Serializer):
    id = s.IntegerField()
    source_locale = s.CharField()
    target_locale = s.CharField()
    text = s.CharField()
    translation = s.CharField(allow_blank=True)
    origin = s.ChoiceField([Origin.HUMAN.value, Origin.MACHINE.value])
    approved = s.BooleanField()
    verdict = s.CharField(allow_blank=True, help_text="The check it failed; such a translation is never shown.")
    updated = s.DateTimeField()


class Units(DeskPage):
    results = Unit(many=True)


# Jobs


class NewJob(s.Serializer):
    kind = s.ChoiceField([kind.value for kind in STARTED])


class Failure(s.Serializer):
    item = s.CharField()
    reason = s.CharField()


class Job(s.Serializer):
    id = s.UUIDField()
    kind = s.CharField()
    state = s.ChoiceField(JobState.values)
    done = s.IntegerField()
    total = s.IntegerField()
    message = s.CharField(allow_blank=True)
    failures = Failure(many=True)
    error = s.CharField(allow_blank=True)
    created = s.DateTimeField()
    finished = s.DateTimeField(allow_null=True)


class Jobs(DeskPage):
    results = Job(many=True)
