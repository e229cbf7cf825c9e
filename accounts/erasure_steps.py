"""What goes with customers beyond the rows that are declared about them."""

from collections.abc import Collection

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.db.models import Q, QuerySet

from accounts.merging import rows_of_sign_ins
from accounts.models import Customer, CustomerMerge, MergeState, User
from accounts.sessions import end_sessions
from common.database import among
from common.models import FileKey
from common.personal_data import (
    DataCategory,
    first_erasure_step,
    last_erasure_step,
    reducing_step,
)
from notices.models import Notice


@first_erasure_step
def end_sign_in(customers: Collection[int]) -> None:
    """Stop sessions and pending notices before the data goes."""
    users = User.objects.filter(among("customer", customers))
    end_sessions(users.values_list("pk", flat=True))
    for rights in (User.groups.through, User.user_permissions.through):
        rights.objects.filter(user__in=users).delete()
    people = Customer.objects.filter(among("pk", customers))
    proved = EmailAddress.objects.filter(user__in=users)
    merged = _merges_into(customers)
    former = Customer.history.filter(id__in=merged.values("duplicate_key"))
    addresses = {
        address
        for rows in (people, users, proved, former)
        for address in rows.values_list("email", flat=True)
    }
    # Two statements, as an index finds each. Whoever has no address must not stand for all
    # notices without one.
    Notice.objects.filter(recipient__in=people.values("public_id")).delete()
    Notice.objects.filter(among("address", addresses - {""})).exclude(address="").delete()


@last_erasure_step
def destroy_file_keys(customers: Collection[int]) -> None:
    """Make every copy of the customers' files unreadable, those in backups too."""
    people = Customer.objects.filter(among("pk", customers))
    merged = _merges_into(customers)
    FileKey.objects.filter(
        Q(owner__in=people.values("public_id")) | Q(owner__in=merged.values("duplicate_public_id"))
    ).delete()


@last_erasure_step
@reducing_step(DataCategory.CONTACT)
def forget_duplicates(customers: Collection[int]) -> None:
    """Erase the history of records that became one with these."""
    merged = _merges_into(customers)
    past = Customer.history.filter(id__in=merged.values("duplicate_key"))
    past._raw_delete(past.db)


@last_erasure_step
@reducing_step(DataCategory.ACCOUNT)
def forget_sign_ins_of_duplicates(customers: Collection[int]) -> None:
    """Erase what is left of the sign-ins that they gave up, but the rows that others refer to."""
    merged = _merges_into(customers)
    keys = list(User.objects.filter(released_by__in=merged).values_list("pk", flat=True))
    for rows in (User.history.filter(id__in=keys), *rows_of_sign_ins(keys)):
        rows._raw_delete(rows.db)


@last_erasure_step
def remove_sign_ins_of_duplicates(customers: Collection[int]) -> None:
    """What refers to them goes in the same transaction."""
    merged = _merges_into(customers)
    released = User.objects.filter(released_by__in=merged)
    released._raw_delete(released.db)


@reducing_step(DataCategory.ACCOUNT)
def leave_nothing_to_sign_in_with(customers: Collection[int]) -> None:
    User.objects.filter(customer__in=customers).update(
        password=make_password(None), is_active=False, last_login=None
    )


@reducing_step(DataCategory.CONTACT)
def leave_no_contact(customers: Collection[int]) -> None:
    """Name and email are left, to know whose the rest is, and to tell them when it is gone."""
    Customer.objects.filter(pk__in=customers).update(phone="", phone_hash="", address="")


def _merges_into(customers: Collection[int]) -> QuerySet[CustomerMerge]:
    return CustomerMerge.objects.filter(among("survivor", customers), state=MergeState.MERGED)
