"""The days that were rejected or withdrawn: of these the history is all that is left."""

from dataclasses import dataclass
from datetime import date, datetime

from common.bilingual import Bilingual
from common.history_page import REASONS
from policies.calendar_changes import REJECTED, WithdrawalReason
from policies.models import OfficialDay, OfficialDayKind

MOST = 100  # the newest; a year has hardly twenty


@dataclass(frozen=True)
class RemovedDay:
    """``document`` is what called a day off that counted; a proposal needs none."""

    day: date
    label_vi: str
    label_en: str
    kind: str
    reason: str
    document: str
    by: str
    at: datetime

    label = Bilingual("label")

    @property
    def was_rejected(self) -> bool:
        return self.reason == REJECTED

    @property
    def why(self) -> str:
        return str(REASONS.get(self.reason, ""))


def removed_days(year: int) -> list[RemovedDay]:
    """Return the days of a year that were taken out, the last to go first. One query."""
    gone = OfficialDay.history.filter(
        day__year=year,
        history_type="-",
        history_change_reason__in=[REJECTED, *WithdrawalReason.values],
    )
    return [
        RemovedDay(
            day=row.day,
            label_vi=row.label_vi,
            label_en=row.label_en,
            kind=str(OfficialDayKind(row.kind).label),
            reason=row.history_change_reason,
            document=row.document,
            by=str(row.history_user or ""),
            at=row.history_date,
        )
        for row in gone.select_related("history_user").order_by("-history_id")[:MOST]
    ]
