"""A big folder through the whole path, as `manage.py ingest --publish` takes it: files, passages, index, answerable.

Files are of 30 passages of natural length and word frequencies, in one language.
"""

from pathlib import Path

from benchmarks.corpus import Corpus
from benchmarks.rows import Row, at_most
from benchmarks.scratch import Portal

PASSAGES = 10_000
A_FILE = 30
LEAST = 500
"""Passages a second."""


def write_folder(folder: Path, passages: int) -> None:
    folder.mkdir()
    corpus = Corpus(4 * passages)
    for first in range(0, passages, A_FILE):
        sections = [f"# Guide {first // A_FILE}"]
        for number in range(first, min(first + A_FILE, passages)):
            entry = corpus.entry(number, corpus.families[number], "en")
            sections.append(f"## {entry.heading.capitalize()} {number}\n\n{entry.text}")
        (folder / f"guide-{first // A_FILE:05}.md").write_text("\n\n".join(sections) + "\n", encoding="utf-8")


def rows(portal: Portal, passages: int = PASSAGES) -> list[Row]:
    folder = portal.home.with_name("folder")
    write_folder(folder, passages)
    home = portal.copy("bulk")
    first = home.inside("ingest", str(folder))
    again = home.inside("ingest", str(folder))
    if again["unchanged"] != first["added"] or first["failed"]:
        raise SystemExit(f"The second ingest was no repetition: {again}")
    changed = home.inside("change", str(folder / "guide-00007.md"))
    rate, times = first["passages"] / first["processor"], first["processor"] / again["processor"]
    return [
        Row(
            f"ingest and publish {first['passages']:,} passages in {first['added']:,} files",
            f"{rate:,.0f} passages/s ({first['processor']:.1f} s; by the clock {first['seconds']:.1f} s)",
            f"≥ {LEAST}",
            rate >= LEAST,
        ),
        Row("… unchanged, again", f"{times:,.0f} times faster ({again['processor']:.2f} s)", "≥ 30 times", times >= 30),
        at_most(
            "… one changed paragraph, from saving to found by a search",
            changed["processor"],
            300,
            " ms",
            note=f" (by the clock {changed['clock']:.0f} ms)",
        ),
    ]
