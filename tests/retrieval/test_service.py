"""The retriever: sync that costs what changed, rebuilds seen whole or not at all, search that never breaks."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retrieval.backends.embedded import EmbeddedBackend
from retrieval.embedders.fake import FakeEmbedder
from retrieval.embedders.starter import StarterEmbedder
from retrieval.lexicon import Lexicons
from retrieval.service import Retriever
from retrieval.sync import SyncReport
from retrieval.types import (
    EntryKind,
    Filters,
    IndexCorrupt,
    IndexEntry,
    InvalidInput,
    NotConfigured,
    Query,
    Unavailable,
)

ROOT = Path(__file__).resolve().parents[2]
LEXICONS = Lexicons()


def passage(family: str, text: str, locale: str = "en", **fields: object) -> IndexEntry:
    return IndexEntry(f"{family}:{locale}", family, EntryKind.PASSAGE, locale, text, **fields)


WASTE = passage(
    "waste", "The bin is emptied every Tuesday. Put it out before seven in the morning.", topic="waste", source="s1"
)
PARKING = passage("parking", "Pay for parking by card or with coins at the machine.", topic="parking", source="s2")
SCHOOL = passage("school", "Children are enrolled at school in March.", heading="Schools", topic="school", source="s3")
WASTE_DE = passage(
    "waste",
    "Die Tonne wird jeden Dienstag geleert. Stellen Sie sie vor sieben Uhr hinaus.",
    "de",
    topic="waste",
    source="s1",
)
KNOWLEDGE = [WASTE, PARKING, SCHOOL, WASTE_DE]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "index.sqlite3"


@pytest.fixture
def embedder():
    return FakeEmbedder()


@pytest.fixture
def retriever(path, embedder):
    return Retriever(EmbeddedBackend(path), embedder, LEXICONS)


def families(retriever: Retriever, text: str, locale: str = "en", **filters: tuple[str, ...]) -> list[str]:
    return [hit.family for hit in retriever.search(Query(text, locale, Filters(**filters))).hits]


# sync --------------------------------------------------------------------------------------------------------------


def test_a_second_sync_does_nothing_and_embeds_nothing(retriever, embedder):
    assert retriever.sync(KNOWLEDGE) == SyncReport(added=4, changed=0, removed=0, unchanged=0, embedded=4)
    assert embedder.texts == 4
    assert retriever.sync(KNOWLEDGE) == SyncReport(added=0, changed=0, removed=0, unchanged=4, embedded=0)
    assert embedder.texts == 4


def test_a_changed_text_costs_one_embedding(retriever, embedder):
    retriever.sync(KNOWLEDGE)
    changed = replace(PARKING, text="Parking is paid by telephone.")
    assert retriever.sync([WASTE, changed, SCHOOL, WASTE_DE]) == SyncReport(0, 1, 0, 3, embedded=1)
    assert embedder.texts == 5
    assert families(retriever, "telephone")[0] == "parking"
    assert retriever.search(Query("coins machine", "en")).hits[0].lanes.keys().isdisjoint({"lexical", "gloss"})


def test_a_changed_place_keeps_the_vector(retriever, embedder):
    retriever.sync(KNOWLEDGE)
    moved = replace(PARKING, topic="traffic", source="s9", family="cars")
    assert retriever.sync([WASTE, moved, SCHOOL, WASTE_DE]) == SyncReport(0, 1, 0, 3, embedded=0)
    assert embedder.texts == 4
    assert families(retriever, "pay for parking", topics=("traffic",), sources=("s9",)) == ["cars"]
    assert families(retriever, "pay for parking", topics=("parking",)) == []
    assert retriever.check([WASTE, moved, SCHOOL, WASTE_DE]).clean


def test_what_is_no_longer_expected_goes(retriever):
    retriever.sync(KNOWLEDGE)
    assert retriever.sync([WASTE]) == SyncReport(0, 0, 3, 1)
    assert families(retriever, "parking school Tuesday") == ["waste"]
    assert retriever.sync([]) == SyncReport(0, 0, 1, 0)
    assert retriever.search(Query("Tuesday", "en")).hits == ()


def test_a_sync_of_families_leaves_the_others_alone(retriever):
    retriever.sync(KNOWLEDGE)
    assert retriever.sync([WASTE], families=["waste"]) == SyncReport(0, 0, 1, 1)
    assert retriever.sync([], families=["parking", "unknown"]) == SyncReport(0, 0, 1, 0)
    assert retriever.sync([], families=[]) == SyncReport(0, 0, 0, 0)
    assert retriever.check([WASTE, SCHOOL]).clean


def test_two_entries_of_one_key_are_refused(retriever):
    with pytest.raises(InvalidInput, match="waste:en"):
        retriever.sync([WASTE, WASTE])


def test_check_names_what_is_missing_orphaned_and_differing(retriever):
    retriever.sync([WASTE, PARKING, SCHOOL])
    report = retriever.check([WASTE_DE, replace(PARKING, text="Other."), SCHOOL])
    assert (report.missing, report.orphaned, report.differing) == (("waste:de",), ("waste:en",), ("parking:en",))
    assert not report.clean


def test_before_anything_is_indexed_check_calls_all_missing_and_search_is_degraded(retriever):
    assert retriever.check([WASTE]).missing == ("waste:en",)
    results = retriever.search(Query("Tuesday", "en"))
    assert (results.hits, results.degraded) == ((), ("lexical", "gloss", "vector"))


entries = st.builds(
    passage,
    st.sampled_from(["a", "b", "c", "d"]),
    st.sampled_from(["one two", "two three", "three four five", "", "six \" OR *"]),
    st.sampled_from(["en", "de"]),
    topic=st.sampled_from(["t1", "t2"]),
    heading=st.sampled_from(["", "Head"]),
)  # fmt: skip
bases = st.lists(entries, unique_by=lambda entry: entry.key, max_size=6)


def contents(retriever: Retriever) -> list[tuple[object, ...]]:
    backend = retriever._backend
    stored = backend.fetch(sorted(key for key, _ in backend.fingerprints()))
    return [
        (
            e.key, e.family, e.kind, e.locale, e.topic, e.source, e.fingerprint, sorted(e.lexical.split()),
            sorted(e.gloss.split()), None if e.vector is None else e.vector.tolist(),
        )
        for e in stored
    ]  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(bases, min_size=1, max_size=5))
def test_any_sequence_of_edits_then_sync_equals_a_fresh_build(tmp_path_factory, history):
    folder = tmp_path_factory.mktemp("index")
    edited = Retriever(EmbeddedBackend(folder / "edited.sqlite3"), FakeEmbedder(8), LEXICONS)
    for expected in history:
        edited.sync(expected)
    last = history[-1]
    assert edited.sync(last) == SyncReport(0, 0, 0, len(last))
    fresh = Retriever(EmbeddedBackend(folder / "fresh.sqlite3"), FakeEmbedder(8), LEXICONS)
    fresh.sync(last)
    assert contents(edited) == contents(fresh)
    fresh.rebuild(last)
    assert contents(edited) == contents(fresh)


# rebuild -----------------------------------------------------------------------------------------------------------


def test_a_rebuild_reports_progress_switches_and_keeps_only_the_generation_before(retriever):
    retriever.sync(KNOWLEDGE)
    told: list[tuple[int, int]] = []
    many = [passage(f"p{number}", f"Text number {number}.") for number in range(600)]
    names = [retriever.rebuild(many, lambda done, total: told.append((done, total)))]
    names += [retriever.rebuild(many) for _ in range(2)]
    assert told == [(256, 600), (512, 600), (600, 600)]
    assert [(g.name, g.active) for g in retriever._backend.generations()] == [(names[1], False), (names[2], True)]
    assert retriever.check(many).clean


def test_a_rebuild_catches_up_with_what_was_published_meanwhile(retriever):
    versions = [[WASTE, PARKING], [WASTE, SCHOOL]]
    retriever.rebuild(lambda: versions.pop(0) if len(versions) > 1 else versions[0])
    assert retriever.check([WASTE, SCHOOL]).clean


def test_what_is_published_just_before_the_switch_is_not_lost(retriever, monkeypatch):
    published = [WASTE]
    complete = EmbeddedBackend.complete

    def publish_then_complete(backend, name, calibration):
        published.append(SCHOOL)  # after the last comparison of the new generation
        complete(backend, name, calibration)

    monkeypatch.setattr(EmbeddedBackend, "complete", publish_then_complete)
    retriever.rebuild(lambda: list(published))
    assert retriever.check([WASTE, SCHOOL]).clean


def test_an_editor_who_never_rests_does_not_keep_a_rebuild_from_ending(retriever):
    asked: list[int] = []

    def expected():
        asked.append(len(asked))
        return [passage("p", f"Version {len(asked)}.")]

    name = retriever.rebuild(expected)
    assert retriever.describe()["generation"] == name
    assert len(asked) < 10


def test_a_rebuild_that_fails_leaves_the_index_in_use(retriever):
    retriever.sync(KNOWLEDGE)

    def failing():
        yield PARKING
        raise RuntimeError("the database went away")

    with pytest.raises(RuntimeError):
        retriever.rebuild(failing())
    assert retriever.check(KNOWLEDGE).clean
    assert [generation.active for generation in retriever._backend.generations()] == [True]


def test_a_full_disk_in_the_middle_of_a_rebuild_leaves_the_index_in_use(retriever):
    retriever.sync(KNOWLEDGE)
    connection = retriever._backend._database.connection()
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={pages + 60}")
    with pytest.raises(Unavailable, match="disk is full"):
        retriever.rebuild([passage(f"p{number}", f"Text number {number} " * 20) for number in range(2000)])
    assert families(retriever, "Tuesday bin")[0] == "waste"
    assert retriever.check(KNOWLEDGE).clean
    connection.execute("PRAGMA max_page_count=1000000")
    retriever.rebuild(KNOWLEDGE)
    assert retriever.check(KNOWLEDGE).unfinished == ()


def test_a_rebuild_killed_in_the_middle_is_told_by_check_and_cleared_by_the_next(path, retriever):
    retriever.sync(KNOWLEDGE)
    code = f"""
    from pathlib import Path
    from retrieval.backends.embedded import EmbeddedBackend
    from retrieval.embedders.fake import FakeEmbedder
    from retrieval.lexicon import Lexicons
    from retrieval.service import Retriever
    from tests.retrieval.test_service import passage
    retriever = Retriever(EmbeddedBackend(Path({str(path)!r})), FakeEmbedder(), Lexicons())
    many = [passage(f"p{{number}}", f"Text number {{number}}.") for number in range(100_000)]
    retriever.rebuild(many, lambda done, total: print("in the middle", flush=True) if done == 512 else None)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "in the middle\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait(30)
    process.stdout.close()
    report = retriever.check(KNOWLEDGE)
    assert (report.clean, len(report.unfinished)) == (True, 1)
    assert retriever.describe()["unfinished"] == list(report.unfinished)
    assert families(retriever, "Tuesday bin")[0] == "waste"
    retriever.rebuild(KNOWLEDGE)
    assert retriever.check(KNOWLEDGE).unfinished == ()


