import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from access.models import Fault
from access.verification import Finding, Verification, verify_all, verify_with_own_copy
from common.commands import SpokenCommand

WORDS = {
    Fault.CHANGED: gettext_lazy("was changed"),
    Fault.REMOVED: gettext_lazy("was removed"),
    Fault.INSERTED: gettext_lazy("was inserted: no seal covers it, and it does not wait for one"),
    Fault.REORDERED: gettext_lazy("stands in another's place"),
    Fault.SEAL: gettext_lazy("was changed, does not follow the one before, or is not signed by us"),
    Fault.COPY: gettext_lazy("is another than in the copy outside"),
    Fault.LOST: gettext_lazy(
        "is in the copy outside and not here: the end was cut, or a backup was restored;"
        " see docs/access-records.md"
    ),
    Fault.MISDATED: gettext_lazy(
        "was recorded at another time than the one at which it was sealed"
    ),
}
CUT = gettext_lazy(
    "FAULT: the copy outside is missing, or lacks seals that it had; see docs/access-records.md."
)
MOST_GAPS = 5


class Command(SpokenCommand):
    help = (
        "Check every seal of the access records, every record, and the copy outside."
        " Names the first fault, and exits with 1 then."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--against",
            action="append",
            type=Path,
            metavar="FILE",
            help="A copy of the seals, or mails with seals; may be repeated."
            " Without it, ACCESS_SEALS_FILE.",
        )

    def handle(self, *, against: list[Path] | None, **options: Any) -> None:
        if missing := [str(path) for path in against or () if not path.is_file()]:
            raise CommandError(_("There is no file %s.") % ", ".join(missing))
        found = verify_all(against) if against else verify_with_own_copy()
        self._report(found)
        if not found.is_clean:
            sys.exit(1)

    def _report(self, found: Verification) -> None:
        self.stdout.write(
            _(
                "seals %(seals)d, records %(records)d, waiting %(waiting)d,"
                " compared with copies outside %(compared)d"
            )
            % {
                "seals": found.seals,
                "records": found.records,
                "waiting": found.waiting,
                "compared": found.compared,
            }
        )
        for gap in found.gaps[-MOST_GAPS:]:
            span = {
                "begin": f"{localtime(gap.begins):%F %T}",
                "end": f"{localtime(gap.ends):%F %T}",
            }
            self.stdout.write(_("gap: no seal from %(begin)s to %(end)s") % span)
        for finding in found.findings:
            self.stdout.write(_sentence(finding))
        if found.is_clean:
            self.stdout.write(_("Everything is as it was sealed."))


def _sentence(finding: Finding) -> str:
    if finding.fault == Fault.CUT:
        return str(CUT)
    of_seal = finding.fault in (Fault.SEAL, Fault.COPY, Fault.LOST)
    number = finding.seal if of_seal else finding.record
    told = {
        "number": "?" if number is None else number,
        "seal": finding.seal,
        "fault": WORDS[finding.fault],
    }
    if of_seal:
        return _("FAULT: seal %(number)s %(fault)s.") % told
    if finding.seal:
        return _("FAULT: record %(number)s (seal %(seal)s) %(fault)s.") % told
    return _("FAULT: record %(number)s %(fault)s.") % told
