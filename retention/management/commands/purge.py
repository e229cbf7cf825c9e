from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common.errors import PortalError
from retention.purge import purge_closed_accounts


class Command(BaseCommand):
    help = "Erase the closed accounts whose retention period is over, as the nightly job does."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Count, and erase nothing.")

    def handle(self, *, dry_run: bool, **options: Any) -> None:
        try:
            run = purge_closed_accounts(only_report=dry_run)
        except PortalError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"rule: {run.rule}")
        if run.only_reported and not dry_run:
            self.stdout.write("The DPO has not approved this rule: report only.")
        self.stdout.write(f"due {run.due}, erased {run.erased}, failed {run.failed}")
        self.stdout.write(
            f"kept: on legal hold {run.held}"
            + "".join(f", {reason} {number}" for reason, number in run.deferred.items())
        )
        for table, number in sorted(run.counts.items()):
            self.stdout.write(f"  {table}: {number}")
        if run.failed:
            raise CommandError(f"{run.failed} customers could not be erased; see the log.")
