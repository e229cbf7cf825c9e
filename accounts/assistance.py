"""Changing details for a customer who asks a member of staff, once it is known who asks.

An address becomes a sign-in address only by its owner's own hand: the mail to it
carries a link, signed, good for a few days, which names the address by its hash.
"""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any, Unpack

from allauth.account.internal.flows.email_verification import verify_email
from allauth.account.models import EmailAddress
from django.core import signing
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.approvals import asks_customers_first, require_change
from accounts.details import NONE, follow_correction, put_declared, write_details
from accounts.erasure import erase_details
from accounts.exceptions import AddressTaken, NothingToChange
from accounts.identity_checks import CheckMade, record_identity_check
from accounts.locks import lock_open
from accounts.models import (
    AssistedChange,
    Customer,
    IdentityCheck,
    IdentityCheckResult,
    IdentityProof,
    RequestChannel,
    User,
)
from accounts.models.assistance import labels_of
from accounts.sessions import end_sessions
from common.personal_data import DataCategory
from notices.services import Recipient, fills_template, queue_notice, queue_sms, queue_to
from notices.sms import can_send_sms
from policies.clocks import the_company
from policies.models import sha256
from policies.models.declared_fields import FIXED

CONFIRM_WITHIN = timedelta(days=3)
SALT = "accounts.confirm_email"


@transaction.atomic
def change_for_customer(
    customer: Customer,
    *,
    details: Mapping[str, str],
    declared: Mapping[str, str] = NONE,
    email: str = "",
    erase: Collection[str] = (),
    reason: str,
    by: User,
    proof: IdentityProof | None = None,
    **made: Unpack[CheckMade],
) -> AssistedChange | None:
    """Record the identity check and, if it proved who asks, write what they asked for.

    erase: names of what they want gone, from the history too; nothing of it is in the others.
    Returns None when it did not: nothing is changed then. The customer is told
    at the address of before, and at a new one. One who can sign in keeps the
    address until they confirm the new one.

    Raises AccessClosed, AccountClosed, AddressTaken, ErasureRefused, NothingToChange.
    """
    lock_open(customer)
    groups = {_group_of(name) for name in (*details, *declared, *erase)}
    groups |= {DataCategory.CONTACT} if email else set()
    approval = require_change(customer, by=by, groups=groups)
    check = record_identity_check(customer, by=by, proof=proof, **made)
    if not check.is_proved:
        return None
    before = customer.email
    email = _new_address(customer, email)
    changed = _write(customer, details, email, by=by, reason=f"asked {made['channel']}")
    changed += put_declared(customer, declared, by=by)
    follow_correction(customer, _written(customer, changed), declared)
    changed += erase_details(customer, erase, by=by) if erase else []
    if not changed:
        raise NothingToChange(_("Nothing here differs from what is recorded already."))
    change = AssistedChange.objects.create(
        customer=customer, identity_check=check, approval=approval, fields=changed, reason=reason
    )
    _tell(customer, change, before)
    if email and customer.user is not None:
        _ask_to_confirm(customer, customer.user, email)
    return change


def _group_of(name: str) -> DataCategory:
    return DataCategory.CONTACT if name in FIXED else DataCategory.DECLARED


def _new_address(customer: Customer, email: str) -> str:
    """Return the address, or nothing when it is the one known already.

    Raises AddressTaken.
    """
    if email in ("", customer.email):
        return ""
    others = Customer.objects.open().filter(email=email).exclude(pk=customer.pk)
    sign_ins = User.objects.filter(email=email).exclude(customer=customer)
    if others.exists() or sign_ins.exists():
        raise _taken()
    return email


def _taken() -> AddressTaken:
    return AddressTaken(_("This address is somebody else's here. Is it the same person twice?"))


def _write(
    customer: Customer, details: Mapping[str, str], email: str, *, by: User, reason: str
) -> list[str]:
    """Save what differs; return its names, a sign-in address to be confirmed among them."""
    if not email or customer.user is not None:
        changed = write_details(customer, details, by=by, reason=reason)
        return [*changed, "email"] if email else changed
    try:
        with transaction.atomic():
            return write_details(customer, {**details, "email": email}, by=by, reason=reason)
    except IntegrityError as error:  # recorded by somebody else at this moment
        raise _taken() from error


def _written(customer: Customer, changed: Collection[str]) -> list[str]:
    """Leave out a sign-in address, which its owner has yet to confirm."""
    return [name for name in changed if name != "email" or customer.user is None]