def test_an_index_that_cannot_be_read_is_rebuilt(path, retriever):
    path.write_bytes(b"this is no database at all" * 500)
    with pytest.raises(IndexCorrupt, match=r"manage\.py index --rebuild"):
        retriever.search(Query("Tuesday", "en"))
    retriever.rebuild(KNOWLEDGE)
    assert retriever.check(KNOWLEDGE).clean


def test_readers_search_while_a_rebuild_runs(path, retriever):
    retriever.sync(KNOWLEDGE)
    wrong: list[object] = []
    stop = threading.Event()

    def read() -> None:
        reader = Retriever(EmbeddedBackend(path), FakeEmbedder(), LEXICONS)
        while not stop.is_set():
            found = families(reader, "bin emptied Tuesday")
            if found[:1] != ["waste"]:
                wrong.append(found)

    thread = threading.Thread(target=read)
    thread.start()
    for number in range(5):
        retriever.rebuild([*KNOWLEDGE, *(passage(f"p{number}-{at}", "Something else.") for at in range(300))])
    stop.set()
    thread.join()
    assert wrong == []


def test_another_embedder_needs_a_rebuild_and_searches_without_vectors_until_then(path, retriever):
    retriever.sync(KNOWLEDGE)
    other = Retriever(EmbeddedBackend(path), FakeEmbedder(dimensions=32), LEXICONS)
    assert other.check(KNOWLEDGE).recipe_differs
    results = other.search(Query("Tuesday bin", "en"))
    assert (results.hits[0].family, results.degraded) == ("waste", ("vector",))
    with pytest.raises(NotConfigured, match=r"manage\.py index --rebuild"):
        other.sync([WASTE], families=["waste"])
    with pytest.raises(NotConfigured, match=r"manage\.py index --rebuild"):
        other.upsert([WASTE])
    assert other.sync(KNOWLEDGE) == SyncReport(0, 4, 0, 0, embedded=4)
    assert other.search(Query("Tuesday bin", "en")).degraded == ()
    assert other.check(KNOWLEDGE).clean


