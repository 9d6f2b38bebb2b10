"""What every index backend must do, clause by clause of retrieval/backends/base.py.

A subclass named Test… gives `make_backend()`: a new, empty backend. Scores are compared by order, never by value.
"""

import numpy as np
import pytest

from retrieval.backends.base import Backend
from retrieval.types import Filters, InvalidInput, StoredEntry, Unavailable, Vector

DIMENSIONS = 4


def unit(*numbers: float) -> Vector:
    vector = np.array(numbers, dtype=np.float32)
    return vector / np.linalg.norm(vector)


def entry(key: str, lexical: str = "", gloss: str = "", vector: Vector | None = None, **fields: str) -> StoredEntry:
    values = {"family": key, "kind": "passage", "locale": "en", "topic": "", "source": "", "fingerprint": f"f-{key}"}
    return StoredEntry(key=key, lexical=lexical, gloss=gloss, vector=vector, **{**values, **fields})


def keys(hits: list) -> list[str]:
    return [hit.key for hit in hits]


class BackendContract:
    def make_backend(self) -> Backend:
        """A client of the test's own index; called again, another client of the same one."""
        raise NotImplementedError

    @pytest.fixture
    def backend(self):
        backend = self.make_backend()
        yield backend
        backend.close()

    @pytest.fixture
    def ready(self, backend):
        """A backend whose active generation `g1` is empty."""
        self.build(backend, "g1", [])
        return backend

    def build(self, backend: Backend, name: str, entries: list[StoredEntry]) -> None:
        backend.create(name, "recipe", DIMENSIONS)
        backend.upsert(entries, name)
        backend.complete(name, {"floor": 0.5})
        backend.activate(name)

    # generations

    def test_a_new_backend_holds_nothing_and_finds_nothing(self, backend):
        assert backend.generations() == []
        assert backend.lexical({"a": 1.0}, Filters(), 5) == []
        assert backend.gloss({"a": 1.0}, Filters(), 5) == []
        assert backend.vector(unit(1, 0, 0, 0), Filters(), 5) == []
        assert backend.frequencies("lexical", ["a"]) == (0, {"a": 0})
        assert list(backend.vocabulary("gloss")) == []
        assert list(backend.fingerprints()) == []

    def test_without_an_active_generation_a_write_is_refused(self, backend):
        with pytest.raises(InvalidInput):
            backend.upsert([entry("a", "x")])

    def test_creating_a_generation_twice_is_harmless_with_the_same_recipe_only(self, backend):
        backend.create("g1", "recipe", DIMENSIONS)
        backend.upsert([entry("a", "x")], "g1")
        backend.create("g1", "recipe", DIMENSIONS)
        assert list(backend.fingerprints("g1")) == [("a", "f-a")]
        with pytest.raises(InvalidInput):
            backend.create("g1", "another recipe", DIMENSIONS)

    def test_only_a_complete_generation_can_be_activated(self, backend):
        backend.create("g1", "recipe", DIMENSIONS)
        with pytest.raises(InvalidInput):
            backend.activate("g1")
        with pytest.raises(InvalidInput):
            backend.activate("never made")
        backend.complete("g1", {"floor": 0.25, "cosine": 2.0})
        backend.activate("g1")
        [generation] = backend.generations()
        assert (generation.name, generation.recipe, generation.complete, generation.active) == (
            "g1",
            "recipe",
            True,
            True,
        )
        assert generation.calibration == {"floor": 0.25, "cosine": 2.0}

    def test_a_generation_counts_its_entries(self, ready):
        ready.upsert([entry("a", "x"), entry("b", "x")])
        ready.upsert([entry("b", "y"), entry("c", "y")])
        ready.remove(["a", "unknown"])
        assert [generation.entries for generation in ready.generations()] == [2]

    def test_look_ups_answer_from_the_active_generation_only(self, backend):
        self.build(backend, "g1", [entry("old", "word", "word", unit(1, 0, 0, 0))])
        backend.create("g2", "recipe", DIMENSIONS)
        backend.upsert([entry("new", "word", "word", unit(1, 0, 0, 0))], "g2")
        backend.complete("g2", {})

        def found() -> list[list[str]]:
            return [
                keys(backend.lexical({"word": 1.0}, Filters(), 5)),
                keys(backend.gloss({"word": 1.0}, Filters(), 5)),
                keys(backend.vector(unit(1, 0, 0, 0), Filters(), 5)),
                [key for key, _ in backend.fingerprints()],
            ]

        assert found() == [["old"]] * 4
        backend.activate("g2")
        assert found() == [["new"]] * 4
        backend.activate("g1")
        assert found() == [["old"]] * 4

    def test_a_generation_can_be_dropped_unless_it_is_active(self, backend):
        self.build(backend, "g1", [entry("a", "x")])
        self.build(backend, "g2", [entry("b", "x")])
        with pytest.raises(InvalidInput):
            backend.drop("g2")
        backend.drop("g1")
        backend.drop("g1")
        assert [generation.name for generation in backend.generations()] == ["g2"]
        assert keys(backend.lexical({"x": 1.0}, Filters(), 5)) == ["b"]
        with pytest.raises(InvalidInput):
            backend.upsert([entry("c", "x")], "g1")

    def test_one_builder_at_a_time(self, backend):
        with backend.building(1) as waited, pytest.raises(Unavailable), self.make_backend().building(0):
            pytest.fail("two held it")
        assert waited is False
        with backend.building(0) as waited:
            assert waited is False

    def test_compacting_changes_nothing_that_can_be_found(self, backend):
        self.build(backend, "g1", [entry("a", "x y")])
        self.build(backend, "g2", [entry("b", "x z")])
        backend.drop("g1")
        before = (list(backend.fingerprints()), backend.lexical({"x": 1.0, "z": 1.0}, Filters(), 5))
        backend.compact()
        assert (list(backend.fingerprints()), backend.lexical({"x": 1.0, "z": 1.0}, Filters(), 5)) == before
        assert backend.lexical({"y": 1.0}, Filters(), 5) == []
        backend.upsert([entry("c", "y")])
        assert keys(backend.lexical({"y": 1.0}, Filters(), 5)) == ["c"]

    def test_after_a_reset_it_is_as_new(self, backend):
        self.build(backend, "g1", [entry("a", "x")])
        backend.reset()
        assert backend.generations() == []
        assert backend.lexical({"x": 1.0}, Filters(), 5) == []

    # entries

    def test_upsert_inserts_and_replaces_by_key(self, ready):
        assert ready.upsert([entry("a", "old"), entry("b", "other")]) == 2
        assert ready.upsert([entry("a", "new", fingerprint="f2")]) == 1
        assert keys(ready.lexical({"old": 1.0}, Filters(), 5)) == []
        assert keys(ready.lexical({"new": 1.0}, Filters(), 5)) == ["a"]
        assert sorted(ready.fingerprints()) == [("a", "f2"), ("b", "f-b")]

    def test_of_one_key_given_twice_the_last_stands(self, ready):
        ready.upsert([entry("a", "first"), entry("a", "last")])
        assert keys(ready.lexical({"first": 1.0, "last": 1.0}, Filters(), 5)) == ["a"]
        assert keys(ready.lexical({"first": 1.0}, Filters(), 5)) == []

    def test_upsert_of_nothing_is_nothing(self, ready):
        assert ready.upsert([]) == 0

    @pytest.mark.parametrize(
        "wrong",
        [
            entry("bad", "x", vector=unit(1, 2)),
            entry("bad", "x", vector=np.array([1, np.nan, 0, 0], dtype=np.float32)),
            entry("bad", "x", locale=""),
            entry("", "x"),
        ],
    )
    def test_what_cannot_be_stored_is_named_and_nothing_of_the_call_is_kept(self, ready, wrong):
        with pytest.raises(InvalidInput, match=wrong.key or "key"):
            ready.upsert([entry("good", "x"), wrong])
        assert list(ready.fingerprints()) == []

    def test_a_failing_iterable_leaves_nothing_behind(self, ready):
        def entries():
            for number in range(1200):
                yield entry(f"k{number}", "x")
            raise RuntimeError("the source of the entries failed")

        with pytest.raises(RuntimeError):
            ready.upsert(entries())
        assert list(ready.fingerprints()) == []
        assert ready.lexical({"x": 1.0}, Filters(), 5) == []

    def test_remove_tells_how_many_there_were(self, ready):
        ready.upsert([entry("a", "x", "y", unit(1, 0, 0, 0)), entry("b", "x", "y", unit(1, 0, 0, 0))])
        assert ready.remove(["a", "a", "unknown"]) == 1
        assert ready.remove([]) == 0
        assert keys(ready.lexical({"x": 1.0}, Filters(), 5)) == ["b"]
        assert keys(ready.gloss({"y": 1.0}, Filters(), 5)) == ["b"]
        assert keys(ready.vector(unit(1, 0, 0, 0), Filters(), 5)) == ["b"]

    def test_fetch_gives_back_what_was_stored(self, ready):
        stored = entry(
            "a", "x y x", "p q", unit(1, 2, 3, 4), family="f", kind="phrasing", locale="de", topic="t", source="s"
        )
        ready.upsert([stored, entry("b")])
        [found] = ready.fetch(["a", "unknown"])
        assert sorted(found.lexical.split()) == ["x", "x", "y"]
        assert sorted(found.gloss.split()) == ["p", "q"]
        assert np.allclose(found.vector, stored.vector, atol=1e-3)
        assert [getattr(found, name) for name in ("key", "family", "kind", "locale", "topic", "source", "fingerprint")] == [
            "a", "f", "phrasing", "de", "t", "s", "f-a"
        ]  # fmt: skip

    def test_fingerprints_can_be_asked_by_family(self, ready):
        ready.upsert([entry("a:en", family="a"), entry("a:de", family="a"), entry("b:en", family="b")])
        assert sorted(ready.fingerprints(families=["a"])) == [("a:de", "f-a:de"), ("a:en", "f-a:en")]
        assert list(ready.fingerprints(families=["unknown"])) == []

    # lexical and gloss

    @pytest.fixture(params=["lexical", "gloss"])
    def lane(self, request):
        return request.param

    def fill(self, backend: Backend, lane: str, texts: dict[str, str]) -> None:
        backend.upsert([entry(key, **{lane: text}) for key, text in texts.items()])

    def test_a_rare_word_counts_more_than_a_frequent_one(self, ready, lane):
        self.fill(ready, lane, {"a": "common rare", "b": "common word", "c": "common word", "d": "common word"})
        assert keys(getattr(ready, lane)({"rare": 1.0, "word": 1.0}, Filters(), 5))[0] == "a"

    def test_more_of_a_word_counts_more(self, ready, lane):
        self.fill(ready, lane, {"a": "x p q r", "b": "x x x r", "c": "p q"})
        assert keys(getattr(ready, lane)({"x": 1.0}, Filters(), 5)) == ["b", "a"]

    def test_the_shorter_of_two_counts_more(self, ready, lane):
        self.fill(ready, lane, {"a": "x p q r s t u v w", "b": "x p", "c": "q q"})
        assert keys(getattr(ready, lane)({"x": 1.0}, Filters(), 5)) == ["b", "a"]

    def test_weights_decide(self, ready, lane):
        self.fill(ready, lane, {"a": "x p", "b": "y p", "c": "q q"})
        assert keys(getattr(ready, lane)({"x": 1.0, "y": 0.2}, Filters(), 5)) == ["a", "b"]
        assert keys(getattr(ready, lane)({"x": 0.2, "y": 1.0}, Filters(), 5)) == ["b", "a"]

    def test_no_tokens_unknown_tokens_and_no_room_find_nothing(self, ready, lane):
        self.fill(ready, lane, {"a": "x"})
        search = getattr(ready, lane)
        assert search({}, Filters(), 5) == []
        assert search({"unknown": 1.0}, Filters(), 5) == []
        assert search({"x": 1.0}, Filters(), 0) == []

    def test_the_limit_holds_and_scores_fall(self, ready, lane):
        self.fill(ready, lane, {f"k{number:02}": "x " + "y " * number for number in range(20)})
        hits = getattr(ready, lane)({"x": 1.0}, Filters(), 7)
        assert keys(hits) == [f"k{number:02}" for number in range(7)]
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)

    def test_tokens_are_kept_exactly_as_they_are(self, ready, lane):
        tokens = [
            "straße", "strasse", "École", "ecole", "U.S.", "c++", '"', "*", "NEAR", "AND", "-",
            "50", "٣", "公共", "交通", "ไทย", "🚲", "a_b", "x'y", "%", "И", "и", "й",
        ]  # fmt: skip
        self.fill(ready, lane, {f"k{number}": token for number, token in enumerate(tokens)})
        found = [keys(getattr(ready, lane)({token: 1.0}, Filters(), 50)) for token in tokens]
        assert found == [[f"k{number}"] for number in range(len(tokens))]

    def test_a_field_knows_its_words_only(self, ready):
        ready.upsert([entry("a", lexical="x", gloss="y")])
        assert ready.lexical({"y": 1.0}, Filters(), 5) == []
        assert ready.gloss({"x": 1.0}, Filters(), 5) == []
        assert [list(ready.vocabulary("lexical")), list(ready.vocabulary("gloss"))] == [["x"], ["y"]]

    def test_a_hit_says_family_and_locale(self, ready):
        ready.upsert([entry("a:de", "x", "x", unit(1, 0, 0, 0), family="a", locale="de")])
        hits = [
            *ready.lexical({"x": 1.0}, Filters(), 5),
            *ready.gloss({"x": 1.0}, Filters(), 5),
            *ready.vector(unit(1, 0, 0, 0), Filters(), 5),
        ]
        assert [(hit.key, hit.family, hit.locale) for hit in hits] == [("a:de", "a", "de")] * 3

    # vectors

    def test_the_nearest_vector_comes_first(self, ready):
        ready.upsert(
            [
                entry("a", vector=unit(1, 1, 0, 0)),
                entry("b", vector=unit(1, 0, 0, 0)),
                entry("c", vector=unit(0, 0, 1, 0)),
            ]
        )
        hits = ready.vector(unit(1, 0.1, 0, 0), Filters(), 2)
        assert keys(hits) == ["b", "a"]
        assert hits[0].score == pytest.approx(0.995, abs=2e-3)

    def test_no_vector_and_a_vector_of_zeros_are_never_found(self, ready):
        zeros = np.zeros(DIMENSIONS, dtype=np.float32)
        ready.upsert([entry("none"), entry("zeros", vector=zeros), entry("some", vector=unit(0, 0, 0, 1))])
        assert keys(ready.vector(unit(1, 0, 0, 0), Filters(), 5)) == ["some"]
        assert ready.vector(zeros, Filters(), 5) == []

    # filters

    @pytest.mark.parametrize(
        ("filters", "expected"),
        [
            (Filters(), ["a", "b", "c", "d"]),
            (Filters(locales=("de",)), ["b", "d"]),
            (Filters(topics=("waste", "moving")), ["a", "b", "c"]),
            (Filters(sources=("s2",)), ["c", "d"]),
            (Filters(kinds=("phrasing",)), ["d"]),
            (Filters(families=("one",)), ["a", "b"]),
            (Filters(locales=("de",), sources=("s1",)), ["b"]),
            (Filters(locales=("fr",)), []),
        ],
    )
    def test_filters_restrict_together(self, ready, filters, expected):
        vector = unit(1, 0, 0, 0)
        ready.upsert(
            [
                entry("a", "x", "x", vector, family="one", locale="en", topic="waste", source="s1"),
                entry("b", "x", "x", vector, family="one", locale="de", topic="waste", source="s1"),
                entry("c", "x", "x", vector, family="two", locale="en", topic="moving", source="s2"),
                entry("d", "x", "x", vector, family="three", locale="de", topic="taxes", source="s2", kind="phrasing"),
            ]
        )
        assert [
            sorted(keys(ready.lexical({"x": 1.0}, filters, 10))),
            sorted(keys(ready.gloss({"x": 1.0}, filters, 10))),
            sorted(keys(ready.vector(vector, filters, 10))),
        ] == [expected] * 3

    # statistics

    def test_frequencies_count_living_entries(self, ready):
        ready.upsert([entry("a", "x x y"), entry("b", "x"), entry("c", "z"), entry("d", "x", locale="de")])
        ready.remove(["b"])
        assert ready.frequencies("lexical", ["x", "y", "unknown"]) == (3, {"x": 2, "y": 1, "unknown": 0})
        assert ready.frequencies("lexical", ["x", "y"], ["de"]) == (1, {"x": 1, "y": 0})
        assert ready.frequencies("gloss", ["x"]) == (3, {"x": 0})

    def test_the_vocabulary_is_what_living_entries_hold(self, ready):
        ready.upsert([entry("a", "x y", "p"), entry("b", "y z", "q")])
        assert sorted(ready.vocabulary("lexical")) == ["x", "y", "z"]
        ready.remove(["a"])
        assert {"y", "z"} <= set(ready.vocabulary("lexical"))
        ready.compact()
        assert sorted(ready.vocabulary("lexical")) == ["y", "z"]
        assert list(ready.vocabulary("gloss")) == ["q"]
