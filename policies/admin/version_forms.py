"""What the DPO fills in to write a version and to publish it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from policies.models import PolicyVersion, Significance

NUMBER: Any = PolicyVersion._meta.get_field("number")
SIGNIFICANCE: Any = PolicyVersion._meta.get_field("significance")


class TextInput(forms.Textarea):
    """A whole text in one language, as Markdown."""

    def __init__(self, language: str, rows: int) -> None:
        super().__init__(attrs={"lang": language, "rows": rows, "spellcheck": "true"})


class DraftForm(forms.Form):
    number = forms.CharField(
        label=_("Number"),
        max_length=NUMBER.max_length,
        validators=NUMBER.validators,
    )
    significance = forms.ChoiceField(
        label=_("Significance"),
        help_text=SIGNIFICANCE.help_text,
        choices=Significance,
        initial=Significance.SIGNIFICANT,
    )
    summary_vi = forms.CharField(
        label=_("What changed (Vietnamese)"),
        help_text=_("In plain words, for customers."),
        widget=TextInput("vi", rows=4),
    )
    summary_en = forms.CharField(
        label=_("What changed (English)"),
        help_text=_("The same in English."),
        widget=TextInput("en", rows=4),
    )
    text_vi = forms.CharField(
        label=_("Text (Vietnamese)"),
        help_text=_("Markdown. Begin each section with a heading."),
        required=False,
        widget=TextInput("vi", rows=28),
    )
    text_en = forms.CharField(
        label=_("Text (English)"),
        help_text=_("The same sections in the same order."),
        required=False,
        widget=TextInput("en", rows=28),
    )
    based_on = forms.CharField(required=False, widget=forms.HiddenInput)


class ShownHash(forms.CharField):
    """The hash of the text that this page shows, also when the form comes back."""

    widget = forms.HiddenInput

    def bound_data(self, data: Any, initial: Any) -> Any:
        return initial


class Confirmation(forms.BooleanField):
    """A box that is ticked anew each time the texts are shown."""

    def bound_data(self, data: Any, initial: Any) -> bool:
        return False


class PublishForm(forms.Form):
    effective_on = forms.DateField(
        label=_("In effect from"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    sha256_vi = ShownHash(required=False)
    sha256_en = ShownHash(required=False)
    has_compared = Confirmation(
        label=_("I have compared both languages; they say the same."),
    )
