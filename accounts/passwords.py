"""Passwords that people in Viet Nam choose first, and so do those who guess."""

import unicodedata
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

LONGEST = 200

# Without accents, capitals, and the digits and signs around them. Written for this portal.
COMMON = frozenset((Path(__file__).parent / "common_passwords.lst").read_text().split())


class CommonVietnameseValidator:
    """Refuse a common word, however it is accented and whatever number stands around it."""

    def validate(self, password: str, user: Any = None) -> None:
        if _core(password) in COMMON:
            raise ValidationError(
                _("This password is one of the first that anybody would try. Choose another."),
                code="password_too_common",
            )

    def get_help_text(self) -> str:
        return _("Your password is not a common word or name, with or without a number.")


class LongestPasswordValidator:
    """Bound what has to be hashed; nobody types that much."""

    def validate(self, password: str, user: Any = None) -> None:
        if len(password) > LONGEST:
            raise ValidationError(
                _("A password has at most %(longest)d characters.") % {"longest": LONGEST},
                code="password_too_long",
            )

    def get_help_text(self) -> str:
        return _("Your password has at most %(longest)d characters.") % {"longest": LONGEST}


def _core(password: str) -> str:
    """Return the letters without accents and capitals, from the first one to the last one."""
    plain = unicodedata.normalize("NFD", password.replace("đ", "d").replace("Đ", "d")).lower()
    letters = "".join(c for c in plain if not unicodedata.combining(c) and not c.isspace())
    return letters.strip("0123456789!@#$%^&*()-_=+.,?~/\\|:;'\"")
