"""Finding customers by a whole value that only they tell, so that nobody can be guessed at."""

import re
from dataclasses import dataclass

import phonenumbers
from django.db.models import Q, Value
from django.db.models.lookups import Exact

from accounts.models import Customer, Folded
from common.text import clean_line

MOST_NAMESAKES = 20
PUBLIC_ID = re.compile(r"[0-9a-f]{8}([0-9a-f]{24})?")  # whole, or as lists show it


@dataclass(frozen=True)
class Search:
    """Whom a term asks for; ``by`` names the field, which access records keep."""

    by: str
    condition: Q


def read_search(term: str) -> Search:
    """Read a term as what it looks like: an email, a public id, a phone number, else a name.

    A name is found whole, whatever its case and with or without its accents.
    """
    text = clean_line(term)
    lower = text.lower()
    if "@" in text:
        return Search("email", Q(email=lower))
    if PUBLIC_ID.fullmatch(lower):
        return Search("public_id", Q(pk__in=Customer.objects.known_as(lower)))
    if number := as_stored(text):
        return Search("phone", Customer.found_by("phone", number))
    return Search("full_name", Q(Exact(Folded("full_name"), Folded(Value(text)))))


def as_stored(number: str) -> str:
    """Return a phone number the way the table has it, or nothing for what is none."""
    if any(character.isalpha() for character in number):
        return ""
    try:
        parsed = phonenumbers.parse(number, "VN")
    except phonenumbers.NumberParseException:
        return ""
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
