"""Whom a notice reaches under a public id: customers, and members of staff."""

from accounts.models import Customer, User
from notices.services import Recipient, finds_recipients, finds_recipients_of


@finds_recipients
def find_customer(public_id: str) -> Recipient | None:
    recipient = find_by_phone(public_id)
    return recipient if recipient and recipient.address else None


@finds_recipients_of("sms")
def find_by_phone(public_id: str) -> Recipient | None:
    """Find those too who have a phone alone: no mail goes to them, but text messages do."""
    customer = Customer.objects.known_as(public_id).first()
    if customer is None:
        return None
    return Recipient(customer.full_name, customer.email, customer.language, customer.phone)


@finds_recipients
def find_staff(public_id: str) -> Recipient | None:
    user = User.objects.filter(public_id=public_id, is_staff=True, is_active=True).first()
    return Recipient(user.staff_name, user.email, user.language) if user else None
