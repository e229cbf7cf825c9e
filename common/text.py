"""What people type, made comparable: two texts that look equal are equal."""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

INVISIBLE = {"Cf", "Cc", "Co", "Cn", "Cs"}
EAST_ASIAN = {"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO"}


MOST_MARKS = 4  # on one letter, beside those that are composed with it


def clean_line(value: str) -> str:
    """Compose accents, drop invisible, direction and piled-up marks, fold white space.

    NUL stays, for the form to refuse: it never comes from a keyboard.
    """
    composed = unicodedata.normalize("NFC", value)
    spaced = re.sub(r"\s+", " ", composed)
    visible = (c for c in spaced if c == "\0" or unicodedata.category(c) not in INVISIBLE)
    return _thinned("".join(visible)).strip()


def _thinned(text: str) -> str:
    """Drop the marks that are piled on a letter beyond what any script needs."""
    kept, marks = [], 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) == "Mn" else 0
        if marks <= MOST_MARKS:
            kept.append(character)
    return "".join(kept)


def mixes_alphabets(value: str) -> bool:
    """Say whether letters of several alphabets stand together, as in a look-alike of a name.

    East Asian names are often written beside Latin letters; those are no mixture.
    Source: Unicode UTS #39, 5.2 (highly restrictive), told by the names of the letters.
    """
    letters = (character for character in value if character.isalpha())
    alphabets = {unicodedata.name(letter, "UNNAMED").partition(" ")[0] for letter in letters}
    return len(alphabets - EAST_ASIAN) > 1


def clean_email(value: str) -> str:
    """Return the address in lower case.

    Only plain ASCII addresses at a public domain pass, so that a look-alike
    (full-width letters, a dotless i) is not a second account of one mailbox.

    Raises ValidationError.
    """
    address = value.strip().lower()
    _local, _at, domain = address.rpartition("@")
    is_public = "." in domain and not domain.startswith("[") and not domain.endswith(".")
    if not value.isascii() or '"' in address or not is_public:
        raise ValidationError(
            _("Write the address in plain letters without accents, as ten@example.vn."),
            code="invalid",
        )
    return address
