"""The clocks of the deletion, from live rows: how long ago was what must not be long ago.

The bounds stand in the settings. What the controls of promises ask of them stands here too, so that
a board and a clock never say two things.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.conf import settings
from django.db.models import Exists, Max, Min, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer
from common.job_report import set_up_at
from common.models import JobStatus
from common.periods import Expiry, expiries
from policies.counting import ONE_DAY, add_months, local_day, midnight
from policies.periods import Term, over, terms_or_none
from retention.due import free_to_go
from retention.kept_rows import free_rows
from retention.models import PurgeRun, RehearsalOutcome, RestoreRehearsal
from retention.tasks import PURGE, SWEEP

SOON = 0.8  # of the time that there is


@dataclass(frozen=True)
class Clock:
    """One clock as it stands ``now``.

    last: when it was last done; of rows that are due, when the oldest became so. since: the moment
    that is counted from, None while nothing is. setting: where the bound stands.
    """

    name: str
    label: str | Promise
    last: datetime | None
    since: datetime | None
    setting: str
    now: datetime

    @property
    def bound(self) -> timedelta:
        bound: timedelta = getattr(settings, self.setting)
        return bound

    @property
    def state(self) -> str:
        """Return "good", "soon" or "late"; of what never was and need not have been, "not_due"."""
        age = self.now - self.since if self.since else timedelta(0)
        if age >= self.bound:
            return "late"
        if age >= self.bound * SOON:
            return "soon"
        return "good" if self.last else "not_due"

    @property
    def late_from(self) -> datetime | None:
        return self.since and self.since + self.bound

    @property
    def state_text(self) -> str | Promise:
        return STATES[self.state]

    @property
    def remedy(self) -> str | Promise:
        """Return what to do about it, "" while that is nothing."""
        return REMEDIES[self.name] if self.state in ("soon", "late") else ""


STATES = {
    "good": _("good"),
    "soon": _("soon late"),
    "late": _("late"),
    "not_due": _("not due yet"),
}
WHAT_KEEPS = _("see by purge --dry-run what keeps it: an approval, or an error of the last run")
WHY_NOT_RUN = _("see among the scheduled jobs on the desk why it did not run, or run purge by hand")
REMEDIES = {
    "oldest_account": WHAT_KEEPS,
    "oldest_row": WHAT_KEEPS,
    "last_purge": WHY_NOT_RUN,
    "last_sweep": WHY_NOT_RUN,
    "last_search": _(
        "run residue for who was erased, and note the outcome in that run on the desk"
    ),
    "last_rehearsal": _("run rehearse_restore --by EMAIL, best with the newest backup"),
}
NEVER = datetime.min.replace(tzinfo=UTC)


def deletion_clocks(now: datetime | None = None) -> list[Clock]:
    now = now or timezone.now()
    return [
        _oldest_account(now),
        _oldest_row(now),
        _last_success(now, "last_purge", PURGE, _("last purge of closed accounts that succeeded")),
        _last_success(now, "last_sweep", SWEEP, _("last sweep of other rows that succeeded")),
        _last_search(now),
        _last_rehearsal(now),
    ]


def late_clocks() -> list[Clock]:
    return [clock for clock in deletion_clocks() if clock.state == "late"]


def runs_in_time(now: datetime) -> "QuerySet[JobStatus]":
    """Return the nightly run, if its last success is not too long ago."""
    since = now - settings.PURGE_RUN_WITHIN
    return JobStatus.objects.filter(name=PURGE, succeeded_at__gt=since)


def rehearsals_in_time(now: datetime) -> "QuerySet[RestoreRehearsal]":
    return _passed().filter(started_at__gt=now - settings.RESTORE_REHEARSED_WITHIN)


def erasures_to_rehearse(now: datetime) -> "QuerySet[PurgeRun]":
    """Return the runs that erased so long ago that a rehearsal should have been since."""
    return _erasing_runs().filter(started_at__lte=now - settings.RESTORE_REHEARSED_WITHIN)


def _erasing_runs() -> "QuerySet[PurgeRun]":
    """Return the runs that erased customers: they alone are in the ledger."""
    return PurgeRun.objects.filter(erased__gt=0, searches=True)


def _passed() -> "QuerySet[RestoreRehearsal]":
    """Return the rehearsals that passed, and after which none went wrong."""
    wrong = RestoreRehearsal.objects.filter(pk__gt=OuterRef("pk"))
    wrong = wrong.exclude(outcome=RehearsalOutcome.PASSED)
    return RestoreRehearsal.objects.filter(~Exists(wrong), outcome=RehearsalOutcome.PASSED)


def _oldest_account(now: datetime) -> Clock:
    """Ask of whole accounts, and of parts that had to stay once their day is over too."""
    today = local_day(now)
    free = free_to_go(Customer.objects.kept_too_long(today))
    due = free.filter(Q(remainder=None) | Q(remainder__until__lt=today))
    last_day = due.aggregate(day=Min(Coalesce("remainder__until", "kept_until")))["day"]
    return _past(now, "oldest_account", last_day, _("oldest closed account past its day"))


def _oldest_row(now: datetime) -> Clock:
    """Ask of each kind of rows that go by a period of their own (common/periods.py)."""
    last_days = [
        last_day
        for expiry in expiries()
        for term in terms_or_none(expiry)
        if (last_day := _last_day_of_oldest(expiry, term, local_day(now)))
    ]
    label = _("oldest other row past its day")
    return _past(now, "oldest_row", min(last_days, default=None), label)


def _last_day_of_oldest(expiry: Expiry, term: Term | None, today: date) -> date | None:
    """Return the last day of the row that is over for the longest time, None if none is."""
    past = free_rows(expiry, over(expiry, term, today))
    first = past.aggregate(first=Min(expiry.until or expiry.begins))["first"]
    if first is None:
        return None
    day: date = local_day(first) if isinstance(first, datetime) else first
    if expiry.until:
        return day
    if term is not None:
        return add_months(day, term.rule.months)
    return day + timedelta(days=expiry.days() if expiry.days else 0)


def _past(now: datetime, name: str, last_day: date | None, label: str | Promise) -> Clock:
    since = midnight(last_day + ONE_DAY) if last_day else None
    return Clock(name, label, since, since, "ERASED_WITHIN", now)


def _last_success(now: datetime, name: str, job: str, label: str | Promise) -> Clock:
    """Until it was ever done, the time counts from when the portal was set up."""
    last = JobStatus.objects.filter(name=job).aggregate(at=Max("succeeded_at"))["at"]
    return Clock(name, label, last, last or set_up_at(), "PURGE_RUN_WITHIN", now)


def _last_search(now: datetime) -> Clock:
    last = PurgeRun.objects.aggregate(at=Max("searched_at"))["at"]
    unsearched = PurgeRun.objects.in_doubt().filter(searched_at=None)
    since = unsearched.aggregate(at=Min("started_at"))["at"]
    label = _("last search for what should be gone")
    return Clock("last_search", label, last, since, "RESIDUE_SEARCHED_WITHIN", now)


def _last_rehearsal(now: datetime) -> Clock:
    """Until something was erased there is nothing to rehearse."""
    last = _passed().aggregate(at=Max("started_at"))["at"]
    first = _erasing_runs().aggregate(at=Min("started_at"))["at"]
    went_wrong = last is None and RestoreRehearsal.objects.exists()
    since = last or (NEVER if went_wrong else first)
    label = _("last rehearsal of a restore that passed")
    return Clock("last_rehearsal", label, last, since, "RESTORE_REHEARSED_WITHIN", now)
