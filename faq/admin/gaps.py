"""The inbox of content gaps: what readers asked in vain, put together across languages and told in the editor's own.

A gap's page is one form: what is done is done to the ticked wordings. Invariant: the number of queries does not grow with
the page.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Exists, Max, OuterRef, QuerySet, Subquery, Sum
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from unfold.decorators import display

from faq.admin import charts
from faq.admin.answering import canonical_text, found_question
from faq.admin.desk import Crumb, ReadOnlyAdmin, allow, badge, may, perform
from faq.domain import gaps
from faq.enums import AskedState
from faq.errors import DomainError, Invalid
from faq.models import Asked, Gap, Locale, Question
from faq.queries import asking, locales, suggesting

MOST_ENTRIES = 6
MOST_ASKED: Sequence[str] = ("-times", "-last", "-pk")
"""Counts that _counted() adds."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A wording as the desk shows it. `told`: in the editor's language, empty where it is that or nobody can."""

    asked: Asked
    told: str
    status: SafeString


def desk_locale() -> str:
    """The tag of the portal's language that the desk is shown in; the default one where the portal lacks it."""
    return (locales.resolve(get_language() or "") or locales.default_locale()).tag


def told(asked: Asked, tag: str) -> str:
    """A wording in a language, where it was translated."""
    return str(asked.told.get(tag, "")) if asked.locale_id != tag else ""


def head(rows: Iterable[Asked]) -> Asked:
    """The wording that stands for a gap: an open one, the most asked, the oldest."""
    return min(rows, key=lambda asked: (asked.state != AskedState.OPEN, -asked.count, asked.pk))


def with_wordings(rows: QuerySet[Gap]) -> QuerySet[Gap]:
    return rows.prefetch_related("asked__locale", "asked__days", "asked__nearest__phrasings")


def open_gaps() -> QuerySet[Gap]:
    """Those with an open wording, the most asked first; `times` and `last` count open wordings."""
    return _counted(Gap.objects.all(), [AskedState.OPEN])


def _counted(rows: QuerySet[Gap], states: Sequence[str]) -> QuerySet[Gap]:
    here = Asked.objects.filter(gap=OuterRef("pk"), state__in=states).order_by().values("gap")
    found: QuerySet[Gap] = rows.filter(Exists(Asked.objects.filter(gap=OuterRef("pk"), state__in=states))).annotate(
        times=Subquery(here.annotate(n=Sum("count")).values("n")),
        wordings=Subquery(here.annotate(n=Count("pk")).values("n")),
        last=Subquery(here.annotate(n=Max("last_at")).values("n")),
    )
    return found.order_by(*MOST_ASKED)


