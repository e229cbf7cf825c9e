"""What is held about a customer, read from the registry of personal data.

Each kind of data with every value, where it came from and since when; which
purposes use it, who outside receives it, how long it is kept and why.
"""

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.closing import Terms
from accounts.consents import choices_of
from accounts.models import Customer, DeclaredValue
from accounts.origins import Origin, origins_of
from accounts.uses import accesses_told_to
from common.personal_data import (
    DataCategory,
    Declaration,
    declaration_of,
    declarations,
    deferred,
    stays_of,
)
from policies.counting import local_day
from policies.models import DeclaredField, DeclaredKind, Purpose, Recipient, RuleFamily
from policies.models.declared_fields import FIXED
from policies.retention import period_of, rules_of

# What is named for programmers and for staff.
LABELS = {
    "ip": _("Network address"),
    "user_agent": _("Browser"),
    "created_at": _("Created"),
    "last_seen_at": _("Last seen"),
    "type": _("Kind"),
    "UserSession": _("Signed-in devices"),
    "Authenticator": _("Second factors"),
    "PolicyEvent": _("Policies shown and accepted"),
    "User": _("Sign-in"),
    "EmailAddress": _("Addresses for the sign-in"),
}
# What few companies hold at all: shown where a purpose or a rule names it, or something is there.
HELD_BY_FEW = (DataCategory.CALL_RECORDING, DataCategory.HOSTED_CONTENT)
NEWEST = 5  # rows of one table on the page of everything
A_PAGE = 25  # rows of one table on the page of its category
COUNTED = 1_000  # accesses: their page shows all, and counting them takes time


@dataclass(frozen=True)
class HeldField:
    """``detail``: what it is erased under, where the customer may ask for that."""

    label: str | Promise
    value: object
    origin: Origin | None
    detail: str = ""


@dataclass(frozen=True)
class HeldTable:
    """The rows of one table, each as its fields; ``page``: where the customer deals with them."""

    label: str | Promise
    rows: list[list[HeldField]]
    count: int
    page: str
    period: "Period | None"


@dataclass(frozen=True)
class Use:
    """A purpose that uses a category; ``is_allowed``: the law or the customer's consent lets it."""

    purpose: Purpose
    is_allowed: bool


@dataclass(frozen=True)
class Period:
    """How long something is kept, and who says so; ``of``: the table, where it is one alone."""

    words: str
    source: str
    of: str | Promise = ""


@dataclass(frozen=True)
class HeldCategory:
    category: DataCategory
    tables: list[HeldTable]
    uses: list[Use]
    recipients: list[Recipient]
    periods: list[Period]

    @property
    def count(self) -> int:
        return sum(table.count for table in self.tables)

    @property
    def names_tables(self) -> bool:
        return sum(bool(table.rows) for table in self.tables) > 1

    @property
    def has_more(self) -> bool:
        return any(table.count > len(table.rows) for table in self.tables if table.rows)


@dataclass(frozen=True)
class KeptCategory:
    """What stays after closing, why, and until which day."""

    category: DataCategory
    source: str
    until: date


def held_about(customer: Customer) -> list[HeldCategory]:
    """Return every category that the portal can hold, each with the newest rows of this one.

    With them what the company has elsewhere and the law demands to be stored.
    """
    circumstances, shown = _Circumstances(customer), _shown()
    described = [
        circumstances.describe(
            category, [_newest(declaration, customer) for declaration in shown.get(category, ())]
        )
        for category in DataCategory
        if category in shown or circumstances.stores_elsewhere(category)
    ]
    return [held for held in described if held.count or circumstances.expect(held.category)]


def held_in(
    customer: Customer, category: DataCategory, number: Any
) -> tuple[HeldCategory, "Page[Any]"]:
    """Return one category with that page of each table's rows, and the page of the longest one.

    Raises KeyError for a category that the portal does not hold.
    """
    declared = _shown()[category]
    pages = [
        Paginator(each.told_to(customer.pk).order_by("-pk"), A_PAGE).get_page(number)
        for each in declared
    ]
    tables = [
        _table(each, list(page), page.paginator.count)
        for each, page in zip(declared, pages, strict=True)
    ]
    longest = max(pages, key=lambda page: page.paginator.num_pages)
    return _Circumstances(customer).describe(category, tables), longest


def held_details(customer: Customer) -> list[HeldField]:
    """Return what the customer gave of themselves: the fixed details and the declared ones."""
    rows = [customer, *customer.declared.all()]
    fields = [_fields(declaration_of(type(row)), row, {}) for row in rows]
    return [field for fields_of_row in fields for field in fields_of_row]


