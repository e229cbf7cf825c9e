import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from policies.models import PromiseStatus
from policies.promises import Answer, measure_all

COLUMNS = ("code", "status", "figure", "control")


class Command(BaseCommand):
    help = "Tell which promises are kept now. Exits with 1 when one is broken, else with 0."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="Write a list of objects.")

    def handle(self, *args: Any, **options: Any) -> None:
        answers = measure_all()
        rows = [_row(answer) for answer in answers]
        self.stdout.write(
            json.dumps(rows, indent=2) if options["json"] else "\n".join(_table(rows))
        )
        if any(answer.measure.status == PromiseStatus.BROKEN for answer in answers):
            sys.exit(1)


def _row(answer: Answer) -> dict[str, Any]:
    figure, link = answer.measure.figure, answer.measure.link
    return {
        "code": answer.promise.code,
        "status": answer.measure.status.value,
        "figure": None if figure is None else float(figure) if figure % 1 else int(figure),
        "unit": answer.measure.unit or None,
        "control": answer.promise.control,
        "link": f"{settings.SITE_ORIGIN}{link}" if link else None,
    }


def _table(rows: list[dict[str, Any]]) -> list[str]:
    """Write the rows in columns as wide as their longest entry."""
    cells = [
        (
            row["code"],
            row["status"].replace("_", " "),
            "" if row["figure"] is None else f"{row['figure']} {row['unit']}",
            row["control"],
        )
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(COLUMNS, *cells, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in (COLUMNS, *cells)
    ]