# search ------------------------------------------------------------------------------------------------------------


def test_a_question_is_found_in_its_own_language_and_from_another(retriever):
    retriever.sync(KNOWLEDGE)
    own = retriever.search(Query("Wann wird die Tonne geleert?", "de")).hits[0]
    assert (own.family, own.locale, own.key) == ("waste", "de", "waste:de")
    assert set(own.lanes) == {"lexical", "gloss", "vector"}
    french = retriever.search(Query("Comment payer le stationnement avec une carte ?", "fr")).hits[0]
    assert french.family == "parking"


def test_the_words_of_one_language_are_not_searched_in_another(retriever):
    retriever.sync([passage("a", "Die Kinder"), passage("b", "die Kinder", "de")])
    hits = retriever.search(Query("Kinder", "de")).hits
    assert [hit.family for hit in hits if "lexical" in hit.lanes] == ["b"]


def test_a_family_is_one_hit(retriever):
    retriever.sync(KNOWLEDGE)
    found = families(retriever, "Tuesday Dienstag bin Tonne")
    assert len(found) == len(set(found)) == 3


def test_filters_and_limit_hold(retriever):
    retriever.sync(KNOWLEDGE)
    assert families(retriever, "bin parking school", sources=("s3",)) == ["school"]
    assert families(retriever, "bin", locales=("de",)) == ["waste"]
    assert families(retriever, "bin", kinds=("phrasing",)) == []
    assert len(retriever.search(Query("bin parking school", "en", limit=2)).hits) == 2


