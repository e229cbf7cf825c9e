"""Whether somebody may be contacted for a purpose, as of now."""

from accounts.consents import consent_in_force
from accounts.models import Customer
from marketing.links import way_out
from marketing.models import Subscription
from marketing.suppression import is_proven, suppressions_of
from notices.services import guards_marketing
from policies.models import Purpose


@guards_marketing
def find_way_out(recipient: str, purpose_code: str) -> str | None:
    """Let a mail leave to who consents to its purpose and is not on the list, with a way out.

    Takes the row that a withdrawal takes first: one that is under way is waited for, and one
    that comes later finds the mail on its way.
    """
    purpose = Purpose.objects.asking_consent().filter(code=purpose_code).first()
    contact = purpose and (
        _address_of_customer(recipient, purpose) or _address_of_subscriber(recipient, purpose)
    )
    if not purpose or not contact or suppressions_of([contact], purpose).exists():
        return None
    return way_out(purpose, recipient=recipient, contact=contact)


def _address_of_customer(public_id: str, purpose: Purpose) -> str | None:
    held = Customer.objects.open().select_for_update(of=("self",), no_key=True)
    customer = held.filter(public_id=public_id).first()
    if customer is None or consent_in_force(customer, purpose) is None:
        return None
    return customer.email if is_proven(customer) else None


def _address_of_subscriber(public_id: str, purpose: Purpose) -> str | None:
    held = Subscription.objects.confirmed().select_for_update(of=("self",), no_key=True)
    subscription = held.filter(public_id=public_id, purpose=purpose).first()
    if subscription is None:
        return None
    subscription.purpose = purpose
    return subscription.email if subscription.is_in_force else None
