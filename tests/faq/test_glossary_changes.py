"""Changing the glossary: a term counts from the next translation on; what is incomplete is refused with what is missing."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction

from faq.domain import glossary
from faq.enums import TermKind
from faq.errors import Invalid
from faq.gateways import translation
from faq.models import AuditEntry, GlossaryTerm
from tests.faq.factories import remember

pytestmark = pytest.mark.django_db
TEXT = "Ask the Larkmouth Card office."


def term(word: str = "Larkmouth Card", **fields: Any) -> GlossaryTerm:
    return GlossaryTerm(**{"source_locale_id": "en", "term": word, "kind": TermKind.KEEP} | fields)


def preferred(word: str = "permit", **fields: Any) -> GlossaryTerm:
    return term(
        word, **{"kind": TermKind.PREFERRED, "target_locale_id": "de", "translation": "Bewohnerausweis"} | fields
    )


def test_a_term_to_keep_is_not_translated_from_the_next_translation_on(engine: Any) -> None:
    translation.translate_texts([TEXT], "en", "de")
    glossary.save_term(term())
    translation.translate_texts([TEXT], "en", "fr")
    first, second = engine.texts
    assert ("Larkmouth Card" in first, "Larkmouth Card" in second) == (True, False)
    assert translation.recall([TEXT], "en", "fr")[TEXT].target == f"[fr] {TEXT}"


def test_what_is_translated_already_stays(engine: Any) -> None:
    remember(TEXT, "Fragen Sie im Büro.", human=False)
    glossary.save_term(term())
    assert translation.translate_texts([TEXT], "en", "de")[0].text == "Fragen Sie im Büro."
    assert engine.calls == 0


def test_a_term_of_one_language_counts_in_that_one_only() -> None:
    glossary.save_term(preferred())
    glossary.save_term(term())
    assert [(each.term, each.translation) for each in translation.glossary("en", "de")] == [
        ("Larkmouth Card", ""),
        ("permit", "Bewohnerausweis"),
    ]
    assert [each.term for each in translation.glossary("en", "fr")] == ["Larkmouth Card"]
    assert translation.glossary("de", "en") == []


def test_a_deleted_term_is_translated_like_any_other_word(engine: Any) -> None:
    kept = glossary.save_term(term())
    glossary.delete_term(kept)
    translation.translate_texts([TEXT], "en", "de")
    assert engine.texts == [TEXT]


def test_a_term_is_stored_without_spaces_around_it() -> None:
    stored = glossary.save_term(preferred("  permit ", translation=" Bewohnerausweis  "))
    assert (stored.term, stored.translation) == ("permit", "Bewohnerausweis")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (term("  "), "needs a term"),
        (term(translation="Karte"), "leave it empty"),
        (preferred(translation="  "), "Give the language and the translation"),
        (preferred(target_locale_id=None), "Give the language and the translation"),
        (preferred(kind=TermKind.FORBIDDEN, translation=""), "Give the language and the translation"),
    ],
    ids=["no term", "kept and translated", "no translation", "no language", "nothing forbidden"],
)
def test_an_incomplete_term_is_refused_with_what_is_missing(wrong: GlossaryTerm, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        glossary.save_term(wrong)
    assert not GlossaryTerm.objects.exists()


@pytest.mark.parametrize(
    "wrong", [term(translation="Karte"), preferred(translation=""), preferred(target_locale_id=None)]
)
def test_the_database_holds_no_incomplete_term_either(wrong: GlossaryTerm) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        wrong.save()


def test_changes_are_audited_with_what_was_there_before() -> None:
    editor = get_user_model().objects.create_superuser("editor")
    kept = glossary.save_term(preferred(), editor)
    kept.translation = "Anwohnerausweis"
    glossary.save_term(kept, editor)
    glossary.save_term(kept, editor)
    glossary.delete_term(kept, editor)
    rows = list(AuditEntry.objects.filter(object_type="glossaryterm").order_by("pk"))
    assert [(row.verb, row.actor) for row in rows] == [("add", editor), ("change", editor), ("delete", editor)]
    assert (rows[1].before["translation"], rows[1].after["translation"]) == ("Bewohnerausweis", "Anwohnerausweis")
    assert rows[2].before["term"] == "permit"
