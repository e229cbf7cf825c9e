"""The official calendar as shipped: its days, its range, and the swaps."""

import csv
from datetime import date
from pathlib import Path

from simple_history.utils import bulk_create_with_history

from common.database import wait_for_others
from policies import profile_schema
from policies.calendar_changes import pair_days
from policies.calendar_years import CALENDAR
from policies.loading.rows import LOADED, put
from policies.models import CalendarRange, DayStatus, OfficialDay, OfficialDayKind

OFFICIAL_DAYS = Path(__file__).parent.parent / "official_calendar.csv"


def load_calendar(statute: profile_schema.StatutePack) -> int:
    """Add the official days that are missing; what staff did to the calendar since stays.

    A day that they withdrew does not come back, and a year that they completed stays.
    A swap is added whole or, where staff know one of its days, not at all.
    """
    wait_for_others(CALENDAR)
    changed = put(CalendarRange, {"pk": 1}, _range(statute.calendar))
    known = {day.isoformat() for day in OfficialDay.history.values_list("day", flat=True)}
    with OFFICIAL_DAYS.open(newline="", encoding="utf-8") as file:
        rows = {row["date"]: row for row in csv.DictReader(file)}
    missing = {
        day: _official_day(row)
        for day, row in rows.items()
        if known.isdisjoint((day, row["swapped_with"]))
    }
    bulk_create_with_history(list(missing.values()), OfficialDay, default_change_reason=LOADED)
    for day, added in missing.items():
        if added.kind == OfficialDayKind.SWAP_OFF:
            pair_days(added, missing[rows[day]["swapped_with"]], by=None, reason=LOADED)
    return changed + len(missing)


def _range(shipped: profile_schema.CalendarRange) -> dict[str, date]:
    loaded = CalendarRange.objects.first()
    values = shipped.model_dump()
    if loaded:
        values["covers_to"] = max(loaded.covers_to, shipped.covers_to)
    return values


def _official_day(row: dict[str, str]) -> OfficialDay:
    return OfficialDay(
        day=date.fromisoformat(row["date"]),
        day_type=row["day_type"],
        kind=row["kind"],
        label_vi=row["label_vi"],
        label_en=row["label_en"],
        status=DayStatus.PROVISIONAL if row["provisional"] == "yes" else DayStatus.OFFICIAL,
    )
