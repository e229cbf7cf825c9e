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
from common.admin import badge, is_among, named
from common.personal_data import DataCategory, declaration_of
from hosting import backups
from hosting.forms import BackupForm
from hosting.models import BackupRequest, BackupState, HostedService

VIEW = "hosting.view_hostedservice"
ASK = "hosting.add_backuprequest"
TONES = {
    BackupState.WAITING: "warning",
    BackupState.CONFIRMED: "success",
    BackupState.REFUSED: "danger",
    BackupState.WITHDRAWN: "danger",
}


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("running", _("running")),
            ("ended", _("ended")),
            ("last", _("the customer's last service has ended")),
            ("unconfirmed", _("backed up without the customer's yes")),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "running":
            return queryset.running()
        if self.value() == "ended":
            return queryset.filter(ended_on__isnull=False)
        if self.value() == "unconfirmed":
            return queryset.backed_up_without_a_yes()
        return queryset.last_of_their_customers() if self.value() == "last" else queryset


@admin.register(HostedService)
class HostedServiceAdmin(PersonalDataAdmin):
    """What is hosted for whom, by kind; what customers call it stays behind a mask."""

    purpose = CUSTOMER_CARE
    field_groups = (DataCategory.HOSTED_CONTENT,)

    list_display = ["kind", "masked_label", "started_on", "ended_on", "short_id"]
    list_filter = [StateFilter, "kind"]
    list_select_related = ["customer"]
    search_fields = ["public_id"]
    search_help_text = _("Whole email, phone number, public id or full name of the customer")
    sortable_by = ()
    fields = [
        *("kind", "masked_label", "size_mb", "started_on", "ended_on", "short_id"),
        *("is_backed_up", "confirmation"),
    ]
    readonly_fields = ["masked_label", "short_id", "confirmation"]
    actions_detail = ["end_account", "ask_backup"]

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
    def short_id(self, service: HostedService) -> str:
        return service.customer.public_id[:SHORT_ID]

    # What is backed up

    @admin.display(description=_("confirmed by the customer"))
    def confirmation(self, service: HostedService) -> str:
        last = backups.last_request(service)
        return str(last.state.label) if last else "–"

    def has_ask_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm(ASK))

    def can_take(self, step: str, row: Any, user: Any) -> bool:
        return step != "ask_backup" or not backups.why_not_asked(row)

    @action(  # type: ignore[untyped-decorator]
        description=_("Ask to confirm a backup"), icon="contact_support", permissions=["ask"]
    )
    def ask_backup(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.told_step_view(
            request,
            object_id,
            permission=ASK,
            step=backups.ask_backup,
            title=_("Ask to confirm a backup"),
            done=_("The customer is asked."),
            form_class=BackupForm,
            facts=["kind", "masked_label", "short_id"],
            note=_(
                "The customer reads this and has 14 days; no answer means no. Nothing is backed up"
                " before a yes, and the customer may take it back."
            ),
        )

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


@admin.register(BackupRequest)
class BackupRequestAdmin(PersonalDataAdmin):
    """What customers were asked, on the page of a service, and what they said."""

    purpose = CUSTOMER_CARE
    field_groups = (DataCategory.HOSTED_CONTENT,)

    list_display = ["asked_at", "kind", "short_id", "state_badge", "answer_by"]
    list_select_related = ["service__customer", "asked_by"]
    sortable_by = ()
    fields = [
        *("kind", "short_id", "need_vi", "need_en", "state_badge", "asked_at"),
        named("asked_by", _("asked by")),
        *("answer_by", "answered_at", "withdrawn_at"),
    ]
    readonly_fields = ["kind", "short_id", "state_badge"]

    @admin.display(description=_("kind of service"))
    def kind(self, asked: BackupRequest) -> str:
        return asked.service.get_kind_display()

    @admin.display(description=_("customer"))
    def short_id(self, asked: BackupRequest) -> str:
        return asked.service.customer.public_id[:SHORT_ID]

    @badge(description=_("state"), tones=TONES)
    def state_badge(self, asked: BackupRequest) -> tuple[str, str]:
        return asked.state, str(asked.state.label)
