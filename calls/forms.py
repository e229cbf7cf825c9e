from collections.abc import Callable
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from accounts.admin.reveal import PurposeChoice
from accounts.finding import as_stored
from accounts.models import Customer
from calls.imports import customers_of, only_one
from calls.models import CallDirection
from calls.services import Call
from common.errors import PortalError
from common.forms import LineField
from common.personal_data import DataCategory
from policies.models import Purpose


class RecordingForm(forms.Form):
    """One recording that a member of staff adds; cleaned to what the service takes.

    ``looked_up`` is told of whom a public id or number was found to be, before anything is said.
    """

    customer = LineField(
        label=_("Customer"),
        max_length=32,
        help_text=_("The whole public id, or the whole phone number."),
    )
    direction = forms.ChoiceField(label=_("Direction"), choices=CallDirection)
    started_at = forms.DateTimeField(
        label=_("Began"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )
    duration = forms.DurationField(
        label=_("Length"), help_text=_("In minutes and seconds, as 4:07.")
    )
    purpose = PurposeChoice(Purpose.objects.none(), to_field_name="code", label=_("Purpose"))
    audio = forms.FileField(
        label=_("Recording"),
        help_text=_("MP3, M4A or WAV, at most 500 MB."),
        widget=forms.FileInput(attrs={"accept": ".mp3,.m4a,.wav,audio/*"}),
    )

    def __init__(
        self, *args: Any, looked_up: Callable[[list[Customer]], None], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.looked_up = looked_up
        purpose: Any = self.fields["purpose"]
        recording = [DataCategory.CALL_RECORDING]
        purpose.queryset = Purpose.objects.active().filter(data_categories__contains=recording)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.errors:
            return data
        found = customers_of(data["customer"])
        self.looked_up(found)
        try:
            customer = only_one(found)
        except PortalError as error:
            self.add_error("customer", str(error))
            return data
        audio: UploadedFile[bytes] = data["audio"]
        call = Call(
            direction=CallDirection(data["direction"]),
            started_at=data["started_at"],
            duration=data["duration"],
            purpose=data["purpose"],
            number=as_stored(data["customer"]),
        )
        return {"customer": customer, "call": call, "audio": audio}
