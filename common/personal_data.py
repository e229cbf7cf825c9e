"""The one list of the personal data that the portal holds. Each app declares its own.

An app describes its personal data in ``<app>/personal_data.py``, which is
imported at start like ``admin.py``. What customers see of themselves, the
masks in the admin, the field groups of access records and the erasure all
follow from this list, and know no app by name. ``common.checks`` refuses to
start while a table that could hold personal data is missing here.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from graphlib import TopologicalSorter
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.models import Case, Model, QuerySet, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from common.database import among

Mask = Callable[[str], str]
"""Takes a value as text; returns what a list may show of it."""


class DataCategory(models.TextChoices):
    """What retention rules and access records speak of; stored, so never rename one."""

    ACCOUNT = "account", _("Account and sign-in")
    CONTACT = "contact", _("Contact details")
    DECLARED = "declared", _("Other details you declared")
    ORDER = "order", _("Orders")
    DEVICE = "device", _("Devices")
    VISIT = "visit", _("Visits, counted")
    PREFERENCE = "preference", _("Preferences and interests")
    CALL_RECORDING = "call_recording", _("Call recordings")
    SURVEY_ANSWER = "survey_answer", _("Survey answers")
    HOSTED_CONTENT = "hosted_content", _("Hosted content, by inventory")
    ENQUIRY = "enquiry", _("Enquiries")
    COMPLAINT = "complaint", _("Complaints and answers")
    EVIDENCE = "evidence", _("Evidence files")
    CONSENT = "consent", _("Consents and policy acceptance")
    NOTICE = "notice", _("Notices sent")
    ACCESS_RECORD = "access_record", _("Records of access")
    IDENTITY_PROOF = "identity_proof", _("Proofs of identity")
    PURGE_REPORT = "purge_report", _("Reports of deletions")


class RetentionTrigger(models.TextChoices):
    """The event at which a period of retention begins; stored, so never rename one."""

    ACCOUNT_CLOSED = "account_closed", _("the account is closed")
    SERVICE_ENDED = "service_ended", _("the service has ended")
    ON_REQUEST = "on_request", _("the customer asks for deletion")
    NO_LONGER_NECESSARY = "no_longer_necessary", _("the data is no longer necessary")
    CASE_CLOSED = "case_closed", _("the case is closed")
    CREATED = "created", _("the data is recorded")
    YEAR_ENDED = "year_ended", _("the accounting year has ended")
    LAST_ACTIVITY = "last_activity", _("the last activity")


CUSTOMER = "accounts.Customer"
HELD = gettext_noop("legal hold")
HOME = "+84"


@dataclass(frozen=True)
class OwnPeriod:
    """How long the portal keeps the rows of a table that may go before their customer.

    words: to the customer; empty where a rule of their kind says it already.
    source: who sets it.
    last_day: takes rows; returns the last day of all, None where it is their customer's.
    """

    words: str
    source: str
    last_day: Callable[[QuerySet[Any]], date | None]


@dataclass(frozen=True)
class Declaration:
    """What one table holds about customers.

    customer: lookup from a row to its Customer; "pk" for the customers themselves.
    personal: each personal field with its mask; customers see these of themselves.
    internal: personal fields that customers are not shown (a password hash).
    exported: what a copy of their data tells customers of a row beyond the personal fields, such
        as when and which; never a member of staff.
    plain: fields that could hold text and hold none about a person.
    references: fields by which another system of the company knows a row: orders to it name them.
    shared: personal fields whose values strangers share, as a browser's name: they tell nobody.
    files: FileFields; the files go with the row, whose ``file_name`` says what a copy is called.
    untold: returns of a row, present or past, the fields that its customer has not been told yet;
        their page, and a copy of their data, leave those empty.
    told_rows: narrows rows to those of which their customer may know by now; of the others neither
        their page nor a copy of their data says that they are there.
    since: the field that says when a row was recorded, where no history does.
    origin: where such a row comes from, in the customer's words.
    until: the field that says the last day of a row, where it has one of its own.
    readable_by: narrows rows to those that this member of staff may see behind a mask or in full.
    period: returns how long these rows are kept, where they may go before their customer.
    page: name of the page on which customers deal with these rows.
    erasable: customers may erase these rows while their account is open.
    case: lookup from a row to the case that it is a part of, "pk" for the cases themselves.
    lasts: the rows stay as long as anything of their customer does.
    opens: the rows let somebody in, or fetch something, so that they are the first to go.
    """

    model: type[Model]
    category: DataCategory
    customer: str
    personal: Mapping[str, Mask] = field(default_factory=dict)
    internal: Collection[str] = ()
    exported: Collection[str] = ()
    plain: Collection[str] = ()
    references: Collection[str] = ()
    shared: Collection[str] = ()
    files: Collection[str] = ()
    untold: Callable[[Any], Collection[str]] = lambda row: ()
    told_rows: Callable[[QuerySet[Any]], QuerySet[Any]] = lambda rows: rows
    since: str = ""
    origin: str | Promise = ""
    until: str = ""
    readable_by: Callable[[QuerySet[Any], Any], QuerySet[Any]] = lambda rows, staff: rows
    period: Callable[[], OwnPeriod | None] = lambda: None
    page: str = ""
    erasable: bool = False
    case: str = ""
    lasts: bool = False
    opens: bool = False

    @cached_property  # what it asks makes a new class of managers each time
    def history(self) -> type[Model] | None:
        manager = getattr(self.model, "history", None)
        return manager.model if manager is not None else None

    def about(self, customers: Iterable[int] | QuerySet[Any, Any]) -> QuerySet[Any]:
        """Return the rows about these customers (primary keys, or a query for them)."""
        return self.model._base_manager.filter(among(self.customer, customers))

    def told_to(self, customer: int) -> QuerySet[Any]:
        """Return the rows about a customer (primary key) of which they may know by now."""
        return self.told_rows(self.about([customer]))

    def history_about(
        self, customers: Iterable[int] | QuerySet[Any, Any], rows: Iterable[Any]
    ) -> QuerySet[Any]:
        """Return the history of ``rows`` and of rows about ``customers`` that are gone already."""
        if self.history is None:
            raise ImproperlyConfigured(f"{self.model._meta.label} keeps no history.")
        whose = among(self.model._meta.pk.attname, rows)
        first_hop = self.customer.split("__")[0]
        if first_hop in {f.name for f in self.history._meta.fields}:
            whose |= among(self.customer, customers)
        return self.history._base_manager.filter(whose)

    def give(self, one: int, other: int) -> None:
        """Let the rows of one customer, and their history, be about another (primary keys).

        Rows that belong to a row of the customer's follow it by themselves.
        """
        name = self.customer.split("__")[0]
        tables: list[Any] = [self.model, *filter(None, [self.history])]
        for model in tables:
            own = {each.name: each for each in model._meta.local_fields}
            if name in own and own[name].related_model._meta.label == CUSTOMER:
                model._base_manager.filter(**{name: one}).update(**{name: other})

    def masked(self, row: Model, name: str) -> str:
        """Return what a list may show of a field; empty stays empty."""
        value = getattr(row, name)
        return self.personal[name](str(value)) if value else ""


ErasureStep = Callable[[Collection[int]], None]
"""Takes primary keys of customers; removes what no declaration reaches, or tells others of the
erasure. Called in its transaction; repeating it changes nothing."""

Deferral = Callable[[], QuerySet[Any, Any]]
"""Returns the primary keys of the customers who must not be erased yet; called anew each time."""

Hold = Callable[[str], QuerySet[Any, Any]]
"""Takes a category, or nothing; returns rows that each name a ``customer`` of whom nothing at all,
or nothing of this category, may be erased."""


@dataclass(frozen=True)
class Stay:
    """A part of a customer's data that stays while the rest goes: a category, or a case by its key.

    what, why: to the customer. until: the last day, where it is known.
    """

    what: str | Promise
    why: str | Promise
    category: str = ""
    case: int | None = None
    until: date | None = None

    @property
    def part(self) -> str:
        return self.category or f"case {self.case}"


Keeper = Callable[[Collection[int]], Mapping[int, Collection[Stay]]]
"""Takes primary keys of customers; returns what of theirs stays when they are due."""

Memory = Callable[[Collection[str]], Iterable[str]]
"""Takes public ids; returns those of customers who were erased."""

MergeStep = Callable[[Any, Any], None]
"""Takes a customer who is a duplicate and the one who stays; settles what cannot just be given to
the other, as a row of which a customer has one. Called first, in the transaction of the merge."""

_declarations: dict[type[Model], Declaration] = {}
_exempt: dict[str, str] = {}
_erasure_steps: list[ErasureStep] = []
_deferrals: dict[str, Deferral] = {}
_merge_steps: list[MergeStep] = []
_holds: list[Hold] = []
_keepers: list[Keeper] = []
_last_steps: list[ErasureStep] = []
_reducing_steps: list[tuple[DataCategory, ErasureStep]] = []
_memories: list[Memory] = []
_outliving: dict[str, str] = {}


def declare(declaration: Declaration) -> Declaration:
    if declaration.model in _declarations:
        raise ImproperlyConfigured(f"{declaration.model._meta.label} is declared twice.")
    _declarations[declaration.model] = declaration
    return declaration


def exempt(label: str, *, because: str) -> None:
    """Say why a table that could hold personal data ("app.Model") holds none of a customer."""
    _exempt[label] = because


def erasure_step(step: ErasureStep) -> ErasureStep:
    """Register what goes before the rows, also where a part of the customer's data stays."""
    _erasure_steps.append(step)
    return step


