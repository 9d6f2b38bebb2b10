"""The one module that imports weaviate: sockets to a server, writes, and the errors of both as errors of the library.

Sockets are made lazily and belong to the process that made them: forked processes that share one read each other's
answers. Look-ups speak the server's gRPC protocol directly (weaviate_wire builds the messages), each with a deadline:
the client around it repeats a call to a dead server for 63 seconds, and nothing switches that off. Writes, deletes and
the schema go through the client; they belong to background work.
"""

import logging
import os
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

# Read when gRPC is imported: without it a forked process waits for events on the poller of its parent.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "1")

import grpc  # type: ignore[import-untyped]
import httpx  # noqa: TID251 - the client lets its errors through, and its own calls take no limit below five seconds
import weaviate  # noqa: TID251 - this is its one place
from weaviate import classes, exceptions  # noqa: TID251
from weaviate.proto.v1 import (  # noqa: TID251
    aggregate_pb2,
    base_pb2,
    base_search_pb2,
    search_get_pb2,
    weaviate_pb2_grpc,
)

from retrieval.backends.breaker import Breaker
from retrieval.backends.weaviate_options import Options
from retrieval.types import IndexCorrupt, InvalidInput, NotConfigured, RetrievalError, Unavailable

__all__ = [
    "VECTOR", "Connection", "Missing", "aggregate_pb2", "base_pb2", "base_search_pb2", "classes", "exceptions", "mapped",
    "raise_for", "search_get_pb2",
]  # fmt: skip

logger = logging.getLogger(__name__)

VECTOR = "text"
"""The name of the one named vector."""
OLDEST = (1, 32)
"""The first server with aliases."""
WORK_SECONDS = 30.0
"""For one call of background work."""
INSERT_SECONDS = 90.0
START_SECONDS = 5
SETTLING_SECONDS = 0.1
"""Between closing and a fork. gRPC's own threads finish what closing gave them to do; forked in the middle of it, a child in
ten waited for ever for a lock that nobody holds there."""
MAX_MESSAGE = 104_858_000
OWN_CONNECTIONS = ("grpc.use_local_subchannel_pool", 1)
"""Or gRPC gives a forked process the connection of its parent."""
CHANNEL = (
    OWN_CONNECTIONS,
    ("grpc.max_receive_message_length", MAX_MESSAGE),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),  # a server that is back is found by the next probe
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.enable_retries", 0),
)
AWAY = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.CANCELLED,
    }
)
DENIED = frozenset({grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED})
NO_SUCH = ("could not find class", "class not found", "does not exist", "not found in schema", "no such class")
"""How a server says that a collection is not there; by gRPC it has no code of its own."""


class Missing(IndexCorrupt):
    """There is no collection, alias or object of that name."""

    def __init__(self, said: str) -> None:
        super().__init__(f"The index is not whole: Weaviate says {said[:200]!r}. Run `manage.py index --rebuild`.")


@dataclass(slots=True)
class _Sockets:
    """Of one process."""

    pid: int
    breaker: Breaker = field(default_factory=Breaker)
    lock: Any = field(default_factory=threading.RLock)
    channel: Any = None
    stub: Any = None
    http: httpx.Client | None = None
    client: Any = None


_until: ContextVar[float | None] = ContextVar("weaviate_until", default=None)
"""When the look-up that is under way must be over, by the monotonic clock."""
_inherited: list[_Sockets] = []
"""Sockets of the process that this one was forked from: never used, and never closed, for closing writes to them."""


_connections: "weakref.WeakSet[Connection]" = weakref.WeakSet()


def _close_all() -> None:
    closed = [connection.close() for connection in list(_connections)]
    if any(closed):
        time.sleep(SETTLING_SECONDS)


# Before a fork nothing may be under way: the process that forks connects again at its next call.
os.register_at_fork(before=_close_all)


