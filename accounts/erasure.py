"""Customers erase single details of theirs, or all of a kind, while the account goes on.

What goes is gone from the history too: the history keeps that it was erased,
when and by whom. The purge of a whole customer is retention's.
"""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.exceptions import ErasureRefused
from accounts.locks import lock_open
from accounts.models import Customer, User
from common.erasure import erase_rows
from common.history import save_as
from common.personal_data import DataCategory, children_first, is_held
from notices.services import queue_notice
from policies.clocks import the_company

DETAILS = ("phone", "address")  # name and email are what the account stands on


def why_detail_stays(name: str) -> str | None:
    """Return why this detail cannot be erased while the account is open, or None.

    Raises NotConfigured.
    """
    if name not in DETAILS:
        return _("Without it there is no account. It goes when you close the account.")
    if name in the_company().required_fields:
        return _(
            "The company needs it for as long as your account is open. You can correct it; it goes"
            " when you close the account."
        )
    return None


def erasable_categories() -> set[DataCategory]:
    """Return the kinds of data that hold rows which customers may erase themselves."""
    return {each.category for each in children_first() if each.erasable}


@transaction.atomic
def erase_detail(customer: Customer, name: str, *, by: User) -> bool:
    """Erase one detail, from the history too; say whether there was anything.

    Raises AccountClosed, ErasureRefused.
    """
    _lock_erasable(customer)
    if reason := why_detail_stays(name):
        raise ErasureRefused(reason)
    if not getattr(customer, name):
        return False
    setattr(customer, name, "")
    save_as(customer, by=by, reason=f"{name} erased", fields=[name])
    customer.history.update(**{name: ""})
    queue_notice(
        "details_changed",
        recipient=customer.public_id,
        key=f"details-{customer.history.latest().history_id}",
    )
    return True


@transaction.atomic
def erase_category(customer: Customer, category: DataCategory) -> int:
    """Erase the rows of this kind that customers may erase; return how many went.

    Raises AccountClosed, ErasureRefused.
    """
    _lock_erasable(customer)
    going = [each for each in children_first() if each.erasable and each.category == category]
    if not going:
        raise ErasureRefused(
            _("This is kept for as long as your account is open. It goes when you close it.")
        )
    counts = erase_rows(going, [customer.pk])
    return sum(counts[each.model._meta.label] for each in going)


def _lock_erasable(customer: Customer) -> None:
    lock_open(customer)
    if is_held(customer.pk):
        raise ErasureRefused(
            _("This cannot be erased now, because the law obliges us to keep it for a while.")
        )
