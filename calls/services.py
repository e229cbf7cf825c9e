"""Keeping the recording of a call."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.files import file_key
from accounts.locks import lock_open
from accounts.models import ConsentDecision, Customer, User
from calls.audio import CheckedAudio
from calls.exceptions import RecordingKnown, RecordingRefused
from calls.models import (
    LONGEST_CALL,
    CallDirection,
    CallRecording,
    ErasedRecording,
    recording_path,
)
from calls.retention import last_day_of
from common.encryption.files import Readable
from common.files import company_key, keep_files, provisional_files
from common.personal_data import DataCategory, end_of_phone
from policies.counting import local_day
from policies.models import Purpose

CLOCKS_DIFFER = timedelta(minutes=5)  # by so much a telephone system may be ahead of us
OLDEST_CALL = timedelta(days=50 * 365)  # what is said to be older is a slip


@dataclass(frozen=True)
class Call:
    """What is told of a call. number: the customer's end, of which a mask is kept.

    source: its id at the telephone system, by which it is known again.
    """

    direction: CallDirection
    started_at: datetime
    duration: timedelta
    purpose: Purpose
    number: str = ""
    source: str = ""


def purposes_of_recording() -> "list[Purpose]":
    """Return the purposes for which the company may keep recordings now."""
    active = Purpose.objects.active()
    return list(active.filter(data_categories__contains=[DataCategory.CALL_RECORDING]))


def add_recording(
    customer: Customer, call: Call, audio: Readable, *, by: User | None
) -> CallRecording:
    """Keep a recording under the key of its customer; ``by`` is None for the telephone system.

    ``audio`` is read once, from its beginning. The file is stored before the transaction that
    records it, so that no row waits for a disk, and goes again if that does not commit.

    Raises AccountClosed, AudioRefused, RecordingKnown, RecordingRefused.
    """
    _require_takeable(customer, call)
    checked = CheckedAudio(audio)
    recording = CallRecording(
        customer=customer,
        direction=call.direction,
        started_at=call.started_at,
        duration=call.duration,
        number=end_of_phone(call.number) if call.number else "",
        purpose=call.purpose,
        content_type=checked.content_type,
        source_hash=hash_of(call.source),
        kept_until=last_day_of(call.started_at),
        added_by=by,
    )
    path = recording.file.name = recording_path(recording, "")
    try:
        key = file_key(customer)
    except Customer.DoesNotExist as error:  # the purge or a merge was faster
        raise RecordingRefused(_("There is no such customer any more.")) from error
    with provisional_files({path: checked}, key=key):
        recording.size, recording.sha256 = checked.size, checked.sha256
        try:
            _record(recording, call)
        except IntegrityError:
            _require_takeable(customer, call)  # another import was faster
            raise
    return recording


@transaction.atomic
def _record(recording: CallRecording, call: Call) -> None:
    lock_open(recording.customer)
    _require_takeable(recording.customer, call)
    keep_files([str(recording.file)])
    recording.save(force_insert=True)


def hash_of(source: str) -> str | None:
    """Return the keyed hash by which a call is known; without the key nobody can try numbers.

    The company's key never changes: what was erased could not be hashed anew.
    """
    if not source:
        return None
    plain = hashlib.sha256(source.encode()).hexdigest()
    return hmac.digest(company_key().secret, f"call {plain}".encode(), "sha256").hex()


def _require_takeable(customer: Customer, call: Call) -> None:
    """Raises RecordingKnown, RecordingRefused."""
    if source := hash_of(call.source):
        for table in (CallRecording, ErasedRecording):
            if table.objects.filter(source_hash=source).exists():
                raise _known()
    now = timezone.now()
    if not timedelta() < call.duration <= LONGEST_CALL:
        raise RecordingRefused(_("A call lasts from one second to 24 hours."))
    if call.started_at > now + CLOCKS_DIFFER:
        raise RecordingRefused(_("The call is still to come."))
    if call.started_at < now - OLDEST_CALL or _is_over(call.started_at):
        raise RecordingRefused(_("The call is older than recordings are kept."))
    if call.purpose.asks_consent and not _had_agreed(customer, call):
        raise RecordingRefused(
            _("The customer had not agreed to being recorded when the call was made.")
        )


def _is_over(started_at: datetime) -> bool:
    last_day = last_day_of(started_at)
    return last_day is not None and last_day < local_day(timezone.now())


def _had_agreed(customer: Customer, call: Call) -> bool:
    """Say whether the customer's last decision before the call was to agree."""
    decisions = customer.consents.filter(purpose=call.purpose, at__lte=call.started_at)
    last = decisions.order_by("at", "pk").last()
    return last is not None and last.decision == ConsentDecision.GIVEN


def _known() -> RecordingKnown:
    return RecordingKnown(_("The portal has this recording, or had it until it was erased."))
