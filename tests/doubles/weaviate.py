"""A small Weaviate: HTTP and gRPC as the real client speaks them, objects stored, BM25 and products of vectors really computed.

It follows the server's own meaning where a backend could be misled: counts over all objects, mean lengths of each property,
words left out unless the schema says otherwise, tokens split as each property says, deletes capped, errors told per object,
aliases made once.
`python -m tests.doubles.weaviate HTTP_PORT GRPC_PORT` runs it in a process of its own.
"""

import json
import math
import re
import ssl
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import numpy as np
from weaviate.proto.v1 import (
    aggregate_pb2,
    base_pb2,
    batch_delete_pb2,
    batch_pb2,
    properties_pb2,
    search_get_pb2,
    weaviate_pb2_grpc,
)

VERSION = "1.40.2"
ENGLISH_STOP_WORDS = {"a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it", "no",
                      "not", "of", "on", "or", "such", "that", "the", "their", "then", "there", "these", "they", "this",
                      "to", "was", "will", "with"}  # fmt: skip
GRPC_VALUES = {"text": "text_value", "int": "int_value", "number": "number_value", "boolean": "bool_value"}
CASTS = {"text": str, "int": int, "number": float, "boolean": bool}


@dataclass
class Collection:
    """`schema`: as it was posted. `objects`: id -> (properties, vectors by name)."""

    schema: dict[str, Any]
    objects: dict[str, tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=dict)

    def property(self, name: str) -> dict[str, Any]:
        for each in self.schema.get("properties", []):
            if each["name"] == name:
                return dict(each)
        raise KeyError(f"no such prop with name '{name}' found in class '{self.schema['class']}'")

    def kind(self, name: str) -> str:
        return str(self.property(name)["dataType"][0])

    def tokens(self, name: str, text: str) -> list[str]:
        how = self.property(name).get("tokenization", "word")
        if how == "whitespace":
            return text.split()
        if how == "field":
            return [text.strip()]
        return re.findall(r"[^\W_]+", text.lower())

    def stop_words(self) -> set[str]:
        preset = self.schema.get("invertedIndexConfig", {}).get("stopwords", {}).get("preset", "en")
        return set() if preset == "none" else ENGLISH_STOP_WORDS


@dataclass
class Faults:
    """`reading`: status of every look-up. `delay`: seconds before each. `http`: status of every request. `reject`: says
    of an object's properties why it is not taken, or None. `broken_batches`: how many batches fail as a whole. `node_away`:
    what shall be on all replicas is refused."""

    reading: grpc.StatusCode | None = None
    delay: float = 0.0
    http: int = 0
    reject: Callable[[dict[str, Any]], str | None] = lambda properties: None
    broken_batches: int = 0
    node_away: bool = False


