"""The Weaviate backend on the double: the contract over the real client and the real protocols, and every failure."""

import math
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from retrieval.backends import weaviate_lease, weaviate_wire, weaviate_writing
from retrieval.backends.embedded import EmbeddedBackend
from retrieval.backends.weaviate import WeaviateBackend
from retrieval.backends.weaviate_fields import FIELDS, property_names
from retrieval.backends.weaviate_scoring import steering
from retrieval.embedders.fake import FakeEmbedder
from retrieval.lexicon import Lexicons
from retrieval.service import Retriever
from retrieval.types import (
    EntryKind,
    Filters,
    IndexCorrupt,
    IndexEntry,
    InvalidInput,
    NotConfigured,
    Query,
    RetrievalError,
    Unavailable,
)
from tests.contracts.backend import DIMENSIONS, BackendContract, entry, keys, unit
from tests.doubles.weaviate import Double

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def server() -> Iterator[Double]:
    running = Double().start()
    yield running
    running.stop()


@pytest.fixture
def double(server: Double) -> Double:
    server.clear()
    return server


@pytest.fixture
def make(double: Double) -> Iterator[Callable[..., WeaviateBackend]]:
    made: list[WeaviateBackend] = []

    def make(**options: Any) -> WeaviateBackend:
        made.append(WeaviateBackend(double.url, double.grpc_url, **{"read_seconds": 5.0, **options}))
        return made[-1]

    yield make
    for backend in made:
        backend.close()


@pytest.fixture
def backend(make: Callable[..., WeaviateBackend]) -> WeaviateBackend:
    """Its active generation g1 holds the entry `a`, with the word x."""
    backend = make()
    backend.create("g1", "recipe", DIMENSIONS)
    backend.upsert([entry("a", "x", "x", unit(1, 0, 0, 0))], "g1")
    backend.complete("g1", {"floor": 0.5})
    backend.activate("g1")
    return backend


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weaviate_writing, "PAUSES", (0.0,))


def found(backend: WeaviateBackend, token: str = "x") -> list[str]:
    return keys(backend.lexical({token: 1.0}, Filters(), 5))


class TestContract(BackendContract):
    @pytest.fixture(autouse=True)
    def _on(self, make: Callable[..., WeaviateBackend]) -> None:
        self.make_backend = make  # type: ignore[method-assign]


# A server that is away

LOOK_UPS: dict[str, Callable[[WeaviateBackend], Any]] = {
    "generations": lambda backend: backend.generations(),
    "lexical": lambda backend: backend.lexical({"x": 1.0}, Filters(), 5),
    "gloss": lambda backend: backend.gloss({"x": 1.0}, Filters(), 5),
    "vector": lambda backend: backend.vector(unit(1, 0, 0, 0), Filters(), 5),
    "frequencies": lambda backend: backend.frequencies("lexical", ["y"]),
    "vocabulary": lambda backend: list(backend.vocabulary("lexical")),
}
WRITES: dict[str, Callable[[WeaviateBackend], Any]] = {
    "create": lambda backend: backend.create("g2", "recipe", DIMENSIONS),
    "complete": lambda backend: backend.complete("g1", {}),
    "activate": lambda backend: backend.activate("g1"),
    "drop": lambda backend: backend.drop("g1"),
    "upsert": lambda backend: backend.upsert([entry("b", "x")]),
    "remove": lambda backend: backend.remove(["a"]),
    "fetch": lambda backend: backend.fetch(["a"]),
    "fingerprints": lambda backend: list(backend.fingerprints()),
    "compact": lambda backend: backend.compact(),
    "reset": lambda backend: backend.reset(),
}


@pytest.fixture
def dead(make: Callable[..., WeaviateBackend]) -> WeaviateBackend:
    """Of a server that nobody runs."""
    return make(prefix="Dead")


def never(*_: Any) -> None:
    raise AssertionError("A reader waited for a repetition.")