def first_erasure_step(step: ErasureStep) -> ErasureStep:
    """Register what ends the sign-in, before anything else goes."""
    _erasure_steps.insert(0, step)
    return step


def last_erasure_step(step: ErasureStep) -> ErasureStep:
    """Register what goes, before all rows, once nothing of the customer stays."""
    _last_steps.append(step)
    return step


def reducing_step(category: DataCategory) -> Callable[[ErasureStep], ErasureStep]:
    """Register what goes, beside whole rows, where a part stays that is not this category."""

    def register(step: ErasureStep) -> ErasureStep:
        _reducing_steps.append((category, step))
        return step

    return register


def moves_on_merge(step: MergeStep) -> MergeStep:
    """Register what a merge of two customers does beyond giving the declared rows to one."""
    _merge_steps.append(step)
    return step


def defers_erasure(reason: str) -> Callable[[Deferral], Deferral]:
    """Register a deferral under a short code that the purge report counts by."""

    def register(deferral: Deferral) -> Deferral:
        _deferrals[reason] = deferral
        return deferral

    return register


def forbids_erasure(hold: Hold) -> Hold:
    """Register what keeps a customer's data, or a category of it, also from the customer's hand."""
    _holds.append(hold)
    return hold


def keeps_part(keeper: Keeper) -> Keeper:
    """Register what keeps a part of a customer's data when the customer is due."""
    _keepers.append(keeper)
    return keeper


