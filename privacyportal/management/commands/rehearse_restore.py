import json
from argparse import SUPPRESS
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandError, CommandParser
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from common.commands import SpokenCommand
from common.errors import PortalError
from privacyportal.rehearsal import BESIDE, rehearse_restore
from retention.models import RehearsalOutcome, RestoreRehearsal
from retention.rehearsal import replay_and_count

VERDICTS = {
    RehearsalOutcome.PASSED: gettext_lazy(
        "PASSED in %(seconds)d s: the state of %(as_of)s was restored, %(named)d erasures of the"
        " ledger were replayed, %(back)d customers had come back, and nobody is left."
    ),
    RehearsalOutcome.LEFT: gettext_lazy(
        "FAILED in %(seconds)d s: the state of %(as_of)s was restored, %(named)d erasures of the"
        " ledger were replayed, %(back)d customers had come back; customers left: %(left)d,"
        " something left in: %(residue)s."
    ),
    RehearsalOutcome.FAILED: gettext_lazy(
        "FAILED in %(seconds)d s: the backup was not restored and replayed; what failed stands"
        " above."
    ),
}


class Command(SpokenCommand):
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
            raise CommandError(_("Say --by with the address of a member of staff."))
        if dump and not dump.exists():
            raise CommandError(_("There is no %s.") % dump)
        try:
            rehearsal = rehearse_restore(dump and dump.absolute(), by=member)
        except (PortalError, OSError) as error:
            raise CommandError(str(error)) from error
        verdict = _verdict(rehearsal)
        if rehearsal.outcome != RehearsalOutcome.PASSED:
            raise CommandError(verdict)
        self.stdout.write(verdict)

    def _replay_here(self) -> None:
        """Work in the restored database, and in no other."""
        if not str(connection.settings_dict["NAME"]).endswith(BESIDE):
            raise CommandError("This is no database of a rehearsal.")
        call_command("migrate", verbosity=0, interactive=False)
        self.stdout.write(json.dumps(replay_and_count()))


def _verdict(rehearsal: RestoreRehearsal) -> str:
    seconds = (rehearsal.finished_at - rehearsal.started_at).total_seconds()
    facts = {
        "seconds": round(seconds),
        "as_of": f"{rehearsal.as_of:%F %H:%M} UTC" if rehearsal.as_of else "?",
        "named": rehearsal.named,
        "back": rehearsal.brought_back,
        "left": rehearsal.left,
        "residue": ", ".join(rehearsal.residue) or "–",
    }
    return VERDICTS[RehearsalOutcome(rehearsal.outcome)] % facts
