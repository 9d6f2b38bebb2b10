"""Fetching: addresses that must be refused, on the first request and on every redirect, and what stays bounded."""

import contextlib
import datetime
import gzip
import http.server
import ipaddress
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from retrieval.ingest import fetch as fetching
from retrieval.ingest.fetch import Fetched, fetch, is_allowed
from retrieval.types import InvalidInput, Unavailable

Reply = tuple[int, Mapping[str, str], bytes]
Answer = Callable[[http.server.BaseHTTPRequestHandler], Reply | None]


class Site:
    """A local web server whose pages are functions, and what was asked of it."""

    def __init__(self) -> None:
        self.pages: dict[str, Answer] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                site.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                reply = site.pages.get(self.path, lambda _: (404, {}, b""))(self)
                self.close_connection = True
                if reply is None:
                    return
                status, headers, body = reply
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]

    def url(self, path: str = "/", host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def reply(self, path: str, status: int = 200, body: bytes = b"", **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[path] = lambda _: (status, named, body)


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    thread = threading.Thread(target=site.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield site
    site.server.shutdown()
    site.server.server_close()


def never(host: str, port: int) -> list[str]:
    raise AssertionError(f"{host} must not be resolved")


def test_a_page_comes_with_its_media_type_and_validators(site: Site) -> None:
    site.reply(
        "/page", body=b"<p>Hi</p>", Content_Type="text/html; charset=utf-8", ETag='"1"', Last_Modified="yesterday"
    )
    assert fetch(site.url("/page#part"), allow_private=True) == Fetched(
        site.url("/page"), b"<p>Hi</p>", "text/html; charset=utf-8", '"1"', "yesterday", not_modified=False
    )


def test_a_page_that_did_not_change_is_not_sent_again(site: Site) -> None:
    site.reply("/page", 304, ETag='"1"')
    fetched = fetch(site.url("/page"), etag='"1"', last_modified="yesterday", allow_private=True)
    assert fetched.not_modified
    assert fetched.data == b""
    assert site.asked[0][1]["if-none-match"] == '"1"'
    assert site.asked[0][1]["if-modified-since"] == "yesterday"


def test_a_validator_that_could_split_the_request_is_left_out(site: Site) -> None:
    site.reply("/page", body=b"x")
    fetch(site.url("/page"), etag='"1"\r\nX-Evil: 1', allow_private=True)
    assert "if-none-match" not in site.asked[0][1]
    assert "x-evil" not in site.asked[0][1]


def test_neither_cookies_nor_names_leak(site: Site) -> None:
    site.reply("/a", 302, Location="/b", Set_Cookie="session=1")
    site.reply("/b", body=b"x")
    fetch(site.url("/a"), allow_private=True)
    assert "cookie" not in site.asked[1][1]


@pytest.mark.parametrize(
    "url",
    ["ftp://example.org/x", "file:///etc/passwd", "gopher://x", "javascript:alert(1)", "", "http://", "nonsense",
     "http://exa mple.org", "https://user:secret@example.org/", "http://example.org:22/", "http://example.org:6379/",
     "http://[::1", "http://example.org/" + "x" * 3000, "http://\x00/"],
)  # fmt: skip
def test_what_is_no_public_web_address_is_refused_without_looking_it_up(url: str) -> None:
    with pytest.raises(InvalidInput):
        fetch(url, resolver=never)


def test_a_refusal_never_repeats_the_password_of_an_address() -> None:
    with pytest.raises(InvalidInput) as caught:
        fetch("https://user:secret@example.org/", resolver=never)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "169.254.1.1", "0.0.0.0",
     "100.64.0.1", "100.100.100.200", "192.0.0.192", "168.63.129.16", "224.0.0.1", "224.0.1.1", "239.1.1.1", "240.0.0.1",
     "255.255.255.255", "198.18.0.1", "192.0.2.1", "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1",
     "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
     "2001:db8::1", "::7f00:1", "2001:0:4136:e378:8000:63bf:80ff:fffe"],
)  # fmt: skip
def test_inner_addresses_are_refused_whatever_name_leads_there(address: str) -> None:
    assert not is_allowed(ipaddress.ip_address(address))
    with pytest.raises(InvalidInput, match=r"pages\.example"):
        fetch("http://pages.example/", resolver=lambda host, port: [address])


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:220:1::1", "::ffff:93.184.215.14", "8.8.8.8"])
def test_public_addresses_are_allowed(address: str) -> None:
    assert is_allowed(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "①②⑦.0.0.1"]
)
def test_loopback_is_refused_in_every_spelling(site: Site, host: str) -> None:
    with pytest.raises((InvalidInput, Unavailable)):
        fetch(f"http://{host}:8080/")
    assert site.asked == []