class StateFilter(admin.SimpleListFilter):
    """Which wordings are counted; get_queryset() does it, the open ones without a choice."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value.value, str(value.label)) for value in AskedState]

    def queryset(self, request: HttpRequest, rows: QuerySet[Gap]) -> QuerySet[Gap]:
        return rows


class LanguageFilter(admin.SimpleListFilter):
    title = gettext_lazy("language")
    parameter_name = "locale"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(locale.tag, str(locale)) for locale in Locale.objects.filter(enabled=True)]

    def queryset(self, request: HttpRequest, rows: QuerySet[Gap]) -> QuerySet[Gap]:
        if not self.value():
            return rows
        return rows.filter(Exists(Asked.objects.filter(gap=OuterRef("pk"), locale=self.value(), state=_state(request))))


def _state(request: HttpRequest) -> str:
    wanted = request.GET.get("state", "")
    return wanted if wanted in AskedState.values else AskedState.OPEN


@admin.register(Gap)
class GapAdmin(ReadOnlyAdmin):
    list_display = ["question", "languages", "demand", "chart", "nearest", "last_asked"]
    list_filter = [StateFilter, LanguageFilter]
    search_fields = ["pk"]  # get_search_results() looks into the wordings
    search_help_text = gettext_lazy("Words of a reader's question, in its language")
    actions = ["mark_dismissed", "mark_spam", "mark_open", "put_together"]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request, "view_asked")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may(request, "view_asked")

    def has_sort_permission(self, request: HttpRequest) -> bool:
        """Named by the list's actions."""
        return may(request, "change_asked")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Gap]:
        return with_wordings(_counted(Gap.objects.all(), [_state(request)]))

    def get_ordering(self, request: HttpRequest) -> Sequence[str]:
        return MOST_ASKED

    def get_search_results(self, request: HttpRequest, rows: QuerySet[Gap], term: str) -> tuple[QuerySet[Gap], bool]:
        for word in term.split()[:10]:
            rows = rows.filter(Exists(Asked.objects.filter(gap=OuterRef("pk"), text__icontains=word)))
        return rows, False

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        gaps.adopt()
        response: HttpResponse = super().changelist_view(request, extra_context)
        shown = getattr(response, "context_data", {}).get("cl")
        if shown is not None:
            rows = [asked for gap in shown.result_list for asked in gap.asked.all()]
            if gaps.bring_up_to_date(rows, desk_locale()):
                messages.info(request, _("New questions are being compared and translated. Look again in a moment."))
        return response

    @display(description=gettext_lazy("question"))
    def question(self, gap: Gap) -> SafeString:
        first = head(gap.asked.all())
        also = told(first, desk_locale())
        more = int(gap.wordings) - 1  # type: ignore[attr-defined]
        return format_html(
            '<bdi lang="{}" dir="auto">{}</bdi>{}{}',
            first.locale_id,
            first.text,
            format_html('<br><span class="pf-quiet" dir="auto">{}</span>', also) if also else "",
            format_html('<br><span class="pf-quiet">{}</span>', _more(more)) if more else "",
        )

    @display(description=gettext_lazy("languages"))
    def languages(self, gap: Gap) -> SafeString:
        tags = Counter[str]()
        for asked in gap.asked.all():
            tags[str(asked.locale)] += asked.count
        return format_html_join(", ", "<bdi>{}</bdi>", ((name,) for name, _n in tags.most_common()))

    @display(description=gettext_lazy("times asked"), ordering="times")
    def demand(self, gap: Gap) -> int:
        return int(gap.times)  # type: ignore[attr-defined]

    @display(description=gettext_lazy("over time"))
    def chart(self, gap: Gap) -> SafeString:
        return charts.drawn(demand_chart(gap.asked.all()))

    @display(description=gettext_lazy("nearest entry"))
    def nearest(self, gap: Gap) -> str:
        near = nearest_entries(gap.asked.all())
        return canonical_text(near[0]) if near else "–"

    @display(description=gettext_lazy("last asked"), ordering="last")
    def last_asked(self, gap: Gap) -> Any:
        return gap.last  # type: ignore[attr-defined]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            *(
                path(f"<int:pk>/{name}/", view(getattr(self, f"{name}_view")), name=f"faq_gap_{name}")
                for name in ("sort", "entry", "apart")
            ),
            path("of/<int:pk>/", view(self.of_view), name="faq_gap_of"),
            *super().get_urls(),
        ]

    def of_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The page of the gap that a wording stands in."""
        allow(request, "faq.view_asked")
        asked = Asked.objects.filter(pk=pk).first()
        if asked is None or asked.gap_id is None:
            raise Http404
        return HttpResponseRedirect(_to(asked.gap_id))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        allow(request, "faq.view_asked")
        gap, tag = _gap(object_id), desk_locale()
        rows = sorted(gap.asked.all(), key=lambda asked: (asked.state != AskedState.OPEN, -asked.count, asked.pk))
        first, find = head(rows), request.GET.get("find", "").strip()
        near = nearest_entries(rows)
        context = {
            "title": first.text,
            "crumb": Crumb(gap, first.text[:60]),
            "gap": gap,
            "head": first,
            "head_told": told(first, tag),
            "wordings": [Shown(row, told(row, tag), badge(row.state, row.get_state_display())) for row in rows],
            "tag": tag,
            "times": sum(row.count for row in rows),
            "since": min(row.first_at for row in rows),
            "last": max(row.last_at for row in rows),
            "chart": demand_chart(rows),
            "find": find,
            "entries": found_entries(find, tag) if find else [(each.pk, canonical_text(each)) for each in near],
            "is_open": any(row.state == AskedState.OPEN for row in rows),
            "is_coming": gaps.bring_up_to_date(rows, tag),
            "may_change": may(request, "change_asked"),
            "may_word": may(request, "change_asked") and may(request, "change_question"),
            "may_write": may(request, "add_question"),
        }
        return self.page(request, "admin/faq/gap_desk.html", context)

    def sort_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        gap, rows, state = _gap(pk), ticked(request, pk), request.POST.get("state", "")
        left = len(gap.asked.all()) > len(rows)
        return perform(
            request,
            lambda: gaps.sort(rows, state, actor=request.user),
            lambda n: _("%(n)d marked as %(state)s.") % {"n": n, "state": AskedState(state).label},
            _to(pk) if left or state == AskedState.OPEN else reverse("admin:faq_gap_changelist"),
            needs="faq.change_asked",
        )

    def entry_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """An entry answers the ticked wordings: they become wordings of it, and find it the next time."""
        allow(request, "faq.change_asked")
        rows, given = ticked(request, pk), request.POST.get("question", "")

        def call() -> Question:
            if not given.isdecimal():
                raise Invalid(_("Choose the entry that answers it."))
            question = found_question(int(given))
            gaps.answered_by(rows, question, actor=request.user)
            return question

        return perform(
            request,
            call,
            lambda question: _("Added as wordings of “%s”.") % canonical_text(question),
            reverse("admin:faq_gap_changelist"),
            needs="faq.change_question",
        )

    def apart_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        rows = ticked(request, pk)
        done = _("Taken apart. They stand in the list by themselves now.")
        return perform(
            request, lambda: gaps.take_apart(rows, actor=request.user), done, _to(pk), needs="faq.change_asked"
        )

    def _mark(self, request: HttpRequest, rows: QuerySet[Gap], state: AskedState) -> None:
        wordings = list(Asked.objects.filter(gap__in=rows.values_list("pk", flat=True), state=_state(request)))
        try:
            done = gaps.sort(wordings, state, actor=request.user)
        except DomainError as error:
            self.message_user(request, str(error), level="ERROR")
        else:
            self.message_user(request, _("%(n)d marked as %(state)s.") % {"n": done, "state": state.label})

    @admin.action(description=gettext_lazy("Dismiss"), permissions=["sort"])
    def mark_dismissed(self, request: HttpRequest, rows: QuerySet[Gap]) -> None:
        self._mark(request, rows, AskedState.DISMISSED)

    @admin.action(description=gettext_lazy("Mark as spam"), permissions=["sort"])
    def mark_spam(self, request: HttpRequest, rows: QuerySet[Gap]) -> None:
        self._mark(request, rows, AskedState.SPAM)

    @admin.action(description=gettext_lazy("Open again"), permissions=["sort"])
    def mark_open(self, request: HttpRequest, rows: QuerySet[Gap]) -> None:
        self._mark(request, rows, AskedState.OPEN)

    @admin.action(description=gettext_lazy("They ask the same: put together"), permissions=["sort"])
    def put_together(self, request: HttpRequest, rows: QuerySet[Gap]) -> None:
        try:
            gap = gaps.put_together(list(rows), actor=request.user)
        except DomainError as error:
            self.message_user(request, str(error), level="ERROR")
        else:
            link = format_html('<a class="pf-link" href="{}">{}</a>', _to(gap.pk), _("Look at it"))
            self.message_user(request, format_html("{} {}", _("Put together."), link))


def demand_chart(rows: Iterable[Asked]) -> charts.Chart:
    weeks = asking.demand_over_time(day for asked in rows for day in asked.days.all())
    return charts.stacked(
        [(0, times, str(times)) for times in weeks],
        _("Times asked in each of the last %(n)s weeks") % {"n": asking.WEEKS},
    )


def nearest_entries(rows: Iterable[Asked]) -> list[Question]:
    """The entries that came nearest, those nearest to the most questions first."""
    found: dict[int, Question] = {}
    times = Counter[int]()
    for asked in rows:
        if asked.nearest is not None:
            found.setdefault(asked.nearest.pk, asked.nearest)
            times[asked.nearest.pk] += asked.count
    return [found[pk] for pk, _n in times.most_common(MOST_ENTRIES)]


def found_entries(text: str, tag: str) -> list[tuple[int, str]]:
    """Published questions for words that an editor typed."""
    found = suggesting.suggest(text, tag, MOST_ENTRIES)
    ids = dict(Question.objects.filter(key__in=[each.key for each in found]).values_list("key", "pk"))
    return [(ids[each.key], each.text.text) for each in found if each.key in ids]


def ticked(request: HttpRequest, gap: int) -> list[Asked]:
    """Those wordings of a gap whose boxes came in."""
    wanted = [int(pk) for pk in request.POST.getlist("asked") if pk.isdecimal()]
    return list(Asked.objects.filter(gap_id=gap, pk__in=wanted).order_by("-count", "pk"))


def _gap(pk: object) -> Gap:
    gap = with_wordings(Gap.objects.filter(pk=str(pk))).first() if str(pk).isdecimal() else None
    if gap is None or not gap.asked.all():
        raise Http404
    return gap


def _to(pk: int) -> str:
    return reverse("admin:faq_gap_change", args=[pk])


def _more(n: int) -> str:
    return ngettext("and %(n)d other wording", "and %(n)d other wordings", n) % {"n": n}
