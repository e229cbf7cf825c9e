"""Copies of what is held that should be gone: what the nightly sweep left behind."""

from collections.abc import Collection
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from retention.orphans import Found, clears_orphans, finds_orphans, found_among
from rights.exports import expire_exports
from rights.models import Export, ExportQuerySet

LATE = timedelta(days=1)  # then the sweep has had its turn


@finds_orphans(exports=_("copies of a customer's data past their day"))
def late_exports() -> dict[str, Found]:
    return {"exports": found_among(_late())}


@clears_orphans("exports")
def expire_late(keys: Collection[str]) -> int:
    held = _late().filter(pk__in=keys).select_for_update(skip_locked=True, of=("self",))
    return sum(expire_exports([export.pk for export in held]).files.values())


def _late() -> ExportQuerySet:
    return Export.objects.kept().filter(expires_at__lte=timezone.now() - LATE)
