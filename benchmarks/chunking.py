"""How large should a passage be? Recall of the answer's passage under plain BM25, for several sizes.

    python benchmarks/chunking.py [--data ../shared/data] [--locales en de]

Three collections: XQuAD's paragraphs joined to articles (one Document an article), the questions of its readers; the Let's
Encrypt pages with the questions of their own FAQ page (whose headings are hidden from the index); the demonstration with
its questions. `@1`, `@5`: the answer lies in the first, the first five passages. `@300`: in the first 300 tokens of the
ranking, which is fair between sizes, since large passages hold more per rank. What it found is in
docs/adr/0003-passage-size.md.
"""

import argparse
import json
import math
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import yaml  # noqa: E402

from retrieval.chunking import Sizes, chunk, tokens  # noqa: E402
from retrieval.ingest.builder import DocumentBuilder  # noqa: E402
from retrieval.ingest.extract import extract  # noqa: E402
from retrieval.text import analyse, query_tokens  # noqa: E402
from retrieval.types import BlockKind, Chunk, Document, InvalidInput  # noqa: E402

SIZES = [
    (40, 80),
    (80, 160),
    (100, 200),
    (120, 240),
    (200, 400),
    (300, 600),
    (40, 240),
    (60, 200),
    (60, 240),
    (80, 240),
    (100, 320),
]


@dataclass(frozen=True)
class Asked:
    """A question and where its answer stands: any of these spans."""

    text: str
    spans: tuple[tuple[int, int, int], ...]  # document, start, end


@dataclass(frozen=True)
class Collection:
    name: str
    locale: str
    documents: list[Document]
    asked: list[Asked]
    hide_own_heading: bool = False


class Bm25:
    def __init__(self, texts: Sequence[Sequence[str]]) -> None:
        self.lengths = [len(text) for text in texts]
        self.mean = sum(self.lengths) / max(len(texts), 1)
        self.postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for number, text in enumerate(texts):
            for word, count in Counter(text).items():
                self.postings[word].append((number, count))

    def ranked(self, words: Sequence[str]) -> list[int]:
        scores: Counter[int] = Counter()
        for word in words:
            found = self.postings.get(word, [])
            weight = math.log(1 + (len(self.lengths) - len(found) + 0.5) / (len(found) + 0.5))
            for number, count in found:
                scores[number] += (
                    weight * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * self.lengths[number] / self.mean))
                )
        return [number for number, _ in scores.most_common(50)]


def xquad(folder: Path, locale: str) -> Collection:
    articles: dict[str, list[dict[str, str]]] = defaultdict(list)
    for passage in lines(folder / f"passages.{locale}.jsonl"):
        articles[passage["title"]].append(passage)
    documents, places = [], {}
    for title, passages in articles.items():
        builder = DocumentBuilder(title, 10**9)
        builder.heading(title, 1)
        for passage in passages:
            builder.add(BlockKind.PARAGRAPH, passage["text"])
        document = builder.build(title=title, media_type="text/plain")
        for passage, block in zip(passages, document.blocks[1:], strict=True):
            places[passage["id"]] = (len(documents), block)
        documents.append(document)
    asked = []
    for question in lines(folder / f"questions.{locale}.jsonl"):
        number, block = places[question["passage"]]
        text = documents[number].text
        at = text.find(question["answers"][0], block.start, block.end)
        if at >= 0:
            asked.append(Asked(question["question"], ((number, at, at + len(question["answers"][0])),)))
    return Collection(f"xquad {locale}", locale, documents, asked)


def letsencrypt(folder: Path) -> Collection:
    documents, asked = [], []
    for path in sorted(folder.glob("*.md")):
        try:
            document = extract(path.read_bytes(), filename=path.name, locale="en")
        except InvalidInput:
            continue
        if path.name == "faq.md":
            for heading, body in zip(document.blocks, document.blocks[1:], strict=False):
                question = document.text[heading.start : heading.end]
                if heading.kind is BlockKind.HEADING and question.endswith("?"):
                    asked.append(Asked(question, ((len(documents), body.start, body.end),)))
        documents.append(document)
    return Collection("letsencrypt", "en", documents, asked, hide_own_heading=True)


