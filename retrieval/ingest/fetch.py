"""An address -> bytes, without letting whoever chooses the address reach into our own network.

Invariants: the name is resolved once per connection and the connection goes to exactly the address that was checked, so a
second answer of the name server (DNS rebinding) changes nothing; TLS still proves the name. Every redirect passes the same
door. Size (packed and unpacked), time and the number of redirects are bounded. No cookies, no proxies, no credentials.
"""

import ipaddress
import re
import socket
import ssl
import threading
import time
import typing
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import httpcore
import httpx  # noqa: TID251 - this is one of its two places

from retrieval.ingest.builder import shown_name
from retrieval.types import InvalidInput, Unavailable

MAX_REDIRECTS = 5
MAX_URL = 2_000
PORTS = frozenset({80, 443, 8080, 8443})
USER_AGENT = "Polyfaq/0.1 (knowledge base ingest)"

Resolver = Callable[[str, int], Sequence[str]]
"""Host and port -> IP addresses."""
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Metadata services of cloud providers at public-looking or unlisted addresses; all others are link-local or private.
_METADATA = frozenset(
    map(ipaddress.ip_address, ("168.63.129.16", "169.254.169.254", "100.100.100.200", "fd00:ec2::254"))
)
# Special purposes (IANA's registries) that Python's own tables know only in later versions.
_SPECIAL = tuple(
    map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "100::/64", "2001:db8::/32", "3fff::/20", "5f00::/16"))
)
_NAT64 = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_GONE = frozenset({404, 410})
_LATER = frozenset({408, 425, 429})
_HOST = re.compile(rb"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")  # a name after IDNA, or an address
_PIECE = 65_536


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came back from `url` (the last of the redirects). `media_type`: the header as sent, with its charset."""

    url: str
    data: bytes
    media_type: str
    etag: str
    last_modified: str
    not_modified: bool

    @property
    def filename(self) -> str:
        """The last part of the path, or the host: a name for messages and for telling the format."""
        parts = [part for part in httpx.URL(self.url).path.split("/") if part]
        return parts[-1] if parts else httpx.URL(self.url).host


def fetch(
    url: str,
    *,
    etag: str = "",
    last_modified: str = "",
    allow_private: bool = False,
    max_bytes: int = 20_000_000,
    timeout: float = 20.0,
    resolver: Resolver | None = None,
) -> Fetched:
    """The page at `url`. `etag`, `last_modified`: of the copy we have; then `not_modified` may come back without data.

    InvalidInput: an address that may not be fetched, a page that is not there, too large or a loop. Unavailable: the
    server is away, slow or failing; later may help. `allow_private` is the operator's setting, never a visitor's choice.
    """
    deadline = time.monotonic() + timeout
    backend = _CheckedBackend(resolver or _resolve, deadline, allow_private=allow_private)
    headers = _headers(etag, last_modified)
    target, seen = _checked_url(url, url, allow_private=allow_private), set[str]()
    with _Transport(backend) as transport:
        for _ in range(MAX_REDIRECTS + 1):
            place = str(target.copy_with(fragment=None))
            if place in seen:
                raise InvalidInput(f"{_shown(url)}: the page redirects to itself. Give the address it should lead to.")
            seen.add(place)
            try:
                answer = _ask(transport, target, headers, deadline, max_bytes)
            except (InvalidInput, Unavailable):
                raise
            except (httpcore.TimeoutException, TimeoutError) as error:
                raise Unavailable(
                    f"{_shown(place)}: no full answer within {timeout:g} seconds. Try again later."
                ) from error
            except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
                raise Unavailable(
                    f"{_shown(place)}: {_reason(error)}. Check the address, or try again later."
                ) from error
            if isinstance(answer, Fetched):
                return answer
            target = _checked_url(str(target.join(answer)), url, allow_private=allow_private)
    raise InvalidInput(f"{_shown(url)}: more than {MAX_REDIRECTS} redirects. Give the address they lead to.")


def _headers(etag: str, last_modified: str) -> dict[str, str]:
    headers = {
        "user-agent": USER_AGENT,
        "accept": "text/html,application/xhtml+xml,text/markdown,text/plain,application/pdf;q=0.9,*/*;q=0.5",
        "accept-encoding": "gzip, deflate",
    }
    for name, value in (("if-none-match", etag), ("if-modified-since", last_modified)):
        if value and value.isascii() and value.isprintable():
            headers[name] = value
    return headers


def _shown(url: str) -> str:
    return shown_name(re.sub(r"(?<=//)[^/@]*@", "", url))


def _reason(error: Exception) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "its certificate is not valid"
    if isinstance(error, httpcore.ConnectError):
        return "the server cannot be reached"
    return "the connection broke off"


def _checked_url(url: str, first: str, *, allow_private: bool) -> httpx.URL:
    """The parsed address; InvalidInput for what is never fetched."""
    try:
        parsed = httpx.URL(url.strip())
        port = parsed.port
    except (httpx.InvalidURL, ValueError, UnicodeError) as error:
        raise InvalidInput(f"{_shown(url)}: this is not a web address. Write it as https://host/page.") from error
    if parsed.scheme not in ("http", "https") or not _HOST.fullmatch(parsed.raw_host) or len(url) > MAX_URL:
        raise InvalidInput(f"{_shown(url)}: only addresses that begin with http:// or https:// are fetched.")
    if parsed.userinfo:
        raise InvalidInput(f"{_shown(url)}: an address with a name and password in it is not fetched. Leave them out.")
    if not allow_private and port is not None and port not in PORTS:
        raise InvalidInput(f"{_shown(first)}: port {port} is not one of a public website (80, 443, 8080, 8443).")
    return parsed


def _ask(
    transport: "_Transport", target: httpx.URL, headers: dict[str, str], deadline: float, max_bytes: int
) -> Fetched | str:
    """One request: what was fetched, or the address it redirects to."""
    request = httpx.Request("GET", target, headers=headers)
    request.extensions["timeout"] = dict.fromkeys(("connect", "read", "write", "pool"), _left(deadline))
    response = transport.handle_request(request)
    try:
        if response.status_code in _REDIRECTS and response.headers.get("location"):
            return response.headers["location"]
        asked = "if-none-match" in headers or "if-modified-since" in headers
        if response.status_code == 304 and asked:
            return _fetched(target, response, b"", not_modified=True)
        _check_answer(response, _shown(str(target)), max_bytes)
        raw = typing.cast("_Body", response.stream)
        return _fetched(target, response, _body(raw, response, _shown(str(target)), max_bytes), not_modified=False)
    finally:
        response.close()


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _fetched(target: httpx.URL, response: httpx.Response, data: bytes, *, not_modified: bool) -> Fetched:
    header = response.headers.get
    return Fetched(
        url=str(target.copy_with(fragment=None)),
        data=data,
        media_type=header("content-type", "")[:200].strip(),
        etag=header("etag", "")[:300],
        last_modified=header("last-modified", "")[:100],
        not_modified=not_modified,
    )


def _check_answer(response: httpx.Response, name: str, max_bytes: int) -> None:
    status = response.status_code
    if status in _GONE:
        raise InvalidInput(f"{name}: there is no such page ({status}). Check the address.")
    if status in (401, 403, 407):
        raise InvalidInput(
            f"{name}: the page may not be read without signing in ({status}). Upload it as a file instead."
        )
    if status >= 500 or status in _LATER:
        raise Unavailable(f"{name}: the server answers with an error ({status}). Try again later.")
    if status != 200:
        raise InvalidInput(f"{name}: the server's answer is no page ({status}). Check the address.")
    kind = response.headers.get("content-type", "").split("/")[0].strip().lower()
    if kind in ("image", "audio", "video", "font"):
        raise InvalidInput(f"{name}: this is no text but {kind}. Give the address of a page or document.")
    length = response.headers.get("content-length", "")
    if length.isdecimal() and (len(length) > 15 or int(length) > max_bytes):
        raise _too_large(name, max_bytes)


def _too_large(name: str, max_bytes: int) -> InvalidInput:
    return InvalidInput(f"{name}: it is larger than {max_bytes / 1_000_000:.3g} MB. Add the part you need as a file.")


def _body(raw: Iterable[bytes], response: httpx.Response, name: str, max_bytes: int) -> bytes:
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("identity", ""):
        pieces: Iterator[bytes] = iter(raw)
    elif encoding in ("gzip", "x-gzip", "deflate"):
        pieces = _unpacked(raw, name, max_bytes)
    else:
        raise InvalidInput(
            f"{name}: the server packs the page in a way we did not ask for. Upload it as a file instead."
        )
    data = bytearray()
    for piece in pieces:
        data += piece
        if len(data) > max_bytes:
            raise _too_large(name, max_bytes)
    return bytes(data)


def _unpacked(raw: Iterable[bytes], name: str, max_bytes: int) -> Iterator[bytes]:
    """gzip or deflate, a bounded piece at a time: what unpacks to gigabytes is stopped before it does."""
    unpacker = zlib.decompressobj(wbits=47)
    received, first = 0, True
    try:
        for packed in raw:
            received += len(packed)
            if received > max_bytes:
                raise _too_large(name, max_bytes)
            if first and packed and packed[0] & 0x0F != 8 and packed[0] != 0x1F:
                unpacker = zlib.decompressobj(wbits=-15)  # servers that send deflate without its header
            first = first and not packed
            while packed:
                yield unpacker.decompress(packed, _PIECE)
                packed = unpacker.unconsumed_tail
                if unpacker.eof and unpacker.unused_data:
                    packed, unpacker = unpacker.unused_data, zlib.decompressobj(wbits=47)
    except zlib.error as error:
        raise Unavailable(f"{name}: the page arrives damaged. Try again later.") from error
    if not unpacker.eof and not first:
        yield unpacker.flush()
        if not unpacker.eof:
            raise Unavailable(f"{name}: the page arrives cut off. Try again later.")


class _Body(httpx.SyncByteStream):
    """The response's bytes as they come, packed as they are."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        yield from typing.cast("Iterable[bytes]", self._response.stream)

    def close(self) -> None:
        self._response.close()


