"""Django's cache in Redis, for a portal that goes on without it.

A cache may forget everything at any time; this one also forgets while its server is away: a look-up finds nothing, a write is
lost, and nobody waits long or gets an error. `failures` counts what was lost in this process, so that whoever must tell other
processes something (faq.cache) can tell it again.
"""

import logging
import time
from collections.abc import Callable
from typing import Any, ClassVar

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

PAUSE_SECONDS = 1.0
"""After a failure the server is left alone for so long: of all readers of a second, one waits for it."""
OPTIONS = {"socket_connect_timeout": 0.3, "socket_timeout": 0.5}
"""Seconds that this one waits."""


class Client(RedisCacheClient):
    """Redis, or nothing. What is known of the server's health is the whole process's."""

    failures: ClassVar[int] = 0
    _until: ClassVar[float] = 0.0

    def get(self, key: Any, default: Any = None) -> Any:
        return self._tried(super().get, default, key, default)

    def add(self, key: Any, value: Any, timeout: Any) -> bool:
        return bool(self._tried(super().add, False, key, value, timeout))

    def set(self, key: Any, value: Any, timeout: Any) -> None:
        self._tried(super().set, None, key, value, timeout)

    def touch(self, key: Any, timeout: Any) -> bool:
        return bool(self._tried(super().touch, False, key, timeout))

    def incr(self, key: Any, delta: int) -> int:
        """ValueError, as ever, for a number that is not there."""
        return int(self._tried(super().incr, delta, key, delta))

    def delete(self, key: Any) -> bool:
        return bool(self._tried(super().delete, False, key))

    def get_many(self, keys: Any) -> dict[Any, Any]:
        return dict(self._tried(super().get_many, {}, keys))

    def has_key(self, key: Any) -> bool:
        return bool(self._tried(super().has_key, False, key))

    def set_many(self, data: Any, timeout: Any) -> None:
        self._tried(super().set_many, None, data, timeout)

    def delete_many(self, keys: Any) -> None:
        self._tried(super().delete_many, None, keys)

    def clear(self) -> bool:
        return bool(self._tried(super().clear, False))

    @classmethod
    def _tried(cls, call: Callable[..., Any], otherwise: Any, *arguments: Any) -> Any:
        if time.monotonic() < cls._until:
            Client.failures += 1
            return otherwise
        try:
            found = call(*arguments)
        except (RedisError, OSError) as error:
            if not cls._until:
                log.warning("The cache is away (%s); the portal goes on without it.", type(error).__name__)
            Client.failures += 1
            Client._until = time.monotonic() + PAUSE_SECONDS
            return otherwise
        if cls._until:
            Client._until = 0.0
            log.warning("The cache is back.")
        return found


class ForgetfulRedisCache(RedisCache):
    """For CACHES; takes OPTIONS as Django's own does."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, {**params, "OPTIONS": {**OPTIONS, **params.get("OPTIONS", {})}})
        self._class = Client

    @property
    def failures(self) -> int:
        """How many look-ups and writes of this process the server did not get."""
        return Client.failures
