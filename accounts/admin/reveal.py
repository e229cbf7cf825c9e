"""The door behind the masks: why, of what, for which case; written down before it opens."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from access.admin import PersonalDataAdmin
from access.models import AccessAction
from accounts.models import Customer, User
from accounts.record import masked_record, revealed_record
from accounts.uses import may_use
from common.admin import themed
from common.personal_data import DataCategory
from policies.models import Company, Purpose, StaffAccessMode

VIEW_CUSTOMER = "accounts.view_customer"


class PurposeChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Any) -> str:
        return str(obj.name)


class ReasonForm(forms.Form):
    """Why somebody needs to see or hear data of a customer."""

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

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.customer = customer

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
    field_order = ["groups", "purpose", "case"]

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups: Any = self.fields["groups"]
        groups.choices = [
            (group.category.value, group.category.label)
            for group in masked_record(self.customer, by=by)
            if group.may_be_revealed
        ]


APPROVAL_FIRST = _(
    "This company promises to open a customer's data only after the customer approves."
    " Asking for approval is not available yet, so details stay closed."
)


def asks_customers_first() -> bool:
    """Tell whether the company promises that details open once the customer approves."""
    return Company.objects.filter(staff_access_mode=StaffAccessMode.APPROVAL).exists()


def is_case_of(customer: Any, reference: str) -> bool:
    """Tell whether a case of that reference is the customer's; cases live in a room above."""
    return bool(customer.cases.filter(reference=reference).exists())


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
        if asks_customers_first():
            context["refusal"] = APPROVAL_FIRST
            return TemplateResponse(request, "admin/refused.html", context, status=403)
        data = request.POST if request.method == "POST" else None
        initial = {
            "case": self.case_of(request, customer),
            "groups": [request.GET.get("group", DataCategory.CONTACT)],
        }
        staff: Any = request.user
        form = themed(RevealForm(data, customer=customer, by=staff, initial=initial))
        context["form"] = form
        if form.is_valid():
            return self._show_revealed(request, customer, form, context)
        return TemplateResponse(request, "admin/accounts/customer/reveal.html", context)

    @transaction.atomic
    def _show_revealed(
        self, request: HttpRequest, customer: Customer, form: forms.Form, context: Any
    ) -> HttpResponse:
        wanted = form.cleaned_data
        self.record(
            request,
            customer,
            AccessAction.REVEAL,
            purpose=wanted["purpose"].code,
            case_reference=wanted["case"],
            field_groups=wanted["groups"],
        )
        staff: Any = request.user
        number = request.GET.get("page", "")
        groups = revealed_record(customer, wanted["groups"], number, by=staff)
        page = TemplateResponse(
            request,
            "admin/accounts/customer/revealed.html",
            {**context, "groups": groups},
        )
        return page.render()
