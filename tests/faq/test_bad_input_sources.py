"""Bad input in sources: content, titles, names of files, addresses and languages. What is kept is kept whole and shown as
text; what is refused is named with its reason and leaves nothing."""

import csv
import io
import json
import socket
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pypdf
import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from faq.domain import answers, indexing, locales, publication, questions, sources, topics
from faq.domain import translations as memory
from faq.errors import Conflict, DomainError, Invalid
from faq.models import AuditEntry, Job, Passage, Phrasing, Question, Source, SourceRevision, Topic
from tests.faq.factories import PARKING, make_question, make_source, passages

DEMO = Path(__file__).resolve().parents[2] / "demo" / "sources"


def everything() -> tuple[int, ...]:
    models = (Source, SourceRevision, Passage, Question, Phrasing, Topic, AuditEntry, Job)
    return tuple(model.objects.count() for model in models)


def give(data: bytes | str, filename: str = "notes.md", **fields: Any) -> Source:
    data = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    return sources.add_source(
        title=fields.pop("title", ""),
        locale=fields.pop("locale", "en"),
        data=data,
        filename=filename,
        kind="file",
        **fields,
    )


SAYING_NOTHING = {
    "nothing": b"",
    "blanks": b" \n\t\r\n ",
    "a byte order mark": b"\xef\xbb\xbf",
    "zeros": bytes(3000),
    "controls": b"\x01\x02\x07\x1b" * 50,
    "front matter alone": b"---\ntitle: X\n---\n",
    "a comment alone": b"<!-- nothing -->\n",
}
WORDS_ELSEWHERE = {("front matter alone", "txt"), ("front matter alone", "html"), ("a comment alone", "txt")}
TEXTS = {
    "emoji": "🚗🅿️🙂👩‍👩‍👧‍👦 🎉",
    "operators": '"Permit" NEAR(cost, 5) -fine * AND NOT OR ( col:permit ^ {x}',
    "SQL": "Robert'); DROP TABLE faq_source; --",
    "script": "Permits <script>alert(1)</script> cost <img src=x onerror=alert(2)> money.",
    "a template": "A permit costs {{ 7*7 }} {% load x %} ${7*7} #{7*7} euros.",
    "mixed scripts": "A permit, 许可证, تصريح الوقوف, дозвіл, ใบอนุญาต, अनुमति costs 30 euros.",
    "controls": "A resident permit\x00 costs 30\x1b[31m euros a year, and you can apply for it online\x7f.",
    "turned": "A permit \u202ecosts\u202c 30 \u2066euros\u2069.",
    "half a pair": "A permit \ud83d costs 30 euros.",
    "many marks": "A p" + "\u0301" * 500 + "ermit costs 30 euros.",
    "one long word": "permit" * 2000,
    "a citation mark": "A permit [1] costs [2] 30 euros [99].",
}
HUGE = {
    "one line of 100 kB": "A permit costs 30 euros. " * 4000,
    "one word of 100 kB": "x" * 100_000,
    "100 kB of emoji": "🙂" * 25_000,
    "100 kB of headings": "# a\n" * 25_000 + "\nA permit costs 30 euros.\n",
}


@pytest.mark.django_db
class TestContent:
    @pytest.mark.parametrize("what", SAYING_NOTHING)
    @pytest.mark.parametrize("ending", ["md", "txt", "html"])
    def test_what_says_nothing_is_refused_by_name_and_leaves_nothing(self, what: str, ending: str) -> None:
        before = everything()
        if (what, ending) in WORDS_ELSEWHERE:
            assert give(SAYING_NOTHING[what], f"nothing.{ending}").pk
            return
        with pytest.raises(Invalid, match=rf"nothing\.{ending}: "):
            give(SAYING_NOTHING[what], f"nothing.{ending}")
        assert everything() == before

    @pytest.mark.parametrize("text", ["", " \n\t ", "\x00\x01", "\u202e\ufeff"])
    def test_a_pasted_nothing_is_refused(self, text: str) -> None:
        before = everything()
        with pytest.raises(Invalid):
            sources.add_source(title="Nothing", locale="en", text=text, kind="text")
        assert everything() == before

    @pytest.mark.parametrize("text", (TEXTS | HUGE).values(), ids=TEXTS | HUGE)
    @pytest.mark.parametrize("ending", ["md", "txt"])
    def test_what_says_something_is_kept_cut_exactly_indexed_and_shown_as_text(
        self, text: str, ending: str, client: Client, retriever: Any
    ) -> None:
        source = publication.publish_source(give(text, f"notes.{ending}"))
        revision = source.published_revision
        assert revision is not None
        cut = list(revision.passages.all())
        assert [p.text for p in cut] == [revision.text[p.start : p.end] for p in cut]
        assert [p.text.encode().decode() for p in cut] == [p.text.replace("\x00", "") for p in cut]
        indexing.sync_all()
        assert indexing.check().clean
        page = client.get(f"/en/sources/{source.key}/")
        html = page.content.decode()
        assert (page.status_code, "<script>alert" in html, "<img src=x" in html) == (200, False, False)

    def test_what_a_program_would_run_is_dropped_from_html_and_the_text_around_it_stays(self) -> None:
        page = (
            b"<html><head><title>Permits</title><script>steal()</script></head><body><main><h1>Permits</h1>"
            b"<p onclick='steal()'>A permit costs 30 euros.</p><script>steal()</script><style>p{}</style>"
            b"<iframe src='javascript:steal()'></iframe><p>Pay <a href='javascript:steal()'>here</a> in cash.</p>"
            b"</main></body></html>"
        )
        source = give(page, "permits.html")
        text = SourceRevision.objects.get(source=source).text
        assert ("A permit costs 30 euros." in text, "in cash." in text) == (True, True)
        assert ("steal" in text, "<" in text, "onclick" in text) == (False, False, False)


