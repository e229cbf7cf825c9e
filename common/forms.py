"""Fields for what people write in their own words."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from common.cards import mask_cards
from common.text import clean_email, clean_line

UNCHOSEN = [("", "–")]  # the first choice where nothing may be chosen for the reader


class ProseField(forms.CharField):
    """Any text, without card numbers. One that is too long is refused before it is searched."""

    masked = False
    widget: Any = forms.Textarea

    def to_python(self, value: Any) -> str:
        typed = self.tidied(super().to_python(value) or "")
        if self.max_length is not None and len(typed) > self.max_length:
            return typed
        cleaned = mask_cards(typed)
        self.masked = cleaned != typed
        return cleaned

    def tidied(self, text: str) -> str:
        return text


class LineField(ProseField):
    """One line of text without invisible characters and without card numbers."""

    widget = forms.TextInput

    def tidied(self, text: str) -> str:
        return clean_line(text)


class AddressField(forms.EmailField):
    """An email address in the one spelling under which it is kept."""

    def clean(self, value: Any) -> str:
        address = super().clean(value)
        return clean_email(address) if address else ""


def tell_of_masked_cards(request: HttpRequest, form: forms.BaseForm) -> None:
    """Say so when what was sent held a card number, which is not kept."""
    if any(getattr(field, "masked", False) for field in form.fields.values()):
        messages.warning(
            request,
            _("Your text held the number of a payment card. We masked it and did not keep it."),
        )
