"""The bundled vectors: the contract, their speed by design, and what they are worth."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from retrieval.embedders.starter import DATA, StarterEmbedder
from retrieval.types import NotConfigured
from tests.contracts.embedder import EmbedderContract

XQUAD = Path(__file__).parents[3] / "shared" / "data" / "xquad"


class TestStarter(EmbedderContract):
    shared = StarterEmbedder()

    def make_embedder(self):
        return self.shared


def test_nothing_is_read_before_the_first_text():
    embedder = StarterEmbedder(Path("/nowhere"))
    assert embedder.embed_queries([], []).shape == (0, 256)
    with pytest.raises(NotConfigured, match="install Polyfaq again"):
        embedder.embed_queries(["a"], ["en"])


def test_vectors_are_mapped_and_not_read_into_memory():
    vectors, scales, _ = TestStarter.shared._load()
    assert isinstance(vectors, np.memmap)
    assert isinstance(scales, np.memmap)
    assert (vectors.dtype, scales.dtype) == (np.int8, np.float16)


def test_a_damaged_pack_is_a_clear_error(tmp_path):
    for name in ("scales.npy", "pieces.model"):
        shutil.copy(DATA / name, tmp_path)
    (tmp_path / "vectors.npy").write_bytes(b"\x93NUMPY broken")
    with pytest.raises(NotConfigured, match="missing or damaged"):
        StarterEmbedder(tmp_path).embed_queries(["a"], ["en"])


def test_the_vector_of_a_text_is_the_sum_of_its_pieces():
    vectors, scales, model = TestStarter.shared._load()
    ids = model.encode("Where is the town hall?")
    expected = sum(vectors[i].astype(np.float32) * np.float32(scales[i]) for i in ids)
    got = TestStarter.shared.embed_queries(["Where is the town hall?"], ["en"])[0]
    np.testing.assert_allclose(got, expected / np.linalg.norm(expected), atol=1e-5)


def test_many_texts_go_through_batches_in_order():
    texts = [f"question number {i}" for i in range(1100)]
    together = TestStarter.shared.embed_queries(texts, ["en"] * 1100)
    np.testing.assert_allclose(together[1099], TestStarter.shared.embed_queries(texts[-1:], ["en"])[0], atol=1e-5)


@pytest.mark.parametrize(
    ("locale", "question"),
    [
        ("de", "Wo kann ich meinen Hund anmelden?"),
        ("fr", "Où puis-je enregistrer mon chien ?"),
        ("uk", "Де зареєструвати собаку?"),
    ],
)
def test_a_question_lies_closest_to_itself_in_another_language(locale, question):
    english = ["Where can I register my dog?", "How much is a parking permit?", "When is the library open?"]
    cosines = (
        TestStarter.shared.embed_queries(english, ["en"] * 3)
        @ TestStarter.shared.embed_queries([question], [locale])[0]
    )
    assert int(np.argmax(cosines)) == 0


@pytest.mark.skipif(not XQUAD.is_dir(), reason="the labelled questions are not here")
@pytest.mark.parametrize(
    ("locale", "expected"), [("ar", 0.544), ("de", 0.661), ("en", 0.747), ("es", 0.663), ("tr", 0.638), ("zh", 0.666)]
)
def test_same_language_recall_is_that_of_the_reference(locale, expected):
    read = lambda kind: [json.loads(line) for line in (XQUAD / f"{kind}.{locale}.jsonl").open(encoding="utf-8")]  # noqa: E731
    questions, passages = read("questions"), read("passages")
    asked = TestStarter.shared.embed_queries([q["question"] for q in questions], [locale] * len(questions))
    stored = TestStarter.shared.embed_passages([p["text"] for p in passages], [locale] * len(passages))
    best = np.argmax(asked @ stored.T, axis=1)
    recall = np.mean([passages[i]["id"] == q["passage"] for i, q in zip(best, questions, strict=True)])
    assert recall == pytest.approx(expected, abs=0.01)
