"""Files for translators: what is missing or stale goes out, comes back, lands in the answers, and nobody's work is lost."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse

from faq.domain import answers, people, questions, review, translators, uploads
from faq.enums import Fate, JobState, Origin, Wanted
from faq.errors import Forbidden, Invalid
from faq.gateways import translation
from faq.models import AnswerRevision, AuditEntry, GlossaryTerm, Job, Question, TranslationUnit
from tests.faq.desk import person, signed_in
from tests.faq.factories import COST, citation, make_question, make_source, passages, remember, set_policy, work
from translation.po import read_po
from translation.types import SegmentState, Work
from translation.xliff import read_xliff, write_xliff

pytestmark = pytest.mark.django_db
GERMAN, LATER = "Ein Ausweis kostet 30 Euro im Jahr.", "Der Ausweis kostet 30 Euro im Jahr."
TRANSLATES = ["view_translationunit", "change_translationunit", "view_job"]


@pytest.fixture
def question() -> Question:
    question = make_question(cites=passages(make_source())[0], quote=COST, key="permit")
    set_policy("de", "publish")
    work()
    return question


def wording(question: Question) -> str:
    return str(question.phrasings.get(canonical=True, locale_id="en").text)


def shown(question: Question, tag: str = "de") -> tuple[str, str]:
    row = AnswerRevision.objects.filter(answer__question=question, locale_id=tag, state="published").first()
    return (row.text, row.origin) if row else ("", "")


def sent_back(folder: Path, pairs: dict[str, str], *, tag: str = "de", state: str = "translated") -> Path:
    path = folder / f"back-{tag}.xlf"
    write_xliff(path, [Work("k", s, t, SegmentState(state)) for s, t in pairs.items()], "en", tag)
    return path


def take(path: Path, actor: Any = None, **options: bool) -> Job:
    job = translators.import_file(translators.keep(path.read_bytes(), path.name), path.name, actor=actor, **options)
    work()
    job.refresh_from_db()
    return job


def fates(path: Path) -> dict[str, int]:
    return {fate.value: count for fate, count in translators.plan_import(path).by_fate().items()}


def test_what_a_person_translated_stays_here_and_the_rest_goes_out_with_the_machines_text(question: Question) -> None:
    TranslationUnit.objects.all().delete()
    remember(COST, GERMAN, human=False)
    remember(wording(question), "Was kostet ein Ausweis?", human=True)
    GlossaryTerm.objects.create(source_locale_id="en", target_locale_id="de", term="permit", translation="Ausweis")

    def out(wanted: str) -> list[tuple[str, str, str]]:
        return [(each.source, each.target, each.state.value) for each in translators.outstanding("en", "de", wanted)]

    assert out(Wanted.MISSING) == []
    assert out(Wanted.UNCHECKED) == [(COST, GERMAN, "initial")]
    assert out(Wanted.ALL) == [(wording(question), "Was kostet ein Ausweis?", "translated"), (COST, GERMAN, "initial")]
    assert translators.outstanding("en", "de")[0].notes == ("permit", "permit = Ausweis")
    assert [each.source for each in translators.outstanding("en", "fr", Wanted.MISSING)] == [wording(question), COST]
    assert translators.standings("en")["de"] == translators.Standing(person=1, machine=1, missing=0)
    assert translators.standings("en")["fr"] == translators.Standing(person=0, machine=0, missing=2)


def test_a_sentence_that_changed_goes_out_and_the_one_that_did_not_stays(question: Question) -> None:
    review.settle(question, "de", {COST: GERMAN}, wording="Was kostet ein Ausweis?", publish=True)
    assert translators.outstanding("en", "de") == []
    passage = passages(question.answer.revisions.get(is_translation=False).citations.get().passage.revision.source)[0]
    added = "Pay by card."
    answers.save_revision(
        question, locale="en", text=f"{COST} {added} [1]", citations=[citation(passage, COST)], state="published"
    )
    assert [each.source for each in translators.outstanding("en", "de")] == [added]


def test_the_same_sentence_of_two_questions_goes_out_once_with_both_keys(question: Question) -> None:
    passage = question.answer.revisions.get(is_translation=False).citations.get().passage
    make_question(cites=passage, quote=COST, key="again")
    found = [each for each in translators.outstanding("en", "fr") if each.source == COST]
    assert [each.notes[0] for each in found] == ["permit, again"]


def test_drafts_and_retired_questions_are_nobodys_work(question: Question) -> None:
    questions.retire_question(question)
    assert translators.sentences("en") == {}
    with pytest.raises(Invalid, match="nothing to translate"):
        translators.export_file(Path("x.xlf"), "en", "fr")


@pytest.mark.parametrize("ending", ["xlf", "po"])
def test_out_translated_and_back_in_readers_see_it(ending: str, question: Question, tmp_path: Path) -> None:
    path = tmp_path / f"de.{ending}"
    assert translators.export_file(path, "en", "de") == 2
    read = read_xliff if ending == "xlf" else read_po
    source, target, rows = read(path)
    assert (source, target, {row.source for row in rows}) == ("en", "de", {wording(question), COST})
    done = {COST: LATER, wording(question): "Was kostet der Ausweis?"}
    translation.write_work(
        path, [Work(row.id, row.source, done[row.source], SegmentState.TRANSLATED) for row in rows], source, target
    )
    job = take(path)
    assert (job.state, job.failures) == (JobState.SUCCEEDED, [])
    text, origin = shown(question)
    assert text.startswith(LATER)
    assert origin in (Origin.HUMAN, Origin.MEMORY)
    assert question.phrasings.get(locale_id="de", canonical=True).text == "Was kostet der Ausweis?"
    assert fates(path) == {"same": 2}
    assert AuditEntry.objects.filter(verb="import").values_list("after", flat=True)[0]["file"] == path.name


def test_a_persons_words_are_replaced_only_when_that_was_asked_for(question: Question, tmp_path: Path) -> None:
    review.settle(question, "de", {COST: GERMAN}, publish=True)
    path = sent_back(tmp_path, {COST: LATER})
    assert fates(path) == {"over_person": 1}
    with pytest.raises(Invalid, match="Nothing in this file"):
        take(path)
    assert shown(question)[0].startswith(GERMAN)
    assert take(path, replace=True).state == JobState.SUCCEEDED
    assert shown(question)[0].startswith(LATER)
    entry = AuditEntry.objects.filter(verb="import").get()
    assert entry.after == {"file": "back-de.xlf", "from": "en", "added": 0, "changed": 1}


def test_a_changed_number_is_not_taken_unless_somebody_insists(question: Question, tmp_path: Path) -> None:
    path = sent_back(tmp_path, {COST: "Ein Ausweis kostet 50 Euro im Jahr."})
    plan = translators.plan_import(path)
    assert [(row.fate, row.verdict) for row in plan.rows] == [(Fate.FAILED, "parity:numbers")]
    with pytest.raises(Invalid):
        take(path)
    take(path, failed=True)
    assert TranslationUnit.objects.get(source_text=COST, target_locale_id="de").target_text.startswith(
        "Ein Ausweis kostet 50"
    )


def test_a_machines_text_that_came_back_untouched_is_not_taken_for_a_persons(
    question: Question, tmp_path: Path
) -> None:
    TranslationUnit.objects.all().delete()
    remember(COST, GERMAN, human=False)
    assert fates(sent_back(tmp_path, {COST: GERMAN}, state="initial")) == {"unfinished": 1}
    assert fates(sent_back(tmp_path, {COST: GERMAN})) == {"confirms": 1}
    assert fates(sent_back(tmp_path, {COST: LATER}, state="initial")) == {"over_machine": 1}
    assert fates(sent_back(tmp_path, {COST: " "})) == {"unfinished": 1}
    assert fates(sent_back(tmp_path, {COST: "x" * 10_001})) == {"too_long": 1}


def test_what_stands_in_no_answer_now_is_kept_and_languages_that_are_not_here_are_told(
    question: Question, tmp_path: Path
) -> None:
    path = sent_back(tmp_path, {"Gone since.": "Seither weg.", COST: GERMAN})
    assert translators.plan_import(path).unused == 1
    take(path)
    assert TranslationUnit.objects.get(source_text="Gone since.").origin == Origin.HUMAN
    elsewhere = translators.plan_import(sent_back(tmp_path, {COST: "Hvad?"}, tag="da"))
    assert (elsewhere.rows, elsewhere.unknown) == ((), {"en → da": 1})


def test_a_translator_takes_in_the_languages_that_are_assigned_and_no_others(
    question: Question, tmp_path: Path
) -> None:
    who = person(permissions=TRANSLATES)
    people.assign_locales(who, ["fr"])
    path = sent_back(tmp_path, {COST: LATER})
    with pytest.raises(Forbidden, match="not into Deutsch"):
        take(path, who)
    people.assign_locales(who, ["de"])
    before = shown(question)
    job = take(path, who)
    assert (job.failures, before[0].startswith(LATER), shown(question)[0].startswith(LATER)) == ([], False, True)
    with pytest.raises(Forbidden):
        take(path, person("reader", ["view_translationunit"]))


def test_a_job_that_was_broken_off_after_the_memory_is_finished_by_the_next_run(
    question: Question, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sent_back(tmp_path, {COST: LATER})
    with monkeypatch.context() as patched:

        def dies(*args: Any) -> None:
            raise Invalid("The power is gone.")

        patched.setattr("faq.domain.translators.incoming._follow", dies)
        job = take(path)
    assert (job.state, shown(question)[0].startswith(LATER)) == (JobState.FAILED, False)
    assert TranslationUnit.objects.get(source_text=COST, target_locale_id="de").target_text == LATER
    from faq.domain import jobs

    jobs.retry(job.pk)
    work()
    job.refresh_from_db()
    assert (job.state, shown(question)[0].startswith(LATER)) == (JobState.SUCCEEDED, True)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.docx", b"x", "ends in xlf, po, tmx"), ("a.xlf", b"<xliff", "not well-formed"), ("a.po", b"Hello.", "PO file"),
        ("a.tmx", b"<xliff/>", "no TMX file"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_says_why_and_keeps_nothing(
    name: str, data: bytes, said: str, tmp_path: Path, question: Question
) -> None:
    path, before = tmp_path / name, TranslationUnit.objects.count()
    path.write_bytes(data)
    with pytest.raises(Invalid, match=said):
        translators.plan_import(path)
    assert TranslationUnit.objects.count() == before


def test_bounds(question: Question, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = sent_back(tmp_path, {COST: LATER, "Other.": "Anderes."})
    monkeypatch.setattr("faq.domain.translators.incoming.MOST", 1)
    with pytest.raises(Invalid, match="more than 1 sentences"):
        translators.plan_import(path)
    monkeypatch.setattr("faq.domain.translators.incoming.LARGEST", 10)
    with pytest.raises(Invalid, match="larger than"):
        translators.plan_import(path)


def test_at_the_desk_a_file_is_shown_before_it_is_taken_in(question: Question, tmp_path: Path) -> None:
    client = signed_in(person(permissions=TRANSLATES))
    address = reverse("admin:faq_translators")
    page = client.get(address).content.decode()
    assert "Deutsch" in page
    answer: Any = client.get(f"{address}?source=en&target=de&wanted=unchecked&format=xlf")
    data = b"".join(answer.streaming_content)
    assert (answer["Content-Disposition"], b"urn:oasis:names:tc:xliff:document:2.0" in data) == (
        'attachment; filename="en-de.xlf"', True,
    )  # fmt: skip
    review.settle(question, "de", {COST: GERMAN}, publish=True)
    with sent_back(tmp_path, {COST: LATER}).open("rb") as file:
        looked = client.post(address, {"file": file})
    shown_page = looked.content.decode()
    assert ("Also replace what people wrote here: 1" in shown_page, GERMAN in shown_page, LATER in shown_page) == (
        True,
    ) * 3
    assert Job.objects.filter(kind="import_translations").count() == 0
    token = looked.context["token"]
    refused = client.post(reverse("admin:faq_translators_take"), {"token": token})
    assert "Nothing in this file would be taken in." in refused.content.decode()
    done = client.post(reverse("admin:faq_translators_take"), {"token": token, "replace": "1"})
    job = Job.objects.get(kind="import_translations")
    assert (done.status_code, done["Location"]) == (302, reverse("admin:faq_job_change", args=[job.pk]))
    work()
    assert shown(question)[0].startswith(LATER)


def test_the_desk_takes_no_kept_file_that_it_did_not_show_to_this_person(question: Question, tmp_path: Path) -> None:
    anna, berta = signed_in(person(permissions=TRANSLATES)), signed_in(person("berta", TRANSLATES))
    with sent_back(tmp_path, {COST: LATER}).open("rb") as file:
        token = anna.post(reverse("admin:faq_translators"), {"file": file}).context["token"]
    kept = uploads.keep(b"secret", "other.xlf")
    for client, sent in ((berta, token), (anna, kept), (anna, "")):
        answer = client.post(reverse("admin:faq_translators_take"), {"token": sent}, follow=True)
        assert "This preview is too old" in answer.content.decode()
    assert Job.objects.filter(kind="import_translations").count() == 0


def test_who_may_only_look_downloads_and_takes_nothing_in(question: Question, tmp_path: Path) -> None:
    client: Client = signed_in(person(permissions=["view_translationunit"]))
    assert client.get(reverse("admin:faq_translators")).status_code == 200
    with sent_back(tmp_path, {COST: LATER}).open("rb") as file:
        assert client.post(reverse("admin:faq_translators"), {"file": file}).status_code == 403
    assert client.post(reverse("admin:faq_translators_take"), {"token": "x"}).status_code == 403
    assert signed_in(person("nobody", [])).get(reverse("admin:faq_translators")).status_code == 403


def test_the_page_costs_the_same_queries_for_many_questions(
    question: Question, django_assert_max_num_queries: Any
) -> None:
    client = signed_in(person(permissions=TRANSLATES))
    passage = question.answer.revisions.get(is_translation=False).citations.get().passage
    for number in range(5):
        make_question(cites=passage, quote=COST, key=f"more-{number}")
    client.get(reverse("admin:faq_translators"))
    with django_assert_max_num_queries(16):
        client.get(reverse("admin:faq_translators"))


def test_the_command_writes_says_and_takes_in(question: Question, tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "de.po"
    call_command("translators", "export", str(path), "--into", "de")
    assert capsys.readouterr().out.strip() == "2 written"
    back = sent_back(tmp_path, {COST: LATER})
    call_command("translators", "import", str(back), "--dry-run", "--json")
    assert capsys.readouterr().out.strip() in ('{"new": 1}', '{"over_machine": 1}')
    assert not TranslationUnit.objects.filter(target_text=LATER).exists()
    call_command("translators", "import", str(back))
    work()
    assert shown(question)[0].startswith(LATER)
    for wrong in (
        ["export", str(path)],
        ["export", str(tmp_path / "a.doc"), "--into", "de"],
        ["import", str(tmp_path / "no.po")],
    ):
        with pytest.raises(CommandError):
            call_command("translators", *wrong)


def test_a_file_that_is_no_longer_held_is_asked_for_again(question: Question, tmp_path: Path, settings: Any) -> None:
    client = signed_in(person(permissions=TRANSLATES))
    looked = client.post(
        reverse("admin:faq_translators"),
        {"file": SimpleUploadedFile("back.xlf", sent_back(tmp_path, {COST: LATER}).read_bytes())},
    )
    for path in (Path(settings.MEDIA_ROOT) / "sources").glob("*/*"):
        path.unlink()
    page = client.post(reverse("admin:faq_translators_take"), {"token": looked.context["token"], "take": "1"})
    assert (page.status_code, page["Location"]) == (302, reverse("admin:faq_translators"))
