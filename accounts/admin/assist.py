"""Steps that staff take for a customer who asks, after making sure who asks."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from access.admin import PersonalDataAdmin
from accounts.assistance import change_for_customer, invite_to_claim
from accounts.erasure import erasable_declared, erasable_details
from accounts.exceptions import IdentityNotProved, SecondPersonNeeded
from accounts.forms import DetailsForm
from accounts.identity_checks import LONGEST_NUMBER, stored_proof
from accounts.models import Customer, IdentityCheckKind, IdentityCheckResult, RequestChannel
from accounts.models.assistance import LONGEST_REASON, labels_of
from common.admin import is_among
from common.attachments import (
    JPEG,
    PDF,
    PNG,
    AttachmentRefused,
    CheckedFile,
    accepted,
    check_attachment,
)
from common.forms import UNCHOSEN, AddressField, LineField, ProseField
from common.uploads import receives_files

CHANGE_CUSTOMER = "accounts.change_customer"
LOCK = "incidents.add_unauthoriseduse"
PAPERS = (PDF, JPEG, PNG)
LARGEST_PAPER = 5 * 1024 * 1024  # bytes
NOT_PROVED = _("The check is recorded. Nothing else was done, because it is not proved who asks.")
SECOND_PERSON = _(
    "Your check is recorded. The invitation leaves once another member of staff, after a check of"
    " their own, invites the same address within three days."
)


class IdentityCheckForm(forms.Form):
    """Who asked, and how staff know."""

    channel = forms.ChoiceField(label=_("Asked"), choices=RequestChannel)
    kind = forms.ChoiceField(label=_("What was checked"), choices=IdentityCheckKind)
    reference = LineField(
        label=_("Number of the document"),
        max_length=LONGEST_NUMBER,
        required=False,
        help_text=_("Only its last four characters are kept."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    result = forms.ChoiceField(
        label=_("Is it proved who asks?"),
        choices=[*UNCHOSEN, *IdentityCheckResult.choices],
    )

    @property
    def check_made(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in IdentityCheckForm.base_fields}


class InviteForm(IdentityCheckForm):
    """Where a customer without a sign-in wants the invitation."""

    email = AddressField(label=_("Email"))
    field_order = ["email"]


class AssistForm(IdentityCheckForm, DetailsForm):
    """What a customer wants changed. What they did not speak of stays, and is not shown."""

    email = AddressField(label=_("Email"), required=False)
    erase = forms.MultipleChoiceField(
        label=_("To erase"),
        required=False,
        help_text=_("It goes from the history too, and for good."),
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )
    paper = forms.FileField(
        label=_("Paper that proves it"),
        required=False,
        help_text=_("A scan of the power of attorney: PDF, JPEG or PNG. It is erased in 30 days."),
        widget=forms.FileInput(attrs={"accept": accepted(PAPERS)}),
    )
    reason = ProseField(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        help_text=_("What the customer asked for. They read it in their account."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    field_order = ["full_name", "phone", "address", "email", "erase", "reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = {*IdentityCheckForm.base_fields, "erase", "reason", "paper"}
        for name in self.fields.keys() - others:
            self.fields[name].required = False
            self.fields[name].widget.attrs["autocomplete"] = "off"
        names = [*erasable_details(), *erasable_declared()]
        erase: Any = self.fields["erase"]
        erase.choices = list(zip(names, map(capfirst, labels_of(names)), strict=True))

    def clean(self) -> dict[str, Any]:
        """Hand on what the service takes: the details that were filled in, and the check."""
        super().clean()
        paper = self._checked(self.cleaned_data.get("paper"))
        if self.errors:
            return self.cleaned_data
        details, declared = (
            {name: value for name, value in told.items() if value}
            for told in (self.details, self.declared)
        )
        asked = {name: self.cleaned_data[name] for name in ("email", "erase", "reason")}
        if {*details, *declared} & {*asked["erase"]}:
            self.add_error("erase", _("A detail is either changed or erased."))
        return {
            "details": details,
            "declared": declared,
            **asked,
            **self.check_made,
            "paper": paper,
        }

    def _checked(self, paper: Any) -> CheckedFile | None:
        if not paper:
            return None
        try:
            return check_attachment(paper, types=PAPERS, most_bytes=LARGEST_PAPER)
        except AttachmentRefused as error:
            self.add_error("paper", str(error))
            return None


class AssistingAdmin(PersonalDataAdmin):
    def has_assist_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm(CHANGE_CUSTOMER))

    @receives_files(LARGEST_PAPER)
    @action(  # type: ignore[untyped-decorator]
        description=_("Change for the customer"), icon="edit_note", permissions=["assist"]
    )
    def assist(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.step_view(
            request,
            object_id,
            permission=CHANGE_CUSTOMER,
            step=_change,
            title=_("Change for the customer"),
            done=_("The change is recorded, and the customer is told by mail."),
            form_class=AssistForm,
        )

    def has_invite_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it for customers who have no sign-in."""
        without = Customer.objects.open().filter(user=None)
        known = object_id is None or is_among(without, object_id)
        return known and bool(request.user.has_perm(CHANGE_CUSTOMER))

    @action(  # type: ignore[untyped-decorator]
        description=_("Invite to sign up"), icon="mail", permissions=["invite"]
    )
    def invite(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.step_view(
            request,
            object_id,
            permission=CHANGE_CUSTOMER,
            step=_invite,
            title=_("Invite to sign up"),
            done=_("The invitation is on its way. Who signs up with that address has this record."),
            form_class=InviteForm,
        )

    def has_lock_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it where there is a sign-in that is not locked."""
        free = Customer.objects.open().filter(user__locked_at=None).exclude(user=None)
        known = object_id is None or is_among(free, object_id)
        return known and bool(request.user.has_perm(LOCK))

    @action(  # type: ignore[untyped-decorator]
        description=_("Lock the sign-in"), icon="lock", permissions=["lock"]
    )
    def lock(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Lead to the page that opens a case of unauthorised use, about this customer."""
        customer = self.get_row(request, object_id, LOCK)
        page = reverse("admin:incidents_unauthoriseduse_add")
        return redirect(f"{page}?customer={customer.public_id}")


def _invite(customer: Customer, **asked: Any) -> None:
    check = invite_to_claim(customer, **asked)
    if not check.is_proved:
        raise IdentityNotProved(NOT_PROVED)
    if check.invited:
        raise SecondPersonNeeded(SECOND_PERSON)


def _change(customer: Customer, *, paper: CheckedFile | None, **asked: Any) -> None:
    with stored_proof(customer, paper) as proof:
        if change_for_customer(customer, proof=proof, **asked) is None:
            raise IdentityNotProved(NOT_PROVED)