def locked_pdf() -> bytes:
    writer, data = pypdf.PdfWriter(clone_from=pypdf.PdfReader(DEMO / "fees.pdf")), io.BytesIO()
    writer.encrypt("secret", algorithm="AES-256")
    writer.write(data)
    return data.getvalue()


def scanned_pdf() -> bytes:
    writer, data = pypdf.PdfWriter(), io.BytesIO()
    writer.add_blank_page(200, 200)
    writer.write(data)
    return data.getvalue()


def bomb() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("word/document.xml", b" " * 90_000_000)
    return data.getvalue()


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "locked.pdf": (locked_pdf, "password"),
    "scanned.pdf": (scanned_pdf, "OCR"),
    "program.txt": (lambda: b"\x7fELF" + bytes(range(256)) * 20, "a program"),
    "empty.html": (lambda: b"<html><body></body></html>", "no text"),
    "bomb.docx": (bomb, "unpacks to far more"),
}


@pytest.mark.django_db(transaction=True)
class TestBatches:
    def run(self, *what: object, **options: Any) -> dict[str, Any]:
        out = io.StringIO()
        call_command("ingest", *map(str, what), locale="en", json=True, stdout=out, **options)
        report: dict[str, Any] = json.loads(out.getvalue())
        return report

    def test_each_bad_file_is_named_with_what_to_do_and_the_rest_goes_on(self, tmp_path: Path) -> None:
        here = tmp_path / "kb"
        here.mkdir()
        for name, (make, _) in REFUSED.items():
            (here / name).write_bytes(make())
        with (here / "huge.pdf").open("wb") as file:
            file.truncate(200_000_000)
        (here / "a-good.md").write_text(PARKING)
        (here / "z-good.txt").write_text("Buses run every ten minutes.\n")
        report = self.run(here, publish=True)
        reasons = {Path(each["path"]).name: each["reason"] for each in report["failed"]}
        assert (report["added"], set(reasons)) == (2, {*REFUSED, "huge.pdf"})
        for name, (_, advice) in REFUSED.items():
            assert reasons[name].startswith(f"{name}: ")
            assert advice in reasons[name]
        assert reasons["huge.pdf"].startswith("huge.pdf has 200 MB; the ceiling is 50 MB. Split the file")
        assert set(Source.objects.values_list("title", "state")) == {("Parking", "published"), ("Z good", "published")}

    NAMES = {
        "markup": "<script>alert(1)<script>.md",
        "operators": "\"a\" NEAR(b) -c * 'd'; --.md",
        "emoji": "🚗🅿️.md",
        "controls": "a\x1b[31m\x07\nb.md",
        "turned": "a\u202edm.exe.md",
        "mixed scripts": "许可证 تصريح permit.md",
        "no text": b"\xff\xfe\xe4.md",
        "dots": "a..md..md",
        "an option": "--publish.md",
        "blanks": "   .md",
        "long": "n" * 250 + ".md",
        "a template": "{{ 7*7 }}{% x %}.md",
        "an address": "https:__example.org.md",
    }

    @pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
    def test_a_file_of_any_name_comes_in_once_under_a_harmless_title(
        self, name: str | bytes, tmp_path: Path, client: Client
    ) -> None:
        here = tmp_path / "kb"
        here.mkdir()
        raw = name if isinstance(name, bytes) else name.encode()
        with open(bytes(here) + b"/" + raw, "wb") as file:  # noqa: PTH123 - a name that is no text
            file.write(b"Buses run every ten minutes.\n")
        assert [self.run(here, publish=True)[key] for key in ("added", "failed")] == [1, []]
        assert [self.run(here, publish=True)[key] for key in ("added", "unchanged")] == [0, 1]
        source = Source.objects.get()
        assert (source.title.isprintable(), source.path.isprintable(), len(source.title) <= 300) == (True, True, True)
        html = client.get(f"/en/sources/{source.key}/").content.decode()
        assert ("Buses run every ten minutes." in html, "<script>alert" in html) == (True, False)

    def test_a_folder_that_leads_to_itself_ends(self, tmp_path: Path) -> None:
        here = tmp_path / "kb"
        here.mkdir()
        (here / "a.md").write_text(PARKING)
        (here / "loop").symlink_to(here)
        (here / "self.md").symlink_to(here / "self.md")
        report = self.run(here)
        assert (report["added"], [Path(each["path"]).name for each in report["failed"]]) == (1, ["self.md"])

    def test_a_file_that_may_not_be_read_fails_alone(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "a.md").write_text(PARKING)
        (tmp_path / "b.md").write_text(PARKING)
        read = Path.read_bytes

        def refuse(path: Path) -> bytes:
            if path.name == "a.md":
                raise PermissionError(13, "Permission denied")
            return read(path)

        monkeypatch.setattr(Path, "read_bytes", refuse)
        report = self.run(tmp_path)
        assert (report["added"], [each["reason"] for each in report["failed"]]) == (
            1, ["Permission denied. Nothing of it was kept; try again."],
        )  # fmt: skip

    @pytest.mark.parametrize("tag", ["tlh", "", "e n", "../en", "x" * 5000])
    def test_an_unknown_locale_is_told_before_anything_is_read(self, tag: str, tmp_path: Path) -> None:
        (tmp_path / "a.md").write_text(PARKING)
        before = everything()
        with pytest.raises(CommandError, match="Known languages: en, de"):
            call_command("ingest", str(tmp_path), locale=tag, topic="parking")
        assert everything() == before


