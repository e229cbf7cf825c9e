from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from common.text import clean_email
from marketing.models import Ads
from policies.models import Purpose, sha256


class SubscribeForm(forms.Form):
    """An address, and a consent to the very words that were read; nothing is ticked before."""

    email = forms.EmailField(
        label=_("Email"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    agrees = forms.BooleanField(
        error_messages={"required": _("To get the newsletter, tick that you agree.")}
    )
    shown = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, purpose: Purpose, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.purpose = purpose
        self.fields["agrees"].label = purpose.wording
        self.fields["shown"].initial = sha256(purpose.wording)

    def clean_email(self) -> str:
        return clean_email(self.cleaned_data["email"])

    def clean_shown(self) -> None:
        if self.cleaned_data["shown"] != sha256(self.purpose.wording):
            self.data = {**self.data.dict(), "shown": sha256(self.purpose.wording)}  # type: ignore[attr-defined]
            self.data.pop("agrees", None)  # the tick was for other words
            raise forms.ValidationError(_("The question has changed. Please read it again."))


class PreferencesForm(forms.Form):
    """What may be refused; what is not ticked is."""

    statistics = forms.BooleanField(
        label=_("Statistics: count what I open, to improve the sites"), required=False
    )
    personalisation = forms.BooleanField(
        label=_("Personalisation: remember what I looked at, to suggest what may suit me"),
        required=False,
    )
    advertising = forms.BooleanField(
        label=_("Advertising: follow my behaviour across sites and on advertising channels"),
        required=False,
    )
    ads = forms.ChoiceField(
        label=_("How advertising appears to me"), choices=Ads, widget=forms.RadioSelect
    )

    def clean(self) -> dict[str, Any]:
        chosen = super().clean() or {}
        if chosen.get("ads") == Ads.PERSONALISED and not chosen.get("advertising"):
            self.add_error(
                "ads",
                _(
                    "Advertising can be chosen for you only where you let your behaviour be"
                    " followed. Allow that above, or choose another way."
                ),
            )
        return chosen