@pytest.mark.parametrize("name", LOOK_UPS)
def test_a_dead_server_is_unavailable_at_once_and_never_asked_again_by_the_client(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", never)
    backend = WeaviateBackend("http://127.0.0.1:9", "http://127.0.0.1:9")
    with pytest.raises(Unavailable, match="WEAVIATE"):
        LOOK_UPS[name](backend)


@pytest.mark.parametrize("name", LOOK_UPS)
def test_a_server_that_does_not_answer_is_left_alone_after_one_look_up(
    make: Callable[..., WeaviateBackend], backend: WeaviateBackend, double: Double, name: str
) -> None:
    reader = make(read_seconds=0.05)
    with double.failing(delay=0.2):
        with pytest.raises(Unavailable):
            LOOK_UPS[name](reader)
        calls = len(double.calls)
        for look_up in LOOK_UPS.values():
            with pytest.raises(Unavailable):
                look_up(reader)
        assert len(double.calls) == calls


def test_a_server_that_answers_each_call_slowly_costs_no_more_than_the_limit_of_one_look_up(
    make: Callable[..., WeaviateBackend], backend: WeaviateBackend, double: Double
) -> None:
    """The first look-up of a process makes several calls, each of them within the limit by itself."""
    double.calls.clear()
    assert found(make()) == ["a"]
    calls = len(double.calls)
    reader = make(read_seconds=0.5)
    with double.failing(delay=0.2), pytest.raises(Unavailable):
        found(reader)
    assert calls * 0.2 > 0.5


@pytest.mark.parametrize("name", WRITES)
def test_work_on_a_dead_server_says_so(name: str) -> None:
    backend = WeaviateBackend("http://127.0.0.1:9", "http://127.0.0.1:9")
    with pytest.raises(Unavailable, match=r"WEAVIATE_(GRPC_)?URL"):
        WRITES[name](backend)


def test_it_is_found_again_when_it_is_back(backend: WeaviateBackend, double: Double) -> None:
    backend._connection._own().breaker._first = 0.0
    with double.failing(reading=grpc.StatusCode.UNAVAILABLE), pytest.raises(Unavailable):
        found(backend, "y")
    assert found(backend) == ["a"]


def test_a_server_that_was_stopped_and_started_is_found_again(make: Callable[..., WeaviateBackend]) -> None:
    server = Double().start()
    try:
        backend = WeaviateBackend(server.url, server.grpc_url, read_seconds=5.0)
        backend._connection._own().breaker._first = 0.0
        backend.create("g1", "recipe", DIMENSIONS)
        backend.complete("g1", {})
        backend.activate("g1")
        backend.upsert([entry("a", "x")])
        server.stop()
        with pytest.raises(Unavailable):
            backend.generations()
        server.start()
        deadline = time.monotonic() + 20
        while True:
            try:
                assert [each.entries for each in backend.generations()] == [1]
                break
            except Unavailable:
                assert time.monotonic() < deadline
                time.sleep(0.02)
        backend.upsert([entry("b", "x")])
        assert sorted(found(backend)) == ["a", "b"]
        backend.close()
    finally:
        server.stop()


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_errors_of_the_http_side_are_mapped(backend: WeaviateBackend, double: Double, status: int) -> None:
    with double.failing(http=status), pytest.raises(Unavailable, match=str(status)):
        backend.generations()


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK])
def test_no_error_of_grpc_gets_out_as_it_is(make: Callable[..., WeaviateBackend], double: Double, code: Any) -> None:
    with double.failing(reading=code), pytest.raises(RetrievalError):
        make().generations()


def test_a_server_that_is_too_old_is_told(make: Callable[..., WeaviateBackend], double: Double) -> None:
    double.version = "1.31.9"
    with pytest.raises(NotConfigured, match=r"Weaviate 1\.31\.9.*1\.32 or newer"):
        make().create("g1", "recipe", DIMENSIONS)


@pytest.mark.parametrize("name", [*LOOK_UPS, "create", "fetch"])
def test_a_wrong_key_is_told_by_the_name_of_its_variable(
    make: Callable[..., WeaviateBackend], double: Double, name: str
) -> None:
    double.key = "the right one"
    with pytest.raises(NotConfigured, match="WEAVIATE_API_KEY") as told:
        (LOOK_UPS | WRITES)[name](make(api_key="a wrong one"))
    assert "a wrong one" not in str(told.value)


