"""Argos packages for tests: the real small one, and others made of its parts."""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / "data" / "argos"
REAL = DATA / "translate-en_de-0_1.argosmodel"


def small(**changes: object) -> dict[str, bytes]:
    """The files of a package that looks right and holds no model worth loading; `changes` go into its metadata."""
    metadata = {"package_version": "1.0", "argos_version": "1.9", "from_code": "en", "to_code": "fr"} | changes
    return {
        "metadata.json": json.dumps(metadata).encode(),
        "sentencepiece.model": b"pieces",
        "model/model.bin": b"weights",
        "model/shared_vocabulary.json": b"[]",
        "stanza/en.pt": b"not needed",
    }


def write(path: Path, files: Mapping[str, bytes], top: str = "translate-x") -> Path:
    """An archive with these files under one folder."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(f"{top}/{name}" if top else name, data)
    return path


def real(path: Path, source: str, target: str, version: str = "0.1") -> Path:
    """The real model, passed off as one for another pair."""
    made = io.BytesIO()
    with zipfile.ZipFile(REAL) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as new:
        for info in old.infolist():
            data = old.read(info)
            if info.filename.endswith("metadata.json"):
                data = json.dumps(
                    json.loads(data) | {"from_code": source, "to_code": target, "package_version": version}
                ).encode()
            if not info.is_dir():
                new.writestr(info.filename, data)
    path.write_bytes(made.getvalue())
    return path
