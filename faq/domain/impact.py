"""What publishing, rolling back or retiring a source would change for readers, before it is done. Nothing is written here.

Counted is what changes: an answer that is stale already is no work of this revision's, and drafts have no readers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from faq.domain.publication import (
    as_cited,
    as_standing,
    live_citations,
    newest_revision,
    passages_of,
    plan_citations,
)
from faq.enums import CitationStatus, State
from faq.models import AnswerRevision, Citation, Passage, Source, SourceRevision
from faq.queries.freshness import citation_status

BADNESS = {CitationStatus.VALID: 0, CitationStatus.MOVED: 1, CitationStatus.BROKEN: 2}


@dataclass(frozen=True, slots=True)
class Impact:
    """Passage texts that come and go; ids of questions whose answers would need a look, of those among them that would lose a
    sentence, and of those that would be right again; and the locales in which answers that would need a look stand
    translated."""

    passages_added: list[str]
    passages_removed: list[str]
    passages_kept: int
    questions_stale: list[int]
    questions_broken: list[int]
    questions_healed: list[int]
    languages: list[str]


def plan_publication(source: Source, revision: SourceRevision | None = None) -> Impact:
    """What publishing `revision` (the newest when none is given) would change. Invalid when there is none."""
    return _planned(source, passages_of((revision or newest_revision(source)).pk))


def plan_retirement(source: Source) -> Impact:
    """What retiring the source would change."""
    return _planned(source, [])


def _planned(source: Source, new: Sequence[Passage]) -> Impact:
    old = passages_of(source.published_revision_id)
    old_keys, new_keys = {passage.key for passage in old}, {passage.key for passage in new}
    rows = [row for row in live_citations(source) if _is_read(row.answer_revision)]
    moves = plan_citations([as_cited(row) for row in rows], [as_standing(passage) for passage in new])
    now = _worst(rows, [citation_status(row) for row in rows])
    then = _worst(rows, [move.status for move in moves])
    worse = sorted(question for question, status in then.items() if BADNESS[status] > BADNESS[now[question]])
    return Impact(
        passages_added=[passage.text for passage in new if passage.key not in old_keys],
        passages_removed=[passage.text for passage in old if passage.key not in new_keys],
        passages_kept=len(old_keys & new_keys),
        questions_stale=worse,
        questions_broken=[question for question in worse if then[question] == CitationStatus.BROKEN],
        questions_healed=sorted(
            question
            for question, status in then.items()
            if status == CitationStatus.VALID and now[question] != CitationStatus.VALID
        ),
        languages=_languages(worse),
    )


def _is_read(revision: AnswerRevision) -> bool:
    return State.PUBLISHED == revision.state == revision.answer.question.state


def _worst(rows: Sequence[Citation], statuses: Sequence[CitationStatus]) -> dict[int, CitationStatus]:
    """Question id -> the status of that of its citations of this source which stands worst."""
    found: dict[int, CitationStatus] = {}
    for row, status in zip(rows, statuses, strict=True):
        question = row.answer_revision.answer.question_id
        found[question] = max(found.get(question, CitationStatus.VALID), status, key=BADNESS.__getitem__)
    return found


def _languages(question_ids: Sequence[int]) -> list[str]:
    rows = AnswerRevision.objects.filter(
        answer__question_id__in=question_ids, state=State.PUBLISHED, is_translation=True
    ).order_by("locale__order")
    return list(dict.fromkeys(rows.values_list("locale_id", flat=True)))