def test_the_right_key_opens_both_sides(make: Callable[..., WeaviateBackend], double: Double) -> None:
    double.key = "the right one"
    backend = make(api_key="the right one")
    backend.create("g1", "recipe", DIMENSIONS)
    backend.upsert([entry("a", "x")], "g1")
    assert list(backend.fingerprints("g1")) == [("a", "f-a")]


# Objects that are not taken


def test_an_object_that_is_never_taken_is_named_and_the_others_are_kept(
    backend: WeaviateBackend, double: Double, no_pauses: None
) -> None:
    def refuse(properties: dict[str, Any]) -> str | None:
        return "invalid text property" if properties.get("key") == "bad" else None

    with double.failing(reject=refuse), pytest.raises(InvalidInput, match=r"1 of 3 objects: bad: invalid text"):
        backend.upsert([entry("good", "x"), entry("bad", "x"), entry("fine", "x")])
    assert sorted(key for key, _ in backend.fingerprints()) == ["a", "fine", "good"]


def test_only_what_failed_is_sent_again(backend: WeaviateBackend, double: Double, no_pauses: None) -> None:
    sent: list[str] = []

    def refuse(properties: dict[str, Any]) -> str | None:
        key = properties.get("key", "")
        sent.append(key)
        return "cannot reach enough replicas" if sent.count(key) == 1 and key == "c" else None

    with double.failing(reject=refuse):
        assert backend.upsert([entry("b", "x"), entry("c", "x")]) == 2
    assert [key for key in sent if key] == ["b", "c", "c"]
    assert sorted(found(backend)) == ["a", "b", "c"]


def test_what_is_known_of_a_generation_is_on_all_replicas_or_on_most_while_a_node_is_away(
    make: Callable[..., WeaviateBackend], double: Double
) -> None:
    def patches() -> int:
        return sum(call.startswith("PATCH") for call in double.calls)

    backend = make(replicas=3)
    backend.create("g1", "recipe", DIMENSIONS)
    backend.upsert([entry("a", "x")], "g1")
    before = patches()
    backend.complete("g1", {})
    whole = patches() - before
    with double.failing(node_away=True):
        before = patches()
        backend.complete("g1", {})
        assert patches() - before == 2 * whole
        backend.activate("g1")
    assert found(backend) == ["a"]


