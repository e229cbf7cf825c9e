import json
from argparse import SUPPRESS
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from accounts.models import User
from common.errors import PortalError
from privacyportal.rehearsal import BESIDE, rehearse_restore
from retention.models import RehearsalOutcome
from retention.rehearsal import replay_and_count


class Command(BaseCommand):
    help = (
        "Rehearse a restore: a backup is restored into a database beside this one, the ledger of"
        " erasures is replayed there, and it is dropped. Exits with 1 unless nothing was left of"
        " whom the ledger names."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--by", metavar="EMAIL", help="Who rehearses: a member of staff.")
        parser.add_argument(
            "--dump", type=Path, help="The backup, as pg_dump writes it. Without it, one made now."
        )
        parser.add_argument("--inside", action="store_true", help=SUPPRESS)

    def handle(self, *, by: str | None, dump: Path | None, inside: bool, **options: Any) -> None:
        if inside:
            self._replay_here()
            return
        member = User.objects.filter(email__iexact=by or "", is_staff=True, is_active=True).first()
        if member is None:
            raise CommandError("Say --by with the address of a member of staff.")
        if dump and not dump.exists():
            raise CommandError(f"There is no {dump}.")
        try:
            rehearsal = rehearse_restore(dump and dump.absolute(), by=member)
        except (PortalError, OSError) as error:
            raise CommandError(str(error)) from error
        if rehearsal.outcome == RehearsalOutcome.FAILED:
            raise CommandError("The backup was not restored; what failed stands above.")
        self.stdout.write(
            f"the backup knows {rehearsal.as_of:%F %T} UTC" if rehearsal.as_of else "as of: ?"
        )
        self.stdout.write(
            f"in the ledger {rehearsal.named}, came back {rehearsal.brought_back},"
            f" left {rehearsal.left}"
        )
        if rehearsal.outcome != RehearsalOutcome.PASSED:
            raise CommandError(f"Something was left. {', '.join(rehearsal.residue)}")

    def _replay_here(self) -> None:
        """Work in the restored database, and in no other."""
        if not str(connection.settings_dict["NAME"]).endswith(BESIDE):
            raise CommandError("This is no database of a rehearsal.")
        call_command("migrate", verbosity=0, interactive=False)
        self.stdout.write(json.dumps(replay_and_count()))
