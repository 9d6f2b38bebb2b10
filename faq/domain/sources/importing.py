"""Questions from elsewhere: a table whose columns somebody maps, or the FAQPage data of another site.

Looked through first, then brought in as a source like any table of questions: each row a passage, and a question whose
answer cites it. Invariant: a question that is here already in these words comes in again only when that was asked for.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from faq.domain import access, audit, jobs, questions, uploads
from faq.domain.sources.contents import clean, fetched, given
from faq.enums import JobKind
from faq.errors import Invalid
from faq.gateways import retrieval
from faq.models import Job, Phrasing, Topic
from faq.queries import locales

FIELDS = ("question", "answer", "locale", "topic", "url")
NEEDED = ("question", "answer")
MOST = 20_000
HEADER_WITHIN = 10
_NAMES = """
question: question questions q title frage fragen pregunta pytanie питання запитання soru سؤال السؤال 问题 問題
question: domanda pergunta вопрос
answer: answer answers a text body antwort antworten réponse reponse respuesta odpowiedź відповідь yanıt cevap إجابة الإجابة جواب
answer: الجواب 答案 回答 risposta resposta ответ
locale: locale language lang sprache langue idioma język мова dil لغة اللغة 语言
topic: topic category thema kategorie rubrik rubrique catégorie thème tema categoría temat kategoria тема категорія konu kategori
topic: موضوع الموضوع فئة 主题 分类
url: url link address adresse lien enlace dirección adres адреса bağlantı رابط 链接
"""
KNOWN: Mapping[str, frozenset[str]] = {
    field: frozenset(
        word for line in _NAMES.split("\n") if line.startswith(f"{field}:") for word in line.partition(":")[2].split()
    )
    for field in FIELDS
}
"""Names of columns, in the languages of the desk and a few more."""


@dataclass(frozen=True, slots=True)
class Table:
    """A file's cells; `columns`: their names as the file has them; `first`: the number of the first row below them, from 1."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    first: int = 2

    def guess(self) -> dict[str, int]:
        """Field -> the column that by its name is most likely it."""
        found: dict[str, int] = {}
        for at, name in enumerate(self.columns):
            word = " ".join(name.lower().split())
            for each, names in KNOWN.items():
                if each not in found and (word in names or word == each):
                    found[each] = at
        return found


@dataclass(frozen=True, slots=True)
class Looked:
    """What an import would do: rows that come in, as field -> text; how many are here already, and numbers of rows (as a
    spreadsheet counts them) that lack a question or an answer, are too long, or name a language that is not here."""

    rows: tuple[Mapping[str, str], ...]
    known: int = 0
    incomplete: tuple[int, ...] = ()
    too_long: tuple[int, ...] = ()
    elsewhere: tuple[int, ...] = ()
    samples: tuple[Mapping[str, str], ...] = ()


def keep(*, data: bytes | None = None, name: str = "", url: str = "") -> tuple[str, str]:
    """Hold a file, or what an address gives, for a day; returns the name it is kept under and its own. Invalid for what holds
    no questions."""
    content = fetched(url, None) if url else given(data, name, "", "")
    assert content is not None
    table(content.data, content.filename)
    return uploads.keep(content.data, content.filename), content.filename


def table(data: bytes, name: str) -> Table:
    """The cells of a file. The names are in the first of its rows that has the most cells filled (above it stand titles)."""
    grid = retrieval.question_grid(data, filename=name)
    head = max(range(min(len(grid), HEADER_WITHIN)), key=lambda at: (sum(bool(cell.strip()) for cell in grid[at]), -at))
    rows = [tuple(row) for row in grid[head:]]
    if len(rows) - 1 > MOST:
        raise Invalid(
            "%(file)s: %(n)s rows; the ceiling is %(ceiling)s. Split the table.",
            file=name,
            n=len(rows) - 1,
            ceiling=MOST,
        )
    if not any(cell.strip() for row in rows[1:] for cell in row):
        raise Invalid("%(file)s: the table has no row with a question and an answer.", file=name)
    return Table(tuple(clean(cell) for cell in rows[0]), tuple(rows[1:]), head + 2)


def look(cells: Table, mapping: Mapping[str, int], locale: str, *, again: bool = False) -> Looked:
    """What comes in by this mapping, field -> column; `again`: also what is here already. Invalid unless question and answer are
    mapped, each to a column of its own."""
    chosen = {name: at for name, at in mapping.items() if name in FIELDS and 0 <= at < len(cells.columns)}
    if any(name not in chosen for name in NEEDED) or len(set(chosen.values())) != len(chosen):
        raise Invalid("Say which column holds the question and which the answer, each a column of its own.")
    tag = locales.require(locale).tag
    tags = tuple(sorted(each.tag for each in locales.enabled_locales()))
    here = set(Phrasing.objects.filter(canonical=True).order_by().values_list("locale_id", "text"))
    rows, known, incomplete, too_long, elsewhere = [], 0, list[int](), list[int](), list[int]()
    for number, row in enumerate(cells.rows, start=cells.first):
        said = {name: row[at].strip() for name, at in chosen.items()}
        question, own = clean(said["question"]), said.get("locale", "")
        place = locales.match(own, tags) if own else tag
        if not question or not said["answer"]:
            incomplete += [number] if any(cell.strip() for cell in row) else []
        elif len(question) > questions.TEXT_LENGTH:
            too_long.append(number)
        elif place is None:
            elsewhere.append(number)
        elif not again and (place, questions.wording(question)) in here:
            known += 1
        else:
            here.add((place, questions.wording(question)))
            rows.append(said | {"question": question, "locale": place})
    return Looked(tuple(rows), known, tuple(incomplete), tuple(too_long), tuple(elsewhere), tuple(rows[:10]))


@access.needs("add_source", "add_question")
def bring_in(
    kept: str,
    name: str,
    mapping: Mapping[str, int],
    *,
    locale: str,
    topic: Topic | None = None,
    again: bool = False,
    publish: bool = False,
    actor: audit.Actor = None,
) -> Job:
    """Queue what look() shows of a file that keep() holds, as one source. Invalid where nothing comes in."""
    if publish:
        access.require(actor, "publish_source")
    looked = look(table(uploads.read_kept(kept), name), mapping, locale, again=again)
    if not looked.rows:
        raise Invalid("Nothing in this file would be taken in.")
    stem = PurePosixPath(name).stem or "questions"
    made = uploads.keep(_csv(looked.rows), f"{stem}.csv")
    args = {
        "uploads": [[made, f"{stem}.csv"]],
        "locale": locales.require(locale).tag,
        "topic": topic.key if topic else "",
        "publish": publish,
    }
    return jobs.enqueue(JobKind.INGEST, args, actor=actor)


def _csv(rows: Sequence[Mapping[str, str]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, FIELDS, restval="", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()