def test_a_write_asks_again_for_a_count_that_a_dying_replica_did_not_give(
    backend: WeaviateBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts, asked = weaviate_wire.Reader.counts, []

    def away_at_first(self: Any, *given: Any) -> list[int]:
        asked.append(given)
        if len(asked) < 3:
            raise Unavailable("no answer")
        return counts(self, *given)

    monkeypatch.setattr(weaviate_wire.Reader, "counts", away_at_first)
    assert backend.upsert([entry("b", "x")]) == 1
    assert len(asked) == 4  # then once more, for the census


def test_a_batch_of_which_nothing_is_taken_is_told_too(
    backend: WeaviateBackend, double: Double, no_pauses: None
) -> None:
    def refuse(properties: dict[str, Any]) -> str | None:
        return "cannot reach enough replicas" if "key" in properties else None

    with double.failing(reject=refuse), pytest.raises(Unavailable, match=r"1 of 1 objects: b: "):
        backend.upsert([entry("b", "x")])
    assert backend.upsert([entry("b", "x")]) == 1
    assert sorted(found(backend)) == ["a", "b"]


def test_failed_objects_are_logged_by_their_number_only(
    backend: WeaviateBackend, double: Double, no_pauses: None, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        double.failing(reject=lambda properties: "invalid" if "key" in properties else None),
        pytest.raises(InvalidInput),
    ):
        backend.upsert([entry("b", "confidential words", vector=unit(1, 0, 0, 0))])
    assert "1 of 1 objects were not taken" in caplog.text
    assert "confidential" not in caplog.text


def test_deletes_go_on_past_what_one_call_deletes(make: Callable[..., WeaviateBackend], double: Double) -> None:
    backend = make()
    double.delete_cap = 3
    try:
        backend.create("g1", "recipe", DIMENSIONS)
        backend.upsert([entry(f"k{number}", "x") for number in range(10)], "g1")
        assert backend.remove([f"k{number}" for number in range(8)], "g1") == 8
        assert sorted(key for key, _ in backend.fingerprints("g1")) == ["k8", "k9"]
    finally:
        double.delete_cap = 10_000


# Scores


def test_scores_are_to_the_bit_those_of_the_embedded_index(
    make: Callable[..., WeaviateBackend], tmp_path: Path
) -> None:
    """Two entries of equal worth are ordered by their keys on both, never by rounding."""
    chance = np.random.default_rng(3)
    words = [f"w{number}" for number in range(12)]
    entries = [
        entry(
            f"k{number}",
            " ".join(chance.choice(words, size=int(chance.integers(1, 40)))),
            " ".join(chance.choice(words, size=int(chance.integers(1, 400)))),
            locale=("en", "zh")[number % 2],
        )
        for number in range(150)
    ]
    weights = {word: float(chance.uniform(0.05, 1.0)) for word in words[:7]} | {"unknown": 1.0}
    found = []
    for each in (EmbeddedBackend(tmp_path / "index.sqlite3"), make()):
        each.create("g1", "recipe", DIMENSIONS)
        each.upsert(entries, "g1")
        each.complete("g1", {})
        each.activate("g1")
        found.append(
            [
                look_up(weights, Filters(locales=locales), 150)
                for look_up in (each.lexical, each.gloss)
                for locales in ((), ("zh",))
            ]
        )
        each.close()
    assert all(found[0])
    assert found[0] == found[1]


# Generations


def test_an_index_that_lost_its_collection_is_corrupt_and_a_rebuild_is_the_way_out(
    backend: WeaviateBackend, double: Double
) -> None:
    del double.collections["Polyfaq_Entries_g1"]
    with pytest.raises(IndexCorrupt, match="--rebuild"):
        backend.generations()
    retriever = Retriever(backend, FakeEmbedder(), Lexicons())
    retriever.rebuild([IndexEntry("p1:en", "p1", EntryKind.PASSAGE, "en", "Parking permits cost ninety euros.")])
    assert [hit.key for hit in retriever.search(Query("parking permits", "en")).hits] == ["p1:en"]


def test_a_build_that_lost_an_entry_is_never_switched_to(
    make: Callable[..., WeaviateBackend], double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = [IndexEntry(f"p{n}:en", f"p{n}", EntryKind.PASSAGE, "en", f"Permit number {n}.") for n in range(3)]
    backend = make()
    retriever = Retriever(backend, FakeEmbedder(), Lexicons())
    before = retriever.rebuild(entries)
    store = weaviate_writing.Writer.store

    def lossy(self: Any, collection: str, objects: Any, *rest: Any) -> None:
        store(self, collection, [each for each in objects if each.properties.get("key") != "p1:en"], *rest)

    monkeypatch.setattr(weaviate_writing.Writer, "store", lossy)
    with pytest.raises(Unavailable, match="the one in use stays"):
        retriever.rebuild(entries)
    assert [(each.name, each.active, each.entries) for each in backend.generations()] == [(before, True, 3)]
    assert double.aliases["Polyfaq_Active"] == f"Polyfaq_Entries_{before}"


def test_switching_is_one_step_for_every_client(make: Callable[..., WeaviateBackend], backend: WeaviateBackend) -> None:
    other = make()
    assert found(other) == ["a"]
    backend.create("g2", "recipe", DIMENSIONS)
    backend.upsert([entry("b", "x")], "g2")
    backend.complete("g2", {})
    backend.activate("g2")
    other.generations()  # as every search does first
    assert [found(other), found(backend)] == [["b"], ["b"]]


def test_a_generation_dropped_after_it_was_taken_for_the_active_one_costs_no_answer(
    make: Callable[..., WeaviateBackend], backend: WeaviateBackend
) -> None:
    other = make()
    assert found(other) == ["a"]
    backend.create("g2", "recipe", DIMENSIONS)
    backend.upsert([entry("b", "x", "x", unit(1, 0, 0, 0))], "g2")
    backend.complete("g2", {})
    backend.activate("g2")
    backend.drop("g1")
    assert found(other) == ["b"]
    backend.activate("g2")
    assert keys(other.vector(unit(1, 0, 0, 0), Filters(), 5)) == ["b"]


def test_a_word_that_another_process_has_just_added_is_found(
    make: Callable[..., WeaviateBackend], backend: WeaviateBackend
) -> None:
    other = make()
    assert other.frequencies("lexical", ["new"]) == (1, {"new": 0})
    backend.upsert([entry("b", "new")])
    other.generations()  # as every search does first
    assert found(other, "new") == ["b"]


def test_portals_with_different_prefixes_share_a_server(
    make: Callable[..., WeaviateBackend], backend: WeaviateBackend
) -> None:
    other = make(prefix="Polyfaq2")
    assert other.generations() == []
    other.create("g1", "recipe", DIMENSIONS)
    other.upsert([entry("theirs", "x")], "g1")
    other.complete("g1", {})
    other.activate("g1")
    other.reset()
    assert (other.generations(), found(backend)) == ([], ["a"])


def test_a_scratch_index_is_gone_after_its_process(double: Double) -> None:
    code = (
        "import sys; from retrieval.backends.weaviate import WeaviateBackend as B\n"
        "made = B(sys.argv[1], sys.argv[2], prefix='Gone', scratch=True); made.create('g1', 'recipe', 4)\n"
        "print(len(made.generations()))"
    )
    command = [sys.executable, "-c", code, double.url, double.grpc_url]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout.strip(), list(double.collections)) == ("1", []), done.stderr


# What is stored


def test_vectors_of_zeros_are_stored_as_none_and_all_tokens_as_they_are(
    backend: WeaviateBackend, double: Double
) -> None:
    zeros = np.zeros(DIMENSIONS, dtype=np.float32)
    backend.upsert([entry("z", "The c++ haus§de", vector=zeros)])
    [(properties, vectors)] = [
        each for each in double.collections["Polyfaq_Entries_g1"].objects.values() if each[0]["key"] == "z"
    ]
    assert (properties["lexical_en"], vectors) == ("The c++ haus§de", {})


def test_the_schema_asks_for_what_was_measured(backend: WeaviateBackend, double: Double) -> None:
    schema = double.collections["Polyfaq_Entries_g1"].schema
    index = schema["vectorConfig"]["text"]["vectorIndexConfig"]
    assert (index["distance"], index["rq"]) == ("dot", {"enabled": True, "bits": 8, "rescoreLimit": 64})
    assert schema["invertedIndexConfig"]["stopwords"]["preset"] == "none"
    assert {each["name"]: each["tokenization"] for each in schema["properties"] if each.get("indexSearchable")} == {
        "lexical_en": "whitespace",
        "gloss_en": "whitespace",
    }


def test_the_same_key_has_the_same_id_and_no_two_keys_share_one(backend: WeaviateBackend, double: Double) -> None:
    pairs = ["ab", "a b", "a\x1fb", "é", "e\u0301", "1", "01"]
    backend.upsert([entry(key, "x") for key in pairs])
    backend.upsert([entry(key, "x") for key in pairs])
    assert len(double.collections["Polyfaq_Entries_g1"].objects) == 1 + len(pairs)


# Builders


def test_a_lease_that_nobody_renews_is_taken_over(
    make: Callable[..., WeaviateBackend], monkeypatch: pytest.MonkeyPatch, double: Double
) -> None:
    dead, heir = make(), make()
    held = dead.building(0)
    held.__enter__()
    monkeypatch.setattr(dead._lease, "_write", lambda number: None)
    heir._lease._clock = lambda: time.time() + weaviate_lease.LEASE_SECONDS + 1
    with heir.building(0) as waited:
        assert (waited, list(double.aliases)) == (False, ["Polyfaq_Lease_000000002"])
    assert double.aliases == {}
    held.__exit__(None, None, None)
    with dead.building(0):
        pass


def test_a_failing_build_frees_the_lease(backend: WeaviateBackend, double: Double) -> None:
    with pytest.raises(RuntimeError), backend.building(0):
        raise RuntimeError("the build failed")
    assert [alias for alias in double.aliases if "Lease" in alias] == []


# Processes

FORK = """
import os, sys, time
from retrieval.backends.weaviate import WeaviateBackend
from retrieval.types import Filters
from tests.contracts.backend import DIMENSIONS, entry
made = WeaviateBackend(sys.argv[1], sys.argv[2], read_seconds=20.0)
made.create("g1", "recipe", DIMENSIONS)
made.complete("g1", {})
made.activate("g1")
made.upsert([entry(str(n), f"w{n}") for n in range(4)])
made.lexical({"w0": 1.0}, Filters(), 5)
parent, children = made._connection._sockets, []
for child in range(4):
    pid = os.fork()
    if not pid:
        found = [[hit.key for hit in made.lexical({f"w{child}": 1.0}, Filters(), 5)] for _ in range(20)]
        made.upsert([entry(f"child{child}", "x")])
        own = made._connection._sockets
        os._exit(0 if found == [[str(child)]] * 20 and own.channel is not parent.channel else 1)
    children.append(pid)
assert [hit.key for hit in made.lexical({"w0": 1.0}, Filters(), 5)] == ["0"]
print([os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children], len(list(made.fingerprints())))
"""


def test_forked_processes_use_sockets_of_their_own(double: Double) -> None:
    command = [sys.executable, "-c", FORK, double.url, double.grpc_url]
    environment = os.environ | {"PYTHONWARNINGS": "ignore"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.strip() == "[0, 0, 0, 0] 8", done.stderr


# Settings


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"url": ""}, "WEAVIATE_URL"),
        ({"url": "ftp://somewhere"}, "WEAVIATE_URL"),
        ({"url": "http://user:secret@host:none"}, "WEAVIATE_URL"),
        ({"url": "http://host", "grpc_url": "http://host:70000"}, "WEAVIATE_GRPC_URL"),
        ({"url": "http://host", "prefix": "lower"}, "WEAVIATE_PREFIX"),
        ({"url": "http://host", "prefix": "With_Underscore"}, "WEAVIATE_PREFIX"),
        ({"url": "http://host", "quantiser": "pq"}, "WEAVIATE_QUANTISER"),
        ({"url": "http://host", "replicas": 0}, "WEAVIATE_REPLICAS"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_and_no_password_repeated(options: dict[str, Any], said: str) -> None:
    with pytest.raises(NotConfigured, match=said) as told:
        WeaviateBackend(**options)
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    ("url", "grpc_url", "http", "other"),
    [
        ("http://host", "", ("host", 8080, False), ("host", 50051, False)),
        ("https://host", "", ("host", 443, True), ("host", 50051, True)),
        ("https://host:8443/", "grpcs://other:443", ("host", 8443, True), ("other", 443, True)),
        ("http://host", "other:50052", ("host", 8080, False), ("other", 50052, False)),
        ("http://host:1", "https://other", ("host", 1, False), ("other", 443, True)),
        ("embedded:///data", "", ("127.0.0.1", 8079, False), ("127.0.0.1", 50051, False)),
    ],
)
def test_addresses_are_read(url: str, grpc_url: str, http: tuple[Any, ...], other: tuple[Any, ...]) -> None:
    read = WeaviateBackend(url, grpc_url)._connection.options
    assert (read.http.host, read.http.port, read.http.secure) == http
    assert (read.grpc.host, read.grpc.port, read.grpc.secure) == other