class Double:
    """Started by start(), on ports that stay the same over stop() and start(). `calls`: names of what was asked.

    `tls`: files of a certificate and its key, to speak TLS with on both ports.
    """

    def __init__(
        self, http_port: int = 0, grpc_port: int = 0, delete_cap: int = 10_000, tls: tuple[Path, Path] | None = None
    ) -> None:
        self.tls = tls
        self.lock = threading.RLock()
        self.collections: dict[str, Collection] = {}
        self.aliases: dict[str, str] = {}
        self.faults = Faults()
        self.version = VERSION
        self.key = ""
        self.delete_cap = delete_cap
        self.calls: list[str] = []
        self.http_port, self.grpc_port = http_port, grpc_port

    @property
    def _scheme(self) -> str:
        return "https" if self.tls else "http"

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.http_port}"

    @property
    def grpc_url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.grpc_port}"

    def start(self) -> "Double":
        handler = type("Handler", (_Handler,), {"double": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", self.http_port), handler)
        self._http.daemon_threads = True
        self.http_port = self._http.server_address[1]
        if self.tls:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(*self.tls)
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self._grpc = grpc.server(futures.ThreadPoolExecutor(8), options=[("grpc.so_reuseport", 0)])
        weaviate_pb2_grpc.add_WeaviateServicer_to_server(_Servicer(self), self._grpc)
        address = f"127.0.0.1:{self.grpc_port}"
        if self.tls:
            certificate, key = (file.read_bytes() for file in self.tls)
            self.grpc_port = self._grpc.add_secure_port(address, grpc.ssl_server_credentials([(key, certificate)]))
        else:
            self.grpc_port = self._grpc.add_insecure_port(address)
        self._grpc.start()
        return self

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._grpc.stop(None).wait()

    def clear(self) -> None:
        """As new: no collection, no fault."""
        with self.lock:
            self.collections.clear()
            self.aliases.clear()
            self.calls.clear()
            self.faults = Faults()
            self.version, self.key = VERSION, ""

    @contextmanager
    def failing(self, **faults: Any) -> Iterator[None]:
        self.faults = Faults(**faults)
        try:
            yield
        finally:
            self.faults = Faults()

    def find(self, name: str) -> Collection:
        """By name or alias. KeyError as the server words it."""
        found = self.collections.get(self.aliases.get(name, name))
        if found is None:
            raise KeyError(f"could not find class {name} in schema")
        return found


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    double: Double

    def log_message(self, *_: Any) -> None: ...

    def _answer(self, status: int, body: Any = None) -> None:
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _error(self, status: int, message: str) -> None:
        self._answer(status, {"error": [{"message": message}]})

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else {}
        parts = [part for part in self.path.split("?")[0].split("/") if part][1:]
        double = self.double
        double.calls.append(f"{self.command} {'/'.join(parts)}")
        if double.faults.delay:
            time.sleep(double.faults.delay)
        if double.faults.http:
            return self._error(double.faults.http, "failing on demand")
        if double.key and self.headers.get("Authorization") != f"Bearer {double.key}":
            return self._error(401, "anonymous access not enabled")
        route = getattr(self, f"_{self.command.lower()}_{parts[0].strip('.').replace('-', '_')}", None)
        if route is None:
            return self._error(404, "not found")
        with double.lock:
            return route(parts[1:], body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _handle

    def _get_well_known(self, rest: list[str], _: Any) -> None:
        return self._answer(200) if rest in (["ready"], ["live"]) else self._error(404, "not found")

    def _get_meta(self, *_: Any) -> None:
        self._answer(200, {"version": self.double.version, "hostname": self.double.url, "modules": {}})

    def _get_schema(self, rest: list[str], _: Any) -> None:
        if not rest:
            return self._answer(200, {"classes": [_complete(each.schema) for each in self.double.collections.values()]})
        found = self.double.collections.get(rest[0])
        return self._answer(200, _complete(found.schema)) if found else self._answer(404)

    def _post_schema(self, rest: list[str], body: dict[str, Any]) -> None:
        if rest[1:] == ["properties"]:
            properties = self.double.collections[rest[0]].schema.setdefault("properties", [])
            if any(each["name"].lower() == body["name"].lower() for each in properties):
                return self._error(422, f"class {rest[0]!r}: conflict for property {body['name']!r}: already exists")
            properties.append(body)
            return self._answer(200, body)
        if body["class"] in self.double.collections:
            return self._error(422, f"class name {body['class']} already exists")
        self.double.collections[body["class"]] = Collection(body)
        return self._answer(200, body)

    def _delete_schema(self, rest: list[str], _: Any) -> None:
        self.double.collections.pop(rest[0], None)  # beneath its aliases, as the server does
        self._answer(200)

    def _get_aliases(self, rest: list[str], _: Any) -> None:
        rows = [{"alias": alias, "class": target} for alias, target in self.double.aliases.items()]
        if not rest:
            return self._answer(200, {"aliases": rows})
        found = [row for row in rows if row["alias"] == rest[0]]
        return self._answer(200, found[0]) if found else self._error(404, "alias not found")

    def _post_aliases(self, _: Any, body: dict[str, str]) -> None:
        if body["class"] not in self.double.collections:
            return self._error(422, f"create alias: class {body['class']} does not exist")
        if body["alias"] in self.double.aliases:
            return self._error(422, f"create alias: alias name {body['alias']} already exists")
        self.double.aliases[body["alias"]] = body["class"]
        return self._answer(200, body)

    def _put_aliases(self, rest: list[str], body: dict[str, str]) -> None:
        if rest[0] not in self.double.aliases:
            return self._error(404, "alias not found")
        if body["class"] not in self.double.collections:
            return self._error(422, f"class {body['class']} does not exist")
        self.double.aliases[rest[0]] = body["class"]
        return self._answer(200, {"alias": rest[0], "class": body["class"]})

    def _delete_aliases(self, rest: list[str], _: Any) -> None:
        found = self.double.aliases.pop(rest[0], None)
        return self._answer(204) if found else self._error(404, "alias not found")

    def _patch_objects(self, rest: list[str], body: dict[str, Any]) -> None:
        if self.double.faults.node_away and self.path.endswith("consistency_level=ALL"):
            return self._error(500, "cannot achieve consistency level 'ALL'")
        collection = self.double.find(rest[0])
        if rest[1] not in collection.objects:
            return self._error(404, "no object with id")
        collection.objects[rest[1]][0].update(body["properties"])
        return self._answer(204)


class _Servicer(weaviate_pb2_grpc.WeaviateServicer):
    def __init__(self, double: Double) -> None:
        self._double = double

    def Search(self, request: Any, context: Any) -> Any:
        with self._asked("Search", context, reading=True):
            collection = self._double.find(request.collection)
            rows = self._rows(collection, request)
            return search_get_pb2.SearchReply(results=[_result(collection, request, *row) for row in rows])

    def Aggregate(self, request: Any, context: Any) -> Any:
        with self._asked("Aggregate", context, reading=True):
            collection = self._double.find(request.collection)
            count = sum(_passes(collection, request, uuid) for uuid in collection.objects)
            return aggregate_pb2.AggregateReply(single_result=aggregate_pb2.AggregateReply.Single(objects_count=count))

    def BatchObjects(self, request: Any, context: Any) -> Any:
        with self._asked("BatchObjects", context):
            if self._double.faults.broken_batches:
                self._double.faults.broken_batches -= 1
                raise ValueError("broadcast: cannot reach enough replicas")
            errors = []
            for at, each in enumerate(request.objects):
                if said := self._stored(each):
                    errors.append(batch_pb2.BatchObjectsReply.BatchError(index=at, error=said))
            return batch_pb2.BatchObjectsReply(errors=errors)

    def BatchDelete(self, request: Any, context: Any) -> Any:
        with self._asked("BatchDelete", context):
            collection = self._double.find(request.collection)
            found = [uuid for uuid in collection.objects if _passes(collection, request, uuid)]
            for uuid in found[: self._double.delete_cap]:
                del collection.objects[uuid]
            return batch_delete_pb2.BatchDeleteReply(
                matches=len(found), successful=min(len(found), self._double.delete_cap)
            )

    @contextmanager
    def _asked(self, name: str, context: Any, *, reading: bool = False) -> Iterator[None]:
        double = self._double
        double.calls.append(name)
        if reading and double.faults.delay:
            time.sleep(double.faults.delay)
        if reading and double.faults.reading is not None:
            context.abort(double.faults.reading, "failing on demand")
        if double.key and ("authorization", f"Bearer {double.key}") not in context.invocation_metadata():
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "anonymous access not enabled")
        try:
            with double.lock:
                yield
        except (KeyError, ValueError) as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error.args[0]))

    def _stored(self, given: Any) -> str | None:
        """What is wrong with an object; None when it was stored."""
        collection = self._double.find(given.collection)
        properties: dict[str, Any] = {}
        for name, value in dict(given.properties.non_ref_properties).items():
            try:
                properties[name] = CASTS[collection.kind(name)](value)
            except KeyError as error:
                return str(error.args[0])
        if said := self._double.faults.reject(properties):
            return said
        vectors = {each.name: np.frombuffer(each.vector_bytes, "<f4") for each in given.vectors}
        for name, vector in vectors.items():
            lengths = {len(held[name]) for _, held in collection.objects.values() if name in held}
            if lengths and len(vector) not in lengths:
                return f"vector lengths don't match: {lengths} and {len(vector)}"
        collection.objects[given.uuid] = (properties, vectors)
        return None

    def _rows(self, collection: Collection, request: Any) -> list[tuple[str, float]]:
        """(id, score or distance), in the order of the reply."""
        if request.limit + request.offset > 10_000:
            raise ValueError("query maximum results exceeded")
        passing = [uuid for uuid in collection.objects if _passes(collection, request, uuid)]
        if request.HasField("bm25_search"):
            scores = _bm25(collection, request.bm25_search, set(passing))
            return sorted(scores.items(), key=lambda item: (-item[1], item[0]))[: request.limit]
        if request.HasField("near_vector"):
            return _nearest(collection, request.near_vector, passing)[: request.limit]
        return [(uuid, 0.0) for uuid in sorted(passing) if uuid > request.after][: request.limit]


