"""Until when a recording is kept, and its erasure where that is before its customer's.

Mostly recordings go with their customer, as the closing rule says. A company may also keep
them for so many months after the call, or let customers erase each one. An erased recording
leaves the hash of its source, so that no later import brings it back.
"""

from collections.abc import Collection
from datetime import date, datetime

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.locks import lock_open
from calls.exceptions import ErasureRefused
from calls.models import CallRecording, ErasedRecording
from common.erasure import Erased, erase_these
from common.personal_data import DataCategory, OwnPeriod, RetentionTrigger, is_held
from policies.counting import add_months, local_day
from policies.periods import rule_for
from policies.retention import deletion_rule


def last_day_of(started_at: datetime) -> date | None:
    """Return the last day of a call's recording, by the rule of its day.

    None where it goes with its customer.
    """
    day = local_day(started_at)
    rule = rule_for(DataCategory.CALL_RECORDING, RetentionTrigger.CREATED, day)
    return add_months(day, rule.months) if rule else None


def period_of_recordings() -> OwnPeriod | None:
    """Return until when recordings stay that do not go with their customer; the rule says it."""
    today = local_day(timezone.now())
    rule = rule_for(DataCategory.CALL_RECORDING, RetentionTrigger.CREATED, today)
    return OwnPeriod("", rule.source, _last_day) if rule else None


def _last_day(recordings: "QuerySet[CallRecording]") -> date | None:
    if recordings.filter(kept_until=None).exists():
        return None
    day: date | None = recordings.aggregate(day=Max("kept_until"))["day"]
    return day


def is_erasable_by_customer() -> bool:
    today = local_day(timezone.now())
    on_request = [RetentionTrigger.ON_REQUEST]
    return deletion_rule(DataCategory.CALL_RECORDING, on_request, today) is not None


@transaction.atomic
def erase_for_customer(recording: CallRecording) -> None:
    """Erase one recording as its customer asks. Where it is gone already, nothing is done.

    Raises AccountClosed, ErasureRefused.
    """
    lock_open(recording.customer)
    if not is_erasable_by_customer():
        raise ErasureRefused(
            _("This is kept for as long as your account is open. It goes when you close it.")
        )
    if is_held(recording.customer_id, DataCategory.CALL_RECORDING):
        raise ErasureRefused(
            _("This cannot be erased now, because the law obliges us to keep it for a while.")
        )
    erase_recordings([recording.pk])


def erase_recordings(keys: Collection[int]) -> Erased:
    """Erase these (primary keys); call it in a transaction that holds them."""
    sources = CallRecording.objects.filter(pk__in=keys).values_list("source_hash", flat=True)
    remember_sources(list(sources))
    return erase_these(CallRecording, keys, DataCategory.CALL_RECORDING)


def remember_sources(hashes: Collection[str | None]) -> None:
    """Keep imports from bringing back what was recorded under these sources."""
    rows = [ErasedRecording(source_hash=each) for each in hashes if each]
    ErasedRecording.objects.bulk_create(rows, ignore_conflicts=True)