# A property for each field and locale


def test_no_two_locales_share_a_property() -> None:
    locales = ["zh-hans", "zh_hans", "zh.hans", "zhhans", "zh-2e-hans", "ZH-hans", "", "-", "--"]
    names = property_names("lexical", locales)
    assert len(set(names)) == len(locales)
    assert names[0] == "lexical_zh_hans"
    assert [name for name in names if not re.fullmatch(r"[A-Za-z0-9_]+", name)] == []


def test_a_locale_gets_its_properties_with_its_first_entry_and_is_found_by_others(
    make: Callable[..., WeaviateBackend], backend: WeaviateBackend, double: Double
) -> None:
    other = make()
    assert found(other, "y") == []
    other.upsert([entry("b", "y", locale="zh-hans"), entry("c", "x y", locale="de")])
    double.calls.clear()
    backend.upsert([entry("d", "y", locale="zh-hans")])  # did not know that the properties are there by now
    made = double.calls.count("POST schema/Polyfaq_Entries_g1/properties")
    backend.upsert([entry("e", "y", locale="zh-hans")])
    assert (made, double.calls.count("POST schema/Polyfaq_Entries_g1/properties")) == (0, 0)
    names = {each["name"] for each in double.collections["Polyfaq_Entries_g1"].schema["properties"]}
    assert {name for name in names if "_" in name} == {
        f"{field}_{locale}" for field in FIELDS for locale in ("en", "de", "zh_hans")
    }
    assert sorted(found(backend, "y")) == ["b", "c", "d", "e"]
    assert keys(backend.lexical({"y": 1.0}, Filters(locales=("de", "fr")), 5)) == ["c"]
    assert keys(backend.lexical({"y": 1.0}, Filters(locales=("fr",)), 5)) == []
    assert backend.frequencies("lexical", ["y"], ("fr",)) == (0, {"y": 0})
    assert [each.lexical for each in backend.fetch(["c", "b"])] in (["x y", "y"], ["y", "x y"])