@pytest.mark.parametrize(
    "text",
    [
        "", "   ", "\n\t", "🚲", "🚲🚲🚲", "the of and", '"', '"""', "*", "par*", "NEAR", "NEAR(a b, 3)", "a AND OR NOT b",
        "-parking",
        "lexical:parking", "(", ")", "^x", "{a b}: c", "'; DROP TABLE entry; --", "%", "\0",
        "\x07\x1b[31m", "\ud800", "<script>alert(1)</script>",
        "Tuesday вторник الثلاثاء 星期二", "a" * 100_000, "word " * 20_000, "１２３", "\u202e\u200b", "..." * 1000,
    ],
)  # fmt: skip
@pytest.mark.parametrize("locale", ["en", "zh-hans", "xx"])
def test_no_question_breaks_the_search(retriever, text, locale):
    retriever.sync(KNOWLEDGE)
    results = retriever.search(Query(text, locale))
    assert results.degraded == ()
    assert all(0.0 <= hit.evidence <= 1.0 for hit in results.hits)


def test_odd_texts_can_be_indexed(retriever):
    odd = ["", "🚲", '" * NEAR -', "\0\x07", "word " * 20_000, "العربية", "公共交通", "\ud800"]
    expected = [passage(f"odd{number}", text) for number, text in enumerate(odd)]
    retriever.sync(expected)
    assert retriever.check(expected).clean
    assert families(retriever, "公共交通", "en")[0] == "odd6"


def test_stop_words_alone_still_find(retriever):
    retriever.sync([passage("a", "To be or not to be"), passage("b", "Parking costs two euros")])
    assert families(retriever, "to be or not to be")[0] == "a"


def test_frequent_words_are_left_out_while_rarer_ones_remain(retriever):
    many = [passage(f"p{number}", f"city office number{number}") for number in range(1500)]
    retriever.sync(many)
    hits = retriever.search(Query("city office number77", "en")).hits
    assert [hit.family for hit in hits if "lexical" in hit.lanes] == ["p77"]
    assert len([hit for hit in retriever.search(Query("city office", "en")).hits if "lexical" in hit.lanes]) == 10


def test_each_lane_is_timed(retriever):
    retriever.sync(KNOWLEDGE)
    assert set(retriever.search(Query("bin", "en")).milliseconds) == {"lexical", "gloss", "vector", "fusion", "total"}


def away(*_: object, **__: object) -> object:
    raise Unavailable("the service is away")


@pytest.mark.parametrize("lane", ["lexical", "gloss", "vector"])
def test_a_lane_that_is_away_is_named_and_the_others_answer(retriever, monkeypatch, lane):
    retriever.sync(KNOWLEDGE)
    monkeypatch.setattr(retriever._backend, lane, away)
    results = retriever.search(Query("Tuesday bin", "en"))
    assert (results.degraded, results.hits[0].family) == ((lane,), "waste")