class Connection:
    """A server as one process sees it. Safe between threads and across forks."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._sockets = _Sockets(os.getpid())
        _connections.add(self)

    # look-ups --------------------------------------------------------------------------------------------------------

    @contextmanager
    def reading(self, seconds: float) -> Iterator[None]:
        """Around a look-up that a reader waits for: through the circuit breaker, and all its calls within `seconds`."""
        began = _until.set(time.monotonic() + seconds)
        try:
            with self._own().breaker.call():
                yield
        finally:
            _until.reset(began)

    @staticmethod
    def left(seconds: float) -> float:
        """How long the next call may take: `seconds`, in a look-up at most what is left of it."""
        until = _until.get()
        return seconds if until is None else max(0.001, min(seconds, until - time.monotonic()))

    @property
    def resting(self) -> bool:
        """Whether look-ups fail without being tried."""
        return self._own().breaker.open

    # sockets ---------------------------------------------------------------------------------------------------------

    def client(self) -> Any:
        """This process's client, connected: the first call asks the server for its version."""
        own = self._own()
        with own.lock:
            if own.client is None:
                with mapped(f"No Weaviate at {self.options.http.host}:{self.options.http.port}"):
                    own.client = self._connected()
        return own.client

    def close(self) -> bool:
        """Also in the middle of a failure; the next call connects again. Whether anything was open."""
        own = self._own()
        with own.lock:
            opened = own.client is not None or own.channel is not None
            for socket in (own.client, own.channel, own.http):
                if socket is not None:
                    with suppress(Exception):
                        socket.close()
            own.client = own.channel = own.stub = own.http = None
        return opened

    def _own(self) -> _Sockets:
        if self._sockets.pid != os.getpid():
            _inherited.append(self._sockets)
            self._sockets = _Sockets(os.getpid())
        return self._sockets

    def _connected(self) -> Any:
        logging.getLogger("weaviate-client").setLevel(logging.CRITICAL)  # it logs failed objects with all their text
        given = self.options
        limits = classes.init.AdditionalConfig(
            timeout=classes.init.Timeout(init=START_SECONDS, query=WORK_SECONDS, insert=INSERT_SECONDS),
            grpc_config=classes.init.GrpcConfig(channel_options=[OWN_CONNECTIONS]),
        )
        auth = classes.init.Auth.api_key(given.api_key) if given.api_key else None
        if given.embedded and (started := self._started(limits)) is not None:
            return started
        self.check_version()
        return weaviate.connect_to_custom(
            http_host=given.http.host,
            http_port=given.http.port,
            http_secure=given.http.secure,
            grpc_host=given.grpc.host,
            grpc_port=given.grpc.port,
            grpc_secure=given.grpc.secure,
            auth_credentials=auth,
            additional_config=limits,
            skip_init_checks=True,
        )

    def check_version(self) -> str:
        """The server's version. NotConfigured when it is too old."""
        with mapped(f"No Weaviate at {self.options.http.host}:{self.options.http.port}"):
            response = self.http().get("/v1/meta", timeout=START_SECONDS)
            raise_for(response)
            found = str(response.json().get("version", ""))
        numbers = [int(part) for part in found.split("-")[0].split(".")[:2] if part.isdigit()]
        if tuple(numbers) < OLDEST:
            raise NotConfigured(
                f"The server at WEAVIATE_URL is Weaviate {found or 'of an unknown version'};"
                f" Polyfaq needs {'.'.join(map(str, OLDEST))} or newer."
            )
        return found

    def _started(self, limits: Any) -> Any:
        """A server of this machine, started by this process; None when another process has started it."""
        given = self.options
        try:
            return weaviate.connect_to_embedded(
                version=given.version,
                port=given.http.port,
                grpc_port=given.grpc.port,
                persistence_data_path=given.data or None,
                environment_variables={"AUTOSCHEMA_ENABLED": "false", "DISABLE_TELEMETRY": "true"},
                additional_config=limits,
            )
        except exceptions.WeaviateStartUpError as error:
            if "already listening" not in str(error):
                raise
            return None

    def stub(self) -> Any:
        own = self._own()
        with own.lock:
            if own.stub is None:
                if self.options.embedded and own.client is None:
                    own.client = self._connected()
                target = f"{self.options.grpc.host}:{self.options.grpc.port}"
                own.channel = (
                    grpc.secure_channel(target, grpc.ssl_channel_credentials(), CHANNEL)
                    if self.options.grpc.secure
                    else grpc.insecure_channel(target, CHANNEL)
                )
                own.stub = weaviate_pb2_grpc.WeaviateStub(own.channel)  # type: ignore[no-untyped-call]
        return own.stub

    def http(self) -> httpx.Client:
        own = self._own()
        with own.lock:
            if own.http is None:
                http = self.options.http
                own.http = httpx.Client(
                    base_url=f"{'https' if http.secure else 'http'}://{http.host}:{http.port}",
                    headers=dict(self.metadata()),
                    trust_env=False,
                )
        return own.http

    def metadata(self) -> tuple[tuple[str, str], ...]:
        key = self.options.api_key
        return (("authorization", f"Bearer {key}"),) if key else ()


@contextmanager
def mapped(doing: str) -> Iterator[None]:
    """The errors of the client, of gRPC and of HTTP as those of the library; Missing for an unknown collection.

    Raw errors of httpx get past the client, and a closed channel is a ValueError.
    """
    try:
        yield
    except grpc.RpcError as error:
        raise _grpc_error(error, doing) from error
    except exceptions.UnexpectedStatusCodeError as error:
        raise _status_error(error.status_code, str(error.message), doing) from error
    except RetrievalError:
        raise
    except (exceptions.WeaviateBaseError, httpx.HTTPError, ValueError) as error:
        if any(mark in str(error).lower() for mark in NO_SUCH):
            raise Missing(str(error)) from error
        raise Unavailable(f"{doing}: {type(error).__name__}. Is it running, and does WEAVIATE_URL name it?") from error


def _grpc_error(error: Any, doing: str) -> Exception:
    code, details = error.code(), str(error.details() or "")
    if code in AWAY:
        return Unavailable(f"{doing}: {code.name}. Is it running, and does WEAVIATE_GRPC_URL name it?")
    if code in DENIED:
        return NotConfigured("Weaviate does not let us in: WEAVIATE_API_KEY is missing, wrong, or may not do this.")
    if any(mark in details.lower() for mark in NO_SUCH):
        return Missing(details)
    return Unavailable(f"{doing}: {code.name}: {details[:300]}")


def _status_error(status: int, said: str, doing: str) -> Exception:
    if status in {401, 403}:
        return NotConfigured("Weaviate does not let us in: WEAVIATE_API_KEY is missing, wrong, or may not do this.")
    if status == 404:
        return Missing(said)
    if status == 422:
        return InvalidInput(f"{doing}: {said[:300]}")
    return Unavailable(f"{doing}: it answered {status}. {said[:300]}")


def raise_for(response: httpx.Response) -> None:
    if response.status_code != httpx.codes.OK:
        error = _status_error(response.status_code, response.text, "Weaviate did not answer as expected")
        raise Unavailable(str(error)) if isinstance(error, Missing) else error
