"""Whether each promise is kept: controls register here, and are asked by the board and the job.

An app says in its ``controls.py``, imported at start like ``admin.py``, what it can
answer about a promise. A control asks one query of live data and is strict: what
it cannot see of a promise, it does not call kept. For what nobody can answer yet
there is ``not_built``, so that the board shows the gap with its reason.
"""

import inspect
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import wraps
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.core.exceptions import ImproperlyConfigured
from django.db import models, transaction
from django.db.models import QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise as LazyText
from django.utils.http import urlencode
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from policies.counting import local_day
from policies.models import Company, Promise, PromiseResult, PromiseStatus

logger = logging.getLogger(__name__)

Text = str | LazyText


class Unit(models.TextChoices):
    """What a figure counts; stored, so never rename one."""

    CUSTOMERS = "customers", _("customers")
    COMPLAINTS = "complaints", _("complaints")
    CONSENTS = "consents", _("consents")
    USES = "uses", _("uses of data")
    MAILS = "mails", _("mails")
    PURPOSES = "purposes", _("purposes")
    RECIPIENTS = "recipients", _("recipients")
    VERSIONS = "versions", _("policy versions")
    FACTS = "facts", _("facts")
    HOSTS = "hosts", _("other sites")
    ENQUIRIES = "enquiries", _("enquiries")
    SESSIONS = "sessions", _("sessions")
    DAILY_COUNTS = "daily_counts", _("daily counts")


@dataclass(frozen=True)
class Measure:
    """The answer of a control: the figure counts what is wrong, so 0 is what one hopes for.

    link: the page of the desk that lists the rows behind the figure, or "".
    note: what the reader must know beyond the figure.
    """

    status: PromiseStatus
    figure: Decimal | int | None = None
    unit: str = ""
    link: str = ""
    note: Text = ""


ControlFunction = Callable[[Promise], Measure]


@dataclass(frozen=True)
class Control:
    """counts: what its figures count, in words. missing: what it cannot see, if so."""

    name: str
    measure: ControlFunction
    counts: Text = ""
    missing: Text = ""

    @property
    def description(self) -> str:
        return inspect.getdoc(self.measure) or ""


_controls: dict[str, Control] = {}


def control(
    name: str, *, counts: Text, needs: str = "", missing: Text = ""
) -> Callable[[ControlFunction], ControlFunction]:
    """Register a function that answers for the promises whose profile names it.

    ``needs`` is the parameter without which it has nothing to look at: a promise
    under which the profile names none is not measured. ``missing`` is why it can
    tell a promise broken but never kept, if that is so.
    """

    def register(function: ControlFunction) -> ControlFunction:
        @wraps(function)
        def measure(promise: Promise) -> Measure:
            if needs and not promise.parameters.get(needs):
                return not_measured(_("The profile names nothing to measure this promise by."))
            return function(promise)

        _add(Control(name, measure, counts=counts, missing=missing))
        return measure

    return register


def not_built(name: str, *, because: Text) -> None:
    """Register what the portal cannot answer (yet), or not fully, with the reason."""

    def measure(promise: Promise) -> Measure:
        return not_measured(because)

    _add(Control(name, measure, missing=because))


def _add(control: Control) -> None:
    if control.name in _controls:
        raise ImproperlyConfigured(f"The control {control.name} is registered twice.")
    _controls[control.name] = control


def control_named(name: str) -> Control:
    """Raises KeyError."""
    return _controls[name]


def control_names() -> set[str]:
    return set(_controls)


def kept(figure: int, unit: Unit, *, link: str = "", note: Text = "") -> Measure:
    return Measure(PromiseStatus.KEPT, figure, unit, link, note)


def at_risk(figure: int, unit: Unit, *, link: str = "", note: Text = "") -> Measure:
    return Measure(PromiseStatus.AT_RISK, figure, unit, link, note)


def broken(figure: int, unit: Unit, *, link: str = "", note: Text = "") -> Measure:
    return Measure(PromiseStatus.BROKEN, figure, unit, link, note)


def not_measured(because: Text) -> Measure:
    return Measure(PromiseStatus.NOT_MEASURED, note=because)


def not_applicable(because: Text) -> Measure:
    return Measure(PromiseStatus.NOT_APPLICABLE, note=because)


def admin_list(label: str, **query: str) -> str:
    """Return the address of the list of a model ("app.model") on the desk."""
    page = reverse(f"admin:{label.replace('.', '_')}_changelist")
    return f"{page}?{urlencode(query)}" if query else page


class CountRows(Subquery):
    template = "(SELECT count(*) FROM (%(subquery)s) AS counted)"
    output_field = models.IntegerField()


def count_at_once(**rows: QuerySet[Any, Any]) -> dict[str, int]:
    """Count several things in one query; it hangs on the row of the company, of which there is one.

    Raises Company.DoesNotExist.
    """
    counts = {name: CountRows(each.order_by().values("pk")) for name, each in rows.items()}
    found: Any = Company.objects.values(**counts).get()
    return dict(found)


@dataclass(frozen=True)
class Answer:
    promise: Promise
    measure: Measure


def measure_all() -> list[Answer]:
    """Ask the control of every active promise now, in the order of the policy."""
    return [Answer(promise, measure(promise)) for promise in Promise.objects.active()]


def measure(promise: Promise) -> Measure:
    """Ask a promise's control. One that fails leaves its promise unmeasured, and no other."""
    try:
        with transaction.atomic():  # a query that fails spoils this savepoint alone
            return control_named(promise.control).measure(promise)
    except SoftTimeLimitExceeded:
        raise
    except Exception as error:
        logger.exception("control %s of %s failed", promise.control, promise.code)
        return not_measured(format_lazy(_("The control failed: {}"), type(error).__name__))


def record_results(on: date | None = None) -> int:
    """Store what every control answers now as the result of a local day (default: today).

    Returns how many. Repeated, it replaces what that day's earlier run stored.
    """
    now = timezone.now()
    results = [
        PromiseResult(
            promise=answer.promise,
            control=answer.promise.control,
            day=on or local_day(now),
            status=answer.measure.status,
            figure=answer.measure.figure,
            unit=answer.measure.unit,
            measured_at=now,
        )
        for answer in measure_all()
    ]
    PromiseResult.objects.bulk_create(
        results,
        update_conflicts=True,
        unique_fields=["promise", "day"],
        update_fields=["control", "status", "figure", "unit", "measured_at"],
    )
    return len(results)
