"""A whole site comes in by its sitemap: looked at first, its own pages only, in one language, each once."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from faq.domain import jobs, sources
from faq.enums import JobState
from faq.errors import Forbidden, Invalid, Unavailable
from faq.gateways import retrieval
from faq.models import Job, Source
from tests.faq.desk import person, signed_in

pytestmark = pytest.mark.django_db
SITE = "https://example.org"
PAGE = "/admin/faq/source/sitemap/"
NS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:x="http://www.w3.org/1999/xhtml"'


def urlset(*urls: str) -> str:
    return f"<urlset {NS}>" + "".join(f"<url><loc>{url}</loc></url>" for url in urls) + "</urlset>"


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What each address holds; any other is not there. `asked`: those that were fetched."""
    held: dict[str, str] = {}

    def fetch_url(url: str, **_: Any) -> SimpleNamespace:
        held["asked"] = f"{held.get('asked', '')} {url}"
        if url not in held:
            raise Unavailable(f"{url}: 404")
        kind = "text/markdown" if held[url].startswith("#") else "application/xml"
        return SimpleNamespace(
            url=url, data=held[url].encode(), media_type=kind, etag="", last_modified="", not_modified=False
        )

    monkeypatch.setattr(retrieval, "fetch_url", fetch_url)
    return held


def look(url: str = f"{SITE}/sitemap.xml", locale: str = "en", **about: Any) -> sources.Looked:
    return sources.look_at_sitemap(url, locale, **about)


def test_the_pages_of_a_sitemap_those_here_and_those_elsewhere(site: dict[str, str]) -> None:
    site[f"{SITE}/here.md"] = "# Here\n\nThis is here."
    sources.ingest(url=f"{SITE}/here.md", kind="url", locale="en")
    site[f"{SITE}/sitemap.xml"] = urlset(f"{SITE}/a", f"{SITE}/here.md", "https://other.org/b")
    looked = look()
    assert (looked.pages, looked.known, looked.elsewhere) == ((f"{SITE}/a",), (f"{SITE}/here.md",), 1)


def test_an_index_is_followed_and_what_fails_is_named(site: dict[str, str]) -> None:
    maps = "".join(f"<sitemap><loc>{SITE}/{n}.xml</loc></sitemap>" for n in (1, 2, 1))
    site[f"{SITE}/sitemap.xml"] = f"<sitemapindex {NS}>{maps}</sitemapindex>"
    site[f"{SITE}/1.xml"] = urlset(f"{SITE}/a")
    looked = look()
    assert (looked.pages, looked.unread) == ((f"{SITE}/a",), (f"{SITE}/2.xml: 404",))


def test_a_circle_of_sitemaps_ends(site: dict[str, str]) -> None:
    site[f"{SITE}/sitemap.xml"] = f"<sitemapindex {NS}><sitemap><loc>{SITE}/sitemap.xml</loc></sitemap></sitemapindex>"
    assert look().pages == ()
    assert site["asked"].split() == [f"{SITE}/sitemap.xml"]


def test_no_more_than_so_many_sitemaps_are_fetched(site: dict[str, str]) -> None:
    maps = "".join(f"<sitemap><loc>{SITE}/{n}.xml</loc></sitemap>" for n in range(90))
    site[f"{SITE}/sitemap.xml"] = f"<sitemapindex {NS}>{maps}</sitemapindex>"
    site |= {f"{SITE}/{n}.xml": urlset(f"{SITE}/{n}") for n in range(90)}
    assert len(look().pages) == 29
    assert len(site["asked"].split()) == 30


def test_of_a_site_its_robots_is_asked_and_then_the_usual_place(site: dict[str, str]) -> None:
    site[f"{SITE}/sitemap.xml"] = urlset(f"{SITE}/usual")
    assert look(SITE).pages == (f"{SITE}/usual",)
    site[f"{SITE}/robots.txt"] = f"Sitemap: {SITE}/named.xml"
    site[f"{SITE}/named.xml"] = urlset(f"{SITE}/named")
    assert look(f"{SITE}/help/").pages == (f"{SITE}/named",)


def test_where_a_sitemap_says_the_languages_only_the_one_wanted_comes_in(site: dict[str, str]) -> None:
    links = "".join(
        f'<x:link rel="alternate" hreflang="{tag}" href="{SITE}/{tag}"/>' for tag in ("en", "de-AT", "zh-Hans")
    )
    french = f'<url><loc>{SITE}/fr</loc><x:link rel="alternate" hreflang="fr" href="{SITE}/fr"/></url>'
    site[f"{SITE}/sitemap.xml"] = f"<urlset {NS}><url><loc>{SITE}/en</loc>{links}</url>{french}</urlset>"
    assert [(look(locale=tag).pages, look(locale=tag).abroad) for tag in ("en", "de", "zh-hans", "pl")] == [
        ((f"{SITE}/en",), 1), ((f"{SITE}/de-AT",), 1), ((f"{SITE}/zh-Hans",), 1), ((), 2),
    ]  # fmt: skip