def _tell(customer: Customer, change: AssistedChange, before: str) -> None:
    said = {
        "fields": change.fields,
        "channel": change.identity_check.channel,
        "has_sign_in": customer.user_id is not None,
    }
    queue_notice(
        "assisted_change", recipient=customer.public_id, key=f"assisted-{change.pk}", **said
    )
    if before and before != customer.email:
        queue_to(
            Recipient(customer.full_name, before, customer.language), "assisted_change", **said
        )


@fills_template("assisted_change")
def _in_words(said: dict[str, Any]) -> dict[str, Any]:
    return {"labels": labels_of(said["fields"]), "asked": RequestChannel(said["channel"]).label}


@transaction.atomic
def invite_to_claim(
    customer: Customer,
    *,
    email: str,
    by: User,
    **made: Unpack[CheckMade],
) -> IdentityCheck:
    """Record the identity check and, if it proved who asks, mail an invitation to sign up.

    Who signs up with that address, and proves it by the mailed code, takes over
    this record. So the address becomes the record's, and nothing else is needed.

    Whoever has the mailbox of a record can take it over. So, where the company asks its customers
    first, a new address in place of one that is known needs their approval; the first address of
    a record that cannot be asked needs two members of staff, each with a check of their own. The
    check that waits for the other one says so by ``invited``. A known phone is told each time.

    Raises AccessClosed, AccountClosed, AddressTaken, NothingToChange for who can sign in.
    """
    lock_open(customer)
    if customer.user is not None:
        raise NothingToChange(_("This customer can sign in already."))
    made["invited"] = _to_be_seconded(customer, email, by=by)
    check = record_identity_check(customer, by=by, **made)
    if not check.is_proved:
        return check
    address = _new_address(customer, email)
    if address and customer.email:
        require_change(customer, by=by, groups=[DataCategory.CONTACT])
    if address:
        _tell_phone(customer)
    if not check.invited:
        _write(customer, {}, address, by=by, reason=f"asked {made['channel']}")
        queue_notice(
            "claim_invitation",
            recipient=customer.public_id,
            key=f"claim-{check.pk}",
            path=reverse("account_signup"),
        )
    return check


def _to_be_seconded(customer: Customer, email: str, *, by: User) -> str:
    """Return the hash of an address to which another member of staff has to invite first."""
    if customer.email or not asks_customers_first():
        return ""
    value = f"{customer.public_id} {email}"
    hashed = salted_hmac("accounts.invite", value, algorithm="sha256").hexdigest()
    fresh = customer.identity_checks.filter(at__gt=timezone.now() - CONFIRM_WITHIN, invited=hashed)
    proved = fresh.filter(result=IdentityCheckResult.PROVED)
    return "" if proved.exclude(by=by).exists() else hashed


def _tell_phone(customer: Customer) -> None:
    if not customer.phone or not can_send_sms():
        return
    with override(customer.language):
        text = _(
            "Somebody asked %(company)s, in your name, to let them sign in with a new email"
            " address. If that was not you, tell us at once."
        )
        said = text % {"company": the_company().short_name}
    queue_sms(recipient=customer.public_id, text=said)


# A new sign-in address


def _ask_to_confirm(customer: Customer, user: User, email: str) -> None:
    """Keep the address beside the sign-in, unverified, and mail the link that makes it the one."""
    EmailAddress.objects.filter(user=user, verified=False, primary=False).delete()
    EmailAddress.objects.create(user=user, email=email)
    token = signing.dumps([user.public_id, sha256(email)], salt=SALT)
    queue_to(
        Recipient(customer.full_name, email, customer.language),
        "confirm_email",
        path=reverse("confirm_new_email", args=[token]),
        days=CONFIRM_WITHIN.days,
    )


def address_to_confirm(token: str) -> EmailAddress | None:
    """Return the address that a link is about, while it may still be confirmed."""
    try:
        user, hashed = signing.loads(token, salt=SALT, max_age=CONFIRM_WITHIN)
    except (signing.BadSignature, ValueError):
        return None
    waiting = EmailAddress.objects.filter(
        user__public_id=user, user__is_active=True, verified=False
    ).select_related("user")
    return next((each for each in waiting if sha256(each.email) == hashed), None)


def confirm_address(request: HttpRequest, address: EmailAddress) -> bool:
    """Make it the sign-in address; say whether that worked. The old address is told by mail.

    Everybody else is signed out: who asked for it may have been afraid of them.
    """
    try:
        with transaction.atomic():
            list(Customer.objects.select_for_update(of=("self",)).filter(user=address.user_id))
            address.refresh_from_db()
            is_confirmed = bool(verify_email(request, address))
            if is_confirmed:
                end_sessions([address.user_id], but=request.session.session_key)
            return is_confirmed
    except (IntegrityError, EmailAddress.DoesNotExist):  # taken, or forgotten by a lock meanwhile
        return False
