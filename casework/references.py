"""Names of cases for the phone, as KN-7Q4M-2XHD-K: hard to guess, and a slip is noticed."""

from django.utils.crypto import get_random_string

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # nothing that reads like another
PREFIX, BEGINNING = 2, 2  # characters
LENGTH = 8  # characters before the check character: 40 random bits


def random_reference(prefix: str) -> str:
    """Return a new reference. It opens nothing: pages go by public ids of 128 bits."""
    code = get_random_string(LENGTH, ALPHABET)
    return f"{prefix}-{code[:4]}-{code[4:]}-{check_character(code)}"


def is_beginning(term: str) -> bool:
    """Say whether a reference can begin so, with two characters of its code at least."""
    prefix, _dash, code = term.strip().upper().partition("-")
    return len(prefix) == PREFIX and len(code) >= BEGINNING and set(code) <= {*ALPHABET, "-"}


def is_mistyped(reference: str) -> bool:
    """Say whether a reference of this form has a wrong, or two exchanged characters."""
    parts = reference.strip().upper().split("-")
    if [len(part) for part in parts[1:]] != [4, 4, 1]:
        return False
    code, check = parts[1] + parts[2], parts[3]
    return not set(code) <= set(ALPHABET) or check_character(code) != check


def check_character(code: str) -> str:
    """Return the character by which a slip in ``code`` shows.

    Finds any wrong character, and nearly all exchanges of two neighbours.
    Source: the Luhn algorithm modulo N, here 32.
    """
    total, size = 0, len(ALPHABET)
    for place, character in enumerate(reversed(code)):
        value = ALPHABET.index(character) * (1 if place % 2 else 2)
        total += value // size + value % size
    return ALPHABET[-total % size]
