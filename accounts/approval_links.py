"""The page behind the link of a mail on which a customer answers staff without signing in.

The link names the question by public id, signed; alone it answers nothing. The customer gives the
password of their account with it, or, having none, a code sent to the number or address of their
record. Ending a grant needs the link alone: closing a door harms nobody.
"""

import secrets
from datetime import timedelta
from enum import StrEnum
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.exceptions import ApprovalRefused
from accounts.models import AccessApproval, Customer
from notices.services import Recipient, fills_template, queue_sms, queue_to
from notices.sms import can_send_sms
from policies.clocks import the_company

CODE_VALID_FOR = timedelta(minutes=10)
CODE_WAIT = timedelta(minutes=1)
MOST_CODES = 5
MOST_TRIES = 5
_signer = Signer(salt="accounts.approvals", sep=".")  # a colon ends some programs' links


class Proof(StrEnum):
    """How a customer who follows the link shows that it is they."""

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


def path_of(public_id: str) -> str:
    return reverse("answer_access", args=[_signer.sign(public_id)])


def approval_behind(token: str) -> AccessApproval:
    """Raises Http404 for what we did not sign, and for what is gone."""
    try:
        public_id = _signer.unsign(token)
    except BadSignature:
        raise Http404 from None
    approvals = AccessApproval.objects.select_related("customer__user", "purpose", "asked_by")
    approval = approvals.filter(public_id=public_id).first()
    if approval is None:
        raise Http404
    return approval


def _question(context: dict[str, Any]) -> dict[str, Any]:
    """Fetch what the mail says when it is sent, so that no row of the outbox holds it."""
    approval = AccessApproval.objects.select_related("purpose").get(public_id=context["approval"])
    return {"asked": approval, "path": path_of(approval.public_id)}


for _template in ("access_asked", "access_granted"):
    fills_template(_template)(_question)


# The code of who has no password


@transaction.atomic
def send_code(approval: AccessApproval) -> None:
    """Send a code to the customer's phone, or by mail where no message can be sent.

    Raises ApprovalRefused.
    """
    _lock(approval)
    now = timezone.now()
    if approval.state != AccessApproval.State.WAITING:
        raise ApprovalRefused(_("There is nothing to answer any more."))
    if approval.code_sent_at is not None and now - approval.code_sent_at < CODE_WAIT:
        raise ApprovalRefused(_("A code was sent just now. Please wait a minute."))
    if approval.codes_sent >= MOST_CODES:
        raise ApprovalRefused(_("No more codes can be sent. Please contact us."))
    code = f"{secrets.randbelow(10**6):06}"
    approval.code, approval.code_sent_at, approval.code_tries = _hash(approval, code), now, 0
    approval.codes_sent += 1
    _save(approval, "code", "code_sent_at", "code_tries", "codes_sent")
    _send(approval.customer, code)


def _send(customer: Customer, code: str) -> None:
    if customer.phone and can_send_sms():
        with override(customer.language):
            text = _("%(code)s is your code for %(company)s. Give it to nobody.") % {
                "code": code,
                "company": the_company().short_name,
            }
        queue_sms(recipient=customer.public_id, text=text)
        return
    recipient = Recipient(customer.full_name, customer.email, customer.language)
    queue_to(recipient, "access_code", code=code, minutes=CODE_VALID_FOR.seconds // 60)


@transaction.atomic
def is_code(approval: AccessApproval, code: str) -> bool:
    """Say whether this is the code that was sent; five wrong ones end it."""
    _lock(approval)
    sent = approval.code_sent_at
    if not approval.code or sent is None or timezone.now() - sent >= CODE_VALID_FOR:
        return False
    if approval.code_tries >= MOST_TRIES:
        return False
    if constant_time_compare(approval.code, _hash(approval, code)):
        return True
    approval.code_tries += 1
    _save(approval, "code_tries")
    return False


def _lock(approval: AccessApproval) -> None:
    rows = AccessApproval.objects.select_for_update(of=("self",))
    try:
        approval.refresh_from_db(from_queryset=rows)
    except AccessApproval.DoesNotExist:
        raise ApprovalRefused(_("This is not there any more.")) from None


def _save(approval: AccessApproval, *fields: str) -> None:
    """Save what the history leaves out."""
    rows = AccessApproval.objects.filter(pk=approval.pk)
    rows.update(**{name: getattr(approval, name) for name in fields})


def _hash(approval: AccessApproval, code: str) -> str:
    """Return a keyed hash that fits this question alone: six digits would be guessed otherwise."""
    value = f"{approval.public_id} {code}"
    return salted_hmac("accounts.approvals", value, algorithm="sha256").hexdigest()
