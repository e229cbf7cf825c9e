"""Where somebody can be reached, and the keyed hash by which that is remembered.

The hashes have a key of their own that never changes: nobody could hash anew an address that
was erased. It is sealed under the ring like other data, so that the ring's keys can change.
"""

import hashlib
import hmac
import secrets

from django.core.exceptions import ValidationError
from phonenumber_field.phonenumber import to_python as to_phone_number

from accounts.models import Customer
from common.text import clean_email
from marketing.models import ContactKey
from policies.models import Channel

# Without a channel nobody is reached; either says who is meant.
BY_ADDRESS = (Channel.EMAIL, Channel.ADVERTISING, Channel.NONE)
BY_NUMBER = (Channel.SMS, Channel.PHONE, Channel.ADVERTISING, Channel.NONE)


def contacts_of(customer: Customer, channel: str) -> list[str]:
    """Return where advertising on that channel would reach the customer."""
    address = customer.email if channel in BY_ADDRESS else ""
    number = customer.phone if channel in BY_NUMBER else ""
    return [contact for contact in (address, number) if contact]


def clean_contact(text: str, channel: str) -> str:
    """Return an address in lower case or a number in E.164, as customers' are stored.

    Raises ValidationError for what is none, or does not go with the channel.
    """
    if "@" in text and channel in BY_ADDRESS:
        return clean_email(text)
    number = to_phone_number(text, region="VN")
    if channel in BY_NUMBER and number and number.is_valid():
        return str(number.as_e164)
    raise ValidationError("This is no address or number of that channel.", code="invalid")


def contact_hash(contact: str) -> str:
    """Return the hash of a clean contact."""
    return hmac.new(_key(), contact.casefold().encode(), hashlib.sha256).hexdigest()


def link_key() -> bytes:
    """Return the key that signs links to unsubscribe, which last as long as the hashes."""
    return hmac.digest(_key(), b"links to unsubscribe", "sha256")


def _key() -> bytes:
    """Return the key, made when it is first needed; two who need it at once get the same."""
    row, _created = ContactKey.objects.get_or_create(
        name=ContactKey.ONE, defaults={"key": secrets.token_hex(32)}
    )
    return bytes.fromhex(row.key)