def test_two_that_make_the_same_property_at_once_both_go_on(
    backend: WeaviateBackend, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = backend._reader.property_names("Polyfaq_Entries_g1", 5.0)
    backend.upsert([entry("b", "y", locale="de")])
    backend._generations._made.clear()
    monkeypatch.setattr(backend._reader, "property_names", lambda *_: before)
    backend.upsert([entry("c", "y", locale="de")])
    assert double.calls.count("POST schema/Polyfaq_Entries_g1/properties") == 6
    monkeypatch.undo()
    assert found(backend, "y") == ["b", "c"]


def test_a_word_of_many_locales_is_weighed_as_here_and_not_as_the_server_counts_it() -> None:
    """20 of 1,000 entries hold either word; one of them in one language, the other spread over four of four."""
    counts = {"here": 20, "spread": 20}
    query = steering({"here": 1.0, "spread": 1.0}, counts, {"here": 1, "spread": 4}, 1000, 1000).split()
    assert (query.count("here"), query.count("spread")) == (16, round(16 * math.log(49.83) / math.log(182.98)))


TLS = """
import sys, certifi
certifi.where = lambda: sys.argv[3]  # what an operator does who adds an authority to certifi's file
from retrieval.backends.weaviate import WeaviateBackend
from retrieval.types import Filters, RetrievalError
from tests.contracts.backend import entry, unit
backend = WeaviateBackend(sys.argv[1], sys.argv[2], read_seconds=5.0)
try:
    backend.create("g1", "recipe", 4)
    backend.upsert([entry("a", "x", "x", unit(1, 0, 0, 0))], "g1")
    backend.complete("g1", {})
    backend.activate("g1")
    print([hit.key for hit in backend.lexical({"x": 1.0}, Filters(), 5)])
except RetrievalError as error:
    print(type(error).__name__)
"""


def certificate(folder: Path, address: str) -> tuple[Path, Path]:
    """One that vouches for itself, and its key."""
    files = folder / f"{address}.pem", folder / f"{address}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=weaviate", "-addext", f"subjectAltName=IP:{address}", "-out", files[0], "-keyout", files[1]],
        check=True, capture_output=True,
    )  # fmt: skip
    return files


@pytest.mark.parametrize(
    ("named", "believed", "said"),
    [("127.0.0.1", True, "['a']"), ("127.0.0.1", False, "Unavailable"), ("127.0.0.9", True, "Unavailable")],
    ids=["known", "unknown authority", "another server's"],
)
def test_over_tls_only_the_server_that_was_meant_is_talked_to(
    tmp_path: Path, named: str, believed: bool, said: str
) -> None:
    files = certificate(tmp_path, named)
    authority = files[0] if believed else certificate(tmp_path, "127.0.0.2")[0]
    double = Double(tls=files).start()
    try:
        told = subprocess.run(
            [sys.executable, "-c", TLS, double.url, double.grpc_url, authority], cwd=ROOT, capture_output=True,
            text=True, timeout=120, check=False, env=os.environ | {"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(authority)},
        )  # fmt: skip
    finally:
        double.stop()
    assert (told.stdout.strip(), told.returncode) == (said, 0), told.stderr
    assert bool(double.calls) == (said == "['a']")
