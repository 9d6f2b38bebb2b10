"""How fast are texts translated: the product, the bare engine, and argostranslate beside them, on one text in one run?

    python benchmarks/translation.py [--peer PYTHON] [--xquad FOLDER] [--texts N] [--threads N] [--beam N] [--rounds N]

Without `--packages` it installs the small package of the tests in a temporary folder: 5.5 million weights, a tenth of a
published package. Texts are XQuAD's English passages where `--xquad` names its folder (passages.en.jsonl, passages.de.jsonl),
else the demonstration's segments with their human translations. `--peer` names an interpreter that has argostranslate
(docs/reference/performance.md says how to make one). All run in turns, with the same package, sentences, beam and number of
threads; the quietest round of each counts. Exits with 1 when ours is less than six times as fast or its chrF lower by half a
point.
"""

import argparse
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import chrf  # noqa: E402
from benchmarks.rows import Row, table  # noqa: E402
from translation import batching, packages, segmentation, tmx  # noqa: E402
from translation.argos import BEAM, SPARE, ArgosEngine  # noqa: E402
from translation.pipeline import translate  # noqa: E402
from translation.types import LanguagePair  # noqa: E402

SMALL = ROOT / "tests" / "data" / "argos" / "translate-en_de-0_1.argosmodel"
PEER = Path(__file__).with_name("argos_peer.py")
GOAL = 6.0
EQUAL = 0.5
"""Points of chrF. Where the small package says a phrase without end, the two stop it at different lengths."""


@dataclass(frozen=True, slots=True)
class Text:
    """Texts with a person's translation of each, and their sentences."""

    name: str
    sources: list[str]
    references: list[str]
    sentences: dict[str, list[str]]

    def count(self) -> int:
        return sum(map(len, self.sentences.values()))


@dataclass(slots=True)
class Times:
    """Seconds of each round, and what came out of the last."""

    clock: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def add(self, work: Callable[[], Sequence[str]]) -> None:
        gc.collect()
        clock, worked = time.perf_counter(), time.process_time()
        self.texts = list(work())
        self.clock.append(time.perf_counter() - clock)
        self.processor.append(time.process_time() - worked)

    def told(self, sentences: int) -> str:
        return f"{sentences / min(self.clock):,.0f} sentences/s ({sentences / min(self.processor):,.0f} a processor second)"


