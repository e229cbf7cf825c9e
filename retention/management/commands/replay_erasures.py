from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common.errors import PortalError
from retention import ledger
from retention.controls import UNSEARCHED
from retention.models import PurgeRun, Tombstone
from retention.replay import replay_erasures


class Command(BaseCommand):
    help = (
        "After a backup was restored: erase again whom it brought back, as the ledger of erasures"
        " tells. The portal serves nobody before."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--new-ledger",
            action="store_true",
            help="The ledger is lost: write it anew, from what this database knows.",
        )

    def handle(self, *, new_ledger: bool, **options: Any) -> None:
        try:
            if new_ledger:
                self._write_anew()
            run = replay_erasures()
            if not run.failed:
                ledger.check()
        except (PortalError, OSError) as error:
            raise CommandError(str(error)) from error
        if broken := ledger.first_break():
            self.stderr.write(f"Line {broken} of the ledger does not follow the one before.")
        self.stdout.write(f"in the ledger and not here {run.due}, erased again {run.erased}")
        if run.failed:
            raise CommandError(
                f"{run.failed} could not be erased; the log names their rows. The portal stays"
                " closed: mend the cause and run this again."
            )
        if run.residue:
            raise CommandError(f"Something is left: {', '.join(run.residue)}")
        if PurgeRun.objects.in_doubt().filter(pk=run.pk).exists():
            raise CommandError(str(UNSEARCHED))

    def _write_anew(self) -> None:
        if any(ledger.entries()):
            raise CommandError("There is a ledger; move it away first.")
        Tombstone.objects.update(line=None)
        self.stdout.write(f"written anew: {ledger.record()}")
