"""Language tags are understood however they are written; changing languages keeps the portal whole."""

import pytest

from faq.domain import locales as changing
from faq.enums import JobKind
from faq.errors import Invalid, NotFound
from faq.models import AuditEntry, Job, Locale
from faq.queries import locales

pytestmark = pytest.mark.django_db
NINE = ("en", "de", "fr", "es", "pl", "uk", "tr", "ar", "zh-hans")


def test_the_migration_ships_nine_locales_in_menu_order() -> None:
    assert tuple(each.tag for each in locales.enabled_locales()) == NINE
    assert locales.default_locale().tag == "en"
    assert {each.tag for each in locales.all_locales() if each.direction == "rtl"} == {"ar"}
    assert {each.fallback_id for each in locales.all_locales() if each.tag != "en"} == {"en"}
    assert [each.autonym for each in locales.all_locales()][-2:] == ["العربية", "简体中文"]


@pytest.mark.parametrize(
    ("tag", "meant"),
    [
        ("zh", "zh-hans"), ("zh-CN", "zh-hans"), ("zh_CN", "zh-hans"), ("zh-Hans", "zh-hans"), ("ZH-hans-CN", "zh-hans"),
        ("zh_SG", "zh-hans"), ("cmn", "zh-hans"), ("zh-TW", None), ("zh-Hant", None),
        ("de_AT", "de"), ("DE", "de"), ("en-GB", "en"), ("es-419", "es"), ("ar-EG", "ar"), (" fr ", "fr"),
        ("pt", None), ("xx", None), ("", None), ("de<script>", None), ("../de", None), ("a" * 400, None), ("de\x00", None),
    ],
)  # fmt: skip
def test_a_tag_means_its_language_and_script(tag: str, meant: str | None) -> None:
    found = locales.resolve(tag)
    assert (found.tag if found else None) == meant


@pytest.mark.parametrize(
    ("tag", "available", "meant"),
    [
        ("pt", ("en", "pt-br"), "pt-br"), ("pt-PT", ("pt-br", "pt-pt"), "pt-pt"), ("pt-AO", ("pt-br",), "pt-br"),
        ("zh-TW", ("zh-hans", "zh-hant"), "zh-hant"), ("sr-Latn", ("sr",), None), ("iw", ("he",), "he"),
    ],
)  # fmt: skip
def test_regions_prefer_their_own(tag: str, available: tuple[str, ...], meant: str | None) -> None:
    assert locales.match(tag, available) == meant


def test_an_unknown_locale_is_told_with_the_known_ones() -> None:
    with pytest.raises(Invalid, match=r"'klingon' here\. Known languages: en, de, fr, es, pl, uk, tr, ar, zh-hans"):
        locales.require("klingon")


def test_disabling_a_language_is_seen_at_once_and_audited(django_capture_on_commit_callbacks: object) -> None:
    assert locales.resolve("tr") is not None
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        changing.change_locale("tr", enabled=False)
    assert locales.resolve("tr") is None
    assert AuditEntry.objects.get().after == {"enabled": False}
    assert Job.objects.filter(kind=JobKind.SYNC_INDEX).count() == 1


def test_the_default_language_cannot_be_disabled() -> None:
    with pytest.raises(Invalid, match="default"):
        changing.change_locale("en", enabled=False)
    assert Locale.objects.get(pk="en").enabled


def test_fallbacks_never_lead_in_a_circle() -> None:
    with pytest.raises(Invalid, match="leads back"):
        changing.change_locale("en", fallback_id="de")


def test_making_another_default_leaves_one() -> None:
    changing.make_default("de")
    assert list(Locale.objects.filter(is_default=True).values_list("tag", flat=True)) == ["de"]
    with pytest.raises(NotFound, match="Known languages"):
        changing.make_default("xx")


def test_looking_up_a_locale_costs_one_query_for_many(django_assert_num_queries: object) -> None:
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert [locales.resolve(tag) is None for tag in ("de", "de-AT", "fr", "xx")] == [False, False, False, True]
