"""Asking customers before their data is opened."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from access.admin import PersonalDataAdmin
from access.purposes import CUSTOMER_CARE
from accounts.admin.openings import BREAK, REVIEW, GroupsField, OpeningAdmin
from accounts.admin.reveal import ASK, ReasonForm
from accounts.approvals import ask_approval, asks_customers_first
from accounts.models import AccessApproval, Customer, EmergencyAccess, User
from accounts.models.approvals import ApprovalState, GrantHours
from common.admin import badge
from common.personal_data import DataCategory

APPROVAL_TONES = {
    ApprovalState.WAITING: "warning",
    ApprovalState.RUNNING: "success",
    ApprovalState.REFUSED: "danger",
}


class AskForm(ReasonForm):
    """What a customer is asked to allow. They read all of it."""

    groups = GroupsField(help_text=_("Only what you need for this purpose."))
    hours = forms.TypedChoiceField(
        label=_("For how long"), choices=GrantHours, coerce=int, initial=GrantHours.FOUR
    )
    may_change = forms.BooleanField(
        label=_("To change it too"),
        required=False,
        help_text=_("To correct or erase it, or to close the account, as the customer wants."),
    )
    field_order = ["groups", "purpose", "case", "reason", "hours", "may_change"]

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups: Any = self.fields["groups"]
        groups.offer(self.customer, by)


class AskingAdmin(PersonalDataAdmin):
    """The steps on a customer's page that lead to an open record."""

    def _may(self, request: HttpRequest, permission: str) -> bool:
        return bool(request.user.has_perm(permission)) and asks_customers_first()

    def has_ask_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return self._may(request, ASK)

    def has_break_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return self._may(request, BREAK)

    @action(  # type: ignore[untyped-decorator]
        description=_("Ask for approval"), icon="contact_support", permissions=["ask"]
    )
    def ask_approval(self, request: HttpRequest, object_id: str) -> HttpResponse:
        customer = self.get_row(request, object_id, ASK)
        staff: Any = request.user
        return self.form_view(
            request,
            form_class=partial(AskForm, customer=customer, by=staff),
            act=partial(ask_approval, customer, by=staff),
            title=_("Ask for approval"),
            done=_("The customer is asked. You get a mail when they answer."),
            back=self.page_of(customer),
            initial={
                "groups": [request.GET.get("group", DataCategory.CONTACT)],
                "case": self.case_of(request, customer),
            },
            object=customer,
            note=_(
                "The customer reads this and has 12 hours; no answer means no. What they allow is"
                " open to you alone and ends by itself."
            ),
        )

    @action(  # type: ignore[untyped-decorator]
        description=_("Open in an emergency"), icon="emergency", permissions=["break"]
    )
    def break_glass(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Lead to the page that opens a record, about this customer."""
        customer = self.get_row(request, object_id, BREAK)
        about = {"customer": customer.public_id, "case": self.case_of(request, customer)}
        return redirect(
            f"{reverse('admin:accounts_emergencyaccess_break_glass')}?{urlencode(about)}"
        )

    def openings_shown(self, request: HttpRequest, customer: Customer) -> dict[str, Any]:
        """Return what the customer's page says of what is, or may soon be, open to this person."""
        if not asks_customers_first():
            return {}
        now = timezone.now()
        mine: dict[str, Any] = {"customer": customer, "asked_by": request.user}
        approvals = AccessApproval.objects.filter(**mine).select_related("purpose")
        running = list(approvals.running(now))
        emergencies = EmergencyAccess.objects.filter(**mine)
        opened = [*running, *emergencies.running(now)]
        return {
            "is_asked_first": True,
            "running": running,
            "waiting": approvals.waiting(now),
            "last_refused": approvals.filter(answer=AccessApproval.Answer.REFUSED).first(),
            "emergencies": [*emergencies.running(now), *emergencies.to_be_confirmed(now)],
            "open_groups": {group for each in opened for group in each.field_groups},
            "may_ask": self.has_ask_permission(request),
        }


class ApprovalStateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("waiting", ApprovalState.WAITING.label), ("running", ApprovalState.RUNNING.label)]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        now = timezone.now()
        narrowed = {"waiting": queryset.waiting, "running": queryset.running}.get(
            self.value() or ""
        )
        return narrowed(now) if narrowed else queryset


@admin.register(AccessApproval)
class AccessApprovalAdmin(OpeningAdmin):
    purpose = CUSTOMER_CARE
    sees_all = REVIEW

    list_display = ["asked_at", "short_id", "purpose_text", "state_badge", "ends_at", "asked"]
    list_filter = [ApprovalStateFilter]
    list_select_related = ["customer", "purpose", "asked_by"]
    fields = [
        "state_text",
        "short_id",
        "purpose_text",
        "reason",
        "case_reference",
        "groups_text",
        "may_change",
        "hours",
        "asked",
        "asked_at",
        "answer_by",
        "answered_at",
        "answered_through",
        "ends_at",
        "revoked_at",
    ]
    readonly_fields = ["state_text", "short_id", "purpose_text", "groups_text", "asked"]

    @admin.display(description=_("purpose"))
    def purpose_text(self, approval: AccessApproval) -> str:
        return str(approval.purpose.name)

    @badge(description=_("state"), tones=APPROVAL_TONES)
    def state_badge(self, approval: AccessApproval) -> tuple[str, str]:
        return approval.state, str(approval.state.label)
