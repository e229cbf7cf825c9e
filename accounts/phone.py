"""Verifying that a customer has the phone number that they gave, by a code sent to it."""

import secrets
from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.exceptions import PhoneRefused
from accounts.locks import lock_open
from accounts.models import Customer, PhoneVerification
from notices.services import queue_sms
from notices.sms import can_send_sms
from policies.clocks import the_company
from policies.counting import local_day

FollowProof = Callable[[Customer], None]
"""Takes a customer, locked, who has just verified their number."""

_followers: list[FollowProof] = []


def follows_verification(follower: FollowProof) -> FollowProof:
    """Let a room above act once a number is verified, in the same transaction."""
    _followers.append(follower)
    return follower


VALID_FOR = timedelta(minutes=10)
WAIT = timedelta(minutes=1)
MOST_A_DAY = 5
MOST_TRIES = 5


@transaction.atomic
def send_code(customer: Customer) -> None:
    """Send a code of six digits to the customer's number; the one before is worth nothing then.

    Raises AccountClosed, PhoneRefused.
    """
    lock_open(customer)
    if not customer.phone or not can_send_sms():
        raise PhoneRefused(_("There is no number to which we could send a code."))
    now = timezone.now()
    known = PhoneVerification.objects.filter(customer=customer).first()
    same_day = known is not None and local_day(known.sent_at) == local_day(now)
    if known is not None and now - known.sent_at < WAIT:
        raise PhoneRefused(_("A code was sent just now. Please wait a minute."))
    if known is not None and same_day and known.sent_today >= MOST_A_DAY:
        raise PhoneRefused(_("No more codes can be sent today. Please try again tomorrow."))
    code = f"{secrets.randbelow(10**6):06}"
    PhoneVerification.objects.update_or_create(
        customer=customer,
        defaults={
            "number": _hash(customer, customer.phone),
            "code": _hash(customer, code),
            "sent_at": now,
            "sent_today": known.sent_today + 1 if known is not None and same_day else 1,
            "tries": 0,
        },
    )
    with override(customer.language):
        text = _("%(code)s is your code for %(company)s. Give it to nobody.") % {
            "code": code,
            "company": the_company().short_name,
        }
    queue_sms(recipient=customer.public_id, text=text)


@transaction.atomic
def verify_code(customer: Customer, code: str) -> bool:
    """Say whether this is the code that was sent; five wrong ones end it.

    Raises AccountClosed.
    """
    lock_open(customer)
    sent = PhoneVerification.objects.filter(customer=customer).exclude(code="").first()
    if sent is None or sent.tries >= MOST_TRIES or timezone.now() - sent.sent_at >= VALID_FOR:
        return False
    is_same_number = constant_time_compare(sent.number, _hash(customer, customer.phone))
    if not (is_same_number and constant_time_compare(sent.code, _hash(customer, code))):
        sent.tries += 1
        sent.save(update_fields=["tries"])
        return False
    sent.code, sent.verified_number, sent.verified_at = "", sent.number, timezone.now()
    sent.save(update_fields=["code", "verified_number", "verified_at"])
    for follow in _followers:
        follow(customer)
    return True


def forget_number(customer: Customer) -> None:
    """Forget a number that the customer has no more, with the code that was on its way to it.

    How many codes were sent stays, so that nobody gets more of them this way.
    """
    rows = PhoneVerification.objects.filter(customer=customer)
    rows.update(number="", code="", verified_number="", verified_at=None)


def is_verified(customer: Customer) -> bool:
    """Say whether the number that the customer has given now was verified."""
    row = PhoneVerification.objects.filter(customer=customer).exclude(verified_at=None).first()
    return row is not None and constant_time_compare(
        row.verified_number, _hash(customer, customer.phone)
    )


def can_be_verified(customer: Customer) -> bool:
    """Say whether there is a number to verify, and a way to do so."""
    return bool(customer.phone and can_send_sms()) and not is_verified(customer)


def waits_for_verification(customer: Customer) -> bool:
    """Say whether to ask the customer: the company requires the number, and codes can be sent."""
    return "phone" in the_company().required_fields and can_be_verified(customer)


def _hash(customer: Customer, text: str) -> str:
    """Return a keyed hash that fits this customer alone: six digits would be guessed otherwise."""
    value = f"{customer.public_id} {text}"
    return salted_hmac("accounts.phone", value, algorithm="sha256").hexdigest()
