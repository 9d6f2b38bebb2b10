"""The other embedders: fake, HTTP against a server of our own, ONNX with stand-ins for its packages."""

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from retrieval.embedders.fake import FakeEmbedder
from retrieval.embedders.http import HttpEmbedder
from retrieval.embedders.onnx import OnnxEmbedder, mean_pooled
from retrieval.types import NotConfigured, Unavailable
from tests.contracts.embedder import EmbedderContract


class TestFake(EmbedderContract):
    def make_embedder(self):
        return FakeEmbedder()


def test_fake_counts_calls_and_texts():
    embedder = FakeEmbedder()
    embedder.embed_queries(["a", "b"], ["en", "en"])
    assert (embedder.calls, embedder.texts) == (1, 2)


# http ---------------------------------------------------------------------------------------------------------------


class Double(ThreadingHTTPServer):
    """A server of OpenAI's format whose vectors are counts of letters; tests change how it behaves."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[dict[str, Any]] = []
        self.status = 200
        self.body: bytes | None = None
        self.delay = threading.Event()
        self.slow = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Double

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append({"path": self.path, "key": self.headers.get("Authorization"), **body})
        if self.server.slow:
            self.server.delay.wait(5)
        vectors = [
            {"index": i, "embedding": [1.0 + text.count(c) for c in "aeiou"]} for i, text in enumerate(body["input"])
        ]
        sent = self.server.body or json.dumps({"data": vectors[::-1]}).encode()
        self.send_response(self.server.status)
        if self.server.status == 302:
            self.send_header("Location", "http://127.0.0.1:1/")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Double]:
    double = Double()
    thread = threading.Thread(target=double.serve_forever, daemon=True)
    thread.start()
    yield double
    double.delay.set()
    double.shutdown()
    double.server_close()


class TestHttp(EmbedderContract):
    @pytest.fixture(autouse=True)
    def _server(self, server):
        self.server = server

    def make_embedder(self):
        return HttpEmbedder(self.server.url, "letters")


def test_model_key_and_prefixes_are_sent(server):
    embedder = HttpEmbedder(server.url, "m", key="k", query_prefix="query: ", passage_prefix="passage: ")
    embedder.embed_queries(["one"], ["en"])
    embedder.embed_passages(["two"], ["en"])
    assert [(r["path"], r["key"], r["model"], r["input"]) for r in server.requests] == [
        ("/v1/embeddings", "Bearer k", "m", ["query: one"]),
        ("/v1/embeddings", "Bearer k", "m", ["passage: two"]),
    ]


def test_the_whole_address_may_be_given_too(server):
    HttpEmbedder(f"{server.url}/embeddings", "m").embed_queries(["a"], ["en"])
    assert server.requests[0]["path"] == "/v1/embeddings"


def test_texts_go_in_batches_and_blank_ones_not_at_all(server):
    HttpEmbedder(server.url, "m", batch=2).embed_passages(["a", "", "e", "i", " ", "o", "u"], ["en"] * 7)
    assert [request["input"] for request in server.requests] == [["a", "e"], ["i", "o"], ["u"]]


def test_answers_in_another_order_find_their_texts(server):
    first, second = HttpEmbedder(server.url, "m").embed_queries(["aaaa", "uuuu"], ["en", "en"])
    assert (int(np.argmax(first)), int(np.argmax(second))) == (0, 4)


def test_dimensions_that_were_told_are_not_asked_for(server):
    assert HttpEmbedder(server.url, "m", dimensions=5).recipe.dimensions == 5
    assert server.requests == []


def test_dimensions_that_are_not_as_told_are_an_error(server):
    with pytest.raises(NotConfigured, match=r"gives 5 dimensions for model m, 7 were expected.*EMBEDDER_DIMENSIONS"):
        HttpEmbedder(server.url, "m", dimensions=7).embed_queries(["a"], ["en"])


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_a_busy_or_broken_server_is_unavailable(server, status):
    server.status = status
    with pytest.raises(Unavailable, match=str(status)):
        HttpEmbedder(server.url, "m").embed_queries(["a"], ["en"])


@pytest.mark.parametrize(
    ("status", "setting"), [(401, "KEY"), (403, "KEY"), (404, "MODEL"), (400, "MODEL"), (405, "URL"), (302, "URL")]
)
def test_a_refusal_names_the_setting_to_check(server, status, setting):
    server.status = status
    with pytest.raises(NotConfigured, match=f"{status}.*{setting}"):
        HttpEmbedder(server.url, "m", key="secret").embed_queries(["private"], ["en"])


def test_errors_tell_neither_the_key_nor_a_text(server):
    server.status, server.body = 400, b'{"error": "private secret"}'
    with pytest.raises(NotConfigured) as caught:
        HttpEmbedder(server.url, "m", key="secret").embed_queries(["private"], ["en"])
    assert "secret" not in str(caught.value)
    assert "private" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [b"<html>", b"[]", b'{"data": [{"embedding": []}]}', b'{"data": [{"embedding": ["a"]}]}', b'{"data": [{}]}',
     b'{"data": [{"embedding": [NaN]}]}', b'{"data": null}'],
)  # fmt: skip
def test_an_answer_of_another_format_is_a_clear_error(server, body):
    server.body = body
    with pytest.raises(NotConfigured, match="not of OpenAI's format"):
        HttpEmbedder(server.url, "m").embed_queries(["a"], ["en"])


def test_vectors_that_are_lacking_are_an_error(server):
    server.body = b'{"data": [{"index": 0, "embedding": [1.0]}]}'
    with pytest.raises(Unavailable, match="1 vectors for 2 texts"):
        HttpEmbedder(server.url, "m").embed_queries(["a", "b"], ["en", "en"])


def test_a_slow_server_is_unavailable(server):
    server.slow = True
    with pytest.raises(Unavailable, match=r"within 0\.2 s"):
        HttpEmbedder(server.url, "m", timeout=0.2).embed_queries(["a"], ["en"])


def test_a_server_that_is_not_there_is_unavailable():
    with pytest.raises(Unavailable, match="cannot be reached"):
        HttpEmbedder("http://127.0.0.1:1/v1", "m").embed_queries(["a"], ["en"])


@pytest.mark.parametrize("url", ["", "host/v1", "ftp://host/v1", "http:///v1"])
def test_an_address_that_is_none_is_refused_at_once(url):
    with pytest.raises(NotConfigured, match="POLYFAQ_EMBEDDER_URL"):
        HttpEmbedder(url, "m")


def test_a_model_must_be_named():
    with pytest.raises(NotConfigured, match="POLYFAQ_EMBEDDER_MODEL"):
        HttpEmbedder("http://host/v1", "")


# onnx ---------------------------------------------------------------------------------------------------------------


class Tokeniser:
    """Characters as numbers, padded with 1 as XLM-R does."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    @classmethod
    def from_file(cls, path: str) -> "Tokeniser":
        return cls()

    def enable_truncation(self, length: int) -> None:
        self.length = length

    def enable_padding(self, pad_id: int, pad_token: str) -> None:
        self.pad = pad_id

    def token_to_id(self, token: str) -> int | None:
        return 1 if token == "<pad>" else None

    def encode_batch(self, texts: list[str]) -> list[Any]:
        self.seen += texts
        cut = [[ord(c) % 50 + 2 for c in text][: self.length] for text in texts]
        longest = max(map(len, cut))
        return [
            SimpleNamespace(
                ids=ids + [self.pad] * (longest - len(ids)),
                attention_mask=[1] * len(ids) + [0] * (longest - len(ids)),
            )
            for ids in cut
        ]


