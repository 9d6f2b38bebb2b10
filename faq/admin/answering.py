"""The screen on which an answer is written: what was posted, what is stored, and both when they part.

Invariant: what an editor typed comes back on the page whatever goes wrong: a quote that is not in its passage, a mark
without a citation, or another editor's revision in between.
"""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.http import Http404, HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from faq.admin.desk import badge
from faq.domain import answers, questions
from faq.enums import Origin, Significance, State
from faq.errors import Invalid
from faq.models import AnswerRevision, Citation, Passage, Phrasing, Question
from faq.queries import freshness, locales

MAX_CITATIONS = 99


@dataclass(frozen=True, slots=True)
class CitationRow:
    """A citation as the form shows it: posted or stored. `status` is empty for a posted one."""

    number: int
    passage: Passage
    quote: str
    status: SafeString | str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Posted:
    """The answer form as it came in. `seen`: what answers.last_written() said when the page was made."""

    text: str
    citations: tuple[CitationRow, ...]
    significance: str
    seen: int


def posted(request: HttpRequest) -> Posted:
    """Reads the parallel fields `citation-number`, `citation-passage` and `citation-quote`; an empty quote drops the row."""
    fields = ("citation-number", "citation-passage", "citation-quote")
    rows = list(zip(*(request.POST.getlist(name) for name in fields), strict=False))[:MAX_CITATIONS]
    ids = {int(pk) for _number, pk, _quote in rows if pk.isdecimal()}
    passages = (
        Passage.objects.select_related("revision__source")
        .defer("revision__text", "revision__blocks")
        .in_bulk(list(ids))
    )
    found = []
    for number, pk, quote in rows:
        passage = passages.get(int(pk)) if pk.isdecimal() else None
        if passage is None or not number.isdecimal() or not quote.strip():
            continue
        quote = quote.replace("\r\n", "\n").strip()
        error = (
            ""
            if answers.span(passage.text, quote)
            else _("This is not in the passage word for word. Copy it from there.")
        )
        found.append(CitationRow(int(number), passage, quote, error=error))
    significance = request.POST.get("significance", Significance.MAJOR)
    seen = request.POST.get("seen", "")
    return Posted(
        text=request.POST.get("text", ""),
        citations=tuple(found),
        significance=significance if significance in Significance.values else Significance.MAJOR,
        seen=int(seen) if seen.isdecimal() else -1,
    )


def save(question: Question, form: Posted, *, publish: bool, actor: Any) -> AnswerRevision:
    """A new revision of the original; with `publish`, live with its question. Whole or not at all."""
    with transaction.atomic():
        revision = answers.save_revision(
            question,
            locale=home_locale(question),
            text=form.text,
            citations=[_citation(row) for row in form.citations],
            origin=Origin.HUMAN,
            significance=form.significance,
            expected=form.seen,
            actor=actor,
        )
        if publish:
            answers.publish_revision(revision, actor=actor)
            questions.publish_question(question, actor=actor)
    return revision


def home_locale(question: Question) -> str:
    """The language its answer is written in: the draft's, else the wording's."""
    latest = latest_original(question)
    if latest is not None:
        return latest.locale_id
    phrasing = canonical_phrasing(question)
    return phrasing.locale_id if phrasing else locales.default_locale().tag


def _citation(row: CitationRow) -> Citation:
    place = answers.span(row.passage.text, row.quote)
    if place is None:
        raise Invalid(_("Citation %(n)d: the quote is not in its passage word for word.") % {"n": row.number})
    start, end = place
    return Citation(
        number=row.number,
        passage=row.passage,
        quote=row.passage.text[start:end],
        start=start,
        end=end,
        passage_hash=row.passage.content_hash,
    )


def stored(revision: AnswerRevision | None) -> tuple[CitationRow, ...]:
    """The citations of a revision."""
    if revision is None:
        return ()
    cited = revision.citations.select_related("passage__revision__source")
    rows = cited.defer("passage__revision__text", "passage__revision__blocks").order_by("number")
    made = []
    for row in rows:
        status = freshness.citation_status(row)
        made.append(CitationRow(row.number, row.passage, row.quote, badge(status, status.label)))
    return tuple(made)


def latest_original(question: Question) -> AnswerRevision | None:
    """What an editor goes on from: the newest draft, else what is published, else the newest of all."""
    rows = AnswerRevision.objects.filter(answer__question=question, is_translation=False).select_related("author")
    waiting = rows.exclude(state=State.RETIRED).order_by("-pk").first()
    return waiting or rows.order_by("-pk").first()


def canonical_phrasing(question: Question) -> Phrasing | None:
    """The canonical wording in the default locale, else in any; from what is prefetched, where it is."""
    rows = list(question.phrasings.all())
    wordings = [row for row in rows if row.canonical] or rows
    default = locales.default_locale().tag
    return next((row for row in wordings if row.locale_id == default), wordings[0] if wordings else None)


def canonical_text(question: Question) -> str:
    phrasing = canonical_phrasing(question)
    return phrasing.text if phrasing else question.key


def found_question(pk: int) -> Question:
    """The question with its wordings; 404 where there is none."""
    question = Question.objects.prefetch_related("phrasings").filter(pk=pk).first()
    if question is None:
        raise Http404
    return question
