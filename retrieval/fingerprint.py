"""Digests that decide equality: of texts, of values, of recipes. Pure; the same on every machine and Python."""

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from retrieval.embedders.base import EmbeddingRecipe


def content_hash(text: str) -> str:
    """SHA-256 of the text in NFC, as 64 hexadecimal digits."""
    return hashlib.sha256(unicodedata.normalize("NFC", text).encode("utf-8", "surrogatepass")).hexdigest()


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no white space; TypeError for what JSON cannot hold."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def fingerprint(value: Mapping[str, Any]) -> str:
    """SHA-256 of the value's canonical JSON, as 64 hexadecimal digits; the order of keys does not count."""
    return content_hash(canonical_json(value))


def files_digest(paths: Iterable[Path]) -> str:
    """SHA-256 over the names and contents of files, in the order of their names, as 64 hexadecimal digits. Raises OSError."""
    digest = hashlib.sha256()
    for path in sorted(paths, key=lambda path: path.name):
        with path.open("rb") as file:
            digest.update(f"{path.name}:{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return digest.hexdigest()


def recipe_fingerprint(recipe: EmbeddingRecipe, analysis: str, calibration: Mapping[str, float]) -> str:
    """What decides every entry of a generation besides its text, and how its hits are judged: the embedding recipe, the
    text analysis, and the calibration of the evidence."""
    parts = {"embedding": asdict(recipe), "analysis": analysis, "calibration": dict(calibration)}
    return fingerprint(parts)[:32]
