"""Whether each promise is kept: controls register here, and are asked by the board and the job.

An app says in its ``controls.py``, imported at start like ``admin.py``, what it can
answer about a promise. A control counts rows of live data and is strict: what it
cannot see of a promise, it does not call kept. It yields the rows that it wants
counted, by names of its own, and gets their numbers, so that one query serves a whole
board:

    counts = yield {"late": Case.objects.overdue()}
    verdict = broken if counts["late"] else kept

A control that has nothing to count, or needs more of its rows than their number and
reads them with one query, returns its answer at once. For what nobody can answer yet
there is ``not_built``, so that the board shows the gap with its reason.
"""

import inspect
import logging
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import wraps
from typing import Any, cast

from celery.exceptions import SoftTimeLimitExceeded
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, models, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise as LazyText
from django.utils.http import urlencode
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from common.remembering import remembering
from policies.counting import local_day
from policies.models import Promise, PromiseResult, PromiseStatus
from policies.promise_counting import Rows, count_at_once

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
    SEALED = "sealed", _("encrypted values")
    ENQUIRIES = "enquiries", _("enquiries")
    SESSIONS = "sessions", _("sessions")
    DEVICES = "devices", _("devices")
    DAILY_COUNTS = "daily_counts", _("daily counts")
    SYSTEMS = "systems", _("systems")
    SUBSCRIPTIONS = "subscriptions", _("subscriptions")
    NEWSLETTERS = "newsletters", _("newsletters")
    RECORDINGS = "recordings", _("recordings")
    TEXTS = "texts", _("texts")
    SEALS = "seals", _("seals")
    DELETIONS = "deletions", _("deletions")
    ORDERS = "orders", _("orders")
    SERVICES = "services", _("services")


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


Asking = Generator[Rows, dict[str, int], Measure]
"""Yields at most once the rows to count, gets their numbers by the same names, and answers."""

ControlFunction = Callable[[Promise], Measure | Asking]


@dataclass(frozen=True)
class Control:
    """counts: what its figures count, in words. missing: what it cannot see, if so."""

    name: str
    ask: Callable[[Promise], Asking]
    counts: Text = ""
    missing: Text = ""

    @property
    def description(self) -> str:
        return inspect.getdoc(self.ask) or ""

    def measure(self, promise: Promise) -> Measure:
        """Ask for one promise, with at most one query."""
        (answer,) = _answers([self.ask(promise)])
        return answer


_controls: dict[str, Control] = {}

NOTHING_NAMED = _("The profile names nothing to measure this promise by.")


def control(
    name: str, *, counts: Text, needs: str = "", missing: Text = ""
) -> Callable[[ControlFunction], Callable[[Promise], Asking]]:
    """Register a function that answers for the promises whose profile names it.

    ``needs`` is the parameter without which it has nothing to look at: a promise
    under which the profile names none is not measured. ``missing`` is why it can
    tell a promise broken but never kept, if that is so.
    """

    def register(function: ControlFunction) -> Callable[[Promise], Asking]:
        @wraps(function)
        def ask(promise: Promise) -> Asking:
            if needs and not promise.parameters.get(needs):
                return not_measured(NOTHING_NAMED)
            return (yield from _heeding(_breaches.get(name, []), function(promise)))

        _add(Control(name, ask, counts=counts, missing=missing))
        return ask

    return register


@dataclass(frozen=True)
class Breach:
    """Rows of another room, each of which breaks a promise whatever its own control answers."""

    rows: Callable[[], models.QuerySet[Any]]
    unit: Unit
    link: Callable[[], str]
    note: Text


_breaches: dict[str, list[Breach]] = {}


def also_breaks(name: str, breach: Breach) -> None:
    """Let rows of another room break the promises that the control of this name answers for."""
    _breaches.setdefault(name, []).append(breach)


def _heeding(breaches: Sequence[Breach], answer: Measure | Asking) -> Asking:
    """Answer as a control does, unless one of these rows is there; it is asked in the same query.

    What the control itself finds broken is told first.
    """
    begun = answer if isinstance(answer, Measure) else _begin(answer)
    own: Rows = {} if isinstance(begun, Measure) else begun
    others = {f"breach_{place}": breach.rows() for place, breach in enumerate(breaches)}
    if not own and not others:
        return begun if isinstance(begun, Measure) else _end(cast("Asking", answer), {})
    numbers = yield {**own, **others}
    if isinstance(begun, Measure):
        measure = begun
    else:
        measure = _end(cast("Asking", answer), {name: numbers[name] for name in own})
    if measure.status != PromiseStatus.BROKEN:
        for place, breach in enumerate(breaches):
            if number := numbers[f"breach_{place}"]:
                return broken(number, breach.unit, link=breach.link(), note=breach.note)
    return measure


def not_built(name: str, *, because: Text) -> None:
    """Register what the portal cannot answer (yet), or not fully, with the reason."""

    control(name, counts="", missing=because)(lambda promise: not_measured(because))


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


@dataclass(frozen=True)
class Answer:
    promise: Promise
    measure: Measure


def measure_all() -> list[Answer]:
    """Ask the control of every active promise now, in the order of the policy.

    One query counts for all of them. If it fails, each promise is asked by itself.
    """
    promises = list(Promise.objects.active())
    try:
        with transaction.atomic(), remembering():
            measures = _answers([_unfailing(promise) for promise in promises])
    except DatabaseError:
        measures = [measure(promise) for promise in promises]
    return list(map(Answer, promises, measures))


def measure(promise: Promise) -> Measure:
    """Ask a promise's control. One that fails leaves its promise unmeasured, and no other."""
    try:
        with transaction.atomic():  # a query that fails spoils this savepoint alone
            (answer,) = _answers([_unfailing(promise)])
    except DatabaseError as error:
        return _failed(promise, error)
    return answer


def _unfailing(promise: Promise) -> Asking:
    try:
        return (yield from control_named(promise.control).ask(promise))
    except (DatabaseError, SoftTimeLimitExceeded):
        raise  # the transaction is spoiled, or the time is up
    except Exception as error:  # noqa: BLE001 -- logged
        return _failed(promise, error)


def _failed(promise: Promise, error: Exception) -> Measure:
    logger.error("control %s of %s failed", promise.control, promise.code, exc_info=error)
    return not_measured(format_lazy(_("The control failed: {}"), type(error).__name__))


def _answers(askings: Sequence[Asking]) -> list[Measure]:
    """Run controls to their answers, with one query for all that they want counted."""
    begun = [_begin(asking) for asking in askings]
    numbers = count_at_once(
        {
            f"{place}_{name}": rows
            for place, wanted in enumerate(begun)
            if not isinstance(wanted, Measure)
            for name, rows in wanted.items()
        }
    )
    return [
        wanted
        if isinstance(wanted, Measure)
        else _end(asking, {name: numbers[f"{place}_{name}"] for name in wanted})
        for place, (asking, wanted) in enumerate(zip(askings, begun, strict=True))
    ]


def _begin(asking: Asking) -> Rows | Measure:
    """Return what a control wants counted, or its answer where it wants nothing."""
    try:
        return next(asking)
    except StopIteration as end:
        return cast("Measure", end.value)


def _end(asking: Asking, numbers: dict[str, int]) -> Measure:
    try:
        asking.send(numbers)
    except StopIteration as end:
        return cast("Measure", end.value)
    raise RuntimeError("A control asks for numbers once.")


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
