"""ArgosEngine: Argos packages run on SentencePiece and CTranslate2 directly.

All texts of a call are split into sentences, pooled without repetition and translated in batches of like length, one
thread a batch: a small model is faster so than with all threads on one batch. A pair without a package goes through one
pivot. Models are loaded once per process, at their first use, and the least recently used goes when the ceiling of memory is
reached. Safe to use from many threads; a forked child loads its own.

Placeholders `⟦0⟧` are signs no model knows. They are carried as `[X0X]`, which models are used to leave alone; what loses
one is tried again in other spellings, all of the call together.
"""

import contextlib
import hashlib
import os
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import regex

from translation import batching, packages, segmentation
from translation.packages import Package
from translation.types import EngineUnavailable, LanguagePair, UnsupportedPair

GENERATION = 1
"""Raised when the same packages translate otherwise than before: what failed is then tried again."""

BEAM = 2
SPARE = 24
"""Tokens a translation may have beyond twice those of its source: what is longer repeats itself without end."""
_OUT_OF_SCRIPT = frozenset({"zh", "zt", "ja", "th"})
_TOKEN = regex.compile(r"⟦\s*(\d{1,6})\s*⟧")
_LETTER = regex.compile(r"\p{L}")
_CARRIERS = (
    ("[X{}X]", regex.compile(r"[\[［【(]\s*[XxХх]\s*(\p{Nd}{1,6})\s*[XxХх]\s*[\]］】)]")),
    ("{{{}}}", regex.compile(r"[{｛]\s*(\p{Nd}{1,6})\s*[}｝]")),
    ("X{}X", regex.compile(r"(?<!\p{L})[XxХх]\s?(\p{Nd}{1,6})\s?[XxХх](?!\p{L})")),
)


@dataclass(slots=True)
class _Model:
    """A loaded package. `users`: calls at work with it; it stays until they are done."""

    translator: Any
    tokenizer: Any
    bytes: int
    workers: int = 1
    used: float = 0.0
    users: int = 0


@dataclass(slots=True)
class _Listing:
    """What was installed when the folder had this time of change."""

    stamp: int = -1
    routes: dict[tuple[str, str], tuple[Package, ...]] = field(default_factory=dict)
    name: str = ""


class ArgosEngine:
    """`packages`: the folder they are installed in. `memory_mb`: ceiling for loaded models. `threads`: 0 for all cores, at
    most eight. `beam`: hypotheses kept while searching; more are slower and, for these models, hardly better.
    """

    def __init__(self, packages: Path, memory_mb: int = 2000, threads: int = 0, beam: int = BEAM) -> None:
        self._folder = Path(packages)
        self._ceiling = memory_mb * 1_000_000
        self._threads = threads or min(8, os.cpu_count() or 1)
        self._beam = beam
        self._lock = threading.RLock()
        self._models: dict[Path, _Model] = {}
        self._pid = os.getpid()
        self._listing = _Listing()

    @property
    def name(self) -> str:
        """Changes with the installed packages: what failed is worth another try then."""
        return self._listed().name

    def pairs(self) -> list[LanguagePair]:
        """All pairs with a package of their own or through one pivot."""
        return [LanguagePair(source, target) for source, target in sorted(self._listed().routes)]

    def supports(self, pair: LanguagePair) -> bool:
        try:
            return bool(self._route(pair))
        except UnsupportedPair:
            return False

    def translate(self, texts: Sequence[str], pair: LanguagePair) -> list[str]:
        """One output a text, in order. Raises UnsupportedPair, EngineUnavailable."""
        route = self._route(pair)
        split = [segmentation.split(text, pair.source) for text in texts]
        spoken = {s.text: s.text for segments in split for s in segments if _needs_words(s.text)}
        for package in route:
            made = self._hop(package, list(dict.fromkeys(spoken.values())))
            spoken = {sentence: made[current] for sentence, current in spoken.items()}
        return [
            segmentation.join(segments, [spoken.get(s.text, s.text) for s in segments], locale=pair.target)
            for segments in split
        ]

    def _route(self, pair: LanguagePair) -> tuple[Package, ...]:
        wanted = tuple(packages.tag(packages.argos_code(locale)) for locale in (pair.source, pair.target))
        route = self._listed().routes.get((wanted[0], wanted[1]))
        if route is None:
            raise UnsupportedPair(
                f"No installed package leads from {pair.source} into {pair.target}. "
                f"`manage.py install_languages {wanted[1]}` installs what it needs, if there is a package."
            )
        return route

    def _listed(self) -> _Listing:
        try:
            stamp = self._folder.stat().st_mtime_ns
        except OSError:
            stamp = 0
        with self._lock:
            if stamp != self._listing.stamp:
                self._listing = _list(packages.installed(self._folder), stamp)
            return self._listing

    def _hop(self, package: Package, sentences: Sequence[str]) -> dict[str, str]:
        """Each sentence in the package's target language; a placeholder that got lost is tried in other spellings."""
        made: dict[str, str] = {}
        waiting = list(sentences)
        with self._model(package) as model:
            for spelling, found in _CARRIERS:
                carried = [_TOKEN.sub(lambda match: spelling.format(match.group(1)), text) for text in waiting]  # noqa: B023
                outputs = _run(model, carried, package, self._beam)
                again = []
                for text, output in zip(waiting, outputs, strict=True):
                    back = found.sub(_token, output) if _TOKEN.search(text) else output
                    if _tokens(back) == _tokens(text):
                        made[text] = back
                    else:
                        made.setdefault(text, back)
                        again.append(text)
                waiting = again
                if not waiting:
                    break
        return made

    @contextlib.contextmanager
    def _model(self, package: Package) -> Iterator[_Model]:
        with self._lock:
            if self._pid != os.getpid():  # CTranslate2's threads did not come along
                self._models, self._pid = {}, os.getpid()
            model = self._models.get(package.path)
            if model is None:
                size = _size(package.path)
                self._make_room(size)
                model = self._models[package.path] = _load(package, size, self._threads)
            model.users += 1
            model.used = time.monotonic()
        try:
            yield model
        finally:
            with self._lock:
                model.users -= 1
                model.used = time.monotonic()

    def _make_room(self, size: int) -> None:
        """Unload the least recently used until the next fits; those at work stay, and one model is always allowed."""
        while self._models and sum(model.bytes for model in self._models.values()) + size > self._ceiling:
            idle = [path for path, model in self._models.items() if model.users == 0]
            if not idle:
                return
            oldest = min(idle, key=lambda path: self._models[path].used)
            self._models.pop(oldest).translator.unload_model()


