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

from accounts.locks import lock_customer, lock_open
from accounts.models import Customer
from calls.exceptions import ErasureRefused
from calls.models import CallRecording, ErasedRecording
from common.files import doom_files
from common.personal_data import DataCategory, OwnPeriod, is_held, not_held
from policies.counting import local_day
from policies.models import RetentionRule, RetentionTrigger
from policies.retention import deletion_rule, kept_until


def last_day_of(started_at: datetime) -> date | None:
    """Return the last day of a call's recording, by the rule of today.

    None where it goes with its customer.
    """
    rule = _rule(RetentionTrigger.CREATED)
    return kept_until(rule, started_at) if rule else None


def period_of_recordings() -> OwnPeriod | None:
    """Return until when recordings stay that do not go with their customer; the rule says it."""
    rule = _rule(RetentionTrigger.CREATED)
    return OwnPeriod("", rule.source, _last_day) if rule else None


def _last_day(recordings: "QuerySet[CallRecording]") -> date | None:
    if recordings.filter(kept_until=None).exists():
        return None
    day: date | None = recordings.aggregate(day=Max("kept_until"))["day"]
    return day


def is_erasable_by_customer() -> bool:
    return _rule(RetentionTrigger.ON_REQUEST) is not None


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
    if is_held(recording.customer_id):
        raise ErasureRefused(
            _("This cannot be erased now, because the law obliges us to keep it for a while.")
        )
    _erase(recording)


def erase_old_recordings() -> int:
    """Erase the recordings whose last day is over; return how many went. Safe to repeat.

    Each in a transaction of its own, under its customer's lock. Those on legal hold stay.
    """
    over = CallRecording.objects.kept_too_long(local_day(timezone.now()))
    keys = not_held(over).order_by("pk").values_list("pk", flat=True)
    return sum(map(_erase_due, keys.iterator()))


@transaction.atomic
def _erase_due(key: int) -> bool:
    recording = CallRecording.objects.select_related("customer").filter(pk=key).first()
    if recording is None:
        return False
    try:
        lock_customer(recording.customer)
    except Customer.DoesNotExist:  # the purge was faster
        return False
    return False if is_held(recording.customer_id) else _erase(recording)


def _erase(recording: CallRecording) -> bool:
    remember_sources([recording.source_hash])
    doom_files([str(recording.file)])
    gone, _by_model = CallRecording.objects.filter(pk=recording.pk).delete()
    return bool(gone)


def remember_sources(hashes: Collection[str | None]) -> None:
    """Keep imports from bringing back what was recorded under these sources."""
    rows = [ErasedRecording(source_hash=each) for each in hashes if each]
    ErasedRecording.objects.bulk_create(rows, ignore_conflicts=True)


def _rule(trigger: RetentionTrigger) -> RetentionRule | None:
    today = local_day(timezone.now())
    return deletion_rule(DataCategory.CALL_RECORDING, [trigger], today)
