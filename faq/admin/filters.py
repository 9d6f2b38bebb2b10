"""List filters on what is derived and never stored: how fresh answers are, and which translations are missing."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from faq.enums import Freshness, Origin, State
from faq.models import AnswerRevision, Locale, Question, Source
from faq.queries import freshness, waiting


class AnswerFreshness(admin.SimpleListFilter):
    title = gettext_lazy("answer")
    parameter_name = "answer"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value.value, str(value.label)) for value in Freshness]

    def queryset(self, request: HttpRequest, rows: QuerySet[Question]) -> QuerySet[Question]:
        wanted = self.value()
        if wanted not in Freshness.values:
            return rows
        known = freshness.canonical_freshness()
        if wanted == Freshness.MISSING:
            return rows.exclude(pk__in=list(known))
        return rows.filter(pk__in=[pk for pk, value in known.items() if value == wanted])


class Waiting(admin.SimpleListFilter):
    """Sources for a publisher."""

    title = gettext_lazy("to publish")
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", str(gettext_lazy("waits to be published")))]

    def queryset(self, request: HttpRequest, rows: QuerySet[Source]) -> QuerySet[Source]:
        return waiting.waiting(rows) if self.value() == "yes" else rows


class MissingTranslation(admin.SimpleListFilter):
    title = gettext_lazy("not answered in")
    parameter_name = "missing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(locale.tag, str(locale)) for locale in Locale.objects.filter(enabled=True)]

    def queryset(self, request: HttpRequest, rows: QuerySet[Question]) -> QuerySet[Question]:
        tag = self.value()
        if not tag:
            return rows
        return rows.filter(pk__in=_questions(tag, Freshness.MISSING), state=State.PUBLISHED)


class TranslationNeed(admin.SimpleListFilter):
    """What a translator has to do."""

    title = gettext_lazy("to do")
    parameter_name = "need"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("check", str(gettext_lazy("check: by machine, or a draft"))),
            ("stale", str(gettext_lazy("renew: the original changed"))),
        ]

    def queryset(self, request: HttpRequest, rows: QuerySet[AnswerRevision]) -> QuerySet[AnswerRevision]:
        if self.value() == "check":
            return rows.filter(Q(origin=Origin.MACHINE) | Q(state=State.DRAFT))
        if self.value() == "stale":
            wanted = Q(pk__in=[])
            for tag, ids in _stale().items():
                wanted |= Q(locale_id=tag, answer__question_id__in=ids)
            return rows.filter(wanted, state=State.PUBLISHED)
        return rows


def _questions(tag: str, wanted: Freshness) -> list[int]:
    known = freshness.answer_freshness()
    return [pk for pk, by_locale in known.items() if by_locale.get(tag) == wanted]


def _stale() -> dict[str, list[int]]:
    """Locale -> questions whose translation is stale."""
    found: dict[str, list[int]] = {}
    for pk, by_locale in freshness.answer_freshness().items():
        for tag, value in by_locale.items():
            if value == Freshness.STALE:
                found.setdefault(tag, []).append(pk)
    return found
