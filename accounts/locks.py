"""Each change of a customer's data locks the customer's row first.

So a purge, a second tab and a legal hold wait for one another.
"""

from django.utils.translation import gettext as _

from accounts.exceptions import AccountClosed, AccountOpen
from accounts.models import Customer


def lock_customer(customer: Customer) -> None:
    """Reload the row and hold it until the transaction ends."""
    customer.refresh_from_db(from_queryset=Customer.objects.select_for_update(of=("self",)))


def lock_open(customer: Customer) -> None:
    """Lock the row of an account that is open.

    Raises AccountClosed, also where it was erased, or became another one, meanwhile.
    """
    try:
        lock_customer(customer)
        is_open = customer.is_open
    except Customer.DoesNotExist:
        is_open = False
    if not is_open:
        raise AccountClosed(_("This account is closed; its data can no longer be changed."))


def lock_closed(customer: Customer) -> None:
    """Lock the row of an account that is closed, and whose data is still there.

    Raises AccountOpen, also where it was erased meanwhile.
    """
    try:
        lock_customer(customer)
        is_closed = not customer.is_open
    except Customer.DoesNotExist:
        is_closed = False
    if not is_closed:
        raise AccountOpen(_("This account is not closed any more."))
