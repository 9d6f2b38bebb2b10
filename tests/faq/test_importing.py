"""Questions from elsewhere: columns are mapped, what would come in is shown, and then it comes in with answers that cite it."""

import io
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from faq.domain import uploads
from faq.domain.sources import importing
from faq.enums import JobState
from faq.errors import Forbidden, Invalid
from faq.models import AnswerRevision, Job, Question, Source
from tests.faq.desk import person, signed_in
from tests.faq.factories import make_question, work

pytestmark = pytest.mark.django_db
GERMAN = (
    b"Unsere Fragen;;;\nNr;Frage;Antwort;Rubrik\n1;Was kostet der Ausweis?;Er kostet 30 Euro im Jahr.;Parken\n"
    b"2;Wo beantrage ich ihn?;Online oder am Schalter.;Parken\n3;Ohne Antwort?;;Parken\n;;;\n"
)
MAY = ["add_source", "add_question", "view_question", "view_source"]


def cells(data: bytes = GERMAN, name: str = "fragen.csv") -> importing.Table:
    return importing.table(data, name)


def xlsx(*rows: tuple[Any, ...]) -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(out)
    return out.getvalue()


def test_columns_are_recognised_by_their_names_in_other_languages_below_a_title() -> None:
    table = cells()
    assert (table.columns, table.guess()) == (
        ("Nr", "Frage", "Antwort", "Rubrik"),
        {"question": 1, "answer": 2, "topic": 3},
    )
    assert table.first == 3
    chinese = cells(xlsx(("问题", "答案"), ("多少钱？", "30 欧元。")), "wenti.xlsx")
    assert (chinese.guess(), chinese.rows) == ({"question": 0, "answer": 1}, (("多少钱？", "30 欧元。"),))
    assert cells(b"Was?,Das.\nWo?,Hier.\n", "x.csv").guess() == {}


def test_what_would_come_in_and_what_not_is_told_by_row() -> None:
    make_question("Wo beantrage ich ihn?", locale="de", key="there")
    looked = importing.look(cells(), {"question": 1, "answer": 2, "topic": 3}, "de")
    assert (len(looked.rows), looked.known, looked.incomplete) == (1, 1, (5,))
    assert looked.rows[0] == {
        "question": "Was kostet der Ausweis?", "answer": "Er kostet 30 Euro im Jahr.", "topic": "Parken", "locale": "de",
    }  # fmt: skip
    assert len(importing.look(cells(), {"question": 1, "answer": 2}, "de", again=True).rows) == 2
    table = cells(b"question,answer,locale\nA?,B.,da\nC?,D.,DE\n" + b"x" * 600 + b"?,E.,\nC?,F.,de\n", "q.csv")
    looked = importing.look(table, table.guess(), "en")
    assert ([row["locale"] for row in looked.rows], looked.elsewhere, looked.too_long, looked.known) == (
        ["de"],
        (2,),
        (4,),
        1,
    )


@pytest.mark.parametrize("mapping", [{}, {"question": 1}, {"question": 1, "answer": 1}, {"question": 1, "answer": 9}])
def test_question_and_answer_are_columns_of_their_own(mapping: dict[str, int]) -> None:
    with pytest.raises(Invalid, match="which column holds the question"):
        importing.look(cells(), mapping, "de")


def test_what_comes_in_is_a_source_with_questions_whose_answers_cite_it() -> None:
    kept, name = importing.keep(data=GERMAN, name="fragen.csv")
    job = importing.bring_in(kept, name, {"question": 1, "answer": 2, "topic": 3}, locale="de", publish=True)
    work()
    job.refresh_from_db()
    assert (job.state, job.failures) == (JobState.SUCCEEDED, [])
    source = Source.objects.get()
    assert (source.state, source.locale_id, Question.objects.count()) == ("published", "de", 2)
    answer = AnswerRevision.objects.get(answer__question__phrasings__text="Was kostet der Ausweis?")
    assert (answer.text, answer.citations.get().passage.revision.source) == ("Er kostet 30 Euro im Jahr. [1]", source)
    assert answer.answer.question.topic is not None
    with pytest.raises(Invalid, match="Nothing in this file"):
        importing.bring_in(kept, name, {"question": 1, "answer": 2}, locale="de")


def test_another_sites_data_comes_in_from_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    data = {"@type": "FAQPage", "mainEntity": [
        {"@type": "Question", "name": "When is it open?", "acceptedAnswer": {"text": "<p>From 9:00 to 17:00.</p>"}},
    ]}  # fmt: skip
    body = f'<html><script type="application/ld+json">{json.dumps(data)}</script></html>'.encode()

    class Got:
        data, url, media_type, etag, last_modified, not_modified = (
            body,
            "https://old.example/faq",
            "text/html",
            "",
            "",
            False,
        )

    asked: list[str] = []
    monkeypatch.setattr("faq.gateways.retrieval.fetch_url", lambda url, **_: asked.append(url) or Got())
    kept, name = importing.keep(url="https://old.example/faq")
    importing.bring_in(kept, name, {"question": 0, "answer": 1}, locale="en")
    work()
    assert (asked, AnswerRevision.objects.get().text) == (["https://old.example/faq"], "From 9:00 to 17:00. [1]")


