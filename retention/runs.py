"""A run of an erasure under one rule: begun with a look at numbers and clocks, counted, finished.

Without the approval of its rule a run only reports, and so it does while nobody has decided between
the rule and a law that contradicts it. One that is in doubt removes nothing either;
it waits for the data protection officers, who are mailed, look at the numbers again and let it go
(``services.permit_run``): under that rule, for these doubts, up to the number they gave, and for a
few days. A run is in doubt when

- it would remove more than ``PURGE_MOST_TIMES`` as much as usual, which is the median of the last
  runs, or together with the night's other runs more than ``PURGE_MOST_PERCENT`` of all there is.
  Beat that was down for three days makes
  four times the usual, a week eight times: ten bother nobody, while a year that a clock or a
  wrong rule skips is hundreds of times. ``PURGE_NEVER_MANY`` and fewer are never too many, so that
  a small company is left alone.
- no run has been for days, or the last is yet to come: a clock may have jumped. Only runs that
  nobody doubted say when it was; other jobs have believed a wrong clock within a minute. A run with
  nothing to remove is doubted too, and asks nobody: it must not vouch for the clock to the next.
- the clocks of the application and of the database differ.
- a backup was restored and replayed: what was written after it is lost, a hold or a complaint among
  it, and a person enters that again. Whoever permits one run says that this is done, for all. A
  replay that found nothing to do, and of which nobody said that a backup was restored, is no doubt.

No permit helps while clocks differ or went back: they are put right, and the next run goes. Whoever
permits a run after a gap has looked at the clock, and vouches for it to every other run. What goes
by no rule waits with the same clocks (``clocks_are_doubted``).

What a batch removed is counted in its own transaction, so that the numbers are true whenever a run
is killed.
"""

import logging
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.staff import tell_officers
from common.database import database_now
from common.erasure import Erased
from common.personal_data import DataCategory
from policies.counting import local_day
from policies.models import RetentionRule
from retention.conflicts import undecided
from retention.models import PurgeApproval, PurgePermit, PurgeRun

logger = logging.getLogger(__name__)

LOOKED_BACK = 14  # runs
PERMITTED_FOR = timedelta(days=3)
APART = timedelta(minutes=5)
ACCESS_APPROVED_FOR = timedelta(days=3)  # as the function of the database has it
SILENT_FOR = timedelta(days=4)  # three days without beat, and the night before, ask nobody

DOUBTS = {
    "usual": gettext_lazy("Far more than usual, which is"),
    "share": gettext_lazy("A large part of all"),
    "gap": gettext_lazy("Days since the last run: a clock may have jumped"),
    "behind": gettext_lazy("Minutes by which the last run is yet to come: a clock went back"),
    "restored": gettext_lazy(
        "A backup was restored: first enter again what it lacks, holds above all. Erased again"
    ),
    "apart": gettext_lazy("Seconds between the clocks of the portal and of the database"),
}
BAD_CLOCKS = {"behind", "apart"}


@transaction.atomic
def begin_run(
    rule: RetentionRule,
    *,
    due: int,
    going: int,
    among: QuerySet[Any, Any],
    beside: int = 0,
    only_report: bool = False,
    searches: bool = True,
    at: datetime | None = None,
) -> PurgeRun:
    """Record a run that found so many due, of whom so many may go now; ``removes`` says what next.

    among: everything there is of what is removed. beside: how much of it goes by other runs of the
    night. searches: as on the run. at: the moment that a caller judges by instead of now; clocks
    are no matter then.
    """
    only_report = only_report or not may_delete(rule)
    doubts = _doubts_about_number(rule, going, beside, among) | doubt_about_restore()
    if at is None:
        doubts |= _doubts_about_clocks()
    if not only_report and _is_permitted(rule, going, doubts):
        doubts = {}
    run = PurgeRun.objects.create(
        rule=rule,
        only_reported=only_report,
        due=due,
        going=going,
        searches=searches,
        doubts=doubts,
    )
    if run.is_stopped:
        _tell_officers(run)
    return run


def clocks_are_doubted() -> bool:
    """Say, and log, whether what goes by no rule must wait; nobody is asked about that.

    So after a gap it waits until the runs of the night have gone on for some days.
    """
    doubts, here = _doubts_about_clocks(), timezone.now()
    since = PurgeRun.objects.filter(started_at__range=(here - SILENT_FOR, here - PERMITTED_FOR))
    if "gap" in doubts and since.exists():
        del doubts["gap"]
    if doubts:
        logger.error("a clock is doubted, so nothing is removed: %s", ", ".join(doubts))
    return bool(doubts)


def removes(run: PurgeRun) -> bool:
    """Say whether a run that has begun may remove anything."""
    return not run.only_reported and not run.doubts


def what_stops(run: PurgeRun) -> str:
    """Say why a run that finds what this one found would remove nothing of it, "" if it would."""
    rule = run.rule
    if rule is None:
        return ""
    if undecided(rule):
        return _("a law demands to store such data for longer, and nobody has decided yet")
    if is_newly_approved(rule):
        return _("the approval counts from its third day on; until then a run only reports")
    if not may_delete(rule):
        return _("the DPO has not approved this rule, so that a run only reports")
    if run.doubts and not _is_permitted(rule, run.going, run.doubts):
        doubts = ", ".join(f"{DOUBTS[each]} {number}" for each, number in run.doubts.items())
        return _("in doubt, so that a run waits for the DPO: %s") % doubts
    return ""