def test_a_part_of_the_address_says_which(site: dict[str, str]) -> None:
    site[f"{SITE}/sitemap.xml"] = urlset(f"{SITE}/help/a", f"{SITE}/news/b", f"{SITE}/Help/c")
    assert look(part="/help/").pages == (f"{SITE}/help/a", f"{SITE}/Help/c")


def test_a_site_without_a_sitemap_says_so(site: dict[str, str]) -> None:
    with pytest.raises(Unavailable, match=r"sitemap\.xml: 404"):
        look(SITE)
    site[f"{SITE}/sitemap.xml"] = "<html></html>"
    with pytest.raises(Invalid, match="no sitemap"):
        look(SITE)


def test_addresses_of_our_own_network_are_refused_as_for_every_source() -> None:
    with pytest.raises(Invalid):
        look("http://127.0.0.1/sitemap.xml")


def test_its_pages_become_sources_with_their_policy_and_a_bad_one_stops_none(site: dict[str, str]) -> None:
    site[f"{SITE}/sitemap.xml"] = urlset(*(f"{SITE}/{n}.md" for n in range(3)))
    site |= {f"{SITE}/{n}.md": f"# Page {n}\n\nThis is page {n}." for n in (0, 2)}
    job = sources.ingest_sitemap(f"{SITE}/sitemap.xml", "en", refresh_hours=168)
    jobs.run(str(job.pk))
    job.refresh_from_db()
    assert (job.state, [each["item"] for each in job.failures]) == (JobState.SUCCEEDED, [f"{SITE}/1.md"])
    assert sorted(Source.objects.values_list("title", "state", "refresh_hours")) == [
        ("Page 0", "draft", 168), ("Page 2", "draft", 168),
    ]  # fmt: skip
    assert look().known == (f"{SITE}/0.md", f"{SITE}/2.md")


def test_too_many_at_once_and_none_at_all_are_refused(site: dict[str, str]) -> None:
    site[f"{SITE}/sitemap.xml"] = urlset(*(f"{SITE}/{n}" for n in range(2001)))
    assert look().too_many == 1
    with pytest.raises(Invalid, match="2001 pages are too many"):
        sources.ingest_sitemap(f"{SITE}/sitemap.xml", "en")
    with pytest.raises(Invalid, match="no page"):
        sources.ingest_sitemap(f"{SITE}/sitemap.xml", "en", part="nowhere")
    assert Job.objects.count() == 0


def test_only_who_may_add_sources_looks_and_only_who_may_publish_publishes(site: dict[str, str]) -> None:
    site[f"{SITE}/sitemap.xml"] = urlset(f"{SITE}/a")
    with pytest.raises(Forbidden):
        look(actor=person("viewer", ["view_source"]))
    assert "asked" not in site
    editor = person("editor", ["add_source"])
    with pytest.raises(Forbidden):
        sources.ingest_sitemap(f"{SITE}/sitemap.xml", "en", publish=True, actor=editor)
    assert sources.ingest_sitemap(f"{SITE}/sitemap.xml", "en", actor=editor).args["publish"] is False


@pytest.fixture
def client() -> Client:
    return signed_in(person())


FORM = {"url": f"{SITE}/sitemap.xml", "part": "", "locale": "en", "topic": "", "refresh_hours": "24"}


def test_the_desk_shows_what_would_come_in_before_it_does(client: Client, site: dict[str, str]) -> None:
    site[f"{SITE}/sitemap.xml"] = urlset(*(f"{SITE}/{n}" for n in range(60)))
    shown = client.post(PAGE, FORM).context
    assert (len(shown["looked"].pages), len(shown["shown"]), shown["more"]) == (60, 50, 10)
    assert Job.objects.count() == 0
    response = client.post(PAGE, FORM | {"take": ""}, follow=True)
    job = Job.objects.get()
    assert response.redirect_chain[-1][0] == f"/admin/faq/job/{job.pk}/change/"
    assert (len(job.args["urls"]), job.args["refresh_hours"]) == (60, 24)


def test_what_cannot_be_read_is_said_on_the_form_and_nothing_is_lost(client: Client, site: dict[str, str]) -> None:
    response = client.post(PAGE, FORM | {"part": "/help/"})
    assert response.context["form"].non_field_errors() == [f"{SITE}/sitemap.xml: 404"]
    assert response.context["form"]["part"].value() == "/help/"


def test_the_page_is_for_those_who_may_add_sources() -> None:
    assert signed_in(person("viewer", ["view_source"])).get(PAGE).status_code == 403


def test_the_command_reads_a_sitemap_and_again_changes_nothing(site: dict[str, str], capsys: Any) -> None:
    site[f"{SITE}/sitemap.xml"] = urlset(f"{SITE}/0.md", f"{SITE}/1.md")
    site |= {f"{SITE}/{n}.md": f"# Page {n}\n\nThis is page {n}." for n in (0, 1)}
    for said in ("2 added, 0 revised, 0 unchanged.", "0 added, 0 revised, 2 unchanged."):
        call_command("ingest", SITE, "--sitemap", "--locale", "en", "--no-wait")
        assert capsys.readouterr().out.strip() == said
