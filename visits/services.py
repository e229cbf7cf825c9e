"""Moving counts from Redis to PostgreSQL, each of them once."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from django.db import connection, transaction

from common.tokens import new_public_id
from policies.counting import midnight
from visits.counting import COUNTING, key, networks_key, redis
from visits.models import WHOLE_PORTAL, PageDay

MOVING, BATCH = "visits:moving", "batch"
NETWORKS_KEPT = timedelta(days=8)  # so that a worker that was away for a week finds them

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
    """Add what was counted to the rows of its days; return how many views there were.

    The counts get another name in Redis first, so that requests go on counting
    beside them. Under it they stay until their rows are committed; and they get
    the name of a batch, by which each row tells that it has them. So a run that is
    killed anywhere is continued by the next one: nothing is lost or added twice.
    """
    client = redis()
    if client.exists(key(COUNTING)):
        client.renamenx(key(COUNTING), key(MOVING))  # not over what a killed run has left
    if not client.exists(key(MOVING)):
        return 0
    client.hsetnx(key(MOVING), BATCH, new_public_id())
    counts = {name.decode(): value for name, value in client.hgetall(key(MOVING)).items()}
    batch = counts.pop(BATCH).decode()
    if not counts:  # Redis was emptied before the batch got its name
        client.delete(key(MOVING))
        return 0
    views: dict[date, dict[str, int]] = defaultdict(dict)
    for name, number in counts.items():
        on, _space, page = name.partition(" ")
        views[date.fromisoformat(on)][page] = int(number)
    _add(batch, [row for day, pages in views.items() for row in _counted(day, pages)])
    client.delete(key(MOVING))
    return sum(map(int, counts.values()))


def _counted(day: date, views: Mapping[str, int]) -> Iterator[Counted]:
    """Yield what is added to each page, and to all together, of which each network counts once."""
    before = PageDay.objects.filter(day=day).exclude(page=WHOLE_PORTAL)
    pages = {*views, *before.values_list("page", flat=True)}
    keys = {page: networks_key(day, page) for page in pages}
    client = redis()
    for each in keys.values():
        client.expireat(each, midnight(day) + NETWORKS_KEPT)
    for page, number in views.items():
        yield Counted(day, page, number, client.pfcount(keys[page]))
    yield Counted(day, WHOLE_PORTAL, sum(views.values()), client.pfcount(*keys.values()))


@transaction.atomic
def _add(batch: str, rows: Sequence[Counted]) -> None:
    PageDay.objects.bulk_create(
        (PageDay(day=row.day, page=row.page, views=0, networks=0) for row in rows),
        ignore_conflicts=True,
    )
    with connection.cursor() as cursor:
        days, pages, views, networks = (list(column) for column in zip(*rows, strict=True))
        cursor.execute(
            ADD,
            {"batch": batch, "days": days, "pages": pages, "views": views, "networks": networks},
        )