def _bm25(collection: Collection, search: Any, passing: set[str]) -> dict[str, float]:
    """Scores as the server computes them: over all objects of the collection, whatever is filtered."""
    scores: dict[str, float] = {}
    names = list(search.properties)
    asked = {name: _asked(collection, name, search.query) for name in names}
    if not any(asked.values()):
        raise ValueError("must have query set")
    held = {
        name: {
            uuid: Counter(collection.tokens(name, properties[name]))
            for uuid, (properties, _) in collection.objects.items()
            if properties.get(name)
        }
        for name in names
    }
    for token in {token for each in asked.values() for token in each}:
        counts = [n for by_id in held.values() if (n := sum(token in each for each in by_id.values()))]
        if counts:
            number = sum(counts) // len(counts)
            idf = math.log(1 + (len(collection.objects) - number + 0.5) / (number + 0.5))
            for name in names:
                for uuid, score in _impacts(collection, held[name], token).items():
                    if uuid in passing:
                        scores[uuid] = scores.get(uuid, 0.0) + asked[name][token] * idf * score
    return scores


def _asked(collection: Collection, name: str, query: str) -> Counter[str]:
    stop = collection.stop_words() if collection.property(name).get("tokenization", "word") == "word" else set()
    return Counter(token for token in collection.tokens(name, query) if token not in stop)


