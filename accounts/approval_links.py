"""The page behind the link of a mail on which a customer answers staff without signing in.

The link names the question by public id, signed; alone it answers nothing. The customer proves with
it that it is they (link_proofs.py). Ending a grant needs the link alone: closing a door harms
nobody.
"""

from typing import Any

from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.exceptions import ApprovalRefused
from accounts.link_proofs import is_code_of, send_code_for
from accounts.models import AccessApproval
from notices.services import fills_template

_signer = Signer(salt="accounts.approvals", sep=".")  # a colon ends some programs' links


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
    """Send a code with which the question is answered.

    Raises ApprovalRefused, CodeRefused.
    """
    _lock(approval)
    if approval.state != AccessApproval.State.WAITING:
        raise ApprovalRefused(_("There is nothing to answer any more."))
    send_code_for(approval, approval.customer, template="access_code")


@transaction.atomic
def is_code(approval: AccessApproval, code: str) -> bool:
    _lock(approval)
    return is_code_of(approval, code)


def _lock(approval: AccessApproval) -> None:
    rows = AccessApproval.objects.select_for_update(of=("self",))
    try:
        approval.refresh_from_db(from_queryset=rows)
    except AccessApproval.DoesNotExist:
        raise ApprovalRefused(_("This is not there any more.")) from None
