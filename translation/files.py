"""What every kind of translation file shares: language tags of any spelling, text that a file can hold, a file written whole."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import regex

_ILLEGAL = regex.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_TAGS = {
    "zh": "zh-hans", "zh-cn": "zh-hans", "zh-sg": "zh-hans", "zh-hans-cn": "zh-hans", "zh-hans-sg": "zh-hans",
    "zh-chs": "zh-hans", "zh-tw": "zh-hant", "zh-hk": "zh-hant", "zh-mo": "zh-hant", "zh-hant-tw": "zh-hant",
    "zh-hant-hk": "zh-hant", "zh-cht": "zh-hant", "iw": "he", "in": "id", "no": "nb",
}  # fmt: skip


def locale_tag(tag: str) -> str:
    """A language tag of any spelling as ours: lower case, hyphens, Chinese by script (zh_CN, zh-CN, zh: zh-hans)."""
    lowered = tag.strip().replace("_", "-").lower()
    return _TAGS.get(lowered, lowered)


def writable(text: str) -> str:
    """XML has no way to write control characters."""
    return str(_ILLEGAL.sub("", text))


@contextmanager
def whole(path: Path) -> Iterator[IO[bytes]]:
    """A file to write that appears at `path` when the block ends, or not at all."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            yield file
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
