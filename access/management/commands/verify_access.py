import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from access.models import Fault
from access.verification import Finding, Verification, verify_all, verify_with_own_copy

WORDS = {
    Fault.CHANGED: "was changed",
    Fault.REMOVED: "was removed",
    Fault.INSERTED: "was inserted: no seal covers it, and it does not wait for one",
    Fault.REORDERED: "stands in another's place",
    Fault.SEAL: "was changed, does not follow the one before, or is not signed by us",
    Fault.COPY: "is another than in the copy outside",
    Fault.LOST: "is in the copy outside and not here: the end was cut, or a backup was restored;"
    " see docs/access-records.md",
    Fault.MISDATED: "was recorded at another time than the one at which it was sealed",
}
CUT = "FAULT: the copy outside is missing, or lacks seals that it had; see docs/access-records.md."
MOST_GAPS = 5


class Command(BaseCommand):
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
            raise CommandError(f"There is no file {', '.join(missing)}.")
        found = verify_all(against) if against else verify_with_own_copy()
        self._report(found)
        if not found.is_clean:
            sys.exit(1)

    def _report(self, found: Verification) -> None:
        self.stdout.write(
            f"seals {found.seals}, records {found.records}, waiting {found.waiting},"
            f" compared with copies outside {found.compared}"
        )
        for gap in found.gaps[-MOST_GAPS:]:
            self.stdout.write(f"gap: no seal from {gap.begins:%F %T} to {gap.ends:%F %T} UTC")
        for finding in found.findings:
            self.stdout.write(_sentence(finding))
        if found.is_clean:
            self.stdout.write("Everything is as it was sealed.")


def _sentence(finding: Finding) -> str:
    if finding.fault == Fault.CUT:
        return CUT
    of_seal = finding.fault in (Fault.SEAL, Fault.COPY, Fault.LOST)
    number = finding.seal if of_seal else finding.record
    subject = f"{'seal' if of_seal else 'record'} {'?' if number is None else number}"
    place = f" (seal {finding.seal})" if finding.seal and not of_seal else ""
    return f"FAULT: {subject}{place} {WORDS[finding.fault]}."
