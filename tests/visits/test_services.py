"""Counts come into the database once, whoever is killed, and go when their period is over."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from redis.exceptions import RedisError

from common.jobs import all_jobs
from tests.processes import run_apart
from tests.threads import at_once, until_somebody_waits
from visits.counting import COUNTING, count_visit, key, redis
from visits.models import PageDay
from visits.services import BATCH, MOVING, move_counts

DAY = timedelta(days=1)


def visit(page="home", network="203.0.113.0/24", times=1):
    for _ in range(times):
        count_visit(page, network)


def views():
    return dict(PageDay.objects.values_list("page", "views"))


def make_day(**kwargs) -> PageDay:
    kwargs.setdefault("page", "home")
    kwargs.setdefault("day", timezone.localdate())
    return PageDay.objects.create(**{"views": 1, "networks": 1, **kwargs})


@pytest.mark.django_db
def test_later_counts_are_added_to_the_day():
    visit(times=2)
    move_counts()
    visit(network="198.51.100.0/24")
    visit(page="policy")

    assert move_counts() == 2
    assert views() == {"home": 3, "policy": 1, "": 4}
    assert PageDay.objects.get(page="home").networks == 2


@pytest.mark.django_db
def test_where_nothing_was_counted_nothing_is_written():
    assert move_counts() == 0
    assert not PageDay.objects.exists()


@pytest.mark.django_db
def test_after_redis_was_emptied_in_between_counting_goes_on():
    redis().hset(key(MOVING), BATCH, "a batch that lost its counts")
    visit()

    assert [move_counts() for _ in range(2)] == [0, 1]
    assert views() == {"home": 1, "": 1}


def test_a_process_that_is_killed_while_it_writes_loses_nothing_and_doubles_nothing(portal):
    visit(times=3)
    move_counts()
    visit(times=2)

    with transaction.atomic():
        PageDay.objects.select_for_update().get(page="home")
        process = run_apart("from visits.services import move_counts; move_counts()")
        until_somebody_waits()
        visit(times=4)
        process.kill()
        process.wait()

    assert views() == {"home": 3, "": 3}
    move_counts()
    assert views() == {"home": 5, "": 5}
    move_counts()
    assert views() == {"home": 9, "": 9}


@pytest.mark.django_db
def test_killed_before_the_commit_the_next_run_adds_what_is_left_and_then_the_rest():
    visit(times=3)
    redis().rename(key(COUNTING), key(MOVING))  # and here it was killed
    visit(times=2)

    move_counts()
    assert views()["home"] == 3
    move_counts()
    assert views()["home"] == 5


@pytest.mark.django_db
def test_killed_after_the_commit_the_next_run_adds_nothing_twice():
    visit(times=3)
    redis().rename(key(COUNTING), key(MOVING))
    redis().hset(key(MOVING), BATCH, "of the killed run")
    redis().copy(key(MOVING), key("kept"))
    move_counts()
    redis().rename(key("kept"), key(MOVING))  # as if it had been killed before it deleted them
    visit(times=2)

    move_counts()
    assert views()["home"] == 3
    move_counts()
    assert views() == {"home": 5, "": 5}


@pytest.mark.django_db
def test_a_refused_row_leaves_the_counts_in_redis():
    visit(page="x" * 81)

    with pytest.raises(Exception, match="too long"):
        move_counts()

    assert redis().exists(key(MOVING))


def test_counts_that_come_while_others_are_moved_are_not_lost(portal):
    at_once(*[lambda: visit(times=25)] * 4, *[move_counts] * 1)
    move_counts()
    move_counts()

    assert views() == {"home": 100, "": 100}


@pytest.mark.django_db
def test_all_pages_together_count_a_network_once_in_whatever_batches_it_comes():
    visit()
    visit(network="198.51.100.0/24")
    move_counts()
    visit(page="policy", times=2)
    visit(page="policy", network="192.0.2.0/24")
    move_counts()

    assert dict(PageDay.objects.values_list("page", "networks")) == {"home": 2, "policy": 2, "": 3}


@pytest.mark.django_db
def test_when_redis_lost_its_counts_the_networks_of_the_day_do_not_shrink():
    visit()
    visit(network="198.51.100.0/24")
    move_counts()
    redis().flushdb()
    visit()
    move_counts()

    assert PageDay.objects.get(page="home").networks == 2


@pytest.mark.django_db
def test_the_job_says_that_redis_is_away(settings):
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1"}}

    with pytest.raises(RedisError):
        move_counts()


@pytest.mark.django_db
def test_the_job_is_planned():
    assert "visits.move_counts" in {job.name for job in all_jobs()}


@pytest.mark.django_db
def test_a_page_has_one_row_a_day():
    make_day()

    with pytest.raises(IntegrityError, match="pageday_once"):
        make_day()


@pytest.mark.django_db
def test_there_are_no_more_networks_than_views():
    with pytest.raises(IntegrityError, match="pageday_networks_within_views"):
        make_day(networks=2)
