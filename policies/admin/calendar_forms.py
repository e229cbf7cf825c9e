"""What the DPO fills in about the official calendar."""

from datetime import date
from typing import Any

from django import forms
from django.core import signing
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from policies.admin.register_forms import day
from policies.calendar_changes import WithdrawalReason
from policies.calendar_comparison import SWAP
from policies.calendar_import import CalendarRow
from policies.models import DayStatus, OfficialDay, OfficialDayKind

LONGEST = 100
ONE_HOUR = 3600
SALT = "policies.calendar_import"


def label(title: Any) -> forms.CharField:
    return forms.CharField(label=title, max_length=LONGEST)


def document() -> forms.CharField:
    return forms.CharField(
        label=_("Document"),
        max_length=LONGEST,
        help_text=_("Number and date of the announcement."),
    )


class ProposeForm(forms.Form):
    year = forms.IntegerField(label=_("Year"), min_value=1, max_value=9999)


class CompleteForm(forms.Form):
    year = forms.IntegerField(label=_("Year"), min_value=1, max_value=9999)
    fewer = forms.BooleanField(
        label=_("It is right, even with fewer public holidays than the law names"),
        required=False,
    )


class DayChoice(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    widget = UnfoldAdminCheckboxSelectMultipleWidget

    def label_from_instance(self, obj: Any) -> str:
        when = date_format(obj.day, "SHORT_DATE_FORMAT")
        return f"{when} ({date_format(obj.day, 'l')}): {obj.label}, {obj.get_kind_display()}"


class ConfirmForm(forms.Form):
    days = DayChoice(
        OfficialDay.objects.exclude(status=DayStatus.OFFICIAL),
        label=_("Days"),
        help_text=_("The other day of a swap is confirmed with it."),
    )
    document = document()


class DocumentForm(forms.Form):
    document = document()


class SwapForm(forms.Form):
    day_off = day(_("Day off"), help_text=_("From Monday to Friday."))
    working_day = day(_("Worked in exchange"), help_text=_("A Saturday or a Sunday."))
    label_vi = label(_("Label (Vietnamese)"))
    label_en = label(_("Label (English)"))
    document = document()


class CorrectForm(forms.Form):
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=[choice for choice in OfficialDayKind.choices if choice[0] not in SWAP],
    )
    label_vi = label(_("Label (Vietnamese)"))
    label_en = label(_("Label (English)"))


class OneDayForm(CorrectForm):
    """A day off by itself."""

    field_order = ["day"]

    day = day(_("Day"))


class CorrectSwapForm(CorrectForm):
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=[choice for choice in OfficialDayKind.choices if choice[0] in SWAP],
        help_text=_("The day of a swap stays what it is."),
    )


class WithdrawForm(forms.Form):
    reason = forms.ChoiceField(label=_("Reason"), choices=WithdrawalReason)
    document = document()


class UploadForm(forms.Form):
    file = forms.FileField(
        label=_("File"),
        help_text=_("CSV or ICS in UTF-8, at most 1 MB and 1000 days."),
        widget=forms.FileInput(attrs={"accept": ".csv,.ics"}),
    )


class ImportForm(forms.Form):
    """The rows that the preview showed; signed, so that nothing else is imported."""

    rows = forms.CharField(widget=forms.HiddenInput, required=False)

    def clean(self) -> dict[str, Any]:
        signed = self.cleaned_data.get("rows", "")
        try:
            plain = signing.loads(signed, salt=SALT, max_age=ONE_HOUR)
        except signing.BadSignature as error:
            text = _("The preview is older than an hour or was changed. Send the file again.")
            raise forms.ValidationError(text, code="unsigned") from error
        return {"rows": [_row(values) for values in plain]}


def sign_rows(rows: list[CalendarRow]) -> str:
    plain = [
        (
            row.day.isoformat(),
            row.kind.value,
            row.label_vi,
            row.label_en,
            row.swapped_with and row.swapped_with.isoformat(),
        )
        for row in rows
    ]
    return signing.dumps(plain, salt=SALT, compress=True)


def _row(values: list[Any]) -> CalendarRow:
    when, kind, label_vi, label_en, other = values
    partner = date.fromisoformat(other) if other else None
    return CalendarRow(date.fromisoformat(when), OfficialDayKind(kind), label_vi, label_en, partner)
