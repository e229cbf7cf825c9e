from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common.errors import PortalError
from hosting.imports import FIELDS, REQUIRED, import_services

OPTIONAL = [name for name in FIELDS if name not in REQUIRED]


class Command(BaseCommand):
    help = (
        "Take the hosting system's list of services: a CSV file with the columns"
        f" {', '.join(REQUIRED)}, and if it likes {', '.join(OPTIONAL)}."
        " is_backed_up is yes or no. While one row is wrong, nothing is done. What the list leaves"
        " out stays as it is, so a service that has ended must be on it with its ended_on. Safe to"
        " repeat."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="The CSV file.")

    def handle(self, *, file: Path, **options: Any) -> None:
        try:
            outcome = import_services(file.read_bytes())
        except (PortalError, OSError) as error:
            raise CommandError(str(error)) from error
        for line, fault in outcome.faults:
            self.stderr.write(f"line {line}: {fault}")
        if outcome.faults:
            raise CommandError(f"{len(outcome.faults)} faults; nothing was done.")
        self.stdout.write(
            f"added {outcome.added}, changed {outcome.changed}, the same {outcome.same},"
            f" of closed accounts {outcome.left}"
        )