class Peer:
    """argostranslate in a process of its own; nothing of it is imported here."""

    def __init__(
        self, interpreter: Path, folder: Path, pair: LanguagePair, text: Text, threads: int, beam: int
    ) -> None:
        self._home = tempfile.TemporaryDirectory()
        settings = {
            "ARGOS_PACKAGES_DIR": str(folder), "ARGOS_BEAM_SIZE": str(beam), "ARGOS_INTRA_THREADS": str(threads),
            "ARGOS_INTER_THREADS": "1", "HOME": self._home.name, "XDG_DATA_HOME": self._home.name,
        }  # fmt: skip
        self._process = subprocess.Popen(
            [interpreter, PEER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | settings
        )
        self.about = self._ask({"source": pair.source, "target": pair.target, "sentences": text.sentences})

    def _ask(self, line: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(line) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit("The peer failed; what it said is above.")
        told: dict[str, Any] = json.loads(answer)
        return told

    def add(self, times: Times, texts: list[str]) -> None:
        told = self._ask({"texts": texts})
        times.texts = told["texts"]
        times.clock.append(told["seconds"])
        times.processor.append(told["processor"])

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._home.cleanup()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", type=Path, help="folder of installed packages")
    parser.add_argument("--peer", type=Path, help="an interpreter that has argostranslate")
    parser.add_argument("--xquad", type=Path, help="folder with passages.en.jsonl and passages.de.jsonl")
    parser.add_argument("--texts", type=int, default=200, help="how many texts, spread over all there are")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--beam", type=int, default=BEAM)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    text = read_text(options.xquad, options.texts)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.packages or Path(temporary)
        if options.packages is None:
            packages.install_file(SMALL, folder)
        rows = measure(folder, text, options)
    title = f"{len(text.sources)} texts of {text.name}, {text.count()} sentences, beam {options.beam}, {options.threads} threads"
    print(table(title, rows))
    return 0 if all(row.holds for row in rows) else 1


def read_text(xquad: Path | None, limit: int) -> Text:
    """At most so many texts, taken evenly from all."""
    if xquad is not None:
        sources, references = (
            [json.loads(line)["text"] for line in (xquad / f"passages.{tag}.jsonl").open(encoding="utf-8")]
            for tag in ("en", "de")
        )
    else:
        pairs = [(row[2], row[3]) for row in tmx.read_tmx(ROOT / "demo" / "memory" / "de.tmx")]
        sources, references = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    step = max(1, -(-len(sources) // limit))
    sources, references = sources[::step], references[::step]
    cut = {text: [s.text for s in segmentation.split(text, "en") if s.text] for text in sources}
    return Text("XQuAD" if xquad else "the demonstration", sources, references, cut)


def measure(folder: Path, text: Text, options: argparse.Namespace) -> list[Row]:
    """Ours, the bare engine and the peer in turns."""
    pair = LanguagePair("en", "de")
    engine = ArgosEngine(folder, threads=options.threads, beam=options.beam)
    bare = bare_engine(folder, text, options.threads, options.beam)
    begin = time.perf_counter()
    engine.translate(["Hello."], pair)
    loading = time.perf_counter() - begin
    ours, whole, floor, theirs = Times(), Times(), Times(), Times()
    sentences = list(dict.fromkeys(s for each in text.sentences.values() for s in each))
    peer = Peer(options.peer, folder, pair, text, options.threads, options.beam) if options.peer else None
    for _ in range(options.rounds):
        ours.add(lambda: engine.translate(text.sources, pair))
        if peer:
            peer.add(theirs, text.sources)
        floor.add(bare)
        whole.add(lambda: [r.text for r in translate(sentences, pair=pair, engine=engine, lookup=lambda asked: {})])
    count = text.count()
    rows = [
        Row("ArgosEngine.translate", ours.told(count)),
        Row("… with masks, verdicts and glossary (pipeline.translate)", whole.told(count)),
        Row("floor: CTranslate2 alone, given the same batches of tokens", floor.told(count)),
        Row("load the model and translate one word", f"{loading * 1000:,.0f} ms"),
    ]
    if peer:
        peer.close()
        rows += compared(ours, theirs, text, peer.about)
    return rows


def compared(ours: Times, theirs: Times, text: Text, about: dict[str, Any]) -> list[Row]:
    """Rows of the two beside each other."""
    ratio = min(theirs.clock) / min(ours.clock)
    by_processor = min(theirs.processor) / min(ours.processor)
    low, high = chrf.difference(ours.texts, theirs.texts, text.references)
    same = sum(a.split() == b.split() for a, b in zip(ours.texts, theirs.texts, strict=True))
    return [
        Row(f"argostranslate {about['version']}, translate() of each text", theirs.told(text.count())),
        Row("ours to argostranslate", f"{ratio:.1f} times (processor: {by_processor:.1f})", f"≥ {GOAL:g}", ratio >= GOAL),
        Row("chrF of argostranslate", f"{chrf.corpus(theirs.texts, text.references):.2f}"),
        Row(
            "chrF of ours",
            f"{chrf.corpus(ours.texts, text.references):.2f} (difference, 95 %: {low:+.2f} to {high:+.2f})",
            f"≥ {-EQUAL:g}", high >= -EQUAL,
        ),
        Row("equal translations", f"{same} of {len(text.sources)}"),
    ]  # fmt: skip


def bare_engine(folder: Path, text: Text, threads: int, beam: int) -> Callable[[], list[str]]:
    """Nothing but CTranslate2: tokens are made before, output stays tokens."""
    import ctranslate2  # noqa: TID251 - the floor to compare with
    import sentencepiece

    package = packages.installed(folder)[0]
    tokenizer = sentencepiece.SentencePieceProcessor(model_file=str(package.path / "sentencepiece.model"))
    sentences = list(dict.fromkeys(s for each in text.sentences.values() for s in each))
    tokens = [part for each in tokenizer.encode(sentences, out_type=str) for part in batching.cut(each)]
    batches = [[tokens[at] for at in batch] for batch in batching.batches([len(each) for each in tokens], threads)]
    translator = ctranslate2.Translator(
        str(package.path / "model"), compute_type="int8", inter_threads=threads, intra_threads=1
    )

    def run() -> list[str]:
        waiting = [
            translator.translate_batch(
                batch, beam_size=beam, length_penalty=0.2, replace_unknowns=True, max_input_length=0,
                max_decoding_length=2 * len(batch[0]) + SPARE, asynchronous=True,
            )
            for batch in batches
        ]  # fmt: skip
        return [" ".join(result.result().hypotheses[0]) for batch in waiting for result in batch]

    return run


if __name__ == "__main__":
    sys.exit(main())
