"""Shapes of the API's answers, for the schema: what faq.api.represent writes, field by field."""

# mypy: disable-error-code="assignment"
# Fields named `source` and `errors` hide attributes of serializers, which nothing here uses.

from rest_framework import serializers as s

from faq.enums import Origin, Outcome

ORIGINS = [(value, value) for value in Origin.values]


class Text(s.Serializer):
    text = s.CharField()
    lang = s.CharField(help_text="BCP 47 tag of the language that the text is in; it may be a fallback.")
    dir = s.ChoiceField(["ltr", "rtl"])


class Envelope(s.Serializer):
    locale = s.CharField(help_text="The reader's, as the portal spells it.")
    fallbacks = s.ListField(
        child=s.CharField(), help_text="Where a text is missing in `locale`, these are tried in order."
    )


class LocaleRow(s.Serializer):
    tag = s.CharField()
    name = s.CharField(help_text="In English.")
    autonym = s.CharField(help_text="In the language itself.")
    dir = s.ChoiceField(["ltr", "rtl"])
    fallbacks = s.ListField(child=s.CharField())
    default = s.BooleanField()
    machine_translations = s.BooleanField(help_text="Whether machine translations are shown, labelled.")


class Locales(Envelope):
    results = LocaleRow(many=True)


class TopicRow(s.Serializer):
    key = s.CharField()
    title = Text()
    description = Text()
    questions = s.IntegerField(help_text="How many are published.")


class Topics(Envelope):
    results = TopicRow(many=True)


class QuestionRow(s.Serializer):
    key = s.CharField()
    text = Text()
    topic = s.CharField(allow_null=True, help_text="The topic's key.")
    updated = s.DateTimeField()


class Page(Envelope):
    next = s.URLField(allow_null=True, help_text="The page after this one.")
    previous = s.URLField(allow_null=True)


class Questions(Page):
    results = QuestionRow(many=True)


class Segment(s.Serializer):
    text = s.CharField()
    lang = s.CharField()
    dir = s.ChoiceField(["ltr", "rtl"])
    origin = s.ChoiceField(ORIGINS, help_text="Where the sentence's text comes from.")
    citations = s.ListField(child=s.IntegerField(), help_text="Numbers of the citations it rests on.")
    before = s.CharField(allow_blank=True, help_text="What stands between it and the sentence before.")
    original = s.CharField(allow_blank=True, help_text="What it was translated from; empty where it was not.")


class SourceName(s.Serializer):
    key = s.CharField()
    title = Text()
    url = s.CharField(allow_blank=True, help_text="Public address of the original.")


class CitationRow(s.Serializer):
    number = s.IntegerField()
    source = SourceName()
    heading = Text()
    quote = Text()
    passage = s.CharField(help_text="Key of the passage: `/api/v1/passages/{key}`.")
    start = s.IntegerField(help_text="Where the quote begins in the passage's text, in characters.")
    end = s.IntegerField()


class Answer(s.Serializer):
    segments = Segment(many=True)
    text = s.CharField(help_text="The segments joined.")
    citations = CitationRow(many=True)
    original = Segment(many=True, help_text="The original, where the shown one is a translation.")
    original_lang = s.CharField()
    machine = s.BooleanField(help_text="A machine translated some of it.")
    stale = s.BooleanField(help_text="The original or a cited passage changed since.")
    untranslated = s.BooleanField(help_text="Some of it is in another language than `locale`.")
    updated = s.DateTimeField()


class QuestionLink(s.Serializer):
    key = s.CharField()
    text = Text()


class TopicName(s.Serializer):
    key = s.CharField()
    title = Text()


class Question(Envelope):
    key = s.CharField()
    text = Text()
    topic = TopicName(allow_null=True)
    answer = Answer(allow_null=True)
    related = QuestionLink(many=True)
    page = s.URLField(help_text="Where the public site shows it.")


