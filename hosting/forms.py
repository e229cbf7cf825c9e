from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.forms import LineField, ProseField
from common.tokens import new_public_id
from hosting.models import (
    LONGEST_DESCRIPTION,
    LONGEST_HOST,
    LONGEST_LABEL,
    HostedService,
    ServiceKind,
)

DAY = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
LARGEST = 10**12  # MB


class DescriptionForm(forms.Form):
    """What the customer may say of a service that the hosting system reports."""

    description = ProseField(
        label=_("Description"),
        max_length=LONGEST_DESCRIPTION,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("In your own words, for example what it serves. Never the content itself."),
    )


class SystemForm(forms.Form):
    """What a hosting system says of a service."""

    kind = forms.ChoiceField(label=_("Kind of service"), choices=ServiceKind)
    label = LineField(label=_("Name of the service"), max_length=LONGEST_LABEL)
    host = LineField(
        label=_("Domain or server"),
        max_length=LONGEST_HOST,
        required=False,
        validators=[RegexValidator(r"^[\w.:-]*$", _("Write a name like example.vn."))],
    )
    size_mb = forms.IntegerField(
        label=_("Size in MB"), min_value=0, max_value=LARGEST, required=False
    )
    started_on = forms.DateField(label=_("Since"), required=False, widget=DAY)
    ended_on = forms.DateField(
        label=_("Ended on"),
        required=False,
        widget=DAY,
        help_text=_("Leave it empty while the service runs."),
    )

    def clean_ended_on(self) -> Any:
        day = self.cleaned_data["ended_on"]
        if day and day > timezone.localdate():
            raise ValidationError(_("This day is still to come."))
        return day

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        started_on, ended_on = data.get("started_on"), data.get("ended_on")
        if started_on and ended_on and ended_on < started_on:
            self.add_error("ended_on", _("A service cannot end before it began."))
        return data


class ReportForm(SystemForm):
    """What a hosting system says of a service in its list; of a backup, only there."""

    is_backed_up = forms.TypedChoiceField(
        choices=[("yes", "yes"), ("no", "no")],
        coerce=lambda said: said == "yes",
        required=False,
        empty_value=None,
    )


class ServiceForm(SystemForm, DescriptionForm):
    """What the customer says of a service."""

    field_order = ["kind", "label", "host", "size_mb", "started_on", "ended_on", "description"]


class NewServiceForm(ServiceForm):
    submission = forms.RegexField(
        r"^[0-9a-f]{32}$", initial=new_public_id, widget=forms.HiddenInput
    )


class BackupForm(forms.Form):
    """Why a service needs a backup. Its customer reads this in their language."""

    need_vi = ProseField(
        label=_("Why it is needed (Vietnamese)"),
        max_length=LONGEST_DESCRIPTION,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    need_en = ProseField(
        label=_("Why it is needed (English)"),
        max_length=LONGEST_DESCRIPTION,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("What could be lost without it, what is backed up, and until when."),
    )


class DestroyForm(forms.Form):
    needs_no_hand_over = forms.BooleanField(
        label=_("I have what is being handed over, or want it no more."),
        error_messages={
            "required": _(
                "It is being handed over. Say first that you have it, or want it no more."
            )
        },
    )
    understood = forms.BooleanField(
        label=_("I want it destroyed, and know that nobody can bring it back"),
        error_messages={"required": _("Tick the box to confirm that you want it destroyed.")},
    )

    def __init__(self, *args: Any, is_handed_over: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_handed_over:
            del self.fields["needs_no_hand_over"]


def form_for(service: HostedService) -> type[forms.Form]:
    """Return the form of what the customer may correct of this service."""
    return DescriptionForm if service.is_imported else ServiceForm


def values_of(service: HostedService) -> dict[str, Any]:
    return {name: getattr(service, name) for name in form_for(service).base_fields}
