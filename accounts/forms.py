from datetime import date
from typing import Any

from allauth.account import forms as allauth_forms
from django import forms
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.functional import cached_property
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from phonenumber_field.formfields import PhoneNumberField

from access.models import AccessAction
from access.purposes import BUILT_IN
from accounts import accuracy
from accounts.details import EDITABLE
from accounts.models import ConsentDecision, Customer, User
from accounts.registration import register_customer
from common.forms import AddressField, LineField, tell_of_masked_cards
from common.tokens import new_public_id
from policies.clocks import the_company
from policies.models import (
    DeclaredField,
    DeclaredKind,
    Language,
    LegalBasis,
    PolicyText,
    PolicyVersion,
    Purpose,
    sha256,
)
from policies.models.declared_fields import FIXED
from policies.reading import draw


class PastDateField(forms.DateField):
    """A day of somebody's life."""

    FIRST = date(1900, 1, 1)

    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value and not self.FIRST <= value <= timezone.localdate():
            raise forms.ValidationError(
                _("Enter a day from 1900 until today, as 31/12/1990."), code="range"
            )


def sign_in_address() -> AddressField:
    """Return a field that judges an address as typed: in small letters, a look-alike is gone."""
    return AddressField(label=_("Email"), widget=forms.EmailInput(attrs={"autocomplete": "email"}))


