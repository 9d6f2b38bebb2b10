"""The generations on a Weaviate server: a collection each, one object each in a registry, an alias before the active one.

The alias is the one truth about which generation is active, so switching is a single step for every process. A record's
`marker` changes after every write to its generation: what a process remembers of a generation holds for a marker.
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from retrieval.backends.embedded_postings import K1, B
from retrieval.backends.weaviate_census import Measures
from retrieval.backends.weaviate_client import WORK_SECONDS, Missing, classes
from retrieval.backends.weaviate_fields import FIELDS, property_name
from retrieval.backends.weaviate_naming import Names
from retrieval.backends.weaviate_options import Options
from retrieval.backends.weaviate_wire import Reader, Row
from retrieval.backends.weaviate_writing import Stored, Writer
from retrieval.types import IndexCorrupt, InvalidInput, Unavailable

MAX_CONNECTIONS = 32
EF_CONSTRUCTION = 256
EF = 256
"""HNSW's breadth, above the server's defaults, with which it misses too many of the nearest (docs/adr/0006-weaviate.md)."""
GONE_SECONDS = 0.5
GONE_ATTEMPTS = 10
RESCORED = 64
"""Of so many found their whole vectors are compared: all that a lane asks for, so that rounded ones decide no place."""
FULL_SCAN = 40_000
"""Filters that let fewer entries through are searched exactly."""


@dataclass(frozen=True, slots=True)
class Record:
    """What the registry says of a generation."""

    name: str
    recipe: str
    dimensions: int
    complete: bool
    calibration: Mapping[str, float] = field(default_factory=dict)
    measures: Measures = field(default_factory=Measures)
    marker: str = ""
    created: int = 0


class Generations:
    def __init__(self, names: Names, options: Options, reader: Reader, writer: Writer) -> None:
        self._names = names
        self._options = options
        self._reader = reader
        self._writer = writer
        self._ready = False
        self._made: dict[tuple[str, int], set[str]] = {}

    def prepare(self) -> None:
        """Make the collections that hold no entries, once a process."""
        if self._ready:
            return
        self._writer.create_collection(
            self._names.registry,
            [
                *(
                    _plain(name, classes.config.DataType.TEXT)
                    for name in ("name", "recipe", "calibration", "measures", "marker")
                ),
                _filtered("kind"),
                *(_plain(name, classes.config.DataType.INT) for name in ("dimensions", "created")),
                _plain("complete", classes.config.DataType.BOOL),
                _plain("renewed", classes.config.DataType.NUMBER),
            ],
            **_without_vectors(),
        )
        self._writer.create_collection(
            self._names.words,
            [
                *(_filtered(name) for name in ("generation", "field")),
                *(_plain(name, classes.config.DataType.TEXT) for name in ("locale", "edition", "tokens", "counts")),
            ],
            **_without_vectors(),
        )
        self._ready = True

    def records(self, seconds: float) -> list[Record]:
        """Oldest first; none on a server that holds nothing of ours."""
        return _ordered(self._listed(seconds))

    def current(self, seconds: float) -> tuple[list[Record], str | None]:
        """records() and active(), asked at the same time: every search begins with them."""
        waiting = self._listed(seconds)
        active = self.active(seconds)
        return _ordered(waiting), active

    def _listed(self, seconds: float) -> Callable[[], list[Row]]:
        return self._reader.begun(self._names.registry, _FIELDS, seconds, {"kind": ("generation",)}, quorum=True)

    def active(self, seconds: float) -> str | None:
        """The name of the active generation."""
        target = self._reader.alias_target(self._names.active, seconds)
        return self._names.generation(target) if target else None

    def record(self, name: str | None, seconds: float) -> Record:
        """Of a generation, of the active one without a name. InvalidInput when there is none."""
        wanted = self.active(seconds) if name is None else name
        if wanted is None:
            raise InvalidInput("The index has no active generation yet. Run `manage.py index --rebuild`.")
        found = next((each for each in self.records(seconds) if each.name == wanted), None)
        if found is not None:
            return found
        if name is None:
            raise IndexCorrupt(
                f"The index's active generation {wanted} is not registered. Run `manage.py index --rebuild`."
            )
        raise InvalidInput(f"The index has no generation {name}.")

    def create(self, name: str, recipe: str, dimensions: int) -> None:
        self.prepare()
        properties = {
            "kind": "generation", "name": name, "recipe": recipe, "dimensions": dimensions, "complete": False,
            "calibration": "{}", "measures": "{}", "marker": "", "created": time.time_ns(),
        }  # fmt: skip
        # The record first: a collection without one would be found by nobody, and never dropped.
        self._writer.store(self._names.registry, [Stored(self._names.record_id(name), properties)])
        self._writer.create_collection(
            self._names.entries(name), _entry_properties(), **self._entry_settings(dimensions)
        )

    def prepare_locales(self, record: Record, locales: Iterable[str]) -> None:
        """Make the properties for tokens of locales that have none yet.

        Tokens are ours: split on white space only, never folded, no word left out.
        """
        made = self._made.setdefault((record.name, record.created), set())
        wanted = {property_name(field, locale) for field in FIELDS for locale in locales}
        if wanted <= made:
            return
        made |= self.properties(record, WORK_SECONDS)
        for missing in sorted(wanted - made):
            self._writer.add_property(self._names.entries(record.name), missing)
        made |= wanted

    def properties(self, record: Record, seconds: float) -> frozenset[str]:
        """What an entry of a generation may have now."""
        return self._reader.property_names(self._names.entries(record.name), seconds)

    def change(self, name: str, **properties: Any) -> None:
        self._writer.patch(self._names.registry, self._names.record_id(name), properties)

    def activate(self, name: str) -> None:
        self._writer.point_alias(self._names.active, self._names.entries(name))

    def drop(self, name: str) -> None:
        """The record last: what is cut off in the middle is dropped again."""
        self._writer.drop_collection(self._names.entries(name))
        self._writer.delete_where(self._names.words, "generation", name)
        self._writer.delete(self._names.registry, [self._names.record_id(name)])

    def reset(self) -> None:
        """Drop everything of ours."""
        for alias in self._writer.aliases():
            if self._names.ours(alias):
                self._writer.drop_alias(alias)
        for collection in self._writer.collections():
            if self._names.ours(collection):
                self._writer.drop_collection(collection)
        self._ready = False
        self._made.clear()
        self._wait_until_gone()

    def _wait_until_gone(self) -> None:
        """A node of a cluster may for a moment ask the others for what they have dropped, and wait for them."""
        for _ in range(GONE_ATTEMPTS):
            try:
                self._reader.listed(self._names.registry, (), GONE_SECONDS, limit=1, quorum=True)
            except Missing:
                return
            except Unavailable:
                continue
            time.sleep(GONE_SECONDS / 10)

    def _entry_settings(self, dimensions: int) -> dict[str, Any]:
        if not dimensions:
            return _without_vectors()
        configure = classes.config.Configure
        index = configure.VectorIndex.hnsw(
            distance_metric=classes.config.VectorDistances.DOT,
            ef=EF,
            ef_construction=EF_CONSTRUCTION,
            max_connections=MAX_CONNECTIONS,
            flat_search_cutoff=FULL_SCAN,
        )
        return _settings() | {
            "vector_config": configure.Vectors.self_provided(
                name="text", quantizer=self._quantiser(), vector_index_config=index
            )
        }

    def _quantiser(self) -> Any:
        make = classes.config.Configure.VectorIndex.Quantizer
        kind, _, bits = self._options.quantiser.partition("-")
        return make.rq(bits=int(bits), rescore_limit=RESCORED) if kind == "rq" else make.none()


_FIELDS = ("name", "recipe", "dimensions", "complete", "calibration", "measures", "marker", "created")


def _ordered(waiting: Callable[[], list[Row]]) -> list[Record]:
    try:
        rows = waiting()
    except Missing:
        return []
    return sorted((_record(row.properties) for row in rows), key=lambda record: (record.created, record.name))


def _record(properties: Mapping[str, Any]) -> Record:
    try:
        return Record(
            name=str(properties["name"]),
            recipe=str(properties["recipe"]),
            dimensions=int(properties["dimensions"]),
            complete=bool(properties["complete"]),
            calibration=json.loads(properties["calibration"]),
            measures=Measures(**json.loads(properties["measures"])),
            marker=str(properties["marker"]),
            created=int(properties["created"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise IndexCorrupt(
            "The index's list of generations cannot be read. Run `manage.py index --rebuild`."
        ) from error


def _entry_properties() -> list[dict[str, Any]]:
    """Without tokens: each locale has properties of its own for them, made when its first entry comes (prepare_locales)."""
    text = classes.config.DataType.TEXT
    return [
        *(_filtered(name) for name in ("family", "kind", "locale", "topic", "source")),
        *(_plain(name, text) for name in ("key", "fingerprint")),
    ]


def _filtered(name: str) -> dict[str, Any]:
    return _plain(name, classes.config.DataType.TEXT) | {
        "tokenization": classes.config.Tokenization.FIELD,
        "index_filterable": True,
    }


def _plain(name: str, kind: Any) -> dict[str, Any]:
    """Kept, and never searched for."""
    searchable = {"index_searchable": False} if kind == classes.config.DataType.TEXT else {}
    return {"name": name, "data_type": kind, "index_filterable": False, **searchable}


def _settings() -> dict[str, Any]:
    configure = classes.config.Configure
    return {
        "inverted_index_config": configure.inverted_index(
            bm25_k1=K1, bm25_b=B, stopwords_preset=classes.config.StopwordsPreset.NONE
        )
    }


def _without_vectors() -> dict[str, Any]:
    return _settings() | {
        "vector_config": classes.config.Configure.Vectors.self_provided(
            vector_index_config=classes.config.Configure.VectorIndex.none()
        )
    }
