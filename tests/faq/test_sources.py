"""Sources: what was given becomes a source once; the same content again is cheap; what cannot be read says why."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from faq.domain import publication, sources
from faq.domain.sources import revisions
from faq.enums import Origin, SourceKind, State
from faq.errors import Conflict, Invalid, Unavailable
from faq.gateways import retrieval
from faq.models import AnswerRevision, AuditEntry, Passage, Phrasing, Question, Source, SourceRevision, Topic
from tests.faq.factories import PARKING, make_source, passages

pytestmark = pytest.mark.django_db

TABLE = b"""question,answer,locale,topic
What is the fee?,The fee is 5 euros. Pay in cash.,,payments
Was kostet es?,Es kostet 5 Euro.,de,payments
"""


def give(text: str = PARKING, **fields: Any) -> tuple[Source, str]:
    given = {"locale": "en", "data": text.encode(), "filename": "parking.md", "kind": "file", "path": "/kb/parking.md"}
    return sources.ingest(**(given | fields))


class TestIngesting:
    def test_the_same_content_comes_in_once(self) -> None:
        assert [give()[1], give()[1], give(PARKING + "\nMore text. It is new.\n")[1]] == [
            "added",
            "unchanged",
            "revised",
        ]
        assert (Source.objects.count(), SourceRevision.objects.count()) == (1, 2)

    def test_unchanged_bytes_are_not_read_again(
        self, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Callable[..., Any]
    ) -> None:
        give()
        monkeypatch.setattr(retrieval, "extract_document", None)
        monkeypatch.setattr(retrieval, "chunk_document", None)
        with django_assert_max_num_queries(2):
            assert give()[1] == "unchanged"

    def test_other_bytes_with_the_same_text_make_no_revision(self) -> None:
        give()
        assert give(PARKING + "\n\n")[1] == "unchanged"
        assert SourceRevision.objects.count() == 1

    def test_passages_are_exact_runs_of_the_text_and_keep_their_keys(self) -> None:
        source, _ = give()
        first = {passage.text: passage.key for passage in Passage.objects.all()}
        give(PARKING.replace("14 days", "30 days"))
        second = Passage.objects.filter(revision__number=2).select_related("revision")
        assert all(each.revision.text[each.start : each.end] == each.text for each in second)
        assert len(set(first.values()) & {each.key for each in second}) == 1
        assert source.revisions.count() == 2

    def test_publishing_along_publishes_what_is_new_and_what_waits(self) -> None:
        source, _ = give()
        assert source.state == State.DRAFT
        assert give(publish=True)[0].published_revision.number == 1
        assert give(PARKING + "\nMore text. It is new.\n", publish=True)[0].published_revision.number == 2

    def test_a_retired_source_stays_retired(self) -> None:
        source, _ = give(publish=True)
        publication.retire_source(source)
        assert give(publish=True)[0].state == State.RETIRED

    def test_a_failing_file_leaves_nothing(self) -> None:
        with pytest.raises(Invalid, match=r"parking\.md"):
            give(data=b"\x00\x01\x02binary\x00", filename="parking.md")
        assert (Source.objects.count(), AuditEntry.objects.count()) == (0, 0)

    def test_a_full_disk_in_the_middle_leaves_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(revisions, "_passages", full)
        with pytest.raises(OSError, match="No space"):
            give()
        assert (Source.objects.count(), SourceRevision.objects.count()) == (0, 0)
        monkeypatch.undo()
        assert give()[1] == "added"

    def test_an_unknown_locale_is_told_with_the_known_ones(self) -> None:
        with pytest.raises(Invalid, match="Known languages: en, de"):
            give(locale="klingon")

    def test_another_locale_for_the_same_path_is_a_conflict(self) -> None:
        give()
        with pytest.raises(Conflict, match="is here in en"):
            give(locale="de")

    def test_a_locale_is_understood_however_it_is_written(self) -> None:
        source, _ = give(locale="zh_CN")
        assert source.locale_id == "zh-hans"


class TestAdding:
    def test_a_title_comes_from_the_text_when_none_is_given(self) -> None:
        assert make_source(publish=False).title == "Parking"
        assert make_source(publish=False, title="Streets").title == "Streets"

    def test_equal_titles_get_keys_of_their_own(self) -> None:
        assert [make_source(publish=False).key for _ in range(3)] == ["parking", "parking-2", "parking-3"]

    def test_titles_in_any_script_make_keys(self) -> None:
        assert make_source("停车许可证的费用。", locale="zh", title="停车", publish=False).key == "停车"
        assert make_source(publish=False, title="🚗").key == "source"

    @pytest.mark.parametrize("text", ["", "   ", "\n\n"])
    def test_nothing_is_refused(self, text: str) -> None:
        with pytest.raises(Invalid):
            sources.add_source(title="x", locale="en", text=text, kind="text")

    def test_names_with_markup_and_control_characters_become_one_harmless_line(self) -> None:
        source, _ = give(
            filename="<script>alert(1)</script>\x00\x1b[31m\u202efdp.md", text="No heading. Only text.", path=""
        )
        assert source.title.isprintable()
        assert (Source.objects.get().title, "\x1b" in source.title, "\u202e" in source.title) == (
            source.title,
            False,
            False,
        )
        assert make_source(publish=False, title="<b>Bold</b>\x07").title == "<b>Bold</b>"

    def test_the_one_who_adds_owns_it(self, django_user_model: Any) -> None:
        editor = django_user_model.objects.create_superuser("editor")
        source = make_source(publish=False, actor=editor)
        assert (source.owner, AuditEntry.objects.get().actor) == (editor, editor)


class TestTables:
    def test_each_row_is_a_passage_and_a_question_whose_answer_cites_it(self) -> None:
        source = sources.add_source(
            title="Table", locale="en", data=TABLE, filename="t.csv", kind="file", path="/t.csv"
        )
        (passage,) = Passage.objects.filter(revision__source=source)
        assert (passage.text, passage.heading_path) == ("The fee is 5 euros. Pay in cash.", ["What is the fee?"])
        revision = AnswerRevision.objects.get(locale_id="en")
        citation = revision.citations.get()
        assert (revision.text, revision.origin) == ("The fee is 5 euros. [1] Pay in cash. [1]", Origin.SOURCE)
        assert (citation.passage, citation.quote) == (passage, passage.text)
        assert revision.answer.question.topic == Topic.objects.get(key="payments")

    def test_rows_in_another_language_become_a_source_in_that_language(self) -> None:
        sources.ingest(locale="en", data=TABLE, filename="t.csv", kind="file", path="/t.csv", publish=True)
        assert set(Source.objects.values_list("path", "locale_id", "state")) == {
            ("/t.csv", "en", "published"),
            ("/t.csv#de", "de", "published"),
        }
        assert set(Phrasing.objects.values_list("text", "locale_id")) == {
            ("What is the fee?", "en"),
            ("Was kostet es?", "de"),
        }
        for source in Source.objects.all():
            for each in passages(source):
                assert each.revision.text[each.start : each.end] == each.text

    def test_a_changed_row_makes_a_new_answer_of_the_same_question(self) -> None:
        given = {"locale": "en", "filename": "t.csv", "kind": "file", "path": "/t.csv", "publish": True}
        sources.ingest(data=TABLE, **given)
        sources.ingest(data=TABLE.replace(b"5 euros", b"6 euros"), **given)
        assert Question.objects.count() == 2
        live = AnswerRevision.objects.get(locale_id="en", state=State.PUBLISHED)
        assert live.text == "The fee is 6 euros. [1] Pay in cash. [1]"

    def test_an_answer_of_a_person_is_never_replaced_by_a_row(self) -> None:
        given = {"locale": "en", "filename": "t.csv", "kind": "file", "path": "/t.csv", "publish": True}
        sources.ingest(data=TABLE, **given)
        AnswerRevision.objects.filter(locale_id="en").update(origin=Origin.HUMAN, text="By hand. [1]")
        sources.ingest(data=TABLE.replace(b"5 euros", b"6 euros"), **given)
        assert AnswerRevision.objects.get(locale_id="en", state=State.PUBLISHED).text == "By hand. [1]"

    def test_an_unknown_language_in_a_row_names_the_row(self) -> None:
        with pytest.raises(Invalid, match=r"Was kostet es.*Known languages"):
            give(data=TABLE.replace(b",de,", b",xx,"), filename="t.csv")
        assert Source.objects.count() == 0


class TestWebSources:
    @pytest.fixture
    def server(self, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
        state = SimpleNamespace(text=PARKING, calls=[], fails="", edition="")

        def fetch_url(url: str, *, etag: str = "", last_modified: str = "") -> SimpleNamespace:
            state.calls.append(etag)
            if state.fails:
                raise Unavailable(state.fails)
            tag = f"{state.edition}{hash(state.text)}"
            return SimpleNamespace(
                url=url, data=state.text.encode(), media_type="text/markdown", etag=tag, last_modified="",
                not_modified=etag == tag,
            )  # fmt: skip

        monkeypatch.setattr(retrieval, "fetch_url", fetch_url)
        return state

    def web(self) -> tuple[Source, str]:
        return sources.ingest(locale="en", url="https://example.org/parking.md", kind="url")

    def test_an_address_is_fetched_once_and_then_asked_for_changes(self, server: SimpleNamespace) -> None:
        source, change = self.web()
        assert (change, source.kind, source.url) == ("added", SourceKind.URL, "https://example.org/parking.md")
        assert self.web()[1] == "unchanged"
        assert server.calls == ["", source.etag]

    def test_a_change_waits_as_a_draft(self, server: SimpleNamespace) -> None:
        source, _ = self.web()
        publication.publish_source(source)
        server.text = PARKING.replace("14 days", "30 days")
        assert sources.refresh_source(source) == "revised"
        source.refresh_from_db()
        assert (source.revisions.count(), source.published_revision.number) == (2, 1)
        assert sources.refresh_source(source) == "unchanged"

    def test_another_validator_for_the_same_bytes_is_kept_so_that_the_next_look_is_cheap(
        self, server: SimpleNamespace
    ) -> None:
        source, _ = self.web()
        server.edition = "after a move "
        assert sources.refresh_source(source) == "unchanged"
        source.refresh_from_db()
        assert sources.refresh_source(source) == "unchanged"
        assert server.calls[-1].startswith("after a move ")

    def test_a_server_that_is_away_is_noted_and_changes_nothing(self, server: SimpleNamespace) -> None:
        source, _ = self.web()
        server.fails = "example.org does not answer."
        with pytest.raises(Unavailable):
            sources.refresh_source(source)
        source.refresh_from_db()
        assert (source.error, source.revisions.count()) == ("example.org does not answer.", 1)


def test_reading_new_content_into_a_source() -> None:
    source = make_source()
    assert sources.revise_content(source, text=PARKING) is None
    revision = sources.revise_content(
        source, data=b"# Parking\n\nAll is new. Quite so.\n", filename="n.md", kind="file"
    )
    assert revision is not None
    assert (revision.number, source.published_revision.number) == (2, 1)
