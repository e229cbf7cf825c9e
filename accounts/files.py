"""The keys of customers' files."""

from django.db import transaction

from accounts.locks import lock_customer
from accounts.models import Customer
from common.files import key_for
from common.models import FileKey


@transaction.atomic
def file_key(customer: Customer) -> FileKey:
    """Return the key under which files of a customer are stored, made when there is none.

    Holds the customer's row, as the purge does that erases the key with it: once the
    customer is gone, no key is made again.

    Raises Customer.DoesNotExist.
    """
    lock_customer(customer)
    return key_for(customer.public_id)
