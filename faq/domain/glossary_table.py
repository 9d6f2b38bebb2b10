"""The glossary as a CSV table, for a spreadsheet or another portal, and as TBX, for translators' programs.

Invariants: a table is kept as a whole or not at all; it adds and changes terms and deletes none; what is written is read
back as the same terms.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from django.core.exceptions import ValidationError
from django.db import transaction

from faq.domain import access, audit, glossary
from faq.enums import TermKind
from faq.errors import Invalid
from faq.gateways import translation
from faq.models import GlossaryTerm
from faq.queries import locales
from translation.types import TermRow

COLUMNS = ("term", "from", "into", "kind", "translation", "case_sensitive", "note")
REQUIRED = ("term", "from")
ENDINGS = (".csv", ".tbx")
LARGEST = 4_000_000
"""Bytes of a table; some 40,000 terms."""
YES_OR_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False, "": False}
Row = dict[str, str]
Identity = tuple[str, str | None, str, str, str]


_FORMULA = re.compile(r"\A'*[=+\-@\t\r]")
"""What a spreadsheet would run as a formula (OWASP, CSV Injection); it is written with an apostrophe before it, and read without
one."""
_ESCAPED = re.compile(r"\A'(?='*[=+\-@\t\r])")


@dataclass(frozen=True, slots=True)
class Imported:
    """Rows by what an import did with them, or would do."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    skipped: int = 0
    """Of a TBX file: terms in languages that the portal does not have."""

    def __add__(self, other: "Imported") -> "Imported":
        return Imported(**{name: count + getattr(other, name) for name, count in asdict(self).items()})


def export_csv(path: Path) -> int:
    """Write every term, marked as UTF-8 for spreadsheets. Returns how many were written."""
    terms = GlossaryTerm.objects.order_by("source_locale_id", "term", "target_locale_id", "pk")
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        written = 0
        for term in terms:
            row = [
                term.term, term.source_locale_id, term.target_locale_id or "", term.kind, term.translation,
                "yes" if term.case_sensitive else "no", term.note,
            ]  # fmt: skip
            table.writerow([_FORMULA.sub(r"'\g<0>", cell) for cell in row])
            written += 1
    return written


def export_file(path: Path) -> int:
    """Write every term by the file's ending, csv or tbx; returns how many. Invalid for another ending."""
    if path.suffix.lower() == ".csv":
        return export_csv(path)
    check_ending(path.name)
    terms = GlossaryTerm.objects.order_by("source_locale_id", "term", "target_locale_id", "pk")
    rows = [
        TermRow(
            term.source_locale_id, term.term, term.target_locale_id or "", term.translation, term.kind,
            term.case_sensitive, term.note,
        )
        for term in terms
    ]  # fmt: skip
    return translation.write_tbx(path, rows, locales.default_locale().tag)


def check_ending(name: str) -> None:
    """Invalid for a file that is neither."""
    if Path(name).suffix.lower() not in ENDINGS:
        raise Invalid("%(file)s: choose a file that ends in %(endings)s.", file=name, endings=", ".join(ENDINGS))


@access.needs("add_glossaryterm|change_glossaryterm")
def import_file(path: Path, actor: audit.Actor = None, *, dry_run: bool = False) -> Imported:
    """Add the file's terms and change those whose note or case differs; `dry_run` only counts.

    Raises Invalid with the line, and keeps nothing, for a file or a row that cannot be read.
    """
    check_ending(path.name)
    rows, skipped = (_tbx_rows(path)) if path.suffix.lower() == ".tbx" else (_rows(path), 0)
    total = Imported(skipped=skipped)
    with transaction.atomic():
        held = {_identity(term): term for term in GlossaryTerm.objects.all()}
        for line, row in rows:
            try:
                total += _keep(row, held, actor)
            except Invalid as error:
                raise Invalid("%(file)s, line %(line)d: %(why)s", file=path.name, line=line, why=str(error)) from error
        transaction.set_rollback(dry_run)
    return total


def _tbx_rows(path: Path) -> tuple[list[tuple[int, Row]], int]:
    """The rows as of a table, with their number in the file; and how many are in languages that are not here."""
    tags = tuple(sorted(locale.tag for locale in locales.all_locales()))
    rows, skipped = [], 0
    for number, each in enumerate(translation.read_tbx(path, locales.default_locale().tag), start=1):
        source = locales.match(each.source_locale, tags)
        target = locales.match(each.target_locale, tags) if each.target_locale else ""
        if not source or target is None or source == target:
            skipped += 1
            continue
        case = "yes" if each.case_sensitive else "no"
        rows.append((number, {
            "term": each.term, "from": source, "into": target, "kind": each.kind, "translation": each.translation,
            "case_sensitive": case, "note": each.note,
        }))  # fmt: skip
    return rows, skipped


