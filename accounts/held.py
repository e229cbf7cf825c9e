"""What is held about a customer, read from the registry of personal data."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Model
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer
from common.personal_data import DataCategory, Declaration, declarations, deferred
from policies.counting import local_day
from policies.retention import kept_until, rule_after_closing

# Fields of libraries, which name them for programmers.
LABELS = {"ip": _("Network address"), "user_agent": _("Browser")}
NEWEST = 50  # rows shown of one table; the account page is no export


@dataclass(frozen=True)
class HeldField:
    label: str | Promise
    value: object


@dataclass(frozen=True)
class HeldRecord:
    label: str | Promise
    fields: list[HeldField]


@dataclass(frozen=True)
class HeldCategory:
    label: str | Promise
    records: list[HeldRecord]


@dataclass(frozen=True)
class KeptCategory:
    """What stays after closing, why, and until which day."""

    label: str | Promise
    source: str
    until: date


def held_about(customer: Customer) -> list[HeldCategory]:
    """Return every category that the registry shows to customers, with what is held of this one."""
    grouped: dict[DataCategory, list[HeldRecord]] = {}
    for declaration in declarations():
        if declaration.personal:
            rows = declaration.about([customer.pk]).order_by("-pk")[:NEWEST]
            records = grouped.setdefault(declaration.category, [])
            records += [_record(declaration, row) for row in rows]
    return [
        HeldCategory(category.label, grouped[category])
        for category in DataCategory
        if category in grouped
    ]


def kept_after_closing(closed_at: datetime) -> list[KeptCategory]:
    """Return what would stay of an account closed then.

    Raises NotConfigured.
    """
    rule = rule_after_closing(local_day(closed_at))
    until = kept_until(rule, closed_at)
    categories = {declaration.category for declaration in declarations()}
    return [
        KeptCategory(category.label, rule.source, until)
        for category in DataCategory
        if category in categories
    ]


def erasure_waits_for(customer: Customer) -> bool:
    """Say whether something of the customer, an open complaint, would keep the data for longer."""
    me = Customer.objects.filter(pk=customer.pk)
    return any(waiting.exists() for waiting in deferred(me).values())


def _record(declaration: Declaration, row: Model) -> HeldRecord:
    return HeldRecord(
        declaration.model._meta.verbose_name or "",
        [_field(row, name) for name in declaration.personal],
    )


def _field(row: Model, name: str) -> HeldField:
    field = row._meta.get_field(name)
    display = getattr(row, f"get_{name}_display", None)
    value = display() if display else getattr(row, name)
    return HeldField(LABELS.get(name) or str(getattr(field, "verbose_name", name)), value)
