import logging
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from common.breaker import Breaker

logger = logging.getLogger(__name__)
redis_away = Breaker(pause=10)


class ForgivingRedisCache(RedisCache):
    """A Redis cache whose absence slows nobody down and fails no request.

    Throttles live here, and what is merely quicker to keep than to work out again. While
    Redis is away the throttles are open, so that customers can still sign in, and the log
    says so.
    """

    def get(self, key: Any, default: Any = None, version: Any = None) -> Any:
        return self._try("get", default, key, default, version=version)

    def set(self, key: Any, value: Any, timeout: Any = 300, version: Any = None) -> None:
        self._try("set", None, key, value, timeout=timeout, version=version)

    def add(self, key: Any, value: Any, timeout: Any = 300, version: Any = None) -> bool:
        return bool(self._try("add", True, key, value, timeout=timeout, version=version))

    def delete(self, key: Any, version: Any = None) -> bool:
        return bool(self._try("delete", False, key, version=version))

    def incr(self, key: Any, delta: int = 1, version: Any = None) -> int:
        return int(self._try("incr", 0, key, delta, version=version))

    @property
    def redis(self) -> Any:
        """Return the client itself, for what a cache cannot do; it forgives nothing."""
        return self._cache.get_client(None, write=True)

    def _try(self, method: str, otherwise: Any, *args: Any, **kwargs: Any) -> Any:
        if redis_away.is_open:
            return otherwise
        try:
            return getattr(super(), method)(*args, **kwargs)
        except (RedisConnectionError, RedisTimeoutError):
            redis_away.trip()
            logger.warning("cache unreachable, %s skipped", method)
            return otherwise
