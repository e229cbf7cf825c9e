"""Customers erase single details of theirs, or all of a kind, while the account goes on.

What goes is gone from the history too. Of a fixed detail the history keeps that
it was erased, when and by whom; of all else nothing is kept but the mail that
tells of it. The purge of a whole customer is retention's.
"""

from collections.abc import Collection

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.details import (
    Change,
    follow_details,
    forget_declared,
    tell_followers,
    tell_of_change,
)
from accounts.exceptions import ErasureRefused
from accounts.locks import lock_open
from accounts.merging import history_of
from accounts.models import Customer, User
from accounts.phone import forget_number
from common.erasure import erase_rows
from common.history import save_as
from common.personal_data import DataCategory, children_first, is_held
from policies.clocks import the_company
from policies.models import DeclaredField
from policies.models.declared_fields import FIXED

ERASABLE = ("phone", "address")  # name and email are what the account stands on


def why_detail_stays(name: str) -> str | None:
    """Return why this detail cannot be erased while the account is open, or None.

    name: of a fixed detail, or the code of a declared one.

    Raises NotConfigured.
    """
    if name in FIXED and name not in ERASABLE:
        return _("Without it there is no account. It goes when you close the account.")
    if name in _required():
        return _(
            "The company needs it for as long as your account is open. You can correct it; it goes"
            " when you close the account."
        )
    return None


def erasable_details() -> list[str]:
    """Return the fixed details that customers may erase: of the contact details all that can go."""
    required = _required()
    return [name for name in ERASABLE if name not in required]


def erasable_declared() -> list[str]:
    """Return the codes of what customers declared beside these and may erase."""
    declared = DeclaredField.objects.exclude(code__in=_required())
    return list(declared.values_list("code", flat=True))


def erasable_categories() -> set[DataCategory]:
    """Return the kinds of data that customers may erase at once, as far as it can go."""
    required = _required()
    kinds = {each.category for each in children_first() if each.erasable}
    if not required <= set(FIXED):
        kinds.discard(DataCategory.DECLARED)
    if not required.issuperset(ERASABLE):
        kinds.add(DataCategory.CONTACT)
    return kinds


def _required() -> set[str]:
    """Return what the company needs while an account is open, declared details by their code."""
    declared = DeclaredField.objects.active().filter(is_required=True)
    return {*the_company().required_fields, *declared.values_list("code", flat=True)}


@transaction.atomic
def erase_detail(customer: Customer, name: str, *, by: User) -> bool:
    """Erase one detail, from the history too; say whether there was anything.

    name: of a fixed detail, or the code of a declared one.

    Raises AccountClosed, ErasureRefused.
    """
    erased = erase_details(customer, [name], by=by)
    if erased:
        tell_of_change(customer)
    return bool(erased)


@transaction.atomic
def erase_details(customer: Customer, names: Collection[str], *, by: User) -> list[str]:
    """Erase these as erase_detail does; return those of which there was anything.

    Who calls it tells the customer.

    Raises AccountClosed, ErasureRefused.
    """
    lock_erasable(customer, *map(_category_of, names))
    erased = [name for name in names if _erase(customer, name, by)]
    follow_details(customer, erased, is_erased=True)
    return erased


def _erase(customer: Customer, name: str, by: User) -> bool:
    if reason := why_detail_stays(name):
        raise ErasureRefused(reason)
    return _erase_fixed(customer, name, by) if name in FIXED else forget_declared(customer, name)


def _erase_fixed(customer: Customer, name: str, by: User) -> bool:
    """Erase the value, and those that the history keeps of before."""
    if name == "phone":
        forget_number(customer)
    if getattr(customer, name):
        setattr(customer, name, "")
        save_as(customer, by=by, reason=f"{name} erased", fields=[name])
    return bool(history_of(customer).exclude(**{name: ""}).update(**{name: ""}))


@transaction.atomic
def erase_category(customer: Customer, category: DataCategory, *, by: User) -> int:
    """Erase what customers may erase of this kind; return how many rows or details went.

    Raises AccountClosed, ErasureRefused.
    """
    lock_erasable(customer, category)
    if category not in erasable_categories():
        raise ErasureRefused(
            _("This is kept for as long as your account is open. It goes when you close it.")
        )
    details = erasable_details() if category == DataCategory.CONTACT else []
    if details:
        erased = sum(_erase_fixed(customer, name, by) for name in details)
    else:
        erased = _erase_rows(customer, category)
    if erased:
        tell_of_change(customer)
        tell_followers(Change(customer, category, tuple(details), is_erased=True))
    return erased


def _erase_rows(customer: Customer, category: DataCategory) -> int:
    going = [each for each in children_first() if each.erasable and each.category == category]
    erased = erase_rows(going, [customer.pk])
    return sum(erased.tables[each.model._meta.label] for each in going)


def _category_of(name: str) -> DataCategory:
    return DataCategory.CONTACT if name in FIXED else DataCategory.DECLARED


def lock_erasable(customer: Customer, *categories: DataCategory) -> None:
    """Lock the row of an open account of which the customer may erase these.

    Raises AccountClosed, ErasureRefused.
    """
    lock_open(customer)
    if any(is_held(customer.pk, category) for category in categories):
        raise ErasureRefused(
            _("This cannot be erased now, because the law obliges us to keep it for a while.")
        )
