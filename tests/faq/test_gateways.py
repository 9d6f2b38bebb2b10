"""The doors to the libraries: lazily built, errors named, and a memory in which a machine never overwrites a person."""

from collections.abc import Callable
from typing import Any

import pytest

from faq import errors
from faq.enums import Origin
from faq.gateways import retrieval, translation
from faq.models import GlossaryTerm, TranslationUnit
from retrieval import types
from tests.faq.factories import remember
from translation.engine import FakeEngine

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]  # mapping of errors and settings
TEXTS = ["The office is open.", "Bring your passport."]


def unit(text: str = TEXTS[0], locale: str = "de") -> TranslationUnit:
    return TranslationUnit.objects.get(source_text=text, target_locale_id=locale)


class TestRetrieval:
    def test_the_retriever_is_built_once(self) -> None:
        assert retrieval.retriever() is retrieval.retriever()
        before = retrieval.retriever()
        retrieval.reset()
        assert retrieval.retriever() is not before

    @pytest.mark.parametrize(
        ("raised", "becomes"),
        [
            (types.InvalidInput("bad"), errors.Invalid),
            (types.Unavailable("away"), errors.Unavailable),
            (types.NotConfigured("unset"), errors.Unavailable),
            (types.IndexCorrupt("torn"), errors.Unavailable),
        ],
    )
    def test_errors_of_the_library_become_errors_of_the_domain(self, raised: Exception, becomes: type) -> None:
        with pytest.raises(becomes, match=str(raised)), retrieval.mapped():
            raise raised

    def test_only_tables_are_looked_into(self) -> None:
        assert retrieval.is_question_table(b"question,answer\na,b\n", "notes.md") is False
        assert retrieval.is_question_table(b"question,answer\na,b\n", "notes.CSV") is True


class TestTranslating:
    def test_one_call_of_the_engine_for_all_that_memory_lacks(self, engine: FakeEngine) -> None:
        remember(TEXTS[0], "Das Büro ist offen.")
        results = translation.translate_texts([*TEXTS, TEXTS[1]], "en", "de")
        assert [result.text for result in results] == ["Das Büro ist offen.", f"[de] {TEXTS[1]}", f"[de] {TEXTS[1]}"]
        assert (engine.calls, engine.texts) == (1, [TEXTS[1]])

    def test_the_second_time_no_engine_is_needed(self, engine: FakeEngine) -> None:
        translation.translate_texts(TEXTS, "en", "de")
        translation.translate_texts(TEXTS, "en", "de")
        assert (engine.calls, TranslationUnit.objects.count()) == (1, 2)

    def test_what_was_made_is_kept_with_its_engine(self, engine: FakeEngine) -> None:
        translation.translate_texts(TEXTS, "en", "de")
        kept = unit()
        assert (kept.target_text, kept.origin, kept.engine, kept.verdict) == (
            f"[de] {TEXTS[0]}",
            "machine",
            "fake-1",
            "",
        )

    def test_nothing_is_kept_when_asked_not_to(self, engine: FakeEngine) -> None:
        translation.translate_texts(TEXTS, "en", "de", store=False)
        assert TranslationUnit.objects.count() == 0

    def test_what_failed_is_not_tried_again_by_the_same_engine(self, engine: FakeEngine) -> None:
        remember(TEXTS[0], "Das Das Das", human=False, verdict="repetition", engine="fake-1")
        result = translation.translate_texts(TEXTS[:1], "en", "de")[0]
        assert (result.text, result.verdict, result.attempt, engine.calls) == (TEXTS[0], "repetition", "Das Das Das", 0)

    def test_another_engine_tries_again_and_replaces_the_failure(self, engine: FakeEngine) -> None:
        remember(TEXTS[0], "Das Das Das", human=False, verdict="repetition", engine="older-1")
        translation.translate_texts(TEXTS[:1], "en", "de")
        assert (unit().verdict, unit().engine, engine.calls) == ("", "fake-1", 1)

    def test_a_machine_never_overwrites_a_person(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        remember(TEXTS[0], "Von Hand.")
        remember(TEXTS[1], "Freigegeben.", human=False)
        TranslationUnit.objects.filter(source_text=TEXTS[1]).update(approved=True)
        monkeypatch.setattr(translation, "_held", lambda *_: ({}, {}))  # written by a person while the engine ran
        translation.translate_texts(TEXTS, "en", "de")
        assert [unit(text).target_text for text in TEXTS] == ["Von Hand.", "Freigegeben."]

    def test_without_an_engine_the_source_is_returned_and_nothing_is_kept(self) -> None:
        result = translation.translate_texts(TEXTS[:1], "en", "de")[0]
        assert (result.text, str(result.origin), result.verdict) == (TEXTS[0], "source", "unsupported")
        assert TranslationUnit.objects.count() == 0


class TestRecalling:
    def test_many_locales_cost_one_query(self, django_assert_num_queries: Callable[..., Any]) -> None:
        remember(TEXTS[0], "Das Büro ist offen.")
        remember(TEXTS[0], "Le bureau est ouvert.", "fr")
        with django_assert_num_queries(1):
            found = translation.recall_many(TEXTS, "en", ["de", "fr", "es"])
        assert {locale: [each.target for each in units.values()] for locale, units in found.items()} == {
            "de": ["Das Büro ist offen."], "fr": ["Le bureau est ouvert."], "es": [],
        }  # fmt: skip

    def test_a_failed_unit_is_never_recalled(self) -> None:
        remember(TEXTS[0], "Das Das", human=False, verdict="repetition")
        assert translation.recall(TEXTS, "en", "de") == {}

    def test_a_unit_of_a_person_goes_before_a_machines(self) -> None:
        remember(TEXTS[0], "maschinell", human=False)
        remember(TEXTS[0], "von Hand", context_hash="c")
        assert translation.recall(TEXTS, "en", "de")[TEXTS[0]].target == "von Hand"

    def test_nothing_is_asked_for_nothing(self) -> None:
        assert translation.recall([], "en", "de") == {}


def test_terms_of_the_pair_and_of_every_language() -> None:
    GlossaryTerm.objects.create(source_locale_id="en", term="Larkmouth", kind="keep")
    GlossaryTerm.objects.create(source_locale_id="en", target_locale_id="de", term="permit", translation="Ausweis")
    GlossaryTerm.objects.create(source_locale_id="en", target_locale_id="fr", term="permit", translation="permis")
    assert [(term.term, term.translation) for term in translation.glossary("en", "de")] == [
        ("Larkmouth", ""),
        ("permit", "Ausweis"),
    ]


def test_an_engine_that_cannot_be_loaded_names_its_setting(settings: Any) -> None:
    settings.POLYFAQ = settings.POLYFAQ | {"TRANSLATION_ENGINE": "translation.nowhere.Engine"}
    with pytest.raises(errors.Unavailable, match="POLYFAQ_TRANSLATION_ENGINE"):
        translation.engine()


def test_origins_are_one_set_of_words() -> None:
    from translation.types import Origin as LibraryOrigin

    assert {str(each) for each in LibraryOrigin} <= set(Origin.values)
