from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as base
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django import forms
from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

from common.forms import LineField

LONGEST_NAME = 50


def code_field(label: object) -> forms.CharField:
    """Return a field for a code; digits come with spaces where people copy them."""
    attributes = {"autocomplete": "one-time-code", "inputmode": "numeric", "maxlength": "20"}
    return forms.CharField(
        label=label,  # type: ignore[arg-type]
        max_length=20,
        widget=forms.TextInput(attrs=attributes),
    )


class OnceForm(forms.Form):
    """Takes a code of the app once, for as long as it would be valid (RFC 6238, 5.2).

    allauth remembers it for one step alone, which is too short where a neighbouring step counts.
    """

    code = code_field(_("Code from your app, or a recovery code"))

    def clean_code(self) -> str:
        code: str = super().clean_code()  # type: ignore[misc]
        if self.authenticator.type == Authenticator.Type.TOTP:  # type: ignore[attr-defined]
            steps = 2 * app_settings.TOTP_TOLERANCE + 1
            digits = "".join(filter(str.isdigit, code))
            key = f"totp-used-{self.authenticator.pk}-{digits}"  # type: ignore[attr-defined]
            if not cache.add(key, True, timeout=steps * app_settings.TOTP_PERIOD):
                raise get_adapter().validation_error("incorrect_code")
        return code


class AuthenticateForm(OnceForm, base.AuthenticateForm):  # type: ignore[misc]
    pass


class ReauthenticateForm(OnceForm, base.ReauthenticateForm):  # type: ignore[misc]
    pass


class ActivateTOTPForm(totp.ActivateTOTPForm):  # type: ignore[misc]
    code = code_field(_("Code that your app shows"))


class AddWebAuthnForm(webauthn.AddWebAuthnForm):  # type: ignore[misc]
    name = LineField(
        label=_("A name for it"),
        max_length=LONGEST_NAME,
        required=False,
        help_text=_("For example the device that it is on."),
    )


class EditWebAuthnForm(webauthn.EditWebAuthnForm):  # type: ignore[misc]
    name = LineField(label=_("A name for it"), max_length=LONGEST_NAME)
