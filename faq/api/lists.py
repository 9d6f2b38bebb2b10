"""Lists over the API: which rows (filters), in which order and how many at a time (cursors).

A cursor stands for a row and not for a number: what is added or taken away meanwhile is neither shown twice nor left out.
"""

from typing import Any

from django.core.exceptions import ValidationError as Wrong
from django.db.models import Exists, OuterRef, QuerySet
from django.forms import ChoiceField, Field
from django.utils.translation import gettext
from django_filters import rest_framework as filters  # type: ignore[import-untyped]
from django_filters.fields import IsoDateTimeField  # type: ignore[import-untyped]
from django_filters.utils import translate_validation  # type: ignore[import-untyped]
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.fields import IntegerField
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

from faq.api.fields import YES_NO
from faq.enums import State
from faq.models import AnswerRevision, Question, Source


class Cursor(CursorPagination):
    """By `key`, which never changes."""

    ordering = "key"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200

    def get_page_size(self, request: Request) -> int:
        """DRF's ValidationError for what is no number from 1 to max_page_size."""
        given = request.GET.get("page_size")
        if given is None:
            return self.page_size
        try:
            return int(IntegerField(min_value=1, max_value=self.max_page_size).run_validation(given))
        except ValidationError as error:
            raise ValidationError({"page_size": error.detail}) from error

    def links(self) -> dict[str, Any]:
        """Addresses of the pages before and after; None where there is none."""
        return {"next": self.get_next_link(), "previous": self.get_previous_link()}

    def decode_cursor(self, request: Request) -> Any:
        """DRF's ValidationError for what is none of ours: the request is wrong, nothing is missing."""
        try:
            return super().decode_cursor(request)
        except NotFound as error:
            raise ValidationError({"cursor": error.detail}) from error


LISTED = ("cursor", "page_size")


def truth(request: Request, name: str) -> bool:
    """`true` or `false` in the query; False where it is left out. DRF's ValidationError for anything else."""
    given = request.GET.get(name, "false").lower()
    if given not in YES_NO:
        raise ValidationError({name: gettext("Write true or false.")})
    return YES_NO[given]


class YesNoField(Field):
    """`true` or `false`: what is neither is not taken for left out."""

    def to_python(self, value: Any) -> bool | None:
        if value is None:
            return None
        if value.lower() not in YES_NO:
            raise Wrong(gettext("Write true or false."))
        return YES_NO[value.lower()]


class YesNoFilter(filters.Filter):
    field_class = YesNoField


class OneOfField(ChoiceField):
    """One of the choices: the empty string is none of them."""

    def clean(self, value: Any) -> Any:
        if value == "":
            raise Wrong(self.error_messages["invalid_choice"] % {"value": value})
        return super().clean(value)


class OneOfFilter(filters.Filter):
    field_class = OneOfField


class MomentField(IsoDateTimeField):
    """A moment: the empty string is none."""

    def clean(self, value: Any) -> Any:
        if value is not None and not value.strip():
            raise Wrong(self.error_messages["invalid"])
        return super().clean(value)


class MomentFilter(filters.IsoDateTimeFilter):
    field_class = MomentField


class QuestionFilter(filters.FilterSet):
    """`answered`: whether there is a published answer."""

    topic = filters.CharFilter(field_name="topic__key", max_length=60)
    answered = YesNoFilter(method="with_answer")
    updated_since = MomentFilter(field_name="updated_at", lookup_expr="gte")

    class Meta:
        model = Question
        fields: list[str] = []

    def with_answer(self, rows: QuerySet[Question], name: str, value: bool) -> QuerySet[Question]:
        published = AnswerRevision.objects.filter(answer__question=OuterRef("pk"), state=State.PUBLISHED)
        return rows.filter(Exists(published) if value else ~Exists(published))


class SourceFilter(filters.FilterSet):
    """`language`: that the source is written in."""

    topic = filters.CharFilter(field_name="topic__key", max_length=60)
    language = filters.CharFilter(field_name="locale_id", max_length=35)
    updated_since = MomentFilter(field_name="published_revision__created_at", lookup_expr="gte")

    class Meta:
        model = Source
        fields: list[str] = []


def filtered(kind: type[filters.FilterSet], request: Request, rows: QuerySet) -> QuerySet:
    """The rows that the query asks for. DRF's ValidationError names what cannot be read."""
    asked = kind(request.GET, queryset=rows, request=request)
    if not asked.is_valid():
        raise translate_validation(asked.errors)
    return asked.qs  # type: ignore[no-any-return]
