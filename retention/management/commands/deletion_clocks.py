import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from retention.clocks import Clock, deletion_clocks


class Command(BaseCommand):
    help = (
        "Tell the clocks of the deletion: what is longest past its day, the last runs, search and"
        " rehearsal. Exits with 1 when one is late, for whoever watches."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="Write a list of objects.")

    def handle(self, **options: Any) -> None:
        clocks = deletion_clocks()
        if options["json"]:
            self.stdout.write(json.dumps(list(map(_row, clocks)), indent=2))
        for clock in [] if options["json"] else clocks:
            at = f"{clock.last:%F %T} UTC" if clock.last else "never"
            self.stdout.write(f"{clock.state:5} {clock.name:15} {at:24} {clock.setting}")
        if any(clock.state == "late" for clock in clocks):
            sys.exit(1)


def _row(clock: Clock) -> dict[str, Any]:
    return {
        "name": clock.name,
        "state": clock.state,
        "at": clock.last and clock.last.isoformat(),
        "bound_hours": clock.bound.total_seconds() / 3600,
        "setting": clock.setting,
    }
