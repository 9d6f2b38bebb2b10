"""The memory as people and jobs use it: filled without waste, corrected everywhere at once, in and out as TMX."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from faq.domain import answers, indexing, jobs, publication, review, tmx, topics, translations
from faq.enums import JobKind, Origin, State, TranslationPolicy
from faq.errors import Conflict, Invalid, Unavailable
from faq.models import AnswerRevision, AuditEntry, Job, Phrasing, Question, Source, TranslationUnit
from faq.queries import content
from tests.faq.factories import make_question, make_source, passages, remember, set_policy, translate_into, work
from translation.types import LanguagePair

pytestmark = pytest.mark.django_db
TEXT = "# Permits\n\nA permit costs 30 euros. You can apply online.\n"
COST, APPLY = "A permit costs 30 euros.", "You can apply online."


@pytest.fixture
def source(engine: Any) -> Source:
    translate_into("de", "fr")
    return make_source(TEXT, title="Parking")


@pytest.fixture
def permit(source: Source) -> Question:
    """Answered in both sentences of the source."""
    (passage,) = passages(source)
    return make_question("What does a permit cost?", cites=passage, key="permit", answer=f"{COST} [1] {APPLY} [1]")


def fill(source: Source | None, *locales: str) -> int:
    job = Job.objects.create(kind=JobKind.FILL_MEMORY, state="running")
    made = translations.fill_memory(source.pk if source else None, locales, jobs.Progress(job))
    job.delete()
    return made


def memory(locale: str = "de") -> dict[str, tuple[str, str, bool]]:
    rows = TranslationUnit.objects.filter(target_locale_id=locale)
    return {row.source_text: (row.target_text, row.origin, row.approved) for row in rows}


def german(question: Question) -> AnswerRevision:
    """What readers see in German."""
    return AnswerRevision.objects.get(answer__question=question, locale_id="de", state=State.PUBLISHED)


class TestFilling:
    def test_title_headings_and_sentences_are_translated_each_once(self, source: Source, engine: Any) -> None:
        assert translations.source_texts(source) == ["Parking", "Permits", COST, APPLY]
        assert fill(source, "de") == 4
        assert memory()[COST] == (f"[de] {COST}", "machine", False)
        assert (engine.calls, sorted(engine.texts)) == (1, sorted(["Parking", "Permits", COST, APPLY]))

    def test_where_no_package_leads_nothing_is_looked_up_and_the_index_is_left_alone(
        self, source: Source, engine: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(engine, "_pairs", [LanguagePair("en", "de")])
        assert translations.translatable(source.pk, ["de", "fr"]) == ["de"]
        assert translations.translatable(None, ["fr"]) == []
        synced: list[int] = []
        monkeypatch.setattr(indexing, "sync_source", synced.append)
        for locale in ("fr", "de"):
            jobs.run(jobs.enqueue(JobKind.FILL_MEMORY, {"source_id": source.pk, "locales": [locale]}).pk)
        assert (engine.calls, synced, memory("fr"), len(memory("de"))) == (1, [source.pk], {}, 4)

    def test_the_topic_is_translated_with_its_sources(self, source: Source) -> None:
        Source.objects.update(topic=topics.ensure_topic("traffic", title="Traffic", description="On the road."))
        assert {"Traffic", "On the road."} <= set(translations.source_texts(Source.objects.get()))

    def test_what_the_memory_holds_costs_nothing(self, source: Source, engine: Any) -> None:
        remember(COST, "Ein Ausweis kostet 30 Euro.")
        fill(source, "de")
        assert COST not in engine.texts
        engine.calls = 0
        assert (fill(source, "de"), engine.calls) == (0, 0)
        assert memory()[COST] == ("Ein Ausweis kostet 30 Euro.", "human", True)

    def test_all_sources_of_a_language_are_translated_together(self, source: Source, engine: Any) -> None:
        make_source(f"# Other\n\n{COST} Another text.\n", title="Other")
        fill(None, "de")
        assert (engine.calls, engine.texts.count(COST)) == (1, 1)

    def test_drafts_and_retired_sources_cost_nothing(self, source: Source, engine: Any) -> None:
        publication.retire_source(source)
        make_source("A draft. Not seen yet.", publish=False)
        assert (fill(None, "de"), fill(source, "de"), engine.texts) == (0, 0, [])

    def test_a_source_is_not_translated_into_its_own_language(self, engine: Any) -> None:
        translate_into("de", "en")
        source = make_source("# Ausweise\n\nEin Ausweis kostet 30 Euro.\n", locale="de", title="Parken")
        fill(source, "de", "en")
        assert set(TranslationUnit.objects.values_list("source_locale", "target_locale")) == {("de", "en")}

    def test_where_machines_may_not_translate_none_is_asked(self, source: Source, engine: Any) -> None:
        set_policy("de", TranslationPolicy.OFF)
        assert (fill(source, "de"), engine.calls, memory()) == (0, 0, {})

    def test_one_pair_that_cannot_be_translated_never_fails_the_others(
        self, source: Source, engine: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        translate = engine.translate

        def broken(texts: list[str], pair: Any) -> list[str]:
            from translation.types import EngineUnavailable

            if pair.target == "de":
                raise EngineUnavailable("The model is broken.")
            result: list[str] = translate(texts, pair)
            return result

        monkeypatch.setattr(engine, "translate", broken)
        job = Job.objects.create(kind=JobKind.FILL_MEMORY, state="running")
        progress = jobs.Progress(job)
        assert translations.fill_memory(source.pk, ["de", "fr"], progress) == 4
        assert progress.failures == [{"item": "en → de, 1–4", "reason": "The model is broken."}]
        assert (progress.done, progress.total) == (8, 8)

    def test_publishing_fills_the_memory_and_indexes_the_translated_passage(self, source: Source, starter: Any) -> None:
        work()
        assert indexing.check().missing == ()
        assert {entry.locale for entry in indexing.passage_entries()} == {"en", "de", "fr"}


class TestPeople:
    def test_a_correction_is_a_persons_from_now_on(self, source: Source) -> None:
        editor = get_user_model().objects.create_superuser("editor")
        unit = remember(COST, "Maschinell.", human=False)
        translations.correct_unit(unit, "  Ein Ausweis kostet 30 Euro.  ", editor)
        assert memory()[COST] == ("Ein Ausweis kostet 30 Euro.", "human", True)
        assert (unit.changed_by, unit.verdict) == (editor, "")
        entry = AuditEntry.objects.get(verb="correct")
        assert (entry.actor, entry.before["text"], entry.after["text"]) == (
            editor, "Maschinell.", "Ein Ausweis kostet 30 Euro.",
        )  # fmt: skip

    def test_a_correction_reaches_every_answer_that_holds_the_sentence(self, permit: Question, source: Source) -> None:
        other = make_question("How much is it?", cites=passages(source)[0], quote=COST, answer=f"{COST} [1]")
        for question in (permit, other):
            answers.translate_answer(question, "de")
        translations.correct_unit(TranslationUnit.objects.get(source_text=COST), "Er kostet 30 Euro.")
        assert german(permit).text == f"Er kostet 30 Euro. [1] [de] {APPLY} [1]"
        assert german(other).text == "Er kostet 30 Euro. [1]"
        assert [row["origin"] for row in german(permit).segments] == ["human", "machine"]
        assert AnswerRevision.objects.filter(answer__question=permit, locale_id="de").count() == 2

    def test_readers_see_a_correction_at_once(self, permit: Question) -> None:
        answers.translate_answer(permit, "de")
        translations.correct_unit(TranslationUnit.objects.get(source_text=COST), "Er kostet 30 Euro.")
        payload = content.answer(permit, "de")
        assert payload is not None
        assert payload.segments[0].text == "Er kostet 30 Euro."

    def test_a_correction_completes_an_answer_that_lacked_the_sentence(self, permit: Question, engine: Any) -> None:
        set_policy("de", TranslationPolicy.OFF)
        remember(APPLY, "Online.")
        answers.translate_answer(permit, "de")
        assert not AnswerRevision.objects.filter(answer__question=permit, locale_id="de").exists()
        translations.record_translation(COST, "en", "de", "Er kostet 30 Euro.")
        work()
        assert german(permit).text == "Er kostet 30 Euro. [1] Online. [1]"

    def test_approving_keeps_the_words_and_makes_them_a_persons(self, source: Source) -> None:
        unit = translations.approve_unit(remember(COST, "Er kostet 30 Euro.", human=False))
        assert memory()[COST] == ("Er kostet 30 Euro.", "human", True)
        assert AuditEntry.objects.filter(verb="approve", object_id=str(unit.pk)).count() == 1

    def test_approving_twice_is_once(self, source: Source) -> None:
        unit = remember(COST, "Er kostet 30 Euro.", human=False)
        translations.approve_unit(unit)
        translations.approve_unit(unit)
        assert AuditEntry.objects.filter(verb="approve").count() == 1

    def test_what_failed_a_check_cannot_be_approved_but_corrected(self, source: Source) -> None:
        unit = remember(COST, "Er Er Er", human=False, verdict="repetition")
        with pytest.raises(Invalid, match="failed a check"):
            translations.approve_unit(unit)
        translations.correct_unit(unit, "Er kostet 30 Euro.")
        assert (unit.verdict, memory()[COST][0]) == ("", "Er kostet 30 Euro.")

    @pytest.mark.parametrize(("text", "message"), [("  ", "cannot be empty"), ("x" * 10_001, "at most 10000")])
    def test_what_is_no_translation_is_refused(self, source: Source, text: str, message: str) -> None:
        unit = remember(COST, "Er kostet 30 Euro.")
        with pytest.raises(Invalid, match=message):
            translations.correct_unit(unit, text)
        assert memory()[COST][0] == "Er kostet 30 Euro."

    def test_of_two_editors_the_second_is_told(self, source: Source) -> None:
        unit = remember(COST, "Alt.", human=False)
        translations.correct_unit(unit, "Erste.", expected="Alt.")
        with pytest.raises(Conflict, match="Somebody else"):
            translations.correct_unit(unit, "Zweite.", expected="Alt.")
        assert memory()[COST][0] == "Erste."

    def test_a_machine_never_takes_back_what_a_person_corrected(self, source: Source, engine: Any) -> None:
        fill(source, "de")
        translations.correct_unit(TranslationUnit.objects.get(source_text=COST), "Von Hand.")
        engine.name = "newer-2"
        fill(source, "de")
        assert memory()[COST] == ("Von Hand.", "human", True)


class TestReviewing:
    def test_the_sheet_shows_each_sentence_with_where_it_came_from(self, permit: Question) -> None:
        remember(COST, "Er kostet 30 Euro.")
        remember(APPLY, "Online Online", human=False, verdict="repetition", engine="fake-1")
        rows = review.sheet(permit, "de").sentences
        assert [(row.text, row.origin, row.verdict) for row in rows] == [
            ("Er kostet 30 Euro.", "memory", ""),
            ("Online Online", "machine", "repetition"),
        ]

    def test_a_published_sheet_is_in_the_memory_and_with_the_readers(self, permit: Question) -> None:
        review.settle(
            permit, "de", {COST: "Er kostet 30 Euro.", APPLY: "Online."}, wording="Was kostet er?", publish=True
        )
        assert (german(permit).text, german(permit).origin) == ("Er kostet 30 Euro. [1] Online. [1]", Origin.HUMAN)
        assert memory()[COST] == ("Er kostet 30 Euro.", "human", True)
        assert Phrasing.objects.get(question=permit, locale_id="de").text == "Was kostet er?"

    def test_a_drafted_sheet_changes_nothing_for_readers(self, permit: Question) -> None:
        answers.translate_answer(permit, "de")
        before = german(permit).text
        draft = review.settle(permit, "de", {COST: "Halb fertig."}, publish=False)
        assert (draft.state, german(permit).text, memory()[COST][1]) == (State.DRAFT, before, "machine")

    def test_a_sheet_with_a_gap_is_not_published(self, permit: Question) -> None:
        with pytest.raises(Invalid, match="Sentence 2 is not translated"):
            review.settle(permit, "de", {COST: "Er kostet 30 Euro."}, publish=True)
        assert not AnswerRevision.objects.filter(answer__question=permit, locale_id="de").exists()

    def test_a_sheet_that_somebody_overtook_is_told_so(self, permit: Question) -> None:
        seen = review.sheet(permit, "de").seen
        review.settle(permit, "de", {COST: "Eins.", APPLY: "Zwei."}, publish=True, seen=seen)
        with pytest.raises(Conflict, match="Somebody else"):
            review.settle(permit, "de", {COST: "Drei.", APPLY: "Vier."}, publish=True, seen=seen)
        assert german(permit).text == "Eins. [1] Zwei. [1]"


class TestTmx:
    def test_what_is_written_is_read_back(self, source: Source, tmp_path: Path) -> None:
        remember(COST, "Er kostet <30> & mehr Euro.")
        remember(APPLY, "Online\u00a0„hier“.", human=False)
        remember("Broken.", "Kaputt Kaputt", human=False, verdict="repetition")
        path = tmp_path / "de.tmx"
        assert tmx.export_tmx(path, "en", "de") == 2
        TranslationUnit.objects.all().delete()
        assert tmx.import_tmx(path) == tmx.Imported(added=2)
        assert memory() == {
            COST: ("Er kostet <30> & mehr Euro.", "human", True),
            APPLY: ("Online\u00a0„hier“.", "human", True),
        }

    def test_a_second_import_changes_nothing(self, source: Source, tmp_path: Path) -> None:
        remember(COST, "Er kostet 30 Euro.")
        tmx.export_tmx(tmp_path / "de.tmx", "en", "de")
        before = AuditEntry.objects.count()
        assert tmx.import_tmx(tmp_path / "de.tmx") == tmx.Imported(unchanged=1)
        assert AuditEntry.objects.count() == before

    def test_an_import_replaces_a_machines_words_and_says_so(self, source: Source, tmp_path: Path) -> None:
        remember(COST, "Er kostet 30 Euro.")
        tmx.export_tmx(tmp_path / "de.tmx", "en", "de")
        TranslationUnit.objects.update(target_text="Maschinell.", origin=Origin.MACHINE, approved=False)
        assert tmx.import_tmx(tmp_path / "de.tmx") == tmx.Imported(changed=1)
        assert memory()[COST] == ("Er kostet 30 Euro.", "human", True)
        assert AuditEntry.objects.filter(verb="import").count() == 1

    def test_only_what_people_wrote_may_be_exported(self, source: Source, tmp_path: Path) -> None:
        remember(COST, "Er kostet 30 Euro.")
        remember(APPLY, "Online.", human=False)
        assert tmx.export_tmx(tmp_path / "de.tmx", "en", "de", human_only=True) == 1

    def test_languages_the_portal_does_not_have_are_passed_over_and_counted(
        self, source: Source, tmp_path: Path
    ) -> None:
        path = tmp_path / "it.tmx"
        path.write_text(tmx_file(("en", "it"), COST, "Costa 30 euro."), encoding="utf-8")
        assert tmx.import_tmx(path) == tmx.Imported(skipped=1)

    def test_a_tag_is_understood_however_it_is_written(self, source: Source, tmp_path: Path) -> None:
        path = tmp_path / "zh.tmx"
        path.write_text(tmx_file(("en-GB", "zh-CN"), COST, "30欧元。"), encoding="utf-8")
        assert tmx.import_tmx(path) == tmx.Imported(added=1)
        assert memory("zh-hans")[COST][0] == "30欧元。"

    def test_the_command_takes_the_memory_in_and_out(
        self, source: Source, tmp_path: Path, capsys: pytest.CaptureFixture[str], starter: Any
    ) -> None:
        remember(COST, "Er kostet 30 Euro.")
        path = str(tmp_path / "de.tmx")
        call_command("memory", "export", path, "--from=en", "--into=de", "--json")
        TranslationUnit.objects.all().delete()
        call_command("memory", "import", path)
        assert capsys.readouterr().out.splitlines() == ['{"written": 1}', "1 added, 0 changed, 0 unchanged, 0 skipped"]
        assert memory()[COST] == ("Er kostet 30 Euro.", "human", True)

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["import", "none.tmx"], r"none\.tmx cannot be read"),
            (["export", "a.tmx"], "two locales"),
            (["export", "a.tmx", "--from=en", "--into=xx"], "xx"),
            (["export", "no/folder/a.tmx", "--from=en", "--into=de"], "cannot be written"),
        ],
    )
    def test_the_command_says_what_is_wrong(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
    ) -> None:
        monkeypatch.chdir(tmp_path)
        with pytest.raises(CommandError, match=said):
            call_command("memory", *arguments)
        assert list(tmp_path.glob("*.tmx")) == []

    def test_many_pairs_are_kept_piece_by_piece_and_the_last_of_one_text_counts(
        self, source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tmx, "TOGETHER", 2)
        texts = [*(f"Sentence {n}." for n in range(5)), "Sentence 0."]
        path = tmp_path / "many.tmx"
        path.write_text(
            "<tmx><header/><body>"
            + "".join(tmx_unit(("en", "de"), text, f"Satz {n}.") for n, text in enumerate(texts))
            + tmx_unit(("en", "it"), "No.", "No.")
            + "</body></tmx>"
        )
        told: list[tuple[int, int]] = []
        report = lambda done, total: told.append((done, total))  # noqa: E731
        assert tmx.import_tmx(path, report=report) == tmx.Imported(added=5, skipped=1)
        assert memory()["Sentence 0."] == ("Satz 5.", "human", True)
        assert (told, AuditEntry.objects.filter(verb="import").count()) == ([(3, 7), (5, 7), (7, 7)], 3)
        assert tmx.import_tmx(path) == tmx.Imported(unchanged=5, skipped=1)

    def test_an_import_that_was_broken_off_is_finished_by_another(
        self, source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tmx, "TOGETHER", 2)
        path = tmp_path / "many.tmx"
        units = "".join(tmx_unit(("en", "de"), f"Sentence {n}.", f"Satz {n}.") for n in range(5))
        path.write_text(f"<tmx><header/><body>{units}</body></tmx>")

        def stop(done: int, total: int) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            tmx.import_tmx(path, report=stop)
        assert len(memory()) == 2
        assert tmx.import_tmx(path) == tmx.Imported(added=3, unchanged=2)

    @pytest.mark.parametrize("text", ["", "<tmx", "no xml", "<html/>"])
    def test_a_broken_file_is_refused_and_nothing_of_it_is_kept(
        self, source: Source, tmp_path: Path, text: str
    ) -> None:
        path = tmp_path / "broken.tmx"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(Invalid, match=r"broken\.tmx"):
            tmx.import_tmx(path)
        assert memory() == {}

    def test_a_new_memory_brings_the_passages_it_completes(self, source: Source, tmp_path: Path, starter: Any) -> None:
        work()
        TranslationUnit.objects.all().delete()
        indexing.sync_all()
        for text in translations.source_texts(source):
            remember(text, f"„{text}“")
        tmx.export_tmx(tmp_path / "de.tmx", "en", "de")
        TranslationUnit.objects.all().delete()
        tmx.import_tmx(tmp_path / "de.tmx")
        work()
        assert indexing.check().missing == ()
        assert {entry.locale for entry in indexing.passage_entries()} == {"en", "de"}


def tmx_file(tags: tuple[str, str], source: str, target: str) -> str:
    header = f'<header srclang="{tags[0]}" datatype="plaintext" segtype="sentence" adminlang="en" o-tmf="x"/>'
    body = tmx_unit(tags, source, target)
    return f'<?xml version="1.0" encoding="UTF-8"?><tmx version="1.4">{header}<body>{body}</body></tmx>'


def tmx_unit(tags: tuple[str, str], source: str, target: str) -> str:
    rows = (f'<tuv xml:lang="{tag}"><seg>{text}</seg></tuv>' for tag, text in zip(tags, (source, target), strict=True))
    return f"<tu>{''.join(rows)}</tu>"


def test_an_engine_that_is_away_leaves_the_work_to_be_done_again(
    source: Source, engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from faq.gateways import translation

    def away() -> Any:
        raise Unavailable("The engine is away.")

    work()
    TranslationUnit.objects.all().delete()
    monkeypatch.setattr(translation, "engine", away)
    job = jobs.run(jobs.enqueue(JobKind.FILL_MEMORY, {"source_id": source.pk, "locales": ["de"]}).pk)
    assert job.failures == [{"item": "en → de, 1–4", "reason": "The engine is away."}]


def test_a_job_whose_process_was_stopped_pays_for_no_segment_twice(
    engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    translate_into("de", "fr")
    source = make_source("\n\n".join(f"Rule {n} holds." for n in range(9)), title="Rules")
    monkeypatch.setattr(translations, "BATCH", 4)
    translate, paid = engine.translate, []

    def stopped_in_the_fourth_call(texts: list[str], pair: LanguagePair) -> list[str]:
        if engine.calls == 3:
            raise SystemExit
        return [
            paid.append((text, pair.target)) or made for text, made in zip(texts, translate(texts, pair), strict=True)
        ]

    monkeypatch.setattr(engine, "translate", stopped_in_the_fourth_call)
    job = jobs.enqueue(JobKind.FILL_MEMORY, {"source_id": source.pk, "locales": ["de", "fr"]})
    with pytest.raises(SystemExit):
        jobs.run(job.pk)
    assert (len(paid), Job.objects.get(pk=job.pk).state) == (10, "queued")
    engine.calls = -10
    assert jobs.run(job.pk).state == "succeeded"
    texts = translations.source_texts(source)
    assert sorted(paid) == sorted((text, locale) for text in texts for locale in ("de", "fr"))