class SourceRow(s.Serializer):
    key = s.CharField()
    title = Text()
    language = s.CharField(help_text="That the source is written in.")
    url = s.CharField(allow_blank=True)
    topic = s.CharField(allow_null=True)
    updated = s.DateTimeField()


class Sources(Page):
    results = SourceRow(many=True)


class Block(s.Serializer):
    kind = s.CharField(help_text="`paragraph`, `heading`, `list_item`, `table_row`, `code`; more may come.")
    level = s.IntegerField(help_text="Of a heading, from 1; else 0.")
    text = Text()
    start = s.IntegerField(help_text="Its place in the passage's text; a heading above the passage has less than 0.")
    translation = Text(allow_null=True)


class Passage(s.Serializer):
    key = s.CharField()
    headings = Block(many=True)
    blocks = Block(many=True)
    translated = s.BooleanField(help_text="Every block has a translation.")


class SourceHead(s.Serializer):
    key = s.CharField()
    title = Text()
    original_title = Text()
    url = s.CharField(allow_blank=True)
    updated = s.DateTimeField()
    machine = s.BooleanField(help_text="A machine translated some of it.")


class Source(Envelope, SourceHead):
    passages = Passage(many=True)
    page = s.URLField()


class PassageInPlace(Envelope, Passage):
    heading = Text(help_text="The headings above it, outermost first.")
    source = SourceHead()
    page = s.URLField()


class FoundSource(s.Serializer):
    key = s.CharField()
    title = Text()


class FoundPassage(s.Serializer):
    passage = s.CharField()
    source = FoundSource()
    heading = Text()
    text = Text(help_text="Cut to a few lines.")


class Found(Envelope):
    questions = QuestionLink(many=True)
    passages = FoundPassage(many=True)
    degraded = s.BooleanField(help_text="Part of the search was away.")
    corrected = s.CharField(allow_blank=True, help_text="What the words were taken for; empty: as typed.")


class Part(s.Serializer):
    text = s.CharField(trim_whitespace=False)
    typed = s.BooleanField()


class Suggestion(QuestionLink):
    parts = Part(many=True, help_text="The wording in pieces, each with whether it was typed.")


class Suggestions(Envelope):
    results = Suggestion(many=True)


class AskedSegment(s.Serializer):
    text = s.CharField()
    lang = s.CharField()
    origin = s.ChoiceField(ORIGINS)
    citations = s.ListField(child=s.IntegerField())


class AskedCitation(s.Serializer):
    number = s.IntegerField()
    source = s.CharField()
    url = s.CharField(allow_blank=True)
    heading = s.CharField(allow_blank=True)
    quote = s.CharField()
    passage = s.IntegerField(allow_null=True, help_text="`/api/v1/passages/{number}` shows it.")
    lang = s.CharField()


class AskedPassage(s.Serializer):
    id = s.IntegerField()
    source = s.CharField()
    path = s.CharField(allow_blank=True)
    score = s.FloatField()
    evidence = s.FloatField()
    lanes = s.DictField(help_text="By lane: `rank` and `score`.")


class AskedLink(s.Serializer):
    key = s.CharField()
    text = s.CharField()
    lang = s.CharField()


class Asked(s.Serializer):
    outcome = s.ChoiceField(Outcome.values)
    locale = s.CharField()
    question = s.CharField(allow_blank=True, help_text="Key of the curated entry; else empty.")
    segments = AskedSegment(many=True)
    answer = s.CharField(allow_blank=True)
    citations = AskedCitation(many=True)
    passages = AskedPassage(many=True)
    nearest = AskedLink(many=True)
    degraded = s.BooleanField()
    corrected = s.CharField(allow_blank=True)
    timings = s.DictField(child=s.FloatField(), help_text="Milliseconds by step.")


class Problem(s.Serializer):
    """RFC 9457."""

    type = s.URLField(help_text="Never changes for a kind of problem.")
    title = s.CharField()
    status = s.IntegerField()
    detail = s.CharField(help_text="What was wrong this time, and what to do.")
    errors = s.DictField(required=False, help_text="By field: what is wrong with it.")
