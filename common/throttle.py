"""How often somebody may try something, counted in the cache; while that is away, freely."""

import hashlib
from datetime import timedelta
from time import time

from django.core.cache import cache


def may_try(action: str, who: str, *, most: int, within: timedelta) -> bool:
    """Count a try of ``who``; say whether it is one of the first ``most`` in this stretch of time.

    Who it is, a network or an address, is not stored: only its hash, and not for longer.
    """
    name = _name(action, who, within)
    cache.add(name, 0, timeout=int(within.total_seconds()))
    return bool(cache.incr(name) <= most)


def has_tried(action: str, who: str, *, times: int, within: timedelta) -> bool:
    """Say whether ``who`` has tried so often in this stretch of time, and count nothing."""
    return bool(cache.get(_name(action, who, within), 0) >= times)


def _name(action: str, who: str, within: timedelta) -> str:
    stretch = int(time()) // int(within.total_seconds())
    return f"tries-{hashlib.sha256(f'{action} {who} {stretch}'.encode()).hexdigest()}"
