"""Tables of questions and answers: each row is a passage, and a question whose answer cites it.

Invariant: a row never replaces an answer that a person wrote.
"""

from collections.abc import Sequence

from faq.domain import answers, audit, questions, topics
from faq.domain.sources.contents import clean
from faq.domain.sources.reading import Reading
from faq.enums import Origin, State
from faq.errors import Invalid
from faq.gateways import translation
from faq.models import AnswerRevision, Citation, Passage, Phrasing, Question, Source
from retrieval.types import Chunk, QuestionRow


def row_chunks(rows: Sequence[QuestionRow]) -> list[Chunk]:
    """One passage a row: the answer, under its question."""
    return [Chunk(place, row.start, row.end, row.answer, (row.question,)) for place, row in enumerate(rows)]


def import_rows(source: Source, reading: Reading, passages: Sequence[Passage], actor: audit.Actor) -> None:
    """A question for each row, and a draft of its answer that cites the row's passage and goes live with the source.

    Invalid, naming file and question, for a row that cannot be one."""
    known = _questions_of(source)
    for row, passage in zip(reading.rows, passages, strict=True):
        try:
            question = _question(row, known, source, reading.locale, actor)
            if _may_answer(question, passage):
                _save_answer(question, reading.locale, passage, actor)
        except Invalid as error:
            raise Invalid(
                "%(file)s, question “%(question)s”: %(error)s",
                file=reading.name,
                question=clean(row.question)[:60],
                error=error,
            ) from error


def _question(
    row: QuestionRow, known: dict[str, Question], source: Source, locale: str, actor: audit.Actor
) -> Question:
    """The row's question: one that came in with this table before, else a new one."""
    text = questions.wording(row.question)
    if text not in known:
        topic = topics.ensure_topic(row.topic, actor=actor) if row.topic else source.topic
        known[text] = questions.create_question(topic=topic, phrasings=[text], locale=locale, actor=actor)
    return known[text]


def _questions_of(source: Source) -> dict[str, Question]:
    """Questions that came in with earlier revisions of this table, by their canonical wording."""
    rows = Phrasing.objects.filter(
        canonical=True,
        locale_id=source.locale_id,
        question__answer__revisions__citations__passage__revision__source=source,
    ).select_related("question")
    return {row.text: row.question for row in rows.distinct()}


def _may_answer(question: Question, passage: Passage) -> bool:
    """Not where a person wrote an answer, nor where the newest one says the same already."""
    newest = (
        AnswerRevision.objects.filter(answer__question=question, is_translation=False)
        .exclude(state=State.RETIRED)
        .order_by("-number")
        .first()
    )
    if newest is None:
        return True
    cited = Citation.objects.filter(answer_revision=newest).values_list("passage__key", flat=True)
    return newest.origin == Origin.SOURCE and passage.key not in set(cited)


def _save_answer(question: Question, locale: str, passage: Passage, actor: audit.Actor) -> None:
    citation = Citation(
        number=1,
        passage=passage,
        quote=passage.text,
        start=0,
        end=len(passage.text),
        passage_hash=passage.content_hash,
    )
    answers.save_revision(
        question,
        locale=locale,
        text=_cited_text(passage.text, locale),
        citations=[citation],
        origin=Origin.SOURCE,
        actor=actor,
    )


def _cited_text(text: str, locale: str) -> str:
    """The text with the mark of its only citation after each sentence."""
    return "".join(
        f"{piece.prefix}{piece.text} [1]{piece.suffix}" if piece.text else f"{piece.prefix}{piece.suffix}"
        for piece in translation.segment(text, locale)
    )
