"""Words packed into one string are the words; a file whose columns do not fit is refused."""

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.lexicon_data import Words, load
from retrieval.types import NotConfigured

GOOD = {"stems": "a b", "english": "one two", "counts": [1, 2], "words": [0, 0, 1], "thousandths": [900, 500, 400]}


@given(st.lists(st.text(max_size=6)))
def test_packed_words_are_a_sequence_of_the_same_words(given_words):
    packed = Words(given_words)
    assert (list(packed), len(packed), packed[1:3]) == (given_words, len(given_words), given_words[1:3])
    assert [packed[at] for at in range(len(packed))] == given_words


@given(st.sets(st.text(max_size=6)), st.text(max_size=6))
def test_the_place_of_a_word_is_where_it_stands(held, asked):
    ordered = sorted(held)
    assert [Words(ordered).place(word) for word in ordered] == list(range(len(ordered)))
    assert (Words(ordered).place(asked) is None) == (asked not in held)


def write(path, **changes: object):
    with gzip.open(path, "wt", encoding="utf-8") as file:
        json.dump(GOOD | changes, file)
    return path


def test_a_file_is_read_as_it_was_written(tmp_path):
    columns = load(write(tmp_path / "xx.json.gz"))
    assert (list(columns.stems), columns.english, list(columns.counts)) == (["a", "b"], ["one", "two"], [1, 2])
    assert (list(columns.words), list(columns.thousandths)) == ([0, 0, 1], [900, 500, 400])


@pytest.mark.parametrize(
    "changes",
    [{"stems": "b a"}, {"stems": "a"}, {"counts": [1, 1]}, {"counts": [0, 3]}, {"thousandths": [1]}, {"words": "x"}],
)
def test_columns_that_do_not_fit_are_refused_by_name(tmp_path, changes):
    with pytest.raises(NotConfigured, match=r"xx\.json\.gz is damaged; install Polyfaq again"):
        load(write(tmp_path / "xx.json.gz", **changes))
