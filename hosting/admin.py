from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from access.admin import SHORT_ID, PersonalDataAdmin
from access.purposes import CUSTOMER_CARE
from accounts.admin.assist import CHANGE_CUSTOMER
from accounts.finding import read_search
from accounts.models import Customer
from common.admin import is_among
from common.personal_data import DataCategory, declaration_of
from hosting.models import HostedService

VIEW = "hosting.view_hostedservice"


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("running", _("running")),
            ("ended", _("ended")),
            ("last", _("the customer's last service has ended")),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "running":
            return queryset.running()
        if self.value() == "ended":
            return queryset.filter(ended_on__isnull=False)
        return queryset.last_of_their_customers() if self.value() == "last" else queryset


@admin.register(HostedService)
class HostedServiceAdmin(PersonalDataAdmin):
    """What is hosted for whom, by kind; what customers call it stays behind a mask."""

    purpose = CUSTOMER_CARE
    field_groups = (DataCategory.HOSTED_CONTENT,)

    list_display = ["kind", "masked_label", "started_on", "ended_on", "customer_id"]
    list_filter = [StateFilter, "kind"]
    list_select_related = ["customer"]
    search_fields = ["public_id"]
    search_help_text = _("Whole email, phone number, public id or full name of the customer")
    sortable_by = ()
    fields = ["kind", "masked_label", "size_mb", "started_on", "ended_on", "customer_id"]
    readonly_fields = ["masked_label", "customer_id"]
    actions_detail = ["end_account"]

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        if not search_term.strip():
            return queryset, False
        people = Customer.objects.filter(read_search(search_term).condition)
        return queryset.filter(customer__in=people), False

    def searched_by(self, term: str) -> str:
        return read_search(term).by

    @admin.display(description=_("name of the service"))
    def masked_label(self, service: HostedService) -> str:
        return declaration_of(HostedService).masked(service, "label")

    @admin.display(description=_("customer"))
    def customer_id(self, service: HostedService) -> str:
        return service.customer.public_id[:SHORT_ID]

    # The customer whose last service has ended

    def has_end_account_permission(
        self, request: HttpRequest, object_id: str | None = None
    ) -> bool:
        if object_id is None or not request.user.has_perm(CHANGE_CUSTOMER):
            return False
        return is_among(HostedService.objects.last_of_their_customers(), object_id)

    @action(  # type: ignore[untyped-decorator]
        description=_("The customer has left"), icon="event_busy", permissions=["end_account"]
    )
    def end_account(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Lead to the step that closes the account: nothing does so by itself."""
        service = self.get_row(request, object_id, VIEW)
        return redirect(reverse("admin:accounts_customer_end_service", args=[service.customer_id]))
