"""The clocks of the deletion, from live rows: how long ago was what must not be long ago.

The bounds stand in the settings. What the controls of promises ask of them stands here too, so that
a board and a clock never say two things.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models import Exists, Max, Min, OuterRef, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer
from common.models import JobStatus
from policies.counting import local_day, midnight
from retention.due import free_to_go
from retention.models import PurgeRun, RehearsalOutcome, RestoreRehearsal
from retention.tasks import PURGE

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
        """Return "good", "soon" or "late"."""
        age = self.now - self.since if self.since else timedelta(0)
        if age >= self.bound:
            return "late"
        return "soon" if age >= self.bound * SOON else "good"

    @property
    def state_text(self) -> str | Promise:
        return STATES[self.state]


STATES = {"good": _("good"), "soon": _("soon late"), "late": _("late")}
NEVER = datetime.min.replace(tzinfo=UTC)


def deletion_clocks(now: datetime | None = None) -> list[Clock]:
    now = now or timezone.now()
    return [_oldest_due(now), _last_run(now), _last_search(now), _last_rehearsal(now)]


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


def _oldest_due(now: datetime) -> Clock:
    due = free_to_go(Customer.objects.kept_too_long(local_day(now)))
    last_day = due.aggregate(day=Min("kept_until"))["day"]
    since = last_day and midnight(last_day + timedelta(days=1))
    label = _("oldest account past its day")
    return Clock("oldest_due", label, since, since, "ERASED_WITHIN", now)


def _last_run(now: datetime) -> Clock:
    last = JobStatus.objects.filter(name=PURGE).aggregate(at=Max("succeeded_at"))["at"]
    label = _("last nightly run that succeeded")
    return Clock("last_run", label, last, last or NEVER, "PURGE_RUN_WITHIN", now)


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
