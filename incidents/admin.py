from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from access.admin import PersonalDataAdmin
from access.models import AccessAction
from access.purposes import SECURITY
from accounts.admin.assist import NOT_PROVED, IdentityCheckForm
from accounts.exceptions import IdentityNotProved
from accounts.models import Customer
from casework.waits import erasure_waits_for
from common.admin import badge, named
from common.forms import ProseField
from common.personal_data import DataCategory
from incidents import services
from incidents.exceptions import IncidentError
from incidents.models import LONGEST_TEXT, ReportOrigin, UnauthorisedUse, UseState

ADD, CHANGE = "incidents.add_unauthoriseduse", "incidents.change_unauthoriseduse"


class LockForm(forms.Form):
    customer = forms.CharField(
        label=_("Public id of the customer"),
        min_length=32,
        max_length=32,
        help_text=_("All 32 characters; the customer's page shows them."),
    )
    text = ProseField(
        label=_("Reason"),
        max_length=LONGEST_TEXT,
        help_text=_("What was noticed, and by whom. The customer reads this."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class ReleaseForm(IdentityCheckForm):
    mailbox_is_safe = forms.BooleanField(
        label=_("Nobody else reads the mailbox"),
        required=False,
        help_text=_("The link goes there. Ask where the report says that the mailbox is in doubt."),
    )
    removes_factor = forms.BooleanField(
        label=_("Remove the second factor"),
        required=False,
        help_text=_("Only where the customer cannot pass it: somebody else may have set it up."),
    )


class FindingForm(forms.Form):
    finding = ProseField(
        label=_("Finding"),
        max_length=LONGEST_TEXT,
        help_text=_("What happened and what follows. The customer reads this."),
        widget=forms.Textarea(attrs={"rows": 6}),
    )


@admin.register(UnauthorisedUse)
class UnauthorisedUseAdmin(PersonalDataAdmin):
    add_permission = ADD
    purpose = SECURITY
    field_groups = (DataCategory.ACCOUNT,)

    list_display = ["reference", "state_badge", "lock_badge", "origin", "received_at", "who_has_it"]
    list_filter = ["state", "origin"]
    list_select_related = ["customer", "handler"]
    ordering = ["-received_at", "-pk"]
    search_fields = ["reference"]
    search_help_text = _("Whole reference")
    sortable_by = ()
    fields = [
        "reference",
        "state",
        "lock_text",
        "kept_until",
        "origin",
        "text",
        "mailbox_unsafe",
        "received_at",
        "released_at",
        "unlocked_at",
        "finding",
        "closed_at",
        "who_has_it",
    ]
    readonly_fields = ["lock_text", "kept_until", "who_has_it"]
    actions_detail = ["release", "settle"]
    who_has_it = staticmethod(named("handler", _("handler")))

    def has_step_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm(CHANGE))

    def can_take(self, step: str, row: Any, user: Any) -> bool:
        is_locked = row.unlocked_at is None and not row.may_be_unlocked
        return is_locked if step == "release" else row.is_open

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        term = search_term.strip()
        return (queryset.filter(reference=term.upper()) if term else queryset), False

    def case_of(self, request: HttpRequest, row: UnauthorisedUse) -> str:
        return row.reference

    def add_row(self, request: HttpRequest) -> HttpResponse:
        return self.form_view(
            request,
            form_class=LockForm,
            act=lambda **data: self._lock(request, **data),
            initial={"customer": request.GET.get("customer", "")},
            title=_("Lock the sign-in of a customer"),
            done=_("The sign-in is locked, every session has ended, and the customer is told."),
            back=reverse("admin:incidents_unauthoriseduse_changelist"),
        )

    @transaction.atomic
    def _lock(self, request: HttpRequest, *, customer: str, text: str) -> None:
        found = Customer.objects.known_as(customer.lower()).first()
        if found is None:
            raise IncidentError(gettext("There is no customer with this public id."))
        by: Any = request.user
        case = services.report_unauthorised_use(found, origin=ReportOrigin.STAFF, text=text, by=by)
        self.record(request, case, AccessAction.OPEN)

    @action(  # type: ignore[untyped-decorator]
        description=_("Allow unlocking"), icon="lock_open", permissions=["step"]
    )
    def release(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.step_view(
            request,
            object_id,
            permission=CHANGE,
            step=_allow,
            title=_("Allow unlocking"),
            done=_("The customer gets a link by mail and unlocks the account with a new password."),
            form_class=ReleaseForm,
        )

    @action(  # type: ignore[untyped-decorator]
        description=_("Settle"), icon="task_alt", permissions=["step"]
    )
    def settle(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.step_view(
            request,
            object_id,
            permission=CHANGE,
            step=services.settle_report,
            title=_("Settle"),
            done=_("The report is settled. The customer is told."),
            form_class=FindingForm,
        )

    @badge(
        description=_("state"), tones={UseState.REPORTED: "warning", UseState.SETTLED: "success"}
    )
    def state_badge(self, case: UnauthorisedUse) -> tuple[str, str]:
        return case.state, case.get_state_display()

    @badge(
        description=_("account"), tones={"waits": "danger", "locked": "warning", "open": "success"}
    )
    def lock_badge(self, case: UnauthorisedUse) -> tuple[str, Any]:
        if case.unlocked_at is not None:
            return "open", self.lock_text(case)
        return ("locked" if case.may_be_unlocked else "waits"), self.lock_text(case)

    @admin.display(description=_("account"))
    def lock_text(self, case: UnauthorisedUse) -> Any:
        if case.unlocked_at is not None:
            return _("no longer locked")
        if case.may_be_unlocked:
            return _("locked; the customer has a link")
        return _("locked; waits for staff")

    @admin.display(description=_("keeps data whose last day was"))
    def kept_until(self, case: UnauthorisedUse) -> str:
        last_day = erasure_waits_for(case)
        return date_format(last_day, "SHORT_DATE_FORMAT") if last_day else "–"


def _allow(case: UnauthorisedUse, **asked: Any) -> None:
    if not services.allow_unlocking(case, **asked):
        raise IdentityNotProved(NOT_PROVED)
