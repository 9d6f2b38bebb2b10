"""Content, read: a document in one locale, or for a table of questions and answers one for each locale it names."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from faq.domain.sources.contents import Content
from faq.errors import Invalid
from faq.gateways import retrieval
from faq.queries import locales
from retrieval.types import Block, BlockKind, Document, QuestionRow

MANY_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class Reading:
    """Content in one locale, read: the document, and the rows when it is a table of questions and answers. `name`: of the
    file, for messages."""

    document: Document
    locale: str
    rows: tuple[QuestionRow, ...] = ()
    name: str = ""


def read(content: Content, locale: str) -> list[Reading]:
    """The content's document; for a table of questions, one for each locale that rows name, the given one first."""
    if not retrieval.is_question_table(content.data, content.filename):
        document = retrieval.extract_document(
            content.data, filename=content.filename, media_type=content.media_type, locale=locale
        )
        return [Reading(document, locale)]
    document, rows = retrieval.question_rows(content.data, filename=content.filename)
    if not rows:
        raise Invalid("%(file)s: the table has no row with a question and an answer.", file=content.filename)
    if len(rows) > MANY_ROWS:
        raise Invalid(
            "%(file)s: %(n)s rows; the ceiling is %(ceiling)s. Split the table.",
            file=content.filename,
            n=len(rows),
            ceiling=MANY_ROWS,
        )
    by_locale: dict[str, list[QuestionRow]] = {}
    for row in rows:
        by_locale.setdefault(_row_locale(row, locale, content.filename), []).append(row)
    if set(by_locale) == {locale}:
        return [Reading(document, locale, tuple(rows), content.filename)]
    first = locale if locale in by_locale else next(iter(by_locale))
    parts = [_part(document, by_locale[tag], tag) for tag in sorted(by_locale, key=lambda tag: tag != first)]
    return [replace(part, name=content.filename) for part in parts]


def _row_locale(row: QuestionRow, default: str, filename: str) -> str:
    if not row.locale:
        return default
    try:
        return locales.require(row.locale).tag
    except Invalid as error:
        raise Invalid(
            "%(file)s, question “%(question)s”: %(error)s", file=filename, question=row.question[:60], error=error
        ) from error


def _part(document: Document, rows: Sequence[QuestionRow], locale: str) -> Reading:
    """The rows of one locale as a document of their own: each question a heading, each answer a paragraph."""
    text, blocks, placed = "", [], []
    for row in rows:
        text += "\n\n" if text else ""
        blocks.append(Block(BlockKind.HEADING, len(text), len(text) + len(row.question), (), 2))
        text += f"{row.question}\n\n"
        start, end = len(text), len(text) + len(row.answer)
        blocks.append(Block(BlockKind.PARAGRAPH, start, end, (row.question,)))
        placed.append(replace(row, start=start, end=end))
        text += row.answer
    return Reading(replace(document, text=text, blocks=tuple(blocks)), locale, tuple(placed))
