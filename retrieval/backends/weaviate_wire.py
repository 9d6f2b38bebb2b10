"""Look-ups on a Weaviate server as single gRPC calls with a deadline: messages built, replies read.

A `Where` maps properties to the values they may have; values of one property are alternatives, properties restrict
together. Several names in place of one: any of these properties. The property `_id` stands for the object's id.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np

from retrieval.backends.weaviate_client import (
    VECTOR,
    Connection,
    Missing,
    aggregate_pb2,
    base_pb2,
    base_search_pb2,
    mapped,
    raise_for,
    search_get_pb2,
)
from retrieval.types import Vector

Where = Mapping[str, Sequence[str]] | Mapping[tuple[str, ...], Sequence[str]]
MAX_ROWS = 10_000
"""A server refuses a higher limit."""
PAGE = 1000
NOT_THERE = 404


@dataclass(frozen=True, slots=True)
class Row:
    """`score`: BM25's, or the product of the vectors; 0 in a listing."""

    id: bytes
    properties: Mapping[str, Any]
    score: float = 0.0
    vector: Vector | None = None

    @property
    def uuid(self) -> str:
        return str(UUID(bytes=self.id))


class Reader:
    """`quorum` in its methods: ask most replicas and not the nearest alone, so that a write is seen by who reads next."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._replicated = connection.options.replicas > 1

    def alias_target(self, alias: str, seconds: float) -> str | None:
        """The collection behind an alias."""
        with mapped(f"{self._where} did not answer"):
            response = self._connection.http().get(f"/v1/aliases/{alias}", timeout=self._connection.left(seconds))
            if response.status_code == NOT_THERE:
                return None
            raise_for(response)
            return str(response.json()["class"])

    def property_names(self, collection: str, seconds: float) -> frozenset[str]:
        """Those that a collection has. Missing when it is not there."""
        with mapped(f"{self._where} did not answer"):
            response = self._connection.http().get(f"/v1/schema/{collection}", timeout=self._connection.left(seconds))
            if response.status_code == NOT_THERE:
                raise Missing(f"it has no collection {collection}")
            raise_for(response)
            return frozenset(str(each["name"]) for each in response.json().get("properties") or [])

    def bm25(
        self,
        collection: str,
        fields: Sequence[str],
        query: str,
        where: Where,
        properties: Sequence[str],
        limit: int,
        seconds: float,
    ) -> list[Row]:
        """Rows without ids, of text properties only, "" where one is lacking.

        `fields`: the properties searched. `query`: tokens separated by blanks; one that is repeated counts as often.
        """
        search = base_search_pb2.BM25(query=query, properties=fields)
        metadata = search_get_pb2.MetadataRequest(score=True)
        request = self._request(collection, where, properties, limit, metadata, bm25_search=search)
        return [_texts(each, each.metadata.score) for each in self._search(request, seconds)]

    def nearest(
        self, collection: str, vector: Vector, where: Where, properties: Sequence[str], limit: int, seconds: float
    ) -> list[Row]:
        """Rows without ids, of text properties only."""
        search = base_search_pb2.NearVector(
            targets=base_search_pb2.Targets(target_vectors=[VECTOR]),
            vectors=[
                base_pb2.Vectors(
                    vector_bytes=vector.astype("<f4").tobytes(), type=base_pb2.Vectors.VECTOR_TYPE_SINGLE_FP32
                )
            ],
        )
        metadata = search_get_pb2.MetadataRequest(distance=True)
        request = self._request(collection, where, properties, limit, metadata, near_vector=search)
        return [_texts(each, -each.metadata.distance) for each in self._search(request, seconds)]

    def listed(
        self,
        collection: str,
        properties: Sequence[str],
        seconds: float,
        where: Where | None = None,
        *,
        limit: int = MAX_ROWS,
        vectors: bool = False,
        quorum: bool = False,
    ) -> list[Row]:
        """At most `limit` objects, in no order."""
        return self.begun(collection, properties, seconds, where, limit=limit, vectors=vectors, quorum=quorum)()

    def begun(
        self,
        collection: str,
        properties: Sequence[str],
        seconds: float,
        where: Where | None = None,
        *,
        limit: int = MAX_ROWS,
        vectors: bool = False,
        quorum: bool = False,
    ) -> Callable[[], list[Row]]:
        """listed(), under way: what is returned waits for it. Something else may be asked meanwhile."""
        metadata = search_get_pb2.MetadataRequest(uuid=True, vectors=[VECTOR] if vectors else [])
        request = self._request(collection, where or {}, properties, limit, metadata)
        self._ask_replicas(request, quorum=quorum)
        with mapped(f"{self._where} did not answer a search"):
            stub, given = self._connection.stub(), self._connection.metadata()
            call = stub.Search.future(request, timeout=self._connection.left(seconds), metadata=given)

        def answered() -> list[Row]:
            with mapped(f"{self._where} did not answer a search"):
                return [_row(each) for each in call.result().results]

        return answered

    def every(self, collection: str, properties: Sequence[str], seconds: float) -> Iterator[Row]:
        """Every object, in the order of their ids, in pages of `seconds` at most each."""
        after = ""
        while True:
            metadata = search_get_pb2.MetadataRequest(uuid=True)
            request = self._request(collection, {}, properties, PAGE, metadata, after=after)
            self._ask_replicas(request, quorum=True)
            rows = [_row(each) for each in self._search(request, seconds)]
            yield from rows
            if len(rows) < PAGE:
                return
            after = rows[-1].uuid

    def counts(self, collection: str, wheres: Sequence[Where], seconds: float) -> list[int]:
        """How many objects each condition lets through; asked side by side."""
        requests = [
            aggregate_pb2.AggregateRequest(collection=collection, objects_count=True, filters=_filters(where))
            for where in wheres
        ]
        with mapped(f"{self._where} did not count"):
            stub, metadata = self._connection.stub(), self._connection.metadata()
            limit = self._connection.left(seconds)
            begun = [stub.Aggregate.future(request, timeout=limit, metadata=metadata) for request in requests]
            return [int(each.result().single_result.objects_count) for each in begun]

    @property
    def _where(self) -> str:
        return f"Weaviate at {self._connection.options.http.host}"

    def _request(
        self,
        collection: str,
        where: Where,
        properties: Sequence[str],
        limit: int,
        metadata: Any,
        **search: Any,
    ) -> Any:
        return search_get_pb2.SearchRequest(
            collection=collection,
            limit=limit,
            properties=search_get_pb2.PropertiesRequest(non_ref_properties=properties),
            metadata=metadata,
            filters=_filters(where),
            uses_123_api=True,
            uses_125_api=True,
            uses_127_api=True,
            **search,
        )

    def _ask_replicas(self, request: Any, *, quorum: bool) -> None:
        if quorum and self._replicated:
            request.consistency_level = base_pb2.ConsistencyLevel.CONSISTENCY_LEVEL_QUORUM

    def _search(self, request: Any, seconds: float) -> Any:
        with mapped(f"{self._where} did not answer a search"):
            stub, metadata = self._connection.stub(), self._connection.metadata()
            return stub.Search(request, timeout=self._connection.left(seconds), metadata=metadata).results


class _Texts(Mapping[str, str]):
    """An object's texts as they lie in the reply, "" for one that is lacking. A server sends the properties of every language
    for each object; only those of its own are read, and reading them all takes four times as long."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Any) -> None:
        self._fields = fields

    def __getitem__(self, name: str) -> str:
        text: str = self._fields[name].text_value
        return text

    def get(self, name: str, default: Any = None) -> Any:
        return self._fields[name].text_value

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)


