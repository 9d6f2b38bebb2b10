"""What an operator says about a Weaviate server, checked: addresses, prefix, replicas, quantiser. Pure."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from retrieval.types import NotConfigured

EMBEDDED = "embedded"
EMBEDDED_VERSION = "1.40.2"
"""Of the server that the client downloads for embedded://; its own default differs wildly between its versions."""
HTTP_PORT, HTTPS_PORT, GRPC_PORT = 8080, 443, 50051
QUANTISERS = ("rq-8", "rq-1", "none")
PREFIX = re.compile(r"[A-Z][A-Za-z0-9]{0,59}")
MAX_REPLICAS = 21
READ_SECONDS = 0.25
"""For one look-up. A reader waits at most this long for a dead server; then the circuit breaker answers."""


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int
    secure: bool


@dataclass(frozen=True, slots=True)
class Options:
    """`read_seconds`: the limit of one look-up. `shards`: 0 leaves their number to the server (one a node)."""

    http: Address
    grpc: Address
    api_key: str
    prefix: str
    replicas: int
    shards: int
    quantiser: str
    read_seconds: float
    embedded: bool = False
    data: str = ""
    version: str = EMBEDDED_VERSION


def options(
    url: str,
    grpc_url: str = "",
    api_key: str = "",
    prefix: str = "Polyfaq",
    replicas: int = 1,
    shards: int = 0,
    quantiser: str = "rq-8",
    read_seconds: float = READ_SECONDS,
) -> Options:
    """NotConfigured, naming the variable, for what cannot be used. No message repeats an address's user or password."""
    if not url:
        raise NotConfigured("The Weaviate backend needs an address: set WEAVIATE_URL, such as http://localhost:8080.")
    if not PREFIX.fullmatch(prefix):
        raise NotConfigured(
            f"WEAVIATE_PREFIX is {prefix!r}; it takes a capital letter and then letters and digits, such as Polyfaq."
        )
    if quantiser not in QUANTISERS:
        raise NotConfigured(f"WEAVIATE_QUANTISER is {quantiser!r}; it takes one of {', '.join(QUANTISERS)}.")
    if not 1 <= replicas <= MAX_REPLICAS:
        raise NotConfigured(f"WEAVIATE_REPLICAS is {replicas}; it takes a number from 1 to {MAX_REPLICAS}.")
    parts = urlsplit(url)
    embedded = parts.scheme == EMBEDDED
    http = _embedded_http(url) if embedded else _address("WEAVIATE_URL", url, {"http", "https"}, HTTP_PORT)
    grpc = Address(http.host, GRPC_PORT, http.secure)
    if grpc_url:
        grpc = _address("WEAVIATE_GRPC_URL", grpc_url, {"http", "https", "grpc", "grpcs"}, GRPC_PORT)
    version = parse_qs(parts.query).get("version", [EMBEDDED_VERSION])[0]
    return Options(
        http=http,
        grpc=grpc,
        api_key=api_key,
        prefix=prefix,
        replicas=replicas,
        shards=shards,
        quantiser=quantiser,
        read_seconds=read_seconds,
        embedded=embedded,
        data=parts.path if embedded else "",
        version=version,
    )


def _embedded_http(url: str) -> Address:
    """embedded://[host:port][/data folder][?version=x.y.z]; the server listens on this machine only."""
    try:
        return Address("127.0.0.1", urlsplit(url).port or 8079, secure=False)
    except ValueError:
        raise NotConfigured("WEAVIATE_URL names no port; it looks like embedded:///var/lib/polyfaq/index.") from None


def _address(name: str, url: str, schemes: set[str], port: int) -> Address:
    parts = urlsplit(url if "//" in url else f"http://{url}")
    example = "https://weaviate.example.org" if name == "WEAVIATE_URL" else "https://grpc.example.org:443"
    try:
        given = parts.port
    except ValueError:
        given = -1
    if parts.scheme not in schemes or not parts.hostname or given == -1 or parts.path.strip("/"):
        raise NotConfigured(f"{name} cannot be used; it takes an address such as {example}.")
    secure = parts.scheme in {"https", "grpcs"}
    return Address(parts.hostname, given or (HTTPS_PORT if secure else port), secure)
