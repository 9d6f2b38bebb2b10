"""Every wrong setting is named."""

import pytest

from retrieval.backends.embedded import EmbeddedBackend
from retrieval.factory import build_retriever
from retrieval.types import IndexEntry, NotConfigured

BACKEND = "retrieval.backends.embedded.EmbeddedBackend"
EMBEDDER = "retrieval.embedders.fake.FakeEmbedder"


def build(tmp_path, backend=BACKEND, embedder=EMBEDDER, **options):
    return build_retriever(
        backend=backend, embedder=embedder, index_path=tmp_path / "index.sqlite3", embedder_options=options
    )


def test_a_retriever_is_built_from_dotted_paths(tmp_path):
    retriever = build(tmp_path, dimensions=16, url="not for this embedder")
    assert isinstance(retriever._backend, EmbeddedBackend)
    assert retriever.describe()["dimensions"] == 16
    assert retriever.sync([IndexEntry("k", "f", "passage", "en", "text")]).added == 1
    assert (tmp_path / "index.sqlite3").exists()


@pytest.mark.parametrize(
    ("backend", "said"),
    [
        ("nodots", "not a dotted path"),
        ("", "not a dotted path"),
        ("retrieval.backends.nothing.Backend", "cannot be imported"),
        ("retrieval.backends.embedded.Nothing", "has no Nothing"),
        ("pathlib.Path", "lacks generations"),
    ],
)
def test_a_wrong_backend_names_the_setting(tmp_path, backend, said):
    with pytest.raises(NotConfigured, match=f"POLYFAQ_INDEX_BACKEND.*{said}"):
        build(tmp_path, backend=backend)


def test_a_wrong_embedder_names_the_setting(tmp_path):
    with pytest.raises(NotConfigured, match=r"POLYFAQ_EMBEDDER='pathlib.Path'.*lacks recipe"):
        build(tmp_path, embedder="pathlib.Path")


class NeedsModel:
    recipe = embed_queries = embed_passages = None

    def __init__(self, model: str, url: str) -> None:
        pass


def test_an_option_that_is_missing_names_its_setting(tmp_path):
    with pytest.raises(NotConfigured, match="POLYFAQ_EMBEDDER_MODEL"):
        build(tmp_path, embedder=f"{__name__}.NeedsModel", url="http://localhost")
