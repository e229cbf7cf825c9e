"""Where somebody can be reached, and the keyed hash by which that is remembered."""

from accounts.models import Customer
from common.encryption.sealing import search_hash, search_hashes
from policies.models import Channel

HASHED = "marketing.Suppression.contact"


def contacts_of(customer: Customer, channel: str) -> list[str]:
    """Return where advertising on that channel would reach the customer."""
    addresses = {
        Channel.EMAIL: [customer.email],
        Channel.SMS: [customer.phone],
        Channel.PHONE: [customer.phone],
        Channel.ADVERTISING: [customer.email, customer.phone],
    }
    return [address for address in addresses.get(Channel(channel), []) if address]


def contact_hash(contact: str) -> str:
    """Return the hash of an address in lower case, or of a number in E.164, to store."""
    return search_hash(contact, HASHED)


def contact_hashes(contact: str) -> list[str]:
    """Return every hash that may be stored of it: one under each key that is in use."""
    return search_hashes(contact, HASHED)