def _texts(result: Any, score: float) -> Row:
    """What a reader waits for is read in the shortest way."""
    return Row(id=b"", properties=_Texts(result.properties.non_ref_props.fields), score=score)


def _row(result: Any) -> Row:
    fields = result.properties.non_ref_props.fields
    kinds = ((name, value, value.WhichOneof("kind")) for name, value in fields.items())
    properties = {name: getattr(value, kind) for name, value, kind in kinds if kind != "null_value"}
    found = next((each.vector_bytes for each in result.metadata.vectors if each.name == VECTOR), None)
    return Row(
        id=result.metadata.id_as_bytes,
        properties=properties,
        vector=np.frombuffer(found, "<f4").astype(np.float32) if found else None,
    )


def _filters(where: Where) -> Any:
    parts = [_filter(name, values) for name, values in where.items()]
    if len(parts) < 2:
        return parts[0] if parts else None
    return base_pb2.Filters(operator=base_pb2.Filters.OPERATOR_AND, filters=parts)


def _filter(name: str | tuple[str, ...], values: Sequence[str]) -> Any:
    if isinstance(name, tuple):
        parts = [_filter(each, values) for each in name]
        return parts[0] if len(parts) == 1 else base_pb2.Filters(operator=base_pb2.Filters.OPERATOR_OR, filters=parts)
    target = base_pb2.FilterTarget(property=name)
    if len(values) == 1:
        return base_pb2.Filters(operator=base_pb2.Filters.OPERATOR_EQUAL, value_text=values[0], target=target)
    return base_pb2.Filters(
        operator=base_pb2.Filters.OPERATOR_CONTAINS_ANY,
        value_text_array=base_pb2.TextArray(values=values),
        target=target,
    )
