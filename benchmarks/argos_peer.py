"""argostranslate.translate on the same texts, run by an interpreter that has it: `PYTHON argos_peer.py`.

Needs nothing of Polyfaq. Reads JSON lines on standard input and answers each with one on standard output. The first names the
pair (`source`, `target`) and may give `sentences`: a text's sentences as they were cut on the other side. `sentence models`
are downloaded by the program itself at its first use; where they cannot be had, these stand in, at no cost to it. Every
other line holds `texts`; the answer has `texts`, `seconds` by the clock and `processor` seconds. Folder of packages, beam,
and threads come from the program's own environment variables (ARGOS_PACKAGES_DIR, ARGOS_BEAM_SIZE, ARGOS_INTRA_THREADS).

It imports stanza, and so PyTorch, for packages that bring a stanza model. Where stanza is not installed an empty module
stands in its place: a package without such a model never asks for it.
"""

import importlib.metadata
import importlib.util
import json
import sys
import time
import types
from typing import Any


class Cut:
    """A sentence splitter that looks the sentences up."""

    def __init__(self, sentences: dict[str, list[str]]) -> None:
        self._sentences = sentences

    def split_sentences(self, text: str) -> list[str]:
        return self._sentences.get(text, [text])


def main() -> None:
    if importlib.util.find_spec("stanza") is None:
        sys.modules["stanza"] = types.ModuleType("stanza")
    from argostranslate import settings, translate  # noqa: TID251 - the peer, in an interpreter of its own

    told = json.loads(sys.stdin.readline())
    source, target = told["source"], told["target"]
    translation: Any = translate.get_translation_from_codes(source, target)
    package = getattr(translation, "underlying", translation)
    if told.get("sentences") is not None:
        package.sentencizer = Cut(told["sentences"])
    translate.translate("Hello.", source, target)  # loads the model
    version = importlib.metadata.version("argostranslate")
    _say({
        "version": version, "beam": settings.beam_size, "threads": settings.intra_threads,
        "sentences": type(package.sentencizer).__name__,
    })  # fmt: skip
    for line in sys.stdin:
        texts = json.loads(line)["texts"]
        clock, worked = time.perf_counter(), time.process_time()
        made = [translate.translate(text, source, target) for text in texts]
        _say({"texts": made, "seconds": time.perf_counter() - clock, "processor": time.process_time() - worked})


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