class _Transport(httpx.BaseTransport):
    """HTTP/1.1 over connections that the checked backend opens; nothing is followed, decoded or kept here."""

    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=_ssl_context(), network_backend=backend, max_keepalive_connections=0, retries=0
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = httpcore.URL(
            scheme=request.url.raw_scheme, host=request.url.raw_host, port=request.url.port, target=request.url.raw_path
        )
        response = self._pool.handle_request(
            httpcore.Request(request.method, url, headers=request.headers.raw, extensions=request.extensions)
        )
        return httpx.Response(response.status, headers=response.headers, stream=_Body(response))

    def close(self) -> None:
        self._pool.close()


def _ssl_context() -> ssl.SSLContext:
    return httpx.create_ssl_context()


class _CheckedBackend(httpcore.NetworkBackend):
    """Opens a connection to an address only after looking at that very address."""

    def __init__(self, resolver: Resolver, deadline: float, *, allow_private: bool) -> None:
        self._resolver = resolver
        self._deadline = deadline
        self._allow_private = allow_private
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[typing.Any] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = checked_addresses(host, self._found(host, port), allow_private=self._allow_private)
        failure: Exception = httpcore.ConnectError()
        for place, address in enumerate(addresses):
            # The first of several addresses may not use up all the time.
            wait = _left(self._deadline) / (2 if place + 1 < len(addresses) else 1)
            try:
                stream = self._sockets.connect_tcp(str(address), port, timeout=wait)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
                continue
            return _BoundedStream(stream, self._deadline)
        raise failure

    def _found(self, host: str, port: int) -> Sequence[str]:
        """The system's resolver has no time limit of its own, so it runs beside us and may be left behind."""
        found: list[Sequence[str]] = []
        failed: list[OSError | UnicodeError] = []

        def resolve() -> None:
            try:
                found.append(self._resolver(host, port))
            except (OSError, UnicodeError) as error:
                failed.append(error)

        thread = threading.Thread(target=resolve, daemon=True)
        thread.start()
        thread.join(_left(self._deadline))
        if failed or (found and not found[0]):
            raise Unavailable(f"{_shown(host)}: there is no server of this name. Check the address.")
        if not found:
            raise TimeoutError
        return found[0]


