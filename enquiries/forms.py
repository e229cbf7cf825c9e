from django import forms
from django.utils.translation import gettext_lazy as _

from common.forms import ProseField
from common.open_forms import OpenForm

LONGEST_MESSAGE = 5_000


class EnquiryForm(OpenForm):
    message = ProseField(
        label=_("Your question"),
        max_length=LONGEST_MESSAGE,
        widget=forms.Textarea(attrs={"rows": 8}),
    )


class AnswerForm(forms.Form):
    answer = ProseField(
        label=_("Answer"),
        max_length=LONGEST_MESSAGE,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("It is mailed as you write it, with a greeting above."),
    )
    is_complaint = forms.BooleanField(
        label=_("It is a complaint: the mail says how to make one"), required=False
    )