def test_an_address_inside_is_refused_as_for_every_source() -> None:
    with pytest.raises(Invalid):
        importing.keep(url="http://127.0.0.1:8000/")
    assert Source.objects.count() == 0


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.html", b"<p>Hi</p>", "states no questions"), ("a.csv", b"", "empty|table"), ("a.xlsx", b"PKx", "XLSX|zip|open"),
        ("a.csv", b"question,answer\n", "no row"),
    ],
)  # fmt: skip
def test_what_holds_no_questions_says_why_and_nothing_is_kept(name: str, data: bytes, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        importing.keep(data=data, name=name)


def test_the_number_of_rows_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faq.domain.sources.importing.MOST", 1)
    with pytest.raises(Invalid, match="the ceiling is 1"):
        cells()


def test_who_may_not_publish_brings_in_drafts_only() -> None:
    kept, name = importing.keep(data=GERMAN, name="fragen.csv")
    mapping = {"question": 1, "answer": 2}
    who = person(permissions=MAY)
    with pytest.raises(Forbidden):
        importing.bring_in(kept, name, mapping, locale="de", publish=True, actor=who)
    with pytest.raises(Forbidden):
        importing.bring_in(kept, name, mapping, locale="de", actor=person("nora", ["view_question"]))
    job = importing.bring_in(kept, name, mapping, locale="de", actor=who)
    work()
    job.refresh_from_db()
    assert (job.failures, Source.objects.get().state) == ([], "draft")


def test_at_the_desk_columns_are_mapped_looked_at_again_and_taken() -> None:
    client: Client = signed_in(person(permissions=[*MAY, "view_job"]))
    assert reverse("admin:faq_import") in client.get(reverse("admin:faq_question_changelist")).content.decode()
    looked = client.post(reverse("admin:faq_import"), {"upload": SimpleUploadedFile("fragen.csv", GERMAN)})
    assert (len(looked.context["looked"].rows), Source.objects.count()) == (2, 0)
    assert "Er kostet 30 Euro im Jahr." in looked.content.decode()
    assert "publish" not in looked.context["form"].fields
    form = {"token": looked.context["token"], "locale": "de", "column_question": "1", "column_answer": "3"}
    again = client.post(reverse("admin:faq_import_columns"), form)
    assert [row["answer"] for row in again.context["looked"].rows] == ["Parken"] * 3
    assert Job.objects.filter(kind="ingest").count() == 0
    wrong = client.post(reverse("admin:faq_import_columns"), form | {"column_answer": "1", "take": "1"})
    assert "each a column of its own" in wrong.content.decode()
    done = client.post(reverse("admin:faq_import_columns"), form | {"column_answer": "2", "take": "1"})
    job = Job.objects.get(kind="ingest")
    assert done["Location"] == reverse("admin:faq_job_change", args=[job.pk])
    work()
    assert Question.objects.count() == 2


def test_the_desk_takes_no_file_that_it_did_not_show_to_this_person() -> None:
    anna, berta = signed_in(person(permissions=MAY)), signed_in(person("berta", MAY))
    token = anna.post(reverse("admin:faq_import"), {"upload": SimpleUploadedFile("f.csv", GERMAN)}).context["token"]
    kept = uploads.keep(GERMAN, "other.csv")
    for client, sent in ((berta, token), (anna, kept)):
        page = client.post(reverse("admin:faq_import_columns"), {"token": sent, "take": "1"}, follow=True)
        assert "This preview is too old" in page.content.decode()
    assert Job.objects.filter(kind="ingest").count() == 0
    nobody = signed_in(person("nora", ["view_question"]))
    assert nobody.get(reverse("admin:faq_import")).status_code == 403
    assert reverse("admin:faq_import") not in nobody.get(reverse("admin:faq_question_changelist")).content.decode()


@pytest.mark.parametrize("form", [{}, {"url": "not an address"}, {"url": "https://a.example", "upload": "file"}])
def test_one_file_or_one_address_is_asked_for(form: dict[str, Any]) -> None:
    given = {name: SimpleUploadedFile("f.csv", GERMAN) if value == "file" else value for name, value in form.items()}
    page = signed_in(person(permissions=MAY)).post(reverse("admin:faq_import"), given)
    assert page.context["form"].errors


def test_a_file_that_is_no_longer_held_is_asked_for_again(settings: Any) -> None:
    client = signed_in(person(permissions=MAY))
    looked = client.post(reverse("admin:faq_import"), {"upload": SimpleUploadedFile("fragen.csv", GERMAN)})
    for path in (Path(settings.MEDIA_ROOT) / "sources").glob("*/*"):
        path.unlink()
    page = client.post(reverse("admin:faq_import_columns"), {"token": looked.context["token"], "take": "1"})
    assert (page.status_code, page["Location"]) == (302, reverse("admin:faq_import"))