def _identity(term: GlossaryTerm) -> Identity:
    return (term.source_locale_id, term.target_locale_id, term.term, term.kind, term.translation)


def _keep(row: Row, held: dict[Identity, GlossaryTerm], actor: audit.Actor) -> Imported:
    read = _term(row)
    term = held.get(_identity(read))
    if term is None:
        held[_identity(read)] = glossary.save_term(read, actor)
        return Imported(added=1)
    if (term.case_sensitive, term.note) == (read.case_sensitive, read.note):
        return Imported(unchanged=1)
    term.case_sensitive, term.note = read.case_sensitive, read.note
    glossary.save_term(term, actor)
    return Imported(changed=1)


def _term(row: Row) -> GlossaryTerm:
    """The row's term, not stored; Invalid for a value that does not fit."""
    kind = row.get("kind") or TermKind.PREFERRED
    if kind not in TermKind.values:
        raise Invalid(
            "there is no kind %(kind)s; choose from %(all)s.", kind=repr(kind), all=", ".join(TermKind.values)
        )
    case = row.get("case_sensitive", "").lower()
    if case not in YES_OR_NO:
        raise Invalid("case_sensitive is %(case)s; write yes or no.", case=repr(case))
    term = GlossaryTerm(
        source_locale_id=_locale(row["from"]), target_locale_id=_locale(row["into"]) if row.get("into") else None,
        term=row["term"], kind=kind, translation=row.get("translation", ""), case_sensitive=YES_OR_NO[case],
        note=row.get("note", ""),
    )  # fmt: skip
    glossary.check_term(term)
    try:
        term.clean_fields(exclude=["source_locale", "target_locale"])
    except ValidationError as error:
        told = "; ".join(f"{name}: {' '.join(said)}" for name, said in error.message_dict.items())
        raise Invalid("%(told)s", told=told) from error
    return term


def _locale(tag: str) -> str:
    tags = tuple(sorted(locale.tag for locale in locales.all_locales()))
    found = locales.match(tag, tags)
    if not found:
        raise Invalid("there is no language %(tag)s here; there are %(all)s.", tag=repr(tag), all=", ".join(tags))
    return found


def _rows(path: Path) -> list[tuple[int, Row]]:
    """(line of its end, column -> text) of each row that is not empty."""
    text = _text(path)
    first = text.partition("\n")[0]
    table = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), strict=True)
    try:
        columns = [name.strip().lower() for name in next(table, [])]
        _check_columns(columns, path.name)
        return list(_named(table, columns))
    except csv.Error as error:
        raise Invalid("%(file)s, line %(line)d: %(why)s", file=path.name, line=table.line_num, why=error) from error


def _named(table: Iterator[list[str]], columns: list[str]) -> Iterator[tuple[int, Row]]:
    for cells in table:
        if not any(cell.strip() for cell in cells):
            continue
        line: int = table.line_num  # type: ignore[attr-defined]
        if len(cells) > len(columns):
            raise csv.Error(f"{len(cells)} cells, but {len(columns)} columns; quote a cell that holds the separator")
        padded = cells + [""] * (len(columns) - len(cells))
        yield line, {name: _ESCAPED.sub("", cell.strip()) for name, cell in zip(columns, padded, strict=True)}


def _text(path: Path) -> str:
    if path.stat().st_size > LARGEST:
        raise Invalid("%(file)s is larger than %(limit)d MB; divide it.", file=path.name, limit=LARGEST // 1_000_000)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid("%(file)s is not UTF-8; save it as “CSV UTF-8”.", file=path.name) from error
    if "\0" in text:
        raise Invalid("%(file)s holds NUL characters: it is no table of text.", file=path.name)
    return text


def _check_columns(columns: list[str], name: str) -> None:
    missing = [column for column in REQUIRED if column not in columns]
    unknown = [column for column in columns if column not in COLUMNS]
    if missing or unknown or len(set(columns)) != len(columns):
        raise Invalid(
            "%(file)s: its first line must name columns, each once, from %(all)s; missing: %(missing)s, unknown: %(unknown)s.",
            file=name, all=", ".join(COLUMNS), missing=", ".join(missing) or "none", unknown=", ".join(unknown) or "none",
        )  # fmt: skip
