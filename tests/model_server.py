"""A server that speaks OpenAI's chat completions over real HTTP, and does whatever a test tells it, also badly.

`ModelServer.script` holds one behaviour for each request, the last one for all that follow: a function that gets the
handler. `requests` holds what was asked: path, headers, body.
"""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Behaviour = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """HTTP/1.1, so that a body that ends early is seen as cut off."""

    protocol_version = "HTTP/1.1"
    server: "ModelServer"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append({"path": self.path, "headers": _lower(self.headers), "body": body})
        place = min(len(self.server.requests), len(self.server.script)) - 1
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # a client that had enough
            self.server.script[place](self)

    do_GET = do_POST

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""

    def reply(self, status: int, body: bytes, kind: str = "application/json", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def begin(self) -> None:
        """The head of a stream in chunks."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def end(self) -> None:
        self.wfile.write(b"0\r\n\r\n")


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


class ModelServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Silent: clients that leave in the middle are what is tested."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: list[Behaviour] = [says("")]
        self.requests: list[dict[str, Any]] = []
        self.released = threading.Event()
        """Set when the test is over: whoever waits for it goes on."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


@contextmanager
def serving() -> Iterator[ModelServer]:
    server = ModelServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


def event(value: object) -> bytes:
    return f"data: {value if isinstance(value, str) else json.dumps(value)}\n\n".encode()


def delta(content: str | None, reason: str | None = None, **more: Any) -> bytes:
    said: dict[str, Any] = {} if content is None else {"content": content}
    choice = {"index": 0, "delta": said | more, "finish_reason": reason}
    return event({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]})


# What a server may do


def says(*pieces: str, reason: str = "stop") -> Behaviour:
    """A stream of these pieces, whole."""

    def act(handler: Handler) -> None:
        handler.begin()
        handler.chunk(delta(None, role="assistant"))
        for piece in pieces:
            handler.chunk(delta(piece))
        handler.chunk(delta(None, reason))
        handler.chunk(event("[DONE]"))
        handler.end()

    return act


def sends(*parts: bytes) -> Behaviour:
    """A stream of these bytes, each a chunk of its own."""

    def act(handler: Handler) -> None:
        handler.begin()
        for part in parts:
            handler.chunk(part)
        handler.end()

    return act


def cut_off(*pieces: str) -> Behaviour:
    """The connection ends in the middle of the stream."""

    def act(handler: Handler) -> None:
        handler.begin()
        for piece in pieces:
            handler.chunk(delta(piece))
        handler.wfile.write(b"ff\r\ndata: {")
        handler.wfile.flush()
        handler.close_connection = True

    return act


def stalls(*pieces: str) -> Behaviour:
    """Says something, then nothing for as long as the test lasts."""

    def act(handler: Handler) -> None:
        handler.begin()
        for piece in pieces:
            handler.chunk(delta(piece))
        handler.server.released.wait(30)

    return act


def silent(handler: Handler) -> None:
    """Takes the request and says nothing at all."""
    handler.server.released.wait(30)


def trickles(handler: Handler) -> None:
    """A head that never ends, a letter at a time: no wait for the next byte is long."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not handler.server.released.wait(0.02):
        handler.wfile.write(b"x")
        handler.wfile.flush()


def fails(status: int, **headers: str) -> Behaviour:
    def act(handler: Handler) -> None:
        handler.reply(status, json.dumps({"error": {"message": "no", "type": "t"}}).encode(), **headers)

    return act


def refuses_parameter(name: str) -> Behaviour:
    body = json.dumps({"error": {"message": "Unsupported parameter", "type": "invalid_request_error", "param": name}})
    return lambda handler: handler.reply(400, body.encode())


def completion(content: str) -> Behaviour:
    """One piece of JSON, from a server that cannot stream."""
    said = {"choices": [{"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}]}
    return lambda handler: handler.reply(200, json.dumps(said).encode())
