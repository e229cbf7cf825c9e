"""Removing access records when their own period is over, so that the seals still hold.

Under a rule that deletes access records some months after they were made, and once the DPO has
approved it, whole seals that are older lose their records. The seals stay, and a new one states
up to which of them records are gone, under which rule, and how many are still there: on legal
hold, or questioned by their customer. Those go once nothing keeps them. The rows go by a function
of the database, since the role of the running portal may delete none; it looks for the approved
rule and the age of each seal and record itself. An approval counts from its third day on, by the
clock of the database, and no rule makes a record go within a year.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import takewhile
from typing import Any

from django.db import connection, transaction
from django.db.models import BigIntegerField, F, Func, QuerySet
from django.utils import timezone

from access.models import AccessRecord, AccessSeal
from access.sealing import seal_block
from accounts.merging import public_ids_of
from common.erasure import Erased
from common.personal_data import DataCategory
from policies.counting import add_months, local_day, midnight
from policies.models import RetentionAction, RetentionRule, RetentionTrigger
from policies.retention import deletion_rule
from retention.models import LegalHold, PurgeRun
from retention.runs import begin_run, count_batch, finish_run, removes, report_rows

BATCH = 50_000  # records a transaction, about
TABLE = AccessRecord._meta.label
LEAST_MONTHS = 12  # as the function of the database has it

FindKept = Callable[[], QuerySet[Any, int]]
"""Returns the primary keys of records that must stay, whatever their age."""

_finders: list[FindKept] = []


def keeps_access_records(finder: FindKept) -> FindKept:
    """Let a room above say which records it still needs."""
    _finders.append(finder)
    return finder


def remove_access_records(*, only_report: bool = False) -> PurgeRun | None:
    """Remove the records whose period is over; None without a rule for them.

    Reports only when asked to, and until the rule has been approved for some days. Run again, it
    continues.
    """
    today = local_day(timezone.now())
    rule = deletion_rule(DataCategory.ACCESS_RECORD, [RetentionTrigger.CREATED], today)
    if rule is None:
        return None
    number = count_due(rule)
    run = begin_run(
        rule,
        due=number,
        going=number,
        among=AccessRecord.objects.all(),
        only_report=only_report,
        searches=False,
    )
    if removes(run):
        _remove_all(run, rule)
    elif number:
        report_rows(run, {TABLE: number})
    finish_run(run)
    return run


def removes_access_records(rule: RetentionRule) -> bool:
    return (rule.category, rule.trigger, rule.action) == (
        DataCategory.ACCESS_RECORD,
        RetentionTrigger.CREATED,
        RetentionAction.DELETE,
    )


def count_due(rule: RetentionRule) -> int:
    """Count the records that would go now under the rule."""
    due = [*_seals_of_released(), *(seal.number for seal in _seals_due(rule))]
    return _covered_by(due).exclude(pk__in=kept_records()).count()


def _remove_all(run: PurgeRun, rule: RetentionRule) -> None:
    if released := _seals_of_released():
        _remove(run, rule, released)
    while batch := _first_of(_seals_due(rule)):
        _remove(run, rule, batch)


@transaction.atomic
def _remove(run: PurgeRun, rule: RetentionRule, seals: list[int]) -> None:
    """Remove what these seals cover and nothing keeps, and state it in a seal."""
    before = AccessSeal.objects.newest_removal()
    present = _covered_by([number for number in seals if number > before["up_to"]]).count()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT retention_remove_access_records(%s, %s, %s::bigint[])",
            [rule.pk, seals, sorted(kept_records())],
        )
        removed = int(cursor.fetchone()[0])
    seal_block(
        removed={
            "up_to": max(before["up_to"], *seals),
            "kept": before["kept"] + present - removed,
            "months": rule.months,
            "rule": rule.pk,
        }
    )
    erased = Erased()
    erased.add(AccessRecord, DataCategory.ACCESS_RECORD, removed)
    count_batch(run, erased, number=removed)


def _seals_due(rule: RetentionRule) -> Iterator[AccessSeal]:
    """Yield the oldest seals that have their records and are too old to; never the newest."""
    months = max(rule.months, LEAST_MONTHS)
    before = midnight(add_months(local_day(timezone.now()), -months))
    newest = AccessSeal.objects.newest()
    seals = AccessSeal.objects.filter(number__gt=AccessSeal.objects.newest_removal()["up_to"])
    return takewhile(
        lambda seal: seal.made_at < before and seal != newest,
        seals.only("number", "made_at", "count").order_by("number"),
    )


def _first_of(seals: Iterable[AccessSeal]) -> list[int]:
    """Return the first of them that cover a batch of records together, but one at least."""
    numbers: list[int] = []
    records = 0
    for seal in seals:
        records += seal.count
        if numbers and records > BATCH:
            break
        numbers.append(seal.number)
    return numbers


def _covered_by(seals: list[int]) -> QuerySet[AccessRecord]:
    covered = Func(F("records"), function="unnest", output_field=BigIntegerField())
    ids = AccessSeal.objects.filter(number__in=seals).values(record=covered)
    return AccessRecord.objects.filter(pk__in=ids)


def kept_records() -> set[int]:
    """Return the records that must stay: of customers on legal hold, and what rooms above need."""
    holds = (
        LegalHold.objects.keeping().covering(DataCategory.ACCESS_RECORD).select_related("customer")
    )
    people = {public_id for hold in holds for public_id in public_ids_of(hold.customer)}
    return {*AccessRecord.objects.about(*people).values_list("pk", flat=True)}.union(
        *(finder() for finder in _finders)
    )


def _seals_of_released() -> list[int]:
    """Return the seals of records that an earlier run kept, and that nothing keeps any more."""
    up_to = AccessSeal.objects.newest_removal()["up_to"]
    last = AccessSeal.objects.filter(number=up_to).first()
    if last is None:
        return []
    left = AccessRecord.objects.filter(at__lte=last.made_at).exclude(pk__in=kept_records())
    released = list(left.values_list("pk", flat=True))
    seals = AccessSeal.objects.filter(number__lte=up_to, records__overlap=released)
    return list(seals.order_by("number").values_list("number", flat=True)) if released else []
