from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from casework.exceptions import SomebodyWasFaster
from casework.file_types import ACCEPTED
from casework.files import check_files
from casework.heard import Heard
from casework.models import LONGEST_TEXT, CaseChannel
from common.attachments import AttachmentRefused, CheckedFile
from common.errors import PortalError
from common.forms import UNCHOSEN, LineField, ProseField
from common.open_forms import OpenForm
from common.tokens import new_public_id
from complaints.models import Complaint, ComplaintCategory, Outcome

LONGEST_OPEN_TEXT = LONGEST_TEXT - 500  # who sent it is written below


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class EvidenceField(forms.FileField):
    """Any number of files; cleaned to a list of CheckedFile."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[CheckedFile]:
        files: list[UploadedFile[bytes]] = [file for file in data or [] if file is not None]
        try:
            return check_files(files)
        except AttachmentRefused as error:
            raise forms.ValidationError(str(error), code="refused") from error


def evidence_field(label: Any) -> EvidenceField:
    return EvidenceField(
        label=label,
        required=False,
        help_text=_(
            "For example a screenshot or a letter. Up to 10 files of 20 MB each, 60 MB together:"
            " PDF, JPG, PNG, HEIC, DOCX, XLSX, TXT, CSV, EML, MP3, M4A, WAV, MP4. Of pictures we"
            " keep only what you see, not what is hidden in them, such as the place where they were"
            " taken; other files we keep as you send them."
        ),
        widget=FilesInput(attrs={"accept": ACCEPTED.replace(" ", "")}),
    )


class SentOnceForm(forms.Form):
    """``submission`` names the filled-in form."""

    data: Any

    submission = forms.RegexField(
        r"^[0-9a-f]{32}$", initial=new_public_id, widget=forms.HiddenInput
    )

    def become_another(self) -> None:
        """Show what was typed as a form that was never sent."""
        self.data = self.data.copy()
        self.data["submission"] = new_public_id()


class ComplaintForm(SentOnceForm):
    category = forms.ChoiceField(
        label=_("What is it about?"),
        choices=ComplaintCategory,
        widget=forms.RadioSelect,
    )
    text = ProseField(
        label=_("What happened?"),
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("In your own words: what happened, when, and what you would like us to do."),
    )
    evidence = evidence_field(_("Evidence"))


def prose(label: Any, help_text: Any = "") -> ProseField:
    return ProseField(
        label=label,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=help_text,
    )


class OpenComplaintForm(OpenForm):
    """A complaint without an account; evidence can follow on its page."""

    category = ComplaintForm.base_fields["category"]
    text = ProseField(
        label=_("What happened?"),
        max_length=LONGEST_OPEN_TEXT,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("In your own words: what happened, when, and what you would like us to do."),
    )
    field_order = ("category", "text", "name", "email", "phone")


class LateMessageForm(SentOnceForm):
    """What the customer of a closed account writes from its page."""

    text = prose(_("Your message"), _("What you would like us to do, or what went wrong."))


class MessageForm(forms.Form):
    """What the customer writes to an open complaint."""

    text = prose(_("Your message"))
    evidence = evidence_field(_("Files"))


class DisagreeForm(forms.Form):
    reason = prose(_("Why do you disagree?"), _("Whoever looks at it again reads this."))


class AuthorityForm(forms.Form):
    authority = LineField(
        label=_("Which authority or court?"),
        max_length=200,
        help_text=_("Its name, as it stands on its letters."),
    )
    reference = LineField(
        label=_("Its reference"),
        max_length=100,
        required=False,
        help_text=_("If you have one already."),
    )


class CaseForm(forms.Form):
    """A step on a case; ``seen`` is the newest event that its page showed."""

    data: Any
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def renew(self, error: PortalError) -> None:
        """Let what was typed be sent again by who has now read what happened meanwhile."""
        if isinstance(error, SomebodyWasFaster):
            self.data = self.data.copy()
            self.data["seen"] = error.seen


class DecideForm(CaseForm):
    outcome = forms.ChoiceField(label=_("Outcome"), choices=[*UNCHOSEN, *Outcome.choices])
    cause = prose(_("Cause"), _("Why it came to this. The customer reads this."))
    finding = prose(_("Finding"), _("What the check has shown. The customer reads this."))


class AnswerForm(CaseForm):
    """The whole answer to ``case``, beginning with what was decided."""

    cause = prose(_("Cause"), _("The customer reads this."))
    finding = prose(_("Finding"), _("The customer reads this."))
    solution = prose(_("Solution and measures"), _("What was done. The customer reads this."))
    remedy = prose(_("Remedy"), _("What the customer gets for it. The customer reads this."))
    next_steps = prose(_("Next steps"), _("What the customer can do. The customer reads this."))
    lesson = prose(_("Lesson"), _("What the company changes. The customer does not read this."))
    reveals_nothing = forms.BooleanField(
        label=_("This answer reveals no data of the customer"),
        help_text=_("Nobody has checked yet who complains. Check it first, or vouch for this."),
    )

    def __init__(self, *args: Any, case: Complaint, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not case.needs_identity_check:
            del self.fields["reveals_nothing"]


def channel_field() -> forms.ChoiceField:
    channels = [choice for choice in CaseChannel.choices if choice[0] != CaseChannel.WEB]
    return forms.ChoiceField(label=_("How it came"), choices=[*UNCHOSEN, *channels])


def receipt_field(help_text: Any) -> forms.DateTimeField:
    return forms.DateTimeField(
        label=_("Received"),
        help_text=help_text,
        widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"}),
    )


class HeardForm(CaseForm):
    """What a customer said outside of the portal."""

    channel = channel_field()
    received_at = receipt_field(_("When it reached the company, not when it is written down."))

    def clean(self) -> dict[str, Any]:
        """Hand on what the services take."""
        data = super().clean() or {}
        if not self.errors:
            channel = CaseChannel(data.pop("channel"))
            data["heard"] = Heard(channel, data.pop("received_at"))
        return data


class HeardReasonForm(HeardForm):
    reason = prose(_("Why they disagree"), _("Whoever looks at it again reads this."))


class WithdrawForm(HeardForm):
    reason = prose(
        _("What they said or wrote"), _("Why it ends here. The customer does not read this.")
    )


class HeardMessageForm(HeardForm):
    text = prose(_("What they said or wrote"))
    evidence = evidence_field(_("Scans and other evidence"))


class ReasonForm(CaseForm):
    reason = prose(_("Reason"))