@pytest.mark.django_db
class TestTables:
    def table(self, *rows: str) -> bytes:
        return ("question,answer,locale,topic\n" + "".join(f"{row}\n" for row in rows)).encode()

    GOOD = "What is the fee?,The fee is 5 euros.,,"

    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            ("🙂🙂,The fee is 5 euros.,,", "no letter or digit"),
            ('"""*"" -",The fee is 5 euros.,,', "no letter or digit"),
            (f"{'why ' * 200},The fee is 5 euros.,,", "at most 500 characters"),
            ("What does it cost?,🙂,,", "no text|no letter"),
            ("What does it cost?,The fee is 5 euros.,tlh,", "Known languages"),
            ("What does it cost?,The fee is 5 euros.,,🙂", "cannot be a topic"),
        ],
        ids=["emoji", "operators", "too long", "an answer of emoji", "locale", "topic"],
    )
    def test_a_row_that_cannot_be_is_named_and_the_table_leaves_nothing(self, row: str, reason: str) -> None:
        before = everything()
        with pytest.raises(Invalid, match=reason) as refused:
            give(self.table(self.GOOD, row), "fees.csv")
        asked = next(csv.reader([row]))[0]
        assert str(refused.value).startswith(f"fees.csv, question “{asked.strip()[:60]}”: ")
        assert everything() == before

    def test_rows_with_markup_and_operators_are_text(self, client: Client) -> None:
        row = '"What does <script>alert(1)</script> NEAR(x) * cost?","Pay <b>5</b> euros; -- DROP TABLE.",,'
        publication.publish_source(give(self.table(self.GOOD, row), "fees.csv"))
        made = Phrasing.objects.get(text__contains="script")
        html = client.get(f"/en/questions/{made.question.key}/").content.decode()
        assert ("<script>alert" in html, "<b>5</b>" in html, "DROP TABLE." in html) == (False, False, True)

    def test_a_question_twice_in_one_table_is_one_question(self) -> None:
        source = give(self.table(self.GOOD, self.GOOD), "fees.csv")
        publication.publish_source(source)
        assert (Question.objects.count(), Source.objects.count()) == (1, 1)


