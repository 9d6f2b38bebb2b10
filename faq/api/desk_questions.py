"""Questions, for editors' programs: create, word, answer with citations, publish, retire."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters  # type: ignore[import-untyped]
from rest_framework.request import Request
from rest_framework.response import Response

from faq.api import describe, desk_shapes
from faq.api.desk import DeskView, found, topic_of
from faq.api.lists import OneOfFilter, filtered
from faq.domain import answers, questions
from faq.enums import State
from faq.errors import Invalid
from faq.models import AnswerRevision, Citation, Passage, Question


class DeskQuestionFilter(filters.FilterSet):
    state = OneOfFilter(choices=State.choices)
    topic = filters.CharFilter(field_name="topic__key", max_length=60)

    class Meta:
        model = Question
        fields: list[str] = []


def rows() -> QuerySet[Question]:
    """Every question with its wordings; two queries."""
    return Question.objects.select_related("topic").prefetch_related("phrasings")


def said(row: Question) -> dict[str, Any]:
    return {
        "key": row.key,
        "state": row.state,
        "topic": row.topic.key if row.topic else None,
        "phrasings": [
            {"locale": each.locale_id, "text": each.text, "canonical": each.canonical, "origin": each.origin}
            for each in row.phrasings.all()
        ],
        "updated": row.updated_at,
    }


def whole(key: str) -> dict[str, Any]:
    """With its answers."""
    row = question_of(key)
    kept = AnswerRevision.objects.filter(answer__question=row).exclude(state=State.RETIRED).order_by("-pk")
    return said(row) | {"answers": [_answer(each) for each in kept]}


def _answer(row: AnswerRevision) -> dict[str, Any]:
    return {
        "locale": row.locale_id,
        "number": row.number,
        "state": row.state,
        "origin": row.origin,
        "translation": row.is_translation,
        "text": row.text,
        "created": row.created_at,
    }


def question_of(key: str) -> Question:
    return found(rows().filter(key=key).first(), "There is no such question.")


@describe.desk(
    get=describe.Operation("listDeskQuestions", desk_shapes.DeskQuestions, filters=DeskQuestionFilter),
    post=describe.Operation("createQuestion", desk_shapes.DeskQuestion, desk_shapes.NewQuestion, 201, conflicts=True),
)
class DeskQuestionsView(DeskView):
    """All questions, drafts and retired ones too."""

    scopes = {"GET": "questions:read", "POST": "questions:write"}

    def get(self, request: Request) -> Response:
        return self.listed(request, filtered(DeskQuestionFilter, request, rows()), said)

    def post(self, request: Request) -> Response:
        """Creates a draft."""
        fields = self.given(request, desk_shapes.NewQuestion)
        made = questions.create_question(
            key=fields["key"], topic=topic_of(fields["topic"]), phrasings=fields["phrasings"], locale=fields["locale"],
            actor=self.actor,
        )  # fmt: skip
        return Response(whole(made.key), status=201)


@describe.desk(get=describe.Operation("getDeskQuestion", desk_shapes.DeskQuestion, missing=True))
class DeskQuestionView(DeskView):
    """One question with its wordings and answers."""

    scopes = {"GET": "questions:read"}

    def get(self, request: Request, key: str) -> Response:
        return Response(whole(key))


@describe.desk(
    post=describe.Operation(
        "addPhrasing", desk_shapes.DeskQuestion, desk_shapes.NewPhrasing, 201, missing=True, conflicts=True
    )
)
class PhrasingsView(DeskView):
    """Another wording. The first of a language is its canonical one."""

    scopes = {"POST": "questions:write"}

    def post(self, request: Request, key: str) -> Response:
        question, fields = question_of(key), self.given(request, desk_shapes.NewPhrasing)
        questions.add_phrasing(question, **fields, actor=self.actor)
        return Response(whole(key), status=201)


@describe.desk(
    post=describe.Operation(
        "writeAnswer", desk_shapes.DeskQuestion, desk_shapes.NewAnswer, 201, missing=True, conflicts=True
    )
)
class AnswersView(DeskView):
    """A new revision of a question's answer: a draft, unless it is to be published."""

    scopes = {"POST": "questions:write"}

    def post(self, request: Request, key: str) -> Response:
        question, fields = question_of(key), self.given(request, desk_shapes.NewAnswer)
        if fields["publish"]:
            self.also("questions:publish")
        answers.save_revision(
            question,
            locale=fields["locale"],
            text=fields["text"],
            citations=citations(fields["citations"]),
            state=State.PUBLISHED if fields["publish"] else State.DRAFT,
            actor=self.actor,
        )
        return Response(whole(key), status=201)


def citations(given: Sequence[dict[str, Any]]) -> list[Citation]:
    """Unsaved; one query. Invalid, naming the number, for a passage that is not published."""
    names = [each["passage"] for each in given]
    stored = Passage.objects.filter(key__in=names, revision__published_source__isnull=False)
    by_key = {row.key: row for row in stored}
    made = []
    for each in given:
        passage = by_key.get(each["passage"])
        if passage is None:
            raise Invalid("Citation %(n)s: there is no such passage, or it is no longer published.", n=each["number"])
        start = max(0, passage.text.find(each["quote"]))
        end = start + len(each["quote"])
        made.append(
            Citation(
                number=each["number"], passage=passage, quote=each["quote"], start=start, end=end,
                passage_hash=passage.content_hash,
            )
        )  # fmt: skip
    return made


@describe.desk(post=describe.Operation("draftAnswer", desk_shapes.DeskQuestion, missing=True))
class DraftView(DeskView):
    """Has an answer composed from the published sources, as a draft; without evidence enough, nothing is added."""

    scopes = {"POST": "questions:write"}

    def post(self, request: Request, key: str) -> Response:
        answers.draft_answer(question_of(key), actor=self.actor)
        return Response(whole(key))


@describe.desk(post=describe.Operation("publishQuestion", desk_shapes.DeskQuestion, missing=True))
class PublishQuestionView(DeskView):
    """Readers find it from now on."""

    scopes = {"POST": "questions:publish"}

    def post(self, request: Request, key: str) -> Response:
        questions.publish_question(question_of(key), actor=self.actor)
        return Response(whole(key))


@describe.desk(post=describe.Operation("retireQuestion", desk_shapes.DeskQuestion, missing=True))
class RetireQuestionView(DeskView):
    """Readers no longer find it; what was written stays."""

    scopes = {"POST": "questions:publish"}

    def post(self, request: Request, key: str) -> Response:
        questions.retire_question(question_of(key), actor=self.actor)
        return Response(whole(key))