def detail_label(name: str) -> str | None:
    """Return what a detail is called, fixed or declared (by code); None when there is none."""
    if name in FIXED:
        return str(Customer._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
    declared = DeclaredField.objects.filter(code=name).first()
    return str(declared.name) if declared else None


def kept_after_closing(customer: Customer, terms: Terms) -> list[KeptCategory]:
    """Return what stays of the customer's account under these terms, by kind."""
    kept: dict[DataCategory, KeptCategory] = {}
    for declaration in declarations():
        rows = declaration.told_to(customer.pk)
        if rows.exists():
            last = _last_of(declaration, rows, terms)
            kept[last.category] = max(last, kept.get(last.category, last), key=attrgetter("until"))
    for stay in stays_of([customer.pk]).get(customer.pk, ()):
        if stay.category in kept and stay.until and stay.until > terms.kept_until:
            category = DataCategory(stay.category)
            kept[category] = KeptCategory(category, str(stay.why), stay.until)
    return [kept[category] for category in DataCategory if category in kept]


def _last_of(declaration: Declaration, rows: "QuerySet[Any]", terms: Terms) -> KeptCategory:
    own = declaration.period()
    day = own and own.last_day(rows)
    if own and day and day < terms.kept_until:
        return KeptCategory(declaration.category, own.source, day)
    return KeptCategory(declaration.category, terms.rule.source, terms.kept_until)


def erasure_waits_for(customer: Customer) -> bool:
    """Say whether something of the customer, an open complaint, would keep the data for longer."""
    me = Customer.objects.filter(pk=customer.pk)
    return any(waiting.exists() for waiting in deferred(me).values())


class _Circumstances:
    """What is asked once for all categories: who uses and receives them, and the periods."""

    def __init__(self, customer: Customer) -> None:
        self.customer = customer
        self.purposes = list(Purpose.objects.active())
        self.given = {choice.purpose.pk for choice in choices_of(customer) if choice.is_given}
        self.recipients = list(Recipient.objects.active())
        self.rules = rules_of(local_day(timezone.now()))
        self.named = {rule.category for rules in self.rules.values() for rule in rules}

    def expect(self, category: DataCategory) -> bool:
        """Say whether the company deals with such data at all."""
        return category not in HELD_BY_FEW or category in self.named or self._is_used(category)

    def stores_elsewhere(self, category: DataCategory) -> bool:
        """Say whether the company uses such data and the law demands that it stays."""
        by_law = any(rule.family == RuleFamily.STATUTE for rule in self.rules[category])
        return by_law and self._is_used(category)

    def _is_used(self, category: DataCategory) -> bool:
        return any(category in purpose.data_categories for purpose in self.purposes)

    def describe(self, category: DataCategory, declared: list[HeldTable]) -> HeldCategory:
        tables = declared + self._accesses(category)
        return HeldCategory(
            category,
            tables,
            [
                Use(purpose, not purpose.asks_consent or purpose.pk in self.given)
                for purpose in self.purposes
                if category in purpose.data_categories
            ],
            [each for each in self.recipients if category in each.data_categories],
            [Period(period_of(rule), rule.source) for rule in self.rules[category]]
            + [table.period for table in tables if table.period and table.count],
        )

    def _accesses(self, category: DataCategory) -> list[HeldTable]:
        """Return the one table that is not declared: it knows customers by public id alone."""
        if category != DataCategory.ACCESS_RECORD:
            return []
        count = accesses_told_to(self.customer)[:COUNTED].count()
        return [HeldTable(_("Who saw my data"), [], count, "accesses", None)]


def _shown() -> dict[DataCategory, list[Declaration]]:
    """Return what customers are shown, by category in the order of the list."""
    shown = [each for each in declarations() if each.personal or each.page]
    grouped = {
        category: [each for each in shown if each.category == category] for category in DataCategory
    }
    return {category: found for category, found in grouped.items() if found}


def _newest(declaration: Declaration, customer: Customer) -> HeldTable:
    rows = declaration.told_to(customer.pk).order_by("-pk")
    newest = list(rows[:NEWEST]) if declaration.personal else []
    is_all = declaration.personal and len(newest) < NEWEST
    return _table(declaration, newest, len(newest) if is_all else rows.count())


def _table(declaration: Declaration, rows: Collection[Any], count: int) -> HeldTable:
    origins = origins_of(declaration, rows)
    fields = [_fields(declaration, row, origins) for row in rows] if declaration.personal else []
    label, own = table_label(declaration), declaration.period()
    period = Period(own.words, own.source, label) if own and own.words else None
    return HeldTable(label, fields, count, declaration.page, period)


def _fields(
    declaration: Declaration, row: Model, origins: Mapping[tuple[Any, str], Origin]
) -> list[HeldField]:
    names = list(declaration.personal)
    if declaration.until and getattr(row, declaration.until):
        names.append(declaration.until)
    return told_fields(declaration, row, {name: origins.get((row.pk, name)) for name in names})


def told_fields(
    declaration: Declaration, row: Model, origins: Mapping[str, Origin | None]
) -> list[HeldField]:
    """Return the fields of a row that ``origins`` names, empty where they are not told yet."""
    untold = declaration.untold(row)
    return [
        HeldField(field_label(type(row), name), "", None)
        if name in untold
        else field_of(row, name, origin)
        for name, origin in origins.items()
    ]


def field_of(row: Model, name: str, origin: Origin | None) -> HeldField:
    if isinstance(row, DeclaredValue) and name == "value":
        return HeldField(row.field.name, _as_kind(row.field, row.value), origin, row.field.code)
    detail = name if isinstance(row, Customer) else ""
    return HeldField(field_label(type(row), name), value_of(row, name), origin, detail)


def table_label(declaration: Declaration) -> str | Promise:
    model = declaration.model
    return LABELS.get(model.__name__) or model._meta.verbose_name_plural or ""


def field_label(model: type[Model], name: str) -> str | Promise:
    field: Any = model._meta.get_field(name)
    return LABELS.get(name) or str(field.verbose_name)


def value_of(row: Model, name: str) -> object:
    """Return a value as people read it: of a choice, its words; of another row, its name."""
    display = getattr(row, f"get_{name}_display", None)
    value = display() if display else getattr(row, name)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(getattr(value, "name", value)) if isinstance(value, Model) else value


def _as_kind(field: DeclaredField, text: str) -> str:
    """Return a date as it is written here; what was declared before it was one, as it is."""
    if field.kind == DeclaredKind.DATE:
        with suppress(ValueError):
            return date_format(date.fromisoformat(text), "SHORT_DATE_FORMAT")
    return text
