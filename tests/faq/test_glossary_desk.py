"""The glossary at the desk: what a term would change, translated again by machine only; the glossary as CSV and TBX."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from faq.domain import glossary, glossary_table, review
from faq.enums import JobState
from faq.errors import Forbidden, Invalid
from faq.gateways import translation
from faq.models import AnswerRevision, GlossaryTerm, Job, Question, TranslationUnit
from tests.faq.desk import messages, person, signed_in
from tests.faq.factories import COST, make_question, make_source, passages, remember, set_policy, work

pytestmark = pytest.mark.django_db
MAY = ["view_glossaryterm", "add_glossaryterm", "change_glossaryterm"]
OTHER = "Your permit is ready."


@pytest.fixture(autouse=True)
def engine(settings: Any) -> Iterator[None]:
    settings.POLYFAQ = settings.POLYFAQ | {"TRANSLATION_ENGINE": "translation.engine.FakeEngine"}
    translation.reset()
    yield
    translation.reset()


@pytest.fixture
def client() -> Client:
    return signed_in(person(permissions=MAY))


def term(word: str = "permit", **fields: Any) -> GlossaryTerm:
    row = {"source_locale_id": "en", "target_locale_id": "de", "term": word, "translation": "Bewohnerausweis"} | fields
    return glossary.save_term(GlossaryTerm(**row))


def test_a_term_touches_what_a_machine_translated_otherwise_and_nothing_of_a_person() -> None:
    wrong = remember(COST, "Eine Erlaubnis kostet 30 Euro.", human=False)
    remember(OTHER, "Ihr Bewohnerausweis ist fertig.", human=False)
    remember("A permit is not a ticket.", "Eine Erlaubnis ist keine Karte.")
    remember("A permit, again.", "Un permis.", "fr", human=False)
    remember("The pier is open.", "Der Steg ist offen.", human=False)
    assert glossary.touched(term()) == [wrong]
    assert [unit.target_locale_id for unit in glossary.touched(kept())] == ["fr", "de", "de"]


def kept(word: str = "permit") -> GlossaryTerm:
    return term(word, kind="keep", translation="", target_locale_id=None)


def test_translating_again_changes_the_machines_sentences_and_the_answers_that_hold_them() -> None:
    set_policy("de", "publish")
    question: Question = make_question(cites=passages(make_source(f"{OTHER} Fetch it."))[0], quote=OTHER, key="permit")
    remember(OTHER, "Ihre Erlaubnis ist fertig.", human=False)
    by_hand = remember(COST, "Eine Erlaubnis kostet 30 Euro.")
    work()
    answer = AnswerRevision.objects.get(answer__question=question, locale_id="de", state="published")
    assert answer.text.startswith("Ihre Erlaubnis")
    job = glossary.translate_touched(kept())
    work()
    job.refresh_from_db()
    by_hand.refresh_from_db()
    assert (job.state, by_hand.target_text) == (JobState.SUCCEEDED, "Eine Erlaubnis kostet 30 Euro.")
    made = TranslationUnit.objects.get(source_text=OTHER, target_locale_id="de")
    assert ("permit" in made.target_text, made.origin) == (True, "machine")
    now = AnswerRevision.objects.get(answer__question=question, locale_id="de", state="published")
    assert now.text.startswith(made.target_text)
    with pytest.raises(Invalid, match="honours this term already"):
        glossary.translate_touched(GlossaryTerm.objects.get())


def test_no_engine_is_told_which_word_to_use() -> None:
    remember(COST, "Eine Erlaubnis kostet 30 Euro im Jahr.", human=False)
    with pytest.raises(Invalid, match="No engine can be told which word to use"):
        glossary.translate_touched(term())
    assert Job.objects.filter(kind="apply_term").count() == 0


def test_an_answer_that_a_person_approved_stays() -> None:
    set_policy("de", "publish")
    question = make_question(cites=passages(make_source())[0], quote=COST, key="permit")
    review.settle(question, "de", {COST: "Eine Erlaubnis kostet 30 Euro im Jahr."}, publish=True)
    assert glossary.touched(term()) == []


def test_who_may_not_change_terms_translates_nothing_again() -> None:
    remember(COST, "Eine Erlaubnis kostet 30 Euro.", human=False)
    name = kept()
    with pytest.raises(Forbidden):
        glossary.translate_touched(name, person(permissions=["view_glossaryterm"]))
    viewer = signed_in(person("vera", ["view_glossaryterm"]))
    address = reverse("admin:faq_glossary_touched", args=[name.pk])
    page = viewer.get(address).content.decode()
    assert ("Eine Erlaubnis kostet" in page, "translate them again" in page) == (True, False)
    assert viewer.post(address).status_code == 403
    assert signed_in(person("nora", [])).get(address).status_code == 403


def test_saving_a_term_says_what_it_touches_and_leads_there(client: Client) -> None:
    remember(COST, "Eine Erlaubnis kostet 30 Euro.", human=False)
    form = {"source_locale": "en", "term": "permit", "translation": "", "kind": "keep"}
    response = client.post(reverse("admin:faq_glossaryterm_add"), form, follow=True)
    address = reverse("admin:faq_glossary_touched", args=[GlossaryTerm.objects.get().pk])
    said = " ".join(messages(response))
    assert ("1 sentence by machine does not honour this term." in said, address in said) == (True, True)
    assert messages(client.post(address, follow=True)) == ["The machine translates them again in the background."]
    assert Job.objects.filter(kind="apply_term").count() == 1


def test_the_glossary_goes_out_as_tbx_and_csv_and_comes_back_the_same(tmp_path: Path) -> None:
    term(note="of residents")
    term("Larkmouth", kind="keep", translation="", target_locale_id=None, case_sensitive=True)
    term("permit", kind="forbidden", translation="Erlaubnis")
    before = list(GlossaryTerm.objects.order_by("term", "kind").values())
    for name in ("g.tbx", "g.csv"):
        assert glossary_table.export_file(tmp_path / name) == 3
        assert glossary_table.import_file(tmp_path / name, dry_run=True).unchanged == 3
    GlossaryTerm.objects.all().delete()
    assert glossary_table.import_file(tmp_path / "g.tbx").added == 3
    after = list(GlossaryTerm.objects.order_by("term", "kind").values())
    assert [{**row, "id": 0} for row in after] == [{**row, "id": 0} for row in before]
    with pytest.raises(Invalid, match=r"ends in \.csv, \.tbx"):
        glossary_table.export_file(tmp_path / "g.xls")


def test_terms_in_languages_that_are_not_here_are_counted_and_left(tmp_path: Path) -> None:
    from translation.tbx import write_tbx
    from translation.types import TermRow

    path = tmp_path / "g.tbx"
    write_tbx(
        path,
        [TermRow("en", "permit", "da", "Tilladelse", "preferred"), TermRow("en", "pier", "de", "Steg", "preferred")],
        "en",
    )
    done = glossary_table.import_file(path)
    assert (done.added, done.skipped, GlossaryTerm.objects.get().term) == (1, 1, "pier")


CSV = b"term,from,into,translation\npermit,en,de,Ausweis\n"


def test_at_the_desk_a_file_is_counted_before_it_is_kept(client: Client) -> None:
    address, take = reverse("admin:faq_glossary_files"), reverse("admin:faq_glossary_take")
    looked = client.post(address, {"file": SimpleUploadedFile("terms.csv", CSV)})
    assert (looked.context["counted"].added, GlossaryTerm.objects.count()) == (1, 0)
    other = signed_in(person("berta", MAY))
    assert messages(other.post(take, {"token": looked.context["token"]}, follow=True)) == [
        "This preview is too old. Choose the file again."
    ]
    assert GlossaryTerm.objects.count() == 0
    assert messages(client.post(take, {"token": looked.context["token"]}, follow=True)) == [
        "Terms added: 1, changed: 0."
    ]
    answer: Any = client.get(f"{address}?format=tbx")
    assert b"Ausweis" in b"".join(answer.streaming_content)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.xlsx", b"x", "ends in .csv, .tbx"),
        ("a.csv", b"word\nx\n", "missing: term, from"),
        ("a.tbx", b"<a/>", "MARTIF"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(client: Client, name: str, data: bytes, said: str) -> None:
    page = client.post(reverse("admin:faq_glossary_files"), {"file": SimpleUploadedFile(name, data)})
    assert (said in page.content.decode(), page.context["counted"]) == (True, None)


def test_who_may_only_look_downloads_and_takes_nothing_in() -> None:
    viewer = signed_in(person("vera", ["view_glossaryterm"]))
    address = reverse("admin:faq_glossary_files")
    assert viewer.get(address).status_code == 200
    assert viewer.post(address, {"file": SimpleUploadedFile("terms.csv", CSV)}).status_code == 403
    assert viewer.post(reverse("admin:faq_glossary_take"), {"token": "x"}).status_code == 403


def test_a_term_that_is_there_already_is_refused_beside_the_form_and_may_be_changed_itself(client: Client) -> None:
    held = kept()
    form = {"source_locale": "en", "term": "permit", "translation": "", "kind": "keep"}
    page = client.post(reverse("admin:faq_glossaryterm_add"), form)
    assert "is in the glossary already" in page.content.decode()
    with pytest.raises(Invalid, match="is in the glossary already"):
        kept()
    own = reverse("admin:faq_glossaryterm_change", args=[held.pk])
    assert client.post(own, form | {"note": "on every sign"}).status_code == 302
    assert GlossaryTerm.objects.get().note == "on every sign"


def test_a_file_that_is_no_longer_held_is_asked_for_again(client: Client, settings: Any) -> None:
    looked = client.post(reverse("admin:faq_glossary_files"), {"file": SimpleUploadedFile("terms.csv", CSV)})
    for path in (Path(settings.MEDIA_ROOT) / "sources").glob("*/*"):
        path.unlink()
    page = client.post(reverse("admin:faq_glossary_take"), {"token": looked.context["token"]}, follow=True)
    assert (page.status_code, "Upload it again" in messages(page)[0]) == (200, True)