def test_a_name_with_one_inner_address_among_its_addresses_is_refused() -> None:
    with pytest.raises(InvalidInput):
        fetch("http://pages.example/", resolver=lambda host, port: ["93.184.215.14", "10.0.0.1"])


def test_a_redirect_from_a_public_page_to_an_inner_address_is_refused(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The public site is played by the local one: only its resolved address passes the check, by one exception."""
    site.reply("/start", 302, Location="http://inside.example:8080/secret")
    monkeypatch.setattr(fetching, "PORTS", fetching.PORTS | {site.port})
    allowed = fetching.is_allowed
    monkeypatch.setattr(
        fetching, "is_allowed", lambda address, allow_private: str(address) == "127.0.0.1" or allowed(address)
    )
    resolved: list[str] = []

    def resolver(host: str, port: int) -> list[str]:
        resolved.append(host)
        return ["127.0.0.1"] if host == "public.example" else ["192.168.0.1"]

    with pytest.raises(InvalidInput, match=r"inside\.example"):
        fetch(site.url("/start", "public.example"), resolver=resolver)
    assert resolved == ["public.example", "inside.example"]


def test_a_redirect_to_another_scheme_is_refused(site: Site) -> None:
    site.reply("/start", 302, Location="file:///etc/passwd")
    with pytest.raises(InvalidInput, match="http"):
        fetch(site.url("/start"), allow_private=True)


def test_the_connection_goes_to_the_checked_address_and_the_name_is_asked_once(site: Site) -> None:
    """A name server that answers differently the second time is never asked a second time."""
    site.reply("/", body=b"here")
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    assert (
        fetch(site.url(host="rebinding.example"), allow_private=True, resolver=lambda h, p: next(answers)).data
        == b"here"
    )
    assert next(answers) == ["10.0.0.1"]
    assert site.asked[0][1]["host"] == f"rebinding.example:{site.port}"


def test_a_second_address_is_tried_when_the_first_does_not_answer(site: Site) -> None:
    site.reply("/", body=b"here")
    assert (
        fetch(site.url(host="two.example"), allow_private=True, resolver=lambda h, p: ["::1", "127.0.0.1"]).data
        == b"here"
    )


def test_tls_proves_the_name_not_the_address(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = self_signed("pages.example", tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    names: list[str | None] = []
    context.sni_callback = lambda connection, name, _: names.append(name)
    site.server.socket = context.wrap_socket(site.server.socket, server_side=True)
    monkeypatch.setattr(fetching, "_ssl_context", lambda: ssl.create_default_context(cafile=str(certificate)))
    site.reply("/", body=b"safe")

    def resolver(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    assert fetch(site.url(host="pages.example", scheme="https"), allow_private=True, resolver=resolver).data == b"safe"
    assert names == ["pages.example"]
    with pytest.raises(Unavailable, match="certificate"):
        fetch(site.url(host="other.example", scheme="https"), allow_private=True, resolver=resolver)


def self_signed(name: str, folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = folder / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path


def test_a_page_that_redirects_to_itself_is_named_as_such(site: Site) -> None:
    site.reply("/loop", 302, Location="/loop")
    with pytest.raises(InvalidInput, match="redirects to itself"):
        fetch(site.url("/loop"), allow_private=True)
    assert len(site.asked) == 1


def test_two_pages_that_redirect_to_each_other_end(site: Site) -> None:
    site.reply("/a", 301, Location="/b")
    site.reply("/b", 301, Location="/a")
    with pytest.raises(InvalidInput, match="redirects to itself"):
        fetch(site.url("/a"), allow_private=True)


def test_five_redirects_are_followed_and_a_sixth_is_not(site: Site) -> None:
    for number in range(7):
        site.reply(f"/{number}", 307, Location=f"/{number + 1}")
    site.reply("/7", body=b"end")
    assert fetch(site.url("/2"), allow_private=True).url == site.url("/7")
    with pytest.raises(InvalidInput, match="more than 5 redirects"):
        fetch(site.url("/1"), allow_private=True)


@pytest.mark.parametrize(("status", "error"), [(404, InvalidInput), (410, InvalidInput), (403, InvalidInput), (401, InvalidInput),
                                               (500, Unavailable), (503, Unavailable), (429, Unavailable), (204, InvalidInput),
                                               (304, InvalidInput), (302, InvalidInput)])  # fmt: skip
def test_other_answers_say_whether_trying_again_helps(site: Site, status: int, error: type[Exception]) -> None:
    site.reply("/page", status)
    with pytest.raises(error, match=str(status)):
        fetch(site.url("/page"), allow_private=True)


def test_a_picture_is_refused_before_it_is_loaded(site: Site) -> None:
    site.reply("/page", body=b"\x89PNG", Content_Type="image/png")
    with pytest.raises(InvalidInput, match="image"):
        fetch(site.url("/page"), allow_private=True)


def test_a_page_that_says_it_is_too_large_is_not_read(site: Site) -> None:
    site.pages["/page"] = lambda handler: (200, {"Content-Length": "99999999999"}, b"")
    with pytest.raises(InvalidInput, match="larger than 1 MB"):
        fetch(site.url("/page"), allow_private=True, max_bytes=1_000_000)


def test_a_page_without_end_is_stopped_at_the_ceiling(site: Site) -> None:
    def endless(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        with contextlib.suppress(OSError):
            while True:
                handler.wfile.write(b"x" * 10_000)

    site.pages["/page"] = endless
    with pytest.raises(InvalidInput, match="larger than"):
        fetch(site.url("/page"), allow_private=True, max_bytes=1_000_000)


def packed_raw(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def packed_in_two(data: bytes) -> bytes:
    return gzip.compress(data[:5]) + gzip.compress(data[5:])


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", packed_raw), ("gzip", packed_in_two)],
)
def test_packed_pages_are_unpacked(site: Site, encoding: str, pack: Callable[[bytes], bytes]) -> None:
    text = b"A page of words. " * 9_000
    site.reply("/page", body=pack(text), Content_Encoding=encoding)
    assert fetch(site.url("/page"), allow_private=True).data == text


def test_a_small_page_that_unpacks_to_gigabytes_is_stopped(site: Site) -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(b"\0" * 1_000_000) for _ in range(300)) + packer.flush()
    site.reply("/page", body=bomb, Content_Encoding="gzip")
    with pytest.raises(InvalidInput, match="larger than"):
        fetch(site.url("/page"), allow_private=True, max_bytes=5_000_000)


@pytest.mark.parametrize(
    "body",
    [gzip.compress(b"word " * 1000, mtime=0)[:-20], b"\x1f\x8bnonsense", b"plain text"],
    ids=["cut", "nonsense", "plain"],
)
def test_a_damaged_packed_page_is_unavailable(site: Site, body: bytes) -> None:
    site.reply("/page", body=body, Content_Encoding="gzip")
    with pytest.raises(Unavailable):
        fetch(site.url("/page"), allow_private=True)


def test_an_unknown_packing_is_refused(site: Site) -> None:
    site.reply("/page", body=b"x", Content_Encoding="br")
    with pytest.raises(InvalidInput, match="packs"):
        fetch(site.url("/page"), allow_private=True)


def test_a_page_cut_off_in_the_middle_is_unavailable(site: Site) -> None:
    site.pages["/page"] = lambda handler: (200, {"Content-Length": "1000"}, b"only this")
    with pytest.raises(Unavailable):
        fetch(site.url("/page"), allow_private=True)


@pytest.mark.parametrize("part", ["head", "body"])
def test_a_server_that_drips_is_left_after_the_total_time(site: Site, part: str) -> None:
    def drip(handler: http.server.BaseHTTPRequestHandler) -> None:
        with contextlib.suppress(OSError):
            handler.wfile.write(
                b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n" + (b"\r\n" if part == "body" else b"X-Slow: ")
            )
            for _ in range(50):
                handler.wfile.write(b"x")
                time.sleep(0.1)

    site.pages["/page"] = drip
    began = time.monotonic()
    with pytest.raises(Unavailable, match=r"within 0\.5 seconds"):
        fetch(site.url("/page"), allow_private=True, timeout=0.5)
    assert time.monotonic() - began < 30


def test_a_name_server_that_never_answers_is_left_after_the_total_time() -> None:
    def slow(host: str, port: int) -> list[str]:
        time.sleep(5)
        return []

    with pytest.raises(Unavailable, match="within"):
        fetch("http://slow.example/", timeout=0.2, resolver=slow)


def test_a_name_without_addresses_and_a_closed_port_are_unavailable() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise OSError("Name or service not known")

    with pytest.raises(Unavailable, match="no server of this name"):
        fetch("http://unknown.example/", resolver=unknown)
    with pytest.raises(Unavailable, match="cannot be reached"):
        fetch("http://127.0.0.1:9/", allow_private=True)


def test_a_fetched_page_has_a_name_for_messages_and_formats() -> None:
    assert Fetched("https://a.example/docs/guide.pdf?x=1", b"", "", "", "", not_modified=False).filename == "guide.pdf"
    assert Fetched("https://a.example/", b"", "", "", "", not_modified=False).filename == "a.example"
