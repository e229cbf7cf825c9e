"""Correcting what is known of a customer: the fixed details, and the declared ones."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from django.db import transaction

from accounts.accuracy import declare_accuracy
from accounts.locks import lock_open
from accounts.models import Customer, DeclaredValue, Occasion, User
from accounts.phone import forget_number
from common.history import delete_as, save_as
from common.personal_data import DataCategory, is_held
from common.tokens import new_public_id
from notices.services import queue_notice
from policies.models import DeclaredField
from policies.models.declared_fields import FIXED

EDITABLE = ("full_name", "phone", "address")
NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Change:
    """That details of a customer changed or were erased; without any, all of their kind were.

    details: their names, of declared ones the codes; never the values.
    """

    customer: Customer
    category: DataCategory
    details: tuple[str, ...] = ()
    is_erased: bool = False


FollowChange = Callable[[Change], None]
"""Acts on a change that was just written, in its transaction."""

_followers: list[FollowChange] = []


def follows_changes(follower: FollowChange) -> FollowChange:
    """Let a room above act on every change of a customer's details, whoever made it."""
    _followers.append(follower)
    return follower


def tell_followers(change: Change) -> None:
    for follow in _followers:
        follow(change)


@transaction.atomic
def correct_details(
    customer: Customer, *, details: Mapping[str, str], declared: Mapping[str, str] = NONE, by: User
) -> list[str]:
    """Change what differs; return the names of the changed fields.

    declared: values by the code of their field, "" to erase one; others stay.
    A customer who saves declares with it that the details are right.

    Raises AccountClosed.
    """
    lock_open(customer)
    changed = write_details(customer, details, by=by, reason="corrected by customer")
    changed += put_declared(customer, declared, by=by)
    if changed:
        tell_of_change(customer)
        follow_correction(customer, changed, declared)
    if by == customer.user:
        declare_accuracy(customer, Occasion.CHANGE if changed else Occasion.REVIEW)
    return changed


def write_details(
    customer: Customer, details: Mapping[str, str], *, by: User, reason: str
) -> list[str]:
    """Save those of ``details`` that differ, of a customer whose row is locked; return their names.

    Who calls it tells the customer.
    """
    changed = [name for name, value in details.items() if value != getattr(customer, name)]
    for name in changed:
        setattr(customer, name, details[name])
    if changed:
        save_as(customer, by=by, reason=reason, fields=changed)
    if "phone" in changed:
        forget_number(customer)
    return changed


def put_declared(customer: Customer, declared: Mapping[str, str], *, by: User) -> list[str]:
    """Bring the declared values in line; return the codes of those that changed.

    Call it under the customer's lock. What is emptied is erased, from the
    history too unless a legal hold stands.
    """
    present = {value.field.code: value for value in customer.declared.all()}
    changed = [
        code for code, text in declared.items() if text != getattr(present.get(code), "value", "")
    ]
    fields = DeclaredField.objects.in_bulk(changed, field_name="code") if changed else {}
    for code in changed:
        if declared[code]:
            value = present.get(code) or DeclaredValue(customer=customer, field=fields[code])
            value.value = declared[code]
            save_as(value, by=by, reason="declared")
        elif is_held(customer.pk, DataCategory.DECLARED):
            delete_as(present[code], by=by, reason="emptied")
        else:
            forget_declared(customer, code)
    return changed


def forget_declared(customer: Customer, code: str) -> bool:
    """Erase a declared value with all that the history keeps of it; say whether there was any."""
    values = DeclaredValue.objects.filter(customer=customer, field__code=code)
    past = DeclaredValue.history.filter(customer_id=customer.pk, field__code=code)
    was_there = values.exists() or past.exists()
    for value in values:
        value.skip_history_when_saving = True  # type: ignore[attr-defined]
        value.delete()
    past.delete()
    return was_there


def follow_correction(
    customer: Customer, changed: Collection[str], declared: Mapping[str, str] = NONE
) -> None:
    """Let others follow what was corrected; what ``declared`` empties is erased where it can be."""
    stays = is_held(customer.pk, DataCategory.DECLARED)
    emptied = {name for name in changed if declared.get(name) == "" and not stays}
    follow_details(customer, [name for name in changed if name not in emptied])
    follow_details(customer, emptied, is_erased=True)


def follow_details(customer: Customer, names: Collection[str], *, is_erased: bool = False) -> None:
    """Let others follow a change of these details, of fixed and of declared ones apart."""
    fixed = tuple(sorted(name for name in names if name in FIXED))
    declared = tuple(sorted(name for name in names if name not in FIXED))
    kinds = ((DataCategory.CONTACT, fixed), (DataCategory.DECLARED, declared))
    for category, details in kinds:
        if details:
            tell_followers(Change(customer, category, details, is_erased))


def tell_of_change(customer: Customer) -> None:
    """Mail that details were changed, once a change."""
    queue_notice("details_changed", recipient=customer.public_id, key=f"details-{new_public_id()}")


@transaction.atomic
def follow_email(user: User, email: str) -> None:
    """Write a customer's newly verified sign-in address into their record, and tell it there.

    The address of before is told by the sign-in itself.
    """
    customer = Customer.objects.select_for_update(of=("self",)).filter(user=user).first()
    if customer is not None and customer.email != email:
        customer.email = email
        save_as(customer, by=user, reason="email verified", fields=["email"])
        tell_of_change(customer)
        follow_details(customer, ["email"])


@transaction.atomic
def choose_language(user: User, language: str) -> None:
    """Write to ``user`` in this language from now on."""
    customers = list(Customer.objects.select_for_update(of=("self",)).filter(user=user))
    user.language = language
    save_as(user, by=user, reason="language chosen", fields=["language"])
    for customer in customers:
        customer.language = language
        save_as(customer, by=user, reason="language chosen", fields=["language"])
