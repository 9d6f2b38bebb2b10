"""Links of pages that become files: which paths they lead to, and their form without a server. Pure.

A file knows no query. The query of a reference names the passage that the fragment names too, so nothing is lost with it.
"""

import re
from dataclasses import dataclass
from html import escape, unescape
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

_ATTRIBUTE = re.compile(r'(?P<before>\s(?:href|src|action|formaction)=")(?P<value>[^"]*)(?=")')
_LOCATION = re.compile(r"<loc>\s*([^<\s]+)\s*</loc>")
INDEX = "index.html"
LONGEST_PART = 200
"""Bytes of one part of a path; file systems take 255 and a temporary name needs some."""


@dataclass(frozen=True, slots=True)
class Linked:
    """A page whose internal links have no query, and the paths that they lead to, in their order."""

    text: str
    paths: tuple[str, ...]


def linked(html: str, prefix: str) -> Linked:
    """`prefix`: the path of the site's root, `/` or `/help/`. Links out of it stay as they are."""
    paths: dict[str, None] = {}

    def plain(match: re.Match[str]) -> str:
        value = unescape(match["value"])
        if not value.startswith(prefix) or value.startswith("//"):
            return match[0]
        split = urlsplit(value)
        paths[split.path] = None
        fragment = f"#{split.fragment}" if split.fragment else ""
        return match["before"] + escape(split.path + fragment)

    text = _ATTRIBUTE.sub(plain, html)
    return Linked(text, tuple(paths))


def located(sitemap: str, address: str) -> tuple[str, ...]:
    """The paths that a sitemap or its index names below a site's address (`https://host`)."""
    found = (unescape(each) for each in _LOCATION.findall(sitemap))
    return tuple(urlsplit(each).path for each in found if each.startswith(f"{address}/"))


def file_name(path: str, prefix: str) -> str:
    """The file of a path, relative to the folder: that of `/de/about/` is `de/about/index.html`. ValueError for a path that
    leads out of the folder or that a file system does not take."""
    inside = unquote(path).removeprefix(prefix)
    name = f"{inside}{INDEX}" if not inside or inside.endswith("/") else inside
    parts = name.split("/")
    if any(not part or part.startswith(".") or len(part.encode()) > LONGEST_PART or "\0" in part for part in parts):
        raise ValueError(path)
    return PurePosixPath(*parts).as_posix()
