from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.utils import timezone

from common.cache import redis_away
from common.throttle import may_try

MINUTE = timedelta(minutes=1)


def tries(who, number, action="ask"):
    return [may_try(action, who, most=2, within=MINUTE) for _ in range(number)]


@pytest.fixture(autouse=True)
def one_moment():
    with time_machine.travel(timezone.now(), tick=False) as clock:
        yield clock


def test_so_many_tries_pass_and_no_more_until_the_time_is_over(one_moment):
    assert tries("203.0.113.0/24", 3) == [True, True, False]

    one_moment.shift(MINUTE)
    assert tries("203.0.113.0/24", 1) == [True]


def test_each_has_tries_of_their_own_for_each_action():
    assert tries("one", 2) + tries("other", 2) + tries("one", 2, action="write") == [True] * 6


def test_while_redis_is_away_everybody_may():
    redis_away.trip()
    try:
        assert tries("one", 3) == [True] * 3
    finally:
        redis_away.reset()


def test_who_it_is_stands_nowhere_in_the_cache():
    tries("mai@example.com", 1)

    keys = [key.decode() for key in cache.redis.keys("*tries*")]
    assert keys
    assert not any("mai" in key for key in keys)