def may_delete(rule: RetentionRule) -> bool:
    approved = PurgeApproval.objects.filter(rule=rule).exists()
    return approved and not is_newly_approved(rule) and not undecided(rule)


def is_newly_approved(rule: RetentionRule) -> bool:
    """Say whether an approval does not count yet, as one to delete access records."""
    if rule.category != DataCategory.ACCESS_RECORD:
        return False
    since = timezone.now() - ACCESS_APPROVED_FOR
    return PurgeApproval.objects.filter(rule=rule, approved_at__gt=since).exists()


def count_batch(run: PurgeRun, erased: Erased, *, number: int, partly: int = 0) -> None:
    """Add what a batch removed, of so many; call it in the transaction of the batch."""
    known = PurgeRun.objects.select_for_update().get(pk=run.pk)
    if number or partly:
        known.searched_at = None  # nobody has looked for these yet
    known.erased += number
    known.partly += partly
    known.counts = _sum(known.counts, erased.tables)
    known.rows = _sum(known.rows, erased.rows)
    known.files = _sum(known.files, erased.files)
    known.save(update_fields=["erased", "partly", "counts", "rows", "files", "searched_at"])


def report_rows(run: PurgeRun, tables: Mapping[str, int]) -> None:
    """Say what would go: rows of each table, by label."""
    run.counts = dict(tables)
    run.save(update_fields=["counts"])


def finish_run(
    run: PurgeRun, *, held: int = 0, deferred: Mapping[str, int] | None = None, failed: int = 0
) -> None:
    """Say what the run left, and that it is over; ``run`` knows then what its batches counted."""
    run.refresh_from_db()
    run.held, run.failed = held, failed
    run.deferred = {reason: number for reason, number in (deferred or {}).items() if number}
    run.finished_at = timezone.now()
    run.save(update_fields=["held", "failed", "deferred", "finished_at"])


def many(rule: RetentionRule) -> int | None:
    """Return the number that a run under this rule removes as usual; None before the first."""
    runs = PurgeRun.objects.trusted().filter(
        rule=rule, only_reported=False, finished_at__isnull=False
    )
    numbers = list(runs.order_by("-pk").values_list("erased", flat=True)[:LOOKED_BACK])
    return int(median(numbers)) if numbers else None


def _doubts_about_number(
    rule: RetentionRule, going: int, beside: int, among: QuerySet[Any, Any]
) -> dict[str, int]:
    if going <= settings.PURGE_NEVER_MANY:
        return {}
    doubts = {}
    usual, all_there_is = many(rule), among.count()
    if usual is not None and going > settings.PURGE_MOST_TIMES * max(usual, 1):
        doubts["usual"] = usual
    if (going + beside) * 100 > settings.PURGE_MOST_PERCENT * all_there_is:
        doubts["share"] = all_there_is
    return doubts


def _doubts_about_clocks() -> dict[str, int]:
    here, there = timezone.now(), database_now()
    doubts = {}
    if abs(here - there) > APART:
        doubts["apart"] = int(abs(here - there).total_seconds())
    last = PurgeRun.objects.trusted().order_by("-started_at").first()
    if last is not None and last.started_at > here + APART:
        doubts["behind"] = int((last.started_at - here).total_seconds() / 60)
    if last is not None and here - last.started_at > SILENT_FOR and not _is_vouched_for():
        doubts["gap"] = (here - last.started_at).days
    return doubts


def _is_vouched_for() -> bool:
    return _recent_permits().filter(run__doubts__has_key="gap").exists()


def doubt_about_restore() -> dict[str, int]:
    replays = PurgeRun.objects.filter(Q(due__gt=0) | Q(doubts__has_key="restored"), rule=None)
    replay = replays.order_by("-pk").first()
    if replay is None:
        return {}
    said = PurgePermit.objects.filter(run__gt=replay.pk, run__doubts__has_key="restored")
    return {} if said.exists() else {"restored": replay.erased}


def _is_permitted(rule: RetentionRule, going: int, doubts: Mapping[str, int]) -> bool:
    """What the rule's runs have removed since uses a permit up."""
    runs = PurgeRun.objects.filter(rule=rule)
    return any(
        doubts.keys() <= permit.run.doubts.keys()
        and going + _removed_by(runs.filter(started_at__gte=permit.permitted_at)) <= permit.up_to
        for permit in _recent_permits().filter(run__rule=rule).select_related("run")
    )


def _recent_permits() -> QuerySet[PurgePermit]:
    return PurgePermit.objects.filter(permitted_at__gte=timezone.now() - PERMITTED_FOR)


def _removed_by(runs: QuerySet[PurgeRun]) -> int:
    removed = runs.aggregate(number=Sum(F("erased") + F("partly"), default=0))
    return int(removed["number"])


def _sum(counted: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    return dict(Counter(counted) + Counter(more))


def _tell_officers(run: PurgeRun) -> None:
    """Write once a day: a wrong clock stops the runs of all rules."""
    tell_officers(
        "purge_waits",
        key=f"purge-waits-{local_day(run.started_at)}",
        path=reverse("admin:retention_purgerun_changelist"),
    )
