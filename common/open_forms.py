"""A form that anybody may send, without an account."""

from typing import Any

from allauth.core import ratelimit
from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from phonenumber_field.formfields import PhoneNumberField

from common.forms import AddressField, LineField
from common.tokens import new_public_id

TRAP = "website"  # a field that nobody sees; programs fill it in


class OpenForm(forms.Form):
    """Who sends it; ``submission`` names the filled-in form."""

    submission = forms.RegexField(
        r"^[0-9a-f]{32}$", initial=new_public_id, widget=forms.HiddenInput
    )
    name = LineField(
        label=_("Your name"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    email = AddressField(
        label=_("Your email address"),
        max_length=254,
        help_text=_("We answer to it, and use it for nothing else."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    phone = PhoneNumberField(
        label=_("Phone number"),
        region="VN",
        required=False,
        help_text=_("If you would rather be called, as 0912 345 678."),
        widget=forms.TextInput(
            attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel", "maxlength": "32"}
        ),
        error_messages={"invalid": _("Enter a phone number that exists, as 0912 345 678.")},
    )

    def clean_phone(self) -> str:
        return str(self.cleaned_data["phone"] or "")

    def clean(self) -> dict[str, Any]:
        """Refuse what a program filled in; it may be a person's browser, so nothing is lost."""
        if self.data.get(TRAP):
            raise forms.ValidationError(
                _("A hidden field was filled in by your browser. Please send it once more.")
            )
        return super().clean() or {}


def is_within_limits(request: HttpRequest, action: str, address: str) -> bool:
    """Count this one; say whether its sender and its address may have one more.

    action: as ACCOUNT_RATE_LIMITS names it, and with "_address" behind it the address's. A sender
    who may have no more takes nothing from the address.
    """
    is_within: bool = ratelimit.consume(request, action=action) and ratelimit.consume(
        request, action=f"{action}_address", key=address
    )
    return is_within
