"""Retriever: the library's whole verb set. Entries in, ranked evidence out; backend, embedder and lexicons given.

Invariants: an entry whose fingerprint stands is neither analysed nor embedded again; vectors of two recipes never meet
(an index of another recipe is searched without its vectors, and refuses writes until it is rebuilt); a rebuild is seen
whole or not at all; no question, however odd, raises anything but what a RetrievalError says.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np

from retrieval import text
from retrieval.backends.base import Backend, Generation
from retrieval.calibration import calibration_of, floor
from retrieval.embedders.base import Embedder
from retrieval.embedders.starter import StarterEmbedder
from retrieval.fingerprint import recipe_fingerprint
from retrieval.identification import identify
from retrieval.lexicon import Lexicons
from retrieval.preparing import analysis_generation, stored_entries
from retrieval.rebuilding import BATCH, Builder, Expected, Progress, active_of, by_key, is_building, state_of
from retrieval.searching import Search, Vocabulary
from retrieval.spelling import Speller, WordStore, words_of
from retrieval.sync import IndexReport, IndexState, SyncReport, entry_fingerprint, plan_sync, same_content
from retrieval.types import (
    Correction,
    IndexEntry,
    Lane,
    NotConfigured,
    Query,
    Results,
    StoredEntry,
    Unavailable,
)
from retrieval.wording import Likeness, Wording, Wordings

MAX_TOLD = 200_000
"""Words a locale of which a process remembers that the vocabulary has them."""
WARMING = "warm"
"""A word to look up before anybody asks."""


class Retriever:
    """One per process; safe between threads if embedder and backend are."""

    def __init__(
        self, backend: Backend, embedder: Embedder, lexicons: Lexicons, words: WordStore | None = None
    ) -> None:
        """`words`: where the vocabulary for typing errors is kept; without one nothing is corrected."""
        self._backend = backend
        self._embedder = embedder
        self._lexicons = lexicons
        self._vocabulary = Vocabulary(backend)
        self._wordings = Wordings(embedder if isinstance(embedder, StarterEmbedder) else StarterEmbedder(), lexicons)
        self._words = words
        self._speller = Speller(words, lexicons, self._count) if words is not None else None
        self._told: dict[str, set[str]] = {}
        self._recipe = ""
        self._warm = False

    @property
    def recipe(self) -> str:
        """The fingerprint of all that decides what is stored for an entry and how it is judged: model, analysis, data."""
        if not self._recipe:
            made = self._embedder.recipe
            self._recipe = recipe_fingerprint(made, analysis_generation(self._lexicons), calibration_of(made.provider))
        return self._recipe

    # searching -------------------------------------------------------------------------------------------------------

    def search(self, query: Query) -> Results:
        """Ranked families for a question in any locale. Raises Unavailable when no lane could be asked."""
        active = self._active()
        try:
            vectors = active is not None and active.recipe == self.recipe
        except (Unavailable, NotConfigured):  # a remote embedder that cannot even say what it is
            vectors = False
        search = Search(self._backend, self._embedder, self._lexicons, self._vocabulary)
        return search.run(query, active, vectors=vectors)

    def retyped(self, asked: str, locale: str) -> Correction | None:
        """A question typed with another keyboard layout on as it was meant, for Query.correction; None for any other."""
        return self._speller.retyped(asked, locale) if self._speller is not None else None

    def respelt(self, asked: str, locale: str) -> Correction | None:
        """A question without its typing errors, for Query.correction; None where nothing needs correcting."""
        return self._speller.respelt(asked, locale) if self._speller is not None else None

    def holds(self, asked: str, locale: str) -> bool:
        """Whether every word of a question stands in an entry of the locale; True where nothing is corrected."""
        return self._speller is None or self._speller.holds(asked, locale)

    def gloss(self, sentence: str, locale: str) -> dict[str, float]:
        """English stems of a text with weights, names of the index recognised across scripts."""
        return self._lexicons.gloss(sentence, locale, self._vocabulary.names(self._active()))

    def analyse(self, sentence: str, locale: str) -> list[str]:
        return text.analyse(sentence, locale)

    def similarity(self, texts: Sequence[str], locale: str, others: Sequence[str], other_locale: str) -> list[float]:
        """Cosines, pairwise; a single text on either side is compared with each of the other side."""
        if not texts or not others:
            return []
        if len(texts) != len(others) and 1 not in (len(texts), len(others)):
            raise ValueError("similarity() compares pairs, or one with many")
        left = self._embedder.embed_queries(texts, [locale] * len(texts))
        right = self._embedder.embed_queries(others, [other_locale] * len(others))
        return [float(value) for value in np.sum(left * right, axis=1)]

    def likeness(self, asked: str, locale: str, wordings: Sequence[Wording]) -> Likeness:
        """What the wordings of one entry have in common with a question."""
        return self._wordings.likeness(asked, locale, wordings)

    def compare(self, asked: str, locale: str, entries: Sequence[Sequence[Wording]]) -> list[Likeness]:
        """The same for several entries at once, each also by what only it says; in their order."""
        return self._wordings.compare(asked, locale, entries)

    def language_of(self, asked: str, expected: str, among: Sequence[str]) -> str:
        """The locale in whose language a question is; the expected one unless another clearly is it."""
        return identify(asked, expected, among, self._lexicons)

    def describe(self) -> dict[str, Any]:
        """What is there, for people and health checks."""
        generations = self._backend.generations()
        active = active_of(generations)
        return {
            "recipe": self.recipe,
            "generation": active.name if active else None,
            "entries": active.entries if active else 0,
            "recipe_matches": active is not None and active.recipe == self.recipe,
            "floor": floor(active.calibration) if active else None,
            "unfinished": self._cut_off(generations),
            "backend": type(self._backend).__name__,
            "embedder": self._embedder.recipe.model,
            "dimensions": self._embedder.recipe.dimensions,
        }

    def state(self) -> IndexState:
        """Whether the index is of this program's recipe. Raises Unavailable."""
        return state_of(self._backend, self.recipe)

    def warm(self, locale: str) -> None:
        """Read what the first question in a locale would wait for: its lexicon, and what all locales share."""
        self._lexicons.warm(locale)
        if self._speller is not None:
            self._speller.warm(locale)
        self.gloss(WARMING, locale)
        if not self._warm:
            self.search(Query(WARMING, locale, limit=1))
            self._warm = True

    # storing ---------------------------------------------------------------------------------------------------------

    def upsert(self, entries: Iterable[IndexEntry], generation: str | None = None) -> int:
        """Analyse, embed and store in batches; returns how many."""
        if generation is None:
            self._writable()
        source, stored = iter(entries), 0
        while batch := list(islice(source, BATCH)):
            stored += self._backend.upsert(
                stored_entries(batch, self._embedder, self._lexicons, self.recipe), generation
            )
            self._learn(batch)
        return stored

    def remove(self, keys: Iterable[str]) -> int:
        """Returns how many existed."""
        return self._backend.remove(list(keys)) if self._active() else 0

    def sync(self, expected: Iterable[IndexEntry], families: Sequence[str] | None = None) -> SyncReport:
        """Make the index hold exactly `expected`; with `families`, within those families only. Twice is as once."""
        entries = by_key(expected)
        if families is not None and not families and not entries:
            return SyncReport(0, 0, 0, 0)
        active = self._active()
        if active is not None and active.recipe != self.recipe and families is None:
            self.rebuild(entries.values())
            return SyncReport(added=0, changed=len(entries), removed=0, unchanged=0, embedded=len(entries))
        self._writable()
        stored = dict(self._backend.fingerprints(families=tuple(families or ())))
        plan = plan_sync({key: self._fingerprint(entry) for key, entry in entries.items()}, stored)
        moved = [key for key in plan.change if same_content(self._fingerprint(entries[key]), stored[key])]
        missed = self._move([entries[key] for key in moved])
        again = {*plan.add, *plan.change}.difference(moved).union(missed)
        embedded = self.upsert(entries[key] for key in (*plan.add, *plan.change) if key in again)
        if plan.remove:
            self._backend.remove(plan.remove)
        return SyncReport(len(plan.add), len(plan.change), len(plan.remove), len(plan.keep), embedded)

    def check(self, expected: Iterable[IndexEntry]) -> IndexReport:
        """Compare the active generation with what should be there; changes nothing."""
        generations = self._backend.generations()
        active = active_of(generations)
        plan = plan_sync(
            {key: self._fingerprint(entry) for key, entry in by_key(expected).items()},
            dict(self._backend.fingerprints()) if active else {},
        )
        return IndexReport(
            missing=plan.add,
            orphaned=plan.remove,
            differing=plan.change,
            unfinished=tuple(self._cut_off(generations)),
            recipe_differs=active is not None and active.recipe != self.recipe,
        )

    def rebuild(self, expected: Expected, progress: Progress | None = None) -> str:
        """A new generation from nothing, switched to when it is whole; the one before it is kept, older ones go.

        Given a callable, `expected` is asked again around the switch, and what was published meanwhile is caught up.
        Builds that were cut off, and data that cannot be read, are cleared away first. A second rebuild waits for the
        first, and then does only what is left to do.
        """
        return self._builder().rebuild(expected, progress)

    def _learn(self, entries: Sequence[IndexEntry]) -> None:
        """Give the vocabulary the words of entries that this process has not given it before."""
        if self._words is None:
            return
        texts: dict[str, list[str]] = {}
        for entry in entries:
            texts.setdefault(entry.locale, []).extend((entry.heading, entry.text))
        new: dict[str, set[str]] = {}
        for locale, each in texts.items():
            told = self._told.setdefault(locale, set())
            if found := words_of(each, locale) - told:
                new[locale] = found
                told.clear() if len(told) > MAX_TOLD else told.update(found)
        if new:
            self._words.add(new)

    def _count(self, tokens: Sequence[str], locale: str) -> Mapping[str, int]:
        return self._backend.frequencies(Lane.LEXICAL.value, tokens, (locale,))[1]

    def _builder(self) -> Builder:
        recipe = self._embedder.recipe
        return Builder(
            backend=self._backend,
            recipe=self.recipe,
            dimensions=recipe.dimensions,
            calibration=calibration_of(recipe.provider),
            upsert=self.upsert,
            fingerprint=self._fingerprint,
        )

    def _active(self) -> Generation | None:
        return active_of(self._backend.generations())

    def _cut_off(self, generations: Iterable[Generation]) -> list[str]:
        """Builds that nobody goes on with."""
        unfinished = [generation.name for generation in generations if not generation.complete]
        return [] if unfinished and is_building(self._backend) else unfinished

    def _writable(self) -> None:
        """There is an active generation of our recipe; the very first one is made here."""
        if self._active() is None:
            self._builder().begin()
        active = self._active()
        if active is None or active.recipe != self.recipe:
            raise NotConfigured(
                "The index was made with another embedder, model or analysis than the settings name now. "
                "Run `manage.py index --rebuild`."
            )

    def _move(self, entries: Sequence[IndexEntry]) -> set[str]:
        """Store new places (topic, source, ...) beside the tokens and vectors that stand; returns keys not found."""
        if not entries:
            return set()
        by_key = {entry.key: entry for entry in entries}
        found = self._backend.fetch(list(by_key))
        self._backend.upsert(
            StoredEntry(
                key=old.key,
                family=by_key[old.key].family,
                kind=str(by_key[old.key].kind),
                locale=old.locale,
                topic=by_key[old.key].topic,
                source=by_key[old.key].source,
                fingerprint=self._fingerprint(by_key[old.key]),
                lexical=old.lexical,
                gloss=old.gloss,
                vector=old.vector,
            )
            for old in found
        )
        return set(by_key).difference(old.key for old in found)

    def _fingerprint(self, entry: IndexEntry) -> str:
        return entry_fingerprint(entry, self.recipe)