class Site(BaseHTTPRequestHandler):
    """/self redirects to itself, /a and /b to each other, /hop to /self; /page is a page until `moved` says otherwise."""

    moved = False
    asked: list[str] = []

    def do_GET(self) -> None:
        Site.asked.append(self.path)
        to = {"/self": "/self", "/a": "/b", "/b": "/a", "/hop": "/self", "/page": "/page" if Site.moved else ""}
        if target := to.get(self.path):
            self.send_response(302)
            self.send_header("Location", target)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = PARKING.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/markdown")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site(settings: Any) -> Iterator[str]:
    settings.POLYFAQ = settings.POLYFAQ | {"FETCH_ALLOW_PRIVATE": True}
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    Site.moved, Site.asked = False, []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.django_db
class TestAddresses:
    @pytest.mark.parametrize("path", ["/self", "/a", "/hop"])
    def test_a_page_that_is_its_own_redirect_is_named_and_leaves_nothing(self, path: str, site: str) -> None:
        before = everything()
        with pytest.raises(Invalid, match=rf"{path}: the page redirects to itself"):
            sources.ingest(locale="en", url=f"{site}{path}", kind="url")
        assert (everything(), len(Site.asked) <= 3) == (before, True)

    def test_a_source_that_becomes_its_own_redirect_keeps_what_it_says_and_tells_why(self, site: str) -> None:
        source, _ = sources.ingest(locale="en", url=f"{site}/page", kind="url", publish=True)
        Site.moved = True
        with pytest.raises(Invalid, match="redirects to itself"):
            sources.refresh_source(source)
        source.refresh_from_db()
        assert (source.state, source.revisions.count(), "redirects to itself" in source.error) == ("published", 1, True)
        Site.moved = False
        assert sources.refresh_source(source) == "unchanged"
        source.refresh_from_db()
        assert source.error == ""

    @pytest.mark.parametrize(
        "url",
        ["javascript:alert(1)", "file:///etc/passwd", "ftp://example.org/a", "http://", "http://[::1", "https://exa mple.org/",
         "http://user:secret@example.org/", "https://\x00example.org/", "h" * 100_000, "http://169.254.169.254/latest/", "🙂"],
    )  # fmt: skip
    def test_what_is_no_public_address_is_refused_and_leaves_nothing(self, url: str) -> None:
        before = everything()
        with pytest.raises(DomainError) as refused:
            sources.ingest(locale="en", url=url, kind="url")
        assert (everything(), "secret" in str(refused.value), len(str(refused.value)) < 500) == (before, False, True)

    def test_a_closed_port_is_away_and_leaves_nothing(self, settings: Any) -> None:
        settings.POLYFAQ = settings.POLYFAQ | {"FETCH_ALLOW_PRIVATE": True}
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        before = everything()
        with pytest.raises(DomainError, match="cannot be reached"):
            sources.ingest(locale="en", url=f"http://127.0.0.1:{port}/", kind="url")
        assert everything() == before


@pytest.mark.django_db
class TestUnknownLocales:
    TAGS = ["tlh", "", "e n", "en\x00", "../en", "x" * 5000, "'; --", "🙂"]

    @pytest.mark.parametrize("tag", TAGS, ids=range(len(TAGS)))
    def test_every_mutation_names_the_languages_there_are_and_leaves_nothing(self, tag: str) -> None:
        source = make_source()
        question = make_question(cites=passages(source)[0])
        before = everything()
        calls: list[Callable[[], object]] = [
            lambda: sources.add_source(title="A", locale=tag, text=PARKING, kind="text"),
            lambda: sources.ingest(locale=tag, data=b"A. B.", filename="a.md", kind="file"),
            lambda: questions.create_question(phrasings=["A?"], locale=tag),
            lambda: questions.add_phrasing(question, text="A?", locale=tag),
            lambda: answers.save_revision(question, locale=tag, text="A."),
            lambda: answers.translate_answer(question, tag),
            lambda: answers.save_translation(question, tag, {}),
            lambda: memory.record_translation("A.", "en", tag, "B.", None),
        ]
        for call in calls:
            with pytest.raises(Invalid, match="Known languages: en, de"):
                call()
        assert everything() == before

    def test_a_language_switched_off_is_unknown_until_it_is_on_again(
        self, django_capture_on_commit_callbacks: Callable[..., Any]
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            locales.change_locale("fr", enabled=False)
        with pytest.raises(Invalid, match="no language 'fr'"):
            sources.add_source(title="A", locale="fr", text=PARKING, kind="text")
        with django_capture_on_commit_callbacks(execute=True):
            locales.change_locale("fr", enabled=True)
        assert sources.add_source(title="A", locale="fr", text=PARKING, kind="text").locale_id == "fr"


@pytest.mark.django_db
@pytest.mark.parametrize("title", ["🙂", "\x00", "<>", "---"])
def test_a_topic_without_a_letter_is_refused(title: str) -> None:
    with pytest.raises(Invalid, match="cannot be a topic"):
        topics.ensure_topic(title)
    assert not Topic.objects.exists()


@pytest.mark.django_db
def test_an_address_is_added_once() -> None:
    sources.ingest(locale="en", data=b"A text. More.", filename="a.md", kind="file", path="/a.md")
    with pytest.raises(Conflict, match=r"already here|came in twice"):
        sources.add_source(title="", locale="en", data=b"Another text.", filename="a.md", kind="file", path="/a.md")
