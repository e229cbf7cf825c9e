from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common.errors import PortalError
from retention.models import PurgeRun
from retention.purge import purge_closed_accounts
from retention.sweeps import sweep


class Command(BaseCommand):
    help = "Erase whose retention period is over, accounts and rows, as the nightly jobs do."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Count, and erase nothing.")

    def handle(self, *, dry_run: bool, **options: Any) -> None:
        runs = []
        for erase in (purge_closed_accounts, sweep):
            try:
                these = erase(only_report=dry_run)
            except (PortalError, OSError) as error:
                raise CommandError(str(error)) from error
            for run in these:
                self.report(run, dry_run=dry_run)
            runs += these
        if failed := sum(run.failed for run in runs):
            raise CommandError(f"{failed} could not be erased; see the log.")
        if any(run.residue for run in runs):
            raise CommandError("Something is left of those who were erased.")

    def report(self, run: PurgeRun, *, dry_run: bool) -> None:
        self.stdout.write(f"rule: {run.rule}")
        if run.only_reported and not dry_run:
            self.stdout.write("The DPO has not approved this rule: report only.")
        if run.is_stopped:
            self.stdout.write(f"Stopped; it waits for the DPO: {', '.join(run.doubts)}.")
        self.stdout.write(f"due {run.due}, erased {run.erased}, failed {run.failed}")
        self.stdout.write(f"erased but for a part that must stay {run.partly}")
        waiting = "".join(f", {reason} {number}" for reason, number in run.deferred.items())
        self.stdout.write(f"kept: on legal hold {run.held}{waiting}")
        self.stdout.write("would go:" if run.only_reported else "gone:")
        for table, number in sorted(run.counts.items()):
            self.stdout.write(f"  {table}: {number}")
        for place in run.residue:
            self.stdout.write(f"residue: {place}")
