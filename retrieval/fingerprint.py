"""Digests that decide equality: of texts, of values, of recipes. Pure; the same on every machine and Python."""

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict
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


def recipe_fingerprint(recipe: EmbeddingRecipe, analysis_generation: str) -> str:
    """What decides every entry of a generation besides its text: the embedding recipe and the text analysis."""
    return fingerprint({"embedding": asdict(recipe), "analysis": analysis_generation})[:32]
