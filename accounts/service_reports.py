"""What the hosting system reports: whose service has ended, and since when."""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import TextIO

from django.utils.translation import gettext as _

from accounts.closing import end_service
from accounts.models import Customer, ServiceReport
from common.cards import mask_cards
from common.errors import PortalError
from common.text import clean_line

COLUMNS = ("customer", "ended_on")  # and, if it likes, "reason"
BY_SYSTEM = "reported by the hosting system"
LONGEST_REASON = 300
PUBLIC_ID = re.compile("[0-9a-f]{32}")


class ReportRefused(PortalError):
    """The file is no report; nothing of it was done."""


@dataclass(frozen=True)
class Line:
    """One line of a report, with its number in the file; ``fault``: why it cannot be done."""

    number: int
    customer: str = ""
    ended_on: date | None = None
    reason: str = ""
    fault: str = ""


@dataclass
class Outcome:
    ended: int = 0
    known: int = 0
    faults: list[Line] = field(default_factory=list)


def read_report(file: TextIO) -> Iterator[Line]:
    """Yield the lines of a CSV file with the columns customer (public id) and ended_on.

    Raises ReportRefused.
    """
    rows = csv.DictReader(file)
    if not set(COLUMNS) <= set(rows.fieldnames or ()):
        raise ReportRefused(_("The first line must name the columns customer and ended_on."))
    for row in rows:
        yield _read_line(rows.line_num, row)


def _read_line(number: int, row: dict[str, str | None]) -> Line:
    customer = (row["customer"] or "").strip().lower()
    if not PUBLIC_ID.fullmatch(customer):
        return Line(number, fault=_("This is no public id: it has 32 digits and letters a to f."))
    try:
        ended_on = date.fromisoformat((row["ended_on"] or "").strip())
    except ValueError:
        return Line(number, customer, fault=_("The day must read like 2026-11-24."))
    reason = mask_cards(clean_line(row.get("reason") or ""))[:LONGEST_REASON]
    return Line(number, customer, ended_on, reason or BY_SYSTEM)


def take_report(lines: Iterable[Line]) -> Outcome:
    """End the service of each customer that a line names, each in a transaction of its own.

    A line that cannot be done is told and keeps no other from being done. Run again with the
    same file, it finds what is done already. That a report came is recorded, also an empty one.
    """
    outcome = Outcome()
    for line in lines:
        _take(line, outcome)
    ServiceReport.objects.create(ended=outcome.ended, refused=len(outcome.faults))
    return outcome


def _take(line: Line, outcome: Outcome) -> None:
    customer = Customer.objects.known_as(line.customer).first()
    if line.fault or line.ended_on is None:
        outcome.faults.append(line)
    elif customer is None:
        outcome.faults.append(Line(line.number, fault=_("There is no customer of this id.")))
    elif customer.service_ends.filter(ended_on=line.ended_on).exists():
        outcome.known += 1
    else:
        try:
            end_service(customer, ended_on=line.ended_on, reason=line.reason, by=None)
        except PortalError as error:
            outcome.faults.append(Line(line.number, fault=str(error)))
        else:
            outcome.ended += 1
