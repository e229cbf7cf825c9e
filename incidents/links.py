"""The links in mails: who has the mailbox may lock, and later unlock. Nothing is stored for them.

Each ends by itself when what it is for has happened: it names the password, or the lock, of
the moment at which it was written.
"""

from datetime import timedelta
from typing import Any

from django.core import signing
from django.urls import reverse
from django.utils.crypto import salted_hmac

from accounts.models import Customer, User
from incidents.exceptions import LinkGone

REPORT, UNLOCK = "incidents.report", "incidents.unlock"
REPORT_WITHIN = timedelta(hours=24)


def report_link(user: User) -> str:
    return reverse("confirm_report", args=[_sign(REPORT, user, user.password)])


def unlock_link(user: User) -> str:
    return reverse("unlock_account", args=[_sign(UNLOCK, user, str(user.locked_at))])


def customer_reporting(token: str) -> Customer:
    """Raises LinkGone."""
    customer, mark = _read(REPORT, token, max_age=REPORT_WITHIN)
    return _if_same(customer, mark, REPORT, _sign_in_of(customer).password)


def customer_unlocking(token: str) -> Customer:
    """Raises LinkGone."""
    customer, mark = _read(UNLOCK, token)
    return _if_same(customer, mark, UNLOCK, str(_sign_in_of(customer).locked_at))


def _sign(salt: str, user: User, bound_to: str) -> str:
    mark = salted_hmac(salt, bound_to, algorithm="sha256").hexdigest()[:32]
    return signing.dumps([user.public_id, mark], salt=salt)


def _read(salt: str, token: str, **options: Any) -> tuple[Customer, str]:
    try:
        public_id, mark = signing.loads(token, salt=salt, **options)
    except (signing.BadSignature, ValueError):
        raise LinkGone from None
    rows = Customer.objects.open().select_related("user")
    customer = rows.filter(user__public_id=public_id, user__is_active=True).first()
    if customer is None:
        raise LinkGone
    return customer, mark


def _if_same(customer: Customer, mark: str, salt: str, bound_to: str) -> Customer:
    if mark != salted_hmac(salt, bound_to, algorithm="sha256").hexdigest()[:32]:
        raise LinkGone
    return customer


def _sign_in_of(customer: Customer) -> User:
    assert customer.user is not None  # noqa: S101 -- _read has looked for it
    return customer.user
