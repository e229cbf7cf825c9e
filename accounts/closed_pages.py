"""Addresses of the pages that a customer has of a closed account: signed, and without sign-in.

The address names the customer by public id. Nobody makes one without the portal's secret.
"""

from typing import Any

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.http import Http404
from django.urls import reverse

from accounts.models import Customer
from notices.services import fills_template

SIGNER = Signer(salt="accounts.closed_pages")


def address_of(public_id: str) -> str:
    """Return the whole address of the status page, for a mail."""
    return f"{settings.SITE_ORIGIN}{reverse('closed_account', args=[token_of(public_id)])}"


def token_of(public_id: str) -> str:
    return SIGNER.sign(public_id)


def public_id_in(token: str) -> str:
    """Raises Http404 for what we did not sign."""
    try:
        return SIGNER.unsign(token)
    except BadSignature:
        raise Http404 from None


def closed_customer(token: str) -> Customer:
    """Raises Http404 where there is no closed account behind the token."""
    closed = Customer.objects.filter(closed_at__isnull=False)
    customer = closed.select_related("closing_rule", "user").filter(public_id=public_id_in(token))
    found = customer.first()
    if found is None:
        raise Http404
    return found


@fills_template("account_closed")
def _status_page(context: dict[str, Any]) -> dict[str, Any]:
    """Make the address when the mail is sent, so that no row of the outbox holds it."""
    return {"status_page": address_of(context["customer"])}
