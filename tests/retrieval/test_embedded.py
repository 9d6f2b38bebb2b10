"""The embedded backend passes the contract of every backend."""

import pytest

from retrieval.backends.embedded import EmbeddedBackend
from tests.contracts.backend import BackendContract


class TestEmbeddedBackend(BackendContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path):
        self.path = tmp_path / "index.sqlite3"

    def make_backend(self):
        return EmbeddedBackend(self.path)