class Session:
    """A token's vector is (1, its number, its number squared)."""

    def __init__(self, path: str, options: Any, providers: list[str]) -> None:
        if "broken" in path:
            raise RuntimeError("not a model")

    def get_inputs(self) -> list[Any]:
        return [SimpleNamespace(name="input_ids"), SimpleNamespace(name="attention_mask")]

    def get_outputs(self) -> list[Any]:
        return [SimpleNamespace(shape=["batch", "tokens", 3])]

    def run(self, names: None, feed: dict[str, Any]) -> list[Any]:
        assert sorted(feed) == ["attention_mask", "input_ids"]
        ids = feed["input_ids"].astype(np.float32)
        return [np.stack([np.ones_like(ids), ids, ids**2], axis=2)]


@pytest.fixture
def packages(monkeypatch):
    monkeypatch.setitem(
        sys.modules,
        "onnxruntime",
        SimpleNamespace(SessionOptions=SimpleNamespace, InferenceSession=Session),
    )
    monkeypatch.setitem(sys.modules, "tokenizers", SimpleNamespace(Tokenizer=Tokeniser))


@pytest.fixture
def model(tmp_path, packages):
    (tmp_path / "onnx").mkdir()
    (tmp_path / "onnx" / "model.onnx").write_bytes(b"")
    (tmp_path / "tokenizer.json").write_text('{"padding": null}')
    return str(tmp_path)


