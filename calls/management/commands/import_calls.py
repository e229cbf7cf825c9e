from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from calls.imports import LIST, REQUIRED, import_calls
from common.errors import PortalError


class Command(BaseCommand):
    help = (
        f"Take the recordings that a telephone system left in a directory. Its {LIST} names them:"
        f" the columns {', '.join(REQUIRED)}, and customer (public id) or phone, and if it likes"
        " purpose. Safe to repeat: what is here already is known by its source_id."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", type=Path, help=f"Where {LIST} and the files are.")

    def handle(self, *, directory: Path, **options: Any) -> None:
        try:
            outcome = import_calls(directory)
        except (PortalError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"taken {outcome.taken}, known before {outcome.known}")
        for number, fault in outcome.faults:
            self.stderr.write(f"line {number}: {fault}")
        if outcome.faults:
            raise CommandError(f"{len(outcome.faults)} lines could not be done.")
