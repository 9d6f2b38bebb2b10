"""What every embedder must do, clause by clause of retrieval/embedders/base.py.

A subclass named Test… gives `make_embedder()`: an embedder that needs nothing from outside the test.
"""

import threading

import numpy as np
import pytest

from retrieval.embedders.base import Embedder

TEXTS = ["Where do I register my dog?", "Wo melde ich meinen Hund an?", "请问在哪里登记？", "أين أسجل كلبي؟"]
LOCALES = ["en", "de", "zh-hans", "ar"]
ODD = ["🙂🙂🙂", "\x00\x07", "'; DROP TABLE --", "<script>alert(1)</script>", "a" * 100_000, "\ud800", "‮abc"]


class EmbedderContract:
    def make_embedder(self) -> Embedder:
        raise NotImplementedError

    @pytest.fixture
    def embedder(self) -> Embedder:
        return self.make_embedder()

    def test_the_recipe_tells_the_shape_of_every_vector(self, embedder):
        dimensions = embedder.recipe.dimensions
        assert embedder.embed_queries(TEXTS, LOCALES).shape == (4, dimensions)
        assert embedder.embed_passages(TEXTS, LOCALES).shape == (4, dimensions)

    def test_the_recipe_of_two_alike_embedders_is_equal(self, embedder):
        assert self.make_embedder().recipe == embedder.recipe

    def test_no_texts_give_no_rows(self, embedder):
        assert embedder.embed_queries([], []).shape == (0, embedder.recipe.dimensions)

    def test_vectors_are_of_length_one_and_finite_single_precision(self, embedder):
        vectors = embedder.embed_passages(TEXTS, LOCALES)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)

    def test_a_blank_text_is_a_row_of_zeros_in_its_place(self, embedder):
        vectors = embedder.embed_queries(["", TEXTS[0], "  \n"], ["en", "en", "en"])
        assert [bool(row.any()) for row in vectors] == [False, True, False]

    def test_a_text_has_the_same_vector_alone_and_among_others(self, embedder):
        together = embedder.embed_queries(TEXTS, LOCALES)
        alone = np.concatenate([embedder.embed_queries([t], [loc]) for t, loc in zip(TEXTS, LOCALES, strict=True)])
        np.testing.assert_allclose(together, alone, atol=1e-5)

    @pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
    def test_odd_texts_never_raise(self, embedder, text):
        assert np.isfinite(embedder.embed_passages([text], ["en"])).all()

    def test_threads_share_it(self, embedder):
        expected, got = embedder.embed_queries(TEXTS, LOCALES), []
        threads = [
            threading.Thread(target=lambda: got.append(embedder.embed_queries(TEXTS, LOCALES))) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(got) == 4
        for vectors in got:
            np.testing.assert_allclose(vectors, expected, atol=1e-5)
