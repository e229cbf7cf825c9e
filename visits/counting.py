"""Counting who opens a page, without knowing who it is.

A request leaves two things in Redis, under the day and the name of the page's
route: a view, and its network in a HyperLogLog. A HyperLogLog tells how many
different things it was shown, and holds none of them. It is shown the truncated
address (/24 or /48) hashed with a salt, so that nobody can ask it whether a
network was there: the salt is random, lasts for one day, and is gone with it.
So the networks of two days cannot be compared.

What is counted is moved to PostgreSQL each minute: see services.py. While Redis is
away nothing is counted, and no request waits for it.
"""

import logging
import re
import secrets
from datetime import date, timedelta
from hashlib import blake2b
from typing import Any

from django.core.cache import caches
from django.http import HttpRequest
from django.utils import timezone

from common.breaker import Breaker
from common.cache import redis_away
from policies.counting import local_day, midnight

logger = logging.getLogger(__name__)
counting_paused = Breaker(pause=10)

COUNTING = "visits:counting"
ROBOTS = re.compile(
    r"bot\b|crawl|spider|slurp|monitor|preview|headless|lighthouse"
    r"|^(curl|wget|python|go-http|java|okhttp|libwww|axios|node)",
    re.IGNORECASE,
)

_salt: tuple[date, bytes] | None = None


def is_robot(request: HttpRequest) -> bool:
    """Tell those who say so, and browsers that fetch a page which nobody may ever look at."""
    browser = request.headers.get("User-Agent", "")
    return not browser or "Sec-Purpose" in request.headers or bool(ROBOTS.search(browser))


def count_visit(page: str, network: str) -> None:
    """Count a view of the page, and the network if it is known. Never fails, and rarely waits."""
    if redis_away.is_open or counting_paused.is_open:
        return
    try:
        _count(page, network, local_day(timezone.now()))
    except Exception as error:  # noqa: BLE001 -- no count is worth a page
        counting_paused.trip()
        logger.warning("visits are not counted for a while: %s", type(error).__name__)


def _count(page: str, network: str, day: date) -> None:
    with redis().pipeline(transaction=False) as commands:  # one message; all else is the job's
        if network:
            salted = blake2b(network.encode(), key=_salt_of(day), digest_size=16)
            commands.pfadd(networks_key(day, page), salted.digest())
        commands.hincrby(key(COUNTING), f"{day} {page}", 1)
        commands.execute()


def _salt_of(day: date) -> bytes:
    """Return the day's salt, which all processes share; at midnight it is gone."""
    global _salt
    if _salt is None or _salt[0] != day:
        mine, ends = secrets.token_bytes(32), midnight(day + timedelta(days=1))
        known = redis().set(key(f"visits:salt:{day}"), mine, nx=True, get=True, exat=ends)
        _salt = day, known or mine
    return _salt[1]


def networks_key(day: date, page: str) -> str:
    return key(f"visits:networks:{day}:{page}")


def key(name: str) -> str:
    return caches["default"].make_key(name)


def redis() -> Any:
    """Return the client of Redis that the cache uses, for what a cache cannot do."""
    cache: Any = caches["default"]
    return cache.redis