class TestOnnx(EmbedderContract):
    @pytest.fixture(autouse=True)
    def _model(self, model):
        self.model = model

    def make_embedder(self):
        return OnnxEmbedder(self.model)


def test_e5_prefixes_are_put_before_the_texts(model):
    embedder = OnnxEmbedder(model)
    embedder.embed_queries(["one"], ["en"])
    embedder.embed_passages(["two"], ["en"])
    assert embedder._load().tokeniser.seen == ["query: one", "passage: two"]
    assert (embedder.recipe.query_prefix, embedder.recipe.passage_prefix) == ("query: ", "passage: ")


def test_the_mean_leaves_padding_out():
    tokens = np.array([[[2.0, 0.0], [4.0, 2.0], [99.0, 99.0]]])
    np.testing.assert_allclose(mean_pooled(tokens, np.array([[1, 1, 0]])), [[3.0, 1.0]])
    np.testing.assert_allclose(mean_pooled(tokens, np.array([[0, 0, 0]])), [[0.0, 0.0]])


def test_a_folder_without_a_model_says_what_it_lacks(tmp_path, packages):
    with pytest.raises(NotConfigured, match=r"holds none of onnx/model\.onnx"):
        OnnxEmbedder(str(tmp_path)).embed_queries(["a"], ["en"])


def test_a_damaged_model_is_a_clear_error(tmp_path, packages):
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(b"")
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(NotConfigured, match=r"cannot be read \(RuntimeError\)"):
        OnnxEmbedder(str(folder)).embed_queries(["a"], ["en"])


def test_packages_that_are_lacking_are_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(NotConfigured, match=r"onnxruntime: pip install -r requirements-onnx\.txt"):
        OnnxEmbedder("some/model").embed_queries(["a"], ["en"])


def test_a_model_the_hub_does_not_give_is_a_clear_error(monkeypatch, packages):
    def refuse(model: str, name: str) -> str:
        raise ConnectionError

    monkeypatch.setitem(sys.modules, "huggingface_hub", SimpleNamespace(hf_hub_download=refuse))
    with pytest.raises(NotConfigured, match=r"neither a folder nor could it be had from the hub \(ConnectionError\)"):
        OnnxEmbedder("some/model").embed_queries(["a"], ["en"])


def test_a_model_from_the_hub_is_used(monkeypatch, model):
    def give(name: str, file: str) -> str:
        if file != "onnx/model.onnx" and file != "tokenizer.json":
            raise FileNotFoundError
        return f"{model}/{file}"

    monkeypatch.setitem(sys.modules, "huggingface_hub", SimpleNamespace(hf_hub_download=give))
    embedder = OnnxEmbedder("intfloat/multilingual-e5-small")
    assert (embedder.recipe.model, embedder.recipe.dimensions) == ("intfloat/multilingual-e5-small", 3)


def test_an_onnx_model_must_be_named():
    with pytest.raises(NotConfigured, match="POLYFAQ_EMBEDDER_MODEL"):
        OnnxEmbedder("")
