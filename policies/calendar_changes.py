"""What the data protection officer does to the official calendar.

A day is proposed (by the library, a file or by hand), perhaps corrected or rejected, and confirmed
with the document that announces it; from then on clocks go by it. A confirmed day is only
withdrawn, with a reason and a document. The two days of a swap go every step together.
Open cases follow by a job (casework/recount.py), so each step here returns at once.
"""

from collections.abc import Iterable
from datetime import date

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.database import wait_for_others
from common.history import delete_as, save_as
from policies.calendar_comparison import SWAP, compare, faults_of_new, shown
from policies.calendar_import import CalendarRow
from policies.calendar_proposals import public_holidays
from policies.calendar_years import CALENDAR, require_year
from policies.exceptions import ChangeRefused
from policies.models import DayStatus, OfficialDay, OfficialDayKind

REJECTED = "rejected"  # in the history of a day


class WithdrawalReason(models.TextChoices):
    ANNOUNCEMENT_CHANGED = "announcement changed", gettext_lazy("the announcement was changed")
    ENTERED_WRONGLY = "entered wrongly", gettext_lazy("it was entered wrongly")


# Proposing


@transaction.atomic
def propose_year(year: int, *, by: AbstractBaseUser) -> list[OfficialDay]:
    """Propose what the library knows of ``year`` and the calendar lacks; return what was added.

    Raises ChangeRefused.
    """
    require_year(year)
    return propose_days(public_holidays(year), by=by, reason="proposed")


@transaction.atomic
def import_days(rows: Iterable[CalendarRow], *, by: AbstractBaseUser) -> list[OfficialDay]:
    """Propose the days of a file; return what was added. All of them or none.

    Raises ChangeRefused.
    """
    return propose_days(rows, by=by, reason="imported")


@transaction.atomic
def propose_day(
    *, day: date, kind: str, label_vi: str, label_en: str, by: AbstractBaseUser
) -> OfficialDay:
    """Propose one day off. Raises ChangeRefused, also for a day that the calendar knows."""
    wait_for_others(CALENDAR)
    row = CalendarRow(day, OfficialDayKind(kind), label_vi, label_en)
    _require_unknown([row])
    return propose_days([row], by=by)[0]


@transaction.atomic
def propose_days(
    rows: Iterable[CalendarRow], *, by: AbstractBaseUser, reason: str = "proposed"
) -> list[OfficialDay]:
    """Propose days; those that the calendar knows stay as they are. Return what was added.

    Raises ChangeRefused.
    """
    wait_for_others(CALENDAR)
    new = [found.row for found in compare(rows) if found.known is None]
    if faults := faults_of_new(new):
        raise ChangeRefused(" ".join(faults.values()))
    for row in new:
        require_year(row.day.year)
    added = {row.day: _add(row, by=by, reason=reason) for row in new}
    for row in new:
        if row.kind == OfficialDayKind.SWAP_OFF and row.swapped_with:
            pair_days(added[row.day], added[row.swapped_with], by=by, reason=reason)
    return list(added.values())


def _add(
    row: CalendarRow,
    *,
    by: AbstractBaseUser | None,
    reason: str,
    status: DayStatus = DayStatus.PROPOSED,
    document: str = "",
) -> OfficialDay:
    day = OfficialDay(
        day=row.day,
        day_type=row.day_type,
        kind=row.kind,
        label_vi=row.label_vi,
        label_en=row.label_en,
    )
    _set_status(day, status, document, by)
    save_as(day, by=by, reason=reason)
    return day


def pair_days(
    one: OfficialDay, other: OfficialDay, *, by: AbstractBaseUser | None, reason: str
) -> None:
    """Let the two days of a swap point at each other."""
    for day, partner in ((one, other), (other, one)):
        day.swapped_with = partner
        save_as(day, by=by, reason=reason, fields=["swapped_with"])


# A proposal


@transaction.atomic
def correct_proposal(
    day: OfficialDay, *, kind: str, label_vi: str, label_en: str, by: AbstractBaseUser
) -> None:
    """Raises ChangeRefused for a confirmed day, and for another kind of a day of a swap."""
    _lock(day)
    _require_proposal(day)
    if (day.kind in SWAP or kind in SWAP) and kind != day.kind:
        raise ChangeRefused(_("A swap stays one. Reject it, and enter the swap."))
    day.kind, day.label_vi, day.label_en = kind, label_vi, label_en
    save_as(day, by=by, reason="corrected", fields=["kind", "label_vi", "label_en"])


