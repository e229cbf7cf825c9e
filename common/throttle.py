"""How often somebody may try something, counted in the cache; while that is away, freely."""

import hashlib
from datetime import timedelta
from time import time

from django.core.cache import cache


def may_try(action: str, who: str, *, most: int, within: timedelta) -> bool:
    """Count a try of ``who``; say whether it is one of the first ``most`` in this stretch of time.

    Who it is, a network or an address, is not stored: only its hash, and not for longer.
    """
    seconds = int(within.total_seconds())
    stretch = int(time()) // seconds
    name = hashlib.sha256(f"{action} {who} {stretch}".encode()).hexdigest()
    cache.add(f"tries-{name}", 0, timeout=seconds)
    return bool(cache.incr(f"tries-{name}") <= most)
