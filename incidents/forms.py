from allauth.account.forms import ResetPasswordKeyForm
from django import forms
from django.utils.translation import gettext_lazy as _

from common.forms import AddressField, ProseField
from incidents.models import LONGEST_TEXT


class AddressForm(forms.Form):
    email = AddressField(
        label=_("Email of your account"),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class ReportForm(forms.Form):
    text = ProseField(
        label=_("What have you noticed?"),
        max_length=LONGEST_TEXT,
        required=False,
        help_text=_("If you have no time now, leave it empty. Never write your password here."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    mailbox_unsafe = forms.BooleanField(
        label=_("Somebody may read my mails too"),
        required=False,
        help_text=_("Then our staff make sure that it is you before the account opens again."),
    )


class UnlockForm(ResetPasswordKeyForm):  # type: ignore[misc]
    """A new password, typed twice."""
