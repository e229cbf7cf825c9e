import csv
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from common.errors import PortalError
from policies.calendars import load_calendar
from policies.counting import WorkingCalendar, local_day, midnight
from policies.models import DayKind


class Command(BaseCommand):
    help = (
        "Tell the last day of a number of working days, and each day that does not count. "
        "FROM is a day or a moment, as 2026-11-22 or 2026-11-22T10:00:00+07:00; it is not counted."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("start", metavar="FROM", nargs="?")
        parser.add_argument("days", metavar="DAYS", nargs="?", type=int)
        parser.add_argument("--profile", choices=DayKind.values, default=DayKind.STATE)
        parser.add_argument(
            "--csv",
            metavar="FILE",
            help="Read received_local, n_working_days, profile; add answers.",
        )

    def handle(self, *, start: str | None, days: int | None, **options: Any) -> None:
        try:
            if options["csv"]:
                self.answer_file(options["csv"])
            elif start is None or days is None:
                raise CommandError("Give FROM and DAYS, or --csv FILE.")
            else:
                self.answer_one(start, days, DayKind(options["profile"]))
        except PortalError as error:
            raise CommandError(str(error)) from error

    def answer_one(self, start: str, days: int, kind: DayKind) -> None:
        period = load_calendar(kind).add_working_days(*_asked(start, days))
        for skipped in period.skipped:
            self.stdout.write(f"  {skipped.day:%a %Y-%m-%d}  {skipped.reason_en}")
        note = " (calendar not final)" if period.provisional else ""
        self.stdout.write(f"{period.last_day:%a %Y-%m-%d}{note}")

    def answer_file(self, path: str) -> None:
        """Write the rows of ``path`` with due_date and overdue_from_utc."""
        writer: csv.DictWriter[str] | None = None
        for row in _answers(path):
            if writer is None:
                writer = csv.DictWriter(self.stdout, list(row), lineterminator="\n")
                writer.writeheader()
            writer.writerow(row)


def _answers(path: str) -> Iterator[dict[str, str]]:
    calendars: dict[DayKind, WorkingCalendar] = {}
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            for number, row in enumerate(csv.DictReader(file, restval=""), start=2):
                try:
                    kind = DayKind(row["profile"])
                    if kind not in calendars:
                        calendars[kind] = load_calendar(kind)
                    last_day = calendars[kind].last_working_day(
                        *_asked(row["received_local"], int(row["n_working_days"]))
                    )
                except KeyError as error:
                    raise CommandError(f"{path}: there is no column {error}.") from error
                except (ValueError, CommandError, PortalError) as error:
                    raise CommandError(f"{path}, line {number}: {error}") from error
                yield {
                    **row,
                    "due_date": last_day.isoformat(),
                    "overdue_from_utc": _utc(midnight(last_day + timedelta(days=1))),
                }
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CommandError(f"{path}: {error}") from error


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _asked(start: str, days: int) -> tuple[date, int]:
    if days < 1:
        raise CommandError(f"{days} is no number of working days; give 1 or more.")
    return _day(start), days


def _day(text: str) -> date:
    """Return the local day of a day or a moment; a moment without zone is local."""
    try:
        if day := parse_date(text):
            return day
        if moment := parse_datetime(text):
            return local_day(moment if timezone.is_aware(moment) else timezone.make_aware(moment))
    except (ValueError, OverflowError) as error:
        raise CommandError(f"{text} is no day: {error}.") from error
    raise CommandError(f"{text!r} is no day; write it as 2026-11-22.")
