from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.urls import reverse
from django.utils.translation import gettext as _

from common.commands import SpokenCommand
from common.errors import PortalError
from retention import ledger
from retention.controls import UNSEARCHED
from retention.models import PurgeRun, Tombstone
from retention.replay import replay_erasures
from retention.runs import doubt_about_restore


class Command(SpokenCommand):
    help = (
        "After a backup was restored: erase again whom it brought back, as the ledger of erasures"
        " tells. The portal serves nobody before."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--restored",
            action="store_true",
            help="A backup was restored: runs wait for the DPO, even if it brought nobody back.",
        )
        parser.add_argument(
            "--new-ledger",
            action="store_true",
            help="The ledger is lost: write it anew, from what this database knows.",
        )

    def handle(self, *, restored: bool, new_ledger: bool, **options: Any) -> None:
        try:
            if new_ledger:
                self._write_anew()
            run = replay_erasures(is_restored=restored or new_ledger)
            if not run.failed:
                ledger.check()
        except (PortalError, OSError) as error:
            raise CommandError(str(error)) from error
        if broken := ledger.first_break():
            self.stderr.write(_("Line %d of the ledger does not follow the one before.") % broken)
        self.stdout.write(
            _("In the ledger and not here: %(due)d. Erased again: %(erased)d.")
            % {"due": run.due, "erased": run.erased}
        )
        self._say_what_waits()
        if run.failed:
            raise CommandError(
                _(
                    "%d could not be erased; the log names their rows. The portal stays closed:"
                    " mend the cause and run this again."
                )
                % run.failed
            )
        if run.residue:
            raise CommandError(_("Something is left: %s") % ", ".join(run.residue))
        if PurgeRun.objects.in_doubt().filter(pk=run.pk).exists():
            raise CommandError(str(UNSEARCHED))

    def _say_what_waits(self) -> None:
        if not doubt_about_restore():
            self.stdout.write(
                _("No run waits for that. If a backup was restored, say so with --restored.")
            )
            return
        page = f"{settings.SITE_ORIGIN}{reverse('admin:retention_purgerun_changelist')}"
        self.stdout.write(
            _(
                "The next run that would delete anything waits. First enter again what the backup"
                " lacks, holds above all (docs/restore.md); then the DPO permits the run at %s"
            )
            % page
        )

    def _write_anew(self) -> None:
        if any(ledger.entries()):
            raise CommandError(_("There is a ledger; move it away first."))
        Tombstone.objects.update(line=None)
        self.stdout.write(_("written anew: %d") % ledger.record())
