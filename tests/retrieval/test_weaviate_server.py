"""The Weaviate backend on a real server, where WEAVIATE_URL names one: the contract, and what only a server can show."""

import os
from collections.abc import Iterator
from uuid import uuid4

import pytest

from retrieval.backends.weaviate import WeaviateBackend
from tests.contracts.backend import BackendContract

if not os.environ.get("WEAVIATE_URL"):
    pytest.skip("WEAVIATE_URL names no real Weaviate server", allow_module_level=True)


class TestOnARealServer(BackendContract):
    """Beside whatever else the server holds: a prefix of its own, dropped at the end of each test."""

    @pytest.fixture(autouse=True)
    def _scratch(self) -> Iterator[None]:
        self.prefix = f"Test{uuid4().hex[:12]}"
        yield
        made = self.make_backend()
        made.reset()
        made.close()

    def make_backend(self) -> WeaviateBackend:
        return WeaviateBackend(
            os.environ["WEAVIATE_URL"],
            os.environ.get("WEAVIATE_GRPC_URL", ""),
            os.environ.get("WEAVIATE_API_KEY", ""),
            self.prefix,
            int(os.environ.get("WEAVIATE_REPLICAS", "1")),
            read_seconds=10.0,
        )
