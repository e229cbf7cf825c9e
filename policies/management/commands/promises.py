import json
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from common.commands import SpokenCommand, in_columns
from policies.models import PromiseStatus
from policies.promise_figures import exact
from policies.promises import Answer, control_named, measure_all

IN_TROUBLE = (PromiseStatus.BROKEN, PromiseStatus.AT_RISK)


class Command(SpokenCommand):
    help = "Tell which promises are kept now. Exits with 1 when one is broken, else with 0."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="Write a list of objects.")

    def handle(self, *args: Any, **options: Any) -> None:
        answers = measure_all()
        if options["json"]:
            self.stdout.write(json.dumps(list(map(_row, answers)), indent=2))
        else:
            self.stdout.write("\n".join(_lines(answers)))
        if any(answer.measure.status == PromiseStatus.BROKEN for answer in answers):
            sys.exit(1)


def _row(answer: Answer) -> dict[str, Any]:
    return {
        "code": answer.promise.code,
        "status": answer.measure.status.value,
        "figure": _figure(answer),
        "unit": answer.measure.unit or None,
        "control": answer.promise.control,
        "link": _link(answer) or None,
    }


def _figure(answer: Answer) -> float | int | None:
    figure = answer.measure.figure
    return None if figure is None else float(figure) if figure % 1 else int(figure)


def _link(answer: Answer) -> str:
    link = answer.measure.link
    return f"{settings.SITE_ORIGIN}{link}" if link else ""


def _lines(answers: Collection[Answer]) -> Iterator[str]:
    """Yield a line for each promise, the worst first, then what to do, and the numbers at last."""
    statuses = list(PromiseStatus)
    worst_first = sorted(answers, key=lambda answer: statuses.index(answer.measure.status))
    yield from in_columns([_cells(answer) for answer in worst_first])
    for answer in worst_first:
        if answer.measure.status in IN_TROUBLE:
            yield from _to_do(answer)
    numbers = Counter(answer.measure.status for answer in answers)
    yield ""
    yield ", ".join(f"{each.label} {numbers[each]}" for each in statuses if numbers[each])


def _cells(answer: Answer) -> tuple[str, ...]:
    measure, promise = answer.measure, answer.promise
    figure = exact(measure.figure, measure.unit)
    return str(measure.status.label), promise.code, figure, " ".join(promise.text.split())


def _to_do(answer: Answer) -> Iterator[str]:
    yield ""
    why = answer.measure.note or control_named(answer.promise.control).counts
    yield f"{answer.promise.code}: {why}"
    if link := _link(answer):
        yield "  " + _("Look at it, and act, at %s") % link