@transaction.atomic
def reject_proposal(day: OfficialDay, *, by: AbstractBaseUser) -> None:
    """Remove a proposal, with a swap both days; its history stays. Raises ChangeRefused."""
    _lock(day)
    _require_proposal(day)
    _remove(day, by=by, reason=REJECTED)


@transaction.atomic
def confirm_days(days: Iterable[OfficialDay], *, document: str, by: AbstractBaseUser) -> int:
    """Make proposed and provisional days official, each swap whole; return how many.

    Raises ChangeRefused, then none is confirmed.
    """
    wait_for_others(CALENDAR)
    _require_document(document)
    keys = [day.pk for day in days]
    partners = Q(swapped_with__in=keys) & ~Q(status=DayStatus.OFFICIAL)
    wanted = Q(pk__in=keys) | partners
    found = list(OfficialDay.objects.select_for_update().filter(wanted))
    if not set(keys) <= {day.pk for day in found}:
        raise ChangeRefused(_("A day was removed in the meantime. Look at the calendar again."))
    for day in found:
        if day.status == DayStatus.OFFICIAL:
            raise ChangeRefused(_("%(day)s is confirmed already.") % {"day": shown(day.day)})
        _set_status(day, DayStatus.OFFICIAL, document, by)
        fields = ["status", "document", "confirmed_by", "confirmed_at"]
        save_as(day, by=by, reason="confirmed", fields=fields)
    return len(found)


# A day that counts


@transaction.atomic
def withdraw_day(day: OfficialDay, *, reason: str, document: str, by: AbstractBaseUser) -> None:
    """Take a day that counts out of the calendar, with a swap both days.

    ``document`` is what calls it off; the last line of the day's history keeps it.

    Raises ChangeRefused.
    """
    _lock(day)
    _require_document(document)
    if day.status == DayStatus.PROPOSED:
        raise ChangeRefused(_("This day is only proposed: reject it."))
    _remove(day, by=by, reason=WithdrawalReason(reason).value, document=document)


@transaction.atomic
def enter_swap(
    *,
    day_off: date,
    working_day: date,
    label_vi: str,
    label_en: str,
    document: str,
    by: AbstractBaseUser,
) -> tuple[OfficialDay, OfficialDay]:
    """Enter a day off and the day at a weekend that is worked for it: both or none.

    Raises ChangeRefused.
    """
    wait_for_others(CALENDAR)
    _require_document(document)
    rows = [
        CalendarRow(day_off, OfficialDayKind.SWAP_OFF, label_vi, label_en, working_day),
        CalendarRow(working_day, OfficialDayKind.SWAP_WORK, label_vi, label_en, day_off),
    ]
    if abs(day_off.year - working_day.year) > 1:
        raise ChangeRefused(_("The two days of a swap lie in one year or in neighbouring years."))
    if faults := faults_of_new(rows):
        raise ChangeRefused(" ".join(faults.values()))
    _require_unknown(rows)
    off, worked = (
        _add(row, by=by, reason="swap entered", status=DayStatus.OFFICIAL, document=document)
        for row in rows
    )
    pair_days(off, worked, by=by, reason="swap entered")
    return off, worked


# Shared


def _lock(day: OfficialDay) -> None:
    wait_for_others(CALENDAR)
    try:
        day.refresh_from_db(from_queryset=OfficialDay.objects.select_for_update())
    except OfficialDay.DoesNotExist as error:
        text = _("A day was removed in the meantime. Look at the calendar again.")
        raise ChangeRefused(text) from error


def _remove(
    day: OfficialDay, *, by: AbstractBaseUser, reason: str, document: str | None = None
) -> None:
    for row in filter(None, (day, day.swapped_with)):
        if document is not None:
            row.document = document
        delete_as(row, by=by, reason=reason)


def _set_status(
    day: OfficialDay, status: DayStatus, document: str, by: AbstractBaseUser | None
) -> None:
    day.status, day.document = status, document.strip()
    if status == DayStatus.OFFICIAL:
        day.confirmed_by, day.confirmed_at = by, timezone.now()  # type: ignore[assignment]


def _require_unknown(rows: Iterable[CalendarRow]) -> None:
    for found in compare(rows):
        require_year(found.row.day.year)
        if found.known:
            raise ChangeRefused(
                _("%(day)s is in the calendar already: %(label)s.")
                % {"day": shown(found.row.day), "label": found.known.label}
            )


def _require_proposal(day: OfficialDay) -> None:
    if day.status != DayStatus.PROPOSED:
        raise ChangeRefused(_("This day is confirmed: it can only be withdrawn."))


def _require_document(document: str) -> None:
    if not document.strip():
        raise ChangeRefused(_("Name the document that announces it."))
