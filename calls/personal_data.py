from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.activity import counts_as_activity
from calls.models import CallRecording
from calls.retention import erase_recordings, period_of_recordings, remember_sources
from common.database import among
from common.periods import Expiry, expires
from common.personal_data import (
    DataCategory,
    Declaration,
    RetentionTrigger,
    declare,
    erasure_step,
    exempt,
    mask_all,
    outlives,
    without_keepers,
)

declare(
    Declaration(
        model=CallRecording,
        category=DataCategory.CALL_RECORDING,
        customer="customer",
        personal={
            "direction": mask_all,
            "started_at": mask_all,
            "duration": mask_all,
            "number": mask_all,
        },
        internal=["source_hash"],
        plain=["size", "sha256"],
        until="kept_until",
        period=period_of_recordings,
        files=["file"],
        since="added_at",
        origin=_("from the company's telephone system or staff"),
        page="calls",
        exported=["purpose", "size", "sha256", "kept_until"],
    )
)
expires(
    Expiry(
        name="calls",
        label=_("call recordings"),
        category=DataCategory.CALL_RECORDING,
        trigger=RetentionTrigger.CREATED,
        rows=CallRecording.objects.all,
        begins="started_at",
        until="kept_until",
        customer="customer",
        deferred=True,
        facet="direction",
        erase=erase_recordings,
    )
)

exempt("calls.ErasedRecording", because="a keyed hash of the telephone system's id of a call")
outlives(
    "calls.ErasedRecording.source_hash",
    because="a keyed hash, without which the next import would bring the recording back",
)


@counts_as_activity
def calling(since: datetime) -> QuerySet[Any, Any]:
    return CallRecording.objects.filter(customer=OuterRef("pk"), started_at__gte=since)


@erasure_step
def keep_recordings_from_coming_back(customers: Collection[int]) -> None:
    going = without_keepers(DataCategory.CALL_RECORDING, customers)
    recordings = CallRecording.objects.filter(among("customer", going))
    remember_sources(list(recordings.values_list("source_hash", flat=True)))
