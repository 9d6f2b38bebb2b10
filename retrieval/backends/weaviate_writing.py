"""What background work asks of a Weaviate server: its schema, aliases, and objects stored and deleted.

Everything here may be done twice without harm. Errors of single objects are read and told with the object's name; the
client says nothing of them by itself.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from retrieval.backends.weaviate_client import VECTOR, WORK_SECONDS, Connection, classes, exceptions, mapped, raise_for
from retrieval.types import InvalidInput, Unavailable

logger = logging.getLogger(__name__)

PAUSES = (0.5, 2.0, 8.0, 15.0)
"""Between attempts at the objects that were not taken: the first write after a node's death has failed for 17 seconds."""
TOLD = 5
"""Failed objects that an error names."""
DELETE_AT_ONCE = 100
LASTING = ("invalid", "vector length", "dimension", "not of type")
"""In the error of one object: sending it again would end the same. A property that another node does not know yet is not
among them."""
ALREADY = 422


@dataclass(frozen=True, slots=True)
class Stored:
    """An object to be stored. `vector`: None for one without."""

    uuid: str
    properties: Mapping[str, Any]
    vector: Sequence[float] | None = None


class Writer:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # schema ----------------------------------------------------------------------------------------------------------

    def create_collection(self, name: str, properties: Sequence[Mapping[str, Any]], **settings: Any) -> None:
        """Nothing when it is there. `settings`: as collections.create takes them."""
        with mapped("Weaviate did not make a collection"):
            if self._connection.client().collections.exists(name):
                return
            shards = self._connection.options.shards
            self._connection.client().collections.create(
                name,
                properties=[classes.config.Property(**each) for each in properties],
                replication_config=classes.config.Configure.replication(factor=self._connection.options.replicas),
                sharding_config=classes.config.Configure.sharding(desired_count=shards) if shards else None,
                **settings,
            )

    def add_property(self, collection: str, name: str) -> None:
        """Tokens, split on white space only. Nothing when it is there."""
        made = {
            "name": name, "dataType": ["text"], "tokenization": "whitespace", "indexSearchable": True,
            "indexFilterable": True,
        }  # fmt: skip
        with mapped("Weaviate did not make a property"):
            http = self._connection.http()
            response = http.post(f"/v1/schema/{collection}/properties", json=made, timeout=WORK_SECONDS)
            if response.status_code == ALREADY and "already exists" in response.text:
                return
            raise_for(response)

    def collections(self) -> set[str]:
        with mapped("Weaviate did not list its collections"):
            # The client reads every setting of every collection, and stumbles over those of others.
            response = self._connection.http().get("/v1/schema", timeout=WORK_SECONDS)
            raise_for(response)
            return {str(each["class"]) for each in response.json().get("classes", [])}

    def drop_collection(self, name: str) -> None:
        with mapped("Weaviate did not drop a collection"):
            self._connection.client().collections.delete(name)

    def aliases(self) -> dict[str, str]:
        """Alias -> collection."""
        with mapped("Weaviate did not list its aliases"):
            return {name: found.collection for name, found in self._connection.client().alias.list_all().items()}

    def make_alias(self, alias: str, collection: str) -> bool:
        """Whether it was made by this call: of several processes that try at once, one makes it."""
        with mapped("Weaviate did not make an alias"):
            try:
                self._connection.client().alias.create(alias_name=alias, target_collection=collection)
            except exceptions.UnexpectedStatusCodeError as error:
                if error.status_code in {409, 422} and self._connection.client().alias.exists(alias_name=alias):
                    return False
                raise
            return True

    def point_alias(self, alias: str, collection: str) -> None:
        """In one step for every process; made when it is not there."""
        with mapped("Weaviate did not switch an alias"):
            done = self._connection.client().alias.update(alias_name=alias, new_target_collection=collection)
        if not done and not self.make_alias(alias, collection):
            raise Unavailable(f"Weaviate did not switch the alias {alias}. Try again.")

    def drop_alias(self, alias: str) -> None:
        with mapped("Weaviate did not drop an alias"):
            self._connection.client().alias.delete(alias_name=alias)

    # objects ---------------------------------------------------------------------------------------------------------

    def store(self, collection: str, objects: Sequence[Stored], named: Mapping[str, str] | None = None) -> None:
        """Insert or replace by id. What is not taken is sent again, alone, for half a minute at most.

        `named`: id -> what an error calls the object. InvalidInput when the server says that it will never take one,
        Unavailable otherwise; what was taken stays.
        """
        left = list(objects)
        for pause in (*PAUSES, None):
            failed = self._sent(collection, left)
            if not failed:
                return
            told = "; ".join(f"{(named or {}).get(uuid, uuid)}: {said}" for uuid, said in list(failed.items())[:TOLD])
            text = f"Weaviate did not take {len(failed)} of {len(objects)} objects: {told}"
            logger.warning("%s of %s objects were not taken by %s.", len(failed), len(objects), collection)
            if any(mark in said.lower() for said in failed.values() for mark in LASTING):
                raise InvalidInput(text)
            if pause is None:
                raise Unavailable(text)
            left = [each for each in left if each.uuid in failed]
            time.sleep(pause)

    def patch(self, collection: str, uuid: str, properties: Mapping[str, Any]) -> None:
        """Change some properties of an object, on all its replicas, else on most of them. Missing when it is not there.

        A search that asks most replicas shows what one of them holds, and only says whether the others agree: right after a
        change on most of them it may show what was before.
        """
        with mapped("Weaviate did not change an object"):
            use = self._connection.client().collections.use(collection)
            if self._connection.options.replicas > 1:
                try:
                    everywhere = use.with_consistency_level(classes.config.ConsistencyLevel.ALL)
                    everywhere.data.update(uuid=uuid, properties=dict(properties))
                    return
                except exceptions.UnexpectedStatusCodeError as error:
                    if error.status_code < 500:  # a node that is away is a 500
                        raise
            use.data.update(uuid=uuid, properties=dict(properties))

    def delete(self, collection: str, ids: Sequence[str]) -> int:
        """Returns how many there were."""
        gone = 0
        for start in range(0, len(ids), DELETE_AT_ONCE):
            gone += self._deleted(
                collection, classes.query.Filter.by_id().contains_any(list(ids[start : start + DELETE_AT_ONCE]))
            )
        return gone

    def delete_where(self, collection: str, prop: str, value: str) -> int:
        return self._deleted(collection, classes.query.Filter.by_property(prop).equal(value))

    def _deleted(self, collection: str, where: Any) -> int:
        """One call deletes 10,000 objects at most, and does not say so."""
        gone = 0
        while True:
            with mapped("Weaviate did not delete objects"):
                done = self._connection.client().collections.use(collection).data.delete_many(where=where)
            gone += int(done.successful)
            if done.failed:
                raise Unavailable(f"Weaviate did not delete {done.failed} of {done.matches} objects. Try again.")
            if done.matches <= done.successful:
                return gone

    def _sent(self, collection: str, objects: Sequence[Stored]) -> dict[str, str]:
        """One attempt: id -> what the server said, for those it did not take."""
        sent = [
            classes.data.DataObject(
                uuid=each.uuid,
                properties=dict(each.properties),
                vector={VECTOR: list(each.vector)} if each.vector is not None else None,
            )
            for each in objects
        ]
        with mapped("Weaviate did not store objects"):
            try:
                reply = self._connection.client().collections.use(collection).data.insert_many(sent)
            except exceptions.WeaviateInsertManyAllFailedError as error:
                return dict.fromkeys((each.uuid for each in objects), str(error.message))
            return {objects[at].uuid: str(error.message) for at, error in reply.errors.items()}
