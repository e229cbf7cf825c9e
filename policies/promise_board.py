"""What the board shows beside an answer: the results of the last days, and what was set."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from common.personal_data import DataCategory
from policies.counting import local_day
from policies.models import (
    Company,
    Promise,
    PromiseResult,
    PromiseStatus,
    Purpose,
    Recipient,
    RecipientKind,
    RetentionRule,
    RuleFamily,
    TimeLimit,
)

DAYS = 90
CURRENT_FOR = timedelta(days=2)  # the job runs each night; what is older says nothing of today
ONE_DAY = timedelta(days=1)

Pair = tuple[str, str]  # label, value

HEIGHTS = {  # of a day in the strip, of 12: the worse the taller, so that colour is not alone
    PromiseStatus.BROKEN: 12,
    PromiseStatus.AT_RISK: 9,
    PromiseStatus.KEPT: 6,
    PromiseStatus.NOT_APPLICABLE: 3,
    PromiseStatus.NOT_MEASURED: 2,
}
FIELD_LABELS: dict[str, LazyText] = {
    "full_name": gettext_lazy("full name"),
    "email": gettext_lazy("email"),
    "phone": gettext_lazy("phone"),
    "address": gettext_lazy("address"),
}


@dataclass(frozen=True)
class Run:
    """Days in a row with the same status, as a bar of the strip; x is the day's number from 0."""

    x: int
    width: int
    status: str

    @property
    def height(self) -> int:
        return HEIGHTS[PromiseStatus(self.status)]

    @property
    def y(self) -> int:
        return max(HEIGHTS.values()) - self.height


@dataclass(frozen=True)
class Trend:
    """days: how many had which status. outdated_at: the moment of the last result, if long ago."""

    runs: list[Run]
    days: Counter[str]
    outdated_at: datetime | None = None

    @property
    def text(self) -> str:
        if self.outdated_at:
            return f"{self._text} {last_measured(self.outdated_at)}"
        return self._text

    @property
    def _text(self) -> str:
        total = self.days.total()
        if not total:
            return _("No result is stored yet.")
        if not self.was_measured:
            return ngettext(
                "Not measured on %(days)d day.", "Not measured on %(days)d days.", total
            ) % {"days": total}
        parts = [
            ngettext("Kept on %(n)d of %(days)d day", "Kept on %(n)d of %(days)d days", total)
            % {"n": self.days[PromiseStatus.KEPT], "days": total}
        ]
        for status in PromiseStatus:
            if status != PromiseStatus.KEPT and self.days[status]:
                parts.append(f"{status.label}: {self.days[status]}")
        return "; ".join(parts) + "."

    @property
    def was_measured(self) -> bool:
        return self.days[PromiseStatus.NOT_MEASURED] < self.days.total()


NO_TREND = Trend([], Counter())


def trends(promises: Iterable[Promise]) -> dict[int, Trend]:
    """Return by promise what the last 90 days brought, as far as its present control measured."""
    today = local_day(timezone.now())
    first = today - timedelta(days=DAYS - 1)
    results = PromiseResult.objects.filter(
        promise__in=promises, control=F("promise__control"), day__range=(first, today)
    ).order_by("promise", "day")
    return {
        promise: _trend(list(rows), first, today)
        for promise, rows in groupby(results, key=lambda result: result.promise_id)
    }


def _trend(results: list[PromiseResult], first: date, today: date) -> Trend:
    runs: list[Run] = []
    for result in results:
        x, status = (result.day - first).days, result.status
        if runs and runs[-1].status == status and runs[-1].x + runs[-1].width == x:
            runs[-1] = Run(runs[-1].x, runs[-1].width + 1, status)
        else:
            runs.append(Run(x, 1, status))
    days = Counter(result.status for result in results)
    days[PromiseStatus.NOT_MEASURED] += _missing(results, today)
    at = max(result.measured_at for result in results)
    return Trend(runs, days, at if at < oldest_current() else None)


def _missing(results: list[PromiseResult], today: date) -> int:
    """Count the days without a result since the first one; today may still get its own."""
    last = max(results[-1].day, today - ONE_DAY)
    return (last - results[0].day).days + 1 - len(results)


def oldest_current() -> datetime:
    """Return the moment before which a result is too old to tell how things are."""
    return timezone.now() - CURRENT_FOR


def last_measured(at: datetime) -> str:
    return _("Last measured on %s.") % date_format(local_day(at), "SHORT_DATE_FORMAT")


