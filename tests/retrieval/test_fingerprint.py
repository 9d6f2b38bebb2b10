import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.embedders.base import EmbeddingRecipe
from retrieval.fingerprint import canonical_json, content_hash, files_digest, fingerprint, recipe_fingerprint

RECIPE = EmbeddingRecipe(provider="starter", model="m", dimensions=256)


def test_the_hash_of_a_known_text_never_changes():
    assert content_hash("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@given(st.text())
def test_texts_that_are_canonically_equal_hash_alike(text):
    assert content_hash(unicodedata.normalize("NFD", text)) == content_hash(unicodedata.normalize("NFC", text))


def test_lone_surrogates_hash_too():
    assert content_hash("\ud800") != content_hash("\ud801")


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=5))
def test_the_order_of_keys_does_not_count(value):
    assert fingerprint(dict(reversed(list(value.items())))) == fingerprint(value)


def test_canonical_json_has_sorted_keys_and_no_white_space():
    assert canonical_json({"b": [1, "é"], "a": None}) == '{"a":null,"b":[1,"é"]}'


@pytest.mark.parametrize("value", [{"a": float("nan")}, {"a": {1, 2}}])
def test_what_json_cannot_hold_is_refused(value):
    with pytest.raises((TypeError, ValueError)):
        fingerprint(value)


@pytest.mark.parametrize(
    "other",
    [
        EmbeddingRecipe(provider="http", model="m", dimensions=256),
        EmbeddingRecipe(provider="starter", model="n", dimensions=256),
        EmbeddingRecipe(provider="starter", model="m", dimensions=128),
        EmbeddingRecipe(provider="starter", model="m", dimensions=256, query_prefix="query: "),
    ],
)
def test_every_part_of_a_recipe_counts(other):
    assert recipe_fingerprint(other, "1", {}) != recipe_fingerprint(RECIPE, "1", {})


def test_the_generation_of_the_analysis_counts():
    assert recipe_fingerprint(RECIPE, "1", {}) != recipe_fingerprint(RECIPE, "2", {})


def test_the_calibration_counts():
    assert recipe_fingerprint(RECIPE, "1", {"floor": 0.4}) != recipe_fingerprint(RECIPE, "1", {"floor": 0.5})


def test_a_digest_of_files_changes_with_a_name_or_a_byte_and_not_with_their_order(tmp_path):
    def files(**contents: str):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        for name, content in contents.items():
            (folder / name).write_text(content)
        return [folder / name for name in contents]

    digest = files_digest(files(a="1", b="2"))
    assert files_digest(files(b="2", a="1")) == digest
    assert (
        len({digest, *map(files_digest, [files(a="1", b="3"), files(a="1", c="2"), files(a="1"), files(a="12")])}) == 5
    )
