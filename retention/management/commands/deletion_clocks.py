import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import datetime
from itertools import chain
from typing import Any

from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from common.commands import SpokenCommand
from retention.clocks import Clock, deletion_clocks


class Command(SpokenCommand):
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
        else:
            self.stdout.write("\n".join(chain.from_iterable(map(_lines, clocks))))
        if any(clock.state == "late" for clock in clocks):
            sys.exit(1)


def _lines(clock: Clock) -> Iterator[str]:
    """Yield how a clock stands, and what is to be done next."""
    yield f"{clock.state_text}: {clock.label}: {_moment(clock.last) if clock.last else '–'}"
    step = _("nothing")
    if clock.late_from:
        step = _("again before %s") % _moment(clock.late_from)
    yield "  " + _("next: %s") % (clock.remedy or step)


def _moment(at: datetime) -> str:
    return f"{localtime(at):%F %H:%M}"


def _row(clock: Clock) -> dict[str, Any]:
    return {
        "name": clock.name,
        "state": clock.state,
        "at": clock.last and clock.last.isoformat(),
        "bound_hours": clock.bound.total_seconds() / 3600,
        "setting": clock.setting,
    }
