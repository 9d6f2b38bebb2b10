"""Do both backends give the same answers? `WEAVIATE_URL=… python -m benchmarks.parity [FOLDER] [--passages N] [--questions N]`

The same passages and questions in six languages go through the product's own retriever on the embedded index and on a
Weaviate server, and the first ten families of each question are compared: order, set, first place, evidence. FOLDER holds
passages.<locale>.jsonl and questions.<locale>.jsonl; the demonstration's sentences in nine languages and readers'
questions about it come from the repository; what is lacking is made up. Exits with 1 when more than a hundredth of the lists
differ.
"""

import argparse
import csv
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from uuid import uuid4
from xml.etree import ElementTree

import numpy as np

from benchmarks.corpus import Corpus
from benchmarks.rows import Row, table
from retrieval.backends.base import Backend
from retrieval.backends.embedded import EmbeddedBackend
from retrieval.backends.weaviate import WeaviateBackend
from retrieval.embedders.starter import StarterEmbedder
from retrieval.evaluation import read
from retrieval.lexicon import Lexicons
from retrieval.service import Retriever
from retrieval.types import EntryKind, Filters, Hit, IndexEntry, Query

ROOT = Path(__file__).resolve().parent.parent
ASKED = ROOT / "tests" / "data" / "asked" / "paraphrases.tsv"
MEMORY = ROOT / "demo" / "memory"
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
LOCALES = ("en", "de", "es", "tr", "ar", "zh-hans")
FIRST = 10
SAME = 0.99
"""The share of lists that must be the same, place by place."""
Question = tuple[str, str]
"""Text, locale."""


@dataclass(frozen=True, slots=True)
class Compared:
    question: Question
    embedded: tuple[Hit, ...]
    weaviate: tuple[Hit, ...]

    @property
    def same_order(self) -> bool:
        return [hit.family for hit in self.embedded] == [hit.family for hit in self.weaviate]

    @property
    def same_set(self) -> bool:
        return {hit.family for hit in self.embedded} == {hit.family for hit in self.weaviate}

    @property
    def same_first(self) -> bool:
        return [hit.family for hit in self.embedded[:1]] == [hit.family for hit in self.weaviate[:1]]

    @property
    def apart(self) -> float:
        """The largest difference of evidence among the families that both have."""
        other = {hit.family: hit.evidence for hit in self.weaviate}
        return max((abs(hit.evidence - other[hit.family]) for hit in self.embedded if hit.family in other), default=0.0)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.parity", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="labelled passages and questions")
    parser.add_argument("--passages", type=int, default=5000)
    parser.add_argument("--questions", type=int, default=300)
    options = parser.parse_args()
    entries = list(
        islice(chain(labelled(options.folder), demonstration(), made_up(options.passages)), options.passages)
    )
    questions = asked(options.folder, options.questions)
    found = compare(entries, questions)
    print(table(f"{len(entries):,} passages, {len(questions)} questions", rows(found)))
    for each in found:
        if not each.same_order:
            print(f"\n{each.question[1]}: {each.question[0]}", *differences(each), sep="\n  ")
    return 0 if sum(each.same_order for each in found) >= SAME * len(found) else 1


def compare(entries: Sequence[IndexEntry], questions: Sequence[Question]) -> list[Compared]:
    embedder, lexicons = StarterEmbedder(), Lexicons()
    with tempfile.TemporaryDirectory() as folder:
        backends: list[Backend] = [
            EmbeddedBackend(Path(folder) / "index.sqlite3"),
            WeaviateBackend(
                os.environ.get("WEAVIATE_URL", ""),
                os.environ.get("WEAVIATE_GRPC_URL", ""),
                os.environ.get("WEAVIATE_API_KEY", ""),
                prefix=f"Parity{uuid4().hex[:8]}",
                read_seconds=30.0,
                scratch=True,
            ),
        ]
        both = []
        for backend in backends:
            retriever = Retriever(backend, embedder, lexicons)
            retriever.rebuild(entries)
            both.append([retriever.search(Query(*question, Filters(), FIRST)).hits for question in questions])
    return [Compared(*row) for row in zip(questions, *both, strict=True)]


def rows(found: Sequence[Compared]) -> list[Row]:
    total = len(found)

    def count(what: str, number: int, must: bool = False) -> Row:
        return Row(what, f"{number} of {total}", f"≥ {SAME:.0%}" if must else "", not must or number >= SAME * total)

    evidence = np.array([each.apart for each in found])
    return [
        count("the same ten families in the same order", sum(each.same_order for each in found), must=True),
        count("the same ten families", sum(each.same_set for each in found)),
        count("the same first family", sum(each.same_first for each in found)),
        Row("evidence of a family apart, on average and at most", f"{evidence.mean():.5f}, {evidence.max():.3f}"),
    ]


def differences(each: Compared) -> Iterator[str]:
    """The first place where two lists part, and by which lanes."""
    for place, (ours, theirs) in enumerate(zip(each.embedded, each.weaviate, strict=False), start=1):
        if ours.family != theirs.family:
            for name, hit in (("embedded", ours), ("weaviate", theirs)):
                lanes = ", ".join(f"{lane} {rank}. {score:.4f}" for lane, (rank, score) in hit.lanes.items())
                yield f"{place}. {name}: {hit.family} {hit.score:.5f} ({lanes})"
            return


def labelled(folder: Path | None) -> Iterator[IndexEntry]:
    if folder is None:
        return
    for passages in read(folder, []).passages.values():
        for each in passages.values():
            yield _entry(f"x-{each.id}", each.locale, each.text, each.title)


def demonstration() -> Iterator[IndexEntry]:
    """Its sentences and their translations."""
    families: dict[str, str] = {}
    for file in sorted(MEMORY.glob("*.tmx")):
        for unit in ElementTree.parse(file).getroot().iter("tu"):
            english, other = ((each.get(LANGUAGE, "").lower(), each.findtext("seg", "")) for each in unit.iter("tuv"))
            if english[1] not in families:
                families[english[1]] = f"d-{len(families)}"
                yield _entry(families[english[1]], *english)
            yield _entry(families[english[1]], *other)


def made_up(size: int) -> Iterator[IndexEntry]:
    return Corpus(size).entries()


def asked(folder: Path | None, count: int) -> list[Question]:
    """Evenly from what there is, in LOCALES as far as there are questions in them."""
    with ASKED.open(encoding="utf-8") as file:
        known = [
            (row["text"], row["locale"]) for row in csv.DictReader(file, delimiter="\t") if row["locale"] in LOCALES
        ]
    if folder is not None:
        questions = read(folder, []).questions
        each = max(1, (count - len(known)) // len(questions))
        known += [
            (question.question, locale) for locale, rows in questions.items() for question in rows[:: len(rows) // each]
        ]
    known = known[:count]
    return known + [(text, locale) for text, locale, _ in Corpus(2000).questions(count - len(known))]


def _entry(family: str, locale: str, text: str, heading: str = "") -> IndexEntry:
    return IndexEntry(f"{family}:{locale}", family, EntryKind.PASSAGE, locale, text, heading)


if __name__ == "__main__":
    sys.exit(main())