def remembers_erased(memory: Memory) -> Memory:
    """Register what is left of erased customers, for who asks whether there ever was one."""
    _memories.append(memory)
    return memory


def outlives(column: str, *, because: str) -> None:
    """Say why a column ("app.Model.field") may still know of the erased, by a pseudonym alone."""
    _outliving[column] = because


def outliving() -> Mapping[str, str]:
    return _outliving


def declaration_of(model: type[Model]) -> Declaration:
    """Raises KeyError."""
    return _declarations[model]


def declarations() -> Collection[Declaration]:
    return _declarations.values()


def exemptions() -> Mapping[str, str]:
    return _exempt


def erasure_steps() -> Collection[ErasureStep]:
    return _erasure_steps


def last_erasure_steps() -> Collection[ErasureStep]:
    return _last_steps


def reducing_steps() -> Collection[tuple[DataCategory, ErasureStep]]:
    return _reducing_steps


def merge_steps() -> Collection[MergeStep]:
    return _merge_steps


def deferrals() -> Mapping[str, Deferral]:
    return _deferrals


def deferred(customers: QuerySet[Any]) -> dict[str, QuerySet[Any]]:
    """Return the customers who must not be erased yet, by the reason; one may be under several."""
    return {reason: customers.filter(pk__in=keeps()) for reason, keeps in _deferrals.items()}


