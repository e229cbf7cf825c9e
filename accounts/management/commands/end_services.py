import csv
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.service_reports import read_report, take_report
from common.errors import PortalError


class Command(BaseCommand):
    help = (
        "Take the hosting system's report of ended services: a CSV file with the columns customer"
        " (public id) and ended_on (as 2026-11-24), and if it likes reason. Send one regularly,"
        " with the first line alone when nobody's service has ended. Safe to repeat."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="The CSV file, in UTF-8; - reads it from standard input.")

    def handle(self, *, file: str, **options: Any) -> None:
        try:
            if file == "-":
                outcome = take_report(read_report(sys.stdin))
            else:
                with Path(file).open(encoding="utf-8-sig", newline="") as report:
                    outcome = take_report(read_report(report))
        except (PortalError, OSError, UnicodeDecodeError, csv.Error) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"closed {outcome.ended}, known before {outcome.known}")
        for line in outcome.faults:
            self.stderr.write(f"line {line.number}: {line.fault}")
        if outcome.faults:
            raise CommandError(f"{len(outcome.faults)} lines could not be done.")
