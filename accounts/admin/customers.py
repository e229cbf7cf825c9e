from functools import partial
from typing import Any

import phonenumbers
from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from access.admin import SHORT_ID, PersonalDataAdmin
from access.models import AccessAction
from access.purposes import CUSTOMER_CARE
from accounts.models import Customer
from common.admin import themed
from common.personal_data import DataCategory, declaration_of
from policies.counting import local_day
from policies.models import Company, Purpose, StaffAccessMode

VIEW_CUSTOMER = "accounts.view_customer"


class PurposeChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Any) -> str:
        return str(obj.name)


class RevealForm(forms.Form):
    """Why somebody needs to see a customer's details in full."""

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

    def clean_case(self) -> str:
        reference = str(self.cleaned_data["case"]).strip().upper()
        if reference and not is_case_of(self.customer, reference):
            raise ValidationError(_("This customer has no case with this reference."))
        return reference


def asks_customers_first() -> bool:
    """Tell whether the company promises that details open once the customer approves."""
    return Company.objects.filter(staff_access_mode=StaffAccessMode.APPROVAL).exists()


def is_case_of(customer: Any, reference: str) -> bool:
    """Tell whether a case of that reference is the customer's; cases live in a room above."""
    return bool(customer.cases.filter(reference=reference).exists())


class ClosedFilter(admin.SimpleListFilter):
    title = _("account")
    parameter_name = "account"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", _("open")), ("closed", _("closed"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() in ("open", "closed"):
            return queryset.filter(closed_at__isnull=self.value() == "open")
        return queryset


@admin.register(Customer)
class CustomerAdmin(PersonalDataAdmin):
    purpose = CUSTOMER_CARE
    field_groups = (DataCategory.CONTACT,)

    list_display = ["short_id", "masked_name", "masked_email", "masked_phone", "account"]
    list_filter = [ClosedFilter]
    search_fields = ["public_id"]
    search_help_text = _("Exact email, phone number or public id")
    sortable_by = ()
    fields = [
        "public_id",
        "masked_name",
        "masked_email",
        "masked_phone",
        "masked_address",
        "language",
        "opened_at",
        "account_text",
    ]
    readonly_fields = [
        "masked_name",
        "masked_email",
        "masked_phone",
        "masked_address",
        "account_text",
    ]
    actions_detail = ["reveal"]

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        """Find by a whole address, number or id, so that nobody can be guessed at."""
        term = search_term.strip().lower()
        if not term:
            return queryset, False
        found = Q(email=term) | Q(public_id=term)
        if len(term) == SHORT_ID:
            found |= Q(public_id__startswith=term)
        if number := _as_stored(term):
            found |= Customer.found_by("phone", number)
        return queryset.filter(found), False

    def case_of(self, request: HttpRequest, row: Customer) -> str:
        """Return the reference that the link from a case carries, if it is this customer's."""
        reference = request.GET.get("case", "")[:20]
        return reference if reference and is_case_of(row, reference) else ""

    @admin.display(description=_("public id"))
    def short_id(self, customer: Customer) -> str:
        return customer.public_id[:SHORT_ID]

    @admin.display(description=_("full name"))
    def masked_name(self, customer: Customer) -> str:
        return _masked(customer, "full_name")

    @admin.display(description=_("email"))
    def masked_email(self, customer: Customer) -> str:
        return _masked(customer, "email")

    @admin.display(description=_("phone"))
    def masked_phone(self, customer: Customer) -> str:
        return _masked(customer, "phone")

    @admin.display(description=_("address"))
    def masked_address(self, customer: Customer) -> str:
        return _masked(customer, "address")

    @display(  # type: ignore[untyped-decorator]
        description=_("account"), label={"open": "success", "closed": "warning"}
    )
    def account(self, customer: Customer) -> tuple[str, Any]:
        return "open" if customer.is_open else "closed", self.account_text(customer)

    @admin.display(description=_("account"))
    def account_text(self, customer: Customer) -> Any:
        if customer.closed_at is None or customer.kept_until is None:
            return _("open")
        day = partial(date_format, format="SHORT_DATE_FORMAT")
        return _("closed on %(day)s, kept until %(until)s") % {
            "day": day(local_day(customer.closed_at)),
            "until": day(customer.kept_until),
        }

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
            context["refusal"] = _(
                "This company promises to open a customer's data only after the customer approves."
                " Asking for approval is not available yet, so details stay closed."
            )
            return TemplateResponse(request, "admin/refused.html", context, status=403)
        data = request.POST if request.method == "POST" else None
        initial = {"case": self.case_of(request, customer)}
        form = themed(RevealForm(data, customer=customer, initial=initial))
        context["form"] = form
        if form.is_valid():
            return self._show_revealed(request, customer, form, context)
        return TemplateResponse(request, "admin/accounts/customer/reveal.html", context)

    @transaction.atomic
    def _show_revealed(
        self, request: HttpRequest, customer: Customer, form: forms.Form, context: Any
    ) -> HttpResponse:
        self.record(
            request,
            customer,
            AccessAction.REVEAL,
            purpose=form.cleaned_data["purpose"].code,
            case_reference=form.cleaned_data["case"],
        )
        names = declaration_of(Customer).personal
        details = [
            (Customer._meta.get_field(name).verbose_name, getattr(customer, name))  # type: ignore[union-attr]
            for name in names
        ]
        page = TemplateResponse(
            request, "admin/accounts/customer/revealed.html", {**context, "details": details}
        )
        return page.render()


def _masked(customer: Customer, name: str) -> str:
    return declaration_of(Customer).masked(customer, name)


def _as_stored(number: str) -> str:
    """Return a phone number the way the table has it, or nothing for what is none."""
    try:
        parsed = phonenumbers.parse(number, "VN")
    except phonenumbers.NumberParseException:
        return ""
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
