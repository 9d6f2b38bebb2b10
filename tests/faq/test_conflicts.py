"""Two people at one form: the second sees what the first wrote beside their own, and saving again puts theirs in its place."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from faq.domain import glossary, locales, topics, versions
from faq.errors import Conflict, NotFound
from faq.models import GlossaryTerm, Locale, Source, Topic
from tests.faq.desk import person, signed_in
from tests.faq.factories import make_source

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss() -> Client:
    return signed_in(person("anna", [], is_superuser=True))


def opened(client: Client, address: str) -> dict[str, Any]:
    """The form as a browser would send it back."""
    form = client.get(address).context["adminform"].form
    return {name: "" if form[name].value() is None else form[name].value() for name in form.fields}


def errors(response: Any) -> dict[str, list[str]]:
    return {name: list(said) for name, said in response.context["adminform"].form.errors.items()}


def test_a_topic_that_two_change_keeps_the_first_and_shows_it_to_the_second(boss: Client) -> None:
    topic = topics.ensure_topic("waste", title="Waste", description="Bins")
    address = reverse("admin:faq_topic_change", args=[topic.pk])
    mine = opened(boss, address) | {"title": "Rubbish"}
    other = person("berta", [], is_superuser=True)
    assert signed_in(other).post(address, opened(boss, address) | {"title": "Waste and bins"}).status_code == 302
    response = boss.post(address, mine)
    told = errors(response)
    assert told["title"] == ["Somebody else made it: “Waste and bins”"]
    assert told["__all__"][0].startswith("Somebody else saved this meanwhile (berta, ")
    assert list(told) == ["title", "__all__"]
    form = response.context["adminform"].form
    assert form["title"].value() == "Rubbish"
    assert Topic.objects.get().title == "Waste and bins"
    again = {name: form[name].value() for name in form.fields}
    assert boss.post(address, again).status_code == 302
    assert Topic.objects.get().title == "Rubbish"


def test_a_term_and_a_language_are_guarded_alike(boss: Client) -> None:
    term = glossary.save_term(
        GlossaryTerm(
            term="permit", source_locale_id="en", target_locale_id="de", kind="preferred", translation="Ausweis"
        )
    )
    address = reverse("admin:faq_glossaryterm_change", args=[term.pk])
    mine = opened(boss, address) | {"translation": "Genehmigung"}
    GlossaryTerm.objects.update(translation="Erlaubnis")
    assert errors(boss.post(address, mine))["translation"] == ["Somebody else made it: “Erlaubnis”"]
    assert GlossaryTerm.objects.get().translation == "Erlaubnis"

    address = reverse("admin:faq_locale_change", args=["de"])
    mine = opened(boss, address) | {"name": "The German language"}
    locales.change_locale("de", policy="off")
    told = errors(boss.post(address, mine))
    assert told["policy"] == ["Somebody else made it: “Off”"] or told["policy"][0].startswith("Somebody else made it:")
    german = Locale.objects.get(pk="de")
    assert (german.policy, german.name) == ("off", "German")


def test_what_somebody_deleted_meanwhile_is_said(boss: Client) -> None:
    topic = topics.ensure_topic("waste", title="Waste")
    mine = versions.of(topic)
    Topic.objects.all().delete()
    with pytest.raises(NotFound, match="Somebody else deleted this meanwhile"):
        topics.save_topic(topic, expected=mine)


def test_the_domain_refuses_what_a_form_did_not_notice() -> None:
    topic = topics.ensure_topic("waste", title="Waste")
    seen = versions.of(topic)
    Topic.objects.update(title="Rubbish")
    topic.title = "Litter"
    with pytest.raises(Conflict, match="Somebody else saved this meanwhile"):
        topics.save_topic(topic, expected=seen)
    assert Topic.objects.get().title == "Rubbish"
    with pytest.raises(Conflict):
        locales.change_locale("de", expected="0" * versions.LENGTH, name="Deutsch")
    assert Locale.objects.get(pk="de").name == "German"


def test_the_order_of_topics_in_their_list_needs_no_comparison(boss: Client) -> None:
    waste, parking = topics.ensure_topic("waste"), topics.ensure_topic("parking")
    rows = {"form-TOTAL_FORMS": "2", "form-INITIAL_FORMS": "2", "_save": "Save"}
    for place, (row, order) in enumerate([(waste, 2), (parking, 1)]):
        rows |= {f"form-{place}-id": str(row.pk), f"form-{place}-order": str(order)}
    assert boss.post(reverse("admin:faq_topic_changelist"), rows).status_code == 302
    assert list(Topic.objects.order_by("order").values_list("key", flat=True)) == ["parking", "waste"]


def test_a_source_shows_the_other_title_and_keeps_the_typed_one(boss: Client) -> None:
    source = make_source(title="Parking")
    address = reverse("admin:faq_source_place", args=[source.pk])
    seen = source.updated_at.isoformat()
    other = signed_in(person("berta", [], is_superuser=True))
    other.post(address, {"title": "Parking rules", "topic": "", "expected": seen})
    response = boss.post(address, {"title": "Permits", "topic": "", "expected": seen})
    form = response.context["place"]
    assert form.errors["title"] == ["Somebody else made it: “Parking rules”"]
    assert "(berta, " in form.non_field_errors()[0]
    assert form["title"].value() == "Permits"
    now = Source.objects.get().updated_at.isoformat()
    assert f'name="expected" value="{now}"' in response.content.decode()
    boss.post(address, {"title": "Permits", "topic": "", "expected": now})
    assert Source.objects.get().title == "Permits"


def test_new_content_for_a_source_that_changed_stays_in_its_field(boss: Client) -> None:
    source = make_source(title="Parking")
    seen = source.updated_at.isoformat()
    Source.objects.filter(pk=source.pk).update(title="Other")
    source.save()
    response = boss.post(
        reverse("admin:faq_source_revise", args=[source.pk]), {"text": "# New\n\nNew words.", "expected": seen}
    )
    form = response.context["form"]
    assert "Compare the two, then save again." in form.non_field_errors()[0]
    assert form["text"].value() == "# New\n\nNew words."
    assert source.revisions.count() == 1