class DetailsForm(forms.Form):
    """What a customer tells of themselves; the company says which of it is asked and required."""

    full_name = LineField(
        label=_("Full name"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    phone = PhoneNumberField(
        label=_("Phone number"),
        region="VN",
        required=False,
        help_text=_("A Vietnamese number, as 0912 345 678, or an international one with +."),
        widget=forms.TextInput(
            attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel", "maxlength": "32"}
        ),
        error_messages={"invalid": _("Enter a phone number that exists, as 0912 345 678.")},
    )
    address = LineField(
        label=_("Postal address"),
        max_length=300,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "street-address"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        company = the_company()
        for name in set(EDITABLE).difference(company.required_fields, company.optional_fields):
            del self.fields[name]
        for name in company.required_fields:
            if name in self.fields:
                self.fields[name].required = True
        self.declared_fields_asked = list(DeclaredField.objects.active())
        for asked in self.declared_fields_asked:
            self.fields[asked.code] = _declared_field(asked)

    @property
    def details(self) -> dict[str, str]:
        return {name: str(self.cleaned_data.get(name) or "") for name in EDITABLE}

    @property
    def declared(self) -> dict[str, str]:
        """Return what was told beside the fixed details, by code; a date as YYYY-MM-DD."""
        return {
            asked.code: str(self.cleaned_data[asked.code] or "")
            for asked in self.declared_fields_asked
        }


class CorrectionForm(DetailsForm):
    """Details as the form showed them: what was left so stays, whoever changed it meanwhile."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.show_hidden_initial = True

    @property
    def details(self) -> dict[str, str]:
        return self._typed(super().details)

    @property
    def declared(self) -> dict[str, str]:
        return self._typed(super().declared)

    def _typed(self, told: dict[str, str]) -> dict[str, str]:
        return {name: value for name, value in told.items() if name in self.changed_data}


class CustomerForm(DetailsForm):
    """A customer whom staff write down or import: as at sign-up, but without a password."""

    email = AddressField(label=_("Email"), required=False)
    language = forms.ChoiceField(label=_("Language"), choices=Language, required=False)
    consent_reference = LineField(
        label=_("Document"),
        max_length=60,
        required=False,
        help_text=_("Where the consent can be read again: the signed form, the recorded call."),
    )
    field_order = ["full_name", "email", "phone", "address", "language"]


class SignUpForm(DetailsForm, allauth_forms.SignupForm):  # type: ignore[misc]
    """Sign-up: details, policy acceptance, and a free choice for each consent, none made before."""

    email = sign_in_address()
    accept_policy = forms.BooleanField(
        label=_("I have read the privacy policy and accept it"),
        error_messages={"required": _("To open an account, accept the privacy policy.")},
    )
    shown = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asked = [field.code for field in self.declared_fields_asked]
        self.order_fields([*FIXED, *asked, "password1", "accept_policy"])
        self.purposes = list(Purpose.objects.asking_consent())
        self.fields["shown"].initial = self._words()
        for purpose in self.purposes:
            self.fields[_consent_name(purpose)] = forms.BooleanField(
                label=purpose.wording, required=False
            )

    @property
    def accuracy_wording(self) -> str:
        return accuracy.wording()

    @cached_property
    def policy_text(self) -> PolicyText:
        """Return what the page shows and accept_policy speaks of, in the reader's language."""
        return PolicyText.objects.get(
            version=PolicyVersion.objects.current(), language=translation.get_language()
        )

    @property
    def policy_html(self) -> SafeString:
        return draw(self.policy_text, demote=2).html

    @property
    def consent_fields(self) -> list[forms.BoundField]:
        return [self[_consent_name(purpose)] for purpose in self.purposes]

    @property
    def plain_fields(self) -> list[forms.BoundField]:
        """Return all but the consents, which the page shows apart."""
        consents = {_consent_name(purpose) for purpose in self.purposes}
        return [field for field in self.visible_fields() if field.name not in consents]

    def clean_shown(self) -> None:
        """Take an acceptance only of the very words that were read."""
        if self.cleaned_data["shown"] != self._words():
            ticked = {"accept_policy", *map(_consent_name, self.purposes)}  # for other words
            typed = self.data.dict()  # type: ignore[attr-defined]
            kept = {name: value for name, value in typed.items() if name not in ticked}
            self.data = {**kept, "shown": self._words()}
            raise forms.ValidationError(
                _("The policy or a question changed while you were reading. Please look again.")
            )

    def _words(self) -> str:
        """Return what names the policy's text and the questions, in the reader's language."""
        return sha256("".join([self.policy_text.sha256, *(p.wording for p in self.purposes)]))

    def try_save(self, request: HttpRequest) -> tuple[AbstractBaseUser | None, HttpResponse | None]:
        """Save the account, or for an address that has one, only let its owner know by mail.

        The second answer looks like the first and takes as long: it does the
        same work for an address that does not exist and undoes it.
        """
        if self.account_already_exists:
            self._sign_up_nobody(request)
        try:
            with transaction.atomic():
                user, response = super().try_save(request)
        except IntegrityError:  # the same form sent twice: the first has just made the account
            self.account_already_exists: bool = True
            user, response = super().try_save(request)
        return user, response

    def _sign_up_nobody(self, request: HttpRequest) -> None:
        known = self.cleaned_data["email"]
        self.cleaned_data["email"] = f"{new_public_id()}@nobody.invalid"
        self.account_already_exists = False
        with transaction.atomic():
            self.save(request)
            transaction.set_rollback(True)
        self.cleaned_data["email"] = known
        self.account_already_exists = True

    def custom_signup(self, request: HttpRequest, user: Any) -> None:
        language = translation.get_language()
        user.language = language
        user.save(update_fields=["language"])
        register_customer(
            user,
            details=self.details,
            declared=self.declared,
            accepted=self.policy_text,
            agreed_to=[p for p in self.purposes if self.cleaned_data[_consent_name(p)]],
        )
        tell_of_masked_cards(request, self)


class AddEmailForm(allauth_forms.AddEmailForm):  # type: ignore[misc]
    email = sign_in_address()


class ConsentForm(forms.Form):
    """Which purpose, and what was decided; anything else was not sent by our page."""

    purpose = forms.ModelChoiceField(
        Purpose.objects.filter(legal_basis=LegalBasis.CONSENT), to_field_name="code"
    )
    decision = forms.ChoiceField(
        choices=[(each, each.label) for each in (ConsentDecision.GIVEN, ConsentDecision.WITHDRAWN)]
    )
    wording = forms.CharField(widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """Refuse an answer to a question that was worded otherwise."""
        data = super().clean() or {}
        purpose = data.get("purpose")
        if purpose and data.get("wording") != sha256(purpose.wording):
            raise forms.ValidationError(_("The question has changed. Please read it again."))
        return data


NAMES_NOBODY = (AccessAction.LIST, AccessAction.EXPORT)
"""Kinds of access of which no record is one customer's."""


class AccessFilterForm(forms.Form):
    """Which accesses to show; what is left out does not count."""

    since = PastDateField(label=_("From"), required=False)
    until = PastDateField(label=_("Until"), required=False)
    purpose = forms.ChoiceField(label=_("What for"), required=False)
    action = forms.ChoiceField(
        label=_("Kind of access"),
        required=False,
        choices=[
            ("", _("all")),
            *(each for each in AccessAction.choices if each[0] not in NAMES_NOBODY),
        ],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        purpose: Any = self.fields["purpose"]
        named = [(each.code, each.name) for each in Purpose.objects.order_by("pk")]
        purpose.choices = [("", _("all")), *BUILT_IN.items(), *named]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        since, until = data.get("since"), data.get("until")
        if since and until and since > until:
            self.add_error("until", _("The last day comes before the first."))
        return data

    @property
    def query(self) -> str:
        """Return what was asked for, as an address repeats it."""
        data = self.cleaned_data if self.is_valid() else {}
        return urlencode({name: value for name, value in data.items() if value})


class PhoneCodeForm(forms.Form):
    code = forms.RegexField(
        r"^\d{6}$",
        label=_("Code of the text message"),
        error_messages={"invalid": _("Enter the six digits of the text message.")},
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "maxlength": "6"}
        ),
    )


class ApprovalCodeForm(PhoneCodeForm):
    """The code of who has no password: it came by text message, or by mail."""

    code = forms.RegexField(
        r"^\d{6}$",
        label=_("Code that we sent you"),
        error_messages={"invalid": _("Enter the six digits of the code.")},
        widget=PhoneCodeForm.base_fields["code"].widget,
    )


class CloseAccountForm(forms.Form):
    waives_grace = forms.BooleanField(
        label=_("Delete my data without these days. I know that I cannot change my mind then."),
        required=False,
    )
    understood = forms.BooleanField(
        label=_("I want to close my account"),
        error_messages={"required": _("Tick the box to confirm that you want to close it.")},
    )

    def __init__(self, *args: Any, may_waive: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_waive:
            del self.fields["waives_grace"]


class ChangeMindForm(forms.Form):
    password = forms.CharField(
        label=_("Password of the account"),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, user: User | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> None:
        if self.user is None or not self.user.check_password(self.cleaned_data["password"]):
            raise forms.ValidationError(_("This is not the password that the account had."))


def _consent_name(purpose: Purpose) -> str:
    return f"consent_{purpose.code}"


def details_of(customer: Customer) -> dict[str, str]:
    """Return the present details, as the form's fields are named."""
    declared = {value.field.code: value.value for value in customer.declared.all()}
    return declared | {name: getattr(customer, name) for name in EDITABLE}


def _declared_field(asked: DeclaredField) -> forms.Field:
    common: dict[str, Any] = {
        "label": asked.name,
        "help_text": asked.description,
        "required": asked.is_required,
    }
    if asked.kind == DeclaredKind.DATE:
        return PastDateField(**common)
    return LineField(max_length=300, **common)