def _impacts(collection: Collection, held: dict[str, Counter[str]], token: str) -> dict[str, float]:
    """How much a token counts in each text of a property; lengths are measured by the mean of those that have it."""
    config = collection.schema["invertedIndexConfig"]["bm25"]
    lengths = {uuid: sum(counts.values()) for uuid, counts in held.items()}
    mean = sum(lengths.values()) / len(lengths) if lengths else 1.0
    return {
        uuid: counts[token] / (counts[token] + config["k1"] * (1 - config["b"] + config["b"] * lengths[uuid] / mean))
        for uuid, counts in held.items()
        if token in counts
    }


def _nearest(collection: Collection, search: Any, passing: list[str]) -> list[tuple[str, float]]:
    [name], vector = search.targets.target_vectors, np.frombuffer(search.vectors[0].vector_bytes, "<f4")
    rows = [(uuid, collection.objects[uuid][1][name]) for uuid in passing if name in collection.objects[uuid][1]]
    if any(len(held) != len(vector) for _, held in rows):
        raise ValueError("vector lengths don't match")
    found = [(uuid, -float(held @ vector)) for uuid, held in rows]
    return sorted(found, key=lambda row: (row[1], row[0]))


def _passes(collection: Collection, request: Any, uuid: str) -> bool:
    return not request.HasField("filters") or _matches(collection, request.filters, uuid)


def _matches(collection: Collection, given: Any, uuid: str) -> bool:
    if given.operator == base_pb2.Filters.OPERATOR_AND:
        return all(_matches(collection, each, uuid) for each in given.filters)
    if given.operator == base_pb2.Filters.OPERATOR_OR:
        return any(_matches(collection, each, uuid) for each in given.filters)
    name = given.target.property
    if given.operator == base_pb2.Filters.OPERATOR_EQUAL:
        wanted = [given.value_text]
    elif given.operator == base_pb2.Filters.OPERATOR_CONTAINS_ANY:
        wanted = list(given.value_text_array.values)
    else:
        raise ValueError(f"the double knows no operator {given.operator}")
    if name == "_id":
        return uuid in wanted
    if not collection.property(name).get("indexFilterable", True):
        raise ValueError(f"Filtering by property '{name}' requires inverted index")
    held = set(collection.tokens(name, collection.objects[uuid][0].get(name, "")))
    return any(held.issuperset(collection.tokens(name, text)) for text in wanted)


def _result(collection: Collection, request: Any, uuid: str, score: float) -> Any:
    properties, vectors = collection.objects[uuid]
    fields = {
        name: properties_pb2.Value(**{GRPC_VALUES[collection.kind(name)]: properties[name]})
        if name in properties
        else properties_pb2.Value(null_value=0)  # type: ignore[arg-type]
        for name in request.properties.non_ref_properties
    }
    near = request.HasField("near_vector")
    metadata = search_get_pb2.MetadataResult(
        id_as_bytes=UUID(uuid).bytes,
        score=0.0 if near else score,
        distance=score if near else 0.0,
        vectors=[
            base_pb2.Vectors(name=name, vector_bytes=np.asarray(vectors[name], "<f4").tobytes())
            for name in request.metadata.vectors
            if name in vectors
        ],
    )
    found = search_get_pb2.PropertiesResult(non_ref_props=properties_pb2.Properties(fields=fields))
    return search_get_pb2.SearchResult(properties=found, metadata=metadata)


def _complete(schema: dict[str, Any]) -> dict[str, Any]:
    """With what the client expects in a schema and nobody posts."""
    properties = [
        {"indexFilterable": True, "indexSearchable": True, "indexRangeFilters": False} | each
        for each in schema.get("properties", [])
    ]
    return {"vectorizer": "none", "vectorIndexType": "hnsw"} | schema | {"properties": properties}


if __name__ == "__main__":
    running = Double(int(sys.argv[1]), int(sys.argv[2])).start()
    sys.stdout.write(f"{running.http_port} {running.grpc_port}\n")
    sys.stdout.flush()
    threading.Event().wait()