def test_an_embedder_that_is_away_costs_the_vectors_only(retriever, monkeypatch):
    retriever.sync(KNOWLEDGE)
    monkeypatch.setattr(retriever._embedder, "embed_queries", away)
    results = retriever.search(Query("Tuesday bin", "en"))
    assert (results.degraded, results.hits[0].family) == (("vector",), "waste")


def test_with_all_lanes_away_search_says_so(retriever, monkeypatch):
    retriever.sync(KNOWLEDGE)
    for lane in ("lexical", "gloss", "vector"):
        monkeypatch.setattr(retriever._backend, lane, away)
    with pytest.raises(Unavailable, match="away"):
        retriever.search(Query("Tuesday bin", "en"))


def test_evidence_is_higher_for_an_answer_than_for_something_else(retriever):
    retriever.sync(KNOWLEDGE)
    right = retriever.search(Query("When is the bin emptied?", "en")).hits[0]
    wrong = retriever.search(Query("Who wrote the opera about a flying Dutchman?", "en")).hits
    assert right.evidence > max((hit.evidence for hit in wrong), default=0.0)


# the rest ----------------------------------------------------------------------------------------------------------


def test_similarity_compares_pairs_or_one_with_many(retriever):
    one, two = retriever.similarity(["parking fee"], "en", ["parking fee", "xyz"], "en")
    assert one == pytest.approx(1.0)
    assert two < 0.5
    assert retriever.similarity(["a b c", "d e f"], "en", ["a b c", "d e f"], "en") == pytest.approx([1.0, 1.0])
    assert retriever.similarity([], "en", ["a"], "en") == []


def test_remove_tells_how_many_there_were(retriever):
    assert retriever.remove(["waste:en"]) == 0
    retriever.upsert(KNOWLEDGE)
    assert retriever.remove(["waste:en", "unknown"]) == 1
    assert retriever.check(KNOWLEDGE).missing == ("waste:en",)


def test_gloss_and_analyse_show_how_a_text_is_read(retriever):
    assert "park" in retriever.gloss("Parkplatz", "de") or "park" in retriever.gloss("parking", "en")
    assert retriever.analyse("Parking", "en") == ["park"]


def test_describe_says_what_is_there(retriever):
    retriever.sync(KNOWLEDGE)
    said = retriever.describe()
    assert (said["entries"], said["recipe_matches"], said["unfinished"]) == (4, True, [])
    assert [generation.name for generation in retriever._backend.generations()] == [said["generation"]]


def test_a_text_without_known_pieces_has_no_vector(retriever, monkeypatch):
    zeros = np.zeros((1, 64), dtype=np.float32)
    monkeypatch.setattr(retriever._embedder, "embed_passages", lambda texts, locales: np.repeat(zeros, len(texts), 0))
    retriever.sync([WASTE])
    assert set(retriever.search(Query("Tuesday", "en")).hits[0].lanes) == {"lexical", "gloss"}


MIXED = [
    ("bin", "en", "Put your bins on the pavement by six in the morning."),
    ("ferry", "en", "The harbour ferry runs every twenty minutes."),
    ("library", "en", "The library is closed on public holidays."),
    ("dog", "de", "Die Hundesteuer beträgt neunzig Euro im Jahr."),
    ("passport", "de", "Ein neuer Reisepass kostet zweiundsiebzig Euro."),
    ("school", "de", "Die Schule beginnt nach den Sommerferien im August."),
]


@pytest.mark.parametrize(
    ("locale", "question", "wanted"),
    [
        ("en", "When does the ferry run?", "ferry"),
        ("en", "How much is a new passport?", "passport"),
        ("de", "Wann fährt die Fähre?", "ferry"),
        ("de", "Was kostet ein Reisepass?", "passport"),
        ("fr", "Combien coûte un passeport ?", "passport"),
        ("fr", "La bibliothèque est-elle fermée les jours fériés ?", "library"),
    ],
)
def test_no_language_of_a_mixed_knowledge_base_drowns_another(path, locale, question, wanted):
    mixed = Retriever(EmbeddedBackend(path), StarterEmbedder(), Lexicons())
    mixed.upsert([IndexEntry(f"{key}:{lang}", key, EntryKind.PASSAGE, lang, text) for key, lang, text in MIXED])
    assert mixed.search(Query(question, locale, limit=3)).hits[0].family == wanted