def demonstration(folder: Path) -> Collection:
    knowledge = yaml.safe_load((folder / "knowledge.yaml").read_text(encoding="utf-8"))
    documents, numbers, asked = [], {}, []
    for source in knowledge["sources"]:
        data = (folder / source["file"]).read_bytes()
        numbers[source["file"]] = len(documents)
        documents.append(extract(data, filename=source["file"], locale="en"))
    for question in knowledge["questions"]:
        spans = []
        for citation in question.get("answer", {}).get("citations", []):
            number = numbers[citation["source"]]
            first = citation["quote"].split(". ")[0]
            at = documents[number].text.find(first)
            if at >= 0:
                spans.append((number, at, at + len(first)))
        if spans:
            wordings = [question["canonical"], *question.get("phrasings", [])]
            asked.extend(Asked(wording, tuple(spans)) for wording in wordings)
    return Collection("demonstration", "en", documents, asked)


def lines(path: Path) -> Iterator[dict]:
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def merged(chunks: list[Chunk], document: Document, tiny: float) -> list[Chunk]:
    """Neighbouring passages of small sections under one parent as one: the rule that was tried and left out."""
    found: list[Chunk] = []
    for one in chunks:
        last = found[-1] if found else None
        if (
            last is not None
            and last.path[:-1] == one.path[:-1]
            and last.path != one.path
            and tokens(last.text) + tokens(one.text) <= tiny
        ):
            found[-1] = Chunk(last.ordinal, last.start, one.end, document.text[last.start : one.end], last.path)
        else:
            found.append(one)
    return found


def measure(collection: Collection, sizes: Sizes, tiny: float = 0) -> dict[str, float]:
    passages: list[tuple[int, Chunk]] = []
    for number, document in enumerate(collection.documents):
        chunks = chunk(document, collection.locale, sizes)
        passages.extend((number, one) for one in (merged(chunks, document, tiny) if tiny else chunks))
    texts = []
    for number, one in passages:
        path = (
            one.path[:-1] if collection.hide_own_heading and one.path[-1:] and one.path[-1].endswith("?") else one.path
        )
        heading = " ".join(dict.fromkeys((collection.documents[number].title, *path)))
        texts.append(analyse(f"{heading} {one.text}", collection.locale))
    index, result = Bm25(texts), Counter[str]()
    for asked in collection.asked:
        spent = 0.0
        for rank, number in enumerate(index.ranked(query_tokens(asked.text, collection.locale))):
            of, one = passages[number]
            if any(of == wanted and one.start <= start < one.end for wanted, start, _ in asked.spans):
                result["@1"] += rank == 0
                result["@5"] += rank < 5
                result["@300"] += rank == 0 or spent + tokens(one.text) <= 300
                break
            spent += tokens(one.text)
    scores = {name: result[name] / len(collection.asked) for name in ("@1", "@5", "@300")}
    mean = sum(tokens(one.text) for _, one in passages) / len(passages)
    return {"passages": len(passages), "mean": mean, **scores}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, default=HERE.parent.parent / "shared" / "data")
    arguments.add_argument("--locales", nargs="*", default=["en", "de", "ar", "zh"])
    given = arguments.parse_args()
    collections = [demonstration(HERE.parent / "demo")]
    if given.data.is_dir():
        collections.append(letsencrypt(given.data / "letsencrypt"))
        collections.extend(xquad(given.data / "xquad", locale) for locale in given.locales)
    else:
        print(f"{given.data} is missing: only the demonstration is measured", file=sys.stderr)
    print("| collection | target/most | merged below | passages | mean tokens | @1 | @5 | @300 |")
    print("|---|---|---|---|---|---|---|---|")
    for collection in collections:
        for target, most in SIZES:
            for tiny in (0, 80) if (target, most) == (120, 240) and "xquad" not in collection.name else (0,):
                row = measure(collection, Sizes(target, most), tiny)
                print(
                    f"| {collection.name} ({len(collection.asked)}) | {target}/{most} | {tiny or '–'} | {row['passages']} | "
                    f"{row['mean']:.0f} | {row['@1']:.3f} | {row['@5']:.3f} | {row['@300']:.3f} |"
                )


if __name__ == "__main__":
    main()