def with_last_result() -> QuerySet[Any]:
    """Return the active promises with ``last_status``, ``last_figure`` and ``last_unit``.

    They are those of the last result of the promise's present control. While it is not
    ``is_current``, it counts as not measured; ``last_measured_at`` then says since when.
    """
    results = PromiseResult.objects.filter(promise=OuterRef("pk"), control=OuterRef("control"))
    last = results.order_by("-day")
    current = last.filter(measured_at__gte=oldest_current())
    return Promise.objects.active().annotate(
        is_current=Exists(current),
        last_status=Coalesce(
            Subquery(current.values("status")[:1]), Value(PromiseStatus.NOT_MEASURED)
        ),
        last_figure=Subquery(current.values("figure")[:1]),
        last_unit=Coalesce(Subquery(current.values("unit")[:1]), Value("")),
        last_measured_at=Subquery(last.values("measured_at")[:1]),
    )


@dataclass(frozen=True)
class Stored:
    """What the stored results say: how many promises are broken, and since when some are old."""

    broken: int
    outdated_at: datetime | None


def count_stored() -> Stored:
    """Count the active promises by their last results, in one query."""
    found = with_last_result().aggregate(
        broken=Count("pk", filter=Q(last_status=PromiseStatus.BROKEN)),
        outdated_at=Max("last_measured_at", filter=Q(is_current=False)),
    )
    return Stored(**found)


@dataclass(frozen=True)
class Registers:
    """The rows that promises name, in the reader's language, read once for a whole board."""

    purposes: dict[str, str]
    recipients: dict[str, str]
    limits: dict[tuple[str, str], TimeLimit]
    rules: dict[tuple[str, str, str], RetentionRule]

    @classmethod
    def read(cls) -> "Registers":
        today = local_day(timezone.now())
        limits = TimeLimit.objects.in_force(today)
        rules = RetentionRule.objects.in_force(today).filter(family=RuleFamily.PROMISE)
        return cls(
            {row.code: str(row.name) for row in Purpose.objects.all()},
            {row.code: str(row.name) for row in Recipient.objects.all()},
            {(limit.family, limit.kind): limit for limit in limits},
            {(rule.category, rule.trigger, rule.action): rule for rule in rules},
        )

    def in_words(self, promise: Promise) -> list[Pair]:
        """Say what is set under a promise today."""
        parameters = {name: [] for name in NAMED_ROWS} | promise.parameters
        pairs = [
            setting(name, value) for name, value in parameters.items() if name not in NAMED_ROWS
        ]
        kinds = parameters["time_limits"]
        limits = (self.limits.get((promise.family, kind)) for kind in kinds)
        pairs += [_limit(limit) for limit in limits if limit]
        rules = (self.rules.get(tuple(key)) for key in parameters["retention_rules"])
        pairs += _rules(rule for rule in rules if rule)
        for name, label, known in (
            ("purposes", _("purposes"), self.purposes),
            ("recipients", _("recipients"), self.recipients),
        ):
            if parameters[name]:
                pairs.append((label, ", ".join(known.get(code, code) for code in parameters[name])))
        return pairs


NAMED_ROWS = ("time_limits", "retention_rules", "purposes", "recipients")


def setting(name: str, value: Any) -> Pair:
    field = Company._meta.get_field(name)
    label = str(getattr(field, "verbose_name", name))
    if name == "unstated":
        return label, _listed(value, _labels_of_settings())
    if name in ("required_fields", "optional_fields"):
        return label, _listed(value, FIELD_LABELS)
    if name == "forbidden_recipient_kinds":
        return label, _listed(value, dict(RecipientKind.choices))
    if name == "closed_data_categories":
        return label, _listed(value, dict(DataCategory.choices))
    choices: dict[Any, Any] = dict(getattr(field, "choices", None) or ())
    return label, str(choices.get(value, value))


def _labels_of_settings() -> dict[str, Any]:
    return {
        **{field.name: field.verbose_name for field in Company._meta.local_fields},
        "address": _("address"),
        "complaints_address": _("address for complaints"),
    }


def _listed(values: Collection[str], labels: Any) -> str:
    return ", ".join(str(labels.get(value, value)) for value in values) or _("none")


def _limit(limit: TimeLimit) -> Pair:
    span = f"{limit.minimum}–{limit.maximum}" if limit.minimum else str(limit.maximum)
    return limit.get_kind_display(), f"{span} {limit.get_unit_display()}"


def _rules(rules: Iterable[RetentionRule]) -> list[Pair]:
    """Say how long data is kept; categories that go alike share a line."""
    alike: defaultdict[str, list[str]] = defaultdict(list)
    for rule in rules:
        values = {
            "action": rule.get_action_display(),
            "trigger": rule.get_trigger_display(),
            "n": rule.months,
        }
        text = (
            ngettext(
                "%(n)d month after: %(trigger)s; then: %(action)s",
                "%(n)d months after: %(trigger)s; then: %(action)s",
                rule.months,
            )
            if rule.months
            else _("at once when: %(trigger)s; then: %(action)s")
        )
        alike[text % values].append(rule.get_category_display())
    return [(", ".join(categories), text) for text, categories in alike.items()]
