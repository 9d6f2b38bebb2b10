"""Origins of web pages as browsers send them: `https://shop.example.org`, or a wildcard for all subdomains.

Pure. A wildcard stands for one or more whole labels, never for the domain itself, and never for another scheme or port.
"""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from faq.errors import Invalid

LENGTH = 300
DEFAULT_PORTS = {"https": 443, "http": 80}
HOST = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*\Z|\[[0-9a-f:.]+\]\Z")


def normalised(text: str) -> str:
    """The origin as a browser would send it. Invalid, with an example, for what is none."""
    given = text.strip()
    try:
        parts = urlsplit(given)
        port = parts.port
        host = _ascii(parts.hostname or "")
    except ValueError:
        parts, port, host = urlsplit(""), None, ""
    plain = not (parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc)
    if len(given) > LENGTH or parts.scheme not in DEFAULT_PORTS or not plain or not _fits(host):
        raise Invalid(
            "%(origin)s is no origin. Write it as https://shop.example.org, or https://*.example.org for all subdomains.",
            origin=repr(given[:80]),
        )
    suffix = "" if port is None or port == DEFAULT_PORTS[parts.scheme] else f":{port}"
    return f"{parts.scheme}://{host}{suffix}"


def _ascii(host: str) -> str:
    """As browsers send it: letters of other scripts in their ASCII form."""
    if ":" in host:
        return f"[{host}]"
    wild, rest = ("*.", host[2:]) if host.startswith("*.") else ("", host)
    return wild + (rest if rest.isascii() else rest.encode("idna").decode("ascii")).lower()


def _fits(host: str) -> bool:
    """A wildcard needs two labels after it: nobody owns all of `.org`."""
    return bool(HOST.match(host)) and (not host.startswith("*.") or host.count(".") >= 2)


def allowed(origin: str, patterns: Iterable[str]) -> bool:
    """Whether a browser's Origin header is one of these, each normalised() before."""
    asked = origin.lower()
    return "*" not in asked and any(asked == pattern or _below(asked, pattern) for pattern in patterns)


def _below(origin: str, pattern: str) -> bool:
    scheme, _, domain = pattern.partition("://*")
    if not domain.startswith("."):
        return False
    prefix = f"{scheme}://"
    if not origin.startswith(prefix) or not origin.endswith(domain):
        return False
    label = origin[len(prefix) : len(origin) - len(domain)]
    return bool(label) and HOST.match(label) is not None
