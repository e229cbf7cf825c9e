"""The door behind the masks: why, of what, for which case; written down before it opens."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from access.admin import PersonalDataAdmin
from access.models import AccessAction
from access.reasons import AccessReason
from accounts.approvals import Openings, openings_for, require_opening
from accounts.models import AccessApproval, Customer, EmergencyAccess, User
from accounts.record import masked_record, revealed_record
from accounts.uses import may_use
from common.admin import themed
from common.errors import PortalError
from common.personal_data import DataCategory
from policies.counting import local_day
from policies.models import Purpose

VIEW_CUSTOMER = "accounts.view_customer"
ASK = "accounts.add_accessapproval"


class PurposeChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Any) -> str:
        return str(obj.name)


class ReasonForm(forms.Form):
    """Why somebody needs to see or hear data of a customer; never in words of their own.

    opened: what is open to them, where the company asks its customers first.
    """

    purpose = PurposeChoice(
        Purpose.objects.active(),
        to_field_name="code",
        label=_("Purpose"),
        help_text=_("The customer reads this, with your role and the time."),
    )
    case = forms.CharField(
        label=_("Reference of the case"),
        max_length=20,
        required=False,
        help_text=_("If it is about a case of this customer."),
    )
    reason = forms.ChoiceField(
        label=_("Occasion"),
        choices=[("", "---"), *AccessReason.choices],
        required=False,
        help_text=_("If no case says it."),
    )

    def __init__(
        self, *args: Any, customer: Customer, opened: Openings | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.customer = customer
        if opened is not None:
            purpose: Any = self.fields["purpose"]
            purpose.queryset = opened.purposes()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not (data["case"] or data["reason"]):
            self.add_error("reason", _("Name a case of this customer, or the occasion."))
        elif not self.errors and self._is_stored_only(data):
            self.add_error(
                "reason",
                _(
                    "The period of this customer's data is over. What is left is opened for a case"
                    " of theirs, or for a duty by law."
                ),
            )
        return data

    def _is_stored_only(self, data: dict[str, Any]) -> bool:
        """Say whether nothing but a duty, or a case, still keeps this customer's data."""
        kept_until = self.customer.kept_until
        is_over = kept_until is not None and kept_until < local_day(timezone.now())
        return is_over and not data["case"] and data["reason"] != AccessReason.LEGAL_DUTY

    @property
    def why(self) -> dict[str, str]:
        """Return what the record of the access says."""
        return {
            "purpose": self.cleaned_data["purpose"].code,
            "case_reference": self.cleaned_data["case"],
            "reason": self.cleaned_data["reason"],
        }

    def clean_purpose(self) -> Purpose:
        purpose: Purpose = self.cleaned_data["purpose"]
        if not may_use(self.customer, purpose):
            raise ValidationError(_("The customer has not consented to this purpose."))
        return purpose

    def clean_case(self) -> str:
        reference = str(self.cleaned_data["case"]).strip().upper()
        if reference and not is_case_of(self.customer, reference):
            raise ValidationError(_("This customer has no case with this reference."))
        return reference


class RevealForm(ReasonForm):
    """Which of a customer's data in full, and why."""

    groups = forms.MultipleChoiceField(
        label=_("Data"),
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("Only what you need for this purpose."),
        error_messages={"required": _("Choose what you need to see.")},
    )
    field_order = ["groups", "purpose", "case", "reason"]

    def __init__(self, *args: Any, by: User, opened: Openings | None = None, **kwargs: Any) -> None:
        super().__init__(*args, opened=opened, **kwargs)
        groups: Any = self.fields["groups"]
        groups.choices = [
            (group.category.value, group.category.label)
            for group in masked_record(self.customer, by=by)
            if group.may_be_revealed and (opened is None or group.category in opened.groups)
        ]


APPROVAL_FIRST = _(
    "This company promises to open a customer's data only after the customer approves, and this"
    " customer has not approved."
)


def closed_page(
    request: HttpRequest, customer: Customer, context: dict[str, Any], *, group: str
) -> HttpResponse:
    """Say that this is not open, and lead to where the customer is asked."""
    query = urlencode({"group": group, "case": request.GET.get("case", "")})
    ask = reverse("admin:accounts_customer_ask_approval", args=[customer.pk])
    context |= {
        "refusal": APPROVAL_FIRST,
        "ask": f"{ask}?{query}" if request.user.has_perm(ASK) else "",
    }
    return TemplateResponse(request, "admin/refused.html", context, status=403)


def is_case_of(customer: Any, reference: str) -> bool:
    """Tell whether a case of that reference is the customer's; cases live in a room above."""
    return bool(customer.cases.filter(reference=reference).exists())


def why_approved(opening: AccessApproval | EmergencyAccess | None) -> dict[str, str]:
    """Return what the customer read and approved: that is recorded, whatever else was typed."""
    return opening.why if isinstance(opening, AccessApproval) else {}


def approved_reason(opened: Openings | None) -> dict[str, Any]:
    """Return what the customer read and approved, for a form to begin with."""
    if opened is None or not opened.approvals:
        return {}
    why = opened.approvals[0].why
    return {**why, "case": why["case_reference"]}


class RevealingAdmin(PersonalDataAdmin):
    """Admin of customers that shows details in full once, to who says why."""

    @action(  # type: ignore[untyped-decorator]
        description=_("Reveal"), icon="visibility", permissions=["view"]
    )
    def reveal(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask why, record it, and show the details once: the answer is no page to come back to."""
        customer = self.get_row(request, object_id, VIEW_CUSTOMER)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Reveal details"),
            "object": customer,
            "opts": self.opts,
            "back": self.page_of(customer),
        }
        staff: Any = request.user
        group = request.GET.get("group", DataCategory.CONTACT)
        opened = openings_for(customer, by=staff)
        if opened is not None and not opened:
            return closed_page(request, customer, context, group=group)
        data = request.POST if request.method == "POST" else None
        initial = {
            **approved_reason(opened),
            "groups": [group],
        }
        if case := self.case_of(request, customer):
            initial["case"] = case
        form = RevealForm(data, customer=customer, by=staff, opened=opened, initial=initial)
        context["form"] = themed(form)
        if form.is_valid():
            try:
                return self._show_revealed(request, customer, form, context)
            except PortalError as error:  # ended at this moment, or not for this purpose
                form.add_error(None, str(error))
        return TemplateResponse(request, "admin/accounts/customer/reveal.html", context)

    @transaction.atomic
    def _show_revealed(
        self, request: HttpRequest, customer: Customer, form: RevealForm, context: Any
    ) -> HttpResponse:
        wanted = form.cleaned_data
        staff: Any = request.user
        opening = require_opening(
            customer, by=staff, groups=wanted["groups"], purpose=wanted["purpose"]
        )
        why = form.why | why_approved(opening)
        self.record(request, customer, AccessAction.REVEAL, field_groups=wanted["groups"], **why)
        number = request.GET.get("page", "")
        groups = revealed_record(customer, wanted["groups"], number, by=staff)
        page = TemplateResponse(
            request,
            "admin/accounts/customer/revealed.html",
            {**context, "groups": groups},
        )
        return page.render()
