"""Counting rows inside of other queries, so that one query answers for a whole board."""

from collections.abc import Mapping
from typing import Any

from django.db import models
from django.db.models import QuerySet, Subquery

from policies.models import Company

Rows = Mapping[str, QuerySet[Any, Any]]


class CountRows(Subquery):
    template = "(SELECT count(*) FROM (%(subquery)s) AS counted)"
    output_field = models.IntegerField()
    empty_result_set_value = 0  # of rows that no condition can find


def count_at_once(rows: Rows) -> dict[str, int]:
    """Count several things in one query; it hangs on the row of the company, of which there is one.

    Raises Company.DoesNotExist.
    """
    if not rows:
        return {}
    counts = {name: CountRows(each.order_by().values("pk")) for name, each in rows.items()}
    found: Any = Company.objects.values(**counts).get()
    return dict(found)
