from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.activity import counts_as_activity
from common.periods import Expiry, expires
from common.personal_data import (
    DataCategory,
    Declaration,
    RetentionTrigger,
    declare,
    mask_all,
)
from hosting.models import BackupRequest, HostedService
from hosting.orders import HANDING_OVER, order_destruction, to_be_destroyed
from policies.counting import local_day

declare(
    Declaration(
        model=HostedService,
        category=DataCategory.HOSTED_CONTENT,
        customer="customer",
        personal={
            "kind": mask_all,
            "label": mask_all,
            "host": mask_all,
            "size_mb": mask_all,
            "started_on": mask_all,
            "ended_on": mask_all,
            "description": mask_all,
            "is_backed_up": mask_all,
        },
        internal=["external_id"],
        references=["external_id"],
        plain=["submission"],
        page="hosting",
    )
)
declare(
    Declaration(
        model=BackupRequest,
        category=DataCategory.HOSTED_CONTENT,
        customer="service__customer",
        personal={"need_vi": mask_all, "need_en": mask_all},
        exported=["asked_at", "answer_by", "answer", "answered_at", "withdrawn_at"],
        page="hosting",
    )
)
expires(
    Expiry(
        name="ended_services",
        label=_("services that ended, whose destruction is ordered"),
        category=DataCategory.HOSTED_CONTENT,
        trigger=RetentionTrigger.SERVICE_ENDED,
        rows=to_be_destroyed,
        begins="ended_on",
        customer="customer",
        needed={HANDING_OVER: HostedService.objects.being_handed_over},
        erase=order_destruction,
    )
)


@counts_as_activity
def being_hosted(since: datetime) -> QuerySet[Any, Any]:
    lately = Q(ended_on=None) | Q(ended_on__gte=local_day(since))
    return HostedService.objects.filter(lately, customer=OuterRef("pk"))
