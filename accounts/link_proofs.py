"""How a customer who follows the link of a mail shows that it is they: others may read their mail.

They give the password of their account, or, having none, a code that is sent to the number or
address of their record: few are sent, each is good for minutes, for some tries and for its row.
"""

import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any

from allauth.core import ratelimit
from allauth.mfa.utils import is_mfa_enabled
from django import forms
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.exceptions import CodeRefused
from accounts.forms import ApprovalCodeForm, ChangeMindForm
from accounts.models import Customer, SentCode
from common.open_forms import is_within_limits
from notices.services import Recipient, queue_sms, queue_to
from notices.sms import can_send_sms
from policies.clocks import the_company

VALID_FOR = timedelta(minutes=10)
WAIT = timedelta(minutes=1)
MOST_CODES = 5
COUNTED_FOR = timedelta(days=1)
MOST_TRIES = 5


class Proof(StrEnum):
    PASSWORD = "password"  # noqa: S105 -- names a way
    CODE = "code"
    SIGN_IN = "sign_in"  # a second factor, or a lock, that the link must not go round


def proof_asked(customer: Customer) -> Proof:
    user = customer.user
    if user is None or not user.has_usable_password():
        return Proof.CODE
    if user.locked_at is not None or is_mfa_enabled(user):
        return Proof.SIGN_IN
    return Proof.PASSWORD


def proof_form(customer: Customer, data: Mapping[str, Any] | None) -> forms.Form | None:
    """Return the form that asks for the proof, none where the link must not do."""
    proof = proof_asked(customer)
    if proof == Proof.SIGN_IN:
        return None
    if proof == Proof.PASSWORD:
        return ChangeMindForm(data, user=customer.user)
    return ApprovalCodeForm(data)


def may_try(request: HttpRequest, customer: Customer) -> bool:
    """Count a try. One sender runs out of them long before the customer's link does.

    So whoever has the link alone does not lock out who has the proof too.
    """
    return is_within_limits(request, "link_proof", customer.public_id)


def is_proved(
    request: HttpRequest,
    customer: Customer,
    form: forms.Form,
    is_code: Callable[[str], bool] = lambda _code: False,
) -> bool:
    """Say whether a form that was sent proves it; the password was looked at by the form itself.

    A proof ends the count of the tries by this customer's links.
    """
    if not form.is_valid():
        return False
    if "code" in form.fields and not is_code(form.cleaned_data["code"]):
        form.add_error("code", _("This code is not right, or no longer valid. Send a new one."))
        return False
    ratelimit.clear(request, action="link_proof_address", key=customer.public_id)
    return True


def send_code_for(row: SentCode, customer: Customer, *, template: str) -> None:
    """Send a code to the customer's phone, or by mail where no message can be sent.

    Expects the row locked.

    Raises CodeRefused.
    """
    now, last = timezone.now(), row.code_sent_at
    if last is not None and now - last < WAIT:
        raise CodeRefused(_("A code was sent just now. Please wait a minute."))
    if last is not None and now - last > COUNTED_FOR:
        row.codes_sent = 0
    if row.codes_sent >= MOST_CODES:
        raise CodeRefused(_("No more codes can be sent. Please contact us."))
    code = f"{secrets.randbelow(10**6):06}"
    row.code, row.code_sent_at, row.code_tries = _hash(row, code), now, 0
    row.codes_sent += 1
    _save(row, "code", "code_sent_at", "code_tries", "codes_sent")
    _send(customer, code, template)


def is_code_of(row: SentCode, code: str) -> bool:
    """Say whether this was sent; five wrong ones end it. Expects the row locked."""
    sent = row.code_sent_at
    if not row.code or sent is None or timezone.now() - sent >= VALID_FOR:
        return False
    if row.code_tries >= MOST_TRIES:
        return False
    if constant_time_compare(row.code, _hash(row, code)):
        return True
    row.code_tries += 1
    _save(row, "code_tries")
    return False


def forget_code(row: SentCode) -> None:
    row.code = ""
    _save(row, "code")


def _send(customer: Customer, code: str, template: str) -> None:
    """Raises CodeRefused."""
    if customer.phone and can_send_sms():
        with override(customer.language):
            text = _("%(code)s is your code for %(company)s. Give it to nobody.") % {
                "code": code,
                "company": the_company().short_name,
            }
        queue_sms(recipient=customer.public_id, text=text)
        return
    if not customer.email:
        raise CodeRefused(_("No code can be sent to you. Please contact us."))
    recipient = Recipient(customer.full_name, customer.email, customer.language)
    queue_to(recipient, template, code=code, minutes=VALID_FOR.seconds // 60)


def _save(row: SentCode, *fields: str) -> None:
    """Save what the history leaves out."""
    rows = type(row)._base_manager.filter(pk=row.pk)
    rows.update(**{name: getattr(row, name) for name in fields})


def _hash(row: SentCode, code: str) -> str:
    """Return a keyed hash that fits this row alone: six digits would be guessed otherwise."""
    value = f"{row._meta.label} {row.pk} {code}"
    return salted_hmac("accounts.link_proofs", value, algorithm="sha256").hexdigest()
