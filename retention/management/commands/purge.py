from argparse import ArgumentParser
from collections.abc import Collection
from contextlib import nullcontext
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.urls import reverse
from django.utils.translation import gettext as _

from common.commands import SpokenCommand
from common.errors import PortalError
from common.jobs import done_by_hand
from retention.controls import UNSEARCHED
from retention.models import PurgeRun
from retention.purge import purge_closed_accounts
from retention.runs import is_newly_approved, may_delete, removes, what_stops
from retention.sweeps import count_by_setting, sweep
from retention.tasks import PURGE, SWEEP


class Command(SpokenCommand):
    help = "Erase whose retention period is over, accounts and rows, as the nightly jobs do."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Count, and erase nothing.")

    def handle(self, *, dry_run: bool, **options: Any) -> None:
        found: list[list[PurgeRun]] = []
        for job, erase in ((PURGE, purge_closed_accounts), (SWEEP, sweep)):
            try:
                with nullcontext() if dry_run else done_by_hand(job):
                    found.append(erase(only_report=dry_run))
            except (PortalError, OSError) as error:
                raise CommandError(str(error)) from error
            for run in found[-1]:
                if run.due or run.erased:
                    self._report(run, dry_run=dry_run)
        accounts, rows = found
        if dry_run:
            self._foretell(accounts, rows)
        else:
            self._sum_up(accounts, rows)

    def _report(self, run: PurgeRun, *, dry_run: bool) -> None:
        self.stdout.write(run.rule.text if run.rule else "–")
        self.stdout.write("  " + (what_stops(run) or _("approved by the DPO")))
        numbers = {
            _("due"): run.due,
            _("to be erased") if dry_run else _("erased"): run.going if dry_run else run.erased,
            _("erased but for a part"): run.partly,
            _("failed"): run.failed,
            _("on legal hold, or in the day after its release"): run.held,
            **{_(reason): number for reason, number in run.deferred.items()},
        }
        self.stdout.write(f"  {_listed(numbers)}")
        if run.counts:
            self.stdout.write("  " + (_("gone:") if removes(run) else _("would go:")))
        for table, number in sorted(run.counts.items()):
            self.stdout.write(f"    {table}: {number}")
        for place in run.residue:
            self.stdout.write("  " + _("residue: %s") % place)

    def _foretell(self, accounts: Collection[PurgeRun], rows: Collection[PurgeRun]) -> None:
        """Say in one sentence what a true run would erase now, and what comes next."""
        going_accounts, going_rows = (
            sum(run.going for run in runs if not what_stops(run)) for runs in (accounts, rows)
        )
        going_rows += count_by_setting()
        self.stdout.write(
            _("A true run would erase now: closed accounts %(accounts)d, other rows %(rows)d.")
            % {"accounts": going_accounts, "rows": going_rows}
        )
        runs = [*accounts, *rows]
        is_stopped = self._name_unapproved(runs)
        if doubted := self._doubted(runs):
            self.stdout.write(doubted)
        elif not is_stopped and (going_accounts or going_rows):
            self.stdout.write(_("Next: wait for the nightly jobs, or run purge."))

    def _sum_up(self, accounts: Collection[PurgeRun], rows: Collection[PurgeRun]) -> None:
        self.stdout.write(
            _("Erased: closed accounts %(accounts)d, other rows under a rule %(rows)d.")
            % {
                "accounts": sum(run.erased for run in accounts),
                "rows": sum(run.erased for run in rows),
            }
        )
        self._name_unapproved([*accounts, *rows])
        if failed := sum(run.failed for run in accounts):
            raise CommandError(_("%d could not be erased; see the log.") % failed)
        if any(run.residue for run in accounts):
            raise CommandError(_("Something is left of those who were erased."))
        if PurgeRun.objects.in_doubt().filter(pk__in=[run.pk for run in accounts]).exists():
            raise CommandError(str(UNSEARCHED))
        if doubted := self._doubted([*accounts, *rows]):
            raise CommandError(doubted)

    def _name_unapproved(self, runs: Collection[PurgeRun]) -> bool:
        """Say how many rules with something due wait for the DPO; return whether any does."""
        stopped = [run.rule for run in runs if run.rule and run.due and not may_delete(run.rule)]
        rules = [rule for rule in stopped if not is_newly_approved(rule)]
        if rules:
            self.stdout.write(
                _(
                    "Rules with something due that wait for the DPO: %(n)d."
                    " Next: look and decide at %(page)s"
                )
                % {"n": len(rules), "page": _page("schedule")}
            )
        return bool(rules)

    def _doubted(self, runs: Collection[PurgeRun]) -> str:
        """Say how many runs in doubt wait for the DPO, and where, "" if none."""
        doubted = [run for run in runs if run.rule and run.going and may_delete(run.rule)]
        number = sum(bool(what_stops(run)) for run in doubted)
        if not number:
            return ""
        return _(
            "Runs in doubt, of which nothing goes before the DPO permits it: %(n)d."
            " Next: look at the numbers and permit at %(page)s"
        ) % {"n": number, "page": _page("purgerun")}


def _page(name: str) -> str:
    return f"{settings.SITE_ORIGIN}{reverse(f'admin:retention_{name}_changelist')}"


def _listed(numbers: dict[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in numbers.items() if number)