def _list(found: Sequence[Package], stamp: int) -> _Listing:
    routes: dict[tuple[str, str], tuple[Package, ...]] = {(p.source, p.target): (p,) for p in found}
    for first in sorted(found, key=lambda p: p.target != "en"):  # most packages lead from or to English
        for second in found:
            if first.target == second.source and first.source != second.target:
                routes.setdefault((first.source, second.target), (first, second))
    digest = hashlib.sha256("\n".join(sorted(p.path.name for p in found)).encode()).hexdigest()[:8]
    return _Listing(stamp, routes, f"argos-{GENERATION}-{digest}")


def _size(path: Path) -> int:
    return sum(file.stat().st_size for file in (path / "model").rglob("*") if file.is_file())


def _load(package: Package, size: int, threads: int) -> _Model:
    import ctranslate2  # noqa: TID251 - this is its one place
    import sentencepiece

    try:
        tokenizer = sentencepiece.SentencePieceProcessor(model_file=str(package.path / "sentencepiece.model"))
        translator = ctranslate2.Translator(
            str(package.path / "model"), device="cpu", compute_type="int8", inter_threads=threads,
            intra_threads=1,
        )  # fmt: skip
    except (RuntimeError, ValueError, OSError) as error:
        raise EngineUnavailable(
            f"The package {package.path.name} cannot be loaded: {error}. "
            f"Install it again: manage.py install_languages {package.target}"
        ) from error
    return _Model(translator, tokenizer, size, threads)


def _run(model: _Model, sentences: Sequence[str], package: Package, beam: int = BEAM) -> list[str]:
    """The sentences' translations, in order."""
    parts: list[tuple[int, list[str]]] = []
    for number, tokens in enumerate(model.tokenizer.encode(list(sentences), out_type=str)):
        parts += [(number, part) for part in batching.cut(tokens)]
    outputs = _translated(model, [part for _, part in parts], package, beam)
    glue = "" if package.target_code in _OUT_OF_SCRIPT else " "
    joined: list[list[str]] = [[] for _ in sentences]
    for (number, _), output in zip(parts, _texts(model, outputs, package), strict=True):
        joined[number].append(output)
    return [glue.join(each) for each in joined]


def _translated(model: _Model, tokens: Sequence[list[str]], package: Package, beam: int) -> list[list[str]]:
    """The output's tokens for each. Every batch is handed over before the first is waited for: no worker stands idle."""
    outputs: list[list[str]] = [[] for _ in tokens]
    waiting: list[tuple[int, Any]] = []
    try:
        for batch in batching.batches([len(each) for each in tokens], model.workers):
            results = model.translator.translate_batch(
                [tokens[at] for at in batch], target_prefix=[[package.target_prefix]] * len(batch) if package.target_prefix
                else None, beam_size=beam, length_penalty=0.2, replace_unknowns=True, max_input_length=0,
                max_decoding_length=2 * len(tokens[batch[0]]) + SPARE, asynchronous=True,
            )  # fmt: skip
            waiting += zip(batch, results, strict=True)
        for at, result in waiting:
            outputs[at] = list(result.result().hypotheses[0])
    except RuntimeError as error:  # out of memory, a model that does not fit its vocabulary
        raise EngineUnavailable(f"The package {package.path.name} failed: {error}") from error
    return outputs


def _texts(model: _Model, outputs: Sequence[list[str]], package: Package) -> list[str]:
    texts = (str(text).replace("▁", " ") for text in model.tokenizer.decode(list(outputs)))
    return [text.removeprefix(package.target_prefix).strip() for text in texts]


def _needs_words(text: str) -> bool:
    return _LETTER.search(_TOKEN.sub(" ", text)) is not None


def _tokens(text: str) -> list[int]:
    return sorted(int(number) for number in _TOKEN.findall(text))


def _token(match: "regex.Match[str]") -> str:
    return f"⟦{int(match.group(1))}⟧"