class _BoundedStream(httpcore.NetworkStream):
    """A socket on which no wait goes beyond the deadline, so that a server dripping bytes cannot hold us."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, timeout=_left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout=_left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname=server_hostname, timeout=_left(self._deadline))
        return _BoundedStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> typing.Any:
        return self._stream.get_extra_info(info)


def _resolve(host: str, port: int) -> Sequence[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def checked_addresses(host: str, found: Sequence[str], *, allow_private: bool) -> list[Address]:
    """The addresses, all of them allowed; InvalidInput when one is not: a name that also points inside is not trusted."""
    addresses = [ipaddress.ip_address(address.split("%")[0]) for address in found]
    for address in addresses:
        if not is_allowed(address, allow_private=allow_private):
            raise InvalidInput(
                f"{_shown(host)}: this leads to a private, local or reserved network address and is not fetched. "
                "Upload the page as a file, or ask the operator to allow private addresses."
            )
    return addresses


def is_allowed(address: Address, *, allow_private: bool = False) -> bool:
    """Whether a connection may go there; addresses that carry another one inside are judged by that too."""
    if address.is_multicast or address.is_unspecified:
        return False
    inner = _carried(address)
    if inner is not None:
        return is_allowed(inner, allow_private=allow_private)
    if allow_private:
        return True
    if isinstance(address, ipaddress.IPv6Address) and address.is_site_local:
        return False
    special = address in _METADATA or any(address in network for network in _SPECIAL)
    return address.is_global and not address.is_reserved and not special


def _carried(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address inside an IPv4-mapped, 6to4, Teredo, NAT64 or IPv4-compatible IPv6 address."""
    if not isinstance(address, ipaddress.IPv6Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in _NAT64) or (int(address) >> 32 == 0 and int(address) > 1):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None
