import pytest

from common.cache import ForgivingRedisCache, redis_away


@pytest.fixture
def away():
    cache = ForgivingRedisCache("redis://127.0.0.1:1/0", {"OPTIONS": {"socket_connect_timeout": 1}})
    yield cache
    redis_away.reset()


def test_a_cache_that_is_away_answers_as_an_empty_one(away):
    assert away.get("key", "nothing") == "nothing"
    away.set("key", 1)
    assert away.add("key", 1)
    assert not away.delete("key")


def test_it_is_asked_again_only_after_a_while(away):
    away.get("key")
    assert redis_away.is_open
