"""The glossary as a CSV table: what is written is read back; a table is kept as a whole or not at all."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from faq.domain import glossary, glossary_table
from faq.domain.glossary_table import Imported
from faq.enums import TermKind
from faq.errors import Invalid
from faq.models import AuditEntry, GlossaryTerm

pytestmark = pytest.mark.django_db
FIELDS = ("term", "source_locale_id", "target_locale_id", "kind", "translation", "case_sensitive", "note")


@pytest.fixture
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables") / "terms.csv"


def stored() -> set[tuple[Any, ...]]:
    return set(GlossaryTerm.objects.values_list(*FIELDS))


def permit(**fields: Any) -> GlossaryTerm:
    given = {"source_locale_id": "en", "target_locale_id": "de", "term": "permit", "translation": "Ausweis"}
    return glossary.save_term(GlossaryTerm(**given | fields))


def test_what_is_written_is_read_back_as_the_same_terms(file: Path) -> None:
    permit(note='say "Ausweis", not; Karte\never', case_sensitive=True)
    permit(kind=TermKind.FORBIDDEN, translation="=Erlaubnis")
    permit(kind=TermKind.KEEP, target_locale_id=None, term="Larkmouth 卡 بطاقة", translation="")
    before = stored()
    assert glossary_table.export_csv(file) == 3
    assert glossary_table.import_file(file) == Imported(unchanged=3)
    GlossaryTerm.objects.all().delete()
    assert glossary_table.import_file(file) == Imported(added=3)
    assert stored() == before


def test_a_table_of_a_spreadsheet_with_semicolons_and_few_columns_is_read(file: Path) -> None:
    file.write_text("Term;From;Into;Translation\r\n permit ;EN;de;Ausweis, blau\r\n;;;\r\n", encoding="utf-8")
    assert glossary_table.import_file(file) == Imported(added=1)
    assert stored() == {("permit", "en", "de", "preferred", "Ausweis, blau", False, "")}


def test_a_changed_note_is_stored_and_audited_and_no_other_term_is_deleted(file: Path) -> None:
    permit()
    permit(term="office", translation="Amt")
    file.write_text("term,from,into,translation,note\npermit,en,de,Ausweis,blue card\n")
    assert glossary_table.import_file(file) == Imported(changed=1)
    assert set(GlossaryTerm.objects.values_list("term", "note")) == {("permit", "blue card"), ("office", "")}
    assert AuditEntry.objects.filter(object_type="glossaryterm", verb="change").count() == 1


def test_a_dry_run_counts_and_keeps_nothing(file: Path) -> None:
    file.write_text("term,from,into,translation\npermit,en,de,Ausweis\npermit,en,de,Ausweis\n")
    assert glossary_table.import_file(file, dry_run=True) == Imported(added=1, unchanged=1)
    assert (stored(), AuditEntry.objects.count()) == (set(), 0)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("x,en,xx,preferred,y,no", "line 3: there is no language 'xx' here; there are "),
        ("x,en,de,favourite,y,no", "line 3: there is no kind 'favourite'; choose from preferred, forbidden, keep"),
        ("x,en,de,preferred,y,perhaps", "line 3: case_sensitive is 'perhaps'; write yes or no"),
        ("x,en,de,preferred,,no", "line 3: Give the language and the translation"),
        (f"{'x' * 201},en,de,preferred,y,no", "line 3: term: .*200"),
        ("x,en,de,preferred,y,no,more", "line 3: 7 cells, but 6 columns"),
        ('"x,en,de,preferred,y,no', "line 3: unexpected end of data"),
    ],
    ids=["language", "kind", "case", "incomplete", "too long", "cells", "quote"],
)
def test_one_wrong_row_is_named_by_its_line_and_nothing_is_kept(file: Path, row: str, message: str) -> None:
    file.write_text(f"term,from,into,kind,translation,case_sensitive\ngood,en,de,preferred,gut,no\n{row}\n")
    with pytest.raises(Invalid, match=message):
        glossary_table.import_file(file)
    assert stored() == set()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"term,into\n", "missing: from, unknown: none"),
        (b"term,from,colour\n", "missing: none, unknown: colour"),
        (b"term,from,term\n", "each once"),
        (b"", "missing: term, from"),
        ("term,from\nBürger,en\n".encode("latin-1"), "not UTF-8"),
        (b"term,from\na\0b,en\n", "NUL"),
        (b"x" * (glossary_table.LARGEST + 1), "larger than"),
    ],
    ids=["missing", "unknown", "twice", "empty", "encoding", "binary", "large"],
)
def test_what_is_no_glossary_table_is_refused_with_what_is_wrong(file: Path, content: bytes, message: str) -> None:
    file.write_bytes(content)
    with pytest.raises(Invalid, match=message):
        glossary_table.import_file(file)


def test_the_command_writes_and_reads_a_table(file: Path) -> None:
    permit()
    out = StringIO()
    call_command("glossary", "export", file, stdout=out)
    GlossaryTerm.objects.all().delete()
    call_command("glossary", "import", file, "--dry-run", "--json", stdout=out)
    assert stored() == set()
    call_command("glossary", "import", file, "--json", stdout=out)
    first, *told = out.getvalue().splitlines()
    assert (first, [json.loads(line) for line in told]) == (
        "1 written", [{"added": 1, "changed": 0, "unchanged": 0, "skipped": 0}] * 2
    )  # fmt: skip
    assert len(stored()) == 1


def test_the_command_says_which_file_is_missing(file: Path) -> None:
    with pytest.raises(CommandError, match=r"terms\.csv cannot be opened: No such file"):
        call_command("glossary", "import", file)


@pytest.mark.parametrize(
    "term", ["=1+1", "+49 555", "-5 degrees", "@home", "'=x", "''-y", "'s-Gravenhage", "'tis", "a=b"]
)
def test_no_cell_is_a_formula_and_every_term_comes_back_as_it_was(tmp_path, term):
    file = tmp_path / "glossary.csv"
    kept = GlossaryTerm.objects.create(term=term, source_locale_id="en", kind="keep")
    glossary_table.export_file(file)
    cell = file.read_text(encoding="utf-8-sig").splitlines()[1].partition(",")[0].strip('"')
    assert cell[0] not in "=+-@"
    kept.delete()
    glossary_table.import_file(file)
    assert GlossaryTerm.objects.get().term == term
