"""The list of complaints as rows of a file: no name and no word of a customer's."""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet, Subquery
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from casework.models import CaseChannel, Severity
from complaints.figures import completion, is_late
from complaints.models import SHORT_CATEGORY, ComplaintState, Outcome
from policies.models import Complexity

AT_ONCE = 2_000  # rows that are held in memory


def named(choices: Any) -> Callable[[str], str]:
    labels = dict(choices)
    return lambda code: str(labels[code]) if code else ""


def moment(at: datetime | None) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}" if at else ""


def day(on: date | None) -> str:
    return on.isoformat() if on else ""


def on_time(late: bool) -> str:
    return gettext("late") if late else gettext("in time")


COLUMNS: tuple[tuple[str | Promise, str, Callable[[Any], str]], ...] = (
    (_("reference"), "reference", str),
    (_("about"), "category", named(SHORT_CATEGORY)),
    (_("channel"), "channel", named(CaseChannel.choices)),
    (_("severity"), "severity", named(Severity.choices)),
    (_("complexity"), "complexity", named(Complexity.choices)),
    (_("state"), "state", named(ComplaintState.choices)),
    (_("outcome"), "outcome", named(Outcome.choices)),
    (_("received"), "received_at", moment),
    (_("last day"), "term", day),
    (_("closed"), "closed_at", moment),
    (_("in time"), "late", on_time),
    (_("handler"), "handler__staff_name", lambda name: name or ""),
)


def rows_of(complaints: QuerySet[Any]) -> Iterator[list[str]]:
    """Yield the headings and then each complaint, as they were recorded one after the other.

    Each batch is a question of its own, after which the connection is given back: who downloads
    slowly is in nobody's way, and sees what changes meanwhile.
    """
    yield [capfirst(str(heading)) for heading, _field, _shown in COLUMNS]
    rows = (
        complaints.annotate(
            term=Subquery(completion().values("last_day")[:1]), late=is_late(timezone.now())
        )
        .order_by("pk")
        .values_list("pk", *(field for _heading, field, _shown in COLUMNS))
    )
    last = 0
    while batch := list(rows.filter(pk__gt=last)[:AT_ONCE]):
        if not connection.in_atomic_block:
            connection.close()
        for _key, *values in batch:
            yield [
                shown(value)
                for (_heading, _field, shown), value in zip(COLUMNS, values, strict=True)
            ]
        last = batch[-1][0]
