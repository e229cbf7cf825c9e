"""The links in mails that end or confirm something: signed, and without personal data.

Who follows one need not sign in. A link to unsubscribe works for ever, also after the
person's data is erased: it is signed with the key that hashes addresses.
"""

from dataclasses import dataclass

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse

from marketing.contacts import contact_hash, link_key
from policies.models import Purpose


@dataclass(frozen=True)
class WayOut:
    """What a link to unsubscribe says: which mails end, and for whom."""

    purpose: int
    recipient: str
    contact_hash: str


def way_out(purpose: Purpose, *, recipient: str, contact: str) -> str:
    """Return the address at which ``recipient`` (a public id) ends mails for the purpose."""
    said = f"{purpose.pk}~{recipient}~{contact_hash(contact)}"
    return _address("unsubscribe", _unsubscribing().sign(said))


def read_way_out(token: str) -> WayOut | None:
    """Return what the link says, or None when it is not one of ours."""
    try:
        purpose, recipient, hashed = _unsubscribing().unsign(token).split("~")
        return WayOut(int(purpose), recipient, hashed)
    except (BadSignature, ValueError):
        return None


def confirmation(public_id: str) -> str:
    """Return the address at which a subscription is confirmed."""
    return _address("confirm_subscription", _confirming().sign(public_id))


def read_confirmation(token: str) -> str | None:
    """Return the public id of the subscription, or None when the link is not one of ours."""
    try:
        return _confirming().unsign(token)
    except BadSignature:
        return None


def _address(name: str, token: str) -> str:
    return f"{settings.SITE_ORIGIN}{reverse(name, args=[token])}"


def _confirming() -> Signer:
    return Signer(salt="marketing.confirm_subscription")


def _unsubscribing() -> Signer:
    return Signer(key=link_key(), salt="marketing.unsubscribe")
