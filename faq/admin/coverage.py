"""The coverage matrix: questions by languages, what waits in each cell, and actions on many entries with a preview.

Each screen costs the same number of queries for ten questions as for ten thousand. What an action will do is shown before it is
done; it is done in a job, whose progress the matrix shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, QueryDict
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from faq.admin.answering import canonical_phrasing
from faq.admin.desk import Renamed, allow, may
from faq.admin.jobs import found_job, job_context
from faq.domain import access, bulk
from faq.enums import BulkAction, CellState, State
from faq.errors import DomainError
from faq.models import Locale, Question, Topic
from faq.queries import coverage, locales
from faq.queries.coverage import ASKED, NEVER_ASKED, Cell, Filters, Row

PAGE = 50
SAMPLE = 12
"""Entries named in a preview for each reason; the others are counted."""
DEMANDS = ((ASKED, gettext_lazy("asked for")), (NEVER_ASKED, gettext_lazy("not asked for")))
NEEDS = ("faq.view_question", "faq.view_answerrevision")


@dataclass(frozen=True, slots=True)
class ShownCell:
    """A cell with where it leads."""

    cell: Cell
    link: str


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A line of the matrix as the page shows it; `text` in its own language, `tag`."""

    row: Row
    text: str
    tag: str
    link: str
    cells: tuple[ShownCell, ...]


class CoverageViews:
    """Views of the questions' admin; mixed into it."""

    if TYPE_CHECKING:
        admin_site: Any

        def page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse: ...
        def message_user(self, request: HttpRequest, message: Any, level: Any = ..., **kwargs: Any) -> None: ...

    def coverage_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("coverage/", view(self.coverage_view), name="faq_coverage"),
            path("coverage/action/", view(self.bulk_view), name="faq_bulk"),
        ]

    def coverage_view(self, request: HttpRequest) -> HttpResponse:
        allow(request, *NEEDS)
        filters = posted_filters(request.GET)
        columns = _columns(filters)
        page = Paginator(coverage.chosen(filters), PAGE).get_page(request.GET.get("p"))
        job = found_job(request.GET.get("job", "")) if may(request, "view_job") else None
        context = {
            "title": _("Coverage"),
            "opts": Renamed(Question._meta, _("Coverage")),
            "filters": filters,
            "columns": columns,
            "rows": _shown(coverage.rows(list(page.object_list), columns)),
            "paging": page,
            "earlier": _address(request.GET, page, -1) if page.has_previous() else "",
            "later": _address(request.GET, page, 1) if page.has_next() else "",
            "first_line": page.start_index(),
            "topics": list(Topic.objects.all()),
            "locales": locales.enabled_locales(),
            "cell_states": CellState.choices,
            "states": State.choices,
            "demands": DEMANDS,
            "demand_days": coverage.DEMAND_DAYS,
            "actions": [each for each in BulkAction if _may_do(request, each)],
            "query": _query(request.GET),
            **({"bulk_job": job, **job_context(request, job)} if job else {}),
        }
        return self.page(request, "admin/faq/coverage.html", context)

    def bulk_view(self, request: HttpRequest) -> HttpResponse:
        """POST without `confirm` shows what would happen; with it, it happens."""
        allow(request, *NEEDS)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        query = QueryDict(request.POST.get("query", ""), mutable=True)
        back = f"{reverse('admin:faq_coverage')}?{query.urlencode()}"
        ids = _questions(request.POST, query)
        target = request.POST.get("target", "")
        try:
            plan = bulk.plan(request.POST.get("action", ""), ids, [target] if target else [], actor=request.user)
            if not _may_do(request, plan.action):
                raise PermissionDenied
            if "confirm" in request.POST:
                job = bulk.start(plan.action, ids, [target] if target else [], actor=request.user)
                query["job"] = str(job.pk)
                return HttpResponseRedirect(f"{reverse('admin:faq_coverage')}?{query.urlencode()}")
        except DomainError as error:
            self.message_user(request, str(error), level="ERROR")
            return HttpResponseRedirect(back)
        context = {"title": _("Before it is done"), "back": back, "ids": ids, "target": target, "plan": plan}
        context["query"] = query.urlencode()
        return self.page(request, "admin/faq/bulk.html", context | _told(plan))


