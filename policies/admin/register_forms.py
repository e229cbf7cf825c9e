"""What the DPO fills in about purposes, recipients and their agreements."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from common.attachments import PDF, AttachmentRefused, CheckedFile, check_attachment
from common.personal_data import DataCategory
from policies.models import Channel, LegalBasis, Purpose, RecipientKind

MOST_BYTES = 20 * 1024 * 1024


def text(label: Any, *, required: bool = True, help_text: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        required=required,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=help_text,
    )


def day(label: Any, *, required: bool = True, help_text: Any = "") -> forms.DateField:
    return forms.DateField(
        label=label,
        required=required,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text=help_text,
    )


class DataChoice(forms.MultipleChoiceField):
    widget = UnfoldAdminCheckboxSelectMultipleWidget

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=DataCategory.choices, **kwargs)


class PurposeChoice(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    widget = UnfoldAdminCheckboxSelectMultipleWidget

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.name)


class SignedDocument(forms.FileField):
    """Cleaned to a CheckedFile."""

    def clean(self, data: Any, initial: Any = None) -> CheckedFile:
        file: UploadedFile[bytes] = super().clean(data, initial)
        try:
            return check_attachment(file, types=[PDF], most_bytes=MOST_BYTES)
        except AttachmentRefused as error:
            raise forms.ValidationError(str(error), code="refused") from error


class NamesForm(forms.Form):
    name_vi = forms.CharField(label=_("Name (Vietnamese)"), max_length=200)
    name_en = forms.CharField(label=_("Name (English)"), max_length=200)
    description_vi = text(_("Description (Vietnamese)"))
    description_en = text(_("Description (English)"))


def code() -> forms.CharField:
    return forms.RegexField(
        r"^[a-z][a-z0-9_]*$",
        label=_("Code"),
        max_length=40,
        help_text=_("Small letters, digits and _; never changed afterwards."),
        error_messages={
            "invalid": _("Begin with a small letter; then use small letters, digits and _ alone.")
        },
    )


class PurposeForm(NamesForm):
    """A purpose that asks no consent; its legal basis is fixed."""

    channel = forms.ChoiceField(label=_("Channel"), choices=Channel)
    data_categories = DataChoice(label=_("Data used"))
    is_required = forms.BooleanField(
        label=_("Required"),
        required=False,
        help_text=_("The service cannot be provided without it."),
    )


class ConsentForm(NamesForm):
    channel = forms.ChoiceField(label=_("Channel"), choices=Channel)
    data_categories = DataChoice(label=_("Data used"))
    wording_vi = text(_("Question to the customer (Vietnamese)"))
    wording_en = text(_("Question to the customer (English)"))
    asks_anew = forms.BooleanField(
        label=_("The customers are to be asked anew"),
        required=False,
        help_text=_(
            "Needed when a question changes: consents given to the old wording no longer count."
        ),
    )


class NewPurposeForm(PurposeForm):
    field_order = ["code", "legal_basis"]

    code = code()
    legal_basis = forms.ChoiceField(
        label=_("Legal basis"),
        choices=LegalBasis,
        help_text=_("Never changed afterwards: another legal basis is another purpose."),
    )
    wording_vi = text(
        _("Question to the customer (Vietnamese)"),
        required=False,
        help_text=_("Exactly what the customer agrees to; only for consent."),
    )
    wording_en = text(_("Question to the customer (English)"), required=False)


class RecipientForm(NamesForm):
    kind = forms.ChoiceField(label=_("Kind"), choices=RecipientKind)
    country = forms.CharField(
        label=_("Country"),
        required=False,
        max_length=2,
        help_text=_("Two letters of ISO 3166, as VN; empty where it is not one country."),
    )
    cross_border = forms.BooleanField(label=_("Outside Viet Nam"), required=False)
    purposes = PurposeChoice(Purpose.objects.active(), label=_("Purposes"), required=False)
    data_categories = DataChoice(
        label=_("Data received"),
        required=False,
        help_text=_("Only what one of these purposes uses."),
    )

    def clean_country(self) -> str:
        return str(self.cleaned_data["country"]).upper()


class NewRecipientForm(RecipientForm):
    field_order = ["code"]

    code = code()


class AgreementForm(forms.Form):
    reference = forms.CharField(label=_("Number of the agreement"), max_length=100)
    valid_from = day(_("Valid from"))
    valid_to = day(_("Valid until"), required=False, help_text=_("Empty: until further notice."))
    file = SignedDocument(
        label=_("Signed document"),
        help_text=_("A PDF of at most 20 MB. It is kept as it is and never replaced."),
        widget=forms.FileInput(attrs={"accept": ".pdf"}),
    )


class EndAgreementForm(forms.Form):
    last_day = day(
        _("Last day"), help_text=_("From the day after, nothing may be disclosed under it.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["last_day"].initial = timezone.localdate
