"""Moving counts from Redis to PostgreSQL, each of them once, and deleting them when it is time."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from django.db import connection, transaction
from django.utils import timezone

from common.personal_data import DataCategory
from policies.counting import add_months, local_day
from policies.models import RetentionTrigger
from policies.retention import deletion_rule
from visits.counting import BATCH, COUNTING, key, networks_key, redis
from visits.models import PageDay

MOVING = "visits:moving"
MONTHS_KEPT = 24  # where the company's profile has no rule for visits

ADD = """
    UPDATE visits_pageday AS known SET
        views = known.views + new.views,
        networks = least(known.views + new.views, greatest(known.networks, new.networks)),
        batch = %(batch)s
    FROM unnest(%(pages)s::text[], %(days)s::date[], %(views)s::int[], %(networks)s::int[])
        AS new (page, day, views, networks)
    WHERE known.page = new.page AND known.day = new.day AND known.batch <> %(batch)s
"""


class Counted(NamedTuple):
    """What a batch adds to a page and day; the networks are those of the day so far."""

    day: date
    page: str
    views: int
    networks: int


def move_counts() -> int:
    """Add what was counted to the rows of its days; return how many rows there were.

    The counts get another name in Redis first, so that requests go on counting
    beside them. Under it they stay until their rows are committed; and they name
    their batch, by which each row tells that it has them. So a run that is killed
    anywhere is continued by the next one: nothing is lost and nothing added twice.
    """
    client = redis()
    if client.exists(key(COUNTING)):
        client.renamenx(key(COUNTING), key(MOVING))  # not over what a killed run has left
    counts = {name.decode(): value for name, value in client.hgetall(key(MOVING)).items()}
    if not counts:
        return 0
    batch = counts.pop(BATCH).decode()
    rows = [_counted(name, int(views)) for name, views in counts.items()]
    _add(batch, rows)
    client.delete(key(MOVING))
    return len(rows)


def _counted(name: str, views: int) -> Counted:
    on, _space, page = name.partition(" ")
    day = date.fromisoformat(on)
    return Counted(day, page, views, redis().pfcount(networks_key(day, page)))


@transaction.atomic
def _add(batch: str, rows: Sequence[Counted]) -> None:
    months = _months_kept()
    PageDay.objects.bulk_create(
        (
            PageDay(
                day=row.day,
                page=row.page,
                views=0,
                networks=0,
                kept_until=add_months(row.day, months),
            )
            for row in rows
        ),
        ignore_conflicts=True,
    )
    with connection.cursor() as cursor:
        days, pages, views, networks = (list(column) for column in zip(*rows, strict=True))
        cursor.execute(
            ADD,
            {"batch": batch, "days": days, "pages": pages, "views": views, "networks": networks},
        )


def _months_kept() -> int:
    """Return for how long counts are kept that are written today."""
    today = local_day(timezone.now())
    rule = deletion_rule(DataCategory.VISIT, [RetentionTrigger.CREATED], today)
    return rule.months if rule else MONTHS_KEPT


def forget_old_counts() -> int:
    """Delete the rows whose last day is over; return how many went. Safe to repeat."""
    today = local_day(timezone.now())
    return PageDay.objects.kept_too_long(today)._raw_delete(PageDay.objects.db) or 0