def posted_filters(given: QueryDict) -> Filters:
    """What an address asks for; what it misspells is left out."""
    tags = {locale.tag for locale in locales.enabled_locales()}
    locale, cell, demand = (given.get(name, "") for name in ("locale", "cell", "demand"))
    state = given.get("state", State.PUBLISHED)
    return Filters(
        state=state if state in State.values or state == "" else State.PUBLISHED,
        topic=given.get("topic", ""),
        locale=locale if locale in tags else "",
        cell=cell if cell in CellState.values else "",
        demand=demand if demand in (ASKED, NEVER_ASKED) else "",
        text=given.get("q", "").strip()[:200],
        by_demand=given.get("order") == "demand",
    )


def _columns(filters: Filters) -> list[Locale]:
    return [each for each in locales.enabled_locales() if not filters.locale or each.tag == filters.locale]


def _query(given: QueryDict) -> str:
    """The filters of an address, without the page and the job."""
    kept = given.copy()
    for name in ("p", "job"):
        kept.pop(name, None)
    return kept.urlencode()


def _address(given: QueryDict, page: "Page[int]", step: int) -> str:
    query = QueryDict(_query(given), mutable=True)
    query["p"] = str(page.number + step)
    return f"?{query.urlencode()}"


def _questions(posted: QueryDict, query: QueryDict) -> list[int]:
    """Those marked, or with `every` all that pass the filters."""
    if "every" in posted:
        return coverage.chosen(posted_filters(query))
    return [int(pk) for pk in posted.getlist("question") if pk.isdecimal()]


def _may_do(request: HttpRequest, action: BulkAction) -> bool:
    return access.may(request.user, *bulk.PERMISSIONS[action])


def _shown(rows: Sequence[Row]) -> list[ShownRow]:
    found = []
    for row in rows:
        phrasing = canonical_phrasing(row.question)
        link = reverse("admin:faq_question_change", args=[row.question.pk])
        answered = any(cell.standing.is_original for cell in row.cells) or any(
            cell.standing.revision for cell in row.cells
        )
        cells = tuple(ShownCell(cell, _leads(cell, row.question, link, answered=answered)) for cell in row.cells)
        text, tag = (phrasing.text, phrasing.locale_id) if phrasing else (row.question.key, "")
        found.append(ShownRow(row, text, tag, link, cells))
    return found


def _leads(cell: Cell, question: Question, link: str, *, answered: bool) -> str:
    """The translation's screen; the question's where there is no original to translate, or where this is it."""
    if cell.standing.is_original or not answered:
        return link
    return reverse("admin:faq_translation", args=[question.pk, cell.locale.tag])


def _told(plan: bulk.Plan) -> dict[str, Any]:
    """The plan in words: how many in each language, and what is left with an example of each reason."""
    names = {locale.tag: locale for locale in locales.all_locales()}
    samples = {reason: [each for each in plan.skipped if each.reason == reason][:SAMPLE] for reason in plan.by_reason()}
    shown = {step.question for step in plan.steps[:SAMPLE]} | {
        each.question for some in samples.values() for each in some
    }
    questions = Question.objects.prefetch_related("phrasings").in_bulk(list(shown))
    texts = {
        pk: phrasing.text if (phrasing := canonical_phrasing(found)) else found.key for pk, found in questions.items()
    }
    return {
        "by_locale": [(names[tag], count) for tag, count in plan.by_locale().items() if tag],
        "steps": [(texts.get(step.question, ""), names.get(step.locale)) for step in plan.steps[:SAMPLE]],
        "more_steps": max(0, len(plan.steps) - SAMPLE),
        "left": [
            (reason.label, count, [(texts.get(each.question, ""), names.get(each.locale)) for each in samples[reason]])
            for reason, count in plan.by_reason().items()
        ],
        "memory_only": [names[tag] for tag in plan.memory_only],
    }