def is_held(customer: int, category: str = "") -> bool:
    """Say whether nothing of this customer (primary key), or of this category of theirs, may be
    erased; ask under their lock."""
    return any(hold(category).filter(customer=customer).exists() for hold in _holds)


def stays_of(customers: Collection[int]) -> dict[int, list[Stay]]:
    """Return what of each of these customers (primary keys) stays when they are due, if anything.

    Ask under their lock. Whoever is held as a whole is none of its business.
    """
    stays: dict[int, list[Stay]] = {}
    for keeper in _keepers:
        for customer, parts in keeper(customers).items():
            stays.setdefault(customer, []).extend(parts)
    return {customer: parts for customer, parts in stays.items() if parts}


def without_keepers(category: str, customers: Collection[int]) -> list[int]:
    """Return those of these customers (primary keys) of whom not all of a category stays."""
    stays = stays_of(customers)
    return [
        customer
        for customer in customers
        if all(stay.category != category for stay in stays.get(customer, ()))
    ]


def erased_among(public_ids: Collection[str]) -> set[str]:
    """Return those of the public ids whose customer was erased."""
    return {public_id for memory in _memories for public_id in memory(public_ids)}


def said_of(reason: str) -> str:
    """Say to staff what keeps a customer; a hold does so for a day after its release."""
    if reason == HELD:
        return gettext("legal hold, or the day after its release")
    return gettext(reason)


def with_what_keeps(customers: QuerySet[Any]) -> QuerySet[Any]:
    """Add to customers, as ``kept_by``, why they must not be erased yet: HELD, the reason of a
    deferral, or nothing."""
    keepers = [(HELD, hold("").values("customer")) for hold in _holds]
    keepers += [(reason, keeps()) for reason, keeps in _deferrals.items()]
    cases = [When(pk__in=customers_kept, then=Value(reason)) for reason, customers_kept in keepers]
    kept_by = Case(*cases, default=Value(""), output_field=models.CharField())
    told: QuerySet[Any] = customers.annotate(kept_by=kept_by)
    return told


def what_keeps(customers: QuerySet[Any]) -> dict[str, int]:
    """Count the customers who must not be erased yet by why; each under one reason alone."""
    kept = with_what_keeps(customers).exclude(kept_by="").order_by("kept_by")
    return dict(kept.values_list("kept_by").annotate(models.Count("pk")))


def not_held(
    rows: QuerySet[Any], customer: str = "customer", *, category: str = ""
) -> QuerySet[Any]:
    """Narrow rows that each name a ``customer`` to those of whom something, of this category where
    one is named, may be erased.

    Whoever erases asks is_held() again, under the lock.
    """
    for hold in _holds:
        rows = rows.exclude(**{f"{customer}__in": hold(category).values("customer")})
    return rows


def children_first() -> list[Declaration]:
    """Return the declarations so that a row's references are deleted before the row."""
    graph = TopologicalSorter(dict.fromkeys(_declarations, ()))
    for model in _declarations:
        for relation in model._meta.local_fields:
            target = relation.related_model
            if relation.is_relation and target in _declarations and target is not model:
                graph.add(target, model)
    return [_declarations[model] for model in graph.static_order()]


def mask_all(value: str) -> str:
    return "•••"


def mask_name(value: str) -> str:
    """Nguyễn Văn Ưng -> N. V. Ư."""
    return " ".join(f"{word[0]}." for word in value.split())


def mask_email(value: str) -> str:
    """khach@example.vn -> k•••@example.vn"""
    local, _at, domain = value.rpartition("@")
    return f"{local[:1]}•••@{domain}"


def mask_phone(value: str) -> str:
    """+84912345560 -> 091 ••• •560; of a number from elsewhere its end alone."""
    is_ours = value.startswith(HOME) and len(value) == len(HOME) + 9
    return f"0{value[3:5]} ••• •{value[-3:]}" if is_ours else end_of_phone(value)


def end_of_phone(value: str) -> str:
    """+84912345560 -> •••560"""
    return f"•••{value[-3:]}" if len(value) > 6 else "•••"
